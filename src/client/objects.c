// SPDX-License-Identifier: MIT
// The calls about objects: get, put, delete; sinks; everybody's subscriptions.
#include "client/internal.h"

#include <stdlib.h>

// --- objects in replies --------------------------------------------------------------------------

// The one object of a reply.
static int object_only(Client *c, uint16_t operation, Str objects, CimInstance **ret, Diag *reterr)
{
        CimSet set;
        int r = cim_set_read((const uint8_t *)objects.p, objects.n, NULL, NULL, &set, NULL, NULL);
        if (r < 0)
                return r;
        if (r > 0)
                return client_fail_malformed(c, operation, reterr);
        if (set.count == 1) {
                *ret = cim_instance_ref(set.objects[0]);
                cim_set_deinit(&set);
                return 0;
        }
        cim_set_deinit(&set);
        return client_fail_malformed(c, operation, reterr);
}

int client_get_object(Client *c, Str namespace, Str path, uint32_t flags, int timeout_ms, CimInstance **ret, Diag *reterr)
{
        ClientItem i;
        Wire_GET_OBJECT m = {.namespace = namespace, .path = path, .flags = flags};
        int r = client_call(c, GET_OBJECT, &m, timeout_ms, &i, reterr);
        if (r)
                return r;
        Wire_GET_OBJECT_Reply reply;
        if (wire_get_GET_OBJECT_reply(i.frame.payload, i.frame.size, &reply))
                r = object_only(c, WIRE_GET_OBJECT, reply.objects, ret, reterr);
        else
                r = client_fail_malformed(c, WIRE_GET_OBJECT, reterr);
        client_item_deinit(&i);
        return r;
}

// --- objects in requests -------------------------------------------------------------------------

// A request with objects, before they are bytes.
typedef struct Put {
        uint16_t operation; // PUT_CLASS, PUT_INSTANCE, INDICATE
        Str namespace;
        uint32_t flags, sink;
        CimInstance *const *objects;
        size_t count;
        int timeout_ms;
} Put;

static int put_refused(Client *c, const Put *p, int e, Diag *reterr)
{
        if (e != -ELOOP && e != -E2BIG)
                return e;
        Diag d = {0};
        const CimClass *k = p->objects[0]->class;
        if (e == -ELOOP)
                diag_set(&d, CIM_E_INVALID_OBJECT, "%s: objects inside objects go down %u levels, this one further",
                         k->name.p, LIMIT_DEPTH);
        else
                diag_set(&d, CIM_E_INVALID_OBJECT, "%s: an object on its way may have %u bytes, this one has more", k->name.p,
                         LIMIT_OBJECT_BYTES);
        return client_fail(c, p->operation, k->name, &d, reterr);
}

// The objects as a set. 0, -ENOMEM, -ELOOP, -E2BIG.
static int put_set(const Put *p, bool by_version, Buf *out)
{
        CimSetWriter *w = cim_set_writer_new(by_version);
        int r = w ? 0 : -ENOMEM;
        for (size_t i = 0; i < p->count && !r; i++)
                r = cim_set_add(w, p->objects[i]);
        if (!r) {
                cim_set_finish(w, out);
                r = out->failed ? -ENOMEM : 0;
        }
        cim_set_writer_free(w);
        return r;
}

static int put_send(Client *c, const Put *p, const Buf *set, ClientItem *ret, Diag *reterr)
{
        Str objects = {(const char *)set->p, set->n};
        int r;
        if (p->operation == WIRE_PUT_CLASS)
                r = client_call(c, PUT_CLASS,
                                (&(Wire_PUT_CLASS){.namespace = p->namespace, .flags = p->flags, .objects = objects}),
                                p->timeout_ms, ret, reterr);
        else if (p->operation == WIRE_PUT_INSTANCE)
                r = client_call(
                        c, PUT_INSTANCE,
                        (&(Wire_PUT_INSTANCE){.namespace = p->namespace, .flags = p->flags, .objects = objects}),
                        p->timeout_ms, ret, reterr);
        else
                r = client_call(c, INDICATE, (&(Wire_INDICATE){.sink = p->sink, .objects = objects}), p->timeout_ms,
                                ret, reterr);
        return r == -EMSGSIZE ? put_refused(c, p, -E2BIG, reterr) : r;
}

// Sends classes by version; when the service says that it does not know one, once more with whole classes.
static int put_call(Client *c, const Put *p, ClientItem *ret, Diag *reterr)
{
        Buf brief = {0}, whole = {0};
        int r = put_set(p, true, &brief);
        if (!r)
                r = put_send(c, p, &brief, ret, reterr);
        else
                r = put_refused(c, p, r, reterr);
        if (r == E_DIAG && c->status.status == (uint32_t)CIM_E_INVALID_CLASS && put_set(p, false, &whole) == 0 &&
            (whole.n != brief.n || memcmp(whole.p, brief.p, whole.n) != 0))
                r = put_send(c, p, &whole, ret, reterr);
        buf_deinit(&brief);
        buf_deinit(&whole);
        return r;
}

int client_put_class(Client *c, Str namespace, const CimInstance *object, uint32_t flags, int timeout_ms, Diag *reterr)
{
        ClientItem i;
        CimInstance *one = (CimInstance *)(uintptr_t)object;
        const Put p = {WIRE_PUT_CLASS, namespace, flags, 0, &one, 1, timeout_ms};
        int r = put_call(c, &p, &i, reterr);
        if (!r)
                client_item_deinit(&i);
        return r;
}

int client_put_instance(Client *c, Str namespace, const CimInstance *object, uint32_t flags, int timeout_ms, char **ret_path,
                        Diag *reterr)
{
        ClientItem i;
        CimInstance *one = (CimInstance *)(uintptr_t)object;
        const Put p = {WIRE_PUT_INSTANCE, namespace, flags, 0, &one, 1, timeout_ms};
        int r = put_call(c, &p, &i, reterr);
        if (r)
                return r;
        Wire_PUT_INSTANCE_Reply reply;
        if (!wire_get_PUT_INSTANCE_reply(i.frame.payload, i.frame.size, &reply))
                r = client_fail_malformed(c, WIRE_PUT_INSTANCE, reterr);
        else if (ret_path && !(*ret_path = strndup(reply.path.n ? reply.path.p : "", reply.path.n)))
                r = -ENOMEM;
        client_item_deinit(&i);
        return r;
}

int client_delete_class(Client *c, Str namespace, Str name, int timeout_ms, Diag *reterr)
{
        ClientItem i;
        int r = client_call(c, DELETE_CLASS, (&(Wire_DELETE_CLASS){.namespace = namespace, .name = name}), timeout_ms,
                            &i, reterr);
        if (!r)
                client_item_deinit(&i);
        return r;
}

int client_delete_instance(Client *c, Str namespace, Str path, int timeout_ms, Diag *reterr)
{
        ClientItem i;
        int r = client_call(c, DELETE_INSTANCE, (&(Wire_DELETE_INSTANCE){.namespace = namespace, .path = path}),
                            timeout_ms, &i, reterr);
        if (!r)
                client_item_deinit(&i);
        return r;
}

// --- sinks ---------------------------------------------------------------------------------------

int client_open_sink(Client *c, Str namespace, int timeout_ms, uint32_t *ret_sink, Diag *reterr)
{
        ClientItem i;
        int r = client_call(c, QUERY_OBJECT_SINK, (&(Wire_QUERY_OBJECT_SINK){.namespace = namespace}), timeout_ms, &i,
                            reterr);
        if (r)
                return r;
        Wire_QUERY_OBJECT_SINK_Reply reply;
        if (wire_get_QUERY_OBJECT_SINK_reply(i.frame.payload, i.frame.size, &reply))
                *ret_sink = reply.sink;
        else
                r = client_fail_malformed(c, WIRE_QUERY_OBJECT_SINK, reterr);
        client_item_deinit(&i);
        return r;
}

// How many of the events make one request: as many as fit, at least one. 0, -ENOMEM, -ELOOP, -E2BIG.
static int indicate_part(Put *p, size_t most)
{
        CimSetWriter *w = cim_set_writer_new(true);
        int r = w ? 0 : -ENOMEM;
        for (p->count = 0; !r && p->count < most && (!p->count || cim_set_bytes(w) < LIMIT_BATCH_BYTES);) {
                r = cim_set_add(w, p->objects[p->count]);
                if (r && r != -ENOMEM && p->count)
                        r = 0, most = p->count; // told when its turn comes
                else if (!r)
                        p->count++;
        }
        cim_set_writer_free(w);
        return r;
}

static int indicate_one(Client *c, const Put *p, uint32_t *matched, Diag *reterr)
{
        ClientItem i;
        int r = put_call(c, p, &i, reterr);
        if (r)
                return r;
        Wire_INDICATE_Reply reply;
        if (!wire_get_INDICATE_reply(i.frame.payload, i.frame.size, &reply))
                r = client_fail_malformed(c, WIRE_INDICATE, reterr);
        else
                *matched = *matched > UINT32_MAX - reply.matched ? UINT32_MAX : *matched + reply.matched;
        client_item_deinit(&i);
        return r;
}

int client_indicate(Client *c, uint32_t sink, CimInstance *const *events, size_t n, int timeout_ms, uint32_t *ret_matched,
                    Diag *reterr)
{
        Put p = {WIRE_INDICATE, {"", 0}, 0, sink, events, 0, timeout_ms};
        uint32_t matched = 0;
        int r = 0;
        while (n && !r) {
                r = indicate_part(&p, n);
                r = r ? put_refused(c, &p, r, reterr) : indicate_one(c, &p, &matched, reterr);
                p.objects += p.count;
                n -= p.count;
        }
        if (ret_matched)
                *ret_matched = matched;
        return r;
}

// --- everybody's subscriptions -------------------------------------------------------------------

static bool subscription_read(Reader *in, ClientSubscription *ret)
{
        ret->session = read_u64(in);
        ret->subscription = read_u32(in);
        ret->pid = read_u32(in);
        ret->uid = read_u32(in);
        ret->program = read_str(in);
        ret->namespace = read_str(in);
        ret->query = read_str(in);
        ret->queue = read_u32(in);
        ret->queued = read_u32(in);
        ret->delivered = read_u64(in);
        ret->lost = read_u64(in);
        return !in->failed;
}

// Copies a text to where there is room for it and its NUL.
static Str subscription_text(char **to, Str s)
{
        Str own = {*to, s.n};
        if (s.n)
                memcpy(*to, s.p, s.n);
        (*to)[s.n] = '\0';
        *to += s.n + 1;
        return own;
}

// The list in one allocation. 0, -ENOMEM, 1 malformed.
static int subscriptions_read(Str list, uint32_t count, ClientSubscription **ret)
{
        Reader in = {(const uint8_t *)list.p, list.n, false};
        size_t text = 0;
        ClientSubscription one;
        for (uint32_t i = 0; i < count; i++) {
                if (!subscription_read(&in, &one))
                        return 1;
                text += one.program.n + one.namespace.n + one.query.n + 3;
        }
        if (in.n)
                return 1;
        ClientSubscription *all = malloc(count * sizeof(*all) + text + 1); // count entries were read: no overflow
        if (!all)
                return -ENOMEM;
        char *to = (char *)(all + count);
        in = (Reader){(const uint8_t *)list.p, list.n, false};
        for (uint32_t i = 0; i < count; i++) {
                subscription_read(&in, &all[i]);
                all[i].program = subscription_text(&to, all[i].program);
                all[i].namespace = subscription_text(&to, all[i].namespace);
                all[i].query = subscription_text(&to, all[i].query);
        }
        *ret = all;
        return 0;
}

int client_list_subscriptions(Client *c, int timeout_ms, ClientSubscription **ret, size_t *ret_count, Diag *reterr)
{
        ClientItem i;
        int r = client_call(c, LIST_SUBSCRIPTIONS, (&(Wire_LIST_SUBSCRIPTIONS){0}), timeout_ms, &i, reterr);
        if (r)
                return r;
        Wire_LIST_SUBSCRIPTIONS_Reply reply;
        r = wire_get_LIST_SUBSCRIPTIONS_reply(i.frame.payload, i.frame.size, &reply)
                    ? subscriptions_read(reply.list, reply.count, ret)
                    : 1;
        if (r > 0)
                r = client_fail_malformed(c, WIRE_LIST_SUBSCRIPTIONS, reterr);
        if (!r)
                *ret_count = reply.count;
        client_item_deinit(&i);
        return r;
}

int client_end_subscription(Client *c, uint64_t session, uint32_t subscription, int timeout_ms, Diag *reterr)
{
        ClientItem i;
        Wire_END_SUBSCRIPTION m = {.session = session, .subscription = subscription};
        int r = client_call(c, END_SUBSCRIPTION, &m, timeout_ms, &i, reterr);
        if (!r)
                client_item_deinit(&i);
        return r;
}
