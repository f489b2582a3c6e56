// SPDX-License-Identifier: MIT
// Lookaside lists and sequenced lists.
//
// A lookaside list keeps nothing here: each entry is allocated and freed, so that a sanitizer and the leak
// report see what the driver does with it. Windows may do the same at any time.
#include "driver/nt/nt-internal.h"

// --- SLISTs: Next in the first 8 bytes, a depth in the second, all under one lock ----------------
// A driver pushes entries from its own pool; the lock-free algorithm would read Next of an entry that another
// thread has popped and freed, which Windows tolerates and a sanitizer does not.

static NtLock slist_lock;

static PSLIST_ENTRY slist_first(PSLIST_HEADER head)
{
        return (PSLIST_ENTRY)(ULONG_PTR)head->Region;
}

NTEXPORT PSLIST_ENTRY ExpInterlockedPushEntrySList(PSLIST_HEADER head, PSLIST_ENTRY entry)
{
        nt_lock(&slist_lock);
        PSLIST_ENTRY first = slist_first(head);
        entry->Next = first;
        head->Region = (ULONG_PTR)entry;
        head->Alignment = (head->Alignment & ~0xffffull) | ((head->Alignment + 1) & 0xffff);
        nt_unlock(&slist_lock);
        return first;
}

NTEXPORT PSLIST_ENTRY ExpInterlockedPopEntrySList(PSLIST_HEADER head)
{
        nt_lock(&slist_lock);
        PSLIST_ENTRY first = slist_first(head);
        if (first) {
                head->Region = (ULONG_PTR)first->Next;
                head->Alignment = (head->Alignment & ~0xffffull) | ((head->Alignment - 1) & 0xffff);
        }
        nt_unlock(&slist_lock);
        return first;
}

NTEXPORT PSLIST_ENTRY ExpInterlockedFlushSList(PSLIST_HEADER head)
{
        nt_lock(&slist_lock);
        PSLIST_ENTRY first = slist_first(head);
        head->Region = 0;
        head->Alignment &= ~0xffffull;
        nt_unlock(&slist_lock);
        return first;
}

#undef ExQueryDepthSList
NTEXPORT USHORT ExQueryDepthSList(PSLIST_HEADER head)
{
        nt_lock(&slist_lock);
        USHORT depth = (USHORT)(head->Alignment & 0xffff);
        nt_unlock(&slist_lock);
        return depth;
}

NTEXPORT VOID InitializeSListHead(PSLIST_HEADER head)
{
        head->Alignment = 0;
        head->Region = 0;
}

// --- lookaside lists -----------------------------------------------------------------------------

static PVOID plain_allocate(POOL_TYPE type, SIZE_T size, ULONG tag)
{
        return ExAllocatePoolWithTag(type, size, tag);
}

static void plain_free(PVOID p)
{
        ExFreePool(p);
}

// The inline bodies in <wdm.h> pop, then call Allocate, and push while the depth is below Depth: with Depth 0
// every entry goes straight to Free.
#define LOOKASIDE_INIT(list, allocate, release, pool, bytes, pool_tag)                                       \
        do {                                                                                                 \
                RtlZeroMemory((list), sizeof *(list));                                                       \
                InitializeSListHead(&(list)->L.ListHead);                                                    \
                (list)->L.MaximumDepth = 256;                                                                \
                (list)->L.Type = (pool);                                                                     \
                (list)->L.Tag = (pool_tag);                                                                  \
                (list)->L.Size =                                                                             \
                        (ULONG)((bytes) < LOOKASIDE_MINIMUM_BLOCK_SIZE ? LOOKASIDE_MINIMUM_BLOCK_SIZE        \
                                                                       : (bytes));                           \
                (list)->L.Allocate = (allocate) ? (allocate) : plain_allocate;                               \
                (list)->L.Free = (release) ? (release) : plain_free;                                         \
                InitializeListHead(&(list)->L.ListEntry);                                                    \
        } while (0)

NTEXPORT VOID NTAPI ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate,
                                                    PFREE_FUNCTION release, ULONG flags, SIZE_T size,
                                                    ULONG tag, USHORT depth)
{
        (void)flags, (void)depth;
        LOOKASIDE_INIT(list, allocate, release, NonPagedPool, size, tag);
}

NTEXPORT VOID NTAPI ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST list, PALLOCATE_FUNCTION allocate,
                                                   PFREE_FUNCTION release, ULONG flags, SIZE_T size,
                                                   ULONG tag, USHORT depth)
{
        (void)flags, (void)depth;
        LOOKASIDE_INIT(list, allocate, release, PagedPool, size, tag);
}

static void lookaside_drain(PSLIST_HEADER head, void (*release)(PVOID))
{
        for (PSLIST_ENTRY e = ExpInterlockedFlushSList(head), next; e; e = next) {
                next = e->Next;
                release(e);
        }
}

NTEXPORT VOID NTAPI ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST list)
{
        lookaside_drain(&list->L.ListHead, list->L.Free);
}

NTEXPORT VOID NTAPI ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST list)
{
        lookaside_drain(&list->L.ListHead, list->L.Free);
}

static PVOID NTAPI ex_allocate(POOL_TYPE type, SIZE_T size, ULONG tag, PLOOKASIDE_LIST_EX list)
{
        (void)list;
        return ExAllocatePoolWithTag(type, size, tag);
}

static VOID NTAPI ex_free(PVOID p, PLOOKASIDE_LIST_EX list)
{
        (void)list;
        ExFreePool(p);
}

NTEXPORT NTSTATUS NTAPI ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX list, PALLOCATE_FUNCTION_EX allocate,
                                                    PFREE_FUNCTION_EX release, POOL_TYPE type, ULONG flags,
                                                    SIZE_T size, ULONG tag, USHORT depth)
{
        (void)depth;
        if (flags & ~(EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL | EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE))
                return STATUS_INVALID_PARAMETER_5;
        LOOKASIDE_INIT(list, NULL, NULL, type, size, tag);
        list->L.AllocateEx = allocate ? allocate : ex_allocate;
        list->L.FreeEx = release ? release : ex_free;
        return STATUS_SUCCESS;
}

NTEXPORT VOID NTAPI ExFlushLookasideListEx(PLOOKASIDE_LIST_EX list)
{
        for (PSLIST_ENTRY e = ExpInterlockedFlushSList(&list->L.ListHead), next; e; e = next) {
                next = e->Next;
                list->L.FreeEx(e, list);
        }
}

NTEXPORT VOID NTAPI ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX list)
{
        ExFlushLookasideListEx(list);
}
