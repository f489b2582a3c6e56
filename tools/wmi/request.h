// SPDX-License-Identifier: MIT
// Simple requests: connect, ask, wait, and say what went wrong.
#ifndef WMI_REQUEST_H
#define WMI_REQUEST_H

#include "client/client.h"
#include "verb.h"

enum {
        REQUEST_MS = 10000,
        REQUEST_STORE_MS = 120000, // of what waits for the disk, behind what others wait for
};

// 0, or the exit code after a message.
int request_connect(const Options *o, const char *program, Client **ret);
// Waits for the reply, to be deinited by the caller. 0, or the exit code after a message.
#define request_call(c, X, m, ret)                                                                           \
        request_call_frame((c), WIRE_##X,                                                                    \
                           (void (*)(Buf *, uint32_t, const void *))(void (*)(void))wire_put_##X, (m),       \
                           REQUEST_MS, (ret))
int request_call_frame(Client *c, uint16_t operation, void (*put)(Buf *, uint32_t, const void *),
                       const void *m, int timeout_ms, ClientItem *ret);
// What a failed call means: the message and the exit code.
int request_failed(int r, const Diag *d);
// From now on `what` is waited for ("the store"), NULL: for nothing any more. On a terminal the user is told when that
// takes longer than a second.
void request_await(Client *c, const char *what);
int request_malformed(void); // a reply could not be read
int request_no_memory(void);

#endif
