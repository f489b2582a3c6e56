// SPDX-License-Identifier: MIT
// crt: the printf family against a table of Windows' results, truncation of each kind, wide strings,
// conversions.
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "base/testkit.h"
#include "crt/crt.h"

// Windows' counted string, as in ntdef.h.
typedef struct {
        unsigned short length, capacity;
        const void *text;
} Counted;

static const Counted ansi = {3, 4, "abcZ"};
static const Counted unicode = {6, 8, L"xyzW"};
static const Counted empty = {0, 0, NULL};
static const Counted cut_surrogate = {2, 2, L"\xD83D\xDE00"};

// Formats into both widths and compares; `wide` NULL: the same text.
#define CHECK(expected, ...) CHECK2(expected, expected, __VA_ARGS__)
#define CHECK2(expected, expected_wide, format, ...)                                                         \
        do {                                                                                                 \
                char narrow_[300];                                                                           \
                wchar_t wide_[300];                                                                          \
                char back_[900];                                                                             \
                memset(narrow_, '!', sizeof(narrow_));                                                       \
                int n_ = fwcrt_sprintf(narrow_, format, ##__VA_ARGS__);                                      \
                assert_int_equal(n_, strlen(narrow_));                                                       \
                assert_string_equal(narrow_, expected);                                                      \
                wmemset(wide_, '!', 300);                                                                    \
                n_ = _swprintf(wide_, L##format, ##__VA_ARGS__);                                             \
                assert_int_equal(n_, wcslen(wide_));                                                         \
                assert_true(wcstombs(back_, wide_, sizeof(back_)) < sizeof(back_));                          \
                assert_string_equal(back_, expected_wide);                                                   \
        } while (0)

static void integers(void **state)
{
        (void)state;
        CHECK("0 1 -1 2147483647 -2147483648", "%d %d %i %d %d", 0, 1, -1, INT_MAX, INT_MIN);
        CHECK("4294967295 ffffffff FFFFFFFF 37777777777", "%u %x %X %o", -1, -1, -1, -1);
        CHECK("-2 4294967294", "%ld %lu", 0x1FFFFFFFEL, 0x1FFFFFFFEL); // a long has 32 bits
        CHECK("18446744073709551615 18446744073709551615", "%I64u %llu", UINT64_MAX, UINT64_MAX);
        CHECK("-9223372036854775808 9223372036854775807", "%I64d %lld", INT64_MIN, INT64_MAX);
        CHECK("ffffffffffffffff DEADBEEF00000001", "%I64x %I64X", UINT64_MAX, 0xDEADBEEF00000001u);
        CHECK("-5 4294967291", "%I32d %I32u", -5, -5);
        CHECK("-1 18446744073709551615 fffffffffffffffe", "%Id %Iu %Ix", (intptr_t)-1, SIZE_MAX, (size_t)-2);
        CHECK("12345678901 12345678901 12345678901", "%zu %jd %td", (size_t)12345678901, INT64_C(12345678901),
              (ptrdiff_t)12345678901);
        CHECK("-1 65535 -1 255", "%hd %hu %hhd %hhu", 0x1FFFF, 0x1FFFF, 0x1FF, 0x1FF);
        CHECK("0xff 0XFF 0 010", "%#x %#X %#x %#o", 255, 255, 0, 8);
        CHECK("[   42] [42   ] [00042] [  042] [+42] [ 42]", "[%5d] [%-5d] [%05d] [%5.3d] [%+d] [% d]", 42,
              42, 42, 42, 42, 42);
        CHECK("[] [0] [     ] [  ]", "[%.0d] [%#.0o] [%5.0d] [%#2.0x]", 0, 0, 0, 0);
        CHECK("[-0042] [ -042] [0x002a] [  0x2a]", "[%05d] [%5.3d] [%#06x] [%#6x]", -42, -42, 42, 42);
        CHECK("[00042] [42   ] [   42]", "[%05.5d] [%0-5d] [%05.2d]", 42, 42, 42);
        CHECK("[  7] [7  ] [007]", "[%*d] [%*d] [%.*d]", 3, 7, -3, 7, 3, 7);
        CHECK("[7] [00010]", "[%.*d] [%#05o]", -1, 7, 8);
        CHECK("100% %", "%d%% %%", 100);
}

static void pointers(void **state)
{
        (void)state;
        CHECK("00007F1234ABCDEF", "%p", (void *)0x7F1234ABCDEF);
        CHECK("0000000000000000", "%p", NULL);
        CHECK("[    0000000000000001] [0000000000000001    ]", "[%20p] [%-20p]", (void *)1, (void *)1);
        CHECK("0X0000000000000001", "%#p", (void *)1);
}

static void strings(void **state)
{
        (void)state;
        CHECK("ab cd", "%hs %ls", "ab", L"cd");
        CHECK("ab cd ef", "%hS %lS %ws", "ab", L"cd", L"ef");
        CHECK("(null) (null) (null) (null)", "%s %ls %hs %ws", NULL, NULL, NULL, NULL);
        CHECK("(nu [  (null)]", "%.3s [%8s]", NULL, NULL);
        CHECK("[  ab] [ab  ] [a] [] [ a]", "[%4hs] [%-4hs] [%.1hs] [%.0hs] [%2.1hs]", "ab", "ab", "ab", "ab",
              "ab");
        CHECK("[  ab] [ab  ] [a] [00ab]", "[%4ls] [%-4ls] [%.1ls] [%04ls]", L"ab", L"ab", L"ab", L"ab");
        CHECK("abc xyz", "%Z %wZ", &ansi, &unicode);
        CHECK("[  abc] [xyz  ] [ab] [xy]", "[%5Z] [%-5wZ] [%.2Z] [%.2wZ]", &ansi, &unicode, &ansi, &unicode);
        CHECK("(null) (null) (null)", "%Z %wZ %wZ", &empty, &empty, NULL);
        CHECK("a b [  c] [d  ]", "%hc %lc [%3hc] [%-3lc]", 'a', 'b', 'c', 'd');
        CHECK("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "%ls %lc %ws", L"\xE9", 0x20AC, L"\xD83D\xDE00");
        CHECK("\xC3\xA9 \xF0\x9F\x98\x80", "%hs %hs", "\xC3\xA9", "\xF0\x9F\x98\x80");
        CHECK2("narrow wide", "narrow wide", "%hs %ls", "narrow", L"wide");
        // The letters in lower case mean the function's own width.
        char narrow[20];
        wchar_t wide[20];
        assert_int_equal(fwcrt_sprintf(narrow, "%wZ", &cut_surrogate), 3);
        assert_string_equal(narrow, "\xEF\xBF\xBD");
        assert_int_equal(_swprintf(wide, L"%wZ", &cut_surrogate), 1);
        assert_int_equal(wide[0], 0xD83D); // UTF-16 stays as it is
        assert_int_equal(fwcrt_sprintf(narrow, "%s%S%c%C", "ab", L"cd", 'e', L'f'), 6);
        assert_string_equal(narrow, "abcdef");
        assert_int_equal(_swprintf(wide, L"%s%S%c%C", L"ab", "cd", L'e', 'f'), 6);
        assert_int_equal(wcscmp(wide, L"abcdef"), 0);
}

// A precision bounds what is read: the text need not be terminated.
static void precision_bounds_reading(void **state)
{
        (void)state;
        char *page = malloc(4);
        wchar_t *wide = malloc(4 * sizeof(*wide));
        memcpy(page, "abc\xC3", 4);
        wmemcpy(wide, L"abc\xD83D", 4);
        CHECK("abc", "%.*hs", 3, page);
        CHECK("abc", "%.*ls", 3, wide);
        CHECK2("abc\xC3", "abc\xEF\xBF\xBD", "%.4hs", page);
        CHECK2("abc", "abc", "%.3ls", wide);
        free(page);
        free(wide);
        CHECK2("\xC3\xA9", "\xC3\xA9\xC3\xA9\xC3\xA9", "%.3ls", L"\xE9\xE9\xE9\xE9"); // no half characters
}

static void floating(void **state)
{
        (void)state;
        CHECK("3.141593 3.14 3 3.000000e+00 0.0001", "%f %.2f %.0f %e %g", 3.14159265, 3.14159, 3.14, 3.0,
              0.0001);
        CHECK("[   1.50] [1.50   ] [0001.50] [+1.5] [-01.5]", "[%7.2f] [%-7.2f] [%07.2f] [%+.1f] [%05.1f]",
              1.5, 1.5, 1.5, 1.5, -1.5);
        CHECK("1.5 2.5", "%Lg %lg", 1.5L, 2.5);
        CHECK("inf nan", "%f %f", (double)__builtin_inf(), (double)__builtin_nan(""));
        char big[1000];
        assert_int_equal(fwcrt_sprintf(big, "%.600f", 1.0), 602);
        assert_int_equal(big[601], '0');
}

static void odd_formats(void **state)
{
        (void)state;
        CHECK("y", "%y");
        CHECK("a", "a%");
        CHECK("", "%hs", "");
        char to[8] = "x";
        int n = 77;
        assert_int_equal(fwcrt_snprintf(to, sizeof(to), "ab%n", &n), -1);
        assert_int_equal(n, 77);
        assert_string_equal(to, "");
        assert_int_equal(fwcrt_snprintf(NULL, 0, "%2147483647d", 1), INT_MAX);
        assert_int_equal(fwcrt_snprintf(NULL, 0, "%2147483647d%d", 1, 1), -1);
        assert_int_equal(_snprintf(to, sizeof(to), "%99999999999d", 1), -1);
        assert_int_equal(fwcrt_snprintf(to, sizeof(to), "%.2147483647d", 1), INT_MAX);
}

static void cut_like_snprintf(void **state)
{
        (void)state;
        char to[5];
        wchar_t wide[5];
        memset(to, '!', sizeof(to));
        assert_int_equal(_snprintf(to, 4, "%s", "abc"), 3);
        assert_memory_equal(to, "abc\0!", 5);
        memset(to, '!', sizeof(to));
        assert_int_equal(_snprintf(to, 4, "%s", "abcd"), 4); // fits, without a terminator
        assert_memory_equal(to, "abcd!", 5);
        memset(to, '!', sizeof(to));
        assert_int_equal(_snprintf(to, 4, "%s", "abcde"), -1);
        assert_memory_equal(to, "abcd!", 5);
        assert_int_equal(_snprintf(NULL, 0, "%s", "abcde"), 5);
        wmemset(wide, '!', 5);
        assert_int_equal(_snwprintf(wide, 4, L"%s", L"abcd"), 4);
        assert_int_equal(wide[4], '!');
        assert_int_equal(_snwprintf(wide, 4, L"%s", L"abcde"), -1);
        assert_int_equal(wide[3], 'd');
        assert_int_equal(_snwprintf(wide, 4, L"%s", L"ab"), 2);
        assert_int_equal(wide[2], 0);
        assert_int_equal(_scprintf("%d", 12345), 5);
        assert_int_equal(_scwprintf(L"%ls", L"abc"), 3);
        // the standard's
        assert_int_equal(fwcrt_snprintf(to, 4, "%s", "abcde"), 5);
        assert_string_equal(to, "abc");
        assert_int_equal(fwcrt_snprintf(NULL, 0, "%s", "abcde"), 5);
        wmemset(wide, '!', 5);
        assert_int_equal(swprintf(wide, 4, L"%s", L"abcde"), -1);
        assert_int_equal(wcscmp(wide, L"abc"), 0);
        assert_int_equal(swprintf(wide, 4, L"%s", L"abcd"), -1);
        assert_int_equal(swprintf(wide, 4, L"%s", L"abc"), 3);
}

static void refused_like_s(void **state)
{
        (void)state;
        char to[5] = "!!!!";
        wchar_t wide[5];
        assert_int_equal(sprintf_s(to, 4, "%s", "abc"), 3);
        assert_string_equal(to, "abc");
        assert_int_equal(sprintf_s(to, 4, "%s", "abcd"), -1);
        assert_int_equal(errno, ERANGE);
        assert_string_equal(to, "");
        assert_int_equal(sprintf_s(NULL, 4, "x"), -1);
        assert_int_equal(sprintf_s(to, 4, NULL), -1);
        assert_int_equal(swprintf_s(wide, 4, L"%d", 123), 3);
        assert_int_equal(swprintf_s(wide, 4, L"%d", 1234), -1);
        assert_int_equal(wide[0], 0);
        assert_int_equal(_snprintf_s(to, 5, _TRUNCATE, "%s", "abcdef"), -1);
        assert_string_equal(to, "abcd");
        assert_int_equal(_snprintf_s(to, 5, _TRUNCATE, "%s", "abcd"), 4);
        assert_int_equal(_snprintf_s(to, 5, 2, "%s", "abcd"), -1);
        assert_string_equal(to, "ab");
        assert_int_equal(_snprintf_s(to, 5, 9, "%s", "abcdef"), -1);
        assert_string_equal(to, "");
        assert_int_equal(_snprintf_s(to, 5, 9, "%s", "abc"), 3);
        assert_int_equal(_snwprintf_s(wide, 5, _TRUNCATE, L"%s", L"abcdef"), -1);
        assert_int_equal(wcscmp(wide, L"abcd"), 0);
}

static void wide_strings(void **state)
{
        (void)state;
        wchar_t b[20], *context;
        assert_int_equal(sizeof(wchar_t), 2);
        assert_int_equal(wcslen(L"abc"), 3);
        assert_int_equal(wcsnlen(L"abc", 2), 2);
        assert_ptr_equal(wcscpy(b, L"abc"), b);
        assert_int_equal(wcscmp(wcscat(b, L"def"), L"abcdef"), 0);
        assert_true(wcscmp(L"a", L"b") < 0 && wcscmp(L"\xFFFF", L"a") > 0);
        assert_int_equal(wcsncmp(L"abX", L"abY", 2), 0);
        wmemset(b, '!', 20);
        wcsncpy(b, L"ab", 4);
        assert_memory_equal(b, L"ab\0\0!", 10);
        wcsncpy(b, L"abcdef", 3);
        assert_memory_equal(b, L"abc\0!", 10);
        wcscpy(b, L"ab");
        wcsncat(b, L"cdef", 2);
        assert_int_equal(wcscmp(b, L"abcd"), 0);
        assert_int_equal(wcschr(b, 'c') - b, 2);
        assert_null(wcschr(b, 'x'));
        assert_int_equal(wcsrchr(L"abcabc", 'b')[1], 'c');
        assert_int_equal(wcsstr(b, L"cd") - b, 2);
        assert_null(wcsstr(b, L"dc"));
        assert_ptr_equal(wcsstr(b, L""), b);
        assert_int_equal(wcsspn(L"aabx", L"ab"), 3);
        assert_int_equal(wcscspn(L"xxab", L"ab"), 2);
        assert_int_equal(*wcspbrk(L"xxab", L"ab"), 'a');
        wcscpy(b, L",a,,b,");
        assert_int_equal(wcscmp(wcstok(b, L",", &context), L"a"), 0);
        assert_int_equal(wcscmp(wcstok(NULL, L",", &context), L"b"), 0);
        assert_null(wcstok(NULL, L",", &context));
        assert_int_equal(wmemcmp(L"ab", L"ac", 2), -1);
        assert_int_equal(*wmemchr(L"abc", 'b', 3), 'b');
}

static void case_mapping(void **state)
{
        (void)state;
        wchar_t b[20];
        assert_int_equal(_wcsicmp(L"Gr\xFC\xDF", L"gR\xDC\xDF"), 0);
        assert_true(_wcsicmp(L"a_", L"AB") < 0); // '_' comes before the letters, as lower case has it
        assert_true(_wcsicmp(L"a", L"B") < 0 && _wcsicmp(L"b", L"A") > 0);
        assert_int_equal(_wcsnicmp(L"abX", L"ABy", 2), 0);
        assert_true(_wcsnicmp(L"abX", L"ABy", 3) != 0);
        assert_int_equal(wcscmp(_wcsupr(wcscpy(b, L"a\xE9z1")), L"A\xC9Z1"), 0);
        assert_int_equal(wcscmp(_wcslwr(wcscpy(b, L"A\xC9Z1")), L"a\xE9z1"), 0);
        assert_int_equal(towupper('a'), 'A');
        assert_int_equal(towlower(0xC9), 0xE9);
        assert_int_equal(_stricmp("aBc", "AbC"), 0);
        assert_true(_stricmp("a_", "AB") < 0);
        assert_true(_stricmp("\xE9", "\xC9") != 0);
        assert_int_equal(_strnicmp("abX", "ABy", 2), 0);
        assert_true(iswalpha(0xE9) && !iswalpha('1') && iswdigit('7') && iswspace(0x3000) && !iswprint(1));
        char n[4] = "aB1";
        assert_string_equal(_strupr(n), "AB1");
        assert_string_equal(_strlwr(n), "ab1");
        assert_string_equal(_strrev(n), "1ba");
}

static void bounded_copies(void **state)
{
        (void)state;
        wchar_t w[4];
        char c[4];
        assert_int_equal(wcscpy_s(w, 4, L"abc"), 0);
        assert_int_equal(wcscpy_s(w, 4, L"abcd"), ERANGE);
        assert_int_equal(w[0], 0);
        assert_int_equal(wcscpy_s(NULL, 4, L"a"), EINVAL);
        assert_int_equal(wcsncpy_s(w, 4, L"abcdef", _TRUNCATE), 80);
        assert_int_equal(wcscmp(w, L"abc"), 0);
        assert_int_equal(wcsncpy_s(w, 4, L"abcdef", 2), 0);
        assert_int_equal(wcscmp(w, L"ab"), 0);
        assert_int_equal(wcscat_s(w, 4, L"c"), 0);
        assert_int_equal(wcscat_s(w, 4, L"d"), ERANGE);
        assert_int_equal(strcpy_s(c, 4, "abc"), 0);
        assert_int_equal(strcat_s(c, 4, "d"), ERANGE);
        assert_string_equal(c, "");
        assert_int_equal(strncpy_s(c, 4, "abcdef", _TRUNCATE), 80);
        assert_string_equal(c, "abc");
        assert_int_equal(strncat_s(c, 4, "x", 0), 0);
        assert_int_equal(memcpy_s(c, 4, "12345", 5), ERANGE);
        assert_memory_equal(c, "\0\0\0\0", 4);
        memset(c, 'x', 4);
        assert_int_equal(strcat_s(c, 4, "y"), EINVAL); // not terminated
}

static void numbers(void **state)
{
        (void)state;
        wchar_t *end, w[70];
        char n[70];
        errno = 0;
        assert_int_equal(wcstol(L"  -12xyz", &end, 10), -12);
        assert_int_equal(*end, 'x');
        assert_int_equal(wcstol(L"0x1F", NULL, 0), 31);
        assert_int_equal(wcstol(L"010", NULL, 0), 8);
        assert_int_equal(wcstoul(L"ffffffff", NULL, 16), 0xFFFFFFFF);
        assert_int_equal(wcstoul(L"-1", NULL, 10), 0xFFFFFFFF);
        assert_int_equal(errno, 0);
        assert_int_equal(wcstol(L"2147483648", NULL, 10), INT_MAX); // a long has 32 bits
        assert_int_equal(errno, ERANGE);
        assert_int_equal(wcstol(L"-99999999999999999999999", NULL, 10), INT_MIN);
        assert_int_equal(wcstoul(L"4294967296", NULL, 10), UINT_MAX);
        assert_int_equal(fwcrt_strtol("0x", (char **)&end, 16), 0);
        assert_int_equal(*(char *)end, 'x');
        const wchar_t *none = L" -";
        assert_int_equal(wcstol(none, &end, 10), 0);
        assert_ptr_equal(end, none);
        assert_true(_wcstoui64(L"18446744073709551615", NULL, 10) == UINT64_MAX);
        assert_true(_wtoi64(L"-9223372036854775808") == INT64_MIN);
        assert_int_equal(_wtoi(L" 42 "), 42);
        assert_true(wcstod(L" -1.5e3x", &end) == -1500.0 && *end == 'x');
        assert_string_equal(_itoa(-255, n, 10), "-255");
        assert_string_equal(_itoa(-1, n, 16), "ffffffff");
        assert_string_equal(_i64toa(INT64_MIN, n, 10), "-9223372036854775808");
        assert_string_equal(_ui64toa(UINT64_MAX, n, 2),
                            "1111111111111111111111111111111111111111111111111111111111111111");
        assert_int_equal(wcscmp(_itow(35, w, 36), L"z"), 0);
        assert_int_equal(_itow_s(1000, w, 4, 10), ERANGE);
        assert_int_equal(w[0], 0);
        assert_int_equal(_itow_s(100, w, 4, 10), 0);
        assert_int_equal(_itoa_s(1, n, 4, 1), EINVAL);
}

static void scanning(void **state)
{
        (void)state;
        int i = 0, j = 0;
        long l = -1; // only 32 bits of it are stored
        long long big = 0;
        unsigned short h[2] = {7, 7};
        double d;
        float f;
        char s[10], rest[10];
        wchar_t w[10];
        unsigned x;
        assert_int_equal(fwcrt_sscanf("12 -3,ff", "%d %d,%x", &i, &j, &x), 3);
        assert_true(i == 12 && j == -3 && x == 255);
        assert_int_equal(fwcrt_sscanf("5", "%ld", &l), 1);
        assert_true(l == (long)0xFFFFFFFF00000005);
        assert_int_equal(fwcrt_sscanf("-9223372036854775808 70000", "%I64d %hu", &big, h), 2);
        assert_true(big == INT64_MIN && h[0] == 70000 % 65536 && h[1] == 7);
        assert_int_equal(fwcrt_sscanf("1.5e1 2.5 word rest", "%lf %f %9hs %[a-s]%n", &d, &f, s, rest, &i), 4);
        assert_true(d == 15.0 && f == 2.5f && i == 18);
        assert_string_equal(s, "word");
        assert_string_equal(rest, "res");
        assert_int_equal(fwcrt_sscanf("0x1F 010 12", "%i %i %2d", &i, &j, &x), 3);
        assert_true(i == 31 && j == 8 && x == 12);
        assert_int_equal(fwcrt_sscanf("abc", "%d", &i), 0);
        assert_int_equal(fwcrt_sscanf("", "%d", &i), EOF);
        assert_int_equal(fwcrt_sscanf("ab", "%*c%c", s), 1);
        assert_int_equal(s[0], 'b');
        assert_int_equal(fwcrt_sscanf("50%x", "%d%%%hc", &i, s), 2);
        assert_int_equal(fwcrt_sscanf("\xC3\xA9z", "%ls", w), 1);
        assert_int_equal(wcscmp(w, L"\xE9z"), 0);
        assert_int_equal(fwcrt_sscanf("]x", "%[]x]", s), 1);
        assert_string_equal(s, "]x");
        assert_int_equal(swscanf(L"7 \xE9 n", L"%d %s %hs", &i, w, s), 3);
        assert_true(i == 7 && w[0] == 0xE9 && s[0] == 'n');
        assert_int_equal(sscanf_s("word", "%s", s, 5u), 1);
        assert_int_equal(sscanf_s("word", "%s", s, 4u), 0);
        assert_string_equal(s, "");
        assert_int_equal(sscanf_s("ab", "%c%c", s, 1u, s + 1, 1u), 2);
        FILE *file = tmpfile();
        assert_non_null(file);
        fputs("12 \xC3\xA9x\n7", file);
        rewind(file);
        assert_int_equal(fwcrt_fscanf(file, "%d", &i), 1);
        assert_int_equal(fwscanf(file, L"%1ls", w), 1);
        assert_int_equal(w[0], 0xE9);
        assert_int_equal(getc(file), 'x');
        assert_int_equal(fwscanf(file, L"%d", &i), 1);
        assert_int_equal(i, 7);
        fclose(file);
}

static void conversions(void **state)
{
        (void)state;
        wchar_t w[10];
        char c[10];
        size_t n;
        assert_int_equal(mbstowcs(w, "a\xE2\x82\xAC\xF0\x9F\x98\x80", 10), 4);
        assert_int_equal(wcscmp(w, L"a\x20AC\xD83D\xDE00"), 0);
        assert_int_equal(mbstowcs(NULL, "a\xE2\x82\xAC", 0), 2);
        assert_int_equal(mbstowcs(w, "a\xF0\x9F\x98\x80", 2), 1); // no half characters
        assert_true(mbstowcs(w, "a\xFF", 10) == (size_t)-1);
        assert_int_equal(wcstombs(c, L"a\x20AC", 10), 4);
        assert_int_equal(wcstombs(c, L"a\x20AC", 3), 1);
        assert_true(wcstombs(c, L"\xD83D", 10) == (size_t)-1);
        assert_int_equal(mbstowcs_s(&n, w, 10, "abc", _TRUNCATE), 0);
        assert_int_equal(n, 4);
        assert_int_equal(mbstowcs_s(&n, w, 3, "abc", _TRUNCATE), 80);
        assert_int_equal(wcscmp(w, L"ab"), 0);
        assert_int_equal(mbstowcs_s(&n, w, 3, "abc", 3), ERANGE);
        assert_int_equal(wcstombs_s(&n, c, 10, L"\x20AC", 10), 0);
        assert_int_equal(n, 4);
        assert_int_equal(mbtowc(w, "\xC3\xA9", 2), 2);
        assert_int_equal(wctomb(c, 0x20AC), 3);
}

static void streams(void **state)
{
        (void)state;
        FILE *f = tmpfile();
        char got[100];
        wchar_t wide[20];
        assert_non_null(f);
        assert_int_equal(fwprintf(f, L"%ls|%5d|%hs\n", L"\xE9\xD83D\xDE00", 7, "x"), 12);
        assert_int_equal(fwcrt_fprintf(f, "%ws|%I64d\n", L"\x20AC", INT64_MIN), 25);
        assert_int_equal(fputws(L"z\n", f), 0);
        assert_int_equal(fputwc(0xD83D, f), 0xD83D);
        assert_int_equal(fputwc(0xDE00, f), 0xDE00);
        rewind(f);
        got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
        assert_string_equal(got, "\xC3\xA9\xF0\x9F\x98\x80|    7|x\n\xE2\x82\xAC|-9223372036854775808\nz\n"
                                 "\xF0\x9F\x98\x80");
        rewind(f);
        assert_ptr_equal(fgetws(wide, 20, f), wide);
        assert_int_equal(wcscmp(wide, L"\xE9\xD83D\xDE00|    7|x\n"), 0);
        fclose(f);
        f = fopen("/dev/full", "w");
        if (!f)
                testkit_skip("no /dev/full");
        setvbuf(f, NULL, _IONBF, 0);
        assert_int_equal(fwprintf(f, L"x"), -1);
        assert_int_equal(fwcrt_fprintf(f, "x"), -1);
        fclose(f);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(integers), TEST(pointers), TEST(strings),
                                        TEST(precision_bounds_reading), TEST(floating), TEST(odd_formats),
                                        TEST(cut_like_snprintf), TEST(refused_like_s), TEST(wide_strings),
                                        TEST(case_mapping), TEST(bounded_copies), TEST(numbers),
                                        TEST(scanning), TEST(conversions), TEST(streams), TEST_END});
}
