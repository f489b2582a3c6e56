// SPDX-License-Identifier: MIT
// Client: one connection to the service, as a stream of items.
//
//   Client *c;
//   client_connect(NULL, "watch", &c, &diag);
//   client_subscribe(c, "root\\wmi", "SELECT * FROM Toast", 0, 5000, &subscription, NULL, &diag);
//   for (ClientItem i; client_next(c, -1, &i) == 0; client_item_deinit(&i)) ...
//
// No thread, no signal handler, no global state. A Client may be used by one thread at a time. Nothing waits but the
// functions that take a timeout, and while they wait they run the pump, so that a program can hold the service and
// its client in one thread.
//
// Two levels: client_send_* and client_next (requests by number, replies as items) for programs with a loop or a
// receiving thread of their own, and the calls that wait for their reply. While a call waits, other items queue up
// and come from client_next afterwards, in order; that queue is bounded by LIMIT_SUBSCRIPTION_QUEUE per subscription,
// beyond which events are dropped here and told as lost.
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "cim/event.h"
#include "cim/status.h"
#include "wire/message.h"

typedef struct Client Client;

typedef enum ClientItemKind {
        CLIENT_EVENT,  // an event; subscriptions, klass, envelope
        CLIENT_LOST,   // count events of subscription are missing here
        CLIENT_ENDED,  // the subscription's last item; status
        CLIENT_HOST,   // a driver host came or went; host
        CLIENT_REPLY,  // the answer to client_send_*; request, status, diag, frame
        CLIENT_CLOSED, // the service is gone; nothing follows
} ClientItemKind;

// One item of the stream. What it points to is the item's own; client_item_deinit frees it.
typedef struct ClientItem {
        ClientItemKind kind;
        // CLIENT_EVENT
        const uint32_t *subscriptions; // the ids that it matched, at least one
        size_t subscription_count;
        const CimClass *klass;         // the concrete class; a reference
        Str namespace;
        CimEnvelope envelope;
        // CLIENT_LOST, CLIENT_ENDED
        uint32_t subscription;
        uint64_t count;
        bool at_source; // the loss was in a driver host: the fire failed, and count is "up to"
        uint32_t status;
        // CLIENT_HOST
        Wire_HOST_NOTICE host;
        // CLIENT_REPLY
        uint32_t request;
        uint16_t operation;
        Diag diag;      // when status failed
        Str parameter;  // when status failed: what the request was about, for __ExtendedStatus.ParameterInfo
        Str list;       // all diags of a failed IMPORT_MOF, else empty
        WireFrame frame; // to read the reply's fields with wire_get_X_reply
        void *memory;   // the item's own
} ClientItem;

// Where clients find the service: FREEWMI_SOCKET, else $XDG_RUNTIME_DIR/freewmi/socket, else /run/freewmi/socket for
// root and /tmp/freewmi-UID/socket for others. Writes into out of `size` bytes; -ENAMETOOLONG.
int client_socket_path(char *out, size_t size);

// Connects and says hello as `program`. path NULL: client_socket_path. 0; E_DIAG (CIM_E_TRANSPORT_FAILURE with the
// path and the reason, CIM_E_ACCESS_DENIED); -ENOMEM.
int client_connect(const char *path, const char *program, Client **ret, Diag *reterr);
// The same over a connected socket, which the client takes, even on failure. With a pump (below) when the service is
// in this thread.
int client_adopt(int take_fd, const char *program, int (*pump)(void *), void *context, int pump_fd, Client **ret,
                 Diag *reterr);
Client *client_free(Client *c);

// While something waits it also polls `fd` and calls `pump(context)` when that is readable and once before waiting.
// A negative return ends the wait and is returned.
void client_set_pump(Client *c, int fd, int (*pump)(void *), void *context);

// Readable when client_next(c, 0, ...) has work to do: for the caller's poll. Items already queued inside do not
// make it readable: call client_next until -EAGAIN before polling.
int client_fd(const Client *c);
// The next item. timeout_ms < 0: no limit. 0 with *ret; -EAGAIN: none in time; -EPROTO: the service broke the
// protocol; -ENOMEM; what the pump returned. After CLIENT_CLOSED: -EPIPE.
int client_next(Client *c, int timeout_ms, ClientItem *ret);
void client_item_deinit(ClientItem *i);
// Moves *from, which is then empty.
ClientItem client_item_steal(ClientItem *from);

// What a failed call says: what an __ExtendedStatus has, in UTF-8.
typedef struct ClientStatus {
        uint32_t status;           // StatusCode
        char operation[WIRE_NAME]; // Operation: "ExecQuery"
        Str parameter;             // ParameterInfo: the query, path or class that it was about; terminated
        const char *provider;      // ProviderName: who raised it, "WinMgmt" for the service itself
        Diag diag;                 // message is its Description
} ClientStatus;
// Of the last call of this client that returned E_DIAG; all zero before. Borrowed until the next such call.
const ClientStatus *client_last_status(const Client *c);
// Of a CLIENT_REPLY that failed; false: it is none. Borrows from the item; parameter is not terminated.
bool client_item_status(const ClientItem *i, ClientStatus *ret);

// Sends any request: put(out, request number, m) is a wire_put_X. Returns the request number (> 0) or a negative
// errno (-EMSGSIZE: more than wire_request_limit). The reply comes as CLIENT_REPLY.
#define client_send(c, X, m)                                                                                           \
        client_send_frame((c), WIRE_##X, (void (*)(Buf *, uint32_t, const void *))(void (*)(void))wire_put_##X, (m))
int64_t client_send_frame(Client *c, uint16_t operation, void (*put)(Buf *, uint32_t, const void *), const void *m);

// Sends and waits for the reply item (to be deinited by the caller when 0 is returned). 0; E_DIAG with the service's
// status in reterr->code; -ETIMEDOUT; -EPIPE.
#define client_call(c, X, m, timeout_ms, ret, reterr)                                                                  \
        client_call_frame((c), WIRE_##X, (void (*)(Buf *, uint32_t, const void *))(void (*)(void))wire_put_##X, (m),   \
                          (timeout_ms), (ret), (reterr))
int client_call_frame(Client *c, uint16_t operation, void (*put)(Buf *, uint32_t, const void *), const void *m,
                      int timeout_ms, ClientItem *ret, Diag *reterr);

// Subscribes with language WQL. queue 0: the service's default. *ret_unanswered (may be NULL): driver hosts that had
// not answered by their deadline. Returns as client_call.
int client_subscribe(Client *c, Str namespace, Str query, uint32_t queue, int timeout_ms, uint32_t *ret_subscription,
                     uint32_t *ret_unanswered, Diag *reterr);
// Ends a subscription or a sink.
int client_cancel(Client *c, uint32_t subscription, int timeout_ms, Diag *reterr);
// What is to be imported.
typedef struct ClientImport {
        Str file;      // its name in messages
        Str namespace; // of what no directive places elsewhere
        Str text;      // with its includes expanded (mof/expand.h); or binary MOF
        uint32_t class_flags, instance_flags; // MOF_UPDATE_ONLY... (mof/document.h), until a directive says otherwise
        uint32_t dialect;                     // MofDialect
        // Called while the call waits, at most every CLIENT_PROGRESS_MS. NULL: not wanted.
        void (*progress)(void *context, uint64_t done, uint64_t all);
        void *context;
} ClientImport;
enum { CLIENT_PROGRESS_MS = 200 };
typedef struct ClientImported {
        bool unchanged; // it was imported before, and all is as it left it
        uint32_t count; // of the list
        uint32_t more;  // that the list has no room for
        Buf list;       // IMPORT_MOF's (wire/operations.def); client_import_read takes it apart
} ClientImported;
typedef enum ClientImportWhat { CLIENT_IMPORT_CLASS, CLIENT_IMPORT_INSTANCE, CLIENT_IMPORT_NAMESPACE } ClientImportWhat;
typedef enum ClientImportDone {
        CLIENT_IMPORT_UNCHANGED,
        CLIENT_IMPORT_CREATED,
        CLIENT_IMPORT_UPDATED,
        CLIENT_IMPORT_DELETED,
} ClientImportDone;
typedef struct ClientImportItem {
        ClientImportWhat what;
        ClientImportDone done;
        bool event; // an event class
        Str namespace, name; // of an instance its relative path; borrowed from the list
} ClientImportItem;
// Imports MOF, all or nothing. 0 with *ret (may be NULL; its list is freed by the caller, buf_deinit); E_DIAG with errors as
// of mof_parse; else as client_call.
int client_import_mof(Client *c, const ClientImport *import, int timeout_ms, ClientImported *ret, Diag *errors,
                      size_t capacity, size_t *ret_errors);
// The next item of a list; false: there is none, or (in->failed) it is malformed.
bool client_import_read(Reader *in, ClientImportItem *ret);
// The class alone, of client_get_object.

// --- objects -------------------------------------------------------------------------------------
// IWbemServices' methods, one each. Classes go to the service by version and, when it does not know that any more, whole. Paths and queries as WMI writes them; flags are WBEM_FLAG_ numbers. Every failure is E_DIAG
// with the documented number in reterr->code, or as client_call. What comes back is the caller's reference.
//
// A class or an instance by its path ("Thing", "Thing.Name=\"a\"").
int client_get_object(Client *c, Str namespace, Str path, uint32_t flags, int timeout_ms, CimInstance **ret, Diag *reterr);
// object: a class definition (is_class).
int client_put_class(Client *c, Str namespace, const CimInstance *object, uint32_t flags, int timeout_ms, Diag *reterr);
int client_delete_class(Client *c, Str namespace, Str name, int timeout_ms, Diag *reterr);
// 0 means that the store has it on disk. *ret_path (may be NULL): its relative path, to be freed with free().
int client_put_instance(Client *c, Str namespace, const CimInstance *object, uint32_t flags, int timeout_ms, char **ret_path,
                        Diag *reterr);
int client_delete_instance(Client *c, Str namespace, Str path, int timeout_ms, Diag *reterr);

// Enumerations: classes below one ("" = all), instances of a class, the result of a data query. Batches are fetched as they are
// needed; events of subscriptions go on arriving meanwhile. After -ETIMEDOUT, client_enum_next can be called again: nothing is left out.
typedef struct ClientEnum ClientEnum;
int client_enum_classes(Client *c, Str namespace, Str superclass, uint32_t flags, int timeout_ms, ClientEnum **ret, Diag *reterr);
int client_enum_instances(Client *c, Str namespace, Str name, uint32_t flags, int timeout_ms, ClientEnum **ret, Diag *reterr);
int client_query(Client *c, Str namespace, Str query, uint32_t flags, int timeout_ms, ClientEnum **ret, Diag *reterr);
// 0 with *ret; -ENODATA: the end; else as client_call.
int client_enum_next(ClientEnum *e, int timeout_ms, CimInstance **ret, Diag *reterr);
ClientEnum *client_enum_free(ClientEnum *e); // cancels what is left; NULL is fine

// A sink for events that this program raises in a namespace; ended with client_cancel.
int client_open_sink(Client *c, Str namespace, int timeout_ms, uint32_t *ret_sink, Diag *reterr);
// *ret_matched (may be NULL): how many subscriptions got them, in all. Many events go in several requests: after a failure, those
// before the one that failed are published, and counted there.
int client_indicate(Client *c, uint32_t sink, CimInstance *const *events, size_t n, int timeout_ms, uint32_t *ret_matched,
                    Diag *reterr);

// Everybody's subscriptions. Frees nothing of yours: *ret is one allocation, to be freed with free().
typedef struct ClientSubscription {
        uint64_t session;
        uint32_t subscription, pid, uid;
        Str program, namespace, query;
        uint32_t queue, queued;
        uint64_t delivered, lost;
} ClientSubscription;
int client_list_subscriptions(Client *c, int timeout_ms, ClientSubscription **ret, size_t *ret_count, Diag *reterr);
int client_end_subscription(Client *c, uint64_t session, uint32_t subscription, int timeout_ms, Diag *reterr);

// The event as an instance (cim_event_instance), whatever its payload; objects inside it are of the stream's classes. Any
// thread, also when the client has gone; what it makes outlives the item.
int client_item_instance(const ClientItem *i, CimInstance **ret, CimBlockError *reterr);

#endif
