// SPDX-License-Identifier: MIT
// The classes of a document by name, and their members.
//
// A document may have a million classes that know nothing of each other: names are looked up by hash, and a
// walk along superclasses ends at LIMIT_DEPTH, where a circle ends too.
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "mofck/internal.h"

// --- classes -------------------------------------------------------------------------------------

static size_t classes_slots(size_t n)
{
        size_t slots = 16;
        while (slots < 2 * n)
                slots *= 2;
        return slots;
}

static const MofObject **classes_at(const MofObject **slots, size_t mask, Str name)
{
        size_t at = (size_t)str_ihash(name) & mask;
        while (slots[at] && !str_ieq(slots[at]->name, name))
                at = (at + 1) & mask;
        return &slots[at];
}

static bool is_class(const MofItem *i)
{
        return i->kind == MOF_ITEM_OBJECT && !i->object->is_instance;
}

static size_t classes_embeds(const MofObject *c)
{
        size_t n = c->property_count;
        for (uint32_t i = 0; i < c->method_count; i++)
                n += c->methods[i].parameter_count + 1;
        return n;
}

static void classes_embed(Classes *k, const MofType *t, const MofObject *by)
{
        if (cim_type(t->type) != CIM_OBJECT || !t->class_name.n)
                return;
        const MofObject *o = classes_find(k, t->class_name);
        if (o && o != by)
                *classes_at(k->embedded, k->embedded_mask, o->name) = o;
}

static void classes_embed_all(Classes *k, const MofObject *c)
{
        for (uint32_t i = 0; i < c->property_count; i++)
                classes_embed(k, &c->properties[i].type, c);
        for (uint32_t i = 0; i < c->method_count; i++) {
                for (uint32_t j = 0; j < c->methods[i].parameter_count; j++)
                        classes_embed(k, &c->methods[i].parameters[j].type, c);
                classes_embed(k, &c->methods[i].returns, c);
        }
}

int classes_init(Classes *k, const MofDocument *d)
{
        *k = (Classes){.document = d};
        size_t n = 0, embeds = 0;
        for (uint32_t i = 0; i < d->item_count; i++) {
                if (is_class(&d->items[i])) {
                        n++;
                        embeds += classes_embeds(d->items[i].object);
                }
        }
        k->mask = classes_slots(n) - 1;
        k->embedded_mask = classes_slots(n < embeds ? n : embeds) - 1;
        k->slots = arena_array(&k->arena, const MofObject *, k->mask + 1);
        k->embedded = arena_array(&k->arena, const MofObject *, k->embedded_mask + 1);
        if (!k->slots || !k->embedded) {
                classes_deinit(k);
                return -ENOMEM;
        }
        for (uint32_t i = 0; i < d->item_count; i++)
                if (is_class(&d->items[i]))
                        *classes_at(k->slots, k->mask, d->items[i].object->name) = d->items[i].object;
        for (uint32_t i = 0; i < d->item_count; i++)
                if (is_class(&d->items[i]))
                        classes_embed_all(k, d->items[i].object);
        int r = classes_find_circles(k);
        if (r)
                classes_deinit(k);
        return r;
}

void classes_deinit(Classes *k)
{
        arena_deinit(&k->arena);
        *k = (Classes){0};
}

const MofObject **classes_slot(const Classes *k, Str name)
{
        return classes_at(k->slots, k->mask, name);
}

const MofObject *classes_find(const Classes *k, Str name)
{
        return *classes_slot(k, name);
}

const MofObject *classes_super(const Classes *k, const MofObject *c)
{
        const MofObject *s = c->super.n ? classes_find(k, c->super) : NULL;
        return s == c || (s && str_ieq(s->name, c->name)) ? NULL : s;
}

bool classes_derives(const Classes *k, const MofObject *c, const char *name)
{
        Str wanted = str_of(name);
        for (unsigned depth = 0; c && depth < LIMIT_DEPTH; depth++, c = classes_super(k, c))
                if (str_ieq(c->name, wanted) || str_ieq(c->super, wanted))
                        return true;
        return false;
}

bool classes_in_line(const Classes *k, const MofObject *c, Str name)
{
        for (unsigned depth = 0; c && depth < LIMIT_DEPTH; depth++) {
                if (str_ieq(c->super, name))
                        return true;
                c = classes_super(k, c);
        }
        return false;
}

bool classes_is_embedded(const Classes *k, const MofObject *c)
{
        return *classes_at(k->embedded, k->embedded_mask, c->name) != NULL;
}

const MofQualifier *classes_qualifier(const Classes *k, const MofObject *c, const char *name)
{
        const MofQualifier *own = mof_qualifier(&c->qualifiers, name);
        if (own)
                return own;
        for (unsigned depth = 0; depth < LIMIT_DEPTH; depth++) {
                c = classes_super(k, c);
                const MofQualifier *q = c ? mof_qualifier(&c->qualifiers, name) : NULL;
                if (!c || (q && !(q->flavor & CIM_FLAVOR_TO_SUBCLASS)))
                        return NULL;
                if (q)
                        return q;
        }
        return NULL;
}

bool classes_qualifier_true(const Classes *k, const MofObject *c, const char *name)
{
        const MofQualifier *q = classes_qualifier(k, c, name);
        return q && qualifier_true(q);
}

// --- members -------------------------------------------------------------------------------------

static uint32_t *members_slot(const Members *m, Str name)
{
        uint32_t at = (uint32_t)str_ihash(name) & m->mask;
        while (m->slots[at] && !str_ieq(m->items[m->slots[at] - 1].property->name, name))
                at = (at + 1) & m->mask;
        return &m->slots[at];
}

const Member *members_find(const Members *m, Str name)
{
        uint32_t slot = m->slots ? *members_slot(m, name) : 0;
        return slot ? &m->items[slot - 1] : NULL;
}

// Adds what one class declares. 0, -ENOMEM, -E2BIG.
static int members_add(Members *m, const MofObject *c, const MofProperty *list, uint32_t n, Arena *a)
{
        for (uint32_t i = 0; i < n; i++) {
                const MofProperty *p = &list[i];
                uint32_t *slot = members_slot(m, p->name);
                if (*slot) {
                        Member *was = arena_new(a, Member), *now = &m->items[*slot - 1];
                        if (!was)
                                return -ENOMEM;
                        *was = *now;
                        *now = (Member){
                                .property = p, .origin = c, .under = was->origin == c ? was->under : was};
                        continue;
                }
                if (m->count == LIMIT_CLASS_PROPERTIES)
                        return -E2BIG;
                m->items[m->count] = (Member){.property = p, .origin = c};
                *slot = ++m->count;
        }
        return 0;
}

// Room for n members, at most LIMIT_CLASS_PROPERTIES.
static int members_room(Members *m, size_t n, Arena *a)
{
        if (n > LIMIT_CLASS_PROPERTIES)
                n = LIMIT_CLASS_PROPERTIES;
        size_t slots = classes_slots(n);
        m->items = arena_array(a, Member, n);
        m->slots = arena_array(a, uint32_t, slots);
        m->mask = (uint32_t)slots - 1;
        return m->items && m->slots ? 0 : -ENOMEM;
}

int members_of_method(const MofMethod *method, Arena *a, Members *ret)
{
        *ret = (Members){0};
        int r = members_room(ret, method->parameter_count, a);
        return r ? r : members_add(ret, NULL, method->parameters, method->parameter_count, a);
}

int members_of(const Classes *k, const MofObject *c, Arena *a, Members *ret)
{
        *ret = (Members){0};
        const MofObject *chain[LIMIT_DEPTH];
        unsigned depth = 0;
        size_t most = 0;
        for (; c && depth < LIMIT_DEPTH; c = classes_super(k, c)) {
                chain[depth++] = c;
                most += c->property_count;
        }
        if (!most)
                return c ? -ELOOP : 0;
        int r = members_room(ret, most, a);
        while (depth && !r)
                depth--, r = members_add(ret, chain[depth], chain[depth]->properties,
                                         chain[depth]->property_count, a);
        return r ? r : c ? -ELOOP : 0;
}

const MofQualifier *member_qualifier(const Member *m, const char *name)
{
        for (; m; m = m->under) {
                const MofQualifier *q = mof_qualifier(&m->property->qualifiers, name);
                if (q)
                        return q;
        }
        return NULL;
}

bool member_qualifier_true(const Member *m, const char *name)
{
        const MofQualifier *q = member_qualifier(m, name);
        return q && qualifier_true(q);
}

uint32_t member_number(const Member *m, const char *name)
{
        const MofQualifier *q = member_qualifier(m, name);
        bool fits = q && q->value.kind == MOF_VALUE_INTEGER && !q->value.negative &&
                    q->value.magnitude <= UINT32_MAX;
        return fits ? (uint32_t)q->value.magnitude : 0;
}

bool member_is_required_item(const Member *m)
{
        return str_ieq(m->property->name, STR("InstanceName")) || str_ieq(m->property->name, STR("Active"));
}

// --- values --------------------------------------------------------------------------------------

Str qualifier_text(const MofQualifier *q, Arena *a)
{
        if (q->value.kind != MOF_VALUE_STRING)
                return STR("");
        return utf_to8(a, q->value.string);
}

bool qualifier_true(const MofQualifier *q)
{
        return q->value.kind == MOF_VALUE_NONE || (q->value.kind == MOF_VALUE_BOOLEAN && q->value.boolean);
}

static int digit_of(char16_t c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        char16_t lower = c | 0x20;
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

// "12", "-1", "0x80000000", with blanks around.
static bool text_number(Str16 s, int64_t *ret)
{
        while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
                s = (Str16){s.p + 1, s.n - 1};
        while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
                s.n--;
        size_t at = 0;
        bool negative = s.n && s.p[0] == '-';
        at += negative;
        int base = s.n > at + 2 && s.p[at] == '0' && (s.p[at + 1] | 0x20) == 'x' ? 16 : 10;
        at += base == 16 ? 2 : 0;
        if (at == s.n)
                return false;
        int64_t v = 0;
        for (; at < s.n; at++) {
                int digit = digit_of(s.p[at]);
                if (digit >= base || __builtin_mul_overflow(v, base, &v) ||
                    __builtin_add_overflow(v, digit, &v))
                        return false;
        }
        *ret = negative ? -v : v;
        return true;
}

bool value_is_integer(const MofValue *v)
{
        return v->kind == MOF_VALUE_INTEGER;
}

bool value_number(const MofValue *v, int64_t *ret)
{
        if (v->kind == MOF_VALUE_STRING)
                return text_number(v->string, ret);
        if (v->kind != MOF_VALUE_INTEGER || v->magnitude > INT64_MAX)
                return false;
        *ret = v->negative ? -(int64_t)v->magnitude : (int64_t)v->magnitude;
        return true;
}
