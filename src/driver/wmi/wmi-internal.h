// SPDX-License-Identifier: MIT
// What the files of this room share; nobody outside includes it.
//
// Locks, outermost first:
//   wmi.apply    pthread mutex, PASSIVE only: one change of registrations at a time; who holds it may read
//   all tables wmi.lock     KSPIN_LOCK: what IoWMIWriteEvent and completion routines touch. Nothing is
//   allocated or freed under
//                it, no routine of a driver is called under it
//   out.lock     (wmi-out.c) pthread mutex, PASSIVE only: messages that wait for the socket
#ifndef DRIVER_WMI_INTERNAL_H
#define DRIVER_WMI_INTERNAL_H

#include "driver/wmi/wmi.h"
#include "driver/wmi/wmi-reginfo.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/limits.h"

typedef struct WmiRegistration WmiRegistration;

// --- work for the wmi threads (wmi-irp.c) ---------------------------------------------------------

typedef struct WmiWork {
        LIST_ENTRY link;
        void (*run)(struct WmiWork *work); // at PASSIVE_LEVEL
        uint64_t since_ms;
} WmiWork;

// An IRP_MJ_SYSTEM_CONTROL on its way. Embedded in what it is for; that must live until `done` or the return
// of wmi_request_send with true.
typedef struct WmiRequest {
        WmiWork work;
        LIST_ENTRY link; // the registration's requests that are with the driver
        WmiRegistration *reg;
        UCHAR minor;
        GUID guid;       // for reports; zero for REGINFO
        PVOID data_path; // a GUID, or WMIREGISTER / WMIUPDATE
        PVOID buffer;    // nonpaged
        ULONG capacity;
        void (*done)(struct WmiRequest *request); // at PASSIVE_LEVEL on a wmi thread
        NTSTATUS status;
        ULONG_PTR information;
        PDEVICE_OBJECT top;
        LONG phase;
        uint64_t sent_ms;
} WmiRequest;

int wmi_threads_start(void);
void wmi_work_queue(WmiWork *work);        // takes wmi.lock; ≤ DISPATCH
void wmi_work_queue_locked(WmiWork *work); // wmi.lock held
// Sends on the calling thread. True: answered, status and information are there and `done` is not called.
// False: the driver pended it, `done` comes on a wmi thread.
bool wmi_request_send(WmiRequest *request);
// Sends from a wmi thread; `done` comes in any case.
void wmi_request_queue_locked(WmiRequest *request);
const char *wmi_minor_name(UCHAR minor);

// --- registrations (wmi-register.c, wmi-names.c) --------------------------------------------------

// Whether the driver was told that somebody wants the events of one GUID. One IRP at a time.
typedef struct WmiControl {
        WmiRequest request;
        WNODE_HEADER header; // the buffer of ENABLE and DISABLE
        GUID guid;
        LIST_ENTRY orphan;
        bool present;   // the registration has the GUID
        bool tracing;   // a trace GUID: no consumer of events ever enables it
        bool busy;      // an IRP is under way
        bool on;        // ENABLE was answered, with success or without
        bool succeeded; // ... with success: DISABLE will follow
        bool reset;     // re-registered meanwhile: what the IRP answers no longer counts
        bool unsettled; // counted in wmi.unsettled
        bool told;      // a failure was logged
        bool carried;   // while a table is replaced
        uint64_t since; // the round from which on it is unsettled
} WmiControl;

// One GUID of a registration; immutable once in a table, but for `control`'s inside.
typedef struct WmiBlock {
        LONG refs;
        GUID guid;
        ULONG flags, instances;
        WmiNames names;
        UNICODE_STRING base;   // PDO: instance path; BASE: as registered
        UNICODE_STRING prefix; // what a name begins with: base and separator
        ULONG64 first;         // number of instance 0
        UNICODE_STRING *given; // LIST: as registered
        UNICODE_STRING *list;  // LIST: without collisions
        WmiControl *control;
} WmiBlock;

typedef struct WmiTable {
        ULONG count;
        WmiBlock *blocks[]; // sorted by GUID
} WmiTable;

struct WmiRegistration {
        LIST_ENTRY link;       // wmi.registrations
        PDEVICE_OBJECT device; // referenced
        ULONG provider_id;
        ULONG64 id;
        WmiTable *table;       // replaced under wmi.lock by the one REGINFO operation that is active
        LIST_ENTRY orphans;    // controls whose GUID is gone and whose IRP is still under way
        LIST_ENTRY requests;   // with the driver now
        LIST_ENTRY operations; // REGINFO and its kin, the first one is active
        bool closing;
        LONG outstanding;                   // operations, and requests of controls
        KEVENT idle;                        // closing and nothing outstanding
        char *registry_path, *mof_resource; // UTF-8, from the last answer that had them
};

typedef struct WmiRound {
        LIST_ENTRY link;
        uint64_t generation, sequence, deadline_ms;
        ULONG waiting; // controls that were unsettled when it began and still are
} WmiRound;

typedef struct WmiWanted {
        ULONG count;
        GUID guids[]; // sorted
} WmiWanted;

typedef struct WmiState {
        KSPIN_LOCK lock;
        pthread_mutex_t apply;
        WmiOptions options;
        UNICODE_STRING separator;
        LIST_ENTRY registrations;
        ULONG64 next_id;
        WmiWanted *wanted; // NULL: not told yet, so everything may be wanted
        LIST_ENTRY rounds;
        uint64_t round; // sequence of the newest round
        ULONG unsettled;
        KEVENT settled; // unsettled is 0
        atomic_uint max_event;
} WmiState;

extern WmiState wmi;

static inline KIRQL wmi_lock(void)
{
        KIRQL irql;
        KeAcquireSpinLock(&wmi.lock, &irql);
        return irql;
}

static inline void wmi_unlock(KIRQL irql)
{
        KeReleaseSpinLock(&wmi.lock, irql);
}

static inline int wmi_guid_order(const GUID *a, const GUID *b)
{
        return memcmp(a, b, sizeof *a);
}

char *wmi_guid_text(const GUID *g, char out[GUID_TEXT]);
char *wmi_utf8(const UNICODE_STRING *s); // malloc; NULL: out of memory
// "ROOT\TOASTER\0000 (provider 3)" for logs. Returns buf.
char *wmi_device_text(PDEVICE_OBJECT device, char *buf, size_t size);

// One reference more, one less: the caller's `outstanding`.
void wmi_registration_release(WmiRegistration *reg);
void wmi_registration_release_locked(WmiRegistration *reg);
// Queues REGISTER for each registration that was answered: to a service that knows nothing of them.
void wmi_registrations_announce(void);
WmiBlock *wmi_table_find(const WmiTable *table, const GUID *guid);

// Builds the table that `reply` makes of reg's: everything anew (replace), or block by block. wmi.apply held.
// Controls are found or made but nothing is changed yet. 0, -ENOMEM; 1: too many GUIDs.
int wmi_table_build(const WmiRegistration *reg, const WmiRegReply *reply, bool replace, WmiTable **ret);
void wmi_table_free(WmiTable *table);
// Bytes of the name of instance `index`, written to out[LIMIT_INSTANCE_NAME / 2]. wmi.lock or wmi.apply held.
// 0: the block has no static names or not that many.
size_t wmi_block_name(const WmiBlock *block, ULONG index, WCHAR *out);

// --- who wants what (wmi-enable.c) ----------------------------------------------------------------

bool wmi_wanted_locked(const GUID *guid);
// Starts what is to be started for that control. wmi.lock held.
void wmi_control_evaluate(WmiRegistration *reg, WmiControl *control);
void wmi_control_settle(WmiControl *control); // it no longer counts. wmi.lock held
void wmi_control_init(WmiControl *control, const GUID *guid);
// A new table of wanted GUIDs; answers by WANTED_DONE. 0, -ENOMEM.
int wmi_wanted_set(uint64_t generation, const uint8_t *guids, size_t count);
// Nobody wants anything any more, and nobody waits for WANTED_DONE: the service is gone. Cannot fail.
void wmi_wanted_clear(void);
// Sends WANTED_DONE for rounds that are done or late. Returns ms until the next deadline, -1 for none.
int wmi_rounds_collect(void);
bool wmi_rounds_done(void); // one waits to be collected

// --- intake (wmi-intake.c) ------------------------------------------------------------------------

typedef struct WmiEvent {
        GUID guid;
        uint64_t time;
        const WCHAR *name;
        size_t name_bytes;
        const void *first, *rest; // the WNODE, in two parts
        size_t first_size, rest_size;
} WmiEvent;

int wmi_intake_init(uint32_t events, uint32_t bytes);
// wmi.lock held. STATUS_SUCCESS, or STATUS_INSUFFICIENT_RESOURCES: full, and counted as lost.
NTSTATUS wmi_intake_put(const WmiEvent *event);
void wmi_intake_host(uint64_t id); // the id that envelopes carry
// The I/O thread: whole FIRE frames that wait, contiguous; and that `bytes` of them, `events` frames, are
// gone.
size_t wmi_intake_peek(const uint8_t **ret);
void wmi_intake_release(size_t bytes, uint32_t events);
// The I/O thread: gives up the frames that wait and counts them as lost. Returns how many.
uint32_t wmi_intake_drop(void);
// Counts events as lost that were counted before, but not told.
void wmi_intake_lose(const GUID *guid, uint64_t count);
// Appends HOST_LOST for what was lost since the last call.
void wmi_intake_losses(Buf *out);
bool wmi_intake_has_losses(void);

// --- messages (wmi-out.c) -------------------------------------------------------------------------

// Messages wait in a buffer that only grows at PASSIVE_LEVEL.
Buf *wmi_out_begin(void);
void wmi_out_end(void);
// Exchanges the waiting messages with *empty, which must be empty.
void wmi_out_take(Buf *empty);
bool wmi_out_waiting(void);
// From now on messages are thrown away; exchanges those that wait with *empty. Open again: they wait for the socket.
void wmi_out_close(Buf *empty);
void wmi_out_open(void);

// Wakes the I/O thread if it sleeps; never blocks. Any IRQL.
int wmi_wake_init(void);
void wmi_wake(void);
int wmi_wake_fd(void);
void wmi_sleep_begin(void); // from now on wmi_wake writes to the descriptor, once
void wmi_sleep_end(void);

// --- notes (wmi-note.c) ---------------------------------------------------------------------------

bool wmi_notes_waiting(void);
void wmi_note_locked(WmiNote what, ULONG provider, const GUID *guid, ULONG a, ULONG b);

void wmi_limits_refresh(void); // reads MaxEventSize; called whenever the registry changes
void wmi_registered(void);     // tells the link's owner

#endif
