// SPDX-License-Identifier: MIT
// What the steps of bmf.h share: the layout of the records, what is asked of a type, and inner functions with
// their bounds as parameters, for tests.
#ifndef BMF_IMPL_H
#define BMF_IMPL_H

#include "base/limits.h"
#include "bmf/bmf.h"
#include "cim/status.h"

enum {
        BMF_HEADER = 16, // in front of the compressed data: "FOMB", 1, their size, the size expanded
        BMF_ROOT = 20,   // in front of the objects: "FOMB", size, 1, 1, number of objects
        BMF_OBJECT = 20, // class, instance, parameters
        BMF_LIST = 8,
        BMF_PROPERTY = 20, // or method
        BMF_QUALIFIER = 16,
        BMF_ARRAY = 16,
};
#define BMF_NONE        UINT32_MAX         // an offset: absent
#define BMF_FLAVOR_MARK "BMOFQUALFLAVOR11" // begins the part with the flavors

// Objects inside of an object: as many as in a text, and the parameters of a method in between.
enum { BMF_DEPTH = LIMIT_DEPTH + 1 };

// Bytes of a value of a scalar type, or of an array's element; 0: it has no fixed size, or is unknown.
unsigned bmf_size_of(uint32_t type);
// Is such a value (or element) a string of UTF-16?
bool bmf_is_text(uint32_t type);

// An empty Bmf with an arena of its own; NULL: out of memory.
Bmf *bmf_new(void);

int bmf_pack_within(Str expanded, size_t limit, Buf *ret);
int bmf_unpack_within(Str file, size_t limit, Buf *ret, size_t *ret_used, Diag *reterr);
int bmf_read_within(Str expanded, size_t limit, Bmf **ret, Diag *reterr);
int bmf_write_within(const Bmf *b, size_t limit, Buf *ret);

#endif
