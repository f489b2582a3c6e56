// SPDX-License-Identifier: MIT
// Instances: a class and a value for each of its properties.
#ifndef CIM_INSTANCE_H
#define CIM_INSTANCE_H

#include "cim/class.h"

struct CimInstance {
        const CimClass *class; // a reference of its own when owner is set
        CimValue *values;      // class->property_count of them, index = property index
        Arena *owner;          // of a top-level instance; NULL for one that lives in another's arena
        unsigned refs;         // atomic; top level only
};

// A top-level instance with the class's defaults. Its values live in ret->owner. 0, -ENOMEM.
int cim_instance_new(const CimClass *c, CimInstance **ret);
// An instance inside an arena (the class must outlive the arena). NULL: out of memory.
CimInstance *cim_instance_in(Arena *a, const CimClass *c);
CimInstance *cim_instance_ref(CimInstance *i);
CimInstance *cim_instance_unref(CimInstance *i);
// A deep copy with a life of its own, of any instance, embedded ones included. 0, -ENOMEM, -ELOOP.
int cim_instance_copy(const CimInstance *from, CimInstance **ret);
const CimValue *cim_instance_get(const CimInstance *i, Str name); // NULL: no such property

#endif
