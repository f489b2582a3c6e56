// SPDX-License-Identifier: MIT
// A client: its operations, what its stream has announced, and what it is told of driver hosts.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

int session_new(Connection *c, const Wire_HELLO *m)
{
        Session *x = calloc(1, sizeof(*x));
        if (!x)
                return -ENOMEM;
        x->c = c;
        x->next_handle = 1;
        text_clean(m->program, x->program, sizeof(x->program));
        list_init(&x->subscriptions);
        list_init(&x->waiters);
        list_init(&x->enumerations);
        list_init(&x->sinks);
        list_init(&x->jobs);
        list_push(&c->service->sessions, &x->link);
        c->session = x;
        return 0;
}

void session_free(Session *x)
{
        Service *s = x->c->service;
        bool had = x->subscription_count != 0;
        jobs_detach(x);
        enumerations_end(x);
        publish_end(x);
        out_deinit(&x->c->out); // before the subscriptions, so that none has to search it
        for (List *i; (i = list_first(&x->subscriptions)) != NULL;)
                subscription_drop(list_entry(i, Subscription, of_session));
        for (List *i; (i = list_first(&x->waiters)) != NULL;)
                waiter_free(list_entry(i, Waiter, of_session));
        for (size_t i = 0; i < x->awaited_count; i++)
                free(x->awaited[i]);
        free(x->awaited);
        free(x->announced);
        list_remove(&x->link);
        x->c->session = NULL;
        free(x);
        if (had)
                wanted_update(s);
}

void perform_CANCEL_ASYNC_CALL(Session *x, const WireFrame *f, const Wire_CANCEL_ASYNC_CALL *m)
{
        if (subscription_cancel(x, m->subscription) || enumeration_cancel(x, m->subscription) ||
                 publish_cancel(x, m->subscription))
                connection_reply(x->c, f->request, CANCEL_ASYNC_CALL, .unused_ = 0);
        else
                connection_fail(x->c, asked(f), CIM_E_NOT_FOUND,
                                "this session has no subscription, enumeration or sink %u", m->subscription);
}

void session_perform(Session *x, const WireFrame *f)
{
        switch ((WireOperation)f->operation) {
#define PERFORM_CLIENT(NAME)                                                                                 \
        case WIRE_##NAME: {                                                                                  \
                Wire_##NAME m;                                                                               \
                if (wire_get_##NAME(f->payload, f->size, &m))                                                \
                        perform_##NAME(x, f, &m);                                                            \
                else                                                                                         \
                        connection_protocol(x->c, f, "a malformed frame");                                   \
                return;                                                                                      \
        }
// operation.c lets none of these through
#define PERFORM_ANY(NAME) case WIRE_##NAME:
#define PERFORM_HOST(NAME) case WIRE_##NAME:
#define PERFORM_EVENTS(NAME) case WIRE_##NAME:
#define PERFORM_ORDERS(NAME) case WIRE_##NAME:
#define OPERATION(NAME, number, from, right, help, fields, reply) PERFORM_##from(NAME)
#include "wire/operations.def"
#undef OPERATION
                break;
        }
        connection_protocol(x->c, f, "what it never sends");
}

// Requests that go to the store's queue themselves, which keeps their order.
static bool session_is_job(uint16_t operation)
{
        switch (operation) {
        case WIRE_GET_OBJECT:
        case WIRE_PUT_CLASS:
        case WIRE_DELETE_CLASS:
        case WIRE_PUT_INSTANCE:
        case WIRE_DELETE_INSTANCE:
        case WIRE_CREATE_INSTANCE_ENUM:
        case WIRE_EXEC_QUERY:
        case WIRE_EXEC_METHOD:
        case WIRE_IMPORT_MOF:
        case WIRE_NEXT:
                return true;
        default:
                return false;
        }
}

// An enumeration is cancelled at once: it may be what the others wait for.
static bool session_cancels(const Session *x, const WireFrame *f)
{
        Wire_CANCEL_ASYNC_CALL m;
        return f->operation == WIRE_CANCEL_ASYNC_CALL && wire_get_CANCEL_ASYNC_CALL(f->payload, f->size, &m) &&
               enumeration_exists(x, m.subscription);
}

void session_handle(Session *x, const WireFrame *f)
{
        if (x->job_count && !session_cancels(x, f) && !session_is_job(f->operation))
                session_defer(x, f);
        else
                session_perform(x, f);
}

// --- classes in the stream -----------------------------------------------------------------------

static size_t session_handle_place(const Session *x, uint32_t handle)
{
        size_t lo = 0, hi = x->announced_count;
        while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (x->announced[mid] < handle)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

bool session_announced(const Session *x, uint32_t handle)
{
        size_t i = session_handle_place(x, handle);
        return i < x->announced_count && x->announced[i] == handle;
}

int session_announce(Session *x, uint32_t handle)
{
        if (x->announced_count == x->announced_capacity) {
                size_t capacity = x->announced_capacity ? x->announced_capacity * 2 : 16;
                uint32_t *p = realloc(x->announced, capacity * sizeof(*p));
                if (!p)
                        return -ENOMEM;
                x->announced = p;
                x->announced_capacity = capacity;
        }
        size_t i = session_handle_place(x, handle);
        memmove(x->announced + i + 1, x->announced + i, (x->announced_count - i) * sizeof(*x->announced));
        x->announced[i] = handle;
        x->announced_count++;
        return 0;
}

// Events that wait behind the answer to their SUBSCRIBE name classes, too.
static bool session_has_early(const Session *x)
{
        LIST_EACH(i, &x->subscriptions)
        if (!list_empty(&list_entry(i, Subscription, of_session)->early))
                return true;
        return false;
}

static void session_tell_forgotten(Session *x, Str handles)
{
        Buf b = {0};
        wire_put_FORGET_CLASSES(&b, 0, &(Wire_FORGET_CLASSES){.handles = handles});
        Out *o = b.failed ? NULL : out_new(OUT_CLASS, 0, 0);
        if (!o) {
                buf_deinit(&b);
                return; // then the client remembers some for nothing
        }
        o->head = o->owned = b.p;
        o->head_size = b.n;
        o->charge += b.capacity;
        out_charge(&x->c->out, o);
        list_push(&x->c->out.stream, &o->link);
        connection_dirty(x->c);
}

void session_forget_classes(Session *x, const uint32_t *live, size_t n)
{
        size_t kept = 0, at = 0;
        Buf gone = {0};
        for (size_t i = 0; i < x->announced_count; i++) {
                while (at < n && live[at] < x->announced[i])
                        at++;
                if (at < n && live[at] == x->announced[i])
                        x->announced[kept++] = x->announced[i];
                else
                        buf_u32(&gone, x->announced[i]);
        }
        x->announced_count = kept;
        if (gone.n && !gone.failed && !x->c->ended && !x->c->deaf && !session_has_early(x))
                session_tell_forgotten(x, (Str){(const char *)gone.p, gone.n});
        buf_deinit(&gone);
}

// --- driver hosts come and go --------------------------------------------------------------------

typedef struct Concern {
        const Session *session;
} Concern;

static int session_covers(void *context, Str namespace, const CimClass *c)
{
        const Concern *k = context;
        LIST_EACH(i, &k->session->subscriptions)
        if (topic_covers(list_entry(i, Subscription, of_session)->topic, namespace, c))
                return 1;
        return 0;
}

// Did it wait for this host, or could the host's registrations match a query of it?
static bool session_concerned(const Session *x, const Host *h)
{
        for (size_t i = 0; i < x->awaited_count; i++)
                if (str_ieq(str_of(x->awaited[i]), str_of(h->name)))
                        return true;
        if (!x->subscription_count)
                return false;
        Concern k = {x};
        for (size_t i = 0; i < h->known_count; i++)
                if (cim_schema_each_guid(x->c->service->schema, &h->known[i], session_covers, &k))
                        return true;
        return false;
}

void session_notice(Session *x, const Host *h, bool gone)
{
        Connection *c = x->c;
        if (c->ended || !session_concerned(x, h))
                return;
        if (c->out.notices >= LIMIT_NOTICES) {
                char label[192];
                log_line(&c->service->config.log, LOG_NOTICE,
                         "%s does not read what it is told of driver hosts", connection_label(c, label));
                return;
        }
        Buf b = {0};
        wire_put_HOST_NOTICE(&b, 0,
                             &(Wire_HOST_NOTICE){.id = h->c->id,
                                                 .name = str_of(h->name),
                                                 .pid = h->pid,
                                                 .state = h->state,
                                                 .gone = gone,
                                                 .text = str_of(h->text)});
        Out *o = b.failed ? NULL : out_new(OUT_NOTICE, 0, 0);
        if (!o) {
                buf_deinit(&b);
                return;
        }
        o->head = o->owned = b.p;
        o->head_size = b.n;
        o->charge += b.capacity;
        out_charge(&c->out, o);
        list_push(&c->out.stream, &o->link);
        connection_dirty(c);
}
