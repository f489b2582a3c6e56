// SPDX-License-Identifier: MIT
// What the client's tests share: a service made of bytes in this thread.
#ifndef CLIENT_TEST_PEER_H
#define CLIENT_TEST_PEER_H

#include <sys/types.h>

#include "base/testkit.h"
#include "client/client.h"

// The service's side. What it is to send is in `out`; the pump writes at most `step` bytes of it at a time.
typedef struct Peer {
        int fd;
        Buf in, out;
        size_t sent, step;
        bool hello; // answers HELLO by itself
        int pump_fails;
} Peer;

int peer_pump(void *context);
int peer_adopt(Peer *p, Client **ret, Diag *d);
// A client that is connected to it.
Client *peer_start(Peer *p);
void peer_stop(Peer *p, Client *c);
// The operation and request number of the n-th frame that the client has sent since HELLO.
WireFrame peer_got(Peer *p, size_t n);
// The next item, which must be of this kind.
ClientItem next(Client *c, ClientItemKind kind);

#endif
