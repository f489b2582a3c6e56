// SPDX-License-Identifier: MIT
// Registrations: IoWMIRegistrationControl, and what a driver answers to REGINFO.
//
//   REGISTER      an operation on a wmi thread: REGINFO_EX, else REGINFO -> checked -> table -> announced,
//   enabled UPDATE_GUIDS, REREGISTER   the same; the caller waits, and sends the IRP on its own thread where
//   nothing is ahead DEREGISTER    no further IRP; waits for those under way, and says every few seconds for
//   which
//
// The operations of a registration run one after the other. Only the one that is active changes its table.
#include "driver/wmi/wmi-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "wire/message.h"

enum { FIRST_BYTES = 4096, TRIES = 8 };

typedef struct Operation {
        LIST_ENTRY link; // reg->operations
        WmiWork work;
        WmiRequest request;
        WmiRegistration *reg;
        ULONG data_path; // WMIREGISTER or WMIUPDATE
        bool replace;    // everything anew: REGISTER, REREGISTER
        bool waited;     // somebody waits for `finished` and frees it
        unsigned tries;
        pthread_t thread; // inside IoCallDriver
        bool calling;
        KEVENT finished;
        NTSTATUS result;
} Operation;

// --- lookups, references --------------------------------------------------------------------------

static WmiRegistration *find_locked(PDEVICE_OBJECT device)
{
        for (LIST_ENTRY *e = wmi.registrations.Flink; e != &wmi.registrations; e = e->Flink) {
                WmiRegistration *reg = CONTAINING_RECORD(e, WmiRegistration, link);
                if (reg->device == device && !reg->closing)
                        return reg;
        }
        return NULL;
}

void wmi_registration_release_locked(WmiRegistration *reg)
{
        if (--reg->outstanding == 0 && reg->closing)
                KeSetEvent(&reg->idle, IO_NO_INCREMENT,
                           FALSE); // the waiter needs wmi.lock to see it: reg stays
}

void wmi_registration_release(WmiRegistration *reg)
{
        KIRQL irql = wmi_lock();
        wmi_registration_release_locked(reg);
        wmi_unlock(irql);
}

// --- announcing -----------------------------------------------------------------------------------

// wmi.apply held, so that table and texts stay as they are.
static void announce(const WmiRegistration *reg)
{
        Buf guids = {0};
        const WmiTable *t = reg->table;
        for (ULONG i = 0; i < t->count; i++) {
                Guid g;
                memcpy(&g, &t->blocks[i]->guid, sizeof g);
                buf_guid(&guids, &g);
                buf_u32(&guids, t->blocks[i]->flags);
                buf_u32(&guids, t->blocks[i]->instances);
        }
        Buf *out = wmi_out_begin();
        out->failed = out->failed || guids.failed;
        wire_put_REGISTER(
                out, 0,
                &(Wire_REGISTER){.registration = reg->id,
                                 .provider_id = reg->provider_id,
                                 .registry_path = str_of(reg->registry_path ? reg->registry_path : ""),
                                 .mof_resource = str_of(reg->mof_resource ? reg->mof_resource : ""),
                                 .count = t->count,
                                 .guids = {(const char *)guids.p, guids.n}});
        wmi_out_end();
        buf_deinit(&guids);
}

void wmi_registrations_announce(void)
{
        pthread_mutex_lock(&wmi.apply);
        for (LIST_ENTRY *e = wmi.registrations.Flink; e != &wmi.registrations; e = e->Flink) {
                const WmiRegistration *reg = CONTAINING_RECORD(e, WmiRegistration, link);
                if (reg->table)
                        announce(reg);
        }
        pthread_mutex_unlock(&wmi.apply);
}

// --- a new table in force -------------------------------------------------------------------------

// Moves every control to where the new table wants it. wmi.lock and wmi.apply held. Idle ones that are no
// longer needed go to *gone.
static void controls_move(WmiRegistration *reg, WmiTable *fresh, bool replace, LIST_ENTRY *gone)
{
        const WmiTable *old = reg->table;
        for (ULONG i = 0; i < fresh->count; i++) {
                WmiControl *c = fresh->blocks[i]->control;
                c->carried = true;
                c->tracing =
                        fresh->blocks[i]->flags & (WMIREG_FLAG_TRACED_GUID | WMIREG_FLAG_TRACE_CONTROL_GUID);
                if (!c->present && !IsListEmpty(&c->orphan)) { // it comes back while its IRP is under way
                        RemoveEntryList(&c->orphan);
                        InitializeListHead(&c->orphan);
                }
                c->present = true;
                if (replace) {
                        c->reset = c->busy;
                        c->on = c->succeeded = false;
                }
        }
        for (ULONG i = 0; old && i < old->count; i++) {
                WmiControl *c = old->blocks[i]->control;
                if (c->carried)
                        continue;
                c->present = false;
                c->reset = c->busy;
                c->on = c->succeeded = false;
                wmi_control_settle(c);
                InsertTailList(c->busy ? &reg->orphans : gone, &c->orphan);
        }
        for (ULONG i = 0; i < fresh->count; i++)
                fresh->blocks[i]->control->carried = false;
}

static void controls_free(LIST_ENTRY *gone)
{
        while (!IsListEmpty(gone))
                ExFreePool(CONTAINING_RECORD(RemoveHeadList(gone), WmiControl, orphan));
}

static int put_in_force(WmiRegistration *reg, const WmiRegReply *reply, bool replace)
{
        WmiTable *fresh;
        LIST_ENTRY gone;
        InitializeListHead(&gone);
        pthread_mutex_lock(&wmi.apply);
        int r = wmi_table_build(reg, reply, replace, &fresh);
        if (r) {
                pthread_mutex_unlock(&wmi.apply);
                return r;
        }
        KIRQL irql = wmi_lock();
        WmiTable *old = reg->table;
        controls_move(reg, fresh, replace, &gone);
        reg->table = fresh;
        for (ULONG i = 0; i < fresh->count; i++)
                wmi_control_evaluate(reg, fresh->blocks[i]->control);
        wmi_unlock(irql);
        pthread_mutex_unlock(&wmi.apply);
        controls_free(&gone);
        wmi_table_free(old);
        return 0;
}

// --- the answer to REGINFO ------------------------------------------------------------------------

static bool pdo_check(const void *pdo)
{
        UNICODE_STRING path;
        return nt_device_known(pdo) && nt_device_instance_path((PDEVICE_OBJECT)(ULONG_PTR)pdo, &path);
}

// The driver took a reference for each GUID whose names are its PDO's, in a reply to REGINFO_EX only.
static void drop_pdos(const WmiRegReply *reply)
{
        for (ULONG i = 0; i < reply->count; i++)
                if (reply->blocks[i].pdo)
                        ObfDereferenceObject(reply->blocks[i].pdo);
}

static void keep_text(char **kept, const UNICODE_STRING *text)
{
        char *s = text->Length ? wmi_utf8(text) : NULL;
        if (!s)
                return; // absent in an update: what was said at registration holds
        free(*kept);
        *kept = s;
}

static NTSTATUS take_reply(Operation *op)
{
        WmiRegistration *reg = op->reg;
        char device[256];
        wmi_device_text(reg->device, device, sizeof device);
        const char *minor = wmi_minor_name(op->request.minor);
        if (op->request.information > op->request.capacity) {
                nt_log(NT_LOG_ERROR,
                       "WMI: %s: %s returned %zu bytes in a buffer of %u; the reply is rejected", device,
                       minor, (size_t)op->request.information, op->request.capacity);
                return STATUS_INVALID_PARAMETER;
        }
        Arena arena = {0};
        WmiRegReply reply;
        WmiRegError error;
        int r = wmi_reginfo_parse(op->request.buffer, op->request.information, pdo_check, &arena, &reply,
                                  &error);
        if (r > 0)
                nt_log(NT_LOG_ERROR,
                       "WMI: %s: malformed WMIREGINFO in the reply to %s, at offset %zu: %s; "
                       "the whole reply is rejected",
                       device, minor, error.offset, error.says);
        if (r == 0) {
                r = put_in_force(reg, &reply, op->replace);
                if (r > 0)
                        nt_log(NT_LOG_ERROR, "WMI: %s: more than %u GUIDs; the reply to %s is rejected",
                               device, LIMIT_GUIDS, minor);
                if (op->request.minor == IRP_MN_REGINFO_EX)
                        drop_pdos(&reply);
        }
        if (r == 0) {
                pthread_mutex_lock(&wmi.apply);
                keep_text(&reg->registry_path, &reply.registry_path);
                keep_text(&reg->mof_resource, &reply.mof_resource);
                announce(reg);
                pthread_mutex_unlock(&wmi.apply);
        }
        arena_deinit(&arena);
        return r == 0 ? STATUS_SUCCESS : r < 0 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_INVALID_PARAMETER;
}

// --- operations -----------------------------------------------------------------------------------

static bool reginfo_buffer(Operation *op, ULONG size)
{
        if (op->request.buffer)
                ExFreePool(op->request.buffer);
        op->request.capacity = size;
        op->request.buffer = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, size, 'gerW');
        return op->request.buffer != NULL;
}

// The size that the driver asks for, in both dialects of "too small"; 0: it does not.
static ULONG size_needed(const Operation *op)
{
        const WmiRequest *r = &op->request;
        if (r->status != STATUS_BUFFER_TOO_SMALL &&
            !(NT_SUCCESS(r->status) && r->information == sizeof(ULONG)))
                return 0;
        ULONG needed;
        memcpy(&needed, r->buffer, sizeof needed);
        return needed;
}

// What to do with an answer: send again (true), or the operation has its result.
static bool operation_next(Operation *op)
{
        WmiRequest *r = &op->request;
        ULONG needed = size_needed(op);
        char device[256];
        wmi_device_text(op->reg->device, device, sizeof device);
        if (needed > r->capacity && needed <= LIMIT_REGINFO_BYTES && op->tries++ < TRIES) {
                if (reginfo_buffer(op, needed))
                        return true;
                op->result = STATUS_INSUFFICIENT_RESOURCES;
                return false;
        }
        if (needed || r->status == STATUS_BUFFER_TOO_SMALL) {
                nt_log(NT_LOG_ERROR, "WMI: %s: %s asks for a buffer of %u bytes (it had %u, the limit is %u)",
                       device, wmi_minor_name(r->minor), needed, r->capacity, LIMIT_REGINFO_BYTES);
                op->result = STATUS_BUFFER_TOO_SMALL;
                return false;
        }
        if (NT_SUCCESS(r->status)) {
                op->result = take_reply(op);
                return false;
        }
        if (r->status == STATUS_WMI_GUID_DISCONNECTED && op->reg->closing) {
                op->result = r->status;
                return false;
        }
        if (r->minor == IRP_MN_REGINFO_EX) { // many drivers know only the older one
                r->minor = IRP_MN_REGINFO;
                if (reginfo_buffer(op, r->capacity))
                        return true;
                op->result = STATUS_INSUFFICIENT_RESOURCES;
                return false;
        }
        nt_log(NT_LOG_ERROR,
               "WMI: %s: the driver answered neither IRP_MN_REGINFO_EX nor IRP_MN_REGINFO (0x%08x)", device,
               (unsigned)r->status);
        op->result = r->status;
        return false;
}

static void operation_work(WmiWork *work);

static void operation_finish(Operation *op)
{
        WmiRegistration *reg = op->reg;
        if (op->request.buffer)
                ExFreePool(op->request.buffer);
        op->request.buffer = NULL;
        if (NT_SUCCESS(op->result))
                wmi_registered();
        bool waited = op->waited;
        KIRQL irql = wmi_lock();
        RemoveEntryList(&op->link);
        if (!IsListEmpty(&reg->operations)) {
                Operation *next = CONTAINING_RECORD(reg->operations.Flink, Operation, link);
                next->work.run = operation_work;
                wmi_work_queue_locked(&next->work);
        }
        wmi_registration_release_locked(reg); // reg may be gone behind this lock
        if (waited)
                KeSetEvent(&op->finished, IO_NO_INCREMENT, FALSE);
        wmi_unlock(irql);
        if (!waited)
                ExFreePool(op);
}

// Sends, and goes on with what comes back until it is pended or done.
static void operation_run(Operation *op, bool answered)
{
        for (;;) {
                if (!answered) {
                        op->thread = pthread_self();
                        __atomic_store_n(&op->calling, true, __ATOMIC_RELEASE);
                        bool now = wmi_request_send(&op->request);
                        if (!now)
                                return; // it may be finished and gone already
                        __atomic_store_n(&op->calling, false, __ATOMIC_RELEASE);
                }
                if (!operation_next(op)) {
                        operation_finish(op);
                        return;
                }
                answered = false;
        }
}

static void operation_answered(WmiRequest *request)
{
        operation_run(CONTAINING_RECORD(request, Operation, request), true);
}

static void operation_start(Operation *op)
{
        op->request.reg = op->reg;
        op->request.minor = IRP_MN_REGINFO_EX;
        op->request.data_path = (PVOID)(ULONG_PTR)op->data_path;
        op->request.done = operation_answered;
        if (!reginfo_buffer(op, FIRST_BYTES)) {
                op->result = STATUS_INSUFFICIENT_RESOURCES;
                operation_finish(op);
                return;
        }
        operation_run(op, false);
}

static void operation_work(WmiWork *work)
{
        operation_start(CONTAINING_RECORD(work, Operation, work));
}

static Operation *operation_new(ULONG data_path, bool replace)
{
        Operation *op = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, sizeof *op, 'poiW');
        if (op) {
                op->data_path = data_path;
                op->replace = replace;
                KeInitializeEvent(&op->finished, NotificationEvent, FALSE);
        }
        return op;
}

// Puts it behind the others. True: it is the first; the caller has to see that it starts.
static bool operation_add_locked(WmiRegistration *reg, Operation *op)
{
        op->reg = reg;
        bool first = IsListEmpty(&reg->operations);
        InsertTailList(&reg->operations, &op->link);
        reg->outstanding++;
        return first;
}

// --- the four actions -----------------------------------------------------------------------------

static NTSTATUS do_register(PDEVICE_OBJECT device)
{
        WmiRegistration *reg = calloc(1, sizeof *reg);
        Operation *op = operation_new(WMIREGISTER, true);
        if (!reg || !op) {
                free(reg);
                if (op)
                        ExFreePool(op);
                return STATUS_INSUFFICIENT_RESOURCES;
        }
        reg->device = device;
        reg->provider_id = nt_device_id(device);
        InitializeListHead(&reg->orphans);
        InitializeListHead(&reg->requests);
        InitializeListHead(&reg->operations);
        KeInitializeEvent(&reg->idle, NotificationEvent, FALSE);
        ObfReferenceObject(device);
        pthread_mutex_lock(&wmi.apply);
        KIRQL irql = wmi_lock();
        bool there = find_locked(device) != NULL;
        if (!there) {
                reg->id = ++wmi.next_id;
                InsertTailList(&wmi.registrations, &reg->link);
                operation_add_locked(reg, op);
                op->work.run = operation_work;
                wmi_work_queue_locked(&op->work); // never on this thread: it may hold what its dispatch needs
        }
        wmi_unlock(irql);
        pthread_mutex_unlock(&wmi.apply);
        if (!there)
                return STATUS_SUCCESS;
        char text[256];
        nt_log(NT_LOG_WARNING, "WMI: %s: registered twice; the registration stays as it is",
               wmi_device_text(device, text, sizeof text));
        ObfDereferenceObject(device);
        ExFreePool(op);
        free(reg);
        return STATUS_SUCCESS;
}

static NTSTATUS not_registered(PDEVICE_OBJECT device, const char *action)
{
        char text[256];
        nt_log(NT_LOG_WARNING, "WMI: %s: %s, but it is not registered",
               wmi_device_text(device, text, sizeof text), action);
        return STATUS_INVALID_PARAMETER;
}

static NTSTATUS do_update(PDEVICE_OBJECT device, bool replace)
{
        const char *action = replace ? "WMIREG_ACTION_REREGISTER" : "WMIREG_ACTION_UPDATE_GUIDS";
        Operation *op = operation_new(replace ? WMIREGISTER : WMIUPDATE, replace);
        if (!op)
                return STATUS_INSUFFICIENT_RESOURCES;
        KIRQL irql = wmi_lock();
        WmiRegistration *reg = find_locked(device);
        bool first = false, inside = false;
        if (reg) {
                const Operation *ahead = IsListEmpty(&reg->operations)
                                                 ? NULL
                                                 : CONTAINING_RECORD(reg->operations.Flink, Operation, link);
                // From within the driver's own answer to REGINFO it cannot wait for itself.
                inside = ahead && __atomic_load_n(&ahead->calling, __ATOMIC_ACQUIRE) &&
                         pthread_equal(ahead->thread, pthread_self());
                op->waited = !inside;
                first = operation_add_locked(reg, op);
        }
        wmi_unlock(irql);
        if (!reg) {
                ExFreePool(op);
                return not_registered(device, action);
        }
        if (inside) {
                char text[256];
                nt_log(NT_LOG_NOTE, "WMI: %s: %s from within REGINFO is done afterwards",
                       wmi_device_text(device, text, sizeof text), action);
                return STATUS_SUCCESS;
        }
        if (first)
                operation_start(op);
        KeWaitForSingleObject(&op->finished, Executive, KernelMode, FALSE, NULL);
        NTSTATUS status = op->result;
        ExFreePool(op);
        return status;
}

static void report_waiting(WmiRegistration *reg, uint64_t now)
{
        enum { LINES = 8 };
        struct {
                UCHAR minor;
                GUID guid;
                uint64_t ms;
        } lines[LINES];
        unsigned n = 0, more = 0;
        KIRQL irql = wmi_lock();
        for (LIST_ENTRY *e = reg->requests.Flink; e != &reg->requests; e = e->Flink) {
                const WmiRequest *r = CONTAINING_RECORD(e, WmiRequest, link);
                if (n == LINES) {
                        more++;
                        continue;
                }
                lines[n].minor = r->minor;
                lines[n].guid = r->guid;
                lines[n++].ms = now - r->sent_ms;
        }
        LONG outstanding = reg->outstanding;
        wmi_unlock(irql);
        char text[256], guid[GUID_TEXT];
        wmi_device_text(reg->device, text, sizeof text);
        static const GUID none;
        for (unsigned i = 0; i < n; i++)
                nt_log(NT_LOG_WARNING,
                       "WMI: %s: WMIREG_ACTION_DEREGISTER waits for %s%s%s, with the driver for %.1f s", text,
                       wmi_minor_name(lines[i].minor), wmi_guid_order(&lines[i].guid, &none) ? " " : "",
                       wmi_guid_order(&lines[i].guid, &none) ? wmi_guid_text(&lines[i].guid, guid) : "",
                       (double)lines[i].ms / 1000);
        if (more)
                nt_log(NT_LOG_WARNING, "WMI: %s: ... and for %u more", text, more);
        if (n == 0)
                nt_log(NT_LOG_WARNING,
                       "WMI: %s: WMIREG_ACTION_DEREGISTER waits for %d requests to be worked off", text,
                       (int)outstanding);
}

static void registration_free(WmiRegistration *reg)
{
        LIST_ENTRY gone;
        InitializeListHead(&gone);
        for (ULONG i = 0; reg->table && i < reg->table->count; i++)
                InsertTailList(&gone, &reg->table->blocks[i]->control->orphan);
        controls_free(&gone);
        wmi_table_free(reg->table);
        ObfDereferenceObject(reg->device);
        free(reg->registry_path);
        free(reg->mof_resource);
        free(reg);
}

static NTSTATUS do_deregister(PDEVICE_OBJECT device)
{
        KIRQL irql = wmi_lock();
        WmiRegistration *reg = find_locked(device);
        if (reg)
                reg->closing = true;
        bool waits = reg && reg->outstanding > 0;
        wmi_unlock(irql);
        if (!reg)
                return not_registered(device, "WMIREG_ACTION_DEREGISTER");
        LARGE_INTEGER interval = {.QuadPart = -(LONGLONG)wmi.options.report_ms * 10000};
        while (waits) {
                if (KeWaitForSingleObject(&reg->idle, Executive, KernelMode, FALSE, &interval) ==
                    STATUS_TIMEOUT)
                        report_waiting(reg, monotonic_ms());
                irql = wmi_lock();
                waits = reg->outstanding > 0;
                wmi_unlock(irql);
        }
        pthread_mutex_lock(&wmi.apply);
        irql = wmi_lock();
        RemoveEntryList(&reg->link);
        for (ULONG i = 0; reg->table && i < reg->table->count; i++)
                wmi_control_settle(reg->table->blocks[i]->control);
        wmi_unlock(irql);
        pthread_mutex_unlock(&wmi.apply);
        Buf *out = wmi_out_begin();
        wire_put_DEREGISTER(out, 0, &(Wire_DEREGISTER){.registration = reg->id});
        wmi_out_end();
        registration_free(reg);
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI IoWMIRegistrationControl(PDEVICE_OBJECT device, ULONG action)
{
        if (!nt_device_known(device))
                return STATUS_INVALID_PARAMETER;
        switch (action & 0xffff) { // drivers set bits above for traces
        case WMIREG_ACTION_REGISTER:
                return do_register(device);
        case WMIREG_ACTION_DEREGISTER:
                return do_deregister(device);
        case WMIREG_ACTION_REREGISTER:
                return do_update(device, true);
        case WMIREG_ACTION_UPDATE_GUIDS:
                return do_update(device, false);
        default:
                return STATUS_INVALID_PARAMETER;
        }
}

int wmi_report(void)
{
        int n = 0;
        pthread_mutex_lock(&wmi.apply);
        for (LIST_ENTRY *e = wmi.registrations.Flink; e != &wmi.registrations; e = e->Flink) {
                char text[256];
                WmiRegistration *reg = CONTAINING_RECORD(e, WmiRegistration, link);
                nt_log(NT_LOG_WARNING, "WMI: %s: still registered at the end",
                       wmi_device_text(reg->device, text, sizeof text));
                n++;
        }
        pthread_mutex_unlock(&wmi.apply);
        return n;
}
