// SPDX-License-Identifier: MIT
// The compressed stream: bits, least significant first, of literals, matches and marks.
//
//   literal   1 or 2 in two bits (1: 0x80 is to be added), then 7 bits
//   match     a distance, 1 to 4414, in one of three forms (6, 8 or 12 bits), then a length, 2 to 512
//   mark      the largest distance that 12 bits hold; behind every 512 bytes, and at the end
//
// To be the same as mofcomp's byte for byte the packer takes, at each place, the longest match that ends in
// the block of 512, of the longest ones the nearest. Candidates are found along chains of equal triples.
// Whatever is longer than the best one so far has all triples of the best one in it, so that the chain on
// which the next candidate is farthest away says how many can be left out: long runs, and texts made to have
// long chains, cost little more than others.
#include "bmf/bmf-impl.h"

#include <stdlib.h>

enum {
        BLOCK = 512,     // no match crosses its end
        FARTHEST = 4414, // 320 + 0xFFE
        MARK = 0xFFF,
        NEAR_FORM = 64, // distances below need 6 bits
        MIDDLE_FORM = 320,
        LENGTH_ZEROS = 8, // most zeros in front of a length
};

static const uint8_t stream_version[4] = {'D', 'S', 0, 1};

bool bmf_is(Str bytes)
{
        return bytes.n >= 8 && memcmp(bytes.p, "FOMB\1\0\0\0", 8) == 0;
}

static uint32_t load32(const char *p)
{
        uint32_t v;
        memcpy(&v, p, sizeof(v));
        return v;
}

// --- bits ----------------------------------------------------------------------------------------

typedef struct BitWriter {
        Buf *out;
        uint64_t held;
        unsigned count;
} BitWriter;

static void put_bits(BitWriter *w, uint32_t value, unsigned count)
{
        w->held |= (uint64_t)value << w->count;
        w->count += count;
        if (w->count < 32)
                return;
        buf_u32(w->out, (uint32_t)w->held);
        w->held >>= 32;
        w->count -= 32;
}

static void end_bits(BitWriter *w)
{
        for (; w->count; w->count -= w->count < 8 ? w->count : 8) {
                buf_u8(w->out, (uint8_t)w->held);
                w->held >>= 8;
        }
}

// --- finding matches -----------------------------------------------------------------------------

enum {
        RING = 8192, // more than FARTHEST + BLOCK, a power of two
        TRIPLES = 1 << 15,
        PAIRS = 1 << 16,
        NOWHERE = 0, // places are stored plus one
};

typedef struct Finder {
        const uint8_t *p;
        size_t n, indexed; // places below are in the chains
        uint32_t last_triple[TRIPLES], last_pair[PAIRS];
        uint32_t triple_before[RING], pair_before[RING]; // of a place: the place before it with the same
} Finder;

static uint32_t triple_hash(const uint8_t *p)
{
        uint32_t triple = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
        return triple * 2654435761u >> (32 - 15);
}

static void index_until(Finder *f, size_t end)
{
        for (; f->indexed < end; f->indexed++) {
                size_t i = f->indexed;
                if (i + 1 < f->n) {
                        uint32_t *last = &f->last_pair[f->p[i] | (uint32_t)f->p[i + 1] << 8];
                        f->pair_before[i % RING] = *last;
                        *last = (uint32_t)i + 1;
                }
                if (i + 2 < f->n) {
                        uint32_t *last = &f->last_triple[triple_hash(f->p + i)];
                        f->triple_before[i % RING] = *last;
                        *last = (uint32_t)i + 1;
                }
        }
}

static size_t same_bytes(const uint8_t *a, const uint8_t *b, size_t most)
{
        size_t n = 0;
        for (uint64_t x, y; n + 8 <= most; n += 8) {
                memcpy(&x, a + n, 8);
                memcpy(&y, b + n, 8);
                if (x != y)
                        return n + (size_t)__builtin_ctzll(x ^ y) / 8;
        }
        while (n < most && a[n] == b[n])
                n++;
        return n;
}

// The place before `at` on the chain of the triple `ahead` bytes behind it, minus `ahead`: the next
// candidate. Plus one, NOWHERE: none.
static size_t candidate(const Finder *f, size_t at, size_t ahead)
{
        size_t place = f->triple_before[(at + ahead) % RING];
        return place > ahead ? place - ahead : NOWHERE;
}

// The length of the longest match at `at`, at most `most`, and its distance. 0: none.
static size_t longest(const Finder *f, size_t at, size_t most, size_t *ret_distance)
{
        size_t best = 0, first = at > FARTHEST ? at - FARTHEST : 0;
        if (most >= 2 && f->pair_before[at % RING] > first) {
                best = 2;
                *ret_distance = at + 1 - f->pair_before[at % RING];
        }
        if (most < 3 || best == 0)
                return best;
        size_t chain = 0, tried = 0; // triples of the best match that were looked at
        for (size_t next = candidate(f, at, 0); next > first;) {
                size_t place = next - 1;
                next = candidate(f, place, chain);
                if (f->p[place + best] != f->p[at + best] || f->p[place] != f->p[at])
                        continue;
                size_t n = same_bytes(f->p + place, f->p + at, most);
                if (n <= best)
                        continue;
                best = n;
                *ret_distance = at - place;
                if (best == most)
                        break;
                for (; tried + 2 <= best; tried++) {
                        size_t other = candidate(f, at, tried);
                        if (other < next) {
                                next = other;
                                chain = tried;
                        }
                }
        }
        return best;
}

// --- packing -------------------------------------------------------------------------------------

static void put_literal(BitWriter *w, uint8_t c)
{
        put_bits(w, (c & 0x80 ? 1u : 2u) | (uint32_t)(c & 0x7F) << 2, 9);
}

static void put_mark(BitWriter *w)
{
        put_bits(w, 7u | MARK << 3, 15);
}

static void put_match(BitWriter *w, size_t distance, size_t length)
{
        uint32_t d = (uint32_t)distance, v = (uint32_t)length - 1;
        if (d < NEAR_FORM)
                put_bits(w, d << 2, 8);
        else if (d < MIDDLE_FORM)
                put_bits(w, 3u | (d - NEAR_FORM) << 3, 11);
        else
                put_bits(w, 7u | (d - MIDDLE_FORM) << 3, 15);
        unsigned zeros = 31 - (unsigned)__builtin_clz(v);
        put_bits(w, 1u << zeros, zeros + 1);
        put_bits(w, v - (1u << zeros), zeros);
}

static void pack_block(Finder *f, size_t at, size_t end, BitWriter *w)
{
        // A triple that begins in the block may end behind it.
        index_until(f, end);
        while (at < end) {
                size_t distance = 0, n = longest(f, at, end - at, &distance);
                if (n < 2)
                        put_literal(w, f->p[at]);
                else
                        put_match(w, distance, n);
                at += n < 2 ? 1 : n;
        }
        put_mark(w);
}

int bmf_pack_within(Str expanded, size_t limit, Buf *ret)
{
        size_t begin = ret->n;
        if (expanded.n > limit || expanded.n > UINT32_MAX / 2)
                return -EFBIG;
        Finder *f = calloc(1, sizeof(*f));
        if (!f)
                return -ENOMEM;
        f->p = (const uint8_t *)expanded.p;
        f->n = expanded.n;
        buf_put(ret, "FOMB\1\0\0\0\0\0\0\0", 12);
        buf_u32(ret, (uint32_t)expanded.n);
        buf_put(ret, stream_version, sizeof(stream_version));
        BitWriter w = {.out = ret};
        for (size_t at = 0; at < f->n; at += BLOCK)
                pack_block(f, at, f->n - at < BLOCK ? f->n : at + BLOCK, &w);
        end_bits(&w);
        free(f);
        if (ret->failed)
                return -ENOMEM;
        buf_patch_u32(ret, begin + 8, (uint32_t)(ret->n - begin - BMF_HEADER));
        return 0;
}

int bmf_pack(Str expanded, Buf *ret)
{
        return bmf_pack_within(expanded, LIMIT_BMF_BYTES, ret);
}

// --- unpacking -----------------------------------------------------------------------------------

typedef struct BitReader {
        const uint8_t *p;
        size_t n, at; // bits
} BitReader;

// The next bits without taking them; zeros stand behind the end.
static uint32_t peek(const BitReader *r, unsigned count)
{
        uint64_t v = 0;
        size_t byte = r->at / 8, left = r->n / 8 - byte;
        memcpy(&v, r->p + byte, left < 8 ? left : 8);
        return (uint32_t)(v >> r->at % 8) & ((1u << count) - 1);
}

// False: fewer are left; then nothing is taken.
static bool take(BitReader *r, unsigned count, uint32_t *ret)
{
        if (r->n - r->at < count)
                return false;
        *ret = peek(r, count);
        r->at += count;
        return true;
}

typedef enum Token { LITERAL, MATCH, END_OF_BLOCK, CUT, WRONG_DISTANCE, WRONG_LENGTH } Token;

static Token take_distance(BitReader *r, uint32_t form, uint32_t *ret)
{
        uint32_t wide = 0;
        if (form == 0) {
                if (!take(r, 6, ret))
                        return CUT;
                return *ret ? MATCH : WRONG_DISTANCE;
        }
        if (!take(r, 1, &wide) || !take(r, wide ? 12 : 8, ret))
                return CUT;
        if (wide && *ret == MARK)
                return END_OF_BLOCK;
        *ret += wide ? MIDDLE_FORM : NEAR_FORM;
        return MATCH;
}

static Token take_length(BitReader *r, uint32_t *ret)
{
        uint32_t bit = 0, extra = 0;
        for (unsigned zeros = 0; zeros <= LENGTH_ZEROS; zeros++) {
                if (!take(r, 1, &bit))
                        return CUT;
                if (!bit)
                        continue;
                if (!take(r, zeros, &extra))
                        return CUT;
                *ret = (1u << zeros) + 1 + extra;
                return MATCH;
        }
        return WRONG_LENGTH;
}

// *ret is the byte of a literal, the distance of a match.
static Token take_token(BitReader *r, uint32_t *ret, uint32_t *ret_length)
{
        uint32_t form;
        if (!take(r, 2, &form))
                return CUT;
        if (form == 1 || form == 2) {
                if (!take(r, 7, ret))
                        return CUT;
                *ret |= form == 1 ? 0x80 : 0;
                return LITERAL;
        }
        Token t = take_distance(r, form, ret);
        return t == MATCH ? take_length(r, ret_length) : t;
}

static void repeat(Buf *out, size_t distance, size_t length)
{
        uint8_t *to = buf_reserve(out, length);
        if (!to)
                return;
        for (size_t i = 0; i < length; i++)
                to[i] = to[(ptrdiff_t)i - (ptrdiff_t)distance];
        out->n += length;
}

static int wrong(Diag *d, size_t offset, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int wrong(Diag *d, size_t offset, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        diag_setv(d, (uint32_t)CIM_MOF_INVALID_FILE, format, args);
        va_end(args);
        if (d)
                d->offset = offset;
        return E_DIAG;
}

// Behind the last byte: marks, and zeros up to the end of the byte or two.
static int check_rest(BitReader *r, size_t offset, Diag *reterr)
{
        uint32_t ignored;
        while (r->n - r->at >= 15 && peek(r, 15) == (7u | MARK << 3))
                r->at += 15;
        while (take(r, 1, &ignored))
                if (ignored)
                        return wrong(reterr, offset + r->at / 8,
                                     "the compressed data goes on behind the size that its header says");
        return 0;
}

// The stream behind its version, which is at `offset` in the file, until `size` bytes are there.
static int unpack_stream(BitReader *r, size_t offset, size_t size, Buf *ret, Diag *reterr)
{
        size_t begin = ret->n;
        while (ret->n - begin < size && !ret->failed) {
                size_t place = offset + r->at / 8, have = ret->n - begin;
                uint32_t v = 0, length = 0;
                switch (take_token(r, &v, &length)) {
                case LITERAL:
                        buf_u8(ret, (uint8_t)v);
                        break;
                case MATCH:
                        if (v > have)
                                return wrong(reterr, place,
                                             "a repetition from before the beginning (%u bytes back, of %zu)",
                                             v, have);
                        if (length > size - have) {
                                repeat(ret, v, size - have);
                                return ret->failed ? -ENOMEM
                                                   : wrong(reterr, place,
                                                           "there are more bytes than the %zu that the "
                                                           "header says",
                                                           size);
                        }
                        repeat(ret, v, length);
                        break;
                case END_OF_BLOCK:
                        break;
                case CUT:
                        return wrong(reterr, offset + r->n / 8,
                                     "the compressed data ends after %zu of %zu bytes", have, size);
                case WRONG_DISTANCE:
                        return wrong(reterr, place, "a repetition from 0 bytes back");
                case WRONG_LENGTH:
                        return wrong(reterr, place, "a repetition of more than %d bytes", BLOCK);
                }
        }
        return ret->failed ? -ENOMEM : check_rest(r, offset, reterr);
}

static int check_header(Str file, Diag *reterr)
{
        if (file.n < 4 || memcmp(file.p, "FOMB", 4) != 0)
                return wrong(reterr, 0, "this is no binary MOF: it does not begin with FOMB");
        if (file.n < BMF_HEADER)
                return wrong(reterr, file.n, "the header ends after %zu of %d bytes", file.n, BMF_HEADER);
        if (load32(file.p + 4) != 1)
                return wrong(reterr, 4, "binary MOF of an unknown version, %u", load32(file.p + 4));
        return 0;
}

int bmf_unpack_within(Str file, size_t limit, Buf *ret, size_t *ret_used, Diag *reterr)
{
        int r = check_header(file, reterr);
        size_t begin = ret->n;
        if (ret_used)
                *ret_used = r == 0 ? BMF_HEADER : 0;
        if (r != 0)
                return r;
        size_t packed = load32(file.p + 8), size = load32(file.p + 12), there = file.n - BMF_HEADER;
        if (size > limit)
                return -EFBIG;
        if (packed < there)
                there = packed;
        if (ret_used)
                *ret_used = BMF_HEADER + there;
        if (there < sizeof(stream_version))
                return wrong(reterr, BMF_HEADER + there, "there is no compressed data behind the header");
        const char *stream = file.p + BMF_HEADER;
        if (memcmp(stream, stream_version, sizeof(stream_version)) != 0)
                return wrong(reterr, BMF_HEADER, "an unknown form of compression: not DS, version 1");
        BitReader bits = {.p = (const uint8_t *)stream + sizeof(stream_version),
                          .n = (there - sizeof(stream_version)) * 8};
        r = unpack_stream(&bits, BMF_HEADER + sizeof(stream_version), size, ret, reterr);
        if (there < packed && r != -ENOMEM && ret->n - begin == size) // all is there, and not the end
                return wrong(reterr, file.n, "the file ends %zu bytes before its compressed data does",
                             packed - there);
        return r;
}

int bmf_unpack(Str file, Buf *ret, size_t *ret_used, Diag *reterr)
{
        return bmf_unpack_within(file, LIMIT_BMF_BYTES, ret, ret_used, reterr);
}
