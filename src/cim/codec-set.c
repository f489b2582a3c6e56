// SPDX-License-Identifier: MIT
// Codec: sets, objects together with the classes that they need.
#include "cim/codec.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/codec-impl.h"
#include "cim/instance-impl.h"
#include "cim/status.h"

enum { SET_WHOLE = 0, SET_BY_VERSION = 1 }; // kinds of classes
enum { SET_OBJECT_OVERHEAD = 1024 };        // of an instance of its own in memory
enum { SET_CLASS_LEAST = 17, SET_OBJECT_LEAST = 9, SET_IS_CLASS = 1 };

// A class of a set and where its objects live; its number is its index + 1.
typedef struct SetClass {
        const CimClass *class; // a reference
        Str namespace;         // in the set's arena
} SetClass;

typedef struct SetClasses {
        SetClass *list;
        size_t count, capacity;
        size_t bytes; // that their classes take in memory
        Arena arena;
} SetClasses;

struct CimSetWriter {
        bool by_version;
        SetClasses known;
        uint32_t *slots; // open addressing over known: number, 0 free; slot_mask + 1 of them
        uint32_t slot_mask;
        Buf classes, objects;
        uint32_t object_count;
        size_t object_bytes; // that they take in memory, without what their values refer to
};

static int classes_append(SetClasses *k, const CimClass *c, Str namespace)
{
        if (k->count == CODEC_CLASSES || k->bytes + c->arena->used > CODEC_BYTES)
                return -E2BIG;
        if (k->count == k->capacity) {
                size_t more = k->capacity ? k->capacity * 2 : 8;
                SetClass *p = reallocarray(k->list, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                k->list = p;
                k->capacity = more;
        }
        const char *name = arena_strndup(&k->arena, namespace.p, namespace.n);
        if (!name)
                return -ENOMEM;
        k->bytes += c->arena->used;
        k->list[k->count++] = (SetClass){cim_class_ref(c), {name, namespace.n}};
        return 0;
}

static void classes_cut(SetClasses *k, size_t count)
{
        while (k->count > count) {
                const CimClass *c = k->list[--k->count].class;
                k->bytes -= c->arena->used;
                cim_class_unref(c);
        }
}

static void classes_deinit(SetClasses *k)
{
        classes_cut(k, 0);
        free(k->list);
        arena_deinit(&k->arena);
}

// --- writing -----------------------------------------------------------------------------------------------

CimSetWriter *cim_set_writer_new(bool by_version)
{
        CimSetWriter *w = calloc(1, sizeof(*w));
        if (w)
                w->by_version = by_version;
        return w;
}

CimSetWriter *cim_set_writer_free(CimSetWriter *w)
{
        if (!w)
                return NULL;
        classes_deinit(&w->known);
        buf_deinit(&w->classes);
        buf_deinit(&w->objects);
        free(w->slots);
        free(w);
        return NULL;
}

static uint32_t set_hash(const CimClass *c, Str namespace)
{
        return (uint32_t)(((uintptr_t)c >> 4) * 0x9E3779B97F4A7C15u >> 32) ^ (uint32_t) namespace.n;
}

// The slot of a class: its own or a free one.
static uint32_t *set_slot(const CimSetWriter *w, const CimClass *c, Str namespace)
{
        for (uint32_t at = set_hash(c, namespace);; at++) {
                uint32_t *slot = &w->slots[at & w->slot_mask];
                const SetClass *k = *slot ? &w->known.list[*slot - 1] : NULL;
                if (!k || (k->class == c && str_eq(k->namespace, namespace)))
                        return slot;
        }
}

static uint32_t set_number_of(const CimSetWriter *w, const CimClass *c, Str namespace)
{
        return w->slots ? *set_slot(w, c, namespace) : 0;
}

// Enters all known classes into a table of `size` slots. 0, -ENOMEM.
static int set_rehash(CimSetWriter *w, uint32_t size)
{
        uint32_t *slots = calloc(size, sizeof(*slots));
        if (!slots)
                return -ENOMEM;
        free(w->slots);
        w->slots = slots;
        w->slot_mask = size - 1;
        for (size_t i = 0; i < w->known.count; i++)
                *set_slot(w, w->known.list[i].class, w->known.list[i].namespace) = (uint32_t)i + 1;
        return 0;
}

static int set_enter(CimSetWriter *w, const CimClass *c, Str namespace)
{
        int r = 0;
        if (!w->slots || w->known.count * 2 > w->slot_mask)
                r = set_rehash(w, w->slots ? (w->slot_mask + 1) * 2 : 16);
        if (r == 0)
                r = classes_append(&w->known, c, namespace);
        if (r == 0)
                *set_slot(w, c, namespace) = (uint32_t)w->known.count;
        return r;
}

static int set_number(void *context, const CimClass *c, Str namespace, uint32_t *ret);

static void set_reference(const CimSetWriter *w, const CimProperty *p, Str namespace, Buf *out,
                          uint32_t *count)
{
        if (!p->local || !p->object_class)
                return;
        uint32_t number = set_number_of(w, p->object_class, namespace);
        for (uint32_t i = 0; i < *count; i++) {
                uint32_t was;
                memcpy(&was, out->p + out->n - (size_t)(i + 1) * sizeof(was), sizeof(was));
                if (was == number)
                        return;
        }
        buf_u32(out, number);
        *count += !out->failed;
}

// The classes that names in this declaration stand for, each once.
static void set_references(const CimSetWriter *w, const CimClass *c, Str namespace, Buf *out)
{
        uint32_t count = 0;
        size_t at = out->n;
        buf_u32(out, 0);
        for (size_t i = 0; i < c->property_count; i++)
                set_reference(w, &c->properties[i], namespace, out, &count);
        for (size_t i = 0; i < c->method_count; i++)
                for (size_t j = 0; c->methods[i].local && j < c->methods[i].parameter_count; j++)
                        set_reference(w, &c->methods[i].parameters[j], namespace, out, &count);
        buf_patch_u32(out, at, count);
}

// A class behind all that it needs, which is in front of it already. Objects among its defaults may need
// more.
static int set_write_whole(CimSetWriter *w, const CimClass *c, Str namespace)
{
        CimClassTable table = {.number = set_number, .context = w};
        Buf own = {0};
        int r = cim_codec_write_declared(c, &table, &own);
        if (r == 0)
                r = set_enter(w, c, namespace);
        if (r == 0) {
                Buf *out = &w->classes;
                buf_u8(out, SET_WHOLE);
                buf_str(out, namespace);
                buf_u64(out, c->version);
                buf_u32(out, c->super ? set_number_of(w, c->super, namespace) : 0);
                set_references(w, c, namespace, out);
                buf_str(out, (Str){(const char *)own.p, own.n});
                r = out->failed ? -ENOMEM : 0;
        }
        buf_deinit(&own);
        return r;
}

static int set_write_class(CimSetWriter *w, const CimClass *c, Str namespace)
{
        if (w->by_version && c->version) {
                buf_u8(&w->classes, SET_BY_VERSION);
                buf_str(&w->classes, namespace);
                buf_u64(&w->classes, c->version);
                buf_str(&w->classes, c->name);
                return w->classes.failed ? -ENOMEM : set_enter(w, c, namespace);
        }
        uint32_t number;
        int r = 0;
        for (size_t i = 0; i < c->kept_count && r == 0; i++)
                r = set_number(w, c->kept[i], namespace, &number);
        return r ? r : set_write_whole(w, c, namespace);
}

// Superclasses are walked, embedded classes entered: a class bounds their depth.
static int set_number(void *context, const CimClass *c, Str namespace, uint32_t *ret)
{
        CimSetWriter *w = context;
        const CimClass *chain[LIMIT_DEPTH + 1];
        size_t n = 0;
        *ret = set_number_of(w, c, namespace);
        if (*ret)
                return 0;
        for (const CimClass *s = c; s && !set_number_of(w, s, namespace); s = s->super) {
                chain[n++] = s;
                if (w->by_version && s->version)
                        break; // the reader has all of it
        }
        int r = 0;
        while (n && r == 0)
                r = set_write_class(w, chain[--n], namespace);
        *ret = (uint32_t)w->known.count;
        return r;
}

static int set_add(CimSetWriter *w, const CimInstance *i)
{
        CimClassTable table = {.number = set_number, .context = w};
        uint32_t number;
        if (w->object_bytes + SET_OBJECT_OVERHEAD + codec_object_bytes(i->class, i->namespace) > CODEC_BYTES)
                return -E2BIG;
        int r = set_number(w, i->class, i->namespace, &number);
        if (r < 0)
                return r;
        Buf *out = &w->objects;
        size_t at = out->n;
        buf_u32(out, 0);
        buf_u32(out, number);
        buf_u8(out, i->is_class ? SET_IS_CLASS : 0);
        if (!i->is_class)
                r = cim_codec_write_values(i, &table, out);
        if (r == 0)
                buf_patch_u32(out, at, (uint32_t)(out->n - at - sizeof(uint32_t)));
        return r ? r : out->failed ? -ENOMEM : 0;
}

static void set_cut(Buf *b, size_t n)
{
        b->failed = false; // what was there is still there
        b->n = n;
}

int cim_set_add(CimSetWriter *w, const CimInstance *i)
{
        size_t count = w->known.count, classes = w->classes.n, objects = w->objects.n;
        int r = set_add(w, i);
        if (r == 0) {
                w->object_count++;
                w->object_bytes += SET_OBJECT_OVERHEAD + codec_object_bytes(i->class, i->namespace);
                return 0;
        }
        set_cut(&w->classes, classes);
        set_cut(&w->objects, objects);
        if (w->known.count > count) {
                classes_cut(&w->known, count);
                memset(w->slots, 0, ((size_t)w->slot_mask + 1) * sizeof(*w->slots));
                for (size_t k = 0; k < count; k++)
                        *set_slot(w, w->known.list[k].class, w->known.list[k].namespace) = (uint32_t)k + 1;
        }
        return r;
}

size_t cim_set_bytes(const CimSetWriter *w)
{
        return w->classes.n + w->objects.n + 2 * sizeof(uint32_t);
}

void cim_set_finish(const CimSetWriter *w, Buf *out)
{
        buf_u32(out, (uint32_t)w->known.count);
        buf_put(out, w->classes.p, w->classes.n);
        buf_u32(out, w->object_count);
        buf_put(out, w->objects.p, w->objects.n);
}

int cim_codec_write_class(const CimClass *c, Buf *out)
{
        CimSetWriter w = {0};
        uint32_t number;
        size_t start = out->n;
        int r = set_number(&w, c, (Str){"", 0}, &number);
        if (r == 0)
                cim_set_finish(&w, out);
        if (r == 0 && out->failed)
                r = -ENOMEM;
        if (r < 0 && !out->failed)
                out->n = start;
        classes_deinit(&w.known);
        buf_deinit(&w.classes);
        buf_deinit(&w.objects);
        free(w.slots);
        return r;
}

// --- reading -----------------------------------------------------------------------------------------------

typedef struct SetReader {
        Reader in;
        size_t size; // of the whole input
        SetClasses known;
        Arena scratch; // of one class
        size_t object_bytes;
        CimSetResolve resolve;
        void *context;
        bool *ret_stale;
        Diag *diag;
        const SetClass **names; // the classes that names stand for in the class that is read: open addressing
        uint32_t name_mask;
} SetReader;

static int set_wrong(SetReader *r, const char *why)
{
        diag_set(r->diag, CIM_E_INVALID_OBJECT, "the objects cannot be read: %s", why);
        if (r->diag)
                r->diag->offset = r->size - r->in.n;
        return E_DIAG;
}

static int set_cut_off(SetReader *r)
{
        return set_wrong(r, "they are cut off");
}

static const CimClass *set_find(void *context, uint32_t number, Str *ret_namespace)
{
        const SetReader *r = context;
        if (!number || number > r->known.count)
                return NULL;
        *ret_namespace = r->known.list[number - 1].namespace;
        return r->known.list[number - 1].class;
}

static const SetClass **set_name_slot(const SetReader *r, Str name)
{
        for (uint32_t at = (uint32_t)str_ihash(name);; at++) {
                const SetClass **slot = &r->names[at & r->name_mask];
                if (!*slot || str_ieq((*slot)->class->name, name))
                        return slot;
        }
}

static const CimClass *set_resolve_name(void *context, Str name)
{
        const SetClass *c = *set_name_slot(context, name);
        return c ? c->class : NULL;
}

static int set_read_references(SetReader *r)
{
        size_t n = read_u32(&r->in);
        if (n > r->in.n / sizeof(uint32_t) || n > r->known.count)
                return set_wrong(r, "a class refers to more classes than there are");
        uint32_t size = 2;
        while (size < n * 2)
                size *= 2;
        r->names = arena_array(&r->scratch, const SetClass *, size);
        r->name_mask = size - 1;
        if (!r->names)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                uint32_t number = read_u32(&r->in);
                if (!number || number > r->known.count)
                        return set_wrong(r, "a class refers to one that is not ahead of it");
                const SetClass *c = &r->known.list[number - 1], **slot = set_name_slot(r, c->class->name);
                if (*slot)
                        return set_wrong(r, "a class refers to two of the same name");
                *slot = c;
        }
        return 0;
}

static int set_read_whole(SetReader *r, uint64_t version, CimClass **ret)
{
        uint32_t super = read_u32(&r->in);
        if (super > r->known.count)
                return set_wrong(r, "a class refers to one that is not ahead of it");
        int result = set_read_references(r);
        if (result)
                return result;
        Str own = read_str(&r->in);
        if (r->in.failed)
                return set_cut_off(r);
        CimClassTable table = {.find = set_find, .context = r};
        CimClassSpec spec;
        Str super_name;
        result = cim_codec_read_declared((const uint8_t *)own.p, own.n, &table, &r->scratch, &spec,
                                         &super_name, r->diag);
        const CimClass *above = super ? r->known.list[super - 1].class : NULL;
        if (result == 0 && (above ? !str_eq(above->name, super_name) : super_name.n > 0))
                return set_wrong(r, "a class has another superclass than it says");
        if (result == 0)
                result = cim_class_new(&spec, above, set_resolve_name, r, ret, r->diag);
        if (result == E_DIAG && r->diag)
                r->diag->offset = r->size - r->in.n;
        if (result == 0 && !r->resolve)
                (*ret)->version = version;
        return result;
}

static int set_read_by_version(SetReader *r, Str namespace, uint64_t version, CimClass **ret)
{
        Str name = read_str(&r->in);
        if (r->in.failed)
                return set_cut_off(r);
        if (!r->resolve || !version)
                return set_wrong(r, "a class is named by a version that was not given out");
        bool stale = false;
        const CimClass *c = r->resolve(r->context, namespace, name, version, &stale);
        if (c) {
                *ret = cim_class_ref(c);
                return 0;
        }
        if (r->ret_stale)
                *r->ret_stale = stale;
        int n = (int)(name.n < 64 ? name.n : 64);
        return diag_set(r->diag, CIM_E_INVALID_CLASS,
                        stale ? "the class %.*s has changed since the object was made"
                              : "there is no class %.*s of the version that the object has",
                        n, name.p);
}

static int set_read_class(SetReader *r)
{
        uint8_t kind = read_u8(&r->in);
        Str namespace = read_str(&r->in);
        uint64_t version = read_u64(&r->in);
        if (r->in.failed)
                return set_cut_off(r);
        if (namespace.n > LIMIT_NAMESPACE_CHARS * 4 || memchr(namespace.p, 0, namespace.n) ||
            !utf8_valid(namespace.p, namespace.n, NULL))
                return set_wrong(r, "a namespace has a name that is none");
        CimClass *c = NULL;
        int result = kind == SET_WHOLE        ? set_read_whole(r, version, &c)
                     : kind == SET_BY_VERSION ? set_read_by_version(r, namespace, version, &c)
                                              : set_wrong(r, "there is a kind of class that there is not");
        arena_reset(&r->scratch);
        if (result)
                return result;
        result = classes_append(&r->known, c, namespace);
        cim_class_unref(c);
        return result == -E2BIG ? set_wrong(r, "its classes need too much memory") : result;
}

static int set_read_classes(SetReader *r)
{
        uint32_t n = read_u32(&r->in);
        if (n > CODEC_CLASSES || n > r->in.n / SET_CLASS_LEAST)
                return set_wrong(r, "there cannot be that many classes");
        int result = 0;
        for (uint32_t i = 0; i < n && result == 0; i++)
                result = set_read_class(r);
        return result;
}

static int set_read_values(SetReader *r, const uint8_t *p, size_t n, CimInstance *i)
{
        CimClassTable table = {.find = set_find, .context = r};
        CimBlockError e = {0};
        const uint8_t *own = arena_copy(i->owner, p, n);
        int result = own ? cim_codec_read_values(own, n, i->class, NULL, &table, i->owner, i->values, &e)
                         : -ENOMEM;
        if (result == 1)
                result = set_wrong(r, e.says);
        return result ? result : cim_instance_keep_classes(i);
}

static int set_read_object(SetReader *r, CimInstance **ret)
{
        Str bytes = read_str(&r->in);
        if (r->in.failed)
                return set_cut_off(r);
        Reader in = {(const uint8_t *)bytes.p, bytes.n, false};
        uint32_t number = read_u32(&in);
        uint8_t flags = read_u8(&in);
        Str namespace;
        const CimClass *c = set_find(r, number, &namespace);
        if (in.failed || !c)
                return set_wrong(r, "an object is of a class that is not there");
        if (flags > SET_IS_CLASS || (flags && in.n))
                return set_wrong(r, "an object has flags that there are not");
        r->object_bytes += SET_OBJECT_OVERHEAD + codec_object_bytes(c, namespace);
        if (r->object_bytes > CODEC_BYTES)
                return set_wrong(r, "its objects need too much memory");
        if (flags)
                return cim_instance_of_class(c, namespace, ret);
        int result = cim_instance_new(c, ret);
        if (result == 0)
                result = cim_instance_place(*ret, namespace);
        return result ? result : set_read_values(r, in.p, in.n, *ret);
}

static int set_read_objects(SetReader *r, CimSet *ret)
{
        uint32_t n = read_u32(&r->in);
        if (r->in.failed)
                return set_cut_off(r);
        if (n > r->in.n / SET_OBJECT_LEAST)
                return set_wrong(r, "there cannot be that many objects");
        ret->objects = calloc(n ? n : 1, sizeof(CimInstance *));
        if (!ret->objects)
                return -ENOMEM;
        int result = 0;
        for (uint32_t i = 0; i < n && result == 0; i++) {
                CimInstance *made = NULL;
                result = set_read_object(r, &made);
                if (made)
                        ret->objects[ret->count++] = made;
        }
        if (result == 0 && r->in.n)
                result = set_wrong(r, "there are bytes behind the last one");
        return result;
}

static void set_reader_deinit(SetReader *r)
{
        classes_deinit(&r->known);
        arena_deinit(&r->scratch);
}

int cim_set_read(const uint8_t *p, size_t n, CimSetResolve resolve, void *context, CimSet *ret,
                 bool *ret_stale, Diag *reterr)
{
        SetReader r = {.in = {p, n, false},
                       .size = n,
                       .resolve = resolve,
                       .context = context,
                       .ret_stale = ret_stale,
                       .diag = reterr};
        CimSet set = {0};
        if (ret_stale)
                *ret_stale = false;
        int result = set_read_classes(&r);
        if (result == 0)
                result = set_read_objects(&r, &set);
        set_reader_deinit(&r);
        if (result)
                cim_set_deinit(&set);
        else
                *ret = set;
        return result;
}

void cim_set_deinit(CimSet *s)
{
        for (size_t i = 0; i < s->count; i++)
                cim_instance_unref(s->objects[i]);
        free(s->objects);
        *s = (CimSet){0};
}

int cim_codec_read_class(const uint8_t *p, size_t n, CimClass **ret, Diag *reterr)
{
        SetReader r = {.in = {p, n, false}, .size = n, .diag = reterr};
        int result = set_read_classes(&r);
        if (result == 0 && !r.known.count)
                result = set_wrong(&r, "there is no class");
        if (result == 0 && (read_u32(&r.in) || r.in.failed || r.in.n))
                result = set_wrong(&r, "there are bytes behind the last class");
        if (result == 0)
                *ret = cim_class_ref(r.known.list[r.known.count - 1].class);
        set_reader_deinit(&r);
        return result;
}
