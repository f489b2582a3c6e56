// SPDX-License-Identifier: MIT
// Who wants what, and telling drivers: ENABLE at the first consumer of a GUID, DISABLE at the last.
//
//                 wanted                      answered                    unwanted, it succeeded
//     off ----------------> ENABLE under way ----------> on (or failed) ----------------> DISABLE under way
//     -> off
//                                                          |  unwanted, it had failed
//                                                          +----------------------------> off
//
// One IRP at a time for each (registration, GUID); whatever changes meanwhile is looked at again when it is
// answered. A round is one table of wanted GUIDs: it is done when every control that did not yet stand where
// it should when the round began has come to rest, or when its deadline has passed.
#include "driver/wmi/wmi-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "wire/message.h"

static WmiWanted nobody;       // the table when there is no service
static atomic_bool rounds_any; // wmi.rounds is not empty: the I/O thread takes wmi.lock only then

// --- who wants it ---------------------------------------------------------------------------------

static bool table_has(const WmiWanted *w, const GUID *guid)
{
        ULONG low = 0, high = w->count;
        while (low < high) {
                ULONG middle = low + (high - low) / 2;
                int order = wmi_guid_order(guid, &w->guids[middle]);
                if (order == 0)
                        return true;
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return false;
}

// How many consumers the events of a GUID have: the service counts as one, whoever stands behind it.
static unsigned consumers(const GUID *guid)
{
        return wmi.wanted && table_has(wmi.wanted, guid) ? 1 : 0;
}

bool wmi_wanted_locked(const GUID *guid)
{
        return !wmi.wanted || consumers(guid) > 0; // not told yet: somebody might
}

// --- one control ----------------------------------------------------------------------------------

static void control_unsettle(WmiControl *c, uint64_t since)
{
        if (c->unsettled)
                return;
        c->unsettled = true;
        c->since = since;
        wmi.unsettled++;
        KeClearEvent(&wmi.settled);
}

void wmi_control_settle(WmiControl *c)
{
        if (!c->unsettled)
                return;
        c->unsettled = false;
        if (--wmi.unsettled == 0)
                KeSetEvent(&wmi.settled, IO_NO_INCREMENT, FALSE);
        for (LIST_ENTRY *e = wmi.rounds.Flink; e != &wmi.rounds; e = e->Flink) {
                WmiRound *r = CONTAINING_RECORD(e, WmiRound, link);
                if (r->sequence >= c->since)
                        r->waiting--;
        }
}

static void control_send(WmiRegistration *reg, WmiControl *c, UCHAR minor)
{
        c->busy = true;
        c->request.reg = reg;
        c->request.minor = minor;
        c->header = (WNODE_HEADER){
                .BufferSize = sizeof c->header, .ProviderId = reg->provider_id, .Guid = c->guid};
        reg->outstanding++;
        wmi_request_queue_locked(&c->request);
}

void wmi_control_evaluate(WmiRegistration *reg, WmiControl *c)
{
        if (c->busy) { // looked at again when it is answered
                if (c->present && !reg->closing)
                        control_unsettle(c, wmi.round + 1);
                return;
        }
        bool target = c->present && !c->tracing && consumers(&c->guid) > 0;
        if (!c->present || reg->closing || target == c->on) {
                wmi_control_settle(c);
                return;
        }
        if (!target && !c->succeeded) { // ENABLE had failed: there is nothing to take back
                c->on = false;
                wmi_control_settle(c);
                return;
        }
        control_unsettle(c, wmi.round + 1); // the round that is being made, or the next one
        control_send(reg, c, target ? IRP_MN_ENABLE_EVENTS : IRP_MN_DISABLE_EVENTS);
}

// What the answer means. wmi.lock held. True: a failure to be logged.
static bool control_answer(WmiControl *c)
{
        bool enable = c->request.minor == IRP_MN_ENABLE_EVENTS;
        bool succeeded = NT_SUCCESS(c->request.status);
        c->busy = false;
        c->on = enable && !c->reset;
        c->succeeded = c->on && succeeded;
        c->reset = false;
        bool log = !succeeded && !c->told && c->request.status != STATUS_WMI_GUID_DISCONNECTED;
        c->told = c->told || log;
        return log;
}

static void control_log(const WmiRegistration *reg, const GUID *g, UCHAR minor, NTSTATUS status)
{
        char guid[GUID_TEXT], device[256];
        nt_log(NT_LOG_NOTE, "WMI: %s: %s %s ended with 0x%08x%s",
               wmi_device_text(reg->device, device, sizeof device), wmi_minor_name(minor),
               wmi_guid_text(g, guid), (unsigned)status,
               minor == IRP_MN_ENABLE_EVENTS ? "; its events are delivered all the same" : "");
}

static void control_done(WmiRequest *request)
{
        WmiControl *c = CONTAINING_RECORD(request, WmiControl, request);
        WmiRegistration *reg = request->reg;
        bool apply = false;
        KIRQL irql = wmi_lock();
        if (!c->present) { // it may go, or come back: only who changes tables can say
                wmi_unlock(irql);
                pthread_mutex_lock(&wmi.apply);
                apply = true;
                irql = wmi_lock();
        }
        const GUID guid = c->guid;
        UCHAR minor = request->minor;
        NTSTATUS status = request->status;
        bool log = control_answer(c), gone = !c->present;
        if (gone)
                RemoveEntryList(&c->orphan);
        else
                wmi_control_evaluate(reg, c);
        wmi_unlock(irql); // from here on c may be sent again, or be gone with its GUID
        if (apply)
                pthread_mutex_unlock(&wmi.apply);
        if (log)
                control_log(reg, &guid, minor, status);
        if (gone)
                ExFreePool(c);
        wmi_registration_release(reg);
        wmi_wake(); // a round may be done
}

void wmi_control_init(WmiControl *c, const GUID *guid)
{
        c->guid = *guid;
        c->request.guid = *guid;
        c->request.data_path = &c->guid;
        c->request.buffer = &c->header;
        c->request.capacity = sizeof c->header;
        c->request.done = control_done;
        InitializeListHead(&c->orphan);
}

// --- rounds ---------------------------------------------------------------------------------------

static int guid_order(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(GUID));
}

// Puts a table in force and starts what is to be started. wmi.lock held. Returns the old one.
static WmiWanted *wanted_exchange(WmiWanted *wanted)
{
        WmiWanted *old = wmi.wanted;
        wmi.wanted = wanted; // first: what a driver fires while it is being enabled is wanted
        for (LIST_ENTRY *e = wmi.registrations.Flink; e != &wmi.registrations; e = e->Flink) {
                WmiRegistration *reg = CONTAINING_RECORD(e, WmiRegistration, link);
                for (ULONG i = 0; reg->table && i < reg->table->count; i++)
                        wmi_control_evaluate(reg, reg->table->blocks[i]->control);
        }
        return old;
}

static void wanted_free(WmiWanted *w)
{
        if (w != &nobody)
                free(w);
}

int wmi_wanted_set(uint64_t generation, const uint8_t *guids, size_t count)
{
        WmiWanted *wanted = calloc(1, sizeof *wanted + count * sizeof wanted->guids[0]);
        WmiRound *round = calloc(1, sizeof *round);
        if (!wanted || !round) {
                free(wanted);
                free(round);
                return -ENOMEM;
        }
        wanted->count = (ULONG)count;
        if (count)
                memcpy(wanted->guids, guids, count * sizeof wanted->guids[0]);
        qsort(wanted->guids, count, sizeof wanted->guids[0], guid_order);
        round->generation = generation;
        round->deadline_ms = monotonic_ms() + wmi.options.irp_timeout_ms;

        KIRQL irql = wmi_lock();
        WmiWanted *old = wanted_exchange(wanted);
        // Whoever became unsettled since the round before counts from this one on: evaluate gave it this
        // number.
        round->sequence = ++wmi.round;
        round->waiting = wmi.unsettled;
        InsertTailList(&wmi.rounds, &round->link);
        atomic_store(&rounds_any, true);
        wmi_unlock(irql);
        wanted_free(old);
        return 0;
}

void wmi_wanted_clear(void)
{
        LIST_ENTRY rounds;
        InitializeListHead(&rounds);
        KIRQL irql = wmi_lock();
        while (!IsListEmpty(&wmi.rounds))
                InsertTailList(&rounds, RemoveHeadList(&wmi.rounds));
        atomic_store(&rounds_any, false);
        WmiWanted *old = wanted_exchange(&nobody);
        wmi.round++;
        wmi_unlock(irql);
        wanted_free(old);
        while (!IsListEmpty(&rounds))
                free(CONTAINING_RECORD(RemoveHeadList(&rounds), WmiRound, link));
}

int wmi_rounds_collect(void)
{
        if (!atomic_load(&rounds_any))
                return -1;
        uint64_t now = monotonic_ms(), next = UINT64_MAX;
        LIST_ENTRY done;
        InitializeListHead(&done);
        KIRQL irql = wmi_lock();
        for (LIST_ENTRY *e = wmi.rounds.Flink, *after; e != &wmi.rounds; e = after) {
                after = e->Flink;
                WmiRound *r = CONTAINING_RECORD(e, WmiRound, link);
                if (r->waiting == 0 || now >= r->deadline_ms) {
                        RemoveEntryList(e);
                        InsertTailList(&done, e);
                } else if (r->deadline_ms < next) {
                        next = r->deadline_ms;
                }
        }
        atomic_store(&rounds_any, !IsListEmpty(&wmi.rounds));
        wmi_unlock(irql);
        while (!IsListEmpty(&done)) {
                WmiRound *r = CONTAINING_RECORD(RemoveHeadList(&done), WmiRound, link);
                Buf *out = wmi_out_begin();
                wire_put_WANTED_DONE(out, 0,
                                     &(Wire_WANTED_DONE){.generation = r->generation, .late = r->waiting});
                wmi_out_end();
                free(r);
        }
        return next == UINT64_MAX ? -1 : next - now > 60000 ? 60000 : (int)(next - now);
}

bool wmi_rounds_done(void)
{
        bool done = false;
        if (!atomic_load(&rounds_any))
                return false;
        KIRQL irql = wmi_lock();
        for (LIST_ENTRY *e = wmi.rounds.Flink; e != &wmi.rounds && !done; e = e->Flink)
                done = CONTAINING_RECORD(e, WmiRound, link)->waiting == 0;
        wmi_unlock(irql);
        return done;
}
