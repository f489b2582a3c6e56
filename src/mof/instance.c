// SPDX-License-Identifier: MIT
// Instances and aliases.
#include "mof/internal.h"

#include <stdlib.h>

// --- aliases -------------------------------------------------------------------------------------

int mof_alias(Mof *m, MofObject *o, bool embedded)
{
        if (!mof_now(m, MOF_KEY("as")))
                return 0;
        if (embedded)
                mof_error(m, &m->now, CIM_MOF_ALIASES_IN_EMBEDDED, "an embedded instance has no alias");
        char shown[MOF_SHOWN];
        int r = mof_next(m);
        if (r == 0 && m->now.kind != MOF_ALIAS) {
                bool dollar = m->now.kind == '$';
                mof_error(m, &m->now, dollar ? CIM_MOF_EXPECTED_ALIAS_NAME : CIM_MOF_EXPECTED_DOLLAR,
                          "expected an alias behind 'as', found %s", mof_shown(m, &m->now, shown));
                return mof_hint(m, "an alias is written $Name");
        }
        if (r == 0 && o->alias.n) {
                mof_error(m, &m->now, CIM_MOF_MULTIPLE_ALIASES, "a second alias of one class");
                return mof_next(m);
        }
        if (r != 0)
                return r;
        o->alias = (Str){m->p + m->now.at + 1, m->now.n - 1};
        o->alias_place = mof_place(&m->now);
        mof_name_fits(m, o->alias, o->alias_place, CIM_MOF_EXPECTED_ALIAS_NAME);
        r = mof_names_add(m->arena, &m->aliases, o->alias, m->alias_count, NULL);
        if (r < 0)
                return r;
        if (r == 1)
                mof_error(m, &m->now, CIM_MOF_MULTIPLE_ALIASES, "the alias %s is given twice",
                          mof_shown(m, &m->now, shown));
        else if (!embedded)
                m->alias_owner = m->alias_count;
        if (r == 0)
                m->alias_count++;
        return mof_next(m);
}

static void undefined(Mof *m, const MofAliasUse *use)
{
        MofToken t = {.kind = MOF_ALIAS, .at = use->place.at, .n = use->place.n};
        char shown[MOF_SHOWN];
        mof_error_at(m, use->place, CIM_MOF_EXPECTED_ALIAS_NAME, "no instance or class is called %s",
                     mof_shown(m, &t, shown));
}

// The uses of one alias's object, one behind the other: a walk along them finds circles.
typedef struct Walk {
        const MofAliasUse *uses;
        uint32_t *target;       // of each use: the alias it names, UINT32_MAX: none
        uint32_t *first;        // of each alias: its first use in `order`; alias_count + 1 of them
        uint32_t *order;        // uses by owner
        uint8_t *state;         // of each alias: 0 not seen, 1 on the way, 2 done
        uint32_t *path, *next;  // the aliases on the way, and which use of each comes next
} Walk;

static void circle(Mof *m, const MofAliasUse *use)
{
        MofToken t = {.kind = MOF_ALIAS, .at = use->place.at, .n = use->place.n};
        char shown[MOF_SHOWN];
        mof_error_at(m, use->place, CIM_E_CIRCULAR_REFERENCE, "%s closes a circle of aliases",
                     mof_shown(m, &t, shown));
        mof_hint(m, "an alias may be used before it is given, not in a circle: write the path of the object as a string");
}

static void walk_from(Mof *m, Walk *w, uint32_t start)
{
        uint32_t depth = 0;
        w->path[depth] = start;
        w->next[depth++] = w->first[start];
        w->state[start] = 1;
        while (depth) {
                uint32_t a = w->path[depth - 1];
                if (w->next[depth - 1] == w->first[a + 1]) {
                        w->state[a] = 2;
                        depth--;
                        continue;
                }
                uint32_t use = w->order[w->next[depth - 1]++], to = w->target[use];
                if (to == UINT32_MAX || w->state[to] == 2)
                        continue;
                if (w->state[to] == 1) {
                        circle(m, &w->uses[use]);
                        continue;
                }
                w->path[depth] = to;
                w->next[depth++] = w->first[to];
                w->state[to] = 1;
        }
}

// Sorts the uses by the alias of the object they stand in.
static void sort_by_owner(const Mof *m, Walk *w, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (w->uses[i].owner != UINT32_MAX)
                        w->first[w->uses[i].owner + 1]++;
        for (uint32_t a = 0; a < m->alias_count; a++)
                w->first[a + 1] += w->first[a];
        for (uint32_t a = 0; a < m->alias_count; a++)
                w->next[a] = w->first[a];
        for (size_t i = 0; i < count; i++)
                if (w->uses[i].owner != UINT32_MAX)
                        w->order[w->next[w->uses[i].owner]++] = (uint32_t)i;
}

static int find_circles(Mof *m, const MofAliasUse *uses, uint32_t *target, size_t count)
{
        Walk w = {.uses = uses, .target = target};
        Arena a = {0};
        size_t n = (size_t)m->alias_count + 1;
        w.first = arena_array(&a, uint32_t, n + 1);
        w.order = arena_array(&a, uint32_t, count);
        w.state = arena_array(&a, uint8_t, n);
        w.path = arena_array(&a, uint32_t, n);
        w.next = arena_array(&a, uint32_t, n);
        int r = w.first && w.order && w.state && w.path && w.next ? 0 : -ENOMEM;
        if (r == 0) {
                sort_by_owner(m, &w, count);
                for (uint32_t i = 0; i < m->alias_count && !m->stop; i++)
                        if (w.state[i] == 0)
                                walk_from(m, &w, i);
        }
        arena_deinit(&a);
        return r;
}

int mof_aliases_check(Mof *m)
{
        const MofAliasUse *uses = (const MofAliasUse *)(const void *)m->alias_uses.p;
        size_t count = m->alias_uses.n / sizeof(*uses);
        if (!count)
                return 0;
        uint32_t *target = malloc(count * sizeof(*target));
        if (!target)
                return -ENOMEM;
        MofItem *items = (MofItem *)(void *)m->items.p;
        size_t item_count = m->items.n / sizeof(*items);
        for (size_t i = 0; i < count && !m->stop; i++) {
                const size_t *there = mof_names_find(&m->aliases, uses[i].name);
                target[i] = there ? (uint32_t)*there : UINT32_MAX;
                if (there)
                        continue;
                undefined(m, &uses[i]);
                if (uses[i].item < item_count)
                        items[uses[i].item].fail = true; // of an object: it is broken
        }
        int r = m->stop || m->dialect == MOF_DMTF ? 0 : find_circles(m, uses, target, count);
        free(target);
        return r;
}

// --- instances -----------------------------------------------------------------------------------

// The '=' of `NAME = value`; a ':' there is what other languages have.
static int assign(Mof *m)
{
        if (m->now.kind == '=')
                return mof_next(m);
        bool colon = m->now.kind == ':';
        int r = mof_expect(m, '=', CIM_MOF_EXPECTED_SEMI, "the name of the property");
        if (!colon)
                return r;
        mof_hint(m, "write '=' for it");
        return mof_next(m);
}

// [qualifiers] NAME = value;  or  [qualifiers] NAME;  which gives it qualifiers alone.
static int assignment(Mof *m, size_t base)
{
        MofProperty p = {0};
        int r = m->now.kind == '[' ? mof_qualifiers(m, &p.qualifiers) : 0;
        if (r == 0)
                r = mof_name(m, CIM_MOF_EXPECTED_PROPERTY_NAME, CIM_E_PROPERTY_NAME_TOO_WIDE,
                             "the name of a property", &p.name, &p.place);
        bool qualified = r == 0 && p.qualifiers.count && m->now.kind == ';';
        if (r == 0 && !qualified)
                r = assign(m);
        if (r == 0 && !qualified)
                r = mof_value(m, &p.value);
        if (r != 0)
                return r;
        if ((m->properties.n - base) / sizeof(p) == LIMIT_CLASS_PROPERTIES)
                return mof_error_at(m, p.place, CIM_MOF_INVALID_INSTANCE, "more than %u properties",
                                    LIMIT_CLASS_PROPERTIES);
        if (MOF_PUSH(&m->properties, MofProperty, p) < 0)
                return -ENOMEM;
        if (m->now.kind == ';')
                return mof_next(m);
        r = mof_missing_semicolon(m, "the value", strlen("the value"));
        if (m->now.kind != ',')
                return r;
        mof_hint(m, "values of properties end with ';'");
        return mof_next(m);
}

static void property_twice(Mof *m, const void *item)
{
        const MofProperty *p = item;
        mof_error_at(m, p->place, CIM_MOF_DUPLICATE_PROPERTY, "the property %.*s is given twice", STR_ARG(p->name));
}

static int instance_body(Mof *m, MofObject *o, bool embedded)
{
        uint32_t open = m->now.at;
        size_t base = m->properties.n, values = m->values.n, qualifiers = m->qualifiers.n;
        int r = mof_next(m); // '{'
        unsigned braces = m->braces;
        while (r == 0 && m->now.kind != '}' && !mof_next_declaration(m)) {
                size_t n = m->properties.n;
                r = m->now.kind == ';' ? mof_next(m) : assignment(m, base);
                if (r == E_DIAG) {
                        m->properties.n = n;
                        m->values.n = values;
                        m->qualifiers.n = qualifiers;
                        r = mof_skip_member(m, braces);
                }
        }
        if (r != 0)
                return r;
        o->properties = mof_take(m, &m->properties, base, sizeof(MofProperty), &o->property_count);
        if (!o->properties ||
            mof_duplicates(m, o->properties, o->property_count, sizeof(MofProperty), property_twice) < 0)
                return -ENOMEM;
        if (m->now.kind != '}') {
                mof_unclosed(m, open, "the instance of", o->name);
                return embedded ? E_DIAG : 0;
        }
        return embedded ? mof_next(m) : mof_end_of_body(m, "the '}' of the instance");
}

// of CLASS [as $A] { ... }; m->now is the word `instance`.
static int instance(Mof *m, MofObject *o, bool embedded)
{
        char shown[MOF_SHOWN];
        int r = mof_next(m);
        bool of = mof_now(m, MOF_KEY("of"));
        if (r == 0 && !of) {
                mof_error(m, &m->now, CIM_MOF_INVALID_INSTANCE, "expected 'of' behind 'instance', found %s",
                          mof_shown(m, &m->now, shown));
                mof_hint(m, "instance of CLASS");
                r = m->now.kind == MOF_WORD ? 0 : E_DIAG;
        }
        if (r == 0 && of)
                r = mof_next(m);
        if (r == 0)
                r = mof_name(m, CIM_MOF_EXPECTED_CLASS_NAME, CIM_E_CLASS_NAME_TOO_WIDE, "the name of the class",
                             &o->name, &o->place);
        if (r == 0)
                r = mof_alias(m, o, embedded);
        if (r == 0 && m->now.kind != '{')
                r = mof_expect(m, '{', CIM_MOF_EXPECTED_OPEN_BRACE, "the class of the instance");
        return r == 0 ? instance_body(m, o, embedded) : r;
}

int mof_instance(Mof *m, const MofQualifierList *q, size_t reports, const MofObject **ret_embedded)
{
        if (m->depth >= LIMIT_DEPTH)
                return mof_error(m, &m->now, CIM_MOF_INVALID_INSTANCE,
                                 "instances inside of instances, more than %u deep", LIMIT_DEPTH);
        MofObject *o = arena_new(m->arena, MofObject);
        if (!o)
                return -ENOMEM;
        MofItem item = {.kind = MOF_ITEM_OBJECT, .place = mof_place(&m->now), .object = o};
        o->is_instance = true;
        o->qualifiers = *q;
        o->namespace_text = m->namespace_text;
        o->namespace = m->namespace;
        o->class_flags = m->class_flags;
        o->instance_flags = m->instance_flags;
        if (!ret_embedded)
                m->alias_owner = UINT32_MAX;
        else
                *ret_embedded = o;
        m->depth++;
        int r = instance(m, o, ret_embedded != NULL);
        m->depth--;
        if (r < 0 || ret_embedded)
                return r;
        int s = o->name.n ? mof_item(m, &item, reports) : 0;
        return s < 0 ? s : r;
}
