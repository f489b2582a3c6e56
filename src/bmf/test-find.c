// SPDX-License-Identifier: MIT
// Finding binary MOF in files that are made here; tests/system/test-bmf-find.py does it with other builders
// and real bytes.
#include "base/testkit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "bmf/find.h"

// --- builders ------------------------------------------------------------------------------------

// A binary MOF of `n` bytes after its header.
static Buf mof_bytes(uint32_t n)
{
        Buf b = {0};
        buf_text(&b, "FOMB");
        buf_u32(&b, 1);
        buf_u32(&b, n);
        buf_u32(&b, 100);
        for (uint32_t i = 0; i < n; i++)
                buf_u8(&b, (uint8_t)(i * 7 + 1));
        return b;
}

static Str of(const Buf *b)
{
        return (Str){(const char *)b->p, b->n};
}

// An operator and its package, whose length takes as few bytes as it can.
static void put_package(Buf *out, const char *op, const Buf *body)
{
        buf_text(out, op);
        size_t n = body->n + 1;
        if (n <= 0x3F) {
                buf_u8(out, (uint8_t)n);
        } else {
                unsigned more = n + 1 <= 0xFFF ? 1 : n + 2 <= 0xFFFFF ? 2 : 3;
                n += more;
                buf_u8(out, (uint8_t)(more << 6 | (n & 0x0F)));
                for (unsigned i = 0; i < more; i++)
                        buf_u8(out, (uint8_t)(n >> (4 + 8 * i)));
        }
        buf_put(out, body->p, body->n);
}

static void put_buffer(Buf *out, Str bytes)
{
        Buf body = {0};
        buf_u8(&body, 0x0C);
        buf_u32(&body, (uint32_t)bytes.n);
        buf_put(&body, bytes.p, bytes.n);
        put_package(out, "\x11", &body);
        buf_deinit(&body);
}

static void put_named(Buf *out, const char *name, Str bytes)
{
        buf_u8(out, 0x08);
        buf_text(out, name);
        put_buffer(out, bytes);
}

static Buf inside(const char *op, const char *name, const Buf *what)
{
        Buf body = {0}, out = {0};
        buf_text(&body, name);
        buf_put(&body, what->p, what->n);
        put_package(&out, op, &body);
        buf_deinit(&body);
        return out;
}

static Buf table(const char *signature, const Buf *aml)
{
        Buf b = {0};
        buf_text(&b, signature);
        buf_u32(&b, (uint32_t)(36 + aml->n));
        for (int i = 8; i < 36; i++)
                buf_u8(&b, (uint8_t)i);
        buf_put(&b, aml->p, aml->n);
        return b;
}

static void put_wdg(Buf *b, uint8_t first, uint8_t second, uint8_t instances, uint8_t flags)
{
        for (uint8_t i = 0; i < 16; i++)
                buf_u8(b, i);
        buf_u8(b, first);
        buf_u8(b, second);
        buf_u8(b, instances);
        buf_u8(b, flags);
}

// --- what is expected ----------------------------------------------------------------------------

static Arena arena;
static BmfFound found;
static Diag diag;

static int look(Str input)
{
        arena_deinit(&arena);
        diag = (Diag){0};
        // A copy that ends where memory ends.
        char *p = malloc(input.n ? input.n : 1);
        assert_non_null(p);
        memcpy(p, input.p ? input.p : "", input.n);
        Str copy = {arena_copy(&arena, p, input.n), input.n};
        free(p);
        return bmf_find(copy, &arena, &found, &diag);
}

static void expect_blob(size_t i, Str bytes, const char *where)
{
        assert_true(i < found.blob_count);
        assert_string_equal(found.blobs[i].where, where);
        assert_int_equal(found.blobs[i].bytes.n, bytes.n);
        assert_memory_equal(found.blobs[i].bytes.p, bytes.p, bytes.n);
}

// --- files ---------------------------------------------------------------------------------------

static void file_ends_with_its_stream(void **state)
{
        (void)state;
        Buf b = mof_bytes(9);
        Str exact = of(&b);
        assert_int_equal(look(exact), 0);
        assert_int_equal(found.source, BMF_FILE);
        assert_int_equal(found.blob_count, 1);
        expect_blob(0, exact, "the file");
        buf_u8(&b, 0); // as firmware has it
        exact.p = (const char *)b.p;
        assert_int_equal(look(of(&b)), 0);
        expect_blob(0, exact, "the file");
        exact.n -= 3;
        assert_int_equal(look(exact), 0);
        expect_blob(0, exact, "the file");
        exact.n = 8;
        assert_int_equal(look(exact), 0);
        expect_blob(0, exact, "the file");
        exact.n = 7;
        assert_int_equal(look(exact), E_DIAG);
        assert_int_equal(found.source, BMF_UNKNOWN);
        buf_deinit(&b);
}

static void other_files_are_unknown(void **state)
{
        (void)state;
        static const char *const texts[] = {
                "", "x", "class A {};", "#pragma namespace(\"x\")\n", "Name = 3;", "DSDT @ 0x0\n"};
        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
                assert_int_equal(look(str_of(texts[i])), E_DIAG);
                assert_int_equal(found.source, BMF_UNKNOWN);
                assert_true(diag.message[0] && diag.hint[0]);
        }
}

// --- AML -----------------------------------------------------------------------------------------

static void aml_scopes_nest(void **state)
{
        (void)state;
        Buf mof = mof_bytes(5000), wdg = {0}, inner = {0}, all = {0};
        put_wdg(&wdg, 'A', 'A', 1, WDG_METHOD);
        put_wdg(&wdg, 0xD0, 0, 1, WDG_EVENT | WDG_EXPENSIVE);
        put_wdg(&wdg, 1, 0xFF, 3, WDG_STRING);
        put_named(&inner, "_WDG", of(&wdg));
        put_named(&inner, "WQBA", of(&mof));
        put_named(&inner, "WQAB", STR("other"));
        Buf device = inside("\x5B\x82", "WMID", &inner);
        Buf dual = inside("\x10", "\\\x2E_SB_PCI0", &device);
        buf_put(&all, dual.p, dual.n);
        Buf t = table("DSDT", &all);
        assert_int_equal(look(of(&t)), 0);
        assert_int_equal(found.source, BMF_ACPI);
        assert_int_equal(found.blob_count, 1);
        expect_blob(0, of(&mof), "DSDT \\_SB.PCI0.WMID.WQBA");
        assert_string_equal(found.blobs[0].name, "WQBA");
        assert_string_equal(found.blobs[0].scope, "\\_SB.PCI0.WMID");
        assert_int_equal(found.table_count, 1);
        const WdgTable *w = &found.tables[0];
        assert_string_equal(w->where, "DSDT");
        assert_string_equal(w->scope, "\\_SB.PCI0.WMID");
        assert_int_equal(w->count, 3);
        assert_string_equal(w->entries[0].id, "AA");
        assert_string_equal(w->entries[1].id, "");
        assert_int_equal(w->entries[1].notify, 0xD0);
        assert_int_equal(w->entries[1].flags, WDG_EVENT | WDG_EXPENSIVE);
        assert_string_equal(w->entries[2].id, "??"); // no letters
        assert_int_equal(w->entries[2].instances, 3);
        Buf *bufs[] = {&mof, &wdg, &inner, &all, &device, &dual, &t};
        for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
                buf_deinit(bufs[i]);
}

// Terms of all kinds in front of a buffer do not hide it, nor its scope.
static void aml_other_terms_are_read_over(void **state)
{
        (void)state;
        static const struct {
                const char *what;
                Str terms;
        } cases[] = {
                {"nothing", STR("")},
                {"integers", STR("\x08"
                                 "AAAA\x0A\x08\x08"
                                 "BBBB\x0B\x08\x08\x08"
                                 "CCCC\x0C\x08\x08\x08\x08\x08"
                                 "DDDD\x0E\x08\x08\x08\x08\x08\x08\x08\x08")},
                {"a string with an operator's byte", STR("\x08"
                                                         "STRG\x0D\x08\x11(\x5B\x82\x00")},
                {"a package", STR("\x08"
                                  "PACK\x12\x05\x02\x08\x08\x08")},
                {"external", STR("\x15\\\x2E_SB_FOO_\x06\x00")},
                {"a field", STR("\x5B\x80REGN\x00\x0C\x00\x10\x00\x00\x0A\x10\x5B\x81\x0BREGN\x01"
                                "FLD0\x08")},
                {"an index field, a mutex, an event, an alias", STR("\x5B\x86\x0F"
                                                                    "AAAABBBB\x01"
                                                                    "CCCC\x08\x5B\x01MUTX\x00\x5B\x02"
                                                                    "EVNT\x06"
                                                                    "AAAABBBB")},
                {"a method", STR("\x14\x0CMETH\x02\x70\x68\x60\xA4\x60\x5B")},
                {"a call with arguments", STR("\x70METH\x0A\x05\x0D"
                                              "abc\x00\x60")},
                {"a condition", STR("\xA0\x07\x93"
                                    "A___\x01\xA1\x02\xA3")},
                {"a condition with a call", STR("\xA0\x0C\x93METH\x0A\x11\x0A\x02\x70\x68")},
                {"processor", STR("\x5B\x83\x0B"
                                  "CPU0\x01\x10\x08\x00\x00\x06")},
                {"an unknown operator", STR("\xFE\x08\x11\x5B\x82\xFF")},
                {"a field of a buffer that a call gives", STR("\x8AMETH\x01\x0A\x08\x00"
                                                              "FLD1")},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                Buf mof = mof_bytes(20), inner = {0}, aml = {0};
                buf_put(&inner, cases[i].terms.p, cases[i].terms.n);
                put_named(&inner, "WQAA", of(&mof));
                Buf device = inside("\x5B\x82", "^WMI1", &inner);
                buf_put(&aml, cases[i].terms.p, cases[i].terms.n);
                Buf multi = {0};
                buf_text(&multi, "\x2F\x03_SB_PCI0LPC_");
                buf_put(&multi, device.p, device.n);
                put_package(&aml, "\x10", &multi);
                Buf t = table("SSDT", &aml);
                int r = look(of(&t));
                if (r || found.blob_count != 1)
                        print_message("# %s: %d %s\n", cases[i].what, r, diag.message);
                assert_int_equal(r, 0);
                assert_int_equal(found.blob_count, 1);
                expect_blob(0, of(&mof), "SSDT1 \\_SB.PCI0.WMI1.WQAA");
                Buf *bufs[] = {&mof, &inner, &aml, &device, &multi, &t};
                for (size_t k = 0; k < sizeof(bufs) / sizeof(*bufs); k++)
                        buf_deinit(bufs[k]);
        }
}

// What looks like a device, behind an operator that nobody knows, and covers half of a name.
static void aml_that_misleads_hides_nothing(void **state)
{
        (void)state;
        Buf mof = mof_bytes(20), aml = {0};
        buf_text(&aml, "\xFE\x5B\x82");
        put_named(&aml, "WQAA", of(&mof));
        Buf t = table("DSDT", &aml);
        assert_int_equal(look(of(&t)), 0);
        assert_int_equal(found.blob_count, 1);
        expect_blob(0, of(&mof), "DSDT, offset 0x33");
        assert_string_equal(found.blobs[0].scope, "");
        buf_deinit(&mof);
        buf_deinit(&aml);
        buf_deinit(&t);
}

static void aml_buffers_stand_in_methods(void **state)
{
        (void)state;
        Buf mof = mof_bytes(20), body = {0}, aml = {0};
        buf_text(&body, "WQBB");
        buf_u8(&body, 1);
        buf_u8(&body, 0xA4);
        put_buffer(&body, of(&mof));
        put_package(&aml, "\x14", &body);
        Buf t = table("DSDT", &aml);
        assert_int_equal(look(of(&t)), 0);
        assert_int_equal(found.blob_count, 1);
        expect_blob(0, of(&mof), "DSDT \\WQBB");
        assert_string_equal(found.blobs[0].scope, "\\");
        buf_deinit(&mof);
        buf_deinit(&body);
        buf_deinit(&aml);
        buf_deinit(&t);
}

static void tables_stand_behind_each_other(void **state)
{
        (void)state;
        Buf mof = mof_bytes(20), other = mof_bytes(70), one = {0}, two = {0}, none = {0};
        put_named(&one, "WQAA", of(&mof));
        put_named(&two, "WQAB", of(&other));
        Buf t1 = table("DSDT", &one), t2 = table("FACP", &none), t3 = table("SSDT", &two),
            t4 = table("SSDT", &one), all = {0};
        buf_put(&all, t1.p, t1.n);
        buf_put(&all, t2.p, t2.n);
        buf_put(&all, t3.p, t3.n);
        buf_put(&all, t4.p, t4.n);
        assert_int_equal(look(of(&all)), 0);
        assert_int_equal(found.blob_count, 3);
        expect_blob(0, of(&mof), "DSDT \\WQAA");
        expect_blob(1, of(&other), "SSDT1 \\WQAB");
        expect_blob(2, of(&mof), "SSDT2 \\WQAA");
        size_t whole = all.n;
        buf_text(&all, "junk");
        assert_int_equal(look(of(&all)), E_DIAG);
        assert_int_equal(found.blob_count, 3);
        assert_int_equal(diag.offset, whole);
        all.n = whole - 1; // the last table is cut
        assert_int_equal(look(of(&all)), E_DIAG);
        assert_true(found.blob_count >= 2);
        Buf *bufs[] = {&mof, &other, &one, &two, &t1, &t2, &t3, &t4, &all};
        for (size_t k = 0; k < sizeof(bufs) / sizeof(*bufs); k++)
                buf_deinit(bufs[k]);
}

static void aml_packages_end_in_their_own(void **state)
{
        (void)state;
        Buf mof = mof_bytes(20), aml = {0};
        buf_text(&aml, "\x10\x3F\\_SB_");
        put_named(&aml, "WQAA", of(&mof));
        buf_text(&aml, "\x5B\x82\x3F"
                       "DEV0");
        Buf t = table("DSDT", &aml);
        assert_int_equal(look(of(&t)), E_DIAG);
        assert_int_equal(found.blob_count, 1);
        assert_non_null(strstr(diag.message, "reaches beyond"));
        buf_deinit(&t);
        t = table("OEM1", &aml); // maybe something else altogether
        assert_int_equal(look(of(&t)), 0);
        assert_int_equal(found.blob_count, 1);
        buf_deinit(&t);
        buf_deinit(&aml);
        buf_deinit(&mof);
}

static void wdg_has_whole_entries(void **state)
{
        (void)state;
        const uint32_t limit = LIMIT_WDG_ENTRIES;
        for (uint32_t n = limit - 1; n <= limit + 1; n++) {
                Buf wdg = {0}, aml = {0};
                for (uint32_t i = 0; i < n; i++)
                        put_wdg(&wdg, 'A', 'A', 1, 0);
                put_named(&aml, "_WDG", of(&wdg));
                Buf t = table("DSDT", &aml);
                assert_int_equal(look(of(&t)), n > limit ? E_DIAG : 0);
                assert_int_equal(found.tables[0].count, n > limit ? limit : n);
                buf_deinit(&wdg);
                buf_deinit(&aml);
                buf_deinit(&t);
        }
        Buf wdg = {0}, aml = {0};
        put_wdg(&wdg, 'A', 'A', 1, 0);
        buf_u8(&wdg, 1);
        put_named(&aml, "_WDG", of(&wdg));
        Buf t = table("DSDT", &aml);
        assert_int_equal(look(of(&t)), E_DIAG);
        assert_int_equal(found.tables[0].count, 1);
        buf_deinit(&wdg);
        buf_deinit(&aml);
        buf_deinit(&t);
}

static void blobs_are_counted(void **state)
{
        (void)state;
        const uint32_t limit = LIMIT_FIND_BLOBS;
        Buf mof = mof_bytes(1), wdg = {0};
        put_wdg(&wdg, 'A', 'A', 1, 0);
        for (uint32_t n = limit - 1; n <= limit + 1; n++) {
                Buf aml = {0};
                for (uint32_t i = 0; i < n; i++) {
                        put_named(&aml, "WQAA", of(&mof));
                        put_named(&aml, "_WDG", of(&wdg));
                }
                Buf t = table("DSDT", &aml);
                assert_int_equal(look(of(&t)), n > limit ? E_DIAG : 0);
                assert_int_equal(found.blob_count, n > limit ? limit : n);
                assert_int_equal(found.table_count, n > limit ? limit : n);
                buf_deinit(&aml);
                buf_deinit(&t);
        }
        buf_deinit(&mof);
        buf_deinit(&wdg);
}

static void names_are_counted(void **state)
{
        (void)state;
        const uint32_t limit = LIMIT_ACPI_NAMES;
        for (uint32_t n = limit - 1; n <= limit + 1; n++) {
                Buf aml = {0};
                for (uint32_t i = 0; i < n; i++)
                        buf_put(&aml, "\x14\x06WMAA\x03\x14\x06WXAA\x00", 14);
                Buf t = table("DSDT", &aml);
                assert_int_equal(look(of(&t)), n > limit ? E_DIAG : 0);
                assert_int_equal(found.name_count, n > limit ? limit : n);
                assert_string_equal(found.names[n / 2].name, "WMAA");
                assert_string_equal(found.names[n / 2].scope, "\\");
                buf_deinit(&aml);
                buf_deinit(&t);
        }
}

// `count` scopes in each other, around a binary MOF. What is too deep is still found, in the scope where
// counting ended.
static void aml_depth_is_bounded(void **state)
{
        (void)state;
        const unsigned limit = LIMIT_DEPTH;
        for (unsigned n = limit - 1; n <= limit + 1; n++) {
                Buf mof = mof_bytes(20), now = {0};
                put_named(&now, "WQAA", of(&mof));
                for (unsigned i = 0; i < n; i++) {
                        Buf out = inside("\x10", "AAAA", &now);
                        buf_deinit(&now);
                        now = out;
                }
                Buf t = table("DSDT", &now);
                assert_int_equal(look(of(&t)), 0);
                assert_int_equal(found.blob_count, 1);
                size_t scopes = n > limit ? limit : n;
                assert_int_equal(strlen(found.blobs[0].scope), 5 * scopes);
                buf_deinit(&mof);
                buf_deinit(&now);
                buf_deinit(&t);
        }
        // A million operators that want terms.
        Buf aml = {0}, mof = mof_bytes(20);
        for (int i = 0; i < 1000000; i++)
                buf_u8(&aml, i % 2 ? 0x72 : 0x70);
        put_named(&aml, "WQAA", of(&mof));
        Buf t = table("DSDT", &aml);
        assert_int_equal(look(of(&t)), 0);
        assert_int_equal(found.blob_count, 1);
        buf_deinit(&aml);
        buf_deinit(&mof);
        buf_deinit(&t);
}

// Names of many segments in each other, until the path is as long as it may be.
static void aml_paths_are_bounded(void **state)
{
        (void)state;
        const size_t limit = LIMIT_ACPI_PATH;
        for (size_t n = limit - 1; n <= limit + 1; n++) {
                Buf mof = mof_bytes(20), aml = {0}, body = {0};
                size_t whole = (limit - 5) / 5,
                       last = n - 5 * whole; // "\AAAA.AAAA", each 5 characters with what stands before
                for (size_t i = 0; i < last / 5; i++)
                        whole++;
                last = n - 5 * whole;
                put_named(&body, "WQAA", of(&mof));
                Buf inner = {0};
                if (last) { // a shorter segment: a dot and last - 1 letters
                        char segment[5] = "____";
                        memset(segment, 'B', last - 1 ? last - 1 : 1);
                        inner = inside("\x10", segment, &body);
                } else {
                        buf_put(&inner, body.p, body.n);
                }
                while (whole) {
                        size_t k = whole > 200 ? 200 : whole;
                        Buf named = {0}, out = {0};
                        buf_u8(&named, 0x2F);
                        buf_u8(&named, (uint8_t)k);
                        for (size_t i = 0; i < k; i++)
                                buf_text(&named, "AAAA");
                        buf_put(&named, inner.p, inner.n);
                        put_package(&out, "\x10", &named);
                        buf_deinit(&named);
                        buf_deinit(&inner);
                        inner = out;
                        whole -= k;
                }
                buf_put(&aml, inner.p, inner.n);
                Buf t = table("DSDT", &aml);
                assert_int_equal(look(of(&t)), 0);
                assert_int_equal(found.blob_count, 1);
                size_t got = strlen(found.blobs[0].scope);
                if (n <= limit && last != 1)
                        assert_int_equal(got, n);
                assert_true(got <= limit);
                Buf *bufs[] = {&mof, &aml, &body, &inner, &t};
                for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
                        buf_deinit(bufs[i]);
        }
}

// Every beginning of a table, and every byte of it turned, is read without harm.
static void aml_is_hostile(void **state)
{
        (void)state;
        Buf mof = mof_bytes(20), wdg = {0}, inner = {0};
        put_wdg(&wdg, 'A', 'A', 1, WDG_METHOD);
        put_named(&inner, "_WDG", of(&wdg));
        put_named(&inner, "WQBA", of(&mof));
        Buf device = inside("\x5B\x82", "WMID", &inner), scope = inside("\x10", "\\_SB_", &device),
            t = table("DSDT", &scope);
        for (size_t n = 0; n < t.n; n++)
                assert_int_equal(look((Str){(const char *)t.p, n}), E_DIAG);
        for (size_t i = 0; i < t.n; i++)
                for (int bit = 0; bit < 8; bit++) {
                        t.p[i] ^= (uint8_t)(1 << bit);
                        int r = look(of(&t));
                        assert_true(r == 0 || r == E_DIAG);
                        t.p[i] ^= (uint8_t)(1 << bit);
                }
        Buf *bufs[] = {&mof, &wdg, &inner, &device, &scope, &t};
        for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
                buf_deinit(bufs[i]);
}

// --- text ----------------------------------------------------------------------------------------

static void put_dump(Buf *out, const char *heading, const Buf *t)
{
        buf_printf(out, "%s @ 0x00000000BFEE1000\n", heading);
        for (size_t i = 0; i < t->n; i += 16) {
                buf_printf(out, "    %04zX:", i);
                for (size_t k = 0; k < 16; k++)
                        if (i + k < t->n)
                                buf_printf(out, " %02X", t->p[i + k]);
                        else
                                buf_text(out, "   ");
                buf_text(out, "  AB CD EF 01 02 03\n"); // letters that are no bytes
        }
        buf_text(out, "\n");
}

static void acpidump_is_text(void **state)
{
        (void)state;
        Buf mof = mof_bytes(33), one = {0}, none = {0};
        put_named(&one, "WQAA", of(&mof));
        Buf t1 = table("DSDT", &one), t2 = table("APIC", &none), t3 = table("SSDT", &one), all = {0};
        buf_text(&all, "warning: something\r\n");
        put_dump(&all, "APIC", &t2);
        put_dump(&all, "DSDT", &t1);
        put_dump(&all, "RSD ", &none);
        put_dump(&all, "SSDT", &t3);
        assert_int_equal(look(of(&all)), 0);
        assert_int_equal(found.source, BMF_ACPI);
        assert_int_equal(found.blob_count, 2);
        expect_blob(0, of(&mof), "DSDT \\WQAA");
        expect_blob(1, of(&mof), "SSDT1 \\WQAA");
        Buf first = {0};
        put_dump(&first, "DSDT", &t1);
        assert_int_equal(look(of(&first)), 0);
        assert_int_equal(found.blob_count, 1);
        buf_deinit(&first);
        assert_int_equal(look(of(&all)), 0);
        Buf wide = {0};
        buf_u16(&wide, 0xFEFF);
        for (size_t i = 0; i < all.n; i++)
                buf_u16(&wide, all.p[i]);
        assert_int_equal(look(of(&wide)), 0); // as a Windows shell writes it
        assert_int_equal(found.blob_count, 2);
        expect_blob(0, of(&mof), "DSDT \\WQAA");
        wide.p[2 * (strstr(strstr(buf_z(&all), "DSDT @"), "    0020:") - (const char *)all.p) + 2 + 8] = 'X';
        assert_int_equal(look(of(&wide)), E_DIAG);
        buf_deinit(&wide);
        assert_int_equal(look(of(&all)), 0);
        // A line is missing.
        char *text = strdup(buf_z(&all)), *line = strstr(strstr(text, "DSDT @"), "    0020:");
        assert_non_null(line);
        memmove(line, strchr(line, '\n') + 1, strlen(strchr(line, '\n') + 1) + 1);
        assert_int_equal(look(str_of(text)), E_DIAG);
        assert_non_null(strstr(diag.message, "0x30"));
        assert_true(diag.offset == (size_t)(line - text));
        assert_int_equal(found.blob_count, 1);
        free(text);
        Buf *bufs[] = {&mof, &one, &t1, &t2, &t3, &all};
        for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
                buf_deinit(bufs[i]);
}

static void put_asl_bytes(Buf *out, Str bytes)
{
        buf_printf(out, "Buffer (0x%04zX)\n{\n", bytes.n);
        for (size_t i = 0; i < bytes.n; i++) {
                if (i % 8 == 0)
                        buf_printf(out, "    /* %04zX */  ", i);
                buf_printf(out, "0x%02X%s", (unsigned char)bytes.p[i], i + 1 < bytes.n ? ", " : "");
                if (i % 8 == 7)
                        buf_text(out, "  // } ..\n");
        }
        buf_text(out, "\n}");
}

static void asl_is_text(void **state)
{
        (void)state;
        Buf mof = mof_bytes(33), wdg = {0}, all = {0};
        put_wdg(&wdg, 'A', 'A', 1, WDG_METHOD);
        buf_text(&all,
                 "/*\n * Device (X) {\n */\nDefinitionBlock (\"a.aml\", \"DSDT\", 2, \"_ASUS_\", "
                 "\"Notebook\", 0x01072009)\n{\n"
                 "    External (_SB_.FOO, DeviceObj)\n"
                 "    Name (STR, \"Device (B) { \\\" { \")\n"
                 "    Scope (\\_SB.PCI0)\n    {\n        Device (WMID)\n        {\n            Name (_WDG, ");
        put_asl_bytes(&all, of(&wdg));
        buf_text(&all, ")\n            If ((A == One)) { Method (FOO, 1) { Name (X, Package () { 1, { 2 } }) "
                       "} }\n            Name (WQBA, ");
        put_asl_bytes(&all, of(&mof));
        buf_text(&all, ")\n            Method (WQBB, 1) { Return (");
        put_asl_bytes(&all, of(&mof));
        buf_text(&all, ") }\n        }\n        Scope (^^) { Name (^_SB.WQBC, ");
        put_asl_bytes(&all, of(&mof));
        buf_text(&all, ") }\n    }\n}\n");
        buf_text(&all, "DefinitionBlock (\"\", \"SSDT\", 1, \"A\", \"B\", 0) { Name (WQBD, ");
        put_asl_bytes(&all, of(&mof));
        buf_text(&all, ") }\n");
        assert_int_equal(look(of(&all)), 0);
        assert_int_equal(found.blob_count, 4);
        expect_blob(0, of(&mof), "DSDT \\_SB.PCI0.WMID.WQBA");
        expect_blob(1, of(&mof), "DSDT \\_SB.PCI0.WMID.WQBB");
        expect_blob(3, of(&mof), "SSDT1 \\WQBD");
        assert_int_equal(found.table_count, 1);
        assert_string_equal(found.tables[0].scope, "\\_SB.PCI0.WMID");
        Buf listed = {0};
        buf_text(&listed, "/* iasl */\n[000h 0000   4]   Signature : \"FACP\"    [Fixed \"{\n[004h 0004   4] "
                          " Length : 114\n\n");
        assert_int_equal(look(of(&listed)), E_DIAG);
        assert_int_equal(found.source, BMF_UNKNOWN);
        buf_put(&listed, all.p, all.n);
        assert_int_equal(look(of(&listed)), 0);
        assert_int_equal(found.blob_count, 4);
        buf_deinit(&listed);
        for (size_t n = 0; n <= all.n; n++) { // each beginning
                int r = look((Str){(const char *)all.p, n});
                assert_true(r == 0 || r == E_DIAG);
        }
        buf_deinit(&mof);
        buf_deinit(&wdg);
        buf_deinit(&all);
}

static void asl_depth_is_bounded(void **state)
{
        (void)state;
        const unsigned limit = LIMIT_DEPTH;
        for (unsigned n = limit - 1; n <= limit + 1; n++) {
                Buf mof = mof_bytes(20), all = {0};
                for (unsigned i = 0; i < n; i++)
                        buf_text(&all, "Scope (AAAA) {\n");
                buf_text(&all, "Name (WQAA, ");
                put_asl_bytes(&all, of(&mof));
                buf_text(&all, ")\n");
                assert_int_equal(look(of(&all)), n > limit ? E_DIAG : 0);
                assert_int_equal(found.blob_count, 1);
                buf_deinit(&mof);
                buf_deinit(&all);
        }
}

// --- PE ------------------------------------------------------------------------------------------

static void patch16(Buf *b, size_t at, uint16_t v)
{
        b->p[at] = (uint8_t)v;
        b->p[at + 1] = (uint8_t)(v >> 8);
}

enum { PE_AT = 64, SECTION_AT = 0x200, SECTION_RVA = 0x3000 };

// A file with one section that holds `tree`; offsets in the tree are its own, addresses count from
// SECTION_RVA.
static Buf pe_file(bool plus, const Buf *tree)
{
        Buf b = {0};
        uint16_t fixed = plus ? 112 : 96, optional = (uint16_t)(fixed + 16 * 8);
        buf_reserve(&b, SECTION_AT);
        memset(b.p, 0, SECTION_AT);
        b.n = SECTION_AT;
        memcpy(b.p, "MZ", 2);
        buf_patch_u32(&b, 60, PE_AT);
        memcpy(b.p + PE_AT, "PE\0\0", 4);
        patch16(&b, PE_AT + 6, 1);
        patch16(&b, PE_AT + 20, optional);
        size_t o = PE_AT + 24;
        patch16(&b, o, plus ? 0x20B : 0x10B);
        buf_patch_u32(&b, o + fixed - 4, 16);
        buf_patch_u32(&b, o + fixed + 16, SECTION_RVA);
        buf_patch_u32(&b, o + fixed + 20, (uint32_t)tree->n);
        size_t s = o + optional;
        buf_patch_u32(&b, s + 8, (uint32_t)tree->n);
        buf_patch_u32(&b, s + 12, SECTION_RVA);
        buf_patch_u32(&b, s + 16, (uint32_t)tree->n);
        buf_patch_u32(&b, s + 20, SECTION_AT);
        buf_put(&b, tree->p, tree->n);
        return b;
}

static void put_directory(Buf *b, uint16_t named, uint16_t ids)
{
        buf_u32(b, 0);
        buf_u32(b, 0);
        buf_u32(b, 0);
        buf_u16(b, named);
        buf_u16(b, ids);
}

// Type MOFDATA, name R1, languages 0x409 and 0x407, the same bytes.
static Buf pe_tree(const Buf *mof, size_t *ret_leaf)
{
        Buf b = {0};
        put_directory(&b, 1, 1);
        size_t type_name = b.n;
        buf_u32(&b, 0);
        buf_u32(&b, 0);
        buf_u32(&b, 16); // type 16, a version, which is left alone
        buf_u32(&b, 0x80000000u | 0x7FFFFFF);
        buf_patch_u32(&b, type_name + 4, 0x80000000u | (uint32_t)b.n);
        put_directory(&b, 1, 0);
        size_t name = b.n;
        buf_u32(&b, 0);
        buf_u32(&b, 0x80000000u | (uint32_t)(b.n + 4));
        put_directory(&b, 0, 2);
        size_t languages = b.n;
        buf_u32(&b, 0x409);
        buf_u32(&b, 0);
        buf_u32(&b, 0x407);
        buf_u32(&b, 0);
        buf_patch_u32(&b, type_name, 0x80000000u | (uint32_t)b.n);
        buf_u16(&b, 7);
        for (const char *p = "MofData"; *p; p++)
                buf_u16(&b, (uint8_t)*p);
        buf_patch_u32(&b, name, 0x80000000u | (uint32_t)b.n);
        buf_u16(&b, 2);
        buf_u16(&b, 'R');
        buf_u16(&b, '1');
        *ret_leaf = b.n;
        buf_patch_u32(&b, languages + 4, (uint32_t)b.n);
        buf_patch_u32(&b, languages + 12, (uint32_t)b.n);
        buf_u32(&b, SECTION_RVA + (uint32_t)b.n + 16);
        buf_u32(&b, (uint32_t)mof->n);
        buf_u32(&b, 0);
        buf_u32(&b, 0);
        buf_put(&b, mof->p, mof->n);
        return b;
}

static void pe_has_resources(void **state)
{
        (void)state;
        Buf mof = mof_bytes(33);
        size_t leaf;
        Buf tree = pe_tree(&mof, &leaf);
        for (int plus = 0; plus < 2; plus++) {
                Buf pe = pe_file(plus, &tree);
                assert_int_equal(look(of(&pe)), 0);
                assert_int_equal(found.source, BMF_PE);
                assert_int_equal(found.blob_count, 2);
                expect_blob(0, of(&mof), "resource R1, language 0x409");
                expect_blob(1, of(&mof), "resource R1, language 0x407");
                for (size_t n = 2; n < pe.n; n++)
                        assert_int_equal(look((Str){(const char *)pe.p, n}), E_DIAG);
                for (size_t i = 0; i < pe.n; i++)
                        for (int bit = 0; bit < 8; bit++) {
                                pe.p[i] ^= (uint8_t)(1 << bit);
                                int r = look(of(&pe));
                                assert_true(r == 0 || r == E_DIAG);
                                pe.p[i] ^= (uint8_t)(1 << bit);
                        }
                // Without resources: fine, and nothing in it.
                size_t directory = PE_AT + 24 + (plus ? 112 : 96) + 16;
                buf_patch_u32(&pe, directory, 0);
                assert_int_equal(look(of(&pe)), 0);
                assert_int_equal(found.blob_count, 0);
                buf_patch_u32(&pe, directory, 0x100);
                assert_int_equal(look(of(&pe)), E_DIAG);
                buf_deinit(&pe);
        }
        buf_patch_u32(&tree, leaf + 4, 0xFFFFFFFF);
        Buf pe = pe_file(true, &tree);
        assert_int_equal(look(of(&pe)), E_DIAG);
        assert_int_equal(found.blob_count, 2);
        expect_blob(0, of(&mof), "resource R1, language 0x409");
        buf_deinit(&pe);
        tree.p[leaf + 16] = 'X';
        pe = pe_file(true, &tree);
        assert_int_equal(look(of(&pe)), E_DIAG);
        assert_int_equal(found.blob_count, 0);
        assert_non_null(strstr(diag.message, "not binary MOF"));
        buf_deinit(&pe);
        buf_deinit(&mof);
        buf_deinit(&tree);
}

// Directories that are their own children, and very many entries.
static void pe_circles_end(void **state)
{
        (void)state;
        const uint32_t limit = LIMIT_PE_ENTRIES;
        for (uint32_t n = limit - 1; n <= limit + 1; n++) {
                Buf tree = {0};
                put_directory(&tree, (uint16_t)0xFFFF, (uint16_t)(n - 0xFFFF));
                for (uint32_t i = 0; i < n; i++) {
                        buf_u32(&tree, i);
                        buf_u32(&tree, 0x80000000u);
                }
                Buf pe = pe_file(true, &tree);
                assert_int_equal(look(of(&pe)), n > limit ? E_DIAG : 0);
                buf_deinit(&pe);
                buf_deinit(&tree);
        }
        Buf tree = {0};
        put_directory(&tree, 500, 0);
        for (uint32_t i = 0; i < 500; i++) {
                buf_u32(&tree, 0x80000000u | (16 + 500 * 8));
                buf_u32(&tree, 0x80000000u);
        }
        buf_u16(&tree, 7);
        for (const char *p = "MOFDATA"; *p; p++)
                buf_u16(&tree, (uint8_t)*p);
        Buf pe = pe_file(false, &tree);
        assert_int_equal(look(of(&pe)), E_DIAG);
        assert_int_equal(found.blob_count, 0);
        buf_deinit(&pe);
        buf_deinit(&tree);
}

// --- sysfs ---------------------------------------------------------------------------------------

static void put_file(const char *root, const char *path, Str bytes)
{
        char whole[512];
        snprintf(whole, sizeof(whole), "%s/%s", root, path);
        for (char *p = whole + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
                *p = '\0';
                mkdir(whole, 0700);
        }
        FILE *f = fopen(whole, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
        fclose(f);
}

static int look_live(const char *root)
{
        arena_deinit(&arena);
        diag = (Diag){0};
        return bmf_find_live(root, &arena, &found, &diag);
}

static void sysfs_is_read(void **state)
{
        (void)state;
        char root[] = "/tmp/freewmi-find-XXXXXX", where[512], command[600];
        assert_non_null(mkdtemp(root));
        assert_int_equal(look_live(root), 0); // nothing of it is there
        assert_int_equal(found.source, BMF_SYSFS);
        assert_int_equal(found.blob_count, 0);
        Buf mof = mof_bytes(33), other = mof_bytes(44), wdg = {0}, aml = {0}, ssdt = {0};
        put_wdg(&wdg, 'A', 'A', 1, WDG_METHOD);
        put_named(&aml, "_WDG", of(&wdg));
        put_named(&aml, "WQBA", of(&mof));
        put_named(&ssdt, "WQBC", of(&other));
        Buf dsdt = table("DSDT", &aml), one = table("SSDT", &ssdt);
        put_file(root, "bus/wmi/devices/05901221-D566-11D1-B2F0-00A0C9062910-2/bmof", of(&mof));
        put_file(root, "bus/wmi/devices/05901221-D566-11D1-B2F0-00A0C9062910-2/guid", STR("x"));
        put_file(root, "bus/wmi/devices/8D9DDCBC-A997-11DA-B012-B622A1EF5492/guid", STR("x"));
        put_file(root, "firmware/acpi/tables/DSDT", of(&dsdt));
        put_file(root, "firmware/acpi/tables/FACP", STR("whatever"));
        put_file(root, "firmware/acpi/tables/dynamic/SSDT12", of(&one));
        assert_int_equal(look_live(root), 0);
        assert_int_equal(found.blob_count, 2);
        snprintf(where, sizeof(where), "%s/bus/wmi/devices/05901221-D566-11D1-B2F0-00A0C9062910-2/bmof",
                 root);
        expect_blob(0, of(&mof), where);
        assert_string_equal(found.blobs[0].name, "WQBA");
        assert_string_equal(found.blobs[0].scope, "\\");
        expect_blob(1, of(&other), "SSDT12 \\WQBC");
        assert_int_equal(found.table_count, 1);
        // Faults are told with the file, and hide nothing.
        put_file(root, "bus/wmi/devices/AAAA/bmof", STR("junk"));
        assert_int_equal(look_live(root), E_DIAG);
        assert_non_null(strstr(diag.file, "AAAA/bmof"));
        assert_int_equal(found.blob_count, 2);
        Str big = {calloc(1, LIMIT_ACPI_BYTES + 1), LIMIT_ACPI_BYTES - 1};
        memcpy((char *)(uintptr_t)big.p, mof.p, mof.n);
        for (; big.n <= LIMIT_ACPI_BYTES + 1; big.n++) {
                put_file(root, "bus/wmi/devices/AAAA/bmof", big);
                assert_int_equal(look_live(root), big.n > LIMIT_ACPI_BYTES ? E_DIAG : 0);
                assert_int_equal(found.blob_count, big.n > LIMIT_ACPI_BYTES ? 2 : 3);
        }
        free((void *)(uintptr_t)big.p);
        snprintf(where, sizeof(where), "%s/bus/wmi/devices/AAAA/bmof", root);
        unlink(where);
        assert_int_equal(mkfifo(where, 0600), 0); // nothing waits for a writer
        assert_int_equal(look_live(root), E_DIAG);
        unlink(where);
        put_file(root, "bus/wmi/devices/AAAA/bmof", of(&mof));
        chmod(where, 0);
        if (geteuid() != 0) {
                assert_int_equal(look_live(root), E_DIAG);
                assert_non_null(strstr(diag.hint, "root"));
        }
        snprintf(command, sizeof(command), "rm -r %s", root);
        assert_int_equal(system(command), 0);
        Buf *bufs[] = {&mof, &other, &wdg, &aml, &ssdt, &dsdt, &one};
        for (size_t i = 0; i < sizeof(bufs) / sizeof(*bufs); i++)
                buf_deinit(bufs[i]);
}

static void mof_guid_is_known(void **state)
{
        (void)state;
        WdgEntry e = {0};
        assert_false(wdg_is_mof(&e));
        assert_true(guid_parse(STR("05901221-D566-11D1-B2F0-00A0C9062910"), &e.guid));
        assert_true(wdg_is_mof(&e));
}

int main(void)
{
        int r = testkit_run((TestCase[]){TEST(file_ends_with_its_stream),
                                         TEST(other_files_are_unknown),
                                         TEST(aml_scopes_nest),
                                         TEST(aml_other_terms_are_read_over),
                                         TEST(aml_that_misleads_hides_nothing),
                                         TEST(aml_buffers_stand_in_methods),
                                         TEST(tables_stand_behind_each_other),
                                         TEST(aml_packages_end_in_their_own),
                                         TEST(wdg_has_whole_entries),
                                         TEST(blobs_are_counted),
                                         TEST(names_are_counted),
                                         TEST(aml_depth_is_bounded),
                                         TEST(aml_paths_are_bounded),
                                         TEST(aml_is_hostile),
                                         TEST(acpidump_is_text),
                                         TEST(asl_is_text),
                                         TEST(asl_depth_is_bounded),
                                         TEST(pe_has_resources),
                                         TEST(pe_circles_end),
                                         TEST(sysfs_is_read),
                                         TEST(mof_guid_is_known),
                                         TEST_END});
        arena_deinit(&arena);
        return r;
}
