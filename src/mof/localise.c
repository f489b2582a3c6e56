// SPDX-License-Identifier: MIT
// A localised master text becomes two: what is the same in each language, and what is to be translated. Both are documents
// made of pieces of the first one.
#include "mof/localise.h"

#include <stdio.h>

#include "base/utf.h"
#include "mof/internal.h"
#include "mof/print.h"

typedef struct Split {
        const MofDocument *d;
        Arena *a;
        uint32_t locale;
        char child[16];   // "ms_409"
        MofNames classes; // "namespace\nname" -> item, of those that the document declares
        bool *amended;    // of each item: a class of the localised text
} Split;

// --- which locale --------------------------------------------------------------------------------

static int no_amendment(const MofDocument *d, Diag *reterr, uint32_t code)
{
        if (reterr && d->amendment_place.n)
                mof_document_place(d, d->amendment_place, reterr);
        if (reterr)
                reterr->code = code;
        return E_DIAG;
}

static int read_locale(Split *s, Str text, Diag *reterr)
{
        uint32_t n = 0;
        bool good = text.n >= 4 && text.n <= 11 && str_ieq((Str){text.p, 3}, STR("MS_"));
        for (size_t i = 3; good && i < text.n; i++) {
                char c = text.p[i];
                int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
                good = digit >= 0;
                n = n << 4 | (uint32_t)(digit & 15);
        }
        if (!good || !n || n > INT32_MAX) {
                diag_set(reterr, (uint32_t)CIM_MOF_INVALID_AMENDMENT, "'%.*s' is no amendment", (int)(text.n < 64 ? text.n : 64),
                         text.p);
                diag_hint(reterr, "MS_ and the number of a locale in hexadecimal: MS_409");
                return no_amendment(s->d, reterr, (uint32_t)CIM_MOF_INVALID_AMENDMENT);
        }
        s->locale = n;
        snprintf(s->child, sizeof(s->child), "ms_%.*s", (int)(text.n - 3), text.p + 3);
        return 0;
}

static int find_locale(Split *s, Str given, Diag *reterr)
{
        Str own = s->d->amendment;
        if (!given.n && !own.n) {
                diag_set(reterr, (uint32_t)CIM_MOF_INVALID_AMENDMENT, "nothing says which language this text is in");
                return diag_hint(reterr, "give --amendment=MS_409, or write #pragma amendment(\"MS_409\")");
        }
        if (given.n && own.n && !str_ieq(given, own)) {
                diag_set(reterr, (uint32_t)CIM_MOF_DUPLICATE_AMENDMENT, "the text says that it is %.*s, the command that it is %.*s",
                         (int)(own.n < 64 ? own.n : 64), own.p, (int)(given.n < 64 ? given.n : 64), given.p);
                return no_amendment(s->d, reterr, (uint32_t)CIM_MOF_DUPLICATE_AMENDMENT);
        }
        return read_locale(s, given.n ? given : own, reterr);
}

// --- qualifiers ----------------------------------------------------------------------------------

static bool is_amended(const MofQualifier *q)
{
        return (q->flavor & CIM_FLAVOR_AMENDED) != 0;
}

static bool is_one_of(Str name, const char *const *names)
{
        for (size_t i = 0; names && names[i]; i++)
                if (str_ieq(name, str_of(names[i])))
                        return true;
        return false;
}

static bool any_amended(const MofQualifierList *q)
{
        for (uint32_t i = 0; i < q->count; i++)
                if (is_amended(&q->items[i]))
                        return true;
        return false;
}

// The words that say the flavor without a declaration.
static uint16_t flavor_words(const MofQualifier *q)
{
        unsigned w = q->written;
        w |= q->flavor & CIM_FLAVOR_TO_INSTANCE ? MOF_TO_INSTANCE : 0;
        w |= q->flavor & CIM_FLAVOR_TO_SUBCLASS ? MOF_TO_SUBCLASS : 0;
        w |= q->flavor & CIM_FLAVOR_NOT_OVERRIDABLE ? MOF_DISABLE_OVERRIDE : 0;
        w |= q->flavor & CIM_FLAVOR_AMENDED ? MOF_AMENDED : 0;
        return (uint16_t)w;
}

static MofQualifier number_qualifier(const char *name, uint32_t n, bool bits)
{
        return (MofQualifier){.name = str_of(name), .value = {.kind = MOF_VALUE_INTEGER, .magnitude = n, .bits = bits}};
}

// Those that are not amended. locale not 0: a class's, with LOCALE in decimal.
static int neutral_list(Split *s, const MofQualifierList *q, uint32_t locale, MofQualifierList *ret)
{
        MofQualifier *items = arena_array(s->a, MofQualifier, (size_t)q->count + 1);
        if (!items)
                return -ENOMEM;
        uint32_t n = 0;
        bool has_locale = false;
        for (uint32_t i = 0; i < q->count; i++) {
                MofQualifier one = q->items[i];
                if (locale && str_ieq(one.name, STR("LOCALE"))) {
                        has_locale = true;
                        one.value.bits &= one.value.kind != MOF_VALUE_INTEGER;
                        one.written &= (uint16_t)~(unsigned)MOF_AMENDED;
                } else if (is_amended(&one)) {
                        continue;
                }
                items[n++] = one;
        }
        if (locale && !has_locale)
                items[n++] = number_qualifier("LOCALE", locale, false);
        *ret = (MofQualifierList){items, n};
        return 0;
}

// The amended ones, and those called like one of `also` (NULL: none).
static int amended_list(Split *s, const MofQualifierList *q, const char *const *also, MofQualifierList *ret)
{
        MofQualifier *items = arena_array(s->a, MofQualifier, (size_t)q->count + 2); // room for a class's own two
        if (!items)
                return -ENOMEM;
        uint32_t n = 0;
        for (uint32_t i = 0; i < q->count; i++) {
                MofQualifier one = q->items[i];
                if (!is_amended(&one) && !is_one_of(one.name, also))
                        continue;
                one.written = flavor_words(&one);
                items[n++] = one;
        }
        *ret = (MofQualifierList){items, n};
        return 0;
}

// --- the neutral text ----------------------------------------------------------------------------

static int neutral_properties(Split *s, const MofProperty *p, uint32_t count, const MofProperty **ret)
{
        MofProperty *items = arena_array(s->a, MofProperty, count);
        int r = items ? 0 : -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < count; i++) {
                items[i] = p[i];
                r = neutral_list(s, &p[i].qualifiers, 0, &items[i].qualifiers);
        }
        *ret = items;
        return r;
}

static int neutral_object(Split *s, const MofObject *o, const MofObject **ret)
{
        MofObject *n = arena_new(s->a, MofObject);
        MofMethod *methods = arena_array(s->a, MofMethod, o->method_count);
        if (!n || !methods)
                return -ENOMEM;
        *n = *o;
        n->methods = methods;
        int r = neutral_list(s, &o->qualifiers, o->is_instance ? 0 : s->locale, &n->qualifiers);
        if (r == 0)
                r = neutral_properties(s, o->properties, o->property_count, &n->properties);
        for (uint32_t i = 0; r == 0 && i < o->method_count; i++) {
                methods[i] = o->methods[i];
                r = neutral_list(s, &o->methods[i].qualifiers, 0, &methods[i].qualifiers);
                if (r == 0)
                        r = neutral_properties(s, o->methods[i].parameters, o->methods[i].parameter_count,
                                               &methods[i].parameters);
        }
        *ret = n;
        return r;
}

static int write_neutral(Split *s, Buf *out)
{
        MofDocument n = *s->d;
        MofItem *items = arena_array(s->a, MofItem, n.item_count);
        int r = items ? 0 : -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < n.item_count; i++) {
                items[i] = s->d->items[i];
                if (items[i].kind == MOF_ITEM_OBJECT)
                        r = neutral_object(s, s->d->items[i].object, &items[i].object);
        }
        n.items = items;
        n.amendment = (Str){0};
        return r == 0 ? mof_print(&n, out) : r;
}

// --- which classes are localised -----------------------------------------------------------------

static bool method_amended(const MofMethod *m)
{
        bool any = any_amended(&m->qualifiers);
        for (uint32_t i = 0; i < m->parameter_count && !any; i++)
                any = any_amended(&m->parameters[i].qualifiers);
        return any;
}

static bool class_amended(const MofObject *o)
{
        bool any = any_amended(&o->qualifiers);
        for (uint32_t i = 0; i < o->property_count && !any; i++)
                any = any_amended(&o->properties[i].qualifiers);
        for (uint32_t i = 0; i < o->method_count && !any; i++)
                any = method_amended(&o->methods[i]);
        return any;
}

static const MofObject *class_at(const Split *s, uint32_t i)
{
        const MofItem *item = &s->d->items[i];
        return item->kind == MOF_ITEM_OBJECT && !item->object->is_instance ? item->object : NULL;
}

// "namespace\nname"
static int full_name(Split *s, Str namespace, Str name, Str *ret)
{
        char *z = arena_alloc(s->a, namespace.n + name.n + 2);
        if (!z)
                return -ENOMEM;
        memcpy(z, namespace.p, namespace.n);
        z[namespace.n] = '\n';
        memcpy(z + namespace.n + 1, name.p, name.n);
        *ret = (Str){z, namespace.n + name.n + 1};
        return 0;
}

// The class above o that the document declares in the same namespace: its item, or -1.
static int find_super(Split *s, const MofObject *o, int64_t *ret)
{
        Str name;
        *ret = -1;
        if (!o->super.n)
                return 0;
        if (full_name(s, o->namespace, o->super, &name) < 0)
                return -ENOMEM;
        const size_t *at = mof_names_find(&s->classes, name);
        *ret = at ? (int64_t)*at : -1;
        return 0;
}

static int find_amended(Split *s)
{
        for (uint32_t i = 0; i < s->d->item_count; i++) {
                const MofObject *o = class_at(s, i);
                Str name;
                if (o && (full_name(s, o->namespace, o->name, &name) < 0 || mof_names_add(s->a, &s->classes, name, i, NULL) < 0))
                        return -ENOMEM;
        }
        for (uint32_t i = 0; i < s->d->item_count; i++) {
                int64_t at = class_at(s, i) && class_amended(class_at(s, i)) ? (int64_t)i : -1;
                while (at >= 0 && !s->amended[at]) { // and those above it
                        s->amended[at] = true;
                        if (find_super(s, class_at(s, (uint32_t)at), &at) < 0)
                                return -ENOMEM;
                }
        }
        return 0;
}

// --- the localised text --------------------------------------------------------------------------

static int amended_properties(Split *s, const MofObject *o, MofObject *to)
{
        static const char *const also[] = {"key", NULL};
        MofProperty *items = arena_array(s->a, MofProperty, o->property_count);
        if (!items)
                return -ENOMEM;
        uint32_t n = 0;
        for (uint32_t i = 0; i < o->property_count; i++) {
                const MofProperty *p = &o->properties[i];
                if (!any_amended(&p->qualifiers))
                        continue;
                items[n] = (MofProperty){.name = p->name, .type = p->type};
                if (amended_list(s, &p->qualifiers, also, &items[n++].qualifiers) < 0)
                        return -ENOMEM;
        }
        to->properties = items;
        to->property_count = n;
        return 0;
}

static int amended_method(Split *s, const MofMethod *m, MofMethod *to)
{
        static const char *const also[] = {"in", "out", "id", NULL};
        MofProperty *parameters = arena_array(s->a, MofProperty, m->parameter_count);
        *to = (MofMethod){.name = m->name, .returns = m->returns, .parameters = parameters, .parameter_count = m->parameter_count};
        int r = parameters ? amended_list(s, &m->qualifiers, NULL, &to->qualifiers) : -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < m->parameter_count; i++) {
                parameters[i] = (MofProperty){.name = m->parameters[i].name, .type = m->parameters[i].type};
                r = amended_list(s, &m->parameters[i].qualifiers, also, &parameters[i].qualifiers);
        }
        return r;
}

static int amended_methods(Split *s, const MofObject *o, MofObject *to)
{
        MofMethod *items = arena_array(s->a, MofMethod, o->method_count);
        if (!items)
                return -ENOMEM;
        uint32_t n = 0;
        for (uint32_t i = 0; i < o->method_count; i++)
                if (method_amended(&o->methods[i]) && amended_method(s, &o->methods[i], &items[n++]) < 0)
                        return -ENOMEM;
        to->methods = items;
        to->method_count = n;
        return 0;
}

// LOCALE is that of the text, whatever the class says.
static int amended_class(Split *s, const MofObject *o, Str namespace_text, const MofObject **ret)
{
        MofObject *c = arena_new(s->a, MofObject);
        MofQualifierList rest;
        int64_t super;
        if (!c || amended_list(s, &o->qualifiers, NULL, &rest) < 0 || find_super(s, o, &super) < 0)
                return -ENOMEM;
        *c = (MofObject){.name = o->name, .namespace_text = namespace_text};
        if (super >= 0 || (o->super.n > 2 && o->super.p[0] == '_' && o->super.p[1] == '_'))
                c->super = o->super;
        MofQualifier *items = (MofQualifier *)(uintptr_t)rest.items;
        uint32_t n = 0;
        for (uint32_t i = 0; i < rest.count; i++)
                if (!str_ieq(items[i].name, STR("LOCALE")) && !str_ieq(items[i].name, STR("AMENDMENT")))
                        items[n++] = items[i];
        items[n] = (MofQualifier){.name = STR("AMENDMENT")};
        items[n + 1] = number_qualifier("LOCALE", s->locale, true);
        c->qualifiers = (MofQualifierList){items, n + 2};
        *ret = c;
        int r = amended_properties(s, o, c);
        return r == 0 ? amended_methods(s, o, c) : r;
}

// instance of __Namespace { Name = "ms_409"; };
static int child_namespace(Split *s, const MofObject *o, const MofObject **ret)
{
        MofObject *n = arena_new(s->a, MofObject);
        MofProperty *name = arena_new(s->a, MofProperty);
        if (!n || !name)
                return -ENOMEM;
        *name = (MofProperty){.name = STR("Name"), .value = {.kind = MOF_VALUE_STRING}};
        name->value.string = utf_to16(s->a, str_of(s->child));
        *n = (MofObject){.is_instance = true, .name = STR("__Namespace"), .properties = name, .property_count = 1,
                         .namespace_text = o->namespace_text};
        *ret = n;
        return name->value.string.p ? 0 : -ENOMEM;
}

// The directive's text of the namespace below that of o.
static int child_text(Split *s, const MofObject *o, Str *ret)
{
        Str parent = o->namespace_text;
        size_t n = strlen(s->child);
        const char *slash = memchr(parent.p, '/', parent.n) && !memchr(parent.p, '\\', parent.n) ? "/" : "\\";
        char *z = arena_alloc(s->a, parent.n + n + 2);
        if (!z)
                return -ENOMEM;
        memcpy(z, parent.p, parent.n);
        memcpy(z + parent.n, slash, 1);
        memcpy(z + parent.n + 1, s->child, n + 1);
        *ret = (Str){z, parent.n + 1 + n};
        return 0;
}

static int write_localised(Split *s, Buf *out)
{
        MofNames made = {0};
        MofDocument n = {.autorecover = s->d->autorecover};
        MofItem *items = arena_array(s->a, MofItem, (size_t)s->d->item_count * 2);
        if (!items)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->d->item_count; i++) {
                const MofObject *o = s->amended[i] ? class_at(s, i) : NULL;
                Str text;
                if (!o)
                        continue;
                int r = mof_names_add(s->a, &made, o->namespace, 0, NULL);
                if (r == 0)
                        r = child_namespace(s, o, &items[n.item_count++].object);
                if (r < 0 || child_text(s, o, &text) < 0 || amended_class(s, o, text, &items[n.item_count++].object) < 0)
                        return -ENOMEM;
        }
        n.items = items;
        n.autorecover = n.autorecover && n.item_count;
        return mof_print(&n, out);
}

int mof_localise(const MofDocument *d, Str amendment, Buf *neutral, Buf *localised, Diag *reterr)
{
        Arena a = {0};
        Split s = {.d = d, .a = &a};
        int r = find_locale(&s, amendment, reterr);
        if (r == 0) {
                s.amended = arena_array(&a, bool, d->item_count);
                r = s.amended ? find_amended(&s) : -ENOMEM;
        }
        if (r == 0)
                r = write_neutral(&s, neutral);
        if (r == 0)
                r = write_localised(&s, localised);
        arena_deinit(&a);
        return r;
}
