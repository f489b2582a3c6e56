// SPDX-License-Identifier: MIT
// The client's connection: bytes, frames, requests and their replies, waiting.
//
// The service is not trusted further than the protocol goes: what it sends is bounded, checked and, where it
// breaks the protocol, the end (-EPROTO for good).
#include <sys/types.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <fcntl.h>

#include "client/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/filetime.h"

enum { CLIENT_READ = 64 << 10, CLIENT_CONNECT_S = 5, CLIENT_HELLO_MS = 10000 };

// --- where the service is ------------------------------------------------------------------------

int client_socket_path(char *out, size_t size)
{
        const char *own = getenv("FREEWMI_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");
        int n;
        if (own && *own)
                n = snprintf(out, size, "%s", own);
        else if (runtime && *runtime == '/') // the XDG specification: what is not absolute is ignored
                n = snprintf(out, size, "%s/freewmi/socket", runtime);
        else if (geteuid() == 0)
                n = snprintf(out, size, "/run/freewmi/socket");
        else
                n = snprintf(out, size, "/tmp/freewmi-%lu/socket", (unsigned long)geteuid());
        return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

// A place that nobody named could have been taken by somebody else before the user's own service: in /tmp
// anybody can make the directory. Who listens says SO_PEERCRED.
static int connect_trust(int fd, const char *path, Diag *reterr)
{
        struct ucred u = {.uid = (uid_t)-1};
        socklen_t n = sizeof(u);
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n) == 0 && (u.uid == geteuid() || u.uid == 0))
                return 0;
        diag_set(reterr, CIM_E_ACCESS_DENIED, "the service at %s is that of user %ld, not yours", path,
                 (long)u.uid);
        diag_hint(reterr, "name it in FREEWMI_SOCKET if it is the one you want");
        return E_DIAG;
}

static int connect_fail(const char *path, int e, Diag *reterr)
{
        uint32_t code = e == EACCES || e == EPERM ? CIM_E_ACCESS_DENIED : CIM_E_TRANSPORT_FAILURE;
        const char *why = e == ECONNREFUSED || e == ENOENT ? "no service listens there" : strerror(e);
        diag_set(reterr, code, "cannot reach the service at %s: %s", path, why);
        if (e == ECONNREFUSED || e == ENOENT)
                diag_hint(reterr, "start one with: wmid --socket %s", path);
        else if (e == EACCES || e == EPERM)
                diag_hint(reterr, "only the service's user and root may connect, where they can reach the socket");
        return E_DIAG;
}

int client_connect(const char *path, const char *program, Client **ret, Diag *reterr)
{
        char found[sizeof(((struct sockaddr_un *)0)->sun_path)];
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        if (!path) {
                if (client_socket_path(found, sizeof(found)) < 0)
                        return diag_set(reterr, CIM_E_TRANSPORT_FAILURE,
                                        "the path of the service's socket is too long");
                path = found;
        }
        if (!*path || strlen(path) >= sizeof(a.sun_path))
                return connect_fail(path, ENAMETOOLONG, reterr);
        memcpy(a.sun_path, path, strlen(path) + 1);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return connect_fail(path, errno, reterr);
        // connect() waits only while the service's queue of connections is full; this bounds it.
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_sec = CLIENT_CONNECT_S},
                   sizeof(struct timeval));
        int r;
        do
                r = connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ? errno : 0;
        while (r == EINTR);
        if (r) {
                close(fd);
                return connect_fail(path, r == EAGAIN ? ETIMEDOUT : r, reterr);
        }
        const char *own = getenv("FREEWMI_SOCKET");
        if (path == found && !(own && *own) && (r = connect_trust(fd, path, reterr)) != 0) {
                close(fd);
                return r;
        }
        return client_adopt(fd, program, NULL, NULL, -1, ret, reterr);
}

// --- life ----------------------------------------------------------------------------------------

static int client_new(int take_fd, Client **ret)
{
        int flags = fcntl(take_fd, F_GETFL);
        Client *c = calloc(1, sizeof(*c));
        int r = c ? 0 : -ENOMEM;
        if (!r && flags < 0)
                r = -EBADF;
        if (!r && !(c->classes = classes_new()))
                r = -ENOMEM;
        if (!r &&
            (fcntl(take_fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(take_fd, F_SETFD, FD_CLOEXEC) < 0))
                r = -errno;
        if (!r) {
                c->epoll = epoll_create1(EPOLL_CLOEXEC);
                if (c->epoll < 0 ||
                    epoll_ctl(c->epoll, EPOLL_CTL_ADD, take_fd, &(struct epoll_event){.events = EPOLLIN}) < 0)
                        r = -errno;
        }
        if (r) {
                close(take_fd);
                if (c && c->epoll > 0)
                        close(c->epoll);
                if (c)
                        classes_unref(c->classes);
                free(c);
                return r;
        }
        c->fd = take_fd;
        c->pump_fd = -1;
        c->mask = EPOLLIN;
        c->next_request = 1;
        hold_init(&c->hold);
        list_init(&c->enums);
        *ret = c;
        return 0;
}

int client_adopt(int take_fd, const char *program, int (*pump)(void *), void *context, int pump_fd,
                 Client **ret, Diag *reterr)
{
        Client *c = NULL;
        int r = client_new(take_fd, &c);
        if (r < 0)
                return r;
        client_set_pump(c, pump_fd, pump, context);
        ClientItem i;
        r = client_call(c, HELLO,
                        (&(Wire_HELLO){.version = WIRE_VERSION,
                                       .role = WIRE_ROLE_CLIENT,
                                       .program = str_of(program ? program : ""),
                                       .pid = (uint32_t)getpid()}),
                        CLIENT_HELLO_MS, &i, reterr);
        if (!r) {
                Wire_HELLO_Reply m;
                if (!wire_get_HELLO_reply(i.frame.payload, i.frame.size, &m) || m.version != WIRE_VERSION)
                        r = diag_set(reterr, CIM_E_TRANSPORT_FAILURE,
                                     "the service speaks another version of the protocol");
                client_item_deinit(&i);
        } else if (r == -EPIPE) {
                r = diag_set(reterr, CIM_E_TRANSPORT_FAILURE, "the service closed the connection");
        } else if (r == -ETIMEDOUT) {
                r = diag_set(reterr, CIM_E_TRANSPORT_FAILURE, "the service did not answer within %d s",
                             CLIENT_HELLO_MS / 1000);
        } else if (r == -EPROTO) {
                r = diag_set(reterr, CIM_E_TRANSPORT_FAILURE, "what answers there is not a FreeWMI service");
        }
        if (r) {
                client_free(c);
                return r;
        }
        *ret = c;
        return 0;
}

Client *client_free(Client *c)
{
        if (!c)
                return NULL;
        for (List *i; (i = list_pop(&c->enums)) != NULL;)
                enum_client_gone(list_entry(i, ClientEnum, link));
        hold_deinit(&c->hold);
        classes_unref(c->classes);
        close(c->epoll);
        close(c->fd);
        free(c->requests);
        free(c->in);
        buf_deinit(&c->out);
        free(c->parameter);
        free(c);
        return NULL;
}

void client_set_pump(Client *c, int fd, int (*pump)(void *), void *context)
{
        c->pump = pump;
        c->pump_context = context;
        c->pump_fd = pump ? fd : -1;
}

int client_fd(const Client *c)
{
        return c->epoll;
}

// --- out -----------------------------------------------------------------------------------------

static void client_mask(Client *c)
{
        uint32_t mask = (c->eof ? 0 : (uint32_t)EPOLLIN) | (c->out.n > c->out_sent ? (uint32_t)EPOLLOUT : 0);
        if (mask == c->mask)
                return;
        c->mask = mask;
        epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->fd, &(struct epoll_event){.events = mask});
}

// Writes what the socket takes now. A peer that reads no more may still have said something: that is read
// first.
static void client_flush(Client *c)
{
        while (c->out_sent < c->out.n) {
                ssize_t n = send(c->fd, c->out.p + c->out_sent, c->out.n - c->out_sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0) {
                        c->out_sent = c->out.n;
                        break;
                }
                c->out_sent += (size_t)n;
        }
        if (c->out_sent == c->out.n) {
                c->out.n = c->out_sent = 0;
                if (c->out.capacity > 16 * CLIENT_READ)
                        buf_deinit(&c->out);
        }
        client_mask(c);
}

static int request_add(Client *c, uint32_t request, uint16_t operation)
{
        if (c->request_count == c->request_capacity) {
                size_t capacity = c->request_capacity ? c->request_capacity * 2 : 8;
                Request *p = realloc(c->requests, capacity * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                c->requests = p;
                c->request_capacity = capacity;
        }
        c->requests[c->request_count++] = (Request){.number = request, .operation = operation};
        return 0;
}

static Request *request_find(Client *c, uint32_t request)
{
        for (size_t i = 0; i < c->request_count; i++)
                if (c->requests[i].number == request)
                        return &c->requests[i];
        return NULL;
}

static void request_remove(Client *c, Request *q)
{
        *q = c->requests[--c->request_count];
}

int64_t client_send_frame(Client *c, uint16_t operation, void (*put)(Buf *, uint32_t, const void *),
                          const void *m)
{
        if (c->eof || c->failed)
                return c->failed ? c->failed : -EPIPE;
        uint32_t request = c->next_request;
        while (!request || request_find(c, request))
                request++;
        size_t before = c->out.n;
        int r = request_add(c, request, operation);
        if (r < 0)
                return r;
        put(&c->out, request, m);
        // The service ends a connection whose request is larger: better to say so here.
        if (c->out.failed || c->out.n - before > wire_request_limit(operation)) {
                r = c->out.failed ? -ENOMEM : -EMSGSIZE;
                c->out.failed = false;
                c->out.n = before;
                c->request_count--;
                return r;
        }
        c->next_request = request + 1;
        client_flush(c);
        return request;
}

// --- in ------------------------------------------------------------------------------------------

static int client_room(Client *c)
{
        if (c->in_capacity - c->in_end >= CLIENT_READ)
                return 0;
        size_t left = c->in_end - c->in_start;
        if (c->in_start && left)
                memmove(c->in, c->in + c->in_start, left);
        c->in_start = 0;
        c->in_end = left;
        if (c->in_capacity - c->in_end >= CLIENT_READ)
                return 0;
        size_t capacity = c->in_capacity ? c->in_capacity * 2 : 2 * CLIENT_READ;
        uint8_t *p = realloc(c->in, capacity);
        if (!p)
                return -ENOMEM;
        c->in = p;
        c->in_capacity = capacity;
        return 0;
}

// Reads once. 1: something came, or the end; 0: nothing now; -ENOMEM.
static int client_receive(Client *c)
{
        if (c->eof)
                return 0;
        if (c->in_start == c->in_end && c->in_capacity > 16 * CLIENT_READ) {
                free(c->in);
                c->in = NULL;
                c->in_start = c->in_end = c->in_capacity = 0;
        }
        int r = client_room(c);
        if (r < 0)
                return r;
        ssize_t n = recv(c->fd, c->in + c->in_end, c->in_capacity - c->in_end, MSG_DONTWAIT);
        if (n > 0) {
                c->in_end += (size_t)n;
                return 1;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        c->eof = true;
        epoll_ctl(c->epoll, EPOLL_CTL_DEL, c->fd, NULL);
        return 1;
}

void client_abandon(Client *c, uint32_t request)
{
        Request *q = request_find(c, request);
        if (q)
                q->abandoned = true;
}

void client_send_cancel(Client *c, uint32_t handle)
{
        int64_t n = client_send(c, CANCEL_ASYNC_CALL, (&(Wire_CANCEL_ASYNC_CALL){.subscription = handle}));
        if (n > 0)
                client_abandon(c, (uint32_t)n);
}

// The handle that a reply gives out; 0: none.
static uint32_t reply_handle(const WireFrame *f)
{
#define HANDLE(X, field)                                                                                     \
        case WIRE_##X: {                                                                                     \
                Wire_##X##_Reply m;                                                                          \
                return wire_get_##X##_reply(f->payload, f->size, &m) ? m.field : 0;                          \
        }
        switch (f->operation) {
                HANDLE(EXEC_NOTIFICATION_QUERY, subscription)
                HANDLE(QUERY_OBJECT_SINK, sink)
                HANDLE(CREATE_CLASS_ENUM, enumeration)
                HANDLE(CREATE_INSTANCE_ENUM, enumeration)
                HANDLE(EXEC_QUERY, enumeration)
        default:
                return 0;
        }
#undef HANDLE
}

// A handle that came too late: nobody knows it, and it must not go on unseen.
static int client_disown(Client *c, const WireFrame *f)
{
        uint32_t handle = reply_handle(f);
        if (!handle)
                return 0;
        bool events = f->operation == WIRE_EXEC_NOTIFICATION_QUERY;
        int r = events ? hold_ignore(&c->hold, handle) : 0;
        if (r)
                return r;
        int64_t n = client_send(c, CANCEL_ASYNC_CALL, (&(Wire_CANCEL_ASYNC_CALL){.subscription = handle}));
        Request *cancel = n > 0 ? request_find(c, (uint32_t)n) : NULL;
        if (cancel) {
                cancel->abandoned = true;
                cancel->subscription = events ? handle : 0;
        }
        return 0;
}

// A reply: to whom? 1: an item; 0: nobody waits any more; -ENOMEM (it can be tried again), -EPROTO.
static int client_take_reply(Client *c, const WireFrame *f, ClientItem *ret)
{
        Request *q = request_find(c, f->request);
        if (!q || q->operation != f->operation)
                return -EPROTO;
        Request was = *q;
        int r = 0;
        if (!was.abandoned)
                r = item_reply(f, ret);
        else if (f->operation == WIRE_CANCEL_ASYNC_CALL && was.subscription)
                hold_forget(&c->hold, was.subscription);
        else
                r = client_disown(c, f);
        if (r)
                return r;
        request_remove(c, request_find(c, f->request));
        return was.abandoned ? 0 : 1;
}

// How far somebody's import is: no item of the stream.
static int client_take_progress(Client *c, const WireFrame *f)
{
        Wire_PROGRESS m;
        if (!wire_get_PROGRESS(f->payload, f->size, &m))
                return -EPROTO;
        const Request *q = request_find(c, m.of);
        if (c->progress && q && q->operation == WIRE_IMPORT_MOF && !q->abandoned)
                c->progress(c->progress_context, m.done, m.all);
        return 0;
}

static int client_take_frame(Client *c, const WireFrame *f, ClientItem *ret)
{
        if (f->flags == WIRE_REPLY)
                return client_take_reply(c, f, ret);
        if (f->flags)
                return -EPROTO;
        int r;
        switch (f->operation) {
        case WIRE_CLASS:
                return classes_add(c->classes, f);
        case WIRE_FORGET_CLASSES:
                return classes_forget(&c->classes, f);
        case WIRE_EVENT:
                r = item_event(c, f, ret);
                break;
        case WIRE_LOST:
                r = item_lost(f, ret);
                break;
        case WIRE_ENDED:
                r = item_ended(f, ret);
                break;
        case WIRE_HOST_NOTICE:
                r = item_host(f, ret);
                break;
        case WIRE_PROGRESS:
                return client_take_progress(c, f);
        default:
                return -EPROTO;
        }
        return r ? r : hold_wanted(&c->hold, ret);
}

// The next item of the stream that is here already. 1 with *ret; 0: none; negative: failed for good.
static int client_parse(Client *c, ClientItem *ret)
{
        while (!c->failed && c->in_end > c->in_start) {
                WireFrame f;
                ssize_t n = wire_frame(c->in + c->in_start, c->in_end - c->in_start, LIMIT_FRAME_BYTES, &f);
                if (n == 0)
                        break;
                int r = n < 0 ? (int)n : client_take_frame(c, &f, ret);
                if (n > 0 && r != -ENOMEM)
                        c->in_start += (size_t)n;
                if (r == -ENOMEM)
                        return r; // the frame stays: it can be tried again
                if (r < 0)
                        c->failed = r;
                if (r)
                        return r;
        }
        if (c->failed)
                return c->failed;
        if (!c->eof || c->closed_told)
                return 0;
        c->closed_told = true;
        *ret = (ClientItem){.kind = CLIENT_CLOSED};
        return 1;
}

// --- waiting -------------------------------------------------------------------------------------

int client_left(int timeout_ms, uint64_t until)
{
        if (timeout_ms < 0)
                return -1;
        uint64_t now = monotonic_ms();
        return now >= until ? 0 : (int)(until - now);
}

static int client_pump(Client *c)
{
        int r = c->pump ? c->pump(c->pump_context) : 0;
        return r < 0 ? r : 0;
}

// Gets the next item off the wire, held ones aside. As client_next.
static int client_wait(Client *c, int timeout_ms, ClientItem *ret)
{
        uint64_t until = timeout_ms > 0 ? monotonic_ms() + (uint64_t)timeout_ms : 0;
        bool last = false;
        for (;;) {
                int r = client_parse(c, ret);
                if (r)
                        return r > 0 ? 0 : r;
                if (c->eof)
                        return -EPIPE;
                client_flush(c);
                r = client_receive(c);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                if (last)
                        return -EAGAIN;
                if ((r = client_pump(c)) < 0)
                        return r;
                r = client_receive(c); // the pump may have been what was missing
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                int left = client_left(timeout_ms, until);
                struct pollfd p[2] = {{c->epoll, POLLIN, 0}, {c->pump_fd, POLLIN, 0}};
                if (left && poll(p, c->pump_fd >= 0 ? 2 : 1, left) < 0 && errno != EINTR)
                        return -errno;
                last = client_left(timeout_ms, until) == 0; // one more look at what came meanwhile
        }
}

int client_wait_item(Client *c, int timeout_ms, const ClientEnum *e, ClientItem *ret)
{
        uint64_t until = timeout_ms > 0 ? monotonic_ms() + (uint64_t)timeout_ms : 0;
        for (;;) {
                int r = client_wait(c, client_left(timeout_ms, until), ret);
                const ClientEnum *whose = r ? NULL : enum_take_reply(c, ret);
                if (!whose)
                        return r;
                if (whose == e)
                        return 1;
        }
}

int client_next(Client *c, int timeout_ms, ClientItem *ret)
{
        if (hold_pop(&c->hold, ret))
                return 0;
        return client_wait_item(c, timeout_ms, NULL, ret);
}

// --- calls ---------------------------------------------------------------------------------------

// Puts aside what is not the reply; after the time, gives the request up.
static int client_await(Client *c, uint32_t request, int timeout_ms, ClientItem *ret)
{
        uint64_t until = timeout_ms > 0 ? monotonic_ms() + (uint64_t)timeout_ms : 0;
        for (;;) {
                ClientItem i;
                int r = client_wait_item(c, client_left(timeout_ms, until), NULL, &i);
                if (!r && i.kind == CLIENT_REPLY && i.request == request) {
                        *ret = i;
                        return 0;
                }
                bool closed = !r && i.kind == CLIENT_CLOSED;
                if (!r)
                        r = hold_push(&c->hold, &i);
                if (r || closed) {
                        client_abandon(c, request);
                        return closed ? -EPIPE : r == -EAGAIN ? -ETIMEDOUT : r;
                }
        }
}

static int client_failed(Client *c, const ClientStatus *s, Diag *reterr)
{
        free(c->parameter);
        c->parameter = strndup(s->parameter.n ? s->parameter.p : "", s->parameter.n);
        c->status = *s;
        c->status.parameter = str_of(c->parameter ? c->parameter : "");
        if (reterr)
                *reterr = s->diag;
        return E_DIAG;
}

int client_fail_reply(Client *c, const ClientItem *i, Diag *reterr)
{
        ClientStatus s = {0};
        client_item_status(i, &s);
        return client_failed(c, &s, reterr);
}

int client_fail(Client *c, uint16_t operation, Str parameter, const Diag *d, Diag *reterr)
{
        ClientStatus s = {.status = d->code, .parameter = parameter, .provider = "FreeWMI", .diag = *d};
        wire_operation_name(operation, s.operation);
        return client_failed(c, &s, reterr);
}

int client_fail_malformed(Client *c, uint16_t operation, Diag *reterr)
{
        Diag d = {0};
        diag_set(&d, CIM_E_TRANSPORT_FAILURE, "the service's reply is malformed");
        return client_fail(c, operation, (Str){"", 0}, &d, reterr);
}

const ClientStatus *client_last_status(const Client *c)
{
        return &c->status;
}

int client_call_frame(Client *c, uint16_t operation, void (*put)(Buf *, uint32_t, const void *),
                      const void *m, int timeout_ms, ClientItem *ret, Diag *reterr)
{
        int64_t request = client_send_frame(c, operation, put, m);
        if (request < 0)
                return (int)request;
        int r = client_await(c, (uint32_t)request, timeout_ms, ret);
        if (r || !cim_failed(ret->status))
                return r;
        client_fail_reply(c, ret, reterr);
        if (!c->keep_failed)
                client_item_deinit(ret);
        return E_DIAG;
}
