// SPDX-License-Identifier: MIT
// Every allocation of each step fails in turn: the answer is -ENOMEM, no result is given, and nothing is left
// behind (the sanitized run sees leaks).
//
// The linker sends the allocations of our libraries through the functions below (--wrap).
#include "base/testkit.h"

#include "bmf/bmf-impl.h"
#include "bmf/test-random.h"

static size_t until_failure = SIZE_MAX; // allocations that still succeed

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static bool fails(void)
{
        if (until_failure == SIZE_MAX)
                return false;
        return until_failure == 0 || until_failure-- == 0;
}

void *__wrap_malloc(size_t n)
{
        return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
        return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
        return fails() ? NULL : __real_realloc(p, n);
}

// What the steps work on.
static MofDocument *document;
static Bmf *records;
static Buf expanded, file;

static Str of(const Buf *b)
{
        return (Str){(const char *)b->p, b->n};
}

static int try_pack(void)
{
        Buf out = {0};
        int r = bmf_pack(of(&expanded), &out);
        buf_deinit(&out);
        return r;
}

static int try_unpack(void)
{
        Buf out = {0};
        Diag d;
        int r = bmf_unpack(of(&file), &out, NULL, &d);
        buf_deinit(&out);
        return r;
}

static int try_read(void)
{
        Bmf *b = NULL;
        Diag d;
        int r = bmf_read(of(&expanded), &b, &d);
        assert_true((r == 0) == (b != NULL));
        bmf_free(b);
        return r;
}

static int try_write(void)
{
        Buf out = {0};
        int r = bmf_write(records, &out);
        buf_deinit(&out);
        return r;
}

static int try_lower(void)
{
        Bmf *b = NULL;
        Diag w[2];
        size_t n;
        int r = bmf_of_document(document, NULL, &b, w, 2, &n);
        assert_true((r == 0) == (b != NULL));
        bmf_free(b);
        return r;
}

static int try_raise(void)
{
        MofDocument *d = NULL;
        Diag w[2];
        size_t n;
        int r = bmf_to_document(records, "x", &d, w, 2, &n);
        assert_true((r == 0) == (d != NULL));
        mof_document_free(d);
        return r;
}

static void each_in_turn(int (*step)(void))
{
        int r = -ENOMEM;
        size_t n = 0;
        for (; r == -ENOMEM && n < 100000; n++) {
                until_failure = n;
                r = step();
                until_failure = SIZE_MAX;
        }
        assert_int_equal(r, 0);
        assert_true(n > 1);
}

static void packing(void **state)
{
        (void)state;
        each_in_turn(try_pack);
        each_in_turn(try_unpack);
}

static void reading(void **state)
{
        (void)state;
        each_in_turn(try_read);
        each_in_turn(try_write);
}

static void documents(void **state)
{
        (void)state;
        each_in_turn(try_lower);
        each_in_turn(try_raise);
}

int main(void)
{
        Diag w[1];
        size_t n;
        document = random_document(30);
        if (!document || bmf_of_document(document, NULL, &records, w, 1, &n) != 0 ||
            bmf_write(records, &expanded) != 0 || bmf_pack(of(&expanded), &file) != 0)
                return 1;
        int r = testkit_run((TestCase[]){TEST(packing), TEST(reading), TEST(documents), TEST_END});
        mof_document_free(document);
        bmf_free(records);
        buf_deinit(&expanded);
        buf_deinit(&file);
        return r;
}
