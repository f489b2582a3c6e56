// SPDX-License-Identifier: MIT
// What a snapshot is made of. For schema.c and schema-build.c only.
#ifndef CIM_SCHEMA_IMPL_H
#define CIM_SCHEMA_IMPL_H

#include "base/hash.h"
#include "cim/schema.h"

// Classes of one namespace by GUID. Those that share a GUID form a list in order of creation.
typedef struct SchemaGuid {
        const CimClass *klass;
        uint32_t next; // of the same GUID; UINT32_MAX: none
        uint32_t last; // of the first of a GUID: its last
} SchemaGuid;

// One namespace, shared by all snapshots in which it is the same. Immutable once `changed` is false.
typedef struct SchemaSpace {
        unsigned refs; // atomic
        bool changed;  // made for the snapshot that is being built
        bool holes;    // while it is built: classes that were taken out are NULL
        Str name;
        const CimClass **classes; // in order of creation; each holds a reference
        size_t class_count, class_capacity;
        size_t members;  // properties and methods of the classes
        uint8_t *above;  // of each class: is one derived from it? Made with the rest of a snapshot
        uint32_t *slots; // by name: index + 1
        uint32_t slot_count;
        SchemaGuid *guids;
        uint32_t guid_count;
        uint32_t *guid_slots;
        uint32_t guid_slot_count;
        char text[];
} SchemaSpace;

struct CimSchema {
        unsigned refs; // atomic
        bool holes;    // while it is built: namespaces that were taken out are NULL
        uint64_t generation;
        SchemaSpace **spaces; // in order of creation; each holds a reference
        size_t space_count, space_capacity;
        uint32_t *slots;
        uint32_t slot_count;
};

SchemaSpace *schema_space_unref(SchemaSpace *s);
// The index of the class of that name; SIZE_MAX: none.
size_t schema_space_find(const SchemaSpace *s, Str name);
// Notes which classes have others below them, and builds again whatever refers to classes that are not (or no longer) the namespace's. 0, -ENOMEM, E_DIAG: a superclass
// is missing (CIM_E_CLASS_HAS_CHILDREN when one of the changes takes it out), or a class no longer fits.
int schema_rebuild(SchemaSpace *s, const CimChange *changes, size_t n, Diag *reterr);

#endif
