// SPDX-License-Identifier: MIT
// Work items: a queue served by as many threads as it takes, so that one that blocks holds up nobody.
//
// A work routine may wait long, that is what work items are for: its entry has no deadline.
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WORKERS_MAX = 64 };

struct _IO_WORKITEM {
        LIST_ENTRY link;
        PVOID object; // device or driver, referenced while queued
        PIO_WORKITEM_ROUTINE routine;
        PIO_WORKITEM_ROUTINE_EX routine_ex;
        PVOID context;
        bool queued;
        bool allocated;
};

// What the queue holds, whoever asked.
typedef struct Job {
        LIST_ENTRY link;
        const char *what;
        void (*fn)(void *);
        void *arg;
        const void *routine; // the driver's, for reports
} Job;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_cond_t idle;
static LIST_ENTRY queue = {&queue, &queue};
static unsigned workers, waiting, busy, queued;

static void *worker(void *arg)
{
        (void)arg;
        nt_thread_self();
        pthread_mutex_lock(&mutex);
        for (;;) {
                while (IsListEmpty(&queue)) {
                        waiting++;
                        pthread_cond_wait(&changed, &mutex);
                        waiting--;
                }
                Job *job = CONTAINING_RECORD(RemoveHeadList(&queue), Job, link);
                Job copy = *job;
                queued--;
                busy++;
                pthread_mutex_unlock(&mutex);
                free(job);
                nt_enter_patient(copy.what, copy.routine);
                copy.fn(copy.arg);
                nt_leave();
                pthread_mutex_lock(&mutex);
                busy--;
                if (!busy && IsListEmpty(&queue))
                        pthread_cond_broadcast(&idle);
        }
        return NULL;
}

int nt_worker_start(void)
{
        nt_cond_init(&idle);
        return 0;
}

// Starts another thread when the waiting ones do not suffice. Lock held.
static void worker_need(void)
{
        if (waiting >= queued || workers >= WORKERS_MAX)
                return;
        char name[16];
        snprintf(name, sizeof name, "worker-%u", workers);
        if (nt_thread_start(name, worker, NULL) == 0)
                workers++;
        else if (!workers)
                nt_log(NT_LOG_ERROR, "cannot start a worker thread: work items wait");
}

static void job_queue(Job *job)
{
        pthread_mutex_lock(&mutex);
        InsertTailList(&queue, &job->link);
        queued++;
        worker_need();
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&mutex);
}

int nt_worker_post(const char *what, void (*fn)(void *), void *arg, const void *routine)
{
        Job *job = calloc(1, sizeof *job);
        if (!job)
                return -ENOMEM;
        *job = (Job){.what = what, .fn = fn, .arg = arg, .routine = routine};
        job_queue(job);
        return 0;
}

bool nt_worker_idle(double seconds)
{
        struct timespec end = nt_deadline(seconds);
        bool ok = true;
        pthread_mutex_lock(&mutex);
        while (ok && (busy || !IsListEmpty(&queue)))
                ok = pthread_cond_timedwait(&idle, &mutex, &end) != ETIMEDOUT ||
                     (!busy && IsListEmpty(&queue));
        pthread_mutex_unlock(&mutex);
        return ok;
}

int nt_worker_report(void)
{
        int n = 0;
        char name[256];
        pthread_mutex_lock(&mutex);
        for (LIST_ENTRY *e = queue.Flink; e != &queue; e = e->Flink, n++) {
                Job *job = CONTAINING_RECORD(e, Job, link);
                nt_log(NT_LOG_WARNING, "still queued: %s (%s)", job->what,
                       nt_symbol(job->routine, name, sizeof name));
        }
        if (busy) {
                nt_log(NT_LOG_WARNING, "still busy: %u work item(s)", busy);
                n++;
        }
        pthread_mutex_unlock(&mutex);
        return n;
}

// --- Io work items -------------------------------------------------------------------------------

NTEXPORT PIO_WORKITEM NTAPI IoAllocateWorkItem(PDEVICE_OBJECT device)
{
        PIO_WORKITEM item =
                nt_pool_alloc_for(NT_POOL_ZERO, sizeof *item, NT_TAG('I', 'o', 'W', 'I'), NT_CALLER);
        if (item) {
                item->object = device;
                item->allocated = true;
        }
        return item;
}

NTEXPORT ULONG NTAPI IoSizeofWorkItem(VOID)
{
        return sizeof(struct _IO_WORKITEM);
}

NTEXPORT VOID NTAPI IoInitializeWorkItem(PVOID object, PIO_WORKITEM item)
{
        *item = (struct _IO_WORKITEM){.object = object};
}

static void item_check_idle(PIO_WORKITEM item, const void *caller)
{
        pthread_mutex_lock(&mutex);
        bool still_queued = item->queued;
        pthread_mutex_unlock(&mutex);
        if (still_queued)
                nt_bug_check(NT_BUG_IOMANAGER_VIOLATION, 0, (ULONG_PTR)item, 0, 0, caller,
                             "work item %p was freed while it is queued", (void *)item);
}

NTEXPORT VOID NTAPI IoUninitializeWorkItem(PIO_WORKITEM item)
{
        item_check_idle(item, NT_CALLER);
}

NTEXPORT VOID NTAPI IoFreeWorkItem(PIO_WORKITEM item)
{
        item_check_idle(item, NT_CALLER);
        ExFreePool(item);
}

static void item_run(void *arg)
{
        PIO_WORKITEM item = arg;
        // The routine may free or queue the item again.
        PVOID object = item->object, context = item->context;
        PIO_WORKITEM_ROUTINE routine = item->routine;
        PIO_WORKITEM_ROUTINE_EX routine_ex = item->routine_ex;
        pthread_mutex_lock(&mutex);
        item->queued = false;
        pthread_mutex_unlock(&mutex);
        if (routine_ex)
                routine_ex(object, context, item);
        else
                routine(object, context);
        ObfDereferenceObject(object);
}

static void item_queue(PIO_WORKITEM item, PVOID context, const void *routine, const void *caller)
{
        pthread_mutex_lock(&mutex);
        bool twice = item->queued;
        item->queued = true;
        pthread_mutex_unlock(&mutex);
        if (twice)
                nt_bug_check(NT_BUG_IOMANAGER_VIOLATION, 0, (ULONG_PTR)item, 0, 0, caller,
                             "work item %p was queued while it is queued", (void *)item);
        item->context = context;
        ObfReferenceObject(item->object);
        if (nt_worker_post("work item", item_run, item, routine) < 0)
                nt_bug_check(0x7f, 0, 0, 0, 0, caller, "out of memory while a work item was queued");
}

NTEXPORT VOID NTAPI IoQueueWorkItem(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine, WORK_QUEUE_TYPE type,
                                    PVOID context)
{
        (void)type;
        item->routine = routine;
        item->routine_ex = NULL;
        item_queue(item, context, (const void *)routine, NT_CALLER);
}

NTEXPORT VOID NTAPI IoQueueWorkItemEx(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE_EX routine,
                                      WORK_QUEUE_TYPE type, PVOID context)
{
        (void)type;
        item->routine = NULL;
        item->routine_ex = routine;
        item_queue(item, context, (const void *)routine, NT_CALLER);
}

// --- Ex work items -------------------------------------------------------------------------------

static void ex_item_run(void *arg)
{
        WORK_QUEUE_ITEM *item = arg;
        PWORKER_THREAD_ROUTINE routine = item->WorkerRoutine;
        PVOID parameter = item->Parameter;
        __atomic_store_n(&item->List.Flink, NULL, __ATOMIC_RELEASE);
        routine(parameter);
}

NTEXPORT VOID NTAPI ExQueueWorkItem(PWORK_QUEUE_ITEM item, WORK_QUEUE_TYPE type)
{
        (void)type;
        PLIST_ENTRY expected = NULL;
        if (!__atomic_compare_exchange_n(&item->List.Flink, &expected, &item->List, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_RELAXED))
                nt_bug_check(0x96, (ULONG_PTR)&queue, (ULONG_PTR)&item->List, (ULONG_PTR)item, 0, NT_CALLER,
                             "work item %p was queued while it is queued", (void *)item);
        if (nt_worker_post("work item", ex_item_run, item, (const void *)item->WorkerRoutine) < 0)
                nt_bug_check(0x7f, 0, 0, 0, 0, NT_CALLER, "out of memory while a work item was queued");
}
