// SPDX-License-Identifier: MIT
// The table of what drivers may call here, made from exports.def.
#include "driver/wmi/wmi.h"

#define NT_EXPORT(name) extern void wmi_export_##name(void) __asm__(#name);
#include "driver/wmi/exports.def"
#undef NT_EXPORT

const NtExport wmi_exports[] = {
#define NT_EXPORT(name) {#name, (void *)wmi_export_##name},
#include "driver/wmi/exports.def"
#undef NT_EXPORT
        {NULL, NULL},
};
