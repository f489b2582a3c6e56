// SPDX-License-Identifier: MIT
// Evaluation of plans: no allocation, no recursion, no lock.
#include "wql/wql-plan.h"

#include <stdlib.h>

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

static bool test(const WqlTest *t, const CimValue *v)
{
        if (v->null || v->type != t->type)
                return false;
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
        }
        return false;
}

bool wql_match(const WqlPlan *p, const WqlSubject *s)
{
        uint32_t at = p->entry;
        while (at < p->count) {
                const WqlTest *t = &p->tests[at];
                at = test(t, &s->values[t->property]) ? t->yes : t->no;
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
