// SPDX-License-Identifier: MIT
// Hub: connection, requests, receiving thread.
#include "hub-impl.h"
#include "objects.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
        HUB_ROUND = 256,     // items between two looks at the callbacks
        HUB_STARVED_MS = 50, // out of memory: until the same frame is tried again
};

pthread_mutex_t hub_lock = PTHREAD_MUTEX_INITIALIZER;
uint64_t hub_call_ms = HUB_CALL_MS, hub_callback_ms = HUB_CALLBACK_MS;
static pthread_mutex_t hub_start_lock = PTHREAD_MUTEX_INITIALIZER; // before hub_lock: one connects at a time
static pthread_once_t hub_once = PTHREAD_ONCE_INIT;
static Hub *hub_current;

// Seconds from the environment in ms; what is no positive number changes nothing.
static void HubSetting(const char *name, uint64_t *ms)
{
        const char *text = getenv(name);
        char *end;
        double s = text && *text ? strtod(text, &end) : 0;
        if (s > 0 && s <= 86400 && !*end)
                *ms = s * 1000 < 1 ? 1 : (uint64_t)(s * 1000);
}

static void HubInit(void)
{
        HubSetting("FREEWMI_CALL_TIMEOUT", &hub_call_ms);
        HubSetting("FREEWMI_SINK_TIMEOUT", &hub_callback_ms);
}

void CondInit(pthread_cond_t *c)
{
        pthread_condattr_t a;
        pthread_condattr_init(&a);
        pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
        pthread_cond_init(c, &a);
        pthread_condattr_destroy(&a);
}

struct timespec CondUntil(uint64_t ms)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec += (time_t)(ms / 1000);
        t.tv_nsec += (long)(ms % 1000) * 1000000;
        if (t.tv_nsec >= 1000000000) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000;
        }
        return t;
}

HRESULT HresultOfErrno(int error)
{
        switch (-error) {
        case 0:
                return S_OK;
        case ENOMEM:
                return WBEM_E_OUT_OF_MEMORY;
        case ETIMEDOUT:
                return WBEM_E_TIMED_OUT;
        case EACCES:
        case EPERM:
                return WBEM_E_ACCESS_DENIED;
        case EPIPE:
        case EPROTO:
        case ECONNRESET:
        case ECONNREFUSED:
        case ENOENT:
                return WBEM_E_TRANSPORT_FAILURE;
        default:
                return WBEM_E_FAILED;
        }
}

// --- sending: under hub_lock
// ----------------------------------------------------------------------------------

// The request's number, or a negative errno. What the socket does not take now is sent by the receiving
// thread.
static int64_t HubSend(Hub *hub, uint16_t operation, void (*put)(Buf *, uint32_t, const void *),
                       const void *message)
{
        pthread_mutex_lock(&hub->wire);
        int64_t number = client_send_frame(hub->client, operation, put, message);
        pthread_mutex_unlock(&hub->wire);
        return number;
}

void HubUnsubscribe(Hub *hub, uint32_t id)
{
        Wire_CANCEL_ASYNC_CALL m = {.subscription = id};
        if (id &&
            !hub->closed) // its answer is of no interest; failing to send means that the connection is gone
                (void)HubSend(
                        hub, WIRE_CANCEL_ASYNC_CALL,
                        (void (*)(Buf *, uint32_t, const void *))(void (*)(void))wire_put_CANCEL_ASYNC_CALL,
                        &m);
}

void HubCancel(Hub *hub, uint32_t handle)
{
        pthread_mutex_lock(&hub_lock);
        HubUnsubscribe(hub, handle);
        pthread_mutex_unlock(&hub_lock);
}

void HubWake(Hub *hub)
{
        uint64_t one = 1;
        if (write(hub->wake, &one, sizeof(one)) < 0)
                return; // only when 2^64 - 2 wakes wait already
}

HRESULT RequestRun(Hub *hub, HubRequest *r, uint16_t operation, void (*put)(Buf *, uint32_t, const void *),
                   const void *message)
{
        if (hub->closed)
                return WBEM_E_TRANSPORT_FAILURE;
        int64_t number = HubSend(hub, operation, put, message);
        if (number < 0)
                return HresultOfErrno((int)number);
        r->number = (uint32_t)number; // its answer is looked at under hub_lock, so not before it is listed
        CondInit(&r->answered);
        list_init(&r->link);
        list_push(&hub->requests, &r->link);
        struct timespec until = CondUntil(hub_call_ms);
        while (!r->done)
                if (pthread_cond_timedwait(&r->answered, &hub_lock, &until) == ETIMEDOUT && !r->done) {
                        r->error = -ETIMEDOUT; // an answer that comes later finds nobody
                        break;
                }
        list_remove(&r->link);
        pthread_cond_destroy(&r->answered);
        HRESULT hr = r->error                     ? HresultOfErrno(r->error)
                     : cim_failed(r->item.status) ? (HRESULT)r->item.status
                                                  : S_OK;
        if (FAILED(hr)) {
                if (!r->error)
                        ErrorOfReply(&r->item);
                client_item_deinit(&r->item);
        }
        return hr;
}

HRESULT HubCallFrame(Hub *hub, uint16_t operation, void (*put)(Buf *, uint32_t, const void *),
                     const void *message, ClientItem *ret)
{
        HubRequest r = {0};
        pthread_mutex_lock(&hub_lock);
        HRESULT hr = RequestRun(hub, &r, operation, put, message);
        pthread_mutex_unlock(&hub_lock);
        if (SUCCEEDED(hr))
                *ret = r.item;
        return hr;
}

// --- receiving
// ----------------------------------------------------------------------------------------------------

// The connection is gone or broken. Under hub_lock.
static void HubClose(Hub *hub)
{
        hub->closed = TRUE;
        LIST_EACH_SAFE(i, &hub->requests)
        {
                HubRequest *r = list_entry(i, HubRequest, link);
                if (r->done)
                        continue;
                r->done = TRUE;
                r->error = -EPIPE;
                pthread_cond_signal(&r->answered);
        }
        LIST_EACH_SAFE(i, &hub->subscriptions)
        SubscriptionEnd(list_entry(i, HubSubscription, link), WBEM_E_TRANSPORT_FAILURE);
}

static HubRequest *RequestFind(Hub *hub, uint32_t number)
{
        LIST_EACH(i, &hub->requests)
        {
                HubRequest *r = list_entry(i, HubRequest, link);
                if (r->number == number && !r->done)
                        return r;
        }
        return NULL;
}

// FALSE: not an answer to SUBSCRIBE. Under hub_lock.
static BOOL HubTakeSubscribed(Hub *hub, HubRequest *r, const ClientItem *item)
{
        Wire_EXEC_NOTIFICATION_QUERY_Reply reply;
        if (!wire_get_EXEC_NOTIFICATION_QUERY_reply(item->frame.payload, item->frame.size, &reply))
                return FALSE;
        if (r) // before its first event, which is behind the reply
                return SubscriptionEnter(r->subscription, reply.subscription);
        HubUnsubscribe(hub, reply.subscription); // whoever asked for it has given up
        return TRUE;
}

// An enumeration whose caller has given up is nobody's. Under hub_lock.
static void HubDisown(Hub *hub, const ClientItem *item)
{
        const uint8_t *p = item->frame.payload;
        size_t n = item->frame.size;
        Wire_CREATE_CLASS_ENUM_Reply c;
        Wire_CREATE_INSTANCE_ENUM_Reply i;
        Wire_EXEC_QUERY_Reply q;
        if (item->operation == WIRE_CREATE_CLASS_ENUM && wire_get_CREATE_CLASS_ENUM_reply(p, n, &c))
                HubUnsubscribe(hub, c.enumeration);
        else if (item->operation == WIRE_CREATE_INSTANCE_ENUM &&
                 wire_get_CREATE_INSTANCE_ENUM_reply(p, n, &i))
                HubUnsubscribe(hub, i.enumeration);
        else if (item->operation == WIRE_EXEC_QUERY && wire_get_EXEC_QUERY_reply(p, n, &q))
                HubUnsubscribe(hub, q.enumeration);
}

// Under hub_lock.
static void HubTakeReply(Hub *hub, ClientItem *item)
{
        HubRequest *r = RequestFind(hub, item->request);
        BOOL good = item->operation != WIRE_EXEC_NOTIFICATION_QUERY || cim_failed(item->status) ||
                    HubTakeSubscribed(hub, r, item);
        if (r) {
                r->done = TRUE;
                if (good)
                        r->item = client_item_steal(item);
                else
                        r->error = -EPROTO;
                pthread_cond_signal(&r->answered);
        } else if (!cim_failed(item->status)) {
                HubDisown(hub, item);
        }
        if (!good)
                HubClose(hub);
}

// Makes the object without a lock: it is the work of this thread, and nobody shall wait for it.
static void HubTakeEvent(Hub *hub, const ClientItem *item)
{
        CimInstance *instance = NULL;
        BOOL made = client_item_instance(item, &instance, NULL) == 0; // the service checked it: out of memory
        pthread_mutex_lock(&hub_lock);
        for (size_t i = 0; i < item->subscription_count; i++) {
                HubSubscription *s = SubscriptionFind(hub, item->subscriptions[i]);
                if (s && made)
                        SubscriptionQueue(s, instance);
                else if (s)
                        s->counts.lost++;
        }
        pthread_mutex_unlock(&hub_lock);
        cim_instance_unref(instance);
}

static void HubTake(Hub *hub, ClientItem *item)
{
        HubSubscription *s;
        if (item->kind == CLIENT_EVENT) {
                HubTakeEvent(hub, item);
                return;
        }
        pthread_mutex_lock(&hub_lock);
        switch (item->kind) {
        case CLIENT_REPLY:
                HubTakeReply(hub, item);
                break;
        case CLIENT_LOST:
                if ((s = SubscriptionFind(hub, item->subscription)))
                        s->counts.lost += item->count;
                break;
        case CLIENT_ENDED:
                if ((s = SubscriptionFind(hub, item->subscription)))
                        SubscriptionEnd(s, (HRESULT)item->status);
                break;
        case CLIENT_CLOSED:
                HubClose(hub);
                break;
        case CLIENT_EVENT:
        case CLIENT_HOST: // COM has no word for it
                break;
        }
        pthread_mutex_unlock(&hub_lock);
}

// Takes up to HUB_ROUND items. Returns how long (in ms, negative: without limit) there is nothing more to
// read.
static int HubReadRound(Hub *hub)
{
        for (int i = 0; i < HUB_ROUND; i++) {
                ClientItem item;
                pthread_mutex_lock(&hub->wire);
                int r = client_next(hub->client, 0, &item);
                pthread_mutex_unlock(&hub->wire);
                if (r == 0) {
                        HubTake(hub, &item);
                        client_item_deinit(&item);
                        continue;
                }
                if (r == -ENOMEM)
                        return HUB_STARVED_MS;
                if (r != -EAGAIN) {
                        pthread_mutex_lock(&hub_lock);
                        HubClose(hub);
                        pthread_mutex_unlock(&hub_lock);
                }
                return -1;
        }
        return 0;
}

// Waits until there is something to read, `ms` have passed or somebody wants attention.
static void HubSleep(Hub *hub, int ms, BOOL listen)
{
        struct pollfd fds[2] = {{listen ? client_fd(hub->client) : -1, POLLIN, 0}, {hub->wake, POLLIN, 0}};
        uint64_t n;
        if (poll(fds, 2, ms) > 0 && fds[1].revents && read(hub->wake, &n, sizeof(n)) < 0)
                return; // somebody else's wake: there is one reader only, so it cannot be
}

// Once the connection is gone or nobody holds the hub, this thread still looks after the callbacks.
static void *HubReceive(void *p)
{
        Hub *hub = p;
        uint64_t checked = monotonic_ms();
        pthread_mutex_lock(&hub_lock);
        while (!hub->stop || hub->takers) {
                BOOL closed = hub->closed;
                pthread_mutex_unlock(&hub_lock);
                int quiet = closed ? -1 : HubReadRound(hub);
                pthread_mutex_lock(&hub_lock);
                if (monotonic_ms() - checked >= HUB_TICK_MS) {
                        PoolCheck(hub);
                        checked = monotonic_ms();
                }
                if (!quiet || hub->closed != closed || (hub->stop && !hub->takers))
                        continue;
                int tick = hub->takers ? HUB_TICK_MS : -1;
                BOOL listen =
                        quiet < 0 && !closed; // starved: the frame that cannot be taken would wake us at once
                pthread_mutex_unlock(&hub_lock);
                HubSleep(hub, quiet > 0 ? quiet : tick, listen);
                pthread_mutex_lock(&hub_lock);
        }
        HubThreadLeaves(hub);
        return NULL;
}

// --- life
// ---------------------------------------------------------------------------------------------------------

static void HubFree(Hub *hub)
{
        client_free(hub->client);
        if (hub->wake >= 0)
                close(hub->wake);
        pthread_mutex_destroy(&hub->wire);
        pthread_cond_destroy(&hub->work);
        free(hub);
}

void HubThreadLeaves(Hub *hub)
{
        BOOL last = --hub->threads == 0 && hub->stop;
        pthread_mutex_unlock(&hub_lock);
        if (last)
                HubFree(hub);
}

static HRESULT HubConnect(Hub *hub)
{
        Diag diag = {0};
        int r = client_connect(NULL, program_invocation_short_name, &hub->client, &diag);
        if (r == 0)
                return S_OK;
        HRESULT hr = r > 0 ? (HRESULT)diag.code : HresultOfErrno(r);
        if (SUCCEEDED(hr))
                hr = WBEM_E_TRANSPORT_FAILURE;
        if (r > 0) { // the number alone does not say where the service was looked for
                char text[sizeof(diag.message) + sizeof(diag.hint) + 3];
                snprintf(text, sizeof(text), "%s%s%s", diag.message, diag.hint[0] ? "; " : "", diag.hint);
                ErrorSet(hr, str_of(text), STR("ConnectServer"), (Str){0}, STR(WIRE_PROVIDER));
        }
        return hr;
}

// Connects, which may take some seconds: under hub_start_lock only.
static HRESULT HubNew(Hub **ret)
{
        Hub *hub = calloc(1, sizeof(*hub));
        if (!hub)
                return WBEM_E_OUT_OF_MEMORY;
        list_init(&hub->requests);
        list_init(&hub->subscriptions);
        list_init(&hub->ready);
        list_init(&hub->calling);
        pthread_mutex_init(&hub->wire, NULL);
        CondInit(&hub->work);
        hub->refs = 1;
        hub->threads = 1;
        hub->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        pthread_t receiver;
        HRESULT hr = hub->wake < 0 ? (HRESULT)WBEM_E_OUT_OF_MEMORY : HubConnect(hub);
        if (SUCCEEDED(hr) && pthread_create(&receiver, NULL, HubReceive, hub) != 0)
                hr = WBEM_E_OUT_OF_MEMORY;
        if (FAILED(hr)) {
                HubFree(hub);
                return hr;
        }
        pthread_detach(receiver);
        *ret = hub;
        return S_OK;
}

// The hub that there is, with a reference; NULL: none that lives.
static Hub *HubCurrent(void)
{
        pthread_mutex_lock(&hub_lock);
        if (hub_current && hub_current->closed)
                hub_current = NULL; // its holders keep it; whoever connects now gets a new one
        Hub *hub = hub_current;
        if (hub)
                hub->refs++;
        pthread_mutex_unlock(&hub_lock);
        return hub;
}

HRESULT HubGet(Hub **ret)
{
        pthread_once(&hub_once, HubInit);
        pthread_mutex_lock(&hub_start_lock);
        HRESULT hr = S_OK;
        Hub *hub = HubCurrent();
        if (!hub && SUCCEEDED(hr = HubNew(&hub))) {
                pthread_mutex_lock(&hub_lock);
                hub_current = hub;
                pthread_mutex_unlock(&hub_lock);
        }
        pthread_mutex_unlock(&hub_start_lock);
        *ret = hub;
        return hr;
}

void HubAddRef(Hub *hub)
{
        pthread_mutex_lock(&hub_lock);
        hub->refs++;
        pthread_mutex_unlock(&hub_lock);
}

void HubRelease(Hub *hub)
{
        pthread_mutex_lock(&hub_lock);
        if (--hub->refs == 0) { // the receiving thread is there still, so the hub is
                if (hub_current == hub)
                        hub_current = NULL;
                hub->stop = TRUE;
                HubWake(hub);
                pthread_cond_broadcast(&hub->work);
        }
        pthread_mutex_unlock(&hub_lock);
}
