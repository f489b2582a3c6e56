// SPDX-License-Identifier: MIT
// A declaration as a CimClassSpec: qualifiers with their values, types, defaults, parameters as WMI's compiler completes
// them.
#include "mof/build-impl.h"

// What a spec's values are made of: its strings are the document's, cim_class_new copies them.
static BuildInto spec_into(Builder *b, const BuildClass *c)
{
        return (BuildInto){.arena = &b->scratch, .namespace = c->namespace, .defaults = true};
}

// --- qualifiers ----------------------------------------------------------------------------------

// `[name]`: what its declaration says, else TRUE.
static int qualifier_plain(Builder *b, const BuildInto *into, const MofQualifier *q, CimValue *ret)
{
        const MofQualifierDefault *d = q->declared;
        *ret = (CimValue){.type = CIM_BOOLEAN, .boolean = true};
        if (!d || !d->typed || d->type == CIM_BOOLEAN)
                return 0;
        if (d->value.kind != MOF_VALUE_NONE && d->value.kind != MOF_VALUE_NULL)
                return build_value(b, into, &d->value, d->type, (Str){"", 0}, q->name, ret);
        return build_error(b, q->place, CIM_MOF_INVALID_QUALIFIER,
                           "the qualifier %.*s is declared as %s%s and needs a value", STR_ARG(q->name),
                           cim_type_name(d->type), cim_is_array(d->type) ? "[]" : "");
}

static int qualifier_value(Builder *b, const BuildInto *into, const MofQualifier *q, CimValue *ret)
{
        const MofQualifierDefault *d = q->declared;
        if (q->value.kind == MOF_VALUE_NONE)
                return qualifier_plain(b, into, q, ret);
        if (q->value.kind == MOF_VALUE_NULL) {
                *ret = cim_null(d && d->typed ? d->type : CIM_STRING);
                return 0;
        }
        return d && d->typed ? build_value(b, into, &q->value, d->type, (Str){"", 0}, q->name, ret)
                             : build_value_free(b, into, &q->value, q->name, ret);
}

// `room`: for more that the caller adds.
static int spec_qualifiers(Builder *b, const BuildInto *into, const MofQualifierList *from, size_t room,
                           CimQualifier **ret)
{
        CimQualifier *q = arena_array(&b->scratch, CimQualifier, from->count + room);
        int wrong = 0;
        if (!q)
                return -ENOMEM;
        for (uint32_t i = 0; i < from->count; i++) {
                q[i].name = from->items[i].name;
                q[i].flavor = from->items[i].flavor;
                int r = qualifier_value(b, into, &from->items[i], &q[i].value);
                if (r < 0)
                        return r;
                wrong |= r;
        }
        *ret = q;
        return wrong;
}

// --- properties ----------------------------------------------------------------------------------

// MAX(n) written by hand on an array says the same as [n].
static int take_max(Builder *b, const MofProperty *from, CimPropertySpec *p, CimQualifier *q)
{
        for (size_t i = 0; i < p->qualifier_count && cim_is_array(p->type); i++) {
                const CimValue *v = &q[i].value;
                if (!str_ieq(q[i].name, STR("max")) || v->null)
                        continue;
                const MofQualifier *at = &from->qualifiers.items[i];
                MofPlace place = at->value.kind == MOF_VALUE_NONE ? at->place : at->value.place;
                uint64_t n = v->uint;
                bool number =
                        cim_type_is_signed(v->type) ? v->sint > 0 : cim_type_is_unsigned(v->type) && n > 0;
                if (!number || n > LIMIT_ARRAY_ITEMS)
                        return build_error(b, place, CIM_MOF_OUT_OF_RANGE,
                                           "MAX is the number of elements, 1 to %u", LIMIT_ARRAY_ITEMS);
                if (p->max && p->max != n)
                        return build_error(b, at->place, CIM_MOF_DUPLICATE_QUALIFIER,
                                           "MAX says %llu elements, the brackets say %u", (unsigned long long)n,
                                           p->max);
                p->max = (uint32_t)n;
                memmove(&q[i], &q[i + 1], (p->qualifier_count - i - 1) * sizeof(*q));
                p->qualifier_count--;
                return 0;
        }
        return 0;
}

// A property or parameter; its qualifiers have `room` for more.
static int spec_variable(Builder *b, const BuildInto *into, const MofProperty *from, size_t room,
                         CimPropertySpec *p, CimQualifier **ret_qualifiers)
{
        *p = (CimPropertySpec){
                .name = from->name,
                .type = from->type.type,
                .class_name = from->type.class_name,
                .max = from->type.max,
                .qualifier_count = from->qualifiers.count,
                .offset = from->place.at,
        };
        int r = spec_qualifiers(b, into, &from->qualifiers, room, ret_qualifiers);
        if (r < 0)
                return r;
        int wrong = r ? r : take_max(b, from, p, *ret_qualifiers);
        p->qualifiers = *ret_qualifiers;
        p->has_default = from->value.kind != MOF_VALUE_NONE;
        if (p->has_default)
                r = build_value(b, into, &from->value, p->type, p->class_name, p->name, &p->value);
        return r < 0 ? r : r | wrong;
}

static int spec_properties(Builder *b, const BuildInto *into, const MofObject *o, CimClassSpec *ret)
{
        CimPropertySpec *p = arena_array(&b->scratch, CimPropertySpec, o->property_count);
        CimQualifier *q;
        int wrong = 0;
        if (!p)
                return -ENOMEM;
        for (uint32_t i = 0; i < o->property_count; i++) {
                int r = spec_variable(b, into, &o->properties[i], 0, &p[i], &q);
                if (r < 0)
                        return r;
                wrong |= r;
        }
        ret->properties = p;
        ret->property_count = o->property_count;
        return wrong;
}

// --- methods -------------------------------------------------------------------------------------

// What WMI's compiler adds to a parameter that does not say it: IN and OUT when it says neither, then its ID.
enum { PARAMETER_ROOM = 3 };

static void complete_parameter(CimPropertySpec *p, CimQualifier *q, uint32_t index)
{
        CimQualifier add[PARAMETER_ROOM];
        size_t k = 0;
        CimValue yes = {.type = CIM_BOOLEAN, .boolean = true};
        if (!cim_qualifier_true(q, p->qualifier_count, STR("in")) &&
            !cim_qualifier_true(q, p->qualifier_count, STR("out"))) {
                add[k++] = (CimQualifier){.name = STR("IN"), .value = yes};
                add[k++] = (CimQualifier){.name = STR("OUT"), .value = yes};
        }
        if (!cim_qualifier_find(q, p->qualifier_count, STR("id")))
                add[k++] = (CimQualifier){.name = STR("ID"),
                                          .value = {.type = CIM_SINT32, .sint = index},
                                          .flavor = CIM_FLAVOR_TO_INSTANCE | CIM_FLAVOR_NOT_OVERRIDABLE};
        // IN(FALSE) and the like: replaced rather than given twice.
        for (size_t i = 0; i < k; i++) {
                size_t at = 0;
                while (at < p->qualifier_count && !str_ieq(q[at].name, add[i].name))
                        at++;
                if (at < p->qualifier_count)
                        q[at].value = add[i].value;
                else
                        q[p->qualifier_count++] = add[i];
        }
        p->qualifiers = q;
}

// The IDs of parameters are 0, 1, 2... in any order.
static int check_ids(Builder *b, const MofMethod *m, const CimPropertySpec *list)
{
        uint8_t *seen = arena_alloc(&b->scratch, m->parameter_count);
        int r = 0;
        if (!seen)
                return -ENOMEM;
        for (uint32_t i = 0; i < m->parameter_count; i++) {
                const CimPropertySpec *p = &list[i];
                const CimQualifier *q = cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("id"));
                if (!q || q->value.null)
                        continue;
                if (cim_is_array(q->value.type) ||
                    !(cim_type_is_signed(q->value.type) || cim_type_is_unsigned(q->value.type)))
                        r = build_error(b, m->parameters[i].place, CIM_E_INVALID_PARAMETER_ID,
                                        "the ID of %.*s is not a number", STR_ARG(p->name));
                else if (q->value.uint >= m->parameter_count)
                        r = build_error(b, m->parameters[i].place, CIM_E_NONCONSECUTIVE_IDS,
                                        "the ID of %.*s is %lld, and there are %u parameters: 0 to %u",
                                        STR_ARG(p->name), (long long)q->value.sint, m->parameter_count,
                                        m->parameter_count - 1);
                else if (seen[q->value.uint]++)
                        r = build_error(b, m->parameters[i].place, CIM_E_NONCONSECUTIVE_IDS,
                                        "a second parameter with the ID %lld", (long long)q->value.sint);
        }
        return r;
}

static int spec_method(Builder *b, const BuildInto *into, const MofMethod *m, CimMethodSpec *ret)
{
        CimPropertySpec *p = arena_array(&b->scratch, CimPropertySpec, m->parameter_count);
        CimQualifier *q;
        int wrong = p ? 0 : -ENOMEM;
        for (uint32_t i = 0; i < m->parameter_count && wrong >= 0; i++) {
                int r = spec_variable(b, into, &m->parameters[i], PARAMETER_ROOM, &p[i], &q);
                if (r < 0)
                        return r;
                complete_parameter(&p[i], q, i);
                wrong |= r;
        }
        if (wrong == 0)
                wrong = check_ids(b, m, p);
        if (wrong < 0)
                return wrong;
        int r = spec_qualifiers(b, into, &m->qualifiers, 0, &q);
        *ret = (CimMethodSpec){
                .name = m->name,
                .return_type = m->returns.type,
                .return_class = m->returns.class_name,
                .parameters = p,
                .parameter_count = m->parameter_count,
                .qualifiers = q,
                .qualifier_count = m->qualifiers.count,
        };
        return r < 0 ? r : r | wrong;
}

int build_spec(Builder *b, const BuildClass *c, CimClassSpec *ret)
{
        const MofObject *o = c->object;
        BuildInto into = spec_into(b, c);
        CimQualifier *q;
        *ret = (CimClassSpec){.name = o->name, .qualifier_count = o->qualifiers.count};
        int wrong = spec_qualifiers(b, &into, &o->qualifiers, 0, &q);
        if (wrong < 0)
                return wrong;
        ret->qualifiers = q;
        int r = spec_properties(b, &into, o, ret);
        CimMethodSpec *m = arena_array(&b->scratch, CimMethodSpec, o->method_count);
        if (r < 0 || !m)
                return -ENOMEM;
        wrong |= r;
        for (uint32_t i = 0; i < o->method_count; i++) {
                r = spec_method(b, &into, &o->methods[i], &m[i]);
                if (r < 0)
                        return r;
                wrong |= r;
        }
        ret->methods = m;
        ret->method_count = o->method_count;
        return wrong;
}
