// SPDX-License-Identifier: MIT
// The rules of WDM, class by class: what a class says of itself. Items and methods are check-items.c's.
#include "mofck/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/utf.h"
#include "mofck/check-impl.h"

// --- findings ------------------------------------------------------------------------------------

// One of a class: kept until the class is done, to be told in the order of the text.
typedef struct Found {
        Rule rule;
        bool warning;
        MofPlace place;
        const char *message, *hint;
} Found;

static void check_add(Check *k, Rule rule, bool warning, MofPlace place, const char *format, va_list args)
{
        char text[sizeof(((Diag *)0)->message)];
        vsnprintf(text, sizeof(text), format, args);
        Found f = {rule, warning, place, arena_strndup(&k->arena, text, strlen(text)), ""};
        buf_put(&k->found, &f, sizeof(f));
        k->failed |= !f.message || k->found.failed;
}

void check_error(Check *k, Rule rule, MofPlace place, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        check_add(k, rule, false, place, format, args);
        va_end(args);
}

void check_warn(Check *k, Rule rule, MofPlace place, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        check_add(k, rule, true, place, format, args);
        va_end(args);
}

void check_hint(Check *k, const char *format, ...)
{
        char text[sizeof(((Diag *)0)->hint)];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        char *hint = arena_strndup(&k->arena, text, strlen(text));
        k->failed |= !hint;
        if (!k->failed)
                ((Found *)(void *)(k->found.p + k->found.n))[-1].hint = hint;
}

static int found_by_place(const void *a, const void *b)
{
        const Found *x = a, *y = b;
        if (x->place.at != y->place.at)
                return x->place.at < y->place.at ? -1 : 1;
        return x->rule < y->rule ? -1 : x->rule > y->rule;
}

// Tells what was found in the class, in the order of the text.
static int check_tell(Check *k)
{
        if (k->failed)
                return -ENOMEM;
        Found *f = (Found *)(void *)k->found.p;
        size_t n = k->found.n / sizeof(*f);
        int r = 0;
        if (n)
                qsort(f, n, sizeof(*f), found_by_place);
        for (size_t i = 0; i < n && !r; i++) {
                MofckFinding finding = {.rule = mofck_rules[f[i].rule].name, .warning = f[i].warning};
                mof_document_place(k->classes.document, f[i].place, &finding.diag);
                snprintf(finding.diag.message, sizeof(finding.diag.message), "%s", f[i].message);
                snprintf(finding.diag.hint, sizeof(finding.diag.hint), "%s", f[i].hint);
                r = k->tell(k->context, &finding);
        }
        k->found.n = 0;
        return r;
}

// --- qualifiers of known types -------------------------------------------------------------------

typedef struct KnownQualifier {
        const char *name;
        enum { IS_FLAG, IS_NUMBER, IS_TEXT, IS_TEXTS } is;
} KnownQualifier;

static const KnownQualifier of_class[] = {
        {"WMI", IS_FLAG},         {"Dynamic", IS_FLAG},     {"Static", IS_FLAG},
        {"abstract", IS_FLAG},    {"Provider", IS_TEXT},    {"guid", IS_TEXT},
        {"Description", IS_TEXT}, {"DisplayName", IS_TEXT}, {"WmiExpense", IS_NUMBER},
        {"HeaderName", IS_TEXT},  {"GuidName1", IS_TEXT},   {"GuidName2", IS_TEXT},
        {NULL, IS_FLAG}};

static const KnownQualifier of_property[] = {{"key", IS_FLAG},
                                             {"read", IS_FLAG},
                                             {"write", IS_FLAG},
                                             {"BitMap", IS_TEXTS},
                                             {"BitValues", IS_TEXTS},
                                             {"Values", IS_TEXTS},
                                             {"ValueMap", IS_TEXTS},
                                             {"DefineValues", IS_TEXTS},
                                             {"DisplayInHex", IS_FLAG},
                                             {"DisplayName", IS_TEXT},
                                             {"Description", IS_TEXT},
                                             {"MaxLen", IS_NUMBER},
                                             {"WmiSizeIs", IS_TEXT},
                                             {"WmiScale", IS_NUMBER},
                                             {"WmiTimeStamp", IS_FLAG},
                                             {"WmiComplexity", IS_NUMBER},
                                             {"WmiVolatility", IS_NUMBER},
                                             {"WmiEventTrigger", IS_TEXT},
                                             {"WmiEventRate", IS_TEXT},
                                             {NULL, IS_FLAG}};

static bool qualifier_fits(const MofValue *v, const KnownQualifier *known)
{
        switch (known->is) {
        case IS_FLAG:
                return v->kind == MOF_VALUE_NONE || v->kind == MOF_VALUE_BOOLEAN;
        case IS_NUMBER:
                return v->kind == MOF_VALUE_INTEGER;
        case IS_TEXT:
                return v->kind == MOF_VALUE_STRING;
        case IS_TEXTS:
                if (v->kind != MOF_VALUE_ARRAY)
                        return false;
                for (uint32_t i = 0; i < v->array.count; i++)
                        if (v->array.items[i].kind != MOF_VALUE_STRING)
                                return false;
                return true;
        }
        return false;
}

static void check_known(Check *k, const MofQualifierList *list, const KnownQualifier *known)
{
        static const char *const wants[] = {[IS_FLAG] = "no value, TRUE or FALSE",
                                            [IS_NUMBER] = "a whole number",
                                            [IS_TEXT] = "a string",
                                            [IS_TEXTS] = "a list of strings"};
        static const char *const like[] = {[IS_FLAG] = "",
                                           [IS_NUMBER] = "(1)",
                                           [IS_TEXT] = "(\"...\")",
                                           [IS_TEXTS] = "{\"...\", \"...\"}"};
        for (; known->name; known++) {
                const MofQualifier *q = mof_qualifier(list, known->name);
                if (!q || qualifier_fits(&q->value, known))
                        continue;
                check_error(k, RULE_QUALIFIER_TYPE, q->place, "%s wants %s", known->name, wants[known->is]);
                check_hint(k, "write %s%s", known->name, like[known->is]);
        }
}

void check_property_qualifiers(Check *k, const MofQualifierList *list)
{
        check_known(k, list, of_property);
}

// --- the class -----------------------------------------------------------------------------------

static bool is_letter(char c)
{
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static void check_class_name(Check *k, const MofObject *c)
{
        bool fine = c->name.n && is_letter(c->name.p[0]) && c->name.p[c->name.n - 1] != '_';
        for (size_t i = 0; i < c->name.n; i++)
                fine = fine && (is_letter(c->name.p[i]) || (c->name.p[i] >= '0' && c->name.p[i] <= '9') ||
                                c->name.p[i] == '_');
        if (fine)
                return;
        check_error(k, RULE_CLASS_NAME, c->place, "%.*s is no name for a WMI class", NAME(c->name));
        check_hint(k, "letters, digits and underscores; the first is a letter, the last no underscore");
}

// The GUID of each class, to find one that two classes have.
static const MofObject *check_remember_guid(Check *k, const Guid *g, const MofObject *c)
{
        size_t at = (size_t)hash_bytes(g->b, sizeof(g->b));
        for (at &= k->guid_mask;; at = (at + 1) & k->guid_mask) {
                GuidOf *slot = &k->guids[at];
                if (!slot->class) {
                        *slot = (GuidOf){*g, c};
                        return NULL;
                }
                if (guid_eq(&slot->guid, g))
                        return str_ieq(slot->class->name, c->name) ? NULL : slot->class;
        }
}

static void check_guid(Check *k, const MofObject *c)
{
        const MofQualifier *q = mof_qualifier(&c->qualifiers, "guid");
        if (!q) {
                check_error(k, RULE_GUID_MISSING, c->place, "the WMI class %.*s has no guid", NAME(c->name));
                check_hint(k, "make one with uuidgen: guid(\"{...}\")");
                return;
        }
        if (q->value.kind != MOF_VALUE_STRING)
                return; // qualifier-type says it
        Str text = qualifier_text(q, &k->arena);
        Guid g;
        if (!text.p) {
                k->failed = true;
        } else if (!guid_parse(text, &g)) {
                check_error(k, RULE_GUID_MALFORMED, q->place, "\"%.*s\" is no GUID", NAME(text));
                check_hint(k, "it reads like {15D851F1-6539-11D1-A529-00A0C9062910}, with or without braces");
        } else {
                const MofObject *other = check_remember_guid(k, &g, c);
                if (other) {
                        check_error(k, RULE_GUID_DUPLICATE, q->place, "%.*s has the guid of %.*s",
                                    NAME(c->name), NAME(other->name));
                        check_hint(k, "WMI finds a block's class by its guid: make another one with uuidgen");
                }
        }
}

static void check_provider(Check *k, const MofObject *c)
{
        const MofQualifier *q = classes_qualifier(&k->classes, c, "Provider");
        if (!q) {
                check_error(k, RULE_PROVIDER_MISSING, c->place, "%.*s has no Provider", NAME(c->name));
                check_hint(
                        k,
                        "write Provider(\"WMIProv\"); an embedded class has neither InstanceName nor Active");
                return;
        }
        if (q->value.kind != MOF_VALUE_STRING || mof_qualifier(&c->qualifiers, "Provider") != q)
                return;
        Str text = qualifier_text(q, &k->arena);
        k->failed |= !text.p;
        if (text.p && !str_ieq(text, STR("WMIProv"))) {
                check_error(k, RULE_PROVIDER_WRONG, q->place,
                            "the provider of a driver's class is not \"%.*s\"", NAME(text));
                check_hint(k, "write Provider(\"WMIProv\")");
        }
}

static void check_dynamic(Check *k, const MofObject *c)
{
        bool dynamic = classes_qualifier_true(&k->classes, c, "Dynamic"),
             is_static = classes_qualifier_true(&k->classes, c, "Static");
        if (!dynamic && !is_static) {
                check_error(k, RULE_DYNAMIC_MISSING, c->place, "%.*s is neither Dynamic nor Static",
                            NAME(c->name));
                check_hint(k, "what a driver registers is Dynamic");
        } else if (dynamic && is_static) {
                check_error(k, RULE_DYNAMIC_AND_STATIC, c->place, "%.*s is Dynamic and Static",
                            NAME(c->name));
                check_hint(k, "instances come from the driver (Dynamic) or from the MOF file (Static)");
        }
}

static void check_locale(Check *k, const MofObject *c)
{
        const MofQualifier *q = mof_qualifier(&c->qualifiers, "Locale");
        if (!q || q->value.kind == MOF_VALUE_INTEGER) // what mofcomp -AMENDMENT writes
                return;
        Str text = q->value.kind == MOF_VALUE_STRING ? qualifier_text(q, &k->arena) : STR("");
        k->failed |= !text.p;
        bool fine = text.p && text.n > 5 && str_ieq((Str){text.p, 5}, STR("MS\\0x"));
        for (size_t i = 5; fine && i < text.n; i++)
                fine = strchr("0123456789abcdefABCDEF", text.p[i]) != NULL;
        if (fine || k->failed)
                return;
        check_warn(k, RULE_LOCALE_MALFORMED, q->place, "the Locale of %.*s names no locale", NAME(c->name));
        check_hint(k, "write Locale(\"MS\\\\0x409\")");
}

// Places of an abstract class above c, or c itself.
static void check_abstract(Check *k, const MofObject *c)
{
        const MofQualifier *q = mof_qualifier(&c->qualifiers, "abstract");
        if (!q || !qualifier_true(q))
                return;
        if (classes_derives(&k->classes, c, "WMIEvent")) {
                check_error(k, RULE_EVENT_ABSTRACT, q->place, "%.*s is derived from WMIEvent and abstract",
                            NAME(c->name));
                check_hint(k, "WMIEvent is abstract already, and one class of a hierarchy may be: leave "
                              "abstract out");
                return;
        }
        const MofObject *s = c;
        for (unsigned depth = 0; depth < LIMIT_DEPTH && (s = classes_super(&k->classes, s)) != NULL;
             depth++) {
                const MofQualifier *other = mof_qualifier(&s->qualifiers, "abstract");
                if (other && qualifier_true(other)) {
                        check_error(k, RULE_ABSTRACT_TWICE, q->place,
                                    "%.*s is abstract, and so is %.*s above it", NAME(c->name),
                                    NAME(s->name));
                        check_hint(k, "one class of a hierarchy may be abstract");
                        return;
                }
        }
}

static void check_event(Check *k, const MofObject *c)
{
        static const char *const events[] = {"__Event", "__ExtrinsicEvent"};
        for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
                if (!str_ieq(c->super, str_of(events[i])) || str_ieq(c->name, STR("WMIEvent")))
                        continue;
                check_warn(k, RULE_EVENT_BASE, c->super_place, "the event block %.*s is derived from %s",
                           NAME(c->name), events[i]);
                check_hint(k, "derive it from WMIEvent: WMI asks a driver for the events of these");
        }
}

// What kind of class it is.
static bool is_tracing(const Check *k, const MofObject *c)
{
        return classes_derives(&k->classes, c, "EventTrace");
}

// Does the class, or one that it is derived from, call itself one of WMI's?
static bool is_wmi(const Check *k, const MofObject *c)
{
        for (unsigned depth = 0; c && depth < LIMIT_DEPTH; depth++, c = classes_super(&k->classes, c))
                if (mof_qualifier(&c->qualifiers, "WMI") || mof_qualifier(&c->qualifiers, "guid"))
                        return true;
        return false;
}

// A class that has nothing of a block is one that others embed.
static bool is_block(const Check *k, const MofObject *c, const Members *m)
{
        static const char *const signs[] = {"Provider", "Dynamic", "Static"};
        for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
                if (classes_qualifier(&k->classes, c, signs[i]))
                        return true;
        return members_find(m, STR("InstanceName")) || members_find(m, STR("Active")) ||
               (c->method_count && !classes_is_embedded(&k->classes, c)) ||
               classes_derives(&k->classes, c, "WMIEvent");
}

static void check_members(Check *k, const MofObject *c)
{
        Members m;
        int r = k->members < LIMIT_MEMBERS ? members_of(&k->classes, c, &k->arena, &m) : -E2BIG;
        if (r == -ENOMEM) {
                k->failed = true;
                return;
        }
        if (r == -E2BIG || c->method_count > LIMIT_CLASS_PROPERTIES) {
                check_error(k, RULE_TOO_MANY, c->place,
                            k->members < LIMIT_MEMBERS
                                    ? "%.*s has more than %u properties or methods"
                                    : "with %.*s the classes have too many properties; it is not checked",
                            NAME(c->name), LIMIT_CLASS_PROPERTIES);
                return;
        }
        if (r == -ELOOP) {
                check_error(k, RULE_BASE_CIRCLE, c->super_place,
                            "%.*s is derived from itself, or from more than %u classes", NAME(c->name),
                            LIMIT_DEPTH - 1);
                return;
        }
        k->members += m.count;
        bool block = is_block(k, c, &m);
        if (block) {
                check_provider(k, c);
                check_dynamic(k, c);
        }
        check_items(k, c, &m, block);
        check_methods(k, c);
}

static void check_class(Check *k, const MofObject *c)
{
        check_class_name(k, c);
        const MofQualifier *wmi = mof_qualifier(&c->qualifiers, "WMI");
        if (!wmi && !classes_qualifier_true(&k->classes, c, "WMI")) {
                check_error(k, RULE_WMI_MISSING, c->place, "%.*s has no qualifier WMI", NAME(c->name));
                check_hint(k, "write [WMI, ...]");
        }
        const MofObject *last = classes_find(&k->classes, c->name);
        if (last != c) {
                check_warn(k, RULE_CLASS_DUPLICATE, c->place, "%.*s is declared again further on",
                           NAME(c->name));
                check_hint(k, "the last declaration holds");
        }
        check_guid(k, c);
        check_locale(k, c);
        check_abstract(k, c);
        check_event(k, c);
        check_known(k, &c->qualifiers, of_class);
        check_members(k, c);
}

// --- the document --------------------------------------------------------------------------------

static int check_guid_slots(Check *k)
{
        size_t slots = 16;
        while (slots < 2 * (size_t)k->classes.document->item_count)
                slots *= 2;
        k->guid_mask = slots - 1;
        k->guids = calloc(slots, sizeof(*k->guids));
        return k->guids ? 0 : -ENOMEM;
}

int mofck_check(const MofDocument *d, int (*found)(void *context, const MofckFinding *f), void *context)
{
        Check k = {.tell = found, .context = context};
        int r = classes_init(&k.classes, d);
        if (!r)
                r = check_guid_slots(&k);
        for (uint32_t i = 0; i < d->item_count && !r; i++) {
                const MofObject *c = d->items[i].kind == MOF_ITEM_OBJECT ? d->items[i].object : NULL;
                if (!c || c->is_instance || !is_wmi(&k, c) || is_tracing(&k, c))
                        continue;
                check_class(&k, c);
                r = check_tell(&k);
                arena_reset(&k.arena);
        }
        free(k.guids);
        buf_deinit(&k.found);
        arena_deinit(&k.arena);
        classes_deinit(&k.classes);
        return r;
}
