// SPDX-License-Identifier: MIT
// Items: from frames to what client_next gives out. An item owns a copy of its frame and refers to its class.
#include "client/internal.h"

#include <stdlib.h>

#include "cim/codec.h"
#include "wire/envelope.h"

// What an item's `memory` points to. The frame's fields are at the same alignment as in a frame that starts
// aligned.
typedef struct ItemMemory {
        ClassEntry *klass;
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
                if (m->klass)
                        class_entry_unref(m->klass);
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

int client_item_instance(const ClientItem *i, CimInstance **ret, CimBlockError *reterr)
{
        return cim_event_instance(&i->envelope, i->klass, NULL, ret, reterr);
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
        if (wire_get_EVENT(m->payload, m->size, &e) && e.subscriptions.n && e.subscriptions.n % 4 == 0)
                m->klass = classes_find(c, e.handle);
        if (m->klass) {
                __atomic_add_fetch(&m->klass->refs, 1, __ATOMIC_RELAXED);
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
        ret->klass = m->klass->klass;
        ret->namespace = m->klass->namespace;
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

// --- classes -------------------------------------------------------------------------------------

ClassEntry *class_entry_unref(ClassEntry *e)
{
        if (e && __atomic_sub_fetch(&e->refs, 1, __ATOMIC_ACQ_REL) == 0) {
                cim_class_unref(e->klass);
                free(e);
        }
        return NULL;
}

static size_t classes_place(const Client *c, uint32_t handle)
{
        size_t lo = 0, hi = c->class_count;
        while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (c->classes[mid]->handle < handle)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

ClassEntry *classes_find(const Client *c, uint32_t handle)
{
        size_t i = classes_place(c, handle);
        return i < c->class_count && c->classes[i]->handle == handle ? c->classes[i] : NULL;
}

int classes_add(Client *c, const WireFrame *f)
{
        Wire_CLASS m;
        if (!wire_get_CLASS(f->payload, f->size, &m) || m.namespace.n > LIMIT_NAMESPACE_CHARS * 3 ||
            classes_find(c, m.handle) || c->class_count >= LIMIT_STREAM_CLASSES)
                return -EPROTO;
        if (c->class_count == c->class_capacity) {
                size_t capacity = c->class_capacity ? c->class_capacity * 2 : 16;
                ClassEntry **p = realloc(c->classes, capacity * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                c->classes = p;
                c->class_capacity = capacity;
        }
        ClassEntry *e = malloc(sizeof(*e) + m.namespace.n + 1);
        if (!e)
                return -ENOMEM;
        *e = (ClassEntry){.refs = 1, .handle = m.handle, .namespace = {e->text, m.namespace.n}};
        memcpy(e->text, m.namespace.p, m.namespace.n);
        e->text[m.namespace.n] = '\0';
        Diag d;
        int r = cim_codec_read_class((const uint8_t *)m.bundle.p, m.bundle.n, &e->klass, &d);
        if (r) {
                free(e);
                return r > 0 ? -EPROTO : r;
        }
        size_t i = classes_place(c, m.handle);
        memmove(c->classes + i + 1, c->classes + i, (c->class_count - i) * sizeof(ClassEntry *));
        c->classes[i] = e;
        c->class_count++;
        return 0;
}

void classes_deinit(Client *c)
{
        for (size_t i = 0; i < c->class_count; i++)
                class_entry_unref(c->classes[i]);
        free(c->classes);
}
