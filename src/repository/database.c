// SPDX-License-Identifier: MIT
// Database: the file and its format, statements, and what SQLite's errors mean.
//
//   meta       what the format is called, the number of the last commit, marks (mark.c)
//   namespace  one row each, `root` has no parent
//   version    class versions: a declaration, and the numbers of the versions it was built on
//   need       version -> every version it was built on
//   class      classes that have rows: the user's (version: the one that holds now), and system classes
//   (version NULL) instance   value bytes, to be read by `version`; `keyed` is the class that introduced the
//   keys uses       instance -> versions of the objects inside it
//
// `upper` is a name in upper case by our own rule (base/str.h), so that SQLite compares bytes. Ids grow and
// are never used again: the id of an instance is its place in the order of creation.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/internal.h"

static const char *const database_tables[] = {
        "CREATE TABLE meta(name TEXT PRIMARY KEY NOT NULL, value ANY NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE namespace(id INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER REFERENCES "
        "namespace(id), "
        "name TEXT NOT NULL, upper TEXT NOT NULL UNIQUE) STRICT",
        "CREATE INDEX namespace_parent ON namespace(parent)",
        "CREATE TABLE version(number INTEGER PRIMARY KEY AUTOINCREMENT, namespace TEXT NOT NULL, space TEXT "
        "NOT NULL, "
        "name TEXT NOT NULL, upper TEXT NOT NULL, superclass INTEGER REFERENCES version(number), refs BLOB "
        "NOT NULL, "
        "declaration BLOB NOT NULL, digest INTEGER NOT NULL) STRICT",
        // The digest is of all that makes a version: one of many of a name is found without looking at each.
        "CREATE INDEX version_same ON version(space, digest)",
        "CREATE INDEX version_superclass ON version(superclass)",
        "CREATE TABLE need(version INTEGER NOT NULL REFERENCES version(number) ON DELETE CASCADE, "
        "needs INTEGER NOT NULL REFERENCES version(number), PRIMARY KEY(version, needs)) STRICT, WITHOUT "
        "ROWID",
        "CREATE INDEX need_needs ON need(needs)",
        "CREATE TABLE class(id INTEGER PRIMARY KEY AUTOINCREMENT, namespace INTEGER NOT NULL REFERENCES "
        "namespace(id), "
        "name TEXT NOT NULL, upper TEXT NOT NULL, superclass TEXT NOT NULL, version INTEGER REFERENCES "
        "version(number), "
        "UNIQUE(namespace, upper)) STRICT",
        "CREATE INDEX class_version ON class(version)",
        "CREATE TABLE instance(id INTEGER PRIMARY KEY AUTOINCREMENT, class INTEGER NOT NULL REFERENCES "
        "class(id), "
        "keyed INTEGER NOT NULL REFERENCES class(id), key BLOB NOT NULL, "
        "version INTEGER NOT NULL REFERENCES version(number), value BLOB NOT NULL, UNIQUE(keyed, key)) "
        "STRICT",
        "CREATE INDEX instance_class ON instance(class)",
        "CREATE INDEX instance_version ON instance(version)",
        "CREATE TABLE uses(instance INTEGER NOT NULL REFERENCES instance(id) ON DELETE CASCADE, "
        "version INTEGER NOT NULL REFERENCES version(number), PRIMARY KEY(instance, version)) STRICT, "
        "WITHOUT ROWID",
        "CREATE INDEX uses_version ON uses(version)",
};
enum { DATABASE_TABLES = sizeof(database_tables) / sizeof(database_tables[0]) };

static const char *const database_texts[SQL_COUNT] = {
        [SQL_BEGIN] = "BEGIN IMMEDIATE",
        [SQL_COMMIT] = "COMMIT",
        [SQL_ROLLBACK] = "ROLLBACK",
        [SQL_JOB] = "SAVEPOINT job",
        [SQL_JOB_DONE] = "RELEASE job",
        [SQL_JOB_UNDO] = "ROLLBACK TO job",
        [SQL_META_GET] = "SELECT value FROM meta WHERE name = ?1",
        [SQL_META_SET] =
                "INSERT INTO meta(name, value) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2",
        [SQL_META_GONE] = "DELETE FROM meta WHERE name = ?1",
        [SQL_MARK_EACH] = "SELECT name, length(value), substr(value, 1, 8) FROM meta WHERE name GLOB 'mark:*'",
        [SQL_NAMESPACE_ID] = "SELECT id FROM namespace WHERE upper = ?1",
        [SQL_NAMESPACE_NEW] = "INSERT INTO namespace(parent, name, upper) VALUES(?1, ?2, ?3)",
        [SQL_NAMESPACE_GONE] = "DELETE FROM namespace WHERE id = ?1",
        [SQL_NAMESPACE_EACH] =
                "SELECT id, name, upper, parent FROM namespace WHERE id > ?1 ORDER BY id LIMIT 1",
        [SQL_NAMESPACE_CHILD] =
                "SELECT id, name FROM namespace WHERE parent = ?1 AND id > ?2 ORDER BY id LIMIT 1",
        [SQL_NAMESPACE_INSTANCES_GONE] =
                "DELETE FROM instance WHERE class IN (SELECT id FROM class WHERE namespace = ?1)",
        [SQL_NAMESPACE_CLASSES_GONE] = "DELETE FROM class WHERE namespace = ?1",
        [SQL_NAMESPACE_USES] = "SELECT DISTINCT u.version FROM class c JOIN instance i ON i.class = c.id "
                               "JOIN uses u ON u.instance = i.id WHERE c.namespace = ?1",
        [SQL_NAMESPACE_VERSIONS] = "SELECT number FROM version WHERE space = ?1",
        [SQL_VERSION_SAME] =
                "SELECT number FROM version INDEXED BY version_same WHERE space = ?2 AND digest = ?6 AND upper = ?1 "
                "AND superclass IS ?3 AND refs = ?4 AND declaration = ?5",
        [SQL_VERSION_NEW] =
                "INSERT INTO version(namespace, space, name, upper, superclass, refs, declaration, digest) "
                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        [SQL_VERSION_GET] =
                "SELECT namespace, name, superclass, refs, declaration FROM version WHERE number = ?1",
        [SQL_VERSION_USED] = "SELECT EXISTS(SELECT 1 FROM class WHERE version = ?1) "
                             "OR EXISTS(SELECT 1 FROM instance WHERE version = ?1) "
                             "OR EXISTS(SELECT 1 FROM uses WHERE version = ?1) "
                             "OR EXISTS(SELECT 1 FROM need WHERE needs = ?1)",
        [SQL_VERSION_GONE] = "DELETE FROM version WHERE number = ?1",
        [SQL_NEED_NEW] = "INSERT OR IGNORE INTO need(version, needs) VALUES(?1, ?2)",
        [SQL_NEED_EACH] = "SELECT needs FROM need WHERE version = ?1",
        [SQL_CLASS_GET] = "SELECT id, version FROM class WHERE namespace = ?1 AND upper = ?2",
        [SQL_CLASS_NEW] =
                "INSERT INTO class(namespace, name, upper, superclass, version) VALUES(?1, ?2, ?3, ?4, ?5)",
        [SQL_CLASS_SET] = "UPDATE class SET name = ?2, superclass = ?3, version = ?4 WHERE id = ?1",
        [SQL_CLASS_GONE] = "DELETE FROM class WHERE id = ?1",
        [SQL_CLASS_EACH] =
                "SELECT c.id, n.name, c.name, c.version FROM class c JOIN namespace n ON n.id = c.namespace "
                "WHERE c.id > ?1 AND c.version IS NOT NULL ORDER BY c.id LIMIT 1",
        [SQL_INSTANCE_FIND] = "SELECT id, class, version, value FROM instance WHERE keyed = ?1 AND key = ?2",
        [SQL_INSTANCE_NEW] =
                "INSERT INTO instance(class, keyed, key, version, value) VALUES(?1, ?2, ?3, ?4, ?5)",
        [SQL_INSTANCE_SET] = "UPDATE instance SET version = ?2, value = ?3 WHERE id = ?1",
        [SQL_INSTANCE_GONE] = "DELETE FROM instance WHERE id = ?1",
        [SQL_INSTANCE_GET] = "SELECT class, version, value FROM instance WHERE id = ?1",
        [SQL_INSTANCE_AFTER] = "SELECT id FROM instance WHERE class = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        [SQL_INSTANCE_ANY] = "SELECT EXISTS(SELECT 1 FROM instance WHERE class = ?1)",
        [SQL_INSTANCE_COUNT] = "SELECT count(*) FROM instance WHERE class = ?1",
        [SQL_USES_NEW] = "INSERT OR IGNORE INTO uses(instance, version) VALUES(?1, ?2)",
        [SQL_USES_GONE] = "DELETE FROM uses WHERE instance = ?1",
        [SQL_USES_EACH] = "SELECT version FROM uses WHERE instance = ?1",
};

// --- errors ----------------------------------------------------------------------------------------

static void database_advise(int rc, Diag *d)
{
        switch (rc & 0xFF) {
        case SQLITE_FULL:
                diag_hint(d, "make room on its file system");
                break;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                diag_hint(d, "another program has the file open and writes to it: end it");
                break;
        case SQLITE_NOTADB:
                diag_hint(d, "name another file, or restore a backup");
                break;
        case SQLITE_CORRUPT:
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
                diag_hint(d, DATABASE_CHECK_IT);
                break;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
                diag_hint(d, "it and its directory must be writable to the user of the service");
                break;
        case SQLITE_IOERR:
                diag_hint(d, "see the kernel's log about the disk");
                break;
        }
}

int database_failed(Database *d, int rc, Diag *reterr)
{
        if ((rc & 0xFF) == SQLITE_NOMEM)
                return -ENOMEM;
        bool same = d->sql && (sqlite3_errcode(d->sql) & 0xFF) == (rc & 0xFF);
        int system = d->sql && ((rc & 0xFF) == SQLITE_IOERR || (rc & 0xFF) == SQLITE_CANTOPEN)
                             ? sqlite3_system_errno(d->sql)
                             : 0;
        diag_set(reterr, CIM_E_CRITICAL_ERROR, "%s: %s%s%s (SQLite %d)", d->name,
                 same ? sqlite3_errmsg(d->sql) : sqlite3_errstr(rc), system ? ": " : "",
                 system ? strerror(system) : "", rc);
        database_advise(rc, reterr);
        return E_DIAG;
}

int database_damaged(Database *d, Diag *reterr, const char *format, ...)
{
        char says[320];
        va_list args;
        va_start(args, format);
        vsnprintf(says, sizeof(says), format, args);
        va_end(args);
        diag_set(reterr, CIM_E_CRITICAL_ERROR, "%s is damaged: %s", d->name, says);
        return diag_hint(reterr, DATABASE_CHECK_IT);
}

// --- statements ------------------------------------------------------------------------------------

sqlite3_stmt *database_statement(Database *d, Statement s, int *ret_r, Diag *reterr)
{
        if (!d->statements[s]) {
                int rc = sqlite3_prepare_v3(d->sql, database_texts[s], -1, SQLITE_PREPARE_PERSISTENT,
                                            &d->statements[s], NULL);
                if (rc != SQLITE_OK) {
                        *ret_r = database_failed(d, rc, reterr);
                        return NULL;
                }
        }
        return d->statements[s];
}

int database_step(Database *d, sqlite3_stmt *s, bool *ret_row, Diag *reterr)
{
        int rc = sqlite3_step(s);
        *ret_row = rc == SQLITE_ROW;
        if (rc == SQLITE_ROW)
                return 0;
        int r = rc == SQLITE_DONE ? 0 : database_failed(d, rc, reterr);
        sqlite3_reset(s);
        return r;
}

int database_run(Database *d, sqlite3_stmt *s, Diag *reterr)
{
        bool row;
        int r = database_step(d, s, &row, reterr);
        if (row)
                sqlite3_reset(s);
        return r;
}

int database_do(Database *d, Statement s, Diag *reterr)
{
        int r = 0;
        sqlite3_stmt *q = database_statement(d, s, &r, reterr);
        return q ? database_run(d, q, reterr) : r;
}

static int database_exec(Database *d, const char *text, Diag *reterr)
{
        int rc = sqlite3_exec(d->sql, text, NULL, NULL, NULL);
        return rc == SQLITE_OK ? 0 : database_failed(d, rc, reterr);
}

// The number that a statement without parameters gives; 0 when it gives none.
static int database_number(Database *d, const char *text, int64_t *ret, Diag *reterr)
{
        sqlite3_stmt *s = NULL;
        int rc = sqlite3_prepare_v2(d->sql, text, -1, &s, NULL);
        if (rc == SQLITE_OK)
                rc = sqlite3_step(s);
        *ret = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
        int r = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : database_failed(d, rc, reterr);
        sqlite3_finalize(s);
        return r;
}

// --- the format ------------------------------------------------------------------------------------

static int database_create(Database *d, Diag *reterr)
{
        char text[160];
        int r = database_exec(d, "BEGIN IMMEDIATE", reterr);
        for (size_t i = 0; i < DATABASE_TABLES && r == 0; i++)
                r = database_exec(d, database_tables[i], reterr);
        snprintf(text, sizeof(text), "PRAGMA application_id = %d; PRAGMA user_version = %d",
                 DATABASE_APPLICATION, DATABASE_FORMAT);
        if (r == 0)
                r = database_exec(d, text, reterr);
        snprintf(text, sizeof(text),
                 "INSERT INTO meta VALUES('format', 'FreeWMI repository, format %d'), ('commit', 0)",
                 DATABASE_FORMAT);
        if (r == 0)
                r = database_exec(d, text, reterr);
        if (r == 0)
                r = database_exec(d, "COMMIT", reterr);
        else
                sqlite3_exec(d->sql, "ROLLBACK", NULL, NULL, NULL);
        return r;
}

// Which of the tables a text makes; DATABASE_TABLES: none.
static size_t database_table(const char *text)
{
        size_t i = 0;
        while (i < DATABASE_TABLES && strcmp(text, database_tables[i]) != 0)
                i++;
        return i;
}

int database_format(Database *d, Diag *reterr)
{
        sqlite3_stmt *s = NULL;
        bool have[DATABASE_TABLES] = {0};
        size_t found = 0;
        int r = 0, rc = sqlite3_prepare_v2(
                           d->sql, "SELECT name, sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'", -1,
                           &s, NULL);
        while (rc == SQLITE_OK && r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
                const char *text = (const char *)sqlite3_column_text(s, 1);
                size_t at = text ? database_table(text) : DATABASE_TABLES;
                if (at == DATABASE_TABLES || have[at])
                        r = database_damaged(d, reterr, "\"%.80s\" is not of this format",
                                             column_str(s, 0).p);
                else
                        have[at] = true, found++;
                rc = SQLITE_OK;
        }
        if (r == 0 && rc != SQLITE_DONE)
                r = database_failed(d, rc, reterr);
        sqlite3_finalize(s);
        if (r == 0 && found != DATABASE_TABLES)
                r = database_damaged(d, reterr, "%zu of %d tables are missing", DATABASE_TABLES - found,
                                     DATABASE_TABLES);
        return r;
}

// Whose file it is and how old, before anything in it is believed.
static int database_recognize(Database *d, DatabaseMode mode, Diag *reterr)
{
        int64_t application = 0, version = 0, tables = 0;
        int r = database_number(d, "PRAGMA application_id", &application, reterr);
        if (r == 0)
                r = database_number(d, "PRAGMA user_version", &version, reterr);
        if (r == 0)
                r = database_number(d, "SELECT count(*) FROM sqlite_schema", &tables, reterr);
        if (r)
                return r;
        if (!application && !version && !tables && mode == DATABASE_SERVE)
                return database_create(d, reterr);
        if (application != DATABASE_APPLICATION) {
                diag_set(reterr, CIM_E_INITIALIZATION_FAILURE, "%s is not a FreeWMI store", d->name);
                return diag_hint(reterr, "name another file, or move this one away");
        }
        if (version != DATABASE_FORMAT) {
                diag_set(reterr, CIM_E_INITIALIZATION_FAILURE,
                         "%s has format %lld, this FreeWMI knows format %d", d->name, (long long)version,
                         DATABASE_FORMAT);
                return diag_hint(reterr, "open it with the FreeWMI that made it, or a later one");
        }
        return database_format(d, reterr);
}

int database_integrity(Database *d, bool whole, void (*tell)(void *context, const char *what), void *context,
                       Diag *reterr)
{
        static const char *const checks[][2] = {{"PRAGMA quick_check(100)", NULL},
                                                {"PRAGMA integrity_check(100)", "PRAGMA foreign_key_check"}};
        int r = 0;
        for (int i = 0; i < 2 && checks[whole][i] && r == 0; i++) {
                sqlite3_stmt *s = NULL;
                int rc = sqlite3_prepare_v2(d->sql, checks[whole][i], -1, &s, NULL);
                for (unsigned told = 0; rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW && told < 100;
                     told++, rc = SQLITE_OK) {
                        char line[200];
                        const char *what = (const char *)sqlite3_column_text(s, 0);
                        if (!i && what && strcmp(what, "ok") == 0)
                                continue;
                        if (i)
                                snprintf(line, sizeof(line),
                                         "row %lld of %.60s refers to a row of %.60s that is not there",
                                         (long long)sqlite3_column_int64(s, 1), what ? what : "?",
                                         column_str(s, 2).p);
                        tell(context, i ? line : what ? what : "?");
                }
                // A file that is damaged enough ends the check itself.
                if (rc != SQLITE_DONE && rc != SQLITE_ROW)
                        r = database_failed(d, rc, reterr);
                sqlite3_finalize(s);
        }
        return r;
}

// --- opening ---------------------------------------------------------------------------------------

static int database_configure(Database *d, DatabaseMode mode, bool file, Diag *reterr)
{
        sqlite3_extended_result_codes(d->sql, 1);
        sqlite3_busy_timeout(d->sql, 5000);
        sqlite3_db_config(d->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(d->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(d->sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        sqlite3_db_config(d->sql, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        int r = database_exec(
                d, "PRAGMA cell_size_check = 1; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = 1", reterr);
        if (r == 0)
                r = database_recognize(d, mode, reterr);
        if (r == 0 && mode == DATABASE_SERVE && file)
                r = database_exec(d, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536", reterr);
        return r;
}

int database_connect(sqlite3 **ret, const char *file, int flags)
{
        char *name;
        *ret = NULL;
        if (asprintf(&name, "%s%s", *file == '/' ? "" : "./", file) < 0)
                return SQLITE_NOMEM;
        int rc = sqlite3_open_v2(name, ret, flags | SQLITE_OPEN_NOMUTEX, NULL);
        free(name);
        return rc;
}

// What is to be read must be there: SQLite would only say that it cannot open it.
static int database_there(const char *file, Diag *reterr)
{
        struct stat s;
        int e = stat(file, &s) < 0 ? errno : S_ISREG(s.st_mode) ? 0 : S_ISDIR(s.st_mode) ? EISDIR : EINVAL;
        if (!e)
                return 0;
        diag_set(reterr, CIM_E_FAILED, "%s: %s", file, e == EINVAL ? "not an ordinary file" : strerror(e));
        if (e == ENOENT)
                diag_hint(reterr, "name a file that is there");
        else if (e == EISDIR || e == EINVAL)
                diag_hint(reterr, "name the file of a repository");
        return E_DIAG;
}

int database_open(Database *d, const char *file, DatabaseMode mode, Diag *reterr)
{
        *d = (Database){.name = file ? file : "the store in memory"};
        if (mode == DATABASE_READ && database_there(file, reterr))
                return E_DIAG;
        int flags = SQLITE_OPEN_READWRITE | (mode == DATABASE_SERVE ? SQLITE_OPEN_CREATE : 0);
        int rc = file ? database_connect(&d->sql, file, flags)
                      : sqlite3_open_v2(":memory:", &d->sql, flags | SQLITE_OPEN_NOMUTEX, NULL);
        int r = rc == SQLITE_OK ? database_configure(d, mode, file, reterr) : database_failed(d, rc, reterr);
        if (r == E_DIAG && reterr && reterr->code == (uint32_t)CIM_E_CRITICAL_ERROR) {
                int why = d->sql ? sqlite3_errcode(d->sql) & 0xFF : SQLITE_ERROR;
                bool outside = why == SQLITE_CANTOPEN || why == SQLITE_IOERR || why == SQLITE_PERM ||
                               why == SQLITE_READONLY || why == SQLITE_BUSY || why == SQLITE_FULL ||
                               why == SQLITE_AUTH;
                reterr->code = (uint32_t)(outside ? CIM_E_FAILED : CIM_E_INITIALIZATION_FAILURE);
        }
        if (r)
                database_close(d);
        return r;
}

void database_close(Database *d)
{
        for (size_t i = 0; i < SQL_COUNT; i++)
                sqlite3_finalize(d->statements[i]);
        sqlite3_close(d->sql);
        *d = (Database){0};
}
