// SPDX-License-Identifier: MIT
// Output: poll says when a pipe takes PIPE_BUF bytes without blocking; O_NONBLOCK would change it for
// everybody who shares the open file.
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

void output_init(Output *o, int fd)
{
        struct stat st;
        *o = (Output){.fd = fd, .file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode)};
}

void output_deinit(Output *o)
{
        buf_deinit(&o->pending);
}

static void output_fail(Output *o, int error)
{
        o->closed = true;
        o->error = error == EPIPE ? 0 : error;
        o->pending.n = o->sent = 0;
}

// One write. False: not now.
static bool output_some(Output *o, int timeout_ms)
{
        size_t n = o->pending.n - o->sent;
        if (!o->file) {
                struct pollfd p = {o->fd, POLLOUT, 0};
                int r = poll(&p, 1, timeout_ms);
                if (r <= 0)
                        return false;
                if (n > PIPE_BUF)
                        n = PIPE_BUF;
        }
        ssize_t r = write(o->fd, o->pending.p + o->sent, n);
        if (r < 0) {
                if (errno != EINTR && errno != EAGAIN)
                        output_fail(o, errno);
                return false;
        }
        o->sent += (size_t)r;
        return true;
}

static void output_compact(Output *o)
{
        if (o->sent == o->pending.n) {
                o->pending.n = o->sent = 0;
        } else if (o->sent > OUTPUT_ENOUGH) {
                memmove(o->pending.p, o->pending.p + o->sent, o->pending.n - o->sent);
                o->pending.n -= o->sent;
                o->sent = 0;
        }
}

void output_flush(Output *o)
{
        if (o->pending.failed && !o->closed)
                output_fail(o, ENOMEM);
        while (output_pending(o) && output_some(o, 0))
                ;
        output_compact(o);
}

void output_finish(Output *o)
{
        if (o->pending.failed && !o->closed)
                output_fail(o, ENOMEM);
        while (output_pending(o))
                output_some(o, -1);
        output_compact(o);
}
