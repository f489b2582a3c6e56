// SPDX-License-Identifier: MIT
// Encodings of MOF files.
#include "mof/text.h"

#include "base/utf.h"
#include "cim/status.h"

// What code page 1252 has at 0x80..0x9F; its five holes stand for themselves, as in Windows' best-fit table.
static const char16_t ansi_upper[32] = {
        0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

static int read_ansi(Str input, Arena *a, MofText *t)
{
        char *out = arena_alloc(a, input.n * 3 + MOF_TEXT_PAD);
        if (!out)
                return -ENOMEM;
        size_t n = 0;
        for (size_t i = 0; i < input.n; i++) {
                unsigned char c = (unsigned char)input.p[i];
                uint32_t u = c >= 0x80 && c < 0xA0 ? ansi_upper[c - 0x80] : c;
                n += utf8_encode(u, out + n);
        }
        t->p = out;
        t->n = n;
        t->encoding = MOF_ANSI;
        return 0;
}

static uint32_t unit_at(Str input, size_t i, bool big)
{
        unsigned char a = (unsigned char)input.p[i], b = (unsigned char)input.p[i + 1];
        return big ? (uint32_t)a << 8 | b : (uint32_t)b << 8 | a;
}

// Line and column for an error found while decoding: what stands before it is in `t` already.
static int undecodable(Diag *d, const MofText *t, size_t at, size_t input_offset, size_t length,
                       const char *what)
{
        diag_set(d, (uint32_t)CIM_MOF_INVALID_FILE, "%s", what);
        diag_place(d, t->p, at, at, length);
        if (d)
                d->offset = input_offset;
        return E_DIAG;
}

static int read_utf16(Str input, bool big, Arena *a, MofText *t, Diag *reterr)
{
        char *out = arena_alloc(a, input.n / 2 * 3 + MOF_TEXT_PAD);
        if (!out)
                return -ENOMEM;
        size_t n = 0;
        t->p = out;
        t->encoding = big ? MOF_UTF16BE : MOF_UTF16LE;
        t->mark = 2;
        for (size_t i = 2; i + 1 < input.n; i += 2) {
                uint32_t u = unit_at(input, i, big);
                if (u >= 0xD800 && u <= 0xDFFF) {
                        uint32_t low = u < 0xDC00 && i + 3 < input.n ? unit_at(input, i + 2, big) : 0;
                        if (low < 0xDC00 || low > 0xDFFF)
                                return undecodable(reterr, t, n, i, 2,
                                                   "half a surrogate pair in UTF-16 text");
                        u = 0x10000 + ((u - 0xD800) << 10) + (low - 0xDC00);
                        i += 2;
                }
                n += utf8_encode(u, out + n);
        }
        if (input.n % 2)
                return undecodable(reterr, t, n, input.n - 1, 1, "UTF-16 text ends with half a character");
        t->n = n;
        return 0;
}

static int keep(Arena *a, MofText *t)
{
        char *copy = arena_alloc(a, t->n + MOF_TEXT_PAD);
        if (!copy)
                return -ENOMEM;
        if (t->n)
                memcpy(copy, t->p, t->n);
        t->p = copy;
        return 0;
}

int mof_text_read(Str input, Arena *a, MofText *ret, Diag *reterr)
{
        *ret = (MofText){.p = input.p, .n = input.n, .encoding = MOF_UTF8};
        const unsigned char *p = (const unsigned char *)input.p;
        if (input.n >= 2 && ((p[0] == 0xFF && p[1] == 0xFE) || (p[0] == 0xFE && p[1] == 0xFF)))
                return read_utf16(input, p[0] == 0xFE, a, ret, reterr);
        if (input.n >= 4 && memcmp(p, "FOMB", 4) == 0) {
                undecodable(reterr, ret, 0, 0, 4, "this is compiled (binary) MOF, not text");
                return diag_hint(reterr, "give the .mof text that it was made from");
        }
        if (input.n >= 2 && (p[0] == 0) != (p[1] == 0)) {
                undecodable(reterr, ret, 0, 0, 2, "this looks like UTF-16 text without a byte order mark");
                return diag_hint(reterr, "save it as UTF-8, or as UTF-16 with its mark");
        }
        bool marked = input.n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0;
        size_t bad = 0;
        if (marked) {
                ret->p += 3;
                ret->n -= 3;
                ret->mark = 3;
        }
        if (utf8_valid(ret->p, ret->n, &bad))
                return keep(a, ret);
        if (marked)
                return undecodable(reterr, ret, bad, bad + 3, 1,
                                   "malformed UTF-8 in a file that begins with its mark");
        return read_ansi(input, a, ret);
}

size_t mof_text_bytes(const MofText *t, size_t from, size_t to)
{
        if (t->encoding == MOF_UTF8)
                return to - from;
        size_t n = 0;
        for (size_t i = from; i < to; i++) {
                unsigned char c = (unsigned char)t->p[i];
                if ((c & 0xC0) != 0x80)
                        n += t->encoding == MOF_ANSI ? 1 : c >= 0xF0 ? 4 : 2;
        }
        return n;
}

// --- line markers --------------------------------------------------------------------------------

static char at(Str s, size_t i)
{
        return i < s.n ? s.p[i] : '\0';
}

static size_t after_blanks(Str s, size_t i)
{
        while (at(s, i) == ' ' || at(s, i) == '\t' || at(s, i) == '\f' || at(s, i) == '\v')
                i++;
        return i;
}

static bool line_ends(Str s, size_t i)
{
        return i >= s.n || s.p[i] == '\n' || s.p[i] == '\r';
}

// "file" at s[i], which is the first quote. The result is behind it.
static size_t marker_name(Str s, size_t i, MofMarker *ret)
{
        ret->named = true;
        for (i++; !line_ends(s, i) && s.p[i] != '"'; i++) {
                if (s.p[i] == '\\' && (at(s, i + 1) == '\\' || at(s, i + 1) == '"'))
                        i++;
                if (ret->n < sizeof(ret->name))
                        ret->name[ret->n++] = s.p[i];
        }
        return i;
}

bool mof_text_marker(Str s, size_t hash, MofMarker *ret)
{
        size_t i = after_blanks(s, hash + 1), word = i;
        if (s.n - i > 4 && str_ieq((Str){s.p + i, 4}, STR("line")))
                i = after_blanks(s, i + 4);
        if (at(s, i) < '0' || at(s, i) > '9' || i == word + 4)
                return false;
        ret->line = 0;
        ret->n = 0;
        ret->named = false;
        for (; at(s, i) >= '0' && at(s, i) <= '9'; i++) {
                uint64_t line = (uint64_t)ret->line * 10 + (uint64_t)(s.p[i] - '0');
                ret->line = line < INT32_MAX ? (uint32_t)line : INT32_MAX;
        }
        i = after_blanks(s, i);
        if (at(s, i) == '"')
                i = marker_name(s, i, ret);
        while (!line_ends(s, i))
                i++;
        ret->end = i;
        return true;
}
