// SPDX-License-Identifier: MIT
// What a document does not say of the records that it was made of.
//
// Whether nothing is lost is not argued but tried: the object is lowered again. What a document can hold and
// a text cannot is in embedded instances alone: a text has no place there for an alias, methods, or another
// namespace.
#include "bmf/bmf-impl.h"

static void check_inner(const MofObject *o, const MofObject *outer, BmfWarnings *w)
{
        if (!o->is_instance || o->super.n)
                bmf_warn(w, o->place.at, "a class as a value: MOF has only instances there");
        if (o->alias.n || o->qualifiers.count || o->method_count)
                bmf_warn(w, o->place.at, "an embedded instance with %s: MOF cannot say that",
                         o->alias.n            ? "an alias"
                         : o->qualifiers.count ? "qualifiers"
                                               : "methods");
        if (!str_eq(o->namespace_text, outer->namespace_text))
                bmf_warn(w, o->place.at,
                         "an embedded instance of another namespace than what it is in: MOF cannot say that");
        if (o->class_flags != outer->class_flags || o->instance_flags != outer->instance_flags)
                bmf_warn(w, o->place.at,
                         "an embedded instance with other flags than what it is in: MOF cannot say that");
}

static void check_value(const MofValue *v, const MofObject *outer, BmfWarnings *w);

static void check_values(const MofProperty *p, uint32_t count, const MofObject *outer, BmfWarnings *w)
{
        for (uint32_t i = 0; i < count; i++)
                check_value(&p[i].value, outer, w);
}

static void check_value(const MofValue *v, const MofObject *outer, BmfWarnings *w)
{
        if (v->kind == MOF_VALUE_OBJECT) {
                check_inner(v->object, outer, w);
                check_values(v->object->properties, v->object->property_count, outer, w);
        } else if (v->kind == MOF_VALUE_ARRAY) {
                for (uint32_t i = 0; i < v->array.count; i++)
                        check_value(&v->array.items[i], outer, w);
        }
}

static void check_flags(const MofObject *o, BmfWarnings *w)
{
        uint32_t instances = MOF_UPDATE_ONLY | MOF_CREATE_ONLY,
                 classes = instances | MOF_SAFE_UPDATE | MOF_FORCE_UPDATE;
        if ((o->class_flags & ~classes) || (o->instance_flags & ~instances) ||
            (o->class_flags & instances) == instances || o->instance_flags == instances)
                bmf_warn(w, o->place.at, "flags that no #pragma sets: 0x%x for classes, 0x%x for instances",
                         o->class_flags, o->instance_flags);
}

static int check_again(const Bmf *b, const BmfObject *from, const MofDocument *d, const MofObject *o,
                       bool all, BmfWarnings *w)
{
        char why[BMF_WHY] = "";
        BmfObject again;
        Diag e = {0};
        Bmf *scratch = bmf_new();
        if (!scratch)
                return -ENOMEM;
        scratch->unpadded = b->unpadded || b->cut; // without flavors
        int r = bmf_lower_object(d, o, scratch, &again, &e);
        if (r == E_DIAG)
                bmf_warn(w, from->at, "MOF cannot say this: %.400s", e.message);
        else if (r == 0 && !bmf_same_object(from, &again, why) && all)
                bmf_warn(w, from->at, "what MOF says of %.*s makes other records; the first that differs: %s",
                         (int)(o->name.n < 100 ? o->name.n : 100), o->name.p, why);
        bmf_free(scratch);
        return r < 0 ? r : 0;
}

int bmf_raise_check(const Bmf *b, const BmfObject *from, const MofDocument *d, const MofObject *o, bool all,
                    BmfWarnings *w)
{
        check_values(o->properties, o->property_count, o, w);
        for (uint32_t i = 0; i < o->method_count; i++)
                check_values(o->methods[i].parameters, o->methods[i].parameter_count, o, w);
        check_flags(o, w);
        return b->cut && b->has_flavors ? 0 : check_again(b, from, d, o, all, w); // some of them: was told
}
