// SPDX-License-Identifier: MIT
// Inside the repository: one Store on one SQLite database, and who may touch it.
//
//   repository.c   jobs, batches, the thread          caller's thread and storage thread
//   store.c        a job's changes, undoing them      storage thread from here on
//   namespace.c class.c instance.c walk.c mark.c      the operations of store.h
//   version.c      class versions <-> numbers
//   database.c     the file: format, statements, what SQLite's errors mean
//
// The tables are in database.c. A class version is named by a number that is never used for another one; rows
// of instances say by which version their bytes are to be read, so changing a class rewrites no instance. The
// schema in memory is the truth about classes; the tables let the next start make the same.
#ifndef REPOSITORY_INTERNAL_H
#define REPOSITORY_INTERNAL_H

#include <sqlite3.h>

#include "base/limits.h"
#include "cim/codec.h"
#include "cim/status.h"
#include "repository/repository.h"

// --- statements (database.c) -----------------------------------------------------------------------
// Prepared at first use and kept. The texts are in database.c, in this order.
typedef enum Statement {
        SQL_BEGIN,
        SQL_COMMIT,
        SQL_ROLLBACK,
        SQL_JOB,
        SQL_JOB_DONE,
        SQL_JOB_UNDO,
        SQL_META_GET,
        SQL_META_SET,
        SQL_META_GONE,
        SQL_MARK_EACH,
        SQL_NAMESPACE_ID,
        SQL_NAMESPACE_NEW,
        SQL_NAMESPACE_GONE,
        SQL_NAMESPACE_EACH,
        SQL_NAMESPACE_CHILD,
        SQL_NAMESPACE_INSTANCES_GONE,
        SQL_NAMESPACE_CLASSES_GONE,
        SQL_NAMESPACE_USES,
        SQL_NAMESPACE_VERSIONS,
        SQL_VERSION_SAME,
        SQL_VERSION_NEW,
        SQL_VERSION_GET,
        SQL_VERSION_USED,
        SQL_VERSION_GONE,
        SQL_NEED_NEW,
        SQL_NEED_EACH,
        SQL_CLASS_GET,
        SQL_CLASS_NEW,
        SQL_CLASS_SET,
        SQL_CLASS_GONE,
        SQL_CLASS_EACH,
        SQL_INSTANCE_FIND,
        SQL_INSTANCE_NEW,
        SQL_INSTANCE_SET,
        SQL_INSTANCE_GONE,
        SQL_INSTANCE_GET,
        SQL_INSTANCE_AFTER,
        SQL_INSTANCE_ANY,
        SQL_INSTANCE_COUNT,
        SQL_USES_NEW,
        SQL_USES_GONE,
        SQL_USES_EACH,
        SQL_COUNT
} Statement;

#define DATABASE_FORMAT 1
// The advice about a damaged file.
#define DATABASE_CHECK_IT    "check it with 'wmi repository check' and restore a backup"
#define DATABASE_APPLICATION 0x46574D49 // "FWMI"

typedef struct Database {
        sqlite3 *sql;
        const char *name; // of the file, for messages; "the store in memory"
        sqlite3_stmt *statements[SQL_COUNT];
} Database;

// How a file is opened.
typedef enum DatabaseMode {
        DATABASE_SERVE, // to change it; made when it is not there
        DATABASE_READ,  // a store that is there, to look at
} DatabaseMode;

// sqlite3_open_v2 of the file of that name, whatever the name: ":memory:" and "file:..." are files too.
// SQLite's result.
int database_connect(sqlite3 **ret, const char *file, int flags);
// file NULL: in memory. The format is checked before anything else is believed. 0, -ENOMEM, E_DIAG.
int database_open(Database *d, const char *file, DatabaseMode mode, Diag *reterr);
void database_close(Database *d);
// PRAGMA quick_check, or integrity_check when `whole`; tell is called for each line. 0; E_DIAG when it could
// not be done.
int database_integrity(Database *d, bool whole, void (*tell)(void *context, const char *what), void *context,
                       Diag *reterr);
// Is the text of the tables exactly this format's? 0, E_DIAG.
int database_format(Database *d, Diag *reterr);

// A statement ready to be bound. NULL: it cannot be had, *ret_r says why (as database_failed).
sqlite3_stmt *database_statement(Database *d, Statement s, int *ret_r, Diag *reterr);
// One step. 0 with *ret_row; without a row the statement is reset. Otherwise as database_failed, reset too.
int database_step(Database *d, sqlite3_stmt *s, bool *ret_row, Diag *reterr);
// A statement that gives no row.
int database_run(Database *d, sqlite3_stmt *s, Diag *reterr);
// The same without anything to bind.
int database_do(Database *d, Statement s, Diag *reterr);
// What SQLite's answer means to a caller: -ENOMEM, or E_DIAG with CIM_E_CRITICAL_ERROR, the reason and what
// to do.
int database_failed(Database *d, int rc, Diag *reterr);
// What is in the file cannot be. E_DIAG, CIM_E_CRITICAL_ERROR.
int database_damaged(Database *d, Diag *reterr, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static inline void bind_str(sqlite3_stmt *s, int at, Str v)
{
        sqlite3_bind_text(s, at, v.n ? v.p : "", (int)v.n, SQLITE_STATIC);
}

static inline void bind_bytes(sqlite3_stmt *s, int at, const Buf *b)
{
        sqlite3_bind_blob64(s, at, b->n ? (const void *)b->p : "", b->n, SQLITE_STATIC);
}

static inline Str column_str(sqlite3_stmt *s, int at)
{
        const char *p = (const char *)sqlite3_column_text(s, at);
        return (Str){p ? p : "", p ? (size_t)sqlite3_column_bytes(s, at) : 0};
}

static inline Str column_bytes(sqlite3_stmt *s, int at)
{
        const char *p = sqlite3_column_blob(s, at);
        return (Str){p ? p : "", p ? (size_t)sqlite3_column_bytes(s, at) : 0};
}

// Takes the lock of a store's file (repository.c): *ret is to be closed. 0, -ENOMEM, E_DIAG.
int repository_lock(const char *file, int *ret, Diag *reterr);
// Gives the lock back. forget: FILE-lock goes too, as nothing was done with the file.
void repository_unlock(const char *file, int lock, bool forget);

// The number of a class version; 0: it cannot be one.
static inline uint32_t column_version(sqlite3_stmt *s, int at)
{
        int64_t n = sqlite3_column_int64(s, at);
        return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

// --- class versions (version.c) --------------------------------------------------------------------
// A class version and where objects of it live: two objects of one class, here and nowhere, have two numbers.
typedef struct Version {
        uint32_t number;
        const CimClass *klass; // a reference
        Str namespace;         // "" : nowhere
        // What class_facts has found out about a class of the schema.
        bool facts;
        int64_t row, keyed; // rows of the class, and of the one that introduced its keys
        char text[];
} Version;

// What is known of them; can be forgotten at any time between operations.
typedef struct Versions {
        Version **by_number, **by_class; // open addressing, `slots` each
        size_t count, slots;
        size_t strangers; // classes that are not the schema's
} Versions;

#define VERSIONS_STRANGERS 256u // kept from one job to the next

typedef struct Numbers {
        uint32_t *list; // malloc
        size_t count, capacity;
} Numbers;

// --- the store (store.c) ---------------------------------------------------------------------------
struct Store {
        Database db;
        StoreSeed seed;
        void *seed_context;
        const char *const *fixed; // namespaces that stay
        CimSchema *schema;        // as this transaction sees it
        Versions versions;
        Numbers stale;    // versions that may have lost their last use
        char space[LIMIT_NAMESPACE_CHARS + 1]; // the namespace whose row was looked up last
        int64_t space_row;                     // that row; 0: none is known
        uint64_t commits; // number of the last commit
        // of the job that runs
        StoreChange *changes;
        size_t change_count, change_capacity, change_limit;
        size_t change_bytes, change_bytes_limit; // in memory
        bool schema_changed;
        void (*work_tell)(void *context, uint64_t done, uint64_t all);
        void *work_context;
        uint64_t work_done, work_all;
};

int numbers_push(Numbers *n, uint32_t number); // 0, -ENOMEM
int numbers_add(Numbers *n, uint32_t number);  // unless it is there
bool numbers_have(const Numbers *n, uint32_t number);

void versions_clear(Versions *v);
// Of all that makes a version, for finding it.
int64_t version_digest(Str upper, uint32_t super, Str refs, Str declaration);
// The number of c for objects that live in `namespace`. make: it is written when it has none yet; else *ret
// 0.
int version_number(Store *st, const CimClass *c, Str namespace, bool make, uint32_t *ret, Diag *reterr);
// The same as what is known of it, borrowed until versions_clear; *ret NULL: it has no number.
int version_of_class(Store *st, const CimClass *c, Str namespace, bool make, Version **ret, Diag *reterr);
// The version of a number, borrowed until versions_clear. E_DIAG when there is none or it is damaged.
int version_find(Store *st, uint32_t number, const Version **ret, Diag *reterr);
// Takes away the versions of st->stale that nothing needs any more.
int version_settle(Store *st, Diag *reterr);
// The bytes of an instance's values. *used gets the versions of the objects inside it.
int version_encode(Store *st, const CimInstance *i, Buf *out, Numbers *used, Diag *reterr);
// The reverse, into i (of class v->klass). used may be NULL.
int version_decode(Store *st, const Version *v, Str bytes, const CimWant *want, Numbers *used, CimInstance *i,
                   Diag *reterr);

// s in upper case by the rule of names (base/str.h): equal bytes for equal names.
void store_upper(Str s, Buf *out);
// Undoes, in memory, what a job did; the schema becomes `before` (a reference that this takes). written: it
// has written rows, so numbers of versions that are known may be in no row any more.
void store_undo(Store *st, CimSchema *before, bool written);
// Remembers a change; takes the references. 0; -ENOMEM, E_DIAG: the job changes too much.
int store_changed(Store *st, StoreChangeKind kind, StoreObjectKind what, CimInstance *take_before,
                  CimInstance *take_after, Diag *reterr);
void store_changes_free(StoreChange *changes, size_t count);
// One more piece of work_all is done.
void store_worked(Store *st);
// Takes `after` (a reference) as the schema.
void store_take_schema(Store *st, CimSchema *after);
// The namespace as it is spelled, borrowed from the schema. E_DIAG: CIM_E_INVALID_NAMESPACE, with the nearest
// name.
int store_namespace(const Store *st, Str namespace, Str *ret, Diag *reterr);
// A name in a message: "%.*s", at most 100 bytes.
#define CLIP(s) (int)((s).n < 100 ? (s).n : 100), (s).p
// The first two bits of WBEM_CHANGE_FLAG_TYPE against what exists: 0, E_DIAG. what: "class", "instance".
int store_check_flags(uint32_t flags, uint32_t allowed, bool exists, const char *what, Str name,
                      Diag *reterr);

// --- namespaces (namespace.c) ----------------------------------------------------------------------
// The row of a namespace; *ret 0: none.
int namespace_id(Store *st, Str namespace, int64_t *ret, Diag *reterr);
// Creates what is not there, root first, with events when `tell`.
int namespace_ensure(Store *st, Str namespace, bool tell, Diag *reterr);
// The __NAMESPACE instance of a namespace, in its parent; *ret NULL for root or when the parent has no such
// class.
int namespace_object(const Store *st, Str namespace, CimInstance **ret);
// Reads namespaces and classes of the database into st->schema; writes what the seed has changed unless
// read_only.
int store_load(Store *st, bool read_only, Diag *reterr);

// --- classes (class.c) -----------------------------------------------------------------------------
// The row of a class of that name. *ret 0: it has none; *ret_version 0: not the user's.
int class_row(Store *st, Str namespace, Str name, int64_t *ret, uint32_t *ret_version, Diag *reterr);
// The same for a class of the schema, whose row is made when it has none.
int class_row_made(Store *st, Str namespace, const CimClass *c, int64_t *ret, Diag *reterr);
// Makes c, a class of the schema, the user's class of that name.
int class_store(Store *st, Str namespace, const CimClass *c, Diag *reterr);
// The class, or E_DIAG with `code` and the nearest name.
int class_find(const Store *st, Str namespace, Str name, uint32_t code, const CimClass **ret, Diag *reterr);

// --- instances (instance.c) ------------------------------------------------------------------------
// Are its instances a provider's? E_DIAG: CIM_E_PROVIDER_NOT_CAPABLE.
int class_check_provided(const CimClass *c, Diag *reterr);
bool class_is_namespace(const CimClass *c);
// A class of the schema with its rows. make: they are made; else *ret NULL when there are none, so no
// instance either.
int class_facts(Store *st, Str namespace, const CimClass *c, bool make, const Version **ret, Diag *reterr);
// Deletes all instances of exactly c, each told.
int instance_delete_all(Store *st, Str namespace, const CimClass *c, Diag *reterr);
int instance_any(Store *st, Str namespace, const CimClass *c, bool *ret, Diag *reterr);
// The class that introduced the keys of c: instances of its subclasses share one space of keys with its own.
const CimClass *class_keyed(const CimClass *c);
// A row as an instance of `now`, in its namespace. used (may be NULL): versions of the objects in it.
int instance_read(Store *st, Str namespace, uint32_t version, Str value, const CimClass *now,
                  const CimWant *want, Numbers *used, CimInstance **ret, Diag *reterr);
// The ids of instances of exactly one class behind `after`, in order; at most `most`. Returns them in ret[],
// their number in *ret_count.
int instance_ids(Store *st, int64_t class_row, int64_t after, size_t most, int64_t *ret, size_t *ret_count,
                 Diag *reterr);
// Which bytes a row holds: its version and a hash of them that every process makes alike. *ret_version 0: it is gone.
int instance_print(Store *st, int64_t id, uint32_t *ret_version, uint64_t *ret_hash, Diag *reterr);
// The row that a path of a class names; 0: there is none.
int instance_row(Store *st, Str namespace, const CimPath *path, const CimClass *c, int64_t *ret, Diag *reterr);
int instance_count(Store *st, Str namespace, const CimClass *c, uint64_t *ret, Diag *reterr);
// The instance of an id; *ret NULL: it is gone.
int instance_of_id(Store *st, Str namespace, int64_t id, const CimClass *now, const CimWant *want,
                   CimInstance **ret, Diag *reterr);

// --- fitting (fit.c) -------------------------------------------------------------------------------
// Values of `from` under the properties of c; borrows from both, lives in `a`. strict: as PutInstance judges;
// else what does not fit is left out.
int instance_fit(Store *st, Str namespace, const CimInstance *from, const CimClass *c, bool strict, Arena *a,
                 CimInstance **ret, Diag *reterr);

#endif
