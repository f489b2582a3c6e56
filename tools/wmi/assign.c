// SPDX-License-Identifier: MIT
// Name=Value: the text of a value and the type that it must fit.
#include "assign.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/status.h"

// A text that is being read, and whose value it is.
typedef struct Text {
        Str all;       // the whole argument, for places
        const char *p; // next character
        const char *end;
        Arena *arena;
        const AssignScope *scope;
        const CimProperty *property;
        unsigned depth; // of objects; beyond 0 text is in quotes
        Diag *diag;
} Text;

// --- words -----------------------------------------------------------------------------------------------

static bool assign_is_text(CimType t)
{
        return t == CIM_STRING || t == CIM_DATETIME || t == CIM_REFERENCE || t == CIM_CHAR16;
}

static void assign_type(const CimProperty *p, char *out, size_t size)
{
        const char *name = cim_type(p->type) == CIM_OBJECT && p->class_name.n ? "" : cim_type_name(p->type);
        snprintf(out, size, "%s%.*s%s", name, cim_type(p->type) == CIM_OBJECT ? (int)p->class_name.n : 0,
                 p->class_name.n ? p->class_name.p : "", cim_is_array(p->type) ? "[]" : "");
}

// What a type takes: "a whole number from 0 to 255".
static const char *assign_takes(const CimProperty *p, char *out, size_t size)
{
        int64_t least;
        uint64_t most;
        CimType t = cim_type(p->type);
        if (cim_type_range(t, &least, &most))
                snprintf(out, size, "a whole number from %lld to %llu%s", (long long)least,
                         (unsigned long long)most, t == CIM_CHAR16 ? ", or one character" : "");
        else
                snprintf(out, size, "%s",
                         t == CIM_CHAR16                      ? "a number from 0 to 65535, or one character"
                         : t == CIM_BOOLEAN                   ? "TRUE or FALSE"
                         : t == CIM_REAL32 || t == CIM_REAL64 ? "a number such as 1.5 or -2e10"
                         : t == CIM_DATETIME
                                 ? "25 characters such as 20260131120000.000000+000, or an interval such as "
                                   "00000001020304.000000:000"
                         : t == CIM_REFERENCE ? "an object path such as Thing.Name=\"a\""
                         : t == CIM_OBJECT    ? "instance of Class { Name = value; }"
                                              : "text");
        return out;
}

// Marks n bytes at `at` of the argument.
static void assign_place(Text *t, const char *at, size_t n)
{
        if (t->diag)
                diag_place(t->diag, t->all.p, t->all.n, (size_t)(at - t->all.p), n ? n : 1);
}

static int assign_fail(Text *t, uint32_t code, const char *at, size_t n, const char *format, ...)
        __attribute__((format(printf, 5, 6)));
static int assign_fail(Text *t, uint32_t code, const char *at, size_t n, const char *format, ...)
{
        char type[300], says[400];
        va_list args;
        va_start(args, format);
        vsnprintf(says, sizeof(says), format, args);
        va_end(args);
        assign_type(t->property, type, sizeof(type));
        diag_set(t->diag, code, "%.100s is %.100s: %s", t->property->name.p, type, says);
        assign_place(t, at, n);
        return E_DIAG;
}

// The value does not fit the type, with what would.
static int assign_misfit(Text *t, uint32_t code, Str word, const char *what)
{
        char takes[200];
        assign_fail(t, code, word.p, word.n, "'%.*s' %s", (int)(word.n > 60 ? 60 : word.n), word.p, what);
        diag_hint(t->diag, "it takes %s%s", assign_takes(t->property, takes, sizeof(takes)),
                  cim_is_array(t->property->type) ? " each, as {a, b} or one argument for each" : "");
        return E_DIAG;
}

static bool assign_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void assign_skip(Text *t)
{
        while (t->p < t->end && assign_blank(*t->p))
                t->p++;
}

static Str assign_trim(Str s)
{
        while (s.n && assign_blank(s.p[0])) {
                s.p++;
                s.n--;
        }
        while (s.n && assign_blank(s.p[s.n - 1]))
                s.n--;
        return s;
}

// --- one value -------------------------------------------------------------------------------------------

static bool assign_digits(Str s, uint64_t *ret, bool *ret_over)
{
        unsigned base = 10;
        uint64_t v = 0;
        *ret_over = false;
        if (s.n > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X')) {
                base = 16;
                s = (Str){s.p + 2, s.n - 2};
        }
        if (!s.n)
                return false;
        for (size_t i = 0; i < s.n; i++) {
                int c = (unsigned char)s.p[i];
                unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                                 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                        : 99;
                if (digit >= base)
                        return false;
                *ret_over |= __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v);
        }
        *ret = v;
        return true;
}

static int assign_integer(Text *t, CimType type, Str word, CimValue *ret)
{
        Str digits = word;
        bool minus = word.n && word.p[0] == '-', over;
        int64_t least = 0;
        uint64_t most = UINT16_MAX, v; // char16's
        if (word.n && (minus || word.p[0] == '+'))
                digits = (Str){word.p + 1, word.n - 1};
        if (!assign_digits(digits, &v, &over))
                return assign_misfit(t, CIM_E_TYPE_MISMATCH, word, "is not a whole number");
        cim_type_range(type, &least, &most);
        uint64_t depth = (uint64_t)0 - (uint64_t)least; // how far down it goes
        if (over || (minus ? v > depth : v > most))
                return assign_misfit(t, CIM_E_VALUE_OUT_OF_RANGE, word, "is out of range");
        *ret = (CimValue){.type = (uint16_t)type};
        if (cim_type_is_signed(type))
                ret->sint = (int64_t)(minus ? (uint64_t)0 - v : v);
        else
                ret->uint = v;
        return 0;
}

static int assign_real(Text *t, CimType type, Str word, CimValue *ret)
{
        char text[64], *end;
        bool number = word.n && word.n < sizeof(text);
        for (size_t i = 0; i < word.n; i++)
                number &= isdigit((unsigned char)word.p[i]) || (word.p[i] && strchr("+-.eE", word.p[i]));
        if (!number)
                return assign_misfit(t, CIM_E_TYPE_MISMATCH, word, "is not a number");
        memcpy(text, word.p, word.n);
        text[word.n] = '\0';
        double v = strtod(text, &end);
        if (*end)
                return assign_misfit(t, CIM_E_TYPE_MISMATCH, word, "is not a number");
        if (type == CIM_REAL32)
                v = (double)(float)v;
        if (!isfinite(v))
                return assign_misfit(t, CIM_E_VALUE_OUT_OF_RANGE, word, "is out of range");
        *ret = (CimValue){.type = (uint16_t)type, .real = v};
        return 0;
}

// Text for a type whose values are text: `content` is what it says, `word` what stands in the argument.
static int assign_string(Text *t, CimType type, Str content, Str word, CimValue *ret)
{
        Str16 s = utf_to16(t->arena, content);
        if (!s.p)
                return -ENOMEM;
        if (type == CIM_CHAR16) {
                if (s.n != 1)
                        return assign_misfit(t, CIM_E_TYPE_MISMATCH, word, "is not one character");
                *ret = (CimValue){.type = CIM_CHAR16, .uint = s.p[0]};
                return 0;
        }
        if (type == CIM_DATETIME && !cim_datetime_valid(s))
                return assign_misfit(t, CIM_E_TYPE_MISMATCH, word, "is not a datetime");
        if (type == CIM_REFERENCE) {
                CimPath path;
                Diag why = {0};
                int r = cim_path_parse(content, t->arena, &path, &why);
                if (r == E_DIAG) {
                        assign_misfit(t, CIM_E_TYPE_MISMATCH, word, "is not an object path");
                        diag_hint(t->diag, "%.200s", why.message);
                }
                if (r)
                        return r;
        }
        *ret = (CimValue){.type = (uint16_t)type, .string = s};
        return 0;
}

static bool assign_is_null(CimType type, Str word)
{
        return type == CIM_STRING || type == CIM_CHAR16 ? str_eq(word, STR("NULL"))
                                                        : str_ieq(word, STR("NULL"));
}

// A word without quotes, of any type but an object.
static int assign_word(Text *t, CimType type, Str word, CimValue *ret)
{
        uint64_t number;
        bool over;
        if (type != CIM_STRING)
                word = assign_trim(word);
        if (assign_is_null(type, word)) {
                *ret = cim_null((uint16_t)type);
                return 0;
        }
        if (type == CIM_CHAR16 && assign_digits(word, &number, &over))
                return assign_integer(t, type, word, ret);
        if (assign_is_text(type)) {
                if (t->depth)
                        return assign_fail(t, CIM_E_TYPE_MISMATCH, word.p, word.n,
                                           "inside an object text stands in quotes");
                return assign_string(t, type, word, word, ret);
        }
        if (type == CIM_BOOLEAN) {
                bool yes = str_ieq(word, STR("TRUE"));
                if (!yes && !str_ieq(word, STR("FALSE")))
                        return assign_misfit(t, CIM_E_TYPE_MISMATCH, word, "is not a boolean");
                *ret = (CimValue){.type = CIM_BOOLEAN, .boolean = yes};
                return 0;
        }
        if (type == CIM_REAL32 || type == CIM_REAL64)
                return assign_real(t, type, word, ret);
        if (type == CIM_OBJECT || type == CIM_NONE)
                return assign_misfit(t, CIM_E_TYPE_MISMATCH, word, "is not an object");
        return assign_integer(t, type, word, ret);
}

// --- literals --------------------------------------------------------------------------------------------

static int assign_escape(Text *t, Buf *out)
{
        static const char from[] = "btnfr\"'\\", to[] = "\b\t\n\f\r\"'\\";
        const char *at = t->p - 1;
        char c = t->p < t->end ? *t->p++ : '\0';
        const char *known = c ? strchr(from, c) : NULL;
        if (known) {
                buf_u8(out, (uint8_t)to[known - from]);
                return 0;
        }
        uint32_t v = 0;
        unsigned n = 0;
        if (c == 'x' || c == 'X')
                for (; n < 4 && t->p < t->end && isxdigit((unsigned char)*t->p); n++, t->p++)
                        v = v * 16 +
                            (uint32_t)(isdigit((unsigned char)*t->p) ? *t->p - '0' : (*t->p | 32) - 'a' + 10);
        if (!n)
                return assign_fail(t, CIM_E_INVALID_PARAMETER, at, 2,
                                   "a backslash in quotes is followed by b t n f r \" ' \\ or xHHHH");
        char utf8[4];
        buf_put(out, utf8, utf8_encode(v, utf8));
        return 0;
}

// "..." or '...': the cursor stands on the first quote, and behind the second one afterwards.
static int assign_literal(Text *t, CimType type, CimValue *ret)
{
        const char *from = t->p;
        char quote = *t->p++;
        Buf content = {0};
        int r = 0;
        while (!r && t->p < t->end && *t->p != quote) {
                if (*t->p++ != '\\')
                        buf_u8(&content, (uint8_t)t->p[-1]);
                else
                        r = assign_escape(t, &content);
        }
        if (!r && t->p == t->end) {
                r = assign_fail(t, CIM_E_INVALID_PARAMETER, from, 1, "the quote is not closed");
                diag_hint(t->diag, "text that begins with a quote is written as \"\\\"...\"; mind the "
                                   "shell's own quotes");
        }
        if (!r) {
                t->p++;
                r = content.failed ? -ENOMEM
                                   : assign_string(t, type, (Str){(const char *)content.p, content.n},
                                                   (Str){from, (size_t)(t->p - from)}, ret);
        }
        buf_deinit(&content);
        return r;
}

static bool assign_keyword(Text *t, const char *word)
{
        size_t n = strlen(word);
        assign_skip(t);
        if ((size_t)(t->end - t->p) < n || !str_ieq((Str){t->p, n}, (Str){word, n}))
                return false;
        if (t->p + n < t->end && (isalnum((unsigned char)t->p[n]) || t->p[n] == '_'))
                return false;
        t->p += n;
        return true;
}

static Str assign_name(Text *t)
{
        assign_skip(t);
        const char *from = t->p;
        while (t->p < t->end &&
               (isalnum((unsigned char)*t->p) || *t->p == '_' || (unsigned char)*t->p >= 0x80))
                t->p++;
        return (Str){from, (size_t)(t->p - from)};
}

static int assign_value(Text *t, const char *stops, CimValue *ret);

static int assign_unknown(Text *t, const CimClass *c, Str name)
{
        StrNearest nearest = {.wanted = name};
        for (size_t i = 0; i < c->property_count; i++)
                str_nearest_offer(&nearest, c->properties[i].name);
        bool system = name.n >= 2 && name.p[0] == '_' && name.p[1] == '_';
        diag_set(t->diag, system ? CIM_E_SYSTEM_PROPERTY : CIM_E_INVALID_PROPERTY,
                 "%.200s has no property '%.*s'%s", c->name.p, (int)(name.n > 100 ? 100 : name.n), name.p,
                 system ? " that can be set: names with __ in front are the system's" : "");
        if (nearest.best.n)
                diag_hint(t->diag, "did you mean %.*s?", STR_ARG(nearest.best));
        else if (!system)
                diag_hint(t->diag, "wmi show %.200s lists its properties", c->name.p);
        assign_place(t, name.p, name.n);
        return E_DIAG;
}

// { Name = value; ... }
static int assign_members(Text *t, CimInstance *to)
{
        const CimProperty *outer = t->property;
        for (;;) {
                assign_skip(t);
                if (t->p < t->end && *t->p == '}') {
                        t->p++;
                        t->property = outer;
                        return 0;
                }
                Str name = assign_name(t);
                if (!name.n)
                        return assign_fail(t, CIM_E_INVALID_PARAMETER, t->p, 1,
                                           "expected a property's name or '}'");
                int k = cim_class_property(to->class, name);
                if (k < 0)
                        return assign_unknown(t, to->class, name);
                assign_skip(t);
                if (t->p == t->end || *t->p != '=')
                        return assign_fail(t, CIM_E_INVALID_PARAMETER, t->p, 1, "expected '=' behind %.*s",
                                           STR_ARG(name));
                t->p++;
                t->property = &to->class->properties[k];
                int r = assign_value(t, ";", &to->values[k]);
                if (r)
                        return r;
                assign_skip(t);
                if (t->p == t->end || *t->p != ';')
                        return assign_fail(t, CIM_E_INVALID_PARAMETER, t->p, 1, "expected ';'");
                t->p++;
        }
}

// instance of Class { ... }; the cursor stands behind "instance".
static int assign_object(Text *t, CimValue *ret)
{
        if (!assign_keyword(t, "of"))
                return assign_fail(t, CIM_E_INVALID_PARAMETER, t->p, 1, "expected 'of' behind 'instance'");
        Str name = assign_name(t);
        const CimClass *c = name.n && t->scope->find ? t->scope->find(t->scope->context, name) : NULL;
        if (!c)
                return assign_fail(t, CIM_E_INVALID_CLASS, name.p, name.n, "there is no class '%.*s'",
                                   STR_ARG(name));
        if (t->property->class_name.n && !cim_class_isa(c, t->property->class_name))
                return assign_fail(t, CIM_E_TYPE_MISMATCH, name.p, name.n, "%s is not derived from it",
                                   c->name.p);
        assign_skip(t);
        if (t->p == t->end || *t->p != '{')
                return assign_fail(t, CIM_E_INVALID_PARAMETER, t->p, 1, "expected '{'");
        if (t->depth >= LIMIT_DEPTH)
                return assign_fail(t, CIM_E_INVALID_PARAMETER, t->p, 1, "objects are nested deeper than %u",
                                   LIMIT_DEPTH);
        t->p++;
        CimInstance *i = cim_instance_in(t->arena, c);
        if (!i)
                return -ENOMEM;
        t->depth++;
        int r = assign_members(t, i);
        t->depth--;
        *ret = (CimValue){.type = CIM_OBJECT, .object = i};
        return r;
}

// One value that is no array; without quotes it ends at one of `stops` or with the text.
static int assign_item(Text *t, const char *stops, CimValue *ret)
{
        CimType type = cim_type(t->property->type);
        assign_skip(t);
        const char *from = t->p;
        if (from < t->end && assign_is_text(type) && (*from == '"' || (*from == '\'' && type == CIM_CHAR16)))
                return assign_literal(t, type, ret);
        if (type == CIM_OBJECT && assign_keyword(t, "instance"))
                return assign_object(t, ret);
        while (t->p < t->end && !strchr(stops, *t->p))
                t->p++;
        Str word = assign_trim((Str){from, (size_t)(t->p - from)});
        if (!word.n)
                return assign_fail(t, CIM_E_INVALID_PARAMETER, from, 1, "a value is missing");
        return assign_word(t, type, word, ret);
}

// --- arrays ----------------------------------------------------------------------------------------------

// Elements while their number is not known.
typedef struct Items {
        CimValue *p;
        uint32_t n, capacity;
} Items;

static int items_add(Text *t, Items *items, const CimValue *v)
{
        if (v->null)
                return assign_fail(t, CIM_E_TYPE_MISMATCH, t->p, 1, "an array holds no NULL");
        if (items->n >= LIMIT_ARRAY_ITEMS)
                return assign_fail(t, CIM_E_VALUE_OUT_OF_RANGE, t->p, 1, "more than %u elements",
                                   LIMIT_ARRAY_ITEMS);
        if (items->n == items->capacity) {
                uint32_t more = items->capacity ? items->capacity * 2 : 16;
                CimValue *p = reallocarray(items->p, more, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                items->p = p;
                items->capacity = more;
        }
        items->p[items->n++] = *v;
        return 0;
}

static int items_value(Text *t, const Items *items, CimValue *ret)
{
        CimValue *kept = arena_array(t->arena, CimValue, items->n);
        if (!kept)
                return -ENOMEM;
        if (items->n)
                memcpy(kept, items->p, items->n * sizeof(*kept));
        *ret = (CimValue){.type = t->property->type, .array = {kept, items->n}};
        return 0;
}

// {a, b}: the cursor stands on the brace.
static int assign_list(Text *t, CimValue *ret)
{
        Items items = {0};
        int r = 0;
        const char *open = t->p++;
        assign_skip(t);
        bool ended = t->p < t->end && *t->p == '}';
        while (!r && !ended) {
                CimValue v;
                r = assign_item(t, ",}", &v);
                if (!r)
                        r = items_add(t, &items, &v);
                if (r)
                        break;
                assign_skip(t);
                if (t->p == t->end)
                        r = assign_fail(t, CIM_E_INVALID_PARAMETER, open, 1, "the brace is not closed");
                else if (*t->p == '}')
                        ended = true;
                else if (*t->p == ',')
                        t->p++;
                else
                        r = assign_fail(t, CIM_E_INVALID_PARAMETER, t->p, 1, "expected ',' or '}'");
        }
        if (!r) {
                t->p++;
                r = items_value(t, &items, ret);
        }
        free(items.p);
        return r;
}

// A value of t->property, array or not.
static int assign_value(Text *t, const char *stops, CimValue *ret)
{
        CimValue item;
        Items one = {&item, 1, 1};
        if (!cim_is_array(t->property->type))
                return assign_item(t, stops, ret);
        assign_skip(t);
        if (t->p < t->end && *t->p == '{')
                return assign_list(t, ret);
        int r = assign_item(t, stops, &item);
        if (r)
                return r;
        if (item.null) {
                *ret = cim_null(t->property->type);
                return 0;
        }
        return items_value(t, &one, ret);
}

// --- arguments -------------------------------------------------------------------------------------------

// All of the text behind "Name=" is one value, or one element.
static int assign_argument(Text *t, bool element, CimValue *ret)
{
        CimType type = cim_type(t->property->type);
        Str all = {t->p, (size_t)(t->end - t->p)}, trimmed = assign_trim(all);
        char first = trimmed.n ? trimmed.p[0] : '\0';
        bool array = cim_is_array(t->property->type);
        if (array && element && first == '{')
                return assign_fail(
                        t, CIM_E_INVALID_PARAMETER, trimmed.p, 1,
                        "given more than once, each is one element; text with a brace stands in quotes");
        int r;
        if (array && !element && first == '{') {
                t->p = trimmed.p;
                r = assign_list(t, ret);
        } else if (first == '"' || first == '\'' || type == CIM_OBJECT) {
                bool quoted = assign_is_text(type) && (first == '"' || (first == '\'' && type == CIM_CHAR16));
                if (!quoted && type != CIM_OBJECT)
                        return assign_word(t, type, all, ret);
                t->p = trimmed.p;
                r = assign_item(t, "", ret);
        } else {
                return assign_word(t, type, all, ret);
        }
        assign_skip(t);
        if (!r && t->p < t->end && *t->p == ';' && type == CIM_OBJECT) {
                t->p++;
                assign_skip(t);
        }
        if (!r && t->p < t->end)
                r = assign_fail(t, CIM_E_INVALID_PARAMETER, t->p, (size_t)(t->end - t->p),
                                "nothing may follow the value");
        return r;
}

typedef struct Given {
        uint32_t count; // arguments of the property
        Items items;    // read so far, of an array that is given more than once
} Given;

// Whose value an argument is: its index in the class; the cursor stands behind '='. -1: *t->diag says why.
static int assign_find(Text *t, const CimClass *c)
{
        size_t bad;
        if (!utf8_valid(t->all.p, t->all.n, &bad)) {
                diag_set(t->diag, CIM_E_INVALID_PARAMETER, "an argument is not UTF-8 at byte %zu", bad);
                return -1;
        }
        const char *equals = memchr(t->all.p, '=', t->all.n);
        Str name = assign_trim((Str){t->all.p, equals ? (size_t)(equals - t->all.p) : 0});
        if (!name.n) {
                diag_set(t->diag, CIM_E_INVALID_PARAMETER, "'%.*s' is not Name=Value",
                         (int)(t->all.n > 100 ? 100 : t->all.n), t->all.p);
                return -1;
        }
        int k = cim_class_property(c, name);
        bool system = name.n >= 2 && name.p[0] == '_' && name.p[1] == '_';
        if (k < 0 || system) {
                assign_unknown(t, c, name);
                return -1;
        }
        t->property = &c->properties[k];
        t->p = equals + 1;
        if (t->scope->keys_fixed &&
            cim_qualifier_true(t->property->qualifiers, t->property->qualifier_count, STR("key"))) {
                diag_set(t->diag, CIM_E_INVALID_PARAMETER,
                         "%.200s is a key of %.200s, and the keys stand in the path", t->property->name.p,
                         c->name.p);
                diag_hint(t->diag, "an instance that is called otherwise is another instance");
                assign_place(t, name.p, name.n);
                return -1;
        }
        return k;
}

static int assign_one(Text *t, CimInstance *to, int k, Given *g)
{
        CimValue v;
        bool element = g->count > 1 && cim_is_array(t->property->type);
        int r = assign_argument(t, element, &v);
        if (r)
                return r;
        if (element) {
                r = items_add(t, &g->items, &v);
                if (!r && g->items.n == g->count)
                        r = items_value(t, &g->items, &to->values[k]);
                return r;
        }
        if (!cim_is_array(t->property->type) || cim_is_array(v.type)) {
                to->values[k] = v;
                return 0;
        }
        Items one = {&v, 1, 1};
        if (!v.null)
                return items_value(t, &one, &to->values[k]);
        to->values[k] = cim_null(t->property->type);
        return 0;
}

static Text assign_text(CimInstance *to, const char *text, const AssignScope *scope, Diag *reterr)
{
        return (Text){.all = str_of(text),
                      .p = text,
                      .end = text + strlen(text),
                      .arena = to->owner,
                      .scope = scope,
                      .diag = reterr};
}

int assign_properties(CimInstance *to, const char *const *texts, size_t n, const AssignScope *scope,
                      size_t *ret_bad, Diag *reterr)
{
        Given *given = calloc(to->class->property_count + 1, sizeof(*given));
        int r = given ? 0 : -ENOMEM;
        for (size_t i = 0; i < n && !r; i++) {
                Text t = assign_text(to, texts[i], scope, reterr);
                int k = assign_find(&t, to->class);
                *ret_bad = i;
                if (k < 0)
                        r = E_DIAG;
                else if (given[k].count++ && !cim_is_array(t.property->type))
                        r = assign_fail(&t, CIM_E_INVALID_PARAMETER, t.all.p, 1, "it is given twice");
        }
        for (size_t i = 0; i < n && !r; i++) {
                Text t = assign_text(to, texts[i], scope, reterr);
                int k = assign_find(&t, to->class);
                *ret_bad = i;
                r = assign_one(&t, to, k, &given[k]);
        }
        for (size_t i = 0; given && i < to->class->property_count; i++)
                free(given[i].items.p);
        free(given);
        return r;
}

// --- keys ------------------------------------------------------------------------------------------------

// The value that a path writes for a key, as a value of the key's type; false: it is of another type.
static bool assign_key_value(const CimValue *from, const CimProperty *key, CimValue *ret)
{
        CimType type = cim_type(key->type);
        int64_t least = 0;
        uint64_t most = UINT16_MAX; // char16's
        bool integer = cim_type_range(type, &least, &most) || type == CIM_CHAR16;
        bool negative = from->type == CIM_SINT64 && from->sint < 0;
        *ret = (CimValue){.type = key->type};
        if (from->type == CIM_STRING && (type == CIM_STRING || type == CIM_DATETIME || type == CIM_REFERENCE))
                ret->string = from->string;
        else if (from->type == CIM_STRING && type == CIM_CHAR16 && from->string.n == 1)
                ret->uint = from->string.p[0];
        else if (from->type == CIM_BOOLEAN && type == CIM_BOOLEAN)
                ret->boolean = from->boolean;
        else if (!integer || (from->type != CIM_SINT64 && from->type != CIM_UINT64))
                return false;
        else if (negative ? from->sint < least : from->uint > most)
                return false;
        else
                ret->uint = from->uint; // sint is the same bits
        return type != CIM_DATETIME || cim_datetime_valid(ret->string);
}

static int assign_key(CimInstance *to, const CimPathKey *key, const CimProperty *p, size_t k, Diag *reterr)
{
        CimValue v;
        char takes[200];
        if (!assign_key_value(&key->value, p, &v)) {
                diag_set(reterr, CIM_E_INVALID_OBJECT_PATH, "the key %.200s of %.200s is %s", p->name.p,
                         to->class->name.p, cim_type_name(p->type));
                diag_hint(reterr, "it takes %s", assign_takes(p, takes, sizeof(takes)));
                return E_DIAG;
        }
        return cim_value_copy(to->owner, &v, &to->values[k]);
}

int assign_keys(CimInstance *to, const CimPath *path, Diag *reterr)
{
        uint32_t keys[LIMIT_KEYS];
        const CimClass *c = to->class;
        size_t n = cim_class_keys(c, keys, LIMIT_KEYS);
        if (path->singleton && !cim_class_singleton(c)) {
                diag_set(reterr, CIM_E_INVALID_OBJECT_PATH, "%.200s is no singleton: its keys must be named",
                         c->name.p);
                return E_DIAG;
        }
        if (path->singleton)
                return 0;
        for (size_t i = 0; i < path->key_count; i++) {
                const CimPathKey *key = &path->keys[i];
                const CimProperty *p = NULL;
                size_t k = 0;
                for (size_t j = 0; j < n && !p; j++) {
                        k = keys[j];
                        if (str_ieq(c->properties[k].name, key->name) || (!key->name.n && n == 1))
                                p = &c->properties[k];
                }
                if (!p && !key->name.n)
                        return diag_set(reterr, CIM_E_INVALID_OBJECT_PATH,
                                        "%.200s has %zu keys: a path says which one it means", c->name.p, n);
                if (!p)
                        return diag_set(reterr, CIM_E_INVALID_OBJECT_PATH, "%.200s has no key %.*s",
                                        c->name.p, (int)(key->name.n > 100 ? 100 : key->name.n), key->name.p);
                int r = assign_key(to, key, p, k, reterr);
                if (r)
                        return r;
        }
        return 0;
}

int assign_check_keys(const CimInstance *i, Diag *reterr)
{
        uint32_t keys[LIMIT_KEYS];
        const CimClass *c = i->class;
        size_t n = cim_class_keys(c, keys, LIMIT_KEYS);
        if (cim_class_singleton(c))
                return 0;
        if (!n)
                return diag_set(reterr, CIM_E_NO_KEY,
                                "%.200s has no key property, so it has no instances that could be told apart",
                                c->name.p);
        for (size_t k = 0; k < n && k < LIMIT_KEYS; k++) {
                const CimProperty *p = &c->properties[keys[k]];
                if (!i->values[keys[k]].null)
                        continue;
                diag_set(reterr, CIM_E_ILLEGAL_NULL, "the key %.200s of %.200s is not given", p->name.p,
                         c->name.p);
                diag_hint(reterr, "write %.100s.%.100s=... as the path, or %.100s=... behind it", c->name.p,
                          p->name.p, p->name.p);
                return E_DIAG;
        }
        return 0;
}
