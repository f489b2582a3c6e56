// SPDX-License-Identifier: MIT
// JSON written as it is made: json-c reads it, and finds the same.
#include "base/testkit.h"

#include <json-c/json.h>
#include <math.h>

#include "jsontext.h"

static void nests_and_separates(void **state)
{
        (void)state;
        Buf out = {0};
        JsonText j = {&out, false};
        jsontext_open(&j, NULL, '{');
        jsontext_open(&j, "empty", '[');
        jsontext_close(&j, ']');
        jsontext_open(&j, "list", '[');
        jsontext_number(&j, NULL, 18446744073709551615u, false);
        jsontext_number(&j, NULL, 9223372036854775808u, true);
        jsontext_number(&j, NULL, 0, true);
        jsontext_open(&j, NULL, '{');
        jsontext_close(&j, '}');
        jsontext_bool(&j, NULL, true);
        jsontext_close(&j, ']');
        jsontext_real(&j, "half", 0.5);
        jsontext_real(&j, "whole", 3);
        jsontext_real(&j, "nan", NAN);
        jsontext_null(&j, "nothing");
        jsontext_close(&j, '}');
        assert_string_equal(buf_z(&out),
                            "{\"empty\":[],\"list\":[18446744073709551615,-9223372036854775808,0,{},true],"
                            "\"half\":0.5,\"whole\":3.0,\"nan\":null,\"nothing\":null}");
        buf_deinit(&out);
}

static void strings_are_safe(void **state)
{
        (void)state;
        static const struct {
                Str text;
                const char *json, *back;
        } cases[] = {
                {STR(""), "\"\"", ""},
                {STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"", "a\"b\\c/d"},
                {STR("\x1b[31m\n\t"), "\"\\u001B[31m\\u000A\\u0009\"", "\x1b[31m\n\t"},
                {STR("\xC2\x85\xE2\x80\xAE"), "\"\\u0085\\u202E\"", "\xC2\x85\xE2\x80\xAE"},
                {STR("\xF0\x9F\x98\x80 \xC3\xA4"), "\"\xF0\x9F\x98\x80 \xC3\xA4\"",
                 "\xF0\x9F\x98\x80 \xC3\xA4"},
                {STR("\xFF\xC3"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                Buf out = {0};
                JsonText j = {&out, false};
                jsontext_str(&j, NULL, cases[i].text);
                assert_string_equal(buf_z(&out), cases[i].json);
                json_object *o = json_tokener_parse((const char *)out.p);
                assert_non_null(o);
                assert_string_equal(json_object_get_string(o), cases[i].back);
                json_object_put(o);
                buf_deinit(&out);
        }
        static const char16_t lone[] = {'a', 0, 0xD800, 'b'};
        Buf out = {0};
        JsonText j = {&out, false};
        jsontext_str16(&j, NULL, (Str16){lone, 4});
        assert_string_equal(buf_z(&out), "\"a\\u0000\xEF\xBF\xBD"
                                         "b\"");
        buf_deinit(&out);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(nests_and_separates), TEST(strings_are_safe), TEST_END});
}
