// SPDX-License-Identifier: MIT
// Fuzz target: what a service may say to a client that has subscribed and waits for replies. Whatever comes,
// an item is whole, a failure is for good, and the end comes when the stream ends.
#include <sys/types.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>

#include "cim/instance.h"
#include "client/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(x)                                                                                           \
        do {                                                                                                 \
                if (!(x)) {                                                                                  \
                        fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #x);                \
                        abort();                                                                             \
                }                                                                                            \
        } while (0)

// The service's side: says what it has left whenever the client waits, then hangs up.
typedef struct Peer {
        int fd;
        const uint8_t *data;
        size_t size;
} Peer;

static int peer_pump(void *context)
{
        Peer *p = context;
        char sink[4096];
        while (recv(p->fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
                ;
        ssize_t n = p->size ? send(p->fd, p->data, p->size, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
        if (n > 0) {
                p->data += n;
                p->size -= (size_t)n;
        }
        if (!p->size)
                shutdown(p->fd, SHUT_WR);
        return 0;
}

static void fuzz_item(const ClientItem *i)
{
        if (i->kind != CLIENT_EVENT)
                return;
        REQUIRE(i->subscription_count && i->klass && i->subscriptions);
        for (size_t k = 0; k < i->subscription_count; k++)
                (void)*(const volatile uint32_t *)&i->subscriptions[k]; // every id can be read
        CimInstance *instance;
        CimBlockError e;
        int r = client_item_instance(i, &instance, &e);
        REQUIRE(r == 0 || (r == 1 && e.says[0]));
        if (r == 0)
                cim_instance_unref(instance);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        int fd[2];
        Client *c;
        Buf hello = {0};
        wire_put_HELLO_reply(&hello, 1, &(Wire_HELLO_Reply){.version = WIRE_VERSION, .id = 1});
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
        REQUIRE(send(fd[1], hello.p, hello.n, 0) == (ssize_t)hello.n);
        buf_deinit(&hello);
        REQUIRE(client_adopt(fd[0], "fuzz", NULL, NULL, -1, &c, NULL) == 0);
        Peer p = {fd[1], data, size};
        client_set_pump(c, -1, peer_pump, &p);
        // Request 2 is waited for, 3 and 4 come as items, 5 is one that nobody waits for any more.
        uint32_t id;
        ClientItem i;
        Diag d;
        int64_t n = client_send(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0}));
        REQUIRE(n == 2);
        client_send(c, IMPORT_MOF, (&(Wire_IMPORT_MOF){0}));
        int r = client_subscribe(c, STR("root"), STR("q"), 0, 0, &id, NULL, &d);
        if (r != -EPROTO && r != -EPIPE)
                r = client_subscribe(c, STR("root"), STR("q"), 0, -1, &id, NULL, &d);
        while ((r = client_next(c, -1, &i)) == 0) {
                fuzz_item(&i);
                bool closed = i.kind == CLIENT_CLOSED;
                client_item_deinit(&i);
                if (closed)
                        break;
        }
        REQUIRE(r == 0 || r == -EPROTO || r == -EPIPE);
        REQUIRE(client_next(c, 0, &i) == (r ? r : -EPIPE));
        client_free(c);
        close(fd[1]);
        return 0;
}
