// SPDX-License-Identifier: MIT
// The verbs of `wmi mof`, one file each: mof-NAME.c.
#ifndef WMI_MOF_VERBS_H
#define WMI_MOF_VERBS_H

#include "mof-load.h"

extern const Verb verb_mof_compile, verb_mof_decompile;
extern const Verb verb_mof_standard, verb_mof_subscriptions;
extern const Verb verb_mof_check, verb_mof_header, verb_mof_layout, verb_mof_encode, verb_mof_decode;

// What more than one verb and wmimofck do with an input that was read; what is wrong is told to `g`. An exit code.
//
// The rules of drivers' classes. WMI_DONE whatever they find: the findings are counted in `g`.
int mof_check_rules(const MofInput *in, Diagnose *g);
// The header into o->output ("-" or NULL: standard output; none with o->hex_out alone), and the binary MOF as numbers of C
// into o->hex_out. Of the options also: methods, after_variable, kernel.
int mof_header_write(const Options *o, const MofInput *in, Diagnose *g);

#endif
