// SPDX-License-Identifier: MIT
// Items: from frames to what client_next gives out. An item owns a copy of its frame and refers to its class.
#include "client/internal.h"

#include <stdlib.h>

#include "wire/envelope.h"

// What an item's `memory` points to. The frame's fields are at the same alignment as in a frame that starts
// aligned.
typedef struct ItemMemory {
        ClassTable *classes;
        Arena arena; // for a name that is not aligned
        size_t size;
        _Alignas(16) uint8_t payload[];
} ItemMemory;

static ItemMemory *item_memory(const WireFrame *f)
{
        ItemMemory *m = malloc(sizeof(*m) + f->size);
        if (!m)
                return NULL;
        *m = (ItemMemory){.size = f->size};
        if (f->size)
                memcpy(m->payload, f->payload, f->size);
        return m;
}

void client_item_deinit(ClientItem *i)
{
        ItemMemory *m = i->memory;
        if (m) {
                classes_unref(m->classes);
                arena_deinit(&m->arena);
                free(m);
        }
        *i = (ClientItem){0};
}

ClientItem client_item_steal(ClientItem *from)
{
        ClientItem i = *from;
        *from = (ClientItem){0};
        return i;
}

size_t item_bytes(const ClientItem *i)
{
        const ItemMemory *m = i->memory;
        return sizeof(*i) + (m ? sizeof(*m) + m->size : 0);
}

uint32_t *item_subscriptions(ClientItem *i)
{
        ItemMemory *m = i->memory;
        return (uint32_t *)(void *)(m->payload + 4);
}

static const CimClass *item_find(void *context, uint32_t handle, Str *ret_namespace)
{
        const ClassEntry *e = classes_by_handle(context, handle);
        if (!e)
                return NULL;
        *ret_namespace = e->namespace;
        return e->klass;
}

int client_item_instance(const ClientItem *i, CimInstance **ret, CimBlockError *reterr)
{
        const ItemMemory *m = i->memory;
        const CimClassTable table = {.find = item_find, .context = m->classes};
        return cim_event_instance(&i->envelope, i->klass, &table, ret, reterr);
}

bool client_item_status(const ClientItem *i, ClientStatus *ret)
{
        if (i->kind != CLIENT_REPLY || !cim_failed(i->status))
                return false;
        *ret = (ClientStatus){.status = i->status, .parameter = i->parameter, .provider = WIRE_PROVIDER, .diag = i->diag};
        ret->diag.code = i->status;
        wire_operation_name(i->operation, ret->operation);
        return true;
}

// --- from frames ---------------------------------------------------------------------------------

int item_reply(const WireFrame *f, ClientItem *ret)
{
        ItemMemory *m = item_memory(f);
        if (!m)
                return -ENOMEM;
        *ret = (ClientItem){.kind = CLIENT_REPLY,
                            .request = f->request,
                            .operation = f->operation,
                            .frame = *f,
                            .memory = m};
        ret->frame.payload = m->payload;
        if (wire_get_status(m->payload, m->size, &ret->status, &ret->diag, &ret->parameter, &ret->list))
                return 0;
        client_item_deinit(ret);
        return -EPROTO;
}

int item_event(Client *c, const WireFrame *f, ClientItem *ret)
{
        Wire_EVENT e;
        ItemMemory *m = item_memory(f);
        if (!m)
                return -ENOMEM;
        *ret = (ClientItem){.kind = CLIENT_EVENT, .memory = m};
        int r = -EPROTO;
        const ClassEntry *klass = NULL;
        if (wire_get_EVENT(m->payload, m->size, &e) && e.subscriptions.n && e.subscriptions.n % 4 == 0 &&
            e.subscriptions.n / 4 <= LIMIT_SUBSCRIPTIONS)
                klass = classes_by_handle(c->classes, e.handle);
        if (klass) {
                m->classes = classes_ref(c->classes);
                r = wire_envelope_read((const uint8_t *)e.envelope.p, e.envelope.n, &m->arena,
                                       &ret->envelope);
                r = r > 0 ? -EPROTO : r;
        }
        if (r) {
                client_item_deinit(ret);
                return r;
        }
        ret->subscriptions = (const uint32_t *)(const void *)(m->payload + 4);
        ret->subscription_count = e.subscriptions.n / 4;
        ret->klass = klass->klass;
        ret->namespace = klass->namespace;
        return 0;
}

int item_lost(const WireFrame *f, ClientItem *ret)
{
        Wire_LOST m;
        if (!wire_get_LOST(f->payload, f->size, &m) || m.source > 1 || !m.count)
                return -EPROTO;
        *ret = (ClientItem){.kind = CLIENT_LOST,
                            .subscription = m.subscription,
                            .count = m.count,
                            .at_source = m.source == 1};
        return 0;
}

int item_ended(const WireFrame *f, ClientItem *ret)
{
        Wire_ENDED m;
        if (!wire_get_ENDED(f->payload, f->size, &m))
                return -EPROTO;
        *ret = (ClientItem){.kind = CLIENT_ENDED, .subscription = m.subscription, .status = m.status};
        return 0;
}

int item_host(const WireFrame *f, ClientItem *ret)
{
        ItemMemory *m = item_memory(f);
        if (!m)
                return -ENOMEM;
        *ret = (ClientItem){.kind = CLIENT_HOST, .memory = m};
        if (wire_get_HOST_NOTICE(m->payload, m->size, &ret->host))
                return 0;
        client_item_deinit(ret);
        return -EPROTO;
}
