// SPDX-License-Identifier: MIT
// Instances: PutInstance, GetObject, DeleteInstance.
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf.h"
#include "repository/internal.h"

// --- classes that have instances -------------------------------------------------------------------------

int class_check_provided(const CimClass *c, Diag *reterr)
{
        if (!cim_class_provided(c))
                return 0;
        if (c->has_guid)
                return diag_set(reterr, CIM_E_PROVIDER_NOT_CAPABLE,
                                "the instances of %.*s are a driver's, and data of drivers is not served yet",
                                CLIP(c->name));
        diag_set(reterr, CIM_E_PROVIDER_NOT_CAPABLE,
                 "the instances of %.*s are its provider's, and no provider serves them", CLIP(c->name));
        return diag_hint(reterr, "the class has the qualifier dynamic or provider");
}

bool class_is_namespace(const CimClass *c)
{
        return str_ieq(c->name, STR("__NAMESPACE"));
}

// May instances of c be put?
static int class_check_instances(const CimClass *c, Diag *reterr)
{
        int r = class_check_provided(c, reterr);
        if (r)
                return r;
        if (c->abstract) {
                diag_set(reterr, CIM_E_INVALID_OPERATION, "%.*s is abstract: it has no instances",
                         CLIP(c->name));
                return diag_hint(reterr, "put an instance of a class derived from it");
        }
        if (cim_class_isa(c, STR("__Event")) || cim_class_isa(c, STR("__AggregateEvent"))) {
                diag_set(reterr, CIM_E_INVALID_OPERATION,
                         "%.*s is a class of events: these are raised, not put", CLIP(c->name));
                return diag_hint(reterr, "raise one with 'wmi fire'");
        }
        if (cim_class_isa(c, STR("__NAMESPACE")) && !class_is_namespace(c))
                return diag_set(
                        reterr, CIM_E_INVALID_OPERATION,
                        "%.*s is derived from __NAMESPACE: namespaces are instances of __NAMESPACE itself",
                        CLIP(c->name));
        return 0;
}

// The class that introduced the keys of c: instances of its subclasses share one space of keys with its own.
const CimClass *class_keyed(const CimClass *c)
{
        size_t keys = cim_class_keys(c, NULL, 0);
        bool singleton = cim_class_singleton(c);
        while (c->super && cim_class_keys(c->super, NULL, 0) == keys &&
               (keys || (singleton && cim_class_singleton(c->super))))
                c = c->super;
        return c;
}

int class_facts(Store *st, Str namespace, const CimClass *c, bool make, const Version **ret, Diag *reterr)
{
        Version *v;
        uint32_t version;
        int r = version_of_class(st, c, namespace, make, &v, reterr);
        *ret = v;
        if (r || !v || v->facts)
                return r;
        const CimClass *keyed = class_keyed(c);
        int64_t row = 0, keyed_row = 0;
        r = make ? class_row_made(st, namespace, c, &row, reterr)
                 : class_row(st, namespace, c->name, &row, &version, reterr);
        if (r == 0 && make)
                r = class_row_made(st, namespace, keyed, &keyed_row, reterr);
        else if (r == 0)
                r = class_row(st, namespace, keyed->name, &keyed_row, &version, reterr);
        if (r || !row || !keyed_row) {
                *ret = NULL;
                return r;
        }
        v->row = row;
        v->keyed = keyed_row;
        v->facts = true;
        return 0;
}

// --- rows --------------------------------------------------------------------------------------------------

int instance_read(Store *st, Str namespace, uint32_t version, Str value, const CimClass *now,
                  const CimWant *want, Numbers *used, CimInstance **ret, Diag *reterr)
{
        const Version *v;
        CimInstance *i, *fitted;
        Arena scratch = {0};
        int r = version_find(st, version, &v, reterr);
        if (r == 0)
                r = cim_instance_new(v->klass, &i);
        if (r)
                return r;
        bool same = v->klass == now;
        r = version_decode(st, v, value, same ? want : NULL, used, i, reterr);
        if (r == 0 && same)
                r = cim_instance_place(i, namespace);
        else if (r == 0)
                r = instance_fit(st, namespace, i, now, false, &scratch, &fitted, reterr);
        if (r == 0 && !same) {
                CimInstance *copy;
                r = cim_instance_copy(fitted, &copy);
                cim_instance_unref(i);
                i = r ? NULL : copy;
        }
        arena_deinit(&scratch);
        if (r)
                cim_instance_unref(i);
        else
                *ret = i;
        return r;
}

// One row as it is found.
typedef struct Row {
        int64_t id, klass;
        uint32_t version;
        CimInstance *object; // what it holds, or NULL
        bool same;           // its bytes are those that were compared with
} Row;

// The row of a key. bytes (may be NULL): compared with its value. id 0: there is none.
static int row_find(Store *st, int64_t keyed, const Buf *key, uint32_t version, const Buf *bytes, Row *ret,
                    Diag *reterr)
{
        int r = 0;
        bool row;
        *ret = (Row){0};
        sqlite3_stmt *s = database_statement(&st->db, SQL_INSTANCE_FIND, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, keyed);
        bind_bytes(s, 2, key);
        r = database_step(&st->db, s, &row, reterr);
        if (r || !row)
                return r;
        *ret = (Row){.id = sqlite3_column_int64(s, 0),
                     .klass = sqlite3_column_int64(s, 1),
                     .version = column_version(s, 2)};
        Str value = column_bytes(s, 3);
        ret->same = bytes && ret->version == version && str_eq(value, (Str){(char *)bytes->p, bytes->n});
        sqlite3_reset(s);
        return 0;
}

static int uses_write(Store *st, int64_t id, const Numbers *used, Diag *reterr)
{
        int r = 0;
        for (size_t i = 0; i < used->count && r == 0; i++) {
                sqlite3_stmt *s = database_statement(&st->db, SQL_USES_NEW, &r, reterr);
                if (!s)
                        return r;
                sqlite3_bind_int64(s, 1, id);
                sqlite3_bind_int64(s, 2, used->list[i]);
                r = database_run(&st->db, s, reterr);
        }
        return r;
}

// What the row used may be of no use any more.
static int uses_stale(Store *st, int64_t id, bool *ret_any, Diag *reterr)
{
        int r = 0;
        bool row = true;
        *ret_any = false;
        sqlite3_stmt *s = database_statement(&st->db, SQL_USES_EACH, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, id);
        while ((r = database_step(&st->db, s, &row, reterr)) == 0 && row) {
                *ret_any = true;
                if ((r = numbers_push(&st->stale, column_version(s, 0))) < 0)
                        break;
        }
        if (row)
                sqlite3_reset(s);
        return r;
}

static int row_insert(Store *st, const Version *v, const Buf *key, const Buf *value, const Numbers *used,
                      Diag *reterr)
{
        int r = 0;
        sqlite3_stmt *s = database_statement(&st->db, SQL_INSTANCE_NEW, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, v->row);
        sqlite3_bind_int64(s, 2, v->keyed);
        bind_bytes(s, 3, key);
        sqlite3_bind_int64(s, 4, v->number);
        bind_bytes(s, 5, value);
        r = database_run(&st->db, s, reterr);
        return r ? r : uses_write(st, sqlite3_last_insert_rowid(st->db.sql), used, reterr);
}

static int row_update(Store *st, const Row *row, const Version *v, const Buf *value, const Numbers *used,
                      Diag *reterr)
{
        bool any;
        int r = uses_stale(st, row->id, &any, reterr);
        sqlite3_stmt *s = r ? NULL : database_statement(&st->db, SQL_INSTANCE_SET, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, row->id);
        sqlite3_bind_int64(s, 2, v->number);
        bind_bytes(s, 3, value);
        r = database_run(&st->db, s, reterr);
        if (r == 0 && row->version != v->number)
                r = numbers_push(&st->stale, row->version);
        if (r == 0 && any) {
                s = database_statement(&st->db, SQL_USES_GONE, &r, reterr);
                if (!s)
                        return r;
                sqlite3_bind_int64(s, 1, row->id);
                r = database_run(&st->db, s, reterr);
        }
        return r ? r : uses_write(st, row->id, used, reterr);
}

// current: the number of its class as it is now; a row of that version leaves nothing stale.
static int row_delete(Store *st, int64_t id, uint32_t version, uint32_t current, Diag *reterr)
{
        bool any;
        int r = uses_stale(st, id, &any, reterr);
        sqlite3_stmt *s = r ? NULL : database_statement(&st->db, SQL_INSTANCE_GONE, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, id);
        r = database_run(&st->db, s, reterr);
        return r == 0 && version != current ? numbers_push(&st->stale, version) : r;
}

// The row of an id: its class and its object. Its statement is free again when this returns.
static int row_read(Store *st, Str namespace, int64_t id, const CimClass *now, const CimWant *want, Row *ret,
                    Diag *reterr)
{
        int r = 0;
        bool row;
        *ret = (Row){0};
        sqlite3_stmt *s = database_statement(&st->db, SQL_INSTANCE_GET, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, id);
        r = database_step(&st->db, s, &row, reterr);
        if (r || !row)
                return r;
        *ret = (Row){.id = id, .klass = sqlite3_column_int64(s, 0), .version = column_version(s, 1)};
        r = instance_read(st, namespace, ret->version, column_bytes(s, 2), now, want, NULL, &ret->object,
                          reterr);
        sqlite3_reset(s);
        return r;
}

int instance_of_id(Store *st, Str namespace, int64_t id, const CimClass *now, const CimWant *want,
                   CimInstance **ret, Diag *reterr)
{
        Row row;
        int r = row_read(st, namespace, id, now, want, &row, reterr);
        *ret = row.object;
        return r;
}

int instance_ids(Store *st, int64_t class_row_id, int64_t after, size_t most, int64_t *ret, size_t *ret_count,
                 Diag *reterr)
{
        int r = 0;
        bool row;
        *ret_count = 0;
        sqlite3_stmt *s = database_statement(&st->db, SQL_INSTANCE_AFTER, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, class_row_id);
        sqlite3_bind_int64(s, 2, after);
        sqlite3_bind_int64(s, 3, (int64_t)most);
        while ((r = database_step(&st->db, s, &row, reterr)) == 0 && row)
                ret[(*ret_count)++] = sqlite3_column_int64(s, 0);
        return r;
}

int instance_any(Store *st, Str namespace, const CimClass *c, bool *ret, Diag *reterr)
{
        const Version *v;
        int64_t id;
        size_t n = 0;
        int r = class_facts(st, namespace, c, false, &v, reterr);
        if (r == 0 && v)
                r = instance_ids(st, v->row, 0, 1, &id, &n, reterr);
        *ret = n != 0;
        return r;
}

int instance_count(Store *st, Str namespace, const CimClass *c, uint64_t *ret, Diag *reterr)
{
        const Version *v;
        bool row = false;
        *ret = 0;
        int r = class_facts(st, namespace, c, false, &v, reterr);
        sqlite3_stmt *s = r || !v ? NULL : database_statement(&st->db, SQL_INSTANCE_COUNT, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, v->row);
        r = database_step(&st->db, s, &row, reterr);
        if (!row)
                return r;
        *ret = (uint64_t)sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
        return 0;
}

int instance_print(Store *st, int64_t id, uint32_t *ret_version, uint64_t *ret_hash, Diag *reterr)
{
        int r = 0;
        bool row;
        uint8_t hash[HASH_STABLE];
        *ret_version = 0;
        *ret_hash = 0;
        sqlite3_stmt *s = database_statement(&st->db, SQL_INSTANCE_GET, &r, reterr);
        if (!s)
                return r;
        sqlite3_bind_int64(s, 1, id);
        r = database_step(&st->db, s, &row, reterr);
        if (r || !row)
                return r;
        Str value = column_bytes(s, 2);
        *ret_version = column_version(s, 1);
        hash_stable(value.p, value.n, hash);
        memcpy(ret_hash, hash, sizeof(*ret_hash));
        sqlite3_reset(s);
        return 0;
}

int instance_delete_all(Store *st, Str namespace, const CimClass *c, Diag *reterr)
{
        int64_t ids[64];
        size_t n = 1;
        const Version *v;
        int r = class_facts(st, namespace, c, false, &v, reterr);
        while (r == 0 && v && n) {
                r = instance_ids(st, v->row, 0, sizeof(ids) / sizeof(ids[0]), ids, &n, reterr);
                for (size_t i = 0; i < n && r == 0; i++) {
                        Row row;
                        r = row_read(st, namespace, ids[i], c, NULL, &row, reterr);
                        if (r == 0)
                                r = row_delete(st, ids[i], row.version, v->number, reterr);
                        if (r == 0)
                                r = store_changed(st, STORE_DELETED, STORE_INSTANCE, row.object, NULL,
                                                  reterr);
                        else
                                cim_instance_unref(row.object);
                }
        }
        return r;
}

// --- namespaces as instances
// -----------------------------------------------------------------------------------

// "root\default" and u"sub" -> "root\default\sub" in out[LIMIT_NAMESPACE_CHARS + 1].
static int namespace_child(Str parent, Str16 name, char *out, Diag *reterr)
{
        Buf full = {0};
        Arena a = {0};
        Str leaf = utf_to8(&a, name);
        buf_put(&full, parent.p, parent.n);
        buf_u8(&full, '\\');
        if (leaf.p)
                buf_put(&full, leaf.p, leaf.n);
        int r = full.failed || !leaf.p ? -ENOMEM : 0;
        for (size_t i = 0; r == 0 && i < leaf.n; i++)
                if (leaf.p[i] == '\\' || leaf.p[i] == '/') {
                        diag_set(reterr, CIM_E_INVALID_NAMESPACE, "\"%.*s\" is not the name of one namespace",
                                 CLIP(leaf));
                        r = diag_hint(reterr, "create the namespaces one below the other");
                }
        if (r == 0)
                r = cim_namespace_normal((Str){(char *)full.p, full.n}, out, reterr);
        buf_deinit(&full);
        arena_deinit(&a);
        return r;
}

static int put_namespace(Store *st, Str namespace, const CimInstance *i, uint32_t flags, Buf *ret_path,
                         Diag *reterr)
{
        char child[LIMIT_NAMESPACE_CHARS + 1];
        size_t start = ret_path->n;
        const CimValue *name = cim_instance_get(i, STR("Name"));
        int r = cim_instance_relpath(i, ret_path, reterr); // the key is there
        if (r == 0 && (!name || name->null || name->type != CIM_STRING))
                r = diag_set(reterr, CIM_E_ILLEGAL_NULL, "a namespace needs a name");
        if (r == 0)
                r = namespace_child(namespace, name->string, child, reterr);
        bool exists = r == 0 && cim_schema_has_namespace(st->schema, str_of(child));
        if (r == 0)
                r = store_check_flags(flags, STORE_UPDATE_ONLY | STORE_CREATE_ONLY, exists, "namespace",
                                      str_of(child), reterr);
        if (r == 0 && !exists)
                r = store_create_namespace(st, str_of(child), reterr);
        if (r)
                ret_path->n = start;
        return r;
}

// Which namespace a path to an instance of __NAMESPACE means.
static int path_namespace(const Store *st, Str namespace, const CimPath *path, const CimClass *c, char *out,
                          Diag *reterr)
{
        Buf key = {0};
        int r = cim_path_key(path, c, namespace, &key, reterr);
        buf_deinit(&key);
        if (r == 0 &&
            (path->key_count != 1 || path->keys[0].value.null || path->keys[0].value.type != CIM_STRING))
                r = diag_set(reterr, CIM_E_INVALID_OBJECT_PATH, "__NAMESPACE has one key, Name");
        if (r == 0)
                r = namespace_child(namespace, path->keys[0].value.string, out, reterr);
        if (r == 0 && !cim_schema_has_namespace(st->schema, str_of(out)))
                r = diag_set(reterr, CIM_E_NOT_FOUND, "there is no namespace %.*s", CLIP(str_of(out)));
        return r;
}

// --- PutInstance
// ---------------------------------------------------------------------------------------------------

// What is written of an instance.
typedef struct Put {
        const CimClass *klass;
        CimInstance *instance; // in the arena
        const Version *version;
        Buf key, value, path;
        Numbers used;
        Arena arena;
} Put;

static void put_deinit(Put *p)
{
        buf_deinit(&p->key);
        buf_deinit(&p->value);
        buf_deinit(&p->path);
        free(p->used.list);
        arena_deinit(&p->arena);
}

// All that can be said about the instance before the store is asked.
static int put_prepare(Store *st, Str namespace, const CimInstance *i, Put *p, Diag *reterr)
{
        int r = instance_fit(st, namespace, i, p->klass, true, &p->arena, &p->instance, reterr);
        if (r == 0)
                r = cim_instance_relpath(p->instance, &p->path, reterr);
        if (r == 0)
                r = cim_instance_key(p->instance, namespace, &p->key, reterr);
        if (r == 0)
                r = class_facts(st, namespace, p->klass, true, &p->version, reterr);
        if (r == 0)
                r = version_encode(st, p->instance, &p->value, &p->used, reterr);
        return r == 0 && (p->key.failed || p->value.failed || p->path.failed) ? -ENOMEM : r;
}

static int put_create(Store *st, const Put *p, Diag *reterr)
{
        CimInstance *after;
        int r = row_insert(st, p->version, &p->key, &p->value, &p->used, reterr);
        if (r == 0)
                r = cim_instance_copy(p->instance, &after);
        return r ? r : store_changed(st, STORE_CREATED, STORE_INSTANCE, NULL, after, reterr);
}

// What is there already is neither written nor told again.
static int put_modify(Store *st, Str namespace, const Put *p, const Row *found, Diag *reterr)
{
        CimInstance *after = NULL;
        Row before;
        int r = row_read(st, namespace, found->id, p->klass, NULL, &before, reterr);
        bool same = r == 0 && cim_instance_same(before.object, p->instance);
        if (r == 0 && !same)
                r = row_update(st, found, p->version, &p->value, &p->used, reterr);
        if (r == 0 && !same)
                r = cim_instance_copy(p->instance, &after);
        if (r == 0 && !same)
                return store_changed(st, STORE_MODIFIED, STORE_INSTANCE, before.object, after, reterr);
        cim_instance_unref(before.object);
        // The bytes that are not written may have got numbers for the classes in them.
        for (size_t i = 0; i < p->used.count && r == 0; i++)
                r = numbers_push(&st->stale, p->used.list[i]);
        return r;
}

static int put_write(Store *st, Str namespace, const Put *p, uint32_t flags, Diag *reterr)
{
        Row row;
        Str path = {(const char *)p->path.p, p->path.n};
        int r = row_find(st, p->version->keyed, &p->key, p->version->number, &p->value, &row, reterr);
        if (r)
                return r;
        if (row.id && row.klass != p->version->row) {
                diag_set(reterr, CIM_E_ALREADY_EXISTS,
                         "an instance with the keys of %.*s exists in another class of the same keys",
                         CLIP(path));
                return diag_hint(reterr, "delete that one first");
        }
        r = store_check_flags(flags, STORE_UPDATE_ONLY | STORE_CREATE_ONLY, row.id != 0, "instance", path,
                              reterr);
        if (r || row.same)
                return r;
        return row.id ? put_modify(st, namespace, p, &row, reterr) : put_create(st, p, reterr);
}

int store_put_instance(Store *st, Str namespace, const CimInstance *i, uint32_t flags, Buf *ret_path,
                       Diag *reterr)
{
        Put p = {0};
        int r = store_namespace(st, namespace, &namespace, reterr);
        if (r == 0 && i->is_class)
                r = diag_set(reterr, CIM_E_INVALID_OBJECT, "%.*s is a class, not an instance",
                             CLIP(i->class->name));
        if (r == 0)
                r = class_find(st, namespace, i->class->name, CIM_E_INVALID_CLASS, &p.klass, reterr);
        if (r == 0)
                r = class_check_instances(p.klass, reterr);
        if (r)
                return r;
        if (class_is_namespace(p.klass)) {
                r = put_namespace(st, namespace, i, flags, &p.path, reterr);
        } else {
                r = put_prepare(st, namespace, i, &p, reterr);
                if (r == 0)
                        r = put_write(st, namespace, &p, flags, reterr);
                if (r == 0)
                        r = version_settle(st, reterr);
        }
        if (r == 0 && ret_path) {
                buf_put(ret_path, p.path.p, p.path.n);
                r = ret_path->failed ? -ENOMEM : 0;
        }
        put_deinit(&p);
        return r;
}

// --- by path
// ---------------------------------------------------------------------------------------------------------

static int path_text(const CimPath *path, Buf *out)
{
        CimPath relative = *path;
        relative.server = relative.namespace = (Str){"", 0};
        cim_path_print(&relative, out);
        return out->failed ? -ENOMEM : 0;
}

static int path_not_found(const CimPath *path, Diag *reterr)
{
        Buf text = {0};
        int r = path_text(path, &text);
        if (r == 0)
                r = diag_set(reterr, CIM_E_NOT_FOUND, "there is no instance %.*s",
                             CLIP(((Str){(char *)text.p, text.n})));
        buf_deinit(&text);
        return r;
}

// What the row is of, if that is c or derived from it; else *ret NULL.
static int row_class(Store *st, Str namespace, const Row *row, const CimClass *c, const CimClass **ret,
                     Diag *reterr)
{
        const Version *v;
        int r = version_find(st, row->version, &v, reterr);
        const CimClass *of = r ? NULL : cim_schema_find(st->schema, namespace, v->klass->name);
        *ret = of && cim_class_isa(of, c->name) ? of : NULL;
        return r;
}

// The row that a path means, and the class it is of. id 0: there is none.
static int path_row(Store *st, Str namespace, const CimPath *path, const CimClass *c, Row *ret,
                    const CimClass **ret_class, Diag *reterr)
{
        Buf key = {0};
        const Version *v;
        *ret = (Row){0};
        int r = cim_path_key(path, c, namespace, &key, reterr);
        if (r == 0 && key.failed)
                r = -ENOMEM;
        if (r == 0)
                r = class_facts(st, namespace, c, false, &v, reterr);
        if (r == 0 && v)
                r = row_find(st, v->keyed, &key, 0, NULL, ret, reterr);
        buf_deinit(&key);
        if (r || !ret->id)
                return r;
        *ret_class = c;
        if (ret->klass == v->row)
                return 0;
        // One derived from it, or another one with the same keys.
        const CimClass *of;
        r = row_class(st, namespace, ret, c, &of, reterr);
        if (of)
                *ret_class = of;
        else
                ret->id = 0;
        return r;
}

int instance_row(Store *st, Str namespace, const CimPath *path, const CimClass *c, int64_t *ret, Diag *reterr)
{
        Row row;
        const CimClass *of;
        int r = path_row(st, namespace, path, c, &row, &of, reterr);
        *ret = row.id;
        return r;
}

// What get and delete begin with. *ret_class: of the path.
static int path_class(Store *st, Str *namespace, const CimPath *path, const CimClass **ret_class,
                      Diag *reterr)
{
        int r = store_namespace(st, *namespace, namespace, reterr);
        if (r == 0 && (!path->class_name.n || (!path->singleton && !path->key_count))) {
                diag_set(reterr, CIM_E_INVALID_OBJECT_PATH, "the path does not name an instance");
                r = diag_hint(reterr, "Class.Key=\"value\", or Class=@ for the only one");
        }
        if (r == 0)
                r = class_find(st, *namespace, path->class_name, CIM_E_NOT_FOUND, ret_class, reterr);
        return r ? r : class_check_provided(*ret_class, reterr);
}

int store_get_instance(Store *st, Str namespace, const CimPath *path, CimInstance **ret, Diag *reterr)
{
        char child[LIMIT_NAMESPACE_CHARS + 1];
        const CimClass *c;
        Row row, read;
        int r = path_class(st, &namespace, path, &c, reterr);
        if (r)
                return r;
        if (class_is_namespace(c)) {
                r = path_namespace(st, namespace, path, c, child, reterr);
                Str spelled;
                if (r == 0)
                        r = store_namespace(st, str_of(child), &spelled, reterr);
                return r ? r : namespace_object(st, spelled, ret);
        }
        r = path_row(st, namespace, path, c, &row, &c, reterr);
        if (r == 0 && !row.id)
                r = path_not_found(path, reterr);
        if (r == 0)
                r = row_read(st, namespace, row.id, c, NULL, &read, reterr);
        if (r == 0)
                *ret = read.object;
        return r;
}

int store_delete_instance(Store *st, Str namespace, const CimPath *path, Diag *reterr)
{
        char child[LIMIT_NAMESPACE_CHARS + 1];
        const CimClass *c;
        const Version *v;
        Row row, read;
        int r = path_class(st, &namespace, path, &c, reterr);
        if (r)
                return r;
        if (class_is_namespace(c)) {
                r = path_namespace(st, namespace, path, c, child, reterr);
                return r ? r : store_delete_namespace(st, str_of(child), reterr);
        }
        r = path_row(st, namespace, path, c, &row, &c, reterr);
        if (r == 0 && !row.id)
                r = path_not_found(path, reterr);
        if (r == 0)
                r = class_facts(st, namespace, c, false, &v, reterr);
        if (r == 0)
                r = row_read(st, namespace, row.id, c, NULL, &read, reterr);
        if (r)
                return r;
        r = row_delete(st, row.id, row.version, v->number, reterr);
        if (r == 0)
                r = store_changed(st, STORE_DELETED, STORE_INSTANCE, read.object, NULL, reterr);
        else
                cim_instance_unref(read.object);
        return r == 0 ? version_settle(st, reterr) : r;
}
