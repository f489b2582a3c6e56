// SPDX-License-Identifier: MIT
// The rules of WDM for items and methods.
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "mofck/check-impl.h"

enum { STRING_CHARS = UINT16_MAX / 2 };

// --- arrays --------------------------------------------------------------------------------------

static bool is_integer(uint16_t type)
{
        return cim_type_is_signed(cim_type(type)) || cim_type_is_unsigned(cim_type(type));
}

bool member_is_variable_array(const Member *m)
{
        return cim_is_array(m->property->type.type) && !member_array_size(m);
}

uint32_t member_array_size(const Member *m)
{
        return m->property->type.max ? m->property->type.max : member_number(m, "MAX");
}

// The name of another item among `all`. NULL: it is no string, or (told with `rule`) there is none of that
// name.
static const Member *check_names_item(Check *k, Rule rule, const Members *all, const Member *m,
                                      const MofQualifier *q)
{
        if (q->value.kind != MOF_VALUE_STRING)
                return NULL; // qualifier-type says it
        Str name = qualifier_text(q, &k->arena);
        k->failed |= !name.p;
        const Member *other = name.p ? members_find(all, name) : NULL;
        if (k->failed || (other && other != m))
                return other;
        check_error(k, rule, q->place,
                    other ? "%.*s(\"%.*s\") names its own item" : "%.*s(\"%.*s\") names nothing here",
                    NAME(q->name), NAME(name));
        StrNearest nearest = {.wanted = name};
        for (uint32_t i = 0; i < all->count; i++)
                if (&all->items[i] != m)
                        str_nearest_offer(&nearest, all->items[i].property->name);
        if (nearest.best.n)
                check_hint(k, "did you mean %.*s?", NAME(nearest.best));
        return NULL;
}

// order[i]: where item i stands among the others; 0: nowhere.
static void check_size_is(Check *k, const Members *all, const Member *m, const MofQualifier *q,
                          const uint32_t *order)
{
        const Member *count = check_names_item(k, RULE_SIZE_IS_UNKNOWN, all, m, q);
        if (!count)
                return;
        const MofProperty *p = m->property, *c = count->property;
        uint32_t at = order[m - all->items], count_at = order[count - all->items];
        if (!is_integer(c->type.type) || cim_is_array(c->type.type)) {
                check_error(k, RULE_SIZE_IS_TYPE, q->place, "%.*s, which is to count %.*s, is no integer",
                            NAME(c->name), NAME(p->name));
        } else if (at && count_at > at) {
                check_error(k, RULE_SIZE_IS_ORDER, q->place,
                            "%.*s, which counts %.*s, stands behind it in the block", NAME(c->name),
                            NAME(p->name));
                check_hint(k, "a reader must know the count before the array: give %.*s the lower number",
                           NAME(c->name));
        }
}

static void check_array(Check *k, const Members *all, const Member *m, const uint32_t *order)
{
        const MofQualifier *q = member_qualifier(m, "WmiSizeIs");
        const MofProperty *p = m->property;
        if (!cim_is_array(p->type.type)) {
                if (q) {
                        check_error(k, RULE_SIZE_IS_SCALAR, q->place,
                                    "WmiSizeIs is for arrays, and %.*s is none", NAME(p->name));
                        check_hint(k, "write %.*s[]", NAME(p->name));
                }
                return;
        }
        if (!q && member_is_variable_array(m)) {
                check_error(k, RULE_SIZE_IS_MISSING, p->place, "nothing says how many elements %.*s[] has",
                            NAME(p->name));
                check_hint(k, "write WmiSizeIs(\"...\") with the item that counts them, or %.*s[8]",
                           NAME(p->name));
        }
        if (!q)
                return;
        if (!member_is_variable_array(m)) {
                check_warn(k, RULE_SIZE_IS_FIXED, q->place,
                           "%.*s[%u] always has %u elements: WmiSizeIs does nothing", NAME(p->name),
                           member_array_size(m), member_array_size(m));
                return;
        }
        check_size_is(k, all, m, q, order);
}

// --- types ---------------------------------------------------------------------------------------

// A word that is no type is the name of a class: which type was misspelt? NULL: none.
static const char *near_type(Str word)
{
        StrNearest nearest = {.wanted = word};
        const char *found = NULL;
        for (uint16_t type = CIM_SINT16; type <= CIM_CHAR16; type++) {
                const char *name = cim_type_name(type);
                if (cim_type_of_name(str_of(name)) == CIM_NONE)
                        continue;
                str_nearest_offer(&nearest, str_of(name));
                found = nearest.best.p == name ? name : found;
        }
        return found;
}

static void check_embedded(Check *k, const MofObject *c, const MofProperty *p)
{
        const MofObject *o = classes_find(&k->classes, p->type.class_name);
        MofPlace place = p->type.place.n ? p->type.place : p->place;
        if (!o) {
                check_warn(k, RULE_EMBEDDED_UNKNOWN, place, "the class %.*s of %.*s is not in this file",
                           NAME(p->type.class_name), NAME(p->name));
                const char *type = near_type(p->type.class_name);
                check_hint(k, type ? "did you mean %s?" : "the layout of the block depends on it", type);
        } else if (classes_in_circle(&k->classes, c, o)) {
                check_error(k, RULE_EMBEDDED_CIRCLE, place, "%.*s holds a %.*s, which holds a %.*s",
                            NAME(c->name), NAME(o->name), NAME(c->name));
        } else if (!mof_qualifier(&o->qualifiers, "WMI") || !mof_qualifier(&o->qualifiers, "guid")) {
                check_error(k, RULE_EMBEDDED_CLASS, place,
                            "%.*s, which is embedded in %.*s, has no qualifier %s", NAME(o->name),
                            NAME(c->name), mof_qualifier(&o->qualifiers, "WMI") ? "guid" : "WMI");
                check_hint(k, "an embedded class needs [WMI, guid(\"{...}\")]");
        }
}

static void check_type(Check *k, const MofObject *c, const MofProperty *p)
{
        MofPlace place = p->type.place.n ? p->type.place : p->place;
        switch ((int)cim_type(p->type.type)) {
        case CIM_OBJECT:
                if (p->type.class_name.n) {
                        check_embedded(k, c, p);
                        return;
                }
                break;
        case CIM_REFERENCE:
        case CIM_NONE:
                break;
        case CIM_REAL32:
        case CIM_REAL64:
        case CIM_CHAR16:
                check_warn(k, RULE_ITEM_TYPE, place,
                           "%.*s is a %s, which Windows' documentation of data blocks does not name",
                           NAME(p->name), cim_type_name(p->type.type));
                return;
        default:
                return;
        }
        check_error(k, RULE_ITEM_TYPE, place, "%.*s is %s, which no data block holds", NAME(p->name),
                    cim_type(p->type.type) == CIM_REFERENCE ? "a reference"
                                                            : "an object of no particular class");
        check_hint(k, "integers, boolean, string, datetime, a class, or arrays of these");
}

// --- values --------------------------------------------------------------------------------------

static uint32_t list_count(const Member *m, const char *name)
{
        const MofQualifier *q = member_qualifier(m, name);
        return q && q->value.kind == MOF_VALUE_ARRAY ? q->value.array.count : 0;
}

static void check_pair(Check *k, Rule rule, const Member *m, const char *names, const char *values)
{
        const MofQualifier *q = member_qualifier(m, names);
        uint32_t a = list_count(m, names), b = list_count(m, values);
        if (!a || !b || a == b)
                return;
        check_warn(k, rule, q->place, "%s of %.*s has %u entries, %s has %u", names, NAME(m->property->name),
                   a, values, b);
        check_hint(k, "is a comma missing? Strings without one between them are one string");
}

static bool number_fits(uint16_t type, int64_t v)
{
        int64_t least;
        uint64_t most;
        if (!cim_type_range(cim_type(type), &least, &most))
                return true;                                          // of a string, a boolean
        return v < 0 ? v >= least : (uint64_t)v <= most || least < 0; // 0xFFFFFFFF of a sint32 means its bits
}

static void check_numbers(Check *k, const Member *m, const char *name)
{
        const MofQualifier *q = member_qualifier(m, name);
        if (!list_count(m, name) || !is_integer(m->property->type.type))
                return;
        for (uint32_t i = 0; i < q->value.array.count; i++) {
                const MofValue *v = &q->value.array.items[i];
                int64_t number;
                if (value_number(v, &number) && number_fits(m->property->type.type, number))
                        continue;
                check_warn(k, RULE_VALUE_MAP_NUMBER, v->place.n ? v->place : q->place,
                           "an entry of %s is no %s, which %.*s is", name,
                           cim_type_name(m->property->type.type), NAME(m->property->name));
                return; // one of a list is enough
        }
}

bool is_identifier(Str s)
{
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i], lower = c | 0x20;
                bool digit = c >= '0' && c <= '9';
                if (!((lower >= 'a' && lower <= 'z') || c == '_' || (digit && i)))
                        return false;
        }
        return s.n && s.n <= LIMIT_NAME_CHARS;
}

static void check_defined_names(Check *k, const Member *m)
{
        const MofQualifier *q = member_qualifier(m, "DefineValues");
        if (!list_count(m, "DefineValues"))
                return;
        for (uint32_t i = 0; i < q->value.array.count && !k->failed; i++) {
                const MofValue *v = &q->value.array.items[i];
                Str name = v->kind == MOF_VALUE_STRING ? utf_to8(&k->arena, v->string) : STR("x");
                k->failed |= !name.p;
                if (k->failed || is_identifier(name))
                        continue;
                check_warn(k, RULE_DEFINE_VALUES_NAME, v->place.n ? v->place : q->place,
                           "\"%.*s\" cannot be the name of a #define", NAME(name));
                check_hint(k, "letters, digits and underscores; the first is no digit");
                return;
        }
}

static void check_values(Check *k, const Member *m)
{
        check_pair(k, RULE_VALUES_COUNT, m, "Values", "ValueMap");
        check_pair(k, RULE_BIT_VALUES_COUNT, m, "BitValues", "BitMap");
        if (list_count(m, "ValueMap"))
                check_pair(k, RULE_DEFINE_VALUES_COUNT, m, "DefineValues", "ValueMap");
        else
                check_pair(k, RULE_DEFINE_VALUES_COUNT, m, "DefineValues", "BitMap");
        check_numbers(k, m, "ValueMap");
        check_numbers(k, m, "BitMap");
        check_defined_names(k, m);
}

// What a property and a parameter have in common.
static void check_value(Check *k, const MofObject *c, const Members *all, const Member *m,
                        const uint32_t *order)
{
        const MofProperty *p = m->property;
        CimType t = cim_type(p->type.type);
        check_property_qualifiers(k, &p->qualifiers);
        check_type(k, c, p);
        check_array(k, all, m, order);
        check_values(k, m);
        const MofQualifier *q = mof_qualifier(&p->qualifiers, "MaxLen");
        if (q && t != CIM_STRING)
                check_warn(k, RULE_MAX_LEN_TYPE, q->place, "MaxLen is for strings, and %.*s is none",
                           NAME(p->name));
        else if (q && member_number(m, "MaxLen") > STRING_CHARS)
                check_warn(k, RULE_MAX_LEN_LARGE, q->place,
                           "%.*s may have %u characters, a data block holds %d", NAME(p->name),
                           member_number(m, "MaxLen"), STRING_CHARS);
        q = mof_qualifier(&p->qualifiers, "WmiTimeStamp");
        if (q && qualifier_true(q) && t != CIM_SINT64 && t != CIM_UINT64) {
                check_error(k, RULE_TIME_STAMP_SIZE, q->place,
                            "WmiTimeStamp is for 64-bit items, and %.*s is a %s", NAME(p->name),
                            cim_type_name(p->type.type));
                check_hint(k, "100 ns since 1601 need a uint64");
        }
}

// --- items ---------------------------------------------------------------------------------------

typedef struct Id {
        uint32_t id, member;
} Id;

static int by_id(const void *a, const void *b)
{
        const Id *x = a, *y = b;
        if (x->id != y->id)
                return x->id < y->id ? -1 : 1;
        return x->member < y->member ? -1 : x->member > y->member;
}

static MofPlace id_place(const MofObject *c, const Member *m)
{
        if (m->origin != c)
                return c->place;
        const MofQualifier *q = mof_qualifier(&m->property->qualifiers, "WmiDataId");
        return q ? q->place : m->property->place;
}

// Two items with one number, numbers left out. whole: each item has its number.
static void check_sequence(Check *k, const MofObject *c, const Members *m, Id *ids, uint32_t n, bool whole)
{
        if (n)
                qsort(ids, n, sizeof(*ids), by_id);
        for (uint32_t i = 0, next = 1; i < n; i++) {
                const Member *now = &m->items[ids[i].member];
                if (i && ids[i].id == ids[i - 1].id) {
                        const Member *was = &m->items[ids[i - 1].member];
                        if (now->origin == c)
                                check_error(k, RULE_DATA_ID_DUPLICATE, id_place(c, now),
                                            "%.*s has the WmiDataId(%u) of %.*s", NAME(now->property->name),
                                            ids[i].id, NAME(was->property->name));
                        continue;
                }
                if (ids[i].id != next && whole) {
                        check_error(k, RULE_DATA_ID_GAP, id_place(c, now),
                                    "no item has WmiDataId(%u), %.*s has %u", next, NAME(now->property->name),
                                    ids[i].id);
                        check_hint(k, "number the items 1, 2, 3 without a gap");
                        return;
                }
                next = ids[i].id == UINT32_MAX ? 0 : ids[i].id + 1;
        }
}

static void check_key(Check *k, const Member *m)
{
        const MofQualifier *q = mof_qualifier(&m->property->qualifiers, "key");
        if (!q || !qualifier_true(q) || str_ieq(m->property->name, STR("InstanceName")))
                return;
        check_error(k, RULE_KEY, q->place, "%.*s is a key", NAME(m->property->name));
        check_hint(k, "InstanceName is the key of a driver's class, and the only one");
}

static void check_refers(Check *k, const Members *all, const Member *m)
{
        const MofQualifier *q = mof_qualifier(&m->property->qualifiers, "WmiEventTrigger");
        if (q)
                check_names_item(k, RULE_EVENT_TRIGGER_UNKNOWN, all, m, q);
        q = mof_qualifier(&m->property->qualifiers, "WmiEventRate");
        if (q)
                check_names_item(k, RULE_EVENT_RATE_UNKNOWN, all, m, q);
}

// The number of an item; 0 after saying why it has none.
static uint32_t check_data_id(Check *k, const MofObject *c, const Member *m)
{
        const MofQualifier *q = member_qualifier(m, "WmiDataId");
        uint32_t id = member_number(m, "WmiDataId");
        if (id || m->origin != c)
                return id;
        if (!q) {
                check_error(k, RULE_DATA_ID_MISSING, m->property->place, "%.*s has no WmiDataId",
                            NAME(m->property->name));
                check_hint(k,
                           "each item but InstanceName and Active has one, which is its place in the block");
        } else {
                check_error(k, RULE_DATA_ID_VALUE, q->place, "the WmiDataId of %.*s is no number from 1",
                            NAME(m->property->name));
        }
        return 0;
}

// --- required items ------------------------------------------------------------------------------

static void check_form(Check *k, Rule rule, const Member *m, CimType type, bool key, const char *form)
{
        const MofProperty *p = m->property;
        if (p->type.type != type)
                check_error(k, rule, p->place, "%.*s is not a %s", NAME(p->name),
                            cim_type_name((uint16_t)type));
        else if (key && !member_qualifier_true(m, "key"))
                check_error(k, rule, p->place, "%.*s is no key", NAME(p->name));
        else if (!member_qualifier_true(m, "read"))
                check_warn(k, rule, p->place, "%.*s has no qualifier read", NAME(p->name));
        else
                return;
        check_hint(k, "write %s", form);
}

static void check_required(Check *k, const MofObject *c, const Members *m)
{
        const Member *name = members_find(m, STR("InstanceName")), *active = members_find(m, STR("Active"));
        if (!name) {
                check_error(k, RULE_INSTANCE_NAME_MISSING, c->place, "%.*s has no InstanceName",
                            NAME(c->name));
                check_hint(k, "write [key, read] string InstanceName;");
        } else if (name->origin == c) {
                check_form(k, RULE_INSTANCE_NAME_FORM, name, CIM_STRING, true,
                           "[key, read] string InstanceName;");
        }
        if (!active) {
                check_error(k, RULE_ACTIVE_MISSING, c->place, "%.*s has no Active", NAME(c->name));
                check_hint(k, "write [read] boolean Active;");
        } else if (active->origin == c) {
                check_form(k, RULE_ACTIVE_FORM, active, CIM_BOOLEAN, false, "[read] boolean Active;");
        }
}

static void check_required_item(Check *k, const Member *m)
{
        const MofQualifier *q = mof_qualifier(&m->property->qualifiers, "WmiDataId");
        if (!q)
                return;
        check_error(k, RULE_REQUIRED_ITEM_ID, q->place, "%.*s is not in the data block and has no WmiDataId",
                    NAME(m->property->name));
        check_hint(k, "leave it out, and number the other items from 1");
}

void check_items(Check *k, const MofObject *c, const Members *m, bool block)
{
        if (block)
                check_required(k, c, m);
        if (!c->property_count) // nothing new since the superclass
                return;
        Id *ids = arena_array(&k->arena, Id, m->count);
        uint32_t *order = arena_array(&k->arena, uint32_t, m->count);
        if (!ids || !order) {
                k->failed = true;
                return;
        }
        uint32_t n = 0;
        bool whole = true;
        for (uint32_t i = 0; i < m->count; i++) {
                const Member *item = &m->items[i];
                if (member_is_required_item(item)) {
                        if (item->origin == c)
                                check_required_item(k, item);
                        continue;
                }
                order[i] = check_data_id(k, c, item);
                whole = whole && order[i];
                if (order[i])
                        ids[n++] = (Id){order[i], i};
        }
        check_sequence(k, c, m, ids, n, whole);
        for (uint32_t i = 0; i < m->count && !k->failed; i++) {
                const Member *item = &m->items[i];
                if (item->origin != c)
                        continue;
                check_key(k, item);
                if (member_is_required_item(item))
                        continue;
                check_value(k, c, m, item, order);
                check_refers(k, m, item);
        }
}

// --- methods -------------------------------------------------------------------------------------

// IDs of 0 to n - 1, each once. order[i]: that of parameter i, from 1.
static void check_parameter_ids(Check *k, const MofMethod *method, uint32_t *order)
{
        uint8_t *seen = arena_alloc(&k->arena, method->parameter_count + 1);
        if (!seen) {
                k->failed = true;
                return;
        }
        for (uint32_t i = 0; i < method->parameter_count; i++) {
                const MofProperty *p = &method->parameters[i];
                const MofQualifier *q = mof_qualifier(&p->qualifiers, "ID");
                uint64_t id = i;
                if (q)
                        id = q->value.kind == MOF_VALUE_INTEGER && !q->value.negative ? q->value.magnitude
                                                                                      : UINT64_MAX;
                if (id >= method->parameter_count)
                        check_error(k, RULE_PARAMETER_ID, q->place, "the ID of %.*s is not one of 0 to %u",
                                    NAME(p->name), method->parameter_count - 1);
                else if (seen[id]++)
                        check_error(k, RULE_PARAMETER_ID, q ? q->place : p->place,
                                    "%.*s has the ID(%llu) of another parameter", NAME(p->name),
                                    (unsigned long long)id);
                else
                        order[i] = (uint32_t)id + 1;
        }
}

static void check_direction(Check *k, const MofProperty *p)
{
        if (mof_qualifier_true(&p->qualifiers, "in") || mof_qualifier_true(&p->qualifiers, "out"))
                return;
        check_warn(k, RULE_PARAMETER_DIRECTION, p->place, "%.*s is neither in nor out", NAME(p->name));
        check_hint(k, "Windows makes it both: write [in], [out] or [in, out]");
}

static void check_parameters(Check *k, const MofObject *c, const MofMethod *method)
{
        if (!method->parameter_count)
                return;
        Members all;
        uint32_t *order = arena_array(&k->arena, uint32_t, method->parameter_count);
        int r = order ? members_of_method(method, &k->arena, &all) : -ENOMEM;
        if (r == -ENOMEM) {
                k->failed = true;
                return;
        }
        if (r || all.count != method->parameter_count) {
                check_error(k, RULE_TOO_MANY, method->place,
                            "%.*s has more than %u parameters, or two of one name", NAME(method->name),
                            LIMIT_CLASS_PROPERTIES);
                return;
        }
        check_parameter_ids(k, method, order);
        for (uint32_t i = 0; i < all.count && !k->failed; i++) {
                check_direction(k, all.items[i].property);
                check_value(k, c, &all, &all.items[i], order);
        }
}

static void check_method(Check *k, const MofObject *c, const MofMethod *m)
{
        const MofQualifier *q = mof_qualifier(&m->qualifiers, "WmiMethodId");
        if (!q) {
                check_error(k, RULE_METHOD_ID_MISSING, m->place, "the method %.*s has no WmiMethodId",
                            NAME(m->name));
                check_hint(k, "the driver is called with that number");
        } else if (q->value.kind != MOF_VALUE_INTEGER || q->value.negative || !q->value.magnitude ||
                   q->value.magnitude > UINT32_MAX) {
                check_error(k, RULE_METHOD_ID_VALUE, q->place, "the WmiMethodId of %.*s is no number from 1",
                            NAME(m->name));
        }
        if (!mof_qualifier_true(&m->qualifiers, "Implemented")) {
                check_warn(k, RULE_METHOD_IMPLEMENTED, m->place,
                           "the method %.*s has no qualifier Implemented", NAME(m->name));
                check_hint(k, "WMI calls the provider for implemented methods alone");
        }
        check_parameters(k, c, m);
}

void check_methods(Check *k, const MofObject *c)
{
        Id *ids = arena_array(&k->arena, Id, c->method_count + 1);
        if (!ids) {
                k->failed = true;
                return;
        }
        uint32_t n = 0;
        for (uint32_t i = 0; i < c->method_count && !k->failed; i++) {
                const MofMethod *m = &c->methods[i];
                check_method(k, c, m);
                int64_t id;
                if (mof_qualifier_number(&m->qualifiers, "WmiMethodId", &id) && id > 0 && id <= UINT32_MAX)
                        ids[n++] = (Id){(uint32_t)id, i};
        }
        if (n)
                qsort(ids, n, sizeof(*ids), by_id);
        for (uint32_t i = 1; i < n; i++) {
                const MofMethod *m = &c->methods[ids[i].member], *was = &c->methods[ids[i - 1].member];
                if (ids[i].id == ids[i - 1].id)
                        check_error(k, RULE_METHOD_ID_DUPLICATE,
                                    mof_qualifier(&m->qualifiers, "WmiMethodId")->place,
                                    "%.*s has the WmiMethodId(%u) of %.*s", NAME(m->name), ids[i].id,
                                    NAME(was->name));
        }
}
