// SPDX-License-Identifier: MIT
// Events and objects as text: one JSON object a line, one plain line, or a block for a terminal.
//
//   {"class":"Toast","namespace":"root\\wmi","time":"2026-01-31T12:00:00.1234567Z","instance":"ROOT\\TOASTER\\0000_0",
//    "properties":{"SECURITY_DESCRIPTOR":null,"TIME_CREATED":...,"InstanceName":"...","Active":true,"Heat":3}}
//
//   {"class":"Thing","namespace":"root\\default","path":"\\\\.\\root\\default:Thing.Name=\"a\"",
//    "properties":{"Name":"a","Size":3}}
//
// Properties come root class first, in declaration order, with the MOF's spelling; those whose names begin
// with "__" are left out. A SELECT list reduces them and gives its own order; system properties that it names are
// shown. Where an event matched several queries, the first one on the command line decides. A class definition is
// shown as an object whose values are its defaults, with "definition":true. Values: print-value.h.
#ifndef WMI_PRINT_EVENT_H
#define WMI_PRINT_EVENT_H

#include "cim/event.h"
#include "print-value.h"

// PRINT_TABLE: objects with few properties, and no objects in them, as tables; else as PRINT_BLOCK.
typedef enum PrintStyle { PRINT_JSON, PRINT_LINE, PRINT_BLOCK, PRINT_TABLE } PrintStyle;

typedef struct Printer Printer;
typedef struct Selection Selection;

// colour: for PRINT_BLOCK and PRINT_TABLE. NULL: out of memory.
Printer *printer_new(PrintStyle style, bool colour);
Printer *printer_free(Printer *p);

// The SELECT list of a query that the service has accepted. The printer owns it. NULL (out of memory, or not
// a query): selects everything.
const Selection *printer_select(Printer *p, Str query);
// The same of a data query.
const Selection *printer_select_data(Printer *p, Str query);

// Appends one event whose payload is a WNODE. selection NULL: everything. 0; 1: its payload is malformed (*reterr says
// where, nothing was appended); -ENOMEM; -ELOOP: embedded too deep.
int printer_event(Printer *p, const CimClass *c, Str namespace, const CimEnvelope *e,
                  const Selection *selection, Buf *out, CimBlockError *reterr);
// The same from values that are already there, one for each property of the class.
int printer_values(Printer *p, const CimClass *c, Str namespace, const CimEnvelope *e, const CimValue *values,
                   const Selection *selection, Buf *out);
// An instance or a class definition: without time and instance, with its path when it has one.
// 0, -ENOMEM, -ELOOP.
int printer_object(Printer *p, const CimInstance *i, const Selection *selection, Buf *out);
// Of PRINT_TABLE: appends the rows that are held back. 0, -ENOMEM.
int printer_flush(Printer *p, Buf *out);
// {"lost":17,"query":"..."}; with "upTo":true after the number when the loss was at the source: fires that
// failed for a full queue in the driver host, which cannot know which of them the query would have matched.
int printer_lost(Printer *p, uint64_t count, bool at_source, Str query, Buf *out);

#endif
