// SPDX-License-Identifier: MIT
// Codec: bundles of classes.
#include "cim/codec.h"

#include <stdlib.h>

#include "base/limits.h"
#include "cim/codec-impl.h"
#include "cim/status.h"

#define CODEC_MAGIC 0x31435746u // "FWC1"

// The least bytes that one of each takes, to bound counts by what is left.
enum { LEAST_CLASS = 24, LEAST_QUALIFIER = 8, LEAST_PROPERTY = 19, LEAST_METHOD = 18 };

uint32_t codec_class_number(const CodecClasses *classes, const CimClass *c)
{
        for (size_t i = 0; i < classes->count; i++)
                if (classes->list[i] == c)
                        return (uint32_t)i + 1;
        return 0;
}

static int classes_append(CodecClasses *k, const CimClass *c)
{
        if (k->count == k->capacity) {
                size_t more = k->capacity ? k->capacity * 2 : 8;
                const CimClass **p = reallocarray(k->list, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                k->list = p;
                k->capacity = more;
        }
        k->list[k->count++] = c;
        return 0;
}

// --- writing -----------------------------------------------------------------------------------------------

// Appends c behind all that it needs. Superclasses are walked, embedded classes entered: a class bounds their
// depth.
static int collect(CodecClasses *k, const CimClass *c, size_t *bytes)
{
        const CimClass *chain[LIMIT_DEPTH + 1];
        size_t n = 0;
        for (; c && !codec_class_number(k, c); c = c->super)
                chain[n++] = c;
        int r = 0;
        while (n && r == 0) {
                c = chain[--n];
                for (size_t i = 0; i < c->kept_count && r == 0; i++)
                        r = collect(k, c->kept[i], bytes);
                *bytes += c->arena->used;
                if (k->count == CODEC_CLASSES || *bytes > CODEC_BYTES)
                        return -E2BIG;
                if (r == 0)
                        r = classes_append(k, c);
        }
        return r;
}

static int write_qualifiers(const CimQualifier *q, size_t n, Buf *out)
{
        buf_u32(out, (uint32_t)n);
        for (size_t i = 0; i < n; i++) {
                buf_str(out, q[i].name);
                buf_u8(out, q[i].flavor);
                codec_write_value(&q[i].value, NULL, 0, out); // never an object
        }
        return 0;
}

static int write_properties(const CimPropertySpec *p, size_t n, const CodecClasses *k, Buf *out)
{
        int r = 0;
        buf_u32(out, (uint32_t)n);
        for (size_t i = 0; i < n && r == 0; i++) {
                buf_str(out, p[i].name);
                buf_u16(out, p[i].type);
                buf_str(out, p[i].class_name);
                buf_u32(out, p[i].max);
                write_qualifiers(p[i].qualifiers, p[i].qualifier_count, out);
                buf_u8(out, p[i].has_default);
                if (p[i].has_default)
                        r = codec_write_value(&p[i].value, k, 0, out);
        }
        return r;
}

static int write_methods(const CimMethodSpec *m, size_t n, const CodecClasses *k, Buf *out)
{
        int r = 0;
        buf_u32(out, (uint32_t)n);
        for (size_t i = 0; i < n && r == 0; i++) {
                buf_str(out, m[i].name);
                buf_u16(out, m[i].return_type);
                buf_str(out, m[i].return_class);
                r = write_properties(m[i].parameters, m[i].parameter_count, k, out);
                write_qualifiers(m[i].qualifiers, m[i].qualifier_count, out);
        }
        return r;
}

static int reference_add(CodecClasses *refs, const CimProperty *p)
{
        return p->local && p->object_class && !codec_class_number(refs, p->object_class)
                       ? classes_append(refs, p->object_class)
                       : 0;
}

// The classes that names in this declaration stand for, each once.
static int write_references(const CimClass *c, const CodecClasses *k, Buf *out)
{
        CodecClasses refs = {0};
        int r = 0;
        for (size_t i = 0; i < c->property_count && r == 0; i++)
                r = reference_add(&refs, &c->properties[i]);
        for (size_t i = 0; i < c->method_count && r == 0; i++)
                for (size_t j = 0; c->methods[i].local && j < c->methods[i].parameter_count && r == 0; j++)
                        r = reference_add(&refs, &c->methods[i].parameters[j]);
        buf_u32(out, (uint32_t)refs.count);
        for (size_t i = 0; i < refs.count; i++)
                buf_u32(out, codec_class_number(k, refs.list[i]));
        free(refs.list);
        return r;
}

static int write_class(const CimClass *c, const CodecClasses *k, Buf *out)
{
        const CimClassSpec *s = c->declared;
        buf_u32(out, c->super ? codec_class_number(k, c->super) : 0);
        buf_str(out, s->name);
        write_qualifiers(s->qualifiers, s->qualifier_count, out);
        int r = write_references(c, k, out);
        if (r == 0)
                r = write_properties(s->properties, s->property_count, k, out);
        if (r == 0)
                r = write_methods(s->methods, s->method_count, k, out);
        return r;
}

int cim_codec_write_class(const CimClass *c, Buf *out)
{
        CodecClasses k = {0};
        size_t bytes = 0, start = out->n;
        int r = collect(&k, c, &bytes);
        buf_u32(out, CODEC_MAGIC);
        buf_u32(out, (uint32_t)k.count);
        for (size_t i = 0; i < k.count && r == 0; i++)
                r = write_class(k.list[i], &k, out);
        free(k.list);
        if (r == 0 && out->failed)
                r = -ENOMEM;
        if (r < 0 && !out->failed)
                out->n = start;
        return r;
}

// --- reading
// ---------------------------------------------------------------------------------------------------

typedef struct ClassReader {
        CodecReader r;
        CodecClasses refs; // what names stand for in the class that is read
        uint16_t *slots;   // of their names: index + 1, 0 free; in the reader's arena
        uint32_t mask;
} ClassReader;

static const CimClass *reader_resolve(void *context, Str name)
{
        const ClassReader *k = context;
        for (uint32_t at = (uint32_t)str_ihash(name) & k->mask; k->slots[at]; at = (at + 1) & k->mask)
                if (str_ieq(k->refs.list[k->slots[at] - 1]->name, name))
                        return k->refs.list[k->slots[at] - 1];
        return NULL;
}

// A list's count and memory for it. False: there cannot be so many.
static bool read_list(CodecReader *r, size_t least, size_t size, size_t *ret_count, void **ret)
{
        size_t n = read_u32(&r->in);
        if (n > r->in.n / least)
                return codec_fail(r, "a list is longer than what is left");
        *ret = arena_calloc(r->arena, n, size);
        *ret_count = n;
        return *ret ? !r->in.failed : codec_fail(r, codec_no_memory);
}

static bool read_qualifiers(CodecReader *r, const CimQualifier **ret, size_t *ret_count)
{
        void *list;
        if (!read_list(r, LEAST_QUALIFIER, sizeof(CimQualifier), ret_count, &list))
                return false;
        CimQualifier *q = list;
        for (size_t i = 0; i < *ret_count; i++) {
                q[i].name = read_str(&r->in);
                q[i].flavor = read_u8(&r->in);
                if (!codec_read_value(r, NULL, 0, &q[i].value))
                        return false;
                if (q[i].flavor & CIM_FLAVOR_PROPAGATED)
                        return codec_fail(r, "a declared qualifier is marked as propagated");
        }
        *ret = q;
        return true;
}

static bool read_properties(CodecReader *r, const CimPropertySpec **ret, size_t *ret_count)
{
        void *list;
        if (!read_list(r, LEAST_PROPERTY, sizeof(CimPropertySpec), ret_count, &list))
                return false;
        CimPropertySpec *p = list;
        for (size_t i = 0; i < *ret_count; i++) {
                p[i].name = read_str(&r->in);
                p[i].type = read_u16(&r->in);
                p[i].class_name = read_str(&r->in);
                p[i].max = read_u32(&r->in);
                if (!read_qualifiers(r, &p[i].qualifiers, &p[i].qualifier_count))
                        return false;
                uint8_t has = read_u8(&r->in);
                if (has > 1)
                        return codec_fail(r, "a flag is neither 0 nor 1");
                p[i].has_default = has;
                if (has && !codec_read_value(r, NULL, 0, &p[i].value))
                        return false;
                if (has && p[i].value.type != p[i].type)
                        return codec_fail(r, "a value has another type than its property");
        }
        *ret = p;
        return !r->in.failed;
}

static bool read_methods(CodecReader *r, const CimMethodSpec **ret, size_t *ret_count)
{
        void *list;
        if (!read_list(r, LEAST_METHOD, sizeof(CimMethodSpec), ret_count, &list))
                return false;
        CimMethodSpec *m = list;
        for (size_t i = 0; i < *ret_count; i++) {
                m[i].name = read_str(&r->in);
                m[i].return_type = read_u16(&r->in);
                m[i].return_class = read_str(&r->in);
                if (!read_properties(r, &m[i].parameters, &m[i].parameter_count) ||
                    !read_qualifiers(r, &m[i].qualifiers, &m[i].qualifier_count))
                        return false;
        }
        *ret = m;
        return !r->in.failed;
}

static bool read_references(ClassReader *k)
{
        size_t n = read_u32(&k->r.in);
        k->refs.count = 0;
        if (n > k->r.in.n / sizeof(uint32_t) || n > CODEC_CLASSES)
                return codec_fail(&k->r, "a list is longer than what is left");
        uint32_t size = 2;
        while (size < n * 2)
                size *= 2;
        k->slots = arena_array(k->r.arena, uint16_t, size);
        k->mask = size - 1;
        if (!k->slots)
                return codec_fail(&k->r, codec_no_memory);
        for (size_t i = 0; i < n; i++) {
                uint32_t number = read_u32(&k->r.in);
                if (!number || number > k->r.classes->count)
                        return codec_fail(&k->r, "a class refers to one that is not ahead of it");
                const CimClass *c = k->r.classes->list[number - 1];
                if (reader_resolve(k, c->name))
                        return codec_fail(&k->r, "a class refers to two of the same name");
                if (classes_append(&k->refs, c) < 0)
                        return codec_fail(&k->r, codec_no_memory);
                uint32_t at = (uint32_t)str_ihash(c->name) & k->mask;
                while (k->slots[at])
                        at = (at + 1) & k->mask;
                k->slots[at] = (uint16_t)(i + 1);
        }
        return !k->r.in.failed;
}

// One class, appended to `all`. 0, E_DIAG (*reterr is filled), 1 with r.wrong, -ENOMEM.
static int read_class(ClassReader *k, CodecClasses *all, Diag *reterr)
{
        CodecReader *r = &k->r;
        CimClassSpec s = {0};
        uint32_t super = read_u32(&r->in);
        s.name = read_str(&r->in);
        if (super > all->count) {
                codec_fail(r, "a class refers to one that is not ahead of it");
                return 0;
        }
        if (!read_qualifiers(r, &s.qualifiers, &s.qualifier_count) || !read_references(k) ||
            !read_properties(r, &s.properties, &s.property_count) ||
            !read_methods(r, &s.methods, &s.method_count))
                return 0;
        CimClass *c;
        int result = cim_class_new(&s, super ? all->list[super - 1] : NULL, reader_resolve, k, &c, reterr);
        if (result)
                return result;
        result = classes_append(all, c);
        if (result < 0)
                cim_class_unref(c);
        return result;
}

static int read_bundle(ClassReader *k, CodecClasses *all, Diag *reterr)
{
        CodecReader *r = &k->r;
        size_t bytes = 0;
        if (read_u32(&r->in) != CODEC_MAGIC)
                codec_fail(r, "it does not begin with \"FWC1\"");
        uint32_t n = read_u32(&r->in);
        if (!n || n > CODEC_CLASSES || n > r->in.n / LEAST_CLASS)
                codec_fail(r, "it cannot hold that many classes");
        int result = 0;
        for (uint32_t i = 0; i < n && !r->in.failed && result == 0; i++) {
                result = read_class(k, all, reterr);
                arena_reset(r->arena);
                bytes += all->count ? all->list[all->count - 1]->arena->used : 0;
                if (bytes > CODEC_BYTES)
                        codec_fail(r, "its classes need too much memory");
        }
        if (!r->in.failed && r->in.n && result == 0)
                codec_fail(r, "there are bytes behind the last class");
        return result;
}

int cim_codec_read_class(const uint8_t *p, size_t n, CimClass **ret, Diag *reterr)
{
        Arena scratch = {0};
        CodecClasses all = {0};
        ClassReader k = {.r = {.in = {p, n, false}, .arena = &scratch, .classes = &all}};
        int r = read_bundle(&k, &all, reterr);
        if (r == 0 && k.r.in.failed) {
                r = k.r.wrong == codec_no_memory
                            ? -ENOMEM
                            : diag_set(reterr, CIM_E_INVALID_OBJECT, "the class cannot be read: %s",
                                       k.r.wrong ? k.r.wrong : "it is cut off");
        }
        if (r == E_DIAG && reterr)
                reterr->offset = n - k.r.in.n;
        if (r == 0)
                *ret = cim_class_ref(all.list[all.count - 1]);
        for (size_t i = 0; i < all.count; i++)
                cim_class_unref(all.list[i]);
        free(all.list);
        free(k.refs.list);
        arena_deinit(&scratch);
        return r;
}
