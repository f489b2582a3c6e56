// SPDX-License-Identifier: MIT
// Records -> expanded bytes, laid out as mofcomp does.
//
// Behind every name and every value stand zeros up to a multiple of 4 of that item's own length, as long as
// `pad` is set: it is cleared while the elements of an array but the last are written, and set behind any
// array.
#include "bmf/bmf.h"

#include <stdlib.h>

#include "base/limits.h"
#include "bmf/bmf-impl.h"

typedef struct Out {
        Buf *b;
        size_t start;
        bool pad, never; // never: in the days of Windows 2000
        unsigned depth;
        int error;
        struct {
                uint32_t at, flavor;
        } * flavors;
        size_t count, room;
} Out;

static uint32_t here(const Out *o)
{
        return (uint32_t)(o->b->n - o->start);
}

static void pad(Out *o, size_t n)
{
        static const uint8_t zeros[4];
        if (o->pad && !o->never && n % 4)
                buf_put(o->b, zeros, 4 - n % 4);
}

static size_t put_text(Out *o, Str16 s)
{
        for (size_t i = 0; i < s.n; i++)
                buf_u16(o->b, s.p[i]);
        buf_u16(o->b, 0);
        return 2 * s.n + 2;
}

static void patch(Out *o, uint32_t at, uint32_t v)
{
        buf_patch_u32(o->b, o->start + at, v);
}

static void put_object(Out *o, const BmfObject *object);

static void put_scalar(Out *o, const BmfValue *v)
{
        size_t n = bmf_size_of(v->type);
        if (bmf_is_text(v->type)) {
                n = put_text(o, v->string);
        } else if (v->type == CIM_OBJECT) {
                put_object(o, v->object);
                return;
        } else {
                for (size_t i = 0; i < n; i++)
                        buf_u8(o->b, (uint8_t)(v->bits >> (8 * i)));
        }
        pad(o, n);
}

static void put_array(Out *o, const BmfValue *v)
{
        uint32_t at = here(o);
        buf_u32(o->b, 0);
        buf_u32(o->b, 1);
        buf_u32(o->b, v->array.count);
        buf_u32(o->b, 0);
        for (uint32_t i = 0; i < v->array.count && !o->error; i++) {
                o->pad = i + 1 == v->array.count;
                put_scalar(o, &v->array.items[i]);
        }
        o->pad = true;
        patch(o, at, here(o) - at);
        patch(o, at + 12, here(o) - at - 12);
}

static void put_value(Out *o, const BmfValue *v)
{
        if (v->type & CIM_ARRAY)
                put_array(o, v);
        else
                put_scalar(o, v);
}

static void put_name(Out *o, Str16 name)
{
        pad(o, put_text(o, name));
}

static void remember(Out *o, uint32_t at, uint32_t flavor)
{
        if (o->count == o->room) {
                size_t room = o->room ? o->room * 2 : 64;
                void *p = realloc(o->flavors, room * sizeof(*o->flavors));
                if (!p) {
                        o->error = -ENOMEM;
                        return;
                }
                o->flavors = p;
                o->room = room;
        }
        o->flavors[o->count].at = at;
        o->flavors[o->count++].flavor = flavor;
}

static void put_qualifiers(Out *o, const BmfQualifiers *list)
{
        uint32_t at = here(o);
        buf_u32(o->b, 0);
        buf_u32(o->b, list->count);
        for (uint32_t i = 0; i < list->count && !o->error; i++) {
                const BmfQualifier *q = &list->items[i];
                uint32_t one = here(o);
                buf_u32(o->b, 0);
                buf_u32(o->b, q->value.type);
                buf_u32(o->b, 0);
                buf_u32(o->b, BMF_NONE);
                put_name(o, q->name);
                if (q->has_flavor)
                        remember(o, one, q->flavor);
                if (q->has_value) {
                        patch(o, one + 12, here(o) - one - BMF_QUALIFIER);
                        put_value(o, &q->value);
                }
                patch(o, one, here(o) - one);
        }
        patch(o, at, here(o) - at);
}

static void put_properties(Out *o, const BmfProperty *items, uint32_t count)
{
        uint32_t at = here(o);
        buf_u32(o->b, 0);
        buf_u32(o->b, count);
        for (uint32_t i = 0; i < count && !o->error; i++) {
                const BmfProperty *p = &items[i];
                uint32_t one = here(o);
                buf_u32(o->b, 0);
                buf_u32(o->b, p->type);
                buf_u32(o->b, 0);
                buf_u32(o->b, BMF_NONE);
                buf_u32(o->b, BMF_NONE);
                put_name(o, p->name);
                if (p->has_value) {
                        patch(o, one + 12, here(o) - one - BMF_PROPERTY);
                        put_value(o, &p->value);
                }
                if (p->qualifiers.present) {
                        patch(o, one + 16, here(o) - one - BMF_PROPERTY);
                        put_qualifiers(o, &p->qualifiers);
                }
                patch(o, one, here(o) - one);
        }
        patch(o, at, here(o) - at);
}

static void put_object(Out *o, const BmfObject *object)
{
        uint32_t at = here(o);
        if (o->b->n - o->start > LIMIT_BMF_BYTES)
                o->error = -EFBIG;
        if (o->depth == LIMIT_DEPTH)
                o->error = -ELOOP;
        if (o->b->failed)
                o->error = -ENOMEM;
        if (o->error)
                return;
        o->depth++;
        for (int i = 0; i < 4; i++)
                buf_u32(o->b, BMF_NONE);
        buf_u32(o->b, object->kind);
        if (object->qualifiers.present) {
                patch(o, at + 4, here(o) - at - BMF_OBJECT);
                put_qualifiers(o, &object->qualifiers);
        }
        patch(o, at + 8, here(o) - at - BMF_OBJECT);
        put_properties(o, object->properties, object->property_count);
        if (object->has_methods) {
                patch(o, at + 12, here(o) - at - BMF_OBJECT);
                put_properties(o, object->methods, object->method_count);
        }
        patch(o, at, here(o) - at);
        o->depth--;
}

static void put_flavors(Out *o)
{
        buf_put(o->b, "BMOFQUALFLAVOR11", 16);
        buf_u32(o->b, (uint32_t)o->count);
        for (size_t i = 0; i < o->count; i++) { // they were met in the order of their places
                buf_u32(o->b, o->flavors[i].at);
                buf_u32(o->b, o->flavors[i].flavor);
        }
}

int bmf_write(const Bmf *b, Buf *ret)
{
        Out o = {.b = ret, .start = ret->n, .pad = true, .never = b->unpadded};
        buf_put(ret, "FOMB", 4);
        buf_u32(ret, 0);
        buf_u32(ret, 1);
        buf_u32(ret, 1);
        buf_u32(ret, b->object_count);
        for (uint32_t i = 0; i < b->object_count && !o.error; i++)
                put_object(&o, b->objects[i]);
        patch(&o, 4, here(&o));
        if (b->has_flavors)
                put_flavors(&o);
        free(o.flavors);
        if (!o.error && ret->failed)
                o.error = -ENOMEM;
        if (!o.error && ret->n - o.start > LIMIT_BMF_BYTES)
                o.error = -EFBIG;
        return o.error;
}
