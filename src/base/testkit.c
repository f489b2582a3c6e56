// SPDX-License-Identifier: MIT
// Runs each case as a cmocka group of one with cmocka's own output off, and prints TAP itself: cmocka prints a skip
// as "not ok", which meson counts as a failure.
#include "base/testkit.h"

#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TESTKIT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TESTKIT_SANITIZED 1
#endif
#endif
#ifndef TESTKIT_SANITIZED
#define TESTKIT_SANITIZED 0
#endif

const char *testkit_skipped;
const TestCase *testkit_current;

// A sanitizer that ends the program writes its report past the redirection below.
extern void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

static void testkit_one(void **state)
{
        testkit_current->run(state);
}

// cmocka has no silent mode: what it prints on standard output goes to a file that is shown only when the case failed.
// Standard error too, but not in a sanitized build, where the report of a sanitizer that ends the program must survive.
static int testkit_case(const TestCase *c, FILE *report)
{
        testkit_current = c;
        testkit_skipped = NULL;
        const struct CMUnitTest group[] = {{c->name, testkit_one, NULL, NULL, NULL}};
        fflush(stdout);
        int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
        if (ftruncate(fileno(report), 0) < 0)
                perror("ftruncate");
        rewind(report);
        dup2(fileno(report), STDOUT_FILENO);
        if (!TESTKIT_SANITIZED)
                dup2(fileno(report), STDERR_FILENO);
        int failed = cmocka_run_group_tests_name(c->name, group, NULL, NULL);
        fflush(stdout);
        fflush(stderr);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        close(err);
        close(out);
        return failed;
}

int testkit_run(const TestCase *cases)
{
        size_t n = 0;
        while (cases[n].name)
                n++;
        FILE *report = tmpfile();
        if (!report) {
                perror("tmpfile");
                return 99;
        }
        if (__sanitizer_set_report_fd)
                __sanitizer_set_report_fd((void *)(intptr_t)dup(STDERR_FILENO));
        cmocka_set_message_output(CM_OUTPUT_STDOUT);
        printf("1..%zu\n", n);
        int failed = 0;
        for (size_t i = 0; i < n; i++) {
                int bad = testkit_case(&cases[i], report);
                failed += bad != 0;
                printf("%s %zu - %s%s%s\n", bad ? "not ok" : "ok", i + 1, cases[i].name,
                       testkit_skipped && !bad ? " # SKIP " : "", testkit_skipped && !bad ? testkit_skipped : "");
                if (bad) {
                        char line[1024];
                        rewind(report);
                        while (fgets(line, sizeof(line), report))
                                printf("# %s", line);
                }
                fflush(stdout);
        }
        fclose(report);
        return failed ? 1 : 0;
}
