// SPDX-License-Identifier: MIT
// Power: requested IRPs go out on the "power" thread; the machine itself stays in S0.
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <time.h>

typedef struct Request {
        LIST_ENTRY link;
        PDEVICE_OBJECT device, top;
        PIRP irp;
        UCHAR minor;
        POWER_STATE state;
        PREQUEST_POWER_COMPLETE complete;
        PVOID context;
} Request;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER, idle;
static LIST_ENTRY queue = {&queue, &queue};
static unsigned outstanding; // sent or queued, WAIT_WAKE not counted: it waits for ever

static void *power_thread(void *arg)
{
        (void)arg;
        nt_thread_self();
        for (;;) {
                pthread_mutex_lock(&mutex);
                while (IsListEmpty(&queue))
                        pthread_cond_wait(&changed, &mutex);
                Request *r = CONTAINING_RECORD(RemoveHeadList(&queue), Request, link);
                pthread_mutex_unlock(&mutex);
                IofCallDriver(r->top, r->irp); // r is the completion's from here
        }
        return NULL;
}

int nt_power_start(void)
{
        nt_cond_init(&idle);
        return nt_thread_start("power", power_thread, NULL);
}

bool nt_power_idle(double seconds)
{
        struct timespec end = nt_deadline(seconds);
        bool ok = true;
        pthread_mutex_lock(&mutex);
        while (ok && outstanding)
                ok = pthread_cond_timedwait(&idle, &mutex, &end) != ETIMEDOUT || !outstanding;
        pthread_mutex_unlock(&mutex);
        return ok;
}

static NTSTATUS NTAPI request_done(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
        (void)device;
        Request *r = context;
        IO_STATUS_BLOCK iosb = irp->IoStatus;
        if (r->complete) {
                nt_enter("power completion", (const void *)r->complete);
                r->complete(r->device, r->minor, r->state, r->context, &iosb);
                nt_leave();
        }
        bool counted = r->minor != IRP_MN_WAIT_WAKE;
        ObfDereferenceObject(r->top);
        ObfDereferenceObject(r->device);
        IoFreeIrp(irp);
        ExFreePool(r);
        pthread_mutex_lock(&mutex);
        if (counted && --outstanding == 0)
                pthread_cond_broadcast(&idle);
        pthread_mutex_unlock(&mutex);
        return STATUS_MORE_PROCESSING_REQUIRED;
}

NTEXPORT NTSTATUS NTAPI PoRequestPowerIrp(PDEVICE_OBJECT device, UCHAR minor, POWER_STATE state,
                                          PREQUEST_POWER_COMPLETE complete, PVOID context, PIRP *ret_irp)
{
        if (minor != IRP_MN_WAIT_WAKE && minor != IRP_MN_SET_POWER && minor != IRP_MN_QUERY_POWER)
                return STATUS_INVALID_PARAMETER_2;
        PDEVICE_OBJECT top = IoGetAttachedDeviceReference(device);
        Request *r = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, sizeof *r, NT_TAG('P', 'o', 'w', 'r'));
        PIRP irp = r ? IoAllocateIrp(top->StackSize, FALSE) : NULL;
        if (!irp) {
                if (r)
                        ExFreePool(r);
                ObfDereferenceObject(top);
                return STATUS_INSUFFICIENT_RESOURCES;
        }
        ObfReferenceObject(device);
        *r = (Request){.device = device,
                       .top = top,
                       .irp = irp,
                       .minor = minor,
                       .state = state,
                       .complete = complete,
                       .context = context};
        irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
        PIO_STACK_LOCATION sp = IoGetNextIrpStackLocation(irp);
        sp->MajorFunction = IRP_MJ_POWER;
        sp->MinorFunction = minor;
        if (minor == IRP_MN_WAIT_WAKE) {
                sp->Parameters.WaitWake.PowerState = state.SystemState;
        } else {
                sp->Parameters.Power.Type = DevicePowerState;
                sp->Parameters.Power.State = state;
                sp->Parameters.Power.ShutdownType = PowerActionNone;
        }
        IoSetCompletionRoutine(irp, request_done, r, TRUE, TRUE, TRUE);
        if (ret_irp)
                *ret_irp = irp;
        pthread_mutex_lock(&mutex);
        if (minor != IRP_MN_WAIT_WAKE)
                outstanding++;
        InsertTailList(&queue, &r->link);
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&mutex);
        return STATUS_PENDING;
}

#undef PoStartNextPowerIrp
NTEXPORT VOID NTAPI PoStartNextPowerIrp(PIRP irp)
{
        (void)irp; // since Windows Vista power IRPs need no starting
}

static NtLock state_lock;

NTEXPORT POWER_STATE NTAPI PoSetPowerState(PDEVICE_OBJECT device, POWER_STATE_TYPE type, POWER_STATE state)
{
        NtDeviceExtension *x = nt_device_extension(device);
        POWER_STATE old;
        nt_lock(&state_lock);
        if (type == SystemPowerState) {
                old.SystemState = x->system_power;
                x->system_power = state.SystemState;
        } else {
                old.DeviceState = x->device_power;
                x->device_power = state.DeviceState;
        }
        nt_unlock(&state_lock);
        return old;
}

// Idle detection would power the device down after so many idle seconds; this machine never does. The counter
// is there for PoSetDeviceBusy to write to.
NTEXPORT PULONG NTAPI PoRegisterDeviceForIdleDetection(PDEVICE_OBJECT device, ULONG conservation,
                                                       ULONG performance, DEVICE_POWER_STATE state)
{
        (void)state;
        return conservation || performance ? (PULONG)&nt_device_extension(device)->power_busy : NULL;
}

NTEXPORT VOID NTAPI PoSetDeviceBusyEx(PULONG counter)
{
        __atomic_store_n(counter, 0, __ATOMIC_RELAXED);
}

NTEXPORT VOID NTAPI PoStartDeviceBusy(PULONG counter)
{
        __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

NTEXPORT VOID NTAPI PoEndDeviceBusy(PULONG counter)
{
        __atomic_sub_fetch(counter, 1, __ATOMIC_RELAXED);
}

NTEXPORT PVOID NTAPI PoRegisterSystemState(PVOID handle, EXECUTION_STATE flags)
{
        (void)flags;
        static ULONG state;
        return handle ? handle : &state;
}

NTEXPORT VOID NTAPI PoUnregisterSystemState(PVOID handle)
{
        (void)handle;
}

NTEXPORT VOID NTAPI PoSetSystemState(EXECUTION_STATE flags)
{
        (void)flags;
}

NTEXPORT VOID NTAPI PoSetSystemWake(PIRP irp)
{
        (void)irp;
}

NTEXPORT BOOLEAN NTAPI PoGetSystemWake(PIRP irp)
{
        (void)irp;
        return FALSE;
}
