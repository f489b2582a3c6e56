// SPDX-License-Identifier: MIT
// C headers from the classes of a driver: what wmimofck -h -m -u -x writes, and one for the Linux kernel.
//
// The names and shapes are those that Windows' tools give, so that a driver's source compiles with either:
//
//   GUID          #define <GuidName1 or CLASSGuid> { ... }, DEFINE_GUID(<GuidName2 or CLASS_GUID>, ...)
//   data block    struct <HeaderName or CLASS> with a member for each item in WmiDataId order,
//   <S>_<item>_SIZE, <S>_<item>_ID, <S>_SIZE when all is
//                 fixed; a last item of variable size is a member of one element, or (a string) VariableData
//   method        #define <method> <WmiMethodId>; <HeaderName or method>_IN and _OUT
//   qualifiers    DefineValues with ValueMap: #define; DefineDataId: instead of <S>_<item>; cpp_quote: text
//   for the header as it stands;
//                 WmiGenerateHeader(FALSE): nothing
#ifndef MOFCK_HEADER_H
#define MOFCK_HEADER_H

#include "base/buf.h"
#include "mof/document.h"

typedef struct MofckHeaderOptions {
        bool methods;        // -m: structures for the parameters of methods
        bool after_variable; // -u: members of fixed size behind the first of variable size, too
        bool kernel;         // packed structures of the Linux kernel's types, GUID macros
        const char *name;    // of the header, for its #ifndef: "busenumMof.h"; NULL: of the document
} MofckHeaderOptions;

// Appends the header. 0, -ENOMEM; E_DIAG: a class that makes no structure, with its place.
int mofck_header(const MofDocument *d, const MofckHeaderOptions *o, Buf *out, Diag *reterr);
// Appends bytes as numbers of C, for `static const UCHAR mof[] = {` and `#include "x.x"` `};`: what wmimofck
// -x writes of a binary MOF. 0, -ENOMEM.
int mofck_hex(Str bytes, Buf *out);

#endif
