// SPDX-License-Identifier: MIT
// How long a durable import of 10,000 classes takes, against the rows that it leaves, written as blobs through SQLite in one
// transaction.
//
//   import [FOLDER]     where the files go; default: the current one
//
// Ours begins with the bytes of the text and ends when the store has answered that all is on disk: parsing, building,
// checking, the rows and their indices, the commit. The yardstick knows its rows beforehand and keeps no index: a table
// of numbers and blobs, the same journal (WAL, synchronous=FULL), a prepared statement. Each round has files of its own;
// both work in turns, and the best of their rounds counts.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "generate.h"
#include "mof/build.h"
#include "mof/system.h"
#include "repository/repository.h"

enum { CLASSES = 10000, ROUNDS = 9 };

static double now(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what)
{
        fprintf(stderr, "import: %s\n", what);
        exit(1);
}

static void must(int r, const Diag *d)
{
        char says[1400];
        if (r)
                die(r == E_DIAG ? diag_text(d, says, sizeof(says)) : "it failed");
}

static const char *named(const char *folder, const char *suffix)
{
        static char name[4096];
        snprintf(name, sizeof(name), "%s/bench-import-%ld.db%s", folder, (long)getpid(), suffix);
        return name;
}

static void forget(const char *folder)
{
        static const char *const suffixes[] = {"", "-wal", "-shm", "-lock", "-journal"};
        for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
                unlink(named(folder, suffixes[i]));
}

// --- ours ----------------------------------------------------------------------------------------

typedef struct Times {
        double parse, build, store, commit, all;
} Times;

static int seed(void *context, Str namespace, CimSchema **schema, Diag *reterr)
{
        (void)context;
        const Str texts[] = {mof_system_text, mof_root_text, mof_wmi_text, mof_wmicore_text};
        bool root = str_ieq(namespace, STR("root")), wmi = str_ieq(namespace, STR("root\\wmi"));
        for (size_t k = 0; k < 4; k++) {
                if ((k == 1 && !root) || (k >= 2 && !wmi))
                        continue;
                MofPlan *plan;
                Diag errors[1];
                size_t n;
                int r = mof_compile(&(MofSource){.text = texts[k], .namespace = namespace},
                                    &(MofBuild){.schema = *schema, .system = true}, &plan, errors, 1, &n);
                CimChange *changes = r ? NULL : calloc(plan->count + 1, sizeof(*changes));
                if (!changes)
                        return -ENOMEM;
                for (size_t i = 0; i < plan->count; i++)
                        changes[i] = (CimChange){.namespace = plan->steps[i].namespace, .klass = plan->steps[i].klass};
                CimSchema *after;
                r = cim_schema_change(*schema, changes, plan->count, &after, reterr);
                free(changes);
                mof_plan_free(plan);
                if (r)
                        return r;
                cim_schema_unref(*schema);
                *schema = after;
        }
        return 0;
}

typedef struct Import {
        RepositoryJob job; // first
        Str text;
        Times *times;
        double stored;
        bool done;
} Import;

static int import_run(RepositoryJob *j, Store *st)
{
        Import *m = (Import *)j;
        static Diag errors[LIMIT_MOF_ERRORS];
        size_t n;
        MofDocument *d;
        MofPlan *plan;
        CimSchema *schema = cim_schema_ref(store_schema(st));
        double begin = now();
        must(mof_parse(&(MofSource){.text = m->text, .name = "bench"}, &d, errors, LIMIT_MOF_ERRORS, &n), &errors[0]);
        m->times->parse = now() - begin;
        begin = now();
        must(mof_build(d, &(MofBuild){.schema = schema}, &plan, errors, LIMIT_MOF_ERRORS, &n), &errors[0]);
        m->times->build = now() - begin;
        begin = now();
        StorePut *puts = calloc(plan->count, sizeof(*puts));
        if (!puts)
                die("out of memory");
        for (size_t i = 0; i < plan->count; i++)
                puts[i] = (StorePut){.namespace = plan->steps[i].namespace, .klass = plan->steps[i].klass};
        must(store_put_classes(st, puts, plan->count, &n, &j->diag), &j->diag);
        m->stored = now();
        m->times->store = m->stored - begin;
        free(puts);
        mof_plan_free(plan);
        mof_document_free(d);
        cim_schema_unref(schema);
        return 0;
}

static void import_done(RepositoryJob *j, int r)
{
        Import *m = (Import *)j;
        must(r, &j->diag);
        m->times->commit = now() - m->stored;
        m->done = true;
}

static Times ours(const char *folder, Str text)
{
        static const char *const namespaces[] = {"root", "root\\default", "root\\wmi", NULL};
        char file[4096];
        Repository *r;
        Diag d;
        Times t;
        snprintf(file, sizeof(file), "%s", named(folder, ""));
        must(repository_open(&(RepositoryConfig){.file = file, .seed = seed, .namespaces = namespaces}, &r, &d), &d);
        Import m = {.job = {.run = import_run, .done = import_done}, .text = text, .times = &t};
        double begin = now();
        repository_submit(r, &m.job);
        while (!m.done)
                repository_dispatch(r);
        t.all = now() - begin;
        repository_close(r);
        return t;
}

// --- the yardstick -------------------------------------------------------------------------------

typedef struct Rows {
        Buf bytes;
        size_t *ends, count, capacity;
} Rows;

// One row as the bytes of its columns.
static void row_add(Rows *rows, sqlite3_stmt *s)
{
        for (int i = 0; i < sqlite3_column_count(s); i++) {
                int64_t number = sqlite3_column_int64(s, i);
                const void *p = sqlite3_column_blob(s, i);
                if (sqlite3_column_type(s, i) == SQLITE_INTEGER)
                        buf_u64(&rows->bytes, (uint64_t)number);
                else
                        buf_put(&rows->bytes, p, (size_t)sqlite3_column_bytes(s, i));
        }
        if (rows->count == rows->capacity) {
                rows->capacity = rows->capacity ? 2 * rows->capacity : 4096;
                rows->ends = reallocarray(rows->ends, rows->capacity, sizeof(*rows->ends));
        }
        if (rows->bytes.failed || !rows->ends)
                die("out of memory");
        rows->ends[rows->count++] = rows->bytes.n;
}

static Rows rows_of(const char *file)
{
        static const char *const tables[] = {"namespace", "version", "need", "class", "instance", "uses"};
        Rows rows = {0};
        sqlite3 *sql;
        if (sqlite3_open(file, &sql) != SQLITE_OK)
                die(sqlite3_errmsg(sql));
        for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
                char text[64];
                sqlite3_stmt *s;
                snprintf(text, sizeof(text), "SELECT * FROM %s", tables[i]);
                if (sqlite3_prepare_v2(sql, text, -1, &s, NULL) != SQLITE_OK)
                        die(sqlite3_errmsg(sql));
                while (sqlite3_step(s) == SQLITE_ROW)
                        row_add(&rows, s);
                sqlite3_finalize(s);
        }
        sqlite3_close(sql);
        return rows;
}

static void sql_do(sqlite3 *sql, const char *text)
{
        if (sqlite3_exec(sql, text, NULL, NULL, NULL) != SQLITE_OK)
                die(sqlite3_errmsg(sql));
}

static double blobs(const char *folder, const Rows *rows)
{
        sqlite3 *sql;
        sqlite3_stmt *s;
        if (sqlite3_open_v2(named(folder, ""), &sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                            NULL) != SQLITE_OK)
                die(sqlite3_errmsg(sql));
        sql_do(sql, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                    "CREATE TABLE row(id INTEGER PRIMARY KEY, value BLOB NOT NULL)");
        if (sqlite3_prepare_v2(sql, "INSERT INTO row(value) VALUES(?1)", -1, &s, NULL) != SQLITE_OK)
                die(sqlite3_errmsg(sql));
        double begin = now();
        sql_do(sql, "BEGIN IMMEDIATE");
        for (size_t i = 0, at = 0; i < rows->count; at = rows->ends[i++]) {
                sqlite3_bind_blob(s, 1, rows->bytes.p + at, (int)(rows->ends[i] - at), SQLITE_STATIC);
                if (sqlite3_step(s) != SQLITE_DONE)
                        die(sqlite3_errmsg(sql));
                sqlite3_reset(s);
        }
        sql_do(sql, "COMMIT");
        double took = now() - begin;
        sqlite3_finalize(s);
        sqlite3_close(sql);
        return took;
}

int main(int argc, char **argv)
{
        const char *folder = argc > 1 ? argv[1] : ".";
        Buf text = {0};
        Rows rows = {0};
        Times best = {.all = 1e9};
        double yard = 1e9;
        generate_classes(CLASSES, &text);
        if (text.failed)
                die("out of memory");
        for (int i = 0; i < ROUNDS; i++) {
                Times t = ours(folder, (Str){(char *)text.p, text.n});
                best = t.all < best.all ? t : best;
                if (!rows.count)
                        rows = rows_of(named(folder, ""));
                forget(folder);
                double b = blobs(folder, &rows);
                yard = b < yard ? b : yard;
                forget(folder);
        }
        printf("%d classes: %.2f MB of text, %zu rows of %.2f MB\n", CLASSES, (double)text.n / 1e6, rows.count,
               (double)rows.bytes.n / 1e6);
        printf("  the rows as blobs  %8.2f ms\n", yard * 1e3);
        printf("  import             %8.2f ms: parse %.2f, build %.2f, store %.2f, commit %.2f\n", best.all * 1e3,
               best.parse * 1e3, best.build * 1e3, best.store * 1e3, best.commit * 1e3);
        printf("  ratio              %8.2f\n", best.all / yard);
        buf_deinit(&rows.bytes);
        free(rows.ends);
        buf_deinit(&text);
        return 0;
}
