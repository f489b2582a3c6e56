// SPDX-License-Identifier: MIT
// Hub: connection, receiving thread, pool of callback threads.
#include "hub.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/filetime.h"
#include "base/limits.h"
#include "base/list.h"

enum {
        HUB_THREADS = 4,          // pool
        HUB_BATCH = 64,           // events of one Indicate
        HUB_CALLBACK_MS = 30000,  // a callback that takes longer cancels its subscription ([MS-WMI] 3.1.2, sink timer)
        HUB_TICK_MS = 1000,
};

typedef struct HubEvent {
        List link;
        CimInstance *instance;
} HubEvent;

struct HubSubscription {
        List link;       // in hub->subscriptions
        List ready;      // in hub->ready, while it waits for a pool thread
        Hub *hub;
        unsigned refs;   // users and the hub itself
        uint32_t id;
        IWbemObjectSink *sink;
        void *context;
        List queue;      // of HubEvent
        HubCounts counts;
        BOOL over;       // nothing more is queued
        BOOL dropping;   // cancelled: what is queued is not delivered either
        BOOL told;       // the sink had its last SetStatus, or needs none
        BOOL busy;       // a pool thread works on it
        uint64_t called; // monotonic ms of the callback in flight, 0: none
        HRESULT status;
};

typedef struct HubRequest {
        List link;
        uint32_t number;
        BOOL done;
        int error;
        ClientItem item;
        HubSubscription *subscription; // to be entered under its id by the receiving thread
} HubRequest;

struct Hub {
        unsigned refs;
        Client *client;
        int wake;        // eventfd: the receiving thread shall look up
        BOOL stop, closed;
        List requests, subscriptions, ready;
        unsigned threads, idle;
        pthread_t receiver;
};

static pthread_mutex_t hub_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t hub_changed; // answers, queues, ready: waiters look for what they wait for
static pthread_once_t hub_once = PTHREAD_ONCE_INIT;
static Hub *hub_current;
static __thread unsigned hub_callbacks;

static void HubInit(void)
{
        pthread_condattr_t a;
        pthread_condattr_init(&a);
        pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
        pthread_cond_init(&hub_changed, &a);
        pthread_condattr_destroy(&a);
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

BOOL HubInCallback(void)
{
        return hub_callbacks > 0;
}

// --- subscriptions: all under hub_lock ------------------------------------------------------------------------

static void SubscriptionDropQueue(HubSubscription *s)
{
        for (List *e; (e = list_pop(&s->queue));) {
                HubEvent *h = list_entry(e, HubEvent, link);
                cim_instance_unref(h->instance);
                free(h);
        }
        s->counts.queued = 0;
}

static void SubscriptionUnref(HubSubscription *s)
{
        if (--s->refs)
                return;
        SubscriptionDropQueue(s);
        list_remove(&s->link);
        list_remove(&s->ready);
        free(s);
}

static HubSubscription *SubscriptionFind(Hub *hub, uint32_t id)
{
        LIST_EACH(i, &hub->subscriptions) {
                HubSubscription *s = list_entry(i, HubSubscription, link);
                if (s->id == id && id)
                        return s;
        }
        return NULL;
}

static void HubStartThread(Hub *hub);

// There is something for a pool thread to do.
static void SubscriptionReady(HubSubscription *s)
{
        if (!s->sink || s->busy || !list_empty(&s->ready))
                return;
        list_push(&s->hub->ready, &s->ready);
        if (s->hub->idle == 0 && s->hub->threads < HUB_THREADS)
                HubStartThread(s->hub);
        pthread_cond_broadcast(&hub_changed);
}

static void SubscriptionEnd(HubSubscription *s, HRESULT status)
{
        if (!s->over) {
                s->over = TRUE;
                s->status = status;
        }
        SubscriptionReady(s);
        pthread_cond_broadcast(&hub_changed);
}

static void SubscriptionQueue(HubSubscription *s, CimInstance *i)
{
        if (s->over)
                return;
        HubEvent *h = s->counts.queued < LIMIT_SUBSCRIPTION_QUEUE ? malloc(sizeof(*h)) : NULL;
        if (!h) { // an unread queue hurts only itself
                s->counts.lost++;
                return;
        }
        h->instance = cim_instance_ref(i);
        list_init(&h->link);
        list_push(&s->queue, &h->link);
        s->counts.queued++;
        SubscriptionReady(s);
        pthread_cond_broadcast(&hub_changed);
}

// --- the receiving thread -----------------------------------------------------------------------------------------

static void HubTakeReply(Hub *hub, ClientItem *item)
{
        LIST_EACH(i, &hub->requests) {
                HubRequest *r = list_entry(i, HubRequest, link);
                if (r->number != item->request)
                        continue;
                r->item = client_item_steal(item);
                r->done = TRUE;
                Wire_SUBSCRIBE_Reply reply;
                if (r->subscription && !cim_failed(r->item.status) &&
                    wire_get_SUBSCRIBE_reply(r->item.frame.payload, r->item.frame.size, &reply))
                        r->subscription->id = reply.subscription; // before its first event, which is behind the reply
                pthread_cond_broadcast(&hub_changed);
                return;
        }
}

static void HubTakeEvent(Hub *hub, const ClientItem *item)
{
        CimInstance *instance = NULL;
        if (client_item_instance(item, &instance, NULL) != 0) { // the service checked it: out of memory
                for (size_t i = 0; i < item->subscription_count; i++) {
                        HubSubscription *s = SubscriptionFind(hub, item->subscriptions[i]);
                        if (s)
                                s->counts.lost++;
                }
                return;
        }
        for (size_t i = 0; i < item->subscription_count; i++) {
                HubSubscription *s = SubscriptionFind(hub, item->subscriptions[i]);
                if (s)
                        SubscriptionQueue(s, instance);
        }
        cim_instance_unref(instance);
}

static void HubClose(Hub *hub)
{
        hub->closed = TRUE;
        LIST_EACH(i, &hub->requests) {
                HubRequest *r = list_entry(i, HubRequest, link);
                r->done = TRUE;
                r->error = -EPIPE;
        }
        LIST_EACH_SAFE(i, &hub->subscriptions)
                SubscriptionEnd(list_entry(i, HubSubscription, link), WBEM_E_TRANSPORT_FAILURE);
        pthread_cond_broadcast(&hub_changed);
}

static void HubTake(Hub *hub, ClientItem *item)
{
        HubSubscription *s;
        switch (item->kind) {
        case CLIENT_REPLY:
                HubTakeReply(hub, item);
                break;
        case CLIENT_EVENT:
                HubTakeEvent(hub, item);
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
        case CLIENT_HOST: // COM has no word for it
                break;
        }
}

// Callbacks that take too long cancel their subscription; the last SetStatus comes when they return.
static void HubCheckCallbacks(Hub *hub)
{
        uint64_t now = monotonic_ms();
        LIST_EACH_SAFE(i, &hub->subscriptions) {
                HubSubscription *s = list_entry(i, HubSubscription, link);
                if (!s->called || now - s->called < HUB_CALLBACK_MS || s->over)
                        continue;
                s->dropping = TRUE;
                Wire_CANCEL m = {.subscription = s->id};
                (void)client_send(hub->client, CANCEL, &m);
                SubscriptionEnd(s, WBEM_E_CALL_CANCELLED);
        }
}

static void HubFree(Hub *hub)
{
        client_free(hub->client);
        close(hub->wake);
        free(hub);
}

static void *HubReceive(void *p)
{
        Hub *hub = p;
        pthread_mutex_lock(&hub_lock);
        while (!hub->stop && !hub->closed) {
                ClientItem item;
                int r = client_next(hub->client, 0, &item);
                if (r == 0) {
                        HubTake(hub, &item);
                        client_item_deinit(&item);
                        continue;
                }
                if (r != -EAGAIN) {
                        HubClose(hub);
                        break;
                }
                HubCheckCallbacks(hub);
                struct pollfd fds[2] = {{client_fd(hub->client), POLLIN, 0}, {hub->wake, POLLIN, 0}};
                pthread_mutex_unlock(&hub_lock);
                poll(fds, 2, HUB_TICK_MS);
                pthread_mutex_lock(&hub_lock);
                if (fds[1].revents) {
                        uint64_t n;
                        if (read(hub->wake, &n, sizeof(n)) < 0)
                                continue;
                }
        }
        BOOL last = --hub->threads == 0 && hub->stop;
        pthread_cond_broadcast(&hub_changed);
        pthread_mutex_unlock(&hub_lock);
        if (last)
                HubFree(hub);
        return NULL;
}

// --- the pool ---------------------------------------------------------------------------------------------------

static HRESULT CallIndicate(HubSubscription *s, IWbemClassObject **objects, LONG n)
{
        hub_callbacks++;
        HRESULT hr = IWbemObjectSink_Indicate(s->sink, n, objects);
        hub_callbacks--;
        for (LONG i = 0; i < n; i++)
                IWbemClassObject_Release(objects[i]);
        return hr;
}

// Delivers one batch of s, which is busy. Called and returns with hub_lock held.
static void SubscriptionDeliver(HubSubscription *s)
{
        IWbemClassObject *objects[HUB_BATCH];
        CimInstance *instances[HUB_BATCH];
        LONG n = 0, made = 0;
        if (s->dropping)
                SubscriptionDropQueue(s);
        for (List *e; n < HUB_BATCH && (e = list_pop(&s->queue));) {
                HubEvent *h = list_entry(e, HubEvent, link);
                instances[n++] = h->instance;
                s->counts.queued--;
                free(h);
        }
        s->counts.delivered += (uint64_t)n;
        s->called = monotonic_ms();
        pthread_mutex_unlock(&hub_lock);
        for (LONG i = 0; i < n; i++)
                if (SUCCEEDED(ObjectFromInstance(instances[i], &objects[made])))
                        made++;
        HRESULT hr = made ? CallIndicate(s, objects, made) : S_OK;
        pthread_mutex_lock(&hub_lock);
        s->called = 0;
        s->counts.lost += (uint64_t)(n - made);
        if (FAILED(hr) && !s->over) { // a sink that fails wants no more
                s->dropping = TRUE;
                Wire_CANCEL m = {.subscription = s->id};
                if (!s->hub->closed)
                        (void)client_send(s->hub->client, CANCEL, &m);
                SubscriptionEnd(s, WBEM_E_CALL_CANCELLED);
        }
}

// The last word, and the sink is let go. Called and returns with hub_lock held.
static void SubscriptionTellEnd(HubSubscription *s)
{
        IWbemObjectSink *sink = s->sink;
        s->told = TRUE;
        s->sink = NULL;
        s->called = 0;
        pthread_mutex_unlock(&hub_lock);
        hub_callbacks++;
        IWbemObjectSink_SetStatus(sink, WBEM_STATUS_COMPLETE, s->status, NULL, NULL);
        IWbemObjectSink_Release(sink);
        hub_callbacks--;
        pthread_mutex_lock(&hub_lock);
}

static void *HubWork(void *p)
{
        Hub *hub = p;
        pthread_mutex_lock(&hub_lock);
        for (;;) {
                List *e = list_pop(&hub->ready);
                if (!e) {
                        if (hub->stop)
                                break;
                        hub->idle++;
                        pthread_cond_wait(&hub_changed, &hub_lock);
                        hub->idle--;
                        continue;
                }
                HubSubscription *s = list_entry(e, HubSubscription, ready);
                s->busy = TRUE;
                s->refs++;
                if (!list_empty(&s->queue) && !s->told)
                        SubscriptionDeliver(s);
                if (s->over && list_empty(&s->queue) && !s->told) {
                        SubscriptionTellEnd(s);
                        SubscriptionUnref(s); // the hub's own reference: a sink's subscription lives until told
                }
                s->busy = FALSE;
                if (s->sink && (!list_empty(&s->queue) || s->over))
                        SubscriptionReady(s);
                SubscriptionUnref(s);
        }
        BOOL last = --hub->threads == 0 && hub->stop;
        pthread_mutex_unlock(&hub_lock);
        if (last)
                HubFree(hub);
        return NULL;
}

static void HubStartThread(Hub *hub)
{
        pthread_t t;
        if (pthread_create(&t, NULL, HubWork, hub) != 0)
                return; // another thread, or a later event, will take the work
        pthread_detach(t);
        hub->threads++;
}

// --- the hub itself --------------------------------------------------------------------------------------------------

static HRESULT HubNew(Hub **ret)
{
        Diag diag = {0};
        Hub *hub = calloc(1, sizeof(*hub));
        if (!hub)
                return WBEM_E_OUT_OF_MEMORY;
        list_init(&hub->requests);
        list_init(&hub->subscriptions);
        list_init(&hub->ready);
        hub->refs = 1;
        hub->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        int r = client_connect(NULL, "com", &hub->client, &diag);
        if (r != 0 || hub->wake < 0) {
                HRESULT hr = r > 0 ? (HRESULT)diag.code : r < 0 ? HresultOfErrno(r) : (HRESULT)WBEM_E_OUT_OF_MEMORY;
                client_free(hub->client);
                if (hub->wake >= 0)
                        close(hub->wake);
                free(hub);
                return FAILED(hr) ? hr : (HRESULT)WBEM_E_TRANSPORT_FAILURE;
        }
        hub->threads = 1;
        if (pthread_create(&hub->receiver, NULL, HubReceive, hub) != 0) {
                HubFree(hub);
                return WBEM_E_OUT_OF_MEMORY;
        }
        pthread_detach(hub->receiver);
        *ret = hub;
        return S_OK;
}

HRESULT HubGet(Hub **ret)
{
        pthread_once(&hub_once, HubInit);
        pthread_mutex_lock(&hub_lock);
        HRESULT hr = S_OK;
        if (hub_current && hub_current->closed)
                hub_current = NULL; // its holders keep it; whoever connects now gets a new one
        if (hub_current)
                hub_current->refs++;
        else
                hr = HubNew(&hub_current);
        *ret = SUCCEEDED(hr) ? hub_current : NULL;
        pthread_mutex_unlock(&hub_lock);
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
        BOOL last = FALSE;
        pthread_mutex_lock(&hub_lock);
        if (--hub->refs == 0) {
                if (hub_current == hub)
                        hub_current = NULL;
                hub->stop = TRUE;
                uint64_t one = 1;
                if (write(hub->wake, &one, sizeof(one)) < 0)
                        hub->closed = TRUE; // cannot be: then the tick wakes it
                pthread_cond_broadcast(&hub_changed);
                last = hub->threads == 0;
        }
        pthread_mutex_unlock(&hub_lock);
        if (last)
                HubFree(hub);
}

// Sends and waits. Called and returns with hub_lock held.
static HRESULT RequestRun(Hub *hub, HubRequest *r, uint16_t operation, void (*put)(Buf *, uint32_t, const void *),
                          const void *message)
{
        if (hub->closed)
                return WBEM_E_TRANSPORT_FAILURE;
        int64_t number = client_send_frame(hub->client, operation, put, message);
        if (number < 0)
                return HresultOfErrno((int)number);
        r->number = (uint32_t)number;
        list_init(&r->link);
        list_push(&hub->requests, &r->link);
        while (!r->done)
                pthread_cond_wait(&hub_changed, &hub_lock);
        list_remove(&r->link);
        if (r->error)
                return HresultOfErrno(r->error);
        if (cim_failed(r->item.status)) {
                HRESULT hr = (HRESULT)r->item.status;
                client_item_deinit(&r->item);
                return hr;
        }
        return S_OK;
}

HRESULT HubCallFrame(Hub *hub, uint16_t operation, void (*put)(Buf *, uint32_t, const void *), const void *message,
                     ClientItem *ret)
{
        HubRequest r = {0};
        pthread_mutex_lock(&hub_lock);
        HRESULT hr = RequestRun(hub, &r, operation, put, message);
        pthread_mutex_unlock(&hub_lock);
        if (SUCCEEDED(hr))
                *ret = r.item;
        return hr;
}

HRESULT HubSubscribe(Hub *hub, const char *namespace, Str query, IWbemObjectSink *sink, void *context,
                     HubSubscription **ret)
{
        HubSubscription *s = calloc(1, sizeof(*s));
        if (!s)
                return WBEM_E_OUT_OF_MEMORY;
        s->hub = hub;
        s->refs = sink ? 2 : 1; // with a sink one is the hub's, until the sink was told the end
        s->context = context;
        s->told = !sink;
        list_init(&s->queue);
        list_init(&s->ready);
        list_init(&s->link);
        HubRequest r = {.subscription = s};
        Wire_SUBSCRIBE m = {.namespace = str_of(namespace), .language = STR("WQL"), .query = query};
        pthread_mutex_lock(&hub_lock);
        list_push(&hub->subscriptions, &s->link);
        HRESULT hr = RequestRun(hub, &r, WIRE_SUBSCRIBE,
                                (void (*)(Buf *, uint32_t, const void *))(void (*)(void))wire_put_SUBSCRIBE, &m);
        if (SUCCEEDED(hr)) {
                client_item_deinit(&r.item);
                if (sink) { // until it is set, events queue up
                        pthread_mutex_unlock(&hub_lock);
                        IWbemObjectSink_AddRef(sink);
                        pthread_mutex_lock(&hub_lock);
                        s->sink = sink;
                        SubscriptionReady(s);
                }
                *ret = s;
        } else {
                s->refs = 1;
                SubscriptionUnref(s);
        }
        pthread_mutex_unlock(&hub_lock);
        return hr;
}

// Under hub_lock.
static void SubscriptionCancel(HubSubscription *s, HRESULT status)
{
        s->dropping = TRUE;
        if (!s->over && !s->hub->closed) {
                Wire_CANCEL m = {.subscription = s->id};
                (void)client_send(s->hub->client, CANCEL, &m);
        }
        SubscriptionEnd(s, status);
}

void HubCancel(HubSubscription *s, HRESULT status)
{
        pthread_mutex_lock(&hub_lock);
        SubscriptionCancel(s, status);
        pthread_mutex_unlock(&hub_lock);
}

BOOL HubCancelSink(Hub *hub, void *context, IWbemObjectSink *sink, HRESULT status)
{
        BOOL found = FALSE;
        pthread_mutex_lock(&hub_lock);
        LIST_EACH_SAFE(i, &hub->subscriptions) {
                HubSubscription *s = list_entry(i, HubSubscription, link);
                if (s->context != context || (sink && s->sink != sink) || s->dropping)
                        continue;
                found = TRUE;
                SubscriptionCancel(s, status);
        }
        pthread_mutex_unlock(&hub_lock);
        return found;
}

void HubSubscriptionRelease(HubSubscription *s)
{
        pthread_mutex_lock(&hub_lock);
        if (!s->sink && s->refs == 1)
                SubscriptionCancel(s, WBEM_E_CALL_CANCELLED);
        SubscriptionUnref(s);
        pthread_mutex_unlock(&hub_lock);
}

HRESULT HubNext(HubSubscription *s, LONG timeout, CimInstance **ret)
{
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        if (timeout > 0) {
                until.tv_sec += timeout / 1000;
                until.tv_nsec += (long)(timeout % 1000) * 1000000;
                if (until.tv_nsec >= 1000000000) {
                        until.tv_sec++;
                        until.tv_nsec -= 1000000000;
                }
        }
        HRESULT hr = S_OK;
        pthread_mutex_lock(&hub_lock);
        while (list_empty(&s->queue) && !s->over && hr == S_OK) {
                if (timeout == 0)
                        hr = WBEM_S_TIMEDOUT;
                else if (timeout < 0)
                        pthread_cond_wait(&hub_changed, &hub_lock);
                else if (pthread_cond_timedwait(&hub_changed, &hub_lock, &until) == ETIMEDOUT && list_empty(&s->queue))
                        hr = WBEM_S_TIMEDOUT;
        }
        List *e = list_pop(&s->queue);
        if (e) {
                HubEvent *h = list_entry(e, HubEvent, link);
                *ret = h->instance;
                free(h);
                s->counts.queued--;
                s->counts.delivered++;
                hr = S_OK;
        } else if (s->over) {
                hr = FAILED(s->status) ? s->status : WBEM_S_FALSE;
        }
        pthread_mutex_unlock(&hub_lock);
        return hr;
}

void HubGetCounts(HubSubscription *s, HubCounts *ret)
{
        pthread_mutex_lock(&hub_lock);
        *ret = s->counts;
        pthread_mutex_unlock(&hub_lock);
}
