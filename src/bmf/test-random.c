// SPDX-License-Identifier: MIT
// Documents and records that depend on nothing but a number.
#include "bmf/test-random.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf.h"
#include "bmf/bmf-impl.h"

typedef struct Random {
        uint32_t seed;
        Arena *a;
        unsigned names; // given so far: each is another
        unsigned depth;
        MofObject *outer;  // whose namespace and flags hold
        const char *alias; // that may be used
        bool failed;
} Random;

static uint32_t any(Random *r, uint32_t below)
{
        r->seed = r->seed * 1664525u + 1013904223u;
        return (r->seed >> 8) % below;
}

static bool chance(Random *r, uint32_t percent)
{
        return any(r, 100) < percent;
}

static void *room(Random *r, size_t count, size_t size)
{
        void *p = arena_calloc(r->a, count, size);
        r->failed |= !p;
        return p;
}

static Str name(Random *r, const char *prefix)
{
        char text[64];
        int n = snprintf(text, sizeof(text), "%s%s%u", prefix, any(r, 4) ? "" : "_Of_A_Longer_Kind_",
                         r->names++);
        return (Str){arena_strndup(r->a, text, (size_t)n), (size_t)n};
}

static Str16 units(Random *r)
{
        static const char16_t odd[] = {'"',  '\'',   '\\',   '\n',   '\t',   1,      0x7F,
                                       0xE4, 0x20AC, 0xD83D, 0xDE00, 0xDC00, 0xFFFF, 0xFEFF};
        size_t n = any(r, chance(r, 10) ? 200 : 9);
        char16_t *p = room(r, n + 1, sizeof(*p));
        for (size_t i = 0; p && i < n; i++)
                p[i] = chance(r, 15) ? odd[any(r, sizeof(odd) / sizeof(odd[0]))]
                                     : (char16_t)('a' + any(r, 26));
        return (Str16){p, n};
}

// --- documents -----------------------------------------------------------------------------------

static const uint16_t types[] = {CIM_SINT8,    CIM_UINT8,  CIM_SINT16, CIM_UINT16,   CIM_SINT32, CIM_UINT32,
                                 CIM_SINT64,   CIM_UINT64, CIM_REAL32, CIM_REAL64,   CIM_STRING, CIM_BOOLEAN,
                                 CIM_DATETIME, CIM_CHAR16, CIM_OBJECT, CIM_REFERENCE};

static uint16_t any_type(Random *r)
{
        return types[any(r, sizeof(types) / sizeof(types[0]))];
}

static void number(Random *r, uint16_t type, MofValue *v)
{
        int64_t least = INT64_MIN;
        uint64_t most = INT64_MAX;
        v->kind = MOF_VALUE_INTEGER;
        cim_type_range((CimType)type, &least, &most);
        static const uint64_t edges[] = {0,          1,
                                         127,        255,
                                         32767,      65535,
                                         INT32_MAX,  (uint64_t)INT32_MAX + 1,
                                         UINT32_MAX, (uint64_t)UINT32_MAX + 1,
                                         INT64_MAX,  UINT64_MAX};
        v->magnitude = chance(r, 50) ? edges[any(r, 12)] : any(r, 1000);
        v->negative = least < 0 && v->magnitude && chance(r, 30);
        uint64_t reach = v->negative ? (uint64_t)0 - (uint64_t)least : most;
        v->magnitude = v->magnitude > reach ? reach : v->magnitude;
        v->bits = !v->negative && chance(r, 20);
}

static const MofObject *object(Random *r);

static void scalar(Random *r, uint16_t type, MofValue *v)
{
        *v = (MofValue){0};
        switch (type) {
        case CIM_REAL32:
        case CIM_REAL64:
                v->kind = MOF_VALUE_REAL;
                v->real = ((double)any(r, 100000) - 50000) / (1 << any(r, 20));
                return;
        case CIM_STRING:
                v->kind = MOF_VALUE_STRING;
                v->string = units(r);
                return;
        case CIM_BOOLEAN:
                v->kind = MOF_VALUE_BOOLEAN;
                v->boolean = chance(r, 50);
                return;
        case CIM_DATETIME:
                v->kind = MOF_VALUE_STRING;
                v->string = (Str16){u"20261121150000.000000+060", 25};
                return;
        case CIM_CHAR16:
                v->kind = MOF_VALUE_CHAR;
                v->magnitude = any(r, 0x10000);
                return;
        case CIM_OBJECT:
                v->kind = MOF_VALUE_OBJECT;
                v->object = object(r);
                return;
        case CIM_REFERENCE:
                v->kind = r->alias && chance(r, 50) ? MOF_VALUE_ALIAS : MOF_VALUE_STRING;
                v->string =
                        v->kind == MOF_VALUE_ALIAS ? utf_to16(r->a, str_of(r->alias)) : (Str16){u"A.b=1", 5};
                return;
        default:
                number(r, type, v);
        }
}

static void value(Random *r, uint16_t type, MofValue *v)
{
        uint16_t one = (uint16_t)cim_type(type);
        *v = (MofValue){.kind = MOF_VALUE_ARRAY};
        if (one == CIM_OBJECT && r->depth > 2) {
                v->kind = MOF_VALUE_NULL;
                return;
        }
        if (!cim_is_array(type)) {
                scalar(r, one, v);
                return;
        }
        uint32_t n = any(r, 5);
        MofValue *items = room(r, n, sizeof(*items));
        for (uint32_t i = 0; items && i < n; i++) {
                scalar(r, one, &items[i]);
                if (items[i].kind != items[0].kind) // references are all aliases, or all paths
                        items[i] = items[0];
        }
        v->array.items = items;
        v->array.count = n;
}

static void flavors(Random *r, MofQualifier *q)
{
        static const struct {
                uint16_t word;
                uint8_t flavor;
        } f[] = {{MOF_TO_INSTANCE, CIM_FLAVOR_TO_INSTANCE},
                 {MOF_TO_SUBCLASS, CIM_FLAVOR_TO_SUBCLASS},
                 {MOF_DISABLE_OVERRIDE, CIM_FLAVOR_NOT_OVERRIDABLE},
                 {MOF_AMENDED, CIM_FLAVOR_AMENDED}};
        for (size_t i = 0; i < 4; i++)
                if (chance(r, 20)) {
                        q->written |= f[i].word;
                        q->flavor |= f[i].flavor;
                }
}

static void qualifier(Random *r, MofQualifier *q)
{
        static const uint16_t kinds[] = {CIM_SINT64, CIM_STRING, CIM_BOOLEAN, CIM_REAL64, CIM_CHAR16};
        if (!q->name.n)
                q->name = name(r, "q");
        if (chance(r, 60)) {
                value(r, (uint16_t)(kinds[any(r, 5)] | (chance(r, 30) ? CIM_ARRAY : 0)), &q->value);
                if (chance(r, 5))
                        q->value = (MofValue){.kind = MOF_VALUE_NULL};
        }
        flavors(r, q);
}

// Room for three more.
static MofQualifier *qualifiers(Random *r, MofQualifierList *ret)
{
        uint32_t n = any(r, 4);
        MofQualifier *q = room(r, n + 3u, sizeof(*q));
        for (uint32_t i = 0; q && i < n; i++)
                qualifier(r, &q[i]);
        *ret = (MofQualifierList){q, q ? n : 0};
        return q;
}

static void insert(Random *r, MofQualifier *q, MofQualifierList *list, Str what)
{
        uint32_t at = any(r, list->count + 1);
        if (!q)
                return;
        memmove(&q[at + 1], &q[at], (list->count - at) * sizeof(*q));
        q[at] = (MofQualifier){.name = what};
        flavors(r, &q[at]);
        list->count++;
}

static void declared(Random *r, MofType *t, bool array)
{
        static const char *const spelled[] = {"String", "UINT32", "Boolean"};
        static const uint16_t of_spelled[] = {CIM_STRING, CIM_UINT32, CIM_BOOLEAN};
        uint32_t n = any(r, 3);
        t->type = any_type(r);
        t->word = str_of(cim_type_name(t->type));
        if (chance(r, 10)) {
                t->type = of_spelled[n];
                t->word = str_of(spelled[n]);
        } else if (t->type == CIM_OBJECT || t->type == CIM_REFERENCE) {
                t->word = chance(r, 40) ? STR("object") : name(r, "Class");
                t->class_name = str_eq(t->word, STR("object")) ? (Str){"", 0} : t->word;
        }
        if (array && chance(r, 30)) {
                t->type |= CIM_ARRAY;
                t->max = chance(r, 40) ? 1 + any(r, 20) : 0;
        }
}

static void property(Random *r, MofProperty *p)
{
        p->name = name(r, "p");
        declared(r, &p->type, true);
        qualifiers(r, &p->qualifiers);
        if (chance(r, 40))
                value(r, p->type.type, &p->value);
        if (p->value.kind == MOF_VALUE_NULL && cim_type(p->type.type) == CIM_OBJECT)
                p->value = (MofValue){0};
}

static void method(Random *r, MofMethod *m)
{
        m->name = name(r, "m");
        if (chance(r, 50))
                declared(r, &m->returns, false);
        else
                m->returns.word = STR("void");
        qualifiers(r, &m->qualifiers);
        uint32_t n = any(r, 5);
        bool written = chance(r, 30); // IDs, in an order of their own
        MofProperty *p = room(r, n, sizeof(*p));
        for (uint32_t i = 0; p && i < n; i++) {
                p[i].name = name(r, "a");
                declared(r, &p[i].type, true);
                MofQualifier *q = qualifiers(r, &p[i].qualifiers);
                uint32_t way = any(r, 5);
                p[i].qualifiers.count =
                        p[i].qualifiers.count > 1 ? 1 : p[i].qualifiers.count;
                if (way == 0 || way == 2)
                        insert(r, q, &p[i].qualifiers, chance(r, 50) ? STR("in") : STR("IN"));
                if (way == 1 || way == 2 || way == 3)
                        insert(r, q, &p[i].qualifiers, chance(r, 50) ? STR("out") : STR("Out"));
                if (written && p[i].qualifiers.count < 3) {
                        insert(r, q, &p[i].qualifiers, chance(r, 50) ? STR("ID") : STR("id"));
                        for (uint32_t k = 0; q && k < p[i].qualifiers.count; k++)
                                if (str_ieq(q[k].name, STR("id")))
                                        q[k].value =
                                                (MofValue){.kind = MOF_VALUE_INTEGER, .magnitude = n - 1 - i};
                }
                if (chance(r, 20))
                        value(r, p[i].type.type, &p[i].value);
        }
        m->parameters = p;
        m->parameter_count = p ? n : 0;
}

static MofObject *begin(Random *r)
{
        MofObject *o = room(r, 1, sizeof(*o));
        if (!o)
                return NULL;
        o->namespace_text = r->outer ? r->outer->namespace_text : STR("\\\\.\\root\\wmi");
        o->namespace = r->outer ? r->outer->namespace : STR("root\\wmi");
        if (!r->outer && chance(r, 30)) {
                o->namespace_text = STR("root/x");
                o->namespace = STR("root\\x");
        }
        static const uint32_t class_flags[] = {0, 0, MOF_UPDATE_ONLY, MOF_FORCE_UPDATE | MOF_CREATE_ONLY,
                                               MOF_SAFE_UPDATE};
        o->class_flags = r->outer ? r->outer->class_flags : class_flags[any(r, 5)];
        o->instance_flags = r->outer ? r->outer->instance_flags : any(r, 3);
        return o;
}

static void assignments(Random *r, MofObject *o)
{
        uint32_t n = any(r, 6);
        MofProperty *p = room(r, n, sizeof(*p));
        for (uint32_t i = 0; p && i < n; i++) {
                p[i].name = name(r, "p");
                if (chance(r, 20))
                        qualifiers(r, &p[i].qualifiers);
                value(r, (uint16_t)(any_type(r) | (chance(r, 30) ? CIM_ARRAY : 0)), &p[i].value);
        }
        o->properties = p;
        o->property_count = p ? n : 0;
}

static const MofObject *object(Random *r)
{
        static const MofObject none = {.is_instance = true, .name = {"None", 4}};
        MofObject *o = begin(r);
        if (!o)
                return &none;
        r->depth++;
        o->is_instance = true;
        o->name = name(r, "Class");
        assignments(r, o);
        r->depth--;
        return o;
}

static const MofObject *top(Random *r)
{
        r->outer = NULL;
        MofObject *o = begin(r);
        if (!o)
                return NULL;
        r->outer = o;
        o->is_instance = chance(r, 40);
        o->name = name(r, "Class");
        qualifiers(r, &o->qualifiers);
        if (chance(r, 20))
                o->alias = name(r, "Alias");
        if (o->is_instance) {
                assignments(r, o);
        } else {
                if (chance(r, 40))
                        o->super = name(r, "Class");
                uint32_t n = any(r, 6), methods = any(r, 4);
                MofProperty *p = room(r, n, sizeof(*p));
                MofMethod *m = room(r, methods, sizeof(*m));
                for (uint32_t i = 0; p && i < n; i++)
                        property(r, &p[i]);
                for (uint32_t i = 0; m && i < methods; i++)
                        method(r, &m[i]);
                o->properties = p;
                o->property_count = p ? n : 0;
                o->methods = m;
                o->method_count = m ? methods : 0;
        }
        if (o->alias.n) // of those behind it
                r->alias = o->alias.p;
        return o;
}

MofDocument *random_document(uint32_t seed)
{
        Arena *a = calloc(1, sizeof(*a));
        if (!a)
                return NULL;
        Random r = {.seed = seed, .a = a};
        MofDocument *d = arena_new(a, MofDocument);
        uint32_t n = 1 + any(&r, 5);
        MofItem *items = room(&r, n, sizeof(*items));
        for (uint32_t i = 0; items && i < n; i++)
                items[i].object = top(&r);
        if (!d || r.failed) {
                arena_deinit(a);
                free(a);
                return NULL;
        }
        *d = (MofDocument){.items = items, .item_count = n, .name = "random", .text = STR(""), .arena = a};
        return d;
}

// --- records -------------------------------------------------------------------------------------

static Str16 any_name(Random *r)
{
        static const Str16 known[] = {{u"__CLASS", 7},
                                      {u"__NAMESPACE", 11},
                                      {u"__SUPERCLASS", 12},
                                      {u"__ALIAS", 7},
                                      {u"CIMTYPE", 7},
                                      {u"MAX", 3},
                                      {u"ID", 2},
                                      {u"IN", 2},
                                      {u"OUT", 3},
                                      {u"ReturnValue", 11},
                                      {u"in", 2},
                                      {u"out", 3},
                                      {u"id", 2},
                                      {u"__CLASSFLAGS", 12},
                                      {u"a", 1},
                                      {u"", 0}};
        return chance(r, 60) ? known[any(r, sizeof(known) / sizeof(known[0]))] : units(r);
}

static const BmfObject *any_object(Random *r);

static void any_scalar(Random *r, uint16_t type, BmfValue *v)
{
        static const Str16 texts[] = {{u"uint32", 6},
                                      {u"object:A", 8},
                                      {u"ref", 3},
                                      {u"root\\wmi", 8},
                                      {u"18446744073709551615", 20},
                                      {u"7", 1}};
        v->type = type;
        if (bmf_is_text(type))
                v->string = chance(r, 50) ? texts[any(r, 6)] : units(r);
        else if (type == CIM_OBJECT)
                v->object = any_object(r);
        else
                v->bits =
                        (chance(r, 50) ? any(r, 70000) : (uint64_t)any(r, UINT32_MAX) << 40 | any(r, 70000)) &
                        (UINT64_MAX >> (64 - 8 * bmf_size_of(type)));
}

static uint16_t any_value(Random *r, BmfValue *v)
{
        uint16_t type = chance(r, 40)   ? CIM_STRING
                        : chance(r, 40) ? CIM_SINT32
                        : chance(r, 30) ? CIM_BOOLEAN
                                        : any_type(r);
        if (type == CIM_OBJECT && r->depth > 3)
                type = CIM_STRING;
        if (chance(r, 10) && type == CIM_STRING)
                type |= BMF_ALIAS;
        if (chance(r, 75)) {
                any_scalar(r, type, v);
                return type;
        }
        uint32_t n = any(r, 4);
        BmfValue *items = room(r, n, sizeof(*items));
        for (uint32_t i = 0; items && i < n; i++)
                any_scalar(r, type, &items[i]);
        v->type = (uint16_t)(type | CIM_ARRAY);
        v->array.items = items;
        v->array.count = items ? n : 0;
        return v->type;
}

static void any_qualifiers(Random *r, BmfQualifiers *list)
{
        if (chance(r, 15))
                return;
        uint32_t n = any(r, 4);
        BmfQualifier *q = room(r, n, sizeof(*q));
        for (uint32_t i = 0; q && i < n; i++) {
                q[i].name = any_name(r);
                q[i].has_value = chance(r, 90);
                uint16_t type = any_value(r, &q[i].value);
                if (!q[i].has_value)
                        q[i].value = (BmfValue){.type = chance(r, 50) ? (uint16_t)any(r, 0x10000) : type};
                q[i].has_flavor = chance(r, 40);
                if (q[i].has_flavor)
                        q[i].flavor = chance(r, 80) ? any(r, 4) * 0x11 : any(r, UINT32_MAX);
        }
        *list = (BmfQualifiers){true, q, q ? n : 0};
}

static const BmfProperty *any_members(Random *r, uint32_t *ret_count)
{
        uint32_t n = any(r, 6);
        BmfProperty *p = room(r, n, sizeof(*p));
        for (uint32_t i = 0; p && i < n; i++) {
                p[i].name = any_name(r);
                p[i].has_value = chance(r, 70);
                p[i].type = any_value(r, &p[i].value);
                if (!p[i].has_value) {
                        p[i].value = (BmfValue){0};
                        p[i].type = chance(r, 10) ? any(r, UINT32_MAX) : p[i].type;
                }
                any_qualifiers(r, &p[i].qualifiers);
        }
        *ret_count = p ? n : 0;
        return p;
}

static const BmfObject *any_object(Random *r)
{
        static const BmfObject none = {0};
        BmfObject *o = room(r, 1, sizeof(*o));
        if (!o)
                return &none;
        r->depth++;
        o->kind = chance(r, 90) ? any(r, 2) : any(r, UINT32_MAX);
        any_qualifiers(r, &o->qualifiers);
        o->properties = any_members(r, &o->property_count);
        o->has_methods = chance(r, 90);
        if (o->has_methods)
                o->methods = any_members(r, &o->method_count);
        r->depth--;
        return o;
}

Bmf *random_records(uint32_t seed)
{
        Bmf *b = bmf_new();
        if (!b)
                return NULL;
        Random r = {.seed = seed, .a = b->arena};
        uint32_t n = any(&r, 4);
        const BmfObject **objects = room(&r, n, sizeof(*objects));
        for (uint32_t i = 0; objects && i < n; i++)
                objects[i] = any_object(&r);
        b->objects = objects;
        b->object_count = objects ? n : 0;
        b->has_flavors = true;
        b->unpadded = false;
        return r.failed ? bmf_free(b) : b;
}
