// SPDX-License-Identifier: MIT
/*
 * The printing functions that need no FILE. Formats are Windows': l is 32 bits, ll and I64 are 64, I is the size of a
 * pointer; %s means the function's own width and %S the other one, h and l (w) choose; %wZ is a UNICODE_STRING *,
 * %Z an ANSI_STRING *.
 */
#ifndef FREEWMI_CRT_PRINT_H
#define FREEWMI_CRT_PRINT_H

#include <stddef.h>
#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The number of characters without the closing zero; -1 and no closing zero where they do not fit (exactly `count`
 * characters fit, without one). */
int _snprintf(char *to, size_t count, const char *format, ...);
int _vsnprintf(char *to, size_t count, const char *format, va_list arguments);
int _snwprintf(wchar_t *to, size_t count, const wchar_t *format, ...);
int _vsnwprintf(wchar_t *to, size_t count, const wchar_t *format, va_list arguments);

/* The number of characters that would be written. */
int _scprintf(const char *format, ...);
int _vscprintf(const char *format, va_list arguments);
int _scwprintf(const wchar_t *format, ...);
int _vscwprintf(const wchar_t *format, va_list arguments);

/* -1 and an empty text where it does not fit. */
int sprintf_s(char *to, size_t capacity, const char *format, ...);
int vsprintf_s(char *to, size_t capacity, const char *format, va_list arguments);
int swprintf_s(wchar_t *to, size_t capacity, const wchar_t *format, ...);
int vswprintf_s(wchar_t *to, size_t capacity, const wchar_t *format, va_list arguments);

/* At most `count` characters (_TRUNCATE: what fits) and a closing zero; -1 where that cut the text. */
int _snprintf_s(char *to, size_t capacity, size_t count, const char *format, ...);
int _vsnprintf_s(char *to, size_t capacity, size_t count, const char *format, va_list arguments);
int _snwprintf_s(wchar_t *to, size_t capacity, size_t count, const wchar_t *format, ...);
int _vsnwprintf_s(wchar_t *to, size_t capacity, size_t count, const wchar_t *format, va_list arguments);

/* The standard's, with the size of the buffer; -1 where the text does not fit. */
int swprintf(wchar_t *__restrict to, size_t capacity, const wchar_t *__restrict format, ...);
int vswprintf(wchar_t *__restrict to, size_t capacity, const wchar_t *__restrict format, va_list arguments);
/* The older ones, without it. */
int _swprintf(wchar_t *to, const wchar_t *format, ...);
int _vswprintf(wchar_t *to, const wchar_t *format, va_list arguments);

/* Each text is followed by the size of its buffer, an unsigned. */
int sscanf_s(const char *text, const char *format, ...);
int swscanf_s(const wchar_t *text, const wchar_t *format, ...);

#ifdef __cplusplus
}
#else
#ifndef FREEWMI_LINUX
/* Kernel sources call swprintf without a size, programs with one: the second argument tells them apart. */
#define swprintf(to, second, ...) \
        _Generic((second), wchar_t *: _swprintf, const wchar_t *: _swprintf, default: swprintf)( \
                to, second __VA_OPT__(, ) __VA_ARGS__)
#define vswprintf(to, second, ...) \
        _Generic((second), wchar_t *: _vswprintf, const wchar_t *: _vswprintf, default: vswprintf)( \
                to, second __VA_OPT__(, ) __VA_ARGS__)
#endif
#endif

#endif
