// SPDX-License-Identifier: MIT
// Documents as text, to the character.
#include "base/testkit.h"

#include <math.h>

#include "base/limits.h"
#include "mof/print.h"

#define STRING(s)   {.kind = MOF_VALUE_STRING, .string = {(s), sizeof(s) / 2 - 1}}
#define INTEGER(n)  {.kind = MOF_VALUE_INTEGER, .magnitude = (n)}
#define REAL(r)     {.kind = MOF_VALUE_REAL, .real = (r)}
#define LIST(items) {.kind = MOF_VALUE_ARRAY, .array = {(items), sizeof(items) / sizeof((items)[0])}}
#define ALL(items)  {(items), sizeof(items) / sizeof((items)[0])}

static void prints_value(MofValue v, const char *expected)
{
        Buf out = {0};
        assert_int_equal(mof_print_value(&v, &out), 0);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
}

static void prints_object(const MofObject *o, const char *expected)
{
        Buf out = {0};
        assert_int_equal(mof_print_object(o, &out), 0);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
}

static void prints(const MofDocument *d, const char *expected)
{
        Buf out = {0};
        assert_int_equal(mof_print(d, &out), 0);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
}

// --- values --------------------------------------------------------------------------------------

static void constants(void **state)
{
        (void)state;
        prints_value((MofValue){.kind = MOF_VALUE_NULL}, "NULL");
        prints_value((MofValue){.kind = MOF_VALUE_BOOLEAN}, "FALSE");
        prints_value((MofValue){.kind = MOF_VALUE_BOOLEAN, .boolean = true}, "TRUE");
        prints_value((MofValue)INTEGER(0), "0");
        prints_value((MofValue)INTEGER(UINT64_MAX), "18446744073709551615");
        prints_value((MofValue){.kind = MOF_VALUE_INTEGER, .negative = true, .magnitude = (uint64_t)1 << 63},
                     "-9223372036854775808");
        prints_value((MofValue){.kind = MOF_VALUE_INTEGER, .bits = true, .magnitude = 0x80000000}, "0x80000000");
        prints_value((MofValue){.kind = MOF_VALUE_ALIAS, .string = {u"A_1", 3}}, "$A_1");
}

static void reals_look_like_reals(void **state)
{
        (void)state;
        prints_value((MofValue)REAL(0.0), "0.0");
        prints_value((MofValue)REAL(-0.0), "-0.0");
        prints_value((MofValue)REAL(3.0), "3.0");
        prints_value((MofValue)REAL(-1.5), "-1.5");
        prints_value((MofValue)REAL(0.1), "0.1");
        prints_value((MofValue)REAL(0.1 + 0.2), "0.30000000000000004");
        prints_value((MofValue)REAL(1e300), "1.0e+300");
        prints_value((MofValue)REAL(1e15), "1.0e+15");
        prints_value((MofValue)REAL(5e-324), "5.0e-324");
        prints_value((MofValue)REAL(1.7976931348623157e308), "1.7976931348623157e+308");
        prints_value((MofValue)REAL(NAN), "NULL /* not a number */");
        MofValue items[] = {REAL(INFINITY), REAL(2.5)};
        prints_value((MofValue)LIST(items), "{0.0 /* infinite */, 2.5}");
}

static void escapes(void **state)
{
        (void)state;
        prints_value((MofValue)STRING(u""), "\"\"");
        prints_value((MofValue)STRING(u"\b\t\n\f\r\"\\'/* //"), "\"\\b\\t\\n\\f\\r\\\"\\\\'/* //\"");
        prints_value((MofValue)STRING(u"\0a\x1F\x7F\x85"), "\"\\x0000a\\x001F\\x007F\\x0085\"");
        prints_value((MofValue)STRING(u"\xE4\x20AC\U0001F600"), "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"");
        static const char16_t halves[] = {0xDC00, 'a', 0xD800, 0xD83D, 0xDE00, 0xD800, 0};
        prints_value((MofValue)STRING(halves), "\"\\xDC00a\\xD800\xF0\x9F\x98\x80\\xD800\"");
        prints_value((MofValue)STRING(u"\x202E\xFEFF\xFFFE\xFFFD\x200B\U000E0041\U0001FFFF"),
                     "\"\\x202E\\xFEFF\\xFFFE\\xFFFD\\x200B\\xDB40\\xDC41\\xD83F\\xDFFF\"");
        prints_value((MofValue){.kind = MOF_VALUE_CHAR, .magnitude = 'A'}, "'A'");
        prints_value((MofValue){.kind = MOF_VALUE_CHAR, .magnitude = '\''}, "'\\''");
        prints_value((MofValue){.kind = MOF_VALUE_CHAR, .magnitude = '"'}, "'\"'");
        prints_value((MofValue){.kind = MOF_VALUE_CHAR}, "'\\x0000'");
        prints_value((MofValue){.kind = MOF_VALUE_CHAR, .magnitude = 0xD800}, "'\\xD800'");
        Buf out = {0};
        mof_print_text(STR("\\\\.\\root\xF0\x9F\x98\x80\xFF"), &out);
        mof_print_string((Str16){u"\"", 1}, &out);
        assert_string_equal(buf_z(&out), "\"\\\\\\\\.\\\\root\xF0\x9F\x98\x80\\xFFFD\"\"\\\"\"");
        buf_deinit(&out);
}

// --- strings and lists on several lines ----------------------------------------------------------

static void long_strings_are_broken(void **state)
{
        (void)state;
        char16_t s[300];
        for (size_t i = 0; i < 300; i++)
                s[i] = i % 10 == 9 ? ' ' : u'a';
        Buf out = {0};
        mof_print_value(&(MofValue){.kind = MOF_VALUE_STRING, .string = {s, 300}}, &out);
        const char *ten = "aaaaaaaaa ";
        Buf expected = {0};
        for (size_t i = 0; i < 30; i++)
                buf_printf(&expected, "%s%s%s", i % 11 == 0 ? "\"" : "", ten, i == 29 ? "\"" : i % 11 == 10 ? "\"\n" : "");
        assert_string_equal(buf_z(&out), buf_z(&expected));
        buf_deinit(&expected);
        buf_deinit(&out);
        for (size_t i = 0; i < 300; i++) // no blank anywhere: broken where it must be
                s[i] = u'\xE4';
        mof_print_value(&(MofValue){.kind = MOF_VALUE_STRING, .string = {s, 300}}, &out);
        assert_int_equal(out.n, 600 + 3 * 2 + 2);
        buf_deinit(&out);
        // Line ends end a line, blank lines stay with the line before.
        prints_value((MofValue)STRING(u"The first line of the text, which is long enough that all of it needs more than one.\n"
                                      u"The second.\n\nThe last, behind a blank line.\n"),
                     "\"The first line of the text, which is long enough that all of it needs more than one.\\n\"\n"
                     "\"The second.\\n\\n\"\n\"The last, behind a blank line.\\n\"");
}

static void long_lists_are_filled(void **state)
{
        (void)state;
        MofValue items[60];
        for (size_t i = 0; i < 60; i++)
                items[i] = (MofValue)INTEGER(1000 + i);
        Buf out = {0};
        mof_print_value(&(MofValue)LIST(items), &out);
        const char *z = buf_z(&out);
        assert_true(!strncmp(z, "{1000, 1001, ", 13));
        assert_non_null(strstr(z, ",\n 10"));
        assert_true(!strcmp(z + out.n - 6, " 1059}"));
        for (const char *line = z; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                assert_true(strcspn(line, "\n") <= 120);
        buf_deinit(&out);
        prints_value((MofValue){.kind = MOF_VALUE_ARRAY}, "{}");
}

// An object with one property, whose value is a list of one object that is the same again, `n` deep.
static void deep(Arena *a, size_t n, MofObject *ret)
{
        MofObject *o = ret;
        for (size_t i = 0; i < n; i++) {
                MofObject *inner = arena_new(a, MofObject);
                MofProperty *p = arena_new(a, MofProperty);
                MofValue *item = arena_new(a, MofValue);
                assert_true(inner && p && item);
                *inner = (MofObject){.is_instance = true, .name = STR("I")};
                *item = (MofValue){.kind = MOF_VALUE_OBJECT, .object = inner};
                *p = (MofProperty){.name = STR("p"), .value = {.kind = MOF_VALUE_ARRAY, .array = {item, 1}}};
                o->properties = p;
                o->property_count = 1;
                o = inner;
        }
}

static void depth_is_bounded(void **state)
{
        (void)state;
        for (size_t n = LIMIT_DEPTH - 1; n <= LIMIT_DEPTH + 1; n++) {
                Arena a = {0};
                MofObject o = {.is_instance = true, .name = STR("I")};
                deep(&a, n, &o);
                Buf out = {0};
                assert_int_equal(mof_print_object(&o, &out), 0);
                assert_int_equal(strstr(buf_z(&out), "NULL") != NULL, n > LIMIT_DEPTH);
                buf_deinit(&out);
                arena_deinit(&a);
        }
}

// --- objects -------------------------------------------------------------------------------------

static void a_class(void **state)
{
        (void)state;
        MofQualifier key[] = {{.name = STR("key")}, {.name = STR("read"), .value = {.kind = MOF_VALUE_BOOLEAN, .boolean = true}}};
        MofValue map[] = {STRING(u"0"), STRING(u"10"), STRING(u"..")},
                 says[] = {STRING(u"Unknown state of the thing that is described"),
                           STRING(u"On, and everything else that it can say about itself"), STRING(u"Reserved")};
        MofQualifier status[] = {
                {.name = STR("WmiDataId"), .value = INTEGER(1)},
                {.name = STR("Description"),
                 .value = STRING(u"What state the thing is in, in many words, so that they do not stand on one line."),
                 .written = MOF_AMENDED | MOF_TO_SUBCLASS},
                {.name = STR("ValueMap"), .value = LIST(map)},
                {.name = STR("Values"), .value = LIST(says), .written = MOF_AMENDED}};
        MofQualifier in[] = {{.name = STR("in")}}, out[] = {{.name = STR("out")}, {.name = STR("ID"), .value = INTEGER(1)}};
        MofProperty parameters[] = {
                {.name = STR("a"), .type = {.type = CIM_UINT32, .word = STR("UINT32")}, .qualifiers = ALL(in)},
                {.name = STR("b"), .type = {.type = CIM_STRING | CIM_ARRAY, .word = STR("String"), .max = 3}, .qualifiers = ALL(out)}};
        MofMethod methods[] = {{.name = STR("Do"), .parameters = parameters, .parameter_count = 2},
                               {.name = STR("Get"), .returns = {.type = CIM_UINT32}}};
        MofProperty properties[] = {
                {.name = STR("InstanceName"), .type = {.type = CIM_STRING, .word = STR("string")}, .qualifiers = ALL(key)},
                {.name = STR("Size"), .type = {.type = CIM_SINT32}, .value = INTEGER(5)},
                {.name = STR("Status"), .type = {.type = CIM_UINT16 | CIM_ARRAY}, .qualifiers = ALL(status)},
                {.name = STR("Other"), .type = {.type = CIM_REFERENCE, .word = STR("Thing"), .class_name = STR("Thing")}},
                {.name = STR("Any"), .type = {.type = CIM_OBJECT}}};
        MofObject o = {.name = STR("Thing"), .super = STR("Base"), .alias = STR("T"), .properties = properties,
                       .property_count = 5, .methods = methods, .method_count = 2, .qualifiers = ALL(key)};
        prints_object(&o,
                      "[key, read(TRUE)]\n"
                      "class Thing as $T : Base\n"
                      "{\n"
                      "\t[key, read(TRUE)] string InstanceName;\n"
                      "\tsint32 Size = 5;\n"
                      "\n"
                      "\t[WmiDataId(1),\n"
                      "\t Description(\"What state the thing is in, in many words, so that they do not stand on one line.\") :"
                      " Amended ToSubclass,\n"
                      "\t ValueMap{\"0\", \"10\", \"..\"},\n"
                      "\t Values{/* 0  */ \"Unknown state of the thing that is described\",\n"
                      "\t        /* 10 */ \"On, and everything else that it can say about itself\",\n"
                      "\t        /* .. */ \"Reserved\"} : Amended]\n"
                      "\tuint16 Status[];\n"
                      "\n"
                      "\tThing ref Other;\n"
                      "\tobject Any;\n"
                      "\tvoid Do([in] UINT32 a, [out, ID(1)] String b[3]);\n"
                      "\tuint32 Get();\n"
                      "};\n");
}

static void an_instance(void **state)
{
        (void)state;
        MofProperty x[] = {{.name = STR("x"), .value = INTEGER(1)}};
        MofObject inner = {.is_instance = true, .name = STR("In"), .properties = x, .property_count = 1},
                  empty = {.is_instance = true, .name = STR("Empty")};
        MofValue objects[] = {{.kind = MOF_VALUE_OBJECT, .object = &inner}, {.kind = MOF_VALUE_OBJECT, .object = &empty}};
        MofProperty properties[] = {{.name = STR("One"), .value = objects[0]},
                                    {.name = STR("Null"), .value = {.kind = MOF_VALUE_NULL}},
                                    {.name = STR("Qualified")},
                                    {.name = STR("Many"), .value = LIST(objects)},
                                    {.name = STR("Ref"), .value = {.kind = MOF_VALUE_ALIAS, .string = {u"A", 1}}}};
        MofObject o = {.is_instance = true, .name = STR("Out"), .alias = STR("A"), .properties = properties,
                       .property_count = 5};
        prints_object(&o, "instance of Out as $A\n{\n\tOne = instance of In\n\t{\n\t\tx = 1;\n\t};\n\n\tNull = NULL;\n\tQualified;\n\n"
                          "\tMany = {\n\t\tinstance of In\n\t\t{\n\t\t\tx = 1;\n\t\t},\n\t\tinstance of Empty\n\t\t{\n"
                          "\t\t}\n\t};\n\n\tRef = $A;\n};\n");
}

static void names_that_are_none(void **state)
{
        (void)state;
        MofProperty p[] = {{.name = STR("a b"), .type = {.type = CIM_UINT8}}, {.name = STR(""), .type = {.type = CIM_UINT8}},
                           {.name = STR("1\n*/ x"), .type = {.type = CIM_UINT8}}};
        MofObject o = {.name = STR("\xC3\x84{};"), .properties = p, .property_count = 3};
        prints_object(&o, "class \xC3\x84___ /* \xC3\x84{}; */\n{\n\tuint8 a_b /* a b */;\n\tuint8 _ /*  */;\n"
                          "\tuint8 _1____x /* 1?*? x */;\n};\n");
}

// --- documents -----------------------------------------------------------------------------------

static void directives_only_where_they_change(void **state)
{
        (void)state;
        MofObject a = {.name = STR("A"), .namespace_text = STR("root\\wmi")},
                  b = {.name = STR("B"), .namespace_text = STR("root\\wmi"), .class_flags = MOF_FORCE_UPDATE | MOF_UPDATE_ONLY,
                       .instance_flags = MOF_CREATE_ONLY},
                  c = {.name = STR("C"), .namespace_text = STR("\\\\.\\root"), .instance_flags = 64};
        MofQualifierDefault d = {.name = STR("Description"), .written = MOF_TO_SUBCLASS | MOF_AMENDED},
                            v = {.name = STR("Values"), .typed = true, .type = CIM_STRING | CIM_ARRAY, .max = 2,
                                 .value = {.kind = MOF_VALUE_NULL}, .scope = MOF_ON_PROPERTY | MOF_ON_SCHEMA,
                                 .written = MOF_TRANSLATABLE | MOF_DISABLE_OVERRIDE},
                            k = {.name = STR("Key"), .typed = true, .type = CIM_BOOLEAN,
                                 .value = {.kind = MOF_VALUE_BOOLEAN}, .scope = MOF_ON_ANY};
        MofItem items[] = {
                {.kind = MOF_ITEM_QUALIFIER, .qualifier = &d},
                {.kind = MOF_ITEM_QUALIFIER, .qualifier = &v},
                {.kind = MOF_ITEM_QUALIFIER, .qualifier = &k},
                {.kind = MOF_ITEM_OBJECT, .object = &a},
                {.kind = MOF_ITEM_OBJECT, .object = &a},
                {.kind = MOF_ITEM_OBJECT, .object = &b},
                {.kind = MOF_ITEM_DELETE_CLASS, .fail = true, .deleted = {.what = STR("X"), .namespace_text = STR("root\\wmi")}},
                {.kind = MOF_ITEM_DELETE_INSTANCE, .deleted = {.what = STR("X.k=\"a\""), .namespace_text = STR("root\\wmi")}},
                {.kind = MOF_ITEM_OBJECT, .object = &c}};
        MofDocument doc = {.items = items, .item_count = 9, .autorecover = true, .amendment = STR("MS_409")};
        prints(&doc, "#pragma autorecover\n#pragma amendment(\"MS_409\")\nQualifier Description : Amended ToSubclass;\n"
                     "Qualifier Values : string[2] = NULL, Scope(property, schema), Flavor(DisableOverride, Translatable);\n"
                     "Qualifier Key : boolean = FALSE, Scope(any);\n#pragma namespace(\"root\\\\wmi\")\n\n"
                     "class A\n{\n};\n\nclass A\n{\n};\n\n#pragma classflags(\"updateonly\", \"forceupdate\")\n"
                     "#pragma instanceflags(\"createonly\")\n\nclass B\n{\n};\n\n#pragma deleteclass(\"X\", fail)\n"
                     "#pragma deleteinstance(\"X.k=\\\"a\\\"\", nofail)\n#pragma namespace(\"\\\\\\\\.\\\\root\")\n"
                     "#pragma classflags(0)\n#pragma instanceflags(64)\n\nclass C\n{\n};\n");
        prints(&(MofDocument){0}, "");
}

static void appends(void **state)
{
        (void)state;
        Buf out = {0};
        buf_text(&out, "what was there before, long enough to matter if it counted as part of the line that is written now, "
                       "which it does not: ");
        size_t n = out.n;
        MofObject o = {.name = STR("A")};
        assert_int_equal(mof_print_object(&o, &out), 0);
        assert_string_equal(buf_z(&out) + n, "class A\n{\n};\n");
        buf_deinit(&out);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(constants), TEST(reals_look_like_reals), TEST(escapes),
                                        TEST(long_strings_are_broken), TEST(long_lists_are_filled), TEST(depth_is_bounded),
                                        TEST(a_class), TEST(an_instance), TEST(names_that_are_none),
                                        TEST(directives_only_where_they_change), TEST(appends), TEST_END});
}
