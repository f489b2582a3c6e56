// SPDX-License-Identifier: MIT
// Tests of the repository: what they share.
#include "repository/test-rig.h"

#include <dirent.h>
#include <poll.h>
#include <sqlite3.h>
#include <unistd.h>

#include "cim/path.h"

const char *const rig_namespaces[] = {"root\\default", NULL};

// --- the system's classes ---------------------------------------------------------------------------

static int seed_class(CimSchema **schema, Str namespace, const CimClassSpec *spec, const char *super,
                      Diag *reterr)
{
        CimClass *c;
        CimSchema *after;
        int r = cim_class_new(spec, super ? cim_schema_find(*schema, namespace, str_of(super)) : NULL, NULL,
                              NULL, &c, reterr);
        if (r)
                return r;
        r = cim_schema_change(*schema, &(CimChange){.namespace = namespace, .klass = c}, 1, &after, reterr);
        cim_class_unref(c);
        if (r)
                return r;
        cim_schema_unref(*schema);
        *schema = after;
        return 0;
}

int rig_seed(void *context, Str namespace, CimSchema **schema, Diag *reterr)
{
        (void)context;
        int r = seed_class(schema, namespace, &CLASS("__SystemClass", QUALIFIERS(QB("abstract"))), NULL,
                           reterr);
        if (r == 0)
                r = seed_class(
                        schema, namespace,
                        &CLASS("__NAMESPACE", PROPERTIES(P("Name", CIM_STRING, QUALIFIERS(QB("key"))))),
                        "__SystemClass", reterr);
        if (r == 0)
                r = seed_class(schema, namespace,
                               &CLASS("__Event", QUALIFIERS(QB("abstract")),
                                      PROPERTIES(P("TIME_CREATED", CIM_UINT64))),
                               "__SystemClass", reterr);
        if (r == 0)
                r = seed_class(schema, namespace, &CLASS("__ExtrinsicEvent"), "__Event", reterr);
        if (r == 0)
                r = seed_class(
                        schema, namespace,
                        &CLASS("__EventFilter", PROPERTIES(P("Name", CIM_STRING, QUALIFIERS(QB("key"))),
                                                           P("Query", CIM_STRING))),
                        "__SystemClass", reterr);
        if (r == 0)
                r = seed_class(schema, namespace, &CLASS("Seeded", PROPERTIES(P("N", CIM_UINT8))), NULL,
                               reterr);
        if (r == 0)
                r = seed_class(schema, namespace,
                               &CLASS("__EventConsumer", QUALIFIERS(QB("abstract")),
                                      PROPERTIES(P("MachineName", CIM_STRING))),
                               "__SystemClass", reterr);
        return r;
}

// --- what is told ------------------------------------------------------------------------------------

static void tell_object(Buf *out, char sign, const CimInstance *i)
{
        Diag d;
        buf_u8(out, ' ');
        buf_u8(out, (uint8_t)sign);
        if (cim_instance_relpath(i, out, &d) != 0)
                buf_put(out, i->class->name.p, i->class->name.n);
}

static void rig_committed(void *context, const RepositoryCommit *c)
{
        Rig *g = context;
        if (c->from) {
                assert_int_equal(c->number, g->number);
                assert_int_equal(c->from, g->told_to);
                assert_true(c->to - c->from <= REPOSITORY_SLICE);
        } else {
                g->commits++;
                assert_true(c->number > g->number);
        }
        g->number = c->number;
        g->told_to = c->to;
        for (size_t i = c->from; i < c->to; i++) {
                const StoreChange *x = &c->changes[i];
                buf_put(&g->told, x->namespace.p, x->namespace.n);
                assert_true((x->before != NULL) == (x->kind != STORE_CREATED));
                assert_true((x->after != NULL) == (x->kind != STORE_DELETED));
                tell_object(&g->told,
                            x->kind == STORE_CREATED   ? '+'
                            : x->kind == STORE_DELETED ? '-'
                                                       : '~',
                            x->after ? x->after : x->before);
                buf_u8(&g->told, '\n');
        }
        assert_true(c->schema_changed || c->count);
}

int rig_no_seed(void *context, Str namespace, CimSchema **schema, Diag *reterr)
{
        (void)context;
        (void)namespace;
        (void)schema;
        (void)reterr;
        return 0;
}

void rig_open_with(Rig *g, const RepositoryConfig *config)
{
        Diag d = {0};
        char text[1200];
        RepositoryConfig c = *config;
        *g = (Rig){0};
        c.seed = c.seed ? c.seed : rig_seed;
        c.committed = rig_committed;
        c.context = g;
        c.namespaces = c.namespaces ? c.namespaces : rig_namespaces;
        int r = repository_open(&c, &g->r, &d);
        if (r)
                fail_msg("repository_open: %d %s", r, diag_text(&d, text, sizeof(text)));
}

void rig_open(Rig *g, const char *file, bool thread)
{
        rig_open_with(g, &(RepositoryConfig){.file = file, .thread = thread});
}

int64_t rig_count(const char *file, const char *table)
{
        sqlite3 *db;
        sqlite3_stmt *s;
        char text[80];
        snprintf(text, sizeof(text), "SELECT count(*) FROM %s", table);
        assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, text, -1, &s, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(s), SQLITE_ROW);
        int64_t n = sqlite3_column_int64(s, 0);
        sqlite3_finalize(s);
        sqlite3_close(db);
        return n;
}

void rig_close(Rig *g)
{
        g->r = repository_close(g->r);
        buf_deinit(&g->told);
}

// --- jobs -----------------------------------------------------------------------------------------------

typedef struct RigJob {
        RepositoryJob job; // first
        RigRun run;
        void *context;
        bool done;
        int result;
} RigJob;

static int rig_job_run(RepositoryJob *j, Store *st)
{
        RigJob *k = (RigJob *)j;
        return k->run(k->context, st, &j->diag);
}

static void rig_job_done(RepositoryJob *j, int r)
{
        RigJob *k = (RigJob *)j;
        k->done = true;
        k->result = r;
}

int rig_run(Rig *g, RigRun run, void *context, Diag *ret_diag)
{
        RigJob k = {.job = {.run = rig_job_run, .done = rig_job_done}, .run = run, .context = context};
        repository_submit(g->r, &k.job);
        while (!k.done) {
                struct pollfd p = {.fd = repository_fd(g->r), .events = POLLIN};
                assert_int_equal(poll(&p, 1, 60000), 1);
                repository_dispatch(g->r);
        }
        if (ret_diag)
                *ret_diag = k.job.diag;
        if (k.result == E_DIAG) {
                g->diag = k.job.diag;
                assert_true(k.job.diag.code != 0);
                assert_true(k.job.diag.message[0] != '\0');
        }
        return k.result;
}

typedef struct Call {
        const char *namespace, *name;
        const CimClassSpec *spec;
        const char *superclass;
        uint32_t flags;
        const CimInstance *in;
        CimInstance *out;
        Buf *list;
} Call;

static int64_t rig_call(Rig *g, RigRun run, Call *c)
{
        Diag d = {0};
        int r = rig_run(g, run, c, &d);
        return r == E_DIAG ? (int64_t)d.code : r;
}

static int call_put_class(void *context, Store *st, Diag *reterr)
{
        Call *c = context;
        return store_put_class(st, str_of(c->namespace), c->spec, str_of(c->superclass), c->flags, reterr);
}

int64_t rig_put_class(Rig *g, const char *namespace, const CimClassSpec *spec, const char *superclass,
                      uint32_t flags)
{
        return rig_call(
                g, call_put_class,
                &(Call){.namespace = namespace, .spec = spec, .superclass = superclass, .flags = flags});
}

static int call_delete_class(void *context, Store *st, Diag *reterr)
{
        Call *c = context;
        return store_delete_class(st, str_of(c->namespace), str_of(c->name), reterr);
}

int64_t rig_delete_class(Rig *g, const char *namespace, const char *name)
{
        return rig_call(g, call_delete_class, &(Call){.namespace = namespace, .name = name});
}

static int call_create_namespace(void *context, Store *st, Diag *reterr)
{
        Call *c = context;
        return store_create_namespace(st, str_of(c->namespace), reterr);
}

int64_t rig_create_namespace(Rig *g, const char *namespace)
{
        return rig_call(g, call_create_namespace, &(Call){.namespace = namespace});
}

static int call_delete_namespace(void *context, Store *st, Diag *reterr)
{
        Call *c = context;
        return store_delete_namespace(st, str_of(c->namespace), reterr);
}

int64_t rig_delete_namespace(Rig *g, const char *namespace)
{
        return rig_call(g, call_delete_namespace, &(Call){.namespace = namespace});
}

static int call_put(void *context, Store *st, Diag *reterr)
{
        Call *c = context;
        return store_put_instance(st, str_of(c->namespace), c->in, c->flags, c->list, reterr);
}

int64_t rig_put_instance(Rig *g, const char *namespace, const CimInstance *i, uint32_t flags)
{
        return rig_call(g, call_put, &(Call){.namespace = namespace, .in = i, .flags = flags});
}

const CimClass *rig_class(Rig *g, const char *namespace, const char *name)
{
        return cim_schema_find(repository_schema(g->r), str_of(namespace), str_of(name));
}

int64_t rig_put(Rig *g, const char *namespace, const char *class_name, const CimValue *values, size_t n,
                uint32_t flags)
{
        CimInstance *i;
        const CimClass *c = rig_class(g, namespace, class_name);
        assert_non_null(c);
        assert_int_equal(cim_instance_new(c, &i), 0);
        for (size_t k = 0; k < n && k < c->property_count; k++)
                i->values[k] = values[k];
        int64_t r = rig_put_instance(g, namespace, i, flags);
        cim_instance_unref(i);
        return r;
}

static int call_get(void *context, Store *st, Diag *reterr)
{
        Call *c = context;
        Arena a = {0};
        CimPath path;
        int r = cim_path_parse(str_of(c->name), &a, &path, reterr);
        if (r == 0 && c->flags)
                r = store_delete_instance(st, str_of(c->namespace), &path, reterr);
        else if (r == 0)
                r = store_get_instance(st, str_of(c->namespace), &path, &c->out, reterr);
        arena_deinit(&a);
        return r;
}

int64_t rig_get(Rig *g, const char *namespace, const char *path, CimInstance **ret)
{
        Call c = {.namespace = namespace, .name = path};
        int64_t r = rig_call(g, call_get, &c);
        if (ret)
                *ret = c.out;
        else
                cim_instance_unref(c.out);
        return r;
}

int64_t rig_delete(Rig *g, const char *namespace, const char *path)
{
        return rig_call(g, call_get, &(Call){.namespace = namespace, .name = path, .flags = 1});
}

static int list_one(void *context, const CimInstance *i)
{
        Buf *out = context;
        Diag d;
        int r = cim_instance_relpath(i, out, &d);
        buf_u8(out, '\n');
        return r;
}

static int call_list(void *context, Store *st, Diag *reterr)
{
        Call *c = context;
        StoreCursor cursor = {0};
        return store_each_instance(st, str_of(c->namespace), str_of(c->name), c->flags, NULL, &cursor,
                                   list_one, c->list, reterr);
}

int64_t rig_list(Rig *g, const char *namespace, const char *class_name, uint32_t flags, Buf *out)
{
        return rig_call(g, call_list,
                        &(Call){.namespace = namespace, .name = class_name, .flags = flags, .list = out});
}

// --- files ------------------------------------------------------------------------------------------------

static char rig_directory[64];

char *rig_file(const char *name)
{
        static char path[512];
        if (!rig_directory[0]) {
                // In memory where that can be had: each commit waits for the disk.
                snprintf(rig_directory, sizeof(rig_directory), "/dev/shm/freewmi-store-XXXXXX");
                if (!mkdtemp(rig_directory)) {
                        snprintf(rig_directory, sizeof(rig_directory), "/tmp/freewmi-store-XXXXXX");
                        assert_non_null(mkdtemp(rig_directory));
                }
                atexit(rig_clean);
        }
        snprintf(path, sizeof(path), "%s/%s", rig_directory, name);
        return path;
}

void rig_clean(void)
{
        DIR *d = rig_directory[0] ? opendir(rig_directory) : NULL;
        if (!d)
                return;
        for (struct dirent *e; (e = readdir(d));)
                if (e->d_name[0] != '.')
                        unlinkat(dirfd(d), e->d_name, 0);
        closedir(d);
        rmdir(rig_directory);
        rig_directory[0] = '\0';
}
