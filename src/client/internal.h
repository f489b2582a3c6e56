// SPDX-License-Identifier: MIT
// Inside the client: the connection, the classes of its stream, the items that wait while a call waits.
#ifndef CLIENT_INTERNAL_H
#define CLIENT_INTERNAL_H

#include <sys/types.h>

#include "base/limits.h"
#include "base/list.h"
#include "cim/codec.h"
#include "client/client.h"

// A class under the handle by which events name it.
typedef struct ClassEntry {
        unsigned refs; // atomic; of tables
        uint32_t handle;
        CimClass *klass;
        Str namespace;
        char text[];
} ClassEntry;

// The classes of one stream (classes.c). Shared with the items that came out of it, which name in their payload what
// is inside them and may be read in another thread when the client has gone. Entries stay as long as the table; when the
// stream forgets some, the client goes on with a table of its own and older items keep theirs.
typedef struct ClassTable ClassTable;
ClassTable *classes_new(void); // NULL: out of memory
ClassTable *classes_ref(ClassTable *t);
ClassTable *classes_unref(ClassTable *t);
// A CLASS frame. 0, -ENOMEM, -EPROTO.
int classes_add(ClassTable *t, const WireFrame *f);
// A FORGET_CLASSES frame: *t is replaced. 0, -ENOMEM (*t is as before), -EPROTO.
int classes_forget(ClassTable **t, const WireFrame *f);
const ClassEntry *classes_by_handle(ClassTable *t, uint32_t handle);

typedef struct Request {
        uint32_t number;
        uint16_t operation;
        bool abandoned;        // whoever sent it has stopped waiting
        uint32_t subscription; // of our own CANCEL: what it is about
} Request;

// What one subscription has among the held items.
typedef struct HoldCount {
        uint32_t subscription;
        uint32_t events;
        bool ignored;         // cancelled by us before anybody knew it: whatever comes for it goes
        struct Held *lost[2]; // by source: its last record, while nothing of it stands behind
} HoldCount;

// Items in order that client_next gives out before it looks at the wire.
typedef struct Hold {
        List items; // of Held
        size_t bytes, others;
        HoldCount *counts; // by subscription, ascending
        size_t count, capacity;
        size_t ignored; // of counts
} Hold;
void hold_init(Hold *h);
void hold_deinit(Hold *h);
// Takes the item, whatever comes of it; an event beyond the bounds becomes a loss. 0, -ENOMEM, -EPROTO
// (floods).
int hold_push(Hold *h, ClientItem *take);
bool hold_pop(Hold *h, ClientItem *ret);
// Forgets what is held for a subscription that has ended by our own will.
void hold_forget(Hold *h, uint32_t subscription);
// From now on nothing of it is to be seen. 0, -ENOMEM.
int hold_ignore(Hold *h, uint32_t subscription);
// Takes ignored subscriptions out of an item just read. 1: something is left; 0: nothing, and the item is
// freed.
int hold_wanted(Hold *h, ClientItem *i);

struct Client {
        int fd, epoll;
        uint32_t mask; // of the socket in epoll
        int pump_fd;
        int (*pump)(void *);
        void *pump_context;
        uint8_t *in; // in[in_start..in_end) is not read yet
        size_t in_start, in_end, in_capacity;
        Buf out;
        size_t out_sent;
        bool eof, closed_told;
        bool keep_failed; // client_call_frame leaves a failed reply to its caller
        int failed;       // -EPROTO for good
        void (*progress)(void *context, uint64_t done, uint64_t all); // of the import that is waited for
        void *progress_context;
        uint32_t next_request;
        Request *requests;
        size_t request_count, request_capacity;
        ClassTable *classes;
        Hold hold;
        List enums; // of ClientEnum
        ClientStatus status;
        char *parameter; // of status
};

// Remembers what a call failed with, from its reply (i), or by itself (d). Returns E_DIAG and fills *reterr.
int client_fail_reply(Client *c, const ClientItem *i, Diag *reterr);
int client_fail(Client *c, uint16_t operation, Str parameter, const Diag *d, Diag *reterr);
// The same for a reply whose fields are not those of the table.
int client_fail_malformed(Client *c, uint16_t operation, Diag *reterr);
// A request whose reply nobody waits for.
void client_abandon(Client *c, uint32_t request);
// Ends a handle that nobody knows.
void client_send_cancel(Client *c, uint32_t handle);

// Enumerations (enum.c).
struct ClientEnum {
        List link; // in client->enums
        Client *client; // NULL: it was freed before
        uint32_t handle;  // 0: the service has no more
        uint32_t request; // NEXT under way; 0: none
        ClientItem reply; // to it; memory NULL: not yet
        CimSet set;
        size_t at; // in set
};
// Is this the reply to somebody's NEXT? Then it is taken.
ClientEnum *enum_take_reply(Client *c, ClientItem *i);
void enum_client_gone(ClientEnum *e);
// The next item that is no reply to a NEXT; 1: the reply to e's own has come. Else as client_next.
int client_wait_item(Client *c, int timeout_ms, const ClientEnum *e, ClientItem *ret);
// Milliseconds left for poll: -1 without limit.
int client_left(int timeout_ms, uint64_t until);

// From a frame to an item. 0, -ENOMEM, -EPROTO.
int item_reply(const WireFrame *f, ClientItem *ret);
int item_event(Client *c, const WireFrame *f, ClientItem *ret);
int item_lost(const WireFrame *f, ClientItem *ret);
int item_ended(const WireFrame *f, ClientItem *ret);
int item_host(const WireFrame *f, ClientItem *ret);
size_t item_bytes(const ClientItem *i);
// The ids of an event, to be changed.
uint32_t *item_subscriptions(ClientItem *i);

#endif
