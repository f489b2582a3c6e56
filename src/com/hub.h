// SPDX-License-Identifier: MIT
// Hub: the one connection of this process to the service, its receiving thread, and the threads that call sinks.
//
//   service --- socket --- receiving thread ---+-- answers: wake the caller that waits (HubCall)
//                                              +-- events:  into the queue of each HubSubscription
//                                                              |-- an enumerator's Next takes them from there
//                                                              '-- a pool thread hands them to a sink
//
// One lock guards the connection and all queues; it is never held across a callback. A subscription with a sink is
// worked on by at most one pool thread at a time, so its callbacks never overlap and keep their order.
#ifndef COM_HUB_H
#define COM_HUB_H

#include "com.h"

#include "cim/instance.h"
#include "cim/status.h"
#include "client/client.h"

typedef struct Hub Hub;
typedef struct HubSubscription HubSubscription;

// The hub for the service that the environment names; started by the first caller. WBEM_E_TRANSPORT_FAILURE,
// WBEM_E_ACCESS_DENIED, WBEM_E_OUT_OF_MEMORY.
HRESULT HubGet(Hub **ret);
void HubAddRef(Hub *hub);
void HubRelease(Hub *hub); // the last one ends the threads

// A request and its answer; waits for it. The reply item is to be deinited on success. Failures are the service's.
HRESULT HubCallFrame(Hub *hub, uint16_t operation, void (*put)(Buf *, uint32_t, const void *), const void *message,
                     ClientItem *ret);
#define HubCall(hub, X, message, ret)                                                                                  \
        HubCallFrame((hub), WIRE_##X, (void (*)(Buf *, uint32_t, const void *))(void (*)(void))wire_put_##X, (message), (ret))

// Subscribes. With a sink (referenced on success only) its callbacks come from pool threads; `context` is what
// CancelAsyncCall looks for. Without, HubNext takes the events. The caller holds one reference to *ret.
HRESULT HubSubscribe(Hub *hub, const char *namespace, Str query, IWbemObjectSink *sink, void *context,
                     HubSubscription **ret);
// Ends it: nothing more is queued or delivered. A sink gets its last SetStatus with `status` from a pool thread,
// unless it had it, and is then released. Does not wait.
void HubCancel(HubSubscription *s, HRESULT status);
// Cancels every subscription of `context` whose sink is `sink` (NULL: all, enumerators too). FALSE: there is none.
BOOL HubCancelSink(Hub *hub, void *context, IWbemObjectSink *sink, HRESULT status);
void HubSubscriptionRelease(HubSubscription *s); // cancels when it was the last reference of a user

// Takes the next event within `timeout` ms (negative: no limit). 0 with a reference; WBEM_S_TIMEDOUT; WBEM_S_FALSE or
// a failure when the subscription is over and its queue empty.
HRESULT HubNext(HubSubscription *s, LONG timeout, CimInstance **ret);

typedef struct HubCounts {
        uint64_t lost, queued, delivered;
} HubCounts;
void HubGetCounts(HubSubscription *s, HubCounts *ret);

// Is this thread inside a callback of a sink?
BOOL HubInCallback(void);

// An IWbemClassObject over an event (object.c). Takes the reference to the instance, also on failure.
HRESULT ObjectFromInstance(CimInstance *take_instance, IWbemClassObject **ret);
HRESULT ObjectFromClass(const CimClass *c, IWbemClassObject **ret);

// errno and Diag to HRESULT: the one place.
HRESULT HresultOfErrno(int negative_errno);

#endif
