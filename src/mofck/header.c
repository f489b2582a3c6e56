// SPDX-License-Identifier: MIT
// Headers: which classes, in which order, and what both forms share.
#include "mofck/header-impl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "mofck/block.h"

int header_error(Header *h, MofPlace place, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int r = diag_setv(h->reterr, 0, format, args);
        va_end(args);
        if (h->reterr)
                mof_document_place(h->classes.document, place, h->reterr);
        return r;
}

// --- texts ---------------------------------------------------------------------------------------

Str header_text(Header *h, const MofQualifierList *list, const char *name)
{
        const MofQualifier *q = mof_qualifier(list, name);
        return q ? qualifier_text(q, &h->arena) : STR("");
}

int header_name(Header *h, const MofQualifierList *list, const char *qualifier, Str otherwise, MofPlace place,
                Str *ret)
{
        const MofQualifier *q = mof_qualifier(list, qualifier);
        Str name = q ? qualifier_text(q, &h->arena) : otherwise;
        if (!name.p)
                return -ENOMEM;
        if (!name.n)
                name = otherwise;
        *ret = name;
        if (is_identifier(name) && !header_is_keyword(name))
                return 0;
        return header_error(h, q ? q->place : place, "\"%.*s\" cannot be a name in C",
                            (int)(name.n < 64 ? name.n : 64), name.p);
}

int header_claim(Header *h, Str name, HeaderUse use, const char *value, MofPlace place)
{
        int r = header_use(h, name, use, value);
        if (r < 0 || r == HEADER_SAME || !r)
                return r < 0 ? r : 0;
        header_error(h, place, "the header has %.*s twice, for different things",
                     (int)(name.n < 64 ? name.n : 64), name.p);
        return use == HEADER_TYPE ? diag_hint(h->reterr, "give the class or the method another name there: "
                                                         "HeaderName(\"...\")")
                                  : E_DIAG;
}

static bool is_line_end(char c)
{
        return c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// Bytes of UTF-8 that turn the direction of text (U+202A to 202E, 2066 to 2069) or end a line (U+2028, 2029).
static bool is_direction(Str s, size_t at)
{
        if (s.n - at < 3 || (uint8_t)s.p[at] != 0xe2)
                return false;
        uint8_t a = (uint8_t)s.p[at + 1], b = (uint8_t)s.p[at + 2];
        return (a == 0x80 && b >= 0xa8 && b <= 0xae) || (a == 0x81 && b >= 0xa6 && b <= 0xa9);
}

static bool is_control(char c)
{
        return (uint8_t)c < ' ' || c == 0x7f;
}

void header_put(Buf *out, Str text)
{
        for (size_t i = 0; i < text.n; i++) {
                bool direction = is_direction(text, i);
                buf_u8(out, direction ? '?' : is_control(text.p[i]) ? ' ' : (uint8_t)text.p[i]);
                i += direction ? 2 : 0;
        }
}

void header_comment(Header *h, const char *indent, Str text)
{
        size_t at = 0;
        do {
                size_t end = at;
                while (end < text.n && !is_line_end(text.p[end]))
                        end++;
                size_t last = end;
                while (last > at && (text.p[last - 1] == ' ' || is_control(text.p[last - 1])))
                        last--;
                buf_printf(h->out, "%s// ", indent);
                header_put(h->out, (Str){text.p + at, last - at});
                // A backslash at the end, also as ??/ and before blanks, would draw the next line into the
                // comment.
                if (last > at && (text.p[last - 1] == '\\' || text.p[last - 1] == '/'))
                        buf_u8(h->out, '.');
                buf_u8(h->out, '\n');
                at = end + 1;
                if (end < text.n && text.p[end] == '\r' && at < text.n && text.p[at] == '\n')
                        at++;
        } while (at < text.n);
}

int header_quote(Header *h, const MofQualifierList *list)
{
        Str text = header_text(h, list, "cpp_quote");
        if (!text.p)
                return -ENOMEM;
        if (!text.n)
                return 0;
        buf_put(h->out, text.p, text.n);
        if (text.p[text.n - 1] != '\n')
                buf_u8(h->out, '\n');
        return 0;
}

// --- #defines ------------------------------------------------------------------------------------

static const MofValue *list_item(const MofQualifier *q, uint32_t i)
{
        bool has = q && q->value.kind == MOF_VALUE_ARRAY && i < q->value.array.count;
        return has ? &q->value.array.items[i] : NULL;
}

// A number as the text writes it; of a bit map, where positions are decimal, the bit. False: it is none.
static int header_number(Header *h, const MofValue *v, bool bits, Str *ret)
{
        int64_t number;
        *ret = (Str){0};
        if (!value_number(v, &number))
                return 0;
        char text[32];
        bool hex = v->kind == MOF_VALUE_INTEGER && v->bits;
        if (v->kind == MOF_VALUE_STRING)
                for (size_t i = 0; i < v->string.n; i++)
                        hex |= (v->string.p[i] | 0x20) == 'x';
        if (bits && !hex && number >= 0 && number < 64)
                snprintf(text, sizeof(text), "0x%llx", 1ull << number);
        else if (hex && number >= 0)
                snprintf(text, sizeof(text), "0x%llx", (unsigned long long)number);
        else
                snprintf(text, sizeof(text), number < 0 ? "(%lld)" : "%lld", (long long)number);
        ret->p = arena_strndup(&h->arena, text, strlen(text));
        ret->n = strlen(text);
        return ret->p ? 0 : -ENOMEM;
}

static int header_define_value(Header *h, const MofValue *name, const MofValue *value, bool bits, uint32_t at,
                               const char *indent)
{
        if (name->kind != MOF_VALUE_STRING)
                return 0;
        Str text = utf_to8(&h->arena, name->string), number = {0};
        char index[16];
        int r = text.p ? value ? header_number(h, value, bits, &number) : 0 : -ENOMEM;
        if (r)
                return r;
        snprintf(index, sizeof(index), "%u", at);
        if (!value)
                number = str_of(index);
        r = is_identifier(text) && number.n ? header_use(h, text, HEADER_MACRO, number.p) : HEADER_TAKEN;
        if (!r)
                buf_printf(h->out, "%s#define %.*s %.*s\n", indent, STR_ARG(text), STR_ARG(number));
        else if (r == HEADER_TAKEN)
                header_comment(h, indent, text); // the name is no name, or means something else already
        return r < 0 ? r : 0;
}

int header_defines(Header *h, const Member *m, const char *indent)
{
        const MofQualifier *names = member_qualifier(m, "DefineValues"),
                           *values = member_qualifier(m, "ValueMap"),
                           *bits = values ? NULL : member_qualifier(m, "BitMap");
        const MofValue *name;
        int r = 0;
        for (uint32_t i = 0; !r && (name = list_item(names, i)) != NULL; i++) {
                const MofQualifier *from = values ? values : bits;
                const MofValue *value = list_item(from, i);
                if (from && !value)
                        break; // names without a value
                r = header_define_value(h, name, value, bits != NULL, i, indent);
        }
        return r;
}

bool header_guid(Header *h, const MofObject *c, Guid *ret)
{
        Str text = header_text(h, &c->qualifiers, "guid");
        return text.p && guid_parse(text, ret);
}

// --- items ---------------------------------------------------------------------------------------

static int item_by_id(const void *a, const void *b)
{
        const HeaderItem *x = a, *y = b;
        if (x->id != y->id)
                return x->id < y->id ? -1 : 1;
        return x->member < y->member ? -1 : x->member > y->member;
}

static int header_sort(Header *h, HeaderItems *items)
{
        if (items->count)
                qsort(items->items, items->count, sizeof(*items->items), item_by_id);
        // The kernel's form says in a comment why there is no structure: firmware has such classes.
        for (uint32_t i = 1; i < items->count && !h->options->kernel; i++) {
                const MofProperty *p = items->items[i].member->property,
                                  *was = items->items[i - 1].member->property;
                if (items->items[i].id == items->items[i - 1].id)
                        return header_error(h, p->place, "%.*s and %.*s have the same place, %u",
                                            (int)(was->name.n < 64 ? was->name.n : 64), was->name.p,
                                            (int)(p->name.n < 64 ? p->name.n : 64), p->name.p,
                                            items->items[i].id);
        }
        for (uint32_t i = 0; i < items->count; i++) {
                const MofProperty *p = items->items[i].member->property;
                if (!is_identifier(p->name) || (header_is_keyword(p->name) && !h->options->kernel))
                        return header_error(h, p->place, "\"%.*s\" cannot be a name in C",
                                            (int)(p->name.n < 64 ? p->name.n : 64), p->name.p);
        }
        return 0;
}

int header_items(Header *h, const MofObject *c, HeaderItems *ret)
{
        Members m;
        *ret = (HeaderItems){0};
        int r = members_of(&h->classes, c, &h->arena, &m);
        if (r == -E2BIG || r == -ELOOP)
                return header_error(h, c->place,
                                    r == -ELOOP ? "%.*s is derived from itself, or from too many classes"
                                                : "%.*s has too many properties",
                                    (int)(c->name.n < 64 ? c->name.n : 64), c->name.p);
        if (r)
                return r;
        h->members += m.count;
        if (h->members > LIMIT_MEMBERS)
                return header_error(
                        h, c->place,
                        "with %.*s the classes have more than %u properties, inherited ones included",
                        (int)(c->name.n < 64 ? c->name.n : 64), c->name.p, LIMIT_MEMBERS);
        ret->items = arena_array(&h->arena, HeaderItem, m.count);
        if (!ret->items)
                return -ENOMEM;
        for (uint32_t i = 0; i < m.count; i++) {
                uint32_t id =
                        member_is_required_item(&m.items[i]) ? 0 : member_number(&m.items[i], "WmiDataId");
                if (id)
                        ret->items[ret->count++] = (HeaderItem){&m.items[i], id};
        }
        return header_sort(h, ret);
}

int header_parameters(Header *h, const MofMethod *method, bool out, HeaderItems *ret)
{
        Members m;
        *ret = (HeaderItems){0};
        int r = members_of_method(method, &h->arena, &m);
        if (r == -E2BIG)
                return header_error(h, method->place, "%.*s has too many parameters",
                                    (int)(method->name.n < 64 ? method->name.n : 64), method->name.p);
        ret->items = r ? NULL : arena_array(&h->arena, HeaderItem, m.count);
        if (!ret->items)
                return -ENOMEM;
        for (uint32_t i = 0; i < m.count; i++) {
                const MofQualifierList *q = &m.items[i].property->qualifiers;
                bool is_in = mof_qualifier_true(q, "in"), is_out = mof_qualifier_true(q, "out");
                if ((out ? is_out : is_in) || (!is_in && !is_out)) {
                        const MofQualifier *id = mof_qualifier(q, "ID");
                        bool own = id && id->value.kind == MOF_VALUE_INTEGER && !id->value.negative &&
                                   id->value.magnitude < UINT32_MAX;
                        ret->items[ret->count++] =
                                (HeaderItem){&m.items[i], (own ? (uint32_t)id->value.magnitude : i) + 1};
                }
        }
        return header_sort(h, ret);
}

// --- classes -------------------------------------------------------------------------------------

static int header_class(Header *h, const MofObject *c, bool embedded);

// What stands in others by value comes before them.
static int header_embedded(Header *h, const MofObject *by, const MofType *t)
{
        const MofObject *o = cim_type(t->type) == CIM_OBJECT && t->class_name.n
                                     ? classes_find(&h->classes, t->class_name)
                                     : NULL;
        if (!o)
                return 0;
        if (classes_in_circle(&h->classes, by, o))
                return header_error(h, t->place.n ? t->place : by->place, "%.*s holds itself",
                                    (int)(by->name.n < 64 ? by->name.n : 64), by->name.p);
        return header_class(h, o, true);
}

// A method may take and give back objects of its own class.
static int header_parameter(Header *h, const MofObject *by, const MofType *t)
{
        return classes_find(&h->classes, t->class_name) == by ? 0 : header_embedded(h, by, t);
}

static int header_all_embedded(Header *h, const MofObject *c)
{
        int r = 0;
        for (const MofObject *s = c; s && !r;
             s = classes_in_line(&h->classes, s, s->name) ? NULL : classes_super(&h->classes, s)) {
                for (uint32_t i = 0; i < s->property_count && !r; i++)
                        r = header_embedded(h, s, &s->properties[i].type);
                for (uint32_t i = 0; i < s->method_count && !r && s == c; i++) {
                        for (uint32_t k = 0; k < s->methods[i].parameter_count && !r; k++)
                                r = header_parameter(h, s, &s->methods[i].parameters[k].type);
                        if (!r)
                                r = header_parameter(h, s, &s->methods[i].returns);
                }
        }
        return r;
}

// WmiGenerateHeader(FALSE) is for classes that a driver has in another header.
static bool header_wanted(const Header *h, const MofObject *c, bool embedded)
{
        const MofQualifier *q = mof_qualifier(&c->qualifiers, "WmiGenerateHeader");
        return (!q || qualifier_true(q) || h->options->kernel) &&
               (embedded || mof_qualifier(&c->qualifiers, "WMI") || mof_qualifier(&c->qualifiers, "guid"));
}

// embedded: another class holds objects of it, so its structure is wanted whatever it says.
static int header_class(Header *h, const MofObject *c, bool embedded)
{
        uint8_t *state = &h->state[classes_slot(&h->classes, c->name) - h->classes.slots];
        if (*state != HEADER_NONE || !header_wanted(h, c, embedded))
                return 0;
        if (h->depth == LIMIT_DEPTH)
                return header_error(h, c->place, "classes are nested deeper than %u", LIMIT_DEPTH);
        if (!is_identifier(c->name))
                return header_error(h, c->place, "the class \"%.*s\" cannot be a name in C",
                                    (int)(c->name.n < 64 ? c->name.n : 64), c->name.p);
        *state = HEADER_BEGUN;
        h->depth++;
        int r = header_all_embedded(h, c);
        h->depth--;
        if (!r)
                r = h->emit(h, c);
        if (!h->depth)
                arena_reset(&h->arena);
        *state = HEADER_DONE;
        // A thousand inherited members cost a text of one line.
        if (!r && h->out->n - h->start > LIMIT_MOF_BYTES)
                return header_error(h, c->place, "with %.*s the header would exceed %u bytes",
                                    (int)(c->name.n < 64 ? c->name.n : 64), c->name.p, LIMIT_MOF_BYTES);
        return r ? r : h->out->failed ? -ENOMEM : 0;
}

// "_busenumMof_h_" of "dir/busenumMof.h", as a name in C.
static void header_guard(Header *h)
{
        const char *name = h->options->name ? h->options->name : h->classes.document->name;
        const char *base = name ? strrchr(name, '/') : NULL;
        base = base ? base + 1 : name ? name : "wmi";
        buf_u8(h->out, '_');
        for (; *base; base++)
                buf_u8(h->out, isalnum((unsigned char)*base) ? (uint8_t)*base : '_');
        buf_u8(h->out, '_');
}

static int header_write(Header *h)
{
        const MofDocument *d = h->classes.document;
        int r = 0;
        buf_text(h->out, "#ifndef ");
        header_guard(h);
        buf_text(h->out, "\n#define ");
        header_guard(h);
        buf_text(h->out,
                 h->options->kernel ? "\n\n#include <linux/build_bug.h>\n#include <linux/types.h>\n" : "\n");
        for (uint32_t i = 0; i < d->item_count && !r; i++)
                if (d->items[i].kind == MOF_ITEM_OBJECT && !d->items[i].object->is_instance)
                        r = header_class(h, d->items[i].object, false);
        buf_text(h->out, "\n#endif\n");
        return r ? r : h->out->failed ? -ENOMEM : 0;
}

int mofck_header(const MofDocument *d, const MofckHeaderOptions *o, Buf *out, Diag *reterr)
{
        Header h = {.options = o,
                    .out = out,
                    .reterr = reterr,
                    .start = out->n,
                    .emit = o->kernel ? header_linux_class : header_windows_class};
        size_t before = out->n;
        int r = classes_init(&h.classes, d);
        if (!r) {
                h.state = calloc(h.classes.mask + 1, 1);
                h.tags = arena_array(&h.classes.arena, const char *, o->kernel ? h.classes.mask + 1 : 0);
                r = h.state && h.tags ? header_names_init(&h) : -ENOMEM;
        }
        if (!r && o->kernel)
                r = mofck_blocks_new(&d, 1, &h.blocks);
        if (!r)
                r = header_write(&h);
        if (r)
                out->n = before;
        mofck_blocks_free(h.blocks);
        free(h.state);
        header_names_deinit(&h.names);
        arena_deinit(&h.arena);
        classes_deinit(&h.classes);
        return r;
}

int mofck_hex(Str bytes, Buf *out)
{
        for (size_t i = 0; i < bytes.n; i++) {
                bool last = i + 1 == bytes.n, line = last || i % 16 == 15;
                buf_printf(out, "%s0x%02x%s%s", i % 16 ? " " : "    ", (uint8_t)bytes.p[i], last ? "" : ",",
                           line ? "\n" : "");
        }
        return out->failed ? -ENOMEM : 0;
}
