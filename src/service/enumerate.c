// SPDX-License-Identifier: MIT
// Enumerations and data queries: many objects, a batch at a time.
//
//   CREATE_*_ENUM, EXEC_QUERY -> Enumeration -> first batch; NEXT -> the next one ... until the end, or
//   CANCEL_ASYNC_CALL
//
// Classes are those of the moment when the enumeration began: it holds that schema. Instances are walked in
// the store, a slice in each job, so that no query keeps others from the store for long; what existed all the
// time is seen once.
//
// An Enumeration is held by its session and by its jobs, one of which is at the store at a time (jobs.c). While it is,
// the part below `over` belongs to the storage thread.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

enum {
        ENUMERATE_SLICE = 2048,  // objects that one job looks at
        ENUMERATE_FULL = 2,      // the batch or the slice is full
        ENUMERATE_PROTOTYPE = 2, // WBEM_FLAG_PROTOTYPE
};

#define ENUMERATE_NONE "this session has no enumeration %u"

struct Enumeration {
        unsigned refs;
        List of_session;
        Session *session; // NULL: cancelled, or its session has ended
        uint32_t id;      // 0: nobody has been told
        bool over;        // it came to its end by itself
        // The storage thread's while a job of it is there:
        char *namespace, *class_name;
        uint32_t flags;  // STORE_SHALLOW
        WqlQuery *query; // NULL: all
        WqlPlan *plan;
        StoreCursor cursor;
        CimInstance *left; // matched, but did not fit into the batch before
        CimSchema *schema; // of classes; then:
        const CimClass **classes;
        size_t class_count, class_capacity, class_at;
        // of the batch under way
        CimSetWriter *batch;
        size_t batch_count;
        Arena scratch;
};

// --- life ----------------------------------------------------------------------------------------

static Enumeration *enumeration_unref(Enumeration *e)
{
        if (!e || --e->refs)
                return NULL;
        wql_plan_unref(e->plan);
        wql_query_free(e->query);
        cim_instance_unref(e->left);
        cim_schema_unref(e->schema);
        cim_set_writer_free(e->batch);
        arena_deinit(&e->scratch);
        free(e->classes);
        free(e->namespace);
        free(e->class_name);
        free(e);
        return NULL;
}

// The session has it no more.
static void enumeration_leave(Enumeration *e)
{
        if (!e->session)
                return;
        e->session->enumeration_count--;
        e->session = NULL;
        list_remove(&e->of_session);
        enumeration_unref(e);
}

// A new one of the session, with one more reference for the caller. NULL: too many, or out of memory;
// answered.
static Enumeration *enumeration_new(Session *x, const WireFrame *f)
{
        if (x->enumeration_count >= LIMIT_ENUMERATIONS) {
                connection_fail(x->c, asked(f), CIM_E_QUOTA_VIOLATION,
                                "a session has at most %u open enumerations", LIMIT_ENUMERATIONS);
                return NULL;
        }
        Enumeration *e = calloc(1, sizeof(*e));
        if (!e) {
                connection_error(x->c, asked(f), CIM_E_OUT_OF_MEMORY, NULL);
                return NULL;
        }
        e->refs = 2;
        e->session = x;
        list_push(&x->enumerations, &e->of_session);
        x->enumeration_count++;
        return e;
}

static Enumeration *enumeration_find(const Session *x, uint32_t id)
{
        LIST_EACH(i, &x->enumerations)
        {
                Enumeration *e = list_entry(i, Enumeration, of_session);
                if (id && e->id == id)
                        return e;
        }
        return NULL;
}

bool enumeration_exists(const Session *x, uint32_t id)
{
        return enumeration_find(x, id) != NULL;
}

bool enumeration_cancel(Session *x, uint32_t id)
{
        Enumeration *e = enumeration_find(x, id);
        if (e)
                enumeration_leave(e);
        return e != NULL;
}

void enumerations_end(Session *x)
{
        for (List *i; (i = list_first(&x->enumerations)) != NULL;)
                enumeration_leave(list_entry(i, Enumeration, of_session));
}

bool job_wanted(const Job *j)
{
        return j->session && (!j->enumeration || j->enumeration->session);
}

// --- batches -------------------------------------------------------------------------------------

static bool batch_full(const Enumeration *e, uint32_t most)
{
        return (most && e->batch_count >= most) || cim_set_bytes(e->batch) >= LIMIT_BATCH_BYTES;
}

// 0; ENUMERATE_FULL: it is not in, the next batch begins with it; -errno.
static int batch_add(Enumeration *e, const CimInstance *i)
{
        int r = cim_set_add(e->batch, i);
        if (r == -E2BIG && e->batch_count)
                return ENUMERATE_FULL;
        if (!r)
                e->batch_count++;
        return r;
}

// What a batch that could not be made returns.
static int batch_refused(int r, Diag *reterr)
{
        if (r != -E2BIG && r != -ELOOP)
                return r;
        return diag_set(reterr, CIM_E_TOO_MUCH_DATA, "an object with its classes does not fit into a reply");
}

static int batch_begin(Enumeration *e)
{
        if (e->batch)
                return 0;
        e->batch = cim_set_writer_new(false);
        e->batch_count = 0;
        return e->batch ? 0 : -ENOMEM;
}

static int batch_end(Enumeration *e, Buf *objects)
{
        cim_set_finish(e->batch, objects);
        e->batch = cim_set_writer_free(e->batch);
        return objects->failed ? -ENOMEM : 0;
}

// --- classes -------------------------------------------------------------------------------------

typedef struct ClassWalk {
        Enumeration *e;
        const CimClass *below;
        bool shallow;
        WqlPlan *plan;
        Str server;
} ClassWalk;

static int classes_add(Enumeration *e, const CimClass *c)
{
        if (e->class_count == e->class_capacity) {
                size_t capacity = e->class_capacity ? e->class_capacity * 2 : 64;
                const CimClass **p = realloc(e->classes, capacity * sizeof(const CimClass *));
                if (!p)
                        return -ENOMEM;
                e->classes = p;
                e->class_capacity = capacity;
        }
        e->classes[e->class_count++] = c;
        return 0;
}

static int classes_visit(void *context, Str namespace, const CimClass *c)
{
        ClassWalk *w = context;
        if (c == w->below || (w->shallow && c->super != w->below))
                return 0;
        if (w->plan) {
                arena_reset(&w->e->scratch);
                if (!wql_match(w->plan, &(WqlSubject){.klass = c,
                                                      .namespace = namespace,
                                                      .is_class = true,
                                                      .server = w->server,
                                                      .scratch = &w->e->scratch}))
                        return 0;
        }
        return classes_add(w->e, c);
}

// Fills a batch; *ret_more: there are others.
static int classes_batch(Enumeration *e, uint32_t most, bool *ret_more, Diag *reterr)
{
        int r = batch_begin(e);
        while (!r && e->class_at < e->class_count && !batch_full(e, most)) {
                CimInstance *i;
                r = cim_instance_of_class(e->classes[e->class_at], str_of(e->namespace), &i);
                if (r)
                        break;
                r = batch_add(e, i);
                cim_instance_unref(i);
                if (!r)
                        e->class_at++;
        }
        *ret_more = e->class_at < e->class_count;
        return r == ENUMERATE_FULL ? 0 : batch_refused(r, reterr);
}

// --- instances, in the storage thread ------------------------------------------------------------

typedef struct Walk {
        Enumeration *e;
        uint32_t most;
        size_t seen;
        Str server;
} Walk;

static int walk_visit(void *context, const CimInstance *i)
{
        Walk *w = context;
        Enumeration *e = w->e;
        w->seen++;
        bool match = true;
        if (e->plan) {
                arena_reset(&e->scratch);
                match = wql_match(e->plan, &(WqlSubject){.klass = i->class,
                                                         .values = i->values,
                                                         .namespace = str_of(e->namespace),
                                                         .server = w->server,
                                                         .scratch = &e->scratch});
        }
        int r = match ? batch_add(e, i) : 0;
        if (r == ENUMERATE_FULL)
                return cim_instance_copy(i, &e->left) < 0 ? -ENOMEM : ENUMERATE_FULL;
        if (r)
                return r;
        return w->seen >= ENUMERATE_SLICE || batch_full(e, w->most) ? ENUMERATE_FULL : 0;
}

// The plan is of the classes of its moment; these may have changed since.
static int walk_plan(Enumeration *e, Store *st, Diag *reterr)
{
        const CimSchema *schema = store_schema(st);
        if (!e->query || (e->plan && cim_schema_find(schema, str_of(e->namespace), str_of(e->class_name)) ==
                                             wql_class(e->plan)))
                return 0;
        WqlPlan *plan;
        int r = wql_check_data(e->query, schema, str_of(e->namespace), &plan, reterr);
        if (r)
                return r;
        wql_plan_unref(e->plan);
        e->plan = plan;
        return 0;
}

// One slice. 0 at the end; ENUMERATE_FULL: there may be more; E_DIAG, -errno.
static int walk_slice(Enumeration *e, Store *st, uint32_t most, Str server, Diag *reterr)
{
        int r = batch_begin(e);
        if (!r)
                r = walk_plan(e, st, reterr);
        if (!r && e->left) {
                r = batch_add(e, e->left);
                e->left = r ? e->left : cim_instance_unref(e->left);
                if (!r && batch_full(e, most))
                        r = ENUMERATE_FULL;
        }
        Walk w = {e, most, 0, server};
        if (!r)
                r = store_each_instance(st, str_of(e->namespace), str_of(e->class_name), e->flags, NULL,
                                        &e->cursor, walk_visit, &w, reterr);
        return batch_refused(r, reterr);
}

// --- replies -------------------------------------------------------------------------------------

// What is asked for: the first batch, or NEXT.
static int reply_batch(Enumeration *e, const WireFrame *f, bool more, Buf *reply)
{
        Buf objects = {0};
        int r = batch_end(e, &objects);
        Str bytes = {(const char *)objects.p, objects.n};
        uint32_t id = more ? e->id : 0;
        if (r)
                ;
        else if (f->operation == WIRE_NEXT)
                wire_put_NEXT_reply(reply, f->request, &(Wire_NEXT_Reply){.more = more, .objects = bytes});
        else if (f->operation == WIRE_EXEC_QUERY)
                wire_put_EXEC_QUERY_reply(reply, f->request,
                                          &(Wire_EXEC_QUERY_Reply){.enumeration = id, .objects = bytes});
        else if (f->operation == WIRE_CREATE_CLASS_ENUM)
                wire_put_CREATE_CLASS_ENUM_reply(
                        reply, f->request,
                        &(Wire_CREATE_CLASS_ENUM_Reply){.enumeration = id, .objects = bytes});
        else
                wire_put_CREATE_INSTANCE_ENUM_reply(
                        reply, f->request,
                        &(Wire_CREATE_INSTANCE_ENUM_Reply){.enumeration = id, .objects = bytes});
        buf_deinit(&objects);
        return r ? r : reply->failed ? -ENOMEM : 0;
}

static uint32_t enumerate_most(const WireFrame *f)
{
        Wire_NEXT n;
        Wire_EXEC_QUERY q;
        Wire_CREATE_CLASS_ENUM c;
        Wire_CREATE_INSTANCE_ENUM i;
        switch (f->operation) {
        case WIRE_NEXT:
                wire_get_NEXT(f->payload, f->size, &n);
                return n.most;
        case WIRE_EXEC_QUERY:
                wire_get_EXEC_QUERY(f->payload, f->size, &q);
                return q.most;
        case WIRE_CREATE_CLASS_ENUM:
                wire_get_CREATE_CLASS_ENUM(f->payload, f->size, &c);
                return c.most;
        default:
                wire_get_CREATE_INSTANCE_ENUM(f->payload, f->size, &i);
                return i.most;
        }
}

// --- jobs ----------------------------------------------------------------------------------------

// A batch of whatever it is; the reply, or again.
static int enumerate_run(Job *j, Store *st)
{
        Enumeration *e = j->enumeration;
        uint32_t most = enumerate_most(&j->frame);
        bool more = false;
        int r;
        if (e->schema) {
                r = classes_batch(e, most, &more, &j->base.diag);
        } else {
                r = walk_slice(e, st, most, str_of(j->service->server), &j->base.diag);
                more = r == ENUMERATE_FULL;
                r = more ? 0 : r;
                j->again = more && !e->left && !batch_full(e, most);
        }
        if (r)
                job_about(j, str_of(e->class_name));
        if (r || j->again)
                return r;
        j->more = more;
        return reply_batch(e, &j->frame, more, &j->reply);
}

static void enumerate_done(Job *j, int r)
{
        Enumeration *e = j->enumeration;
        if (e->over)
                r = diag_set(&j->base.diag, CIM_E_NOT_FOUND, ENUMERATE_NONE, e->id);
        else if (!r && !e->session)
                r = diag_set(&j->base.diag, CIM_E_CALL_CANCELLED, "the enumeration was cancelled");
        bool over = r || j->reply.failed || !j->more;
        job_answer(j, r);
        if (!over)
                return;
        e->over = true;
        enumeration_leave(e);
}

static void enumerate_clean(Job *j)
{
        enumeration_unref(j->enumeration);
}

static void enumerate_job(Session *x, const WireFrame *f, Enumeration *take_e, int (*run)(Job *, Store *))
{
        Job *j = job_new(x, f, run);
        if (!j) {
                connection_error(x->c, asked(f), CIM_E_OUT_OF_MEMORY, NULL);
                if (f->operation != WIRE_NEXT)
                        enumeration_leave(take_e);
                enumeration_unref(take_e);
                return;
        }
        j->enumeration = take_e;
        j->done = enumerate_done;
        j->clean = enumerate_clean;
        job_submit(j);
}

// Where it is, and what is enumerated there.
static int enumerate_place(Enumeration *e, const CimSchema *schema, Str namespace, Str class_name,
                           Diag *reterr)
{
        Str found;
        int r = catalog_namespace(schema, namespace, &found, reterr);
        if (r)
                return r;
        e->namespace = text_copy(found);
        e->class_name = text_copy(class_name);
        return e->namespace && e->class_name ? 0 : -ENOMEM;
}

// --- CREATE_CLASS_ENUM ---------------------------------------------------------------------------

static int enumerate_class_list(Enumeration *e, CimSchema *schema, const Wire_CREATE_CLASS_ENUM *m,
                                Diag *reterr)
{
        ClassWalk w = {.e = e, .shallow = (m->flags & STORE_SHALLOW) != 0};
        int r = enumerate_place(e, schema, m->namespace, m->superclass, reterr);
        if (r)
                return r;
        e->schema = cim_schema_ref(schema);
        Str namespace = str_of(e->namespace);
        if (!m->superclass.n)
                return cim_schema_each_class(schema, namespace, classes_visit, &w);
        w.below = catalog_class(schema, namespace, m->superclass, CIM_E_INVALID_CLASS, reterr);
        return w.below ? cim_schema_each_derived(schema, namespace, w.below, classes_visit, &w) : E_DIAG;
}

void perform_CREATE_CLASS_ENUM(Session *x, const WireFrame *f, const Wire_CREATE_CLASS_ENUM *m)
{
        Service *s = x->c->service;
        Diag d = {0};
        bool more = false;
        Buf reply = {0};
        int r = flags_check(f->operation, m->flags, &d);
        if (r) {
                connection_refuse(x->c, asked(f), r, &d, CIM_E_INVALID_PARAMETER);
                return;
        }
        Enumeration *e = enumeration_new(x, f);
        if (!e)
                return;
        e->id = x->next_handle++;
        r = enumerate_class_list(e, s->schema, m, &d);
        if (!r)
                r = classes_batch(e, m->most, &more, &d);
        if (!r)
                r = reply_batch(e, f, more, &reply);
        if (r)
                connection_refuse(x->c, asked(f), r, &d, CIM_E_FAILED);
        else
                connection_send(x->c, &reply);
        if (r || !more)
                enumeration_leave(e);
        buf_deinit(&reply);
        enumeration_unref(e);
}

// --- CREATE_INSTANCE_ENUM ------------------------------------------------------------------------

static int instances_run(Job *j, Store *st)
{
        Enumeration *e = j->enumeration;
        Wire_CREATE_INSTANCE_ENUM m;
        Diag *d = &j->base.diag;
        if (e->namespace)
                return enumerate_run(j, st);
        wire_get_CREATE_INSTANCE_ENUM(j->frame.payload, j->frame.size, &m);
        const CimSchema *schema = store_schema(st);
        int r = enumerate_place(e, schema, m.namespace, m.name, d);
        if (r)
                return r;
        e->flags = m.flags & STORE_SHALLOW;
        return catalog_class(schema, str_of(e->namespace), m.name, CIM_E_INVALID_CLASS, d) ? enumerate_run(j, st)
                                                                                         : E_DIAG;
}

void perform_CREATE_INSTANCE_ENUM(Session *x, const WireFrame *f, const Wire_CREATE_INSTANCE_ENUM *m)
{
        Diag d = {0};
        int r = flags_check(f->operation, m->flags, &d);
        if (!r && !m->name.n)
                r = diag_set(&d, CIM_E_INVALID_PARAMETER, "the name of the class is empty");
        if (r) {
                connection_refuse(x->c, asked(f), r, &d, CIM_E_INVALID_PARAMETER);
                return;
        }
        Enumeration *e = enumeration_new(x, f);
        if (!e)
                return;
        e->id = x->next_handle++;
        enumerate_job(x, f, e, instances_run);
}

// --- EXEC_QUERY ----------------------------------------------------------------------------------

static int query_classes(Job *j, Store *st)
{
        Enumeration *e = j->enumeration;
        ClassWalk w = {.e = e, .plan = e->plan, .server = str_of(j->service->server)};
        e->schema = cim_schema_ref(store_schema(st));
        return cim_schema_each_class(e->schema, str_of(e->namespace), classes_visit, &w);
}

// WBEM_FLAG_PROTOTYPE: the class that the objects would be of.
static int query_prototype(Job *j, Store *st)
{
        Enumeration *e = j->enumeration;
        e->schema = cim_schema_ref(store_schema(st));
        const CimClass *c = wql_class(e->plan);
        return c ? classes_add(e, c)
                 : diag_set(&j->base.diag, CIM_E_INVALID_PARAMETER, "a schema query has no prototype");
}

static int query_run(Job *j, Store *st)
{
        Enumeration *e = j->enumeration;
        Wire_EXEC_QUERY m;
        Diag *d = &j->base.diag;
        if (e->namespace)
                return enumerate_run(j, st);
        wire_get_EXEC_QUERY(j->frame.payload, j->frame.size, &m);
        int r = wql_parse_data(m.query, &e->query, d);
        if (!r)
                r = enumerate_place(e, store_schema(st), m.namespace, wql_from(e->query), d);
        if (!r)
                r = wql_check_data(e->query, store_schema(st), str_of(e->namespace), &e->plan, d);
        if (!r && m.flags & ENUMERATE_PROTOTYPE)
                r = query_prototype(j, st);
        else if (!r && wql_is_schema(e->plan))
                r = query_classes(j, st);
        return r ? r : enumerate_run(j, st);
}

void perform_EXEC_QUERY(Session *x, const WireFrame *f, const Wire_EXEC_QUERY *m)
{
        Diag d = {0};
        char name[64];
        int r = 0;
        if (!m->language.n || !m->query.n)
                r = diag_set(&d, CIM_E_INVALID_PARAMETER, "the %s is empty",
                             m->language.n ? "query" : "query language");
        else if (!str_ieq(m->language, STR("WQL")))
                r = diag_set(&d, CIM_E_INVALID_QUERY_TYPE, "the query language is WQL, not \"%s\"",
                             text_clean(m->language, name, sizeof(name)));
        else
                r = flags_check(f->operation, m->flags, &d);
        if (r) {
                connection_refuse(x->c, asked(f), r, &d, CIM_E_INVALID_PARAMETER);
                return;
        }
        Enumeration *e = enumeration_new(x, f);
        if (!e)
                return;
        e->id = x->next_handle++;
        enumerate_job(x, f, e, query_run);
}

// --- NEXT ----------------------------------------------------------------------------------------

void perform_NEXT(Session *x, const WireFrame *f, const Wire_NEXT *m)
{
        Enumeration *e = enumeration_find(x, m->enumeration);
        if (!e) {
                connection_fail(x->c, asked(f), CIM_E_NOT_FOUND, ENUMERATE_NONE, m->enumeration);
                return;
        }
        e->refs++;
        enumerate_job(x, f, e, enumerate_run);
}
