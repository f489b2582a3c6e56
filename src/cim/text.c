// SPDX-License-Identifier: MIT
// MOF text of classes, instances and values.
//
// Everything that can be written in MOF reads back to the same. What MOF has no words for: a real that is not
// finite is written NULL, and so is an object nested deeper than LIMIT_DEPTH; the definition of a class as a
// value is written as its declaration.
#include "cim/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"

static void text_value(const CimValue *v, unsigned depth, Buf *out);
static void text_declaration(const CimClass *c, unsigned depth, Buf *out);

static void text_str(Str s, Buf *out)
{
        buf_put(out, s.p, s.n);
}

static void text_indent(unsigned depth, Buf *out)
{
        for (unsigned i = 0; i < depth; i++)
                buf_u8(out, '\t');
}

// --- scalars
// -------------------------------------------------------------------------------------------------

// One code unit of s at *i, or a pair of surrogates; escaped where it must be.
static void text_unit(Str16 s, size_t *i, char quote, Buf *out)
{
        uint32_t c = s.p[*i];
        static const char named[] = "\b\t\n\f\r", letters[] = "btnfr";
        const char *at = c && c < 0x20 ? strchr(named, (int)c) : NULL;
        if (at) {
                buf_printf(out, "\\%c", letters[at - named]);
                return;
        }
        if (c == (unsigned char)quote || c == '\\') {
                buf_printf(out, "\\%c", (char)c);
                return;
        }
        bool high = c >= 0xD800 && c < 0xDC00;
        if (high && *i + 1 < s.n && s.p[*i + 1] >= 0xDC00 && s.p[*i + 1] < 0xE000)
                c = 0x10000 + ((c - 0xD800) << 10) + (s.p[++*i] - 0xDC00u);
        // Control characters, lone surrogates, U+FEFF (a reader may take it for a mark) and U+FFFD stay
        // visible.
        bool hidden = c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0xD800 && c < 0xE000) || c == 0xFEFF ||
                      c >= 0xFFFD;
        if (hidden && c < 0x10000) {
                buf_printf(out, "\\x%04X", (unsigned)c);
                return;
        }
        char bytes[4];
        buf_put(out, bytes, utf8_encode(c, bytes));
}

static void text_string(Str16 s, Buf *out)
{
        buf_u8(out, '"');
        for (size_t i = 0; i < s.n; i++)
                text_unit(s, &i, '"', out);
        buf_u8(out, '"');
}

static void text_char(char16_t c, Buf *out)
{
        size_t i = 0;
        buf_u8(out, '\'');
        text_unit((Str16){&c, 1}, &i, '\'', out);
        buf_u8(out, '\'');
}

// The shortest decimal that reads back to the same number, with a point in it, as MOF wants it.
static void text_real(double v, CimType t, Buf *out)
{
        if (!isfinite(v)) {
                buf_text(out, "NULL");
                return;
        }
        char s[40];
        // Up to 6 or 15 digits every decimal comes back from a normal number; the others have fewer to give.
        bool small = fabs(v) < (t == CIM_REAL32 ? (double)FLT_MIN : DBL_MIN);
        int least = small ? 1 : t == CIM_REAL32 ? 6 : 15, most = t == CIM_REAL32 ? 9 : 17;
        for (int digits = least; digits <= most; digits++) {
                snprintf(s, sizeof(s), "%.*g", digits, v);
                if (t == CIM_REAL32 ? strtof(s, NULL) == (float)v : strtod(s, NULL) == v)
                        break;
        }
        size_t mantissa = strcspn(s, "e");
        bool point = false;
        for (size_t i = 0; i < mantissa; i++) {
                bool digit = s[i] == '-' || (s[i] >= '0' && s[i] <= '9');
                if (digit || !point)
                        buf_u8(out, digit ? (uint8_t)s[i] : '.'); // whatever the locale's point is
                point |= !digit;
        }
        if (!point)
                buf_text(out, ".0");
        buf_text(out, s + mantissa);
}

static void text_object(const CimInstance *i, unsigned depth, Buf *out)
{
        if (depth > LIMIT_DEPTH) {
                buf_text(out, "NULL");
                return;
        }
        if (i->is_class) {
                text_declaration(i->class, depth, out);
                return;
        }
        buf_printf(out, "instance of %.*s\n", STR_ARG(i->class->name));
        text_indent(depth, out);
        buf_text(out, "{\n");
        for (size_t k = 0; k < i->class->property_count; k++) {
                const CimProperty *p = &i->class->properties[k];
                if (i->values[k].null && p->value.null) // as it is anyway
                        continue;
                text_indent(depth + 1, out);
                buf_printf(out, "%.*s = ", STR_ARG(p->name));
                text_value(&i->values[k], depth + 1, out);
                buf_text(out, ";\n");
        }
        text_indent(depth, out);
        buf_u8(out, '}');
}

static void text_scalar(const CimValue *v, unsigned depth, Buf *out)
{
        CimType t = cim_type(v->type);
        if (v->null)
                buf_text(out, "NULL");
        else if (t == CIM_BOOLEAN)
                buf_text(out, v->boolean ? "TRUE" : "FALSE");
        else if (cim_type_is_signed(t))
                buf_printf(out, "%lld", (long long)v->sint);
        else if (cim_type_is_unsigned(t))
                buf_printf(out, "%llu", (unsigned long long)v->uint);
        else if (t == CIM_REAL32 || t == CIM_REAL64)
                text_real(v->real, t, out);
        else if (t == CIM_CHAR16)
                text_char((char16_t)v->uint, out);
        else if (t == CIM_OBJECT)
                text_object(v->object, depth, out);
        else
                text_string(v->string, out);
}

static void text_value(const CimValue *v, unsigned depth, Buf *out)
{
        if (v->null || !cim_is_array(v->type)) {
                text_scalar(v, depth, out);
                return;
        }
        buf_u8(out, '{');
        for (uint32_t i = 0; i < v->array.count; i++) {
                if (i)
                        buf_text(out, ", ");
                text_scalar(&v->array.items[i], depth, out);
        }
        buf_u8(out, '}');
}

void cim_text_value(const CimValue *v, Buf *out)
{
        text_value(v, 0, out);
}

void cim_text_instance(const CimInstance *i, Buf *out)
{
        text_object(i, 0, out);
        buf_text(out, ";\n");
}

// --- declarations
// -----------------------------------------------------------------------------------------------

static void text_qualifier(const CimQualifier *q, Buf *out)
{
        static const struct {
                uint8_t bit;
                const char *word;
        } flavors[] = {
                {CIM_FLAVOR_AMENDED, "Amended"},
                {CIM_FLAVOR_NOT_OVERRIDABLE, "DisableOverride"},
                {CIM_FLAVOR_TO_INSTANCE, "ToInstance"},
                {CIM_FLAVOR_TO_SUBCLASS, "ToSubclass"},
        };
        text_str(q->name, out);
        bool plain = q->value.type == CIM_BOOLEAN && !q->value.null && q->value.boolean;
        if (!plain) {
                bool array = cim_is_array(q->value.type) && !q->value.null;
                if (!array)
                        buf_u8(out, '(');
                text_value(&q->value, 0, out);
                if (!array)
                        buf_u8(out, ')');
        }
        const char *before = " : ";
        for (size_t i = 0; i < sizeof(flavors) / sizeof(flavors[0]); i++) {
                if (!(q->flavor & flavors[i].bit))
                        continue;
                buf_printf(out, "%s%s", before, flavors[i].word);
                before = " ";
        }
}

// "[a, b(1)] " or nothing. The type says CIMTYPE, and MAX where an array has its size in its declaration.
static void text_qualifiers(const CimQualifier *q, size_t n, bool sized, const char *after, Buf *out)
{
        bool any = false;
        for (size_t i = 0; i < n; i++) {
                if (str_ieq(q[i].name, STR("CIMTYPE")) || (sized && str_ieq(q[i].name, STR("MAX"))))
                        continue;
                buf_text(out, any ? ", " : "[");
                text_qualifier(&q[i], out);
                any = true;
        }
        if (any)
                buf_printf(out, "]%s", after);
}

static void text_type(uint16_t type, Str class_name, Buf *out)
{
        CimType t = cim_type(type);
        if (t == CIM_OBJECT || t == CIM_REFERENCE)
                text_str(class_name.n ? class_name : STR("object"), out);
        else
                buf_text(out, t == CIM_NONE ? "void" : cim_type_name((uint16_t)t));
        if (t == CIM_REFERENCE)
                buf_text(out, " ref");
}

static void text_property(const CimPropertySpec *p, unsigned depth, Buf *out)
{
        text_qualifiers(p->qualifiers, p->qualifier_count, cim_is_array(p->type) && p->max, " ", out);
        text_type(p->type, p->class_name, out);
        buf_printf(out, " %.*s", STR_ARG(p->name));
        if (cim_is_array(p->type) && p->max)
                buf_printf(out, "[%u]", p->max);
        else if (cim_is_array(p->type))
                buf_text(out, "[]");
        if (!p->has_default)
                return;
        buf_text(out, " = ");
        text_value(&p->value, depth, out);
}

static void text_method(const CimMethodSpec *m, unsigned depth, Buf *out)
{
        text_qualifiers(m->qualifiers, m->qualifier_count, false, " ", out);
        text_type(m->return_type, m->return_class, out);
        buf_printf(out, " %.*s(", STR_ARG(m->name));
        for (size_t i = 0; i < m->parameter_count; i++) {
                if (i)
                        buf_text(out, ", ");
                text_property(&m->parameters[i], depth, out);
        }
        buf_u8(out, ')');
}

// Without the ';' at its end. The first line is not indented.
static void text_declaration(const CimClass *c, unsigned depth, Buf *out)
{
        const CimClassSpec *s = c->declared;
        size_t begin = out->n;
        text_qualifiers(s->qualifiers, s->qualifier_count, false, "\n", out);
        text_indent(out->n > begin ? depth : 0, out);
        buf_printf(out, "class %.*s", STR_ARG(s->name));
        if (c->super)
                buf_printf(out, " : %.*s", STR_ARG(c->super->name));
        buf_u8(out, '\n');
        text_indent(depth, out);
        buf_text(out, "{\n");
        for (size_t i = 0; i < s->property_count; i++) {
                text_indent(depth + 1, out);
                text_property(&s->properties[i], depth + 1, out);
                buf_text(out, ";\n");
        }
        for (size_t i = 0; i < s->method_count; i++) {
                text_indent(depth + 1, out);
                text_method(&s->methods[i], depth + 1, out);
                buf_text(out, ";\n");
        }
        text_indent(depth, out);
        buf_u8(out, '}');
}

void cim_text_class(const CimClass *c, Buf *out)
{
        text_declaration(c, 0, out);
        buf_text(out, ";\n");
}
