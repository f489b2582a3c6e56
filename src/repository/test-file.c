// SPDX-License-Identifier: MIT
// Files: what is opened and what is refused, backup, restore, check.
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "repository/test-rig.h"

#define KEY(n, t, ...) P(n, t, QUALIFIERS(QB("key")), __VA_ARGS__)
#define NS             "root\\default"
#define CODE(name)     ((int64_t)(uint32_t)CIM_E_##name)
#define NUMBER(n)      VU(CIM_UINT32, n)

// --- help
// ---------------------------------------------------------------------------------------------------

static char *name(const char *n)
{
        char *s = strdup(rig_file(n));
        assert_non_null(s);
        return s;
}

static void sql(const char *file, const char *text)
{
        sqlite3 *db;
        char *why = NULL;
        assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
        if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
                fail_msg("%s: %s", text, why);
        sqlite3_close(db);
}

static void write_file(const char *file, const char *text)
{
        FILE *f = fopen(file, "w");
        assert_non_null(f);
        fputs(text, f);
        fclose(f);
}

static Buf read_file(const char *file)
{
        Buf b = {0};
        char part[4096];
        FILE *f = fopen(file, "rb");
        assert_non_null(f);
        for (size_t n; (n = fread(part, 1, sizeof(part), f));)
                buf_put(&b, part, n);
        fclose(f);
        return b;
}

// A store with a bit of everything.
static void fill_new(const char *file)
{
        Rig g;
        CimInstance *in;
        rig_open(&g, file, false);
        assert_int_equal(rig_create_namespace(&g, "root\\more"), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("In", PROPERTIES(P("A", CIM_UINT8))), "", 0), 0);
        assert_int_equal(rig_put_class(&g, NS,
                                       &CLASS("N", PROPERTIES(KEY("K", CIM_UINT32), P("O", CIM_OBJECT),
                                                              P("S", CIM_STRING))),
                                       "", 0),
                         0);
        assert_int_equal(rig_put_class(&g, NS,
                                       &CLASS("M", PROPERTIES(P("D", CIM_OBJECT, .class_name = STR("In")))),
                                       "N", 0),
                         0);
        assert_int_equal(cim_instance_new(rig_class(&g, NS, "In"), &in), 0);
        for (unsigned i = 0; i < 50; i++)
                assert_int_equal(rig_put(&g, NS, i % 2 ? "N" : "M",
                                         (CimValue[]){NUMBER(i),
                                                      i % 5 ? cim_null(CIM_OBJECT)
                                                            : (CimValue){.type = CIM_OBJECT, .object = in},
                                                      VS(CIM_STRING, u"some text")},
                                         3, 0),
                                 0);
        assert_int_equal(rig_put(&g, NS, "__EventFilter", (CimValue[]){VS(CIM_STRING, u"f")}, 1, 0), 0);
        cim_instance_unref(in);
        rig_close(&g);
}

// The same, made once: each commit waits for the disk.
static void fill(const char *file)
{
        static char *made;
        if (!made) {
                made = name("filled.db");
                fill_new(made);
        }
        Buf b = read_file(made);
        FILE *f = fopen(file, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
        fclose(f);
        buf_deinit(&b);
}

static int64_t opening(const char *file, Diag *d)
{
        Repository *r = NULL;
        *d = (Diag){0};
        int e = repository_open(
                &(RepositoryConfig){.file = file, .seed = rig_seed, .namespaces = rig_namespaces}, &r, d);
        repository_close(r);
        if (e == E_DIAG)
                assert_non_null(strstr(d->message, file)); // says which file
        return e == E_DIAG ? (int64_t)d->code : e;
}

static uint64_t told_wrong;
static char told_first[400];

static void tell(void *context, const char *what)
{
        (void)context;
        if (!told_wrong++)
                snprintf(told_first, sizeof(told_first), "%s", what);
}

static int64_t checking(const char *file, RepositoryFigures *f)
{
        Diag d = {0};
        told_wrong = 0;
        told_first[0] = '\0';
        int r = repository_check(file, rig_seed, NULL, tell, NULL, f, &d);
        return r == E_DIAG ? (int64_t)d.code : r;
}

// --- opening
// --------------------------------------------------------------------------------------------------

// Refused before anything was done with it: nothing is left beside it.
static void a_refused_file_has_no_lock(void **state)
{
        (void)state;
        char *foreign = name("foreign.db"), *lock = name("foreign.db-lock");
        const char *files[] = {"", foreign};
        const int64_t codes[] = {CODE(INVALID_PARAMETER), CODE(INITIALIZATION_FAILURE)};
        unlink("-lock");
        write_file(foreign, "this is no database at all, only some text that is long enough for a header\n"
                            "this is no database at all, only some text that is long enough for a header\n");
        for (int i = 0; i < 2; i++) {
                Repository *r = NULL;
                Diag d = {0};
                int e = repository_open(
                        &(RepositoryConfig){.file = files[i], .seed = rig_seed, .namespaces = rig_namespaces},
                        &r, &d);
                assert_int_equal(e, E_DIAG);
                assert_int_equal((int64_t)d.code, codes[i]);
                assert_int_equal(access(i ? lock : "-lock", F_OK), -1);
        }
        // A store whose start was refused for another reason can be served afterwards.
        unlink(foreign);
        fill_new(foreign);
        Diag d = {0};
        assert_int_equal(repository_restore(foreign, foreign, NULL, NULL, &d), E_DIAG);
        assert_int_equal((int64_t)d.code, CODE(INVALID_PARAMETER));
        free(foreign);
        free(lock);
}

static void what_is_refused(void **state)
{
        Diag d;
        (void)state;
        char *file = name("refused.db");
        assert_int_equal(opening("/tmp/freewmi-no-such-directory/x.db", &d), CODE(FAILED));
        assert_true(d.hint[0] != '\0');
        assert_int_equal(mkdir(file, 0700), 0);
        assert_int_equal(opening(file, &d), CODE(FAILED));
        rmdir(file);
        write_file(file, "this is no database, and long enough to be read as a header of one, which it is "
                         "not, truly not a header at all");
        assert_int_equal(opening(file, &d), CODE(INITIALIZATION_FAILURE));
        unlink(file);
        sql(file, "CREATE TABLE mine(a)");
        assert_int_equal(opening(file, &d), CODE(INITIALIZATION_FAILURE));
        assert_non_null(strstr(d.message, "not a FreeWMI store"));
        unlink(file);
        fill(file);
        sql(file, "PRAGMA user_version = 2");
        assert_int_equal(opening(file, &d), CODE(INITIALIZATION_FAILURE));
        assert_non_null(strstr(d.message, "format 2"));
        assert_int_equal(checking(file, NULL), CODE(INITIALIZATION_FAILURE));
        static const char *const spoil[] = {
                "CREATE TABLE mine(a)",
                "CREATE TRIGGER t AFTER INSERT ON instance BEGIN DELETE FROM instance; END",
                "DROP INDEX uses_version", "ALTER TABLE meta ADD COLUMN x TEXT", "CREATE VIEW v AS SELECT 1"};
        for (size_t i = 0; i < COUNT(spoil); i++) {
                unlink(file);
                fill(file);
                sql(file, spoil[i]);
                assert_int_equal(opening(file, &d), CODE(INITIALIZATION_FAILURE));
                assert_non_null(strstr(d.hint, "restore"));
        }
        unlink(file);
        free(file);
}

static void damaged_pages_are_found(void **state)
{
        Diag d;
        (void)state;
        char *file = name("damaged.db");
        fill(file);
        Buf whole = read_file(file);
        unsigned refused = 0;
        // Page by page: a page overwritten is found at the start or does not matter.
        for (size_t page = 0; page * 4096 < whole.n; page++) {
                FILE *f = fopen(file, "wb");
                assert_non_null(f);
                fwrite(whole.p, 1, whole.n, f);
                fseek(f, (long)(page * 4096 + (page ? 0 : 16)), SEEK_SET);
                for (int i = 0; i < 200; i++)
                        fputc(0xA5, f);
                fclose(f);
                int64_t r = opening(file, &d);
                assert_true(r == 0 || r == CODE(INITIALIZATION_FAILURE));
                refused += r != 0;
        }
        assert_true(refused > 10);
        assert_int_equal(truncate(file, 8192), 0);
        assert_int_equal(opening(file, &d), CODE(INITIALIZATION_FAILURE));
        unlink(file);
        buf_deinit(&whole);
        free(file);
}

static void one_service_at_a_time(void **state)
{
        Rig g;
        Diag d;
        struct stat s;
        (void)state;
        char *file = name("lock.db"), *to = name("lock-copy.db");
        rig_open(&g, file, true);
        assert_int_equal(stat(file, &s), 0);
        assert_int_equal(s.st_mode & 0777, 0600);
        assert_int_equal(opening(file, &d), CODE(ALREADY_EXISTS));
        assert_true(d.hint[0] != '\0');
        // Copying out and checking go on meanwhile, replacing does not.
        assert_int_equal(repository_backup(file, to, NULL, NULL, &d), 0);
        assert_int_equal(checking(file, NULL), 0);
        assert_int_equal(repository_restore(to, file, NULL, NULL, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_ALREADY_EXISTS);
        rig_close(&g);
        assert_int_equal(opening(file, &d), 0);
        assert_int_equal(repository_restore(to, file, NULL, NULL, &d), 0);
        free(file);
        free(to);
}

// --- backup and restore
// -------------------------------------------------------------------------------------------

typedef struct Progress {
        unsigned calls;
        uint64_t done, all;
} Progress;

static void progress(void *context, uint64_t done, uint64_t all)
{
        Progress *p = context;
        assert_true(done >= p->done && done <= all);
        p->calls++;
        p->done = done;
        p->all = all;
}

static void there_and_back(void **state)
{
        Rig g;
        Diag d;
        RepositoryFigures f;
        Progress p = {0};
        (void)state;
        char *file = name("live.db"), *to = name("copy.db");
        fill(file);
        assert_int_equal(repository_backup(file, to, progress, &p, &d), 0);
        assert_true(p.calls && p.done == p.all && p.all);
        assert_int_equal(repository_backup(file, to, NULL, NULL, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_ALREADY_EXISTS);
        assert_int_equal(checking(to, &f), 0);
        assert_int_equal(f.format, 1);
        assert_int_equal(f.namespaces, 3);
        assert_int_equal(f.classes, 3);
        assert_int_equal(f.instances, 51);
        assert_true(f.bytes > 4096);
        // A backup is one file.
        char beside[300];
        snprintf(beside, sizeof(beside), "%s-wal", to);
        assert_int_equal(access(beside, F_OK), -1);
        rig_open(&g, file, false);
        assert_int_equal(rig_delete_class(&g, NS, "N"), 0);
        rig_close(&g);
        p = (Progress){0};
        assert_int_equal(repository_restore(to, file, progress, &p, &d), 0);
        assert_true(p.calls && p.done == p.all);
        rig_open(&g, file, false);
        assert_int_equal(rig_get(&g, NS, "N=49", NULL), 0);
        assert_int_equal(rig_get(&g, NS, "__EventFilter=\"f\"", NULL), 0);
        rig_close(&g);
        // What is not a sound store replaces nothing.
        write_file(beside, "nothing of the kind");
        assert_int_equal(repository_restore(beside, file, NULL, NULL, &d), E_DIAG);
        unlink(beside);
        assert_int_equal(repository_restore("/tmp/freewmi-no-such-file", file, NULL, NULL, &d), E_DIAG);
        assert_int_equal(repository_backup("/tmp/freewmi-no-such-file", beside, NULL, NULL, &d), E_DIAG);
        assert_int_equal(access(beside, F_OK), -1);
        assert_int_equal(checking(file, &f), 0);
        // Over a file that is damaged, and where there is none.
        write_file(file, "damaged beyond recognition, as far as that goes, and then some more of it");
        assert_int_equal(repository_restore(to, file, NULL, NULL, &d), 0);
        assert_int_equal(checking(file, &f), 0);
        unlink(file);
        assert_int_equal(repository_restore(to, file, NULL, NULL, &d), 0);
        assert_int_equal(checking(file, &f), 0);
        assert_int_equal(f.instances, 51);
        unlink(file);
        unlink(to);
        free(file);
        free(to);
}

// A service that was killed leaves a write-ahead log; nothing of it may come upon what is restored.
static void a_log_of_before_does_not_come_back(void **state)
{
        Diag d;
        RepositoryFigures f;
        (void)state;
        for (int spoil = 0; spoil < 3; spoil++) {
                char *file = name("killed.db"), *to = name("killed-copy.db"), log[300];
                fill(file);
                assert_int_equal(repository_backup(file, to, NULL, NULL, &d), 0);
                fflush(NULL);
                pid_t child = fork();
                if (!child) {
                        Rig g;
                        rig_open(&g, file, false);
                        for (unsigned i = 100; i < 150; i++)
                                rig_put(&g, NS, "N", (CimValue[]){NUMBER(i)}, 1, 0);
                        raise(SIGKILL);
                }
                int status;
                assert_int_equal(waitpid(child, &status, 0), child);
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
                snprintf(log, sizeof(log), "%s-wal", file);
                assert_int_equal(access(log, F_OK), 0);
                if (spoil == 1)
                        write_file(
                                file,
                                "damaged beyond recognition, as far as that goes, and then some more of it");
                if (spoil == 2)
                        unlink(file);
                assert_int_equal(repository_restore(to, file, NULL, NULL, &d), 0);
                assert_int_equal(access(log, F_OK), -1);
                assert_int_equal(checking(file, &f), 0);
                assert_int_equal(f.instances, 51);
                unlink(file);
                unlink(to);
                free(file);
                free(to);
        }
}

static unsigned pairs_left;

static int pair_run(RepositoryJob *j, Store *st)
{
        static unsigned next = 1000;
        CimInstance *i;
        int r = cim_instance_new(cim_schema_find(store_schema(st), STR(NS), STR("N")), &i);
        for (int k = 0; k < 2 && r == 0; k++) {
                i->values[0] = NUMBER(next++);
                r = store_put_instance(st, STR(NS), i, 0, NULL, &j->diag);
        }
        cim_instance_unref(i);
        return r;
}

static void pair_done(RepositoryJob *j, int r)
{
        (void)j;
        assert_int_equal(r, 0);
        pairs_left--;
}

// While a thread writes pairs of rows, copies hold whole pairs, and come to their end.
static void a_copy_of_a_store_that_is_written(void **state)
{
        Rig g;
        Diag d;
        RepositoryFigures f;
        RepositoryJob *jobs = calloc(400, sizeof(*jobs));
        (void)state;
        assert_non_null(jobs);
        char *file = name("busy.db"), *to = name("busy-copy.db");
        fill(file);
        rig_open_with(&g, &(RepositoryConfig){.file = file, .thread = true, .batch = 2});
        pairs_left = 400;
        for (unsigned i = 0; i < 400; i++) {
                jobs[i] = (RepositoryJob){.run = pair_run, .done = pair_done};
                repository_submit(g.r, &jobs[i]);
        }
        unsigned copies = 0;
        while (pairs_left) {
                assert_int_equal(repository_backup(file, to, NULL, NULL, &d), 0);
                assert_int_equal(checking(to, &f), 0);
                assert_int_equal(f.instances % 2, 1);
                unlink(to);
                copies++;
                repository_dispatch(g.r);
        }
        assert_true(copies > 0);
        rig_close(&g);
        assert_int_equal(checking(file, &f), 0);
        assert_int_equal(f.instances, 851);
        free(jobs);
        free(file);
        free(to);
}

// --- check
// ------------------------------------------------------------------------------------------------------------

static void every_rule_of_the_check(void **state)
{
        static const struct {
                const char *spoil, *says;
        } cases[] = {
                {"UPDATE namespace SET upper = 'ROOT\\MOST' WHERE name = 'root\\more'", "is not"},
                {"UPDATE namespace SET parent = 2 WHERE name = 'root\\more'", "is not in"},
                {"UPDATE namespace SET name = 'root\\\\more' WHERE name = 'root\\more'",
                 "row 3 of namespace"},
                {"UPDATE class SET upper = 'X' WHERE name = 'In'", "upper case"},
                {"UPDATE class SET superclass = 'X' WHERE name = 'M'", "superclass"},
                {"UPDATE class SET version = (SELECT version FROM class WHERE name = 'In') WHERE name = 'M'",
                 "another class"},
                {"UPDATE version SET declaration = x'00112233' WHERE name = 'In'", "damaged"},
                {"UPDATE version SET upper = 'X' WHERE name = 'In'", "upper case"},
                {"UPDATE version SET space = 'X' WHERE name = 'In'", "upper case"},
                {"UPDATE version SET digest = digest + 1 WHERE name = 'In'", "digest"},
                {"UPDATE version SET refs = x'ffffff7f' WHERE name = 'M'", "came after"},
                {"UPDATE version SET superclass = number WHERE name = 'M'", "came after"},
                {"UPDATE instance SET value = x'00' WHERE id = 3", "instance"},
                {"UPDATE instance SET key = x'0011' WHERE id = 3", "key"},
                {"UPDATE instance SET keyed = (SELECT id FROM class WHERE name = 'In') WHERE id = 3", "keys"},
                {"UPDATE instance SET version = (SELECT version FROM class WHERE name = 'In') WHERE id = 3",
                 "instance 3"},
                {"DELETE FROM uses WHERE instance = 1", "uses 1 class versions, 0 are noted"},
                {"INSERT INTO uses SELECT 2, version FROM class WHERE name = 'M'", "does not use"},
                {"PRAGMA foreign_keys = 0; DELETE FROM class WHERE name = 'In'; UPDATE instance SET class = "
                 "99 WHERE id = 3",
                 "refers to a row"},
                {"PRAGMA foreign_keys = 0; DELETE FROM version WHERE name = 'In'", "refers to a row"},
        };
        (void)state;
        char *file = name("rules.db");
        Diag d;
        RepositoryFigures f;
        for (size_t i = 0; i < COUNT(cases); i++) {
                fill(file);
                assert_int_equal(checking(file, &f), 0);
                assert_int_equal(told_wrong, 0);
                sql(file, cases[i].spoil);
                int64_t r = checking(file, &f);
                if (r != CODE(CRITICAL_ERROR) || !strstr(told_first, cases[i].says))
                        fail_msg("%s: 0x%llx, %s", cases[i].spoil, (long long)r, told_first);
                assert_true(told_wrong > 0);
                // Whoever serves it gets errors in order, at the start or where it matters.
                r = opening(file, &d);
                assert_true(r == 0 || r == CODE(INITIALIZATION_FAILURE));
                if (r == 0) {
                        Rig g;
                        Buf out = {0};
                        rig_open(&g, file, false);
                        r = rig_list(&g, NS, "N", 0, &out);
                        assert_true(r == 0 || r == CODE(CRITICAL_ERROR));
                        r = rig_get(&g, NS, "N=3", NULL);
                        assert_true(r == 0 || r == CODE(CRITICAL_ERROR) || r == CODE(NOT_FOUND));
                        buf_deinit(&out);
                        rig_close(&g);
                }
                unlink(file);
        }
        assert_int_equal(checking("/tmp/freewmi-no-such-file", &f), CODE(FAILED));
        free(file);
}

// A system class that a later FreeWMI declares otherwise: what was stored for the old one is read for the new
// one.
static int later_seed(void *context, Str namespace, CimSchema **schema, Diag *reterr)
{
        int r = rig_seed(context, namespace, schema, reterr);
        CimClass *c = NULL;
        CimSchema *after;
        if (r == 0)
                r = cim_class_new(
                        &CLASS("__EventFilter", PROPERTIES(P("Since", CIM_UINT32), KEY("Name", CIM_STRING),
                                                           P("Query", CIM_STRING))),
                        cim_schema_find(*schema, namespace, STR("__SystemClass")), NULL, NULL, &c, reterr);
        if (r == 0)
                r = cim_schema_change(*schema, &(CimChange){.namespace = namespace, .klass = c}, 1, &after,
                                      reterr);
        cim_class_unref(c);
        if (r == 0) {
                cim_schema_unref(*schema);
                *schema = after;
        }
        return r;
}

static void system_classes_that_change(void **state)
{
        Rig g;
        CimInstance *i;
        (void)state;
        char *file = name("seeds.db");
        rig_open(&g, file, false);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("MyFilter", PROPERTIES(P("Mine", CIM_UINT32))),
                                       "__EventFilter", 0),
                         0);
        assert_int_equal(rig_put(&g, NS, "MyFilter",
                                 (CimValue[]){VS(CIM_STRING, u"a"), VS(CIM_STRING, u"q"), NUMBER(7)}, 3, 0),
                         0);
        assert_int_equal(rig_put(&g, NS, "__EventFilter",
                                 (CimValue[]){VS(CIM_STRING, u"b"), VS(CIM_STRING, u"r")}, 2, 0),
                         0);
        rig_close(&g);
        for (int round = 0; round < 4; round++) {
                bool later = round == 1 || round == 2;
                rig_open_with(&g, &(RepositoryConfig){.file = file, .seed = later ? later_seed : rig_seed});
                assert_int_equal(rig_get(&g, NS, "MyFilter=\"a\"", &i), 0);
                assert_int_equal(i->class->property_count, later ? 4 : 3);
                assert_int_equal(cim_instance_get(i, STR("Mine"))->uint, 7);
                assert_int_equal(str16_cmp(cim_instance_get(i, STR("Query"))->string, (Str16){u"q", 1}), 0);
                cim_instance_unref(i);
                assert_int_equal(rig_get(&g, NS, "__EventFilter=\"b\"", &i), 0);
                assert_int_equal(str16_cmp(cim_instance_get(i, STR("Query"))->string, (Str16){u"r", 1}), 0);
                cim_instance_unref(i);
                assert_int_equal(rig_get(&g, NS, "__EventFilter=\"a\"", NULL), 0);
                rig_close(&g);
        }
        assert_int_equal(checking(file, NULL), 0);
        unlink(file);
        free(file);
}

// The system gets classes of names that the user has taken: "Mine" with a subclass that does not fit the
// user's, and "Other", which does.
static int rival_seed(void *context, Str namespace, CimSchema **schema, Diag *reterr)
{
        const struct {
                CimClassSpec spec;
                const char *super;
        } rivals[] = {
                {CLASS("Mine", PROPERTIES(P("System", CIM_UINT8))), NULL},
                {CLASS("MineBelow", PROPERTIES(P("Color", CIM_UINT32))), "Mine"},
                {CLASS("MineDeep"), "MineBelow"},
                {CLASS("Other", PROPERTIES(P("System", CIM_UINT8))), NULL},
                {CLASS("OtherBelow", PROPERTIES(P("More", CIM_UINT8))), "Other"},
        };
        int r = rig_seed(context, namespace, schema, reterr);
        for (size_t i = 0; i < sizeof(rivals) / sizeof(rivals[0]) && r == 0; i++) {
                CimClass *c;
                CimSchema *after;
                const CimClass *super =
                        rivals[i].super ? cim_schema_find(*schema, namespace, str_of(rivals[i].super)) : NULL;
                r = cim_class_new(&rivals[i].spec, super, NULL, NULL, &c, reterr);
                if (r)
                        break;
                r = cim_schema_change(*schema, &(CimChange){.namespace = namespace, .klass = c}, 1, &after,
                                      reterr);
                cim_class_unref(c);
                if (r)
                        break;
                cim_schema_unref(*schema);
                *schema = after;
        }
        return r;
}

static void names_that_the_user_has_taken(void **state)
{
        Rig g;
        CimInstance *i;
        (void)state;
        char *file = name("rivals.db");
        rig_open(&g, file, false);
        assert_int_equal(
                rig_put_class(&g, NS,
                              &CLASS("Mine", PROPERTIES(KEY("Name", CIM_STRING), P("Color", CIM_STRING))), "",
                              0),
                0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("MineToo", PROPERTIES(P("N", CIM_UINT32))), "Mine", 0),
                         0);
        assert_int_equal(rig_put(&g, NS, "MineToo",
                                 (CimValue[]){VS(CIM_STRING, u"a"), VS(CIM_STRING, u"red"), NUMBER(7)}, 3, 0),
                         0);
        rig_close(&g);
        for (int round = 0; round < 3; round++) {
                rig_open_with(&g,
                              &(RepositoryConfig){.file = file, .seed = round == 2 ? rig_seed : rival_seed});
                assert_int_equal(rig_get(&g, NS, "Mine=\"a\"", &i), 0);
                assert_int_equal(cim_instance_get(i, STR("N"))->uint, 7);
                cim_instance_unref(i);
                assert_int_equal(rig_class(&g, NS, "Mine")->property_count, 2);
                assert_null(cim_schema_find(repository_schema(g.r), STR(NS), STR("MineBelow")));
                assert_null(cim_schema_find(repository_schema(g.r), STR(NS), STR("MineDeep")));
                assert_int_equal(cim_schema_find(repository_schema(g.r), STR(NS), STR("OtherBelow")) != NULL,
                                 round != 2);
                rig_close(&g);
        }
        assert_int_equal(checking(file, NULL), 0);
        unlink(file);
        free(file);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(what_is_refused), TEST(a_refused_file_has_no_lock), TEST(damaged_pages_are_found),
                TEST(one_service_at_a_time), TEST(there_and_back), TEST(a_log_of_before_does_not_come_back),
                TEST(a_copy_of_a_store_that_is_written), TEST(every_rule_of_the_check),
                TEST(system_classes_that_change), TEST(names_that_the_user_has_taken), TEST_END});
}
