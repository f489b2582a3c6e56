// SPDX-License-Identifier: MIT
// IRQL and spin locks.
//
// An IRQL belongs to the thread that has it: raising it stops nobody else, as on a machine with many
// processors. A spin lock is a futex mutex in the driver's KSPIN_LOCK: word 0 is 0 free, 1 held, 2 held and
// waited for; word 1 is the holder's thread id, so that taking it twice is told at once instead of hanging.
#include "driver/nt/nt-internal.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPIN_TRIES = 200 };

static void futex_wait(_Atomic(uint32_t) *word, uint32_t value)
{
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(_Atomic(uint32_t) *word)
{
        syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static bool word_try(_Atomic(uint32_t) *word)
{
        uint32_t expected = 0;
        return atomic_compare_exchange_strong_explicit(word, &expected, 1, memory_order_acquire,
                                                       memory_order_relaxed);
}

static void word_acquire(_Atomic(uint32_t) *word)
{
        for (int i = 0; i < SPIN_TRIES; i++) {
                if (atomic_load_explicit(word, memory_order_relaxed) == 0 && word_try(word))
                        return;
                __builtin_ia32_pause();
        }
        while (atomic_exchange_explicit(word, 2, memory_order_acquire) != 0)
                futex_wait(word, 2);
}

static void word_release(_Atomic(uint32_t) *word)
{
        if (atomic_exchange_explicit(word, 0, memory_order_release) == 2)
                futex_wake(word);
}

void nt_lock(NtLock *lock)
{
        word_acquire(&lock->word);
}

void nt_unlock(NtLock *lock)
{
        word_release(&lock->word);
}

// --- IRQL ----------------------------------------------------------------------------------------

KIRQL nt_irql_set(KIRQL to)
{
        NtThread *t = nt_thread_self();
        KIRQL from = t->irql;
        t->irql = to;
        if (from != to)
                NT_OBSERVE(irql_changed, from, to);
        return from;
}

NTEXPORT KIRQL NTAPI KeGetCurrentIrql(VOID)
{
        return nt_thread_self()->irql;
}

static KIRQL raise_irql(KIRQL to, const void *caller)
{
        KIRQL from = nt_thread_self()->irql;
        if (to < from)
                nt_bug_check(NT_BUG_IRQL_NOT_GREATER_OR_EQUAL, from, to, 0, 0, caller,
                             "the IRQL is %u and was to be raised to %u", from, to);
        return nt_irql_set(to);
}

NTEXPORT KIRQL KfRaiseIrql(KIRQL to)
{
        return raise_irql(to, NT_CALLER);
}

NTEXPORT KIRQL KeRaiseIrqlToDpcLevel(VOID)
{
        return raise_irql(DISPATCH_LEVEL, NT_CALLER);
}

NTEXPORT KIRQL KeRaiseIrqlToSynchLevel(VOID)
{
        return raise_irql(12, NT_CALLER); // SYNCH_LEVEL of amd64
}

static void lower_irql(KIRQL to, const void *caller)
{
        KIRQL from = nt_thread_self()->irql;
        if (to > from)
                nt_bug_check(NT_BUG_IRQL_NOT_LESS_OR_EQUAL, 0, to, 0, (ULONG_PTR)caller, caller,
                             "the IRQL is %u and was to be lowered to %u", from, to);
        nt_irql_set(to);
}

NTEXPORT VOID KeLowerIrql(KIRQL to)
{
        lower_irql(to, NT_CALLER);
}

// --- spin locks ----------------------------------------------------------------------------------

static _Atomic(uint32_t) *lock_word(PKSPIN_LOCK lock, unsigned i)
{
        return (_Atomic(uint32_t) *)(void *)lock + i;
}

static void lock_taken(PKSPIN_LOCK lock, NtThread *t)
{
        atomic_store_explicit(lock_word(lock, 1), t->tid, memory_order_relaxed);
        t->spin_locks++;
        NT_OBSERVE(spin_lock, lock, true);
}

static void lock_acquire(PKSPIN_LOCK lock, const void *caller)
{
        NtThread *t = nt_thread_self();
        if (atomic_load_explicit(lock_word(lock, 1), memory_order_relaxed) == t->tid &&
            atomic_load_explicit(lock_word(lock, 0), memory_order_relaxed) != 0)
                nt_bug_check(NT_BUG_SPIN_LOCK_ALREADY_OWNED, (ULONG_PTR)lock, 0, 0, 0, caller,
                             "spin lock %p is held by this thread already", (void *)lock);
        word_acquire(lock_word(lock, 0));
        lock_taken(lock, t);
}

static void lock_release(PKSPIN_LOCK lock, const void *caller)
{
        NtThread *t = nt_thread_self();
        if (atomic_load_explicit(lock_word(lock, 0), memory_order_relaxed) == 0 ||
            atomic_load_explicit(lock_word(lock, 1), memory_order_relaxed) != t->tid)
                nt_bug_check(NT_BUG_SPIN_LOCK_NOT_OWNED, (ULONG_PTR)lock, 0, 0, 0, caller,
                             "spin lock %p is not held by this thread", (void *)lock);
        NT_OBSERVE(spin_lock, lock, false);
        t->spin_locks--;
        atomic_store_explicit(lock_word(lock, 1), 0, memory_order_relaxed);
        word_release(lock_word(lock, 0));
}

static bool lock_try(PKSPIN_LOCK lock)
{
        if (!word_try(lock_word(lock, 0)))
                return false;
        lock_taken(lock, nt_thread_self());
        return true;
}

NTEXPORT KIRQL NTAPI KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK lock)
{
        KIRQL old = raise_irql(DISPATCH_LEVEL, NT_CALLER);
        lock_acquire(lock, NT_CALLER);
        return old;
}

NTEXPORT VOID NTAPI KeReleaseSpinLock(PKSPIN_LOCK lock, KIRQL old)
{
        lock_release(lock, NT_CALLER);
        lower_irql(old, NT_CALLER);
}

static void at_dispatch(PKSPIN_LOCK lock, const void *caller)
{
        KIRQL now = nt_thread_self()->irql;
        if (now < DISPATCH_LEVEL)
                nt_bug_check(NT_BUG_IRQL_NOT_GREATER_OR_EQUAL, (ULONG_PTR)lock, DISPATCH_LEVEL, now,
                             (ULONG_PTR)caller, caller,
                             "a spin lock was taken with an ...AtDpcLevel routine at IRQL %u", now);
}

NTEXPORT VOID NTAPI KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK lock)
{
        at_dispatch(lock, NT_CALLER);
        lock_acquire(lock, NT_CALLER);
}

NTEXPORT VOID NTAPI KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK lock)
{
        lock_release(lock, NT_CALLER);
}

NTEXPORT BOOLEAN FASTCALL KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK lock)
{
        at_dispatch(lock, NT_CALLER);
        return lock_try(lock);
}

NTEXPORT BOOLEAN FASTCALL KeTestSpinLock(PKSPIN_LOCK lock)
{
        return atomic_load_explicit(lock_word(lock, 0), memory_order_relaxed) == 0;
}

NTEXPORT KIRQL FASTCALL KeAcquireSpinLockForDpc(PKSPIN_LOCK lock)
{
        KIRQL old = nt_thread_self()->irql < DISPATCH_LEVEL ? nt_irql_set(DISPATCH_LEVEL) : DISPATCH_LEVEL;
        lock_acquire(lock, NT_CALLER);
        return old;
}

NTEXPORT VOID FASTCALL KeReleaseSpinLockForDpc(PKSPIN_LOCK lock, KIRQL old)
{
        lock_release(lock, NT_CALLER);
        lower_irql(old, NT_CALLER);
}

static void queued_acquire(PKSPIN_LOCK lock, PKLOCK_QUEUE_HANDLE handle, KIRQL old, const void *caller)
{
        lock_acquire(lock, caller);
        handle->LockQueue.Next = NULL;
        handle->LockQueue.Lock = lock;
        handle->OldIrql = old;
}

NTEXPORT VOID FASTCALL KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK lock, PKLOCK_QUEUE_HANDLE handle)
{
        KIRQL old = raise_irql(DISPATCH_LEVEL, NT_CALLER);
        queued_acquire(lock, handle, old, NT_CALLER);
}

NTEXPORT VOID FASTCALL KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE handle)
{
        lock_release(handle->LockQueue.Lock, NT_CALLER);
        lower_irql(handle->OldIrql, NT_CALLER);
}

NTEXPORT VOID FASTCALL KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK lock, PKLOCK_QUEUE_HANDLE handle)
{
        at_dispatch(lock, NT_CALLER);
        queued_acquire(lock, handle, DISPATCH_LEVEL, NT_CALLER);
}

NTEXPORT VOID FASTCALL KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE handle)
{
        lock_release(handle->LockQueue.Lock, NT_CALLER);
}

NTEXPORT VOID FASTCALL KeAcquireInStackQueuedSpinLockForDpc(PKSPIN_LOCK lock, PKLOCK_QUEUE_HANDLE handle)
{
        KIRQL old = nt_thread_self()->irql < DISPATCH_LEVEL ? nt_irql_set(DISPATCH_LEVEL) : DISPATCH_LEVEL;
        queued_acquire(lock, handle, old, NT_CALLER);
}

NTEXPORT VOID FASTCALL KeReleaseInStackQueuedSpinLockForDpc(PKLOCK_QUEUE_HANDLE handle)
{
        lock_release(handle->LockQueue.Lock, NT_CALLER);
        lower_irql(handle->OldIrql, NT_CALLER);
}

// --- interlocked lists under a driver's spin lock ------------------------------------------------
// These may be called at any IRQL, with interrupts off on Windows; the lock is used for them alone.

static KIRQL list_lock(PKSPIN_LOCK lock, const void *caller)
{
        KIRQL old = nt_thread_self()->irql;
        if (old < DISPATCH_LEVEL)
                nt_irql_set(DISPATCH_LEVEL);
        lock_acquire(lock, caller);
        return old;
}

static void list_unlock(PKSPIN_LOCK lock, KIRQL old, const void *caller)
{
        lock_release(lock, caller);
        nt_irql_set(old);
}

NTEXPORT PLIST_ENTRY FASTCALL ExInterlockedInsertHeadList(PLIST_ENTRY head, PLIST_ENTRY entry,
                                                          PKSPIN_LOCK lock)
{
        KIRQL old = list_lock(lock, NT_CALLER);
        PLIST_ENTRY first = IsListEmpty(head) ? NULL : head->Flink;
        InsertHeadList(head, entry);
        list_unlock(lock, old, NT_CALLER);
        return first;
}

NTEXPORT PLIST_ENTRY FASTCALL ExInterlockedInsertTailList(PLIST_ENTRY head, PLIST_ENTRY entry,
                                                          PKSPIN_LOCK lock)
{
        KIRQL old = list_lock(lock, NT_CALLER);
        PLIST_ENTRY last = IsListEmpty(head) ? NULL : head->Blink;
        InsertTailList(head, entry);
        list_unlock(lock, old, NT_CALLER);
        return last;
}

NTEXPORT PLIST_ENTRY FASTCALL ExInterlockedRemoveHeadList(PLIST_ENTRY head, PKSPIN_LOCK lock)
{
        KIRQL old = list_lock(lock, NT_CALLER);
        PLIST_ENTRY first = IsListEmpty(head) ? NULL : RemoveHeadList(head);
        list_unlock(lock, old, NT_CALLER);
        return first;
}

NTEXPORT PSINGLE_LIST_ENTRY FASTCALL ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY head,
                                                                PSINGLE_LIST_ENTRY entry, PKSPIN_LOCK lock)
{
        KIRQL old = list_lock(lock, NT_CALLER);
        PSINGLE_LIST_ENTRY first = head->Next;
        entry->Next = first;
        head->Next = entry;
        list_unlock(lock, old, NT_CALLER);
        return first;
}

NTEXPORT PSINGLE_LIST_ENTRY FASTCALL ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY head, PKSPIN_LOCK lock)
{
        KIRQL old = list_lock(lock, NT_CALLER);
        PSINGLE_LIST_ENTRY first = head->Next;
        if (first)
                head->Next = first->Next;
        list_unlock(lock, old, NT_CALLER);
        return first;
}

NTEXPORT ULONG FASTCALL ExInterlockedAddUlong(PULONG addend, ULONG increment, PKSPIN_LOCK lock)
{
        (void)lock;
        return __atomic_fetch_add(addend, increment, __ATOMIC_SEQ_CST);
}

NTEXPORT LARGE_INTEGER NTAPI ExInterlockedAddLargeInteger(PLARGE_INTEGER addend, LARGE_INTEGER increment,
                                                          PKSPIN_LOCK lock)
{
        (void)lock;
        LARGE_INTEGER r;
        r.QuadPart = __atomic_fetch_add(&addend->QuadPart, increment.QuadPart, __ATOMIC_SEQ_CST);
        return r;
}
