// SPDX-License-Identifier: MIT
// Do records say the same, and if not, where do they differ?
#include "bmf/bmf-impl.h"

#include <stdio.h>

#include "base/utf.h"

static bool same_string(Str16 a, Str16 b)
{
        return a.n == b.n && (a.n == 0 || !memcmp(a.p, b.p, a.n * sizeof(*a.p)));
}

bool bmf_same_value(const BmfValue *a, const BmfValue *b)
{
        if (a->type != b->type)
                return false;
        if (!(a->type & CIM_ARRAY)) {
                if (bmf_is_text(a->type))
                        return same_string(a->string, b->string);
                if (cim_type(a->type) == CIM_OBJECT)
                        return a->object == b->object || bmf_same_object(a->object, b->object, NULL);
                return a->bits == b->bits;
        }
        if (a->array.count != b->array.count)
                return false;
        for (uint32_t i = 0; i < a->array.count; i++)
                if (!bmf_same_value(&a->array.items[i], &b->array.items[i]))
                        return false;
        return true;
}

bool bmf_same_qualifier(const BmfQualifier *a, const BmfQualifier *b)
{
        return same_string(a->name, b->name) && a->has_flavor == b->has_flavor &&
               (!a->has_flavor || a->flavor == b->flavor) && a->has_value == b->has_value &&
               (a->has_value ? bmf_same_value(&a->value, &b->value) : a->value.type == b->value.type);
}

// --- and where not -------------------------------------------------------------------------------

static void say(char *why, const char *what, Str16 name, const char *inner)
{
        char text[160];
        size_t n = 0;
        if (!why)
                return;
        for (size_t i = 0; i < name.n && n + 4 < sizeof(text) && n < 120; i++)
                n += utf8_encode(name.p[i] < 0x20 ? '?' : name.p[i], text + n);
        text[n] = '\0';
        char copy[BMF_WHY]; // `inner` may be `why`
        int length = snprintf(copy, sizeof(copy), "%s %s%s%s", what, text, *inner ? ": " : "", inner);
        if (length < 0)
                return;
        memcpy(why, copy, sizeof(copy));
}

static bool same_qualifiers(const BmfQualifiers *a, const BmfQualifiers *b, char *why)
{
        uint32_t n = a->count < b->count ? a->count : b->count;
        for (uint32_t i = 0; i < n; i++)
                if (!bmf_same_qualifier(&a->items[i], &b->items[i])) {
                        say(why, "qualifier", a->items[i].name, "");
                        return false;
                }
        if (a->present == b->present && a->count == b->count)
                return true;
        say(why, "the number of qualifiers", (Str16){u"", 0}, "");
        return false;
}

static bool same_record(const BmfProperty *a, const BmfProperty *b, const char *what, char *why)
{
        if (why)
                why[0] = '\0';
        bool same = same_string(a->name, b->name) && a->type == b->type && a->has_value == b->has_value &&
                    (!a->has_value || bmf_same_value(&a->value, &b->value)) &&
                    same_qualifiers(&a->qualifiers, &b->qualifiers, why);
        if (!same)
                say(why, what, a->name, why ? why : "");
        return same;
}

static bool same_records(const BmfProperty *a, uint32_t a_count, const BmfProperty *b, uint32_t b_count,
                         const char *what, char *why)
{
        uint32_t n = a_count < b_count ? a_count : b_count;
        for (uint32_t i = 0; i < n; i++)
                if (!same_record(&a[i], &b[i], what, why))
                        return false;
        if (a_count == b_count)
                return true;
        const BmfProperty *more = a_count > b_count ? &a[n] : &b[n];
        say(why, what, more->name, a_count > b_count ? "it is lost" : "it is added");
        return false;
}

bool bmf_same_object(const BmfObject *a, const BmfObject *b, char why[BMF_WHY])
{
        if (a->kind != b->kind || a->has_methods != b->has_methods) {
                say(why, a->kind != b->kind ? "its kind" : "its list of methods", (Str16){u"", 0}, "");
                return false;
        }
        return same_qualifiers(&a->qualifiers, &b->qualifiers, why) &&
               same_records(a->properties, a->property_count, b->properties, b->property_count, "property",
                            why) &&
               same_records(a->methods, a->method_count, b->methods, b->method_count, "method", why);
}
