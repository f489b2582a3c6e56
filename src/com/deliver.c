// SPDX-License-Identifier: MIT
// Subscriptions: their queues, Next, and the pool of threads that call sinks.
//
// A subscription whose sink can be called (an event and a taker, or the end and a taker) is `ready`: it
// stands in the hub's list until a pool thread takes it, makes one callback, and puts it back if there is
// more to do. So sinks take turns, and the callbacks of one subscription never overlap.
#include "hub-impl.h"

#include <errno.h>

static void PoolGrow(Hub *hub);

// --- life
// ---------------------------------------------------------------------------------------------------------

HubSubscription *SubscriptionNew(Hub *hub, void *context)
{
        HubSubscription *s = calloc(1, sizeof(*s));
        if (!s)
                return NULL;
        s->hub = hub;
        s->refs = 1;
        s->context = context;
        CondInit(&s->moved);
        list_init(&s->queue);
        list_init(&s->takers);
        list_init(&s->ready);
        list_init(&s->calling);
        list_init(&s->link);
        list_push(&hub->subscriptions, &s->link);
        return s;
}

static HubSubscription **SubscriptionPlace(Hub *hub, uint32_t id)
{
        HubSubscription **p = &hub->by_id[id % HUB_BUCKETS];
        while (*p && (*p)->id != id)
                p = &(*p)->bucket;
        return p;
}

HubSubscription *SubscriptionFind(const Hub *hub, uint32_t id)
{
        HubSubscription *s = hub->by_id[id % HUB_BUCKETS];
        while (s && s->id != id)
                s = s->bucket;
        return s;
}

BOOL SubscriptionEnter(HubSubscription *s, uint32_t id)
{
        HubSubscription **place = SubscriptionPlace(s->hub, id);
        if (!id || *place)
                return FALSE;
        s->id = id;
        *place = s;
        return TRUE;
}

// The service's messages find it no more.
static void SubscriptionLeave(HubSubscription *s)
{
        HubSubscription **place = SubscriptionPlace(s->hub, s->id);
        if (*place == s)
                *place = s->bucket;
}

static void SubscriptionDropQueue(HubSubscription *s)
{
        for (List *e; (e = list_pop(&s->queue));) {
                HubEvent *h = list_entry(e, HubEvent, link);
                cim_instance_unref(h->instance);
                free(h);
        }
        s->counts.queued = 0;
}

void SubscriptionUnref(HubSubscription *s)
{
        if (--s->refs)
                return;
        SubscriptionDropQueue(s);
        SubscriptionLeave(s);
        list_remove(&s->link);
        pthread_cond_destroy(&s->moved);
        free(s);
}

// --- queues
// -------------------------------------------------------------------------------------------------------

// Puts it into the list of the pool if there is something to do and nobody does it. TRUE: it was put there.
static BOOL SubscriptionPush(HubSubscription *s)
{
        List *first = list_first(&s->takers);
        if (!first || s->busy || !list_empty(&s->ready))
                return FALSE;
        if (list_empty(&s->queue) && !s->over && !list_entry(first, HubTaker, link)->cancelled)
                return FALSE;
        list_push(&s->hub->ready, &s->ready);
        s->hub->ready_count++;
        return TRUE;
}

static void SubscriptionReady(HubSubscription *s)
{
        if (!SubscriptionPush(s))
                return;
        pthread_cond_signal(&s->hub->work);
        PoolGrow(s->hub);
}

void SubscriptionQueue(HubSubscription *s, CimInstance *i)
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
        if (s->waiters)
                pthread_cond_signal(&s->moved);
        SubscriptionReady(s);
}

static CimInstance *SubscriptionTake(HubSubscription *s)
{
        List *e = list_pop(&s->queue);
        if (!e)
                return NULL;
        HubEvent *h = list_entry(e, HubEvent, link);
        CimInstance *i = h->instance;
        free(h);
        s->counts.queued--;
        s->counts.delivered++;
        return i;
}

void SubscriptionEnd(HubSubscription *s, HRESULT status)
{
        if (!s->over) {
                s->over = TRUE;
                s->status = status;
                SubscriptionLeave(s);
        }
        pthread_cond_broadcast(&s->moved);
        SubscriptionReady(s);
}

void SubscriptionCancel(HubSubscription *s, HRESULT status)
{
        s->dropping = TRUE;
        SubscriptionDropQueue(s);
        if (!s->over)
                HubUnsubscribe(s->hub, s->id);
        SubscriptionEnd(s, status);
}

// What is said of a subscription that is over, to whoever asks for more.
static HRESULT SubscriptionStatus(const HubSubscription *s)
{
        return FAILED(s->status) ? s->status : (HRESULT)WBEM_S_FALSE;
}

// --- takers
// -------------------------------------------------------------------------------------------------------

static HubTaker *TakerNew(BOOL endless, ULONG left)
{
        HubTaker *t = calloc(1, sizeof(*t));
        if (!t)
                return NULL;
        t->endless = endless;
        t->left = left;
        list_init(&t->link);
        return t;
}

void TakerAdd(HubSubscription *s, HubTaker *take)
{
        s->refs++;
        list_push(&s->takers, &take->link);
        if (s->hub->takers++ == 0)
                HubWake(s->hub); // callbacks have a time limit from now on
        SubscriptionReady(s);
}

// Its sink gets nothing more but the last SetStatus, at once, whoever stands before it.
static void TakerCancel(HubSubscription *s, HubTaker *t)
{
        t->cancelled = TRUE;
        if (t == s->current)
                return; // the thread that serves it will see it
        list_remove(&t->link);
        list_push(s->takers.next, &t->link); // before the first
        SubscriptionReady(s);
}

// --- callbacks: the lock is given up for them
// ---------------------------------------------------------------------

static void CallBegin(HubSubscription *s)
{
        s->called = monotonic_ms();
        list_push(&s->hub->calling, &s->calling);
        pthread_mutex_unlock(&hub_lock);
}

static void CallEnd(HubSubscription *s)
{
        pthread_mutex_lock(&hub_lock);
        list_remove(&s->calling);
        s->hub->hung -= s->hung ? 1 : 0;
        s->hung = FALSE;
}

// One Indicate.
static void TakerDeliver(HubSubscription *s, HubTaker *t)
{
        IWbemClassObject *objects[HUB_BATCH];
        CimInstance *instances[HUB_BATCH];
        ULONG n = 0, made = 0;
        while (n < HUB_BATCH && (t->endless || n < t->left) && (instances[n] = SubscriptionTake(s)))
                n++;
        CallBegin(s);
        for (ULONG i = 0; i < n; i++)
                if (SUCCEEDED(ObjectFromInstance(instances[i], &objects[made])))
                        made++;
        HRESULT hr = made ? IWbemObjectSink_Indicate(t->sink, (LONG)made, objects) : S_OK;
        for (ULONG i = 0; i < made; i++)
                IWbemClassObject_Release(objects[i]);
        CallEnd(s);
        s->counts.lost += n - made;
        s->counts.delivered -= n - made;
        if (!t->endless)
                t->left -= made;
        if (SUCCEEDED(hr))
                return;
        if (t->endless && !s->over) // a sink that fails wants no more
                SubscriptionCancel(s, WBEM_E_CALL_CANCELLED);
        else if (!t->endless)
                t->cancelled = TRUE;
}

// The last word; the sink is let go.
static void TakerEnd(HubSubscription *s, HubTaker *t)
{
        HRESULT status = t->cancelled              ? (HRESULT)WBEM_E_CALL_CANCELLED
                         : !t->endless && !t->left ? (HRESULT)WBEM_S_NO_ERROR
                                                   : SubscriptionStatus(s);
        CallBegin(s);
        IWbemObjectSink_SetStatus(t->sink, WBEM_STATUS_COMPLETE, status, NULL, NULL);
        IWbemObjectSink_Release(t->sink);
        CallEnd(s);
        free(t);
        if (--s->hub->takers == 0 && s->hub->stop)
                HubWake(s->hub); // the receiving thread waited for this
}

// One turn of a subscription that was ready.
static void SubscriptionWork(HubSubscription *s)
{
        List *first = list_pop(&s->takers);
        if (!first)
                return;
        HubTaker *t = list_entry(first, HubTaker, link);
        s->busy = TRUE;
        s->current = t;
        s->refs++;
        if (!t->cancelled && !list_empty(&s->queue))
                TakerDeliver(s, t);
        if (t->cancelled || (!t->endless && !t->left) || (s->over && list_empty(&s->queue))) {
                TakerEnd(s, t);
                SubscriptionUnref(s); // the taker's
        } else {
                list_push(s->takers.next, &t->link); // first again
        }
        s->current = NULL;
        s->busy = FALSE;
        SubscriptionPush(s); // this thread looks there next: nobody need be woken
        SubscriptionUnref(s);
}

// --- the pool
// -----------------------------------------------------------------------------------------------------

static void *PoolRun(void *p)
{
        Hub *hub = p;
        pthread_mutex_lock(&hub_lock);
        for (;;) {
                List *e = list_pop(&hub->ready);
                if (e) {
                        hub->ready_count--;
                        SubscriptionWork(list_entry(e, HubSubscription, ready));
                        continue;
                }
                if (hub->stop)
                        break;
                BOOL spare = hub->workers - hub->hung > HUB_THREADS;
                struct timespec until = CondUntil(HUB_SPARE_MS);
                hub->idle++;
                int r = spare ? pthread_cond_timedwait(&hub->work, &hub_lock, &until)
                              : pthread_cond_wait(&hub->work, &hub_lock);
                hub->idle--;
                if (r == ETIMEDOUT && list_empty(&hub->ready) && hub->workers - hub->hung > HUB_THREADS)
                        break;
        }
        hub->workers--;
        HubThreadLeaves(hub);
        return NULL;
}

static BOOL PoolStart(Hub *hub)
{
        pthread_t t;
        if (pthread_create(&t, NULL, PoolRun, hub) != 0)
                return FALSE;
        pthread_detach(t);
        hub->workers++;
        hub->threads++;
        return TRUE;
}

BOOL PoolEnsure(Hub *hub)
{
        return hub->workers > hub->hung || PoolStart(hub);
}

// One more thread when there is more to do than threads that wait for it. Beyond HUB_THREADS only when a
// callback is slow: then the threads are in sinks that sleep, not at work.
static void PoolGrow(Hub *hub)
{
        if (hub->ready_count <= hub->idle)
                return;
        unsigned able = hub->workers - hub->hung;
        List *oldest = list_first(&hub->calling);
        BOOL slow = oldest &&
                    monotonic_ms() - list_entry(oldest, HubSubscription, calling)->called >= HUB_STALL_MS;
        if (able < HUB_THREADS || (slow && able < HUB_THREADS_MOST))
                (void)PoolStart(
                        hub); // if not: another thread will take the work, or the next tick tries again
}

void PoolCheck(Hub *hub)
{
        uint64_t now = monotonic_ms();
        LIST_EACH_SAFE(i, &hub->calling)
        {
                HubSubscription *s = list_entry(i, HubSubscription, calling);
                if (now - s->called < hub_callback_ms)
                        break;
                list_remove(i);
                s->hung = TRUE; // the thread is lost to the pool until the callback returns, and so is this
                                // sink
                hub->hung++;
                if (s->current->endless)
                        SubscriptionCancel(s, WBEM_E_CALL_CANCELLED);
                else
                        s->current->cancelled = TRUE;
        }
        PoolGrow(hub);
}

// --- what the objects use
// -----------------------------------------------------------------------------------------

HRESULT HubSubscribe(Hub *hub, const char *namespace, Str query, IWbemObjectSink *sink, void *context,
                     HubSubscription **ret)
{
        HubTaker *t = sink ? TakerNew(TRUE, 0) : NULL;
        if (sink && !t)
                return WBEM_E_OUT_OF_MEMORY;
        Wire_EXEC_NOTIFICATION_QUERY m = {.namespace = str_of(namespace), .language = STR("WQL"), .query = query};
        pthread_mutex_lock(&hub_lock);
        HubSubscription *s = SubscriptionNew(hub, context);
        HubRequest r = {.subscription = s};
        HRESULT hr = !s || (sink && !PoolEnsure(hub)) ? (HRESULT)WBEM_E_OUT_OF_MEMORY : S_OK;
        if (SUCCEEDED(hr))
                hr = RequestRun(hub, &r, WIRE_EXEC_NOTIFICATION_QUERY,
                                (void (*)(Buf *, uint32_t, const void *))(void (*)(void))wire_put_EXEC_NOTIFICATION_QUERY,
                                &m);
        if (SUCCEEDED(hr)) {
                client_item_deinit(&r.item);
                if (sink) { // until it is there, events queue up
                        pthread_mutex_unlock(&hub_lock);
                        IWbemObjectSink_AddRef(sink);
                        pthread_mutex_lock(&hub_lock);
                        s->async = TRUE;
                        t->sink = sink;
                        TakerAdd(s, t);
                        t = NULL;
                }
        }
        if (SUCCEEDED(hr) && !sink)
                *ret = s;
        else if (s)
                SubscriptionUnref(s); // of a sink: the taker holds it
        pthread_mutex_unlock(&hub_lock);
        free(t);
        return hr;
}

void HubSubscriptionRelease(HubSubscription *s)
{
        pthread_mutex_lock(&hub_lock);
        SubscriptionCancel(s, WBEM_E_CALL_CANCELLED);
        SubscriptionUnref(s);
        pthread_mutex_unlock(&hub_lock);
}

// Calls of NextAsync with this sink.
static BOOL CancelTakers(HubSubscription *s, const IWbemObjectSink *sink)
{
        BOOL found = FALSE;
        if (s->current && s->current->sink == sink && !s->current->cancelled) {
                TakerCancel(s, s->current);
                found = TRUE;
        }
        LIST_EACH_SAFE(i, &s->takers)
        {
                HubTaker *t = list_entry(i, HubTaker, link);
                if (t->sink != sink || t->cancelled)
                        continue;
                TakerCancel(s, t);
                found = TRUE;
        }
        return found;
}

// Is it ExecNotificationQueryAsync's, with this sink?
static BOOL AsyncOf(const HubSubscription *s, const IWbemObjectSink *sink)
{
        const HubTaker *t = s->current;
        if (!t && !list_empty(&s->takers))
                t = list_entry(s->takers.next, HubTaker, link);
        return s->async && t && t->sink == sink;
}

BOOL HubCancelSink(Hub *hub, void *context, IWbemObjectSink *sink, HRESULT status)
{
        BOOL found = FALSE;
        pthread_mutex_lock(&hub_lock);
        LIST_EACH_SAFE(i, &hub->subscriptions)
        {
                HubSubscription *s = list_entry(i, HubSubscription, link);
                if (s->context != context)
                        continue;
                if (sink && !s->async) {
                        found |= CancelTakers(s, sink);
                } else if ((!sink || AsyncOf(s, sink)) && !s->dropping) {
                        SubscriptionCancel(s, status);
                        found = TRUE;
                }
        }
        pthread_mutex_unlock(&hub_lock);
        return found;
}

HRESULT HubNext(HubSubscription *s, LONG timeout, CimInstance **ret)
{
        struct timespec until = CondUntil(timeout > 0 ? (uint64_t)timeout : 0);
        BOOL late = timeout == 0;
        pthread_mutex_lock(&hub_lock);
        s->waiters++;
        while (list_empty(&s->queue) && !s->over && !late)
                if (timeout < 0)
                        pthread_cond_wait(&s->moved, &hub_lock);
                else
                        late = pthread_cond_timedwait(&s->moved, &hub_lock, &until) == ETIMEDOUT;
        s->waiters--;
        *ret = SubscriptionTake(s);
        HRESULT hr = *ret ? S_OK : s->over ? SubscriptionStatus(s) : (HRESULT)WBEM_S_TIMEDOUT;
        pthread_mutex_unlock(&hub_lock);
        return hr;
}

HRESULT HubNextAsync(HubSubscription *s, ULONG n, IWbemObjectSink *sink)
{
        HubTaker *t = TakerNew(FALSE, n);
        if (!t)
                return WBEM_E_OUT_OF_MEMORY;
        t->sink = sink;
        IWbemObjectSink_AddRef(sink); // before the lock: it is a callback too
        pthread_mutex_lock(&hub_lock);
        HRESULT hr = s->over && list_empty(&s->queue) ? SubscriptionStatus(s)
                     : PoolEnsure(s->hub)             ? S_OK
                                                      : (HRESULT)WBEM_E_OUT_OF_MEMORY;
        if (hr == S_OK)
                TakerAdd(s, t);
        pthread_mutex_unlock(&hub_lock);
        if (hr != S_OK) {
                IWbemObjectSink_Release(sink);
                free(t);
        }
        return hr;
}

void HubGetCounts(HubSubscription *s, HubCounts *ret)
{
        pthread_mutex_lock(&hub_lock);
        *ret = s->counts;
        pthread_mutex_unlock(&hub_lock);
}
