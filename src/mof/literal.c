// SPDX-License-Identifier: MIT
// Values as they are written.
#include "mof/internal.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "base/utf.h"

// --- strings -------------------------------------------------------------------------------------

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 32;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// An escape at text[i], which is the backslash, in a string that ends at `end`: *ret its character, *used its bytes.
// E_DIAG: there is no such escape. `quiet`: the string was reported already; one complaint is enough.
static int escape(Mof *m, uint32_t i, uint32_t end, bool quiet, uint32_t *ret, uint32_t *used)
{
        static const char letters[] = "btnfr\"'\\", meant[] = "\b\t\n\f\r\"'\\";
        const char *p = m->p + i;
        uint32_t left = end - i, c;
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
        *ret = 0xFFFD;
        *used = 1;
        if (quiet)
                return E_DIAG;
        MofToken where = {.kind = MOF_WORD, .at = i};
        where.n = 1 + (left > 1 ? (uint32_t)utf8_decode(p + 1, left - 1, &c) : 0);
        char shown[MOF_SHOWN];
        mof_shown(m, &where, shown);
        shown[strlen(shown) - 1] = '\0'; // the quotes around it would look like part of it
        mof_error(m, &where, CIM_MOF_ILLEGAL_CONSTANT, "%s is no escape", shown + 1);
        mof_hint(m, "a backslash itself is written \\\\; the escapes are \\\" \\' \\\\ \\b \\t \\n \\f \\r "
                    "\\x12AB");
        *used = where.n;
        return E_DIAG;
}

static void widen(char16_t *restrict to, const char *restrict from, size_t n)
{
        for (size_t i = 0; i < n; i++)
                to[i] = (unsigned char)from[i];
}

// What stands in the quotes of a token, behind what m->units holds.
static int unquote(Mof *m, const MofToken *t)
{
        uint32_t at = t->at + 1, end = t->at + t->n - !t->bad;
        // No character becomes more code units than it had bytes.
        char16_t *to = mof_push(&m->units, (end - at + 1) * sizeof(char16_t));
        if (!to)
                return -ENOMEM;
        if (t->plain) {
                widen(to, m->p + at, end - at);
                m->units.n -= sizeof(char16_t);
                return t->bad ? E_DIAG : 0;
        }
        bool wrong = t->bad;
        for (uint32_t used; at < end; at += used) {
                uint32_t c;
                if (m->p[at] == '\\')
                        wrong |= escape(m, at, end, wrong, &c, &used) != 0;
                else
                        used = (uint32_t)utf8_decode(m->p + at, end - at, &c);
                if (c >= 0x10000) {
                        *to++ = (char16_t)(0xD7C0 + (c >> 10));
                        c = 0xDC00 | (c & 0x3FF);
                }
                *to++ = (char16_t)c;
        }
        m->units.n = (size_t)((char *)to - m->units.p);
        return wrong ? E_DIAG : 0;
}

int mof_string(Mof *m, Str16 *ret)
{
        bool wrong = false;
        m->units.n = 0;
        while (m->now.kind == MOF_STRING) {
                int r = unquote(m, &m->now);
                wrong |= r == E_DIAG;
                if (r >= 0)
                        r = mof_next(m);
                if (r < 0)
                        return r;
        }
        ret->n = m->units.n / sizeof(char16_t);
        ret->p = ret->n ? arena_copy(m->arena, m->units.p, m->units.n) : u"";
        return !ret->p ? -ENOMEM : wrong ? E_DIAG : 0;
}

// --- constants -----------------------------------------------------------------------------------

static int character(Mof *m, MofValue *v)
{
        m->units.n = 0;
        int r = unquote(m, &m->now);
        if (r != 0)
                return r < 0 ? r : 0;
        size_t n = m->units.n / sizeof(char16_t);
        if (n != 1) {
                mof_error(m, &m->now, CIM_MOF_ILLEGAL_CONSTANT, "'' holds one character of 16 bits, not %zu", n);
                mof_hint(m, "strings stand in \"\"");
                return 0;
        }
        char16_t unit;
        memcpy(&unit, m->units.p, sizeof(unit));
        v->kind = MOF_VALUE_CHAR;
        v->magnitude = unit;
        return 0;
}

// The integer of the current token.
static void integer(Mof *m, MofValue *v)
{
        Str s = mof_str(m, &m->now);
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
        v->kind = MOF_VALUE_INTEGER;
        v->bits = base != 10;
        v->magnitude = 0;
        for (size_t i = 0; i < s.n; i++) {
                uint64_t digit = (uint64_t)hex_value(s.p[i]);
                if (__builtin_mul_overflow(v->magnitude, base, &v->magnitude) ||
                    __builtin_add_overflow(v->magnitude, digit, &v->magnitude)) {
                        v->kind = MOF_VALUE_NONE;
                        mof_error(m, &m->now, CIM_MOF_OUT_OF_RANGE, "this number needs more than 64 bits");
                        return;
                }
        }
}

static int real(Mof *m, MofValue *v)
{
        if (!m->c_locale)
                m->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        if (!m->c_locale)
                return -ENOMEM;
        // The token ends where the number does, or the lexer would have refused it.
        v->real = strtod_l(m->p + m->now.at, NULL, (locale_t)m->c_locale);
        v->kind = MOF_VALUE_REAL;
        if (isinf(v->real)) {
                v->kind = MOF_VALUE_NONE;
                mof_error(m, &m->now, CIM_MOF_OUT_OF_RANGE, "this number is too large for real64");
        }
        return 0;
}

bool mof_like_macro(Str word)
{
        size_t letters = 0;
        for (size_t i = 0; i < word.n; i++) {
                if (word.p[i] >= 'a' && word.p[i] <= 'z')
                        return false;
                letters += word.p[i] >= 'A' && word.p[i] <= 'Z';
        }
        return letters > 1;
}

bool mof_like_guid(const Mof *m, uint32_t at)
{
        static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
        for (uint32_t i = 0; shape[i]; i++) // zeros follow the text
                if (shape[i] == 'x' ? hex_value(m->p[at + i]) < 0 : m->p[at + i] != '-')
                        return false;
        return true;
}

// What a word that is no value was probably meant to be.
static int not_a_value(Mof *m)
{
        char shown[MOF_SHOWN];
        mof_error(m, &m->now, CIM_MOF_ILLEGAL_CONSTANT, "expected a value, found %s", mof_shown(m, &m->now, shown));
        StrNearest nearest = {.wanted = mof_str(m, &m->now)};
        if (m->now.kind == '[' || m->now.kind == '(')
                return mof_hint(m, "a list stands in braces: {1, 2}");
        if (m->now.kind != MOF_WORD)
                return E_DIAG;
        if (mof_like_guid(m, m->now.at))
                return mof_hint(m, "a GUID stands in quotes");
        str_nearest_offer(&nearest, STR("TRUE"));
        str_nearest_offer(&nearest, STR("FALSE"));
        str_nearest_offer(&nearest, STR("NULL"));
        if (nearest.best.n)
                return mof_hint(m, "did you mean %.*s?", STR_ARG(nearest.best));
        if (mof_like_macro(nearest.wanted))
                return mof_hint(m, "strings stand in \"\"; a macro needs the C preprocessor first: --cpp");
        return mof_hint(m, "strings stand in \"\"");
}

static int word_value(Mof *m, MofValue *v)
{
        uint64_t key = mof_key(m->p + m->now.at, m->now.n);
        if (key == MOF_KEY("null")) {
                v->kind = MOF_VALUE_NULL;
        } else if (key == MOF_KEY("true") || key == MOF_KEY("false")) {
                v->kind = MOF_VALUE_BOOLEAN;
                v->boolean = key == MOF_KEY("true");
        } else if (key == MOF_KEY("instance")) {
                static const MofQualifierList none = {NULL, 0};
                int r = mof_instance(m, &none, m->reports, &v->object);
                v->kind = r == 0 ? MOF_VALUE_OBJECT : MOF_VALUE_NONE;
                return r;
        } else {
                return not_a_value(m);
        }
        return mof_next(m);
}

static int alias_value(Mof *m, MofValue *v)
{
        Str name = mof_str(m, &m->now);
        Str16 wide = utf_to16(m->arena, (Str){name.p + 1, name.n - 1});
        MofAliasUse use = {.name = {name.p + 1, name.n - 1},
                           .place = mof_place(&m->now),
                           .item = (uint32_t)(m->items.n / sizeof(MofItem)),
                           .owner = m->alias_owner};
        if (!wide.p || MOF_PUSH(&m->alias_uses, MofAliasUse, use) < 0)
                return -ENOMEM;
        v->kind = MOF_VALUE_ALIAS;
        v->string = wide;
        return mof_next(m);
}

int mof_value(Mof *m, MofValue *ret)
{
        *ret = (MofValue){.kind = MOF_VALUE_NONE, .place = mof_place(&m->now)};
        int r = 0;
        switch (m->now.kind) {
        case MOF_STRING:
                r = mof_string(m, &ret->string);
                ret->kind = r == 0 ? MOF_VALUE_STRING : MOF_VALUE_NONE;
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

// --- lists ---------------------------------------------------------------------------------------

// One item, and the ',' behind it.
static int list_item(Mof *m, uint32_t open, size_t index)
{
        MofValue item;
        char shown[MOF_SHOWN], line[MOF_LINE_SHOWN];
        if (m->now.kind == '{')
                return mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACE, "an array cannot hold an array");
        if (index == LIMIT_ARRAY_ITEMS)
                return mof_error(m, &m->now, CIM_MOF_OUT_OF_RANGE, "an array of more than %u values",
                                 LIMIT_ARRAY_ITEMS);
        int r = mof_value(m, &item);
        if (r != 0)
                return r;
        if (item.kind == MOF_VALUE_NULL && m->dialect == MOF_MICROSOFT)
                mof_error_at(m, item.place, CIM_MOF_NULL_ARRAY_ELEM, "NULL cannot be an element of an array");
        if (item.kind != MOF_VALUE_NONE && MOF_PUSH(&m->values, MofValue, item) < 0)
                return -ENOMEM;
        if (item.kind == MOF_VALUE_OBJECT && m->now.kind == ';') {
                mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACE, "a ';' behind an embedded instance");
                mof_hint(m, "leave it out: elements are separated by ','");
                r = mof_next(m);
        }
        if (r == 0 && m->now.kind == ',') {
                r = mof_next(m);
                if (r == 0 && m->now.kind == '}') {
                        mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACE, "expected a value behind ','");
                        mof_hint(m, "leave the last ',' out");
                }
        } else if (r == 0 && m->now.kind != '}') {
                mof_error(m, &m->now, CIM_MOF_EXPECTED_CLOSE_BRACE, "expected ',' or '}' in a list, found %s",
                          mof_shown(m, &m->now, shown));
                return mof_hint(m, "the list begins in %s", mof_line_shown(m, open, line));
        }
        return r;
}

int mof_value_list(Mof *m, MofValue *ret)
{
        uint32_t open = m->now.at;
        size_t base = m->values.n, count = 0;
        *ret = (MofValue){.kind = MOF_VALUE_ARRAY, .place = mof_place(&m->now)};
        int r = mof_next(m);
        while (r == 0 && m->now.kind != '}')
                r = list_item(m, open, count++);
        if (r != 0) {
                m->values.n = base;
                return r;
        }
        ret->array.items = mof_take(m, &m->values, base, sizeof(MofValue), &ret->array.count);
        return ret->array.items ? mof_next(m) : -ENOMEM;
}

// --- values of a type ----------------------------------------------------------------------------

static int check_one(Mof *m, const MofValue *v, uint16_t type, Str what)
{
        Diag d = {0};
        int r = mof_value_fits((Str){m->p, m->n}, v, type, what, &d);
        if (r == 0 && m->dialect == MOF_DMTF && v->kind == MOF_VALUE_REAL &&
            (cim_type_is_signed((CimType)type) || cim_type_is_unsigned((CimType)type))) {
                diag_set(&d, CIM_MOF_TYPE_MISMATCH, "%.*s is %s, and this is a real number", STR_ARG(what),
                         cim_type_name(type));
                r = diag_hint(&d, "WMI's compiler rounds it, in the dialect of the DMTF it is an error");
        }
        if (r == 0)
                return 0;
        mof_error_at(m, v->place, d.code, "%s", d.message);
        if (d.hint[0])
                mof_hint(m, "%s", d.hint);
        return E_DIAG;
}

int mof_value_check(Mof *m, const MofValue *v, uint16_t type, Str what)
{
        int r = check_one(m, v, type, what);
        if (r != 0 || v->kind != MOF_VALUE_ARRAY)
                return r;
        for (uint32_t i = 0; i < v->array.count && !m->stop; i++)
                if (check_one(m, &v->array.items[i], (uint16_t)cim_type(type), what) != 0)
                        r = E_DIAG;
        return r;
}

// Values of one kind may stand in a list of a qualifier; numbers mix.
static unsigned class_of(const MofValue *v)
{
        return v->kind == MOF_VALUE_REAL ? MOF_VALUE_INTEGER : v->kind;
}

static int free_scalar(Mof *m, const MofValue *v, Str what)
{
        if (v->kind == MOF_VALUE_ALIAS)
                return mof_error_at(m, v->place, CIM_MOF_UNEXPECTED_ALIAS, "the qualifier %.*s cannot be an alias",
                                    STR_ARG(what));
        if (v->kind == MOF_VALUE_ARRAY || v->kind == MOF_VALUE_OBJECT)
                return mof_error_at(m, v->place, CIM_MOF_INVALID_QUALIFIER,
                                    "the value of the qualifier %.*s cannot be %s", STR_ARG(what),
                                    mof_value_kind_name(v));
        return 0;
}

int mof_value_check_free(Mof *m, const MofValue *v, Str what)
{
        if (v->kind != MOF_VALUE_ARRAY)
                return free_scalar(m, v, what);
        const MofValue *first = NULL;
        for (uint32_t i = 0; i < v->array.count; i++) {
                const MofValue *item = &v->array.items[i];
                if (free_scalar(m, item, what) != 0)
                        return E_DIAG;
                if (item->kind == MOF_VALUE_NULL)
                        continue;
                if (first && class_of(first) != class_of(item))
                        return mof_error_at(m, item->place, CIM_MOF_TYPE_MISMATCH,
                                            "the values of the qualifier %.*s are of different types",
                                            STR_ARG(what));
                first = item;
        }
        return 0;
}
