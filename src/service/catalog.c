// SPDX-License-Identifier: MIT
// The classes: what a service is born with, looking them up, and changing them by MOF text.
#include <sys/types.h>

#include "service/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "cim/codec.h"
#include "mof/mof.h"
#include "mof/system.h"

static const char *const catalog_namespaces[] = {"root", "root\\default", "root\\cimv2", "root\\subscription",
                                                 "root\\wmi"};

// --- system classes ------------------------------------------------------------------------------

// Takes what a MOF says into a schema, which it replaces.
static int catalog_take(CimSchema **schema, const MofResult *r, Diag *reterr)
{
        CimChange *changes = calloc(r->class_count + 1, sizeof(*changes));
        if (!changes)
                return -ENOMEM;
        for (size_t i = 0; i < r->class_count; i++)
                changes[i] = (CimChange){.namespace = r->classes[i].namespace, .klass = r->classes[i].klass};
        CimSchema *after;
        int e = cim_schema_change(*schema, changes, r->class_count, &after, reterr);
        free(changes);
        if (e)
                return e;
        cim_schema_unref(*schema);
        *schema = after;
        return 0;
}

static int catalog_add_text(CimSchema **schema, Str namespace, Str text, const char *name, Diag *reterr)
{
        MofResult *m;
        Diag errors[4];
        size_t n = 0;
        int r = mof_compile(&(MofSource){text, name, namespace, *schema, .system = true}, &m, errors, 4, &n);
        if (r) {
                if (r > 0 && reterr)
                        *reterr = errors[0];
                return r;
        }
        r = catalog_take(schema, m, reterr);
        mof_result_free(m);
        return r;
}

// Adds one namespace, whose parent exists, with what it has from the start.
static int catalog_add_one(CimSchema **schema, Str namespace, Diag *reterr)
{
        if (cim_schema_has_namespace(*schema, namespace))
                return 0;
        CimSchema *after;
        int r = cim_schema_change(*schema, &(CimChange){.namespace = namespace}, 1, &after, reterr);
        if (r)
                return r;
        cim_schema_unref(*schema);
        *schema = after;
        r = catalog_add_text(schema, namespace, mof_system_text, "system.mof", reterr);
        if (!r && str_ieq(namespace, STR("root")))
                r = catalog_add_text(schema, namespace, mof_root_text, "root.mof", reterr);
        if (!r && str_ieq(namespace, STR("root\\wmi")))
                r = catalog_add_text(schema, namespace, mof_wmi_text, "wmi.mof", reterr);
        return r;
}

static int catalog_add_namespace(CimSchema **schema, Str namespace, Diag *reterr)
{
        int r = 0;
        for (size_t i = 0; i <= namespace.n && !r; i++)
                if (i == namespace.n || namespace.p[i] == '\\')
                        r = catalog_add_one(schema, (Str){namespace.p, i}, reterr);
        return r;
}

int catalog_init(Service *s, Diag *reterr)
{
        s->schema = cim_schema_new();
        if (!s->schema)
                return -ENOMEM;
        int r = 0;
        for (size_t i = 0; i < sizeof(catalog_namespaces) / sizeof(catalog_namespaces[0]) && !r; i++)
                r = catalog_add_namespace(&s->schema, str_of(catalog_namespaces[i]), reterr);
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

int catalog_namespace(Service *s, Str name, Str *ret, Diag *reterr)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        int r = cim_namespace_normal(name, normal, reterr);
        if (r)
                return r;
        NamespaceFind n = {.wanted = str_of(normal), .nearest = {.wanted = str_of(normal)}};
        if (cim_schema_each_namespace(s->schema, catalog_is_namespace, &n)) {
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

static const CimClass *catalog_class(Service *s, Str namespace, Str name, uint32_t code, Diag *reterr)
{
        const CimClass *c = cim_schema_find(s->schema, namespace, name);
        if (c)
                return c;
        char clean[256];
        StrNearest nearest = {.wanted = name};
        cim_schema_each_class(s->schema, namespace, catalog_nearest, &nearest);
        diag_set(reterr, code, "there is no class %s in %.*s", text_clean(name, clean, sizeof(clean)),
                 STR_ARG(namespace));
        if (nearest.best.n)
                diag_hint(reterr, "did you mean %.*s?", STR_ARG(nearest.best));
        return NULL;
}

static bool catalog_is_event(const CimClass *c)
{
        return cim_class_isa(c, STR("__Event"));
}

// --- looking up ----------------------------------------------------------------------------------

void catalog_open_namespace(Session *x, const WireFrame *f)
{
        Wire_OPEN_NAMESPACE m;
        Diag d = {0};
        Str namespace;
        if (!wire_get_OPEN_NAMESPACE(f->payload, f->size, &m)) {
                connection_protocol(x->c, f, "a malformed frame");
                return;
        }
        int r = catalog_namespace(x->c->service, m.namespace, &namespace, &d);
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

void catalog_list_namespaces(Session *x, const WireFrame *f)
{
        Wire_LIST_NAMESPACES m;
        CatalogList l = {0};
        if (!wire_get_LIST_NAMESPACES(f->payload, f->size, &m)) {
                connection_protocol(x->c, f, "a malformed frame");
                return;
        }
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

void catalog_enum_classes(Session *x, const WireFrame *f)
{
        Service *s = x->c->service;
        Wire_LIST_CLASSES m;
        CatalogList l = {0};
        Diag d = {0};
        Str namespace;
        if (!wire_get_LIST_CLASSES(f->payload, f->size, &m)) {
                connection_protocol(x->c, f, "a malformed frame");
                return;
        }
        int r = catalog_namespace(s, m.namespace, &namespace, &d);
        if (!r && m.superclass.n) {
                l.below = catalog_class(s, namespace, m.superclass, CIM_E_INVALID_CLASS, &d);
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

void catalog_get_class(Session *x, const WireFrame *f)
{
        Service *s = x->c->service;
        Wire_GET_CLASS m;
        Diag d = {0};
        Str namespace;
        Buf bundle = {0};
        if (!wire_get_GET_CLASS(f->payload, f->size, &m)) {
                connection_protocol(x->c, f, "a malformed frame");
                return;
        }
        int r = catalog_namespace(s, m.namespace, &namespace, &d);
        const CimClass *c = r ? NULL : catalog_class(s, namespace, m.name, CIM_E_NOT_FOUND, &d);
        if (!r)
                r = c ? cim_codec_write_class(c, &bundle) : E_DIAG;
        if (!r && bundle.failed)
                r = -ENOMEM;
        if (r)
                connection_refuse(x->c, asked(f), r, &d, CIM_E_FAILED);
        else
                connection_reply(x->c, f->request, GET_CLASS, .namespace = namespace,
                                 .bundle = {(char *)bundle.p, bundle.n});
        buf_deinit(&bundle);
}

// --- changing ------------------------------------------------------------------------------------

// Makes `after` the schema of now. Subscriptions whose class has changed get new plans or their end.
static void catalog_publish(Service *s, CimSchema *after)
{
        CimSchema *before = s->schema;
        s->schema = after;
        router_schema_changed(s);
        subscriptions_recheck(s);
        wanted_update(s);
        subscriptions_answer(s);
        cim_schema_unref(before);
}

static void catalog_import_errors(Session *x, const WireFrame *f, const Diag *errors, size_t n)
{
        Buf list = {0};
        for (size_t i = 0; i < n; i++)
                wire_put_diag(&list, &errors[i]);
        Str all = list.failed ? (Str){"", 0} : (Str){(char *)list.p, list.n};
        connection_errors(x->c, asked(f), errors[0].code ? errors[0].code : (uint32_t)CIM_E_FAILED,
                          &errors[0], all);
        buf_deinit(&list);
}

static void catalog_import_reply(Session *x, const WireFrame *f, const MofResult *m)
{
        Buf list = {0};
        for (size_t i = 0; i < m->class_count; i++) {
                buf_str(&list, m->classes[i].namespace);
                buf_str(&list, m->classes[i].klass->name);
                buf_u8(&list, catalog_is_event(m->classes[i].klass));
        }
        if (list.failed)
                connection_end(x->c, "needs more memory than there is");
        else
                connection_reply(x->c, f->request, IMPORT_MOF, .count = (uint32_t)m->class_count,
                                 .list = {(char *)list.p, list.n});
        buf_deinit(&list);
}

// Compiles and takes in; all or nothing. 0 with *ret; E_DIAG with errors; -errno.
static int catalog_import(Service *s, const Wire_IMPORT_MOF *m, const char *file, MofResult **ret,
                          Diag *errors, size_t *ret_n)
{
        char namespace[LIMIT_NAMESPACE_CHARS + 1];
        *ret_n = 1;
        int r = cim_namespace_normal(m->namespace.n ? m->namespace : STR("root\\default"), namespace,
                                     &errors[0]);
        if (r)
                return r;
        CimSchema *schema = cim_schema_ref(s->schema);
        r = mof_compile(&(MofSource){m->text, file, str_of(namespace), schema, .system = false}, ret, errors,
                        LIMIT_MOF_ERRORS, ret_n);
        if (!r) {
                // A namespace that the text brings into being gets the system classes like every other.
                *ret_n = 1;
                for (size_t i = 0; i < (*ret)->class_count && !r; i++)
                        r = catalog_add_namespace(&schema, (*ret)->classes[i].namespace, &errors[0]);
                if (!r)
                        r = catalog_take(&schema, *ret, &errors[0]);
                if (r) {
                        mof_result_free(*ret);
                        snprintf(errors[0].file, sizeof(errors[0].file), "%s",
                                 file); // all that is known of the place
                }
        }
        if (r) {
                cim_schema_unref(schema);
                return r;
        }
        catalog_publish(s, schema);
        return 0;
}

void catalog_import_mof(Session *x, const WireFrame *f)
{
        Service *s = x->c->service;
        Wire_IMPORT_MOF m;
        if (!wire_get_IMPORT_MOF(f->payload, f->size, &m)) {
                connection_protocol(x->c, f, "a malformed frame");
                return;
        }
        Diag *errors = calloc(LIMIT_MOF_ERRORS, sizeof(*errors));
        char file[sizeof(errors->file)], label[192];
        MofResult *result = NULL;
        size_t n = 0;
        int r = errors ? catalog_import(s, &m, text_clean(m.file, file, sizeof(file)), &result, errors, &n)
                       : -ENOMEM;
        if (!r) {
                log_line(&s->config.log, LOG_NOTICE, "%s: %zu classes from %s", connection_label(x->c, label),
                         result->class_count, file);
                catalog_import_reply(x, f, result);
                mof_result_free(result);
        } else if (r > 0) {
                catalog_import_errors(x, f, errors, n ? n : 1);
        } else if (r == -EFBIG) {
                connection_fail(x->c, asked(f), CIM_E_QUOTA_VIOLATION, "a MOF text has at most %u bytes",
                                LIMIT_MOF_BYTES);
        } else {
                connection_error(x->c, asked(f), CIM_E_OUT_OF_MEMORY, NULL);
        }
        free(errors);
}
