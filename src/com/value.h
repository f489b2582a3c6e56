// SPDX-License-Identifier: MIT
// CIM values as VARIANTs and back (public page "Numbers", "Strings", "Date and Time Format" of the WMI SDK):
//   sint8, sint16, char16 -> VT_I2 · uint8 -> VT_UI1 · uint16, sint32, uint32 -> VT_I4 · sint64, uint64 -> VT_BSTR
//   (decimal) · real32 -> VT_R4 · real64 -> VT_R8 · boolean -> VT_BOOL · string, datetime, reference -> VT_BSTR
//   object -> VT_UNKNOWN · arrays -> VT_ARRAY of these · NULL -> VT_NULL
#ifndef COM_VALUE_H
#define COM_VALUE_H

#include "hub.h"

// Fills *ret, which the caller clears. S_OK, WBEM_E_OUT_OF_MEMORY.
HRESULT VariantOfValue(const CimValue *v, VARIANT *ret);
// Reads v as a value of `type` into memory of `a`; objects are borrowed from v. WBEM_E_TYPE_MISMATCH (objects of others
// too), WBEM_E_VALUE_OUT_OF_RANGE, WBEM_E_ILLEGAL_NULL (among the items of an array), WBEM_E_INVALID_PARAMETER (more than
// LIMIT_ARRAY_ITEMS), WBEM_E_OUT_OF_MEMORY.
HRESULT ValueOfVariant(const VARIANT *v, uint16_t type, Arena *a, CimValue *ret);
BSTR BstrOfStr(Str s);
BSTR BstrOfStr16(Str16 s);

#endif
