// SPDX-License-Identifier: MIT
// Store: what a job does to namespaces, classes and instances, inside a transaction.
//
// A Store exists in the storage thread only, for the length of RepositoryJob.run. What one job wrote, the
// next one sees. Names compare without regard to case and keep the spelling of whoever created them. Flags
// are WBEM_FLAG_ numbers. The errors are the documented ones of the IWbemServices method of that name; each
// Diag says what, where, and what to do. Each can also say CIM_E_CRITICAL_ERROR with the reason (disk full, a
// damaged row), or -ENOMEM: run() returns it, and all that the job did is undone.
#ifndef REPOSITORY_STORE_H
#define REPOSITORY_STORE_H

#include "base/buf.h"
#include "cim/event.h"
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

// Adds what a new namespace has from the start (system classes) to *schema. These are not written to the
// file: they are of the program, not of the user. 0, -ENOMEM, E_DIAG.
typedef int (*StoreSeed)(void *context, Str namespace, CimSchema **schema, Diag *reterr);

typedef enum StoreChangeKind { STORE_CREATED, STORE_MODIFIED, STORE_DELETED } StoreChangeKind;
typedef enum StoreObjectKind { STORE_INSTANCE, STORE_CLASS, STORE_NAMESPACE } StoreObjectKind;

// One change. The commit that it belongs to holds the objects; each says where it lives (i->namespace). A
// class is its definition (is_class), a namespace its __NAMESPACE instance in its parent.
typedef struct StoreChange {
        StoreChangeKind kind;
        StoreObjectKind what;
        Str namespace;       // where it happened
        CimInstance *before; // MODIFIED, DELETED
        CimInstance *after;  // CREATED, MODIFIED
} StoreChange;

// The classes as this transaction sees them. Borrowed until the next change.
const CimSchema *store_schema(const Store *st);
// What this job has changed so far, in order. Borrowed until the next change.
size_t store_changes(const Store *st, const StoreChange **ret);
// From now on until the job ends, long operations tell how far they are. tell NULL: no more.
void store_on_work(Store *st, void (*tell)(void *context, uint64_t done, uint64_t all), void *context);

// --- namespaces ----------------------------------------------------------------------------------
// Creates a namespace below one that exists, with what `seed` gives it. E_DIAG: CIM_E_ALREADY_EXISTS,
// CIM_E_INVALID_NAMESPACE (not a name, no parent), CIM_E_QUOTA_VIOLATION.
int store_create_namespace(Store *st, Str namespace, Diag *reterr);
// With all that is in it and below it: a change for the namespace itself and for those below it, deepest
// first, each in its parent; none for what was inside. `root` and RepositoryConfig.namespaces stay:
// CIM_E_ACCESS_DENIED.
int store_delete_namespace(Store *st, Str namespace, Diag *reterr);

// --- classes -------------------------------------------------------------------------------------
// PutClass. superclass "": none. flags: one of the first three, and one of safe and force or neither. A class
// that is put as it is changes nothing. E_DIAG: CIM_E_INVALID_NAMESPACE, CIM_E_INVALID_PARAMETER (flags),
// CIM_E_ALREADY_EXISTS (create only), CIM_E_NOT_FOUND (update only), CIM_E_INVALID_OPERATION (a class that
// the seed gives, or a name with "__" in front), CIM_E_INVALID_SUPERCLASS (there is none of that name), and
// as cim_update_check, cim_class_new, cim_schema_change. A change is told for the class itself and for
// subclasses whose own declaration changes with it (force).
int store_put_class(Store *st, Str namespace, const CimClassSpec *spec, Str superclass, uint32_t flags,
                    Diag *reterr);
// Many at once, order free (what a MOF text makes): each class is built on others of these and of the schema,
// and built again where that schema was an older one; `flags` as in store_put_class. Namespaces that are not
// there are created (klass NULL: only that). The schema is changed once. On failure *ret_at (may be NULL) says
// whose fault it is, n when nobody's.
typedef enum StoreDone { STORE_SAME, STORE_NEW, STORE_UPDATED } StoreDone;
typedef struct StorePut {
        Str namespace; // normal form
        CimClass *klass;
        uint32_t flags;
        StoreDone done; // out
} StorePut;
int store_put_classes(Store *st, StorePut *puts, size_t n, size_t *ret_at, Diag *reterr);
// DeleteClass: with its subclasses, deepest first, and before each its instances; a change for each of these.
// E_DIAG: CIM_E_INVALID_NAMESPACE, CIM_E_NOT_FOUND, CIM_E_INVALID_OPERATION (as store_put_class),
// CIM_E_QUOTA_VIOLATION (more than RepositoryConfig.changes, change_bytes).
int store_delete_class(Store *st, Str namespace, Str name, Diag *reterr);
// Several of one namespace, with one change of the schema. On failure *ret_at (may be NULL): whose fault it is, n when
// nobody's.
int store_delete_classes(Store *st, Str namespace, const Str *names, size_t n, size_t *ret_at, Diag *reterr);

// --- instances -----------------------------------------------------------------------------------
// PutInstance. The class is the one of that name in the namespace; values go by property name and type, so an
// instance made for an older version of the class is taken if it fits; properties that `i` does not have get
// their defaults. An instance of `__NAMESPACE` creates that namespace. What is there already in the same
// words is not changed, nor told. *ret_path (may be NULL): the relative path is appended. E_DIAG:
// CIM_E_INVALID_NAMESPACE, CIM_E_INVALID_CLASS (there is none), CIM_E_INVALID_PARAMETER (flags),
// CIM_E_TYPE_MISMATCH, CIM_E_ILLEGAL_NULL (a key or a not_null property), CIM_E_NO_KEY, CIM_E_ALREADY_EXISTS
// (create only; or another class has an instance with these keys), CIM_E_NOT_FOUND (update only),
// CIM_E_INVALID_OPERATION (an abstract class, a class of events), CIM_E_PROVIDER_NOT_CAPABLE (qualifier
// dynamic or provider), CIM_E_INVALID_OBJECT (a class definition; a value that the class has no property for;
// nested too deep; keys that no path can say, cim_instance_relpath), CIM_E_QUOTA_VIOLATION (more than
// LIMIT_OBJECT_BYTES).
int store_put_instance(Store *st, Str namespace, const CimInstance *i, uint32_t flags, Buf *ret_path,
                       Diag *reterr);
// GetObject of an instance. The namespace of the path does not matter here. An instance of a subclass is
// found under the name of a superclass that has the same keys. E_DIAG: CIM_E_INVALID_NAMESPACE,
// CIM_E_INVALID_OBJECT_PATH (it names a class, or not the keys of the class), CIM_E_NOT_FOUND (no such class,
// or no such instance), CIM_E_PROVIDER_NOT_CAPABLE. *ret is the caller's reference, placed in its namespace.
int store_get_instance(Store *st, Str namespace, const CimPath *path, CimInstance **ret, Diag *reterr);
// DeleteInstance, with the same errors; of a __NAMESPACE instance also those of store_delete_namespace.
int store_delete_instance(Store *st, Str namespace, const CimPath *path, Diag *reterr);

// --- many ----------------------------------------------------------------------------------------
// A walk that may be interrupted and go on in a later transaction: what exists all the time is seen exactly
// once; what is created meanwhile may be seen; nothing is seen twice. All zero begins. It belongs to one
// class and one set of flags.
typedef struct StoreCursor {
        uint64_t after; // private
} StoreCursor;

// Visits the instances of a class, and of those derived from it unless STORE_SHALLOW, in order of creation.
// visit gets a borrowed instance of the class that it is of; the properties not in `want` (of the class
// named; NULL: all) may be left at their defaults. What it returns: 0 go on; else the walk ends behind this
// instance and returns it. 0 at the end. Classes of providers below the one named are passed over. E_DIAG:
// CIM_E_INVALID_NAMESPACE, CIM_E_INVALID_CLASS (there is none), CIM_E_INVALID_PARAMETER (flags),
// CIM_E_PROVIDER_NOT_CAPABLE.
typedef int (*StoreVisit)(void *context, const CimInstance *i);
int store_each_instance(Store *st, Str namespace, Str class_name, uint32_t flags, const CimWant *want,
                        StoreCursor *cursor, StoreVisit visit, void *context, Diag *reterr);

// --- marks ---------------------------------------------------------------------------------------
// A mark remembers under a key that things are as they are: whoever has made them so, and is asked to do it again, can
// leave it while the mark holds. It needs no upkeep: whether it holds is seen by looking.
typedef enum StoreMarkKind {
        STORE_MARK_CLASS = 1, // the class is what it is, or is not there
        STORE_MARK_TREE,      // so many classes derive from it, itself among them, with so many instances; maybe none
        STORE_MARK_INSTANCE,  // the instance has its values, or is not there
        STORE_MARK_NAMESPACE, // it is there or not, and has not been made anew
        STORE_MARK_NEED,      // as STORE_MARK_CLASS, of one that others of the mark lean on
} StoreMarkKind;

// Things that a mark is to be about. All zero is empty.
typedef struct StoreMark {
        Buf things;
        Str namespace; // of the last
        bool full;     // more than LIMIT_MARK_BYTES: it will not be set
} StoreMark;
// name: of a class, or the relative path of an instance. The namespace's string must stay until the next.
void store_mark_add(StoreMark *m, StoreMarkKind kind, Str namespace, Str name);
void store_mark_deinit(StoreMark *m);

enum { STORE_MARK_KEY = 16 };
// Sets the mark of that key: the things as they are now. One that is full is not set, and that of its key goes. Beyond
// LIMIT_MARKS and LIMIT_MARKS_BYTES those set longest ago go. 0, -ENOMEM, E_DIAG.
int store_mark_set(Store *st, const uint8_t key[STORE_MARK_KEY], const StoreMark *m, Diag *reterr);
// *ret: there is a mark of that key, and it holds. visit (may be NULL) gets its things, in their order, as they are
// looked at; name is the class as it is spelled now. 0, -ENOMEM, E_DIAG, what visit returns.
typedef int (*StoreMarkVisit)(void *context, StoreMarkKind kind, Str namespace, Str name, const CimClass *c);
int store_mark_holds(Store *st, const uint8_t key[STORE_MARK_KEY], StoreMarkVisit visit, void *context, bool *ret,
                     Diag *reterr);

#endif
