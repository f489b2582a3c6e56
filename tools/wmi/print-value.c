// SPDX-License-Identifier: MIT
// Values as JSON and as text.
#include "print-value.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/path.h"
#include "say.h"

bool value_is_system(Str name)
{
        return name.n >= 2 && name.p[0] == '_' && name.p[1] == '_';
}

bool value_path(const CimInstance *i, Buf *out)
{
        size_t before = out->n;
        if (i->namespace.n && cim_instance_path(i, STR("."), out, NULL) == 0)
                return true;
        out->n = before;
        return false;
}

// --- reals -------------------------------------------------------------------------------------------

char *print_real(double v, bool single, char out[PRINT_REAL])
{
        // Up to 6 or 15 digits every decimal comes back from a normal number; the others have fewer to give.
        bool small = fabs(v) < (single ? (double)FLT_MIN : DBL_MIN);
        for (int digits = small ? 1 : single ? 6 : 15; digits <= (single ? 9 : 17); digits++) {
                snprintf(out, PRINT_REAL - 2, "%.*g", digits, v);
                if (single ? strtof(out, NULL) == (float)v : strtod(out, NULL) == v)
                        break;
        }
        if (!strpbrk(out, ".e"))
                strcat(out, ".0"); // the room was left for it
        return out;
}

// --- JSON --------------------------------------------------------------------------------------------

// Takes the member even on failure; NULL is JSON's null.
int value_json_add(json_object *o, const char *key, json_object *take_value)
{
        if (json_object_object_add_ex(o, key, take_value, JSON_C_OBJECT_ADD_CONSTANT_KEY) == 0)
                return 0;
        json_object_put(take_value);
        return -ENOMEM;
}

static json_object *json_str(Str s)
{
        return json_object_new_string_len(s.p ? s.p : "", (int)s.n);
}

// Keys are kept as pointers: `key` lives longer than the object.
int value_json_add_str(json_object *o, const char *key, Str s)
{
        json_object *v = json_str(s);
        return v ? value_json_add(o, key, v) : -ENOMEM;
}

int value_json_str16(Arena *a, Str16 s, json_object **ret)
{
        Str utf8 = utf_to8(a, s);
        *ret = utf8.p ? json_str(utf8) : NULL;
        return *ret ? 0 : -ENOMEM;
}

static int json_array(Arena *a, const CimValue *v, unsigned depth, json_object **ret)
{
        json_object *list = json_object_new_array();
        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < v->array.count; i++) {
                json_object *item;
                int r = value_json(a, &v->array.items[i], depth + 1, &item);
                if (!r && json_object_array_add(list, item) < 0) {
                        json_object_put(item);
                        r = -ENOMEM;
                }
                if (r) {
                        json_object_put(list);
                        return r;
                }
        }
        *ret = list;
        return 0;
}

static int json_instance(Arena *a, const CimInstance *i, unsigned depth, json_object **ret)
{
        json_object *o = json_object_new_object(), *properties = json_object_new_object();
        Buf path = {0};
        int r = o && properties ? value_json_add_str(o, "class", i->class->name) : -ENOMEM;
        if (!r && value_path(i, &path))
                r = value_json_add_str(o, "path", (Str){(const char *)path.p, path.n});
        buf_deinit(&path);
        for (size_t k = 0; !r && k < i->class->property_count; k++) {
                Str name = i->class->properties[k].name;
                if (value_is_system(name))
                        continue;
                json_object *value;
                const char *key = arena_strndup(a, name.p, name.n);
                r = key ? value_json(a, &i->values[k], depth + 1, &value) : -ENOMEM;
                if (!r)
                        r = value_json_add(properties, key, value);
        }
        if (!r) {
                r = value_json_add(o, "properties", properties);
                properties = NULL;
        }
        json_object_put(properties);
        if (r) {
                json_object_put(o);
                return r;
        }
        *ret = o;
        return 0;
}

static int json_real(const CimValue *v, json_object **ret)
{
        char text[PRINT_REAL];
        *ret = NULL;
        if (!isfinite(v->real))
                return 0;
        *ret = json_object_new_double_s(v->real, print_real(v->real, v->type == CIM_REAL32, text));
        return *ret ? 0 : -ENOMEM;
}

int value_json(Arena *a, const CimValue *v, unsigned depth, json_object **ret)
{
        *ret = NULL;
        if (v->null)
                return 0;
        if (depth > LIMIT_DEPTH)
                return -ELOOP;
        if (cim_is_array(v->type))
                return json_array(a, v, depth, ret);
        switch (cim_type(v->type)) {
        case CIM_NONE:
                return 0;
        case CIM_BOOLEAN:
                *ret = json_object_new_boolean(v->boolean);
                break;
        case CIM_SINT8:
        case CIM_SINT16:
        case CIM_SINT32:
        case CIM_SINT64:
                *ret = json_object_new_int64(v->sint);
                break;
        case CIM_UINT8:
        case CIM_UINT16:
        case CIM_UINT32:
        case CIM_UINT64:
        case CIM_CHAR16:
                *ret = json_object_new_uint64(v->uint);
                break;
        case CIM_REAL32:
        case CIM_REAL64:
                return json_real(v, ret);
        case CIM_STRING:
        case CIM_DATETIME:
        case CIM_REFERENCE:
                return value_json_str16(a, v->string, ret);
        case CIM_OBJECT:
                return json_instance(a, v->object, depth, ret);
        }
        return *ret ? 0 : -ENOMEM;
}

int value_json_text(json_object *o, Buf *out)
{
        size_t n;
        const char *text = json_object_to_json_string_length(
                o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
        if (!text)
                return -ENOMEM;
        say_clean_line((Str){text, n}, out); // a terminal may be what reads it
        return out->failed ? -ENOMEM : 0;
}

int print_json_value(const CimValue *v, Buf *out)
{
        Arena a = {0};
        json_object *o;
        int r = value_json(&a, v, 0, &o);
        if (!r)
                r = value_json_text(o, out);
        json_object_put(o);
        arena_deinit(&a);
        return r;
}

// --- text --------------------------------------------------------------------------------------------

static const char *text_escape(char c)
{
        return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\t' ? "\\t" : NULL;
}

// In quotes, with the escapes of MOF; what could harm a terminal is written as \uXXXX.
static int text_string(Arena *a, Str16 s, Buf *out)
{
        Str utf8 = utf_to8(a, s);
        if (!utf8.p)
                return -ENOMEM;
        buf_u8(out, '"');
        size_t from = 0;
        for (size_t i = 0; i <= utf8.n; i++) {
                const char *escape = NULL;
                if (i < utf8.n)
                        escape = text_escape(utf8.p[i]);
                if (i == utf8.n || escape) {
                        say_clean((Str){utf8.p + from, i - from}, out);
                        if (escape)
                                buf_text(out, escape);
                        from = i + 1;
                }
        }
        buf_u8(out, '"');
        return 0;
}

static int text_array(Arena *a, const CimValue *v, unsigned depth, Buf *out)
{
        buf_u8(out, '{');
        for (uint32_t i = 0; i < v->array.count; i++) {
                if (i)
                        buf_text(out, ", ");
                int r = value_text(a, &v->array.items[i], depth + 1, out);
                if (r)
                        return r;
        }
        buf_u8(out, '}');
        return 0;
}

static int text_instance(Arena *a, const CimInstance *i, unsigned depth, Buf *out)
{
        bool first = true;
        buf_printf(out, "%.*s {", STR_ARG(i->class->name));
        for (size_t k = 0; k < i->class->property_count; k++) {
                Str name = i->class->properties[k].name;
                if (value_is_system(name))
                        continue;
                buf_printf(out, "%s%.*s = ", first ? "" : ", ", STR_ARG(name));
                first = false;
                int r = value_text(a, &i->values[k], depth + 1, out);
                if (r)
                        return r;
        }
        buf_u8(out, '}');
        return 0;
}

int value_text(Arena *a, const CimValue *v, unsigned depth, Buf *out)
{
        char real[PRINT_REAL];
        if (v->null) {
                buf_text(out, "NULL");
                return 0;
        }
        if (depth > LIMIT_DEPTH)
                return -ELOOP;
        if (cim_is_array(v->type))
                return text_array(a, v, depth, out);
        switch (cim_type(v->type)) {
        case CIM_NONE:
                buf_text(out, "NULL");
                break;
        case CIM_BOOLEAN:
                buf_text(out, v->boolean ? "TRUE" : "FALSE");
                break;
        case CIM_SINT8:
        case CIM_SINT16:
        case CIM_SINT32:
        case CIM_SINT64:
                buf_printf(out, "%lld", (long long)v->sint);
                break;
        case CIM_UINT8:
        case CIM_UINT16:
        case CIM_UINT32:
        case CIM_UINT64:
        case CIM_CHAR16:
                buf_printf(out, "%llu", (unsigned long long)v->uint);
                break;
        case CIM_REAL32:
        case CIM_REAL64:
                buf_text(out, isfinite(v->real) ? print_real(v->real, v->type == CIM_REAL32, real)
                              : isnan(v->real)  ? "NaN"
                              : v->real > 0     ? "infinity"
                                                : "-infinity");
                break;
        case CIM_STRING:
        case CIM_DATETIME:
        case CIM_REFERENCE:
                return text_string(a, v->string, out);
        case CIM_OBJECT:
                return text_instance(a, v->object, depth, out);
        }
        return 0;
}

int value_cell(Arena *a, const CimValue *v, Buf *out)
{
        if (v->null)
                return 0;
        if (cim_is_array(v->type) || (cim_type(v->type) != CIM_STRING && cim_type(v->type) != CIM_DATETIME &&
                                      cim_type(v->type) != CIM_REFERENCE))
                return value_text(a, v, 0, out);
        Str utf8 = utf_to8(a, v->string);
        if (!utf8.p)
                return -ENOMEM;
        say_clean_line(utf8, out);
        return 0;
}

// What an object is called: its path, else its class.
static void text_object_name(const CimInstance *i, Buf *out)
{
        Buf path = {0};
        if (value_path(i, &path))
                say_clean_line((Str){(const char *)path.p, path.n}, out);
        else
                buf_put(out, i->class->name.p, i->class->name.n);
        out->failed |= path.failed;
        buf_deinit(&path);
}

int value_block(Arena *a, const CimValue *v, unsigned indent, unsigned depth, Buf *out)
{
        int r = 0;
        if (v->null || v->type != CIM_OBJECT) {
                r = value_text(a, v, depth, out);
                buf_u8(out, '\n');
                return r;
        }
        if (depth > LIMIT_DEPTH)
                return -ELOOP;
        const CimInstance *i = v->object;
        size_t width = 0;
        for (size_t k = 0; k < i->class->property_count; k++)
                if (!value_is_system(i->class->properties[k].name) && i->class->properties[k].name.n > width)
                        width = i->class->properties[k].name.n;
        text_object_name(i, out);
        buf_u8(out, '\n');
        for (size_t k = 0; k < i->class->property_count && !r; k++) {
                Str name = i->class->properties[k].name;
                if (value_is_system(name))
                        continue;
                buf_printf(out, "%*s%-*.*s = ", (int)indent, "", (int)width, STR_ARG(name));
                r = value_block(a, &i->values[k], indent + 4, depth + 1, out);
        }
        return r;
}
