// SPDX-License-Identifier: MIT
// Parse, print, parse: the two documents say the same. Over texts of our own and all real ones that are at hand.
#include "base/testkit.h"

#include <ftw.h>
#include <unistd.h>

#include "base/limits.h"
#include "mof/expand.h"
#include "mof/print.h"
#include "mof/test-document.h"

static Diag errors[LIMIT_MOF_ERRORS];

static int parse(Str text, MofDialect dialect, MofDocument **ret)
{
        size_t n;
        MofSource s = {.text = text, .name = "x", .namespace = STR("root\\default"), .dialect = dialect};
        int r = mof_parse(&s, ret, errors, LIMIT_MOF_ERRORS, &n);
        if (r == -ENOMEM)
                fail_msg("out of memory");
        return r;
}

static size_t widest(const Buf *b)
{
        size_t most = 0, now = 0;
        for (size_t i = 0; i < b->n; i++) {
                if (b->p[i] == '\n')
                        now = 0;
                else
                        now += b->p[i] == '\t' ? 8 : (b->p[i] & 0xC0) != 0x80;
                most = now > most ? now : most;
        }
        return most;
}

// What could be read of the text survives. `name` is for the message.
static bool survives(Str text, MofDialect dialect, const char *name)
{
        MofDocument *first = NULL, *second = NULL;
        Buf printed = {0}, why = {0};
        parse(text, dialect, &first);
        assert_non_null(first);
        assert_int_equal(mof_print(first, &printed), 0);
        bool same = parse((Str){(const char *)printed.p, printed.n}, dialect, &second) == 0;
        if (!same)
                buf_printf(&why, "%u:%u: %s", errors[0].line, errors[0].column, errors[0].message);
        else
                same = test_document_same(first, second, &why);
        if (!same)
                print_error("%s: %s\n", name, buf_z(&why));
        if (widest(&printed) > 140)
                print_message("%s: a line of %zu columns\n", name, widest(&printed));
        buf_deinit(&why);
        buf_deinit(&printed);
        mof_document_free(second);
        mof_document_free(first);
        return same;
}

static void texts_of_our_own(void **state)
{
        (void)state;
        static const char *const texts[] = {
                "",
                "class A {};",
                "#pragma namespace(\"\\\\\\\\.\\\\root\\\\cimv2\")\n#pragma autorecover\n#pragma classflags(\"updateonly\", "
                "\"forceupdate\")\n#pragma instanceflags(\"createonly\")\nclass A {};\n#pragma classflags(0)\nclass B : A {};\n"
                "#pragma deleteclass(\"C\", fail)\n#pragma deleteinstance(\"A.k=\\\"\\\\\\\\\\\"\", NOFAIL)\n",
                "#pragma amendment(\"MS_409\")\nQualifier Description : ToSubclass Amended;\n[Description(\"x\") : "
                "NotToSubclass, LOCALE(0x409)] class A as $A { [key] String k; UINT32 a[4] = {1, 0x2, -3, 017, 11b}; [MAX(3)] "
                "uint8 b[]; real32 r = 1.0; real64 q[] = {1.5, -0.0, 1e10}; datetime d = \"20000101000000.000000+000\"; char16 c "
                "= '\\x41'; char16 n = 65; object o; A ref e; object ref f; A g[]; boolean t = TRUE; string s = NULL; };",
                "class M { [a, b(1), c{\"x\", \"y\"}, d(NULL), e(TRUE), f(FALSE), g(1.5), h('x'), i{} : ToInstance ToSubclass "
                "DisableOverride Amended, j : Restricted, k : NotToInstance NotToSubclass EnableOverride] void m(); uint32 n([in, "
                "ID(0)] string x = \"a\\x1b\\xD800b\" \"c\", [out] uint8 y[3], [in, out] M z, M ref w); };",
                "instance of A as $a { x = 1; y = {instance of B { z = $b; }, instance of C {}}; w = instance of D { v = NULL; }; "
                "};\ninstance of B as $b { r = {$c}; };\ninstance of B as $c {};",
                "Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);\n"
                "Qualifier Values : string[] = {\"a\", \"b\"}, Scope(any), Flavor(Translatable);\nQualifier Q : sint32 = "
                "-5;\nQualifier N : string = null, Scope(class, association, indication, method, parameter);\n[N(\"x\")] class A "
                "{ [Key] string k; };",
        };
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                assert_true(survives(str_of(texts[i]), MOF_MICROSOFT, texts[i]));
}

static size_t files, failures;

static int one_file(const char *path, const struct stat *s, int kind, struct FTW *f)
{
        (void)s;
        (void)f;
        size_t n = strlen(path);
        if (kind != FTW_F || n < 4 || strcmp(path + n - 4, ".mof") != 0)
                return 0;
        Buf text = {0};
        Diag d;
        if (mof_expand(&(MofExpand){0}, path, &text, &d) >= 0) {
                files++;
                failures += !survives((Str){(const char *)text.p, text.n},
                                      strstr(path, "cim-schema") ? MOF_DMTF : MOF_MICROSOFT, path);
        }
        buf_deinit(&text);
        return 0;
}

static void real_texts(void **state)
{
        (void)state;
        const char *root = getenv("FREEWMI_CORPUS"), *source = getenv("FREEWMI_SOURCE");
        static const char *const folders[] = {"mof", "pairs"};
        for (size_t i = 0; i < 2; i++) {
                char path[4096];
                snprintf(path, sizeof(path), "%s%s/%s", root ? root : source ? source : ".", root ? "" : "/../shared/corpus", folders[i]);
                nftw(path, one_file, 16, FTW_PHYS);
        }
        if (!files)
                testkit_skip("the corpus is not here");
        print_message("%zu of %zu texts survive\n", files - failures, files);
        assert_int_equal(failures, 0);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(texts_of_our_own), TEST(real_texts), TEST_END});
}
