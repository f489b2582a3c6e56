// SPDX-License-Identifier: MIT
// IRPs: stack locations, sending, completion, cancellation.
//
// Completion walks the stack locations upwards and calls their routines, as documented for IoCompleteRequest.
// What happens at the top depends on who made the IRP: those of IoBuildSynchronousFsdRequest and
// IoBuildDeviceIoControlRequest are the I/O manager's and end here (status, event, buffers, memory); all
// others must have a routine that stopped the completion before.
#include "driver/nt/nt-internal.h"

#include <stdlib.h>
#include <string.h>

enum { IRP_STACK_MAX = 126 };

// AllocationFlags that are ours.
enum {
        IRP_OURS_QUEUED = 0x40, // of the I/O manager: finished here
};

static PIO_STACK_LOCATION stack_of(PIRP irp, int location)
{
        return (PIO_STACK_LOCATION)(irp + 1) + (location - 1);
}

NTEXPORT VOID NTAPI IoInitializeIrp(PIRP irp, USHORT size, CCHAR stack_size)
{
        RtlZeroMemory(irp, size);
        irp->Type = IO_TYPE_IRP;
        irp->Size = size;
        irp->StackCount = stack_size;
        irp->CurrentLocation = (CHAR)(stack_size + 1);
        irp->Tail.Overlay.CurrentStackLocation = stack_of(irp, stack_size + 1);
        InitializeListHead(&irp->ThreadListEntry);
}

static PIRP irp_allocate(CCHAR stack_size, bool system, const void *caller)
{
        if (stack_size < 0 || stack_size > IRP_STACK_MAX)
                return NULL;
        USHORT size = IoSizeOfIrp(stack_size);
        PIRP irp = nt_pool_alloc_for(system ? NT_POOL_SYSTEM : 0u, size, NT_TAG('I', 'r', 'p', ' '), caller);
        if (irp)
                IoInitializeIrp(irp, size, stack_size);
        return irp;
}

NTEXPORT PIRP NTAPI IoAllocateIrp(CCHAR stack_size, BOOLEAN quota)
{
        (void)quota;
        return irp_allocate(stack_size, false, NT_CALLER);
}

NTEXPORT PIRP NTAPI IoAllocateIrpEx(PDEVICE_OBJECT device, CCHAR stack_size, BOOLEAN quota)
{
        (void)device, (void)quota;
        return irp_allocate(stack_size, false, NT_CALLER);
}

static void check_irp(PIRP irp, const void *caller)
{
        size_t size;
        ULONG tag;
        if (!irp || irp->Type != IO_TYPE_IRP)
                nt_bug_check(NT_BUG_MULTIPLE_IRP_COMPLETE_REQUESTS, (ULONG_PTR)irp, 0x1d7, 0, 0, caller,
                             "%p is no IRP (any more)%s", (void *)irp,
                             irp && !nt_pool_query(irp, &size, &tag) ? ", nor an allocation" : "");
}

NTEXPORT VOID NTAPI IoFreeIrp(PIRP irp)
{
        check_irp(irp, NT_CALLER);
        irp->Type = 0;
        ExFreePool(irp);
}

NTEXPORT VOID NTAPI IoReuseIrp(PIRP irp, NTSTATUS status)
{
        USHORT size = irp->Size;
        CCHAR stack_size = irp->StackCount;
        UCHAR flags = irp->AllocationFlags;
        IoInitializeIrp(irp, size, stack_size);
        irp->AllocationFlags = flags;
        irp->IoStatus.Status = status;
}

NTEXPORT ULONG NTAPI IoGetStackSizeOfIrp(PIRP irp);
NTEXPORT ULONG NTAPI IoGetStackSizeOfIrp(PIRP irp)
{
        return (ULONG)irp->StackCount;
}

// --- names ---------------------------------------------------------------------------------------

static const char *const major_names[] = {
        "IRP_MJ_CREATE",
        "IRP_MJ_CREATE_NAMED_PIPE",
        "IRP_MJ_CLOSE",
        "IRP_MJ_READ",
        "IRP_MJ_WRITE",
        "IRP_MJ_QUERY_INFORMATION",
        "IRP_MJ_SET_INFORMATION",
        "IRP_MJ_QUERY_EA",
        "IRP_MJ_SET_EA",
        "IRP_MJ_FLUSH_BUFFERS",
        "IRP_MJ_QUERY_VOLUME_INFORMATION",
        "IRP_MJ_SET_VOLUME_INFORMATION",
        "IRP_MJ_DIRECTORY_CONTROL",
        "IRP_MJ_FILE_SYSTEM_CONTROL",
        "IRP_MJ_DEVICE_CONTROL",
        "IRP_MJ_INTERNAL_DEVICE_CONTROL",
        "IRP_MJ_SHUTDOWN",
        "IRP_MJ_LOCK_CONTROL",
        "IRP_MJ_CLEANUP",
        "IRP_MJ_CREATE_MAILSLOT",
        "IRP_MJ_QUERY_SECURITY",
        "IRP_MJ_SET_SECURITY",
        "IRP_MJ_POWER",
        "IRP_MJ_SYSTEM_CONTROL",
        "IRP_MJ_DEVICE_CHANGE",
        "IRP_MJ_QUERY_QUOTA",
        "IRP_MJ_SET_QUOTA",
        "IRP_MJ_PNP",
};

#define PNP(n) "IRP_MJ_PNP/IRP_MN_" n
static const char *const pnp_names[] = {
        PNP("START_DEVICE"),
        PNP("QUERY_REMOVE_DEVICE"),
        PNP("REMOVE_DEVICE"),
        PNP("CANCEL_REMOVE_DEVICE"),
        PNP("STOP_DEVICE"),
        PNP("QUERY_STOP_DEVICE"),
        PNP("CANCEL_STOP_DEVICE"),
        PNP("QUERY_DEVICE_RELATIONS"),
        PNP("QUERY_INTERFACE"),
        PNP("QUERY_CAPABILITIES"),
        PNP("QUERY_RESOURCES"),
        PNP("QUERY_RESOURCE_REQUIREMENTS"),
        PNP("QUERY_DEVICE_TEXT"),
        PNP("FILTER_RESOURCE_REQUIREMENTS"),
        "IRP_MJ_PNP/0x0e",
        PNP("READ_CONFIG"),
        PNP("WRITE_CONFIG"),
        PNP("EJECT"),
        PNP("SET_LOCK"),
        PNP("QUERY_ID"),
        PNP("QUERY_PNP_DEVICE_STATE"),
        PNP("QUERY_BUS_INFORMATION"),
        PNP("DEVICE_USAGE_NOTIFICATION"),
        PNP("SURPRISE_REMOVAL"),
        PNP("QUERY_LEGACY_BUS_INFORMATION"),
        PNP("DEVICE_ENUMERATED"),
};

#define WMI(n) "IRP_MJ_SYSTEM_CONTROL/IRP_MN_" n
static const char *const wmi_names[] = {
        WMI("QUERY_ALL_DATA"),     WMI("QUERY_SINGLE_INSTANCE"), WMI("CHANGE_SINGLE_INSTANCE"),
        WMI("CHANGE_SINGLE_ITEM"), WMI("ENABLE_EVENTS"),         WMI("DISABLE_EVENTS"),
        WMI("ENABLE_COLLECTION"),  WMI("DISABLE_COLLECTION"),    WMI("REGINFO"),
        WMI("EXECUTE_METHOD"),     "IRP_MJ_SYSTEM_CONTROL/0x0a", WMI("REGINFO_EX"),
};

static const char *const power_names[] = {
        "IRP_MJ_POWER/IRP_MN_WAIT_WAKE",
        "IRP_MJ_POWER/IRP_MN_POWER_SEQUENCE",
        "IRP_MJ_POWER/IRP_MN_SET_POWER",
        "IRP_MJ_POWER/IRP_MN_QUERY_POWER",
};

const char *nt_irp_name(UCHAR major, UCHAR minor)
{
        if (major == IRP_MJ_PNP && minor < RTL_NUMBER_OF(pnp_names))
                return pnp_names[minor];
        if (major == IRP_MJ_SYSTEM_CONTROL && minor < RTL_NUMBER_OF(wmi_names))
                return wmi_names[minor];
        if (major == IRP_MJ_POWER && minor < RTL_NUMBER_OF(power_names))
                return power_names[minor];
        return major < RTL_NUMBER_OF(major_names) ? major_names[major] : "IRP";
}

// --- sending -------------------------------------------------------------------------------------

static NTSTATUS call_driver(PDEVICE_OBJECT device, PIRP irp, const void *caller)
{
        check_irp(irp, caller);
        if (--irp->CurrentLocation <= 0)
                nt_bug_check(NT_BUG_NO_MORE_IRP_STACK_LOCATIONS, (ULONG_PTR)irp, 0, 0, 0, caller,
                             "IRP %p has no stack location left for device %p", (void *)irp, (void *)device);
        PIO_STACK_LOCATION sp = --irp->Tail.Overlay.CurrentStackLocation;
        sp->DeviceObject = device;
        UCHAR major = sp->MajorFunction, minor = sp->MinorFunction;
        if (major > IRP_MJ_MAXIMUM_FUNCTION)
                nt_bug_check(NT_BUG_INCONSISTENT_IRP, (ULONG_PTR)irp, 0, 0, 0, caller,
                             "IRP %p has major function 0x%x", (void *)irp, major);
        PDRIVER_DISPATCH dispatch = device->DriverObject->MajorFunction[major];
        if (!dispatch)
                dispatch = nt_invalid_device_request;
        NT_OBSERVE(irp_sent, device, irp);
        // The stand-in's own bottom drivers are no entry points.
        bool system =
                device->DriverObject->Flags & DRVO_BUILTIN_DRIVER || dispatch == nt_invalid_device_request;
        if (!system)
                nt_enter(nt_irp_name(major, minor), (const void *)dispatch);
        NTSTATUS status = dispatch(device, irp);
        if (!system)
                nt_leave();
        NT_OBSERVE(irp_returned, device, irp, status);
        return status;
}

NTEXPORT NTSTATUS FASTCALL IofCallDriver(PDEVICE_OBJECT device, PIRP irp)
{
        return call_driver(device, irp, NT_CALLER);
}

// The functions behind the macros and inlines, for who looks them up by name.
#undef IoCallDriver
#undef IoCompleteRequest
NTEXPORT NTSTATUS NTAPI IoCallDriver(PDEVICE_OBJECT device, PIRP irp);
NTEXPORT NTSTATUS NTAPI IoCallDriver(PDEVICE_OBJECT device, PIRP irp)
{
        return call_driver(device, irp, NT_CALLER);
}

#undef PoCallDriver
NTEXPORT NTSTATUS NTAPI PoCallDriver(PDEVICE_OBJECT device, PIRP irp)
{
        return call_driver(device, irp, NT_CALLER);
}

// --- completion ----------------------------------------------------------------------------------

static void free_mdls(PIRP irp)
{
        for (PMDL m = irp->MdlAddress, next; m; m = next) {
                next = m->Next;
                if (m->MdlFlags & MDL_PAGES_LOCKED)
                        MmUnlockPages(m);
                IoFreeMdl(m);
        }
        irp->MdlAddress = NULL;
}

// How many bytes UserBuffer takes: kept where only the asynchronous system services of Windows keep
// something.
static void user_room_set(PIRP irp, ULONG bytes)
{
        irp->Overlay.AsynchronousParameters.UserApcContext = (PVOID)(ULONG_PTR)bytes;
}

static ULONG_PTR user_room(PIRP irp)
{
        return (ULONG_PTR)irp->Overlay.AsynchronousParameters.UserApcContext;
}

// The I/O manager's end of its own IRPs.
static void irp_finish(PIRP irp, const void *caller)
{
        if (irp->Flags & IRP_BUFFERED_IO) {
                if ((irp->Flags & IRP_INPUT_OPERATION) && irp->UserBuffer &&
                    !NT_ERROR(irp->IoStatus.Status)) {
                        ULONG_PTR n = irp->IoStatus.Information, room = user_room(irp);
                        if (n > room)
                                nt_bug_check(
                                        NT_BUG_IOMANAGER_VIOLATION, 0x20e, (ULONG_PTR)irp, n, room, caller,
                                        "IRP %p is completed with Information %zu, its output buffer has %zu",
                                        (void *)irp, (size_t)n, (size_t)room);
                        memcpy(irp->UserBuffer, irp->AssociatedIrp.SystemBuffer, n);
                }
                if (irp->Flags & IRP_DEALLOCATE_BUFFER)
                        ExFreePool(irp->AssociatedIrp.SystemBuffer);
        }
        free_mdls(irp);
        if (irp->UserIosb)
                *irp->UserIosb = irp->IoStatus;
        PKEVENT event = irp->UserEvent;
        IoFreeIrp(irp);
        if (event)
                KeSetEvent(event, IO_NO_INCREMENT, FALSE);
}

static void complete_request(PIRP irp, const void *caller);

// An associated IRP reached its top: the master goes when its last one has.
static void associated_finish(PIRP irp)
{
        PIRP master = irp->AssociatedIrp.MasterIrp;
        free_mdls(irp);
        IoFreeIrp(irp);
        if (__atomic_sub_fetch(&master->AssociatedIrp.IrpCount, 1, __ATOMIC_ACQ_REL) == 0)
                complete_request(master, NULL);
}

static bool wants_call(PIRP irp, UCHAR control)
{
        return (NT_SUCCESS(irp->IoStatus.Status) && (control & SL_INVOKE_ON_SUCCESS)) ||
               (!NT_SUCCESS(irp->IoStatus.Status) && (control & SL_INVOKE_ON_ERROR)) ||
               (irp->Cancel && (control & SL_INVOKE_ON_CANCEL));
}

static void complete_request(PIRP irp, const void *caller)
{
        check_irp(irp, caller);
        if (irp->CurrentLocation > irp->StackCount + 1)
                nt_bug_check(NT_BUG_MULTIPLE_IRP_COMPLETE_REQUESTS, (ULONG_PTR)irp, 0, 0, 0, caller,
                             "IRP %p is completed a second time", (void *)irp);
        if (irp->IoStatus.Status == STATUS_PENDING || irp->IoStatus.Status == (NTSTATUS)0xffffffff)
                nt_bug_check(NT_BUG_IOMANAGER_VIOLATION, 6, (ULONG_PTR)irp,
                             (ULONG_PTR)(ULONG)irp->IoStatus.Status, 0, caller,
                             "IRP %p is completed with status 0x%x", (void *)irp,
                             (ULONG)irp->IoStatus.Status);
        if (irp->CancelRoutine)
                nt_bug_check(NT_BUG_CANCEL_STATE_IN_COMPLETED_IRP, (ULONG_PTR)irp,
                             (ULONG_PTR)irp->CancelRoutine, 0, 0, caller,
                             "IRP %p is completed with its cancel routine still set", (void *)irp);
        NT_OBSERVE(irp_completed, irp, caller);
        while (irp->CurrentLocation <= irp->StackCount) {
                PIO_STACK_LOCATION sp = irp->Tail.Overlay.CurrentStackLocation;
                irp->PendingReturned = (sp->Control & SL_PENDING_RETURNED) != 0;
                UCHAR control = sp->Control;
                PIO_COMPLETION_ROUTINE routine = sp->CompletionRoutine;
                PVOID context = sp->Context;
                irp->CurrentLocation++;
                irp->Tail.Overlay.CurrentStackLocation++;
                // Nothing of a location that is done may be relied on.
                memset(&sp->Parameters, 0, sizeof sp->Parameters);
                sp->FileObject = NULL;
                sp->MinorFunction = 0;
                sp->Flags = 0;
                sp->Control = 0;
                sp->CompletionRoutine = NULL;
                bool top = irp->CurrentLocation > irp->StackCount;
                if (wants_call(irp, control)) {
                        PDEVICE_OBJECT device =
                                top ? NULL : irp->Tail.Overlay.CurrentStackLocation->DeviceObject;
                        nt_enter("completion routine", (const void *)routine);
                        NTSTATUS status = routine(device, irp, context);
                        nt_leave();
                        if (status == STATUS_MORE_PROCESSING_REQUIRED)
                                return; // the IRP is the routine's now, and may be gone
                } else if (irp->PendingReturned && !top) {
                        IoMarkIrpPending(irp);
                }
        }
        NT_OBSERVE(irp_finished, irp);
        if (irp->Flags & IRP_ASSOCIATED_IRP) {
                associated_finish(irp);
        } else if (irp->AllocationFlags & IRP_OURS_QUEUED) {
                irp_finish(irp, caller);
        } else {
                nt_bug_check(NT_BUG_IOMANAGER_VIOLATION, 9, (ULONG_PTR)irp, 0, 0, caller,
                             "IRP %p, made by IoAllocateIrp, was completed to its end: its maker has no "
                             "completion "
                             "routine that returns STATUS_MORE_PROCESSING_REQUIRED",
                             (void *)irp);
        }
}

NTEXPORT VOID FASTCALL IofCompleteRequest(PIRP irp, CCHAR boost)
{
        (void)boost;
        complete_request(irp, NT_CALLER);
}

NTEXPORT VOID NTAPI IoCompleteRequest(PIRP irp, CCHAR boost);
NTEXPORT VOID NTAPI IoCompleteRequest(PIRP irp, CCHAR boost)
{
        (void)boost;
        complete_request(irp, NT_CALLER);
}

typedef struct Extended { // IoSetCompletionRoutineEx: keeps the device object while the IRP is on its way
        PDEVICE_OBJECT device;
        PIO_COMPLETION_ROUTINE routine;
        PVOID context;
} Extended;

static NTSTATUS NTAPI extended_complete(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
        Extended x = *(Extended *)context;
        ExFreePool(context);
        NTSTATUS status = x.routine(device, irp, x.context);
        ObfDereferenceObject(x.device);
        return status;
}

NTEXPORT NTSTATUS NTAPI IoSetCompletionRoutineEx(PDEVICE_OBJECT device, PIRP irp,
                                                 PIO_COMPLETION_ROUTINE routine, PVOID context,
                                                 BOOLEAN on_success, BOOLEAN on_error, BOOLEAN on_cancel)
{
        Extended *x = nt_pool_alloc(NT_POOL_SYSTEM, sizeof *x, NT_TAG('I', 'o', 'U', 's'));
        if (!x)
                return STATUS_INSUFFICIENT_RESOURCES;
        *x = (Extended){device, routine, context};
        ObfReferenceObject(device);
        IoSetCompletionRoutine(irp, extended_complete, x, on_success, on_error, on_cancel);
        return STATUS_SUCCESS;
}

static NTSTATUS NTAPI forwarded(PDEVICE_OBJECT device, PIRP irp, PVOID event)
{
        (void)device, (void)irp;
        KeSetEvent(event, IO_NO_INCREMENT, FALSE);
        return STATUS_MORE_PROCESSING_REQUIRED;
}

NTEXPORT BOOLEAN NTAPI IoForwardIrpSynchronously(PDEVICE_OBJECT device, PIRP irp)
{
        if (irp->CurrentLocation <= 1)
                return FALSE;
        KEVENT event;
        KeInitializeEvent(&event, NotificationEvent, FALSE);
        IoCopyCurrentIrpStackLocationToNext(irp);
        IoSetCompletionRoutine(irp, forwarded, &event, TRUE, TRUE, TRUE);
        if (call_driver(device, irp, NT_CALLER) == STATUS_PENDING)
                KeWaitForSingleObject(&event, Suspended, KernelMode, FALSE, NULL);
        return TRUE;
}

// --- making --------------------------------------------------------------------------------------

NTEXPORT PIRP NTAPI IoMakeAssociatedIrp(PIRP master, CCHAR stack_size)
{
        PIRP irp = irp_allocate(stack_size, false, NT_CALLER);
        if (!irp)
                return NULL;
        irp->Flags |= IRP_ASSOCIATED_IRP;
        irp->AssociatedIrp.MasterIrp = master;
        irp->Tail.Overlay.Thread = master->Tail.Overlay.Thread;
        return irp;
}

static PIRP build(PDEVICE_OBJECT device, UCHAR major, PIO_STATUS_BLOCK iosb, const void *caller)
{
        PIRP irp = irp_allocate(device->StackSize, false, caller);
        if (!irp)
                return NULL;
        irp->UserIosb = iosb;
        irp->Tail.Overlay.Thread = PsGetCurrentThread();
        irp->AllocationFlags |= IRP_OURS_QUEUED;
        IoGetNextIrpStackLocation(irp)->MajorFunction = major;
        return irp;
}

// A buffer of the caller for a device that wants a copy. False: out of memory.
static bool buffer_copy(PIRP irp, void *buffer, ULONG length, bool to_device, bool from_device)
{
        irp->AssociatedIrp.SystemBuffer = nt_pool_alloc(0, length, NT_TAG('I', 'o', 'S', 'B'));
        if (!irp->AssociatedIrp.SystemBuffer)
                return false;
        if (to_device)
                memcpy(irp->AssociatedIrp.SystemBuffer, buffer, length);
        irp->UserBuffer = buffer;
        user_room_set(irp, length);
        irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | (from_device ? IRP_INPUT_OPERATION : 0u);
        return true;
}

static bool buffer_lock(PIRP irp, void *buffer, ULONG length, LOCK_OPERATION operation)
{
        if (!IoAllocateMdl(buffer, length, FALSE, FALSE, irp))
                return false;
        MmProbeAndLockPages(irp->MdlAddress, KernelMode, operation);
        return true;
}

NTEXPORT PIRP NTAPI IoBuildAsynchronousFsdRequest(ULONG major, PDEVICE_OBJECT device, PVOID buffer,
                                                  ULONG length, PLARGE_INTEGER offset, PIO_STATUS_BLOCK iosb)
{
        PIRP irp = build(device, (UCHAR)major, iosb, NT_CALLER);
        if (!irp)
                return NULL;
        PIO_STACK_LOCATION sp = IoGetNextIrpStackLocation(irp);
        if (major != IRP_MJ_READ && major != IRP_MJ_WRITE)
                return irp;
        bool ok = true, reading = major == IRP_MJ_READ;
        if (length && (device->Flags & DO_BUFFERED_IO))
                ok = buffer_copy(irp, buffer, length, !reading, reading);
        else if (length && (device->Flags & DO_DIRECT_IO))
                ok = buffer_lock(irp, buffer, length, reading ? IoWriteAccess : IoReadAccess);
        else
                irp->UserBuffer = buffer;
        if (!ok) {
                IoFreeIrp(irp);
                return NULL;
        }
        irp->Flags |= reading ? IRP_READ_OPERATION : IRP_WRITE_OPERATION;
        sp->Parameters.Read.Length = length; // Write has the same shape
        if (offset)
                sp->Parameters.Read.ByteOffset = *offset;
        return irp;
}

NTEXPORT PIRP NTAPI IoBuildSynchronousFsdRequest(ULONG major, PDEVICE_OBJECT device, PVOID buffer,
                                                 ULONG length, PLARGE_INTEGER offset, PKEVENT event,
                                                 PIO_STATUS_BLOCK iosb)
{
        PIRP irp = IoBuildAsynchronousFsdRequest(major, device, buffer, length, offset, iosb);
        if (irp) {
                irp->UserEvent = event;
                irp->Flags |= IRP_SYNCHRONOUS_API;
        }
        return irp;
}

NTEXPORT PIRP NTAPI IoBuildDeviceIoControlRequest(ULONG code, PDEVICE_OBJECT device, PVOID in,
                                                  ULONG in_length, PVOID out, ULONG out_length,
                                                  BOOLEAN internal, PKEVENT event, PIO_STATUS_BLOCK iosb)
{
        PIRP irp = build(device, internal ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL, iosb,
                         NT_CALLER);
        if (!irp)
                return NULL;
        irp->UserEvent = event;
        PIO_STACK_LOCATION sp = IoGetNextIrpStackLocation(irp);
        sp->Parameters.DeviceIoControl.IoControlCode = code;
        sp->Parameters.DeviceIoControl.InputBufferLength = in_length;
        sp->Parameters.DeviceIoControl.OutputBufferLength = out_length;
        ULONG method = code & 3, both = in_length > out_length ? in_length : out_length;
        bool ok = true;
        if (method == METHOD_NEITHER) {
                sp->Parameters.DeviceIoControl.Type3InputBuffer = in;
                irp->UserBuffer = out;
        } else if (method == METHOD_BUFFERED && both) {
                ok = buffer_copy(irp, NULL, both, false, out_length != 0);
                if (ok && in_length)
                        memcpy(irp->AssociatedIrp.SystemBuffer, in, in_length);
                irp->UserBuffer = out;
                user_room_set(irp, out_length);
        } else if (method != METHOD_BUFFERED) {
                if (in_length) {
                        ok = buffer_copy(irp, NULL, in_length, false, false);
                        if (ok)
                                memcpy(irp->AssociatedIrp.SystemBuffer, in, in_length);
                }
                if (ok && out_length) {
                        ok = buffer_lock(irp, out, out_length,
                                         method == METHOD_IN_DIRECT ? IoReadAccess : IoWriteAccess);
                        if (!ok && irp->AssociatedIrp.SystemBuffer)
                                ExFreePool(irp->AssociatedIrp.SystemBuffer);
                }
        }
        if (!ok) {
                IoFreeIrp(irp);
                return NULL;
        }
        return irp;
}

// --- cancellation --------------------------------------------------------------------------------

static KSPIN_LOCK cancel_lock;

NTEXPORT VOID NTAPI IoAcquireCancelSpinLock(PKIRQL irql)
{
        *irql = KeAcquireSpinLockRaiseToDpc(&cancel_lock);
}

NTEXPORT VOID NTAPI IoReleaseCancelSpinLock(KIRQL irql)
{
        KeReleaseSpinLock(&cancel_lock, irql);
}

NTEXPORT BOOLEAN NTAPI IoCancelIrp(PIRP irp)
{
        check_irp(irp, NT_CALLER);
        KIRQL irql;
        IoAcquireCancelSpinLock(&irql);
        irp->Cancel = TRUE;
        PDRIVER_CANCEL routine = IoSetCancelRoutine(irp, NULL);
        if (!routine) {
                IoReleaseCancelSpinLock(irql);
                return FALSE;
        }
        irp->CancelIrql = irql;
        // The routine runs at DISPATCH_LEVEL with the lock held and releases both: nt_enter would find a
        // changed IRQL.
        routine(irp->CurrentLocation <= irp->StackCount ? irp->Tail.Overlay.CurrentStackLocation->DeviceObject
                                                        : NULL,
                irp);
        return TRUE;
}

// --- IRPs of ours that one of our threads waits for ----------------------------------------------

static NTSTATUS NTAPI call_done(PDEVICE_OBJECT device, PIRP irp, PVOID event)
{
        (void)device, (void)irp;
        KeSetEvent(event, IO_NO_INCREMENT, FALSE);
        return STATUS_MORE_PROCESSING_REQUIRED;
}

NTSTATUS nt_irp_call(PDEVICE_OBJECT device, UCHAR major, UCHAR minor, NTSTATUS preset,
                     void (*fill)(PIO_STACK_LOCATION sp, void *arg), void *arg, ULONG_PTR *information)
{
        PIRP irp = irp_allocate(device->StackSize, true, NT_CALLER);
        if (!irp)
                return STATUS_INSUFFICIENT_RESOURCES;
        irp->IoStatus.Status = preset;
        irp->Tail.Overlay.Thread = PsGetCurrentThread();
        PIO_STACK_LOCATION sp = IoGetNextIrpStackLocation(irp);
        sp->MajorFunction = major;
        sp->MinorFunction = minor;
        if (fill)
                fill(sp, arg);
        KEVENT event;
        KeInitializeEvent(&event, NotificationEvent, FALSE);
        IoSetCompletionRoutine(irp, call_done, &event, TRUE, TRUE, TRUE);
        NTSTATUS returned = call_driver(device, irp, NT_CALLER);
        if (!KeReadStateEvent(&event)) {
                // Pended, or lost: the deadline of this entry covers it.
                nt_enter(nt_irp_name(major, minor), (const void *)device->DriverObject->MajorFunction[major]);
                if (returned != STATUS_PENDING)
                        nt_log(NT_LOG_WARNING, "%s returned 0x%x without completing its IRP",
                               nt_irp_name(major, minor), (ULONG)returned);
                nt_event_wait(&event, -1);
                nt_leave();
        }
        NTSTATUS status = irp->IoStatus.Status;
        if (information)
                *information = irp->IoStatus.Information;
        IoFreeIrp(irp);
        return status;
}
