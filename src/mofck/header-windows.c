// SPDX-License-Identifier: MIT
// The header of a class as wmimofck -h writes it.
//
// What is known of that tool: the headers of Windows' drivers that it wrote, and its page. A class whose
// items end with the first one of variable size has a member for each, the last with one element. A class
// with more behind that has, by default, nothing but VariableData; with -u the first of variable size has a
// member, and so has each of fixed size.
#include <stdio.h>

#include "base/limits.h"
#include "mofck/header-impl.h"

// How one item is declared.
typedef struct Declared {
        char type[LIMIT_NAME_CHARS + 1]; // "ULONG", or the structure's name
        bool variable;                   // its size depends on the data
        bool text;                       // a string: a length word, then characters
        uint32_t chars;                  // of a string of fixed size: MaxLen + 1; of a datetime 25; else 0
        uint32_t elements;               // of T[n]: n; else 0
} Declared;

static const char *windows_type(CimType t)
{
        switch (t) {
        case CIM_BOOLEAN:
                return "BOOLEAN";
        case CIM_SINT8:
                return "CHAR";
        case CIM_UINT8:
                return "UCHAR";
        case CIM_SINT16:
                return "SHORT";
        case CIM_UINT16:
                return "USHORT";
        case CIM_SINT32:
                return "LONG";
        case CIM_UINT32:
                return "ULONG";
        case CIM_SINT64:
                return "LONGLONG";
        case CIM_UINT64:
                return "ULONGLONG";
        case CIM_REAL32:
                return "float";
        case CIM_REAL64:
                return "double";
        case CIM_STRING:
        case CIM_DATETIME:
        case CIM_CHAR16:
                return "WCHAR";
        case CIM_NONE:
        case CIM_OBJECT:
        case CIM_REFERENCE:
                break;
        }
        return NULL;
}

static int windows_struct_name(Header *h, const MofObject *c, Str *ret)
{
        return header_name(h, &c->qualifiers, "HeaderName", c->name, c->place, ret);
}

// The type's name: of an embedded class that of its structure. Classes that are elsewhere (wmidata.h) have
// their own name.
static int windows_type_name(Header *h, const MofType *t, MofPlace place, Declared *ret)
{
        const char *simple = windows_type(cim_type(t->type));
        if (t->place.n)
                place = t->place;
        if (simple) {
                snprintf(ret->type, sizeof(ret->type), "%s", simple);
                return 0;
        }
        if (cim_type(t->type) != CIM_OBJECT || !t->class_name.n)
                return header_error(h, place, "no data block holds a %s",
                                    cim_type(t->type) == CIM_REFERENCE ? "reference"
                                                                       : "object of no particular class");
        const MofObject *o = classes_find(&h->classes, t->class_name);
        Str name = t->class_name;
        int r = o ? windows_struct_name(h, o, &name) : 0;
        if (r)
                return r;
        if (!is_identifier(name) || header_is_keyword(name))
                return header_error(h, place, "the class %.*s cannot be a name in C",
                                    (int)(name.n < 64 ? name.n : 64), name.p);
        snprintf(ret->type, sizeof(ret->type), "%.*s", STR_ARG(name));
        return 0;
}

static int windows_declare(Header *h, const Member *m, Declared *ret)
{
        const MofProperty *p = m->property;
        CimType t = cim_type(p->type.type);
        *ret = (Declared){.text = t == CIM_STRING};
        if (t == CIM_STRING && member_number(m, "MaxLen"))
                ret->chars = member_number(m, "MaxLen");
        else if (t == CIM_STRING)
                ret->variable = true;
        else if (t == CIM_DATETIME)
                ret->chars = 25;
        if (cim_is_array(p->type.type)) {
                ret->elements = member_array_size(m);
                ret->variable |= !ret->elements;
        }
        return windows_type_name(h, &p->type, p->place, ret);
}

// The size in square brackets: "[n + 1]" of a string, "[4]" of an array, "[4][n + 1]" of an array of strings.
static void windows_brackets(Buf *out, const Declared *d)
{
        if (d->elements)
                buf_printf(out, "[%u]", d->elements);
        if (d->chars)
                buf_printf(out, d->text ? "[%u + 1]" : "[%u]", d->chars);
}

// --- members -------------------------------------------------------------------------------------

typedef struct Struct {
        Str name, suffix; // "Set" and "_IN": the structure Set_IN
        HeaderItems items;
        MofPlace place;
        Str returns; // of an output buffer: the type of ReturnValue; n 0: none
} Struct;

#define STRUCT_ARG(s) STR_ARG((s)->name), STR_ARG((s)->suffix)

// What the macros of an item begin with: <structure>_<item>, or what DefineDataId says. Ends in an
// underscore.
static void windows_prefix(Header *h, const Struct *s, const Member *m)
{
        const MofQualifier *q = member_qualifier(m, "DefineDataId");
        Str own = q ? qualifier_text(q, &h->arena) : (Str){"", 0};
        h->out->failed |= !own.p;
        if (own.p && is_identifier(own))
                buf_printf(h->out, "%.*s_", STR_ARG(own));
        else
                buf_printf(h->out, "%.*s%.*s_%.*s_", STRUCT_ARG(s), STR_ARG(m->property->name));
}

static void windows_id(Header *h, const Struct *s, const HeaderItem *i)
{
        buf_text(h->out, "    #define ");
        windows_prefix(h, s, i->member);
        buf_printf(h->out, "ID %u\n\n", i->id);
}

static int windows_begin_item(Header *h, const HeaderItem *i)
{
        Str text = {0};
        const MofQualifier *q = member_qualifier(i->member, "Description");
        if (q) {
                text = qualifier_text(q, &h->arena);
                if (!text.p)
                        return -ENOMEM;
        }
        int r = header_quote(h, &i->member->property->qualifiers);
        header_comment(h, "    ", text);
        return r ? r : header_defines(h, i->member, "    ");
}

static int windows_fixed(Header *h, const Struct *s, const HeaderItem *i, const Declared *d)
{
        Str name = i->member->property->name;
        int r = windows_begin_item(h, i);
        if (r)
                return r;
        buf_printf(h->out, "    %s %.*s", d->type, STR_ARG(name));
        windows_brackets(h->out, d);
        buf_text(h->out, ";\n");
        if (!d->text) {
                buf_text(h->out, "    #define ");
                windows_prefix(h, s, i->member);
                buf_printf(h->out, "SIZE sizeof(%s", d->type);
                windows_brackets(h->out, d);
                buf_text(h->out, ")\n");
        }
        windows_id(h, s, i);
        return 0;
}

static int windows_variable(Header *h, const Struct *s, const HeaderItem *i, const Declared *d)
{
        int r = windows_begin_item(h, i);
        if (r)
                return r;
        // A string alone, or n of them: what comes first is a length.
        bool array = cim_is_array(i->member->property->type.type) && !d->elements;
        if (array)
                buf_printf(h->out, "    %s %.*s[1];\n", d->type, STR_ARG(i->member->property->name));
        else
                buf_text(h->out, "    CHAR VariableData[1];\n");
        windows_id(h, s, i);
        return 0;
}

// A member that has no place of its own: its number alone.
static int windows_placeless(Header *h, const Struct *s, const HeaderItem *i)
{
        Str name = i->member->property->name;
        buf_printf(h->out, "    // %.*s stands behind data of variable size\n", STR_ARG(name));
        int r = header_defines(h, i->member, "    ");
        windows_id(h, s, i);
        return r;
}

// The members. *ret_variable: not all of them are of fixed size; *ret_last: the last item's declaration.
static int windows_members(Header *h, const Struct *s, bool *ret_variable, Declared *ret_last)
{
        uint32_t n = s->items.count, first = n;
        Declared d;
        for (uint32_t i = 0; i < n; i++) {
                int r = windows_declare(h, s->items.items[i].member, &d);
                if (r)
                        return r;
                if (d.variable && first == n)
                        first = i;
        }
        *ret_variable = first < n;
        if (first < n && (first + 1 < n || s->returns.n) && !h->options->after_variable) {
                buf_text(h->out, "    char VariableData[1];\n\n");
                return 0;
        }
        int r = 0;
        for (uint32_t i = 0; i < n && !r; i++) {
                const HeaderItem *item = &s->items.items[i];
                r = windows_declare(h, item->member, &d);
                if (!r)
                        r = !d.variable  ? windows_fixed(h, s, item, &d)
                            : i == first ? windows_variable(h, s, item, &d)
                                         : windows_placeless(h, s, item);
        }
        if (!r && s->returns.n) {
                buf_printf(h->out, "    %.*s ReturnValue;\n", STR_ARG(s->returns));
                buf_printf(h->out, "    #define %.*s%.*s_ReturnValue_SIZE sizeof(%.*s)\n\n", STRUCT_ARG(s),
                           STR_ARG(s->returns));
        }
        *ret_last = d;
        return r;
}

static void windows_size(Header *h, const Struct *s, const Declared *last)
{
        const Member *m = s->returns.n ? NULL : s->items.items[s->items.count - 1].member;
        Str name = m ? m->property->name : STR("ReturnValue");
        buf_printf(h->out, "#define %.*s%.*s_SIZE (FIELD_OFFSET(%.*s%.*s, %.*s) + ", STRUCT_ARG(s),
                   STRUCT_ARG(s), STR_ARG(name));
        if (m && last->text) {
                buf_printf(h->out, "sizeof(%s", last->type);
                windows_brackets(h->out, last);
                buf_text(h->out, "))\n\n");
                return;
        }
        if (m)
                windows_prefix(h, s, m);
        else
                buf_printf(h->out, "%.*s%.*s_ReturnValue_", STRUCT_ARG(s));
        buf_text(h->out, "SIZE)\n\n");
}

// The structure, the pointer to it, and the members mean nothing else in this header.
static int windows_claim(Header *h, const Struct *s)
{
        size_t n = s->name.n + s->suffix.n;
        char *pointer = arena_alloc(&h->arena, n + 2);
        if (!pointer)
                return -ENOMEM;
        sprintf(pointer, "P%.*s%.*s", STRUCT_ARG(s));
        int r = header_claim(h, (Str){pointer + 1, n}, HEADER_TYPE, NULL, s->place);
        if (!r)
                r = header_claim(h, (Str){pointer, n + 1}, HEADER_TYPE, NULL, s->place);
        for (uint32_t i = 0; i < s->items.count && !r; i++)
                r = header_claim(h, s->items.items[i].member->property->name, HEADER_MEMBER, NULL,
                                 s->items.items[i].member->property->place);
        return r;
}

// A structure without members is none.
static int windows_struct(Header *h, const Struct *s)
{
        if (!s->items.count && !s->returns.n)
                return 0;
        bool variable;
        Declared last = {0};
        int r = windows_claim(h, s);
        if (r)
                return r;
        buf_printf(h->out, "typedef struct _%.*s%.*s\n{\n", STRUCT_ARG(s));
        r = windows_members(h, s, &variable, &last);
        buf_printf(h->out, "} %.*s%.*s, *P%.*s%.*s;\n\n", STRUCT_ARG(s), STRUCT_ARG(s));
        if (!r && !variable)
                windows_size(h, s, &last);
        return r;
}

// --- methods -------------------------------------------------------------------------------------

static int windows_buffers(Header *h, const MofMethod *m)
{
        Struct s = {.suffix = STR("_IN"), .place = m->place};
        int r = header_name(h, &m->qualifiers, "HeaderName", m->name, m->place, &s.name);
        if (!r)
                r = header_parameters(h, m, false, &s.items);
        if (!r)
                r = windows_struct(h, &s);
        if (r)
                return r;
        s.suffix = STR("_OUT");
        Declared returns;
        if (m->returns.type != CIM_NONE) {
                r = windows_type_name(h, &m->returns, m->place, &returns);
                if (!r && cim_type(m->returns.type) == CIM_STRING)
                        r = header_error(h, m->place,
                                         "%.*s gives back a string, which has no size of its own",
                                         STR_ARG(m->name));
                s.returns = str_of(returns.type);
        }
        if (!r)
                r = header_parameters(h, m, true, &s.items);
        return r ? r : windows_struct(h, &s);
}

static int windows_methods(Header *h, const MofObject *c)
{
        bool any = false;
        for (uint32_t i = 0; i < c->method_count; i++) {
                const MofMethod *m = &c->methods[i];
                int64_t id;
                if (!mof_qualifier_number(&m->qualifiers, "WmiMethodId", &id) || id <= 0 || id > UINT32_MAX)
                        continue;
                if (!is_identifier(m->name) || header_is_keyword(m->name))
                        return header_error(h, m->place, "\"%.*s\" cannot be a name in C",
                                            (int)(m->name.n < 64 ? m->name.n : 64), m->name.p);
                if (!any)
                        buf_printf(h->out, "//\n// Method id definitions for %.*s\n", STR_ARG(c->name));
                any = true;
                char number[16];
                snprintf(number, sizeof(number), "%u", (unsigned)id);
                int r = header_claim(h, m->name, HEADER_MACRO, number, m->place);
                if (r)
                        return r;
                buf_printf(h->out, "#define %.*s     %s\n", STR_ARG(m->name), number);
                r = h->options->methods ? windows_buffers(h, m) : 0;
                if (r)
                        return r;
        }
        if (any)
                buf_u8(h->out, '\n');
        return 0;
}

// --- the class -----------------------------------------------------------------------------------

static int windows_guid(Header *h, const MofObject *c)
{
        Guid g;
        if (!header_guid(h, c, &g))
                return 0;
        Str defined, declared, plain = c->name;
        char *guid_define = arena_alloc(&h->arena, plain.n + sizeof("_GUID")),
             *guid_declare = arena_alloc(&h->arena, plain.n + sizeof("_GUID"));
        if (!guid_define || !guid_declare)
                return -ENOMEM;
        size_t define_n = (size_t)sprintf(guid_define, "%.*sGuid", STR_ARG(plain)),
               declare_n = (size_t)sprintf(guid_declare, "%.*s_GUID", STR_ARG(plain));
        int r = header_name(h, &c->qualifiers, "GuidName1", (Str){guid_define, define_n}, c->place, &defined);
        if (!r)
                r = header_name(h, &c->qualifiers, "GuidName2", (Str){guid_declare, declare_n}, c->place,
                                &declared);
        if (r)
                return r;
        const uint8_t *b = g.b;
        char head[40], tail[48];
        snprintf(head, sizeof(head), "0x%02x%02x%02x%02x,0x%02x%02x,0x%02x%02x", b[3], b[2], b[1], b[0], b[5],
                 b[4], b[7], b[6]);
        snprintf(tail, sizeof(tail), "0x%02x,0x%02x,0x%02x,0x%02x,0x%02x,0x%02x,0x%02x,0x%02x", b[8], b[9],
                 b[10], b[11], b[12], b[13], b[14], b[15]);
        buf_printf(h->out, "#define %.*s \\\n    { %s, { %s } }\n\n", STR_ARG(defined), head, tail);
        buf_printf(h->out,
                   "#if ! (defined(MIDL_PASS))\nDEFINE_GUID(%.*s, \\\n            %s,%s);\n#endif\n\n",
                   STR_ARG(declared), head, tail);
        return 0;
}

int header_windows_class(Header *h, const MofObject *c)
{
        Struct s = {.place = c->place};
        Str description = header_text(h, &c->qualifiers, "Description");
        int r = windows_struct_name(h, c, &s.name);
        if (!r && !description.p)
                r = -ENOMEM;
        if (!r)
                r = header_quote(h, &c->qualifiers);
        if (r)
                return r;
        buf_printf(h->out, "// %.*s - %.*s\n", STR_ARG(c->name), STR_ARG(s.name));
        header_comment(h, "", description);
        r = windows_guid(h, c);
        if (!r)
                r = header_items(h, c, &s.items);
        if (!r)
                r = windows_struct(h, &s);
        return r ? r : windows_methods(h, c);
}
