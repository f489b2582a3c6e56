// SPDX-License-Identifier: MIT
// mof_build: documents that no text gives (as binary MOF may), its bounds, many instances and aliases.
#include "base/testkit.h"

#include <stdlib.h>

#include "base/limits.h"
#include "cim/status.h"
#include "mof/build.h"
#include "mof/test-support.h"

static CimSchema *schema;
static Diag errors[LIMIT_MOF_ERRORS];
static size_t error_count;
static MofPlan *plan;

#define NAMESPACE .namespace_text = STR("root\\wmi"), .namespace = STR("root\\wmi")
#define AT(n)     .place = {(n), 1}

// A document of these objects, as binary MOF gives it.
static int build(const MofObject *const *objects, size_t n)
{
        MofItem items[8];
        plan = mof_plan_free(plan);
        assert_true(n <= 8);
        for (size_t i = 0; i < n; i++)
                items[i] = (MofItem){.kind = MOF_ITEM_OBJECT, .object = objects[i]};
        MofDocument d = {.items = items, .item_count = (uint32_t)n, .binary = true, .name = "x.bmf"};
        int r = mof_build(&d, &(MofBuild){.schema = schema}, &plan, errors, LIMIT_MOF_ERRORS, &error_count);
        if (plan)
                plan->document = NULL; // it was on the stack
        return r;
}

static void must_be_refused(const MofObject *o, int code)
{
        assert_int_equal(build((const MofObject *const[]){o}, 1), E_DIAG);
        if (errors[0].code != (uint32_t)code)
                fail_msg("0x%X, not 0x%X: %s", errors[0].code, (unsigned)code, errors[0].message);
        assert_true(error_count == 1 && errors[0].message[0]);
        assert_null(plan);
}

static const MofQualifier key = {.name = {"key", 3}};

static void what_no_text_says_is_refused_too(void **state)
{
        (void)state;
        MofValue null = {.kind = MOF_VALUE_NULL, AT(9)}, text = {.kind = MOF_VALUE_STRING, .string = {u"x", 1}, AT(9)},
                 number = {.kind = MOF_VALUE_INTEGER, .magnitude = 5, AT(9)},
                 alias = {.kind = MOF_VALUE_ALIAS, .string = {u"Q", 1}, AT(9)};
        MofProperty p = {.name = STR("P"), AT(5), .type = {.type = CIM_UINT8}, .value = text};
        MofObject c = {.name = STR("C"), NAMESPACE, AT(1), .properties = &p, .property_count = 1};
        must_be_refused(&c, CIM_MOF_TYPE_MISMATCH);
        p.value = (MofValue){.kind = MOF_VALUE_ARRAY, .array = {&number, 1}, AT(9)};
        must_be_refused(&c, CIM_MOF_UNEXPECTED_ARRAY_INIT);
        p.type.type = CIM_UINT8 | CIM_ARRAY;
        p.value.array.items = &null;
        must_be_refused(&c, CIM_MOF_NULL_ARRAY_ELEM);
        p.value = number;
        must_be_refused(&c, CIM_MOF_TYPE_MISMATCH);
        p = (MofProperty){.name = STR("P"), AT(5), .type = {.type = CIM_NONE}};
        must_be_refused(&c, CIM_E_INVALID_PROPERTY_TYPE);
        p.type.type = 77;
        must_be_refused(&c, CIM_E_INVALID_PROPERTY_TYPE);
        p = (MofProperty){.name = STR("no name"), AT(5), .type = {.type = CIM_UINT8}};
        must_be_refused(&c, CIM_E_INVALID_PARAMETER);
        p = (MofProperty){.name = STR("P"), AT(5), .type = {.type = CIM_REFERENCE}, .value = alias};
        must_be_refused(&c, CIM_MOF_EXPECTED_ALIAS_NAME);
        // Qualifiers.
        MofQualifier q = {.name = STR("q"), AT(7), .value = alias};
        p = (MofProperty){.name = STR("P"), AT(5), .type = {.type = CIM_UINT8}, .qualifiers = {&q, 1}};
        must_be_refused(&c, CIM_MOF_UNEXPECTED_ALIAS);
        MofValue mixed[2] = {number, text}, deep = {.kind = MOF_VALUE_ARRAY, AT(8), .array = {mixed, 2}};
        q.value = deep;
        must_be_refused(&c, CIM_MOF_TYPE_MISMATCH);
        q.value.array.items = &deep;
        q.value.array.count = 1;
        must_be_refused(&c, CIM_MOF_INVALID_QUALIFIER);
        MofQualifierDefault typed = {.name = STR("q"), .typed = true, .type = CIM_UINT8};
        q = (MofQualifier){.name = STR("q"), AT(7), .declared = &typed};
        must_be_refused(&c, CIM_MOF_INVALID_QUALIFIER); // needs a value
        q = (MofQualifier){.name = STR("max"), AT(7), .value = {.kind = MOF_VALUE_INTEGER, .magnitude = 0, AT(8)}};
        p.type.type |= CIM_ARRAY;
        must_be_refused(&c, CIM_MOF_OUT_OF_RANGE);
        q.value.magnitude = 4;
        p.type.max = 5;
        must_be_refused(&c, CIM_MOF_DUPLICATE_QUALIFIER);
        p.type.max = 4;
        assert_int_equal(build((const MofObject *const[]){&c}, 1), 0);
        assert_int_equal(plan->steps[0].klass->properties[0].max, 4);
        // A class without a name, a namespace without one.
        c = (MofObject){NAMESPACE, AT(1)};
        must_be_refused(&c, CIM_E_INVALID_PARAMETER);
        c = (MofObject){.is_instance = true, NAMESPACE, AT(1)};
        must_be_refused(&c, CIM_E_INVALID_CLASS);
}

static void parameters_have_their_ids(void **state)
{
        (void)state;
        MofValue ids[2] = {{.kind = MOF_VALUE_INTEGER, .magnitude = 1}, {.kind = MOF_VALUE_INTEGER, .magnitude = 0}};
        MofQualifier id[2] = {{.name = STR("ID"), .value = ids[0]}, {.name = STR("ID"), .value = ids[1]}};
        MofProperty p[2] = {{.name = STR("a"), AT(5), .type = {.type = CIM_UINT8}, .qualifiers = {&id[0], 1}},
                            {.name = STR("b"), AT(6), .type = {.type = CIM_UINT8}, .qualifiers = {&id[1], 1}}};
        MofMethod m = {.name = STR("M"), AT(4), .parameters = p, .parameter_count = 2};
        MofObject c = {.name = STR("C"), NAMESPACE, AT(1), .methods = &m, .method_count = 1};
        assert_int_equal(build((const MofObject *const[]){&c}, 1), 0);
        id[1].value.magnitude = 1;
        must_be_refused(&c, CIM_E_NONCONSECUTIVE_IDS);
        id[1].value.magnitude = 2;
        must_be_refused(&c, CIM_E_NONCONSECUTIVE_IDS);
        id[1].value = (MofValue){.kind = MOF_VALUE_STRING, .string = {u"1", 1}};
        must_be_refused(&c, CIM_E_INVALID_PARAMETER_ID);
        m.returns.type = CIM_UINT8 | CIM_ARRAY;
        id[1].value = ids[1];
        must_be_refused(&c, CIM_MOF_NO_ARRAYS_RETURNED);
}

static void aliases_of_binary_mof(void **state)
{
        (void)state;
        MofProperty declared[2] = {
                {.name = STR("K"), .type = {.type = CIM_UINT8}, .qualifiers = {&key, 1}},
                {.name = STR("R"), .type = {.type = CIM_REFERENCE}},
        };
        MofObject c = {.name = STR("C"), NAMESPACE, .properties = declared, .property_count = 2};
        MofProperty first[2] = {{.name = STR("K"), .value = {.kind = MOF_VALUE_INTEGER, .magnitude = 1}},
                                {.name = STR("R"), .value = {.kind = MOF_VALUE_ALIAS, .string = {u"B", 1}, AT(20)}}};
        MofProperty second[2] = {{.name = STR("K"), .value = {.kind = MOF_VALUE_INTEGER, .magnitude = 2}},
                                 {.name = STR("R"), .value = {.kind = MOF_VALUE_ALIAS, .string = {u"A", 1}, AT(30)}}};
        MofObject a = {.is_instance = true, .name = STR("C"), NAMESPACE, AT(10), .alias = STR("A"),
                       .properties = first, .property_count = 2};
        MofObject b = {.is_instance = true, .name = STR("C"), NAMESPACE, AT(11), .alias = STR("B"),
                       .alias_place = {12, 1}, .properties = second, .property_count = 2};
        const MofObject *const all[] = {&a, &b, &c};
        // A circle is no harm when the keys are not in it.
        assert_int_equal(build(all, 3), 0);
        assert_int_equal(str16_cmp(plan->steps[1].instance->values[1].string, (Str16){u"C.K=2", 5}), 0);
        assert_int_equal(str16_cmp(plan->steps[2].instance->values[1].string, (Str16){u"C.K=1", 5}), 0);
        declared[1].qualifiers = declared[0].qualifiers;
        assert_int_equal(build(all, 3), E_DIAG);
        assert_int_equal(errors[0].code, (uint32_t)CIM_E_CIRCULAR_REFERENCE);
        declared[1].qualifiers.count = 0;
        b.property_count = 1;
        assert_int_equal(build(all, 3), 0);
        assert_int_equal(plan->count, 3);
        assert_true(plan->steps[0].kind == MOF_PUT_CLASS);
        b.alias = STR("a");
        assert_int_equal(build(all, 3), E_DIAG);
        assert_int_equal(errors[0].code, (uint32_t)CIM_MOF_MULTIPLE_ALIASES);
}

// An instance in an instance, so many levels deep.
static int nested(unsigned depth)
{
        MofProperty declared[2] = {{.name = STR("K"), .type = {.type = CIM_UINT8}, .qualifiers = {&key, 1}},
                                   {.name = STR("O"), .type = {.type = CIM_OBJECT}}};
        MofObject c = {.name = STR("C"), NAMESPACE, .properties = declared, .property_count = 2};
        MofObject *o = calloc(depth + 1, sizeof(*o));
        MofProperty(*p)[2] = calloc(depth + 1, sizeof(*p));
        for (unsigned i = 0; i <= depth; i++) {
                p[i][0] = (MofProperty){.name = STR("K"), .value = {.kind = MOF_VALUE_INTEGER, .magnitude = 1}};
                p[i][1] = (MofProperty){.name = STR("O"), .value = {.kind = MOF_VALUE_OBJECT, .object = &o[i + 1]}};
                o[i] = (MofObject){.is_instance = true, .name = STR("C"), NAMESPACE, AT(i), .properties = p[i],
                                   .property_count = i < depth ? 2 : 1};
        }
        int r = build((const MofObject *const[]){&c, &o[0]}, 2);
        free(o);
        free(p);
        return r;
}

static void nesting_ends_at_its_limit(void **state)
{
        (void)state;
        assert_int_equal(nested(LIMIT_DEPTH - 1), 0);
        assert_int_equal(nested(LIMIT_DEPTH), 0);
        assert_int_equal(nested(LIMIT_DEPTH + 1), E_DIAG);
        assert_int_equal(errors[0].code, (uint32_t)CIM_MOF_INVALID_INSTANCE);
        assert_int_equal(nested(100000), E_DIAG);
}

static int compile(const Buf *text)
{
        plan = mof_plan_free(plan);
        MofSource source = {.text = {(char *)text->p, text->n}, .name = "a.mof", .namespace = STR("root\\wmi")};
        return mof_compile(&source, &(MofBuild){.schema = schema}, &plan, errors, LIMIT_MOF_ERRORS, &error_count);
}

// A class of 1,024 properties is so much, and so is each instance of it; the last one is of a class of few.
static void what_is_built_ends_at_its_limit(void **state)
{
        (void)state;
        enum { EACH = 1024 };
        for (unsigned more = 0; more <= 2; more++) {
                Buf text = {0};
                buf_text(&text, "class A { [key] uint8 k;");
                for (unsigned i = 1; i < EACH; i++)
                        buf_printf(&text, "uint8 p%u;", i);
                unsigned rest = EACH / 2 - 2 + more + 1; // of the class and its one instance
                buf_printf(&text, "}; class B { [key] uint8 k;");
                for (unsigned i = 1; i < EACH / 2; i++)
                        buf_printf(&text, "uint8 p%u;", i);
                buf_printf(&text, "}; class C { [key] uint8 k;");
                for (unsigned i = 1; i < rest; i++)
                        buf_printf(&text, "uint8 p%u;", i);
                buf_text(&text, "};\n");
                // A, B, C: 1024 + 512 + rest; B's instance 512; then as many of A as leave room for none.
                size_t used = EACH + EACH / 2 + rest + EACH / 2;
                size_t whole = (LIMIT_MOF_WEIGHT - used) / EACH, left = (LIMIT_MOF_WEIGHT - used) % EACH;
                for (size_t i = 0; i < whole; i++)
                        buf_printf(&text, "instance of A{k=%zu;};", i % 256);
                buf_text(&text, "instance of B{k=1;};");
                int r = compile(&text);
                assert_int_equal(r, 0);
                // What is left is filled, and then there is one too many.
                buf_printf(&text, "class D { ");
                for (size_t i = 0; i < left; i++)
                        buf_printf(&text, "uint8 p%zu;", i);
                size_t n = text.n;
                buf_text(&text, "};");
                assert_int_equal(compile(&text), 0);
                text.n = n;
                buf_text(&text, "uint8 q; };");
                assert_int_equal(compile(&text), E_DIAG);
                assert_int_equal(errors[0].code, (uint32_t)CIM_MOF_INVALID_FILE);
                buf_deinit(&text);
        }
}

// `n` times a class that is deleted behind its declaration.
static int rounds(size_t n)
{
        Buf text = {0};
        for (size_t i = 0; i < n; i++)
                buf_text(&text, "class A { [key] uint8 k; };\n#pragma deleteclass(\"A\", fail)\n");
        int r = compile(&text);
        buf_deinit(&text);
        return r;
}

static void rounds_end_at_their_limit(void **state)
{
        (void)state;
        assert_int_equal(rounds(LIMIT_MOF_ROUNDS - 2), 0);
        assert_int_equal(rounds(LIMIT_MOF_ROUNDS - 1), 0);
        assert_int_equal(plan->count, 2 * (LIMIT_MOF_ROUNDS - 1));
        assert_int_equal(rounds(LIMIT_MOF_ROUNDS), E_DIAG);
        assert_int_equal(errors[0].code, (uint32_t)CIM_MOF_INVALID_FILE);
        assert_int_equal(errors[0].line, 2 * LIMIT_MOF_ROUNDS);
        assert_int_equal(rounds(20000), E_DIAG);
}

// Long chains of aliases neither recurse nor take long; nor do many declarations of one name.
static void many_of_them_take_no_time(void **state)
{
        (void)state;
        enum { MANY = 100000 };
        Buf text = {0};
        buf_text(&text, "class A { [key] uint32 k; A ref next; };\n");
        for (unsigned i = 0; i < MANY; i++)
                buf_printf(&text, "instance of A as $a%u { k = %u; next = %s%u; };\n", i, i, i + 1 < MANY ? "$a" : "\"\" \"", i + 1);
        text.n -= strlen("100000; };\n");
        buf_text(&text, "\"; };\n");
        assert_int_equal(compile(&text), 0);
        assert_int_equal(plan->count, MANY + 1);
        text.n = 0;
        for (unsigned i = 0; i < MANY; i++)
                buf_text(&text, "class A { uint8 x; }; class B : A { };\n");
        assert_int_equal(compile(&text), 0);
        assert_int_equal(plan->count, 2);
        buf_deinit(&text);
}

int main(void)
{
        schema = support_schema();
        int r = testkit_run((TestCase[]){TEST(what_no_text_says_is_refused_too), TEST(parameters_have_their_ids),
                                         TEST(aliases_of_binary_mof), TEST(nesting_ends_at_its_limit),
                                         TEST(what_is_built_ends_at_its_limit), TEST(rounds_end_at_their_limit),
                                         TEST(many_of_them_take_no_time), TEST_END});
        mof_plan_free(plan);
        cim_schema_unref(schema);
        return r;
}
