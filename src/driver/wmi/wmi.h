// SPDX-License-Identifier: MIT
// The WMI kernel half, as the driver host and WMILIB see it.
//
// The routines that drivers call have their Windows names (IoWMIRegistrationControl, IoWMIWriteEvent, ...)
// and are declared by <ntddk.h>. This header holds what a driver does not see.
//
//   driver threads    IoWMIWriteEvent -> intake ring (a lock, a copy)            IoWMIRegistrationControl
//   wmi-N threads     IRP_MJ_SYSTEM_CONTROL to the driver; none waits for one    answers become registrations
//   the host's I/O    wmi_link_run: ring and messages -> socket; WANTED -> enable counts; deadlines
#ifndef DRIVER_WMI_H
#define DRIVER_WMI_H

#include <ntddk.h>
#include <wmistr.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "driver/nt/nt.h"

// Zero means the default.
typedef struct WmiOptions {
        uint32_t irp_timeout_ms; // how long WANTED_DONE waits for ENABLE and DISABLE; 5000
        uint32_t queue;          // events in the intake ring; LIMIT_INTAKE_QUEUE
        uint32_t queue_bytes;    // its bytes, rounded up to a power of two; LIMIT_INTAKE_BYTES
        uint32_t report_ms;      // how often DEREGISTER says what it waits for; 3000
        const char *separator;   // UTF-8, between a base name and its counter; ""
} WmiOptions;

// Prepares the ring, the threads and the exports. After nt_init, before a driver runs. 0, -errno.
int wmi_init(const WmiOptions *options);

// Routines of this room and of WMILIB; wmi_init adds them to the search of nt_export_find.
extern const NtExport wmi_exports[];

// A registration that is still there: for the report at the end. Returns how many, and logs a line for each.
int wmi_report(void);

// WmiFireEvent without its ownership rule: data is copied, the caller keeps it. ≤ DISPATCH_LEVEL.
NTSTATUS wmi_fire(PDEVICE_OBJECT device, const GUID *guid, ULONG index, ULONG size, const void *data);

// What is logged once for each provider and GUID. The line comes from the I/O thread: whoever notes it may be
// at DISPATCH_LEVEL and must not wait for a terminal. Each text takes two unsigned arguments.
#define WMI_NOTES(X)                                                                                         \
        X(TOO_LARGE, "the event has %u bytes, MaxEventSize is %u: STATUS_BUFFER_OVERFLOW")                   \
        X(NO_WNODE, "not a WNODE: BufferSize %u, the memory has %u: STATUS_INVALID_PARAMETER")               \
        X(BAD_FLAGS, "the flags 0x%x are not those of an event: STATUS_INVALID_PARAMETER%.0u")               \
        X(BAD_NAME, "the instance name at %u does not lie in the %u bytes: STATUS_INVALID_PARAMETER")        \
        X(BAD_DATA,                                                                                          \
          "the data block at %u with %u bytes does not lie in the WNODE: STATUS_INVALID_PARAMETER")          \
        X(KIND_LATER, "events with the flags 0x%x are not supported: STATUS_UNSUCCESSFUL%.0u")               \
        X(TRACED, "there is no trace session for the event (flags 0x%x): STATUS_UNSUCCESSFUL%.0u")           \
        X(NO_PROVIDER, "an event with a static instance name (%u), but the device is not registered: "       \
                       "STATUS_WMI_INSTANCE_NOT_FOUND%.0u")                                                  \
        X(NO_GUID, "an event with a static instance name (%u), but the GUID is not registered: "             \
                   "STATUS_WMI_INSTANCE_NOT_FOUND%.0u")                                                      \
        X(NO_INSTANCE, "the event is of instance %u, the block has %u: STATUS_WMI_INSTANCE_NOT_FOUND")       \
        X(DYNAMIC, "an event with a static instance name (%u), but the block has none: "                     \
                   "STATUS_WMI_INSTANCE_NOT_FOUND%.0u")                                                      \
        X(LIB_NAMES, "WmiFireEvent (instance %u) for a block with dynamic or listed instance names: "        \
                     "STATUS_INVALID_DEVICE_REQUEST%.0u")                                                    \
        X(LIB_DEVICE, "WmiFireEvent (instance %u) without a device object: STATUS_INVALID_PARAMETER%.0u")    \
        X(LIB_NULL, "WmiFireEvent with EventDataSize %u and no EventData: fired without data%.0u")           \
        X(LIB_SHORT, "WmiFireEvent with EventDataSize %u, EventData has %u: STATUS_INVALID_PARAMETER")       \
        X(LIB_USED, "WmiCompleteRequest with BufferUsed %u, the buffer has %u: STATUS_UNSUCCESSFUL")

typedef enum WmiNote {
#define X(name, text) WMI_NOTE_##name,
        WMI_NOTES(X)
#undef X
} WmiNote;

// ≤ DISPATCH_LEVEL. guid may be NULL.
void wmi_note(WmiNote what, PDEVICE_OBJECT device, const GUID *guid, ULONG a, ULONG b);

// Prints the notes that wait; wmi_link_run does so itself.
void wmi_notes_print(void);

// --- the link to the service ----------------------------------------------------------------------

typedef struct WmiLinkConfig {
        const char *program, *name, *device, *path; // for HELLO, UTF-8
        // On the I/O thread. stop: UNLOAD came, or the service went away for good (gone), with the reason; at most
        // once.
        void (*stop)(void *arg, bool gone, const char *reason);
        void (*registered)(void *arg); // the first registration was answered
        // Connects anew after the service went away; NULL: the link ends then. On the I/O thread; must not wait. 0
        // with *ret; -errno: nobody is there; E_DIAG with *reterr: somebody who may not be our service.
        int (*connect)(void *arg, int *ret, Diag *reterr);
        uint32_t back_off_ms; // between two tries, at most; 3200
        uint32_t refused_ms; // how long a service that is there may refuse us, before `stop`; 30000
        void *arg;
} WmiLinkConfig;

// Says HELLO over a connected stream socket and waits for the answer, at most `seconds`. Takes fd in any
// case. 0; E_DIAG with *reterr filled; -errno.
int wmi_link_open(int take_fd, const WmiLinkConfig *config, double seconds, Diag *reterr);

// The I/O thread: carries events and messages until wmi_link_close. Never runs code of the driver.
//
// When the service goes, DISABLE goes to whom was enabled, and what it had not read yet is counted as lost. With
// `connect` it is looked for again, 50 ms later at first, some seconds later in the end, for ever; where it is found, it
// gets HELLO, all registrations, HOST_STATE and the losses, and its table of wanted events decides anew who is enabled.
void wmi_link_run(void);

// Queues HOST_STATE (WIRE_HOST_...). Any thread at PASSIVE_LEVEL.
void wmi_link_state(uint32_t state, const char *text);

// The service wants nothing any more: DISABLE goes to whom was enabled. Waits until they answered, at most
// `seconds`.
void wmi_link_forget(double seconds);

// Waits until all that was queued is on the socket, and behind it HOST_STATE `last` (0: none), at most `seconds`; then
// ends wmi_link_run. Other messages may overtake events; the last state does not.
void wmi_link_close(double seconds, uint32_t last);

#endif
