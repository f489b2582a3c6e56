// SPDX-License-Identifier: MIT
// IRP_MJ_SYSTEM_CONTROL to a driver, and the threads that send it.
//
// Nobody waits for an answer: the completion routine notes it, and work for a wmi thread takes it from there.
// One thread does all the work in order as long as drivers return; a second one stands by and takes over when
// the first is kept inside a driver while work waits, and makes a new stand-by. So a dispatch routine that
// blocks delays the others by STAND_BY_MS, once.
#include "driver/wmi/wmi-internal.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "base/filetime.h"

enum { STAND_BY_MS = 50, THREADS = 16 };

enum { PHASE_SENT, PHASE_RETURNED, PHASE_COMPLETED };

static LIST_ENTRY queue = {&queue, &queue}; // under wmi.lock, as all below
static unsigned idle, total, waiting;       // waiting: length of the queue
static sem_t work_sem, stand_by_sem;

const char *wmi_minor_name(UCHAR minor)
{
        const char *name = strchr(nt_irp_name(IRP_MJ_SYSTEM_CONTROL, minor), '/');
        return name ? name + 1 : "IRP_MJ_SYSTEM_CONTROL";
}

// --- threads --------------------------------------------------------------------------------------

void wmi_work_queue_locked(WmiWork *work)
{
        work->since_ms = monotonic_ms();
        InsertTailList(&queue, &work->link);
        if (idle)
                sem_post(&work_sem);
        if (++waiting > idle) // who is idle may have been woken for other work already
                sem_post(&stand_by_sem);
}

void wmi_work_queue(WmiWork *work)
{
        KIRQL irql = wmi_lock();
        wmi_work_queue_locked(work);
        wmi_unlock(irql);
}

static void *stand_by(void *arg);

static int thread_start(void *(*run)(void *))
{
        pthread_t thread;
        int r = pthread_create(&thread, NULL, run, NULL);
        if (r == 0)
                pthread_detach(thread);
        return -r;
}

// Works until there is nothing, then waits; where one is idle already, it ends instead.
static void work_loop(void)
{
        for (;;) {
                KIRQL irql = wmi_lock();
                while (IsListEmpty(&queue)) {
                        if (idle) {
                                total--;
                                wmi_unlock(irql);
                                return;
                        }
                        idle++;
                        wmi_unlock(irql);
                        while (sem_wait(&work_sem) < 0 && errno == EINTR)
                                continue;
                        irql = wmi_lock();
                        idle--;
                }
                WmiWork *work = CONTAINING_RECORD(RemoveHeadList(&queue), WmiWork, link);
                waiting--;
                wmi_unlock(irql);
                work->run(work);
        }
}

static void sleep_ms(uint64_t ms)
{
        struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
        while (nanosleep(&t, &t) < 0 && errno == EINTR)
                continue;
}

static void *stand_by(void *arg)
{
        (void)arg;
        pthread_setname_np(pthread_self(), "wmi-stand-by");
        for (;;) {
                while (sem_wait(&stand_by_sem) < 0 && errno == EINTR)
                        continue;
                for (;;) { // there was more work than idle threads: see whether the head of the queue moves
                        KIRQL irql = wmi_lock();
                        bool waits = !IsListEmpty(&queue);
                        uint64_t since = waits ? CONTAINING_RECORD(queue.Flink, WmiWork, link)->since_ms : 0;
                        uint64_t now = monotonic_ms();
                        bool take_over = waits && now - since >= STAND_BY_MS && total < THREADS;
                        total += take_over;
                        wmi_unlock(irql);
                        if (!waits)
                                break;
                        if (take_over) {
                                if (thread_start(stand_by) < 0)
                                        nt_log(NT_LOG_ERROR, "WMI: no thread to stand by");
                                pthread_setname_np(pthread_self(), "wmi");
                                work_loop();
                                return NULL;
                        }
                        sleep_ms(now - since < STAND_BY_MS ? STAND_BY_MS - (now - since) : STAND_BY_MS);
                }
        }
}

static void *first_thread(void *arg)
{
        (void)arg;
        pthread_setname_np(pthread_self(), "wmi");
        work_loop();
        return NULL;
}

int wmi_threads_start(void)
{
        if (sem_init(&work_sem, 0, 0) < 0 || sem_init(&stand_by_sem, 0, 0) < 0)
                return -errno;
        total = 1;
        int r = thread_start(first_thread);
        return r < 0 ? r : thread_start(stand_by);
}

// --- requests -------------------------------------------------------------------------------------

static void request_finish(WmiRequest *r)
{
        KIRQL irql = wmi_lock();
        RemoveEntryList(&r->link);
        wmi_unlock(irql);
        ObfDereferenceObject(r->top);
        r->top = NULL;
}

static void request_answered(WmiWork *work)
{
        WmiRequest *r = CONTAINING_RECORD(work, WmiRequest, work);
        request_finish(r);
        r->done(r);
}

static NTSTATUS NTAPI request_completed(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
        (void)device;
        WmiRequest *r = context;
        r->status = irp->IoStatus.Status;
        r->information = irp->IoStatus.Information;
        IoFreeIrp(irp);
        if (InterlockedExchange(&r->phase, PHASE_COMPLETED) == PHASE_RETURNED) {
                r->work.run = request_answered;
                wmi_work_queue(&r->work);
        }
        return STATUS_MORE_PROCESSING_REQUIRED;
}

bool wmi_request_send(WmiRequest *r)
{
        r->status = STATUS_INSUFFICIENT_RESOURCES;
        r->information = 0;
        r->phase = PHASE_SENT;
        KIRQL irql = wmi_lock();
        bool closing = r->reg->closing;
        if (!closing) {
                r->sent_ms = monotonic_ms();
                InsertTailList(&r->reg->requests, &r->link);
        }
        wmi_unlock(irql);
        if (closing) { // DEREGISTER has begun: no further IRP
                r->status = STATUS_WMI_GUID_DISCONNECTED;
                return true;
        }
        r->top = IoGetAttachedDeviceReference(r->reg->device);
        PIRP irp = IoAllocateIrp(r->top->StackSize, FALSE);
        if (!irp) {
                request_finish(r);
                return true;
        }
        irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
        irp->IoStatus.Information = 0;
        PIO_STACK_LOCATION sp = IoGetNextIrpStackLocation(irp);
        sp->MajorFunction = IRP_MJ_SYSTEM_CONTROL;
        sp->MinorFunction = r->minor;
        sp->Parameters.WMI.ProviderId = (ULONG_PTR)r->reg->device;
        sp->Parameters.WMI.DataPath = r->data_path;
        sp->Parameters.WMI.BufferSize = r->capacity;
        sp->Parameters.WMI.Buffer = r->buffer;
        IoSetCompletionRoutine(irp, request_completed, r, TRUE, TRUE, TRUE);
        IoCallDriver(r->top, irp); // the status that counts is the IRP's
        if (InterlockedExchange(&r->phase, PHASE_RETURNED) != PHASE_COMPLETED)
                return false;
        request_finish(r);
        return true;
}

static void request_run(WmiWork *work)
{
        WmiRequest *r = CONTAINING_RECORD(work, WmiRequest, work);
        if (wmi_request_send(r))
                r->done(r);
}

void wmi_request_queue_locked(WmiRequest *request)
{
        request->work.run = request_run;
        wmi_work_queue_locked(&request->work);
}
