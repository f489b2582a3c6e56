// SPDX-License-Identifier: MIT
// The items of a data block as JSON: {"Level": 3, "Name": "x", "Inner": {"A": 1}, "List": [1, 2]}, in the
// order of the block.
//
// Read are, besides what is written: names in any case; integers as text ("0x1F"); booleans as 0 and 1; uint8
// arrays as text of hexadecimal digits; objects as events show them, {"class": ..., "properties": {...}};
// properties that are no items (InstanceName, Active), which are passed over. An item that is missing or null
// is zero or empty, a count that of its array.
#ifndef WMI_BLOCK_JSON_H
#define WMI_BLOCK_JSON_H

#include <json-c/json.h>

#include "base/error.h"
#include "cim/acpi.h"
#include "cim/class.h"

// Parses one JSON value. 0; -ENOMEM; E_DIAG with line and column.
int block_json_parse(Str text, json_object **ret, Diag *reterr);

// Fills values[c->property_count], all NULL before; what they point to is in `a`. 0; -ENOMEM; E_DIAG: the
// message names the item, "Inner.Level".
int block_json_values(const CimClass *c, json_object *o, Arena *a, CimValue *values, Diag *reterr);
// Pads strings that have a MaxLen to it, as a driver's structure with WCHAR x[MaxLen + 1] does. 0, -ENOMEM.
int block_json_pad(const CimClass *c, Arena *a, CimValue *values);
// The reverse. 0, -ENOMEM, -ELOOP.
int block_json_of(const CimClass *c, const CimValue *values, Arena *a, json_object **ret);

// An ACPI object: 12 and "0x12" under "integer" are Integers, "text" a String, {"buffer": "0a0b"} or
// {"buffer": [10, 11]} a Buffer, [...] a Package. What it points to is in `a`. 0; -ENOMEM; E_DIAG.
int block_json_acpi(json_object *o, Arena *a, AcpiObject *ret, Diag *reterr);

// Text of hexadecimal digits as bytes: "44 33", "4433", "0x44, 0x33". False: it is no such text.
bool block_hex(Str text, Buf *ret);

#endif
