// SPDX-License-Identifier: MIT
// Every allocation fails in turn: the answer is -ENOMEM, and nothing is left behind (the sanitized run sees
// leaks).
//
// The linker sends the allocations of our libraries through the functions below (--wrap).
#include "cim/method.h"
#include "mofck/block.h"
#include "mofck/check.h"
#include "mofck/header.h"
#include "mofck/test-mofck.h"

static size_t until_failure = SIZE_MAX; // allocations that still succeed
static bool failed;                     // one has failed

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t count, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t count, size_t n);

static bool fails(void)
{
        if (until_failure == SIZE_MAX)
                return false;
        if (until_failure-- > 0)
                return false;
        until_failure = 0;
        return failed = true;
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

void *__wrap_reallocarray(void *p, size_t count, size_t n)
{
        return fails() ? NULL : __real_reallocarray(p, count, n);
}

static const char text[] =
        "[" WMI_B ", HeaderName(\"INNER\")] class Inner { [WmiDataId(1)] uint32 A; };\n"
        "class Base : WMIEvent {" REQUIRED " [WmiDataId(1), Description(\"x\")] Inner One; };\n"
        "[" BLOCK_QUALIFIERS
        ", Locale(\"x\"), cpp_quote(\"#define X 1\"), GuidName1(\"THING\")] class Thing : Base {\n"
        "[WmiDataId(2), DefineValues{\"V1\", \"V2\"}, Values{\"a\", \"b\"}, ValueMap{\"1\", \"2\"}, "
        "DefineDataId(\"M\")] uint16 Count;\n"
        "[WmiDataId(3), WmiSizeIs(\"Count\"), WmiEventRate(\"Nothing\")] Inner Many[];\n"
        "[WmiMethodId(1)] uint32 Set([in, out, WmiSizeIs(\"N\")] uint8 B[], [in] uint32 N, [out] Inner I); "
        "};\n";

static int count(void *context, const MofckFinding *f)
{
        (void)f;
        ++*(size_t *)context;
        return 0;
}

static int run_check(const MofDocument *d)
{
        size_t n = 0;
        int r = mofck_check(d, count, &n);
        if (!r)
                assert_true(n > 3);
        return r;
}

static int run_windows(const MofDocument *d)
{
        Buf b = {0};
        MofckHeaderOptions o = {.methods = true, .after_variable = true};
        int r = mofck_header(d, &o, &b, NULL);
        buf_deinit(&b);
        return r;
}

static int run_linux(const MofDocument *d)
{
        Buf b = {0};
        MofckHeaderOptions o = {.kernel = true};
        int r = mofck_header(d, &o, &b, NULL);
        buf_deinit(&b);
        return r;
}

static int run_blocks(const MofDocument *d)
{
        MofckBlocks *b;
        const CimClass *c = NULL;
        CimClass *buffer = NULL;
        int r = mofck_blocks_new(&d, 1, &b);
        if (!r)
                r = mofck_blocks_class(b, STR("thing"), &c, NULL);
        if (!r)
                r = cim_method_buffer(&c->methods[0], CIM_METHOD_OUT, &buffer, NULL);
        if (!r)
                assert_non_null(buffer);
        cim_class_unref(buffer);
        mofck_blocks_free(b);
        return r;
}

static void each_in_turn(int (*run)(const MofDocument *d))
{
        MofDocument *d = document_of(text);
        Diag place;
        mof_document_place(d, d->items[0].object->place, &place); // makes an index, and does without when it cannot
        for (size_t n = 0;; n++) {
                failed = false;
                until_failure = n;
                int r = run(d);
                until_failure = SIZE_MAX;
                if (!failed) {
                        assert_int_equal(r, 0);
                        break;
                }
                if (r != -ENOMEM)
                        fail_msg("allocation %zu: %d", n, r);
        }
        mof_document_free(d);
}

static void rules(void **state)
{
        (void)state;
        each_in_turn(run_check);
}

static void windows_headers(void **state)
{
        (void)state;
        each_in_turn(run_windows);
}

static void linux_headers(void **state)
{
        (void)state;
        each_in_turn(run_linux);
}

static void blocks(void **state)
{
        (void)state;
        each_in_turn(run_blocks);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(rules), TEST(windows_headers), TEST(linux_headers), TEST(blocks),
                                        TEST_END});
}
