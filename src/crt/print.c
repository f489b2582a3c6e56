// SPDX-License-Identifier: MIT
// The printf family over the formatting engine: what each does at the end of its buffer.
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>

#include "crt/crt.h"
#include "crt/format.h"

// The variadic form of a function that takes a va_list.
#define FORWARD(call)                                                                                        \
        va_list arguments;                                                                                   \
        int n;                                                                                               \
        va_start(arguments, format);                                                                         \
        n = call;                                                                                            \
        va_end(arguments);                                                                                   \
        return n

static int to_buffer(bool wide, void *to, size_t capacity, const void *format, va_list arguments)
{
        FormatSink sink = {.wide = wide, .buffer = to, .capacity = to ? capacity : 0};

        return format ? crt_format(&sink, format, arguments) : -1;
}

static int to_stream(bool wide, FILE *stream, const void *format, va_list arguments)
{
        FormatSink sink = {.wide = wide, .stream = stream};

        if (!stream || !format) {
                errno = EINVAL;
                return -1;
        }
        return crt_format(&sink, format, arguments);
}

static void put_end(bool wide, void *to, size_t at)
{
        if (wide)
                ((wchar_t *)to)[at] = 0;
        else
                ((char *)to)[at] = 0;
}

// --- streams
// --------------------------------------------------------------------------------------------------------

int fwcrt_vfprintf(FILE *stream, const char *format, va_list arguments)
{
        return to_stream(false, stream, format, arguments);
}

int fwcrt_fprintf(FILE *stream, const char *format, ...)
{
        FORWARD(to_stream(false, stream, format, arguments));
}

int fwcrt_vprintf(const char *format, va_list arguments)
{
        return to_stream(false, stdout, format, arguments);
}

int fwcrt_printf(const char *format, ...)
{
        FORWARD(to_stream(false, stdout, format, arguments));
}

int printf_s(const char *format, ...)
{
        FORWARD(to_stream(false, stdout, format, arguments));
}

int vprintf_s(const char *format, va_list arguments)
{
        return to_stream(false, stdout, format, arguments);
}

int fprintf_s(FILE *stream, const char *format, ...)
{
        FORWARD(to_stream(false, stream, format, arguments));
}

int vfprintf_s(FILE *stream, const char *format, va_list arguments)
{
        return to_stream(false, stream, format, arguments);
}

int wprintf(const wchar_t *format, ...)
{
        FORWARD(to_stream(true, stdout, format, arguments));
}

int vwprintf(const wchar_t *format, va_list arguments)
{
        return to_stream(true, stdout, format, arguments);
}

int fwprintf(FILE *stream, const wchar_t *format, ...)
{
        FORWARD(to_stream(true, stream, format, arguments));
}

int vfwprintf(FILE *stream, const wchar_t *format, va_list arguments)
{
        return to_stream(true, stream, format, arguments);
}

int wprintf_s(const wchar_t *format, ...)
{
        FORWARD(to_stream(true, stdout, format, arguments));
}

int vwprintf_s(const wchar_t *format, va_list arguments)
{
        return to_stream(true, stdout, format, arguments);
}

int fwprintf_s(FILE *stream, const wchar_t *format, ...)
{
        FORWARD(to_stream(true, stream, format, arguments));
}

int vfwprintf_s(FILE *stream, const wchar_t *format, va_list arguments)
{
        return to_stream(true, stream, format, arguments);
}

// --- no bound
// -------------------------------------------------------------------------------------------------------

static int unbounded(bool wide, void *to, const void *format, va_list arguments)
{
        int n = to_buffer(wide, to, SIZE_MAX / 4, format, arguments);

        if (to)
                put_end(wide, to, n >= 0 ? (size_t)n : 0);
        return n;
}

int fwcrt_vsprintf(char *to, const char *format, va_list arguments)
{
        return unbounded(false, to, format, arguments);
}

int fwcrt_sprintf(char *to, const char *format, ...)
{
        FORWARD(unbounded(false, to, format, arguments));
}

int _vswprintf(wchar_t *to, const wchar_t *format, va_list arguments)
{
        return unbounded(true, to, format, arguments);
}

int _swprintf(wchar_t *to, const wchar_t *format, ...)
{
        FORWARD(unbounded(true, to, format, arguments));
}

// --- a bound that cuts
// ----------------------------------------------------------------------------------------------

// The standard's snprintf: always terminated, the whole length returned.
int fwcrt_vsnprintf(char *to, size_t capacity, const char *format, va_list arguments)
{
        int n = to_buffer(false, to, capacity, format, arguments);

        if (to && capacity)
                put_end(false, to, n < 0 ? 0 : (size_t)n < capacity ? (size_t)n : capacity - 1);
        return n;
}

int fwcrt_snprintf(char *to, size_t capacity, const char *format, ...)
{
        FORWARD(fwcrt_vsnprintf(to, capacity, format, arguments));
}

// The standard's swprintf: terminated, -1 where it is cut.
int vswprintf(wchar_t *to, size_t capacity, const wchar_t *format, va_list arguments)
{
        int n = to_buffer(true, to, capacity, format, arguments);

        if (!to || !capacity)
                return -1;
        put_end(true, to, n < 0 ? 0 : (size_t)n < capacity ? (size_t)n : capacity - 1);
        return n < 0 || (size_t)n >= capacity ? -1 : n;
}

int swprintf(wchar_t *to, size_t capacity, const wchar_t *format, ...)
{
        FORWARD(vswprintf(to, capacity, format, arguments));
}

// Microsoft's _snprintf: terminated only where there is room; no buffer and no room asks for the length.
static int cut(bool wide, void *to, size_t count, const void *format, va_list arguments)
{
        int n = to_buffer(wide, to, count, format, arguments);

        if (!to)
                return count ? -1 : n;
        if (n < 0 || (size_t)n > count)
                return -1;
        if ((size_t)n < count)
                put_end(wide, to, (size_t)n);
        return n;
}

int _vsnprintf(char *to, size_t count, const char *format, va_list arguments)
{
        return cut(false, to, count, format, arguments);
}

int _snprintf(char *to, size_t count, const char *format, ...)
{
        FORWARD(cut(false, to, count, format, arguments));
}

int _vsnwprintf(wchar_t *to, size_t count, const wchar_t *format, va_list arguments)
{
        return cut(true, to, count, format, arguments);
}

int _snwprintf(wchar_t *to, size_t count, const wchar_t *format, ...)
{
        FORWARD(cut(true, to, count, format, arguments));
}

// --- a bound that refuses
// -------------------------------------------------------------------------------------------

// The _s functions: what does not fit makes the text empty.
static int refuse(bool wide, void *to, size_t capacity, const void *format, va_list arguments)
{
        int n;

        if (!to || !capacity || !format) {
                if (to && capacity)
                        put_end(wide, to, 0);
                errno = EINVAL;
                return -1;
        }
        n = to_buffer(wide, to, capacity, format, arguments);
        if (n < 0 || (size_t)n >= capacity) {
                put_end(wide, to, 0);
                errno = n < 0 ? EINVAL : ERANGE;
                return -1;
        }
        put_end(wide, to, (size_t)n);
        return n;
}

int vsprintf_s(char *to, size_t capacity, const char *format, va_list arguments)
{
        return refuse(false, to, capacity, format, arguments);
}

int sprintf_s(char *to, size_t capacity, const char *format, ...)
{
        FORWARD(refuse(false, to, capacity, format, arguments));
}

int vswprintf_s(wchar_t *to, size_t capacity, const wchar_t *format, va_list arguments)
{
        return refuse(true, to, capacity, format, arguments);
}

int swprintf_s(wchar_t *to, size_t capacity, const wchar_t *format, ...)
{
        FORWARD(refuse(true, to, capacity, format, arguments));
}

// _snprintf_s: cut at `count` (or, with _TRUNCATE, at the buffer's end), refused where even that does not
// fit.
static int cut_s(bool wide, void *to, size_t capacity, size_t count, const void *format, va_list arguments)
{
        size_t room;
        int n;

        if (!to && !capacity && !count)
                return 0;
        if (!to || !capacity || !format) {
                if (to && capacity)
                        put_end(wide, to, 0);
                errno = EINVAL;
                return -1;
        }
        room = count < capacity ? count : capacity - 1;
        n = to_buffer(wide, to, room, format, arguments);
        if (n >= 0 && (size_t)n <= room) {
                put_end(wide, to, (size_t)n);
                return n;
        }
        if (n < 0 || (count != _TRUNCATE && count >= capacity)) {
                put_end(wide, to, 0);
                errno = n < 0 ? EINVAL : ERANGE;
        } else {
                put_end(wide, to, room);
        }
        return -1;
}

int _vsnprintf_s(char *to, size_t capacity, size_t count, const char *format, va_list arguments)
{
        return cut_s(false, to, capacity, count, format, arguments);
}

int _snprintf_s(char *to, size_t capacity, size_t count, const char *format, ...)
{
        FORWARD(cut_s(false, to, capacity, count, format, arguments));
}

int _vsnwprintf_s(wchar_t *to, size_t capacity, size_t count, const wchar_t *format, va_list arguments)
{
        return cut_s(true, to, capacity, count, format, arguments);
}

int _snwprintf_s(wchar_t *to, size_t capacity, size_t count, const wchar_t *format, ...)
{
        FORWARD(cut_s(true, to, capacity, count, format, arguments));
}

// --- the length alone
// -----------------------------------------------------------------------------------------------

int _vscprintf(const char *format, va_list arguments)
{
        return to_buffer(false, NULL, 0, format, arguments);
}

int _scprintf(const char *format, ...)
{
        FORWARD(to_buffer(false, NULL, 0, format, arguments));
}

int _vscwprintf(const wchar_t *format, va_list arguments)
{
        return to_buffer(true, NULL, 0, format, arguments);
}

int _scwprintf(const wchar_t *format, ...)
{
        FORWARD(to_buffer(true, NULL, 0, format, arguments));
}
