// SPDX-License-Identifier: MIT
// Router: from one event to the subscriptions that it matches.
//
//   envelope -> checked -> Route of its GUID -> for each class of that GUID: properties extracted once ->
//   the plans of its subscriptions -> one item for each session, with the ids
//
//   an instance (a change of the store, an application's event) -> Route of its class -> the same
//
// The bytes at hand are the service's own copy: the host cannot change them while they are read. The router
// never waits, and what it allocates for an event is charged to the sessions that get it. A Route is made at
// the first event of a GUID and forgotten when a subscription or the schema changes.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

#include "base/filetime.h"
#include "base/hash.h"
#include "cim/instance.h"
#include "wire/envelope.h"

enum { ROUTER_BUCKETS = 1024 };

// One class of a GUID and what is at stake for it.
typedef struct RouteClass {
        ClassHandle *handle;
        CimWant used;        // the properties that its subscriptions' plans read
        Subscription **subs; // those of one session stand together
        size_t sub_count;
} RouteClass;

// Where the events of a GUID go, or (klass) those of a class that no driver fires.
struct Route {
        Route *next;
        Guid guid;
        const CimClass *klass; // borrowed from its handle
        size_t class_count;
        RouteClass *classes;
        Arena arena;
};

int router_init(Router *r)
{
        *r = (Router){0};
        // A decoder makes at most LIMIT_ARRAY_ITEMS values of a block, each of them possibly an object of its
        // own.
        r->scratch.limit =
                LIMIT_ARRAY_ITEMS * (sizeof(CimValue) + sizeof(CimInstance)) + 4 * LIMIT_EVENT_BYTES;
        r->buckets = calloc(ROUTER_BUCKETS, sizeof(*r->buckets));
        return r->buckets ? 0 : -ENOMEM;
}

void router_forget_routes(Router *r)
{
        if (!r->route_count)
                return;
        for (size_t i = 0; i < ROUTER_BUCKETS; i++)
                for (Route *t; (t = r->buckets[i]) != NULL;) {
                        r->buckets[i] = t->next;
                        arena_deinit(&t->arena);
                        free(t);
                }
        r->route_count = 0;
}

void router_deinit(Router *r)
{
        if (!r->buckets)
                return;
        router_forget_routes(r);
        arena_deinit(&r->scratch);
        free(r->buckets);
        free(r->strangers);
        free(r->group);
}

void router_schema_changed(Service *s)
{
        router_forget_routes(&s->router);
        handles_sweep(s);
}

// --- routes --------------------------------------------------------------------------------------

typedef struct RouteBuild {
        Service *service;
        Route *route;
        size_t capacity;
} RouteBuild;

static int route_by_session(const void *a, const void *b)
{
        const Subscription *x = *(Subscription *const *)a, *y = *(Subscription *const *)b;
        uint64_t i = x->session->c->id, k = y->session->c->id;
        return i != k ? (i < k ? -1 : 1) : (x->id < y->id ? -1 : x->id > y->id);
}

static void want_all_of(CimWant *into, const CimWant *from)
{
        for (size_t i = 0; i < from->count && i < into->count; i++)
                into->words[i] |= from->words[i];
}

// Is the plan made for this very class or one that it derives from, not for a version of former times?
static bool route_fits(const CimClass *c, const WqlPlan *plan)
{
        while (c && c != wql_class(plan))
                c = c->super;
        return c != NULL;
}

static int route_fill(Service *s, Route *t, RouteClass *k, Str namespace, const CimClass *c)
{
        size_t n = 0;
        LIST_EACH(i, &s->topics)
        {
                Topic *topic = list_entry(i, Topic, link);
                if (topic_covers(topic, namespace, c))
                        LIST_EACH(m, &topic->subscriptions)
                n++;
        }
        k->used.count = (c->property_count + 63) / 64;
        k->used.words = arena_array(&t->arena, uint64_t, k->used.count + 1);
        k->subs = arena_array(&t->arena, Subscription *, n + 1);
        if (!k->used.words || !k->subs)
                return -ENOMEM;
        LIST_EACH(i, &s->topics)
        {
                Topic *topic = list_entry(i, Topic, link);
                if (!topic_covers(topic, namespace, c))
                        continue;
                LIST_EACH(m, &topic->subscriptions)
                {
                        Subscription *sub = list_entry(m, Subscription, of_topic);
                        if (sub->doomed && !route_fits(c, sub->plan))
                                continue; // its plan is of another version of the class
                        k->subs[k->sub_count++] = sub;
                        want_all_of(&k->used, wql_used(sub->plan));
                }
        }
        if (k->sub_count)
                qsort(k->subs, k->sub_count, sizeof(Subscription *), route_by_session);
        return 0;
}

static int route_class(void *context, Str namespace, const CimClass *c)
{
        RouteBuild *b = context;
        Route *t = b->route;
        if (t->class_count == b->capacity) {
                size_t capacity = b->capacity ? b->capacity * 2 : 2;
                RouteClass *p = arena_array(&t->arena, RouteClass, capacity);
                if (!p)
                        return -ENOMEM;
                if (t->class_count)
                        memcpy(p, t->classes, t->class_count * sizeof(*p));
                t->classes = p;
                b->capacity = capacity;
        }
        RouteClass *k = &t->classes[t->class_count];
        *k = (RouteClass){.handle = handle_get(&b->service->handles, namespace, c)};
        if (!k->handle)
                return -ENOMEM;
        t->class_count++;
        return route_fill(b->service, t, k, namespace, c);
}

// A new one in its bucket; NULL: out of memory.
static Route *route_new(Service *s, size_t bucket, const Guid *guid, Str namespace, const CimClass *c)
{
        Router *r = &s->router;
        if (r->route_count >= LIMIT_ROUTES)
                router_forget_routes(r);
        Route *t = calloc(1, sizeof(*t));
        if (!t)
                return NULL;
        t->klass = c;
        RouteBuild b = {s, t, 0};
        if (guid)
                t->guid = *guid;
        if (guid ? cim_schema_each_guid(s->schema, guid, route_class, &b) : route_class(&b, namespace, c)) {
                arena_deinit(&t->arena);
                free(t);
                return NULL;
        }
        t->next = r->buckets[bucket];
        r->buckets[bucket] = t;
        r->route_count++;
        return t;
}

// The route of a GUID; NULL: out of memory.
static Route *route_get(Service *s, const Guid *guid)
{
        size_t at = hash_bytes(guid, sizeof(*guid)) % ROUTER_BUCKETS;
        for (Route *t = s->router.buckets[at]; t; t = t->next)
                if (!t->klass && guid_eq(&t->guid, guid))
                        return t;
        return route_new(s, at, guid, (Str){"", 0}, NULL);
}

// The route of a class; NULL: out of memory.
static Route *route_of_class(Service *s, Str namespace, const CimClass *c)
{
        size_t at = hash_bytes(&c, sizeof(c)) % ROUTER_BUCKETS;
        for (Route *t = s->router.buckets[at]; t; t = t->next)
                if (t->klass == c && str_ieq(str_of(t->classes[0].handle->namespace), namespace))
                        return t;
        return route_new(s, at, NULL, namespace, c);
}

// --- delivery ------------------------------------------------------------------------------------

static void put_u32(uint8_t **p, uint32_t v)
{
        memcpy(*p, &v, 4);
        *p += 4;
}

// The frame of an event up to the envelope's bytes.
static Out *deliver_item(Subscription *const *subs, size_t n, uint32_t handle, Blob *event)
{
        size_t head = WIRE_HEADER + 4 + n * 4 + 4 + 4;
        Out *o = out_new(OUT_EVENT, head, n);
        if (!o)
                return NULL;
        uint8_t *p = o->head;
        put_u32(&p, (uint32_t)(head + event->size - 4));
        put_u32(&p, WIRE_EVENT);
        put_u32(&p, 0);
        put_u32(&p, (uint32_t)n * 4);
        for (size_t i = 0; i < n; i++) {
                put_u32(&p, subs[i]->id);
                o->subs[i] = subs[i];
        }
        put_u32(&p, handle);
        put_u32(&p, (uint32_t)event->size);
        o->tail = blob_ref(event);
        o->charge += event->size;
        return o;
}

static void deliver_lost(Service *s, Subscription *sub)
{
        s->stats.dropped++;
        subscription_lose(sub, 0, 1);
}

static bool deliver_fits(const Service *s, const Session *x, size_t bytes)
{
        return x->c->out.stream_bytes + bytes <= s->config.session_bytes;
}

// The class goes into the stream before the first event that names it, whoever that is for.
static bool deliver_class(const Service *s, Session *x, const ClassHandle *h, size_t event_bytes)
{
        if (session_announced(x, h->handle))
                return true;
        if (!deliver_fits(s, x, event_bytes + sizeof(Out) + h->frame->size))
                return false;
        Out *o = out_new(OUT_CLASS, 0, 0);
        if (!o)
                return false;
        if (session_announce(x, h->handle) < 0) {
                free(o);
                return false;
        }
        o->tail = blob_ref(h->frame);
        o->charge += h->frame->size;
        out_charge(&x->c->out, o);
        list_push(&x->c->out.stream, &o->link);
        return true;
}

// Queues one item for subs[0..n), all of one session and with room. List: the stream, or one's early list.
static bool deliver_item_to(Service *s, List *list, Subscription *const *subs, size_t n, uint32_t handle,
                            Blob *event)
{
        Out *o = deliver_item(subs, n, handle, event);
        if (!o)
                return false;
        OutQueue *q = &subs[0]->session->c->out;
        for (size_t i = 0; i < n; i++) {
                subs[i]->queued++;
                subs[i]->accepted++;
                subs[i]->open_lost[0] = subs[i]->open_lost[1] =
                        NULL; // what is lost from here on stands behind it
                s->stats.deliveries++;
        }
        out_charge(q, o);
        list_push(list, &o->link);
        return true;
}

// One event for all sessions that it matches. What is sent is made at the first need.
typedef struct Delivery {
        const ClassHandle *handle;
        const CimEnvelope *envelope; // without its payload when there is an instance
        const CimInstance *instance; // NULL: a driver's
        HandleList inner;            // the classes of the objects inside it
        Blob *event;
        bool failed; // it cannot be made
} Delivery;

static void delivery_deinit(Delivery *d)
{
        blob_unref(d->event);
        free(d->inner.p);
}

static bool delivery_encode(Delivery *d, CimEnvelope *e, Buf *payload)
{
        CimClassTable table = {.number = handle_list_number, .context = &d->inner};
        if (cim_codec_write_values(d->instance, &table, payload) < 0 || payload->failed ||
            payload->n > LIMIT_INSTANCE_EVENT)
                return false;
        e->payload = payload->p;
        e->payload_size = payload->n;
        return true;
}

// The bytes that all its receivers share; NULL: it cannot be made.
static Blob *delivery_event(Delivery *d)
{
        if (d->event || d->failed)
                return d->event;
        CimEnvelope e = *d->envelope;
        Buf payload = {0};
        if (!d->instance || delivery_encode(d, &e, &payload))
                d->event = blob_new(NULL, wire_envelope_size(&e));
        if (d->event)
                wire_envelope_store(&e, d->event->bytes);
        d->failed = !d->event;
        buf_deinit(&payload);
        return d->event;
}

// All classes that the event names stand in front of it.
static bool deliver_classes(const Service *s, Session *x, const Delivery *d, size_t event_bytes)
{
        for (size_t i = 0; i < d->inner.count; i++)
                if (!deliver_class(s, x, d->inner.p[i], event_bytes))
                        return false;
        return deliver_class(s, x, d->handle, event_bytes);
}

// An event that matched subs[0..n), all of one session. Returns for how many it was queued.
static size_t deliver(Service *s, Subscription **subs, size_t n, Delivery *d)
{
        Session *x = subs[0]->session;
        Connection *c = x->c;
        if (c->ended || c->deaf)
                return 0;
        Blob *event = delivery_event(d);
        uint32_t handle = d->handle->handle;
        size_t bytes = event ? event->size + sizeof(Out) + WIRE_HEADER + 12 + n * 12 : 0;
        bool room = event && deliver_fits(s, x, bytes) && deliver_classes(s, x, d, bytes);
        size_t shared = 0, queued = 0;
        for (size_t i = 0; i < n; i++) {
                Subscription *sub = subs[i];
                if (!room || sub->queued >= sub->queue || !subscription_tell(sub))
                        deliver_lost(s, sub);
                else if (!sub->pending)
                        subs[shared++] = sub;
                else if (deliver_item_to(s, &sub->early, &sub, 1, handle, event))
                        queued++;
                else
                        deliver_lost(s, sub);
        }
        if (shared && deliver_item_to(s, &c->out.stream, subs, shared, handle, event))
                queued += shared;
        else
                for (size_t i = 0; i < shared; i++)
                        deliver_lost(s, subs[i]);
        connection_dirty(c);
        return queued;
}

// --- one event -----------------------------------------------------------------------------------

static bool router_group_room(Router *r, size_t n)
{
        if (n <= r->group_capacity)
                return true;
        Subscription **p = realloc(r->group, n * sizeof(*p));
        if (!p)
                return false;
        r->group = p;
        r->group_capacity = n;
        return true;
}

// Nobody can say any more whom it would have matched: all who could have are told "up to one".
static void route_lose_all(const RouteClass *k)
{
        for (size_t i = 0; i < k->sub_count; i++)
                subscription_lose(k->subs[i], 1, 1);
}

// Matches and delivers to the sessions in turn. Returns how many subscriptions it matched, and for how many
// it was queued.
static size_t route_match(Service *s, const RouteClass *k, const CimValue *values, Delivery *d,
                          size_t *ret_queued)
{
        Arena paths = {0}; // of objects in the event, when a query asks for them
        size_t matched = 0;
        const WqlSubject subject = {.klass = k->handle->klass,
                                    .values = values,
                                    .scratch = &paths,
                                    .server = str_of(s->server)};
        for (size_t i = 0, n; i < k->sub_count; i += n) {
                const Session *x = k->subs[i]->session;
                size_t hits = 0;
                for (n = 0; i + n < k->sub_count && k->subs[i + n]->session == x; n++) {
                        if (wql_match(k->subs[i + n]->plan, &subject))
                                s->router.group[hits++] = k->subs[i + n];
                        if (paths.used)
                                arena_reset(&paths);
                }
                if (hits)
                        *ret_queued += deliver(s, s->router.group, hits, d);
                matched += hits;
        }
        arena_deinit(&paths);
        return matched;
}

static size_t route_event(Service *s, Host *h, const RouteClass *k, Delivery *d)
{
        Arena *a = &s->router.scratch;
        const CimEnvelope *e = d->envelope;
        const CimClass *c = k->handle->klass;
        CimBlockError error = {0};
        CimValue *values = arena_array(a, CimValue, c->property_count + 1);
        int r = values && router_group_room(&s->router, k->sub_count)
                        ? cim_event_extract(e, c, &k->used, NULL, a, values, &error)
                        : -ENOMEM;
        if (r < 0) {
                log_line(&s->config.log, LOG_ERROR, "out of memory: an event of class %.*s is lost",
                         STR_ARG(c->name));
                route_lose_all(k);
                return 0;
        }
        if (r > 0) {
                char guid[GUID_TEXT];
                host_malformed(h, "event of class %.*s %s, byte %zu of its data block: %s", STR_ARG(c->name),
                               guid_text(&e->guid, guid), error.offset, error.says);
                return 0;
        }
        size_t queued = 0;
        d->handle = k->handle;
        return route_match(s, k, values, d, &queued);
}

// Reads and checks what does not depend on a class. 0; 1: malformed, and logged; -ENOMEM.
static int router_read(Service *s, Host *h, Str bytes, CimEnvelope *ret)
{
        CimWnode w;
        CimBlockError error = {0};
        int r = wire_envelope_read((const uint8_t *)bytes.p, bytes.n, &s->router.scratch, ret);
        if (r < 0)
                return r;
        if (r) {
                host_malformed(h, "envelope of %zu bytes", bytes.n);
                return 1;
        }
        char guid[GUID_TEXT], inner[GUID_TEXT];
        if (ret->kind != CIM_PAYLOAD_WNODE) {
                host_malformed(h, "event %s: a driver fires WNODEs only", guid_text(&ret->guid, guid));
                return 1;
        }
        if (cim_wnode_parse(ret->payload, ret->payload_size, &w, &error)) {
                host_malformed(h, "event %s, byte %zu of its WNODE: %s", guid_text(&ret->guid, guid),
                               error.offset, error.says);
                return 1;
        }
        if (!guid_eq(&w.guid, &ret->guid)) {
                host_malformed(h, "event %s: its WNODE says %s", guid_text(&ret->guid, guid),
                               guid_text(&w.guid, inner));
                return 1;
        }
        ret->host = h->c->id; // who it is from is what the connection says, not what the peer says
        if (!ret->time)
                ret->time = filetime_now();
        return 0;
}

static void router_stranger(Service *s, Host *h, const Guid *g)
{
        Router *r = &s->router;
        if (r->stranger_count && bsearch(g, r->strangers, r->stranger_count, sizeof(Guid), guid_order))
                return;
        if (!r->strangers)
                r->strangers = calloc(LIMIT_STRANGERS, sizeof(Guid));
        if (!r->strangers || r->stranger_count == LIMIT_STRANGERS)
                return;
        r->strangers[r->stranger_count++] = *g;
        qsort(r->strangers, r->stranger_count, sizeof(Guid), guid_order);
        char guid[GUID_TEXT], label[192];
        log_line(&s->config.log, LOG_NOTICE, "%s fires events of %s, which no class has; they go nowhere",
                 connection_label(h->c, label), guid_text(g, guid));
}

void router_event(Service *s, Host *h, Str bytes)
{
        CimEnvelope e;
        Delivery d = {.envelope = &e};
        size_t matched = 0;
        uint64_t malformed = s->stats.events_malformed;
        s->stats.events_in++;
        h->events++;
        arena_reset(&s->router.scratch);
        int r = router_read(s, h, bytes, &e);
        if (r > 0)
                return;
        const Route *t = r ? NULL : route_get(s, &e.guid);
        if (!t) {
                log_line(&s->config.log, LOG_ERROR, "out of memory: an event is lost");
                router_source_lost(s, h, &e.guid, 1);
                return;
        }
        if (!t->class_count)
                router_stranger(s, h, &e.guid);
        for (size_t i = 0; i < t->class_count; i++)
                matched += route_event(s, h, &t->classes[i], &d);
        if (!matched && malformed == s->stats.events_malformed)
                s->stats.events_unmatched++;
        delivery_deinit(&d);
}

// --- an event of our own -------------------------------------------------------------------------

bool router_listens(Service *s, Str namespace, const CimClass *c)
{
        const Route *t = list_empty(&s->topics) ? NULL : route_of_class(s, namespace, c);
        return t ? t->classes[0].sub_count != 0 : !list_empty(&s->topics); // out of memory: perhaps
}

void router_lose(Service *s, Str namespace, const CimClass *c)
{
        log_line(&s->config.log, LOG_ERROR, "out of memory: an event of class %.*s is lost", STR_ARG(c->name));
        LIST_EACH(i, &s->topics)
        {
                Topic *t = list_entry(i, Topic, link);
                if (topic_covers(t, namespace, c))
                        LIST_EACH(k, &t->subscriptions)
                subscription_lose(list_entry(k, Subscription, of_topic), 1, 1);
        }
}

size_t router_raise(Service *s, Str namespace, const CimInstance *event, uint64_t time)
{
        size_t queued = 0;
        s->stats.events_raised++;
        const Route *t = route_of_class(s, namespace, event->class);
        const RouteClass *k = t ? &t->classes[0] : NULL;
        if (!k || !router_group_room(&s->router, k->sub_count)) {
                router_lose(s, namespace, event->class);
                return 0;
        }
        arena_reset(&s->router.scratch);
        CimEnvelope e = {.sequence = ++s->router.raised,
                         .time = time,
                         .guid = event->class->guid,
                         .kind = CIM_PAYLOAD_INSTANCE};
        Delivery d = {
                .handle = k->handle, .envelope = &e, .instance = event, .inner = {.handles = &s->handles}};
        route_match(s, k, event->values, &d, &queued);
        delivery_deinit(&d);
        return queued;
}

// --- losses in a host ----------------------------------------------------------------------------

typedef struct SourceLost {
        Service *service;
        uint64_t count;
} SourceLost;

static int router_lost_class(void *context, Str namespace, const CimClass *c)
{
        const SourceLost *l = context;
        Service *s = l->service;
        LIST_EACH(i, &s->topics)
        {
                Topic *t = list_entry(i, Topic, link);
                if (!topic_covers(t, namespace, c))
                        continue;
                LIST_EACH(k, &t->subscriptions)
                {
                        Subscription *sub = list_entry(k, Subscription, of_topic);
                        if (sub->told_round == s->router.told_round || sub->session->c->ended)
                                continue;
                        sub->told_round = s->router.told_round;
                        subscription_lose(sub, 1, l->count);
                }
        }
        return 0;
}

void router_source_lost(Service *s, Host *h, const Guid *guid, uint64_t count)
{
        h->dropped += count;
        s->stats.source_dropped += count;
        s->router.told_round++;
        SourceLost l = {s, count};
        cim_schema_each_guid(s->schema, guid, router_lost_class, &l);
}
