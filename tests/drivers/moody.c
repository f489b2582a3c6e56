// SPDX-License-Identifier: MIT
// moody: a driver that misbehaves in one way, chosen when it is compiled (-DMOOD=...).
#include <ntddk.h>

#define MOOD_ENTRY_CRASH 1   // a NULL pointer in DriverEntry
#define MOOD_ENTRY_HANG 2    // DriverEntry waits for ever
#define MOOD_ENTRY_FAIL 3    // DriverEntry returns an error
#define MOOD_SILENT 4        // starts, and never registers with WMI
#define MOOD_DPC_CRASH 5     // crashes in a DPC, some time after it has started
#define MOOD_UNLOAD_HANG 6   // DriverUnload waits for ever
#define MOOD_MISSING 7       // needs a routine that nobody has
#define MOOD_START_FAIL 8    // START_DEVICE fails

typedef struct _MOODY_EXTENSION {
        PDEVICE_OBJECT Lower;
        KTIMER Timer;
        KDPC Dpc;
} MOODY_EXTENSION, *PMOODY_EXTENSION;

static KEVENT MoodyNever;
static volatile ULONG *volatile MoodyNowhere;

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI MoodyRoutineThatNobodyHas(ULONG Argument);

__attribute__((noinline)) static VOID MoodyCrash(VOID)
{
        *MoodyNowhere = 1;
}

__attribute__((noinline)) static VOID MoodyWait(VOID)
{
        KeWaitForSingleObject(&MoodyNever, Executive, KernelMode, FALSE, NULL);
        MoodyNowhere = NULL; // so that the call above is no tail call
}

static VOID NTAPI MoodyDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
        UNREFERENCED_PARAMETER(Dpc);
        UNREFERENCED_PARAMETER(Context);
        UNREFERENCED_PARAMETER(Argument1);
        UNREFERENCED_PARAMETER(Argument2);
        MoodyCrash();
        MoodyNowhere = NULL;
}

static NTSTATUS NTAPI MoodyForward(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(((PMOODY_EXTENSION)DeviceObject->DeviceExtension)->Lower, Irp);
}

static NTSTATUS MoodyStart(PMOODY_EXTENSION Ext)
{
        LARGE_INTEGER soon = {.QuadPart = -500000};
        if (MOOD == MOOD_DPC_CRASH) {
                KeInitializeTimer(&Ext->Timer);
                KeInitializeDpc(&Ext->Dpc, MoodyDpc, Ext);
                KeSetTimer(&Ext->Timer, soon, &Ext->Dpc);
        }
        return MOOD == MOOD_START_FAIL ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

static NTSTATUS NTAPI MoodyPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PMOODY_EXTENSION ext = DeviceObject->DeviceExtension;
        UCHAR minor = IoGetCurrentIrpStackLocation(Irp)->MinorFunction;
        NTSTATUS status = STATUS_SUCCESS;
        if (minor == IRP_MN_START_DEVICE)
                status = MoodyStart(ext);
        Irp->IoStatus.Status = status;
        if (!NT_SUCCESS(status)) {
                IoCompleteRequest(Irp, IO_NO_INCREMENT);
                return status;
        }
        status = MoodyForward(DeviceObject, Irp);
        if (minor == IRP_MN_REMOVE_DEVICE) {
                IoDetachDevice(ext->Lower);
                IoDeleteDevice(DeviceObject);
        }
        return status;
}

static NTSTATUS NTAPI MoodyAddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Pdo)
{
        PDEVICE_OBJECT device;
        NTSTATUS status = IoCreateDevice(DriverObject, sizeof(MOODY_EXTENSION), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
        if (!NT_SUCCESS(status))
                return status;
        ((PMOODY_EXTENSION)device->DeviceExtension)->Lower = IoAttachDeviceToDeviceStack(device, Pdo);
        device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        return STATUS_SUCCESS;
}

static VOID NTAPI MoodyUnload(PDRIVER_OBJECT DriverObject)
{
        UNREFERENCED_PARAMETER(DriverObject);
        if (MOOD == MOOD_UNLOAD_HANG)
                MoodyWait();
        DbgPrint("moody: unloaded\n");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
        UNREFERENCED_PARAMETER(RegistryPath);
        KeInitializeEvent(&MoodyNever, NotificationEvent, FALSE);
        for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                DriverObject->MajorFunction[i] = MoodyForward;
        DriverObject->MajorFunction[IRP_MJ_PNP] = MoodyPnp;
        DriverObject->DriverExtension->AddDevice = MoodyAddDevice;
        DriverObject->DriverUnload = MoodyUnload;
        DbgPrint("moody: here\n");
        if (MOOD == MOOD_ENTRY_CRASH)
                MoodyCrash();
        if (MOOD == MOOD_ENTRY_HANG)
                MoodyWait();
#if MOOD == MOOD_MISSING
        return MoodyRoutineThatNobodyHas(1);
#endif
        return MOOD == MOOD_ENTRY_FAIL ? STATUS_NO_SUCH_DEVICE : STATUS_SUCCESS;
}
