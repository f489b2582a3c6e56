// SPDX-License-Identifier: MIT
// Brings the constant of a comparison to the type of its property. Private to src/wql.
#ifndef WQL_CONSTANT_H
#define WQL_CONSTANT_H

#include "wql/wql-ast.h"
#include "wql/wql-plan.h"

// What became of a comparison.
typedef enum WqlOutcome {
        WQL_TESTED, // *ret is the test
        WQL_NEVER,  // false for every value
        WQL_ALWAYS, // true for every value that is not NULL; *ret is WQL_TEST_PRESENT
} WqlOutcome;

// Makes a test of `property relation constant`; n is a COMPARE. Fills kind, holds, type and the constant of
// *ret.
//
//   integers, reals, char16   integer or real constants, compared exactly over the full range of both;
//   strings that
//                             hold a number; real32 against a real constant: the constant rounded to real32
//   char16                    a string of one character, without regard to case
//   boolean                   TRUE, FALSE, 1, -1, 0 and these as strings; only = <> !=
//   string, reference         strings without regard to case; an integer or real as it is written, only = <>
//   != datetime                  a DMTF datetime or interval, or yyyy-mm-ddThh:mm:ss[.ffffff](Z|+hh:mm);
//   compared as
//                             instants or lengths, values of the other kind and with '*' fail
//
// 0; -ENOMEM; E_DIAG with code and message: CIM_E_TYPE_MISMATCH, CIM_E_INVALID_OPERATOR. *ret_at (on E_DIAG)
// is where.
int wql_constant_test(const WqlNode *n, const CimProperty *property, Arena *a, WqlTest *ret,
                      WqlOutcome *ret_outcome, WqlSpan *ret_at, Diag *reterr);
// Makes the readings of n for all types, for a property of which the type is known only when there is an
// object. 0; -ENOMEM; E_DIAG with *ret_at: no type takes the constant with that operator.
int wql_constant_readings(const WqlNode *n, Arena *a, const WqlReadings **ret, WqlSpan *ret_at, Diag *reterr);

#endif
