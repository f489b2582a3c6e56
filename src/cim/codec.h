// SPDX-License-Identifier: MIT
// Classes as bytes, for the stream between processes: a bundle holds a class, its superclasses and the classes of its
// embedded objects in an order in which each can be built, so that a reader needs nothing else.
#ifndef CIM_CODEC_H
#define CIM_CODEC_H

#include "base/buf.h"
#include "cim/class.h"

// Appends the bundle of c. 0, -ENOMEM, -ELOOP (embedded deeper than LIMIT_DEPTH).
int cim_codec_write_class(const CimClass *c, Buf *out);
// Reads a bundle: all input is hostile. 0 with a reference for the caller; E_DIAG malformed; -ENOMEM.
int cim_codec_read_class(const uint8_t *p, size_t n, CimClass **ret, Diag *reterr);

#endif
