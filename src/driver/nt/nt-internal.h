// SPDX-License-Identifier: MIT
// What the files of this room share; nobody outside includes it.
#ifndef FREEWMI_DRIVER_NT_INTERNAL_H
#define FREEWMI_DRIVER_NT_INTERNAL_H

#include "driver/nt/nt.h"
#include "driver/nt/nt-undeclared.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <time.h>

#define NT_OBSERVE(hook, ...)                                                                                \
        do {                                                                                                 \
                const NtObserver *o_ = nt_observer;                                                          \
                if (__builtin_expect(o_ != NULL, 0) && o_->hook)                                             \
                        o_->hook(__VA_ARGS__);                                                               \
        } while (0)

#define NT_CALLER __builtin_return_address(0)

// Pool tags as they read in memory.
#define NT_TAG(a, b, c, d) ((ULONG)(a) | (ULONG)(b) << 8 | (ULONG)(c) << 16 | (ULONG)(d) << 24)

// Bug check codes that we raise, with their documented names (nt-bugcheck.c knows the names).
enum {
        NT_BUG_SPIN_LOCK_ALREADY_OWNED = 0x0f,
        NT_BUG_SPIN_LOCK_NOT_OWNED = 0x10,
        NT_BUG_IRQL_NOT_GREATER_OR_EQUAL = 0x09,
        NT_BUG_IRQL_NOT_LESS_OR_EQUAL = 0x0a,
        NT_BUG_REFERENCE_BY_POINTER = 0x18,
        NT_BUG_KMODE_EXCEPTION_NOT_HANDLED = 0x1e,
        NT_BUG_CANCEL_STATE_IN_COMPLETED_IRP = 0x48,
        NT_BUG_NO_MORE_IRP_STACK_LOCATIONS = 0x35,
        NT_BUG_MULTIPLE_IRP_COMPLETE_REQUESTS = 0x44,
        NT_BUG_INCONSISTENT_IRP = 0x2a,
        NT_BUG_MUTEX_ALREADY_OWNED = 0xbf,
        NT_BUG_ATTEMPTED_SWITCH_FROM_DPC = 0xb8,
        NT_BUG_BAD_POOL_CALLER = 0xc2,
        NT_BUG_TIMER_OR_DPC_INVALID = 0xc7,
        NT_BUG_IRQL_UNEXPECTED_VALUE = 0xc8,
        NT_BUG_IOMANAGER_VIOLATION = 0xc9,
        NT_BUG_DRIVER_LEFT_LOCKS = 0xcb,
        NT_BUG_WORKER_BAD_IRQL = 0xe1,
        NT_BUG_RESOURCE_NOT_OWNED = 0xe3,
        NT_BUG_DRIVER_POWER_STATE = 0x9f,
};

// KeBugCheckEx with the reason in words and the caller that the report shall name.
_Noreturn void nt_bug_check(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4,
                            const void *caller, const char *format, ...)
        __attribute__((format(printf, 7, 8)));

// --- threads -------------------------------------------------------------------------------------

struct NtWait;
struct NtEntrySlot;

// One thread as the kernel sees it; it begins with the header that makes it waitable.
typedef struct NtThread {
        DISPATCHER_HEADER header;
        KIRQL irql;
        bool driver_thread; // by PsCreateSystemThread
        LONG critical_regions;
        LONG guarded_regions;
        ULONG spin_locks; // held now
        uint32_t tid;
        pthread_cond_t wake;
        struct NtWait *wait; // under the dispatcher lock
        LIST_ENTRY mutants;  // owned, under the dispatcher lock
        struct NtEntrySlot *entry;
        PIRP top_level_irp;
        KPRIORITY priority;
        PKSTART_ROUTINE start;
        void *context;
        NTSTATUS exit_status;
        jmp_buf exit;
        LIST_ENTRY link; // live driver threads, under the thread lock
        char name[16];
} NtThread;

// The calling thread, made at its first use. Never NULL (out of memory ends the process).
NtThread *nt_thread_self(void);

// Starts a thread of ours with this name (at most 15 characters). 0 or -errno.
int nt_thread_start(const char *name, void *(*run)(void *), void *arg);

// Writes one report line for each driver thread still running; returns how many.
int nt_threads_report(void);
bool nt_threads_running(void);

// --- IRQL, locks ---------------------------------------------------------------------------------

KIRQL nt_irql_set(KIRQL to); // unchecked; returns the old one

// Our own short locks: a futex word, any IRQL, no bookkeeping.
typedef struct NtLock {
        _Atomic(uint32_t) word;
} NtLock;

void nt_lock(NtLock *lock);
void nt_unlock(NtLock *lock);

// --- dispatcher ----------------------------------------------------------------------------------

enum NtDispatcherType {
        NT_NOTIFICATION_EVENT = 0,
        NT_SYNCHRONIZATION_EVENT = 1,
        NT_MUTANT = 2,
        NT_SEMAPHORE = 5,
        NT_THREAD = 6,
        NT_TIMER_NOTIFICATION = 8,
        NT_TIMER_SYNCHRONIZATION = 9,
};

void nt_dispatcher_lock(void);
void nt_dispatcher_unlock(void);
void nt_dispatcher_init(DISPATCHER_HEADER *header, UCHAR type, size_t size, LONG state);
void nt_dispatcher_signal(DISPATCHER_HEADER *header); // lock held: lets go whom the state satisfies
void nt_dispatcher_thread_gone(NtThread *thread);     // abandons mutants, signals the thread
pthread_mutex_t *nt_dispatcher_mutex(void);

// Waits of ours. seconds < 0: for ever. False on timeout. Real time whatever the clock is.
bool nt_event_wait(KEVENT *event, double seconds);

// --- clock, timers -------------------------------------------------------------------------------

int nt_clock_init(bool virtual_clock);
struct timespec nt_deadline(double seconds); // from now, on CLOCK_MONOTONIC
int nt_cond_init(pthread_cond_t *cond);      // a condition variable that is timed by that clock
bool nt_clock_is_virtual(void);
ULONGLONG nt_clock_due(LARGE_INTEGER when); // NT's relative or absolute time as interrupt time
void nt_clock_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, ULONGLONG due, bool *ret_timeout);
void nt_wait_expire(ULONGLONG now); // virtual clock: ends the waits that are due
ULONGLONG nt_wait_next_due(void);
int nt_timers_report(void);
int nt_timers_start(void);

// --- DPCs, work items ----------------------------------------------------------------------------

int nt_dpc_start(void);
bool nt_dpc_queue(KDPC *dpc, void *arg1, void *arg2);
bool nt_dpc_idle(double seconds); // waits for an empty queue and no running DPC
int nt_worker_start(void);
bool nt_worker_idle(double seconds);
int nt_worker_report(void);
int nt_worker_post(const char *what, void (*fn)(void *), void *arg, const void *routine);

// nt_pool_alloc and nt_object_create in the name of the driver code that asked: leak reports name it.
void *nt_pool_alloc_for(unsigned flags, size_t size, ULONG tag, const void *caller);
void *nt_object_create_for(POBJECT_TYPE type, size_t size, bool system, const void *caller);

// --- objects, names ------------------------------------------------------------------------------

extern struct _OBJECT_TYPE nt_type_device, nt_type_driver, nt_type_file, nt_type_event, nt_type_thread,
        nt_type_key, nt_type_callback;
bool nt_object_is(const void *body, POBJECT_TYPE type);

// The object namespace: names are compared without case, \DosDevices\X means \??\X. `target` non-NULL: a
// link.
NTSTATUS nt_name_insert(const UNICODE_STRING *name, void *object, const UNICODE_STRING *target);
bool nt_name_remove(const UNICODE_STRING *name, bool link);
void nt_name_remove_object(const void *object);
void *nt_name_find_reference(const UNICODE_STRING *name, POBJECT_TYPE type); // follows links
NTSTATUS nt_name_of(const void *object, UNICODE_STRING *ret);                // to be freed by nt_unicode_free
int nt_names_report(void);

// --- devices -------------------------------------------------------------------------------------

typedef struct NtDevNode {
        UNICODE_STRING instance_path; // ROOT\TOASTER\0000
        UNICODE_STRING enum_key;      // \Registry\Machine\System\CurrentControlSet\Enum\...
        UNICODE_STRING class_key;     // ...\Control\Class\{guid}\0000
        bool started;
        ULONG state; // PNP_DEVICE_STATE as last reported
        DEVICE_CAPABILITIES capabilities;
} NtDevNode;

// Behind DEVICE_OBJECT.DeviceObjectExtension.
typedef struct NtDeviceExtension {
        DEVOBJ_EXTENSION base;
        PDEVICE_OBJECT attached_to;
        ULONG id;
        bool deleted;
        bool system;
        bool named;
        LONG power_busy;
        SYSTEM_POWER_STATE system_power;
        DEVICE_POWER_STATE device_power;
        NtDevNode *node;      // of a PDO, until it is removed
        NtDevNode *node_kept; // the same, until the PDO's memory goes: its instance path is borrowed
        void *timer;     // IoInitializeTimer
        LIST_ENTRY all;
} NtDeviceExtension;

void nt_node_free(NtDevNode *node); // NULL: nothing

static inline NtDeviceExtension *nt_device_extension(PDEVICE_OBJECT device)
{
        return (NtDeviceExtension *)(void *)device->DeviceObjectExtension;
}

PDRIVER_OBJECT nt_driver_object_create(const UNICODE_STRING *name, const UNICODE_STRING *service_key,
                                       bool system);
NTSTATUS nt_invalid_device_request(PDEVICE_OBJECT device, PIRP irp);
void nt_interfaces_removed(PDEVICE_OBJECT pdo);
int nt_interfaces_report(void);
void nt_notifications_device_interface(const GUID *guid, const UNICODE_STRING *link, bool arrival);

// --- IRPs ----------------------------------------------------------------------------------------

// Sends an IRP to the top of a stack and waits for it (the calling thread is one of ours that may wait).
// `fill` sets up the stack location; information may be NULL.
NTSTATUS nt_irp_call(PDEVICE_OBJECT device, UCHAR major, UCHAR minor, NTSTATUS preset,
                     void (*fill)(PIO_STACK_LOCATION sp, void *arg), void *arg, ULONG_PTR *information);
int nt_power_start(void);
bool nt_power_idle(double seconds);

// --- PnP -----------------------------------------------------------------------------------------

int nt_pnp_start(void);
bool nt_pnp_idle(double seconds);
void nt_reinitialize_run(PDRIVER_OBJECT driver);

// --- registry ------------------------------------------------------------------------------------

typedef struct NtKey NtKey;
NTSTATUS nt_registry_set(const UNICODE_STRING *path, const UNICODE_STRING *name, ULONG type, const void *data,
                         ULONG size); // makes the key
// Copies at most `size` bytes; *ret_size is the whole length.
NTSTATUS nt_registry_get(const UNICODE_STRING *path, const UNICODE_STRING *name, ULONG *ret_type, void *data,
                         ULONG size, ULONG *ret_size);
NTSTATUS nt_registry_create_key(const UNICODE_STRING *path);
NTSTATUS nt_registry_open_handle(const UNICODE_STRING *path, bool create, HANDLE *ret);

// --- text ----------------------------------------------------------------------------------------

// UTF-8 to a counted, zero-terminated string in pool (freed by nt_pool free); false: out of memory or bad
// UTF-8.
bool nt_unicode_from_utf8(UNICODE_STRING *ret, const char *text);
// Into a caller's buffer, cut if need be, always terminated; lone surrogates become U+FFFD. Returns buf.
char *nt_utf8(char *buf, size_t size, const UNICODE_STRING *s);
NTSTATUS nt_unicode_format(UNICODE_STRING *ret, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
WCHAR nt_upcase(WCHAR c);
size_t nt_wcslen(const WCHAR *s);
bool nt_unicode_equal(const UNICODE_STRING *a, const UNICODE_STRING *b); // without case
void nt_unicode_free(UNICODE_STRING *s);

// The host's words (nt.c).
extern NtOptions nt_options;

#endif
