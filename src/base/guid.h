// SPDX-License-Identifier: MIT
// GUIDs as 16 bytes in the order in which Windows lays them out in memory.
#ifndef BASE_GUID_H
#define BASE_GUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

typedef struct Guid {
        uint8_t b[16];
} Guid;

enum { GUID_TEXT = 39 }; // "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}" and its NUL

// Reads a GUID with or without braces, in any case. False: not one.
bool guid_parse(Str s, Guid *ret);
// Writes the form with braces, lower case, and returns `out`.
char *guid_text(const Guid *g, char out[GUID_TEXT]);

static inline bool guid_eq(const Guid *a, const Guid *b)
{
        return memcmp(a, b, sizeof(*a)) == 0;
}

#endif
