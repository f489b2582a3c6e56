// SPDX-License-Identifier: MIT
// What Microsoft's string.h adds for narrow text. Only A to Z have two cases.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crt/crt.h"

#ifndef STRUNCATE
#define STRUNCATE 80
#endif

static int lower(unsigned char c)
{
        return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

int _strnicmp(const char *a, const char *b, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                int difference = lower((unsigned char)a[i]) - lower((unsigned char)b[i]);

                if (difference || !a[i])
                        return difference;
        }
        return 0;
}

int _stricmp(const char *a, const char *b)
{
        return _strnicmp(a, b, SIZE_MAX);
}

int _strcmpi(const char *a, const char *b)
{
        return _stricmp(a, b);
}

int _memicmp(const void *a, const void *b, size_t size)
{
        for (size_t i = 0; i < size; i++) {
                int difference = lower(((const unsigned char *)a)[i]) - lower(((const unsigned char *)b)[i]);

                if (difference)
                        return difference;
        }
        return 0;
}

char *_strlwr(char *text)
{
        for (char *p = text; *p; p++)
                *p = (char)lower((unsigned char)*p);
        return text;
}

char *_strupr(char *text)
{
        for (char *p = text; *p; p++)
                if (*p >= 'a' && *p <= 'z')
                        *p = (char)(*p - 'a' + 'A');
        return text;
}

static errno_t check_ends(char *text, size_t capacity)
{
        if (!text || !capacity)
                return EINVAL;
        if (strnlen(text, capacity) == capacity) {
                text[0] = '\0';
                return EINVAL;
        }
        return 0;
}

errno_t _strlwr_s(char *text, size_t capacity)
{
        errno_t r = check_ends(text, capacity);

        if (!r)
                _strlwr(text);
        return r;
}

errno_t _strupr_s(char *text, size_t capacity)
{
        errno_t r = check_ends(text, capacity);

        if (!r)
                _strupr(text);
        return r;
}

char *_strrev(char *text)
{
        size_t n = strlen(text);

        for (size_t i = 0; i < n / 2; i++) {
                char c = text[i];

                text[i] = text[n - 1 - i];
                text[n - 1 - i] = c;
        }
        return text;
}

char *_strnset(char *text, int c, size_t count)
{
        for (size_t i = 0; i < count && text[i]; i++)
                text[i] = (char)c;
        return text;
}

char *_strset(char *text, int c)
{
        return _strnset(text, c, SIZE_MAX);
}

char *_strdup(const char *text)
{
        return text ? strdup(text) : NULL;
}

size_t strnlen_s(const char *text, size_t capacity)
{
        return text ? strnlen(text, capacity) : 0;
}

static errno_t place(char *to, size_t capacity, size_t at, const char *from, size_t n)
{
        if (n >= capacity - at) {
                to[0] = '\0';
                return ERANGE;
        }
        memmove(to + at, from, n);
        to[at + n] = '\0';
        return 0;
}

errno_t strcpy_s(char *to, size_t capacity, const char *from)
{
        if (!to || !capacity)
                return EINVAL;
        if (!from) {
                to[0] = '\0';
                return EINVAL;
        }
        return place(to, capacity, 0, from, strnlen(from, capacity));
}

static errno_t copy_some(char *to, size_t capacity, size_t at, const char *from, size_t count)
{
        size_t n;

        if (count == _TRUNCATE) {
                n = strnlen(from, capacity - at);
                if (n < capacity - at)
                        return place(to, capacity, at, from, n);
                place(to, capacity, at, from, n - 1);
                return STRUNCATE;
        }
        return place(to, capacity, at, from, strnlen(from, count));
}

errno_t strncpy_s(char *to, size_t capacity, const char *from, size_t count)
{
        if (!to && !capacity && !count)
                return 0;
        if (!to || !capacity)
                return EINVAL;
        if (!from && count) {
                to[0] = '\0';
                return EINVAL;
        }
        return count ? copy_some(to, capacity, 0, from, count) : place(to, capacity, 0, "", 0);
}

errno_t strncat_s(char *to, size_t capacity, const char *from, size_t count)
{
        errno_t r = check_ends(to, capacity);

        if (r)
                return r;
        if (!from && count) {
                to[0] = '\0';
                return EINVAL;
        }
        return count ? copy_some(to, capacity, strlen(to), from, count) : 0;
}

errno_t strcat_s(char *to, size_t capacity, const char *from)
{
        errno_t r = check_ends(to, capacity);
        size_t at;

        if (r)
                return r;
        if (!from) {
                to[0] = '\0';
                return EINVAL;
        }
        at = strlen(to);
        return place(to, capacity, at, from, strnlen(from, capacity - at));
}

char *strtok_s(char *text, const char *delimiters, char **context)
{
        if (!delimiters || !context || (!text && !*context)) {
                errno = EINVAL;
                return NULL;
        }
        return strtok_r(text, delimiters, context);
}

errno_t memcpy_s(void *to, size_t capacity, const void *from, size_t size)
{
        if (!size)
                return 0;
        if (!to)
                return EINVAL;
        if (!from || size > capacity) {
                memset(to, 0, capacity);
                return from ? ERANGE : EINVAL;
        }
        memcpy(to, from, size);
        return 0;
}

errno_t memmove_s(void *to, size_t capacity, const void *from, size_t size)
{
        if (!size)
                return 0;
        if (!to || !from)
                return EINVAL;
        if (size > capacity)
                return ERANGE;
        memmove(to, from, size);
        return 0;
}
