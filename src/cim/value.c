// SPDX-License-Identifier: MIT
// Values: names of types, ranges, copies, identity. Datetimes are in datetime.c.
#include "cim/value.h"

#include <errno.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/class.h"
#include "cim/instance.h"

static const struct {
        CimType type;
        const char *name;
        int64_t least; // of integers
        uint64_t most; // 0: not an integer
} value_types[] = {
        {CIM_SINT8, "sint8", INT8_MIN, INT8_MAX},
        {CIM_UINT8, "uint8", 0, UINT8_MAX},
        {CIM_SINT16, "sint16", INT16_MIN, INT16_MAX},
        {CIM_UINT16, "uint16", 0, UINT16_MAX},
        {CIM_SINT32, "sint32", INT32_MIN, INT32_MAX},
        {CIM_UINT32, "uint32", 0, UINT32_MAX},
        {CIM_SINT64, "sint64", INT64_MIN, INT64_MAX},
        {CIM_UINT64, "uint64", 0, UINT64_MAX},
        {CIM_REAL32, "real32", 0, 0},
        {CIM_REAL64, "real64", 0, 0},
        {CIM_STRING, "string", 0, 0},
        {CIM_BOOLEAN, "boolean", 0, 0},
        {CIM_OBJECT, "object", 0, 0},
        {CIM_DATETIME, "datetime", 0, 0},
        {CIM_REFERENCE, "ref", 0, 0},
        {CIM_CHAR16, "char16", 0, 0},
};
enum { VALUE_TYPES = sizeof(value_types) / sizeof(value_types[0]) };

const char *cim_type_name(uint16_t type)
{
        for (size_t i = 0; i < VALUE_TYPES; i++)
                if (value_types[i].type == cim_type(type))
                        return value_types[i].name;
        return "?";
}

CimType cim_type_of_name(Str name)
{
        for (size_t i = 0; i < VALUE_TYPES; i++) {
                Str is = str_of(value_types[i].name);
                if (is.n == name.n && (is.p[0] | 0x20) == (name.p[0] | 0x20) &&
                    value_types[i].type != CIM_OBJECT && value_types[i].type != CIM_REFERENCE &&
                    str_ieq(is, name))
                        return value_types[i].type;
        }
        return CIM_NONE;
}

bool cim_type_is_signed(CimType t)
{
        return t == CIM_SINT8 || t == CIM_SINT16 || t == CIM_SINT32 || t == CIM_SINT64;
}

bool cim_type_is_unsigned(CimType t)
{
        return t == CIM_UINT8 || t == CIM_UINT16 || t == CIM_UINT32 || t == CIM_UINT64;
}

bool cim_type_range(CimType t, int64_t *ret_least, uint64_t *ret_most)
{
        for (size_t i = 0; i < VALUE_TYPES; i++) {
                if (value_types[i].type != t || !value_types[i].most)
                        continue;
                *ret_least = value_types[i].least;
                *ret_most = value_types[i].most;
                return true;
        }
        return false;
}

static bool value_is_text(CimType t)
{
        return t == CIM_STRING || t == CIM_DATETIME || t == CIM_REFERENCE;
}

static int value_copy(Arena *a, const CimValue *from, CimValue *ret, unsigned depth);

static int value_copy_object(Arena *a, const CimInstance *from, const CimInstance **ret, unsigned depth)
{
        if (depth >= LIMIT_DEPTH)
                return -ELOOP;
        CimInstance *i = arena_new(a, CimInstance);
        if (!i)
                return -ENOMEM;
        size_t n = from->class->property_count;
        i->class = from->class;
        i->is_class = from->is_class;
        i->values = arena_array(a, CimValue, n);
        if (!i->values)
                return -ENOMEM;
        // The values of a definition are the class's and live as long as it: copies of copies would add up.
        for (size_t k = 0; k < n && from->is_class; k++)
                i->values[k] = from->class->properties[k].value;
        if (from->namespace.n) {
                i->namespace.p = arena_strndup(a, from->namespace.p, from->namespace.n);
                i->namespace.n = from->namespace.n;
                if (!i->namespace.p)
                        return -ENOMEM;
        }
        for (size_t k = 0; k < n && !from->is_class; k++) {
                int r = value_copy(a, &from->values[k], &i->values[k], depth + 1);
                if (r < 0)
                        return r;
        }
        *ret = i;
        return 0;
}

static int value_copy_array(Arena *a, const CimValue *from, CimValue *ret, unsigned depth)
{
        uint32_t n = from->array.count;
        CimValue *items = arena_array(a, CimValue, n);
        if (!items)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                int r = value_copy(a, &from->array.items[i], &items[i], depth);
                if (r < 0)
                        return r;
        }
        ret->array.items = items;
        return 0;
}

static int value_copy(Arena *a, const CimValue *from, CimValue *ret, unsigned depth)
{
        if (from->null) {
                *ret = cim_null(from->type);
                return 0;
        }
        CimValue v = *from;
        int r = 0;
        if (cim_is_array(from->type)) {
                r = value_copy_array(a, from, &v, depth);
        } else if (value_is_text(cim_type(from->type))) {
                v.string = utf16_copy(a, from->string.p, from->string.n);
                r = v.string.p ? 0 : -ENOMEM;
        } else if (cim_type(from->type) == CIM_OBJECT) {
                r = value_copy_object(a, from->object, &v.object, depth);
        }
        if (r == 0)
                *ret = v;
        return r;
}

int cim_value_copy(Arena *a, const CimValue *from, CimValue *ret)
{
        return value_copy(a, from, ret, 0);
}

static bool value_same(const CimValue *a, const CimValue *b, unsigned depth);

static bool value_same_object(const CimInstance *a, const CimInstance *b, unsigned depth)
{
        if (a == b)
                return true;
        if (depth >= LIMIT_DEPTH || a->is_class != b->is_class || !str_ieq(a->class->name, b->class->name) ||
            a->class->property_count != b->class->property_count)
                return false;
        if (a->is_class)
                return cim_class_same(a->class, b->class);
        for (size_t i = 0; i < a->class->property_count; i++)
                if (!value_same(&a->values[i], &b->values[i], depth + 1))
                        return false;
        return true;
}

static bool value_same(const CimValue *a, const CimValue *b, unsigned depth)
{
        if (a->type != b->type || a->null != b->null)
                return false;
        if (a->null)
                return true;
        if (cim_is_array(a->type)) {
                if (a->array.count != b->array.count)
                        return false;
                for (uint32_t i = 0; i < a->array.count; i++)
                        if (!value_same(&a->array.items[i], &b->array.items[i], depth))
                                return false;
                return true;
        }
        CimType t = cim_type(a->type);
        if (value_is_text(t))
                return str16_cmp(a->string, b->string) == 0;
        if (t == CIM_OBJECT)
                return value_same_object(a->object, b->object, depth);
        if (t == CIM_BOOLEAN)
                return a->boolean == b->boolean;
        return a->uint == b->uint; // integers, and reals by their bits
}

bool cim_value_same(const CimValue *a, const CimValue *b)
{
        return value_same(a, b, 0);
}
