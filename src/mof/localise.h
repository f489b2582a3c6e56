// SPDX-License-Identifier: MIT
// Splitting a localised master text: mofcomp -MOF:neutral -MFL:localised -AMENDMENT:MS_409.
// (Public pages "Compiling Localized MOF Files", "pragma amendment", "Creating the Localized MOF File".)
#ifndef MOF_LOCALISE_H
#define MOF_LOCALISE_H

#include "base/buf.h"
#include "mof/document.h"

// Appends to *neutral the document without its amended qualifiers and without #pragma amendment, each class with
// LOCALE(number in decimal): its own number, if it has one. Appends to *localised what makes the namespaces ms_NNN and, in
// them, each class that has amended qualifiers with these, AMENDMENT and LOCALE(0xNNN). Of such a class only the properties and
// methods that have amended qualifiers are there, without default, with these qualifiers and what tells which they are:
// key, and of parameters in, out and ID. Flavors that a declaration gave are written out. A superclass is named when it is
// a system class or in *localised itself, which those are that the document declares, too; the others are unknown there.
//
// `amendment`: "MS_409"; empty: the document's own. 0, -ENOMEM; E_DIAG: no amendment is given, two different ones, or one
// that is not MS_ and a locale in hexadecimal.
int mof_localise(const MofDocument *d, Str amendment, Buf *neutral, Buf *localised, Diag *reterr);

#endif
