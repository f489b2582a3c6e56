// SPDX-License-Identifier: MIT
// Data blocks of firmware: ACPI objects as the bytes that WMI makes of them, and strings on their way back.
//
//   Integer   uint32, aligned to 4
//   String    u16 length in bytes, UTF-16 with its terminator, which the length counts; aligned to 2
//   Buffer    its bytes as they are
//   Package   element after element; a package inside one is refused
//
// (Linux, Documentation/wmi/acpi-interface.rst, "Conversion rules for ACPI data types".)
#ifndef CIM_ACPI_H
#define CIM_ACPI_H

#include "base/buf.h"
#include "base/error.h"

typedef enum AcpiKind { ACPI_INTEGER, ACPI_STRING, ACPI_BUFFER, ACPI_PACKAGE } AcpiKind;

typedef struct AcpiObject AcpiObject;
struct AcpiObject {
        AcpiKind kind;
        union {
                uint64_t integer;
                Str bytes; // of a string (ASCII, without its terminator) and of a buffer
                struct {
                        const AcpiObject *items;
                        size_t count;
                } package;
        };
};

// Appends the block. 0; -ENOMEM; E_DIAG: what WMI cannot carry (*out is as before).
int cim_acpi_block(const AcpiObject *o, Buf *out, Diag *reterr);
// The ACPI string that a block of one string becomes on its way to a control method (a block with the STRING
// flag of _WDG). Appends its characters up to the first NUL. 0; -ENOMEM; E_DIAG: an odd or too great length,
// characters beyond ASCII.
int cim_acpi_string(const uint8_t *block, size_t n, Buf *out, Diag *reterr);

#endif
