// SPDX-License-Identifier: MIT
// Finding binary MOF, and the _WDG tables that belong to it, in what people have: .bmf files, raw WQxx
// buffers, PE files with MOFDATA resources, ACPI tables (raw, as acpidump's text, as .dsl source), this
// machine's sysfs.
//
// PE: Microsoft's "PE Format". ACPI: the ACPI specification, chapter 5.2 (tables), 19 (ASL) and 20 (AML).
// _WDG: the 20-byte records of Microsoft's "Windows Instrumentation: WMI and ACPI", as the kernel's
// wmi/acpi-interface.rst has them.
//
// Of AML only names and packages are followed; nothing is run. Buffers inside of methods are found too.
#ifndef BMF_FIND_H
#define BMF_FIND_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/guid.h"
#include "base/str.h"

typedef enum BmfSource {
        BMF_UNKNOWN, // none of these, maybe a text of MOF
        BMF_FILE,
        BMF_PE,
        BMF_ACPI,
        BMF_SYSFS,
} BmfSource;

typedef struct BmfBlob {
        Str bytes;         // from FOMB to the end of its stream, or as much as there is
        const char *where; // "resource MOFRESOURCE, language 0x409", "DSDT \\_SB.PCI0.WMID.WQBA",
                           // "/sys/bus/wmi/devices/..."
        const char *scope; // of an ACPI object: "\\_SB.PCI0.WMID"; else ""
        char name[5];      // of it: "WQBA", or of the method that it stands in; else ""
} BmfBlob;

// _WDG flags
enum { WDG_EXPENSIVE = 1, WDG_METHOD = 2, WDG_STRING = 4, WDG_EVENT = 8 };
enum { WDG_ENTRY_BYTES = 20 };

typedef struct WdgEntry {
        Guid guid;
        char id[3];     // of a data or method block: "AA", so that WQAA, WSAA, WMAA, WCAA are its control
                        // methods; else ""
        uint8_t notify; // of an event block
        uint8_t instances, flags;
} WdgEntry;

typedef struct WdgTable {
        const char *where;
        const char *scope;
        const WdgEntry *entries;
        size_t count;
} WdgTable;

// A control method or object that serves blocks: WQxx, WSxx, WMxx, WCxx, WExx, _WED.
typedef struct AcpiName {
        const char *scope;
        char name[5];
} AcpiName;

typedef struct BmfFound {
        BmfSource source;
        const BmfBlob *blobs;
        size_t blob_count;
        const WdgTable *tables;
        size_t table_count;
        const AcpiName *names; // those that were seen; a name that stands twice comes twice
        size_t name_count;
} BmfFound;

// Looks through `input` (borrowed; what is found may point into it and into `a`). 0, also when nothing was
// found in what is known; E_DIAG: the kind of file is known and it is malformed (the first fault is told,
// what was found in spite of it is in *ret), or the kind is not known (source BMF_UNKNOWN, nothing found);
// -ENOMEM.
int bmf_find(Str input, Arena *a, BmfFound *ret, Diag *reterr);
// This machine's: /sys/bus/wmi/devices/*/bmof, and what is in /sys/firmware/acpi/tables (a binary MOF that is
// in both comes once, with its ACPI name). `root`: "/sys", another for tests. What may not be read or is
// malformed is told in *reterr with E_DIAG, besides what was found; its file is the path. 0, -ENOMEM.
int bmf_find_live(const char *root, Arena *a, BmfFound *ret, Diag *reterr);

// Is this the GUID under which firmware serves its binary MOF, 05901221-D566-11D1-B2F0-00A0C9062910?
bool wdg_is_mof(const WdgEntry *e);

#endif
