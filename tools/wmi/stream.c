// SPDX-License-Identifier: MIT
// Stream: events from the client to standard output.
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/filetime.h"
#include "base/utf.h"
#include "say.h"

enum {
        STREAM_ROUND = 1024,     // items read before signals and others get their turn
        STREAM_LINGER_MS = 2000, // for a slow reader after Ctrl-C
};

// --- set-up ------------------------------------------------------------------------------------------

static PrintStyle stream_style(const Options *o)
{
        return o->json ? PRINT_JSON : isatty(STDOUT_FILENO) ? PRINT_BLOCK : PRINT_LINE;
}

// A regular file or /dev/null cannot be polled with epoll; it is always writable.
static void stream_watch_output(Stream *s)
{
        uint32_t mask = output_pending(&s->output) ? EPOLLOUT : 0;
        struct epoll_event e = {.events = mask, .data.fd = STDOUT_FILENO};
        if (s->output.closed || (s->watching_output && mask == s->output_mask))
                return;
        int op = s->watching_output ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        if (!s->output.file && epoll_ctl(s->epoll, op, STDOUT_FILENO, &e) == 0) {
                s->watching_output = true;
                s->output_mask = mask;
        }
}

int stream_init(Stream *s, const Options *o)
{
        *s = (Stream){.options = o, .signals = -1, .epoll = -1};
        int flags = fcntl(STDOUT_FILENO, F_GETFL);
        if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
                say("standard output: not open for writing");
                return WMI_FAILED;
        }
        output_init(&s->output, STDOUT_FILENO);
        s->epoll = epoll_create1(EPOLL_CLOEXEC);
        s->printer = printer_new(stream_style(o), say_colour(STDOUT_FILENO));
        if (s->epoll < 0 || !s->printer) {
                say("%s", strerror(s->epoll < 0 ? errno : ENOMEM));
                stream_deinit(s);
                return WMI_FAILED;
        }
        stream_watch_output(s);
        return 0;
}

void stream_deinit(Stream *s)
{
        for (size_t i = 0; i < s->query_count; i++)
                free(s->queries[i].text);
        free(s->queries);
        printer_free(s->printer);
        output_deinit(&s->output);
        if (s->signals >= 0)
                close(s->signals);
        if (s->epoll >= 0)
                close(s->epoll);
        s->signals = s->epoll = -1;
        s->printer = NULL;
        s->queries = NULL;
        s->query_count = 0;
}

int stream_add(Stream *s, int fd)
{
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
        if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) == 0)
                return 0;
        say("%s", strerror(errno));
        return WMI_FAILED;
}

void stream_remove(Stream *s, int fd)
{
        epoll_ctl(s->epoll, EPOLL_CTL_DEL, fd, NULL);
}

// SIGHUP and SIGINT stay ignored where they were: under nohup, in the background of a script.
static void stream_want(sigset_t *set, int number)
{
        struct sigaction old;
        if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN && number != SIGTERM)
                return;
        sigaddset(set, number);
}

int stream_signals(Stream *s)
{
        sigset_t set;
        sigemptyset(&set);
        stream_want(&set, SIGINT);
        stream_want(&set, SIGHUP);
        stream_want(&set, SIGTERM);
        sigaddset(&set, SIGCHLD);
        sigaddset(&set, SIGALRM);
        sigprocmask(SIG_BLOCK, &set, NULL);
        s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        if (s->signals < 0) {
                say("%s", strerror(errno));
                return WMI_FAILED;
        }
        return stream_add(s, s->signals);
}

int stream_check(Stream *s)
{
        struct signalfd_siginfo info;
        while (s->signals >= 0 && read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
                if (info.ssi_signo == SIGCHLD)
                        s->children = true;
                else if (info.ssi_signo != SIGALRM)
                        s->interrupts++;
                else if (s->awaited)
                        say("waiting for %s", s->awaited);
        }
        return s->interrupts ? -ECANCELED : 0;
}

void stream_await(Stream *s, const char *what)
{
        s->awaited = what;
        if (isatty(STDERR_FILENO))
                alarm(what ? 1 : 0);
}

int stream_attach(Stream *s, Client *c)
{
        s->client = c;
        s->reading = true;
        return stream_add(s, client_fd(c));
}

// While nothing may be read, the client's descriptor would wake us for nothing.
static void stream_read(Stream *s, bool reading)
{
        if (s->reading == reading || !s->client)
                return;
        struct epoll_event e = {.events = reading ? EPOLLIN : 0, .data.fd = client_fd(s->client)};
        epoll_ctl(s->epoll, EPOLL_CTL_MOD, client_fd(s->client), &e);
        s->reading = reading;
}

// --- subscriptions -----------------------------------------------------------------------------------

static char *stream_query_text(Str query)
{
        Buf text = {0};
        for (size_t i = 0; i < query.n;) {
                uint32_t c;
                char utf8[4];
                i += utf8_decode(query.p + i, query.n - i, &c);
                buf_put(&text, utf8, utf8_encode(c, utf8));
        }
        return buf_z(&text) ? (char *)text.p : NULL;
}

static int stream_remember(Stream *s, uint32_t id, Str query, bool witness)
{
        StreamQuery *q = reallocarray(s->queries, s->query_count + 1, sizeof(*q));
        if (q)
                s->queries = q;
        char *text = q ? stream_query_text(query) : NULL;
        if (!text)
                return -ENOMEM;
        q[s->query_count++] = (StreamQuery){
                .id = id, .text = text, .witness = witness, .selection = printer_select(s->printer, query)};
        return 0;
}

static int stream_refused(const Diag *why, Str query, const char *label)
{
        Diag d = *why;
        if (!d.line && d.length)
                diag_place(&d, query.p, query.n, d.offset, d.length);
        if (d.line && !d.file[0])
                snprintf(d.file, sizeof(d.file), "%s", label);
        say_diag(&d, query);
        return say_exit_object(d.code);
}

int stream_subscribe(Stream *s, Str namespace, Str query, bool witness, const char *label)
{
        Diag d = {0};
        uint32_t id, unanswered = 0;
        int r = client_subscribe(s->client, namespace, query, (uint32_t)s->options->queue, -1, &id,
                                 &unanswered, &d);
        if (r == -ECANCELED)
                return WMI_DONE;
        if (r == E_DIAG)
                return stream_refused(&d, query, label);
        if (!r)
                r = stream_remember(s, id, query, witness);
        if (r) {
                say("%s: %s", label, r == -EPIPE ? "the service is gone" : strerror(-r));
                return r == -EPIPE ? WMI_GONE : WMI_FAILED;
        }
        if (unanswered)
                say("%s: %u driver host%s had not answered by the deadline; events of others come", label,
                    unanswered, unanswered == 1 ? "" : "s");
        return 0;
}

// A line on --status-fd, for programs that drive this one. It never waits for them.
static void stream_status(const Stream *s, const char *line)
{
        if (!s->options->has_status_fd)
                return;
        struct pollfd p = {(int)s->options->status_fd, POLLOUT, 0};
        if (poll(&p, 1, 0) == 1 && p.revents & POLLOUT && write(p.fd, line, strlen(line)) < 0)
                return; // it has gone
}

void stream_activate(Stream *s)
{
        if (s->active)
                return;
        s->active = true;
        s->deadline = monotonic_ms() + s->options->timeout_ms;
        stream_status(s, "active\n");
}

// --- items -------------------------------------------------------------------------------------------

static StreamQuery *stream_query(const Stream *s, uint32_t id)
{
        for (size_t i = 0; i < s->query_count; i++)
                if (s->queries[i].id == id)
                        return &s->queries[i];
        return NULL;
}

// The first query on the command line among those that the event matched: ids grow in that order.
static const StreamQuery *stream_first(const Stream *s, const ClientItem *i, bool witness)
{
        const StreamQuery *best = NULL;
        for (size_t k = 0; k < i->subscription_count; k++) {
                const StreamQuery *q = stream_query(s, i->subscriptions[k]);
                if (q && q->witness == witness && (!best || q < best))
                        best = q;
        }
        return best;
}

static void stream_malformed(const ClientItem *i, const CimBlockError *e)
{
        char guid[GUID_TEXT];
        say("an event of class %.*s %s is malformed at byte %zu: %s", STR_ARG(i->klass->name),
            guid_text(&i->envelope.guid, guid), e->offset, e->says);
}

// A driver's event is read where it lies; one of the service or of an application is an object with objects in it.
static int stream_print(Stream *s, const ClientItem *i, const Selection *selection, CimBlockError *reterr)
{
        CimInstance *event;
        if (i->envelope.kind == CIM_PAYLOAD_WNODE)
                return printer_event(s->printer, i->klass, i->namespace, &i->envelope, selection,
                                     &s->output.pending, reterr);
        int r = client_item_instance(i, &event, reterr);
        if (r)
                return r;
        r = printer_values(s->printer, i->klass, i->namespace, &i->envelope, event->values, selection,
                           &s->output.pending);
        cim_instance_unref(event);
        return r;
}

static void stream_event(Stream *s, const ClientItem *i)
{
        if (stream_first(s, i, true))
                stream_status(s, "event\n");
        const StreamQuery *q = stream_first(s, i, false);
        if (!q)
                return;
        CimBlockError e = {0};
        int r = stream_print(s, i, q->selection, &e);
        if (r == 0) {
                s->printed++;
        } else if (r > 0) {
                stream_malformed(i, &e);
        } else {
                say("%s", strerror(-r));
                s->failed = true;
        }
}

static void stream_lost(Stream *s, const ClientItem *i)
{
        const StreamQuery *q = stream_query(s, i->subscription);
        if (q && !q->witness &&
            printer_lost(s->printer, i->count, i->at_source, str_of(q->text), &s->output.pending))
                s->failed = true;
}

static void stream_ended(Stream *s, const ClientItem *i)
{
        StreamQuery *q = stream_query(s, i->subscription);
        if (!q)
                return;
        q->ended = true;
        if (i->status != (uint32_t)CIM_E_SHUTTING_DOWN)
                say("the service has ended a subscription: %s (0x%08X): %s", cim_status_says(i->status),
                    i->status, q->text);
        for (size_t k = 0; k < s->query_count; k++)
                if (!s->queries[k].ended && !s->queries[k].witness)
                        return;
        s->closed_status = i->status;
}

static void stream_item(Stream *s, const ClientItem *i)
{
        switch (i->kind) {
        case CLIENT_EVENT:
                if (!s->quiet)
                        stream_event(s, i);
                break;
        case CLIENT_LOST:
                if (!s->quiet)
                        stream_lost(s, i);
                break;
        case CLIENT_ENDED:
                stream_ended(s, i);
                break;
        case CLIENT_HOST:
                if (s->on_host)
                        s->on_host(s->context, &i->host);
                break;
        case CLIENT_REPLY:
                break;
        case CLIENT_CLOSED:
                s->closed = true;
                break;
        }
}

static bool stream_full(const Stream *s)
{
        return s->options->has_count && s->printed >= s->options->count;
}

static bool stream_late(const Stream *s)
{
        return s->active && s->options->has_timeout && monotonic_ms() >= s->deadline;
}

// May items be read? Not when all that is wanted was printed, nor beyond what a slow reader leaves room for.
static bool stream_hungry(const Stream *s)
{
        if (s->closed || s->failed || !s->client)
                return false;
        return s->quiet || (!stream_full(s) && !stream_late(s) && !s->output.closed &&
                            s->output.pending.n - s->output.sent < OUTPUT_ENOUGH);
}

// Reads and prints what has come. True: there may be more, in the client itself too, where no poll sees it.
static bool stream_drain(Stream *s)
{
        for (unsigned n = 0; n < STREAM_ROUND && stream_hungry(s); n++) {
                ClientItem i;
                int r = client_next(s->client, 0, &i);
                if (r == -EAGAIN)
                        return false;
                if (r) {
                        s->closed |= r == -EPIPE;
                        if (r != -EPIPE && r != -ECANCELED) {
                                say("%s", r == -EPROTO ? "the service broke the protocol" : strerror(-r));
                                s->failed = true;
                        }
                        return false;
                }
                s->moved++;
                stream_item(s, &i);
                client_item_deinit(&i);
        }
        return true;
}

// --- the loop ------------------------------------------------------------------------------------------

static int stream_wait(const Stream *s, int most_ms)
{
        if (!s->active || !s->options->has_timeout || stream_late(s))
                return most_ms;
        uint64_t left = s->deadline - monotonic_ms();
        int ms = left > 1000000 ? 1000000 : (int)left;
        return most_ms < 0 || ms < most_ms ? ms : most_ms;
}

void stream_move(Stream *s)
{
        s->moved = 0;
        bool more = stream_drain(s);
        output_flush(&s->output);
        s->more = more && stream_hungry(s); // what a full output held back goes on when there is room again
}

void stream_sleep(Stream *s, int most_ms)
{
        stream_read(s, stream_hungry(s));
        stream_watch_output(s);
        struct epoll_event events[8];
        int n = epoll_wait(s->epoll, events, 8, s->more ? 0 : stream_wait(s, most_ms));
        for (int i = 0; i < n; i++) {
                if (events[i].data.fd == STDOUT_FILENO && events[i].events & (EPOLLERR | EPOLLHUP)) {
                        s->output.closed = true;
                        epoll_ctl(s->epoll, EPOLL_CTL_DEL, STDOUT_FILENO, NULL);
                }
        }
        stream_check(s);
}

StreamEnd stream_end(const Stream *s)
{
        if (s->output.closed)
                return s->output.error ? STREAM_BROKEN : STREAM_PIPE;
        if (s->failed)
                return STREAM_FAILED;
        if (s->interrupts)
                return STREAM_SIGNAL;
        if (output_pending(&s->output))
                return STREAM_GOES_ON;
        if (stream_full(s) && s->active)
                return STREAM_COUNT;
        if (s->closed || s->closed_status)
                return STREAM_CLOSED;
        return stream_late(s) ? STREAM_TIMEOUT : STREAM_GOES_ON;
}

// After Ctrl-C a slow reader gets a moment for the lines that are already made.
static void stream_linger(Stream *s)
{
        uint64_t end = monotonic_ms() + STREAM_LINGER_MS;
        unsigned before = s->interrupts;
        s->quiet = true;
        s->client = NULL;
        while (output_pending(&s->output) && monotonic_ms() < end && s->interrupts == before) {
                stream_sleep(s, 100);
                stream_move(s);
        }
}

int stream_exit(Stream *s, StreamEnd end)
{
        const Options *o = s->options;
        switch (end) {
        case STREAM_GOES_ON:
        case STREAM_COUNT:
        case STREAM_PIPE:
                return WMI_DONE;
        case STREAM_SIGNAL:
                stream_linger(s);
                return WMI_DONE;
        case STREAM_TIMEOUT:
                if (!o->has_count)
                        return WMI_DONE;
                say("the time is over: %llu of %llu events came", (unsigned long long)s->printed,
                    (unsigned long long)o->count);
                return WMI_TIMEOUT;
        case STREAM_BROKEN:
                say("standard output: %s", strerror(s->output.error));
                return WMI_FAILED;
        case STREAM_FAILED:
                return WMI_FAILED;
        case STREAM_CLOSED:
                if (s->closed || s->closed_status == (uint32_t)CIM_E_SHUTTING_DOWN) {
                        say("the service is gone");
                        return WMI_GONE;
                }
                return WMI_FAILED;
        }
        return WMI_FAILED;
}
