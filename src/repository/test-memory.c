// SPDX-License-Identifier: MIT
// repository: every allocation failing in turn, ours and SQLite's. What fails says -ENOMEM and changes
// nothing, so that doing it again comes to the same end.
#include <poll.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "repository/test-rig.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static long memory_left = -1; // allocations until one fails; -1: none does
static bool memory_failed;

static bool memory_gone(void)
{
        if (memory_left < 0 || memory_left-- > 0)
                return false;
        memory_failed = true;
        return true; // once: what follows would succeed
}

void *__wrap_malloc(size_t n)
{
        return memory_gone() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return memory_gone() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
        return memory_gone() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
        return memory_gone() ? NULL : __real_reallocarray(p, n, size);
}

// --- SQLite's
// ------------------------------------------------------------------------------------------------

static sqlite3_mem_methods sqlite_memory;

static void *sqlite_malloc(int n)
{
        return memory_gone() ? NULL : sqlite_memory.xMalloc(n);
}

static void *sqlite_realloc(void *p, int n)
{
        return memory_gone() ? NULL : sqlite_memory.xRealloc(p, n);
}

static void sqlite_memory_take(void)
{
        assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory), SQLITE_OK);
        sqlite3_mem_methods ours = sqlite_memory;
        ours.xMalloc = sqlite_malloc;
        ours.xRealloc = sqlite_realloc;
        assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
        assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0),
                         SQLITE_OK); // every small piece counts
}

// --- what is done
// ------------------------------------------------------------------------------------------------

#define NS "root\\default"

enum { STEPS = 9 };

static int put(Store *st, const char *name, uint32_t k, Diag *reterr)
{
        const CimClass *c = cim_schema_find(store_schema(st), STR(NS), str_of(name)),
                       *in = cim_schema_find(store_schema(st), STR(NS), STR("In"));
        CimInstance *i, *object = NULL;
        int r = cim_instance_new(c, &i);
        if (r)
                return r;
        r = in ? cim_instance_new(in, &object) : 0;
        i->values[0] = VU(CIM_UINT32, k);
        i->values[1] = VS(CIM_STRING, u"some text");
        if (r == 0 && object)
                i->values[2] = (CimValue){.type = CIM_OBJECT, .object = object};
        if (r == 0)
                r = store_put_instance(st, STR(NS), i, 0, NULL, reterr);
        cim_instance_unref(object);
        cim_instance_unref(i);
        return r;
}

static int step_run(void *context, Store *st, Diag *reterr)
{
        CimPropertySpec own[] = {P("K", CIM_UINT32, QUALIFIERS(QB("key"))), P("S", CIM_STRING),
                                 P("O", CIM_OBJECT)};
        Arena a = {0};
        CimPath path;
        int r = 0;
        switch (*(unsigned *)context) {
        case 0:
                return store_create_namespace(st, STR("root\\sub"), reterr);
        case 1:
                return store_put_class(st, STR(NS),
                                       &CLASS("In", PROPERTIES(P("A", CIM_UINT8), P("S", CIM_STRING))),
                                       STR(""), 0, reterr);
        case 2:
                return store_put_class(st, STR(NS), &CLASS("N", .properties = own, .property_count = 3),
                                       STR(""), 0, reterr);
        case 3:
                r = store_put_class(st, STR(NS), &CLASS("M"), STR("N"), 0, reterr);
                for (uint32_t k = 0; k < 3 && r == 0; k++)
                        r = put(st, k % 2 ? "N" : "M", k, reterr);
                return r;
        case 4:
                return store_put_class(st, STR(NS), &CLASS("In", PROPERTIES(P("B", CIM_UINT16))), STR(""),
                                       STORE_UPDATE_FORCE, reterr);
        case 5:
                return put(st, "N", 1, reterr);
        case 6:
                r = cim_path_parse(STR("M=2"), &a, &path, reterr);
                if (r == 0)
                        r = store_delete_instance(st, STR(NS), &path, reterr);
                arena_deinit(&a);
                return r;
        case 7:
                return store_delete_namespace(st, STR("root\\sub"), reterr);
        default:
                return store_delete_class(st, STR(NS), STR("M"), reterr);
        }
}

typedef struct Job {
        RepositoryJob job; // first
        unsigned step;
        bool undo, done;
        int result;
} Job;

static int job_run(RepositoryJob *j, Store *st)
{
        Job *k = (Job *)j;
        int r = step_run(&k->step, st, &j->diag);
        return r == 0 && k->undo ? -ECANCELED : r;
}

static void job_done(RepositoryJob *j, int r)
{
        ((Job *)j)->done = true;
        ((Job *)j)->result = r;
}

static int step(Repository *r, unsigned which, bool undo)
{
        Job k = {.job = {.run = job_run, .done = job_done}, .step = which, .undo = undo};
        repository_submit(r, &k.job);
        while (!k.done)
                repository_dispatch(r);
        return k.result;
}

static unsigned told;

static void committed(void *context, const RepositoryCommit *c)
{
        (void)context;
        told += (unsigned)(c->to - c->from);
}

// The same again after -ENOMEM. Which allocation is to fail was set before.
static int again(Repository *r, unsigned which)
{
        int e = step(r, which, false);
        if (!e)
                return 0;
        if (e != -ENOMEM)
                fail_msg("step %u: %d", which, e);
        assert_true(memory_failed);
        return step(r, which, false);
}

static void scenario(const char *file, bool fails_while_opening, long n)
{
        Repository *r;
        Diag d = {0};
        RepositoryConfig config = {
                .file = file, .seed = rig_no_seed, .committed = committed, .namespaces = rig_namespaces};
        told = 0;
        memory_left = fails_while_opening ? n : -1;
        int e = repository_open(&config, &r, &d);
        if (e) {
                if (e != -ENOMEM || !memory_failed)
                        fail_msg("opening: %d %s", e, d.message);
                memory_left = -1;
                e = repository_open(&config, &r, &d);
        }
        assert_int_equal(e, 0);
        memory_left = fails_while_opening ? -1 : n;
        for (unsigned i = 0; i < STEPS && !fails_while_opening; i++)
                assert_int_equal(again(r, i), 0);
        memory_left = -1;
        assert_true(cim_schema_has_namespace(repository_schema(r), STR(NS)));
        repository_close(r);
        if (!fails_while_opening)
                assert_int_equal(told, 3 + 3 + 1 + 1 + 1 + 2); // namespaces without a class are not told
}

static void fails(bool file, bool fails_while_opening)
{
        long n = 0;
        // All of opening; of what comes then some, with other ones each time that the code changes.
        for (;; n += fails_while_opening ? 1 : 13) {
                char *name = file ? rig_file("memory.db") : NULL;
                memory_failed = false;
                scenario(name, fails_while_opening, n);
                if (name)
                        rig_clean();
                if (!memory_failed)
                        break;
        }
        assert_true(n > 100); // the wrapping is in place
}

static void while_it_opens(void **state)
{
        (void)state;
        fails(false, true);
}

// Each step again and again, undone at its end, with another allocation failing; then for good.
static void while_it_works(void **state)
{
        Repository *r;
        Diag d;
        long all = 0;
        (void)state;
        RepositoryConfig config = {.seed = rig_no_seed, .committed = committed, .namespaces = rig_namespaces};
        assert_int_equal(repository_open(&config, &r, &d), 0);
        for (unsigned i = 0; i < STEPS; i++) {
                long n = 0;
                do {
                        memory_failed = false;
                        memory_left = n++;
                        int e = step(r, i, true);
                        memory_left = -1;
                        if (e != -ECANCELED && (e != -ENOMEM || !memory_failed))
                                fail_msg("step %u, allocation %ld: %d", i, n - 1, e);
                } while (memory_failed);
                all += n;
                assert_int_equal(step(r, i, false), 0);
        }
        repository_close(r);
        assert_true(all > 500);
}

static void while_it_commits(void **state)
{
        (void)state;
        fails(false, false);
}

// A store that has something in it is loaded.
static void while_it_loads(void **state)
{
        Diag d;
        Repository *r;
        (void)state;
        char *file = strdup(rig_file("loads.db"));
        RepositoryConfig config = {.file = file, .seed = rig_no_seed, .namespaces = rig_namespaces};
        assert_int_equal(repository_open(&config, &r, &d), 0);
        for (unsigned i = 0; i + 1 < STEPS; i++)
                assert_int_equal(step(r, i, false), 0);
        repository_close(r);
        long n = 0;
        do {
                memory_failed = false;
                memory_left = n++;
                int e = repository_open(&config, &r, &d);
                memory_left = -1;
                if (e == 0) {
                        assert_non_null(cim_schema_find(repository_schema(r), STR(NS), STR("M")));
                        repository_close(r);
                } else if (e != -ENOMEM) {
                        fail_msg("allocation %ld: %d %s", n - 1, e, d.message);
                }
        } while (memory_failed);
        n = 0;
        do { // the check likewise
                memory_failed = false;
                memory_left = n++;
                int e = repository_check(file, rig_no_seed, NULL, NULL, NULL, NULL, &d);
                memory_left = -1;
                if (e != 0 && e != -ENOMEM)
                        fail_msg("allocation %ld of the check: %d %s", n - 1, e, d.message);
        } while (memory_failed);
        free(file);
}

int main(void)
{
        sqlite_memory_take();
        return testkit_run((TestCase[]){TEST(while_it_opens), TEST(while_it_works), TEST(while_it_commits),
                                        TEST(while_it_loads), TEST_END});
}
