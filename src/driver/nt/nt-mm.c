// SPDX-License-Identifier: MIT
// Memory: MDLs, contiguous memory, probes, and routines found by name.
//
// All memory is always there and mapped once: locking and mapping an MDL keep its flags as documented and
// nothing else.
#include "driver/nt/nt-internal.h"

#include <string.h>

#define MDL_TAG NT_TAG('M', 'd', 'l', ' ')

#undef MmSizeOfMdl
NTEXPORT SIZE_T NTAPI MmSizeOfMdl(PVOID base, SIZE_T length)
{
        return sizeof(MDL) + sizeof(PFN_NUMBER) * ADDRESS_AND_SIZE_TO_SPAN_PAGES(base, length);
}

NTEXPORT PMDL NTAPI IoAllocateMdl(PVOID address, ULONG length, BOOLEAN secondary, BOOLEAN quota, PIRP irp)
{
        (void)quota;
        size_t size = MmSizeOfMdl(address, length);
        if (length > 0x7fffffff)
                return NULL;
        PMDL mdl = nt_pool_alloc_for(NT_POOL_ZERO, size, MDL_TAG, NT_CALLER);
        if (!mdl)
                return NULL;
        MmInitializeMdl(mdl, address, length);
        if (irp && secondary) {
                PMDL *link = &irp->MdlAddress;
                while (*link)
                        link = &(*link)->Next;
                *link = mdl;
        } else if (irp) {
                irp->MdlAddress = mdl;
        }
        return mdl;
}

NTEXPORT VOID NTAPI IoFreeMdl(PMDL mdl)
{
        ExFreePool(mdl);
}

static PVOID address_of(PMDL mdl)
{
        return (PCHAR)mdl->StartVa + mdl->ByteOffset;
}

NTEXPORT VOID NTAPI MmBuildMdlForNonPagedPool(PMDLX mdl)
{
        mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
        mdl->MappedSystemVa = address_of(mdl);
}

NTEXPORT VOID NTAPI MmProbeAndLockPages(PMDLX mdl, KPROCESSOR_MODE mode, LOCK_OPERATION operation)
{
        (void)mode;
        mdl->MdlFlags |= MDL_PAGES_LOCKED;
        if (operation != IoReadAccess)
                mdl->MdlFlags |= MDL_WRITE_OPERATION;
}

NTEXPORT VOID NTAPI MmUnlockPages(PMDLX mdl)
{
        mdl->MdlFlags =
                (CSHORT)(mdl->MdlFlags & ~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION | MDL_MAPPED_TO_SYSTEM_VA));
}

NTEXPORT PVOID NTAPI MmMapLockedPagesSpecifyCache(PMDLX mdl, KPROCESSOR_MODE mode, MEMORY_CACHING_TYPE cache,
                                                  PVOID base, ULONG bug_check, ULONG priority)
{
        (void)mode, (void)cache, (void)base, (void)bug_check, (void)priority;
        mdl->MappedSystemVa = address_of(mdl);
        mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
        if (mdl->MdlFlags & MDL_PARTIAL)
                mdl->MdlFlags |= MDL_PARTIAL_HAS_BEEN_MAPPED;
        return mdl->MappedSystemVa;
}

#undef MmMapLockedPages
NTEXPORT PVOID NTAPI MmMapLockedPages(PMDL mdl, KPROCESSOR_MODE mode)
{
        return MmMapLockedPagesSpecifyCache(mdl, mode, MmCached, NULL, TRUE, HighPagePriority);
}

NTEXPORT VOID NTAPI MmUnmapLockedPages(PVOID base, PMDL mdl)
{
        (void)base;
        mdl->MdlFlags = (CSHORT)(mdl->MdlFlags & ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED));
}

NTEXPORT NTSTATUS NTAPI MmProtectMdlSystemAddress(PMDL mdl, ULONG protect)
{
        (void)protect;
        return mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA ? STATUS_SUCCESS : STATUS_NOT_MAPPED_VIEW;
}

NTEXPORT VOID NTAPI IoBuildPartialMdl(PMDL source, PMDL target, PVOID address, ULONG length)
{
        if (!length)
                length = source->ByteCount - (ULONG)((PCHAR)address - (PCHAR)address_of(source));
        target->Process = source->Process;
        target->StartVa = PAGE_ALIGN(address);
        target->ByteOffset = BYTE_OFFSET(address);
        target->ByteCount = length;
        target->MdlFlags =
                (CSHORT)((target->MdlFlags & (MDL_ALLOCATED_FIXED_SIZE | MDL_ALLOCATED_MUST_SUCCEED)) |
                         (source->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL) | MDL_PARTIAL);
        target->MappedSystemVa = address;
}

// --- contiguous and other memory -----------------------------------------------------------------

NTEXPORT PVOID NTAPI MmAllocateContiguousMemory(SIZE_T size, PHYSICAL_ADDRESS highest)
{
        (void)highest;
        return nt_pool_alloc(0, size < PAGE_SIZE ? PAGE_SIZE : size, NT_TAG('M', 'm', 'C', 'm'));
}

NTEXPORT PVOID NTAPI MmAllocateContiguousMemorySpecifyCache(SIZE_T size, PHYSICAL_ADDRESS lowest,
                                                            PHYSICAL_ADDRESS highest,
                                                            PHYSICAL_ADDRESS boundary,
                                                            MEMORY_CACHING_TYPE cache)
{
        (void)lowest, (void)boundary, (void)cache;
        return MmAllocateContiguousMemory(size, highest);
}

NTEXPORT VOID NTAPI MmFreeContiguousMemory(PVOID p)
{
        ExFreePool(p);
}

NTEXPORT VOID NTAPI MmFreeContiguousMemorySpecifyCache(PVOID p, SIZE_T size, MEMORY_CACHING_TYPE cache)
{
        (void)size, (void)cache;
        ExFreePool(p);
}

NTEXPORT PVOID NTAPI MmAllocateNonCachedMemory(SIZE_T size)
{
        return nt_pool_alloc(0, size, NT_TAG('M', 'm', 'N', 'c'));
}

NTEXPORT VOID NTAPI MmFreeNonCachedMemory(PVOID p, SIZE_T size)
{
        (void)size;
        ExFreePool(p);
}

// --- what needs nothing here ---------------------------------------------------------------------

// Sections of a driver are never paged out: the handle only has to be something.
NTEXPORT PVOID NTAPI MmLockPagableDataSection(PVOID address)
{
        return address;
}

NTEXPORT VOID NTAPI MmLockPagableSectionByHandle(PVOID handle)
{
        (void)handle;
}

NTEXPORT VOID NTAPI MmUnlockPagableImageSection(PVOID handle)
{
        (void)handle;
}

NTEXPORT PVOID NTAPI MmPageEntireDriver(PVOID address)
{
        return address;
}

NTEXPORT VOID NTAPI MmResetDriverPaging(PVOID address)
{
        (void)address;
}

NTEXPORT MM_SYSTEMSIZE NTAPI MmQuerySystemSize(VOID)
{
        return MmLargeSystem;
}

NTEXPORT BOOLEAN NTAPI MmIsThisAnNtAsSystem(VOID)
{
        return FALSE;
}

NTEXPORT LOGICAL NTAPI MmIsDriverVerifying(PDRIVER_OBJECT driver)
{
        (void)driver;
        return FALSE;
}

NTEXPORT NTSTATUS NTAPI MmIsVerifierEnabled(PULONG flags)
{
        *flags = 0;
        return STATUS_NOT_SUPPORTED;
}

// Probes guard against user-mode pointers, and there is no user mode in this process.
NTEXPORT VOID NTAPI ProbeForRead(CONST VOID *address, SIZE_T length, ULONG alignment)
{
        if (length && ((ULONG_PTR)address & (alignment - 1)))
                ExRaiseDatatypeMisalignment();
}

NTEXPORT VOID NTAPI ProbeForWrite(PVOID address, SIZE_T length, ULONG alignment)
{
        ProbeForRead(address, length, alignment);
}

// --- routines by name ----------------------------------------------------------------------------

enum { TABLES_MAX = 8 };
static const NtExport *tables[TABLES_MAX] = {nt_exports};
static size_t table_count = 1;

void nt_exports_add(const NtExport *table)
{
        if (table_count < TABLES_MAX)
                tables[table_count++] = table;
}

void *nt_export_find(const char *name)
{
        for (size_t t = 0; t < table_count; t++)
                for (const NtExport *e = tables[t]; e->name; e++)
                        if (strcmp(e->name, name) == 0)
                                return e->address;
        return NULL;
}

NTEXPORT PVOID NTAPI MmGetSystemRoutineAddress(PUNICODE_STRING name)
{
        char text[128];
        if (name->Length / sizeof(WCHAR) >= sizeof text)
                return NULL;
        size_t n = 0;
        for (; n < name->Length / sizeof(WCHAR); n++) {
                if (name->Buffer[n] >= 0x80)
                        return NULL;
                text[n] = (char)name->Buffer[n];
        }
        text[n] = 0;
        return nt_export_find(text);
}
