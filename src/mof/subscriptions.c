// SPDX-License-Identifier: MIT
// Permanent subscriptions of a document: who is bound to what.
//
// Everything is looked up by hashes that are seeded anew in each process: the number of steps does not depend on what a
// hostile text has many of.
#include "mof/subscriptions.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/utf.h"
#include "cim/path.h"

// A hash of 64 bits -> numbers, several under one hash; the last one added comes first.
typedef struct Map {
        uint32_t *slots; // index of an entry, and 1; 0: free
        size_t mask;
        struct MapEntry {
                uint64_t hash;
                uint32_t number, next; // next: index of an entry, and 1
        } *entries;
        uint32_t count;
} Map;

typedef struct Find {
        const MofDocument *d;
        Arena *a;
        Map classes;   // name -> item
        Map aliases;   // name -> item
        Map instances; // class, name and value of one property -> item
        Map consumers; // classes that bindings name -> 0
        MofSubscription *all;
        size_t count;
        bool *bound;     // of each item: a binding names it
} Find;

enum { MOST_TRIES = 256 }; // objects with the same first key that are looked at for the others

// --- hashes --------------------------------------------------------------------------------------

static int map_init(Map *m, Arena *a, size_t most)
{
        size_t slots = 16;
        while (slots < most * 2)
                slots *= 2;
        m->slots = arena_array(a, uint32_t, slots);
        m->entries = arena_array(a, struct MapEntry, most + 1);
        m->mask = slots - 1;
        return m->slots && m->entries ? 0 : -ENOMEM;
}

// The slot of that hash: where it begins, or a free one.
static uint32_t *map_slot(const Map *m, uint64_t hash)
{
        size_t i = (size_t)hash & m->mask;
        while (m->slots[i] && m->entries[m->slots[i] - 1].hash != hash)
                i = (i + 1) & m->mask;
        return &m->slots[i];
}

static void map_add(Map *m, uint64_t hash, uint32_t number)
{
        uint32_t *slot = map_slot(m, hash);
        m->entries[m->count] = (struct MapEntry){.hash = hash, .number = number, .next = *slot};
        *slot = ++m->count;
}

static const struct MapEntry *map_first(const Map *m, uint64_t hash)
{
        uint32_t i = *map_slot(m, hash);
        return i ? &m->entries[i - 1] : NULL;
}

static const struct MapEntry *map_next(const Map *m, const struct MapEntry *e)
{
        return e->next ? &m->entries[e->next - 1] : NULL;
}

static uint64_t hash16(Str16 s)
{
        char16_t block[128];
        uint64_t h = 0;
        for (size_t i = 0; i < s.n;) {
                size_t n = 0;
                while (n < 128 && i < s.n)
                        block[n++] = utf_upcase16(s.p[i++]);
                h = hash_bytes(block, n * sizeof(block[0])) ^ (h * 0x9E3779B97F4A7C15u);
        }
        return h;
}

// --- values --------------------------------------------------------------------------------------

const MofValue *mof_assigned(const MofObject *o, const char *name)
{
        for (uint32_t i = o->property_count; i-- > 0;)
                if (str_ieq(o->properties[i].name, str_of(name)))
                        return &o->properties[i].value;
        return NULL;
}

Str mof_assigned_text(const MofObject *o, const char *name, Arena *a)
{
        const MofValue *v = mof_assigned(o, name);
        return v && v->kind == MOF_VALUE_STRING ? utf_to8(a, v->string) : (Str){"", 0};
}

// May a value be a key that a path names? Then *ret is a hash of it, equal for those that are equal to WMI.
static bool value_hash(const MofValue *v, uint64_t *ret)
{
        if (v->kind == MOF_VALUE_STRING)
                *ret = hash16(v->string);
        else if (v->kind == MOF_VALUE_INTEGER || v->kind == MOF_VALUE_CHAR)
                *ret = v->kind == MOF_VALUE_INTEGER && v->negative ? 0 - v->magnitude : v->magnitude;
        else if (v->kind == MOF_VALUE_BOOLEAN)
                *ret = v->boolean;
        else
                return false;
        return true;
}

static bool key_hash(const CimValue *v, uint64_t *ret)
{
        *ret = v->type == CIM_BOOLEAN ? v->boolean : v->type == CIM_STRING ? hash16(v->string) : v->uint;
        return !v->null && !cim_is_array(v->type);
}

static bool key_equal(const CimValue *k, const MofValue *v)
{
        uint64_t a, b;
        if (k->type == CIM_STRING || v->kind == MOF_VALUE_STRING)
                return k->type == CIM_STRING && v->kind == MOF_VALUE_STRING && str16_icmp(k->string, v->string) == 0;
        return key_hash(k, &a) && value_hash(v, &b) && a == b;
}

// property empty: that of any one.
static uint64_t instance_hash(Str class_name, Str property, uint64_t value)
{
        uint64_t parts[3] = {str_ihash(class_name), property.n ? str_ihash(property) : 0, value};
        return hash_bytes(parts, sizeof(parts));
}

// --- what there is -------------------------------------------------------------------------------

static const MofObject *item_object(const Find *f, uint32_t i)
{
        return f->d->items[i].kind == MOF_ITEM_OBJECT ? f->d->items[i].object : NULL;
}

static void index_instance(Find *f, uint32_t item, const MofObject *o)
{
        for (uint32_t i = 0; i < o->property_count; i++) {
                const MofProperty *p = &o->properties[i];
                uint64_t value;
                if (!value_hash(&p->value, &value))
                        continue;
                map_add(&f->instances, instance_hash(o->name, p->name, value), item);
                map_add(&f->instances, instance_hash(o->name, (Str){0}, value), item);
        }
}

static int index_all(Find *f)
{
        size_t objects = 0, properties = 0;
        for (uint32_t i = 0; i < f->d->item_count; i++) {
                const MofObject *o = item_object(f, i);
                objects += o != NULL;
                properties += o && o->is_instance ? o->property_count : 0;
        }
        if (map_init(&f->classes, f->a, objects) < 0 || map_init(&f->aliases, f->a, objects) < 0 ||
            map_init(&f->instances, f->a, properties * 2) < 0 || map_init(&f->consumers, f->a, objects) < 0)
                return -ENOMEM;
        f->bound = arena_array(f->a, bool, f->d->item_count);
        f->all = arena_array(f->a, MofSubscription, objects);
        if (!f->bound || !f->all)
                return -ENOMEM;
        for (uint32_t i = 0; i < f->d->item_count; i++) {
                const MofObject *o = item_object(f, i);
                if (!o)
                        continue;
                if (o->alias.n)
                        map_add(&f->aliases, str_ihash(o->alias), i);
                if (o->is_instance)
                        index_instance(f, i, o);
                else
                        map_add(&f->classes, str_ihash(o->name), i);
        }
        return 0;
}

// Is that class, or one above it that the document declares, called like one of these?
static bool class_is(const Find *f, Str name, const char *const *names)
{
        for (unsigned depth = 0; name.n && depth <= LIMIT_DEPTH; depth++) {
                for (size_t i = 0; names[i]; i++)
                        if (str_ieq(name, str_of(names[i])))
                                return true;
                const struct MapEntry *e = map_first(&f->classes, str_ihash(name));
                name = e ? item_object(f, e->number)->super : (Str){0};
        }
        return false;
}

static bool ends_in_consumer(Str name)
{
        const Str end = STR("Consumer");
        return name.n >= end.n && str_ieq((Str){name.p + name.n - end.n, end.n}, end);
}

// --- what a binding names ------------------------------------------------------------------------

static bool same_place(const MofObject *o, const CimPath *p, Str here)
{
        return str_ieq(o->namespace, p->namespace.n ? p->namespace : here);
}

// Has the object these keys? One without a name is any property of that value.
static bool has_keys(const MofObject *o, const CimPath *p)
{
        for (size_t k = 0; k < p->key_count; k++) {
                const CimPathKey *key = &p->keys[k];
                bool found = false;
                for (uint32_t i = 0; i < o->property_count && !found; i++)
                        found = (!key->name.n || str_ieq(key->name, o->properties[i].name)) &&
                                key_equal(&key->value, &o->properties[i].value);
                if (!found)
                        return false;
        }
        return true;
}

static const struct MapEntry *find_path(const Find *f, const CimPath *p, Str here)
{
        uint64_t value;
        if (p->key_count == 0 || !key_hash(&p->keys[0].value, &value))
                return NULL;
        const struct MapEntry *e = map_first(&f->instances, instance_hash(p->class_name, p->keys[0].name, value));
        for (unsigned tries = 0; e && tries < MOST_TRIES; e = map_next(&f->instances, e), tries++) {
                const MofObject *o = item_object(f, e->number);
                if (str_ieq(o->name, p->class_name) && same_place(o, p, here) && has_keys(o, p))
                        return e;
        }
        return NULL;
}

// The object that a value of the binding names: its item in *ret, or -1; *text as written; *class_name: of the object, or
// of what the path says.
static int resolve(const Find *f, const MofObject *binding, const MofValue *v, int64_t *ret, Str *text, Str *class_name)
{
        *ret = -1;
        *text = *class_name = (Str){"", 0};
        if (!v || (v->kind != MOF_VALUE_STRING && v->kind != MOF_VALUE_ALIAS))
                return 0;
        Str s = utf_to8(f->a, v->string);
        if (!s.p)
                return -ENOMEM;
        const struct MapEntry *e = NULL;
        *text = s;
        if (v->kind == MOF_VALUE_ALIAS) {
                char *named = arena_alloc(f->a, s.n + 2);
                if (!named)
                        return -ENOMEM;
                named[0] = '$';
                memcpy(named + 1, s.p, s.n);
                *text = (Str){named, s.n + 1};
                e = map_first(&f->aliases, str_ihash(s));
        } else {
                CimPath path;
                int r = cim_path_parse(s, f->a, &path, NULL);
                if (r < 0)
                        return r;
                if (r == 0) {
                        *class_name = path.class_name;
                        e = find_path(f, &path, binding->namespace);
                }
        }
        if (e) {
                *ret = e->number;
                *class_name = item_object(f, e->number)->name;
        }
        return 0;
}

static int bind(Find *f, const MofObject *o, MofSubscription *s)
{
        int64_t filter, consumer;
        Str class_name;
        int r = resolve(f, o, mof_assigned(o, "Filter"), &filter, &s->filter_text, &class_name);
        if (r == 0)
                r = resolve(f, o, mof_assigned(o, "Consumer"), &consumer, &s->consumer_text, &class_name);
        if (r < 0)
                return r;
        if (class_name.n)
                map_add(&f->consumers, str_ihash(class_name), 0);
        s->filter = filter >= 0 ? item_object(f, (uint32_t)filter) : NULL;
        s->consumer = consumer >= 0 ? item_object(f, (uint32_t)consumer) : NULL;
        if (filter >= 0)
                f->bound[filter] = true;
        if (consumer >= 0)
                f->bound[consumer] = true;
        return 0;
}

// --- all of it -----------------------------------------------------------------------------------

static const char *const filter_classes[] = {"__EventFilter", NULL};
static const char *const binding_classes[] = {"__FilterToConsumerBinding", NULL};
static const char *const timer_classes[] = {"__TimerInstruction", "__IntervalTimerInstruction",
                                            "__AbsoluteTimerInstruction", NULL};
static const char *const consumer_classes[] = {"__EventConsumer", NULL};

static bool is_binding(const Find *f, const MofObject *o)
{
        return o && o->is_instance && class_is(f, o->name, binding_classes);
}

static bool kind_of(const Find *f, const MofObject *o, MofSubscriptionKind *ret)
{
        if (is_binding(f, o))
                *ret = MOF_BINDING;
        else if (class_is(f, o->name, filter_classes))
                *ret = MOF_FILTER;
        else if (class_is(f, o->name, timer_classes))
                *ret = MOF_TIMER;
        else if (ends_in_consumer(o->name) || class_is(f, o->name, consumer_classes) ||
                 map_first(&f->consumers, str_ihash(o->name)))
                *ret = MOF_CONSUMER;
        else
                return false;
        return true;
}

int mof_subscriptions(const MofDocument *d, Arena *a, MofSubscription **ret, size_t *ret_count)
{
        Find f = {.d = d, .a = a};
        int r = index_all(&f);
        MofSubscription *bindings = r == 0 ? arena_array(a, MofSubscription, d->item_count) : NULL;
        if (!bindings)
                return -ENOMEM;
        for (uint32_t i = 0; i < d->item_count; i++) {
                const MofObject *o = item_object(&f, i);
                if (is_binding(&f, o) && (r = bind(&f, o, &bindings[i])) < 0)
                        return r;
        }
        for (uint32_t i = 0; i < d->item_count; i++) {
                const MofObject *o = item_object(&f, i);
                MofSubscriptionKind kind;
                if (!o || !o->is_instance || !kind_of(&f, o, &kind))
                        continue;
                MofSubscription s = bindings[i];
                s.kind = kind;
                s.object = o;
                s.bound = f.bound[i];
                f.all[f.count++] = s;
        }
        *ret = f.all;
        *ret_count = f.count;
        return 0;
}
