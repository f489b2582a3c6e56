// SPDX-License-Identifier: MIT
// mof_parse: the errors of the cases in tests/conformance/mof, those that a text shows without other classes.
#include "base/testkit.h"

#include "base/limits.h"
#include "cim/status.h"
#include "mof/document.h"
#include "mof/test-case-file.h"

static Case *cases;
static TestCase *tests;
static size_t case_count;

// Numbers of errors that building finds, not parsing.
static bool of_building(Str line)
{
        static const char *const names[] = {
                "WBEM_E_INVALID_SUPERCLASS", "WBEM_E_CIRCULAR_REFERENCE", "WBEM_E_NOT_SUPPORTED",
                "WBEM_E_ALREADY_EXISTS",     "WBEM_E_NOT_FOUND",          "WBEM_E_INVALID_OPERATION",
                "WBEM_E_TYPE_MISMATCH",      "WBEM_E_INVALID_QUALIFIER",  "WBEM_E_VALUE_OUT_OF_RANGE",
                "neither a type nor a class", "events of A cannot be read",
        };
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (memmem(line.p, line.n, names[i], strlen(names[i])))
                        return true;
        return false;
}

// Every error is expected, and what is expected and not there is found by building.
static bool same_errors(Str expected, Str got)
{
        Str have = cases_line(&got);
        while (expected.n) {
                Str want = cases_line(&expected);
                want.p += 3;
                want.n -= 3;
                if (!cases_starts(want, "error ")) // "late error": of building
                        continue;
                if (have.n && cases_error_matches(want, have))
                        have = cases_line(&got);
                else if (!of_building(want))
                        return false;
        }
        return have.n == 0;
}

static void run_case(void **state)
{
        (void)state;
        const Case *c = &cases[testkit_current - tests];
        Diag errors[LIMIT_MOF_ERRORS];
        size_t n;
        MofDocument *document;
        MofSource source = {.text = c->text, .name = "case", .namespace = STR("root\\wmi")};
        int r = mof_parse(&source, &document, errors, LIMIT_MOF_ERRORS, &n);
        Buf got = {0};
        cases_errors(errors, n, &got);
        bool same = (r == 0 || r == E_DIAG) && document && (r == E_DIAG) == (n > 0) &&
                    same_errors(c->expected, (Str){(char *)got.p, got.n});
        if (!same)
                print_message("# got %d:\n%s", r, got.n ? buf_z(&got) : "");
        buf_deinit(&got);
        mof_document_free(document);
        assert_true(same);
}

int main(void)
{
        cases = cases_load(&case_count);
        tests = calloc(case_count + 1, sizeof(*tests));
        if (!case_count || !tests) {
                printf("Bail out! no cases found\n");
                return 1;
        }
        for (size_t i = 0; i < case_count; i++)
                tests[i] = (TestCase){cases[i].name, run_case};
        return testkit_run(tests);
}
