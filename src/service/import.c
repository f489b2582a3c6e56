// SPDX-License-Identifier: MIT
// IMPORT_MOF: what a MOF text or binary MOF says into the store, all or nothing.
//
//   text -> document -> plan -> the store, step after step -> a mark that says what it led to
//
// When the same is imported again and the mark holds, all is as it was left and nothing is done. All of it runs in the
// storage thread as one job, in one transaction; the service's thread sees only two numbers that say how far it is.
#include <sys/types.h>

#include "service/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "bmf/bmf.h"
#include "mof/build.h"

// Part of the key of marks: whatever changes what a text leads to must change it.
#define IMPORT_RULES "1 " FREEWMI_VERSION

// What the parts of an import take, of this whole.
enum { PART_PARSE = 100, PART_BUILD = 200, PART_APPLY = 700, PART_ALL = PART_PARSE + PART_BUILD + PART_APPLY };
enum { IMPORT_FLAGS_CLASSES = 0x63, IMPORT_FLAGS_INSTANCES = 3, IMPORT_TICK_LEAST_MS = 50 };

typedef struct Import {
        Job *job;
        // the storage thread's
        Store *store;
        const MofPlan *plan;
        StorePut *puts; // of one run of classes
        Str *names;     // of one run of deletions
        size_t base, run; // steps done, and steps of the run under way
        StoreMark mark;
        const CimClass *inside; // of the last object inside of an instance
        bool again_differs; // doing it again would not lead to the same
        Buf list;
        uint32_t count, more;
        Diag *errors;
        size_t error_count;
        // both threads'
        uint64_t done; // atomic; of PART_ALL million-th parts
        // the service's thread's
        Timer tick;
        uint32_t tick_ms;
} Import;

// --- how far it is -------------------------------------------------------------------------------

static void import_at(Import *m, unsigned from, unsigned part, uint64_t done, uint64_t all)
{
        double share = all ? (double)(done < all ? done : all) / (double)all : 1;
        uint64_t at = (uint64_t)(1000 * (from + part * share));
        if (at > __atomic_load_n(&m->done, __ATOMIC_RELAXED))
                __atomic_store_n(&m->done, at, __ATOMIC_RELAXED);
}

static void import_parsed(void *context, uint64_t done, uint64_t all)
{
        import_at(context, 0, PART_PARSE, done, all);
}

static void import_built(void *context, uint64_t done, uint64_t all)
{
        import_at(context, PART_PARSE, PART_BUILD, done, all);
}

// Of the steps of one run.
static void import_worked(void *context, uint64_t done, uint64_t all)
{
        Import *m = context;
        uint64_t part = all ? done * m->run / all : 0;
        import_at(m, PART_PARSE + PART_BUILD, PART_APPLY, m->base + (part < m->run ? part : m->run), m->plan->count);
}

static void import_tick(Timer *t)
{
        Import *m = (Import *)((char *)t - offsetof(Import, tick));
        Job *j = m->job;
        if (!j->session || j->session->c->ended)
                return;
        Connection *c = j->session->c;
        // To one who does not read nothing is told.
        if (c->out.control_bytes < LIMIT_PARAMETER_BYTES) {
                Buf b = {0};
                wire_put_PROGRESS(&b, 0,
                                  &(Wire_PROGRESS){.of = j->frame.request,
                                                   .done = __atomic_load_n(&m->done, __ATOMIC_RELAXED),
                                                   .all = 1000 * PART_ALL});
                connection_send(c, &b);
        }
        timer_set(j->service, t, m->tick_ms);
}

// --- what it did ---------------------------------------------------------------------------------

static void list_add(Import *m, StoreObjectKind what, uint8_t done, bool event, Str namespace, Str name)
{
        static const uint8_t kinds[] = {[STORE_CLASS] = 0, [STORE_INSTANCE] = 1, [STORE_NAMESPACE] = 2};
        if (m->list.n + namespace.n + name.n + 11 > LIMIT_IMPORT_LIST) {
                m->more++;
                return;
        }
        m->count++;
        buf_u8(&m->list, kinds[what]);
        buf_u8(&m->list, done);
        buf_u8(&m->list, event);
        buf_str(&m->list, namespace);
        buf_str(&m->list, name);
}

enum { DONE_SAME, DONE_CREATED, DONE_UPDATED, DONE_DELETED };

// What a deletion took away: all that went with a class, too.
static void list_deleted(Import *m, size_t from)
{
        const StoreChange *changes;
        size_t n = store_changes(m->store, &changes);
        for (size_t i = from; i < n; i++) {
                const CimInstance *was = changes[i].before;
                if (changes[i].kind != STORE_DELETED || !was)
                        continue;
                Buf path = {0};
                if (was->is_class)
                        list_add(m, STORE_CLASS, DONE_DELETED, catalog_is_event(was->class), changes[i].namespace,
                                 was->class->name);
                else if (cim_instance_relpath(was, &path, NULL) == 0 && !path.failed)
                        list_add(m, changes[i].what, DONE_DELETED, false, changes[i].namespace,
                                 (Str){(char *)path.p, path.n});
                m->list.failed |= path.failed;
                buf_deinit(&path);
        }
}

// --- errors --------------------------------------------------------------------------------------

// What the store says of a step has its place in the text.
static int import_refused(Import *m, const MofStep *step, int r)
{
        if (r == E_DIAG && step)
                mof_document_place(m->plan->document, step->place, &m->errors[0]);
        m->error_count = 1;
        return r;
}

// --- steps ---------------------------------------------------------------------------------------

static size_t run_of(const MofPlan *p, size_t from)
{
        size_t n = from + 1;
        while (n < p->count && p->steps[n].kind == p->steps[from].kind &&
               (p->steps[from].kind != MOF_DELETE_CLASS ||
                str_ieq(p->steps[n].namespace, p->steps[from].namespace)))
                n++;
        return n - from;
}

static int put_classes(Import *m, const MofStep *steps, size_t n)
{
        size_t at;
        for (size_t i = 0; i < n; i++)
                m->puts[i] = (StorePut){
                        .namespace = steps[i].namespace, .klass = steps[i].klass, .flags = steps[i].flags};
        int r = store_put_classes(m->store, m->puts, n, &at, &m->errors[0]);
        if (r)
                return import_refused(m, &steps[at < n ? at : 0], r);
        for (size_t i = 0; i < n; i++) {
                list_add(m, STORE_CLASS, (uint8_t)m->puts[i].done, catalog_is_event(steps[i].klass),
                         steps[i].namespace, steps[i].klass->name);
                store_mark_add(&m->mark, STORE_MARK_CLASS, steps[i].namespace, steps[i].klass->name);
                m->again_differs |= (steps[i].flags & MOF_CREATE_ONLY) != 0;
        }
        return 0;
}

// Deletes the classes of a run that are there.
static int delete_classes(Import *m, const MofStep *steps, size_t n)
{
        const CimSchema *s = store_schema(m->store);
        const StoreChange *changes;
        size_t from = store_changes(m->store, &changes), count = 0, at;
        for (size_t i = 0; i < n; i++) {
                store_mark_add(&m->mark, STORE_MARK_TREE, steps[i].namespace, steps[i].path);
                m->again_differs |= steps[i].fail;
                if (steps[i].fail || cim_schema_find(s, steps[i].namespace, steps[i].path))
                        m->names[count++] = steps[i].path;
        }
        int r = count ? store_delete_classes(m->store, steps[0].namespace, m->names, count, &at, &m->errors[0]) : 0;
        for (size_t i = 0; r && i < n; i++)
                if (at < count ? steps[i].path.p == m->names[at].p : steps[i].fail)
                        return import_refused(m, &steps[i], r);
        if (r)
                return import_refused(m, &steps[0], r);
        list_deleted(m, from);
        return 0;
}

static int delete_instance(Import *m, const MofStep *step)
{
        const CimSchema *s = store_schema(m->store);
        Arena a = {0};
        CimPath path;
        const StoreChange *changes;
        size_t from = store_changes(m->store, &changes);
        store_mark_add(&m->mark, STORE_MARK_INSTANCE, step->namespace, step->path);
        int r = cim_path_parse(step->path, &a, &path, &m->errors[0]);
        // What is in a namespace when it is deleted again, no mark can say.
        m->again_differs |= step->fail || (r == 0 && str_ieq(path.class_name, STR("__NAMESPACE")));
        bool there = r == 0 && cim_schema_find(s, step->namespace, path.class_name);
        if (r == 0 && (there || step->fail))
                r = store_delete_instance(m->store, step->namespace, &path, &m->errors[0]);
        if (r == E_DIAG && !step->fail && m->errors[0].code == (uint32_t)CIM_E_NOT_FOUND)
                r = 0;
        if (r == 0)
                list_deleted(m, from);
        arena_deinit(&a);
        return r ? import_refused(m, step, r) : 0;
}

static int make_namespace(Import *m, const MofStep *step)
{
        bool there = cim_schema_has_namespace(store_schema(m->store), step->namespace);
        int r = 0;
        m->again_differs |= (step->flags & MOF_CREATE_ONLY) != 0;
        if (there && (step->flags & MOF_CREATE_ONLY))
                r = diag_set(&m->errors[0], CIM_E_ALREADY_EXISTS,
                             "the namespace %.*s exists, and instanceflags say createonly", STR_ARG(step->namespace));
        else if (!there && (step->flags & MOF_UPDATE_ONLY))
                r = diag_set(&m->errors[0], CIM_E_NOT_FOUND,
                             "the namespace %.*s does not exist, and instanceflags say updateonly",
                             STR_ARG(step->namespace));
        else if (!there) // those above it may be there only for classes that come later
                r = store_put_classes(m->store, &(StorePut){.namespace = step->namespace}, 1, NULL, &m->errors[0]);
        if (r)
                return import_refused(m, step, r);
        store_mark_add(&m->mark, STORE_MARK_NAMESPACE, step->namespace, (Str){"", 0});
        list_add(m, STORE_NAMESPACE, there ? DONE_SAME : DONE_CREATED, false, step->namespace, (Str){"", 0});
        return 0;
}

// An object inside of an instance is made by its class, which may change without the instance.
static void mark_inside(Import *m, Str namespace, const CimValue *v)
{
        if (v->null || cim_type(v->type) != CIM_OBJECT)
                return;
        for (size_t i = 0; cim_is_array(v->type) && i < v->array.count; i++)
                mark_inside(m, namespace, &v->array.items[i]);
        if (cim_is_array(v->type))
                return;
        const CimInstance *o = v->object;
        if (o->class != m->inside)
                store_mark_add(&m->mark, STORE_MARK_NEED, namespace, o->class->name);
        m->inside = o->class;
        for (size_t i = 0; i < o->class->property_count; i++)
                mark_inside(m, namespace, &o->values[i]);
}

static int put_instance(Import *m, const MofStep *step)
{
        const StoreChange *changes;
        size_t before = store_changes(m->store, &changes);
        Buf path = {0};
        m->again_differs |= (step->flags & MOF_CREATE_ONLY) != 0;
        int r = store_put_instance(m->store, step->namespace, step->instance, step->flags & IMPORT_FLAGS_INSTANCES,
                                   &path, &m->errors[0]);
        size_t after = store_changes(m->store, &changes);
        uint8_t done = after == before                                 ? DONE_SAME
                       : changes[after - 1].kind == STORE_CREATED ? DONE_CREATED
                                                                       : DONE_UPDATED;
        if (r == 0) {
                Str name = {(char *)path.p, path.n};
                list_add(m, STORE_INSTANCE, done, false, step->namespace, name);
                store_mark_add(&m->mark, STORE_MARK_INSTANCE, step->namespace, name);
                for (size_t i = 0; i < step->instance->class->property_count; i++)
                        mark_inside(m, step->namespace, &step->instance->values[i]);
        }
        buf_deinit(&path);
        return r ? import_refused(m, step, r) : 0;
}

static int import_step(Import *m, const MofStep *steps, size_t n)
{
        int r = 0;
        switch (steps->kind) {
        case MOF_PUT_CLASS:
                return put_classes(m, steps, n);
        case MOF_DELETE_CLASS:
                return delete_classes(m, steps, n);
        case MOF_PUT_INSTANCE:
        case MOF_DELETE_INSTANCE:
        case MOF_MAKE_NAMESPACE:
                break;
        }
        for (size_t i = 0; i < n && r == 0; i++, m->base++, m->run--) {
                r = steps->kind == MOF_PUT_INSTANCE      ? put_instance(m, &steps[i])
                    : steps->kind == MOF_DELETE_INSTANCE ? delete_instance(m, &steps[i])
                                                         : make_namespace(m, &steps[i]);
                import_worked(m, 0, 1);
        }
        return r;
}

static int import_apply(Import *m)
{
        size_t count = m->plan->count;
        int r = 0;
        m->puts = calloc(count + 1, sizeof(*m->puts));
        m->names = calloc(count + 1, sizeof(*m->names));
        if (!m->puts || !m->names)
                return -ENOMEM;
        store_on_work(m->store, import_worked, m);
        for (size_t i = 0; i < count && r == 0; i += m->run, m->base = i) {
                size_t n = m->run = run_of(m->plan, i);
                m->base = i;
                r = import_step(m, &m->plan->steps[i], n);
                m->run = n;
        }
        return r == 0 && m->list.failed ? -ENOMEM : r;
}

// --- one import ----------------------------------------------------------------------------------

// The document of binary MOF. What its records leave open is no error.
static int import_records(Import *m, Str bytes, const char *file, MofDocument **ret)
{
        Buf expanded = {0};
        Bmf *records = NULL;
        Diag d = {0};
        size_t warnings;
        int r = bmf_unpack(bytes, &expanded, NULL, &d);
        if (r == 0)
                r = bmf_read((Str){(char *)expanded.p, expanded.n}, &records, &d);
        if (r == 0)
                r = bmf_to_document(records, file, ret, NULL, 0, &warnings);
        buf_deinit(&expanded);
        bmf_free(records);
        if (r == -EFBIG)
                r = diag_set(&d, CIM_E_QUOTA_VIOLATION, "binary MOF expands to more than %u bytes", LIMIT_BMF_BYTES);
        if (r != E_DIAG)
                return r;
        snprintf(d.file, sizeof(d.file), "%s", file);
        m->errors[0] = d;
        m->error_count = 1;
        return r;
}

static int import_binary(Import *m, Str bytes, const char *file, const MofBuild *how, MofPlan **ret)
{
        MofDocument *d;
        int r = import_records(m, bytes, file, &d);
        if (r)
                return r;
        r = mof_build(d, how, ret, m->errors, LIMIT_MOF_ERRORS, &m->error_count);
        if (r == 0)
                (*ret)->own = d;
        else
                mof_document_free(d);
        return r;
}

static int import_plan(Import *m, const Wire_IMPORT_MOF *w, Str namespace, const char *file, MofPlan **ret)
{
        CimSchema *schema = cim_schema_ref(store_schema(m->store));
        MofBuild how = {.schema = schema,
                        .class_flags = w->class_flags,
                        .instance_flags = w->instance_flags,
                        .progress = import_built,
                        .context = m};
        MofSource source = {
                .text = w->text,
                .name = file,
                .namespace = namespace,
                .class_flags = w->class_flags,
                .instance_flags = w->instance_flags,
                .dialect = w->dialect ? MOF_DMTF : MOF_MICROSOFT,
                .progress = import_parsed,
                .context = m,
        };
        // A directive of a text may take flags back; these are in force from its beginning.
        if (!bmf_is(w->text))
                how.class_flags = how.instance_flags = 0;
        int r = bmf_is(w->text)
                        ? import_binary(m, w->text, file, &how, ret)
                        : mof_compile(&source, &how, ret, m->errors, LIMIT_MOF_ERRORS, &m->error_count);
        cim_schema_unref(schema);
        return r;
}

// A key for what is asked: the same text in the same way.
static int import_key(const Wire_IMPORT_MOF *w, Str namespace, uint8_t key[HASH_STABLE])
{
        Buf b = {0};
        hash_stable(w->text.p, w->text.n, key);
        buf_put(&b, key, HASH_STABLE);
        buf_u64(&b, w->text.n);
        buf_str(&b, namespace);
        buf_u32(&b, w->class_flags);
        buf_u32(&b, w->instance_flags);
        buf_u32(&b, w->dialect);
        buf_str(&b, STR(IMPORT_RULES));
        hash_stable(b.p, b.n, key);
        int r = b.failed ? -ENOMEM : 0;
        buf_deinit(&b);
        return r;
}

// A thing of a mark that holds, for the list.
static int import_same(void *context, StoreMarkKind kind, Str namespace, Str name, const CimClass *c)
{
        Import *m = context;
        if (kind == STORE_MARK_CLASS && c)
                list_add(m, STORE_CLASS, DONE_SAME, catalog_is_event(c), namespace, name);
        else if (kind == STORE_MARK_INSTANCE)
                list_add(m, STORE_INSTANCE, DONE_SAME, false, namespace, name);
        else if (kind == STORE_MARK_NAMESPACE)
                list_add(m, STORE_NAMESPACE, DONE_SAME, false, namespace, (Str){"", 0});
        return 0;
}

// Parses, builds, applies, and remembers.
static int import_all(Import *m, const Wire_IMPORT_MOF *w, Str namespace, const uint8_t *key)
{
        char file[sizeof(m->errors->file)];
        MofPlan *plan;
        text_clean(w->file, file, sizeof(file));
        int r = import_plan(m, w, namespace, file, &plan);
        if (r)
                return r;
        m->plan = plan;
        r = import_apply(m);
        if (r == 0 && !m->again_differs)
                r = store_mark_set(m->store, key, &m->mark, &m->errors[0]);
        mof_plan_free(plan);
        return r;
}

static int import_check(const Wire_IMPORT_MOF *w, Diag *reterr)
{
        if (w->text.n > LIMIT_MOF_BYTES)
                return diag_set(reterr, CIM_E_QUOTA_VIOLATION, "a MOF text has at most %u bytes", LIMIT_MOF_BYTES);
        if ((w->class_flags & ~(unsigned)IMPORT_FLAGS_CLASSES) ||
            (w->instance_flags & ~(unsigned)IMPORT_FLAGS_INSTANCES) || w->dialect > MOF_DMTF)
                return diag_set(reterr, CIM_E_INVALID_PARAMETER, "flags or dialect that do not exist");
        uint32_t one = MOF_UPDATE_ONLY | MOF_CREATE_ONLY, mode = MOF_SAFE_UPDATE | MOF_FORCE_UPDATE;
        if ((w->class_flags & one) == one || (w->class_flags & mode) == mode || (w->instance_flags & one) == one)
                return diag_set(reterr, CIM_E_INVALID_PARAMETER, "flags that exclude each other");
        return 0;
}

static int import_job(Import *m)
{
        Wire_IMPORT_MOF w;
        Job *j = m->job;
        char namespace[LIMIT_NAMESPACE_CHARS + 1];
        uint8_t key[HASH_STABLE];
        bool same = false;
        wire_get_IMPORT_MOF(j->frame.payload, j->frame.size, &w);
        m->error_count = 1;
        int r = import_check(&w, &m->errors[0]);
        if (r == 0)
                r = cim_namespace_normal(w.namespace.n ? w.namespace : STR("root\\default"), namespace,
                                         &m->errors[0]);
        if (r == 0)
                r = import_key(&w, str_of(namespace), key);
        if (r == 0)
                r = store_mark_holds(m->store, key, import_same, m, &same, &m->errors[0]);
        if (r == 0 && !same) {
                m->list.n = m->count = m->more = 0;
                r = import_all(m, &w, str_of(namespace), key);
        }
        if (r == 0)
                wire_put_IMPORT_MOF_reply(&j->reply, j->frame.request,
                                          &(Wire_IMPORT_MOF_Reply){.unchanged = same,
                                                                   .count = m->count,
                                                                   .more = m->more,
                                                                   .list = {(char *)m->list.p, m->list.n}});
        j->reply.failed |= m->list.failed;
        return r;
}

static int import_run(Job *j, Store *st)
{
        Import *m = j->import;
        m->store = st;
        m->errors = calloc(LIMIT_MOF_ERRORS, sizeof(*m->errors));
        if (!m->errors)
                return -ENOMEM;
        int r = import_job(m);
        if (r > 0) {
                j->base.diag = m->errors[0];
                for (size_t i = 0; i < (m->error_count ? m->error_count : 1); i++)
                        wire_put_diag(&j->list, &m->errors[i]);
        }
        free(m->errors);
        free(m->puts);
        free(m->names);
        buf_deinit(&m->list);
        store_mark_deinit(&m->mark);
        return r;
}

// --- the request ---------------------------------------------------------------------------------

static void import_done(Job *j, int r)
{
        Wire_IMPORT_MOF_Reply reply;
        Wire_IMPORT_MOF m;
        WireFrame f;
        char file[256], label[192];
        if (!r && !j->reply.failed && wire_frame(j->reply.p, j->reply.n, j->reply.n, &f) > 0 &&
            wire_get_IMPORT_MOF_reply(f.payload, f.size, &reply) &&
            wire_get_IMPORT_MOF(j->frame.payload, j->frame.size, &m))
                log_line(&j->service->config.log, LOG_NOTICE, "%s: %u classes and instances from %s%s",
                         connection_label(j->session->c, label), reply.count + reply.more,
                         text_clean(m.file, file, sizeof(file)), reply.unchanged ? ", unchanged" : "");
        job_answer(j, r);
}

static void import_clean(Job *j)
{
        timer_clear(&j->import->tick);
        free(j->import);
}

void perform_IMPORT_MOF(Session *x, const WireFrame *f, const Wire_IMPORT_MOF *m)
{
        Import *i = calloc(1, sizeof(*i));
        Job *j = i ? job_new(x, f, import_run) : NULL;
        if (!j) {
                free(i);
                connection_error(x->c, asked(f), CIM_E_OUT_OF_MEMORY, NULL);
                return;
        }
        *i = (Import){.job = j, .tick_ms = m->progress_ms};
        timer_init(&i->tick, import_tick);
        j->import = i;
        j->done = import_done;
        j->clean = import_clean;
        if (m->progress_ms) {
                i->tick_ms = m->progress_ms < IMPORT_TICK_LEAST_MS ? IMPORT_TICK_LEAST_MS : m->progress_ms;
                timer_set(x->c->service, &i->tick, i->tick_ms);
        }
        job_submit(j);
}
