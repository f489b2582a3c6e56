// SPDX-License-Identifier: MIT
// Every allocation fails in turn, of what is done with documents: expanding, printing, splitting, listing subscriptions. The
// answer is -ENOMEM, and nothing is left behind (the sanitized run sees leaks).
//
// The linker sends the allocations of our libraries through the functions below (--wrap).
#include "base/testkit.h"

#include "base/limits.h"
#include "mof/expand.h"
#include "mof/localise.h"
#include "mof/print.h"
#include "mof/subscriptions.h"

static size_t until_failure = SIZE_MAX; // allocations that still succeed

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

void *__wrap_reallocarray(void *p, size_t count, size_t n)
{
        return fails() ? NULL : __real_reallocarray(p, count, n);
}

static const char master[] =
        "#pragma amendment(\"MS_409\")\nQualifier Description : ToSubclass Amended;\n[Description(\"a\")] class A as $A { "
        "[Description(\"b\"), Values{\"one value that is long enough for a line\", \"another one of them, for several lines\", "
        "\"three\"}, ValueMap{\"1\", \"2\", \"3\"}] uint32 x[3] = {1}; [Description(\"c\")] void m([in] string p); };\nclass B : A "
        "{};\ninstance of __EventFilter as $F { Name = \"f\\x20AC\"; Query = \"q\"; };\ninstance of XConsumer as $C { Name = \"c\"; "
        "e = {instance of A { x = {1, 2}; }}; };\ninstance of __FilterToConsumerBinding { Filter = $F; Consumer = "
        "\"XConsumer.Name=\\\"c\\\"\"; };\n";

static MofDocument *document(void)
{
        static Diag errors[LIMIT_MOF_ERRORS];
        size_t n;
        MofDocument *d = NULL;
        MofSource source = {.text = STR(master), .name = "x"};
        assert_int_equal(mof_parse(&source, &d, errors, LIMIT_MOF_ERRORS, &n), 0);
        return d;
}

// Runs `once` with more and more memory until it ends with 0.
static void each_in_turn(int (*once)(const MofDocument *d))
{
        MofDocument *d = document();
        size_t allowed = 0;
        int r;
        do {
                until_failure = allowed++;
                r = once(d);
                until_failure = SIZE_MAX;
        } while (r == -ENOMEM);
        assert_int_equal(r, 0);
        assert_true(allowed > 1);
        mof_document_free(d);
}

static int print_once(const MofDocument *d)
{
        Buf out = {0};
        int r = mof_print(d, &out);
        buf_deinit(&out);
        return r;
}

static int localise_once(const MofDocument *d)
{
        Buf a = {0}, b = {0};
        int r = mof_localise(d, (Str){0}, &a, &b, NULL);
        buf_deinit(&a);
        buf_deinit(&b);
        return r;
}

static int subscriptions_once(const MofDocument *d)
{
        Arena a = {0};
        MofSubscription *all;
        size_t n;
        int r = mof_subscriptions(d, &a, &all, &n);
        arena_deinit(&a);
        return r;
}

static int read_memory(void *context, const char *path, Buf *ret)
{
        (void)context;
        static const char wide[] = "\xFF\xFE\x41\0\n\0", top[] = "# 1 \"o\"\n#include (\"wide\")\n/* \xE4 */ #include (\"in\")";
        if (!strcmp(path, "top"))
                buf_put(ret, top, sizeof(top) - 1);
        else if (!strcmp(path, "wide"))
                buf_put(ret, wide, sizeof(wide) - 1);
        else
                buf_text(ret, "# 7 \"other\"\nclass A {};");
        return ret->failed ? -ENOMEM : 0;
}

static int expand_once(const MofDocument *d)
{
        (void)d;
        Buf out = {0};
        int r = mof_expand(&(MofExpand){.read = read_memory}, "top", &out, NULL);
        buf_deinit(&out);
        return r;
}

static int preprocess_once(const MofDocument *d)
{
        (void)d;
        Buf out = {0};
        int r = mof_expand(&(MofExpand){.read = read_memory, .cpp = "sh -c 'cat'"}, "top", &out, NULL);
        buf_deinit(&out);
        return r;
}

static void of_printing(void **state)
{
        (void)state;
        each_in_turn(print_once);
}

static void of_splitting(void **state)
{
        (void)state;
        each_in_turn(localise_once);
}

static void of_subscriptions(void **state)
{
        (void)state;
        each_in_turn(subscriptions_once);
}

static void of_expanding(void **state)
{
        (void)state;
        each_in_turn(expand_once);
}

static void of_preprocessing(void **state)
{
        (void)state;
        each_in_turn(preprocess_once);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(of_printing), TEST(of_splitting), TEST(of_subscriptions), TEST(of_expanding),
                                        TEST(of_preprocessing), TEST_END});
}
