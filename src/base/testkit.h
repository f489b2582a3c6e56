// SPDX-License-Identifier: MIT
// Unit tests: cmocka's assertions, our own TAP (one plan a program, a skip is a pass with "# SKIP reason").
//
//   static void adds(void **state) { assert_int_equal(1 + 1, 2); }
//   int main(void) { return testkit_run((TestCase[]){TEST(adds), TEST_END}); }
//
// A test that cannot run here calls testkit_skip("why"), which returns from it.
#ifndef BASE_TESTKIT_H
#define BASE_TESTKIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct TestCase {
        const char *name;
        CMUnitTestFunction run;
} TestCase;

#define TEST(f)  {#f, f}
#define TEST_END {NULL, NULL}

extern const char *testkit_skipped;
extern const TestCase *testkit_current;

#define testkit_skip(why)                                                                                              \
        do {                                                                                                           \
                testkit_skipped = (why);                                                                               \
                return;                                                                                                \
        } while (0)

int testkit_run(const TestCase *cases);

#endif
