// SPDX-License-Identifier: MIT
// Made-up MOF texts of the kind that drivers have.
#ifndef BENCH_GENERATE_H
#define BENCH_GENERATE_H

#include "base/buf.h"

// Appends `classes` classes in root\wmi: data blocks, events and blocks with methods in turns, each with a GUID of its own. The
// same number gives the same text. buf->failed: out of memory.
void generate_classes(unsigned classes, Buf *out);

#endif
