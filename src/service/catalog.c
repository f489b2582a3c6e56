// SPDX-License-Identifier: MIT
// The classes: what a service is born with, and looking them up.
#include <sys/types.h>

#include "service/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "mof/build.h"
#include "mof/system.h"

// --- system classes ------------------------------------------------------------------------------

// Takes what one of our own texts says into a schema, which it replaces.
static int catalog_take(CimSchema **schema, const MofPlan *p, Diag *reterr)
{
        CimChange *changes = calloc(p->count + 1, sizeof(*changes));
        size_t n = 0;
        if (!changes)
                return -ENOMEM;
        for (size_t i = 0; i < p->count; i++)
                if (p->steps[i].kind == MOF_PUT_CLASS)
                        changes[n++] = (CimChange){.namespace = p->steps[i].namespace, .klass = p->steps[i].klass};
        CimSchema *after;
        int e = cim_schema_change(*schema, changes, n, &after, reterr);
        free(changes);
        if (e)
                return e;
        cim_schema_unref(*schema);
        *schema = after;
        return 0;
}

static int catalog_add_text(CimSchema **schema, Str namespace, Str text, const char *name, Diag *reterr)
{
        MofPlan *m;
        Diag errors[4];
        size_t n = 0;
        MofSource source = {.text = text, .name = name, .namespace = namespace};
        MofBuild how = {.schema = *schema, .system = true};
        int r = mof_compile(&source, &how, &m, errors, 4, &n);
        if (r) {
                if (r > 0 && reterr)
                        *reterr = errors[0];
                return r;
        }
        r = catalog_take(schema, m, reterr);
        mof_plan_free(m);
        return r;
}

static const char *const catalog_namespaces[] = {
        "root", "root\\default", "root\\cimv2", "root\\subscription", "root\\wmi", NULL};

// What a namespace has from the start.
int service_seed(void *context, Str namespace, CimSchema **schema, Diag *reterr)
{
        (void)context;
        int r = catalog_add_text(schema, namespace, mof_system_text, "system.mof", reterr);
        if (!r && str_ieq(namespace, STR("root")))
                r = catalog_add_text(schema, namespace, mof_root_text, "root.mof", reterr);
        if (!r && str_ieq(namespace, STR("root\\wmi")))
                r = catalog_add_text(schema, namespace, mof_wmi_text, "wmi.mof", reterr);
        if (!r && str_ieq(namespace, STR("root\\wmi")))
                r = catalog_add_text(schema, namespace, mof_wmicore_text, "wmicore.mof", reterr);
        return r;
}

// --- the store -----------------------------------------------------------------------------------

// What one request changed is on disk: its classes are the classes of now, its changes become events.
// Subscriptions whose classes have changed get new plans first; those that lose their class get its last
// events and then their end. Many changes come in slices.
static void catalog_committed(void *context, const RepositoryCommit *c)
{
        Service *s = context;
        if (c->schema_changed && !c->from) {
                s->schema_before = s->schema;
                s->schema = cim_schema_ref(c->schema);
                router_schema_changed(s);
                subscriptions_recheck(s, c);
        }
        intrinsic_events(s, c);
        if (!c->schema_changed || c->to < c->count)
                return;
        subscriptions_end_doomed(s);
        wanted_update(s);
        subscriptions_answer(s);
        s->schema_before = cim_schema_unref(s->schema_before);
}

int catalog_init(Service *s, Diag *reterr)
{
        int r = repository_open(&(RepositoryConfig){.file = s->config.repository,
                                                    .thread = s->config.storage_thread,
                                                    .seed = service_seed,
                                                    .namespaces = catalog_namespaces,
                                                    .committed = catalog_committed,
                                                    .context = s},
                                &s->repository, reterr);
        if (!r)
                s->schema = cim_schema_ref(repository_schema(s->repository));
        return r;
}

// --- names ---------------------------------------------------------------------------------------

typedef struct NamespaceFind {
        Str wanted, found;
        StrNearest nearest;
} NamespaceFind;

static int catalog_is_namespace(void *context, Str namespace)
{
        NamespaceFind *n = context;
        str_nearest_offer(&n->nearest, namespace);
        if (!str_ieq(n->wanted, namespace))
                return 0;
        n->found = namespace;
        return 1;
}

int catalog_namespace(const CimSchema *schema, Str name, Str *ret, Diag *reterr)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        int r = cim_namespace_normal(name, normal, reterr);
        if (r)
                return r;
        NamespaceFind n = {.wanted = str_of(normal), .nearest = {.wanted = str_of(normal)}};
        if (cim_schema_each_namespace(schema, catalog_is_namespace, &n)) {
                *ret = n.found;
                return 0;
        }
        diag_set(reterr, CIM_E_INVALID_NAMESPACE, "there is no namespace %s", normal);
        if (n.nearest.best.n)
                diag_hint(reterr, "did you mean %.*s?", STR_ARG(n.nearest.best));
        return E_DIAG;
}

static int catalog_nearest(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        str_nearest_offer(context, c->name);
        return 0;
}

const CimClass *catalog_class(const CimSchema *schema, Str namespace, Str name, uint32_t code, Diag *reterr)
{
        const CimClass *c = cim_schema_find(schema, namespace, name);
        if (c)
                return c;
        char clean[256];
        StrNearest nearest = {.wanted = name};
        cim_schema_each_class(schema, namespace, catalog_nearest, &nearest);
        diag_set(reterr, code, "there is no class %s in %.*s", text_clean(name, clean, sizeof(clean)),
                 STR_ARG(namespace));
        if (nearest.best.n)
                diag_hint(reterr, "did you mean %.*s?", STR_ARG(nearest.best));
        return NULL;
}

bool catalog_is_event(const CimClass *c)
{
        return cim_class_isa(c, STR("__Event"));
}

// --- looking up ----------------------------------------------------------------------------------

void perform_OPEN_NAMESPACE(Session *x, const WireFrame *f, const Wire_OPEN_NAMESPACE *m)
{
        Diag d = {0};
        Str namespace;
        int r = catalog_namespace(x->c->service->schema, m->namespace, &namespace, &d);
        if (r)
                connection_refuse(x->c, asked(f), r, &d, CIM_E_INVALID_NAMESPACE);
        else
                connection_reply(x->c, f->request, OPEN_NAMESPACE, .namespace = namespace);
}

typedef struct CatalogList {
        Buf bytes;
        uint32_t count;
        const CimClass *below;
} CatalogList;

static int catalog_list_namespace(void *context, Str namespace)
{
        CatalogList *l = context;
        buf_str(&l->bytes, namespace);
        l->count++;
        return 0;
}

void perform_LIST_NAMESPACES(Session *x, const WireFrame *f, const Wire_LIST_NAMESPACES *m)
{
        (void)m;
        CatalogList l = {0};
        cim_schema_each_namespace(x->c->service->schema, catalog_list_namespace, &l);
        if (l.bytes.failed)
                connection_error(x->c, asked(f), CIM_E_OUT_OF_MEMORY, NULL);
        else
                connection_reply(x->c, f->request, LIST_NAMESPACES, .count = l.count,
                                 .list = {(char *)l.bytes.p, l.bytes.n});
        buf_deinit(&l.bytes);
}

static int catalog_list_class(void *context, Str namespace, const CimClass *c)
{
        CatalogList *l = context;
        (void)namespace;
        if (c == l->below)
                return 0;
        buf_str(&l->bytes, c->name);
        buf_str(&l->bytes, c->super ? c->super->name : (Str){"", 0});
        buf_u8(&l->bytes, catalog_is_event(c));
        l->count++;
        return 0;
}

void perform_LIST_CLASSES(Session *x, const WireFrame *f, const Wire_LIST_CLASSES *m)
{
        Service *s = x->c->service;
        CatalogList l = {0};
        Diag d = {0};
        Str namespace;
        int r = catalog_namespace(s->schema, m->namespace, &namespace, &d);
        if (!r && m->superclass.n) {
                l.below = catalog_class(s->schema, namespace, m->superclass, CIM_E_INVALID_CLASS, &d);
                r = l.below ? 0 : E_DIAG;
        }
        if (!r && l.below)
                cim_schema_each_derived(s->schema, namespace, l.below, catalog_list_class, &l);
        else if (!r)
                cim_schema_each_class(s->schema, namespace, catalog_list_class, &l);
        if (!r && l.bytes.failed)
                r = -ENOMEM;
        if (r)
                connection_refuse(x->c, asked(f), r, &d, CIM_E_FAILED);
        else
                connection_reply(x->c, f->request, LIST_CLASSES, .count = l.count,
                                 .list = {(char *)l.bytes.p, l.bytes.n});
        buf_deinit(&l.bytes);
}
