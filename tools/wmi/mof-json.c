// SPDX-License-Identifier: MIT
// A document of MOF as JSON.
#include "mof-json.h"

#include "base/limits.h"
#include "cim/value.h"

static void json_object(JsonText *j, const char *key, const MofObject *o, unsigned depth);

static void json_value(JsonText *j, const char *key, const MofValue *v, unsigned depth)
{
        switch ((MofValueKind)v->kind) {
        case MOF_VALUE_NONE:
        case MOF_VALUE_NULL:
                jsontext_null(j, key);
                return;
        case MOF_VALUE_BOOLEAN:
                jsontext_bool(j, key, v->boolean);
                return;
        case MOF_VALUE_INTEGER:
                jsontext_number(j, key, v->magnitude, v->negative);
                return;
        case MOF_VALUE_REAL:
                jsontext_real(j, key, v->real);
                return;
        case MOF_VALUE_STRING:
                jsontext_str16(j, key, v->string);
                return;
        case MOF_VALUE_CHAR:
                jsontext_open(j, key, '{');
                jsontext_number(j, "char", v->magnitude, false);
                jsontext_close(j, '}');
                return;
        case MOF_VALUE_ALIAS:
                jsontext_open(j, key, '{');
                jsontext_str16(j, "alias", v->string);
                jsontext_close(j, '}');
                return;
        case MOF_VALUE_ARRAY:
                jsontext_open(j, key, '[');
                for (uint32_t i = 0; i < v->array.count && depth < LIMIT_DEPTH; i++)
                        json_value(j, NULL, &v->array.items[i], depth + 1);
                jsontext_close(j, ']');
                return;
        case MOF_VALUE_OBJECT:
                jsontext_open(j, key, '{');
                if (v->object && depth < LIMIT_DEPTH)
                        json_object(j, "instance", v->object, depth + 1);
                jsontext_close(j, '}');
                return;
        }
}

void mof_json_value(JsonText *j, const char *key, const MofValue *v)
{
        json_value(j, key, v, 0);
}

static void json_flavors(JsonText *j, unsigned written)
{
        static const struct {
                unsigned bit;
                const char *word;
        } words[] = {
                {MOF_TO_INSTANCE, "ToInstance"},         {MOF_NOT_TO_INSTANCE, "NotToInstance"},
                {MOF_TO_SUBCLASS, "ToSubclass"},         {MOF_NOT_TO_SUBCLASS, "NotToSubclass"},
                {MOF_ENABLE_OVERRIDE, "EnableOverride"}, {MOF_DISABLE_OVERRIDE, "DisableOverride"},
                {MOF_RESTRICTED, "Restricted"},          {MOF_AMENDED, "Amended"},
                {MOF_TRANSLATABLE, "Translatable"},
        };
        jsontext_open(j, "flavors", '[');
        for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
                if (written & words[i].bit)
                        jsontext_z(j, NULL, words[i].word);
        jsontext_close(j, ']');
}

static void json_qualifiers(JsonText *j, const MofQualifierList *q, unsigned depth)
{
        jsontext_open(j, "qualifiers", '[');
        for (uint32_t i = 0; i < q->count; i++) {
                jsontext_open(j, NULL, '{');
                jsontext_str(j, "name", q->items[i].name);
                if (q->items[i].value.kind != MOF_VALUE_NONE)
                        json_value(j, "value", &q->items[i].value, depth + 1);
                if (q->items[i].written)
                        json_flavors(j, q->items[i].written);
                jsontext_close(j, '}');
        }
        jsontext_close(j, ']');
}

static const char *json_type_name(const MofType *t)
{
        CimType type = cim_type(t->type);
        return type == CIM_NONE        ? "void"
               : type == CIM_OBJECT    ? "object"
               : type == CIM_REFERENCE ? "reference"
                                       : cim_type_name(t->type);
}

static void json_type(JsonText *j, const MofType *t)
{
        jsontext_z(j, "type", json_type_name(t));
        if (t->word.n)
                jsontext_str(j, "cimtype", t->word);
        if (t->class_name.n)
                jsontext_str(j, "class", t->class_name);
        if (cim_is_array(t->type))
                jsontext_bool(j, "array", true);
        if (t->max)
                jsontext_number(j, "max", t->max, false);
}

static void json_property(JsonText *j, const MofProperty *p, bool declared, unsigned depth)
{
        jsontext_open(j, NULL, '{');
        jsontext_str(j, "name", p->name);
        if (declared)
                json_type(j, &p->type);
        if (declared || p->qualifiers.count)
                json_qualifiers(j, &p->qualifiers, depth);
        if (p->value.kind != MOF_VALUE_NONE)
                json_value(j, "value", &p->value, depth + 1);
        jsontext_close(j, '}');
}

static void json_method(JsonText *j, const MofMethod *m, unsigned depth)
{
        jsontext_open(j, NULL, '{');
        jsontext_str(j, "name", m->name);
        jsontext_z(j, "returns", json_type_name(&m->returns));
        if (m->returns.class_name.n)
                jsontext_str(j, "class", m->returns.class_name);
        json_qualifiers(j, &m->qualifiers, depth);
        jsontext_open(j, "parameters", '[');
        for (uint32_t i = 0; i < m->parameter_count; i++)
                json_property(j, &m->parameters[i], true, depth);
        jsontext_close(j, ']');
        jsontext_close(j, '}');
}

static void json_object(JsonText *j, const char *key, const MofObject *o, unsigned depth)
{
        jsontext_open(j, key, '{');
        jsontext_z(j, "kind", o->is_instance ? "instance" : "class");
        jsontext_str(j, o->is_instance ? "class" : "name", o->name);
        if (o->super.n)
                jsontext_str(j, "superclass", o->super);
        if (o->alias.n)
                jsontext_str(j, "alias", o->alias);
        if (o->namespace_text.n)
                jsontext_str(j, "namespace", o->namespace_text);
        if (o->class_flags)
                jsontext_number(j, "classFlags", o->class_flags, false);
        if (o->instance_flags)
                jsontext_number(j, "instanceFlags", o->instance_flags, false);
        if (!o->is_instance || o->qualifiers.count)
                json_qualifiers(j, &o->qualifiers, depth);
        jsontext_open(j, "properties", '[');
        for (uint32_t i = 0; i < o->property_count; i++)
                json_property(j, &o->properties[i], !o->is_instance, depth);
        jsontext_close(j, ']');
        if (!o->is_instance || o->method_count) {
                jsontext_open(j, "methods", '[');
                for (uint32_t i = 0; i < o->method_count; i++)
                        json_method(j, &o->methods[i], depth);
                jsontext_close(j, ']');
        }
        jsontext_close(j, '}');
}

static void json_deleted(JsonText *j, const char *key, const MofItem *item)
{
        jsontext_open(j, key, '{');
        jsontext_z(j, "kind", item->kind == MOF_ITEM_DELETE_CLASS ? "deleteclass" : "deleteinstance");
        jsontext_str(j, "what", item->deleted.what);
        jsontext_str(j, "namespace", item->deleted.namespace_text);
        jsontext_bool(j, "fail", item->fail);
        jsontext_close(j, '}');
}

static void json_default(JsonText *j, const char *key, const MofQualifierDefault *q)
{
        jsontext_open(j, key, '{');
        jsontext_z(j, "kind", "qualifier");
        jsontext_str(j, "name", q->name);
        if (q->typed) {
                jsontext_z(j, "type", cim_type_name(q->type));
                if (cim_is_array(q->type))
                        jsontext_bool(j, "array", true);
        }
        if (q->value.kind != MOF_VALUE_NONE)
                mof_json_value(j, "value", &q->value);
        json_flavors(j, q->written);
        jsontext_close(j, '}');
}

void mof_json_item(JsonText *j, const char *key, const MofItem *item)
{
        switch (item->kind) {
        case MOF_ITEM_OBJECT:
                json_object(j, key, item->object, 0);
                return;
        case MOF_ITEM_QUALIFIER:
                json_default(j, key, item->qualifier);
                return;
        case MOF_ITEM_DELETE_CLASS:
        case MOF_ITEM_DELETE_INSTANCE:
                json_deleted(j, key, item);
                return;
        }
}
