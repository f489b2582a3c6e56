// SPDX-License-Identifier: MIT
// Checks a query against the classes of a namespace and makes its plan.
//
// Errors come in the order of the text, except that a clause that is only "not served yet" is reported after
// its own mistakes. An unknown class is CIM_E_NOT_FOUND: that is what users of Windows report for a class
// missing after FROM; WBEM_E_INVALID_CLASS is documented, but for other calls.
//
// First every predicate becomes a test, in the order of the text. Then the tests are linked from the last to
// the first, so that both targets of a test are known when it is placed: AND hands "no" through and chains
// "yes", OR the reverse, NOT swaps the two. What is decided without a look at the event vanishes, and so does
// what it makes unreachable.
#include "wql/wql-ast.h"

#include <stdlib.h>

#include "base/limits.h"
#include "cim/status.h"
#include "wql/wql-constant.h"
#include "wql/wql-plan.h"

typedef struct Checker {
        const WqlQuery *q;
        const CimSchema *schema;
        Str namespace;
        bool data;             // a data or schema query
        const CimClass *class; // NULL: meta_class
        WqlPlan *plan;
        Diag *diag;
        struct Made *made; // one for each predicate, in the order of the text
        uint32_t made_count;
        WqlTest *linked; // those that are needed, last one first
        uint32_t linked_count;
        uint32_t effort; // left for LIKE
} Checker;

// A predicate before it has a place in the plan.
typedef struct Made {
        WqlTest test;
        bool swap;  // IS NULL: holds when the test fails
        bool never; // never holds
} Made;

// ---- errors
// ------------------------------------------------------------------------------------------------------

static int place(const Checker *c, WqlSpan at)
{
        diag_place(c->diag, c->q->text.p, c->q->text.n, at.at, at.n);
        return E_DIAG;
}

static int fail(const Checker *c, uint32_t code, WqlSpan at, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
static int fail(const Checker *c, uint32_t code, WqlSpan at, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        diag_setv(c->diag, code, format, args);
        va_end(args);
        return place(c, at);
}

// A name for a message: long ones are cut between characters.
static Str brief(Str s)
{
        if (s.n > 100)
                for (s.n = 100; s.n && ((unsigned char)s.p[s.n] & 0xC0) == 0x80;)
                        s.n--;
        return s;
}

static WqlSpan step_span(const WqlStep *s)
{
        return (WqlSpan){s->at, s->name.n};
}

// ---- the class
// ---------------------------------------------------------------------------------------------------

typedef struct ClassSearch {
        const Checker *checker;
        StrNearest events, others; // event classes are what was meant, if one is near
        Str elsewhere;             // a namespace that has the very class
} ClassSearch;

static int search_class(void *context, Str namespace, const CimClass *k)
{
        (void)namespace;
        ClassSearch *s = context;
        str_nearest_offer(cim_class_isa(k, STR("__Event")) ? &s->events : &s->others, k->name);
        return 0;
}

static int search_namespace(void *context, Str namespace)
{
        ClassSearch *s = context;
        if (cim_schema_find(s->checker->schema, namespace, s->checker->q->from.name))
                s->elsewhere = namespace;
        return s->elsewhere.n != 0;
}

static int unknown_class(const Checker *c)
{
        Str name = c->q->from.name;
        ClassSearch s = {.checker = c, .events = {.wanted = name}, .others = {.wanted = name}};
        cim_schema_each_namespace(c->schema, search_namespace, &s);
        cim_schema_each_class(c->schema, c->namespace, search_class, &s);
        fail(c, CIM_E_NOT_FOUND, step_span(&c->q->from), "%.*s has no class %.*s",
             STR_ARG(brief(c->namespace)), STR_ARG(brief(name)));
        Str near = s.events.best.n ? s.events.best : s.others.best;
        if (!c->data && str_ieq(name, STR("meta_class")))
                return diag_hint(c->diag, "meta_class is for schema queries, which are no event queries");
        if (s.elsewhere.n)
                return diag_hint(c->diag, "%.*s has a class of that name", STR_ARG(brief(s.elsewhere)));
        if (near.n)
                return diag_hint(c->diag, "did you mean %.*s?", STR_ARG(brief(near)));
        return E_DIAG;
}

// Kinds of events that nothing here generates yet. Silence would be worse than a refusal.
static bool is_served(const CimClass *k)
{
        static const char *const kinds[] = {"__MethodInvocationEvent", "__TimerEvent", "__EventDroppedEvent"};
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (cim_class_isa(k, str_of(kinds[i])))
                        return false;
        return true;
}

static int check_from(Checker *c)
{
        WqlSpan at = step_span(&c->q->from);
        if (!cim_schema_has_namespace(c->schema, c->namespace))
                return fail(c, CIM_E_INVALID_NAMESPACE, (WqlSpan){0}, "no namespace %.*s",
                            STR_ARG(brief(c->namespace)));
        if (c->data && str_ieq(c->q->from.name, STR("meta_class")))
                return 0;
        c->class = cim_schema_find(c->schema, c->namespace, c->q->from.name);
        if (!c->class)
                return unknown_class(c);
        if (c->data)
                return 0;
        if (!cim_class_isa(c->class, STR("__Event"))) {
                fail(c, CIM_E_NOT_EVENT_CLASS, at, "%.*s is no event class", STR_ARG(brief(c->class->name)));
                return diag_hint(c->diag, "an event class derives from __Event");
        }
        if (!is_served(c->class))
                return fail(c, CIM_E_NOT_SUPPORTED, at, "events of the kind %.*s are not generated yet",
                            STR_ARG(brief(c->class->name)));
        // WITHIN asks for polling; these events are pushed, and it is documented to mean nothing then
        return 0;
}

// ---- properties
// --------------------------------------------------------------------------------------------------

typedef struct DerivedSearch {
        Str name;
        const CimClass *found;
} DerivedSearch;

static int search_derived(void *context, Str namespace, const CimClass *k)
{
        (void)namespace;
        DerivedSearch *s = context;
        if (cim_class_property(k, s->name) >= 0)
                s->found = k;
        return s->found != NULL;
}

static int unknown_property(const Checker *c, const CimClass *in, const WqlStep *step)
{
        fail(c, CIM_E_INVALID_PROPERTY, step_span(step), "%.*s has no property %.*s",
             STR_ARG(brief(in->name)), STR_ARG(brief(step->name)));
        if (str_ieq(step->name, STR("__this")))
                return diag_hint(c->diag, "__this is for schema queries");
        DerivedSearch d = {.name = step->name};
        cim_schema_each_derived(c->schema, c->namespace, in, search_derived, &d);
        if (d.found)
                return diag_hint(c->diag, "%.*s, derived from it, has one", STR_ARG(brief(d.found->name)));
        StrNearest near = {.wanted = step->name};
        for (size_t i = 0; i < in->property_count; i++)
                str_nearest_offer(&near, in->properties[i].name);
        if (near.best.n)
                return diag_hint(c->diag, "did you mean %.*s?", STR_ARG(brief(near.best)));
        return E_DIAG;
}

static bool is_system(Str name)
{
        static const char *const names[] = {"__CLASS",   "__SUPERCLASS",    "__DYNASTY", "__DERIVATION",
                                            "__RELPATH", "__PATH",          "__SERVER",  "__NAMESPACE",
                                            "__GENUS",   "__PROPERTY_COUNT"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (str_ieq(name, str_of(names[i])))
                        return true;
        return false;
}

static int not_an_object(const Checker *c, const WqlStep *s, const CimProperty *p)
{
        return fail(c, CIM_E_PROPERTY_NOT_AN_OBJECT, step_span(s), "%.*s is %s, not an embedded object",
                    STR_ARG(brief(p->name)), cim_type_name(p->type));
}

// The steps behind the first, as far as the classes of embedded objects are declared. What stands in the
// declared class or any derived from it may be there.
static int inner_steps(const Checker *c, const WqlPath *path, const CimProperty *p)
{
        for (size_t i = 1; i < path->count; i++) {
                const WqlStep *s = &path->steps[i];
                if (cim_type(p->type) != CIM_OBJECT)
                        return not_an_object(c, s - 1, p);
                const CimClass *in = p->object_class;
                int k = in ? cim_class_property(in, s->name) : -1;
                if (!in || (k < 0 && is_system(s->name)))
                        return 0;
                if (k < 0) {
                        DerivedSearch d = {.name = s->name};
                        cim_schema_each_derived(c->schema, c->namespace, in, search_derived, &d);
                        return d.found ? 0 : unknown_property(c, in, s);
                }
                p = &in->properties[k];
        }
        return 0;
}

// The property that a path begins with. *ret NULL: a system property of the event itself.
static int first_property(const Checker *c, const WqlPath *path, const CimProperty **ret)
{
        const WqlStep *s = &path->steps[0];
        int i = c->class ? cim_class_property(c->class, s->name) : -1;
        *ret = NULL;
        if (!c->class && !is_system(s->name))
                return fail(c, CIM_E_INVALID_PROPERTY, step_span(s), "meta_class has no property %.*s",
                            STR_ARG(brief(s->name)));
        if (i < 0 && path->count == 1 && is_system(s->name))
                return 0;
        if (i < 0)
                return unknown_property(c, c->class, s);
        *ret = &c->class->properties[i];
        return inner_steps(c, path, *ret);
}

// A path in WHERE, down to one property that a test can read.
static int where_property(const Checker *c, const WqlNode *n, const CimProperty **ret)
{
        const WqlPath *path = &n->path;
        int r = first_property(c, path, ret);
        if (r)
                return r;
        const CimProperty *p = *ret;
        if (!p)
                return fail(c, CIM_E_NOT_SUPPORTED, path->span, "%.*s in WHERE is not served yet",
                            STR_ARG(brief(path->steps[0].name)));
        if (n->kind == WQL_N_ISA && path->count == 1 && cim_type(p->type) != CIM_OBJECT)
                return fail(c, CIM_E_PROPERTY_NOT_AN_OBJECT, path->span,
                            "ISA needs an embedded object; %.*s is %s", STR_ARG(brief(p->name)),
                            cim_type_name(p->type));
        if (cim_is_array(p->type)) {
                fail(c, CIM_E_TYPE_MISMATCH, step_span(&path->steps[0]), "%.*s is an array of %s",
                     STR_ARG(brief(p->name)), cim_type_name(p->type));
                return diag_hint(c->diag, "WQL does not query arrays");
        }
        if (path->steps[0].indexed)
                return fail(c, CIM_E_TYPE_MISMATCH, path->span, "%.*s is no array", STR_ARG(brief(p->name)));
        if (path->count > 1)
                return fail(c, CIM_E_NOT_SUPPORTED, path->span,
                            "a path into an embedded object is not served yet");
        if (n->kind == WQL_N_ISA)
                return fail(c, CIM_E_NOT_SUPPORTED, n->operator, "ISA is not served yet");
        return 0;
}

// ---- WHERE
// -------------------------------------------------------------------------------------------------------

static int make_like(Checker *c, const WqlNode *n, const CimProperty *p, WqlTest *t)
{
        CimType type = cim_type(p->type);
        if (type != CIM_STRING && type != CIM_REFERENCE && type != CIM_DATETIME) {
                fail(c, CIM_E_INVALID_OPERATOR, n->operator, "LIKE does not fit %.*s, which is %s",
                     STR_ARG(brief(p->name)), cim_type_name(p->type));
                return diag_hint(c->diag, "LIKE compares strings");
        }
        t->kind = WQL_TEST_LIKE;
        int r = wql_like_compile(&c->plan->arena, n->constant.string, &c->effort, &t->like, c->diag);
        return r == E_DIAG ? place(c, n->constant.span) : r;
}

static int make_test(Checker *c, const WqlNode *n, Made *m)
{
        WqlTest *t = &m->test;
        const CimProperty *p;
        int r = where_property(c, n, &p);
        if (r)
                return r;
        t->property = (uint32_t)(p - c->class->properties);
        t->type = p->type;
        if (n->kind == WQL_N_NULL) {
                t->kind = WQL_TEST_PRESENT;
                m->swap = !n->negated;
                return 0;
        }
        if (cim_type(p->type) == CIM_OBJECT) {
                fail(c, CIM_E_TYPE_MISMATCH, n->path.span, "%.*s is an embedded object",
                     STR_ARG(brief(p->name)));
                return diag_hint(c->diag, "an object can only be compared with NULL");
        }
        if (n->kind == WQL_N_LIKE)
                return make_like(c, n, p, t);
        WqlSpan at = n->constant.span;
        WqlOutcome outcome = WQL_TESTED;
        r = wql_constant_test(n, p, &c->plan->arena, t, &outcome, &at, c->diag);
        m->never = outcome == WQL_NEVER;
        return r == E_DIAG ? place(c, at) : r;
}

// Recursion here and below: the depth of the tree, bounded by the parser.
static int make_tests(Checker *c, const WqlNode *n)
{
        if (n->kind != WQL_N_AND && n->kind != WQL_N_OR && n->kind != WQL_N_NOT)
                return make_test(c, n, &c->made[c->made_count++]);
        int r = 0;
        for (size_t i = 0; i < n->count && !r; i++)
                r = make_tests(c, n->children[i]);
        return r;
}

// Takes the tests of n from the end of c->made and returns where its evaluation begins. Targets are positions
// in c->linked, which finish() turns round.
static uint32_t link_tests(Checker *c, const WqlNode *n, uint32_t yes, uint32_t no)
{
        if (n->kind == WQL_N_NOT)
                return link_tests(c, n->children[0], no, yes);
        if (n->kind == WQL_N_AND || n->kind == WQL_N_OR) {
                uint32_t entry = n->kind == WQL_N_AND ? yes : no;
                for (size_t i = n->count; i-- > 0;)
                        entry = n->kind == WQL_N_AND ? link_tests(c, n->children[i], entry, no)
                                                     : link_tests(c, n->children[i], yes, entry);
                return entry;
        }
        Made *m = &c->made[--c->made_count];
        m->test.yes = m->swap ? no : yes;
        m->test.no = m->swap ? yes : no;
        if (m->never || m->test.yes == m->test.no)
                return m->test.no;
        c->linked[c->linked_count] = m->test;
        return c->linked_count++;
}

static void mark(uint32_t *place, uint32_t target)
{
        if (target < WQL_ACCEPT)
                place[target] = 1;
}

static uint32_t placed(const uint32_t *place, uint32_t target)
{
        return target < WQL_ACCEPT ? place[target] : target;
}

// The linked tests in the order of evaluation, without those that nothing leads to. Targets of linked[i] are
// below i.
static int finish(Checker *c, uint32_t entry)
{
        WqlPlan *p = c->plan;
        size_t words = c->class ? (c->class->property_count + 63) / 64 : 0;
        WqlTest *tests = arena_array(&p->arena, WqlTest, c->linked_count + 1);
        uint32_t *place = arena_array(&p->arena, uint32_t, c->linked_count + 1);
        p->used.words = arena_array(&p->arena, uint64_t, words + 1);
        if (!tests || !place || !p->used.words)
                return -ENOMEM;
        mark(place, entry);
        for (uint32_t i = c->linked_count; i-- > 0;) {
                if (!place[i])
                        continue;
                mark(place, c->linked[i].yes);
                mark(place, c->linked[i].no);
                place[i] = p->count;
                tests[p->count++] = c->linked[i];
        }
        for (uint32_t i = 0; i < p->count; i++) {
                WqlTest *t = &tests[i];
                t->yes = placed(place, t->yes);
                t->no = placed(place, t->no);
                p->used.words[t->property / 64] |= UINT64_C(1) << (t->property % 64);
                p->used.count = words;
        }
        p->tests = tests;
        p->entry = placed(place, entry);
        return 0;
}

static int check_where(Checker *c)
{
        const WqlNode *where = c->q->where;
        if (!where)
                return finish(c, WQL_ACCEPT);
        c->made = calloc(LIMIT_QUERY_TERMS, sizeof(*c->made));
        c->linked = calloc(LIMIT_QUERY_TERMS, sizeof(*c->linked));
        int r = c->made && c->linked ? make_tests(c, where) : -ENOMEM;
        if (!r)
                r = finish(c, link_tests(c, where, WQL_ACCEPT, WQL_REJECT));
        free(c->made);
        free(c->linked);
        return r;
}

// ---- SELECT and GROUP
// --------------------------------------------------------------------------------------------

// The list as indices. A path into an object asks for the whole object, as Windows delivers it; system
// properties are told with every event and need no asking.
static int check_select(Checker *c)
{
        const WqlQuery *q = c->q;
        if (!c->class)
                return q->select_count ? fail(c, CIM_E_INVALID_QUERY, q->select[0].span,
                                              "meta_class gives whole classes: SELECT *")
                                       : 0;
        uint32_t *selected = arena_array(&c->plan->arena, uint32_t, q->select_count + 1);
        uint64_t *seen = arena_array(&c->plan->arena, uint64_t, c->class->property_count / 64 + 1);
        if (!selected || !seen)
                return -ENOMEM;
        for (size_t i = 0; i < q->select_count; i++) {
                const CimProperty *p;
                int r = first_property(c, &q->select[i], &p);
                if (r)
                        return r;
                if (!p)
                        continue;
                uint32_t k = (uint32_t)(p - c->class->properties);
                if (!(seen[k / 64] >> (k % 64) & 1))
                        selected[c->plan->selected_count++] = k;
                seen[k / 64] |= UINT64_C(1) << (k % 64);
        }
        c->plan->selected = selected;
        return 0;
}

static int check_having(const Checker *c, const WqlNode *n)
{
        if (n->kind == WQL_N_AND || n->kind == WQL_N_OR || n->kind == WQL_N_NOT) {
                for (size_t i = 0; i < n->count; i++) {
                        int r = check_having(c, n->children[i]);
                        if (r)
                                return r;
                }
                return 0;
        }
        if (n->path.count != 1 || !str_ieq(n->path.steps[0].name, STR("NumberOfEvents")))
                return fail(c, CIM_E_INVALID_PROPERTY, n->path.span, "HAVING knows NumberOfEvents alone");
        if (n->kind != WQL_N_COMPARE)
                return fail(c, CIM_E_INVALID_OPERATOR, n->path.span,
                            "NumberOfEvents is compared with an integer");
        if (n->constant.kind != WQL_C_INTEGER)
                return fail(c, CIM_E_TYPE_MISMATCH, n->constant.span,
                            "NumberOfEvents is compared with an integer");
        return 0;
}

static int check_group(const Checker *c)
{
        const WqlQuery *q = c->q;
        for (size_t i = 0; i < q->by_count; i++) {
                const CimProperty *p;
                int r = first_property(c, &q->by[i], &p);
                if (r)
                        return r;
                if (p && q->by[i].count == 1 && cim_type(p->type) == CIM_OBJECT)
                        return fail(c, CIM_E_AGGREGATING_BY_OBJECT, q->by[i].span,
                                    "%.*s is an embedded object", STR_ARG(brief(p->name)));
        }
        int r = q->having ? check_having(c, q->having) : 0;
        if (!r && q->group.given)
                return fail(c, CIM_E_NOT_SUPPORTED, q->group.span, "GROUP WITHIN is not served yet");
        return r;
}

// ---- the whole
// ---------------------------------------------------------------------------------------------------

static int check(const WqlQuery *q, bool data, const CimSchema *schema, Str namespace, WqlPlan **ret,
                 Diag *reterr)
{
        WqlPlan *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->refs = 1;
        Checker c = {.q = q,
                     .schema = schema,
                     .namespace = namespace,
                     .data = data,
                     .plan = p,
                     .diag = reterr,
                     .effort = WQL_LIKE_EFFORT};
        int r = check_from(&c);
        if (!r) {
                p->class = c.class ? cim_class_ref(c.class) : NULL;
                r = check_select(&c);
        }
        if (!r)
                r = check_where(&c);
        if (!r)
                r = check_group(&c);
        if (r)
                wql_plan_unref(p);
        else
                *ret = p;
        return r;
}

int wql_check(const WqlQuery *q, const CimSchema *schema, Str namespace, WqlPlan **ret, Diag *reterr)
{
        return check(q, false, schema, namespace, ret, reterr);
}

int wql_check_data(const WqlQuery *q, const CimSchema *schema, Str namespace, WqlPlan **ret, Diag *reterr)
{
        return wql_code_of_data(check(q, true, schema, namespace, ret, reterr), reterr);
}
