// SPDX-License-Identifier: MIT
// Evaluation of plans: no allocation, no recursion, no lock.
#include "wql/wql-plan.h"

#include <stdlib.h>

#include "base/limits.h"

static unsigned order_signed(int64_t a, int64_t b)
{
        return a < b ? WQL_LESS : a > b ? WQL_MORE : WQL_SAME;
}

static unsigned order_unsigned(uint64_t a, uint64_t b)
{
        return a < b ? WQL_LESS : a > b ? WQL_MORE : WQL_SAME;
}

static unsigned order_real(double a, double b)
{
        return a < b ? WQL_LESS : a > b ? WQL_MORE : a == b ? WQL_SAME : WQL_UNORDERED;
}

// b is in upper case.
static unsigned order_string(Str16 a, Str16 b)
{
        size_t n = a.n < b.n ? a.n : b.n;
        for (size_t i = 0; i < n; i++) {
                char16_t x = a.p[i];
                if (x == b.p[i])
                        continue;
                x = wql_up(x);
                if (x != b.p[i])
                        return x < b.p[i] ? WQL_LESS : WQL_MORE;
        }
        return order_unsigned(a.n, b.n);
}

static bool test_string(const WqlTest *t, Str16 s)
{
        // = and <> need no order: strings of different lengths are told apart without a look at them
        if ((t->holds == WQL_SAME || t->holds == (WQL_LESS | WQL_MORE)) && s.n != t->string.n)
                return t->holds != WQL_SAME;
        return (order_string(s, t->string) & t->holds) != 0;
}

static bool test_time(const WqlTest *t, Str16 s)
{
        uint64_t v;
        bool known = t->kind == WQL_TEST_INSTANT ? cim_datetime_instant(s, &v) : cim_datetime_interval(s, &v);
        return known && (order_unsigned(v, t->uint) & t->holds) != 0;
}

// v is not NULL and of the test's type.
static bool test_value(const WqlTest *t, const CimValue *v)
{
        switch ((WqlTestKind)t->kind) {
        case WQL_TEST_PRESENT:
                return true;
        case WQL_TEST_BOOLEAN:
                return ((v->boolean == t->boolean ? WQL_SAME : WQL_LESS) & t->holds) != 0;
        case WQL_TEST_SINT:
                return (order_signed(v->sint, t->sint) & t->holds) != 0;
        case WQL_TEST_UINT:
                return (order_unsigned(v->uint, t->uint) & t->holds) != 0;
        case WQL_TEST_REAL:
                return (order_real(v->real, t->real) & t->holds) != 0;
        case WQL_TEST_STRING:
                return test_string(t, v->string);
        case WQL_TEST_CHAR:
                return (order_unsigned(wql_up((char16_t)v->uint), t->uint) & t->holds) != 0;
        case WQL_TEST_INSTANT:
        case WQL_TEST_INTERVAL:
                return test_time(t, v->string);
        case WQL_TEST_LIKE:
                return wql_like_match(t->like, v->string);
        case WQL_TEST_ISA:
                return cim_class_isa(v->object->class, t->name);
        case WQL_TEST_BY_TYPE:
                break;
        }
        return false;
}

static bool test(const WqlTest *t, const CimValue *v)
{
        if (v->null)
                return false;
        if (t->kind == WQL_TEST_BY_TYPE) {
                const WqlReadings *r = t->readings;
                for (uint32_t i = 0; i < r->count; i++)
                        if (r->tests[i].type == v->type)
                                return test_value(&r->tests[i], v);
                return false;
        }
        return (v->type == t->type || t->type == CIM_NONE) && test_value(t, v);
}

// ---- values behind a path
// ----------------------------------------------------------------------------------------

// A class or namespace name as a string value, in the caller's memory.
typedef struct NameText {
        char16_t units[2 * LIMIT_NAMESPACE_CHARS];
} NameText;

static CimValue name_value(Str s, NameText *t)
{
        size_t n = 0;
        while (s.n) {
                uint32_t u = (unsigned char)*s.p;
                size_t used = u < 0x80 ? 1 : utf8_decode(s.p, s.n, &u);
                s.p += used;
                s.n -= used;
                if (n + 2 > sizeof(t->units) / sizeof(t->units[0]))
                        return cim_null(CIM_STRING);
                if (u >= 0x10000) {
                        t->units[n++] = (char16_t)(0xD7C0 + (u >> 10));
                        u = 0xDC00 + (u & 0x3FF);
                }
                t->units[n++] = (char16_t)u;
        }
        return (CimValue){.type = CIM_STRING, .string = {t->units, n}};
}

static CimValue number_value(size_t n)
{
        return (CimValue){.type = CIM_SINT32, .sint = (int64_t)n};
}

static CimValue system_value(const WqlSubject *s, const CimInstance *o, CimSystemProperty p, NameText *t)
{
        const CimClass *top = o->class;
        CimValue v;
        while (top->super)
                top = top->super;
        switch (p) {
        case CIM_SYSTEM_GENUS:
                return number_value(o->is_class ? 1 : 2);
        case CIM_SYSTEM_CLASS:
                return name_value(o->class->name, t);
        case CIM_SYSTEM_SUPERCLASS:
                return o->class->super ? name_value(o->class->super->name, t) : cim_null(CIM_STRING);
        case CIM_SYSTEM_DYNASTY:
                return name_value(top->name, t);
        case CIM_SYSTEM_PROPERTY_COUNT:
                return number_value(o->class->property_count);
        case CIM_SYSTEM_NAMESPACE:
                return o->namespace.n ? name_value(o->namespace, t) : cim_null(CIM_STRING);
        case CIM_SYSTEM_SERVER:
                return o->namespace.n && s->server.n ? name_value(s->server, t) : cim_null(CIM_STRING);
        case CIM_SYSTEM_RELPATH:
        case CIM_SYSTEM_PATH:
                if (s->scratch && (p == CIM_SYSTEM_RELPATH || s->server.n) &&
                    cim_system_value(o, p, s->server, s->scratch, &v) == 0)
                        return v;
                break;
        case CIM_SYSTEM_DERIVATION:
        case CIM_SYSTEM_COUNT:
                break;
        }
        return cim_null(CIM_STRING);
}

// The value at the end of the steps; NULL: there is none. What an index leads beyond, what is no object and
// what an object does not have is none.
static const CimValue *reach(const WqlWay *w, const CimValue *v)
{
        for (size_t i = 0;;) {
                if (w->steps[i].indexed) {
                        if (v->null || !cim_is_array(v->type) || w->steps[i].index >= v->array.count)
                                return NULL;
                        v = &v->array.items[w->steps[i].index];
                }
                if (++i == w->count)
                        return v;
                if (v->null || v->type != CIM_OBJECT)
                        return NULL;
                int k = cim_class_property(v->object->class, w->steps[i].name);
                if (k < 0)
                        return NULL;
                v = &v->object->values[k];
        }
}

static bool test_way(const WqlTest *t, const WqlSubject *s)
{
        const WqlWay *w = t->way;
        // cim_system_value reads the values and no more
        CimInstance self = {.class = s->klass,
                            .values = (CimValue *)(uintptr_t)s->values,
                            .is_class = s->is_class,
                            .namespace = s->namespace};
        CimValue subject = {.type = CIM_OBJECT, .object = &self};
        const CimValue *v = w->count ? reach(w, &s->values[t->property]) : &subject;
        if (!v || w->system == CIM_SYSTEM_COUNT)
                return v && test(t, v);
        if (v->null || v->type != CIM_OBJECT)
                return false;
        NameText text;
        CimValue made = system_value(s, v->object, w->system, &text);
        return test(t, &made);
}

bool wql_match(const WqlPlan *p, const WqlSubject *s)
{
        uint32_t at = p->entry;
        while (at < p->count) {
                const WqlTest *t = &p->tests[at];
                at = (t->way ? test_way(t, s) : test(t, &s->values[t->property])) ? t->yes : t->no;
        }
        return at == WQL_ACCEPT;
}

WqlPlan *wql_plan_ref(WqlPlan *p)
{
        __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
        return p;
}

WqlPlan *wql_plan_unref(WqlPlan *p)
{
        if (!p || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) != 0)
                return NULL;
        // the plan holds a reference that it was given as const; only the count changes
        cim_class_unref((CimClass *)(uintptr_t)p->class);
        arena_deinit(&p->arena);
        free(p);
        return NULL;
}

const CimClass *wql_class(const WqlPlan *p)
{
        return p->class;
}

bool wql_is_schema(const WqlPlan *p)
{
        return !p->class;
}

const CimWant *wql_used(const WqlPlan *p)
{
        return &p->used;
}

const uint32_t *wql_selected(const WqlPlan *p, size_t *ret_count)
{
        *ret_count = p->selected_count;
        return p->selected;
}
