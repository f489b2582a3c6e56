// SPDX-License-Identifier: MIT
// Splitting a localised master text: mofcomp -MOF:neutral -MFL:localised -AMENDMENT:MS_409.
// (Public pages "Compiling Localized MOF Files", "pragma amendment", "Creating the Localized MOF File".)
#ifndef MOF_LOCALISE_H
#define MOF_LOCALISE_H

#include "base/buf.h"
#include "mof/document.h"

// Appends to *neutral the document without its amended qualifiers, each class with LOCALE(number in decimal); to *localised
// the namespaces ms_NNN and, in them, each class that has amended qualifiers with [AMENDMENT, LOCALE(0xNNN)] and nothing
// but these. `amendment`: "MS_409"; empty: the document's own. 0, -ENOMEM; E_DIAG: no amendment is given, two different
// ones, or one that is not MS_ and a locale in hexadecimal.
int mof_localise(const MofDocument *d, Str amendment, Buf *neutral, Buf *localised, Diag *reterr);

#endif
