// SPDX-License-Identifier: MIT
// Any bytes as a MOF text that is compiled to binary MOF.
//
// Invariant: what the parser takes is stored, or the reason is told at its place; from the bytes comes a
// document that makes the same records, as does its text; nothing is told of losses.
#include "base/fuzzkit.h"
#include "bmf/bmf-impl.h"
#include "mof/print.h"

static Str of(const Buf *b)
{
        return (Str){b->p ? (const char *)b->p : "", b->n};
}

static MofDocument *parsed(Str text)
{
        static Diag errors[LIMIT_MOF_ERRORS];
        size_t n = 0;
        MofDocument *d = NULL;
        MofSource s = {.text = text, .name = "fuzz"};
        if (mof_parse(&s, &d, errors, LIMIT_MOF_ERRORS, &n) == 0)
                return d;
        mof_document_free(d);
        return NULL;
}

static void require_lowers_to(const MofDocument *d, const Bmf *wanted)
{
        Diag w[1];
        size_t n;
        Bmf *b = NULL;
        REQUIRE(d && bmf_of_document(d, NULL, &b, w, 1, &n) == 0);
        REQUIRE(b->object_count == wanted->object_count);
        for (uint32_t i = 0; i < b->object_count; i++)
                REQUIRE(bmf_same_object(b->objects[i], wanted->objects[i], NULL));
        bmf_free(b);
}

static void check(const Bmf *b)
{
        Buf bytes = {0}, text = {0};
        Bmf *read = NULL;
        Diag w[1] = {0};
        size_t n = 0;
        MofDocument *d = NULL;
        REQUIRE(bmf_write(b, &bytes) == 0);
        REQUIRE(bmf_read(of(&bytes), &read, w) == 0);
        REQUIRE(bmf_to_document(read, "fuzz", &d, w, 1, &n) == 0 && n == 0);
        require_lowers_to(d, b);
        REQUIRE(mof_print(d, &text) == 0);
        MofDocument *again = parsed(of(&text));
        require_lowers_to(again, b);
        mof_document_free(again);
        mof_document_free(d);
        bmf_free(read);
        buf_deinit(&bytes);
        buf_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        MofDocument *d = parsed((Str){(const char *)data, size});
        if (!d)
                return 0;
        Diag w[4] = {0};
        size_t n = 0;
        Bmf *b = NULL;
        int r = bmf_of_document(d, NULL, &b, w, 4, &n);
        REQUIRE(r == 0 || (r == E_DIAG && n >= 1 && w[n - 1].message[0] && w[n - 1].line >= 1));
        if (r == 0)
                check(b);
        bmf_free(b);
        mof_document_free(d);
        return 0;
}
