// SPDX-License-Identifier: MIT
// Every allocation fails in turn: the answer is -ENOMEM, and nothing is left behind (the sanitized run sees
// leaks).
//
// The linker sends malloc, calloc and realloc of our libraries through the functions below (--wrap).
#include <errno.h>

#include "base/buf.h"
#include "base/testkit.h"
#include "wql/test-world.h"

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

static World world;

// Parses, checks and prints with `allowed` allocations. The result of the first step that failed.
static int attempt(Str text, size_t allowed)
{
        WqlQuery *q;
        WqlPlan *p;
        Diag d;
        until_failure = allowed;
        int r = wql_parse(text, &q, &d);
        if (r == 0) {
                Buf b = {0};
                r = wql_check(q, world.schema, world.namespace, &p, &d);
                if (r == 0) {
                        wql_print(q, &b);
                        wql_dump(p, &b);
                        r = b.failed ? -ENOMEM : 0;
                        wql_plan_unref(p);
                }
                buf_deinit(&b);
                wql_query_free(q);
        }
        until_failure = SIZE_MAX;
        return r;
}

static void every_allocation_may_fail(void **state)
{
        (void)state;
        Buf b = {0};
        buf_text(&b,
                 "SELECT Name, Part.Prop1, U8 FROM Types WITHIN 1.5 WHERE (Name LIKE '%[a-c]_[^x][[]' AND "
                 "U64 > 7.5 "
                 "OR NULL <> Flag) AND NOT ('x' < Other AND Other <> -5 OR When < '2026-01-31T12:00:00Z')");
        // enough to make every arena grow
        for (size_t i = 0; i < 30; i++)
                buf_printf(&b, " OR Name LIKE '[%zu-9]a%%' AND U16 = %zu", i % 10, i);
        Str text = {(const char *)b.p, b.n};
        size_t n = 0;
        while (attempt(text, n) != 0) {
                assert_int_equal(attempt(text, n), -ENOMEM);
                n++;
                assert_true(n < 100000);
        }
        assert_true(n > 10);
        buf_deinit(&b);
}

int main(void)
{
        size_t n;
        char *text = world_file("tests/conformance/wql/classes.mof", &n);
        world_init(&world, STR("root\\wmi"));
        if (!text || !world_classes(&world, (Str){text, n})) {
                printf("Bail out! classes.mof: %s\n", world.error);
                return 1;
        }
        free(text);
        int r = testkit_run((TestCase[]){TEST(every_allocation_may_fail), TEST_END});
        world_deinit(&world);
        return r;
}
