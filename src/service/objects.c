// SPDX-License-Identifier: MIT
// Classes and instances, one at a time: get, put, delete; methods.
//
// A request is looked at here for what needs no store (flags), then again in the storage thread, where names
// mean what they mean behind all requests before it.
#include <sys/types.h>

#include "service/internal.h"

#include <stdlib.h>

#include "base/utf.h"
#include "cim/path.h"

// --- flags ---------------------------------------------------------------------------------------

// WBEM_FLAG_ numbers. RETURN_IMMEDIATELY, FORWARD_ONLY, SEND_STATUS say how a caller waits, which is the
// door's affair; DIRECT_READ, ENSURE_LOCATABLE, OWNER_UPDATE and USE_AMENDED_QUALIFIERS change nothing yet.
// All are accepted where they are documented.
enum {
        FLAG_UPDATE_ONLY = 0x1,
        FLAG_CREATE_ONLY = 0x2,
        FLAG_SHALLOW = 0x1,
        FLAG_PROTOTYPE = 0x2,
        FLAG_RETURN_IMMEDIATELY = 0x10,
        FLAG_FORWARD_ONLY = 0x20,
        FLAG_UPDATE_SAFE = 0x20,
        FLAG_UPDATE_FORCE = 0x40,
        FLAG_SEND_STATUS = 0x80,
        FLAG_ENSURE_LOCATABLE = 0x100,
        FLAG_DIRECT_READ = 0x200,
        FLAG_OWNER_UPDATE = 0x10000,
        FLAG_AMENDED = 0x20000,
        FLAG_CALL = FLAG_RETURN_IMMEDIATELY | FLAG_SEND_STATUS,
        FLAG_ENUMERATE = FLAG_CALL | FLAG_FORWARD_ONLY | FLAG_AMENDED,
        FLAG_CHANGE = FLAG_UPDATE_ONLY | FLAG_CREATE_ONLY,
        FLAG_MODE = FLAG_UPDATE_SAFE | FLAG_UPDATE_FORCE,
};

static uint32_t flags_defined(uint16_t operation)
{
        switch (operation) {
        case WIRE_GET_OBJECT:
                return FLAG_CALL | FLAG_DIRECT_READ | FLAG_AMENDED;
        case WIRE_PUT_CLASS:
                return FLAG_CALL | FLAG_CHANGE | FLAG_MODE | FLAG_OWNER_UPDATE | FLAG_AMENDED;
        case WIRE_DELETE_CLASS:
                return FLAG_CALL | FLAG_OWNER_UPDATE;
        case WIRE_PUT_INSTANCE:
                return FLAG_CALL | FLAG_CHANGE | FLAG_OWNER_UPDATE | FLAG_AMENDED;
        case WIRE_DELETE_INSTANCE:
                return FLAG_CALL | FLAG_OWNER_UPDATE;
        case WIRE_CREATE_CLASS_ENUM:
                return FLAG_ENUMERATE | FLAG_SHALLOW;
        case WIRE_CREATE_INSTANCE_ENUM:
                return FLAG_ENUMERATE | FLAG_SHALLOW | FLAG_DIRECT_READ;
        case WIRE_EXEC_QUERY:
                return FLAG_ENUMERATE | FLAG_PROTOTYPE | FLAG_ENSURE_LOCATABLE | FLAG_DIRECT_READ;
        default:
                return FLAG_CALL;
        }
}

int flags_check(uint16_t operation, uint32_t flags, Diag *reterr)
{
        char name[WIRE_NAME];
        uint32_t unknown = flags & ~flags_defined(operation);
        wire_operation_name(operation, name);
        if (unknown)
                return diag_set(reterr, CIM_E_INVALID_PARAMETER, "the flags 0x%X are not defined for %s",
                                unknown, name);
        bool change = operation == WIRE_PUT_CLASS || operation == WIRE_PUT_INSTANCE;
        if (change && (flags & FLAG_CHANGE) == FLAG_CHANGE)
                return diag_set(reterr, CIM_E_INVALID_PARAMETER,
                                "\"create only\" and \"update only\" exclude each other");
        if (operation == WIRE_PUT_CLASS && (flags & FLAG_MODE) == FLAG_MODE)
                return diag_set(reterr, CIM_E_INVALID_PARAMETER,
                                "the safe and the force mode exclude each other");
        return 0;
}

enum { NAMESPACE_ROOM = LIMIT_NAMESPACE_CHARS + 1, GET_NEEDS_STORE = 2 };

// --- common parts --------------------------------------------------------------------------------

// The namespace as the schema spells it, in `out`, where changes of the store leave it alone.
static int object_namespace(const CimSchema *schema, Str name, Str *ret, char out[NAMESPACE_ROOM],
                            Diag *reterr)
{
        Str found;
        int r = catalog_namespace(schema, name, &found, reterr);
        if (r)
                return r;
        memcpy(out, found.p, found.n);
        out[found.n] = '\0';
        *ret = (Str){out, found.n};
        return 0;
}

static bool server_is_ours(const Service *s, Str name)
{
        return !name.n || str_eq(name, STR(".")) || str_ieq(name, STR("localhost")) ||
               str_eq(name, STR("127.0.0.1")) || str_eq(name, STR("::1")) || str_ieq(name, str_of(s->server));
}

// --- references that are keys --------------------------------------------------------------------
// The store knows this machine as "." only: so an instance that a reference names is the same under the machine's name,
// and stays the same when that name changes.

// "\\\\NAME\\..." with the name of this machine, in what a reference holds.
static bool text_is_local(Str16 s, Str server)
{
        if (s.n < server.n + 3 || (s.p[0] != '\\' && s.p[0] != '/') || (s.p[1] != '\\' && s.p[1] != '/') ||
            (s.p[server.n + 2] != '\\' && s.p[server.n + 2] != '/'))
                return false;
        for (size_t i = 0; i < server.n; i++)
                if (utf_upcase16(s.p[i + 2]) != utf_upcase16((unsigned char)server.p[i]))
                        return false;
        return server.n != 0;
}

static int value_local(Arena *a, CimValue *v, Str server)
{
        if (v->null || !text_is_local(v->string, server))
                return 0;
        size_t rest = v->string.n - 2 - server.n;
        char16_t *p = arena_array(a, char16_t, rest + 3);
        if (!p)
                return -ENOMEM;
        memcpy(p, v->string.p, 2 * sizeof(*p));
        p[2] = '.';
        memcpy(p + 3, v->string.p + 2 + server.n, rest * sizeof(*p));
        v->string = (Str16){p, rest + 3};
        return 0;
}

static int keys_local(CimInstance *i, Str server)
{
        uint32_t keys[LIMIT_KEYS];
        size_t n = cim_class_keys(i->class, keys, LIMIT_KEYS);
        int r = 0;
        for (size_t k = 0; k < n && !r; k++)
                if (i->values[keys[k]].type == CIM_REFERENCE)
                        r = value_local(i->owner, &i->values[keys[k]], server);
        return r;
}

static int path_keys_local(Arena *a, CimPath *p, const CimClass *c, Str server)
{
        uint32_t of_class[LIMIT_KEYS];
        size_t n = cim_class_keys(c, of_class, LIMIT_KEYS);
        CimPathKey *keys = arena_array(a, CimPathKey, p->key_count + 1);
        int r = keys ? 0 : -ENOMEM;
        for (size_t k = 0; k < p->key_count && !r; k++) {
                keys[k] = p->keys[k];
                int at = keys[k].name.n ? cim_class_property(c, keys[k].name) : n ? (int)of_class[0] : -1;
                if (at >= 0 && c->properties[at].type == CIM_REFERENCE && keys[k].value.type == CIM_STRING)
                        r = value_local(a, &keys[k].value, server);
        }
        p->keys = keys;
        return r;
}

// --- paths ---------------------------------------------------------------------------------------

// A path and where it leads: the namespace in front of it, else the request's.
typedef struct ObjectPath {
        Arena arena;
        CimPath path;
        Str namespace;
        char room[NAMESPACE_ROOM];
} ObjectPath;

static void object_path_deinit(ObjectPath *p)
{
        arena_deinit(&p->arena);
}

static int object_path(const Service *s, const CimSchema *schema, Str namespace, Str text, ObjectPath *ret,
                       Diag *reterr)
{
        memset(&ret->arena, 0, sizeof(ret->arena));
        int r = cim_path_parse(text, &ret->arena, &ret->path, reterr);
        if (!r && !server_is_ours(s, ret->path.server)) {
                char name[256];
                diag_set(reterr, CIM_E_INVALID_OBJECT_PATH, "the object is on another machine, %s",
                         text_clean(ret->path.server, name, sizeof(name)));
                r = diag_hint(reterr, "leave the server out, or write \\\\.\\");
        }
        if (!r && !ret->path.class_name.n)
                r = diag_set(reterr, CIM_E_INVALID_OBJECT_PATH, "the path names a namespace, not an object");
        if (!r)
                r = object_namespace(schema, ret->path.namespace.n ? ret->path.namespace : namespace,
                                     &ret->namespace, ret->room, reterr);
        const CimClass *c = r ? NULL : cim_schema_find(schema, ret->namespace, ret->path.class_name);
        return r || !c ? r : path_keys_local(&ret->arena, &ret->path, c, str_of(s->server));
}

static bool path_is_class(const CimPath *p)
{
        return !p->singleton && !p->key_count;
}

typedef struct ObjectSchema {
        const CimSchema *schema;
} ObjectSchema;

// The class that a client knows by its version.
static const CimClass *object_resolve(void *context, Str namespace, Str name, uint64_t version,
                                      bool *ret_stale)
{
        const ObjectSchema *o = context;
        const CimClass *c = cim_schema_find(o->schema, namespace, name);
        *ret_stale = !c || c->version != version;
        return *ret_stale ? NULL : c;
}

int objects_read(const CimSchema *schema, Str bytes, CimSet *ret, Diag *reterr)
{
        ObjectSchema o = {schema};
        bool stale = false;
        int r = cim_set_read((const uint8_t *)bytes.p, bytes.n, object_resolve, &o, ret, &stale, reterr);
        if (r > 0 && stale)
                diag_hint(reterr, "the class has changed: get it again");
        return r;
}

// The one object of a request, a class definition or an instance.
static int object_read(const CimSchema *schema, Str bytes, bool is_class, CimSet *ret, Diag *reterr)
{
        int r = objects_read(schema, bytes, ret, reterr);
        if (r)
                return r;
        if (ret->count == 1 && ret->objects[0]->is_class == is_class)
                return 0;
        bool one = ret->count == 1;
        cim_set_deinit(ret);
        return diag_set(reterr, CIM_E_INVALID_OBJECT, one ? "this is %s" : "exactly one object is expected%s",
                        !one       ? ""
                        : is_class ? "an instance, not a class"
                                   : "a class, not an instance");
}

static int object_set(const CimInstance *i, Buf *out)
{
        CimSetWriter *w = cim_set_writer_new(false);
        int r = w ? cim_set_add(w, i) : -ENOMEM;
        if (!r) {
                cim_set_finish(w, out);
                r = out->failed ? -ENOMEM : 0;
        }
        cim_set_writer_free(w);
        return r;
}

// Are the flags defined for the operation? Else the request is answered here.
static bool object_flags(Session *x, const WireFrame *f, uint32_t flags)
{
        Diag d = {0};
        int r = flags_check(f->operation, flags, &d);
        if (r)
                connection_refuse(x->c, asked(f), r, &d, CIM_E_INVALID_PARAMETER);
        return !r;
}

// --- get -----------------------------------------------------------------------------------------

static int get_class(const CimSchema *schema, const ObjectPath *p, CimInstance **ret, Diag *reterr)
{
        const CimClass *c = catalog_class(schema, p->namespace, p->path.class_name, CIM_E_NOT_FOUND, reterr);
        return c ? cim_instance_of_class(c, p->namespace, ret) : E_DIAG;
}

// Writes the reply. st NULL: for a class; GET_NEEDS_STORE: it is an instance.
static int get_object(const Service *s, const CimSchema *schema, Store *st, const WireFrame *f, Buf *reply,
                      Diag *reterr)
{
        Wire_GET_OBJECT m;
        ObjectPath p;
        CimInstance *i = NULL;
        Buf objects = {0};
        wire_get_GET_OBJECT(f->payload, f->size, &m);
        int r = object_path(s, schema, m.namespace, m.path, &p, reterr);
        if (!r && !path_is_class(&p.path) && !st)
                r = GET_NEEDS_STORE;
        if (!r)
                r = path_is_class(&p.path) ? get_class(schema, &p, &i, reterr)
                                           : store_get_instance(st, p.namespace, &p.path, &i, reterr);
        if (!r)
                r = object_set(i, &objects);
        if (!r)
                wire_put_GET_OBJECT_reply(
                        reply, f->request,
                        &(Wire_GET_OBJECT_Reply){.objects = {(char *)objects.p, objects.n}});
        cim_instance_unref(i);
        buf_deinit(&objects);
        object_path_deinit(&p);
        return r;
}

static int get_run(Job *j, Store *st)
{
        return get_object(j->service, store_schema(st), st, &j->frame, &j->reply, &j->base.diag);
}

void perform_GET_OBJECT(Session *x, const WireFrame *f, const Wire_GET_OBJECT *m)
{
        Service *s = x->c->service;
        Buf reply = {0};
        Diag d = {0};
        if (!object_flags(x, f, m->flags))
                return;
        int r = x->job_count ? GET_NEEDS_STORE : get_object(s, s->schema, NULL, f, &reply, &d);
        if (r == GET_NEEDS_STORE)
                session_submit(x, f, get_run);
        else if (r)
                connection_refuse(x->c, asked(f), r, &d, CIM_E_FAILED);
        else
                connection_send(x->c, &reply);
}

// Instances of __NAMESPACE are namespaces with all their classes.
static int object_right(const Job *j, Str class_name, Diag *reterr)
{
        if (j->full || !str_ieq(class_name, STR("__NAMESPACE")))
                return 0;
        return diag_set(reterr, CIM_E_ACCESS_DENIED, "namespaces are made and deleted with the right FULL_WRITE");
}

// --- put -----------------------------------------------------------------------------------------

static int put_class_run(Job *j, Store *st)
{
        Wire_PUT_CLASS m;
        Str namespace;
        char room[NAMESPACE_ROOM];
        CimSet set = {0};
        Diag *d = &j->base.diag;
        wire_get_PUT_CLASS(j->frame.payload, j->frame.size, &m);
        int r = object_namespace(store_schema(st), m.namespace, &namespace, room, d);
        if (!r)
                r = object_read(store_schema(st), m.objects, true, &set, d);
        if (r)
                return r;
        const CimClass *c = set.objects[0]->class;
        job_about(j, c->name);
        r = store_put_class(st, namespace, c->declared, c->super ? c->super->name : (Str){"", 0},
                            m.flags & (FLAG_CHANGE | FLAG_MODE), d);
        cim_set_deinit(&set);
        if (!r)
                wire_put_PUT_CLASS_reply(&j->reply, j->frame.request, &(Wire_PUT_CLASS_Reply){0});
        return r;
}

void perform_PUT_CLASS(Session *x, const WireFrame *f, const Wire_PUT_CLASS *m)
{
        if (object_flags(x, f, m->flags))
                session_submit(x, f, put_class_run);
}

static int put_instance_run(Job *j, Store *st)
{
        Wire_PUT_INSTANCE m;
        Str namespace;
        char room[NAMESPACE_ROOM];
        CimSet set = {0};
        Buf path = {0};
        Diag *d = &j->base.diag;
        wire_get_PUT_INSTANCE(j->frame.payload, j->frame.size, &m);
        int r = object_namespace(store_schema(st), m.namespace, &namespace, room, d);
        if (!r)
                r = object_read(store_schema(st), m.objects, false, &set, d);
        if (r)
                return r;
        job_about(j, set.objects[0]->class->name);
        r = object_right(j, set.objects[0]->class->name, d);
        if (!r)
                r = keys_local(set.objects[0], str_of(j->service->server));
        if (!r)
                r = store_put_instance(st, namespace, set.objects[0], m.flags & FLAG_CHANGE, &path, d);
        cim_set_deinit(&set);
        if (!r && path.failed)
                r = -ENOMEM;
        if (!r)
                wire_put_PUT_INSTANCE_reply(&j->reply, j->frame.request,
                                            &(Wire_PUT_INSTANCE_Reply){.path = {(char *)path.p, path.n}});
        buf_deinit(&path);
        return r;
}

void perform_PUT_INSTANCE(Session *x, const WireFrame *f, const Wire_PUT_INSTANCE *m)
{
        if (object_flags(x, f, m->flags))
                session_submit(x, f, put_instance_run);
}

// --- delete --------------------------------------------------------------------------------------

static int delete_class_run(Job *j, Store *st)
{
        Wire_DELETE_CLASS m;
        Str namespace;
        char room[NAMESPACE_ROOM];
        wire_get_DELETE_CLASS(j->frame.payload, j->frame.size, &m);
        int r = object_namespace(store_schema(st), m.namespace, &namespace, room, &j->base.diag);
        if (!r)
                r = store_delete_class(st, namespace, m.name, &j->base.diag);
        if (!r)
                wire_put_DELETE_CLASS_reply(&j->reply, j->frame.request, &(Wire_DELETE_CLASS_Reply){0});
        return r;
}

void perform_DELETE_CLASS(Session *x, const WireFrame *f, const Wire_DELETE_CLASS *m)
{
        if (object_flags(x, f, m->flags))
                session_submit(x, f, delete_class_run);
}

static int delete_instance_run(Job *j, Store *st)
{
        Wire_DELETE_INSTANCE m;
        ObjectPath p;
        Diag *d = &j->base.diag;
        wire_get_DELETE_INSTANCE(j->frame.payload, j->frame.size, &m);
        int r = object_path(j->service, store_schema(st), m.namespace, m.path, &p, d);
        if (!r && path_is_class(&p.path)) {
                diag_set(d, CIM_E_INVALID_PARAMETER, "the path names a class, not an instance");
                r = diag_hint(d, "a class is deleted by DeleteClass");
        }
        if (!r)
                r = object_right(j, p.path.class_name, d);
        if (!r)
                r = store_delete_instance(st, p.namespace, &p.path, d);
        if (!r)
                wire_put_DELETE_INSTANCE_reply(&j->reply, j->frame.request, &(Wire_DELETE_INSTANCE_Reply){0});
        object_path_deinit(&p);
        return r;
}

void perform_DELETE_INSTANCE(Session *x, const WireFrame *f, const Wire_DELETE_INSTANCE *m)
{
        if (object_flags(x, f, m->flags))
                session_submit(x, f, delete_instance_run);
}

// --- methods -------------------------------------------------------------------------------------

static const CimMethod *method_find(const CimClass *c, Str name, Diag *reterr)
{
        StrNearest nearest = {.wanted = name};
        for (size_t i = 0; i < c->method_count; i++) {
                if (str_ieq(c->methods[i].name, name))
                        return &c->methods[i];
                str_nearest_offer(&nearest, c->methods[i].name);
        }
        char clean[256];
        diag_set(reterr, CIM_E_INVALID_METHOD, "class %.*s has no method %s", STR_ARG(c->name),
                 text_clean(name, clean, sizeof(clean)));
        if (nearest.best.n)
                diag_hint(reterr, "did you mean %.*s?", STR_ARG(nearest.best));
        return NULL;
}

// The class of a method's object; of an instance the keys must be the class's.
static int method_class(Store *st, const ObjectPath *p, const CimClass **ret, Diag *reterr)
{
        *ret = catalog_class(store_schema(st), p->namespace, p->path.class_name, CIM_E_INVALID_CLASS, reterr);
        if (!*ret)
                return E_DIAG;
        Buf key = {0};
        int r = path_is_class(&p->path) ? 0 : cim_path_key(&p->path, *ret, p->namespace, &key, reterr);
        buf_deinit(&key);
        return r;
}

static int method_run(Job *j, Store *st)
{
        Wire_EXEC_METHOD m;
        ObjectPath p;
        const CimClass *c;
        Diag *d = &j->base.diag;
        CimSet set = {0};
        wire_get_EXEC_METHOD(j->frame.payload, j->frame.size, &m);
        int r = object_path(j->service, store_schema(st), m.namespace, m.path, &p, d);
        if (!r)
                r = method_class(st, &p, &c, d);
        const CimMethod *method = r ? NULL : method_find(c, m.method, d);
        if (!r && !method)
                r = E_DIAG;
        if (!r && m.objects.n)
                r = object_read(store_schema(st), m.objects, false, &set, d);
        if (!r)
                r = diag_set(d, CIM_E_PROVIDER_NOT_CAPABLE,
                             "nobody carries out %.*s of class %.*s: no provider has methods yet",
                             STR_ARG(method->name), STR_ARG(c->name));
        cim_set_deinit(&set);
        object_path_deinit(&p);
        return r;
}

void perform_EXEC_METHOD(Session *x, const WireFrame *f, const Wire_EXEC_METHOD *m)
{
        if (object_flags(x, f, m->flags))
                session_submit(x, f, method_run);
}
