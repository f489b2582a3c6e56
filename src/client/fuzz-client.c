// SPDX-License-Identifier: MIT
// Fuzz target: what a service may say to a client that has subscribed, asks for objects and waits for replies.
// Whatever comes, an item is whole, an object can be copied and written again, a failure is for good, and the
// end comes when the stream ends.
#include <sys/types.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/fuzzkit.h"
#include "cim/codec.h"
#include "client/client.h"

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

// An object that came: whole, so that it can be copied and sent back.
static void fuzz_object(CimInstance *take)
{
        CimInstance *copy;
        Buf b = {0};
        CimSet again = {0};
        REQUIRE(take->class && take->class->name.n);
        int r = cim_instance_copy(take, &copy);
        REQUIRE(r == 0 || r == -ELOOP);
        CimSetWriter *w = cim_set_writer_new(false);
        REQUIRE(w);
        if (r == 0) {
                REQUIRE(cim_instance_same(take, copy));
                r = cim_set_add(w, copy);
                cim_instance_unref(copy);
                if (r == 0) {
                        cim_set_finish(w, &b);
                        REQUIRE(cim_set_read(b.p, b.n, NULL, NULL, &again, NULL, NULL) == 0 && again.count == 1);
                        REQUIRE(cim_instance_same(take, again.objects[0]));
                        cim_set_deinit(&again);
                }
        }
        cim_set_writer_free(w);
        buf_deinit(&b);
        cim_instance_unref(take);
}

static void fuzz_enum(ClientEnum *e)
{
        CimInstance *i;
        Diag d;
        int r = 0;
        for (int n = 0; n < 64 && (r = client_enum_next(e, -1, &i, &d)) == 0; n++)
                fuzz_object(i);
        REQUIRE(r == 0 || r == -ENODATA || r == E_DIAG || r == -EPIPE || r == -EPROTO);
        client_enum_free(e);
}

// An instance of a class that the service is to know by its version.
static CimInstance *fuzz_event(void)
{
        CimPropertySpec p = {.name = STR("Number"), .type = CIM_UINT32};
        CimClassSpec s = {.name = STR("Tick"), .properties = &p, .property_count = 1};
        CimClass *c;
        CimInstance *i;
        Diag d;
        REQUIRE(cim_class_new(&s, NULL, NULL, NULL, &c, &d) == 0);
        c->version = 7;
        REQUIRE(cim_instance_new(c, &i) == 0);
        cim_class_unref(c);
        return i;
}

// Every call that waits, in one order; ends when the connection does.
static void fuzz_calls(Client *c)
{
        CimInstance *i, *event = fuzz_event();
        ClientEnum *e;
        ClientSubscription *all = NULL;
        size_t n;
        uint32_t sink = 0, matched;
        char *path;
        Diag d;
        if (client_get_object(c, STR("root"), STR("Thing"), 0, -1, &i, &d) == 0)
                fuzz_object(i);
        if (client_query(c, STR("root"), STR("q"), 0, -1, &e, &d) == 0)
                fuzz_enum(e);
        if (client_put_instance(c, STR("root"), event, 0, -1, &path, &d) == 0)
                free(path);
        if (client_open_sink(c, STR("root"), -1, &sink, &d) == 0)
                client_indicate(c, sink, &event, 1, -1, &matched, &d);
        if (client_enum_classes(c, STR("root"), STR(""), 0, -1, &e, &d) == 0)
                fuzz_enum(e);
        if (client_list_subscriptions(c, -1, &all, &n, &d) == 0) {
                for (size_t k = 0; k < n; k++)
                        REQUIRE(strlen(all[k].query.p) <= all[k].query.n && strlen(all[k].program.p) <= all[k].program.n);
                free(all);
        }
        client_delete_instance(c, STR("root"), STR("Thing=1"), -1, &d);
        const ClientStatus *s = client_last_status(c);
        REQUIRE(!s->status || (s->parameter.p && s->diag.message[0] && s->diag.code == s->status));
        cim_instance_unref(event);
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
                fuzz_object(instance);
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
        fuzz_calls(c);
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
