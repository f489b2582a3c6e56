// SPDX-License-Identifier: MIT
// Repository: jobs, the batches in which they are committed, and the thread that runs them.
//
//   submit -> waiting --(storage thread)--> BEGIN; job, job, ...; COMMIT -> finished --(dispatch)-->
//   committed, done
//
// Between the two threads there are two lists under one mutex; the storage thread sleeps on a condition, the
// caller on an eventfd. Everything else of a Repository belongs to one of them: the Store to the storage
// thread, `told` to the caller's. Without a thread both are the caller's.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/internal.h"

// What became of a job, from the batch to its done().
typedef struct JobState {
        int result;
        bool changed, schema_changed;
        uint64_t number;
        CimSchema *schema; // a reference, when it changed something
        StoreChange *changes;
        size_t count, at; // at: told so far
} JobState;

struct Repository {
        RepositoryConfig config;
        char *file;
        int lock; // of the file; -1: none
        int wake; // eventfd
        Store store;
        size_t jobs; // submitted and not done; the caller's
        CimSchema *told;
        List telling; // finished, in part told; the caller's
        // between the threads
        pthread_mutex_t mutex;
        pthread_cond_t more;
        List waiting, finished;
        bool stop, threaded;
        pthread_t thread;
};

enum { REPOSITORY_BATCH = 256 };

// --- one batch (storage thread) -----------------------------------------------------------------------

static void state_free(JobState *s)
{
        if (!s)
                return;
        cim_schema_unref(s->schema);
        store_changes_free(s->changes, s->count);
        free(s);
}

static bool batch_alive(const Store *st)
{
        return !sqlite3_get_autocommit(st->db.sql);
}

// Takes what a job that went well has changed.
static void job_keep(Store *st, JobState *s)
{
        s->changed = st->change_count || st->schema_changed;
        s->schema_changed = st->schema_changed;
        s->changes = st->changes;
        s->count = st->change_count;
        st->changes = NULL;
        st->change_count = st->change_capacity = st->change_bytes = 0;
        st->schema_changed = false;
        if (!s->changed)
                return;
        s->schema = cim_schema_ref(st->schema);
        s->number = ++st->commits;
}

static int job_run(Store *st, RepositoryJob *j, JobState *s)
{
        if (st->versions.strangers > VERSIONS_STRANGERS)
                versions_clear(&st->versions);
        int r = database_do(&st->db, SQL_JOB, &j->diag);
        if (r)
                return r;
        CimSchema *before = cim_schema_ref(st->schema);
        sqlite3_int64 rows = sqlite3_total_changes64(st->db.sql);
        r = j->run(j, st);
        store_on_work(st, NULL, NULL);
        if (r == 0 && batch_alive(st))
                r = database_do(&st->db, SQL_JOB_DONE, &j->diag);
        if (r == 0) {
                job_keep(st, s);
                cim_schema_unref(before);
                return 0;
        }
        store_undo(st, before, sqlite3_total_changes64(st->db.sql) != rows);
        // A full disk may have ended the whole transaction: then there is nothing to go back to.
        Diag why;
        int undone = batch_alive(st) ? database_do(&st->db, SQL_JOB_UNDO, &why) : 0;
        if (undone == 0 && batch_alive(st))
                undone = database_do(&st->db, SQL_JOB_DONE, &why);
        if (undone && batch_alive(st))
                database_do(&st->db, SQL_ROLLBACK, &why);
        return r;
}

static int commit_number(Store *st, Diag *reterr)
{
        int r = 0;
        sqlite3_stmt *s = database_statement(&st->db, SQL_META_SET, &r, reterr);
        if (!s)
                return r;
        bind_str(s, 1, STR("commit"));
        sqlite3_bind_int64(s, 2, (int64_t)st->commits);
        return database_run(&st->db, s, reterr);
}

static int batch_commit(Store *st, uint64_t commits_before, Diag *reterr)
{
        if (!batch_alive(st)) {
                diag_set(reterr, CIM_E_CRITICAL_ERROR,
                         "%s: the transaction was undone for an operation that was committed with it",
                         st->db.name);
                return diag_hint(reterr, "see the error of that operation; then do this one again");
        }
        int r = st->commits != commits_before ? commit_number(st, reterr) : 0;
        if (r == 0)
                r = database_do(&st->db, SQL_COMMIT, reterr);
        if (r && batch_alive(st)) {
                Diag why;
                database_do(&st->db, SQL_ROLLBACK, &why);
        }
        return r;
}

// What went well until the commit failed has not happened.
static void batch_fail(List *jobs, int r, const Diag *why)
{
        LIST_EACH(i, jobs)
        {
                RepositoryJob *j = list_entry(i, RepositoryJob, link);
                JobState *s = j->private;
                if (!s || s->result)
                        continue;
                s->result = r;
                if (r == E_DIAG)
                        j->diag = *why;
                s->changed = s->schema_changed = false;
                s->schema = cim_schema_unref(s->schema);
                store_changes_free(s->changes, s->count);
                s->changes = NULL;
                s->count = 0;
        }
}

static void batch_run(Store *st, List *jobs)
{
        Diag why = {0};
        uint64_t commits = st->commits;
        CimSchema *before = cim_schema_ref(st->schema);
        // A transaction that could be neither committed nor rolled back would stay for ever.
        int r = batch_alive(st) ? database_do(&st->db, SQL_ROLLBACK, &why) : 0;
        if (r == 0)
                r = database_do(&st->db, SQL_BEGIN, &why);
        LIST_EACH(i, jobs)
        {
                RepositoryJob *j = list_entry(i, RepositoryJob, link);
                JobState *s = j->private = calloc(1, sizeof(JobState));
                if (s && r == 0 && batch_alive(st))
                        s->result = job_run(st, j, s);
        }
        if (r == 0)
                r = batch_commit(st, commits, &why);
        if (r) {
                store_undo(st, before, true);
                st->commits = commits;
                batch_fail(jobs, r, &why);
        } else {
                cim_schema_unref(before);
        }
}

// Moves at most a batch of what waits into *ret. The mutex is held, or there is no thread.
static void batch_take(Repository *r, List *ret)
{
        list_init(ret);
        for (uint32_t n = r->config.batch; n && !list_empty(&r->waiting); n--)
                list_push(ret, list_pop(&r->waiting));
}

static void repository_wake(Repository *r)
{
        uint64_t one = 1;
        ssize_t n = write(r->wake, &one, sizeof(one));
        (void)n; // it can only be full, and is readable then
}

static void finished_push(Repository *r, List *jobs)
{
        for (List *i; (i = list_pop(jobs));)
                list_push(&r->finished, i);
        repository_wake(r);
}

static void *storage_thread(void *context)
{
        Repository *r = context;
        List jobs;
        pthread_mutex_lock(&r->mutex);
        for (;;) {
                while (list_empty(&r->waiting) && !r->stop)
                        pthread_cond_wait(&r->more, &r->mutex);
                if (list_empty(&r->waiting))
                        break;
                batch_take(r, &jobs);
                pthread_mutex_unlock(&r->mutex);
                batch_run(&r->store, &jobs);
                pthread_mutex_lock(&r->mutex);
                finished_push(r, &jobs);
        }
        pthread_mutex_unlock(&r->mutex);
        return NULL;
}

static int thread_start(Repository *r)
{
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int e = pthread_create(&r->thread, NULL, storage_thread, r);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        r->threaded = e == 0;
        return -e;
}

// --- the caller's side ----------------------------------------------------------------------------------

int repository_fd(const Repository *r)
{
        return r->wake;
}

const CimSchema *repository_schema(const Repository *r)
{
        return r->told;
}

size_t repository_waiting(const Repository *r)
{
        return r->jobs;
}

void repository_submit(Repository *r, RepositoryJob *j)
{
        j->private = NULL;
        j->diag = (Diag){0};
        r->jobs++;
        pthread_mutex_lock(&r->mutex);
        bool first = list_empty(&r->waiting);
        list_push(&r->waiting, &j->link);
        if (first && r->threaded)
                pthread_cond_signal(&r->more);
        pthread_mutex_unlock(&r->mutex);
        if (first && !r->threaded)
                repository_wake(r);
}

// Tells what the budget allows. True: all is told.
static bool job_tell(Repository *r, JobState *s, size_t *budget)
{
        if (!s->at) {
                cim_schema_unref(r->told);
                r->told = cim_schema_ref(s->schema);
        }
        size_t to = s->count - s->at > *budget ? s->at + *budget : s->count;
        if (r->config.committed)
                r->config.committed(r->config.context, &(RepositoryCommit){.number = s->number,
                                                                           .schema = s->schema,
                                                                           .schema_changed = s->schema_changed,
                                                                           .changes = s->changes,
                                                                           .count = s->count,
                                                                           .from = s->at,
                                                                           .to = to});
        *budget -= to - s->at;
        s->at = to;
        return to == s->count;
}

static void jobs_finish(Repository *r)
{
        size_t budget = REPOSITORY_SLICE;
        while (!list_empty(&r->telling) && budget) {
                RepositoryJob *j = list_entry(list_first(&r->telling), RepositoryJob, link);
                JobState *s = j->private;
                int result = s ? s->result : -ENOMEM;
                if (s && s->changed && !job_tell(r, s, &budget))
                        return;
                list_pop(&r->telling);
                j->private = NULL;
                r->jobs--;
                state_free(s);
                j->done(j, result);
        }
}

void repository_dispatch(Repository *r)
{
        uint64_t count;
        List jobs;
        ssize_t got = read(r->wake, &count, sizeof(count));
        (void)got; // nothing there: nothing is finished either
        if (!r->threaded && list_empty(&r->telling)) {
                batch_take(r, &jobs);
                if (!list_empty(&jobs)) {
                        batch_run(&r->store, &jobs);
                        finished_push(r, &jobs);
                }
        }
        pthread_mutex_lock(&r->mutex);
        for (List *i; (i = list_pop(&r->finished));)
                list_push(&r->telling, i);
        bool more = !r->threaded && !list_empty(&r->waiting);
        pthread_mutex_unlock(&r->mutex);
        // What finished_push has written is seen to here; what still waits needs another call.
        if (!r->threaded && !more)
                got = read(r->wake, &count, sizeof(count));
        jobs_finish(r);
        if (!list_empty(&r->telling))
                repository_wake(r);
}

// --- opening ----------------------------------------------------------------------------------------------

// FILE-lock, not FILE itself: closing any descriptor of a database drops SQLite's own locks on it. One file
// has one lock by whatever symbolic link it is named. NULL: no memory.
static char *lock_name(const char *file)
{
        char *name, *real = realpath(file, NULL);
        int n = asprintf(&name, "%s-lock", real ? real : file);
        free(real);
        return n < 0 ? NULL : name;
}

// The lock that was got may have been taken away (repository_unlock) between open and flock.
static bool lock_holds(int fd, const char *name)
{
        struct stat mine, there;
        return fstat(fd, &mine) == 0 && stat(name, &there) == 0 && mine.st_dev == there.st_dev &&
               mine.st_ino == there.st_ino;
}

static int lock_take(const char *name)
{
        for (;;) {
                int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
                int e = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ? errno : 0;
                if (!e && lock_holds(fd, name))
                        return fd;
                if (fd >= 0)
                        close(fd);
                if (e)
                        return -e;
        }
}

int repository_lock(const char *file, int *ret, Diag *reterr)
{
        char *name = lock_name(file);
        *ret = -1;
        if (!name)
                return -ENOMEM;
        int fd = lock_take(name), e = fd < 0 ? -fd : 0;
        if (e == EWOULDBLOCK) {
                diag_set(reterr, CIM_E_ALREADY_EXISTS, "%s is served by another process", file);
                diag_hint(reterr, "end that one, or give this one a file of its own");
        } else if (e) {
                diag_set(reterr, CIM_E_FAILED, "%s: %s", name, strerror(e));
                diag_hint(reterr, "the directory of the store must be there and writable");
        }
        free(name);
        if (!e)
                *ret = fd;
        return e ? E_DIAG : 0;
}

void repository_unlock(const char *file, int lock, bool forget)
{
        char *name = forget ? lock_name(file) : NULL;
        if (name && lock_holds(lock, name)) // a link may lead elsewhere now
                unlink(name);
        free(name);
        close(lock);
}

// The file, so that it is nobody else's from the first byte on.
static int file_touch(const char *file, Diag *reterr)
{
        int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
        struct stat s;
        int e = fd < 0 ? errno : 0;
        if (!e && (fstat(fd, &s) < 0 || !S_ISREG(s.st_mode)))
                e = EINVAL;
        if (fd >= 0)
                close(fd);
        if (!e)
                return 0;
        diag_set(reterr, CIM_E_FAILED, "%s: %s", file, e == EINVAL ? "not an ordinary file" : strerror(e));
        return diag_hint(reterr, e == EINVAL || e == EISDIR
                                         ? "name a file: one that is there, or one to be made"
                                         : "the directory of the store must be there, and both writable");
}

typedef struct Damage {
        unsigned count;
        char first[160];
} Damage;

static void damage_note(void *context, const char *what)
{
        Damage *d = context;
        if (!d->count++)
                snprintf(d->first, sizeof(d->first), "%s", what);
}

static int open_check(Store *st, Diag *reterr)
{
        Damage d = {0};
        int r = database_integrity(&st->db, false, damage_note, &d, reterr);
        return r == 0 && d.count
                       ? database_damaged(&st->db, reterr, "%s%s", d.first, d.count > 1 ? ", and more" : "")
                       : r;
}

static int open_commits(Store *st, Diag *reterr)
{
        int r = 0;
        bool row;
        sqlite3_stmt *s = database_statement(&st->db, SQL_META_GET, &r, reterr);
        if (!s)
                return r;
        bind_str(s, 1, STR("commit"));
        r = database_step(&st->db, s, &row, reterr);
        if (r || !row)
                return r ? r
                         : database_damaged(&st->db, reterr, "it does not say how many commits it has seen");
        st->commits = (uint64_t)sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
        return 0;
}

// Loads what is there, in one transaction with what has to be made.
static int open_load(Store *st, Diag *reterr)
{
        st->schema = cim_schema_new();
        int r = st->schema ? open_commits(st, reterr) : -ENOMEM;
        // What undoes must not need memory when it is needed.
        for (Statement s = SQL_BEGIN; s <= SQL_JOB_UNDO && r == 0; s++)
                (void)database_statement(&st->db, s, &r, reterr);
        if (r == 0)
                r = database_do(&st->db, SQL_BEGIN, reterr);
        if (r)
                return r;
        r = store_load(st, false, reterr);
        if (r == 0)
                r = database_do(&st->db, SQL_COMMIT, reterr);
        st->schema_changed = false;
        return r;
}

static int open_store(Repository *r, Diag *reterr)
{
        Store *st = &r->store;
        if (r->file && !r->file[0]) {
                diag_set(reterr, CIM_E_INVALID_PARAMETER, "the repository's file has no name");
                return diag_hint(reterr, "name a file, or give none at all for a store in memory");
        }
        int e = r->file ? repository_lock(r->file, &r->lock, reterr) : 0;
        if (e == 0 && r->file)
                e = file_touch(r->file, reterr);
        if (e == 0)
                e = database_open(&st->db, r->file, DATABASE_SERVE, reterr);
        if (e)
                return e;
        e = r->file ? open_check(st, reterr) : 0;
        if (e == 0)
                e = open_load(st, reterr);
        // What cannot be read or loaded is damaged, as far as whoever starts the service is concerned.
        if (e == E_DIAG && reterr && reterr->code == (uint32_t)CIM_E_CRITICAL_ERROR)
                reterr->code = (uint32_t)CIM_E_INITIALIZATION_FAILURE;
        return e;
}

// refused: it never served its file, and leaves nothing beside it.
static void repository_free(Repository *r, bool refused)
{
        store_changes_free(r->store.changes, r->store.change_count);
        versions_clear(&r->store.versions);
        free(r->store.stale.list);
        database_close(&r->store.db);
        cim_schema_unref(r->store.schema);
        cim_schema_unref(r->told);
        if (r->wake >= 0)
                close(r->wake);
        if (r->lock >= 0)
                repository_unlock(r->file, r->lock, refused);
        pthread_cond_destroy(&r->more);
        pthread_mutex_destroy(&r->mutex);
        free(r->file);
        free(r);
}

int repository_open(const RepositoryConfig *config, Repository **ret, Diag *reterr)
{
        Repository *r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->config = *config;
        if (!r->config.batch)
                r->config.batch = REPOSITORY_BATCH;
        r->lock = r->wake = -1;
        list_init(&r->waiting);
        list_init(&r->telling);
        list_init(&r->finished);
        pthread_mutex_init(&r->mutex, NULL);
        pthread_cond_init(&r->more, NULL);
        r->store.seed = config->seed;
        r->store.seed_context = config->context;
        r->store.fixed = config->namespaces;
        r->store.change_limit = config->changes ? config->changes : LIMIT_JOB_CHANGES;
        r->store.change_bytes_limit = config->change_bytes ? config->change_bytes : LIMIT_JOB_BYTES;
        int e = 0;
        if (config->file && !(r->file = strdup(config->file)))
                e = -ENOMEM;
        if (!e && (r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
                e = -errno;
        if (!e)
                e = open_store(r, reterr);
        if (!e) {
                r->told = cim_schema_ref(r->store.schema);
                e = config->thread ? thread_start(r) : 0;
        }
        if (e)
                repository_free(r, true);
        else
                *ret = r;
        return e;
}

Repository *repository_close(Repository *r)
{
        if (!r)
                return NULL;
        while (r->jobs) {
                struct pollfd p = {.fd = r->wake, .events = POLLIN};
                poll(&p, 1, -1);
                repository_dispatch(r);
        }
        if (r->threaded) {
                pthread_mutex_lock(&r->mutex);
                r->stop = true;
                pthread_cond_signal(&r->more);
                pthread_mutex_unlock(&r->mutex);
                pthread_join(r->thread, NULL);
        }
        repository_free(r, false);
        return NULL;
}
