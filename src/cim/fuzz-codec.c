// SPDX-License-Identifier: MIT
// Fuzz target: a bundle of classes. What reads must write, read again and write the same bytes, have a text,
// and decode any block without harm.
#include "cim/codec.h"

#include <stdio.h>
#include <stdlib.h>

#include "cim/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(x)                                                                                           \
        do {                                                                                                 \
                if (!(x)) {                                                                                  \
                        fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #x);                \
                        abort();                                                                             \
                }                                                                                            \
        } while (0)

static void fuzz_use(const CimClass *c, const uint8_t *data, size_t size)
{
        Buf text = {0};
        cim_text_class(c, &text);
        REQUIRE(text.n && !text.failed);
        buf_deinit(&text);
        CimInstance *i;
        REQUIRE(cim_instance_new(c, &i) == 0);
        CimBlockError e = {0};
        int r = cim_block_decode(c, data, size, NULL, i->owner, i->values, &e);
        REQUIRE(r == 0 || (r == 1 && e.says[0]));
        Buf payload = {0};
        if (r == 0 && cim_codec_write_values(i, NULL, &payload) == 0) {
                Arena a = {0};
                CimValue *values = arena_array(&a, CimValue, c->property_count);
                REQUIRE(values);
                r = cim_codec_read_values(payload.p, payload.n, c, NULL, NULL, &a, values, &e);
                for (size_t k = 0; k < c->property_count && r == 0; k++)
                        REQUIRE(cim_value_same(&values[k], &i->values[k]));
                arena_deinit(&a);
        }
        buf_deinit(&payload);
        cim_instance_unref(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CimClass *c, *d;
        Diag diag = {0};
        int r = cim_codec_read_class(data, size, &c, &diag);
        if (r) {
                REQUIRE(r == E_DIAG && diag.message[0] && diag.code && diag.offset <= size);
                return 0;
        }
        Buf one = {0}, two = {0};
        REQUIRE(cim_codec_write_class(c, &one) == 0);
        r = cim_codec_read_class(one.p, one.n, &d, &diag);
        REQUIRE(r == 0);
        REQUIRE(cim_codec_write_class(d, &two) == 0);
        REQUIRE(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
        fuzz_use(c, data, size);
        cim_class_unref(c);
        cim_class_unref(d);
        buf_deinit(&one);
        buf_deinit(&two);
        return 0;
}
