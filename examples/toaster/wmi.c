// SPDX-License-Identifier: MIT
// The example toaster, part 2: its events.
//
//   Toaster_Popped     with data; fired at DISPATCH_LEVEL from the timer's DPC while somebody listens
//   Toaster_TrayFull   without data; fired at PASSIVE_LEVEL from a work item after every tenth slice
//   Toaster_RoundDone  subscribing to it starts a round: many slices at once, then this event with the figures
//   Toaster_Settings   a block that can be queried
//
// The rules it shows: an event's data is nonpaged pool that WmiFireEvent always takes; instances are named by the PDO
// or by a base name, which WMI frees; each callback ends in one WmiCompleteRequest and returns what that returns.
#include "toaster.h"

enum { ToasterPopped, ToasterTrayFull, ToasterRoundDone, ToasterSettings };

static const GUID ToasterPoppedGuid = {0x4b1f3a52, 0x7d3e, 0x4f6e, {0x9a, 0x43, 0x20, 0xd7, 0xc1, 0xc0, 0xa7, 0x01}};
static const GUID ToasterTrayFullGuid = {0x4b1f3a52, 0x7d3e, 0x4f6e, {0x9a, 0x43, 0x20, 0xd7, 0xc1, 0xc0, 0xa7, 0x02}};
static const GUID ToasterRoundDoneGuid = {0x4b1f3a52, 0x7d3e, 0x4f6e, {0x9a, 0x43, 0x20, 0xd7, 0xc1, 0xc0, 0xa7, 0x03}};
static const GUID ToasterSettingsGuid = {0x4b1f3a52, 0x7d3e, 0x4f6e, {0x9a, 0x43, 0x20, 0xd7, 0xc1, 0xc0, 0xa7, 0x04}};

static WMIGUIDREGINFO ToasterGuids[] = {
        [ToasterPopped] = {(LPCGUID)&ToasterPoppedGuid, 1, WMIREG_FLAG_EVENT_ONLY_GUID},
        [ToasterTrayFull] = {(LPCGUID)&ToasterTrayFullGuid, 1, WMIREG_FLAG_EVENT_ONLY_GUID},
        [ToasterRoundDone] = {(LPCGUID)&ToasterRoundDoneGuid, 1, WMIREG_FLAG_EVENT_ONLY_GUID},
        [ToasterSettings] = {(LPCGUID)&ToasterSettingsGuid, 1, 0},
};

// The data block of Toaster_Popped: its items in WmiDataId order.
typedef struct _TOASTER_POPPED {
        ULONG SliceNumber;
        UCHAR SlotNumber;
        BOOLEAN Burnt;
        USHORT ModelNameBytes; // a string is its length in bytes, then its characters
        WCHAR ModelName[8];
} TOASTER_POPPED, *PTOASTER_POPPED;

typedef struct _TOASTER_ROUND_DONE {
        ULONG Fired;
        ULONG Refused;
        ULONGLONG Total;
} TOASTER_ROUND_DONE, *PTOASTER_ROUND_DONE;

typedef struct _TOASTER_SETTINGS {
        ULONG Period;
        ULONG Round;
} TOASTER_SETTINGS, *PTOASTER_SETTINGS;

// --- firing ---------------------------------------------------------------------------------------------

// Fires one Toaster_Popped. IRQL <= DISPATCH_LEVEL.
static NTSTATUS ToasterPop(PTOASTER_EXTENSION Ext, ULONG Slice)
{
        static const WCHAR names[2][8] = {L"Toasty 1", L"Grillo 2"};
        PTOASTER_POPPED data = ExAllocatePoolWithTag(NonPagedPool, sizeof(*data), TOASTER_TAG);
        if (!data)
                return STATUS_INSUFFICIENT_RESOURCES;
        data->SliceNumber = Slice;
        data->SlotNumber = (UCHAR)(1 + Slice % 2);
        data->Burnt = Slice % 7 == 0;
        data->ModelNameBytes = sizeof(data->ModelName);
        RtlCopyMemory(data->ModelName, names[Slice % 3 == 0], sizeof(data->ModelName));
        return WmiFireEvent(Ext->Self, (LPCGUID)&ToasterPoppedGuid, 0, sizeof(*data), data); // takes data, always
}

static ULONG ToasterNextSlice(PTOASTER_EXTENSION Ext)
{
        KIRQL irql;
        ULONG slice;
        KeAcquireSpinLock(&Ext->Lock, &irql);
        slice = ++Ext->Slice;
        KeReleaseSpinLock(&Ext->Lock, irql);
        return slice;
}

// Queues a work item unless it is queued already or the device goes. IRQL <= DISPATCH_LEVEL.
static VOID ToasterQueue(PTOASTER_EXTENSION Ext, PIO_WORKITEM Item, PBOOLEAN Flag, PIO_WORKITEM_ROUTINE Routine)
{
        KIRQL irql;
        BOOLEAN queue;
        KeAcquireSpinLock(&Ext->Lock, &irql);
        queue = !*Flag && !Ext->Removed;
        if (queue) {
                *Flag = TRUE;
                if (Ext->Queued++ == 0)
                        KeClearEvent(&Ext->Idle);
        }
        KeReleaseSpinLock(&Ext->Lock, irql);
        if (queue)
                IoQueueWorkItem(Item, Routine, DelayedWorkQueue, Ext);
}

static VOID ToasterQueueDone(PTOASTER_EXTENSION Ext)
{
        KIRQL irql;
        KeAcquireSpinLock(&Ext->Lock, &irql);
        if (--Ext->Queued == 0)
                KeSetEvent(&Ext->Idle, IO_NO_INCREMENT, FALSE);
        KeReleaseSpinLock(&Ext->Lock, irql);
}

static BOOLEAN ToasterClear(PTOASTER_EXTENSION Ext, PBOOLEAN Flag)
{
        KIRQL irql;
        BOOLEAN removed;
        KeAcquireSpinLock(&Ext->Lock, &irql);
        *Flag = FALSE;
        removed = Ext->Removed;
        KeReleaseSpinLock(&Ext->Lock, irql);
        return removed;
}

static VOID NTAPI ToasterTrayWork(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
        PTOASTER_EXTENSION ext = Context;
        if (!ToasterClear(ext, &ext->TrayQueued))
                WmiFireEvent(DeviceObject, (LPCGUID)&ToasterTrayFullGuid, 0, 0, NULL); // an event without data
        ToasterQueueDone(ext);
}

static VOID NTAPI ToasterRoundWork(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
        PTOASTER_EXTENSION ext = Context;
        ULONG fired = 0, refused = 0;
        BOOLEAN removed = ToasterClear(ext, &ext->RoundQueued);
        for (ULONG i = 0; !removed && i < ext->Round && !ext->Removed; i++) {
                if (NT_SUCCESS(ToasterPop(ext, ToasterNextSlice(ext))))
                        fired++;
                else
                        refused++;
        }
        PTOASTER_ROUND_DONE done = removed ? NULL : ExAllocatePoolWithTag(NonPagedPool, sizeof(*done), TOASTER_TAG);
        if (done) {
                ext->Accepted += fired; // rounds do not overlap: one work item
                done->Fired = fired;
                done->Refused = refused;
                done->Total = ext->Accepted;
                WmiFireEvent(DeviceObject, (LPCGUID)&ToasterRoundDoneGuid, 0, sizeof(*done), done);
        }
        ToasterQueueDone(ext);
}

// At DISPATCH_LEVEL: no waiting, no paged memory.
static VOID NTAPI ToasterTimer(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
        PTOASTER_EXTENSION ext = Context;
        ULONG slice = ToasterNextSlice(ext);
        UNREFERENCED_PARAMETER(Dpc);
        UNREFERENCED_PARAMETER(Argument1);
        UNREFERENCED_PARAMETER(Argument2);
        ToasterPop(ext, slice);
        if (slice % 10 == 0)
                ToasterQueue(ext, ext->TrayItem, &ext->TrayQueued, ToasterTrayWork);
}

static VOID ToasterSetTimer(PTOASTER_EXTENSION Ext, BOOLEAN Run)
{
        LARGE_INTEGER due;
        KIRQL irql;
        due.QuadPart = -(LONGLONG)Ext->Period * 10000;
        KeAcquireSpinLock(&Ext->Lock, &irql);
        KeCancelTimer(&Ext->Timer);
        if (Run && !Ext->Removed && Ext->Period)
                KeSetTimerEx(&Ext->Timer, due, (LONG)Ext->Period, &Ext->TimerDpc);
        KeReleaseSpinLock(&Ext->Lock, irql);
}

// --- WMILIB's callbacks -----------------------------------------------------------------------------------

static NTSTATUS NTAPI ToasterQueryRegInfo(PDEVICE_OBJECT DeviceObject, PULONG RegFlags, PUNICODE_STRING InstanceName,
                                          PUNICODE_STRING *RegistryPath, PUNICODE_STRING MofResourceName,
                                          PDEVICE_OBJECT *Pdo)
{
        PTOASTER_EXTENSION ext = DeviceObject->DeviceExtension;
        static const WCHAR base[] = L"Toaster";

        *RegistryPath = &ToasterRegistryPath;
        RtlInitUnicodeString(MofResourceName, L"ToasterMof");
        if (!ext->BaseName) {
                *RegFlags = WMIREG_FLAG_INSTANCE_PDO;
                *Pdo = ext->Pdo;
                return STATUS_SUCCESS;
        }
        *RegFlags = 0;
        InstanceName->Buffer = ExAllocatePoolWithTag(PagedPool, sizeof(base), TOASTER_TAG); // WMI frees it
        if (!InstanceName->Buffer)
                return STATUS_INSUFFICIENT_RESOURCES;
        RtlCopyMemory(InstanceName->Buffer, base, sizeof(base));
        InstanceName->Length = sizeof(base) - sizeof(WCHAR);
        InstanceName->MaximumLength = sizeof(base);
        return STATUS_SUCCESS;
}

static NTSTATUS NTAPI ToasterQueryDataBlock(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex, ULONG InstanceIndex,
                                            ULONG InstanceCount, PULONG InstanceLengthArray, ULONG BufferAvail,
                                            PUCHAR Buffer)
{
        PTOASTER_EXTENSION ext = DeviceObject->DeviceExtension;
        NTSTATUS status = STATUS_SUCCESS;
        ULONG size = 0;
        UNREFERENCED_PARAMETER(InstanceIndex);
        UNREFERENCED_PARAMETER(InstanceCount);

        if (GuidIndex == ToasterSettings) {
                size = sizeof(TOASTER_SETTINGS);
                if (BufferAvail < size) {
                        status = STATUS_BUFFER_TOO_SMALL;
                } else {
                        TOASTER_SETTINGS settings = {ext->Period, ext->Round};
                        RtlCopyMemory(Buffer, &settings, sizeof(settings));
                        *InstanceLengthArray = size;
                }
        } else {
                status = STATUS_WMI_GUID_NOT_FOUND;
        }
        return WmiCompleteRequest(DeviceObject, Irp, status, size, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI ToasterFunctionControl(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex,
                                             WMIENABLEDISABLECONTROL Function, BOOLEAN Enable)
{
        PTOASTER_EXTENSION ext = DeviceObject->DeviceExtension;
        if (Function == WmiEventControl && GuidIndex == ToasterPopped)
                ToasterSetTimer(ext, Enable);
        if (Function == WmiEventControl && GuidIndex == ToasterRoundDone && Enable)
                ToasterQueue(ext, ext->RoundItem, &ext->RoundQueued, ToasterRoundWork);
        return WmiCompleteRequest(DeviceObject, Irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

NTSTATUS NTAPI ToasterSystemControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PTOASTER_EXTENSION ext = DeviceObject->DeviceExtension;
        SYSCTL_IRP_DISPOSITION disposition;
        NTSTATUS status = WmiSystemControl(&ext->WmiLib, DeviceObject, Irp, &disposition);

        switch (disposition) {
        case IrpProcessed: // a callback has completed it, or will
                return status;
        case IrpNotCompleted:
                IoCompleteRequest(Irp, IO_NO_INCREMENT);
                return status;
        case IrpForward: // for another driver of this stack
        case IrpNotWmi:
        default:
                IoSkipCurrentIrpStackLocation(Irp);
                return IoCallDriver(ext->Lower, Irp);
        }
}

// --- what toaster.c calls ----------------------------------------------------------------------------------

NTSTATUS ToasterWmiInit(PTOASTER_EXTENSION Ext)
{
        Ext->WmiLib.GuidCount = RTL_NUMBER_OF(ToasterGuids);
        Ext->WmiLib.GuidList = ToasterGuids;
        Ext->WmiLib.QueryWmiRegInfo = ToasterQueryRegInfo;
        Ext->WmiLib.QueryWmiDataBlock = ToasterQueryDataBlock;
        Ext->WmiLib.WmiFunctionControl = ToasterFunctionControl;
        KeInitializeTimer(&Ext->Timer);
        KeInitializeDpc(&Ext->TimerDpc, ToasterTimer, Ext);
        Ext->TrayItem = IoAllocateWorkItem(Ext->Self);
        Ext->RoundItem = IoAllocateWorkItem(Ext->Self);
        if (Ext->TrayItem && Ext->RoundItem)
                return STATUS_SUCCESS;
        if (Ext->TrayItem)
                IoFreeWorkItem(Ext->TrayItem);
        if (Ext->RoundItem)
                IoFreeWorkItem(Ext->RoundItem);
        return STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS ToasterWmiRegister(PTOASTER_EXTENSION Ext)
{
        NTSTATUS status = IoWMIRegistrationControl(Ext->Self, WMIREG_ACTION_REGISTER);
        Ext->Registered = NT_SUCCESS(status);
        return status;
}

// Surprise removal and removal both come here. First nothing is fired any more: the timer stays off, a DPC that runs and
// work items that are queued are waited for. Then the registration goes, so that no event comes without one.
VOID ToasterWmiDeregister(PTOASTER_EXTENSION Ext)
{
        KIRQL irql;
        KeAcquireSpinLock(&Ext->Lock, &irql);
        Ext->Removed = TRUE;
        KeReleaseSpinLock(&Ext->Lock, irql);
        ToasterSetTimer(Ext, FALSE);
        KeFlushQueuedDpcs();
        KeWaitForSingleObject(&Ext->Idle, Executive, KernelMode, FALSE, NULL);
        if (Ext->Registered) {
                Ext->Registered = FALSE;
                IoWMIRegistrationControl(Ext->Self, WMIREG_ACTION_DEREGISTER);
        }
}
