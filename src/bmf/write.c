// SPDX-License-Identifier: MIT
// Records to expanded bytes.
//
// Names and values are padded to four bytes each. In an array only the last element is, with what stands in
// it; but an array always leaves padding switched on, so that one inside of an element that is not the last
// switches it on for the rest of that element. Files of the Windows 2000 kind have no padding at all.
#include "bmf/bmf-impl.h"

typedef struct Writing {
        Buf *out;
        size_t begin;        // where it begins in *out
        size_t limit, items; // bytes; records and elements that may still come
        bool align, never_align;
        bool much; // too deep, or too many records
        Buf flavors;
        uint32_t flavor_count;
} Writing;

unsigned bmf_size_of(uint32_t type)
{
        switch (type & ~(uint32_t)CIM_ARRAY) {
        case CIM_SINT8:
        case CIM_UINT8:
                return 1;
        case CIM_SINT16:
        case CIM_UINT16:
        case CIM_CHAR16:
        case CIM_BOOLEAN:
                return 2;
        case CIM_SINT32:
        case CIM_UINT32:
        case CIM_REAL32:
                return 4;
        case CIM_SINT64:
        case CIM_UINT64:
        case CIM_REAL64:
                return 8;
        default:
                return 0;
        }
}

bool bmf_is_text(uint32_t type)
{
        uint32_t t = type & ~(uint32_t)CIM_ARRAY;
        return t & BMF_ALIAS || t == CIM_STRING || t == CIM_DATETIME || t == CIM_REFERENCE;
}

// Where the next byte goes.
static uint32_t here(const Writing *w)
{
        return (uint32_t)(w->out->n - w->begin);
}

// False: it has become too large (or memory is out), and nothing more needs to be written.
static bool going(const Writing *w)
{
        return !w->out->failed && !w->much && w->out->n - w->begin <= w->limit;
}

// A count that is written.
static void put_count(Writing *w, uint32_t count)
{
        w->much |= count > w->items || count > LIMIT_MOF_ITEMS;
        w->items -= w->much ? 0 : count;
        buf_u32(w->out, count);
}

// A word to be filled in later; its offset.
static uint32_t put_hole(Writing *w)
{
        uint32_t at = here(w);
        buf_u32(w->out, 0);
        return at;
}

static void fill(Writing *w, uint32_t at, uint32_t v)
{
        buf_patch_u32(w->out, w->begin + at, v);
}

static void pad(Writing *w, uint32_t begin)
{
        static const uint8_t zeros[4] = {0};
        if (w->align && !w->never_align)
                buf_put(w->out, zeros, (4 - (here(w) - begin) % 4) % 4);
}

static void put_string(Writing *w, Str16 s)
{
        buf_put(w->out, s.p, s.n * 2);
        buf_u16(w->out, 0);
}

static void put_name(Writing *w, Str16 name)
{
        uint32_t begin = here(w);
        put_string(w, name);
        pad(w, begin);
}

static void put_object(Writing *w, const BmfObject *o, unsigned depth);

static void put_scalar(Writing *w, const BmfValue *v, unsigned depth)
{
        uint32_t begin = here(w);
        if (cim_type(v->type) == CIM_OBJECT) {
                put_object(w, v->object, depth);
                return;
        }
        if (bmf_is_text(v->type))
                put_string(w, v->string);
        else
                buf_put(w->out, &v->bits, bmf_size_of(v->type)); // little endian
        pad(w, begin);
}

static void put_value(Writing *w, const BmfValue *v, unsigned depth)
{
        if (!(v->type & CIM_ARRAY)) {
                put_scalar(w, v, depth);
                return;
        }
        uint32_t size = put_hole(w);
        buf_u32(w->out, 1);
        put_count(w, v->array.count);
        uint32_t rest = put_hole(w);
        for (uint32_t i = 0; i < v->array.count && going(w); i++) {
                w->align = i + 1 == v->array.count;
                put_scalar(w, &v->array.items[i], depth);
        }
        w->align = true;
        fill(w, size, here(w) - size);
        fill(w, rest, here(w) - rest);
}

static void put_qualifier(Writing *w, const BmfQualifier *q, unsigned depth)
{
        if (q->has_flavor) {
                buf_u32(&w->flavors, here(w));
                buf_u32(&w->flavors, q->flavor);
                w->flavor_count++;
        }
        uint32_t size = put_hole(w);
        buf_u32(w->out, q->value.type);
        buf_u32(w->out, 0);
        uint32_t value = put_hole(w), base = here(w);
        put_name(w, q->name);
        fill(w, value, q->has_value ? here(w) - base : BMF_NONE);
        if (q->has_value)
                put_value(w, &q->value, depth);
        fill(w, size, here(w) - size);
}

static void put_qualifiers(Writing *w, const BmfQualifiers *q, unsigned depth)
{
        uint32_t size = put_hole(w);
        put_count(w, q->count);
        for (uint32_t i = 0; i < q->count && going(w); i++)
                put_qualifier(w, &q->items[i], depth);
        fill(w, size, here(w) - size);
}

static void put_record(Writing *w, const BmfProperty *p, unsigned depth)
{
        uint32_t size = put_hole(w);
        buf_u32(w->out, p->type);
        buf_u32(w->out, 0);
        uint32_t value = put_hole(w), qualifiers = put_hole(w), base = here(w);
        put_name(w, p->name);
        fill(w, value, p->has_value ? here(w) - base : BMF_NONE);
        if (p->has_value)
                put_value(w, &p->value, depth);
        fill(w, qualifiers, p->qualifiers.present ? here(w) - base : BMF_NONE);
        if (p->qualifiers.present)
                put_qualifiers(w, &p->qualifiers, depth);
        fill(w, size, here(w) - size);
}

static void put_records(Writing *w, const BmfProperty *p, uint32_t count, unsigned depth)
{
        uint32_t size = put_hole(w);
        put_count(w, count);
        for (uint32_t i = 0; i < count && going(w); i++)
                put_record(w, &p[i], depth);
        fill(w, size, here(w) - size);
}

static void put_object(Writing *w, const BmfObject *o, unsigned depth)
{
        if (depth > BMF_DEPTH) {
                w->much = true;
                return;
        }
        uint32_t size = put_hole(w), qualifiers = put_hole(w), properties = put_hole(w),
                 methods = put_hole(w);
        buf_u32(w->out, o->kind);
        uint32_t base = here(w);
        fill(w, qualifiers, o->qualifiers.present ? 0 : BMF_NONE);
        if (o->qualifiers.present)
                put_qualifiers(w, &o->qualifiers, depth + 1);
        fill(w, properties, here(w) - base);
        put_records(w, o->properties, o->property_count, depth + 1);
        fill(w, methods, o->has_methods ? here(w) - base : BMF_NONE);
        if (o->has_methods)
                put_records(w, o->methods, o->method_count, depth + 1);
        fill(w, size, here(w) - size);
}

static void put_flavors(Writing *w)
{
        buf_put(w->out, BMF_FLAVOR_MARK, sizeof(BMF_FLAVOR_MARK) - 1);
        buf_u32(w->out, w->flavor_count);
        buf_put(w->out, w->flavors.p, w->flavors.n);
}

int bmf_write_within(const Bmf *b, size_t limit, size_t items, Buf *ret)
{
        Writing w = {.out = ret,
                     .begin = ret->n,
                     .limit = limit,
                     .items = items,
                     .align = true,
                     .never_align = b->unpadded};
        buf_put(ret, "FOMB", 4);
        uint32_t size = put_hole(&w);
        buf_u32(ret, 1);
        buf_u32(ret, 1);
        put_count(&w, b->object_count);
        for (uint32_t i = 0; i < b->object_count && going(&w); i++)
                put_object(&w, b->objects[i], 0);
        fill(&w, size, here(&w));
        if (b->has_flavors && going(&w))
                put_flavors(&w);
        bool failed = ret->failed || w.flavors.failed;
        buf_deinit(&w.flavors);
        if (failed)
                return -ENOMEM;
        return going(&w) ? 0 : -EFBIG;
}

int bmf_write(const Bmf *b, Buf *ret)
{
        return bmf_write_within(b, LIMIT_BMF_BYTES, LIMIT_BMF_ITEMS, ret);
}
