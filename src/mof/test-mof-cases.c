// SPDX-License-Identifier: MIT
// The cases of tests/conformance/mof/*.test: MOF text -> classes, or errors with code and place. Each is
// compiled into root\wmi of a fresh service.
// Their form: test-case-file.h.
#include "base/testkit.h"

#include "base/limits.h"
#include "cim/status.h"
#include "mof/test-case-file.h"
#include "mof/test-support.h"

static Case *cases;
static TestCase *tests;
static size_t case_count;
static CimSchema *schema;

static bool same_lines(Str expected, Str got)
{
        while (expected.n || got.n) {
                Str want = cases_line(&expected), have = cases_line(&got);
                if (!cases_starts(want, "-- "))
                        return false;
                want.p += 3;
                want.n -= 3;
                if (cases_starts(want, "late ")) {
                        want.p += 5;
                        want.n -= 5;
                }
                if (cases_starts(want, "error ") ? !cases_error_matches(want, have) : !str_eq(want, have))
                        return false;
        }
        return true;
}

static void run_case(void **state)
{
        (void)state;
        const Case *c = &cases[testkit_current - tests];
        Diag errors[LIMIT_MOF_ERRORS];
        size_t n;
        MofPlan *result;
        MofSource source = {.text = c->text, .name = "case", .namespace = STR("root\\wmi")};
        int r = mof_compile(&source, &(MofBuild){.schema = schema}, &result, errors, LIMIT_MOF_ERRORS, &n);
        Buf got = {0};
        if (r == E_DIAG)
                cases_errors(errors, n, &got);
        for (size_t i = 0; r == 0 && i < result->count; i++)
                support_dump_step(&result->steps[i], &got);
        bool same = (r == 0 || r == E_DIAG) && same_lines(c->expected, (Str){(char *)got.p, got.n});
        if (!same)
                print_message("# got:\n%s", buf_z(&got));
        buf_deinit(&got);
        mof_plan_free(result);
        assert_true(same);
}

// The errors that the compiler's documentation lists: each has a case, but for those of docs/DIFFERENCES.md that no text
// gets.
static void every_number_has_a_case(void **state)
{
        (void)state;
        static const uint32_t never[] = {0x80044027, 0x8004402A, 0x8004402B, 0x8004402F};
        for (uint32_t code = 0x80044001; code <= 0x80044031; code++) {
                bool exempt = false;
                size_t found = 0;
                char wanted[80];
                snprintf(wanted, sizeof(wanted), "error %s ", cim_status_name(code));
                for (size_t i = 0; i < case_count; i++)
                        found += memmem(cases[i].expected.p, cases[i].expected.n, wanted, strlen(wanted)) != NULL;
                for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
                        exempt |= code == never[i];
                if (!found == !exempt)
                        print_message("%s: %zu cases\n", wanted, found);
                assert_true(!found == exempt);
        }
}

int main(void)
{
        cases = cases_load(&case_count);
        schema = support_schema();
        tests = calloc(case_count + 2, sizeof(*tests));
        if (!case_count || !tests) {
                printf("Bail out! no cases found\n");
                return 1;
        }
        for (size_t i = 0; i < case_count; i++)
                tests[i] = (TestCase){cases[i].name, run_case};
        tests[case_count] = (TestCase)TEST(every_number_has_a_case);
        int r = testkit_run(tests);
        cim_schema_unref(schema);
        return r;
}
