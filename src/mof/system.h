// SPDX-License-Identifier: MIT
// The texts of data/mof, built into the library. Compile them with mof_compile; they stand for themselves:
// system first, into each namespace; root into `root`, wmi and then wmicore into `root\wmi`, behind it.
#ifndef MOF_SYSTEM_H
#define MOF_SYSTEM_H

#include "base/str.h"

extern const Str mof_system_text; // system.mof: what every namespace has
extern const Str mof_root_text;   // root.mof: what only root has
extern const Str mof_wmi_text;    // wmi.mof: what root\wmi has
extern const Str mof_wmicore_text; // wmicore.mof: the standard blocks of drivers, in root\wmi

#endif
