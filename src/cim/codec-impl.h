// SPDX-License-Identifier: MIT
// Values as bytes: what bundles of classes and payloads of events share. For codec*.c only.
#ifndef CIM_CODEC_IMPL_H
#define CIM_CODEC_IMPL_H

#include "cim/codec.h"
#include "cim/instance.h"

// How an object names its class: by number in a bundle, else by name.
typedef struct CodecClasses {
        const CimClass **list; // malloc; borrowed when a bundle is written, a reference each when it is read
        size_t count, capacity;
} CodecClasses;

// 0, -ENOMEM, -ELOOP. classes NULL: by name.
int codec_write_value(const CimValue *v, const CodecClasses *classes, unsigned depth, Buf *out);

typedef struct CodecReader {
        Reader in;
        Arena *arena;
        const CodecClasses *classes; // NULL: by name
        const char *wrong;           // why reading ended, once it has; NULL: -ENOMEM or the end of the bytes
} CodecReader;

// `expected` is the class that the property declares, for objects by name; may be NULL. False: malformed or
// out of memory (r->wrong says which).
bool codec_read_value(CodecReader *r, const CimClass *expected, unsigned depth, CimValue *ret);
bool codec_fail(CodecReader *r, const char *why); // returns false

// The number of c in a bundle, from 1; 0: it is not there.
uint32_t codec_class_number(const CodecClasses *classes, const CimClass *c);

extern const char codec_no_memory[]; // a value of CodecReader.wrong

#endif
