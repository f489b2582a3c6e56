// SPDX-License-Identifier: MIT
// Tests of diagnostics: what is written for people, as JSON lines, as SARIF, and in mofcomp's words.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/testkit.h"

#include <json-c/json.h>

#include "base/limits.h"
#include "diagnose.h"
#include "say.h"
#include "verb.h"

// What goes to a descriptor between capture and release.
typedef struct Capture {
        int fd, saved, file;
        char text[1 << 20];
} Capture;

static Capture *capture(int fd)
{
        Capture *c = calloc(1, sizeof(*c));
        assert_non_null(c);
        fflush(stdout);
        c->fd = fd;
        c->saved = dup(fd);
        c->file = memfd_create("capture", MFD_CLOEXEC);
        assert_true(c->saved >= 0 && c->file >= 0 && dup2(c->file, fd) == fd);
        return c;
}

static const char *release(Capture *c)
{
        dup2(c->saved, c->fd);
        close(c->saved);
        ssize_t n = pread(c->file, c->text, sizeof(c->text) - 1, 0);
        close(c->file);
        assert_true(n >= 0);
        c->text[n] = '\0';
        return c->text;
}

static const char text[] = "class A {\n\tuint32 \xE6\xBC\xA2 x = 12;\r\n};\n";

// At the "12".
static Diag finding(void)
{
        return (Diag){.code = 0x80044002,
                      .line = 2,
                      .column = 15,
                      .offset = (size_t)(strstr(text, "12") - text),
                      .length = 2,
                      .file = "a b.mof",
                      .message = "a ';' is \xFF missing",
                      .hint = "put one"};
}

static void check(DiagnoseAs as, int fd, const char *expected)
{
        Diag d = finding();
        Capture *c = capture(fd);
        Diagnose *g = diagnose_new(as, "wmi mof check");
        diagnose_add(g, DIAGNOSE_ERROR, NULL, &d, STR(text));
        d = (Diag){.offset = 7, .file = "x.bmf", .message = "odd"};
        diagnose_add(g, DIAGNOSE_WARNING, "odd-thing", &d, (Str){0});
        unsigned errors = diagnose_count(g, DIAGNOSE_ERROR);
        int r = diagnose_end(g);
        const char *got = release(c);
        assert_int_equal(r, 0);
        assert_int_equal(errors, 1);
        assert_string_equal(got, expected);
        free(c);
}

static void text_has_line_and_caret(void **state)
{
        (void)state;
        check(DIAGNOSE_TEXT, STDERR_FILENO,
              "a b.mof:2:15: error: a ';' is \xEF\xBF\xBD missing (WBEMMOF_E_EXPECTED_SEMI 0x80044002)\n"
              "    \tuint32 \xE6\xBC\xA2 x = 12;\n"
              "    \t              ^~\n"
              "    hint: put one\n"
              "x.bmf: byte 7: warning: odd [odd-thing]\n"
              "1 error, 1 warning\n");
}

static void mofcomp_words(void **state)
{
        (void)state;
        check(DIAGNOSE_MOFCOMP, STDOUT_FILENO,
              "a b.mof (2): error SYNTAX 0X80044002: a ';' is \xEF\xBF\xBD missing\n"
              "    \tuint32 \xE6\xBC\xA2 x = 12;\n"
              "    \t              ^~\n"
              "    hint: put one\n"
              "x.bmf: warning odd-thing: odd\n"
              "1 error, 1 warning\n");
}

static void json_has_a_line_for_each(void **state)
{
        (void)state;
        check(DIAGNOSE_JSON, STDOUT_FILENO,
              "{\"level\":\"error\",\"rule\":\"WBEMMOF_E_EXPECTED_SEMI\",\"code\":\"0x80044002\",\"file\":"
              "\"a b.mof\","
              "\"line\":2,\"column\":15,\"offset\":26,\"length\":2,\"message\":\"a ';' is \xEF\xBF\xBD "
              "missing\","
              "\"hint\":\"put one\",\"source\":\"\\tuint32 \xE6\xBC\xA2 x = 12;\"}\n"
              "{\"level\":\"warning\",\"rule\":\"odd-thing\",\"file\":\"x.bmf\",\"offset\":7,\"message\":"
              "\"odd\"}\n"
              "{\"errors\":1,\"warnings\":1,\"shown\":2}\n");
}

static void sarif_is_one_log(void **state)
{
        (void)state;
        check(DIAGNOSE_SARIF, STDOUT_FILENO,
              "{\"$schema\":\"https://json.schemastore.org/"
              "sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":{"
              "\"driver\":{\"name\":\"wmi mof check\",\"version\":\"" FREEWMI_VERSION "\",\"rules\":["
              "{\"id\":\"WBEMMOF_E_EXPECTED_SEMI\",\"shortDescription\":{\"text\":\"expected ';' or '='\"}},"
              "{\"id\":\"odd-thing\",\"shortDescription\":{\"text\":\"odd-thing\"}}]}},"
              "\"columnKind\":\"unicodeCodePoints\",\"results\":["
              "{\"ruleId\":\"WBEMMOF_E_EXPECTED_SEMI\",\"ruleIndex\":0,\"level\":\"error\",\"message\":{"
              "\"text\":"
              "\"a ';' is \xEF\xBF\xBD missing; put "
              "one\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{"
              "\"uri\":\"a%20b.mof\"},\"region\":{\"startLine\":2,\"startColumn\":15,\"endColumn\":17,"
              "\"snippet\":{"
              "\"text\":\"\\tuint32 \xE6\xBC\xA2 x = 12;\"}}}}]},"
              "{\"ruleId\":\"odd-thing\",\"ruleIndex\":1,\"level\":\"warning\",\"message\":{\"text\":\"odd\"}"
              ","
              "\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"x.bmf\"},\"region\":{"
              "\"byteOffset\":7,\"byteLength\":0}}}]}]}]}\n");
}

static void nothing_found_is_silence(void **state)
{
        (void)state;
        static const struct {
                DiagnoseAs as;
                int fd;
        } kinds[] = {{DIAGNOSE_TEXT, 2}, {DIAGNOSE_JSON, 1}, {DIAGNOSE_MOFCOMP, 1}};
        for (size_t i = 0; i < 3; i++) {
                Capture *c = capture(kinds[i].fd);
                int r = diagnose_end(diagnose_new(kinds[i].as, "x"));
                assert_string_equal(release(c), "");
                assert_int_equal(r, 0);
                free(c);
        }
}

// How many are shown of n, and what the sum says.
static void shown(unsigned n, bool cut, const char *sum)
{
        Diag d = {.file = "f", .message = "m"};
        Capture *c = capture(STDERR_FILENO);
        Diagnose *g = diagnose_new(DIAGNOSE_TEXT, "x");
        for (unsigned i = 0; i < n; i++)
                diagnose_add(g, DIAGNOSE_ERROR, NULL, &d, (Str){0});
        if (cut)
                diagnose_cut(g);
        diagnose_end(g);
        const char *got = release(c), *p = got;
        unsigned lines = 0;
        for (; strncmp(p, "f: error: m\n", 12) == 0; p += 12)
                lines++;
        assert_int_equal(lines, n < LIMIT_FINDINGS ? n : LIMIT_FINDINGS);
        assert_string_equal(p, sum);
        free(c);
}

static void findings_are_bounded(void **state)
{
        (void)state;
        shown(LIMIT_FINDINGS - 1, false, "999 errors, 0 warnings\n");
        shown(LIMIT_FINDINGS, false, "1000 errors, 0 warnings\n");
        shown(LIMIT_FINDINGS + 1, false, "1001 errors, 0 warnings; the first 1000 are shown\n");
        shown(1, true, "1 error or more, 0 warnings\n");
}

static void long_lines_are_cut(void **state)
{
        (void)state;
        char line[1001], expected[400];
        memset(line, 'x', 1000);
        line[1000] = '\0';
        memcpy(line + 500, "HERE", 4);
        Buf out = {0};
        say_source(str_of(line), 500, 4, false, &out);
        snprintf(expected, sizeof(expected), "    ...%.60sHERE%.56s...\n       %60s^~~~\n", line, line, "");
        assert_string_equal(buf_z(&out), expected);
        out.n = 0;
        say_source(STR("ab"), 99, 5, false, &out); // beyond its end
        assert_string_equal(buf_z(&out), "    ab\n      ^\n");
        out.n = 0;
        say_source(STR("a\x01\xFF"
                       "b"),
                   3, 1, true, &out);
        assert_string_equal(buf_z(&out), "    a\\u0001\xEF\xBF\xBD"
                                         "b\n    \033[1;32m        ^\033[m\n");
        buf_deinit(&out);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(text_has_line_and_caret), TEST(mofcomp_words),
                                        TEST(json_has_a_line_for_each), TEST(sarif_is_one_log),
                                        TEST(nothing_found_is_silence), TEST(findings_are_bounded),
                                        TEST(long_lines_are_cut), TEST_END});
}
