// SPDX-License-Identifier: MIT
// Every allocation of a parse fails in turn: the answer is -ENOMEM, no document is given, and nothing is left behind (the
// sanitized run sees leaks).
//
// The linker sends the allocations of our libraries through the functions below (--wrap).
#include "base/testkit.h"

#include "base/limits.h"
#include "mof/document.h"

static size_t until_failure = SIZE_MAX; // allocations that still succeed

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t count, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t count, size_t n);

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

void *__wrap_reallocarray(void *p, size_t count, size_t n)
{
        return fails() ? NULL : __real_reallocarray(p, count, n);
}

static const char good[] =
        "# 3 \"x.h\"\n#pragma namespace(\"root\\\\wmi\")\n#pragma classflags(\"forceupdate\")\n"
        "Qualifier Description : ToSubClass Amended;\nQualifier N : uint8 = 5, Scope(any), Flavor(DisableOverride);\n"
        "[Description(\"a\" \"b\\x41\"), N, list{1, 2.5}] class B as $B : A { C c[2]; A ref r = $C; };\n"
        "class A : WMIEvent { [key] string k; string s[] = {\"one\", \"two\"}; real64 d = 1.5; datetime t;\n"
        "  [Implemented] C m([in, ID(0)] uint32 a, [out] string b[], C c); };\n"
        "instance of A as $C { k = \"x\"; e = instance of B { x = {instance of C {}}; }; l = {$D, NULL}; };\n"
        "instance of A as $D { r = $B; };\n#pragma deleteclass(\"Gone\", nofail)\n#pragma amendment(\"MS_409\")\n"
        "class Long { uint8 a; uint8 b; uint8 c; uint8 d; uint8 e; uint8 f; uint8 g; uint8 h; uint8 i; uint8 j; uint8 k;\n"
        "  uint8 l; uint8 m; uint8 n; uint8 o; uint8 p; uint8 q; uint8 r; };\n";

static const char bad[] = "class A : WMIEvnt { strng s = what; uint8 b = 300 };\ninstance of A as $X { x = {1, $Y}; y = "
                          "instance of B { z = 1; }; };\n[guid(\"x\")] class D : WMIEvent {}\n";

// Parses with `allowed` allocations.
static int attempt(Str text, MofDialect dialect, size_t allowed)
{
        static Diag errors[LIMIT_MOF_ERRORS];
        size_t n = 0;
        MofDocument *document = NULL;
        MofSource source = {.text = text, .name = "x", .dialect = dialect};
        until_failure = allowed;
        int r = mof_parse(&source, &document, errors, LIMIT_MOF_ERRORS, &n);
        until_failure = SIZE_MAX;
        assert_true((r >= 0) == (document != NULL));
        mof_document_free(document);
        return r;
}

static void each_in_turn(Str text, MofDialect dialect, int end)
{
        size_t allowed = 0;
        int r;
        while ((r = attempt(text, dialect, allowed)) == -ENOMEM)
                allowed++;
        assert_int_equal(r, end);
        assert_true(allowed > 4);
}

static void of_a_parse_that_succeeds(void **state)
{
        (void)state;
        each_in_turn(STR(good), MOF_DMTF, 0);
}

static void of_a_parse_that_finds_errors(void **state)
{
        (void)state;
        each_in_turn(STR(bad), MOF_MICROSOFT, E_DIAG);
        each_in_turn(STR(good), MOF_MICROSOFT, E_DIAG); // NULL in a list
}

// Places are told without an index, too.
static void of_the_first_question_for_a_place(void **state)
{
        (void)state;
        Diag error, place = {0};
        size_t n;
        MofDocument *document = NULL;
        MofSource source = {.text = STR("// one\n// two\nclass A {};"), .name = "x"};
        assert_int_equal(mof_parse(&source, &document, &error, 1, &n), 0);
        until_failure = 0;
        mof_document_place(document, document->items[0].place, &place);
        until_failure = SIZE_MAX;
        assert_int_equal(place.line, 3);
        assert_int_equal(place.column, 7);
        mof_document_free(document);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(of_a_parse_that_succeeds), TEST(of_a_parse_that_finds_errors),
                                        TEST(of_the_first_question_for_a_place), TEST_END});
}
