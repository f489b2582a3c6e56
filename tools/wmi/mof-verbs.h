// SPDX-License-Identifier: MIT
// The verbs of `wmi mof`, one file each: mof-NAME.c.
#ifndef WMI_MOF_VERBS_H
#define WMI_MOF_VERBS_H

#include "verb.h"

extern const Verb verb_mof_compile, verb_mof_decompile;
extern const Verb verb_mof_standard, verb_mof_subscriptions;
extern const Verb verb_mof_check, verb_mof_header, verb_mof_layout, verb_mof_encode, verb_mof_decode;

#endif
