// SPDX-License-Identifier: MIT
// The profile's writer and reader, for values and for declarations. For codec*.c only.
#ifndef CIM_CODEC_IMPL_H
#define CIM_CODEC_IMPL_H

#include "cim/wmio-impl.h"

// The bytes that an object of that class takes in memory, without what its values refer to. A few bytes can
// stand for many of them: those of all objects in one are bounded, alike where they are written and where
// they are read.
static inline size_t codec_object_bytes(const CimClass *c)
{
        return sizeof(CimInstance) + c->property_count * sizeof(CimValue);
}

// What is written to *out may have `limit` bytes.
void codec_writer(WmioWriter *w, const CimClassTable *table, size_t limit, const Buf *out);
// Ends the writing: r, or -ENOMEM. After an error *out is as before.
int codec_written(WmioWriter *w, int r, Buf *out);
void codec_reader(WmioReader *r, const uint8_t *p, const CimClassTable *table, Arena *a);

#endif
