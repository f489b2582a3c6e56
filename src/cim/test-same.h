// SPDX-License-Identifier: MIT
// What must be the same of an object that went through MS-WMIO and came back, for tests: what its class has
// in the end, not who declared it. Superclasses are names there.
#ifndef CIM_TEST_SAME_H
#define CIM_TEST_SAME_H

#include "cim/instance.h"

static inline bool test_same_qualifiers(const CimQualifier *a, size_t an, const CimQualifier *b, size_t bn)
{
        for (size_t i = 0; i < an && i < bn; i++)
                if (!str_eq(a[i].name, b[i].name) || a[i].flavor != b[i].flavor ||
                    !cim_value_same(&a[i].value, &b[i].value))
                        return false;
        return an == bn;
}

static inline bool test_same_object(const CimInstance *a, const CimInstance *b, unsigned depth);

static inline bool test_same_value(const CimValue *a, const CimValue *b, unsigned depth)
{
        if (cim_type(a->type) != CIM_OBJECT || a->type != b->type || a->null || b->null)
                return cim_value_same(a, b);
        if (!cim_is_array(a->type))
                return test_same_object(a->object, b->object, depth);
        for (uint32_t i = 0; i < a->array.count && i < b->array.count; i++)
                if (!test_same_value(&a->array.items[i], &b->array.items[i], depth))
                        return false;
        return a->array.count == b->array.count;
}

// Class definitions inside are the same when their names are.
static inline bool test_same_object(const CimInstance *a, const CimInstance *b, unsigned depth)
{
        if (depth > 64 || a->is_class != b->is_class || !str_ieq(a->class->name, b->class->name) ||
            a->class->property_count != b->class->property_count)
                return false;
        for (size_t i = 0; i < a->class->property_count; i++)
                if (!str_ieq(a->class->properties[i].name, b->class->properties[i].name) ||
                    !test_same_value(&a->values[i], &b->values[i], depth + 1))
                        return false;
        return true;
}

static inline bool test_same_property(const CimProperty *a, const CimProperty *b)
{
        return str_eq(a->name, b->name) && str_eq(a->class_name, b->class_name) && a->type == b->type &&
               a->max == b->max && a->local == b->local && str_eq(a->origin->name, b->origin->name) &&
               test_same_value(&a->value, &b->value, 0) &&
               test_same_qualifiers(a->qualifiers, a->qualifier_count, b->qualifiers, b->qualifier_count);
}

// Parameters may be in another order: that of their IDs.
static inline bool test_same_method(const CimMethod *a, const CimMethod *b)
{
        return str_eq(a->name, b->name) && a->return_type == b->return_type && a->local == b->local &&
               str_eq(a->return_class, b->return_class) && a->parameter_count == b->parameter_count &&
               a->method_id == b->method_id && str_eq(a->origin->name, b->origin->name) &&
               test_same_qualifiers(a->qualifiers, a->qualifier_count, b->qualifiers, b->qualifier_count);
}

static inline bool test_same_class(const CimClass *a, const CimClass *b)
{
        if (!str_eq(a->name, b->name) || a->depth != b->depth || a->property_count != b->property_count ||
            a->method_count != b->method_count || a->abstract != b->abstract ||
            !test_same_qualifiers(a->qualifiers, a->qualifier_count, b->qualifiers, b->qualifier_count))
                return false;
        for (size_t i = 0; i < a->property_count; i++)
                if (!test_same_property(&a->properties[i], &b->properties[i]))
                        return false;
        for (size_t i = 0; i < a->method_count; i++)
                if (!test_same_method(&a->methods[i], &b->methods[i]))
                        return false;
        for (a = a->super, b = b->super; a && b; a = a->super, b = b->super)
                if (!str_eq(a->name, b->name))
                        return false;
        return !a && !b;
}

#endif
