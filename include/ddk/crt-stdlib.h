// SPDX-License-Identifier: MIT
// What Microsoft's stdlib.h declares and libc's does not: conversions between numbers and text. A long has 32 bits.
#ifndef FREEWMI_CRT_STDLIB_H
#define FREEWMI_CRT_STDLIB_H

#include <stddef.h>
#include <_mingw.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef _MAX_PATH
#define _MAX_PATH 260
#define _MAX_DRIVE 3
#define _MAX_DIR 256
#define _MAX_FNAME 256
#define _MAX_EXT 256
#endif
#ifndef _countof
#define _countof(array) (sizeof(array) / sizeof((array)[0]))
#endif
#ifndef FREEWMI_LINUX
#ifndef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#ifndef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#endif

char *_itoa(int value, char *text, int radix);
char *_ltoa(__LONG32 value, char *text, int radix);
char *_ultoa(unsigned __LONG32 value, char *text, int radix);
char *_i64toa(long long value, char *text, int radix);
char *_ui64toa(unsigned long long value, char *text, int radix);
wchar_t *_itow(int value, wchar_t *text, int radix);
wchar_t *_ltow(__LONG32 value, wchar_t *text, int radix);
wchar_t *_ultow(unsigned __LONG32 value, wchar_t *text, int radix);
wchar_t *_i64tow(long long value, wchar_t *text, int radix);
wchar_t *_ui64tow(unsigned long long value, wchar_t *text, int radix);
errno_t _itoa_s(int value, char *text, size_t capacity, int radix);
errno_t _ltoa_s(__LONG32 value, char *text, size_t capacity, int radix);
errno_t _ultoa_s(unsigned __LONG32 value, char *text, size_t capacity, int radix);
errno_t _i64toa_s(long long value, char *text, size_t capacity, int radix);
errno_t _ui64toa_s(unsigned long long value, char *text, size_t capacity, int radix);
errno_t _itow_s(int value, wchar_t *text, size_t capacity, int radix);
errno_t _ltow_s(__LONG32 value, wchar_t *text, size_t capacity, int radix);
errno_t _ultow_s(unsigned __LONG32 value, wchar_t *text, size_t capacity, int radix);
errno_t _i64tow_s(long long value, wchar_t *text, size_t capacity, int radix);
errno_t _ui64tow_s(unsigned long long value, wchar_t *text, size_t capacity, int radix);

int _wtoi(const wchar_t *text);
__LONG32 _wtol(const wchar_t *text);
long long _wtoi64(const wchar_t *text);
long long _wtoll(const wchar_t *text);
double _wtof(const wchar_t *text);
long long _atoi64(const char *text);
long long _strtoi64(const char *text, char **end, int radix);
unsigned long long _strtoui64(const char *text, char **end, int radix);
long long _wcstoi64(const wchar_t *text, wchar_t **end, int radix);
unsigned long long _wcstoui64(const wchar_t *text, wchar_t **end, int radix);
/* These two carry 32-bit values in the type that libc's header gives them. */
long wcstol(const wchar_t *__restrict text, wchar_t **__restrict end, int radix);
unsigned long wcstoul(const wchar_t *__restrict text, wchar_t **__restrict end, int radix);
double wcstod(const wchar_t *__restrict text, wchar_t **__restrict end);

errno_t mbstowcs_s(size_t *converted, wchar_t *to, size_t capacity, const char *from, size_t count);
errno_t wcstombs_s(size_t *converted, char *to, size_t capacity, const wchar_t *from, size_t count);

#ifdef __cplusplus
}
#endif

#endif
