// SPDX-License-Identifier: MIT
// One text from many: includes of files in memory and on disk, their bounds, and the C preprocessor's pass.
#include "base/testkit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "cim/status.h"
#include "mof/expand.h"

// --- files in memory -----------------------------------------------------------------------------

typedef struct Memory {
        const char *name;
        const char *text;
        size_t n; // 0: strlen
} Memory;

static int read_memory(void *context, const char *path, Buf *ret)
{
        for (const Memory *m = context; m->name; m++) {
                if (strcmp(m->name, path) != 0)
                        continue;
                buf_put(ret, m->text, m->n ? m->n : strlen(m->text));
                return 0;
        }
        return strcmp(path, "denied.mof") == 0 ? -EACCES : -ENOENT;
}

static int expand(const Memory *files, Buf *ret, Diag *d)
{
        static const char *const directories[] = {"inc", "more/"};
        MofExpand e = {.read = read_memory, .context = (void *)(uintptr_t)files, .directories = directories,
                       .directory_count = 2};
        *ret = (Buf){0};
        *d = (Diag){0};
        return mof_expand(&e, files[0].name, ret, d);
}

static void gives(const Memory *files, const char *expected)
{
        Buf out;
        Diag d;
        int r = expand(files, &out, &d);
        if (r)
                print_error("%s\n", d.message);
        assert_int_equal(r, 0);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
}

static void fails(const Memory *files, const char *file, uint32_t line, uint32_t column, uint32_t code,
                  const char *message, const char *expected)
{
        Buf out;
        Diag d;
        assert_int_equal(expand(files, &out, &d), E_DIAG);
        assert_string_equal(d.message, message);
        assert_string_equal(d.file, file);
        assert_int_equal(d.line, line);
        assert_int_equal(d.column, column);
        assert_int_equal(d.code, code);
        assert_string_equal(buf_z(&out), expected);
        assert_true(d.offset <= out.n && d.length <= out.n - d.offset);
        buf_deinit(&out);
}

static void without_includes_as_it_is(void **state)
{
        (void)state;
        const char *text = "class A\r\n{ string s = \"#include (\\\"x\\\")\"; }; // #include (\"x\")\n/* #include (\"x\")\n*/ "
                           "#pragma namespace(\"root\")\n'\"' #pragma includes (\"x\")\n# 4 \"y\"\n#include \"c.h\"\n"
                           "#include (x)\n#include (\"x\n\")";
        gives((Memory[]){{"a.mof", text, 0}, {0}}, text);
        gives((Memory[]){{"a.mof", "\xFF\xFE\x41\0\xE4\0", 6}, {0}}, "A\xC3\xA4");
        gives((Memory[]){{"a.mof", "\xEF\xBB\xBF", 0}, {0}}, "");
        gives((Memory[]){{"a.mof", "\xE4", 0}, {0}}, "\xC3\xA4");
}

static void in_each_spelling(void **state)
{
        (void)state;
        static const char *const spellings[] = {
                "#include (\"b.mof\")",   "#pragma include (\"b.mof\")", "#PRAGMA Include(\"b.mof\")", "# INCLUDE(\"b.mof\")",
                "#pragma/**/include/* */ ( \"b.mof\" )", "#include (\"b.\" \"mof\")", "#include (\".\\\\b.mof\")",
                "#include (\".\\b.mof\")"};
        for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
                gives((Memory[]){{"a.mof", spellings[i], 0}, {"b.mof", "class B {};", 0}, {0}},
                      "# 1 \"b.mof\"\nclass B {};\n# 1 \"a.mof\"\n");
        gives((Memory[]){{"a.mof", "\n#include\n// x\n(\"b.mof\"\n)\nC", 0}, {"b.mof", "B\n", 0}, {0}},
              "\n# 1 \"b.mof\"\nB\n# 5 \"a.mof\"\n\nC");
}

static void relative_to_the_file_that_names_it(void **state)
{
        (void)state;
        gives((Memory[]){{"d/a.mof", "#include (\"e\\b.mof\")\nA", 0},
                         {"d/e/b.mof", "#include (\"c.mof\")\n#include (\"x.mof\")\nB", 0},
                         {"d/e/c.mof", "C", 0},
                         {"c.mof", "wrong", 0},
                         {"inc/x.mof", "X", 0},
                         {"more/x.mof", "wrong", 0},
                         {0}},
              "# 1 \"d/e/b.mof\"\n# 1 \"d/e/c.mof\"\nC\n# 1 \"d/e/b.mof\"\n\n# 1 \"inc/x.mof\"\nX\n# 2 \"d/e/b.mof\"\n\nB\n"
              "# 1 \"d/a.mof\"\n\nA");
        gives((Memory[]){{"a.mof", "#include (\"y.mof\")#include (\"/z\")", 0}, {"more/y.mof", "Y", 0}, {"/z", "Z", 0}, {0}},
              "# 1 \"more/y.mof\"\nY\n# 1 \"a.mof\"\n                  \n# 1 \"/z\"\nZ\n# 1 \"a.mof\"\n");
}

static void keeps_lines_columns_and_names(void **state)
{
        (void)state;
        gives((Memory[]){{"q\"\\.mof", "\xC3\xA4\t#include (\"b\") class A {};\n# 7 \"o.x\"\n#include (\"b\")\n", 0},
                         {"b", "B\x1A", 0},
                         {0}},
              "\xC3\xA4\t\n# 1 \"b\"\nB\n# 1 \"q\\\"\\\\.mof\"\n                 class A {};\n# 7 \"o.x\"\n# 1 \"b\"\nB\n"
              "# 7 \"o.x\"\n\n");
        gives((Memory[]){{"a", "#include (\"u\")\n", 0}, {"u", "\xFE\xFF\0\x41", 4}, {0}}, "# 1 \"u\"\nA\n# 1 \"a\"\n\n");
        // The lines of the compiler: what is no marker to it is none here, and numbers end where its do.
        gives((Memory[]){{"a", "#line4 \"b\"\n#line 4294967296\n#include (\"u\")\n", 0}, {"u", "", 0}, {0}},
              "#line4 \"b\"\n#line 4294967296\n# 1 \"u\"\n# 2147483647 \"a\"\n\n");
}

static void what_is_not_there(void **state)
{
        (void)state;
        fails((Memory[]){{"a.mof", "A\n  #include (\"no.mof\") B\n#include (\"b.mof\")", 0}, {"b.mof", "B", 0}, {0}}, "a.mof", 2,
              3, (uint32_t)CIM_MOF_INVALID_INCLUDE, "there is no file \"no.mof\"",
              "A\n  #include (\"no.mof\") B\n# 1 \"b.mof\"\nB\n# 3 \"a.mof\"\n");
        fails((Memory[]){{"a.mof", "#include (\"b.mof\")", 0}, {"b.mof", "\n#include (\"denied.mof\")", 0}, {0}}, "b.mof", 2, 1,
              (uint32_t)CIM_MOF_INVALID_INCLUDE, "the file \"denied.mof\" cannot be read: Permission denied",
              "# 1 \"b.mof\"\n\n#include (\"denied.mof\")\n# 1 \"a.mof\"\n");
        Buf out = {0};
        Diag d;
        MofExpand e = {.read = read_memory, .context = (Memory[]){{0}}};
        assert_int_equal(mof_expand(&e, "a.mof", &out, &d), -ENOENT);
        assert_int_equal(out.n, 0);
}

static void what_is_no_text(void **state)
{
        (void)state;
        fails((Memory[]){{"a.mof", "\n#include (\"b.mof\")", 0}, {"b.mof", "FOMB", 0}, {0}}, "a.mof", 2, 1,
              (uint32_t)CIM_MOF_INVALID_FILE, "b.mof, line 1: this is compiled (binary) MOF, not text",
              "\n#include (\"b.mof\")");
        fails((Memory[]){{"a.mof", "\xFF\xFE\x41\0\n\0\0\xDC", 8}, {0}}, "a.mof", 2, 1, (uint32_t)CIM_MOF_INVALID_FILE,
              "half a surrogate pair in UTF-16 text", "");
}

static void a_circle(void **state)
{
        (void)state;
        fails((Memory[]){{"a", "#include (\"a\")", 0}, {0}}, "a", 1, 1, (uint32_t)CIM_MOF_INVALID_INCLUDE, "a includes itself",
              "#include (\"a\")");
        fails((Memory[]){{"a", "#include (\"b\")", 0}, {"b", "#include (\"c\")", 0}, {"c", "\n#include (\"a\")", 0}, {0}}, "c",
              2, 1, (uint32_t)CIM_MOF_INVALID_INCLUDE, "a includes itself, by way of c, by b",
              "# 1 \"b\"\n# 1 \"c\"\n\n#include (\"a\")\n# 1 \"b\"\n# 1 \"a\"\n");
        gives((Memory[]){{"a", "#include (\"b\")\n#include (\"b\")", 0}, {"b", "B", 0}, {0}},
              "# 1 \"b\"\nB\n# 1 \"a\"\n\n# 1 \"b\"\nB\n# 2 \"a\"\n");
}

static void an_open_comment_ends_with_its_file(void **state)
{
        (void)state;
        fails((Memory[]){{"a", "#include (\"b\")\nA", 0}, {"b", "B\n  /* x\ny", 0}, {0}}, "b", 2, 3,
              (uint32_t)CIM_MOF_UNRECOGNIZED_TOKEN, "this comment is not closed in its file",
              "# 1 \"b\"\nB\n  /* x\ny\n*/\n# 1 \"a\"\n\nA");
        gives((Memory[]){{"a", "/* x\ny", 0}, {0}}, "/* x\ny"); // the parser's to say
}

// --- bounds --------------------------------------------------------------------------------------

// A file "n" includes "n+1" until the last.
static int read_chain(void *context, const char *path, Buf *ret)
{
        int n = atoi(path), last = *(int *)context;
        if (n < last)
                buf_printf(ret, "#include (\"%d\")", n + 1);
        return 0;
}

static void depth(void **state)
{
        (void)state;
        for (int last = LIMIT_DEPTH - 1; last <= (int)LIMIT_DEPTH + 1; last++) {
                Buf out = {0};
                Diag d = {0};
                MofExpand e = {.read = read_chain, .context = &last};
                assert_int_equal(mof_expand(&e, "0", &out, &d), last > (int)LIMIT_DEPTH ? E_DIAG : 0);
                assert_string_equal(d.message, last > (int)LIMIT_DEPTH ? "files are included more than 64 deep" : "");
                buf_deinit(&out);
        }
}

static int read_many(void *context, const char *path, Buf *ret)
{
        for (size_t i = 0; !strcmp(path, "a") && i < *(size_t *)context; i++)
                buf_text(ret, "#include(\"b\")\n");
        return 0;
}

static void count(void **state)
{
        (void)state;
        for (size_t n = LIMIT_MOF_INCLUDES - 1; n <= LIMIT_MOF_INCLUDES + 1; n++) {
                Buf out = {0};
                Diag d = {0};
                MofExpand e = {.read = read_many, .context = &n};
                assert_int_equal(mof_expand(&e, "a", &out, &d), n > LIMIT_MOF_INCLUDES ? E_DIAG : 0);
                assert_string_equal(d.message, n > LIMIT_MOF_INCLUDES ? "more than 16384 files are included" : "");
                assert_int_equal(d.line, n > LIMIT_MOF_INCLUDES ? LIMIT_MOF_INCLUDES + 1 : 0);
                buf_deinit(&out);
        }
}

// "a" includes "b", which has so many bytes.
static int read_large(void *context, const char *path, Buf *ret)
{
        size_t n = *(size_t *)context;
        if (!strcmp(path, "a")) {
                buf_text(ret, "#include(\"b\")\n");
                return 0;
        }
        uint8_t *to = buf_reserve(ret, n);
        if (!to)
                return -ENOMEM;
        memset(to, ' ', n);
        ret->n += n;
        return 0;
}

static void bytes(void **state)
{
        (void)state;
        const size_t around = strlen("# 1 \"b\"\n\n# 1 \"a\"\n\n");
        for (int i = -1; i <= 1; i++) {
                size_t n = LIMIT_MOF_BYTES + (size_t)(ssize_t)i, inner = n - around;
                Buf out = {0};
                Diag d = {0};
                MofExpand e = {.read = read_large, .context = &n};
                assert_int_equal(mof_expand(&e, "b", &out, &d), i > 0 ? E_DIAG : 0);
                assert_int_equal(out.n, i > 0 ? 0 : n);
                buf_deinit(&out);
                e.context = &inner;
                d = (Diag){0};
                assert_int_equal(mof_expand(&e, "a", &out, &d), i > 0 ? E_DIAG : 0);
                assert_string_equal(d.message, i > 0 ? "with this file the text is larger than 67108864 bytes" : "");
                assert_true(out.n <= LIMIT_MOF_BYTES);
                assert_true(i > 0 || out.n == n);
                buf_deinit(&out);
        }
}

// --- files ---------------------------------------------------------------------------------------

static char folder[] = "/tmp/freewmi-test-expand-XXXXXX";

static void put(const char *name, const char *text)
{
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
}

// Expands a file of the folder; the names of files in the result and in messages lose the folder.
static int expand_disk(const MofExpand *e, const char *name, Buf *ret, Diag *d)
{
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        Buf raw = {0};
        *d = (Diag){0};
        *ret = (Buf){0};
        int r = mof_expand(e, path, &raw, d);
        const char *z = buf_z(&raw);
        for (size_t n = strlen(folder) + 1; z && *z;) {
                bool here = !strncmp(z, folder, n - 1) && z[n - 1] == '/';
                if (here)
                        z += n;
                else
                        buf_u8(ret, (uint8_t)*z++);
        }
        buf_deinit(&raw);
        if (!strncmp(d->file, folder, strlen(folder)))
                memmove(d->file, d->file + strlen(folder) + 1, strlen(d->file) - strlen(folder));
        return r;
}

static void disk_gives(const MofExpand *e, const char *name, const char *expected)
{
        Buf out;
        Diag d;
        int r = expand_disk(e, name, &out, &d);
        if (r)
                print_error("%s:%u: %s\n", d.file, d.line, d.message);
        assert_int_equal(r, 0);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
}

static void disk_fails(const MofExpand *e, const char *name, const char *file, uint32_t line, const char *message)
{
        Buf out;
        Diag d;
        assert_int_equal(expand_disk(e, name, &out, &d), E_DIAG);
        assert_string_equal(d.message, message);
        assert_string_equal(d.file, file);
        assert_int_equal(d.line, line);
        buf_deinit(&out);
}

static void on_disk_in_any_case(void **state)
{
        (void)state;
        char path[256];
        snprintf(path, sizeof(path), "%s/Sub", folder);
        assert_int_equal(mkdir(path, 0700), 0);
        put("Sub/Thing.MOF", "T");
        put("a.mof", "#include (\"..\\nowhere.mof\")");
        put("b.mof", "#pragma include (\"SUB\\thing.mof\")");
        disk_gives(&(MofExpand){0}, "b.mof", "# 1 \"Sub/Thing.MOF\"\nT\n# 1 \"b.mof\"\n");
        disk_fails(&(MofExpand){0}, "a.mof", "a.mof", 1, "there is no file \"../nowhere.mof\"");
        put("Sub/thing.mof", "exact");
        put("c.mof", "#pragma include (\"Sub/thing.mof\")");
        disk_gives(&(MofExpand){0}, "c.mof", "# 1 \"Sub/thing.mof\"\nexact\n# 1 \"c.mof\"\n");
        put("d.mof", "#include (\"Sub\")");
        disk_fails(&(MofExpand){0}, "d.mof", "d.mof", 1, "the file \"Sub\" cannot be read: Is a directory");
}

static void a_circle_by_another_path(void **state)
{
        (void)state;
        char message[100];
        snprintf(message, sizeof(message), "%s/Sub/../o.mof includes itself", folder);
        put("o.mof", "#include (\"Sub/../o.mof\")");
        disk_fails(&(MofExpand){0}, "o.mof", "o.mof", 1, message);
}

static void what_never_ends_is_not_read(void **state)
{
        (void)state;
        char path[256];
        snprintf(path, sizeof(path), "%s/pipe", folder);
        assert_int_equal(mkfifo(path, 0600), 0);
        put("p.mof", "#include (\"pipe\")\n");
        disk_fails(&(MofExpand){0}, "p.mof", "p.mof", 1, "\"pipe\" is no regular file");
        put("z.mof", "#include (\"/dev/zero\")\n");
        disk_fails(&(MofExpand){0}, "z.mof", "z.mof", 1, "\"/dev/zero\" is no regular file");
}

// --- the preprocessor ----------------------------------------------------------------------------

static bool have_cc(void)
{
        return system("cc --version >/dev/null 2>&1") == 0;
}

// Without blank lines and the markers of the command line: these are the preprocessor's own business.
static void squeeze(Buf *b)
{
        size_t n = 0;
        for (size_t at = 0; at < b->n;) {
                const char *line = (const char *)b->p + at, *end = memchr(line, '\n', b->n - at);
                size_t size = end ? (size_t)(end - line) + 1 : b->n - at;
                bool keep = size > 1 && !memmem(line, size, "\"<", 2) && strncmp(line, "# 0 ", 4) != 0;
                if (keep)
                        memmove(b->p + n, line, size);
                n += keep ? size : 0;
                at += size;
        }
        b->n = n;
}

static void preprocessed(const char *name, const MofExpand *e, const char *expected)
{
        Buf out;
        Diag d;
        int r = expand_disk(e, name, &out, &d);
        if (r)
                print_error("%s:%u: %s\n", d.file, d.line, d.message);
        assert_int_equal(r, 0);
        squeeze(&out);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
}

static void macros_and_headers(void **state)
{
        (void)state;
        if (!have_cc())
                testkit_skip("there is no C compiler");
        char include[256];
        snprintf(include, sizeof(include), "%s/cpp inc", folder);
        assert_int_equal(mkdir(include, 0700), 0);
        put("cpp inc/sizes.h", "#define SIZE 4\n");
        put("inner.mof", "class Inner {};\n");
        put("common.mof", "#include \"sizes.h\"\nclass C { uint8 x[SIZE]; };\n#include PRAGMA_FREE\n");
        put("top.mof", "// it's a comment\n#define PRAGMA_FREE \"none.h\"\n#include \"common.mof\"\n"
                       "class linux : NAME { string unix = \"SIZE\"; };\n#pragma include (\"inner.mof\")\n");
        put("none.h", "");
        const char *const directories[] = {include}, *const defines[] = {"NAME=Base"};
        MofExpand e = {.cpp = MOF_CPP, .directories = directories, .directory_count = 1, .defines = defines,
                       .define_count = 1};
        const char *expected = "# 1 \"top.mof\"\n# 1 \"common.mof\" 1\n# 1 \"cpp inc/sizes.h\" 1\n# 2 \"common.mof\" 2\n"
                               "class C { uint8 x[4]; };\n# 1 \"none.h\" 1\n# 4 \"common.mof\" 2\n# 4 \"top.mof\" 2\n"
                               "class linux : Base { string unix = \"SIZE\"; };\n# 1 \"inner.mof\"\nclass Inner {};\n"
                               "# 5 \"top.mof\"\n";
        preprocessed("top.mof", &e, expected);
        e.cpp = "";
        setenv("FREEWMI_CPP", "cc -E '-undef' -x\tc -nostdinc -D\"PRAGMA_FREE2\"", 1);
        preprocessed("top.mof", &e, expected);
        unsetenv("FREEWMI_CPP");
        preprocessed("top.mof", &e, expected);
}

static void utf16_is_converted_first(void **state)
{
        (void)state;
        if (!have_cc())
                testkit_skip("there is no C compiler");
        char path[256];
        snprintf(path, sizeof(path), "%s/wide.mof", folder);
        FILE *f = fopen(path, "w");
        const char *text = "#define X Y\n#include \"plain.h\"\nclass X {};\n#error no";
        fwrite("\xFF\xFE", 1, 2, f);
        for (const char *c = text; *c; c++)
                fprintf(f, "%c%c", *c, 0);
        fclose(f);
        put("plain.h", "class P {};\n");
        disk_fails(&(MofExpand){.cpp = MOF_CPP}, "wide.mof", "wide.mof", 4, "the C preprocessor: #error no");
        f = fopen(path, "w");
        fwrite("\xFF\xFE", 1, 2, f);
        for (const char *c = text; strcmp(c, "#error no"); c++)
                fprintf(f, "%c%c", *c, 0);
        fclose(f);
        preprocessed("wide.mof", &(MofExpand){.cpp = MOF_CPP},
                     "# 1 \"wide.mof\"\n# 1 \"plain.h\" 1\nclass P {};\n# 3 \"wide.mof\" 2\nclass Y {};\n");
}

static void what_the_preprocessor_refuses(void **state)
{
        (void)state;
        if (!have_cc())
                testkit_skip("there is no C compiler");
        put("bad.mof", "\n#include \"missing.h\"\n");
        disk_fails(&(MofExpand){.cpp = MOF_CPP}, "bad.mof", "bad.mof", 2,
                   "the C preprocessor: missing.h: No such file or directory");
        disk_fails(&(MofExpand){.cpp = "false"}, "bad.mof", "bad.mof", 0, "the C preprocessor 'false' ended with exit code 1");
        disk_fails(&(MofExpand){.cpp = "sh -c 'kill -9 $$'"}, "bad.mof", "bad.mof", 0,
                   "the C preprocessor 'sh' ended with signal 9");
        disk_fails(&(MofExpand){.cpp = "sh -c 'echo first >&2; echo second >&2; exit 3'"}, "bad.mof", "bad.mof", 0,
                   "the C preprocessor: first");
        disk_fails(&(MofExpand){.cpp = "/nonexistent/cc"}, "bad.mof", "bad.mof", 0,
                   "the C preprocessor '/nonexistent/cc' cannot be run: No such file or directory");
}

static void a_preprocessor_that_writes_for_ever(void **state)
{
        (void)state;
        put("ever.mof", "x");
        disk_fails(&(MofExpand){.cpp = "sh -c 'cat /dev/zero'"}, "ever.mof", "ever.mof", 0,
                   "the C preprocessor wrote more than 67108864 bytes");
}

static void the_bound_of_its_output(void **state)
{
        (void)state;
        put("ever.mof", "x");
        for (int i = -1; i <= 1; i++) {
                char command[100];
                snprintf(command, sizeof(command), "sh -c 'head -c %lld /dev/zero | tr \"\\0\" x'", (long long)LIMIT_MOF_BYTES + i);
                Diag d = {0};
                Buf out = {0};
                char path[256];
                snprintf(path, sizeof(path), "%s/ever.mof", folder);
                int r = mof_expand(&(MofExpand){.cpp = command}, path, &out, &d);
                assert_int_equal(r, i > 0 ? E_DIAG : 0);
                assert_int_equal(out.n, i > 0 ? 0 : LIMIT_MOF_BYTES + (size_t)(ssize_t)i);
                buf_deinit(&out);
        }
}

int main(void)
{
        if (!mkdtemp(folder))
                return 1;
        int r = testkit_run((TestCase[]){
                TEST(without_includes_as_it_is), TEST(in_each_spelling), TEST(relative_to_the_file_that_names_it),
                TEST(keeps_lines_columns_and_names), TEST(what_is_not_there), TEST(what_is_no_text), TEST(a_circle),
                TEST(an_open_comment_ends_with_its_file), TEST(depth), TEST(count), TEST(bytes), TEST(on_disk_in_any_case),
                TEST(a_circle_by_another_path), TEST(what_never_ends_is_not_read), TEST(macros_and_headers), TEST(utf16_is_converted_first),
                TEST(what_the_preprocessor_refuses), TEST(a_preprocessor_that_writes_for_ever),
                TEST(the_bound_of_its_output), TEST_END});
        char command[100];
        snprintf(command, sizeof(command), "rm -r %s", folder);
        return system(command) ? 1 : r;
}
