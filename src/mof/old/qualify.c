// SPDX-License-Identifier: MIT
// Qualifiers: lists in brackets, flavors, declarations of both dialects.
//
//   [key, Description("text") : ToSubClass Amended, Values{"a", "b"}]
//   Qualifier Description : ToSubClass Amended;                            what later uses get: WMI's form
//   Qualifier Key : boolean = false, Scope(property), Flavor(DisableOverride);                     DMTF's
#include "mof/old/internal.h"

// --- flavors -------------------------------------------------------------------------------------

typedef struct Flavors {
        unsigned seen; // F_...
        MofToken last;
} Flavors;

enum {
        F_TO_INSTANCE = 1,
        F_NOT_TO_INSTANCE = 2,
        F_TO_SUBCLASS = 4,
        F_NOT_TO_SUBCLASS = 8,
        F_ENABLE = 16,
        F_DISABLE = 32,
        F_RESTRICTED = 64,
        F_AMENDED = 128,
        F_TRANSLATABLE = 256,
};

static const struct {
        const char *lower, *name;
        unsigned flavor;
} flavor_words[] = {
        {"toinstance", "ToInstance", F_TO_INSTANCE},
        {"nottoinstance", "NotToInstance", F_NOT_TO_INSTANCE},
        {"tosubclass", "ToSubClass", F_TO_SUBCLASS},
        {"nottosubclass", "NotToSubClass", F_NOT_TO_SUBCLASS},
        {"enableoverride", "EnableOverride", F_ENABLE},
        {"disableoverride", "DisableOverride", F_DISABLE},
        {"restricted", "Restricted", F_RESTRICTED},
        {"amended", "Amended", F_AMENDED},
        {"translatable", "Translatable", F_TRANSLATABLE},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned flavor_of(const Mof *m, const MofToken *t)
{
        for (size_t i = 0; i < COUNT(flavor_words); i++)
                if (mof_is_word(m, t, flavor_words[i].lower))
                        return flavor_words[i].flavor;
        return 0;
}

static int not_a_flavor(Mof *m)
{
        char shown[MOF_SHOWN];
        StrNearest nearest = {.wanted = mof_str(m, &m->now)};
        mof_error(m, &m->now, CIM_MOF_EXPECTED_FLAVOR, "expected a flavor, found %s",
                  mof_shown(m, &m->now, shown));
        for (size_t i = 0; m->now.kind == MOF_WORD && i < COUNT(flavor_words); i++)
                str_nearest_offer(&nearest, str_of(flavor_words[i].name));
        if (nearest.best.n)
                return mof_hint(m, "did you mean %.*s?", STR_ARG(nearest.best));
        return mof_hint(
                m, "the flavors are ToInstance, ToSubClass, NotToInstance, NotToSubClass, EnableOverride, "
                   "DisableOverride, Restricted, Amended");
}

// One flavor word into *f; what excludes another one is reported.
static int flavor_add(Mof *m, Flavors *f)
{
        static const unsigned clashes[][2] = {{F_ENABLE, F_DISABLE},
                                              {F_TO_INSTANCE, F_NOT_TO_INSTANCE},
                                              {F_TO_SUBCLASS, F_NOT_TO_SUBCLASS}};
        unsigned one = flavor_of(m, &m->now);
        if (!one)
                return not_a_flavor(m);
        f->seen |= one;
        for (size_t i = 0; i < COUNT(clashes); i++)
                if ((one & (clashes[i][0] | clashes[i][1])) && (f->seen & clashes[i][0]) &&
                    (f->seen & clashes[i][1]))
                        mof_error(m, &m->now, CIM_MOF_INCOMPATIBLE_FLAVOR,
                                  "'%.*s' and its opposite exclude each other", STR_ARG(mof_str(m, &m->now)));
        if ((one & (F_RESTRICTED | F_TO_INSTANCE | F_TO_SUBCLASS)) && (f->seen & F_RESTRICTED) &&
            (f->seen & (F_TO_INSTANCE | F_TO_SUBCLASS)))
                mof_error(m, &m->now, CIM_MOF_INCOMPATIBLE_FLAVOR2,
                          "Restricted goes to no subclass and no instance; ToInstance and ToSubClass exclude "
                          "it");
        f->last = m->now;
        return mof_next(m);
}

// `base`, changed by what was written.
static uint8_t flavor_bits(uint8_t base, unsigned seen)
{
        unsigned bits = base;
        if (seen & F_RESTRICTED)
                bits &= ~(unsigned)(CIM_FLAVOR_TO_INSTANCE | CIM_FLAVOR_TO_SUBCLASS);
        if (seen & F_NOT_TO_INSTANCE)
                bits &= ~(unsigned)CIM_FLAVOR_TO_INSTANCE;
        if (seen & F_NOT_TO_SUBCLASS)
                bits &= ~(unsigned)CIM_FLAVOR_TO_SUBCLASS;
        if (seen & F_ENABLE)
                bits &= ~(unsigned)CIM_FLAVOR_NOT_OVERRIDABLE;
        bits |= seen & F_TO_INSTANCE ? CIM_FLAVOR_TO_INSTANCE : 0;
        bits |= seen & F_TO_SUBCLASS ? CIM_FLAVOR_TO_SUBCLASS : 0;
        bits |= seen & F_DISABLE ? CIM_FLAVOR_NOT_OVERRIDABLE : 0;
        bits |= seen & F_AMENDED ? CIM_FLAVOR_AMENDED : 0;
        return (uint8_t)bits;
}

// ": flavor flavor" behind a use; m->now is ':'.
static int use_flavors(Mof *m, uint8_t *flavor)
{
        Flavors f = {0};
        int r = mof_next(m);
        do {
                if (r == 0)
                        r = flavor_add(m, &f);
        } while (r == 0 && m->now.kind == MOF_WORD);
        *flavor = flavor_bits(*flavor, f.seen);
        return r;
}

// --- use -----------------------------------------------------------------------------------------

static const MofQualifierDefault *default_of(const Mof *m, Str name)
{
        const size_t *i = mof_names_find(&m->default_names, name);
        return i ? &m->defaults[*i] : NULL;
}

// (value) or {values}, into the type that its declaration gives it, or the one it shows.
static int use_value(Mof *m, const MofQualifierDefault *d, CimQualifier *q, MofToken *ret_value)
{
        MofValue v;
        int r;
        if (m->now.kind == '(') {
                r = mof_next(m);
                if (r == 0)
                        r = mof_value(m, &v);
                if (r == 0)
                        r = mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, "the value of the qualifier");
        } else {
                r = mof_value_list(m, &v);
        }
        if (r != 0)
                return r;
        *ret_value = v.token;
        if (v.kind == MOF_V_NULL) {
                q->value = cim_null(d && d->typed ? d->type : CIM_STRING);
                return 0;
        }
        if (v.kind == MOF_V_BAD)
                return 0;
        r = d && d->typed ? mof_value_as(m, &v, d->type, q->name, &q->value)
                          : mof_value_free(m, &v, q->name, &q->value);
        return r < 0 ? r : 0; // reported; the list goes on
}

static int use_without_value(Mof *m, const MofQualifierDefault *d, const MofToken *name, CimQualifier *q)
{
        q->value = (CimValue){.type = CIM_BOOLEAN, .boolean = true};
        if (!d || !d->typed || d->type == CIM_BOOLEAN)
                return 0;
        q->value = d->value;
        if (d->value.null)
                mof_error(m, name, CIM_MOF_INVALID_QUALIFIER,
                          "the qualifier %.*s is declared as %s and needs a value", STR_ARG(q->name),
                          cim_type_name(d->type));
        return 0;
}

static int one_qualifier(Mof *m, MofQualifiers *list, MofNames *names, size_t capacity[3])
{
        CimQualifier q = {0};
        MofToken name, value = {.kind = MOF_END};
        int r = mof_name(m, CIM_MOF_EXPECTED_QUALIFIER_NAME, CIM_E_QUALIFIER_NAME_TOO_WIDE,
                         "the name of a qualifier", &q.name, &name);
        if (r != 0)
                return r;
        const MofQualifierDefault *d = default_of(m, q.name);
        q.flavor = d ? d->flavor : 0;
        if (mof_is_word(m, &name, "cimtype")) {
                mof_error(m, &name, CIM_MOF_CIMTYPE_QUALIFIER, "CIMTYPE cannot be written by hand");
                mof_hint(m, "the type of the property sets it");
        }
        if (m->now.kind == '(' || m->now.kind == '{') {
                r = use_value(m, d, &q, &value);
        } else {
                r = use_without_value(m, d, &name, &q);
        }
        if (r == 0 && m->now.kind == ':')
                r = use_flavors(m, &q.flavor);
        if (r != 0)
                return r;
        if (list->count == LIMIT_QUALIFIERS)
                return mof_error(m, &name, CIM_MOF_INVALID_QUALIFIER, "more than %u qualifiers in one list",
                                 LIMIT_QUALIFIERS);
        r = mof_names_add(m->arena, names, q.name, list->count, NULL);
        if (r == 1) {
                mof_error(m, &name, CIM_MOF_DUPLICATE_QUALIFIER, "the qualifier %.*s is given twice",
                          STR_ARG(q.name));
                return 0;
        }
        size_t n = list->count, n2 = list->count;
        if (r < 0 || MOF_PUSH(m, list->names, n, capacity[0], name) < 0 ||
            MOF_PUSH(m, list->values, n2, capacity[1], value) < 0 ||
            MOF_PUSH(m, list->items, list->count, capacity[2], q) < 0)
                return -ENOMEM;
        return 0;
}

// Behind an error in a list: leaves everything up to its ']'. Gives up where the list seems to have none.
static int skip_list(Mof *m, unsigned base)
{
        int depth = 0, r = 0;
        while (r == 0 && m->now.kind != MOF_END && m->now.kind != ';' && !mof_word(m, "class")) {
                if (m->now.kind == '(' || m->now.kind == '{')
                        depth++;
                else if ((m->now.kind == ')' || m->now.kind == '}') && depth)
                        depth--;
                else if (m->now.kind == '}')
                        break;
                bool last = m->now.kind == ']' && depth == 0;
                r = mof_next(m);
                if (last)
                        break;
        }
        m->braces = base;
        return r;
}

static int list_end(Mof *m)
{
        if (m->now.kind == ']')
                return mof_next(m);
        char shown[MOF_SHOWN];
        mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACKET,
                  "expected ',' or ']' in a list of qualifiers, found %s", mof_shown(m, &m->now, shown));
        if (m->now.kind == MOF_WORD && m->now.line != m->past.line)
                mof_hint(m, "is a ',' or ']' missing behind %s in line %u?", mof_shown(m, &m->past, shown),
                         m->past.line);
        else if (m->now.kind == MOF_WORD)
                mof_hint(m, "is a ',' missing behind %s?", mof_shown(m, &m->past, shown));
        return E_DIAG;
}

int mof_qualifiers(Mof *m, MofQualifiers *ret)
{
        *ret = (MofQualifiers){0};
        MofNames names = {0};
        size_t capacity[3] = {0};
        unsigned braces = m->braces;
        int r;
        do {
                r = mof_next(m); // '[' or ','
                if (r == 0)
                        r = one_qualifier(m, ret, &names, capacity);
        } while (r == 0 && m->now.kind == ',');
        if (r == 0)
                r = list_end(m);
        if (r == E_DIAG) {
                int s = skip_list(m, braces);
                return s < 0 ? s : E_DIAG;
        }
        return r;
}

int mof_qualifiers_scope(Mof *m, const MofQualifiers *q, unsigned on)
{
        static const struct {
                unsigned on;
                const char *name;
        } words[] = {{MOF_ON_CLASS, "a class"},         {MOF_ON_PROPERTY, "a property"},
                     {MOF_ON_REFERENCE, "a reference"}, {MOF_ON_METHOD, "a method"},
                     {MOF_ON_PARAMETER, "a parameter"}, {MOF_ON_INSTANCE, "an instance"}};
        const char *where = "this";
        for (size_t i = 0; i < COUNT(words); i++)
                if (on & words[i].on)
                        where = words[i].name;
        for (size_t i = 0; m->default_count && i < q->count; i++) {
                const MofQualifierDefault *d = default_of(m, q->items[i].name);
                if (d && d->typed && !(d->scope & on))
                        mof_error(m, &q->names[i], CIM_MOF_QUALIFIER_OUT_OF_SCOPE,
                                  "the qualifier %.*s is not declared for %s", STR_ARG(q->items[i].name),
                                  where);
        }
        return 0;
}

// --- declaration ---------------------------------------------------------------------------------

static int scope_word(Mof *m, unsigned *scope)
{
        static const struct {
                const char *lower;
                unsigned on;
        } words[] = {
                {"any", MOF_ON_ANY},
                {"class", MOF_ON_CLASS},
                {"association", MOF_ON_CLASS},
                {"indication", MOF_ON_CLASS},
                {"property", MOF_ON_PROPERTY},
                {"reference", MOF_ON_REFERENCE},
                {"method", MOF_ON_METHOD},
                {"parameter", MOF_ON_PARAMETER},
                {"instance", MOF_ON_INSTANCE},
                {"schema", 0},
                {"qualifier", 0},
        };
        for (size_t i = 0; i < COUNT(words); i++)
                if (mof_word(m, words[i].lower)) {
                        *scope |= words[i].on;
                        return mof_next(m);
                }
        char shown[MOF_SHOWN];
        mof_error(m, &m->now, CIM_MOF_INVALID_QUALIFIER, "expected a scope, found %s",
                  mof_shown(m, &m->now, shown));
        return mof_hint(m, "any, class, association, indication, property, reference, method or parameter");
}

// (word, word); m->now is what stands behind Scope or Flavor.
static int word_list(Mof *m, const char *after, unsigned *scope, Flavors *flavors)
{
        int r = mof_expect(m, '(', CIM_MOF_EXPECTED_OPEN_PAREN, after);
        while (r == 0) {
                r = scope ? scope_word(m, scope) : flavor_add(m, flavors);
                if (r != 0 || m->now.kind != ',')
                        break;
                r = mof_next(m);
        }
        return r == 0 ? mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, after) : r;
}

// DMTF's form behind "Qualifier NAME :"; m->now is the type.
static int typed_declaration(Mof *m, MofQualifierDefault *d)
{
        d->typed = true;
        d->type = (uint16_t)cim_type_of_name(mof_str(m, &m->now));
        d->flavor = CIM_FLAVOR_TO_SUBCLASS; // DMTF's default
        int r = mof_next(m);
        if (r == 0 && m->now.kind == '[') {
                d->type |= CIM_ARRAY;
                r = mof_next(m);
                if (r == 0 && m->now.kind == MOF_INTEGER)
                        r = mof_next(m);
                if (r == 0)
                        r = mof_expect(m, ']', CIM_MOF_EXPECTED_CLOSE_BRACKET, "the array");
        }
        d->value = cim_null(d->type);
        if (r == 0 && m->now.kind == '=') {
                MofValue v;
                r = mof_next(m);
                if (r == 0)
                        r = mof_value(m, &v);
                if (r == 0)
                        r = mof_value_as(m, &v, d->type, d->name, &d->value);
        }
        Flavors f = {0};
        bool scoped = false;
        while (r == 0 && m->now.kind == ',') {
                r = mof_next(m);
                if (r != 0)
                        break;
                bool scope = mof_word(m, "scope");
                if (!scope && !mof_word(m, "flavor")) {
                        char shown[MOF_SHOWN];
                        return mof_error(m, &m->now, CIM_MOF_INVALID_QUALIFIER,
                                         "expected Scope or Flavor, found %s", mof_shown(m, &m->now, shown));
                }
                scoped |= scope;
                r = mof_next(m);
                if (r == 0)
                        r = word_list(m, scope ? "Scope" : "Flavor", scope ? &d->scope : NULL, &f);
        }
        if (!scoped)
                d->scope = MOF_ON_ANY;
        d->flavor = flavor_bits(d->flavor, f.seen);
        return r;
}

int mof_qualifier_declaration(Mof *m)
{
        MofQualifierDefault d = {.scope = MOF_ON_ANY};
        MofToken name;
        int r = mof_next(m);
        if (r == 0)
                r = mof_name(m, CIM_MOF_EXPECTED_QUALIFIER_NAME, CIM_E_QUALIFIER_NAME_TOO_WIDE,
                             "the name of a qualifier", &d.name, &name);
        if (r == 0)
                r = mof_expect(m, ':', CIM_MOF_INVALID_QUALIFIER, "the name of the qualifier");
        if (r != 0)
                return r;
        if (m->now.kind == MOF_WORD && cim_type_of_name(mof_str(m, &m->now)) != CIM_NONE) {
                d.scope = 0;
                r = typed_declaration(m, &d);
        } else {
                Flavors f = {0};
                do
                        r = flavor_add(m, &f);
                while (r == 0 && m->now.kind == MOF_WORD);
                d.flavor = flavor_bits(0, f.seen);
        }
        if (r == 0)
                r = mof_expect(m, ';', CIM_MOF_EXPECTED_SEMI, "the declaration of the qualifier");
        if (r != 0)
                return r;
        size_t *there;
        r = mof_names_add(m->arena, &m->default_names, d.name, m->default_count, &there);
        if (r == 1) {
                m->defaults[*there] = d;
                return 0;
        }
        return r < 0 ? r : MOF_PUSH(m, m->defaults, m->default_count, m->default_capacity, d);
}
