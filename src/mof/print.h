// SPDX-License-Identifier: MIT
// A document as MOF text: what it says parses back to the same document, and compiles to the same binary MOF.
#ifndef MOF_PRINT_H
#define MOF_PRINT_H

#include "base/buf.h"
#include "mof/document.h"

// Appends the text (UTF-8, lines of at most 120 columns where a token allows) of all items to *out, with the directives
// that the objects need: namespace, classflags, instanceflags, only where they change. 0, -ENOMEM.
int mof_print(const MofDocument *d, Buf *out);
// One object alone, without directives.
int mof_print_object(const MofObject *o, Buf *out);
int mof_print_value(const MofValue *v, Buf *out);

#endif
