// SPDX-License-Identifier: MIT
// The profile's writer and reader, for values and for declarations. For codec*.c only.
#ifndef CIM_CODEC_IMPL_H
#define CIM_CODEC_IMPL_H

#include "cim/class-impl.h"
#include "cim/wmio-impl.h"

// The bytes that an object takes in memory, without what its values refer to; a definition inside another
// object stands for its class. A few bytes can stand for many of them: those of all objects in one are
// bounded, alike where they are written and where they are read.
static inline size_t codec_object_bytes(const CimClass *c, Str namespace)
{
        return sizeof(CimInstance) + namespace.n + c->property_count * sizeof(CimValue);
}

static inline size_t codec_inner_bytes(const CimClass *c, Str namespace, bool is_class)
{
        return codec_object_bytes(c, namespace) + (is_class ? class_bytes(c) : 0);
}

// What is written to *out may have `limit` bytes.
void codec_writer(WmioWriter *w, const CimClassTable *table, size_t limit, const Buf *out);
// Ends the writing: r, or -ENOMEM. After an error *out is as before.
int codec_written(WmioWriter *w, int r, Buf *out);
void codec_reader(WmioReader *r, const uint8_t *p, const CimClassTable *table, Arena *a);

#endif
