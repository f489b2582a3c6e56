// SPDX-License-Identifier: MIT
// Simple requests.
#include "request.h"

#include <errno.h>
#include <string.h>

#include "say.h"

int request_failed(int r, const Diag *d)
{
        if (r == E_DIAG) {
                say_diag(d, (Str){0});
                return say_exit(d->code, false);
        }
        say("%s", r == -EPIPE       ? "the service is gone"
                  : r == -ETIMEDOUT ? "the service does not answer"
                  : r == -EPROTO    ? "the service broke the protocol"
                                    : strerror(-r));
        return r == -EPIPE || r == -ETIMEDOUT ? WMI_GONE : WMI_FAILED;
}

int request_malformed(void)
{
        return request_failed(-EPROTO, NULL);
}

int request_no_memory(void)
{
        return request_failed(-ENOMEM, NULL);
}

int request_connect(const Options *o, const char *program, Client **ret)
{
        Diag d = {0};
        int r = client_connect(o->socket, program, ret, &d);
        return r ? request_failed(r, &d) : 0;
}

int request_call_frame(Client *c, uint16_t operation, void (*put)(Buf *, uint32_t, const void *),
                       const void *m, int timeout_ms, ClientItem *ret)
{
        Diag d = {0};
        int r = client_call_frame(c, operation, put, m, timeout_ms, ret, &d);
        return r ? request_failed(r, &d) : 0;
}
