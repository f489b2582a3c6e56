// SPDX-License-Identifier: MIT
// Inside the service: its objects and who owns them.
//
//   Service ─┬─ Connection ─┬─ Session ─┬─ Subscription ── plan
//            │               │           ├─ Enumeration ─── plan, cursor
//            │               │           ├─ Sink (events come in)
//            │               │           ├─ Job (a reply that comes from the store)
//            │               │           └─ Waiter (a reply that comes from a driver host)
//            │               └─ Host ────── Registration
//            ├─ Topic: a class that somebody subscribed to, with its subscriptions
//            ├─ Route: a GUID's classes, or one class, and the subscriptions and properties at stake
//            ├─ ClassHandle: a version of a class that streams name
//            └─ repository, schema, wanted table, timers
//
// A Connection is bytes in and items out; HELLO makes it a Session (a client) or a Host (a driver host). All
// runs in the thread that calls service_dispatch, except Job.run, which may be in the storage thread and touches
// nothing but its job and the store. A connection that ends is only marked; service_settle tears it down when no
// handler is under way, so handlers never lose an object under their feet.
#ifndef SERVICE_INTERNAL_H
#define SERVICE_INTERNAL_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/list.h"
#include "cim/codec.h"
#include "cim/event.h"
#include "repository/repository.h"
#include "service/service.h"
#include "wire/message.h"
#include "wql/wql.h"

typedef struct Connection Connection;
typedef struct Session Session;
typedef struct Host Host;
typedef struct Subscription Subscription;
typedef struct Topic Topic;
typedef struct Route Route;
typedef struct ClassHandle ClassHandle;
typedef struct Enumeration Enumeration;
typedef struct Job Job;

enum { SERVICE_HELLO_MS = 5000 }; // a peer that has not said HELLO by then is dropped

// --- identity and rights (access.c) --------------------------------------------------------------
// Who is at the other end. Only a door makes one; all zero is nobody.
typedef struct Identity {
        bool known;
        uid_t uid;
        gid_t gid;
        pid_t pid;
} Identity;

typedef enum Right {
        RIGHT_NONE,
        RIGHT_ENABLE,
        RIGHT_METHOD_EXECUTE,
        RIGHT_FULL_WRITE,
        RIGHT_PARTIAL_WRITE,
        RIGHT_SUBSCRIBE,
        RIGHT_PUBLISH,
        RIGHT_HOST
} Right;
typedef enum From { FROM_ANY, FROM_CLIENT, FROM_HOST, FROM_EVENTS, FROM_ORDERS, FROM_NOBODY } From;

// The one place that judges. The default is no.
bool access_may(const Service *s, const Identity *who, Right right);
// What the table of operations says; FROM_NOBODY: not in the table.
From access_from(uint16_t operation, Right *ret);
// The identity behind a connected socket. 0, -errno.
int access_identify(int fd, Identity *ret);

// --- timers (service.c) --------------------------------------------------------------------------
typedef struct Timer Timer;
struct Timer {
        List link;
        uint64_t due; // monotonic_ms
        void (*run)(Timer *t);
};
void timer_init(Timer *t, void (*run)(Timer *t));
void timer_set(Service *s, Timer *t, uint64_t in_ms);
void timer_clear(Timer *t);

// --- what goes out (out.c) -----------------------------------------------------------------------
// Bytes that several queues share.
typedef struct Blob {
        unsigned refs;
        size_t size;
        _Alignas(16) uint8_t bytes[];
} Blob;
Blob *blob_new(const void *bytes, size_t n); // bytes NULL: to be written yet. NULL: out of memory
Blob *blob_ref(Blob *b);
Blob *blob_unref(Blob *b);

typedef enum OutKind {
        OUT_CONTROL,
        OUT_WANTED,
        OUT_CLASS,
        OUT_EVENT,
        OUT_LOST,
        OUT_LAST,
        OUT_NOTICE
} OutKind;

// One frame on its way out: `head`, then the shared bytes.
typedef struct Out {
        List link;
        OutKind kind;
        uint8_t source;     // OUT_LOST
        uint32_t sub_count; // OUT_EVENT, OUT_LOST: whose it is; an entry is NULL when that subscription has
                            // ended
        Subscription **subs;
        uint64_t count; // OUT_LOST
        uint8_t *head;  // in this allocation, or in `owned`
        size_t head_size;
        uint8_t *owned;
        Blob *tail;
        Host *host;    // OUT_WANTED: whose `wanted` points here
        size_t charge; // bytes of memory that it stands for
} Out;

// What waits to be sent on one connection. `sending` is the batch under way: frozen; then all of `control`
// (replies, orders), then `stream` (classes, events, losses, in order).
typedef struct OutQueue {
        List sending, control, stream;
        size_t sent;          // bytes of the first item of `sending` that are written
        size_t control_bytes; // in control
        size_t stream_bytes;  // in stream, and in the early lists of subscriptions
        size_t notices;
} OutQueue;

// --- connections (connection.c) ------------------------------------------------------------------
struct Connection {
        Service *service;
        List link;       // in service->connections
        List dirty;      // in service->dirty: has something to send
        List busy;       // in service->busy: has whole frames buffered
        List ended_link; // in service->ended
        int fd;
        uint32_t mask;  // of epoll now
        uint64_t round; // the last in which it was read
        uint64_t id;
        Identity identity;
        Session *session; // at most one of these, set by HELLO
        Host *host;
        uint8_t *in; // in[in_start..in_end) is not handled yet
        size_t in_start, in_end, in_capacity;
        OutQueue out;
        bool greeted;
        bool eof;     // the peer will send nothing more
        bool deaf;    // the peer reads nothing more: output is thrown away
        bool blocked; // the socket takes no more: waits for EPOLLOUT
        bool closing; // ends as soon as what is queued is sent
        bool ended;
        Timer deadline; // for HELLO, and for closing
};

// Takes fd. 0, -errno.
int connection_new(Service *s, int take_fd, const Identity *who);
void connection_free(Connection *c); // tears down session or host too
void connection_readable(Connection *c);
void connection_flush(Connection *c);
// Marks it as ended; reason NULL: nothing to log.
void connection_end(Connection *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
// "client 3 (watch)", "driver host toaster (process 77)", for the log.
const char *connection_label(const Connection *c, char out[192]);
void connection_dirty(Connection *c);
// Nothing is read from it now: it does not read its replies, or has as many requests at the store as it may.
bool connection_stalled(const Connection *c);
// Reads on when it was stalled and is no more.
void connection_unstall(Connection *c, bool was_stalled);
// The peer broke the rules: logged, ended.
void connection_protocol(Connection *c, const WireFrame *f, const char *what);

// Sends a whole frame before everything that is not under way yet. Takes the buffer's memory.
void connection_send(Connection *c, Buf *take);
// A request that is answered, and what it was about (borrowed).
typedef struct Asked {
        uint16_t operation;
        uint32_t request;
        Str parameter;
} Asked;
Asked asked(const WireFrame *f);
// Replies with a failure. list: see wire_put_error; most have none.
void connection_error(Connection *c, Asked q, uint32_t status, const Diag *d);
void connection_errors(Connection *c, Asked q, uint32_t status, const Diag *d, Str list);
void connection_fail(Connection *c, Asked q, uint32_t status, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
// What a function returned: E_DIAG (otherwise: its number when the Diag has none), or a negative errno.
void connection_refuse(Connection *c, Asked q, int r, const Diag *d, uint32_t otherwise);
#define connection_reply(c, request, X, ...)                                                                 \
        do {                                                                                                 \
                Buf reply_ = {0};                                                                            \
                wire_put_##X##_reply(&reply_, (request), &(Wire_##X##_Reply){__VA_ARGS__});                  \
                connection_send((c), &reply_);                                                               \
        } while (0)

void out_init(OutQueue *q);
void out_deinit(OutQueue *q);
// An item with room for the head and subs; NULL: out of memory.
Out *out_new(OutKind kind, size_t head_size, size_t sub_count);
void out_free(OutQueue *q, Out *o);         // in no list
void out_free_all(OutQueue *q, List *list); // of stream, control or an early list
void out_push_control(OutQueue *q, Out *o);
void out_charge(OutQueue *q, Out *o); // to stream_bytes; then it goes to stream or an early list
// Fills `sending` when it is empty. False: nothing to send.
bool out_next_batch(OutQueue *q);
// n bytes were written.
void out_written(OutQueue *q, size_t n);
// Takes a subscription out of the items of a list: purge drops items that are for nobody else, else they
// stay.
void out_forget(OutQueue *q, List *list, Subscription *sub, bool purge);

// --- what each operation does --------------------------------------------------------------------
// perform_GET_OBJECT(x, f, m) and so on, declared from the table: one for each that a client or a driver host may
// send. An operation of the table that has none does not link.
#define PERFORM_CLIENT(NAME) void perform_##NAME(Session *x, const WireFrame *f, const Wire_##NAME *m);
#define PERFORM_HOST(NAME)   void perform_##NAME(Host *h, const WireFrame *f, const Wire_##NAME *m);
#define PERFORM_ANY(NAME)
#define PERFORM_EVENTS(NAME)
#define PERFORM_ORDERS(NAME)
#define OPERATION(NAME, number, from, right, help, fields, reply) PERFORM_##from(NAME)
#include "wire/operations.def"
#undef OPERATION
#undef PERFORM_CLIENT
#undef PERFORM_HOST
#undef PERFORM_ANY
#undef PERFORM_EVENTS
#undef PERFORM_ORDERS

// --- operations (operation.c) --------------------------------------------------------------------
void operation_handle(Connection *c, const WireFrame *f);
// Bytes that a frame may have now.
size_t operation_limit(const Connection *c, const uint8_t *p, size_t n);

// --- sessions (session.c) ------------------------------------------------------------------------
struct Session {
        List link; // in service->sessions
        Connection *c;
        char program[64];
        List subscriptions; // by of_session
        size_t subscription_count;
        uint32_t next_handle; // of subscriptions, enumerations and sinks
        List enumerations;    // by of_session
        size_t enumeration_count;
        List sinks; // by of_session
        size_t sink_count;
        List jobs; // by of_session
        size_t job_count, job_bytes;
        Job *turn; // those behind it are not at the store yet: it may be there more than once
        List waiters; // by of_session
        size_t waiter_count;
        uint32_t *announced; // handles of classes that this stream holds, ascending
        size_t announced_count, announced_capacity;
        char **awaited; // names of driver hosts
        size_t awaited_count;
};
int session_new(Connection *c, const Wire_HELLO *m);
void session_free(Session *x);
void session_handle(Session *x, const WireFrame *f);
// Now, whatever waits for the store.
void session_perform(Session *x, const WireFrame *f);
// Tells it of a driver host (HOST_NOTICE).
void session_notice(Session *x, const Host *h, bool gone);
bool session_announced(const Session *x, uint32_t handle);
int session_announce(Session *x, uint32_t handle); // remembers it. 0, -ENOMEM
// Keeps those that are in live[0..n), ascending, and tells the client which it may forget.
void session_forget_classes(Session *x, const uint32_t *live, size_t n);

// --- requests that wait for the store (jobs.c) ---------------------------------------------------
struct Job {
        RepositoryJob base; // first; base.diag is run's
        Service *service;
        Session *session; // NULL: it has ended
        List of_session;
        size_t bytes, charge; // of in_bytes, of the session's job_bytes
        // In the storage thread: parses `frame` again, does the work, writes the whole reply to `reply`. 0, E_DIAG with
        // base.diag, -errno. It may set `again` to be run once more later, before anything is answered.
        int (*run)(Job *j, Store *st);
        void (*done)(Job *j, int r);  // in the service's thread, for a session that is still there; NULL: replies
        void (*clean)(Job *j);        // in the service's thread, always, last; may be NULL
        bool again;
        bool started; // it is, or was, at the store
        bool full; // its client has the right FULL_WRITE
        bool more; // of an enumeration: this was not its end
        Buf reply;     // a whole frame
        Buf list;      // of the error reply
        Buf parameter; // what it was about, when run knows better than the frame
        Enumeration *enumeration; // a reference
        struct Import *import;    // of IMPORT_MOF; its own
        WireFrame frame;          // its own copy
        _Alignas(16) uint8_t payload[];
};
// Not submitted yet. NULL: out of memory, or too much waits.
Job *job_new(Session *x, const WireFrame *f, int (*run)(Job *j, Store *st));
// To the store, as soon as no job of an enumeration is in front of it.
void job_submit(Job *j);
// Both; says so to the client when there is no memory, and returns NULL.
Job *session_submit(Session *x, const WireFrame *f, int (*run)(Job *j, Store *st));
// A request that waits only for its turn: session_perform behind all jobs that the session has.
void session_defer(Session *x, const WireFrame *f);
void jobs_detach(Session *x);
Asked job_asked(const Job *j);
void job_answer(Job *j, int r);         // with what run left
void job_about(Job *j, Str parameter); // replaces what the frame says

// --- objects (objects.c) -------------------------------------------------------------------------
// The objects of a request; what a client knows by version is the schema's class. As cim_set_read.
int objects_read(const CimSchema *schema, Str bytes, CimSet *ret, Diag *reterr);
// Are all bits of `flags` defined for the operation, and do they not exclude each other? 0, E_DIAG.
int flags_check(uint16_t operation, uint32_t flags, Diag *reterr);

// --- enumerations and queries (enumerate.c) ------------------------------------------------------
bool enumeration_cancel(Session *x, uint32_t id); // false: there is none
bool enumeration_exists(const Session *x, uint32_t id);
void enumerations_end(Session *x);                // with the session
// Does somebody still wait for the job?
bool job_wanted(const Job *j);

// --- events of applications (publish.c) ----------------------------------------------------------
bool publish_cancel(Session *x, uint32_t id);
void publish_end(Session *x);

// --- changes of the store become events (intrinsic.c) --------------------------------------------
void intrinsic_events(Service *s, const RepositoryCommit *c);

// --- subscriptions (subscription.c) --------------------------------------------------------------
struct Subscription {
        List of_session, of_topic;
        List waiting; // in service->waiting while its SUBSCRIBE is not answered
        Session *session;
        Topic *topic;
        uint32_t id;
        char *namespace; // as the schema spells it
        char *text; // of the query, as it came
        WqlQuery *query;
        WqlPlan *plan;
        uint32_t queue, queued;   // events: may wait, do wait
        uint64_t accepted, lost;  // events queued, events told as lost, in all
        bool doomed; // does not fit the classes of now: ends when the events of that change are queued
        Out *open_lost[2];      // by source: the last record, while it can still grow
        uint64_t untold[2];     // losses for which there was no memory yet
        uint64_t told_round;    // of source losses, so that each is told once
        // until it is answered
        bool pending;
        uint32_t request;
        uint64_t generation;   // of the wanted table that it waits for
        uint64_t hosts_before; // hosts with smaller ids are waited for
        List early;            // what is for it already, to be sent behind the reply
        Timer deadline;
};

// A class in a namespace that subscriptions name.
struct Topic {
        List link; // in service->topics
        char *namespace;
        const CimClass *klass; // a reference
        List subscriptions;    // by of_topic
};

void subscription_end(Subscription *sub, uint32_t status,
                      const Diag *d);      // ENDED, or the error reply when pending
void subscription_drop(Subscription *sub); // without a word; the caller updates the wanted table
// After a change of the schema, as the commit describes it: checks again what it may concern. Those that do not fit the
// classes any more stay until subscriptions_end_doomed, so that they get the events of that change.
void subscriptions_recheck(Service *s, const RepositoryCommit *c);
void subscriptions_end_doomed(Service *s);
bool subscription_cancel(Session *x, uint32_t id); // false: there is none
// What clients ask about the subscriptions of all.
// Answers those that wait for no host any more.
void subscriptions_answer(Service *s);
// Counts a loss and puts it into the stream. source 0 here, 1 in a driver host.
void subscription_lose(Subscription *sub, unsigned source, uint64_t count);
// Makes room for what was not told; false: it cannot be told now, so nothing may follow.
bool subscription_tell(Subscription *sub);
bool topic_covers(const Topic *t, Str namespace, const CimClass *c);
// Computes the wanted table and sends it when it differs. 0, -ENOMEM (the old one stays).
int wanted_update(Service *s);

// --- class handles (handles.c) -------------------------------------------------------------------
struct ClassHandle {
        List link;           // in handles->all, the newest last
        ClassHandle *next;   // in its bucket
        const CimClass *klass; // a reference
        char *namespace;     // where objects of it live; "": nowhere
        uint32_t handle;
        Blob *frame; // the whole CLASS frame
};
typedef struct Handles {
        ClassHandle **buckets; // by class
        List all;
        uint32_t next;
} Handles;
int handles_init(Handles *t);
void handles_deinit(Handles *t);
ClassHandle *handle_get(Handles *t, Str namespace, const CimClass *c); // NULL: out of memory
// Forgets those that are not the schema's any more. No route may hold one.
void handles_sweep(Service *s);
// The handles of the classes that an event's objects are of: context of a CimClassTable whose number this is.
typedef struct HandleList {
        Handles *handles;
        ClassHandle **p;
        size_t count, capacity;
} HandleList;
int handle_list_number(void *context, const CimClass *c, Str namespace, uint32_t *ret);

// --- router (router.c) ---------------------------------------------------------------------------
typedef struct Router {
        Route **buckets; // by hash of the GUID or the class
        size_t route_count;
        Arena scratch;
        uint64_t raised; // events of our own so far
        Guid *strangers; // GUIDs of events that no class has, ascending
        size_t stranger_count;
        uint64_t told_round;
        Subscription **group; // room for those that one event matched in one session
        size_t group_capacity;
} Router;
int router_init(Router *r);
void router_deinit(Router *r);
void router_event(Service *s, Host *h, Str envelope);
// Could events of a class of `namespace` match anybody's query?
bool router_listens(Service *s, Str namespace, const CimClass *c);
// An event that no driver fires, of a class of `namespace` in the schema; the objects in it are of classes that are, or
// were, the schema's. Returns for how many subscriptions it was queued.
size_t router_raise(Service *s, Str namespace, const CimInstance *event, uint64_t time);
// Such an event cannot even be made: who could have matched is told "up to one".
void router_lose(Service *s, Str namespace, const CimClass *c);
void router_source_lost(Service *s, Host *h, const Guid *guid, uint64_t count);
void router_forget_routes(Router *r); // whatever they were made of has changed
void router_schema_changed(Service *s);

// --- driver hosts (host.c, drivers.c) ------------------------------------------------------------
typedef struct Registration {
        List link;
        uint64_t id;
        uint32_t provider_id;
        size_t guid_count;
        Guid guids[];
} Registration;

struct Host {
        List link; // in service->hosts, in order of arrival
        Connection *c;
        char *name, *device, *path;
        uint32_t pid;
        uint32_t state; // WIRE_HOST_*
        char text[512];
        List registrations;
        size_t registration_count, guid_count; // guid_count: of all registrations
        Guid *known;                           // all that it ever registered, ascending
        size_t known_count;
        uint64_t acked; // generation of the wanted table in force
        uint32_t late;
        uint64_t events, dropped;
        Out *wanted; // queued, not begun
        bool unload_sent;
        uint64_t malformed_unsaid;
        Timer malformed_timer; // set while the log is quiet about it
};
int host_new(Connection *c, const Wire_HELLO *m);
void host_free(Host *h);
void host_handle(Host *h, const WireFrame *f);
void host_send_wanted(Host *h);
void host_malformed(Host *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool host_knew(const Host *h, const Guid *guid);
size_t host_distinct_guids(const Host *h);
const char *host_state_says(uint32_t state);
Host *host_find(Service *s, Str name);

// A reply that comes when a driver host has got somewhere.
typedef struct Waiter {
        List of_service, of_session;
        Session *session;
        uint16_t operation; // AWAIT_DRIVER or UNLOAD_DRIVER
        uint32_t request;
        bool registered;
        uint64_t host; // UNLOAD_DRIVER
        char *name;
        Timer deadline;
} Waiter;
void waiter_free(Waiter *w);
Asked waiter_asked(const Waiter *w);
// A host changed its state, came, or (gone) is about to go.
void drivers_changed(Service *s, Host *h, bool gone);

// --- the classes (catalog.c) ---------------------------------------------------------------------
int catalog_init(Service *s, Diag *reterr); // opens the store
// The namespace as the schema spells it (borrowed from it). 0; E_DIAG.
int catalog_namespace(const CimSchema *schema, Str name, Str *ret, Diag *reterr);
// The class; NULL and *reterr, with `code` and the nearest name.
const CimClass *catalog_class(const CimSchema *schema, Str namespace, Str name, uint32_t code, Diag *reterr);
bool catalog_is_event(const CimClass *c);

// --- the service itself --------------------------------------------------------------------------
struct Service {
        ServiceConfig config; // with the defaults filled in
        uint32_t hello_ms;
        int epoll, timer, listener;
        bool listening; // the listener is in the epoll set
        Timer accept_again;
        char *path;
        dev_t path_dev;
        ino_t path_ino;
        uid_t uid;
        Repository *repository;
        uint64_t store_quiet_until; // monotonic_ms: the log has said that the store fails
        CimSchema *schema;         // as of the last commit
        CimSchema *schema_before;  // while the changes of that one are told; else NULL
        char server[256];          // this machine's name
        uint64_t next_id, round;
        List connections, dirty, busy, ended, timers;
        size_t connection_count;
        size_t in_bytes; // of the buffers of all connections, beyond the first CONNECTION_READ of each, and of jobs
        size_t waiter_count;
        bool ending;      // in service_free
        uint64_t refused; // connections beyond the limit
        uint64_t armed;   // for when the timerfd is set; 0: not
        List sessions, hosts, topics, waiting, waiters;
        Guid *wanted; // ascending
        size_t wanted_count;
        uint64_t wanted_generation;
        Handles handles;
        Router router;
        ServiceStats stats;
};

// service_adopt for an identity that the caller vouches for.
int service_adopt_as(Service *s, int take_fd, const Identity *who);

// Replaces what is not printable, so that no peer can write lines into the log. Returns out.
const char *text_clean(Str s, char *out, size_t size);
char *text_copy(Str s); // malloced, terminated; NULL: out of memory
int guid_order(const void *a, const void *b);

#endif
