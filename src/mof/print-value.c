// SPDX-License-Identifier: MIT
// Tokens and values of MOF text, laid out.
#include "mof/print-impl.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"

enum {
        TAB = 8,                       // columns of a tab
        MOST_VALUES = 2 * LIMIT_DEPTH, // in each other: a list and an object for each step
        MEANING = 24,                  // columns of a comment beside a value
        FAR_RIGHT = 56,                // no list or string is aligned further to the right than this
};

// --- characters ----------------------------------------------------------------------------------

void print_bytes(Printer *p, const char *s, size_t n)
{
        if (!n)
                return;
        if (p->flat && (p->wide || p->out->n + n > p->flat_end || memchr(s, '\n', n)))
                p->wide = true;
        else
                buf_put(p->out, s, n);
}

void print_z(Printer *p, const char *z)
{
        print_bytes(p, z, strlen(z));
}

static size_t columns(const uint8_t *s, size_t n)
{
        size_t c = 0;
        for (size_t i = 0; i < n; i++)
                c += s[i] == '\t' ? TAB : (s[i] & 0xC0) != 0x80;
        return c;
}

size_t print_column(const Printer *p)
{
        if (p->out->failed || !p->out->n)
                return 0;
        size_t line = p->out->n;
        while (line > p->begin && p->out->p[line - 1] != '\n')
                line--;
        return columns(p->out->p + line, p->out->n - line);
}

void print_break_to(Printer *p, size_t to)
{
        print_z(p, "\n");
        for (unsigned i = 0; i < p->depth; i++)
                print_z(p, "\t");
        for (size_t i = (size_t)p->depth * TAB; i < to; i++)
                print_z(p, " ");
}

void print_break(Printer *p)
{
        print_break_to(p, 0);
}

bool print_try_flat(Printer *p, size_t end, void (*write)(Printer *p, const void *what), const void *what)
{
        if (p->flat) { // part of something that is
                write(p, what);
                return true;
        }
        size_t at = p->out->n, from = print_column(p);
        if (from >= end)
                return false;
        p->flat = true;
        p->wide = false;
        p->flat_end = at + (size_t)4 * (end - from);
        write(p, what);
        p->flat = false;
        bool fits = !p->wide && print_column(p) <= end;
        p->wide = false;
        if (!fits && !p->out->failed)
                p->out->n = at;
        return fits;
}

// Characters that a reader of the text would not see, or see in another place, or that a program may take for
// a mark.
static bool is_hidden(uint32_t c)
{
        return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0xD800 && c < 0xE000) || c == 0xAD ||
               c == 0x61C || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
               (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFF) ||
               (c >= 0xE0000 && c <= 0xE0FFF) || (c & 0xFFFE) == 0xFFFE;
}

// One code unit of s at *i, or a pair of surrogates, as it stands between quotes; *i is then behind it. The
// bytes written.
static size_t encode_unit(Str16 s, size_t *i, char quote, char out[16])
{
        static const char named[] = "\b\t\n\f\r", letters[] = "btnfr";
        uint32_t c = s.p[(*i)++];
        if (c >= 0x20 && c < 0x7F && c != (unsigned char)quote && c != '\\') {
                out[0] = (char)c;
                return 1;
        }
        const char *at = c && c < 0x20 ? strchr(named, (int)c) : NULL;
        if (at || c == (unsigned char)quote || c == '\\') {
                out[0] = '\\';
                out[1] = at ? letters[at - named] : (char)c;
                return 2;
        }
        uint32_t low = c >= 0xD800 && c < 0xDC00 && *i < s.n ? s.p[*i] : 0;
        if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                ++*i;
        }
        if (!is_hidden(c))
                return utf8_encode(c, out);
        if (c < 0x10000)
                return (size_t)snprintf(out, 16, "\\x%04X", c);
        return (size_t)snprintf(out, 16, "\\x%04X\\x%04X", 0xD800 + ((c - 0x10000) >> 10),
                                0xDC00 + (c & 0x3FF));
}

// --- strings -------------------------------------------------------------------------------------

void print_string(Printer *p, Str16 s)
{
        print_z(p, "\"");
        for (size_t i = 0; i < s.n && !p->wide;) {
                char run[128 + 16];
                size_t n = 0;
                while (i < s.n && n < 128)
                        n += encode_unit(s, &i, '"', run + n);
                print_bytes(p, run, n);
        }
        print_z(p, "\"");
}

static void flat_string(Printer *p, const void *s)
{
        print_string(p, *(const Str16 *)s);
}

// How far a piece of a string goes that begins at `from` and has `room` columns: behind a line end, else
// behind the last blank, else as far as it fits.
static size_t piece_end(Str16 s, size_t from, size_t room)
{
        size_t used = 0, blank = 0, i = from;
        while (i < s.n) {
                char unit[16];
                size_t next = i, n = encode_unit(s, &next, '"', unit);
                used += columns((const uint8_t *)unit, n);
                if (used > room && i > from)
                        return blank ? blank : i;
                bool newline = s.p[i] == '\n';
                i = next;
                if (newline && i < s.n && s.p[i] != '\n')
                        return i;
                if (s.p[i - 1] == ' ' || newline)
                        blank = i;
        }
        return i;
}

// "..." on one line when it fits, else in pieces below each other.
static void put_string(Printer *p, Str16 s)
{
        if (p->flat) {
                print_string(p, s);
                return;
        }
        if (print_try_flat(p, WIDTH - TAIL, flat_string, &s))
                return;
        size_t at = print_column(p);
        if (at > FAR_RIGHT) {
                at = (size_t)(p->depth + 1) * TAB;
                print_break_to(p, at);
        }
        size_t room = at + 24 < WIDTH - TAIL - 2 ? WIDTH - TAIL - 2 - at : 24;
        for (size_t i = 0; i < s.n && !p->out->failed;) {
                size_t end = piece_end(s, i, room);
                if (i)
                        print_break_to(p, at);
                print_string(p, (Str16){s.p + i, end - i});
                i = end;
        }
        if (!s.n)
                print_z(p, "\"\"");
}

void print_text(Printer *p, Str s)
{
        print_z(p, "\"");
        for (size_t i = 0; i < s.n && !p->wide;) {
                uint32_t c;
                i += utf8_decode(s.p + i, s.n - i, &c);
                char16_t units[2] = {(char16_t)c};
                size_t k = 0;
                if (c > 0xFFFF) {
                        units[0] = (char16_t)(0xD800 + ((c - 0x10000) >> 10));
                        units[1] = (char16_t)(0xDC00 + (c & 0x3FF));
                }
                char out[16];
                print_bytes(p, out, encode_unit((Str16){units, c > 0xFFFF ? 2 : 1}, &k, '"', out));
        }
        print_z(p, "\"");
}

// For a comment of one line, or between its marks: nothing in it ends the comment.
static void put_comment(Printer *p, Str s)
{
        for (size_t i = 0; i < s.n && !p->wide; i++) {
                uint32_t c;
                size_t n = utf8_decode(s.p + i, s.n - i, &c);
                bool end = s.p[i] == '/' && i && s.p[i - 1] == '*';
                if (is_hidden(c) || c == 0xFFFD || end)
                        print_z(p, "?");
                else
                        print_bytes(p, s.p + i, n);
                i += n - 1;
        }
}

// --- names ---------------------------------------------------------------------------------------

static bool is_name_char(uint32_t c, bool first)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
               (!first && c >= '0' && c <= '9') || mof_foreign_letter(c);
}

void print_name(Printer *p, Str name)
{
        bool good = name.n > 0;
        uint32_t c;
        for (size_t i = 0, n; i < name.n; i += n) {
                n = utf8_decode(name.p + i, name.n - i, &c);
                good &= is_name_char(c, i == 0);
        }
        if (good) {
                print_bytes(p, name.p, name.n);
                return;
        }
        if (!name.n || (name.p[0] >= '0' && name.p[0] <= '9'))
                print_z(p, "_");
        for (size_t i = 0, n; i < name.n; i += n) {
                n = utf8_decode(name.p + i, name.n - i, &c);
                if (is_name_char(c, false))
                        print_bytes(p, name.p + i, n);
                else
                        print_z(p, "_");
        }
        print_z(p, " /* ");
        put_comment(p, name);
        print_z(p, " */");
}

// --- values --------------------------------------------------------------------------------------

static void put_integer(Printer *p, const MofValue *v)
{
        char s[32];
        const char *sign = v->negative ? "-" : "";
        unsigned long long n = v->magnitude;
        if (v->bits)
                snprintf(s, sizeof(s), "%s0x%llX", sign, n);
        else
                snprintf(s, sizeof(s), "%s%llu", sign, n);
        print_z(p, s);
}

// The shortest decimal that reads back to the same number, always with a point: without one it would be an
// integer.
static void put_real(Printer *p, double v)
{
        if (!isfinite(v)) { // not to be said in MOF
                print_z(p, p->in_list ? "0.0" : "NULL");
                print_z(p, isnan(v) ? " /* not a number */" : " /* infinite */");
                return;
        }
        char s[40];
        for (int digits = fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
                snprintf(s, sizeof(s), "%.*g", digits, v);
                if (strtod(s, NULL) == v)
                        break;
        }
        size_t mantissa = strcspn(s, "e");
        bool point = false;
        for (size_t i = 0; i < mantissa; i++) {
                bool digit = s[i] == '-' || (s[i] >= '0' && s[i] <= '9');
                if (digit || !point)
                        print_bytes(p, digit ? s + i : ".", 1); // whatever the locale's point is
                point |= !digit;
        }
        if (!point)
                print_z(p, ".0");
        print_z(p, s + mantissa);
}

static void put_char(Printer *p, char16_t c)
{
        char unit[16];
        size_t i = 0;
        print_z(p, "'");
        print_bytes(p, unit, encode_unit((Str16){&c, 1}, &i, '\'', unit));
        print_z(p, "'");
}

static void put_alias(Printer *p, Str16 s)
{
        Arena a = {0};
        Str name = utf_to8(&a, s);
        print_z(p, "$");
        if (name.p)
                print_name(p, name);
        else
                p->out->failed = true;
        arena_deinit(&a);
}

static void flat_value(Printer *p, const void *v)
{
        print_value(p, v);
}

bool print_has_objects(const MofValue *list)
{
        for (uint32_t i = 0; i < list->array.count; i++)
                if (list->array.items[i].kind == MOF_VALUE_OBJECT)
                        return true;
        return false;
}

static void put_flat_list(Printer *p, const MofValue *v)
{
        print_z(p, "{");
        for (uint32_t i = 0; i < v->array.count && !p->wide; i++) {
                if (i)
                        print_z(p, ", ");
                print_value(p, &v->array.items[i]);
        }
        print_z(p, "}");
}

// Objects below each other, one level deeper.
static void put_objects(Printer *p, const MofValue *v)
{
        print_z(p, "{");
        p->depth++;
        for (uint32_t i = 0; i < v->array.count; i++) {
                if (i)
                        print_z(p, ",");
                print_break(p);
                print_value(p, &v->array.items[i]);
        }
        p->depth--;
        print_break(p);
        print_z(p, "}");
}

static void flat_next(Printer *p, const void *v)
{
        print_z(p, " ");
        print_value(p, v);
}

static void flat_meaning(Printer *p, const void *v)
{
        const MofValue *m = v;
        if (m->kind == MOF_VALUE_STRING) {
                Arena a = {0};
                Str s = utf_to8(&a, m->string);
                put_comment(p, s);
                p->out->failed |= !s.p;
                arena_deinit(&a);
        } else {
                print_value(p, m);
        }
}

// `/* 3 */ ` in front of what 3 stands for, so wide that all are below each other.
static void put_meaning(Printer *p, const MofValue *v, size_t wide)
{
        size_t at = print_column(p);
        print_z(p, "/* ");
        if (!print_try_flat(p, at + 3 + MEANING, flat_meaning, v))
                print_z(p, "...");
        size_t used = print_column(p) - at - 3;
        for (; used < wide; used++)
                print_z(p, " ");
        print_z(p, " */ ");
}

static size_t meanings_width(Printer *p, const MofValue *list)
{
        size_t wide = 0, at = p->out->n;
        for (uint32_t i = 0; i < list->array.count && !p->out->failed; i++) {
                size_t from = print_column(p);
                if (print_try_flat(p, from + MEANING, flat_meaning, &list->array.items[i]) &&
                    print_column(p) - from > wide)
                        wide = print_column(p) - from;
                if (!p->out->failed)
                        p->out->n = at;
        }
        return wide;
}

// As many to a line as fit, aligned behind the brace. `meanings` (may be NULL): a list of as many values;
// then one to a line, each with its own in front of it as a comment.
static void put_filled_list(Printer *p, const MofValue *v, const MofValue *meanings)
{
        print_z(p, "{");
        size_t at = print_column(p), wide = meanings ? meanings_width(p, meanings) : 0;
        if (at > FAR_RIGHT) {
                at = (size_t)(p->depth + 1) * TAB;
                print_break_to(p, at);
        }
        for (uint32_t i = 0; i < v->array.count && !p->out->failed; i++) {
                const MofValue *item = &v->array.items[i];
                if (i)
                        print_z(p, ",");
                if (i && !meanings && print_try_flat(p, WIDTH - TAIL, flat_next, item))
                        continue;
                if (i)
                        print_break_to(p, at);
                if (meanings)
                        put_meaning(p, &meanings->array.items[i], wide);
                print_value(p, item);
        }
        print_z(p, "}");
}

void print_list(Printer *p, const MofValue *v, const MofValue *meanings)
{
        bool objects = print_has_objects(v), was = p->in_list;
        p->in_list = true;
        if (p->flat && objects)
                p->wide = true;
        else if (p->flat)
                put_flat_list(p, v);
        else if (objects)
                put_objects(p, v);
        else
                put_filled_list(p, v, meanings);
        p->in_list = was;
}

static void put_one_value(Printer *p, const MofValue *v)
{
        switch ((MofValueKind)v->kind) {
        case MOF_VALUE_NONE:
        case MOF_VALUE_NULL:
                print_z(p, "NULL");
                return;
        case MOF_VALUE_BOOLEAN:
                print_z(p, v->boolean ? "TRUE" : "FALSE");
                return;
        case MOF_VALUE_INTEGER:
                put_integer(p, v);
                return;
        case MOF_VALUE_REAL:
                put_real(p, v->real);
                return;
        case MOF_VALUE_STRING:
                put_string(p, v->string);
                return;
        case MOF_VALUE_CHAR:
                put_char(p, (char16_t)v->magnitude);
                return;
        case MOF_VALUE_ARRAY:
                if (p->flat || print_has_objects(v) || !print_try_flat(p, WIDTH - TAIL, flat_value, v))
                        print_list(p, v, NULL);
                return;
        case MOF_VALUE_ALIAS:
                put_alias(p, v->string);
                return;
        case MOF_VALUE_OBJECT:
                if (p->flat)
                        p->wide = true;
                else
                        print_object(p, v->object);
                return;
        }
}

void print_value(Printer *p, const MofValue *v)
{
        if (p->values > MOST_VALUES) {
                print_z(p, "NULL");
                return;
        }
        p->values++;
        put_one_value(p, v);
        p->values--;
}
