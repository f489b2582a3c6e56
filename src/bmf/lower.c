// SPDX-License-Identifier: MIT
// A document -> the records that mofcomp -B makes of it.
//
// Nothing is resolved and no value is converted: a value has the type of its literal (integers sint32, reals
// real64, characters sint16), whatever the property's declared type, which the qualifier CIMTYPE tells as it
// was spelled.
#include "bmf/bmf-impl.h"

#include <stdio.h>

#include "base/utf.h"

typedef struct Lower {
        const MofDocument *document;
        Bmf *bmf;
        Arena *a;
        Diag *warnings;
        size_t capacity, count;
        unsigned depth; // of objects
        bool w2k;       // no flavors
} Lower;

// Records what is wrong at a place; beyond the capacity in the place of the last.
static void tell(Lower *l, MofPlace place, uint32_t code, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
static void tell(Lower *l, MofPlace place, uint32_t code, const char *format, ...)
{
        if (!l->capacity)
                return;
        l->count += l->count < l->capacity;
        Diag *d = &l->warnings[l->count - 1];
        *d = (Diag){0};
        va_list args;
        va_start(args, format);
        diag_setv(d, code, format, args);
        va_end(args);
        mof_document_place(l->document, place, d);
}

static int text16(Lower *l, Str s, Str16 *ret)
{
        *ret = utf_to16(l->a, s);
        return ret->p ? 0 : -ENOMEM;
}

// --- values --------------------------------------------------------------------------------------

static int lower_object(Lower *l, const MofObject *from, BmfObject *to);

static uint64_t bits_of(double d)
{
        uint64_t bits;
        memcpy(&bits, &d, sizeof(bits));
        return bits;
}

// What a value is for: the declared type of a property or parameter, or one of these.
enum { OF_INSTANCE = CIM_NONE, OF_QUALIFIER = 0xFFFF };

static bool needs_no_more_than_32_bits(unsigned use)
{
        CimType type = cim_type((uint16_t)use);
        return type == CIM_UINT32 || type == CIM_SINT32 || type == CIM_UINT16 || type == CIM_SINT16 ||
               type == CIM_UINT8 || type == CIM_SINT8 || type == CIM_CHAR16;
}

// sint32 holds most of what is written. Of the others up to 0xFFFFFFFF it holds the bits, where CIMTYPE says
// how they are meant, or where they are written as bits; else the value needs 64 bits, and its type says so.
// 0: more than 64.
static unsigned type_of_integer(const MofValue *v, unsigned use)
{
        uint64_t n = v->magnitude;
        if (n <= INT32_MAX || (v->negative && n == (uint64_t)INT32_MAX + 1))
                return CIM_SINT32;
        if (!v->negative && n <= UINT32_MAX &&
            (use == OF_QUALIFIER
                     ? v->bits
                     : needs_no_more_than_32_bits(use) || (v->bits && cim_type((uint16_t)use) == CIM_UINT64)))
                return CIM_SINT32;
        if (n <= INT64_MAX || (v->negative && n == (uint64_t)INT64_MAX + 1))
                return CIM_SINT64;
        return v->negative ? 0 : CIM_UINT64;
}

// The type of one literal; 0: there is none.
static unsigned type_of(const MofValue *v, unsigned use)
{
        switch (v->kind) {
        case MOF_VALUE_BOOLEAN:
                return CIM_BOOLEAN;
        case MOF_VALUE_INTEGER:
                return type_of_integer(v, use);
        case MOF_VALUE_REAL:
                return CIM_REAL64;
        case MOF_VALUE_CHAR:
                return CIM_SINT16;
        case MOF_VALUE_ALIAS:
                return CIM_STRING | BMF_ALIAS;
        case MOF_VALUE_OBJECT:
                return CIM_OBJECT;
        default:
                return CIM_STRING;
        }
}

// The type that a literal of the declared type would have: that of an array without elements.
static unsigned type_declared(unsigned declared)
{
        CimType type = cim_type((uint16_t)declared);
        if (cim_type_is_signed(type) || cim_type_is_unsigned(type))
                return CIM_SINT32;
        if (type == CIM_REAL32 || type == CIM_REAL64)
                return CIM_REAL64;
        if (type == CIM_CHAR16)
                return CIM_SINT16;
        return type == CIM_BOOLEAN || type == CIM_OBJECT ? type : CIM_STRING;
}

// The type that holds the numbers of both; 0: none does.
static unsigned wider(unsigned a, unsigned b)
{
        if (a == CIM_REAL64 || b == CIM_REAL64)
                return CIM_REAL64;
        if (a == CIM_UINT64 || b == CIM_UINT64)
                return CIM_UINT64;
        return a == CIM_SINT64 || b == CIM_SINT64 ? CIM_SINT64 : CIM_SINT32;
}

static bool is_number(unsigned type)
{
        return type == CIM_SINT32 || type == CIM_SINT64 || type == CIM_UINT64 || type == CIM_REAL64;
}

// The one type of an array's elements; 0: they have none in common.
static unsigned type_of_items(const MofValue *v, unsigned use)
{
        if (!v->array.count)
                return type_declared(use);
        bool negative = false;
        unsigned type = type_of(&v->array.items[0], use);
        for (uint32_t i = 0; i < v->array.count; i++) {
                const MofValue *item = &v->array.items[i];
                unsigned one = type_of(item, use);
                negative |= item->kind == MOF_VALUE_INTEGER && item->negative && item->magnitude;
                if (is_number(one) && is_number(type))
                        type = wider(type, one);
                else if (one != type)
                        return 0;
        }
        return type == CIM_UINT64 && negative ? 0 : type;
}

static int copy_string(Lower *l, const MofValue *v, Str16 *ret)
{
        for (size_t i = 0; i < v->string.n; i++)
                if (!v->string.p[i]) {
                        tell(l, v->place, CIM_MOF_ILLEGAL_CONSTANT,
                             "a string in binary MOF ends at its first NUL, and this one has more behind it");
                        return E_DIAG;
                }
        *ret = utf16_copy(l->a, v->string.p, v->string.n);
        return ret->p ? 0 : -ENOMEM;
}

// A literal as a value of `type`, one that type_of or type_of_items gave for it.
static int lower_scalar(Lower *l, const MofValue *v, unsigned type, BmfValue *ret)
{
        ret->type = (uint16_t)type;
        switch (v->kind) {
        case MOF_VALUE_BOOLEAN:
                ret->bits = v->boolean ? 0xFFFF : 0;
                return 0;
        case MOF_VALUE_INTEGER:
                ret->bits = v->negative ? 0 - v->magnitude : v->magnitude;
                if (type == CIM_REAL64)
                        ret->bits = bits_of(v->negative ? -(double)v->magnitude : (double)v->magnitude);
                else if (type == CIM_SINT32)
                        ret->bits &= UINT32_MAX;
                return 0;
        case MOF_VALUE_REAL:
                ret->bits = bits_of(v->real);
                return 0;
        case MOF_VALUE_CHAR:
                ret->bits = v->magnitude & 0xFFFF;
                return 0;
        case MOF_VALUE_STRING:
        case MOF_VALUE_ALIAS:
                return copy_string(l, v, &ret->string);
        case MOF_VALUE_OBJECT: {
                BmfObject *o = arena_new(l->a, BmfObject);
                ret->object = o;
                return o ? lower_object(l, v->object, o) : -ENOMEM;
        }
        case MOF_VALUE_NULL:
                tell(l, v->place, CIM_MOF_NULL_ARRAY_ELEM, "an array has no element that is NULL");
                return E_DIAG;
        default:
                tell(l, v->place, CIM_MOF_EXPECTED_CLOSE_BRACE, "an array has no element that is an array");
                return E_DIAG;
        }
}

// Of a value that is there, NULL aside.
static int lower_value(Lower *l, const MofValue *v, unsigned use, BmfValue *ret)
{
        bool array = v->kind == MOF_VALUE_ARRAY;
        unsigned type = array ? type_of_items(v, use) : type_of(v, use);
        if (!type) {
                tell(l, v->place, array ? CIM_MOF_TYPE_MISMATCH : CIM_MOF_OUT_OF_RANGE,
                     array ? "the elements of an array are of different types"
                           : "this number needs more than 64 bits");
                return E_DIAG;
        }
        if (!array)
                return lower_scalar(l, v, type, ret);
        BmfValue *items = arena_array(l->a, BmfValue, v->array.count);
        if (!items)
                return -ENOMEM;
        for (uint32_t i = 0; i < v->array.count; i++) {
                int r = lower_scalar(l, &v->array.items[i], type, &items[i]);
                if (r != 0)
                        return r;
        }
        ret->type = (uint16_t)(type | CIM_ARRAY);
        ret->array.items = items;
        ret->array.count = v->array.count;
        return 0;
}

static bool is_value(const MofValue *v)
{
        return v->kind != MOF_VALUE_NONE && v->kind != MOF_VALUE_NULL;
}

// --- qualifiers ----------------------------------------------------------------------------------

// The list of one thing as it is built.
typedef struct List {
        BmfQualifier *items;
        uint32_t count;
} List;

// Room for `count` qualifiers and the ones that the compiler adds: MAX, IN or OUT, ID, CIMTYPE.
static int list_new(Lower *l, uint32_t count, List *ret)
{
        *ret = (List){.items = arena_array(l->a, BmfQualifier, (size_t)count + 4)};
        return ret->items ? 0 : -ENOMEM;
}

static int list_add(Lower *l, List *list, Str name, BmfValue value, uint32_t flavor)
{
        BmfQualifier *q = &list->items[list->count++];
        *q = (BmfQualifier){.has_value = true, .value = value};
        if (!l->w2k) {
                q->has_flavor = flavor != 0;
                q->flavor = flavor;
        }
        l->bmf->has_flavors |= q->has_flavor;
        return text16(l, name, &q->name);
}

static int list_number(Lower *l, List *list, Str name, uint32_t number, uint32_t flavor)
{
        return list_add(l, list, name, (BmfValue){.type = CIM_SINT32, .bits = number}, flavor);
}

static int list_use(Lower *l, List *list, const MofQualifier *q)
{
        BmfValue v = {.type = CIM_BOOLEAN, .bits = 0xFFFF};
        int r = 0;
        const MofValue *value = &q->value;
        // Of a declared one that is no boolean the declaration has the value.
        if (value->kind == MOF_VALUE_NONE && q->declared && q->declared->typed &&
            q->declared->type != CIM_BOOLEAN)
                value = &q->declared->value;
        if (is_value(value))
                r = lower_value(l, value, OF_QUALIFIER, &v);
        else if (value->kind == MOF_VALUE_NULL)
                v = (BmfValue){.type = CIM_STRING};
        if (r == 0)
                r = list_add(l, list, q->name, v, q->flavor & CIM_FLAVOR_DECLARED);
        if (r == 0 && value->kind == MOF_VALUE_NULL)
                list->items[list->count - 1].has_value = false;
        return r;
}

// CIMTYPE: the type as it is spelled.
static int list_type(Lower *l, List *list, const MofType *t)
{
        const char *word = cim_type(t->type) == CIM_REFERENCE ? "ref" : "object";
        Str spelled = t->word.n ? t->word : str_of(cim_type_name(t->type));
        bool plain = cim_type(t->type) == CIM_OBJECT && !t->class_name.n && t->word.n; // object, Object
        if ((cim_type(t->type) == CIM_REFERENCE || cim_type(t->type) == CIM_OBJECT) && !plain) {
                size_t n = strlen(word) + (t->class_name.n ? 1 + t->class_name.n : 0);
                char *p = arena_alloc(l->a, n + 1);
                if (!p)
                        return -ENOMEM;
                snprintf(p, n + 1, "%s%s%.*s", word, t->class_name.n ? ":" : "", STR_ARG(t->class_name));
                spelled = (Str){p, n};
        }
        BmfValue v = {.type = CIM_STRING};
        int r = text16(l, spelled, &v.string);
        return r ? r : list_add(l, list, STR("CIMTYPE"), v, CIM_FLAVOR_TO_INSTANCE | CIM_FLAVOR_TO_SUBCLASS);
}

static int lower_list(Lower *l, const MofQualifierList *from, List *ret)
{
        int r = list_new(l, from->count, ret);
        for (uint32_t i = 0; r == 0 && i < from->count; i++)
                r = list_use(l, ret, &from->items[i]);
        return r;
}

static void list_into(const List *list, BmfQualifiers *ret)
{
        *ret = (BmfQualifiers){.present = true, .items = list->items, .count = list->count};
}

// --- properties ----------------------------------------------------------------------------------

// Its type, name and value; of a default the type is the literal's.
static int lower_variable(Lower *l, const MofProperty *from, BmfProperty *to)
{
        to->type = from->type.type ? from->type.type : CIM_STRING;
        to->value.type = (uint16_t)to->type;
        to->has_value = is_value(&from->value);
        int r = text16(l, from->name, &to->name);
        if (r == 0 && to->has_value) {
                r = lower_value(l, &from->value, from->type.type, &to->value);
                to->type = to->value.type;
        }
        return r;
}

static int lower_property(Lower *l, const MofProperty *from, bool of_class, BmfProperty *to)
{
        List list;
        int r = lower_variable(l, from, to);
        if (r == 0)
                r = lower_list(l, &from->qualifiers, &list);
        if (r == 0 && of_class && from->type.max)
                r = list_number(l, &list, STR("MAX"), from->type.max, 0);
        if (r == 0 && of_class)
                r = list_type(l, &list, &from->type);
        if (r == 0)
                list_into(&list, &to->qualifiers);
        return r;
}

static int add_text(Lower *l, BmfProperty *p, Str name, Str text)
{
        *p = (BmfProperty){.type = CIM_STRING, .has_value = true, .value = {.type = CIM_STRING}};
        int r = text16(l, name, &p->name);
        return r ? r : text16(l, text, &p->value.string);
}

static int add_number(Lower *l, BmfProperty *p, Str name, uint32_t number)
{
        *p = (BmfProperty){
                .type = CIM_SINT32, .has_value = true, .value = {.type = CIM_SINT32, .bits = number}};
        return text16(l, name, &p->name);
}

enum { SYSTEM_PROPERTIES = 6 };

// What stands behind the properties: __CLASS and so on.
static int lower_system(Lower *l, const MofObject *from, BmfProperty *p, uint32_t *count)
{
        int r = add_text(l, &p[(*count)++], STR("__CLASS"), from->name);
        if (r == 0)
                r = add_text(l, &p[(*count)++], STR("__NAMESPACE"), from->namespace_text);
        if (r == 0 && from->class_flags)
                r = add_number(l, &p[(*count)++], STR("__CLASSFLAGS"), from->class_flags);
        if (r == 0 && from->instance_flags)
                r = add_number(l, &p[(*count)++], STR("__INSTANCEFLAGS"), from->instance_flags);
        if (r == 0 && from->alias.n)
                r = add_text(l, &p[(*count)++], STR("__ALIAS"), from->alias);
        if (r == 0 && from->super.n)
                r = add_text(l, &p[(*count)++], STR("__SUPERCLASS"), from->super);
        return r;
}

// --- methods -------------------------------------------------------------------------------------

typedef enum Direction { IN, OUT } Direction;
static const struct {
        const char *name;
        Str added;
} directions[] = {{"in", {"IN", 2}}, {"out", {"OUT", 3}}};

static bool stands(const MofProperty *p, const char *qualifier)
{
        return mof_qualifier(&p->qualifiers, qualifier) != NULL;
}

// Does the parameter go that way? One that says neither goes both.
static bool goes(const MofProperty *p, Direction d)
{
        return stands(p, directions[d].name) || !stands(p, directions[!d].name);
}

// A parameter as a property of the object of that direction.
static int lower_parameter(Lower *l, const MofProperty *from, uint32_t index, Direction d, BmfProperty *to)
{
        List list;
        Str other = str_of(directions[!d].name);
        int r = lower_variable(l, from, to);
        if (r == 0)
                r = list_new(l, from->qualifiers.count, &list);
        for (uint32_t i = 0; r == 0 && i < from->qualifiers.count; i++)
                if (!str_ieq(from->qualifiers.items[i].name, other))
                        r = list_use(l, &list, &from->qualifiers.items[i]);
        if (r == 0 && from->type.max)
                r = list_number(l, &list, STR("MAX"), from->type.max, 0);
        if (r == 0 && !stands(from, directions[d].name))
                r = list_add(l, &list, directions[d].added, (BmfValue){.type = CIM_BOOLEAN, .bits = 0xFFFF},
                             0);
        if (r == 0 && !stands(from, "id"))
                r = list_number(l, &list, STR("ID"), index,
                                CIM_FLAVOR_TO_INSTANCE | CIM_FLAVOR_NOT_OVERRIDABLE);
        if (r == 0)
                r = list_type(l, &list, &from->type);
        if (r == 0)
                list_into(&list, &to->qualifiers);
        return r;
}

// The object with the parameters of one direction; *ret_any: are there any, or a return value?
static int lower_parameters(Lower *l, const MofMethod *m, Direction d, BmfObject *to, bool *ret_any)
{
        BmfProperty *p = arena_array(l->a, BmfProperty, (size_t)m->parameter_count + 2);
        int r = p ? 0 : -ENOMEM;
        *to = (BmfObject){.kind = 1, .properties = p, .has_methods = true};
        for (uint32_t i = 0; r == 0 && i < m->parameter_count; i++)
                if (goes(&m->parameters[i], d))
                        r = lower_parameter(l, &m->parameters[i], i, d, &p[to->property_count++]);
        if (r == 0 && d == OUT && m->returns.type) {
                List list;
                BmfProperty *value = &p[to->property_count++];
                value->type = m->returns.type;
                value->value.type = (uint16_t)value->type;
                r = text16(l, STR("ReturnValue"), &value->name);
                if (r == 0)
                        r = list_new(l, 0, &list);
                if (r == 0)
                        r = list_type(l, &list, &m->returns);
                if (r == 0)
                        list_into(&list, &value->qualifiers);
        }
        *ret_any = to->property_count != 0;
        if (r == 0)
                r = add_text(l, &p[to->property_count++], STR("__CLASS"), STR("__PARAMETERS"));
        return r;
}

static int lower_method(Lower *l, const MofMethod *from, BmfProperty *to)
{
        BmfValue *items = arena_array(l->a, BmfValue, 2);
        BmfObject *objects = arena_array(l->a, BmfObject, 2);
        List list;
        uint32_t n = 0;
        int r = items && objects ? text16(l, from->name, &to->name) : -ENOMEM;
        for (Direction d = IN; r == 0 && d <= OUT; d++) {
                bool any;
                r = lower_parameters(l, from, d, &objects[n], &any);
                if (r == 0 && any) {
                        items[n] = (BmfValue){.type = CIM_OBJECT, .object = &objects[n]};
                        n++;
                }
        }
        if (r == 0)
                r = lower_list(l, &from->qualifiers, &list);
        if (r != 0)
                return r;
        if (n) {
                to->type = CIM_OBJECT | CIM_ARRAY;
                to->has_value = true;
                to->value = (BmfValue){.type = CIM_OBJECT | CIM_ARRAY, .array = {items, n}};
        }
        list_into(&list, &to->qualifiers);
        return 0;
}

// --- objects -------------------------------------------------------------------------------------

static int lower_parts(Lower *l, const MofObject *from, BmfObject *to)
{
        List list;
        BmfProperty *p = arena_array(l->a, BmfProperty, (size_t)from->property_count + SYSTEM_PROPERTIES);
        BmfProperty *methods = arena_array(l->a, BmfProperty, from->method_count);
        if (!p || !methods)
                return -ENOMEM;
        *to = (BmfObject){
                .kind = from->is_instance, .properties = p, .methods = methods, .has_methods = true};
        int r = lower_list(l, &from->qualifiers, &list);
        if (r == 0)
                list_into(&list, &to->qualifiers);
        for (uint32_t i = 0; r == 0 && i < from->property_count; i++)
                r = lower_property(l, &from->properties[i], !from->is_instance, &p[to->property_count++]);
        if (r == 0)
                r = lower_system(l, from, p, &to->property_count);
        for (uint32_t i = 0; r == 0 && i < from->method_count; i++)
                r = lower_method(l, &from->methods[i], &methods[to->method_count++]);
        return r;
}

static int lower_object(Lower *l, const MofObject *from, BmfObject *to)
{
        if (l->depth > LIMIT_DEPTH) {
                tell(l, from->place, CIM_MOF_INVALID_INSTANCE,
                     "instances inside of each other, more than %u deep", LIMIT_DEPTH);
                return E_DIAG;
        }
        l->depth++;
        int r = lower_parts(l, from, to);
        l->depth--;
        return r;
}

static int lower_items(Lower *l)
{
        const MofDocument *d = l->document;
        const BmfObject **objects = arena_calloc(l->a, d->item_count, sizeof(*objects));
        int r = objects ? 0 : -ENOMEM;
        l->bmf->objects = objects;
        for (uint32_t i = 0; r == 0 && i < d->item_count; i++) {
                const MofItem *item = &d->items[i];
                if (item->kind == MOF_ITEM_OBJECT) {
                        BmfObject *o = arena_new(l->a, BmfObject);
                        if (!o)
                                return -ENOMEM;
                        objects[l->bmf->object_count++] = o;
                        r = lower_object(l, item->object, o);
                } else if (item->kind != MOF_ITEM_QUALIFIER) {
                        tell(l, item->place, CIM_MOF_INVALID_PRAGMA,
                             "binary MOF cannot say that a %s is deleted: left out",
                             item->kind == MOF_ITEM_DELETE_CLASS ? "class" : "instance");
                }
        }
        return r;
}

int bmf_lower_object(const MofDocument *d, const MofObject *o, Bmf *b, BmfObject *ret, Diag *reterr)
{
        Lower l = {.document = d,
                   .bmf = b,
                   .a = b->arena,
                   .warnings = reterr,
                   .capacity = 1,
                   .w2k = b->unpadded};
        return lower_object(&l, o, ret);
}

int bmf_of_document(const MofDocument *d, const BmfOptions *o, Bmf **ret, Diag *warnings, size_t capacity,
                    size_t *ret_warnings)
{
        Bmf *b = bmf_new();
        *ret = NULL;
        *ret_warnings = 0;
        if (!b)
                return -ENOMEM;
        Lower l = {.document = d, .bmf = b, .a = b->arena, .warnings = warnings, .capacity = capacity};
        l.w2k = b->unpadded = o && o->w2k;
        if (d->amendment.n)
                tell(&l, d->amendment_place, CIM_MOF_INVALID_AMENDMENT,
                     "binary MOF cannot say that a text is to be split by language: left out");
        int r = lower_items(&l);
        *ret_warnings = l.count;
        if (r != 0) {
                bmf_free(b);
                return r;
        }
        *ret = b;
        return 0;
}
