// SPDX-License-Identifier: MIT
// For tests: do two documents say the same?
#ifndef MOF_TEST_DOCUMENT_H
#define MOF_TEST_DOCUMENT_H

#include "base/buf.h"
#include "mof/document.h"

// Everything but places, texts and names of sources. False: *why (may be NULL) gets where they differ first, and how.
bool test_document_same(const MofDocument *a, const MofDocument *b, Buf *why);
bool test_value_same(const MofValue *a, const MofValue *b);

#endif
