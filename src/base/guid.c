// SPDX-License-Identifier: MIT
// GUIDs to text and back.
#include "base/guid.h"

#include <stdio.h>

// Where the byte that stands at each place of the text lies in memory: the first three fields are little endian.
static const uint8_t guid_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

static int guid_nibble(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool guid_parse(Str s, Guid *ret)
{
        if (s.n == 38 && s.p[0] == '{' && s.p[37] == '}')
                s = (Str){s.p + 1, 36};
        if (s.n != 36)
                return false;
        size_t at = 0;
        for (int i = 0; i < 16; i++) {
                if (at == 8 || at == 13 || at == 18 || at == 23)
                        if (s.p[at++] != '-')
                                return false;
                int hi = guid_nibble(s.p[at]), lo = guid_nibble(s.p[at + 1]);
                if (hi < 0 || lo < 0)
                        return false;
                ret->b[guid_order[i]] = (uint8_t)(hi << 4 | lo);
                at += 2;
        }
        return true;
}

char *guid_text(const Guid *g, char out[GUID_TEXT])
{
        const uint8_t *b = g->b;
        snprintf(out, GUID_TEXT, "{%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x}", b[3], b[2], b[1],
                 b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
        return out;
}
