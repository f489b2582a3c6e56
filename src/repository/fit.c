// SPDX-License-Identifier: MIT
// Fitting: an instance that was made for one class, as one of another version of it.
//
// What a client puts was made for the class as it knew it, and may claim anything; what a row holds was
// written for the class of its time. Both become instances of the class that is now: values go by property
// name and type. Nothing is copied: the result borrows from both.
#include "repository/internal.h"

typedef struct Fit {
        Store *st;
        Str namespace;
        Arena *arena;
        bool strict;
        Diag *diag;
} Fit;

static int fit_instance(const Fit *f, const CimInstance *from, const CimClass *c, unsigned depth,
                        CimInstance **ret);

static bool fit_in_range(const CimValue *v, CimType t)
{
        int64_t least;
        uint64_t most;
        if (!cim_type_range(t, &least, &most))
                return t != CIM_CHAR16 || v->uint <= UINT16_MAX;
        return cim_type_is_signed(t) ? v->sint >= least && v->sint <= (int64_t)most : v->uint <= most;
}

// An object that is put into a property that names a class is of that class as the namespace has it; one that
// is read stays what it was.
static int fit_object(const Fit *f, const CimProperty *p, const CimValue *v, unsigned depth, CimValue *ret)
{
        const CimClass *now =
                p->class_name.n ? cim_schema_find(f->st->schema, f->namespace, v->object->class->name) : NULL;
        *ret = *v;
        if (!f->strict)
                return 0;
        if (p->class_name.n && !cim_class_isa(now ? now : v->object->class, p->class_name))
                return diag_set(f->diag, CIM_E_TYPE_MISMATCH, "the object in %.*s is a %.*s, not a %.*s",
                                CLIP(p->name), CLIP(v->object->class->name), CLIP(p->class_name));
        if (!now || v->object->is_class)
                return 0;
        CimInstance *i;
        int r = fit_instance(f, v->object, now, depth + 1, &i);
        if (r == 0) {
                i->namespace = v->object->namespace;
                ret->object = i;
        }
        return r;
}

static int fit_scalar(const Fit *f, const CimProperty *p, const CimValue *v, unsigned depth, CimValue *ret)
{
        CimType t = cim_type(p->type);
        *ret = *v;
        if (t == CIM_OBJECT)
                return fit_object(f, p, v, depth, ret);
        if (!f->strict)
                return 0;
        if (!fit_in_range(v, t))
                return diag_set(f->diag, CIM_E_TYPE_MISMATCH, "the value of %.*s is out of range for %s",
                                CLIP(p->name), cim_type_name(p->type));
        if (t == CIM_DATETIME && !cim_datetime_valid(v->string)) {
                diag_set(f->diag, CIM_E_TYPE_MISMATCH, "the value of %.*s is not a datetime", CLIP(p->name));
                return diag_hint(f->diag,
                                 "25 characters: yyyymmddHHMMSS.mmmmmmsUUU, or ddddddddHHMMSS.mmmmmm:000");
        }
        return 0;
}

static int fit_array(const Fit *f, const CimProperty *p, const CimValue *v, unsigned depth, CimValue *ret)
{
        uint32_t n = v->array.count;
        *ret = *v;
        if (f->strict && (n > LIMIT_ARRAY_ITEMS || (p->max && n > p->max)))
                return diag_set(f->diag, CIM_E_TYPE_MISMATCH, "%.*s has %u items, %u are allowed",
                                CLIP(p->name), n, p->max ? p->max : LIMIT_ARRAY_ITEMS);
        if (!f->strict)
                return 0;
        CimValue *items = cim_type(p->type) == CIM_OBJECT ? arena_array(f->arena, CimValue, n) : NULL;
        if (cim_type(p->type) == CIM_OBJECT && !items)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                CimValue one = v->array.items[i];
                if (one.null)
                        return diag_set(f->diag, CIM_E_ILLEGAL_NULL, "item %u of %.*s is NULL", i,
                                        CLIP(p->name));
                if (one.type != cim_type(p->type))
                        return diag_set(f->diag, CIM_E_TYPE_MISMATCH, "item %u of %.*s is %s, not %s", i,
                                        CLIP(p->name), cim_type_name(one.type), cim_type_name(p->type));
                int r = fit_scalar(f, p, &v->array.items[i], depth, &one);
                if (r)
                        return r;
                if (items)
                        items[i] = one;
        }
        if (items)
                ret->array.items = items;
        return 0;
}

static int fit_value(const Fit *f, const CimProperty *p, const CimValue *v, unsigned depth, CimValue *ret)
{
        if (v->null)
                *ret = cim_null(p->type);
        if (v->null && f->strict && cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("not_null")))
                return diag_set(f->diag, CIM_E_ILLEGAL_NULL, "%.*s is NULL, and its class says not_null",
                                CLIP(p->name));
        if (v->null)
                return 0;
        return cim_is_array(p->type) ? fit_array(f, p, v, depth, ret) : fit_scalar(f, p, v, depth, ret);
}

// The value of a property of c in `from`; NULL: it has none that fits.
static int fit_find(const Fit *f, const CimInstance *from, const CimClass *c, size_t k, const CimValue **ret)
{
        const CimProperty *p = &c->properties[k];
        int at = from->class == c ? (int)k : cim_class_property(from->class, p->name);
        *ret = at < 0 ? NULL : &from->values[at];
        if (at < 0 || (*ret)->type == p->type)
                return 0;
        if (!f->strict || (*ret)->null) {
                *ret = NULL;
                return 0;
        }
        return diag_set(f->diag, CIM_E_TYPE_MISMATCH, "%.*s is %s%s, and %s%s in class %.*s", CLIP(p->name),
                        cim_type_name((*ret)->type), cim_is_array((*ret)->type) ? "[]" : "",
                        cim_type_name(p->type), cim_is_array(p->type) ? "[]" : "", CLIP(c->name));
}

// Values that c has no place for must not vanish without a word.
static int fit_check_rest(const Fit *f, const CimInstance *from, const CimClass *c)
{
        for (size_t k = 0; f->strict && from->class != c && k < from->class->property_count; k++) {
                const CimProperty *p = &from->class->properties[k];
                if (from->values[k].null || cim_class_property(c, p->name) >= 0)
                        continue;
                diag_set(f->diag, CIM_E_INVALID_OBJECT, "the class %.*s has no property %.*s", CLIP(c->name),
                         CLIP(p->name));
                return diag_hint(f->diag, "the class may have changed: get it again");
        }
        return 0;
}

static int fit_instance(const Fit *f, const CimInstance *from, const CimClass *c, unsigned depth,
                        CimInstance **ret)
{
        if (depth > LIMIT_DEPTH)
                return diag_set(f->diag, CIM_E_INVALID_OBJECT, "objects are nested deeper than %u",
                                LIMIT_DEPTH);
        CimInstance *i = cim_instance_in(f->arena, c);
        if (!i)
                return -ENOMEM;
        int r = fit_check_rest(f, from, c);
        for (size_t k = 0; k < c->property_count && r == 0; k++) {
                const CimValue *v;
                r = fit_find(f, from, c, k, &v);
                if (r == 0)
                        r = fit_value(f, &c->properties[k], v ? v : &c->properties[k].value, depth,
                                      &i->values[k]);
        }
        *ret = i;
        return r;
}

int instance_fit(Store *st, Str namespace, const CimInstance *from, const CimClass *c, bool strict, Arena *a,
                 CimInstance **ret, Diag *reterr)
{
        Fit f = {st, namespace, a, strict, reterr};
        int r = fit_instance(&f, from, c, 0, ret);
        if (r == 0)
                (*ret)->namespace = namespace;
        return r;
}
