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
// 0, -ENOMEM, -ELOOP, -E2BIG.
int cim_wmio_write(const CimInstance *i, Str server, Buf *out);

typedef struct CimWmioOptions {
        bool tolerant; // also what other encoders write: the two NdTable bits swapped, unset numbers as 0, unset strings as
                       // inherited defaults, dictionary names, qualifier and property order as it comes
} CimWmioOptions;

// Reads an encoding unit; hostile input. The class is built from the bytes alone (its superclasses too, as far as the derivation
// list and the parent part tell them). 0 with a reference; E_DIAG with the offset of what is wrong; -ENOMEM.
int cim_wmio_read(const uint8_t *p, size_t n, const CimWmioOptions *options, CimInstance **ret, Diag *reterr);

#endif
