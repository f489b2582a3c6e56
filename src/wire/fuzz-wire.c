// SPDX-License-Identifier: MIT
// Fuzz target: frames. What a reader of the table accepts is what its writer writes, byte for byte; so for
// envelopes.
#include <sys/types.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/fuzzkit.h"
#include "base/limits.h"
#include "wire/envelope.h"
#include "wire/message.h"

static void fuzz_same(Buf *b, const WireFrame *f, size_t skip)
{
        REQUIRE(!b->failed && b->n == WIRE_HEADER + f->size);
        REQUIRE(memcmp(b->p + WIRE_HEADER + skip, f->payload + skip, f->size - skip) == 0);
        buf_deinit(b);
}

// A reply's status may be any success; it is written as 0.
#define OPERATION(NAME, number, from, right, help, fields, reply)                                            \
        static void fuzz_##NAME(const WireFrame *f)                                                          \
        {                                                                                                    \
                Wire_##NAME m;                                                                               \
                Wire_##NAME##_Reply r;                                                                       \
                Buf b = {0};                                                                                 \
                if (wire_get_##NAME(f->payload, f->size, &m)) {                                              \
                        wire_put_##NAME(&b, f->request, &m);                                                 \
                        fuzz_same(&b, f, 0);                                                                 \
                }                                                                                            \
                if (wire_get_##NAME##_reply(f->payload, f->size, &r)) {                                      \
                        wire_put_##NAME##_reply(&b, f->request, &r);                                         \
                        fuzz_same(&b, f, 4);                                                                 \
                }                                                                                            \
        }
#include "wire/operations.def"
#undef OPERATION

static void fuzz_envelope(const uint8_t *data, size_t size)
{
        Arena a = {0};
        CimEnvelope e;
        Buf b = {0};
        if (wire_envelope_read(data, size, &a, &e) == 0) {
                wire_envelope_write(&e, &b);
                REQUIRE(b.n == size && memcmp(b.p, data, size) == 0);
        }
        buf_deinit(&b);
        arena_deinit(&a);
}

static void fuzz_error(const WireFrame *f)
{
        uint32_t status;
        Diag d;
        Str list;
        if (!wire_get_status(f->payload, f->size, &status, &d, NULL, &list) || !cim_failed(status))
                return;
        REQUIRE(memchr(d.message, 0, sizeof(d.message)) && memchr(d.file, 0, sizeof(d.file)) && d.message[0]);
        Reader r = {(const uint8_t *)list.p, list.n, false};
        while (r.n && wire_get_diag(&r, &d))
                REQUIRE(memchr(d.hint, 0, sizeof(d.hint)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_envelope(data, size);
        WireFrame f;
        for (ssize_t n; size && (n = wire_frame(data, size, LIMIT_FRAME_BYTES, &f)) != 0;) {
                if (n < 0)
                        break;
                REQUIRE((size_t)n <= size && f.payload + f.size == data + n);
#define OPERATION(NAME, number, from, right, help, fields, reply)                                            \
        if (f.operation == number)                                                                           \
                fuzz_##NAME(&f);
#include "wire/operations.def"
#undef OPERATION
                fuzz_error(&f);
                data += n;
                size -= (size_t)n;
        }
        return 0;
}
