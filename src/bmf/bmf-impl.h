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

enum { BMF_ID_FLAVOR = 0x11 }; // of the ID that the compiler adds to a parameter

// Objects inside of an object: as many as in a text, and the parameters of a method in between.
enum { BMF_DEPTH = LIMIT_DEPTH + 1 };

// Bytes of a value of a scalar type, or of an array's element; 0: it has no fixed size, or is unknown.
unsigned bmf_size_of(uint32_t type);
// Is such a value (or element) a string of UTF-16?
bool bmf_is_text(uint32_t type);

// An empty Bmf with an arena of its own; NULL: out of memory.
Bmf *bmf_new(void);

// One object of a document as bmf_of_document makes it, in the arena of `b`; without flavors when that is
// unpadded. 0, -ENOMEM, E_DIAG.
int bmf_lower_object(const MofDocument *d, const MofObject *o, Bmf *b, BmfObject *ret, Diag *reterr);

// Warnings about a file called `name`: those that fit are in the list, `told` counts all.
typedef struct BmfWarnings {
        Diag *list;
        size_t capacity, count, told;
        const char *name;
} BmfWarnings;

void bmf_warn(BmfWarnings *w, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
// Warns where `o`, made of the record `from`, does not say all of it: lowered again it is another record (not
// told when not `all`: a reason was told), or it has in it what a text cannot say. 0, -ENOMEM.
int bmf_raise_check(const Bmf *b, const BmfObject *from, const MofDocument *d, const MofObject *o, bool all,
                    BmfWarnings *w);

// Do two objects say the same, places aside? False: `why` is what differs first.
enum { BMF_WHY = 256 };
bool bmf_same_object(const BmfObject *a, const BmfObject *b, char why[BMF_WHY]);
bool bmf_same_value(const BmfValue *a, const BmfValue *b);
bool bmf_same_qualifier(const BmfQualifier *a, const BmfQualifier *b);

int bmf_pack_within(Str expanded, size_t limit, Buf *ret);
int bmf_unpack_within(Str file, size_t limit, Buf *ret, size_t *ret_used, Diag *reterr);
int bmf_read_within(Str expanded, size_t limit, size_t items, Bmf **ret, Diag *reterr);
int bmf_write_within(const Bmf *b, size_t limit, size_t items, Buf *ret);

#endif
