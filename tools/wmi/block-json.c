// SPDX-License-Identifier: MIT
// JSON <-> the items of a data block.
#include "block-json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/event.h"
#include "cim/layout.h"
#include "print-value.h"

// Where one is: "Inner.List[2]".
typedef struct Where {
        const struct Where *up;
        Str name;
        int64_t index; // -1: none
} Where;

typedef struct Reading {
        Arena *arena;
        Diag *reterr;
} Reading;

static size_t where_text(const Where *w, char *out, size_t size)
{
        size_t n = w->up ? where_text(w->up, out, size) : 0;
        int more = w->index >= 0 ? snprintf(out + n, size - n, "[%lld]", (long long)w->index)
                                 : snprintf(out + n, size - n, "%s%.*s", n ? "." : "",
                                            (int)(w->name.n < 64 ? w->name.n : 64), w->name.p);
        return n + (size_t)more < size ? n + (size_t)more : size - 1;
}

// "Inner.Level: " and what is wrong.
static int read_error(const Reading *k, const Where *w, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int read_error(const Reading *k, const Where *w, const char *format, ...)
{
        char where[160] = "", what[256];
        va_list args;
        where_text(w, where, sizeof(where));
        va_start(args, format);
        vsnprintf(what, sizeof(what), format, args);
        va_end(args);
        return diag_set(k->reterr, 0, "%s: %s", where, what);
}

// --- parsing -------------------------------------------------------------------------------------

static bool number_fits(const char *number)
{
        if (strpbrk(number, ".eE"))
                return isfinite(strtod(number, NULL));
        errno = 0;
        if (*number == '-')
                strtoll(number, NULL, 10);
        else
                strtoull(number, NULL, 10);
        return *number && errno != ERANGE;
}

// Numbers that json-c would make others of without a word: beyond 64 bits, and those that become infinite.
static int json_numbers(Str text, Diag *reterr)
{
        char quote = 0;
        for (size_t at = 0, end; at < text.n; at = end) {
                char c = text.p[at];
                end = at + 1;
                if (quote) {
                        end += c == '\\';
                        quote = c == quote ? 0 : quote;
                        continue;
                }
                quote = c == '"' || c == '\'' ? c : 0;
                if (c != '-' && (c < '0' || c > '9'))
                        continue;
                while (end < text.n && strchr("0123456789+-.eE", text.p[end]) && text.p[end])
                        end++;
                char number[512] = "";
                if (end - at < sizeof(number))
                        memcpy(number, text.p + at, end - at);
                if (!number_fits(number)) {
                        diag_set(reterr, 0, "this number is beyond what 64 bits hold");
                        diag_place(reterr, text.p, text.n, at, end - at);
                        return E_DIAG;
                }
        }
        return 0;
}

int block_json_parse(Str text, json_object **ret, Diag *reterr)
{
        *ret = NULL;
        if (text.n > INT32_MAX)
                return diag_set(reterr, 0, "the JSON has more than %d bytes", INT32_MAX);
        json_tokener *t = json_tokener_new_ex(LIMIT_DEPTH);
        if (!t)
                return -ENOMEM;
        json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        json_object *o = json_tokener_parse_ex(t, text.p, (int)text.n);
        enum json_tokener_error e = json_tokener_get_error(t);
        if (e == json_tokener_continue) { // a number ends with what follows it
                o = json_tokener_parse_ex(t, "", 1);
                e = json_tokener_get_error(t);
                if (e != json_tokener_success)
                        e = json_tokener_error_parse_eof;
        }
        size_t at = json_tokener_get_parse_end(t);
        json_tokener_free(t);
        if (e == json_tokener_success) {
                int r = json_numbers(text, reterr);
                *ret = r ? NULL : o;
                if (r)
                        json_object_put(o);
                return r;
        }
        json_object_put(o);
        diag_set(reterr, 0, "this is no JSON: %s",
                 e == json_tokener_error_parse_eof ? "it ends too early" : json_tokener_error_desc(e));
        diag_place(reterr, text.p, text.n, at < text.n ? at : text.n, 1);
        return E_DIAG;
}

bool block_hex(Str text, Buf *ret)
{
        int high = -1;
        for (size_t i = 0; i < text.n; i++) {
                char c = text.p[i], lower = c | 0x20;
                bool zero_x = c == '0' && i + 1 < text.n && (text.p[i + 1] | 0x20) == 'x' && high < 0;
                if (zero_x) {
                        i++;
                        continue;
                }
                int digit = c >= '0' && c <= '9'           ? c - '0'
                            : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                                           : -1;
                if (digit < 0 && (high >= 0 || !strchr(" \t\r\n,:-{}", c) || !c))
                        return false;
                if (digit < 0)
                        continue;
                if (high < 0) {
                        high = digit;
                } else {
                        buf_u8(ret, (uint8_t)(high << 4 | digit));
                        high = -1;
                }
        }
        return high < 0;
}

// --- scalars -------------------------------------------------------------------------------------

static const char *type_of(json_object *o)
{
        static const char *const names[] = {
                [json_type_null] = "null",         [json_type_boolean] = "a boolean",
                [json_type_double] = "a fraction", [json_type_int] = "an integer",
                [json_type_object] = "an object",  [json_type_array] = "an array",
                [json_type_string] = "a string"};
        return names[json_object_get_type(o)];
}

// "12", "-1", "0x1F" in full.
static bool text_integer(const char *text, bool *negative, uint64_t *ret)
{
        char *end;
        *negative = *text == '-';
        text += *negative;
        if (*text < '0' || *text > '9')
                return false;
        errno = 0;
        *ret = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
        return !*end && !errno;
}

static int read_integer(const Reading *k, const Where *w, CimType t, json_object *o, CimValue *ret)
{
        bool negative = false;
        uint64_t v = 0;
        if (json_object_is_type(o, json_type_int)) {
                int64_t sint = json_object_get_int64(o);
                negative = sint < 0;
                v = negative ? (uint64_t)0 - (uint64_t)sint : json_object_get_uint64(o);
        } else if (!json_object_is_type(o, json_type_string) ||
                   !text_integer(json_object_get_string(o), &negative, &v)) {
                return read_error(k, w, "a %s is wanted, this is %s", cim_type_name((uint16_t)t), type_of(o));
        }
        int64_t least;
        uint64_t most;
        if (!cim_type_range(t, &least, &most)) {
                least = 0; // char16
                most = UINT16_MAX;
        }
        if (negative ? v > (uint64_t)0 - (uint64_t)least : v > most)
                return read_error(k, w, "%s%llu is beyond %s, which goes from %lld to %llu",
                                  negative ? "-" : "", (unsigned long long)v, cim_type_name((uint16_t)t),
                                  (long long)least, (unsigned long long)most);
        ret->uint = negative ? (uint64_t)0 - v : v;
        return 0;
}

static int read_text(const Reading *k, const Where *w, CimType t, json_object *o, CimValue *ret)
{
        if (!json_object_is_type(o, json_type_string))
                return read_error(k, w, "a %s is wanted, this is %s", cim_type_name((uint16_t)t), type_of(o));
        ret->string =
                utf_to16(k->arena, (Str){json_object_get_string(o), (size_t)json_object_get_string_len(o)});
        if (!ret->string.p)
                return -ENOMEM;
        if (t == CIM_DATETIME && !cim_datetime_valid(ret->string))
                return read_error(k, w, "this is no datetime, which reads like 20260131120000.000000+060");
        return 0;
}

static int read_scalar(const Reading *k, const Where *w, CimType t, json_object *o, CimValue *ret)
{
        bool text = json_object_is_type(o, json_type_string), number = json_object_is_type(o, json_type_int);
        *ret = (CimValue){.type = (uint16_t)t};
        switch ((int)t) {
        case CIM_BOOLEAN:
                if (!json_object_is_type(o, json_type_boolean) && !number)
                        return read_error(k, w, "true or false is wanted, this is %s", type_of(o));
                ret->boolean = number ? json_object_get_int64(o) != 0 : json_object_get_boolean(o);
                return 0;
        case CIM_REAL32:
        case CIM_REAL64:
                if (!number && !json_object_is_type(o, json_type_double))
                        return read_error(k, w, "a number is wanted, this is %s", type_of(o));
                ret->real = json_object_get_double(o);
                return 0;
        case CIM_STRING:
        case CIM_DATETIME:
                return read_text(k, w, t, o, ret);
        case CIM_CHAR16:
                if (text) {
                        Str16 s = utf_to16(k->arena, (Str){json_object_get_string(o),
                                                           (size_t)json_object_get_string_len(o)});
                        if (!s.p)
                                return -ENOMEM;
                        if (s.n == 1) {
                                ret->uint = s.p[0];
                                return 0;
                        }
                }
                return read_integer(k, w, t, o, ret);
        default:
                return read_integer(k, w, t, o, ret);
        }
}

// --- arrays and objects --------------------------------------------------------------------------

static int read_object(const Reading *k, const Where *w, const CimClass *c, json_object *o, CimValue *values);

static int read_element(const Reading *k, const Where *w, const CimItem *i, json_object *o, CimValue *ret)
{
        CimType t = cim_type(i->type);
        if (!o) {
                *ret = cim_null((uint16_t)t);
                return 0;
        }
        if (t != CIM_OBJECT)
                return read_scalar(k, w, t, o, ret);
        if (!json_object_is_type(o, json_type_object))
                return read_error(k, w, "an object of %.*s is wanted, this is %s",
                                  STR_ARG(i->object_class->name), type_of(o));
        CimInstance *inner = cim_instance_in(k->arena, i->object_class);
        if (!inner)
                return -ENOMEM;
        *ret = (CimValue){.type = CIM_OBJECT, .object = inner};
        return read_object(k, w, i->object_class, o, inner->values);
}

// Bytes written as text.
static int read_bytes_text(const Reading *k, const Where *w, json_object *o, CimValue *ret)
{
        Buf bytes = {0};
        bool hex = block_hex((Str){json_object_get_string(o), (size_t)json_object_get_string_len(o)}, &bytes);
        CimValue *items = hex ? arena_array(k->arena, CimValue, bytes.n) : NULL;
        for (size_t i = 0; items && i < bytes.n; i++)
                items[i] = (CimValue){.type = CIM_UINT8, .uint = bytes.p[i]};
        *ret = (CimValue){.type = CIM_UINT8 | CIM_ARRAY, .array = {items, (uint32_t)bytes.n}};
        bool failed = bytes.failed;
        buf_deinit(&bytes);
        if (!hex)
                return read_error(k, w, "this text is no pairs of hexadecimal digits");
        return items && !failed ? 0 : -ENOMEM;
}

static int read_array(const Reading *k, const Where *w, const CimItem *i, json_object *o, CimValue *ret)
{
        if (cim_type(i->type) == CIM_UINT8 && json_object_is_type(o, json_type_string))
                return read_bytes_text(k, w, o, ret);
        if (!json_object_is_type(o, json_type_array))
                return read_error(k, w, "an array is wanted, this is %s", type_of(o));
        size_t n = json_object_array_length(o);
        if (n > LIMIT_ARRAY_ITEMS)
                return read_error(k, w, "an array has at most %u elements", LIMIT_ARRAY_ITEMS);
        CimValue *items = arena_array(k->arena, CimValue, n);
        if (!items)
                return -ENOMEM;
        *ret = (CimValue){.type = i->type, .array = {items, (uint32_t)n}};
        int r = 0;
        for (size_t at = 0; at < n && !r; at++)
                r = read_element(k, &(Where){.up = w, .index = (int64_t)at}, i,
                                 json_object_array_get_idx(o, at), &items[at]);
        return r;
}

static const CimItem *item_of(const CimClass *c, uint32_t property)
{
        for (size_t i = 0; c->layout && i < c->layout->item_count; i++)
                if (c->layout->items[i].property == property)
                        return &c->layout->items[i];
        return NULL;
}

static int read_unknown(const Reading *k, const Where *w, const CimClass *c)
{
        StrNearest nearest = {.wanted = w->name};
        for (size_t i = 0; i < c->property_count; i++)
                if (c->properties[i].data_id)
                        str_nearest_offer(&nearest, c->properties[i].name);
        read_error(k, w, "there is no such item");
        for (size_t i = 0; !nearest.best.n && i < c->method_count; i++) {
                const CimMethod *m = &c->methods[i];
                for (size_t p = 0; p < m->parameter_count; p++)
                        if (str_ieq(m->parameters[p].name, w->name))
                                return diag_hint(k->reterr, "it is a parameter: --method %.*s", STR_ARG(m->name));
        }
        return nearest.best.n ? diag_hint(k->reterr, "did you mean %.*s?", STR_ARG(nearest.best)) : E_DIAG;
}

static int read_object(const Reading *k, const Where *up, const CimClass *c, json_object *o, CimValue *values)
{
        json_object *inside;
        if (cim_class_property(c, STR("properties")) < 0 &&
            json_object_object_get_ex(o, "properties", &inside) &&
            json_object_is_type(inside, json_type_object))
                o = inside;
        uint8_t *given = arena_alloc(k->arena, c->property_count + 1);
        if (!given)
                return -ENOMEM;
        json_object_object_foreach(o, key, value)
        {
                Where w = {.up = up, .name = str_of(key), .index = -1};
                int at = cim_class_property(c, w.name), r = 0;
                if (at < 0)
                        return read_unknown(k, &w, c);
                if (given[at]++)
                        return read_error(k, &w, "it is given twice");
                const CimItem *i = item_of(c, (uint32_t)at);
                if (i && value)
                        r = cim_is_array(i->type) ? read_array(k, &w, i, value, &values[at])
                                                  : read_element(k, &w, i, value, &values[at]);
                if (r)
                        return r;
        }
        return 0;
}

int block_json_values(const CimClass *c, json_object *o, Arena *a, CimValue *values, Diag *reterr)
{
        Reading k = {a, reterr};
        for (size_t i = 0; i < c->property_count; i++)
                values[i] = cim_null(c->properties[i].type);
        if (!json_object_is_type(o, json_type_object))
                return diag_set(reterr, 0, "an object {\"item\": value, ...} is wanted, this is %s",
                                type_of(o));
        return read_object(&k, NULL, c, o, values);
}

// --- padding -------------------------------------------------------------------------------------

static int pad_value(const CimItem *i, Arena *a, CimValue *v)
{
        if (!v->null && v->string.n >= i->max_chars)
                return 0;
        char16_t *text = arena_array(a, char16_t, i->max_chars);
        if (!text)
                return -ENOMEM;
        if (!v->null && v->string.n)
                memcpy(text, v->string.p, v->string.n * sizeof(*text));
        *v = (CimValue){.type = CIM_STRING, .string = {text, i->max_chars}};
        return 0;
}

static int pad_object(const CimItem *i, Arena *a, CimValue *v)
{
        if (v->null) {
                CimInstance *inner = cim_instance_in(a, i->object_class);
                if (!inner)
                        return -ENOMEM;
                *v = (CimValue){.type = CIM_OBJECT, .object = inner};
        }
        return block_json_pad(i->object_class, a, v->object->values);
}

static int pad_element(const CimItem *i, Arena *a, CimValue *v)
{
        if (cim_type(i->type) == CIM_OBJECT)
                return i->size ? 0 : pad_object(i, a, v); // of fixed size: there are no strings in it
        return cim_type(i->type) == CIM_STRING && i->max_chars ? pad_value(i, a, v) : 0;
}

static int pad_array(const CimItem *i, Arena *a, CimValue *v)
{
        uint32_t has = v->null ? 0 : v->array.count, n = i->count > has ? i->count : has;
        CimValue *items = arena_array(a, CimValue, n);
        int r = items ? 0 : -ENOMEM;
        for (uint32_t k = 0; k < n && !r; k++) {
                items[k] = k < has ? v->array.items[k] : cim_null((uint16_t)cim_type(i->type));
                r = pad_element(i, a, &items[k]);
        }
        *v = (CimValue){.type = i->type, .array = {items, n}};
        return r;
}

int block_json_pad(const CimClass *c, Arena *a, CimValue *values)
{
        int r = 0;
        for (size_t k = 0; c->layout && k < c->layout->item_count && !r; k++) {
                const CimItem *i = &c->layout->items[k];
                CimValue *v = &values[i->property];
                if (i->size)
                        continue;
                r = cim_is_array(i->type) ? pad_array(i, a, v) : pad_element(i, a, v);
        }
        return r;
}

// --- writing -------------------------------------------------------------------------------------

static int write_value(const CimItem *i, const CimValue *v, Arena *a, json_object **ret);

static int write_list(const CimItem *i, const CimValue *v, Arena *a, json_object **ret)
{
        json_object *list = json_object_new_array();
        int r = list ? 0 : -ENOMEM;
        CimItem one = *i;
        one.type = (uint16_t)cim_type(i->type);
        for (uint32_t k = 0; k < v->array.count && !r; k++) {
                json_object *item = NULL;
                r = write_value(&one, &v->array.items[k], a, &item);
                if (!r && json_object_array_add(list, item) < 0) {
                        json_object_put(item);
                        r = -ENOMEM;
                }
        }
        if (r) {
                json_object_put(list);
                return r;
        }
        *ret = list;
        return 0;
}

static int write_value(const CimItem *i, const CimValue *v, Arena *a, json_object **ret)
{
        *ret = NULL;
        if (v->null)
                return 0;
        if (cim_is_array(i->type))
                return write_list(i, v, a, ret);
        if (cim_type(i->type) == CIM_OBJECT)
                return block_json_of(v->object->class, v->object->values, a, ret);
        return value_json(a, v, 0, ret);
}

int block_json_of(const CimClass *c, const CimValue *values, Arena *a, json_object **ret)
{
        json_object *o = json_object_new_object();
        int r = o ? 0 : -ENOMEM;
        for (size_t k = 0; c->layout && k < c->layout->item_count && !r; k++) {
                const CimItem *i = &c->layout->items[k];
                json_object *value;
                r = write_value(i, &values[i->property], a, &value);
                if (!r)
                        r = value_json_add(o, c->properties[i->property].name.p, value);
        }
        if (r) {
                json_object_put(o);
                return r;
        }
        *ret = o;
        return 0;
}

// --- ACPI ----------------------------------------------------------------------------------------

static int acpi_bytes(json_object *o, Arena *a, AcpiObject *ret, const Reading *k, const Where *w)
{
        CimValue v;
        CimItem item = {.type = CIM_UINT8 | CIM_ARRAY};
        int r = o ? read_array(k, w, &item, o, &v)
                  : read_error(k, w, "a buffer is a list of bytes or text of hexadecimal digits");
        if (r)
                return r;
        char *bytes = arena_alloc(a, v.array.count);
        if (!bytes)
                return -ENOMEM;
        for (uint32_t i = 0; i < v.array.count; i++)
                bytes[i] = (char)v.array.items[i].uint;
        *ret = (AcpiObject){ACPI_BUFFER, .bytes = {bytes, v.array.count}};
        return 0;
}

static int acpi_read(json_object *o, Arena *a, AcpiObject *ret, const Reading *k, const Where *w);

static int acpi_package(json_object *o, Arena *a, AcpiObject *ret, const Reading *k, const Where *w)
{
        size_t n = json_object_array_length(o);
        AcpiObject *items = arena_array(a, AcpiObject, n);
        int r = items ? 0 : -ENOMEM;
        for (size_t i = 0; i < n && !r; i++)
                r = acpi_read(json_object_array_get_idx(o, i), a, &items[i], k,
                              &(Where){.up = w, .index = (int64_t)i});
        *ret = (AcpiObject){ACPI_PACKAGE, .package = {items, n}};
        return r;
}

static int acpi_object(json_object *o, Arena *a, AcpiObject *ret, const Reading *k, const Where *w)
{
        json_object *value;
        CimValue v;
        if (json_object_object_length(o) == 1 && json_object_object_get_ex(o, "buffer", &value))
                return acpi_bytes(value, a, ret, k, w);
        if (json_object_object_length(o) == 1 && json_object_object_get_ex(o, "integer", &value) && value) {
                int r = read_integer(k, w, CIM_UINT64, value, &v);
                *ret = (AcpiObject){ACPI_INTEGER, .integer = v.uint};
                return r;
        }
        return read_error(k, w, "an object is {\"buffer\": ...} or {\"integer\": ...}");
}

static int acpi_read(json_object *o, Arena *a, AcpiObject *ret, const Reading *k, const Where *w)
{
        CimValue v = {0};
        int r;
        switch (json_object_get_type(o)) {
        case json_type_int:
                r = read_integer(k, w, CIM_UINT64, o, &v);
                *ret = (AcpiObject){ACPI_INTEGER, .integer = v.uint};
                return r;
        case json_type_string:
                *ret = (AcpiObject){ACPI_STRING, .bytes = {json_object_get_string(o),
                                                           (size_t)json_object_get_string_len(o)}};
                return 0;
        case json_type_array:
                return acpi_package(o, a, ret, k, w);
        case json_type_object:
                return acpi_object(o, a, ret, k, w);
        case json_type_null:
        case json_type_boolean:
        case json_type_double:
                break;
        }
        return read_error(k, w, "%s is no ACPI object: 12, \"text\", {\"buffer\": \"0a0b\"}, [...]",
                          type_of(o));
}

int block_json_acpi(json_object *o, Arena *a, AcpiObject *ret, Diag *reterr)
{
        Reading k = {a, reterr};
        Where top = {.name = STR("object"), .index = -1};
        return acpi_read(o, a, ret, &k, &top);
}
