// SPDX-License-Identifier: MIT
// The standard blocks of drivers (data/mof/wmicore.mof): which there are, and what each type of device is
// expected to have.
#ifndef MOF_STANDARD_H
#define MOF_STANDARD_H

#include "cim/schema.h"

// The names of the classes of wmicore.mof, in its order.
extern const Str mof_standard_names[];
extern const size_t mof_standard_count;

// Does wmicore.mof declare a class of that name? Without regard to case. In any namespace: ask only about
// root\wmi.
bool mof_standard_is(Str name);

// A snapshot of root and root\wmi with nothing but our own texts, for tools that look at blocks without a
// service. The caller's to unref. 0, -ENOMEM.
int mof_standard_schema(CimSchema **ret);

typedef enum MofStandardKind {
        MOF_STANDARD_BASE, // abstract, or nothing but the base of others
        MOF_STANDARD_DATA, // a block to query
        MOF_STANDARD_EVENT,
        MOF_STANDARD_METHODS,  // a block with methods
        MOF_STANDARD_EMBEDDED, // part of other blocks
} MofStandardKind;

MofStandardKind mof_standard_kind(const CimClass *c);
// "base", "data", "event", "methods", "embedded"
const char *mof_standard_kind_name(MofStandardKind k);

// What drivers of one type of device have.
typedef struct MofDeviceType {
        const char *name;          // "disk"
        const char *about;         // for lists: "disks of any bus"
        const char *const *events; // standard event classes, NULL at the end; a driver may have none of them
        const char *const *blocks; // other standard blocks, NULL at the end
        // Event classes that the type's public MOF declares, which its drivers bring themselves
        // (Hbaapi.mof...): not in wmicore.mof. NULL at the end.
        const char *const *own_events;
        const char *own_mof; // that MOF's name; NULL: there is none
} MofDeviceType;

extern const MofDeviceType mof_device_types[]; // name NULL at the end
// Without regard to case. NULL: no such type.
const MofDeviceType *mof_device_type(Str name);

#endif
