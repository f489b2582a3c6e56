// SPDX-License-Identifier: MIT
// MOF files into the service, with their errors shown where they are.
#ifndef WMI_IMPORT_H
#define WMI_IMPORT_H

#include "client/client.h"

// Imports one file ("-": standard input); classes without a namespace pragma go to `namespace`. Appends to *list (may be NULL) what
// the reply lists ({str namespace, str class, u8 event} each) and adds their number to *count. 0, or the exit
// code after the messages.
int import_mof(Client *c, Str namespace, const char *file, Buf *list, uint32_t *count);

// A text file as UTF-8 for showing lines of it: UTF-16 of either order with BOM is converted. *ret is
// malloced. 0, -errno, -EFBIG beyond LIMIT_MOF_BYTES.
int import_read(const char *file, Buf *ret_bytes);
Str import_shown(Str bytes, Arena *a);

#endif
