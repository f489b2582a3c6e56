// SPDX-License-Identifier: MIT
// Class versions: one number for each class as it is or was, so that bytes can be read that were written for
// it.
//
// A version is a declaration and the numbers of the versions it was built on: its superclass, the classes
// that its properties name, the classes of objects among its defaults. All of these are smaller, so versions
// form no circle, and what was built once is built the same again. Equal classes are one version: a class
// that is changed and changed back has its old number.
#include <endian.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf.h"
#include "cim/instance-impl.h"
#include "repository/internal.h"

void store_upper(Str s, Buf *out)
{
        while (s.n) {
                uint32_t c;
                char p[4];
                size_t used = utf8_decode(s.p, s.n, &c);
                s.p += used, s.n -= used;
                buf_put(out, p, utf8_encode(c < 0x10000 ? utf_upcase16((char16_t)c) : c, p));
        }
}

// --- lists of numbers ------------------------------------------------------------------------------

bool numbers_have(const Numbers *n, uint32_t number)
{
        for (size_t i = 0; i < n->count; i++)
                if (n->list[i] == number)
                        return true;
        return false;
}

int numbers_add(Numbers *n, uint32_t number)
{
        return !number || numbers_have(n, number) ? 0 : numbers_push(n, number);
}

int numbers_push(Numbers *n, uint32_t number)
{
        if (n->count == n->capacity) {
                size_t more = n->capacity ? n->capacity * 2 : 8;
                uint32_t *p = reallocarray(n->list, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                n->list = p;
                n->capacity = more;
        }
        n->list[n->count++] = number;
        return 0;
}

// --- what is known -----------------------------------------------------------------------------------

void versions_clear(Versions *v)
{
        for (size_t i = 0; i < v->slots; i++) {
                if (!v->by_number[i])
                        continue;
                cim_class_unref(v->by_number[i]->klass);
                free(v->by_number[i]);
        }
        free(v->by_number);
        free(v->by_class);
        *v = (Versions){0};
}

static size_t versions_hash(uint64_t x, size_t slots)
{
        return (size_t)((x * 0x9E3779B97F4A7C15u) >> 20) & (slots - 1);
}

static uint64_t class_key(const CimClass *c)
{
        return (uint64_t)(uintptr_t)c >> 4;
}

static void versions_enter(Versions *v, Version *one)
{
        size_t at = versions_hash(one->number, v->slots);
        while (v->by_number[at])
                at = (at + 1) & (v->slots - 1);
        v->by_number[at] = one;
        at = versions_hash(class_key(one->klass), v->slots);
        while (v->by_class[at])
                at = (at + 1) & (v->slots - 1);
        v->by_class[at] = one;
}

static int versions_grow(Versions *v)
{
        if (v->slots && (v->count + 1) * 2 <= v->slots)
                return 0;
        Versions more = {.slots = v->slots ? v->slots * 2 : 64, .count = v->count};
        more.by_number = calloc(more.slots, sizeof(Version *));
        more.by_class = calloc(more.slots, sizeof(Version *));
        if (!more.by_number || !more.by_class) {
                free(more.by_number);
                free(more.by_class);
                return -ENOMEM;
        }
        for (size_t i = 0; i < v->slots; i++)
                if (v->by_number[i])
                        versions_enter(&more, v->by_number[i]);
        free(v->by_number);
        free(v->by_class);
        *v = more;
        return 0;
}

static Version *versions_of_number(const Versions *v, uint32_t number)
{
        if (!v->slots)
                return NULL;
        for (size_t at = versions_hash(number, v->slots); v->by_number[at]; at = (at + 1) & (v->slots - 1))
                if (v->by_number[at]->number == number)
                        return v->by_number[at];
        return NULL;
}

static Version *versions_of_class(const Versions *v, const CimClass *c, Str namespace)
{
        if (!v->slots)
                return NULL;
        for (size_t at = versions_hash(class_key(c), v->slots); v->by_class[at];
             at = (at + 1) & (v->slots - 1))
                if (v->by_class[at]->klass == c && str_ieq(v->by_class[at]->namespace, namespace))
                        return v->by_class[at];
        return NULL;
}

static int versions_know(Store *st, uint32_t number, const CimClass *c, Str namespace, Version **ret)
{
        Versions *v = &st->versions;
        int r = versions_grow(v);
        Version *one = r ? NULL : calloc(1, sizeof(*one) + namespace.n + 1);
        if (!one)
                return -ENOMEM;
        one->number = number;
        one->klass = cim_class_ref(c);
        if (namespace.n)
                memcpy(one->text, namespace.p, namespace.n);
        one->namespace = (Str){one->text, namespace.n};
        versions_enter(v, one);
        v->count++;
        v->strangers += cim_schema_find(st->schema, namespace, c->name) != c;
        *ret = one;
        return 0;
}

// --- from a class to its number ----------------------------------------------------------------------

// What the codec asks for while a class or an instance is written or read.
typedef struct VersionTable {
        Store *st;
        Numbers *used;
        bool make;
        unsigned depth;
        Diag *diag;
        int r; // why writing or reading ended, when it was for something in here
} VersionTable;

static int version_number_at(Store *st, const CimClass *c, Str namespace, bool make, unsigned depth,
                             uint32_t *ret, Diag *reterr);
static int version_find_at(Store *st, uint32_t number, unsigned depth, const Version **ret, Diag *reterr);

static int table_number(void *context, const CimClass *c, Str namespace, uint32_t *ret)
{
        VersionTable *t = context;
        t->r = version_number_at(t->st, c, namespace, t->make, t->depth + 1, ret, t->diag);
        // Not known and not to be made: an end of its own.
        if (t->r == 0 && !*ret)
                t->r = -ENOENT;
        if (t->r == 0 && t->used)
                t->r = numbers_add(t->used, *ret);
        return t->r ? -EIO : 0;
}

static const CimClass *table_find(void *context, uint32_t number, Str *ret_namespace)
{
        VersionTable *t = context;
        const Version *v;
        t->r = number ? version_find_at(t->st, number, t->depth + 1, &v, t->diag) : 0;
        if (t->r == 0 && number && t->used)
                t->r = numbers_add(t->used, number);
        if (t->r || !number)
                return NULL;
        *ret_namespace = v->namespace;
        return v->klass;
}

static int refs_add(Store *st, const CimProperty *p, Str namespace, bool make, unsigned depth, Numbers *refs,
                    bool *ret_known, Diag *reterr)
{
        uint32_t number = 0;
        if (!p->local || !p->object_class || !*ret_known)
                return 0;
        int r = version_number_at(st, p->object_class, namespace, make, depth + 1, &number, reterr);
        *ret_known = number != 0;
        return r ? r : numbers_add(refs, number);
}

// The numbers of the classes that the declaration of c names, in its order, each once.
static int version_refs(Store *st, const CimClass *c, Str namespace, bool make, unsigned depth, Numbers *refs,
                        bool *ret_known, Diag *reterr)
{
        int r = 0;
        for (size_t i = 0; i < c->property_count && r == 0; i++)
                r = refs_add(st, &c->properties[i], namespace, make, depth, refs, ret_known, reterr);
        for (size_t i = 0; i < c->method_count && r == 0; i++)
                for (size_t k = 0; c->methods[i].local && k < c->methods[i].parameter_count && r == 0; k++)
                        r = refs_add(st, &c->methods[i].parameters[k], namespace, make, depth, refs,
                                     ret_known, reterr);
        return r;
}

// A class in the form in which it is compared and stored.
typedef struct Written {
        uint32_t super;
        Numbers refs, used; // used: of objects among its defaults
        Buf ref_bytes, declaration, upper, space;
        int64_t digest;
} Written;

static void written_deinit(Written *w)
{
        free(w->refs.list);
        free(w->used.list);
        buf_deinit(&w->ref_bytes);
        buf_deinit(&w->declaration);
        buf_deinit(&w->upper);
        buf_deinit(&w->space);
}

int64_t version_digest(Str upper, uint32_t super, Str refs, Str declaration)
{
        uint8_t hashes[3 * HASH_STABLE + 4], out[HASH_STABLE];
        int64_t ret;
        hash_stable(upper.p, upper.n, hashes);
        hash_stable(refs.p, refs.n, hashes + HASH_STABLE);
        hash_stable(declaration.p, declaration.n, hashes + (size_t)2 * HASH_STABLE);
        for (size_t i = 0; i < 4; i++)
                hashes[3 * HASH_STABLE + i] = (uint8_t)(super >> 8 * i);
        hash_stable(hashes, sizeof(hashes), out);
        memcpy(&ret, out, sizeof(ret));
        return (int64_t)le64toh((uint64_t)ret);
}

static int version_write(Store *st, const CimClass *c, Str namespace, bool make, unsigned depth, Written *w,
                         bool *ret_known, Diag *reterr)
{
        *ret_known = true;
        int r = version_refs(st, c, namespace, make, depth, &w->refs, ret_known, reterr);
        if (r || !*ret_known)
                return r;
        VersionTable t = {st, &w->used, make, depth, reterr, 0};
        r = cim_codec_write_declared(c, &(CimClassTable){table_number, table_find, &t}, &w->declaration);
        if (t.r == -ENOENT) {
                *ret_known = false;
                return 0;
        }
        if (t.r)
                return t.r;
        for (size_t i = 0; i < w->refs.count; i++)
                buf_u32(&w->ref_bytes, w->refs.list[i]);
        store_upper(c->name, &w->upper);
        store_upper(namespace, &w->space);
        if (r == 0 && (w->ref_bytes.failed || w->upper.failed || w->space.failed))
                r = -ENOMEM;
        if (r == 0)
                w->digest = version_digest((Str){(char *)w->upper.p, w->upper.n}, w->super,
                                           (Str){(char *)w->ref_bytes.p, w->ref_bytes.n},
                                           (Str){(char *)w->declaration.p, w->declaration.n});
        return r == -ELOOP || r == -E2BIG ? diag_set(reterr, CIM_E_QUOTA_VIOLATION,
                                                     "%.*s is nested too deep, or too large", CLIP(c->name))
                                          : r;
}

static int version_same(Store *st, const Written *w, uint32_t *ret, Diag *reterr)
{
        int r = 0;
        bool row;
        sqlite3_stmt *s = database_statement(&st->db, SQL_VERSION_SAME, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_text(s, 1, (const char *)w->upper.p, (int)w->upper.n, SQLITE_STATIC);
        bind_str(s, 2, (Str){(const char *)w->space.p, w->space.n});
        if (w->super)
                sqlite3_bind_int64(s, 3, w->super);
        else
                sqlite3_bind_null(s, 3);
        bind_bytes(s, 4, &w->ref_bytes);
        bind_bytes(s, 5, &w->declaration);
        sqlite3_bind_int64(s, 6, w->digest);
        r = database_step(&st->db, s, &row, reterr);
        *ret = row ? column_version(s, 0) : 0;
        if (row)
                sqlite3_reset(s);
        return r;
}

static int version_need(Store *st, uint32_t version, uint32_t needs, Diag *reterr)
{
        int r = 0;
        sqlite3_stmt *s = needs ? database_statement(&st->db, SQL_NEED_NEW, &r, reterr) : NULL;
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, version);
        sqlite3_bind_int64(s, 2, needs);
        return database_run(&st->db, s, reterr);
}

static int version_insert(Store *st, const CimClass *c, Str namespace, const Written *w, uint32_t *ret,
                          Diag *reterr)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        int r = namespace.n ? cim_namespace_normal(namespace, normal, reterr) : 0;
        sqlite3_stmt *s = r ? NULL : database_statement(&st->db, SQL_VERSION_NEW, &r, reterr);
        if (!s)
                return r;
        bind_str(s, 1, namespace);
        bind_str(s, 2, (Str){(const char *)w->space.p, w->space.n});
        bind_str(s, 3, c->name);
        bind_str(s, 4, (Str){(const char *)w->upper.p, w->upper.n});
        if (w->super)
                sqlite3_bind_int64(s, 5, w->super);
        else
                sqlite3_bind_null(s, 5);
        bind_bytes(s, 6, &w->ref_bytes);
        bind_bytes(s, 7, &w->declaration);
        sqlite3_bind_int64(s, 8, w->digest);
        r = database_run(&st->db, s, reterr);
        if (r)
                return r;
        int64_t number = sqlite3_last_insert_rowid(st->db.sql);
        if (number > UINT32_MAX) {
                diag_set(reterr, CIM_E_QUOTA_VIOLATION, "%s has given out all numbers of class versions",
                         st->db.name);
                return diag_hint(reterr, "write its classes as MOF text and make a new store");
        }
        *ret = (uint32_t)number;
        r = version_need(st, *ret, w->super, reterr);
        for (size_t i = 0; i < w->refs.count && r == 0; i++)
                r = version_need(st, *ret, w->refs.list[i], reterr);
        for (size_t i = 0; i < w->used.count && r == 0; i++)
                r = version_need(st, *ret, w->used.list[i], reterr);
        return r;
}

// The number of a class whose superclass has number `super`.
static int version_number_one(Store *st, const CimClass *c, Str namespace, uint32_t super, bool make,
                              unsigned depth, uint32_t *ret, Diag *reterr)
{
        Written w = {.super = super};
        Version *known;
        bool all;
        *ret = 0;
        int r = version_write(st, c, namespace, make, depth, &w, &all, reterr);
        if (r == 0 && all)
                r = version_same(st, &w, ret, reterr);
        if (r == 0 && all && !*ret && make)
                r = version_insert(st, c, namespace, &w, ret, reterr);
        if (r == 0 && *ret)
                r = versions_know(st, *ret, c, namespace, &known);
        written_deinit(&w);
        return r;
}

static int version_number_at(Store *st, const CimClass *c, Str namespace, bool make, unsigned depth,
                             uint32_t *ret, Diag *reterr)
{
        const CimClass *chain[LIMIT_DEPTH + 1];
        const Version *v = NULL;
        size_t n = 0;
        if (depth > LIMIT_DEPTH + 1u)
                return diag_set(reterr, CIM_E_INVALID_CLASS, "%.*s is nested too deep", CLIP(c->name));
        for (; c && !(v = versions_of_class(&st->versions, c, namespace)) && n <= LIMIT_DEPTH; c = c->super)
                chain[n++] = c;
        *ret = v ? v->number : 0;
        while (n--) {
                uint32_t super = *ret;
                int r = version_number_one(st, chain[n], namespace, super, make, depth, ret, reterr);
                if (r || !*ret)
                        return r;
        }
        return 0;
}

int version_number(Store *st, const CimClass *c, Str namespace, bool make, uint32_t *ret, Diag *reterr)
{
        return version_number_at(st, c, namespace, make, 0, ret, reterr);
}

int version_of_class(Store *st, const CimClass *c, Str namespace, bool make, Version **ret, Diag *reterr)
{
        uint32_t number;
        int r = version_number(st, c, namespace, make, &number, reterr);
        *ret = r || !number ? NULL : versions_of_class(&st->versions, c, namespace);
        return r;
}

// --- from a number to its class ------------------------------------------------------------------------

// A row of the table.
typedef struct VersionRow {
        uint32_t number, super;
        Str namespace, name, refs, declaration; // in the arena
} VersionRow;

static int version_row(Store *st, uint32_t number, Arena *a, VersionRow *ret, Diag *reterr)
{
        int r = 0;
        bool row;
        sqlite3_stmt *s = database_statement(&st->db, SQL_VERSION_GET, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, number);
        r = database_step(&st->db, s, &row, reterr);
        if (r)
                return r;
        if (!row)
                return database_damaged(&st->db, reterr, "there is no class version %u", number);
        Str parts[4] = {column_str(s, 0), column_str(s, 1), column_bytes(s, 3), column_bytes(s, 4)};
        int64_t super = sqlite3_column_int64(s, 2);
        for (size_t i = 0; i < 4; i++)
                if (!(parts[i].p = arena_strndup(a, parts[i].p, parts[i].n)))
                        r = -ENOMEM;
        sqlite3_reset(s);
        *ret = (VersionRow){number, (uint32_t)super, parts[0], parts[1], parts[2], parts[3]};
        if (r == 0 && (super < 0 || super >= number || ret->refs.n % 4))
                r = database_damaged(&st->db, reterr, "class version %u is built on what came after it",
                                     number);
        return r;
}

// The classes that names in a declaration stand for.
typedef struct VersionRefs {
        const CimClass **list;
        size_t count;
} VersionRefs;

static const CimClass *refs_resolve(void *context, Str name)
{
        const VersionRefs *refs = context;
        for (size_t i = 0; i < refs->count; i++)
                if (str_ieq(refs->list[i]->name, name))
                        return refs->list[i];
        return NULL;
}

static int version_read_refs(Store *st, const VersionRow *row, unsigned depth, Arena *a, VersionRefs *ret,
                             Diag *reterr)
{
        Reader in = {(const uint8_t *)row->refs.p, row->refs.n, false};
        size_t n = row->refs.n / 4;
        ret->list = arena_array(a, const CimClass *, n);
        if (!ret->list)
                return -ENOMEM;
        for (ret->count = 0; ret->count < n; ret->count++) {
                const Version *v;
                uint32_t number = read_u32(&in);
                if (number >= row->number)
                        return database_damaged(&st->db, reterr,
                                                "class version %u is built on what came after it",
                                                row->number);
                int r = version_find_at(st, number, depth + 1, &v, reterr);
                if (r)
                        return r;
                ret->list[ret->count] = v->klass;
        }
        return 0;
}

static int version_build(Store *st, const VersionRow *row, const CimClass *super, unsigned depth, Arena *a,
                         CimClass **ret, Diag *reterr)
{
        VersionRefs refs;
        CimClassSpec spec;
        Str superclass;
        Diag why = {0};
        VersionTable t = {st, NULL, false, depth, reterr, 0};
        int r = version_read_refs(st, row, depth, a, &refs, reterr);
        if (r)
                return r;
        r = cim_codec_read_declared((const uint8_t *)row->declaration.p, row->declaration.n,
                                    &(CimClassTable){table_number, table_find, &t}, a, &spec, &superclass,
                                    &why);
        if (t.r)
                return t.r;
        if (r == 0 &&
            (!str_ieq(superclass, super ? super->name : (Str){"", 0}) || !str_ieq(spec.name, row->name)))
                r = diag_set(&why, 0, "its names do not agree");
        if (r == 0)
                r = cim_class_new(&spec, super, refs_resolve, &refs, ret, &why);
        return r == E_DIAG ? database_damaged(&st->db, reterr, "version %u of %.60s: %.120s", row->number,
                                              row->name.p, why.message)
                           : r;
}

// The class of a version whose superclass is there: the schema's own, when that is the same.
static int version_load(Store *st, const VersionRow *row, const CimClass *super, unsigned depth, Arena *a,
                        const Version **ret, Diag *reterr)
{
        const CimClass *now =
                row->namespace.n ? cim_schema_find(st->schema, row->namespace, row->name) : NULL;
        uint32_t number = 0;
        int r = now ? version_number_at(st, now, row->namespace, false, depth, &number, reterr) : 0;
        if (r)
                return r;
        *ret = versions_of_number(&st->versions, row->number);
        if (*ret)
                return 0;
        CimClass *c;
        Version *v;
        r = version_build(st, row, super, depth, a, &c, reterr);
        if (r)
                return r;
        r = versions_know(st, row->number, c, row->namespace, &v);
        cim_class_unref(c);
        *ret = v;
        return r;
}

static int version_find_at(Store *st, uint32_t number, unsigned depth, const Version **ret, Diag *reterr)
{
        VersionRow chain[LIMIT_DEPTH + 1];
        Arena a = {0};
        size_t n = 0;
        int r = 0;
        *ret = NULL;
        if (depth > LIMIT_DEPTH + 1u)
                return database_damaged(&st->db, reterr, "class version %u is nested too deep", number);
        while (number && !(*ret = versions_of_number(&st->versions, number)) && r == 0) {
                if (n == LIMIT_DEPTH + 1)
                        r = database_damaged(&st->db, reterr, "class version %u has too many superclasses",
                                             chain[0].number);
                else
                        r = version_row(st, number, &a, &chain[n], reterr);
                if (r == 0)
                        number = chain[n++].super;
        }
        while (r == 0 && n--)
                r = version_load(st, &chain[n], *ret ? (*ret)->klass : NULL, depth, &a, ret, reterr);
        arena_deinit(&a);
        return r;
}

int version_find(Store *st, uint32_t number, const Version **ret, Diag *reterr)
{
        if (!number)
                return database_damaged(&st->db, reterr,
                                        "a row says no class version, or one that cannot be");
        return version_find_at(st, number, 0, ret, reterr);
}

// --- versions that nothing needs any more ----------------------------------------------------------------

static int version_used(Store *st, uint32_t number, bool *ret, Diag *reterr)
{
        int r = 0;
        sqlite3_stmt *s = database_statement(&st->db, SQL_VERSION_USED, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, number);
        r = database_step(&st->db, s, ret, reterr);
        if (r == 0 && *ret) {
                *ret = sqlite3_column_int(s, 0) != 0;
                sqlite3_reset(s);
        }
        return r;
}

// A version goes, and what it was built on may go with it.
static int version_remove(Store *st, uint32_t number, Diag *reterr)
{
        int r = 0;
        bool row = true;
        sqlite3_stmt *s = database_statement(&st->db, SQL_NEED_EACH, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, number);
        while ((r = database_step(&st->db, s, &row, reterr)) == 0 && row)
                if ((r = numbers_push(&st->stale, column_version(s, 0))) < 0)
                        break;
        if (row)
                sqlite3_reset(s);
        if (r || !(s = database_statement(&st->db, SQL_VERSION_GONE, &r, reterr)))
                return r;
        sqlite3_bind_int64(s, 1, number);
        return database_run(&st->db, s, reterr);
}

int version_settle(Store *st, Diag *reterr)
{
        int r = 0;
        bool removed = false;
        while (st->stale.count && r == 0) {
                uint32_t number = st->stale.list[--st->stale.count];
                bool used;
                r = version_used(st, number, &used, reterr);
                if (r || used)
                        continue;
                r = version_remove(st, number, reterr);
                removed = true;
        }
        if (removed)
                versions_clear(&st->versions);
        return r;
}

// --- instances -------------------------------------------------------------------------------------------

int version_encode(Store *st, const CimInstance *i, Buf *out, Numbers *used, Diag *reterr)
{
        VersionTable t = {st, used, true, 0, reterr, 0};
        int r = cim_codec_write_values(i, &(CimClassTable){table_number, table_find, &t}, out);
        if (t.r)
                return t.r;
        if (r == -ELOOP)
                return diag_set(reterr, CIM_E_INVALID_OBJECT, "objects in it are nested deeper than %u",
                                LIMIT_DEPTH);
        if (r == -EINVAL)
                return diag_set(reterr, CIM_E_INVALID_OBJECT,
                                "an object in the instance of %.*s holds what its class does not allow",
                                CLIP(i->class->name));
        if (r == -E2BIG || (r == 0 && out->n > LIMIT_OBJECT_BYTES)) {
                diag_set(reterr, CIM_E_QUOTA_VIOLATION,
                         "the instance of %.*s is larger than the %u bytes that can be", CLIP(i->class->name),
                         LIMIT_OBJECT_BYTES);
                return diag_hint(reterr, "keep large contents in files and their names in the instance");
        }
        return r;
}

int version_decode(Store *st, const Version *v, Str bytes, const CimWant *want, Numbers *used, CimInstance *i,
                   Diag *reterr)
{
        CimBlockError e = {0};
        VersionTable t = {st, used, false, 0, reterr, 0};
        const uint8_t *own = arena_copy(i->owner, bytes.p, bytes.n); // strings stay where they are
        if (!own)
                return -ENOMEM;
        int r = cim_codec_read_values(own, bytes.n, v->klass, want,
                                      &(CimClassTable){table_number, table_find, &t}, i->owner, i->values,
                                      &e);
        if (t.r)
                return t.r;
        if (r > 0)
                return database_damaged(&st->db, reterr, "%.190s", e.says);
        return r ? r : cim_instance_keep_classes(i);
}
