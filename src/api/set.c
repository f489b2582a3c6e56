// SPDX-License-Identifier: MIT
// Setters of the C API. A value that is set owns its memory, so that setting one property a million times does not grow.
#include "api/api.h"

#include <math.h>
#include <stdlib.h>

#include "base/filetime.h"
#include "base/limits.h"
#include "base/utf.h"

// --- the property --------------------------------------------------------------------------------

// Finds a property to be set. The value must be an array or not, as `array` says.
static int set_find(freewmi_object *o, const char *name, bool array, size_t *ret, CimType *ret_type)
{
        CimSystemProperty p;
        if (!o || !name || !o->writable || o->instance->is_class)
                return FREEWMI_BAD_ARGUMENT;
        int k = cim_class_property(o->instance->class, str_of(name));
        if (k < 0)
                return strpbrk(name, ".[") || cim_system_of_name(str_of(name), &p) ? FREEWMI_BAD_ARGUMENT
                                                                                  : FREEWMI_NO_PROPERTY;
        uint16_t type = o->instance->class->properties[k].type;
        *ret = (size_t)k;
        *ret_type = cim_type(type);
        return cim_is_array(type) == array ? FREEWMI_OK : FREEWMI_WRONG_TYPE;
}

static void own_drop(Own *own)
{
        if (own)
                for (size_t i = 0; i < own->object_count; i++)
                        cim_instance_unref(own->objects[i]);
        if (own)
                free(own->objects);
        free(own);
}

// Puts the value in place; takes `own` even on failure.
static int set_value(freewmi_object *o, size_t k, CimValue v, Own *take_own)
{
        int r = api_object_change(o, k);
        if (r) {
                own_drop(take_own);
                return r;
        }
        v.type = o->instance->class->properties[k].type;
        o->instance->values[k] = v;
        o->slots[k].own = take_own;
        return FREEWMI_OK;
}

static Own *own_new(size_t bytes)
{
        Own *own = malloc(sizeof(*own) + bytes);
        if (own) {
                own->objects = NULL;
                own->object_count = 0;
        }
        return own;
}

// --- numbers -------------------------------------------------------------------------------------

// n with a sign, as a value of an integer or real type.
static int number(CimType t, bool minus, uint64_t n, CimValue *ret)
{
        int64_t least;
        uint64_t most;
        *ret = (CimValue){.type = t};
        if (t == CIM_REAL32 || t == CIM_REAL64) {
                double d = (double)n;
                bool exact = d < 18446744073709551616.0 && (uint64_t)d == n;
                if (t == CIM_REAL32)
                        exact = exact && (double)(float)d == d;
                ret->real = minus ? -d : d;
                return exact ? FREEWMI_OK : FREEWMI_OUT_OF_RANGE;
        }
        if (t == CIM_CHAR16) {
                ret->uint = n;
                return minus || n > UINT16_MAX ? FREEWMI_OUT_OF_RANGE : FREEWMI_OK;
        }
        if (!cim_type_range(t, &least, &most))
                return FREEWMI_WRONG_TYPE;
        if (minus ? n > (uint64_t)0 - (uint64_t)least : n > most)
                return FREEWMI_OUT_OF_RANGE;
        if (cim_type_is_signed(t))
                ret->sint = minus ? (int64_t)((uint64_t)0 - n) : (int64_t)n;
        else
                ret->uint = n;
        return FREEWMI_OK;
}

static int number_int64(CimType t, int64_t v, CimValue *ret)
{
        return number(t, v < 0, v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v, ret);
}

static int number_double(CimType t, double v, CimValue *ret)
{
        if (t != CIM_REAL32 && t != CIM_REAL64)
                return FREEWMI_WRONG_TYPE;
        if (t == CIM_REAL32 && isfinite(v) && !isfinite((float)v))
                return FREEWMI_OUT_OF_RANGE;
        *ret = (CimValue){.type = t, .real = t == CIM_REAL32 ? (double)(float)v : v};
        return FREEWMI_OK;
}

static int number_bool(CimType t, bool v, CimValue *ret)
{
        *ret = (CimValue){.type = t, .boolean = v};
        return t == CIM_BOOLEAN ? FREEWMI_OK : FREEWMI_WRONG_TYPE;
}

int freewmi_set_null(freewmi_object *o, const char *name)
{
        size_t k;
        CimType t;
        int r = set_find(o, name, false, &k, &t);
        if (r && r != FREEWMI_WRONG_TYPE)
                return r;
        return set_value(o, k, (CimValue){.null = true}, NULL);
}

#define SET_SCALAR(NAME, T, convert)                                                                         \
        int freewmi_set_##NAME(freewmi_object *o, const char *name, T value)                                 \
        {                                                                                                    \
                size_t k;                                                                                    \
                CimType t;                                                                                   \
                CimValue v;                                                                                  \
                int r = set_find(o, name, false, &k, &t);                                                    \
                if (!r)                                                                                      \
                        r = convert;                                                                         \
                return r ? r : set_value(o, k, v, NULL);                                                     \
        }
SET_SCALAR(int64, int64_t, number_int64(t, value, &v))
SET_SCALAR(uint64, uint64_t, number(t, false, value, &v))
SET_SCALAR(double, double, number_double(t, value, &v))
SET_SCALAR(bool, bool, number_bool(t, value, &v))

// An array of n items in memory of its own, which the caller fills.
static int array_new(freewmi_object *o, const char *name, const void *values, size_t n, size_t extra, size_t *ret_k,
                     CimType *ret_type, Own **ret)
{
        int r = set_find(o, name, true, ret_k, ret_type);
        if (r)
                return r;
        if (n && !values)
                return FREEWMI_BAD_ARGUMENT;
        if (n > LIMIT_ARRAY_ITEMS)
                return FREEWMI_OUT_OF_RANGE;
        *ret = own_new(n * sizeof(CimValue) + extra);
        return *ret ? FREEWMI_OK : FREEWMI_NO_MEMORY;
}

static int array_set(freewmi_object *o, size_t k, int r, Own *take_own, size_t n)
{
        if (r) {
                own_drop(take_own);
                return r;
        }
        CimValue v = {.array = {.items = (const CimValue *)(const void *)take_own->bytes, .count = (uint32_t)n}};
        return set_value(o, k, v, take_own);
}

#define SET_ARRAY(NAME, T, convert)                                                                          \
        int freewmi_set_##NAME(freewmi_object *o, const char *name, const T *values, size_t n)               \
        {                                                                                                    \
                size_t k;                                                                                    \
                CimType t;                                                                                   \
                Own *own;                                                                                    \
                int r = array_new(o, name, values, n, 0, &k, &t, &own);                                      \
                if (r)                                                                                       \
                        return r;                                                                            \
                CimValue *items = (CimValue *)(void *)own->bytes;                                            \
                for (size_t i = 0; i < n && !r; i++)                                                         \
                        r = convert;                                                                         \
                return array_set(o, k, r, own, n);                                                           \
        }
SET_ARRAY(int64s, int64_t, number_int64(t, values[i], &items[i]))
SET_ARRAY(uint64s, uint64_t, number(t, false, values[i], &items[i]))
SET_ARRAY(doubles, double, number_double(t, values[i], &items[i]))
SET_ARRAY(bools, bool, number_bool(t, values[i], &items[i]))

int freewmi_set_bytes(freewmi_object *o, const char *name, const void *bytes, size_t size)
{
        size_t k;
        CimType t;
        Own *own;
        int r = array_new(o, name, bytes, size, 0, &k, &t, &own);
        if (r)
                return r;
        if (t != CIM_UINT8)
                r = FREEWMI_WRONG_TYPE;
        CimValue *items = (CimValue *)(void *)own->bytes;
        for (size_t i = 0; i < size && !r; i++)
                items[i] = (CimValue){.type = CIM_UINT8, .uint = ((const uint8_t *)bytes)[i]};
        return array_set(o, k, r, own, size);
}

// --- text ----------------------------------------------------------------------------------------

// Code units that `s` makes, written to out when that is not NULL.
static size_t utf16(Str s, char16_t *out)
{
        size_t n = 0;
        while (s.n) {
                uint32_t c;
                size_t used = utf8_decode(s.p, s.n, &c);
                s.p += used;
                s.n -= used;
                if (c >= 0x10000) {
                        if (out) {
                                out[n] = (char16_t)(0xD800 + ((c - 0x10000) >> 10));
                                out[n + 1] = (char16_t)(0xDC00 + ((c - 0x10000) & 0x3FF));
                        }
                        n += 2;
                } else {
                        if (out)
                                out[n] = (char16_t)c;
                        n++;
                }
        }
        return n;
}

static int text_check(CimType t, Str16 s)
{
        if (t == CIM_DATETIME)
                return cim_datetime_valid(s) ? FREEWMI_OK : FREEWMI_OUT_OF_RANGE;
        return t == CIM_STRING || t == CIM_REFERENCE ? FREEWMI_OK : FREEWMI_WRONG_TYPE;
}

int freewmi_set_string(freewmi_object *o, const char *name, const char *value)
{
        size_t k;
        CimType t;
        int r = value ? set_find(o, name, false, &k, &t) : FREEWMI_BAD_ARGUMENT;
        if (r)
                return r;
        size_t n = utf16(str_of(value), NULL);
        Own *own = own_new((n + 1) * sizeof(char16_t));
        if (!own)
                return FREEWMI_NO_MEMORY;
        char16_t *p = (char16_t *)(void *)own->bytes;
        utf16(str_of(value), p);
        p[n] = 0;
        CimValue v = {.string = {p, n}};
        r = text_check(t, v.string);
        if (!r)
                return set_value(o, k, v, own);
        own_drop(own);
        return r;
}

int freewmi_set_strings(freewmi_object *o, const char *name, const char *const *values, size_t n)
{
        size_t k, extra = 0;
        CimType t;
        Own *own;
        for (size_t i = 0; values && i < n; i++) {
                if (!values[i])
                        return FREEWMI_BAD_ARGUMENT;
                extra += (utf16(str_of(values[i]), NULL) + 1) * sizeof(char16_t);
        }
        int r = array_new(o, name, values, n, extra, &k, &t, &own);
        if (r)
                return r;
        CimValue *items = (CimValue *)(void *)own->bytes;
        char16_t *p = (char16_t *)(void *)(items + n);
        for (size_t i = 0; i < n && !r; i++) {
                size_t units = utf16(str_of(values[i]), p);
                p[units] = 0;
                items[i] = (CimValue){.type = t, .string = {p, units}};
                r = text_check(t, items[i].string);
                p += units + 1;
        }
        if (!r && !n)
                r = t == CIM_DATETIME ? FREEWMI_OK : text_check(t, (Str16){0});
        return array_set(o, k, r, own, n);
}

int freewmi_set_time(freewmi_object *o, const char *name, int64_t value)
{
        size_t k;
        CimType t;
        char text[FILETIME_TEXT];
        int r = set_find(o, name, false, &k, &t);
        if (!r && t != CIM_DATETIME)
                r = FREEWMI_WRONG_TYPE;
        if (r)
                return r;
        int64_t ticks = value / 100 - (value % 100 < 0);
        return freewmi_set_string(o, name, filetime_dmtf((uint64_t)((int64_t)FILETIME_UNIX + ticks), text));
}

// --- objects -------------------------------------------------------------------------------------

// A copy of an object for a property.
static int object_for(const CimProperty *p, const freewmi_object *value, CimInstance **ret)
{
        if (!value)
                return FREEWMI_BAD_ARGUMENT;
        if (cim_type(p->type) != CIM_OBJECT)
                return FREEWMI_WRONG_TYPE;
        if (p->class_name.n && !cim_class_isa(value->instance->class, p->class_name))
                return FREEWMI_WRONG_TYPE;
        int r = cim_instance_copy(value->instance, ret);
        return !r ? FREEWMI_OK : r == -ENOMEM ? FREEWMI_NO_MEMORY : FREEWMI_OUT_OF_RANGE;
}

static Own *own_objects(size_t n, size_t bytes)
{
        Own *own = own_new(bytes);
        if (!own)
                return NULL;
        own->objects = calloc(n ? n : 1, sizeof(*own->objects));
        if (!own->objects) {
                free(own);
                return NULL;
        }
        own->object_count = n;
        return own;
}

int freewmi_set_object(freewmi_object *o, const char *name, const freewmi_object *value)
{
        size_t k;
        CimType t;
        int r = set_find(o, name, false, &k, &t);
        if (r)
                return r;
        Own *own = own_objects(1, 0);
        if (!own)
                return FREEWMI_NO_MEMORY;
        r = object_for(&o->instance->class->properties[k], value, &own->objects[0]);
        if (r) {
                own_drop(own);
                return r;
        }
        return set_value(o, k, (CimValue){.object = own->objects[0]}, own);
}

int freewmi_set_objects(freewmi_object *o, const char *name, const freewmi_object *const *values, size_t n)
{
        size_t k;
        CimType t;
        int r = set_find(o, name, true, &k, &t);
        if (!r && t != CIM_OBJECT)
                r = FREEWMI_WRONG_TYPE;
        if (!r && n && !values)
                r = FREEWMI_BAD_ARGUMENT;
        if (!r && n > LIMIT_ARRAY_ITEMS)
                r = FREEWMI_OUT_OF_RANGE;
        if (r)
                return r;
        Own *own = own_objects(n, n * sizeof(CimValue));
        if (!own)
                return FREEWMI_NO_MEMORY;
        CimValue *items = (CimValue *)(void *)own->bytes;
        for (size_t i = 0; i < n && !r; i++) {
                r = object_for(&o->instance->class->properties[k], values[i], &own->objects[i]);
                items[i] = (CimValue){.type = CIM_OBJECT, .object = own->objects[i]};
        }
        return array_set(o, k, r, own, n);
}
