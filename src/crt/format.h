// SPDX-License-Identifier: MIT
// The one formatting engine behind every printf of the runtime, narrow and wide, with Windows' format
// language.
//
// Microsoft's documentation: "Format specification syntax: printf and wprintf functions". What differs from
// ISO C: l is 32 bits; ll, I64, j are 64; I, z, t have the size of a pointer; %s is a string of the
// function's own width, %S of the other, h and l (w) choose; %Z and %wZ are counted strings (ANSI_STRING,
// UNICODE_STRING); %p has 16 digits; %n is refused. Text is converted between UTF-8 and UTF-16; what cannot
// be converted becomes U+FFFD.
#ifndef CRT_FORMAT_H
#define CRT_FORMAT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// Where formatted text goes: a buffer of `capacity` units, or a stream, or nowhere (both NULL: count only).
typedef struct FormatSink {
        bool wide;       // units are wchar_t (16 bits), else char
        void *buffer;    // may be NULL
        size_t capacity; // units that fit in the buffer, terminator included if the caller wants one
        FILE *stream;    // wide units reach it as UTF-8
        size_t count;    // units produced, stored or not
        bool failed;     // writing to the stream failed, or the format is refused
        wchar_t high;    // stream: a high surrogate waiting for its other half
} FormatSink;

// Formats into the sink. `format` is const char * or const wchar_t * after sink->wide. Does not terminate the
// buffer. Returns the number of units, -1 where the format is refused, the stream failed, or the text has
// more than INT_MAX.
int crt_format(FormatSink *sink, const void *format, va_list arguments) __attribute__((visibility("hidden")));

// Writes `count` units of wide text to a stream as UTF-8, pairing surrogates across calls through *high (0 at
// first; call once more with count 0 at the end: a lone one is then written as U+FFFD). Returns 0, or -1
// where it failed.
int crt_write_wide(FILE *stream, const wchar_t *text, size_t count, wchar_t *high, bool end)
        __attribute__((visibility("hidden")));

#endif
