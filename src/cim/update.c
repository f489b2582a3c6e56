// SPDX-License-Identifier: MIT
// PutClass of a class that exists.
//
// The classes derived from it are built on the new one, superclasses first, as cim_schema_change will do
// again. One that does not build is in conflict: refused, or (force) built again from its declaration without
// what conflicts.
#include "cim/update.h"

#include <stdio.h>
#include <stdlib.h>

#include "cim/class-impl.h"
#include "cim/status.h"

// A derived class before and after.
typedef struct Derived {
        const CimClass *was;
        CimClass *now; // a reference
        bool stripped;
} Derived;

typedef struct Update {
        const CimSchema *schema;
        Str namespace;
        CimUpdateMode mode;
        const CimClass *old;
        CimClass *now;    // a reference
        Derived *derived; // without the class itself; superclasses first
        size_t count, capacity;
        Diag *diag;
} Update;

// What a name means to the classes that are built: never an old version of the class itself.
static const CimClass *update_resolve(void *context, Str name)
{
        const Update *u = context;
        return u->now && str_ieq(name, u->now->name) ? u->now
                                                     : cim_schema_find(u->schema, u->namespace, name);
}

// --- what a derived class loses (force)
// ------------------------------------------------------------------------

// Would this qualifier, declared again below `from`, be refused?
static bool qualifier_conflicts(const CimQualifier *q, const CimQualifier *from, size_t from_count,
                                bool intrinsic)
{
        const CimQualifier *was = cim_qualifier_find(from, from_count, q->name);
        bool travels =
                was && ((was->flavor & CIM_FLAVOR_TO_SUBCLASS) || (intrinsic && class_is_intrinsic(q->name)));
        return travels && (was->flavor & CIM_FLAVOR_NOT_OVERRIDABLE) &&
               !cim_value_same(&was->value, &q->value);
}

typedef bool (*QualifierGoes)(const CimClass *super, const CimProperty *property, const CimQualifier *q);

static bool class_qualifier_goes(const CimClass *super, const CimProperty *property, const CimQualifier *q)
{
        (void)property;
        return str_ieq(q->name, STR("singleton")) && !super->abstract && !class_impl(super)->singleton;
}

// Copies the qualifiers that stay. `property` (NULL: there is none above) is what `goes` is asked about.
static int strip_qualifiers(Arena *a, const CimClass *super, const CimProperty *property, QualifierGoes goes,
                            const CimQualifier *above, size_t above_count, const CimQualifier **list,
                            size_t *count)
{
        CimQualifier *q = arena_array(a, CimQualifier, *count);
        size_t n = 0;
        if (!q)
                return -ENOMEM;
        for (size_t i = 0; i < *count; i++)
                if (!qualifier_conflicts(&(*list)[i], above, above_count, goes != class_qualifier_goes) &&
                    !goes(super, property, &(*list)[i]))
                        q[n++] = (*list)[i];
        *list = q;
        *count = n;
        return 0;
}

// A key where the class above has keys of its own or is a singleton, and [key(FALSE)] of a key.
static bool property_qualifier_goes(const CimClass *super, const CimProperty *property, const CimQualifier *q)
{
        if (!str_ieq(q->name, STR("key")))
                return false;
        bool above =
                property && cim_qualifier_true(property->qualifiers, property->qualifier_count, STR("key"));
        bool here = q->value.type == CIM_BOOLEAN && !q->value.null && q->value.boolean;
        return above ? !here : here && (class_impl(super)->key_count || class_impl(super)->singleton);
}

static bool method_qualifier_goes(const CimClass *super, const CimProperty *property, const CimQualifier *q)
{
        (void)super;
        (void)property;
        (void)q;
        return false;
}

static bool property_conflicts(const Update *u, const CimPropertySpec *p, const CimProperty *above)
{
        if (p->type != above->type)
                return true;
        if (!p->class_name.n || !above->class_name.n || str_ieq(p->class_name, above->class_name))
                return false;
        const CimClass *c = cim_schema_find(u->schema, u->namespace, p->class_name);
        return c && !cim_class_isa(c, above->class_name);
}

static int strip_properties(const Update *u, const CimClass *super, Arena *a, CimClassSpec *spec)
{
        CimPropertySpec *list = arena_array(a, CimPropertySpec, spec->property_count);
        size_t n = 0;
        int r = list ? 0 : -ENOMEM;
        for (size_t i = 0; i < spec->property_count && r == 0; i++) {
                const CimPropertySpec *p = &spec->properties[i];
                int at = cim_class_property(super, p->name);
                const CimProperty *above = at < 0 ? NULL : &super->properties[at];
                if (above && property_conflicts(u, p, above))
                        continue;
                list[n] = *p;
                r = strip_qualifiers(a, super, above, property_qualifier_goes,
                                     above ? above->qualifiers : NULL, above ? above->qualifier_count : 0,
                                     &list[n].qualifiers, &list[n].qualifier_count);
                n++;
        }
        spec->properties = list;
        spec->property_count = n;
        return r;
}

static const CimMethod *method_find(const CimClass *c, Str name)
{
        for (size_t i = 0; i < c->method_count; i++)
                if (str_ieq(c->methods[i].name, name))
                        return &c->methods[i];
        return NULL;
}

static int strip_methods(const CimClass *super, Arena *a, CimClassSpec *spec)
{
        CimMethodSpec *list = arena_array(a, CimMethodSpec, spec->method_count);
        size_t n = 0;
        int r = list ? 0 : -ENOMEM;
        for (size_t i = 0; i < spec->method_count && r == 0; i++) {
                const CimMethod *above = method_find(super, spec->methods[i].name);
                if (above && !class_same_signature(above, &spec->methods[i]))
                        continue;
                list[n] = spec->methods[i];
                r = strip_qualifiers(a, super, NULL, method_qualifier_goes, above ? above->qualifiers : NULL,
                                     above ? above->qualifier_count : 0, &list[n].qualifiers,
                                     &list[n].qualifier_count);
                n++;
        }
        spec->methods = list;
        spec->method_count = n;
        return r;
}

// The declaration of a derived class without what conflicts with its new superclass.
static int update_strip(const Update *u, const CimClass *super, Arena *a, CimClassSpec *spec)
{
        int r = strip_qualifiers(a, super, NULL, class_qualifier_goes, super->qualifiers,
                                 super->qualifier_count, &spec->qualifiers, &spec->qualifier_count);
        if (r == 0)
                r = strip_properties(u, super, a, spec);
        if (r == 0)
                r = strip_methods(super, a, spec);
        return r;
}

// --- derived classes
// ---------------------------------------------------------------------------------------------

static int update_collect(void *context, Str namespace, const CimClass *c)
{
        Update *u = context;
        (void)namespace;
        if (c == u->old)
                return 0;
        if (u->count == u->capacity) {
                size_t more = u->capacity ? u->capacity * 2 : 16;
                Derived *p = reallocarray(u->derived, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                u->derived = p;
                u->capacity = more;
        }
        u->derived[u->count++] = (Derived){.was = c};
        return 0;
}

// By depth, and within one depth by address so that a superclass can be searched for.
static int update_order(const void *a, const void *b)
{
        const CimClass *x = ((const Derived *)a)->was, *y = ((const Derived *)b)->was;
        if (x->depth != y->depth)
                return x->depth < y->depth ? -1 : 1;
        return x < y ? -1 : x > y;
}

static const CimClass *update_super(const Update *u, const CimClass *was)
{
        if (was == u->old)
                return u->now;
        const Derived *d = bsearch(&(Derived){.was = was}, u->derived, u->count, sizeof(*d), update_order);
        return d->now;
}

// The code for an update of what cim_class_new said about a derived class.
static int update_refuse(const Update *u, const CimClass *c)
{
        static const struct {
                int said, means;
        } codes[] = {
                {CIM_E_TYPE_MISMATCH, CIM_E_UPDATE_TYPE_MISMATCH},
                {CIM_E_OVERRIDE_NOT_ALLOWED, CIM_E_UPDATE_OVERRIDE_NOT_ALLOWED},
                {CIM_E_PROPAGATED_METHOD, CIM_E_UPDATE_PROPAGATED_METHOD},
                {CIM_E_CANNOT_BE_KEY, CIM_E_CANNOT_CHANGE_KEY_INHERITANCE},
                {CIM_E_CANNOT_BE_SINGLETON, CIM_E_CANNOT_CHANGE_KEY_INHERITANCE},
        };
        if (!u->diag)
                return E_DIAG;
        char says[sizeof(u->diag->message)];
        uint32_t code = CIM_E_CLASS_HAS_CHILDREN;
        for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
                if ((uint32_t)codes[i].said == u->diag->code)
                        code = (uint32_t)codes[i].means;
        snprintf(says, sizeof(says), "%s", u->diag->message);
        diag_set(u->diag, code, "%.*s, which derives from it, does not fit: %s", STR_ARG(c->name), says);
        return u->mode == CIM_UPDATE_FORCE
                       ? E_DIAG
                       : diag_hint(u->diag, "a forced update takes from derived classes what conflicts");
}

static int update_derived(const Update *u, Derived *d)
{
        const CimClass *super = update_super(u, d->was->super);
        void *context = (void *)(uintptr_t)u;
        int r = cim_class_new(d->was->declared, super, update_resolve, context, &d->now, u->diag);
        if (r == E_DIAG && u->mode == CIM_UPDATE_FORCE) {
                Arena a = {0};
                CimClassSpec spec = *d->was->declared;
                r = update_strip(u, super, &a, &spec);
                if (r == 0)
                        r = cim_class_new(&spec, super, update_resolve, context, &d->now, u->diag);
                d->stripped = true;
                arena_deinit(&a);
        }
        return r == E_DIAG ? update_refuse(u, d->was) : r;
}

static int update_all_derived(Update *u)
{
        int r = 0;
        if (u->count)
                qsort(u->derived, u->count, sizeof(*u->derived), update_order);
        for (size_t i = 0; i < u->count && r == 0; i++)
                r = update_derived(u, &u->derived[i]);
        return r;
}

// --- the class itself
// --------------------------------------------------------------------------------------------

static bool same_superclass(const CimClass *a, const CimClass *b)
{
        return a->super && b->super ? str_ieq(a->super->name, b->super->name) : !a->super && !b->super;
}

static bool same_keys(const CimClass *a, const CimClass *b)
{
        const ClassImpl *x = class_impl(a), *y = class_impl(b);
        bool same = x->singleton == y->singleton && x->key_count == y->key_count;
        for (size_t i = 0; i < x->key_count && same; i++) {
                const CimProperty *p = &a->properties[x->keys[i]], *q = &b->properties[y->keys[i]];
                same = p->type == q->type && str_ieq(p->name, q->name);
        }
        return same;
}

// May a class with these instances and derived classes change in this mode at all?
static int update_allowed(const Update *u, bool has_instances, bool derived_have)
{
        Str name = u->old->name;
        bool used = u->count || has_instances || derived_have;
        if (used && !same_superclass(u->old, u->now)) {
                diag_set(u->diag, CIM_E_INVALID_OPERATION, "%.*s cannot get another superclass: it has %s",
                         STR_ARG(name), u->count ? "derived classes" : "instances");
                return diag_hint(u->diag, "delete %s first", u->count ? "these" : "its instances");
        }
        if (derived_have || (has_instances && u->mode != CIM_UPDATE_FORCE)) {
                diag_set(u->diag, CIM_E_CLASS_HAS_INSTANCES, "%.*s cannot be changed: %s instances",
                         STR_ARG(name), derived_have ? "a class derived from it has" : "it has");
                return derived_have
                               ? diag_hint(u->diag, "delete the instances of the derived classes first")
                               : diag_hint(u->diag, "delete them first; a forced update deletes them itself");
        }
        if (u->count && u->mode == CIM_UPDATE_COMPATIBLE) {
                diag_set(u->diag, CIM_E_CLASS_HAS_CHILDREN, "%.*s cannot be changed: %.*s derives from it",
                         STR_ARG(name), STR_ARG(u->derived[0].was->name));
                return diag_hint(u->diag,
                                 "a safe update changes a class below which others stand, where these fit");
        }
        if (u->count && u->mode == CIM_UPDATE_SAFE && !same_keys(u->old, u->now))
                return diag_set(u->diag, CIM_E_CANNOT_CHANGE_KEY_INHERITANCE,
                                "the keys of %.*s cannot be changed: %.*s derives from it", STR_ARG(name),
                                STR_ARG(u->derived[0].was->name));
        return 0;
}

static int update_new_class(Update *u, const CimClassSpec *spec, Str superclass)
{
        const CimClass *super = superclass.n ? cim_schema_find(u->schema, u->namespace, superclass) : NULL;
        if (superclass.n && !super)
                return diag_set(u->diag, CIM_E_INVALID_SUPERCLASS, "there is no class %.*s in %.*s",
                                STR_ARG(superclass), STR_ARG(u->namespace));
        CimClass *c;
        int r = cim_class_new(spec, super, update_resolve, u, &c, u->diag);
        if (r)
                return r;
        u->now = c;
        if (super && c->abstract && !super->abstract)
                return diag_set(u->diag, CIM_E_CANNOT_BE_ABSTRACT, "%.*s cannot be abstract: %.*s is not",
                                STR_ARG(c->name), STR_ARG(super->name));
        return 0;
}

static int update_compare(Update *u, bool has_instances, bool derived_have, CimUpdate *ret)
{
        ClassDifference d = class_difference(u->old->declared, u->now->declared);
        if (!same_superclass(u->old, u->now))
                d = CLASS_CHANGED;
        ret->same = d == CLASS_SAME;
        if (ret->same)
                return 0;
        int r = cim_schema_each_derived(u->schema, u->namespace, u->old, update_collect, u);
        if (r == 0 && d == CLASS_CHANGED)
                r = update_allowed(u, has_instances, derived_have);
        ret->drops_instances = d == CLASS_CHANGED && has_instances;
        return r == 0 ? update_all_derived(u) : r;
}

// The class, then the derived ones that have lost something.
static int update_result(const Update *u, CimUpdate *ret)
{
        ret->changes = calloc(u->count + 1, sizeof(*ret->changes));
        if (!ret->changes)
                return -ENOMEM;
        ret->changes[ret->change_count++] =
                (CimChange){.namespace = u->namespace, .klass = cim_class_ref(u->now)};
        for (size_t i = 0; i < u->count; i++)
                if (u->derived[i].stripped)
                        ret->changes[ret->change_count++] = (CimChange){
                                .namespace = u->namespace, .klass = cim_class_ref(u->derived[i].now)};
        return 0;
}

int cim_update_check(const CimSchema *schema, Str namespace, const CimClassSpec *spec, Str superclass,
                     CimUpdateMode mode, bool has_instances, bool derived_have, CimUpdate *ret, Diag *reterr)
{
        Update u = {.schema = schema, .namespace = namespace, .mode = mode, .diag = reterr};
        *ret = (CimUpdate){0};
        u.old = cim_schema_find(schema, namespace, spec->name);
        int r = update_new_class(&u, spec, superclass);
        if (r == 0 && u.old)
                r = update_compare(&u, has_instances, derived_have, ret);
        if (r == 0 && !ret->same)
                r = update_result(&u, ret);
        for (size_t i = 0; i < u.count; i++)
                cim_class_unref(u.derived[i].now);
        free(u.derived);
        cim_class_unref(u.now);
        return r;
}

void cim_update_deinit(CimUpdate *u)
{
        for (size_t i = 0; i < u->change_count; i++)
                cim_class_unref(u->changes[i].klass);
        free(u->changes);
        *u = (CimUpdate){0};
}
