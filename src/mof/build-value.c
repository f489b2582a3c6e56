// SPDX-License-Identifier: MIT
// Values as they are written -> values of a type.
#include "mof/build-impl.h"

static int text_value(const BuildInto *into, Str16 from, uint16_t type, CimValue *ret)
{
        Str16 s = from;
        if (into->own) {
                s.p = arena_copy(into->arena, from.p, from.n * sizeof(*from.p));
                if (!s.p)
                        return -ENOMEM;
        }
        *ret = (CimValue){.type = type, .string = s};
        return 0;
}

static void integer_value(const MofValue *v, uint16_t type, CimValue *ret)
{
        bool negative;
        uint64_t magnitude;
        mof_value_whole(v, &negative, &magnitude); // it fits
        uint64_t bits = negative ? (uint64_t)0 - magnitude : magnitude;
        *ret = (CimValue){.type = type};
        if (cim_type_is_signed(type))
                ret->sint = (int64_t)bits;
        else
                ret->uint = bits;
}

static void real_value(const MofValue *v, uint16_t type, CimValue *ret)
{
        double d = v->kind == MOF_VALUE_REAL ? v->real : v->negative ? -(double)v->magnitude : (double)v->magnitude;
        *ret = (CimValue){.type = type, .real = type == CIM_REAL32 ? (double)(float)d : d};
}

// --- embedded instances --------------------------------------------------------------------------

static int no_property(Builder *b, const MofProperty *p, const CimClass *c)
{
        StrNearest nearest = {.wanted = p->name};
        build_error(b, p->place, CIM_E_NOT_FOUND, "the class %.*s has no property %.*s", STR_ARG(c->name),
                    STR_ARG(p->name));
        if (build_is_system(p->name))
                return build_hint(b, "properties that begin with \"__\" are the system's");
        for (size_t i = 0; i < c->property_count; i++)
                str_nearest_offer(&nearest, c->properties[i].name);
        return nearest.best.n ? build_hint(b, "did you mean %.*s?", STR_ARG(nearest.best)) : E_DIAG;
}

int build_assign(Builder *b, const BuildInto *into, const MofObject *o, CimInstance *i)
{
        const CimClass *c = i->class;
        int wrong = 0;
        for (uint32_t k = 0; k < o->property_count && !b->stop; k++) {
                const MofProperty *p = &o->properties[k];
                int at = cim_class_property(c, p->name);
                int r = 0;
                if (at < 0)
                        r = no_property(b, p, c);
                else if (p->value.kind != MOF_VALUE_NONE)
                        r = build_value(b, into, &p->value, c->properties[at].type, c->properties[at].class_name,
                                        p->name, &i->values[at]);
                if (r < 0)
                        return r;
                wrong |= r;
        }
        return wrong;
}

static int object_value(Builder *b, const BuildInto *into, const MofValue *v, Str class_name, Str what,
                        CimValue *ret)
{
        const MofObject *o = v->object;
        BuildInto inside = *into;
        bool broken;
        if (++inside.depth > LIMIT_DEPTH)
                return build_error(b, v->place, CIM_MOF_INVALID_INSTANCE,
                                   "instances inside of instances, more than %u deep", LIMIT_DEPTH);
        const CimClass *c = build_find_class(b, into->namespace, o->name, &broken);
        if (!c && (broken || b->document->lost))
                return E_DIAG;
        if (!c) {
                build_error(b, o->place, CIM_E_INVALID_CLASS, "there is no class %.*s in %.*s", STR_ARG(o->name),
                            STR_ARG(into->namespace));
                return build_hint_class(b, into->namespace, o->name,
                                        "declare it in this text, or compile the text that declares it first");
        }
        if (class_name.n && !cim_class_isa(c, class_name))
                return build_error(b, o->place, CIM_MOF_TYPE_MISMATCH,
                                   "%.*s holds instances of %.*s, and %.*s is not derived from it", STR_ARG(what),
                                   STR_ARG(class_name), STR_ARG(c->name));
        if (build_weigh(b, v->place, c->property_count))
                return E_DIAG;
        CimInstance *i = cim_instance_in(into->arena, c);
        if (!i)
                return -ENOMEM;
        *ret = (CimValue){.type = CIM_OBJECT, .object = i};
        return build_assign(b, &inside, o, i);
}

// --- as a type -----------------------------------------------------------------------------------

// What a record of binary MOF means as a value of that type: 32 bits may be unsigned, a string may be a number of 64. Where
// the class is in the document that is seen to already.
static MofValue record_value(const MofValue *v, CimType type)
{
        MofValue meant = *v;
        bool wide = type == CIM_UINT64 || type == CIM_SINT64;
        if (v->kind == MOF_VALUE_INTEGER && v->negative && v->magnitude <= 0x80000000u &&
            (type == CIM_UINT32 || type == CIM_UINT64)) {
                meant.negative = false;
                meant.magnitude = 0x100000000u - v->magnitude;
        } else if (v->kind == MOF_VALUE_STRING && wide && mof_value_decimal(v->string, &meant)) {
                meant.kind = MOF_VALUE_INTEGER;
        }
        return meant;
}

static int scalar_value(Builder *b, const BuildInto *into, const MofValue *v, CimType type, Str class_name,
                        Str what, CimValue *ret)
{
        Diag d = {0};
        Str16 path;
        MofValue meant;
        if (b->document->binary) {
                meant = record_value(v, type);
                v = &meant;
        }
        *ret = cim_null((uint16_t)type);
        if (mof_value_fits(b->document->text, v, (uint16_t)type, what, &d))
                return build_error_diag(b, v->place, &d);
        if (cim_type_is_signed(type) || cim_type_is_unsigned(type)) {
                integer_value(v, (uint16_t)type, ret);
                return 0;
        }
        switch ((int)type) {
        case CIM_REAL32:
        case CIM_REAL64:
                real_value(v, (uint16_t)type, ret);
                return 0;
        case CIM_BOOLEAN:
                *ret = (CimValue){.type = CIM_BOOLEAN, .boolean = v->boolean};
                return 0;
        case CIM_CHAR16:
                *ret = (CimValue){.type = CIM_CHAR16, .uint = v->magnitude};
                return 0;
        case CIM_OBJECT:
                return object_value(b, into, v, class_name, what, ret);
        default:
                break;
        }
        if (v->kind != MOF_VALUE_ALIAS)
                return text_value(into, v->string, (uint16_t)type, ret);
        int r = build_alias_path(b, into, v, &path);
        if (r == 0)
                *ret = (CimValue){.type = CIM_REFERENCE, .string = path};
        return r;
}

// Each element of a list. Errors are recorded for each.
static int array_value(Builder *b, const BuildInto *into, const MofValue *v, CimType type, Str class_name,
                       Str what, CimValue *ret)
{
        CimValue *items = arena_array(into->arena, CimValue, v->array.count);
        int wrong = 0;
        if (!items)
                return -ENOMEM;
        for (uint32_t i = 0; i < v->array.count && !b->stop; i++) {
                const MofValue *item = &v->array.items[i];
                int r = item->kind == MOF_VALUE_NULL || item->kind == MOF_VALUE_NONE
                                ? build_error(b, item->place, CIM_MOF_NULL_ARRAY_ELEM,
                                              "NULL cannot be an element of an array")
                                : scalar_value(b, into, item, type, class_name, what, &items[i]);
                if (r < 0)
                        return r;
                wrong |= r;
        }
        *ret = (CimValue){.type = (uint16_t)(type | CIM_ARRAY), .array = {items, v->array.count}};
        return wrong;
}

int build_value(Builder *b, const BuildInto *into, const MofValue *v, uint16_t type, Str class_name, Str what,
                CimValue *ret)
{
        Diag d = {0};
        *ret = cim_null(type);
        if (v->kind == MOF_VALUE_NULL || v->kind == MOF_VALUE_NONE)
                return 0;
        if (!cim_is_array(type) && v->kind != MOF_VALUE_ARRAY)
                return scalar_value(b, into, v, cim_type(type), class_name, what, ret);
        if (mof_value_fits(b->document->text, v, type, what, &d))
                return build_error_diag(b, v->place, &d);
        return array_value(b, into, v, cim_type(type), class_name, what, ret);
}

// --- qualifiers ----------------------------------------------------------------------------------

// The type of a qualifier's value, by how it is written. 0: none, reported.
static uint16_t free_type(Builder *b, const MofValue *v, Str what)
{
        switch ((MofValueKind)v->kind) {
        case MOF_VALUE_BOOLEAN:
                return CIM_BOOLEAN;
        case MOF_VALUE_REAL:
                return CIM_REAL64;
        case MOF_VALUE_STRING:
                return CIM_STRING;
        case MOF_VALUE_CHAR:
                return CIM_CHAR16;
        case MOF_VALUE_INTEGER:
                // sint32 as WMI has it; a pattern of 32 bits is one too; what is wider keeps its width.
                if (v->negative ? v->magnitude <= 0x80000000u : v->magnitude <= 0x7FFFFFFFu)
                        return CIM_SINT32;
                if (!v->negative && v->bits && v->magnitude <= 0xFFFFFFFFu)
                        return CIM_SINT32;
                return v->negative || v->magnitude <= INT64_MAX ? CIM_SINT64 : CIM_UINT64;
        case MOF_VALUE_ALIAS:
                build_error(b, v->place, CIM_MOF_UNEXPECTED_ALIAS, "the qualifier %.*s cannot be an alias",
                            STR_ARG(what));
                return 0;
        case MOF_VALUE_NONE:
        case MOF_VALUE_NULL:
        case MOF_VALUE_ARRAY:
        case MOF_VALUE_OBJECT:
                build_error(b, v->place, CIM_MOF_INVALID_QUALIFIER,
                            "the value of the qualifier %.*s cannot be %s", STR_ARG(what),
                            mof_value_kind_name(v));
                return 0;
        }
        return 0;
}

// One type for all elements: numbers widen, nothing else mixes.
static uint16_t common_type(uint16_t a, uint16_t b)
{
        if (a == b)
                return a;
        bool numbers = (a == CIM_REAL64 || cim_type_is_signed(a) || a == CIM_UINT64) &&
                       (b == CIM_REAL64 || cim_type_is_signed(b) || b == CIM_UINT64);
        if (!numbers)
                return 0;
        if (a == CIM_REAL64 || b == CIM_REAL64)
                return CIM_REAL64;
        return a == CIM_UINT64 || b == CIM_UINT64 ? CIM_UINT64 : CIM_SINT64;
}

// The 32 bits that a pattern says, as the sint32 that has them.
static MofValue as_pattern(const MofValue *v, uint16_t type)
{
        MofValue p = *v;
        if (type == CIM_SINT32 && v->kind == MOF_VALUE_INTEGER && !v->negative && v->magnitude > 0x7FFFFFFFu) {
                p.negative = true;
                p.magnitude = 0x100000000u - v->magnitude;
        }
        return p;
}

int build_value_free(Builder *b, const BuildInto *into, const MofValue *v, Str what, CimValue *ret)
{
        *ret = cim_null(CIM_SINT32);
        if (v->kind != MOF_VALUE_ARRAY) {
                uint16_t type = free_type(b, v, what);
                MofValue p = as_pattern(v, type);
                return type ? scalar_value(b, into, &p, (CimType)type, (Str){"", 0}, what, ret) : E_DIAG;
        }
        uint16_t type = 0;
        for (uint32_t i = 0; i < v->array.count; i++) {
                uint16_t one = free_type(b, &v->array.items[i], what);
                uint16_t both = type && one ? common_type(type, one) : one;
                if (one && !both)
                        return build_error(b, v->array.items[i].place, CIM_MOF_TYPE_MISMATCH,
                                           "the values of the qualifier %.*s are of different types",
                                           STR_ARG(what));
                if (!one)
                        return E_DIAG;
                type = both;
        }
        MofValue patterns = *v, *items = arena_array(&b->scratch, MofValue, v->array.count);
        if (!items)
                return -ENOMEM;
        for (uint32_t i = 0; i < v->array.count; i++)
                items[i] = as_pattern(&v->array.items[i], type);
        patterns.array.items = items;
        return array_value(b, into, &patterns, (CimType)(type ? type : CIM_STRING), (Str){"", 0}, what, ret);
}
