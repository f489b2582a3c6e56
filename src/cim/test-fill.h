// SPDX-License-Identifier: MIT
// Instances with a value in every property, always the same ones, for tests that go through many classes.
#ifndef CIM_TEST_FILL_H
#define CIM_TEST_FILL_H

#include "cim/instance.h"

enum { TEST_FILL_DEPTH = 4 }; // objects in objects

static inline int test_fill(CimInstance *i, Arena *a, unsigned depth);

// A value of type t, which is no array. n makes it another one.
static inline int test_fill_value(Arena *a, CimType t, const CimClass *object, unsigned n, unsigned depth,
                                  CimValue *ret)
{
        static const char16_t narrow[] = u"caf\xE9 \"x\"", wide[] = u"\x65E5\x672C\xD83D\xDE00",
                              when[] = u"20260728153000.123456+120";
        static const char16_t where[] = u"\\\\.\\root\\cimv2:Thing.Name=\"a\"";
        int64_t least;
        uint64_t most;
        *ret = (CimValue){.type = (uint16_t)t};
        if (cim_type_range(t, &least, &most)) {
                ret->sint = cim_type_is_signed(t) && n % 2 ? least + (int64_t)n : (int64_t)(most - n);
                return 0;
        }
        switch ((int)t) {
        case CIM_BOOLEAN:
                ret->boolean = n % 2 == 0;
                return 0;
        case CIM_CHAR16:
                ret->uint = 0x263A + n;
                return 0;
        case CIM_REAL32:
                ret->real = (double)((float)n + 0.1f);
                return 0;
        case CIM_REAL64:
                ret->real = -1e300 / (n + 3);
                return 0;
        case CIM_STRING:
                ret->string = n % 3 == 0   ? (Str16){narrow, 8}
                              : n % 3 == 1 ? (Str16){wide, 4}
                                           : (Str16){u"", 0};
                return 0;
        case CIM_DATETIME:
                ret->string = (Str16){when, 25};
                return 0;
        case CIM_REFERENCE:
                ret->string = (Str16){where, 28};
                return 0;
        default:
                break;
        }
        CimInstance *in = depth < TEST_FILL_DEPTH ? cim_instance_in(a, object) : NULL;
        ret->null = !in;
        ret->object = in;
        return in ? test_fill(in, a, depth + 1) : depth < TEST_FILL_DEPTH ? -ENOMEM : 0;
}

static inline int test_fill_array(Arena *a, uint16_t type, uint32_t max, const CimClass *object, unsigned n,
                                  unsigned depth, CimValue *ret)
{
        uint32_t count = max && max < 3 ? max : 3;
        CimValue *items = arena_array(a, CimValue, count);
        int r = items ? 0 : -ENOMEM;
        *ret = (CimValue){.type = type, .array = {items, count}};
        for (uint32_t i = 0; i < count && r == 0; i++)
                r = test_fill_value(a, cim_type(type), object, n + i, depth, &items[i]);
        return r;
}

// Every fifth property is NULL, as are objects whose class is not known. 0, -ENOMEM.
static inline int test_fill(CimInstance *i, Arena *a, unsigned depth)
{
        int r = 0;
        for (size_t k = 0; k < i->class->property_count && r == 0; k++) {
                const CimProperty *p = &i->class->properties[k];
                CimType t = cim_type(p->type);
                i->values[k] = cim_null(p->type);
                if (k % 5 == 4 || (t == CIM_OBJECT && (!p->object_class || depth >= TEST_FILL_DEPTH)))
                        continue;
                r = cim_is_array(p->type)
                            ? test_fill_array(a, p->type, p->max, p->object_class, (unsigned)k, depth,
                                              &i->values[k])
                            : test_fill_value(a, t, p->object_class, (unsigned)k, depth, &i->values[k]);
        }
        return r;
}

#endif
