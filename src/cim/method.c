// SPDX-License-Identifier: MIT
// A method's buffers: its parameters become the properties of a class, numbered in their order.
#include "cim/method.h"

#include <stdlib.h>

#include "base/limits.h"

typedef struct Slot {
        const CimProperty *p;
        uint32_t order, at;
} Slot;

typedef struct Maker {
        Arena arena;
        const CimMethod *m;
        CimPropertySpec *items;
        size_t n;
} Maker;

bool cim_method_has(const CimProperty *p, CimDirection direction)
{
        bool in = cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("in"));
        bool out = cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("out"));
        return (direction == CIM_METHOD_IN ? in : out) || (!in && !out);
}

uint32_t cim_method_order(const CimMethod *m, size_t at)
{
        const CimProperty *p = &m->parameters[at];
        const CimQualifier *q = cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("ID"));
        bool number = q && !q->value.null && q->value.uint <= UINT32_MAX &&
                      (cim_type_is_signed(q->value.type) || cim_type_is_unsigned(q->value.type));
        return number ? (uint32_t)q->value.uint : (uint32_t)at;
}

static int method_by_order(const void *a, const void *b)
{
        const Slot *x = a, *y = b;
        if (x->order != y->order)
                return x->order < y->order ? -1 : 1;
        return x->at < y->at ? -1 : x->at > y->at;
}

// Adds an item with the next WmiDataId. `from` has what the parameter says besides.
static int method_item(Maker *k, const CimProperty *from, Str name)
{
        CimQualifier *q = arena_array(&k->arena, CimQualifier, from->qualifier_count + 1);
        if (!q)
                return -ENOMEM;
        size_t n = 0;
        for (size_t i = 0; i < from->qualifier_count; i++)
                if (!str_ieq(from->qualifiers[i].name, STR("WmiDataId")))
                        q[n++] = from->qualifiers[i];
        q[n++] = (CimQualifier){.name = STR("WmiDataId"),
                                .value = {.type = CIM_SINT32, .sint = (int64_t)k->n + 1}};
        k->items[k->n++] = (CimPropertySpec){.name = name,
                                             .type = from->type,
                                             .class_name = from->class_name,
                                             .max = from->max,
                                             .qualifiers = q,
                                             .qualifier_count = n};
        return 0;
}

// The classes of embedded parameters and of the return value are those that the method's own class knew.
static const CimClass *method_resolve(void *context, Str name)
{
        const Maker *k = context;
        for (size_t i = 0; i < k->m->parameter_count; i++) {
                const CimProperty *p = &k->m->parameters[i];
                if (p->object_class && str_ieq(p->class_name, name))
                        return p->object_class;
        }
        return str_ieq(k->m->return_class, name) ? k->m->return_object : NULL;
}

static int method_collect(Maker *k, CimDirection direction)
{
        const CimMethod *m = k->m;
        Slot *slots = arena_array(&k->arena, Slot, m->parameter_count);
        k->items = arena_array(&k->arena, CimPropertySpec, m->parameter_count + 1);
        if (!slots || !k->items)
                return -ENOMEM;
        size_t n = 0;
        for (size_t i = 0; i < m->parameter_count; i++)
                if (cim_method_has(&m->parameters[i], direction))
                        slots[n++] = (Slot){&m->parameters[i], cim_method_order(m, i), (uint32_t)i};
        if (n)
                qsort(slots, n, sizeof(*slots), method_by_order);
        int r = 0;
        for (size_t i = 0; i < n && !r; i++)
                r = method_item(k, slots[i].p, slots[i].p->name);
        if (r || direction == CIM_METHOD_IN || m->return_type == CIM_NONE)
                return r;
        CimProperty value = {.type = m->return_type, .class_name = m->return_class};
        return method_item(k, &value, STR("ReturnValue"));
}

int cim_method_buffer(const CimMethod *m, CimDirection direction, CimClass **ret, Diag *reterr)
{
        *ret = NULL;
        Maker k = {.m = m};
        int r = method_collect(&k, direction);
        if (!r && k.n) {
                CimClassSpec spec = {
                        .name = STR("__PARAMETERS"), .properties = k.items, .property_count = k.n};
                r = cim_class_new(&spec, NULL, method_resolve, &k, ret, reterr);
        }
        arena_deinit(&k.arena);
        return r;
}

const CimMethod *cim_class_method(const CimClass *c, Str name)
{
        for (size_t i = 0; i < c->method_count; i++)
                if (str_ieq(c->methods[i].name, name))
                        return &c->methods[i];
        return NULL;
}
