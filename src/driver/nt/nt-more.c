// SPDX-License-Identifier: MIT
// Routines of newer Windows and of other corners: Ex timers, run-once, share access, Zw events, address
// checks.
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

// --- Ex timers (Windows 8.1): opaque, always with a callback at DISPATCH_LEVEL -------------------

struct _EX_TIMER {
        KTIMER timer;
        KDPC dpc;
        PEXT_CALLBACK callback;
        PVOID context;
};

static VOID NTAPI ex_timer_dpc(PKDPC dpc, PVOID context, PVOID a, PVOID b)
{
        (void)dpc, (void)a, (void)b;
        PEX_TIMER t = context;
        if (t->callback)
                t->callback(t, t->context);
}

NTEXPORT PEX_TIMER NTAPI ExAllocateTimer(PEXT_CALLBACK callback, PVOID context, ULONG attributes)
{
        enum { HIGH_RESOLUTION = 4, NO_WAKE = 8, NOTIFICATION = 0x80000000 };
        if (attributes & ~(ULONG)(HIGH_RESOLUTION | NO_WAKE | NOTIFICATION))
                return NULL;
        PEX_TIMER t = nt_pool_alloc(NT_POOL_ZERO, sizeof *t, NT_TAG('E', 'x', 'T', 'm'));
        if (!t)
                return NULL;
        KeInitializeTimerEx(&t->timer,
                            attributes & (ULONG)NOTIFICATION ? NotificationTimer : SynchronizationTimer);
        KeInitializeDpc(&t->dpc, ex_timer_dpc, t);
        t->callback = callback;
        t->context = context;
        return t;
}

NTEXPORT BOOLEAN NTAPI ExSetTimer(PEX_TIMER t, LONGLONG due, LONGLONG period, EXT_SET_PARAMETERS *parameters)
{
        (void)parameters;
        LARGE_INTEGER when = {.QuadPart = due};
        LONGLONG ms = (period + 9999) / 10000;
        return KeSetTimerEx(&t->timer, when, ms > INT32_MAX ? INT32_MAX : (LONG)ms, &t->dpc);
}

NTEXPORT BOOLEAN NTAPI ExCancelTimer(PEX_TIMER t, PVOID parameters)
{
        (void)parameters;
        return KeCancelTimer(&t->timer);
}

static void ex_timer_free(void *arg)
{
        PEX_TIMER t = arg;
        KeFlushQueuedDpcs();
        ExFreePool(t);
}

NTEXPORT BOOLEAN NTAPI ExDeleteTimer(PEX_TIMER t, BOOLEAN cancel, BOOLEAN wait,
                                     PEXT_DELETE_PARAMETERS parameters)
{
        PEXT_DELETE_CALLBACK deleted = parameters ? parameters->DeleteCallback : NULL;
        PVOID context = parameters ? parameters->DeleteContext : NULL;
        (void)cancel; // a set timer must not outlive its memory, whatever the caller says
        BOOLEAN was_set = KeCancelTimer(&t->timer);
        KeRemoveQueueDpc(&t->dpc);
        // At DISPATCH_LEVEL, or in the callback itself, a running callback cannot be waited for here.
        if (wait && nt_thread_self()->irql < DISPATCH_LEVEL)
                ex_timer_free(t);
        else if (nt_worker_post("timer deletion", ex_timer_free, t, NULL) < 0)
                nt_log(NT_LOG_ERROR, "out of memory: a timer is not freed");
        if (deleted)
                deleted(context);
        return was_set;
}

// --- run once ------------------------------------------------------------------------------------
// Ptr: 0 not begun, 1 running, 2 | context done. Who comes while it runs waits.

static pthread_mutex_t once_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t once_changed = PTHREAD_COND_INITIALIZER;

NTEXPORT VOID NTAPI RtlRunOnceInitialize(PRTL_RUN_ONCE once)
{
        __atomic_store_n(&once->Ptr, NULL, __ATOMIC_RELEASE);
}

NTEXPORT NTSTATUS NTAPI RtlRunOnceBeginInitialize(PRTL_RUN_ONCE once, ULONG flags, PVOID *context)
{
        NTSTATUS status = STATUS_SUCCESS;
        pthread_mutex_lock(&once_mutex);
        while (!(flags & RTL_RUN_ONCE_ASYNC) && (ULONG_PTR)once->Ptr == 1)
                pthread_cond_wait(&once_changed, &once_mutex);
        if ((ULONG_PTR)once->Ptr & 2) {
                if (context)
                        *context = (PVOID)((ULONG_PTR)once->Ptr & ~(ULONG_PTR)3);
        } else if (flags & RTL_RUN_ONCE_CHECK_ONLY) {
                status = STATUS_UNSUCCESSFUL;
        } else {
                if (!(flags & RTL_RUN_ONCE_ASYNC))
                        once->Ptr = (PVOID)(ULONG_PTR)1;
                status = STATUS_PENDING;
        }
        pthread_mutex_unlock(&once_mutex);
        return status;
}

NTEXPORT NTSTATUS NTAPI RtlRunOnceComplete(PRTL_RUN_ONCE once, ULONG flags, PVOID context)
{
        NTSTATUS status = STATUS_SUCCESS;
        if ((ULONG_PTR)context & 3)
                return STATUS_INVALID_PARAMETER;
        pthread_mutex_lock(&once_mutex);
        if ((ULONG_PTR)once->Ptr & 2)
                status = STATUS_OBJECT_NAME_COLLISION; // another asynchronous one was first
        else
                once->Ptr = flags & RTL_RUN_ONCE_INIT_FAILED ? NULL : (PVOID)((ULONG_PTR)context | 2);
        pthread_cond_broadcast(&once_changed);
        pthread_mutex_unlock(&once_mutex);
        return status;
}

NTEXPORT NTSTATUS NTAPI RtlRunOnceExecuteOnce(PRTL_RUN_ONCE once, PRTL_RUN_ONCE_INIT_FN init, PVOID parameter,
                                              PVOID *context)
{
        PVOID made = NULL;
        if (RtlRunOnceBeginInitialize(once, 0, context) != STATUS_PENDING)
                return STATUS_SUCCESS;
        if (!init(once, parameter, &made)) {
                RtlRunOnceComplete(once, RTL_RUN_ONCE_INIT_FAILED, NULL);
                return STATUS_UNSUCCESSFUL;
        }
        if (context)
                *context = made;
        return RtlRunOnceComplete(once, 0, made);
}

// --- share access: the caller serialises ---------------------------------------------------------

NTEXPORT VOID NTAPI IoSetShareAccess(ACCESS_MASK access, ULONG share, PFILE_OBJECT file, PSHARE_ACCESS s)
{
        file->ReadAccess = (access & (FILE_EXECUTE | FILE_READ_DATA)) != 0;
        file->WriteAccess = (access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0;
        file->DeleteAccess = (access & DELETE) != 0;
        *s = (SHARE_ACCESS){0};
        if (!file->ReadAccess && !file->WriteAccess && !file->DeleteAccess)
                return;
        file->SharedRead = (share & FILE_SHARE_READ) != 0;
        file->SharedWrite = (share & FILE_SHARE_WRITE) != 0;
        file->SharedDelete = (share & FILE_SHARE_DELETE) != 0;
        *s = (SHARE_ACCESS){1,
                            file->ReadAccess,
                            file->WriteAccess,
                            file->DeleteAccess,
                            file->SharedRead,
                            file->SharedWrite,
                            file->SharedDelete};
}

NTEXPORT VOID NTAPI IoUpdateShareAccess(PFILE_OBJECT file, PSHARE_ACCESS s)
{
        if (!file->ReadAccess && !file->WriteAccess && !file->DeleteAccess)
                return;
        s->OpenCount++;
        s->Readers += file->ReadAccess;
        s->Writers += file->WriteAccess;
        s->Deleters += file->DeleteAccess;
        s->SharedRead += file->SharedRead;
        s->SharedWrite += file->SharedWrite;
        s->SharedDelete += file->SharedDelete;
}

NTEXPORT NTSTATUS NTAPI IoCheckShareAccess(ACCESS_MASK access, ULONG share, PFILE_OBJECT file,
                                           PSHARE_ACCESS s, BOOLEAN update)
{
        BOOLEAN read = (access & (FILE_EXECUTE | FILE_READ_DATA)) != 0;
        BOOLEAN write = (access & (FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0;
        BOOLEAN delete = (access & DELETE) != 0;
        BOOLEAN share_read = (share & FILE_SHARE_READ) != 0, share_write = (share & FILE_SHARE_WRITE) != 0;
        BOOLEAN share_delete = (share & FILE_SHARE_DELETE) != 0;
        file->ReadAccess = read;
        file->WriteAccess = write;
        file->DeleteAccess = delete;
        if (!read && !write && !delete)
                return STATUS_SUCCESS;
        file->SharedRead = share_read;
        file->SharedWrite = share_write;
        file->SharedDelete = share_delete;
        if ((read && s->SharedRead < s->OpenCount) || (write && s->SharedWrite < s->OpenCount) ||
            (delete &&s->SharedDelete < s->OpenCount) || (s->Readers && !share_read) ||
            (s->Writers && !share_write) || (s->Deleters && !share_delete))
                return STATUS_SHARING_VIOLATION;
        if (update)
                IoUpdateShareAccess(file, s);
        return STATUS_SUCCESS;
}

NTEXPORT VOID NTAPI IoRemoveShareAccess(PFILE_OBJECT file, PSHARE_ACCESS s)
{
        if (!file->ReadAccess && !file->WriteAccess && !file->DeleteAccess)
                return;
        s->OpenCount--;
        s->Readers -= file->ReadAccess;
        s->Writers -= file->WriteAccess;
        s->Deleters -= file->DeleteAccess;
        s->SharedRead -= file->SharedRead;
        s->SharedWrite -= file->SharedWrite;
        s->SharedDelete -= file->SharedDelete;
}

// --- Zw events and waits by handle ---------------------------------------------------------------

NTEXPORT NTSTATUS NTAPI ZwCreateEvent(PHANDLE ret, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                                      EVENT_TYPE type, BOOLEAN state)
{
        (void)access;
        *ret = NULL;
        if (attributes && attributes->ObjectName && attributes->ObjectName->Length)
                return STATUS_NOT_SUPPORTED; // named ones come from IoCreateNotificationEvent
        PKEVENT event = nt_object_create(&nt_type_event, sizeof *event, false);
        if (!event)
                return STATUS_INSUFFICIENT_RESOURCES;
        KeInitializeEvent(event, type, state);
        NTSTATUS status = nt_handle_create(event, ret);
        ObfDereferenceObject(event);
        return status;
}

NTEXPORT NTSTATUS NTAPI ZwSetEvent(HANDLE handle, PLONG previous)
{
        PKEVENT event;
        NTSTATUS status =
                ObReferenceObjectByHandle(handle, 0, &nt_type_event, KernelMode, (PVOID *)&event, NULL);
        if (!NT_SUCCESS(status))
                return status;
        LONG old = KeSetEvent(event, 0, FALSE);
        if (previous)
                *previous = old;
        ObfDereferenceObject(event);
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout)
{
        PVOID object;
        NTSTATUS status = ObReferenceObjectByHandle(handle, 0, NULL, KernelMode, &object, NULL);
        if (!NT_SUCCESS(status))
                return status;
        POBJECT_TYPE type = nt_object_type(object);
        status = type == &nt_type_event || type == &nt_type_thread
                         ? KeWaitForSingleObject(object, UserRequest, KernelMode, alertable, timeout)
                         : STATUS_OBJECT_TYPE_MISMATCH;
        ObfDereferenceObject(object);
        return status;
}

// --- addresses -----------------------------------------------------------------------------------

NTEXPORT BOOLEAN NTAPI MmIsAddressValid(PVOID address)
{
        char byte;
        struct iovec local = {&byte, 1}, remote = {address, 1};
        return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;
}

NTEXPORT BOOLEAN NTAPI MmIsNonPagedSystemAddressValid(PVOID address)
{
        return MmIsAddressValid(address);
}
