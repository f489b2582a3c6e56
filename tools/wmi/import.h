// SPDX-License-Identifier: MIT
// MOF files into the service, with their errors shown where they are.
#ifndef WMI_IMPORT_H
#define WMI_IMPORT_H

#include "client/client.h"

// How it is to be taken in.
typedef struct Import {
        Str namespace; // of what no directive places elsewhere
        uint32_t class_flags, instance_flags; // MOF_UPDATE_ONLY... (mof/document.h)
        uint32_t dialect;                     // MofDialect
} Import;

// Imports one file ("-": standard input). 0 with *ret (may be NULL; buf_deinit its list), or the exit code after the
// messages. On a terminal a bar shows how far it is.
int import_mof(Client *c, const Import *how, const char *file, ClientImported *ret);
// The same of what was read already: text with its includes expanded, or binary MOF.
int import_bytes(Client *c, const Import *how, const char *file, Str bytes, ClientImported *ret);

// A text file as UTF-8 for showing lines of it: UTF-16 of either order with BOM is converted. *ret is
// malloced. 0, -errno, -EFBIG beyond LIMIT_MOF_BYTES.
int import_read(const char *file, Buf *ret_bytes);
Str import_shown(Str bytes, Arena *a);

#endif
