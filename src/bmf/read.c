// SPDX-License-Identifier: MIT
// Expanded bytes to records.
//
// Everything must stand inside of what holds it, its parts in their order and none over another: so each byte
// is read once, and memory is in proportion to the input. A record with a fault in it is left out, and
// reading goes on behind it; what is only superfluous or missing around records (padding, counts that say the
// same twice, flavors of nothing) is told.
#include "bmf/bmf-impl.h"

#include <stdlib.h>

typedef struct Flavor {
        uint32_t at, flavor, index; // index: in the file's order
        bool used;
} Flavor;

typedef struct Reading {
        const uint8_t *p;   // the copy in the arena
        size_t n;           // of the part with the objects
        const uint8_t *odd; // the same one byte higher, for strings at odd offsets; made when there is one
        Arena *arena;
        Flavor *flavors; // by offset
        size_t flavor_count, flavors_used;
        bool align;              // names and values are padded here, as write.c does it
        size_t padded, unpadded; // places that tell which of the two it is
        size_t items;            // records and elements that may still come
        size_t faults;
        Diag *d;
} Reading;

// A stretch of the input: [at, end).
typedef struct Region {
        size_t at, end;
} Region;

// Remembers the first fault. Returns E_DIAG.
static int fault(Reading *r, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fault(Reading *r, size_t at, const char *format, ...)
{
        if (r->faults++ || !r->d)
                return E_DIAG;
        va_list args;
        va_start(args, format);
        diag_setv(r->d, (uint32_t)CIM_MOF_INVALID_FILE, format, args);
        va_end(args);
        r->d->offset = at;
        return E_DIAG;
}

// The caller has checked that the four bytes are there.
static uint32_t word(const Reading *r, size_t at)
{
        uint32_t v;
        memcpy(&v, r->p + at, sizeof(v));
        return v;
}

static size_t left(const Region *g)
{
        return g->end - g->at;
}

// Memory is asked for each of them.
static bool take_items(Reading *r, uint32_t count)
{
        if (count > LIMIT_MOF_ITEMS || count > r->items)
                return false;
        r->items -= count;
        return true;
}

// --- padding -------------------------------------------------------------------------------------

// Behind a name or value of `own` bytes stand `gap` bytes that belong to nothing.
static void take_gap(Reading *r, size_t at, size_t own, size_t gap)
{
        size_t padding = (4 - own % 4) % 4;
        if (gap != 0 && gap != padding) {
                fault(r, at, "%zu bytes that belong to nothing", gap);
                return;
        }
        if (!r->align || padding == 0)
                return;
        *(gap ? &r->padded : &r->unpadded) += 1;
}

// --- strings -------------------------------------------------------------------------------------

static const uint8_t *odd_copy(Reading *r)
{
        if (!r->odd) {
                uint8_t *copy = arena_alloc(r->arena, r->n + 1);
                if (copy)
                        memcpy(copy + 1, r->p, r->n);
                r->odd = copy ? copy + 1 : NULL;
        }
        return r->odd;
}

// A string up to its terminator; g->at moves behind that.
static int read_string(Reading *r, Region *g, const char *what, Str16 *ret)
{
        size_t i = g->at;
        while (g->end - i >= 2 && (r->p[i] | r->p[i + 1]))
                i += 2;
        if (g->end - i < 2)
                return fault(r, g->at, "%s without an end", what);
        const uint8_t *from = g->at % 2 ? odd_copy(r) : r->p;
        if (!from)
                return -ENOMEM;
        *ret = (Str16){(const char16_t *)(const void *)(from + g->at), (i - g->at) / 2};
        g->at = i + 2;
        return 0;
}

// --- values --------------------------------------------------------------------------------------

static int read_object(Reading *r, Region *g, unsigned depth, const BmfObject **ret);

static int read_scalar(Reading *r, Region *g, uint16_t type, unsigned depth, BmfValue *v)
{
        unsigned bytes = bmf_size_of(type);
        v->type = type;
        if (bmf_is_text(type))
                return read_string(r, g, "a string", &v->string);
        if (cim_type(type) == CIM_OBJECT)
                return read_object(r, g, depth, &v->object);
        if (bytes > left(g))
                return fault(r, g->at, "a value of %u bytes where there are only %zu", bytes, left(g));
        memcpy(&v->bits, r->p + g->at, bytes);
        g->at += bytes;
        return 0;
}

// The least number of bytes of an element.
static size_t element_least(uint16_t type)
{
        if (bmf_is_text(type))
                return 2;
        return cim_type(type) == CIM_OBJECT ? BMF_OBJECT : bmf_size_of(type);
}

static int read_elements(Reading *r, Region *g, uint16_t type, uint32_t count, unsigned depth, BmfValue *v)
{
        BmfValue *items = arena_array(r->arena, BmfValue, count);
        if (!items)
                return -ENOMEM;
        uint16_t element = (uint16_t)(type & ~CIM_ARRAY);
        for (uint32_t i = 0; i < count; i++) {
                size_t begin = g->at;
                r->align = i + 1 == count;
                int e = read_scalar(r, g, element, depth, &items[i]);
                if (e != 0)
                        return e;
                if (i + 1 == count && cim_type(element) != CIM_OBJECT)
                        take_gap(r, g->at, g->at - begin, left(g));
                else if (i + 1 == count && left(g))
                        fault(r, g->at, "%zu bytes that belong to nothing", left(g));
        }
        v->array.items = items;
        v->array.count = count;
        return 0;
}

// Size, 1, count, size of the rest with this word; the elements.
static int read_array(Reading *r, Region *g, uint16_t type, unsigned depth, BmfValue *v)
{
        if (left(g) < BMF_ARRAY)
                return fault(r, g->at, "an array where there are only %zu bytes", left(g));
        size_t at = g->at, size = word(r, at);
        uint32_t count = word(r, at + 8);
        if (size < BMF_ARRAY || size > left(g))
                return fault(r, at, "an array of %zu bytes where there are %zu", size, left(g));
        if (word(r, at + 4) != 1 || word(r, at + 12) != size - 12)
                fault(r, at + 4,
                      "the numbers of dimensions and bytes of this array are not what its size says");
        if (count > (size - BMF_ARRAY) / element_least(type))
                return fault(r, at + 8, "an array of %u elements in %zu bytes", count, size);
        if (!take_items(r, count))
                return fault(r, at + 8, "%u elements more than fit: there are too many records and values",
                             count);
        Region inside = {at + BMF_ARRAY, at + size};
        v->type = type;
        int e = read_elements(r, &inside, type, count, depth, v);
        if (count == 0 && left(&inside))
                fault(r, inside.at, "%zu bytes that belong to nothing", left(&inside));
        r->align = true;
        g->at += size;
        return e;
}

// The value in *g, which it fills but for padding.
static int read_value(Reading *r, Region *g, uint32_t type, unsigned depth, BmfValue *v)
{
        size_t begin = g->at;
        uint32_t simple = type & ~(CIM_ARRAY | BMF_ALIAS);
        if (type > UINT16_MAX || !(bmf_size_of(simple) || bmf_is_text(simple) || simple == CIM_OBJECT) ||
            ((type & BMF_ALIAS) && !bmf_is_text(simple)))
                return fault(r, begin, "a value of an unknown type, 0x%x", type);
        int e = type & CIM_ARRAY ? read_array(r, g, (uint16_t)type, depth, v)
                                 : read_scalar(r, g, (uint16_t)type, depth, v);
        if (e != 0)
                return e;
        if ((type & CIM_ARRAY) || simple == CIM_OBJECT) {
                if (left(g))
                        fault(r, g->at, "%zu bytes that belong to nothing", left(g));
        } else {
                take_gap(r, g->at, g->at - begin, left(g));
        }
        return 0;
}

// --- records -------------------------------------------------------------------------------------

// The size of what begins at g->at with that size: *ret is its stretch, g->at moves behind it.
static int take_sized(Reading *r, Region *g, size_t header, const char *what, Region *ret)
{
        if (left(g) < header)
                return fault(r, g->at, "%s where there are only %zu bytes", what, left(g));
        size_t size = word(r, g->at);
        if (size < header || size > left(g))
                return fault(r, g->at, "%s of %zu bytes where there are %zu", what, size, left(g));
        *ret = (Region){g->at, g->at + size};
        g->at += size;
        return 0;
}

// Size, count; then records of at least `header` bytes each.
static int take_list(Reading *r, Region *g, size_t header, const char *what, Region *ret, uint32_t *ret_count)
{
        int e = take_sized(r, g, BMF_LIST, what, ret);
        if (e != 0)
                return e;
        *ret_count = word(r, ret->at + 4);
        ret->at += BMF_LIST;
        if (*ret_count > left(ret) / header)
                return fault(r, ret->at - 4, "%s says that it has %u entries, in %zu bytes", what, *ret_count,
                             left(ret));
        if (!take_items(r, *ret_count))
                return fault(r, ret->at - 4,
                             "%u entries more than fit: there are too many records and values", *ret_count);
        return 0;
}

static void end_list(Reading *r, const Region *g, const char *what)
{
        if (left(g))
                fault(r, g->at, "%zu bytes behind the entries of %s", left(g), what);
}

static int compare_flavors(const void *a, const void *b)
{
        const Flavor *x = a, *y = b;
        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        return x->index < y->index ? -1 : x->index > y->index;
}

static void find_flavor(Reading *r, BmfQualifier *q)
{
        size_t low = 0, high = r->flavor_count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (r->flavors[middle].at < q->at)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == r->flavor_count || r->flavors[low].at != q->at)
                return;
        q->has_flavor = true;
        q->flavor = r->flavors[low].flavor;
        r->flavors_used += !r->flavors[low].used;
        r->flavors[low].used = true;
}

// The name behind a header; offsets count from there. *at moves behind it.
static int read_name(Reading *r, Region *g, uint32_t offset, const char *what, Str16 *ret)
{
        if (offset != 0)
                return fault(r, g->at, "the name of %s does not stand in front", what);
        return read_string(r, g, "a name", ret);
}

static int read_qualifier(Reading *r, Region *list, unsigned depth, BmfQualifier *q)
{
        Region g;
        int e = take_sized(r, list, BMF_QUALIFIER, "a qualifier", &g);
        if (e != 0)
                return e;
        uint32_t type = word(r, g.at + 4), name = word(r, g.at + 8), value = word(r, g.at + 12);
        q->at = (uint32_t)g.at;
        find_flavor(r, q);
        g.at += BMF_QUALIFIER;
        size_t base = g.at;
        e = read_name(r, &g, name, "a qualifier", &q->name);
        if (e != 0)
                return e;
        q->value.type = (uint16_t)type;
        q->has_value = value != BMF_NONE;
        if (!q->has_value) {
                if (type > UINT16_MAX)
                        return fault(r, q->at + 4, "an unknown type, 0x%x", type);
                take_gap(r, g.at, g.at - base, left(&g));
                return 0;
        }
        if (value < g.at - base || value > g.end - base)
                return fault(r, q->at + 12, "the value of a qualifier stands over its name or outside of it");
        take_gap(r, g.at, g.at - base, base + value - g.at);
        g.at = base + value;
        return read_value(r, &g, type, depth, &q->value);
}

static int read_qualifiers(Reading *r, Region *g, unsigned depth, BmfQualifiers *ret)
{
        Region list;
        uint32_t count;
        int e = take_list(r, g, BMF_QUALIFIER, "a list of qualifiers", &list, &count);
        if (e != 0)
                return e;
        BmfQualifier *items = arena_array(r->arena, BmfQualifier, count);
        if (!items)
                return -ENOMEM;
        *ret = (BmfQualifiers){true, items, 0};
        for (uint32_t i = 0; i < count; i++) {
                size_t before = list.at;
                BmfQualifier *q = &items[ret->count];
                *q = (BmfQualifier){0};
                e = read_qualifier(r, &list, depth, q);
                if (e < 0)
                        return e;
                if (list.at == before)
                        return 0; // not even its size makes sense
                ret->count += e == 0;
        }
        end_list(r, &list, "a list of qualifiers");
        return 0;
}

// A property or a method.
static int read_record(Reading *r, Region *list, unsigned depth, BmfProperty *p)
{
        Region g;
        int e = take_sized(r, list, BMF_PROPERTY, "a property or method", &g);
        if (e != 0)
                return e;
        uint32_t name = word(r, g.at + 8), value = word(r, g.at + 12), qualifiers = word(r, g.at + 16);
        p->at = (uint32_t)g.at;
        p->type = word(r, g.at + 4);
        p->has_value = value != BMF_NONE;
        g.at += BMF_PROPERTY;
        size_t base = g.at;
        Region rest = {g.end, g.end};
        if (qualifiers != BMF_NONE) {
                if (qualifiers > g.end - base)
                        return fault(r, p->at + 16,
                                     "the qualifiers of a property or method stand outside of it");
                rest.at = g.end = base + qualifiers;
        }
        e = read_name(r, &g, name, "a property or method", &p->name);
        if (e != 0)
                return e;
        size_t behind = p->has_value ? value : g.end - base;
        if (behind < g.at - base || behind > g.end - base)
                return fault(
                        r, p->at + 12,
                        "the value of a property or method stands over its name, its qualifiers or outside "
                        "of it");
        take_gap(r, g.at, g.at - base, base + behind - g.at);
        g.at = base + behind;
        if (p->has_value)
                e = read_value(r, &g, p->type, depth, &p->value);
        if (e == 0 && qualifiers != BMF_NONE)
                e = read_qualifiers(r, &rest, depth, &p->qualifiers);
        if (e == 0 && left(&rest))
                fault(r, rest.at, "%zu bytes that belong to nothing", left(&rest));
        return e;
}

static int read_records(Reading *r, Region *g, unsigned depth, const char *what, const BmfProperty **ret,
                        uint32_t *ret_count)
{
        Region list;
        uint32_t count;
        int e = take_list(r, g, BMF_PROPERTY, what, &list, &count);
        if (e != 0)
                return e;
        BmfProperty *items = arena_array(r->arena, BmfProperty, count);
        if (!items)
                return -ENOMEM;
        *ret = items;
        *ret_count = 0;
        for (uint32_t i = 0; i < count; i++) {
                size_t before = list.at;
                BmfProperty *p = &items[*ret_count];
                *p = (BmfProperty){0};
                e = read_record(r, &list, depth, p);
                if (e < 0)
                        return e;
                if (list.at == before)
                        return 0; // not even its size makes sense
                *ret_count += e == 0;
        }
        end_list(r, &list, what);
        return 0;
}

// --- objects -------------------------------------------------------------------------------------

// Goes to the part at `offset` behind base, over what stands in between.
static int go_to(Reading *r, Region *g, size_t base, uint32_t offset, const char *what)
{
        if (offset > g->end - base || base + offset < g->at)
                return fault(r, g->at, "the %s of an object stand over other parts or outside of it", what);
        if (base + offset > g->at)
                fault(r, g->at, "%zu bytes that belong to nothing", base + offset - g->at);
        g->at = base + offset;
        return 0;
}

static int read_parts(Reading *r, Region *g, unsigned depth, BmfObject *o)
{
        uint32_t qualifiers = word(r, g->at + 4), properties = word(r, g->at + 8),
                 methods = word(r, g->at + 12);
        o->at = (uint32_t)g->at;
        o->kind = word(r, g->at + 16);
        g->at += BMF_OBJECT;
        size_t base = g->at;
        int e = 0;
        if (qualifiers != BMF_NONE) {
                e = go_to(r, g, base, qualifiers, "qualifiers");
                if (e == 0)
                        e = read_qualifiers(r, g, depth, &o->qualifiers);
        }
        if (e == 0 && properties != BMF_NONE) {
                e = go_to(r, g, base, properties, "properties");
                if (e == 0)
                        e = read_records(r, g, depth, "a list of properties", &o->properties,
                                         &o->property_count);
        }
        if (e == 0 && methods != BMF_NONE) {
                e = go_to(r, g, base, methods, "methods");
                if (e == 0)
                        e = read_records(r, g, depth, "a list of methods", &o->methods, &o->method_count);
                o->has_methods = true;
        }
        if (e == 0 && left(g))
                fault(r, g->at, "%zu bytes that belong to nothing", left(g));
        return e;
}

// `depth`: of what it stands in.
static int read_object(Reading *r, Region *g, unsigned depth, const BmfObject **ret)
{
        Region inside;
        if (depth > BMF_DEPTH)
                return fault(r, g->at, "objects inside of objects, more than %u deep", BMF_DEPTH);
        int e = take_sized(r, g, BMF_OBJECT, "an object", &inside);
        if (e != 0)
                return e;
        BmfObject *o = arena_new(r->arena, BmfObject);
        if (!o)
                return -ENOMEM;
        *ret = o;
        return read_parts(r, &inside, depth + 1, o);
}

static int read_objects(Reading *r, Bmf *b)
{
        Region g = {BMF_ROOT, r->n};
        uint32_t said = word(r, 16), count = said;
        if (count > left(&g) / BMF_OBJECT || !take_items(r, count)) {
                fault(r, 16, "%u objects, in %zu bytes", said, left(&g));
                count = (uint32_t)(left(&g) / BMF_OBJECT);
                count = count > r->items ? (uint32_t)r->items : count;
                r->items -= count;
        }
        const BmfObject **objects = arena_array(r->arena, const BmfObject *, count);
        if (!objects)
                return -ENOMEM;
        b->objects = objects;
        uint32_t i = 0;
        for (; i < count && left(&g); i++) {
                size_t before = g.at;
                r->align = true;
                int e = read_object(r, &g, 0, &objects[b->object_count]);
                if (e < 0)
                        return e;
                b->object_count += e == 0;
                if (g.at == before)
                        break; // not even its size makes sense
        }
        if (i < said && !r->faults)
                fault(r, g.at, "%u objects of %u are there", i, said);
        if (left(&g) && !r->faults)
                fault(r, g.at, "%zu bytes behind the last object", left(&g));
        if ((b->object_count < said || b->cut) && r->d)
                diag_hint(r->d, "%u of %u objects could be read%s", b->object_count, said,
                          !b->cut          ? ""
                          : b->has_flavors ? ", and not all flavors"
                                           : ", and no flavors");
        return 0;
}

// --- flavors -------------------------------------------------------------------------------------

// The part behind the objects, which begins at `at`.
static int read_flavors(Reading *r, Bmf *b, size_t at, size_t n)
{
        size_t mark = sizeof(BMF_FLAVOR_MARK) - 1;
        if (at == n)
                return 0;
        if (n - at < mark || memcmp(r->p + at, BMF_FLAVOR_MARK, mark) != 0) {
                b->cut = n - at < mark && !memcmp(r->p + at, BMF_FLAVOR_MARK, n - at);
                fault(r, at, "%zu bytes behind the objects, which are not flavors", n - at);
                return 0;
        }
        b->has_flavors = true;
        at += mark;
        if (n - at < 4) {
                b->cut = true;
                fault(r, at, "the number of flavors is missing");
                return 0;
        }
        size_t count = word(r, at), there = (n - at - 4) / 8;
        b->cut |= count > there;
        if (count > there)
                fault(r, at, "%zu flavors, in %zu bytes", count, n - at - 4);
        else if (n - at - 4 != count * 8)
                fault(r, at + 4 + count * 8, "%zu bytes behind the flavors", n - at - 4 - count * 8);
        count = count > there ? there : count;
        r->flavors = arena_array(r->arena, Flavor, count);
        if (!r->flavors)
                return -ENOMEM;
        bool ascending = true;
        for (size_t i = 0; i < count; i++) {
                Flavor *f = &r->flavors[i];
                *f = (Flavor){word(r, at + 4 + i * 8), word(r, at + 8 + i * 8), (uint32_t)i, false};
                ascending &= i == 0 || f[-1].at < f->at;
        }
        r->flavor_count = count;
        if (!ascending) {
                fault(r, at + 4, "the flavors are not in the order of what they belong to");
                qsort(r->flavors, count, sizeof(Flavor), compare_flavors);
        }
        return 0;
}

static void check_flavors(Reading *r)
{
        for (size_t i = 0; i < r->flavor_count && r->flavors_used < r->flavor_count && !r->faults; i++)
                if (!r->flavors[i].used)
                        fault(r, r->flavors[i].at, "flavors of a qualifier that does not begin here");
}

// --- the whole -----------------------------------------------------------------------------------

Bmf *bmf_new(void)
{
        Arena *arena = calloc(1, sizeof(*arena));
        Bmf *b = arena ? arena_new(arena, Bmf) : NULL;
        if (!b) {
                free(arena);
                return NULL;
        }
        b->arena = arena;
        return b;
}

Bmf *bmf_free(Bmf *b)
{
        if (!b)
                return NULL;
        Arena *arena = b->arena;
        arena_deinit(arena); // b is in it
        free(arena);
        return NULL;
}

static int read_all(Reading *r, Bmf *b, size_t n)
{
        if (n < BMF_ROOT || memcmp(r->p, "FOMB", 4) != 0) {
                fault(r, 0, "these are no objects of binary MOF: they do not begin with FOMB");
                return 0;
        }
        if (word(r, 8) != 1 || word(r, 12) != 1)
                fault(r, 8, "a form of binary MOF that is not known: %u, %u instead of 1, 1", word(r, 8),
                      word(r, 12));
        r->n = word(r, 4);
        if (r->n < BMF_ROOT || r->n > n) {
                fault(r, 4, "%zu bytes of objects, of %zu that are there", r->n, n);
                b->cut = r->n > n;
                r->n = n;
        }
        int e = read_flavors(r, b, r->n, n);
        if (e == 0)
                e = read_objects(r, b);
        if (e == 0)
                check_flavors(r);
        b->unpadded = r->unpadded > r->padded;
        return e;
}

int bmf_read_within(Str expanded, size_t limit, size_t items, Bmf **ret, Diag *reterr)
{
        if (expanded.n > limit)
                return -EFBIG;
        Bmf *b = bmf_new();
        if (!b)
                return -ENOMEM;
        Reading r = {.arena = b->arena, .d = reterr, .align = true, .items = items};
        r.p = arena_copy(b->arena, expanded.p, expanded.n);
        int e = r.p ? read_all(&r, b, expanded.n) : -ENOMEM;
        if (e < 0) {
                bmf_free(b);
                return e;
        }
        *ret = b;
        return r.faults ? E_DIAG : 0;
}

int bmf_read(Str expanded, Bmf **ret, Diag *reterr)
{
        return bmf_read_within(expanded, LIMIT_BMF_BYTES, LIMIT_BMF_ITEMS, ret, reterr);
}
