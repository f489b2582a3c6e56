// SPDX-License-Identifier: MIT
// Service: namespaces and their classes, subscriptions, the router between driver hosts and clients.
//
// Passive: without `storage_thread` it has no thread, without `repository` no file; it installs no signal handler.
// Whoever embeds it polls one descriptor and calls one function:
//
//   Service *s;
//   service_new(&(ServiceConfig){.log = log}, &s);
//   service_listen(s, path, &diag);            // or service_adopt(s, one end of a socketpair)
//   while (poll(&(struct pollfd){service_fd(s), POLLIN, 0}, 1, -1) >= 0)
//           service_dispatch(s);
//
// One event's way: host.c reads a frame of a driver host -> router.c copies it, checks it, extracts the properties
// that queries of its class use, evaluates their plans -> session.c queues it once for each session with the ids of
// the subscriptions that it matched -> the session's socket. What does not fit into a subscription's queue is dropped
// there, counted, and told in the stream.
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "base/error.h"
#include "base/log.h"
#include "cim/schema.h"

typedef struct Service Service;

// Zero means the default.
typedef struct ServiceConfig {
        LogSink log;
        uint32_t queue;           // events that may wait for one subscription; LIMIT_SUBSCRIPTION_QUEUE
        uint32_t session_bytes;   // bytes that may wait for one session; LIMIT_SESSION_QUEUE_BYTES
        uint32_t irp_timeout_ms;  // how long SUBSCRIBE waits for driver hosts; 5000
        uint32_t unload_timeout_ms; // how long UNLOAD_DRIVER waits; 30000
        const char *repository;   // file of the store; NULL: in memory
        bool storage_thread;      // the store works in a thread of its own, so that nothing waits for the disk
} ServiceConfig;

// Opens the store (repository.h), which has the namespaces root, root\default, root\cimv2, root\wmi, root\subscription
// with the system classes, and what was put into its file before. 0; -ENOMEM; -errno of epoll; E_DIAG: the file cannot
// be used (CIM_E_ALREADY_EXISTS: another service has it; CIM_E_INITIALIZATION_FAILURE: damaged).
int service_new(const ServiceConfig *config, Service **ret, Diag *reterr);
// Brings what was asked of the store to its end, tells every session and host that it ends (CIM_E_SHUTTING_DOWN), closes
// all, frees all. NULL is fine.
Service *service_free(Service *s);

// Listens on a Unix stream socket with mode 0600; a stale file is replaced, a live service is not (E_DIAG).
int service_listen(Service *s, const char *path, Diag *reterr);
// Takes a connected stream socket, even on failure. Its peer says in HELLO what it is. 0, -errno.
int service_adopt(Service *s, int take_fd);

// Readable when there is something to do, deadlines included.
int service_fd(const Service *s);
// Does what can be done without waiting, and returns how many descriptors were ready; -errno only when the service
// itself is broken.
int service_dispatch(Service *s);

// The classes as they are now. Borrowed until the next dispatch.
const CimSchema *service_schema(const Service *s);

// Calls tell for each class that a live query names and whose events no driver has announced: neither its GUID nor that
// of a class derived from it is among the registrations of the connected hosts. (A driver may fire it all the same, by
// a name of its own.) False, and no call: no host has registered anything yet.
bool service_unheard(const Service *s, void (*tell)(void *context, const CimClass *c), void *context);

// What a namespace has from the start: the StoreSeed of the service's own repository, for those who look into its file
// without a service (repository_check). The context is not used.
int service_seed(void *context, Str namespace, CimSchema **schema, Diag *reterr);

// Figures since the start, for tests, `wmi driver list` and a status page.
typedef struct ServiceStats {
        uint64_t events_in, events_malformed, events_unmatched, events_raised, deliveries, dropped, source_dropped;
        uint32_t sessions, hosts, subscriptions;
} ServiceStats;
void service_stats(const Service *s, ServiceStats *ret);

#endif
