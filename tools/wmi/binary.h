// SPDX-License-Identifier: MIT
// Binary MOF as verbs see it: a file of any kind that holds some, or this machine; and one of them decoded.
#ifndef WMI_BINARY_H
#define WMI_BINARY_H

#include "bmf/bmf.h"
#include "bmf/find.h"
#include "verb.h"

typedef struct BinarySource {
        const char *name; // of the file; "" of this machine
        BmfFound found;
        size_t only; // the one that is asked for (FILE#2), from 1; 0: all
        Arena arena;
        Buf bytes; // what `found` points into
        char path[4096];
} BinarySource;

// Opens `path` ("-": standard input; FILE#2: only the second one; NULL: what this machine has, in the sysfs
// at `sysfs`, NULL: /sys). `verb` speaks. An exit code: WMI_DONE; WMI_FAILED: it cannot be read; WMI_INPUT:
// it is malformed or not known, or has no such blob. All but WMI_DONE was told; what was found in spite of it
// is in *ret. binary_close in any case.
int binary_open(const char *verb, const char *path, const char *sysfs, BinarySource *ret);
void binary_close(BinarySource *s);
// Does blob `i`, from 0, count?
static inline bool binary_wanted(const BinarySource *s, size_t i)
{
        return !s->only || s->only == i + 1;
}
// The bytes that a blob says it expands to; 0: it ends in its header.
size_t binary_announced(const BmfBlob *b);

enum { BINARY_WARNINGS = 16 };

typedef struct Binary {
        Buf expanded;
        Bmf *bmf;              // NULL: nothing could be read
        MofDocument *document; // likewise
        Diag fault;            // why it is not complete
        bool complete;
        Diag warnings[BINARY_WARNINGS];
        size_t warning_count;
} Binary;

// Decodes as much as there is. 0, -ENOMEM. binary_deinit in any case.
int binary_decode(const BmfBlob *b, Binary *ret);
void binary_deinit(Binary *b);

#endif
