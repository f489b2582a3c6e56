// SPDX-License-Identifier: MIT
// A file of any kind that holds MOF, as a document: text (with its includes, and --cpp), .bmf, a PE file with a MOFDATA
// resource, a raw ACPI buffer or table dump. What each verb of `wmi mof` begins with.
#ifndef WMI_MOF_LOAD_H
#define WMI_MOF_LOAD_H

#include "base/buf.h"
#include "diagnose.h"
#include "mof/document.h"
#include "verb.h"

typedef struct MofInput {
        Buf text;  // of a text: expanded, UTF-8, what the diagnostics' offsets are in
        Buf bytes; // of binary MOF: the file's bytes from FOMB on
        MofDocument *document; // NULL when nothing could be read
} MofInput;

// Reads `path` ("-": standard input); what is wrong is told to `g`. An exit code: WMI_DONE; WMI_FAILED: it cannot be read;
// WMI_INPUT: there are errors (document then holds what could be read, or is NULL). A file with several binary MOFs: the
// first, unless it is asked for another ("FILE#2").
int mof_load(const Options *o, const char *path, Diagnose *g, MofInput *ret);
void mof_input_deinit(MofInput *i);

#endif
