// SPDX-License-Identifier: MIT
// The layout of the records: sizes of their heads, and what both directions ask of a type.
#ifndef BMF_IMPL_H
#define BMF_IMPL_H

#include <stdbool.h>
#include <stdint.h>

enum {
        BMF_HEADER = 16, // in front of the compressed data
        BMF_ROOT = 20,   // in front of the objects
        BMF_OBJECT = 20,
        BMF_LIST = 8,
        BMF_PROPERTY = 20, // or method
        BMF_QUALIFIER = 16,
        BMF_ARRAY = 16,
};
#define BMF_NONE UINT32_MAX // an offset: absent

// Bytes of a value of a scalar type; 0: it has no fixed size, or is unknown.
unsigned bmf_size_of(uint32_t type);
// Is such a value a string of UTF-16?
bool bmf_is_text(uint32_t type);

#endif
