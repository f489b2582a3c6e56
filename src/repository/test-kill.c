// SPDX-License-Identifier: MIT
// kill -9 while a store is written: what was acknowledged is there, and nothing is there by halves.
//
// A process writes one job after another and says through a pipe which are done; it is killed at any moment,
// also while it opens the store. Job n puts three rows that say n, deletes those of job n - KEEP, sets a
// counter to n, and changes a class now and then. So after the last job m that is in the store, exactly the
// rows of m - KEEP + 1 .. m must be there, each three times, the counter must say m, and m is not before the
// last one that was acknowledged. FREEWMI_KILLS sets how often.
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cim/path.h"
#include "repository/test-rig.h"

#define KEY(n, t, ...) P(n, t, QUALIFIERS(QB("key")), __VA_ARGS__)
#define NS             "root\\default"

enum { KEEP = 10, AHEAD = 4, ROWS = 3, TOGGLE = 3 };

// --- the writer --------------------------------------------------------------------------------------------

typedef struct Write {
        RepositoryJob job; // first
        uint32_t n;
        int report;
        Repository *r;
        uint32_t *next;
} Write;

static int put_numbers(Store *st, const char *name, uint32_t k, uint32_t v, Diag *reterr)
{
        CimInstance *i;
        int r = cim_instance_new(cim_schema_find(store_schema(st), STR(NS), str_of(name)), &i);
        if (r)
                return r;
        i->values[0] = VU(CIM_UINT32, k);
        i->values[1] = VU(CIM_UINT32, v);
        r = store_put_instance(st, STR(NS), i, 0, NULL, reterr);
        cim_instance_unref(i);
        return r;
}

static int delete_row(Store *st, uint32_t k, Diag *reterr)
{
        CimPathKey key = {.value = VU(CIM_SINT64, k)};
        return store_delete_instance(
                st, STR(NS), &(CimPath){.class_name = STR("Row"), .keys = &key, .key_count = 1}, reterr);
}

// The class says the number of the job that changed it last, in the length of its description.
static int change_class(Store *st, uint32_t n, Diag *reterr)
{
        char16_t text[64];
        for (size_t i = 0; i < 64; i++)
                text[i] = u'x';
        CimQualifier q = {STR("Description"), {.type = CIM_STRING, .string = {text, n % 60 + 1}}, 0};
        CimClassSpec s = {.name = STR("Row"),
                          .qualifiers = &q,
                          .qualifier_count = 1,
                          PROPERTIES(KEY("K", CIM_UINT32), P("V", CIM_UINT32))};
        return store_put_class(st, STR(NS), &s, STR(""), 0, reterr);
}

static int write_run(RepositoryJob *j, Store *st)
{
        Write *w = (Write *)j;
        int r = 0;
        if (w->n == 1)
                r = store_put_class(st, STR(NS),
                                    &CLASS("Counter", PROPERTIES(KEY("K", CIM_UINT32), P("V", CIM_UINT32))),
                                    STR(""), 0, &j->diag);
        if (r == 0 && (w->n == 1 || w->n % TOGGLE == 0))
                r = change_class(st, w->n, &j->diag);
        for (uint32_t i = 0; i < ROWS && r == 0; i++) {
                r = put_numbers(st, "Row", w->n * ROWS + i, w->n, &j->diag);
                if (r == 0 && w->n > KEEP)
                        r = delete_row(st, (w->n - KEEP) * ROWS + i, &j->diag);
        }
        return r ? r : put_numbers(st, "Counter", 1, w->n, &j->diag);
}

static void write_done(RepositoryJob *j, int r)
{
        Write *w = (Write *)j;
        if (r || write(w->report, &w->n, sizeof(w->n)) != sizeof(w->n))
                _exit(3); // whoever reads has gone, or there is a defect
        w->n = (*w->next)++;
        repository_submit(w->r, j);
}

// Writes until it is killed.
static void writer(const char *file, uint32_t next, int report)
{
        Repository *r;
        Write w[AHEAD];
        Diag d;
        if (repository_open(&(RepositoryConfig){.file = file,
                                                .thread = true,
                                                .batch = 3,
                                                .seed = rig_seed,
                                                .namespaces = rig_namespaces},
                            &r, &d))
                _exit(2);
        for (unsigned i = 0; i < AHEAD; i++) {
                w[i] = (Write){.job = {.run = write_run, .done = write_done},
                               .n = next++,
                               .report = report,
                               .r = r,
                               .next = &next};
                repository_submit(r, &w[i].job);
        }
        for (;;) {
                struct pollfd p = {.fd = repository_fd(r), .events = POLLIN};
                poll(&p, 1, -1);
                repository_dispatch(r);
        }
}

// --- what is there then ------------------------------------------------------------------------------------

typedef struct Seen {
        uint32_t least, most, rows, of_job[KEEP];
} Seen;

static int seen_row(void *context, const CimInstance *i)
{
        Seen *s = context;
        uint32_t v = (uint32_t)i->values[1].uint;
        assert_int_equal(i->values[0].uint / ROWS, v);
        s->least = !s->rows || v < s->least ? v : s->least;
        s->most = v > s->most ? v : s->most;
        s->rows++;
        s->of_job[v % KEEP]++;
        return 0;
}

static int seen_run(void *context, Store *st, Diag *reterr)
{
        StoreCursor c = {0};
        return cim_schema_find(store_schema(st), STR(NS), STR("Row"))
                       ? store_each_instance(st, STR(NS), STR("Row"), 0, NULL, &c, seen_row, context, reterr)
                       : 0;
}

// The last job that is in the store.
static uint32_t look(const char *file, uint32_t acknowledged)
{
        Rig g;
        Seen s = {0};
        CimInstance *i = NULL;
        rig_open(&g, file, false);
        assert_int_equal(rig_run(&g, seen_run, &s, NULL), 0);
        assert_true(s.most >= acknowledged);
        uint32_t jobs = s.most < KEEP ? s.most : KEEP;
        assert_int_equal(s.rows, jobs * ROWS);
        for (uint32_t k = 0; k < jobs; k++)
                assert_int_equal(s.of_job[(s.most - k) % KEEP], ROWS);
        int64_t r = rig_get(&g, NS, "Counter=1", &i);
        if (s.most) {
                assert_int_equal(r, 0);
                assert_int_equal(i->values[1].uint, s.most);
                uint32_t changed = s.most < TOGGLE ? 1 : s.most / TOGGLE * TOGGLE;
                const CimClass *c = rig_class(&g, NS, "Row");
                assert_int_equal(cim_qualifier_find(c->qualifiers, c->qualifier_count, STR("Description"))
                                         ->value.string.n,
                                 changed % 60 + 1);
        }
        cim_instance_unref(i);
        rig_close(&g);
        return s.most;
}

static uint32_t random_next(void)
{
        static uint64_t state = 88172645463325252u;
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (uint32_t)(state >> 20);
}

static uint64_t now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

// Reads what is acknowledged until `acks` were, then a little longer; kills. The last number acknowledged.
static uint32_t kill_after(pid_t child, int report, uint32_t acks, uint32_t us)
{
        uint32_t n, last = 0;
        int status;
        for (; acks && read(report, &n, sizeof(n)) == sizeof(n); acks--)
                last = n;
        for (uint64_t end = now_us() + us; now_us() < end;)
                ;
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status))
                fail_msg("the writer ended by itself, %d", WEXITSTATUS(status));
        while (read(report, &n, sizeof(n)) == sizeof(n))
                last = n;
        return last;
}

static void killed(void **state)
{
        (void)state;
        const char *setting = getenv("FREEWMI_KILLS");
        unsigned kills = setting && *setting ? (unsigned)strtoul(setting, NULL, 10) : 500, lost = 0,
                 acknowledged = 0;
        uint64_t start = now_us();
        char *file = strdup(rig_file("kill.db"));
        uint32_t last = 0;
        for (unsigned i = 0; i < kills; i++) {
                int report[2];
                if (i % 10 == 0) { // a new store, so that its making is interrupted too
                        last = 0;
                        for (size_t k = 0; k < 3; k++) {
                                char name[300];
                                snprintf(name, sizeof(name), "%s%s", file,
                                         (const char *const[]){"", "-wal", "-shm"}[k]);
                                unlink(name);
                        }
                }
                assert_int_equal(pipe(report), 0);
                fflush(NULL);
                pid_t child = fork();
                assert_true(child >= 0);
                if (!child) {
                        close(report[0]);
                        writer(file, last + 1, report[1]);
                }
                close(report[1]);
                uint32_t said =
                        kill_after(child, report[0], i % 4 ? random_next() % 12 : 0, random_next() % 3000);
                close(report[0]);
                uint32_t there = look(file, said > last ? said : last);
                acknowledged += said > last ? said - last : 0;
                lost += there - (said > last ? said : last);
                last = there;
        }
        fprintf(stderr,
                "# %u kills in %.1f s: %u jobs acknowledged and there, %u there before they were "
                "acknowledged\n",
                kills, (double)(now_us() - start) / 1e6, acknowledged, lost);
        assert_true(kills < 20 || acknowledged > kills);
        Diag d;
        assert_int_equal(repository_check(file, rig_seed, NULL, NULL, NULL, NULL, &d), 0);
        free(file);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(killed), TEST_END});
}
