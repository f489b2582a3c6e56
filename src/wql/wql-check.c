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
#include "wql/wql-check.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/status.h"
#include "wql/wql-constant.h"

// A predicate before it has a place in the plan.
typedef struct WqlMade {
        WqlTest test;
        bool swap;  // IS NULL: holds when the test fails
        bool never; // never holds
} Made;

// ---- FROM
// --------------------------------------------------------------------------------------------------------

// Kinds of events that nothing here generates yet. Silence would be worse than a refusal.
static bool is_served(const CimClass *k)
{
        static const char *const kinds[] = {"__MethodInvocationEvent", "__TimerEvent", "__EventDroppedEvent"};
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (cim_class_isa(k, str_of(kinds[i])))
                        return false;
        return true;
}

static int check_from(WqlChecker *c)
{
        WqlSpan at = wql_step_span(&c->q->from);
        if (!cim_schema_has_namespace(c->schema, c->namespace))
                return wql_fail(c, CIM_E_INVALID_NAMESPACE, (WqlSpan){0}, "no namespace %.*s",
                                STR_ARG(wql_brief(c->namespace)));
        if (c->data && str_ieq(c->q->from.name, STR("meta_class")))
                return 0;
        c->class = cim_schema_find(c->schema, c->namespace, c->q->from.name);
        if (!c->class)
                return wql_unknown_class(c, c->q->from.name, at, !c->data);
        if (c->data)
                return 0;
        if (!cim_class_isa(c->class, STR("__Event"))) {
                wql_fail(c, CIM_E_NOT_EVENT_CLASS, at, "%.*s is no event class",
                         STR_ARG(wql_brief(c->class->name)));
                return diag_hint(c->diag, "an event class derives from __Event");
        }
        if (!is_served(c->class))
                return wql_fail(c, CIM_E_NOT_SUPPORTED, at, "events of the kind %.*s are not generated yet",
                                STR_ARG(wql_brief(c->class->name)));
        return 0;
}

// ---- WHERE
// -------------------------------------------------------------------------------------------------------

static int place(const WqlChecker *c, int r, WqlSpan at)
{
        if (r == E_DIAG)
                diag_place(c->diag, c->q->text.p, c->q->text.n, at.at, at.n);
        return r;
}

// Where the value of a test is found.
static int make_way(WqlChecker *c, const WqlPath *path, const WqlTarget *target, WqlTest *t)
{
        t->property = target->count ? (uint32_t)target->first : WQL_SUBJECT;
        if (target->count == 1 && !target->system && !path->steps[0].indexed)
                return 0;
        Arena *a = &c->plan->arena;
        WqlWay *w = arena_new(a, WqlWay);
        WqlStep *steps = arena_array(a, WqlStep, target->count + 1);
        if (!w || !steps)
                return -ENOMEM;
        for (size_t i = 0; i < target->count; i++) {
                steps[i] = path->steps[i];
                steps[i].name.p = arena_strndup(a, steps[i].name.p, steps[i].name.n);
                if (!steps[i].name.p)
                        return -ENOMEM;
        }
        *w = (WqlWay){steps, target->count, target->system ? target->which : CIM_SYSTEM_COUNT};
        t->way = w;
        return 0;
}

static int make_like(WqlChecker *c, const WqlNode *n, const CimProperty *p, WqlTest *t)
{
        static const uint16_t texts[] = {CIM_STRING, CIM_REFERENCE, CIM_DATETIME};
        CimType type = p ? cim_type(p->type) : CIM_STRING;
        if (type != CIM_STRING && type != CIM_REFERENCE && type != CIM_DATETIME) {
                wql_fail(c, CIM_E_INVALID_OPERATOR, n->operator, "LIKE does not fit %.*s, which is %s",
                         STR_ARG(wql_brief(p->name)), cim_type_name(p->type));
                return diag_hint(c->diag, "LIKE compares strings");
        }
        t->kind = WQL_TEST_LIKE;
        int r = wql_like_compile(&c->plan->arena, n->constant.string, &c->effort, &t->like, c->diag);
        if (r || !t->way || t->way->system != CIM_SYSTEM_COUNT)
                return place(c, r, n->constant.span);
        WqlReadings *readings = arena_new(&c->plan->arena, WqlReadings);
        WqlTest *tests = arena_array(&c->plan->arena, WqlTest, 3);
        if (!readings || !tests)
                return -ENOMEM;
        for (size_t i = 0; i < 3; i++)
                tests[i] = (WqlTest){.kind = WQL_TEST_LIKE, .type = texts[i], .like = t->like};
        *readings = (WqlReadings){.tests = tests, .count = 3};
        t->kind = WQL_TEST_BY_TYPE;
        t->readings = readings;
        return 0;
}

// A comparison. p: the property, where it is known.
static int make_comparison(WqlChecker *c, const WqlNode *n, const CimProperty *p, Made *m)
{
        WqlTest *t = &m->test;
        WqlSpan at = n->constant.span;
        WqlOutcome outcome = WQL_TESTED;
        int r = 0;
        if (!t->way || t->way->system != CIM_SYSTEM_COUNT) {
                r = wql_constant_test(n, p, &c->plan->arena, t, &outcome, &at, c->diag);
        } else {
                // behind a way, types are those of the moment; what is known of them is for errors
                WqlTest unused;
                if (p)
                        r = wql_constant_test(n, p, &c->plan->arena, &unused, &outcome, &at, c->diag);
                outcome = WQL_TESTED;
                t->kind = WQL_TEST_BY_TYPE;
                if (!r)
                        r = wql_constant_readings(n, &c->plan->arena, &t->readings, &at, c->diag);
        }
        m->never = outcome == WQL_NEVER;
        return place(c, r, at);
}

static int make_isa(WqlChecker *c, const WqlNode *n, const WqlTarget *target, WqlTest *t)
{
        const CimProperty *p = target->property;
        bool other = target->system || (p && cim_type(p->type) != CIM_OBJECT);
        if (other)
                return wql_fail(c, CIM_E_PROPERTY_NOT_AN_OBJECT, n->path.span,
                                "ISA needs an embedded object; %.*s is %s",
                                STR_ARG(wql_brief(n->path.steps[n->path.count - 1].name)),
                                cim_type_name(target->system ? cim_system_type(target->which) : p->type));
        Str name = utf_to8(&c->plan->arena, n->constant.string);
        if (!name.p)
                return -ENOMEM;
        if (!wql_class_of(c, n->constant.string))
                return wql_unknown_class(c, name, n->constant.span, false);
        t->kind = WQL_TEST_ISA;
        t->type = CIM_OBJECT;
        t->name = name;
        return 0;
}

static int make_test(WqlChecker *c, const WqlNode *n, Made *m)
{
        WqlTest *t = &m->test;
        WqlTarget target;
        int r = wql_resolve(c, &n->path, true, &target);
        if (!r)
                r = make_way(c, &n->path, &target, t);
        if (r)
                return r;
        if (n->kind == WQL_N_ISA)
                return make_isa(c, n, &target, t);
        if (target.this) {
                wql_fail(c, CIM_E_INVALID_OPERATOR, n->operator, "__this is the object itself");
                return diag_hint(c->diag, "it can only be asked for its class: __this ISA \"C\"");
        }
        CimProperty system = {0};
        const CimProperty *p = target.property;
        if (target.system) {
                system.name = str_of(cim_system_name(target.which));
                system.type = cim_system_type(target.which);
                p = &system;
                c->paths |= c->data && !target.count &&
                            (target.which == CIM_SYSTEM_RELPATH || target.which == CIM_SYSTEM_PATH);
        }
        t->type = !t->way || target.system ? p->type : CIM_NONE;
        if (n->kind == WQL_N_NULL) {
                t->kind = WQL_TEST_PRESENT;
                m->swap = !n->negated;
                return 0;
        }
        if (p && cim_type(p->type) == CIM_OBJECT) {
                wql_fail(c, CIM_E_TYPE_MISMATCH, n->path.span, "%.*s is an embedded object",
                         STR_ARG(wql_brief(p->name)));
                return diag_hint(c->diag, "an object can only be compared with NULL");
        }
        return n->kind == WQL_N_LIKE ? make_like(c, n, p, t) : make_comparison(c, n, p, m);
}

// Recursion here and below: the depth of the tree, bounded by the parser.
static int make_tests(WqlChecker *c, const WqlNode *n)
{
        if (n->kind != WQL_N_AND && n->kind != WQL_N_OR && n->kind != WQL_N_NOT)
                return make_test(c, n, &c->made[c->made_count++]);
        size_t outside = c->claim_count;
        for (size_t i = 0; n->kind == WQL_N_AND && i < n->count; i++)
                wql_claim(c, n->children[i]);
        int r = 0;
        for (size_t i = 0; i < n->count && !r; i++)
                r = make_tests(c, n->children[i]);
        c->claim_count = outside;
        return r;
}

// Takes the tests of n from the end of c->made and returns where its evaluation begins. Targets are positions
// in c->linked, which finish() turns round.
static uint32_t link_tests(WqlChecker *c, const WqlNode *n, uint32_t yes, uint32_t no)
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
static int finish(WqlChecker *c, uint32_t entry)
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
                if (t->property == WQL_SUBJECT)
                        continue;
                p->used.words[t->property / 64] |= UINT64_C(1) << (t->property % 64);
                p->used.count = words;
        }
        // a path is made of keys, and a class derived from this one may have its own
        if (c->paths)
                p->used = (CimWant){0};
        p->tests = tests;
        p->entry = placed(place, entry);
        return 0;
}

static int check_where(WqlChecker *c)
{
        const WqlNode *where = c->q->where;
        if (!where)
                return finish(c, WQL_ACCEPT);
        c->made = calloc(LIMIT_QUERY_TERMS, sizeof(*c->made));
        c->linked = calloc(LIMIT_QUERY_TERMS, sizeof(*c->linked));
        c->claims = calloc(LIMIT_QUERY_TERMS, sizeof(*c->claims));
        int r = c->made && c->linked && c->claims ? make_tests(c, where) : -ENOMEM;
        if (!r)
                r = finish(c, link_tests(c, where, WQL_ACCEPT, WQL_REJECT));
        free(c->claims);
        free(c->made);
        free(c->linked);
        return r;
}

// ---- events that would need polling
// -----------------------------------------------------------------------------------------------------

static int search_dynamic(void *context, Str namespace, const CimClass *k)
{
        (void)namespace;
        const CimClass **ret = context;
        if (cim_class_provided(k))
                *ret = k;
        return *ret != NULL;
}

// The first predicate that asks for instances of a dynamic class, not under a NOT.
static const WqlNode *dynamic_predicate(WqlChecker *c, const WqlNode *n, const CimClass **ret)
{
        if (n->kind == WQL_N_AND || n->kind == WQL_N_OR) {
                const WqlNode *found = NULL;
                for (size_t i = 0; i < n->count && !found; i++)
                        found = dynamic_predicate(c, n->children[i], ret);
                return found;
        }
        size_t steps;
        const CimClass *k = wql_demanded(c, n, &steps);
        Str first = k ? n->path.steps[0].name : (Str){0};
        if (!k || steps != 1 ||
            (!str_ieq(first, STR("TargetInstance")) && !str_ieq(first, STR("PreviousInstance"))))
                return NULL;
        *ret = NULL;
        search_dynamic(ret, c->namespace, k);
        if (!*ret && n->kind == WQL_N_ISA)
                wql_each_derived(c, k, search_dynamic, ret);
        return *ret ? n : NULL;
}

// Events of instances come from the repository's writes. Those of other instances would need polling, for
// which WITHIN is the wish. Elsewhere WITHIN is allowed and needless.
static int check_polling(WqlChecker *c)
{
        const CimClass *k;
        const WqlNode *n = NULL;
        if (!c->data && c->q->where && cim_class_isa(c->class, STR("__InstanceOperationEvent")))
                n = dynamic_predicate(c, c->q->where, &k);
        if (!n)
                return 0;
        if (c->q->within.given)
                return wql_fail(c, CIM_E_NOT_SUPPORTED, c->q->within.span,
                                "instances of %.*s would have to be polled, which is not served yet",
                                STR_ARG(wql_brief(k->name)));
        wql_fail(c, CIM_E_REGISTRATION_TOO_PRECISE, n->constant.span,
                 "instances of %.*s are not in the repository: their events need a WITHIN clause",
                 STR_ARG(wql_brief(k->name)));
        return diag_hint(c->diag, "write WITHIN and a number of seconds behind the class");
}

// ---- SELECT and GROUP
// --------------------------------------------------------------------------------------------

// The list as indices. A path into an object asks for the whole object, as Windows delivers it; system
// properties are told with every event and need no asking.
static int check_select(WqlChecker *c)
{
        const WqlQuery *q = c->q;
        if (!c->class)
                return q->select_count ? wql_fail(c, CIM_E_INVALID_QUERY, q->select[0].span,
                                                  "meta_class gives whole classes: SELECT *")
                                       : 0;
        uint32_t *selected = arena_array(&c->plan->arena, uint32_t, q->select_count + 1);
        uint64_t *seen = arena_array(&c->plan->arena, uint64_t, c->class->property_count / 64 + 1);
        if (!selected || !seen)
                return -ENOMEM;
        for (size_t i = 0; i < q->select_count; i++) {
                WqlTarget t;
                int r = wql_resolve(c, &q->select[i], false, &t);
                if (r)
                        return r;
                if (!t.count)
                        continue;
                uint32_t k = (uint32_t)t.first;
                if (!(seen[k / 64] >> (k % 64) & 1))
                        selected[c->plan->selected_count++] = k;
                seen[k / 64] |= UINT64_C(1) << (k % 64);
        }
        c->plan->selected = selected;
        return 0;
}

static int check_having(const WqlChecker *c, const WqlNode *n)
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
                return wql_fail(c, CIM_E_INVALID_PROPERTY, n->path.span, "HAVING knows NumberOfEvents alone");
        if (n->kind != WQL_N_COMPARE)
                return wql_fail(c, CIM_E_INVALID_OPERATOR, n->path.span,
                                "NumberOfEvents is compared with an integer");
        if (n->constant.kind != WQL_C_INTEGER)
                return wql_fail(c, CIM_E_TYPE_MISMATCH, n->constant.span,
                                "NumberOfEvents is compared with an integer");
        return 0;
}

static int check_group(WqlChecker *c)
{
        const WqlQuery *q = c->q;
        for (size_t i = 0; i < q->by_count; i++) {
                WqlTarget t;
                int r = wql_resolve(c, &q->by[i], false, &t);
                if (r)
                        return r;
                if (!t.system && t.property && cim_type(t.property->type) == CIM_OBJECT)
                        return wql_fail(c, CIM_E_AGGREGATING_BY_OBJECT, q->by[i].span,
                                        "%.*s is an embedded object", STR_ARG(wql_brief(t.property->name)));
        }
        int r = q->having ? check_having(c, q->having) : 0;
        if (!r && q->group.given)
                return wql_fail(c, CIM_E_NOT_SUPPORTED, q->group.span, "GROUP WITHIN is not served yet");
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
        WqlChecker c = {.q = q,
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
                r = check_polling(&c);
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
