// SPDX-License-Identifier: MIT
// The example toaster, part 1: the device. Part 2, wmi.c, is what the example is about.
//
// Settings are DWORDs below the driver's service key: Parameters\Period (milliseconds from slice to slice, 1000),
// Parameters\Round (slices of a round, 8), Parameters\BaseName (1: instances are named "Toaster..." instead of by
// the device).
#include "toaster.h"

UNICODE_STRING ToasterRegistryPath;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_ADD_DEVICE ToasterAddDevice;
static DRIVER_UNLOAD ToasterUnload;
static DRIVER_DISPATCH ToasterPnp, ToasterPower, ToasterForward;

static VOID ToasterReadParameters(PTOASTER_EXTENSION Ext)
{
        static WCHAR Parameters[] = L"Parameters", Period[] = L"Period", Round[] = L"Round", BaseName[] = L"BaseName";
        ULONG period = 1000, round = 8, no = 0;
        struct {
                PWSTR Name;
                PULONG Value;
                PULONG Default;
        } wanted[] = {{Period, &Ext->Period, &period}, {Round, &Ext->Round, &round}, {BaseName, &Ext->BaseName, &no}};
        RTL_QUERY_REGISTRY_TABLE table[RTL_NUMBER_OF(wanted) + 2];

        RtlZeroMemory(table, sizeof(table));
        table[0].Flags = RTL_QUERY_REGISTRY_SUBKEY;
        table[0].Name = Parameters;
        for (ULONG i = 0; i < RTL_NUMBER_OF(wanted); i++) {
                *wanted[i].Value = *wanted[i].Default;
                table[i + 1].Flags = RTL_QUERY_REGISTRY_DIRECT;
                table[i + 1].Name = wanted[i].Name;
                table[i + 1].EntryContext = wanted[i].Value;
                table[i + 1].DefaultType = REG_DWORD;
                table[i + 1].DefaultData = wanted[i].Default;
                table[i + 1].DefaultLength = sizeof(ULONG);
        }
        (VOID)RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ToasterRegistryPath.Buffer, table, NULL, NULL);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
        ToasterRegistryPath.MaximumLength = RegistryPath->Length + sizeof(WCHAR);
        ToasterRegistryPath.Buffer = ExAllocatePoolWithTag(PagedPool, ToasterRegistryPath.MaximumLength, TOASTER_TAG);
        if (!ToasterRegistryPath.Buffer)
                return STATUS_INSUFFICIENT_RESOURCES;
        RtlCopyUnicodeString(&ToasterRegistryPath, RegistryPath);
        ToasterRegistryPath.Buffer[RegistryPath->Length / sizeof(WCHAR)] = 0;

        for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                DriverObject->MajorFunction[i] = ToasterForward;
        DriverObject->MajorFunction[IRP_MJ_PNP] = ToasterPnp;
        DriverObject->MajorFunction[IRP_MJ_POWER] = ToasterPower;
        DriverObject->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = ToasterSystemControl;
        DriverObject->DriverExtension->AddDevice = ToasterAddDevice;
        DriverObject->DriverUnload = ToasterUnload;
        return STATUS_SUCCESS;
}

static VOID NTAPI ToasterUnload(PDRIVER_OBJECT DriverObject)
{
        UNREFERENCED_PARAMETER(DriverObject);
        ExFreePoolWithTag(ToasterRegistryPath.Buffer, TOASTER_TAG);
}

static NTSTATUS NTAPI ToasterAddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Pdo)
{
        PDEVICE_OBJECT device;
        PTOASTER_EXTENSION ext;
        NTSTATUS status = IoCreateDevice(DriverObject, sizeof(TOASTER_EXTENSION), NULL, FILE_DEVICE_UNKNOWN,
                                         FILE_DEVICE_SECURE_OPEN, FALSE, &device);
        if (!NT_SUCCESS(status))
                return status;
        ext = device->DeviceExtension;
        RtlZeroMemory(ext, sizeof(*ext));
        ext->Self = device;
        ext->Pdo = Pdo;
        KeInitializeSpinLock(&ext->Lock);
        KeInitializeEvent(&ext->Idle, NotificationEvent, TRUE);
        ToasterReadParameters(ext);
        ext->Lower = IoAttachDeviceToDeviceStack(device, Pdo);
        status = ext->Lower ? ToasterWmiInit(ext) : STATUS_NO_SUCH_DEVICE;
        if (!NT_SUCCESS(status)) {
                if (ext->Lower)
                        IoDetachDevice(ext->Lower);
                IoDeleteDevice(device);
                return status;
        }
        device->Flags |= ext->Lower->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_POWER_PAGABLE);
        device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        return STATUS_SUCCESS;
}

static NTSTATUS NTAPI ToasterForward(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PTOASTER_EXTENSION ext = DeviceObject->DeviceExtension;
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(ext->Lower, Irp);
}

static NTSTATUS NTAPI ToasterPower(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PTOASTER_EXTENSION ext = DeviceObject->DeviceExtension;
        PoStartNextPowerIrp(Irp);
        IoSkipCurrentIrpStackLocation(Irp);
        return PoCallDriver(ext->Lower, Irp);
}

static NTSTATUS NTAPI ToasterStarted(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
        UNREFERENCED_PARAMETER(DeviceObject);
        UNREFERENCED_PARAMETER(Irp);
        KeSetEvent((PKEVENT)Context, IO_NO_INCREMENT, FALSE);
        return STATUS_MORE_PROCESSING_REQUIRED;
}

// A function driver starts its device after the drivers below it have.
static NTSTATUS ToasterStart(PTOASTER_EXTENSION Ext, PIRP Irp)
{
        KEVENT done;
        NTSTATUS status;
        KeInitializeEvent(&done, NotificationEvent, FALSE);
        IoCopyCurrentIrpStackLocationToNext(Irp);
        IoSetCompletionRoutine(Irp, ToasterStarted, &done, TRUE, TRUE, TRUE);
        if (IoCallDriver(Ext->Lower, Irp) == STATUS_PENDING)
                KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        status = Irp->IoStatus.Status;
        if (NT_SUCCESS(status))
                status = ToasterWmiRegister(Ext);
        Irp->IoStatus.Status = status;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return status;
}

static NTSTATUS NTAPI ToasterPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PTOASTER_EXTENSION ext = DeviceObject->DeviceExtension;
        PDEVICE_OBJECT lower = ext->Lower;
        NTSTATUS status;

        switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
        case IRP_MN_START_DEVICE:
                return ToasterStart(ext, Irp);
        case IRP_MN_SURPRISE_REMOVAL:
                ToasterWmiDeregister(ext);
                Irp->IoStatus.Status = STATUS_SUCCESS;
                return ToasterForward(DeviceObject, Irp);
        case IRP_MN_REMOVE_DEVICE:
                ToasterWmiDeregister(ext);
                IoFreeWorkItem(ext->TrayItem);
                IoFreeWorkItem(ext->RoundItem);
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
                return ToasterForward(DeviceObject, Irp);
        default:
                return ToasterForward(DeviceObject, Irp);
        }
}
