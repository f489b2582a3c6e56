// SPDX-License-Identifier: MIT
// The compression of binary MOF: DoubleSpace's "DS" stream, version 00 01.
//
// Bits, the least significant first, in blocks of 512 expanded bytes:
//
//   01 + 7 bits       a byte of 128..255              00 + 6 bits        distance 1..63
//   10 + 7 bits       a byte of 0..127                11 0 + 8 bits      distance 64..319
//                                                     11 1 + 12 bits     distance 320..4414; 0xFFF: the end
//                                                     of a block
//
// Behind a distance stands a length: z zeros (at most 8), a one, z bits e: 2^z + 1 + e.
#include "bmf/bmf.h"

#include <stdlib.h>

#include "base/limits.h"
#include "bmf/bmf-impl.h"
#include "cim/status.h"

enum {
        BLOCK = 512,       // expanded bytes between two marks
        FAR = 4414,        // the largest distance
        MARK = 0xFFF,      // instead of a distance
        LONGEST_ZEROS = 8, // lengths up to 512
};

static uint32_t u32_at(const uint8_t *p)
{
        return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

bool bmf_is(Str bytes)
{
        return bytes.n >= 8 && memcmp(bytes.p, "FOMB\1\0\0\0", 8) == 0;
}

static int fault(Diag *d, size_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fault(Diag *d, size_t offset, const char *format, ...)
{
        va_list args;
        if (!d)
                return E_DIAG;
        va_start(args, format);
        diag_setv(d, CIM_MOF_INVALID_FILE, format, args);
        va_end(args);
        d->line = d->column = 0;
        d->offset = offset;
        d->length = 0;
        return E_DIAG;
}

// --- expanding -----------------------------------------------------------------------------------

typedef struct Bits {
        const uint8_t *p;
        size_t n, next; // bytes
        uint64_t held;
        unsigned count; // bits in `held`
        bool ended;     // more was asked for than there is
} Bits;

static unsigned bits(Bits *b, unsigned k)
{
        while (b->count < k && b->next < b->n) {
                b->held |= (uint64_t)b->p[b->next++] << b->count;
                b->count += 8;
        }
        if (b->count < k) {
                b->ended = true;
                return 0;
        }
        unsigned v = (unsigned)(b->held & ((1u << k) - 1));
        b->held >>= k;
        b->count -= k;
        return v;
}

// The distance of a match; 0 is none, FAR + 1 a mark.
static unsigned distance(Bits *b, unsigned kind)
{
        if (kind == 0)
                return bits(b, 6);
        if (!bits(b, 1))
                return b->ended ? 0 : bits(b, 8) + 64;
        unsigned v = bits(b, 12);
        return b->ended ? 0 : v == MARK ? FAR + 1 : v + 320;
}

// 0: malformed.
static unsigned length(Bits *b)
{
        unsigned z = 0;
        while (!bits(b, 1))
                if (b->ended || ++z > LONGEST_ZEROS)
                        return 0;
        return (1u << z) + 1 + (z ? bits(b, z) : 0);
}

static int expand(Bits *b, size_t header, size_t wanted, Buf *out, Diag *reterr)
{
        size_t start = out->n;
        while (out->n - start < wanted) {
                size_t at = header + b->next, left = wanted - (out->n - start);
                unsigned kind = bits(b, 2);
                if (!b->ended && (kind == 1 || kind == 2)) {
                        unsigned v = bits(b, 7);
                        if (!b->ended)
                                buf_u8(out, (uint8_t)(kind == 1 ? v | 128 : v));
                } else if (!b->ended) {
                        unsigned far = distance(b, kind);
                        if (far == FAR + 1)
                                continue;
                        unsigned n = b->ended || !far ? 0 : length(b);
                        if (!b->ended && (!far || far > out->n - start))
                                return fault(reterr, at,
                                             "the compressed data refer to a byte in front of the first (%u "
                                             "back at %zu)",
                                             far, out->n - start);
                        if (!b->ended && !n)
                                return fault(reterr, at,
                                             "a length of more than 512 bytes in the compressed data");
                        if (!b->ended && n > left)
                                return fault(
                                        reterr, at,
                                        "the compressed data are longer than their header says (%zu bytes)",
                                        wanted);
                        uint8_t *to = b->ended ? NULL : buf_reserve(out, n);
                        for (unsigned i = 0; to && i < n; i++)
                                to[i] = to[(ptrdiff_t)i - (ptrdiff_t)far];
                        out->n += to ? n : 0;
                }
                if (out->failed)
                        return -ENOMEM;
                if (b->ended)
                        return fault(reterr, header + b->n, "the compressed data end after %zu of %zu bytes",
                                     out->n - start, wanted);
        }
        return 0;
}

int bmf_unpack(Str file, Buf *ret, size_t *ret_used, Diag *reterr)
{
        const uint8_t *p = (const uint8_t *)file.p;
        size_t ignored;
        size_t *used = ret_used ? ret_used : &ignored;
        *used = 0;
        if (file.n < 4 || memcmp(p, "FOMB", 4) != 0)
                return fault(reterr, 0, "not binary MOF: it does not begin with FOMB");
        if (file.n < BMF_HEADER)
                return fault(reterr, file.n, "the header of binary MOF has %u bytes, there are %zu",
                             BMF_HEADER, file.n);
        if (u32_at(p + 4) != 1)
                return fault(reterr, 4, "binary MOF of the kind %u: 1 is known", u32_at(p + 4));
        size_t packed = u32_at(p + 8), wanted = u32_at(p + 12), there = file.n - BMF_HEADER;
        if (wanted > LIMIT_BMF_BYTES)
                return -EFBIG;
        size_t n = packed < there ? packed : there;
        *used = BMF_HEADER + n;
        if (n < 4)
                return fault(reterr, file.n, "the compressed data are missing");
        if (memcmp(p + BMF_HEADER, "DS\0\1", 4) != 0)
                return fault(reterr, BMF_HEADER,
                             "the compressed data begin with %02x %02x %02x %02x, not with DS 00 01", p[16],
                             p[17], p[18], p[19]);
        Bits b = {.p = p + BMF_HEADER + 4, .n = n - 4};
        return expand(&b, BMF_HEADER + 4, wanted, ret, reterr);
}

// --- compressing ---------------------------------------------------------------------------------
// mofcomp takes the longest match within the block; of several the nearest; of length 2 too, wherever it is;
// no looking ahead. Matches of three bytes and more are found by chains of positions whose first three bytes
// have the same hash, nearest first; those of two in a table of the last position of each pair.

enum { HASH_BITS = 15, WINDOW = 8192 };

typedef struct Packer {
        const uint8_t *p;
        size_t n;
        size_t *last;   // [1 << HASH_BITS] of a hash of three bytes: position + 1; 0: none
        size_t *pairs;  // [65536] of two bytes: the same
        size_t *before; // [WINDOW] the position + 1 of the one before with the same hash
        uint64_t held;
        unsigned count;
        Buf *out;
} Packer;

static void put(Packer *k, unsigned v, unsigned n)
{
        k->held |= (uint64_t)v << k->count;
        for (k->count += n; k->count >= 8; k->count -= 8, k->held >>= 8)
                buf_u8(k->out, (uint8_t)k->held);
}

static unsigned hash3(const uint8_t *p)
{
        uint32_t v = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
        return v * 2654435761u >> (32 - HASH_BITS);
}

static unsigned pair(const uint8_t *p)
{
        return (unsigned)p[0] | (unsigned)p[1] << 8;
}

// The longest match at `at` of at most `most` bytes, and its distance.
static size_t longest(const Packer *k, size_t at, size_t most, size_t *ret_far)
{
        const uint8_t *p = k->p + at;
        size_t best = 1, low = at > FAR ? at - FAR : 0;
        if (most < 2)
                return 0;
        size_t two = k->pairs[pair(p)];
        if (two && two - 1 >= low) {
                best = 2;
                *ret_far = at - (two - 1);
        }
        if (most == 2 || at + 3 > k->n)
                return best < 2 ? 0 : best;
        for (size_t s = k->last[hash3(p)]; s && s - 1 >= low; s = k->before[(s - 1) % WINDOW]) {
                const uint8_t *q = k->p + s - 1;
                if (q[best] != p[best] || q[0] != p[0])
                        continue;
                size_t n = 1;
                while (n < most && q[n] == p[n])
                        n++;
                if (n > best) {
                        best = n;
                        *ret_far = at - (s - 1);
                        if (n == most)
                                break;
                }
        }
        return best < 2 ? 0 : best;
}

static void remember(Packer *k, size_t at)
{
        if (at + 2 <= k->n)
                k->pairs[pair(k->p + at)] = at + 1;
        if (at + 3 <= k->n) {
                size_t *last = &k->last[hash3(k->p + at)];
                k->before[at % WINDOW] = *last;
                *last = at + 1;
        }
}

static void put_match(Packer *k, size_t far, size_t n)
{
        if (far < 64) {
                put(k, 0, 2);
                put(k, (unsigned)far, 6);
        } else if (far < 320) {
                put(k, 3, 3);
                put(k, (unsigned)far - 64, 8);
        } else {
                put(k, 7, 3);
                put(k, (unsigned)far - 320, 12);
        }
        unsigned v = (unsigned)n - 1, z = 0;
        while (v >> (z + 1))
                z++;
        put(k, 1u << z, z + 1);
        put(k, v - (1u << z), z);
}

static void compress(Packer *k)
{
        for (size_t at = 0; at < k->n;) {
                size_t end = (at / BLOCK + 1) * BLOCK, far = 0;
                size_t most = (end < k->n ? end : k->n) - at;
                size_t n = longest(k, at, most, &far);
                if (n) {
                        put_match(k, far, n);
                } else {
                        n = 1;
                        put(k, k->p[at] & 128 ? 1 : 2, 2);
                        put(k, k->p[at] & 127, 7);
                }
                for (size_t i = 0; i < n; i++)
                        remember(k, at + i);
                at += n;
                if (at % BLOCK == 0 || at == k->n) {
                        put(k, 7, 3);
                        put(k, MARK, 12);
                }
        }
        if (k->count)
                buf_u8(k->out, (uint8_t)k->held);
}

int bmf_pack(Str expanded, Buf *ret)
{
        if (expanded.n > LIMIT_BMF_BYTES)
                return -EFBIG;
        Packer k = {.p = (const uint8_t *)expanded.p, .n = expanded.n, .out = ret};
        size_t start = ret->n;
        k.last = calloc(((size_t)1 << HASH_BITS) + 65536 + WINDOW, sizeof(*k.last));
        if (!k.last)
                return -ENOMEM;
        k.pairs = k.last + ((size_t)1 << HASH_BITS);
        k.before = k.pairs + 65536;
        buf_put(ret, "FOMB", 4);
        buf_u32(ret, 1);
        buf_u32(ret, 0);
        buf_u32(ret, (uint32_t)expanded.n);
        buf_put(ret, "DS\0\1", 4);
        compress(&k);
        free(k.last);
        if (ret->failed)
                return -ENOMEM;
        buf_patch_u32(ret, start + 8, (uint32_t)(ret->n - start - BMF_HEADER));
        return 0;
}
