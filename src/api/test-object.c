// SPDX-License-Identifier: MIT
// api: reading and changing objects.
#include "base/testkit.h"

#include <math.h>
#include <unistd.h>

#include "api/api.h"
#include "base/limits.h"
#include "base/utf.h"

// --- a class with everything ---------------------------------------------------------------------

static CimClass *make(const CimClassSpec *s, const CimClass *super)
{
        CimClass *c;
        Diag d;
        int r = cim_class_new(s, super, NULL, NULL, &c, &d);
        if (r)
                fail_msg("%s", d.message);
        return c;
}

static const CimQualifier key = {.name = {"key", 3}, .value = {.type = CIM_BOOLEAN, .boolean = true}};
static const CimPropertySpec properties[] = {
        {.name = {"Name", 4}, .type = CIM_STRING, .qualifiers = &key, .qualifier_count = 1},
        {.name = {"S8", 2}, .type = CIM_SINT8},
        {.name = {"U8", 2}, .type = CIM_UINT8},
        {.name = {"S16", 3}, .type = CIM_SINT16},
        {.name = {"U16", 3}, .type = CIM_UINT16},
        {.name = {"S32", 3}, .type = CIM_SINT32},
        {.name = {"U32", 3}, .type = CIM_UINT32},
        {.name = {"S64", 3}, .type = CIM_SINT64},
        {.name = {"U64", 3}, .type = CIM_UINT64},
        {.name = {"C16", 3}, .type = CIM_CHAR16},
        {.name = {"R32", 3}, .type = CIM_REAL32},
        {.name = {"R64", 3}, .type = CIM_REAL64},
        {.name = {"Yes", 3}, .type = CIM_BOOLEAN},
        {.name = {"When", 4}, .type = CIM_DATETIME},
        {.name = {"Where", 5}, .type = CIM_REFERENCE},
        {.name = {"Any", 3}, .type = CIM_OBJECT},
        {.name = {"Inner", 5}, .type = CIM_OBJECT, .class_name = {"Inner", 5}},
        {.name = {"Numbers", 7}, .type = CIM_SINT32 | CIM_ARRAY},
        {.name = {"Reals", 5}, .type = CIM_REAL32 | CIM_ARRAY},
        {.name = {"Bools", 5}, .type = CIM_BOOLEAN | CIM_ARRAY},
        {.name = {"Names", 5}, .type = CIM_STRING | CIM_ARRAY},
        {.name = {"Bytes", 5}, .type = CIM_UINT8 | CIM_ARRAY},
        {.name = {"Times", 5}, .type = CIM_DATETIME | CIM_ARRAY},
        {.name = {"Objects", 7}, .type = CIM_OBJECT | CIM_ARRAY},
};

static freewmi_object *thing(void)
{
        CimClassSpec base = {.name = STR("Base")};
        CimClassSpec s = {.name = STR("Thing"),
                          .properties = properties,
                          .property_count = sizeof(properties) / sizeof(properties[0])};
        CimClass *b = make(&base, NULL), *c = make(&s, b);
        CimInstance *i;
        freewmi_object *o;
        assert_int_equal(cim_instance_new(c, &i), 0);
        assert_int_equal(api_object_new(i, true, STR("root\\home"), &o), FREEWMI_OK);
        cim_class_unref(c);
        cim_class_unref(b);
        return o;
}

static freewmi_object *inner(const char *class_name, uint32_t size)
{
        CimPropertySpec p[] = {{.name = STR("Size"), .type = CIM_UINT32}, {.name = STR("Deeper"), .type = CIM_OBJECT}};
        CimClassSpec s = {.name = str_of(class_name), .properties = p, .property_count = 2};
        CimClass *c = make(&s, NULL);
        CimInstance *i;
        freewmi_object *o;
        assert_int_equal(cim_instance_new(c, &i), 0);
        assert_int_equal(api_object_new(i, true, (Str){"", 0}, &o), FREEWMI_OK);
        cim_class_unref(c);
        assert_int_equal(freewmi_set_uint64(o, "Size", size), FREEWMI_OK);
        return o;
}

// --- numbers -------------------------------------------------------------------------------------

typedef struct Range {
        const char *name;
        int64_t least;
        uint64_t most;
} Range;

static const Range ranges[] = {
        {"S8", INT8_MIN, INT8_MAX},   {"U8", 0, UINT8_MAX},   {"S16", INT16_MIN, INT16_MAX}, {"U16", 0, UINT16_MAX},
        {"S32", INT32_MIN, INT32_MAX}, {"U32", 0, UINT32_MAX}, {"S64", INT64_MIN, INT64_MAX}, {"U64", 0, UINT64_MAX},
        {"C16", 0, UINT16_MAX},
};

static void integers_at_their_ends(void **state)
{
        (void)state;
        freewmi_object *o = thing();
        for (size_t k = 0; k < sizeof(ranges) / sizeof(ranges[0]); k++) {
                const Range *r = &ranges[k];
                int64_t s = 7;
                uint64_t u = 7;
                assert_int_equal(freewmi_get_int64(o, r->name, &s), FREEWMI_IS_NULL);
                assert_int_equal(freewmi_get_uint64(o, r->name, &u), FREEWMI_IS_NULL);
                assert_true(s == 7 && u == 7);
                assert_int_equal(freewmi_set_int64(o, r->name, r->least), FREEWMI_OK);
                assert_int_equal(freewmi_get_int64(o, r->name, &s), FREEWMI_OK);
                assert_true(s == r->least);
                assert_int_equal(freewmi_get_uint64(o, r->name, &u), r->least ? FREEWMI_OUT_OF_RANGE : FREEWMI_OK);
                assert_int_equal(freewmi_set_uint64(o, r->name, r->most), FREEWMI_OK);
                assert_int_equal(freewmi_get_uint64(o, r->name, &u), FREEWMI_OK);
                assert_true(u == r->most);
                assert_int_equal(freewmi_get_int64(o, r->name, &s), u > INT64_MAX ? FREEWMI_OUT_OF_RANGE : FREEWMI_OK);
                if (r->most < UINT64_MAX)
                        assert_int_equal(freewmi_set_uint64(o, r->name, r->most + 1), FREEWMI_OUT_OF_RANGE);
                if (r->least > INT64_MIN)
                        assert_int_equal(freewmi_set_int64(o, r->name, r->least - 1), FREEWMI_OUT_OF_RANGE);
                assert_int_equal(freewmi_get_uint64(o, r->name, &u), FREEWMI_OK);
                assert_true(u == r->most); // what failed changed nothing
                assert_int_equal(freewmi_set_double(o, r->name, 1), FREEWMI_WRONG_TYPE);
                assert_int_equal(freewmi_set_bool(o, r->name, true), FREEWMI_WRONG_TYPE);
                assert_int_equal(freewmi_set_string(o, r->name, "1"), FREEWMI_WRONG_TYPE);
                assert_int_equal(freewmi_set_time(o, r->name, 1), FREEWMI_WRONG_TYPE);
                assert_int_equal(freewmi_set_null(o, r->name), FREEWMI_OK);
                assert_int_equal(freewmi_get_int64(o, r->name, &s), FREEWMI_IS_NULL);
        }
        freewmi_object_unref(o);
}

static void reals_and_exactness(void **state)
{
        (void)state;
        freewmi_object *o = thing();
        double d = 0;
        int64_t s;
        assert_int_equal(freewmi_set_double(o, "R64", 0.1), FREEWMI_OK);
        assert_int_equal(freewmi_get_double(o, "R64", &d), FREEWMI_OK);
        assert_true(d == 0.1);
        assert_int_equal(freewmi_set_double(o, "R32", 0.1), FREEWMI_OK);
        assert_int_equal(freewmi_get_double(o, "R32", &d), FREEWMI_OK);
        assert_true(d == (double)0.1f);
        assert_int_equal(freewmi_set_double(o, "R32", 1e39), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_double(o, "R32", INFINITY), FREEWMI_OK);
        assert_int_equal(freewmi_get_int64(o, "R64", &s), FREEWMI_WRONG_TYPE);
        // Integers into reals and out as doubles: exactly or not at all.
        assert_int_equal(freewmi_set_int64(o, "R64", -(INT64_C(1) << 53)), FREEWMI_OK);
        assert_int_equal(freewmi_get_double(o, "R64", &d), FREEWMI_OK);
        assert_true(d == -9007199254740992.0);
        assert_int_equal(freewmi_set_int64(o, "R64", (INT64_C(1) << 53) + 1), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_uint64(o, "R64", UINT64_MAX), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_uint64(o, "R64", UINT64_C(1) << 63), FREEWMI_OK);
        assert_int_equal(freewmi_set_int64(o, "R32", 1 << 24), FREEWMI_OK);
        assert_int_equal(freewmi_set_int64(o, "R32", (1 << 24) + 1), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_int64(o, "S64", INT64_MIN), FREEWMI_OK);
        assert_int_equal(freewmi_get_double(o, "S64", &d), FREEWMI_OK);
        assert_true(d == -9223372036854775808.0);
        assert_int_equal(freewmi_set_int64(o, "S64", INT64_MAX), FREEWMI_OK);
        assert_int_equal(freewmi_get_double(o, "S64", &d), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_bool(o, "Yes", true), FREEWMI_OK);
        assert_int_equal(freewmi_get_double(o, "Yes", &d), FREEWMI_WRONG_TYPE);
        bool yes = false;
        assert_int_equal(freewmi_get_bool(o, "Yes", &yes), FREEWMI_OK);
        assert_true(yes);
        assert_int_equal(freewmi_get_bool(o, "S64", &yes), FREEWMI_WRONG_TYPE);
        freewmi_object_unref(o);
}

// --- text and time -------------------------------------------------------------------------------

static void text_there_and_back(void **state)
{
        (void)state;
        freewmi_object *o = thing();
        const char *s = NULL;
        size_t n = 0;
        static const char mixed[] = "Gr\xC3\xBC\xC3\x9F" "e \xE2\x98\xBA \xF0\x9F\x8D\x9E"; // two, three and four bytes
        assert_int_equal(freewmi_set_string(o, "Name", mixed), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(o, "nAME", &s, &n), FREEWMI_OK);
        assert_string_equal(s, mixed);
        assert_int_equal(n, strlen(mixed));
        const char *again;
        assert_int_equal(freewmi_get_string(o, "Name", &again, NULL), FREEWMI_OK);
        assert_ptr_equal(again, s); // made once
        assert_int_equal(freewmi_set_string(o, "Name", ""), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(o, "Name", &s, &n), FREEWMI_OK);
        assert_true(n == 0 && !*s);
        assert_int_equal(freewmi_set_string(o, "Name", "a\xFF" "b"), FREEWMI_OK); // no UTF-8
        assert_int_equal(freewmi_get_string(o, "Name", &s, &n), FREEWMI_OK);
        assert_string_equal(s, "a\xEF\xBF\xBD" "b");
        assert_int_equal(freewmi_set_string(o, "Name", NULL), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_set_string(o, "Where", "Thing.Name=\"x\""), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(o, "Where", &s, NULL), FREEWMI_OK);
        assert_string_equal(s, "Thing.Name=\"x\"");
        assert_int_equal(freewmi_get_string(o, "S8", &s, NULL), FREEWMI_IS_NULL);
        assert_int_equal(freewmi_set_int64(o, "S8", 1), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(o, "S8", &s, NULL), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_get_text(o, "S8", &s), FREEWMI_OK);
        assert_string_equal(s, "1");
        assert_int_equal(freewmi_get_text(o, "S16", &s), FREEWMI_OK);
        assert_string_equal(s, "NULL");
        freewmi_object_unref(o);
}

// What comes from others: NULs inside, halves of pairs.
static void text_of_others(void **state)
{
        (void)state;
        freewmi_object *o = thing();
        static const char16_t odd[] = {'a', 0, 0xD83C, 'b', 0xDF5E, 0xD83C, 0xDF5E, 0xD83C};
        o->instance->values[0] = (CimValue){.type = CIM_STRING, .string = {odd, 8}};
        const char *s;
        size_t n;
        assert_int_equal(freewmi_get_string(o, "Name", &s, &n), FREEWMI_OK);
        static const char want[] = "a\0\xEF\xBF\xBD" "b\xEF\xBF\xBD\xF0\x9F\x8D\x9E\xEF\xBF\xBD";
        assert_int_equal(n, sizeof(want) - 1);
        assert_memory_equal(s, want, sizeof(want));
        freewmi_object_unref(o);
}

static void times(void **state)
{
        (void)state;
        freewmi_object *o = thing();
        const char *s;
        int64_t t = 0;
        assert_int_equal(freewmi_set_time(o, "When", INT64_C(1000000000123456789)), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(o, "When", &s, NULL), FREEWMI_OK);
        assert_string_equal(s, "20010909014640.123456+000");
        assert_int_equal(freewmi_get_time(o, "When", &t), FREEWMI_OK);
        assert_true(t == INT64_C(1000000000123456000));
        assert_int_equal(freewmi_set_string(o, "When", "20010909034640.123456+120"), FREEWMI_OK);
        assert_int_equal(freewmi_get_time(o, "When", &t), FREEWMI_OK);
        assert_true(t == INT64_C(1000000000123456000));
        assert_int_equal(freewmi_set_time(o, "When", -1), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(o, "When", &s, NULL), FREEWMI_OK);
        assert_string_equal(s, "19691231235959.999999+000");
        assert_int_equal(freewmi_set_time(o, "When", INT64_MIN), FREEWMI_OK);
        assert_int_equal(freewmi_get_time(o, "When", &t), FREEWMI_OUT_OF_RANGE); // rounded down, out of the type
        assert_int_equal(freewmi_set_time(o, "When", INT64_MAX), FREEWMI_OK);
        assert_int_equal(freewmi_get_time(o, "When", &t), FREEWMI_OK);
        assert_int_equal(freewmi_set_string(o, "When", "23000101000000.000000+000"), FREEWMI_OK);
        assert_int_equal(freewmi_get_time(o, "When", &t), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_string(o, "When", "16010101000000.000000+000"), FREEWMI_OK);
        assert_int_equal(freewmi_get_time(o, "When", &t), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_string(o, "When", "00000001000000.000000:000"), FREEWMI_OK); // a day long
        assert_int_equal(freewmi_get_time(o, "When", &t), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_set_string(o, "When", "yesterday"), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_time(o, "Name", 0), FREEWMI_WRONG_TYPE);
        freewmi_object_unref(o);
}

// --- arrays --------------------------------------------------------------------------------------

static void arrays(void **state)
{
        (void)state;
        freewmi_object *o = thing();
        size_t n = 9;
        int64_t v = 0;
        double d = 0;
        bool b = false;
        const char *s;
        const uint8_t *bytes;
        assert_int_equal(freewmi_get_count(o, "Numbers", &n), FREEWMI_IS_NULL);
        assert_int_equal(freewmi_get_int64_at(o, "Numbers", 0, &v), FREEWMI_IS_NULL);
        assert_int_equal(freewmi_set_int64s(o, "Numbers", (int64_t[]){1, -2, 3}, 3), FREEWMI_OK);
        assert_int_equal(freewmi_get_count(o, "Numbers", &n), FREEWMI_OK);
        assert_int_equal(n, 3);
        assert_int_equal(freewmi_get_int64_at(o, "Numbers", 1, &v), FREEWMI_OK);
        assert_int_equal(v, -2);
        assert_int_equal(freewmi_get_int64(o, "Numbers[2]", &v), FREEWMI_OK);
        assert_int_equal(v, 3);
        assert_int_equal(freewmi_get_double(o, "Numbers[2]", &d), FREEWMI_OK);
        assert_true(d == 3);
        assert_int_equal(freewmi_get_int64_at(o, "Numbers", 3, &v), FREEWMI_NO_PROPERTY);
        assert_int_equal(freewmi_get_int64(o, "Numbers", &v), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_get_int64_at(o, "S8", 0, &v), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_get_int64_at(o, "Numbers[0]", 0, &v), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_set_int64s(o, "Numbers", (int64_t[]){1, INT64_MAX}, 2), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_uint64s(o, "Numbers", (uint64_t[]){INT32_MAX}, 1), FREEWMI_OK);
        assert_int_equal(freewmi_set_int64s(o, "Numbers", NULL, 0), FREEWMI_OK);
        assert_int_equal(freewmi_get_count(o, "Numbers", &n), FREEWMI_OK);
        assert_int_equal(n, 0);
        assert_int_equal(freewmi_set_int64s(o, "Numbers", NULL, 1), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_set_int64s(o, "Numbers", (int64_t[]){1}, LIMIT_ARRAY_ITEMS + 1), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_int64(o, "Numbers", 1), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_set_int64s(o, "S8", (int64_t[]){1}, 1), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_set_doubles(o, "Reals", (double[]){1.5}, 1), FREEWMI_OK);
        assert_int_equal(freewmi_get_double_at(o, "Reals", 0, &d), FREEWMI_OK);
        assert_true(d == 1.5);
        assert_int_equal(freewmi_set_bools(o, "Bools", (bool[]){false, true}, 2), FREEWMI_OK);
        assert_int_equal(freewmi_get_bool_at(o, "Bools", 1, &b), FREEWMI_OK);
        assert_true(b);
        // Texts come one by one and stay.
        assert_int_equal(freewmi_set_strings(o, "Names", (const char *[]){"one", "", "\xC3\xBC"}, 3), FREEWMI_OK);
        const char *first;
        assert_int_equal(freewmi_get_string_at(o, "Names", 0, &first, &n), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(o, "Names[2]", &s, &n), FREEWMI_OK);
        assert_true(n == 2);
        assert_string_equal(s, "\xC3\xBC");
        assert_string_equal(first, "one");
        assert_int_equal(freewmi_get_text(o, "Names[0]", &s), FREEWMI_OK);
        assert_string_equal(s, "\"one\"");
        const char *whole;
        assert_int_equal(freewmi_get_text(o, "Names", &whole), FREEWMI_OK);
        assert_non_null(strstr(whole, "\"one\""));
        assert_string_equal(s, "\"one\"");
        assert_int_equal(freewmi_set_strings(o, "Names", (const char *[]){"a", NULL}, 2), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_set_strings(o, "Numbers", NULL, 0), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_set_strings(o, "Times", NULL, 0), FREEWMI_OK);
        assert_int_equal(freewmi_set_strings(o, "Times", (const char *[]){"never"}, 1), FREEWMI_OUT_OF_RANGE);
        assert_int_equal(freewmi_set_bytes(o, "Bytes", "\1\2\xFF", 3), FREEWMI_OK);
        assert_int_equal(freewmi_get_bytes(o, "Bytes", &bytes, &n), FREEWMI_OK);
        assert_true(n == 3 && bytes[2] == 255);
        assert_int_equal(freewmi_set_bytes(o, "Numbers", "", 0), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_get_bytes(o, "Numbers", &bytes, &n), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_set_bytes(o, "Bytes", NULL, 0), FREEWMI_OK);
        assert_int_equal(freewmi_get_bytes(o, "Bytes", &bytes, &n), FREEWMI_OK);
        assert_int_equal(n, 0);
        freewmi_object_unref(o);
}

static void nulls_in_arrays(void **state)
{
        (void)state;
        freewmi_object *o = thing();
        static const char16_t a[] = u"a";
        static const CimValue names[] = {{.type = CIM_STRING, .null = true}, {.type = CIM_STRING, .string = {a, 1}}};
        static const CimValue bytes[] = {{.type = CIM_UINT8, .uint = 4}, {.type = CIM_UINT8, .null = true}};
        o->instance->values[20] = (CimValue){.type = CIM_STRING | CIM_ARRAY, .array = {names, 2}};
        o->instance->values[21] = (CimValue){.type = CIM_UINT8 | CIM_ARRAY, .array = {bytes, 2}};
        const char *s;
        const uint8_t *p;
        size_t n;
        assert_int_equal(freewmi_get_string_at(o, "Names", 0, &s, NULL), FREEWMI_IS_NULL);
        assert_int_equal(freewmi_get_string_at(o, "Names", 1, &s, NULL), FREEWMI_OK);
        assert_string_equal(s, "a");
        assert_int_equal(freewmi_get_bytes(o, "Bytes", &p, &n), FREEWMI_IS_NULL);
        freewmi_object_unref(o);
}

// --- objects in objects --------------------------------------------------------------------------

static void inner_objects(void **state)
{
        (void)state;
        freewmi_object *o = thing(), *i = inner("Inner", 5), *other = inner("Other", 6);
        const freewmi_object *got, *again;
        int64_t v;
        const char *s;
        assert_int_equal(freewmi_get_object(o, "Inner", &got), FREEWMI_IS_NULL);
        assert_int_equal(freewmi_get_int64(o, "Inner.Size", &v), FREEWMI_IS_NULL);
        assert_int_equal(freewmi_set_object(o, "Inner", i), FREEWMI_OK);
        assert_int_equal(freewmi_set_object(o, "Inner", other), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_set_object(o, "Any", other), FREEWMI_OK);
        assert_int_equal(freewmi_set_object(o, "Any", NULL), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_set_object(o, "Name", other), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_set_uint64(i, "Size", 99), FREEWMI_OK); // a copy went in
        assert_int_equal(freewmi_get_int64(o, "inner.SIZE", &v), FREEWMI_OK);
        assert_int_equal(v, 5);
        assert_int_equal(freewmi_get_object(o, "Inner", &got), FREEWMI_OK);
        assert_int_equal(freewmi_get_object(o, "Inner", &again), FREEWMI_OK);
        assert_ptr_equal(got, again);
        assert_string_equal(freewmi_object_class(got), "Inner");
        assert_int_equal(freewmi_get_string(o, "Any.__CLASS", &s, NULL), FREEWMI_OK);
        assert_string_equal(s, "Other");
        assert_int_equal(freewmi_get_int64(o, "Inner.Deeper.Size", &v), FREEWMI_IS_NULL);
        assert_int_equal(freewmi_get_int64(o, "Name.Size", &v), FREEWMI_WRONG_TYPE);
        assert_int_equal(freewmi_get_int64(o, "Objects.Size", &v), FREEWMI_WRONG_TYPE);
        // Held, it outlives the property and the object around it.
        freewmi_object_ref(got);
        assert_int_equal(freewmi_set_null(o, "Inner"), FREEWMI_OK);
        assert_int_equal(freewmi_get_int64(got, "Size", &v), FREEWMI_OK);
        assert_int_equal(v, 5);
        assert_int_equal(freewmi_get_object(o, "Inner", &again), FREEWMI_IS_NULL);
        assert_int_equal(freewmi_set_object(o, "Inner", i), FREEWMI_OK);
        freewmi_object_unref(o);
        assert_int_equal(freewmi_get_int64(got, "Size", &v), FREEWMI_OK);
        assert_int_equal(v, 5);
        // Arrays of them.
        freewmi_object *p = thing();
        const freewmi_object *both[] = {i, other};
        assert_int_equal(freewmi_set_objects(p, "Objects", both, 2), FREEWMI_OK);
        assert_int_equal(freewmi_get_int64(p, "Objects[1].Size", &v), FREEWMI_OK);
        assert_int_equal(v, 6);
        assert_int_equal(freewmi_get_object_at(p, "Objects", 0, &again), FREEWMI_OK);
        assert_int_equal(freewmi_get_int64(again, "Size", &v), FREEWMI_OK);
        assert_int_equal(v, 99);
        assert_int_equal(freewmi_get_text(p, "Objects[1].Size", &s), FREEWMI_OK);
        assert_string_equal(s, "6");
        both[1] = NULL;
        assert_int_equal(freewmi_set_objects(p, "Objects", both, 2), FREEWMI_BAD_ARGUMENT);
        freewmi_object_unref(got);
        freewmi_object_unref(p);
        freewmi_object_unref(i);
        freewmi_object_unref(other);
}

static void depth_is_bounded(void **state)
{
        (void)state;
        freewmi_object *o = inner("Inner", 0);
        int r = FREEWMI_OK;
        unsigned depth = 0;
        for (; !r && depth < 2 * LIMIT_DEPTH; depth++) {
                freewmi_object *outer = inner("Inner", depth);
                r = freewmi_set_object(outer, "Deeper", o);
                if (r) {
                        freewmi_object_unref(outer);
                        break;
                }
                freewmi_object_unref(o);
                o = outer;
        }
        assert_int_equal(r, FREEWMI_OUT_OF_RANGE);
        assert_true(depth >= LIMIT_DEPTH - 1 && depth <= LIMIT_DEPTH + 1);
        freewmi_object_unref(o);
}

// --- names, system properties, life --------------------------------------------------------------

static void names(void **state)
{
        (void)state;
        freewmi_object *o = thing();
        int64_t v = 0;
        const char *s;
        static const char *const bad[] = {"", ".", "S8.", ".S8", "S8[", "Numbers[", "Numbers[]", "Numbers[x]", "Numbers[1",
                                          "Numbers[-1]", "Numbers[1]x", "Numbers[99999999999999999999]", "S8..S8"};
        assert_int_equal(freewmi_set_int64s(o, "Numbers", (int64_t[]){1, 2}, 2), FREEWMI_OK);
        assert_int_equal(freewmi_set_int64(o, "S8", 1), FREEWMI_OK);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                int r = freewmi_get_int64(o, bad[i], &v);
                if (r != FREEWMI_BAD_ARGUMENT && r != FREEWMI_WRONG_TYPE)
                        fail_msg("'%s': %s", bad[i], freewmi_result_name(r));
        }
        assert_int_equal(freewmi_get_int64(o, "Nothing", &v), FREEWMI_NO_PROPERTY);
        assert_int_equal(freewmi_get_int64(o, "__NOTHING", &v), FREEWMI_NO_PROPERTY);
        assert_int_equal(freewmi_get_int64(NULL, "S8", &v), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_get_int64(o, NULL, &v), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_get_int64(o, "S8", NULL), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_set_int64(o, "Nothing", 1), FREEWMI_NO_PROPERTY);
        assert_int_equal(freewmi_set_int64(o, "Inner.Size", 1), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_set_string(o, "__CLASS", "x"), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_set_int64(NULL, "S8", 1), FREEWMI_BAD_ARGUMENT);
        assert_int_equal(freewmi_get_type(o, "S8"), FREEWMI_SINT8);
        assert_int_equal(freewmi_get_type(o, "Names"), FREEWMI_STRING | FREEWMI_ARRAY);
        assert_int_equal(freewmi_get_type(o, "Numbers[0]"), FREEWMI_SINT32);
        assert_int_equal(freewmi_get_type(o, "x"), FREEWMI_NO_PROPERTY);
        assert_string_equal(freewmi_object_property(o, 0), "Name");
        assert_null(freewmi_object_property(o, sizeof(properties) / sizeof(properties[0])));
        assert_null(freewmi_object_property(NULL, 0));
        assert_int_equal(freewmi_get_text(o, "Numbers[1]", &s), FREEWMI_OK);
        assert_string_equal(s, "2");
        freewmi_object_unref(o);
}

static void what_an_object_is(void **state)
{
        (void)state;
        freewmi_object *o = thing(), *copy, *fresh;
        const char *s;
        int64_t v;
        assert_string_equal(freewmi_object_class(o), "Thing");
        assert_string_equal(freewmi_object_namespace(o), "");
        assert_null(freewmi_object_path(o)); // the key is NULL
        assert_true(freewmi_object_isa(o, "base") && freewmi_object_isa(o, "Thing") && !freewmi_object_isa(o, "Other"));
        assert_false(freewmi_object_is_class(o));
        assert_int_equal(freewmi_get_int64(o, "__GENUS", &v), FREEWMI_OK);
        assert_int_equal(v, 2);
        assert_int_equal(freewmi_get_string(o, "__SUPERCLASS", &s, NULL), FREEWMI_OK);
        assert_string_equal(s, "Base");
        assert_int_equal(freewmi_get_string(o, "__DERIVATION[0]", &s, NULL), FREEWMI_OK);
        assert_string_equal(s, "Base");
        assert_int_equal(freewmi_get_string(o, "__RELPATH", &s, NULL), FREEWMI_IS_NULL);
        assert_int_equal(freewmi_set_string(o, "Name", "x\"y"), FREEWMI_OK);
        assert_string_equal(freewmi_object_path(o), "Thing.Name=\"x\\\"y\"");
        const char *relpath;
        assert_int_equal(freewmi_get_string(o, "__RELPATH", &relpath, NULL), FREEWMI_IS_NULL); // it lives nowhere
        assert_int_equal(freewmi_set_string(o, "Name", "z"), FREEWMI_OK);
        assert_string_equal(freewmi_object_path(o), "Thing.Name=\"z\"");
        assert_non_null(strstr(freewmi_object_mof(o), "Name = \"z\""));
        assert_int_equal(freewmi_object_copy(o, &copy), FREEWMI_OK);
        assert_int_equal(freewmi_set_string(o, "Name", "w"), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(copy, "Name", &s, NULL), FREEWMI_OK);
        assert_string_equal(s, "z");
        assert_int_equal(freewmi_object_spawn(copy, &fresh), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(fresh, "Name", &s, NULL), FREEWMI_IS_NULL);
        assert_string_equal(freewmi_object_namespace(fresh), "root\\home");
        assert_int_equal(freewmi_set_string(fresh, "Name", "q"), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(fresh, "__PATH", &s, NULL), FREEWMI_OK);
        char want[400], host[256] = "";
        assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
        snprintf(want, sizeof(want), "\\\\%s\\root\\home:Thing.Name=\"q\"", host);
        assert_string_equal(s, want);
        assert_int_equal(freewmi_set_string(fresh, "Name", "r"), FREEWMI_OK);
        assert_int_equal(freewmi_get_string(fresh, "__PATH", &s, NULL), FREEWMI_OK);
        want[strlen(want) - 2] = 'r';
        assert_string_equal(s, want);
        CimInstance *definition;
        freewmi_object *class;
        assert_int_equal(cim_instance_of_class(o->instance->class, STR("root\\cimv2"), &definition), 0);
        assert_int_equal(api_object_new(definition, true, STR("root\\cimv2"), &class), FREEWMI_OK);
        assert_true(freewmi_object_is_class(class));
        assert_int_equal(freewmi_set_int64(class, "S8", 1), FREEWMI_BAD_ARGUMENT);
        assert_non_null(strstr(freewmi_object_mof(class), "class Thing"));
        assert_string_equal(freewmi_object_path(class), "Thing");
        freewmi_object_unref(class);
        freewmi_object_unref(fresh);
        freewmi_object_unref(copy);
        freewmi_object_unref(o);
        freewmi_object_unref(NULL);
        assert_null(freewmi_object_ref(NULL));
        assert_null(freewmi_object_class(NULL));
        assert_null(freewmi_object_mof(NULL));
        assert_int_equal(freewmi_object_spawn(NULL, &o), FREEWMI_BAD_ARGUMENT);
}

// Setting a property over and over keeps one value.
static void setting_does_not_grow(void **state)
{
        (void)state;
        freewmi_object *o = thing();
        const char *s;
        size_t used = o->instance->owner->used;
        for (int i = 0; i < 1000; i++) {
                char text[32];
                snprintf(text, sizeof(text), "text %d", i);
                assert_int_equal(freewmi_set_string(o, "Name", text), FREEWMI_OK);
                assert_int_equal(freewmi_set_strings(o, "Names", (const char *[]){text}, 1), FREEWMI_OK);
                assert_int_equal(freewmi_get_string(o, "Names[0]", &s, NULL), FREEWMI_OK);
                assert_string_equal(s, text);
        }
        assert_true(o->instance->owner->used == used);
        freewmi_object_unref(o);
}

static void errors_as_text(void **state)
{
        (void)state;
        char out[600];
        freewmi_error e;
        Diag d = {.code = (uint32_t)CIM_E_INVALID_CLASS,
                  .line = 3,
                  .column = 7,
                  .file = "toaster.mof",
                  .message = "there is no class Tost",
                  .hint = "did you mean Toast?"};
        assert_int_equal(api_diag(&d, &e), FREEWMI_REFUSED);
        assert_string_equal(freewmi_error_text(&e, out, sizeof(out)),
                            "toaster.mof:3:7: there is no class Tost (WBEM_E_INVALID_CLASS, 0x80041010); did you mean Toast?");
        assert_string_equal(freewmi_error_text(&e, out, 12), "toaster.mof");
        assert_int_equal(api_fail(&e, FREEWMI_GONE, 0x80041FFF, "%s", "x"), FREEWMI_GONE);
        assert_string_equal(freewmi_error_text(&e, out, sizeof(out)), "x (0x80041FFF)");
        assert_string_equal(freewmi_status_name(FREEWMI_E_NOT_FOUND), "WBEM_E_NOT_FOUND");
        assert_string_equal(freewmi_status_name(1234567), "");
        assert_string_equal(freewmi_result_name(FREEWMI_OUT_OF_RANGE), "FREEWMI_OUT_OF_RANGE");
        assert_string_equal(freewmi_result_name(FREEWMI_OK), "FREEWMI_OK");
        assert_string_equal(freewmi_result_name(-12), "");
        assert_string_equal(freewmi_result_name(1), "");
        assert_int_equal(api_diag(&d, NULL), FREEWMI_REFUSED);
        assert_string_equal(freewmi_error_text(NULL, out, sizeof(out)), "");
        assert_null(freewmi_error_text(&e, NULL, 0));
        char cut[4];
        api_text(cut, sizeof(cut), STR("ab\xC3\xBC"));
        assert_string_equal(cut, "ab"); // between characters
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(integers_at_their_ends),
                TEST(reals_and_exactness),
                TEST(text_there_and_back),
                TEST(text_of_others),
                TEST(times),
                TEST(arrays),
                TEST(nulls_in_arrays),
                TEST(inner_objects),
                TEST(depth_is_bounded),
                TEST(names),
                TEST(what_an_object_is),
                TEST(setting_does_not_grow),
                TEST(errors_as_text),
                TEST_END,
        });
}
