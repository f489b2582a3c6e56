// SPDX-License-Identifier: MIT
// UTF-8 <-> UTF-16 and upper case.
#include "base/utf.h"

#include <pthread.h>
#include <unicase.h>

static char16_t utf_upper[0x10000];
static pthread_once_t utf_once = PTHREAD_ONCE_INIT;

static void utf_fill(void)
{
        for (uint32_t c = 0; c < 0x10000; c++) {
                ucs4_t u = c >= 0xD800 && c <= 0xDFFF ? c : uc_toupper(c);
                utf_upper[c] = u < 0x10000 ? (char16_t)u : (char16_t)c;
        }
}

char16_t utf_upcase16(char16_t c)
{
        if (c < 0x80)
                return c >= 'a' && c <= 'z' ? (char16_t)(c - 32) : c;
        pthread_once(&utf_once, utf_fill);
        return utf_upper[c];
}

// The length that a lead byte announces and the smallest value that may need it; 0 for a byte that leads nothing.
static size_t utf8_lead(unsigned char c, uint32_t *ret_bits, uint32_t *ret_least)
{
        if (c >= 0xC2 && c <= 0xDF)
                return *ret_bits = c & 0x1Fu, *ret_least = 0x80, 2;
        if (c >= 0xE0 && c <= 0xEF)
                return *ret_bits = c & 0x0Fu, *ret_least = 0x800, 3;
        if (c >= 0xF0 && c <= 0xF4)
                return *ret_bits = c & 0x07u, *ret_least = 0x10000, 4;
        return 0;
}

size_t utf8_decode(const char *p, size_t n, uint32_t *ret)
{
        unsigned char c = (unsigned char)p[0];
        if (c < 0x80) {
                *ret = c;
                return 1;
        }
        uint32_t u = 0, least = 0;
        size_t want = utf8_lead(c, &u, &least);
        *ret = 0xFFFD;
        if (want == 0 || want > n)
                return 1;
        for (size_t i = 1; i < want; i++) {
                if (((unsigned char)p[i] & 0xC0) != 0x80)
                        return 1;
                u = u << 6 | ((unsigned char)p[i] & 0x3Fu);
        }
        if (u < least || u > 0x10FFFF || (u >= 0xD800 && u <= 0xDFFF))
                return 1;
        *ret = u;
        return want;
}

size_t utf8_encode(uint32_t c, char out[4])
{
        if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
                c = 0xFFFD;
        if (c < 0x80) {
                out[0] = (char)c;
                return 1;
        }
        size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = n - 1; i > 0; i--) {
                out[i] = (char)(0x80 | (c & 0x3F));
                c >>= 6;
        }
        out[0] = (char)((n == 2 ? 0xC0u : n == 3 ? 0xE0u : 0xF0u) | c);
        return n;
}

int utf8_valid(const char *p, size_t n, size_t *ret_offset)
{
        for (size_t i = 0, used; i < n; i += used) {
                uint32_t u;
                uint64_t eight;
                // Nearly all texts are ASCII.
                if (n - i >= 8 && (memcpy(&eight, p + i, 8), !(eight & 0x8080808080808080u))) {
                        used = 8;
                        continue;
                }
                used = utf8_decode(p + i, n - i, &u);
                if (u == 0xFFFD && used == 1) {
                        if (ret_offset)
                                *ret_offset = i;
                        return 0;
                }
        }
        return 1;
}

Str16 utf_to16(Arena *a, Str s)
{
        char16_t *out = arena_array(a, char16_t, s.n + 1);
        if (!out)
                return (Str16){NULL, 0};
        size_t k = 0;
        for (size_t i = 0; i < s.n;) {
                uint32_t u;
                i += utf8_decode(s.p + i, s.n - i, &u);
                if (u >= 0x10000) {
                        out[k++] = (char16_t)(0xD7C0 + (u >> 10));
                        out[k++] = (char16_t)(0xDC00 | (u & 0x3FF));
                } else {
                        out[k++] = (char16_t)u;
                }
        }
        return (Str16){out, k};
}

Str utf_to8(Arena *a, Str16 s)
{
        char *out = s.n < SIZE_MAX / 3 ? arena_alloc(a, s.n * 3 + 1) : NULL;
        if (!out)
                return (Str){NULL, 0};
        size_t k = 0;
        for (size_t i = 0; i < s.n; i++) {
                uint32_t u = s.p[i];
                if (u >= 0xD800 && u < 0xDC00 && i + 1 < s.n && s.p[i + 1] >= 0xDC00 && s.p[i + 1] < 0xE000) {
                        u = 0x10000 + ((u - 0xD800) << 10) + (s.p[++i] - 0xDC00u);
                }
                char b[4];
                size_t n = utf8_encode(u, b);
                memcpy(out + k, b, n);
                k += n;
        }
        return (Str){out, k};
}

Str16 utf16_copy(Arena *a, const void *le_bytes, size_t n)
{
        char16_t *out = n < SIZE_MAX / 2 ? arena_array(a, char16_t, n + 1) : NULL;
        if (!out)
                return (Str16){NULL, 0};
        if (n)
                memcpy(out, le_bytes, n * 2);
        return (Str16){out, n};
}
