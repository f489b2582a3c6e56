// SPDX-License-Identifier: MIT
// A service made of bytes.
#include <sys/types.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/test-peer.h"

#include "base/limits.h"

int peer_pump(void *context)
{
        Peer *p = context;
        if (p->pump_fails)
                return p->pump_fails;
        uint8_t bytes[4096];
        ssize_t n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n > 0)
                buf_put(&p->in, bytes, (size_t)n);
        WireFrame f;
        if (p->hello && wire_frame(p->in.p, p->in.n, LIMIT_FRAME_BYTES, &f) > 0) {
                assert_int_equal(f.operation, WIRE_HELLO);
                wire_put_HELLO_reply(&p->out, f.request,
                                     &(Wire_HELLO_Reply){.version = WIRE_VERSION, .id = 1});
                p->in.n = 0;
                p->hello = false;
        }
        size_t left = p->out.n - p->sent, now = p->step && p->step < left ? p->step : left;
        n = now ? send(p->fd, p->out.p + p->sent, now, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
        p->sent += n > 0 ? (size_t)n : 0;
        return 0;
}

int peer_adopt(Peer *p, Client **ret, Diag *d)
{
        int fd[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
        p->fd = fd[1];
        return client_adopt(fd[0], "test", peer_pump, p, -1, ret, d);
}

Client *peer_start(Peer *p)
{
        Client *c = NULL;
        Diag d = {0};
        *p = (Peer){.hello = true};
        assert_int_equal(peer_adopt(p, &c, &d), 0);
        return c;
}

void peer_stop(Peer *p, Client *c)
{
        client_free(c);
        close(p->fd);
        buf_deinit(&p->in);
        buf_deinit(&p->out);
}

WireFrame peer_got(Peer *p, size_t n)
{
        WireFrame f = {0};
        size_t at = 0;
        peer_pump(p);
        for (size_t i = 0; i <= n; i++) {
                ssize_t k = wire_frame(p->in.p + at, p->in.n - at, LIMIT_FRAME_BYTES, &f);
                assert_true(k > 0);
                at += (size_t)k;
        }
        return f;
}

ClientItem next(Client *c, ClientItemKind kind)
{
        ClientItem i;
        assert_int_equal(client_next(c, 10000, &i), 0);
        assert_int_equal(i.kind, kind);
        return i;
}
