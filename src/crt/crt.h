// SPDX-License-Identifier: MIT
// The C runtime of Windows sources: what include/ddk/crt-*.h declares, under the names fwcrt_NAME
// (include/ddk/renames.h).
//
// Contract. Rooms of ours that want one of these functions include the header that declares it (<string.h>,
// <wchar.h>, <stdio.h>, ...) and call it by its Microsoft name. The narrow printf family, which keeps libc's
// meaning in rooms of ours (FREEWMI_HOST), is here under its real name.
#ifndef CRT_CRT_H
#define CRT_CRT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

// printf and its family as a Windows source means them; formats as in format.h. The v forms leave `arguments`
// usable only for va_end.
int fwcrt_printf(const char *format, ...);
int fwcrt_vprintf(const char *format, va_list arguments);
int fwcrt_fprintf(FILE *stream, const char *format, ...);
int fwcrt_vfprintf(FILE *stream, const char *format, va_list arguments);
int fwcrt_sprintf(char *to, const char *format, ...);
int fwcrt_vsprintf(char *to, const char *format, va_list arguments);
int fwcrt_snprintf(char *to, size_t capacity, const char *format, ...);
int fwcrt_vsnprintf(char *to, size_t capacity, const char *format, va_list arguments);
// scanf and its family, likewise. They return the number of values stored, EOF where the input ended before
// the first.
int fwcrt_scanf(const char *format, ...);
int fwcrt_vscanf(const char *format, va_list arguments);
int fwcrt_fscanf(FILE *stream, const char *format, ...);
int fwcrt_vfscanf(FILE *stream, const char *format, va_list arguments);
int fwcrt_sscanf(const char *text, const char *format, ...);
int fwcrt_vsscanf(const char *text, const char *format, va_list arguments);
// A 32-bit long, in the type that libc's header gives these.
long fwcrt_strtol(const char *text, char **end, int radix);
unsigned long fwcrt_strtoul(const char *text, char **end, int radix);
long fwcrt_atol(const char *text);

#endif
