// SPDX-License-Identifier: MIT
// MOF text of documents.
#include "mof/print.h"

#include <stdio.h>

#include "cim/value.h"
#include "mof/print-impl.h"

enum { ALL_FLAGS = MOF_UPDATE_ONLY | MOF_CREATE_ONLY | MOF_SAFE_UPDATE | MOF_FORCE_UPDATE };

// --- qualifiers ----------------------------------------------------------------------------------

static const struct {
        unsigned bit;
        const char *word;
} flavor_words[] = {
        // in the order of cim/text.h, as far as that has them
        {MOF_AMENDED, "Amended"},
        {MOF_DISABLE_OVERRIDE, "DisableOverride"},
        {MOF_ENABLE_OVERRIDE, "EnableOverride"},
        {MOF_RESTRICTED, "Restricted"},
        {MOF_TO_INSTANCE, "ToInstance"},
        {MOF_NOT_TO_INSTANCE, "NotToInstance"},
        {MOF_TO_SUBCLASS, "ToSubclass"},
        {MOF_NOT_TO_SUBCLASS, "NotToSubclass"},
        {MOF_TRANSLATABLE, "Translatable"},
};

static void put_flavors(Printer *p, unsigned written, const char *before, const char *between)
{
        for (size_t i = 0; i < sizeof(flavor_words) / sizeof(flavor_words[0]); i++) {
                if (!(written & flavor_words[i].bit))
                        continue;
                print_z(p, before);
                print_z(p, flavor_words[i].word);
                before = between;
        }
}

static void put_qualifier(Printer *p, const MofQualifier *q, const MofValue *meanings)
{
        print_name(p, q->name);
        if (q->value.kind == MOF_VALUE_ARRAY) {
                print_list(p, &q->value, meanings);
        } else if (q->value.kind != MOF_VALUE_NONE) {
                print_z(p, "(");
                print_value(p, &q->value);
                print_z(p, ")");
        }
        put_flavors(p, q->written, " : ", " ");
}

static void flat_qualifier(Printer *p, const void *q)
{
        put_qualifier(p, q, NULL);
}

static void flat_next_qualifier(Printer *p, const void *q)
{
        print_z(p, " ");
        put_qualifier(p, q, NULL);
}

// Of Values the list of what they stand for, and so of BitValues; NULL: none, or not of the same length.
static const MofValue *meanings_of(const MofQualifierList *list, const MofQualifier *q)
{
        bool bits = str_ieq(q->name, STR("BitValues"));
        if ((!bits && !str_ieq(q->name, STR("Values"))) || q->value.kind != MOF_VALUE_ARRAY)
                return NULL;
        for (uint32_t i = 0; i < list->count; i++) {
                const MofQualifier *map = &list->items[i];
                if (str_ieq(map->name, bits ? STR("BitMap") : STR("ValueMap")) &&
                    map->value.kind == MOF_VALUE_ARRAY && map->value.array.count == q->value.array.count &&
                    !print_has_objects(&map->value) && !print_has_objects(&q->value))
                        return &map->value;
        }
        return NULL;
}

// [a, b(1)]
static void put_flat_qualifiers(Printer *p, const MofQualifierList *q)
{
        for (uint32_t i = 0; i < q->count && !p->wide; i++) {
                print_z(p, i ? ", " : "[");
                put_qualifier(p, &q->items[i], NULL);
        }
        print_z(p, "]");
}

static void flat_qualifiers(Printer *p, const void *q)
{
        put_flat_qualifiers(p, q);
}

// Short ones together on lines, those that need several lines on lines of their own.
static void put_filled_qualifiers(Printer *p, const MofQualifierList *q)
{
        print_z(p, "[");
        size_t at = print_column(p);
        bool together = true; // may the next one stand in this line?
        for (uint32_t i = 0; i < q->count && !p->out->failed; i++) {
                const MofQualifier *one = &q->items[i];
                if (i)
                        print_z(p, ",");
                if (i && together && print_try_flat(p, WIDTH - TAIL, flat_next_qualifier, one))
                        continue;
                if (i)
                        print_break_to(p, at);
                together = print_try_flat(p, WIDTH - TAIL, flat_qualifier, one);
                if (!together)
                        put_qualifier(p, one, meanings_of(q, one));
        }
        print_z(p, "]");
}

// --- members -------------------------------------------------------------------------------------

static void put_type(Printer *p, const MofType *t)
{
        CimType type = cim_type(t->type);
        bool object = type == CIM_OBJECT || type == CIM_REFERENCE;
        if (t->word.n)
                print_name(p, t->word);
        else if (object)
                print_name(p, t->class_name.n ? t->class_name : STR("object"));
        else
                print_z(p, type == CIM_NONE ? "void" : cim_type_name((uint16_t)type));
        if (type == CIM_REFERENCE)
                print_z(p, " ref");
}

static void put_brackets(Printer *p, uint16_t type, uint32_t max)
{
        char s[24];
        if (!cim_is_array(type))
                return;
        snprintf(s, sizeof(s), max ? "[%u]" : "[]", max);
        print_z(p, s);
}

// type NAME[n] = value, of a class or a method; NAME = value, or NAME alone, of an instance.
static void put_variable(Printer *p, const MofProperty *m, bool assigned)
{
        if (!assigned) {
                put_type(p, &m->type);
                print_z(p, " ");
        }
        print_name(p, m->name);
        put_brackets(p, m->type.type, m->type.max);
        if (m->value.kind == MOF_VALUE_NONE)
                return;
        print_z(p, " = ");
        print_value(p, &m->value);
}

static void put_flat_member(Printer *p, const MofProperty *m, bool assigned)
{
        if (m->qualifiers.count) {
                put_flat_qualifiers(p, &m->qualifiers);
                print_z(p, " ");
        }
        put_variable(p, m, assigned);
}

static void flat_declared(Printer *p, const void *m)
{
        put_flat_member(p, m, false);
}

static void flat_assigned(Printer *p, const void *m)
{
        put_flat_member(p, m, true);
}

static void put_member(Printer *p, const MofProperty *m, bool assigned)
{
        if (p->flat) {
                put_flat_member(p, m, assigned);
                return;
        }
        if (print_try_flat(p, WIDTH - TAIL, assigned ? flat_assigned : flat_declared, m))
                return;
        if (m->qualifiers.count) {
                put_filled_qualifiers(p, &m->qualifiers);
                print_break(p);
        }
        put_variable(p, m, assigned);
}

static void put_method_name(Printer *p, const MofMethod *m)
{
        put_type(p, &m->returns);
        print_z(p, " ");
        print_name(p, m->name);
        put_brackets(p, m->returns.type, m->returns.max);
        print_z(p, "(");
}

static void flat_signature(Printer *p, const void *method)
{
        const MofMethod *m = method;
        put_method_name(p, m);
        for (uint32_t i = 0; i < m->parameter_count && !p->wide; i++) {
                if (i)
                        print_z(p, ", ");
                put_flat_member(p, &m->parameters[i], false);
        }
        print_z(p, ")");
}

static void flat_method(Printer *p, const void *method)
{
        const MofMethod *m = method;
        if (m->qualifiers.count) {
                put_flat_qualifiers(p, &m->qualifiers);
                print_z(p, " ");
        }
        flat_signature(p, m);
}

static void put_method(Printer *p, const MofMethod *m)
{
        if (print_try_flat(p, WIDTH - TAIL, flat_method, m))
                return;
        if (m->qualifiers.count) {
                put_filled_qualifiers(p, &m->qualifiers);
                print_break(p);
        }
        if (print_try_flat(p, WIDTH - TAIL, flat_signature, m))
                return;
        put_method_name(p, m);
        p->depth++;
        for (uint32_t i = 0; i < m->parameter_count && !p->out->failed; i++) {
                print_break(p);
                put_member(p, &m->parameters[i], false);
                print_z(p, i + 1 < m->parameter_count ? "," : ")");
        }
        p->depth--;
        if (!m->parameter_count)
                print_z(p, ")");
}

// --- objects -------------------------------------------------------------------------------------

static bool several_lines(const Printer *p, size_t from)
{
        return !p->out->failed && memchr(p->out->p + from, '\n', p->out->n - from) != NULL;
}

// The last member written began at `from`, the one before it ended at `before` (0: there is none): a blank
// line parts those that take several lines from the others. *was: did the one before?
static void part(Printer *p, size_t before, size_t from, bool *was)
{
        bool is = several_lines(p, from);
        if (before && (is || *was)) {
                uint8_t *room = buf_reserve(p->out, 1);
                if (room) {
                        memmove(p->out->p + before + 1, p->out->p + before, p->out->n - before);
                        p->out->p[before] = '\n';
                        p->out->n++;
                }
        }
        *was = is;
}

static void put_members(Printer *p, const MofObject *o)
{
        size_t before = 0;
        bool was = false;
        for (uint32_t i = 0; i < o->property_count + o->method_count && !p->out->failed; i++) {
                bool method = i >= o->property_count;
                size_t end = p->out->n;
                print_break(p);
                size_t from = end + 1 < p->out->n ? end + 1 : p->out->n;
                if (method)
                        put_method(p, &o->methods[i - o->property_count]);
                else
                        put_member(p, &o->properties[i], o->is_instance);
                print_z(p, ";");
                part(p, before, from, &was);
                before = p->out->n;
        }
}

void print_object(Printer *p, const MofObject *o)
{
        bool was = p->in_list;
        p->in_list = false;
        if (o->qualifiers.count) {
                if (!print_try_flat(p, WIDTH, flat_qualifiers, &o->qualifiers))
                        put_filled_qualifiers(p, &o->qualifiers);
                print_break(p);
        }
        print_z(p, o->is_instance ? "instance of " : "class ");
        print_name(p, o->name);
        if (o->alias.n) {
                print_z(p, " as $");
                print_name(p, o->alias);
        }
        if (o->super.n) {
                print_z(p, " : ");
                print_name(p, o->super);
        }
        print_break(p);
        print_z(p, "{");
        p->depth++;
        put_members(p, o);
        p->depth--;
        print_break(p);
        print_z(p, "}");
        p->in_list = was;
}

// --- directives ----------------------------------------------------------------------------------

typedef struct InForce {
        Str namespace;
        bool placed; // a namespace was said
        uint32_t class_flags, instance_flags;
        bool directive; // the item before was one, or there is none
        bool any;       // something was written
} InForce;

// A line of its own: directives stand together, everything else has a blank line in front.
static void begin_item(Printer *p, InForce *f, bool directive)
{
        if (f->any && !(directive && f->directive))
                print_z(p, "\n");
        f->any = true;
        f->directive = directive;
}

static void put_namespace(Printer *p, InForce *f, Str namespace)
{
        if (!namespace.n || (f->placed && str_eq(f->namespace, namespace)))
                return; // empty: its directive was wrong
        begin_item(p, f, true);
        print_z(p, "#pragma namespace(");
        print_text(p, namespace);
        print_z(p, ")\n");
        f->namespace = namespace;
        f->placed = true;
}

static void put_flags(Printer *p, InForce *f, const char *directive, uint32_t *now, uint32_t flags,
                      uint32_t known)
{
        static const struct {
                uint32_t flag;
                const char *word;
        } words[] = {{MOF_UPDATE_ONLY, "updateonly"},
                     {MOF_CREATE_ONLY, "createonly"},
                     {MOF_SAFE_UPDATE, "safeupdate"},
                     {MOF_FORCE_UPDATE, "forceupdate"}};
        if (*now == flags)
                return;
        *now = flags;
        begin_item(p, f, true);
        print_z(p, directive);
        if (!flags || (flags & ~known)) {
                char number[16];
                snprintf(number, sizeof(number), "(%u)\n", flags);
                print_z(p, number);
                return;
        }
        const char *before = "(\"";
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                if (!(flags & words[i].flag))
                        continue;
                print_z(p, before);
                print_z(p, words[i].word);
                before = "\", \"";
        }
        print_z(p, "\")\n");
}

static void put_deletion(Printer *p, InForce *f, const MofItem *i)
{
        put_namespace(p, f, i->deleted.namespace_text);
        begin_item(p, f, true);
        print_z(p, i->kind == MOF_ITEM_DELETE_CLASS ? "#pragma deleteclass(" : "#pragma deleteinstance(");
        print_text(p, i->deleted.what);
        print_z(p, i->fail ? ", fail)\n" : ", nofail)\n");
}

static void put_scope(Printer *p, unsigned scope)
{
        static const struct {
                unsigned on;
                const char *word;
        } words[] = {{MOF_ON_CLASS, "class"},           {MOF_ON_ASSOCIATION, "association"},
                     {MOF_ON_INDICATION, "indication"}, {MOF_ON_PROPERTY, "property"},
                     {MOF_ON_REFERENCE, "reference"},   {MOF_ON_METHOD, "method"},
                     {MOF_ON_PARAMETER, "parameter"},   {MOF_ON_SCHEMA, "schema"}};
        const char *before = ", Scope(";
        if (scope == MOF_ON_ANY) {
                print_z(p, ", Scope(any)");
                return;
        }
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                if (!(scope & words[i].on))
                        continue;
                print_z(p, before);
                print_z(p, words[i].word);
                before = ", ";
        }
        if (scope & MOF_ON_ANY)
                print_z(p, ")");
}

static void put_declaration(Printer *p, const MofQualifierDefault *d)
{
        print_z(p, "Qualifier ");
        print_name(p, d->name);
        print_z(p, " : ");
        if (!d->typed) {
                put_flavors(p, d->written, "", " ");
        } else {
                print_z(p, cim_type_name((uint16_t)cim_type(d->type)));
                put_brackets(p, d->type, d->max);
                if (d->value.kind != MOF_VALUE_NONE) {
                        print_z(p, " = ");
                        print_value(p, &d->value);
                }
                put_scope(p, d->scope);
                if (d->written) {
                        put_flavors(p, d->written, ", Flavor(", ", ");
                        print_z(p, ")");
                }
        }
        print_z(p, ";\n");
}

static void put_item(Printer *p, InForce *f, const MofItem *i)
{
        switch (i->kind) {
        case MOF_ITEM_OBJECT:
                put_namespace(p, f, i->object->namespace_text);
                put_flags(p, f, "#pragma classflags", &f->class_flags, i->object->class_flags, ALL_FLAGS);
                put_flags(p, f, "#pragma instanceflags", &f->instance_flags, i->object->instance_flags,
                          MOF_UPDATE_ONLY | MOF_CREATE_ONLY);
                begin_item(p, f, false);
                print_object(p, i->object);
                print_z(p, ";\n");
                return;
        case MOF_ITEM_DELETE_CLASS:
        case MOF_ITEM_DELETE_INSTANCE:
                put_deletion(p, f, i);
                return;
        case MOF_ITEM_QUALIFIER:
                begin_item(p, f, true);
                put_declaration(p, i->qualifier);
                return;
        }
}

// --- all of it -----------------------------------------------------------------------------------

int mof_print(const MofDocument *d, Buf *out)
{
        Printer p = {.out = out, .begin = out->n};
        InForce f = {0};
        if (d->autorecover) {
                begin_item(&p, &f, true);
                print_z(&p, "#pragma autorecover\n");
        }
        if (d->amendment.n) {
                begin_item(&p, &f, true);
                print_z(&p, "#pragma amendment(");
                print_text(&p, d->amendment);
                print_z(&p, ")\n");
        }
        for (uint32_t i = 0; i < d->item_count && !out->failed; i++)
                put_item(&p, &f, &d->items[i]);
        return out->failed ? -ENOMEM : 0;
}

int mof_print_object(const MofObject *o, Buf *out)
{
        Printer p = {.out = out, .begin = out->n};
        print_object(&p, o);
        print_z(&p, ";\n");
        return out->failed ? -ENOMEM : 0;
}

int mof_print_value(const MofValue *v, Buf *out)
{
        Printer p = {.out = out, .begin = out->n};
        print_value(&p, v);
        return out->failed ? -ENOMEM : 0;
}

void mof_print_string(Str16 s, Buf *out)
{
        Printer p = {.out = out, .begin = out->n};
        print_string(&p, s);
}

void mof_print_text(Str s, Buf *out)
{
        Printer p = {.out = out, .begin = out->n};
        print_text(&p, s);
}
