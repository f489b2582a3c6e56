// SPDX-License-Identifier: MIT
// Enumerations: batches of objects, fetched when they are asked for.
//
// A NEXT that was not answered in time stays under way; its reply goes to the enumeration whoever reads the stream
// then, so that no object is left out.
#include "client/internal.h"

#include <stdlib.h>

#include "base/filetime.h"

ClientEnum *enum_take_reply(Client *c, ClientItem *i)
{
        if (i->kind != CLIENT_REPLY || i->operation != WIRE_NEXT)
                return NULL;
        LIST_EACH(l, &c->enums)
        {
                ClientEnum *e = list_entry(l, ClientEnum, link);
                if (e->request != i->request)
                        continue;
                e->request = 0;
                e->reply = client_item_steal(i);
                return e;
        }
        return NULL;
}

void enum_client_gone(ClientEnum *e)
{
        e->client = NULL;
        e->request = 0;
}

static int enum_objects(ClientEnum *e, uint16_t operation, Str objects, Diag *reterr)
{
        cim_set_deinit(&e->set);
        e->set = (CimSet){0};
        e->at = 0;
        int r = cim_set_read((const uint8_t *)objects.p, objects.n, NULL, NULL, &e->set, NULL, NULL);
        if (!r)
                return 0;
        e->set = (CimSet){0};
        return r < 0 ? r : client_fail_malformed(e->client, operation, reterr);
}

// Makes an enumeration of a first reply. r: what the call returned; the item is freed.
#define enum_begin(X)                                                                                        \
        static int enum_begin_##X(Client *c, ClientItem *i, ClientEnum **ret, Diag *reterr)                  \
        {                                                                                                    \
                Wire_##X##_Reply m;                                                                          \
                int r = wire_get_##X##_reply(i->frame.payload, i->frame.size, &m)                            \
                                ? enum_new(c, WIRE_##X, m.enumeration, m.objects, ret, reterr)               \
                                : client_fail_malformed(c, WIRE_##X, reterr);                                \
                client_item_deinit(i);                                                                       \
                return r;                                                                                    \
        }

static int enum_new(Client *c, uint16_t operation, uint32_t handle, Str objects, ClientEnum **ret, Diag *reterr)
{
        ClientEnum *e = calloc(1, sizeof(*e));
        if (!e) {
                if (handle)
                        client_send_cancel(c, handle);
                return -ENOMEM;
        }
        e->client = c;
        e->handle = handle;
        list_push(&c->enums, &e->link);
        int r = enum_objects(e, operation, objects, reterr);
        if (r)
                client_enum_free(e);
        else
                *ret = e;
        return r;
}

enum_begin(CREATE_CLASS_ENUM)
enum_begin(CREATE_INSTANCE_ENUM)
enum_begin(EXEC_QUERY)

int client_enum_classes(Client *c, Str namespace, Str superclass, uint32_t flags, int timeout_ms, ClientEnum **ret, Diag *reterr)
{
        ClientItem i;
        Wire_CREATE_CLASS_ENUM m = {.namespace = namespace, .superclass = superclass, .flags = flags};
        int r = client_call(c, CREATE_CLASS_ENUM, &m, timeout_ms, &i, reterr);
        return r ? r : enum_begin_CREATE_CLASS_ENUM(c, &i, ret, reterr);
}

int client_enum_instances(Client *c, Str namespace, Str name, uint32_t flags, int timeout_ms, ClientEnum **ret, Diag *reterr)
{
        ClientItem i;
        Wire_CREATE_INSTANCE_ENUM m = {.namespace = namespace, .name = name, .flags = flags};
        int r = client_call(c, CREATE_INSTANCE_ENUM, &m, timeout_ms, &i, reterr);
        return r ? r : enum_begin_CREATE_INSTANCE_ENUM(c, &i, ret, reterr);
}

int client_query(Client *c, Str namespace, Str query, uint32_t flags, int timeout_ms, ClientEnum **ret, Diag *reterr)
{
        ClientItem i;
        Wire_EXEC_QUERY m = {.namespace = namespace, .language = STR("WQL"), .query = query, .flags = flags};
        int r = client_call(c, EXEC_QUERY, &m, timeout_ms, &i, reterr);
        return r ? r : enum_begin_EXEC_QUERY(c, &i, ret, reterr);
}

// --- more of it ----------------------------------------------------------------------------------

static int enum_ask(ClientEnum *e)
{
        int64_t n = client_send(e->client, NEXT, (&(Wire_NEXT){.enumeration = e->handle}));
        if (n < 0)
                return (int)n;
        e->request = (uint32_t)n;
        return 0;
}

// Until the reply has come. Other items are put aside.
static int enum_await(ClientEnum *e, int timeout_ms)
{
        Client *c = e->client;
        uint64_t until = timeout_ms > 0 ? monotonic_ms() + (uint64_t)timeout_ms : 0;
        while (!e->reply.memory) {
                ClientItem i;
                int r = client_wait_item(c, client_left(timeout_ms, until), e, &i);
                if (r > 0)
                        break;
                bool closed = !r && i.kind == CLIENT_CLOSED;
                if (!r)
                        r = hold_push(&c->hold, &i);
                if (r || closed)
                        return closed ? -EPIPE : r == -EAGAIN ? -ETIMEDOUT : r;
        }
        return 0;
}

static int enum_read(ClientEnum *e, Diag *reterr)
{
        ClientItem i = client_item_steal(&e->reply);
        Wire_NEXT_Reply m;
        int r;
        if (cim_failed(i.status)) {
                r = client_fail_reply(e->client, &i, reterr);
        } else if (!wire_get_NEXT_reply(i.frame.payload, i.frame.size, &m)) {
                r = client_fail_malformed(e->client, WIRE_NEXT, reterr);
        } else {
                r = enum_objects(e, WIRE_NEXT, m.objects, reterr);
                if (r == -ENOMEM) { // the next call reads it again
                        e->reply = client_item_steal(&i);
                        return r;
                }
                e->handle = m.more ? e->handle : 0;
        }
        client_item_deinit(&i);
        return r;
}

int client_enum_next(ClientEnum *e, int timeout_ms, CimInstance **ret, Diag *reterr)
{
        uint64_t until = timeout_ms > 0 ? monotonic_ms() + (uint64_t)timeout_ms : 0;
        while (e->at == e->set.count) {
                if (!e->client)
                        return -EPIPE;
                if (!e->handle)
                        return -ENODATA;
                int r = e->request || e->reply.memory ? 0 : enum_ask(e);
                if (!r)
                        r = enum_await(e, client_left(timeout_ms, until));
                if (!r)
                        r = enum_read(e, reterr);
                if (r)
                        return r;
        }
        *ret = e->set.objects[e->at];
        e->set.objects[e->at++] = NULL;
        return 0;
}

ClientEnum *client_enum_free(ClientEnum *e)
{
        if (!e)
                return NULL;
        if (e->client) {
                list_remove(&e->link);
                if (e->request)
                        client_abandon(e->client, e->request);
                if (e->handle)
                        client_send_cancel(e->client, e->handle);
        }
        client_item_deinit(&e->reply);
        cim_set_deinit(&e->set);
        free(e);
        return NULL;
}
