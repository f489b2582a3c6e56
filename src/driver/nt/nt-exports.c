// SPDX-License-Identifier: MIT
// The table of everything that this room exports to drivers, made of exports.def.
//
// It names symbols by their linker names, so that no header has to agree on their types, and so that a
// program that links this library keeps all of them.
#include "driver/nt/nt.h"

#define NT_EXPORT(name) extern char nt_symbol_##name[] __asm__(#name);
#include "driver/nt/exports.def"
#undef NT_EXPORT

const NtExport nt_exports[] = {
#define NT_EXPORT(name) {#name, nt_symbol_##name},
#include "driver/nt/exports.def"
#undef NT_EXPORT
        {NULL, NULL},
};
