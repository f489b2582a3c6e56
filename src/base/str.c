// SPDX-License-Identifier: MIT
// Counted strings: comparison without regard to case, hashing, edit distance.
#include "base/str.h"

#include "base/hash.h"
#include "base/utf.h"

static inline unsigned char ascii_fold(unsigned char c)
{
        return c >= 'a' && c <= 'z' ? (unsigned char)(c - 32) : c;
}

// The next upper-cased character of s, or 0 with s->n == 0 at its end.
static uint32_t str_fold(Str *s)
{
        unsigned char c = (unsigned char)*s->p;
        if (c < 0x80) {
                s->p++, s->n--;
                return ascii_fold(c);
        }
        uint32_t u;
        size_t used = utf8_decode(s->p, s->n, &u);
        s->p += used, s->n -= used;
        return u < 0x10000 ? utf_upcase16((char16_t)u) : u;
}

int str_icmp(Str a, Str b)
{
        size_t n = a.n < b.n ? a.n : b.n, i = 0;
        for (; i < n; i++) { // names are ASCII
                unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];
                if ((x | y) >= 0x80)
                        break;
                if (x != y && (x = ascii_fold(x)) != (y = ascii_fold(y)))
                        return x < y ? -1 : 1;
        }
        if (i == n)
                return (a.n > n) - (b.n > n);
        a = (Str){a.p + i, a.n - i};
        b = (Str){b.p + i, b.n - i};
        while (a.n && b.n) {
                uint32_t x = str_fold(&a), y = str_fold(&b);
                if (x != y)
                        return x < y ? -1 : 1;
        }
        return a.n ? 1 : b.n ? -1 : 0;
}

bool str_ieq(Str a, Str b)
{
        return str_icmp(a, b) == 0;
}

uint64_t str_ihash(Str s)
{
        uint32_t block[64];
        uint64_t h = 0;
        size_t k = 0;
        while (s.n) {
                unsigned char c = (unsigned char)*s.p;
                if (c < 0x80) {
                        s.p++, s.n--;
                        block[k++] = ascii_fold(c);
                } else {
                        block[k++] = str_fold(&s);
                }
                if (k == 64 || !s.n) {
                        h = hash_bytes(block, k * sizeof(block[0])) ^ (h * 0x9E3779B97F4A7C15u);
                        k = 0;
                }
        }
        return h;
}

int str16_cmp(Str16 a, Str16 b)
{
        size_t n = a.n < b.n ? a.n : b.n;
        for (size_t i = 0; i < n; i++)
                if (a.p[i] != b.p[i])
                        return a.p[i] < b.p[i] ? -1 : 1;
        return a.n < b.n ? -1 : a.n > b.n;
}

int str16_icmp(Str16 a, Str16 b)
{
        size_t n = a.n < b.n ? a.n : b.n;
        for (size_t i = 0; i < n; i++) {
                if (a.p[i] == b.p[i])
                        continue;
                char16_t x = utf_upcase16(a.p[i]), y = utf_upcase16(b.p[i]);
                if (x != y)
                        return x < y ? -1 : 1;
        }
        return a.n < b.n ? -1 : a.n > b.n;
}

size_t str_distance(Str a, Str b, size_t cap)
{
        if (a.n > 255 || b.n > 255 || (a.n > b.n ? a.n - b.n : b.n - a.n) > cap)
                return cap + 1;
        size_t row[256];
        for (size_t j = 0; j <= b.n; j++)
                row[j] = j;
        for (size_t i = 1; i <= a.n; i++) {
                size_t diagonal = row[0];
                row[0] = i;
                for (size_t j = 1; j <= b.n; j++) {
                        Str x = {a.p + i - 1, 1}, y = {b.p + j - 1, 1};
                        size_t change = diagonal + !str_ieq(x, y);
                        diagonal = row[j];
                        size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
                        row[j] = change < best ? change : best;
                }
        }
        return row[b.n] > cap ? cap + 1 : row[b.n];
}

void str_nearest_offer(StrNearest *s, Str candidate)
{
        size_t cap = s->wanted.n < 4 ? 1 : s->wanted.n / 3;
        if (s->best.n && s->distance <= cap)
                cap = s->distance ? s->distance - 1 : 0;
        size_t d = str_distance(s->wanted, candidate, cap);
        if (d <= cap && (!s->best.n || d < s->distance)) {
                s->best = candidate;
                s->distance = d;
        }
}
