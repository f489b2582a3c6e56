// SPDX-License-Identifier: MIT
// Declarations: classes with their members, instances, and how the parser finds its footing again after an
// error.
//
// A declaration with an error in it is read to its end, so that one run reports what there is to report, and
// is not built.
#include "mof/old/internal.h"

#include <stdio.h>

#include "base/utf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// --- small steps ---------------------------------------------------------------------------------

int mof_expect(Mof *m, char punctuation, uint32_t code, const char *after)
{
        if (m->now.kind == (uint16_t)punctuation)
                return mof_next(m);
        char shown[MOF_SHOWN];
        return mof_error(m, &m->now, code, "expected '%c' behind %s, found %s", punctuation, after,
                         mof_shown(m, &m->now, shown));
}

int mof_name(Mof *m, uint32_t code, uint32_t too_wide, const char *what, Str *ret, MofToken *ret_token)
{
        char shown[MOF_SHOWN];
        *ret_token = m->now;
        if (m->now.kind != MOF_WORD)
                return mof_error(m, &m->now, code, "expected %s, found %s", what,
                                 mof_shown(m, &m->now, shown));
        *ret = mof_str(m, &m->now);
        if (ret->n > LIMIT_NAME_CHARS) {
                mof_error(m, &m->now, too_wide, "a name of %zu characters", ret->n);
                mof_hint(m, "a name has at most %u", LIMIT_NAME_CHARS);
                ret->n = LIMIT_NAME_CHARS;
        }
        return mof_next(m);
}

// Where ';' should stand is something else. What follows is read on as if it had been there.
static int missing_semicolon(Mof *m, const char *after)
{
        char shown[MOF_SHOWN];
        MofToken past = m->past;
        mof_error(m, &m->now, CIM_MOF_EXPECTED_SEMI, "expected ';' behind %s, found %s", after,
                  mof_shown(m, &m->now, shown));
        return mof_hint(m, "put ';' behind %s in line %u", mof_shown(m, &past, shown), past.line);
}

// "}" and ";" at the end of a class or an instance.
static int end_of_body(Mof *m, const char *what)
{
        int r = mof_next(m); // '}'
        if (r == 0 && m->now.kind == ';')
                return mof_next(m);
        if (r == 0)
                missing_semicolon(m, what);
        return r;
}

// Leaves what belongs to a broken member of the body in which `base` braces are open: up to its ';', or to
// the '}' of the body. A ';' ends it whatever is still open: what is left open is what is wrong with it.
static int skip_member(Mof *m, unsigned base)
{
        int r = 0;
        while (r == 0 && m->now.kind != MOF_END) {
                if (m->braces <= base && (m->now.kind == '}' || m->now.kind == '#' || mof_word(m, "class")))
                        return 0;
                bool last = m->now.kind == ';';
                r = mof_next(m);
                if (last)
                        break;
        }
        m->braces = base;
        return r;
}

// Leaves what belongs to a broken declaration, which began at `first`: up to what looks like the beginning of
// the next.
static int skip_declaration(Mof *m, const MofToken *first)
{
        int r = m->now.at == first->at ? mof_next(m) : 0;
        while (r == 0 && m->now.kind != MOF_END) {
                if (m->braces == 0 && (m->now.kind == '#' || m->now.kind == '[' || mof_word(m, "class") ||
                                       mof_word(m, "instance") || mof_word(m, "qualifier")))
                        return 0;
                bool last = (m->now.kind == ';' && m->braces == 0) || (m->now.kind == '}' && m->braces <= 1);
                r = mof_next(m);
                if (last)
                        break;
        }
        return r == 0 && m->now.kind == ';' ? mof_next(m) : r;
}

// --- types ---------------------------------------------------------------------------------------

typedef struct Type {
        uint16_t type;
        bool is_void;
        Str class_name; // of an object or reference; empty: any
        MofToken token;
} Type;

// The type that a word names; any other word is the name of a class. `reference` when `ref` stands behind it.
static int type_of_word(Mof *m, const MofToken *t, bool reference, Type *ret)
{
        Str word = mof_str(m, t);
        *ret = (Type){
                .type = (uint16_t)cim_type_of_name(word), .token = *t, .is_void = mof_is_word(m, t, "void")};
        bool scalar = ret->type != CIM_NONE && ret->type != CIM_OBJECT && ret->type != CIM_REFERENCE;
        if (reference && (scalar || ret->is_void))
                return mof_error(m, t, CIM_MOF_UNRECOGNIZED_TYPE,
                                 "%.*s cannot be referred to: 'ref' stands behind a class", STR_ARG(word));
        if (scalar || ret->is_void)
                return 0;
        ret->type = reference ? CIM_REFERENCE : CIM_OBJECT;
        if (!mof_is_word(m, t, "object"))
                ret->class_name = word;
        return 0;
}

// type [ref] NAME: the words of a property, method or parameter.
static int type_and_name(Mof *m, bool parameter, bool in_body, Type *type, Str *name, MofToken *name_token)
{
        char shown[MOF_SHOWN];
        MofToken first = m->now;
        if (first.kind != MOF_WORD) {
                mof_error(m, &first, in_body ? CIM_MOF_EXPECTED_BRACE_OR_TYPE : CIM_MOF_EXPECTED_TYPE,
                          "expected a type%s, found %s", in_body ? " or '}'" : "",
                          mof_shown(m, &first, shown));
                return E_DIAG;
        }
        int r = mof_next(m);
        if (r != 0)
                return r;
        MofToken second = m->now;
        uint32_t code = parameter ? CIM_MOF_INVALID_CLASS : CIM_MOF_EXPECTED_PROPERTY_NAME;
        uint32_t wide = CIM_E_PROPERTY_NAME_TOO_WIDE;
        const char *what = parameter ? "the name of the parameter" : "the name of a property or method";
        if (second.kind == '[') {
                mof_error(m, &second, code, "expected %s, found '['", what);
                return mof_hint(m, "the brackets of an array stand behind the name");
        }
        bool reference = mof_word(m, "ref");
        r = mof_name(m, code, wide, what, name, name_token);
        if (r != 0)
                return r;
        if (reference && m->now.kind == MOF_WORD)
                r = mof_name(m, code, wide, what, name, name_token);
        else
                reference = false; // a property that is called ref
        return r == 0 ? type_of_word(m, &first, reference, type) : r;
}

// --- members -------------------------------------------------------------------------------------

typedef struct Body {
        MofDecl *decl;
        CimPropertySpec *properties;
        CimMethodSpec *methods;
        size_t property_count, property_capacity, name_capacity, method_count, method_capacity, use_capacity;
        MofNames property_names, method_names;
        MofToken open;   // its '{'
        unsigned braces; // open inside of it
} Body;

static int remember_use(Mof *m, Body *b, const Type *t, bool hard)
{
        if (t->type != CIM_OBJECT || !t->class_name.n)
                return 0;
        MofUse use = {t->class_name, t->token, hard};
        return MOF_PUSH(m, b->decl->uses, b->decl->use_count, b->use_capacity, use);
}

// MAX(n) written by hand on an array says the same as [n].
static int take_max(Mof *m, CimPropertySpec *p, MofQualifiers *q)
{
        if (!cim_is_array(p->type))
                return 0;
        for (size_t i = 0; i < q->count; i++) {
                const CimValue *v = &q->items[i].value;
                if (!str_ieq(q->items[i].name, STR("max")) || v->null)
                        continue;
                uint64_t n = v->uint;
                bool number =
                        cim_type_is_signed(v->type) ? v->sint > 0 : cim_type_is_unsigned(v->type) && n > 0;
                if (!number || n > LIMIT_ARRAY_ITEMS)
                        return mof_error(m, &q->values[i], CIM_MOF_OUT_OF_RANGE,
                                         "MAX is the number of elements, 1 to %u", LIMIT_ARRAY_ITEMS);
                if (p->max && p->max != n)
                        return mof_error(m, &q->names[i], CIM_MOF_DUPLICATE_QUALIFIER,
                                         "MAX says %llu elements, the brackets say %u", (unsigned long long)n,
                                         p->max);
                p->max = (uint32_t)n;
                size_t behind = q->count - i - 1;
                memmove(q->items + i, q->items + i + 1, behind * sizeof(*q->items));
                memmove(q->names + i, q->names + i + 1, behind * sizeof(*q->names));
                memmove(q->values + i, q->values + i + 1, behind * sizeof(*q->values));
                q->count--;
                return 0;
        }
        return 0;
}

// [n] or [] behind a name; m->now is '['.
static int array_bounds(Mof *m, CimPropertySpec *p)
{
        p->type |= CIM_ARRAY;
        int r = mof_next(m);
        if (r == 0 && m->now.kind == MOF_INTEGER) {
                MofValue v;
                r = mof_value(m, &v);
                if (r == 0 && v.kind == MOF_V_INTEGER) {
                        if (v.negative || v.magnitude == 0 || v.magnitude > LIMIT_ARRAY_ITEMS)
                                mof_error(m, &v.token, CIM_MOF_OUT_OF_RANGE, "an array has 1 to %u elements",
                                          LIMIT_ARRAY_ITEMS);
                        else
                                p->max = (uint32_t)v.magnitude;
                }
        }
        bool word = r == 0 && m->now.kind == MOF_WORD; // [read, ...]: the next declaration's qualifiers
        if (r == 0)
                r = mof_expect(m, ']', CIM_MOF_EXPECTED_CLOSE_BRACKET, "the size of the array");
        if (r > 0 && word)
                mof_hint(m, "is a ';' missing in front of the '['?");
        if (r == 0 && m->now.kind == '[') {
                mof_error(m, &m->now, CIM_MOF_EXPECTED_SEMI, "an array has one dimension");
                return E_DIAG;
        }
        return r;
}

// "= value", if it is there.
static int default_value(Mof *m, CimPropertySpec *p)
{
        if (m->now.kind != '=')
                return 0;
        MofValue v;
        int r = mof_next(m);
        if (r == 0)
                r = mof_value(m, &v);
        if (r != 0)
                return r;
        p->has_default = true;
        r = mof_value_as(m, &v, p->type, p->name, &p->value);
        return r < 0 ? r : 0; // reported
}

// A property or parameter behind its name; m->now is what follows it.
static int variable(Mof *m, Body *b, const Type *t, bool hard, MofQualifiers *q, CimPropertySpec *p)
{
        p->type = t->type;
        p->class_name = t->class_name;
        int r = 0;
        if (t->is_void) {
                mof_error(m, &t->token, CIM_MOF_EXPECTED_TYPE, "void is for methods that return nothing");
                p->type = CIM_UINT32;
        }
        if (m->now.kind == '[')
                r = array_bounds(m, p);
        if (r == 0)
                r = take_max(m, p, q);
        if (r == 0)
                r = default_value(m, p);
        if (r == 0)
                r = remember_use(m, b, t, hard);
        if (r == 0)
                r = mof_qualifiers_scope(m, q,
                                         t->type == CIM_REFERENCE ? MOF_ON_REFERENCE | MOF_ON_PARAMETER
                                         : hard                   ? MOF_ON_PROPERTY
                                                                  : MOF_ON_PARAMETER);
        p->qualifiers = q->items;
        p->qualifier_count = q->count;
        return r;
}

static bool direction(const MofQualifiers *q, const char *word)
{
        return cim_qualifier_true(q->items, q->count, str_of(word));
}

// What WMI's compiler adds to a parameter that does not say it: IN and OUT when it says neither, then its ID.
static int complete_parameter(Mof *m, MofQualifiers *q, size_t index)
{
        size_t n = q->count, capacity = n;
        CimQualifier add[3];
        size_t k = 0;
        CimValue yes = {.type = CIM_BOOLEAN, .boolean = true};
        if (!direction(q, "in") && !direction(q, "out")) {
                add[k++] = (CimQualifier){.name = STR("IN"), .value = yes};
                add[k++] = (CimQualifier){.name = STR("OUT"), .value = yes};
        }
        if (!cim_qualifier_find(q->items, q->count, STR("id")))
                add[k++] = (CimQualifier){.name = STR("ID"),
                                          .value = {.type = CIM_SINT32, .sint = (int64_t)index},
                                          .flavor = CIM_FLAVOR_TO_INSTANCE | CIM_FLAVOR_NOT_OVERRIDABLE};
        // IN(FALSE) and the like: replaced rather than given twice.
        for (size_t i = 0; i < k; i++) {
                size_t j = 0;
                while (j < q->count && !str_ieq(q->items[j].name, add[i].name))
                        j++;
                if (j < q->count)
                        q->items[j].value = add[i].value;
                else if (MOF_PUSH(m, q->items, q->count, capacity, add[i]) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int parameter(Mof *m, Body *b, size_t index, CimPropertySpec *p, MofToken *ret_name)
{
        MofQualifiers q = {0};
        Type type;
        int r = m->now.kind == '[' ? mof_qualifiers(m, &q) : 0;
        if (r == 0)
                r = type_and_name(m, true, false, &type, &p->name, ret_name);
        if (r == 0) {
                p->offset = ret_name->at;
                r = variable(m, b, &type, false, &q, p);
        }
        if (r == 0)
                r = complete_parameter(m, &q, index);
        p->qualifiers = q.items;
        p->qualifier_count = q.count;
        return r;
}

// The IDs of parameters are 0, 1, 2... in any order.
static int check_ids(Mof *m, const CimMethodSpec *method, const MofToken *tokens)
{
        uint8_t *seen = arena_alloc(m->arena, method->parameter_count);
        if (!seen)
                return -ENOMEM;
        for (size_t i = 0; i < method->parameter_count; i++) {
                const CimPropertySpec *p = &method->parameters[i];
                const CimQualifier *q = cim_qualifier_find(p->qualifiers, p->qualifier_count, STR("id"));
                if (!q || q->value.null)
                        continue;
                if (cim_is_array(q->value.type) ||
                    !(cim_type_is_signed(q->value.type) || cim_type_is_unsigned(q->value.type)))
                        mof_error(m, &tokens[i], CIM_E_INVALID_PARAMETER_ID, "the ID of %.*s is not a number",
                                  STR_ARG(p->name));
                else if (q->value.uint >= method->parameter_count)
                        mof_error(m, &tokens[i], CIM_E_NONCONSECUTIVE_IDS,
                                  "the ID of %.*s is %lld, and there are %zu parameters: 0 to %zu",
                                  STR_ARG(p->name), (long long)q->value.sint, method->parameter_count,
                                  method->parameter_count - 1);
                else if (seen[q->value.uint]++)
                        mof_error(m, &tokens[i], CIM_E_NONCONSECUTIVE_IDS,
                                  "a second parameter with the ID %lld", (long long)q->value.sint);
        }
        return 0;
}

static int parameters(Mof *m, Body *b, CimMethodSpec *method)
{
        CimPropertySpec *list = NULL;
        MofToken *tokens = NULL;
        size_t count = 0, capacity = 0, token_capacity = 0;
        MofNames names = {0};
        int r = mof_next(m); // '('
        while (r == 0 && m->now.kind != ')') {
                CimPropertySpec p = {0};
                size_t n = count;
                MofToken t;
                r = parameter(m, b, count, &p, &t);
                if (r != 0)
                        return r;
                if (count == LIMIT_CLASS_PROPERTIES)
                        return mof_error(m, &t, CIM_MOF_INVALID_CLASS, "more than %u parameters",
                                         LIMIT_CLASS_PROPERTIES);
                r = mof_names_add(m->arena, &names, p.name, count, NULL);
                if (r == 1)
                        r = mof_error(m, &t, CIM_E_DUPLICATE_PARAMETER, "the parameter %.*s is given twice",
                                      STR_ARG(p.name));
                if (r < 0 || MOF_PUSH(m, tokens, n, token_capacity, t) < 0 ||
                    MOF_PUSH(m, list, count, capacity, p) < 0)
                        return -ENOMEM;
                if (m->now.kind == ',') {
                        r = mof_next(m);
                        continue;
                }
                if (m->now.kind != ')') {
                        char shown[MOF_SHOWN];
                        return mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_PAREN,
                                         "expected ',' or ')' in a list of parameters, found %s",
                                         mof_shown(m, &m->now, shown));
                }
                r = 0;
        }
        method->parameters = list;
        method->parameter_count = count;
        if (r == 0)
                r = check_ids(m, method, tokens);
        return r == 0 ? mof_next(m) : r;
}

// A method behind its name; m->now is '('.
static int method(Mof *m, Body *b, const Type *t, const MofQualifiers *q, Str name, const MofToken *at)
{
        CimMethodSpec spec = {
                .name = name,
                .return_type = t->is_void ? CIM_NONE : t->type,
                .return_class = t->class_name,
                .qualifiers = q->items,
                .qualifier_count = q->count,
        };
        int r = parameters(m, b, &spec);
        if (r == 0)
                r = remember_use(m, b, t, false);
        if (r == 0)
                r = mof_qualifiers_scope(m, q, MOF_ON_METHOD);
        if (r != 0)
                return r;
        if (b->method_count == LIMIT_CLASS_PROPERTIES)
                return mof_error(m, at, CIM_MOF_INVALID_CLASS, "more than %u methods",
                                 LIMIT_CLASS_PROPERTIES);
        r = mof_names_add(m->arena, &b->method_names, name, b->method_count, NULL);
        if (r == 1) {
                mof_error(m, at, CIM_MOF_DUPLICATE_PROPERTY, "the method %.*s is declared twice",
                          STR_ARG(name));
                return 0;
        }
        return r < 0 ? r : MOF_PUSH(m, b->methods, b->method_count, b->method_capacity, spec);
}

static int property(Mof *m, Body *b, const Type *t, MofQualifiers *q, Str name, const MofToken *at)
{
        CimPropertySpec p = {.name = name, .offset = at->at};
        int r = variable(m, b, t, true, q, &p);
        if (r != 0)
                return r;
        if (m->now.kind == '(' && cim_is_array(p.type)) {
                mof_error(m, at, CIM_MOF_NO_ARRAYS_RETURNED, "a method cannot return an array");
                mof_hint(m, "give it back in an [out] parameter");
                return E_DIAG;
        }
        if (b->property_count == LIMIT_CLASS_PROPERTIES)
                return mof_error(m, at, CIM_MOF_INVALID_CLASS, "more than %u properties",
                                 LIMIT_CLASS_PROPERTIES);
        r = mof_names_add(m->arena, &b->property_names, name, b->property_count, NULL);
        if (r == 1) {
                mof_error(m, at, CIM_MOF_DUPLICATE_PROPERTY, "the property %.*s is declared twice",
                          STR_ARG(name));
                return 0;
        }
        size_t n = b->property_count;
        if (r < 0 || MOF_PUSH(m, b->decl->property_names, n, b->name_capacity, *at) < 0 ||
            MOF_PUSH(m, b->properties, b->property_count, b->property_capacity, p) < 0)
                return -ENOMEM;
        return 0;
}

static int member(Mof *m, Body *b)
{
        MofQualifiers q = {0};
        Type type;
        Str name = {0};
        MofToken at;
        bool in_body = m->now.kind != '[';
        int r = in_body ? 0 : mof_qualifiers(m, &q);
        if (r == E_DIAG && m->now.kind == MOF_WORD)
                r = 0; // the list was left behind; the member itself can be read
        if (r == 0)
                r = type_and_name(m, false, in_body, &type, &name, &at);
        if (r == 0)
                r = m->now.kind == '(' ? method(m, b, &type, &q, name, &at)
                                       : property(m, b, &type, &q, name, &at);
        if (r == 0 && m->now.kind != ';') {
                MofToken past = m->past;
                char shown[MOF_SHOWN];
                if (!past.bad) // the ';' behind a string that is not closed is in the string
                        mof_error(m, &m->now, CIM_MOF_EXPECTED_SEMI, "expected ';' behind %.*s, found %s",
                                  STR_ARG(name), mof_shown(m, &m->now, shown));
                else
                        m->hintable = NULL;
                if (m->now.kind == '[' || m->now.kind == MOF_WORD || m->now.kind == '}') {
                        mof_hint(m, "put ';' behind %s in line %u", mof_shown(m, &past, shown), past.line);
                        return 0; // the next member, or the end
                }
                r = E_DIAG;
        }
        if (r == E_DIAG)
                return skip_member(m, b->braces);
        return r == 0 ? mof_next(m) : r;
}

static bool is_name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t after_blanks(const Mof *m, size_t i)
{
        while (i < m->text.n && m->text.p[i] && strchr(" \t\r\n", m->text.p[i]))
                i++;
        return i;
}

// Where a member should be stands what begins a declaration: the '}' is missing, or there are too many '{'.
static bool next_declaration(const Mof *m)
{
        if (m->now.kind == MOF_END || m->now.kind == '#')
                return true;
        if (!mof_word(m, "class") && !mof_word(m, "instance"))
                return false;
        // A property may have such a name, and such a type: `class = 1;`, `Class c;`.
        size_t i = after_blanks(m, m->at);
        if (i < m->text.n && m->text.p[i] == '=')
                return false;
        while (i < m->text.n && is_name_char(m->text.p[i]))
                i++;
        i = after_blanks(m, i);
        return i == m->text.n || !m->text.p[i] || !strchr(";=[(", m->text.p[i]);
}

static int unclosed(Mof *m, const MofToken *open, const char *what, Str name)
{
        char shown[MOF_SHOWN];
        if (m->stop)
                return 0;
        mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACE, "expected '}' at the end of %s %.*s, found %s",
                  what, STR_ARG(name), mof_shown(m, &m->now, shown));
        mof_hint(m, "its '{' stands in line %u", open->line);
        return 0;
}

// Behind a directive that was refused: the next line.
static int skip_directive(Mof *m, const MofToken *hash)
{
        int r = 0;
        while (r == 0 && m->now.kind != MOF_END && m->now.line_at == hash->line_at)
                r = mof_next(m);
        return r;
}

static int directive_inside(Mof *m, const MofDecl *d)
{
        MofToken hash = m->now;
        mof_error(m, &hash, CIM_MOF_EXPECTED_CLOSE_BRACE, "a directive inside of class %.*s",
                  STR_ARG(d->spec.name));
        mof_hint(m, "is the '}' of the class, which begins in line %u, missing?", d->name.line);
        int r = mof_pragma(m);
        return r == E_DIAG ? skip_directive(m, &hash) : r;
}

static int class_body(Mof *m, MofDecl *d)
{
        Body b = {.decl = d, .open = m->now};
        int r = mof_next(m); // '{'
        b.braces = m->braces;
        while (r == 0 && m->now.kind != '}' && (m->now.kind == '#' || !next_declaration(m))) {
                if (m->now.kind == '#')
                        r = directive_inside(m, d);
                else
                        r = m->now.kind == ';' ? mof_next(m) : member(m, &b);
        }
        d->spec.properties = b.properties;
        d->spec.property_count = b.property_count;
        d->spec.methods = b.methods;
        d->spec.method_count = b.method_count;
        if (r != 0)
                return r;
        if (m->now.kind != '}')
                return unclosed(m, &b.open, "class", d->spec.name);
        return end_of_body(m, "the '}' of the class");
}

// --- classes -------------------------------------------------------------------------------------

// "as $Alias", if it is there.
static int alias(Mof *m, bool embedded)
{
        if (!mof_word(m, "as"))
                return 0;
        if (embedded)
                mof_error(m, &m->now, CIM_MOF_ALIASES_IN_EMBEDDED, "an embedded instance has no alias");
        char shown[MOF_SHOWN];
        int r = mof_next(m);
        if (r == 0 && m->now.kind != MOF_ALIAS) {
                bool dollar = m->now.kind == '$';
                mof_error(m, &m->now, dollar ? CIM_MOF_EXPECTED_ALIAS_NAME : CIM_MOF_EXPECTED_DOLLAR,
                          "expected an alias behind 'as', found %s", mof_shown(m, &m->now, shown));
                return mof_hint(m, "an alias is written $Name");
        }
        if (r == 0) {
                r = mof_names_add(m->arena, &m->aliases, mof_str(m, &m->now), 0, NULL);
                if (r == 1) {
                        mof_error(m, &m->now, CIM_MOF_MULTIPLE_ALIASES, "the alias %s is given twice",
                                  mof_shown(m, &m->now, shown));
                        r = 0;
                }
        }
        return r == 0 ? mof_next(m) : r;
}

static bool is_reserved(const Mof *m, const MofToken *t)
{
        static const char *const words[] = {"ref", "void", "object"};
        for (size_t i = 0; i < COUNT(words); i++)
                if (mof_is_word(m, t, words[i]))
                        return true;
        return cim_type_of_name(mof_str(m, t)) != CIM_NONE;
}

// NAME [as $A] [: SUPER]; m->now is the word `class`.
static int class_head(Mof *m, MofDecl *d)
{
        int r = mof_next(m);
        if (r == 0)
                r = mof_name(m, CIM_MOF_EXPECTED_CLASS_NAME, CIM_E_CLASS_NAME_TOO_WIDE,
                             "the name of the class", &d->spec.name, &d->name);
        if (r == E_DIAG)
                m->lost = true;
        if (r == 0 && is_reserved(m, &d->name)) {
                mof_error(m, &d->name, CIM_MOF_EXPECTED_CLASS_NAME,
                          "'%.*s' is a word of MOF, not a name for a class", STR_ARG(d->spec.name));
        }
        d->spec.offset = d->name.at;
        if (r == 0)
                r = alias(m, false);
        if (r == 0 && m->now.kind == ':') {
                r = mof_next(m);
                if (r == 0)
                        r = mof_name(m, CIM_MOF_EXPECTED_CLASS_NAME, CIM_E_CLASS_NAME_TOO_WIDE,
                                     "the name of the superclass", &d->super, &d->super_token);
                if (r == 0)
                        r = alias(m, false);
        }
        if (r == 0 && m->now.kind != '{') {
                char shown[MOF_SHOWN];
                r = mof_error(m, &m->now, CIM_MOF_EXPECTED_OPEN_BRACE,
                              "expected '{' or ':' behind class %.*s, found %s", STR_ARG(d->spec.name),
                              mof_shown(m, &m->now, shown));
                if (m->now.kind == ';')
                        mof_hint(m, "a class is declared with its body, once");
        }
        return r;
}

static int class_declaration(Mof *m, const MofQualifiers *q, size_t reports)
{
        MofDecl d = {
                .namespace = m->namespace,
                .flags = m->class_flags,
                .guid = {.kind = MOF_END},
                .spec = {.qualifiers = q->items, .qualifier_count = q->count},
        };
        for (size_t i = 0; i < q->count; i++)
                if (str_ieq(q->items[i].name, STR("guid")))
                        d.guid = q->values[i];
        int r = class_head(m, &d);
        if (r == 0)
                r = mof_qualifiers_scope(m, q, MOF_ON_CLASS);
        if (r == 0)
                r = class_body(m, &d);
        if (r < 0)
                return r;
        d.failed = m->reports != reports;
        if (d.spec.name.n && MOF_PUSH(m, m->decls, m->decl_count, m->decl_capacity, d) < 0)
                return -ENOMEM;
        return r;
}

// --- instances -----------------------------------------------------------------------------------

typedef struct Assigned {
        MofNames names;
        size_t count;
        Str16 name_value; // of the property Name, for __Namespace
        MofToken name_token;
} Assigned;

static int assignment(Mof *m, Assigned *a)
{
        MofQualifiers q;
        MofValue v;
        Str name;
        MofToken at;
        int r = m->now.kind == '[' ? mof_qualifiers(m, &q) : 0;
        if (r == 0)
                r = mof_name(m, CIM_MOF_EXPECTED_PROPERTY_NAME, CIM_E_PROPERTY_NAME_TOO_WIDE,
                             "the name of a property", &name, &at);
        if (r == 0)
                r = mof_expect(m, '=', CIM_MOF_EXPECTED_SEMI, "the name of the property");
        if (r == 0)
                r = mof_value(m, &v);
        if (r != 0)
                return r;
        r = mof_names_add(m->arena, &a->names, name, a->count++, NULL);
        if (r == 1)
                mof_error(m, &at, CIM_MOF_DUPLICATE_PROPERTY, "the property %.*s is given twice",
                          STR_ARG(name));
        if (r < 0)
                return r;
        if (mof_is_word(m, &at, "name") && v.kind == MOF_V_STRING) {
                a->name_value = v.string;
                a->name_token = v.token;
        }
        if (m->now.kind == ';')
                return mof_next(m);
        missing_semicolon(m, "the value");
        return m->now.kind == MOF_WORD || m->now.kind == '}' ? 0 : E_DIAG;
}

// `instance of __Namespace { Name = "x"; };`: what namespace is wanted.
static int made_namespace(Mof *m, const Assigned *a)
{
        Str name = utf_to8(m->arena, a->name_value), full;
        char *joined = arena_alloc(m->arena, m->namespace.n + name.n + 1);
        if (!name.p || !joined)
                return -ENOMEM;
        memcpy(joined, m->namespace.p, m->namespace.n);
        joined[m->namespace.n] = '\\';
        memcpy(joined + m->namespace.n + 1, name.p, name.n);
        int r = mof_namespace(m, (Str){joined, m->namespace.n + 1 + name.n}, &a->name_token, &full);
        size_t n = m->made_count;
        if (r == E_DIAG)
                return 0;
        if (r < 0 || MOF_PUSH(m, m->made_tokens, n, m->made_token_capacity, a->name_token) < 0)
                return -ENOMEM;
        return MOF_PUSH(m, m->made_namespaces, m->made_count, m->made_capacity, full);
}

static int instance_body(Mof *m, Str class_name, bool embedded, Assigned *a)
{
        MofToken open = m->now;
        int r = mof_next(m); // '{'
        unsigned base = m->braces;
        while (r == 0 && m->now.kind != '}' && !next_declaration(m)) {
                r = m->now.kind == ';' ? mof_next(m) : assignment(m, a);
                if (r == E_DIAG)
                        r = skip_member(m, base);
        }
        if (r != 0)
                return r;
        if (m->now.kind != '}') {
                unclosed(m, &open, "the instance of", class_name);
                return embedded ? E_DIAG : 0;
        }
        return embedded ? mof_next(m) : end_of_body(m, "the '}' of the instance");
}

int mof_instance(Mof *m, bool embedded)
{
        Assigned a = {0};
        Str class_name = {0};
        MofToken begin = m->now, at;
        char shown[MOF_SHOWN];
        if (m->depth >= LIMIT_DEPTH)
                return mof_error(m, &m->now, CIM_MOF_INVALID_INSTANCE,
                                 "instances inside of instances, more than %u deep", LIMIT_DEPTH);
        m->depth++;
        int r = mof_next(m);
        if (r == 0 && !mof_word(m, "of"))
                r = mof_error(m, &m->now, CIM_MOF_INVALID_INSTANCE,
                              "expected 'of' behind 'instance', found %s", mof_shown(m, &m->now, shown));
        if (r == 0)
                r = mof_next(m);
        if (r == 0)
                r = mof_name(m, CIM_MOF_EXPECTED_CLASS_NAME, CIM_E_CLASS_NAME_TOO_WIDE,
                             "the name of the class", &class_name, &at);
        if (r == 0)
                r = alias(m, embedded);
        if (r == 0 && m->now.kind != '{')
                r = mof_expect(m, '{', CIM_MOF_EXPECTED_OPEN_BRACE, "the class of the instance");
        if (r == 0)
                r = instance_body(m, class_name, embedded, &a);
        m->depth--;
        if (r != 0 || embedded)
                return r;
        if (str_ieq(class_name, STR("__Namespace")) && a.count == 1 && a.name_value.n)
                return made_namespace(m, &a);
        if (m->instance_count++ == 0) {
                m->first_instance = begin;
                m->first_instance_class = class_name;
        }
        return 0;
}

// --- the whole text ------------------------------------------------------------------------------

static int not_a_declaration(Mof *m)
{
        static const char *const refused[] = {"typedef", "enum", "enumeration", "structure"};
        static const char *const words[] = {"class", "instance", "qualifier"};
        char shown[MOF_SHOWN];
        for (size_t i = 0; i < COUNT(refused); i++)
                if (mof_word(m, refused[i]))
                        return mof_error(m, &m->now, CIM_MOF_TYPEDEF_NOT_SUPPORTED,
                                         "%s is not supported in MOF", refused[i]);
        mof_error(m, &m->now, CIM_MOF_UNRECOGNIZED_TOKEN,
                  "expected a class, an instance, a qualifier or a pragma, found %s",
                  mof_shown(m, &m->now, shown));
        StrNearest nearest = {.wanted = mof_str(m, &m->now)};
        for (size_t i = 0; m->now.kind == MOF_WORD && i < COUNT(words); i++)
                str_nearest_offer(&nearest, str_of(words[i]));
        if (nearest.best.n)
                mof_hint(m, "did you mean %.*s?", STR_ARG(nearest.best));
        else if (m->now.kind == '}' || m->now.kind == ')')
                mof_hint(m, "there is one more of them than of what it closes");
        return E_DIAG;
}

static int declaration(Mof *m)
{
        MofQualifiers q = {0};
        size_t reports = m->reports;
        int r = m->now.kind == '[' ? mof_qualifiers(m, &q) : 0;
        if (r == E_DIAG && (mof_word(m, "class") || mof_word(m, "instance")))
                r = 0; // the list was left behind
        if (r != 0)
                return r;
        if (mof_word(m, "class"))
                return class_declaration(m, &q, reports);
        if (mof_word(m, "instance"))
                return mof_instance(m, false);
        if (q.count) {
                char shown[MOF_SHOWN];
                return mof_error(m, &m->now, CIM_MOF_INVALID_CLASS,
                                 "expected class or instance behind its qualifiers, found %s",
                                 mof_shown(m, &m->now, shown));
        }
        return mof_word(m, "qualifier") ? mof_qualifier_declaration(m) : not_a_declaration(m);
}

int mof_parse(Mof *m)
{
        int r = mof_next(m);
        while (r == 0 && m->now.kind != MOF_END && !m->stop) {
                MofToken first = m->now;
                m->braces = 0;
                if (m->now.kind == ';') {
                        r = mof_next(m); // a ';' too many harms nobody
                } else if (m->now.kind == '#') {
                        r = mof_pragma(m);
                        if (r == E_DIAG)
                                r = skip_directive(m, &first);
                } else {
                        r = declaration(m);
                        if (r == E_DIAG) {
                                m->lost = true;
                                r = skip_declaration(m, &first);
                        }
                }
        }
        for (size_t i = 0; r == 0 && i < m->alias_use_count && !m->stop; i++) {
                char shown[MOF_SHOWN];
                const MofAlias *use = &m->alias_uses[i];
                if (!mof_names_find(&m->aliases, use->name))
                        mof_error(m, &use->token, CIM_MOF_EXPECTED_ALIAS_NAME,
                                  "no instance or class is called %s", mof_shown(m, &use->token, shown));
        }
        return r;
}
