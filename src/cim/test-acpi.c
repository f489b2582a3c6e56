// SPDX-License-Identifier: MIT
// cim: ACPI objects as data blocks.
#include "cim/acpi.h"

#include "base/testkit.h"

#define INTEGER(v) ((AcpiObject){ACPI_INTEGER, .integer = (v)})
#define STRING(z)  ((AcpiObject){ACPI_STRING, .bytes = STR(z)})
#define BUFFER(z)  ((AcpiObject){ACPI_BUFFER, .bytes = STR(z)})
#define PACKAGE(...)                                                                                         \
        ((AcpiObject){ACPI_PACKAGE, .package = {(AcpiObject[]){__VA_ARGS__},                                 \
                                                sizeof((AcpiObject[]){__VA_ARGS__}) / sizeof(AcpiObject)}})

static void expect(AcpiObject o, const char *bytes, size_t n)
{
        Buf b = {0};
        Diag d = {0};
        if (cim_acpi_block(&o, &b, &d))
                fail_msg("%s", d.message);
        assert_int_equal(b.n, n);
        if (n)
                assert_memory_equal(b.p, bytes, n);
        buf_deinit(&b);
}

static void refuse(AcpiObject o, const char *why)
{
        Buf b = {0};
        Diag d = {0};
        buf_u8(&b, 1);
        assert_int_equal(cim_acpi_block(&o, &b, &d), E_DIAG);
        if (!strstr(d.message, why))
                fail_msg("\"%s\" is not in \"%s\"", why, d.message);
        assert_int_equal(b.n, 1);
        buf_deinit(&b);
}

static void kinds_become_their_bytes(void **state)
{
        (void)state;
        expect(INTEGER(0x11223344), "\x44\x33\x22\x11", 4);
        expect(INTEGER(UINT32_MAX), "\xff\xff\xff\xff", 4);
        expect(STRING("WMI"), "\x08\0W\0M\0I\0\0\0", 10);
        expect(STRING(""), "\x02\0\0\0", 4);
        expect(BUFFER("\0\1\2"), "\0\1\2", 3);
        expect(BUFFER(""), "", 0);
}

// The vector that the kernel's documentation and test share.
static void a_package_is_laid_out_as_a_block(void **state)
{
        (void)state;
        static const char bytes[] = "\x44\x33\x22\x11\x55\0\x08\0W\0M\0I\0\0\0\x66\0\0\0\xaa\x99\x88\x77";
        expect(PACKAGE(INTEGER(0x11223344), BUFFER("\x55"), STRING("WMI"), BUFFER("\x66"),
                       INTEGER(0x778899aa)),
               bytes, sizeof(bytes) - 1);
        AcpiObject nothing = {ACPI_PACKAGE, .package = {NULL, 0}};
        expect(nothing, "", 0);
}

static void a_block_may_stand_behind_others(void **state)
{
        (void)state;
        Buf b = {0};
        AcpiObject o = INTEGER(1);
        buf_u8(&b, 9);
        assert_int_equal(cim_acpi_block(&o, &b, NULL), 0);
        assert_int_equal(b.n, 5); // aligned to itself
        buf_deinit(&b);
}

static void what_a_block_cannot_hold_is_refused(void **state)
{
        (void)state;
        refuse(INTEGER(UINT64_C(0x100000000)), "beyond uint32");
        refuse(PACKAGE(PACKAGE(INTEGER(1))), "inside a package");
        refuse(STRING("caf\xc3\xa9"), "ASCII");
        refuse(STRING("a\0b"), "ASCII");
        static char longest[32768];
        memset(longest, 'a', sizeof(longest));
        for (size_t n = 32765; n <= 32767; n++) {
                AcpiObject o = {ACPI_STRING, .bytes = {longest, n}};
                Buf b = {0};
                int r = cim_acpi_block(&o, &b, NULL);
                assert_int_equal(r, n > 32766 ? E_DIAG : 0);
                assert_int_equal(b.n, r ? 0 : 2 + 2 * (n + 1));
                buf_deinit(&b);
        }
}

static void string_is(const char *block, size_t n, const char *text, const char *why)
{
        Buf b = {0};
        Diag d = {0};
        int r = cim_acpi_string((const uint8_t *)block, n, &b, &d);
        assert_int_equal(r, text ? 0 : E_DIAG);
        if (text)
                assert_string_equal(buf_z(&b), text);
        else if (!strstr(d.message, why))
                fail_msg("\"%s\" is not in \"%s\"", why, d.message);
        buf_deinit(&b);
}

static void a_string_goes_back(void **state)
{
        (void)state;
        string_is("\x08\0W\0M\0I\0\0\0", 10, "WMI", NULL);
        string_is("\x06\0W\0M\0I\0", 8, "WMI", NULL);
        string_is("\x08\0W\0\0\0I\0\0\0", 10, "W", NULL); // padded
        string_is("\0\0", 2, "", NULL);
        string_is("\x02\0W\0\x55", 5, "W", NULL); // bytes behind it
        string_is("\x07\0W\0M\0I\0\0\0", 10, NULL, "odd");
        string_is("\x0a\0W\0M\0I\0\0\0", 10, NULL, "10 bytes, and 8");
        string_is("\x02", 1, NULL, "length");
        string_is("", 0, NULL, "length");
        string_is("\x02\0\xe9\0", 4, NULL, "ASCII");
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(kinds_become_their_bytes),
                TEST(a_package_is_laid_out_as_a_block),
                TEST(a_block_may_stand_behind_others),
                TEST(what_a_block_cannot_hold_is_refused),
                TEST(a_string_goes_back),
                TEST_END,
        });
}
