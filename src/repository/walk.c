// SPDX-License-Identifier: MIT
// Walks over the instances of a class and of those derived from it, in order of creation.
//
// Each class has its instances in order; a page merges them. From every class the next PAGE ids are asked
// for. Behind the last id of a class that gave a whole page there may be more of it, so only ids up to the
// least of these are sure; the next page begins there.
#include <stdlib.h>

#include "repository/internal.h"

enum { WALK_PAGE = 64 };

// One class that may have instances.
typedef struct WalkClass {
        const CimClass *klass;
        int64_t row;
} WalkClass;

typedef struct WalkId {
        int64_t id;
        uint32_t klass; // index
} WalkId;

typedef struct Walk {
        Store *st;
        Str namespace;
        const CimClass *top;
        bool shallow;
        WalkClass *classes;
        size_t class_count, class_capacity;
        WalkId *ids;
        size_t id_count, id_capacity;
        int64_t sure; // ids up to this one are all there
        Diag *diag;
} Walk;

// Room for n more. 0, -ENOMEM.
static int walk_grow(void **list, size_t *capacity, size_t count, size_t n, size_t size)
{
        size_t more = *capacity ? *capacity : 16;
        while (more < count + n)
                more *= 2;
        if (more == *capacity)
                return 0;
        void *p = reallocarray(*list, more, size);
        if (!p)
                return -ENOMEM;
        *list = p;
        *capacity = more;
        return 0;
}

// Instances of a provider's class are not here: those of its superclasses are shown without them.
static int walk_class(void *context, Str namespace, const CimClass *c)
{
        Walk *w = context;
        const Version *v;
        if (cim_class_provided(c))
                return 0;
        int r = class_facts(w->st, namespace, c, false, &v, w->diag);
        if (r || !v)
                return r;
        void *list = w->classes;
        r = walk_grow(&list, &w->class_capacity, w->class_count, 1, sizeof(*w->classes));
        w->classes = list;
        if (r == 0)
                w->classes[w->class_count++] = (WalkClass){c, v->row};
        return r;
}

static int walk_order(const void *a, const void *b)
{
        const WalkId *x = a, *y = b;
        return x->id < y->id ? -1 : x->id > y->id;
}

// The ids of the next page, in order.
static int walk_page(Walk *w, int64_t after)
{
        int64_t ids[WALK_PAGE];
        w->id_count = 0;
        w->sure = INT64_MAX;
        for (size_t k = 0; k < w->class_count; k++) {
                size_t n;
                int r = instance_ids(w->st, w->classes[k].row, after, WALK_PAGE, ids, &n, w->diag);
                void *list = w->ids;
                if (r == 0)
                        r = walk_grow(&list, &w->id_capacity, w->id_count, n, sizeof(*w->ids));
                w->ids = list;
                if (r)
                        return r;
                for (size_t i = 0; i < n; i++)
                        w->ids[w->id_count++] = (WalkId){ids[i], (uint32_t)k};
                if (n == WALK_PAGE && ids[n - 1] < w->sure)
                        w->sure = ids[n - 1];
        }
        if (w->id_count)
                qsort(w->ids, w->id_count, sizeof(*w->ids), walk_order);
        return 0;
}

static int walk_visit(Walk *w, const WalkId *id, const CimWant *want, StoreVisit visit, void *context)
{
        CimInstance *i;
        if (w->st->versions.strangers > VERSIONS_STRANGERS)
                versions_clear(&w->st->versions);
        int r = instance_of_id(w->st, w->namespace, id->id, w->classes[id->klass].klass, want, &i, w->diag);
        if (r || !i)
                return r;
        r = visit(context, i);
        cim_instance_unref(i);
        return r;
}

static int walk_run(Walk *w, const CimWant *want, StoreCursor *cursor, StoreVisit visit, void *context)
{
        int r = 0;
        do {
                r = walk_page(w, (int64_t)cursor->after);
                for (size_t i = 0; i < w->id_count && r == 0 && w->ids[i].id <= w->sure; i++) {
                        cursor->after = (uint64_t)w->ids[i].id;
                        r = walk_visit(w, &w->ids[i], want, visit, context);
                }
        } while (r == 0 && w->sure != INT64_MAX);
        return r;
}

// --- namespaces ----------------------------------------------------------------------------------------

// The next child of a namespace behind cursor; its name in out[LIMIT_NAMESPACE_CHARS + 1], "" at the end.
static int walk_next_namespace(Store *st, int64_t parent, StoreCursor *cursor, char *out, Diag *reterr)
{
        int r = 0;
        bool row;
        *out = '\0';
        sqlite3_stmt *s = database_statement(&st->db, SQL_NAMESPACE_CHILD, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, parent);
        sqlite3_bind_int64(s, 2, (int64_t)cursor->after);
        r = database_step(&st->db, s, &row, reterr);
        if (r || !row)
                return r;
        cursor->after = (uint64_t)sqlite3_column_int64(s, 0);
        Str name = column_str(s, 1);
        if (name.n > LIMIT_NAMESPACE_CHARS || !name.n)
                r = database_damaged(&st->db, reterr, "row %llu of namespace is none",
                                     (unsigned long long)cursor->after);
        else
                memcpy(out, name.p, name.n), out[name.n] = '\0';
        sqlite3_reset(s);
        return r;
}

static int walk_namespaces(Store *st, Str namespace, StoreCursor *cursor, StoreVisit visit, void *context,
                           Diag *reterr)
{
        int64_t parent;
        int r = namespace_id(st, namespace, &parent, reterr);
        while (r == 0) {
                char name[LIMIT_NAMESPACE_CHARS + 1];
                CimInstance *i = NULL;
                r = walk_next_namespace(st, parent, cursor, name, reterr);
                if (r || !*name)
                        break;
                r = namespace_object(st, str_of(name), &i);
                if (r == 0 && i)
                        r = visit(context, i);
                cim_instance_unref(i);
        }
        return r;
}

int store_each_instance(Store *st, Str namespace, Str class_name, uint32_t flags, const CimWant *want,
                        StoreCursor *cursor, StoreVisit visit, void *context, Diag *reterr)
{
        Walk w = {.st = st, .diag = reterr, .shallow = flags & STORE_SHALLOW};
        if (flags & ~(uint32_t)STORE_SHALLOW)
                return diag_set(reterr, CIM_E_INVALID_PARAMETER,
                                "flags 0x%X: an enumeration of instances has only 1, shallow", flags);
        int r = store_namespace(st, namespace, &w.namespace, reterr);
        if (r == 0)
                r = class_find(st, w.namespace, class_name, CIM_E_INVALID_CLASS, &w.top, reterr);
        if (r == 0)
                r = class_check_provided(w.top, reterr);
        if (r)
                return r;
        if (class_is_namespace(w.top))
                return walk_namespaces(st, w.namespace, cursor, visit, context, reterr);
        r = w.shallow ? walk_class(&w, w.namespace, w.top)
                      : cim_schema_each_derived(st->schema, w.namespace, w.top, walk_class, &w);
        if (r == 0)
                r = walk_run(&w, want, cursor, visit, context);
        free(w.classes);
        free(w.ids);
        return r;
}
