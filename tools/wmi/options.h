// SPDX-License-Identifier: MIT
// Options: from a command line to a struct Options, by a verb's table.
#ifndef WMI_OPTIONS_H
#define WMI_OPTIONS_H

#include "verb.h"

// Reads argv[0..argc), which follows the verb, into *ret. Options may stand anywhere; "--" ends them; "--name
// VALUE",
// "--name=VALUE", "-q VALUE" and "-qVALUE" are the same. Texts point into argv. `name` ("wmi run") is for
// messages, which go to standard error. 0; WMI_USAGE after a message; WMI_FAILED when out of memory.
// *ret->help is set as soon as --help is met; then nothing is checked.
int options_parse(const Verb *v, const char *name, int argc, char **argv, Options *ret);
void options_deinit(Options *o);

// Reads one number of an option: decimal digits alone. False: not one, or beyond 64 bits.
bool options_number(const char *text, uint64_t *ret);
// Reads decimal seconds ("2", "0.5", ".25") as milliseconds, rounded up. False: not a number, negative, too
// large.
bool options_seconds(const char *text, uint64_t *ret_ms);
// Is this HKLM\KEY\VALUE=N with N decimal or 0x-hexadecimal of 32 bits?
bool options_registry(const char *text);
// Is this a device instance path: ENUMERATOR\DEVICE\INSTANCE in printable ASCII without blanks and commas?
bool options_device(const char *text);

#endif
