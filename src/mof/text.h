// SPDX-License-Identifier: MIT
// The bytes of a MOF file as UTF-8, and the way back to where each character stood.
#ifndef MOF_TEXT_H
#define MOF_TEXT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

typedef enum MofEncoding { MOF_UTF8, MOF_UTF16LE, MOF_UTF16BE, MOF_ANSI } MofEncoding;

enum { MOF_TEXT_PAD = 16 };

typedef struct MofText {
        const char *p; // UTF-8, well-formed, without byte order mark; in the arena, MOF_TEXT_PAD zeros behind it
        size_t n;
        MofEncoding encoding; // of the input
        size_t mark;          // bytes of its byte order mark
} MofText;

// Decodes `input`: UTF-8 with or without mark, UTF-16 of either order with mark; 8-bit text that is not UTF-8
// is read as the Western ANSI code page (1252), which is what compilers on Windows make of it. E_DIAG
// (CIM_MOF_INVALID_FILE, offset and place set): binary MOF, UTF-16 without mark, an odd byte, half a
// surrogate pair, malformed UTF-8 behind a UTF-8 mark. -ENOMEM.
int mof_text_read(Str input, Arena *a, MofText *ret, Diag *reterr);

// `# 12 "file" 1` or `#line 12 "file"`, what a preprocessor leaves: the line behind it is line 12 of that file.
typedef struct MofMarker {
        uint32_t line;   // at most INT32_MAX
        size_t end;      // where its own line ends
        size_t n;        // of the name; what does not fit is cut off
        bool named;
        char name[4096]; // unescaped, not terminated
} MofMarker;

// Is the '#' at text.p[at] the beginning of one?
bool mof_text_marker(Str text, size_t at, MofMarker *ret);

// How many bytes of the input the characters of t->p[from..to) were.
size_t mof_text_bytes(const MofText *t, size_t from, size_t to);

#endif
