// SPDX-License-Identifier: MIT
// Full MS-WMIO: a class as a part, and a part as a class.
//
// A part lists all that a class has, inherited things marked and with the depth of the class that introduced
// them. Of the superclasses it tells the names and what they introduced: from that they are built, one upon
// the other. What cannot be seen from below (qualifiers that do not travel, a value that was replaced) is
// missing in them.
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "cim/wmio-impl.h"

#define RETURN_VALUE STR("ReturnValue")
#define CIMTYPE      STR("CIMTYPE")

enum { FLAVOR_TYPE = CIM_FLAVOR_TO_INSTANCE | CIM_FLAVOR_TO_SUBCLASS }; // of CIMTYPE and MAX

// --- from a class ------------------------------------------------------------------------------------------

// CIMTYPE, MAX, then the others, which do not say these again.
static int part_qualifiers(Arena *a, const CimProperty *p, WmioProperty *ret)
{
        uint8_t flavor = FLAVOR_TYPE | (p->local ? 0 : CIM_FLAVOR_PROPAGATED);
        CimQualifier *q = arena_array(a, CimQualifier, p->qualifier_count + 2);
        Str16 text = wmio_cimtype(a, p->type, p->class_name);
        if (!q || !text.p)
                return -ENOMEM;
        size_t n = 0;
        q[n++] = (CimQualifier){CIMTYPE, {.type = CIM_STRING, .string = text}, flavor};
        bool max = p->max && cim_is_array(p->type);
        if (max)
                q[n++] = (CimQualifier){STR("MAX"), {.type = CIM_SINT32, .sint = p->max}, flavor};
        for (size_t i = 0; i < p->qualifier_count; i++)
                if (!str_ieq(p->qualifiers[i].name, CIMTYPE) &&
                    !(max && str_ieq(p->qualifiers[i].name, STR("MAX"))))
                        q[n++] = p->qualifiers[i];
        ret->qualifiers = q;
        ret->qualifier_count = n;
        return 0;
}

static int part_property(Arena *a, const CimProperty *p, WmioProperty *ret)
{
        *ret = (WmioProperty){.name = p->name,
                              .type = p->type,
                              .inherited = !p->local,
                              .origin = p->origin->depth,
                              .nd = p->value.null ? WMIO_NULL : 0,
                              .value = p->value};
        return part_qualifiers(a, p, ret);
}

// Does the value of this property come from the superclass?
static bool inherits_default(const CimClass *c, const CimProperty *p)
{
        if (!p->local)
                return true;
        for (size_t i = 0; p->origin != c && i < c->declared->property_count; i++)
                if (str_ieq(c->declared->properties[i].name, p->name))
                        return !c->declared->properties[i].has_default;
        return false;
}

static bool parameter_id(const CimQualifier *q, size_t n, uint64_t *ret)
{
        const CimQualifier *id = cim_qualifier_find(q, n, STR("ID"));
        if (!id || id->value.null ||
            !(cim_type_is_signed(id->value.type) || cim_type_is_unsigned(id->value.type)))
                return false;
        *ret = id->value.uint;
        return true;
}

// A parameter on its way into or out of a signature.
typedef struct Parameter {
        const CimProperty *p; // from a class
        CimPropertySpec spec; // from a part
        uint64_t key;         // parameters are in the order of these
        size_t index;
} Parameter;

static int by_key(const void *a, const void *b)
{
        const Parameter *p = a, *q = b;
        if (p->key != q->key)
                return p->key < q->key ? -1 : 1;
        return p->index < q->index ? -1 : 1;
}

static bool only_out(const CimProperty *p)
{
        return cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("out")) &&
               !cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("in"));
}

// Parameters in the order of their IDs; where one has none, those that only come out last. Both signatures
// keep it, so that they can be put together again.
static Parameter *ordered(Arena *a, const CimMethod *m)
{
        Parameter *all = arena_array(a, Parameter, m->parameter_count);
        bool ids = true;
        for (size_t i = 0; all && i < m->parameter_count; i++) {
                const CimProperty *p = &m->parameters[i];
                all[i] = (Parameter){.p = p, .index = i};
                ids &= parameter_id(p->qualifiers, p->qualifier_count, &all[i].key);
        }
        for (size_t i = 0; all && !ids && i < m->parameter_count; i++)
                all[i].key = only_out(all[i].p);
        if (all)
                qsort(all, m->parameter_count, sizeof(*all), by_key);
        return all;
}

static int signature_return(Arena *a, const CimMethod *m, WmioProperty *ret)
{
        static const CimQualifier out = {{"out", 3}, {.type = CIM_BOOLEAN, .boolean = true}, 0};
        CimProperty value = {.name = RETURN_VALUE,
                             .type = m->return_type,
                             .class_name = m->return_class,
                             .value = cim_null(m->return_type),
                             .origin = m->origin,
                             .local = true,
                             .qualifiers = &out,
                             .qualifier_count = 1};
        return part_property(a, &value, ret);
}

// Those of the parameters that go in, or come out together with what the method returns. *ret NULL: none.
static int part_signature(Arena *a, const CimMethod *m, const Parameter *all, bool comes_out,
                          const WmioPart **ret)
{
        WmioPart *part = arena_new(a, WmioPart);
        WmioProperty *list = arena_array(a, WmioProperty, m->parameter_count + 1);
        if (!part || !list)
                return -ENOMEM;
        *part = (WmioPart){.name = STR("__PARAMETERS"), .properties = list};
        int r = 0;
        for (size_t i = 0; i < m->parameter_count && r == 0; i++) {
                const CimProperty *p = all[i].p;
                bool goes = comes_out ? cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("out"))
                                      : !only_out(p);
                if (!goes)
                        continue;
                if (comes_out && m->return_type != CIM_NONE && str_ieq(p->name, RETURN_VALUE))
                        return -EINVAL;
                r = part_property(a, p, &list[part->property_count++]);
        }
        if (r == 0 && comes_out && m->return_type != CIM_NONE)
                r = signature_return(a, m, &list[part->property_count++]);
        for (size_t i = 0; i < part->property_count; i++)
                list[i].origin = 0;
        *ret = part->property_count ? part : NULL;
        return r;
}

static int part_method(Arena *a, const CimMethod *m, WmioMethod *ret)
{
        *ret = (WmioMethod){.name = m->name,
                            .inherited = !m->local,
                            .origin = m->origin->depth,
                            .qualifiers = m->qualifiers,
                            .qualifier_count = m->qualifier_count};
        const Parameter *all = ordered(a, m);
        int r = all ? part_signature(a, m, all, false, &ret->in) : -ENOMEM;
        return r ? r : part_signature(a, m, all, true, &ret->out);
}

int wmio_part_of_class(Arena *a, const CimClass *c, WmioPart *ret)
{
        Str *derivation = arena_array(a, Str, c->depth);
        *ret = (WmioPart){.name = c->name,
                          .derivation = derivation,
                          .qualifiers = c->qualifiers,
                          .qualifier_count = c->qualifier_count,
                          .properties = arena_array(a, WmioProperty, c->property_count),
                          .property_count = c->property_count,
                          .methods = arena_array(a, WmioMethod, c->method_count),
                          .method_count = c->method_count};
        if (!derivation || !ret->properties || !ret->methods)
                return -ENOMEM;
        for (const CimClass *s = c->super; s; s = s->super)
                derivation[ret->derivation_count++] = s->name;
        int r = 0;
        for (size_t i = 0; i < c->property_count && r == 0; i++) {
                r = part_property(a, &c->properties[i], &ret->properties[i]);
                if (inherits_default(c, &c->properties[i]))
                        ret->properties[i].nd |= WMIO_DEFAULT;
        }
        for (size_t i = 0; i < c->method_count && r == 0; i++)
                r = part_method(a, &c->methods[i], &ret->methods[i]);
        return r;
}

// --- to a class --------------------------------------------------------------------------------------------

// Which qualifiers a declaration takes from what a class has in the end.
typedef enum Taken { ALL, NO_KEY, OWN, PROPAGATED } Taken;

static bool taken(const CimQualifier *q, Taken which)
{
        if (which == NO_KEY)
                return !str_ieq(q->name, STR("key"));
        return which == ALL || (q->flavor & CIM_FLAVOR_PROPAGATED ? which == PROPAGATED : which == OWN);
}

static bool take_qualifiers(WmioReader *r, const CimQualifier *from, size_t n, Taken which,
                            const CimQualifier **ret, size_t *ret_count)
{
        CimQualifier *q = wmio_alloc(r, n, sizeof(*q));
        if (!q)
                return false;
        *ret = q;
        *ret_count = 0;
        for (size_t i = 0; i < n; i++)
                if (taken(&from[i], which))
                        q[(*ret_count)++] = from[i];
        return true;
}

// What CIMTYPE and MAX say; they do not stay.
static bool take_property(WmioReader *r, const WmioProperty *p, Taken which, CimPropertySpec *ret)
{
        *ret = (CimPropertySpec){.name = p->name, .type = p->type, .class_name = {"", 0}, .value = p->value};
        CimQualifier *q = wmio_alloc(r, p->qualifier_count, sizeof(*q));
        size_t n = 0, max = p->qualifier_count;
        if (!q)
                return false;
        ret->max = wmio_max(p->type, p->qualifiers, p->qualifier_count, &max);
        if (!ret->max)
                max = p->qualifier_count;
        for (size_t i = 0; i < p->qualifier_count; i++) {
                const CimQualifier *from = &p->qualifiers[i];
                bool type = str_ieq(from->name, CIMTYPE);
                if (type && (cim_type(p->type) == CIM_OBJECT || cim_type(p->type) == CIM_REFERENCE))
                        ret->class_name = wmio_cimtype_class(r->arena, &from->value);
                if (!type && i != max && taken(from, which))
                        q[n++] = *from;
        }
        ret->qualifiers = q;
        ret->qualifier_count = n;
        return ret->class_name.p ? true : wmio_fail(r, r->start, wmio_no_memory);
}

static bool take_parameters(WmioReader *r, const WmioPart *in, const WmioPart *out, CimMethodSpec *ret)
{
        size_t ins = in ? in->property_count : 0, most = ins + (out ? out->property_count : 0), n = 0;
        Parameter *all = wmio_alloc(r, most, sizeof(*all));
        CimPropertySpec *list = wmio_alloc(r, most, sizeof(*list));
        if (!all || !list || !wmio_spend(r, ins, most)) // each is looked for among the first
                return false;
        bool ids = true;
        for (size_t i = 0; i < most; i++) {
                const WmioProperty *p = i < ins ? &in->properties[i] : &out->properties[i - ins];
                Parameter *to = &all[n];
                bool known = false;
                for (size_t k = 0; k < ins && i >= ins && !known; k++)
                        known = str_ieq(in->properties[k].name, p->name);
                if (known)
                        continue;
                if (!take_property(r, p, ALL, &to->spec))
                        return false;
                if (i >= ins && str_ieq(p->name, RETURN_VALUE)) {
                        ret->return_type = to->spec.type;
                        ret->return_class = to->spec.class_name;
                        continue;
                }
                to->spec.has_default = !to->spec.value.null;
                to->index = n++;
                ids &= parameter_id(to->spec.qualifiers, to->spec.qualifier_count, &to->key);
        }
        if (ids)
                qsort(all, n, sizeof(*all), by_key);
        for (size_t i = 0; i < n; i++)
                list[i] = all[i].spec;
        ret->parameters = list;
        ret->parameter_count = n;
        return true;
}

static bool take_method(WmioReader *r, const WmioMethod *m, Taken which, CimMethodSpec *ret)
{
        *ret = (CimMethodSpec){.name = m->name, .return_class = {"", 0}};
        return take_qualifiers(r, m->qualifiers, m->qualifier_count, which, &ret->qualifiers,
                               &ret->qualifier_count) &&
               take_parameters(r, m->in, m->out, ret);
}

// Where a property or method of a class of depth `depth` was introduced.
static uint32_t home_of(bool inherited, uint32_t origin, size_t depth)
{
        if (origin < depth)
                return origin;
        return (uint32_t)(inherited && depth ? depth - 1 : depth);
}

static bool class_made(WmioReader *r, const uint8_t *where, const CimClassSpec *spec, const CimClass *super,
                       const CimClass **ret)
{
        Diag d = {0};
        CimClass *c;
        WmioClasses *made = r->made;
        if (made->count == made->capacity) {
                size_t more = made->capacity ? made->capacity * 2 : 8;
                CimClass **list = reallocarray(made->list, more, sizeof(CimClass *));
                if (!list)
                        return wmio_fail(r, where, wmio_no_memory);
                made->list = list;
                made->capacity = more;
        }
        int result = cim_class_new(spec, super, NULL, NULL, &c, &d);
        const char *why = result == E_DIAG ? arena_strndup(r->scratch, d.message, strlen(d.message)) : NULL;
        if (result)
                return wmio_fail(r, where, why ? why : wmio_no_memory);
        made->list[made->count++] = c;
        made->bytes += c->arena->used;
        if (made->bytes > CODEC_BYTES || made->count > CODEC_CLASSES)
                return wmio_fail(r, where, "its classes need too much memory");
        *ret = c;
        return true;
}

// Of a superclass's qualifiers those are seen that travelled on. Whether it is abstract is not: it counts as
// such, there will be no instances of it.
static bool level_qualifiers(WmioReader *r, const WmioPart *part, bool direct, CimClassSpec *ret)
{
        CimQualifier *q = wmio_alloc(r, part->qualifier_count + 1, sizeof(*q));
        if (!q)
                return false;
        size_t n = 0;
        for (size_t i = 0; i < part->qualifier_count && direct; i++)
                if (taken(&part->qualifiers[i], PROPAGATED))
                        q[n++] = part->qualifiers[i];
        if (!cim_qualifier_find(q, n, STR("abstract")))
                q[n++] = (CimQualifier){STR("abstract"), {.type = CIM_BOOLEAN, .boolean = true}, 0};
        ret->qualifiers = q;
        ret->qualifier_count = n;
        return true;
}

static bool is_key(const WmioProperty *p)
{
        return cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("key"));
}

// The depth of the class that has the keys: no class adds to its superclass's, so it is where the last of
// them came from. It may have made keys of properties that it inherited.
static uint32_t keys_at(const WmioPart *part)
{
        uint32_t at = 0;
        for (size_t i = 0; i < part->property_count; i++) {
                const WmioProperty *p = &part->properties[i];
                uint32_t home = home_of(p->inherited, p->origin, part->derivation_count);
                if (is_key(p) && home > at)
                        at = home;
        }
        return at;
}

// What the superclass of depth `level` says of a property. *ret_count stays when it says nothing.
static bool level_property(WmioReader *r, const WmioPart *part, const WmioProperty *p, uint32_t level,
                           uint32_t keys, CimPropertySpec *list, size_t *ret_count)
{
        uint32_t home = home_of(p->inherited, p->origin, part->derivation_count);
        bool made_key = level == keys && home < keys && is_key(p);
        if (home != level && !made_key)
                return true;
        CimPropertySpec *to = &list[(*ret_count)++];
        // What a subclass says again is the same again.
        if (!take_property(r, p, level < keys ? NO_KEY : ALL, to))
                return false;
        to->has_default = home == level && !p->value.null && (p->inherited || (p->nd & WMIO_DEFAULT));
        return true;
}

// The superclass of depth `level`: what it introduced, as it is seen from the part.
static bool level_made(WmioReader *r, const uint8_t *where, const WmioPart *part, uint32_t level,
                       uint32_t keys, const CimClass *super, const CimClass **ret)
{
        size_t depth = part->derivation_count;
        CimPropertySpec *properties = wmio_alloc(r, part->property_count, sizeof(*properties));
        CimMethodSpec *methods = wmio_alloc(r, part->method_count, sizeof(*methods));
        if (!properties || !methods)
                return false;
        CimClassSpec s = {
                .name = part->derivation[depth - 1 - level], .properties = properties, .methods = methods};
        for (size_t i = 0; i < part->property_count; i++)
                if (!level_property(r, part, &part->properties[i], level, keys, properties,
                                    &s.property_count))
                        return false;
        for (size_t i = 0; i < part->method_count; i++) {
                const WmioMethod *m = &part->methods[i];
                if (home_of(m->inherited, m->origin, depth) == level &&
                    !take_method(r, m, ALL, &methods[s.method_count++]))
                        return false;
        }
        return level_qualifiers(r, part, level + 1 == depth, &s) && class_made(r, where, &s, super, ret);
}

static bool method_known(const CimClass *c, Str name)
{
        for (size_t i = 0; c && i < c->method_count; i++)
                if (str_ieq(c->methods[i].name, name))
                        return true;
        return false;
}

// The class itself: what it declares on top of its superclass.
static bool own_made(WmioReader *r, const uint8_t *where, const WmioPart *part, const CimClass *super,
                     const CimClass **ret)
{
        CimPropertySpec *properties = wmio_alloc(r, part->property_count, sizeof(*properties));
        CimMethodSpec *methods = wmio_alloc(r, part->method_count, sizeof(*methods));
        if (!properties || !methods)
                return false;
        CimClassSpec s = {.name = part->name, .properties = properties, .methods = methods};
        for (size_t i = 0; i < part->property_count; i++) {
                const WmioProperty *p = &part->properties[i];
                bool known = super && cim_class_property(super, p->name) >= 0;
                if (known && p->inherited)
                        continue;
                CimPropertySpec *to = &properties[s.property_count++];
                if (!take_property(r, p, known ? OWN : ALL, to))
                        return false;
                to->has_default = known ? !(p->nd & WMIO_DEFAULT) : !p->value.null;
        }
        for (size_t i = 0; i < part->method_count; i++) {
                const WmioMethod *m = &part->methods[i];
                bool known = method_known(super, m->name);
                if (!(known && m->inherited) &&
                    !take_method(r, m, known ? OWN : ALL, &methods[s.method_count++]))
                        return false;
        }
        return take_qualifiers(r, part->qualifiers, part->qualifier_count, super ? OWN : ALL, &s.qualifiers,
                               &s.qualifier_count) &&
               class_made(r, where, &s, super, ret);
}

// A class whose superclass is known from its own part only.
static bool chain_made(WmioReader *r, const uint8_t *where, const WmioPart *part, const CimClass **ret)
{
        const CimClass *super = NULL;
        uint32_t keys = keys_at(part);
        for (uint32_t level = 0; level < part->derivation_count; level++)
                if (!level_made(r, where, part, level, keys, super, &super))
                        return false;
        return own_made(r, where, part, super, ret);
}

bool wmio_class_of_part(WmioReader *r, const uint8_t *where, const WmioPart *above, const WmioPart *own,
                        const CimClass **ret)
{
        const CimClass *super;
        if (!own->name.p)
                return wmio_fail(r, where, "a class has no name");
        if (!above || !above->name.p)
                return chain_made(r, where, own, ret);
        if (!own->derivation_count || !str_ieq(own->derivation[0], above->name))
                return wmio_fail(r, where, "a class does not derive from the one that comes with it");
        return chain_made(r, where, above, &super) && own_made(r, where, own, super, ret);
}
