// SPDX-License-Identifier: MIT
// Rtl strings, numbers, GUIDs, bitmaps, times; the registry and the routines over it; DbgPrint.
#include "driver/nt/nt.h"
#include "driver/nt/nt-undeclared.h"

#include "base/testkit.h"

#include <string.h>

static UNICODE_STRING U(const WCHAR *text)
{
        UNICODE_STRING s;
        RtlInitUnicodeString(&s, text);
        return s;
}

static void string_is(const UNICODE_STRING *s, const WCHAR *text)
{
        UNICODE_STRING t = U(text);
        assert_true(RtlEqualUnicodeString(s, &t, FALSE));
}

static void comparing(void **state)
{
        (void)state;
        static const struct {
                const WCHAR *a, *b;
                BOOLEAN no_case;
                int sign;
        } table[] = {
                {L"", L"", FALSE, 0},      {L"a", L"b", FALSE, -1},         {L"b", L"a", FALSE, 1},
                {L"a", L"ab", FALSE, -1},  {L"abc", L"ab", FALSE, 1},       {L"ABC", L"abc", FALSE, -1},
                {L"ABC", L"abc", TRUE, 0}, {L"\x00e4", L"\x00c4", TRUE, 0}, {L"\x0451", L"\x0401", TRUE, 0},
                {L"_", L"a", TRUE, 1},     {L"\x00df", L"ss", TRUE, 1},
        };
        for (size_t i = 0; i < RTL_NUMBER_OF(table); i++) {
                UNICODE_STRING a = U(table[i].a), b = U(table[i].b);
                LONG r = RtlCompareUnicodeString(&a, &b, table[i].no_case);
                assert_int_equal(r < 0 ? -1 : r > 0, table[i].sign);
                assert_int_equal(RtlEqualUnicodeString(&a, &b, table[i].no_case), table[i].sign == 0);
        }
        UNICODE_STRING a = U(L"\\Device\\X"), b = U(L"\\DEVICE");
        assert_true(RtlPrefixUnicodeString(&b, &a, TRUE));
        assert_false(RtlPrefixUnicodeString(&b, &a, FALSE));
}

static void copying(void **state)
{
        (void)state;
        WCHAR buffer[6] = L"xxxxx";
        UNICODE_STRING to = {0, 8, buffer}, from = U(L"abc");
        RtlCopyUnicodeString(&to, &from);
        string_is(&to, L"abc");
        assert_int_equal(buffer[3], 0);
        from = U(L"abcdef");
        RtlCopyUnicodeString(&to, &from); // cut
        string_is(&to, L"abcd");
        assert_int_equal(buffer[4], L'x');
        to.Length = 4;
        assert_int_equal(RtlAppendUnicodeToString(&to, L"zz"), STATUS_SUCCESS);
        string_is(&to, L"abzz");
        assert_int_equal(RtlAppendUnicodeToString(&to, L"y"), STATUS_BUFFER_TOO_SMALL);
        RtlCopyUnicodeString(&to, NULL);
        assert_int_equal(to.Length, 0);
        from = U(L"stra\x00df"
                 L"e");
        assert_int_equal(RtlUpcaseUnicodeString(&to, &from, TRUE), STATUS_SUCCESS);
        string_is(&to, L"STRA\x00df"
                       L"E");
        RtlFreeUnicodeString(&to);
        assert_null(to.Buffer);
        assert_int_equal(RtlDuplicateUnicodeString(1, &from, &to), STATUS_SUCCESS);
        assert_int_equal(to.MaximumLength, from.Length + 2);
        RtlFreeUnicodeString(&to);
}

static void ansi(void **state)
{
        (void)state;
        ANSI_STRING a;
        UNICODE_STRING u = {0};
        RtlInitAnsiString(&a, "caf\xe9 \x80");
        assert_int_equal(RtlAnsiStringToUnicodeSize(&a), 14);
        assert_int_equal(RtlAnsiStringToUnicodeString(&u, &a, TRUE), STATUS_SUCCESS);
        string_is(&u, L"caf\x00e9 \x20ac");
        ANSI_STRING back;
        assert_int_equal(RtlUnicodeStringToAnsiString(&back, &u, TRUE), STATUS_SUCCESS);
        assert_true(RtlEqualString(&a, &back, FALSE));
        RtlFreeAnsiString(&back);
        CHAR small[4];
        back = (ANSI_STRING){0, 4, small};
        assert_int_equal(RtlUnicodeStringToAnsiString(&back, &u, FALSE), STATUS_BUFFER_OVERFLOW);
        assert_string_equal(small, "caf");
        RtlFreeUnicodeString(&u);
        u = U(L"\x4e2d");
        assert_int_equal(RtlUnicodeStringToAnsiString(&back, &u, FALSE), STATUS_SUCCESS);
        assert_string_equal(small, "?");
        char utf8[8];
        ULONG n;
        assert_int_equal(RtlUnicodeToUTF8N(utf8, sizeof utf8, &n, L"\x4e2d\xd83d\xde00", 6), STATUS_SUCCESS);
        assert_int_equal(n, 7);
        assert_memory_equal(utf8, "\xe4\xb8\xad\xf0\x9f\x98\x80", 7);
        assert_int_equal(RtlUnicodeToUTF8N(utf8, 2, &n, L"\x4e2d", 2), STATUS_BUFFER_TOO_SMALL);
        assert_int_equal(RtlUnicodeToUTF8N(utf8, 8, &n, L"\xd83d", 2), STATUS_SOME_NOT_MAPPED);
        WCHAR w[4];
        assert_int_equal(RtlUTF8ToUnicodeN(w, sizeof w, &n, utf8, 3), STATUS_SUCCESS);
}

static void numbers(void **state)
{
        (void)state;
        static const struct {
                const WCHAR *text;
                ULONG base;
                NTSTATUS status;
                ULONG value;
        } table[] = {
                {L"123", 0, 0, 123},
                {L"  -5x", 0, 0, (ULONG)-5},
                {L"0x1F", 0, 0, 31},
                {L"0b101", 0, 0, 5},
                {L"0o17", 0, 0, 15},
                {L"ff", 16, 0, 255},
                {L"", 10, 0, 0},
                {L"12", 7, STATUS_INVALID_PARAMETER, 0},
                {L"4294967295", 10, 0, 4294967295u},
        };
        for (size_t i = 0; i < RTL_NUMBER_OF(table); i++) {
                UNICODE_STRING s = U(table[i].text);
                ULONG v = 0;
                assert_int_equal(RtlUnicodeStringToInteger(&s, table[i].base, &v), table[i].status);
                assert_int_equal(v, table[i].value);
        }
        WCHAR buffer[32];
        UNICODE_STRING s = {0, sizeof buffer, buffer};
        assert_int_equal(RtlIntegerToUnicodeString(0xbeef, 16, &s), STATUS_SUCCESS);
        string_is(&s, L"BEEF");
        assert_int_equal(RtlInt64ToUnicodeString(~0ull, 10, &s), STATUS_SUCCESS);
        string_is(&s, L"18446744073709551615");
        s.MaximumLength = 4;
        assert_int_equal(RtlIntegerToUnicodeString(100, 10, &s), STATUS_BUFFER_OVERFLOW);
}

static void guids(void **state)
{
        (void)state;
        static const GUID guid = {
                0x01cdaff1, 0xc901, 0x45b4, {0xb3, 0x59, 0xb5, 0x54, 0x27, 0x25, 0xe2, 0x9c}};
        UNICODE_STRING s;
        GUID back;
        assert_int_equal(RtlStringFromGUID(&guid, &s), STATUS_SUCCESS);
        string_is(&s, L"{01CDAFF1-C901-45B4-B359-B5542725E29C}");
        assert_int_equal(RtlGUIDFromString(&s, &back), STATUS_SUCCESS);
        assert_memory_equal(&guid, &back, sizeof guid);
        s.Buffer[3] = L'x';
        assert_int_equal(RtlGUIDFromString(&s, &back), STATUS_INVALID_PARAMETER);
        s.Length -= 2;
        assert_int_equal(RtlGUIDFromString(&s, &back), STATUS_INVALID_PARAMETER);
        RtlFreeUnicodeString(&s);
}

static void bitmaps(void **state)
{
        (void)state;
        ULONG words[3] = {0}, at;
        RTL_BITMAP map;
        RtlInitializeBitMap(&map, words, 70);
        RtlSetBits(&map, 30, 5);
        assert_int_equal(words[0], 0xc0000000);
        assert_int_equal(words[1], 7);
        assert_true(RtlAreBitsSet(&map, 30, 5));
        assert_false(RtlAreBitsSet(&map, 30, 6));
        assert_int_equal(RtlNumberOfSetBits(&map), 5);
        assert_int_equal(RtlFindClearBitsAndSet(&map, 35, 0), 35);
        assert_int_equal(RtlNumberOfClearBits(&map), 30);
        assert_int_equal(RtlFindClearBits(&map, 31, 0), 0xffffffff);
        assert_int_equal(RtlFindLongestRunClear(&map, &at), 30);
        assert_int_equal(at, 0);
        RtlClearAllBits(&map);
        RtlSetBit(&map, 10);
        RtlSetBit(&map, 20);
        RTL_BITMAP_RUN runs[2];
        assert_int_equal(RtlFindClearRuns(&map, runs, 2, TRUE), 2);
        assert_int_equal(runs[0].StartingIndex, 21);
        assert_int_equal(runs[1].NumberOfBits, 10);
        assert_int_equal(RtlFindClearRuns(&map, runs, 2, FALSE), 2);
        assert_int_equal(runs[1].StartingIndex, 11);
}

static void times(void **state)
{
        (void)state;
        static const TIME_FIELDS table[] = {
                {1601, 1, 1, 0, 0, 0, 0, 1},       {1970, 1, 1, 0, 0, 0, 0, 4},
                {2000, 2, 29, 23, 59, 59, 999, 2}, {2026, 1, 31, 12, 34, 56, 78, 6},
                {2100, 3, 1, 1, 2, 3, 4, 1},       {9999, 12, 31, 0, 0, 0, 0, 5},
        };
        for (size_t i = 0; i < RTL_NUMBER_OF(table); i++) {
                TIME_FIELDS f = table[i], back;
                LARGE_INTEGER t;
                assert_true(RtlTimeFieldsToTime(&f, &t));
                RtlTimeToTimeFields(&t, &back);
                assert_memory_equal(&f, &back, sizeof f);
        }
        TIME_FIELDS bad = {2001, 2, 29, 0, 0, 0, 0, 0};
        LARGE_INTEGER t;
        assert_false(RtlTimeFieldsToTime(&bad, &t));
        RtlSecondsSince1970ToTime(0, &t);
        assert_true(t.QuadPart == 116444736000000000ll);
}

// --- registry ------------------------------------------------------------------------------------

static HANDLE open_key(const WCHAR *path)
{
        UNICODE_STRING s = U(path);
        OBJECT_ATTRIBUTES a;
        HANDLE key;
        InitializeObjectAttributes(&a, &s, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
        return NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &a)) ? key : NULL;
}

static void values(void **state)
{
        (void)state;
        assert_int_equal(
                nt_registry_set_dword("HKLM\\SYSTEM\\CurrentControlSet\\Control\\WMI", "MaxEventSize", 4096),
                0);
        assert_int_equal(nt_registry_set_dword("HKXX\\a", "b", 1), -22);
        ULONG n;
        assert_int_equal(nt_registry_get_dword("\\Registry\\Machine\\system\\currentcontrolset\\control\\wmi",
                                               "maxeventsize", &n),
                         0);
        assert_int_equal(n, 4096);
        assert_int_equal(nt_registry_get_dword("HKLM\\SYSTEM\\CurrentControlSet\\Control\\WMI", "Other", &n),
                         1);
        HANDLE key = open_key(L"\\REGISTRY\\MACHINE\\SYSTEM\\CurrentControlSet\\Control\\WMI");
        assert_non_null(key);
        UNICODE_STRING name = U(L"MAXEVENTSIZE");
        char buffer[64];
        KEY_VALUE_PARTIAL_INFORMATION *p = (void *)buffer;
        ULONG need = 0, fixed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
        assert_int_equal(ZwQueryValueKey(key, &name, KeyValuePartialInformation, p, 0, &need),
                         STATUS_BUFFER_TOO_SMALL);
        assert_int_equal(need, fixed + 4);
        assert_int_equal(ZwQueryValueKey(key, &name, KeyValuePartialInformation, p, fixed + 2, &need),
                         STATUS_BUFFER_OVERFLOW);
        assert_int_equal(p->DataLength, 4);
        assert_int_equal(ZwQueryValueKey(key, &name, KeyValuePartialInformation, p, sizeof buffer, &need),
                         STATUS_SUCCESS);
        assert_int_equal(*(ULONG *)(void *)p->Data, 4096);
        name = U(L"Text");
        assert_int_equal(ZwSetValueKey(key, &name, 0, REG_SZ, (PVOID)(ULONG_PTR)L"hello", 12),
                         STATUS_SUCCESS);
        KEY_VALUE_FULL_INFORMATION *f = (void *)buffer;
        assert_int_equal(ZwEnumerateValueKey(key, 1, KeyValueFullInformation, f, sizeof buffer, &need),
                         STATUS_SUCCESS);
        assert_int_equal(f->NameLength, 8);
        assert_memory_equal((char *)f + f->DataOffset, L"hello", 12);
        assert_int_equal(ZwEnumerateValueKey(key, 2, KeyValueFullInformation, f, sizeof buffer, &need),
                         STATUS_NO_MORE_ENTRIES);
        assert_int_equal(ZwDeleteValueKey(key, &name), STATUS_SUCCESS);
        assert_int_equal(ZwDeleteValueKey(key, &name), STATUS_OBJECT_NAME_NOT_FOUND);
        ZwClose(key);
        assert_int_equal(ZwQueryValueKey(key, &name, KeyValuePartialInformation, p, 64, &need),
                         STATUS_INVALID_HANDLE);
}

static void keys(void **state)
{
        (void)state;
        UNICODE_STRING s = U(L"\\Registry\\Machine\\Software\\A\\B");
        OBJECT_ATTRIBUTES a;
        HANDLE top, key;
        ULONG disposition, need;
        InitializeObjectAttributes(&a, &s, OBJ_CASE_INSENSITIVE, NULL, NULL);
        assert_int_equal(ZwCreateKey(&key, KEY_ALL_ACCESS, &a, 0, NULL, 0, &disposition),
                         STATUS_OBJECT_NAME_NOT_FOUND);
        assert_int_equal(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE,
                                              (PWSTR)(ULONG_PTR)L"\\Registry\\Machine\\Software\\A"),
                         STATUS_SUCCESS);
        assert_int_equal(ZwCreateKey(&key, KEY_ALL_ACCESS, &a, 0, NULL, 0, &disposition), STATUS_SUCCESS);
        assert_int_equal(disposition, REG_CREATED_NEW_KEY);
        top = open_key(L"\\Registry\\Machine\\Software\\A");
        char buffer[128];
        KEY_BASIC_INFORMATION *b = (void *)buffer;
        assert_int_equal(ZwEnumerateKey(top, 0, KeyBasicInformation, b, sizeof buffer, &need),
                         STATUS_SUCCESS);
        assert_int_equal(b->NameLength, 2);
        assert_int_equal(b->Name[0], L'B');
        KEY_FULL_INFORMATION *f = (void *)buffer;
        assert_int_equal(ZwQueryKey(top, KeyFullInformation, f, sizeof buffer, &need), STATUS_SUCCESS);
        assert_int_equal(f->SubKeys, 1);
        assert_int_equal(ZwDeleteKey(top), STATUS_CANNOT_DELETE);
        assert_int_equal(ZwDeleteKey(key), STATUS_SUCCESS);
        assert_int_equal(ZwQueryKey(key, KeyFullInformation, f, sizeof buffer, &need), STATUS_KEY_DELETED);
        ZwClose(key);
        s = U(L"b");
        InitializeObjectAttributes(&a, &s, OBJ_CASE_INSENSITIVE, top, NULL);
        assert_int_equal(ZwOpenKey(&key, KEY_READ, &a), STATUS_OBJECT_NAME_NOT_FOUND);
        ZwClose(top);
        s = U(L"no\\slash");
        InitializeObjectAttributes(&a, &s, OBJ_CASE_INSENSITIVE, NULL, NULL);
        assert_int_equal(ZwOpenKey(&key, KEY_READ, &a), STATUS_OBJECT_PATH_SYNTAX_BAD);
}

// A path that is too long is an error, never the key that a shorter one names.
static void long_paths(void **state)
{
        (void)state;
        static WCHAR path[5000];
        static const WCHAR head[] = L"\\Registry\\Machine\\Software\\A\\";
        size_t n = RTL_NUMBER_OF(head) - 1;
        memcpy(path, head, sizeof head);
        for (; n < 4999; n++)
                path[n] = n % 100 ? L'x' : L'\\';
        for (; n > 500; n -= 7) {
                path[n] = 0;
                NTSTATUS status = RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, path);
                assert_true(status == STATUS_NAME_TOO_LONG || status == STATUS_SUCCESS);
                if (NT_SUCCESS(status)) {
                        HANDLE key = open_key(path);
                        assert_int_equal(ZwDeleteKey(key), STATUS_SUCCESS);
                        ZwClose(key);
                }
        }
        assert_int_equal(RtlCheckRegistryKey(99, path), STATUS_INVALID_PARAMETER);
        LONG room[4] = {INT32_MIN}; // "data only" with no end: all fits
        UCHAR data[12] = {1, 2, 3};
        RTL_QUERY_REGISTRY_TABLE table[2] = {{.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = (PWSTR)(ULONG_PTR)L"Bytes", .EntryContext = room}};
        assert_int_equal(RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, L"\\Registry\\Machine\\Software\\A", L"Bytes", REG_BINARY, data, sizeof data), 0);
        assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, L"\\Registry\\Machine\\Software\\A", table, NULL, NULL), 0);
        assert_memory_equal(room, data, sizeof data);
}

static NTSTATUS create_below(HANDLE top, const WCHAR *name, HANDLE *ret)
{
        UNICODE_STRING s;
        OBJECT_ATTRIBUTES a;
        RtlInitUnicodeString(&s, name);
        InitializeObjectAttributes(&a, &s, OBJ_CASE_INSENSITIVE, top, NULL);
        return ZwCreateKey(ret, KEY_ALL_ACCESS, &a, 0, NULL, 0, NULL);
}

static void keys_below_a_deleted_one(void **state)
{
        (void)state;
        HANDLE top = open_key(L"\\Registry\\Machine\\Software\\A"), gone, child;
        assert_int_equal(create_below(top, L"Gone", &gone), STATUS_SUCCESS);
        assert_int_equal(ZwDeleteKey(gone), STATUS_SUCCESS);
        assert_int_equal(create_below(gone, L"Child", &child), STATUS_KEY_DELETED);
        assert_int_equal(create_below(gone, L"", &child), STATUS_KEY_DELETED);
        ZwClose(gone);
        ZwClose(top);
}

static void keys_without_end(void **state)
{
        (void)state;
        static HANDLE chain[600];
        chain[0] = open_key(L"\\Registry\\Machine\\Software\\A");
        int n = 1;
        while (n < 600 && NT_SUCCESS(create_below(chain[n - 1], L"k", &chain[n])))
                n++;
        assert_int_equal(n, 512 - 4 + 1); // Registry, Machine, Software, A
        static char buffer[4096];
        ULONG need;
        assert_int_equal(ZwQueryKey(chain[n - 1], KeyNameInformation, buffer, sizeof buffer, &need),
                         STATUS_SUCCESS);
        while (--n > 0) {
                assert_int_equal(ZwDeleteKey(chain[n]), STATUS_SUCCESS);
                ZwClose(chain[n]);
        }
        ZwClose(chain[0]);
}

static char queried[256];

static NTSTATUS take_value(PWSTR name, ULONG type, PVOID data, ULONG length, PVOID context, PVOID entry)
{
        (void)data, (void)context, (void)entry;
        char text[64];
        snprintf(text, sizeof text, "%c:%u:%u ", name ? (char)name[0] : '-', type, length);
        strcat(queried, text);
        return STATUS_SUCCESS;
}

static void query_values(void **state)
{
        (void)state;
        static const WCHAR path[] = L"\\Registry\\Machine\\Software\\Query";
        ULONG number = 77, direct = 0, missing = 0, standard = 9;
        assert_int_equal(RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, path, L"Number", REG_DWORD, &number, 4),
                         0);
        assert_int_equal(RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, path, L"Text", REG_SZ,
                                               (PVOID)(ULONG_PTR)L"words", 12),
                         0);
        assert_int_equal(RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, path, L"Many", REG_MULTI_SZ,
                                               (PVOID)(ULONG_PTR)L"a\0bc\0", 12),
                         0);
        assert_int_equal(RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, (PWSTR)(ULONG_PTR)path), STATUS_SUCCESS);
        UNICODE_STRING text = {0};
        RTL_QUERY_REGISTRY_TABLE table[] = {
                {NULL, RTL_QUERY_REGISTRY_DIRECT, (PWSTR)(ULONG_PTR)L"Number", &direct, REG_NONE, NULL, 0},
                {NULL, RTL_QUERY_REGISTRY_DIRECT, (PWSTR)(ULONG_PTR)L"Missing", &missing, REG_DWORD,
                 &standard, 4},
                {NULL, RTL_QUERY_REGISTRY_DIRECT, (PWSTR)(ULONG_PTR)L"Text", &text, REG_NONE, NULL, 0},
                {take_value, 0, (PWSTR)(ULONG_PTR)L"Many", NULL, REG_NONE, NULL, 0},
                {take_value, RTL_QUERY_REGISTRY_NOEXPAND, (PWSTR)(ULONG_PTR)L"Many", NULL, REG_NONE, NULL, 0},
                {0},
        };
        assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, path, table, NULL, NULL),
                         STATUS_SUCCESS);
        assert_int_equal(direct, 77);
        assert_int_equal(missing, 9);
        string_is(&text, L"words");
        RtlFreeUnicodeString(&text);
        assert_string_equal(queried, "M:1:4 M:1:6 M:7:12 ");
        RTL_QUERY_REGISTRY_TABLE required[] = {
                {NULL, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED, (PWSTR)(ULONG_PTR)L"Missing",
                 &missing, REG_NONE, NULL, 0},
                {0},
        };
        assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, path, required, NULL, NULL),
                         STATUS_OBJECT_NAME_NOT_FOUND);
        RTL_QUERY_REGISTRY_TABLE all[] = {{take_value, 0, NULL, NULL, REG_NONE, NULL, 0}, {0}};
        queried[0] = 0;
        assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, path, all, NULL, NULL),
                         STATUS_SUCCESS);
        assert_string_equal(queried, "N:4:4 T:1:12 M:1:4 M:1:6 ");
}

// --- DbgPrint ------------------------------------------------------------------------------------

static char printed[1024];

static void keep_print(void *arg, const char *bytes, size_t n)
{
        (void)arg;
        memcpy(printed, bytes, n);
        printed[n] = 0;
}

static void debug_print(void **state)
{
        (void)state;
        UNICODE_STRING s = U(L"counted");
        DbgPrint("%d %ld %wZ %ws\n", 1, 2, &s, L"wide");
        assert_string_equal(printed, "1 2 counted wide\n");
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "%I64x", 0x123456789aull);
        assert_string_equal(printed, "123456789a");
        printed[0] = 0;
        DbgSetDebugFilterState(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, FALSE);
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "hidden");
        assert_string_equal(printed, "");
        char big[700];
        memset(big, 'x', sizeof big - 1);
        big[sizeof big - 1] = 0;
        DbgPrint("%s", big);
        assert_int_equal(strlen(printed), 512);
}

static void no_leaks(void **state)
{
        (void)state;
        assert_int_equal(nt_shutdown(5), 0);
}

int main(void)
{
        NtOptions options = {.debug_print = keep_print};
        if (nt_init(&options) < 0)
                return 1;
        return testkit_run((TestCase[]){TEST(comparing), TEST(copying), TEST(ansi), TEST(numbers),
                                        TEST(guids), TEST(bitmaps), TEST(times), TEST(values), TEST(keys),
                                        TEST(long_paths), TEST(keys_below_a_deleted_one), TEST(keys_without_end),
                                        TEST(query_values), TEST(debug_print), TEST(no_leaks), TEST_END});
}
