// SPDX-License-Identifier: MIT
// What the service's tests share: a service in this thread, its log, clients, a driver host made of bytes,
// events.
#ifndef SERVICE_TEST_RIG_H
#define SERVICE_TEST_RIG_H

#include <sys/types.h>

#include "base/testkit.h"
#include "client/client.h"
#include "service/internal.h"
#include "wire/envelope.h"

enum { RIG_PATIENCE_MS = 20000 }; // a condition that has not come by then never will

typedef struct Fake Fake;

typedef struct Rig {
        Service *s;
        Fake *fakes[8];    // read whenever the service is dispatched
        Buf log;           // all lines of the service
        uint64_t accepted; // events that fakes have written
        bool small_sockets;
} Rig;

// A service with the classes of rig_mof in root\wmi.
void rig_start(Rig *rig, const ServiceConfig *config);
void rig_stop(Rig *rig);
// A pair of sockets: one end given to the service as `who` (NULL: as whoever we are), the other returned.
int rig_connect(Rig *rig, const Identity *who);
Client *rig_client(Rig *rig);
// Dispatches until done(context); fails the test when it takes too long.
void rig_until(Rig *rig, bool (*done)(void *context), void *context);
// Dispatches until the service has nothing to do at the moment.
void rig_quiet(Rig *rig);
bool rig_logged(Rig *rig, const char *text);
void rig_import(Rig *rig, Client *c, const char *mof);
uint32_t rig_subscribe(Client *c, const char *query);
// The status that a subscription is refused with.
uint32_t rig_refused(Client *c, const char *namespace, const char *query);
ServiceStats rig_stats(Rig *rig);

extern const char rig_mof[];
extern const Guid rig_alpha, rig_beta, rig_gamma, rig_nobody; // of Alpha, Beta : Alpha, Gamma, no class

// --- objects: the classes of rig_things in root\wmi ---------------------------------------------
//
//   Thing { [key] Name, Size, Note }; SubThing : Thing { Extra }; Holder { [key] Name, Thing Inside };
//   AppEvent : __ExtrinsicEvent { Number, Text, Thing What }; SubAppEvent : AppEvent; NoEvent : __ExtrinsicEvent (abstract);
//   Provided (dynamic) { [key] Name } with method Turn
extern const char rig_things[];
#define RIG_NS STR("root\\wmi")

// A service of rig_config with these classes and a client of it; and the end of both.
extern ServiceConfig rig_config;
Client *rig_begin(Rig *rig);
void rig_end(Rig *rig, Client *c);
#define assert_status(call, code) assert_int_equal(call, (uint32_t)(code))

// A class as a client makes it: the properties of `super` ("": none), and `more` ("": none).
CimInstance *rig_class_of(Rig *rig, const char *name, const char *super, const char *more);
// Puts n instances t0000, t0001..., of Thing and SubThing in turn.
void rig_put_things(Rig *rig, Client *c, size_t n);
// How many objects a query finds.
size_t rig_count(Client *c, const char *query);
// Begins an enumeration of Thing, `most` a batch; returns its handle, 0: refused.
uint32_t rig_enumerate(Client *c, uint32_t most);
// NEXT for one object: the status of the request.
uint32_t rig_more(Client *c, uint32_t id, bool *ret_more);

// An instance of a class of the service's schema, in root\wmi.
CimInstance *rig_new(Rig *rig, const char *class_name);
CimInstance *rig_thing(Rig *rig, const char *class_name, const char *name, uint32_t size);
void rig_set_text(CimInstance *i, const char *property, const char *text);
void rig_set_number(CimInstance *i, const char *property, uint32_t v);
void rig_set_object(CimInstance *i, const char *property, const CimInstance *take);
const CimValue *rig_value(const CimInstance *i, const char *property);
const char *rig_text(const CimInstance *i, const char *property); // "" when NULL; until the next call
bool rig_is(const CimInstance *i, const char *class_name);
// A set of objects as a message carries it; to be freed with buf_deinit.
Buf rig_set(CimInstance *const *objects, size_t n);
// The status of a request and, when it is 0, what it gave.
uint32_t rig_put(Client *c, const CimInstance *i, uint32_t flags);
uint32_t rig_put_class(Client *c, const CimInstance *i, uint32_t flags);
uint32_t rig_put_thing(Rig *rig, Client *c, const char *class_name, const char *name, uint32_t size);
uint32_t rig_get(Client *c, const char *path, CimInstance **ret);
uint32_t rig_delete(Client *c, const char *path);
uint32_t rig_delete_class(Client *c, const char *name);
// All of a query or an enumeration, with batches of `most`; *ret to be freed with rig_free.
typedef struct RigObjects {
        CimInstance *p[4096];
        size_t n, batches;
} RigObjects;
uint32_t rig_query(Client *c, const char *text, uint32_t flags, uint32_t most, RigObjects *ret);
uint32_t rig_instances(Client *c, const char *name, uint32_t flags, uint32_t most, RigObjects *ret);
uint32_t rig_classes(Client *c, const char *below, uint32_t flags, uint32_t most, RigObjects *ret);
void rig_free(RigObjects *o);
uint32_t rig_sink(Client *c);
uint32_t rig_indicate(Client *c, uint32_t sink, CimInstance *const *events, size_t n, uint32_t *ret_matched);
// The next item as an event, which must be of this class.
CimInstance *rig_event(Client *c, const char *class_name);

// A driver host as bytes on a socket. Answers every WANTED by itself unless `mute`.
struct Fake {
        Rig *rig;
        int fd;
        Buf in, out;
        bool mute, closed;
        uint64_t id, generation, sequence;
        Guid wanted[256]; // all standard events and some
        size_t wanted_count;
        unsigned wanted_frames, unloads;
};
void fake_start(Fake *f, Rig *rig, const char *name);
// Says HELLO as a driver host without looking at the answer.
void fake_hello(Fake *f, const char *name);
void fake_stop(Fake *f); // closes without a word
// Reads what is there; true: something was.
bool fake_read(Fake *f);
// Writes all of f->out, dispatching the service while it does not fit.
void fake_flush(Fake *f);
void fake_register(Fake *f, uint64_t registration, const Guid *guids, uint32_t n);
void fake_state(Fake *f, uint32_t state, const char *text);
// Fires an event {Number, Group, Text} of that GUID; the service has not read it yet when this returns.
void fake_fire(Fake *f, const Guid *guid, uint32_t number, uint32_t group);
// The same with any WNODE.
void fake_fire_raw(Fake *f, const Guid *guid, const void *wnode, size_t n);
// Until the service has handled all events fired by fakes so far.
void rig_settled(Rig *rig);
bool fake_wants(const Fake *f, const Guid *guid);
// Until the host has a table that (does not) hold the GUID.
void fake_until_wanted(Fake *f, const Guid *guid, bool wanted);

// The WNODE of such an event; returns its size.
size_t rig_wnode(const Guid *guid, uint32_t number, uint32_t group, const char *text, uint8_t out[256]);
// Number of an event.
uint32_t rig_number(const ClientItem *i);
// The next item, which must be of this kind.
ClientItem rig_next(Client *c, ClientItemKind kind);
// Nothing is to come.
void rig_none(Client *c);

#endif
