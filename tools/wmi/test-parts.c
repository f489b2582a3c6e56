// SPDX-License-Identifier: MIT
// Tests of the parts of wmi: how events are printed, options read, places of errors shown, a host's report
// understood.
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <unistd.h>

#include "base/testkit.h"

#include "base/filetime.h"
#include "base/utf.h"
#include "host.h"
#include "options.h"
#include "output.h"
#include "print-event.h"
#include "say.h"

// --- values ------------------------------------------------------------------------------------------

static void check_json(CimValue v, const char *expected)
{
        Buf out = {0};
        assert_int_equal(print_json_value(&v, &out), 0);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
}

static CimValue text_value_of(CimType type, const char16_t *p, size_t n)
{
        return (CimValue){.type = (uint16_t)type, .string = {p, n}};
}

static void integers_are_exact(void **state)
{
        (void)state;
        check_json((CimValue){.type = CIM_UINT64, .uint = UINT64_MAX}, "18446744073709551615");
        check_json((CimValue){.type = CIM_UINT64, .uint = UINT64_C(1) << 63}, "9223372036854775808");
        check_json((CimValue){.type = CIM_SINT64, .sint = INT64_MIN}, "-9223372036854775808");
        check_json((CimValue){.type = CIM_SINT8, .sint = -128}, "-128");
        check_json((CimValue){.type = CIM_UINT8, .uint = 255}, "255");
        check_json((CimValue){.type = CIM_CHAR16, .uint = 0xD800}, "55296");
        check_json((CimValue){.type = CIM_BOOLEAN, .boolean = true}, "true");
        check_json((CimValue){.type = CIM_BOOLEAN}, "false");
        check_json(cim_null(CIM_UINT64), "null");
        check_json(cim_null(CIM_STRING | CIM_ARRAY), "null");
}

static void reals_read_back(void **state)
{
        (void)state;
        static const double values[] = {0.1,  1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789.125,
                                        -2.5, 1e15,    1e16,   9007199254740993.0};
        char text[PRINT_REAL];
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
                assert_true(strtod(print_real(values[i], false, text), NULL) == values[i]);
                float f = (float)values[i];
                if (isfinite(f))
                        assert_true(strtof(print_real(f, true, text), NULL) == f);
        }
        check_json((CimValue){.type = CIM_REAL32, .real = 0.1f}, "0.1");
        check_json((CimValue){.type = CIM_REAL64, .real = 0.1f}, "0.10000000149011612");
        check_json((CimValue){.type = CIM_REAL64, .real = 0.1}, "0.1");
        check_json((CimValue){.type = CIM_REAL32, .real = 16777216.0}, "16777216.0");
        check_json((CimValue){.type = CIM_REAL64, .real = 1}, "1.0");
        check_json((CimValue){.type = CIM_REAL64, .real = -0.0}, "-0.0");
        check_json((CimValue){.type = CIM_REAL64, .real = 1e300}, "1e+300");
        check_json((CimValue){.type = CIM_REAL64, .real = 0x1p-1074}, "5e-324");
        check_json((CimValue){.type = CIM_REAL32, .real = 0x1p-149}, "1e-45");
        check_json((CimValue){.type = CIM_REAL64, .real = 0x1.fffffffffffffp+1023},
                   "1.7976931348623157e+308");
        check_json((CimValue){.type = CIM_REAL64, .real = 0x1p-1022}, "2.2250738585072014e-308");
        check_json((CimValue){.type = CIM_REAL64, .real = (double)NAN}, "null");
        check_json((CimValue){.type = CIM_REAL32, .real = (double)-INFINITY}, "null");
}

static void strings_are_clean(void **state)
{
        (void)state;
        static const char16_t path[] = u"a/b\\c\"d\n";
        check_json(text_value_of(CIM_STRING, path, 8), "\"a/b\\\\c\\\"d\\n\"");
        static const char16_t lone[] = {'x', 0xD800, 'y', 0xDC00};
        check_json(text_value_of(CIM_STRING, lone, 4), "\"x\xEF\xBF\xBDy\xEF\xBF\xBD\"");
        static const char16_t pair[] = {0xD83D, 0xDE00};
        check_json(text_value_of(CIM_STRING, pair, 2), "\"\xF0\x9F\x98\x80\"");
        static const char16_t nul[] = {'a', 0, 'b'};
        check_json(text_value_of(CIM_STRING, nul, 3), "\"a\\u0000b\"");
        check_json(text_value_of(CIM_STRING, NULL, 0), "\"\"");
        // What a terminal obeys is escaped, which is the same JSON.
        static const char16_t evil[] = {27, 0x7F, 0x9B, 0x202E, 0x2028, 0xE9};
        check_json(text_value_of(CIM_STRING, evil, 6), "\"\\u001b\\u007F\\u009B\\u202E\\u2028\xC3\xA9\"");
        static const char16_t when[] = u"20260131120000.123456+000";
        check_json(text_value_of(CIM_DATETIME, when, 25), "\"20260131120000.123456+000\"");
}

static void arrays_keep_their_nulls(void **state)
{
        (void)state;
        const CimValue items[] = {{.type = CIM_UINT16, .uint = 1},
                                  {.type = CIM_UINT16, .null = true},
                                  {.type = CIM_UINT16, .uint = 3}};
        check_json((CimValue){.type = CIM_UINT16 | CIM_ARRAY, .array = {items, 3}}, "[1,null,3]");
        check_json((CimValue){.type = CIM_UINT16 | CIM_ARRAY, .array = {NULL, 0}}, "[]");
}

static void nesting_is_bounded(void **state)
{
        (void)state;
        CimValue levels[100] = {{.type = CIM_UINT8, .uint = 1}};
        for (size_t i = 1; i < 100; i++)
                levels[i] = (CimValue){.type = CIM_UINT8 | CIM_ARRAY, .array = {&levels[i - 1], 1}};
        Buf out = {0};
        assert_int_equal(print_json_value(&levels[64], &out), 0);
        assert_int_equal(print_json_value(&levels[66], &out), -ELOOP);
        buf_deinit(&out);
}

// --- events ------------------------------------------------------------------------------------------

// __Event {TIME_CREATED, __Hidden} <- Toast {Heat, Brand, Inner}
typedef struct World {
        CimClass *base, *inner, *toast;
        CimValue values[5];
        CimInstance *object;
        CimEnvelope envelope;
} World;

static const CimClass *world_resolve(void *context, Str name)
{
        World *w = context;
        return str_ieq(name, STR("Inner")) ? w->inner : NULL;
}

static void world_init(World *w)
{
        *w = (World){0};
        CimPropertySpec base[] = {{.name = STR("TIME_CREATED"), .type = CIM_UINT64},
                                  {.name = STR("__Hidden"), .type = CIM_UINT8}};
        CimPropertySpec inner[] = {{.name = STR("X"), .type = CIM_SINT32}};
        CimPropertySpec toast[] = {{.name = STR("Heat"), .type = CIM_UINT32},
                                   {.name = STR("Brand"), .type = CIM_STRING},
                                   {.name = STR("Part"), .type = CIM_OBJECT, .class_name = STR("Inner")}};
        assert_int_equal(
                cim_class_new(
                        &(CimClassSpec){.name = STR("__Event"), .properties = base, .property_count = 2},
                        NULL, NULL, NULL, &w->base, NULL),
                0);
        assert_int_equal(
                cim_class_new(&(CimClassSpec){.name = STR("Inner"), .properties = inner, .property_count = 1},
                              NULL, NULL, NULL, &w->inner, NULL),
                0);
        assert_int_equal(
                cim_class_new(&(CimClassSpec){.name = STR("Toast"), .properties = toast, .property_count = 3},
                              w->base, world_resolve, w, &w->toast, NULL),
                0);
        assert_int_equal(cim_instance_new(w->inner, &w->object), 0);
        w->object->values[0] = (CimValue){.type = CIM_SINT32, .sint = -7};
        static const char16_t brand[] = u"A/1";
        static const char16_t instance[] = u"ROOT\\T\\0000_0";
        w->values[0] = (CimValue){.type = CIM_UINT64, .uint = 5};
        w->values[1] = (CimValue){.type = CIM_UINT8, .uint = 6};
        w->values[2] = (CimValue){.type = CIM_UINT32, .uint = 9};
        w->values[3] = text_value_of(CIM_STRING, brand, 3);
        w->values[4] = (CimValue){.type = CIM_OBJECT, .object = w->object};
        w->envelope = (CimEnvelope){.time = FILETIME_UNIX + 1, .instance = {instance, 13}};
}

static void world_deinit(World *w)
{
        cim_instance_unref(w->object);
        cim_class_unref(w->toast);
        cim_class_unref(w->inner);
        cim_class_unref(w->base);
}

static void check_event(World *w, PrintStyle style, const char *query, const char *expected)
{
        Printer *p = printer_new(style, false);
        Buf out = {0};
        const Selection *s = query ? printer_select(p, str_of(query)) : NULL;
        assert_int_equal(printer_values(p, w->toast, STR("root\\wmi"), &w->envelope, w->values, s, &out), 0);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
        printer_free(p);
}

#define HEAD                                                                                                 \
        "{\"class\":\"Toast\",\"namespace\":\"root\\\\wmi\",\"time\":\"1970-01-01T00:00:00.0000001Z\","      \
        "\"instance\":\"ROOT\\\\T\\\\0000_0\","

static void event_is_one_json_line(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        check_event(&w, PRINT_JSON, NULL,
                    HEAD "\"properties\":{\"TIME_CREATED\":5,\"Heat\":9,\"Brand\":\"A/1\","
                         "\"Part\":{\"class\":\"Inner\",\"properties\":{\"X\":-7}}}}\n");
        w.envelope.instance.n = 0;
        w.values[3] = cim_null(CIM_STRING);
        check_event(&w, PRINT_JSON, "SELECT * FROM Toast",
                    "{\"class\":\"Toast\",\"namespace\":\"root\\\\wmi\",\"time\":\"1970-01-01T00:00:00."
                    "0000001Z\",\"instance\":null,"
                    "\"properties\":{\"TIME_CREATED\":5,\"Heat\":9,\"Brand\":null,\"Part\":{\"class\":"
                    "\"Inner\",\"properties\":{\"X\":-7}}}}\n");
        world_deinit(&w);
}

static void select_list_reduces_and_orders(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        check_event(&w, PRINT_JSON, "select BRAND, heat, brand from toast",
                    HEAD "\"properties\":{\"Brand\":\"A/1\",\"Heat\":9}}\n");
        check_event(&w, PRINT_JSON, "SELECT Time_Created FROM Toast",
                    HEAD "\"properties\":{\"TIME_CREATED\":5}}\n");
        check_event(
                &w, PRINT_JSON,
                "SELECT __class, __SUPERCLASS, __Dynasty, __DERIVATION, __GENUS, __PROPERTY_COUNT, __PATH "
                "FROM Toast",
                HEAD
                "\"properties\":{\"__CLASS\":\"Toast\",\"__SUPERCLASS\":\"__Event\",\"__DYNASTY\":\"__"
                "Event\","
                "\"__DERIVATION\":[\"__Event\"],\"__GENUS\":2,\"__PROPERTY_COUNT\":5,\"__PATH\":null}}\n");
        world_deinit(&w);
}

static void shapes_are_kept_apart(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        Printer *p = printer_new(PRINT_JSON, false);
        Buf out = {0};
        char query[64];
        // More selections than shapes are kept: the oldest are made again.
        const Selection *first = printer_select(p, STR("SELECT Brand FROM Toast"));
        for (int i = 0; i < 70; i++) {
                snprintf(query, sizeof(query), "SELECT Heat FROM Toast WHERE Heat > %d", i);
                const Selection *s = printer_select(p, str_of(query));
                out.n = 0;
                assert_int_equal(printer_values(p, w.toast, STR("n"), &w.envelope, w.values, s, &out), 0);
                assert_non_null(strstr(buf_z(&out), "\"properties\":{\"Heat\":9}}"));
        }
        out.n = 0;
        assert_int_equal(printer_values(p, w.toast, STR("n"), &w.envelope, w.values, first, &out), 0);
        assert_non_null(strstr(buf_z(&out), "\"properties\":{\"Brand\":\"A/1\"}}"));
        buf_deinit(&out);
        printer_free(p);
        world_deinit(&w);
}

static void event_as_plain_line(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        check_event(&w, PRINT_LINE, "SELECT Heat, Brand FROM Toast",
                    "1970-01-01T00:00:00.0000001Z\tToast\tROOT\\T\\0000_0\tHeat=9 Brand=\"A/1\"\n");
        // No instance name makes a line that looks like another event.
        w.envelope.instance = (Str16){u"A\n1970\tB\r", 9};
        check_event(&w, PRINT_LINE, "SELECT Heat FROM Toast",
                    "1970-01-01T00:00:00.0000001Z\tToast\tA\\u000A1970\\u0009B\\u000D\tHeat=9\n");
        world_deinit(&w);
}

static void event_as_block(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        static const char16_t evil[] = {'a', 27, '[', '2', 'J', 0x9B, '\n', '"'};
        w.values[3] = text_value_of(CIM_STRING, evil, 8);
        check_event(&w, PRINT_BLOCK, NULL,
                    "1970-01-01T00:00:00.0000001Z  Toast  ROOT\\T\\0000_0\n"
                    "    TIME_CREATED = 5\n"
                    "    Heat         = 9\n"
                    "    Brand        = \"a\\u001B[2J\\u009B\\n\\\"\"\n"
                    "    Part         = Inner\n"
                            "        X = -7\n");
        world_deinit(&w);
}

static void malformed_event_is_refused(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        Printer *p = printer_new(PRINT_JSON, false);
        Buf out = {0};
        CimBlockError e = {0};
        w.envelope.kind = CIM_PAYLOAD_WNODE;
        w.envelope.payload = (const uint8_t *)"short";
        w.envelope.payload_size = 5;
        assert_int_equal(printer_event(p, w.toast, STR("root\\wmi"), &w.envelope, NULL, &out, &e), 1);
        assert_int_equal(out.n, 0);
        assert_true(e.says[0]);
        buf_deinit(&out);
        printer_free(p);
        world_deinit(&w);
}

static void losses_are_lines(void **state)
{
        (void)state;
        Printer *p = printer_new(PRINT_JSON, false);
        Buf out = {0};
        Printer *plain = printer_new(PRINT_LINE, false);
        assert_int_equal(printer_lost(plain, 1, false, STR("SELECT *\nFROM x"), &out), 0);
        assert_string_equal(buf_z(&out), "lost\t1\tSELECT *\\u000AFROM x\n");
        out.n = 0;
        printer_free(plain);
        assert_int_equal(printer_lost(p, 17, false, STR("SELECT * FROM \"x\""), &out), 0);
        assert_int_equal(printer_lost(p, UINT64_MAX, true, STR("q"), &out), 0);
        assert_string_equal(buf_z(&out), "{\"lost\":17,\"query\":\"SELECT * FROM \\\"x\\\"\"}\n"
                                         "{\"lost\":18446744073709551615,\"upTo\":true,\"query\":\"q\"}\n");
        buf_deinit(&out);
        printer_free(p);
}

// --- options -----------------------------------------------------------------------------------------

static void numbers_and_seconds(void **state)
{
        (void)state;
        uint64_t v;
        assert_true(options_number("0", &v) && v == 0);
        assert_true(options_number("18446744073709551615", &v) && v == UINT64_MAX);
        assert_false(options_number("18446744073709551616", &v));
        assert_false(options_number("", &v));
        assert_false(options_number("-1", &v));
        assert_false(options_number("1 ", &v));
        assert_true(options_seconds("2", &v) && v == 2000);
        assert_true(options_seconds("0.5", &v) && v == 500);
        assert_true(options_seconds(".25", &v) && v == 250);
        assert_true(options_seconds("0.1", &v) && v == 100);
        assert_true(options_seconds("0.0001", &v) && v == 1);
        assert_true(options_seconds("1.000", &v) && v == 1000);
        assert_false(options_seconds(".", &v));
        assert_false(options_seconds("", &v));
        assert_false(options_seconds("-1", &v));
        assert_false(options_seconds("1e3", &v));
        assert_false(options_seconds("nan", &v));
        assert_false(options_seconds("99999999999999999999", &v));
}

static void registry_values(void **state)
{
        (void)state;
        assert_true(options_registry("HKLM\\SYSTEM\\X\\MaxEventSize=4096"));
        assert_true(options_registry("hklm\\K\\V=0xFFFFFFFF"));
        assert_true(options_registry("HKLM\\K\\a=b=1"));
        assert_false(options_registry("HKLM\\K\\V=4294967296"));
        assert_false(options_registry("HKLM\\K\\V=0x100000000"));
        assert_false(options_registry("HKLM\\V=1"));
        assert_false(options_registry("HKLM\\K\\=1"));
        assert_false(options_registry("HKCU\\K\\V=1"));
        assert_false(options_registry("HKLM\\K\\V"));
        assert_false(options_registry("HKLM\\K\\V="));
        assert_true(options_device("PCI\\VEN_1&DEV_2\\3"));
        static const char *const no[] = {"",       "A",          "A\\B",      "A\\B\\",   "\\A\\B",
                                         "A\\\\B", "A\\B\\C\\D", "A\\B C\\D", "A\\B,\\C", "A\\\xC3\xA4\\C"};
        for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
                assert_false(options_device(no[i]));
}

static const Option test_options[] = {
        OPTION_JSON, OPTION_COUNT, OPTION_TIMEOUT, OPTION_MOF("x"), OPTION_REG, OPTION_END,
};
static const Verb test_verb = {.name = "t", .usage = "X", .options = test_options, .least = 1, .most = 2};

static int parse(Options *o, int argc, const char *const *argv)
{
        int null = open("/dev/null", O_WRONLY), err = dup(2);
        dup2(null, 2);
        union {
                const char *const *in;
                char **out;
        } u = {.in = argv};
        int r = options_parse(&test_verb, "wmi t", argc, u.out, o);
        dup2(err, 2);
        close(err);
        close(null);
        return r;
}

#define PARSE(o, ...)                                                                                        \
        parse((o), (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                            \
              (const char *[]){__VA_ARGS__})

static void options_in_any_order(void **state)
{
        (void)state;
        Options o;
        assert_int_equal(PARSE(&o, "a", "--json", "--count=3", "-mX", "-m", "Y", "--mof", "Z", "b"), 0);
        assert_true(o.json && o.has_count && o.count == 3 && !o.has_timeout);
        assert_int_equal(o.mofs.n, 3);
        assert_string_equal(o.mofs.p[0], "X");
        assert_string_equal(o.mofs.p[2], "Z");
        assert_int_equal(o.arguments.n, 2);
        options_deinit(&o);
        assert_int_equal(PARSE(&o, "--", "--json"), 0);
        assert_false(o.json);
        assert_string_equal(o.arguments.p[0], "--json");
        options_deinit(&o);
        assert_int_equal(PARSE(&o, "--help", "--nonsense"), 0);
        assert_true(o.help);
        options_deinit(&o);
}

static void wrong_options_are_refused(void **state)
{
        (void)state;
        Options o;
        assert_int_equal(PARSE(&o, "--json"), WMI_USAGE);
        options_deinit(&o);
        assert_int_equal(PARSE(&o, "a", "b", "c"), WMI_USAGE);
        options_deinit(&o);
        assert_int_equal(PARSE(&o, "a", "--jsom"), WMI_USAGE);
        options_deinit(&o);
        assert_int_equal(PARSE(&o, "a", "--json=1"), WMI_USAGE);
        options_deinit(&o);
        assert_int_equal(PARSE(&o, "a", "--count"), WMI_USAGE);
        options_deinit(&o);
        assert_int_equal(PARSE(&o, "a", "--count", "x"), WMI_USAGE);
        options_deinit(&o);
        assert_int_equal(PARSE(&o, "a", "--timeout", "-1"), WMI_USAGE);
        options_deinit(&o);
        assert_int_equal(PARSE(&o, "a", "--reg", "x"), WMI_USAGE);
        options_deinit(&o);
        assert_int_equal(PARSE(&o, "a", "-x"), WMI_USAGE);
        options_deinit(&o);
}

// --- words -------------------------------------------------------------------------------------------

static void caret_stands_under_the_column(void **state)
{
        (void)state;
        Diag d = {.code = 0x80044002, .line = 2, .column = 5, .file = "a.mof", .message = "expected ';'"};
        Buf out = {0};
        say_diag_text(&d, STR("first\n\tab\xC3\xA9 x\r\nlast"), false, &out);
        assert_string_equal(buf_z(&out),
                            "a.mof:2:5: expected ';' (WBEMMOF_E_EXPECTED_SEMI, 0x80044002)\n    \tab\xC3\xA9 x\n    \t   ^\n");
        out.n = 0;
        d.column = 2;
        say_diag_text(&d, STR("x\n\xE6\xBC\xA2y"), false, &out); // a wide character takes two columns
        assert_string_equal(buf_z(&out),
                            "a.mof:2:2: expected ';' (WBEMMOF_E_EXPECTED_SEMI, 0x80044002)\n    \xE6\xBC\xA2y\n      ^\n");
        out.n = 0;
        d.line = 9;
        say_diag_text(&d, STR("x"), false, &out); // a line that is not there
        assert_string_equal(buf_z(&out), "a.mof:9:2: expected ';' (WBEMMOF_E_EXPECTED_SEMI, 0x80044002)\n");
        buf_deinit(&out);
}

// --- the host's report ---------------------------------------------------------------------------------

static void host_says(Host *h, const char *text)
{
        int p[2], null = open("/dev/null", O_WRONLY), err = dup(2);
        assert_int_equal(pipe2(p, O_NONBLOCK), 0);
        h->report = p[0];
        dup2(null, 2);
        // In two pieces, so that a line is not whole at once.
        size_t n = strlen(text);
        assert_int_equal(write(p[1], text, n / 2), n / 2);
        host_read(h);
        assert_int_equal(write(p[1], text + n / 2, n - n / 2), n - n / 2);
        close(p[1]);
        host_read(h);
        dup2(err, 2);
        close(err);
        close(null);
        assert_int_equal(h->report, -1);
}

static void report_is_understood(void **state)
{
        (void)state;
        Host h = {.name = "t", .pid = -1};
        host_says(&h, "state loading\nmissing KeFoo a hint\nmissing KeBar\nstate started\nunknown "
                      "word\nstate registered\n");
        assert_true(h.loading && h.started && h.registered && !h.unloaded && !h.crashed);
        assert_int_equal(h.missing, 2);
        host_deinit(&h);
        h = (Host){.name = "t", .pid = -1};
        host_says(&h, "crash SIGSEGV in t.so DriverEntry+0x10\ncrash   caller\nfail it\nhang x\nstate "
                      "unloaded\nno newline");
        assert_true(h.crashed && h.failed && h.hung && h.unloaded && !h.registered);
        host_deinit(&h);
        // A line beyond the bound is cut, not kept whole.
        h = (Host){.name = "t", .pid = -1};
        char *longest = malloc(20002);
        memset(longest, 'x', 20000);
        memcpy(longest + 20000, "\n", 2);
        host_says(&h, longest);
        assert_true(h.line.capacity < 10000);
        free(longest);
        host_deinit(&h);
}

static void names_from_files(void **state)
{
        (void)state;
        char *name = host_name("a/b/toaster.so"), *device = host_device(name);
        assert_string_equal(name, "toaster");
        assert_string_equal(device, "ROOT\\TOASTER\\0000");
        free(name);
        free(device);
        name = host_name(".so");
        assert_string_equal(name, ".so");
        free(name);
        device = host_device("my t\xC3\xA4,\\1");
        assert_string_equal(device, "ROOT\\MY_T___1\\0000");
        assert_true(options_device(device));
        free(device);
}

// --- output --------------------------------------------------------------------------------------------

static void full_pipe_does_not_block(void **state)
{
        (void)state;
        int p[2];
        assert_int_equal(pipe(p), 0);
        Output o;
        output_init(&o, p[1]);
        char *block = calloc(1, 300000);
        buf_put(&o.pending, block, 300000);
        free(block);
        output_flush(&o);
        assert_true(output_pending(&o));
        size_t got = 0;
        char bytes[4096];
        while (got < 300000) {
                ssize_t n = read(p[0], bytes, sizeof(bytes));
                assert_true(n > 0);
                got += (size_t)n;
                output_flush(&o);
        }
        assert_false(output_pending(&o));
        close(p[0]);
        buf_text(&o.pending, "x");
        signal(SIGPIPE, SIG_IGN);
        output_flush(&o);
        assert_true(o.closed && !o.error);
        output_deinit(&o);
        close(p[1]);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(integers_are_exact),
                                        TEST(reals_read_back),
                                        TEST(strings_are_clean),
                                        TEST(arrays_keep_their_nulls),
                                        TEST(nesting_is_bounded),
                                        TEST(event_is_one_json_line),
                                        TEST(select_list_reduces_and_orders),
                                        TEST(shapes_are_kept_apart),
                                        TEST(event_as_plain_line),
                                        TEST(event_as_block),
                                        TEST(malformed_event_is_refused),
                                        TEST(losses_are_lines),
                                        TEST(numbers_and_seconds),
                                        TEST(registry_values),
                                        TEST(options_in_any_order),
                                        TEST(wrong_options_are_refused),
                                        TEST(caret_stands_under_the_column),
                                        TEST(report_is_understood),
                                        TEST(names_from_files),
                                        TEST(full_pipe_does_not_block),
                                        TEST_END});
}
