// SPDX-License-Identifier: MIT
// Classes: properties, methods, parameters.
#include "mof/internal.h"

// --- types ---------------------------------------------------------------------------------------

// The simple type that a word names; CIM_NONE: it is another word.
static CimType type_of_key(uint64_t key)
{
        return key == MOF_KEY("uint32")     ? CIM_UINT32
               : key == MOF_KEY("string")   ? CIM_STRING
               : key == MOF_KEY("boolean")  ? CIM_BOOLEAN
               : key == MOF_KEY("uint16")   ? CIM_UINT16
               : key == MOF_KEY("uint8")    ? CIM_UINT8
               : key == MOF_KEY("uint64")   ? CIM_UINT64
               : key == MOF_KEY("datetime") ? CIM_DATETIME
               : key == MOF_KEY("sint32")   ? CIM_SINT32
               : key == MOF_KEY("sint64")   ? CIM_SINT64
               : key == MOF_KEY("sint16")   ? CIM_SINT16
               : key == MOF_KEY("sint8")    ? CIM_SINT8
               : key == MOF_KEY("real32")   ? CIM_REAL32
               : key == MOF_KEY("real64")   ? CIM_REAL64
               : key == MOF_KEY("char16")   ? CIM_CHAR16
                                            : CIM_NONE;
}

static bool is_void(const MofType *t)
{
        return t->type == CIM_NONE;
}

// Any word that is no simple type is the name of a class. `reference` when `ref` stands behind it.
static int type_of_word(Mof *m, const MofToken *t, bool reference, MofType *ret)
{
        Str word = mof_str(m, t);
        uint64_t key = mof_key(word.p, word.n);
        bool is_void = key == MOF_KEY("void");
        *ret = (MofType){.type = (uint16_t)type_of_key(key), .word = word, .place = mof_place(t)};
        bool scalar = ret->type != CIM_NONE;
        if (reference && (scalar || is_void))
                return mof_error(m, t, CIM_MOF_UNRECOGNIZED_TYPE,
                                 "%.*s cannot be referred to: 'ref' stands behind a class", STR_ARG(word));
        if (scalar || is_void)
                return 0;
        mof_name_fits(m, word, ret->place, CIM_E_CLASS_NAME_TOO_WIDE);
        ret->type = reference ? CIM_REFERENCE : CIM_OBJECT;
        if (key != MOF_KEY("object"))
                ret->class_name = word;
        return 0;
}

// type [ref] NAME: the words of a property, method or parameter.
static int type_and_name(Mof *m, bool parameter, bool in_body, MofType *type, Str *name, MofPlace *place)
{
        char shown[MOF_SHOWN];
        MofToken first = m->now;
        if (first.kind != MOF_WORD)
                return mof_error(m, &first, in_body ? CIM_MOF_EXPECTED_BRACE_OR_TYPE : CIM_MOF_EXPECTED_TYPE,
                                 "expected a type%s, found %s", in_body ? " or '}'" : "",
                                 mof_shown(m, &first, shown));
        int r = mof_next(m);
        if (r != 0)
                return r;
        uint32_t code = parameter ? CIM_MOF_INVALID_CLASS : CIM_MOF_EXPECTED_PROPERTY_NAME;
        uint32_t wide = CIM_E_PROPERTY_NAME_TOO_WIDE;
        const char *what = parameter ? "the name of the parameter" : "the name of a property or method";
        if (m->now.kind == '[') {
                mof_error(m, &m->now, code, "expected %s, found '['", what);
                return mof_hint(m, "the brackets of an array stand behind the name");
        }
        bool reference = mof_now(m, MOF_KEY("ref")), method = m->now.kind == '(';
        r = mof_name(m, code, wide, what, name, place);
        if (method)
                mof_hint(m, "in front of a name stands a type; a method without a return value is void");
        if (r != 0)
                return r;
        if (reference && m->now.kind == MOF_WORD)
                r = mof_name(m, code, wide, what, name, place);
        else
                reference = false; // a property that is called ref
        return r == 0 ? type_of_word(m, &first, reference, type) : r;
}

// --- properties and parameters -------------------------------------------------------------------

// MAX(n) written by hand on an array says the same as [n].
static void check_max(Mof *m, const MofProperty *p)
{
        if (!cim_is_array(p->type.type))
                return;
        const MofQualifier *q = mof_qualifier(&p->qualifiers, "max");
        if (!q || q->value.kind == MOF_VALUE_NULL)
                return;
        const MofValue *v = &q->value;
        MofPlace at = v->kind == MOF_VALUE_NONE ? q->place : v->place;
        if (v->kind != MOF_VALUE_INTEGER || v->negative || v->magnitude == 0 || v->magnitude > LIMIT_ARRAY_ITEMS)
                mof_error_at(m, at, CIM_MOF_OUT_OF_RANGE, "MAX is the number of elements, 1 to %u", LIMIT_ARRAY_ITEMS);
        else if (p->type.max && p->type.max != v->magnitude)
                mof_error_at(m, q->place, CIM_MOF_DUPLICATE_QUALIFIER, "MAX says %llu elements, the brackets say %u",
                             (unsigned long long)v->magnitude, p->type.max);
}

// [n] or [] behind a name; m->now is '['.
static int array_bounds(Mof *m, MofType *t, char separator)
{
        t->type |= CIM_ARRAY;
        bool apart = !mof_same_line(m, m->past.at, m->now.at);
        int r = mof_next(m);
        if (r == 0 && m->now.kind == MOF_INTEGER) {
                MofValue v;
                r = mof_value(m, &v);
                if (r == 0 && v.kind == MOF_VALUE_INTEGER) {
                        if (v.negative || v.magnitude == 0 || v.magnitude > LIMIT_ARRAY_ITEMS)
                                mof_error_at(m, v.place, CIM_MOF_OUT_OF_RANGE, "an array has 1 to %u elements",
                                             LIMIT_ARRAY_ITEMS);
                        else
                                t->max = (uint32_t)v.magnitude;
                }
        }
        MofToken size = m->now;
        if (r == 0)
                r = mof_expect(m, ']', CIM_MOF_EXPECTED_CLOSE_BRACKET, "the size of the array");
        if (r > 0 && size.kind == MOF_WORD && !apart && mof_like_macro(mof_str(m, &size)))
                mof_hint(m, "a number stands there; a macro needs the C preprocessor first: --cpp");
        else if (r > 0 && size.kind == MOF_WORD) // [read, ...]: the next declaration's qualifiers
                mof_hint(m, "is a '%c' missing in front of the '['?", separator);
        if (r == 0 && m->now.kind == '[')
                return mof_error(m, &m->now, CIM_MOF_EXPECTED_SEMI, "an array has one dimension");
        return r;
}

// A property or parameter behind its name; m->now is what follows it.
static int variable(Mof *m, MofProperty *p, bool parameter)
{
        int r = 0;
        if (is_void(&p->type)) {
                mof_error_at(m, p->type.place, CIM_MOF_EXPECTED_TYPE, "void is for methods that return nothing");
                p->type.type = CIM_UINT32;
        }
        if (m->now.kind == '[')
                r = array_bounds(m, &p->type, parameter ? ',' : ';');
        if (r != 0)
                return r;
        if (p->qualifiers.count)
                check_max(m, p);
        if (m->now.kind == '=') {
                r = mof_next(m);
                if (r == 0)
                        r = mof_value(m, &p->value);
                if (r != 0)
                        return r;
                mof_value_check(m, &p->value, p->type.type, p->name);
        }
        bool reference = cim_type(p->type.type) == CIM_REFERENCE;
        mof_qualifiers_scope(m, &p->qualifiers,
                             reference   ? MOF_ON_REFERENCE | MOF_ON_PARAMETER
                             : parameter ? MOF_ON_PARAMETER
                                         : MOF_ON_PROPERTY);
        return 0;
}

// --- methods -------------------------------------------------------------------------------------

static int parameter(Mof *m, size_t index)
{
        MofProperty p = {0};
        int r = m->now.kind == '[' ? mof_qualifiers(m, &p.qualifiers) : 0;
        if (r == 0)
                r = type_and_name(m, true, false, &p.type, &p.name, &p.place);
        if (r == 0)
                r = variable(m, &p, true);
        if (r == 0 && index == LIMIT_CLASS_PROPERTIES)
                r = mof_error_at(m, p.place, CIM_MOF_INVALID_CLASS, "more than %u parameters",
                                 LIMIT_CLASS_PROPERTIES);
        return r == 0 ? MOF_PUSH(&m->properties, MofProperty, p) : r;
}

static void parameter_twice(Mof *m, const void *item)
{
        const MofProperty *p = item;
        mof_error_at(m, p->place, CIM_E_DUPLICATE_PARAMETER, "the parameter %.*s is given twice", STR_ARG(p->name));
}

// The IDs of parameters are 0, 1, 2... in any order.
static int check_ids(Mof *m, const MofMethod *method)
{
        uint8_t *seen = NULL;
        for (uint32_t i = 0; i < method->parameter_count; i++) {
                const MofProperty *p = &method->parameters[i];
                const MofQualifier *q = p->qualifiers.count ? mof_qualifier(&p->qualifiers, "id") : NULL;
                if (!q || q->value.kind == MOF_VALUE_NULL)
                        continue;
                const MofValue *v = &q->value;
                if (!seen && !(seen = arena_alloc(m->arena, method->parameter_count)))
                        return -ENOMEM;
                if (v->kind != MOF_VALUE_INTEGER)
                        mof_error_at(m, p->place, CIM_E_INVALID_PARAMETER_ID, "the ID of %.*s is not a number",
                                     STR_ARG(p->name));
                else if ((v->negative && v->magnitude) || v->magnitude >= method->parameter_count)
                        mof_error_at(m, p->place, CIM_E_NONCONSECUTIVE_IDS,
                                     "the ID of %.*s is %s%llu, and there are %u parameters: 0 to %u",
                                     STR_ARG(p->name), v->negative ? "-" : "", (unsigned long long)v->magnitude,
                                     method->parameter_count, method->parameter_count - 1);
                else if (seen[v->magnitude]++)
                        mof_error_at(m, p->place, CIM_E_NONCONSECUTIVE_IDS, "a second parameter with the ID %llu",
                                     (unsigned long long)v->magnitude);
        }
        return 0;
}

// Is the ';' between parameters a wrong ','? Then what follows closes the list.
static bool parameters_go_on(const Mof *m)
{
        int open = 0;
        for (uint32_t i = m->at; m->p[i] && !strchr(";{}", m->p[i]); i++) {
                open += m->p[i] == '(' ? 1 : m->p[i] == ')' ? -1 : 0;
                if (open < 0)
                        return true;
        }
        return false;
}

// What stands behind a parameter is neither ',' nor ')'.
static int no_comma(Mof *m)
{
        char shown[MOF_SHOWN];
        mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_PAREN, "expected ',' or ')' in a list of parameters, found %s",
                  mof_shown(m, &m->now, shown));
        const MofProperty *last = (const MofProperty *)(const void *)(m->properties.p + m->properties.n) - 1;
        Str type = last->type.class_name;
        if (str_ieq(type, STR("in")) || str_ieq(type, STR("out")))
                return mof_hint(m, "in and out are qualifiers: [%.*s] %.*s ...", STR_ARG(type), STR_ARG(last->name));
        if (m->now.kind != ';' || !parameters_go_on(m))
                return E_DIAG;
        mof_hint(m, "parameters are separated by ','");
        return mof_next(m);
}

// (parameter, parameter); m->now is '('.
static int parameters(Mof *m, MofMethod *method)
{
        size_t base = m->properties.n, count = 0;
        int r = mof_next(m);
        while (r == 0 && m->now.kind != ')') {
                r = parameter(m, count++);
                if (r == 0 && m->now.kind == ',') {
                        r = mof_next(m);
                } else if (r == 0 && m->now.kind != ')') {
                        r = no_comma(m);
                }
        }
        if (r < 0)
                return r;
        method->parameters = mof_take(m, &m->properties, base, sizeof(MofProperty), &method->parameter_count);
        if (!method->parameters || mof_duplicates(m, method->parameters, method->parameter_count,
                                                  sizeof(MofProperty), parameter_twice) < 0)
                return -ENOMEM;
        if (r == 0)
                r = check_ids(m, method);
        return r == 0 ? mof_next(m) : r;
}

// --- members -------------------------------------------------------------------------------------

typedef struct Body {
        size_t properties, methods; // where the class's own begin on their stacks
        unsigned braces;            // open inside of it
} Body;

static size_t count_of(const MofStack *s, size_t base, size_t size)
{
        return (s->n - base) / size;
}

// A method behind its name; m->now is '('.
static int method(Mof *m, const Body *b, const MofProperty *p)
{
        MofMethod d = {.name = p->name, .place = p->place, .returns = p->type, .qualifiers = p->qualifiers};
        int r = parameters(m, &d);
        if (r < 0)
                return r;
        mof_qualifiers_scope(m, &d.qualifiers, MOF_ON_METHOD);
        if (r == 0 && count_of(&m->methods, b->methods, sizeof(d)) == LIMIT_CLASS_PROPERTIES)
                r = mof_error_at(m, p->place, CIM_MOF_INVALID_CLASS, "more than %u methods", LIMIT_CLASS_PROPERTIES);
        return r == 0 ? MOF_PUSH(&m->methods, MofMethod, d) : r;
}

static int property(Mof *m, const Body *b, MofProperty *p)
{
        int r = variable(m, p, false);
        if (r != 0)
                return r;
        if (m->now.kind == '(' && cim_is_array(p->type.type)) {
                mof_error_at(m, p->place, CIM_MOF_NO_ARRAYS_RETURNED, "a method cannot return an array");
                return mof_hint(m, "give it back in an [out] parameter");
        }
        if (count_of(&m->properties, b->properties, sizeof(*p)) == LIMIT_CLASS_PROPERTIES)
                return mof_error_at(m, p->place, CIM_MOF_INVALID_CLASS, "more than %u properties",
                                    LIMIT_CLASS_PROPERTIES);
        return MOF_PUSH(&m->properties, MofProperty, *p);
}

static int member(Mof *m, const Body *b)
{
        MofProperty p = {0};
        size_t values = m->values.n, qualifiers = m->qualifiers.n, properties = m->properties.n;
        bool in_body = m->now.kind != '[';
        int r = in_body ? 0 : mof_qualifiers(m, &p.qualifiers);
        if (r == E_DIAG && m->now.kind == MOF_WORD)
                r = 0; // the list was left behind; the member itself can be read
        if (r == 0)
                r = type_and_name(m, false, in_body, &p.type, &p.name, &p.place);
        if (r == 0)
                r = m->now.kind == '(' ? method(m, b, &p) : property(m, b, &p);
        if (r == 0 && m->now.kind == ';')
                return mof_next(m);
        if (r == 0) {
                r = mof_missing_semicolon(m, p.name.p, p.name.n);
                if (r == 0)
                        return 0;
        }
        if (r != E_DIAG)
                return r;
        m->values.n = values;
        m->qualifiers.n = qualifiers;
        m->properties.n = properties;
        return mof_skip_member(m, b->braces);
}

static int directive_inside(Mof *m, const MofObject *o)
{
        char line[MOF_LINE_SHOWN];
        MofToken hash = m->now;
        mof_error(m, &hash, CIM_MOF_EXPECTED_CLOSE_BRACE, "a directive inside of class %.*s", STR_ARG(o->name));
        mof_hint(m, "is the '}' of the class, which begins in %s, missing?", mof_line_shown(m, o->place.at, line));
        int r = mof_pragma(m);
        return r == E_DIAG ? mof_skip_directive(m, &hash) : r;
}

static void property_twice(Mof *m, const void *item)
{
        const MofProperty *p = item;
        mof_error_at(m, p->place, CIM_MOF_DUPLICATE_PROPERTY, "the property %.*s is declared twice",
                     STR_ARG(p->name));
}

static void method_twice(Mof *m, const void *item)
{
        const MofMethod *d = item;
        mof_error_at(m, d->place, CIM_MOF_DUPLICATE_PROPERTY, "the method %.*s is declared twice",
                     STR_ARG(d->name));
}

static int take_members(Mof *m, const Body *b, MofObject *o)
{
        o->properties = mof_take(m, &m->properties, b->properties, sizeof(MofProperty), &o->property_count);
        o->methods = mof_take(m, &m->methods, b->methods, sizeof(MofMethod), &o->method_count);
        if (!o->properties || !o->methods)
                return -ENOMEM;
        int r = mof_duplicates(m, o->properties, o->property_count, sizeof(MofProperty), property_twice);
        return r == 0 ? mof_duplicates(m, o->methods, o->method_count, sizeof(MofMethod), method_twice) : r;
}

static int class_body(Mof *m, MofObject *o)
{
        Body b = {.properties = m->properties.n, .methods = m->methods.n};
        uint32_t open = m->now.at;
        int r = mof_next(m); // '{'
        b.braces = m->braces;
        while (r == 0 && m->now.kind != '}' && (m->now.kind == '#' || !mof_next_declaration(m))) {
                if (m->now.kind == '#')
                        r = directive_inside(m, o);
                else
                        r = m->now.kind == ';' ? mof_next(m) : member(m, &b);
        }
        if (r == 0)
                r = take_members(m, &b, o);
        if (r != 0)
                return r;
        if (m->now.kind != '}')
                return mof_unclosed(m, open, "class", o->name);
        return mof_end_of_body(m, "the '}' of the class");
}

// --- classes -------------------------------------------------------------------------------------

static bool is_reserved(Str name)
{
        uint64_t key = mof_key(name.p, name.n);
        return key == MOF_KEY("ref") || key == MOF_KEY("void") || key == MOF_KEY("object") ||
               type_of_key(key) != CIM_NONE;
}

// NAME [as $A] [: SUPER]; m->now is the word `class`.
static int class_head(Mof *m, MofObject *o)
{
        int r = mof_next(m);
        if (r == 0)
                r = mof_name(m, CIM_MOF_EXPECTED_CLASS_NAME, CIM_E_CLASS_NAME_TOO_WIDE, "the name of the class",
                             &o->name, &o->place);
        if (r == 0 && is_reserved(o->name))
                mof_error_at(m, o->place, CIM_MOF_EXPECTED_CLASS_NAME,
                             "'%.*s' is a word of MOF, not a name for a class", STR_ARG(o->name));
        if (r == 0)
                r = mof_alias(m, o, false);
        if (r == 0 && m->now.kind == ':') {
                r = mof_next(m);
                if (r == 0)
                        r = mof_name(m, CIM_MOF_EXPECTED_CLASS_NAME, CIM_E_CLASS_NAME_TOO_WIDE,
                                     "the name of the superclass", &o->super, &o->super_place);
                if (r == 0)
                        r = mof_alias(m, o, false);
        }
        if (r != 0 || m->now.kind == '{')
                return r;
        char shown[MOF_SHOWN];
        mof_error(m, &m->now, CIM_MOF_EXPECTED_OPEN_BRACE, "expected '{'%s behind %s %.*s, found %s",
                  o->super.n ? "" : " or ':'", o->super.n ? "the superclass" : "class",
                  STR_ARG(o->super.n ? o->super : o->name), mof_shown(m, &m->now, shown));
        if (m->now.kind == ':' || m->now.kind == ',')
                return mof_hint(m, "a class has one superclass");
        if (m->now.kind == ';')
                return mof_hint(m, "a class is declared with its body, once");
        return m->now.kind == MOF_WORD && !o->super.n ? mof_hint(m, "a superclass stands behind ':'") : E_DIAG;
}

int mof_class(Mof *m, const MofQualifierList *q, size_t reports)
{
        MofObject *o = arena_new(m->arena, MofObject);
        if (!o)
                return -ENOMEM;
        o->qualifiers = *q;
        o->namespace_text = m->namespace_text;
        o->namespace = m->namespace;
        o->class_flags = m->class_flags;
        o->instance_flags = m->instance_flags;
        m->alias_owner = UINT32_MAX;
        int r = class_head(m, o);
        if (r >= 0 && o->name.n)
                mof_qualifiers_scope(m, q, MOF_ON_CLASS | MOF_ON_ASSOCIATION | MOF_ON_INDICATION);
        if (r == 0)
                r = class_body(m, o);
        if (r < 0)
                return r;
        if (!o->name.n)
                m->document->lost = true;
        MofItem item = {.kind = MOF_ITEM_OBJECT, .place = o->place, .object = o};
        int s = o->name.n ? mof_item(m, &item, reports) : 0;
        return s < 0 ? s : r;
}
