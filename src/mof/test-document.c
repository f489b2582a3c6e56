// SPDX-License-Identifier: MIT
// Comparing documents, for tests.
#include "mof/test-document.h"

#include <stdio.h>

typedef struct Compare {
        Buf *why;
        char where[512]; // "item 3, class Foo, property x"
} Compare;

static bool differ(Compare *c, const char *what, Str a, Str b)
{
        if (c->why)
                buf_printf(c->why, "%s: %s: \"%.*s\" and \"%.*s\"", c->where, what, STR_ARG(a), STR_ARG(b));
        return false;
}

static bool text(Compare *c, const char *what, Str a, Str b)
{
        return str_eq(a, b) || differ(c, what, a, b);
}

static bool number(Compare *c, const char *what, uint64_t a, uint64_t b)
{
        char s[2][24];
        if (a == b)
                return true;
        snprintf(s[0], sizeof(s[0]), "%llu", (unsigned long long)a);
        snprintf(s[1], sizeof(s[1]), "%llu", (unsigned long long)b);
        return differ(c, what, str_of(s[0]), str_of(s[1]));
}

// Goes one step down; the result is for step_up.
static size_t step_down(Compare *c, const char *what, Str name)
{
        size_t n = strlen(c->where);
        snprintf(c->where + n, sizeof(c->where) - n, "%s%s %.*s", n ? ", " : "", what, STR_ARG(name));
        return n;
}

static bool step_up(Compare *c, size_t n, bool same)
{
        c->where[n] = '\0';
        return same;
}

static bool object(Compare *c, const MofObject *a, const MofObject *b);

static bool list(Compare *c, const MofValue *a, const MofValue *b);

static bool value(Compare *c, const MofValue *a, const MofValue *b)
{
        if (!number(c, "kind of value", a->kind, b->kind))
                return false;
        switch ((MofValueKind)a->kind) {
        case MOF_VALUE_NONE:
        case MOF_VALUE_NULL:
                return true;
        case MOF_VALUE_BOOLEAN:
                return number(c, "boolean", a->boolean, b->boolean);
        case MOF_VALUE_INTEGER:
                return number(c, "sign", a->negative, b->negative) && number(c, "pattern of bits", a->bits, b->bits) &&
                       number(c, "integer", a->magnitude, b->magnitude);
        case MOF_VALUE_CHAR:
                return number(c, "character", a->magnitude, b->magnitude);
        case MOF_VALUE_REAL: {
                uint64_t bits[2];
                memcpy(&bits[0], &a->real, 8);
                memcpy(&bits[1], &b->real, 8);
                return number(c, "bits of the real", bits[0], bits[1]);
        }
        case MOF_VALUE_STRING:
        case MOF_VALUE_ALIAS:
                if (!number(c, "length of the string", a->string.n, b->string.n))
                        return false;
                for (size_t i = 0; i < a->string.n; i++)
                        if (!number(c, "unit of the string", a->string.p[i], b->string.p[i]))
                                return false;
                return true;
        case MOF_VALUE_ARRAY:
                return list(c, a, b);
        case MOF_VALUE_OBJECT:
                return object(c, a->object, b->object);
        }
        return false;
}

static bool list(Compare *c, const MofValue *a, const MofValue *b)
{
        if (!number(c, "length of the list", a->array.count, b->array.count))
                return false;
        for (uint32_t i = 0; i < a->array.count; i++)
                if (!value(c, &a->array.items[i], &b->array.items[i]))
                        return false;
        return true;
}

static bool qualifiers(Compare *c, const MofQualifierList *a, const MofQualifierList *b)
{
        if (!number(c, "number of qualifiers", a->count, b->count))
                return false;
        for (uint32_t i = 0; i < a->count; i++) {
                const MofQualifier *p = &a->items[i], *q = &b->items[i];
                size_t n = step_down(c, "qualifier", p->name);
                if (!text(c, "name", p->name, q->name) || !value(c, &p->value, &q->value) ||
                    !number(c, "flavors as written", p->written, q->written) || !number(c, "flavor", p->flavor, q->flavor) ||
                    !number(c, "declared", p->declared != NULL, q->declared != NULL))
                        return false;
                step_up(c, n, true);
        }
        return true;
}

static bool type(Compare *c, const MofType *a, const MofType *b)
{
        return number(c, "type", a->type, b->type) && text(c, "spelling of the type", a->word, b->word) &&
               text(c, "class of the type", a->class_name, b->class_name) && number(c, "size of the array", a->max, b->max);
}

static bool property(Compare *c, const char *what, const MofProperty *a, const MofProperty *b)
{
        size_t n = step_down(c, what, a->name);
        return step_up(c, n, text(c, "name", a->name, b->name) && type(c, &a->type, &b->type) &&
                                     qualifiers(c, &a->qualifiers, &b->qualifiers) && value(c, &a->value, &b->value));
}

static bool method(Compare *c, const MofMethod *a, const MofMethod *b)
{
        size_t n = step_down(c, "method", a->name);
        if (!text(c, "name", a->name, b->name) || !type(c, &a->returns, &b->returns) ||
            !qualifiers(c, &a->qualifiers, &b->qualifiers) ||
            !number(c, "number of parameters", a->parameter_count, b->parameter_count))
                return false;
        for (uint32_t i = 0; i < a->parameter_count; i++)
                if (!property(c, "parameter", &a->parameters[i], &b->parameters[i]))
                        return false;
        return step_up(c, n, true);
}

static bool object(Compare *c, const MofObject *a, const MofObject *b)
{
        size_t n = step_down(c, a->is_instance ? "instance of" : "class", a->name);
        if (!number(c, "instance", a->is_instance, b->is_instance) || !text(c, "name", a->name, b->name) ||
            !text(c, "superclass", a->super, b->super) || !text(c, "alias", a->alias, b->alias) ||
            !text(c, "namespace as written", a->namespace_text, b->namespace_text) ||
            !text(c, "namespace", a->namespace, b->namespace) || !number(c, "class flags", a->class_flags, b->class_flags) ||
            !number(c, "instance flags", a->instance_flags, b->instance_flags) ||
            !qualifiers(c, &a->qualifiers, &b->qualifiers) ||
            !number(c, "number of properties", a->property_count, b->property_count) ||
            !number(c, "number of methods", a->method_count, b->method_count))
                return false;
        for (uint32_t i = 0; i < a->property_count; i++)
                if (!property(c, "property", &a->properties[i], &b->properties[i]))
                        return false;
        for (uint32_t i = 0; i < a->method_count; i++)
                if (!method(c, &a->methods[i], &b->methods[i]))
                        return false;
        return step_up(c, n, true);
}

static bool declaration(Compare *c, const MofQualifierDefault *a, const MofQualifierDefault *b)
{
        size_t n = step_down(c, "qualifier", a->name);
        return step_up(c, n, text(c, "name", a->name, b->name) && number(c, "form", a->typed, b->typed) &&
                                     number(c, "flavors as written", a->written, b->written) &&
                                     number(c, "flavor", a->flavor, b->flavor) && number(c, "type", a->type, b->type) &&
                                     number(c, "size of the array", a->max, b->max) &&
                                     number(c, "scope", a->scope, b->scope) && value(c, &a->value, &b->value));
}

static bool item(Compare *c, const MofItem *a, const MofItem *b)
{
        if (!number(c, "kind", a->kind, b->kind))
                return false;
        switch (a->kind) {
        case MOF_ITEM_OBJECT:
                return object(c, a->object, b->object);
        case MOF_ITEM_QUALIFIER:
                return declaration(c, a->qualifier, b->qualifier);
        case MOF_ITEM_DELETE_CLASS:
        case MOF_ITEM_DELETE_INSTANCE:
                return number(c, "fail", a->fail, b->fail) && text(c, "what", a->deleted.what, b->deleted.what) &&
                       text(c, "namespace as written", a->deleted.namespace_text, b->deleted.namespace_text) &&
                       text(c, "namespace", a->deleted.namespace, b->deleted.namespace);
        }
        return false;
}

bool test_value_same(const MofValue *a, const MofValue *b)
{
        return value(&(Compare){0}, a, b);
}

bool test_document_same(const MofDocument *a, const MofDocument *b, Buf *why)
{
        Compare c = {.why = why};
        if (!number(&c, "autorecover", a->autorecover, b->autorecover) || !text(&c, "amendment", a->amendment, b->amendment) ||
            !number(&c, "number of items", a->item_count, b->item_count))
                return false;
        for (uint32_t i = 0; i < a->item_count; i++) {
                char at[16];
                snprintf(at, sizeof(at), "%u", i + 1);
                size_t n = step_down(&c, "item", str_of(at));
                if (!item(&c, &a->items[i], &b->items[i]))
                        return false;
                step_up(&c, n, true);
        }
        return true;
}
