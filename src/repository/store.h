// SPDX-License-Identifier: MIT
// Store: what a job does to namespaces, classes and instances, inside a transaction.
//
// A Store exists in the storage thread only, for the length of RepositoryJob.run. What one job wrote, the next one sees.
// Names compare without regard to case and keep the spelling of whoever created them. Flags are WBEM_FLAG_ numbers.
// The errors are the documented ones of the IWbemServices method of that name; each Diag says what, where, and what to do.
#ifndef REPOSITORY_STORE_H
#define REPOSITORY_STORE_H

#include "cim/path.h"
#include "cim/schema.h"
#include "cim/update.h"

typedef struct Store Store;

enum { // WBEM_CHANGE_FLAG_TYPE, WBEM_QUERY_FLAG_TYPE
        STORE_CREATE_OR_UPDATE = 0,
        STORE_UPDATE_ONLY = 1,
        STORE_CREATE_ONLY = 2,
        STORE_UPDATE_SAFE = 0x20,
        STORE_UPDATE_FORCE = 0x40,
        STORE_SHALLOW = 1, // of an enumeration
};

// Adds what a new namespace has from the start (system classes) to *schema. These are not written to the file: they are
// of the program, not of the user. 0, -ENOMEM, E_DIAG.
typedef int (*StoreSeed)(void *context, Str namespace, CimSchema **schema, Diag *reterr);

typedef enum StoreChangeKind { STORE_CREATED, STORE_MODIFIED, STORE_DELETED } StoreChangeKind;
typedef enum StoreObjectKind { STORE_INSTANCE, STORE_CLASS, STORE_NAMESPACE } StoreObjectKind;

// One change. Objects are referenced by the commit that it belongs to and live (cim_instance namespace) where they are; a namespace is
// the __NAMESPACE instance in its parent.
typedef struct StoreChange {
        StoreChangeKind kind;
        StoreObjectKind what;
        Str namespace;       // where it happened
        CimInstance *before; // MODIFIED, DELETED
        CimInstance *after;  // CREATED, MODIFIED
} StoreChange;

// The classes as this transaction sees them. Borrowed until the next change.
const CimSchema *store_schema(const Store *st);

// --- namespaces ----------------------------------------------------------------------------------
// Creates a namespace below one that exists, with what `seed` gives it. normal form. E_DIAG: CIM_E_ALREADY_EXISTS,
// CIM_E_INVALID_NAMESPACE (no parent), CIM_E_QUOTA_VIOLATION.
int store_create_namespace(Store *st, Str namespace, Diag *reterr);
// With all that is in it and below it: a deletion event for the namespace itself (and for those below it) in their parents, none for
// what was inside. `root` and the namespaces that a service always has stay: CIM_E_ACCESS_DENIED.
int store_delete_namespace(Store *st, Str namespace, Diag *reterr);

// --- classes -------------------------------------------------------------------------------------
// PutClass. System classes (names with "__" in front): CIM_E_INVALID_OPERATION... see the .c; E_DIAG as cim_update_check, cim_class_new,
// cim_schema_change; CIM_E_ALREADY_EXISTS (create only), CIM_E_NOT_FOUND (update only), CIM_E_INVALID_SUPERCLASS.
int store_put_class(Store *st, Str namespace, const CimClassSpec *spec, Str superclass, uint32_t flags, Diag *reterr);
// Many at once, order free (what a MOF text makes): classes built on a schema that this transaction's contains. The mode holds for those
// that exist already. One look at the whole, so time is in proportion to what is changed.
int store_put_classes(Store *st, const CimChange *classes, size_t n, uint32_t flags, Diag *reterr);
// DeleteClass: with its subclasses and all their instances; deletion events for the classes (deepest first), and for the instances.
int store_delete_class(Store *st, Str namespace, Str name, Diag *reterr);

// --- instances -----------------------------------------------------------------------------------
// PutInstance into a namespace. The class is looked up by the name of i->class; values are matched by property name and type,
// so that an instance of an older version of the class is taken if it fits. `__NAMESPACE` creates a namespace. Not all
// properties need be given... *ret_path gets the relative path. ret_same (may be NULL): nothing changed, no event.
// E_DIAG: CIM_E_INVALID_CLASS, CIM_E_TYPE_MISMATCH, CIM_E_ALREADY_EXISTS, CIM_E_NOT_FOUND (update only), CIM_E_NO_KEY, CIM_E_ILLEGAL_NULL (a key or a
// not_null property), CIM_E_INVALID_OPERATION (abstract, an event class), CIM_E_PROVIDER_NOT_CAPABLE (the class is a provider's: `dynamic`,
// or its block is a driver's), CIM_E_INVALID_OBJECT.
int store_put_instance(Store *st, Str namespace, const CimInstance *i, uint32_t flags, Buf *ret_path, Diag *reterr);
// GetObject of an instance. An instance of a subclass is found under the name of a superclass that has the same keys.
// E_DIAG: CIM_E_NOT_FOUND, CIM_E_INVALID_CLASS..., CIM_E_INVALID_OBJECT_PATH. *ret is the caller's reference, placed in its namespace.
int store_get_instance(Store *st, Str namespace, const CimPath *path, CimInstance **ret, Diag *reterr);
int store_delete_instance(Store *st, Str namespace, const CimPath *path, Diag *reterr);

// --- many ----------------------------------------------------------------------------------------
// A walk that may be interrupted and go on in a later transaction: what existed all the time is seen exactly once; what is created
// meanwhile may be seen; nothing is seen twice. All zero begins.
typedef struct StoreCursor {
        uint64_t after; // private
} StoreCursor;

// Visits the instances of a class (and of those derived from it, unless STORE_SHALLOW), in order of creation. visit gets a borrowed
// instance; the properties not in `want` (of the class named; NULL: all) may be left at their defaults. Its return value: 0 go on, negative or
// positive: the walk ends behind this instance and returns it. 0 at the end.
typedef int (*StoreVisit)(void *context, const CimInstance *i);
int store_each_instance(Store *st, Str namespace, Str class_name, uint32_t flags, const CimWant *want, StoreCursor *cursor,
                        StoreVisit visit, void *context, Diag *reterr);

#endif
