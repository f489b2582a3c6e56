// SPDX-License-Identifier: MIT
// Documents and records made up here go all ways and come back.
#include "base/testkit.h"

#include "bmf/bmf-impl.h"
#include "bmf/test-random.h"
#include "mof/print.h"

enum { DOCUMENTS = 3000, RECORDS = 3000 };

static Str of(const Buf *b)
{
        return (Str){(const char *)b->p, b->n};
}

static void say(uint32_t seed, const Diag *d, size_t n)
{
        char out[1400];
        for (size_t i = 0; i < n; i++)
                print_message("# %u: %s\n", seed, diag_text(&d[i], out, sizeof(out)));
}

static void assert_same(uint32_t seed, const Bmf *a, const Bmf *b)
{
        char why[BMF_WHY] = "";
        assert_int_equal(a->object_count, b->object_count);
        assert_int_equal(a->has_flavors, b->has_flavors);
        for (uint32_t i = 0; i < a->object_count; i++)
                if (!bmf_same_object(a->objects[i], b->objects[i], why))
                        fail_msg("%u: object %u differs: %s", seed, i, why);
}

static Bmf *lower(uint32_t seed, const MofDocument *d, bool w2k)
{
        Diag w[8];
        size_t n = 0;
        Bmf *b = NULL;
        BmfOptions o = {.w2k = w2k};
        int r = bmf_of_document(d, &o, &b, w, 8, &n);
        say(seed, w, n);
        assert_int_equal(r, 0);
        assert_int_equal(n, 0);
        return b;
}

static Bmf *bytes_and_back(uint32_t seed, const Bmf *b)
{
        Buf out = {0}, again = {0};
        Bmf *back = NULL;
        Diag d = {0};
        assert_int_equal(bmf_write(b, &out), 0);
        int r = bmf_read(of(&out), &back, &d);
        say(seed, &d, r != 0);
        assert_int_equal(r, 0);
        assert_int_equal(bmf_write(back, &again), 0);
        assert_int_equal(out.n, again.n);
        assert_memory_equal(out.p, again.p, out.n);
        buf_deinit(&out);
        buf_deinit(&again);
        return back;
}

static MofDocument *raise(uint32_t seed, const Bmf *b, bool clean)
{
        Diag w[8];
        size_t n = 0;
        MofDocument *d = NULL;
        assert_int_equal(bmf_to_document(b, "x", &d, w, 8, &n), 0);
        if (clean)
                say(seed, w, n);
        if (clean)
                assert_int_equal(n, 0);
        return d;
}

static MofDocument *text_and_back(uint32_t seed, const MofDocument *d)
{
        static Diag errors[LIMIT_MOF_ERRORS];
        Buf text = {0};
        MofDocument *back = NULL;
        size_t n = 0;
        assert_int_equal(mof_print(d, &text), 0);
        MofSource s = {.text = of(&text), .name = "text"};
        int r = mof_parse(&s, &back, errors, LIMIT_MOF_ERRORS, &n);
        if (r != 0)
                print_message("%.*s\n", (int)text.n, (char *)text.p);
        say(seed, errors, n);
        assert_int_equal(r, 0);
        buf_deinit(&text);
        return back;
}

// document -> records -> bytes -> records -> document -> records; both documents -> text -> document ->
// records.
static void document(uint32_t seed, bool w2k)
{
        MofDocument *d = random_document(seed);
        assert_non_null(d);
        Bmf *b = lower(seed, d, w2k), *read = bytes_and_back(seed, b);
        assert_same(seed, b, read);
        MofDocument *raised = raise(seed, read, true);
        Bmf *again = lower(seed, raised, w2k);
        assert_same(seed, b, again);
        const MofDocument *both[] = {d, raised};
        for (size_t i = 0; i < 2 && !w2k; i++) {
                MofDocument *parsed = text_and_back(seed, both[i]);
                Bmf *last = lower(seed, parsed, w2k);
                assert_same(seed, b, last);
                bmf_free(last);
                mof_document_free(parsed);
        }
        bmf_free(again);
        mof_document_free(raised);
        bmf_free(read);
        bmf_free(b);
        mof_document_free(d);
}

static void documents(void **state)
{
        (void)state;
        for (uint32_t seed = 0; seed < DOCUMENTS; seed++)
                document(seed, false);
}

static void old_documents(void **state)
{
        (void)state;
        for (uint32_t seed = 0; seed < DOCUMENTS / 10; seed++)
                document(seed, true);
}

// Records of any shape come back from bytes; they become a document, and what of them a document holds it
// keeps.
static void records(void **state)
{
        (void)state;
        for (uint32_t seed = 0; seed < RECORDS; seed++) {
                Bmf *b = random_records(seed);
                assert_non_null(b);
                Bmf *read = bytes_and_back(seed, b);
                assert_same(seed, b, read);
                MofDocument *d = raise(seed, read, false), *d2 = NULL;
                Bmf *once = NULL, *twice = NULL;
                Diag w[1];
                size_t n;
                int r = bmf_of_document(d, NULL, &once, w, 1, &n);
                assert_true(r == 0 || r == E_DIAG);
                if (r == 0) {
                        d2 = raise(seed, once, false);
                        assert_int_equal(bmf_of_document(d2, NULL, &twice, w, 1, &n), 0);
                        assert_same(seed, once, twice);
                }
                bmf_free(once);
                bmf_free(twice);
                mof_document_free(d);
                mof_document_free(d2);
                bmf_free(read);
                bmf_free(b);
        }
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(documents), TEST(old_documents), TEST(records), TEST_END});
}
