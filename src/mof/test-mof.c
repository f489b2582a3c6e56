// SPDX-License-Identifier: MIT
// What text cases cannot hold: encodings, offsets, limits, the built-in texts, what a caller may pass.
#include "base/testkit.h"

#include <locale.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/status.h"
#include "mof/system.h"
#include "mof/test-support.h"

static CimSchema *schema;
static Diag errors[LIMIT_MOF_ERRORS];
static size_t error_count;
static MofPlan *result; // of the last compile

static int compile_bytes(const void *p, size_t n)
{
        result = mof_plan_free(result);
        MofSource source = {.text = {p, n}, .name = "dir/a.mof", .namespace = STR("root\\wmi")};
        return mof_compile(&source, &(MofBuild){.schema = schema}, &result, errors, LIMIT_MOF_ERRORS, &error_count);
}

static int compile(const char *text)
{
        return compile_bytes(text, strlen(text));
}

static int compile_buf(Buf *b)
{
        assert_non_null(buf_z(b));
        int r = compile_bytes(b->p, b->n);
        buf_deinit(b);
        return r;
}

static uint32_t line_of(size_t step)
{
        Diag d = {0};
        mof_document_place(result->document, result->steps[step].place, &d);
        return d.line;
}

static void must_be(const Diag *d, uint32_t code, uint32_t line, uint32_t column, size_t offset,
                    size_t length)
{
        assert_int_equal(d->code, (uint32_t)code);
        assert_int_equal(d->line, line);
        assert_int_equal(d->column, column);
        assert_int_equal(d->offset, offset);
        assert_int_equal(d->length, length);
}

// --- the built-in texts --------------------------------------------------------------------------

static void must_have(const char *class_name, const char *const *names, size_t n)
{
        const CimClass *c = cim_schema_find(schema, STR("root\\wmi"), str_of(class_name));
        assert_non_null(c);
        assert_int_equal(c->property_count, n);
        for (size_t i = 0; i < n; i++)
                assert_true(str_eq(c->properties[i].name, str_of(names[i])));
}

static void system_classes_have_the_documented_order(void **state)
{
        (void)state;
        must_have("__Event", (const char *const[]){"SECURITY_DESCRIPTOR", "TIME_CREATED"}, 2);
        must_have("WMIEvent", (const char *const[]){"SECURITY_DESCRIPTOR", "TIME_CREATED"}, 2);
        must_have("__InstanceModificationEvent",
                  (const char *const[]){"SECURITY_DESCRIPTOR", "TIME_CREATED", "TargetInstance",
                                        "PreviousInstance"},
                  4);
        must_have("__ConsumerFailureEvent",
                  (const char *const[]){"SECURITY_DESCRIPTOR", "TIME_CREATED", "Event", "IntendedConsumer",
                                        "ErrorCode", "ErrorDescription", "ErrorObject"},
                  7);
        must_have("__AggregateEvent", (const char *const[]){"NumberOfEvents", "Representative"}, 2);
        const CimClass *c = cim_schema_find(schema, STR("root\\wmi"), STR("WMIEvent"));
        assert_true(cim_class_isa(c, STR("__ExtrinsicEvent")));
        assert_true(cim_class_isa(c, STR("__IndicationRelated")));
}

static void root_has_more(void **state)
{
        (void)state;
        assert_non_null(cim_schema_find(schema, STR("root"), STR("__ArbitratorConfiguration")));
        assert_null(cim_schema_find(schema, STR("root\\wmi"), STR("__ArbitratorConfiguration")));
        assert_null(cim_schema_find(schema, STR("root"), STR("WMIEvent")));
}

static void built_in_texts_print_and_compile_again(void **state)
{
        (void)state;
        const Str texts[] = {mof_system_text, mof_wmi_text};
        for (size_t i = 0; i < 2; i++) {
                CimSchema *base = i ? schema : cim_schema_new();
                MofSource source = {.text = texts[i], .namespace = STR("root\\wmi")};
                MofBuild how = {.schema = base, .system = true};
                Buf why = {0};
                assert_int_equal(mof_compile(&source, &how, &result, errors, 1, &error_count), 0);
                bool same = support_round_trip(result, base, &why);
                if (!same)
                        print_message("%s\n", buf_z(&why));
                buf_deinit(&why);
                result = mof_plan_free(result);
                if (!i)
                        cim_schema_unref(base);
                assert_true(same);
        }
}

// --- encodings -----------------------------------------------------------------------------------

// Text as UTF-16 with a mark.
static void wide(Buf *b, const char *text, bool big)
{
        Arena a = {0};
        Str16 s = utf_to16(&a, str_of(text));
        buf_put(b, big ? "\xFE\xFF" : "\xFF\xFE", 2);
        for (size_t i = 0; i < s.n; i++) {
                buf_u8(b, (uint8_t)(big ? s.p[i] >> 8 : s.p[i]));
                buf_u8(b, (uint8_t)(big ? s.p[i] : s.p[i] >> 8));
        }
        arena_deinit(&a);
}

static const char mixed[] = "class A { string s = \"\xC3\xA4\xF0\x9F\x98\x80\"; };\n";

static void must_hold_mixed(void)
{
        static const char16_t expected[] = {0xE4, 0xD83D, 0xDE00};
        assert_int_equal(result->count, 1);
        const CimClass *c = result->steps[0].klass;
        assert_int_equal(c->property_count, 1);
        assert_int_equal(str16_cmp(c->properties[0].value.string, (Str16){expected, 3}), 0);
}

static void every_encoding_gives_the_same_class(void **state)
{
        (void)state;
        assert_int_equal(compile(mixed), 0);
        must_hold_mixed();
        Buf b = {0};
        buf_put(&b, "\xEF\xBB\xBF", 3);
        buf_text(&b, mixed);
        assert_int_equal(compile_buf(&b), 0);
        must_hold_mixed();
        for (int big = 0; big < 2; big++) {
                wide(&b, mixed, big);
                assert_int_equal(compile_buf(&b), 0);
                must_hold_mixed();
        }
}

static void text_that_is_not_utf8_is_code_page_1252(void **state)
{
        (void)state;
        assert_int_equal(compile("// \xFC\nclass A { string s = \"\xE4\x80\x81\"; };"), 0);
        static const char16_t expected[] = {0xE4, 0x20AC, 0x81};
        assert_int_equal(
                str16_cmp(result->steps[0].klass->properties[0].value.string, (Str16){expected, 3}), 0);
}

static void places_count_characters_and_offsets_bytes_of_the_input(void **state)
{
        (void)state;
        // column:     1234567890123456789012345678901234567890
        static const char text[] = "class A {\r\n string s = \"\xC3\xA4\xF0\x9F\x98\x80\"; strng t; };\n";
        assert_int_equal(compile(text), E_DIAG);
        assert_int_equal(error_count, 1);
        must_be(&errors[0], CIM_MOF_UNRECOGNIZED_TYPE, 2, 19, 33, 5);
        assert_string_equal(errors[0].file, "dir/a.mof");
        Buf b = {0};
        buf_put(&b, "\xEF\xBB\xBF", 3);
        buf_text(&b, text);
        assert_int_equal(compile_buf(&b), E_DIAG);
        must_be(&errors[0], CIM_MOF_UNRECOGNIZED_TYPE, 2, 19, 36, 5);
        for (int big = 0; big < 2; big++) {
                wide(&b, text, big);
                assert_int_equal(compile_buf(&b), E_DIAG);
                must_be(&errors[0], CIM_MOF_UNRECOGNIZED_TYPE, 2, 19, 2 + 2 * 30, 10);
        }
        assert_int_equal(compile("class A {\n string s = \"\xE4\"; strng t; };"), E_DIAG);
        must_be(&errors[0], CIM_MOF_UNRECOGNIZED_TYPE, 2, 18, 27, 5);
}

static void every_line_end_counts_once(void **state)
{
        (void)state;
        assert_int_equal(compile("class A {\r\r\n\n strng t; };"), E_DIAG);
        must_be(&errors[0], CIM_MOF_UNRECOGNIZED_TYPE, 4, 2, 14, 5);
        assert_int_equal(compile("/* \r\n\r */ // x\rclass A { strng t; };"), E_DIAG);
        assert_int_equal(errors[0].line, 4);
}

static void undecodable_input_has_a_place(void **state)
{
        (void)state;
        assert_int_equal(compile_bytes("FOMB\1\0\0\0", 8), E_DIAG);
        must_be(&errors[0], CIM_MOF_INVALID_FILE, 1, 1, 0, 4);
        assert_int_equal(compile_bytes("c\0l\0", 4), E_DIAG);
        must_be(&errors[0], CIM_MOF_INVALID_FILE, 1, 1, 0, 2);
        assert_int_equal(compile_bytes("\xEF\xBB\xBF//\n \xE4", 8), E_DIAG);
        must_be(&errors[0], CIM_MOF_INVALID_FILE, 2, 2, 7, 1);
        assert_int_equal(compile_bytes("\xFF\xFE\n\0a\0\0\xD8;\0", 10), E_DIAG);
        must_be(&errors[0], CIM_MOF_INVALID_FILE, 2, 2, 6, 2);
        assert_int_equal(compile_bytes("\xFF\xFE\n\0a", 5), E_DIAG);
        must_be(&errors[0], CIM_MOF_INVALID_FILE, 2, 1, 4, 1);
        assert_string_equal(errors[0].file, "dir/a.mof");
}

static void nothing_is_a_text_too(void **state)
{
        (void)state;
        assert_int_equal(compile(""), 0);
        assert_int_equal(result->count, 0);
        assert_int_equal(compile_bytes("\xEF\xBB\xBF", 3), 0);
        assert_int_equal(compile_bytes("\xFF\xFE", 2), 0);
        assert_int_equal(compile("class A {};\x1A"), 0);
        assert_int_equal(result->count, 1);
        assert_int_equal(compile_bytes("class A\0{};", 11), E_DIAG);
        must_be(&errors[0], CIM_MOF_UNRECOGNIZED_TOKEN, 1, 8, 7, 1);
}

// --- limits --------------------------------------------------------------------------------------

static void letters(Buf *b, size_t n)
{
        for (size_t i = 0; i < n; i++)
                buf_u8(b, 'n');
}

static int with_name(const char *before, size_t n, const char *after)
{
        Buf b = {0};
        buf_text(&b, before);
        letters(&b, n);
        buf_text(&b, after);
        return compile_buf(&b);
}

static void names_end_at_their_limit(void **state)
{
        (void)state;
        static const struct {
                const char *before, *after;
                uint32_t code;
        } places[] = {
                {"class ", " {};", CIM_E_CLASS_NAME_TOO_WIDE},
                {"class A { uint32 ", "; };", CIM_E_PROPERTY_NAME_TOO_WIDE},
                {"class A { void ", "(); };", CIM_E_PROPERTY_NAME_TOO_WIDE},
                {"class A { void m(uint32 ", "); };", CIM_E_PROPERTY_NAME_TOO_WIDE},
                {"[", "] class A {};", CIM_E_QUALIFIER_NAME_TOO_WIDE},
                {"[a, ", "(5)] class A {};", CIM_E_QUALIFIER_NAME_TOO_WIDE},
        };
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
                assert_int_equal(with_name(places[i].before, LIMIT_NAME_CHARS - 1, places[i].after), 0);
                assert_int_equal(with_name(places[i].before, LIMIT_NAME_CHARS, places[i].after), 0);
                assert_int_equal(with_name(places[i].before, LIMIT_NAME_CHARS + 1, places[i].after), E_DIAG);
                assert_int_equal(error_count, 1);
                assert_int_equal(errors[0].code, (uint32_t)places[i].code);
                assert_int_equal(errors[0].offset, strlen(places[i].before));
        }
}

// `before`, then n times `item` with its number, separated by `between`, then `after`.
static int with_many(const char *before, const char *item, size_t n, const char *between, const char *after)
{
        Buf b = {0};
        buf_text(&b, before);
        for (size_t i = 0; i < n; i++)
                buf_printf(&b, "%s%s%zu", i ? between : "", item, i);
        buf_text(&b, after);
        return compile_buf(&b);
}

static void lists_end_at_their_limit(void **state)
{
        (void)state;
        static const struct {
                const char *before, *item, *between, *after;
                size_t limit;
        } lists[] = {
                {"class A { ", "uint8 p", "; ", "; };", LIMIT_CLASS_PROPERTIES},
                {"class A { ", "void m", "(); ", "(); };", LIMIT_CLASS_PROPERTIES},
                {"class A { void m(", "[in] uint8 p", ", ", "); };", LIMIT_CLASS_PROPERTIES},
                {"[", "q", ", ", "] class A {};", LIMIT_QUALIFIERS},
        };
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
                for (size_t n = lists[i].limit - 1; n <= lists[i].limit + 1; n++) {
                        int r = with_many(lists[i].before, lists[i].item, n, lists[i].between,
                                          lists[i].after);
                        assert_int_equal(r, n > lists[i].limit ? E_DIAG : 0);
                        assert_true(r == 0 || error_count == 1);
                }
}

static void arrays_end_at_their_limit(void **state)
{
        (void)state;
        for (size_t n = LIMIT_ARRAY_ITEMS - 1; n <= LIMIT_ARRAY_ITEMS + 1; n++) {
                Buf b = {0};
                buf_text(&b, "class A { uint8 a[] = {");
                for (size_t i = 0; i < n; i++)
                        buf_text(&b, i ? ",1" : "1");
                buf_text(&b, "}; };");
                int r = compile_buf(&b);
                assert_int_equal(r, n > LIMIT_ARRAY_ITEMS ? E_DIAG : 0);
                if (r == 0)
                        assert_int_equal(result->steps[0].klass->properties[0].value.array.count, n);
        }
}

static void nesting_ends_at_its_limit(void **state)
{
        (void)state;
        for (size_t depth = LIMIT_DEPTH - 1; depth <= LIMIT_DEPTH + 1; depth++) {
                Buf b = {0};
                buf_text(&b, "class A { [key] uint8 k; A x; }; ");
                for (size_t i = 0; i < depth; i++)
                        buf_text(&b, i ? "x = instance of A { " : "instance of A { k = 1; ");
                for (size_t i = 0; i < depth; i++)
                        buf_text(&b, "};");
                int r = compile_buf(&b);
                assert_int_equal(r, depth > LIMIT_DEPTH ? E_DIAG : 0);
                if (r)
                        assert_int_equal(errors[0].code, (uint32_t)CIM_MOF_INVALID_INSTANCE);
        }
}

// Classes C0..Cn, each derived from the next, or holding it.
static int chain(size_t n, bool derived)
{
        Buf b = {0};
        for (size_t i = 0; i < n; i++)
                if (derived)
                        buf_printf(&b, "class C%zu : C%zu {};", i, i + 1);
                else
                        buf_printf(&b, "class C%zu { C%zu c; };", i, i + 1);
        buf_printf(&b, "class C%zu { uint8 x; };", n);
        return compile_buf(&b);
}

static void chains_of_classes_end_at_their_limit(void **state)
{
        (void)state;
        for (size_t n = LIMIT_DEPTH - 1; n <= LIMIT_DEPTH + 1; n++) {
                assert_int_equal(chain(n, true), n > LIMIT_DEPTH ? E_DIAG : 0);
                assert_int_equal(chain(n, false), n > LIMIT_DEPTH ? E_DIAG : 0);
        }
        // Far beyond: neither the order nor the length of a chain makes the compiler recurse.
        assert_int_equal(chain(100000, true), E_DIAG);
        assert_int_equal(chain(100000, false), E_DIAG);
}

static void texts_end_at_their_limit(void **state)
{
        (void)state;
        char *text = malloc((size_t)LIMIT_MOF_BYTES + 1);
        assert_non_null(text);
        memset(text, ' ', (size_t)LIMIT_MOF_BYTES + 1);
        memcpy(text + LIMIT_MOF_BYTES - 32, "class A {};", 11);
        assert_int_equal(compile_bytes(text, LIMIT_MOF_BYTES - 1), 0);
        assert_int_equal(compile_bytes(text, LIMIT_MOF_BYTES), 0);
        assert_int_equal(result->count, 1);
        assert_int_equal(compile_bytes(text, LIMIT_MOF_BYTES + 1), -EFBIG);
        assert_int_equal(error_count, 0);
        free(text);
}

static void few_bytes_cannot_ask_for_much_memory(void **state)
{
        (void)state;
        // 1,000 properties, inherited by 100,000 classes.
        Buf b = {0};
        buf_text(&b, "class A { ");
        for (int i = 0; i < 1000; i++)
                buf_printf(&b, "uint8 p%d;", i);
        buf_text(&b, "};");
        for (int i = 0; i < 100000; i++)
                buf_printf(&b, "class B%d:A{};", i);
        assert_int_equal(compile_buf(&b), E_DIAG);
        assert_int_equal(error_count, 1);
        assert_int_equal(errors[0].code, (uint32_t)CIM_MOF_INVALID_FILE);
}

// --- errors --------------------------------------------------------------------------------------

static void errors_end_at_their_limit(void **state)
{
        (void)state;
        for (size_t n = LIMIT_MOF_ERRORS - 1; n <= LIMIT_MOF_ERRORS + 1; n++) {
                assert_int_equal(with_many("class A { ", "boolean b", n, " = 1; ", " = 1; };"), E_DIAG);
                assert_int_equal(error_count, n < LIMIT_MOF_ERRORS ? n : LIMIT_MOF_ERRORS);
        }
        // A million of them in one line take no time.
        Buf b = {0};
        buf_text(&b, "class A { uint8 a[] = {");
        for (size_t i = 0; i < LIMIT_ARRAY_ITEMS - 1; i++)
                buf_text(&b, "TRUE,");
        buf_text(&b, "TRUE}; };");
        assert_int_equal(compile_buf(&b), E_DIAG);
        assert_int_equal(error_count, LIMIT_MOF_ERRORS);
}

static void a_caller_may_want_one_error(void **state)
{
        (void)state;
        static const char text[] = "class A : Nowhere { strng x; };\nclass B { uint8 y = 300 };";
        MofSource source = {.text = STR(text), .namespace = STR("root\\wmi")};
        Diag one;
        source.text.n = sizeof(text) - 1;
        result = mof_plan_free(result);
        assert_int_equal(mof_compile(&source, &(MofBuild){.schema = schema}, &result, &one, 1, &error_count), E_DIAG);
        assert_int_equal(error_count, 1);
        assert_string_equal(one.file, "");
        assert_null(result);
}

static void a_compile_needs_no_schema(void **state)
{
        (void)state;
        MofSource source = {.text = STR("class A {}; class B : A {};"), .namespace = STR("root\\x")};
        result = mof_plan_free(result);
        assert_int_equal(mof_compile(&source, &(MofBuild){0}, &result, errors, 1, &error_count), 0);
        assert_int_equal(result->count, 2);
        assert_int_equal(line_of(1), 1);
        source.text = STR("class A : __Event {};");
        result = mof_plan_free(result);
        assert_int_equal(mof_compile(&source, &(MofBuild){0}, &result, errors, 1, &error_count), E_DIAG);
        assert_int_equal(errors[0].code, (uint32_t)CIM_E_INVALID_SUPERCLASS);
}

static void a_new_namespace_has_the_system_classes(void **state)
{
        (void)state;
        assert_int_equal(compile("#pragma namespace(\"root\\\\new\")\nclass A : __ExtrinsicEvent {};"), 0);
        assert_true(str_eq(result->steps[0].namespace, STR("root\\new")));
        assert_int_equal(line_of(0), 2);
        assert_true(cim_class_isa(result->steps[0].klass, STR("__Event")));
}

// --- positions in other hands --------------------------------------------------------------------

static void the_point_of_numbers_is_a_point(void **state)
{
        (void)state;
        const char *old = setlocale(LC_NUMERIC, NULL);
        char keep[64];
        snprintf(keep, sizeof(keep), "%s", old);
        bool comma = setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL;
        assert_int_equal(compile("class A { real64 r = 1.5; };"), 0);
        double r = result->steps[0].klass->properties[0].value.real;
        setlocale(LC_NUMERIC, keep);
        assert_true(r > 1.49 && r < 1.51);
        if (!comma)
                testkit_skip("no locale with a decimal comma is installed");
}

int main(void)
{
        schema = support_schema();
        int r = testkit_run((TestCase[]){TEST(system_classes_have_the_documented_order),
                                         TEST(root_has_more),
                                         TEST(built_in_texts_print_and_compile_again),
                                         TEST(every_encoding_gives_the_same_class),
                                         TEST(text_that_is_not_utf8_is_code_page_1252),
                                         TEST(places_count_characters_and_offsets_bytes_of_the_input),
                                         TEST(every_line_end_counts_once),
                                         TEST(undecodable_input_has_a_place),
                                         TEST(nothing_is_a_text_too),
                                         TEST(names_end_at_their_limit),
                                         TEST(lists_end_at_their_limit),
                                         TEST(arrays_end_at_their_limit),
                                         TEST(nesting_ends_at_its_limit),
                                         TEST(chains_of_classes_end_at_their_limit),
                                         TEST(texts_end_at_their_limit),
                                         TEST(few_bytes_cannot_ask_for_much_memory),
                                         TEST(errors_end_at_their_limit),
                                         TEST(a_caller_may_want_one_error),
                                         TEST(a_compile_needs_no_schema),
                                         TEST(a_new_namespace_has_the_system_classes),
                                         TEST(the_point_of_numbers_is_a_point),
                                         TEST_END});
        mof_plan_free(result);
        cim_schema_unref(schema);
        return r;
}
