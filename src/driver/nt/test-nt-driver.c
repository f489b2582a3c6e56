// SPDX-License-Identifier: MIT
// Small drivers on the NT stand-in: a life from DriverEntry to DriverUnload, a stack of three, completion,
// pending, cancellation, remove locks.
#include "driver/nt/nt.h"

#include "base/testkit.h"

#include <string.h>

// --- a log of what was called, in order ----------------------------------------------------------

static pthread_mutex_t trace_mutex = PTHREAD_MUTEX_INITIALIZER;
static char trace[4096];

static void say(const char *what)
{
        pthread_mutex_lock(&trace_mutex);
        if (strlen(trace) + strlen(what) + 2 < sizeof trace) {
                strcat(trace, what);
                strcat(trace, " ");
        }
        pthread_mutex_unlock(&trace_mutex);
}

static void trace_is(const char *expected)
{
        pthread_mutex_lock(&trace_mutex);
        char copy[sizeof trace];
        memcpy(copy, trace, sizeof trace);
        trace[0] = 0;
        pthread_mutex_unlock(&trace_mutex);
        assert_string_equal(copy, expected);
}

static char warnings[4096];

static void keep_log(void *arg, NtLogLevel level, const char *line)
{
        (void)arg, (void)level;
        pthread_mutex_lock(&trace_mutex);
        if (strlen(warnings) + strlen(line) + 2 < sizeof warnings) {
                strcat(warnings, line);
                strcat(warnings, "\n");
        }
        pthread_mutex_unlock(&trace_mutex);
}

// --- the driver: a WDM function driver -----------------------------------------------------------

typedef struct Extension {
        PDEVICE_OBJECT self, lower, pdo;
        IO_REMOVE_LOCK remove_lock;
} Extension;

static NTSTATUS start_status = STATUS_SUCCESS;
static bool veto, forget_delete;

static NTSTATUS forward(PDEVICE_OBJECT device, PIRP irp)
{
        Extension *x = device->DeviceExtension;
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(x->lower, irp);
}

static NTSTATUS pnp(PDEVICE_OBJECT device, PIRP irp)
{
        Extension *x = device->DeviceExtension;
        PIO_STACK_LOCATION sp = IoGetCurrentIrpStackLocation(irp);
        NTSTATUS status;
        switch (sp->MinorFunction) {
        case IRP_MN_START_DEVICE:
                say("start");
                assert_true(IoForwardIrpSynchronously(x->lower, irp));
                status = irp->IoStatus.Status;
                if (NT_SUCCESS(status))
                        status = start_status;
                irp->IoStatus.Status = status;
                IoCompleteRequest(irp, IO_NO_INCREMENT);
                return status;
        case IRP_MN_QUERY_REMOVE_DEVICE:
                say("query-remove");
                if (veto) {
                        irp->IoStatus.Status = STATUS_DEVICE_BUSY;
                        IoCompleteRequest(irp, IO_NO_INCREMENT);
                        return STATUS_DEVICE_BUSY;
                }
                irp->IoStatus.Status = STATUS_SUCCESS;
                return forward(device, irp);
        case IRP_MN_CANCEL_REMOVE_DEVICE:
                say("cancel-remove");
                irp->IoStatus.Status = STATUS_SUCCESS;
                return forward(device, irp);
        case IRP_MN_SURPRISE_REMOVAL:
                say("surprise");
                irp->IoStatus.Status = STATUS_SUCCESS;
                return forward(device, irp);
        case IRP_MN_REMOVE_DEVICE:
                say("remove");
                irp->IoStatus.Status = STATUS_SUCCESS;
                status = forward(device, irp);
                IoDetachDevice(x->lower);
                if (!forget_delete)
                        IoDeleteDevice(device);
                return status;
        default:
                return forward(device, irp);
        }
}

static NTSTATUS add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo)
{
        say("add");
        PDEVICE_OBJECT device;
        NTSTATUS status =
                IoCreateDevice(driver, sizeof(Extension), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
        if (!NT_SUCCESS(status))
                return status;
        Extension *x = device->DeviceExtension;
        x->self = device;
        x->pdo = pdo;
        x->lower = IoAttachDeviceToDeviceStack(device, pdo);
        assert_ptr_equal(x->lower, pdo);
        assert_int_equal(device->StackSize, pdo->StackSize + 1);
        device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
        return STATUS_SUCCESS;
}

static void unload(PDRIVER_OBJECT driver)
{
        (void)driver;
        say("unload");
}

static WCHAR registry_path[256];

static NTSTATUS entry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
        say("entry");
        memcpy(registry_path, path->Buffer, path->Length);
        driver->DriverUnload = unload;
        driver->DriverExtension->AddDevice = add_device;
        for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                driver->MajorFunction[i] = forward;
        driver->MajorFunction[IRP_MJ_PNP] = pnp;
        return STATUS_SUCCESS;
}

static NTSTATUS entry_fails(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
        (void)path;
        driver->DriverUnload = unload;
        return STATUS_UNSUCCESSFUL;
}

static void a_life(void **state)
{
        (void)state;
        const char *step;
        NtDriverConfig config = {.entry = entry, .service = "Little"};
        assert_int_equal(nt_driver_start_wait(&config, &step), STATUS_SUCCESS);
        assert_string_equal(step, "");
        UNICODE_STRING path, expected;
        RtlInitUnicodeString(&path, registry_path);
        RtlInitUnicodeString(&expected, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\Little");
        assert_true(RtlEqualUnicodeString(&path, &expected, FALSE));
        RtlInitUnicodeString(&path, nt_instance_path());
        RtlInitUnicodeString(&expected, L"ROOT\\LITTLE\\0000");
        assert_true(RtlEqualUnicodeString(&path, &expected, FALSE));
        assert_int_equal(nt_driver_start_wait(&config, NULL), STATUS_DEVICE_BUSY);
        trace_is("entry add start ");
        assert_int_equal(nt_driver_stop_wait(&step), STATUS_SUCCESS);
        trace_is("query-remove remove unload ");
        assert_int_equal(nt_shutdown(5), 0);
        assert_int_equal(nt_driver_stop_wait(NULL), STATUS_NO_SUCH_DEVICE);
}

static void steps_that_fail(void **state)
{
        (void)state;
        const char *step;
        NtDriverConfig config = {.entry = entry_fails, .service = "Little"};
        assert_int_equal(nt_driver_start_wait(&config, &step), STATUS_UNSUCCESSFUL);
        assert_string_equal(step, "DriverEntry");
        trace_is("");
        start_status = STATUS_INSUFFICIENT_RESOURCES;
        config.entry = entry;
        assert_int_equal(nt_driver_start_wait(&config, &step), STATUS_INSUFFICIENT_RESOURCES);
        assert_string_equal(step, "IRP_MN_START_DEVICE");
        trace_is("entry add start remove unload ");
        start_status = STATUS_SUCCESS;
        assert_int_equal(nt_shutdown(5), 0);
        config.instance_path = "no path";
        assert_int_equal(nt_driver_start_wait(&config, &step), STATUS_INVALID_PARAMETER);
}

static void a_veto_and_a_forgotten_device(void **state)
{
        (void)state;
        const char *step;
        NtDriverConfig config = {.entry = entry, .service = "Little", .instance_path = "ROOT\\OTHER\\0007"};
        assert_int_equal(nt_driver_start_wait(&config, &step), STATUS_SUCCESS);
        trace_is("entry add start ");
        veto = forget_delete = true;
        warnings[0] = 0;
        assert_int_equal(nt_driver_stop_wait(&step), STATUS_DEVICE_BUSY);
        assert_string_equal(step, "IRP_MN_QUERY_REMOVE_DEVICE");
        trace_is("query-remove cancel-remove surprise remove unload ");
        veto = forget_delete = false;
        assert_non_null(strstr(warnings, "was not deleted"));
        assert_int_not_equal(nt_shutdown(5), 0);
        assert_non_null(strstr(warnings, "tag 'Devi', 1 block(s)"));
}

int main(void)
{
        NtOptions options = {.log = keep_log, .virtual_clock = true};
        if (nt_init(&options) < 0)
                return 1;
        return testkit_run((TestCase[]){TEST(a_life), TEST(steps_that_fail),
                                        TEST(a_veto_and_a_forgotten_device), TEST_END});
}
