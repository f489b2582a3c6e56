// SPDX-License-Identifier: MIT
// Threads: the kernel's view of a thread, and those that a driver starts.
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct _OBJECT_TYPE nt_type_thread = {.name = "Thread", .tag = NT_TAG('T', 'h', 'r', 'e')};

static _Thread_local NtThread *self;
static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static NtLock driver_threads_lock;
static LIST_ENTRY driver_threads = {&driver_threads, &driver_threads};

static void thread_destroy(void *body)
{
        NtThread *t = body;
        pthread_cond_destroy(&t->wake);
}

static void thread_gone(void *arg)
{
        NtThread *t = arg;
        if (t->driver_thread) { // before the signal: who waited for the thread must not find it here
                nt_lock(&driver_threads_lock);
                RemoveEntryList(&t->link);
                nt_unlock(&driver_threads_lock);
        }
        nt_dispatcher_thread_gone(t);
        self = NULL;
        ObfDereferenceObject(t);
}

static void thread_key_make(void)
{
        nt_type_thread.destroy = thread_destroy;
        if (pthread_key_create(&thread_key, thread_gone) != 0)
                abort();
}

static NtThread *thread_create(const char *name, bool driver_thread)
{
        pthread_once(&thread_once, thread_key_make);
        NtThread *t = nt_object_create(&nt_type_thread, sizeof *t, true);
        if (!t)
                return NULL;
        nt_cond_init(&t->wake);
        nt_dispatcher_init(&t->header, NT_THREAD, sizeof *t, 0);
        InitializeListHead(&t->mutants);
        t->driver_thread = driver_thread;
        t->priority = 8;
        snprintf(t->name, sizeof t->name, "%s", name);
        return t;
}

NtThread *nt_thread_self(void)
{
        if (__builtin_expect(self != NULL, 1))
                return self;
        char name[16] = "";
        pthread_getname_np(pthread_self(), name, sizeof name);
        NtThread *t = thread_create(name, false);
        if (!t)
                abort();
        t->tid = (uint32_t)gettid();
        self = t;
        pthread_setspecific(thread_key, t);
        if (nt_options.thread_start)
                nt_options.thread_start(nt_options.arg);
        return t;
}

// --- threads of ours -----------------------------------------------------------------------------

typedef struct Start {
        void *(*run)(void *);
        void *arg;
        char name[16];
} Start;

static void *start_run(void *arg)
{
        Start s = *(Start *)arg;
        free(arg);
        pthread_setname_np(pthread_self(), s.name);
        return s.run(s.arg);
}

static int thread_spawn(void *(*run)(void *), void *arg)
{
        pthread_attr_t attr;
        pthread_attr_init(&attr);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        pthread_t thread;
        int r = pthread_create(&thread, &attr, run, arg);
        pthread_attr_destroy(&attr);
        return -r;
}

int nt_thread_start(const char *name, void *(*run)(void *), void *arg)
{
        Start *s = malloc(sizeof *s);
        if (!s)
                return -ENOMEM;
        *s = (Start){.run = run, .arg = arg};
        snprintf(s->name, sizeof s->name, "%s", name);
        int r = thread_spawn(start_run, s);
        if (r < 0)
                free(s);
        return r;
}

// --- threads of the driver -----------------------------------------------------------------------

static void *driver_thread_run(void *arg)
{
        NtThread *t = arg;
        pthread_setname_np(pthread_self(), t->name);
        t->tid = (uint32_t)gettid();
        self = t;
        pthread_setspecific(thread_key, t);
        if (nt_options.thread_start)
                nt_options.thread_start(nt_options.arg);
        if (_setjmp(t->exit) == 0) {
                nt_enter_patient("system thread", (const void *)t->start);
                t->start(t->context);
        } else if (t->irql != PASSIVE_LEVEL) {
                nt_bug_check(NT_BUG_IRQL_NOT_LESS_OR_EQUAL, 0, t->irql, 0, 0, (const void *)t->start,
                             "a system thread ended itself at IRQL %u", t->irql);
        }
        NtEntry e;
        while (nt_entry_self(&e) == 1 && e.depth > 0)
                nt_leave();
        return NULL; // the thread key's destructor does the rest
}

NTEXPORT NTSTATUS NTAPI PsCreateSystemThread(PHANDLE handle, ULONG access, POBJECT_ATTRIBUTES attributes,
                                             HANDLE process, PCLIENT_ID client_id, PKSTART_ROUTINE start,
                                             PVOID context)
{
        (void)access, (void)attributes, (void)process;
        if (!handle || !start)
                return STATUS_INVALID_PARAMETER;
        static atomic_uint number;
        char name[16];
        snprintf(name, sizeof name, "driver-%u", atomic_fetch_add(&number, 1));
        NtThread *t = thread_create(name, true);
        if (!t)
                return STATUS_INSUFFICIENT_RESOURCES;
        t->start = start;
        t->context = context;
        NTSTATUS status = nt_handle_create(t, handle);
        if (!NT_SUCCESS(status)) {
                ObfDereferenceObject(t);
                return status;
        }
        nt_lock(&driver_threads_lock);
        InsertTailList(&driver_threads, &t->link);
        nt_unlock(&driver_threads_lock);
        if (client_id) {
                client_id->UniqueProcess = (HANDLE)(ULONG_PTR)4; // the System process
                client_id->UniqueThread = *handle;
        }
        if (thread_spawn(driver_thread_run, t) < 0) { // the thread owns the first reference
                nt_lock(&driver_threads_lock);
                RemoveEntryList(&t->link);
                nt_unlock(&driver_threads_lock);
                ZwClose(*handle);
                ObfDereferenceObject(t);
                return STATUS_INSUFFICIENT_RESOURCES;
        }
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI PsTerminateSystemThread(NTSTATUS status)
{
        NtThread *t = nt_thread_self();
        if (!t->driver_thread)
                return STATUS_INVALID_PARAMETER;
        t->exit_status = status;
        longjmp(t->exit, 1);
}

bool nt_threads_running(void)
{
        nt_lock(&driver_threads_lock);
        bool any = !IsListEmpty(&driver_threads);
        nt_unlock(&driver_threads_lock);
        return any;
}

int nt_threads_report(void)
{
        int n = 0;
        nt_lock(&driver_threads_lock);
        for (LIST_ENTRY *e = driver_threads.Flink; e != &driver_threads; e = e->Flink) {
                NtThread *t = CONTAINING_RECORD(e, NtThread, link);
                char name[256];
                nt_log(NT_LOG_WARNING, "system thread %s (%s) still runs", t->name,
                       nt_symbol((const void *)t->start, name, sizeof name));
                n++;
        }
        nt_unlock(&driver_threads_lock);
        return n;
}

// --- what a driver asks about threads ------------------------------------------------------------

NTEXPORT PKTHREAD NTAPI KeGetCurrentThread(VOID)
{
        return (PKTHREAD)(void *)nt_thread_self();
}

NTEXPORT PETHREAD NTAPI PsGetCurrentThread(VOID)
{
        return (PETHREAD)(void *)nt_thread_self();
}

NTEXPORT HANDLE NTAPI PsGetCurrentThreadId(VOID)
{
        return (HANDLE)(ULONG_PTR)nt_thread_self()->tid;
}

NTEXPORT HANDLE NTAPI PsGetThreadId(PETHREAD thread)
{
        return (HANDLE)(ULONG_PTR)((NtThread *)(void *)thread)->tid;
}

NTEXPORT HANDLE NTAPI PsGetCurrentProcessId(VOID)
{
        return (HANDLE)(ULONG_PTR)getpid();
}

// The one process there is: an opaque address that is nobody's memory to look into.
static LONG the_process;

NTEXPORT PEPROCESS NTAPI IoGetCurrentProcess(VOID)
{
        return (PEPROCESS)(void *)&the_process;
}

NTEXPORT PVOID NTAPI PsGetProcessId(PEPROCESS process)
{
        (void)process;
        return (PVOID)(ULONG_PTR)getpid();
}

NTEXPORT KPROCESSOR_MODE NTAPI ExGetPreviousMode(VOID)
{
        return KernelMode;
}

NTEXPORT BOOLEAN NTAPI PsIsSystemThread(PETHREAD thread);
NTEXPORT BOOLEAN NTAPI PsIsSystemThread(PETHREAD thread)
{
        (void)thread;
        return TRUE;
}

NTEXPORT KPRIORITY NTAPI KeQueryPriorityThread(PKTHREAD thread)
{
        return ((NtThread *)(void *)thread)->priority;
}

NTEXPORT KPRIORITY NTAPI KeSetPriorityThread(PKTHREAD thread, KPRIORITY priority)
{
        NtThread *t = (NtThread *)(void *)thread;
        KPRIORITY old = t->priority; // kept for the driver's sake; scheduling is Linux's
        t->priority = priority;
        return old;
}

NTEXPORT LONG NTAPI KeSetBasePriorityThread(PKTHREAD thread, LONG increment)
{
        NtThread *t = (NtThread *)(void *)thread;
        LONG old = t->priority - 8;
        t->priority = 8 + increment;
        return old;
}

NTEXPORT PIRP NTAPI IoGetTopLevelIrp(VOID)
{
        return nt_thread_self()->top_level_irp;
}

NTEXPORT VOID NTAPI IoSetTopLevelIrp(PIRP irp)
{
        nt_thread_self()->top_level_irp = irp;
}

NTEXPORT VOID NTAPI KeEnterCriticalRegion(VOID)
{
        nt_thread_self()->critical_regions++;
}

NTEXPORT VOID NTAPI KeLeaveCriticalRegion(VOID)
{
        nt_thread_self()->critical_regions--;
}

NTEXPORT VOID NTAPI KeEnterGuardedRegion(VOID)
{
        nt_thread_self()->guarded_regions++;
}

NTEXPORT VOID NTAPI KeLeaveGuardedRegion(VOID)
{
        nt_thread_self()->guarded_regions--;
}

NTEXPORT BOOLEAN NTAPI KeAreApcsDisabled(VOID)
{
        NtThread *t = nt_thread_self();
        return t->critical_regions != 0 || t->guarded_regions != 0;
}

NTEXPORT BOOLEAN NTAPI KeAreAllApcsDisabled(VOID)
{
        NtThread *t = nt_thread_self();
        return t->guarded_regions != 0 || t->irql >= APC_LEVEL;
}
