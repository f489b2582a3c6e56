// SPDX-License-Identifier: MIT
// The cases of tests/conformance/mof/*.test, for whoever runs them.
//
//   == name                                     # lines before the first case are comment
//   class A { uint32 x };
//   -- error WBEMMOF_E_EXPECTED_SEMI 1:19 | part of the message or the hint
//
//   == name
//   class A {};
//   -- root\wmi:A                               what support_dump_step writes, line by line
//
// "late error" instead of "error": one that only mof_build finds.
#ifndef MOF_TEST_CASES_H
#define MOF_TEST_CASES_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

typedef struct Case {
        char name[160];
        Str text, expected; // in the file's bytes; of `expected` every line begins with "-- "
} Case;

// All of them, in the order of their files' names; they stay.
Case *cases_load(size_t *ret_count);
// Cuts the first line off, without its end.
Str cases_line(Str *s);
bool cases_starts(Str s, const char *with);
// The errors as lines of the form in which the cases give them, with all of the texts behind.
void cases_errors(const Diag *errors, size_t n, Buf *out);
// "error NAME 1:2 | text": the line must begin with what stands before '|' and contain what stands behind.
bool cases_error_matches(Str expected, Str line);

#endif
