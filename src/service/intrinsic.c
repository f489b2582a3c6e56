// SPDX-License-Identifier: MIT
// Changes of the store become events: __InstanceCreationEvent and its like, in the order of the changes, with
// the change's objects inside. Nothing is built that no query could match.
#include <sys/types.h>

#include "service/internal.h"

#include "base/filetime.h"

// The event of a change, and the properties that hold its objects.
typedef struct Intrinsic {
        const char *event, *target, *previous; // previous: NULL when the event has none
} Intrinsic;

static const Intrinsic intrinsics[3][3] = {
        [STORE_INSTANCE] = {[STORE_CREATED] = {"__InstanceCreationEvent", "TargetInstance", NULL},
                            [STORE_MODIFIED] = {"__InstanceModificationEvent", "TargetInstance",
                                                "PreviousInstance"},
                            [STORE_DELETED] = {"__InstanceDeletionEvent", "TargetInstance", NULL}},
        [STORE_CLASS] = {[STORE_CREATED] = {"__ClassCreationEvent", "TargetClass", NULL},
                         [STORE_MODIFIED] = {"__ClassModificationEvent", "TargetClass", "PreviousClass"},
                         [STORE_DELETED] = {"__ClassDeletionEvent", "TargetClass", NULL}},
        [STORE_NAMESPACE] = {[STORE_CREATED] = {"__NamespaceCreationEvent", "TargetNamespace", NULL},
                             [STORE_MODIFIED] = {"__NamespaceModificationEvent", "TargetNamespace",
                                                 "PreviousNamespace"},
                             [STORE_DELETED] = {"__NamespaceDeletionEvent", "TargetNamespace", NULL}},
};

static void intrinsic_set(CimInstance *event, const char *name, const CimInstance *object)
{
        int at = cim_class_property(event->class, str_of(name));
        if (at >= 0 && object && event->class->properties[at].type == CIM_OBJECT)
                event->values[at] = (CimValue){.type = CIM_OBJECT, .object = object};
}

static int intrinsic_event(Service *s, const StoreChange *change, const CimClass *c, const Intrinsic *k,
                           uint64_t now)
{
        CimInstance *event;
        int r = cim_instance_new(c, &event);
        if (r)
                return r;
        intrinsic_set(event, k->target, change->kind == STORE_DELETED ? change->before : change->after);
        if (k->previous)
                intrinsic_set(event, k->previous, change->before);
        int at = cim_class_property(c, STR("TIME_CREATED"));
        if (at >= 0)
                event->values[at] = (CimValue){.type = CIM_UINT64, .uint = now};
        router_raise(s, change->namespace, event, now);
        cim_instance_unref(event);
        return 0;
}

void intrinsic_events(Service *s, const RepositoryCommit *commit)
{
        uint64_t now = filetime_now();
        for (size_t i = commit->from; i < commit->to && !list_empty(&s->topics); i++) {
                const StoreChange *change = &commit->changes[i];
                const Intrinsic *k = &intrinsics[change->what][change->kind];
                const CimClass *c = cim_schema_find(s->schema, change->namespace, str_of(k->event));
                if (c && router_listens(s, change->namespace, c) && intrinsic_event(s, change, c, k, now) < 0)
                        router_lose(s, change->namespace, c);
        }
}
