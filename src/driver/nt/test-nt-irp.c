// SPDX-License-Identifier: MIT
// IRPs through a stack of three little drivers: order of completion, pending, stopped completion, errors,
// cancellation, requests that the I/O manager ends, cancel-safe queues, remove locks.
#include "driver/nt/nt.h"

#include "base/testkit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEVELS = 3 };

typedef struct Level {
        PDEVICE_OBJECT self, lower;
        int number;
} Level;

static char trace[1024];
static PDRIVER_OBJECT driver;
static PDEVICE_OBJECT stack[LEVELS]; // 0 is the bottom
static PIRP held;
static KEVENT held_event;
static bool pend_at_bottom, stop_at_middle;
static NTSTATUS bottom_status;

static void say(char what, int n, bool pended)
{
        char text[32];
        snprintf(text, sizeof text, "%c%d%s ", what, n, pended ? "p" : "");
        strcat(trace, text);
}

static void trace_is(const char *expected)
{
        assert_string_equal(trace, expected);
        trace[0] = 0;
}

static NTSTATUS done(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
        Level *l = context;
        assert_ptr_equal(device, l->self);
        say('C', l->number, irp->PendingReturned);
        if (stop_at_middle && l->number == 1)
                return STATUS_MORE_PROCESSING_REQUIRED;
        if (irp->PendingReturned)
                IoMarkIrpPending(irp);
        return STATUS_SUCCESS;
}

static VOID cancel(PDEVICE_OBJECT device, PIRP irp)
{
        assert_ptr_equal(device, stack[0]);
        assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
        IoReleaseCancelSpinLock(irp->CancelIrql);
        assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
        held = NULL;
        say('X', 0, false);
        irp->IoStatus.Status = STATUS_CANCELLED;
        irp->IoStatus.Information = 0;
        IoCompleteRequest(irp, IO_NO_INCREMENT);
}

static NTSTATUS dispatch(PDEVICE_OBJECT device, PIRP irp)
{
        Level *l = device->DeviceExtension;
        PIO_STACK_LOCATION sp = IoGetCurrentIrpStackLocation(irp);
        assert_ptr_equal(sp->DeviceObject, device);
        say('D', l->number, false);
        if (l->lower) {
                IoCopyCurrentIrpStackLocationToNext(irp);
                IoSetCompletionRoutine(irp, done, l, TRUE, TRUE, TRUE);
                return IoCallDriver(l->lower, irp);
        }
        if (pend_at_bottom) {
                IoMarkIrpPending(irp);
                IoSetCancelRoutine(irp, cancel);
                held = irp;
                KeSetEvent(&held_event, 0, FALSE);
                return STATUS_PENDING;
        }
        NTSTATUS status = bottom_status;
        irp->IoStatus.Status = status;
        irp->IoStatus.Information = 7;
        IoCompleteRequest(irp, IO_NO_INCREMENT);
        return status;
}

static NTSTATUS entry(PDRIVER_OBJECT d, PUNICODE_STRING path)
{
        (void)path;
        driver = d;
        for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
                d->MajorFunction[i] = dispatch;
        for (int i = 0; i < LEVELS; i++) {
                assert_int_equal(
                        IoCreateDevice(d, sizeof(Level), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &stack[i]), 0);
                Level *l = stack[i]->DeviceExtension;
                l->self = stack[i];
                l->number = i;
                l->lower = i ? IoAttachDeviceToDeviceStack(stack[i], stack[0]) : NULL;
                assert_ptr_equal(l->lower, i ? stack[i - 1] : NULL);
                stack[i]->Flags |= DO_BUFFERED_IO;
        }
        return STATUS_SUCCESS;
}

static VOID unload(PDRIVER_OBJECT d)
{
        (void)d;
        for (int i = LEVELS - 1; i >= 0; i--) {
                if (i)
                        IoDetachDevice(stack[i - 1]);
                IoDeleteDevice(stack[i]);
        }
}

static NTSTATUS own_done(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
        (void)irp;
        assert_null(device); // above the top there is no device
        KeSetEvent(context, 0, FALSE);
        return STATUS_MORE_PROCESSING_REQUIRED;
}

static PIRP new_irp(KEVENT *event)
{
        PDEVICE_OBJECT top = IoGetAttachedDeviceReference(stack[0]);
        assert_ptr_equal(top, stack[LEVELS - 1]);
        PIRP irp = IoAllocateIrp(top->StackSize, FALSE);
        ObDereferenceObject(top);
        IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_READ;
        KeInitializeEvent(event, NotificationEvent, FALSE);
        IoSetCompletionRoutine(irp, own_done, event, TRUE, TRUE, TRUE);
        return irp;
}

static void order_of_completion(void **state)
{
        (void)state;
        KEVENT event;
        PIRP irp = new_irp(&event);
        assert_int_equal(IoCallDriver(stack[2], irp), STATUS_SUCCESS);
        trace_is("D2 D1 D0 C1 C2 ");
        assert_true(KeReadStateEvent(&event));
        assert_int_equal(irp->IoStatus.Information, 7);
        IoFreeIrp(irp);
        bottom_status = STATUS_IO_DEVICE_ERROR;
        irp = new_irp(&event);
        assert_int_equal(IoCallDriver(stack[2], irp), STATUS_IO_DEVICE_ERROR);
        trace_is("D2 D1 D0 C1 C2 ");
        IoReuseIrp(irp, STATUS_SUCCESS);
        assert_int_equal(irp->CurrentLocation, irp->StackCount + 1);
        IoFreeIrp(irp);
        bottom_status = STATUS_SUCCESS;
}

static void pending(void **state)
{
        (void)state;
        KEVENT event;
        PIRP irp = new_irp(&event);
        pend_at_bottom = true;
        assert_int_equal(IoCallDriver(stack[2], irp), STATUS_PENDING);
        trace_is("D2 D1 D0 ");
        assert_false(KeReadStateEvent(&event));
        pend_at_bottom = false;
        assert_non_null(IoSetCancelRoutine(held, NULL));
        held->IoStatus.Status = STATUS_SUCCESS;
        IoCompleteRequest(held, IO_NO_INCREMENT);
        trace_is("C1p C2p ");
        assert_true(KeReadStateEvent(&event));
        assert_true(irp->PendingReturned);
        IoFreeIrp(irp);
}

static void stopped_completion(void **state)
{
        (void)state;
        KEVENT event;
        PIRP irp = new_irp(&event);
        stop_at_middle = true;
        IoCallDriver(stack[2], irp);
        trace_is("D2 D1 D0 C1 ");
        assert_false(KeReadStateEvent(&event));
        stop_at_middle = false;
        IoCompleteRequest(irp, IO_NO_INCREMENT); // level 1 is done with it
        trace_is("C2 ");
        assert_true(KeReadStateEvent(&event));
        IoFreeIrp(irp);
}

static void cancelled(void **state)
{
        (void)state;
        KEVENT event;
        PIRP irp = new_irp(&event);
        assert_false(IoCancelIrp(irp)); // no routine yet
        irp->Cancel = FALSE;
        pend_at_bottom = true;
        assert_int_equal(IoCallDriver(stack[2], irp), STATUS_PENDING);
        pend_at_bottom = false;
        assert_true(IoCancelIrp(irp));
        trace_is("D2 D1 D0 X0 C1p C2p ");
        assert_true(KeReadStateEvent(&event));
        assert_int_equal(irp->IoStatus.Status, STATUS_CANCELLED);
        assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
        IoFreeIrp(irp);
}

static void requests_of_the_io_manager(void **state)
{
        (void)state;
        KEVENT event;
        IO_STATUS_BLOCK iosb = {0};
        char buffer[16] = "0123456789";
        KeInitializeEvent(&event, NotificationEvent, FALSE);
        PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_READ, stack[2], buffer, sizeof buffer, NULL, &event,
                                                &iosb);
        assert_non_null(irp->AssociatedIrp.SystemBuffer);
        memcpy(irp->AssociatedIrp.SystemBuffer, "abcdefghij", 10);
        assert_int_equal(IoCallDriver(stack[2], irp), STATUS_SUCCESS);
        assert_int_equal(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
        assert_int_equal(iosb.Information, 7);
        assert_string_equal(buffer, "abcdefg789"); // Information bytes came back
        char out[8] = {0};
        irp = IoBuildDeviceIoControlRequest(
                CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS), stack[2],
                (PVOID)(ULONG_PTR) "question", 8, out, 8, FALSE, &event, &iosb);
        PIO_STACK_LOCATION sp = IoGetNextIrpStackLocation(irp);
        assert_int_equal(sp->Parameters.DeviceIoControl.InputBufferLength, 8);
        KeClearEvent(&event);
        IoCallDriver(stack[2], irp);
        assert_true(KeReadStateEvent(&event));
        assert_memory_equal(out, "questio", 8);
        trace[0] = 0;
        irp = IoBuildDeviceIoControlRequest(
                CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_OUT_DIRECT, FILE_ANY_ACCESS), stack[2], buffer, 3,
                out, 8, TRUE, &event, &iosb);
        assert_int_equal(IoGetNextIrpStackLocation(irp)->MajorFunction, IRP_MJ_INTERNAL_DEVICE_CONTROL);
        assert_ptr_equal(MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority), out);
        assert_int_equal(MmGetMdlByteCount(irp->MdlAddress), 8);
        PVOID system = irp->AssociatedIrp.SystemBuffer;
        assert_memory_equal(system, buffer, 3);
        IoCallDriver(stack[2], irp);
        trace[0] = 0;
}

static void names_and_opens(void **state)
{
        (void)state;
        UNICODE_STRING name, link, device_link;
        PDEVICE_OBJECT device, found;
        PFILE_OBJECT file;
        RtlInitUnicodeString(&name, L"\\Device\\Named");
        RtlInitUnicodeString(&link, L"\\DosDevices\\Alias");
        RtlInitUnicodeString(&device_link, L"\\??\\alias");
        assert_int_equal(IoCreateDevice(driver, sizeof(Level), &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device),
                         0);
        Level *l = device->DeviceExtension;
        l->self = device;
        l->number = 9;
        PDEVICE_OBJECT second;
        assert_int_equal(IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &second),
                         STATUS_OBJECT_NAME_COLLISION);
        assert_int_equal(IoCreateSymbolicLink(&link, &name), STATUS_SUCCESS);
        assert_int_equal(IoCreateSymbolicLink(&device_link, &name), STATUS_OBJECT_NAME_COLLISION);
        assert_int_equal(IoGetDeviceObjectPointer(&device_link, FILE_READ_DATA, &file, &found),
                         STATUS_SUCCESS);
        assert_ptr_equal(found, device);
        trace_is("D9 D9 "); // create, cleanup
        ObDereferenceObject(file);
        trace_is("D9 "); // close
        assert_int_equal(IoDeleteSymbolicLink(&link), STATUS_SUCCESS);
        assert_int_equal(IoDeleteSymbolicLink(&link), STATUS_OBJECT_NAME_NOT_FOUND);
        assert_int_equal(IoGetDeviceObjectPointer(&link, FILE_READ_DATA, &file, &found),
                         STATUS_OBJECT_NAME_NOT_FOUND);
        assert_int_equal(nt_object_references(device), 1);
        assert_int_not_equal(nt_device_id(device), nt_device_id(stack[0]));
        ObReferenceObject(device);
        IoDeleteDevice(device);
        assert_true(nt_device_known(device)); // referenced still
        ObDereferenceObject(device);
        assert_false(nt_device_known(device));
}

// --- a cancel-safe queue -------------------------------------------------------------------------

static LIST_ENTRY csq_list;
static KSPIN_LOCK csq_lock;
static PIRP csq_cancelled;

static VOID csq_insert(PIO_CSQ csq, PIRP irp)
{
        (void)csq;
        InsertTailList(&csq_list, &irp->Tail.Overlay.ListEntry);
}

static VOID csq_remove(PIO_CSQ csq, PIRP irp)
{
        (void)csq;
        RemoveEntryList(&irp->Tail.Overlay.ListEntry);
}

static PIRP csq_peek(PIO_CSQ csq, PIRP irp, PVOID context)
{
        (void)csq, (void)context;
        PLIST_ENTRY e = irp ? irp->Tail.Overlay.ListEntry.Flink : csq_list.Flink;
        return e == &csq_list ? NULL : CONTAINING_RECORD(e, IRP, Tail.Overlay.ListEntry);
}

static VOID csq_acquire(PIO_CSQ csq, PKIRQL irql)
{
        (void)csq;
        KeAcquireSpinLock(&csq_lock, irql);
}

static VOID csq_release(PIO_CSQ csq, KIRQL irql)
{
        (void)csq;
        KeReleaseSpinLock(&csq_lock, irql);
}

static VOID csq_complete(PIO_CSQ csq, PIRP irp)
{
        (void)csq;
        csq_cancelled = irp;
}

static void cancel_safe_queue(void **state)
{
        (void)state;
        IO_CSQ csq;
        InitializeListHead(&csq_list);
        KeInitializeSpinLock(&csq_lock);
        IoCsqInitialize(&csq, csq_insert, csq_remove, csq_peek, csq_acquire, csq_release, csq_complete);
        PIRP irps[3];
        IO_CSQ_IRP_CONTEXT context;
        for (int i = 0; i < 3; i++) {
                irps[i] = IoAllocateIrp(1, FALSE);
                IoSetNextIrpStackLocation(irps[i]);
                IoCsqInsertIrp(&csq, irps[i], i == 2 ? &context : NULL);
        }
        assert_true(IoCancelIrp(irps[0]));
        assert_ptr_equal(csq_cancelled, irps[0]);
        assert_ptr_equal(IoCsqRemoveNextIrp(&csq, NULL), irps[1]);
        assert_ptr_equal(IoCsqRemoveIrp(&csq, &context), irps[2]);
        assert_null(IoCsqRemoveIrp(&csq, &context));
        assert_null(IoCsqRemoveNextIrp(&csq, NULL));
        for (int i = 0; i < 3; i++)
                IoFreeIrp(irps[i]);
}

// --- remove locks --------------------------------------------------------------------------------

static IO_REMOVE_LOCK remove_lock;

static VOID releaser(PVOID context)
{
        KeWaitForSingleObject(context, Executive, KernelMode, FALSE, NULL);
        IoReleaseRemoveLock(&remove_lock, NULL);
        PsTerminateSystemThread(STATUS_SUCCESS);
}

static void remove_locks(void **state)
{
        (void)state;
        KEVENT go;
        HANDLE thread;
        PVOID object;
        KeInitializeEvent(&go, NotificationEvent, FALSE);
        IoInitializeRemoveLock(&remove_lock, 'tset', 0, 0);
        assert_int_equal(IoAcquireRemoveLock(&remove_lock, NULL), STATUS_SUCCESS); // the thread's
        assert_int_equal(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, releaser, &go),
                         0);
        assert_int_equal(ObReferenceObjectByHandle(thread, 0, *PsThreadType, KernelMode, &object, NULL), 0);
        ZwClose(thread);
        assert_int_equal(IoAcquireRemoveLock(&remove_lock, NULL), STATUS_SUCCESS); // ours
        KeSetEvent(&go, 0, FALSE);
        IoReleaseRemoveLockAndWait(&remove_lock, NULL);
        assert_int_equal(IoAcquireRemoveLock(&remove_lock, NULL), STATUS_DELETE_PENDING);
        assert_int_equal(KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
        ObDereferenceObject(object);
}

// --- bug checks ----------------------------------------------------------------------------------

static bool reports_only;
static int reports;

static void exit_with_code(void *arg, const NtBugCheck *bug)
{
        (void)arg;
        reports++;
        if (reports_only)
                return;
        _exit((int)(bug->code & 0x7f) | 0x80);
}

static void complete_twice(void)
{
        PIRP irp = IoAllocateIrp(1, FALSE);
        IoSetNextIrpStackLocation(irp);
        irp->CurrentLocation = (CHAR)(irp->StackCount + 2);
        IoCompleteRequest(irp, IO_NO_INCREMENT);
}

static void too_few_locations(void)
{
        PIRP irp = IoAllocateIrp(1, FALSE);
        IoSetNextIrpStackLocation(irp);
        IoCallDriver(stack[2], irp);
}

static void complete_pending(void)
{
        PIRP irp = IoAllocateIrp(1, FALSE);
        IoSetNextIrpStackLocation(irp);
        irp->IoStatus.Status = STATUS_PENDING;
        IoCompleteRequest(irp, IO_NO_INCREMENT);
}

static void dereference_too_often(void)
{
        for (int i = 0; i < 4; i++)
                ObDereferenceObject(stack[0]);
}

static void too_much_information(void)
{
        char out[4];
        KEVENT event;
        IO_STATUS_BLOCK iosb;
        KeInitializeEvent(&event, NotificationEvent, FALSE);
        PIRP irp = IoBuildDeviceIoControlRequest(
                CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS), stack[2],
                (PVOID)(ULONG_PTR) "question", 8, out, sizeof out, FALSE, &event, &iosb);
        irp->IoStatus.Status = STATUS_SUCCESS;
        irp->IoStatus.Information = 5; // the system buffer has 8, the caller's 4
        IoCompleteRequest(irp, IO_NO_INCREMENT);
}

static void detach_from_a_deleted_one(void)
{
        PDEVICE_OBJECT lower, upper;
        if (!NT_SUCCESS(IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &lower)) ||
            !NT_SUCCESS(IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &upper)))
                return;
        IoAttachDeviceToDeviceStack(upper, lower);
        IoDeleteDevice(lower);
        IoDetachDevice(lower);
}

static VOID NTAPI callback_that_fails(PVOID buffer, ULONG length)
{
        (void)buffer, (void)length;
        if (reports != 1) // the bug check is reported before code of the driver runs again
                _exit(3);
        KeBugCheck(0xe2);
}

// A bug check callback that bug-checks itself must not keep the process for ever.
static void bug_check_in_a_callback(void **state)
{
        (void)state;
        static KBUGCHECK_CALLBACK_RECORD record;
        pid_t child = fork();
        if (child == 0) {
                close(STDERR_FILENO);
                alarm(10);
                record.State = BufferEmpty;
                KeRegisterBugCheckCallback(&record, callback_that_fails, NULL, 0, (PUCHAR)(ULONG_PTR) "test");
                reports_only = true;
                KeBugCheck(0xe2);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void bug_checks(void **state)
{
        (void)state;
        static const struct {
                void (*act)(void);
                int code;
        } cases[] = {{complete_twice, 0x44},
                     {too_few_locations, 0x35},
                     {complete_pending, 0xc9},
                     {too_much_information, 0xc9},
                     {detach_from_a_deleted_one, 0x18},
                     {dereference_too_often, 0x18}};
        for (size_t i = 0; i < RTL_NUMBER_OF(cases); i++) {
                pid_t child = fork();
                if (child == 0) {
                        close(STDERR_FILENO);
                        alarm(10);
                        cases[i].act();
                        _exit(0);
                }
                int status;
                assert_int_equal(waitpid(child, &status, 0), child);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), (cases[i].code & 0x7f) | 0x80);
        }
}

static NTSTATUS entry_with_unload(PDRIVER_OBJECT d, PUNICODE_STRING path)
{
        d->DriverUnload = unload;
        return entry(d, path);
}

static void the_end(void **state)
{
        (void)state;
        assert_int_equal(nt_driver_stop_wait(NULL), STATUS_SUCCESS);
        assert_int_equal(nt_pool_leaks(NULL, NULL), 0);
        assert_int_equal(nt_shutdown(10), 0);
}

int main(void)
{
        NtOptions options = {.bug_check = exit_with_code};
        KeInitializeEvent(&held_event, NotificationEvent, FALSE);
        NtDriverConfig config = {.entry = entry_with_unload, .service = "stack"};
        if (nt_init(&options) < 0 || !NT_SUCCESS(nt_driver_start_wait(&config, NULL)))
                return 1;
        return testkit_run((TestCase[]){TEST(order_of_completion), TEST(pending), TEST(stopped_completion),
                                        TEST(cancelled), TEST(requests_of_the_io_manager),
                                        TEST(names_and_opens), TEST(cancel_safe_queue), TEST(remove_locks),
                                        TEST(bug_checks), TEST(bug_check_in_a_callback), TEST(the_end),
                                        TEST_END});
}
