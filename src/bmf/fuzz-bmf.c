// SPDX-License-Identifier: MIT
// Any bytes as binary MOF: a file, or (when they do not begin as one) what a file expands to.
//
// Invariant: what can be read of it is written so that it reads the same; memory is in proportion to the
// input; it always becomes a document, which prints, and which makes the same records when nothing was told
// of losses; made of those records a document makes the same again.
#include <stdlib.h>

#include "base/fuzzkit.h"
#include "bmf/bmf-impl.h"
#include "mof/print.h"

static Str of(const Buf *b)
{
        return (Str){b->p ? (const char *)b->p : "", b->n};
}

static void require_same(const Bmf *a, const Bmf *b)
{
        REQUIRE(a->object_count == b->object_count && a->has_flavors == b->has_flavors);
        for (uint32_t i = 0; i < a->object_count; i++)
                REQUIRE(bmf_same_object(a->objects[i], b->objects[i], NULL));
}

static Bmf *lowered(const MofDocument *d, bool w2k)
{
        Diag w = {0};
        size_t n;
        Bmf *b = NULL;
        BmfOptions o = {.w2k = w2k};
        int r = bmf_of_document(d, &o, &b, &w, 1, &n);
        REQUIRE((r == 0) == (b != NULL) && (r == 0 || (r == E_DIAG && n == 1 && w.message[0])));
        return b;
}

static void check_document(const Bmf *b)
{
        Diag w[4];
        size_t n = 0;
        MofDocument *d = NULL, *again = NULL;
        REQUIRE(bmf_to_document(b, "fuzz", &d, w, 4, &n) == 0 && d && n <= 4);
        Buf text = {0};
        REQUIRE(mof_print(d, &text) == 0);
        buf_deinit(&text);
        Bmf *once = lowered(d, b->unpadded);
        REQUIRE(once || n);
        if (once && !n && !b->cut) { // what was cut off is not told of each object
                REQUIRE(b->object_count == once->object_count);
                for (uint32_t i = 0; i < b->object_count; i++)
                        REQUIRE(bmf_same_object(b->objects[i], once->objects[i], NULL));
        }
        if (once) {
                REQUIRE(bmf_to_document(once, "fuzz", &again, w, 4, &n) == 0);
                Bmf *twice = lowered(again, b->unpadded);
                REQUIRE(twice);
                require_same(once, twice);
                bmf_free(twice);
        }
        mof_document_free(again);
        bmf_free(once);
        mof_document_free(d);
}

static void check_records(Str expanded)
{
        Bmf *b = NULL, *again = NULL;
        Diag d = {0};
        Buf out = {0};
        int r = bmf_read(expanded, &b, &d);
        REQUIRE(r == 0 || (r == E_DIAG && d.message[0] && d.offset <= expanded.n));
        REQUIRE(b->arena->used <= 40 * expanded.n + 4096);
        REQUIRE(bmf_write(b, &out) == 0);
        REQUIRE(bmf_read(of(&out), &again, &d) == 0);
        require_same(b, again);
        check_document(b);
        bmf_free(again);
        bmf_free(b);
        buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        enum { MOST = 1 << 20 }; // expanded: more is only slow
        Str input = {(const char *)data, size};
        if (!bmf_is(input)) {
                check_records(input);
                return 0;
        }
        Buf expanded = {0};
        Diag d = {0};
        size_t used = 0;
        int r = bmf_unpack_within(input, MOST, &expanded, &used, &d);
        REQUIRE(r == 0 || r == -EFBIG || (r == E_DIAG && d.message[0] && d.offset <= size));
        REQUIRE(used <= size && expanded.n <= MOST && expanded.n <= 512 * size);
        if (r != -EFBIG)
                check_records(of(&expanded));
        buf_deinit(&expanded);
        return 0;
}
