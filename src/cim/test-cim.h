// SPDX-License-Identifier: MIT
// Short ways to write classes down in tests and fuzz targets.
#ifndef CIM_TEST_CIM_H
#define CIM_TEST_CIM_H

#include "cim/class.h"
#include "cim/codec.h"
#include "cim/instance.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// An unsigned, signed or text value; `s` is a u"" literal.
#define VU(t, v) ((CimValue){.type = (t), .uint = (v)})
#define VI(t, v) ((CimValue){.type = (t), .sint = (v)})
#define VS(t, s) ((CimValue){.type = (t), .string = {(s), sizeof(s) / 2 - 1}})
#define VB(v)    ((CimValue){.type = CIM_BOOLEAN, .boolean = (v)})
#define VR(t, v) ((CimValue){.type = (t), .real = (v)})
#define VA(t, ...)                                                                                           \
        ((CimValue){.type = (t) | CIM_ARRAY,                                                                 \
                    .array = {(CimValue[]){__VA_ARGS__}, COUNT(((CimValue[]){__VA_ARGS__}))}})

// Qualifiers: boolean, number, text; with flavors.
#define QB(n)    ((CimQualifier){STR(n), VB(true), 0})
#define QU(n, v) ((CimQualifier){STR(n), VU(CIM_SINT32, v), 0})
#define QS(n, s) ((CimQualifier){STR(n), VS(CIM_STRING, s), 0})
#define QF(q, f) ((CimQualifier){(q).name, (q).value, (f)})
#define QUALIFIERS(...)                                                                                      \
        .qualifiers = (CimQualifier[]){__VA_ARGS__}, .qualifier_count = COUNT(((CimQualifier[]){__VA_ARGS__}))

// Properties: name and type, an item of a data block.
#define P(n, t, ...)                                                                                         \
        {                                                                                                    \
                .name = STR(n), .type = (t), __VA_ARGS__                                                     \
        }
#define ITEM(n, t, id, ...)                                                                                  \
        {                                                                                                    \
                .name = STR(n), .type = (t), QUALIFIERS(QU("WmiDataId", id)), __VA_ARGS__                    \
        }
#define PROPERTIES(...)                                                                                      \
        .properties = (CimPropertySpec[]){__VA_ARGS__},                                                      \
        .property_count = COUNT(((CimPropertySpec[]){__VA_ARGS__}))

#define CLASS(n, ...) ((CimClassSpec){.name = STR(n), __VA_ARGS__})

// Resolves names from a NULL-terminated array of classes.
static inline const CimClass *test_resolve(void *context, Str name)
{
        for (CimClass *const *c = context; c && *c; c++)
                if (str_ieq((*c)->name, name))
                        return *c;
        return NULL;
}

// A CimClassTable over a NULL-terminated array of classes: the number is the index + 1.
static inline int test_number(void *context, const CimClass *c, Str namespace, uint32_t *ret)
{
        (void)namespace;
        CimClass *const *known = context;
        for (*ret = 1; known[*ret - 1]; ++*ret)
                if (known[*ret - 1] == c)
                        return 0;
        return -ENOENT;
}

static inline const CimClass *test_find(void *context, uint32_t number, Str *ret_namespace)
{
        CimClass *const *known = context;
        *ret_namespace = STR("root\\test");
        for (uint32_t i = 1; known[i - 1]; i++)
                if (i == number)
                        return known[i - 1];
        return NULL;
}

#define TABLE(...) ((CimClassTable){test_number, test_find, (CimClass *[]){__VA_ARGS__, NULL}})

#endif
