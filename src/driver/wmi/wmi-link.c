// SPDX-License-Identifier: MIT
// The link to the service: HELLO, then events and messages out, WANTED and UNLOAD in.
//
// One thread of the host's own runs wmi_link_run. It sends events straight from the intake ring, messages
// from the buffer of wmi-out.c, and never cuts into a frame: what was begun is finished first.
#include "driver/wmi/wmi-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/filetime.h"
#include "wire/message.h"

enum {
        BATCH = 256 << 10,
        READ_CHUNK = 64 << 10,
        LOOK_MS = 200, // while the socket is full nobody wakes us: notes are looked for that often
};

static struct {
        int fd;
        WmiLinkConfig config;
        Buf in;
        Buf out; // messages being sent
        size_t out_sent;
        size_t frame_sent; // of the first frame in the ring
        bool gone;         // no socket any more
        bool stop_told;
        atomic_bool closing; // wmi_link_close: send what is there, then `last`, then end
        _Atomic uint32_t last;
        atomic_bool registered;
        pthread_mutex_t mutex; // for `ended`
        pthread_cond_t ended_cond;
        bool ended;
} io = {.fd = -1, .mutex = PTHREAD_MUTEX_INITIALIZER};

// --- the socket -----------------------------------------------------------------------------------

static void tell_stop(bool gone, const char *reason)
{
        if (io.stop_told)
                return;
        io.stop_told = true;
        if (io.config.stop)
                io.config.stop(io.config.arg, gone, reason);
}

static void service_gone(const char *reason)
{
        if (io.gone)
                return;
        io.gone = true;
        tell_stop(true, reason);
}

// Bytes sent, 0 when the socket is full or gone.
static size_t send_some(const uint8_t *p, size_t n)
{
        ssize_t r = send(io.fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (r >= 0)
                return (size_t)r;
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
                service_gone(strerror(errno));
        return 0;
}

static uint32_t frame_size(const uint8_t *p)
{
        uint32_t n;
        memcpy(&n, p, sizeof n);
        return n + 4;
}

// Sends messages. True: none is left.
static bool send_messages(void)
{
        for (;;) {
                if (io.out_sent == io.out.n) {
                        io.out.n = io.out_sent = 0;
                        wmi_out_take(&io.out);
                        if (io.out.n == 0)
                                return true;
                }
                size_t r = send_some(io.out.p + io.out_sent, io.out.n - io.out_sent);
                if (r == 0)
                        return false;
                io.out_sent += r;
        }
}

// Sends events: a batch, or only the rest of the frame that was begun (`finish`). True: nothing is left of
// it.
static bool send_events(bool finish)
{
        const uint8_t *p;
        size_t n = wmi_intake_peek(&p);
        if (finish)
                n = frame_size(p);
        if (n == io.frame_sent)
                return true;
        size_t most = n - io.frame_sent < BATCH ? n - io.frame_sent : BATCH;
        size_t r = send_some(p + io.frame_sent, most);
        size_t sent = io.frame_sent + r, whole = 0;
        uint32_t frames = 0;
        while (whole < sent && frame_size(p + whole) <= sent - whole) {
                whole += frame_size(p + whole);
                frames++;
        }
        io.frame_sent = sent - whole;
        wmi_intake_release(whole, frames);
        return sent == n;
}

// Sends what there is. True: nothing is left; false: the socket is full (or gone), or there may be more.
static bool send_all(bool *ret_full)
{
        *ret_full = true;
        if (io.frame_sent && !send_events(true))
                return false;
        if (io.out_sent < io.out.n || wmi_out_waiting()) {
                if (!send_messages())
                        return false;
        }
        const uint8_t *p;
        size_t before = wmi_intake_peek(&p);
        if (before && !send_events(false)) {
                *ret_full = wmi_intake_peek(&p) == before || io.frame_sent;
                return false;
        }
        if (wmi_intake_has_losses()) { // behind the events that were accepted before
                Buf *out = wmi_out_begin();
                wmi_intake_losses(out);
                wmi_out_end();
        }
        *ret_full = false;
        return wmi_intake_peek(&p) == 0 && !wmi_out_waiting();
}

// --- what the service says ------------------------------------------------------------------------

static int take_wanted(const WireFrame *f)
{
        Wire_WANTED m;
        if (!wire_get_WANTED(f->payload, f->size, &m) || m.guids.n % sizeof(GUID))
                return -EPROTO;
        return wmi_wanted_set(m.generation, (const uint8_t *)m.guids.p, m.guids.n / sizeof(GUID));
}

static int take_frame(const WireFrame *f)
{
        if (f->flags & WIRE_REPLY)
                return 0;
        switch (f->operation) {
        case WIRE_WANTED:
                return take_wanted(f);
        case WIRE_UNLOAD: {
                Wire_UNLOAD m;
                if (!wire_get_UNLOAD(f->payload, f->size, &m))
                        return -EPROTO;
                char reason[256];
                size_t n = m.reason.n < sizeof reason - 1 ? m.reason.n : sizeof reason - 1;
                memcpy(reason, m.reason.p, n);
                reason[n] = '\0';
                tell_stop(false, n ? reason : "the service asks for it");
                return 0;
        }
        default:
                nt_log(NT_LOG_WARNING,
                       "WMI: the service sent operation %u, which a driver host does not know", f->operation);
                return 0;
        }
}

// Works off whole frames of io.in.
static int take_frames(void)
{
        size_t at = 0;
        int e = 0;
        for (;;) {
                WireFrame f;
                ssize_t n = wire_frame(io.in.p + at, io.in.n - at, LIMIT_FRAME_BYTES, &f);
                if (n <= 0) {
                        e = (int)n;
                        break;
                }
                if ((e = take_frame(&f)) < 0)
                        break;
                at += (size_t)n;
        }
        if (at) {
                memmove(io.in.p, io.in.p + at, io.in.n - at);
                io.in.n -= at;
        }
        return e;
}

// 0; 1: the peer has closed; -errno.
static int receive(void)
{
        for (;;) {
                uint8_t *p = buf_reserve(&io.in, READ_CHUNK);
                if (!p)
                        return -ENOMEM;
                ssize_t r = recv(io.fd, p, READ_CHUNK, MSG_DONTWAIT);
                if (r == 0)
                        return 1;
                if (r < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                io.in.n += (size_t)r;
                if ((size_t)r < READ_CHUNK)
                        return 0;
        }
}

// --- HELLO ----------------------------------------------------------------------------------------

static int hello_failed(Diag *d, const char *what)
{
        return diag_set(d, CIM_E_TRANSPORT_FAILURE, "the service did not answer as a service does: %s", what);
}

static int hello_reply(Diag *reterr)
{
        WireFrame f;
        ssize_t n = wire_frame(io.in.p, io.in.n, LIMIT_FRAME_BYTES, &f);
        if (n == 0)
                return 2;
        uint32_t status;
        Wire_HELLO_Reply m;
        if (n < 0 || f.operation != WIRE_HELLO || !(f.flags & WIRE_REPLY) ||
            !wire_get_status(f.payload, f.size, &status, reterr, NULL, NULL))
                return hello_failed(reterr, "not a reply to HELLO");
        if (cim_failed(status))
                return E_DIAG;
        if (!wire_get_HELLO_reply(f.payload, f.size, &m))
                return hello_failed(reterr, "a malformed reply to HELLO");
        if (m.version != WIRE_VERSION)
                return diag_set(reterr, CIM_E_FAILED,
                                "the service speaks version %u of the protocol, this host %u", m.version,
                                WIRE_VERSION);
        wmi_intake_host(m.id);
        memmove(io.in.p, io.in.p + n, io.in.n - (size_t)n);
        io.in.n -= (size_t)n;
        return 0;
}

static int hello(double seconds, Diag *reterr)
{
        Buf *out = wmi_out_begin();
        wire_put_HELLO(out, 1,
                       &(Wire_HELLO){.version = WIRE_VERSION,
                                     .role = WIRE_ROLE_HOST,
                                     .program = str_of(io.config.program),
                                     .name = str_of(io.config.name),
                                     .device = str_of(io.config.device),
                                     .path = str_of(io.config.path),
                                     .pid = (uint32_t)getpid()});
        wmi_out_end();
        uint64_t deadline = monotonic_ms() + (uint64_t)(seconds * 1000);
        for (;;) {
                bool sent = send_messages();
                uint64_t now = monotonic_ms();
                if (io.gone)
                        return hello_failed(reterr, "the connection broke");
                if (now >= deadline)
                        return hello_failed(reterr, "no reply to HELLO");
                struct pollfd p = {io.fd, (short)(POLLIN | (sent ? 0 : POLLOUT)), 0};
                if (poll(&p, 1, (int)(deadline - now)) < 0 && errno != EINTR)
                        return -errno;
                int r = receive();
                if (r < 0)
                        return r;
                int e = hello_reply(reterr);
                if (e != 2)
                        return e;
                if (r == 1)
                        return hello_failed(reterr, "it closed the connection");
        }
}

int wmi_link_open(int take_fd, const WmiLinkConfig *config, double seconds, Diag *reterr)
{
        io.fd = take_fd;
        io.config = *config;
        io.stop_told = true; // nobody is to be told before the link stands
        pthread_condattr_t attr;
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&io.ended_cond, &attr);
        pthread_condattr_destroy(&attr);
        int flags = fcntl(take_fd, F_GETFD);
        int e = flags < 0 || fcntl(take_fd, F_SETFD, flags | FD_CLOEXEC) < 0 ? -errno
                                                                             : hello(seconds, reterr);
        if (e) {
                close(take_fd);
                io.fd = -1;
                return e;
        }
        io.stop_told = false;
        return 0;
}

// --- the I/O thread -------------------------------------------------------------------------------

static void discard(void)
{
        const uint8_t *p;
        size_t n = wmi_intake_peek(&p), at = 0;
        uint32_t frames = 0;
        for (; at < n; frames++)
                at += frame_size(p + at);
        wmi_intake_release(at, frames);
        io.frame_sent = 0;
        io.out.n = io.out_sent = 0;
        wmi_out_take(&io.out);
        io.out.n = 0;
}

static void poll_once(int timeout, bool full)
{
        struct pollfd p[2] = {{wmi_wake_fd(), POLLIN, 0},
                              {io.gone ? -1 : io.fd, (short)(POLLIN | (full ? POLLOUT : 0)), 0}};
        if (poll(p, 2, timeout) <= 0 || io.gone || !(p[1].revents & (POLLIN | POLLHUP | POLLERR)))
                return;
        int r = receive();
        int e = take_frames();
        if (e == -EPROTO)
                service_gone("the service sent what is not a message");
        else if (e < 0)
                service_gone(strerror(-e));
        else if (r)
                service_gone(r == 1 ? "the service has closed the connection" : strerror(-r));
}

void wmi_link_run(void)
{
        if (io.in.n && take_frames() < 0) // what came with the reply to HELLO
                service_gone("the service sent what is not a message");
        for (;;) {
                wmi_notes_print();
                int timeout = wmi_rounds_collect();
                bool full = false, idle = true;
                if (io.gone)
                        discard();
                else
                        idle = send_all(&full);
                if (idle && atomic_load(&io.closing)) {
                        uint32_t last = atomic_exchange(&io.last, 0);
                        if (!last || io.gone)
                                break;
                        wmi_link_state(last, "");
                        continue;
                }
                if (!idle && !full && !io.gone)
                        continue;
                if (!full) { // nothing to do: from here on whoever makes work wakes us
                        wmi_sleep_begin();
                        const uint8_t *p;
                        if (wmi_intake_peek(&p) || wmi_out_waiting() || wmi_intake_has_losses() ||
                            atomic_load(&io.closing) || wmi_rounds_done() || wmi_notes_waiting()) {
                                wmi_sleep_end();
                                continue;
                        }
                }
                if (full && (timeout < 0 || timeout > LOOK_MS))
                        timeout = LOOK_MS;
                poll_once(timeout, full);
                if (!full)
                        wmi_sleep_end();
        }
        if (io.fd >= 0)
                close(io.fd);
        pthread_mutex_lock(&io.mutex);
        io.ended = true;
        pthread_cond_broadcast(&io.ended_cond);
        pthread_mutex_unlock(&io.mutex);
}

// --- for the host's other threads -----------------------------------------------------------------

void wmi_registered(void)
{
        if (!atomic_exchange(&io.registered, true) && io.config.registered)
                io.config.registered(io.config.arg);
}

void wmi_link_state(uint32_t state, const char *text)
{
        Buf *out = wmi_out_begin();
        wire_put_HOST_STATE(out, 0, &(Wire_HOST_STATE){.state = state, .text = str_of(text ? text : "")});
        wmi_out_end();
}

void wmi_link_forget(double seconds)
{
        LARGE_INTEGER timeout = {.QuadPart = -(LONGLONG)(seconds * 1e7)};
        if (wmi_wanted_set(0, NULL, 0) == 0)
                KeWaitForSingleObject(&wmi.settled, Executive, KernelMode, FALSE, &timeout);
}

void wmi_link_close(double seconds, uint32_t last)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec += (time_t)seconds;
        atomic_store(&io.last, last);
        atomic_store(&io.closing, true);
        wmi_wake();
        pthread_mutex_lock(&io.mutex);
        while (!io.ended && pthread_cond_timedwait(&io.ended_cond, &io.mutex, &t) == 0)
                continue;
        pthread_mutex_unlock(&io.mutex);
}
