// SPDX-License-Identifier: MIT
// MS-WMIO: reading strings, values, class parts, method parts.
//
// Every length and reference is compared with what is there before it is followed, and what a list may hold
// is bounded by the bytes that it takes. The profile goes through each heap exactly once; elsewhere
// references may point anywhere, so what is read is paid for from a budget.
#include "cim/wmio-impl.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"

const char wmio_no_memory[] = "out of memory";
static const char cut_off[] = "it is cut off";

enum { STRING_NARROW = 0, STRING_WIDE = 1, STRING_COUNTED = 2 };
enum { QUALIFIER_FIXED = 9, LOOKUP_BYTES = 8, DERIVATION_LEAST = 6 };

bool wmio_fail(WmioReader *r, const uint8_t *where, const char *why)
{
        if (!r->wrong) {
                r->wrong = why;
                r->offset = (size_t)(where - r->start);
        }
        return false;
}

bool wmio_spend(WmioReader *r, size_t count, size_t size)
{
        size_t n;
        if (__builtin_mul_overflow(count, size, &n) || n > r->budget)
                return wmio_fail(r, r->start, "it would take too much memory");
        r->budget -= n;
        return true;
}

void *wmio_alloc(WmioReader *r, size_t count, size_t size)
{
        if (!wmio_spend(r, count, size))
                return NULL;
        void *p = arena_calloc(r->arena, count, size);
        if (!p)
                wmio_fail(r, r->start, wmio_no_memory);
        return p;
}

// --- the input, forwards -----------------------------------------------------------------------------------

bool wmio_in_bytes(WmioIn *in, size_t n, const uint8_t **ret)
{
        if (n > (size_t)(in->end - in->p))
                return wmio_fail(in->r, in->p, cut_off);
        *ret = in->p;
        in->p += n;
        return true;
}

#define WMIO_IN_INTEGER(T, name)                                                                             \
        bool name(WmioIn *in, T *ret)                                                                        \
        {                                                                                                    \
                const uint8_t *p;                                                                            \
                if (!wmio_in_bytes(in, sizeof(*ret), &p))                                                    \
                        return false;                                                                        \
                memcpy(ret, p, sizeof(*ret));                                                                \
                return true;                                                                                 \
        }
WMIO_IN_INTEGER(uint8_t, wmio_in_u8)
WMIO_IN_INTEGER(uint16_t, wmio_in_u16)
WMIO_IN_INTEGER(uint32_t, wmio_in_u32)

bool wmio_in_block(WmioIn *in, WmioIn *ret)
{
        const uint8_t *start = in->p, *p;
        uint32_t n;
        if (!wmio_in_u32(in, &n))
                return false;
        if (n < sizeof(n))
                return wmio_fail(in->r, start, "a length is smaller than itself");
        if (!wmio_in_bytes(in, n - sizeof(n), &p))
                return false;
        *ret = (WmioIn){in->r, p, in->p};
        return true;
}

bool wmio_in_heap_part(WmioIn *in, WmioHeap *ret)
{
        const uint8_t *start = in->p;
        uint32_t n;
        if (!wmio_in_u32(in, &n))
                return false;
        if (!(n & WMIO_HEAP))
                return wmio_fail(in->r, start, "the length of a heap has no 80000000h");
        ret->n = n & ~WMIO_HEAP;
        ret->at = 0;
        return wmio_in_bytes(in, ret->n, &ret->p);
}

bool wmio_in_end(WmioIn *in)
{
        return in->p == in->end ? true : wmio_fail(in->r, in->p, "there are bytes behind the end");
}

// --- heaps -------------------------------------------------------------------------------------------------

// Moves to what a reference stands for. The rest of the heap from there.
static bool heap_seek(WmioReader *r, WmioHeap *h, uint32_t ref, WmioIn *ret)
{
        if (ref > h->n || (!r->full && ref != h->at))
                return wmio_fail(r, h->p + h->at,
                                 "a reference points elsewhere than to the next thing in the heap");
        *ret = (WmioIn){r, h->p + ref, h->p + h->n};
        return true;
}

// What was read of `in` is done with.
static void heap_done(WmioHeap *h, const WmioIn *in)
{
        h->at = (size_t)(in->p - h->p);
}

bool wmio_heap_end(WmioReader *r, const WmioHeap *h)
{
        return r->full || h->at == h->n
                       ? true
                       : wmio_fail(r, h->p + h->at, "there are bytes in the heap that nothing uses");
}

// --- strings -----------------------------------------------------------------------------------------------

// n characters of one or two bytes at p.
typedef struct Chars {
        const uint8_t *p;
        size_t n;
        bool wide;
} Chars;

static uint16_t char_at(const Chars *s, size_t i)
{
        uint16_t c;
        if (!s->wide)
                return s->p[i];
        memcpy(&c, s->p + 2 * i, sizeof(c));
        return c;
}

static bool in_counted(WmioIn *in, Chars *ret)
{
        uint32_t n;
        if (!wmio_in_u32(in, &n) || !wmio_in_bytes(in, (size_t)n * 2, &ret->p))
                return false;
        *ret = (Chars){ret->p, n, true};
        for (size_t i = 0; i < n; i++)
                if (!char_at(ret, i))
                        return true;
        return wmio_fail(in->r, ret->p, "a string without a NUL inside is counted");
}

static bool in_wide(WmioIn *in, Chars *ret)
{
        size_t most = (size_t)(in->end - in->p) / 2;
        uint16_t all = 0, c;
        *ret = (Chars){in->p, 0, true};
        for (; ret->n < most && (c = char_at(ret, ret->n)); ret->n++)
                all |= c;
        if (ret->n == most)
                return wmio_fail(in->r, in->p, "a string has no end");
        if (all < 0x100 && !in->r->full)
                return wmio_fail(in->r, in->p, "a string of 8-bit characters takes 16 bits for each");
        in->p += (ret->n + 1) * 2;
        return true;
}

// An Encoded-String.
static bool in_string(WmioIn *in, Chars *ret)
{
        uint8_t form;
        if (!wmio_in_u8(in, &form))
                return false;
        if (form == STRING_WIDE)
                return in_wide(in, ret);
        if (form == STRING_COUNTED && !in->r->full)
                return in_counted(in, ret);
        if (form != STRING_NARROW)
                return wmio_fail(in->r, in->p - 1, "a string has a form that there is not");
        const uint8_t *end = memchr(in->p, 0, (size_t)(in->end - in->p));
        if (!end)
                return wmio_fail(in->r, in->p, "a string has no end");
        *ret = (Chars){in->p, (size_t)(end - in->p), false};
        in->p = end + 1;
        return true;
}

// The words that references above 80000000h stand for, in what others write.
static bool dictionary(WmioReader *r, const uint8_t *where, uint32_t ref, Chars *ret)
{
        static const char *const words[] = {"\"",       "key",     "",         "read",  "write",  "volatile",
                                            "provider", "dynamic", "cimwin32", "DWORD", "CIMTYPE"};
        uint32_t i = ref & ~WMIO_HEAP;
        if (i >= sizeof(words) / sizeof(words[0]) || !words[i][0])
                return wmio_fail(r, where, "a name is an entry of the dictionary that is not known");
        *ret = (Chars){(const uint8_t *)words[i], strlen(words[i]), false};
        return true;
}

static bool heap_string(WmioReader *r, WmioHeap *h, uint32_t ref, Chars *ret)
{
        if (r->full && (ref & WMIO_HEAP))
                return dictionary(r, h->p, ref, ret);
        WmioIn in;
        if (!heap_seek(r, h, ref, &in) || !in_string(&in, ret))
                return false;
        heap_done(h, &in);
        return true;
}

// As a value: in the profile where it stands if it can be, else a copy.
static bool chars_value(WmioReader *r, const Chars *s, Str16 *ret)
{
        if (!s->n) {
                *ret = (Str16){u"", 0};
                return true;
        }
        if (s->wide && !r->full && (uintptr_t)s->p % sizeof(char16_t) == 0) {
                *ret = (Str16){(const char16_t *)(const void *)s->p, s->n};
                return true;
        }
        char16_t *p = wmio_alloc(r, s->n + 1, sizeof(*p));
        if (!p)
                return false;
        if (s->wide)
                memcpy(p, s->p, s->n * sizeof(*p));
        else
                for (size_t i = 0; i < s->n; i++)
                        p[i] = s->p[i];
        *ret = (Str16){p, s->n};
        return true;
}

// As a name: UTF-8 in the arena. A lone surrogate would not come back.
static bool chars_name(WmioReader *r, const Chars *s, Str *ret)
{
        if (s->n > LIMIT_NAME_CHARS * 2 + LIMIT_NAMESPACE_CHARS)
                return wmio_fail(r, s->p, "a name is too long");
        char *text = wmio_alloc(r, s->n + 1, 3); // two units make four bytes
        if (!text)
                return false;
        size_t n = 0;
        for (size_t i = 0; i < s->n; i++) {
                uint32_t c = char_at(s, i);
                if (c >= 0xD800 && c < 0xE000) {
                        uint32_t low = i + 1 < s->n ? char_at(s, i + 1) : 0;
                        if (c >= 0xDC00 || low < 0xDC00 || low >= 0xE000)
                                return wmio_fail(r, s->p, "a name has half a character");
                        c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
                        i++;
                }
                n += utf8_encode(c, text + n);
        }
        *ret = (Str){text, n};
        return true;
}

bool wmio_in_name(WmioIn *in, Str *ret)
{
        Chars s;
        return in_string(in, &s) && chars_name(in->r, &s, ret);
}

bool wmio_heap_name(WmioReader *r, WmioHeap *h, uint32_t ref, Str *ret)
{
        Chars s;
        return heap_string(r, h, ref, &s) && chars_name(r, &s, ret);
}

// --- values ------------------------------------------------------------------------------------------------

#define NUMBER_AS(T, p)                                                                                      \
        ({                                                                                                   \
                T number_v;                                                                                  \
                memcpy(&number_v, (p), sizeof(number_v));                                                    \
                number_v;                                                                                    \
        })

// A signalling NaN would become a quiet one on the way to a double.
static bool get_real32(WmioReader *r, const uint8_t *p, CimValue *ret)
{
        uint32_t bits = NUMBER_AS(uint32_t, p);
        ret->real = (double)NUMBER_AS(float, p);
        bool signals = (bits & 0x7FC00000) == 0x7F800000 && (bits & 0x003FFFFF);
        return r->full || !signals ? true : wmio_fail(r, p, "a real32 is a signalling NaN");
}

static bool get_number(WmioReader *r, CimType t, const uint8_t *p, CimValue *ret)
{
        *ret = (CimValue){.type = (uint16_t)t};
        uint16_t truth;
        switch ((int)t) {
        case CIM_BOOLEAN:
                truth = NUMBER_AS(uint16_t, p);
                ret->boolean = truth != 0;
                return r->full || !truth || truth == 0xFFFF
                               ? true
                               : wmio_fail(r, p, "a boolean is neither 0 nor FFFFh");
        case CIM_SINT8:
                ret->sint = (int8_t)*p;
                return true;
        case CIM_UINT8:
                ret->uint = *p;
                return true;
        case CIM_SINT16:
                ret->sint = NUMBER_AS(int16_t, p);
                return true;
        case CIM_UINT16:
        case CIM_CHAR16:
                ret->uint = NUMBER_AS(uint16_t, p);
                return true;
        case CIM_SINT32:
                ret->sint = NUMBER_AS(int32_t, p);
                return true;
        case CIM_UINT32:
                ret->uint = NUMBER_AS(uint32_t, p);
                return true;
        case CIM_SINT64:
        case CIM_UINT64:
                ret->uint = NUMBER_AS(uint64_t, p);
                return true;
        case CIM_REAL32:
                return get_real32(r, p, ret);
        case CIM_REAL64:
                ret->real = NUMBER_AS(double, p);
                return true;
        default:
                return wmio_fail(r, p, "a value has a type that there is not");
        }
}

// Numbers of these types need no look when nobody wants them.
static bool any_bits(const WmioReader *r, CimType t)
{
        return r->full || (t != CIM_BOOLEAN && t != CIM_REAL32);
}

static bool get_item(WmioReader *r, WmioHeap *h, CimType t, Str class_name, const uint8_t *slot,
                     unsigned depth, CimValue *ret);

static bool get_array(WmioReader *r, WmioHeap *h, uint16_t type, Str class_name, uint32_t ref, unsigned depth,
                      CimValue *ret)
{
        WmioIn in;
        uint32_t n, width = wmio_width(cim_type(type));
        const uint8_t *slots;
        if (!heap_seek(r, h, ref, &in) || !wmio_in_u32(&in, &n))
                return false;
        if (n > LIMIT_ARRAY_ITEMS)
                return wmio_fail(r, in.p, "an array has too many elements");
        if (!wmio_in_bytes(&in, (size_t)n * width, &slots))
                return false;
        heap_done(h, &in);
        CimValue *items = NULL, item;
        if (ret) {
                items = wmio_alloc(r, n, sizeof(*items));
                if (!items)
                        return false;
                *ret = (CimValue){.type = type, .array = {items, n}};
        } else if (!wmio_in_heap((uint16_t)cim_type(type)) && any_bits(r, cim_type(type))) {
                return true;
        }
        for (uint32_t i = 0; i < n; i++) {
                bool number = !wmio_in_heap((uint16_t)cim_type(type)); // these are looked at into the void
                if (!get_item(r, h, cim_type(type), class_name, slots + (size_t)i * width, depth,
                              items    ? &items[i]
                              : number ? &item
                                       : NULL))
                        return false;
        }
        return true;
}

static bool get_object(WmioReader *r, WmioHeap *h, Str class_name, uint32_t ref, unsigned depth,
                       CimValue *ret)
{
        WmioIn in;
        uint32_t n;
        const uint8_t *p;
        if (!heap_seek(r, h, ref, &in) || !wmio_in_u32(&in, &n) || !wmio_in_bytes(&in, n, &p))
                return false;
        if (depth >= LIMIT_DEPTH)
                return wmio_fail(r, p, "objects are nested too deep");
        heap_done(h, &in);
        if (ret)
                *ret = (CimValue){.type = CIM_OBJECT};
        return r->object(r, p, n, class_name, depth + 1, ret ? &ret->object : NULL);
}

// A value that is not an array, or an element of one. ret may be NULL for what is in the heap.
static bool get_item(WmioReader *r, WmioHeap *h, CimType t, Str class_name, const uint8_t *slot,
                     unsigned depth, CimValue *ret)
{
        if (!wmio_in_heap((uint16_t)t))
                return get_number(r, t, slot, ret);
        uint32_t ref = NUMBER_AS(uint32_t, slot);
        if (ref == WMIO_NO_REF) {
                if (ret)
                        *ret = cim_null((uint16_t)t);
                return true;
        }
        if (t == CIM_OBJECT)
                return get_object(r, h, class_name, ref, depth, ret);
        Chars s;
        if (!heap_string(r, h, ref, &s))
                return false;
        if (!ret)
                return true;
        *ret = (CimValue){.type = (uint16_t)t};
        return chars_value(r, &s, &ret->string);
}

bool wmio_get_value(WmioReader *r, WmioHeap *h, uint16_t type, Str class_name, const uint8_t *slot,
                    unsigned depth, CimValue *ret)
{
        CimValue item;
        if (!wmio_in_heap(type))
                return get_number(r, cim_type(type), slot, ret ? ret : &item);
        uint32_t ref = NUMBER_AS(uint32_t, slot);
        if (ref == WMIO_NO_REF) {
                if (ret)
                        *ret = cim_null(type);
                return r->full ? true
                               : wmio_fail(r, slot, "a value that is not NULL has no place in the heap");
        }
        if (cim_is_array(type))
                return get_array(r, h, type, class_name, ref, depth, ret);
        return get_item(r, h, cim_type(type), class_name, slot, depth, ret);
}

// --- qualifiers --------------------------------------------------------------------------------------------

static bool get_qualifier_value(WmioReader *r, WmioHeap *h, uint32_t type, const uint8_t *slot, CimValue *ret)
{
        uint16_t t = (uint16_t)type;
        if (r->full || !(type & WMIO_QUALIFIER_NULL))
                return wmio_get_value(r, h, t, (Str){"", 0}, slot, 0, ret);
        *ret = cim_null(t);
        for (uint32_t i = 0; i < wmio_width(t); i++)
                if (slot[i])
                        return wmio_fail(r, slot, "there is a value where none may be");
        return true;
}

static bool get_qualifier(WmioIn *set, WmioHeap *h, CimQualifier *ret)
{
        WmioReader *r = set->r;
        uint32_t name, type;
        const uint8_t *slot, *start = set->p;
        if (!wmio_in_u32(set, &name) || !wmio_in_u8(set, &ret->flavor) || !wmio_in_u32(set, &type))
                return false;
        uint32_t plain = r->full ? type & ~(uint32_t)WMIO_INHERITED : type & ~WMIO_QUALIFIER_NULL;
        uint32_t width = wmio_width(plain);
        if (!width || (plain & 0xFF) == CIM_OBJECT)
                return wmio_fail(r, start + 5, "a qualifier has a type that it cannot have");
        return wmio_in_bytes(set, width, &slot) && wmio_heap_name(r, h, name, &ret->name) &&
               get_qualifier_value(r, h, r->full ? plain : type, slot, &ret->value);
}

// A qualifier set: its length, its entries; names and values in the heap, behind the set itself where that is
// in it.
static bool get_qualifiers(WmioIn *in, WmioHeap *h, bool in_heap, const CimQualifier **ret, size_t *ret_count)
{
        WmioIn set;
        size_t n = 0;
        if (!wmio_in_block(in, &set))
                return false;
        if (in_heap)
                heap_done(h, in);
        // The last one may be cut off.
        CimQualifier *q =
                wmio_alloc(in->r, (size_t)(set.end - set.p) / (QUALIFIER_FIXED + 1) + 1, sizeof(*q));
        if (!q)
                return false;
        while (set.p < set.end)
                if (!get_qualifier(&set, h, &q[n++]))
                        return false;
        *ret = n ? q : NULL;
        *ret_count = n;
        return true;
}

// --- classes -----------------------------------------------------------------------------------------------

static bool get_derivation(WmioIn *in, WmioPart *ret)
{
        WmioIn list;
        if (!wmio_in_block(in, &list))
                return false;
        size_t most = (size_t)(list.end - list.p) / DERIVATION_LEAST;
        Str *names = wmio_alloc(in->r, most < LIMIT_DEPTH ? most : LIMIT_DEPTH, sizeof(*names));
        if (!names)
                return false;
        ret->derivation = names;
        while (list.p < list.end) {
                const uint8_t *start = list.p;
                uint32_t length;
                if (ret->derivation_count == (most < LIMIT_DEPTH ? most : LIMIT_DEPTH))
                        return wmio_fail(in->r, start,
                                         most < LIMIT_DEPTH ? cut_off : "a class has too many superclasses");
                if (!wmio_in_name(&list, &names[ret->derivation_count++]))
                        return false;
                size_t n = (size_t)(list.p - start);
                if (!wmio_in_u32(&list, &length))
                        return false;
                if (length != n && !in->r->full)
                        return wmio_fail(in->r, start,
                                         "the name of a superclass has another length than it says");
        }
        return true;
}

// One entry of the look-up table; the property goes to its place in the order of declaration, *ret_offset is
// that of its value.
static bool get_property(WmioIn *lookup, WmioHeap *h, WmioPart *part, bool *seen, Str *last,
                         uint32_t *offsets)
{
        WmioReader *r = lookup->r;
        uint32_t name_ref, info_ref, type, offset;
        uint16_t order;
        WmioProperty p = {0};
        WmioIn info;
        if (!wmio_in_u32(lookup, &name_ref) || !wmio_in_u32(lookup, &info_ref) ||
            !wmio_heap_name(r, h, name_ref, &p.name))
                return false;
        if (!r->full && last->p && str_icmp(*last, p.name) >= 0)
                return wmio_fail(r, lookup->p, "the properties are not in the order of their names");
        *last = p.name;
        if (!heap_seek(r, h, info_ref, &info) || !wmio_in_u32(&info, &type) || !wmio_in_u16(&info, &order) ||
            !wmio_in_u32(&info, &offset) || !wmio_in_u32(&info, &p.origin))
                return false;
        p.inherited = type & WMIO_INHERITED;
        p.type = (uint16_t)(type & ~(uint32_t)WMIO_INHERITED);
        if (!wmio_width(type & ~(uint32_t)WMIO_INHERITED))
                return wmio_fail(r, info.p, "a property has a type that there is not");
        if (order >= part->property_count || seen[order])
                return wmio_fail(r, info.p, "two properties have one place in the order of declaration");
        if (!get_qualifiers(&info, h, true, &p.qualifiers, &p.qualifier_count))
                return false;
        seen[order] = true;
        offsets[order] = offset;
        part->properties[order] = p;
        return true;
}

static bool get_default(WmioReader *r, WmioHeap *h, const uint8_t *slot, WmioProperty *p)
{
        bool value = r->full ? !(p->nd & WMIO_NULL) : !p->nd;
        p->value = cim_null(p->type);
        if (value)
                return wmio_get_value(r, h, p->type, (Str){"", 0}, slot, 0, &p->value);
        for (uint32_t i = 0; i < wmio_width(p->type) && !r->full; i++)
                if (slot[i])
                        return wmio_fail(r, slot, "there is a value where none may be");
        return true;
}

// The table of defaults, `table`, in the order of declaration. In the profile there are no gaps.
static bool get_defaults(WmioReader *r, WmioIn *table, WmioHeap *h, const WmioPart *part,
                         const uint32_t *offsets)
{
        const uint8_t *nd;
        if (!wmio_in_bytes(table, (part->property_count + 3) / 4, &nd))
                return false;
        const uint8_t *values = table->p;
        size_t room = (size_t)(table->end - values), expected = 0;
        for (size_t i = 0; i < part->property_count; i++) {
                WmioProperty *p = &part->properties[i];
                uint32_t width = wmio_width(p->type);
                if (!r->full && offsets[i] != expected)
                        return wmio_fail(r, values,
                                         "a value is at another place than the order of declaration says");
                if (offsets[i] > room || width > room - offsets[i])
                        return wmio_fail(r, values, "a value is outside of its table");
                p->nd = nd[i / 4] >> (i % 4 * 2) & 3;
                if (!get_default(r, h, values + offsets[i], p))
                        return false;
                expected += width;
        }
        if (!r->full &&
            (expected != room ||
             (part->property_count % 4 && nd[part->property_count / 4] >> (part->property_count % 4 * 2))))
                return wmio_fail(r, values, "a table has more than its values");
        return true;
}

static bool get_properties(WmioIn *lookup, WmioIn *table, WmioHeap *h, WmioPart *part)
{
        WmioReader *r = lookup->r;
        size_t n = part->property_count;
        bool *seen = wmio_alloc(r, n, sizeof(*seen));
        uint32_t *offsets = wmio_alloc(r, n, sizeof(*offsets));
        part->properties = wmio_alloc(r, n, sizeof(*part->properties));
        if (!seen || !offsets || !part->properties)
                return false;
        part->offsets = offsets;
        Str last = {0};
        for (size_t i = 0; i < n; i++)
                if (!get_property(lookup, h, part, seen, &last, offsets))
                        return false;
        return get_defaults(r, table, h, part, offsets);
}

// The class's own name and qualifiers come first in the heap.
static bool get_class_heap(WmioReader *r, WmioHeap *h, uint32_t name, WmioIn *qualifiers, WmioPart *ret)
{
        if (name == WMIO_NO_REF)
                ret->name = (Str){0};
        else if (!wmio_heap_name(r, h, name, &ret->name))
                return false;
        return get_qualifiers(qualifiers, h, false, &ret->qualifiers, &ret->qualifier_count);
}

bool wmio_get_class_part(WmioIn *in, WmioPart *ret)
{
        WmioReader *r = in->r;
        WmioIn part, qualifiers, skipped;
        WmioHeap h;
        uint8_t zero;
        uint32_t name, values, count;
        const uint8_t *p;
        *ret = (WmioPart){0};
        if (!wmio_in_block(in, &part) || !wmio_in_u8(&part, &zero) || !wmio_in_u32(&part, &name) ||
            !wmio_in_u32(&part, &values) || !get_derivation(&part, ret))
                return false;
        if (zero && !r->full)
                return wmio_fail(r, part.p, "a reserved byte is not 0");
        qualifiers = part; // read when the heap is known
        if (!wmio_in_block(&part, &skipped) || !wmio_in_u32(&part, &count))
                return false;
        if (count > LIMIT_CLASS_PROPERTIES)
                return wmio_fail(r, part.p, "a class has too many properties");
        ret->property_count = count;
        ret->table = values;
        if (!wmio_in_bytes(&part, (size_t)count * LOOKUP_BYTES, &p))
                return false;
        WmioIn lookup = {r, p, part.p};
        if (!wmio_in_bytes(&part, values, &p))
                return false;
        WmioIn table = {r, p, part.p};
        return wmio_in_heap_part(&part, &h) && (r->full || wmio_in_end(&part)) &&
               get_class_heap(r, &h, name, &qualifiers, ret) && get_properties(&lookup, &table, &h, ret) &&
               wmio_heap_end(r, &h);
}

// --- methods -----------------------------------------------------------------------------------------------

// The class in a signature: an object block with an empty superclass. *ret NULL: there is no signature.
static bool get_signature(WmioReader *r, WmioHeap *h, uint32_t ref, const WmioPart **ret)
{
        WmioIn in;
        uint32_t n;
        uint8_t flags;
        const uint8_t *p;
        *ret = NULL;
        if (r->full && ref == WMIO_NO_REF)
                return true;
        if (!heap_seek(r, h, ref, &in) || !wmio_in_u32(&in, &n) || !wmio_in_bytes(&in, n, &p))
                return false;
        heap_done(h, &in);
        if (!n)
                return true;
        WmioIn block = {r, p, p + n};
        WmioPart above, *own = wmio_alloc(r, 1, sizeof(*own));
        if (!own || !wmio_in_u8(&block, &flags))
                return false;
        if ((flags & 3) != WMIO_CLASS || (flags != WMIO_CLASS && !r->full))
                return wmio_fail(r, p, "a signature is no class");
        if (r->nesting >= 2 * LIMIT_DEPTH)
                return wmio_fail(r, p, "objects are nested too deep");
        r->nesting++;
        Str none;
        if ((flags & WMIO_DECORATION) && (!wmio_in_name(&block, &none) || !wmio_in_name(&block, &none)))
                return false;
        if (!wmio_get_class_part(&block, &above) || !wmio_get_method_part(&block, &above) ||
            !wmio_get_class_part(&block, own) || !wmio_get_method_part(&block, own) ||
            (!r->full && !wmio_in_end(&block)))
                return false;
        r->nesting--;
        if (!r->full && (above.name.p || above.derivation_count || above.qualifier_count ||
                         above.property_count || above.method_count))
                return wmio_fail(r, p, "a signature has a superclass");
        *ret = own;
        return true;
}

static bool get_method_qualifiers(WmioReader *r, WmioHeap *h, uint32_t ref, WmioMethod *ret)
{
        if (r->full && ref == WMIO_NO_REF)
                return true;
        WmioIn in;
        return heap_seek(r, h, ref, &in) &&
               get_qualifiers(&in, h, true, &ret->qualifiers, &ret->qualifier_count);
}

static bool get_method(WmioIn *list, WmioHeap *h, WmioMethod *ret)
{
        WmioReader *r = list->r;
        uint32_t name, flags, qualifiers, in, out;
        if (!wmio_in_u32(list, &name) || !wmio_in_u32(list, &flags) || !wmio_in_u32(list, &ret->origin) ||
            !wmio_in_u32(list, &qualifiers) || !wmio_in_u32(list, &in) || !wmio_in_u32(list, &out))
                return false;
        if (!r->full && (flags || ret->origin))
                return wmio_fail(r, list->p, "a declared method is inherited");
        ret->inherited = flags & WMIO_PROPAGATED;
        return wmio_heap_name(r, h, name, &ret->name) && get_method_qualifiers(r, h, qualifiers, ret) &&
               get_signature(r, h, in, &ret->in) && get_signature(r, h, out, &ret->out);
}

bool wmio_get_method_part(WmioIn *in, WmioPart *ret)
{
        WmioReader *r = in->r;
        WmioIn part;
        WmioHeap h;
        uint16_t count, zero;
        const uint8_t *p;
        if (!wmio_in_block(in, &part) || !wmio_in_u16(&part, &count) || !wmio_in_u16(&part, &zero) ||
            !wmio_in_bytes(&part, (size_t)count * WMIO_METHOD_BYTES, &p))
                return false;
        if (zero && !r->full)
                return wmio_fail(r, part.p, "a reserved number is not 0");
        if (count > LIMIT_CLASS_PROPERTIES)
                return wmio_fail(r, part.p, "a class has too many methods");
        WmioIn list = {r, p, part.p};
        if (!wmio_in_heap_part(&part, &h) || (!r->full && !wmio_in_end(&part)))
                return false;
        ret->method_count = count;
        ret->methods = wmio_alloc(r, count, sizeof(*ret->methods));
        if (!ret->methods)
                return false;
        for (size_t i = 0; i < count; i++)
                if (!get_method(&list, &h, &ret->methods[i]))
                        return false;
        return wmio_heap_end(r, &h);
}
