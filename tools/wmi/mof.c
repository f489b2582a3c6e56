// SPDX-License-Identifier: MIT
// wmi mof: the table of its verbs.
#include "mof-verbs.h"

static const Verb *const verbs[] = {
        &verb_mof_compile, &verb_mof_decompile, &verb_mof_check,         &verb_mof_header,   &verb_mof_layout,
        &verb_mof_encode,  &verb_mof_decode,    &verb_mof_subscriptions, &verb_mof_standard, NULL,
};

const Verb verb_mof = {
        .name = "mof",
        .summary = "Compile, check and convert MOF and binary MOF",
        .usage = "VERB FILE... [OPTION]...",
        .text = "MOF is the text in which classes and instances of WMI are written, binary MOF what drivers and\n"
                "firmware carry. All but compile into a service work without one.",
        .verbs = verbs,
};
