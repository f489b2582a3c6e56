// SPDX-License-Identifier: MIT
// mof_build: one document, all or nothing; the errors on the way.
#include <stdio.h>
#include <stdlib.h>

#include "base/utf.h"
#include "mof/build-impl.h"

// Bytes that building one document may take besides its classes and instances.
#define BUILD_MOST ((size_t)1 << 30)

// --- errors --------------------------------------------------------------------------------------

static int error_v(Builder *b, MofPlace at, uint32_t code, const char *format, va_list args)
{
        b->hintable = NULL;
        b->reports++;
        if (b->error_count == b->error_capacity)
                b->stop = true;
        for (size_t i = 0; i < b->error_count; i++)
                if (b->error_at[i] == at.at)
                        return E_DIAG;
        if (b->stop)
                return E_DIAG;
        Diag *d = &b->errors[b->error_count];
        *d = (Diag){0};
        diag_setv(d, code, format, args);
        for (char *p = d->message; *p; p++)
                if ((unsigned char)*p < 0x20 || *p == 0x7F)
                        *p = '.'; // of names and strings in the document: a message is one line
        mof_document_place(b->document, at, d);
        b->hintable = d;
        b->error_at[b->error_count++] = at.at;
        b->stop |= b->error_count == b->error_capacity;
        return E_DIAG;
}

int build_error(Builder *b, MofPlace at, uint32_t code, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int r = error_v(b, at, code, format, args);
        va_end(args);
        return r;
}

int build_error_diag(Builder *b, MofPlace at, const Diag *d)
{
        build_error(b, at, d->code, "%s", d->message);
        return d->hint[0] ? build_hint(b, "%s", d->hint) : E_DIAG;
}

int build_hint(Builder *b, const char *format, ...)
{
        if (!b->hintable)
                return E_DIAG;
        va_list args;
        va_start(args, format);
        vsnprintf(b->hintable->hint, sizeof(b->hintable->hint), format, args);
        va_end(args);
        return E_DIAG;
}

int build_weigh(Builder *b, MofPlace at, size_t weight)
{
        b->weight += weight;
        if (b->weight <= LIMIT_MOF_WEIGHT)
                return 0;
        build_error(b, at, CIM_MOF_INVALID_FILE,
                    "the classes and instances of this text have more than %u members and values in all",
                    LIMIT_MOF_WEIGHT);
        build_hint(b, "compile it in parts");
        b->stop = true;
        return E_DIAG;
}

void build_progress(Builder *b)
{
        if (b->options->progress && (++b->steps_done & 63) == 0)
                b->options->progress(b->options->context, b->steps_done, b->document->item_count);
}

static int by_place(const void *a, const void *b)
{
        const Diag *x = a, *y = b;
        return x->offset < y->offset ? -1 : x->offset > y->offset;
}

// --- names ---------------------------------------------------------------------------------------

struct BuildKey {
        Str namespace, name; // name.p NULL: free
        uint64_t hash;
        size_t index;
};

static uint64_t key_hash(Str namespace, Str name)
{
        return str_ihash(name) * 31 + str_ihash(namespace);
}

static struct BuildKey *slot_of(const BuildIndex *x, Str namespace, Str name, uint64_t hash)
{
        for (size_t i = (size_t)hash & (x->capacity - 1);; i = (i + 1) & (x->capacity - 1)) {
                struct BuildKey *k = &x->slots[i];
                if (!k->name.p ||
                    (k->hash == hash && str_ieq(k->name, name) && str_ieq(k->namespace, namespace)))
                        return k;
        }
}

static int index_grow(Builder *b, BuildIndex *x)
{
        BuildIndex bigger = {.capacity = x->capacity ? x->capacity * 2 : 64, .count = x->count};
        bigger.slots = arena_array(b->arena, struct BuildKey, bigger.capacity);
        if (!bigger.slots)
                return -ENOMEM;
        for (size_t i = 0; i < x->capacity; i++) {
                const struct BuildKey *k = &x->slots[i];
                if (k->name.p)
                        *slot_of(&bigger, k->namespace, k->name, k->hash) = *k;
        }
        *x = bigger;
        return 0;
}

int build_index_add(Builder *b, BuildIndex *x, Str namespace, Str name, size_t index, size_t **ret)
{
        if (x->count * 4 >= x->capacity * 3 && index_grow(b, x) < 0)
                return -ENOMEM;
        uint64_t hash = key_hash(namespace, name);
        struct BuildKey *k = slot_of(x, namespace, name, hash);
        if (ret)
                *ret = &k->index;
        if (k->name.p)
                return 1;
        *k = (struct BuildKey){namespace, {name.p ? name.p : "", name.n}, hash, index};
        x->count++;
        return 0;
}

size_t *build_index_find(const BuildIndex *x, Str namespace, Str name)
{
        if (!x->count)
                return NULL;
        struct BuildKey *k = slot_of(x, namespace, name, key_hash(namespace, name));
        return k->name.p ? &k->index : NULL;
}

static int take_spelling(void *context, Str namespace, const CimClass *c)
{
        (void)c;
        *(Str *)context = namespace;
        return 1; // the first says it
}

int build_namespace(Builder *b, Str namespace, Str *ret)
{
        if (namespace.p != b->given.p || namespace.n != b->given.n) {
                b->given = b->namespace = namespace;
                if (b->options->schema)
                        cim_schema_each_class(b->options->schema, namespace, take_spelling, &b->namespace);
                // The schema may go before the plan does.
                if (b->namespace.p != namespace.p)
                        b->namespace.p = arena_strndup(b->plan->arena, b->namespace.p, b->namespace.n);
                else
                        b->namespace.p = arena_strndup(b->plan->arena, namespace.p, namespace.n);
                if (!b->namespace.p)
                        return -ENOMEM;
        }
        *ret = b->namespace;
        return 0;
}

bool build_is_system(Str name)
{
        return name.n > 2 && name.p[0] == '_' && name.p[1] == '_';
}

// --- one build -----------------------------------------------------------------------------------

// Classes and instances with errors in them are there, and are not built.
static void build_list_broken(Builder *b, size_t classes, size_t instances)
{
        const MofDocument *d = b->document;
        for (uint32_t i = 0; i < d->broken_count; i++) {
                const MofObject *o = d->broken[i];
                if (o->is_instance)
                        b->instances[instances++] = (BuildInstance){
                                .object = o, .namespace = o->namespace, .item = SIZE_MAX, .state = BUILD_BROKEN};
                else
                        b->classes[classes++] = (BuildClass){
                                .object = o, .namespace = o->namespace, .item = SIZE_MAX, .failed = true};
        }
}

// What the document declares, by kind.
static int build_list(Builder *b)
{
        const MofDocument *d = b->document;
        size_t aliases = d->broken_count;
        for (uint32_t i = 0; i < d->broken_count; i++)
                *(d->broken[i]->is_instance ? &b->instance_count : &b->class_count) += 1;
        for (size_t i = 0; i < d->item_count; i++) {
                const MofItem *item = &d->items[i];
                b->deletions += item->kind == MOF_ITEM_DELETE_CLASS || item->kind == MOF_ITEM_DELETE_INSTANCE;
                if (item->kind != MOF_ITEM_OBJECT)
                        continue;
                *(item->object->is_instance ? &b->instance_count : &b->class_count) += 1;
                aliases += item->object->alias.n != 0;
        }
        b->classes = arena_array(b->arena, BuildClass, b->class_count);
        b->instances = arena_array(b->arena, BuildInstance, b->instance_count);
        b->aliases = arena_array(b->arena, BuildAlias, aliases);
        if (!b->classes || !b->instances || !b->aliases)
                return -ENOMEM;
        size_t c = 0, k = 0;
        for (size_t i = 0; i < d->item_count; i++) {
                const MofObject *o = d->items[i].kind == MOF_ITEM_OBJECT ? d->items[i].object : NULL;
                Str namespace;
                if (!o)
                        continue;
                if (build_namespace(b, o->namespace, &namespace) < 0)
                        return -ENOMEM;
                if (o->is_instance)
                        b->instances[k++] = (BuildInstance){.object = o, .namespace = namespace, .item = i};
                else
                        b->classes[c++] = (BuildClass){.object = o, .namespace = namespace, .item = i};
        }
        build_list_broken(b, c, k);
        return build_aliases(b);
}

// Splitting a text into languages makes two texts; there is nothing to be stored of it.
static void check_amendment(Builder *b)
{
        const MofDocument *d = b->document;
        if (!d->amendment.n)
                return;
        build_error(b, d->amendment_place, CIM_E_NOT_SUPPORTED,
                    "a text with #pragma amendment is split into a neutral and a localised one, not stored");
        build_hint(b, "leave the pragma out: the texts stay in the class; or mofcomp -MOF: -MFL: -AMENDMENT:");
}

static int build_all(Builder *b)
{
        int r = build_list(b);
        if (r == 0)
                r = build_classes(b);
        if (r == 0 && !b->stop)
                r = build_instances(b);
        check_amendment(b);
        if (r == 0 && !b->stop)
                r = build_plan(b);
        return r < 0 ? r : b->reports || b->document->broken_count || b->document->lost ? E_DIAG : 0;
}

int mof_build(const MofDocument *d, const MofBuild *o, MofPlan **ret, Diag *errors, size_t capacity,
              size_t *ret_errors)
{
        Arena arena = {.limit = BUILD_MOST};
        Builder b = {
                .document = d,
                .options = o,
                .arena = &arena,
                .scratch = {.limit = BUILD_MOST},
                .plan = calloc(1, sizeof(*b.plan)),
                .errors = errors,
                .error_capacity = capacity < LIMIT_MOF_ERRORS ? capacity : LIMIT_MOF_ERRORS,
        };
        *ret = NULL;
        *ret_errors = 0;
        if (b.plan)
                b.plan->arena = calloc(1, sizeof(*b.plan->arena));
        int r = b.plan && b.plan->arena ? build_all(&b) : -ENOMEM;
        if (r == E_DIAG) {
                qsort(errors, b.error_count, sizeof(*errors), by_place);
                *ret_errors = b.error_count;
        }
        for (size_t i = 0; i < b.class_count && b.classes; i++)
                cim_class_unref(b.classes[i].klass);
        for (size_t i = 0; i < b.instance_count && b.instances; i++)
                cim_instance_unref(b.instances[i].instance);
        arena_deinit(&b.scratch);
        arena_deinit(&arena);
        if (r == 0)
                *ret = b.plan;
        else
                mof_plan_free(b.plan);
        return r;
}

MofPlan *mof_plan_free(MofPlan *p)
{
        if (!p)
                return NULL;
        for (size_t i = 0; i < p->count; i++) {
                cim_class_unref(p->steps[i].klass);
                cim_instance_unref(p->steps[i].instance);
        }
        mof_document_free(p->own);
        if (p->arena)
                arena_deinit(p->arena);
        free(p->arena);
        free(p);
        return NULL;
}

int mof_compile(const MofSource *source, const MofBuild *o, MofPlan **ret, Diag *errors, size_t capacity,
                size_t *ret_errors)
{
        MofDocument *d;
        size_t n = 0, more = 0;
        *ret = NULL;
        *ret_errors = 0;
        int r = mof_parse(source, &d, errors, capacity, &n);
        if (r < 0)
                return r;
        // A text with errors is built as well as it can be, so that one run tells all there is to tell.
        size_t most = capacity < LIMIT_MOF_ERRORS ? capacity : LIMIT_MOF_ERRORS;
        int built = n < most && d ? mof_build(d, o, ret, errors + n, most - n, &more) : r;
        if (r == 0 && built == 0) {
                (*ret)->own = d;
                return 0;
        }
        *ret = mof_plan_free(*ret);
        mof_document_free(d);
        if (built < 0)
                return built;
        // What both have found is one error: the parser's words stay.
        for (size_t i = 0; i < more; i++) {
                size_t k = 0;
                while (k < n && errors[k].offset != errors[n + i].offset)
                        k++;
                errors[n + i].length = k < n ? SIZE_MAX : errors[n + i].length;
        }
        for (size_t i = 0, first = n; i < more; i++)
                if (errors[first + i].length != SIZE_MAX)
                        errors[n++] = errors[first + i];
        qsort(errors, n, sizeof(*errors), by_place);
        *ret_errors = n;
        return E_DIAG;
}
