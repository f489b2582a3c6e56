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

// A driver host as bytes on a socket. Answers every WANTED by itself unless `mute`.
struct Fake {
        Rig *rig;
        int fd;
        Buf in, out;
        bool mute, closed;
        uint64_t id, generation, sequence;
        Guid wanted[64];
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
