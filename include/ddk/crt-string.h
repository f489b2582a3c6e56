// SPDX-License-Identifier: MIT
/*
 * What Microsoft's string.h declares and libc's does not. src/crt has the bodies; renames.h gives every name the
 * prefix fwcrt_. Where nothing else is said a function behaves as Microsoft documents it; the _s functions return an
 * errno value and have no invalid parameter handler.
 */
#ifndef FREEWMI_CRT_STRING_H
#define FREEWMI_CRT_STRING_H

#include <stddef.h>
#include <_mingw.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef _TRUNCATE
#define _TRUNCATE ((size_t)-1)
#endif

/* narrow: only A-Z have two cases */
int _stricmp(const char *a, const char *b);
int _strcmpi(const char *a, const char *b);
int _strnicmp(const char *a, const char *b, size_t count);
int _memicmp(const void *a, const void *b, size_t size);
char *_strlwr(char *text);
char *_strupr(char *text);
char *_strrev(char *text);
char *_strset(char *text, int c);
char *_strnset(char *text, int c, size_t count);
char *_strdup(const char *text);
errno_t _strlwr_s(char *text, size_t capacity);
errno_t _strupr_s(char *text, size_t capacity);
errno_t strcpy_s(char *to, size_t capacity, const char *from);
errno_t strncpy_s(char *to, size_t capacity, const char *from, size_t count);
errno_t strcat_s(char *to, size_t capacity, const char *from);
errno_t strncat_s(char *to, size_t capacity, const char *from, size_t count);
char *strtok_s(char *text, const char *delimiters, char **context);
size_t strnlen_s(const char *text, size_t capacity);
errno_t memcpy_s(void *to, size_t capacity, const void *from, size_t size);
errno_t memmove_s(void *to, size_t capacity, const void *from, size_t size);

#ifdef __cplusplus
}
#endif

#include "crt-wide.h"

#endif
