// SPDX-License-Identifier: MIT
// What careless and hostile callers do: odd names of files and namespaces, classes that come together,
// misses, growth.
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "repository/test-rig.h"

#define KEY(n, t, ...) P(n, t, QUALIFIERS(QB("key")), __VA_ARGS__)
#define NS             "root\\default"
#define CODE(name)     ((int64_t)(uint32_t)CIM_E_##name)
#define NUMBER(n)      VU(CIM_UINT32, n)
#define PUT(g, c, ...) rig_put(g, NS, c, (CimValue[]){__VA_ARGS__}, COUNT(((CimValue[]){__VA_ARGS__})), 0)
#define ONE            CLASS("One", PROPERTIES(KEY("K", CIM_UINT32)))

static CimClass *class_of(const CimClassSpec *spec, const CimClass *super)
{
        CimClass *c;
        Diag d;
        if (cim_class_new(spec, super, NULL, NULL, &c, &d) != 0)
                fail_msg("%s", d.message);
        return c;
}

typedef struct Together {
        CimChange list[2];
        size_t n;
        uint32_t flags;
} Together;

// All with the same flags.
static int put_all(Store *st, const CimChange *list, size_t n, uint32_t flags, Diag *reterr)
{
        StorePut puts[16];
        assert_true(n <= 16);
        for (size_t i = 0; i < n; i++)
                puts[i] = (StorePut){.namespace = list[i].namespace, .klass = list[i].klass, .flags = flags};
        return store_put_classes(st, puts, n, NULL, reterr);
}

static int put_together(void *context, Store *st, Diag *reterr)
{
        const Together *t = context;
        return put_all(st, t->list, t->n, t->flags, reterr);
}

// --- names
// --------------------------------------------------------------------------------------------------------

// A namespace in another spelling than the normal one would be in the file, and the next start refuse it.
static void namespaces_are_normal_or_refused(void **state)
{
        static const char *const names[] = {"root/a", "root\\a/b", "root\\", "root\\\\a",
                                            "\\root", "other",     "",       "root\\a b"};
        (void)state;
        char *file = strdup(rig_file("names.db"));
        CimClass *c = class_of(&ONE, NULL);
        Rig g;
        for (size_t i = 0; i < COUNT(names); i++) {
                Diag d = {0};
                rig_open(&g, file, false); // and so does the one before
                Together t = {.list = {{.namespace = str_of(names[i]), .klass = c}}, .n = 1};
                assert_int_equal(rig_run(&g, put_together, &t, &d), E_DIAG);
                assert_int_equal(d.code, CODE(INVALID_NAMESPACE));
                assert_int_equal(g.commits, 0);
                rig_close(&g);
        }
        cim_class_unref(c);
        free(file);
}

// SQLite has meanings of its own for some names of files.
static void any_name_is_a_file(void **state)
{
        static const char *const names[] = {":memory:", "file:x?mode=memory", "file:y"};
        char before[512];
        struct stat s;
        (void)state;
        char *here = strdup(rig_file(""));
        assert_non_null(getcwd(before, sizeof(before)));
        assert_int_equal(chdir(here), 0);
        for (size_t i = 0; i < COUNT(names); i++) {
                Rig g;
                rig_open(&g, names[i], false);
                assert_int_equal(rig_put_class(&g, NS, &ONE, "", 0), 0);
                rig_close(&g);
                rig_open(&g, names[i], false);
                assert_non_null(rig_class(&g, NS, "One"));
                rig_close(&g);
                assert_int_equal(stat(names[i], &s), 0);
                assert_true(s.st_size > 0);
        }
        Diag d;
        assert_int_equal(repository_backup("file:y", "file:z", NULL, NULL, &d), 0);
        assert_int_equal(repository_restore("file:z", "file:y", NULL, NULL, &d), 0);
        assert_int_equal(chdir(before), 0);
        free(here);
}

// A symbolic link is another name of the same store: it has the same lock, and stays a link.
static void a_link_is_the_same_store(void **state)
{
        Rig g;
        Diag d = {0};
        Repository *other;
        struct stat s;
        (void)state;
        char *file = strdup(rig_file("real.db")), *link = strdup(rig_file("link.db")),
             *backup = strdup(rig_file("backup.db"));
        rig_open(&g, file, false);
        assert_int_equal(symlink(file, link), 0);
        assert_int_equal(
                repository_open(
                        &(RepositoryConfig){.file = link, .seed = rig_seed, .namespaces = rig_namespaces},
                        &other, &d),
                E_DIAG);
        assert_int_equal(d.code, CODE(ALREADY_EXISTS));
        assert_int_equal(repository_backup(link, backup, NULL, NULL, &d), 0);
        assert_int_equal(rig_put_class(&g, NS, &ONE, "", 0), 0);
        assert_int_equal(repository_restore(backup, link, NULL, NULL, &d), E_DIAG);
        assert_int_equal(d.code, CODE(ALREADY_EXISTS));
        rig_close(&g);
        assert_int_equal(chmod(file, 0640), 0);
        assert_int_equal(repository_restore(backup, link, NULL, NULL, &d), 0);
        assert_int_equal(lstat(link, &s), 0);
        assert_true(S_ISLNK(s.st_mode));
        assert_int_equal(lstat(file, &s), 0);
        assert_int_equal(s.st_mode & 0777, 0640);
        rig_open(&g, file, false);
        assert_null(rig_class(&g, NS, "One"));
        rig_close(&g);
        free(file), free(link), free(backup);
}

// --- classes
// ------------------------------------------------------------------------------------------------------

// Two classes that come together by force: each is what its own declaration says, and told once, in either
// order.
static void classes_that_come_by_force(void **state)
{
        (void)state;
        for (unsigned order = 0; order < 2; order++) {
                Rig g;
                CimClass *a =
                        class_of(&CLASS("A", PROPERTIES(KEY("K", CIM_UINT32), P("X", CIM_STRING))), NULL);
                CimClass *b = class_of(&CLASS("B", PROPERTIES(P("Z", CIM_UINT8))), a);
                rig_open(&g, NULL, false);
                assert_int_equal(rig_put_class(&g, NS, &CLASS("A", PROPERTIES(KEY("K", CIM_UINT32))), "", 0),
                                 0);
                assert_int_equal(rig_put_class(&g, NS, &CLASS("B", PROPERTIES(P("X", CIM_UINT8))), "A", 0),
                                 0);
                g.told.n = 0;
                Together t = {.list = {{.namespace = STR(NS), .klass = order ? b : a},
                                       {.namespace = STR(NS), .klass = order ? a : b}},
                              .n = 2,
                              .flags = STORE_UPDATE_FORCE};
                assert_int_equal(rig_run(&g, put_together, &t, NULL), 0);
                assert_string_equal(buf_z(&g.told), order ? NS " ~B\n" NS " ~A\n" : NS " ~A\n" NS " ~B\n");
                const CimClass *is = rig_class(&g, NS, "B");
                assert_int_equal(is->property_count, 3);
                assert_true(cim_class_property(is, STR("Z")) >= 0);
                assert_int_equal(is->properties[cim_class_property(is, STR("X"))].type, CIM_STRING);
                cim_class_unref(a);
                cim_class_unref(b);
                rig_close(&g);
        }
}

// --- work and growth
// ----------------------------------------------------------------------------------------------

static double gets(Rig *g, bool miss)
{
        struct timespec a, b;
        CimInstance *i;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        for (unsigned k = 0; k < 10; k++) {
                if (miss)
                        assert_int_equal(rig_get(g, NS, "Base.K=99999", &i), CODE(NOT_FOUND));
                assert_int_equal(rig_get(g, NS, "Base.K=299", &i), 0);
                cim_instance_unref(i);
        }
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        return (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3;
}

// A job that found nothing makes the next one no slower: what is known of 300 subclasses stays known.
static void a_miss_costs_the_next_nothing(void **state)
{
        Rig g;
        char name[16];
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(
                rig_put_class(&g, NS,
                              &CLASS("Base", QUALIFIERS(QB("abstract")), PROPERTIES(KEY("K", CIM_UINT32))),
                              "", 0),
                0);
        for (unsigned i = 0; i < 300; i++) {
                snprintf(name, sizeof(name), "D%u", i);
                assert_int_equal(rig_put_class(&g, NS, &(CimClassSpec){.name = str_of(name)}, "Base", 0), 0);
                assert_int_equal(PUT(&g, name, NUMBER(i)), 0);
        }
        gets(&g, false);
        double plain = gets(&g, false), missed = gets(&g, true);
        if (missed > plain * 50)
                fail_msg("ten gets take %.0f us, after misses %.0f us", plain, missed);
        rig_close(&g);
}

// The same object of a class that is another each time: it is what is there, and leaves nothing in the file.
static void what_is_not_written_leaves_no_version(void **state)
{
        Rig g;
        int64_t versions = 0;
        (void)state;
        char *file = strdup(rig_file("same.db"));
        rig_open(&g, file, false);
        assert_int_equal(rig_put_class(&g, NS,
                                       &CLASS("Out", PROPERTIES(KEY("K", CIM_UINT32), P("In", CIM_OBJECT))),
                                       "", 0),
                         0);
        for (unsigned i = 0; i < 4; i++) {
                CimInstance *in;
                CimQualifier q = {.name = STR("Try"), .value = NUMBER(i)};
                CimPropertySpec p = {
                        .name = STR("P"), .type = CIM_UINT8, .qualifiers = &q, .qualifier_count = 1};
                CimClass *c = class_of(
                        &(CimClassSpec){.name = STR("Free"), .properties = &p, .property_count = 1}, NULL);
                assert_int_equal(cim_instance_new(c, &in), 0);
                assert_int_equal(PUT(&g, "Out", NUMBER(1), {.type = CIM_OBJECT, .object = in}), 0);
                cim_instance_unref(in);
                cim_class_unref(c);
                if (!i)
                        versions = rig_count(file, "version");
                assert_int_equal(rig_count(file, "version"), versions);
        }
        rig_close(&g);
        free(file);
}

static int64_t delete_some(size_t bytes, unsigned n)
{
        Rig g;
        rig_open_with(&g, &(RepositoryConfig){.change_bytes = bytes});
        assert_int_equal(rig_put_class(&g, NS, &ONE, "", 0), 0);
        for (unsigned i = 0; i < n; i++)
                assert_int_equal(PUT(&g, "One", NUMBER(i)), 0);
        g.told.n = 0;
        int64_t r = rig_delete_class(&g, NS, "One");
        assert_int_equal(g.told.n != 0, r == 0);
        assert_int_equal(rig_class(&g, NS, "One") != NULL, r != 0);
        rig_close(&g);
        return r;
}

// What a job changes is held in memory, as it was and as it is: not more of it than is allowed. One object
// always is.
static void limit_bytes_of_a_job(void **state)
{
        (void)state;
        assert_int_equal(delete_some(1, 0), 0);
        assert_int_equal(delete_some(1, 1), CODE(QUOTA_VIOLATION));
        size_t least = 1, enough = 1u << 20;
        while (enough - least > 1) {
                size_t middle = (least + enough) / 2;
                *(delete_some(middle, 2) == 0 ? &enough : &least) = middle;
        }
        assert_true(enough < 1u << 16);
        assert_int_equal(delete_some(enough - 1, 2), CODE(QUOTA_VIOLATION));
        assert_int_equal(delete_some(enough, 2), 0);
        assert_int_equal(delete_some(enough + 1, 2), 0);
        assert_int_equal(delete_some(enough, 3), CODE(QUOTA_VIOLATION));
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(namespaces_are_normal_or_refused), TEST(any_name_is_a_file),
                                        TEST(a_link_is_the_same_store), TEST(classes_that_come_by_force),
                                        TEST(a_miss_costs_the_next_nothing),
                                        TEST(what_is_not_written_leaves_no_version),
                                        TEST(limit_bytes_of_a_job), TEST_END});
}
