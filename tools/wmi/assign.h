// SPDX-License-Identifier: MIT
// Name=Value arguments, and the keys of a path, into the properties of an object.
//
// A value is read by the type of its property:
//
//   string             the text as it stands; NULL is no value; "..." is a MOF literal with its escapes
//   datetime           25 characters of DMTF: 20260131120000.000000+060, intervals 00000001020304.000000:000
//   reference          an object path
//   integers           decimal or 0x and hexadecimal digits, within the range of the type
//   char16             a number, or one character
//   real32, real64     1.5, -2e10
//   boolean            TRUE, FALSE
//   arrays             {1, 2}, or one Name=Value for each element
//   object             instance of Class { Name = value; ... }
//
// NULL stands for no value everywhere. In {...} blanks around elements do not count; what has blanks, commas or braces
// of its own is written as "..."; inside `instance of` all text is.
#ifndef WMI_ASSIGN_H
#define WMI_ASSIGN_H

#include "cim/path.h"

typedef struct AssignScope {
        // The class of an object inside a value; NULL: there is none of that name. It must outlive the object.
        const CimClass *(*find)(void *context, Str name);
        void *context;
        bool keys_fixed; // the keys stand in the path: they cannot be assigned
} AssignScope;

// Sets the properties that texts[0..n) name. 0; -ENOMEM; E_DIAG: texts[*ret_bad] is wrong, at the diag's place in it:
// CIM_E_INVALID_PARAMETER (no "Name=", not UTF-8, given twice), CIM_E_INVALID_PROPERTY (the nearest name is the hint),
// CIM_E_TYPE_MISMATCH, CIM_E_VALUE_OUT_OF_RANGE, CIM_E_INVALID_CLASS (of an object inside).
int assign_properties(CimInstance *to, const char *const *texts, size_t n, const AssignScope *scope, size_t *ret_bad,
                      Diag *reterr);
// Sets the keys that a path names; it must name all of them. 0; -ENOMEM; E_DIAG: CIM_E_INVALID_OBJECT_PATH.
int assign_keys(CimInstance *to, const CimPath *path, Diag *reterr);
// Are all keys set? 0; E_DIAG: CIM_E_ILLEGAL_NULL with the name of the first that is not, CIM_E_NO_KEY.
int assign_check_keys(const CimInstance *i, Diag *reterr);

#endif
