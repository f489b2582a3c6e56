// SPDX-License-Identifier: MIT
// The wide string functions of Microsoft's string.h and wchar.h; wchar_t is 16 bits wide, case is base's one mapping.
#ifndef FREEWMI_CRT_WIDE_H
#define FREEWMI_CRT_WIDE_H

#include <stddef.h>
#include <stdarg.h>
#include <_mingw.h>

#ifdef __cplusplus
extern "C" {
#endif

size_t wcslen(const wchar_t *text);
size_t wcsnlen(const wchar_t *text, size_t count);
wchar_t *wcscpy(wchar_t *__restrict to, const wchar_t *__restrict from);
wchar_t *wcsncpy(wchar_t *__restrict to, const wchar_t *__restrict from, size_t count);
wchar_t *wcscat(wchar_t *__restrict to, const wchar_t *__restrict from);
wchar_t *wcsncat(wchar_t *__restrict to, const wchar_t *__restrict from, size_t count);
int wcscmp(const wchar_t *a, const wchar_t *b);
int wcsncmp(const wchar_t *a, const wchar_t *b, size_t count);
int wcscoll(const wchar_t *a, const wchar_t *b);
size_t wcsspn(const wchar_t *text, const wchar_t *set);
size_t wcscspn(const wchar_t *text, const wchar_t *set);
#ifndef __cplusplus
wchar_t *wcschr(const wchar_t *text, wchar_t c);
wchar_t *wcsrchr(const wchar_t *text, wchar_t c);
wchar_t *wcsstr(const wchar_t *text, const wchar_t *part);
wchar_t *wcspbrk(const wchar_t *text, const wchar_t *set);
#endif
wchar_t *wcstok(wchar_t *__restrict text, const wchar_t *__restrict delimiters, wchar_t **__restrict context);

int _wcsicmp(const wchar_t *a, const wchar_t *b);
int _wcsnicmp(const wchar_t *a, const wchar_t *b, size_t count);
wchar_t *_wcslwr(wchar_t *text);
wchar_t *_wcsupr(wchar_t *text);
wchar_t *_wcsrev(wchar_t *text);
wchar_t *_wcsset(wchar_t *text, wchar_t c);
wchar_t *_wcsnset(wchar_t *text, wchar_t c, size_t count);
wchar_t *_wcsdup(const wchar_t *text);
errno_t _wcslwr_s(wchar_t *text, size_t capacity);
errno_t _wcsupr_s(wchar_t *text, size_t capacity);
errno_t wcscpy_s(wchar_t *to, size_t capacity, const wchar_t *from);
errno_t wcsncpy_s(wchar_t *to, size_t capacity, const wchar_t *from, size_t count);
errno_t wcscat_s(wchar_t *to, size_t capacity, const wchar_t *from);
errno_t wcsncat_s(wchar_t *to, size_t capacity, const wchar_t *from, size_t count);
wchar_t *wcstok_s(wchar_t *text, const wchar_t *delimiters, wchar_t **context);
size_t wcsnlen_s(const wchar_t *text, size_t capacity);
errno_t wmemcpy_s(wchar_t *to, size_t capacity, const wchar_t *from, size_t count);
errno_t wmemmove_s(wchar_t *to, size_t capacity, const wchar_t *from, size_t count);

wint_t towlower(wint_t c);
wint_t towupper(wint_t c);
int iswalpha(wint_t c);
int iswdigit(wint_t c);
int iswalnum(wint_t c);
int iswspace(wint_t c);
int iswupper(wint_t c);
int iswlower(wint_t c);
int iswpunct(wint_t c);
int iswprint(wint_t c);
int iswgraph(wint_t c);
int iswcntrl(wint_t c);
int iswxdigit(wint_t c);

#ifdef __cplusplus
}
#endif

#include "crt-print.h"

#endif
