// SPDX-License-Identifier: MIT
// The scanf family with Windows' format language: l is 32 bits, ll and I64 are 64, %s has the function's own
// width.
//
// A source gives units of the function's width: bytes, or UTF-16 that was decoded where it comes from a
// stream.
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/utf.h"
#include "crt/crt.h"

typedef struct {
        bool wide;
        bool secure;      // the _s forms: a size follows each text
        const void *text; // or
        FILE *stream;
        size_t at; // units read
        bool has_back;
        int back;
} Source;

typedef struct {
        bool discard;
        int width;         // INT_MAX: none
        size_t size;       // of an integer in bytes
        int real;          // 0 float, 1 double, 2 long double
        bool narrow, wide; // h, l or w
        unsigned type;
} Spec;

// The units of one conversion.
typedef struct {
        wchar_t *at;
        size_t count;
        size_t capacity;
        wchar_t fixed[128];
        bool failed;
} Units;

static int next(Source *source)
{
        int c;

        source->at++;
        if (source->has_back) {
                source->has_back = false;
                return source->back;
        }
        if (source->stream) {
                wint_t w = source->wide ? fgetwc(source->stream) : (wint_t)getc(source->stream);

                c = w == WEOF ? -1 : (int)w;
        } else if (source->wide) {
                const wchar_t **p = (const wchar_t **)&source->text;

                c = **p ? *(*p)++ : -1;
        } else {
                const unsigned char **p = (const unsigned char **)&source->text;

                c = **p ? *(*p)++ : -1;
        }
        return c;
}

static void give_back(Source *source, int c)
{
        source->at--;
        source->has_back = true;
        source->back = c;
}

// What was read too far goes back to the stream.
static void finish(Source *source)
{
        char bytes[4];
        size_t n = 1;

        if (!source->stream || !source->has_back || source->back < 0)
                return;
        bytes[0] = (char)source->back;
        if (source->wide)
                n = utf8_encode((uint32_t)source->back, bytes);
        while (n--)
                ungetc((unsigned char)bytes[n], source->stream);
}

static bool is_space(const Source *source, int c)
{
        return c >= 0 && (source->wide ? iswspace((wint_t)c) : c == ' ' || (c >= 9 && c <= 13));
}

static int skip_space(Source *source)
{
        int c = next(source);

        while (is_space(source, c))
                c = next(source);
        give_back(source, c);
        return c;
}

static void add(Units *units, int c)
{
        if (units->count + 1 >= units->capacity) {
                size_t capacity = units->capacity ? 2 * units->capacity : 128;
                wchar_t *more = units->capacity ? malloc(capacity * sizeof(*more)) : units->fixed;

                if (!more) {
                        units->failed = true;
                        return;
                }
                if (units->capacity)
                        memcpy(more, units->at, units->count * sizeof(*more));
                if (units->at && units->at != units->fixed)
                        free(units->at);
                units->at = more;
                units->capacity = capacity;
        }
        units->at[units->count++] = (wchar_t)c;
        units->at[units->count] = 0;
}

static void drop(Units *units)
{
        if (units->at && units->at != units->fixed)
                free(units->at);
}

// --- numbers
// --------------------------------------------------------------------------------------------------------

static bool is_digit(int c, int radix)
{
        int value = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : 99;

        return value < radix;
}

static bool take_if(Source *source, Units *units, int *left, const char *set)
{
        int c;

        if (*left <= 0)
                return false;
        c = next(source);
        if (c > 0 && c < 0x80 && strchr(set, c)) {
                add(units, c);
                --*left;
                return true;
        }
        give_back(source, c);
        return false;
}

static int take_digits(Source *source, Units *units, int *left, int radix)
{
        int n = 0;

        while (*left > 0) {
                int c = next(source);

                if (!is_digit(c, radix)) {
                        give_back(source, c);
                        break;
                }
                add(units, c);
                --*left;
                n++;
        }
        return n;
}

static void store_integer(const Spec *spec, uint64_t value, void *to)
{
        switch (spec->size) {
        case 1:
                *(uint8_t *)to = (uint8_t)value;
                break;
        case 2:
                *(uint16_t *)to = (uint16_t)value;
                break;
        case 8:
                *(uint64_t *)to = value;
                break;
        default:
                *(uint32_t *)to = (uint32_t)value;
                break;
        }
}

// Returns 1 where a number was read, 0 where the input is something else.
static int scan_integer(Source *source, const Spec *spec, int radix, void *to)
{
        Units units = {0};
        int left = spec->width, digits = 0;
        uint64_t value;
        bool good;

        take_if(source, &units, &left, "+-");
        if ((radix == 0 || radix == 16) && take_if(source, &units, &left, "0")) {
                digits = 1;
                if (take_if(source, &units, &left, "xX")) {
                        radix = 16;
                        digits = 0;
                } else if (!radix) {
                        radix = 8;
                }
        }
        digits += take_digits(source, &units, &left, radix ? radix : 10);
        good = digits && !units.failed;
        if (good && to) {
                value = units.at[0] == '-' ? (uint64_t)_wcstoi64(units.at, NULL, radix)
                                           : _wcstoui64(units.at, NULL, radix);
                store_integer(spec, value, to);
        }
        drop(&units);
        return good;
}

static int scan_real(Source *source, const Spec *spec, void *to)
{
        Units units = {0};
        int left = spec->width, digits;
        bool good;

        take_if(source, &units, &left, "+-");
        digits = take_digits(source, &units, &left, 10);
        if (take_if(source, &units, &left, "."))
                digits += take_digits(source, &units, &left, 10);
        if (digits && take_if(source, &units, &left, "eE")) {
                take_if(source, &units, &left, "+-");
                if (!take_digits(source, &units, &left, 10))
                        digits = 0;
        }
        good = digits && !units.failed;
        if (good && to) {
                double value = wcstod(units.at, NULL);

                if (spec->real == 2)
                        *(long double *)to = (long double)value;
                else if (spec->real == 1)
                        *(double *)to = value;
                else
                        *(float *)to = (float)value;
        }
        drop(&units);
        return good;
}

// --- text
// -----------------------------------------------------------------------------------------------------------

// Store units as text of either width. Returns 1, or 0 where it does not fit in `capacity`.
static int store_text(const Source *source, const Units *units, bool wide, bool terminate, void *to,
                      size_t capacity)
{
        size_t n = 0;

        for (size_t i = 0; i < units->count;) {
                uint32_t c = units->at[i];
                size_t used = 1, count = 1;
                wchar_t pair[2] = {(wchar_t)c};
                char bytes[4] = {(char)c};

                if (source->wide && !wide) {
                        if (c >= 0xD800 && c <= 0xDBFF && i + 1 < units->count &&
                            units->at[i + 1] >= 0xDC00 && units->at[i + 1] <= 0xDFFF) {
                                c = 0x10000 + ((c - 0xD800) << 10) + (units->at[i + 1] - 0xDC00U);
                                used = 2;
                        }
                        count = utf8_encode(c, bytes);
                } else if (!source->wide && wide) {
                        char in[4];
                        size_t have = 0;

                        while (have < 4 && i + have < units->count) {
                                in[have] = (char)units->at[i + have];
                                have++;
                        }
                        used = utf8_decode(in, have, &c);
                        pair[0] = (wchar_t)c;
                        if (c >= 0x10000) {
                                pair[0] = (wchar_t)(0xD800 + ((c - 0x10000) >> 10));
                                pair[1] = (wchar_t)(0xDC00 + ((c - 0x10000) & 0x3FF));
                                count = 2;
                        }
                }
                if (count > capacity - n || (terminate && n + count >= capacity))
                        return 0;
                if (wide)
                        memcpy((wchar_t *)to + n, pair, count * sizeof(wchar_t));
                else
                        memcpy((char *)to + n, bytes, count);
                n += count;
                i += used;
        }
        if (terminate && wide)
                ((wchar_t *)to)[n] = 0;
        else if (terminate)
                ((char *)to)[n] = '\0';
        return 1;
}

static unsigned peek(const Source *source, const void *format, size_t at)
{
        return source->wide ? ((const wchar_t *)format)[at] : ((const unsigned char *)format)[at];
}

// The set of %[...] at format[at]; moves *at behind the ']'. Does it hold c?
static bool in_set(const Source *source, const void *format, size_t *at, int c)
{
        bool negated = peek(source, format, *at) == '^', found = false;
        size_t p = *at + negated, first = p;

        for (; peek(source, format, p) && (peek(source, format, p) != ']' || p == first); p++) {
                unsigned low = peek(source, format, p), high = low;

                if (peek(source, format, p + 1) == '-' && peek(source, format, p + 2) &&
                    peek(source, format, p + 2) != ']') {
                        high = peek(source, format, p + 2);
                        p += 2;
                }
                found = found || (c >= 0 && (unsigned)c >= low && (unsigned)c <= high);
        }
        *at = p + (peek(source, format, p) == ']');
        return found != negated;
}

// %s, %c and %[. Returns 1, 0 where nothing matched, -1 where the text has no room.
static int scan_text(Source *source, const Spec *spec, const void *format, size_t set, void *to,
                     size_t capacity)
{
        bool character = spec->type == 'c' || spec->type == 'C';
        bool own = spec->type == 's' || spec->type == 'c' || spec->type == '[';
        bool wide = spec->narrow ? false : spec->wide ? true : own ? source->wide : !source->wide;
        int left = spec->width == INT_MAX && character ? 1 : spec->width;
        Units units = {0};
        int result = 1;

        while (left > 0 && !units.failed) {
                size_t at = set;
                int c = next(source);
                bool good = c >= 0 && (character || (spec->type == '[' ? in_set(source, format, &at, c)
                                                                       : !is_space(source, c)));

                if (!good) {
                        give_back(source, c);
                        break;
                }
                add(&units, c);
                left--;
        }
        if (!units.count || units.failed || (character && left > 0))
                result = 0;
        else if (to && !store_text(source, &units, wide, !character, to, capacity))
                result = -1;
        if (result < 0 && capacity) {
                if (wide)
                        *(wchar_t *)to = 0;
                else
                        *(char *)to = '\0';
        }
        drop(&units);
        return result;
}

// --- the format
// -----------------------------------------------------------------------------------------------------

// Reads one conversion's words; returns the place behind its letter.
static size_t read_spec(const Source *source, const void *format, size_t at, Spec *spec)
{
        *spec = (Spec){.width = INT_MAX, .size = 4};
        if (peek(source, format, at) == '*') {
                spec->discard = true;
                at++;
        }
        if (peek(source, format, at) >= '1' && peek(source, format, at) <= '9') {
                for (spec->width = 0; peek(source, format, at) >= '0' && peek(source, format, at) <= '9';
                     at++) {
                        int digit = (int)peek(source, format, at) - '0';

                        spec->width =
                                spec->width > (INT_MAX - digit) / 10 ? INT_MAX : spec->width * 10 + digit;
                }
        }
        switch (peek(source, format, at)) {
        case 'h':
                spec->narrow = true;
                spec->size = 2;
                if (peek(source, format, ++at) == 'h') {
                        spec->size = 1;
                        at++;
                }
                break;
        case 'l':
                spec->wide = true;
                spec->real = 1;
                if (peek(source, format, ++at) == 'l') {
                        spec->size = 8;
                        at++;
                }
                break;
        case 'w':
                spec->wide = true;
                at++;
                break;
        case 'I':
                spec->size = 8;
                at++;
                if (peek(source, format, at) == '6' && peek(source, format, at + 1) == '4') {
                        at += 2;
                } else if (peek(source, format, at) == '3' && peek(source, format, at + 1) == '2') {
                        spec->size = 4;
                        at += 2;
                }
                break;
        case 'j':
        case 'z':
        case 't':
                spec->size = 8;
                at++;
                break;
        case 'L':
                spec->real = 2;
                spec->size = 8;
                at++;
                break;
        default:
                break;
        }
        spec->type = peek(source, format, at);
        return spec->type ? at + 1 : at;
}

// One conversion. Returns 1 (assigned or discarded), 0 (does not match), -1 (the input ended).
static int convert(Source *source, const Spec *spec, const void *format, size_t set, va_list *arguments)
{
        bool text = spec->type && strchr("sScC[", (int)spec->type);
        void *to = spec->discard ? NULL : va_arg(*arguments, void *);
        size_t capacity = SIZE_MAX;
        int c, result;

        if (source->secure && text && !spec->discard)
                capacity = va_arg(*arguments, unsigned);
        if (spec->type == 'c' || spec->type == 'C' || spec->type == '[') {
                c = next(source);
                give_back(source, c);
        } else {
                c = skip_space(source);
        }
        if (c < 0)
                return -1;
        switch (spec->type) {
        case 'd':
        case 'u':
                return scan_integer(source, spec, 10, to);
        case 'i':
                return scan_integer(source, spec, 0, to);
        case 'o':
                return scan_integer(source, spec, 8, to);
        case 'x':
        case 'X':
                return scan_integer(source, spec, 16, to);
        case 'p':
                return scan_integer(source, &(Spec){.width = spec->width, .size = 8}, 16, to);
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
        case 'a':
        case 'A':
                return scan_real(source, spec, to);
        case 's':
        case 'S':
        case 'c':
        case 'C':
        case '[':
                result = scan_text(source, spec, format, set, to, capacity);
                return result > 0;
        default:
                return 0;
        }
}

static int scan(Source *source, const void *format, va_list arguments)
{
        int assigned = 0, result = 1;
        va_list copy;
        size_t at = 0;

        va_copy(copy, arguments);
        while (result > 0 && peek(source, format, at)) {
                unsigned f = peek(source, format, at++);
                Spec spec;
                size_t set;

                if (f != '%' || peek(source, format, at) == '%') {
                        int c;

                        if (is_space(source, (int)f)) {
                                skip_space(source);
                                continue;
                        }
                        if (f == '%') {
                                skip_space(source);
                                at++;
                        }
                        c = next(source);
                        if (c != (int)f) {
                                give_back(source, c);
                                result = c < 0 ? -1 : 0;
                        }
                        continue;
                }
                at = set = read_spec(source, format, at, &spec);
                if (spec.type == '[')
                        in_set(source, format, &at, 0);
                if (spec.type == 'n') {
                        if (!spec.discard)
                                store_integer(&spec, source->at, va_arg(copy, void *));
                        continue;
                }
                result = convert(source, &spec, format, set, &copy);
                assigned += result > 0 && !spec.discard;
        }
        va_end(copy);
        finish(source);
        return result < 0 && !assigned ? EOF : assigned;
}

// --- the functions
// --------------------------------------------------------------------------------------------------

#define SCAN(...)                                                                                            \
        Source source = {__VA_ARGS__};                                                                       \
        va_list arguments;                                                                                   \
        int n;                                                                                               \
        va_start(arguments, format);                                                                         \
        n = scan(&source, format, arguments);                                                                \
        va_end(arguments);                                                                                   \
        return n

int fwcrt_sscanf(const char *text, const char *format, ...)
{
        SCAN(.text = text);
}

int fwcrt_vsscanf(const char *text, const char *format, va_list arguments)
{
        return scan(&(Source){.text = text}, format, arguments);
}

int fwcrt_fscanf(FILE *stream, const char *format, ...)
{
        SCAN(.stream = stream);
}

int fwcrt_vfscanf(FILE *stream, const char *format, va_list arguments)
{
        return scan(&(Source){.stream = stream}, format, arguments);
}

int fwcrt_scanf(const char *format, ...)
{
        SCAN(.stream = stdin);
}

int fwcrt_vscanf(const char *format, va_list arguments)
{
        return scan(&(Source){.stream = stdin}, format, arguments);
}

int swscanf(const wchar_t *text, const wchar_t *format, ...)
{
        SCAN(.wide = true, .text = text);
}

int vswscanf(const wchar_t *text, const wchar_t *format, va_list arguments)
{
        return scan(&(Source){.wide = true, .text = text}, format, arguments);
}

int fwscanf(FILE *stream, const wchar_t *format, ...)
{
        SCAN(.wide = true, .stream = stream);
}

int vfwscanf(FILE *stream, const wchar_t *format, va_list arguments)
{
        return scan(&(Source){.wide = true, .stream = stream}, format, arguments);
}

int wscanf(const wchar_t *format, ...)
{
        SCAN(.wide = true, .stream = stdin);
}

int vwscanf(const wchar_t *format, va_list arguments)
{
        return scan(&(Source){.wide = true, .stream = stdin}, format, arguments);
}

int sscanf_s(const char *text, const char *format, ...)
{
        SCAN(.secure = true, .text = text);
}

int swscanf_s(const wchar_t *text, const wchar_t *format, ...)
{
        SCAN(.wide = true, .secure = true, .text = text);
}
