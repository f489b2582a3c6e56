// SPDX-License-Identifier: MIT
// Binary MOF, the .bmf that Windows' mofcomp -B writes, firmware carries in WQxx buffers and drivers in MOFDATA resources.
//
//   file bytes   <- bmf_pack / bmf_unpack ->   expanded bytes   <- bmf_write / bmf_read ->   Bmf   <->   MofDocument
//
// A Bmf is the records as they are, nothing interpreted: reading and writing it again gives the same bytes. The step to and
// from a document knows what mofcomp makes of a text. No function here follows a pointer or a length of its input that it
// has not checked; depth, counts and memory are bounded.
#ifndef BMF_BMF_H
#define BMF_BMF_H

#include "base/buf.h"
#include "base/error.h"
#include "mof/document.h"

// --- compression ---------------------------------------------------------------------------------

// Is this the beginning of a file of binary MOF, "FOMB" and its version? (What it expands to begins with FOMB too.)
bool bmf_is(Str bytes);
// Expands a file; what stands behind the stream that its header announces is left alone (*ret_used: bytes of it that
// belong to it; may be NULL). 0; E_DIAG: the offset in *reterr is that of the fault in `file`, *ret has what was expanded
// until there; -ENOMEM; -EFBIG beyond LIMIT_BMF_BYTES.
int bmf_unpack(Str file, Buf *ret, size_t *ret_used, Diag *reterr);
// Compresses as mofcomp does, byte for byte, with the file's header in front. 0, -ENOMEM, -EFBIG.
int bmf_pack(Str expanded, Buf *ret);

// --- records -------------------------------------------------------------------------------------

typedef struct BmfObject BmfObject;
typedef struct BmfValue BmfValue;

enum { BMF_ALIAS = 0x4000 }; // or-ed to a type: the value is the name of an alias

struct BmfValue {
        uint16_t type; // CimType, CIM_ARRAY, BMF_ALIAS
        union {
                uint64_t bits; // booleans (0 or 0xFFFF, or whatever stands there), integers, reals as they stand
                Str16 string;  // string, datetime, reference, alias
                const BmfObject *object;
                struct {
                        const BmfValue *items;
                        uint32_t count;
                } array;
        };
};

typedef struct BmfQualifier {
        Str16 name;
        uint32_t at; // offset of its record
        bool has_value, has_flavor;
        uint32_t flavor; // as stored
        BmfValue value;
} BmfQualifier;

typedef struct BmfQualifiers {
        bool present;
        const BmfQualifier *items;
        uint32_t count;
} BmfQualifiers;

typedef struct BmfProperty { // and method: its value is an array of its one or two parameter objects
        Str16 name;
        uint32_t at;
        uint32_t type;
        bool has_value;
        BmfValue value;
        BmfQualifiers qualifiers;
} BmfProperty;

struct BmfObject {
        uint32_t at;
        uint32_t kind; // 0 class, 1 instance (and parameters)
        BmfQualifiers qualifiers;
        const BmfProperty *properties;
        uint32_t property_count;
        bool has_methods; // the list is there, maybe empty
        const BmfProperty *methods;
        uint32_t method_count;
};

typedef struct Bmf {
        const BmfObject *const *objects;
        uint32_t object_count;
        bool has_flavors; // there is a part with flavors
        bool unpadded;    // of the Windows 2000 kind: nothing is padded
        bool cut;         // the data ended early, and what it said of flavors with it
        Arena *arena;
} Bmf;

// Reads expanded data. 0; E_DIAG: *reterr says what and at which offset, *ret holds what could be read: a record
// (qualifier, property, method, object) that is broken is left out; -ENOMEM; -EFBIG beyond LIMIT_BMF_BYTES. The
// data may go.
int bmf_read(Str expanded, Bmf **ret, Diag *reterr);
// The bytes of the records, as mofcomp lays them out. 0, -ENOMEM, -EFBIG (LIMIT_BMF_BYTES, LIMIT_BMF_ITEMS, or too deep).
int bmf_write(const Bmf *b, Buf *ret);
Bmf *bmf_free(Bmf *b);

// --- documents -----------------------------------------------------------------------------------

typedef struct BmfOptions {
        bool w2k; // as in the days of Windows 2000: no padding, no flavors
} BmfOptions;

// What mofcomp -B makes of a text. 0; -ENOMEM; warnings (at most `capacity`) for what it leaves out: deletions and the
// like. E_DIAG: the last of them says what binary MOF cannot hold.
int bmf_of_document(const MofDocument *d, const BmfOptions *o, Bmf **ret, Diag *warnings, size_t capacity,
                    size_t *ret_warnings);
// The text that these records came from, as a document: bmf_of_document makes the same records of it. What no text can
// say is kept as well as it can be and told in `warnings`, at least once for each such object; when these are more than
// `capacity` the last says how many. 0, -ENOMEM.
int bmf_to_document(const Bmf *b, const char *name, MofDocument **ret, Diag *warnings, size_t capacity,
                    size_t *ret_warnings);

#endif
