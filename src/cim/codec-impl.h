// SPDX-License-Identifier: MIT
// Values as bytes: what bundles of classes and payloads of events share. For codec*.c only.
#ifndef CIM_CODEC_IMPL_H
#define CIM_CODEC_IMPL_H

#include "cim/codec.h"
#include "cim/instance.h"

// 0, -ENOMEM, -ELOOP, -EINVAL: an object without a table.
int codec_write_value(const CimValue *v, const CimClassTable *table, unsigned depth, Buf *out);

typedef struct CodecReader {
        Reader in;
        Arena *arena;
        const CimClassTable *table; // NULL: no objects
        const char *wrong;           // why reading ended, once it has; NULL: -ENOMEM or the end of the bytes
} CodecReader;

// `expected` is the class that the property declares; may be empty. False: malformed or
// out of memory (r->wrong says which).
bool codec_read_value(CodecReader *r, Str expected, unsigned depth, CimValue *ret);
bool codec_fail(CodecReader *r, const char *why); // returns false

extern const char codec_no_memory[]; // a value of CodecReader.wrong

#endif
