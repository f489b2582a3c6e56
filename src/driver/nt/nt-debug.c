// SPDX-License-Identifier: MIT
// DbgPrint and its kin, assertions, and bug checks.
//
// A bug check writes one report to standard error, tells the host, and ends the process by abort(). Formats
// are Microsoft's and go through src/crt's engine, never libc's.
#include "driver/nt/nt-internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// src/crt: as Microsoft's _vsnprintf; -1 when it was cut, then without a terminator.
int fwcrt__vsnprintf(char *buffer, size_t count, const char *format, va_list args);

// --- printing ------------------------------------------------------------------------------------

enum { PRINT_MAX = 512 }; // as on Windows: a longer text is cut

static NtLock filter_lock;
static ULONG filter_masks[256] = {[0 ... 255] = 0xffffffff}; // everything is shown unless the driver hides it

static ULONG level_bit(ULONG level)
{
        return level < 32 ? 1u << level : level;
}

static bool filter_passes(ULONG component, ULONG level)
{
        if (component >= RTL_NUMBER_OF(filter_masks))
                return true;
        nt_lock(&filter_lock);
        bool passes = (filter_masks[component] & level_bit(level)) != 0;
        nt_unlock(&filter_lock);
        return passes;
}

static void write_all(const char *p, size_t n)
{
        while (n) {
                ssize_t w = write(STDERR_FILENO, p, n);
                if (w <= 0)
                        return;
                p += w;
                n -= (size_t)w;
        }
}

static void print(const char *prefix, const char *format, va_list args)
{
        char text[PRINT_MAX + 1];
        size_t n = 0;
        while (prefix && prefix[n] && n < PRINT_MAX) {
                text[n] = prefix[n];
                n++;
        }
        int r = fwcrt__vsnprintf(text + n, sizeof text - n, format, args);
        n = r < 0 || n + (size_t)r > PRINT_MAX ? PRINT_MAX : n + (size_t)r;
        n = strnlen(text, n);
        if (nt_options.debug_print)
                nt_options.debug_print(nt_options.arg, text, n);
        else
                write_all(text, n);
}

NTEXPORT ULONG __cdecl DbgPrint(PCSTR format, ...)
{
        if (!filter_passes(DPFLTR_DEFAULT_ID, DPFLTR_INFO_LEVEL))
                return STATUS_SUCCESS;
        va_list args;
        va_start(args, format);
        print(NULL, format, args);
        va_end(args);
        return STATUS_SUCCESS;
}

NTEXPORT ULONG __cdecl DbgPrintReturnControlC(PCCH format, ...)
{
        va_list args;
        va_start(args, format);
        print(NULL, format, args);
        va_end(args);
        return STATUS_SUCCESS;
}

NTEXPORT ULONG __cdecl DbgPrintEx(ULONG component, ULONG level, PCSTR format, ...)
{
        if (!filter_passes(component, level))
                return STATUS_SUCCESS;
        va_list args;
        va_start(args, format);
        print(NULL, format, args);
        va_end(args);
        return STATUS_SUCCESS;
}

NTEXPORT ULONG NTAPI vDbgPrintEx(ULONG component, ULONG level, PCCH format, va_list args)
{
        if (filter_passes(component, level))
                print(NULL, format, args);
        return STATUS_SUCCESS;
}

NTEXPORT ULONG NTAPI vDbgPrintExWithPrefix(PCCH prefix, ULONG component, ULONG level, PCCH format,
                                           va_list args)
{
        if (filter_passes(component, level))
                print(prefix, format, args);
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI DbgQueryDebugFilterState(ULONG component, ULONG level)
{
        return filter_passes(component, level) ? (NTSTATUS)TRUE : (NTSTATUS)FALSE;
}

NTEXPORT NTSTATUS NTAPI DbgSetDebugFilterState(ULONG component, ULONG level, BOOLEAN state)
{
        if (component >= RTL_NUMBER_OF(filter_masks))
                return STATUS_INVALID_PARAMETER_1;
        nt_lock(&filter_lock);
        if (state)
                filter_masks[component] |= level_bit(level);
        else
                filter_masks[component] &= ~level_bit(level);
        nt_unlock(&filter_lock);
        return STATUS_SUCCESS;
}

NTEXPORT VOID NTAPI DbgBreakPointWithStatus(ULONG status)
{
        nt_bug_check(0x7e, (ULONG_PTR)(ULONG)STATUS_BREAKPOINT, (ULONG_PTR)NT_CALLER, status, 0, NT_CALLER,
                     "a break point with status 0x%x, and no debugger", status);
}

NTEXPORT VOID NTAPI RtlAssert(PVOID failed, PVOID file, ULONG line, PSTR message)
{
        nt_bug_check(0x7e, (ULONG_PTR)(ULONG)STATUS_ASSERTION_FAILURE, (ULONG_PTR)NT_CALLER, 0, 0, NT_CALLER,
                     "assertion failed: %s at %s:%u%s%s", (const char *)failed, (const char *)file, line,
                     message ? ": " : "", message ? message : "");
}

#undef KdDebuggerEnabled
#undef KdDebuggerNotPresent
NTEXPORT BOOLEAN KdDebuggerEnabled = FALSE;
NTEXPORT BOOLEAN KdDebuggerNotPresent = TRUE;

NTEXPORT BOOLEAN NTAPI KdRefreshDebuggerNotPresent(VOID)
{
        return TRUE;
}

// --- bug checks ----------------------------------------------------------------------------------

static const struct BugName {
        ULONG code;
        const char *name;
} bug_names[] = {
        {0x09, "IRQL_NOT_GREATER_OR_EQUAL"},
        {0x0a, "IRQL_NOT_LESS_OR_EQUAL"},
        {0x0c, "MAXIMUM_WAIT_OBJECTS_EXCEEDED"},
        {0x0f, "SPIN_LOCK_ALREADY_OWNED"},
        {0x10, "SPIN_LOCK_NOT_OWNED"},
        {0x18, "REFERENCE_BY_POINTER"},
        {0x1e, "KMODE_EXCEPTION_NOT_HANDLED"},
        {0x2a, "INCONSISTENT_IRP"},
        {0x35, "NO_MORE_IRP_STACK_LOCATIONS"},
        {0x44, "MULTIPLE_IRP_COMPLETE_REQUESTS"},
        {0x48, "CANCEL_STATE_IN_COMPLETED_IRP"},
        {0x7e, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED"},
        {0x7f, "UNEXPECTED_KERNEL_MODE_TRAP"},
        {0x96, "INVALID_WORK_QUEUE_ITEM"},
        {0x9f, "DRIVER_POWER_STATE_FAILURE"},
        {0xb8, "ATTEMPTED_SWITCH_FROM_DPC"},
        {0xbf, "MUTEX_ALREADY_OWNED"},
        {0xc2, "BAD_POOL_CALLER"},
        {0xc4, "DRIVER_VERIFIER_DETECTED_VIOLATION"},
        {0xc5, "DRIVER_CORRUPTED_EXPOOL"},
        {0xc7, "TIMER_OR_DPC_INVALID"},
        {0xc8, "IRQL_UNEXPECTED_VALUE"},
        {0xc9, "DRIVER_VERIFIER_IOMANAGER_VIOLATION"},
        {0xca, "PNP_DETECTED_FATAL_ERROR"},
        {0xcb, "DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS"},
        {0xd1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL"},
        {0xd5, "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL"},
        {0xe1, "WORKER_THREAD_RETURNED_AT_BAD_IRQL"},
        {0xe2, "MANUALLY_INITIATED_CRASH"},
        {0xe3, "RESOURCE_NOT_OWNED"},
        {0x14a, "KERNEL_WMI_INTERNAL"},
};

static NtLock callbacks_lock;
static LIST_ENTRY callbacks = {&callbacks, &callbacks};

static void callbacks_run(void)
{
        // No lock: another thread may have died holding it. What is registered now is walked once.
        size_t limit = 64;
        for (LIST_ENTRY *e = callbacks.Flink; e != &callbacks && limit--; e = e->Flink) {
                KBUGCHECK_CALLBACK_RECORD *r = CONTAINING_RECORD(e, KBUGCHECK_CALLBACK_RECORD, Entry);
                nt_enter("bug check callback", (const void *)r->CallbackRoutine);
                r->CallbackRoutine(r->Buffer, r->Length);
                nt_leave();
        }
}

static _Noreturn void bug_check(ULONG code, const ULONG_PTR p[4], const void *caller, const char *reason)
{
        static _Atomic(pid_t) ending;
        pid_t nobody = 0, me = gettid();
        if (!atomic_compare_exchange_strong(&ending, &nobody, me)) {
                if (nobody == me) // in the callbacks of the first one, which is reported
                        abort();
                for (;;) // another thread is ending the process
                        pause();
        }
        NtBugCheck bug = {.code = code, .name = "", .caller = caller, .entry = ""};
        memcpy(bug.parameters, p, sizeof bug.parameters);
        for (size_t i = 0; i < RTL_NUMBER_OF(bug_names); i++)
                if (bug_names[i].code == code)
                        bug.name = bug_names[i].name;
        NtEntry entry;
        char routine[256] = "";
        if (nt_entry_self(&entry) == 1 && entry.depth > 0) {
                const NtEntryFrame *f =
                        &entry.frames[entry.depth <= NT_ENTRY_DEPTH ? entry.depth - 1 : NT_ENTRY_DEPTH - 1];
                bug.entry = f->what;
                nt_symbol(f->routine, routine, sizeof routine);
        }
        char text[2048], where[256];
        snprintf(text, sizeof text,
                 "*** bug check 0x%x %s\n"
                 "    parameters 0x%llx 0x%llx 0x%llx 0x%llx\n"
                 "    %s%s"
                 "caller %s\n"
                 "    %s%s%s%s%s",
                 code, bug.name, (unsigned long long)p[0], (unsigned long long)p[1], (unsigned long long)p[2],
                 (unsigned long long)p[3], reason, *reason ? "\n    " : "",
                 nt_symbol(caller, where, sizeof where), *bug.entry ? "in " : "in no entry point\n",
                 bug.entry, *bug.entry ? " (" : "", routine, *bug.entry ? ")\n" : "");
        bug.text = text;
        write_all(text, strlen(text));
        if (nt_options.bug_check) // first: a callback of the driver may crash, too
                nt_options.bug_check(nt_options.arg, &bug);
        callbacks_run();
        abort();
}

void nt_bug_check(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4, const void *caller,
                  const char *format, ...)
{
        char reason[1024];
        va_list args;
        va_start(args, format);
        vsnprintf(reason, sizeof reason, format, args);
        va_end(args);
        const ULONG_PTR p[4] = {p1, p2, p3, p4};
        bug_check(code, p, caller, reason);
}

NTEXPORT VOID NTAPI KeBugCheckEx(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4)
{
        const ULONG_PTR p[4] = {p1, p2, p3, p4};
        bug_check(code, p, NT_CALLER, "");
}

NTEXPORT VOID NTAPI KeBugCheck(ULONG code)
{
        const ULONG_PTR p[4] = {0};
        bug_check(code, p, NT_CALLER, "");
}

static _Noreturn void raised(NTSTATUS status, const void *caller)
{
        nt_bug_check(NT_BUG_KMODE_EXCEPTION_NOT_HANDLED, (ULONG_PTR)(ULONG)status, (ULONG_PTR)caller, 0, 0,
                     caller, "exception 0x%x was raised; there is no structured exception handling here",
                     (ULONG)status);
}

NTEXPORT VOID NTAPI ExRaiseStatus(NTSTATUS status)
{
        raised(status, NT_CALLER);
}

NTEXPORT VOID NTAPI ExRaiseAccessViolation(VOID)
{
        raised(STATUS_ACCESS_VIOLATION, NT_CALLER);
}

NTEXPORT VOID NTAPI ExRaiseDatatypeMisalignment(VOID)
{
        raised(STATUS_DATATYPE_MISALIGNMENT, NT_CALLER);
}

NTEXPORT BOOLEAN NTAPI KeRegisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD record,
                                                  PKBUGCHECK_CALLBACK_ROUTINE routine, PVOID buffer,
                                                  ULONG length, PUCHAR component)
{
        nt_lock(&callbacks_lock);
        bool ok = record->State == BufferEmpty;
        if (ok) {
                record->CallbackRoutine = routine;
                record->Buffer = buffer;
                record->Length = length;
                record->Component = component;
                record->State = BufferInserted;
                InsertTailList(&callbacks, &record->Entry);
        }
        nt_unlock(&callbacks_lock);
        return ok;
}

NTEXPORT BOOLEAN NTAPI KeDeregisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD record)
{
        nt_lock(&callbacks_lock);
        bool ok = record->State == BufferInserted;
        if (ok) {
                RemoveEntryList(&record->Entry);
                record->State = BufferEmpty;
        }
        nt_unlock(&callbacks_lock);
        return ok;
}
