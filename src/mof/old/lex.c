// SPDX-License-Identifier: MIT
// Tokens of MOF. Values are not computed here, only delimited; literal.c reads them when they are wanted.
#include "mof/old/internal.h"

#include "base/utf.h"

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// The character `ahead` of the reading position; NUL beyond the end.
static char peek(const Mof *m, uint32_t ahead)
{
        return m->at + ahead < m->text.n ? m->text.p[m->at + ahead] : '\0';
}

static bool at_end(const Mof *m)
{
        return m->at >= m->text.n;
}

static bool at_newline(const Mof *m)
{
        return peek(m, 0) == '\n' || peek(m, 0) == '\r';
}

// Reads one line end: LF, CR LF or CR.
static void take_newline(Mof *m)
{
        m->at += peek(m, 0) == '\r' && peek(m, 1) == '\n' ? 2 : 1;
        m->line++;
        m->line_at = m->at;
}

static MofToken token_here(const Mof *m, uint16_t kind, uint32_t n)
{
        return (MofToken){
                .kind = kind, .at = m->at, .n = n, .line = m->line, .line_at = m->line_at, .file = m->file};
}

bool mof_is_word(const Mof *m, const MofToken *t, const char *lower)
{
        if (t->kind != MOF_WORD)
                return false;
        for (uint32_t i = 0; i < t->n; i++) {
                char c = m->text.p[t->at + i];
                if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != lower[i])
                        return false;
        }
        return lower[t->n] == '\0';
}

bool mof_word(const Mof *m, const char *lower)
{
        return mof_is_word(m, &m->now, lower);
}

static void skip_line(Mof *m)
{
        while (!at_end(m) && !at_newline(m))
                m->at++;
}

// /* ... */, at its beginning.
static void skip_comment(Mof *m)
{
        MofToken begin = token_here(m, 0, 2);
        m->at += 2;
        while (!at_end(m)) {
                if (at_newline(m)) {
                        take_newline(m);
                } else if (peek(m, 0) == '*' && peek(m, 1) == '/') {
                        m->at += 2;
                        return;
                } else {
                        m->at++;
                }
        }
        mof_error(m, &begin, CIM_MOF_UNRECOGNIZED_TOKEN, "this comment is not closed");
        mof_hint(m, "a comment ends with */");
}

static int file_index(Mof *m, const char *name, uint32_t n)
{
        for (size_t i = 0; i < m->file_count && i < 64; i++)
                if (strlen(m->files[i]) == n && memcmp(m->files[i], name, n) == 0) {
                        m->file = (uint32_t)i;
                        return 0;
                }
        const char *copy = arena_strndup(m->arena, name, n);
        if (!copy || MOF_PUSH(m, m->files, m->file_count, m->file_capacity, copy) < 0)
                return -ENOMEM;
        m->file = (uint32_t)(m->file_count - 1);
        return 0;
}

// Is this '#' a line marker, `# 12 "file" 1` or `#line 12 "file"`? `*ret` is where the number begins.
static bool is_marker(const Mof *m, uint32_t *ret)
{
        uint32_t i = 1;
        while (is_blank(peek(m, i)))
                i++;
        if ((peek(m, i) | 32) == 'l' && (peek(m, i + 1) | 32) == 'i' && (peek(m, i + 2) | 32) == 'n' &&
            (peek(m, i + 3) | 32) == 'e' && is_blank(peek(m, i + 4)))
                i += 4;
        while (is_blank(peek(m, i)))
                i++;
        *ret = i;
        return is_digit(peek(m, i));
}

// The line after the marker has the number it says, in the file it names.
static int take_marker(Mof *m, uint32_t number_at)
{
        m->at += number_at;
        uint64_t line = 0;
        for (; is_digit(peek(m, 0)); m->at++)
                line = line < UINT32_MAX ? line * 10 + (uint64_t)(peek(m, 0) - '0') : line;
        if (line > UINT32_MAX / 2)
                line = UINT32_MAX / 2;
        while (is_blank(peek(m, 0)))
                m->at++;
        int r = 0;
        if (peek(m, 0) == '"') {
                char name[sizeof(((Diag *)0)->file)];
                uint32_t n = 0;
                for (m->at++; !at_end(m) && !at_newline(m) && peek(m, 0) != '"'; m->at++) {
                        if (peek(m, 0) == '\\' && (peek(m, 1) == '\\' || peek(m, 1) == '"'))
                                m->at++;
                        if (n < sizeof(name) - 1)
                                name[n++] = peek(m, 0);
                }
                r = file_index(m, name, n);
        }
        skip_line(m);
        if (!at_end(m))
                take_newline(m);
        m->line = (uint32_t)line;
        return r;
}

// Blanks, line ends, comments and line markers.
static int skip_space(Mof *m)
{
        for (;;) {
                char c = peek(m, 0);
                uint32_t number_at;
                if (at_end(m)) {
                        return 0;
                } else if (is_blank(c)) {
                        m->at++;
                } else if (at_newline(m)) {
                        take_newline(m);
                } else if (c == '/' && peek(m, 1) == '/') {
                        skip_line(m);
                } else if (c == '/' && peek(m, 1) == '*') {
                        skip_comment(m);
                } else if (c == '#' && is_marker(m, &number_at)) {
                        int r = take_marker(m, number_at);
                        if (r < 0)
                                return r;
                } else if (c == '\xEF' && peek(m, 1) == '\xBB' && peek(m, 2) == '\xBF') {
                        m->at += 3; // a byte order mark in the middle: files that were joined
                } else if (c == '\\' && (peek(m, 1) == '\n' || peek(m, 1) == '\r')) {
                        m->at++; // a continued line: macros leave them behind, and WMI's compiler reads over
                                 // them
                } else if (c == '\x1A' && m->at + 1 == m->text.n) {
                        m->at++; // the end mark of DOS
                } else {
                        return 0;
                }
        }
}

// "..." or '...'; a line end before the closing quote is an error, which catches a missing quote where it is
// missing.
static void take_quoted(Mof *m, char quote)
{
        uint32_t n = 1;
        while (m->at + n < m->text.n && peek(m, n) != quote && peek(m, n) != '\n' && peek(m, n) != '\r')
                n += peek(m, n) == '\\' && peek(m, n + 1) != '\n' && peek(m, n + 1) != '\r' ? 2 : 1;
        if (m->at + n > m->text.n)
                n = (uint32_t)m->text.n - m->at;
        bool closed = m->at + n < m->text.n && peek(m, n) == quote;
        m->now = token_here(m, quote == '"' ? MOF_STRING : MOF_CHAR, closed ? n + 1 : n);
        m->at += m->now.n;
        if (closed)
                return;
        m->now.bad = true;
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
        for (; i < n && (is_digit(p[i]) || (p[i] == '.' && !point)); i++) {
                digits += is_digit(p[i]);
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
static uint16_t number_kind(const char *p, uint32_t n)
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

static void take_number(Mof *m)
{
        uint32_t sign = peek(m, 0) == '-' || peek(m, 0) == '+', n = sign;
        bool hex = peek(m, sign) == '0' && (peek(m, sign + 1) | 32) == 'x';
        for (;; n++) {
                char c = peek(m, n);
                bool exponent = (c == '+' || c == '-') && !hex && n > sign && (peek(m, n - 1) | 32) == 'e' &&
                                is_digit(peek(m, n + 1));
                if (!is_digit(c) && !is_letter(c) && c != '.' && !exponent)
                        break;
        }
        const char *p = m->text.p + m->at + sign;
        uint16_t kind = number_kind(p, n - sign);
        m->now = token_here(m, kind ? kind : MOF_INTEGER, n);
        m->at += n;
        if (kind)
                return;
        m->now.bad = true;
        char shown[MOF_SHOWN];
        mof_error(m, &m->now, CIM_MOF_ILLEGAL_CONSTANT, "%s is not a number", mof_shown(m, &m->now, shown));
        if (n - sign > 1 && p[0] == '0' && all_of(p, n - sign, "0123456789"))
                mof_hint(m, "a leading 0 makes it octal, which has no 8 and 9");
        else
                mof_hint(m, "write 12, -12, 0x1F, 017, 101B or 1.5E+3");
}

// A character that begins no token: reported, and left out.
static void skip_stray(Mof *m)
{
        uint32_t c;
        uint32_t n = (uint32_t)utf8_decode(m->text.p + m->at, m->text.n - m->at, &c);
        MofToken t = token_here(m, 0, n);
        if (c == 0) { // no text at all: what follows would be reported byte by byte
                mof_error(m, &t, CIM_MOF_UNRECOGNIZED_TOKEN, "a NUL byte: this is no MOF text");
                mof_hint(m, "MOF is text, in UTF-8, UTF-16 with a byte order mark, or code page 1252");
                while (!at_end(m)) {
                        if (at_newline(m))
                                take_newline(m);
                        else
                                m->at++;
                }
                return;
        }
        if (c > 0x20 && c != 0x7F && c < 0x80)
                mof_error(m, &t, CIM_MOF_UNRECOGNIZED_TOKEN, "'%c' has no place in MOF", (char)c);
        else if (c < 0x80)
                mof_error(m, &t, CIM_MOF_UNRECOGNIZED_TOKEN,
                          "the control character 0x%02X has no place in MOF", c);
        else
                mof_error(m, &t, CIM_MOF_UNRECOGNIZED_TOKEN,
                          "U+%04X stands outside of a string and a comment", c);
        if (c == 0x201C || c == 0x201D || c == 0x201E)
                mof_hint(m, "write the plain quote \"");
        m->at += n;
}

// Letters of other alphabets, so that a name that holds some is reported as one thing.
static bool is_foreign_letter(uint32_t c)
{
        return c >= 0xC0 && c != 0xD7 && c != 0xF7 && (c < 0x2000 || c >= 0x2C00) && c != 0xFEFF &&
               c < 0xFFF0;
}

// Bytes of the word at the reading position; 0: none begins here.
static uint32_t word_length(const Mof *m, bool *ret_plain)
{
        uint32_t n = 0;
        *ret_plain = true;
        for (;;) {
                char c = peek(m, n);
                uint32_t u;
                if (is_letter(c) || (n && is_digit(c))) {
                        n++;
                        continue;
                }
                if ((unsigned char)c < 0x80)
                        return n;
                uint32_t used = (uint32_t)utf8_decode(m->text.p + m->at + n, m->text.n - m->at - n, &u);
                if (!is_foreign_letter(u))
                        return n;
                *ret_plain = false;
                n += used;
        }
}

static bool take_word(Mof *m)
{
        bool plain;
        uint32_t n = word_length(m, &plain);
        if (!n)
                return false;
        m->now = token_here(m, MOF_WORD, n);
        m->at += n;
        if (!plain) {
                char shown[MOF_SHOWN];
                m->now.bad = true;
                mof_error(m, &m->now, CIM_MOF_UNRECOGNIZED_TOKEN, "%s is no name",
                          mof_shown(m, &m->now, shown));
                mof_hint(m,
                         "a name has the letters A to Z and a to z, digits and '_'; strings stand in \"\"");
        }
        return true;
}

static int read_token(Mof *m)
{
        for (;;) {
                int r = skip_space(m);
                if (r < 0)
                        return r;
                if (at_end(m) || m->stop) {
                        m->now = token_here(m, MOF_END, 0);
                        return 0;
                }
                char c = peek(m, 0);
                if (take_word(m))
                        return 0;
                if (c == '"' || c == '\'') {
                        take_quoted(m, c);
                        return 0;
                }
                char after = c == '-' || c == '+' ? peek(m, 1) : c;
                if (is_digit(after) || (after == '.' && is_digit(peek(m, c == after ? 1 : 2)))) {
                        take_number(m);
                        return 0;
                }
                if (c == '$' && is_letter(peek(m, 1))) {
                        uint32_t n = 2;
                        while (is_letter(peek(m, n)) || is_digit(peek(m, n)))
                                n++;
                        m->now = token_here(m, MOF_ALIAS, n);
                        m->at += n;
                        return 0;
                }
                if (c != '\0' && strchr("{}[]();,:=#$", c)) {
                        m->now = token_here(m, (uint16_t)c, 1);
                        m->at++;
                        return 0;
                }
                skip_stray(m);
        }
}

int mof_next(Mof *m)
{
        m->past = m->now;
        if (m->past.kind == '{')
                m->braces++;
        else if (m->past.kind == '}' && m->braces)
                m->braces--;
        return read_token(m);
}

int mof_next_line(Mof *m)
{
        m->at = m->now.at;
        for (;;) {
                skip_line(m);
                bool continued = m->at > 0 && m->text.p[m->at - 1] == '\\';
                if (at_end(m))
                        break;
                take_newline(m);
                if (!continued)
                        break;
        }
        return mof_next(m);
}
