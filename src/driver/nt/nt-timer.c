// SPDX-License-Identifier: MIT
// The clock, and timers.
//
// Interrupt time counts 100 ns from nt_init and is what timers and timeouts live by; system time is interrupt
// time plus the time of day at the start, so it never jumps. On a virtual clock both stand still until
// nt_clock_advance, which goes from one due time to the next and runs what is due on the caller's thread
// (DPCs still on theirs).
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define UNIX_EPOCH     116444736000000000ull // 1970 in 100 ns since 1601
#define TICK_INCREMENT 156250u               // 15.625 ms, as on Windows

static bool virtual_clock;
static _Atomic(ULONGLONG) virtual_now;
static struct timespec boot;
static ULONGLONG boot_system;

static LIST_ENTRY timers = {&timers, &timers}; // by due time; under the dispatcher lock
static pthread_cond_t timers_changed;

// --- clock ---------------------------------------------------------------------------------------

int nt_clock_init(bool is_virtual)
{
        virtual_clock = is_virtual;
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &boot);
        clock_gettime(CLOCK_REALTIME, &now);
        boot_system = UNIX_EPOCH + (ULONGLONG)now.tv_sec * 10000000 + (ULONGLONG)now.tv_nsec / 100;
        return nt_cond_init(&timers_changed);
}

struct timespec nt_deadline(double seconds)
{
        struct timespec end;
        clock_gettime(CLOCK_MONOTONIC, &end);
        if (seconds > 1e9) // for ever, in practice
                seconds = 1e9;
        end.tv_sec += (time_t)seconds;
        end.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
        if (end.tv_nsec >= 1000000000) {
                end.tv_sec++;
                end.tv_nsec -= 1000000000;
        }
        return end;
}

int nt_cond_init(pthread_cond_t *cond)
{
        pthread_condattr_t attr;
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        int r = pthread_cond_init(cond, &attr);
        pthread_condattr_destroy(&attr);
        return -r;
}

bool nt_clock_is_virtual(void)
{
        return virtual_clock;
}

ULONGLONG nt_clock_interrupt(void)
{
        if (virtual_clock)
                return atomic_load(&virtual_now);
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (ULONGLONG)(now.tv_sec - boot.tv_sec) * 10000000 +
               (ULONGLONG)((now.tv_nsec - boot.tv_nsec) / 100);
}

ULONGLONG nt_clock_system(void)
{
        return boot_system + nt_clock_interrupt();
}

ULONGLONG nt_clock_due(LARGE_INTEGER when)
{
        ULONGLONG now = nt_clock_interrupt();
        if (when.QuadPart < 0) {
                ULONGLONG span = 0 - (ULONGLONG)when.QuadPart;
                return span > ~0ull - now ? ~0ull : now + span;
        }
        ULONGLONG system = (ULONGLONG)when.QuadPart;
        return system <= boot_system ? 0 : system - boot_system;
}

static struct timespec real_time(ULONGLONG due)
{
        if (due > (ULONGLONG)INT64_MAX / 4) // beyond every life
                due = (ULONGLONG)INT64_MAX / 4;
        struct timespec t = {boot.tv_sec + (time_t)(due / 10000000),
                             boot.tv_nsec + (long)(due % 10000000) * 100};
        if (t.tv_nsec >= 1000000000) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000;
        }
        return t;
}

void nt_clock_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, ULONGLONG due, bool *ret_timeout)
{
        *ret_timeout = false;
        if (virtual_clock) {
                if (due <= nt_clock_interrupt())
                        *ret_timeout = true;
                else
                        pthread_cond_wait(cond, mutex);
                return;
        }
        struct timespec end = real_time(due);
        *ret_timeout = pthread_cond_timedwait(cond, mutex, &end) == ETIMEDOUT;
}

#undef KeQuerySystemTime
#undef KeQueryTickCount
#undef KeQueryInterruptTime
NTEXPORT VOID NTAPI KeQuerySystemTime(PLARGE_INTEGER now)
{
        now->QuadPart = (LONGLONG)nt_clock_system();
}

NTEXPORT VOID NTAPI KeQuerySystemTimePrecise(PLARGE_INTEGER now)
{
        now->QuadPart = (LONGLONG)nt_clock_system();
}

NTEXPORT ULONGLONG NTAPI KeQueryInterruptTime(VOID)
{
        return nt_clock_interrupt();
}

NTEXPORT ULONGLONG NTAPI KeQueryInterruptTimePrecise(PULONG64 counter)
{
        ULONGLONG now = nt_clock_interrupt();
        *counter = now;
        return now;
}

NTEXPORT ULONGLONG NTAPI KeQueryUnbiasedInterruptTime(VOID)
{
        return nt_clock_interrupt();
}

NTEXPORT VOID NTAPI KeQueryTickCount(PLARGE_INTEGER count)
{
        count->QuadPart = (LONGLONG)(nt_clock_interrupt() / TICK_INCREMENT);
}

NTEXPORT ULONG NTAPI KeQueryTimeIncrement(VOID)
{
        return TICK_INCREMENT;
}

NTEXPORT LARGE_INTEGER NTAPI KeQueryPerformanceCounter(PLARGE_INTEGER frequency)
{
        LARGE_INTEGER r = {.QuadPart = (LONGLONG)nt_clock_interrupt()};
        if (frequency)
                frequency->QuadPart = 10000000;
        return r;
}

NTEXPORT VOID NTAPI KeStallExecutionProcessor(ULONG microseconds)
{
        struct timespec start, now;
        clock_gettime(CLOCK_MONOTONIC, &start);
        do {
                __builtin_ia32_pause();
                clock_gettime(CLOCK_MONOTONIC, &now);
        } while ((now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000 <
                 (long)microseconds);
}

NTEXPORT ULONG NTAPI ExSetTimerResolution(ULONG desired, BOOLEAN set)
{
        (void)desired, (void)set;
        return TICK_INCREMENT;
}

static long zone_offset(ULONGLONG system)
{
        time_t t = (time_t)((system - UNIX_EPOCH) / 10000000);
        struct tm tm;
        return system >= UNIX_EPOCH && localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

NTEXPORT VOID NTAPI ExSystemTimeToLocalTime(PLARGE_INTEGER system, PLARGE_INTEGER local)
{
        local->QuadPart = system->QuadPart + (LONGLONG)zone_offset((ULONGLONG)system->QuadPart) * 10000000;
}

NTEXPORT VOID NTAPI ExLocalTimeToSystemTime(PLARGE_INTEGER local, PLARGE_INTEGER system)
{
        LONGLONG guess = local->QuadPart - (LONGLONG)zone_offset((ULONGLONG)local->QuadPart) * 10000000;
        system->QuadPart = local->QuadPart - (LONGLONG)zone_offset((ULONGLONG)guess) * 10000000;
}

// --- timers --------------------------------------------------------------------------------------

static void timer_insert(KTIMER *timer)
{
        LIST_ENTRY *e = timers.Blink;
        while (e != &timers &&
               CONTAINING_RECORD(e, KTIMER, TimerListEntry)->DueTime.QuadPart > timer->DueTime.QuadPart)
                e = e->Blink;
        InsertHeadList(e, &timer->TimerListEntry);
        timer->Header.Inserted = 1;
        if (timers.Flink == &timer->TimerListEntry)
                pthread_cond_signal(&timers_changed);
}

static bool timer_remove(KTIMER *timer)
{
        if (!timer->Header.Inserted)
                return false;
        RemoveEntryList(&timer->TimerListEntry);
        timer->Header.Inserted = 0;
        return true;
}

// A timer that is due and in no list: signals it, lets it come again, queues its DPC. Lock held. A one-shot
// timer may be gone when this returns.
static void timer_expire(KTIMER *timer, ULONGLONG now)
{
        KDPC *dpc = timer->Dpc;
        timer->Header.SignalState = 1;
        if (timer->Period) {
                ULONGLONG period = (ULONGLONG)timer->Period * 10000;
                ULONGLONG next = timer->DueTime.QuadPart + period;
                timer->DueTime.QuadPart =
                        next + period <= now ? now + period : next; // far behind: skip, do not storm
                timer_insert(timer);
        }
        nt_dispatcher_signal(&timer->Header);
        if (dpc) {
                LARGE_INTEGER at = {.QuadPart = (LONGLONG)(boot_system + now)};
                nt_dpc_queue(dpc, (void *)(ULONG_PTR)at.LowPart, (void *)(ULONG_PTR)(ULONG)at.HighPart);
        }
}

static bool timers_run(ULONGLONG now)
{
        bool any = false;
        while (!IsListEmpty(&timers)) {
                KTIMER *t = CONTAINING_RECORD(timers.Flink, KTIMER, TimerListEntry);
                if (t->DueTime.QuadPart > now)
                        break;
                timer_remove(t);
                timer_expire(t, now);
                any = true;
        }
        return any;
}

static void *timer_thread(void *arg)
{
        pthread_mutex_t *mutex = arg;
        nt_dispatcher_lock();
        for (;;) {
                bool timeout;
                if (IsListEmpty(&timers) || virtual_clock)
                        pthread_cond_wait(&timers_changed, mutex);
                else
                        nt_clock_wait_until(
                                &timers_changed, mutex,
                                CONTAINING_RECORD(timers.Flink, KTIMER, TimerListEntry)->DueTime.QuadPart,
                                &timeout);
                if (!virtual_clock)
                        timers_run(nt_clock_interrupt());
        }
        return NULL;
}

int nt_timers_start(void)
{
        return nt_thread_start("timer", timer_thread, nt_dispatcher_mutex());
}

void nt_clock_advance(ULONGLONG ticks)
{
        if (!virtual_clock)
                return;
        ULONGLONG end = atomic_load(&virtual_now) + ticks;
        for (;;) {
                ULONGLONG next = nt_wait_next_due();
                nt_dispatcher_lock();
                if (!IsListEmpty(&timers)) {
                        ULONGLONG due =
                                CONTAINING_RECORD(timers.Flink, KTIMER, TimerListEntry)->DueTime.QuadPart;
                        if (due < next)
                                next = due;
                }
                ULONGLONG now = atomic_load(&virtual_now);
                bool last = next > end;
                if (last)
                        next = end;
                if (next > now)
                        atomic_store(&virtual_now, next);
                timers_run(atomic_load(&virtual_now));
                nt_dispatcher_unlock();
                nt_wait_expire(atomic_load(&virtual_now));
                if (last)
                        return;
        }
}

NTEXPORT VOID NTAPI KeInitializeTimerEx(PKTIMER timer, TIMER_TYPE type)
{
        nt_dispatcher_init(&timer->Header,
                           type == NotificationTimer ? NT_TIMER_NOTIFICATION : NT_TIMER_SYNCHRONIZATION,
                           sizeof *timer, 0);
        timer->Header.Inserted = 0;
        timer->DueTime.QuadPart = 0;
        timer->Dpc = NULL;
        timer->Period = 0;
}

NTEXPORT VOID NTAPI KeInitializeTimer(PKTIMER timer)
{
        KeInitializeTimerEx(timer, NotificationTimer);
}

static BOOLEAN timer_set(PKTIMER timer, LARGE_INTEGER due, LONG period, PKDPC dpc)
{
        nt_dispatcher_lock();
        bool was_set = timer_remove(timer);
        timer->Header.SignalState = 0;
        timer->Dpc = dpc;
        timer->Period = period > 0 ? (ULONG)period : 0;
        timer->DueTime.QuadPart = nt_clock_due(due);
        ULONGLONG now = nt_clock_interrupt();
        if (timer->DueTime.QuadPart <= now)
                timer_expire(timer, now);
        else
                timer_insert(timer);
        nt_dispatcher_unlock();
        return was_set;
}

NTEXPORT BOOLEAN NTAPI KeSetTimer(PKTIMER timer, LARGE_INTEGER due, PKDPC dpc)
{
        return timer_set(timer, due, 0, dpc);
}

NTEXPORT BOOLEAN NTAPI KeSetTimerEx(PKTIMER timer, LARGE_INTEGER due, LONG period, PKDPC dpc)
{
        return timer_set(timer, due, period, dpc);
}

NTEXPORT BOOLEAN NTAPI KeSetCoalescableTimer(PKTIMER timer, LARGE_INTEGER due, ULONG period, ULONG tolerance,
                                             PKDPC dpc)
{
        (void)tolerance;
        return timer_set(timer, due, period > INT32_MAX ? INT32_MAX : (LONG)period, dpc);
}

NTEXPORT BOOLEAN NTAPI KeCancelTimer(PKTIMER timer)
{
        nt_dispatcher_lock();
        bool was_set = timer_remove(timer);
        timer->Period = 0;
        nt_dispatcher_unlock();
        return was_set;
}

NTEXPORT BOOLEAN NTAPI KeReadStateTimer(PKTIMER timer)
{
        nt_dispatcher_lock();
        BOOLEAN state = timer->Header.SignalState != 0;
        nt_dispatcher_unlock();
        return state;
}

int nt_timers_report(void)
{
        int n = 0;
        nt_dispatcher_lock();
        for (LIST_ENTRY *e = timers.Flink; e != &timers; e = e->Flink) {
                KTIMER *t = CONTAINING_RECORD(e, KTIMER, TimerListEntry);
                char name[256];
                nt_log(NT_LOG_WARNING, "timer %p is still set%s%s", (void *)t, t->Dpc ? ", its DPC is " : "",
                       t->Dpc ? nt_symbol((const void *)t->Dpc->DeferredRoutine, name, sizeof name) : "");
                n++;
        }
        nt_dispatcher_unlock();
        return n;
}
