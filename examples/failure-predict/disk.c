// SPDX-License-Identifier: MIT
// The example disk: a driver that implements standard blocks and needs no MOF of its own.
//
// Its classes are there before any driver (wmicore.mof); wmidata.h has their GUIDs and structures:
//
//   MSStorageDriver_FailurePredictStatus      a block: does the disk expect to fail?
//   MSStorageDriver_FailurePredictThresholds  a block: where its attributes count as failing
//   MSStorageDriver_FailurePredictEvent       fired when an attribute has come to its threshold
//
// The disk is no real one: each look at it finds a few more sectors that had to be moved. It is looked at
// only while somebody listens to the event, as polling costs a real disk time; the driver learns that from
// WmiFunctionControl.
//
// Settings are DWORDs below the driver's service key: Parameters\Period (milliseconds from look to look,
// 1000), Parameters\Wear (by how much the attribute goes down with each look, 10).
#include <ntddk.h>
#include <wmistr.h>
#include <wmilib.h>
#include <wmidata.h>

#define DISK_TAG 'ksiD'

enum { // the attribute "reallocated sectors" as SMART has it
        DISK_ATTRIBUTE = 5,
        DISK_BEST = 100,
        DISK_THRESHOLD = 36,
};

// What the event and the thresholds hold for one attribute: bytes of the vendor's choice.
typedef struct _DISK_ATTRIBUTE_DATA {
        UCHAR Id, Value, Threshold, Reserved;
        ULONG MovedSectors;
} DISK_ATTRIBUTE_DATA, *PDISK_ATTRIBUTE_DATA;

typedef struct _DISK_EXTENSION {
        PDEVICE_OBJECT Self, Pdo, Lower;
        WMILIB_CONTEXT WmiLib;
        BOOLEAN Registered;
        ULONG Period, Wear;
        KTIMER Timer;
        KDPC TimerDpc;
        KSPIN_LOCK Lock; // guards the rest
        BOOLEAN Removed;
        ULONG Value, MovedSectors;
} DISK_EXTENSION, *PDISK_EXTENSION;

enum { DiskStatus, DiskThresholds, DiskEvent };

static const GUID DiskStatusGuid = WMI_STORAGE_FAILURE_PREDICT_STATUS_GUID;
static const GUID DiskThresholdsGuid = WMI_STORAGE_FAILURE_PREDICT_THRESHOLDS_GUID;
static const GUID DiskEventGuid = WMI_STORAGE_PREDICT_FAILURE_EVENT_GUID;

static WMIGUIDREGINFO DiskGuids[] = {
        [DiskStatus] = {(LPCGUID)&DiskStatusGuid, 1, WMIREG_FLAG_EXPENSIVE},
        [DiskThresholds] = {(LPCGUID)&DiskThresholdsGuid, 1, WMIREG_FLAG_EXPENSIVE},
        [DiskEvent] = {(LPCGUID)&DiskEventGuid, 1, WMIREG_FLAG_EVENT_ONLY_GUID},
};

static UNICODE_STRING DiskRegistryPath;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_ADD_DEVICE DiskAddDevice;
static DRIVER_UNLOAD DiskUnload;
static DRIVER_DISPATCH DiskPnp, DiskPower, DiskSystemControl, DiskForward;

// --- the prediction
// -----------------------------------------------------------------------------------------

static VOID DiskAttribute(PDISK_EXTENSION Ext, PDISK_ATTRIBUTE_DATA Data)
{
        KIRQL irql;
        RtlZeroMemory(Data, sizeof(*Data));
        Data->Id = DISK_ATTRIBUTE;
        Data->Threshold = DISK_THRESHOLD;
        KeAcquireSpinLock(&Ext->Lock, &irql);
        Data->Value = (UCHAR)Ext->Value;
        Data->MovedSectors = Ext->MovedSectors;
        KeReleaseSpinLock(&Ext->Lock, irql);
}

// Fires the event. IRQL <= DISPATCH_LEVEL.
static VOID DiskFire(PDISK_EXTENSION Ext)
{
        DISK_ATTRIBUTE_DATA now;
        ULONG size = FIELD_OFFSET(STORAGE_FAILURE_PREDICT_EVENT, VendorSpecific) + sizeof(now);
        PSTORAGE_FAILURE_PREDICT_EVENT event = ExAllocatePoolWithTag(NonPagedPool, size, DISK_TAG);
        if (!event)
                return;
        DiskAttribute(Ext, &now);
        event->Length = sizeof(now);
        RtlCopyMemory(event->VendorSpecific, &now, sizeof(now));
        WmiFireEvent(Ext->Self, (LPCGUID)&DiskEventGuid, 0, size, event); // takes event, always
}

// One look at the disk, at DISPATCH_LEVEL.
static VOID NTAPI DiskLook(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
        PDISK_EXTENSION ext = Context;
        BOOLEAN failing;
        KIRQL irql;
        UNREFERENCED_PARAMETER(Dpc);
        UNREFERENCED_PARAMETER(Argument1);
        UNREFERENCED_PARAMETER(Argument2);
        KeAcquireSpinLock(&ext->Lock, &irql);
        ext->Value -= ext->Wear < ext->Value ? ext->Wear : ext->Value;
        ext->MovedSectors += ext->Wear * 8;
        failing = ext->Value <= DISK_THRESHOLD && !ext->Removed;
        KeReleaseSpinLock(&ext->Lock, irql);
        if (failing)
                DiskFire(ext);
}

static VOID DiskWatch(PDISK_EXTENSION Ext, BOOLEAN Watch)
{
        LARGE_INTEGER due;
        KIRQL irql;
        due.QuadPart = -(LONGLONG)Ext->Period * 10000;
        KeAcquireSpinLock(&Ext->Lock, &irql);
        KeCancelTimer(&Ext->Timer);
        if (Watch && !Ext->Removed && Ext->Period)
                KeSetTimerEx(&Ext->Timer, due, (LONG)Ext->Period, &Ext->TimerDpc);
        KeReleaseSpinLock(&Ext->Lock, irql);
}

// --- WMILIB's callbacks
// -------------------------------------------------------------------------------------

static NTSTATUS NTAPI DiskQueryRegInfo(PDEVICE_OBJECT DeviceObject, PULONG RegFlags,
                                       PUNICODE_STRING InstanceName, PUNICODE_STRING *RegistryPath,
                                       PUNICODE_STRING MofResourceName, PDEVICE_OBJECT *Pdo)
{
        PDISK_EXTENSION ext = DeviceObject->DeviceExtension;
        UNREFERENCED_PARAMETER(InstanceName);
        UNREFERENCED_PARAMETER(MofResourceName); // none: the classes are standard ones
        *RegFlags = WMIREG_FLAG_INSTANCE_PDO;
        *RegistryPath = &DiskRegistryPath;
        *Pdo = ext->Pdo;
        return STATUS_SUCCESS;
}

static NTSTATUS NTAPI DiskQueryDataBlock(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex,
                                         ULONG InstanceIndex, ULONG InstanceCount, PULONG InstanceLengthArray,
                                         ULONG BufferAvail, PUCHAR Buffer)
{
        PDISK_EXTENSION ext = DeviceObject->DeviceExtension;
        NTSTATUS status = STATUS_SUCCESS;
        DISK_ATTRIBUTE_DATA now;
        ULONG size = 0;
        UNREFERENCED_PARAMETER(InstanceIndex);
        UNREFERENCED_PARAMETER(InstanceCount);

        DiskAttribute(ext, &now);
        if (GuidIndex == DiskStatus)
                size = sizeof(STORAGE_FAILURE_PREDICT_STATUS);
        else if (GuidIndex == DiskThresholds)
                size = sizeof(STORAGE_FAILURE_PREDICT_THRESHOLDS);
        else
                status = STATUS_WMI_GUID_NOT_FOUND;
        if (NT_SUCCESS(status) && BufferAvail < size)
                status = STATUS_BUFFER_TOO_SMALL;
        if (NT_SUCCESS(status)) {
                RtlZeroMemory(Buffer, size);
                *InstanceLengthArray = size;
                if (GuidIndex == DiskStatus) {
                        PSTORAGE_FAILURE_PREDICT_STATUS state = (PSTORAGE_FAILURE_PREDICT_STATUS)Buffer;
                        state->PredictFailure = now.Value <= DISK_THRESHOLD;
                        state->Reason = state->PredictFailure ? DISK_ATTRIBUTE : 0;
                } else {
                        RtlCopyMemory(Buffer, &now, sizeof(now));
                }
        }
        return WmiCompleteRequest(DeviceObject, Irp, status, size, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI DiskFunctionControl(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex,
                                          WMIENABLEDISABLECONTROL Function, BOOLEAN Enable)
{
        if (Function == WmiEventControl && GuidIndex == DiskEvent)
                DiskWatch(DeviceObject->DeviceExtension, Enable);
        return WmiCompleteRequest(DeviceObject, Irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI DiskSystemControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PDISK_EXTENSION ext = DeviceObject->DeviceExtension;
        SYSCTL_IRP_DISPOSITION disposition;
        NTSTATUS status = WmiSystemControl(&ext->WmiLib, DeviceObject, Irp, &disposition);

        switch (disposition) {
        case IrpProcessed:
                return status;
        case IrpNotCompleted:
                IoCompleteRequest(Irp, IO_NO_INCREMENT);
                return status;
        case IrpForward:
        case IrpNotWmi:
        default:
                return DiskForward(DeviceObject, Irp);
        }
}

// --- the device
// ---------------------------------------------------------------------------------------------

static VOID DiskReadParameters(PDISK_EXTENSION Ext)
{
        static WCHAR Parameters[] = L"Parameters", Period[] = L"Period", Wear[] = L"Wear";
        ULONG period = 1000, wear = 10;
        RTL_QUERY_REGISTRY_TABLE table[4];

        RtlZeroMemory(table, sizeof(table));
        table[0].Flags = RTL_QUERY_REGISTRY_SUBKEY;
        table[0].Name = Parameters;
        table[1].Flags = table[2].Flags = RTL_QUERY_REGISTRY_DIRECT;
        table[1].DefaultType = table[2].DefaultType = REG_DWORD;
        table[1].DefaultLength = table[2].DefaultLength = sizeof(ULONG);
        table[1].Name = Period;
        table[1].EntryContext = &Ext->Period;
        table[1].DefaultData = &period;
        table[2].Name = Wear;
        table[2].EntryContext = &Ext->Wear;
        table[2].DefaultData = &wear;
        (VOID) RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, DiskRegistryPath.Buffer, table, NULL, NULL);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
        DiskRegistryPath.MaximumLength = RegistryPath->Length + sizeof(WCHAR);
        DiskRegistryPath.Buffer = ExAllocatePoolWithTag(PagedPool, DiskRegistryPath.MaximumLength, DISK_TAG);
        if (!DiskRegistryPath.Buffer)
                return STATUS_INSUFFICIENT_RESOURCES;
        RtlCopyUnicodeString(&DiskRegistryPath, RegistryPath);
        DiskRegistryPath.Buffer[RegistryPath->Length / sizeof(WCHAR)] = 0;

        for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                DriverObject->MajorFunction[i] = DiskForward;
        DriverObject->MajorFunction[IRP_MJ_PNP] = DiskPnp;
        DriverObject->MajorFunction[IRP_MJ_POWER] = DiskPower;
        DriverObject->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = DiskSystemControl;
        DriverObject->DriverExtension->AddDevice = DiskAddDevice;
        DriverObject->DriverUnload = DiskUnload;
        return STATUS_SUCCESS;
}

static VOID NTAPI DiskUnload(PDRIVER_OBJECT DriverObject)
{
        UNREFERENCED_PARAMETER(DriverObject);
        ExFreePoolWithTag(DiskRegistryPath.Buffer, DISK_TAG);
}

static NTSTATUS NTAPI DiskAddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Pdo)
{
        PDEVICE_OBJECT device;
        PDISK_EXTENSION ext;
        NTSTATUS status = IoCreateDevice(DriverObject, sizeof(DISK_EXTENSION), NULL, FILE_DEVICE_DISK,
                                         FILE_DEVICE_SECURE_OPEN, FALSE, &device);
        if (!NT_SUCCESS(status))
                return status;
        ext = device->DeviceExtension;
        RtlZeroMemory(ext, sizeof(*ext));
        ext->Self = device;
        ext->Pdo = Pdo;
        ext->Value = DISK_BEST;
        KeInitializeSpinLock(&ext->Lock);
        KeInitializeTimer(&ext->Timer);
        KeInitializeDpc(&ext->TimerDpc, DiskLook, ext);
        DiskReadParameters(ext);
        ext->WmiLib.GuidCount = RTL_NUMBER_OF(DiskGuids);
        ext->WmiLib.GuidList = DiskGuids;
        ext->WmiLib.QueryWmiRegInfo = DiskQueryRegInfo;
        ext->WmiLib.QueryWmiDataBlock = DiskQueryDataBlock;
        ext->WmiLib.WmiFunctionControl = DiskFunctionControl;
        ext->Lower = IoAttachDeviceToDeviceStack(device, Pdo);
        if (!ext->Lower) {
                IoDeleteDevice(device);
                return STATUS_NO_SUCH_DEVICE;
        }
        device->Flags |= ext->Lower->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_POWER_PAGABLE);
        device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        return STATUS_SUCCESS;
}

static NTSTATUS NTAPI DiskForward(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PDISK_EXTENSION ext = DeviceObject->DeviceExtension;
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(ext->Lower, Irp);
}

static NTSTATUS NTAPI DiskPower(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PDISK_EXTENSION ext = DeviceObject->DeviceExtension;
        PoStartNextPowerIrp(Irp);
        IoSkipCurrentIrpStackLocation(Irp);
        return PoCallDriver(ext->Lower, Irp);
}

static NTSTATUS NTAPI DiskStarted(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
        UNREFERENCED_PARAMETER(DeviceObject);
        UNREFERENCED_PARAMETER(Irp);
        KeSetEvent((PKEVENT)Context, IO_NO_INCREMENT, FALSE);
        return STATUS_MORE_PROCESSING_REQUIRED;
}

// The device registers with WMI once the drivers below it have started.
static NTSTATUS DiskStart(PDISK_EXTENSION Ext, PIRP Irp)
{
        KEVENT done;
        NTSTATUS status;
        KeInitializeEvent(&done, NotificationEvent, FALSE);
        IoCopyCurrentIrpStackLocationToNext(Irp);
        IoSetCompletionRoutine(Irp, DiskStarted, &done, TRUE, TRUE, TRUE);
        if (IoCallDriver(Ext->Lower, Irp) == STATUS_PENDING)
                KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        status = Irp->IoStatus.Status;
        if (NT_SUCCESS(status))
                status = IoWMIRegistrationControl(Ext->Self, WMIREG_ACTION_REGISTER);
        Ext->Registered = NT_SUCCESS(status);
        Irp->IoStatus.Status = status;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return status;
}

// Nothing is fired any more; then the registration goes.
static VOID DiskStop(PDISK_EXTENSION Ext)
{
        KIRQL irql;
        KeAcquireSpinLock(&Ext->Lock, &irql);
        Ext->Removed = TRUE;
        KeReleaseSpinLock(&Ext->Lock, irql);
        DiskWatch(Ext, FALSE);
        KeFlushQueuedDpcs();
        if (Ext->Registered) {
                Ext->Registered = FALSE;
                IoWMIRegistrationControl(Ext->Self, WMIREG_ACTION_DEREGISTER);
        }
}

static NTSTATUS NTAPI DiskPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PDISK_EXTENSION ext = DeviceObject->DeviceExtension;
        PDEVICE_OBJECT lower = ext->Lower;
        NTSTATUS status;

        switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
        case IRP_MN_START_DEVICE:
                return DiskStart(ext, Irp);
        case IRP_MN_SURPRISE_REMOVAL:
                DiskStop(ext);
                Irp->IoStatus.Status = STATUS_SUCCESS;
                return DiskForward(DeviceObject, Irp);
        case IRP_MN_REMOVE_DEVICE:
                DiskStop(ext);
                Irp->IoStatus.Status = STATUS_SUCCESS;
                IoSkipCurrentIrpStackLocation(Irp);
                status = IoCallDriver(lower, Irp);
                IoDetachDevice(lower);
                IoDeleteDevice(DeviceObject);
                return status;
        case IRP_MN_QUERY_REMOVE_DEVICE:
        case IRP_MN_CANCEL_REMOVE_DEVICE:
        case IRP_MN_QUERY_STOP_DEVICE:
        case IRP_MN_CANCEL_STOP_DEVICE:
        case IRP_MN_STOP_DEVICE:
                Irp->IoStatus.Status = STATUS_SUCCESS;
                return DiskForward(DeviceObject, Irp);
        default:
                return DiskForward(DeviceObject, Irp);
        }
}
