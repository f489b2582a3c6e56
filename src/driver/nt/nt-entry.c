// SPDX-License-Identifier: MIT
// The table of threads that are inside the driver, written without locks and readable from a signal handler.
//
// Each thread takes a slot at its first nt_enter and keeps it until it ends. A slot's counter is odd while
// its owner changes it; a reader copies and looks at the counter again. All fields are atomics, so that a
// reader on another thread is no data race.
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NT_ENTRY_SLOTS = 1024 };

typedef struct SlotFrame {
        _Atomic(const char *) what;
        _Atomic(const void *) routine;
        _Atomic(uint64_t) since_ns;
        _Atomic(bool) deadline;
} SlotFrame;

typedef struct NtEntrySlot {
        _Atomic(uint32_t) taken;
        _Atomic(uint32_t) counter;
        _Atomic(pthread_t) thread;
        _Atomic(pid_t) tid;
        _Atomic(bool) driver_thread;
        _Atomic(unsigned) depth;
        SlotFrame frames[NT_ENTRY_DEPTH];
        KIRQL irql[64]; // the owner's alone: IRQL at each nt_enter
} NtEntrySlot;

static NtEntrySlot slots[NT_ENTRY_SLOTS];
static _Thread_local NtEntrySlot *own;
static pthread_key_t slot_key;
static pthread_once_t slot_once = PTHREAD_ONCE_INIT;

static void slot_free(void *arg)
{
        NtEntrySlot *s = arg;
        own = NULL;
        atomic_store(&s->depth, 0);
        atomic_store(&s->taken, 0);
}

static void slot_key_make(void)
{
        if (pthread_key_create(&slot_key, slot_free) != 0)
                abort();
}

static NtEntrySlot *slot_take(void)
{
        if (own)
                return own;
        pthread_once(&slot_once, slot_key_make);
        for (size_t i = 0; i < NT_ENTRY_SLOTS; i++) {
                uint32_t expected = 0;
                if (atomic_load_explicit(&slots[i].taken, memory_order_relaxed) ||
                    !atomic_compare_exchange_strong(&slots[i].taken, &expected, 1))
                        continue;
                atomic_fetch_add(&slots[i].counter, 1);
                atomic_store(&slots[i].thread, pthread_self());
                atomic_store(&slots[i].tid, gettid());
                atomic_store(&slots[i].driver_thread, nt_thread_self()->driver_thread);
                atomic_store(&slots[i].depth, 0);
                atomic_fetch_add(&slots[i].counter, 1);
                pthread_setspecific(slot_key, &slots[i]);
                own = &slots[i];
                return own;
        }
        return NULL; // more threads than slots: these go unwatched
}

static void enter(const char *what, const void *routine, bool deadline)
{
        NT_OBSERVE(entered, what, routine);
        NtEntrySlot *s = slot_take();
        if (!s)
                return;
        unsigned depth = atomic_load_explicit(&s->depth, memory_order_relaxed);
        if (depth < sizeof s->irql)
                s->irql[depth] = nt_thread_self()->irql;
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        atomic_fetch_add(&s->counter, 1);
        if (depth < NT_ENTRY_DEPTH) {
                SlotFrame *f = &s->frames[depth];
                atomic_store_explicit(&f->what, what, memory_order_relaxed);
                atomic_store_explicit(&f->routine, routine, memory_order_relaxed);
                atomic_store_explicit(&f->since_ns, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
                                      memory_order_relaxed);
                atomic_store_explicit(&f->deadline, deadline, memory_order_relaxed);
        }
        atomic_store_explicit(&s->depth, depth + 1, memory_order_relaxed);
        atomic_fetch_add(&s->counter, 1);
}

void nt_enter(const char *what, const void *routine)
{
        enter(what, routine, true);
}

void nt_enter_patient(const char *what, const void *routine)
{
        enter(what, routine, false);
}

void nt_leave(void)
{
        NtEntrySlot *s = own;
        if (!s)
                return;
        unsigned depth = atomic_load_explicit(&s->depth, memory_order_relaxed);
        if (depth == 0)
                return;
        const char *what = "";
        const void *routine = NULL;
        if (depth <= NT_ENTRY_DEPTH) {
                what = atomic_load_explicit(&s->frames[depth - 1].what, memory_order_relaxed);
                routine = atomic_load_explicit(&s->frames[depth - 1].routine, memory_order_relaxed);
        }
        NT_OBSERVE(left, what, routine);
        KIRQL now = nt_thread_self()->irql;
        if (depth <= sizeof s->irql && s->irql[depth - 1] != now) {
                char name[256];
                nt_bug_check(NT_BUG_IRQL_UNEXPECTED_VALUE, now, s->irql[depth - 1], (ULONG_PTR)routine, 0,
                             routine, "%s (%s) was called at IRQL %u and returned at IRQL %u", what,
                             nt_symbol(routine, name, sizeof name), s->irql[depth - 1], now);
        }
        atomic_fetch_add(&s->counter, 1);
        atomic_store_explicit(&s->depth, depth - 1, memory_order_relaxed);
        atomic_fetch_add(&s->counter, 1);
}

static int slot_read(const NtEntrySlot *s, NtEntry *ret)
{
        for (int attempt = 0; attempt < 100; attempt++) {
                uint32_t before = atomic_load(&s->counter);
                if (!atomic_load(&s->taken))
                        return 0;
                if (before & 1)
                        continue;
                ret->thread = atomic_load(&s->thread);
                ret->tid = atomic_load(&s->tid);
                ret->driver_thread = atomic_load(&s->driver_thread);
                ret->depth = atomic_load(&s->depth);
                for (unsigned i = 0; i < NT_ENTRY_DEPTH; i++) {
                        ret->frames[i].what = atomic_load(&s->frames[i].what);
                        ret->frames[i].routine = atomic_load(&s->frames[i].routine);
                        ret->frames[i].since_ns = atomic_load(&s->frames[i].since_ns);
                        ret->frames[i].deadline = atomic_load(&s->frames[i].deadline);
                }
                if (atomic_load(&s->counter) == before)
                        return 1;
        }
        return 0;
}

int nt_entry_read(size_t i, NtEntry *ret)
{
        return i < NT_ENTRY_SLOTS ? slot_read(&slots[i], ret) : -ERANGE;
}

int nt_entry_self(NtEntry *ret)
{
        NtEntrySlot *s = own;
        return s ? slot_read(s, ret) : 0;
}

int nt_entry_oldest(NtEntry *ret, const NtEntryFrame **ret_frame)
{
        uint64_t oldest = UINT64_MAX;
        size_t oldest_slot = 0;
        NtEntry e;
        for (size_t i = 0; i < NT_ENTRY_SLOTS; i++) {
                if (!atomic_load_explicit(&slots[i].taken, memory_order_relaxed) ||
                    slot_read(&slots[i], &e) != 1)
                        continue;
                for (unsigned f = 0; !e.driver_thread && f < e.depth && f < NT_ENTRY_DEPTH; f++)
                        if (e.frames[f].deadline) {
                                if (e.frames[f].since_ns < oldest) {
                                        oldest = e.frames[f].since_ns;
                                        oldest_slot = i;
                                }
                                break;
                        }
        }
        if (oldest == UINT64_MAX || slot_read(&slots[oldest_slot], ret) != 1)
                return 0;
        for (unsigned f = 0; f < ret->depth && f < NT_ENTRY_DEPTH; f++)
                if (ret->frames[f].deadline && ret->frames[f].since_ns == oldest) {
                        *ret_frame = &ret->frames[f];
                        return 1;
                }
        return 0; // it has left meanwhile
}
