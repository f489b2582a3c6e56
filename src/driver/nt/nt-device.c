// SPDX-License-Identifier: MIT
// Driver and device objects, device stacks, file objects.
//
// io_lock guards the lists (a driver's devices, all devices) and the attachments. A device object is an
// object of ours: IoDeleteDevice takes it out of its driver and drops the reference of its creation; its
// memory goes with the last reference.
#include "driver/nt/nt-internal.h"

#include <stdio.h>
#include <string.h>

static NtLock io_lock;
static LIST_ENTRY all_devices = {&all_devices, &all_devices};
static ULONG last_id;

// --- drivers -------------------------------------------------------------------------------------

// A driver object and what hangs on it, in one block.
typedef struct Driver {
        DRIVER_OBJECT object;
        DRIVER_EXTENSION extension;
        UNICODE_STRING name, service_key;
        LIST_ENTRY client_extensions; // IoAllocateDriverObjectExtension
        LIST_ENTRY reinitialize;
} Driver;

typedef struct ClientExtension {
        LIST_ENTRY link;
        PVOID id;
} DECLSPEC_ALIGN(16) ClientExtension;

typedef struct Reinitialize {
        LIST_ENTRY link;
        PDRIVER_REINITIALIZE routine;
        PVOID context;
} Reinitialize;

static UNICODE_STRING hardware_key =
        RTL_CONSTANT_STRING(L"\\REGISTRY\\MACHINE\\HARDWARE\\DESCRIPTION\\SYSTEM");

static void driver_destroy(void *body)
{
        Driver *d = body;
        nt_name_remove_object(d);
        while (!IsListEmpty(&d->client_extensions))
                ExFreePool(CONTAINING_RECORD(RemoveHeadList(&d->client_extensions), ClientExtension, link));
        while (!IsListEmpty(&d->reinitialize))
                ExFreePool(CONTAINING_RECORD(RemoveHeadList(&d->reinitialize), Reinitialize, link));
        nt_unicode_free(&d->name);
        nt_unicode_free(&d->service_key);
}

struct _OBJECT_TYPE nt_type_driver = {"Driver", driver_destroy, NT_TAG('D', 'r', 'i', 'v')};

NTSTATUS nt_invalid_device_request(PDEVICE_OBJECT device, PIRP irp)
{
        (void)device;
        irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
        irp->IoStatus.Information = 0;
        IofCompleteRequest(irp, IO_NO_INCREMENT);
        return STATUS_INVALID_DEVICE_REQUEST;
}

PDRIVER_OBJECT nt_driver_object_create(const UNICODE_STRING *name, const UNICODE_STRING *service_key,
                                       bool system)
{
        Driver *d = nt_object_create(&nt_type_driver, sizeof *d, true);
        if (!d)
                return NULL;
        (void)system;
        InitializeListHead(&d->client_extensions);
        InitializeListHead(&d->reinitialize);
        d->object.Type = IO_TYPE_DRIVER;
        d->object.Size = sizeof d->object;
        d->object.DriverExtension = &d->extension;
        d->extension.DriverObject = &d->object;
        d->object.HardwareDatabase = &hardware_key;
        for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                d->object.MajorFunction[i] = nt_invalid_device_request;
        char text[512];
        if (!nt_unicode_from_utf8(&d->name, nt_utf8(text, sizeof text, name)) ||
            (service_key &&
             !nt_unicode_from_utf8(&d->service_key, nt_utf8(text, sizeof text, service_key))) ||
            !NT_SUCCESS(nt_name_insert(name, d, NULL))) {
                ObfDereferenceObject(d);
                return NULL;
        }
        d->object.DriverName = d->name;
        d->extension.ServiceKeyName = d->service_key;
        return &d->object;
}

NTEXPORT NTSTATUS NTAPI IoAllocateDriverObjectExtension(PDRIVER_OBJECT driver, PVOID id, ULONG size,
                                                        PVOID *ret)
{
        Driver *d = CONTAINING_RECORD(driver, Driver, object);
        *ret = NULL;
        ClientExtension *x =
                nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, sizeof *x + size, NT_TAG('D', 'r', 'i', 'v'));
        if (!x)
                return STATUS_INSUFFICIENT_RESOURCES;
        x->id = id;
        bool taken = false;
        nt_lock(&io_lock);
        for (LIST_ENTRY *e = d->client_extensions.Flink; e != &d->client_extensions; e = e->Flink)
                taken |= CONTAINING_RECORD(e, ClientExtension, link)->id == id;
        if (!taken)
                InsertTailList(&d->client_extensions, &x->link);
        nt_unlock(&io_lock);
        if (taken) {
                ExFreePool(x);
                return STATUS_OBJECT_NAME_COLLISION;
        }
        *ret = x + 1;
        return STATUS_SUCCESS;
}

NTEXPORT PVOID NTAPI IoGetDriverObjectExtension(PDRIVER_OBJECT driver, PVOID id)
{
        Driver *d = CONTAINING_RECORD(driver, Driver, object);
        PVOID found = NULL;
        nt_lock(&io_lock);
        for (LIST_ENTRY *e = d->client_extensions.Flink; e != &d->client_extensions; e = e->Flink)
                if (CONTAINING_RECORD(e, ClientExtension, link)->id == id)
                        found = CONTAINING_RECORD(e, ClientExtension, link) + 1;
        nt_unlock(&io_lock);
        return found;
}

NTEXPORT VOID NTAPI IoRegisterDriverReinitialization(PDRIVER_OBJECT driver, PDRIVER_REINITIALIZE routine,
                                                     PVOID context)
{
        Driver *d = CONTAINING_RECORD(driver, Driver, object);
        Reinitialize *r = nt_pool_alloc(NT_POOL_SYSTEM, sizeof *r, NT_TAG('D', 'r', 'i', 'v'));
        if (!r)
                return;
        r->routine = routine;
        r->context = context;
        InsertTailList(&d->reinitialize, &r->link);
}

NTEXPORT VOID NTAPI IoRegisterBootDriverReinitialization(PDRIVER_OBJECT driver, PDRIVER_REINITIALIZE routine,
                                                         PVOID context)
{
        IoRegisterDriverReinitialization(driver, routine, context);
}

void nt_reinitialize_run(PDRIVER_OBJECT driver)
{
        Driver *d = CONTAINING_RECORD(driver, Driver, object);
        while (!IsListEmpty(&d->reinitialize)) {
                Reinitialize *r = CONTAINING_RECORD(RemoveHeadList(&d->reinitialize), Reinitialize, link);
                Reinitialize copy = *r;
                ExFreePool(r);
                driver->DriverExtension->Count++;
                nt_enter("reinitialization", (const void *)copy.routine);
                copy.routine(driver, copy.context, driver->DriverExtension->Count);
                nt_leave();
        }
}

// --- devices -------------------------------------------------------------------------------------

static void device_destroy(void *body)
{
        PDEVICE_OBJECT device = body;
        NtDeviceExtension *x = nt_device_extension(device);
        if (!x) // IoCreateDevice ran out of memory
                return;
        nt_lock(&io_lock);
        RemoveEntryList(&x->all);
        nt_unlock(&io_lock);
        nt_node_free(x->node_kept);
        ExFreePool(x);
}

struct _OBJECT_TYPE nt_type_device = {"Device", device_destroy, NT_TAG('D', 'e', 'v', 'i')};

static bool driver_is_system(PDRIVER_OBJECT driver)
{
        return driver->Flags & DRVO_BUILTIN_DRIVER;
}

// Names given with FILE_AUTOGENERATED_DEVICE_NAME: \Device\00000001 and so on.
static NTSTATUS device_name(PDEVICE_OBJECT device, PUNICODE_STRING name)
{
        if (!(device->Characteristics & FILE_AUTOGENERATED_DEVICE_NAME))
                return nt_name_insert(name, device, NULL);
        static atomic_uint number;
        for (;;) {
                UNICODE_STRING made;
                NTSTATUS status =
                        nt_unicode_format(&made, "\\Device\\%08x", atomic_fetch_add(&number, 1) + 1);
                if (NT_SUCCESS(status))
                        status = nt_name_insert(&made, device, NULL);
                nt_unicode_free(&made);
                if (status != STATUS_OBJECT_NAME_COLLISION)
                        return status;
        }
}

NTEXPORT NTSTATUS NTAPI IoCreateDevice(PDRIVER_OBJECT driver, ULONG extension_size, PUNICODE_STRING name,
                                       DEVICE_TYPE type, ULONG characteristics, BOOLEAN exclusive,
                                       PDEVICE_OBJECT *ret)
{
        *ret = NULL;
        if (extension_size > UINT16_MAX - sizeof(DEVICE_OBJECT)) // DEVICE_OBJECT.Size counts both
                return STATUS_INVALID_PARAMETER;
        bool system = driver_is_system(driver);
        // The extension begins behind the object at the next 16 bytes; nothing stands behind it.
        size_t at = (sizeof(DEVICE_OBJECT) + 15) & ~(size_t)15;
        PDEVICE_OBJECT device = nt_object_create_for(&nt_type_device, at + extension_size, system, NT_CALLER);
        if (!device)
                return STATUS_INSUFFICIENT_RESOURCES;
        NtDeviceExtension *x =
                nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, sizeof *x, NT_TAG('D', 'e', 'v', 'i'));
        if (!x) {
                ObfDereferenceObject(device);
                return STATUS_INSUFFICIENT_RESOURCES;
        }
        x->base = (DEVOBJ_EXTENSION){
                .Type = IO_TYPE_DEVICE_OBJECT_EXTENSION, .Size = sizeof x->base, .DeviceObject = device};
        x->system = system;
        x->system_power = PowerSystemWorking;
        x->device_power = PowerDeviceUnspecified;
        device->Type = IO_TYPE_DEVICE;
        device->Size = (USHORT)(sizeof(DEVICE_OBJECT) + extension_size);
        device->DriverObject = driver;
        device->DeviceType = type;
        device->Characteristics = characteristics;
        device->Flags =
                DO_DEVICE_INITIALIZING | (exclusive ? DO_EXCLUSIVE : 0u) | (name ? DO_DEVICE_HAS_NAME : 0u);
        device->DeviceExtension = extension_size ? (char *)device + at : NULL;
        device->DeviceObjectExtension = &x->base;
        device->StackSize = 1;
        KeInitializeDeviceQueue(&device->DeviceQueue);
        KeInitializeEvent(&device->DeviceLock, SynchronizationEvent, TRUE);
        nt_lock(&io_lock);
        x->id = ++last_id;
        InsertTailList(&all_devices, &x->all);
        nt_unlock(&io_lock);
        if (name || (characteristics & FILE_AUTOGENERATED_DEVICE_NAME)) {
                NTSTATUS status = device_name(device, name);
                if (!NT_SUCCESS(status)) {
                        ObfDereferenceObject(device);
                        return status;
                }
                x->named = true;
        }
        ObfReferenceObject(driver);
        nt_lock(&io_lock);
        device->NextDevice = driver->DeviceObject;
        driver->DeviceObject = device;
        nt_unlock(&io_lock);
        *ret = device;
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI WdmlibIoCreateDeviceSecure(PDRIVER_OBJECT driver, ULONG extension_size,
                                                   PUNICODE_STRING name, DEVICE_TYPE type,
                                                   ULONG characteristics, BOOLEAN exclusive,
                                                   PCUNICODE_STRING sddl, LPCGUID class_guid,
                                                   PDEVICE_OBJECT *ret)
{
        (void)sddl, (void)class_guid; // no user-mode open reaches a device here
        return IoCreateDevice(driver, extension_size, name, type, characteristics, exclusive, ret);
}

NTEXPORT VOID NTAPI IoDeleteDevice(PDEVICE_OBJECT device)
{
        if (!nt_object_is(device, &nt_type_device))
                nt_bug_check(NT_BUG_REFERENCE_BY_POINTER, 0, (ULONG_PTR)device, 0, 0, NT_CALLER,
                             "IoDeleteDevice of %p, which is no device object (any more)", (void *)device);
        NtDeviceExtension *x = nt_device_extension(device);
        nt_lock(&io_lock);
        bool twice = x->deleted;
        x->deleted = true;
        bool attached = x->attached_to != NULL;
        PDRIVER_OBJECT driver = device->DriverObject;
        for (PDEVICE_OBJECT *link = &driver->DeviceObject; !twice && *link; link = &(*link)->NextDevice)
                if (*link == device) {
                        *link = device->NextDevice;
                        break;
                }
        nt_unlock(&io_lock);
        if (twice)
                nt_bug_check(NT_BUG_IOMANAGER_VIOLATION, 0, (ULONG_PTR)device, 0, 0, NT_CALLER,
                             "device object %p is deleted a second time", (void *)device);
        if (attached)
                nt_bug_check(NT_BUG_IOMANAGER_VIOLATION, 0, (ULONG_PTR)device, 0, 0, NT_CALLER,
                             "device object %p is deleted without IoDetachDevice: it is still attached",
                             (void *)device);
        if (x->timer) {
                IoStopTimer(device);
                ExFreePool(x->timer);
                x->timer = NULL;
        }
        if (x->named)
                nt_name_remove_object(device);
        ObfDereferenceObject(driver);
        ObfDereferenceObject(device);
}

bool nt_device_known(const void *device)
{
        return nt_object_is(device, &nt_type_device);
}

ULONG nt_device_id(PDEVICE_OBJECT device)
{
        return nt_device_extension(device)->id;
}

// --- stacks --------------------------------------------------------------------------------------

static PDEVICE_OBJECT top_of(PDEVICE_OBJECT device)
{
        while (device->AttachedDevice)
                device = device->AttachedDevice;
        return device;
}

static PDEVICE_OBJECT attach(PDEVICE_OBJECT source, PDEVICE_OBJECT target, PDEVICE_OBJECT *ret)
{
        nt_lock(&io_lock);
        PDEVICE_OBJECT top = top_of(target);
        if (nt_device_extension(top)->deleted || nt_device_extension(source)->attached_to || top == source ||
            top->StackSize >= 126) {
                top = NULL;
        } else {
                source->StackSize = (CCHAR)(top->StackSize + 1);
                source->AlignmentRequirement = top->AlignmentRequirement;
                source->SectorSize = top->SectorSize;
                nt_device_extension(source)->attached_to = top;
                if (ret)
                        *ret = top;
                top->AttachedDevice = source;
        }
        nt_unlock(&io_lock);
        return top;
}

NTEXPORT PDEVICE_OBJECT NTAPI IoAttachDeviceToDeviceStack(PDEVICE_OBJECT source, PDEVICE_OBJECT target)
{
        return attach(source, target, NULL);
}

NTEXPORT NTSTATUS NTAPI IoAttachDeviceToDeviceStackSafe(PDEVICE_OBJECT source, PDEVICE_OBJECT target,
                                                        PDEVICE_OBJECT *ret)
{
        return attach(source, target, ret) ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
}

NTEXPORT NTSTATUS NTAPI IoAttachDevice(PDEVICE_OBJECT source, PUNICODE_STRING name, PDEVICE_OBJECT *ret)
{
        PDEVICE_OBJECT target = nt_name_find_reference(name, &nt_type_device);
        if (!target)
                return STATUS_OBJECT_NAME_NOT_FOUND;
        PDEVICE_OBJECT top = attach(source, target, ret);
        ObfDereferenceObject(target);
        return top ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
}

NTEXPORT VOID NTAPI IoDetachDevice(PDEVICE_OBJECT target)
{
        if (!nt_object_is(target, &nt_type_device))
                nt_bug_check(NT_BUG_REFERENCE_BY_POINTER, 0, (ULONG_PTR)target, 0, 0, NT_CALLER,
                             "IoDetachDevice of %p, which is no device object (any more)", (void *)target);
        nt_lock(&io_lock);
        PDEVICE_OBJECT above = target->AttachedDevice;
        if (above) {
                nt_device_extension(above)->attached_to = NULL;
                target->AttachedDevice = NULL;
        }
        nt_unlock(&io_lock);
        if (!above)
                nt_bug_check(NT_BUG_IOMANAGER_VIOLATION, 0, (ULONG_PTR)target, 0, 0, NT_CALLER,
                             "IoDetachDevice of %p, to which nothing is attached", (void *)target);
}

NTEXPORT PDEVICE_OBJECT NTAPI IoGetAttachedDevice(PDEVICE_OBJECT device)
{
        nt_lock(&io_lock);
        PDEVICE_OBJECT top = top_of(device);
        nt_unlock(&io_lock);
        return top;
}

NTEXPORT PDEVICE_OBJECT NTAPI IoGetAttachedDeviceReference(PDEVICE_OBJECT device)
{
        nt_lock(&io_lock);
        PDEVICE_OBJECT top = top_of(device);
        ObfReferenceObject(top);
        nt_unlock(&io_lock);
        return top;
}

NTEXPORT PDEVICE_OBJECT NTAPI IoGetLowerDeviceObject(PDEVICE_OBJECT device)
{
        nt_lock(&io_lock);
        PDEVICE_OBJECT lower = nt_device_extension(device)->attached_to;
        if (lower)
                ObfReferenceObject(lower);
        nt_unlock(&io_lock);
        return lower;
}

static PDEVICE_OBJECT bottom_of(PDEVICE_OBJECT device)
{
        while (nt_device_extension(device)->attached_to)
                device = nt_device_extension(device)->attached_to;
        return device;
}

NTEXPORT PDEVICE_OBJECT NTAPI IoGetDeviceAttachmentBaseRef(PDEVICE_OBJECT device)
{
        nt_lock(&io_lock);
        PDEVICE_OBJECT bottom = bottom_of(device);
        ObfReferenceObject(bottom);
        nt_unlock(&io_lock);
        return bottom;
}

PDEVICE_OBJECT nt_device_pdo_reference(PDEVICE_OBJECT device)
{
        nt_lock(&io_lock);
        PDEVICE_OBJECT bottom = bottom_of(device);
        if (nt_device_extension(bottom)->node)
                ObfReferenceObject(bottom);
        else
                bottom = NULL;
        nt_unlock(&io_lock);
        return bottom;
}

PDEVICE_OBJECT nt_device_by_id(ULONG id)
{
        PDRIVER_OBJECT driver = nt_driver();
        PDEVICE_OBJECT found = NULL;
        nt_lock(&io_lock);
        for (PDEVICE_OBJECT d = driver ? driver->DeviceObject : NULL; d && !found; d = d->NextDevice)
                if (nt_device_extension(d)->id == id)
                        found = d;
        if (found)
                ObfReferenceObject(found);
        nt_unlock(&io_lock);
        return found;
}

NTEXPORT NTSTATUS NTAPI IoEnumerateDeviceObjectList(PDRIVER_OBJECT driver, PDEVICE_OBJECT *list, ULONG bytes,
                                                    PULONG ret_count)
{
        ULONG room = bytes / sizeof *list, n = 0;
        nt_lock(&io_lock);
        for (PDEVICE_OBJECT d = driver->DeviceObject; d; d = d->NextDevice, n++)
                if (n < room) {
                        ObfReferenceObject(d);
                        list[n] = d;
                }
        nt_unlock(&io_lock);
        *ret_count = n;
        return n > room ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}

NTEXPORT VOID NTAPI IoSetStartIoAttributes(PDEVICE_OBJECT device, BOOLEAN deferred, BOOLEAN non_cancelable)
{
        (void)device, (void)deferred, (void)non_cancelable; // StartIo is always called directly here
}

// --- files ---------------------------------------------------------------------------------------

static void file_destroy(void *body)
{
        PFILE_OBJECT file = body;
        if (file->DeviceObject) {
                PDEVICE_OBJECT top = IoGetAttachedDeviceReference(file->DeviceObject);
                if (file->Flags & FO_HANDLE_CREATED)
                        nt_irp_call(top, IRP_MJ_CLOSE, 0, STATUS_SUCCESS, NULL, file, NULL);
                ObfDereferenceObject(top);
                ObfDereferenceObject(file->DeviceObject);
        }
}

struct _OBJECT_TYPE nt_type_file = {"File", file_destroy, NT_TAG('F', 'i', 'l', 'e')};

static void fill_file(PIO_STACK_LOCATION sp, void *arg)
{
        sp->FileObject = arg;
}

static void fill_create(PIO_STACK_LOCATION sp, void *arg)
{
        sp->FileObject = arg;
        sp->Parameters.Create.Options = FILE_OPEN << 24;
        sp->Parameters.Create.ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE;
}

// Opens the device of that name: IRP_MJ_CREATE to the top of its stack, and IRP_MJ_CLEANUP at once, as the
// handle that Windows opens for this is closed before it returns. IRP_MJ_CLOSE comes with the last reference
// of the file object.
NTEXPORT NTSTATUS NTAPI IoGetDeviceObjectPointer(PUNICODE_STRING name, ACCESS_MASK access,
                                                 PFILE_OBJECT *ret_file, PDEVICE_OBJECT *ret_device)
{
        (void)access;
        *ret_file = NULL;
        *ret_device = NULL;
        PDEVICE_OBJECT device = nt_name_find_reference(name, &nt_type_device);
        if (!device)
                return STATUS_OBJECT_NAME_NOT_FOUND;
        PFILE_OBJECT file = nt_object_create_for(&nt_type_file, sizeof *file, false, NT_CALLER);
        if (!file) {
                ObfDereferenceObject(device);
                return STATUS_INSUFFICIENT_RESOURCES;
        }
        file->Type = IO_TYPE_FILE;
        file->Size = sizeof *file;
        file->DeviceObject = device; // the file owns the reference
        KeInitializeEvent(&file->Lock, SynchronizationEvent, FALSE);
        KeInitializeEvent(&file->Event, NotificationEvent, FALSE);
        PDEVICE_OBJECT top = IoGetAttachedDeviceReference(device);
        NTSTATUS status = nt_irp_call(top, IRP_MJ_CREATE, 0, STATUS_SUCCESS, fill_create, file, NULL);
        if (!NT_SUCCESS(status)) {
                ObfDereferenceObject(file);
        } else {
                file->Flags |= FO_HANDLE_CREATED;
                nt_irp_call(top, IRP_MJ_CLEANUP, 0, STATUS_SUCCESS, fill_file, file, NULL);
                *ret_file = file;
                *ret_device = IoGetAttachedDevice(device);
        }
        ObfDereferenceObject(top);
        return status;
}

NTEXPORT PDEVICE_OBJECT NTAPI IoGetRelatedDeviceObject(PFILE_OBJECT file)
{
        return IoGetAttachedDevice(file->DeviceObject);
}

// --- device queues, StartIo ----------------------------------------------------------------------

NTEXPORT VOID NTAPI KeInitializeDeviceQueue(PKDEVICE_QUEUE queue)
{
        RtlZeroMemory(queue, sizeof *queue);
        queue->Type = 20;
        queue->Size = sizeof *queue;
        InitializeListHead(&queue->DeviceListHead);
}

static BOOLEAN queue_insert(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry, bool by_key, ULONG key)
{
        KLOCK_QUEUE_HANDLE h;
        KeAcquireInStackQueuedSpinLockForDpc(&queue->Lock, &h);
        entry->SortKey = key;
        BOOLEAN inserted = queue->Busy != 0;
        if (inserted) {
                LIST_ENTRY *e = queue->DeviceListHead.Blink;
                while (by_key && e != &queue->DeviceListHead &&
                       CONTAINING_RECORD(e, KDEVICE_QUEUE_ENTRY, DeviceListEntry)->SortKey > key)
                        e = e->Blink;
                InsertHeadList(e, &entry->DeviceListEntry);
        }
        queue->Busy = TRUE;
        entry->Inserted = inserted;
        KeReleaseInStackQueuedSpinLockForDpc(&h);
        return inserted;
}

NTEXPORT BOOLEAN NTAPI KeInsertDeviceQueue(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry)
{
        return queue_insert(queue, entry, false, 0);
}

NTEXPORT BOOLEAN NTAPI KeInsertByKeyDeviceQueue(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry, ULONG key)
{
        return queue_insert(queue, entry, true, key);
}

static PKDEVICE_QUEUE_ENTRY queue_remove(PKDEVICE_QUEUE queue, bool by_key, ULONG key)
{
        KLOCK_QUEUE_HANDLE h;
        PKDEVICE_QUEUE_ENTRY entry = NULL;
        KeAcquireInStackQueuedSpinLockForDpc(&queue->Lock, &h);
        if (IsListEmpty(&queue->DeviceListHead)) {
                queue->Busy = FALSE;
        } else {
                LIST_ENTRY *e = queue->DeviceListHead.Flink;
                while (by_key && e != &queue->DeviceListHead &&
                       CONTAINING_RECORD(e, KDEVICE_QUEUE_ENTRY, DeviceListEntry)->SortKey < key)
                        e = e->Flink;
                if (e == &queue->DeviceListHead)
                        e = e->Flink;
                entry = CONTAINING_RECORD(e, KDEVICE_QUEUE_ENTRY, DeviceListEntry);
                RemoveEntryList(e);
                entry->Inserted = FALSE;
        }
        KeReleaseInStackQueuedSpinLockForDpc(&h);
        return entry;
}

NTEXPORT PKDEVICE_QUEUE_ENTRY NTAPI KeRemoveDeviceQueue(PKDEVICE_QUEUE queue)
{
        return queue_remove(queue, false, 0);
}

NTEXPORT PKDEVICE_QUEUE_ENTRY NTAPI KeRemoveByKeyDeviceQueue(PKDEVICE_QUEUE queue, ULONG key)
{
        return queue_remove(queue, true, key);
}

NTEXPORT BOOLEAN NTAPI KeRemoveEntryDeviceQueue(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry)
{
        KLOCK_QUEUE_HANDLE h;
        KeAcquireInStackQueuedSpinLockForDpc(&queue->Lock, &h);
        BOOLEAN was = entry->Inserted;
        if (was) {
                RemoveEntryList(&entry->DeviceListEntry);
                entry->Inserted = FALSE;
        }
        KeReleaseInStackQueuedSpinLockForDpc(&h);
        return was;
}

static void start_io(PDEVICE_OBJECT device, PIRP irp)
{
        device->CurrentIrp = irp;
        nt_enter("StartIo", (const void *)device->DriverObject->DriverStartIo);
        device->DriverObject->DriverStartIo(device, irp);
        nt_leave();
}

NTEXPORT VOID NTAPI IoStartPacket(PDEVICE_OBJECT device, PIRP irp, PULONG key, PDRIVER_CANCEL cancel)
{
        KIRQL irql = nt_irql_set(DISPATCH_LEVEL), cancel_irql = DISPATCH_LEVEL;
        if (cancel) {
                IoAcquireCancelSpinLock(&cancel_irql);
                irp->CancelRoutine = cancel;
        }
        BOOLEAN queued = key ? KeInsertByKeyDeviceQueue(&device->DeviceQueue,
                                                        &irp->Tail.Overlay.DeviceQueueEntry, *key)
                             : KeInsertDeviceQueue(&device->DeviceQueue, &irp->Tail.Overlay.DeviceQueueEntry);
        if (!queued)
                device->CurrentIrp = irp;
        if (cancel) {
                PDRIVER_CANCEL pending = queued && irp->Cancel ? IoSetCancelRoutine(irp, NULL) : NULL;
                if (pending) {
                        irp->CancelIrql = cancel_irql;
                        pending(device, irp);
                } else {
                        IoReleaseCancelSpinLock(cancel_irql);
                }
        }
        if (!queued)
                start_io(device, irp);
        nt_irql_set(irql);
}

static void start_next(PDEVICE_OBJECT device, bool cancelable, bool by_key, ULONG key)
{
        KIRQL irql = DISPATCH_LEVEL;
        if (cancelable)
                IoAcquireCancelSpinLock(&irql);
        device->CurrentIrp = NULL;
        PKDEVICE_QUEUE_ENTRY entry = queue_remove(&device->DeviceQueue, by_key, key);
        PIRP irp = entry ? CONTAINING_RECORD(entry, IRP, Tail.Overlay.DeviceQueueEntry) : NULL;
        device->CurrentIrp = irp;
        if (cancelable)
                IoReleaseCancelSpinLock(irql);
        if (irp)
                start_io(device, irp);
}

NTEXPORT VOID NTAPI IoStartNextPacket(PDEVICE_OBJECT device, BOOLEAN cancelable)
{
        start_next(device, cancelable, false, 0);
}

NTEXPORT VOID NTAPI IoStartNextPacketByKey(PDEVICE_OBJECT device, BOOLEAN cancelable, ULONG key)
{
        start_next(device, cancelable, true, key);
}

// --- the one-second timer of a device ------------------------------------------------------------

typedef struct IoTimer {
        KTIMER timer;
        KDPC dpc;
        PDEVICE_OBJECT device;
        PIO_TIMER_ROUTINE routine;
        PVOID context;
        atomic_bool running;
} IoTimer;

static VOID NTAPI io_timer_dpc(PKDPC dpc, PVOID context, PVOID a, PVOID b)
{
        (void)dpc, (void)a, (void)b;
        IoTimer *t = context;
        if (atomic_load(&t->running))
                t->routine(t->device, t->context);
}

NTEXPORT NTSTATUS NTAPI IoInitializeTimer(PDEVICE_OBJECT device, PIO_TIMER_ROUTINE routine, PVOID context)
{
        NtDeviceExtension *x = nt_device_extension(device);
        IoTimer *t = x->timer;
        if (!t) {
                t = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, sizeof *t, NT_TAG('I', 'o', 'T', 'i'));
                if (!t)
                        return STATUS_INSUFFICIENT_RESOURCES;
                KeInitializeTimer(&t->timer);
                KeInitializeDpc(&t->dpc, io_timer_dpc, t);
                t->device = device;
                x->timer = t;
        }
        t->routine = routine;
        t->context = context;
        return STATUS_SUCCESS;
}

NTEXPORT VOID NTAPI IoStartTimer(PDEVICE_OBJECT device)
{
        IoTimer *t = nt_device_extension(device)->timer;
        if (!t)
                return;
        atomic_store(&t->running, true);
        LARGE_INTEGER due = {.QuadPart = -10000000};
        KeSetTimerEx(&t->timer, due, 1000, &t->dpc);
}

NTEXPORT VOID NTAPI IoStopTimer(PDEVICE_OBJECT device)
{
        IoTimer *t = nt_device_extension(device)->timer;
        if (!t)
                return;
        atomic_store(&t->running, false);
        KeCancelTimer(&t->timer);
        // At DISPATCH_LEVEL the DPC cannot be waited for; it looks at `running` first.
        KeRemoveQueueDpc(&t->dpc);
        if (nt_thread_self()->irql < DISPATCH_LEVEL)
                KeFlushQueuedDpcs();
}
