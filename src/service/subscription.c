// SPDX-License-Identifier: MIT
// Subscriptions: their life, the classes that they name, and the table of wanted events that follows from
// them.
//
// A subscription takes events from the moment its plan stands, because a driver may fire from inside
// ENABLE_EVENTS. Until its SUBSCRIBE is answered they gather in `early`; the answer goes first.
//
// What it is owed: every event that was accepted and matched is either delivered or counted in a LOST record,
// which stands in the stream exactly where the gap is. At most one record per gap, so records are bounded by
// events.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

#include "base/filetime.h"

// The documented flags of the notification methods: return immediately, forward only, send status, amended
// qualifiers. None changes anything here.
enum { SUBSCRIPTION_FLAGS = 0x10 | 0x20 | 0x80 | 0x20000 };

// --- topics --------------------------------------------------------------------------------------

static Topic *topic_get(Service *s, Str namespace, const CimClass *klass)
{
        LIST_EACH(i, &s->topics)
        {
                Topic *t = list_entry(i, Topic, link);
                if (t->klass == klass && str_ieq(str_of(t->namespace), namespace))
                        return t;
        }
        Topic *t = calloc(1, sizeof(*t));
        if (!t)
                return NULL;
        t->namespace = text_copy(namespace);
        if (!t->namespace) {
                free(t);
                return NULL;
        }
        t->klass = cim_class_ref(klass);
        list_init(&t->subscriptions);
        list_push(&s->topics, &t->link);
        return t;
}

static void topic_release(Topic *t)
{
        if (!t || !list_empty(&t->subscriptions))
                return;
        list_remove(&t->link);
        cim_class_unref(t->klass);
        free(t->namespace);
        free(t);
}

bool topic_covers(const Topic *t, Str namespace, const CimClass *c)
{
        return str_ieq(str_of(t->namespace), namespace) && cim_class_isa(c, t->klass->name);
}

static int announced(void *context, Str namespace, const CimClass *c)
{
        const Service *s = *(const Service *const *)context;
        (void)namespace;
        if (!c->has_guid)
                return 0;
        LIST_EACH(i, &s->hosts)
        if (host_knew(list_entry(i, Host, link), &c->guid))
                return 1;
        return 0;
}

bool service_unheard(const Service *s, void (*tell)(void *context, const CimClass *c), void *context)
{
        bool registered = false;
        LIST_EACH(i, &s->hosts)
        registered |= list_entry(i, Host, link)->state == WIRE_HOST_REGISTERED;
        if (!registered)
                return false;
        LIST_EACH(i, &s->topics)
        {
                const Topic *t = list_entry(i, Topic, link);
                if (!cim_class_isa(t->klass, STR("__ExtrinsicEvent")) &&
                    !str_ieq(t->klass->name, STR("__Event")))
                        continue; // changes of the store, which are nobody's to announce
                if (!cim_schema_each_derived(s->schema, str_of(t->namespace), t->klass, announced, &s))
                        tell(context, t->klass);
        }
        return true;
}

// --- the wanted table ----------------------------------------------------------------------------

typedef struct GuidSet {
        Guid *p;
        size_t n, capacity;
} GuidSet;

static int guid_set_add(GuidSet *set, const Guid *g)
{
        if (set->n == set->capacity) {
                size_t capacity = set->capacity ? set->capacity * 2 : 64;
                Guid *p = realloc(set->p, capacity * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                set->p = p;
                set->capacity = capacity;
        }
        set->p[set->n++] = *g;
        return 0;
}

int guid_order(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(Guid));
}

static int wanted_collect(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        return c->has_guid ? guid_set_add(context, &c->guid) : 0;
}

int wanted_update(Service *s)
{
        GuidSet set = {0};
        LIST_EACH(i, &s->topics)
        {
                Topic *t = list_entry(i, Topic, link);
                int r = cim_schema_each_derived(s->schema, str_of(t->namespace), t->klass, wanted_collect,
                                                &set);
                if (r) {
                        free(set.p);
                        log_line(&s->config.log, LOG_ERROR,
                                 "out of memory: the table of wanted events is not renewed");
                        return -ENOMEM;
                }
        }
        size_t n = 0;
        if (set.n)
                qsort(set.p, set.n, sizeof(Guid), guid_order);
        for (size_t i = 0; i < set.n; i++)
                if (!n || !guid_eq(&set.p[n - 1], &set.p[i]))
                        set.p[n++] = set.p[i];
        if (n == s->wanted_count && (!n || memcmp(set.p, s->wanted, n * sizeof(Guid)) == 0)) {
                free(set.p);
                return 0;
        }
        free(s->wanted);
        s->wanted = set.p;
        s->wanted_count = n;
        s->wanted_generation++;
        LIST_EACH(i, &s->hosts)
        host_send_wanted(list_entry(i, Host, link));
        return 0;
}

// --- life ----------------------------------------------------------------------------------------

static void subscription_deadline(Timer *t);

static Subscription *subscription_new(Session *x, Str namespace, Str text, WqlQuery *query, WqlPlan *plan)
{
        Service *s = x->c->service;
        Subscription *sub = calloc(1, sizeof(*sub));
        if (!sub)
                return NULL;
        sub->namespace = text_copy(namespace);
        sub->text = text_copy(text);
        sub->topic = sub->namespace && sub->text ? topic_get(s, namespace, wql_class(plan)) : NULL;
        if (!sub->topic) {
                free(sub->text);
                free(sub->namespace);
                free(sub);
                return NULL;
        }
        sub->session = x;
        sub->id = x->next_handle++;
        sub->query = query;
        sub->plan = plan;
        list_init(&sub->early);
        list_init(&sub->waiting);
        timer_init(&sub->deadline, subscription_deadline);
        list_push(&sub->topic->subscriptions, &sub->of_topic);
        list_push(&x->subscriptions, &sub->of_session);
        x->subscription_count++;
        s->stats.subscriptions++;
        router_forget_routes(&s->router);
        return sub;
}

static void subscription_free(Subscription *sub, bool purge)
{
        Session *x = sub->session;
        Service *s = x->c->service;
        OutQueue *q = &x->c->out;
        timer_clear(&sub->deadline);
        list_remove(&sub->waiting);
        out_forget(q, &q->sending, sub, false);
        out_forget(q, &q->stream, sub, purge);
        out_free_all(q, &sub->early);
        list_remove(&sub->of_topic);
        list_remove(&sub->of_session);
        topic_release(sub->topic);
        x->subscription_count--;
        s->stats.subscriptions--;
        router_forget_routes(&s->router);
        wql_plan_unref(sub->plan);
        wql_query_free(sub->query);
        free(sub->text);
        free(sub->namespace);
        free(sub);
}

void subscription_drop(Subscription *sub)
{
        subscription_free(sub, true);
}

void subscription_end(Subscription *sub, uint32_t status, const Diag *d)
{
        Connection *c = sub->session->c;
        if (sub->pending) {
                connection_error(c, (Asked){WIRE_EXEC_NOTIFICATION_QUERY, sub->request, str_of(sub->text)},
                                 status, d);
                subscription_free(sub, true);
                return;
        }
        subscription_tell(sub);
        Buf b = {0};
        wire_put_ENDED(&b, 0, &(Wire_ENDED){.subscription = sub->id, .status = status});
        Out *o = b.failed ? NULL : out_new(OUT_LAST, 0, 0);
        if (!o) {
                buf_deinit(&b);
                connection_end(c, "needs more memory than there is");
        } else {
                o->head = o->owned = b.p;
                o->head_size = b.n;
                o->charge += b.capacity;
                out_charge(&c->out, o);
                list_push(&c->out.stream, &o->link);
                connection_dirty(c);
        }
        subscription_free(sub, false);
}

// --- answering -----------------------------------------------------------------------------------

// Hosts that were there when it subscribed and have not the table in force: unanswered so far.
static uint32_t subscription_unanswered(const Subscription *sub, uint32_t *ret_late)
{
        uint32_t waits = 0;
        *ret_late = 0;
        LIST_EACH(i, &sub->session->c->service->hosts)
        {
                const Host *h = list_entry(i, Host, link);
                if (h->c->ended || h->c->id >= sub->hosts_before)
                        continue;
                if (h->acked < sub->generation)
                        waits++;
                else if (h->late)
                        (*ret_late)++;
        }
        return waits;
}

static void subscription_answer(Subscription *sub, uint32_t unanswered)
{
        Connection *c = sub->session->c;
        sub->pending = false;
        list_remove(&sub->waiting);
        timer_clear(&sub->deadline);
        connection_reply(c, sub->request, EXEC_NOTIFICATION_QUERY, .subscription = sub->id,
                         .unanswered = unanswered);
        for (List *i; (i = list_pop(&sub->early)) != NULL;)
                list_push(&c->out.stream, i);
}

static void subscription_deadline(Timer *t)
{
        Subscription *sub = list_entry(t, Subscription, deadline);
        uint32_t late, waits = subscription_unanswered(sub, &late);
        char label[192];
        log_line(&sub->session->c->service->config.log, LOG_WARNING,
                 "%s: %u driver hosts have not answered within %u ms; its subscription %u stands",
                 connection_label(sub->session->c, label), waits,
                 sub->session->c->service->config.irp_timeout_ms, sub->id);
        subscription_answer(sub, waits + late);
}

void subscriptions_answer(Service *s)
{
        LIST_EACH_SAFE(i, &s->waiting)
        {
                Subscription *sub = list_entry(i, Subscription, waiting);
                uint32_t late;
                if (!subscription_unanswered(sub, &late))
                        subscription_answer(sub, late);
        }
}

// --- SUBSCRIBE and CANCEL ------------------------------------------------------------------------

// Parses and checks. 0; E_DIAG with *reterr; -ENOMEM.
static int subscription_compile(Service *s, Str text, Str namespace, WqlQuery **ret_query, WqlPlan **ret_plan,
                                Diag *reterr)
{
        int r = wql_parse(text, ret_query, reterr);
        if (r)
                return r;
        r = wql_check(*ret_query, s->schema, namespace, ret_plan, reterr);
        if (r)
                wql_query_free(*ret_query);
        return r;
}

// What can be said without looking at the query. 0 or E_DIAG.
static int subscription_admissible(const Session *x, const Wire_EXEC_NOTIFICATION_QUERY *m, Diag *reterr)
{
        if (!m->language.n || !m->query.n)
                return diag_set(reterr, CIM_E_INVALID_PARAMETER, "the %s is empty",
                                m->language.n ? "query" : "query language");
        if (!str_ieq(m->language, STR("WQL"))) {
                char name[64];
                return diag_set(reterr, CIM_E_INVALID_QUERY_TYPE, "the query language is WQL, not \"%s\"",
                                text_clean(m->language, name, sizeof(name)));
        }
        if (m->flags & ~(uint32_t)SUBSCRIPTION_FLAGS)
                return diag_set(reterr, CIM_E_INVALID_PARAMETER,
                                "the flags 0x%X are not defined for notification queries",
                                m->flags & ~(uint32_t)SUBSCRIPTION_FLAGS);
        if (m->queue > LIMIT_QUEUE_ASKED)
                return diag_set(reterr, CIM_E_INVALID_PARAMETER, "a queue holds at most %u events",
                                LIMIT_QUEUE_ASKED);
        if (x->subscription_count >= LIMIT_SUBSCRIPTIONS)
                return diag_set(reterr, CIM_E_QUOTA_VIOLATION, "a session holds at most %u subscriptions",
                                LIMIT_SUBSCRIPTIONS);
        if (x->c->service->stats.subscriptions >= LIMIT_ALL_SUBSCRIPTIONS)
                return diag_set(reterr, CIM_E_QUOTA_VIOLATION, "the service holds at most %u subscriptions",
                                LIMIT_ALL_SUBSCRIPTIONS);
        return 0;
}

void perform_EXEC_NOTIFICATION_QUERY(Session *x, const WireFrame *f, const Wire_EXEC_NOTIFICATION_QUERY *m)
{
        Service *s = x->c->service;
        Diag d = {0};
        Str namespace;
        WqlQuery *query = NULL;
        WqlPlan *plan = NULL;
        int r = subscription_admissible(x, m, &d);
        if (!r)
                r = catalog_namespace(s->schema, m->namespace, &namespace, &d);
        if (!r)
                r = subscription_compile(s, m->query, namespace, &query, &plan, &d);
        if (r) {
                connection_refuse(x->c, asked(f), r, &d, CIM_E_INVALID_QUERY);
                return;
        }
        Subscription *sub = subscription_new(x, namespace, m->query, query, plan);
        if (!sub) {
                wql_plan_unref(plan);
                wql_query_free(query);
                connection_error(x->c, asked(f), CIM_E_OUT_OF_MEMORY, NULL);
                return;
        }
        sub->queue = m->queue ? m->queue : s->config.queue;
        sub->pending = true;
        sub->request = f->request;
        sub->hosts_before = s->next_id;
        if (wanted_update(s) < 0) {
                subscription_end(sub, CIM_E_OUT_OF_MEMORY, NULL);
                return;
        }
        sub->generation = s->wanted_generation;
        list_push(&s->waiting, &sub->waiting);
        timer_set(s, &sub->deadline, s->config.irp_timeout_ms);
        subscriptions_answer(s);
}

bool subscription_cancel(Session *x, uint32_t id)
{
        LIST_EACH(i, &x->subscriptions)
        {
                Subscription *sub = list_entry(i, Subscription, of_session);
                if (sub->id != id || sub->pending)
                        continue;
                subscription_drop(sub);
                wanted_update(x->c->service);
                return true;
        }
        return false;
}

// --- after a change of the schema ----------------------------------------------------------------

enum { TOUCHED = 16 }; // more namespaces count as all

// The namespaces whose classes a commit changed.
typedef struct Touched {
        Str namespace[TOUCHED];
        size_t count; // TOUCHED: all
} Touched;

static bool touched(const Touched *t, Str namespace)
{
        for (size_t i = 0; i < t->count; i++)
                if (str_ieq(t->namespace[i], namespace))
                        return true;
        return t->count == TOUCHED;
}

static Touched commit_touches(const RepositoryCommit *c)
{
        Touched t = {0};
        for (size_t i = 0; i < c->count && t.count < TOUCHED; i++)
                if (c->changes[i].what == STORE_CLASS && !touched(&t, c->changes[i].namespace))
                        t.namespace[t.count++] = c->changes[i].namespace;
        return t;
}

// Makes its plan anew on the classes of now. A plan depends on the class after FROM, and on those of ISA and
// of embedded objects, which are of the same namespace.
static void subscription_recheck(Service *s, Subscription *sub, const Touched *t)
{
        Str namespace = str_of(sub->namespace);
        bool same = cim_schema_find(s->schema, namespace, wql_from(sub->query)) == wql_class(sub->plan);
        if (same && !touched(t, namespace))
                return;
        WqlPlan *plan;
        int r = wql_check(sub->query, s->schema, namespace, &plan, NULL);
        if (r == -ENOMEM && same)
                return; // what it has fits the event; an object inside one that it does not know counts as
                        // NULL
        Topic *topic = r ? NULL : topic_get(s, namespace, wql_class(plan));
        if (!topic) {
                if (!r)
                        wql_plan_unref(plan);
                sub->doomed = true;
                return;
        }
        if (topic != sub->topic) {
                list_remove(&sub->of_topic);
                topic_release(sub->topic);
                sub->topic = topic;
                list_push(&topic->subscriptions, &sub->of_topic);
        }
        wql_plan_unref(sub->plan);
        sub->plan = plan;
}

void subscriptions_recheck(Service *s, const RepositoryCommit *c)
{
        Touched t = commit_touches(c);
        LIST_EACH(i, &s->sessions)
        {
                Session *x = list_entry(i, Session, link);
                LIST_EACH(k, &x->subscriptions)
                subscription_recheck(s, list_entry(k, Subscription, of_session), &t);
        }
}

static void subscription_doom(Service *s, Subscription *sub)
{
        Diag d = {0};
        WqlPlan *plan;
        int r = wql_check(sub->query, s->schema, str_of(sub->namespace), &plan, &d);
        if (!r)
                wql_plan_unref(plan); // there was no memory for it before
        char text[1024], label[192];
        log_line(&s->config.log, LOG_NOTICE, "%s: its subscription %u does not fit the classes any more: %s",
                 connection_label(sub->session->c, label), sub->id,
                 r > 0 ? diag_text(&d, text, sizeof(text)) : "out of memory");
        subscription_end(sub, r > 0 && d.code ? d.code : (uint32_t)CIM_E_OUT_OF_MEMORY, r > 0 ? &d : NULL);
}

void subscriptions_end_doomed(Service *s)
{
        LIST_EACH(i, &s->sessions)
        {
                Session *x = list_entry(i, Session, link);
                LIST_EACH_SAFE(k, &x->subscriptions)
                {
                        Subscription *sub = list_entry(k, Subscription, of_session);
                        if (sub->doomed)
                                subscription_doom(s, sub);
                }
        }
}

// --- losses --------------------------------------------------------------------------------------

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

bool subscription_tell(Subscription *sub)
{
        Connection *c = sub->session->c;
        for (unsigned source = 0; source < 2; source++) {
                if (!sub->untold[source])
                        continue;
                Out *o = out_new(OUT_LOST, WIRE_HEADER + 16, 1);
                if (!o)
                        return false;
                const uint32_t head[] = {WIRE_HEADER - 4 + 16, WIRE_LOST, 0, sub->id, source};
                memcpy(o->head, head, sizeof(head));
                memcpy(o->head + sizeof(head), &sub->untold[source], 8);
                o->subs[0] = sub;
                o->source = (uint8_t)source;
                o->count = sub->untold[source];
                sub->untold[source] = 0;
                sub->open_lost[source] = o;
                out_charge(&c->out, o);
                list_push(sub->pending ? &sub->early : &c->out.stream, &o->link);
                connection_dirty(c);
        }
        return true;
}

void subscription_lose(Subscription *sub, unsigned source, uint64_t count)
{
        Out *o = sub->open_lost[source];
        sub->lost = add_saturated(sub->lost, count);
        if (!o) {
                sub->untold[source] = add_saturated(sub->untold[source], count);
                subscription_tell(sub);
                return;
        }
        o->count = add_saturated(o->count, count);
        memcpy(o->head + WIRE_HEADER + 8, &o->count, 8);
}
