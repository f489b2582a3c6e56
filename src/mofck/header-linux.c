// SPDX-License-Identifier: MIT
// The header of a class for a driver of the Linux kernel: packed little-endian structures with every gap
// written down, as far as offsets are fixed, and the GUID as the wmi bus wants it.
#include <stdio.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/utf.h"
#include "cim/layout.h"
#include "cim/method.h"
#include "mofck/block.h"
#include "mofck/header-impl.h"

enum { LINUX_NAME = 2 * LIMIT_NAME_CHARS + 8 };

// --- names ---------------------------------------------------------------------------------------

static bool is_upper(char c)
{
        return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
        return c >= 'a' && c <= 'z';
}

// "BootDeviceID2" -> "boot_device_id2". `s` is a name in C.
static void linux_name(Str s, char out[LINUX_NAME])
{
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i], before = i ? s.p[i - 1] : '_', after = i + 1 < s.n ? s.p[i + 1] : '_';
                bool word = is_upper(c) && before != '_' && (!is_upper(before) || is_lower(after));
                if (word)
                        out[n++] = '_';
                out[n++] = is_upper(c) ? (char)(c | 0x20) : c;
        }
        out[n] = '\0';
        if (header_is_keyword(str_of(out)))
                strcat(out, "_");
}

static void linux_upper(char *name)
{
        for (char *p = name; *p; p++)
                if (is_lower(*p))
                        *p = (char)(*p & ~0x20);
}

// --- comments ------------------------------------------------------------------------------------

static bool is_comment_mark(char a, char b)
{
        return (a == '*' && b == '/') || (a == '/' && b == '*');
}

static void linux_comment(Header *h, const char *indent, Str text)
{
        if (!text.n)
                return;
        buf_printf(h->out, "%s/* ", indent);
        for (size_t at = 0, end = 0; at < text.n; at = end) {
                // Neither the end of a comment nor, which compilers warn of, the beginning of one.
                while (end < text.n && !(end > at && is_comment_mark(text.p[end - 1], text.p[end])))
                        end++;
                header_put(h->out, (Str){text.p + at, end - at});
                if (end < text.n)
                        buf_u8(h->out, ' ');
        }
        buf_text(h->out, " */\n");
}

static int linux_described(Header *h, const char *indent, const MofQualifier *q)
{
        Str text = q ? qualifier_text(q, &h->arena) : STR("");
        if (!text.p)
                return -ENOMEM;
        linux_comment(h, indent, text);
        return 0;
}

// "0x1: Quiet" for each of Values or BitValues.
static int linux_values(Header *h, const Member *m, const char *names, const char *numbers)
{
        const MofQualifier *name = member_qualifier(m, names), *number = member_qualifier(m, numbers);
        if (!name || name->value.kind != MOF_VALUE_ARRAY)
                return 0;
        bool mapped = number && number->value.kind == MOF_VALUE_ARRAY;
        for (uint32_t i = 0; i < name->value.array.count && (!mapped || i < number->value.array.count); i++) {
                const MofValue *text = &name->value.array.items[i],
                               *v = mapped ? &number->value.array.items[i] : NULL;
                int64_t n = i;
                Buf line = {0};
                Str says = text->kind == MOF_VALUE_STRING ? utf_to8(&h->arena, text->string) : STR("");
                if (!says.p)
                        return -ENOMEM;
                Str written = v && v->kind == MOF_VALUE_STRING ? utf_to8(&h->arena, v->string) : (Str){0};
                if (v && v->kind == MOF_VALUE_STRING && !written.p)
                        return -ENOMEM;
                if (v)
                        value_number(v, &n);
                if (written.p)
                        buf_printf(&line, "%.*s: %.*s", STR_ARG(written), STR_ARG(says));
                else
                        buf_printf(&line, "%lld: %.*s", (long long)n, STR_ARG(says));
                if (!line.failed)
                        linux_comment(h, "\t", (Str){(const char *)line.p, line.n});
                h->out->failed |= line.failed;
                buf_deinit(&line);
        }
        return 0;
}

// --- members -------------------------------------------------------------------------------------

static const char *linux_type(CimType t)
{
        switch (t) {
        case CIM_BOOLEAN:
        case CIM_UINT8:
                return "u8";
        case CIM_SINT8:
                return "s8";
        case CIM_SINT16:
        case CIM_UINT16:
        case CIM_CHAR16:
        case CIM_STRING:
        case CIM_DATETIME:
                return "__le16";
        case CIM_SINT32:
        case CIM_UINT32:
        case CIM_REAL32:
                return "__le32";
        case CIM_SINT64:
        case CIM_UINT64:
        case CIM_REAL64:
                return "__le64";
        case CIM_NONE:
        case CIM_OBJECT:
        case CIM_REFERENCE:
                break;
        }
        return "void";
}

typedef struct Struct {
        const CimClass *class;  // its layout
        const Members *members; // what the document says of its items
        char tag[2 * LINUX_NAME + 16];
        bool padded;      // others hold it: it ends on its alignment
        uint32_t at;      // end of what is written down
        uint32_t written; // items
        uint64_t *hashes; // of the names of the members so far
        uint64_t *wanted; // likewise, of those that they would have had
} Struct;

// The member's name, different from those before it and no macro.
static bool linux_is_taken(Header *h, const Struct *s, uint32_t item, const char *name)
{
        uint64_t hash = hash_bytes(name, strlen(name));
        for (uint32_t i = 0; i < item; i++)
                if (s->hashes[i] == hash)
                        return true;
        s->hashes[item] = hash;
        int r = header_use(h, str_of(name), HEADER_MEMBER, NULL);
        h->out->failed |= r < 0;
        return r == HEADER_TAKEN;
}

static void linux_member_name(Header *h, const Struct *s, uint32_t item, char out[LINUX_NAME + 16])
{
        char name[LINUX_NAME];
        unsigned number = 1;
        linux_name(s->class->properties[s->class->layout->items[item].property].name, name);
        s->wanted[item] = hash_bytes(name, strlen(name));
        for (uint32_t i = 0; i < item; i++)
                number += s->wanted[i] == s->wanted[item];
        do {
                snprintf(out, LINUX_NAME + 16, number > 1 ? "%s_%u" : "%s", name, number);
                number++;
        } while (linux_is_taken(h, s, item, out));
}

static void linux_pad(Header *h, Struct *s, uint32_t to)
{
        if (to > s->at)
                buf_printf(h->out, "\tu8 __pad%u[%u];\n", s->at, to - s->at);
        s->at = to;
}

static const char *linux_note(uint16_t type)
{
        switch (cim_type(type)) {
        case CIM_SINT16:
        case CIM_SINT32:
        case CIM_SINT64:
                return " /* signed */";
        case CIM_REAL32:
        case CIM_REAL64:
                return " /* IEEE 754 */";
        case CIM_BOOLEAN:
                return " /* boolean */";
        case CIM_DATETIME:
                return " /* UTF-16: yyyymmddhhmmss.mmmmmmsutc */";
        case CIM_NONE:
        case CIM_STRING:
        case CIM_OBJECT:
        case CIM_SINT8:
        case CIM_UINT8:
        case CIM_UINT16:
        case CIM_UINT32:
        case CIM_UINT64:
        case CIM_REFERENCE:
        case CIM_CHAR16:
                break;
        }
        return "";
}

// One item at a fixed offset.
static void linux_item(Header *h, Struct *s, uint32_t at)
{
        const CimItem *i = &s->class->layout->items[at];
        const CimProperty *p = &s->class->properties[i->property];
        char name[LINUX_NAME + 16], type[LINUX_NAME + 24];
        linux_member_name(h, s, at, name);
        s->written = at + 1;
        if (i->object_class) {
                const char *tag =
                        h->tags[classes_slot(&h->classes, i->object_class->name) - h->classes.slots];
                snprintf(type, sizeof(type), "struct %s", tag ? tag : "unknown");
        } else {
                snprintf(type, sizeof(type), "%s", linux_type(cim_type(i->type)));
        }
        if (!i->size && i->object_class) {
                buf_printf(h->out, "\t/* %s %s: its size depends on the data */\n", type, name);
        } else if (!i->size && (i->count != 1 || cim_is_array(i->type))) {
                buf_printf(h->out, "\t/* __le16 length, UTF-16 text: strings %.*s */\n", STR_ARG(p->name));
        } else if (!i->size) {
                buf_printf(h->out, "\t__le16 %s_length; /* bytes of UTF-16 that follow */\n\t__le16 %s[];\n",
                           name, name);
        } else if (!i->count) {
                buf_printf(h->out, "\t%s %s[];%s\n", type, name, linux_note(i->type));
        } else {
                uint32_t stride = (i->size + i->align - 1) / i->align * i->align;
                buf_printf(h->out, "\t%s %s", type, name);
                if (cim_is_array(i->type))
                        buf_printf(h->out, "[%u]", i->count);
                if (cim_type(i->type) == CIM_DATETIME)
                        buf_text(h->out, "[25]");
                buf_printf(h->out, ";%s\n", linux_note(i->type));
                s->at += i->object_class ? stride * i->count : i->size * i->count;
        }
}

// What stands behind the first item of variable size.
static void linux_rest(Header *h, const Struct *s)
{
        const CimLayout *l = s->class->layout;
        if (s->written < l->item_count)
                buf_text(h->out, "\t/* and behind that, where the data says: */\n");
        for (size_t k = s->written; k < l->item_count; k++) {
                const CimItem *i = &l->items[k];
                const CimProperty *p = &s->class->properties[i->property];
                Str type = i->object_class ? i->object_class->name : str_of(cim_type_name(i->type));
                buf_printf(h->out, "\t/* %.*s %.*s", STR_ARG(type), STR_ARG(p->name));
                if (cim_is_array(i->type) && i->count)
                        buf_printf(h->out, "[%u]", i->count);
                else if (cim_is_array(i->type))
                        buf_text(h->out, "[]");
                buf_printf(h->out, ", aligned to %u */\n", i->align);
        }
}

static int linux_before_item(Header *h, Struct *s, uint32_t at)
{
        const CimItem *i = &s->class->layout->items[at];
        const Member *m = members_find(s->members, s->class->properties[i->property].name);
        linux_pad(h, s, i->offset);
        if (!m)
                return 0; // a return value
        int r = linux_described(h, "\t", member_qualifier(m, "Description"));
        if (!r)
                r = linux_values(h, m, "Values", "ValueMap");
        if (!r)
                r = linux_values(h, m, "BitValues", "BitMap");
        return r ? r : header_defines(h, m, "");
}

static int linux_struct(Header *h, Struct *s)
{
        const CimLayout *l = s->class->layout;
        if (!l && s->class->layout_error[0]) {
                char text[sizeof(s->tag) + sizeof(s->class->layout_error) + 16];
                snprintf(text, sizeof(text), "no struct %s: %s", s->tag, s->class->layout_error);
                linux_comment(h, "", str_of(text));
        }
        if (!l)
                return 0;
        s->hashes = arena_array(&h->arena, uint64_t, l->item_count);
        s->wanted = arena_array(&h->arena, uint64_t, l->item_count);
        if (!s->hashes || !s->wanted)
                return -ENOMEM;
        buf_printf(h->out, "struct %s {\n", s->tag);
        int r = 0;
        bool fixed = true;
        for (uint32_t i = 0; i < l->item_count && !r && fixed; i++) {
                r = linux_before_item(h, s, i);
                linux_item(h, s, i);
                fixed = l->items[i].size && l->items[i].count;
        }
        linux_rest(h, s);
        if (fixed && s->padded)
                linux_pad(h, s, (s->at + l->align - 1) / l->align * l->align);
        buf_text(h->out, "} __packed;\n");
        if (fixed)
                buf_printf(h->out, "static_assert(sizeof(struct %s) == %u);\n", s->tag, s->at);
        buf_u8(h->out, '\n');
        return r;
}

// --- methods -------------------------------------------------------------------------------------

static int linux_buffer(Header *h, const CimMethod *m, const Members *members, CimDirection direction,
                        const char *class_tag)
{
        CimClass *buffer;
        int r = cim_method_buffer(m, direction, &buffer, h->reterr);
        if (r || !buffer)
                return r;
        char name[LINUX_NAME], tag[2 * LINUX_NAME];
        Struct s = {.class = buffer, .members = members};
        linux_name(m->name, name);
        snprintf(tag, sizeof(tag), "%.*s_%.*s_%s", LINUX_NAME - 8, class_tag, LINUX_NAME - 8, name,
                 direction == CIM_METHOD_IN ? "in" : "out");
        r = header_unique(h, tag, HEADER_TYPE, s.tag, sizeof(s.tag));
        if (!r)
                r = linux_struct(h, &s);
        cim_class_unref(buffer);
        return r;
}

static const MofMethod *linux_declared(Header *h, const MofObject *c, Str name)
{
        for (unsigned depth = 0; c && depth < LIMIT_DEPTH; depth++, c = classes_super(&h->classes, c))
                for (uint32_t i = 0; i < c->method_count; i++)
                        if (str_ieq(c->methods[i].name, name))
                                return &c->methods[i];
        return NULL;
}

static int linux_method(Header *h, const MofObject *c, const CimMethod *m, const char *tag)
{
        const MofMethod *declared = linux_declared(h, c, m->name);
        char name[LINUX_NAME], macro[2 * LINUX_NAME + 32], unique[sizeof(macro) + 16];
        Members members;
        if (!declared || !m->method_id)
                return 0;
        if (!is_identifier(m->name))
                return header_error(h, declared->place, "\"%.*s\" cannot be a name in C",
                                    (int)(m->name.n < 64 ? m->name.n : 64), m->name.p);
        int r = members_of_method(declared, &h->arena, &members);
        if (r)
                return r == -ENOMEM ? r
                                    : header_error(h, declared->place, "%.*s has too many parameters",
                                                   STR_ARG(m->name));
        for (uint32_t i = 0; i < declared->parameter_count; i++)
                if (!is_identifier(declared->parameters[i].name))
                        return header_error(h, declared->parameters[i].place,
                                            "a parameter of %.*s has a name that cannot be one in C",
                                            STR_ARG(m->name));
        linux_name(m->name, name);
        snprintf(macro, sizeof(macro), "%s_%s_METHOD_ID", tag, name);
        linux_upper(macro);
        r = header_unique(h, macro, HEADER_MACRO, unique, sizeof(unique));
        if (!r)
                r = linux_described(h, "", mof_qualifier(&declared->qualifiers, "Description"));
        buf_printf(h->out, "#define %s 0x%x\n\n", unique, m->method_id);
        if (!r)
                r = linux_buffer(h, m, &members, CIM_METHOD_IN, tag);
        return r ? r : linux_buffer(h, m, &members, CIM_METHOD_OUT, tag);
}

// --- the class -----------------------------------------------------------------------------------

static int linux_guid(Header *h, const MofObject *c, const char *tag)
{
        Guid g;
        char text[GUID_TEXT], macro[2 * LINUX_NAME + 32], unique[sizeof(macro) + 16];
        if (!header_guid(h, c, &g))
                return 0;
        guid_text(&g, text);
        linux_upper(text);
        snprintf(macro, sizeof(macro), "%s_GUID", tag);
        linux_upper(macro);
        int r = header_unique(h, macro, HEADER_MACRO, unique, sizeof(unique));
        if (!r)
                buf_printf(h->out, "#define %s \"%.36s\"\n\n", unique, text + 1);
        return r;
}

// The name of the class's structure, for the classes that hold objects of it too.
static int linux_tag(Header *h, const MofObject *c, Struct *s)
{
        char name[LINUX_NAME];
        linux_name(c->name, name);
        int r = header_unique(h, name, HEADER_TYPE, s->tag, sizeof(s->tag));
        const char **tag = &h->tags[classes_slot(&h->classes, c->name) - h->classes.slots];
        *tag = r ? NULL : arena_strndup(&h->names.arena, s->tag, strlen(s->tag));
        return r ? r : *tag ? 0 : -ENOMEM;
}

int header_linux_class(Header *h, const MofObject *c)
{
        const CimClass *class;
        HeaderItems items; // checks that the names are names
        Members members;
        Struct s = {.members = &members, .padded = classes_is_embedded(&h->classes, c)};
        int r = header_items(h, c, &items); // before a class is made: it knows what is too much
        if (!r)
                r = mofck_blocks_class(h->blocks, c->name, &class, h->reterr);
        if (!r)
                r = members_of(&h->classes, c, &h->arena, &members);
        if (!r)
                r = linux_tag(h, c, &s);
        if (r)
                return r;
        buf_u8(h->out, '\n');
        s.class = class;
        r = linux_described(h, "", mof_qualifier(&c->qualifiers, "Description"));
        if (!r)
                r = linux_guid(h, c, s.tag);
        if (!r)
                r = linux_struct(h, &s);
        for (size_t i = 0; i < class->method_count && !r; i++)
                r = linux_method(h, c, &class->methods[i], s.tag);
        return r;
}
