// SPDX-License-Identifier: MIT
// MS-WMIO: writing strings, values, class parts, method parts.
#include "cim/wmio-impl.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"

enum { STRING_NARROW = 0, STRING_WIDE = 1, STRING_COUNTED = 2 };

uint32_t wmio_width(uint32_t type)
{
        if (type & ~(CIM_ARRAY | 0xFFu))
                return 0;
        bool array = type & CIM_ARRAY;
        switch (type & 0xFF) {
        case CIM_SINT8:
        case CIM_UINT8:
                return array ? 4 : 1;
        case CIM_SINT16:
        case CIM_UINT16:
        case CIM_CHAR16:
        case CIM_BOOLEAN:
                return array ? 4 : 2;
        case CIM_SINT64:
        case CIM_UINT64:
        case CIM_REAL64:
                return array ? 4 : 8;
        case CIM_SINT32:
        case CIM_UINT32:
        case CIM_REAL32:
        case CIM_STRING:
        case CIM_DATETIME:
        case CIM_REFERENCE:
        case CIM_OBJECT:
                return 4;
        default:
                return 0;
        }
}

bool wmio_in_heap(uint16_t type)
{
        CimType t = cim_type(type);
        return cim_is_array(type) || t == CIM_STRING || t == CIM_DATETIME || t == CIM_REFERENCE ||
               t == CIM_OBJECT;
}

uint32_t wmio_max(uint16_t type, const CimQualifier *q, size_t n, size_t *ret_index)
{
        const CimQualifier *max = cim_is_array(type) ? cim_qualifier_find(q, n, STR("MAX")) : NULL;
        if (!max || max->value.null)
                return 0;
        uint16_t t = max->value.type; // of an array neither is true
        bool number = cim_type_is_signed(t) || cim_type_is_unsigned(t);
        if (!number || max->value.uint > LIMIT_ARRAY_ITEMS)
                return 0;
        if (ret_index)
                *ret_index = (size_t)(max - q);
        return (uint32_t)max->value.uint;
}

Str16 wmio_cimtype(Arena *a, uint16_t type, Str class_name)
{
        CimType t = cim_type(type);
        Str type_name = t == CIM_OBJECT ? STR("object") : str_of(cim_type_name(type));
        if (!class_name.n)
                return utf_to16(a, type_name);
        char *text = arena_alloc(a, type_name.n + 1 + class_name.n);
        if (!text)
                return (Str16){0};
        memcpy(text, type_name.p, type_name.n);
        text[type_name.n] = ':';
        memcpy(text + type_name.n + 1, class_name.p, class_name.n);
        return utf_to16(a, (Str){text, type_name.n + 1 + class_name.n});
}

Str wmio_cimtype_class(Arena *a, const CimValue *v)
{
        if (v->type != CIM_STRING || v->null)
                return (Str){"", 0};
        for (size_t i = 0; i < v->string.n; i++)
                if (v->string.p[i] == ':')
                        return utf_to8(a, (Str16){v->string.p + i + 1, v->string.n - i - 1});
        return (Str){"", 0};
}

// --- strings -----------------------------------------------------------------------------------------------

void wmio_put_name(Str s, Buf *out)
{
        bool narrow = true;
        uint32_t c;
        for (size_t i = 0; i < s.n && narrow; i += utf8_decode(s.p + i, s.n - i, &c), narrow = c < 0x100)
                c = 0;
        buf_u8(out, narrow ? STRING_NARROW : STRING_WIDE);
        for (size_t i = 0; i < s.n;) {
                i += utf8_decode(s.p + i, s.n - i, &c);
                if (narrow) {
                        buf_u8(out, (uint8_t)c);
                } else if (c < 0x10000) {
                        buf_u16(out, (uint16_t)c);
                } else {
                        buf_u16(out, (uint16_t)(0xD7C0 + (c >> 10)));
                        buf_u16(out, (uint16_t)(0xDC00 | (c & 0x3FF)));
                }
        }
        if (narrow)
                buf_u8(out, 0);
        else
                buf_u16(out, 0);
}

static void put_string(const WmioWriter *w, Str16 s, Buf *out)
{
        char16_t all = 0;
        size_t n = 0;
        for (; n < s.n && s.p[n]; n++)
                all |= s.p[n];
        if (n < s.n && !w->full) {
                buf_u8(out, STRING_COUNTED);
                buf_str16(out, s);
                return;
        }
        bool narrow = all < 0x100;
        uint8_t *to = buf_reserve(out, 1 + (n + 1) * (narrow ? 1 : 2));
        if (!to)
                return;
        *to++ = narrow ? STRING_NARROW : STRING_WIDE;
        if (narrow) {
                for (size_t i = 0; i < n; i++)
                        to[i] = (uint8_t)s.p[i];
                to[n] = 0;
        } else {
                memcpy(to, s.p, n * 2);
                memset(to + n * 2, 0, 2);
        }
        out->n += 1 + (n + 1) * (narrow ? 1 : 2);
}

// --- values ------------------------------------------------------------------------------------------------

static bool number_fits(const CimValue *v)
{
        CimType t = cim_type(v->type);
        int64_t least;
        uint64_t most;
        if (!cim_type_range(t, &least, &most))
                return t != CIM_CHAR16 || v->uint <= UINT16_MAX;
        return cim_type_is_signed(t) ? v->sint >= least && v->sint <= (int64_t)most : v->uint <= most;
}

// A number that is not null.
static void put_number(const CimValue *v, uint8_t *to)
{
        uint64_t bits = v->uint;
        float real;
        switch ((int)cim_type(v->type)) {
        case CIM_BOOLEAN:
                bits = v->boolean ? 0xFFFF : 0;
                break;
        case CIM_REAL32:
                real = (float)v->real;
                memcpy(&bits, &real, sizeof(real));
                break;
        default:
                break;
        }
        memcpy(to, &bits, wmio_width(cim_type(v->type)));
}

static int put_value(WmioWriter *w, const CimValue *v, size_t slot, size_t heap, unsigned depth, Buf *out);

static int put_array(WmioWriter *w, const CimValue *v, size_t heap, unsigned depth, Buf *out)
{
        uint32_t n = v->array.count, width = wmio_width(cim_type(v->type));
        if (n > LIMIT_ARRAY_ITEMS)
                return -E2BIG;
        buf_u32(out, n);
        uint8_t *to = buf_reserve(out, (size_t)n * width);
        if (!to)
                return -ENOMEM;
        size_t at = out->n;
        memset(to, 0, (size_t)n * width);
        out->n += (size_t)n * width;
        for (uint32_t i = 0; i < n; i++) {
                const CimValue *item = &v->array.items[i];
                if (item->null && wmio_in_heap((uint16_t)cim_type(v->type))) {
                        buf_patch_u32(out, at + (size_t)i * width, WMIO_NO_REF);
                        continue;
                }
                if (item->null || item->type != cim_type(v->type))
                        return -EINVAL;
                int r = put_value(w, item, at + (size_t)i * width, heap, depth, out);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_object(WmioWriter *w, const CimInstance *i, unsigned depth, Buf *out)
{
        if (depth >= LIMIT_DEPTH)
                return -ELOOP;
        size_t at = out->n;
        buf_u32(out, 0);
        int r = w->object(w, i, depth + 1, out);
        if (r == 0)
                buf_patch_u32(out, at, (uint32_t)(out->n - at - sizeof(uint32_t)));
        return r;
}

// A value that is not null: into its slot, or to the end of the heap with a reference in the slot.
static int put_value(WmioWriter *w, const CimValue *v, size_t slot, size_t heap, unsigned depth, Buf *out)
{
        if (out->failed)
                return -ENOMEM;
        if (!wmio_in_heap(v->type)) {
                if (!wmio_width(v->type) || !number_fits(v))
                        return -EINVAL;
                put_number(v, out->p + slot);
                return 0;
        }
        buf_patch_u32(out, slot, (uint32_t)(out->n - heap));
        int r = 0;
        if (cim_is_array(v->type))
                r = put_array(w, v, heap, depth, out);
        else if (cim_type(v->type) == CIM_OBJECT)
                r = put_object(w, v->object, depth, out);
        else
                put_string(w, v->string, out);
        if (r == 0 && out->failed)
                r = -ENOMEM;
        return r == 0 && out->n - w->start > w->limit ? -E2BIG : r;
}

// Room for n zero bytes; where they are.
static size_t put_zeros(Buf *out, size_t n)
{
        size_t at = out->n;
        uint8_t *to = buf_reserve(out, n);
        if (to) {
                memset(to, 0, n);
                out->n += n;
        }
        return at;
}

static size_t nd_bytes(size_t properties)
{
        return (properties + 3) / 4;
}

static size_t heap_begin(Buf *out)
{
        buf_u32(out, 0);
        return out->n;
}

static int heap_end(const WmioWriter *w, size_t heap, Buf *out)
{
        if (out->failed)
                return -ENOMEM;
        if (out->n - w->start > w->limit)
                return -E2BIG;
        buf_patch_u32(out, heap - sizeof(uint32_t), (uint32_t)(out->n - heap) | WMIO_HEAP);
        return 0;
}

// Is every object in v one that a property of this class may hold? A reader would refuse others.
static bool objects_fit(const CimValue *v, Str class_name)
{
        if (!class_name.n || cim_type(v->type) != CIM_OBJECT)
                return true;
        if (!cim_is_array(v->type))
                return cim_class_isa(v->object->class, class_name);
        for (uint32_t i = 0; i < v->array.count; i++)
                if (!v->array.items[i].null && !objects_fit(&v->array.items[i], class_name))
                        return false;
        return true;
}

int wmio_put_instance(WmioWriter *w, const CimInstance *i, unsigned depth, Buf *out)
{
        const CimClass *c = i->class;
        size_t nd = put_zeros(out, nd_bytes(c->property_count)), slot = out->n, width = 0;
        for (size_t k = 0; k < c->property_count; k++)
                width += wmio_width(c->properties[k].type);
        put_zeros(out, width);
        if (w->full) { // no qualifiers of the instance, none of its properties
                buf_u32(out, sizeof(uint32_t));
                buf_u8(out, 1);
        }
        size_t heap = heap_begin(out);
        if (w->full)
                wmio_put_name(c->name, out);
        for (size_t k = 0; k < c->property_count; k++) {
                const CimProperty *p = &c->properties[k];
                const CimValue *v = &i->values[k];
                if (out->failed)
                        return -ENOMEM;
                int r = 0;
                if (v->null)
                        out->p[nd + k / 4] |= (uint8_t)(WMIO_NULL << (k % 4 * 2));
                else if (v->type != p->type || !objects_fit(v, p->class_name))
                        r = -EINVAL;
                else
                        r = put_value(w, v, slot, heap, depth, out);
                if (r < 0)
                        return r;
                slot += wmio_width(p->type);
        }
        return heap_end(w, heap, out);
}

// --- qualifiers --------------------------------------------------------------------------------------------

enum { QUALIFIER_FIXED = 9 }; // name, flavor, type

// The set with empty references; where it begins.
static size_t put_qualifiers(const CimQualifier *q, size_t n, Buf *out)
{
        size_t at = out->n;
        buf_u32(out, 0);
        for (size_t i = 0; i < n; i++) {
                buf_u32(out, 0);
                buf_u8(out, q[i].flavor);
                buf_u32(out, q[i].value.type);
                put_zeros(out, wmio_width(q[i].value.type));
        }
        buf_patch_u32(out, at, (uint32_t)(out->n - at));
        return at;
}

// What the set refers to: names and values, behind each other.
static int put_qualifiers_heap(WmioWriter *w, size_t set, const CimQualifier *q, size_t n, size_t heap,
                               Buf *out)
{
        size_t at = set + sizeof(uint32_t);
        for (size_t i = 0; i < n; i++) {
                const CimValue *v = &q[i].value;
                buf_patch_u32(out, at, (uint32_t)(out->n - heap));
                wmio_put_name(q[i].name, out);
                if (v->null && !w->full)
                        buf_patch_u32(out, at + 5, v->type | WMIO_QUALIFIER_NULL);
                else if (v->null && wmio_in_heap(v->type))
                        buf_patch_u32(out, at + QUALIFIER_FIXED, WMIO_NO_REF);
                int r = v->null ? 0 : put_value(w, v, at + QUALIFIER_FIXED, heap, 0, out);
                if (r < 0)
                        return r;
                at += QUALIFIER_FIXED + wmio_width(v->type);
        }
        return 0;
}

// --- classes -----------------------------------------------------------------------------------------------

static int by_name(const void *a, const void *b)
{
        const WmioProperty *const *p = a, *const *q = b;
        int order = str_icmp((*p)->name, (*q)->name);
        return order ? order : (*p < *q ? -1 : 1);
}

static void put_derivation(const WmioPart *p, Buf *out)
{
        size_t at = out->n;
        buf_u32(out, 0);
        for (size_t i = 0; i < p->derivation_count; i++) {
                size_t name = out->n;
                wmio_put_name(p->derivation[i], out);
                buf_u32(out, (uint32_t)(out->n - name));
        }
        buf_patch_u32(out, at, (uint32_t)(out->n - at));
}

// Names and infos of all properties; their references go into the table at `lookup`.
static int put_properties(WmioWriter *w, const WmioPart *p, size_t lookup, size_t heap, Buf *out)
{
        WmioProperty **sorted = arena_array(&w->scratch, WmioProperty *, p->property_count);
        uint32_t *offsets = arena_array(&w->scratch, uint32_t, p->property_count);
        if (!sorted || !offsets)
                return -ENOMEM;
        uint32_t offset = 0;
        for (size_t i = 0; i < p->property_count; i++) {
                sorted[i] = &p->properties[i];
                offsets[i] = offset;
                offset += wmio_width(p->properties[i].type);
        }
        qsort(sorted, p->property_count, sizeof(*sorted), by_name);
        for (size_t i = 0; i < p->property_count; i++, lookup += 2 * sizeof(uint32_t)) {
                const WmioProperty *q = sorted[i];
                size_t order = (size_t)(q - p->properties);
                buf_patch_u32(out, lookup, (uint32_t)(out->n - heap));
                wmio_put_name(q->name, out);
                buf_patch_u32(out, lookup + sizeof(uint32_t), (uint32_t)(out->n - heap));
                buf_u32(out, q->type | (q->inherited ? WMIO_INHERITED : 0u));
                buf_u16(out, (uint16_t)order);
                buf_u32(out, offsets[order]);
                buf_u32(out, q->origin);
                size_t set = put_qualifiers(q->qualifiers, q->qualifier_count, out);
                int r = put_qualifiers_heap(w, set, q->qualifiers, q->qualifier_count, heap, out);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_defaults(WmioWriter *w, const WmioPart *p, size_t nd, size_t slot, size_t heap, Buf *out)
{
        for (size_t i = 0; i < p->property_count; i++) {
                const WmioProperty *q = &p->properties[i];
                if (out->failed)
                        return -ENOMEM;
                out->p[nd + i / 4] |= (uint8_t)(q->nd << (i % 4 * 2));
                bool value = w->full ? !(q->nd & WMIO_NULL) : !q->nd;
                int r = value ? put_value(w, &q->value, slot, heap, 0, out) : 0;
                if (r < 0)
                        return r;
                slot += wmio_width(q->type);
        }
        return 0;
}

int wmio_put_class_part(WmioWriter *w, const WmioPart *p, Buf *out)
{
        size_t at = out->n, values = 0;
        for (size_t i = 0; i < p->property_count; i++)
                values += wmio_width(p->properties[i].type);
        buf_u32(out, 0);
        buf_u8(out, 0);
        buf_u32(out, p->name.p ? 0 : WMIO_NO_REF);
        buf_u32(out, (uint32_t)(nd_bytes(p->property_count) + values));
        put_derivation(p, out);
        size_t set = put_qualifiers(p->qualifiers, p->qualifier_count, out);
        buf_u32(out, (uint32_t)p->property_count);
        size_t lookup = put_zeros(out, p->property_count * 2 * sizeof(uint32_t));
        size_t nd = put_zeros(out, nd_bytes(p->property_count)), slot = put_zeros(out, values);
        size_t heap = heap_begin(out);
        if (p->name.p)
                wmio_put_name(p->name, out);
        int r = put_qualifiers_heap(w, set, p->qualifiers, p->qualifier_count, heap, out);
        if (r == 0)
                r = put_properties(w, p, lookup, heap, out);
        if (r == 0)
                r = put_defaults(w, p, nd, slot, heap, out);
        if (r == 0)
                r = heap_end(w, heap, out);
        if (r == 0)
                buf_patch_u32(out, at, (uint32_t)(out->n - at));
        return r;
}

// --- methods -----------------------------------------------------------------------------------------------

// A signature: the length of an object block, 0 for none, and the block: a class without superclass.
static int put_signature(WmioWriter *w, const WmioPart *p, size_t ref, size_t heap, Buf *out)
{
        static const WmioPart none;
        buf_patch_u32(out, ref, (uint32_t)(out->n - heap));
        size_t at = out->n;
        buf_u32(out, 0);
        if (!p)
                return 0;
        buf_u8(out, WMIO_CLASS);
        int r = wmio_put_class_part(w, &none, out);
        if (r == 0)
                r = wmio_put_method_part(w, &none, out);
        if (r == 0)
                r = wmio_put_class_part(w, p, out);
        if (r == 0)
                r = wmio_put_method_part(w, p, out);
        if (r == 0)
                buf_patch_u32(out, at, (uint32_t)(out->n - at - sizeof(uint32_t)));
        return r;
}

int wmio_put_method_part(WmioWriter *w, const WmioPart *p, Buf *out)
{
        size_t at = out->n;
        buf_u32(out, 0);
        buf_u16(out, (uint16_t)p->method_count);
        buf_u16(out, 0);
        size_t fixed = out->n;
        for (size_t i = 0; i < p->method_count; i++) {
                buf_u32(out, 0);
                buf_u32(out, p->methods[i].inherited ? WMIO_PROPAGATED : 0); // flags and padding
                buf_u32(out, p->methods[i].origin);
                put_zeros(out, 3 * sizeof(uint32_t));
        }
        size_t heap = heap_begin(out);
        int r = 0;
        for (size_t i = 0; i < p->method_count && r == 0; i++, fixed += WMIO_METHOD_BYTES) {
                const WmioMethod *m = &p->methods[i];
                buf_patch_u32(out, fixed, (uint32_t)(out->n - heap));
                wmio_put_name(m->name, out);
                buf_patch_u32(out, fixed + 12, (uint32_t)(out->n - heap));
                size_t set = put_qualifiers(m->qualifiers, m->qualifier_count, out);
                r = put_qualifiers_heap(w, set, m->qualifiers, m->qualifier_count, heap, out);
                if (r == 0)
                        r = put_signature(w, m->in, fixed + 16, heap, out);
                if (r == 0)
                        r = put_signature(w, m->out, fixed + 20, heap, out);
        }
        if (r == 0)
                r = heap_end(w, heap, out);
        if (r == 0)
                buf_patch_u32(out, at, (uint32_t)(out->n - at));
        return r;
}
