// SPDX-License-Identifier: MIT
// Expanded bytes -> records.
//
// Every record is read inside of a window, the bytes that the record around it gives it. The windows of
// neighbours do not overlap and those of inner records lie inside of the outer ones', so that the work and
// the memory are bounded by the size of the input times the depth. What is malformed is left out, the first
// fault is told, and reading goes on behind it.
#include "bmf/bmf.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "bmf/bmf-impl.h"
#include "cim/status.h"

static const char flavor_mark[] = "BMOFQUALFLAVOR11";

typedef struct In {
        const uint8_t *p;
        Arena *a;
        Bmf *bmf;
        Diag *err;
        bool fault;                // told already
        bool padding_seen;         // it is known whether names are padded
        unsigned depth;            // of objects
        BmfQualifier **qualifiers; // all that were read
        size_t count, room;
} In;

typedef struct Window {
        size_t at, end;
} Window;

static int fault(In *in, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fault(In *in, size_t at, const char *format, ...)
{
        if (in->fault || !in->err)
                return E_DIAG;
        in->fault = true;
        va_list args;
        va_start(args, format);
        diag_setv(in->err, CIM_MOF_INVALID_FILE, format, args);
        va_end(args);
        in->err->line = in->err->column = 0;
        in->err->offset = at;
        in->err->length = 0;
        return E_DIAG;
}

static uint32_t u32(const In *in, size_t at)
{
        const uint8_t *p = in->p + at;
        return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// --- values --------------------------------------------------------------------------------------

static int read_object(In *in, Window w, BmfObject *ret);

// A terminated string at w->at, which moves behind its terminator.
static int read_text(In *in, Window *w, const char *what, Str16 *ret)
{
        size_t n = 0;
        for (;; n++) {
                if (w->at + 2 * n + 2 > w->end)
                        return fault(in, w->at, "%s is not ended by a NUL", what);
                if (!in->p[w->at + 2 * n] && !in->p[w->at + 2 * n + 1])
                        break;
        }
        *ret = utf16_copy(in->a, in->p + w->at, n);
        w->at += 2 * n + 2;
        return ret->p ? 0 : -ENOMEM;
}

unsigned bmf_size_of(uint32_t type)
{
        switch (type & ~(uint32_t)CIM_ARRAY) {
        case CIM_SINT8:
        case CIM_UINT8:
                return 1;
        case CIM_BOOLEAN:
        case CIM_SINT16:
        case CIM_UINT16:
        case CIM_CHAR16:
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

// An object inside of a value: its own length says where it ends.
static int read_inner(In *in, Window *w, const BmfObject **ret)
{
        if (w->end - w->at < BMF_OBJECT)
                return fault(in, w->at, "an object is cut short");
        size_t n = u32(in, w->at);
        if (n < BMF_OBJECT || n > w->end - w->at)
                return fault(in, w->at, "an object of %zu bytes where there are %zu", n, w->end - w->at);
        BmfObject *o = arena_new(in->a, BmfObject);
        if (!o)
                return -ENOMEM;
        int r = read_object(in, (Window){w->at, w->at + n}, o);
        w->at += n;
        *ret = o;
        return r;
}

// One value of a scalar type at w->at, which moves behind it.
static int read_scalar(In *in, uint32_t type, Window *w, BmfValue *ret)
{
        ret->type = (uint16_t)type;
        if (bmf_is_text(type))
                return read_text(in, w, "a string", &ret->string);
        if (type == CIM_OBJECT)
                return read_inner(in, w, &ret->object);
        unsigned n = bmf_size_of(type);
        if (!n)
                return fault(in, w->at, "a value of the unknown type 0x%x", type);
        if (w->end - w->at < n)
                return fault(in, w->at, "a value is cut short");
        for (unsigned i = 0; i < n; i++)
                ret->bits |= (uint64_t)in->p[w->at + i] << (8 * i);
        w->at += n;
        return 0;
}

static int read_array(In *in, uint32_t type, Window w, BmfValue *ret)
{
        if (w.end - w.at < BMF_ARRAY)
                return fault(in, w.at, "an array is cut short");
        size_t n = u32(in, w.at), count = u32(in, w.at + 8);
        if (n < BMF_ARRAY || n > w.end - w.at)
                return fault(in, w.at, "an array of %zu bytes where there are %zu", n, w.end - w.at);
        if (u32(in, w.at + 4) != 1)
                return fault(in, w.at + 4, "an array of %u dimensions", u32(in, w.at + 4));
        // Each element has at least one byte.
        if (count > n - BMF_ARRAY || count > LIMIT_MOF_ITEMS)
                return fault(in, w.at + 8, "an array of %zu elements in %zu bytes", count, n);
        BmfValue *items = arena_array(in->a, BmfValue, count);
        if (!items)
                return -ENOMEM;
        ret->type = (uint16_t)type;
        ret->array.items = items;
        w = (Window){w.at + BMF_ARRAY, w.at + n};
        for (size_t i = 0; i < count; i++) {
                int r = read_scalar(in, type & ~(uint32_t)CIM_ARRAY, &w, &items[i]);
                if (r != 0)
                        return r;
                ret->array.count++;
        }
        return 0;
}

static int read_value(In *in, uint32_t type, Window w, BmfValue *ret)
{
        if (type > UINT16_MAX)
                return fault(in, w.at, "a value of the unknown type 0x%x", type);
        return type & CIM_ARRAY ? read_array(in, type, w, ret) : read_scalar(in, type, &w, ret);
}

// --- records -------------------------------------------------------------------------------------

// The name of a record at `at` and whether it is padded, which shows from where the next part begins.
static int read_name(In *in, size_t at, size_t next, bool outer, Str16 *ret)
{
        Window w = {at, next};
        int r = read_text(in, &w, "a name", ret);
        if (r == 0 && outer && !in->padding_seen && (w.at - at) % 4 == 2) {
                in->padding_seen = true;
                in->bmf->unpadded = w.at == next;
        }
        return r;
}

static int read_qualifier(In *in, Window w, bool outer, BmfQualifier *ret)
{
        if (w.end - w.at < BMF_QUALIFIER)
                return fault(in, w.at, "a qualifier is cut short");
        uint32_t type = u32(in, w.at + 4), name = u32(in, w.at + 8), value = u32(in, w.at + 12);
        size_t body = w.at + BMF_QUALIFIER, size = w.end - body;
        ret->at = (uint32_t)w.at;
        if (name != 0)
                return fault(in, w.at + 8, "the name of a qualifier is not at its beginning");
        if (value != BMF_NONE && value > size)
                return fault(in, w.at + 12, "the value of a qualifier is outside of it");
        int r = read_name(in, body, value == BMF_NONE ? w.end : body + value, outer, &ret->name);
        ret->value.type = (uint16_t)type;
        ret->has_value = value != BMF_NONE;
        if (r == 0 && ret->has_value)
                r = read_value(in, type, (Window){body + value, w.end}, &ret->value);
        return r;
}

// The list in the window: its bytes and its count, checked. *w becomes what is in it.
static int read_list(In *in, Window *w, size_t least, const char *what, size_t *ret_count)
{
        if (w->end - w->at < BMF_LIST)
                return fault(in, w->at, "a list of %s is cut short", what);
        size_t n = u32(in, w->at), count = u32(in, w->at + 4);
        if (n < BMF_LIST || n > w->end - w->at)
                return fault(in, w->at, "a list of %s of %zu bytes where there are %zu", what, n,
                             w->end - w->at);
        if (count > (n - BMF_LIST) / least)
                return fault(in, w->at + 4, "a list of %zu %s in %zu bytes", count, what, n);
        *ret_count = count;
        *w = (Window){w->at + BMF_LIST, w->at + n};
        return 0;
}

// The next record of a list: its window; w->at moves behind it.
static int read_record(In *in, Window *w, size_t least, Window *ret)
{
        if (w->end - w->at < least)
                return fault(in, w->at, "a list ends before its last record");
        size_t n = u32(in, w->at);
        if (n < least || n > w->end - w->at)
                return fault(in, w->at, "a record of %zu bytes where there are %zu", n, w->end - w->at);
        *ret = (Window){w->at, w->at + n};
        w->at += n;
        return 0;
}

static int remember(In *in, BmfQualifier *q)
{
        if (in->count == in->room) {
                size_t room = in->room ? in->room * 2 : 256;
                BmfQualifier **p = realloc(in->qualifiers, room * sizeof(BmfQualifier *));
                if (!p)
                        return -ENOMEM;
                in->qualifiers = p;
                in->room = room;
        }
        in->qualifiers[in->count++] = q;
        return 0;
}

static int read_qualifiers(In *in, Window w, bool outer, BmfQualifiers *ret)
{
        size_t count;
        ret->present = true;
        int r = read_list(in, &w, BMF_QUALIFIER, "qualifiers", &count);
        BmfQualifier *items = r == 0 ? arena_array(in->a, BmfQualifier, count) : NULL;
        if (!items)
                return r ? r : -ENOMEM;
        ret->items = items;
        for (size_t i = 0; i < count; i++) {
                Window one;
                BmfQualifier *q = &items[ret->count];
                r = read_record(in, &w, BMF_QUALIFIER, &one);
                if (r != 0)
                        return r;
                *q = (BmfQualifier){0};
                r = read_qualifier(in, one, outer, q);
                if (r == 0)
                        r = remember(in, q);
                if (r == 0)
                        ret->count++;
                else if (r < 0)
                        return r;
        }
        return 0;
}

// A property or method. What can be read of it is in *ret, also on E_DIAG.
static int read_property(In *in, Window w, bool outer, BmfProperty *ret)
{
        uint32_t type = u32(in, w.at + 4), name = u32(in, w.at + 8), value = u32(in, w.at + 12),
                 list = u32(in, w.at + 16);
        size_t body = w.at + BMF_PROPERTY, size = w.end - body;
        ret->at = (uint32_t)w.at;
        ret->type = type;
        ret->has_value = value != BMF_NONE;
        if (name != 0)
                return fault(in, w.at + 8, "the name of a property is not at its beginning");
        if (list != BMF_NONE && list > size)
                return fault(in, w.at + 16, "the qualifiers of a property are outside of it");
        size_t behind = list == BMF_NONE ? w.end : body + list;
        if (value != BMF_NONE && value > behind - body)
                return fault(in, w.at + 12, "the value of a property is outside of it");
        int r = read_name(in, body, value == BMF_NONE ? behind : body + value, outer, &ret->name);
        if (r == 0 && ret->has_value)
                r = read_value(in, type, (Window){body + value, behind}, &ret->value);
        if (r >= 0 && list != BMF_NONE) {
                int s = read_qualifiers(in, (Window){behind, w.end}, outer, &ret->qualifiers);
                r = s < 0 ? s : r > 0 ? r : s;
        }
        return r;
}

static int read_properties(In *in, Window w, bool outer, const char *what, const BmfProperty **ret,
                           uint32_t *ret_count)
{
        size_t count;
        int r = read_list(in, &w, BMF_PROPERTY, what, &count);
        BmfProperty *items = r == 0 ? arena_array(in->a, BmfProperty, count) : NULL;
        if (!items)
                return r ? r : -ENOMEM;
        *ret = items;
        for (size_t i = 0; i < count; i++) {
                Window one;
                BmfProperty *p = &items[*ret_count];
                r = read_record(in, &w, BMF_PROPERTY, &one);
                if (r != 0)
                        return r;
                *p = (BmfProperty){0};
                r = read_property(in, one, outer, p);
                if (r < 0)
                        return r;
                if (r > 0 && p->has_value)
                        p->has_value = p->value.type & CIM_ARRAY && p->value.array.count;
                if (p->name.n)
                        ++*ret_count;
        }
        return 0;
}

static int read_parts(In *in, Window w, BmfObject *ret)
{
        bool outer = in->depth == 1;
        size_t body = w.at + BMF_OBJECT, size = w.end - body;
        uint32_t qualifiers = u32(in, w.at + 4), properties = u32(in, w.at + 8), methods = u32(in, w.at + 12);
        // In this order, each ends where the next begins.
        size_t methods_at = methods == BMF_NONE ? size : methods;
        size_t properties_at = properties == BMF_NONE ? methods_at : properties;
        if (methods_at > size || properties_at > methods_at ||
            (qualifiers != BMF_NONE && qualifiers > properties_at))
                return fault(in, w.at, "the parts of an object overlap or are outside of it");
        int worst = 0, r = 0;
        if (qualifiers != BMF_NONE)
                r = read_qualifiers(in, (Window){body + qualifiers, body + properties_at}, outer,
                                    &ret->qualifiers);
        worst = r;
        if (r >= 0 && properties != BMF_NONE)
                r = read_properties(in, (Window){body + properties_at, body + methods_at}, outer,
                                    "properties", &ret->properties, &ret->property_count);
        worst = worst > 0 ? worst : r;
        ret->has_methods = methods != BMF_NONE;
        if (r >= 0 && ret->has_methods)
                r = read_properties(in, (Window){body + methods_at, w.end}, outer, "methods", &ret->methods,
                                    &ret->method_count);
        return r < 0 ? r : worst > 0 ? worst : r;
}

static int read_object(In *in, Window w, BmfObject *ret)
{
        if (in->depth == LIMIT_DEPTH)
                return fault(in, w.at, "objects more than %u deep inside of each other", LIMIT_DEPTH);
        ret->at = (uint32_t)w.at;
        ret->kind = u32(in, w.at + 16);
        if (ret->kind > 1)
                return fault(in, w.at + 16, "an object of the kind %u: 0 is a class, 1 an instance",
                             ret->kind);
        in->depth++;
        int r = read_parts(in, w, ret);
        in->depth--;
        return r;
}

// --- the whole -----------------------------------------------------------------------------------

static int read_objects(In *in, Window w, size_t count)
{
        const BmfObject **objects = arena_calloc(in->a, count, sizeof(*objects));
        if (!objects)
                return -ENOMEM;
        in->bmf->objects = objects;
        for (size_t i = 0; i < count; i++) {
                Window one;
                int r = read_record(in, &w, BMF_OBJECT, &one);
                if (r != 0)
                        return r;
                BmfObject *o = arena_new(in->a, BmfObject);
                if (!o)
                        return -ENOMEM;
                r = read_object(in, one, o);
                if (r < 0)
                        return r;
                if (r == 0 || o->property_count)
                        objects[in->bmf->object_count++] = o;
        }
        return 0;
}

static int by_place(const void *a, const void *b)
{
        uint32_t x = (*(BmfQualifier *const *)a)->at, y = (*(BmfQualifier *const *)b)->at;
        return (x > y) - (x < y);
}

static int read_flavors(In *in, Window w)
{
        size_t mark = sizeof(flavor_mark) - 1;
        if (w.end - w.at < mark + 4 || memcmp(in->p + w.at, flavor_mark, mark) != 0)
                return fault(in, w.at, "%zu bytes behind the last object that are no flavors", w.end - w.at);
        size_t count = u32(in, w.at + mark);
        in->bmf->has_flavors = true;
        w.at += mark + 4;
        if (count > (w.end - w.at) / 8)
                return fault(in, w.at - 4, "%zu flavors in %zu bytes", count, w.end - w.at);
        if (in->count)
                qsort(in->qualifiers, in->count, sizeof(BmfQualifier *), by_place);
        int worst = 0;
        for (size_t i = 0; i < count; i++, w.at += 8) {
                BmfQualifier wanted = {.at = u32(in, w.at)}, *key = &wanted;
                BmfQualifier **q =
                        in->count ? bsearch(&key, in->qualifiers, in->count, sizeof(BmfQualifier *), by_place)
                                  : NULL;
                if (q) {
                        (*q)->has_flavor = true;
                        (*q)->flavor = u32(in, w.at + 4);
                } else {
                        worst = fault(in, w.at, "a flavor for a qualifier at %u, where there is none",
                                      wanted.at);
                }
        }
        return worst;
}

static int read_all(In *in, Str expanded)
{
        if (expanded.n < BMF_ROOT)
                return fault(in, expanded.n, "the expanded data are cut short");
        if (memcmp(in->p, "FOMB", 4) != 0)
                return fault(in, 0, "the expanded data do not begin with FOMB");
        size_t n = u32(in, 4), count = u32(in, 16);
        if (n < BMF_ROOT || n > expanded.n) {
                fault(in, 4, "objects of %zu bytes in %zu", n, expanded.n);
                n = expanded.n; // cut: what is there
        }
        if (u32(in, 8) != 1 || u32(in, 12) != 1)
                fault(in, 8, "expanded data of the version %u, %u: 1, 1 is known", u32(in, 8), u32(in, 12));
        if (count > (n - BMF_ROOT) / BMF_OBJECT) {
                fault(in, 16, "%zu objects in %zu bytes", count, n);
                count = (n - BMF_ROOT) / BMF_OBJECT;
        }
        int r = read_objects(in, (Window){BMF_ROOT, n}, count);
        if (r >= 0 && n < expanded.n)
                r = read_flavors(in, (Window){n, expanded.n});
        return r < 0 ? r : in->fault ? E_DIAG : r;
}

int bmf_read(Str expanded, Bmf **ret, Diag *reterr)
{
        Diag ignored;
        *ret = NULL;
        if (expanded.n > LIMIT_BMF_BYTES)
                return -EFBIG;
        Bmf *b = calloc(1, sizeof(*b));
        if (b)
                b->arena = calloc(1, sizeof(*b->arena));
        if (!b || !b->arena) {
                bmf_free(b);
                return -ENOMEM;
        }
        In in = {
                .p = (const uint8_t *)expanded.p, .a = b->arena, .bmf = b, .err = reterr ? reterr : &ignored};
        int r = read_all(&in, expanded);
        free(in.qualifiers);
        if (r < 0)
                bmf_free(b);
        else
                *ret = b;
        return r;
}

Bmf *bmf_free(Bmf *b)
{
        if (!b)
                return NULL;
        if (b->arena)
                arena_deinit(b->arena);
        free(b->arena);
        free(b);
        return NULL;
}
