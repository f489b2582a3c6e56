// SPDX-License-Identifier: MIT
// IoWMIWriteEvent, and WmiFireEvent's way into the same intake: check, resolve the instance name, copy.
//
// The WNODE is the driver's memory: its header is copied once and only the copy is believed. Nothing relies
// on alignment. At most one lock is taken, nothing is allocated, the only system call is the wake-up of the
// I/O thread.
#include "driver/wmi/wmi-internal.h"

#include <string.h>

enum {
        FIXED = 64, // WNODE_SINGLE_INSTANCE up to VariableData
        KINDS = WNODE_FLAG_ALL_DATA | WNODE_FLAG_SINGLE_INSTANCE | WNODE_FLAG_SINGLE_ITEM |
                WNODE_FLAG_EVENT_REFERENCE | WNODE_FLAG_METHOD_ITEM,
};

// An event on its way in: what the checks have found so far.
typedef struct Firing {
        ULONG provider;
        bool wmilib;
        WmiEvent event;
        WCHAR name[LIMIT_INSTANCE_NAME / 2];
        WNODE_SINGLE_INSTANCE head; // the copy; last, for it ends in an array without a size
} Firing;

static NTSTATUS refuse(const Firing *f, WmiNote what, ULONG a, ULONG b, NTSTATUS status)
{
        KIRQL irql = wmi_lock();
        wmi_note_locked(what, f->provider, &f->event.guid, a, b);
        wmi_unlock(irql);
        wmi_wake();
        return status;
}

static NTSTATUS too_large(const Firing *f, uint64_t size)
{
        ULONG limit = atomic_load_explicit(&wmi.max_event, memory_order_relaxed);
        if (limit > LIMIT_EVENT_BYTES)
                limit = LIMIT_EVENT_BYTES;
        if (size <= limit)
                return STATUS_SUCCESS;
        return refuse(f, WMI_NOTE_TOO_LARGE, size > MAXULONG ? MAXULONG : (ULONG)size, limit,
                      STATUS_BUFFER_OVERFLOW);
}

// Reads a name that the WNODE carries itself: u16 byte length and that many bytes, at any alignment.
static NTSTATUS dynamic_name(Firing *f, const uint8_t *wnode)
{
        ULONG size = f->head.WnodeHeader.BufferSize, at = f->head.OffsetInstanceName;
        bool ansi = f->head.WnodeHeader.Flags & WNODE_FLAG_ANSI_INSTANCENAMES;
        uint16_t length;
        if (at < FIXED || at > size || size - at < sizeof length)
                return refuse(f, WMI_NOTE_BAD_NAME, at, size, STATUS_INVALID_PARAMETER);
        memcpy(&length, wnode + at, sizeof length);
        if (length > size - at - sizeof length || (!ansi && length % 2) ||
            length > LIMIT_INSTANCE_NAME / (ansi ? 2 : 1))
                return refuse(f, WMI_NOTE_BAD_NAME, at, size, STATUS_INVALID_PARAMETER);
        const uint8_t *p = wnode + at + sizeof length;
        size_t n = ansi ? length : length / 2u;
        for (size_t i = 0; ansi && i < n; i++)
                f->name[i] = p[i];
        if (!ansi)
                memcpy(f->name, p, length);
        while (n && f->name[n - 1] == 0)
                n--;
        f->event.name_bytes = n * 2;
        return STATUS_SUCCESS;
}

// The name of a static instance, by the registration of this moment. wmi.lock held.
static NTSTATUS static_name(Firing *f)
{
        ULONG index = f->head.InstanceIndex;
        bool known = false;
        const WmiBlock *block = NULL;
        for (LIST_ENTRY *e = wmi.registrations.Flink; e != &wmi.registrations && !block; e = e->Flink) {
                const WmiRegistration *reg = CONTAINING_RECORD(e, WmiRegistration, link);
                if (reg->provider_id != f->provider)
                        continue;
                known = true;
                block = wmi_table_find(reg->table, &f->event.guid);
        }
        WmiNote what;
        if (!known)
                what = WMI_NOTE_NO_PROVIDER;
        else if (!block)
                what = WMI_NOTE_NO_GUID;
        else if (f->wmilib && (block->names == WMI_NAMES_DYNAMIC || block->names == WMI_NAMES_LIST))
                what = WMI_NOTE_LIB_NAMES;
        else if (block->names == WMI_NAMES_DYNAMIC)
                what = WMI_NOTE_DYNAMIC;
        else if (index >= block->instances)
                what = WMI_NOTE_NO_INSTANCE;
        else {
                f->event.name_bytes = wmi_block_name(block, index, f->name);
                return STATUS_SUCCESS;
        }
        wmi_note_locked(what, f->provider, &f->event.guid, index,
                        what == WMI_NOTE_NO_INSTANCE ? block->instances : 0);
        return what == WMI_NOTE_LIB_NAMES ? STATUS_INVALID_DEVICE_REQUEST : STATUS_WMI_INSTANCE_NOT_FOUND;
}

// Names the event, lets it end here when nobody wants it, else queues a copy.
static NTSTATUS take_in(Firing *f)
{
        f->event.name = f->name;
        f->event.time = (uint64_t)f->head.WnodeHeader.TimeStamp.QuadPart;
        if (f->event.time == 0)
                f->event.time = nt_clock_system();
        KIRQL irql = wmi_lock();
        NTSTATUS status = STATUS_SUCCESS;
        bool wanted = wmi_wanted_locked(&f->event.guid);
        if (f->head.WnodeHeader.Flags & WNODE_FLAG_STATIC_INSTANCE_NAMES)
                status = static_name(f);
        bool wake = wanted || !NT_SUCCESS(status); // a note is to be printed, too
        if (NT_SUCCESS(status) && wanted)
                status = wmi_intake_put(&f->event);
        wmi_unlock(irql);
        if (wake)
                wmi_wake();
        return status;
}

// The kinds of events, by their flags.
static NTSTATUS check_flags(const Firing *f)
{
        ULONG flags = f->head.WnodeHeader.Flags, kind = flags & KINDS;
        if (flags & WNODE_FLAG_TRACED_GUID)
                return refuse(f, WMI_NOTE_TRACED, flags, 0, STATUS_UNSUCCESSFUL);
        if (kind == 0 || kind & (kind - 1) || kind == WNODE_FLAG_METHOD_ITEM || flags & WNODE_FLAG_TOO_SMALL)
                return refuse(f, WMI_NOTE_BAD_FLAGS, flags, 0, STATUS_INVALID_PARAMETER);
        if (kind != WNODE_FLAG_EVENT_REFERENCE && !(flags & WNODE_FLAG_EVENT_ITEM))
                return refuse(f, WMI_NOTE_BAD_FLAGS, flags, 0, STATUS_INVALID_PARAMETER);
        if (kind != WNODE_FLAG_SINGLE_INSTANCE)
                return refuse(f, WMI_NOTE_KIND_LATER, flags, 0, STATUS_UNSUCCESSFUL);
        return STATUS_SUCCESS;
}

static NTSTATUS write_event(const uint8_t *wnode)
{
        Firing f;
        f.wmilib = false;
        f.provider = 0;
        f.event = (WmiEvent){.first = wnode};
        // What the pool knows of the memory bounds what may be read. Other memory is read as its header says;
        // giving it up after success is the driver's mistake, and ExFreePool's to report.
        size_t memory = MAXULONG;
        ULONG tag;
        if (nt_pool_query(wnode, &memory, &tag) && memory < sizeof f.head.WnodeHeader)
                return refuse(&f, WMI_NOTE_NO_WNODE, 0, (ULONG)memory, STATUS_INVALID_PARAMETER);
        memcpy(&f.head.WnodeHeader, wnode, sizeof f.head.WnodeHeader);
        WNODE_HEADER *h = &f.head.WnodeHeader;
        f.provider = h->ProviderId;
        f.event.guid = h->Guid;
        if (!(h->Flags & WNODE_FLAG_TRACED_GUID)) { // then it is an EVENT_TRACE_HEADER
                if (h->BufferSize < sizeof *h || h->BufferSize > memory)
                        return refuse(&f, WMI_NOTE_NO_WNODE, h->BufferSize, (ULONG)memory,
                                      STATUS_INVALID_PARAMETER);
                NTSTATUS status = too_large(&f, h->BufferSize);
                if (!NT_SUCCESS(status))
                        return status;
        }
        NTSTATUS status = check_flags(&f);
        if (!NT_SUCCESS(status))
                return status;

        if (h->BufferSize < FIXED)
                return refuse(&f, WMI_NOTE_NO_WNODE, h->BufferSize, (ULONG)memory, STATUS_INVALID_PARAMETER);
        memcpy((uint8_t *)&f.head + sizeof *h, wnode + sizeof *h, FIXED - sizeof *h);
        ULONG at = f.head.DataBlockOffset, n = f.head.SizeDataBlock;
        if (n && (at < FIXED || at > h->BufferSize || n > h->BufferSize - at))
                return refuse(&f, WMI_NOTE_BAD_DATA, at, n, STATUS_INVALID_PARAMETER);
        if (!(h->Flags & WNODE_FLAG_STATIC_INSTANCE_NAMES)) {
                status = dynamic_name(&f, wnode);
                if (!NT_SUCCESS(status))
                        return status;
        }
        // The checked header travels, not what the driver may have made of it since.
        f.event.first = &f.head;
        f.event.first_size = FIXED;
        f.event.rest = wnode + FIXED;
        f.event.rest_size = h->BufferSize - FIXED;
        return take_in(&f);
}

NTEXPORT NTSTATUS NTAPI IoWMIWriteEvent(PVOID wnode)
{
        if (!wnode)
                return STATUS_INVALID_PARAMETER;
        NTSTATUS status = write_event(wnode);
        if (NT_SUCCESS(status))
                ExFreePool(wnode);
        return status;
}

NTSTATUS wmi_fire(PDEVICE_OBJECT device, const GUID *guid, ULONG index, ULONG size, const void *data)
{
        Firing f;
        f.wmilib = true;
        f.provider = nt_device_known(device) ? nt_device_id(device) : 0;
        f.event = (WmiEvent){0};
        if (!guid)
                return refuse(&f, WMI_NOTE_LIB_DEVICE, index, 0, STATUS_INVALID_PARAMETER);
        f.event.guid = *guid;
        if (!f.provider)
                return refuse(&f, WMI_NOTE_LIB_DEVICE, index, 0, STATUS_INVALID_PARAMETER);
        if (!data && size) {
                wmi_note(WMI_NOTE_LIB_NULL, device, guid, size, 0);
                size = 0;
        }
        size_t memory;
        ULONG tag;
        if (data && nt_pool_query(data, &memory, &tag) && memory < size)
                return refuse(&f, WMI_NOTE_LIB_SHORT, size, (ULONG)memory, STATUS_INVALID_PARAMETER);
        NTSTATUS status = too_large(&f, (uint64_t)FIXED + size);
        if (!NT_SUCCESS(status))
                return status;
        memset(&f.head, 0, sizeof f.head);
        f.head.WnodeHeader.BufferSize = FIXED + size;
        f.head.WnodeHeader.ProviderId = f.provider;
        f.head.WnodeHeader.TimeStamp.QuadPart = (LONGLONG)nt_clock_system();
        f.head.WnodeHeader.Guid = *guid;
        f.head.WnodeHeader.Flags =
                WNODE_FLAG_SINGLE_INSTANCE | WNODE_FLAG_EVENT_ITEM | WNODE_FLAG_STATIC_INSTANCE_NAMES;
        f.head.InstanceIndex = index;
        f.head.DataBlockOffset = FIXED;
        f.head.SizeDataBlock = size;
        f.event.first = &f.head;
        f.event.first_size = FIXED;
        f.event.rest = data;
        f.event.rest_size = size;
        return take_in(&f);
}
