// SPDX-License-Identifier: MIT
// Dispatcher objects (events, semaphores, mutexes, threads, timers) and the waits on them.
//
// One lock serves all of them. A waiter links one block into each object's list and sleeps on its own
// condition variable; whoever changes a state walks the list, takes the object for the waiters it satisfies,
// and wakes them. So an auto-reset event is given to exactly one waiter, and a wait for all takes all objects
// in one step.
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <time.h>

typedef struct NtWait {
        NtThread *thread;
        DISPATCHER_HEADER *const *objects;
        KWAIT_BLOCK *blocks;
        ULONG count;
        bool all;
        bool done;
        NTSTATUS status;
        ULONGLONG due; // interrupt time, ULLONG_MAX: none
        LIST_ENTRY timed;
} NtWait;

static pthread_mutex_t dispatcher = PTHREAD_MUTEX_INITIALIZER;
static LIST_ENTRY timed_waits = {&timed_waits, &timed_waits}; // virtual clock only

void nt_dispatcher_lock(void)
{
        pthread_mutex_lock(&dispatcher);
}

void nt_dispatcher_unlock(void)
{
        pthread_mutex_unlock(&dispatcher);
}

pthread_mutex_t *nt_dispatcher_mutex(void)
{
        return &dispatcher;
}

void nt_dispatcher_init(DISPATCHER_HEADER *h, UCHAR type, size_t size, LONG state)
{
        h->Lock = 0;
        h->Type = type;
        h->Size = (UCHAR)(size / sizeof(LONG));
        h->SignalState = state;
        InitializeListHead(&h->WaitListHead);
}

static bool is_mutant(const DISPATCHER_HEADER *h)
{
        return h->Type == NT_MUTANT;
}

static bool signalled_for(DISPATCHER_HEADER *h, NtThread *t)
{
        if (is_mutant(h) && ((KMUTANT *)h)->OwnerThread == (PKTHREAD)(void *)t)
                return true;
        return h->SignalState > 0;
}

// Takes the object for t. True: it was an abandoned mutex.
static bool take(DISPATCHER_HEADER *h, NtThread *t)
{
        switch (h->Type) {
        case NT_SYNCHRONIZATION_EVENT:
        case NT_TIMER_SYNCHRONIZATION:
                h->SignalState = 0;
                return false;
        case NT_SEMAPHORE:
                h->SignalState--;
                return false;
        case NT_MUTANT: {
                KMUTANT *m = (KMUTANT *)h;
                if (--h->SignalState == 0) {
                        m->OwnerThread = (PKTHREAD)(void *)t;
                        InsertTailList(&t->mutants, &m->MutantListEntry);
                        t->critical_regions += m->ApcDisable;
                        bool abandoned = m->Abandoned;
                        m->Abandoned = FALSE;
                        return abandoned;
                }
                return false;
        }
        default:
                return false;
        }
}

// Ends a wait: unlinks its blocks and wakes its thread. Lock held.
static void wait_finish(NtWait *w, NTSTATUS status)
{
        for (ULONG i = 0; i < w->count; i++)
                RemoveEntryList(&w->blocks[i].WaitListEntry);
        if (!IsListEmpty(&w->timed)) {
                RemoveEntryList(&w->timed);
                InitializeListHead(&w->timed);
        }
        w->done = true;
        w->status = status;
        pthread_cond_signal(&w->thread->wake);
}

// Tries to satisfy a wait now; true when its status is in *ret. Lock held, blocks need not be linked.
static bool wait_try(NtWait *w, NTSTATUS *ret)
{
        bool abandoned = false;
        if (w->all) {
                for (ULONG i = 0; i < w->count; i++)
                        if (!signalled_for(w->objects[i], w->thread))
                                return false;
                for (ULONG i = 0; i < w->count; i++)
                        abandoned |= take(w->objects[i], w->thread);
                *ret = abandoned ? STATUS_ABANDONED_WAIT_0 : STATUS_WAIT_0;
                return true;
        }
        for (ULONG i = 0; i < w->count; i++)
                if (signalled_for(w->objects[i], w->thread)) {
                        abandoned = take(w->objects[i], w->thread);
                        *ret = (NTSTATUS)((abandoned ? (ULONG)STATUS_ABANDONED_WAIT_0
                                                     : (ULONG)STATUS_WAIT_0) +
                                          i);
                        return true;
                }
        return false;
}

void nt_dispatcher_signal(DISPATCHER_HEADER *h)
{
        LIST_ENTRY *e = h->WaitListHead.Flink;
        while (e != &h->WaitListHead && h->SignalState > 0) {
                KWAIT_BLOCK *block = CONTAINING_RECORD(e, KWAIT_BLOCK, WaitListEntry);
                NtWait *w = ((NtThread *)(void *)block->Thread)->wait;
                NTSTATUS status;
                if (wait_try(w, &status)) {
                        wait_finish(w, status);
                        e = h->WaitListHead.Flink; // its blocks may have been several in this list
                } else {
                        e = e->Flink;
                }
        }
}

void nt_dispatcher_thread_gone(NtThread *t)
{
        nt_dispatcher_lock();
        while (!IsListEmpty(&t->mutants)) {
                LIST_ENTRY *e = RemoveHeadList(&t->mutants);
                KMUTANT *m = CONTAINING_RECORD(e, KMUTANT, MutantListEntry);
                m->OwnerThread = NULL;
                m->Abandoned = TRUE;
                m->Header.SignalState = 1;
                nt_dispatcher_signal(&m->Header);
        }
        t->header.SignalState = 1;
        nt_dispatcher_signal(&t->header);
        nt_dispatcher_unlock();
}

// --- waiting -------------------------------------------------------------------------------------

static void wait_check_irql(bool may_block, const void *caller)
{
        KIRQL irql = nt_thread_self()->irql;
        NT_OBSERVE(wait, irql, may_block);
        if (may_block && irql >= DISPATCH_LEVEL)
                nt_bug_check(NT_BUG_ATTEMPTED_SWITCH_FROM_DPC, irql, 0, 0, 0, caller,
                             "a wait that may block was asked for at IRQL %u", irql);
        if (irql > DISPATCH_LEVEL)
                nt_bug_check(NT_BUG_IRQL_NOT_LESS_OR_EQUAL, 0, irql, 0, (ULONG_PTR)caller, caller,
                             "a wait was asked for at IRQL %u", irql);
}

static NTSTATUS wait_for(ULONG count, DISPATCHER_HEADER *const *objects, bool all,
                         const LARGE_INTEGER *timeout, KWAIT_BLOCK *blocks)
{
        NtThread *t = nt_thread_self();
        NtWait w = {
                .thread = t, .objects = objects, .blocks = blocks, .count = count, .all = all, .due = ~0ull};
        InitializeListHead(&w.timed);
        NTSTATUS status;
        nt_dispatcher_lock();
        if (wait_try(&w, &status)) {
                nt_dispatcher_unlock();
                return status;
        }
        if (timeout && timeout->QuadPart == 0) {
                nt_dispatcher_unlock();
                return STATUS_TIMEOUT;
        }
        if (timeout)
                w.due = nt_clock_due(*timeout);
        for (ULONG i = 0; i < count; i++) {
                blocks[i] = (KWAIT_BLOCK){.Thread = (PKTHREAD)(void *)t,
                                          .Object = objects[i],
                                          .WaitKey = (USHORT)i,
                                          .WaitType = all ? WaitAll : WaitAny};
                InsertTailList(&objects[i]->WaitListHead, &blocks[i].WaitListEntry);
        }
        t->wait = &w;
        if (timeout && nt_clock_is_virtual())
                InsertTailList(&timed_waits, &w.timed);
        while (!w.done) {
                bool timed_out = false;
                if (timeout)
                        nt_clock_wait_until(&t->wake, &dispatcher, w.due, &timed_out);
                else
                        pthread_cond_wait(&t->wake, &dispatcher);
                if (!w.done && timed_out)
                        wait_finish(&w, STATUS_TIMEOUT);
        }
        t->wait = NULL;
        nt_dispatcher_unlock();
        return w.status;
}

void nt_wait_expire(ULONGLONG now)
{
        nt_dispatcher_lock();
        LIST_ENTRY *e = timed_waits.Flink;
        while (e != &timed_waits) {
                NtWait *w = CONTAINING_RECORD(e, NtWait, timed);
                e = e->Flink;
                if (w->due <= now)
                        wait_finish(w, STATUS_TIMEOUT);
        }
        nt_dispatcher_unlock();
}

ULONGLONG nt_wait_next_due(void)
{
        ULONGLONG due = ~0ull;
        nt_dispatcher_lock();
        for (LIST_ENTRY *e = timed_waits.Flink; e != &timed_waits; e = e->Flink) {
                NtWait *w = CONTAINING_RECORD(e, NtWait, timed);
                if (w->due < due)
                        due = w->due;
        }
        nt_dispatcher_unlock();
        return due;
}

NTEXPORT NTSTATUS NTAPI KeWaitForSingleObject(PVOID object, KWAIT_REASON reason, KPROCESSOR_MODE mode,
                                              BOOLEAN alertable, PLARGE_INTEGER timeout)
{
        (void)reason, (void)mode, (void)alertable;
        wait_check_irql(!timeout || timeout->QuadPart != 0, NT_CALLER);
        DISPATCHER_HEADER *h = object;
        KWAIT_BLOCK block;
        return wait_for(1, &h, false, timeout, &block);
}

NTEXPORT NTSTATUS NTAPI KeWaitForMultipleObjects(ULONG count, PVOID objects[], WAIT_TYPE type,
                                                 KWAIT_REASON reason, KPROCESSOR_MODE mode, BOOLEAN alertable,
                                                 PLARGE_INTEGER timeout, PKWAIT_BLOCK blocks)
{
        (void)reason, (void)mode, (void)alertable;
        wait_check_irql(!timeout || timeout->QuadPart != 0, NT_CALLER);
        if (count == 0 || count > MAXIMUM_WAIT_OBJECTS || (count > THREAD_WAIT_OBJECTS && !blocks))
                nt_bug_check(0x0c, count, 0, 0, 0, NT_CALLER, "a wait for %u objects%s", count,
                             blocks ? "" : " without wait blocks");
        KWAIT_BLOCK own[THREAD_WAIT_OBJECTS];
        return wait_for(count, (DISPATCHER_HEADER *const *)(void *)objects, type == WaitAll, timeout,
                        blocks ? blocks : own);
}

NTEXPORT NTSTATUS NTAPI KeDelayExecutionThread(KPROCESSOR_MODE mode, BOOLEAN alertable,
                                               PLARGE_INTEGER interval)
{
        (void)mode, (void)alertable;
        wait_check_irql(true, NT_CALLER);
        KEVENT never;
        nt_dispatcher_init(&never.Header, NT_NOTIFICATION_EVENT, sizeof never, 0);
        DISPATCHER_HEADER *h = &never.Header;
        KWAIT_BLOCK block;
        LARGE_INTEGER at_once = {.QuadPart = interval->QuadPart ? interval->QuadPart : -1};
        wait_for(1, &h, false, &at_once, &block);
        return STATUS_SUCCESS;
}

bool nt_event_wait(KEVENT *event, double seconds)
{
        // Real time: a virtual clock would wait for whoever advances it.
        struct timespec end = nt_deadline(seconds < 0 ? 0 : seconds);
        NtThread *t = nt_thread_self();
        DISPATCHER_HEADER *h = &event->Header;
        KWAIT_BLOCK block = {.Thread = (PKTHREAD)(void *)t, .Object = h};
        NtWait w = {.thread = t, .objects = &h, .blocks = &block, .count = 1};
        InitializeListHead(&w.timed);
        NTSTATUS status;
        nt_dispatcher_lock();
        if (!wait_try(&w, &status)) {
                InsertTailList(&h->WaitListHead, &block.WaitListEntry);
                t->wait = &w;
                while (!w.done) {
                        int r = seconds < 0 ? pthread_cond_wait(&t->wake, &dispatcher)
                                            : pthread_cond_timedwait(&t->wake, &dispatcher, &end);
                        if (r == ETIMEDOUT && !w.done)
                                wait_finish(&w, STATUS_TIMEOUT);
                }
                status = w.status;
                t->wait = NULL;
        }
        nt_dispatcher_unlock();
        return status != STATUS_TIMEOUT;
}

// --- events --------------------------------------------------------------------------------------

NTEXPORT VOID NTAPI KeInitializeEvent(PRKEVENT event, EVENT_TYPE type, BOOLEAN state)
{
        nt_dispatcher_init(&event->Header,
                           type == NotificationEvent ? NT_NOTIFICATION_EVENT : NT_SYNCHRONIZATION_EVENT,
                           sizeof *event, state ? 1 : 0);
}

NTEXPORT LONG NTAPI KeSetEvent(PRKEVENT event, KPRIORITY increment, BOOLEAN wait)
{
        (void)increment, (void)wait;
        nt_dispatcher_lock();
        LONG old = event->Header.SignalState;
        event->Header.SignalState = 1;
        nt_dispatcher_signal(&event->Header);
        nt_dispatcher_unlock();
        return old;
}

NTEXPORT LONG NTAPI KePulseEvent(PRKEVENT event, KPRIORITY increment, BOOLEAN wait)
{
        (void)increment, (void)wait;
        nt_dispatcher_lock();
        LONG old = event->Header.SignalState;
        event->Header.SignalState = 1;
        nt_dispatcher_signal(&event->Header);
        event->Header.SignalState = 0;
        nt_dispatcher_unlock();
        return old;
}

NTEXPORT LONG NTAPI KeResetEvent(PRKEVENT event)
{
        nt_dispatcher_lock();
        LONG old = event->Header.SignalState;
        event->Header.SignalState = 0;
        nt_dispatcher_unlock();
        return old;
}

NTEXPORT VOID NTAPI KeClearEvent(PRKEVENT event)
{
        nt_dispatcher_lock();
        event->Header.SignalState = 0;
        nt_dispatcher_unlock();
}

static LONG state_of(DISPATCHER_HEADER *h)
{
        nt_dispatcher_lock();
        LONG state = h->SignalState;
        nt_dispatcher_unlock();
        return state;
}

NTEXPORT LONG NTAPI KeReadStateEvent(PRKEVENT event)
{
        return state_of(&event->Header);
}

// --- semaphores ----------------------------------------------------------------------------------

NTEXPORT VOID NTAPI KeInitializeSemaphore(PRKSEMAPHORE semaphore, LONG count, LONG limit)
{
        nt_dispatcher_init(&semaphore->Header, NT_SEMAPHORE, sizeof *semaphore, count);
        semaphore->Limit = limit;
}

NTEXPORT LONG NTAPI KeReleaseSemaphore(PRKSEMAPHORE semaphore, KPRIORITY increment, LONG adjustment,
                                       BOOLEAN wait)
{
        (void)increment, (void)wait;
        nt_dispatcher_lock();
        LONG old = semaphore->Header.SignalState;
        LONG next;
        if (adjustment < 0 || __builtin_add_overflow(old, adjustment, &next) || next > semaphore->Limit) {
                nt_dispatcher_unlock();
                nt_bug_check(NT_BUG_KMODE_EXCEPTION_NOT_HANDLED,
                             (ULONG_PTR)(ULONG)STATUS_SEMAPHORE_LIMIT_EXCEEDED, (ULONG_PTR)NT_CALLER, 0, 0,
                             NT_CALLER, "semaphore %p: released by %d at count %d, its limit is %d",
                             (void *)semaphore, adjustment, old, semaphore->Limit);
        }
        semaphore->Header.SignalState = next;
        nt_dispatcher_signal(&semaphore->Header);
        nt_dispatcher_unlock();
        return old;
}

NTEXPORT LONG NTAPI KeReadStateSemaphore(PRKSEMAPHORE semaphore)
{
        return state_of(&semaphore->Header);
}

// --- mutexes -------------------------------------------------------------------------------------

NTEXPORT VOID NTAPI KeInitializeMutex(PRKMUTEX mutex, ULONG level)
{
        (void)level;
        nt_dispatcher_init(&mutex->Header, NT_MUTANT, sizeof *mutex, 1);
        mutex->OwnerThread = NULL;
        mutex->Abandoned = FALSE;
        mutex->ApcDisable = 1;
        InitializeListHead(&mutex->MutantListEntry);
}

NTEXPORT LONG NTAPI KeReleaseMutex(PRKMUTEX mutex, BOOLEAN wait)
{
        (void)wait;
        NtThread *t = nt_thread_self();
        nt_dispatcher_lock();
        LONG old = mutex->Header.SignalState;
        if (mutex->OwnerThread != (PKTHREAD)(void *)t) {
                nt_dispatcher_unlock();
                nt_bug_check(NT_BUG_KMODE_EXCEPTION_NOT_HANDLED, (ULONG_PTR)(ULONG)STATUS_MUTANT_NOT_OWNED,
                             (ULONG_PTR)NT_CALLER, 0, 0, NT_CALLER,
                             "mutex %p was released by a thread that does not own it", (void *)mutex);
        }
        if (++mutex->Header.SignalState == 1) {
                RemoveEntryList(&mutex->MutantListEntry);
                InitializeListHead(&mutex->MutantListEntry);
                mutex->OwnerThread = NULL;
                t->critical_regions -= mutex->ApcDisable;
                nt_dispatcher_signal(&mutex->Header);
        }
        nt_dispatcher_unlock();
        return old;
}

NTEXPORT LONG NTAPI KeReadStateMutex(PRKMUTEX mutex)
{
        return state_of(&mutex->Header);
}
