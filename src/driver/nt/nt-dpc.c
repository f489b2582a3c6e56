// SPDX-License-Identifier: MIT
// DPCs: a queue and one thread that runs it at DISPATCH_LEVEL.
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER; // work for the thread
static pthread_cond_t idle;                               // the queue ran empty, or one DPC ended
static LIST_ENTRY queue = {&queue, &queue};
static bool running;
static ULONG_PTR last_number, running_number; // DpcData of a queued DPC is its number, from 1 on

static void *dpc_thread(void *arg)
{
        (void)arg;
        NtThread *self = nt_thread_self();
        pthread_mutex_lock(&mutex);
        for (;;) {
                while (IsListEmpty(&queue))
                        pthread_cond_wait(&changed, &mutex);
                KDPC *dpc = CONTAINING_RECORD(RemoveHeadList(&queue), KDPC, DpcListEntry);
                // The routine may free or queue its DPC again: nothing of it is touched after the unlock.
                PKDEFERRED_ROUTINE routine = dpc->DeferredRoutine;
                void *context = dpc->DeferredContext, *arg1 = dpc->SystemArgument1,
                     *arg2 = dpc->SystemArgument2;
                running_number = (ULONG_PTR)dpc->DpcData;
                dpc->DpcData = NULL;
                running = true;
                pthread_mutex_unlock(&mutex);
                nt_irql_set(DISPATCH_LEVEL);
                nt_enter("DPC", (const void *)routine);
                routine(dpc, context, arg1, arg2);
                nt_leave();
                if (self->spin_locks)
                        nt_bug_check(NT_BUG_DRIVER_LEFT_LOCKS, (ULONG_PTR)routine, self->spin_locks, 0, 0,
                                     (const void *)routine, "a DPC returned with %u spin lock(s) held",
                                     self->spin_locks);
                nt_irql_set(PASSIVE_LEVEL);
                pthread_mutex_lock(&mutex);
                running = false;
                pthread_cond_broadcast(&idle);
        }
        return NULL;
}

int nt_dpc_start(void)
{
        nt_cond_init(&idle);
        return nt_thread_start("dpc", dpc_thread, NULL);
}

bool nt_dpc_queue(KDPC *dpc, void *arg1, void *arg2)
{
        pthread_mutex_lock(&mutex);
        bool queued = dpc->DpcData == NULL;
        if (queued) {
                dpc->SystemArgument1 = arg1;
                dpc->SystemArgument2 = arg2;
                dpc->DpcData = (PVOID)++last_number;
                if (dpc->Importance == HighImportance)
                        InsertHeadList(&queue, &dpc->DpcListEntry);
                else
                        InsertTailList(&queue, &dpc->DpcListEntry);
                pthread_cond_signal(&changed);
        }
        pthread_mutex_unlock(&mutex);
        return queued;
}

bool nt_dpc_idle(double seconds)
{
        struct timespec end = nt_deadline(seconds);
        bool ok = true;
        pthread_mutex_lock(&mutex);
        while (ok && (running || !IsListEmpty(&queue)))
                ok = pthread_cond_timedwait(&idle, &mutex, &end) != ETIMEDOUT ||
                     (!running && IsListEmpty(&queue));
        pthread_mutex_unlock(&mutex);
        return ok;
}

NTEXPORT VOID NTAPI KeInitializeDpc(PRKDPC dpc, PKDEFERRED_ROUTINE routine, PVOID context)
{
        *dpc = (KDPC){.Type = 19,
                      .Importance = MediumImportance,
                      .DeferredRoutine = routine,
                      .DeferredContext = context};
}

// A threaded DPC may run at DISPATCH_LEVEL like any other where the feature is off, so it does here.
NTEXPORT VOID NTAPI KeInitializeThreadedDpc(PRKDPC dpc, PKDEFERRED_ROUTINE routine, PVOID context)
{
        KeInitializeDpc(dpc, routine, context);
}

NTEXPORT BOOLEAN NTAPI KeInsertQueueDpc(PRKDPC dpc, PVOID arg1, PVOID arg2)
{
        return nt_dpc_queue(dpc, arg1, arg2);
}

NTEXPORT BOOLEAN NTAPI KeRemoveQueueDpc(PRKDPC dpc)
{
        pthread_mutex_lock(&mutex);
        bool queued = dpc->DpcData != NULL;
        if (queued) {
                RemoveEntryList(&dpc->DpcListEntry);
                dpc->DpcData = NULL;
                pthread_cond_broadcast(&idle); // who flushes may wait for this one
        }
        pthread_mutex_unlock(&mutex);
        return queued;
}

// Is one of the first `until` still to end? Not by counting: a DPC of high importance overtakes. Lock held.
static bool flush_waits(ULONG_PTR until)
{
        if (running && running_number <= until)
                return true;
        for (LIST_ENTRY *e = queue.Flink; e != &queue; e = e->Flink)
                if ((ULONG_PTR)CONTAINING_RECORD(e, KDPC, DpcListEntry)->DpcData <= until)
                        return true;
        return false;
}

NTEXPORT VOID NTAPI KeFlushQueuedDpcs(VOID)
{
        pthread_mutex_lock(&mutex);
        ULONG_PTR until = last_number;
        while (flush_waits(until))
                pthread_cond_wait(&idle, &mutex);
        pthread_mutex_unlock(&mutex);
}

NTEXPORT VOID NTAPI KeSetImportanceDpc(PRKDPC dpc, KDPC_IMPORTANCE importance)
{
        dpc->Importance = (UCHAR)importance;
}

// There is one DPC thread whatever the processor.
NTEXPORT VOID NTAPI KeSetTargetProcessorDpc(PRKDPC dpc, CCHAR number)
{
        dpc->Number = (USHORT)number;
}

NTEXPORT NTSTATUS NTAPI KeSetTargetProcessorDpcEx(PKDPC dpc, PPROCESSOR_NUMBER number)
{
        dpc->Number = number->Number;
        return STATUS_SUCCESS;
}
