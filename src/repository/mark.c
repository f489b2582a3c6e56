// SPDX-License-Identifier: MIT
// Marks: remembering that classes, instances and namespaces are as they are.
//
// A row of meta, `mark:KEY`: the number of the commit that set it, how many things, then of each its kind, namespace
// ("": that of the one before), name, and what was true of it. Class versions have numbers that are never used for
// others, and so have rows: comparing these is enough.
#include <stdio.h>
#include <stdlib.h>

#include "repository/internal.h"

// What is true of a thing. Unused ones are 0.
typedef struct Facts {
        uint64_t a, b;
} Facts;

enum { MARK_NAME = 5 + 2 * STORE_MARK_KEY + 1, MARK_HEAD = 12 };

static Str mark_name(const uint8_t key[STORE_MARK_KEY], char out[MARK_NAME])
{
        snprintf(out, MARK_NAME, "mark:");
        for (size_t i = 0; i < STORE_MARK_KEY; i++)
                snprintf(out + 5 + 2 * i, 3, "%02x", key[i]);
        return (Str){out, MARK_NAME - 1};
}

// --- what a mark is about --------------------------------------------------------------------------------

static void thing_put(Buf *out, StoreMarkKind kind, Str namespace, Str name)
{
        buf_u8(out, (uint8_t)kind);
        buf_str(out, namespace);
        buf_str(out, name);
}

void store_mark_add(StoreMark *m, StoreMarkKind kind, Str namespace, Str name)
{
        enum { FACTS = 16 };
        bool same = m->things.n && str_eq(m->namespace, namespace);
        size_t room = m->things.n + namespace.n + name.n + FACTS;
        m->full |= room > LIMIT_MARK_BYTES;
        if (m->full)
                return;
        thing_put(&m->things, kind, same ? (Str){"", 0} : namespace, name);
        m->namespace = namespace;
}

void store_mark_deinit(StoreMark *m)
{
        buf_deinit(&m->things);
}

typedef struct Thing {
        StoreMarkKind kind;
        Str namespace, name;
} Thing;

// `namespace`: of the one before. False: there is none, or the bytes are no mark's.
static bool thing_get(Reader *in, Str namespace, Thing *ret)
{
        ret->kind = (StoreMarkKind)read_u8(in);
        ret->namespace = read_str(in);
        ret->name = read_str(in);
        if (!ret->namespace.n)
                ret->namespace = namespace;
        return !in->failed && ret->kind >= STORE_MARK_CLASS && ret->kind <= STORE_MARK_NEED;
}

// --- what is true of them --------------------------------------------------------------------------------

typedef struct Look {
        Store *st;
        Facts *facts;
        Diag *diag;
} Look;

static int look_tree(void *context, Str namespace, const CimClass *c)
{
        Look *l = context;
        uint64_t n;
        int r = instance_count(l->st, namespace, c, &n, l->diag);
        l->facts->a++;
        l->facts->b += n;
        return r;
}

static int look_instance(Store *st, Str namespace, Str name, Facts *ret, Diag *reterr)
{
        Arena a = {0};
        CimPath path;
        Diag why = {0};
        int64_t row = 0;
        uint32_t version = 0;
        int r = cim_path_parse(name, &a, &path, &why);
        const CimClass *c = r ? NULL : cim_schema_find(st->schema, namespace, path.class_name);
        if (r == 0 && c && !cim_class_provided(c))
                r = instance_row(st, namespace, &path, c, &row, &why);
        if (r == 0 && row)
                r = instance_print(st, row, &version, &ret->b, &why);
        ret->a = (uint64_t)row;
        ret->b += version * UINT64_C(0x9E3779B97F4A7C15); // the same bytes can be another version's
        arena_deinit(&a);
        if (r == E_DIAG && why.code == (uint32_t)CIM_E_CRITICAL_ERROR) {
                *reterr = why;
                return r;
        }
        return r < 0 ? r : 0; // a path that names no instance of the class: none is there
}

// What is true of a thing now. *ret_class (of a class; NULL: it is not there).
static int look(Store *st, const Thing *t, Facts *ret, const CimClass **ret_class, Diag *reterr)
{
        int64_t row = 0;
        uint32_t version = 0;
        int r = 0;
        *ret = (Facts){0};
        *ret_class = NULL;
        if (t->kind == STORE_MARK_NAMESPACE) {
                if (cim_schema_has_namespace(st->schema, t->namespace))
                        r = namespace_id(st, t->namespace, &row, reterr);
                ret->a = (uint64_t)row;
                return r;
        }
        if (t->kind == STORE_MARK_INSTANCE)
                return look_instance(st, t->namespace, t->name, ret, reterr);
        const CimClass *c = *ret_class = cim_schema_find(st->schema, t->namespace, t->name);
        if (t->kind == STORE_MARK_TREE && c) {
                Look l = {st, ret, reterr};
                return cim_schema_each_derived(st->schema, t->namespace, c, look_tree, &l);
        }
        if (t->kind != STORE_MARK_TREE && c)
                r = class_row(st, t->namespace, t->name, &row, &version, reterr);
        ret->a = version;
        return r;
}

static int facts_put(Store *st, const StoreMark *m, Buf *out, Diag *reterr)
{
        Reader in = {m->things.p, m->things.n, m->things.failed};
        Thing t = {0};
        uint32_t count = 0;
        buf_u64(out, st->commits);
        buf_u32(out, 0);
        while (in.n && thing_get(&in, t.namespace, &t)) {
                Facts f;
                const CimClass *c;
                int r = look(st, &t, &f, &c, reterr);
                if (r)
                        return r;
                buf_u64(out, f.a);
                buf_u64(out, f.b);
                count++;
        }
        if (out->failed || in.failed)
                return -ENOMEM;
        buf_patch_u32(out, 8, count);
        buf_put(out, m->things.p, m->things.n);
        return out->failed ? -ENOMEM : 0;
}

// --- rows ------------------------------------------------------------------------------------------------

static int mark_remove(Store *st, Str name, Diag *reterr)
{
        int r = 0;
        sqlite3_stmt *s = database_statement(&st->db, SQL_META_GONE, &r, reterr);
        if (!s)
                return r;
        bind_str(s, 1, name);
        return database_run(&st->db, s, reterr);
}

typedef struct Marks {
        char oldest[MARK_NAME];
        uint64_t commit; // of that
        size_t count, bytes;
} Marks;

static int marks_read(Store *st, Marks *ret, Diag *reterr)
{
        int r = 0;
        bool row = true;
        *ret = (Marks){.commit = UINT64_MAX};
        sqlite3_stmt *s = database_statement(&st->db, SQL_MARK_EACH, &r, reterr);
        while (s && (r = database_step(&st->db, s, &row, reterr)) == 0 && row) {
                Str name = column_str(s, 0), head = column_bytes(s, 2);
                Reader in = {(const uint8_t *)head.p, head.n, false};
                uint64_t commit = read_u64(&in);
                ret->count++;
                ret->bytes += (size_t)sqlite3_column_int64(s, 1);
                if (name.n == MARK_NAME - 1 && (!ret->oldest[0] || commit < ret->commit)) {
                        memcpy(ret->oldest, name.p, name.n);
                        ret->commit = commit;
                }
        }
        return r;
}

// Makes room for one of so many bytes.
static int marks_forget(Store *st, size_t bytes, Diag *reterr)
{
        Marks m;
        int r = marks_read(st, &m, reterr);
        while (r == 0 && (m.count >= LIMIT_MARKS || m.bytes + bytes > LIMIT_MARKS_BYTES) && m.oldest[0]) {
                r = mark_remove(st, str_of(m.oldest), reterr);
                if (r == 0)
                        r = marks_read(st, &m, reterr);
        }
        return r;
}

static int mark_write(Store *st, Str name, const Buf *value, Diag *reterr)
{
        int r = 0;
        sqlite3_stmt *s = database_statement(&st->db, SQL_META_SET, &r, reterr);
        if (!s)
                return r;
        bind_str(s, 1, name);
        bind_bytes(s, 2, value);
        return database_run(&st->db, s, reterr);
}

int store_mark_set(Store *st, const uint8_t key[STORE_MARK_KEY], const StoreMark *m, Diag *reterr)
{
        char text[MARK_NAME];
        Str name = mark_name(key, text);
        Buf value = {0};
        int r = mark_remove(st, name, reterr);
        if (r || m->full)
                return r;
        r = facts_put(st, m, &value, reterr);
        if (r == 0 && value.n <= LIMIT_MARK_BYTES)
                r = marks_forget(st, value.n, reterr);
        if (r == 0 && value.n <= LIMIT_MARK_BYTES)
                r = mark_write(st, name, &value, reterr);
        buf_deinit(&value);
        return r;
}

// The row of a mark, copied: looking at its things runs statements. *ret.p NULL: there is none.
static int mark_read(Store *st, const uint8_t key[STORE_MARK_KEY], Arena *a, Str *ret, Diag *reterr)
{
        char text[MARK_NAME];
        int r = 0;
        bool row;
        *ret = (Str){0};
        sqlite3_stmt *s = database_statement(&st->db, SQL_META_GET, &r, reterr);
        if (!s)
                return r;
        bind_str(s, 1, mark_name(key, text));
        r = database_step(&st->db, s, &row, reterr);
        if (r || !row)
                return r;
        Str value = column_bytes(s, 0);
        *ret = (Str){arena_copy(a, value.p, value.n), value.n};
        sqlite3_reset(s);
        return ret->p ? 0 : -ENOMEM;
}

// Is all as the row says? Bytes that are no mark's hold nothing.
static int mark_look(Store *st, Str row, StoreMarkVisit visit, void *context, bool *ret, Diag *reterr)
{
        Reader in = {(const uint8_t *)row.p, row.n, false};
        read_u64(&in);
        uint64_t count = read_u32(&in);
        Reader facts = {in.p, in.n, in.failed};
        if (in.failed || count * sizeof(Facts) > in.n)
                return 0;
        read_bytes(&in, (size_t)count * sizeof(Facts));
        Thing t = {0};
        for (; count; count--) {
                Facts was, is;
                const CimClass *c;
                was.a = read_u64(&facts);
                was.b = read_u64(&facts);
                if (!thing_get(&in, t.namespace, &t))
                        return 0;
                int r = look(st, &t, &is, &c, reterr);
                if (r || was.a != is.a || was.b != is.b)
                        return r;
                if (visit && (r = visit(context, t.kind, t.namespace, c ? c->name : t.name, c)) != 0)
                        return r;
        }
        *ret = !in.n;
        return 0;
}

int store_mark_holds(Store *st, const uint8_t key[STORE_MARK_KEY], StoreMarkVisit visit, void *context, bool *ret,
                     Diag *reterr)
{
        Arena a = {0};
        Str row;
        *ret = false;
        int r = mark_read(st, key, &a, &row, reterr);
        if (r == 0 && row.p)
                r = mark_look(st, row, visit, context, ret, reterr);
        arena_deinit(&a);
        return r;
}
