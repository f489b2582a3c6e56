// SPDX-License-Identifier: MIT
// Values and the objects inside them as text: what events (print-event.h) and lists are made of.
//
// Values in JSON: booleans true and false; integers exact, uint64 and char16 (as a number, which is what
// WMI's clients get) included; reals as the shortest text that reads back to the same real32 or real64, null
// when not finite; datetime and reference as strings; embedded objects {"class","path","properties"}, "path" when
// they live somewhere; NULL null. Lone surrogates become U+FFFD; "/" is not escaped.
#ifndef WMI_PRINT_VALUE_H
#define WMI_PRINT_VALUE_H

#include <json-c/json.h>

#include "base/buf.h"
#include "cim/instance.h"

// One value as JSON.
int print_json_value(const CimValue *v, Buf *out);
// The shortest text that reads back to the same number; never a bare integer ("1.0"). Not for NaN and
// infinities.
enum { PRINT_REAL = 40 };
char *print_real(double v, bool single, char out[PRINT_REAL]);

// Names that begin with two underscores.
bool value_is_system(Str name);
// Appends the path of an object that lives somewhere, \\.\root\default:Thing.Name="a"; false: it has none.
bool value_path(const CimInstance *i, Buf *out);

// --- JSON ------------------------------------------------------------------------------------------------
// Each returns 0, -ENOMEM, -ELOOP (nested too deep). Keys are kept as pointers: they live longer than the object.
int value_json(Arena *a, const CimValue *v, unsigned depth, json_object **ret); // *ret NULL: null
int value_json_add(json_object *o, const char *key, json_object *take_value);   // takes it even on failure
int value_json_add_str(json_object *o, const char *key, Str s);
int value_json_str16(Arena *a, Str16 s, json_object **ret);
// The JSON text, clean for a terminal, on one line without its end.
int value_json_text(json_object *o, Buf *out);

// --- text ------------------------------------------------------------------------------------------------
// On one line, as MOF writes it: 12, "text", TRUE, {1, 2}, Thing {Name = "a"}.
int value_text(Arena *a, const CimValue *v, unsigned depth, Buf *out);
// For a cell of a table: text without its quotes, nothing for NULL.
int value_cell(Arena *a, const CimValue *v, Buf *out);
// On lines of its own, for what stands after "Name = ": objects get a line for each property, `indent` columns in.
// Ends with a newline.
int value_block(Arena *a, const CimValue *v, unsigned indent, unsigned depth, Buf *out);

#endif
