// SPDX-License-Identifier: MIT
// The rest of Io, Ke and Ex: processors, versions, error log entries, cancel-safe queues, callback objects.
#include "driver/nt/nt-internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sched.h>
#include <unistd.h>

// --- processors ----------------------------------------------------------------------------------

static ULONG processors(void)
{
        long n = sysconf(_SC_NPROCESSORS_ONLN);
        return n < 1 ? 1 : n > 64 ? 64 : (ULONG)n; // one group of 64
}

static KAFFINITY all_processors(void)
{
        ULONG n = processors();
        return n == 64 ? ~(KAFFINITY)0 : ((KAFFINITY)1 << n) - 1;
}

NTEXPORT ULONG NTAPI KeQueryActiveProcessorCount(PKAFFINITY ret)
{
        if (ret)
                *ret = all_processors();
        return processors();
}

NTEXPORT ULONG NTAPI KeQueryActiveProcessorCountEx(USHORT group)
{
        return group == 0 || group == ALL_PROCESSOR_GROUPS ? processors() : 0;
}

NTEXPORT ULONG NTAPI KeQueryMaximumProcessorCount(VOID)
{
        return processors();
}

NTEXPORT ULONG NTAPI KeQueryMaximumProcessorCountEx(USHORT group)
{
        return KeQueryActiveProcessorCountEx(group);
}

NTEXPORT USHORT NTAPI KeQueryActiveGroupCount(VOID)
{
        return 1;
}

NTEXPORT USHORT NTAPI KeQueryMaximumGroupCount(VOID)
{
        return 1;
}

NTEXPORT KAFFINITY NTAPI KeQueryGroupAffinity(USHORT group)
{
        return group == 0 ? all_processors() : 0;
}

NTEXPORT KAFFINITY NTAPI KeQueryActiveProcessors(VOID)
{
        return all_processors();
}

NTEXPORT ULONG NTAPI KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ret)
{
        int cpu = sched_getcpu();
        ULONG n = cpu < 0 ? 0 : (ULONG)cpu % processors();
        if (ret)
                *ret = (PROCESSOR_NUMBER){.Number = (UCHAR)n};
        return n;
}

#undef KeGetCurrentProcessorNumber
NTEXPORT ULONG NTAPI KeGetCurrentProcessorNumber(VOID)
{
        return KeGetCurrentProcessorNumberEx(NULL);
}

NTEXPORT NTSTATUS NTAPI KeGetProcessorNumberFromIndex(ULONG index, PPROCESSOR_NUMBER ret)
{
        if (index >= processors())
                return STATUS_INVALID_PARAMETER;
        *ret = (PROCESSOR_NUMBER){.Number = (UCHAR)index};
        return STATUS_SUCCESS;
}

NTEXPORT ULONG NTAPI KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER number)
{
        return number->Group == 0 && number->Number < processors() ? number->Number : INVALID_PROCESSOR_INDEX;
}

// Threads run where Linux puts them; a driver that pins itself sees the affinity it had.
NTEXPORT VOID NTAPI KeSetSystemAffinityThread(KAFFINITY affinity)
{
        (void)affinity;
}

NTEXPORT VOID NTAPI KeRevertToUserAffinityThread(VOID)
{
}

NTEXPORT KAFFINITY NTAPI KeSetSystemAffinityThreadEx(KAFFINITY affinity)
{
        (void)affinity;
        return 0;
}

NTEXPORT VOID NTAPI KeRevertToUserAffinityThreadEx(KAFFINITY affinity)
{
        (void)affinity;
}

NTEXPORT ULONG NTAPI KeGetRecommendedSharedDataAlignment(VOID)
{
        return 64;
}

NTEXPORT NTSTATUS NTAPI KeSaveFloatingPointState(PKFLOATING_SAVE save)
{
        (void)save;
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI KeRestoreFloatingPointState(PKFLOATING_SAVE save)
{
        (void)save;
        return STATUS_SUCCESS;
}

// --- versions ------------------------------------------------------------------------------------

enum { OS_MAJOR = 10, OS_MINOR = 0, OS_BUILD = 19041 };

NTEXPORT BOOLEAN NTAPI IoIsWdmVersionAvailable(UCHAR major, UCHAR minor)
{
        return major < 6 || (major == 6 && minor == 0); // WDM 6.00 is the last
}

NTEXPORT BOOLEAN NTAPI PsGetVersion(PULONG major, PULONG minor, PULONG build, PUNICODE_STRING csd)
{
        if (major)
                *major = OS_MAJOR;
        if (minor)
                *minor = OS_MINOR;
        if (build)
                *build = OS_BUILD;
        if (csd)
                *csd = (UNICODE_STRING){0};
        return FALSE; // a free build
}

NTEXPORT NTSTATUS NTAPI RtlGetVersion(PRTL_OSVERSIONINFOW info)
{
        info->dwMajorVersion = OS_MAJOR;
        info->dwMinorVersion = OS_MINOR;
        info->dwBuildNumber = OS_BUILD;
        info->dwPlatformId = VER_PLATFORM_WIN32_NT;
        info->szCSDVersion[0] = 0;
        if (info->dwOSVersionInfoSize >= sizeof(RTL_OSVERSIONINFOEXW)) {
                PRTL_OSVERSIONINFOEXW x = (PRTL_OSVERSIONINFOEXW)info;
                x->wServicePackMajor = 0;
                x->wServicePackMinor = 0;
                x->wSuiteMask = 0x100; // VER_SUITE_SINGLEUSERTS
                x->wProductType = VER_NT_WORKSTATION;
                x->wReserved = 0;
        }
        return STATUS_SUCCESS;
}

#undef RtlIsNtDdiVersionAvailable
NTEXPORT BOOLEAN NTAPI RtlIsNtDdiVersionAvailable(ULONG version);
NTEXPORT BOOLEAN NTAPI RtlIsNtDdiVersionAvailable(ULONG version)
{
        return version <= 0x0a000008; // Windows 10 2004
}

NTEXPORT BOOLEAN NTAPI WdmlibRtlIsNtDdiVersionAvailable(ULONG version)
{
        return RtlIsNtDdiVersionAvailable(version);
}

NTEXPORT BOOLEAN NTAPI ExIsProcessorFeaturePresent(ULONG feature)
{
        // What every x86-64 processor has: SSE (6), RDTSC (8), SSE2 (10), NX (12), CMPXCHG16B (14)
        return feature == 6 || feature == 8 || feature == 10 || feature == 12 || feature == 14 ||
               feature == 2 || feature == 3;
}

NTEXPORT BOOLEAN NTAPI ExVerifySuite(SUITE_TYPE suite)
{
        return suite == SingleUserTS;
}

NTEXPORT NTSTATUS NTAPI ExUuidCreate(UUID *uuid)
{
        if (getrandom(uuid, sizeof *uuid, 0) != sizeof *uuid)
                return STATUS_RETRY;
        uuid->Data3 = (USHORT)((uuid->Data3 & 0x0fff) | 0x4000);
        uuid->Data4[0] = (UCHAR)((uuid->Data4[0] & 0x3f) | 0x80);
        return STATUS_SUCCESS;
}

// --- error log -----------------------------------------------------------------------------------

enum { ERROR_LOG_MAX = 240 }; // ERROR_LOG_MAXIMUM_SIZE, with its own header

NTEXPORT PVOID NTAPI IoAllocateErrorLogEntry(PVOID object, UCHAR size)
{
        (void)object;
        if (size < sizeof(IO_ERROR_LOG_PACKET) || size > ERROR_LOG_MAX)
                return NULL;
        return nt_pool_alloc(NT_POOL_ZERO, size, NT_TAG('I', 'o', 'E', 'r'));
}

NTEXPORT VOID NTAPI IoFreeErrorLogEntry(PVOID entry)
{
        ExFreePool(entry);
}

NTEXPORT VOID NTAPI IoWriteErrorLogEntry(PVOID entry)
{
        PIO_ERROR_LOG_PACKET p = entry;
        size_t size, at = p->StringOffset;
        ULONG tag;
        char text[200] = "", *end = text;
        if (nt_pool_query(entry, &size, &tag))
                for (USHORT i = 0; i < p->NumberOfStrings && at < size; i++) {
                        UNICODE_STRING s = {0, 0, (PWCH)(void *)((char *)entry + at)};
                        while (at + s.Length + sizeof(WCHAR) <= size && s.Buffer[s.Length / sizeof(WCHAR)])
                                s.Length += sizeof(WCHAR);
                        char one[160];
                        nt_utf8(one, sizeof one, &s);
                        size_t room = sizeof text - (size_t)(end - text), n = strlen(one);
                        if (n + 2 >= room)
                                break;
                        *end++ = ' ';
                        memcpy(end, one, n + 1);
                        end += n;
                        at += s.Length + sizeof(WCHAR);
                }
        nt_log(NT_LOG_NOTE,
               "error log entry: code 0x%x, final status 0x%x, unique value 0x%x, function 0x%x%s",
               (ULONG)p->ErrorCode, (ULONG)p->FinalStatus, p->UniqueErrorValue, p->MajorFunctionCode, text);
        ExFreePool(entry);
}

// --- cancel-safe queues --------------------------------------------------------------------------

static VOID NTAPI csq_cancel(PDEVICE_OBJECT device, PIRP irp)
{
        (void)device;
        IoReleaseCancelSpinLock(irp->CancelIrql);
        PIO_CSQ csq = irp->Tail.Overlay.DriverContext[3];
        if (csq->Type == IO_TYPE_CSQ_IRP_CONTEXT) { // inserted with a context: it leads to the queue
                PIO_CSQ_IRP_CONTEXT context = (PIO_CSQ_IRP_CONTEXT)(void *)csq;
                csq = context->Csq;
        }
        KIRQL irql;
        csq->CsqAcquireLock(csq, &irql);
        csq->CsqRemoveIrp(csq, irp);
        PIO_CSQ_IRP_CONTEXT context = irp->Tail.Overlay.DriverContext[3];
        if ((PVOID)context != (PVOID)csq)
                context->Irp = NULL;
        irp->Tail.Overlay.DriverContext[3] = NULL;
        csq->CsqReleaseLock(csq, irql);
        csq->CsqCompleteCanceledIrp(csq, irp);
}

NTEXPORT NTSTATUS NTAPI IoCsqInitialize(PIO_CSQ csq, PIO_CSQ_INSERT_IRP insert, PIO_CSQ_REMOVE_IRP remove,
                                        PIO_CSQ_PEEK_NEXT_IRP peek, PIO_CSQ_ACQUIRE_LOCK acquire,
                                        PIO_CSQ_RELEASE_LOCK release, PIO_CSQ_COMPLETE_CANCELED_IRP complete)
{
        *csq = (IO_CSQ){IO_TYPE_CSQ, insert, remove, peek, acquire, release, complete, NULL};
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI IoCsqInitializeEx(PIO_CSQ csq, PIO_CSQ_INSERT_IRP_EX insert,
                                          PIO_CSQ_REMOVE_IRP remove, PIO_CSQ_PEEK_NEXT_IRP peek,
                                          PIO_CSQ_ACQUIRE_LOCK acquire, PIO_CSQ_RELEASE_LOCK release,
                                          PIO_CSQ_COMPLETE_CANCELED_IRP complete)
{
        *csq = (IO_CSQ){IO_TYPE_CSQ_EX, (PIO_CSQ_INSERT_IRP)(ULONG_PTR)insert,
                        remove,         peek,
                        acquire,        release,
                        complete,       NULL};
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI IoCsqInsertIrpEx(PIO_CSQ csq, PIRP irp, PIO_CSQ_IRP_CONTEXT context,
                                         PVOID insert_context)
{
        KIRQL irql;
        NTSTATUS status = STATUS_SUCCESS;
        if (context) {
                *context = (IO_CSQ_IRP_CONTEXT){IO_TYPE_CSQ_IRP_CONTEXT, irp, csq};
                irp->Tail.Overlay.DriverContext[3] = context;
        } else {
                irp->Tail.Overlay.DriverContext[3] = csq;
        }
        csq->ReservePointer = NULL;
        csq->CsqAcquireLock(csq, &irql);
        if (csq->Type == IO_TYPE_CSQ_EX)
                status = ((PIO_CSQ_INSERT_IRP_EX)(ULONG_PTR)csq->CsqInsertIrp)(csq, irp, insert_context);
        else
                csq->CsqInsertIrp(csq, irp);
        if (!NT_SUCCESS(status)) {
                irp->Tail.Overlay.DriverContext[3] = NULL;
                if (context)
                        context->Irp = NULL;
                csq->CsqReleaseLock(csq, irql);
                return status;
        }
        IoMarkIrpPending(irp);
        IoSetCancelRoutine(irp, csq_cancel);
        bool cancelled = irp->Cancel && IoSetCancelRoutine(irp, NULL) != NULL;
        if (cancelled) { // before it was in the queue: nobody will call csq_cancel
                csq->CsqRemoveIrp(csq, irp);
                irp->Tail.Overlay.DriverContext[3] = NULL;
                if (context)
                        context->Irp = NULL;
        }
        csq->CsqReleaseLock(csq, irql);
        if (cancelled)
                csq->CsqCompleteCanceledIrp(csq, irp);
        return status;
}

NTEXPORT VOID NTAPI IoCsqInsertIrp(PIO_CSQ csq, PIRP irp, PIO_CSQ_IRP_CONTEXT context)
{
        IoCsqInsertIrpEx(csq, irp, context, NULL);
}

static void csq_taken(PIO_CSQ csq, PIRP irp)
{
        PIO_CSQ_IRP_CONTEXT context = irp->Tail.Overlay.DriverContext[3];
        if ((PVOID)context != (PVOID)csq && context)
                context->Irp = NULL;
        irp->Tail.Overlay.DriverContext[3] = NULL;
}

NTEXPORT PIRP NTAPI IoCsqRemoveNextIrp(PIO_CSQ csq, PVOID peek_context)
{
        KIRQL irql;
        csq->ReservePointer = NULL;
        csq->CsqAcquireLock(csq, &irql);
        PIRP irp = csq->CsqPeekNextIrp(csq, NULL, peek_context);
        while (irp && !IoSetCancelRoutine(irp, NULL)) // being cancelled: csq_cancel waits for the lock
                irp = csq->CsqPeekNextIrp(csq, irp, peek_context);
        if (irp) {
                csq->CsqRemoveIrp(csq, irp);
                csq_taken(csq, irp);
        }
        csq->CsqReleaseLock(csq, irql);
        return irp;
}

NTEXPORT PIRP NTAPI IoCsqRemoveIrp(PIO_CSQ csq, PIO_CSQ_IRP_CONTEXT context)
{
        KIRQL irql;
        csq->ReservePointer = NULL;
        csq->CsqAcquireLock(csq, &irql);
        PIRP irp = context->Irp;
        if (irp && !IoSetCancelRoutine(irp, NULL))
                irp = NULL;
        if (irp) {
                csq->CsqRemoveIrp(csq, irp);
                csq_taken(csq, irp);
        }
        csq->CsqReleaseLock(csq, irql);
        return irp;
}

// --- callback objects ----------------------------------------------------------------------------

typedef struct Registration {
        LIST_ENTRY link;
        struct Callback *object;
        PCALLBACK_FUNCTION function;
        PVOID context;
        int running;
        bool gone;
} Registration;

typedef struct Callback {
        LIST_ENTRY registrations;
        bool multiple;
} Callback;

static void callback_destroy(void *body)
{
        nt_name_remove_object(body);
}

struct _OBJECT_TYPE nt_type_callback = {"Callback", callback_destroy, NT_TAG('C', 'a', 'l', 'l')};
static pthread_mutex_t callbacks_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t callbacks_idle = PTHREAD_COND_INITIALIZER;

NTEXPORT NTSTATUS NTAPI ExCreateCallback(PCALLBACK_OBJECT *ret, POBJECT_ATTRIBUTES attributes, BOOLEAN create,
                                         BOOLEAN multiple)
{
        *ret = NULL;
        Callback *c = NULL;
        if (attributes && attributes->ObjectName)
                c = nt_name_find_reference(attributes->ObjectName, &nt_type_callback);
        if (!c && !create)
                return STATUS_OBJECT_NAME_NOT_FOUND;
        if (!c) {
                c = nt_object_create(&nt_type_callback, sizeof *c, false);
                if (!c)
                        return STATUS_INSUFFICIENT_RESOURCES;
                InitializeListHead(&c->registrations);
                c->multiple = multiple;
                NTSTATUS status = attributes && attributes->ObjectName
                                          ? nt_name_insert(attributes->ObjectName, c, NULL)
                                          : STATUS_SUCCESS;
                if (!NT_SUCCESS(status)) {
                        ObfDereferenceObject(c);
                        return status;
                }
        }
        *ret = (PCALLBACK_OBJECT)(void *)c;
        return STATUS_SUCCESS;
}

NTEXPORT PVOID NTAPI ExRegisterCallback(PCALLBACK_OBJECT object, PCALLBACK_FUNCTION function, PVOID context)
{
        Callback *c = (Callback *)(void *)object;
        Registration *r = nt_pool_alloc(NT_POOL_ZERO, sizeof *r, NT_TAG('C', 'b', 'R', 'b'));
        if (!r)
                return NULL;
        r->object = c;
        r->function = function;
        r->context = context;
        pthread_mutex_lock(&callbacks_mutex);
        bool ok = c->multiple || IsListEmpty(&c->registrations);
        if (ok)
                InsertTailList(&c->registrations, &r->link);
        pthread_mutex_unlock(&callbacks_mutex);
        if (!ok) {
                ExFreePool(r);
                return NULL;
        }
        ObfReferenceObject(c);
        return r;
}

NTEXPORT VOID NTAPI ExUnregisterCallback(PVOID registration)
{
        Registration *r = registration;
        Callback *c = r->object;
        pthread_mutex_lock(&callbacks_mutex);
        r->gone = true;
        while (r->running)
                pthread_cond_wait(&callbacks_idle, &callbacks_mutex);
        RemoveEntryList(&r->link);
        pthread_mutex_unlock(&callbacks_mutex);
        ExFreePool(r);
        ObfDereferenceObject(c);
}

NTEXPORT VOID NTAPI ExNotifyCallback(PCALLBACK_OBJECT object, PVOID a, PVOID b)
{
        Callback *c = (Callback *)(void *)object;
        pthread_mutex_lock(&callbacks_mutex);
        for (LIST_ENTRY *e = c->registrations.Flink; e != &c->registrations; e = e->Flink) {
                Registration *r = CONTAINING_RECORD(e, Registration, link);
                if (r->gone)
                        continue;
                r->running++; // keeps the entry in the list
                pthread_mutex_unlock(&callbacks_mutex);
                nt_enter("callback", (const void *)r->function);
                r->function(r->context, a, b);
                nt_leave();
                pthread_mutex_lock(&callbacks_mutex);
                r->running--;
                pthread_cond_broadcast(&callbacks_idle);
        }
        pthread_mutex_unlock(&callbacks_mutex);
}

// --- small ones ----------------------------------------------------------------------------------

NTEXPORT NTSTATUS NTAPI IoRegisterShutdownNotification(PDEVICE_OBJECT device)
{
        device->Flags |= DO_SHUTDOWN_REGISTERED; // the machine does not shut down while the driver is hosted
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI IoRegisterLastChanceShutdownNotification(PDEVICE_OBJECT device)
{
        return IoRegisterShutdownNotification(device);
}

NTEXPORT VOID NTAPI IoUnregisterShutdownNotification(PDEVICE_OBJECT device)
{
        device->Flags &= ~(ULONG)DO_SHUTDOWN_REGISTERED;
}

NTEXPORT PVOID NTAPI IoGetInitialStack(VOID)
{
        return (char *)__builtin_frame_address(0) + PAGE_SIZE;
}

NTEXPORT ULONG NTAPI IoWithinStackLimits(ULONG_PTR start, SIZE_T size)
{
        ULONG_PTR here = (ULONG_PTR)__builtin_frame_address(0);
        return start >= here && size < 1u << 20 && start - here < 1u << 20;
}

NTEXPORT IO_PRIORITY_HINT NTAPI IoGetIoPriorityHint(PIRP irp)
{
        (void)irp;
        return IoPriorityNormal;
}

NTEXPORT NTSTATUS NTAPI IoSetIoPriorityHint(PIRP irp, IO_PRIORITY_HINT hint)
{
        (void)irp, (void)hint;
        return STATUS_SUCCESS;
}

NTEXPORT BOOLEAN NTAPI IoIs32bitProcess(PIRP irp)
{
        (void)irp;
        return FALSE;
}

NTEXPORT NTSTATUS NTAPI IoValidateDeviceIoControlAccess(PIRP irp, ULONG access)
{
        (void)irp, (void)access;
        return STATUS_SUCCESS; // every caller is the kernel
}

// The number of processors as a variable, as older drivers read it.
#undef KeNumberProcessors
NTEXPORT volatile CCHAR KeNumberProcessors = 1;

__attribute__((constructor)) static void count_processors(void)
{
        KeNumberProcessors = (CCHAR)processors();
}
