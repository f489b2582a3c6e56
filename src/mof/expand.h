// SPDX-License-Identifier: MIT
// One text from many: #include ("file"), #pragma include ("file"), and a C preprocessor's pass.
//
// The result is UTF-8 and says with `# line "file"` markers where each piece comes from, so that errors are reported at
// the place in the file the user wrote. It is what is parsed, and what goes to a service: a service opens no files.
#ifndef MOF_EXPAND_H
#define MOF_EXPAND_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

// Reads a file whole into *ret (appended). 0; a negative errno.
typedef int (*MofRead)(void *context, const char *path, Buf *ret);

typedef struct MofExpand {
        MofRead read;      // NULL: files
        void *context;
        const char *const *directories; // where to look when a file is not beside the one that names it
        size_t directory_count;
        const char *cpp;   // the preprocessor's command for --cpp ("cc -E -P -x c"...), run on the file first; NULL: none
} MofExpand;

// Expands the file `path` ("-": standard input when read is NULL). A text without includes comes out as it was, in UTF-8.
// E_DIAG: *reterr says where (a file that cannot be read, includes deeper than LIMIT_DEPTH or in a circle, more than
// LIMIT_MOF_BYTES altogether, an encoding). -ENOMEM; another negative errno: `path` itself cannot be read.
int mof_expand(const MofExpand *e, const char *path, Buf *ret, Diag *reterr);

#endif
