// SPDX-License-Identifier: MIT
// Connections of the C API: life, subscriptions, the stream.
#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/filetime.h"
#include "base/limits.h"

// --- results -------------------------------------------------------------------------------------

// What the client remembers of the call that the service refused.
static int result_refused(freewmi *w, freewmi_error *e)
{
        const ClientStatus *s = client_last_status(w->client);
        api_diag(&s->diag, e);
        if (!e)
                return FREEWMI_REFUSED;
        e->status = s->status;
        api_text(e->operation, sizeof(e->operation), str_of(s->operation));
        api_text(e->parameter, sizeof(e->parameter), s->parameter);
        api_text(e->provider, sizeof(e->provider), str_of(s->provider));
        return FREEWMI_REFUSED;
}

static int result_gone(const freewmi *w, int r, freewmi_error *e)
{
        if (r == -EPROTO || w->broken)
                return api_fail(e, FREEWMI_GONE, FREEWMI_E_TRANSPORT_FAILURE,
                                "the service sent what is not in the protocol: the connection is over");
        return api_fail(e, FREEWMI_GONE, FREEWMI_E_TRANSPORT_FAILURE, "the service is gone");
}

int api_result(freewmi *w, int r, freewmi_error *e)
{
        bool stopped = w->stopped;
        w->stopped = false;
        if (r == 0)
                return FREEWMI_OK;
        if (stopped && r < 0)
                return api_fail(e, FREEWMI_STOPPED, FREEWMI_E_CALL_CANCELLED, "the pump ended the wait");
        switch (r) {
        case E_DIAG:
                return result_refused(w, e);
        case -ETIMEDOUT:
                return api_fail(e, FREEWMI_TIMED_OUT, FREEWMI_E_TIMED_OUT, "the service did not answer within %d ms",
                                w->timeout_ms);
        case -EPIPE:
        case -EPROTO:
                return result_gone(w, r, e);
        case -EMSGSIZE:
                return api_fail(e, FREEWMI_BAD_ARGUMENT, FREEWMI_E_INVALID_PARAMETER,
                                "the request would be larger than the service takes: %u bytes, a MOF text %u",
                                LIMIT_REQUEST_BYTES, LIMIT_MOF_BYTES);
        default:
                return api_errno(r, e);
        }
}

int api_ready(freewmi *w, freewmi_error *e)
{
        if (!w)
                return api_argument(e, "the connection is NULL");
        w->stopped = false;
        return w->broken ? result_gone(w, -EPROTO, e) : FREEWMI_OK;
}

// --- life ----------------------------------------------------------------------------------------

static int connection_pump(void *context)
{
        freewmi *w = context;
        int r = w->pump.run(w->pump.context);
        w->stopped |= r < 0;
        return r < 0 ? -ECANCELED : 0;
}

static void pump_done(const freewmi_pump *p)
{
        if (p && p->done)
                p->done(p->context);
}

static freewmi *connection_new(void)
{
        freewmi *w = calloc(1, sizeof(*w));
        if (w) {
                w->timeout_ms = API_TIMEOUT_MS;
                list_init(&w->results);
        }
        return w;
}

// What connecting returned.
static int connection_made(freewmi *take_w, int r, const Diag *d, freewmi **ret, freewmi_error *e)
{
        if (r == 0) {
                *ret = take_w;
                return FREEWMI_OK;
        }
        bool stopped = take_w->stopped;
        pump_done(&take_w->pump);
        free(take_w);
        if (stopped)
                return api_fail(e, FREEWMI_STOPPED, FREEWMI_E_CALL_CANCELLED, "the pump ended the wait");
        return r == E_DIAG ? api_diag(d, e) : api_errno(r, e);
}

int freewmi_connect(const char *socket, const char *program, freewmi **ret, freewmi_error *error)
{
        if (!ret)
                return api_argument(error, "freewmi_connect: ret is NULL");
        freewmi *w = connection_new();
        if (!w)
                return api_errno(-ENOMEM, error);
        Diag d = {0};
        return connection_made(w, client_connect(socket, program, &w->client, &d), &d, ret, error);
}

int freewmi_connect_fd(int take_fd, const char *program, const freewmi_pump *pump, freewmi **ret, freewmi_error *error)
{
        int r = !ret                  ? api_argument(error, "freewmi_connect_fd: ret is NULL")
                : take_fd < 0         ? api_argument(error, "freewmi_connect_fd: the descriptor is negative")
                : pump && !pump->run  ? api_argument(error, "freewmi_connect_fd: the pump has no function")
                                      : FREEWMI_OK;
        freewmi *w = r ? NULL : connection_new();
        if (!w) {
                if (take_fd >= 0)
                        close(take_fd);
                pump_done(pump);
                return r ? r : api_errno(-ENOMEM, error);
        }
        Diag d = {0};
        if (pump)
                w->pump = *pump;
        r = client_adopt(take_fd, program, pump ? connection_pump : NULL, w, pump ? pump->fd : -1, &w->client, &d);
        return connection_made(w, r, &d, ret, error);
}

// Takes back what freewmi_next handed out.
static void connection_item_done(freewmi *w)
{
        freewmi_object_unref(w->event_object);
        client_item_deinit(&w->item);
        free(w->driver);
        free(w->driver_text);
        w->event_object = NULL;
        w->driver = w->driver_text = NULL;
        w->event = (freewmi_event){0};
}

void freewmi_close(freewmi *wmi)
{
        if (!wmi)
                return;
        connection_item_done(wmi);
        for (List *i; (i = list_pop(&wmi->results)) != NULL;)
                api_results_gone(api_results_of(i));
        client_free(wmi->client);
        for (size_t i = 0; i < wmi->sink_count; i++)
                free(wmi->sinks[i].ns);
        free(wmi->sinks);
        free(wmi->mof_errors);
        free(wmi->put_path);
        free(wmi->listed);
        free(wmi->list);
        pump_done(&wmi->pump);
        free(wmi);
}

int freewmi_fd(const freewmi *wmi)
{
        return wmi ? client_fd(wmi->client) : -1;
}

void freewmi_set_timeout(freewmi *wmi, int timeout_ms)
{
        if (wmi)
                wmi->timeout_ms = timeout_ms;
}

void freewmi_tell_drivers(freewmi *wmi, bool on)
{
        if (wmi)
                wmi->tell_drivers = on;
}

// --- subscriptions -------------------------------------------------------------------------------

int freewmi_subscribe(freewmi *wmi, const char *ns, const char *query, uint32_t queue, uint32_t *ret_subscription,
                      freewmi_error *error)
{
        int r = api_ready(wmi, error);
        if (r)
                return r;
        if (!ns || !query)
                return api_argument(error, "freewmi_subscribe: the namespace or the query is NULL");
        uint32_t id, unanswered;
        r = client_subscribe(wmi->client, str_of(ns), str_of(query), queue, wmi->timeout_ms, &id, &unanswered, NULL);
        r = api_result(wmi, r, error);
        if (r)
                return r;
        if (ret_subscription)
                *ret_subscription = id;
        return unanswered > INT32_MAX ? INT32_MAX : (int)unanswered;
}

int freewmi_unsubscribe(freewmi *wmi, uint32_t subscription, freewmi_error *error)
{
        int r = api_ready(wmi, error);
        return r ? r : api_result(wmi, client_cancel(wmi->client, subscription, wmi->timeout_ms, NULL), error);
}

// --- the stream ----------------------------------------------------------------------------------

// ns since 1970; what lies outside of the type is its end.
static int64_t unix_ns(uint64_t filetime)
{
        if (filetime > FILETIME_UNIX + INT64_MAX / 100)
                return INT64_MAX;
        if (filetime < FILETIME_UNIX && FILETIME_UNIX - filetime > INT64_MAX / 100)
                return INT64_MIN;
        return ((int64_t)filetime - (int64_t)FILETIME_UNIX) * 100;
}

static int next_event(freewmi *w, freewmi_error *e)
{
        CimInstance *i;
        CimBlockError wrong;
        int r = client_item_instance(&w->item, &i, &wrong);
        if (r > 0) {
                w->broken = true;
                return api_fail(e, FREEWMI_GONE, FREEWMI_E_TRANSPORT_FAILURE,
                                "the service sent an event of %s that cannot be read (%s): the connection is over",
                                w->item.klass->name.p, wrong.says);
        }
        if (r == 0)
                r = api_object_new(i, false, w->item.namespace, &w->event_object) ? -ENOMEM : 0;
        if (r < 0)
                return api_errno(r, e);
        w->event = (freewmi_event){.kind = FREEWMI_EVENT,
                                   .subscription = w->item.subscriptions[0],
                                   .subscriptions = w->item.subscriptions,
                                   .subscription_count = w->item.subscription_count,
                                   .object = w->event_object,
                                   .time = unix_ns(w->item.envelope.time)};
        return FREEWMI_EVENT;
}

static int next_lost(freewmi *w, freewmi_error *e)
{
        const ClientItem *i = &w->item;
        w->event = (freewmi_event){.kind = FREEWMI_LOST,
                                   .subscription = i->subscription,
                                   .lost = i->count,
                                   .lost_at_source = i->at_source};
        return api_fail(e, FREEWMI_LOST, FREEWMI_E_QUEUE_OVERFLOW,
                        i->at_source ? "up to %llu events were lost: a driver fired faster than its queue was emptied"
                                     : "%llu events were lost: the queue of the subscription was full",
                        (unsigned long long)i->count);
}

static int next_ended(freewmi *w, freewmi_error *e)
{
        const ClientItem *i = &w->item;
        w->event = (freewmi_event){.kind = FREEWMI_ENDED, .subscription = i->subscription, .status = i->status};
        return api_fail(e, FREEWMI_ENDED, i->status ? i->status : FREEWMI_E_FAILED, "the service ended the subscription: %s",
                        cim_status_says(i->status));
}

static int next_driver(freewmi *w, freewmi_error *e)
{
        const Wire_HOST_NOTICE *h = &w->item.host;
        w->driver = strndup(h->name.n ? h->name.p : "", h->name.n);
        w->driver_text = strndup(h->text.n ? h->text.p : "", h->text.n);
        if (!w->driver || !w->driver_text)
                return api_errno(-ENOMEM, e);
        w->event = (freewmi_event){.kind = FREEWMI_DRIVER,
                                   .driver = w->driver,
                                   .text = w->driver_text,
                                   .driver_pid = h->pid,
                                   .driver_gone = h->gone != 0};
        return api_fail(e, FREEWMI_DRIVER, FREEWMI_S_FALSE, "the driver %s: %s", w->driver, w->driver_text);
}

// What the item is for the caller; FREEWMI_NOTHING: nothing.
static int next_item(freewmi *w, freewmi_error *e)
{
        switch (w->item.kind) {
        case CLIENT_EVENT:
                return next_event(w, e);
        case CLIENT_LOST:
                return next_lost(w, e);
        case CLIENT_ENDED:
                return next_ended(w, e);
        case CLIENT_HOST:
                return w->tell_drivers ? next_driver(w, e) : FREEWMI_NOTHING;
        case CLIENT_CLOSED:
                return result_gone(w, -EPIPE, e);
        case CLIENT_REPLY:
        default:
                return FREEWMI_NOTHING; // nobody sends without waiting
        }
}

static int left_ms(int timeout_ms, uint64_t until)
{
        uint64_t now = timeout_ms > 0 ? monotonic_ms() : 0;
        return timeout_ms < 0 ? -1 : now >= until ? 0 : (int)(until - now);
}

int freewmi_next(freewmi *wmi, int timeout_ms, const freewmi_event **ret, freewmi_error *error)
{
        int r = api_ready(wmi, error);
        if (r)
                return r;
        if (!ret)
                return api_argument(error, "freewmi_next: ret is NULL");
        uint64_t until = timeout_ms > 0 ? monotonic_ms() + (uint64_t)timeout_ms : 0;
        if (!wmi->item_waits)
                connection_item_done(wmi);
        for (;;) {
                r = wmi->item_waits ? 0 : client_next(wmi->client, left_ms(timeout_ms, until), &wmi->item);
                if (r == -EAGAIN)
                        return FREEWMI_NOTHING;
                if (r)
                        return api_result(wmi, r, error);
                wmi->item_waits = false;
                r = next_item(wmi, error);
                wmi->item_waits = r == FREEWMI_NO_MEMORY;
                if (r > 0)
                        *ret = &wmi->event;
                if (r)
                        return r;
                connection_item_done(wmi);
        }
}
