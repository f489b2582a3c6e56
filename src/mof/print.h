// SPDX-License-Identifier: MIT
// A document as MOF text: what it says parses back to the same document, and compiles to the same binary MOF.
//
// It is written to be read: tabs for what is nested (as in cim/text.h), what fits on a line on one line, long texts broken
// where they have line ends and blanks, each of `Values` with what ValueMap says it stands for as a comment beside it.
//
// What no text can say, a document may hold all the same when it came from binary MOF. Then: a character that no name has,
// in Microsoft's dialect or DMTF's, is '_' and a comment has the name; a real that is not finite is NULL, or 0.0 in a list; values that are nested deeper than
// LIMIT_DEPTH are NULL. Nothing in a document can break out of its token.
#ifndef MOF_PRINT_H
#define MOF_PRINT_H

#include "base/buf.h"
#include "mof/document.h"

// Appends the text (UTF-8, lines of at most 120 columns where a token allows, a tab counted as 8) of all items to *out,
// with the directives that the objects need: namespace before the first, and classflags, instanceflags, only where they
// change. Flavors are printed as `written` has them. 0, -ENOMEM.
int mof_print(const MofDocument *d, Buf *out);
// One object alone, without directives, with its ';' and line end.
int mof_print_object(const MofObject *o, Buf *out);
// One value, as it stands behind '='; no line end.
int mof_print_value(const MofValue *v, Buf *out);
// "..." with all that needs an escape: a Str16, or UTF-8.
void mof_print_string(Str16 s, Buf *out);
void mof_print_text(Str s, Buf *out);

#endif
