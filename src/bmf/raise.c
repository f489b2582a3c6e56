// SPDX-License-Identifier: MIT
// Records -> the document that they came from: lower.c backwards.
//
// What the compiler added is taken away again (CIMTYPE, MAX, ID, IN and OUT where they stand as it puts
// them), the two objects of a method become one list of parameters, and a value's kind follows from its
// stored type. Where no text makes such records, what can be said is said, with a warning.
#include "bmf/bmf-impl.h"

#include <stdlib.h>

#include "base/utf.h"
#include "cim/schema.h"
#include "mof/value.h"

typedef struct Raise {
        const Bmf *bmf;
        Arena *a;
        BmfWarnings w;
} Raise;

#define warn(u, at, ...) bmf_warn(&(u)->w, at, __VA_ARGS__)

void bmf_warn(BmfWarnings *w, size_t at, const char *format, ...)
{
        w->told++;
        if (w->count == w->capacity)
                return;
        Diag *d = &w->list[w->count++];
        *d = (Diag){.offset = at};
        va_list args;
        va_start(args, format);
        diag_setv(d, CIM_MOF_INVALID_FILE, format, args);
        va_end(args);
        size_t n = strnlen(w->name, sizeof(d->file) - 1);
        memcpy(d->file, w->name, n);
}

static int text8(Raise *u, Str16 s, Str *ret)
{
        *ret = utf_to8(u->a, s);
        return ret->p ? 0 : -ENOMEM;
}

static bool is_name(Str s)
{
        bool good = s.n > 0 && s.n <= LIMIT_NAME_CHARS && !(s.p[0] >= '0' && s.p[0] <= '9');
        for (size_t i = 0; i < s.n; i++)
                good &= (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
                        (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_';
        return good;
}

// A name, which is kept whatever it is.
static int name8(Raise *u, uint32_t at, const char *what, Str16 s, Str *ret)
{
        int r = text8(u, s, ret);
        if (r == 0 && !is_name(*ret))
                warn(u, at, "'%.*s' cannot be the name of a %s in MOF", (int)(ret->n < 200 ? ret->n : 200),
                     ret->p, what);
        return r;
}

// Is s this ASCII word, in any case?
static bool is(Str16 s, const char *word)
{
        size_t n = strlen(word);
        if (s.n != n)
                return false;
        for (size_t i = 0; i < n; i++)
                if (utf_upcase16(s.p[i]) != utf_upcase16((unsigned char)word[i]))
                        return false;
        return true;
}

static bool same16(Str16 a, Str16 b)
{
        return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n * sizeof(*a.p)));
}

// --- values --------------------------------------------------------------------------------------

static int raise_object(Raise *u, const BmfObject *from, const MofObject **ret);

static double real_of(uint16_t type, uint64_t bits)
{
        double d;
        float f;
        uint32_t low = (uint32_t)bits;
        memcpy(&d, &bits, sizeof(d));
        memcpy(&f, &low, sizeof(f));
        return type == CIM_REAL32 ? (double)f : d;
}

static void signed_number(int64_t n, MofValue *ret)
{
        ret->negative = n < 0;
        ret->magnitude = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

// An integer's bits, as a literal of what they are for.
static void integer(const BmfValue *v, CimType declared, MofValue *ret)
{
        ret->kind = MOF_VALUE_INTEGER;
        bool bits = v->type == CIM_SINT32 && v->bits > INT32_MAX &&
                    (declared == CIM_UINT32 || declared == CIM_UINT64);
        if (v->type == CIM_SINT8)
                signed_number((int8_t)v->bits, ret);
        else if (v->type == CIM_SINT32 && !bits)
                signed_number((int32_t)v->bits, ret);
        else if (v->type == CIM_SINT64)
                signed_number((int64_t)v->bits, ret);
        else
                ret->magnitude = v->bits;
        ret->bits = bits && declared == CIM_UINT64; // in decimal it would have 64 bits
}

static int string(Raise *u, const BmfValue *v, CimType declared, MofValue *ret)
{
        bool wide = declared == CIM_SINT64 || declared == CIM_UINT64;
        if (wide && !(v->type & BMF_ALIAS) && mof_value_decimal(v->string, ret)) {
                ret->kind = MOF_VALUE_INTEGER;
                return 0;
        }
        ret->negative = false;
        ret->kind = v->type & BMF_ALIAS ? MOF_VALUE_ALIAS : MOF_VALUE_STRING;
        ret->string = utf16_copy(u->a, v->string.p, v->string.n);
        return ret->string.p ? 0 : -ENOMEM;
}

static int raise_scalar(Raise *u, const BmfValue *v, CimType declared, uint32_t at, MofValue *ret)
{
        ret->place.at = at;
        if (bmf_is_text(v->type))
                return string(u, v, declared, ret);
        if (v->type == CIM_OBJECT) {
                ret->kind = MOF_VALUE_OBJECT;
                return raise_object(u, v->object, &ret->object);
        }
        if (v->type == CIM_BOOLEAN) {
                ret->kind = MOF_VALUE_BOOLEAN;
                ret->boolean = v->bits != 0;
                if (v->bits && v->bits != 0xFFFF)
                        warn(u, at, "a boolean of 0x%04x: shown as TRUE", (unsigned)v->bits);
        } else if (v->type == CIM_REAL32 || v->type == CIM_REAL64) {
                ret->kind = MOF_VALUE_REAL;
                ret->real = real_of(v->type, v->bits);
        } else if (v->type == CIM_SINT16 || v->type == CIM_CHAR16) { // so are characters stored
                ret->kind = MOF_VALUE_CHAR;
                ret->magnitude = v->bits;
        } else {
                integer(v, declared, ret);
        }
        return 0;
}

// `declared`: the type of what the value is for; CIM_NONE: not known.
static int raise_value(Raise *u, const BmfValue *v, unsigned declared, uint32_t at, MofValue *ret)
{
        CimType one = cim_type((uint16_t)declared);
        if (!(v->type & CIM_ARRAY))
                return raise_scalar(u, v, one, at, ret);
        MofValue ignored;
        for (uint32_t i = 0; one != CIM_NONE && bmf_is_text(v->type) && i < v->array.count; i++)
                if (!mof_value_decimal(v->array.items[i].string, &ignored))
                        one = CIM_NONE; // all of them are numbers, or none is
        MofValue *items = arena_array(u->a, MofValue, v->array.count);
        if (!items)
                return -ENOMEM;
        ret->kind = MOF_VALUE_ARRAY;
        ret->place.at = at;
        ret->array.items = items;
        ret->array.count = v->array.count;
        for (uint32_t i = 0; i < v->array.count; i++) {
                int r = raise_scalar(u, &v->array.items[i], one, at, &items[i]);
                if (r != 0)
                        return r;
        }
        return 0;
}

// --- qualifiers ----------------------------------------------------------------------------------

enum {
        KNOWN_FLAVORS = CIM_FLAVOR_TO_INSTANCE | CIM_FLAVOR_TO_SUBCLASS | CIM_FLAVOR_NOT_OVERRIDABLE |
                        CIM_FLAVOR_AMENDED
};

static uint16_t flavor_words(uint32_t flavor)
{
        return (uint16_t)((flavor & CIM_FLAVOR_TO_INSTANCE ? MOF_TO_INSTANCE : 0) |
                          (flavor & CIM_FLAVOR_TO_SUBCLASS ? MOF_TO_SUBCLASS : 0) |
                          (flavor & CIM_FLAVOR_NOT_OVERRIDABLE ? MOF_DISABLE_OVERRIDE : 0) |
                          (flavor & CIM_FLAVOR_AMENDED ? MOF_AMENDED : 0));
}

static int raise_qualifier(Raise *u, const BmfQualifier *from, MofQualifier *to)
{
        *to = (MofQualifier){
                .place.at = from->at,
                .written = flavor_words(from->flavor),
                .flavor = (uint8_t)(from->flavor & KNOWN_FLAVORS),
        };
        if (from->flavor & ~(uint32_t)KNOWN_FLAVORS)
                warn(u, from->at, "a qualifier with the unknown flavor 0x%x", from->flavor);
        int r = name8(u, from->at, "qualifier", from->name, &to->name);
        if (r != 0)
                return r;
        if (!from->has_value) {
                to->value.kind = MOF_VALUE_NULL;
                return 0;
        }
        if (from->value.type == CIM_BOOLEAN && from->value.bits == 0xFFFF)
                return 0; // it is there: TRUE
        return raise_value(u, &from->value, CIM_NONE, from->at, &to->value);
}

static int raise_list(Raise *u, const BmfQualifier *from, uint32_t count, MofQualifierList *ret)
{
        MofQualifier *items = arena_array(u->a, MofQualifier, count);
        int r = items ? 0 : -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < count; i++)
                r = raise_qualifier(u, &from[i], &items[i]);
        *ret = (MofQualifierList){items, count};
        return r;
}

// --- types ---------------------------------------------------------------------------------------

// Is the last of the list the qualifier of that name with a value of that type?
static const BmfQualifier *last_is(const BmfQualifiers *list, const char *name, uint16_t type)
{
        if (!list->count)
                return NULL;
        const BmfQualifier *q = &list->items[list->count - 1];
        return is(q->name, name) && q->has_value && q->value.type == type ? q : NULL;
}

static bool starts(Str s, const char *word, Str *ret_rest)
{
        size_t n = strlen(word);
        if (s.n <= n || !str_ieq((Str){s.p, n}, str_of(word)))
                return false;
        *ret_rest = (Str){s.p + n, s.n - n};
        return true;
}

// The declared type that a CIMTYPE spells.
static bool type_of_text(Str text, MofType *t)
{
        t->word = text;
        t->type = (uint16_t)cim_type_of_name(text);
        if (t->type != CIM_NONE && t->type != CIM_REFERENCE && t->type != CIM_OBJECT)
                return true;
        if (str_ieq(text, STR("object"))) {
                t->type = CIM_OBJECT;
        } else if (str_ieq(text, STR("ref"))) {
                t->type = CIM_REFERENCE;
                t->word = STR("object");
        } else if (starts(text, "object:", &t->class_name)) {
                t->type = CIM_OBJECT;
                t->word = t->class_name;
        } else if (starts(text, "ref:", &t->class_name)) {
                t->type = CIM_REFERENCE;
                t->word = t->class_name;
        } else {
                return false;
        }
        return true;
}

// The type that the record itself has: of a default that of its literal.
static uint16_t stored_type(const BmfProperty *p)
{
        uint32_t type = p->type & ~(uint32_t)CIM_ARRAY;
        if (p->has_value && type & BMF_ALIAS)
                return CIM_REFERENCE;
        if (type == CIM_OBJECT || bmf_size_of(type) || (bmf_is_text(type) && !(type & BMF_ALIAS)))
                return (uint16_t)type;
        return CIM_STRING; // no type at all
}

// Takes CIMTYPE from the end of the list, and says what it declares.
static int take_type(Raise *u, const BmfProperty *p, BmfQualifiers *list, MofType *ret)
{
        const BmfQualifier *q = last_is(list, "CIMTYPE", CIM_STRING);
        uint32_t stored = p->type & ~(uint32_t)CIM_ARRAY;
        Str text = {0};
        *ret = (MofType){.place.at = p->at};
        if (q) {
                int r = text8(u, q->value.string, &text);
                if (r != 0)
                        return r;
        }
        if (q && type_of_text(text, ret)) {
                list->count--;
                if (!p->has_value && stored != ret->type)
                        warn(u, p->at, "a property stored as %s whose CIMTYPE says %.*s",
                             cim_type_name((uint16_t)p->type), STR_ARG(text));
        } else {
                warn(u, p->at, "a property without a CIMTYPE that can be written in MOF");
                ret->type = stored_type(p);
                ret->word = ret->type == CIM_OBJECT || ret->type == CIM_REFERENCE
                                    ? STR("object")
                                    : str_of(cim_type_name(ret->type));
        }
        ret->type |= (uint16_t)(p->type & CIM_ARRAY);
        return 0;
}

// Takes the MAX that stands for [n] from the end of the list.
static void take_max(BmfQualifiers *list, MofType *t)
{
        const BmfQualifier *q = last_is(list, "MAX", CIM_SINT32);
        if (!(t->type & CIM_ARRAY) || !q || q->has_flavor || !same16(q->name, (Str16){u"MAX", 3}))
                return;
        if (q->value.bits == 0 || q->value.bits > LIMIT_ARRAY_ITEMS)
                return;
        t->max = (uint32_t)q->value.bits;
        list->count--;
}

// --- properties ----------------------------------------------------------------------------------

static int raise_property(Raise *u, const BmfProperty *from, bool of_class, MofProperty *to)
{
        BmfQualifiers list = from->qualifiers;
        *to = (MofProperty){.place.at = from->at};
        int r = name8(u, from->at, "property", from->name, &to->name);
        if (r == 0 && of_class) {
                r = take_type(u, from, &list, &to->type);
                take_max(&list, &to->type);
        }
        if (r == 0)
                r = raise_list(u, list.items, list.count, &to->qualifiers);
        if (r == 0 && from->has_value)
                r = raise_value(u, &from->value, to->type.type, from->at, &to->value);
        else if (!of_class)
                to->value.kind = MOF_VALUE_NULL;
        return r;
}

static bool is_system(const BmfProperty *p)
{
        return p->name.n > 2 && p->name.p[0] == '_' && p->name.p[1] == '_' && !p->qualifiers.present;
}

static int namespace_of(Raise *u, uint32_t at, MofObject *o)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        if (cim_namespace_normal(o->namespace_text, normal, NULL) != 0) {
                warn(u, at, "no such name for a namespace: \"%.*s\"",
                     (int)(o->namespace_text.n < 200 ? o->namespace_text.n : 200), o->namespace_text.p);
                return 0;
        }
        o->namespace.n = strlen(normal);
        o->namespace.p = arena_strndup(u->a, normal, o->namespace.n);
        return o->namespace.p ? 0 : -ENOMEM;
}

static int system_property(Raise *u, const BmfProperty *p, MofObject *o)
{
        bool text = p->has_value && p->value.type == CIM_STRING,
             number = p->has_value && p->value.type == CIM_SINT32;
        if (text && is(p->name, "__CLASS"))
                return name8(u, p->at, "class", p->value.string, &o->name);
        if (text && is(p->name, "__SUPERCLASS"))
                return name8(u, p->at, "class", p->value.string, &o->super);
        if (text && is(p->name, "__ALIAS"))
                return name8(u, p->at, "alias", p->value.string, &o->alias);
        if (text && is(p->name, "__NAMESPACE")) {
                int r = text8(u, p->value.string, &o->namespace_text);
                return r ? r : namespace_of(u, p->at, o);
        }
        if (number && is(p->name, "__CLASSFLAGS")) {
                o->class_flags = (uint32_t)p->value.bits;
        } else if (number && is(p->name, "__INSTANCEFLAGS")) {
                o->instance_flags = (uint32_t)p->value.bits;
        } else {
                Str name;
                int r = text8(u, p->name, &name);
                if (r != 0)
                        return r;
                warn(u, p->at, "the property %.*s of the system is left out",
                     (int)(name.n < 200 ? name.n : 200), name.p);
        }
        return 0;
}

// --- methods -------------------------------------------------------------------------------------

// A parameter of one of the two objects.
typedef struct Parameter {
        const BmfProperty *from;
        MofType type;
        BmfQualifiers list;  // without CIMTYPE, MAX and ID
        BmfQualifiers whole; // without CIMTYPE
        bool added_id;       // it looks as if the compiler had added its ID
        int64_t id;
        uint32_t other; // index in the other object, or NOWHERE
} Parameter;

enum { NOWHERE = UINT32_MAX };

typedef struct Side {
        const BmfObject *object; // NULL: there is none
        Parameter *items;
        uint32_t count;
} Side;

static const BmfQualifier *find(const BmfQualifiers *list, const char *name)
{
        for (uint32_t i = 0; i < list->count; i++)
                if (is(list->items[i].name, name))
                        return &list->items[i];
        return NULL;
}

// Takes the ID that the compiler added from the end of the list, or reads the one that was written.
static void take_id(Raise *u, Parameter *p)
{
        const BmfQualifier *q = last_is(&p->list, "ID", CIM_SINT32);
        p->added_id = q && same16(q->name, (Str16){u"ID", 2}) &&
                      (q->flavor == BMF_ID_FLAVOR || (!u->bmf->has_flavors && !q->has_flavor));
        if (!q)
                q = find(&p->list, "id");
        p->id = q && q->has_value && q->value.type == CIM_SINT32 ? (int32_t)q->value.bits : INT64_MAX;
        if (p->added_id)
                p->list.count--;
}

static int raise_side(Raise *u, Side *s, MofType *ret_returns)
{
        uint32_t n = s->object ? s->object->property_count : 0;
        s->items = arena_array(u->a, Parameter, n);
        if (!s->items)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                const BmfProperty *p = &s->object->properties[i];
                if (is_system(p))
                        continue;
                Parameter *to = &s->items[s->count++];
                *to = (Parameter){.from = p, .list = p->qualifiers, .other = NOWHERE};
                int r = take_type(u, p, &to->list, &to->type);
                if (r != 0)
                        return r;
                if (ret_returns && same16(p->name, (Str16){u"ReturnValue", 11}) && !to->list.count &&
                    !p->has_value) {
                        *ret_returns = to->type;
                        s->count--;
                        continue;
                }
                to->whole = to->list;
                take_id(u, to);
        }
        return 0;
}

// The qualifiers of a parameter that goes both ways, from its two copies: the first has no `out`, the second
// no `in`.
static int merge_lists(Raise *u, const BmfQualifiers *in, const BmfQualifiers *out, uint32_t at,
                       BmfQualifiers *ret)
{
        const BmfQualifier *a = in->items, *b = out->items;
        uint32_t i = 0, j = 0, n = 0;
        BmfQualifier *list = arena_array(u->a, BmfQualifier, (size_t)in->count + out->count);
        if (!list)
                return -ENOMEM;
        while (i < in->count || j < out->count) {
                if (i < in->count && j < out->count && bmf_same_qualifier(&a[i], &b[j])) {
                        list[n++] = a[i++];
                        j++;
                } else if (i < in->count && is(a[i].name, "in")) {
                        list[n++] = a[i++];
                } else if (j < out->count && is(b[j].name, "out")) {
                        list[n++] = b[j++];
                } else {
                        warn(u, at, "a parameter whose qualifiers differ between its in and its out form");
                        while (i < in->count)
                                list[n++] = a[i++];
                        break;
                }
        }
        *ret = (BmfQualifiers){true, list, n};
        return 0;
}

static bool is_added(const BmfQualifier *q, Str16 name)
{
        return same16(q->name, name) && !q->has_flavor && q->has_value && q->value.type == CIM_BOOLEAN &&
               q->value.bits == 0xFFFF;
}

// Neither direction was written: the compiler added both, behind the rest.
static bool neither_written(const BmfQualifiers *list)
{
        return list->count >= 2 && is_added(&list->items[list->count - 2], (Str16){u"IN", 2}) &&
               is_added(&list->items[list->count - 1], (Str16){u"OUT", 3});
}

// The parameter that becomes the method's number `index`.
static int raise_parameter(Raise *u, const Parameter *in, const Parameter *out, uint32_t index,
                           MofProperty *ret)
{
        const Parameter *one = in ? in : out;
        *ret = (MofProperty){.place.at = one->from->at, .type = one->type};
        // An ID that is not its index was written, whatever it looks like.
        bool added =
                one->added_id && one->id == index && (!in || !out || (out->added_id && out->id == index));
        BmfQualifiers list = added ? one->list : one->whole;
        int r = name8(u, one->from->at, "parameter", one->from->name, &ret->name);
        if (r == 0 && in && out)
                r = merge_lists(u, added ? &in->list : &in->whole, added ? &out->list : &out->whole,
                                one->from->at, &list);
        if (r == 0 && in && out && neither_written(&list))
                list.count -= 2;
        take_max(&list, &ret->type);
        if (r == 0)
                r = raise_list(u, list.items, list.count, &ret->qualifiers);
        if (r == 0 && one->from->has_value)
                r = raise_value(u, &one->from->value, one->type.type, one->from->at, &ret->value);
        return r;
}

static int by_name(const void *a, const void *b)
{
        const Parameter *x = *(Parameter *const *)a, *y = *(Parameter *const *)b;
        int order = str16_cmp(x->from->name, y->from->name);
        return order ? order : (x > y) - (x < y);
}

static Parameter **sorted(Raise *u, const Side *s)
{
        Parameter **list = arena_array(u->a, Parameter *, s->count);
        for (uint32_t i = 0; list && i < s->count; i++)
                list[i] = &s->items[i];
        if (list)
                qsort(list, s->count, sizeof(Parameter *), by_name);
        return list;
}

// Finds those that go both ways.
static int pair_up(Raise *u, const Side *in, const Side *out)
{
        Parameter **a = sorted(u, in), **b = sorted(u, out);
        if (!a || !b)
                return -ENOMEM;
        for (uint32_t i = 0, j = 0; i < in->count && j < out->count;) {
                int order = str16_cmp(a[i]->from->name, b[j]->from->name);
                if (order == 0) {
                        a[i]->other = (uint32_t)(b[j] - out->items);
                        b[j]->other = (uint32_t)(a[i] - in->items);
                }
                i += order <= 0;
                j += order >= 0;
        }
        return 0;
}

// Of two that go one way each: does the first come first, as number `index`? What has an ID of the compiler's
// stands where that says, the others where there is room.
static bool is_first(const Parameter *a, const Parameter *b, uint32_t index)
{
        bool a_here = a->added_id && a->id == index, b_here = b->added_id && b->id == index;
        if (a_here != b_here)
                return a_here;
        if (a->added_id != b->added_id)
                return b->added_id;
        return a->id <= b->id;
}

// The two lists as one, in which each keeps its order.
static int merge_sides(Raise *u, const Side *in, const Side *out, MofMethod *to)
{
        MofProperty *list = arena_array(u->a, MofProperty, (size_t)in->count + out->count);
        uint32_t i = 0, j = 0, n = 0;
        int r = list ? pair_up(u, in, out) : -ENOMEM;
        to->parameters = list;
        while (r == 0 && (i < in->count || j < out->count)) {
                const Parameter *a = i < in->count ? &in->items[i] : NULL,
                                *b = j < out->count ? &out->items[j] : NULL;
                bool a_waits = a && a->other != NOWHERE && a->other >= j,
                     b_waits = b && b->other != NOWHERE && b->other >= i;
                if (a && b && a->other == j && b->other == i) {
                        i++;
                        j++;
                } else if (a && (!b || (b_waits && !a_waits) || (a_waits == b_waits && is_first(a, b, n)))) {
                        b = NULL;
                        i++;
                } else {
                        a = NULL;
                        j++;
                }
                r = raise_parameter(u, a, b, n, &list[n]);
                n++;
        }
        to->parameter_count = n;
        return r;
}

// Which way do the parameters of a single object go?
static bool is_out(const BmfObject *o)
{
        for (uint32_t i = 0; i < o->property_count; i++)
                if (!is_system(&o->properties[i]))
                        return !find(&o->properties[i].qualifiers, "in");
        return false;
}

static int raise_method(Raise *u, const BmfProperty *from, MofMethod *to)
{
        Side in = {0}, out = {0};
        *to = (MofMethod){.place.at = from->at};
        int r = name8(u, from->at, "method", from->name, &to->name);
        if (r == 0)
                r = raise_list(u, from->qualifiers.items, from->qualifiers.count, &to->qualifiers);
        if (r != 0)
                return r;
        to->returns.word = STR("void");
        if (!from->has_value)
                return 0;
        const BmfValue *v = &from->value;
        bool objects = v->type == (CIM_OBJECT | CIM_ARRAY) && v->array.count >= 1 && v->array.count <= 2;
        if (!objects) {
                warn(u, from->at, "a method whose parameters are no one or two objects");
                return 0;
        }
        if (v->array.count == 2) {
                in.object = v->array.items[0].object;
                out.object = v->array.items[1].object;
        } else {
                *(is_out(v->array.items[0].object) ? &out.object : &in.object) = v->array.items[0].object;
        }
        r = raise_side(u, &in, NULL);
        if (r == 0)
                r = raise_side(u, &out, &to->returns);
        return r ? r : merge_sides(u, &in, &out, to);
}

// --- objects -------------------------------------------------------------------------------------

static int raise_object(Raise *u, const BmfObject *from, const MofObject **ret)
{
        MofObject *o = arena_new(u->a, MofObject);
        MofProperty *properties = arena_array(u->a, MofProperty, from->property_count);
        MofMethod *methods = arena_array(u->a, MofMethod, from->method_count);
        if (!o || !properties || !methods)
                return -ENOMEM;
        *ret = o;
        *o = (MofObject){.is_instance = from->kind == 1,
                         .place.at = from->at,
                         .properties = properties,
                         .methods = methods,
                         .namespace_text = STR("root\\default"),
                         .namespace = STR("root\\default")};
        int r = raise_list(u, from->qualifiers.items, from->qualifiers.count, &o->qualifiers);
        for (uint32_t i = 0; r == 0 && i < from->property_count; i++)
                if (is_system(&from->properties[i]))
                        r = system_property(u, &from->properties[i], o);
                else
                        r = raise_property(u, &from->properties[i], !o->is_instance,
                                           &properties[o->property_count++]);
        for (uint32_t i = 0; r == 0 && i < from->method_count; i++)
                r = raise_method(u, &from->methods[i], &methods[o->method_count++]);
        if (r == 0 && !o->name.n)
                warn(u, from->at, "an object without the name of a class");
        return r;
}

int bmf_to_document(const Bmf *b, const char *name, MofDocument **ret, Diag *warnings, size_t capacity,
                    size_t *ret_warnings)
{
        *ret = NULL;
        *ret_warnings = 0;
        Arena *a = calloc(1, sizeof(*a));
        if (!a)
                return -ENOMEM;
        const char *source = name ? name : "";
        Raise u = {.bmf = b, .a = a, .w = {.list = warnings, .capacity = capacity, .name = source}};
        MofDocument *d = arena_new(a, MofDocument);
        MofItem *items = arena_array(a, MofItem, b->object_count);
        char *copy = arena_strndup(a, source, strlen(source));
        int r = d && items && copy ? 0 : -ENOMEM;
        if (r == 0)
                *d = (MofDocument){.items = items, .name = copy, .binary = true, .arena = a, .text = STR("")};
        for (uint32_t i = 0; r == 0 && i < b->object_count; i++) {
                MofItem *item = &items[d->item_count++];
                size_t told = u.w.told;
                *item = (MofItem){.kind = MOF_ITEM_OBJECT, .place.at = b->objects[i]->at};
                r = raise_object(&u, b->objects[i], &item->object);
                if (r == 0)
                        r = bmf_raise_check(b, b->objects[i], d, item->object, u.w.told == told, &u.w);
        }
        if (u.w.told > u.w.count && u.w.count)
                diag_set(&u.w.list[u.w.count - 1], CIM_MOF_INVALID_FILE,
                         "MOF cannot say %zu more things, the first of them here", u.w.told - u.w.count + 1);
        *ret_warnings = u.w.count;
        if (r == 0) {
                *ret = d;
        } else {
                arena_deinit(a);
                free(a);
        }
        return r;
}
