// SPDX-License-Identifier: MIT
// The rules that WDM sets for the classes of a driver: what mofcomp -WMI and wmimofck check. (Public pages
// "Using wmimofck.exe", "Required Items in WMI Classes", "WMI Class Qualifiers", "WMI Property Qualifiers",
// "WMI Class Names and Base Classes".)
#ifndef MOFCK_CHECK_H
#define MOFCK_CHECK_H

#include "mof/document.h"

typedef struct MofckFinding {
        const char *rule; // "data-id-gap": stable, one of mofck_rules
        bool warning;
        Diag diag; // place, message, hint
} MofckFinding;

typedef struct MofckRule {
        const char *name, *summary, *page; // page: the title of the public page that states it
} MofckRule;

extern const MofckRule mofck_rules[];
extern const size_t mofck_rule_count;

// Checks every class of the document that has a `WMI` or `guid` qualifier or derives from one that has. Calls
// `found` for each finding, in the order of the text; it returns 0 to go on. 0; what `found` returned;
// -ENOMEM.
int mofck_check(const MofDocument *d, int (*found)(void *context, const MofckFinding *f), void *context);

#endif
