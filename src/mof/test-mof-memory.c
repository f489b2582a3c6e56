// SPDX-License-Identifier: MIT
// Every allocation fails in turn: the answer is -ENOMEM, no result is given, and nothing is left behind (the
// sanitized run sees leaks).
//
// The linker sends the allocations of our libraries through the functions below (--wrap).
#include "base/testkit.h"

#include "base/limits.h"
#include "mof/test-support.h"

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
        "Qualifier Description : ToSubClass Amended;\nQualifier N : uint8 = 5, Scope(any), "
        "Flavor(DisableOverride);\n"
        "[Description(\"a\" \"b\\x41\"), N, list{1, 2.5}] class B as $B : A { C c[2]; A ref r = \"A.x=1\"; "
        "};\n"
        "class A : WMIEvent { [key] string k; string s[] = {\"one\", \"two\"}; real64 d = 1.5; datetime t; C e = instance of C { y = 1; };\n"
        "  [Implemented] C m([in] uint32 a, [out] string b[], C c); };\n"
        "[WMI, guid(\"{01cdaff1-c901-45b4-b359-b5542725e29c}\")] class C { [WmiDataId(1)] uint32 x[4]; };\n"
        "class C { uint8 y; };\n#pragma deleteclass(\"Gone\", nofail)\n"
        "instance of A as $X { k = \"i\"; s = {\"x\"}; d = 2; };\n#pragma deleteinstance(\"A.k=\\\"z\\\"\", nofail)\n"
        "#pragma namespace(\"root\")\ninstance of __Namespace { Name = \"wmi\"; };\n"
        "class K { [key] string n; K ref r; object o; };\n"
        "instance of K as $P { n = \"p\"; r = $Q; o = instance of K { n = \"e\"; r = $Q; }; };\n"
        "instance of K as $Q { n = \"q\"; };\n#pragma deleteclass(\"K\", fail)\nclass K { [key] string n; };\n";

static const char bad[] =
        "class A : WMIEvnt { strng s = what; uint8 b = 300 };\ninstance of A as $X { x = {1, $Y}; y = "
        "instance of B { z = 1; }; };\n[guid(\"x\")] class D : WMIEvent {}\n";

// Compiles with `allowed` allocations.
static int attempt(const CimSchema *schema, Str text, size_t allowed)
{
        static Diag errors[LIMIT_MOF_ERRORS];
        size_t n = 0;
        MofPlan *result = NULL;
        MofSource source = {.text = text, .name = "x", .namespace = STR("root\\wmi")};
        until_failure = allowed;
        int r = mof_compile(&source, &(MofBuild){.schema = schema}, &result, errors, LIMIT_MOF_ERRORS, &n);
        until_failure = SIZE_MAX;
        assert_true((r == 0) == (result != NULL));
        mof_plan_free(result);
        return r;
}

static void each_in_turn(Str text, int end)
{
        CimSchema *schema = support_schema();
        size_t allowed = 0;
        int r;
        while ((r = attempt(schema, text, allowed)) == -ENOMEM)
                allowed++;
        assert_int_equal(r, end);
        assert_true(allowed > 1); // an arena asks for its memory in chunks, under a sanitizer for each piece
        cim_schema_unref(schema);
}

static void of_a_compile_that_succeeds(void **state)
{
        (void)state;
        each_in_turn(STR(good), 0);
}

static void of_a_compile_that_finds_errors(void **state)
{
        (void)state;
        each_in_turn(STR(bad), E_DIAG);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(of_a_compile_that_succeeds),
                                        TEST(of_a_compile_that_finds_errors), TEST_END});
}
