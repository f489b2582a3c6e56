// SPDX-License-Identifier: MIT
// A connection: bytes in, whole frames to their handlers, items out.
//
// Nothing here waits. What the socket does not take stays in the queue until epoll says that it takes more. A
// peer that hangs up is still heard to its last byte: the events that a killed driver host had written count
// as fired.
#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "service/internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECTION_READ = 64 << 10, CONNECTION_IOV = 256, CONNECTION_CLOSING_MS = 2000 };

// What a connection's buffer takes of LIMIT_IN_BYTES.
static size_t connection_excess(size_t capacity)
{
        return capacity > CONNECTION_READ ? capacity - CONNECTION_READ : 0;
}

const char *connection_label(const Connection *c, char out[192])
{
        char name[96];
        if (c->host)
                snprintf(out, 192, "driver host %s (process %u)",
                         text_clean(str_of(c->host->name), name, sizeof(name)), c->host->pid);
        else if (c->session)
                snprintf(out, 192, "client %llu (%s)", (unsigned long long)c->id,
                         text_clean(str_of(c->session->program), name, sizeof(name)));
        else
                snprintf(out, 192, "connection %llu (process %d)", (unsigned long long)c->id,
                         (int)c->identity.pid);
        return out;
}

bool connection_stalled(const Connection *c)
{
        const Session *x = c->session;
        return (!c->host && c->out.control_bytes > LIMIT_REPLY_BYTES) ||
               (x && (x->job_count >= LIMIT_SESSION_JOBS || x->job_bytes > LIMIT_REQUEST_BYTES));
}

static void connection_mask(Connection *c)
{
        uint32_t mask = (connection_stalled(c) || c->closing ? 0 : (uint32_t)EPOLLIN) |
                        (c->blocked ? (uint32_t)EPOLLOUT : 0);
        if (c->ended || c->eof || mask == c->mask)
                return;
        c->mask = mask;
        epoll_ctl(c->service->epoll, EPOLL_CTL_MOD, c->fd, &(struct epoll_event){mask, {.ptr = c}});
}

static void connection_deadline(Timer *t)
{
        Connection *c = list_entry(t, Connection, deadline);
        if (c->closing)
                connection_end(c, NULL);
        else
                connection_end(c, "said nothing for %u ms", c->service->hello_ms);
}

int connection_new(Service *s, int take_fd, const Identity *who)
{
        Connection *c = calloc(1, sizeof(*c));
        if (!c) {
                close(take_fd);
                return -ENOMEM;
        }
        *c = (Connection){.service = s, .fd = take_fd, .id = s->next_id++, .identity = *who, .mask = EPOLLIN};
        list_init(&c->dirty);
        list_init(&c->busy);
        list_init(&c->ended_link);
        out_init(&c->out);
        timer_init(&c->deadline, connection_deadline);
        if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, take_fd, &(struct epoll_event){EPOLLIN, {.ptr = c}}) < 0) {
                int r = -errno;
                close(take_fd);
                free(c);
                return r;
        }
        list_push(&s->connections, &c->link);
        s->connection_count++;
        timer_set(s, &c->deadline, s->hello_ms);
        return 0;
}

void connection_free(Connection *c)
{
        Service *s = c->service;
        c->ended = true;
        if (c->session)
                session_free(c->session);
        if (c->host)
                host_free(c->host);
        out_deinit(&c->out);
        timer_clear(&c->deadline);
        list_remove(&c->link);
        list_remove(&c->dirty);
        list_remove(&c->busy);
        list_remove(&c->ended_link);
        s->connection_count--;
        if (c->fd >= 0)
                close(c->fd);
        s->in_bytes -= connection_excess(c->in_capacity);
        free(c->in);
        free(c);
}

void connection_end(Connection *c, const char *format, ...)
{
        if (c->ended)
                return;
        if (format) {
                char says[512], label[192];
                va_list args;
                va_start(args, format);
                vsnprintf(says, sizeof(says), format, args);
                va_end(args);
                log_line(&c->service->config.log, LOG_WARNING, "%s %s: connection closed",
                         connection_label(c, label), says);
        }
        c->ended = true;
        list_push(&c->service->ended, &c->ended_link);
}

void connection_protocol(Connection *c, const WireFrame *f, const char *what)
{
        const WireInfo *info = wire_info(f->operation);
        char number[32];
        snprintf(number, sizeof(number), "operation %u", f->operation);
        connection_end(c, "sent %s (%s, %zu bytes)", what, info ? info->name : number, f->size);
}

void connection_dirty(Connection *c)
{
        if (list_empty(&c->dirty) && !c->ended)
                list_push(&c->service->dirty, &c->dirty);
}

// --- in ------------------------------------------------------------------------------------------

// Room for CONNECTION_READ bytes behind in_end.
static bool connection_room(Connection *c)
{
        if (c->in_capacity - c->in_end >= CONNECTION_READ)
                return true;
        size_t left = c->in_end - c->in_start;
        if (c->in_start) {
                if (left)
                        memmove(c->in, c->in + c->in_start, left);
                c->in_start = 0;
                c->in_end = left;
        }
        if (c->in_capacity - c->in_end >= CONNECTION_READ)
                return true;
        size_t capacity = c->in_capacity ? c->in_capacity * 2 : CONNECTION_READ;
        Service *s = c->service;
        size_t more = connection_excess(capacity) - connection_excess(c->in_capacity);
        uint8_t *p = more <= LIMIT_IN_BYTES - s->in_bytes ? realloc(c->in, capacity) : NULL;
        if (!p)
                return false;
        s->in_bytes += more;
        c->in = p;
        c->in_capacity = capacity;
        return true;
}

// A client that says nothing and a large frame that is done with hold no memory.
static void connection_shrink(Connection *c)
{
        if (c->in_start == c->in_end)
                c->in_start = c->in_end = 0;
        if (c->in_end == 0 && (!c->host || c->in_capacity > 16 * CONNECTION_READ)) {
                c->service->in_bytes -= connection_excess(c->in_capacity);
                free(c->in);
                c->in = NULL;
                c->in_capacity = 0;
        }
}

// The length of the whole frame at the start of the buffer; 0: none yet. Ends the connection when it is no
// frame.
static size_t connection_frame(Connection *c, WireFrame *ret)
{
        size_t n = c->in_end - c->in_start;
        if (!n)
                return 0;
        const uint8_t *p = c->in + c->in_start;
        ssize_t r = wire_frame(p, n, operation_limit(c, p, n), ret);
        if (r < 0)
                connection_end(c, "sent a frame that is too large or none at all");
        return r > 0 ? (size_t)r : 0;
}

// Reads once. False: nothing came.
static bool connection_receive(Connection *c)
{
        if (!connection_room(c)) {
                connection_end(c, "needs more memory than there is");
                return false;
        }
        ssize_t n = recv(c->fd, c->in + c->in_end, c->in_capacity - c->in_end, MSG_DONTWAIT);
        if (n > 0) {
                c->in_end += (size_t)n;
                return true;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return false;
        c->eof = true; // orderly, or ECONNRESET: what it had written has been read either way
        epoll_ctl(c->service->epoll, EPOLL_CTL_DEL, c->fd, NULL);
        return false;
}

static void connection_hung_up(Connection *c)
{
        if (c->in_end > c->in_start)
                connection_end(c, "hung up in the middle of a frame");
        else
                connection_end(c, NULL);
}

void connection_readable(Connection *c)
{
        unsigned budget = c->host ? LIMIT_EVENTS_PER_ROUND : LIMIT_REQUESTS_PER_ROUND;
        WireFrame f;
        size_t n, handled = 0;
        c->round = c->service->round;
        list_remove(&c->busy);
        while (!c->ended && !c->closing && !connection_stalled(c)) {
                n = connection_frame(c, &f);
                if (c->ended)
                        break;
                if (n) {
                        if (!budget-- || handled > LIMIT_ROUND_BYTES) { // others first
                                list_push(&c->service->busy, &c->busy);
                                break;
                        }
                        operation_handle(c, &f);
                        c->in_start += n;
                        handled += n;
                        continue;
                }
                if (c->eof) {
                        connection_hung_up(c);
                        break;
                }
                if (!connection_receive(c) && !c->eof)
                        break;
        }
        connection_shrink(c);
        connection_mask(c);
}

// --- out -----------------------------------------------------------------------------------------

void connection_send(Connection *c, Buf *take)
{
        Out *o = take->failed || c->ended ? NULL : out_new(OUT_CONTROL, 0, 0);
        if (!o) {
                buf_deinit(take);
                connection_end(c, "needs more memory than there is");
                return;
        }
        o->head = o->owned = take->p;
        o->head_size = take->n;
        o->charge += take->capacity;
        *take = (Buf){0};
        out_push_control(&c->out, o);
        connection_dirty(c);
}

Asked asked(const WireFrame *f)
{
        return (Asked){f->operation, f->request, wire_parameter(f)};
}

void connection_errors(Connection *c, Asked q, uint32_t status, const Diag *d, Str list)
{
        Buf b = {0};
        wire_put_error(&b, q.operation, q.request, status, d, q.parameter, list);
        connection_send(c, &b);
}

void connection_error(Connection *c, Asked q, uint32_t status, const Diag *d)
{
        connection_errors(c, q, status, d, (Str){"", 0});
}

void connection_refuse(Connection *c, Asked q, int r, const Diag *d, uint32_t otherwise)
{
        if (r == -ENOMEM)
                connection_error(c, q, CIM_E_OUT_OF_MEMORY, NULL);
        else if (r < 0)
                connection_fail(c, q, CIM_E_FAILED, "%s", strerror(-r));
        else
                connection_error(c, q, d->code ? d->code : otherwise, d);
}

void connection_fail(Connection *c, Asked q, uint32_t status, const char *format, ...)
{
        Diag d = {0};
        va_list args;
        va_start(args, format);
        diag_setv(&d, status, format, args);
        va_end(args);
        connection_error(c, q, status, &d);
}

static ssize_t connection_write(Connection *c)
{
        struct iovec iov[CONNECTION_IOV];
        size_t n = 0, skip = c->out.sent;
        LIST_EACH(i, &c->out.sending)
        {
                Out *o = list_entry(i, Out, link);
                const struct iovec parts[2] = {
                        {o->head, o->head_size},
                        {o->tail ? o->tail->bytes : NULL, o->tail ? o->tail->size : 0}};
                for (int k = 0; k < 2; k++) {
                        if (parts[k].iov_len <= skip) {
                                skip -= parts[k].iov_len;
                                continue;
                        }
                        iov[n++] =
                                (struct iovec){(uint8_t *)parts[k].iov_base + skip, parts[k].iov_len - skip};
                        skip = 0;
                }
                if (n + 2 > CONNECTION_IOV)
                        break;
        }
        struct msghdr m = {.msg_iov = iov, .msg_iovlen = n};
        ssize_t r = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
        return r < 0 ? -errno : r;
}

// The peer reads no more: forget all output, but go on hearing what it said before.
static void connection_deafen(Connection *c)
{
        c->deaf = true;
        c->blocked = false;
        out_deinit(&c->out);
        c->out.sent = 0;
}

void connection_flush(Connection *c)
{
        list_remove(&c->dirty);
        if (c->deaf || c->ended) {
                if (c->deaf)
                        connection_deafen(c);
                if (c->deaf && c->closing)
                        connection_end(c, NULL);
                return;
        }
        bool stalled = connection_stalled(c);
        c->blocked = false;
        while (out_next_batch(&c->out)) {
                ssize_t n = connection_write(c);
                if (n == -EINTR)
                        continue;
                if (n == -EAGAIN) {
                        c->blocked = true;
                        break;
                }
                if (n < 0) {
                        connection_deafen(c);
                        break;
                }
                out_written(&c->out, (size_t)n);
        }
        if (c->closing && !c->blocked)
                connection_end(c, NULL);
        else if (c->closing && !c->deadline.due)
                timer_set(c->service, &c->deadline, CONNECTION_CLOSING_MS);
        connection_unstall(c, stalled);
        connection_mask(c);
}

void connection_unstall(Connection *c, bool was_stalled)
{
        if (was_stalled && !connection_stalled(c) && list_empty(&c->busy) && !c->ended)
                list_push(&c->service->busy, &c->busy);
}
