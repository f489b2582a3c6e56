// SPDX-License-Identifier: MIT
// Which steps, and in which order.
//
// A store changes its schema once for many classes, so the steps are gathered: what is deleted, then namespaces, then
// classes, then instances. A deletion that concerns what the text has put before it begins another round.
#include <stdlib.h>

#include "mof/build-impl.h"

enum { PHASE_DELETE, PHASE_NAMESPACE, PHASE_CLASS, PHASE_INSTANCE };

typedef struct Planned {
        MofStep step;
        uint32_t round, phase, place; // place: among those of the phase
} Planned;

typedef struct Plan {
        Builder *b;
        Planned *list;
        size_t count;
        uint32_t round;
        bool puts;            // something is put in this round
        BuildIndex classes;   // classes put, with all above them -> the last round
        BuildIndex instances; // classes of instances put, likewise
        BuildIndex deleted;   // classes deleted -> the last round
} Plan;

static void plan_add(Plan *p, MofStep step, uint32_t phase, size_t place)
{
        p->list[p->count++] = (Planned){step, p->round, phase, (uint32_t)place};
        p->puts |= phase != PHASE_DELETE;
}

// Remembers that the class and those above it are touched in this round.
static int plan_touch(Plan *p, BuildIndex *x, Str namespace, const CimClass *c)
{
        for (; c; c = c->super) {
                size_t *last;
                int r = build_index_add(p->b, x, namespace, c->name, p->round, &last);
                if (r < 0)
                        return r;
                if (r == 1 && *last == p->round)
                        return 0;
                *last = p->round;
        }
        return 0;
}

static bool plan_touched(const Plan *p, const BuildIndex *x, Str namespace, Str name)
{
        const size_t *last = build_index_find(x, namespace, name);
        return last && *last == p->round;
}

static int plan_class(Plan *p, BuildClass *c)
{
        if (c->superseded || !c->klass)
                return 0;
        int r = plan_touch(p, &p->classes, c->namespace, c->klass);
        if (r < 0)
                return r;
        plan_add(p,
                 (MofStep){.kind = MOF_PUT_CLASS,
                           .namespace = c->namespace,
                           .klass = c->klass,
                           .flags = c->flags,
                           .place = c->object->place},
                 PHASE_CLASS, c->order);
        return 0;
}

static int plan_instance(Plan *p, BuildInstance *i)
{
        const MofObject *o = i->object;
        MofStep step = {.namespace = i->namespace,
                        .flags = o->instance_flags ? o->instance_flags : p->b->options->instance_flags,
                        .place = o->place};
        if (i->state != BUILD_DONE)
                return 0;
        if (i->made.n) {
                step.kind = MOF_MAKE_NAMESPACE;
                step.namespace = i->made;
                plan_add(p, step, PHASE_NAMESPACE, i->item);
                return 0;
        }
        int r = plan_touch(p, &p->instances, i->namespace, i->instance->class);
        step.kind = MOF_PUT_INSTANCE;
        step.instance = i->instance;
        plan_add(p, step, PHASE_INSTANCE, i->item);
        return r;
}

// --- deletions -----------------------------------------------------------------------------------

static int plan_next_round(Plan *p, MofPlace at)
{
        p->puts = false;
        if (++p->round < LIMIT_MOF_ROUNDS)
                return 0;
        build_error(p->b, at, CIM_MOF_INVALID_FILE,
                    "this text deletes what it has declared before more than %u times", LIMIT_MOF_ROUNDS - 1);
        build_hint(p->b, "compile it in parts");
        p->b->stop = true;
        return E_DIAG;
}

// Is there anything to delete, as far as can be known?
static int plan_check_class(Plan *p, const MofItem *item, Str namespace)
{
        const CimSchema *s = p->b->options->schema;
        Str name = item->deleted.what;
        if (!item->fail || !s || cim_schema_find(s, namespace, name) ||
            build_index_find(&p->classes, namespace, name))
                return 0;
        build_error(p->b, item->place, CIM_E_NOT_FOUND, "there is no class %.*s in %.*s", STR_ARG(name),
                    STR_ARG(namespace));
        return build_hint(p->b, "write nofail when it does not matter");
}

// The class has been deleted in this round already: there is nothing left of it, and nothing to do.
static int plan_gone(Plan *p, const MofItem *item, Str namespace, bool *ret)
{
        size_t *last;
        int r = build_index_add(p->b, &p->deleted, namespace, item->deleted.what, p->round, &last);
        *ret = r == 1 && *last == p->round;
        if (r < 0)
                return r;
        *last = p->round;
        if (!*ret || !item->fail)
                return 0;
        build_error(p->b, item->place, CIM_E_NOT_FOUND, "the class %.*s is deleted further up already",
                    STR_ARG(item->deleted.what));
        return build_hint(p->b, "write nofail when it does not matter");
}

static int plan_delete_class(Plan *p, const MofItem *item, size_t place)
{
        Str namespace, name = item->deleted.what;
        bool gone = false;
        int r = build_namespace(p->b, item->deleted.namespace, &namespace);
        if (r == 0)
                r = plan_check_class(p, item, namespace);
        if (r == 0 && (plan_touched(p, &p->classes, namespace, name) ||
                       plan_touched(p, &p->instances, namespace, name)))
                r = plan_next_round(p, item->place);
        if (r == 0)
                r = plan_gone(p, item, namespace, &gone);
        if (r == 0 && !gone)
                plan_add(p,
                         (MofStep){.kind = MOF_DELETE_CLASS,
                                   .namespace = namespace,
                                   .path = name,
                                   .place = item->place,
                                   .fail = item->fail},
                         PHASE_DELETE, place);
        return r;
}

// The path of an instance: its namespace, and the rest. E_DIAG: reported.
static int plan_path(Plan *p, const MofItem *item, CimPath *ret, Str *ret_namespace, Str *ret_rest)
{
        Builder *b = p->b;
        Diag d = {0};
        Buf rest = {0};
        int r = cim_path_parse(item->deleted.what, b->arena, ret, &d);
        if (r == E_DIAG) {
                d.code = CIM_MOF_INVALID_DELETEINSTANCE;
                return build_error_diag(b, item->place, &d);
        }
        if (r)
                return r;
        if (!ret->class_name.n || (!ret->singleton && !ret->key_count)) {
                build_error(b, item->place, CIM_MOF_INVALID_DELETEINSTANCE, "the path does not name an instance");
                return build_hint(b, "Class.Key=\"value\", or Class=@ for the only one");
        }
        if (ret->server.n && !str_eq(ret->server, STR(".")) && !str_ieq(ret->server, STR("localhost"))) {
                build_error(b, item->place, CIM_MOF_INVALID_NAMESPACE_SPEC, "the instance is on another machine");
                return build_hint(b, "write . for the machine itself");
        }
        Str in = ret->namespace.n ? ret->namespace : item->deleted.namespace;
        b->given = (Str){0}; // the path's text has no place of its own
        r = build_namespace(b, in, ret_namespace);
        b->given = (Str){0};
        ret->server = ret->namespace = (Str){"", 0};
        cim_path_print(ret, &rest);
        *ret_rest = (Str){rest.failed ? NULL : arena_strndup(b->plan->arena, (char *)rest.p, rest.n), rest.n};
        buf_deinit(&rest);
        return r < 0 || !ret_rest->p ? -ENOMEM : 0;
}

static int plan_delete_instance(Plan *p, const MofItem *item, size_t place)
{
        CimPath path;
        Str namespace = {0}, rest = {0};
        int r = plan_path(p, item, &path, &namespace, &rest);
        if (r)
                return r;
        // With a namespace goes all that is in it.
        bool whole = str_ieq(path.class_name, STR("__NAMESPACE"));
        if (whole ? p->puts : plan_touched(p, &p->instances, namespace, path.class_name))
                r = plan_next_round(p, item->place);
        if (r == 0)
                plan_add(p,
                         (MofStep){.kind = MOF_DELETE_INSTANCE,
                                   .namespace = namespace,
                                   .path = rest,
                                   .place = item->place,
                                   .fail = item->fail},
                         PHASE_DELETE, place);
        return r;
}

// --- the plan ------------------------------------------------------------------------------------

static int by_order(const void *a, const void *b)
{
        const Planned *x = a, *y = b;
        if (x->round != y->round)
                return x->round < y->round ? -1 : 1;
        if (x->phase != y->phase)
                return x->phase < y->phase ? -1 : 1;
        return x->place < y->place ? -1 : x->place > y->place;
}

static int plan_items(Plan *p)
{
        Builder *b = p->b;
        size_t c = 0, k = 0;
        int r = 0;
        for (size_t i = 0; i < b->document->item_count && r >= 0 && !b->stop; i++) {
                const MofItem *item = &b->document->items[i];
                switch (item->kind) {
                case MOF_ITEM_OBJECT:
                        r = item->object->is_instance ? plan_instance(p, &b->instances[k++])
                                                      : plan_class(p, &b->classes[c++]);
                        break;
                case MOF_ITEM_DELETE_CLASS:
                        r = plan_delete_class(p, item, i);
                        break;
                case MOF_ITEM_DELETE_INSTANCE:
                        r = plan_delete_instance(p, item, i);
                        break;
                case MOF_ITEM_QUALIFIER:
                        break;
                }
        }
        return r < 0 ? r : 0;
}

int build_plan(Builder *b)
{
        Plan p = {.b = b, .list = arena_array(b->arena, Planned, b->document->item_count)};
        MofPlan *plan = b->plan;
        int r = p.list ? plan_items(&p) : -ENOMEM;
        if (r < 0 || b->reports || b->document->broken_count || b->document->lost)
                return r; // there were errors
        plan->steps = arena_array(plan->arena, MofStep, p.count);
        if (!plan->steps)
                return -ENOMEM;
        qsort(p.list, p.count, sizeof(*p.list), by_order);
        for (size_t i = 0; i < p.count; i++) {
                plan->steps[i] = p.list[i].step;
                cim_class_ref(plan->steps[i].klass);
                cim_instance_ref(plan->steps[i].instance);
        }
        plan->count = p.count;
        plan->document = b->document;
        return 0;
}
