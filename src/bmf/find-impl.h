// SPDX-License-Identifier: MIT
// What the parts of bmf_find share: the collector, ACPI paths.
#ifndef BMF_FIND_IMPL_H
#define BMF_FIND_IMPL_H

#include "base/limits.h"
#include "bmf/find.h"

typedef struct Find {
        Arena *a;
        Diag *err;  // of the first fault
        bool fault; // it is filled
        int failed; // -ENOMEM
        BmfBlob *blobs;
        size_t blob_count, blob_room;
        WdgTable *tables;
        size_t table_count, table_room;
        AcpiName *names;
        size_t name_count, name_room;
} Find;

// The path of an ACPI scope while a table is read: "\\_SB.PCI0".
typedef struct AcpiPath {
        char text[LIMIT_ACPI_PATH + 1];
        size_t n;
} AcpiPath;

// Remembers the first fault: at `offset` of the input. Returns E_DIAG.
int find_fault(Find *f, size_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));
// Is this the beginning of a binary MOF file?
bool find_is_mof(const uint8_t *p, size_t n);
// The blob that begins the `n` bytes, to its end; where: printf-like.
void find_add_blob(Find *f, const void *p, size_t n, const AcpiPath *scope, const char *name,
                   const char *format, ...) __attribute__((format(printf, 6, 7)));
// What is complete already.
void find_take_blob(Find *f, const BmfBlob *b);
void find_take_wdg(Find *f, const WdgTable *t);
// A _WDG buffer; `offset`: of it in the input, for faults.
void find_add_wdg(Find *f, const uint8_t *p, size_t n, size_t offset, const AcpiPath *scope,
                  const char *label);
// A name of a table, if it is one of those that serve blocks.
void find_add_name(Find *f, const AcpiPath *scope, const char *name);
// A named buffer of a table: binary MOF, _WDG, or neither. `name`: of 1 to 4 characters.
void find_add_buffer(Find *f, const void *p, size_t n, size_t offset, const AcpiPath *scope, const char *name,
                     const char *label);

// Goes on from `path` by the text of a name ("\\_SB.PCI0", "^WMID", "WMI1"), trailing underscores of its
// segments dropped. `leaf` (may be NULL) takes the last segment, with its underscores, and the path ends
// before it. False: not a name, or too long; the path is as it was.
bool acpi_path_go(AcpiPath *path, Str name, char leaf[5]);

// An ACPI table: its header at least. raw: `bytes` stand in the input, at `offset`; else `offset` is where
// the input speaks of the table.
void find_aml(Find *f, Str bytes, const char *label, size_t offset, bool raw);
// Is this a table whose body is AML? Its first 36 bytes suffice.
bool find_is_aml_table(Str bytes);
// The length of the table that begins here; 0: no table does.
size_t find_table_length(Str bytes);
// "DSDT", "SSDT1", ...: `counts[0]` SSDTs and `counts[1]` others came before.
const char *find_label(Find *f, Str signature, unsigned counts[2]);

int find_pe(Find *f, Str input);
int find_acpi(Find *f, Str input);     // tables, one behind the other
int find_acpidump(Find *f, Str input); // acpidump's text
int find_dsl(Find *f, Str input);      // ASL source
bool find_is_acpidump(Str input);
bool find_is_dsl(Str input);

#endif
