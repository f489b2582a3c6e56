// SPDX-License-Identifier: MIT
// The service: its life, its one descriptor, its doors, its clock.
//
// The descriptor is an epoll set: connections, listener, and a timerfd that is due when the next deadline is,
// or at once while a connection has whole frames left over from its round.
#include <sys/types.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "service/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/filetime.h"
#include "base/utf.h"

enum { SERVICE_EVENTS = 64, SERVICE_ACCEPTS = 64, SERVICE_ACCEPT_AGAIN_MS = 1000, SERVICE_FAREWELL_MS = 200 };

// --- small helpers -------------------------------------------------------------------------------

const char *text_clean(Str s, char *out, size_t size)
{
        size_t n = 0;
        while (s.n) {
                uint32_t c;
                size_t used = utf8_decode(s.p, s.n, &c);
                if (n + used >= size)
                        break;
                bool bad = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 ||
                           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || // turn text around
                           (c == 0xFFFD && used == 1);
                if (bad)
                        out[n++] = '?';
                else
                        for (size_t i = 0; i < used; i++)
                                out[n++] = s.p[i];
                s.p += used;
                s.n -= used;
        }
        out[n] = '\0';
        return out;
}

char *text_copy(Str s)
{
        return strndup(s.n ? s.p : "", s.n);
}

// --- timers --------------------------------------------------------------------------------------

void timer_init(Timer *t, void (*run)(Timer *))
{
        list_init(&t->link);
        t->due = 0;
        t->run = run;
}

void timer_set(Service *s, Timer *t, uint64_t in_ms)
{
        list_remove(&t->link);
        t->due = monotonic_ms() + in_ms;
        // In order of time; most deadlines are later than all others, so the search starts at the end.
        List *at = s->timers.prev;
        while (at != &s->timers && list_entry(at, Timer, link)->due > t->due)
                at = at->prev;
        t->link.prev = at;
        t->link.next = at->next;
        at->next->prev = &t->link;
        at->next = &t->link;
}

void timer_clear(Timer *t)
{
        list_remove(&t->link);
        t->due = 0;
}

static void service_run_timers(Service *s)
{
        uint64_t now = monotonic_ms();
        for (List *i; (i = list_first(&s->timers)) != NULL;) {
                Timer *t = list_entry(i, Timer, link);
                if (t->due > now)
                        break;
                timer_clear(t);
                t->run(t);
        }
}

// Sets the timerfd for what comes next.
static void service_arm(Service *s)
{
        List *first = list_first(&s->timers);
        uint64_t due = first ? list_entry(first, Timer, link)->due : 0;
        if (!list_empty(&s->busy) || !list_empty(&s->dirty) || !list_empty(&s->ended))
                due = 1;
        if (due == s->armed)
                return;
        s->armed = due;
        struct itimerspec t = {.it_value = {(time_t)(due / 1000), (long)(due % 1000) * 1000000}};
        timerfd_settime(s->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

// --- connections come and go ---------------------------------------------------------------------

int service_adopt_as(Service *s, int take_fd, const Identity *who)
{
        int flags = fcntl(take_fd, F_GETFL);
        if (flags < 0 || fcntl(take_fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
            fcntl(take_fd, F_SETFD, FD_CLOEXEC) < 0) {
                int r = -errno;
                close(take_fd);
                return r;
        }
        if (s->connection_count >= LIMIT_CONNECTIONS) {
                if (s->refused++ == 0)
                        log_line(&s->config.log, LOG_WARNING, "%u connections are open: no more are taken",
                                 LIMIT_CONNECTIONS);
                close(take_fd);
                return -EUSERS;
        }
        int r = connection_new(s, take_fd, who);
        service_arm(s);
        return r;
}

int service_adopt(Service *s, int take_fd)
{
        Identity who;
        int r = access_identify(take_fd, &who);
        if (r < 0) {
                close(take_fd);
                return r;
        }
        return service_adopt_as(s, take_fd, &who);
}

static void service_listen_again(Timer *t)
{
        Service *s = list_entry(t, Service, accept_again);
        if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener,
                      &(struct epoll_event){EPOLLIN, {.ptr = &s->listener}}) == 0)
                s->listening = true;
        else
                timer_set(s, &s->accept_again, SERVICE_ACCEPT_AGAIN_MS);
}

static void service_accept(Service *s)
{
        for (int i = 0; i < SERVICE_ACCEPTS; i++) {
                int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd >= 0) {
                        service_adopt(s, fd);
                        continue;
                }
                if (errno == EAGAIN)
                        return;
                if (errno == EINTR || errno == ECONNABORTED)
                        continue;
                // No descriptor or memory is free: a second of rest instead of a busy loop.
                log_line(&s->config.log, LOG_WARNING, "accept: %s; trying again in a second",
                         strerror(errno));
                epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->listener, NULL);
                s->listening = false;
                timer_set(s, &s->accept_again, SERVICE_ACCEPT_AGAIN_MS);
                return;
        }
}

// Sends what can be sent and tears down what has ended, until neither leaves work for the other.
static void service_settle(Service *s)
{
        bool freed = false;
        for (List *i;;) {
                if ((i = list_first(&s->dirty)) != NULL)
                        connection_flush(list_entry(i, Connection, dirty));
                else if ((i = list_first(&s->ended)) != NULL) {
                        connection_free(list_entry(i, Connection, ended_link));
                        freed = true;
                } else
                        break;
        }
        if (freed && s->accept_again.due) { // a descriptor is free: no need to wait for the second to pass
                timer_clear(&s->accept_again);
                service_listen_again(&s->accept_again);
        }
        s->refused = s->connection_count >= LIMIT_CONNECTIONS ? s->refused : 0;
}

// --- dispatch ------------------------------------------------------------------------------------

static void service_connection(Connection *c, uint32_t events)
{
        if (c->ended)
                return;
        if (events & EPOLLOUT) {
                c->blocked = false;
                connection_dirty(c);
        }
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                connection_readable(c);
        // A peer that is gone and cannot be read on, for it never read its replies: nobody is left to serve.
        if (events & (EPOLLHUP | EPOLLERR) && !c->ended && !c->eof && !(c->mask & EPOLLIN))
                connection_end(c, NULL);
}

int service_dispatch(Service *s)
{
        struct epoll_event ready[SERVICE_EVENTS];
        int n = epoll_wait(s->epoll, ready, SERVICE_EVENTS, 0);
        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        bool store = false;
        s->round++;
        List busy = LIST_INIT(busy);
        for (List *i; (i = list_pop(&s->busy)) != NULL;)
                list_push(&busy, i);
        for (int i = 0; i < n; i++) {
                if (ready[i].data.ptr == &s->timer) {
                        uint64_t times;
                        if (read(s->timer, &times, sizeof(times)) == sizeof(times))
                                s->armed = 0;
                } else if (ready[i].data.ptr == &s->listener) {
                        service_accept(s);
                } else if (ready[i].data.ptr == &s->repository) {
                        store = true;
                } else {
                        service_connection(ready[i].data.ptr, ready[i].events);
                }
        }
        for (List *i; (i = list_pop(&busy)) != NULL;) {
                Connection *c = list_entry(i, Connection, busy);
                if (c->round != s->round)
                        connection_readable(c);
                else
                        list_push(&s->busy, i);
        }
        service_run_timers(s);
        if (store || (!s->config.storage_thread && repository_waiting(s->repository)))
                repository_dispatch(s->repository);
        service_settle(s);
        service_arm(s);
        return n;
}

int service_fd(const Service *s)
{
        return s->epoll;
}

// --- life ----------------------------------------------------------------------------------------

static void service_defaults(ServiceConfig *c)
{
        c->queue = c->queue ? c->queue : LIMIT_SUBSCRIPTION_QUEUE;
        c->session_bytes = c->session_bytes ? c->session_bytes : LIMIT_SESSION_QUEUE_BYTES;
        c->irp_timeout_ms = c->irp_timeout_ms ? c->irp_timeout_ms : 5000;
        c->unload_timeout_ms = c->unload_timeout_ms ? c->unload_timeout_ms : 30000;
}

static int service_open(Service *s, Diag *reterr)
{
        s->epoll = epoll_create1(EPOLL_CLOEXEC);
        s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (s->epoll < 0 || s->timer < 0)
                return -errno;
        if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->timer, &(struct epoll_event){EPOLLIN, {.ptr = &s->timer}}) <
            0)
                return -errno;
        int r = router_init(&s->router);
        if (!r)
                r = handles_init(&s->handles);
        if (!r)
                r = catalog_init(s, reterr);
        if (!r && epoll_ctl(s->epoll, EPOLL_CTL_ADD, repository_fd(s->repository),
                            &(struct epoll_event){EPOLLIN, {.ptr = &s->repository}}) < 0)
                r = -errno;
        return r;
}

int service_new(const ServiceConfig *config, Service **ret, Diag *reterr)
{
        Service *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        if (config)
                s->config = *config;
        service_defaults(&s->config);
        s->hello_ms = SERVICE_HELLO_MS;
        s->epoll = s->timer = s->listener = -1;
        s->uid = geteuid();
        if (gethostname(s->server, sizeof(s->server) - 1) < 0 || !s->server[0])
                snprintf(s->server, sizeof(s->server), "localhost");
        s->next_id = 1;
        s->wanted_generation = 1;
        List *const lists[] = {&s->connections, &s->dirty, &s->busy,   &s->ended,   &s->timers,
                               &s->sessions,    &s->hosts, &s->topics, &s->waiting, &s->waiters};
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
                list_init(lists[i]);
        timer_init(&s->accept_again, service_listen_again);
        int r = service_open(s, reterr);
        if (r) {
                service_free(s);
                return r;
        }
        s->config.repository = NULL; // it was the caller's for the call only
        *ret = s;
        return 0;
}

// Gives every client its last words and a moment to read what waits for it.
static void service_farewell(Service *s)
{
        LIST_EACH(i, &s->sessions)
        {
                Session *x = list_entry(i, Session, link);
                for (List *k; (k = list_first(&x->waiters)) != NULL;) {
                        Waiter *w = list_entry(k, Waiter, of_session);
                        connection_error(x->c, waiter_asked(w), CIM_E_SHUTTING_DOWN, NULL);
                        waiter_free(w);
                }
                for (List *k; (k = list_first(&x->subscriptions)) != NULL;)
                        subscription_end(list_entry(k, Subscription, of_session), CIM_E_SHUTTING_DOWN, NULL);
                connection_dirty(x->c);
        }
        uint64_t until = monotonic_ms() + SERVICE_FAREWELL_MS;
        for (bool more = true; more;) {
                more = false;
                LIST_EACH(i, &s->sessions)
                {
                        Connection *c = list_entry(i, Session, link)->c;
                        connection_flush(c);
                        uint64_t now = monotonic_ms();
                        if (!c->blocked || c->deaf || c->ended || now >= until)
                                continue;
                        struct pollfd p = {c->fd, POLLOUT, 0};
                        more |= poll(&p, 1, (int)(until - now)) > 0;
                }
        }
}

Service *service_free(Service *s)
{
        if (!s)
                return NULL;
        s->ending = true;
        s->repository = repository_close(s->repository);
        if (s->epoll >= 0)
                service_farewell(s);
        // The file goes while the socket still answers: a service that starts now finds either us or nothing,
        // and never has its own file taken away.
        struct stat st;
        if (s->path && lstat(s->path, &st) == 0 && st.st_dev == s->path_dev && st.st_ino == s->path_ino)
                unlink(s->path);
        if (s->listener >= 0)
                close(s->listener);
        // Sessions first: no one is told of hosts that only go because the service does.
        for (List *i; (i = list_first(&s->sessions)) != NULL;)
                connection_free(list_entry(i, Session, link)->c);
        for (List *i; (i = list_first(&s->connections)) != NULL;)
                connection_free(list_entry(i, Connection, link));
        router_deinit(&s->router);
        handles_deinit(&s->handles);
        cim_schema_unref(s->schema);
        cim_schema_unref(s->schema_before);
        free(s->wanted);
        free(s->path);
        if (s->timer >= 0)
                close(s->timer);
        if (s->epoll >= 0)
                close(s->epoll);
        free(s);
        return NULL;
}

const CimSchema *service_schema(const Service *s)
{
        return s->schema;
}

void service_stats(const Service *s, ServiceStats *ret)
{
        *ret = s->stats;
        ret->sessions = ret->hosts = 0;
        LIST_EACH(i, &s->sessions)
        ret->sessions++;
        LIST_EACH(i, &s->hosts)
        ret->hosts++;
}

// --- the socket ----------------------------------------------------------------------------------

// Is somebody listening there? 1 yes, 0 no (nothing there, or a socket left over), E_DIAG otherwise.
enum { SOCKET_FREE = 0, SOCKET_LIVE = 2 };
static int service_probe(const struct sockaddr_un *a, Diag *reterr)
{
        struct stat st;
        if (lstat(a->sun_path, &st) < 0)
                return errno == ENOENT
                               ? SOCKET_FREE
                               : diag_set(reterr, CIM_E_FAILED, "%s: %s", a->sun_path, strerror(errno));
        if (!S_ISSOCK(st.st_mode))
                return diag_set(reterr, CIM_E_FAILED, "%s exists and is not a socket", a->sun_path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return diag_set(reterr, CIM_E_FAILED, "socket: %s", strerror(errno));
        int r = connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0 ? 0 : errno;
        close(fd);
        if (r == ECONNREFUSED || r == ENOENT)
                return SOCKET_FREE;
        if (r == 0 || r == EAGAIN) // EAGAIN: its queue of connections is full
                return SOCKET_LIVE;
        return diag_set(reterr, CIM_E_FAILED, "%s: %s", a->sun_path, strerror(r));
}

// Two services that start at once must not remove each other's socket: the directory's lock is held
// meanwhile.
static int service_lock_directory(const char *path, Diag *reterr)
{
        char dir[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
        const char *slash = strrchr(path, '/');
        if (slash)
                snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
        else
                snprintf(dir, sizeof(dir), ".");
        int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
                diag_set(reterr, CIM_E_FAILED, "%s: %s", dir, strerror(errno));
                return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                diag_set(reterr, CIM_E_ALREADY_EXISTS, "another service is just starting in %s", dir);
                close(fd);
                return -1;
        }
        return fd;
}

static int service_bind(Service *s, const struct sockaddr_un *a, Diag *reterr)
{
        int probe = service_probe(a, reterr);
        if (probe == SOCKET_LIVE)
                return diag_set(reterr, CIM_E_ALREADY_EXISTS, "a service listens on %s already", a->sun_path);
        if (probe != SOCKET_FREE)
                return E_DIAG;
        struct stat st;
        s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        // On Linux the mode of an unbound socket becomes that of its file: no moment at which others could
        // connect.
        if (s->listener < 0 || fchmod(s->listener, 0600) < 0 ||
            (unlink(a->sun_path) < 0 && errno != ENOENT) ||
            bind(s->listener, (const struct sockaddr *)a, sizeof(*a)) < 0 || chmod(a->sun_path, 0600) < 0 ||
            listen(s->listener, SOMAXCONN) < 0 || lstat(a->sun_path, &st) < 0 ||
            epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener,
                      &(struct epoll_event){EPOLLIN, {.ptr = &s->listener}}) < 0) {
                diag_set(reterr, CIM_E_FAILED, "%s: %s", a->sun_path, strerror(errno));
                if (s->listener >= 0)
                        close(s->listener);
                s->listener = -1;
                return E_DIAG;
        }
        s->path_dev = st.st_dev;
        s->path_ino = st.st_ino;
        s->listening = true;
        return 0;
}

int service_listen(Service *s, const char *path, Diag *reterr)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        if (s->listener >= 0)
                return diag_set(reterr, CIM_E_FAILED, "the service listens on %s", s->path);
        if (!*path || strlen(path) >= sizeof(a.sun_path))
                return diag_set(reterr, CIM_E_INVALID_PARAMETER,
                                "the path of a socket has 1 to %zu bytes, this one %zu",
                                sizeof(a.sun_path) - 1, strlen(path));
        memcpy(a.sun_path, path, strlen(path) + 1);
        char *copy = strdup(path);
        if (!copy)
                return -ENOMEM;
        int lock = service_lock_directory(path, reterr);
        int r = lock < 0 ? E_DIAG : service_bind(s, &a, reterr);
        if (lock >= 0)
                close(lock);
        if (r) {
                free(copy);
                return r;
        }
        s->path = copy;
        return 0;
}
