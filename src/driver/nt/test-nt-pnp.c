// SPDX-License-Identifier: MIT
// What a driver asks of the PnP and power managers: properties, registry keys, interfaces and their
// notifications, power IRPs, device state; and what the host sees of a driver that hangs.
#include "driver/nt/nt.h"

#include "base/testkit.h"

#include <string.h>

typedef struct Extension {
        PDEVICE_OBJECT self, lower, pdo;
} Extension;

static PDEVICE_OBJECT fdo;
static PDRIVER_OBJECT driver_object;
static bool pend_start, leaves_it_attached;
static PIRP held_start;
static KEVENT start_held, callback_came, power_done, gate, item_done;
static ULONG device_state;
static char trace[512];
static pthread_mutex_t trace_mutex = PTHREAD_MUTEX_INITIALIZER;

static void say(const char *what)
{
        pthread_mutex_lock(&trace_mutex);
        strncat(trace, what, sizeof trace - strlen(trace) - 1);
        pthread_mutex_unlock(&trace_mutex);
}

static NTSTATUS forward(PDEVICE_OBJECT device, PIRP irp)
{
        Extension *x = device->DeviceExtension;
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(x->lower, irp);
}

static NTSTATUS started(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
        (void)device, (void)context;
        IoMarkIrpPending(irp);
        held_start = irp;
        KeSetEvent(&start_held, 0, FALSE);
        return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS pnp(PDEVICE_OBJECT device, PIRP irp)
{
        Extension *x = device->DeviceExtension;
        switch (IoGetCurrentIrpStackLocation(irp)->MinorFunction) {
        case IRP_MN_START_DEVICE:
                if (!pend_start)
                        return forward(device, irp);
                IoMarkIrpPending(irp);
                IoCopyCurrentIrpStackLocationToNext(irp);
                IoSetCompletionRoutine(irp, started, NULL, TRUE, TRUE, TRUE);
                IoCallDriver(x->lower, irp);
                return STATUS_PENDING;
        case IRP_MN_QUERY_PNP_DEVICE_STATE:
                irp->IoStatus.Information |= device_state;
                irp->IoStatus.Status = STATUS_SUCCESS;
                return forward(device, irp);
        case IRP_MN_SURPRISE_REMOVAL:
                say("surprise ");
                irp->IoStatus.Status = STATUS_SUCCESS;
                return forward(device, irp);
        case IRP_MN_REMOVE_DEVICE: {
                say("remove ");
                irp->IoStatus.Status = STATUS_SUCCESS;
                NTSTATUS status = forward(device, irp);
                if (leaves_it_attached) // until DriverUnload
                        return status;
                IoDetachDevice(x->lower);
                IoDeleteDevice(device);
                return status;
        }
        default:
                return forward(device, irp);
        }
}

static NTSTATUS power(PDEVICE_OBJECT device, PIRP irp)
{
        say("power ");
        assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
        PoStartNextPowerIrp(irp);
        IoSkipCurrentIrpStackLocation(irp);
        return PoCallDriver(((Extension *)device->DeviceExtension)->lower, irp);
}

static NTSTATUS add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo)
{
        NTSTATUS status =
                IoCreateDevice(driver, sizeof(Extension), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &fdo);
        if (!NT_SUCCESS(status))
                return status;
        Extension *x = fdo->DeviceExtension;
        *x = (Extension){fdo, IoAttachDeviceToDeviceStack(fdo, pdo), pdo};
        fdo->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        return STATUS_SUCCESS;
}

static VOID unload(PDRIVER_OBJECT driver)
{
        (void)driver;
        say("unload ");
        if (leaves_it_attached) {
                IoDetachDevice(((Extension *)fdo->DeviceExtension)->lower);
                IoDeleteDevice(fdo);
        }
}

static NTSTATUS entry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
        (void)path;
        driver_object = driver;
        driver->DriverUnload = unload;
        driver->DriverExtension->AddDevice = add_device;
        for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                driver->MajorFunction[i] = forward;
        driver->MajorFunction[IRP_MJ_PNP] = pnp;
        driver->MajorFunction[IRP_MJ_POWER] = power;
        return STATUS_SUCCESS;
}

static const NtDriverConfig config = {
        .entry = entry, .service = "pnp", .instance_path = "ROOT\\TOASTER\\0000", .description = "A toaster"};

static void start(void)
{
        trace[0] = 0;
        assert_int_equal(nt_driver_start_wait(&config, NULL), STATUS_SUCCESS);
}

static void stop(void)
{
        assert_int_equal(nt_driver_stop_wait(NULL), STATUS_SUCCESS);
        assert_int_equal(nt_shutdown(10), 0);
}

static void property_is(DEVICE_REGISTRY_PROPERTY property, const WCHAR *text)
{
        WCHAR buffer[128];
        ULONG need = 0;
        UNICODE_STRING a, b;
        PDEVICE_OBJECT pdo = nt_driver_pdo();
        assert_int_equal(IoGetDeviceProperty(pdo, property, 2, buffer, &need), STATUS_BUFFER_TOO_SMALL);
        assert_int_equal(IoGetDeviceProperty(pdo, property, sizeof buffer, buffer, &need), STATUS_SUCCESS);
        RtlInitUnicodeString(&a, buffer);
        RtlInitUnicodeString(&b, text);
        assert_true(RtlEqualUnicodeString(&a, &b, FALSE));
        assert_true(need >= a.Length + 2u);
}

static void properties_and_keys(void **state)
{
        (void)state;
        start();
        property_is(DevicePropertyDeviceDescription, L"A toaster");
        property_is(DevicePropertyHardwareID, L"ROOT\\TOASTER");
        property_is(DevicePropertyEnumeratorName, L"ROOT");
        property_is(DevicePropertyClassName, L"System");
        ULONG need;
        assert_int_equal(IoGetDeviceProperty(nt_driver_pdo(), DevicePropertyFriendlyName, 0, NULL, &need),
                         STATUS_OBJECT_NAME_NOT_FOUND);
        assert_int_equal(IoGetDeviceProperty(fdo, DevicePropertyFriendlyName, 0, NULL, &need),
                         STATUS_INVALID_DEVICE_REQUEST);
        assert_int_equal(
                IoGetDeviceProperty(nt_driver_pdo(), DevicePropertyPhysicalDeviceObjectName, 0, NULL, &need),
                STATUS_BUFFER_TOO_SMALL);
        HANDLE key;
        ULONG value = 5, back;
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, L"Setting");
        assert_int_equal(
                IoOpenDeviceRegistryKey(nt_driver_pdo(), PLUGPLAY_REGKEY_DEVICE, KEY_ALL_ACCESS, &key), 0);
        assert_int_equal(ZwSetValueKey(key, &name, 0, REG_DWORD, &value, sizeof value), STATUS_SUCCESS);
        ZwClose(key);
        assert_int_equal(nt_registry_get_dword("HKLM\\SYSTEM\\CurrentControlSet\\Enum\\ROOT\\TOASTER\\0000\\"
                                               "Device Parameters",
                                               "Setting", &back),
                         0);
        assert_int_equal(back, 5);
        PDEVICE_OBJECT pdo = nt_device_pdo_reference(fdo);
        assert_ptr_equal(pdo, nt_driver_pdo());
        ObDereferenceObject(pdo);
        stop();
}

// --- interfaces ----------------------------------------------------------------------------------

static const GUID interface_guid = {
        0x781ef630, 0x72b2, 0x11d2, {0xb8, 0x52, 0, 0xc0, 0x4f, 0xad, 0x51, 0x71}};
static int arrivals, removals;

static NTSTATUS interface_change(PVOID structure, PVOID context)
{
        DEVICE_INTERFACE_CHANGE_NOTIFICATION *n = structure;
        assert_ptr_equal(context, &arrivals);
        assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
        assert_memory_equal(&n->InterfaceClassGuid, &interface_guid, sizeof interface_guid);
        if (n->Event.Data1 == 0xcb3a4004)
                arrivals++;
        else
                removals++;
        KeSetEvent(&callback_came, 0, FALSE);
        return STATUS_SUCCESS;
}

static void interfaces(void **state)
{
        (void)state;
        start();
        UNICODE_STRING link, again, expected;
        PVOID registration;
        PFILE_OBJECT file;
        PDEVICE_OBJECT device;
        PWSTR list;
        assert_int_equal(IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0,
                                                        (PVOID)(ULONG_PTR)&interface_guid, driver_object,
                                                        interface_change, &arrivals, &registration),
                         STATUS_SUCCESS);
        assert_int_equal(IoRegisterDeviceInterface(nt_driver_pdo(), &interface_guid, NULL, &link),
                         STATUS_SUCCESS);
        assert_int_equal(IoRegisterDeviceInterface(nt_driver_pdo(), &interface_guid, NULL, &again),
                         STATUS_SUCCESS);
        RtlInitUnicodeString(&expected, L"\\??\\ROOT#TOASTER#0000#{781ef630-72b2-11d2-b852-00c04fad5171}");
        assert_true(RtlEqualUnicodeString(&link, &expected, FALSE));
        assert_true(RtlEqualUnicodeString(&link, &again, FALSE));
        RtlFreeUnicodeString(&again);
        assert_int_equal(IoGetDeviceObjectPointer(&link, FILE_READ_DATA, &file, &device),
                         STATUS_OBJECT_NAME_NOT_FOUND);
        assert_int_equal(IoSetDeviceInterfaceState(&link, TRUE), STATUS_SUCCESS);
        assert_int_equal(IoSetDeviceInterfaceState(&link, TRUE), STATUS_OBJECT_NAME_EXISTS);
        KeWaitForSingleObject(&callback_came, Executive, KernelMode, FALSE, NULL);
        assert_int_equal(arrivals, 1);
        assert_int_equal(IoGetDeviceObjectPointer(&link, FILE_READ_DATA, &file, &device), STATUS_SUCCESS);
        assert_ptr_equal(device, fdo);
        ObDereferenceObject(file);
        assert_int_equal(IoGetDeviceInterfaces(&interface_guid, NULL, 0, &list), STATUS_SUCCESS);
        assert_memory_equal(list, link.Buffer, link.Length);
        assert_int_equal(list[link.Length / 2 + 1], 0);
        ExFreePool(list);
        RtlFreeUnicodeString(&link);
        assert_int_equal(nt_driver_stop_wait(NULL), STATUS_SUCCESS); // left enabled: it goes with the device
        KeWaitForSingleObject(&callback_came, Executive, KernelMode, FALSE, NULL);
        assert_int_equal(removals, 1);
        assert_int_not_equal(nt_shutdown(10), 0); // the registration is reported
        assert_int_equal(IoUnregisterPlugPlayNotification(registration), STATUS_SUCCESS);
        assert_int_equal(nt_shutdown(10), 0);
}

// --- power ---------------------------------------------------------------------------------------

static NTSTATUS power_status;

static VOID power_complete(PDEVICE_OBJECT device, UCHAR minor, POWER_STATE state, PVOID context,
                           PIO_STATUS_BLOCK iosb)
{
        assert_ptr_equal(device, fdo);
        assert_int_equal(minor, IRP_MN_SET_POWER);
        assert_int_equal(state.DeviceState, PowerDeviceD3);
        assert_ptr_equal(context, &power_status);
        power_status = iosb->Status;
        KeSetEvent(&power_done, 0, FALSE);
}

static void power_irps(void **state)
{
        (void)state;
        start();
        POWER_STATE d3 = {.DeviceState = PowerDeviceD3}, d0 = {.DeviceState = PowerDeviceD0};
        assert_int_equal(PoSetPowerState(fdo, DevicePowerState, d0).DeviceState, PowerDeviceUnspecified);
        power_status = STATUS_UNSUCCESSFUL;
        assert_int_equal(PoRequestPowerIrp(nt_driver_pdo(), 0x77, d3, NULL, NULL, NULL),
                         STATUS_INVALID_PARAMETER_2);
        assert_int_equal(PoRequestPowerIrp(fdo, IRP_MN_SET_POWER, d3, power_complete, &power_status, NULL),
                         STATUS_PENDING);
        KeWaitForSingleObject(&power_done, Executive, KernelMode, FALSE, NULL);
        assert_int_equal(power_status, STATUS_SUCCESS);
        assert_string_equal(trace, "power ");
        assert_int_equal(PoSetPowerState(nt_driver_pdo(), DevicePowerState, d0).DeviceState, PowerDeviceD3);
        stop();
}

static VOID io_work(PDEVICE_OBJECT device, PVOID context)
{
        assert_ptr_equal(device, fdo);
        KeWaitForSingleObject(context, Executive, KernelMode, FALSE, NULL);
        KeSetEvent(&item_done, 0, FALSE);
}

static void io_work_items(void **state)
{
        (void)state;
        start();
        LONG before = nt_object_references(fdo);
        PIO_WORKITEM item = IoAllocateWorkItem(fdo);
        IoQueueWorkItem(item, io_work, DelayedWorkQueue, &gate);
        assert_int_equal(nt_object_references(fdo), before + 1);
        NtEntry e;
        const NtEntryFrame *f;
        assert_int_equal(nt_entry_oldest(&e, &f), 0); // may wait as long as it likes
        KeSetEvent(&gate, 0, FALSE);
        KeWaitForSingleObject(&item_done, Executive, KernelMode, FALSE, NULL);
        assert_true(nt_shutdown(10) >= 1); // the item is still there, and so is the device
        assert_int_equal(nt_object_references(fdo), before);
        IoFreeWorkItem(item);
        stop();
}

// --- a start that hangs, and a device that fails -------------------------------------------------

static KEVENT start_answered;
static NTSTATUS start_status;

static void on_started(void *arg, NTSTATUS status, const char *step)
{
        (void)arg, (void)step;
        start_status = status;
        KeSetEvent(&start_answered, 0, FALSE);
}

static void a_pended_start(void **state)
{
        (void)state;
        pend_start = true;
        assert_int_equal(nt_driver_start(&config, on_started, NULL), 0);
        KeWaitForSingleObject(&start_held, Executive, KernelMode, FALSE, NULL);
        NtEntry e;
        const NtEntryFrame *f;
        int found;
        while ((found = nt_entry_oldest(&e, &f)) == 0) // between the dispatch and the wait there is a gap
                ;
        assert_string_equal(f->what, "IRP_MJ_PNP/IRP_MN_START_DEVICE");
        assert_ptr_equal(f->routine, (const void *)pnp);
        assert_int_equal(nt_shutdown(0.05) > 0, 1); // "still busy: the pnp thread"
        assert_false(KeReadStateEvent(&start_answered));
        IoCompleteRequest(held_start, IO_NO_INCREMENT);
        KeWaitForSingleObject(&start_answered, Executive, KernelMode, FALSE, NULL);
        assert_int_equal(start_status, STATUS_SUCCESS);
        pend_start = false;
        stop();
}

static void a_failed_device(void **state)
{
        (void)state;
        start();
        device_state = PNP_DEVICE_FAILED;
        IoInvalidateDeviceState(nt_driver_pdo());
        assert_int_equal(nt_driver_stop_wait(NULL), STATUS_SUCCESS);
        assert_string_equal(trace, "surprise remove unload ");
        device_state = 0;
        assert_int_equal(nt_shutdown(10), 0);
}

// --- observers -----------------------------------------------------------------------------------

static _Atomic(int) sent, allocated, entered, left;

static void count_sent(PDEVICE_OBJECT device, PIRP irp)
{
        (void)device, (void)irp;
        sent++;
}

static void count_allocated(const void *p, size_t size, ULONG tag, unsigned flags, const void *caller)
{
        (void)p, (void)size, (void)tag, (void)flags, (void)caller;
        allocated++;
}

static void count_entered(const char *what, const void *routine)
{
        (void)what, (void)routine;
        entered++;
}

static void count_left(const char *what, const void *routine)
{
        (void)what, (void)routine;
        left++;
}

static void observers(void **state)
{
        (void)state;
        static const NtObserver observer = {.irp_sent = count_sent,
                                            .pool_alloc = count_allocated,
                                            .entered = count_entered,
                                            .left = count_left};
        nt_observer = &observer;
        start();
        stop();
        nt_observer = NULL;
        assert_true(sent >= 8); // start and remove pass two drivers each
        assert_true(allocated > 0);
        assert_int_equal(entered, left);
}

// A driver that detaches in DriverUnload only finds the PDO that it is attached to; and an instance path
// lives as long as the PDO does.
static void attached_after_removal(void **state)
{
        (void)state;
        leaves_it_attached = true;
        start();
        PDEVICE_OBJECT pdo = nt_driver_pdo();
        UNICODE_STRING path;
        size_t size;
        ULONG tag;
        assert_true(nt_device_instance_path(pdo, &path));
        ObfReferenceObject(pdo);
        stop();
        leaves_it_attached = false;
        UNICODE_STRING none;
        assert_false(nt_device_instance_path(pdo, &none));
        assert_true(nt_pool_query(path.Buffer, &size, &tag));
        ObfDereferenceObject(pdo);
}

int main(void)
{
        KEVENT *const events[] = {&start_held, &callback_came, &power_done,
                                  &gate,       &item_done,     &start_answered};
        for (size_t i = 0; i < RTL_NUMBER_OF(events); i++)
                KeInitializeEvent(events[i], SynchronizationEvent, FALSE);
        if (nt_init(NULL) < 0)
                return 1;
        return testkit_run((TestCase[]){TEST(properties_and_keys), TEST(interfaces), TEST(power_irps),
                                        TEST(io_work_items), TEST(a_pended_start), TEST(a_failed_device),
                                        TEST(attached_after_removal), TEST(observers), TEST_END});
}
