// SPDX-License-Identifier: MIT
// C headers from the classes of a driver: what wmimofck -h -m -u -x writes, and one for the Linux kernel.
#ifndef MOFCK_HEADER_H
#define MOFCK_HEADER_H

#include "base/buf.h"
#include "mof/document.h"

typedef struct MofckHeaderOptions {
        bool methods;       // -m: structures for the parameters of methods
        bool after_variable; // -u: members of fixed size behind the first of variable size, too
        bool hex_text;      // -x: for expanded hex text of the binary MOF: that of `bmf`
        bool kernel;        // packed structures of the kernel's types, GUID macros
        Str bmf;            // for hex_text
} MofckHeaderOptions;

// Appends the header. 0, -ENOMEM; E_DIAG: a class that makes no structure, with its place.
int mofck_header(const MofDocument *d, const MofckHeaderOptions *o, Buf *out, Diag *reterr);

#endif
