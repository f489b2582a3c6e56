// SPDX-License-Identifier: MIT
// Values: as written, and as values of a type.
#include "mof/old/internal.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "base/utf.h"

// --- strings -------------------------------------------------------------------------------------

typedef struct Units {
        char16_t *p;
        size_t n, capacity;
} Units;

static int unit_add(Mof *m, Units *u, uint32_t c)
{
        return MOF_PUSH(m, u->p, u->n, u->capacity, (char16_t)c);
}

static int char_add(Mof *m, Units *u, uint32_t c)
{
        if (c < 0x10000)
                return unit_add(m, u, c);
        int r = unit_add(m, u, 0xD7C0 + (c >> 10));
        return r < 0 ? r : unit_add(m, u, 0xDC00 + (c & 0x3FF));
}

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 32;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// An escape at text[i], which is the backslash: *ret its character, *used its bytes. E_DIAG: there is no such
// escape.
static int escape(Mof *m, const MofToken *t, uint32_t i, uint32_t *ret, uint32_t *used)
{
        static const char letters[] = "btnfr\"'\\", meant[] = "\b\t\n\f\r\"'\\";
        const char *p = m->text.p + t->at + i;
        uint32_t left = t->n - i;
        const char *known = left > 1 && p[1] ? strchr(letters, p[1]) : NULL;
        *used = 2;
        if (known) {
                *ret = (uint32_t)meant[known - letters];
                return 0;
        }
        if (left > 2 && (p[1] | 32) == 'x' && hex_value(p[2]) >= 0) {
                *ret = 0;
                for (; *used < left && *used < 6 && hex_value(p[*used]) >= 0; ++*used)
                        *ret = *ret * 16 + (uint32_t)hex_value(p[*used]);
                return 0;
        }
        uint32_t c;
        *ret = 0xFFFD;
        if (t->bad) {
                *used = 1; // one complaint about a string is enough
                return E_DIAG;
        }
        MofToken where = *t;
        where.at += i;
        where.n = 1 + (left > 1 ? (uint32_t)utf8_decode(p + 1, left - 1, &c) : 0);
        char shown[MOF_SHOWN];
        mof_error(m, &where, CIM_MOF_ILLEGAL_CONSTANT, "%s is no escape", mof_shown(m, &where, shown));
        mof_hint(m, "a backslash itself is written \\\\; the escapes are \\\" \\' \\\\ \\b \\t \\n \\f \\r "
                    "\\x12AB");
        *used = where.n;
        return E_DIAG;
}

// The contents of one quoted token.
static int unquote(Mof *m, const MofToken *t, Units *u)
{
        uint32_t end = t->bad ? t->n : t->n - 1;
        bool wrong = t->bad;
        for (uint32_t i = 1, used; i < end; i += used) {
                uint32_t c;
                int r;
                if (m->text.p[t->at + i] == '\\') {
                        MofToken inside = *t;
                        inside.n = end;
                        inside.bad = wrong;
                        wrong |= escape(m, &inside, i, &c, &used) != 0;
                        r = unit_add(m, u, c);
                } else {
                        used = (uint32_t)utf8_decode(m->text.p + t->at + i, end - i, &c);
                        r = char_add(m, u, c);
                }
                if (r < 0)
                        return r;
        }
        return wrong ? E_DIAG : 0;
}

int mof_string(Mof *m, Str16 *ret)
{
        Units u = {0};
        bool wrong = false;
        while (m->now.kind == MOF_STRING) {
                int r = unquote(m, &m->now, &u);
                wrong |= r == E_DIAG;
                if (r >= 0)
                        r = mof_next(m);
                if (r < 0)
                        return r;
        }
        *ret = (Str16){u.n ? u.p : u"", u.n};
        return wrong ? E_DIAG : 0;
}

// --- constants -----------------------------------------------------------------------------------

static int character(Mof *m, MofValue *v)
{
        Units u = {0};
        int r = unquote(m, &m->now, &u);
        v->kind = MOF_V_CHAR;
        if (r == 0 && u.n != 1) {
                r = mof_error(m, &m->now, CIM_MOF_ILLEGAL_CONSTANT,
                              "'' holds one character of 16 bits, not %zu", u.n);
                mof_hint(m, "strings stand in \"\"");
        }
        if (r == 0)
                v->magnitude = u.p[0];
        else if (r == E_DIAG)
                v->kind = MOF_V_BAD;
        return r < 0 ? r : 0;
}

// The integer of the current token.
static void integer(Mof *m, MofValue *v)
{
        Str s = mof_str(m, &m->now);
        v->kind = MOF_V_INTEGER;
        v->negative = s.p[0] == '-';
        if (s.p[0] == '-' || s.p[0] == '+')
                s.p++, s.n--;
        unsigned base = 10;
        if (s.n > 2 && s.p[0] == '0' && (s.p[1] | 32) == 'x')
                base = 16, s.p += 2, s.n -= 2;
        else if (s.n > 1 && (s.p[s.n - 1] | 32) == 'b')
                base = 2, s.n--;
        else if (s.n > 1 && s.p[0] == '0')
                base = 8;
        v->bits = base != 10;
        v->magnitude = 0;
        for (size_t i = 0; i < s.n; i++) {
                uint64_t digit = (uint64_t)hex_value(s.p[i]);
                if (__builtin_mul_overflow(v->magnitude, base, &v->magnitude) ||
                    __builtin_add_overflow(v->magnitude, digit, &v->magnitude)) {
                        v->kind = MOF_V_BAD;
                        mof_error(m, &m->now, CIM_MOF_OUT_OF_RANGE, "this number needs more than 64 bits");
                        return;
                }
        }
}

static int real(Mof *m, MofValue *v)
{
        Str s = mof_str(m, &m->now);
        char *z = arena_strndup(m->arena, s.p, s.n);
        if (!z)
                return -ENOMEM;
        v->kind = MOF_V_REAL;
        v->real = strtod_l(z, NULL, (locale_t)m->c_locale);
        if (isinf(v->real)) {
                v->kind = MOF_V_BAD;
                mof_error(m, &m->now, CIM_MOF_OUT_OF_RANGE, "this number is too large for real64");
        }
        return 0;
}

// What a word that is no value was probably meant to be.
static int not_a_value(Mof *m)
{
        char shown[MOF_SHOWN];
        mof_error(m, &m->now, CIM_MOF_ILLEGAL_CONSTANT, "expected a value, found %s",
                  mof_shown(m, &m->now, shown));
        StrNearest nearest = {.wanted = mof_str(m, &m->now)};
        if (m->now.kind != MOF_WORD)
                return E_DIAG;
        str_nearest_offer(&nearest, STR("TRUE"));
        str_nearest_offer(&nearest, STR("FALSE"));
        str_nearest_offer(&nearest, STR("NULL"));
        if (nearest.best.n)
                return mof_hint(m, "did you mean %.*s?", STR_ARG(nearest.best));
        return mof_hint(m, "strings stand in \"\"");
}

static int word_value(Mof *m, MofValue *v)
{
        if (mof_word(m, "null")) {
                v->kind = MOF_V_NULL;
        } else if (mof_word(m, "true") || mof_word(m, "false")) {
                v->kind = MOF_V_BOOLEAN;
                v->boolean = mof_word(m, "true");
        } else if (mof_word(m, "instance")) {
                v->kind = MOF_V_OBJECT;
                return mof_instance(m, true);
        } else {
                return not_a_value(m);
        }
        return mof_next(m);
}

static int alias_value(Mof *m, MofValue *v)
{
        MofAlias use = {mof_str(m, &m->now), m->now};
        v->kind = MOF_V_ALIAS;
        int r = MOF_PUSH(m, m->alias_uses, m->alias_use_count, m->alias_use_capacity, use);
        return r < 0 ? r : mof_next(m);
}

int mof_value(Mof *m, MofValue *ret)
{
        *ret = (MofValue){.kind = MOF_V_BAD, .token = m->now};
        int r = 0;
        switch (m->now.kind) {
        case MOF_STRING:
                r = mof_string(m, &ret->string);
                ret->kind = r == 0 ? MOF_V_STRING : MOF_V_BAD;
                return r < 0 ? r : 0;
        case MOF_CHAR:
                r = character(m, ret);
                return r < 0 ? r : mof_next(m);
        case MOF_INTEGER:
                if (!m->now.bad)
                        integer(m, ret);
                return mof_next(m);
        case MOF_REAL:
                r = real(m, ret);
                return r < 0 ? r : mof_next(m);
        case MOF_ALIAS:
                return alias_value(m, ret);
        case MOF_WORD:
                return word_value(m, ret);
        case '{':
                return mof_value_list(m, ret);
        case '$':
                return mof_error(m, &m->now, CIM_MOF_EXPECTED_ALIAS_NAME,
                                 "expected the name of an alias behind '$'");
        default:
                return not_a_value(m);
        }
}

int mof_value_list(Mof *m, MofValue *ret)
{
        *ret = (MofValue){.kind = MOF_V_ARRAY, .token = m->now};
        size_t capacity = 0;
        int r = mof_next(m);
        while (r == 0 && m->now.kind != '}') {
                if (m->now.kind == '{')
                        return mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACE,
                                         "an array cannot hold an array");
                if (ret->array.count == LIMIT_ARRAY_ITEMS)
                        return mof_error(m, &m->now, CIM_MOF_OUT_OF_RANGE, "an array of more than %u values",
                                         LIMIT_ARRAY_ITEMS);
                MofValue item;
                r = mof_value(m, &item);
                if (r == 0 && item.kind == MOF_V_NULL) {
                        mof_error(m, &item.token, CIM_MOF_NULL_ARRAY_ELEM,
                                  "NULL cannot be an element of an array");
                        item.kind = MOF_V_BAD;
                }
                if (r == 0)
                        r = MOF_PUSH(m, ret->array.items, ret->array.count, capacity, item);
                if (r != 0)
                        return r;
                if (item.kind == MOF_V_OBJECT && m->now.kind == ';') {
                        mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACE,
                                  "a ';' behind an embedded instance");
                        mof_hint(m, "leave it out: elements are separated by ','");
                        r = mof_next(m);
                        if (r != 0)
                                return r;
                }
                if (m->now.kind == ',') {
                        r = mof_next(m);
                        if (r == 0 && m->now.kind == '}') {
                                mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACE,
                                          "expected a value behind ','");
                                mof_hint(m, "leave the last ',' out");
                        }
                } else if (m->now.kind != '}') {
                        char shown[MOF_SHOWN];
                        mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACE,
                                  "expected ',' or '}' in a list, found %s", mof_shown(m, &m->now, shown));
                        return mof_hint(m, "the list begins in line %u", ret->token.line);
                }
        }
        return r == 0 ? mof_next(m) : r;
}

// --- as a type -----------------------------------------------------------------------------------

static const char *kind_name(const MofValue *v)
{
        switch ((MofValueKind)v->kind) {
        case MOF_V_NULL:
                return "NULL";
        case MOF_V_BOOLEAN:
                return "a boolean";
        case MOF_V_INTEGER:
                return "a number";
        case MOF_V_REAL:
                return "a real number";
        case MOF_V_STRING:
                return "a string";
        case MOF_V_CHAR:
                return "a character";
        case MOF_V_ARRAY:
                return "a list";
        case MOF_V_ALIAS:
                return "an alias";
        case MOF_V_OBJECT:
                return "an instance";
        case MOF_V_BAD:
                break;
        }
        return "this";
}

static int mismatch(Mof *m, const MofValue *v, CimType type, Str what)
{
        const char *name = type == CIM_OBJECT      ? "object"
                           : type == CIM_REFERENCE ? "reference"
                                                   : cim_type_name((uint16_t)type);
        mof_error(m, &v->token, CIM_MOF_TYPE_MISMATCH, "%.*s is %s, and this is %s", STR_ARG(what), name,
                  kind_name(v));
        if (v->kind == MOF_V_STRING && type == CIM_CHAR16)
                mof_hint(m, "a character stands in ''");
        else if (v->kind == MOF_V_STRING && (cim_type_is_signed(type) || cim_type_is_unsigned(type) ||
                                             type == CIM_REAL32 || type == CIM_REAL64 || type == CIM_BOOLEAN))
                mof_hint(m, "leave the quotes out");
        else if (v->kind == MOF_V_INTEGER && type == CIM_BOOLEAN)
                mof_hint(m, "write TRUE or FALSE");
        else if (type == CIM_STRING && v->kind != MOF_V_ARRAY)
                mof_hint(m, "strings stand in \"\"");
        return E_DIAG;
}

static int out_of_range(Mof *m, const MofValue *v, CimType type, Str what)
{
        char shown[MOF_SHOWN];
        int64_t least = 0;
        uint64_t most = 0;
        mof_error(m, &v->token, CIM_MOF_OUT_OF_RANGE, "%s does not fit %.*s, which is %s",
                  mof_shown(m, &v->token, shown), STR_ARG(what), cim_type_name((uint16_t)type));
        if (cim_type_range(type, &least, &most))
                mof_hint(m, "%lld to %llu", (long long)least, (unsigned long long)most);
        return E_DIAG;
}

// A real given to an integer is rounded, as WMI's compiler does.
static bool rounded(const MofValue *v, MofValue *ret)
{
        double r = round(v->real);
        *ret = *v;
        ret->kind = MOF_V_INTEGER;
        ret->negative = r < 0;
        r = fabs(r);
        if (!(r < 18446744073709551616.0))
                return false;
        ret->magnitude = (uint64_t)r;
        return true;
}

static int as_integer(Mof *m, const MofValue *v, CimType type, Str what, CimValue *ret)
{
        MofValue whole = *v;
        if (v->kind == MOF_V_REAL && !rounded(v, &whole))
                return out_of_range(m, v, type, what);
        if (whole.kind != MOF_V_INTEGER)
                return mismatch(m, v, type, what);
        int64_t least = 0;
        uint64_t most = 0;
        cim_type_range(type, &least, &most);
        uint64_t below = (uint64_t)0 - (uint64_t)least; // how far down it goes
        if (whole.negative ? whole.magnitude > below : whole.magnitude > most)
                return out_of_range(m, v, type, what);
        uint64_t bits = whole.negative ? (uint64_t)0 - whole.magnitude : whole.magnitude;
        *ret = (CimValue){.type = (uint16_t)type};
        if (cim_type_is_signed(type))
                ret->sint = (int64_t)bits;
        else
                ret->uint = bits;
        return 0;
}

static int as_real(Mof *m, const MofValue *v, CimType type, Str what, CimValue *ret)
{
        double d;
        if (v->kind == MOF_V_REAL)
                d = v->real;
        else if (v->kind == MOF_V_INTEGER)
                d = v->negative ? -(double)v->magnitude : (double)v->magnitude;
        else
                return mismatch(m, v, type, what);
        if (type == CIM_REAL32) {
                if (isinf((float)d))
                        return out_of_range(m, v, type, what);
                d = (double)(float)d;
        }
        *ret = (CimValue){.type = (uint16_t)type, .real = d};
        return 0;
}

static int as_text(Mof *m, const MofValue *v, CimType type, Str what, CimValue *ret)
{
        if (v->kind == MOF_V_ALIAS && type != CIM_REFERENCE)
                return mof_error(m, &v->token, CIM_MOF_UNEXPECTED_ALIAS,
                                 "%.*s is %s; an alias stands for a reference", STR_ARG(what),
                                 cim_type_name((uint16_t)type));
        if (v->kind == MOF_V_ALIAS) {
                mof_error(m, &v->token, CIM_E_NOT_SUPPORTED,
                          "the instance that this alias names cannot be stored yet");
                return mof_hint(m, "give the path of the instance as a string");
        }
        if (v->kind != MOF_V_STRING)
                return mismatch(m, v, type, what);
        if (type == CIM_DATETIME && !cim_datetime_valid(v->string)) {
                mof_error(m, &v->token, CIM_MOF_TYPE_MISMATCH, "%.*s is a datetime, and this string is none",
                          STR_ARG(what));
                return mof_hint(m, "yyyymmddhhmmss.mmmmmm+mmm, or ddddddddhhmmss.mmmmmm:000 for an interval");
        }
        *ret = (CimValue){.type = (uint16_t)type, .string = v->string};
        return 0;
}

static int as_scalar(Mof *m, const MofValue *v, CimType type, Str what, CimValue *ret)
{
        *ret = cim_null((uint16_t)type);
        if (v->kind == MOF_V_BAD || v->kind == MOF_V_NULL)
                return 0;
        if (v->kind == MOF_V_ALIAS && type != CIM_REFERENCE)
                return as_text(m, v, type, what, ret);
        if (cim_type_is_signed(type) || cim_type_is_unsigned(type))
                return as_integer(m, v, type, what, ret);
        switch (type) {
        case CIM_REAL32:
        case CIM_REAL64:
                return as_real(m, v, type, what, ret);
        case CIM_STRING:
        case CIM_DATETIME:
        case CIM_REFERENCE:
                return as_text(m, v, type, what, ret);
        case CIM_BOOLEAN:
                if (v->kind != MOF_V_BOOLEAN)
                        return mismatch(m, v, type, what);
                *ret = (CimValue){.type = CIM_BOOLEAN, .boolean = v->boolean};
                return 0;
        case CIM_CHAR16:
                if (v->kind == MOF_V_INTEGER && (v->negative || v->magnitude > 0xFFFF))
                        return out_of_range(m, v, type, what);
                if (v->kind != MOF_V_CHAR && v->kind != MOF_V_INTEGER)
                        return mismatch(m, v, type, what);
                *ret = (CimValue){.type = CIM_CHAR16, .uint = v->magnitude};
                return 0;
        case CIM_OBJECT:
                if (v->kind != MOF_V_OBJECT)
                        return mismatch(m, v, type, what);
                mof_error(m, &v->token, CIM_E_NOT_SUPPORTED,
                          "an instance as a default value is not supported yet");
                return mof_hint(m, "leave the default of %.*s out", STR_ARG(what));
        case CIM_NONE:
        case CIM_SINT8:
        case CIM_SINT16:
        case CIM_SINT32:
        case CIM_SINT64:
        case CIM_UINT8:
        case CIM_UINT16:
        case CIM_UINT32:
        case CIM_UINT64:
                break;
        }
        return mismatch(m, v, type, what);
}

// Each element of a list as `type`. Errors are recorded for each.
static int as_array(Mof *m, const MofValue *v, CimType type, Str what, CimValue *ret)
{
        CimValue *items = arena_array(m->arena, CimValue, v->array.count);
        if (!items)
                return -ENOMEM;
        int wrong = 0;
        for (size_t i = 0; i < v->array.count; i++)
                if (as_scalar(m, &v->array.items[i], type, what, &items[i]) == E_DIAG)
                        wrong = E_DIAG;
        *ret = (CimValue){.type = (uint16_t)(type | CIM_ARRAY), .array = {items, (uint32_t)v->array.count}};
        return wrong;
}

int mof_value_as(Mof *m, const MofValue *v, uint16_t type, Str what, CimValue *ret)
{
        *ret = cim_null(type);
        if (v->kind == MOF_V_BAD || v->kind == MOF_V_NULL)
                return 0;
        if (!cim_is_array(type)) {
                if (v->kind != MOF_V_ARRAY)
                        return as_scalar(m, v, cim_type(type), what, ret);
                mof_error(m, &v->token, CIM_MOF_UNEXPECTED_ARRAY_INIT,
                          "%.*s is not an array, and this is a list", STR_ARG(what));
                return mof_hint(m, "leave the braces out, or declare it as %.*s[]", STR_ARG(what));
        }
        if (v->kind == MOF_V_ARRAY)
                return as_array(m, v, cim_type(type), what, ret);
        mof_error(m, &v->token, CIM_MOF_TYPE_MISMATCH, "%.*s is an array, and this is %s", STR_ARG(what),
                  kind_name(v));
        return mof_hint(m, "put the value in braces");
}

// The type of a qualifier's value, by how it is written. 0: none (reported when it is not MOF_V_BAD).
static uint16_t free_type(Mof *m, const MofValue *v, Str what)
{
        switch ((MofValueKind)v->kind) {
        case MOF_V_BOOLEAN:
                return CIM_BOOLEAN;
        case MOF_V_REAL:
                return CIM_REAL64;
        case MOF_V_STRING:
                return CIM_STRING;
        case MOF_V_CHAR:
                return CIM_CHAR16;
        case MOF_V_INTEGER:
                // sint32 as WMI has it; a pattern of 32 bits is one too; what is wider keeps its width.
                if (v->negative ? v->magnitude <= 0x80000000u : v->magnitude <= 0x7FFFFFFFu)
                        return CIM_SINT32;
                if (!v->negative && v->bits && v->magnitude <= 0xFFFFFFFFu)
                        return CIM_SINT32;
                return v->negative || v->magnitude <= INT64_MAX ? CIM_SINT64 : CIM_UINT64;
        case MOF_V_ALIAS:
                mof_error(m, &v->token, CIM_MOF_UNEXPECTED_ALIAS, "the qualifier %.*s cannot be an alias",
                          STR_ARG(what));
                return 0;
        case MOF_V_NULL:
        case MOF_V_ARRAY:
        case MOF_V_OBJECT:
                mof_error(m, &v->token, CIM_MOF_INVALID_QUALIFIER,
                          "the value of the qualifier %.*s cannot be %s", STR_ARG(what), kind_name(v));
                return 0;
        case MOF_V_BAD:
                break;
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
        if (type == CIM_SINT32 && v->kind == MOF_V_INTEGER && !v->negative && v->magnitude > 0x7FFFFFFFu) {
                p.negative = true;
                p.magnitude = 0x100000000u - v->magnitude;
        }
        return p;
}

int mof_value_free(Mof *m, const MofValue *v, Str what, CimValue *ret)
{
        *ret = cim_null(CIM_SINT32);
        if (v->kind != MOF_V_ARRAY) {
                uint16_t type = free_type(m, v, what);
                MofValue p = as_pattern(v, type);
                return type ? as_scalar(m, &p, type, what, ret) : E_DIAG;
        }
        uint16_t type = 0;
        for (size_t i = 0; i < v->array.count; i++) {
                uint16_t one = free_type(m, &v->array.items[i], what);
                uint16_t both = type && one ? common_type(type, one) : one;
                if (one && !both)
                        return mof_error(m, &v->array.items[i].token, CIM_MOF_TYPE_MISMATCH,
                                         "the values of the qualifier %.*s are of different types",
                                         STR_ARG(what));
                if (!one)
                        return E_DIAG;
                type = both;
        }
        MofValue patterns = *v;
        patterns.array.items = arena_array(m->arena, MofValue, v->array.count);
        if (!patterns.array.items)
                return -ENOMEM;
        for (size_t i = 0; i < v->array.count; i++)
                patterns.array.items[i] = as_pattern(&v->array.items[i], type);
        return as_array(m, &patterns, type ? type : CIM_STRING, what, ret);
}
