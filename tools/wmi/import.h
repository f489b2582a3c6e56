// SPDX-License-Identifier: MIT
// MOF files into the service, with their errors shown where they are.
#ifndef WMI_IMPORT_H
#define WMI_IMPORT_H

#include "client/client.h"
#include "mof-load.h"

// Imports one file ("-": standard input) of any kind that mof_load knows, with its includes. Classes without a namespace
// pragma go to `namespace`; of `o` also what mof_load looks at. What is wrong is told to `g`; NULL: as text. 0 with *ret (may
// be NULL; buf_deinit its list), or the exit code. On a terminal a bar shows how far it is.
int import_mof(Client *c, const Options *o, Str namespace, const char *file, Diagnose *g, ClientImported *ret);
// The same of what was read already; *ret_status (may be NULL): the service's number when it refused.
int import_input(Client *c, const Options *o, Str namespace, const char *file, const MofInput *in, Diagnose *g,
                 ClientImported *ret, uint32_t *ret_status);

#endif
