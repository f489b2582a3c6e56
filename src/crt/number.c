// SPDX-License-Identifier: MIT
// Numbers and text, both ways, with a 32-bit long.
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "crt/crt.h"

enum { DIGITS_MAX = 66 }; // 64 binary digits, a sign, a zero

// --- to text
// --------------------------------------------------------------------------------------------------------

// The digits of a number from the back of `out`; returns where they start.
static char *digits_of(uint64_t value, bool negative, unsigned radix, char out[DIGITS_MAX])
{
        char *p = out + DIGITS_MAX - 1;

        *p = '\0';
        do
                *--p = "0123456789abcdefghijklmnopqrstuvwxyz"[value % radix];
        while (value /= radix);
        if (negative)
                *--p = '-';
        return p;
}

// Only radix 10 has signs. `bits` is the width of the value for the others.
static char *signed_digits(int64_t value, int radix, int bits, char out[DIGITS_MAX])
{
        if (radix == 10)
                return digits_of(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0, 10, out);
        return digits_of(bits == 32 ? (uint32_t)value : (uint64_t)value, false, (unsigned)radix, out);
}

static bool radix_is_good(int radix)
{
        return radix >= 2 && radix <= 36;
}

static errno_t store(const char *digits, void *text, size_t capacity, bool wide)
{
        size_t n = strlen(digits);

        if (n >= capacity) {
                if (wide)
                        *(wchar_t *)text = 0;
                else
                        *(char *)text = 0;
                return ERANGE;
        }
        for (size_t i = 0; i <= n; i++)
                if (wide)
                        ((wchar_t *)text)[i] = (unsigned char)digits[i];
                else
                        ((char *)text)[i] = digits[i];
        return 0;
}

static errno_t to_text(int64_t value, bool is_signed, int bits, void *text, size_t capacity, int radix,
                       bool wide)
{
        char out[DIGITS_MAX];

        if (!text || !capacity)
                return EINVAL;
        if (!radix_is_good(radix)) {
                store("", text, capacity, wide);
                return EINVAL;
        }
        return store(is_signed ? signed_digits(value, radix, bits, out)
                               : digits_of((uint64_t)value, false, (unsigned)radix, out),
                     text, capacity, wide);
}

char *_itoa(int value, char *text, int radix)
{
        to_text(value, true, 32, text, DIGITS_MAX, radix, false);
        return text;
}

char *_ltoa(__LONG32 value, char *text, int radix)
{
        return _itoa(value, text, radix);
}

char *_ultoa(unsigned __LONG32 value, char *text, int radix)
{
        to_text(value, false, 32, text, DIGITS_MAX, radix, false);
        return text;
}

char *_i64toa(long long value, char *text, int radix)
{
        to_text(value, true, 64, text, DIGITS_MAX, radix, false);
        return text;
}

char *_ui64toa(unsigned long long value, char *text, int radix)
{
        to_text((int64_t)value, false, 64, text, DIGITS_MAX, radix, false);
        return text;
}

wchar_t *_itow(int value, wchar_t *text, int radix)
{
        to_text(value, true, 32, text, DIGITS_MAX, radix, true);
        return text;
}

wchar_t *_ltow(__LONG32 value, wchar_t *text, int radix)
{
        return _itow(value, text, radix);
}

wchar_t *_ultow(unsigned __LONG32 value, wchar_t *text, int radix)
{
        to_text(value, false, 32, text, DIGITS_MAX, radix, true);
        return text;
}

wchar_t *_i64tow(long long value, wchar_t *text, int radix)
{
        to_text(value, true, 64, text, DIGITS_MAX, radix, true);
        return text;
}

wchar_t *_ui64tow(unsigned long long value, wchar_t *text, int radix)
{
        to_text((int64_t)value, false, 64, text, DIGITS_MAX, radix, true);
        return text;
}

errno_t _itoa_s(int value, char *text, size_t capacity, int radix)
{
        return to_text(value, true, 32, text, capacity, radix, false);
}

errno_t _ltoa_s(__LONG32 value, char *text, size_t capacity, int radix)
{
        return to_text(value, true, 32, text, capacity, radix, false);
}

errno_t _ultoa_s(unsigned __LONG32 value, char *text, size_t capacity, int radix)
{
        return to_text(value, false, 32, text, capacity, radix, false);
}

errno_t _i64toa_s(long long value, char *text, size_t capacity, int radix)
{
        return to_text(value, true, 64, text, capacity, radix, false);
}

errno_t _ui64toa_s(unsigned long long value, char *text, size_t capacity, int radix)
{
        return to_text((int64_t)value, false, 64, text, capacity, radix, false);
}

errno_t _itow_s(int value, wchar_t *text, size_t capacity, int radix)
{
        return to_text(value, true, 32, text, capacity, radix, true);
}

errno_t _ltow_s(__LONG32 value, wchar_t *text, size_t capacity, int radix)
{
        return to_text(value, true, 32, text, capacity, radix, true);
}

errno_t _ultow_s(unsigned __LONG32 value, wchar_t *text, size_t capacity, int radix)
{
        return to_text(value, false, 32, text, capacity, radix, true);
}

errno_t _i64tow_s(long long value, wchar_t *text, size_t capacity, int radix)
{
        return to_text(value, true, 64, text, capacity, radix, true);
}

errno_t _ui64tow_s(unsigned long long value, wchar_t *text, size_t capacity, int radix)
{
        return to_text((int64_t)value, false, 64, text, capacity, radix, true);
}

// --- from text
// ------------------------------------------------------------------------------------------------------

// A text of either width.
typedef struct {
        const void *text;
        size_t at;
        bool wide;
} Reader;

static unsigned peek(const Reader *reader)
{
        return reader->wide ? ((const wchar_t *)reader->text)[reader->at]
                            : ((const unsigned char *)reader->text)[reader->at];
}

static unsigned digit_value(unsigned c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'Z')
                return c - 'A' + 10;
        return UINT_MAX;
}

typedef struct {
        uint64_t magnitude;
        bool negative;
        bool overflow; // more than 64 bits
        size_t end;    // where reading stopped; 0 where there was no number
} Number;

static Number read_integer(const void *text, bool wide, int radix)
{
        Reader reader = {text, 0, wide};
        Number number = {0};
        size_t start;

        if (radix && !radix_is_good(radix)) {
                errno = EINVAL;
                return number;
        }
        while (wide ? iswspace(peek(&reader))
                    : peek(&reader) == ' ' || (peek(&reader) >= 9 && peek(&reader) <= 13))
                reader.at++;
        if (peek(&reader) == '-' || peek(&reader) == '+')
                number.negative = (reader.at++, (wide ? ((const wchar_t *)text)[reader.at - 1]
                                                      : ((const unsigned char *)text)[reader.at - 1]) == '-');
        if ((!radix || radix == 16) && peek(&reader) == '0') {
                Reader ahead = reader;

                ahead.at++;
                if (peek(&ahead) == 'x' || peek(&ahead) == 'X') {
                        ahead.at++;
                        if (digit_value(peek(&ahead)) < 16) {
                                reader = ahead;
                                radix = 16;
                        }
                }
        }
        if (!radix)
                radix = peek(&reader) == '0' ? 8 : 10;
        start = reader.at;
        for (unsigned digit; (digit = digit_value(peek(&reader))) < (unsigned)radix; reader.at++) {
                if (__builtin_mul_overflow(number.magnitude, (uint64_t)radix, &number.magnitude) ||
                    __builtin_add_overflow(number.magnitude, (uint64_t)digit, &number.magnitude))
                        number.overflow = true;
        }
        number.end = reader.at > start ? reader.at : 0;
        return number;
}

static int64_t clamp_signed(const Number *number, int64_t least, int64_t most)
{
        uint64_t limit = number->negative ? 0 - (uint64_t)least : (uint64_t)most;

        if (number->overflow || number->magnitude > limit) {
                errno = ERANGE;
                return number->negative ? least : most;
        }
        return number->negative ? (int64_t)(0 - number->magnitude) : (int64_t)number->magnitude;
}

static uint64_t clamp_unsigned(const Number *number, uint64_t most)
{
        if (number->overflow || number->magnitude > most) {
                errno = ERANGE;
                return most;
        }
        return (number->negative ? 0 - number->magnitude : number->magnitude) & most;
}

static int64_t narrow_signed(const char *text, char **end, int radix, int64_t least, int64_t most)
{
        Number number = read_integer(text, false, radix);

        if (end)
                *end = (char *)(uintptr_t)text + number.end;
        return clamp_signed(&number, least, most);
}

static uint64_t narrow_unsigned(const char *text, char **end, int radix, uint64_t most)
{
        Number number = read_integer(text, false, radix);

        if (end)
                *end = (char *)(uintptr_t)text + number.end;
        return clamp_unsigned(&number, most);
}

static int64_t wide_signed(const wchar_t *text, wchar_t **end, int radix, int64_t least, int64_t most)
{
        Number number = read_integer(text, true, radix);

        if (end)
                *end = (wchar_t *)(uintptr_t)text + number.end;
        return clamp_signed(&number, least, most);
}

static uint64_t wide_unsigned(const wchar_t *text, wchar_t **end, int radix, uint64_t most)
{
        Number number = read_integer(text, true, radix);

        if (end)
                *end = (wchar_t *)(uintptr_t)text + number.end;
        return clamp_unsigned(&number, most);
}

long fwcrt_strtol(const char *text, char **end, int radix)
{
        return narrow_signed(text, end, radix, INT32_MIN, INT32_MAX);
}

unsigned long fwcrt_strtoul(const char *text, char **end, int radix)
{
        return narrow_unsigned(text, end, radix, UINT32_MAX);
}

long fwcrt_atol(const char *text)
{
        return narrow_signed(text, NULL, 10, INT32_MIN, INT32_MAX);
}

long long _atoi64(const char *text)
{
        return narrow_signed(text, NULL, 10, INT64_MIN, INT64_MAX);
}

long long _strtoi64(const char *text, char **end, int radix)
{
        return narrow_signed(text, end, radix, INT64_MIN, INT64_MAX);
}

unsigned long long _strtoui64(const char *text, char **end, int radix)
{
        return narrow_unsigned(text, end, radix, UINT64_MAX);
}

long wcstol(const wchar_t *text, wchar_t **end, int radix)
{
        return wide_signed(text, end, radix, INT32_MIN, INT32_MAX);
}

unsigned long wcstoul(const wchar_t *text, wchar_t **end, int radix)
{
        return wide_unsigned(text, end, radix, UINT32_MAX);
}

long long wcstoll(const wchar_t *text, wchar_t **end, int radix)
{
        return wide_signed(text, end, radix, INT64_MIN, INT64_MAX);
}

unsigned long long wcstoull(const wchar_t *text, wchar_t **end, int radix)
{
        return wide_unsigned(text, end, radix, UINT64_MAX);
}

long long _wcstoi64(const wchar_t *text, wchar_t **end, int radix)
{
        return wide_signed(text, end, radix, INT64_MIN, INT64_MAX);
}

unsigned long long _wcstoui64(const wchar_t *text, wchar_t **end, int radix)
{
        return wide_unsigned(text, end, radix, UINT64_MAX);
}

int _wtoi(const wchar_t *text)
{
        return (int)wide_signed(text, NULL, 10, INT32_MIN, INT32_MAX);
}

__LONG32 _wtol(const wchar_t *text)
{
        return _wtoi(text);
}

long long _wtoi64(const wchar_t *text)
{
        return wide_signed(text, NULL, 10, INT64_MIN, INT64_MAX);
}

long long _wtoll(const wchar_t *text)
{
        return _wtoi64(text);
}

// The characters that any floating number is written with; the C library reads them.
static bool may_be_floating(wchar_t c)
{
        return c < 0x80 && c && strchr("0123456789+-.abcdefABCDEFxXpPinIfFNntTyY()_", c);
}

double wcstod(const wchar_t *text, wchar_t **end)
{
        const wchar_t *start = text;
        size_t n = 0, used = 0;
        char small[128], *copy = small;
        double value = 0;

        while (iswspace(*start))
                start++;
        while (may_be_floating(start[n]))
                n++;
        if (n >= sizeof(small))
                copy = malloc(n + 1);
        if (copy) {
                char *stop;

                for (size_t i = 0; i < n; i++)
                        copy[i] = (char)start[i];
                copy[n] = '\0';
                value = strtod(copy, &stop);
                used = (size_t)(stop - copy);
                if (copy != small)
                        free(copy);
        } else {
                errno = ENOMEM;
        }
        if (end)
                *end = (wchar_t *)(uintptr_t)(used ? start + used : text);
        return value;
}

float wcstof(const wchar_t *text, wchar_t **end)
{
        return (float)wcstod(text, end);
}

double _wtof(const wchar_t *text)
{
        return wcstod(text, NULL);
}
