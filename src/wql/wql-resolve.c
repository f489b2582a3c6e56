// SPDX-License-Identifier: MIT
// What names and paths of a query lead to, and what is said when they lead nowhere.
#include "wql/wql-check.h"

#include "base/limits.h"
#include "base/utf.h"
#include "cim/status.h"

// ---- errors
// ------------------------------------------------------------------------------------------------------

int wql_fail(const WqlChecker *c, uint32_t code, WqlSpan at, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        diag_setv(c->diag, code, format, args);
        va_end(args);
        diag_place(c->diag, c->q->text.p, c->q->text.n, at.at, at.n);
        return E_DIAG;
}

Str wql_brief(Str s)
{
        if (s.n > 100)
                for (s.n = 100; s.n && ((unsigned char)s.p[s.n] & 0xC0) == 0x80;)
                        s.n--;
        return s;
}

WqlSpan wql_step_span(const WqlStep *s)
{
        return (WqlSpan){s->at, s->name.n};
}

// ---- classes
// -----------------------------------------------------------------------------------------------------

typedef struct ClassSearch {
        const WqlChecker *checker;
        StrNearest events, others; // where an event class is wanted, those are meant first
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
        if (cim_schema_find(s->checker->schema, namespace, s->others.wanted))
                s->elsewhere = namespace;
        return s->elsewhere.n != 0;
}

int wql_unknown_class(const WqlChecker *c, Str name, WqlSpan at, bool event)
{
        ClassSearch s = {.checker = c, .events = {.wanted = name}, .others = {.wanted = name}};
        cim_schema_each_namespace(c->schema, search_namespace, &s);
        cim_schema_each_class(c->schema, c->namespace, search_class, &s);
        wql_fail(c, CIM_E_NOT_FOUND, at, "%.*s has no class %.*s", STR_ARG(wql_brief(c->namespace)),
                 STR_ARG(wql_brief(name)));
        const StrNearest *first = event ? &s.events : &s.others, *second = event ? &s.others : &s.events;
        Str near = first->best.n ? first->best : second->best;
        if (str_ieq(name, STR("meta_class")))
                return diag_hint(c->diag, "meta_class is for schema queries, which are no event queries");
        if (s.elsewhere.n)
                return diag_hint(c->diag, "%.*s has a class of that name", STR_ARG(wql_brief(s.elsewhere)));
        if (near.n)
                return diag_hint(c->diag, "did you mean %.*s?", STR_ARG(wql_brief(near)));
        return E_DIAG;
}

const CimClass *wql_class_of(const WqlChecker *c, Str16 name)
{
        char text[LIMIT_NAME_CHARS * 4];
        size_t n = 0;
        for (size_t i = 0; i < name.n; i++) {
                uint32_t u = name.p[i];
                if (u >= 0xD800 && u < 0xDC00 && i + 1 < name.n && (name.p[i + 1] & 0xFC00) == 0xDC00)
                        u = 0x10000 + ((u & 0x3FF) << 10) + (name.p[++i] & 0x3FFu);
                if (n + 4 > sizeof(text))
                        return NULL;
                n += utf8_encode(u, text + n);
        }
        return cim_schema_find(c->schema, c->namespace, (Str){text, n});
}

// ---- claims
// ------------------------------------------------------------------------------------------------------

const CimClass *wql_demanded(const WqlChecker *c, const WqlNode *n, size_t *ret_steps)
{
        bool isa = n->kind == WQL_N_ISA;
        bool is = n->kind == WQL_N_COMPARE && n->relation == WQL_EQ && n->path.count > 1 &&
                  n->constant.kind == WQL_C_STRING &&
                  str_ieq(n->path.steps[n->path.count - 1].name, STR("__CLASS"));
        *ret_steps = n->path.count - is;
        return isa || is ? wql_class_of(c, n->constant.string) : NULL;
}

void wql_claim(WqlChecker *c, const WqlNode *n)
{
        size_t count;
        const CimClass *k = wql_demanded(c, n, &count);
        if (k)
                c->claims[c->claim_count++] = (WqlClaim){&n->path, count, k, n->kind == WQL_N_COMPARE};
}

static bool claim_is_of(const WqlClaim *claim, const WqlPath *path, size_t count)
{
        if (claim->count != count)
                return false;
        for (size_t i = count; i-- > 0;) {
                const WqlStep *a = &claim->path->steps[i], *b = &path->steps[i];
                if (a->indexed != b->indexed || a->index != b->index || !str_ieq(a->name, b->name))
                        return false;
        }
        return true;
}

bool wql_each_derived(WqlChecker *c, const CimClass *base, CimClassVisit visit, void *context)
{
        if (c->searches == WQL_SEARCHES)
                return false;
        c->searches++;
        cim_schema_each_derived(c->schema, c->namespace, base, visit, context);
        return true;
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

static const CimClass *derived_with(WqlChecker *c, const CimClass *base, Str name)
{
        DerivedSearch d = {.name = name};
        wql_each_derived(c, base, search_derived, &d);
        return d.found;
}

// in NULL: meta_class.
static int unknown_property(WqlChecker *c, const CimClass *in, const WqlStep *step)
{
        wql_fail(c, CIM_E_INVALID_PROPERTY, wql_step_span(step), "%.*s has no property %.*s",
                 STR_ARG(in ? wql_brief(in->name) : STR("meta_class")), STR_ARG(wql_brief(step->name)));
        if (str_ieq(step->name, STR("__this")))
                return diag_hint(c->diag, "__this is for data and schema queries");
        StrNearest near = {.wanted = step->name};
        if (step->name.p[0] == '_')
                for (int i = 0; i < CIM_SYSTEM_COUNT; i++)
                        str_nearest_offer(&near, str_of(cim_system_name((CimSystemProperty)i)));
        const CimClass *derived = in ? derived_with(c, in, step->name) : NULL;
        if (derived)
                return diag_hint(c->diag, "%.*s, derived from it, has one",
                                 STR_ARG(wql_brief(derived->name)));
        for (size_t i = 0; in && i < in->property_count; i++)
                str_nearest_offer(&near, in->properties[i].name);
        if (near.best.n)
                return diag_hint(c->diag, "did you mean %.*s?", STR_ARG(wql_brief(near.best)));
        if (!in)
                return diag_hint(c->diag, "schema queries ask for __CLASS and its kin, or __this ISA");
        return E_DIAG;
}

// What `name` is in the objects at the first `count` steps. *ret NULL: known only when there is an object.
static int member(WqlChecker *c, const WqlPath *path, size_t count, const CimClass *declared,
                  const CimProperty **ret)
{
        const WqlStep *step = &path->steps[count];
        const CimClass *in = declared;
        bool open = false;
        *ret = NULL;
        for (size_t i = c->claim_count + 1; i-- > 0;) {
                const WqlClaim *claim = i ? &c->claims[i - 1] : NULL;
                const CimClass *k = claim ? claim_is_of(claim, path, count) ? claim->klass : NULL : declared;
                int at = k ? cim_class_property(k, step->name) : -1;
                if (at >= 0) {
                        *ret = &k->properties[at];
                        return 0;
                }
                if (k && !c->data && !open && !(claim && claim->exact))
                        open = c->searches == WQL_SEARCHES || derived_with(c, k, step->name);
                if (k && claim && in == declared)
                        in = k;
        }
        return !in || open || c->data ? 0 : unknown_property(c, in, step);
}

// May what stands at a step be one value or object?
static int one_of(const WqlChecker *c, const WqlStep *s, const CimProperty *p)
{
        if (cim_is_array(p->type) && !s->indexed) {
                wql_fail(c, CIM_E_TYPE_MISMATCH, wql_step_span(s), "%.*s is an array of %s",
                         STR_ARG(wql_brief(p->name)), cim_type_name(p->type));
                return diag_hint(c->diag, "WQL does not query arrays, only their elements: %.*s[0]",
                                 STR_ARG(wql_brief(p->name)));
        }
        if (!cim_is_array(p->type) && s->indexed)
                return wql_fail(c, CIM_E_TYPE_MISMATCH, wql_step_span(s), "%.*s is no array",
                                STR_ARG(wql_brief(p->name)));
        return 0;
}

static int no_object(const WqlChecker *c, const WqlStep *s, const char *type)
{
        return wql_fail(c, CIM_E_PROPERTY_NOT_AN_OBJECT, wql_step_span(s),
                        "%.*s is %s, not an embedded object", STR_ARG(wql_brief(s->name)), type);
}

// A system property by name; only the last step of a path can be one.
static int system_step(const WqlChecker *c, const WqlPath *path, size_t at, WqlTarget *t)
{
        const WqlStep *s = &path->steps[at];
        t->system = cim_system_of_name(s->name, &t->which);
        if (t->system && at + 1 < path->count)
                return no_object(c, s, cim_type_name(cim_system_type(t->which)));
        if (t->system && s->indexed && !cim_is_array(cim_system_type(t->which)))
                return wql_fail(c, CIM_E_TYPE_MISMATCH, wql_step_span(s), "%.*s is no array",
                                STR_ARG(wql_brief(s->name)));
        return 0;
}

static int first_step(WqlChecker *c, const WqlPath *path, WqlTarget *t)
{
        const WqlStep *s = &path->steps[0];
        t->this = c->data && path->count == 1 && !s->indexed && str_ieq(s->name, STR("__this"));
        int r = system_step(c, path, 0, t);
        if (r || t->system || t->this)
                return r;
        int k = c->class ? cim_class_property(c->class, s->name) : -1;
        if (k < 0)
                return unknown_property(c, c->class, s);
        t->first = (size_t)k;
        t->property = &c->class->properties[k];
        t->count = 1;
        return 0;
}

int wql_resolve(WqlChecker *c, const WqlPath *path, bool where, WqlTarget *ret)
{
        *ret = (WqlTarget){0};
        int r = first_step(c, path, ret);
        for (size_t i = 1; i < path->count && !r; i++) {
                const CimProperty *p = ret->property;
                r = p && where ? one_of(c, &path->steps[i - 1], p) : 0;
                if (!r && p && cim_type(p->type) != CIM_OBJECT)
                        r = no_object(c, &path->steps[i - 1], cim_type_name(p->type));
                if (!r)
                        r = system_step(c, path, i, ret);
                if (r || ret->system)
                        break;
                r = member(c, path, i, p ? p->object_class : NULL, &ret->property);
                ret->count++;
        }
        if (!r && where && ret->property && !ret->system)
                r = one_of(c, &path->steps[ret->count - 1], ret->property);
        if (!r && where && ret->system && cim_is_array(cim_system_type(ret->which))) {
                wql_fail(c, CIM_E_TYPE_MISMATCH, wql_step_span(&path->steps[path->count - 1]),
                         "%s is an array of string", cim_system_name(ret->which));
                r = diag_hint(c->diag, "ISA asks for the classes above: X ISA \"C\"");
        }
        return r;
}
