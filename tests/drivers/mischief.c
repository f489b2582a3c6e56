// SPDX-License-Identifier: MIT
// A driver that does what the DWORD Mode below its Parameters key says: it crashes, hangs, leaks, keeps IRPs. Otherwise
// it is a plain WDM driver with two event blocks; the first is fired from a DPC when it is enabled.
#include <ntddk.h>
#include <wmistr.h>
#include <wmilib.h>

enum {
        ModeNone,
        ModeCrashInEntry,   // 1: writes through NULL
        ModeCrashInDpc,     // 2
        ModeCrashInEnable,  // 3
        ModeHangInStart,    // 4: waits for an event that nobody sets
        ModeLeak,           // 5: two allocations that are never freed
        ModeStackOverflow,  // 6
        ModeSpinInEnable,   // 7: does not return, does not wait
        ModeDoubleFree,     // 8: a bug check
        ModeFailEntry,      // 9
        ModeFailStart,      // 10
        ModeDivide,         // 11
        ModeJumpToNowhere,  // 12
        ModePendEnable,     // 13: keeps the IRP until the device goes
        ModePendReginfo,    // 14
        ModeCrashInKernel,  // 15: hands a bad pointer to a kernel routine
        ModeFlood,          // 16: fires Count events at DISPATCH_LEVEL when it is enabled
        ModePendDisable,    // 17
        ModeStaysRegistered, // 18: never deregisters
        ModeUseAfterFree,   // 19: for the sanitizer
        ModePendOldReginfo, // 20: does not know REGINFO_EX and keeps REGINFO
};

typedef struct Extension {
        PDEVICE_OBJECT Self, Pdo, Lower;
        BOOLEAN Registered;
        KDPC Dpc;
        KEVENT Never;
        PIRP Kept;
} Extension;

static ULONG Mode, Count = 10;
static UNICODE_STRING Path;
static PDEVICE_OBJECT Device;

static const GUID FirstGuid = {0x5d0f6b10, 0x27c4, 0x4d5b, {0x8c, 0x11, 0x9f, 0x3e, 0x60, 0x21, 0x77, 0x01}};
static const GUID SecondGuid = {0x5d0f6b10, 0x27c4, 0x4d5b, {0x8c, 0x11, 0x9f, 0x3e, 0x60, 0x21, 0x77, 0x02}};
static WMIGUIDREGINFO Guids[] = {{(LPCGUID)&FirstGuid, 1, WMIREG_FLAG_EVENT_ONLY_GUID},
                                 {(LPCGUID)&SecondGuid, 1, 0}};

DRIVER_INITIALIZE DriverEntry;

// --- mischief --------------------------------------------------------------------------------------

static __declspec(noinline) VOID CrashDeep(volatile ULONG *Where)
{
        *Where = 1;
}

static __declspec(noinline) VOID CrashCaller(VOID)
{
        CrashDeep((volatile ULONG *)(ULONG_PTR)0x10);
        DbgPrint("never\n");
}

static __declspec(noinline) ULONG OverflowStack(ULONG N)
{
        volatile UCHAR room[4096];
        room[N % 4096] = (UCHAR)N;
        return OverflowStack(N + 1) + room[(N + 1) % 4096];
}

static __declspec(noinline) ULONG DivideBy(volatile ULONG *N)
{
        return 100 / *N;
}

static __declspec(noinline) VOID FreeTwice(VOID)
{
        PVOID p = ExAllocatePoolWithTag(NonPagedPool, 64, 'ecwT');
        ExFreePoolWithTag(p, 'ecwT');
        ExFreePoolWithTag(p, 'ecwT');
}

static __declspec(noinline) VOID HangDeep(PKEVENT Event)
{
        KeWaitForSingleObject(Event, Executive, KernelMode, FALSE, NULL);
        DbgPrint("never\n");
}

static __declspec(noinline) VOID SpinForEver(VOID)
{
        static volatile ULONG Turns;
        for (;;)
                Turns++;
}

static __declspec(noinline) VOID BadStringToKernel(VOID)
{
        UNICODE_STRING s, t = {4, 4, (PWSTR)(ULONG_PTR)0x2000};
        WCHAR room[8];
        s.Buffer = room;
        s.Length = 0;
        s.MaximumLength = sizeof(room);
        RtlCopyUnicodeString(&s, &t);
        DbgPrint("never %wZ\n", &s);
}

static __declspec(noinline) VOID UseAfterFree(VOID)
{
        volatile UCHAR *p = ExAllocatePoolWithTag(NonPagedPool, 64, 'rfaU');
        ExFreePoolWithTag((PVOID)p, 'rfaU');
        p[3] = 1;
}

static VOID NTAPI Dpc(PKDPC D, PVOID Context, PVOID A, PVOID B)
{
        Extension *ext = Context;
        ULONG ok = 0, full = 0;
        UNREFERENCED_PARAMETER(D);
        UNREFERENCED_PARAMETER(A);
        UNREFERENCED_PARAMETER(B);
        if (Mode == ModeCrashInDpc)
                CrashCaller();
        for (ULONG i = 0; i < Count; i++) {
                PULONG data = ExAllocatePoolWithTag(NonPagedPool, sizeof(*data), 'ataD');
                if (!data)
                        break;
                *data = i;
                if (NT_SUCCESS(WmiFireEvent(ext->Self, (LPCGUID)&FirstGuid, 0, sizeof(*data), data)))
                        ok++;
                else
                        full++;
        }
        DbgPrint("mischief: fired %u refused %u\n", ok, full);
}

// --- WMI -------------------------------------------------------------------------------------------

static NTSTATUS NTAPI QueryRegInfo(PDEVICE_OBJECT DeviceObject, PULONG Flags, PUNICODE_STRING Name, PUNICODE_STRING *RegPath,
                                   PUNICODE_STRING Mof, PDEVICE_OBJECT *Pdo)
{
        UNREFERENCED_PARAMETER(Name);
        UNREFERENCED_PARAMETER(Mof);
        *Flags = WMIREG_FLAG_INSTANCE_PDO;
        *RegPath = &Path;
        *Pdo = ((Extension *)DeviceObject->DeviceExtension)->Pdo;
        return STATUS_SUCCESS;
}

static NTSTATUS NTAPI QueryBlock(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG Guid, ULONG Instance, ULONG Instances,
                                 PULONG Lengths, ULONG Avail, PUCHAR Buffer)
{
        UNREFERENCED_PARAMETER(Guid);
        UNREFERENCED_PARAMETER(Instance);
        UNREFERENCED_PARAMETER(Instances);
        UNREFERENCED_PARAMETER(Lengths);
        UNREFERENCED_PARAMETER(Avail);
        UNREFERENCED_PARAMETER(Buffer);
        return WmiCompleteRequest(DeviceObject, Irp, STATUS_WMI_GUID_NOT_FOUND, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI Control(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG Guid, WMIENABLEDISABLECONTROL Function,
                              BOOLEAN Enable)
{
        Extension *ext = DeviceObject->DeviceExtension;
        UNREFERENCED_PARAMETER(Function);
        DbgPrint("mischief: %s %u\n", Enable ? "enable" : "disable", Guid);
        if (Guid == 0 && ((Enable && Mode == ModePendEnable) || (!Enable && Mode == ModePendDisable))) {
                IoMarkIrpPending(Irp);
                ext->Kept = Irp;
                return STATUS_PENDING;
        }
        if (Enable && Guid == 0) {
                switch (Mode) {
                case ModeCrashInEnable:
                        CrashCaller();
                        break;
                case ModeSpinInEnable:
                        SpinForEver();
                        break;
                case ModeDivide: {
                        ULONG zero = 0;
                        DbgPrint("%u\n", DivideBy(&zero));
                        break;
                }
                case ModeUseAfterFree:
                        UseAfterFree();
                        break;
                default:
                        KeInsertQueueDpc(&ext->Dpc, NULL, NULL);
                }
        }
        return WmiCompleteRequest(DeviceObject, Irp, STATUS_SUCCESS, 0, IO_NO_INCREMENT);
}

static WMILIB_CONTEXT Lib = {2, Guids, QueryRegInfo, QueryBlock, NULL, NULL, NULL, Control};

static NTSTATUS Forward(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(((Extension *)DeviceObject->DeviceExtension)->Lower, Irp);
}

static NTSTATUS NTAPI SystemControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        SYSCTL_IRP_DISPOSITION disposition;
        Extension *ext = DeviceObject->DeviceExtension;
        UCHAR minor = IoGetCurrentIrpStackLocation(Irp)->MinorFunction;
        if (Mode == ModePendReginfo && (minor == IRP_MN_REGINFO_EX || minor == IRP_MN_REGINFO)) {
                IoMarkIrpPending(Irp);
                ext->Kept = Irp;
                DbgPrint("mischief: keeps reginfo\n");
                return STATUS_PENDING;
        }
        if (Mode == ModePendOldReginfo && minor == IRP_MN_REGINFO_EX)
                return Forward(DeviceObject, Irp);
        if (Mode == ModePendOldReginfo && minor == IRP_MN_REGINFO) {
                IoMarkIrpPending(Irp);
                ext->Kept = Irp;
                return STATUS_PENDING;
        }
        NTSTATUS status = WmiSystemControl(&Lib, DeviceObject, Irp, &disposition);
        if (disposition == IrpProcessed)
                return status;
        if (disposition == IrpNotCompleted) {
                IoCompleteRequest(Irp, IO_NO_INCREMENT);
                return status;
        }
        return Forward(DeviceObject, Irp);
}

// --- PnP -------------------------------------------------------------------------------------------

static NTSTATUS NTAPI Started(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
        UNREFERENCED_PARAMETER(DeviceObject);
        UNREFERENCED_PARAMETER(Irp);
        KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
        return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS Start(Extension *Ext, PIRP Irp)
{
        KEVENT done;
        KeInitializeEvent(&done, NotificationEvent, FALSE);
        IoCopyCurrentIrpStackLocationToNext(Irp);
        IoSetCompletionRoutine(Irp, Started, &done, TRUE, TRUE, TRUE);
        if (IoCallDriver(Ext->Lower, Irp) == STATUS_PENDING)
                KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        NTSTATUS status = Mode == ModeFailStart ? STATUS_DEVICE_CONFIGURATION_ERROR : Irp->IoStatus.Status;
        if (Mode == ModeHangInStart)
                HangDeep(&Ext->Never);
        if (NT_SUCCESS(status)) {
                status = IoWMIRegistrationControl(Ext->Self, WMIREG_ACTION_REGISTER);
                Ext->Registered = NT_SUCCESS(status);
        }
        Irp->IoStatus.Status = status;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return status;
}

static NTSTATUS NTAPI Pnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        Extension *ext = DeviceObject->DeviceExtension;
        PDEVICE_OBJECT lower = ext->Lower;
        switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
        case IRP_MN_START_DEVICE:
                return Start(ext, Irp);
        case IRP_MN_REMOVE_DEVICE: {
                KeFlushQueuedDpcs(); // before: what it fires is still registered
                if (ext->Registered && Mode != ModeStaysRegistered)
                        IoWMIRegistrationControl(DeviceObject, WMIREG_ACTION_DEREGISTER);
                KeFlushQueuedDpcs(); // and what an ENABLE in between has queued does not outlive the device
                Irp->IoStatus.Status = STATUS_SUCCESS;
                NTSTATUS status = Forward(DeviceObject, Irp);
                IoDetachDevice(lower);
                IoDeleteDevice(DeviceObject);
                return status;
        }
        case IRP_MN_QUERY_REMOVE_DEVICE:
        case IRP_MN_SURPRISE_REMOVAL:
                Irp->IoStatus.Status = STATUS_SUCCESS;
                return Forward(DeviceObject, Irp);
        default:
                return Forward(DeviceObject, Irp);
        }
}

static NTSTATUS NTAPI Other(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        return Forward(DeviceObject, Irp);
}

static NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Pdo)
{
        NTSTATUS status = IoCreateDevice(DriverObject, sizeof(Extension), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
        if (!NT_SUCCESS(status))
                return status;
        Extension *ext = Device->DeviceExtension;
        RtlZeroMemory(ext, sizeof(*ext));
        ext->Self = Device;
        ext->Pdo = Pdo;
        KeInitializeDpc(&ext->Dpc, Dpc, ext);
        KeInitializeEvent(&ext->Never, NotificationEvent, FALSE);
        ext->Lower = IoAttachDeviceToDeviceStack(Device, Pdo);
        Device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        return STATUS_SUCCESS;
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
        UNREFERENCED_PARAMETER(DriverObject);
        if (Path.Buffer)
                ExFreePool(Path.Buffer);
        DbgPrint("mischief: unloaded\n");
}

static VOID ReadParameters(PUNICODE_STRING RegistryPath)
{
        static WCHAR parameters[] = L"Parameters", mode[] = L"Mode", count[] = L"Count";
        RTL_QUERY_REGISTRY_TABLE table[4];
        RtlZeroMemory(table, sizeof(table));
        table[0].Flags = RTL_QUERY_REGISTRY_SUBKEY;
        table[0].Name = parameters;
        table[1].Flags = table[2].Flags = RTL_QUERY_REGISTRY_DIRECT;
        table[1].Name = mode;
        table[1].EntryContext = &Mode;
        table[2].Name = count;
        table[2].EntryContext = &Count;
        Path.MaximumLength = RegistryPath->Length + sizeof(WCHAR);
        Path.Buffer = ExAllocatePoolWithTag(PagedPool, Path.MaximumLength, 'htaP');
        if (!Path.Buffer)
                return;
        RtlCopyUnicodeString(&Path, RegistryPath);
        Path.Buffer[Path.Length / sizeof(WCHAR)] = 0;
        RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, Path.Buffer, table, NULL, NULL);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
        ReadParameters(RegistryPath);
        for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                DriverObject->MajorFunction[i] = Other;
        DriverObject->MajorFunction[IRP_MJ_PNP] = Pnp;
        DriverObject->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = SystemControl;
        DriverObject->DriverExtension->AddDevice = AddDevice;
        DriverObject->DriverUnload = Unload;
        switch (Mode) {
        case ModeCrashInEntry:
                CrashCaller();
                break;
        case ModeLeak:
                ExAllocatePoolWithTag(NonPagedPool, 100, 'kaeL');
                ExAllocatePoolWithTag(PagedPool, 23, 'tsoL');
                ExAllocatePoolWithTag(PagedPool, 27, 'tsoL');
                break;
        case ModeStackOverflow:
                DbgPrint("%u\n", OverflowStack(1));
                break;
        case ModeDoubleFree:
                FreeTwice();
                break;
        case ModeFailEntry:
                Unload(DriverObject);
                return STATUS_DEVICE_DOES_NOT_EXIST;
        case ModeJumpToNowhere:
                ((VOID(*)(VOID))(ULONG_PTR)0x40)();
                break;
        case ModeCrashInKernel:
                BadStringToKernel();
                break;
        default:
                break;
        }
        return STATUS_SUCCESS;
}
