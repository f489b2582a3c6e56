// SPDX-License-Identifier: MIT
// The stream: vectors, a packer that tries everything, hostile streams.
#include "base/testkit.h"

#include "bmf/bmf-impl.h"

static Str of(const Buf *b)
{
        return (Str){(const char *)b->p, b->n};
}

static Buf packed(const void *p, size_t n)
{
        Buf b = {0};
        assert_int_equal(bmf_pack((Str){p, n}, &b), 0);
        return b;
}

static void assert_bytes(const Buf *b, const void *p, size_t n)
{
        assert_int_equal(b->n, n);
        if (n)
                assert_memory_equal(b->p, p, n);
}

// Bytes that depend on nothing but the seed.
static uint32_t next(uint32_t *seed)
{
        *seed = *seed * 1664525u + 1013904223u;
        return *seed >> 8;
}

// --- vectors -------------------------------------------------------------------------------------

// Worked out by hand from the form of the stream.
static void vectors(void **state)
{
        (void)state;
        static const struct {
                const char *plain;
                size_t plain_n;
                const char *file;
                size_t file_n;
        } v[] = {
#define V(a, b) {a, sizeof(a) - 1, b, sizeof(b) - 1}
                // nothing, not even a mark
                V("", "FOMB\1\0\0\0\4\0\0\0\0\0\0\0DS\0\1"),
                // 01 1000001 | 11 1 111111111111
                V("A", "FOMB\1\0\0\0\7\0\0\0\1\0\0\0DS\0\1\x06\xff\xff"),
                V("\xc3", "FOMB\1\0\0\0\7\0\0\0\1\0\0\0DS\0\1\x0d\xff\xff"),
                // three literals, then nine bytes from three back
                V("abcabcabcabc", "FOMB\1\0\0\0\x0c\0\0\0\x0c\0\0\0DS\0\1\x86\x15\x3b\x66\x40\xfc\xff\x01"),
#undef V
        };
        for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
                Buf b = packed(v[i].plain, v[i].plain_n), back = {0};
                assert_bytes(&b, v[i].file, v[i].file_n);
                assert_int_equal(bmf_unpack(of(&b), &back, NULL, NULL), 0);
                assert_bytes(&back, v[i].plain, v[i].plain_n);
                buf_deinit(&b);
                buf_deinit(&back);
        }
}

// A block of one byte: one literal, one match of 511, one mark; the next block begins anew, and reaches back.
static void blocks(void **state)
{
        (void)state;
        static const char zeros[1024] = {0};
        static const struct {
                size_t n;
                const char *stream;
                size_t stream_n;
        } v[] = {
#define V(n, b) {n, b, sizeof(b) - 1}
                V(511, "\x02\x08\x00\xf6\xff\xff\x01"), // no mark but the one at the end
                V(512, "\x02\x08\x00\xfa\xff\xff\x01"), // one mark only
                V(513, "\x02\x08\x00\xfa\xff\xff\x05\xfc\xff\x01"),
                V(1024, "\x02\x08\x00\xfa\xff\xff\x09\x00\xfe\xff\xff\x01"),
#undef V
        };
        for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
                Buf b = packed(zeros, v[i].n), back = {0};
                assert_int_equal(b.n, 20 + v[i].stream_n);
                assert_memory_equal(b.p + 20, v[i].stream, v[i].stream_n);
                assert_int_equal(bmf_unpack(of(&b), &back, NULL, NULL), 0);
                assert_bytes(&back, zeros, v[i].n);
                buf_deinit(&b);
                buf_deinit(&back);
        }
}

// --- the packer that tries everything ------------------------------------------------------------

typedef struct Plain {
        Buf out;
        unsigned bit;
} Plain;

static void plain_bits(Plain *w, uint32_t v, unsigned n)
{
        for (unsigned i = 0; i < n; i++, w->bit++) {
                if (w->bit % 8 == 0)
                        buf_u8(&w->out, 0);
                w->out.p[w->out.n - 1] |= (uint8_t)((v >> i & 1) << w->bit % 8);
        }
}

static void plain_match(Plain *w, size_t distance, size_t length)
{
        if (distance < 64)
                plain_bits(w, 0, 2), plain_bits(w, (uint32_t)distance, 6);
        else if (distance < 320)
                plain_bits(w, 3, 3), plain_bits(w, (uint32_t)distance - 64, 8);
        else
                plain_bits(w, 7, 3), plain_bits(w, (uint32_t)distance - 320, 12);
        unsigned z = 0;
        while (length > (size_t)2 << z)
                z++;
        plain_bits(w, 1u << z, z + 1);
        plain_bits(w, (uint32_t)length - 1 - (1u << z), z);
}

static Buf plainly_packed(const uint8_t *p, size_t n)
{
        Plain w = {0};
        for (size_t at = 0; at < n;) {
                size_t end = (at / 512 + 1) * 512, best = 0, distance = 0;
                if (end > n)
                        end = n;
                for (size_t d = 1; d <= 4414 && d <= at; d++) {
                        size_t k = 0;
                        while (at + k < end && p[at + k] == p[at + k - d])
                                k++;
                        if (k > best)
                                best = k, distance = d;
                }
                if (best >= 2) {
                        plain_match(&w, distance, best);
                        at += best;
                } else {
                        plain_bits(&w, p[at] & 0x80 ? 1 : 2, 2);
                        plain_bits(&w, p[at++] & 0x7F, 7);
                }
                if (at == end)
                        plain_bits(&w, 0x7FFF, 15);
        }
        return w.out;
}

static void compare_with_plain(const uint8_t *p, size_t n)
{
        Buf fast = packed(p, n), slow = plainly_packed(p, n), back = {0};
        assert_int_equal(fast.n, 20 + slow.n);
        if (slow.n)
                assert_memory_equal(fast.p + 20, slow.p, slow.n);
        assert_int_equal(bmf_unpack(of(&fast), &back, NULL, NULL), 0);
        assert_bytes(&back, p, n);
        buf_deinit(&fast);
        buf_deinit(&slow);
        buf_deinit(&back);
}

enum { LONGEST = 12000 };

static void fill_random(uint8_t *p, size_t n, unsigned letters, uint32_t *seed)
{
        for (size_t i = 0; i < n; i++)
                p[i] = (uint8_t)(next(seed) % letters);
}

static void fill_period(uint8_t *p, size_t n, size_t period, unsigned noise, uint32_t *seed)
{
        for (size_t i = 0; i < n; i++)
                p[i] = i < period ? (uint8_t)next(seed) : p[i - period];
        for (size_t i = 0; noise && i < n / noise; i++)
                p[next(seed) % n] ^= (uint8_t)next(seed);
}

static void as_the_plain_one(void **state)
{
        (void)state;
        static uint8_t p[LONGEST];
        static const size_t sizes[] = {1,    2,    3,    4,    255,  511,  512,  513,  514,  1023, 1024,
                                       1025, 2048, 4413, 4414, 4415, 4416, 4417, 4927, 5120, 8192, LONGEST};
        uint32_t seed = 1;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                static const unsigned letters[] = {1, 2, 3, 5, 17, 256};
                for (size_t k = 0; k < sizeof(letters) / sizeof(letters[0]); k++) {
                        fill_random(p, sizes[i], letters[k], &seed);
                        compare_with_plain(p, sizes[i]);
                }
                static const size_t periods[] = {1, 2, 3, 7, 64, 319, 320, 511, 512, 513, 4413, 4414, 4415};
                for (size_t k = i % 3; k < sizeof(periods) / sizeof(periods[0]); k += 3) {
                        fill_period(p, sizes[i], periods[k], 0, &seed);
                        compare_with_plain(p, sizes[i]);
                        fill_period(p, sizes[i], periods[k], 40, &seed);
                        compare_with_plain(p, sizes[i]);
                }
        }
}

// Chains of the same triple that differ right behind it, and words as they stand in records.
static void chains(void **state)
{
        (void)state;
        static uint8_t p[LONGEST];
        uint32_t seed = 7;
        for (unsigned step = 3; step < 9; step++) {
                for (size_t i = 0; i < LONGEST; i++)
                        p[i] = i % step == step - 1 ? (uint8_t)next(&seed) : (uint8_t)("abcabcab"[i % step]);
                compare_with_plain(p, LONGEST);
        }
        for (size_t i = 0; i < LONGEST; i += 4) {
                uint32_t word = next(&seed) % 7 ? next(&seed) % 24 : 0xFFFFFFFF;
                memcpy(p + i, &word, 4);
        }
        compare_with_plain(p, LONGEST);
}

// The two distances on each side of every change of form, and the farthest one: a match of two bytes is taken
// even there.
static void distances(void **state)
{
        (void)state;
        static const size_t distance[] = {2, 63, 64, 319, 320, 4413, 4414, 4415};
        static uint8_t p[4600];
        for (size_t i = 0; i < sizeof(distance) / sizeof(distance[0]); i++) {
                // Pairs that do not come twice but where they should.
                for (size_t k = 0; k < sizeof(p); k++)
                        p[k] = (uint8_t)(k % 2 ? 128 + k / 2 % 100 : k / 200);
                size_t at = 4500;
                p[at] = 255, p[at + 1] = 254;
                if (at + 1 >= distance[i])
                        p[at - distance[i]] = 255, p[at + 1 - distance[i]] = 254;
                compare_with_plain(p, sizeof(p));
        }
}

// The farthest distance and the longest length cost what the nearest and the shortest cost: seconds, were it
// quadratic.
static void long_runs(void **state)
{
        (void)state;
        enum { BYTES = 8 << 20 };
        uint8_t *p = calloc(1, BYTES);
        assert_non_null(p);
        Buf b = packed(p, BYTES), back = {0};
        assert_true(b.n < BYTES / 90);
        assert_int_equal(bmf_unpack(of(&b), &back, NULL, NULL), 0);
        assert_bytes(&back, p, BYTES);
        free(p);
        buf_deinit(&b);
        buf_deinit(&back);
}

// --- bounds --------------------------------------------------------------------------------------

static void limits(void **state)
{
        (void)state;
        static const char p[1001] = "abc";
        Buf b = packed(p, 1000), out = {0};
        assert_int_equal(bmf_unpack_within(of(&b), 1001, &out, NULL, NULL), 0);
        assert_int_equal(bmf_unpack_within(of(&b), 1000, &out, NULL, NULL), 0);
        assert_int_equal(bmf_unpack_within(of(&b), 999, &out, NULL, NULL), -EFBIG);
        assert_int_equal(out.n, 2000); // appended
        out.n = 0;
        assert_int_equal(bmf_pack_within((Str){p, 999}, 1000, &out), 0);
        assert_int_equal(bmf_pack_within((Str){p, 1000}, 1000, &out), 0);
        assert_int_equal(bmf_pack_within((Str){p, 1001}, 1000, &out), -EFBIG);
        buf_deinit(&b);
        buf_deinit(&out);
}

// The house's own bound, of a header alone.
static void largest(void **state)
{
        (void)state;
        Buf b = {0}, out = {0};
        Diag d;
        buf_put(&b, "FOMB\1\0\0\0\4\0\0\0", 12);
        buf_u32(&b, LIMIT_BMF_BYTES);
        buf_put(&b, "DS\0\1", 4);
        assert_int_equal(bmf_unpack(of(&b), &out, NULL, &d), E_DIAG);
        buf_patch_u32(&b, 12, LIMIT_BMF_BYTES - 1);
        assert_int_equal(bmf_unpack(of(&b), &out, NULL, &d), E_DIAG);
        buf_patch_u32(&b, 12, LIMIT_BMF_BYTES + 1);
        assert_int_equal(bmf_unpack(of(&b), &out, NULL, &d), -EFBIG);
        assert_int_equal(out.n, 0);
        buf_deinit(&b);
        buf_deinit(&out);
}

// --- hostile streams -----------------------------------------------------------------------------

static void wrong_headers(void **state)
{
        (void)state;
        static const struct {
                const char *file;
                size_t n, offset;
        } v[] = {
#define V(a, offset) {a, sizeof(a) - 1, offset}
                V("", 0),
                V("FOM", 0),
                V("FOMC\1\0\0\0\7\0\0\0\1\0\0\0DS\0\1\x06\xff\xff", 0),
                V("FOMB\1\0\0\0\7\0\0\0\1\0\0", 15),
                V("FOMB\2\0\0\0\7\0\0\0\1\0\0\0DS\0\1\x06\xff\xff", 4),
                V("FOMB\1\0\0\0\7\0\0\0\1\0\0\0", 16),
                V("FOMB\1\0\0\0\3\0\0\0\1\0\0\0DS\0\1\x06\xff\xff", 19),
                V("FOMB\1\0\0\0\7\0\0\0\1\0\0\0DS\1\1\x06\xff\xff", 16),
                V("FOMB\1\0\0\0\7\0\0\0\1\0\0\0ds\0\1\x06\xff\xff", 16),
                // the stream is longer than what the header says, or goes on
                V("FOMB\1\0\0\0\7\0\0\0\1\0\0\0DS\0\1\x06\x0d\xff", 21),
                // a match at the beginning; one of no distance; nine zeros in front of a length
                V("FOMB\1\0\0\0\7\0\0\0\3\0\0\0DS\0\1\x04\xff\xff", 20),
                V("FOMB\1\0\0\0\7\0\0\0\3\0\0\0DS\0\1\x06\x00\x02", 21),
                V("FOMB\1\0\0\0\x0a\0\0\0\3\0\0\0DS\0\1\x06\x08\x00\x00\x00\x00", 21),
#undef V
        };
        for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
                Buf out = {0};
                Diag d = {0};
                assert_int_equal(bmf_unpack((Str){v[i].file, v[i].n}, &out, NULL, &d), E_DIAG);
                assert_int_equal(d.code, (uint32_t)CIM_MOF_INVALID_FILE);
                assert_int_equal(d.offset, v[i].offset);
                assert_true(d.message[0]);
                buf_deinit(&out);
        }
}

// Cut anywhere: what was there until then, and an error; never more.
static void cut(void **state)
{
        (void)state;
        uint8_t p[1500];
        uint32_t seed = 3;
        fill_random(p, sizeof(p), 9, &seed);
        Buf b = packed(p, sizeof(p));
        size_t before = 0, used;
        for (size_t n = 0; n < b.n; n++) {
                Buf out = {0};
                Diag d = {0};
                uint8_t *exact = malloc(n ? n : 1); // its end is the sanitizer's
                assert_non_null(exact);
                memcpy(exact, b.p, n);
                assert_int_equal(bmf_unpack((Str){(char *)exact, n}, &out, &used, &d), E_DIAG);
                assert_true(out.n <= sizeof(p) && out.n >= before && d.offset <= n && used <= n);
                if (out.n)
                        assert_memory_equal(out.p, p, out.n);
                assert_true(n < 20 ||
                            strstr(d.message, out.n < sizeof(p) ? "data ends after" : "the file ends"));
                before = out.n;
                free(exact);
                buf_deinit(&out);
        }
        assert_int_equal(before, sizeof(p));
        buf_deinit(&b);
}

// Bytes behind the stream are somebody else's.
static void bytes_behind(void **state)
{
        (void)state;
        Buf b = packed("some bytes", 10), out = {0};
        size_t n = b.n, used = 0;
        buf_put(&b, "\0DS\0\1", 5);
        assert_int_equal(bmf_unpack(of(&b), &out, &used, NULL), 0);
        assert_int_equal(used, n);
        assert_bytes(&out, "some bytes", 10);
        buf_deinit(&b);
        buf_deinit(&out);
}

// Streams of others: marks elsewhere, none at all, matches over the end of a block.
static void other_packers(void **state)
{
        (void)state;
        Plain w = {0};
        buf_put(&w.out, "FOMB\1\0\0\0\0\0\0\0\x58\2\0\0DS\0\1", 20);
        plain_bits(&w, 0x7FFF, 15);
        plain_bits(&w, 2 | 'x' << 2, 9);
        plain_bits(&w, 0x7FFF, 15);
        plain_match(&w, 1, 500);
        plain_match(&w, 1, 99); // over 512
        buf_patch_u32(&w.out, 8, (uint32_t)w.out.n - 16);
        Buf out = {0};
        assert_int_equal(bmf_unpack(of(&w.out), &out, NULL, NULL), 0);
        assert_int_equal(out.n, 600);
        assert_true(out.p[0] == 'x' && out.p[599] == 'x');
        // One byte fewer is said: what fits, and the fault.
        Diag d = {0};
        out.n = 0;
        buf_patch_u32(&w.out, 12, 599);
        assert_int_equal(bmf_unpack(of(&w.out), &out, NULL, &d), E_DIAG);
        assert_int_equal(out.n, 599);
        buf_deinit(&w.out);
        buf_deinit(&out);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(vectors), TEST(blocks), TEST(as_the_plain_one), TEST(chains),
                                        TEST(distances), TEST(long_runs), TEST(limits), TEST(largest),
                                        TEST(wrong_headers), TEST(cut), TEST(bytes_behind),
                                        TEST(other_packers), TEST_END});
}
