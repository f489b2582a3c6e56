// SPDX-License-Identifier: MIT
// Words to the user on standard error, and errors with the place that they are about.
#ifndef WMI_SAY_H
#define WMI_SAY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

// Who speaks from now on; "wmi" at first. Kept as a pointer.
void say_as(const char *program);
// "wmi: " and the words, one line whatever is in them, one write. Words that begin with "wmi VERB" stand alone.
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// May this descriptor have colour: a terminal that can, and no NO_COLOR?
bool say_colour(int fd);

// "file:line:column: message (WBEM_E_NOT_FOUND, 0x80041002); hint", then, when the diag has a line of `source`
// (UTF-8; may be empty), that line and a caret under the column.
void say_diag(const Diag *d, Str source);
// The same into a buffer.
void say_diag_text(const Diag *d, Str source, bool colour, Buf *out);

// A line of a source (UTF-8, without its end), a caret under byte `at`, tildes under the further columns of the token of
// `length` bytes (0: unknown). Tabs and wide characters count as on a terminal; of a long line the part around `at`.
void say_source(Str line, size_t at, size_t length, bool colour, Buf *out);

// As say_diag, and on a line of its own what was asked for, "    GetObject root\default:Thing", unless the message says it. operation NULL: none.
void say_status(const Diag *d, const char *operation, Str about, Str source);

// The exit code for a failed operation on an object: WMI_INPUT when path, values or query are wrong by themselves.
int say_exit_object(uint32_t status);
// The exit code for a failed request; about_input: it carried a query or MOF of the user's.
int say_exit(uint32_t status, bool about_input);

// Text for a terminal: control characters, also those that UTF-8 hides (U+0080 to U+009F) and those that turn
// the direction of text, become \uXXXX; malformed bytes U+FFFD.
void say_clean(Str s, Buf *out);
// The same for what must stay on its line and in its column: line ends and tabs too. JSON text stays the same JSON.
void say_clean_line(Str s, Buf *out);

#endif
