// SPDX-License-Identifier: MIT
// Simple requests.
#include "request.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

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

static int request_timer = -1;
static const char *request_awaited;

static int request_pump(void *context)
{
        uint64_t times;
        (void)context;
        if (read(request_timer, &times, sizeof(times)) == (ssize_t)sizeof(times) && request_awaited)
                say("waiting for %s; Ctrl-C leaves", request_awaited);
        return 0;
}

void request_await(Client *c, const char *what)
{
        struct itimerspec second = {.it_value.tv_sec = what ? 1 : 0};
        if (!isatty(STDERR_FILENO))
                return;
        if (request_timer < 0)
                request_timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (request_timer < 0)
                return; // not worth a failure
        request_awaited = what;
        timerfd_settime(request_timer, 0, &second, NULL);
        client_set_pump(c, what ? request_timer : -1, what ? request_pump : NULL, NULL);
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
