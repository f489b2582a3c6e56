// SPDX-License-Identifier: MIT
// Jobs: their order, batches of them, what is told when; commits that fail; with and without a thread.
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include "repository/test-rig.h"

#define KEY(n, t, ...) P(n, t, QUALIFIERS(QB("key")), __VA_ARGS__)
#define NS             "root\\default"
#define NUMBERS                                                                                              \
        CLASS("N", PROPERTIES(KEY("K", CIM_UINT32), P("V", CIM_UINT32), P("B", CIM_UINT8 | CIM_ARRAY)))

// --- order ------------------------------------------------------------------------------------------------

typedef struct Order Order;
typedef struct OrderJob {
        RepositoryJob job; // first
        Order *order;
        unsigned number;
        int result; // what run returns
        bool changes, done;
        pthread_t ran_in;
} OrderJob;

struct Order {
        Rig *g;
        Buf log;      // what the caller's thread sees
        unsigned ran; // in the storage thread
        unsigned left;
        pthread_t caller;
};

static int order_run(RepositoryJob *j, Store *st)
{
        OrderJob *k = (OrderJob *)j;
        CimInstance *i;
        k->ran_in = pthread_self();
        if (k->order->ran++ != k->number)
                return -EPROTO;
        if (!k->changes)
                return k->result;
        int r = cim_instance_new(cim_schema_find(store_schema(st), STR(NS), STR("N")), &i);
        if (r)
                return r;
        i->values[0] = VU(CIM_UINT32, k->number);
        r = store_put_instance(st, STR(NS), i, 0, NULL, &j->diag);
        cim_instance_unref(i);
        return r ? r : k->result;
}

static void order_done(RepositoryJob *j, int r)
{
        OrderJob *k = (OrderJob *)j;
        assert_true(pthread_equal(pthread_self(), k->order->caller));
        assert_int_equal(r, k->result);
        if (k->order->g->told.n) { // told between the done() before and this one
                assert_true(k->changes && !k->result);
                buf_printf(&k->order->log, "c%u ", k->number);
                k->order->g->told.n = 0;
        } else {
                assert_true(!k->changes || k->result);
        }
        buf_printf(&k->order->log, "d%u ", k->number);
        k->done = true;
        k->order->left--;
}

static void dispatch_all(Rig *g, const unsigned *left)
{
        while (*left) {
                struct pollfd p = {.fd = repository_fd(g->r), .events = POLLIN};
                assert_int_equal(poll(&p, 1, 60000), 1);
                repository_dispatch(g->r);
        }
}

static void told_and_done_in_order(void **state)
{
        (void)state;
        for (unsigned how = 0; how < 4; how++) {
                Rig g;
                OrderJob jobs[300] = {0};
                Buf want = {0};
                char *file = strdup(rig_file("order.db"));
                bool thread = how & 1;
                unlink(file);
                rig_open_with(&g, &(RepositoryConfig){.file = how & 2 ? file : NULL,
                                                      .thread = thread,
                                                      .batch = how == 3 ? 1 : 100});
                assert_int_equal(rig_put_class(&g, NS, &NUMBERS, "", 0), 0);
                g.told.n = 0;
                Order o = {.g = &g, .left = COUNT(jobs), .caller = pthread_self()};
                for (unsigned i = 0; i < COUNT(jobs); i++) {
                        jobs[i] = (OrderJob){.job = {.run = order_run, .done = order_done},
                                             .order = &o,
                                             .number = i,
                                             .changes = i % 3 != 0,
                                             .result = i % 5 == 0 ? -ECANCELED : 0};
                        if (jobs[i].changes && !jobs[i].result)
                                buf_printf(&want, "c%u ", i);
                        buf_printf(&want, "d%u ", i);
                        repository_submit(g.r, &jobs[i].job);
                }
                assert_true(repository_waiting(g.r) == COUNT(jobs));
                dispatch_all(&g, &o.left);
                assert_int_equal(repository_waiting(g.r), 0);
                assert_string_equal(buf_z(&o.log), buf_z(&want));
                for (unsigned i = 0; i < COUNT(jobs); i++)
                        assert_int_equal(pthread_equal(jobs[i].ran_in, pthread_self()) != 0, !thread);
                struct pollfd p = {.fd = repository_fd(g.r), .events = POLLIN};
                repository_dispatch(g.r); // nothing left: harmless, and the descriptor is quiet
                assert_int_equal(poll(&p, 1, 0), 0);
                buf_deinit(&o.log);
                buf_deinit(&want);
                rig_close(&g);
                free(file);
        }
}

static void numbers_survive(void **state)
{
        Rig g;
        (void)state;
        char *file = strdup(rig_file("numbers.db"));
        rig_open(&g, file, true);
        assert_int_equal(rig_put_class(&g, NS, &NUMBERS, "", 0), 0);
        assert_int_equal(rig_put(&g, NS, "N", (CimValue[]){VU(CIM_UINT32, 1)}, 1, 0), 0);
        uint64_t number = g.number;
        rig_close(&g);
        rig_open(&g, file, false);
        assert_int_equal(rig_put(&g, NS, "N", (CimValue[]){VU(CIM_UINT32, 2)}, 1, 0), 0);
        assert_int_equal(g.number, number + 1);
        rig_close(&g);
        free(file);
}

// --- closing
// ------------------------------------------------------------------------------------------------

static unsigned again_left;

static void again_done(RepositoryJob *j, int r);

typedef struct Again {
        RepositoryJob job;
        Rig *g;
} Again;

static int again_run(RepositoryJob *j, Store *st)
{
        (void)j;
        return store_schema(st) ? 0 : -EPROTO;
}

static void again_done(RepositoryJob *j, int r)
{
        Again *a = (Again *)j;
        assert_int_equal(r, 0);
        if (again_left && again_left--)
                repository_submit(a->g->r, j);
}

static void closing_runs_what_waits(void **state)
{
        (void)state;
        for (int thread = 0; thread < 2; thread++) {
                Rig g;
                Again a = {.job = {.run = again_run, .done = again_done}, .g = &g};
                rig_open(&g, NULL, thread);
                again_left = 20;
                repository_submit(g.r, &a.job);
                repository_close(g.r);
                assert_int_equal(again_left, 0);
                buf_deinit(&g.told);
        }
        assert_null(repository_close(NULL));
}

static int signals_run(RepositoryJob *j, Store *st)
{
        sigset_t mask;
        (void)j;
        (void)st;
        pthread_sigmask(SIG_SETMASK, NULL, &mask);
        return sigismember(&mask, SIGTERM) && sigismember(&mask, SIGCHLD) && sigismember(&mask, SIGUSR1)
                       ? 0
                       : -EPROTO;
}

static unsigned signals_left;

static void signals_done(RepositoryJob *j, int r)
{
        (void)j;
        assert_int_equal(r, 0);
        signals_left--;
}

static void the_thread_takes_no_signals(void **state)
{
        Rig g;
        RepositoryJob j = {.run = signals_run, .done = signals_done};
        (void)state;
        rig_open(&g, NULL, true);
        signals_left = 1;
        repository_submit(g.r, &j);
        dispatch_all(&g, &signals_left);
        rig_close(&g);
}

// --- a disk that is full
// ------------------------------------------------------------------------------------------

// Puts an instance with a block of random bytes, which nothing makes smaller.
static int64_t put_block(Rig *g, unsigned k, size_t size)
{
        CimInstance *i;
        assert_int_equal(cim_instance_new(rig_class(g, NS, "N"), &i), 0);
        CimValue *items = calloc(size, sizeof(*items));
        assert_non_null(items);
        for (size_t n = 0; n < size; n++)
                items[n] = VU(CIM_UINT8, (uint8_t)(n * 2654435761u >> 7));
        i->values[0] = VU(CIM_UINT32, k);
        i->values[2] = (CimValue){.type = CIM_UINT8 | CIM_ARRAY, .array = {items, (uint32_t)size}};
        int64_t r = rig_put_instance(g, NS, i, 0);
        cim_instance_unref(i);
        free(items);
        return r;
}

static void a_full_disk_is_told_and_survived(void **state)
{
        Rig g;
        (void)state;
        char *file = strdup(rig_file("full.db"));
        struct rlimit before, small;
        rig_open(&g, file, true);
        assert_int_equal(rig_put_class(&g, NS, &NUMBERS, "", 0), 0);
        assert_int_equal(put_block(&g, 0, 1000), 0);
        signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        small = before;
        small.rlim_cur = 512 << 10;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        unsigned k = 1, last = 0;
        int64_t r = 0;
        while (k < 100 && (r = put_block(&g, k, 30000)) == 0)
                last = k++;
        assert_int_equal(r, (int64_t)(uint32_t)CIM_E_CRITICAL_ERROR);
        assert_true(last > 3);
        unsigned commits = g.commits;
        Buf list = {0};
        assert_int_equal(rig_list(&g, NS, "N", 0, &list), 0); // what is there can be read
        unsigned lines = 0;
        for (size_t i = 0; i < list.n; i++)
                lines += list.p[i] == '\n';
        assert_int_equal(lines, last + 1);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Small"), "", 0),
                         (int64_t)(uint32_t)CIM_E_CRITICAL_ERROR);
        assert_null(rig_class(&g, NS, "Small"));
        assert_int_equal(g.commits, commits);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        // There is room again.
        assert_int_equal(put_block(&g, k, 30000), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Small"), "", 0), 0);
        rig_close(&g);
        rig_open(&g, file, false);
        list.n = 0;
        assert_int_equal(rig_list(&g, NS, "N", 0, &list), 0);
        lines = 0;
        for (size_t i = 0; i < list.n; i++)
                lines += list.p[i] == '\n';
        assert_int_equal(lines, last + 2);
        buf_deinit(&list);
        rig_close(&g);
        free(file);
}

// All jobs of a batch that cannot be committed are answered so.
static unsigned fail_left, fail_critical;

static int fail_run(RepositoryJob *j, Store *st)
{
        return store_put_class(st, STR(NS), &CLASS("Batch"), STR(""), 0, &j->diag);
}

static void fail_done(RepositoryJob *j, int r)
{
        fail_left--;
        if (r == E_DIAG && j->diag.code == (uint32_t)CIM_E_CRITICAL_ERROR && j->diag.message[0] &&
            j->diag.hint[0])
                fail_critical++;
}

static void a_commit_that_fails_answers_all(void **state)
{
        Rig g;
        RepositoryJob jobs[5];
        struct rlimit before, small;
        (void)state;
        char *file = strdup(rig_file("batch.db"));
        rig_open(&g, file, false);
        assert_int_equal(rig_put_class(&g, NS, &NUMBERS, "", 0), 0);
        g.told.n = 0;
        const CimSchema *schema = repository_schema(g.r);
        signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        small = before;
        small.rlim_cur = 4096;
        fail_left = COUNT(jobs);
        for (unsigned i = 0; i < COUNT(jobs); i++) {
                jobs[i] = (RepositoryJob){.run = fail_run, .done = fail_done};
                repository_submit(g.r, &jobs[i]);
        }
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        dispatch_all(&g, &fail_left);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(fail_critical, COUNT(jobs));
        assert_int_equal(g.told.n, 0);
        assert_ptr_equal(repository_schema(g.r), schema);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Batch"), "", STORE_CREATE_ONLY), 0); // it is not there
        rig_close(&g);
        free(file);
}

// Another program that holds the file's write lock: the job waits a while, then says so; nothing is lost.
static void a_busy_file_is_told(void **state)
{
        Rig g;
        sqlite3 *other;
        (void)state;
        char *file = strdup(rig_file("busy.db"));
        rig_open(&g, file, true);
        assert_int_equal(sqlite3_open(file, &other), SQLITE_OK);
        assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(rig_put_class(&g, NS, &NUMBERS, "", 0), (int64_t)(uint32_t)CIM_E_CRITICAL_ERROR);
        assert_non_null(strstr(g.diag.message, "busy.db"));
        assert_non_null(strstr(g.diag.message, "locked"));
        assert_non_null(strstr(g.diag.hint, "another program"));
        assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(other), SQLITE_OK);
        assert_int_equal(rig_put_class(&g, NS, &NUMBERS, "", STORE_CREATE_ONLY), 0);
        rig_close(&g);
        free(file);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(told_and_done_in_order), TEST(numbers_survive),
                                        TEST(closing_runs_what_waits), TEST(the_thread_takes_no_signals),
                                        TEST(a_full_disk_is_told_and_survived), TEST(a_busy_file_is_told),
                                        TEST(a_commit_that_fails_answers_all), TEST_END});
}
