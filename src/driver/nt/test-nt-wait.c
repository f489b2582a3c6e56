// SPDX-License-Identifier: MIT
// Waits, timers, DPCs, work items, threads and locks, on the virtual clock.
#include "driver/nt/nt.h"

#include "base/testkit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS 10000ll // in 100 ns

static NTSTATUS wait_now(PVOID object)
{
        LARGE_INTEGER zero = {.QuadPart = 0};
        return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &zero);
}

static PVOID start_thread(PKSTART_ROUTINE routine, PVOID context)
{
        HANDLE handle;
        PVOID object;
        assert_int_equal(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, routine, context),
                         0);
        assert_int_equal(ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode,
                                                   &object, NULL),
                         0);
        assert_int_equal(ZwClose(handle), 0);
        return object;
}

static void join(PVOID thread)
{
        assert_int_equal(KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
        ObDereferenceObject(thread);
}

static void events(void **state)
{
        (void)state;
        KEVENT manual, automatic;
        KeInitializeEvent(&manual, NotificationEvent, FALSE);
        KeInitializeEvent(&automatic, SynchronizationEvent, FALSE);
        assert_int_equal(wait_now(&manual), STATUS_TIMEOUT);
        assert_int_equal(KeSetEvent(&manual, 0, FALSE), 0);
        assert_int_equal(KeSetEvent(&manual, 0, FALSE), 1);
        assert_int_equal(wait_now(&manual), STATUS_SUCCESS);
        assert_int_equal(wait_now(&manual), STATUS_SUCCESS);
        assert_int_equal(KeResetEvent(&manual), 1);
        assert_int_equal(wait_now(&manual), STATUS_TIMEOUT);
        KeSetEvent(&automatic, 0, FALSE);
        assert_int_equal(wait_now(&automatic), STATUS_SUCCESS);
        assert_int_equal(wait_now(&automatic), STATUS_TIMEOUT);
        KePulseEvent(&manual, 0, FALSE);
        assert_int_equal(KeReadStateEvent(&manual), 0);
}

static void several_objects(void **state)
{
        (void)state;
        KEVENT e[4];
        PVOID objects[4] = {&e[0], &e[1], &e[2], &e[3]};
        KWAIT_BLOCK blocks[4];
        LARGE_INTEGER zero = {.QuadPart = 0};
        for (int i = 0; i < 4; i++)
                KeInitializeEvent(&e[i], SynchronizationEvent, i == 2);
        assert_int_equal(
                KeWaitForMultipleObjects(4, objects, WaitAll, Executive, KernelMode, FALSE, &zero, blocks),
                STATUS_TIMEOUT);
        assert_int_equal(KeReadStateEvent(&e[2]), 1); // all or nothing
        assert_int_equal(
                KeWaitForMultipleObjects(4, objects, WaitAny, Executive, KernelMode, FALSE, &zero, blocks),
                STATUS_WAIT_0 + 2);
        assert_int_equal(KeReadStateEvent(&e[2]), 0);
        for (int i = 0; i < 3; i++)
                KeSetEvent(&e[i], 0, FALSE);
        assert_int_equal(
                KeWaitForMultipleObjects(3, objects, WaitAll, Executive, KernelMode, FALSE, NULL, NULL),
                STATUS_WAIT_0);
        assert_int_equal(KeReadStateEvent(&e[0]) + KeReadStateEvent(&e[1]) + KeReadStateEvent(&e[2]), 0);
}

typedef struct Waiter {
        KEVENT *event, done, ready;
        LONGLONG timeout;
        NTSTATUS status;
} Waiter;

static VOID waiter(PVOID context)
{
        Waiter *w = context;
        LARGE_INTEGER timeout = {.QuadPart = w->timeout};
        KeSetEvent(&w->ready, 0, FALSE);
        w->status =
                KeWaitForSingleObject(w->event, Executive, KernelMode, FALSE, w->timeout ? &timeout : NULL);
        KeSetEvent(&w->done, 0, FALSE);
        PsTerminateSystemThread(STATUS_SUCCESS);
}

static void one_waiter_an_automatic_event(void **state)
{
        (void)state;
        KEVENT event;
        Waiter w[3];
        PVOID threads[3], dones[3];
        KeInitializeEvent(&event, SynchronizationEvent, FALSE);
        for (int i = 0; i < 3; i++) {
                w[i] = (Waiter){.event = &event};
                KeInitializeEvent(&w[i].done, NotificationEvent, FALSE);
                KeInitializeEvent(&w[i].ready, NotificationEvent, FALSE);
                dones[i] = &w[i].done;
                threads[i] = start_thread(waiter, &w[i]);
        }
        for (int i = 0; i < 3; i++) {
                KeSetEvent(&event, 0, FALSE);
                NTSTATUS first =
                        KeWaitForMultipleObjects(3, dones, WaitAny, Executive, KernelMode, FALSE, NULL, NULL);
                KeClearEvent(&w[first].done);
                int released = 0;
                for (int k = 0; k < 3; k++)
                        released += w[k].done.Header.SignalState;
                assert_int_equal(released, 0); // exactly one had it
        }
        for (int i = 0; i < 3; i++)
                join(threads[i]);
}

static void timeouts(void **state)
{
        (void)state;
        KEVENT event;
        KeInitializeEvent(&event, NotificationEvent, FALSE);
        Waiter w = {.event = &event, .timeout = -5 * MS};
        KeInitializeEvent(&w.done, NotificationEvent, FALSE);
        KeInitializeEvent(&w.ready, NotificationEvent, FALSE);
        PVOID thread = start_thread(waiter, &w);
        // The clock stands still: step it until the thread, which computes its due time itself, has timed
        // out.
        while (KeReadStateEvent(&w.done) == 0)
                nt_clock_advance(5 * MS);
        join(thread);
        assert_int_equal(w.status, STATUS_TIMEOUT);
        LARGE_INTEGER past;
        KeQuerySystemTime(&past);
        past.QuadPart -= 1;
        assert_int_equal(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &past), STATUS_TIMEOUT);
}

static void semaphores_and_mutexes(void **state)
{
        (void)state;
        KSEMAPHORE s;
        KeInitializeSemaphore(&s, 1, 3);
        assert_int_equal(wait_now(&s), STATUS_SUCCESS);
        assert_int_equal(wait_now(&s), STATUS_TIMEOUT);
        assert_int_equal(KeReleaseSemaphore(&s, 0, 3, FALSE), 0);
        assert_int_equal(KeReadStateSemaphore(&s), 3);
        KMUTEX m;
        KeInitializeMutex(&m, 0);
        assert_int_equal(wait_now(&m), STATUS_SUCCESS);
        assert_int_equal(wait_now(&m), STATUS_SUCCESS); // recursion
        assert_true(KeAreApcsDisabled());
        KeReleaseMutex(&m, FALSE);
        assert_int_not_equal(KeReadStateMutex(&m), 1);
        KeReleaseMutex(&m, FALSE);
        assert_int_equal(KeReadStateMutex(&m), 1);
        assert_false(KeAreApcsDisabled());
}

static VOID abandoner(PVOID mutex)
{
        KeWaitForSingleObject(mutex, Executive, KernelMode, FALSE, NULL);
        PsTerminateSystemThread(STATUS_SUCCESS);
}

static void an_abandoned_mutex(void **state)
{
        (void)state;
        KMUTEX m;
        KeInitializeMutex(&m, 0);
        join(start_thread(abandoner, &m));
        assert_int_equal(wait_now(&m), STATUS_ABANDONED_WAIT_0);
        KeReleaseMutex(&m, FALSE);
        assert_int_equal(wait_now(&m), STATUS_SUCCESS);
        KeReleaseMutex(&m, FALSE);
}

// --- DPCs and timers -----------------------------------------------------------------------------

typedef struct Counter {
        KDPC dpc;
        KSPIN_LOCK lock;
        LONG count, unlocked;
        KIRQL irql;
        KEVENT event;
        LONG signal_at;
} Counter;

static VOID count_dpc(PKDPC dpc, PVOID context, PVOID a, PVOID b)
{
        (void)dpc, (void)a, (void)b;
        Counter *c = context;
        c->irql = KeGetCurrentIrql();
        KeAcquireSpinLockAtDpcLevel(&c->lock);
        LONG now = ++c->count;
        KeReleaseSpinLockFromDpcLevel(&c->lock);
        if (now == c->signal_at)
                KeSetEvent(&c->event, 0, FALSE);
}

static void counter_init(Counter *c)
{
        *c = (Counter){0};
        KeInitializeDpc(&c->dpc, count_dpc, c);
        KeInitializeSpinLock(&c->lock);
        KeInitializeEvent(&c->event, NotificationEvent, FALSE);
}

static void dpcs(void **state)
{
        (void)state;
        Counter c;
        counter_init(&c);
        KIRQL old;
        KeAcquireSpinLock(&c.lock, &old); // the DPC has to wait for it
        assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
        assert_true(KeInsertQueueDpc(&c.dpc, NULL, NULL));
        c.unlocked = c.count;
        KeReleaseSpinLock(&c.lock, old);
        assert_int_equal(c.unlocked, 0);
        KeFlushQueuedDpcs();
        assert_int_equal(c.count, 1);
        assert_int_equal(c.irql, DISPATCH_LEVEL);
        assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
        KLOCK_QUEUE_HANDLE handle;
        KeAcquireInStackQueuedSpinLock(&c.lock, &handle);
        assert_false(KeTestSpinLock(&c.lock));
        assert_false(KeTryToAcquireSpinLockAtDpcLevel(&c.lock));
        KeReleaseInStackQueuedSpinLock(&handle);
        assert_true(KeTestSpinLock(&c.lock));
}

typedef struct Flush {
        KDPC first, late, urgent;
        atomic_bool urgent_queued, flushed;
        atomic_int tid;
        bool late_ended, seen;
} Flush;

static VOID NTAPI flush_first(PKDPC dpc, PVOID context, PVOID a, PVOID b)
{
        (void)dpc, (void)a, (void)b;
        while (!atomic_load(&((Flush *)context)->urgent_queued))
                KeStallExecutionProcessor(50);
}

static VOID NTAPI flush_urgent(PKDPC dpc, PVOID context, PVOID a, PVOID b)
{
        (void)dpc, (void)context, (void)a, (void)b;
}

// Runs behind the urgent one. Who flushed too early notices while this one still runs.
static VOID NTAPI flush_late(PKDPC dpc, PVOID context, PVOID a, PVOID b)
{
        (void)dpc, (void)a, (void)b;
        Flush *f = context;
        for (int i = 0; i < 2000 && !atomic_load(&f->flushed); i++)
                KeStallExecutionProcessor(50);
        f->late_ended = true;
}

static VOID NTAPI flush_thread(PVOID context)
{
        Flush *f = context;
        atomic_store(&f->tid, (int)(ULONG_PTR)PsGetCurrentThreadId());
        KeFlushQueuedDpcs();
        f->seen = f->late_ended;
        atomic_store(&f->flushed, true);
}

static bool sleeps(int tid)
{
        char path[64], text[256] = "";
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
        FILE *file = fopen(path, "r");
        if (!file)
                return false;
        size_t n = fread(text, 1, sizeof text - 1, file);
        fclose(file);
        text[n] = 0;
        const char *end = strrchr(text, ')');
        return end && strncmp(end, ") S", 3) == 0;
}

static void an_urgent_dpc_is_not_counted(void **state)
{
        (void)state;
        static Flush f;
        KeInitializeDpc(&f.first, flush_first, &f);
        KeInitializeDpc(&f.late, flush_late, &f);
        KeInitializeDpc(&f.urgent, flush_urgent, &f);
        KeSetImportanceDpc(&f.urgent, HighImportance);
        KeInsertQueueDpc(&f.first, NULL, NULL);
        KeInsertQueueDpc(&f.late, NULL, NULL);
        PVOID thread = start_thread(flush_thread, &f);
        while (!atomic_load(&f.tid) || !sleeps(atomic_load(&f.tid))) // it waits for the two
                KeStallExecutionProcessor(50);
        KeInsertQueueDpc(&f.urgent, NULL, NULL);
        atomic_store(&f.urgent_queued, true);
        join(thread);
        assert_true(f.seen);
}

static void timers(void **state)
{
        (void)state;
        Counter c;
        KTIMER t;
        counter_init(&c);
        KeInitializeTimerEx(&t, NotificationTimer);
        LARGE_INTEGER due = {.QuadPart = -10 * MS};
        assert_false(KeSetTimer(&t, due, &c.dpc));
        assert_true(KeSetTimer(&t, due, &c.dpc)); // set again
        nt_clock_advance(10 * MS - 1);
        KeFlushQueuedDpcs();
        assert_int_equal(c.count, 0);
        assert_false(KeReadStateTimer(&t));
        nt_clock_advance(1);
        KeFlushQueuedDpcs();
        assert_int_equal(c.count, 1);
        assert_int_equal(wait_now(&t), STATUS_SUCCESS);
        assert_false(KeCancelTimer(&t));
        KeSetTimer(&t, due, &c.dpc);
        assert_true(KeCancelTimer(&t));
        nt_clock_advance(100 * MS);
        KeFlushQueuedDpcs();
        assert_int_equal(c.count, 1);
        LARGE_INTEGER past;
        KeQuerySystemTime(&past);
        KeSetTimer(&t, past, &c.dpc); // absolute, and due
        assert_true(KeReadStateTimer(&t));
        KeFlushQueuedDpcs();
        assert_int_equal(c.count, 2);
}

static void periodic_timers(void **state)
{
        (void)state;
        Counter c;
        KTIMER t;
        counter_init(&c);
        KeInitializeTimerEx(&t, SynchronizationTimer);
        LARGE_INTEGER due = {.QuadPart = -1 * MS};
        KeSetTimerEx(&t, due, 10, &c.dpc);
        for (int i = 0; i < 5; i++) {
                nt_clock_advance(i ? 10 * MS : 1 * MS);
                KeFlushQueuedDpcs();
                assert_int_equal(c.count, i + 1);
                assert_int_equal(wait_now(&t), STATUS_SUCCESS);
                assert_int_equal(wait_now(&t), STATUS_TIMEOUT); // a synchronization timer is taken
        }
        assert_int_equal(nt_shutdown(5), 1); // it reports the timer
        assert_true(KeCancelTimer(&t));
        nt_clock_advance(1000 * MS);
        KeFlushQueuedDpcs();
        assert_int_equal(c.count, 5);
}

// --- work items, locks under load ----------------------------------------------------------------

static VOID ex_work(PVOID context)
{
        Counter *c = context;
        KIRQL old;
        KeAcquireSpinLock(&c->lock, &old);
        LONG now = ++c->count;
        KeReleaseSpinLock(&c->lock, old);
        if (now == c->signal_at)
                KeSetEvent(&c->event, 0, FALSE);
}

static VOID blocked_work(PVOID context)
{
        KeWaitForSingleObject(context, Executive, KernelMode, FALSE, NULL);
}

static void work_items(void **state)
{
        (void)state;
        enum { N = 40, BLOCKED = 8 };
        Counter c;
        KEVENT gate;
        WORK_QUEUE_ITEM items[N], blocked[BLOCKED];
        counter_init(&c);
        c.signal_at = N;
        KeInitializeEvent(&gate, NotificationEvent, FALSE);
        for (int i = 0; i < BLOCKED; i++) { // these wait, the others go on
                ExInitializeWorkItem(&blocked[i], blocked_work, &gate);
                ExQueueWorkItem(&blocked[i], DelayedWorkQueue);
        }
        for (int i = 0; i < N; i++) {
                ExInitializeWorkItem(&items[i], ex_work, &c);
                ExQueueWorkItem(&items[i], CriticalWorkQueue);
        }
        assert_int_equal(KeWaitForSingleObject(&c.event, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
        assert_int_equal(c.count, N);
        assert_int_not_equal(nt_shutdown(0.05), 0); // reports the blocked ones
        KeSetEvent(&gate, 0, FALSE);
        assert_int_equal(nt_shutdown(10), 0);
}

typedef struct Shared {
        KSPIN_LOCK spin;
        FAST_MUTEX fast;
        KGUARDED_MUTEX guarded;
        ERESOURCE resource;
        EX_RUNDOWN_REF rundown;
        LONG a, b, c, d;
} Shared;

enum { ROUNDS = 2000 };

static VOID hammer(PVOID context)
{
        Shared *s = context;
        for (int i = 0; i < ROUNDS; i++) {
                KIRQL old;
                KeAcquireSpinLock(&s->spin, &old);
                s->a++;
                KeReleaseSpinLock(&s->spin, old);
                ExAcquireFastMutex(&s->fast);
                s->b++;
                ExReleaseFastMutex(&s->fast);
                KeAcquireGuardedMutex(&s->guarded);
                s->c++;
                KeReleaseGuardedMutex(&s->guarded);
                KeEnterCriticalRegion();
                if (i % 4 == 0) {
                        ExAcquireResourceExclusiveLite(&s->resource, TRUE);
                        s->d++;
                } else {
                        ExAcquireResourceSharedLite(&s->resource, TRUE);
                }
                ExReleaseResourceLite(&s->resource);
                KeLeaveCriticalRegion();
        }
        ExReleaseRundownProtection(&s->rundown);
        PsTerminateSystemThread(STATUS_SUCCESS);
}

static void locks_under_load(void **state)
{
        (void)state;
        enum { THREADS = 4 };
        Shared s = {0};
        PVOID threads[THREADS];
        ExInitializeFastMutex(&s.fast);
        KeInitializeGuardedMutex(&s.guarded);
        ExInitializeResourceLite(&s.resource);
        ExInitializeRundownProtection(&s.rundown);
        for (int i = 0; i < THREADS; i++) {
                assert_true(ExAcquireRundownProtection(&s.rundown));
                threads[i] = start_thread(hammer, &s);
        }
        ExWaitForRundownProtectionRelease(&s.rundown);
        assert_false(ExAcquireRundownProtection(&s.rundown));
        for (int i = 0; i < THREADS; i++)
                join(threads[i]);
        assert_int_equal(s.a, THREADS * ROUNDS);
        assert_int_equal(s.b, THREADS * ROUNDS);
        assert_int_equal(s.c, THREADS * ROUNDS);
        assert_int_equal(s.d, THREADS * (ROUNDS / 4));
        ExDeleteResourceLite(&s.resource);
}

static void entries(void **state)
{
        (void)state;
        NtEntry e;
        const NtEntryFrame *f;
        assert_int_equal(nt_entry_oldest(&e, &f), 0);
        nt_enter_patient("patient", NULL);
        assert_int_equal(nt_entry_oldest(&e, &f), 0);
        nt_enter("outer", (const void *)entries);
        nt_enter("inner", NULL);
        assert_int_equal(nt_entry_oldest(&e, &f), 1);
        assert_string_equal(f->what, "outer");
        assert_ptr_equal(f->routine, (const void *)entries);
        assert_int_equal(e.depth, 3);
        for (int i = 0; i < 20; i++)
                nt_enter("deep", NULL);
        assert_int_equal(nt_entry_self(&e), 1);
        assert_int_equal(e.depth, 23);
        for (int i = 0; i < 23; i++)
                nt_leave();
        assert_int_equal(nt_entry_self(&e), 1);
        assert_int_equal(e.depth, 0);
}

static void exit_with_code(void *arg, const NtBugCheck *bug)
{
        (void)arg;
        _exit((int)(bug->code & 0x7f) | 0x80);
}

static void wait_at_dispatch(void)
{
        KEVENT event;
        KeInitializeEvent(&event, NotificationEvent, FALSE);
        KeRaiseIrqlToDpcLevel();
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
}

static void lock_twice(void)
{
        KSPIN_LOCK lock;
        KIRQL old;
        KeInitializeSpinLock(&lock);
        KeAcquireSpinLock(&lock, &old);
        KeAcquireSpinLockAtDpcLevel(&lock);
}

static void unlock_free(void)
{
        KSPIN_LOCK lock;
        KeInitializeSpinLock(&lock);
        KeRaiseIrqlToDpcLevel();
        KeReleaseSpinLockFromDpcLevel(&lock);
}

static void lower_upwards(void)
{
        KeLowerIrql(DISPATCH_LEVEL);
}

static void over_limit(void)
{
        KSEMAPHORE s;
        KeInitializeSemaphore(&s, 1, 1);
        KeReleaseSemaphore(&s, 0, 1, FALSE);
}

static void foreign_mutex(void)
{
        KMUTEX m;
        KeInitializeMutex(&m, 0);
        KeReleaseMutex(&m, FALSE);
}

static void left_raised(void)
{
        nt_enter("entry point", NULL);
        KeRaiseIrqlToDpcLevel();
        nt_leave();
}

static void bug_checks(void **state)
{
        (void)state;
        static const struct {
                void (*act)(void);
                int code;
        } cases[] = {{wait_at_dispatch, 0xb8}, {lock_twice, 0x0f}, {unlock_free, 0x10},
                     {lower_upwards, 0x0a},    {over_limit, 0x1e}, {foreign_mutex, 0x1e},
                     {left_raised, 0xc8}};
        for (size_t i = 0; i < RTL_NUMBER_OF(cases); i++) {
                pid_t child = fork();
                if (child == 0) {
                        close(STDERR_FILENO);
                        alarm(10);
                        cases[i].act();
                        _exit(0);
                }
                int status;
                assert_int_equal(waitpid(child, &status, 0), child);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), (cases[i].code & 0x7f) | 0x80);
        }
}

int main(void)
{
        NtOptions options = {.virtual_clock = true, .bug_check = exit_with_code};
        if (nt_init(&options) < 0)
                return 1;
        return testkit_run((TestCase[]){
                TEST(events), TEST(several_objects), TEST(one_waiter_an_automatic_event), TEST(timeouts),
                TEST(semaphores_and_mutexes), TEST(an_abandoned_mutex), TEST(dpcs),
                TEST(an_urgent_dpc_is_not_counted), TEST(timers), TEST(periodic_timers), TEST(work_items),
                TEST(locks_under_load), TEST(entries), TEST(bug_checks), TEST_END});
}
