// SPDX-License-Identifier: MIT
// What Microsoft's stdio.h declares and libc's does not. Wide output to a stream is converted to UTF-8.
#ifndef FREEWMI_CRT_STDIO_H
#define FREEWMI_CRT_STDIO_H

#include <stdarg.h>
#include <stddef.h>
#include <_mingw.h>
#include "crt-print.h"

#ifdef __cplusplus
extern "C" {
#endif

int printf_s(const char *format, ...);
int vprintf_s(const char *format, va_list arguments);
int fprintf_s(FILE *stream, const char *format, ...);
int vfprintf_s(FILE *stream, const char *format, va_list arguments);
int wprintf(const wchar_t *__restrict format, ...);
int vwprintf(const wchar_t *__restrict format, va_list arguments);
int fwprintf(FILE *__restrict stream, const wchar_t *__restrict format, ...);
int vfwprintf(FILE *__restrict stream, const wchar_t *__restrict format, va_list arguments);
int wprintf_s(const wchar_t *format, ...);
int vwprintf_s(const wchar_t *format, va_list arguments);
int fwprintf_s(FILE *stream, const wchar_t *format, ...);
int vfwprintf_s(FILE *stream, const wchar_t *format, va_list arguments);
int _putws(const wchar_t *text);
int fputws(const wchar_t *__restrict text, FILE *__restrict stream);
wint_t fputwc(wchar_t c, FILE *stream);
wint_t putwc(wchar_t c, FILE *stream);
wint_t putwchar(wchar_t c);

#ifdef __cplusplus
}
#endif

#endif
