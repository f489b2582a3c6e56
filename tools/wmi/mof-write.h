// SPDX-License-Identifier: MIT
// What a MOF document is written to: binary MOF, and the two texts of a localised master.
#ifndef WMI_MOF_WRITE_H
#define WMI_MOF_WRITE_H

#include "mof-load.h"

typedef struct MofWritten {
        size_t bytes, expanded; // of the binary MOF
        uint32_t classes, instances;
} MofWritten;

// The binary MOF of a document that has no errors, into the file o->binary; with o->wmi the rules of WDM are checked first
// (warnings of them are no obstacle), with o->compat as of Windows 2000. Written whole or not at all; a file that was
// there before goes when the rules say no, as mofcomp's does. WMI_DONE; WMI_INPUT: told to `g`; WMI_FAILED.
int mof_write_binary(const Options *o, const MofInput *in, Diagnose *g, MofWritten *ret);
// The texts o->mof_out and o->mfl_out, for o->amendment or the text's own. Both or none. Likewise.
int mof_write_localised(const Options *o, const MofInput *in, Diagnose *g);

#endif
