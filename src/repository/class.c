// SPDX-License-Identifier: MIT
// Classes: PutClass and DeleteClass.
//
// A change is made on the schema in memory; what it made different (the class, and every class that was built
// again on it) gets new versions in the database.
#include <stdlib.h>

#include "repository/internal.h"

// --- rows ----------------------------------------------------------------------------------------------

int class_row(Store *st, Str namespace, Str name, int64_t *ret, uint32_t *ret_version, Diag *reterr)
{
        Buf upper = {0};
        int64_t space;
        bool row = false;
        *ret = 0;
        *ret_version = 0;
        int r = namespace_id(st, namespace, &space, reterr);
        sqlite3_stmt *s = r ? NULL : database_statement(&st->db, SQL_CLASS_GET, &r, reterr);
        store_upper(name, &upper);
        if (s && upper.failed)
                r = -ENOMEM;
        if (s && !r) {
                sqlite3_bind_int64(s, 1, space);
                bind_str(s, 2, (Str){(char *)upper.p, upper.n});
                r = database_step(&st->db, s, &row, reterr);
        }
        if (row) {
                *ret = sqlite3_column_int64(s, 0);
                *ret_version = column_version(s, 1);
                sqlite3_reset(s);
        }
        buf_deinit(&upper);
        return r;
}

static void bind_version(sqlite3_stmt *s, int at, uint32_t version)
{
        if (version)
                sqlite3_bind_int64(s, at, version);
        else
                sqlite3_bind_null(s, at);
}

static int class_insert(Store *st, Str namespace, const CimClass *c, uint32_t version, int64_t *ret,
                        Diag *reterr)
{
        Buf upper = {0};
        int64_t space;
        int r = namespace_id(st, namespace, &space, reterr);
        sqlite3_stmt *s = r ? NULL : database_statement(&st->db, SQL_CLASS_NEW, &r, reterr);
        store_upper(c->name, &upper);
        if (s && upper.failed)
                r = -ENOMEM;
        if (s && !r) {
                sqlite3_bind_int64(s, 1, space);
                bind_str(s, 2, c->name);
                bind_str(s, 3, (Str){(char *)upper.p, upper.n});
                bind_str(s, 4, c->super ? c->super->name : (Str){"", 0});
                bind_version(s, 5, version);
                r = database_run(&st->db, s, reterr);
        }
        if (s && !r)
                *ret = sqlite3_last_insert_rowid(st->db.sql);
        buf_deinit(&upper);
        return r;
}

int class_row_made(Store *st, Str namespace, const CimClass *c, int64_t *ret, Diag *reterr)
{
        uint32_t version;
        int r = class_row(st, namespace, c->name, ret, &version, reterr);
        return r || *ret ? r : class_insert(st, namespace, c, 0, ret, reterr);
}

int class_store(Store *st, Str namespace, const CimClass *c, Diag *reterr)
{
        int64_t id;
        uint32_t version = 0, was = 0;
        int r = version_number(st, c, namespace, true, &version, reterr);
        if (r == 0)
                r = class_row(st, namespace, c->name, &id, &was, reterr);
        if (r)
                return r;
        if (!id)
                return class_insert(st, namespace, c, version, &id, reterr);
        if (version == was)
                return 0;
        sqlite3_stmt *s = database_statement(&st->db, SQL_CLASS_SET, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, id);
        bind_str(s, 2, c->name);
        bind_str(s, 3, c->super ? c->super->name : (Str){"", 0});
        sqlite3_bind_int64(s, 4, version);
        r = database_run(&st->db, s, reterr);
        return r == 0 && was ? numbers_push(&st->stale, was) : r;
}

// --- names -----------------------------------------------------------------------------------------------

static int class_nearest(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        str_nearest_offer(context, c->name);
        return 0;
}

int class_find(const Store *st, Str namespace, Str name, uint32_t code, const CimClass **ret, Diag *reterr)
{
        *ret = cim_schema_find(st->schema, namespace, name);
        if (*ret)
                return 0;
        StrNearest nearest = {.wanted = name};
        cim_schema_each_class(st->schema, namespace, class_nearest, &nearest);
        diag_set(reterr, code, "there is no class %.*s in %.*s", CLIP(name), CLIP(namespace));
        if (nearest.best.n)
                diag_hint(reterr, "did you mean %.*s?", CLIP(nearest.best));
        return E_DIAG;
}

// Is that class there without anybody having put it? Names with "__" in front are the system's, known or not.
static int class_is_seeded(Store *st, Str namespace, Str name, bool *ret, Diag *reterr)
{
        int64_t id;
        uint32_t version = 1;
        int r = 0;
        *ret = name.n >= 2 && name.p[0] == '_' && name.p[1] == '_';
        if (!*ret && cim_schema_find(st->schema, namespace, name))
                r = class_row(st, namespace, name, &id, &version, reterr);
        *ret |= !version;
        return r;
}

// Classes of the system stay as they are, and their names are its own.
static int class_is_the_users(Store *st, Str namespace, Str name, Diag *reterr)
{
        bool seeded;
        int r = class_is_seeded(st, namespace, name, &seeded, reterr);
        if (r || !seeded)
                return r;
        diag_set(reterr, CIM_E_INVALID_OPERATION, "%.*s: a class of the system cannot be put or deleted",
                 CLIP(name));
        return diag_hint(reterr, name.p[0] == '_' ? "names that begin with \"__\" belong to the system"
                                                  : "choose another name");
}

// May *spec below `superclass` be put, where `was` is now (NULL: nothing)? A standard class that is declared
// once more as it is, descriptions aside, is nothing to do: *ret_there.
static int class_may_put(Store *st, Str namespace, const CimClass *was, const CimClassSpec *spec,
                         Str superclass, bool *ret_there, Diag *reterr)
{
        bool seeded;
        int r = class_is_seeded(st, namespace, spec->name, &seeded, reterr);
        *ret_there = false;
        if (r || !seeded)
                return r;
        if (!was || spec->name.p[0] == '_')
                return class_is_the_users(st, namespace, spec->name, reterr);
        if (cim_class_declares_alike(was, spec, superclass)) {
                *ret_there = true;
                return 0;
        }
        diag_set(reterr, CIM_E_INVALID_OPERATION,
                 "%.*s is a standard class, which all drivers share: it cannot be declared otherwise",
                 CLIP(was->name));
        return diag_hint(
                reterr,
                "leave it out, it is there already (wmi show prints it), or derive a class of another name "
                "from it");
}

// --- changing ----------------------------------------------------------------------------------------------

typedef struct Apply {
        Store *st;
        const CimSchema *before;
        Diag *diag;
} Apply;

// A class that is new was put; one that is another than before is the user's if its row says so.
static int apply_class(void *context, Str namespace, const CimClass *c)
{
        Apply *a = context;
        const CimClass *was = cim_schema_find(a->before, namespace, c->name);
        int64_t id;
        uint32_t version = 1;
        if (was == c)
                return 0;
        store_worked(a->st);
        int r = was ? class_row(a->st, namespace, c->name, &id, &version, a->diag) : 0;
        return r || !version ? r : class_store(a->st, namespace, c, a->diag);
}

// Takes the changes into the schema and writes what is different then.
static int class_apply(Store *st, const CimChange *changes, size_t n, Diag *reterr)
{
        CimSchema *after, *before = cim_schema_ref(st->schema);
        Str *seen = calloc(LIMIT_NAMESPACES, sizeof(*seen));
        size_t count = 0;
        int r = seen ? cim_schema_change(st->schema, changes, n, &after, reterr) : -ENOMEM;
        if (r == 0)
                store_take_schema(st, after);
        Apply a = {st, before, reterr};
        st->work_done = 0;
        st->work_all = n;
        for (size_t i = 0; i < n && r == 0; i++) {
                size_t k = 0;
                while (k < count && !str_ieq(seen[k], changes[i].namespace))
                        k++;
                if (k < count || count == LIMIT_NAMESPACES)
                        continue;
                seen[count++] = changes[i].namespace;
                r = cim_schema_each_class(st->schema, changes[i].namespace, apply_class, &a);
        }
        free(seen);
        cim_schema_unref(before);
        return r;
}

static int class_tell(Store *st, Str namespace, const CimClass *before, const CimClass *after, Diag *reterr)
{
        CimInstance *was = NULL, *is = NULL;
        int r = before ? cim_instance_of_class(before, namespace, &was) : 0;
        if (r == 0 && after)
                r = cim_instance_of_class(after, namespace, &is);
        if (r) {
                cim_instance_unref(was);
                return r;
        }
        return store_changed(st,
                             !before  ? STORE_CREATED
                             : !after ? STORE_DELETED
                                      : STORE_MODIFIED,
                             STORE_CLASS, was, is, reterr);
}

// Tells of each change, with what was there in `before`.
static int class_tell_all(Store *st, const CimSchema *before, const CimChange *changes, size_t n,
                          Diag *reterr)
{
        int r = 0;
        for (size_t i = 0; i < n && r == 0; i++) {
                Str namespace = changes[i].namespace, name = changes[i].klass->name;
                const CimClass *is = cim_schema_find(st->schema, namespace, name);
                if (is)
                        r = class_tell(st, namespace, cim_schema_find(before, namespace, name), is, reterr);
        }
        return r;
}

static int class_change(Store *st, const CimChange *changes, size_t n, Diag *reterr)
{
        CimSchema *before = cim_schema_ref(st->schema);
        int r = class_apply(st, changes, n, reterr);
        if (r == 0)
                r = class_tell_all(st, before, changes, n, reterr);
        cim_schema_unref(before);
        return r;
}

typedef struct Derived {
        const CimClass **list;
        size_t count, capacity;
} Derived;

static int derived_list(void *context, Str namespace, const CimClass *c)
{
        Derived *d = context;
        (void)namespace;
        if (d->count == d->capacity) {
                size_t more = d->capacity ? d->capacity * 2 : 16;
                const CimClass **p = reallocarray(d->list, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                d->list = p;
                d->capacity = more;
        }
        d->list[d->count++] = c;
        return 0;
}

typedef struct Inhabited {
        Store *st;
        const CimClass *top;
        bool itself, derived;
        Diag *diag;
} Inhabited;

static int class_inhabited(void *context, Str namespace, const CimClass *c)
{
        Inhabited *h = context;
        bool any = false;
        if (c != h->top && h->derived)
                return 0;
        int r = instance_any(h->st, namespace, c, &any, h->diag);
        *(c == h->top ? &h->itself : &h->derived) |= any;
        return r;
}

static CimUpdateMode class_mode(uint32_t flags)
{
        return flags & STORE_UPDATE_FORCE  ? CIM_UPDATE_FORCE
               : flags & STORE_UPDATE_SAFE ? CIM_UPDATE_SAFE
                                           : CIM_UPDATE_COMPATIBLE;
}

enum { CLASS_FLAGS = STORE_UPDATE_ONLY | STORE_CREATE_ONLY | STORE_UPDATE_SAFE | STORE_UPDATE_FORCE };

// May `spec` become the class of its name, of which there is `was` (NULL: none)? Instances that the update
// does not leave are deleted.
static int class_check(Store *st, const CimSchema *schema, Str namespace, const CimClass *was,
                       const CimClassSpec *spec, Str superclass, uint32_t flags, CimUpdate *ret, Diag *reterr)
{
        Inhabited h = {.st = st, .top = was, .diag = reterr};
        int r = was ? cim_schema_each_derived(st->schema, namespace, was, class_inhabited, &h) : 0;
        if (r == 0)
                r = cim_update_check(schema, namespace, spec, superclass, class_mode(flags), h.itself,
                                     h.derived, ret, reterr);
        if (r || ret->same || !ret->drops_instances || !h.itself)
                return r;
        r = instance_delete_all(st, namespace, was, reterr);
        if (r)
                cim_update_deinit(ret);
        return r;
}

int store_put_class(Store *st, Str namespace, const CimClassSpec *spec, Str superclass, uint32_t flags,
                    Diag *reterr)
{
        CimUpdate u;
        int r = store_namespace(st, namespace, &namespace, reterr);
        if (r)
                return r;
        const CimClass *was = cim_schema_find(st->schema, namespace, spec->name);
        bool there = false;
        r = store_check_flags(flags, CLASS_FLAGS, was, "class", spec->name, reterr);
        if (r == 0)
                r = class_may_put(st, namespace, was, spec, superclass, &there, reterr);
        if (r == 0 && there)
                return 0;
        if (r == 0)
                r = class_check(st, st->schema, namespace, was, spec, superclass, flags, &u, reterr);
        if (r)
                return r;
        if (!u.same)
                r = class_change(st, u.changes, u.change_count, reterr);
        cim_update_deinit(&u);
        return r == 0 ? version_settle(st, reterr) : r;
}

// --- many --------------------------------------------------------------------------------------------------

// What is to be done for store_put_classes.
typedef struct PutMany {
        Store *st;
        StorePut *puts;
        size_t put_count;
        uint32_t *slots; // open addressing over the puts by class name: index + 1
        size_t slot_count;
        CimChange *list; // malloc, a reference to each class
        size_t count, capacity;
        CimSchema *with_new;  // the schema with the classes that there were not; made when it is needed
        Str given, namespace; // the last that was looked up, and as it is spelled
        Diag *diag;
} PutMany;

static void many_deinit(PutMany *m)
{
        for (size_t i = 0; i < m->count; i++)
                cim_class_unref(m->list[i].klass);
        free(m->list);
        free(m->slots);
        cim_schema_unref(m->with_new);
}

static int many_index(PutMany *m)
{
        for (m->slot_count = 16; m->slot_count < 2 * m->put_count;)
                m->slot_count *= 2;
        m->slots = calloc(m->slot_count, sizeof(*m->slots));
        for (size_t i = 0; m->slots && i < m->put_count; i++) {
                if (!m->puts[i].klass)
                        continue;
                size_t at = (size_t)str_ihash(m->puts[i].klass->name) & (m->slot_count - 1);
                while (m->slots[at])
                        at = (at + 1) & (m->slot_count - 1);
                m->slots[at] = (uint32_t)i + 1;
        }
        return m->slots ? 0 : -ENOMEM;
}

// Is the class of a change among those that are put?
static bool many_comes(const PutMany *m, const CimChange *c)
{
        size_t at = (size_t)str_ihash(c->klass->name) & (m->slot_count - 1);
        for (; m->slots[at]; at = (at + 1) & (m->slot_count - 1)) {
                const StorePut *p = &m->puts[m->slots[at] - 1];
                if (str_ieq(p->klass->name, c->klass->name) && str_ieq(p->namespace, c->namespace))
                        return true;
        }
        return false;
}

static int many_add(PutMany *m, const CimChange *c)
{
        if (m->count == m->capacity) {
                size_t more = m->capacity ? m->capacity * 2 : 16;
                CimChange *p = reallocarray(m->list, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                m->list = p;
                m->capacity = more;
        }
        m->list[m->count] = *c;
        m->list[m->count++].klass = cim_class_ref(c->klass);
        return 0;
}

static int many_with_new(PutMany *m)
{
        PutMany fresh = {0};
        int r = 0;
        for (size_t i = 0; i < m->put_count && r == 0; i++) {
                const StorePut *p = &m->puts[i];
                if (p->klass && !cim_schema_find(m->st->schema, p->namespace, p->klass->name))
                        r = many_add(&fresh, &(CimChange){.namespace = p->namespace, .klass = p->klass});
        }
        if (r == 0)
                r = cim_schema_change(m->st->schema, fresh.list, fresh.count, &m->with_new, m->diag);
        many_deinit(&fresh);
        return r;
}

// Another class of that name exists. Its superclass may be one that comes with it.
static int many_update(PutMany *m, StorePut *p, const CimClass *was)
{
        const CimSchema *on = m->st->schema;
        Str superclass = p->klass->super ? p->klass->super->name : (Str){"", 0};
        CimUpdate u;
        int r = 0;
        if (cim_class_declares_same(was, p->klass))
                return 0;
        if (superclass.n && !cim_schema_find(on, m->namespace, superclass)) {
                if (!m->with_new)
                        r = many_with_new(m);
                on = m->with_new;
        }
        if (r == 0)
                r = class_check(m->st, on, m->namespace, was, p->klass->declared, superclass, p->flags, &u,
                                m->diag);
        if (r)
                return r;
        // The class itself, and a subclass that comes with it, are built on the others of the puts.
        if (!u.same) {
                p->done = STORE_UPDATED;
                r = many_add(m, &(CimChange){.namespace = m->namespace, .klass = p->klass});
        }
        for (size_t i = 0; i < u.change_count && r == 0 && !u.same; i++)
                if (!many_comes(m, &u.changes[i]))
                        r = many_add(m, &u.changes[i]);
        cim_update_deinit(&u);
        return r;
}

static int many_one(PutMany *m, StorePut *p)
{
        int r = 0;
        if (p->namespace.p != m->given.p || p->namespace.n != m->given.n)
                r = store_namespace(m->st, p->namespace, &m->namespace, m->diag);
        if (r)
                return r;
        m->given = p->namespace;
        const CimClass *was = cim_schema_find(m->st->schema, m->namespace, p->klass->name);
        r = store_check_flags(p->flags, CLASS_FLAGS, was, "class", p->klass->name, m->diag);
        bool there = false;
        Str superclass = p->klass->super ? p->klass->super->name : (Str){"", 0};
        if (r == 0)
                r = class_may_put(m->st, m->namespace, was, p->klass->declared, superclass, &there, m->diag);
        if (r || there)
                return r;
        if (was)
                return many_update(m, p, was);
        p->done = STORE_NEW;
        return many_add(m, &(CimChange){.namespace = m->namespace, .klass = p->klass});
}

// Whom the schema's refusal is about: it begins with the name.
static void many_blame(const PutMany *m, size_t *ret_at)
{
        for (size_t i = 0; m->diag && i < m->put_count; i++) {
                const CimClass *c = m->puts[i].klass;
                if (c && strncmp(m->diag->message, c->name.p, c->name.n) == 0 &&
                    strchr(" :", m->diag->message[c->name.n])) {
                        *ret_at = i;
                        return;
                }
        }
}

int store_put_classes(Store *st, StorePut *puts, size_t n, size_t *ret_at, Diag *reterr)
{
        PutMany m = {.st = st, .puts = puts, .put_count = n, .diag = reterr};
        size_t none, *at = ret_at ? ret_at : &none;
        int r = many_index(&m);
        for (*at = 0; *at < n && r == 0; ++*at) {
                puts[*at].done = STORE_SAME;
                if (!*at || puts[*at].namespace.p != puts[*at - 1].namespace.p ||
                    puts[*at].namespace.n != puts[*at - 1].namespace.n)
                        r = namespace_ensure(st, puts[*at].namespace, true, reterr);
                if (r)
                        break;
        }
        for (*at = r ? *at : 0; *at < n && r == 0; ++*at)
                if (puts[*at].klass && (r = many_one(&m, &puts[*at])) != 0)
                        break;
        if (r == 0 && m.count) {
                r = class_change(st, m.list, m.count, reterr);
                if (r == E_DIAG)
                        many_blame(&m, at);
        }
        many_deinit(&m);
        return r == 0 ? version_settle(st, reterr) : r;
}

// --- deleting
// --------------------------------------------------------------------------------------------------

static int class_remove(Store *st, Str namespace, const CimClass *c, Diag *reterr)
{
        int64_t id;
        uint32_t version;
        int r = class_is_the_users(st, namespace, c->name, reterr);
        if (r == 0)
                r = instance_delete_all(st, namespace, c, reterr);
        if (r == 0)
                r = class_row(st, namespace, c->name, &id, &version, reterr);
        sqlite3_stmt *s = r ? NULL : database_statement(&st->db, SQL_CLASS_GONE, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, id);
        r = database_run(&st->db, s, reterr);
        if (r == 0)
                r = numbers_push(&st->stale, version);
        return r == 0 ? class_tell(st, namespace, c, NULL, reterr) : r;
}

static int class_deepest_first(const void *a, const void *b)
{
        const CimClass *x = *(const CimClass *const *)a, *y = *(const CimClass *const *)b;
        return x->depth != y->depth ? (x->depth < y->depth ? 1 : -1) : str_icmp(x->name, y->name);
}

static int classes_remove(Store *st, Str namespace, const Derived *d, Diag *reterr)
{
        CimChange *changes = calloc(d->count, sizeof(*changes));
        int r = changes ? 0 : -ENOMEM;
        for (size_t i = 0; i < d->count && r == 0; i++) {
                changes[i] = (CimChange){
                        .namespace = namespace, .klass = cim_class_ref(d->list[i]), .remove = true};
                r = class_remove(st, namespace, d->list[i], reterr);
        }
        if (r == 0)
                r = class_apply(st, changes, d->count, reterr);
        for (size_t i = 0; changes && i < d->count; i++)
                cim_class_unref(changes[i].klass);
        free(changes);
        return r == 0 ? version_settle(st, reterr) : r;
}

static int derived_of(Store *st, Str namespace, Str name, Derived *d, Diag *reterr)
{
        const CimClass *c;
        int r = class_find(st, namespace, name, CIM_E_NOT_FOUND, &c, reterr);
        if (r == 0)
                r = class_is_the_users(st, namespace, c->name, reterr);
        return r ? r : cim_schema_each_derived(st->schema, namespace, c, derived_list, d);
}

int store_delete_classes(Store *st, Str namespace, const Str *names, size_t n, size_t *ret_at, Diag *reterr)
{
        Derived d = {0};
        size_t none, *at = ret_at ? ret_at : &none;
        *at = n;
        int r = store_namespace(st, namespace, &namespace, reterr);
        for (size_t i = 0; i < n && r == 0; i++)
                if ((r = derived_of(st, namespace, names[i], &d, reterr)) != 0)
                        *at = i;
        if (r == 0 && d.count) {
                qsort(d.list, d.count, sizeof(*d.list), class_deepest_first);
                size_t k = 1;
                for (size_t i = 1; i < d.count; i++)
                        if (d.list[i] != d.list[k - 1])
                                d.list[k++] = d.list[i];
                d.count = k;
                r = classes_remove(st, namespace, &d, reterr);
        }
        free(d.list);
        return r;
}

int store_delete_class(Store *st, Str namespace, Str name, Diag *reterr)
{
        return store_delete_classes(st, namespace, &name, 1, NULL, reterr);
}
