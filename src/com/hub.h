// SPDX-License-Identifier: MIT
// Hub: the one connection of this process to the service, its receiving thread, and the threads that call
// sinks.
//
//   service --- socket --- receiving thread ---+-- answers: wake the caller that waits (HubCall)
//                                              +-- events:  into the queue of each HubSubscription
//                                                              |-- an enumerator's Next takes them from there
//                                                              '-- a pool thread hands them to a sink
//
// No lock is held across a callback. A subscription is worked on by at most one pool thread at a time, so its
// callbacks never overlap and keep their order. The pool grows while callbacks are slow, so that a sink that
// sleeps delays nobody else. hub-impl.h tells about locks and wake-ups.
//
// The hub lives as long as somebody holds a reference; the last release may come from a callback. Its threads
// end by themselves afterwards. When the service goes, every call in flight fails, every enumerator and sink
// is told WBEM_E_TRANSPORT_FAILURE, and the next HubGet makes a new hub.
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

// A request and its answer. Waits up to two minutes (FREEWMI_CALL_TIMEOUT seconds): SUBSCRIBE is answered
// when the driver hosts have enabled the event or their deadline, some seconds, has passed; the rest at once.
// The reply item is to be deinited on success. Failures are the service's, WBEM_E_TIMED_OUT,
// WBEM_E_TRANSPORT_FAILURE, WBEM_E_OUT_OF_MEMORY.
HRESULT HubCallFrame(Hub *hub, uint16_t operation, void (*put)(Buf *, uint32_t, const void *),
                     const void *message, ClientItem *ret);
#define HubCall(hub, X, message, ret)                                                                        \
        HubCallFrame((hub), WIRE_##X, (void (*)(Buf *, uint32_t, const void *))(void (*)(void))wire_put_##X, \
                     (message), (ret))

// Ends a handle of the service's (0: none) without waiting.
void HubCancel(Hub *hub, uint32_t handle);

// Subscribes; failures as of HubCall. `context` is what HubCancelSink looks for.
// With a sink (referenced on success only) callbacks come from pool threads until it got its last SetStatus;
// then it is released. ret is NULL. Without, HubNext and HubNextAsync take the events, and the caller holds
// *ret.
HRESULT HubSubscribe(Hub *hub, const char *namespace, Str query, IWbemObjectSink *sink, void *context,
                     HubSubscription **ret);
// The holder of *ret lets it go: the subscription ends.
void HubSubscriptionRelease(HubSubscription *s);
// Cancels all calls of `context` whose sink is `sink` (NULL: all of its subscriptions, enumerators too):
// nothing more is delivered, and each gets its last SetStatus with `status` from a pool thread. Does not
// wait. FALSE: there is none.
BOOL HubCancelSink(Hub *hub, void *context, IWbemObjectSink *sink, HRESULT status);

// Takes the next event within `timeout` ms (negative: no limit). S_OK with a reference; WBEM_S_TIMEDOUT;
// WBEM_S_FALSE or a failure when the subscription is over and its queue empty.
HRESULT HubNext(HubSubscription *s, LONG timeout, CimInstance **ret);
// Hands the next n (> 0) events to the sink from a pool thread, behind the calls before it, and then the one
// SetStatus: WBEM_S_NO_ERROR; WBEM_S_FALSE or a failure when the subscription was over before. Does not wait.
// S_OK with a reference to the sink; as HubNext when it is over and its queue empty: then the sink hears
// nothing. WBEM_E_OUT_OF_MEMORY.
HRESULT HubNextAsync(HubSubscription *s, ULONG n, IWbemObjectSink *sink);

typedef struct HubCounts {
        uint64_t lost, queued, delivered;
} HubCounts;
void HubGetCounts(HubSubscription *s, HubCounts *ret);

// An IWbemClassObject over an instance or a class definition (object.c). Takes the reference, also on failure.
HRESULT ObjectFromInstance(CimInstance *take_instance, IWbemClassObject **ret);
// What is behind an object, borrowed; NULL: it is not one of ours.
const CimInstance *ObjectInstance(IWbemClassObject *object);
// The same over an __ExtendedStatus, which answers IErrorInfo too.
HRESULT ObjectFromStatus(CimInstance *take_instance, IErrorInfo **ret);

// errno and Diag to HRESULT: the one place.
HRESULT HresultOfErrno(int negative_errno);

#endif
