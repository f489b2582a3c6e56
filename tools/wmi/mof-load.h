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
        Buf bytes; // of binary MOF: the file's bytes from FOMB to the end of its stream
        MofDocument *document; // NULL when nothing could be read
} MofInput;

// Reads `path` ("-": standard input); what is wrong is told to `g`. An exit code: WMI_DONE; WMI_FAILED: it cannot be read;
// WMI_INPUT: there are errors (document then holds what could be read, or is NULL). A file with several binary MOFs: the
// first, unless it is asked for another ("FILE#2"). Of the options: includes, cpp, defines, dialect, namespace, class_flag,
// instance_flag. *ret is for mof_input_deinit in any case.
int mof_load(const Options *o, const char *path, Diagnose *g, MofInput *ret);
// Its two halves: text or bytes; the document of these.
int mof_load_source(const Options *o, const char *path, Diagnose *g, MofInput *ret);
int mof_load_document(const Options *o, const char *path, Diagnose *g, MofInput *i);
void mof_input_deinit(MofInput *i);

// A file's bytes ("-": standard input), appended. 0; a negative errno; -EFBIG beyond LIMIT_FIND_BYTES.
int mof_read_file(const char *path, Buf *ret);
// Cuts "#2" from "FILE#2" where there is no file of that very name, and returns 2: the second binary MOF in it. 0: none is
// asked for.
size_t mof_file_number(char *path);

// The numbers of --class and --instance; *ret_... 0 when they are not given. False: no such word.
bool mof_load_flags(const Options *o, uint32_t *ret_class, uint32_t *ret_instance);
// Diagnostics as the options ask for: --sarif, --json, else text.
Diagnose *mof_diagnose(const Options *o, const char *name);

#endif
