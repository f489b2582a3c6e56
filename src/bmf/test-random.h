// SPDX-License-Identifier: MIT
// For tests: documents and records that depend on nothing but a number.
#ifndef BMF_TEST_RANDOM_H
#define BMF_TEST_RANDOM_H

#include "bmf/bmf.h"

// A document as a text could be: names that are names, values that fit. NULL: out of memory.
MofDocument *random_document(uint32_t seed);
// Records of any shape that bmf_write takes: types that no compiler writes, odd flavors, parts that are
// missing.
Bmf *random_records(uint32_t seed);

#endif
