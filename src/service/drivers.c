// SPDX-License-Identifier: MIT
// What clients ask about driver hosts: the list, waiting for one to be started, having one unloaded.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

enum { AWAIT_MOST_MS = 3600 * 1000 };

void perform_LIST_DRIVERS(Session *x, const WireFrame *f, const Wire_LIST_DRIVERS *m)
{
        (void)m;
        Buf list = {0};
        uint32_t count = 0;
        LIST_EACH(i, &x->c->service->hosts)
        {
                const Host *h = list_entry(i, Host, link);
                if (h->c->ended)
                        continue;
                count++;
                buf_u64(&list, h->c->id);
                buf_str(&list, str_of(h->name));
                buf_str(&list, str_of(h->device));
                buf_str(&list, str_of(h->path));
                buf_u32(&list, h->pid);
                buf_u32(&list, h->state);
                buf_u32(&list, (uint32_t)host_distinct_guids(h));
                buf_u64(&list, h->events);
                buf_u64(&list, h->dropped);
        }
        if (list.failed)
                connection_error(x->c, asked(f), CIM_E_OUT_OF_MEMORY, NULL);
        else
                connection_reply(x->c, f->request, LIST_DRIVERS, .count = count,
                                 .list = {(char *)list.p, list.n});
        buf_deinit(&list);
}

// --- late replies --------------------------------------------------------------------------------

Asked waiter_asked(const Waiter *w)
{
        return (Asked){w->operation, w->request, str_of(w->name)};
}

void waiter_free(Waiter *w)
{
        timer_clear(&w->deadline);
        list_remove(&w->of_service);
        list_remove(&w->of_session);
        w->session->waiter_count--;
        w->session->c->service->waiter_count--;
        free(w->name);
        free(w);
}

static void waiter_deadline(Timer *t)
{
        Waiter *w = list_entry(t, Waiter, deadline);
        Connection *c = w->session->c;
        const Host *h = host_find(c->service, str_of(w->name));
        if (!h)
                connection_fail(c, waiter_asked(w), CIM_E_TIMED_OUT,
                                "no answer in time: the host of driver %s has not connected", w->name);
        else
                connection_fail(c, waiter_asked(w), CIM_E_TIMED_OUT,
                                "no answer in time from driver %s (process %u): %s", w->name, h->pid,
                                host_state_says(h->state));
        waiter_free(w);
}

static Waiter *waiter_new(Session *x, const WireFrame *f, Str name, uint64_t ms)
{
        Service *s = x->c->service;
        bool room = x->waiter_count < LIMIT_LATE_REPLIES && s->waiter_count < LIMIT_ALL_LATE_REPLIES;
        Waiter *w = room ? calloc(1, sizeof(*w)) : NULL;
        if (w)
                w->name = text_copy(name);
        if (!w || !w->name) {
                free(w);
                connection_fail(x->c, asked(f), CIM_E_SERVER_TOO_BUSY,
                                "a session waits for at most %u driver hosts, the service for %u",
                                LIMIT_LATE_REPLIES, LIMIT_ALL_LATE_REPLIES);
                return NULL;
        }
        w->session = x;
        w->operation = f->operation;
        w->request = f->request;
        timer_init(&w->deadline, waiter_deadline);
        timer_set(s, &w->deadline, ms);
        list_push(&s->waiters, &w->of_service);
        list_push(&x->waiters, &w->of_session);
        x->waiter_count++;
        s->waiter_count++;
        return w;
}

// An AWAIT_DRIVER of a host in this state: true when it is answered.
static bool await_answer(Waiter *w, const Host *h, bool gone)
{
        Connection *c = w->session->c;
        const char *why = h->text[0] ? ": " : "";
        if (h->state == WIRE_HOST_FAILED)
                connection_fail(c, waiter_asked(w), CIM_E_PROVIDER_LOAD_FAILURE, "driver %s failed%s%s",
                                w->name, why, h->text);
        else if (gone)
                connection_fail(c, waiter_asked(w), CIM_E_PROVIDER_LOAD_FAILURE,
                                "the host of driver %s (process %u) ended%s%s", w->name, h->pid, why,
                                h->text);
        else if (h->state >= WIRE_HOST_UNLOADING)
                connection_fail(c, waiter_asked(w), CIM_E_PROVIDER_LOAD_FAILURE,
                                "driver %s is being unloaded%s%s", w->name, why, h->text);
        else if (h->state >= (w->registered ? WIRE_HOST_REGISTERED : WIRE_HOST_STARTED))
                connection_reply(c, w->request, AWAIT_DRIVER, .unused_ = 0);
        else
                return false;
        return true;
}

static bool unload_answer(Waiter *w, const Host *h, bool gone)
{
        if (!gone)
                return false;
        if (h->state == WIRE_HOST_UNLOADED)
                connection_reply(w->session->c, w->request, UNLOAD_DRIVER, .unused_ = 0);
        else
                connection_fail(w->session->c, waiter_asked(w), CIM_E_PROVIDER_FAILURE,
                                "the host of driver %s (process %u) ended without having unloaded it%s%s",
                                w->name, h->pid, h->text[0] ? ": " : "", h->text);
        return true;
}

void drivers_changed(Service *s, Host *h, bool gone)
{
        LIST_EACH_SAFE(i, &s->waiters)
        {
                Waiter *w = list_entry(i, Waiter, of_service);
                bool mine = w->operation == WIRE_UNLOAD_DRIVER ? w->host == h->c->id
                                                               : str_ieq(str_of(w->name), str_of(h->name));
                if (mine && (w->operation == WIRE_UNLOAD_DRIVER ? unload_answer(w, h, gone)
                                                                : await_answer(w, h, gone)))
                        waiter_free(w);
        }
        if (gone && h->state == WIRE_HOST_UNLOADED)
                return; // told when it said so
        LIST_EACH(i, &s->sessions)
        session_notice(list_entry(i, Session, link), h, gone);
}

static int session_await(Session *x, Str name)
{
        for (size_t i = 0; i < x->awaited_count; i++)
                if (str_ieq(str_of(x->awaited[i]), name))
                        return 0;
        if (x->awaited_count == LIMIT_LATE_REPLIES)
                return 0; // then it is told of hosts that its queries concern, like anybody
        char **p = realloc(x->awaited, (x->awaited_count + 1) * sizeof(*p));
        if (!p)
                return -ENOMEM;
        x->awaited = p;
        p[x->awaited_count] = text_copy(name);
        if (!p[x->awaited_count])
                return -ENOMEM;
        x->awaited_count++;
        return 0;
}

void perform_AWAIT_DRIVER(Session *x, const WireFrame *f, const Wire_AWAIT_DRIVER *m)
{
        if (!m->name.n || m->name.n > LIMIT_NAME_CHARS || session_await(x, m->name) < 0) {
                connection_fail(x->c, asked(f), CIM_E_INVALID_PARAMETER, "not the name of a driver");
                return;
        }
        Waiter *w = waiter_new(x, f, m->name, m->timeout_ms < AWAIT_MOST_MS ? m->timeout_ms : AWAIT_MOST_MS);
        if (!w)
                return;
        w->registered = m->registered != 0;
        const Host *h = host_find(x->c->service, m->name);
        if (h && await_answer(w, h, false))
                waiter_free(w);
}

void perform_UNLOAD_DRIVER(Session *x, const WireFrame *f, const Wire_UNLOAD_DRIVER *m)
{
        Service *s = x->c->service;
        char name[256];
        text_clean(m->name, name, sizeof(name));
        Host *h = host_find(s, m->name);
        if (!h) {
                Diag d = {0};
                StrNearest nearest = {.wanted = m->name};
                diag_set(&d, CIM_E_NOT_FOUND, "no driver called %s is hosted", name);
                LIST_EACH(i, &s->hosts)
                str_nearest_offer(&nearest, str_of(list_entry(i, Host, link)->name));
                if (nearest.best.n)
                        diag_hint(&d, "did you mean %.*s?", STR_ARG(nearest.best));
                connection_error(x->c, asked(f), d.code, &d);
                return;
        }
        Waiter *w = waiter_new(x, f, m->name, s->config.unload_timeout_ms);
        if (!w)
                return;
        w->host = h->c->id;
        if (h->unload_sent)
                return;
        h->unload_sent = true;
        char reason[256];
        Buf b = {0};
        wire_put_UNLOAD(&b, 0, &(Wire_UNLOAD){.reason = str_of(connection_label(x->c, reason))});
        connection_send(h->c, &b);
}
