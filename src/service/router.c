// SPDX-License-Identifier: MIT
// Router: from one event of a driver host to the subscriptions that it matches.
//
//   envelope -> checked -> Route of its GUID -> for each class of that GUID: properties extracted once ->
//   the plans of its subscriptions -> one item for each session, with the ids
//
// The bytes at hand are the service's own copy: the host cannot change them while they are read. The router
// never waits, and what it allocates for an event is charged to the sessions that get it. A Route is made at
// the first event of a GUID and forgotten when a subscription or the schema changes.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

#include "base/filetime.h"
#include "base/hash.h"
#include "cim/codec.h"
#include "cim/instance.h"
#include "wire/envelope.h"

enum { ROUTER_BUCKETS = 1024 };

// A version of a class under the number by which streams name it. Numbers are never used again.
struct ClassHandle {
        List link;
        const CimClass *klass; // a reference
        char *namespace;
        uint32_t handle;
        Blob *frame; // the whole CLASS frame
};

// One class of a GUID and what is at stake for it.
typedef struct RouteClass {
        ClassHandle *handle;
        CimWant used;        // the properties that its subscriptions' plans read
        Subscription **subs; // those of one session stand together
        size_t sub_count;
} RouteClass;

struct Route {
        Route *next;
        Guid guid;
        size_t class_count;
        RouteClass *classes;
        Arena arena;
};

int router_init(Router *r)
{
        *r = (Router){.next_handle = 1};
        list_init(&r->handles);
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

static void handle_free(ClassHandle *h)
{
        list_remove(&h->link);
        cim_class_unref(h->klass);
        blob_unref(h->frame);
        free(h->namespace);
        free(h);
}

void router_deinit(Router *r)
{
        if (!r->buckets)
                return;
        router_forget_routes(r);
        for (List *i; (i = list_first(&r->handles)) != NULL;)
                handle_free(list_entry(i, ClassHandle, link));
        arena_deinit(&r->scratch);
        free(r->buckets);
        free(r->strangers);
        free(r->group);
}

// --- class handles -------------------------------------------------------------------------------

static ClassHandle *handle_find(const Router *r, Str namespace, const CimClass *c)
{
        LIST_EACH(i, &r->handles)
        {
                ClassHandle *h = list_entry(i, ClassHandle, link);
                if (h->klass == c && str_ieq(str_of(h->namespace), namespace))
                        return h;
        }
        return NULL;
}

static Blob *handle_frame(uint32_t handle, Str namespace, const CimClass *c)
{
        Buf bundle = {0}, frame = {0};
        Blob *b = NULL;
        if (cim_codec_write_class(c, &bundle) == 0 && !bundle.failed) {
                wire_put_CLASS(&frame, 0,
                               &(Wire_CLASS){.handle = handle,
                                             .namespace = namespace,
                                             .bundle = {(char *)bundle.p, bundle.n}});
                if (!frame.failed)
                        b = blob_new(frame.p, frame.n);
        }
        buf_deinit(&bundle);
        buf_deinit(&frame);
        return b;
}

static ClassHandle *handle_get(Router *r, Str namespace, const CimClass *c)
{
        ClassHandle *h = handle_find(r, namespace, c);
        if (h)
                return h;
        h = calloc(1, sizeof(*h));
        if (!h)
                return NULL;
        list_init(&h->link);
        h->klass = cim_class_ref(c);
        h->namespace = text_copy(namespace);
        h->handle = r->next_handle;
        h->frame = h->namespace ? handle_frame(h->handle, namespace, c) : NULL;
        if (!h->frame) {
                handle_free(h);
                return NULL;
        }
        r->next_handle++;
        list_push(&r->handles, &h->link);
        return h;
}

void router_schema_changed(Service *s)
{
        Router *r = &s->router;
        router_forget_routes(r);
        LIST_EACH_SAFE(i, &r->handles)
        {
                ClassHandle *h = list_entry(i, ClassHandle, link);
                if (cim_schema_find(s->schema, str_of(h->namespace), h->klass->name) != h->klass)
                        handle_free(h);
        }
        size_t n = 0, all = 1;
        LIST_EACH(i, &r->handles)
        all++;
        uint32_t *live = calloc(all, sizeof(*live));
        if (!live)
                return; // then sessions remember some numbers that never come again
        LIST_EACH(i, &r->handles)
        live[n++] = list_entry(i, ClassHandle, link)->handle; // ascending: the newest is last
        LIST_EACH(i, &s->sessions)
        session_forget_classes(list_entry(i, Session, link), live, n);
        free(live);
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
        *k = (RouteClass){.handle = handle_get(&b->service->router, namespace, c)};
        if (!k->handle)
                return -ENOMEM;
        t->class_count++;
        return route_fill(b->service, t, k, namespace, c);
}

// The route of a GUID; NULL: out of memory.
static Route *route_get(Service *s, const Guid *guid)
{
        Router *r = &s->router;
        size_t at = hash_bytes(guid, sizeof(*guid)) % ROUTER_BUCKETS;
        for (Route *t = r->buckets[at]; t; t = t->next)
                if (guid_eq(&t->guid, guid))
                        return t;
        if (r->route_count >= LIMIT_ROUTES)
                router_forget_routes(r);
        Route *t = calloc(1, sizeof(*t));
        if (!t)
                return NULL;
        t->guid = *guid;
        RouteBuild b = {s, t, 0};
        if (cim_schema_each_guid(s->schema, guid, route_class, &b)) {
                arena_deinit(&t->arena);
                free(t);
                return NULL;
        }
        t->next = r->buckets[at];
        r->buckets[at] = t;
        r->route_count++;
        return t;
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
                subs[i]->open_lost[0] = subs[i]->open_lost[1] =
                        NULL; // what is lost from here on stands behind it
                s->stats.deliveries++;
        }
        out_charge(q, o);
        list_push(list, &o->link);
        return true;
}

// An event that matched subs[0..n), all of one session. *event is made at the first need.
static void deliver(Service *s, Subscription **subs, size_t n, const ClassHandle *h, const CimEnvelope *e,
                    Blob **event)
{
        Session *x = subs[0]->session;
        Connection *c = x->c;
        if (c->ended || c->deaf)
                return;
        if (!*event && (*event = blob_new(NULL, wire_envelope_size(e))) != NULL)
                wire_envelope_store(e, (*event)->bytes);
        size_t bytes = *event ? (*event)->size + sizeof(Out) + WIRE_HEADER + 12 + n * 12 : 0;
        bool room = *event && deliver_fits(s, x, bytes) && deliver_class(s, x, h, bytes);
        size_t shared = 0;
        for (size_t i = 0; i < n; i++) {
                Subscription *sub = subs[i];
                if (!room || sub->queued >= sub->queue || !subscription_tell(sub))
                        deliver_lost(s, sub);
                else if (!sub->pending)
                        subs[shared++] = sub;
                else if (!deliver_item_to(s, &sub->early, &sub, 1, h->handle, *event))
                        deliver_lost(s, sub);
        }
        if (shared && !deliver_item_to(s, &c->out.stream, subs, shared, h->handle, *event))
                for (size_t i = 0; i < shared; i++)
                        deliver_lost(s, subs[i]);
        connection_dirty(c);
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

// Matches and delivers to the sessions in turn. Returns how many subscriptions it matched.
static size_t route_match(Service *s, const RouteClass *k, const CimValue *values, const CimEnvelope *e,
                          Blob **event)
{
        Arena paths = {0}; // of objects in the event, when a query asks for them
        const WqlSubject subject = {.klass = k->handle->klass, .values = values, .scratch = &paths};
        size_t matched = 0;
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
                        deliver(s, s->router.group, hits, k->handle, e, event);
                matched += hits;
        }
        arena_deinit(&paths);
        return matched;
}

static size_t route_event(Service *s, Host *h, const RouteClass *k, const CimEnvelope *e, Blob **event)
{
        Arena *a = &s->router.scratch;
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
        return route_match(s, k, values, e, event);
}

// Reads and checks what does not depend on a class. 0; 1: malformed, and logged; -ENOMEM.
static int router_read(Service *s, Host *h, Str bytes, CimEnvelope *ret)
{
        char guid[GUID_TEXT], inner[GUID_TEXT];
        CimWnode w;
        CimBlockError error = {0};
        int r = wire_envelope_read((const uint8_t *)bytes.p, bytes.n, &s->router.scratch, ret);
        if (r < 0)
                return r;
        if (r) {
                host_malformed(h, "envelope of %zu bytes", bytes.n);
                return 1;
        }
        guid_text(&ret->guid, guid);
        if (ret->kind != CIM_PAYLOAD_WNODE) {
                host_malformed(h, "event %s: a driver fires WNODEs only", guid);
                return 1;
        }
        if (cim_wnode_parse(ret->payload, ret->payload_size, &w, &error)) {
                host_malformed(h, "event %s, byte %zu of its WNODE: %s", guid, error.offset, error.says);
                return 1;
        }
        if (!guid_eq(&w.guid, &ret->guid)) {
                host_malformed(h, "event %s: its WNODE says %s", guid, guid_text(&w.guid, inner));
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
        Blob *event = NULL;
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
                matched += route_event(s, h, &t->classes[i], &e, &event);
        if (!matched && malformed == s->stats.events_malformed)
                s->stats.events_unmatched++;
        blob_unref(event);
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
