// SPDX-License-Identifier: MIT
// What a class keeps besides its public face. For src/cim only.
#ifndef CIM_CLASS_IMPL_H
#define CIM_CLASS_IMPL_H

#include "cim/class.h"
#include "cim/layout.h"

// The allocation behind every CimClass.
typedef struct ClassImpl {
        CimClass face;   // first
        Arena arena;     // face.arena points here
        uint16_t *slots; // open addressing over property names: index + 1, 0 free; slot_mask + 1 of them
        uint32_t slot_mask;
        size_t definition_bytes; // of the classes whose definitions are among the defaults, superclasses' too
        unsigned embed_depth;    // levels of classes below it that properties hold, at most LIMIT_DEPTH
        int instance_name, active, time_created; // indices of the properties that an event fills, -1: none
        uint16_t *keys; // indices of the properties that are keys, in ascending order of their names
        size_t key_count;
        bool singleton;
        size_t kept_capacity;
        struct ClassImpl *dead; // while it is freed
} ClassImpl;

static inline const ClassImpl *class_impl(const CimClass *c)
{
        return (const ClassImpl *)c; // face comes first
}

// The memory that the definition of a class stands for: its own, its superclasses', that of the definitions
// among its defaults.
size_t class_bytes(const CimClass *c);

// How far apart two declarations are, names of superclasses aside.
typedef enum ClassDifference {
        CLASS_SAME,
        CLASS_DESCRIBED, // in qualifiers that only describe, or in the spelling of names
        CLASS_CHANGED,
} ClassDifference;
ClassDifference class_difference(const CimClassSpec *a, const CimClassSpec *b);

// Does a declaration of a method have the signature that it has above?
bool class_same_signature(const CimMethod *above, const CimMethodSpec *m);

// Qualifiers that make a property or method what it is: they stay with it when a subclass declares it again.
bool class_is_intrinsic(Str name);

// Compiles the data block of a class whose properties stand: sets layout or layout_error. 0, -ENOMEM.
int cim_layout_compile(CimClass *c);

// Is s a name: a letter or '_', then letters, digits, '_'; characters beyond ASCII count as letters
// (DSP0004)?
bool cim_name_valid(Str s);

#endif
