// SPDX-License-Identifier: MIT
// Classes: lifetime and look-up. They are built in class-build.c.
#include "cim/class.h"

#include <stdlib.h>

#include "cim/class-impl.h"

CimClass *cim_class_ref(const CimClass *c)
{
        CimClass *k = (CimClass *)(uintptr_t)c; // the count is no part of what is immutable
        if (k)
                __atomic_add_fetch(&k->refs, 1, __ATOMIC_RELAXED);
        return k;
}

// Drops one reference; a class that has none left is put on the list of the dead.
static void class_drop(const CimClass *c, ClassImpl **dead)
{
        ClassImpl *k = (ClassImpl *)(uintptr_t)c;
        if (!k || __atomic_sub_fetch(&k->face.refs, 1, __ATOMIC_ACQ_REL) != 0)
                return;
        k->dead = *dead;
        *dead = k;
}

// One class may hold the last reference of a long chain: the list takes the place of recursion.
CimClass *cim_class_unref(const CimClass *c)
{
        ClassImpl *dead = NULL;
        class_drop(c, &dead);
        while (dead) {
                ClassImpl *k = dead;
                dead = k->dead;
                class_drop(k->face.super, &dead);
                for (size_t i = 0; i < k->face.kept_count; i++)
                        class_drop(k->face.kept[i], &dead);
                arena_deinit(&k->arena);
                free(k);
        }
        return NULL;
}

bool cim_class_isa(const CimClass *c, Str name)
{
        for (; c; c = c->super)
                if (str_ieq(c->name, name))
                        return true;
        return false;
}

bool cim_class_provided(const CimClass *c)
{
        return cim_qualifier_true(c->qualifiers, c->qualifier_count, STR("dynamic")) ||
               cim_qualifier_find(c->qualifiers, c->qualifier_count, STR("provider")) ||
               (c->has_guid && !cim_class_isa(c, STR("__Event")));
}

int cim_class_property(const CimClass *c, Str name)
{
        const ClassImpl *k = class_impl(c);
        if (!k->slots)
                return -1;
        for (uint32_t at = (uint32_t)str_ihash(name);; at++) {
                uint16_t slot = k->slots[at & k->slot_mask];
                if (!slot)
                        return -1;
                if (str_ieq(c->properties[slot - 1].name, name))
                        return slot - 1;
        }
}

const CimQualifier *cim_qualifier_find(const CimQualifier *q, size_t n, Str name)
{
        for (size_t i = 0; i < n; i++)
                if (str_ieq(q[i].name, name))
                        return &q[i];
        return NULL;
}

bool cim_qualifier_true(const CimQualifier *q, size_t n, Str name)
{
        const CimQualifier *found = cim_qualifier_find(q, n, name);
        return found && found->value.type == CIM_BOOLEAN && !found->value.null && found->value.boolean;
}

size_t class_bytes(const CimClass *c)
{
        size_t n = class_impl(c)->definition_bytes;
        for (; c; c = c->super)
                n += c->arena->used;
        return n;
}
