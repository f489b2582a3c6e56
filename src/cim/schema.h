// SPDX-License-Identifier: MIT
// Schema: an immutable snapshot of all namespaces and their classes.
//
// A change makes a new snapshot that shares the classes; whoever holds the old one keeps seeing it. The generation
// grows with each. Any thread may read and ref a snapshot.
#ifndef CIM_SCHEMA_H
#define CIM_SCHEMA_H

#include "cim/class.h"

typedef struct CimSchema CimSchema;

// A snapshot without namespaces. NULL: out of memory.
CimSchema *cim_schema_new(void);
CimSchema *cim_schema_ref(const CimSchema *s);
CimSchema *cim_schema_unref(const CimSchema *s);
uint64_t cim_schema_generation(const CimSchema *s);

// Canonical form of a namespace name into out[LIMIT_NAMESPACE_CHARS + 1]: "root\WMI" from "root/WMI", "\\.\root\WMI",
// "\root\WMI"; case is kept (look-ups ignore it), separators become '\'. E_DIAG (CIM_E_INVALID_NAMESPACE): another machine, not below
// root, empty parts, too long.
int cim_namespace_normal(Str name, char *out, Diag *reterr);

// One change: a class into a namespace (replacing the one of that name, whose subclasses are then built again on the
// new one), or a namespace by itself (klass NULL). The namespace is created with its parents where missing.
typedef struct CimChange {
        Str namespace; // normal form
        CimClass *klass;
        bool remove;   // takes klass (by name) out of the namespace; klass NULL: the namespace with all in it
} CimChange;

// A new snapshot: `old` with the changes, in order. Classes are referenced and get their version, those that have one
// keep it. What the changes make stale is built again, once: a class whose superclass is no longer the namespace's
// class of that name, or whose embedded objects are not of the namespace's classes; so the order of classes in one
// batch does not matter to what refers to what. Takes time in proportion to the classes of the namespaces touched.
// Removing is exact: a class goes only when no class of the result derives from it (remove these in the same batch), a
// namespace only when none is left below it; what is not there is an error.
// 0, -ENOMEM, E_DIAG; the message names the class: CIM_E_INVALID_SUPERCLASS (not in the namespace),
// CIM_E_CLASS_HAS_CHILDREN, CIM_E_NOT_FOUND (a class to remove), CIM_E_INVALID_NAMESPACE (a namespace to remove),
// CIM_E_INVALID_OPERATION (others are below it), CIM_E_QUOTA_VIOLATION, what cim_class_new says of a subclass that no
// longer fits. A class that embeds one that is removed stays; its property's object_class is NULL then.
int cim_schema_change(const CimSchema *old, const CimChange *changes, size_t n, CimSchema **ret, Diag *reterr);

bool cim_schema_has_namespace(const CimSchema *s, Str namespace);
// By name without regard to case. NULL: none. Borrowed from the snapshot.
const CimClass *cim_schema_find(const CimSchema *s, Str namespace, Str name);

// Visits in order of creation; a visitor's return value other than 0 ends the walk and is returned.
typedef int (*CimNamespaceVisit)(void *context, Str namespace);
typedef int (*CimClassVisit)(void *context, Str namespace, const CimClass *c);
int cim_schema_each_namespace(const CimSchema *s, CimNamespaceVisit visit, void *context);
int cim_schema_each_class(const CimSchema *s, Str namespace, CimClassVisit visit, void *context);
// The classes with that guid in any namespace: a hash look-up in each.
int cim_schema_each_guid(const CimSchema *s, const Guid *guid, CimClassVisit visit, void *context);
// The class and everything derived from it, in its namespace.
int cim_schema_each_derived(const CimSchema *s, Str namespace, const CimClass *base, CimClassVisit visit, void *context);

#endif
