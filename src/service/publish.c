// SPDX-License-Identifier: MIT
// Events of applications: a sink is a namespace that a client raises events in.
//
// What a client sends is made anew on the classes of the schema, so that streams name only classes that the
// store has, whatever classes a client makes up.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

#include "base/filetime.h"

typedef struct Sink {
        List of_session;
        uint32_t id;
        char *namespace;
} Sink;

// --- life ----------------------------------------------------------------------------------------

static Sink *sink_find(Session *x, uint32_t id)
{
        LIST_EACH(i, &x->sinks)
        {
                Sink *k = list_entry(i, Sink, of_session);
                if (k->id == id)
                        return k;
        }
        return NULL;
}

static void sink_free(Session *x, Sink *k)
{
        list_remove(&k->of_session);
        x->sink_count--;
        free(k->namespace);
        free(k);
}

bool publish_cancel(Session *x, uint32_t id)
{
        Sink *k = sink_find(x, id);
        if (k)
                sink_free(x, k);
        return k != NULL;
}

void publish_end(Session *x)
{
        for (List *i; (i = list_first(&x->sinks)) != NULL;)
                sink_free(x, list_entry(i, Sink, of_session));
}

void perform_QUERY_OBJECT_SINK(Session *x, const WireFrame *f, const Wire_QUERY_OBJECT_SINK *m)
{
        Diag d = {0};
        Str namespace;
        int r = catalog_namespace(x->c->service->schema, m->namespace, &namespace, &d);
        if (!r && x->sink_count >= LIMIT_SINKS)
                r = diag_set(&d, CIM_E_QUOTA_VIOLATION, "a session has at most %u sinks", LIMIT_SINKS);
        Sink *k = r ? NULL : calloc(1, sizeof(*k));
        if (k)
                k->namespace = text_copy(namespace);
        if (!r && (!k || !k->namespace))
                r = -ENOMEM;
        if (r) {
                free(k);
                connection_refuse(x->c, asked(f), r, &d, CIM_E_INVALID_NAMESPACE);
                return;
        }
        k->id = x->next_handle++;
        list_push(&x->sinks, &k->of_session);
        x->sink_count++;
        connection_reply(x->c, f->request, QUERY_OBJECT_SINK, .sink = k->id);
}

// --- on the classes of the schema ----------------------------------------------------------------

typedef struct Fit {
        const CimSchema *schema;
        Str namespace; // of the sink
        Arena *arena;  // of the event that is made
        size_t *bytes; // of objects, of all events of the request
        Diag *diag;
} Fit;

// A few bytes may say that an object is of a class with many properties: what is made of a request has a bound, as what
// is read has.
static int fit_charge(const Fit *t, const CimClass *c)
{
        *t->bytes += sizeof(CimInstance) + c->property_count * sizeof(CimValue);
        return *t->bytes <= CODEC_BYTES ? 0
                                        : diag_set(t->diag, CIM_E_QUOTA_VIOLATION,
                                                   "the objects of one request take more than %u bytes of memory",
                                                   CODEC_BYTES);
}

static int fit_object(Fit *t, const CimInstance *from, unsigned depth, const CimInstance **ret);

static int fit_value(Fit *t, const CimValue *from, unsigned depth, CimValue *ret)
{
        if (from->null || cim_type(from->type) != CIM_OBJECT)
                return cim_value_copy(t->arena, from, ret);
        *ret = *from;
        if (!cim_is_array(from->type))
                return fit_object(t, from->object, depth, &ret->object);
        CimValue *items = arena_array(t->arena, CimValue, from->array.count);
        if (!items)
                return -ENOMEM;
        ret->array.items = items;
        int r = 0;
        for (uint32_t i = 0; i < from->array.count && !r; i++)
                r = fit_value(t, &from->array.items[i], depth, &items[i]);
        return r;
}

// Values by name; what the class of now does not have, or has with another type, must not be given.
static int fit_values(Fit *t, const CimInstance *from, const CimClass *to, unsigned depth, CimValue *values)
{
        for (size_t i = 0; i < from->class->property_count; i++) {
                const CimProperty *p = &from->class->properties[i];
                const CimValue *v = &from->values[i];
                int at = cim_class_property(to, p->name);
                if (at < 0 && v->null)
                        continue;
                if (at < 0)
                        return diag_set(t->diag, CIM_E_INVALID_PROPERTY, "class %.*s has no property %.*s",
                                        STR_ARG(to->name), STR_ARG(p->name));
                if (p->type != to->properties[at].type)
                        return diag_set(t->diag, CIM_E_TYPE_MISMATCH, "%.*s.%.*s is of type %s%s, not %s%s",
                                        STR_ARG(to->name), STR_ARG(p->name),
                                        cim_type_name(to->properties[at].type),
                                        cim_is_array(to->properties[at].type) ? "[]" : "",
                                        cim_type_name(p->type), cim_is_array(p->type) ? "[]" : "");
                int r = fit_value(t, v, depth, &values[at]);
                if (r)
                        return r;
        }
        return 0;
}

static int fit_object(Fit *t, const CimInstance *from, unsigned depth, const CimInstance **ret)
{
        if (depth >= LIMIT_DEPTH)
                return diag_set(t->diag, CIM_E_QUOTA_VIOLATION, "objects are nested deeper than %u",
                                LIMIT_DEPTH);
        Str namespace = from->namespace.n ? from->namespace : t->namespace;
        const CimClass *c = cim_schema_find(t->schema, namespace, from->class->name);
        if (!c)
                return diag_set(t->diag, CIM_E_INVALID_CLASS,
                                "an object in the event is of class %.*s, which is not in %.*s",
                                STR_ARG(from->class->name), STR_ARG(namespace));
        int r = fit_charge(t, c);
        if (r)
                return r;
        CimInstance *i = cim_instance_in(t->arena, c);
        char *copy =
                i ? arena_strndup(t->arena, from->namespace.p ? from->namespace.p : "", from->namespace.n)
                  : NULL;
        if (!copy)
                return -ENOMEM;
        i->is_class = from->is_class;
        i->namespace = (Str){copy, from->namespace.n};
        *ret = i;
        return from->is_class ? 0 : fit_values(t, from, c, depth + 1, i->values);
}

// --- INDICATE ------------------------------------------------------------------------------------

// Classes whose events an application may raise.
static int event_class(const CimSchema *schema, Str namespace, Str name, const CimClass **ret, Diag *reterr)
{
        const CimClass *c = catalog_class(schema, namespace, name, CIM_E_INVALID_CLASS, reterr);
        if (!c)
                return E_DIAG;
        *ret = c;
        if (!cim_class_isa(c, STR("__ExtrinsicEvent"))) {
                diag_set(reterr, CIM_E_NOT_EVENT_CLASS, "class %.*s is not derived from __ExtrinsicEvent",
                         STR_ARG(c->name));
                return cim_class_isa(c, STR("__Event"))
                               ? diag_hint(reterr, "intrinsic events are raised by the service")
                               : E_DIAG;
        }
        if (c->name.n >= 2 && memcmp(c->name.p, "__", 2) == 0)
                return diag_set(reterr, CIM_E_INVALID_OPERATION,
                                "events of class %.*s are raised by the service", STR_ARG(c->name));
        if (c->abstract)
                return diag_set(reterr, CIM_E_INVALID_OPERATION, "class %.*s is abstract", STR_ARG(c->name));
        return 0;
}

// One event, checked and made anew.
static int event_make(const Service *s, Str namespace, const CimInstance *from, uint64_t now, size_t *bytes,
                      CimInstance **ret, Diag *reterr)
{
        const CimClass *c;
        if (from->is_class)
                return diag_set(reterr, CIM_E_INVALID_OBJECT, "%.*s is a class, not an event",
                                STR_ARG(from->class->name));
        Fit t = {s->schema, namespace, NULL, bytes, reterr};
        int r = event_class(s->schema, namespace, from->class->name, &c, reterr);
        if (!r)
                r = fit_charge(&t, c);
        if (!r)
                r = cim_instance_new(c, ret);
        if (r)
                return r;
        t.arena = (*ret)->owner;
        r = fit_values(&t, from, c, 0, (*ret)->values);
        int at = cim_class_property(c, STR("TIME_CREATED"));
        if (!r && at >= 0 && (*ret)->values[at].null)
                (*ret)->values[at] = (CimValue){.type = CIM_UINT64, .uint = now};
        if (r)
                *ret = cim_instance_unref(*ret);
        return r;
}

static uint64_t event_time(const CimInstance *event, uint64_t now)
{
        const CimValue *v = cim_instance_get(event, STR("TIME_CREATED"));
        return v && !v->null ? v->uint : now;
}

// All or none: each is checked before the first is raised. events: set->count of them.
static int indicate(Service *s, Str namespace, const CimSet *set, CimInstance **events, uint32_t *ret_matched,
                    Str *ret_about, Diag *reterr)
{
        uint64_t now = filetime_now();
        int r = 0;
        size_t n = 0, matched = 0, bytes = 0;
        for (; n < set->count && !r; n++) {
                *ret_about = set->objects[n]->class->name;
                r = event_make(s, namespace, set->objects[n], now, &bytes, &events[n], reterr);
        }
        for (size_t i = 0; i < n && !r; i++)
                matched += router_raise(s, namespace, events[i], event_time(events[i], now));
        for (size_t i = 0; i < n; i++)
                cim_instance_unref(events[i]);
        *ret_matched = matched < UINT32_MAX ? (uint32_t)matched : UINT32_MAX;
        return r;
}

void perform_INDICATE(Session *x, const WireFrame *f, const Wire_INDICATE *m)
{
        Service *s = x->c->service;
        CimSet set = {0};
        Diag d = {0};
        Asked q = asked(f);
        const Sink *k = sink_find(x, m->sink);
        Str namespace;
        int r = k ? catalog_namespace(s->schema, str_of(k->namespace), &namespace, &d)
                  : diag_set(&d, CIM_E_NOT_FOUND, "this session has no sink %u", m->sink);
        if (!r)
                r = objects_read(s->schema, m->objects, &set, &d);
        CimInstance **events = r ? NULL : calloc(set.count + 1, sizeof(CimInstance *));
        uint32_t matched = 0;
        if (!r)
                r = events ? indicate(s, namespace, &set, events, &matched, &q.parameter, &d) : -ENOMEM;
        if (r)
                connection_refuse(x->c, q, r, &d, CIM_E_INVALID_OBJECT);
        else
                connection_reply(x->c, f->request, INDICATE, .matched = matched);
        free(events);
        cim_set_deinit(&set);
}
