// SPDX-License-Identifier: MIT
// Bytes: Buf grows while it is written, Reader never reads past its end. Little endian, no alignment needed.
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/guid.h"
#include "base/str.h"

// All zero is an empty buffer. After one failed allocation `failed` stays set and writes do nothing: check it once.
typedef struct Buf {
        uint8_t *p;
        size_t n, capacity;
        bool failed;
} Buf;

void buf_deinit(Buf *b);
// Room for n more bytes at b->p + b->n, or NULL. The caller adds to b->n.
uint8_t *buf_reserve(Buf *b, size_t n);
void buf_put(Buf *b, const void *p, size_t n);
void buf_u8(Buf *b, uint8_t v);
void buf_u16(Buf *b, uint16_t v);
void buf_u32(Buf *b, uint32_t v);
void buf_u64(Buf *b, uint64_t v);
void buf_guid(Buf *b, const Guid *g);
// u32 byte count, then the bytes.
void buf_str(Buf *b, Str s);
void buf_str16(Buf *b, Str16 s); // u32 count of code units, then two bytes each
// Text: printf-like, and a plain string.
void buf_printf(Buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_text(Buf *b, const char *z);
// Appends a NUL that n does not count and returns the text; NULL when out of memory.
const char *buf_z(Buf *b);
// Overwrites four bytes at `at`, which must have been written.
void buf_patch_u32(Buf *b, size_t at, uint32_t v);

// After a read beyond the end `failed` stays set and reads give zeros and empty strings: check it once.
typedef struct Reader {
        const uint8_t *p;
        size_t n; // left
        bool failed;
} Reader;

const uint8_t *read_bytes(Reader *r, size_t n); // borrowed; NULL when there are fewer
uint8_t read_u8(Reader *r);
uint16_t read_u16(Reader *r);
uint32_t read_u32(Reader *r);
uint64_t read_u64(Reader *r);
Guid read_guid(Reader *r);
Str read_str(Reader *r);                  // borrowed from the input
Str16 read_str16(Reader *r, Arena *a);    // copied into the arena

#endif
