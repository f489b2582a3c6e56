// SPDX-License-Identifier: MIT
// One text from many: #include ("file"), #pragma include ("file"), and a C preprocessor's pass.
//
// The result is UTF-8 and says with `# line "file"` markers where each piece comes from, so that errors are reported at
// the place in the file the user wrote. It is what is parsed, and what goes to a service: a service opens no files.
//
// A name is looked up beside the file that names it, then in the directories. `\` and `\\` in it are '/', and a file whose
// name differs in case is found when there is none of that very name: texts come from Windows.
#ifndef MOF_EXPAND_H
#define MOF_EXPAND_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

// Reads a file whole into *ret (appended). 0; a negative errno; -ENOENT: it is looked for elsewhere.
typedef int (*MofRead)(void *context, const char *path, Buf *ret);

// The preprocessor where nobody says otherwise. Its own macros are off: `linux` and `unix` are names in MOF.
#define MOF_CPP "cc -E -undef -nostdinc -x c"

typedef struct MofExpand {
        MofRead read;      // NULL: files
        void *context;
        const char *const *directories; // of -I
        size_t directory_count;
        const char *cpp;   // a preprocessor's command ("cc -E -x c"), run on the file first with the directories as -I; ""
                           // is $FREEWMI_CPP, or MOF_CPP; NULL: none. Blanks part its words, quotes keep them together
        const char *const *defines; // "NAME" or "NAME=value": its -D
        size_t define_count;
} MofExpand;

// Spells each part of a path as the file system does where only the case of letters differs. False: something is not there
// in any case; what stands before it is spelled right then.
bool mof_match_case(char *path);

// Expands the file `path` ("-": standard input when read is NULL). A text without includes comes out as it was, in UTF-8.
// E_DIAG: *reterr says what is wrong first (a file that cannot be read, includes deeper than LIMIT_DEPTH or in a circle,
// more than LIMIT_MOF_INCLUDES, more than LIMIT_MOF_BYTES altogether, an encoding, what the preprocessor refuses), and its
// offset is in what was appended to *ret. That is all the same everything that could be had: the directive of a file that
// could not be included stands in it still, where the parser reports it too. -ENOMEM; -EFBIG and other negative errnos:
// `path` itself cannot be read.
int mof_expand(const MofExpand *e, const char *path, Buf *ret, Diag *reterr);

#endif
