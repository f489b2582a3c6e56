// SPDX-License-Identifier: MIT
// The classes of documents as data blocks: what cim/layout.h, cim/event.h and cim/method.h need to know of
// them, and no more.
//
// Unlike mof/build.h this takes what there is: a superclass or an embedded class that no document has,
// instances that fit no class, qualifiers without a meaning for blocks. Firmware and drivers carry such.
#ifndef MOFCK_BLOCK_H
#define MOFCK_BLOCK_H

#include "mof/document.h"

typedef struct MofckBlocks MofckBlocks;

// documents[0..n): borrowed as long as it lives. A class is that of the first document that has one of the
// name. 0, -ENOMEM.
int mofck_blocks_new(const MofDocument *const *documents, size_t n, MofckBlocks **ret);
MofckBlocks *mofck_blocks_free(MofckBlocks *b);

// The class of that name with its superclasses and those that it embeds; borrowed. *ret NULL: no document has
// it. 0; -ENOMEM; E_DIAG: it makes no class.
int mofck_blocks_class(MofckBlocks *b, Str name, const CimClass **ret, Diag *reterr);
// The first class up the line of superclasses that no document has, and whose items are thus not known;
// empty: none. Classes whose names begin with "__", and WMIEvent, have no items.
Str mofck_blocks_unknown_base(const MofckBlocks *b, Str name);
// Visits the names of all classes, in the order of the documents; a return value other than 0 ends the walk
// and is returned.
int mofck_blocks_each(const MofckBlocks *b, int (*visit)(void *context, Str name), void *context);

#endif
