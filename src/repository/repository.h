// SPDX-License-Identifier: MIT
// Repository: namespaces, classes and instances that outlive the service, changed in transactions.
//
//   Repository *r;
//   repository_open(&(RepositoryConfig){.file = path, .thread = true, .seed = ..., .committed = ..., .context
//   = s}, &r, &diag); repository_submit(r, &job);       // run() works on the Store in a transaction; done()
//   when it is on disk
//   ... poll(repository_fd(r)) ... repository_dispatch(r);
//
// The caller's thread never waits for the disk. Jobs run one after another, in the order in which they were
// submitted: in a thread of the repository's own, or (thread = false) inside repository_dispatch. All jobs
// that wait are run as one transaction with a savepoint each and committed once, so durability is paid once a
// batch. Then, in the caller's thread: `committed` for each job that changed something, in commit order (once,
// or REPOSITORY_SLICE changes at a time, so that no repository_dispatch takes long); then that job's done(). A
// job is answered as done only when it is on disk (WAL, synchronous=FULL).
//
// Without a file the same store lives in memory.
#ifndef REPOSITORY_REPOSITORY_H
#define REPOSITORY_REPOSITORY_H

#include "base/list.h"
#include "cim/schema.h"
#include "repository/store.h"

enum { REPOSITORY_SLICE = 1024 }; // changes that one repository_dispatch tells

typedef struct Repository Repository;
typedef struct RepositoryJob RepositoryJob;

// What one job changed, after it is on disk.
typedef struct RepositoryCommit {
        uint64_t number;         // grows by one; survives restarts
        const CimSchema *schema; // as of this commit; borrowed
        bool schema_changed;
        const StoreChange *changes; // in the order in which they were made
        size_t count;
        size_t from, to; // those to be told now: changes[from..to); from 0: the first time, to == count: the last
} RepositoryCommit;

typedef struct RepositoryConfig {
        const char *file; // NULL: in memory. Created (mode 0600) when absent; its directory must exist
        bool thread;
        StoreSeed seed; // what a namespace has from the start; called in the storage thread (by
                        // repository_open: in the caller's)
        void (*committed)(void *context, const RepositoryCommit *c); // in the caller's thread
        void *context;
        uint32_t batch;      // jobs in one transaction at most; 0: 256
        uint32_t changes;    // classes and instances that one job may change; 0: LIMIT_JOB_CHANGES
        size_t change_bytes; // that these may take in memory when they are more than one; 0: LIMIT_JOB_BYTES
        const char *const *namespaces; // that are always there besides `root`, ended by NULL; made when
                                       // absent, never deleted
} RepositoryConfig;

// Opens, checks integrity (PRAGMA quick_check, that the tables are this format's, that all classes can be
// built; instances are checked as they are read, and by repository_check), makes config->namespaces, loads
// the schema. Takes the file's lock (FILE-lock): one service at a time. 0; -errno; E_DIAG with file and
// reason: CIM_E_ALREADY_EXISTS (another service has it), CIM_E_INITIALIZATION_FAILURE (damaged: says to
// restore a backup; of a newer format; not a store), CIM_E_FAILED (the system's reason),
// CIM_E_INVALID_PARAMETER (file is "").
int repository_open(const RepositoryConfig *config, Repository **ret, Diag *reterr);
// Runs what was submitted to its end, calls every done(), frees. NULL is fine.
Repository *repository_close(Repository *r);

// Readable when repository_dispatch has something to do.
int repository_fd(const Repository *r);
void repository_dispatch(Repository *r);
// As of the last commit that was told. Borrowed until the next dispatch.
const CimSchema *repository_schema(const Repository *r);

struct RepositoryJob {
        // In the storage thread, inside the job's own savepoint. Anything else than 0 undoes all it did.
        // E_DIAG with `diag`.
        int (*run)(RepositoryJob *j, Store *st);
        // In the caller's thread, last: may free the job. r: what run returned; E_DIAG with diag also when
        // the commit failed (CIM_E_CRITICAL_ERROR: nothing of the job is in the store).
        void (*done)(RepositoryJob *j, int r);
        Diag diag;
        List link;     // the repository's
        void *private; // the repository's
};
void repository_submit(Repository *r, RepositoryJob *j);
// Jobs submitted and not done: for the caller's own bound.
size_t repository_waiting(const Repository *r);

// --- files, without a service --------------------------------------------------------------------
// A consistent copy of a store, also while a service has it. `to` must not exist. progress (may be NULL):
// pages done, all.
typedef void (*RepositoryProgress)(void *context, uint64_t done, uint64_t all);
int repository_backup(const char *file, const char *to, RepositoryProgress progress, void *context,
                      Diag *reterr);
// Replaces a store by a backup, whole or not at all; the backup is checked first. No service may have it.
// Nor may it be the file itself: CIM_E_INVALID_PARAMETER.
int repository_restore(const char *backup, const char *file, RepositoryProgress progress, void *context,
                       Diag *reterr);
// Checks a file, also while a service has it; tell is called for each thing that is wrong. 0: sound; E_DIAG:
// *reterr says how many things are wrong, or why it cannot be read.
typedef struct RepositoryFigures {
        uint32_t format;
        uint64_t namespaces, classes, instances, bytes;
} RepositoryFigures;
int repository_check(const char *file, StoreSeed seed, void *seed_context,
                     void (*tell)(void *context, const char *what), void *context, RepositoryFigures *ret,
                     Diag *reterr);

#endif
