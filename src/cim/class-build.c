// SPDX-License-Identifier: MIT
// Classes: from a declaration and a superclass to a complete class.
//
// The declaration is copied first (class->declared) and checked on the way; properties, methods and
// qualifiers are then merged with those of the superclass:
//
//   class A     { [key, read] string Name; uint32 Size; };
//   class B : A { [Description("bytes") : Amended] uint32 Size; boolean Fast; };
//   B.properties: Name (inherited), Size (in A's place, local again), Fast (local)
//
// Qualifiers: an inherited property keeps all of its qualifiers, marked as propagated. A property that is
// declared again takes over those with ToSubclass and the ones that make it what it is (class_is_intrinsic),
// unless it gives them itself; one with DisableOverride may be given again with the same value only. Classes
// and methods likewise.
#include "cim/class.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/class-impl.h"
#include "cim/instance.h"
#include "cim/status.h"

typedef struct Builder {
        ClassImpl *k;
        CimResolve resolve;
        void *context;
        Diag *diag;
        size_t offset; // of what is being built, for the diagnostic
} Builder;

static int build_error(const Builder *b, uint32_t code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int build_error(const Builder *b, uint32_t code, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        diag_setv(b->diag, code, format, args);
        va_end(args);
        if (b->diag)
                b->diag->offset = b->offset;
        return E_DIAG;
}

// --- names and values ---------------------------------------------------------------------------------

bool cim_name_valid(Str s)
{
        if (!s.n || !utf8_valid(s.p, s.n, NULL))
                return false;
        for (size_t i = 0; i < s.n; i++) {
                unsigned char c = (unsigned char)s.p[i];
                bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
                bool digit = c >= '0' && c <= '9';
                if (!letter && c != '_' && c < 0x80 && !(digit && i))
                        return false;
        }
        return true;
}

static size_t name_chars(Str s)
{
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++)
                n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
        return n;
}

static int build_name(const Builder *b, const char *what, uint32_t wide, Str s, Str *ret)
{
        if (name_chars(s) > LIMIT_NAME_CHARS)
                return build_error(b, wide, "the name of a %s may have %u characters, \"%.32s...\" has %zu",
                                   what, LIMIT_NAME_CHARS, s.p, name_chars(s));
        if (!cim_name_valid(s))
                return build_error(b, CIM_E_INVALID_PARAMETER, "\"%.*s\" is not a name for a %s", STR_ARG(s),
                                   what);
        ret->p = arena_strndup(&b->k->arena, s.p, s.n);
        ret->n = s.n;
        return ret->p ? 0 : -ENOMEM;
}

// The name of a class in a type; empty stays empty.
static int build_class_name(const Builder *b, Str s, Str *ret)
{
        *ret = (Str){"", 0};
        return s.n ? build_name(b, "class", CIM_E_CLASS_NAME_TOO_WIDE, s, ret) : 0;
}

static bool type_valid(uint16_t type)
{
        switch (type & ~CIM_ARRAY) {
        case CIM_SINT16:
        case CIM_SINT32:
        case CIM_REAL32:
        case CIM_REAL64:
        case CIM_STRING:
        case CIM_BOOLEAN:
        case CIM_OBJECT:
        case CIM_SINT8:
        case CIM_UINT8:
        case CIM_UINT16:
        case CIM_UINT32:
        case CIM_SINT64:
        case CIM_UINT64:
        case CIM_DATETIME:
        case CIM_REFERENCE:
        case CIM_CHAR16:
                return true;
        default:
                return false;
        }
}

// Does a value that is not null and not an array fit type t?
static bool value_in_range(const CimValue *v, CimType t)
{
        int64_t least;
        uint64_t most;
        if (cim_type_is_signed(t))
                return cim_type_range(t, &least, &most) && v->sint >= least && v->sint <= (int64_t)most;
        if (cim_type_is_unsigned(t))
                return cim_type_range(t, &least, &most) && v->uint <= most;
        return t != CIM_CHAR16 || v->uint <= UINT16_MAX;
}

static int build_check_scalar(const Builder *b, Str name, const CimValue *v, CimType t, Str class_name)
{
        if (!value_in_range(v, t))
                return build_error(b, CIM_E_VALUE_OUT_OF_RANGE, "the value of %.*s is out of range for %s",
                                   STR_ARG(name), cim_type_name((uint16_t)t));
        if (t == CIM_DATETIME && !cim_datetime_valid(v->string))
                return build_error(b, CIM_E_TYPE_MISMATCH, "the value of %.*s is not a datetime",
                                   STR_ARG(name));
        if (t == CIM_OBJECT && class_name.n && !cim_class_isa(v->object->class, class_name))
                return build_error(b, CIM_E_TYPE_MISMATCH, "the value of %.*s is a %.*s, not a %.*s",
                                   STR_ARG(name), STR_ARG(v->object->class->name), STR_ARG(class_name));
        return 0;
}

// Copies a default or a qualifier's value. `class_name` is that of a typed object.
static int build_value(const Builder *b, Str name, const CimValue *from, uint16_t type, Str class_name,
                       uint32_t max, CimValue *ret)
{
        *ret = cim_null(type);
        if (from->null)
                return 0;
        if (from->type != type)
                return build_error(b, CIM_E_TYPE_MISMATCH, "the value of %.*s is %s%s, its type is %s%s",
                                   STR_ARG(name), cim_type_name(from->type),
                                   cim_is_array(from->type) ? "[]" : "", cim_type_name(type),
                                   cim_is_array(type) ? "[]" : "");
        int r = 0;
        if (!cim_is_array(type)) {
                r = build_check_scalar(b, name, from, cim_type(type), class_name);
        } else {
                uint32_t n = from->array.count;
                if (n > LIMIT_ARRAY_ITEMS || (max && n > max))
                        return build_error(b, CIM_E_VALUE_OUT_OF_RANGE,
                                           "the value of %.*s has %u items, %u are allowed", STR_ARG(name), n,
                                           max ? max : LIMIT_ARRAY_ITEMS);
                for (uint32_t i = 0; i < n && r == 0; i++) {
                        const CimValue *item = &from->array.items[i];
                        if (item->null)
                                return build_error(b, CIM_E_ILLEGAL_NULL, "item %u of %.*s is NULL", i,
                                                   STR_ARG(name));
                        if (item->type != cim_type(type))
                                return build_error(b, CIM_E_TYPE_MISMATCH, "item %u of %.*s is %s, not %s", i,
                                                   STR_ARG(name), cim_type_name(item->type),
                                                   cim_type_name(type));
                        r = build_check_scalar(b, name, item, cim_type(type), class_name);
                }
        }
        if (r == 0)
                r = cim_value_copy(&b->k->arena, from, ret);
        if (r == -ELOOP)
                return build_error(b, CIM_E_OUT_OF_MEMORY, "the value of %.*s is nested deeper than %u",
                                   STR_ARG(name), LIMIT_DEPTH);
        return r;
}

// --- what a class keeps -----------------------------------------------------------------------------------

static int build_keep(const Builder *b, const CimClass *c)
{
        ClassImpl *k = b->k;
        for (size_t i = 0; i < k->face.kept_count; i++)
                if (k->face.kept[i] == c)
                        return 0;
        if (k->face.kept_count == k->kept_capacity) {
                size_t more = k->kept_capacity ? k->kept_capacity * 2 : 4;
                const CimClass **p = arena_array(&k->arena, const CimClass *, more);
                if (!p)
                        return -ENOMEM;
                if (k->face.kept_count)
                        memcpy(p, k->face.kept, k->face.kept_count * sizeof(*p));
                k->face.kept = p;
                k->kept_capacity = more;
        }
        k->face.kept[k->face.kept_count++] = cim_class_ref(c);
        if (class_impl(c)->embed_depth + 1 > k->embed_depth)
                k->embed_depth = class_impl(c)->embed_depth + 1;
        if (k->embed_depth > LIMIT_DEPTH)
                return build_error(b, CIM_E_INVALID_CLASS, "objects are embedded deeper than %u",
                                   LIMIT_DEPTH);
        return 0;
}

// A definition among the defaults stands for a whole class, and that for those among its own: what comes of
// writing it all out is bounded, or a few bytes would make an endless text.
static int build_definition(const Builder *b, const CimClass *c)
{
        b->k->definition_bytes += class_bytes(c);
        if (b->k->definition_bytes <= LIMIT_DEFINITION_BYTES)
                return 0;
        return build_error(b, CIM_E_INVALID_CLASS,
                           "the definitions of classes among the defaults stand for more than %u bytes",
                           LIMIT_DEFINITION_BYTES);
}

// Keeps the classes of the objects in a default value, which cim_value_copy has found not too deep.
static int build_keep_value(const Builder *b, const CimValue *v)
{
        if (v->null || cim_type(v->type) != CIM_OBJECT)
                return 0;
        int r = 0;
        if (cim_is_array(v->type)) {
                for (uint32_t i = 0; i < v->array.count && r == 0; i++)
                        r = build_keep_value(b, &v->array.items[i]);
                return r;
        }
        r = build_keep(b, v->object->class);
        if (v->object->is_class)
                return r ? r : build_definition(b, v->object->class);
        for (size_t i = 0; i < v->object->class->property_count && r == 0; i++)
                r = build_keep_value(b, &v->object->values[i]);
        return r;
}

// --- the declaration
// ----------------------------------------------------------------------------------------

static int build_qualifiers(const Builder *b, const CimQualifier *from, size_t n, const CimQualifier **ret)
{
        *ret = NULL;
        if (!n)
                return 0;
        if (n > LIMIT_QUALIFIERS)
                return build_error(b, CIM_E_INVALID_QUALIFIER, "%zu qualifiers in one place, %u are allowed",
                                   n, LIMIT_QUALIFIERS);
        CimQualifier *q = arena_array(&b->k->arena, CimQualifier, n);
        if (!q)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                int r = build_name(b, "qualifier", CIM_E_QUALIFIER_NAME_TOO_WIDE, from[i].name, &q[i].name);
                if (r)
                        return r;
                uint16_t type = from[i].value.type;
                if (!type_valid(type) || cim_type(type) == CIM_OBJECT)
                        return build_error(b, CIM_E_INVALID_QUALIFIER_TYPE,
                                           "a qualifier cannot have the type of %.*s", STR_ARG(from[i].name));
                if (cim_qualifier_find(q, i, from[i].name))
                        return build_error(b, CIM_MOF_DUPLICATE_QUALIFIER,
                                           "the qualifier %.*s is given twice", STR_ARG(from[i].name));
                r = build_value(b, from[i].name, &from[i].value, type, (Str){"", 0}, 0, &q[i].value);
                if (r)
                        return r;
                q[i].flavor = from[i].flavor & CIM_FLAVOR_DECLARED;
        }
        *ret = q;
        return 0;
}

// `[MAX(4)] uint8 x[]` says the same as `uint8 x[4]`.
static uint32_t declared_max(const CimPropertySpec *p)
{
        if (p->max || !cim_is_array(p->type))
                return p->max;
        const CimQualifier *q = cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("MAX"));
        bool integer = q && !q->value.null &&
                       (cim_type_is_signed(cim_type(q->value.type)) ||
                        cim_type_is_unsigned(cim_type(q->value.type)));
        return integer && !cim_is_array(q->value.type) && q->value.uint <= LIMIT_ARRAY_ITEMS
                       ? (uint32_t)q->value.uint
                       : 0;
}

// Copies one property or parameter of a declaration.
static int build_property_spec(Builder *b, const char *what, const CimPropertySpec *from, CimPropertySpec *to)
{
        b->offset = from->offset ? from->offset : b->offset;
        int r = build_name(b, what, CIM_E_PROPERTY_NAME_TOO_WIDE, from->name, &to->name);
        if (r)
                return r;
        if (!type_valid(from->type))
                return build_error(b, CIM_E_INVALID_PROPERTY_TYPE, "%.*s has type %u, which is none",
                                   STR_ARG(from->name), from->type);
        to->type = from->type;
        to->offset = from->offset;
        to->has_default = from->has_default;
        to->qualifier_count = from->qualifier_count;
        r = build_class_name(b, from->class_name, &to->class_name);
        if (!r)
                r = build_qualifiers(b, from->qualifiers, from->qualifier_count, &to->qualifiers);
        to->max = declared_max(from);
        if (!r && !from->has_default)
                to->value = cim_null(from->type);
        else if (!r)
                r = build_value(b, to->name, &from->value, to->type, to->class_name, to->max, &to->value);
        return r ? r : build_keep_value(b, &to->value);
}

static int build_property_specs(Builder *b, const char *what, const CimPropertySpec *from, size_t n,
                                const CimPropertySpec **ret)
{
        *ret = NULL;
        if (!n)
                return 0;
        CimPropertySpec *p = arena_array(&b->k->arena, CimPropertySpec, n);
        if (!p)
                return -ENOMEM;
        int r = 0;
        for (size_t i = 0; i < n && r == 0; i++)
                r = build_property_spec(b, what, &from[i], &p[i]);
        *ret = p;
        return r;
}

static int build_method_spec(Builder *b, const CimMethodSpec *from, CimMethodSpec *to)
{
        int r = build_name(b, "method", CIM_E_METHOD_NAME_TOO_WIDE, from->name, &to->name);
        if (r)
                return r;
        if (from->return_type != CIM_NONE &&
            (!type_valid(from->return_type) || cim_is_array(from->return_type)))
                return build_error(b, CIM_MOF_NO_ARRAYS_RETURNED, "the method %.*s cannot return that type",
                                   STR_ARG(from->name));
        if (from->parameter_count > LIMIT_CLASS_PROPERTIES)
                return build_error(b, CIM_E_INVALID_CLASS, "the method %.*s has more than %u parameters",
                                   STR_ARG(from->name), LIMIT_CLASS_PROPERTIES);
        to->return_type = from->return_type;
        to->parameter_count = from->parameter_count;
        to->qualifier_count = from->qualifier_count;
        r = build_class_name(b, from->return_class, &to->return_class);
        if (!r)
                r = build_qualifiers(b, from->qualifiers, from->qualifier_count, &to->qualifiers);
        if (!r)
                r = build_property_specs(b, "parameter", from->parameters, from->parameter_count,
                                         &to->parameters);
        return r;
}

static int build_declared(Builder *b, const CimClassSpec *from)
{
        CimClassSpec *to = arena_new(&b->k->arena, CimClassSpec);
        if (!to)
                return -ENOMEM;
        b->k->face.declared = to;
        to->offset = from->offset;
        to->qualifier_count = from->qualifier_count;
        to->property_count = from->property_count;
        to->method_count = from->method_count;
        int r = build_name(b, "class", CIM_E_CLASS_NAME_TOO_WIDE, from->name, &to->name);
        if (r)
                return r;
        if (from->property_count > LIMIT_CLASS_PROPERTIES || from->method_count > LIMIT_CLASS_PROPERTIES)
                return build_error(b, CIM_E_INVALID_CLASS, "%.*s declares more than %u properties or methods",
                                   STR_ARG(from->name), LIMIT_CLASS_PROPERTIES);
        r = build_qualifiers(b, from->qualifiers, from->qualifier_count, &to->qualifiers);
        if (!r)
                r = build_property_specs(b, "property", from->properties, from->property_count,
                                         &to->properties);
        b->offset = from->offset;
        CimMethodSpec *m =
                from->method_count ? arena_array(&b->k->arena, CimMethodSpec, from->method_count) : NULL;
        if (!r && from->method_count && !m)
                r = -ENOMEM;
        to->methods = m;
        for (size_t i = 0; i < from->method_count && r == 0; i++)
                r = build_method_spec(b, &from->methods[i], &m[i]);
        return r;
}

// --- merging with the superclass
// --------------------------------------------------------------------------------

bool class_is_intrinsic(Str name)
{
        static const char *const names[] = {"key",         "read",        "write",        "WmiDataId",
                                            "WmiSizeIs",   "MaxLen",      "WmiTimeStamp", "StringTermination",
                                            "WmiMethodId", "Implemented", "not_null"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (str_ieq(name, str_of(names[i])))
                        return true;
        return false;
}

// The inherited qualifiers as an untouched member has them: the superclass's own, marked.
static int build_inherited(const Builder *b, const CimQualifier *from, size_t n, const CimQualifier **ret)
{
        *ret = from;
        bool marked = true;
        for (size_t i = 0; i < n; i++)
                marked &= (from[i].flavor & CIM_FLAVOR_PROPAGATED) != 0;
        if (marked)
                return 0; // the superclass outlives us
        CimQualifier *q = arena_copy(&b->k->arena, from, n * sizeof(*q));
        if (!q)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                q[i].flavor |= CIM_FLAVOR_PROPAGATED;
        *ret = q;
        return 0;
}

// Own qualifiers, then those of the superclass's `from` that travel. With `intrinsic`, that includes what
// class_is_intrinsic names. `what` is the name of the class, property or method.
static int build_merged(const Builder *b, Str what, const CimQualifier *own, size_t own_count,
                        const CimQualifier *from, size_t from_count, bool intrinsic, const CimQualifier **ret,
                        size_t *ret_count)
{
        *ret = own;
        *ret_count = own_count;
        if (!from_count)
                return 0;
        CimQualifier *q = arena_array(&b->k->arena, CimQualifier, own_count + from_count);
        if (!q)
                return -ENOMEM;
        if (own_count)
                memcpy(q, own, own_count * sizeof(*q));
        size_t n = own_count;
        for (size_t i = 0; i < from_count; i++) {
                if (!(from[i].flavor & CIM_FLAVOR_TO_SUBCLASS) &&
                    !(intrinsic && class_is_intrinsic(from[i].name)))
                        continue;
                const CimQualifier *again = cim_qualifier_find(own, own_count, from[i].name);
                if (!again) {
                        q[n] = from[i];
                        q[n++].flavor |= CIM_FLAVOR_PROPAGATED;
                } else if ((from[i].flavor & CIM_FLAVOR_NOT_OVERRIDABLE) &&
                           !cim_value_same(&again->value, &from[i].value)) {
                        return build_error(b, CIM_E_OVERRIDE_NOT_ALLOWED,
                                           "the qualifier %.*s of %.*s may not be overridden",
                                           STR_ARG(from[i].name), STR_ARG(what));
                }
        }
        *ret = q;
        *ret_count = n;
        return 0;
}

// A table for the names of n members: open addressing, index + 1, 0 free. NULL: out of memory.
static uint16_t *index_new(Arena *a, size_t n, uint32_t *ret_mask)
{
        uint32_t slots = 4;
        while (slots < n * 2)
                slots *= 2;
        *ret_mask = slots - 1;
        return arena_array(a, uint16_t, slots);
}

// Enters all[i]. False: another one has its name.
static bool index_put(uint16_t *slots, uint32_t mask, const CimProperty *all, size_t i)
{
        uint32_t at = (uint32_t)str_ihash(all[i].name) & mask;
        for (; slots[at]; at = (at + 1) & mask)
                if (str_ieq(all[slots[at] - 1].name, all[i].name))
                        return false;
        slots[at] = (uint16_t)(i + 1);
        return true;
}

static const CimClass *build_resolve(const Builder *b, Str name)
{
        // A class cannot hold itself: the name stands for no class then.
        return b->resolve && name.n && !str_ieq(name, b->k->face.name) ? b->resolve(b->context, name) : NULL;
}

static uint32_t build_id(const CimQualifier *q, size_t n, Str name)
{
        const CimQualifier *id = cim_qualifier_find(q, n, name);
        if (!id || id->value.null || id->value.uint > INT32_MAX ||
            !(cim_type_is_signed(id->value.type) || cim_type_is_unsigned(id->value.type)))
                return 0;
        return (uint32_t)id->value.uint;
}

// Fills what a property or parameter has of its own declaration.
static int build_own(const Builder *b, const CimPropertySpec *s, CimProperty *p)
{
        p->name = s->name;
        p->type = s->type;
        p->class_name = s->class_name;
        p->max = s->max;
        p->value = s->value;
        p->origin = &b->k->face;
        p->local = true;
        p->qualifiers = s->qualifiers;
        p->qualifier_count = s->qualifier_count;
        if (cim_type(s->type) != CIM_OBJECT)
                return 0;
        p->object_class = build_resolve(b, s->class_name);
        return p->object_class ? build_keep(b, p->object_class) : 0;
}

// May a property of class `was` become one of class `name`? Unknown classes are taken at their word.
static bool build_narrows(const Builder *b, Str was, Str name)
{
        if (!was.n || str_ieq(was, name))
                return true;
        const CimClass *c = build_resolve(b, name);
        return !c || cim_class_isa(c, was);
}

static int build_override(Builder *b, const CimPropertySpec *s, const CimProperty *was, CimProperty *p)
{
        Str name = was->name;
        if (s->type != was->type)
                return build_error(b, CIM_E_TYPE_MISMATCH, "%.*s is %s%s here, but %s%s in %.*s",
                                   STR_ARG(name), cim_type_name(s->type), cim_is_array(s->type) ? "[]" : "",
                                   cim_type_name(was->type), cim_is_array(was->type) ? "[]" : "",
                                   STR_ARG(was->origin->name));
        if (s->class_name.n && !build_narrows(b, was->class_name, s->class_name))
                return build_error(b, CIM_E_TYPE_MISMATCH, "%.*s is a %.*s here, which is no %.*s as in %.*s",
                                   STR_ARG(name), STR_ARG(s->class_name), STR_ARG(was->class_name),
                                   STR_ARG(was->origin->name));
        int r = build_own(b, s, p);
        if (r)
                return r;
        p->name = name;
        p->origin = was->origin;
        if (!s->has_default)
                p->value = was->value;
        if (!s->max)
                p->max = was->max;
        if (!s->class_name.n)
                p->class_name = was->class_name;
        if (!p->object_class && str_ieq(p->class_name, was->class_name))
                p->object_class = was->object_class;
        return build_merged(b, name, s->qualifiers, s->qualifier_count, was->qualifiers, was->qualifier_count,
                            true, &p->qualifiers, &p->qualifier_count);
}

static int build_inherit_properties(Builder *b, CimProperty *all, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                all[i] = b->k->face.super->properties[i];
                all[i].local = false;
                int r = build_inherited(b, all[i].qualifiers, all[i].qualifier_count, &all[i].qualifiers);
                if (r)
                        return r;
                index_put(b->k->slots, b->k->slot_mask, all, i);
        }
        return 0;
}

static int build_declare_property(Builder *b, CimProperty *all, const CimPropertySpec *s, size_t inherited)
{
        CimClass *c = &b->k->face;
        b->offset = s->offset ? s->offset : c->declared->offset;
        int at = cim_class_property(c, s->name);
        if (at >= 0 && all[at].local)
                return build_error(b, CIM_MOF_DUPLICATE_PROPERTY, "%.*s is declared twice", STR_ARG(s->name));
        if (at >= 0 && (size_t)at < inherited)
                return build_override(b, s, &c->super->properties[at], &all[at]);
        if (c->property_count == LIMIT_CLASS_PROPERTIES)
                return build_error(b, CIM_E_INVALID_CLASS, "%.*s has more than %u properties",
                                   STR_ARG(c->name), LIMIT_CLASS_PROPERTIES);
        int r = build_own(b, s, &all[c->property_count]);
        if (r == 0)
                index_put(b->k->slots, b->k->slot_mask, all, c->property_count++);
        return r;
}

static int build_properties(Builder *b)
{
        ClassImpl *k = b->k;
        CimClass *c = &k->face;
        size_t inherited = c->super ? c->super->property_count : 0,
               most = inherited + c->declared->property_count;
        if (!most)
                return 0;
        CimProperty *all = arena_array(&k->arena, CimProperty, most);
        k->slots = index_new(&k->arena, most, &k->slot_mask);
        if (!all || !k->slots)
                return -ENOMEM;
        c->properties = all;
        int r = build_inherit_properties(b, all, inherited);
        c->property_count = inherited;
        for (size_t i = 0; i < c->declared->property_count && r == 0; i++)
                r = build_declare_property(b, all, &c->declared->properties[i], inherited);
        for (size_t i = 0; i < c->property_count && r == 0; i++)
                all[i].data_id = build_id(all[i].qualifiers, all[i].qualifier_count, STR("WmiDataId"));
        return r;
}

static int build_parameters(Builder *b, const CimMethodSpec *s, CimMethod *m)
{
        if (!s->parameter_count)
                return 0;
        uint32_t mask;
        CimProperty *p = arena_array(&b->k->arena, CimProperty, s->parameter_count);
        uint16_t *slots = index_new(&b->k->arena, s->parameter_count, &mask);
        if (!p || !slots)
                return -ENOMEM;
        m->parameters = p;
        m->parameter_count = s->parameter_count;
        for (size_t i = 0; i < s->parameter_count; i++) {
                int r = build_own(b, &s->parameters[i], &p[i]);
                if (r)
                        return r;
                if (!index_put(slots, mask, p, i))
                        return build_error(b, CIM_MOF_DUPLICATE_PROPERTY,
                                           "the parameter %.*s of %.*s is declared twice", STR_ARG(p[i].name),
                                           STR_ARG(s->name));
        }
        return 0;
}

static int build_declare_method(Builder *b, CimMethod *all, const CimMethodSpec *s, size_t inherited)
{
        CimClass *c = &b->k->face;
        size_t at = 0;
        while (at < c->method_count && !str_ieq(all[at].name, s->name))
                at++;
        if (at < c->method_count && all[at].local)
                return build_error(b, CIM_MOF_DUPLICATE_PROPERTY, "the method %.*s is declared twice",
                                   STR_ARG(s->name));
        if (at == LIMIT_CLASS_PROPERTIES)
                return build_error(b, CIM_E_INVALID_CLASS, "%.*s has more than %u methods", STR_ARG(c->name),
                                   LIMIT_CLASS_PROPERTIES);
        CimMethod *m = &all[at];
        *m = (CimMethod){.name = s->name,
                         .return_type = s->return_type,
                         .return_class = s->return_class,
                         .origin = c,
                         .local = true,
                         .qualifiers = s->qualifiers,
                         .qualifier_count = s->qualifier_count};
        int r = build_parameters(b, s, m);
        if (r == 0 && cim_type(s->return_type) == CIM_OBJECT)
                m->return_object = build_resolve(b, s->return_class);
        if (r == 0 && m->return_object)
                r = build_keep(b, m->return_object);
        if (r == 0 && at < inherited) {
                const CimMethod *was = &c->super->methods[at];
                m->name = was->name;
                m->origin = was->origin;
                if (!class_same_signature(was, s))
                        return build_error(b, CIM_E_PROPAGATED_METHOD,
                                           "the method %.*s has other parameters than in %.*s",
                                           STR_ARG(was->name), STR_ARG(was->origin->name));
                r = build_merged(b, m->name, s->qualifiers, s->qualifier_count, was->qualifiers,
                                 was->qualifier_count, true, &m->qualifiers, &m->qualifier_count);
        } else if (r == 0) {
                c->method_count++;
        }
        m->method_id = build_id(m->qualifiers, m->qualifier_count, STR("WmiMethodId"));
        return r;
}

static int build_methods(Builder *b)
{
        CimClass *c = &b->k->face;
        size_t inherited = c->super ? c->super->method_count : 0,
               most = inherited + c->declared->method_count;
        if (!most)
                return 0;
        CimMethod *all = arena_array(&b->k->arena, CimMethod, most);
        if (!all)
                return -ENOMEM;
        int r = 0;
        c->methods = all;
        for (size_t i = 0; i < inherited && r == 0; i++) {
                all[i] = c->super->methods[i];
                all[i].local = false;
                r = build_inherited(b, all[i].qualifiers, all[i].qualifier_count, &all[i].qualifiers);
        }
        c->method_count = inherited;
        for (size_t i = 0; i < c->declared->method_count && r == 0; i++)
                r = build_declare_method(b, all, &c->declared->methods[i], inherited);
        return r;
}

// --- the class itself
// ---------------------------------------------------------------------------------------------

static int build_guid(const Builder *b)
{
        CimClass *c = &b->k->face;
        const CimQualifier *q =
                cim_qualifier_find(c->declared->qualifiers, c->declared->qualifier_count, STR("guid"));
        if (!q)
                return 0;
        char text[64] = "";
        size_t n = 0;
        bool is_text = q->value.type == CIM_STRING && !q->value.null;
        if (is_text && q->value.string.n < sizeof(text))
                for (; n < q->value.string.n && q->value.string.p[n] < 0x80; n++)
                        text[n] = (char)q->value.string.p[n];
        if (!is_text || n != q->value.string.n || !guid_parse((Str){text, n}, &c->guid))
                return build_error(b, CIM_E_INVALID_QUALIFIER, "the guid of %.*s, \"%s\", is not a GUID",
                                   STR_ARG(c->name), text);
        c->has_guid = true;
        return 0;
}

static int build_class_itself(Builder *b, const CimClassSpec *spec)
{
        CimClass *c = &b->k->face;
        if (c->super && c->super->depth >= LIMIT_DEPTH)
                return build_error(b, CIM_E_INVALID_SUPERCLASS, "more than %u superclasses", LIMIT_DEPTH);
        c->depth = c->super ? c->super->depth + 1 : 0;
        b->k->embed_depth = c->super ? class_impl(c->super)->embed_depth : 0;
        b->k->definition_bytes = c->super ? class_impl(c->super)->definition_bytes : 0;
        int r = build_declared(b, spec);
        if (r)
                return r;
        c->name = c->declared->name;
        if (cim_class_isa(c->super, c->name))
                return build_error(b, CIM_E_INVALID_SUPERCLASS, "%.*s would derive from itself",
                                   STR_ARG(c->name));
        r = build_merged(b, c->name, c->declared->qualifiers, c->declared->qualifier_count,
                         c->super ? c->super->qualifiers : NULL, c->super ? c->super->qualifier_count : 0,
                         false, &c->qualifiers, &c->qualifier_count);
        if (r)
                return r;
        c->abstract =
                cim_qualifier_true(c->declared->qualifiers, c->declared->qualifier_count, STR("abstract"));
        return build_guid(b);
}

// --- keys ("Key Qualifier", "WMI Error Constants")
// -----------------------------------------------------------------

// May this property be a key here?
static int build_check_key(const Builder *b, const CimProperty *p, bool inherited)
{
        const ClassImpl *k = b->k;
        const CimClass *c = &k->face, *super = c->super;
        CimType t = cim_type(p->type);
        if (cim_is_array(p->type) || t == CIM_REAL32 || t == CIM_REAL64 || t == CIM_OBJECT)
                return build_error(b, CIM_E_CANNOT_BE_KEY,
                                   "%.*s cannot be a key: keys are no arrays, reals or objects",
                                   STR_ARG(p->name));
        if (k->singleton)
                return build_error(b, CIM_E_CANNOT_BE_SINGLETON,
                                   "%.*s is a singleton, so %.*s cannot be a key", STR_ARG(c->name),
                                   STR_ARG(p->name));
        if (!inherited && super && class_impl(super)->key_count)
                return build_error(b, CIM_E_CANNOT_BE_KEY,
                                   "%.*s cannot be a key: %.*s has the keys of its superclass",
                                   STR_ARG(p->name), STR_ARG(c->name));
        if (k->key_count == LIMIT_KEYS)
                return build_error(b, CIM_E_CANNOT_BE_KEY, "%.*s has more than %u keys", STR_ARG(c->name),
                                   LIMIT_KEYS);
        return 0;
}

static int build_collect_keys(Builder *b)
{
        ClassImpl *k = b->k;
        const CimClass *c = &k->face;
        const ClassImpl *super = c->super ? class_impl(c->super) : NULL;
        size_t most = super ? super->key_count : 0;
        for (size_t i = 0; i < c->property_count; i++)
                most += c->properties[i].local;
        k->keys = most ? arena_array(&k->arena, uint16_t, most) : NULL;
        if (most && !k->keys)
                return -ENOMEM;
        for (size_t i = 0; i < c->property_count; i++) {
                const CimProperty *p = &c->properties[i];
                bool key = cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("key")),
                     inherited = false;
                for (size_t n = 0; super && n < super->key_count; n++)
                        inherited |= super->keys[n] == i;
                if (inherited && !key)
                        return build_error(b, CIM_E_OVERRIDE_NOT_ALLOWED,
                                           "%.*s is a key of the superclass and stays one", STR_ARG(p->name));
                int r = key ? build_check_key(b, p, inherited) : 0;
                if (r)
                        return r;
                if (!key)
                        continue;
                size_t at = k->key_count++;
                for (; at && str_icmp(c->properties[k->keys[at - 1]].name, p->name) > 0; at--)
                        k->keys[at] = k->keys[at - 1];
                k->keys[at] = (uint16_t)i;
        }
        return 0;
}

static int build_keys(Builder *b)
{
        CimClass *c = &b->k->face;
        const CimClass *super = c->super;
        bool below = super && class_impl(super)->singleton;
        bool declared =
                cim_qualifier_true(c->declared->qualifiers, c->declared->qualifier_count, STR("singleton"));
        b->k->singleton = below || declared;
        if (declared && super && !below && !super->abstract)
                return build_error(b, CIM_E_CANNOT_BE_SINGLETON,
                                   "%.*s cannot be a singleton: %.*s is neither abstract nor a singleton",
                                   STR_ARG(c->name), STR_ARG(super->name));
        return build_collect_keys(b);
}

// The index of a property of that name and type, -1: none.
static int build_known(const CimClass *c, Str name, uint16_t type)
{
        int i = cim_class_property(c, name);
        return i >= 0 && c->properties[i].type == type ? i : -1;
}

int cim_class_new(const CimClassSpec *spec, const CimClass *super, CimResolve resolve, void *context,
                  CimClass **ret, Diag *reterr)
{
        ClassImpl *k = calloc(1, sizeof(*k));
        if (!k)
                return -ENOMEM;
        CimClass *c = &k->face;
        c->refs = 1;
        c->arena = &k->arena;
        c->super = cim_class_ref(super);
        Builder b = {.k = k, .resolve = resolve, .context = context, .diag = reterr, .offset = spec->offset};
        int r = build_class_itself(&b, spec);
        if (r == 0)
                r = build_properties(&b);
        b.offset = spec->offset;
        if (r == 0)
                r = build_keys(&b);
        if (r == 0)
                r = build_methods(&b);
        if (r == 0)
                r = cim_layout_compile(c);
        if (r) {
                cim_class_unref(c);
                return r;
        }
        k->instance_name = build_known(c, STR("InstanceName"), CIM_STRING);
        k->active = build_known(c, STR("Active"), CIM_BOOLEAN);
        k->time_created = build_known(c, STR("TIME_CREATED"), CIM_UINT64);
        *ret = c;
        return 0;
}
