// SPDX-License-Identifier: MIT
// The answer of a driver to IRP_MN_REGINFO(_EX), checked before anything of it is believed.
//
//   WMIREGINFO 24 | GuidCount x WMIREGGUID 32 | names: u16 byte length, UTF-16
//   ^ BufferSize, NextWmiRegInfo -> the next WMIREGINFO, whose offsets count from its own start
//
// Nothing here calls the kernel: the fuzzer and the tests feed it bytes.
#ifndef DRIVER_WMI_REGINFO_H
#define DRIVER_WMI_REGINFO_H

#include <ntddk.h>
#include <wmistr.h>
#include <stdbool.h>

#include "base/arena.h"

enum { WMI_SEPARATOR = 16 }; // characters between a base name and its counter, at most

typedef enum WmiNames {
        WMI_NAMES_DYNAMIC, // each event carries its own
        WMI_NAMES_PDO,     // <device instance path>_<i>
        WMI_NAMES_BASE,    // <base name><i>
        WMI_NAMES_LIST,    // as the driver listed them
} WmiNames;

typedef struct WmiRegBlock {
        GUID guid;
        ULONG flags; // WMIREG_FLAG_*; with REMOVE_GUID nothing below is filled
        ULONG instances;
        WmiNames names;
        PDEVICE_OBJECT pdo;   // WMI_NAMES_PDO
        UNICODE_STRING base;  // WMI_NAMES_BASE; borrowed from the reply
        UNICODE_STRING *list; // WMI_NAMES_LIST: `instances` of them, in the arena, borrowing from the reply
} WmiRegBlock;

typedef struct WmiRegReply {
        WmiRegBlock *blocks; // in the arena, in the order of the reply
        ULONG count;
        UNICODE_STRING registry_path, mof_resource; // borrowed; empty when absent
} WmiRegReply;

// What is wrong, and where in the reply.
typedef struct WmiRegError {
        size_t offset;
        char says[160];
} WmiRegError;

// Is this pointer a physical device object that has a device instance path?
typedef bool WmiPdoCheck(const void *pdo);

// Reads a reply of `size` bytes (aligned to 8). Trailing NULs of names are dropped. 0; 1: malformed, nothing
// of it may be used, *reterr says why; -ENOMEM.
int wmi_reginfo_parse(const void *reply, size_t size, WmiPdoCheck *pdo_check, Arena *a, WmiRegReply *ret,
                      WmiRegError *reterr);

#endif
