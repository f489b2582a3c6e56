// SPDX-License-Identifier: MIT
// uevent: a WDM driver that reports the Linux kernel's device events as the event block Linux_DeviceEvent.
//
// Plain driver code: WMILIB, one root-enumerated device, a system thread. Only its input is Linux's, and that is in
// uevent-linux.c. It listens while somebody subscribes: IRP_MN_ENABLE_EVENTS opens the socket, so that no event after
// its completion is missed, and starts the thread; IRP_MN_DISABLE_EVENTS ends both.
#include <ntddk.h>
#include <wmistr.h>
#include <wmilib.h>

#include "uevent.h"

#define UEVENT_TAG 'nveU'
#define UEVENT_MESSAGE 8192    // the kernel's own bound is 2048 bytes of variables and a path
#define UEVENT_WNODE 64        // bytes of a WNODE_SINGLE_INSTANCE before its data
#define UEVENT_DEFAULT_LIMIT 1024

static const GUID LinuxDeviceEventGuid = {0x6f1d2a0e, 0x5c8b, 0x4b64, {0x9d, 0x0a, 0x3f, 0x5e, 0x5b, 0x2f, 0x7c, 0x11}};

typedef struct _UEVENT_EXTENSION {
        PDEVICE_OBJECT Self, Pdo, Lower;
        WMILIB_CONTEXT WmiLib;
        PVOID Listener;   // UeventOpen's handle while enabled
        PETHREAD Thread;  // reads it
        KEVENT Guard;     // set while nobody changes the two above or Removed; a lock that keeps PASSIVE_LEVEL
        BOOLEAN Removed;  // the device goes: nothing is fired any more
        BOOLEAN Registered;
} UEVENT_EXTENSION, *PUEVENT_EXTENSION;

typedef enum _UEVENT_TEXT { TextAction, TextSubsystem, TextPath, TextDriver, TextCount } UEVENT_TEXT;

// One uevent taken apart. Texts point into the message.
typedef struct _UEVENT {
        ULONGLONG Sequence;
        ULONG Major, Minor;
        const char *Text[TextCount];
} UEVENT, *PUEVENT;

static UNICODE_STRING UeventRegistryPath;
static WCHAR UeventRegistryPathBuffer[256];

DRIVER_INITIALIZE DriverEntry;

// --- one message becomes one event ------------------------------------------------------------------

static ULONGLONG UeventNumber(const char *s)
{
        ULONGLONG n = 0;
        for (; *s >= '0' && *s <= '9'; s++)
                n = n * 10 + (ULONGLONG)(*s - '0');
        return n;
}

static const char *UeventValue(const char *s, const char *key)
{
        SIZE_T n = strlen(key);
        return strncmp(s, key, n) == 0 ? s + n : NULL;
}

// Message holds Size bytes and a NUL behind them. FALSE: not a uevent.
static BOOLEAN UeventParse(const char *Message, ULONG Size, PUEVENT Event)
{
        static const struct {
                const char *Key;
                UEVENT_TEXT Text;
        } Texts[] = {{"ACTION=", TextAction}, {"SUBSYSTEM=", TextSubsystem}, {"DEVPATH=", TextPath}, {"DRIVER=", TextDriver}};

        RtlZeroMemory(Event, sizeof(*Event));
        for (ULONG i = 0; i < TextCount; i++)
                Event->Text[i] = "";
        for (const char *s = Message; s < Message + Size; s += strlen(s) + 1) {
                const char *v;
                if ((v = UeventValue(s, "SEQNUM=")))
                        Event->Sequence = UeventNumber(v);
                else if ((v = UeventValue(s, "MAJOR=")))
                        Event->Major = (ULONG)UeventNumber(v);
                else if ((v = UeventValue(s, "MINOR=")))
                        Event->Minor = (ULONG)UeventNumber(v);
                for (ULONG i = 0; i < RTL_NUMBER_OF(Texts); i++)
                        if ((v = UeventValue(s, Texts[i].Key)))
                                Event->Text[Texts[i].Text] = v;
        }
        return Event->Text[TextAction][0] != 0;
}

// UTF-8 to UTF-16; what is not UTF-8 becomes U+FFFD. Returns the units written; Out NULL only counts.
static ULONG UeventWiden(const char *s, PWCHAR Out)
{
        ULONG n = 0;
        while (*s) {
                UCHAR c = (UCHAR)*s++;
                ULONG u = c, more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 4;
                if (more == 4) {
                        u = 0xFFFD;
                } else if (more) {
                        u = c & (0x3Fu >> more);
                        for (; more && ((UCHAR)*s & 0xC0) == 0x80; more--)
                                u = u << 6 | ((UCHAR)*s++ & 0x3F);
                        if (more || (u >= 0xD800 && u < 0xE000) || u > 0x10FFFF)
                                u = 0xFFFD;
                }
                if (u >= 0x10000) {
                        if (Out) {
                                Out[n] = (WCHAR)(0xD7C0 + (u >> 10));
                                Out[n + 1] = (WCHAR)(0xDC00 | (u & 0x3FF));
                        }
                        n += 2;
                } else {
                        if (Out)
                                Out[n] = (WCHAR)u;
                        n++;
                }
        }
        return n;
}

// The limit for a whole WNODE, as IoWMIWriteEvent reads it.
static ULONG UeventLimit(VOID)
{
        ULONG limit = UEVENT_DEFAULT_LIMIT, none = UEVENT_DEFAULT_LIMIT;
        static WCHAR Name[] = L"MaxEventSize";
        RTL_QUERY_REGISTRY_TABLE table[2];
        RtlZeroMemory(table, sizeof(table));
        table[0].Flags = RTL_QUERY_REGISTRY_DIRECT;
        table[0].Name = Name;
        table[0].EntryContext = &limit;
        table[0].DefaultType = REG_DWORD;
        table[0].DefaultData = &none;
        table[0].DefaultLength = sizeof(none);
        if (!NT_SUCCESS(RtlQueryRegistryValues(RTL_REGISTRY_CONTROL, L"WMI", table, NULL, NULL)))
                return UEVENT_DEFAULT_LIMIT;
        return limit;
}

// How many units of each text go out so that all fit into Room units: the path gives way first, then the others.
static VOID UeventFit(const ULONG *Have, ULONG *Send, ULONG Room)
{
        static const UEVENT_TEXT order[] = {TextPath, TextDriver, TextSubsystem, TextAction};
        ULONG total = 0;
        for (ULONG i = 0; i < TextCount; i++)
                total += Send[i] = Have[i];
        for (ULONG i = 0; i < RTL_NUMBER_OF(order) && total > Room; i++) {
                ULONG *send = &Send[order[i]], excess = total - Room, cut = excess < *send ? excess : *send;
                *send -= cut;
                total -= cut;
        }
}

// Writes one text: whole, or its end behind "...".
static PUCHAR UeventPutText(PUCHAR At, const WCHAR *Text, ULONG Have, ULONG Send)
{
        static const WCHAR dots[] = {'.', '.', '.'};
        USHORT bytes = (USHORT)(Send * sizeof(WCHAR));
        RtlCopyMemory(At, &bytes, sizeof(bytes));
        At += sizeof(bytes);
        ULONG mark = Send < Have ? (Send < 3 ? Send : 3) : 0;
        ULONG rest = Send - mark;
        RtlCopyMemory(At, dots, mark * sizeof(WCHAR));
        PUCHAR tail = At + mark * sizeof(WCHAR);
        RtlCopyMemory(tail, Text + (Have - rest), rest * sizeof(WCHAR));
        if (mark && rest && Text[Have - rest] >= 0xDC00 && Text[Have - rest] < 0xE000) {
                WCHAR half = 0xFFFD; // the cut went through a surrogate pair
                RtlCopyMemory(tail, &half, sizeof(half));
        }
        return At + bytes;
}

// Builds the data block: u64 | u32 | u32 | four strings, each u16 byte length and UTF-16, all 2-aligned.
static PVOID UeventBlock(const UEVENT *Event, ULONG *RetSize)
{
        ULONG have[TextCount], send[TextCount], units = 0, fixed = 16 + TextCount * sizeof(USHORT), limit = UeventLimit();
        for (ULONG i = 0; i < TextCount; i++)
                units += have[i] = UeventWiden(Event->Text[i], NULL);
        ULONG room = limit > UEVENT_WNODE + fixed ? (limit - UEVENT_WNODE - fixed) / sizeof(WCHAR) : 0;
        UeventFit(have, send, room);

        PWCHAR wide = ExAllocatePoolWithTag(PagedPool, (units + 1) * sizeof(WCHAR), UEVENT_TAG);
        ULONG sent = 0;
        for (ULONG i = 0; i < TextCount; i++)
                sent += send[i];
        *RetSize = fixed + sent * sizeof(WCHAR);
        PUCHAR block = ExAllocatePoolWithTag(NonPagedPool, *RetSize, UEVENT_TAG);
        if (!wide || !block) {
                if (wide)
                        ExFreePoolWithTag(wide, UEVENT_TAG);
                if (block)
                        ExFreePoolWithTag(block, UEVENT_TAG);
                return NULL;
        }
        RtlCopyMemory(block, &Event->Sequence, 8);
        RtlCopyMemory(block + 8, &Event->Major, 4);
        RtlCopyMemory(block + 12, &Event->Minor, 4);
        PUCHAR at = block + 16;
        for (ULONG i = 0; i < TextCount; i++) {
                UeventWiden(Event->Text[i], wide);
                at = UeventPutText(at, wide, have[i], send[i]);
        }
        ExFreePoolWithTag(wide, UEVENT_TAG);
        return block;
}

static VOID UeventFire(PUEVENT_EXTENSION Ext, const char *Message, ULONG Size)
{
        UEVENT event;
        ULONG size;
        if (!UeventParse(Message, Size, &event))
                return;
        PVOID block = UeventBlock(&event, &size);
        if (!block) {
                DbgPrint("uevent: no memory for event %I64u\n", event.Sequence);
                return;
        }
        NTSTATUS status = WmiFireEvent(Ext->Self, (LPCGUID)&LinuxDeviceEventGuid, 0, size, block); // takes the block
        if (!NT_SUCCESS(status))
                DbgPrint("uevent: event %I64u was refused: 0x%08X\n", event.Sequence, status);
}

static VOID UeventThread(PVOID Context)
{
        PUEVENT_EXTENSION ext = Context;
        char *message = ExAllocatePoolWithTag(PagedPool, UEVENT_MESSAGE + 1, UEVENT_TAG);
        PVOID listener = ext->Listener;
        LONG n = 0;
        while (message && (n = (LONG)UeventRead(listener, message, UEVENT_MESSAGE)) != 0) {
                if (n < 0) {
                        DbgPrint("uevent: the kernel dropped events: they came faster than they were read\n");
                        continue;
                }
                message[n] = 0;
                UeventFire(ext, message, (ULONG)n);
        }
        if (message)
                ExFreePoolWithTag(message, UEVENT_TAG);
        PsTerminateSystemThread(STATUS_SUCCESS);
}

// --- listening: while somebody subscribes --------------------------------------------------------------

static NTSTATUS UeventStartListening(PUEVENT_EXTENSION Ext)
{
        int error = 0;
        HANDLE handle;
        Ext->Listener = UeventOpen(&error);
        if (!Ext->Listener) {
                DbgPrint("uevent: the kernel's uevent group cannot be opened: error %d\n", error);
                return STATUS_UNSUCCESSFUL;
        }
        NTSTATUS status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, UeventThread, Ext);
        if (NT_SUCCESS(status)) {
                status = ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, NULL, KernelMode, (PVOID *)&Ext->Thread, NULL);
                ZwClose(handle);
        }
        if (!NT_SUCCESS(status)) {
                char nothing;
                UeventStop(Ext->Listener);
                UeventRead(Ext->Listener, &nothing, 0);
                Ext->Listener = NULL;
        }
        return status;
}

static VOID UeventStopListening(PUEVENT_EXTENSION Ext)
{
        if (!Ext->Listener)
                return;
        UeventStop(Ext->Listener);
        KeWaitForSingleObject(Ext->Thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Ext->Thread);
        Ext->Thread = NULL;
        Ext->Listener = NULL;
}

// --- WMI ----------------------------------------------------------------------------------------------

static WMIGUIDREGINFO UeventGuids[] = {{(LPCGUID)&LinuxDeviceEventGuid, 1, WMIREG_FLAG_EVENT_ONLY_GUID}};

static NTSTATUS NTAPI UeventQueryRegInfo(PDEVICE_OBJECT DeviceObject, PULONG RegFlags, PUNICODE_STRING InstanceName,
                                         PUNICODE_STRING *RegistryPath, PUNICODE_STRING MofResourceName, PDEVICE_OBJECT *Pdo)
{
        PUEVENT_EXTENSION ext = DeviceObject->DeviceExtension;
        UNREFERENCED_PARAMETER(InstanceName);
        *RegFlags = WMIREG_FLAG_INSTANCE_PDO;
        *RegistryPath = &UeventRegistryPath;
        RtlInitUnicodeString(MofResourceName, L"UeventMof");
        *Pdo = ext->Pdo;
        return STATUS_SUCCESS;
}

static NTSTATUS NTAPI UeventQueryDataBlock(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex, ULONG InstanceIndex,
                                           ULONG InstanceCount, PULONG InstanceLengthArray, ULONG BufferAvail, PUCHAR Buffer)
{
        UNREFERENCED_PARAMETER(GuidIndex);
        UNREFERENCED_PARAMETER(InstanceIndex);
        UNREFERENCED_PARAMETER(InstanceCount);
        UNREFERENCED_PARAMETER(InstanceLengthArray);
        UNREFERENCED_PARAMETER(BufferAvail);
        UNREFERENCED_PARAMETER(Buffer);
        return WmiCompleteRequest(DeviceObject, Irp, STATUS_WMI_GUID_NOT_FOUND, 0, IO_NO_INCREMENT); // events only
}

static NTSTATUS NTAPI UeventFunctionControl(PDEVICE_OBJECT DeviceObject, PIRP Irp, ULONG GuidIndex,
                                            WMIENABLEDISABLECONTROL Function, BOOLEAN Enable)
{
        PUEVENT_EXTENSION ext = DeviceObject->DeviceExtension;
        NTSTATUS status = STATUS_SUCCESS;
        UNREFERENCED_PARAMETER(GuidIndex);
        if (Function == WmiEventControl) {
                KeWaitForSingleObject(&ext->Guard, Executive, KernelMode, FALSE, NULL);
                UeventStopListening(ext);
                if (Enable && !ext->Removed)
                        status = UeventStartListening(ext);
                KeSetEvent(&ext->Guard, IO_NO_INCREMENT, FALSE);
        }
        return WmiCompleteRequest(DeviceObject, Irp, status, 0, IO_NO_INCREMENT);
}

static NTSTATUS NTAPI UeventSystemControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PUEVENT_EXTENSION ext = DeviceObject->DeviceExtension;
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
                IoSkipCurrentIrpStackLocation(Irp);
                return IoCallDriver(ext->Lower, Irp);
        }
}

// --- the device ---------------------------------------------------------------------------------------

static NTSTATUS NTAPI UeventForward(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PUEVENT_EXTENSION ext = DeviceObject->DeviceExtension;
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(ext->Lower, Irp);
}

static NTSTATUS NTAPI UeventPower(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PUEVENT_EXTENSION ext = DeviceObject->DeviceExtension;
        PoStartNextPowerIrp(Irp);
        IoSkipCurrentIrpStackLocation(Irp);
        return PoCallDriver(ext->Lower, Irp);
}

static NTSTATUS NTAPI UeventStarted(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
        UNREFERENCED_PARAMETER(DeviceObject);
        UNREFERENCED_PARAMETER(Irp);
        KeSetEvent((PKEVENT)Context, IO_NO_INCREMENT, FALSE);
        return STATUS_MORE_PROCESSING_REQUIRED;
}

// The bus below starts first; then the device registers.
static NTSTATUS UeventStartDevice(PUEVENT_EXTENSION Ext, PIRP Irp)
{
        KEVENT done;
        KeInitializeEvent(&done, NotificationEvent, FALSE);
        IoCopyCurrentIrpStackLocationToNext(Irp);
        IoSetCompletionRoutine(Irp, UeventStarted, &done, TRUE, TRUE, TRUE);
        NTSTATUS status = IoCallDriver(Ext->Lower, Irp);
        if (status == STATUS_PENDING)
                KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        status = Irp->IoStatus.Status;
        if (NT_SUCCESS(status)) {
                status = IoWMIRegistrationControl(Ext->Self, WMIREG_ACTION_REGISTER);
                Ext->Registered = NT_SUCCESS(status);
        }
        Irp->IoStatus.Status = status;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
        return status;
}

// First nothing is fired any more, then the registration goes.
static VOID UeventDeregister(PUEVENT_EXTENSION Ext)
{
        KeWaitForSingleObject(&Ext->Guard, Executive, KernelMode, FALSE, NULL);
        Ext->Removed = TRUE;
        UeventStopListening(Ext);
        KeSetEvent(&Ext->Guard, IO_NO_INCREMENT, FALSE);
        if (Ext->Registered) {
                Ext->Registered = FALSE;
                IoWMIRegistrationControl(Ext->Self, WMIREG_ACTION_DEREGISTER);
        }
}

static NTSTATUS NTAPI UeventPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
        PUEVENT_EXTENSION ext = DeviceObject->DeviceExtension;
        NTSTATUS status;
        switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
        case IRP_MN_START_DEVICE:
                return UeventStartDevice(ext, Irp);
        case IRP_MN_SURPRISE_REMOVAL:
                UeventDeregister(ext);
                break;
        case IRP_MN_REMOVE_DEVICE:
                UeventDeregister(ext);
                Irp->IoStatus.Status = STATUS_SUCCESS;
                IoSkipCurrentIrpStackLocation(Irp);
                status = IoCallDriver(ext->Lower, Irp);
                IoDetachDevice(ext->Lower);
                IoDeleteDevice(DeviceObject);
                return status;
        case IRP_MN_QUERY_REMOVE_DEVICE:
        case IRP_MN_CANCEL_REMOVE_DEVICE:
        case IRP_MN_QUERY_STOP_DEVICE:
        case IRP_MN_CANCEL_STOP_DEVICE:
        case IRP_MN_STOP_DEVICE:
                Irp->IoStatus.Status = STATUS_SUCCESS;
                break;
        default:
                break;
        }
        return UeventForward(DeviceObject, Irp);
}

static NTSTATUS NTAPI UeventAddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Pdo)
{
        PDEVICE_OBJECT device;
        NTSTATUS status = IoCreateDevice(DriverObject, sizeof(UEVENT_EXTENSION), NULL, FILE_DEVICE_UNKNOWN,
                                         FILE_DEVICE_SECURE_OPEN, FALSE, &device);
        if (!NT_SUCCESS(status))
                return status;
        PUEVENT_EXTENSION ext = device->DeviceExtension;
        RtlZeroMemory(ext, sizeof(*ext));
        ext->Self = device;
        ext->Pdo = Pdo;
        KeInitializeEvent(&ext->Guard, SynchronizationEvent, TRUE);
        ext->WmiLib.GuidCount = RTL_NUMBER_OF(UeventGuids);
        ext->WmiLib.GuidList = UeventGuids;
        ext->WmiLib.QueryWmiRegInfo = UeventQueryRegInfo;
        ext->WmiLib.QueryWmiDataBlock = UeventQueryDataBlock;
        ext->WmiLib.WmiFunctionControl = UeventFunctionControl;
        ext->Lower = IoAttachDeviceToDeviceStack(device, Pdo);
        if (!ext->Lower) {
                IoDeleteDevice(device);
                return STATUS_NO_SUCH_DEVICE;
        }
        device->Flags |= ext->Lower->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO | DO_POWER_PAGABLE);
        device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        return STATUS_SUCCESS;
}

static VOID NTAPI UeventUnload(PDRIVER_OBJECT DriverObject)
{
        UNREFERENCED_PARAMETER(DriverObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
        UeventRegistryPath.Buffer = UeventRegistryPathBuffer;
        UeventRegistryPath.MaximumLength = sizeof(UeventRegistryPathBuffer);
        RtlCopyUnicodeString(&UeventRegistryPath, RegistryPath);
        for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                DriverObject->MajorFunction[i] = UeventForward;
        DriverObject->MajorFunction[IRP_MJ_PNP] = UeventPnp;
        DriverObject->MajorFunction[IRP_MJ_POWER] = UeventPower;
        DriverObject->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = UeventSystemControl;
        DriverObject->DriverExtension->AddDevice = UeventAddDevice;
        DriverObject->DriverUnload = UeventUnload;
        return STATUS_SUCCESS;
}
