// SPDX-License-Identifier: MIT
// Reads tests/conformance/mof/*.test.
#include "mof/test-case-file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "cim/status.h"
#include "mof/test-support.h"

static Case *cases;
static size_t case_count;

Str cases_line(Str *s)
{
        const char *end = s->n ? memchr(s->p, '\n', s->n) : NULL;
        Str line = {s->p, end ? (size_t)(end - s->p) : s->n};
        size_t used = line.n + (end ? 1 : 0);
        if (used)
                s->p += used;
        s->n -= used;
        return line;
}

bool cases_starts(Str s, const char *with)
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
                Str line = cases_line(&all);
                if (cases_starts(line, "== ")) {
                        if (title.n)
                                add_case(file, title, text, expected);
                        title = (Str){line.p + 3, line.n - 3};
                        text = (Str){line.p + line.n + 1, 0};
                        expected = (Str){0};
                } else if (cases_starts(line, "-- ")) {
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

Case *cases_load(size_t *ret_count)
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
        *ret_count = case_count;
        return cases;
}

void cases_errors(const Diag *errors, size_t n, Buf *out)
{
        for (size_t i = 0; i < n; i++) {
                const char *name = cim_status_name(errors[i].code);
                buf_printf(out, "error %s %u:%u | %s | %s\n", name ? name : "?", errors[i].line,
                           errors[i].column, errors[i].message, errors[i].hint);
        }
}

bool cases_error_matches(Str expected, Str line)
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

