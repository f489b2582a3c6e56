// SPDX-License-Identifier: MIT
// Checking a store: all that SQLite can say, then that every row means what the rows around it say.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "repository/internal.h"

typedef struct Check {
        Store st;
        void (*tell)(void *context, const char *what);
        void *context;
        uint64_t wrong;
        RepositoryFigures figures;
} Check;

static void check_note(void *context, const char *what)
{
        Check *k = context;
        k->wrong++;
        if (k->tell)
                k->tell(k->context, what);
}

static void check_say(Check *k, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void check_say(Check *k, const char *format, ...)
{
        char line[640];
        va_list args;
        va_start(args, format);
        vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        check_note(k, line);
}

// An error that means damage is told, and the check goes on; others end it.
static int check_result(Check *k, const char *what, int64_t row, int r, const Diag *d)
{
        if (r == E_DIAG)
                check_say(k, "%s %lld: %.400s", what, (long long)row, d->message);
        return r == E_DIAG ? 0 : r;
}

// --- rows ------------------------------------------------------------------------------------------------

typedef int (*CheckRow)(Check *k, sqlite3_stmt *s);

static int check_each(Check *k, const char *text, CheckRow row, uint64_t *ret_count, Diag *reterr)
{
        sqlite3_stmt *s = NULL;
        int r = 0, rc = sqlite3_prepare_v2(k->st.db.sql, text, -1, &s, NULL);
        while (rc == SQLITE_OK && r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
                ++*ret_count;
                r = row(k, s);
                rc = SQLITE_OK;
        }
        if (r == 0 && rc != SQLITE_DONE)
                r = database_failed(&k->st.db, rc, reterr);
        sqlite3_finalize(s);
        return r;
}

static int check_upper(Check *k, const char *what, int64_t row, Str name, Str upper)
{
        Buf b = {0};
        store_upper(name, &b);
        int r = b.failed ? -ENOMEM : 0;
        if (r == 0 && !str_eq(upper, (Str){(char *)b.p, b.n}))
                check_say(k, "%s %lld: \"%.*s\" is not \"%.*s\" in upper case", what, (long long)row,
                          CLIP(upper), CLIP(name));
        buf_deinit(&b);
        return r;
}

static int check_namespace(Check *k, sqlite3_stmt *s)
{
        int64_t row = sqlite3_column_int64(s, 0);
        Str name = column_str(s, 1), parent = column_str(s, 3);
        size_t n = name.n;
        while (n && name.p[n - 1] != '\\')
                n--;
        if (!str_ieq(parent, (Str){name.p, n ? n - 1 : 0}))
                check_say(k, "namespace %lld: %.*s is not in %.*s", (long long)row, CLIP(name), CLIP(parent));
        return check_upper(k, "namespace", row, name, column_str(s, 2));
}

// By its digest a version is found.
static int check_digest(Check *k, sqlite3_stmt *s)
{
        Buf upper = {0};
        store_upper(column_str(s, 3), &upper);
        int r = upper.failed ? -ENOMEM : 0;
        if (r == 0 && sqlite3_column_int64(s, 8) !=
                              version_digest((Str){(char *)upper.p, upper.n}, (uint32_t)sqlite3_column_int64(s, 5),
                                             column_bytes(s, 6), column_bytes(s, 7)))
                check_say(k, "class version %lld: its digest is another's", (long long)sqlite3_column_int64(s, 0));
        buf_deinit(&upper);
        return r;
}

static int check_version(Check *k, sqlite3_stmt *s)
{
        int64_t row = sqlite3_column_int64(s, 0);
        const Version *v;
        Diag d = {0};
        int r = row > 0 && row <= UINT32_MAX
                        ? version_find(&k->st, (uint32_t)row, &v, &d)
                        : database_damaged(&k->st.db, &d, "that is no number of a version");
        r = check_result(k, "class version", row, r, &d);
        if (r == 0)
                r = check_digest(k, s);
        if (r == 0)
                r = check_upper(k, "class version", row, column_str(s, 1), column_str(s, 2));
        return r ? r : check_upper(k, "class version", row, column_str(s, 3), column_str(s, 4));
}

static int check_class(Check *k, sqlite3_stmt *s)
{
        int64_t row = sqlite3_column_int64(s, 0);
        Str name = column_str(s, 1);
        const CimClass *c = cim_schema_find(k->st.schema, column_str(s, 3), name);
        bool user = sqlite3_column_type(s, 5) != SQLITE_NULL;
        k->figures.classes += user;
        if (!c)
                check_say(k, "class %lld: there is no %.*s in %.*s", (long long)row, CLIP(name),
                          CLIP(column_str(s, 3)));
        else if (user && !str_ieq(column_str(s, 4), c->super ? c->super->name : (Str){"", 0}))
                check_say(k, "class %lld: the superclass of %.*s is not %.*s", (long long)row, CLIP(name),
                          CLIP(column_str(s, 4)));
        return check_upper(k, "class", row, name, column_str(s, 2));
}

// The versions that an instance uses, as its row says it.
static int check_uses(Check *k, int64_t row, const Numbers *used, Diag *reterr)
{
        int r = 0;
        bool more;
        size_t n = 0;
        sqlite3_stmt *s = database_statement(&k->st.db, SQL_USES_EACH, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, row);
        while ((r = database_step(&k->st.db, s, &more, reterr)) == 0 && more) {
                n++;
                if (!numbers_have(used, column_version(s, 0)))
                        check_say(k, "instance %lld: it does not use class version %lld", (long long)row,
                                  (long long)sqlite3_column_int64(s, 0));
        }
        if (r == 0 && n < used->count)
                check_say(k, "instance %lld: it uses %zu class versions, %zu are noted", (long long)row,
                          used->count, n);
        return r;
}

// Is an instance found by the key that it has?
static int check_key(Check *k, int64_t row, const CimInstance *i, Str namespace, Str key, Str keyed)
{
        Buf b = {0};
        Diag d = {0};
        int r = cim_instance_key(i, namespace, &b, &d);
        if (r == 0 && b.failed)
                r = -ENOMEM;
        if (r == 0 && !str_eq(key, (Str){(char *)b.p, b.n}))
                check_say(k, "instance %lld: its key is not that of its row", (long long)row);
        if (r == 0 && !str_ieq(class_keyed(i->class)->name, keyed))
                check_say(k, "instance %lld: %.*s has not its keys from %.*s", (long long)row,
                          CLIP(i->class->name), CLIP(keyed));
        buf_deinit(&b);
        return check_result(k, "instance", row, r, &d);
}

static int check_instance(Check *k, sqlite3_stmt *s)
{
        int64_t row = sqlite3_column_int64(s, 0);
        Str namespace = column_str(s, 1), name = column_str(s, 2);
        const CimClass *c = cim_schema_find(k->st.schema, namespace, name);
        CimInstance *i = NULL;
        Numbers used = {0};
        Diag d = {0};
        if (!c) {
                check_say(k, "instance %lld: its class %.*s is not there", (long long)row, CLIP(name));
                return 0;
        }
        int r = instance_read(&k->st, namespace, column_version(s, 5), column_bytes(s, 6), c, NULL, &used, &i,
                              &d);
        bool read = r == 0;
        r = check_result(k, "instance", row, r, &d);
        if (read)
                r = check_key(k, row, i, namespace, column_bytes(s, 4), column_str(s, 3));
        if (read && r == 0)
                r = check_uses(k, row, &used, &d);
        if (k->st.versions.strangers > VERSIONS_STRANGERS)
                versions_clear(&k->st.versions);
        cim_instance_unref(i);
        free(used.list);
        return r;
}

static int check_rows(Check *k, Diag *reterr)
{
        uint64_t count = 0;
        int r = check_each(k,
                           "SELECT n.id, n.name, n.upper, coalesce(p.name, '') FROM namespace n LEFT JOIN "
                           "namespace p ON p.id = n.parent",
                           check_namespace, &k->figures.namespaces, reterr);
        if (r == 0)
                r = check_each(k, "SELECT number, namespace, space, name, upper, superclass, refs, declaration, digest FROM version",
                               check_version, &count, reterr);
        if (r == 0)
                r = check_each(k,
                               "SELECT c.id, c.name, c.upper, n.name, c.superclass, c.version FROM class c "
                               "JOIN namespace n ON n.id = c.namespace",
                               check_class, &count, reterr);
        if (r == 0)
                r = check_each(
                        k,
                        "SELECT i.id, n.name, c.name, k.name, i.key, i.version, i.value FROM instance i "
                        "JOIN class c ON c.id = i.class JOIN class k ON k.id = i.keyed JOIN namespace n ON "
                        "n.id = c.namespace",
                        check_instance, &k->figures.instances, reterr);
        return r;
}

static int check_store(Check *k, Diag *reterr)
{
        // Beyond this, what SQLite finds wrong makes nonsense of everything else.
        int r = database_integrity(&k->st.db, true, check_note, k, reterr);
        if (r || k->wrong)
                return r;
        int rc = sqlite3_exec(k->st.db.sql, "BEGIN", NULL, NULL, NULL);
        if (rc != SQLITE_OK)
                return database_failed(&k->st.db, rc, reterr);
        Diag d = {0};
        r = store_load(&k->st, true, &d);
        if (r == E_DIAG)
                check_note(k, d.message);
        else if (r == 0)
                r = check_rows(k, reterr);
        sqlite3_exec(k->st.db.sql, "COMMIT", NULL, NULL, NULL);
        return r == E_DIAG && k->wrong ? 0 : r;
}

// The check itself does not advise to check.
static void check_advise(Diag *d)
{
        if (d && !strcmp(d->hint, DATABASE_CHECK_IT))
                diag_hint(d, "restore a backup with 'wmi repository restore'");
}

int repository_check(const char *file, StoreSeed seed, void *seed_context,
                     void (*tell)(void *context, const char *what), void *context, RepositoryFigures *ret,
                     Diag *reterr)
{
        Check k = {.tell = tell, .context = context, .figures = {.format = DATABASE_FORMAT}};
        struct stat s;
        k.st.seed = seed;
        k.st.seed_context = seed_context;
        int r = database_open(&k.st.db, file, DATABASE_READ, reterr);
        if (r) {
                if (r == E_DIAG)
                        check_advise(reterr);
                return r;
        }
        if (stat(file, &s) == 0)
                k.figures.bytes = (uint64_t)s.st_size;
        k.st.schema = cim_schema_new();
        r = k.st.schema ? check_store(&k, reterr) : -ENOMEM;
        if (r == 0 && k.wrong) {
                diag_set(reterr, CIM_E_CRITICAL_ERROR, "%s: %llu %s wrong", file, (unsigned long long)k.wrong,
                         k.wrong == 1 ? "thing is" : "things are");
                r = diag_hint(reterr, "restore a backup with 'wmi repository restore'");
        } else if (r == E_DIAG)
                check_advise(reterr);
        if (ret)
                *ret = k.figures;
        versions_clear(&k.st.versions);
        free(k.st.stale.list);
        cim_schema_unref(k.st.schema);
        database_close(&k.st.db);
        return r;
}
