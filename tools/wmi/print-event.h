// SPDX-License-Identifier: MIT
// Events as text: one JSON object a line, one plain line, or a block for a terminal.
//
//   {"class":"Toast","namespace":"root\\wmi","time":"2026-01-31T12:00:00.1234567Z","instance":"ROOT\\TOASTER\\0000_0",
//    "properties":{"SECURITY_DESCRIPTOR":null,"TIME_CREATED":...,"InstanceName":"...","Active":true,"Heat":3}}
//
// Properties come root class first, in declaration order, with the MOF's spelling; those whose names begin
// with "__" are left out. A SELECT list reduces them and gives its own order. Where an event matched several
// queries, the first one on the command line decides.
//
// Values in JSON: booleans true and false; integers exact, uint64 and char16 (as a number, which is what
// WMI's clients get) included; reals as the shortest text that reads back to the same real32 or real64, null
// when not finite; datetime and reference as strings; embedded objects {"class","properties"}; NULL null.
// Lone surrogates become U+FFFD; "/" is not escaped.
#ifndef WMI_PRINT_EVENT_H
#define WMI_PRINT_EVENT_H

#include "cim/event.h"

typedef enum PrintStyle { PRINT_JSON, PRINT_LINE, PRINT_BLOCK } PrintStyle;

typedef struct Printer Printer;
typedef struct Selection Selection;

// colour: for PRINT_BLOCK. NULL: out of memory.
Printer *printer_new(PrintStyle style, bool colour);
Printer *printer_free(Printer *p);

// The SELECT list of a query that the service has accepted. The printer owns it. NULL (out of memory, or not
// a query): selects everything.
const Selection *printer_select(Printer *p, Str query);

// Appends one event. selection NULL: everything. 0; 1: its payload is malformed (*reterr says where, nothing
// was appended); -ENOMEM; -ELOOP: embedded too deep.
int printer_event(Printer *p, const CimClass *c, Str namespace, const CimEnvelope *e,
                  const Selection *selection, Buf *out, CimBlockError *reterr);
// The same from values that are already there, one for each property of the class.
int printer_values(Printer *p, const CimClass *c, Str namespace, const CimEnvelope *e, const CimValue *values,
                   const Selection *selection, Buf *out);
// {"lost":17,"query":"..."}; with "upTo":true after the number when the loss was at the source: fires that
// failed for a full queue in the driver host, which cannot know which of them the query would have matched.
int printer_lost(Printer *p, uint64_t count, bool at_source, Str query, Buf *out);

// One value as JSON.
int print_json_value(const CimValue *v, Buf *out);
// The shortest text that reads back to the same number; never a bare integer ("1.0"). Not for NaN and
// infinities.
enum { PRINT_REAL = 40 };
char *print_real(double v, bool single, char out[PRINT_REAL]);

#endif
