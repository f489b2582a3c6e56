// SPDX-License-Identifier: MIT
// Lexer of WQL.
#include "wql/wql-lex.h"

#include "base/utf.h"
#include "cim/status.h"

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
        return c == ' ' || (c >= '\t' && c <= '\r'); // TAB LF VT FF CR
}

static bool is_word_ascii(char c)
{
        return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Letters beyond ASCII may stand in names. What only looks like a blank or a quote may not: that is always an
// accident of a text processor, and is named as such.
static bool is_word_unicode(uint32_t c)
{
        if (c < 0xC0)
                return c == 0xAA || c == 0xB5 || c == 0xBA;
        return c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c <= 0x206F) && !(c >= 0x3000 && c <= 0x303F) &&
               c != 0xFEFF && !(c >= 0xFFF0 && c <= 0xFFFF);
}

// Bytes of the word character at s, 0 if it is none.
static size_t word_char(Str s, bool first)
{
        if (!s.n)
                return 0;
        if ((unsigned char)*s.p < 0x80)
                return is_word_ascii(*s.p) || (!first && is_digit(*s.p));
        uint32_t c;
        size_t n = utf8_decode(s.p, s.n, &c);
        return is_word_unicode(c) ? n : 0;
}

static Str rest(Str s, size_t at)
{
        return (Str){s.p + at, s.n - at};
}

static size_t digits(Str s, size_t at)
{
        while (at < s.n && is_digit(s.p[at]))
                at++;
        return at;
}

size_t wql_lex_number(Str s, bool *ret_real)
{
        *ret_real = false;
        size_t start = s.n && (s.p[0] == '+' || s.p[0] == '-'), at = digits(s, start);
        size_t before = at - start;
        if (at + 1 < s.n && s.p[at] == '.' && is_digit(s.p[at + 1])) {
                at = digits(s, at + 1);
                *ret_real = true;
        } else if (!before) {
                return 0;
        }
        if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
                size_t e = at + 1 + (at + 1 < s.n && (s.p[at + 1] == '+' || s.p[at + 1] == '-'));
                if (e < s.n && is_digit(s.p[e])) {
                        at = digits(s, e);
                        *ret_real = true;
                }
        }
        return at;
}

static int fail(const WqlLexer *l, Diag *d, size_t at, size_t length, const char *message)
{
        diag_set(d, CIM_E_UNPARSABLE_QUERY, "%s", message);
        diag_place(d, l->text.p, l->text.n, at, length);
        return E_DIAG;
}

static int lex_string(WqlLexer *l, WqlToken *t, Diag *d)
{
        Str s = l->text;
        char quote = s.p[l->at];
        for (size_t i = l->at + 1; i < s.n; i++) {
                if (s.p[i] == quote) {
                        t->kind = WQL_T_STRING;
                        t->text = (Str){s.p + l->at, i + 1 - l->at};
                        l->at = i + 1;
                        return 0;
                }
                if (s.p[i] != '\\')
                        continue;
                if (i + 1 < s.n && s.p[i + 1] != '\\' && s.p[i + 1] != '\'' && s.p[i + 1] != '"') {
                        fail(l, d, i, 2, "'\\' in a string must be followed by '\\', '\"' or \"'\"");
                        return diag_hint(d, "a backslash is written \\\\ in a WQL string");
                }
                i++;
        }
        fail(l, d, l->at, s.n - l->at, "the string that starts here has no end");
        return diag_hint(d, "\\%c is a quote inside the string, %c alone ends it", quote, quote);
}

static int lex_number(WqlLexer *l, WqlToken *t, size_t n, bool real, Diag *d)
{
        size_t end = l->at + n, step;
        while ((step = word_char(rest(l->text, end), false)) != 0)
                end += step;
        if (end != l->at + n) {
                fail(l, d, l->at, end - l->at, "a number that runs into letters");
                const char *p = l->text.p + l->at;
                p += *p == '+' || *p == '-';
                bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
                return diag_hint(d, hex ? "WQL has no hexadecimal numbers: write it in decimal"
                                        : "a name cannot begin with a digit; a blank must follow a number");
        }
        t->kind = real ? WQL_T_REAL : WQL_T_INTEGER;
        t->text = (Str){l->text.p + l->at, n};
        l->at = end;
        return 0;
}

// One or two characters of punctuation; 0 for what is no token of WQL.
static size_t punctuation(Str s, WqlTokenKind *ret)
{
        static const struct {
                const char *text;
                WqlTokenKind kind;
        } table[] = {
                {"<>", WQL_T_NE},          {"!=", WQL_T_NE},
                {"<=", WQL_T_LE},          {">=", WQL_T_GE},
                {"<", WQL_T_LT},           {">", WQL_T_GT},
                {"=", WQL_T_EQ},           {"*", WQL_T_STAR},
                {",", WQL_T_COMMA},        {".", WQL_T_DOT},
                {"(", WQL_T_OPEN},         {")", WQL_T_CLOSE},
                {"[", WQL_T_OPEN_BRACKET}, {"]", WQL_T_CLOSE_BRACKET},
                {";", WQL_T_SEMICOLON},
        };
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                size_t n = strlen(table[i].text);
                if (n <= s.n && memcmp(s.p, table[i].text, n) == 0) {
                        *ret = table[i].kind;
                        return n;
                }
        }
        return 0;
}

static int lex_other(WqlLexer *l, WqlToken *t, Diag *d)
{
        uint32_t c;
        size_t n = utf8_decode(l->text.p + l->at, l->text.n - l->at, &c);
        if (c >= 0x80) {
                fail(l, d, l->at, n, "a character that WQL does not know");
                if ((c >= 0x2018 && c <= 0x201F) || c == 0xAB || c == 0xBB)
                        return diag_hint(d, "use the plain quotes ' or \"");
                return diag_hint(d, "it is U+%04X; use plain blanks and signs", c);
        }
        t->kind = WQL_T_OTHER;
        t->text = (Str){l->text.p + l->at, n};
        l->at += n;
        return 0;
}

int wql_lex(WqlLexer *l, WqlToken *ret, Diag *reterr)
{
        while (l->at < l->text.n && is_space(l->text.p[l->at]))
                l->at++;
        *ret = (WqlToken){.at = l->at, .text = {l->text.p + l->at, 0}};
        if (l->at == l->text.n)
                return 0;
        Str s = rest(l->text, l->at);
        size_t n = 0, step;
        bool real;
        while ((step = word_char(rest(s, n), n == 0)) != 0)
                n += step;
        if (n) {
                ret->kind = WQL_T_WORD;
        } else if (*s.p == '\'' || *s.p == '"') {
                return lex_string(l, ret, reterr);
        } else if ((n = wql_lex_number(s, &real)) != 0) {
                return lex_number(l, ret, n, real, reterr);
        } else if ((n = punctuation(s, &ret->kind)) == 0) {
                return lex_other(l, ret, reterr);
        }
        ret->text = (Str){s.p, n};
        l->at += n;
        return 0;
}
