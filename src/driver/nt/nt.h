// SPDX-License-Identifier: MIT
// The NT stand-in, as the driver host and the WMI kernel half see it.
//
// The routines that drivers call have their Windows names and are declared by <ntddk.h>. This header holds
// what a driver does not see: how the host starts and stops a driver, what it can ask for its watchdog and
// its crash report, and the few services that src/driver/wmi needs beside the documented ones.
//
// Threads. nt_init starts "pnp" (DriverEntry, AddDevice, PnP IRPs, DriverUnload), "power", "timer" and "dpc";
// "worker-N" come and go with the work. Nothing here runs driver code on a thread of the host's own, and the
// host's own threads wait for nothing. A driver's own threads come from PsCreateSystemThread.
//
// One process hosts one driver. Nothing is ever unloaded.
#ifndef FREEWMI_DRIVER_NT_H
#define FREEWMI_DRIVER_NT_H

#include <ntddk.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <sys/types.h>

// On the definition of every routine that a driver may call.
#define NTEXPORT __attribute__((visibility("default")))

// --- start and end of the whole ------------------------------------------------------------------

typedef enum NtLogLevel {
        NT_LOG_NOTE,    // something the user may want to know
        NT_LOG_WARNING, // the driver did something wrong that Windows survives
        NT_LOG_ERROR,   // the driver failed or will be ended
} NtLogLevel;

// What a bug check knows. `text` is the whole report, several lines, ended by a newline.
typedef struct NtBugCheck {
        ULONG code;
        const char *name; // "BAD_POOL_CALLER", or "" for codes without a known name
        ULONG_PTR parameters[4];
        const void *caller; // return address in the code that asked for it
        const char *entry;  // entry point that the thread was in, or ""
        const char *text;
} NtBugCheck;

typedef struct NtOptions {
        // One line without newline; any thread, any IRQL. NULL: standard error.
        void (*log)(void *arg, NtLogLevel level, const char *line);
        // Called once, on the thread that failed, before the process ends by abort(). May end it itself.
        void (*bug_check)(void *arg, const NtBugCheck *bug);
        // Output of DbgPrint and its kin: bytes as the driver wrote them. NULL: standard error.
        void (*debug_print)(void *arg, const char *bytes, size_t n);
        // On each thread before it first runs code of the driver: for the host's alternate signal stack.
        // NULL: nothing.
        void (*thread_start)(void *arg);
        // Writes "module!function+0x12" for an address of code, as nt_symbol does, and may know functions
        // that are not exported. Not from signal handlers. NULL: what dladdr knows.
        void (*symbol)(void *arg, const void *address, char *buf, size_t size);
        void *arg;
        bool virtual_clock; // time stands still until nt_clock_advance (tests, verify mode)
} NtOptions;

// Starts the threads of the NT stand-in. options may be NULL. 0, or -errno. Once per process.
int nt_init(const NtOptions *options);

// Waits until work items, DPCs, power IRPs and the pnp thread have nothing left, at most `seconds`; what is
// still there is reported by nt_log, one line each, and so are timers still set and driver threads still
// running. Then reports leaks (nt_pool_report). Returns 0 when nothing was left, else the number of lines
// reported.
int nt_shutdown(double seconds);

// Writes one line to the log. Any thread.
void nt_log(NtLogLevel level, const char *format, ...) __attribute__((format(printf, 2, 3)));

// "module!function+0x12" of an address, as well as the dynamic symbols tell. Returns buf.
const char *nt_symbol(const void *address, char *buf, size_t size);

// --- entry points: what a thread is doing inside the driver --------------------------------------

enum { NT_ENTRY_DEPTH = 8 };

// One frame: what was called, which routine, since when (CLOCK_MONOTONIC).
typedef struct NtEntryFrame {
        const char *what;    // static text: "DriverEntry", "IRP_MJ_PNP/IRP_MN_START_DEVICE", "DPC", ...
        const void *routine; // the driver's function, or NULL
        uint64_t since_ns;
        bool deadline; // false where waiting long is allowed: work items
} NtEntryFrame;

typedef struct NtEntry {
        pthread_t thread;
        pid_t tid;
        bool driver_thread; // started by the driver itself: no deadline applies to its frames
        unsigned depth; // frames in use, outermost first; deeper ones than NT_ENTRY_DEPTH are counted only
        NtEntryFrame frames[NT_ENTRY_DEPTH];
} NtEntry;

// Marks that the calling thread enters driver code; nt_leave ends the newest mark. `what` must live for ever.
// nt_leave checks that the driver came back at the IRQL it was called at (bug check IRQL_UNEXPECTED_VALUE).
void nt_enter(const char *what, const void *routine);
void nt_enter_patient(const char *what, const void *routine); // the same, without a deadline
void nt_leave(void);

// Copies slot i of the table of threads. Returns 1 with *ret filled, 0 for a free slot (or one that kept
// changing), -ERANGE past the end. Async-signal-safe, takes no lock.
int nt_entry_read(size_t i, NtEntry *ret);

// The calling thread's own entry, for a crash handler: as nt_entry_read. Async-signal-safe.
int nt_entry_self(NtEntry *ret);

// The one frame that a deadline counts from: the outermost frame of any thread that has a deadline and is the
// oldest. Returns 1 and fills *ret and *ret_frame, or 0. Async-signal-safe.
int nt_entry_oldest(NtEntry *ret, const NtEntryFrame **ret_frame);

// Static text for an IRP: "IRP_MJ_PNP/IRP_MN_START_DEVICE".
const char *nt_irp_name(UCHAR major, UCHAR minor);

// --- the driver and its device -------------------------------------------------------------------

typedef struct NtDriverConfig {
        DRIVER_INITIALIZE *entry;
        const char *service;       // name of the service key, UTF-8: the file name without .so
        const char *instance_path; // device instance path, UTF-8; NULL: ROOT\<SERVICE, UPPER CASE>\0000
        const char *description;   // DevicePropertyDeviceDescription; NULL: the service name
        const void *image;         // load address and size of the module, for DRIVER_OBJECT; may be NULL, 0
        size_t image_size;
} NtDriverConfig;

// The answer to a start or stop: runs on the pnp thread. `step` is static text: "DriverEntry", "AddDevice",
// "IRP_MN_START_DEVICE" and so on, the step that failed, or "" when status is a success.
typedef void NtDone(void *arg, NTSTATUS status, const char *step);

// Queues on the pnp thread: service and device keys, DriverEntry, then (with AddDevice) a root-enumerated
// PDO, AddDevice and IRP_MN_START_DEVICE to the stack. A step that fails undoes those before it, DriverUnload
// included. A driver without AddDevice is a legacy driver: it is started when DriverEntry has returned
// success. Strings are copied. -EBUSY when a driver is there already, -EINVAL, -ENOMEM; else 0 and `done`
// comes later.
int nt_driver_start(const NtDriverConfig *config, NtDone *done, void *arg);

// Queues on the pnp thread: IRP_MN_QUERY_REMOVE_DEVICE (refused: IRP_MN_CANCEL_REMOVE_DEVICE and
// IRP_MN_SURPRISE_REMOVAL instead, and a warning), IRP_MN_REMOVE_DEVICE, DriverUnload. `done` comes last.
int nt_driver_stop(NtDone *done, void *arg);

// The same, waiting for the answer; not on a thread of the NT stand-in. *ret_step may be NULL.
NTSTATUS nt_driver_start_wait(const NtDriverConfig *config, const char **ret_step);
NTSTATUS nt_driver_stop_wait(const char **ret_step);

PDRIVER_OBJECT nt_driver(void);      // NULL when none is loaded
PDEVICE_OBJECT nt_driver_pdo(void);  // NULL for a legacy driver
const WCHAR *nt_instance_path(void); // of that PDO, zero-terminated, or L""

// Runs fn on the pnp thread, in order. 0 or -ENOMEM.
int nt_pnp_post(void (*fn)(void *arg), void *arg);

// --- devices -------------------------------------------------------------------------------------

// Unique non-zero number of a device object, stable while it lives (IoWMIDeviceObjectToProviderId).
ULONG nt_device_id(PDEVICE_OBJECT device);

// The device object of the hosted driver that has this number, referenced; NULL: there is none (any more).
PDEVICE_OBJECT nt_device_by_id(ULONG id);

// The PDO at the bottom of the stack that `device` is in, referenced; NULL when the bottom is not a PDO.
PDEVICE_OBJECT nt_device_pdo_reference(PDEVICE_OBJECT device);

// Device instance path of a PDO, counted, borrowed for the PDO's life; false when it has none.
bool nt_device_instance_path(PDEVICE_OBJECT pdo, UNICODE_STRING *ret);

// True when `device` is a live device object of ours. Takes any pointer, reads only its own tables.
bool nt_device_known(const void *device);

// --- objects -------------------------------------------------------------------------------------

// An object type: what ObDereferenceObject does with the last reference.
struct _OBJECT_TYPE {
        const char *name;
        void (*destroy)(void *body); // at the IRQL of the last dereference; the memory is freed behind it
        ULONG tag;                   // pool tag of its memory
};

// A zeroed object with one reference, or NULL. `system` objects are not the driver's to leak.
void *nt_object_create(POBJECT_TYPE type, size_t size, bool system);
POBJECT_TYPE nt_object_type(const void *body); // NULL when it is no object
LONG nt_object_references(const void *body);
NTSTATUS nt_handle_create(void *body, HANDLE *ret); // takes a reference of its own

// --- pool ----------------------------------------------------------------------------------------

enum {
        NT_POOL_PAGED = 1,
        NT_POOL_ZERO = 2,
        NT_POOL_SYSTEM = 4, // ours: never reported as a leak of the driver
};

// As ExAllocatePoolWithTag, with the flags above. ExFreePool frees it. ≤ DISPATCH_LEVEL.
void *nt_pool_alloc(unsigned flags, size_t size, ULONG tag);

// Size in bytes and tag of a live allocation: true, or false when `p` is none. Any pointer may be asked for.
bool nt_pool_query(const void *p, size_t *ret_size, ULONG *ret_tag);

// Calls fn for every tag of which the driver holds memory: tag, number of blocks, their bytes. Returns the
// blocks.
size_t nt_pool_leaks(void (*fn)(void *arg, ULONG tag, size_t blocks, size_t bytes), void *arg);

// Logs the above, one warning a tag. Returns the number of tags.
int nt_pool_report(void);

// --- registry ------------------------------------------------------------------------------------

// `path` is UTF-8: "HKLM\..." or "\Registry\Machine\...", case-insensitive; missing keys are made.
// 0, -EINVAL for a path outside these, -ENOMEM.
int nt_registry_set_dword(const char *path, const char *value, ULONG n);
int nt_registry_set_string(const char *path, const char *value, const char *text);
// 0 with *ret, 1 when key or value is not there or is no DWORD, -EINVAL, -ENOMEM.
int nt_registry_get_dword(const char *path, const char *value, ULONG *ret);

// Called after a value was set or deleted or a key deleted, on that thread at PASSIVE_LEVEL, no lock held.
// NULL: nobody.
extern void (*nt_registry_changed)(void);

// --- clock ---------------------------------------------------------------------------------------

ULONGLONG nt_clock_system(void);        // 100 ns since 1601
ULONGLONG nt_clock_interrupt(void);     // 100 ns since nt_init
void nt_clock_advance(ULONGLONG ticks); // virtual clock only: moves both on and runs what became due

// --- exported routines ---------------------------------------------------------------------------

// One table a room, made from its exports.def.
typedef struct NtExport {
        const char *name;
        void *address;
} NtExport;

extern const NtExport nt_exports[]; // ends with a NULL name

// Adds a room's table to what MmGetSystemRoutineAddress and nt_export_find search. At most 8, before drivers
// run.
void nt_exports_add(const NtExport *table);
void *nt_export_find(const char *name);

// --- observers -----------------------------------------------------------------------------------

// Hooks for a verifier; each may be NULL. They run inside the routine, at the caller's IRQL and on its
// thread.
typedef struct NtObserver {
        void (*irp_sent)(PDEVICE_OBJECT device, PIRP irp);
        void (*irp_returned)(PDEVICE_OBJECT device, PIRP irp,
                             NTSTATUS status); // irp may be gone: an address only
        void (*irp_completed)(PIRP irp, const void *caller);
        void (*irp_finished)(PIRP irp);
        void (*pool_alloc)(const void *p, size_t size, ULONG tag, unsigned flags, const void *caller);
        void (*pool_free)(const void *p, ULONG tag, const void *caller);
        void (*irql_changed)(KIRQL from, KIRQL to);
        void (*spin_lock)(const void *lock, bool acquired);
        void (*wait)(KIRQL irql, bool may_block);
        void (*object_reference)(const void *body, LONG references);
        void (*entered)(const char *what, const void *routine);
        void (*left)(const char *what, const void *routine);
} NtObserver;

extern const NtObserver *nt_observer; // set before drivers run, or NULL

#endif
