// SPDX-License-Identifier: MIT
// The link to the service: HELLO, then events and messages out, WANTED and UNLOAD in; and anew, when the
// service went away.
//
//   wmi_link_open -> GREETING -> UP --------------- the service goes ---------------> DOWN
//                       |         ^ REGISTER, HOST_STATE, HOST_LOST                     | after the back-off
//                       |         |                                                     v
//                       |         +------------------ HELLO answered ------------- GREETING
//                       +--> *reterr                                    refused, too late: DOWN again
//
// One thread of the host's own runs wmi_link_run. It sends events straight from the intake ring, messages
// from the buffer of wmi-out.c, and never cuts into a frame: what was begun is finished first. While there is
// no service nobody wants anything, and messages go nowhere: what a new service must know is told anew.
#include "driver/wmi/wmi-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/filetime.h"
#include "wire/message.h"

enum {
        BATCH = 256 << 10,
        READ_CHUNK = 64 << 10,
        LOOK_MS = 200, // while the socket is full nobody wakes us: notes are looked for that often
        BACK_OFF_LEAST_MS = 50,
        BACK_OFF_MOST_MS = 3200,
        REFUSED_MS = 30000,
};

typedef enum Phase { DOWN, GREETING, UP } Phase;

static struct {
        int fd; // -1: DOWN
        Phase phase;
        WmiLinkConfig config;
        uint64_t patience_ms; // for the answer to HELLO
        Buf in;
        Buf out; // messages being sent
        size_t out_sent;
        size_t frame_sent; // of the first frame in the ring
        bool broken;       // the socket is of no use any more; why:
        char reason[256];
        bool stop_told;
        bool over;         // the link is not to come back
        uint64_t since_ms; // UP since
        uint64_t due_ms;   // DOWN: the next try; GREETING: the answer's deadline
        uint64_t back_off_ms;
        uint64_t refused_ms; // a service has refused us since; 0: none did
        char refusal[512];   // what was logged of it
        atomic_bool closing; // wmi_link_close: send what is there, then `last`, then end
        _Atomic uint32_t last;
        atomic_bool registered;
        uint32_t state; // HOST_STATE as it is, with its text; between wmi_out_begin and wmi_out_end
        char state_text[256];
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

// Only notes it: whoever calls may be in the midst of a frame. wmi_link_run does the rest.
static void service_gone(const char *reason)
{
        if (io.broken)
                return;
        io.broken = true;
        snprintf(io.reason, sizeof io.reason, "%s", reason);
}

// Bytes sent, 0 when the socket is full or broken.
static size_t send_some(const uint8_t *p, size_t n)
{
        if (io.broken)
                return 0;
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

// 0: it is answered; AGAIN: the answer is not there yet; E_DIAG: refused, or not an answer.
enum { AGAIN = 2 };

static int hello_reply(Diag *reterr)
{
        WireFrame f;
        ssize_t n = wire_frame(io.in.p, io.in.n, LIMIT_FRAME_BYTES, &f);
        if (n == 0)
                return AGAIN;
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

// Begins to greet over a connected socket. 0, -errno: then it is closed.
static int hello_begin(int fd)
{
        int flags = fcntl(fd, F_GETFD);
        if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0) {
                int e = -errno;
                close(fd);
                return e;
        }
        io.fd = fd;
        io.phase = GREETING;
        io.broken = false;
        io.due_ms = monotonic_ms() + io.patience_ms;
        io.in.n = io.out.n = io.out_sent = io.frame_sent = 0;
        wire_put_HELLO(&io.out, 1,
                       &(Wire_HELLO){.version = WIRE_VERSION,
                                     .role = WIRE_ROLE_HOST,
                                     .program = str_of(io.config.program),
                                     .name = str_of(io.config.name),
                                     .device = str_of(io.config.device),
                                     .path = str_of(io.config.path),
                                     .pid = (uint32_t)getpid()});
        if (io.out.failed) {
                io.out.failed = false;
                service_gone("out of memory");
        }
        return 0;
}

// Sends what is left of HELLO. True: nothing is.
static bool hello_send(void)
{
        io.out_sent += send_some(io.out.p + io.out_sent, io.out.n - io.out_sent);
        return io.out_sent == io.out.n;
}

// How the greeting stands: 0, AGAIN, or E_DIAG.
static int hello_look(Diag *reterr)
{
        int e = hello_reply(reterr);
        if (e != AGAIN)
                return e;
        if (io.broken)
                return hello_failed(reterr, io.reason);
        return monotonic_ms() < io.due_ms ? AGAIN : hello_failed(reterr, "no reply to HELLO");
}

static void hang_up(void)
{
        if (io.fd >= 0)
                close(io.fd);
        io.fd = -1;
        io.phase = DOWN;
        io.broken = false;
        io.in.n = io.out.n = io.out_sent = io.frame_sent = 0;
}

static void poll_once(int timeout, bool full)
{
        struct pollfd p[2] = {{wmi_wake_fd(), POLLIN, 0}, {io.fd, (short)(POLLIN | (full ? POLLOUT : 0)), 0}};
        if (poll(p, 2, timeout) <= 0 || io.phase == DOWN || !(p[1].revents & (POLLIN | POLLHUP | POLLERR)))
                return;
        int r = receive();
        int e = io.phase == UP ? take_frames() : 0;
        if (e == -EPROTO)
                service_gone("the service sent what is not a message");
        else if (e < 0)
                service_gone(strerror(-e));
        else if (r)
                service_gone(r == 1 ? "the service has closed the connection" : strerror(-r));
}

static void link_up(void)
{
        io.phase = UP;
        io.since_ms = monotonic_ms();
        io.refused_ms = 0;
        io.refusal[0] = '\0';
        io.out.n = io.out_sent = 0;
}

// What came with the reply to HELLO.
static void take_first_frames(void)
{
        if (io.in.n && take_frames() < 0)
                service_gone("the service sent what is not a message");
}

int wmi_link_open(int take_fd, const WmiLinkConfig *config, double seconds, Diag *reterr)
{
        io.config = *config;
        io.patience_ms = (uint64_t)(seconds * 1000);
        pthread_condattr_t attr;
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&io.ended_cond, &attr);
        pthread_condattr_destroy(&attr);
        int e = hello_begin(take_fd);
        if (e < 0)
                return e;
        while ((e = hello_look(reterr)) == AGAIN) {
                bool sent = hello_send();
                uint64_t now = monotonic_ms();
                poll_once(now < io.due_ms ? (int)(io.due_ms - now) : 0, !sent);
        }
        if (e)
                hang_up();
        else
                link_up();
        return e;
}

// --- loss and return ------------------------------------------------------------------------------

// Losses that were counted, but are still in messages that nobody will read.
static void messages_drop(const uint8_t *p, size_t n, size_t sent)
{
        for (size_t at = 0; at < n;) {
                WireFrame f;
                Wire_HOST_LOST m;
                ssize_t size = wire_frame(p + at, n - at, LIMIT_FRAME_BYTES, &f);
                if (size <= 0)
                        return;
                at += (size_t)size;
                if (at > sent && f.operation == WIRE_HOST_LOST && wire_get_HOST_LOST(f.payload, f.size, &m)) {
                        GUID guid;
                        memcpy(&guid, &m.guid, sizeof guid);
                        wmi_intake_lose(&guid, m.count);
                }
        }
}

// When to try again: later each time, and not when everybody does.
static void back_off(void)
{
        uint32_t dice;
        if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != sizeof dice)
                dice = (uint32_t)getpid() * 2654435761u;
        uint64_t most = io.config.back_off_ms ? io.config.back_off_ms : BACK_OFF_MOST_MS;
        uint64_t half = io.back_off_ms / 2;
        io.due_ms = monotonic_ms() + half + dice % (half + 1);
        io.back_off_ms = io.back_off_ms * 2 > most ? most : io.back_off_ms * 2;
}

static void link_end(const char *reason)
{
        io.over = true;
        tell_stop(true, reason);
}

static void link_lost(void)
{
        if (monotonic_ms() - io.since_ms >= io.back_off_ms) // it stood for longer than it took to get it
                io.back_off_ms = BACK_OFF_LEAST_MS;
        wmi_wanted_clear(); // first: from here on nothing new comes in
        Buf rest = {0};
        wmi_out_close(&rest);
        messages_drop(io.out.p, io.out.n, io.out_sent);
        messages_drop(rest.p, rest.n, 0);
        buf_deinit(&rest);
        uint32_t lost = wmi_intake_drop();
        hang_up();
        if (!io.config.connect) {
                link_end(io.reason);
                return;
        }
        nt_log(NT_LOG_NOTE, "WMI: the service went away: %s%s; nobody is told of events until it is back",
               io.reason, lost ? ", and events that it had not read are lost" : "");
        back_off();
}

// The service is there, but does not want us.
static void link_refused(const Diag *d)
{
        uint64_t now = monotonic_ms(), most = io.config.refused_ms ? io.config.refused_ms : REFUSED_MS;
        if (strcmp(io.refusal, d->message) != 0) {
                snprintf(io.refusal, sizeof io.refusal, "%s", d->message);
                nt_log(NT_LOG_WARNING, "WMI: the service refuses this host: %s", io.refusal);
        }
        if (!io.refused_ms) {
                io.refused_ms = now;
        } else if (now - io.refused_ms >= most) {
                char text[600];
                snprintf(text, sizeof text, "it refuses this host: %s", io.refusal);
                link_end(text);
        }
}

static void link_try(void)
{
        Diag d = {0};
        int fd = -1;
        int e = io.config.connect(io.config.arg, &fd, &d);
        if (!e)
                e = hello_begin(fd);
        if (e == E_DIAG)
                link_refused(&d);
        else if (e)
                io.refused_ms = 0; // nobody is there who could
        if (e)
                back_off();
}

// A new service knows nothing of us.
static void link_return(void)
{
        nt_log(NT_LOG_NOTE, "WMI: the service is back");
        wmi_out_open(); // first: who registers meanwhile is announced, here or there
        wmi_registrations_announce();
        Buf *out = wmi_out_begin();
        if (io.state)
                wire_put_HOST_STATE(out, 0,
                                    &(Wire_HOST_STATE){.state = io.state, .text = str_of(io.state_text)});
        wmi_out_end();
        link_up();
        take_first_frames();
}

// Goes on with the greeting. True: bytes of it are left.
static bool link_greet(void)
{
        Diag d = {0};
        bool sent = hello_send();
        int e = hello_look(&d);
        if (e == AGAIN)
                return !sent;
        if (!e) {
                link_return();
                return false;
        }
        hang_up();
        if (d.code == (uint32_t)CIM_E_TRANSPORT_FAILURE)
                io.refused_ms = 0;
        else
                link_refused(&d);
        back_off();
        return false;
}

// --- the I/O thread -------------------------------------------------------------------------------

// Milliseconds until something is due on a link that is not up; -1: nothing is.
static int until_due(void)
{
        if (io.phase == UP || io.over)
                return -1;
        uint64_t now = monotonic_ms();
        return io.due_ms > now ? (int)(io.due_ms - now) : 0;
}

// There is something to do now, whether anybody wakes us or not.
static bool work_waits(void)
{
        const uint8_t *p;
        if (wmi_notes_waiting() || atomic_load(&io.closing) || io.broken)
                return true;
        return io.phase == UP &&
               (wmi_intake_peek(&p) || wmi_out_waiting() || wmi_intake_has_losses() || wmi_rounds_done());
}

// Does what there is to do. True: the socket is full. *ret_idle: nothing is left.
static bool work(bool *ret_idle)
{
        bool full = false;
        *ret_idle = true;
        if (io.broken && io.phase == UP)
                link_lost();
        if (io.phase == DOWN && !io.over && !atomic_load(&io.closing) && !until_due())
                link_try();
        if (io.phase == GREETING) {
                full = link_greet();
                *ret_idle = io.phase != UP; // a table may have come with the answer, and made a deadline
        } else if (io.phase == UP) {
                *ret_idle = send_all(&full) && !io.broken;
        }
        return full && !io.broken;
}

void wmi_link_run(void)
{
        take_first_frames();
        for (;;) {
                wmi_notes_print();
                int timeout = wmi_rounds_collect();
                bool idle, full = work(&idle);
                if (idle && atomic_load(&io.closing)) {
                        uint32_t last = atomic_exchange(&io.last, 0);
                        if (!last || io.phase != UP)
                                break;
                        wmi_link_state(last, "");
                        continue;
                }
                if (!idle && !full)
                        continue;
                if (!full) { // nothing to do: from here on whoever makes work wakes us
                        wmi_sleep_begin();
                        if (work_waits()) {
                                wmi_sleep_end();
                                continue;
                        }
                }
                int due = until_due();
                if (due >= 0 && (timeout < 0 || due < timeout))
                        timeout = due;
                if (full && (timeout < 0 || timeout > LOOK_MS))
                        timeout = LOOK_MS;
                poll_once(timeout, full);
                if (!full)
                        wmi_sleep_end();
        }
        hang_up();
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
        io.state = state;
        snprintf(io.state_text, sizeof io.state_text, "%s", text ? text : "");
        wire_put_HOST_STATE(out, 0, &(Wire_HOST_STATE){.state = state, .text = str_of(io.state_text)});
        wmi_out_end();
}

void wmi_link_forget(double seconds)
{
        LARGE_INTEGER timeout = {.QuadPart = -(LONGLONG)(seconds * 1e7)};
        wmi_wanted_clear();
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
