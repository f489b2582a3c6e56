// SPDX-License-Identifier: MIT
// Instances: made, copied, freed.
//
// A top-level instance references its class and, when it was copied, the class of every object inside it:
// those may be others than its properties declare.
#include "cim/instance.h"

#include <stdlib.h>

#include "cim/instance-impl.h"

// The allocation behind a top-level instance.
typedef struct InstanceImpl {
        CimInstance face;      // first
        Arena arena;           // face.owner points here
        const CimClass **kept; // malloc; each holds a reference
        size_t kept_count, kept_capacity;
} InstanceImpl;

static InstanceImpl *instance_impl(CimInstance *i)
{
        return (InstanceImpl *)i;
}

static void instance_defaults(CimInstance *i)
{
        for (size_t k = 0; k < i->class->property_count; k++)
                i->values[k] = i->class->properties[k].value;
}

int cim_instance_new(const CimClass *c, CimInstance **ret)
{
        InstanceImpl *k = calloc(1, sizeof(*k));
        if (!k)
                return -ENOMEM;
        k->face.values = arena_array(&k->arena, CimValue, c->property_count);
        if (!k->face.values) {
                free(k);
                return -ENOMEM;
        }
        k->face.class = cim_class_ref(c);
        k->face.owner = &k->arena;
        k->face.refs = 1;
        instance_defaults(&k->face);
        *ret = &k->face;
        return 0;
}

CimInstance *cim_instance_in(Arena *a, const CimClass *c)
{
        CimInstance *i = arena_new(a, CimInstance);
        if (!i)
                return NULL;
        i->class = c;
        i->values = arena_array(a, CimValue, c->property_count);
        if (!i->values)
                return NULL;
        instance_defaults(i);
        return i;
}

CimInstance *cim_instance_ref(CimInstance *i)
{
        if (i && i->owner)
                __atomic_add_fetch(&i->refs, 1, __ATOMIC_RELAXED);
        return i;
}

CimInstance *cim_instance_unref(CimInstance *i)
{
        if (!i || !i->owner || __atomic_sub_fetch(&i->refs, 1, __ATOMIC_ACQ_REL) != 0)
                return NULL;
        InstanceImpl *k = instance_impl(i);
        cim_class_unref(i->class);
        for (size_t n = 0; n < k->kept_count; n++)
                cim_class_unref(k->kept[n]);
        free(k->kept);
        arena_deinit(&k->arena);
        free(k);
        return NULL;
}

static int instance_keep(InstanceImpl *k, const CimClass *c)
{
        if (c == k->face.class || (k->kept_count && k->kept[k->kept_count - 1] == c))
                return 0;
        if (k->kept_count == k->kept_capacity) {
                size_t more = k->kept_capacity ? k->kept_capacity * 2 : 4;
                const CimClass **p = reallocarray(k->kept, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                k->kept = p;
                k->kept_capacity = more;
        }
        k->kept[k->kept_count++] = cim_class_ref(c);
        return 0;
}

// Keeps the classes of all objects in v. Depth was checked when v was copied.
static int instance_keep_value(InstanceImpl *k, const CimValue *v)
{
        if (v->null || cim_type(v->type) != CIM_OBJECT)
                return 0;
        int r = 0;
        if (cim_is_array(v->type)) {
                for (uint32_t i = 0; i < v->array.count && r == 0; i++)
                        r = instance_keep_value(k, &v->array.items[i]);
                return r;
        }
        r = instance_keep(k, v->object->class);
        if (v->object->is_class)
                return r; // the class keeps what its defaults need
        for (size_t i = 0; i < v->object->class->property_count && r == 0; i++)
                r = instance_keep_value(k, &v->object->values[i]);
        return r;
}

int cim_instance_keep_classes(CimInstance *i)
{
        int r = 0;
        for (size_t k = 0; k < i->class->property_count && r == 0; k++)
                r = instance_keep_value(instance_impl(i), &i->values[k]);
        return r;
}

// Hands i over, or frees it when r is an error.
static int instance_made(CimInstance *i, int r, CimInstance **ret)
{
        if (r < 0)
                cim_instance_unref(i);
        else
                *ret = i;
        return r;
}

int cim_instance_copy(const CimInstance *from, CimInstance **ret)
{
        CimInstance *i;
        int r = cim_instance_new(from->class, &i);
        if (r < 0)
                return r;
        i->is_class = from->is_class;
        for (size_t k = 0; k < from->class->property_count && r == 0; k++)
                r = cim_value_copy(i->owner, &from->values[k], &i->values[k]);
        if (r == 0)
                r = cim_instance_keep_classes(i);
        if (r == 0)
                r = cim_instance_place(i, from->namespace);
        return instance_made(i, r, ret);
}

int cim_instance_of_class(const CimClass *c, Str namespace, CimInstance **ret)
{
        CimInstance *i;
        int r = cim_instance_new(c, &i);
        if (r < 0)
                return r;
        i->is_class = true;
        return instance_made(i, cim_instance_place(i, namespace), ret);
}

int cim_instance_place(CimInstance *i, Str namespace)
{
        const char *p = arena_strndup(i->owner, namespace.p, namespace.n);
        if (!p)
                return -ENOMEM;
        i->namespace = (Str){p, namespace.n};
        return 0;
}

bool cim_instance_same(const CimInstance *a, const CimInstance *b)
{
        CimValue one = {.type = CIM_OBJECT, .object = a}, two = {.type = CIM_OBJECT, .object = b};
        return cim_value_same(&one, &two);
}

const CimValue *cim_instance_get(const CimInstance *i, Str name)
{
        int k = cim_class_property(i->class, name);
        return k < 0 ? NULL : &i->values[k];
}
