// SPDX-License-Identifier: MIT
// Finding binary MOF, and the _WDG tables that belong to it, in what people have: .bmf files, raw WQxx buffers, PE files with
// MOFDATA resources, ACPI tables (raw, as acpidump's text, as .dsl source), this machine's sysfs.
#ifndef BMF_FIND_H
#define BMF_FIND_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/guid.h"
#include "base/str.h"

typedef enum BmfSource { BMF_FILE, BMF_PE, BMF_ACPI, BMF_SYSFS } BmfSource;

typedef struct BmfBlob {
        Str bytes; // from FOMB to the end of its stream, or as much as there is
        char where[128]; // "resource MOFRESOURCE, language 0x409", "DSDT \\_SB.PCI0.WMID.WQBA", "/sys/bus/wmi/devices/..."
        char name[5];    // of an ACPI object: "WQBA"; else ""
        char scope[96];  // of it: "\\_SB.PCI0.WMID"; else ""
} BmfBlob;

// _WDG flags
enum { WDG_EXPENSIVE = 1, WDG_METHOD = 2, WDG_STRING = 4, WDG_EVENT = 8 };

typedef struct WdgEntry {
        Guid guid;
        char id[3];     // of a data or method block: "AA", so that WQAA, WSAA, WMAA, WCAA are its control methods
        uint8_t notify; // of an event block
        uint8_t instances, flags;
} WdgEntry;

typedef struct WdgTable {
        char where[128];
        char scope[96];
        const WdgEntry *entries;
        size_t count;
} WdgTable;

typedef struct BmfFound {
        BmfSource source;
        const BmfBlob *blobs;
        size_t blob_count;
        const WdgTable *tables;
        size_t table_count;
} BmfFound;

// Looks through `input` (borrowed; what is found may point into it). 0, also when nothing was found in what is known;
// E_DIAG: the kind of file is known and it is malformed (what was found until there is in *ret), or the kind is not known;
// -ENOMEM.
int bmf_find(Str input, Arena *a, BmfFound *ret, Diag *reterr);
// This machine's: /sys/bus/wmi/devices/*/bmof, and _WDG from /sys/firmware/acpi/tables. `root`: "/sys", another for tests.
// What may not be read is told in *reterr with E_DIAG, besides what could be.
int bmf_find_live(const char *root, Arena *a, BmfFound *ret, Diag *reterr);

#endif
