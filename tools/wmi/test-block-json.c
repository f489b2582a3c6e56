// SPDX-License-Identifier: MIT
// JSON and the items of data blocks.
#include "block-json.h"

#include "base/limits.h"
#include "base/testkit.h"
#include "cim/event.h"
#include "cim/layout.h"
#include "cim/test-cim.h"

typedef struct Fixture {
        CimClass *inner, *thing;
        Arena arena;
} Fixture;

static void setup(Fixture *f)
{
        *f = (Fixture){0};
        CimClassSpec inner = CLASS("Inner", PROPERTIES(ITEM("A", CIM_UINT8, 1),
                                                       {.name = STR("Text"),
                                                        .type = CIM_STRING,
                                                        QUALIFIERS(QU("WmiDataId", 2), QU("MaxLen", 3))}));
        assert_int_equal(cim_class_new(&inner, NULL, NULL, NULL, &f->inner, NULL), 0);
        CimClass *known[] = {f->inner, NULL};
        CimClassSpec thing =
                CLASS("Thing", PROPERTIES(P("InstanceName", CIM_STRING), ITEM("Flag", CIM_BOOLEAN, 1),
                                          ITEM("Tiny", CIM_SINT8, 2), ITEM("Big", CIM_UINT64, 3),
                                          ITEM("Long", CIM_SINT64, 4), ITEM("Real", CIM_REAL64, 5),
                                          ITEM("Letter", CIM_CHAR16, 6), ITEM("When", CIM_DATETIME, 7),
                                          ITEM("Bytes", CIM_UINT8 | CIM_ARRAY, 8, .max = 4),
                                          ITEM("Count", CIM_UINT16, 9), ITEM("Text", CIM_STRING, 10),
                                          {.name = STR("One"),
                                           .type = CIM_OBJECT,
                                           .class_name = STR("Inner"),
                                           QUALIFIERS(QU("WmiDataId", 11))},
                                          {.name = STR("Many"),
                                           .type = CIM_OBJECT | CIM_ARRAY,
                                           .class_name = STR("Inner"),
                                           QUALIFIERS(QU("WmiDataId", 12), QS("WmiSizeIs", u"Count"))}));
        assert_int_equal(cim_class_new(&thing, NULL, test_resolve, known, &f->thing, NULL), 0);
        assert_string_equal(f->thing->layout_error, "");
}

static void teardown(Fixture *f)
{
        arena_deinit(&f->arena);
        cim_class_unref(f->thing);
        cim_class_unref(f->inner);
}

// Encodes; NULL: refused, with d filled.
static bool encode(Fixture *f, const char *json, bool pad, Buf *out, Diag *d)
{
        json_object *o;
        int r = block_json_parse(str_of(json), &o, d);
        CimValue *v = arena_array(&f->arena, CimValue, f->thing->property_count);
        if (!r)
                r = block_json_values(f->thing, o, &f->arena, v, d);
        if (!r && pad)
                r = block_json_pad(f->thing, &f->arena, v);
        json_object_put(o);
        if (r)
                return false;
        CimBlockError e = {0};
        if (cim_block_encode(f->thing, v, out, &e))
                fail_msg("%s: %s", json, e.says);
        return true;
}

static const char *decode(Fixture *f, const Buf *block)
{
        CimValue *v = arena_array(&f->arena, CimValue, f->thing->property_count);
        json_object *o;
        CimBlockError e = {0};
        if (cim_block_decode(f->thing, block->p, block->n, NULL, &f->arena, v, &e))
                fail_msg("%s", e.says);
        assert_int_equal(block_json_of(f->thing, v, &f->arena, &o), 0);
        const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
        text = arena_strndup(&f->arena, text, strlen(text));
        json_object_put(o);
        return text;
}

static void round_trip(const char *in, const char *out)
{
        Fixture f;
        Buf b = {0};
        Diag d = {0};
        setup(&f);
        if (!encode(&f, in, false, &b, &d))
                fail_msg("%s: %s", in, d.message);
        assert_string_equal(decode(&f, &b), out);
        buf_deinit(&b);
        teardown(&f);
}

static const char zeros[] = "{\"Flag\":false,\"Tiny\":0,\"Big\":0,\"Long\":0,\"Real\":0.0,\"Letter\":0,"
                            "\"When\":null,\"Bytes\":[0,0,0,0],\"Count\":0,\"Text\":\"\","
                            "\"One\":{\"A\":0,\"Text\":\"\"},\"Many\":[]}";

static void what_is_written_is_read(void **state)
{
        (void)state;
        round_trip("{}", zeros);
        static const char full[] = "{\"Flag\":true,\"Tiny\":-128,\"Big\":18446744073709551615,\"Long\":-"
                                   "9223372036854775808,\"Real\":1.5,\"Letter\":65,"
                                   "\"When\":\"20260131120000.000000+060\",\"Bytes\":[1,2,3,255],\"Count\":2,"
                                   "\"Text\":\"a\\u00e9\","
                                   "\"One\":{\"A\":7,\"Text\":\"abc\"},\"Many\":[{\"A\":1,\"Text\":\"x\"},{"
                                   "\"A\":2,\"Text\":\"\"}]}";
        round_trip(full, "{\"Flag\":true,\"Tiny\":-128,\"Big\":18446744073709551615,\"Long\":-"
                         "9223372036854775808,\"Real\":1.5,\"Letter\":65,"
                         "\"When\":\"20260131120000.000000+060\",\"Bytes\":[1,2,3,255],\"Count\":2,\"Text\":"
                         "\"a\xc3\xa9\","
                         "\"One\":{\"A\":7,\"Text\":\"abc\"},\"Many\":[{\"A\":1,\"Text\":\"x\"},{\"A\":2,"
                         "\"Text\":\"\"}]}");
}

static void other_spellings_are_understood(void **state)
{
        (void)state;
        round_trip("{\"flag\": 1, \"BIG\": \"0x10\", \"tiny\": \"-5\", \"letter\": \"A\", \"bytes\": \"01 "
                   "02,0x0a\", \"real\": 2, \"InstanceName\": \"x\","
                   " \"when\": null, \"one\": {\"class\": \"Inner\", \"properties\": {\"A\": 3}}, \"many\": "
                   "[null, {\"a\": 4}]}",
                   "{\"Flag\":true,\"Tiny\":-5,\"Big\":16,\"Long\":0,\"Real\":2.0,\"Letter\":65,\"When\":"
                   "null,\"Bytes\":[1,2,10,0],\"Count\":2,\"Text\":\"\","
                   "\"One\":{\"A\":3,\"Text\":\"\"},\"Many\":[{\"A\":0,\"Text\":\"\"},{\"A\":4,\"Text\":\"\"}"
                   "]}");
        round_trip("{\"class\": \"Thing\", \"properties\": {}}", zeros);
}

static void refuse(const char *json, const char *where, const char *hint)
{
        Fixture f;
        Buf b = {0};
        Diag d = {0};
        setup(&f);
        if (encode(&f, json, false, &b, &d))
                fail_msg("accepted: %s", json);
        if (!strstr(d.message, where) || (hint && !strstr(d.hint, hint)))
                fail_msg("%s: \"%s\" (%s) is not \"%s\"", json, d.message, d.hint, where);
        buf_deinit(&b);
        teardown(&f);
}

static void what_does_not_fit_is_told(void **state)
{
        (void)state;
        refuse("[]", "an object {\"item\"", NULL);
        refuse("{\"Fleg\": true}", "Fleg: there is no such item", "Flag");
        refuse("{\"Tiny\": 128}", "Tiny: 128 is beyond sint8, which goes from -128 to 127", NULL);
        refuse("{\"Tiny\": -129}", "Tiny: -129", NULL);
        refuse("{\"Big\": -1}", "Big: -1", NULL);
        refuse("{\"Big\": \"18446744073709551616\"}", "Big: a uint64 is wanted", NULL);
        refuse("{\"Letter\": 65536}", "Letter: 65536", NULL);
        refuse("{\"Letter\": \"AB\"}", "Letter: ", NULL);
        refuse("{\"Flag\": \"true\"}", "Flag: true or false", NULL);
        refuse("{\"Text\": 5}", "Text: a string", NULL);
        refuse("{\"When\": \"today\"}", "When: this is no datetime", NULL);
        refuse("{\"Bytes\": 5}", "Bytes: an array", NULL);
        refuse("{\"Bytes\": [1, 256]}", "Bytes[1]: 256", NULL);
        refuse("{\"Bytes\": \"0g\"}", "Bytes: this text", NULL);
        refuse("{\"Many\": [{\"A\": 1}, {\"A\": 999}]}", "Many[1].A: 999", NULL);
        refuse("{\"One\": 5}", "One: an object of Inner", NULL);
        refuse("{\"One\": {\"a\": 1, \"A\": 1}}", "One.A: it is given twice", NULL);
        refuse("{\"Flag\": tru}", "no JSON", NULL);
        refuse("{\"Big\": 18446744073709551616}", "beyond what 64 bits hold", NULL);
        refuse("{\"Long\": -9223372036854775809}", "beyond what 64 bits hold", NULL);
        refuse("{\"Text\": \"\\\"\", \"Real\": 1e999}", "beyond what 64 bits hold", NULL);
        refuse("{\"Big\": 1e3}", "Big: a uint64 is wanted, this is a fraction", NULL);
        refuse("{\"Flag\":", "too early", NULL);
        refuse("", "too early", NULL);
        refuse("{} {}", "no JSON", NULL);
}

static void mistakes_in_json_have_a_place(void **state)
{
        (void)state;
        json_object *o;
        Diag d = {0};
        assert_int_equal(block_json_parse(STR("{\n  \"A\": 1,\n  \"B\" 2}"), &o, &d), E_DIAG);
        assert_null(o);
        assert_int_equal(d.line, 3);
        assert_int_equal(d.column, 7);
}

static void depth_ends(void **state)
{
        (void)state;
        for (unsigned n = LIMIT_DEPTH - 1; n <= LIMIT_DEPTH + 1; n++) {
                char text[2 * LIMIT_DEPTH + 8];
                json_object *o;
                memset(text, '[', n);
                memset(text + n, ']', n);
                int r = block_json_parse((Str){text, 2 * (size_t)n}, &o, NULL);
                assert_int_equal(r, n > LIMIT_DEPTH ? E_DIAG : 0);
                json_object_put(o);
        }
}

// A driver's structure has WCHAR Text[3 + 1] in each Inner; the length covers the padding.
static void strings_are_filled_up_when_asked(void **state)
{
        (void)state;
        Fixture f;
        Buf plain = {0}, padded = {0};
        setup(&f);
        assert_true(
                encode(&f, "{\"One\": {\"A\": 1, \"Text\": \"x\"}, \"Many\": [{}]}", false, &plain, NULL));
        assert_true(
                encode(&f, "{\"One\": {\"A\": 1, \"Text\": \"x\"}, \"Many\": [{}]}", true, &padded, NULL));
        assert_int_equal(padded.n, plain.n + 4 + 6);
        assert_string_equal(decode(&f, &padded), decode(&f, &plain));
        size_t text = padded.n - 10 - 8;
        assert_memory_equal(padded.p + text, "\6\0x\0\0\0\0\0", 8);
        assert_memory_equal(padded.p + padded.n - 8, "\6\0\0\0\0\0\0\0", 8);
        buf_deinit(&plain);
        buf_deinit(&padded);
        teardown(&f);
}

static void acpi(const char *json, const char *bytes, size_t n, const char *why)
{
        Arena a = {0};
        json_object *o;
        AcpiObject object;
        Buf b = {0};
        Diag d = {0};
        int r = block_json_parse(str_of(json), &o, &d);
        if (!r)
                r = block_json_acpi(o, &a, &object, &d);
        if (!r)
                r = cim_acpi_block(&object, &b, &d);
        if (bytes) {
                if (r || b.n != n || memcmp(b.p, bytes, n))
                        fail_msg("%s: %s", json, d.message);
        } else if (r != E_DIAG || !strstr(d.message, why)) {
                fail_msg("%s: \"%s\" is not in \"%s\"", json, why, d.message);
        }
        json_object_put(o);
        buf_deinit(&b);
        arena_deinit(&a);
}

static void firmware_speaks_json(void **state)
{
        (void)state;
        acpi("5", "\5\0\0\0", 4, NULL);
        acpi("{\"integer\": \"0x11223344\"}", "\x44\x33\x22\x11", 4, NULL);
        acpi("\"a\"", "\4\0a\0\0\0", 6, NULL);
        acpi("{\"buffer\": [1, 2, 255]}", "\1\2\xff", 3, NULL);
        acpi("[287454020, {\"buffer\": \"55\"}, \"WMI\", {\"buffer\": \"66\"}, 2005440938]",
             "\x44\x33\x22\x11\x55\0\x08\0W\0M\0I\0\0\0\x66\0\0\0\xaa\x99\x88\x77", 24, NULL);
        acpi("[[1]]", NULL, 0, "inside a package");
        acpi("-1", NULL, 0, "-1 is beyond");
        acpi("4294967296", NULL, 0, "beyond uint32");
        acpi("true", NULL, 0, "no ACPI object");
        acpi("[1, null]", NULL, 0, "object[1]");
        acpi("{\"buffer\": \"1\"}", NULL, 0, "hexadecimal");
        acpi("{\"buffer\": null}", NULL, 0, "buffer");
        acpi("{\"else\": 1}", NULL, 0, "an object is");
}

static void digits_are_bytes(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int n; // -1: none
        } cases[] = {{"44 33", 2}, {"4433\n", 2}, {"0x44, 0x33", 2}, {"{0x44}", 1}, {"", 0},  {"4", -1},
                     {"44 3", -1}, {"4 4", -1},   {"zz", -1},        {"00", 1},     {"0x", 0}};
        for (size_t i = 0; i < COUNT(cases); i++) {
                Buf b = {0};
                bool hex = block_hex(str_of(cases[i].text), &b);
                if (hex != (cases[i].n >= 0) || (hex && b.n != (size_t)cases[i].n))
                        fail_msg("%s", cases[i].text);
                buf_deinit(&b);
        }
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(what_is_written_is_read),
                TEST(other_spellings_are_understood),
                TEST(what_does_not_fit_is_told),
                TEST(mistakes_in_json_have_a_place),
                TEST(depth_ends),
                TEST(strings_are_filled_up_when_asked),
                TEST(firmware_speaks_json),
                TEST(digits_are_bytes),
                TEST_END,
        });
}
