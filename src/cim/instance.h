// SPDX-License-Identifier: MIT
// Objects: instances, a class and a value for each of its properties; and class definitions as objects (what GetObject
// of a class gives, what TargetClass of a __ClassOperationEvent holds).
#ifndef CIM_INSTANCE_H
#define CIM_INSTANCE_H

#include "cim/class.h"

struct CimInstance {
        const CimClass *class; // a reference of its own when owner is set
        CimValue *values;      // class->property_count of them, index = property index
        Arena *owner;          // of a top-level instance; NULL for one that lives in another's arena
        unsigned refs;         // atomic; top level only
        bool is_class;         // the definition of `class` itself, __GENUS 1; the values are its defaults
        Str namespace;         // where it lives, "root\\default", terminated; n 0: nowhere (an event), __PATH is NULL.
                               // Owned by whoever owns the values
};

// A top-level instance with the class's defaults. Its values live in ret->owner. 0, -ENOMEM.
int cim_instance_new(const CimClass *c, CimInstance **ret);
// An instance inside an arena (the class must outlive the arena). NULL: out of memory.
CimInstance *cim_instance_in(Arena *a, const CimClass *c);
CimInstance *cim_instance_ref(CimInstance *i);
CimInstance *cim_instance_unref(CimInstance *i);
// A deep copy with a life of its own, of any instance, embedded ones included. 0, -ENOMEM, -ELOOP.
int cim_instance_copy(const CimInstance *from, CimInstance **ret);
// The definition of a class as an object of its own. 0, -ENOMEM.
int cim_instance_of_class(const CimClass *c, Str namespace, CimInstance **ret);
// Says where a top-level object lives (copies the name into its arena). 0, -ENOMEM.
int cim_instance_place(CimInstance *i, Str namespace);
// Same class (by name), same is_class, same values. Where they live does not matter.
bool cim_instance_same(const CimInstance *a, const CimInstance *b);
const CimValue *cim_instance_get(const CimInstance *i, Str name); // NULL: no such property

#endif
