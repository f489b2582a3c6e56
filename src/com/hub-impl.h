// SPDX-License-Identifier: MIT
// Inside the hub: what its two files share.
//
//   hub.c     the connection, requests and their answers, the receiving thread
//   deliver.c the queues of subscriptions, Next, the pool of callback threads
//
// Two locks. `hub_lock` guards all of this but the client; nothing waits under it and no callback is made
// under it. `wire` of each hub guards its Client; it is taken last and for one read or write that does not
// wait. What a function expects is said at its head: "under hub_lock" unless it says otherwise.
//
// Who wakes whom: a request has a condition of its own (its caller waits), a subscription too (callers of
// Next), and the pool one (`work`), which is signalled once for each subscription that becomes ready. Nobody
// is woken in vain.
#ifndef COM_HUB_IMPL_H
#define COM_HUB_IMPL_H

#include "hub.h"

#include <pthread.h>

#include "base/filetime.h"
#include "base/limits.h"
#include "base/list.h"

enum {
        HUB_BUCKETS = 1024,    // subscriptions by id; LIMIT_SUBSCRIPTIONS of them at most
        HUB_BATCH = 64,        // events of one Indicate
        HUB_THREADS = 4,       // pool, while no callback is slow
        HUB_THREADS_MOST = 64, // pool, not counting threads whose callback is over its time
        HUB_STALL_MS = 100,    // a callback slower than this lets the pool grow
        HUB_TICK_MS = 1000,    // how often callbacks are looked after
        HUB_SPARE_MS = 10000,  // a thread beyond HUB_THREADS leaves after this time without work
        HUB_CALL_MS = 120000,  // an answer of the service; what WBEM_FLAG_CONNECT_USE_MAX_WAIT promises
        HUB_CALLBACK_MS =
                30000, // a callback that takes longer cancels its subscription ([MS-WMI] 3.1.2, sink timer)
};

typedef struct HubEvent {
        List link;
        CimInstance *instance;
} HubEvent;

// Somebody who takes events by callback: the sink of ExecNotificationQueryAsync (endless) or one NextAsync.
typedef struct HubTaker {
        List link;             // in takers of its subscription; in none while it is `current`
        IWbemObjectSink *sink; // a reference
        BOOL endless;
        ULONG left; // objects still to be delivered, unless endless
        BOOL cancelled;
} HubTaker;

struct HubSubscription {
        List link;               // in hub->subscriptions
        List ready;              // in hub->ready, while it waits for a pool thread
        List calling;            // in hub->calling, while a callback is in flight that is not over its time
        HubSubscription *bucket; // the next one of its bucket
        Hub *hub;
        unsigned refs; // its user's, one for each taker, one of a pool thread
        uint32_t id;   // 0: not answered yet
        void *context;
        BOOL async; // of ExecNotificationQueryAsync: ends with its taker
        List queue; // of HubEvent
        HubCounts counts;
        List takers;       // of HubTaker, in the order of their calls
        HubTaker *current; // the one that a pool thread serves
        pthread_cond_t moved;
        unsigned waiters; // for moved
        BOOL over;        // nothing more is queued
        BOOL dropping;    // cancelled: what is queued is not delivered either
        BOOL busy;        // a pool thread works on it
        BOOL hung;        // its callback is over its time
        uint64_t called;  // monotonic ms of the callback in flight
        HRESULT status;
};

typedef struct HubRequest {
        List link;
        uint32_t number;
        pthread_cond_t answered;
        BOOL done;
        int error;
        ClientItem item;
        HubSubscription *subscription; // to be entered under its id by the receiving thread
} HubRequest;

struct Hub {
        unsigned refs;
        pthread_mutex_t wire;
        Client *client;
        int wake; // eventfd: the receiving thread shall look up
        BOOL stop, closed;
        List requests, subscriptions;
        HubSubscription *by_id[HUB_BUCKETS];
        unsigned threads; // all of ours
        // the pool
        pthread_cond_t work;
        List ready, calling; // calling: oldest first
        unsigned workers, idle, hung, ready_count, takers;
};

extern pthread_mutex_t hub_lock;
extern uint64_t hub_call_ms, hub_callback_ms;

// A condition on the monotonic clock, and a moment `ms` from now for it.
void CondInit(pthread_cond_t *c);
struct timespec CondUntil(uint64_t ms);

// Tells the service that a subscription is not wanted any more; does not wait.
void HubUnsubscribe(Hub *hub, uint32_t id);
// Makes the receiving thread look up.
void HubWake(Hub *hub);
// The calling thread, one of hub->threads, touches the hub no more. Unlocks hub_lock.
void HubThreadLeaves(Hub *hub);

// One reference, of its user. NULL: out of memory.
HubSubscription *SubscriptionNew(Hub *hub, void *context);
void SubscriptionUnref(HubSubscription *s);
// FALSE: there is one of that id, or it is 0.
BOOL SubscriptionEnter(HubSubscription *s, uint32_t id);
HubSubscription *SubscriptionFind(const Hub *hub, uint32_t id);
void SubscriptionQueue(HubSubscription *s, CimInstance *i);  // takes a reference of its own
void SubscriptionEnd(HubSubscription *s, HRESULT status);    // nothing more is queued; what is, is delivered
void SubscriptionCancel(HubSubscription *s, HRESULT status); // and what is queued is dropped
// Adds a taker, whose sink has its reference already.
void TakerAdd(HubSubscription *s, HubTaker *take);

// There is at least one callback thread. FALSE: it cannot be started.
BOOL PoolEnsure(Hub *hub);
// Looks after callbacks that take too long. For the receiving thread, every HUB_TICK_MS.
void PoolCheck(Hub *hub);

// Sends and waits for the answer, up to hub_call_ms.
HRESULT RequestRun(Hub *hub, HubRequest *r, uint16_t operation, void (*put)(Buf *, uint32_t, const void *),
                   const void *message);

#endif
