// SPDX-License-Identifier: MIT
// What a snapshot is made of. For schema.c and schema-build.c only.
#ifndef CIM_SCHEMA_IMPL_H
#define CIM_SCHEMA_IMPL_H

#include "base/hash.h"
#include "cim/schema.h"

// One namespace, shared by all snapshots in which it is the same. Immutable once `changed` is false.
typedef struct SchemaSpace {
        unsigned refs; // atomic
        bool changed;  // made for the snapshot that is being built
        Str name;
        const CimClass **classes; // in order of creation; each holds a reference
        size_t class_count, class_capacity;
        uint32_t *slots; // by name: index + 1
        uint32_t slot_count;
        char text[];
} SchemaSpace;

typedef struct SchemaGuid {
        const SchemaSpace *space;
        const CimClass *klass;
        size_t next; // of the same GUID; SIZE_MAX: none
        size_t last; // of the first of a GUID: its last
} SchemaGuid;

struct CimSchema {
        unsigned refs; // atomic
        uint64_t generation;
        SchemaSpace **spaces; // each holds a reference
        size_t space_count, space_capacity;
        uint32_t *slots;
        uint32_t slot_count;
        SchemaGuid *guids;
        size_t guid_count;
        uint32_t *guid_slots;
        uint32_t guid_slot_count;
};

SchemaSpace *schema_space_unref(SchemaSpace *s);
// The index of the class of that name; SIZE_MAX: none.
size_t schema_space_find(const SchemaSpace *s, Str name);
size_t schema_guid_find(const CimSchema *s, const Guid *guid);
// Builds again whatever refers to classes that are not (or no longer) the namespace's. 0, -ENOMEM, E_DIAG.
int schema_rebuild(SchemaSpace *s, Diag *reterr);

#endif
