// SPDX-License-Identifier: MIT
// flood: fires 10,000 events from one thread at DISPATCH_LEVEL, and says how often that thread gave up its processor.
//
// Subscribing to Flood_Ready brings one Flood_Ready as soon as Flood_Drop has a subscriber; when the subscription to
// Flood_Ready ends, a thread waits a moment for the others to stand still and lets the flood go. Linux is asked for
// one thing, the thread's count of voluntary context switches: wmi-cc -mlinux.
#include <ntddk.h>
#include <wmistr.h>
#include <wmilib.h>

#include <sys/resource.h>

#define FLOOD_TAG 'dolF'
#define FLOOD_EVENTS 10000

static const GUID FloodDropGuid = {0x9c7c3f40, 0x2b56, 0x4c43, {0x9f, 0x5e, 0x0a, 0x1d, 0x3e, 0x6f, 0x00, 0x01}};
static const GUID FloodReadyGuid = {0x9c7c3f40, 0x2b56, 0x4c43, {0x9f, 0x5e, 0x0a, 0x1d, 0x3e, 0x6f, 0x00, 0x02}};
static WMIGUIDREGINFO FloodGuids[] = {{(LPCGUID)&FloodDropGuid, 1, WMIREG_FLAG_EVENT_ONLY_GUID},
                                      {(LPCGUID)&FloodReadyGuid, 1, WMIREG_FLAG_EVENT_ONLY_GUID}};

typedef struct _FLOOD_EXTENSION {
        PDEVICE_OBJECT Self, Pdo, Lower;
        WMILIB_CONTEXT WmiLib;
        KEVENT Dropping; // Flood_Drop has a subscriber
        KEVENT Go;       // Flood_Ready had one, which is gone
        KEVENT Removed;
        PETHREAD Thread;
        volatile BOOLEAN ReadyWanted;
} FLOOD_EXTENSION, *PFLOOD_EXTENSION;

static UNICODE_STRING FloodRegistryPath;
static WCHAR FloodRegistryPathBuffer[256];

DRIVER_INITIALIZE DriverEntry;

// Waits for an event; FALSE when the device goes first.
static BOOLEAN FloodWait(PFLOOD_EXTENSION Ext, PKEVENT Event)
{
        PVOID both[2] = {&Ext->Removed, Event};
        return KeWaitForMultipleObjects(2, both, WaitAny, Executive, KernelMode, FALSE, NULL, NULL) == STATUS_WAIT_1;
}

static VOID FloodLetGo(PFLOOD_EXTENSION Ext, PVOID *Data)
{
        struct rusage before, after;
        ULONG fired = 0;
        KIRQL irql;
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
        getrusage(RUSAGE_THREAD, &before);
        for (ULONG i = 0; i < FLOOD_EVENTS; i++)
                fired += NT_SUCCESS(WmiFireEvent(Ext->Self, (LPCGUID)&FloodDropGuid, 0, sizeof(ULONG), Data[i])) ? 1 : 0;
        getrusage(RUSAGE_THREAD, &after);
        KeLowerIrql(irql);
        DbgPrint("flood: fired %u refused %u switches %d\n", fired, FLOOD_EVENTS - fired, (int)(after.ru_nvcsw - before.ru_nvcsw));
}

static VOID NTAPI FloodThread(PVOID Context)
{
        PFLOOD_EXTENSION ext = Context;
        PVOID *data = ExAllocatePoolWithTag(NonPagedPool, FLOOD_EVENTS * sizeof(PVOID), FLOOD_TAG);
        LARGE_INTEGER moment = {.QuadPart = -5000000}; // half a second
        if (FloodWait(ext, &ext->Dropping) && FloodWait(ext, &ext->Go) && data) {
                KeDelayExecutionThread(KernelMode, FALSE, &moment);
                for (ULONG i = 0; i < FLOOD_EVENTS; i++) {
                        data[i] = ExAllocatePoolWithTag(NonPagedPool, sizeof(ULONG), FLOOD_TAG);
                        *(PULONG)data[i] = i + 1;
                }
                FloodLetGo(ext, data);
        }
        if (data)
                ExFreePoolWithTag(data, FLOOD_TAG);
        PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS NTAPI FloodQueryRegInfo(PDEVICE_OBJECT DeviceObject, PULONG RegFlags, PUNICODE_STRING InstanceName,
                                        PUNICODE_STRING *RegistryPath, PUNICODE_STRING MofResourceName, PDEVICE_OBJECT *Pdo)
{
        PFLOOD_EXTENSION ext = DeviceObject->DeviceExtension;
        UNREFERENCED_PARAMETER(InstanceName);
        UNREFERENCED_PARAMETER(MofResourceName);
        *RegFlags = WMIREG_FLAG_INSTANCE_PDO;
        *RegistryPath = &FloodRegistryPath;
        *Pdo = ext->Pdo;
        return STATUS_SUCCESS;
}

static NTSTATUS NTAPI FloodQueryDataBlock(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex, ULONG InstanceIndex,
                                          ULONG InstanceCount, PULONG Lengths, ULONG BufferAvail, PUCHAR Buffer)
{
        UNREFERENCED_PARAMETER(GuidIndex);
        UNREFERENCED_PARAMETER(InstanceIndex);
        UNREFERENCED_PARAMETER(InstanceCount);
        UNREFERENCED_PARAMETER(Lengths);
        UNREFERENCED_PARAMETER(BufferAvail);
        UNREFERENCED_PARAMETER(Buffer);
        return WmiCompleteRequest(DeviceObject, Irp, STATUS_WMI_GUID_NOT_FOUND, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI FloodFunctionControl(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex,
                                           WMIENABLEDISABLECONTROL Function, BOOLEAN Enable)
{
        PFLOOD_EXTENSION ext = DeviceObject->DeviceExtension;
        NTSTATUS status;
        UNREFERENCED_PARAMETER(Function);
        if (GuidIndex == 0 && Enable)
                KeSetEvent(&ext->Dropping, IO_NO_INCREMENT, FALSE);
        if (GuidIndex == 1) {
                ext->ReadyWanted = Enable;
                if (!Enable)
                        KeSetEvent(&ext->Go, IO_NO_INCREMENT, FALSE);
        }
        status = WmiCompleteRequest(DeviceObject, Irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
        if (Enable && ext->ReadyWanted && KeReadStateEvent(&ext->Dropping)) // whichever came last
                WmiFireEvent(DeviceObject, (LPCGUID)&FloodReadyGuid, 0, 0, NULL);
        return status;
}

static NTSTATUS NTAPI FloodForward(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(((PFLOOD_EXTENSION)DeviceObject->DeviceExtension)->Lower, Irp);
}

static NTSTATUS NTAPI FloodSystemControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PFLOOD_EXTENSION ext = DeviceObject->DeviceExtension;
        SYSCTL_IRP_DISPOSITION disposition;
        NTSTATUS status = WmiSystemControl(&ext->WmiLib, DeviceObject, Irp, &disposition);
        if (disposition == IrpForward || disposition == IrpNotWmi)
                return FloodForward(DeviceObject, Irp);
        if (disposition == IrpNotCompleted)
                IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return status;
}

static VOID FloodRemove(PFLOOD_EXTENSION Ext)
{
        IoWMIRegistrationControl(Ext->Self, WMIREG_ACTION_DEREGISTER);
        KeSetEvent(&Ext->Removed, IO_NO_INCREMENT, FALSE);
        KeWaitForSingleObject(Ext->Thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Ext->Thread);
        IoDetachDevice(Ext->Lower);
        IoDeleteDevice(Ext->Self);
}

static NTSTATUS NTAPI FloodPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PFLOOD_EXTENSION ext = DeviceObject->DeviceExtension;
        UCHAR minor = IoGetCurrentIrpStackLocation(Irp)->MinorFunction;
        NTSTATUS status;
        Irp->IoStatus.Status = STATUS_SUCCESS;
        status = FloodForward(DeviceObject, Irp);
        if (minor == IRP_MN_START_DEVICE && NT_SUCCESS(status))
                status = IoWMIRegistrationControl(DeviceObject, WMIREG_ACTION_REGISTER);
        if (minor == IRP_MN_REMOVE_DEVICE)
                FloodRemove(ext);
        return status;
}

static NTSTATUS NTAPI FloodAddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Pdo)
{
        PDEVICE_OBJECT device;
        HANDLE thread;
        NTSTATUS status = IoCreateDevice(DriverObject, sizeof(FLOOD_EXTENSION), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
        if (!NT_SUCCESS(status))
                return status;
        PFLOOD_EXTENSION ext = device->DeviceExtension;
        ext->Self = device;
        ext->Pdo = Pdo;
        ext->WmiLib = (WMILIB_CONTEXT){.GuidCount = RTL_NUMBER_OF(FloodGuids),
                                       .GuidList = FloodGuids,
                                       .QueryWmiRegInfo = FloodQueryRegInfo,
                                       .QueryWmiDataBlock = FloodQueryDataBlock,
                                       .WmiFunctionControl = FloodFunctionControl};
        KeInitializeEvent(&ext->Dropping, NotificationEvent, FALSE);
        KeInitializeEvent(&ext->Go, NotificationEvent, FALSE);
        KeInitializeEvent(&ext->Removed, NotificationEvent, FALSE);
        ext->Lower = IoAttachDeviceToDeviceStack(device, Pdo);
        status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, FloodThread, ext);
        if (!NT_SUCCESS(status))
                return status;
        ObReferenceObjectByHandle(thread, THREAD_ALL_ACCESS, NULL, KernelMode, (PVOID *)&ext->Thread, NULL);
        ZwClose(thread);
        device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        return STATUS_SUCCESS;
}

static VOID NTAPI FloodUnload(PDRIVER_OBJECT DriverObject)
{
        UNREFERENCED_PARAMETER(DriverObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
        FloodRegistryPath.Buffer = FloodRegistryPathBuffer;
        FloodRegistryPath.MaximumLength = sizeof(FloodRegistryPathBuffer);
        RtlCopyUnicodeString(&FloodRegistryPath, RegistryPath);
        for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                DriverObject->MajorFunction[i] = FloodForward;
        DriverObject->MajorFunction[IRP_MJ_PNP] = FloodPnp;
        DriverObject->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = FloodSystemControl;
        DriverObject->DriverExtension->AddDevice = FloodAddDevice;
        DriverObject->DriverUnload = FloodUnload;
        return STATUS_SUCCESS;
}
