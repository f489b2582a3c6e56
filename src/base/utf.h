// SPDX-License-Identifier: MIT
// UTF-8 <-> UTF-16 and the one upper-case mapping (libunistring's uc_toupper, 1:1, BMP only).
//
// Strings of WMI may hold unpaired surrogates and must survive; they become U+FFFD only where UTF-8 is asked for.
#ifndef BASE_UTF_H
#define BASE_UTF_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

// The upper-case form of a code unit; surrogates map to themselves. Any thread.
char16_t utf_upcase16(char16_t c);

// Decodes one character of UTF-8 at p (n > 0 bytes left). Returns the bytes used (1..4) and *ret; malformed bytes
// give U+FFFD and 1.
size_t utf8_decode(const char *p, size_t n, uint32_t *ret);
// Encodes c into out[4], returns the bytes written; surrogates and values above 10FFFF are written as U+FFFD.
size_t utf8_encode(uint32_t c, char out[4]);
// Is every byte part of well-formed UTF-8? On false *ret_offset (may be NULL) is the first bad byte.
int utf8_valid(const char *p, size_t n, size_t *ret_offset);

// Conversions into an arena. The results are terminated by a NUL that n does not count. p NULL in the result: out of
// memory. Malformed UTF-8 and lone surrogates become U+FFFD.
Str16 utf_to16(Arena *a, Str s);
Str utf_to8(Arena *a, Str16 s);
// From bytes that need not be aligned (little endian); n code units. Lone surrogates stay.
Str16 utf16_copy(Arena *a, const void *le_bytes, size_t n);

#endif
