// SPDX-License-Identifier: MIT
// Envelopes as bytes: u64 sequence | u64 host | u64 time | guid | u16 name bytes | name (UTF-16) | u8 kind | u32 size | payload
#ifndef WIRE_ENVELOPE_H
#define WIRE_ENVELOPE_H

#include "base/buf.h"
#include "cim/event.h"

enum { WIRE_ENVELOPE_FIXED = 8 + 8 + 8 + 16 + 2 + 1 + 4 };

// The bytes that wire_envelope_write will append.
size_t wire_envelope_size(const CimEnvelope *e);
// Writes into p, which has room for wire_envelope_size bytes (for queues that must not allocate).
void wire_envelope_store(const CimEnvelope *e, uint8_t *p);
// The same without the payload, which the caller writes to what is returned (e->payload is not read).
uint8_t *wire_envelope_store_head(const CimEnvelope *e, uint8_t *p);
void wire_envelope_write(const CimEnvelope *e, Buf *out);
// Reads; the payload is borrowed from p, the name too when it is aligned, else copied into `a`.
// 0; 1: malformed; -ENOMEM.
int wire_envelope_read(const uint8_t *p, size_t n, Arena *a, CimEnvelope *ret);

#endif
