// SPDX-License-Identifier: MIT
// Counted strings: Str for names and texts (UTF-8), Str16 for string values as WMI carries them (UTF-16, host order).
//
// Names compare by the same rule everywhere: one 1:1 upper-case mapping of UTF-16 code units (base/utf.h), no locale.
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <uchar.h>

// Borrowed; not terminated unless said.
typedef struct Str {
        const char *p;
        size_t n; // bytes
} Str;

typedef struct Str16 {
        const char16_t *p; // aligned to 2
        size_t n;          // code units
} Str16;

#define STR(literal) ((Str){(literal), sizeof(literal) - 1})
#define STR_ARG(s)   (int)(s).n, (s).p // for "%.*s"

static inline Str str_of(const char *z)
{
        return (Str){z, z ? strlen(z) : 0};
}

static inline bool str_eq(Str a, Str b)
{
        return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

// Equality and order without regard to case. str_icmp returns <0, 0, >0.
bool str_ieq(Str a, Str b);
int str_icmp(Str a, Str b);
// A hash that agrees with str_ieq.
uint64_t str_ihash(Str s);

int str16_icmp(Str16 a, Str16 b);
int str16_cmp(Str16 a, Str16 b);

// How many single-character edits lead from a to b, without regard to case; `cap` + 1 when more than `cap`.
// Strings longer than 255 bytes count as too far.
size_t str_distance(Str a, Str b, size_t cap);

// "nearest name" helper: remembers the closest of the candidates offered; best.n == 0 when none is close enough.
typedef struct StrNearest {
        Str wanted;
        Str best; // borrowed from a candidate
        size_t distance;
} StrNearest;
void str_nearest_offer(StrNearest *s, Str candidate);

#endif
