// SPDX-License-Identifier: MIT
// Qualifiers: lists in brackets, flavors, declarations of both dialects.
//
//   [key, Description("text") : ToSubClass Amended, Values{"a", "b"}]
//   Qualifier Description : ToSubClass Amended;                            what later uses get: WMI's form
//   Qualifier Key : boolean = false, Scope(property), Flavor(DisableOverride);                     DMTF's
#include "mof/internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// --- flavors -------------------------------------------------------------------------------------

static const struct {
        const char *lower, *name;
        uint16_t flavor;
} flavor_words[] = {
        {"toinstance", "ToInstance", MOF_TO_INSTANCE},
        {"nottoinstance", "NotToInstance", MOF_NOT_TO_INSTANCE},
        {"tosubclass", "ToSubClass", MOF_TO_SUBCLASS},
        {"nottosubclass", "NotToSubClass", MOF_NOT_TO_SUBCLASS},
        {"enableoverride", "EnableOverride", MOF_ENABLE_OVERRIDE},
        {"disableoverride", "DisableOverride", MOF_DISABLE_OVERRIDE},
        {"restricted", "Restricted", MOF_RESTRICTED},
        {"amended", "Amended", MOF_AMENDED},
        {"translatable", "Translatable", MOF_TRANSLATABLE},
};

static uint16_t flavor_of(const Mof *m)
{
        for (size_t i = 0; i < COUNT(flavor_words); i++)
                if (mof_word(m, flavor_words[i].lower))
                        return flavor_words[i].flavor;
        return 0;
}

static int not_a_flavor(Mof *m)
{
        char shown[MOF_SHOWN];
        StrNearest nearest = {.wanted = mof_str(m, &m->now)};
        mof_error(m, &m->now, CIM_MOF_EXPECTED_FLAVOR, "expected a flavor, found %s", mof_shown(m, &m->now, shown));
        for (size_t i = 0; m->now.kind == MOF_WORD && i < COUNT(flavor_words); i++)
                str_nearest_offer(&nearest, str_of(flavor_words[i].name));
        if (nearest.best.n)
                return mof_hint(m, "did you mean %.*s?", STR_ARG(nearest.best));
        return mof_hint(m, "the flavors are ToInstance, ToSubClass, NotToInstance, NotToSubClass, EnableOverride, "
                           "DisableOverride, Restricted, Amended");
}

// One flavor word into *written; what excludes another one is reported.
static int flavor_add(Mof *m, uint16_t *written)
{
        static const unsigned clashes[][2] = {{MOF_ENABLE_OVERRIDE, MOF_DISABLE_OVERRIDE},
                                              {MOF_TO_INSTANCE, MOF_NOT_TO_INSTANCE},
                                              {MOF_TO_SUBCLASS, MOF_NOT_TO_SUBCLASS}};
        unsigned one = flavor_of(m), seen = *written | one;
        if (!one)
                return not_a_flavor(m);
        *written = (uint16_t)seen;
        for (size_t i = 0; i < COUNT(clashes); i++)
                if ((one & (clashes[i][0] | clashes[i][1])) && (seen & clashes[i][0]) && (seen & clashes[i][1]))
                        mof_error(m, &m->now, CIM_MOF_INCOMPATIBLE_FLAVOR, "'%.*s' and its opposite exclude each other",
                                  STR_ARG(mof_str(m, &m->now)));
        if ((one & (MOF_RESTRICTED | MOF_TO_INSTANCE | MOF_TO_SUBCLASS)) && (seen & MOF_RESTRICTED) &&
            (seen & (MOF_TO_INSTANCE | MOF_TO_SUBCLASS)))
                mof_error(m, &m->now, CIM_MOF_INCOMPATIBLE_FLAVOR2,
                          "Restricted goes to no subclass and no instance; ToInstance and ToSubClass exclude it");
        return mof_next(m);
}

// word word...
static int flavor_words_all(Mof *m, uint16_t *written)
{
        int r;
        do
                r = flavor_add(m, written);
        while (r == 0 && m->now.kind == MOF_WORD);
        return r;
}

// `base`, changed by what was written.
static uint8_t flavor_bits(unsigned bits, unsigned written)
{
        if (written & MOF_RESTRICTED)
                bits &= ~(unsigned)(CIM_FLAVOR_TO_INSTANCE | CIM_FLAVOR_TO_SUBCLASS);
        if (written & MOF_NOT_TO_INSTANCE)
                bits &= ~(unsigned)CIM_FLAVOR_TO_INSTANCE;
        if (written & MOF_NOT_TO_SUBCLASS)
                bits &= ~(unsigned)CIM_FLAVOR_TO_SUBCLASS;
        if (written & MOF_ENABLE_OVERRIDE)
                bits &= ~(unsigned)CIM_FLAVOR_NOT_OVERRIDABLE;
        bits |= written & MOF_TO_INSTANCE ? CIM_FLAVOR_TO_INSTANCE : 0;
        bits |= written & MOF_TO_SUBCLASS ? CIM_FLAVOR_TO_SUBCLASS : 0;
        bits |= written & MOF_DISABLE_OVERRIDE ? CIM_FLAVOR_NOT_OVERRIDABLE : 0;
        bits |= written & MOF_AMENDED ? CIM_FLAVOR_AMENDED : 0;
        return (uint8_t)bits;
}

// --- use -----------------------------------------------------------------------------------------

static const MofQualifierDefault *declaration_of(const Mof *m, Str name)
{
        const size_t *i = mof_names_find(&m->default_names, name);
        return i ? m->defaults[*i] : NULL;
}

// (value) or {values}, checked against the type that its declaration gives it.
static int use_value(Mof *m, MofQualifier *q)
{
        int r;
        if (m->now.kind == '(') {
                r = mof_next(m);
                if (r == 0)
                        r = mof_value(m, &q->value);
                if (r == 0)
                        r = mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, "the value of the qualifier");
        } else {
                r = mof_value_list(m, &q->value);
        }
        if (r == 0 && q->value.kind != MOF_VALUE_NONE) {
                if (q->declared && q->declared->typed)
                        mof_value_check(m, &q->value, q->declared->type, q->name);
                else
                        mof_value_check_free(m, &q->value, q->name);
        }
        return r;
}

static void check_without_value(Mof *m, const MofQualifier *q)
{
        const MofQualifierDefault *d = q->declared;
        if (!d || !d->typed || d->type == CIM_BOOLEAN)
                return;
        if (d->value.kind == MOF_VALUE_NONE || d->value.kind == MOF_VALUE_NULL)
                mof_error_at(m, q->place, CIM_MOF_INVALID_QUALIFIER,
                             "the qualifier %.*s is declared as %s and needs a value", STR_ARG(q->name),
                             cim_type_name(d->type));
}

static int one_qualifier(Mof *m, size_t base)
{
        MofQualifier q = {0};
        int r = mof_name(m, CIM_MOF_EXPECTED_QUALIFIER_NAME, CIM_E_QUALIFIER_NAME_TOO_WIDE,
                         "the name of a qualifier", &q.name, &q.place);
        if (r != 0)
                return r;
        q.declared = declaration_of(m, q.name);
        if (mof_key(q.name.p, q.name.n) == MOF_KEY("cimtype")) {
                mof_error_at(m, q.place, CIM_MOF_CIMTYPE_QUALIFIER, "CIMTYPE cannot be written by hand");
                mof_hint(m, "the type of the property sets it");
        }
        if (m->now.kind == '(' || m->now.kind == '{')
                r = use_value(m, &q);
        else
                check_without_value(m, &q);
        if (r == 0 && m->now.kind == ':') {
                r = mof_next(m);
                if (r == 0)
                        r = flavor_words_all(m, &q.written);
        }
        if (r != 0)
                return r;
        q.flavor = flavor_bits(q.declared ? q.declared->flavor : 0, q.written);
        if ((m->qualifiers.n - base) / sizeof(q) == LIMIT_QUALIFIERS)
                return mof_error_at(m, q.place, CIM_MOF_INVALID_QUALIFIER, "more than %u qualifiers in one list",
                                    LIMIT_QUALIFIERS);
        return MOF_PUSH(&m->qualifiers, MofQualifier, q);
}

// Is this '}' one of the list, by what follows it? That of a class has a ';' behind it.
static bool list_goes_on(const Mof *m)
{
        char c = m->p[mof_after_blanks(m, m->at)];
        return c == ']' || c == ',' || c == ')' || c == ':';
}

// Behind an error in a list: leaves everything up to its ']'. Gives up where the list seems to have none.
static int skip_list(Mof *m, unsigned base)
{
        int depth = 0, r = 0;
        while (r == 0 && m->now.kind != MOF_END && m->now.kind != ';' && !mof_now(m, MOF_KEY("class"))) {
                if (m->now.kind == '(' || m->now.kind == '{')
                        depth++;
                else if ((m->now.kind == ')' || m->now.kind == '}') && depth)
                        depth--;
                else if (m->now.kind == '}' && !list_goes_on(m))
                        break;
                bool last = m->now.kind == ']' && depth == 0;
                m->leaving = !last;
                r = mof_next(m);
                if (last)
                        break;
        }
        m->leaving = false;
        m->braces = base;
        return r;
}

static int list_end(Mof *m)
{
        if (m->now.kind == ']')
                return mof_next(m);
        char shown[MOF_SHOWN], line[MOF_LINE_SHOWN];
        mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACKET, "expected ',' or ']' in a list of qualifiers, found %s",
                  mof_shown(m, &m->now, shown));
        if (m->now.kind == '=' || m->now.kind == MOF_STRING || m->now.kind == MOF_INTEGER)
                return mof_hint(m, "a value stands in parentheses: Name(value)");
        if (m->now.kind != MOF_WORD)
                return E_DIAG;
        if (flavor_of(m))
                return mof_hint(m, "flavors stand behind a ':'");
        if (cim_type_of_name(mof_str(m, &m->now)) != CIM_NONE || mof_now(m, MOF_KEY("class")) ||
            mof_now(m, MOF_KEY("instance")) || mof_now(m, MOF_KEY("void")))
                return mof_hint(m, "is a ']' missing behind %s in %s?", mof_shown(m, &m->past, shown),
                                mof_line_shown(m, m->past.at, line));
        if (!mof_same_line(m, m->past.at, m->now.at))
                return mof_hint(m, "is a ',' or ']' missing behind %s in %s?", mof_shown(m, &m->past, shown),
                                mof_line_shown(m, m->past.at, line));
        return mof_hint(m, "is a ',' missing behind %s?", mof_shown(m, &m->past, shown));
}

static void given_twice(Mof *m, const void *item)
{
        const MofQualifier *q = item;
        mof_error_at(m, q->place, CIM_MOF_DUPLICATE_QUALIFIER, "the qualifier %.*s is given twice", STR_ARG(q->name));
}

int mof_qualifiers(Mof *m, MofQualifierList *ret)
{
        *ret = (MofQualifierList){0};
        size_t base = m->qualifiers.n;
        unsigned braces = m->braces;
        int r;
        do {
                r = mof_next(m); // '[' or ','
                if (r == 0)
                        r = one_qualifier(m, base);
        } while (r == 0 && m->now.kind == ',');
        if (r == 0)
                r = list_end(m);
        if (r == E_DIAG) {
                int s = skip_list(m, braces);
                r = s < 0 ? s : E_DIAG;
        }
        ret->items = mof_take(m, &m->qualifiers, base, sizeof(MofQualifier), &ret->count);
        if (!ret->items || mof_duplicates(m, ret->items, ret->count, sizeof(MofQualifier), given_twice) < 0)
                return -ENOMEM;
        return r;
}

void mof_qualifiers_scope(Mof *m, const MofQualifierList *list, unsigned on)
{
        static const struct {
                unsigned on;
                const char *name;
        } words[] = {{MOF_ON_CLASS, "a class"},
                     {MOF_ON_PROPERTY, "a property"},
                     {MOF_ON_REFERENCE, "a reference"},
                     {MOF_ON_METHOD, "a method"},
                     {MOF_ON_PARAMETER, "a parameter"}};
        if (!m->default_count)
                return;
        const char *where = "this";
        for (size_t i = 0; i < COUNT(words); i++)
                if (on & words[i].on)
                        where = words[i].name;
        for (uint32_t i = 0; i < list->count; i++) {
                const MofQualifier *q = &list->items[i];
                if (q->declared && q->declared->typed && !(q->declared->scope & on))
                        mof_error_at(m, q->place, CIM_MOF_QUALIFIER_OUT_OF_SCOPE,
                                     "the qualifier %.*s is not declared for %s", STR_ARG(q->name), where);
        }
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
                {"association", MOF_ON_ASSOCIATION},
                {"indication", MOF_ON_INDICATION},
                {"property", MOF_ON_PROPERTY},
                {"reference", MOF_ON_REFERENCE},
                {"method", MOF_ON_METHOD},
                {"parameter", MOF_ON_PARAMETER},
                {"schema", MOF_ON_SCHEMA},
                {"instance", 0},
                {"qualifier", 0},
        };
        for (size_t i = 0; i < COUNT(words); i++)
                if (mof_word(m, words[i].lower)) {
                        *scope |= words[i].on;
                        return mof_next(m);
                }
        char shown[MOF_SHOWN];
        mof_error(m, &m->now, CIM_MOF_INVALID_QUALIFIER, "expected a scope, found %s", mof_shown(m, &m->now, shown));
        return mof_hint(m, "any, class, association, indication, property, reference, method or parameter");
}

// (word, word); m->now is what stands behind Scope or Flavor.
static int word_list(Mof *m, const char *after, unsigned *scope, uint16_t *written)
{
        int r = mof_expect(m, '(', CIM_MOF_EXPECTED_OPEN_PAREN, after);
        while (r == 0) {
                r = scope ? scope_word(m, scope) : flavor_add(m, written);
                if (r != 0 || m->now.kind != ',')
                        break;
                r = mof_next(m);
        }
        return r == 0 ? mof_expect(m, ')', CIM_MOF_EXPECTED_CLOSE_PAREN, after) : r;
}

// [n] or [] behind the type; m->now is '['.
static int array_of(Mof *m, MofQualifierDefault *d)
{
        MofValue n = {0};
        d->type |= CIM_ARRAY;
        int r = mof_next(m);
        if (r == 0 && m->now.kind == MOF_INTEGER)
                r = mof_value(m, &n);
        if (r == 0 && n.kind == MOF_VALUE_INTEGER) {
                if (n.negative || n.magnitude == 0 || n.magnitude > LIMIT_ARRAY_ITEMS)
                        mof_error_at(m, n.place, CIM_MOF_OUT_OF_RANGE, "an array has 1 to %u elements",
                                     LIMIT_ARRAY_ITEMS);
                else
                        d->max = (uint32_t)n.magnitude;
        }
        return r == 0 ? mof_expect(m, ']', CIM_MOF_EXPECTED_CLOSE_BRACKET, "the array") : r;
}

// , Scope(...), Flavor(...)
static int scope_and_flavor(Mof *m, MofQualifierDefault *d)
{
        bool scoped = false;
        int r = 0;
        while (r == 0 && m->now.kind == ',') {
                r = mof_next(m);
                if (r != 0)
                        break;
                bool scope = mof_now(m, MOF_KEY("scope"));
                if (!scope && !mof_now(m, MOF_KEY("flavor"))) {
                        char shown[MOF_SHOWN];
                        return mof_error(m, &m->now, CIM_MOF_INVALID_QUALIFIER, "expected Scope or Flavor, found %s",
                                         mof_shown(m, &m->now, shown));
                }
                scoped |= scope;
                r = mof_next(m);
                if (r == 0)
                        r = word_list(m, scope ? "Scope" : "Flavor", scope ? &d->scope : NULL, &d->written);
        }
        if (!scoped)
                d->scope = MOF_ON_ANY;
        return r;
}

// DMTF's form behind "Qualifier NAME :"; m->now is the type.
static int typed_declaration(Mof *m, MofQualifierDefault *d)
{
        d->typed = true;
        d->type = (uint16_t)cim_type_of_name(mof_str(m, &m->now));
        int r = mof_next(m);
        if (r == 0 && m->now.kind == '[')
                r = array_of(m, d);
        if (r == 0 && m->now.kind == '=') {
                r = mof_next(m);
                if (r == 0)
                        r = mof_value(m, &d->value);
                if (r == 0)
                        r = mof_value_check(m, &d->value, d->type, d->name);
        }
        if (r == 0)
                r = scope_and_flavor(m, d);
        d->flavor = flavor_bits(CIM_FLAVOR_TO_SUBCLASS, d->written); // DMTF's default
        return r;
}

// What holds from here on.
static int declare(Mof *m, const MofQualifierDefault *d)
{
        size_t *there;
        int r = mof_names_add(m->arena, &m->default_names, d->name, m->default_count, &there);
        if (r < 0)
                return r;
        if (r == 1) {
                m->defaults[*there] = d;
                return 0;
        }
        if (m->default_count == m->default_capacity) {
                size_t capacity = m->default_capacity ? m->default_capacity * 2 : 16;
                const MofQualifierDefault **more = arena_array(m->arena, const MofQualifierDefault *, capacity);
                if (!more)
                        return -ENOMEM;
                if (m->default_count)
                        memcpy(more, m->defaults, m->default_count * sizeof(*more));
                m->defaults = more;
                m->default_capacity = capacity;
        }
        m->defaults[m->default_count++] = d;
        return 0;
}

int mof_qualifier_declaration(Mof *m)
{
        size_t reports = m->reports;
        MofQualifierDefault *d = arena_new(m->arena, MofQualifierDefault);
        if (!d)
                return -ENOMEM;
        d->scope = MOF_ON_ANY;
        int r = mof_next(m);
        if (r == 0)
                r = mof_name(m, CIM_MOF_EXPECTED_QUALIFIER_NAME, CIM_E_QUALIFIER_NAME_TOO_WIDE,
                             "the name of a qualifier", &d->name, &d->place);
        if (r == 0)
                r = mof_expect(m, ':', CIM_MOF_INVALID_QUALIFIER, "the name of the qualifier");
        if (r != 0)
                return r;
        if (m->now.kind == MOF_WORD && cim_type_of_name(mof_str(m, &m->now)) != CIM_NONE) {
                d->scope = 0;
                r = typed_declaration(m, d);
        } else {
                r = flavor_words_all(m, &d->written);
                d->flavor = flavor_bits(0, d->written);
        }
        if (r == 0)
                r = mof_expect(m, ';', CIM_MOF_EXPECTED_SEMI, "the declaration of the qualifier");
        if (r == 0)
                r = declare(m, d);
        MofItem item = {.kind = MOF_ITEM_QUALIFIER, .place = d->place, .qualifier = d};
        return r == 0 ? mof_item(m, &item, reports) : r;
}
