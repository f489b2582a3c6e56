// SPDX-License-Identifier: MIT
// The cases of tests/conformance/mof/*.test: MOF text -> classes, or errors with code and place. Each is
// compiled into root\wmi of a fresh service.
//
//   == name                                     # lines before the first case are comment
//   class A { uint32 x };
//   -- error WBEMMOF_E_EXPECTED_SEMI 1:19 | part of the message or the hint
//
//   == name
//   class A {};
//   -- root\wmi:A                               what support_dump writes, line by line
#include "base/testkit.h"

#include <dirent.h>

#include "base/limits.h"
#include "cim/status.h"
#include "mof/test-support.h"

typedef struct Case {
        char name[160];
        Str text, expected; // in the file's bytes; of `expected` every line begins with "-- "
} Case;

static Case *cases;
static TestCase *tests;
static size_t case_count;
static CimSchema *schema;

static Str line_of(Str *s)
{
        const char *end = memchr(s->p, '\n', s->n);
        Str line = {s->p, end ? (size_t)(end - s->p) : s->n};
        size_t used = line.n + (end ? 1 : 0);
        s->p += used;
        s->n -= used;
        return line;
}

static bool starts(Str s, const char *with)
{
        return s.n >= strlen(with) && memcmp(s.p, with, strlen(with)) == 0;
}

static void add_case(const char *file, Str title, Str text, Str expected)
{
        cases = realloc(cases, (case_count + 1) * sizeof(*cases));
        if (!cases)
                abort();
        Case *c = &cases[case_count++];
        snprintf(c->name, sizeof(c->name), "%s: %.*s", file, STR_ARG(title));
        c->text = text;
        c->expected = expected;
}

static void load_file(const char *file, Str all)
{
        Str title = {0}, text = {0}, expected = {0};
        while (all.n) {
                Str line = line_of(&all);
                if (starts(line, "== ")) {
                        if (title.n)
                                add_case(file, title, text, expected);
                        title = (Str){line.p + 3, line.n - 3};
                        text = (Str){line.p + line.n + 1, 0};
                        expected = (Str){0};
                } else if (starts(line, "-- ")) {
                        if (!expected.p)
                                expected.p = line.p;
                        expected.n = (size_t)(line.p + line.n - expected.p);
                } else if (title.n && !expected.p) {
                        text.n = (size_t)(line.p + line.n + 1 - text.p);
                }
        }
        if (title.n)
                add_case(file, title, text, expected);
}

static int is_test(const struct dirent *d)
{
        size_t n = strlen(d->d_name);
        return n > 5 && strcmp(d->d_name + n - 5, ".test") == 0;
}

static void load_all(void)
{
        char dir[4000], path[4400];
        const char *source = getenv("FREEWMI_SOURCE");
        snprintf(dir, sizeof(dir), "%s/tests/conformance/mof", source ? source : ".");
        struct dirent **names;
        int n = scandir(dir, &names, is_test, alphasort);
        for (int i = 0; i < n; i++) {
                size_t size;
                snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
                char *bytes = support_read(path, &size); // stays: the cases point into it
                if (bytes)
                        load_file(names[i]->d_name, (Str){bytes, size});
                free(names[i]);
        }
        if (n >= 0)
                free(names);
}

// The errors as lines of the form in which the cases give them, with all of the texts behind.
static void errors_text(const Diag *errors, size_t n, Buf *out)
{
        for (size_t i = 0; i < n; i++) {
                const char *name = cim_status_name(errors[i].code);
                buf_printf(out, "error %s %u:%u | %s | %s\n", name ? name : "?", errors[i].line,
                           errors[i].column, errors[i].message, errors[i].hint);
        }
}

// "error NAME 1:2 | text": the line must begin with what stands before '|' and contain what stands behind.
static bool error_matches(Str expected, Str line)
{
        const char *bar = memchr(expected.p, '|', expected.n);
        size_t head = bar ? (size_t)(bar - expected.p) : expected.n;
        while (head && expected.p[head - 1] == ' ')
                head--;
        if (line.n < head + 1 || memcmp(line.p, expected.p, head) != 0 || line.p[head] != ' ')
                return false;
        if (!bar)
                return true;
        Str part = {bar + 1, (size_t)(expected.p + expected.n - bar - 1)};
        while (part.n && part.p[0] == ' ')
                part.p++, part.n--;
        return memmem(line.p, line.n, part.p, part.n) != NULL;
}

static bool same_lines(Str expected, Str got)
{
        while (expected.n || got.n) {
                Str want = line_of(&expected), have = line_of(&got);
                if (!starts(want, "-- "))
                        return false;
                want.p += 3;
                want.n -= 3;
                if (starts(want, "error ") ? !error_matches(want, have) : !str_eq(want, have))
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
        MofResult *result;
        MofSource source = {.text = c->text, .name = "case", .namespace = STR("root\\wmi"), .schema = schema};
        int r = mof_compile(&source, &result, errors, LIMIT_MOF_ERRORS, &n);
        Buf got = {0};
        if (r == E_DIAG)
                errors_text(errors, n, &got);
        for (size_t i = 0; r == 0 && i < result->class_count; i++)
                support_dump(result->classes[i].klass, result->classes[i].namespace, &got);
        bool same = (r == 0 || r == E_DIAG) && same_lines(c->expected, (Str){(char *)got.p, got.n});
        if (!same)
                print_message("# got:\n%s", buf_z(&got));
        buf_deinit(&got);
        mof_result_free(result);
        assert_true(same);
}

int main(void)
{
        load_all();
        schema = support_schema();
        tests = calloc(case_count + 1, sizeof(*tests));
        if (!case_count || !tests) {
                printf("Bail out! no cases found\n");
                return 1;
        }
        for (size_t i = 0; i < case_count; i++)
                tests[i] = (TestCase){cases[i].name, run_case};
        int r = testkit_run(tests);
        cim_schema_unref(schema);
        return r;
}
