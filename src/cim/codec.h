// SPDX-License-Identifier: MIT
// Classes as bytes, for the stream between processes: a bundle holds a class, its superclasses and the classes of its
// embedded objects in an order in which each can be built, so that a reader needs nothing else.
//
//   bundle:    "FWC1" | u32 classes | classes; the last one is the one that was asked for
//   class:     u32 superclass | name | qualifiers | u32 n, n * u32 classes that its objects may be of | properties |
//              methods; a class is a number from 1, always one further ahead in the bundle, 0: none
//   qualifier: name | u8 flavor | value
//   property:  name | u16 type | class name | u32 max | qualifiers | u8 has default | value if it has
//   method:    name | u16 return type | class name | parameters as properties | qualifiers
//   value:     u16 type | scalar, or of an array u8 null, u32 n, n scalars
//   scalar:    u8 null | by type: little-endian number of its width, u32 n and n UTF-16 units, object
//   object:    u32 class (in an event's payload: class name) | its properties' values
//
// Names are u32 bytes and UTF-8; lists are preceded by u32. A class has one encoding.
#ifndef CIM_CODEC_H
#define CIM_CODEC_H

#include "base/buf.h"
#include "cim/class.h"
#include "cim/event.h"

// More classes, or more memory for them, no bundle may need.
#define CODEC_CLASSES 4096u
#define CODEC_BYTES   (64u << 20)

// Appends the bundle of c. 0, -ENOMEM, -ELOOP (a default value nested deeper than LIMIT_DEPTH), -E2BIG.
int cim_codec_write_class(const CimClass *c, Buf *out);
// Reads a bundle: all input is hostile. 0 with a reference for the caller; E_DIAG malformed; -ENOMEM.
int cim_codec_read_class(const uint8_t *p, size_t n, CimClass **ret, Diag *reterr);

// Appends the values of an instance: the payload of an event that no driver fires. 0, -ENOMEM, -ELOOP.
int cim_codec_write_values(const CimInstance *i, Buf *out);
// Reads them into values[c->property_count] as cim_block_decode does. Embedded objects must be of the class that
// their property declares. 0, 1 malformed, -ENOMEM.
int cim_codec_read_values(const uint8_t *p, size_t n, const CimClass *c, const CimWant *want, Arena *a,
                          CimValue *values, CimBlockError *reterr);

#endif
