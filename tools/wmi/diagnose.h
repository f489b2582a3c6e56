// SPDX-License-Identifier: MIT
// Diagnostics of files, for people (the line, a caret, a hint), as JSON lines, or as one SARIF 2.1.0 log.
#ifndef WMI_DIAGNOSE_H
#define WMI_DIAGNOSE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

typedef enum DiagnoseAs {
        DIAGNOSE_TEXT,
        DIAGNOSE_JSON,
        DIAGNOSE_SARIF,
        DIAGNOSE_MOFCOMP, // in mofcomp's words, to standard output
} DiagnoseAs;
typedef enum DiagnoseLevel { DIAGNOSE_ERROR, DIAGNOSE_WARNING, DIAGNOSE_NOTE } DiagnoseLevel;

typedef struct Diagnose Diagnose;

// `name`: the verb that speaks. TEXT goes to standard error as it comes; JSON and SARIF to standard output, SARIF at the
// end. NULL: out of memory.
Diagnose *diagnose_new(DiagnoseAs as, const char *name);
// What a rule says in a sentence, for SARIF; `explain` gives NULL for what it does not know. Numbers of WMI's explain themselves.
void diagnose_explain(Diagnose *g, const char *(*explain)(const char *rule));
// One finding. In text "file:line:column: error: message (WBEMMOF_E_EXPECTED_SEMI 0x80044002) [rule]", the line, a caret, the
// hint. In JSON {"level","rule","code","file","line","column","offset","length","message","hint","source"}, without what is
// not known. `rule`: its stable name; NULL: the name of d->code ("WBEMMOF_E_EXPECTED_SEMI"). `text` (may be empty) is what
// was read: the line at d->offset is shown from it.
void diagnose_add(Diagnose *g, DiagnoseLevel level, const char *rule, const Diag *d, Str text);
// At most LIMIT_FINDINGS are shown; what is beyond is counted.
unsigned diagnose_count(const Diagnose *g, DiagnoseLevel level);
uint32_t diagnose_first(const Diagnose *g); // the number of the first error; 0: none, or it has none
// Somebody stopped looking before the end: the sum says "or more".
void diagnose_cut(Diagnose *g);
// The sum, "2 errors, 1 warning", when there is one; in JSON {"errors","warnings","shown"}.
// Writes what is still to be written and frees. 0; an exit code when it could not be written.
int diagnose_end(Diagnose *g);

#endif
