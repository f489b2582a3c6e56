// SPDX-License-Identifier: MIT
// Full [MS-WMIO]: classes and instances as Windows tools put them on the wire, with their class part, methods,
// qualifiers, embedded objects. For doors to the network and for tests against other implementations; rows and the local
// wire use codec.h.
//
//   12345678h | u32 length | u8 flags | [server | namespace] | class or instance body
#ifndef CIM_WMIO_H
#define CIM_WMIO_H

#include "base/buf.h"
#include "cim/instance.h"

// Appends an encoding unit of an instance or a class definition. `server` "" : without decoration (server, namespace).
// Strings end at a NUL, and a declaration's own order of what it declares again is lost. 0, -ENOMEM, -ELOOP, -E2BIG
// (CODEC_BYTES), -EINVAL (a value that its property cannot hold; a method that returns something and has a parameter called
// ReturnValue). After an error *out is as before.
int cim_wmio_write(const CimInstance *i, Str server, Buf *out);

typedef struct CimWmioOptions {
        bool tolerant; // also what other encoders write: things in any place and order in their heaps, shared or with gaps;
                       // dictionary names; any number but 0 as TRUE; an unset string, array or object that refers to the
                       // class's name (0) has its default; qualifiers of instances, which are dropped. Where encoders
                       // do not agree on the two bits of NdTable, either means that the slot is not read
} CimWmioOptions;

// Reads an encoding unit; hostile input. Not tolerant: only what cim_wmio_write would have written, byte for byte. The
// class is built from the bytes alone (its superclasses too, as far as the derivation list and the parent part tell them:
// what cannot be seen from below is missing in them, and they count as abstract). 0 with a reference; E_DIAG with the
// offset of what is wrong; -ENOMEM.
int cim_wmio_read(const uint8_t *p, size_t n, const CimWmioOptions *options, CimInstance **ret, Diag *reterr);

#endif
