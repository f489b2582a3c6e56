// SPDX-License-Identifier: MIT
// base: strings, UTF, buffers, GUIDs, time.
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/filetime.h"
#include "base/guid.h"
#include "base/log.h"
#include "base/testkit.h"
#include "base/utf.h"

static void arena_limits(void **state)
{
        (void)state;
        Arena a = {.limit = 4096};
        assert_non_null(arena_alloc(&a, 0));
        arena_deinit(&a);
        assert_non_null(arena_alloc(&a, 4095));
        assert_null(arena_alloc(&a, 4096));
        arena_deinit(&a);
        assert_non_null(arena_alloc(&a, 4096));
        assert_null(arena_alloc(&a, 1));
        volatile size_t most = SIZE_MAX;
        assert_null(arena_calloc(&a, most, 2));
        arena_reset(&a);
        char *p = arena_alloc(&a, 100);
        for (int i = 0; i < 100; i++)
                assert_int_equal(p[i], 0);
        arena_deinit(&a);
}

static void names_compare_without_case(void **state)
{
        (void)state;
        assert_true(str_ieq(STR("WMIEvent"), STR("wmieVENT")));
        assert_true(str_ieq(STR("Gr\xc3\xbc\xc3\x9f"), STR("GR\xc3\x9c\xc3\x9f"))); // u-umlaut folds, sharp s stays
        assert_false(str_ieq(STR("a"), STR("ab")));
        assert_true(str_icmp(STR("a"), STR("B")) < 0);
        assert_true(str_ihash(STR("WMIEvent")) == str_ihash(STR("wmievent")));
        assert_int_equal(str_distance(STR("InstanceName"), STR("instancenam"), 3), 1);
        StrNearest n = {.wanted = STR("ModelNmae")};
        str_nearest_offer(&n, STR("Active"));
        assert_int_equal(n.best.n, 0);
        str_nearest_offer(&n, STR("ModelName"));
        assert_true(str_eq(n.best, STR("ModelName")));
}

static void utf_round_trip(void **state)
{
        (void)state;
        Arena a = {0};
        Str s = STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
        Str16 w = utf_to16(&a, s);
        assert_int_equal(w.n, 6);
        assert_int_equal(w.p[3], 0xD83D);
        assert_int_equal(w.p[4], 0xDE00);
        assert_true(str_eq(utf_to8(&a, w), s));
        assert_true(utf8_valid(s.p, s.n, NULL));
        size_t at = 9;
        assert_false(utf8_valid("ab\xed\xa0\x80", 5, &at)); // a surrogate is not UTF-8
        assert_int_equal(at, 2);
        assert_false(utf8_valid("\xc0\x80", 2, &at)); // an overlong NUL
        const char16_t lone[] = {'x', 0xD800, 'y'};
        assert_true(str_eq(utf_to8(&a, (Str16){lone, 3}), STR("x\xef\xbf\xbdy")));
        arena_deinit(&a);
}

static void reader_stops_at_the_end(void **state)
{
        (void)state;
        Arena a = {0};
        Buf b = {0};
        buf_u8(&b, 7);
        buf_u32(&b, 0xDEADBEEF);
        buf_str(&b, STR("name"));
        buf_str16(&b, (Str16){u"ab", 2});
        Reader r = {b.p, b.n, false};
        assert_int_equal(read_u8(&r), 7);
        assert_int_equal(read_u32(&r), 0xDEADBEEF);
        assert_true(str_eq(read_str(&r), STR("name")));
        assert_int_equal(read_str16(&r, &a).n, 2);
        assert_false(r.failed);
        assert_int_equal(r.n, 0);
        assert_int_equal(read_u16(&r), 0);
        assert_true(r.failed);
        for (size_t n = 0; n < b.n; n++) { // every truncation fails, none reads on
                uint8_t *copy = malloc(n ? n : 1);
                memcpy(copy, b.p, n);
                r = (Reader){copy, n, false};
                read_u8(&r), read_u32(&r), read_str(&r), read_str16(&r, &a);
                assert_true(r.failed);
                free(copy);
        }
        buf_deinit(&b);
        arena_deinit(&a);
}

static void guids(void **state)
{
        (void)state;
        Guid g, h;
        char text[GUID_TEXT];
        assert_true(guid_parse(STR("{01CDAFF1-C901-45b4-B359-B5542725E29C}"), &g));
        assert_true(guid_parse(STR("01cdaff1-c901-45B4-b359-b5542725e29c"), &h));
        assert_true(guid_eq(&g, &h));
        assert_int_equal(g.b[0], 0xF1);
        assert_string_equal(guid_text(&g, text), "{01cdaff1-c901-45b4-b359-b5542725e29c}");
        assert_false(guid_parse(STR("{01CDAFF1-C901-45b4-B359-B5542725E29C"), &g));
        assert_false(guid_parse(STR("01CDAFF1-C901-45b4-B359-B5542725E29G"), &g));
        assert_false(guid_parse(STR(""), &g));
}

static void times(void **state)
{
        (void)state;
        char t[FILETIME_TEXT];
        assert_string_equal(filetime_iso(0, t), "1601-01-01T00:00:00.0000000Z");
        assert_string_equal(filetime_iso(FILETIME_UNIX, t), "1970-01-01T00:00:00.0000000Z");
        assert_string_equal(filetime_iso(FILETIME_UNIX + UINT64_C(951782400) * FILETIME_SECOND + 1234567, t),
                            "2000-02-29T00:00:00.1234567Z");
        assert_string_equal(filetime_dmtf(FILETIME_UNIX + 10, t), "19700101000000.000001+000");
}

static void diag_places(void **state)
{
        (void)state;
        Diag d = {0};
        char out[256];
        assert_int_equal(diag_set(&d, 0x80041017, "expected %s", "FROM"), E_DIAG);
        diag_place(&d, "a\n\xc3\xa9 x", 6, 5, 1);
        assert_int_equal(d.line, 2);
        assert_int_equal(d.column, 3);
        assert_string_equal(diag_text(&d, out, sizeof(out)), "2:3: expected FROM (0x80041017)");
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(arena_limits), TEST(names_compare_without_case), TEST(utf_round_trip),
                                        TEST(reader_stops_at_the_end), TEST(guids), TEST(times), TEST(diag_places),
                                        TEST_END});
}
