// SPDX-License-Identifier: MIT
// Tokens of MOF. Values are not computed here, only delimited; literal.c reads them when they are wanted. Lines are not
// counted either: an offset says everything (lines.c).
#include "mof/internal.h"

#include "base/utf.h"

// What a token can begin with.
enum { OTHER, BLANK, LETTER, DIGIT, PUNCTUATION, QUOTE, SLASH, HASH, SIGN, POINT, DOLLAR, BACKSLASH, NUL, HIGH };

// clang-format off
static const uint8_t begins[256] = {
        [0] = NUL, [' '] = BLANK, ['\t'] = BLANK, ['\f'] = BLANK, ['\v'] = BLANK, ['\n'] = BLANK, ['\r'] = BLANK,
        ['a' ... 'z'] = LETTER, ['A' ... 'Z'] = LETTER, ['_'] = LETTER, ['0' ... '9'] = DIGIT,
        ['{'] = PUNCTUATION, ['}'] = PUNCTUATION, ['['] = PUNCTUATION, [']'] = PUNCTUATION, ['('] = PUNCTUATION,
        [')'] = PUNCTUATION, [';'] = PUNCTUATION, [','] = PUNCTUATION, [':'] = PUNCTUATION, ['='] = PUNCTUATION,
        ['"'] = QUOTE, ['\''] = QUOTE, ['/'] = SLASH, ['#'] = HASH, ['+'] = SIGN, ['-'] = SIGN, ['.'] = POINT,
        ['$'] = DOLLAR, ['\\'] = BACKSLASH, [0x80 ... 0xFF] = HIGH,
};
static const bool of_name[256] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['_'] = true, ['0' ... '9'] = true,
};
// Characters of a string that are not simply what they are.
static const bool of_string[256] = {
        [0] = true, ['"'] = true, ['\''] = true, ['\\'] = true, ['\n'] = true, ['\r'] = true, [0x80 ... 0xFF] = true,
};
// clang-format on

static unsigned char byte(const Mof *m, uint32_t at)
{
        return (unsigned char)m->p[at];
}

static bool is_digit(unsigned char c)
{
        return c >= '0' && c <= '9';
}

static bool is_line_end(unsigned char c)
{
        return c == '\n' || c == '\r';
}

static bool is_blank(unsigned char c)
{
        return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static void token(Mof *m, uint8_t kind, uint32_t at, uint32_t n)
{
        m->now = (MofToken){.kind = kind, .at = at, .n = n};
        m->at = at + n;
}

bool mof_word(const Mof *m, const char *lower)
{
        if (m->now.kind != MOF_WORD)
                return false;
        for (uint32_t i = 0; i < m->now.n; i++) {
                char c = m->p[m->now.at + i];
                if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != lower[i])
                        return false;
        }
        return lower[m->now.n] == '\0';
}

// --- what stands between tokens ------------------------------------------------------------------

static uint32_t line_end(const Mof *m, uint32_t at)
{
        while (at < m->n && !is_line_end(byte(m, at)))
                at++;
        return at;
}

// Behind /* ... */, which begins at `at`.
static uint32_t comment_end(Mof *m, uint32_t at)
{
        uint32_t i = at + 2;
        for (;;) {
                const char *star = i < m->n ? memchr(m->p + i, '*', m->n - i) : NULL;
                if (!star)
                        break;
                i = (uint32_t)(star - m->p) + 1;
                if (m->p[i] == '/')
                        return i + 1;
        }
        MofToken begin = {.at = at, .n = 2};
        m->leaving = false; // wherever it stands, the rest of the text is in it
        mof_error(m, &begin, CIM_MOF_UNRECOGNIZED_TOKEN, "this comment is not closed");
        mof_hint(m, "a comment ends with */");
        return m->n;
}

// The line after the marker has the number it says, in the file it names.
static int take_marker(Mof *m, const MofMarker *marker)
{
        uint32_t i = (uint32_t)marker->end;
        if (i < m->n)
                i += byte(m, i) == '\r' && byte(m, i + 1) == '\n' ? 2 : 1;
        m->at = i;
        size_t most = sizeof(((Diag *)0)->file) - 1;
        Str file = {marker->named ? marker->name : NULL, marker->n < most ? marker->n : most};
        return mof_lines_mark(m->lines, m->arena, i, marker->line, file);
}

// --- tokens --------------------------------------------------------------------------------------

// Behind the characters of a string that are simply what they are: eight at a time, then one by one. Zeros follow the text.
static uint32_t plain_end(const Mof *m, uint32_t i, unsigned char quote)
{
        const uint64_t ones = 0x0101010101010101u;
        for (;; i += 8) {
                uint64_t w;
                memcpy(&w, m->p + i, 8);
                // Below U+0020, the quote, a backslash, or not ASCII; a byte too many does no harm.
                uint64_t odd = (w - ones * 0x20) | ((w ^ ones * quote) - ones) | ((w ^ ones * '\\') - ones) | w;
                if (odd & ones * 0x80)
                        break;
        }
        while (!of_string[byte(m, i)])
                i++;
        return i;
}

// "..." or '...'; a line end before the closing quote is an error, which catches a missing quote where it is missing.
static void take_quoted(Mof *m, uint32_t at)
{
        unsigned char quote = byte(m, at), c;
        uint32_t i = at + 1;
        bool plain = true;
        for (;;) {
                i = plain_end(m, i, quote);
                c = byte(m, i);
                if (c == quote || is_line_end(c) || (c == '\0' && i >= m->n))
                        break;
                plain &= c == '\0' || c == '"' || c == '\'';
                i += c == '\\' && !is_line_end(byte(m, i + 1)) && i + 1 < m->n ? 2 : 1;
        }
        bool closed = c == quote;
        token(m, quote == '"' ? MOF_STRING : MOF_CHAR, at, i - at + closed);
        m->now.plain = plain;
        if (closed)
                return;
        m->now.bad = true;
        m->blamed = mof_after_blanks(m, i); // the punctuation in front of that is in the string
        if (quote == '"') {
                mof_error(m, &m->now, CIM_MOF_ILLEGAL_CONSTANT, "this string is not closed on its line");
                mof_hint(m, "put a '\"' at its end; strings on adjacent lines are joined");
        } else {
                mof_error(m, &m->now, CIM_MOF_ILLEGAL_CONSTANT, "this character is not closed on its line");
                mof_hint(m, "put a ' behind it; strings stand in \"\"");
        }
}

static bool all_of(const char *p, uint32_t n, const char *set)
{
        for (uint32_t i = 0; i < n; i++)
                if (!strchr(set, p[i]))
                        return false;
        return n > 0;
}

// digits [. digits] [e [sign] digits], with a point or an exponent.
static bool is_real(const char *p, uint32_t n)
{
        uint32_t i = 0, digits = 0;
        bool point = false;
        for (; i < n && (is_digit((unsigned char)p[i]) || (p[i] == '.' && !point)); i++) {
                digits += p[i] != '.';
                point |= p[i] == '.';
        }
        if (digits == 0)
                return false;
        if (i == n)
                return point;
        if ((p[i] | 32) != 'e')
                return false;
        i++;
        if (i < n && (p[i] == '+' || p[i] == '-'))
                i++;
        return all_of(p + i, n - i, "0123456789");
}

// MOF_INTEGER, MOF_REAL or 0 for the number p[0..n) without its sign.
static uint8_t number_kind(const char *p, uint32_t n)
{
        if (n > 2 && p[0] == '0' && (p[1] | 32) == 'x')
                return all_of(p + 2, n - 2, "0123456789abcdefABCDEF") ? MOF_INTEGER : 0;
        if (n > 1 && (p[n - 1] | 32) == 'b')
                return all_of(p, n - 1, "01") ? MOF_INTEGER : 0;
        if (n > 1 && p[0] == '0' && all_of(p, n, "0123456789"))
                return all_of(p, n, "01234567") ? MOF_INTEGER : 0;
        if (all_of(p, n, "0123456789"))
                return MOF_INTEGER;
        return is_real(p, n) ? MOF_REAL : 0;
}

enum { GUID_PART = 8, GUID_CHARS = 36 }; // up to its first '-'; all of it

// 10UL, 1.5f: a number to a C compiler.
static bool has_suffix(const char *p, uint32_t n)
{
        uint32_t number = n;
        while (number && strchr("uUlLfF", p[number - 1]))
                number--;
        return number < n && number_kind(p, number);
}

static void take_number(Mof *m, uint32_t at)
{
        uint32_t sign = byte(m, at) == '-' || byte(m, at) == '+', i = at + sign;
        if (byte(m, at + GUID_PART) == '-' && mof_like_guid(m, at)) {
                token(m, MOF_INTEGER, at, GUID_CHARS);
                m->now.bad = true;
                mof_error(m, &m->now, CIM_MOF_ILLEGAL_CONSTANT, "a GUID without quotes");
                mof_hint(m, "write \"{%.*s}\"", GUID_CHARS, m->p + at);
                return;
        }
        while (is_digit(byte(m, i)))
                i++;
        // Decimal digits alone: nearly all numbers there are.
        if (!of_name[byte(m, i)] && byte(m, i) != '.' && byte(m, at + sign) != '0') {
                token(m, MOF_INTEGER, at, i - at);
                return;
        }
        bool hex = byte(m, at + sign) == '0' && (byte(m, at + sign + 1) | 32) == 'x';
        for (;; i++) {
                unsigned char c = byte(m, i);
                bool exponent = (c == '+' || c == '-') && !hex && i > at + sign && (byte(m, i - 1) | 32) == 'e' &&
                                is_digit(byte(m, i + 1));
                if (!of_name[c] && c != '.' && !exponent)
                        break;
        }
        const char *p = m->p + at + sign;
        uint32_t n = i - at - sign;
        uint8_t kind = number_kind(p, n);
        token(m, kind ? kind : MOF_INTEGER, at, i - at);
        if (kind)
                return;
        m->now.bad = true;
        char shown[MOF_SHOWN];
        mof_error(m, &m->now, CIM_MOF_ILLEGAL_CONSTANT, "%s is not a number", mof_shown(m, &m->now, shown));
        if (m->past.kind == MOF_WORD)
                mof_hint(m, "a name begins with a letter or '_'");
        else if (n > 1 && p[0] == '0' && all_of(p, n, "0123456789"))
                mof_hint(m, "a leading 0 makes it octal, which has no 8 and 9");
        else if (n > 2 && p[0] == '0' && (p[1] | 32) == 'b' && all_of(p + 2, n - 2, "01"))
                mof_hint(m, "a binary number ends with B: %.*sB", n < 70 ? (int)n - 2 : 0, p + 2);
        else if (has_suffix(p, n))
                mof_hint(m, "a number has no letters behind it");
        else
                mof_hint(m, "write 12, -12, 0x1F, 017, 101B or 1.5E+3");
}

// A character that begins no token: reported, and left out.
static void skip_stray(Mof *m, uint32_t at)
{
        uint32_t c;
        uint32_t n = (uint32_t)utf8_decode(m->p + at, m->n - at, &c);
        MofToken t = {.at = at, .n = n};
        m->at = at + n;
        if (c == 0) { // no text at all: what follows would be reported byte by byte
                m->leaving = false;
                mof_error(m, &t, CIM_MOF_UNRECOGNIZED_TOKEN, "a NUL byte: this is no MOF text");
                mof_hint(m, "MOF is text, in UTF-8, UTF-16 with a byte order mark, or code page 1252");
                m->at = m->n;
                return;
        }
        if (c > 0x20 && c != 0x7F && c < 0x80)
                mof_error(m, &t, CIM_MOF_UNRECOGNIZED_TOKEN, "'%c' has no place in MOF", (char)c);
        else if (c < 0x80)
                mof_error(m, &t, CIM_MOF_UNRECOGNIZED_TOKEN, "the control character 0x%02X has no place in MOF", c);
        else
                mof_error(m, &t, CIM_MOF_UNRECOGNIZED_TOKEN, "U+%04X stands outside of a string and a comment", c);
        if (c == 0x201C || c == 0x201D || c == 0x201E)
                mof_hint(m, "write the plain quote \"");
        else if (c == '+' && m->past.kind == MOF_STRING)
                mof_hint(m, "strings behind each other are joined without it");
        else if (c == '-' && byte(m, at + 1) == '-')
                mof_hint(m, "a comment begins with //");
        else if (m->past.kind == MOF_WORD && m->past.at + m->past.n == at && of_name[byte(m, m->at)])
                mof_hint(m, "a name has the letters A to Z and a to z, digits and '_'");
        uint32_t next = m->at;
        while (is_blank(byte(m, next)))
                next++;
        m->blamed = next;
}

// So that a name that holds some is reported as one thing.
bool mof_foreign_letter(uint32_t c)
{
        return c >= 0xC0 && c != 0xD7 && c != 0xF7 && (c < 0x2000 || c >= 0x2C00) && c != 0xFEFF && c < 0xFFF0;
}

// Behind the word that is ASCII until `i`, where a byte beyond that stands. The same: it ends there.
static uint32_t foreign_word_end(const Mof *m, uint32_t i)
{
        for (;;) {
                uint32_t c;
                if (of_name[byte(m, i)]) {
                        i++;
                        continue;
                }
                if (byte(m, i) < 0x80)
                        return i;
                uint32_t used = (uint32_t)utf8_decode(m->p + i, m->n - i, &c);
                if (!mof_foreign_letter(c))
                        return i;
                i += used;
        }
}

// DMTF's names may have such letters, WMI's have none.
static bool take_foreign_word(Mof *m, uint32_t at, uint32_t plain_end)
{
        uint32_t end = foreign_word_end(m, plain_end);
        if (end == at)
                return false;
        token(m, MOF_WORD, at, end - at);
        if (end == plain_end || m->dialect == MOF_DMTF)
                return true;
        char shown[MOF_SHOWN];
        m->now.bad = true;
        mof_error(m, &m->now, CIM_MOF_UNRECOGNIZED_TOKEN, "%s is no name", mof_shown(m, &m->now, shown));
        mof_hint(m, "a name has the letters A to Z and a to z, digits and '_'; strings stand in \"\"");
        return true;
}

static void take_alias(Mof *m, uint32_t at)
{
        uint32_t i = at + 1;
        if (!is_digit(byte(m, i)) && m->dialect == MOF_DMTF)
                i = foreign_word_end(m, i);
        else if (!is_digit(byte(m, i)))
                while (of_name[byte(m, i)])
                        i++;
        if (i > at + 1)
                token(m, MOF_ALIAS, at, i - at);
        else
                token(m, '$', at, 1);
}

// What is no token for a reader in a hurry: comments, markers, marks. False: something that begins none.
static int take_other(Mof *m, uint32_t at, bool *ret_token)
{
        unsigned char c = byte(m, at), d = byte(m, at + 1);
        MofMarker marker;
        *ret_token = false;
        if (at >= m->n) {
                token(m, MOF_END, m->n, 0);
                *ret_token = true;
        } else if (c == '/' && d == '/') {
                m->at = line_end(m, at);
        } else if (c == '/' && d == '*') {
                m->at = comment_end(m, at);
        } else if (c == '#' && mof_text_marker((Str){m->p, m->n}, at, &marker)) {
                return take_marker(m, &marker);
        } else if (c == '#') {
                token(m, '#', at, 1);
                *ret_token = true;
        } else if (c == 0xEF && d == 0xBB && byte(m, at + 2) == 0xBF) {
                m->at = at + 3; // a byte order mark in the middle: files that were joined
        } else if (c == '\\' && is_line_end(d)) {
                m->at = at + 1; // a continued line: macros leave them behind, and WMI's compiler reads over them
        } else if (c == '\x1A' && at + 1 == m->n) {
                m->at = at + 1; // the end mark of DOS
        } else if ((c == '-' || c == '+') && (is_digit(d) || (d == '.' && is_digit(byte(m, at + 2))))) {
                take_number(m, at);
                *ret_token = true;
        } else if (c == '.' && is_digit(d)) {
                take_number(m, at);
                *ret_token = true;
        } else if (c >= 0x80 && take_foreign_word(m, at, at)) {
                *ret_token = true;
        } else {
                skip_stray(m, at);
        }
        return 0;
}

static int read_token(Mof *m)
{
        for (;;) {
                uint32_t at = m->at, i;
                while (begins[byte(m, at)] == BLANK)
                        at++;
                switch (begins[byte(m, at)]) {
                case LETTER:
                        for (i = at + 1; of_name[byte(m, i)];)
                                i++;
                        if (byte(m, i) < 0x80)
                                token(m, MOF_WORD, at, i - at);
                        else
                                take_foreign_word(m, at, i);
                        return 0;
                case PUNCTUATION:
                        token(m, byte(m, at), at, 1);
                        return 0;
                case QUOTE:
                        take_quoted(m, at);
                        return 0;
                case DIGIT:
                        take_number(m, at);
                        return 0;
                case DOLLAR:
                        take_alias(m, at);
                        return 0;
                default: {
                        bool is_token;
                        int r = take_other(m, at, &is_token);
                        if (r < 0 || is_token)
                                return r;
                }
                }
                if (m->stop)
                        m->at = m->n; // nothing more is to be said
        }
}

int mof_next(Mof *m)
{
        m->past = m->now;
        if (m->past.kind == '{')
                m->braces++;
        else if (m->past.kind == '}' && m->braces)
                m->braces--;
        if (m->stop)
                m->at = m->n;
        return read_token(m);
}
