// SPDX-License-Identifier: MIT
// Objects as bytes: one strict profile of [MS-WMIO] for rows of the database and for the stream between processes.
//
// A class is written as its own declaration (nothing inherited; superclass by name), an instance without its class:
//
//   class:     an MS-WMIO class part and method part, all names heap strings; the derivation list holds the superclass
//   instance:  NdTable, ValueTable, heap, as in MS-WMIO's instance part; an object inside it is
//              u32 length | u32 class | u8 flags (1: a class definition) | instance
//
// What "class" is, is said by a CimClassTable: a handle of the stream, a number of the database, an index in a set. There
// is one encoding of each object: a reader refuses every other one (heap out of order, gaps, bytes behind the end), so
// equal objects are equal bytes. Tolerance for other encoders is wmio.h's. What makes it one:
//
//   heaps      hold what is referred to in the order in which it is come by, each thing once, without gaps: class name,
//              names and values of the class's qualifiers; for each property in the order of names its name, its info, names
//              and values of its qualifiers; then the defaults in the order of declaration. Methods: name, qualifier
//              set, names and values of qualifiers, signatures. Items of an array behind all its slots
//   strings    00 and 8-bit characters when all are below 100h; 01 and UTF-16 else; 02, u32 count and UTF-16 when there is a
//              NUL inside (MS-WMIO cannot say that)
//   NdTable    of an instance: 0 the value, 1 NULL. Of a class: 0 the default, 1 a default of NULL, 2 none was given. Slots
//              without a value are zero
//   NULL       among an array's items: FFFFFFFFh (numbers there cannot be NULL); of a qualifier: 80000000h on its type
//   booleans   0 or FFFFh; a real32 is no signalling NaN
//   types      CIMTYPE names the class of an object or reference, MAX the n of T[n] unless a declared qualifier says it.
//              They come first and have the flavor 40h, which no declaration has
//   methods    the first signature has all parameters in their order, the second one ReturnValue; none: a length of 0
//
//   set:       u32 classes | classes | u32 objects | objects
//   class:     u8 kind | namespace | u64 version | kind 0: u32 superclass (index from 1, 0: none), u32 n and n u32
//              (classes that its objects may be of), its bytes; kind 1: its name, for a reader that gave out the version
//   object:    u32 length | u32 class | u8 flags | instance, which a class definition has not
//              (names and bytes behind their u32 length; a class stands behind those that it needs)
#ifndef CIM_CODEC_H
#define CIM_CODEC_H

#include "base/buf.h"
#include "cim/class.h"
#include "cim/event.h"

// More classes, or more memory for them, no set or bundle may need; nor its objects (what their values refer to aside), nor the
// objects inside one; the definition of a class inside an object counts as that class.
#define CODEC_CLASSES 4096u
#define CODEC_BYTES   (64u << 20)

// --- one class -----------------------------------------------------------------------------------
// Appends the declaration of c. 0, -ENOMEM, -ELOOP (a default nested deeper than LIMIT_DEPTH), -E2BIG (CODEC_BYTES).
// table: for objects among its default values and qualifiers.
int cim_codec_write_declared(const CimClass *c, const CimClassTable *table, Buf *out);
// Reads one into `a`: all input is hostile. *ret borrows from `a`. E_DIAG, -ENOMEM.
int cim_codec_read_declared(const uint8_t *p, size_t n, const CimClassTable *table, Arena *a, CimClassSpec *ret,
                            Str *ret_superclass, Diag *reterr);

// A bundle: a set with no objects, whose last class is the one that was asked for, so that a reader needs nothing else.
int cim_codec_write_class(const CimClass *c, Buf *out);
// 0 with a reference for the caller; E_DIAG malformed; -ENOMEM.
int cim_codec_read_class(const uint8_t *p, size_t n, CimClass **ret, Diag *reterr);

// --- values of one object ------------------------------------------------------------------------
struct CimClassTable {
        // Writing: the number of a class that an object is of. 0, or a negative errno that ends the writing.
        int (*number)(void *context, const CimClass *c, Str namespace, uint32_t *ret);
        // Reading: the class of a number, borrowed, and where its objects live. NULL: there is none, the bytes are malformed.
        const CimClass *(*find)(void *context, uint32_t number, Str *ret_namespace);
        void *context;
};

// Appends the values of an instance: the payload of an event that no driver fires, a row. table NULL: objects inside it
// are refused with -EINVAL, as is a value that its property cannot hold (another type, out of range, an object of another
// class, a NULL among numbers). 0, -ENOMEM, -ELOOP, -E2BIG (LIMIT_OBJECT_BYTES, LIMIT_ARRAY_ITEMS, CODEC_BYTES), what table->number
// returned. After an error *out is as before.
int cim_codec_write_values(const CimInstance *i, const CimClassTable *table, Buf *out);
// Reads them into values[c->property_count] as cim_block_decode does; what is not wanted is checked but left alone. An object
// must be of the class that its property declares, or derived from it. Strings borrow from p where they stand aligned in
// UTF-16, else they are in `a`. 0, 1 malformed, -ENOMEM.
int cim_codec_read_values(const uint8_t *p, size_t n, const CimClass *c, const CimWant *want, const CimClassTable *table,
                          Arena *a, CimValue *values, CimBlockError *reterr);

// --- sets ----------------------------------------------------------------------------------------
// Objects with the classes that they need, for a message.
typedef struct CimSetWriter CimSetWriter;
// by_version: classes that have a version (the reader gave it out) go by name and version alone. NULL: out of memory.
CimSetWriter *cim_set_writer_new(bool by_version);
CimSetWriter *cim_set_writer_free(CimSetWriter *w);
// Adds an instance or a class definition (is_class). 0, -ENOMEM, -ELOOP, -E2BIG. After an error it is as before.
int cim_set_add(CimSetWriter *w, const CimInstance *i);
size_t cim_set_bytes(const CimSetWriter *w); // that finish will append, roughly
void cim_set_finish(const CimSetWriter *w, Buf *out); // out->failed: out of memory

typedef struct CimSet {
        CimInstance **objects; // a reference each
        size_t count;
} CimSet;

// How a reader that knows classes finds one (kind 1: by name and version; kind 0 is not looked up). *ret_stale set: it is
// known no more, the writer must send it whole. NULL context and function: kind 1 is malformed.
typedef const CimClass *(*CimSetResolve)(void *context, Str namespace, Str name, uint64_t version, bool *ret_stale);
// 0; E_DIAG malformed (CIM_E_INVALID_OBJECT), or CIM_E_INVALID_CLASS with *ret_stale (may be NULL) set; -ENOMEM. A class of kind 0
// gets the version that the set says, so that it can be written by version to whoever sent it; for a reader with `resolve`,
// who gave the versions out, it has none.
int cim_set_read(const uint8_t *p, size_t n, CimSetResolve resolve, void *context, CimSet *ret, bool *ret_stale,
                 Diag *reterr);
void cim_set_deinit(CimSet *s);

#endif
