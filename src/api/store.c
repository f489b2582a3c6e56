// SPDX-License-Identifier: MIT
// What the C API asks of the service: MOF, objects, results, publishing, everybody's subscriptions.
#include "api/api.h"

#include <stdlib.h>

#include "base/limits.h"

// --- MOF -----------------------------------------------------------------------------------------

static int mof_keep_errors(freewmi *w, const Diag *errors, size_t n)
{
        freewmi_error *all = calloc(n, sizeof(*all));
        if (!all)
                return -ENOMEM;
        const ClientStatus *s = client_last_status(w->client);
        for (size_t i = 0; i < n; i++) {
                api_diag(&errors[i], &all[i]);
                api_text(all[i].operation, sizeof(all[i].operation), str_of(s->operation));
                api_text(all[i].parameter, sizeof(all[i].parameter), s->parameter);
                api_text(all[i].provider, sizeof(all[i].provider), str_of(s->provider));
        }
        w->mof_errors = all;
        w->mof_error_count = n;
        return 0;
}

int freewmi_compile_mof(freewmi *wmi, const char *ns, const char *file, const char *text, size_t size,
                        freewmi_error *error)
{
        int r = api_ready(wmi, error);
        if (r)
                return r;
        if (!ns || (size && !text))
                return api_argument(error, "freewmi_compile_mof: the namespace or the text is NULL");
        free(wmi->mof_errors);
        wmi->mof_errors = NULL;
        wmi->mof_error_count = 0;
        Diag *errors = calloc(LIMIT_MOF_ERRORS, sizeof(*errors));
        if (!errors)
                return api_errno(-ENOMEM, error);
        size_t n = 0;
        ClientImport import = {
                .file = str_of(file ? file : ""), .namespace = str_of(ns), .text = {text ? text : "", size}};
        r = client_import_mof(wmi->client, &import, wmi->timeout_ms, NULL, errors, LIMIT_MOF_ERRORS, &n);
        if (r > 0 && n && mof_keep_errors(wmi, errors, n) == 0) {
                if (error)
                        *error = wmi->mof_errors[0];
                r = FREEWMI_REFUSED;
        } else {
                r = api_result(wmi, r, error);
        }
        free(errors);
        return r;
}

int freewmi_mof_error(const freewmi *wmi, size_t i, freewmi_error *ret)
{
        if (!wmi || !ret)
                return FREEWMI_BAD_ARGUMENT;
        if (i >= wmi->mof_error_count)
                return FREEWMI_NO_PROPERTY;
        *ret = wmi->mof_errors[i];
        return FREEWMI_OK;
}

// --- objects -------------------------------------------------------------------------------------

// An object that came for the caller.
static int object_made(CimInstance *take, freewmi_object **ret, freewmi_error *e)
{
        return api_object_new(take, true, take->namespace, ret) ? api_errno(-ENOMEM, e) : FREEWMI_OK;
}

int freewmi_get(freewmi *wmi, const char *ns, const char *path, freewmi_object **ret, freewmi_error *error)
{
        int r = api_ready(wmi, error);
        if (r)
                return r;
        if (!ns || !path || !ret)
                return api_argument(error, "freewmi_get: the namespace, the path or ret is NULL");
        CimInstance *i;
        r = api_result(wmi, client_get_object(wmi->client, str_of(ns), str_of(path), 0, wmi->timeout_ms, &i, NULL), error);
        return r ? r : object_made(i, ret, error);
}

int freewmi_new(freewmi *wmi, const char *ns, const char *class_name, freewmi_object **ret, freewmi_error *error)
{
        freewmi_object *class;
        if (!ret)
                return api_argument(error, "freewmi_new: ret is NULL");
        int r = freewmi_get(wmi, ns, class_name, &class, error);
        if (r)
                return r;
        r = freewmi_object_spawn(class, ret);
        freewmi_object_unref(class);
        return r == FREEWMI_NO_MEMORY ? api_errno(-ENOMEM, error) : r;
}

// The namespace of a call: as it is given, else where the object lives or came from. NULL after an error.
static const char *home_of(const char *ns, const freewmi_object *o, freewmi_error *e)
{
        if (ns)
                return ns;
        if (o->instance->namespace.n)
                return o->instance->namespace.p;
        if (o->root->home)
                return o->root->home;
        api_argument(e, "the namespace is NULL, and the object lives nowhere");
        return NULL;
}

int freewmi_put(freewmi *wmi, const char *ns, const freewmi_object *o, uint32_t flags, const char **ret_path,
                freewmi_error *error)
{
        int r = api_ready(wmi, error);
        if (r)
                return r;
        if (!o)
                return api_argument(error, "freewmi_put: the object is NULL");
        ns = home_of(ns, o, error);
        if (!ns)
                return FREEWMI_BAD_ARGUMENT;
        char *path = NULL;
        if (o->instance->is_class) {
                r = client_put_class(wmi->client, str_of(ns), o->instance, flags, wmi->timeout_ms, NULL);
                if (!r && !(path = strdup(o->instance->class->name.p)))
                        r = -ENOMEM;
        } else {
                r = client_put_instance(wmi->client, str_of(ns), o->instance, flags, wmi->timeout_ms, &path, NULL);
        }
        r = api_result(wmi, r, error);
        if (r)
                return r;
        free(wmi->put_path);
        wmi->put_path = path;
        if (ret_path)
                *ret_path = path;
        return FREEWMI_OK;
}

// A path without '=' names a class; the class without its namespace is what DeleteClass wants.
static int delete_class(freewmi *w, const char *ns, const char *path, freewmi_error *e)
{
        Arena a = {0};
        CimPath p;
        Diag d = {0};
        int r = cim_path_parse(str_of(path), &a, &p, &d);
        if (r > 0)
                r = api_diag(&d, e);
        else if (r < 0)
                r = api_errno(r, e);
        else
                r = api_result(w,
                               client_delete_class(w->client, p.namespace.n ? p.namespace : str_of(ns),
                                                   p.class_name, w->timeout_ms, NULL),
                               e);
        arena_deinit(&a);
        return r;
}

int freewmi_delete(freewmi *wmi, const char *ns, const char *path, freewmi_error *error)
{
        int r = api_ready(wmi, error);
        if (r)
                return r;
        if (!ns || !path)
                return api_argument(error, "freewmi_delete: the namespace or the path is NULL");
        if (!strchr(path, '='))
                return delete_class(wmi, ns, path, error);
        r = client_delete_instance(wmi->client, str_of(ns), str_of(path), wmi->timeout_ms, NULL);
        return api_result(wmi, r, error);
}

// --- results -------------------------------------------------------------------------------------

struct freewmi_results {
        List link;    // of the connection's
        freewmi *wmi; // NULL: it is closed
        ClientEnum *e;
};

freewmi_results *api_results_of(List *link)
{
        return list_entry(link, freewmi_results, link);
}

void api_results_gone(freewmi_results *r)
{
        r->e = client_enum_free(r->e);
        r->wmi = NULL;
}

static int results_made(freewmi *w, int r, ClientEnum *e, freewmi_results **ret, freewmi_error *error)
{
        r = api_result(w, r, error);
        if (r)
                return r;
        freewmi_results *x = calloc(1, sizeof(*x));
        if (!x) {
                client_enum_free(e);
                return api_errno(-ENOMEM, error);
        }
        x->wmi = w;
        x->e = e;
        list_push(&w->results, &x->link);
        *ret = x;
        return FREEWMI_OK;
}

static int results_ready(freewmi *w, const char *ns, const char *what, freewmi_results **ret, freewmi_error *e)
{
        int r = api_ready(w, e);
        if (!r && (!ns || !what || !ret))
                r = api_argument(e, "the namespace, the query or class, or ret is NULL");
        return r;
}

int freewmi_query(freewmi *wmi, const char *ns, const char *query, freewmi_results **ret, freewmi_error *error)
{
        ClientEnum *e = NULL;
        int r = results_ready(wmi, ns, query, ret, error);
        if (r)
                return r;
        r = client_query(wmi->client, str_of(ns), str_of(query), 0, wmi->timeout_ms, &e, NULL);
        return results_made(wmi, r, e, ret, error);
}

int freewmi_instances(freewmi *wmi, const char *ns, const char *class_name, uint32_t flags, freewmi_results **ret,
                      freewmi_error *error)
{
        ClientEnum *e = NULL;
        int r = results_ready(wmi, ns, class_name, ret, error);
        if (r)
                return r;
        r = client_enum_instances(wmi->client, str_of(ns), str_of(class_name), flags, wmi->timeout_ms, &e, NULL);
        return results_made(wmi, r, e, ret, error);
}

int freewmi_classes(freewmi *wmi, const char *ns, const char *superclass, uint32_t flags, freewmi_results **ret,
                    freewmi_error *error)
{
        ClientEnum *e = NULL;
        int r = results_ready(wmi, ns, superclass, ret, error);
        if (r)
                return r;
        r = client_enum_classes(wmi->client, str_of(ns), str_of(superclass), flags, wmi->timeout_ms, &e, NULL);
        return results_made(wmi, r, e, ret, error);
}

int freewmi_results_next(freewmi_results *results, freewmi_object **ret, freewmi_error *error)
{
        if (!results || !ret)
                return api_argument(error, "freewmi_results_next: the results or ret is NULL");
        if (!results->wmi)
                return api_fail(error, FREEWMI_GONE, FREEWMI_E_TRANSPORT_FAILURE, "the connection was closed");
        int r = api_ready(results->wmi, error);
        if (r)
                return r;
        CimInstance *i;
        r = client_enum_next(results->e, results->wmi->timeout_ms, &i, NULL);
        if (r == -ENODATA)
                return 0;
        r = api_result(results->wmi, r, error);
        if (!r)
                r = object_made(i, ret, error);
        return r ? r : 1;
}

void freewmi_results_free(freewmi_results *results)
{
        if (!results)
                return;
        list_remove(&results->link);
        client_enum_free(results->e);
        free(results);
}

// --- publishing ----------------------------------------------------------------------------------

// The sink of a namespace, opened when it is first needed.
static int sink_of(freewmi *w, const char *ns, uint32_t *ret, freewmi_error *e)
{
        for (size_t i = 0; i < w->sink_count; i++)
                if (str_ieq(str_of(w->sinks[i].ns), str_of(ns))) {
                        *ret = w->sinks[i].id;
                        return FREEWMI_OK;
                }
        ApiSink *more = realloc(w->sinks, (w->sink_count + 1) * sizeof(*more));
        if (more)
                w->sinks = more;
        char *name = strdup(ns);
        if (!more || !name) {
                free(name);
                return api_errno(-ENOMEM, e);
        }
        uint32_t id;
        int r = api_result(w, client_open_sink(w->client, str_of(ns), w->timeout_ms, &id, NULL), e);
        if (r) {
                free(name);
                return r;
        }
        w->sinks[w->sink_count++] = (ApiSink){name, id};
        *ret = id;
        return FREEWMI_OK;
}

int freewmi_publish_many(freewmi *wmi, const char *ns, const freewmi_object *const *events, size_t n,
                         uint64_t *ret_matched, freewmi_error *error)
{
        if (ret_matched)
                *ret_matched = 0;
        int r = api_ready(wmi, error);
        if (r || !n)
                return r;
        for (size_t i = 0; i < n; i++)
                if (!events || !events[i])
                        return api_argument(error, "freewmi_publish: an event is NULL");
        ns = home_of(ns, events[0], error);
        uint32_t sink = 0, matched = 0;
        if (!ns)
                return FREEWMI_BAD_ARGUMENT;
        r = sink_of(wmi, ns, &sink, error);
        if (r)
                return r;
        CimInstance **list = calloc(n, sizeof(*list));
        if (!list)
                return api_errno(-ENOMEM, error);
        for (size_t i = 0; i < n; i++)
                list[i] = events[i]->instance;
        r = api_result(wmi, client_indicate(wmi->client, sink, list, n, wmi->timeout_ms, &matched, NULL), error);
        free(list);
        if (ret_matched)
                *ret_matched = matched;
        return r;
}

int freewmi_publish(freewmi *wmi, const char *ns, const freewmi_object *event, freewmi_error *error)
{
        uint64_t matched;
        int r = freewmi_publish_many(wmi, ns, &event, 1, &matched, error);
        return r ? r : matched > INT32_MAX ? INT32_MAX : (int)matched;
}

// --- everybody's subscriptions -------------------------------------------------------------------

int freewmi_list_subscriptions(freewmi *wmi, freewmi_error *error)
{
        ClientSubscription *listed;
        size_t n;
        int r = api_ready(wmi, error);
        if (!r)
                r = api_result(wmi, client_list_subscriptions(wmi->client, wmi->timeout_ms, &listed, &n, NULL), error);
        if (r)
                return r;
        freewmi_subscription *list = calloc(n ? n : 1, sizeof(*list));
        if (!list) {
                free(listed);
                return api_errno(-ENOMEM, error);
        }
        for (size_t i = 0; i < n; i++)
                list[i] = (freewmi_subscription){.session = listed[i].session,
                                                 .subscription = listed[i].subscription,
                                                 .pid = listed[i].pid,
                                                 .uid = listed[i].uid,
                                                 .program = listed[i].program.p,
                                                 .ns = listed[i].namespace.p,
                                                 .query = listed[i].query.p,
                                                 .queue = listed[i].queue,
                                                 .queued = listed[i].queued,
                                                 .delivered = listed[i].delivered,
                                                 .lost = listed[i].lost};
        free(wmi->listed);
        free(wmi->list);
        wmi->listed = listed;
        wmi->list = list;
        wmi->list_count = n;
        return n > INT32_MAX ? INT32_MAX : (int)n;
}

const freewmi_subscription *freewmi_subscription_at(const freewmi *wmi, size_t i)
{
        return wmi && i < wmi->list_count ? &wmi->list[i] : NULL;
}

int freewmi_end_subscription(freewmi *wmi, uint64_t session, uint32_t subscription, freewmi_error *error)
{
        int r = api_ready(wmi, error);
        if (r)
                return r;
        r = client_end_subscription(wmi->client, session, subscription, wmi->timeout_ms, NULL);
        return api_result(wmi, r, error);
}
