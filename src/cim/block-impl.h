// SPDX-License-Identifier: MIT
// What reading and writing data blocks share: where one is in the class, and saying so. For src/cim only.
#ifndef CIM_BLOCK_IMPL_H
#define CIM_BLOCK_IMPL_H

#include "cim/event.h"
#include "cim/layout.h"

// The way from the outermost class to an item, on the stack of the walk.
typedef struct BlockPath {
        const struct BlockPath *up; // the object that this item is in; NULL: the block itself
        const CimClass *c;
        const CimItem *item;
} BlockPath;

static inline size_t block_align(size_t at, size_t align)
{
        return (at + align - 1) & ~(align - 1);
}

// How far apart the elements of an array of fixed size stand.
static inline size_t block_stride(const CimItem *i)
{
        return block_align(i->size, i->align);
}

// Fills *reterr (may be NULL): "uint32 Outer.Inner " and what printf makes of the rest. Returns 1.
int block_error(CimBlockError *reterr, const BlockPath *path, size_t offset, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

#endif
