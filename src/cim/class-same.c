// SPDX-License-Identifier: MIT
// Classes compared by what they declare.
#include "cim/class-impl.h"

// Qualifiers that say what a class is, where its instances live or how their bytes are read. All others
// describe.
static bool qualifier_matters(Str name)
{
        static const char *const names[] = {"abstract",    "association",
                                            "CIMTYPE",     "ClassContext",
                                            "dynamic",     "guid",
                                            "HiPerf",      "ID",
                                            "implemented", "in",
                                            "indexed",     "InstanceContext",
                                            "key",         "MAX",
                                            "MaxLen",      "not_null",
                                            "out",         "PropertyContext",
                                            "provider",    "singleton",
                                            "static",      "StringTermination",
                                            "terminal",    "union",
                                            "WMI",         "WmiDataId",
                                            "WmiMethodId", "WmiSizeIs",
                                            "WmiTimeStamp"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (str_ieq(name, str_of(names[i])))
                        return true;
        return false;
}

static ClassDifference worse(ClassDifference a, ClassDifference b)
{
        return a > b ? a : b;
}

static ClassDifference name_difference(Str a, Str b)
{
        return str_eq(a, b) ? CLASS_SAME : str_ieq(a, b) ? CLASS_DESCRIBED : CLASS_CHANGED;
}

// What is in a that b does not have, or has with another value. The order does not matter.
static ClassDifference qualifiers_missing(const CimQualifier *a, size_t n, const CimQualifier *b, size_t m)
{
        ClassDifference d = CLASS_SAME;
        for (size_t i = 0; i < n && d < CLASS_CHANGED; i++) {
                const CimQualifier *other =
                        i < m && str_ieq(a[i].name, b[i].name) ? &b[i] : cim_qualifier_find(b, m, a[i].name);
                if (!other || other->flavor != a[i].flavor || !cim_value_same(&other->value, &a[i].value))
                        d = worse(d, qualifier_matters(a[i].name) ? CLASS_CHANGED : CLASS_DESCRIBED);
                else
                        d = worse(d, name_difference(a[i].name, other->name));
        }
        return d;
}

static ClassDifference qualifier_difference(const CimQualifier *a, size_t n, const CimQualifier *b, size_t m)
{
        return worse(qualifiers_missing(a, n, b, m), qualifiers_missing(b, m, a, n));
}

static ClassDifference property_difference(const CimPropertySpec *a, const CimPropertySpec *b)
{
        if (a->type != b->type || a->max != b->max || a->has_default != b->has_default ||
            (a->has_default && !cim_value_same(&a->value, &b->value)))
                return CLASS_CHANGED;
        return worse(
                worse(name_difference(a->name, b->name), name_difference(a->class_name, b->class_name)),
                qualifier_difference(a->qualifiers, a->qualifier_count, b->qualifiers, b->qualifier_count));
}

static ClassDifference properties_difference(const CimPropertySpec *a, size_t n, const CimPropertySpec *b,
                                             size_t m)
{
        ClassDifference d = n == m ? CLASS_SAME : CLASS_CHANGED;
        for (size_t i = 0; i < n && d < CLASS_CHANGED; i++)
                d = worse(d, property_difference(&a[i], &b[i]));
        return d;
}

static ClassDifference method_difference(const CimMethodSpec *a, const CimMethodSpec *b)
{
        ClassDifference d = a->return_type == b->return_type ? CLASS_SAME : CLASS_CHANGED;
        d = worse(d, name_difference(a->name, b->name));
        d = worse(d, name_difference(a->return_class, b->return_class));
        d = worse(d,
                  qualifier_difference(a->qualifiers, a->qualifier_count, b->qualifiers, b->qualifier_count));
        return worse(d, properties_difference(a->parameters, a->parameter_count, b->parameters,
                                              b->parameter_count));
}

ClassDifference class_difference(const CimClassSpec *a, const CimClassSpec *b)
{
        ClassDifference d = a->method_count == b->method_count ? CLASS_SAME : CLASS_CHANGED;
        d = worse(d, name_difference(a->name, b->name));
        d = worse(d,
                  qualifier_difference(a->qualifiers, a->qualifier_count, b->qualifiers, b->qualifier_count));
        d = worse(d,
                  properties_difference(a->properties, a->property_count, b->properties, b->property_count));
        for (size_t i = 0; i < a->method_count && d < CLASS_CHANGED; i++)
                d = worse(d, method_difference(&a->methods[i], &b->methods[i]));
        return d;
}

bool class_same_signature(const CimMethod *above, const CimMethodSpec *m)
{
        bool same = above->return_type == m->return_type && above->parameter_count == m->parameter_count;
        for (size_t i = 0; i < m->parameter_count && same; i++)
                same = above->parameters[i].type == m->parameters[i].type &&
                       str_ieq(above->parameters[i].name, m->parameters[i].name);
        return same;
}

bool cim_class_same(const CimClass *a, const CimClass *b)
{
        for (; a != b; a = a->super, b = b->super)
                if (!a || !b || class_difference(a->declared, b->declared) != CLASS_SAME)
                        return false;
        return true;
}

bool cim_class_declares_same(const CimClass *a, const CimClass *b)
{
        bool super = a->super && b->super ? str_ieq(a->super->name, b->super->name) : !a->super && !b->super;
        return super && (a == b || class_difference(a->declared, b->declared) == CLASS_SAME);
}

bool cim_class_declares_alike(const CimClass *c, const CimClassSpec *spec, Str superclass)
{
        return str_ieq(c->super ? c->super->name : STR(""), superclass) &&
               class_difference(c->declared, spec) != CLASS_CHANGED;
}
