// SPDX-License-Identifier: MIT
// Values as they are written against types: what fits, and what is said when it does not.
#ifndef MOF_VALUE_H
#define MOF_VALUE_H

#include "mof/document.h"

// "a number", "an instance"...
const char *mof_value_kind_name(const MofValue *v);

// Does the value fit a property (parameter, qualifier) of the type, which is called `what`? A list fits an array when each of
// its items fits the element type: ask for each. NULL fits all. A real fits an integer that holds it rounded, an alias a
// reference, an instance an object (whether of the right class is another question), a string a datetime when it is one.
// 0; E_DIAG: code, message and hint of *reterr say what is wrong with v; its place is the caller's to fill. `text` is the
// document's, for showing numbers as they are written.
int mof_value_fits(Str text, const MofValue *v, uint16_t type, Str what, Diag *reterr);

// The whole number that a real or an integer stands for; false: it is beyond 64 bits.
bool mof_value_whole(const MofValue *v, bool *ret_negative, uint64_t *ret_magnitude);
// A string that is a whole number in decimal, as other compilers write one of 64 bits into binary MOF: its sign and
// magnitude into *ret. False: it is none, or beyond 64 bits.
bool mof_value_decimal(Str16 s, MofValue *ret);

#endif
