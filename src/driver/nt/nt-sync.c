// SPDX-License-Identifier: MIT
// Locks that may block: fast and guarded mutexes, remove locks, rundown protection, resources.
#include "driver/nt/nt-internal.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

// --- fast and guarded mutexes --------------------------------------------------------------------
// Count is 1 when free, 0 when held, -1 when held and waited for.

static bool count_try(volatile LONG *count)
{
        LONG expected = 1;
        return __atomic_compare_exchange_n(count, &expected, 0, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void count_acquire(volatile LONG *count, ULONG *contention)
{
        for (int i = 0; i < 100; i++) {
                if (count_try(count))
                        return;
                __builtin_ia32_pause();
        }
        __atomic_add_fetch(contention, 1, __ATOMIC_RELAXED);
        while (__atomic_exchange_n(count, -1, __ATOMIC_ACQUIRE) != 1)
                syscall(SYS_futex, count, FUTEX_WAIT_PRIVATE, (uint32_t)-1, NULL, NULL, 0);
}

static void count_release(volatile LONG *count)
{
        if (__atomic_exchange_n(count, 1, __ATOMIC_RELEASE) == -1)
                syscall(SYS_futex, count, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void mutex_check(const void *mutex, PKTHREAD owner, const void *caller)
{
        KIRQL irql = nt_thread_self()->irql;
        if (irql > APC_LEVEL)
                nt_bug_check(NT_BUG_IRQL_NOT_LESS_OR_EQUAL, (ULONG_PTR)mutex, irql, 0, (ULONG_PTR)caller,
                             caller, "mutex %p was asked for at IRQL %u", mutex, irql);
        if (owner == KeGetCurrentThread())
                nt_bug_check(NT_BUG_MUTEX_ALREADY_OWNED, (ULONG_PTR)mutex, (ULONG_PTR)owner, 0, 0, caller,
                             "mutex %p is held by this thread already", mutex);
}

static void owner_set(PKTHREAD *owner, PKTHREAD to)
{
        __atomic_store_n(owner, to, __ATOMIC_RELAXED);
}

static void owner_check(const void *mutex, PKTHREAD *owner, const void *caller)
{
        if (__atomic_load_n(owner, __ATOMIC_RELAXED) != KeGetCurrentThread())
                nt_bug_check(NT_BUG_KMODE_EXCEPTION_NOT_HANDLED, (ULONG_PTR)(ULONG)STATUS_MUTANT_NOT_OWNED,
                             (ULONG_PTR)caller, 0, 0, caller,
                             "mutex %p is released by a thread that does not hold it", mutex);
}

NTEXPORT VOID FASTCALL ExAcquireFastMutex(PFAST_MUTEX m)
{
        mutex_check(m, __atomic_load_n(&m->Owner, __ATOMIC_RELAXED), NT_CALLER);
        KIRQL old = nt_irql_set(APC_LEVEL);
        count_acquire(&m->Count, &m->Contention);
        owner_set(&m->Owner, KeGetCurrentThread());
        m->OldIrql = old;
}

NTEXPORT VOID FASTCALL ExReleaseFastMutex(PFAST_MUTEX m)
{
        owner_check(m, &m->Owner, NT_CALLER);
        KIRQL old = (KIRQL)m->OldIrql;
        owner_set(&m->Owner, NULL);
        count_release(&m->Count);
        nt_irql_set(old);
}

NTEXPORT BOOLEAN FASTCALL ExTryToAcquireFastMutex(PFAST_MUTEX m)
{
        KIRQL old = nt_thread_self()->irql;
        if (old > APC_LEVEL || !count_try(&m->Count))
                return FALSE;
        nt_irql_set(APC_LEVEL);
        owner_set(&m->Owner, KeGetCurrentThread());
        m->OldIrql = old;
        return TRUE;
}

NTEXPORT VOID FASTCALL ExAcquireFastMutexUnsafe(PFAST_MUTEX m)
{
        mutex_check(m, __atomic_load_n(&m->Owner, __ATOMIC_RELAXED), NT_CALLER);
        count_acquire(&m->Count, &m->Contention);
        owner_set(&m->Owner, KeGetCurrentThread());
}

NTEXPORT VOID FASTCALL ExReleaseFastMutexUnsafe(PFAST_MUTEX m)
{
        owner_check(m, &m->Owner, NT_CALLER);
        owner_set(&m->Owner, NULL);
        count_release(&m->Count);
}

NTEXPORT VOID FASTCALL KeInitializeGuardedMutex(PKGUARDED_MUTEX m)
{
        m->Count = 1;
        m->Owner = NULL;
        m->Contention = 0;
        nt_dispatcher_init(&m->Gate.Header, NT_SYNCHRONIZATION_EVENT, sizeof m->Gate, 0);
}

NTEXPORT VOID FASTCALL KeAcquireGuardedMutexUnsafe(PKGUARDED_MUTEX m)
{
        mutex_check(m, __atomic_load_n(&m->Owner, __ATOMIC_RELAXED), NT_CALLER);
        count_acquire(&m->Count, &m->Contention);
        owner_set(&m->Owner, KeGetCurrentThread());
}

NTEXPORT VOID FASTCALL KeReleaseGuardedMutexUnsafe(PKGUARDED_MUTEX m)
{
        owner_check(m, &m->Owner, NT_CALLER);
        owner_set(&m->Owner, NULL);
        count_release(&m->Count);
}

NTEXPORT VOID FASTCALL KeAcquireGuardedMutex(PKGUARDED_MUTEX m)
{
        mutex_check(m, __atomic_load_n(&m->Owner, __ATOMIC_RELAXED), NT_CALLER);
        KeEnterGuardedRegion();
        count_acquire(&m->Count, &m->Contention);
        owner_set(&m->Owner, KeGetCurrentThread());
}

NTEXPORT VOID FASTCALL KeReleaseGuardedMutex(PKGUARDED_MUTEX m)
{
        KeReleaseGuardedMutexUnsafe(m);
        KeLeaveGuardedRegion();
}

NTEXPORT BOOLEAN FASTCALL KeTryToAcquireGuardedMutex(PKGUARDED_MUTEX m)
{
        if (!count_try(&m->Count))
                return FALSE;
        KeEnterGuardedRegion();
        owner_set(&m->Owner, KeGetCurrentThread());
        return TRUE;
}

// --- remove locks --------------------------------------------------------------------------------

NTEXPORT VOID NTAPI IoInitializeRemoveLockEx(PIO_REMOVE_LOCK lock, ULONG tag, ULONG max_minutes,
                                             ULONG watermark, ULONG size)
{
        (void)tag, (void)max_minutes, (void)watermark;
        RtlZeroMemory(lock, size);
        lock->Common.IoCount = 1;
        KeInitializeEvent(&lock->Common.RemoveEvent, SynchronizationEvent, FALSE);
}

NTEXPORT NTSTATUS NTAPI IoAcquireRemoveLockEx(PIO_REMOVE_LOCK lock, PVOID tag, PCSTR file, ULONG line,
                                              ULONG size)
{
        (void)tag, (void)file, (void)line, (void)size;
        __atomic_add_fetch(&lock->Common.IoCount, 1, __ATOMIC_ACQ_REL);
        if (!__atomic_load_n(&lock->Common.Removed, __ATOMIC_ACQUIRE))
                return STATUS_SUCCESS;
        if (__atomic_sub_fetch(&lock->Common.IoCount, 1, __ATOMIC_ACQ_REL) == 0)
                KeSetEvent(&lock->Common.RemoveEvent, 0, FALSE);
        return STATUS_DELETE_PENDING;
}

static void remove_lock_release(PIO_REMOVE_LOCK lock, const void *caller)
{
        LONG n = __atomic_sub_fetch(&lock->Common.IoCount, 1, __ATOMIC_ACQ_REL);
        if (n < 0)
                nt_bug_check(NT_BUG_IOMANAGER_VIOLATION, 0, (ULONG_PTR)lock, 0, 0, caller,
                             "remove lock %p is released more often than acquired", (void *)lock);
        if (n == 0)
                KeSetEvent(&lock->Common.RemoveEvent, 0, FALSE);
}

NTEXPORT VOID NTAPI IoReleaseRemoveLockEx(PIO_REMOVE_LOCK lock, PVOID tag, ULONG size)
{
        (void)tag, (void)size;
        remove_lock_release(lock, NT_CALLER);
}

NTEXPORT VOID NTAPI IoReleaseRemoveLockAndWaitEx(PIO_REMOVE_LOCK lock, PVOID tag, ULONG size)
{
        (void)tag, (void)size;
        __atomic_store_n(&lock->Common.Removed, TRUE, __ATOMIC_RELEASE);
        remove_lock_release(lock, NT_CALLER); // the caller's own
        if (__atomic_sub_fetch(&lock->Common.IoCount, 1, __ATOMIC_ACQ_REL) > 0)
                KeWaitForSingleObject(&lock->Common.RemoveEvent, Executive, KernelMode, FALSE, NULL);
}

// --- rundown protection --------------------------------------------------------------------------
// Count: bit 0 says that rundown began, the rest counts by 2.

NTEXPORT VOID FASTCALL ExInitializeRundownProtection(PEX_RUNDOWN_REF ref)
{
        __atomic_store_n(&ref->Count, 0, __ATOMIC_RELEASE);
}

NTEXPORT VOID FASTCALL ExReInitializeRundownProtection(PEX_RUNDOWN_REF ref)
{
        ExInitializeRundownProtection(ref);
}

NTEXPORT BOOLEAN FASTCALL ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF ref, ULONG count)
{
        ULONG_PTR old = __atomic_load_n(&ref->Count, __ATOMIC_RELAXED);
        while (!(old & EX_RUNDOWN_ACTIVE))
                if (__atomic_compare_exchange_n(&ref->Count, &old,
                                                old + count * (ULONG_PTR)EX_RUNDOWN_COUNT_INC, true,
                                                __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
                        return TRUE;
        return FALSE;
}

NTEXPORT BOOLEAN FASTCALL ExAcquireRundownProtection(PEX_RUNDOWN_REF ref)
{
        return ExAcquireRundownProtectionEx(ref, 1);
}

NTEXPORT VOID FASTCALL ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF ref, ULONG count)
{
        ULONG_PTR now =
                __atomic_sub_fetch(&ref->Count, count * (ULONG_PTR)EX_RUNDOWN_COUNT_INC, __ATOMIC_ACQ_REL);
        if (now == EX_RUNDOWN_ACTIVE)
                syscall(SYS_futex, &ref->Count, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

NTEXPORT VOID FASTCALL ExReleaseRundownProtection(PEX_RUNDOWN_REF ref)
{
        ExReleaseRundownProtectionEx(ref, 1);
}

NTEXPORT VOID FASTCALL ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF ref)
{
        ULONG_PTR now = __atomic_or_fetch(&ref->Count, EX_RUNDOWN_ACTIVE, __ATOMIC_ACQ_REL);
        while (now != EX_RUNDOWN_ACTIVE) {
                syscall(SYS_futex, &ref->Count, FUTEX_WAIT_PRIVATE, (uint32_t)now, NULL, NULL, 0);
                now = __atomic_load_n(&ref->Count, __ATOMIC_ACQUIRE);
        }
}

NTEXPORT VOID FASTCALL ExRundownCompleted(PEX_RUNDOWN_REF ref)
{
        __atomic_store_n(&ref->Count, EX_RUNDOWN_ACTIVE, __ATOMIC_RELEASE);
}

// --- resources (reader/writer locks) -------------------------------------------------------------
// State under one lock for all resources; who waits sleeps on one condition variable: they are rare and
// short. ActiveCount is -1 held exclusively (OwnerEntry counts the recursion), n > 0 held by n shared owners'
// acquisitions, which OwnerTable counts by thread.

static pthread_mutex_t resources = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resources_changed = PTHREAD_COND_INITIALIZER;

NTEXPORT NTSTATUS NTAPI ExInitializeResourceLite(PERESOURCE r)
{
        RtlZeroMemory(r, sizeof *r);
        InitializeListHead(&r->SystemResourcesList);
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI ExReinitializeResourceLite(PERESOURCE r)
{
        pthread_mutex_lock(&resources);
        r->ActiveCount = 0;
        r->OwnerEntry.OwnerThread = 0;
        r->OwnerEntry.OwnerCount = 0;
        for (ULONG i = 0; i < r->ActiveEntries; i++)
                r->OwnerTable[i].OwnerThread = 0;
        pthread_mutex_unlock(&resources);
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI ExDeleteResourceLite(PERESOURCE r)
{
        if (r->OwnerTable)
                ExFreePool(r->OwnerTable);
        r->OwnerTable = NULL;
        r->ActiveEntries = 0;
        return STATUS_SUCCESS;
}

static ERESOURCE_THREAD self_id(void)
{
        return (ERESOURCE_THREAD)nt_thread_self();
}

static bool owns_exclusive(PERESOURCE r, ERESOURCE_THREAD thread)
{
        return r->ActiveCount < 0 && r->OwnerEntry.OwnerThread == thread;
}

// The slot of this thread, or a free one when `add`; NULL when there is none (or no memory).
static POWNER_ENTRY shared_slot(PERESOURCE r, ERESOURCE_THREAD thread, bool add)
{
        POWNER_ENTRY unused = NULL;
        for (ULONG i = 0; i < r->ActiveEntries; i++) {
                if (r->OwnerTable[i].OwnerThread == thread)
                        return &r->OwnerTable[i];
                if (!r->OwnerTable[i].OwnerThread)
                        unused = &r->OwnerTable[i];
        }
        if (!add)
                return NULL;
        if (!unused) {
                ULONG n = r->ActiveEntries ? r->ActiveEntries * 2 : 4;
                POWNER_ENTRY table =
                        nt_pool_alloc(NT_POOL_ZERO, n * sizeof *table, NT_TAG('R', 'e', 'T', 'a'));
                if (!table)
                        return NULL;
                if (r->OwnerTable) {
                        RtlCopyMemory(table, r->OwnerTable, r->ActiveEntries * sizeof *table);
                        ExFreePool(r->OwnerTable);
                }
                unused = &table[r->ActiveEntries];
                r->OwnerTable = table;
                r->ActiveEntries = n;
        }
        unused->OwnerThread = thread;
        unused->OwnerCount = 0;
        return unused;
}

static void resource_wait(PERESOURCE r, ULONG *waiters)
{
        r->ContentionCount++;
        ++*waiters;
        pthread_cond_wait(&resources_changed, &resources);
        --*waiters;
}

static void resource_check(PERESOURCE r, const void *caller)
{
        NtThread *t = nt_thread_self();
        if (t->irql >= DISPATCH_LEVEL)
                nt_bug_check(NT_BUG_IRQL_NOT_LESS_OR_EQUAL, (ULONG_PTR)r, t->irql, 0, (ULONG_PTR)caller,
                             caller, "a resource was asked for at IRQL %u", t->irql);
}

NTEXPORT BOOLEAN NTAPI ExAcquireResourceExclusiveLite(PERESOURCE r, BOOLEAN wait)
{
        resource_check(r, NT_CALLER);
        pthread_mutex_lock(&resources);
        bool got = true;
        if (owns_exclusive(r, self_id())) {
                r->OwnerEntry.OwnerCount++;
        } else {
                while (r->ActiveCount != 0 && wait)
                        resource_wait(r, &r->NumberOfExclusiveWaiters);
                got = r->ActiveCount == 0;
                if (got) {
                        r->ActiveCount = -1;
                        r->Flag |= ResourceOwnedExclusive;
                        r->OwnerEntry.OwnerThread = self_id();
                        r->OwnerEntry.OwnerCount = 1;
                }
        }
        pthread_mutex_unlock(&resources);
        return got;
}

enum Share { SHARE_FAIR, SHARE_STARVE_EXCLUSIVE, SHARE_AFTER_EXCLUSIVE };

static BOOLEAN acquire_shared(PERESOURCE r, BOOLEAN wait, enum Share how)
{
        pthread_mutex_lock(&resources);
        ERESOURCE_THREAD self = self_id();
        bool got = false;
        if (owns_exclusive(r, self)) {
                r->OwnerEntry.OwnerCount++;
                got = true;
        } else {
                for (;;) {
                        bool mine = shared_slot(r, self, false) != NULL;
                        bool queue = r->NumberOfExclusiveWaiters != 0 &&
                                     (how == SHARE_AFTER_EXCLUSIVE || (how == SHARE_FAIR && !mine));
                        POWNER_ENTRY e = NULL;
                        if (r->ActiveCount >= 0 && r->ActiveCount < INT16_MAX && !queue &&
                            (e = shared_slot(r, self, true))) {
                                e->OwnerCount++;
                                r->ActiveCount++;
                                got = true;
                        }
                        if (got || !wait)
                                break;
                        resource_wait(r, &r->NumberOfSharedWaiters);
                }
        }
        pthread_mutex_unlock(&resources);
        return got;
}

NTEXPORT BOOLEAN NTAPI ExAcquireResourceSharedLite(PERESOURCE r, BOOLEAN wait)
{
        resource_check(r, NT_CALLER);
        return acquire_shared(r, wait, SHARE_FAIR);
}

NTEXPORT BOOLEAN NTAPI ExAcquireSharedStarveExclusive(PERESOURCE r, BOOLEAN wait)
{
        resource_check(r, NT_CALLER);
        return acquire_shared(r, wait, SHARE_STARVE_EXCLUSIVE);
}

NTEXPORT BOOLEAN NTAPI ExAcquireSharedWaitForExclusive(PERESOURCE r, BOOLEAN wait)
{
        resource_check(r, NT_CALLER);
        return acquire_shared(r, wait, SHARE_AFTER_EXCLUSIVE);
}

static void release(PERESOURCE r, ERESOURCE_THREAD thread, const void *caller)
{
        pthread_mutex_lock(&resources);
        bool owned = true;
        if (owns_exclusive(r, thread)) {
                if (--r->OwnerEntry.OwnerCount == 0) {
                        r->OwnerEntry.OwnerThread = 0;
                        r->ActiveCount = 0;
                        r->Flag &= (USHORT)~ResourceOwnedExclusive;
                }
        } else {
                POWNER_ENTRY e = r->ActiveCount > 0 ? shared_slot(r, thread, false) : NULL;
                owned = e != NULL;
                if (owned) {
                        r->ActiveCount--;
                        if (--e->OwnerCount == 0)
                                e->OwnerThread = 0;
                }
        }
        if (r->ActiveCount >= 0)
                pthread_cond_broadcast(&resources_changed);
        pthread_mutex_unlock(&resources);
        if (!owned)
                nt_bug_check(NT_BUG_RESOURCE_NOT_OWNED, (ULONG_PTR)r, thread, 0, 0, caller,
                             "resource %p is released by a thread that does not own it", (void *)r);
}

NTEXPORT VOID FASTCALL ExReleaseResourceLite(PERESOURCE r)
{
        release(r, self_id(), NT_CALLER);
}

NTEXPORT VOID NTAPI ExReleaseResourceForThreadLite(PERESOURCE r, ERESOURCE_THREAD thread)
{
        release(r, thread, NT_CALLER);
}

NTEXPORT VOID NTAPI ExConvertExclusiveToSharedLite(PERESOURCE r)
{
        pthread_mutex_lock(&resources);
        bool ok = owns_exclusive(r, self_id());
        POWNER_ENTRY e = ok ? shared_slot(r, self_id(), true) : NULL;
        if (e) {
                e->OwnerCount = r->OwnerEntry.OwnerCount;
                r->ActiveCount = (SHORT)e->OwnerCount;
                r->OwnerEntry.OwnerThread = 0;
                r->OwnerEntry.OwnerCount = 0;
                r->Flag &= (USHORT)~ResourceOwnedExclusive;
                pthread_cond_broadcast(&resources_changed);
        }
        pthread_mutex_unlock(&resources);
        if (!ok)
                nt_bug_check(NT_BUG_RESOURCE_NOT_OWNED, (ULONG_PTR)r, self_id(), 0, 0, NT_CALLER,
                             "resource %p is converted by a thread that does not own it", (void *)r);
}

NTEXPORT BOOLEAN NTAPI ExIsResourceAcquiredExclusiveLite(PERESOURCE r)
{
        pthread_mutex_lock(&resources);
        BOOLEAN yes = owns_exclusive(r, self_id());
        pthread_mutex_unlock(&resources);
        return yes;
}

NTEXPORT ULONG NTAPI ExIsResourceAcquiredSharedLite(PERESOURCE r)
{
        pthread_mutex_lock(&resources);
        POWNER_ENTRY e = shared_slot(r, self_id(), false);
        ULONG n = owns_exclusive(r, self_id()) ? r->OwnerEntry.OwnerCount : e ? e->OwnerCount : 0;
        pthread_mutex_unlock(&resources);
        return n;
}

NTEXPORT ULONG NTAPI ExGetExclusiveWaiterCount(PERESOURCE r)
{
        return __atomic_load_n(&r->NumberOfExclusiveWaiters, __ATOMIC_RELAXED);
}

NTEXPORT ULONG NTAPI ExGetSharedWaiterCount(PERESOURCE r)
{
        return __atomic_load_n(&r->NumberOfSharedWaiters, __ATOMIC_RELAXED);
}

NTEXPORT PVOID NTAPI ExEnterCriticalRegionAndAcquireResourceExclusive(PERESOURCE r)
{
        KeEnterCriticalRegion();
        ExAcquireResourceExclusiveLite(r, TRUE);
        return NULL;
}

NTEXPORT PVOID NTAPI ExEnterCriticalRegionAndAcquireResourceShared(PERESOURCE r)
{
        KeEnterCriticalRegion();
        ExAcquireResourceSharedLite(r, TRUE);
        return NULL;
}

NTEXPORT VOID FASTCALL ExReleaseResourceAndLeaveCriticalRegion(PERESOURCE r)
{
        ExReleaseResourceLite(r);
        KeLeaveCriticalRegion();
}
