// SPDX-License-Identifier: MIT
// Namespaces: creating and deleting them, the __NAMESPACE instances that stand for them, and loading a store.
#include <stdlib.h>

#include "base/utf.h"
#include "repository/internal.h"

// --- rows --------------------------------------------------------------------------------------------

int namespace_id(Store *st, Str namespace, int64_t *ret, Diag *reterr)
{
        Buf upper = {0};
        int r = 0;
        bool row = false;
        if (st->space_row && str_eq(str_of(st->space), namespace)) {
                *ret = st->space_row;
                return 0;
        }
        *ret = 0;
        sqlite3_stmt *s = database_statement(&st->db, SQL_NAMESPACE_ID, &r, reterr);
        store_upper(namespace, &upper);
        if (s && upper.failed)
                r = -ENOMEM;
        if (s && !r) {
                bind_str(s, 1, (Str){(char *)upper.p, upper.n});
                r = database_step(&st->db, s, &row, reterr);
        }
        if (row) {
                *ret = sqlite3_column_int64(s, 0);
                sqlite3_reset(s);
        }
        if (r == 0 && *ret && namespace.n <= LIMIT_NAMESPACE_CHARS) {
                memcpy(st->space, namespace.p, namespace.n);
                st->space[namespace.n] = '\0';
                st->space_row = *ret;
        }
        buf_deinit(&upper);
        return r;
}

static Str namespace_parent(Str namespace)
{
        size_t n = namespace.n;
        while (n && namespace.p[n - 1] != '\\')
                n--;
        return (Str){namespace.p, n ? n - 1 : 0};
}

static Str namespace_leaf(Str namespace)
{
        size_t n = namespace_parent(namespace).n;
        return n ? (Str){namespace.p + n + 1, namespace.n - n - 1} : namespace;
}

static int namespace_insert(Store *st, Str namespace, Diag *reterr)
{
        Buf upper = {0};
        int64_t parent = 0;
        Str above = namespace_parent(namespace);
        int r = above.n ? namespace_id(st, above, &parent, reterr) : 0;
        sqlite3_stmt *s = r ? NULL : database_statement(&st->db, SQL_NAMESPACE_NEW, &r, reterr);
        store_upper(namespace, &upper);
        if (s && upper.failed)
                r = -ENOMEM;
        if (s && !r) {
                if (parent)
                        sqlite3_bind_int64(s, 1, parent);
                else
                        sqlite3_bind_null(s, 1);
                bind_str(s, 2, namespace);
                bind_str(s, 3, (Str){(char *)upper.p, upper.n});
                r = database_run(&st->db, s, reterr);
        }
        buf_deinit(&upper);
        return r;
}

// --- objects -------------------------------------------------------------------------------------------

static const CimClass *namespace_class(const Store *st, Str parent)
{
        const CimClass *c = parent.n ? cim_schema_find(st->schema, parent, STR("__NAMESPACE")) : NULL;
        int name = c ? cim_class_property(c, STR("Name")) : -1;
        return name >= 0 && c->properties[name].type == CIM_STRING ? c : NULL;
}

int namespace_object(const Store *st, Str namespace, CimInstance **ret)
{
        Str parent = namespace_parent(namespace);
        const CimClass *c = namespace_class(st, parent);
        CimInstance *i;
        *ret = NULL;
        if (!c)
                return 0;
        int r = cim_instance_new(c, &i);
        if (r < 0)
                return r;
        Str16 name = utf_to16(i->owner, namespace_leaf(namespace));
        i->values[cim_class_property(c, STR("Name"))] = (CimValue){.type = CIM_STRING, .string = name};
        r = name.p ? cim_instance_place(i, parent) : -ENOMEM;
        if (r < 0)
                cim_instance_unref(i);
        else
                *ret = i;
        return r;
}

static int namespace_tell(Store *st, StoreChangeKind kind, Str namespace, Diag *reterr)
{
        CimInstance *i;
        int r = namespace_object(st, namespace, &i);
        if (r || !i)
                return r;
        return kind == STORE_CREATED ? store_changed(st, kind, STORE_NAMESPACE, NULL, i, reterr)
                                     : store_changed(st, kind, STORE_NAMESPACE, i, NULL, reterr);
}

// --- creating ------------------------------------------------------------------------------------------

// Into the schema, with what the seed gives.
static int namespace_seed(Store *st, Str namespace, Diag *reterr)
{
        CimSchema *after;
        int r = cim_schema_change(st->schema, &(CimChange){.namespace = namespace}, 1, &after, reterr);
        if (r == 0 && st->seed)
                r = st->seed(st->seed_context, namespace, &after, reterr);
        else if (r)
                after = NULL;
        if (r)
                cim_schema_unref(after);
        else
                store_take_schema(st, after);
        return r;
}

static int namespace_make(Store *st, Str namespace, bool tell, Diag *reterr)
{
        // Another spelling than the normal one would be no namespace to the next start.
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        int r = cim_namespace_normal(namespace, normal, reterr);
        if (r == 0 && !str_eq(str_of(normal), namespace)) {
                diag_set(reterr, CIM_E_INVALID_NAMESPACE, "\"%.*s\" is not how a namespace is written",
                         CLIP(namespace));
                r = diag_hint(reterr, "write %s", normal);
        }
        if (r == 0)
                r = namespace_insert(st, namespace, reterr);
        if (r == 0)
                r = namespace_seed(st, namespace, reterr);
        return r == 0 && tell ? namespace_tell(st, STORE_CREATED, namespace, reterr) : r;
}

int namespace_ensure(Store *st, Str namespace, bool tell, Diag *reterr)
{
        int r = 0;
        for (size_t n = 0; n <= namespace.n && r == 0; n++)
                if ((n == namespace.n || namespace.p[n] == '\\') &&
                    !cim_schema_has_namespace(st->schema, (Str){namespace.p, n}))
                        r = namespace_make(st, (Str){namespace.p, n}, tell, reterr);
        return r;
}

int store_create_namespace(Store *st, Str namespace, Diag *reterr)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        int r = cim_namespace_normal(namespace, normal, reterr);
        if (r)
                return r;
        namespace = str_of(normal);
        Str parent = namespace_parent(namespace);
        if (cim_schema_has_namespace(st->schema, namespace)) {
                diag_set(reterr, CIM_E_ALREADY_EXISTS, "there is a namespace %.*s already", CLIP(namespace));
                return E_DIAG;
        }
        if (!cim_schema_has_namespace(st->schema, parent)) {
                diag_set(reterr, CIM_E_INVALID_NAMESPACE, "there is no namespace %.*s to create %.*s in",
                         CLIP(parent), CLIP(namespace_leaf(namespace)));
                return diag_hint(reterr, "create %.*s first", CLIP(parent));
        }
        return namespace_make(st, namespace, true, reterr);
}

// --- deleting ------------------------------------------------------------------------------------------

typedef struct Below {
        Str top;
        Str *list; // in order of creation: a namespace behind its parent
        size_t count;
} Below;

static bool namespace_below(Str top, Str namespace)
{
        return namespace.n >= top.n && (namespace.n == top.n || namespace.p[top.n] == '\\') &&
               str_ieq(top, (Str){namespace.p, top.n});
}

static int below_count(void *context, Str namespace)
{
        Below *b = context;
        b->count += namespace_below(b->top, namespace);
        return 0;
}

static int below_list(void *context, Str namespace)
{
        Below *b = context;
        if (namespace_below(b->top, namespace))
                b->list[b->count++] = namespace;
        return 0;
}

// A statement over a number (or, when id is 0, a name) that lists versions.
static int namespace_stale(Store *st, Statement which, int64_t id, const Buf *space, Diag *reterr)
{
        int r = 0;
        bool row = true;
        sqlite3_stmt *s = database_statement(&st->db, which, &r, reterr);
        if (!s)
                return r;
        if (space)
                bind_str(s, 1, (Str){(char *)space->p, space->n});
        else
                sqlite3_bind_int64(s, 1, id);
        while ((r = database_step(&st->db, s, &row, reterr)) == 0 && row)
                if ((r = numbers_push(&st->stale, column_version(s, 0))) < 0)
                        break;
        if (row)
                sqlite3_reset(s);
        return r;
}

static int namespace_do(Store *st, Statement which, int64_t id, Diag *reterr)
{
        int r = 0;
        sqlite3_stmt *s = database_statement(&st->db, which, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, id);
        return database_run(&st->db, s, reterr);
}

static int namespace_remove(Store *st, Str namespace, Diag *reterr)
{
        Buf space = {0};
        int64_t id;
        int r = namespace_id(st, namespace, &id, reterr);
        store_upper(namespace, &space);
        if (r == 0 && space.failed)
                r = -ENOMEM;
        if (r == 0)
                r = namespace_stale(st, SQL_NAMESPACE_USES, id, NULL, reterr);
        if (r == 0)
                r = namespace_stale(st, SQL_NAMESPACE_VERSIONS, 0, &space, reterr);
        st->space_row = 0;
        static const Statement gone[] = {SQL_NAMESPACE_INSTANCES_GONE, SQL_NAMESPACE_CLASSES_GONE,
                                         SQL_NAMESPACE_GONE};
        for (size_t i = 0; i < 3 && r == 0; i++)
                r = namespace_do(st, gone[i], id, reterr);
        buf_deinit(&space);
        return r == 0 ? namespace_tell(st, STORE_DELETED, namespace, reterr) : r;
}

static bool namespace_stays(const Store *st, Str namespace)
{
        for (const char *const *f = st->fixed; f && *f; f++)
                if (str_ieq(str_of(*f), namespace))
                        return true;
        return str_ieq(namespace, STR("root"));
}

static int namespaces_remove(Store *st, const Below *b, Diag *reterr)
{
        CimChange *changes = calloc(b->count, sizeof(*changes));
        int r = changes ? 0 : -ENOMEM;
        for (size_t i = 0; i < b->count && r == 0; i++) {
                Str namespace = b->list[b->count - 1 - i];
                changes[i] = (CimChange){.namespace = namespace, .remove = true};
                r = namespace_remove(st, namespace, reterr);
        }
        CimSchema *after;
        if (r == 0)
                r = cim_schema_change(st->schema, changes, b->count, &after, reterr);
        if (r == 0)
                store_take_schema(st, after);
        free(changes);
        return r == 0 ? version_settle(st, reterr) : r;
}

int store_delete_namespace(Store *st, Str namespace, Diag *reterr)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        int r = cim_namespace_normal(namespace, normal, reterr);
        if (r)
                return r;
        Below b = {.top = str_of(normal)};
        r = store_namespace(st, b.top, &b.top, reterr);
        if (r)
                return r;
        cim_schema_each_namespace(st->schema, below_count, &b);
        b.list = calloc(b.count, sizeof(*b.list));
        if (!b.list)
                return -ENOMEM;
        b.count = 0;
        cim_schema_each_namespace(st->schema, below_list, &b);
        for (size_t i = 0; i < b.count && r == 0; i++) {
                if (!namespace_stays(st, b.list[i]))
                        continue;
                diag_set(reterr, CIM_E_ACCESS_DENIED, "%.*s is a namespace that the service needs",
                         CLIP(b.list[i]));
                r = diag_hint(reterr, "delete what is in it, one by one");
        }
        if (r == 0)
                r = namespaces_remove(st, &b, reterr);
        free(b.list);
        return r;
}

// --- loading ---------------------------------------------------------------------------------------------

static int load_namespaces(Store *st, Diag *reterr)
{
        int r = 0;
        bool row = true;
        for (int64_t id = 0; r == 0 && row;) {
                char name[LIMIT_NAMESPACE_CHARS + 1];
                sqlite3_stmt *s = database_statement(&st->db, SQL_NAMESPACE_EACH, &r, reterr);
                if (!s)
                        return r;
                sqlite3_bind_int64(s, 1, id);
                r = database_step(&st->db, s, &row, reterr);
                if (r || !row)
                        break;
                id = sqlite3_column_int64(s, 0);
                Diag why = {0};
                Str is = column_str(s, 1);
                r = cim_namespace_normal(is, name, &why);
                bool same = r == 0 && str_eq(str_of(name), is);
                sqlite3_reset(s);
                Str parent = same ? namespace_parent(str_of(name)) : (Str){"", 0};
                if (!same || (parent.n && !cim_schema_has_namespace(st->schema, parent)) ||
                    cim_schema_has_namespace(st->schema, str_of(name)))
                        return database_damaged(&st->db, reterr, "row %lld of namespace is none",
                                                (long long)id);
                r = namespace_seed(st, str_of(name), reterr);
        }
        return r;
}

typedef struct Load {
        CimChange *changes;
        int64_t *ids;
        size_t count, capacity;
        Arena names;
} Load;

static int load_grow(Load *l)
{
        if (l->count < l->capacity)
                return 0;
        size_t more = l->capacity ? l->capacity * 2 : 64;
        CimChange *changes = reallocarray(l->changes, more, sizeof(*changes));
        if (!changes)
                return -ENOMEM;
        l->changes = changes;
        int64_t *ids = reallocarray(l->ids, more, sizeof(*ids));
        if (!ids)
                return -ENOMEM;
        l->ids = ids;
        l->capacity = more;
        return 0;
}

static int load_class(Store *st, Load *l, int64_t id, Str namespace, Str name, uint32_t number, Diag *reterr)
{
        const Version *v;
        int r = load_grow(l);
        if (r == 0)
                r = version_find(st, number, &v, reterr);
        if (r)
                return r;
        if (!str_ieq(v->klass->name, name) || !str_ieq(v->namespace, namespace) ||
            !cim_schema_has_namespace(st->schema, namespace))
                return database_damaged(&st->db, reterr,
                                        "row %lld of class is of another class than its version",
                                        (long long)id);
        const char *kept = arena_strndup(&l->names, namespace.p, namespace.n);
        if (!kept)
                return -ENOMEM;
        l->changes[l->count] =
                (CimChange){.namespace = {kept, namespace.n}, .klass = cim_class_ref(v->klass)};
        l->ids[l->count++] = id;
        return 0;
}

static int load_classes(Store *st, Load *l, Diag *reterr)
{
        int r = 0;
        bool row = true;
        for (int64_t id = 0; r == 0;) {
                sqlite3_stmt *s = database_statement(&st->db, SQL_CLASS_EACH, &r, reterr);
                if (!s)
                        return r;
                sqlite3_bind_int64(s, 1, id);
                r = database_step(&st->db, s, &row, reterr);
                if (r || !row)
                        break;
                id = sqlite3_column_int64(s, 0);
                uint32_t number = column_version(s, 3);
                Buf text = {0};
                Str namespace = column_str(s, 1), name = column_str(s, 2);
                buf_put(&text, namespace.p, namespace.n);
                buf_put(&text, name.p, name.n);
                sqlite3_reset(s);
                if (text.failed)
                        r = -ENOMEM;
                else
                        r = load_class(st, l, id, (Str){(char *)text.p, namespace.n},
                                       (Str){(char *)text.p + namespace.n, name.n}, number, reterr);
                buf_deinit(&text);
        }
        return r;
}

// A class that is not as it was, since a system class is not: its new version.
static int load_renew(Store *st, const Load *l, size_t i, Diag *reterr)
{
        const CimChange *was = &l->changes[i];
        const CimClass *now = cim_schema_find(st->schema, was->namespace, was->klass->name);
        return now == was->klass ? 0 : class_store(st, was->namespace, now, reterr);
}

// --- classes that both the store and the system declare
// ------------------------------------------------------

typedef struct GiveWay {
        const Load *load;
        CimChange *removed;
        size_t count, capacity;
        Str namespace;
        const CimClass *top;
} GiveWay;

static int give_way_class(void *context, Str namespace, const CimClass *c)
{
        GiveWay *g = context;
        (void)namespace;
        for (size_t i = 0; i < g->load->count; i++)
                if (str_ieq(g->load->changes[i].namespace, g->namespace) &&
                    str_ieq(g->load->changes[i].klass->name, c->name))
                        return 0; // the store's own
        for (size_t i = 0; i < g->count; i++)
                if (g->removed[i].klass == c)
                        return 0;
        if (g->count == g->capacity) {
                size_t more = g->capacity ? g->capacity * 2 : 16;
                CimChange *p = reallocarray(g->removed, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                g->removed = p;
                g->capacity = more;
        }
        g->removed[g->count++] =
                (CimChange){.namespace = g->namespace, .klass = cim_class_ref(c), .remove = true};
        return 0;
}

// The store was written when the system had no class of that name: its own stays, and the system's classes
// below that do not fit it are not there.
static int load_give_way(Store *st, const Load *l, CimSchema **ret, Diag *reterr)
{
        GiveWay g = {.load = l};
        int r = 0;
        for (size_t i = 0; i < l->count && r == 0; i++) {
                g.namespace = l->changes[i].namespace;
                g.top = cim_schema_find(st->schema, g.namespace, l->changes[i].klass->name);
                if (g.top && !cim_class_declares_same(g.top, l->changes[i].klass))
                        r = cim_schema_each_derived(st->schema, g.namespace, g.top, give_way_class, &g);
        }
        CimChange *all = r ? NULL : calloc(g.count + l->count, sizeof(*all));
        if (r == 0 && !all)
                r = -ENOMEM;
        if (r == 0) {
                memcpy(all, g.removed, g.count * sizeof(*all));
                memcpy(all + g.count, l->changes, l->count * sizeof(*all));
                r = cim_schema_change(st->schema, all, g.count + l->count, ret, reterr);
        }
        for (size_t i = 0; i < g.count; i++)
                cim_class_unref(g.removed[i].klass);
        free(g.removed);
        free(all);
        return r;
}

int store_load(Store *st, bool read_only, Diag *reterr)
{
        Load l = {0};
        int r = load_namespaces(st, reterr);
        if (r == 0 && !read_only)
                r = namespace_ensure(st, STR("root"), false, reterr);
        for (const char *const *f = st->fixed; f && *f && r == 0 && !read_only; f++)
                r = namespace_ensure(st, str_of(*f), false, reterr);
        if (r == 0)
                r = load_classes(st, &l, reterr);
        CimSchema *after;
        if (r == 0 && l.count) {
                Diag why;
                r = cim_schema_change(st->schema, l.changes, l.count, &after, &why);
                if (r == E_DIAG)
                        r = load_give_way(st, &l, &after, reterr);
        }
        if (r == 0 && l.count)
                store_take_schema(st, after);
        for (size_t i = 0; i < l.count && r == 0 && !read_only; i++)
                r = load_renew(st, &l, i, reterr);
        if (r == 0 && !read_only)
                r = version_settle(st, reterr);
        for (size_t i = 0; i < l.count; i++)
                cim_class_unref(l.changes[i].klass);
        free(l.changes);
        free(l.ids);
        arena_deinit(&l.names);
        return r;
}
