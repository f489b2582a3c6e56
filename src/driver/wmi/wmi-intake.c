// SPDX-License-Identifier: MIT
// Intake: a bounded ring of FIRE frames, filled by firing threads, emptied by the I/O thread.
//
//   tail (the reader's)                      head (the writers', under wmi.lock)
//     |  frame | frame | frame | frame         |
//   --+----------------------------------------+------------- the same pages are mapped twice in a row:
//                                                             a frame is always contiguous, and so is all
//                                                             that waits
//
// A frame is written whole before head moves, and is sent from where it lies. The reader takes no lock, so a
// thread that fires never waits for it. Lost events are counted in a table that only grows: GUID by GUID, the
// last row for all that find no row of their own.
#include "driver/wmi/wmi-internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wire/envelope.h"
#include "wire/message.h"

enum {
        LOSSES = 64,
        FRAME_HEADER = WIRE_HEADER + 4,
        ENVELOPE_GUID = 8 + 8 + 8, // where the GUID stands in an envelope
};

typedef struct Loss {
        GUID guid;
        _Atomic(uint64_t) count;
} Loss;

static struct {
        uint8_t *p;
        uint64_t size; // a power of two
        uint32_t events;
        uint64_t sequence, host;
        _Atomic(uint64_t) head, tail; // bytes ever written, ever read
        uint64_t written;             // frames
        _Atomic(uint64_t) read;       // frames
        Loss losses[LOSSES];
        atomic_uint loss_rows;
        atomic_bool lost;
} ring;

int wmi_intake_init(uint32_t events, uint32_t bytes)
{
        uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size = page;
        while (size < bytes)
                size *= 2;
        int fd = memfd_create("wmi-intake", MFD_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = 0;
        uint8_t *p = MAP_FAILED;
        if (ftruncate(fd, (off_t)size) < 0 ||
            (p = mmap(NULL, size * 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) == MAP_FAILED)
                r = -errno;
        for (int i = 0; r == 0 && i < 2; i++) // populated now: no page is asked for at DISPATCH_LEVEL
                if (mmap(p + size * (uint64_t)i, size, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED)
                        r = -errno;
        close(fd);
        if (r < 0)
                return r;
        ring.p = p;
        ring.size = size;
        ring.events = events;
        return 0;
}

void wmi_intake_host(uint64_t id)
{
        KIRQL irql = wmi_lock();
        ring.host = id;
        wmi_unlock(irql);
}

// wmi.lock held.
static NTSTATUS intake_lost(const GUID *guid, uint64_t count)
{
        unsigned rows = atomic_load_explicit(&ring.loss_rows, memory_order_relaxed), i = 0;
        while (i < rows && wmi_guid_order(&ring.losses[i].guid, guid) != 0)
                i++;
        if (i == rows && rows < LOSSES) {
                if (rows < LOSSES - 1) // the last row keeps the null GUID
                        ring.losses[rows].guid = *guid;
                atomic_store_explicit(&ring.loss_rows, rows + 1, memory_order_release);
        }
        if (i >= LOSSES)
                i = LOSSES - 1;
        atomic_fetch_add(&ring.losses[i].count, count);
        atomic_store(&ring.lost, true);
        return STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS wmi_intake_put(const WmiEvent *event)
{
        CimEnvelope e = {
                .host = ring.host,
                .time = event->time,
                .instance = {(const char16_t *)(const void *)event->name, event->name_bytes / 2},
                .kind = CIM_PAYLOAD_WNODE,
                .payload_size = event->first_size + event->rest_size,
        };
        memcpy(&e.guid, &event->guid, sizeof e.guid);
        uint32_t envelope = (uint32_t)wire_envelope_size(&e), size = FRAME_HEADER + envelope;
        uint64_t head = atomic_load_explicit(&ring.head, memory_order_relaxed);
        uint64_t used = head - atomic_load_explicit(&ring.tail, memory_order_acquire);
        uint64_t waiting = ring.written - atomic_load_explicit(&ring.read, memory_order_acquire);
        if (waiting >= ring.events || ring.size - used < size)
                return intake_lost(&event->guid, 1);
        e.sequence = ++ring.sequence;

        uint8_t *p = ring.p + (head & (ring.size - 1));
        uint32_t rest = size - 4, request = 0;
        uint16_t operation = WIRE_FIRE, flags = 0;
        memcpy(p, &rest, 4);
        memcpy(p + 4, &operation, 2);
        memcpy(p + 6, &flags, 2);
        memcpy(p + 8, &request, 4);
        memcpy(p + 12, &envelope, 4);
        p = wire_envelope_store_head(&e, p + FRAME_HEADER);
        memcpy(p, event->first, event->first_size);
        if (event->rest_size)
                memcpy(p + event->first_size, event->rest, event->rest_size);
        ring.written++;
        atomic_store_explicit(&ring.head, head + size, memory_order_release);
        return STATUS_SUCCESS;
}

size_t wmi_intake_peek(const uint8_t **ret)
{
        uint64_t tail = atomic_load_explicit(&ring.tail, memory_order_relaxed);
        *ret = ring.p + (tail & (ring.size - 1));
        return (size_t)(atomic_load_explicit(&ring.head, memory_order_acquire) - tail);
}

void wmi_intake_release(size_t bytes, uint32_t events)
{
        atomic_fetch_add_explicit(&ring.read, events, memory_order_release);
        atomic_fetch_add_explicit(&ring.tail, bytes, memory_order_release);
}

void wmi_intake_lose(const GUID *guid, uint64_t count)
{
        KIRQL irql = wmi_lock();
        intake_lost(guid, count);
        wmi_unlock(irql);
}

uint32_t wmi_intake_drop(void)
{
        const uint8_t *p;
        size_t n = wmi_intake_peek(&p);
        uint32_t frames = 0, size;
        for (size_t at = 0; at < n; at += size + 4, frames++) {
                GUID guid;
                memcpy(&size, p + at, sizeof size);
                memcpy(&guid, p + at + FRAME_HEADER + ENVELOPE_GUID, sizeof guid);
                wmi_intake_lose(&guid, 1);
        }
        wmi_intake_release(n, frames);
        return frames;
}

bool wmi_intake_has_losses(void)
{
        return atomic_load(&ring.lost);
}

void wmi_intake_losses(Buf *out)
{
        if (!atomic_exchange(&ring.lost, false))
                return;
        unsigned rows = atomic_load_explicit(&ring.loss_rows, memory_order_acquire);
        for (unsigned i = 0; i < rows; i++) {
                uint64_t n = atomic_exchange(&ring.losses[i].count, 0);
                if (!n)
                        continue;
                Wire_HOST_LOST m = {.count = n};
                memcpy(&m.guid, &ring.losses[i].guid, sizeof m.guid);
                wire_put_HOST_LOST(out, 0, &m);
        }
}
