// SPDX-License-Identifier: MIT
// Tests of Name=Value: every type at its borders, arrays, objects, what is said of a mistake.
#include <errno.h>
#include <stdlib.h>

#include "base/testkit.h"

#include "assign.h"
#include "base/limits.h"
#include "cim/status.h"
#include "cim/text.h"

// --- a class with every type ------------------------------------------------------------------------------

static CimClass *inner, *thing;

static const CimClass *find(void *context, Str name)
{
        (void)context;
        return str_ieq(name, STR("Inner")) ? inner : str_ieq(name, STR("Thing")) ? thing : NULL;
}

static void begin(void)
{
        static const struct {
                const char *name;
                uint16_t type;
        } all[] = {
                {"S8", CIM_SINT8},
                {"S16", CIM_SINT16},
                {"S32", CIM_SINT32},
                {"S64", CIM_SINT64},
                {"U8", CIM_UINT8},
                {"U16", CIM_UINT16},
                {"U32", CIM_UINT32},
                {"U64", CIM_UINT64},
                {"R32", CIM_REAL32},
                {"R64", CIM_REAL64},
                {"B", CIM_BOOLEAN},
                {"C", CIM_CHAR16},
                {"T", CIM_STRING},
                {"D", CIM_DATETIME},
                {"R", CIM_REFERENCE},
                {"O", CIM_OBJECT},
                {"Numbers", CIM_UINT8 | CIM_ARRAY},
                {"Texts", CIM_STRING | CIM_ARRAY},
                {"Objects", CIM_OBJECT | CIM_ARRAY},
        };
        enum { N = sizeof(all) / sizeof(all[0]) };
        CimPropertySpec p[N + 1] = {{.name = STR("Key"), .type = CIM_STRING}};
        CimQualifier key = {.name = STR("key"), .value = {.type = CIM_BOOLEAN, .boolean = true}};
        CimPropertySpec i[2] = {{.name = STR("A"), .type = CIM_SINT32},
                                {.name = STR("Text"), .type = CIM_STRING}};
        CimClassSpec s = {.name = STR("Inner"), .properties = i, .property_count = 2};
        assert_int_equal(cim_class_new(&s, NULL, NULL, NULL, &inner, NULL), 0);
        p[0].qualifiers = &key;
        p[0].qualifier_count = 1;
        for (size_t k = 0; k < N; k++)
                p[k + 1] = (CimPropertySpec){.name = str_of(all[k].name), .type = all[k].type};
        s = (CimClassSpec){.name = STR("Thing"), .properties = p, .property_count = N + 1};
        assert_int_equal(cim_class_new(&s, NULL, NULL, NULL, &thing, NULL), 0);
}

static void end(void)
{
        thing = cim_class_unref(thing);
        inner = cim_class_unref(inner);
}

static int assign(CimInstance **ret, size_t *ret_bad, Diag *d, size_t n, const char *const *texts)
{
        AssignScope scope = {find, NULL, false};
        *d = (Diag){0};
        assert_int_equal(cim_instance_new(thing, ret), 0);
        return assign_properties(*ret, texts, n, &scope, ret_bad, d);
}

// The value that an argument gives, as MOF text.
static void gives(const char *text, const char *expected)
{
        CimInstance *i;
        size_t bad;
        Diag d;
        int r = assign(&i, &bad, &d, 1, &text);
        if (r)
                fail_msg("%s: %s", text, d.message);
        const char *equals = strchr(text, '=');
        const CimValue *v = cim_instance_get(i, (Str){text, (size_t)(equals - text)});
        Buf out = {0};
        cim_text_value(v, &out);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
        cim_instance_unref(i);
}

static void refuses(const char *text, uint32_t code, const char *says)
{
        CimInstance *i;
        size_t bad;
        Diag d;
        int r = assign(&i, &bad, &d, 1, &text);
        cim_instance_unref(i);
        if (r != E_DIAG)
                fail_msg("%s: taken", text);
        char all[1400];
        diag_text(&d, all, sizeof(all));
        if (!strstr(all, says))
                fail_msg("%s: says '%s', not '%s'", text, all, says);
        assert_int_equal(d.code, code);
        assert_true(d.offset <= strlen(text) && d.offset + d.length <= strlen(text) + 1);
}

// --- tests -----------------------------------------------------------------------------------------------

static void integers_within_their_types(void **state)
{
        (void)state;
        begin();
        gives("S8=-128", "-128");
        gives("S8=127", "127");
        refuses("S8=-129", CIM_E_VALUE_OUT_OF_RANGE, "-128 to 127");
        refuses("S8=128", CIM_E_VALUE_OUT_OF_RANGE, "S8 is sint8");
        gives("S16=-32768", "-32768");
        gives("S16=32767", "32767");
        refuses("S16=-32769", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        refuses("S16=32768", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        gives("S32=-2147483648", "-2147483648");
        refuses("S32=2147483648", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        gives("S64=-9223372036854775808", "-9223372036854775808");
        gives("S64=9223372036854775807", "9223372036854775807");
        refuses("S64=9223372036854775808", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        refuses("S64=-9223372036854775809", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        gives("U8=255", "255");
        gives("U8=0", "0");
        gives("U8=-0", "0");
        refuses("U8=256", CIM_E_VALUE_OUT_OF_RANGE, "0 to 255");
        refuses("U8=-1", CIM_E_VALUE_OUT_OF_RANGE, "0 to 255");
        gives("U16=65535", "65535");
        refuses("U16=65536", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        gives("U32=4294967295", "4294967295");
        refuses("U32=4294967296", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        gives("U64=18446744073709551615", "18446744073709551615");
        refuses("U64=18446744073709551616", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        refuses("U64=99999999999999999999999999", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        gives("U8=0xfF", "255");
        gives("S8=-0x80", "-128");
        gives("S32= +7 ", "7");
        gives("u8=null", "NULL");
        static const char *const words[] = {"U8=",    "U8=x",   "U8=1x", "U8=0x",
                                            "U8=1.0", "U8=--1", "U8=+",  "U8=0b1"};
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
                refuses(words[k], CIM_E_TYPE_MISMATCH, "is not a whole number");
        end();
}

static void scalars_of_other_types(void **state)
{
        (void)state;
        begin();
        gives("B=TRUE", "TRUE");
        gives("B=false", "FALSE");
        refuses("B=1", CIM_E_TYPE_MISMATCH, "TRUE or FALSE");
        refuses("B=yes", CIM_E_TYPE_MISMATCH, "TRUE or FALSE");
        gives("R64=1.5", "1.5");
        gives("R64=-2e3", "-2000.0");
        refuses("R64=1e400", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        refuses("R32=1e39", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        refuses("R64=inf", CIM_E_TYPE_MISMATCH, "is not a number");
        refuses("R64=nan", CIM_E_TYPE_MISMATCH, "is not a number");
        refuses("R64=0x1p3", CIM_E_TYPE_MISMATCH, "is not a number");
        refuses("R64=1.2.3", CIM_E_TYPE_MISMATCH, "is not a number");
        refuses("R64=", CIM_E_TYPE_MISMATCH, "is not a number");
        gives("D=20260131120000.000000+000", "\"20260131120000.000000+000\"");
        gives("D=00000001020304.000000:000", "\"00000001020304.000000:000\"");
        refuses("D=2026-01-31", CIM_E_TYPE_MISMATCH, "25 characters");
        gives("R=Thing.Key=\"a\"", "\"Thing.Key=\\\"a\\\"\"");
        refuses("R=Thing.Key=\"a", CIM_E_TYPE_MISMATCH, "is not an object path");
        refuses("C=ab", CIM_E_TYPE_MISMATCH, "is not one character");
        refuses("C=65536", CIM_E_VALUE_OUT_OF_RANGE, "out of range");
        refuses("C=\xF0\x9F\x98\x80", CIM_E_TYPE_MISMATCH, "is not one character"); // two code units
        CimInstance *i;
        size_t bad;
        Diag d;
        const char *const chars[] = {"C=A", "C='5'", "C=5", "C=0x41"};
        const uint64_t values[] = {'A', '5', 5, 'A'};
        for (size_t k = 0; k < 4; k++) {
                assert_int_equal(assign(&i, &bad, &d, 1, &chars[k]), 0);
                assert_int_equal(cim_instance_get(i, STR("C"))->uint, values[k]);
                cim_instance_unref(i);
        }
        end();
}

static void text_as_it_stands(void **state)
{
        (void)state;
        begin();
        gives("T=a b", "\"a b\"");
        gives("T= a ", "\" a \"");
        gives("T=", "\"\"");
        gives("T=a=b", "\"a=b\"");
        gives("T=null", "\"null\"");
        gives("T=NULL", "NULL");
        gives("T=\"NULL\"", "\"NULL\"");
        gives("T={a}", "\"{a}\"");
        gives("T='a'", "\"'a'\"");
        gives("T=a\"b", "\"a\\\"b\"");
        gives("T=C:\\x41", "\"C:\\\\x41\"");
        gives("T=\"a\\tb\\x41\\\\\\\"\"", "\"a\\tbA\\\\\\\"\"");
        refuses("T=\"a", CIM_E_INVALID_PARAMETER, "the quote is not closed");
        refuses("T=\"a\" b", CIM_E_INVALID_PARAMETER, "nothing may follow");
        refuses("T=\"a\\q\"", CIM_E_INVALID_PARAMETER, "backslash");
        refuses("T=\"\\x\"", CIM_E_INVALID_PARAMETER, "backslash");
        refuses("T=\"\\", CIM_E_INVALID_PARAMETER, "backslash");
        refuses("T=\xFF", CIM_E_INVALID_PARAMETER, "not UTF-8 at byte 2");
        end();
}

static void arrays_in_both_forms(void **state)
{
        (void)state;
        begin();
        gives("Numbers={1, 2,0x3}", "{1, 2, 3}");
        gives("Numbers={}", "{}");
        gives("Numbers= { 1 } ", "{1}");
        gives("Numbers=7", "{7}");
        gives("Numbers=NULL", "NULL");
        gives("Texts={a, b c ,\"d, }\"}", "{\"a\", \"b c\", \"d, }\"}");
        gives("Texts=a,b", "{\"a,b\"}");
        gives("Texts=", "{\"\"}");
        refuses("Numbers={1", CIM_E_INVALID_PARAMETER, "the brace is not closed");
        refuses("Numbers={1,}", CIM_E_INVALID_PARAMETER, "a value is missing");
        refuses("Numbers={,1}", CIM_E_INVALID_PARAMETER, "a value is missing");
        refuses("Numbers={1} 2", CIM_E_INVALID_PARAMETER, "nothing may follow");
        refuses("Numbers={300}", CIM_E_VALUE_OUT_OF_RANGE, "0 to 255 each");
        refuses("Numbers={NULL}", CIM_E_TYPE_MISMATCH, "an array holds no NULL");
        refuses("Texts={\"a\" b}", CIM_E_INVALID_PARAMETER, "expected ',' or '}'");
        refuses("U8={1}", CIM_E_TYPE_MISMATCH, "is not a whole number");
        CimInstance *i;
        size_t bad;
        Diag d;
        const char *const twice[] = {"Numbers=1", "T=x", "Numbers=2", "Texts=a"};
        assert_int_equal(assign(&i, &bad, &d, 4, twice), 0);
        const CimValue *v = cim_instance_get(i, STR("Numbers"));
        assert_int_equal(v->array.count, 2);
        assert_int_equal(v->array.items[1].uint, 2);
        cim_instance_unref(i);
        const char *const braces[] = {"Numbers=1", "Numbers={2}"};
        assert_int_equal(assign(&i, &bad, &d, 2, braces), E_DIAG);
        assert_int_equal(bad, 1);
        cim_instance_unref(i);
        const char *const scalar[] = {"U8=1", "u8=1"};
        assert_int_equal(assign(&i, &bad, &d, 2, scalar), E_DIAG);
        assert_non_null(strstr(d.message, "given twice"));
        cim_instance_unref(i);
        end();
}

static void arrays_have_a_bound(void **state)
{
        (void)state;
        begin();
        for (size_t n = LIMIT_ARRAY_ITEMS - 1; n <= LIMIT_ARRAY_ITEMS + 1; n++) {
                Buf text = {0};
                buf_text(&text, "Numbers={1");
                for (size_t k = 1; k < n; k++)
                        buf_text(&text, ",1");
                buf_text(&text, "}");
                const char *z = buf_z(&text);
                CimInstance *i;
                size_t bad;
                Diag d;
                assert_int_equal(assign(&i, &bad, &d, 1, &z), n > LIMIT_ARRAY_ITEMS ? E_DIAG : 0);
                if (n <= LIMIT_ARRAY_ITEMS)
                        assert_int_equal(cim_instance_get(i, STR("Numbers"))->array.count, n);
                cim_instance_unref(i);
                buf_deinit(&text);
        }
        end();
}

static void objects_inside(void **state)
{
        (void)state;
        begin();
        gives("O=NULL", "NULL");
        CimInstance *i;
        size_t bad;
        Diag d;
        const char *text = "O= instance of inner { a = -3; Text = \"x; }\"; } ; ";
        assert_int_equal(assign(&i, &bad, &d, 1, &text), 0);
        const CimInstance *o = cim_instance_get(i, STR("O"))->object;
        assert_ptr_equal(o->class, inner);
        assert_int_equal(o->values[0].sint, -3);
        assert_int_equal(o->values[1].string.n, 4);
        cim_instance_unref(i);
        text = "Objects={instance of Inner {}, instance of Thing { O = instance of Inner { A = 1; }; Numbers "
               "= {1, 2}; }}";
        assert_int_equal(assign(&i, &bad, &d, 1, &text), 0);
        const CimValue *v = cim_instance_get(i, STR("Objects"));
        assert_int_equal(v->array.count, 2);
        assert_int_equal(cim_instance_get(v->array.items[1].object, STR("Numbers"))->array.count, 2);
        cim_instance_unref(i);
        refuses("O=x", CIM_E_TYPE_MISMATCH, "instance of Class");
        refuses("O=instance", CIM_E_INVALID_PARAMETER, "expected 'of'");
        refuses("O=instance of Nothing {}", CIM_E_INVALID_CLASS, "no class 'Nothing'");
        refuses("O=instance of Inner", CIM_E_INVALID_PARAMETER, "expected '{'");
        refuses("O=instance of Inner {", CIM_E_INVALID_PARAMETER, "expected a property's name");
        refuses("O=instance of Inner { A 1; }", CIM_E_INVALID_PARAMETER, "expected '='");
        refuses("O=instance of Inner { A = 1 }", CIM_E_TYPE_MISMATCH, "is not a whole number");
        refuses("O=instance of Inner { Text = \"a\" }", CIM_E_INVALID_PARAMETER, "expected ';'");
        refuses("O=instance of Inner { B = 1; }", CIM_E_INVALID_PROPERTY, "Inner has no property 'B'");
        refuses("O=instance of Inner { Text = a; }", CIM_E_TYPE_MISMATCH, "in quotes");
        refuses("O=instance of Inner { A = 1; } x", CIM_E_INVALID_PARAMETER, "nothing may follow");
        end();
}

static void objects_have_a_depth(void **state)
{
        (void)state;
        begin();
        for (size_t n = LIMIT_DEPTH - 1; n <= LIMIT_DEPTH + 1; n++) {
                Buf text = {0};
                buf_text(&text, "O=");
                for (size_t k = 0; k < n; k++)
                        buf_text(&text, k ? "O=instance of Thing{" : "instance of Thing{");
                for (size_t k = 0; k < n; k++)
                        buf_text(&text, k + 1 < n ? "};" : "}");
                const char *z = buf_z(&text);
                CimInstance *i;
                size_t bad;
                Diag d;
                assert_int_equal(assign(&i, &bad, &d, 1, &z), n > LIMIT_DEPTH ? E_DIAG : 0);
                cim_instance_unref(i);
                buf_deinit(&text);
        }
        end();
}

static void names_that_are_wrong(void **state)
{
        (void)state;
        begin();
        refuses("Text=1", CIM_E_INVALID_PROPERTY, "did you mean Texts?");
        refuses("Nothinglikeit=1", CIM_E_INVALID_PROPERTY, "wmi show Thing");
        refuses("__CLASS=x", CIM_E_SYSTEM_PROPERTY, "the system's");
        refuses("U8", CIM_E_INVALID_PARAMETER, "is not Name=Value");
        refuses("=1", CIM_E_INVALID_PARAMETER, "is not Name=Value");
        refuses("", CIM_E_INVALID_PARAMETER, "is not Name=Value");
        CimInstance *i;
        size_t bad;
        Diag d = {0};
        const char *key = "Key=b";
        AssignScope fixed = {find, NULL, true};
        assert_int_equal(cim_instance_new(thing, &i), 0);
        assert_int_equal(assign_properties(i, &key, 1, &fixed, &bad, &d), E_DIAG);
        assert_non_null(strstr(d.message, "keys stand in the path"));
        cim_instance_unref(i);
        end();
}

// --- keys ------------------------------------------------------------------------------------------------

static CimClass *keyed(uint16_t first, uint16_t second)
{
        CimQualifier key = {.name = STR("key"), .value = {.type = CIM_BOOLEAN, .boolean = true}};
        CimPropertySpec p[2] = {
                {.name = STR("A"), .type = first, .qualifiers = &key, .qualifier_count = 1},
                {.name = STR("B"), .type = second, .qualifiers = &key, .qualifier_count = 1},
        };
        CimClassSpec s = {.name = STR("K"), .properties = p, .property_count = second ? 2 : 1};
        CimClass *c;
        assert_int_equal(cim_class_new(&s, NULL, NULL, NULL, &c, NULL), 0);
        return c;
}

static int keys(const CimClass *c, const char *path, CimInstance **ret, Diag *d)
{
        Arena a = {0};
        CimPath p;
        *d = (Diag){0};
        assert_int_equal(cim_path_parse(str_of(path), &a, &p, NULL), 0);
        assert_int_equal(cim_instance_new(c, ret), 0);
        int r = assign_keys(*ret, &p, d);
        if (!r)
                r = assign_check_keys(*ret, d);
        arena_deinit(&a);
        return r;
}

static void key_is(uint16_t type, const char *path, bool fine)
{
        CimClass *c = keyed(type, CIM_NONE);
        CimInstance *i;
        Diag d;
        int r = keys(c, path, &i, &d);
        if (r != (fine ? 0 : E_DIAG))
                fail_msg("%s as %s: %s", path, cim_type_name(type), r ? d.message : "taken");
        cim_instance_unref(i);
        cim_class_unref(c);
}

static void keys_of_a_path(void **state)
{
        (void)state;
        key_is(CIM_STRING, "K.A=\"x\"", true);
        key_is(CIM_STRING, "K=\"x\"", true);
        key_is(CIM_STRING, "K.A=1", false);
        key_is(CIM_STRING, "K.B=\"x\"", false);
        key_is(CIM_STRING, "K", false);
        key_is(CIM_STRING, "K=@", false);
        key_is(CIM_UINT8, "K.A=255", true);
        key_is(CIM_UINT8, "K.A=256", false);
        key_is(CIM_UINT8, "K.A=-1", false);
        key_is(CIM_SINT8, "K.A=-128", true);
        key_is(CIM_SINT8, "K.A=-129", false);
        key_is(CIM_SINT8, "K.A=\"1\"", false);
        key_is(CIM_SINT64, "K.A=-9223372036854775808", true);
        key_is(CIM_SINT64, "K.A=9223372036854775808", false);
        key_is(CIM_UINT64, "K.A=18446744073709551615", true);
        key_is(CIM_BOOLEAN, "K.A=TRUE", true);
        key_is(CIM_BOOLEAN, "K.A=1", false);
        key_is(CIM_CHAR16, "K.A=65535", true);
        key_is(CIM_CHAR16, "K.A=65536", false);
        key_is(CIM_DATETIME, "K.A=\"20260131120000.000000+000\"", true);
        key_is(CIM_DATETIME, "K.A=\"today\"", false);
        CimClass *c = keyed(CIM_UINT8, CIM_STRING);
        CimInstance *i;
        Diag d;
        assert_int_equal(keys(c, "K.b=\"x\",a=1", &i, &d), 0);
        assert_int_equal(i->values[0].uint, 1);
        cim_instance_unref(i);
        assert_int_equal(keys(c, "K=1", &i, &d), E_DIAG);
        assert_non_null(strstr(d.message, "2 keys"));
        cim_instance_unref(i);
        assert_int_equal(keys(c, "K.A=1", &i, &d), E_DIAG);
        assert_non_null(strstr(d.message, "the key B of K is not given"));
        cim_instance_unref(i);
        cim_class_unref(c);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(integers_within_their_types), TEST(scalars_of_other_types), TEST(text_as_it_stands),
                TEST(arrays_in_both_forms), TEST(arrays_have_a_bound), TEST(objects_inside),
                TEST(objects_have_a_depth), TEST(names_that_are_wrong), TEST(keys_of_a_path), TEST_END});
}
