// SPDX-License-Identifier: MIT
// The C preprocessor's pass over a MOF text, as driver builds have it in front of the compiler.
#ifndef MOF_PREPROCESS_H
#define MOF_PREPROCESS_H

#include "mof/expand.h"

// Runs e->cpp on `text`, that of the file `path`, with e's directories and defines. `as_file`: the bytes of the file are
// the text, so that the command gets its name; else it gets the text at its standard input and says that it is of `path`.
// 0: its output is appended to *ret. E_DIAG: it cannot be run, takes longer than LIMIT_CPP_SECONDS, writes more than
// LIMIT_MOF_BYTES, or refuses the text: then *reterr has the place and words of its first error. -ENOMEM.
int mof_preprocess(const MofExpand *e, const char *path, Str text, bool as_file, Buf *ret, Diag *reterr);

#endif
