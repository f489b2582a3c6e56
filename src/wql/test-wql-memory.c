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

// Parses, checks, matches and prints with `allowed` allocations. The result of the first step that failed.
static int attempt(Str text, bool data, size_t allowed)
{
        WqlQuery *q;
        WqlPlan *p;
        Diag d;
        until_failure = allowed;
        int r = data ? wql_parse_data(text, &q, &d) : wql_parse(text, &q, &d);
        if (r == 0) {
                Buf b = {0};
                r = (data ? wql_check_data : wql_check)(q, world.schema, world.namespace, &p, &d);
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

static void must_survive(Str text, bool data)
{
        size_t n = 0;
        while (attempt(text, data, n) != 0) {
                assert_int_equal(attempt(text, data, n), -ENOMEM);
                n++;
                assert_true(n < 100000);
        }
        assert_true(n > 10);
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
        must_survive(text, false);
        buf_deinit(&b);
}

static void allocations_of_paths_may_fail(void **state)
{
        (void)state;
        Buf b = {0};
        buf_text(&b,
                 "SELECT * FROM BoxEvent WHERE Any ISA 'Leaf' AND Any.Size > 5 AND Any.Text LIKE '%[a-c]x' "
                 "AND "
                 "Boxes[1].Leaves[0].Text <> 'y' AND Held.Any.Nothing.At.All = 7.5 AND Any.__CLASS < 'Z' AND "
                 "Held.Inside IS NOT NULL");
        for (size_t i = 0; i < 30; i++)
                buf_printf(&b, " AND Held.Any.Step%zu = '%zu'", i, i);
        Str text = {(const char *)b.p, b.n};
        must_survive(text, false);
        must_survive(text, true);
        must_survive(STR("SELECT * FROM meta_class WHERE __this ISA 'Leaf' AND __SUPERCLASS = 'Leaf' OR "
                         "__PATH = 'x'"),
                     true);
        buf_deinit(&b);
}

// A match allocates nothing but the text of a path, in memory that the caller gave; without that it is NULL.
static void matching_needs_no_memory(void **state)
{
        (void)state;
        static const char *const queries[] = {
                "SELECT * FROM BoxEvent WHERE Any ISA 'Leaf' AND Any.Size = 1 AND Any.__CLASS = 'BigLeaf' "
                "AND __CLASS = "
                "'BoxEvent' AND Boxes[0].Inside IS NULL AND Any.__NAMESPACE = 'root\\\\wmi' AND Any.__SERVER "
                "= 'HOST'",
                "SELECT * FROM BoxEvent WHERE Held IS NULL AND Any.__RELPATH IS NOT NULL",
                "SELECT * FROM BoxEvent WHERE Held IS NULL AND Any.__PATH IS NOT NULL",
        };
        static const char *const objects[] = {
                "BoxEvent { Any = BigLeaf @root\\wmi { Size = 1; }; Boxes = { Box { } }; }",
                "BoxEvent { Any = Win32_Process @root\\wmi { Handle = \"1\"; }; }",
                "BoxEvent { Any = Win32_Process @root\\wmi { Handle = \"1\"; }; }",
        };
        for (size_t i = 0; i < 3; i++) {
                const CimInstance *o = world_object(&world, str_of(objects[i]));
                if (!o)
                        fail_msg("%s", world.error);
                WqlQuery *q;
                WqlPlan *p;
                assert_int_equal(wql_parse(str_of(queries[i]), &q, NULL), 0);
                assert_int_equal(wql_check(q, world.schema, world.namespace, &p, NULL), 0);
                Arena scratch = {0};
                WqlSubject s = {.klass = o->class, .values = o->values, .server = STR("HOST")};
                until_failure = 0;
                bool without = wql_match(p, &s);
                s.scratch = &scratch;
                bool failing = wql_match(p, &s);
                until_failure = SIZE_MAX;
                assert_int_equal(without, i == 0);
                assert_int_equal(failing, i == 0);
                assert_true(wql_match(p, &s));
                s.server = (Str){0};
                assert_int_equal(wql_match(p, &s), i == 1);
                arena_deinit(&scratch);
                wql_plan_unref(p);
                wql_query_free(q);
        }
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
        int r = testkit_run((TestCase[]){TEST(every_allocation_may_fail), TEST(allocations_of_paths_may_fail),
                                         TEST(matching_needs_no_memory), TEST_END});
        world_deinit(&world);
        return r;
}
