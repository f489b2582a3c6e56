// SPDX-License-Identifier: MIT
// The value of a number, and comparisons of a property with a constant brought to the property's type.
#include "wql/wql-constant.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "cim/status.h"
#include "wql/wql-lex.h"

static bool number_integer(Str digits, bool negative, WqlConstant *ret)
{
        uint64_t v = 0, most = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;
        for (size_t i = 0; i < digits.n; i++) {
                unsigned d = (unsigned)(digits.p[i] - '0');
                if (v > (most - d) / 10)
                        return false;
                v = v * 10 + d;
        }
        ret->kind = WQL_C_INTEGER;
        ret->magnitude = v;
        ret->negative = negative && v;
        return true;
}

// strtod obeys the program's locale, in which the decimal point may be a comma: the C locale is asked for by
// name.
static bool number_real(Str text, WqlConstant *ret)
{
        locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        ret->kind = WQL_C_REAL;
        ret->real = c ? strtod_l(text.p, NULL, c) : (double)INFINITY;
        if (c)
                freelocale(c);
        return isfinite(ret->real);
}

bool wql_number(Str text, bool real, WqlConstant *ret)
{
        if (real)
                return number_real(text, ret);
        bool sign = text.p[0] == '-' || text.p[0] == '+';
        return number_integer((Str){text.p + sign, text.n - sign}, text.p[0] == '-', ret);
}

// Integers here are exact whatever the type: -2^64 < any of them < 2^65.
typedef __int128 Wide;

typedef struct Job {
        const WqlNode *node;
        const CimProperty *property;
        Arena *arena;
        WqlTest *test;
        WqlOutcome *outcome;
        WqlSpan *at;
        Diag *diag;
} Job;

static unsigned holds_of(WqlRelation r)
{
        static const uint8_t holds[] = {
                [WQL_EQ] = WQL_SAME,
                [WQL_NE] = WQL_LESS | WQL_MORE | WQL_UNORDERED,
                [WQL_LT] = WQL_LESS,
                [WQL_GT] = WQL_MORE,
                [WQL_LE] = WQL_LESS | WQL_SAME,
                [WQL_GE] = WQL_MORE | WQL_SAME,
        };
        return holds[r];
}

static int mismatch(const Job *j, const char *wanted)
{
        *j->at = j->node->constant.span;
        Str t = j->node->constant.text;
        size_t n = t.n < 60 ? t.n : 60;
        while (n < t.n && ((unsigned char)t.p[n] & 0xC0) == 0x80)
                n--;
        return diag_set(j->diag, CIM_E_TYPE_MISMATCH, "%.*s is %s: expected %s, found %.*s%s",
                        STR_ARG(j->property->name), cim_type_name(j->property->type), wanted, (int)n, t.p,
                        n < t.n ? "..." : "");
}

static int bad_operator(const Job *j, const char *why)
{
        *j->at = j->node->operator;
        return diag_set(j->diag, CIM_E_INVALID_OPERATOR, "'%s' does not fit %.*s, which is %s: %s",
                        wql_relation_text(j->node->relation), STR_ARG(j->property->name),
                        cim_type_name(j->property->type), why);
}

static int tested(const Job *j, WqlTestKind kind, unsigned holds)
{
        j->test->kind = (uint8_t)kind;
        j->test->holds = (uint8_t)holds;
        *j->outcome = WQL_TESTED;
        return 0;
}

static int decided(const Job *j, bool holds)
{
        j->test->kind = WQL_TEST_PRESENT;
        *j->outcome = holds ? WQL_ALWAYS : WQL_NEVER;
        return 0;
}

static bool is_equality(const Job *j)
{
        return j->node->relation == WQL_EQ || j->node->relation == WQL_NE;
}

// ---- numbers
// -----------------------------------------------------------------------------------------------------

// A number as its floor and whether that is all of it.
typedef struct Number {
        bool real;    // written with a point or an exponent
        double value; // real
        Wide floor;
        bool whole;
} Number;

static Number number_of(const WqlConstant *c)
{
        if (c->kind == WQL_C_INTEGER) {
                Wide v = c->negative ? -(Wide)c->magnitude : (Wide)c->magnitude;
                return (Number){.floor = v, .whole = true};
        }
        // beyond 2^100 all integers lie on the same side
        double f = floor(c->real), most = 0x1p100;
        f = f > most ? most : f < -most ? -most : f;
        return (Number){.real = true, .value = c->real, .floor = (Wide)f, .whole = f == c->real};
}

// A string that is a number through and through, blanks around it aside.
static bool number_in_string(Str16 s, WqlConstant *ret)
{
        char text[64];
        size_t n = 0;
        while (s.n && s.p[0] == ' ')
                s.p++, s.n--;
        while (s.n && s.p[s.n - 1] == ' ')
                s.n--;
        if (!s.n || s.n >= sizeof(text))
                return false;
        for (; n < s.n; n++) {
                if (s.p[n] >= 0x80)
                        return false;
                text[n] = (char)s.p[n];
        }
        text[n] = '\0';
        bool real;
        Str all = {text, n};
        *ret = (WqlConstant){0};
        return wql_lex_number(all, &real) == n && wql_number(all, real, ret);
}

// The constant as a number; false: it is none.
static bool number(const WqlConstant *c, Number *ret)
{
        WqlConstant inner;
        if (c->kind == WQL_C_STRING) {
                if (!number_in_string(c->string, &inner))
                        return false;
                c = &inner;
        }
        if (c->kind == WQL_C_BOOLEAN)
                return false;
        *ret = number_of(c);
        return true;
}

static int bound(const Job *j, Wide k, unsigned holds, Wide least, Wide most)
{
        if (k < least || k > most)
                return decided(j, holds & (k < least ? WQL_MORE : WQL_LESS));
        if (cim_type_is_signed(cim_type(j->property->type))) {
                j->test->sint = (int64_t)k;
                return tested(j, WQL_TEST_SINT, holds);
        }
        j->test->uint = (uint64_t)k;
        return tested(j, WQL_TEST_UINT, holds);
}

// An integer property: v < 3.5 is v <= 3, v > 3.5 is v > 3, v = 3.5 never holds.
static int against_integer(const Job *j, Number n, Wide least, Wide most)
{
        unsigned holds = holds_of(j->node->relation) & ~(unsigned)WQL_UNORDERED;
        if (n.whole)
                return bound(j, n.floor, holds, least, most);
        if (is_equality(j))
                return decided(j, j->node->relation == WQL_NE);
        return bound(j, n.floor, holds & WQL_LESS ? WQL_LESS | WQL_SAME : WQL_MORE, least, most);
}

// A real property. An integer that no double equals lies between two of them.
static int against_real(const Job *j, Number n)
{
        unsigned holds = holds_of(j->node->relation);
        double d = n.real ? n.value : (double)n.floor;
        if (n.real && cim_type(j->property->type) == CIM_REAL32 && fabs(d) <= (double)FLT_MAX)
                d = (double)(float)d;
        if (!n.real && (Wide)d != n.floor) {
                if (is_equality(j))
                        return decided(j, j->node->relation == WQL_NE);
                bool less = holds & WQL_LESS, below = (Wide)d < n.floor;
                if (less != below)
                        d = nextafter(d, less ? -INFINITY : INFINITY);
                holds = less ? WQL_LESS | WQL_SAME : WQL_MORE | WQL_SAME;
        }
        j->test->real = d;
        return tested(j, WQL_TEST_REAL, holds);
}

static int on_number(const Job *j)
{
        CimType t = cim_type(j->property->type);
        Number n;
        if (!number(&j->node->constant, &n))
                return mismatch(j, "a number");
        if (t == CIM_REAL32 || t == CIM_REAL64)
                return against_real(j, n);
        int64_t least;
        uint64_t most;
        cim_type_range(t, &least, &most);
        return against_integer(j, n, least, (Wide)most);
}

static int on_char(const Job *j)
{
        const WqlConstant *c = &j->node->constant;
        Number n;
        if (c->kind == WQL_C_STRING && c->string.n == 1) {
                j->test->uint = wql_up(c->string.p[0]);
                return tested(j, WQL_TEST_CHAR, holds_of(j->node->relation));
        }
        if (c->kind == WQL_C_STRING || !number(c, &n))
                return mismatch(j, "one character in quotes, or its number");
        return against_integer(j, n, 0, UINT16_MAX);
}

// ---- the others
// --------------------------------------------------------------------------------------------------

static bool is_word(Str16 s, const char *word)
{
        for (size_t i = 0; i < s.n; i++, word++)
                if (!*word || wql_up(s.p[i]) != (char16_t)*word)
                        return false;
        return !*word;
}

// VARIANT_TRUE is -1: documents show both it and 1.
static bool truth(const WqlConstant *c, bool *ret)
{
        Number n;
        if (c->kind == WQL_C_BOOLEAN) {
                *ret = c->boolean;
                return true;
        }
        if (c->kind == WQL_C_STRING && (is_word(c->string, "TRUE") || is_word(c->string, "FALSE"))) {
                *ret = is_word(c->string, "TRUE");
                return true;
        }
        if (!number(c, &n) || n.real || n.floor < -1 || n.floor > 1)
                return false;
        *ret = n.floor != 0;
        return true;
}

static int on_boolean(const Job *j)
{
        if (!is_equality(j))
                return bad_operator(j, "only = <> and != do");
        if (!truth(&j->node->constant, &j->test->boolean))
                return mismatch(j, "TRUE or FALSE");
        return tested(j, WQL_TEST_BOOLEAN, holds_of(j->node->relation));
}

static int fold(const Job *j, Str16 s)
{
        char16_t *up = arena_array(j->arena, char16_t, s.n + 1);
        if (!up)
                return -ENOMEM;
        for (size_t i = 0; i < s.n; i++)
                up[i] = wql_up(s.p[i]);
        j->test->string = (Str16){up, s.n};
        return tested(j, WQL_TEST_STRING, holds_of(j->node->relation) & ~(unsigned)WQL_UNORDERED);
}

// A number against a string is its text. Only equality: "9" stands behind "10", which nobody means by < 10.
static int on_string(const Job *j)
{
        const WqlConstant *c = &j->node->constant;
        if (c->kind == WQL_C_STRING)
                return fold(j, c->string);
        if (c->kind == WQL_C_BOOLEAN)
                return mismatch(j, "a string in quotes");
        if (!is_equality(j)) {
                mismatch(j, "a string in quotes");
                return diag_hint(j->diag,
                                 "texts have another order than numbers; quotes say that you mean it");
        }
        Str text = c->text;
        if (text.p[0] == '+')
                text.p++, text.n--;
        Str16 wide = utf_to16(j->arena, text);
        return wide.p ? fold(j, wide) : -ENOMEM;
}

// Two digits at s, or -1.
static int two(Str16 s, size_t at)
{
        if (at + 2 > s.n || s.p[at] < '0' || s.p[at] > '9' || s.p[at + 1] < '0' || s.p[at + 1] > '9')
                return -1;
        return (s.p[at] - '0') * 10 + s.p[at + 1] - '0';
}

// Z, +hh:mm, +hhmm or +hh at `at`, to the end of s, as minutes; false: none of these.
static bool iso_zone(Str16 s, size_t at, int *ret)
{
        *ret = 0;
        if (at + 1 == s.n && (s.p[at] == 'Z' || s.p[at] == 'z'))
                return true;
        if (at >= s.n || (s.p[at] != '+' && s.p[at] != '-'))
                return false;
        int hours = two(s, at + 1), minutes = 0;
        if (at + 3 < s.n)
                minutes = two(s, at + 3 + (s.p[at + 3] == ':'));
        size_t end = at + 3 + (at + 3 < s.n ? 2 + (s.p[at + 3] == ':') : 0);
        if (hours < 0 || minutes < 0 || minutes > 59 || end != s.n)
                return false;
        *ret = (s.p[at] == '-' ? -1 : 1) * (hours * 60 + minutes);
        return *ret > -1000 && *ret < 1000; // DMTF has three digits
}

// 2026-01-31T12:00:00.123456+01:00 as the 25 characters of DMTF.
static bool iso_datetime(Str16 s, char16_t out[25])
{
        static const char shape[] = "dddd-dd-ddTdd:dd:dd";
        size_t k = 0, at = 0;
        for (; at < sizeof(shape) - 1; at++) {
                if (at >= s.n)
                        return false;
                char16_t c = s.p[at];
                bool digit = c >= '0' && c <= '9', t = shape[at] == 'T' && (c == 't' || c == ' ');
                if (shape[at] == 'd' ? !digit : !t && c != (char16_t)shape[at])
                        return false;
                if (digit)
                        out[k++] = c;
        }
        out[k++] = '.';
        if (at < s.n && s.p[at] == '.')
                for (at++; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++)
                        if (k < 21)
                                out[k++] = s.p[at];
        while (k < 21)
                out[k++] = '0';
        int zone;
        if (!iso_zone(s, at, &zone))
                return false;
        out[k++] = zone < 0 ? '-' : '+';
        zone = zone < 0 ? -zone : zone;
        out[k++] = (char16_t)('0' + zone / 100);
        out[k++] = (char16_t)('0' + zone / 10 % 10);
        out[k++] = (char16_t)('0' + zone % 10);
        return true;
}

static int on_datetime(const Job *j)
{
        const WqlConstant *c = &j->node->constant;
        Str16 s = c->string;
        char16_t dmtf[25];
        if (c->kind == WQL_C_STRING && iso_datetime(s, dmtf))
                s = (Str16){dmtf, 25};
        unsigned holds = holds_of(j->node->relation) & ~(unsigned)WQL_UNORDERED;
        if (c->kind == WQL_C_STRING && cim_datetime_instant(s, &j->test->uint))
                return tested(j, WQL_TEST_INSTANT, holds);
        if (c->kind == WQL_C_STRING && cim_datetime_interval(s, &j->test->uint))
                return tested(j, WQL_TEST_INTERVAL, holds);
        mismatch(j, "a date");
        return diag_hint(j->diag, "write '20260131120000.000000+000' or '2026-01-31T12:00:00Z'");
}

int wql_constant_test(const WqlNode *n, const CimProperty *property, Arena *a, WqlTest *ret,
                      WqlOutcome *ret_outcome, WqlSpan *ret_at, Diag *reterr)
{
        Job j = {n, property, a, ret, ret_outcome, ret_at, reterr};
        ret->type = property->type;
        switch (cim_type(property->type)) {
        case CIM_SINT8:
        case CIM_SINT16:
        case CIM_SINT32:
        case CIM_SINT64:
        case CIM_UINT8:
        case CIM_UINT16:
        case CIM_UINT32:
        case CIM_UINT64:
        case CIM_REAL32:
        case CIM_REAL64:
                return on_number(&j);
        case CIM_CHAR16:
                return on_char(&j);
        case CIM_BOOLEAN:
                return on_boolean(&j);
        case CIM_STRING:
        case CIM_REFERENCE:
                return on_string(&j);
        case CIM_DATETIME:
                return on_datetime(&j);
        case CIM_OBJECT:
        case CIM_NONE:
                break;
        }
        return mismatch(&j, "IS NULL or IS NOT NULL");
}

int wql_constant_readings(const WqlNode *n, Arena *a, const WqlReadings **ret, WqlSpan *ret_at, Diag *reterr)
{
        static const uint16_t types[] = {CIM_SINT8,  CIM_SINT16, CIM_SINT32,    CIM_SINT64,   CIM_UINT8,
                                         CIM_UINT16, CIM_UINT32, CIM_UINT64,    CIM_REAL32,   CIM_REAL64,
                                         CIM_CHAR16, CIM_STRING, CIM_REFERENCE, CIM_DATETIME, CIM_BOOLEAN};
        enum { TYPES = sizeof(types) / sizeof(types[0]) };
        WqlReadings *readings = arena_new(a, WqlReadings);
        WqlTest *tests = arena_array(a, WqlTest, TYPES);
        if (!readings || !tests)
                return -ENOMEM;
        *readings = (WqlReadings){.tests = tests, .relation = wql_relation_text(n->relation)};
        readings->text = (Str){arena_strndup(a, n->constant.text.p, n->constant.text.n), n->constant.text.n};
        if (!readings->text.p)
                return -ENOMEM;
        size_t taken = 0;
        Diag boolean; // what none of the other types takes is TRUE or FALSE
        for (size_t i = 0; i < TYPES; i++) {
                CimProperty p = {.name = n->path.steps[n->path.count - 1].name, .type = types[i]};
                WqlOutcome outcome = WQL_TESTED;
                WqlTest *t = &tests[readings->count];
                *t = (WqlTest){0};
                int r = wql_constant_test(n, &p, a, t, &outcome, ret_at,
                                          types[i] == CIM_BOOLEAN ? &boolean : NULL);
                if (r < 0)
                        return r;
                taken += r == 0;
                readings->count += r == 0 && outcome != WQL_NEVER;
        }
        *ret = readings;
        if (!taken && reterr)
                *reterr = boolean;
        return taken ? 0 : E_DIAG;
}
