// SPDX-License-Identifier: MIT
// Notes: what happened at DISPATCH_LEVEL and is to be logged once, written down for the I/O thread.
#include "driver/wmi/wmi-internal.h"

#include <stdio.h>
#include <string.h>

enum { NOTES = 256 };

typedef struct Note {
        WmiNote what;
        ULONG provider;
        GUID guid;
        ULONG a, b;
} Note;

// Under wmi.lock. A note stays for the life of the process: that is what "once" means.
static Note notes[NOTES];
static size_t note_count, note_printed;
static bool note_full;
static atomic_bool
        note_waits; // the I/O thread looks at this first: it takes wmi.lock only when there is something

void wmi_note_locked(WmiNote what, ULONG provider, const GUID *guid, ULONG a, ULONG b)
{
        GUID g = {0};
        if (guid)
                g = *guid;
        for (size_t i = 0; i < note_count; i++)
                if (notes[i].what == what && notes[i].provider == provider &&
                    wmi_guid_order(&notes[i].guid, &g) == 0)
                        return;
        atomic_store(&note_waits, true);
        if (note_count == NOTES) {
                note_full = true;
                return;
        }
        notes[note_count++] = (Note){what, provider, g, a, b};
}

void wmi_note(WmiNote what, PDEVICE_OBJECT device, const GUID *guid, ULONG a, ULONG b)
{
        ULONG provider = nt_device_known(device) ? nt_device_id(device) : 0;
        KIRQL irql = wmi_lock();
        wmi_note_locked(what, provider, guid, a, b);
        wmi_unlock(irql);
        wmi_wake();
}

static void note_print(const Note *n)
{
        char guid[GUID_TEXT], device[256];
        wmi_guid_text(&n->guid, guid);
        PDEVICE_OBJECT d = nt_device_by_id(n->provider);
        if (d) {
                wmi_device_text(d, device, sizeof device);
                ObfDereferenceObject(d);
        } else {
                snprintf(device, sizeof device, n->provider ? "no device (provider %u)" : "no device",
                         n->provider);
        }
        switch (n->what) {
#define X(name, text)                                                                                        \
        case WMI_NOTE_##name:                                                                                \
                nt_log(NT_LOG_WARNING, "WMI: %s, %s: " text, device, guid, n->a, n->b);                      \
                break;
                WMI_NOTES(X)
#undef X
        default:
                break;
        }
}

bool wmi_notes_waiting(void)
{
        return atomic_load(&note_waits);
}

void wmi_notes_print(void)
{
        static bool full_told; // the I/O thread's
        if (!atomic_load(&note_waits) || !atomic_exchange(&note_waits, false))
                return;
        for (;;) {
                KIRQL irql = wmi_lock();
                bool more = note_printed < note_count;
                bool full = note_full;
                Note n = {0};
                if (more)
                        n = notes[note_printed++];
                wmi_unlock(irql);
                if (!more) {
                        if (full && !full_told)
                                nt_log(NT_LOG_WARNING, "WMI: %d different notes; further ones are not logged",
                                       NOTES);
                        full_told = full_told || full;
                        return;
                }
                note_print(&n);
        }
}
