// SPDX-License-Identifier: MIT
// What the strict profile (codec.h) and full MS-WMIO (wmio.h) share: strings, values, class parts, method
// parts. For codec*.c and wmio*.c only.
//
// A writer puts things into heaps one behind another, in one order; the reader goes through them in the same
// order. In the profile each reference must point to where the last thing ended, so nothing can be put in
// another way.
#ifndef CIM_WMIO_IMPL_H
#define CIM_WMIO_IMPL_H

#include "cim/codec.h"
#include "cim/instance.h"

enum {
        WMIO_CLASS = 1,
        WMIO_INSTANCE = 2,
        WMIO_DECORATION = 4,     // ObjectFlags
        WMIO_INHERITED = 0x4000, // on a property's type
        WMIO_PROPAGATED = 0x20,  // of a method's flags
        WMIO_NULL = 1,
        WMIO_DEFAULT = 2,          // NdTable: NULL; the value is inherited
        WMIO_FLAVOR_SYSTEM = 0x40, // a qualifier that no declaration holds
        WMIO_METHOD_BYTES = 24,    // of a method description
};
#define WMIO_NO_REF         0xFFFFFFFFu
#define WMIO_HEAP           0x80000000u // on a heap's length
#define WMIO_QUALIFIER_NULL 0x80000000u // profile: on a qualifier's type

typedef struct WmioPart WmioPart;

typedef struct WmioProperty {
        Str name;
        uint16_t type;
        bool inherited;
        uint32_t origin; // depth of the class that introduced it
        uint8_t nd;      // WMIO_NULL: no value is there
        CimValue value;
        const CimQualifier *qualifiers;
        size_t qualifier_count;
} WmioProperty;

typedef struct WmioMethod {
        Str name;
        bool inherited;
        uint32_t origin;
        const CimQualifier *qualifiers;
        size_t qualifier_count;
        const WmioPart *in, *out; // the class __PARAMETERS, NULL: none
} WmioMethod;

// A class part and its method part. Parts with a NULL name stand for no class.
struct WmioPart {
        Str name;
        const Str *derivation; // superclass first
        size_t derivation_count;
        const CimQualifier *qualifiers;
        size_t qualifier_count;
        WmioProperty *properties; // in order of declaration
        size_t property_count;
        WmioMethod *methods;
        size_t method_count;
        const uint32_t *offsets; // when it was read: of each property's value in a table of values,
        size_t table;            // and the bytes of NdTable and such a table
};

// Bytes of a value of that type in a table, arrays 4; 0: there is no such type.
uint32_t wmio_width(uint32_t type);
// Does a value stand in the heap?
bool wmio_in_heap(uint16_t type);
// MAX of an array, when these qualifiers say it; 0: they do not. *ret_index (may be NULL): which one.
uint32_t wmio_max(uint16_t type, const CimQualifier *q, size_t n, size_t *ret_index);
// The text of CIMTYPE: "uint32", "object:Thing". p NULL: out of memory.
Str16 wmio_cimtype(Arena *a, uint16_t type, Str class_name);
// The reverse, of an object or a reference: the class, "" when none is named. p NULL: out of memory.
Str wmio_cimtype_class(Arena *a, const CimValue *v);

// --- writing -------------------------------------------------------------------------------------
typedef struct WmioWriter WmioWriter;
struct WmioWriter {
        // Appends an object behind its length. 0 or what ends the writing.
        int (*object)(WmioWriter *w, const CimInstance *i, unsigned depth, Buf *out);
        bool full;
        const CimClassTable *table; // profile
        Str server;                 // full
        size_t start, limit;        // -E2BIG when more than `limit` bytes follow `start`
        Arena scratch;
        size_t objects;       // profile: bytes that the objects written take in memory, at most CODEC_BYTES
        const CimClass *last; // full: whose part is `last_part`; objects of one class come in rows
        WmioPart last_part;
};

void wmio_put_name(Str s, Buf *out);
// NdTable and ValueTable of i's values, then (full) the set of no qualifiers, then a heap. 0, -ENOMEM,
// -EINVAL: a value is not of its property's type or cannot be said.
int wmio_put_instance(WmioWriter *w, const CimInstance *i, unsigned depth, Buf *out);
// p NULL: no class.
int wmio_put_class_part(WmioWriter *w, const WmioPart *p, Buf *out);
int wmio_put_method_part(WmioWriter *w, const WmioPart *p, Buf *out);

// --- reading -------------------------------------------------------------------------------------
typedef struct WmioReader WmioReader;

// The classes that a reader made, a reference each.
typedef struct WmioClasses {
        CimClass **list;
        size_t count, capacity, bytes;
} WmioClasses;

struct WmioReader {
        // Reads the n bytes of an object, all of them. ret NULL: only check them. False: r->wrong says why.
        bool (*object)(WmioReader *r, const uint8_t *p, size_t n, Str class_name, unsigned depth,
                       const CimInstance **ret);
        bool full;
        Arena *arena;
        Arena *scratch;             // full: for class parts
        WmioClasses *made;          // full
        const CimClassTable *table; // profile
        const uint8_t *start;       // of the input, for offsets
        size_t budget;              // bytes that may still be allocated
        size_t objects;             // profile: bytes that objects take in memory, at most CODEC_BYTES
        unsigned nesting;           // of blocks in blocks
        const char *wrong;          // why reading ended
        size_t offset;              // and where
};

extern const char wmio_no_memory[]; // a value of WmioReader.wrong

// A range of the input that is read from its beginning on.
typedef struct WmioIn {
        WmioReader *r;
        const uint8_t *p, *end;
} WmioIn;

// A heap: `at` is where the next thing is read, and in the profile must be.
typedef struct WmioHeap {
        const uint8_t *p;
        size_t n, at;
} WmioHeap;

bool wmio_fail(WmioReader *r, const uint8_t *where, const char *why); // false
bool wmio_spend(WmioReader *r, size_t count, size_t size);  // takes from the budget, for memory or work
void *wmio_alloc(WmioReader *r, size_t count, size_t size); // NULL: r->wrong says why
bool wmio_in_bytes(WmioIn *in, size_t n, const uint8_t **ret);
bool wmio_in_u8(WmioIn *in, uint8_t *ret);
bool wmio_in_u16(WmioIn *in, uint16_t *ret);
bool wmio_in_u32(WmioIn *in, uint32_t *ret);
// A length that counts its own four bytes; *ret is what it spans behind them.
bool wmio_in_block(WmioIn *in, WmioIn *ret);
bool wmio_in_heap_part(WmioIn *in, WmioHeap *ret);
bool wmio_in_end(WmioIn *in);            // nothing may be left
bool wmio_in_name(WmioIn *in, Str *ret); // an Encoded-String
bool wmio_heap_name(WmioReader *r, WmioHeap *h, uint32_t ref, Str *ret);
bool wmio_heap_end(WmioReader *r, const WmioHeap *h); // the profile has nothing behind the last thing

// A value whose slot is at `slot`. ret NULL: only check it.
bool wmio_get_value(WmioReader *r, WmioHeap *h, uint16_t type, Str class_name, const uint8_t *slot,
                    unsigned depth, CimValue *ret);
// A class part; names are in r->arena. A part that stands for no class has a NULL name.
bool wmio_get_class_part(WmioIn *in, WmioPart *ret);
bool wmio_get_method_part(WmioIn *in, WmioPart *ret);

// --- classes as parts, full MS-WMIO --------------------------------------------------------------
// The part of a class, inherited things included; *ret borrows from c and `a`. 0, -ENOMEM, -EINVAL: a method
// has a parameter called ReturnValue besides what it returns.
int wmio_part_of_class(Arena *a, const CimClass *c, WmioPart *ret);
// The reverse: builds the class and its superclasses, as far as the parts tell them. `above` is the
// superclass's part, NULL when it is not known. *ret is borrowed from r->made.
bool wmio_class_of_part(WmioReader *r, const uint8_t *where, const WmioPart *above, const WmioPart *own,
                        const CimClass **ret);

#endif
