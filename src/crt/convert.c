// SPDX-License-Identifier: MIT
// Multibyte text is UTF-8, wide text is UTF-16: mbstowcs and its family.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/utf.h"
#include "crt/crt.h"

#ifndef STRUNCATE
#define STRUNCATE 80
#endif

// One character of terminated UTF-8 as one or two units. Returns the bytes used, 0 at the end, SIZE_MAX where
// malformed.
static size_t next_units(const char *text, wchar_t units[2], size_t *count)
{
        size_t left = strnlen(text, 4), used;
        uint32_t c;

        *count = 0;
        if (!left)
                return 0;
        used = utf8_decode(text, left, &c);
        if (c == 0xFFFD && used == 1)
                return SIZE_MAX;
        if (c >= 0x10000) {
                units[0] = (wchar_t)(0xD800 + ((c - 0x10000) >> 10));
                units[1] = (wchar_t)(0xDC00 + ((c - 0x10000) & 0x3FF));
                *count = 2;
        } else {
                units[0] = (wchar_t)c;
                *count = 1;
        }
        return used;
}

// One character of terminated UTF-16 as up to four bytes. Returns the units used, 0 at the end, SIZE_MAX for
// a lone surrogate.
static size_t next_bytes(const wchar_t *text, char bytes[4], size_t *count)
{
        uint32_t c = text[0];
        size_t used = 1;

        *count = 0;
        if (!c)
                return 0;
        if (c >= 0xD800 && c <= 0xDFFF) {
                if (c > 0xDBFF || text[1] < 0xDC00 || text[1] > 0xDFFF)
                        return SIZE_MAX;
                c = 0x10000 + ((c - 0xD800) << 10) + (text[1] - 0xDC00U);
                used = 2;
        }
        *count = utf8_encode(c, bytes);
        return used;
}

size_t mbstowcs(wchar_t *to, const char *from, size_t capacity)
{
        size_t n = 0;

        for (;;) {
                wchar_t units[2];
                size_t count, used = next_units(from, units, &count);

                if (used == SIZE_MAX) {
                        errno = EILSEQ;
                        return SIZE_MAX;
                }
                if (to && (used ? count > capacity - n : n == capacity))
                        return n;
                if (!used) {
                        if (to)
                                to[n] = 0;
                        return n;
                }
                if (to)
                        memcpy(to + n, units, count * sizeof(*to));
                n += count;
                from += used;
        }
}

size_t wcstombs(char *to, const wchar_t *from, size_t capacity)
{
        size_t n = 0;

        for (;;) {
                char bytes[4];
                size_t count, used = next_bytes(from, bytes, &count);

                if (used == SIZE_MAX) {
                        errno = EILSEQ;
                        return SIZE_MAX;
                }
                if (to && (used ? count > capacity - n : n == capacity))
                        return n;
                if (!used) {
                        if (to)
                                to[n] = '\0';
                        return n;
                }
                if (to)
                        memcpy(to + n, bytes, count);
                n += count;
                from += used;
        }
}

errno_t mbstowcs_s(size_t *converted, wchar_t *to, size_t capacity, const char *from, size_t count)
{
        size_t whole, n;

        if (converted)
                *converted = 0;
        if (to && capacity)
                to[0] = 0;
        if (!from || (to == NULL) != (capacity == 0))
                return EINVAL;
        whole = mbstowcs(NULL, from, 0);
        if (whole == SIZE_MAX)
                return EILSEQ;
        n = count != _TRUNCATE && whole > count ? count : whole;
        if (!to) {
                if (converted)
                        *converted = whole + 1;
                return 0;
        }
        if (n >= capacity) {
                if (count != _TRUNCATE)
                        return ERANGE;
                n = capacity - 1;
        }
        n = mbstowcs(to, from, n);
        to[n] = 0;
        if (converted)
                *converted = n + 1;
        return count == _TRUNCATE && n < whole ? STRUNCATE : 0;
}

errno_t wcstombs_s(size_t *converted, char *to, size_t capacity, const wchar_t *from, size_t count)
{
        size_t whole, n;

        if (converted)
                *converted = 0;
        if (to && capacity)
                to[0] = '\0';
        if (!from || (to == NULL) != (capacity == 0))
                return EINVAL;
        whole = wcstombs(NULL, from, 0);
        if (whole == SIZE_MAX)
                return EILSEQ;
        n = count != _TRUNCATE && whole > count ? count : whole;
        if (!to) {
                if (converted)
                        *converted = whole + 1;
                return 0;
        }
        if (n >= capacity) {
                if (count != _TRUNCATE)
                        return ERANGE;
                n = capacity - 1;
        }
        n = wcstombs(to, from, n);
        to[n] = '\0';
        if (converted)
                *converted = n + 1;
        return count == _TRUNCATE && n < whole ? STRUNCATE : 0;
}

int mbtowc(wchar_t *to, const char *from, size_t size)
{
        uint32_t c;
        size_t used;

        if (!from)
                return 0;
        if (!size)
                return -1;
        used = utf8_decode(from, strnlen(from, size < 4 ? size : 4) ? strnlen(from, size < 4 ? size : 4) : 1,
                           &c);
        if ((c == 0xFFFD && used == 1) || c > 0xFFFF) {
                errno = EILSEQ;
                return -1;
        }
        if (to)
                *to = (wchar_t)c;
        return c ? (int)used : 0;
}

int mblen(const char *from, size_t size)
{
        return mbtowc(NULL, from, size);
}

int wctomb(char *to, wchar_t c)
{
        if (!to)
                return 0;
        if (c >= 0xD800 && c <= 0xDFFF) {
                errno = EILSEQ;
                return -1;
        }
        return (int)utf8_encode(c, to);
}
