// SPDX-License-Identifier: MIT
// Strings of 16-bit characters: wcslen and its family, and the functions on single characters.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <wchar.h>
#include <wctype.h>

#include "base/utf.h"
#include "crt/crt.h"

#ifndef STRUNCATE
#define STRUNCATE 80
#endif

// --- length, copy, comparison
// ---------------------------------------------------------------------------------------

size_t wcslen(const wchar_t *text)
{
        size_t n = 0;

        while (text[n])
                n++;
        return n;
}

size_t wcsnlen(const wchar_t *text, size_t count)
{
        size_t n = 0;

        while (n < count && text[n])
                n++;
        return n;
}

size_t wcsnlen_s(const wchar_t *text, size_t capacity)
{
        return text ? wcsnlen(text, capacity) : 0;
}

wchar_t *wcscpy(wchar_t *to, const wchar_t *from)
{
        return memcpy(to, from, (wcslen(from) + 1) * sizeof(*to));
}

wchar_t *wcsncpy(wchar_t *to, const wchar_t *from, size_t count)
{
        size_t n = wcsnlen(from, count);

        memcpy(to, from, n * sizeof(*to));
        memset(to + n, 0, (count - n) * sizeof(*to));
        return to;
}

wchar_t *wcscat(wchar_t *to, const wchar_t *from)
{
        wcscpy(to + wcslen(to), from);
        return to;
}

wchar_t *wcsncat(wchar_t *to, const wchar_t *from, size_t count)
{
        size_t at = wcslen(to), n = wcsnlen(from, count);

        memcpy(to + at, from, n * sizeof(*to));
        to[at + n] = 0;
        return to;
}

int wcsncmp(const wchar_t *a, const wchar_t *b, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (a[i] != b[i])
                        return a[i] < b[i] ? -1 : 1;
                if (!a[i])
                        break;
        }
        return 0;
}

int wcscmp(const wchar_t *a, const wchar_t *b)
{
        return wcsncmp(a, b, SIZE_MAX);
}

int wcscoll(const wchar_t *a, const wchar_t *b)
{
        return wcscmp(a, b);
}

// The comparison form of a character: one mapping for equality everywhere; ASCII letters sort as lower case,
// which is where Microsoft's functions put them among '[', '_' and the like.
static int folded(wchar_t c)
{
        int upper = utf_upcase16(c);

        return upper >= 'A' && upper <= 'Z' ? upper + 'a' - 'A' : upper;
}

int _wcsnicmp(const wchar_t *a, const wchar_t *b, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                int difference = a[i] == b[i] ? 0 : folded(a[i]) - folded(b[i]);

                if (difference || !a[i])
                        return difference;
        }
        return 0;
}

int _wcsicmp(const wchar_t *a, const wchar_t *b)
{
        return _wcsnicmp(a, b, SIZE_MAX);
}

// --- search
// ---------------------------------------------------------------------------------------------------------

wchar_t *wcschr(const wchar_t *text, wchar_t c)
{
        for (;; text++) {
                if (*text == c)
                        return (wchar_t *)(uintptr_t)text;
                if (!*text)
                        return NULL;
        }
}

wchar_t *wcsrchr(const wchar_t *text, wchar_t c)
{
        const wchar_t *found = NULL;

        for (;; text++) {
                if (*text == c)
                        found = text;
                if (!*text)
                        return (wchar_t *)(uintptr_t)found;
        }
}

wchar_t *wcsstr(const wchar_t *text, const wchar_t *part)
{
        size_t n = wcslen(part);

        for (;; text++) {
                if (!wcsncmp(text, part, n))
                        return (wchar_t *)(uintptr_t)text;
                if (!*text)
                        return NULL;
        }
}

static size_t span(const wchar_t *text, const wchar_t *set, int inside)
{
        size_t n = 0;

        while (text[n] && (wcschr(set, text[n]) != NULL) == inside)
                n++;
        return n;
}

size_t wcsspn(const wchar_t *text, const wchar_t *set)
{
        return span(text, set, 1);
}

size_t wcscspn(const wchar_t *text, const wchar_t *set)
{
        return span(text, set, 0);
}

wchar_t *wcspbrk(const wchar_t *text, const wchar_t *set)
{
        text += wcscspn(text, set);
        return *text ? (wchar_t *)(uintptr_t)text : NULL;
}

wchar_t *wcstok(wchar_t *text, const wchar_t *delimiters, wchar_t **context)
{
        wchar_t *word = text ? text : *context;

        if (!word)
                return NULL;
        word += wcsspn(word, delimiters);
        if (!*word) {
                *context = NULL;
                return NULL;
        }
        *context = wcspbrk(word, delimiters);
        if (*context)
                *(*context)++ = 0;
        return word;
}

wchar_t *wcstok_s(wchar_t *text, const wchar_t *delimiters, wchar_t **context)
{
        if (!delimiters || !context) {
                errno = EINVAL;
                return NULL;
        }
        return wcstok(text, delimiters, context);
}

// --- blocks
// ---------------------------------------------------------------------------------------------------------

wchar_t *wmemcpy(wchar_t *to, const wchar_t *from, size_t count)
{
        return memcpy(to, from, count * sizeof(*to));
}

wchar_t *wmemmove(wchar_t *to, const wchar_t *from, size_t count)
{
        return memmove(to, from, count * sizeof(*to));
}

wchar_t *wmemset(wchar_t *to, wchar_t c, size_t count)
{
        for (size_t i = 0; i < count; i++)
                to[i] = c;
        return to;
}

int wmemcmp(const wchar_t *a, const wchar_t *b, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (a[i] != b[i])
                        return a[i] < b[i] ? -1 : 1;
        return 0;
}

wchar_t *wmemchr(const wchar_t *text, wchar_t c, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (text[i] == c)
                        return (wchar_t *)(uintptr_t)(text + i);
        return NULL;
}

// --- in place
// -------------------------------------------------------------------------------------------------------

wchar_t *_wcslwr(wchar_t *text)
{
        for (wchar_t *p = text; *p; p++)
                *p = (wchar_t)towlower(*p);
        return text;
}

wchar_t *_wcsupr(wchar_t *text)
{
        for (wchar_t *p = text; *p; p++)
                *p = utf_upcase16(*p);
        return text;
}

// A text that must end within its buffer; empties the buffer where it does not.
static errno_t check_ends(wchar_t *text, size_t capacity)
{
        if (!text || !capacity)
                return EINVAL;
        if (wcsnlen(text, capacity) == capacity) {
                text[0] = 0;
                return EINVAL;
        }
        return 0;
}

errno_t _wcslwr_s(wchar_t *text, size_t capacity)
{
        errno_t r = check_ends(text, capacity);

        if (!r)
                _wcslwr(text);
        return r;
}

errno_t _wcsupr_s(wchar_t *text, size_t capacity)
{
        errno_t r = check_ends(text, capacity);

        if (!r)
                _wcsupr(text);
        return r;
}

wchar_t *_wcsrev(wchar_t *text)
{
        size_t n = wcslen(text);

        for (size_t i = 0; i < n / 2; i++) {
                wchar_t c = text[i];

                text[i] = text[n - 1 - i];
                text[n - 1 - i] = c;
        }
        return text;
}

wchar_t *_wcsnset(wchar_t *text, wchar_t c, size_t count)
{
        for (size_t i = 0; i < count && text[i]; i++)
                text[i] = c;
        return text;
}

wchar_t *_wcsset(wchar_t *text, wchar_t c)
{
        return _wcsnset(text, c, SIZE_MAX);
}

wchar_t *_wcsdup(const wchar_t *text)
{
        size_t size = text ? (wcslen(text) + 1) * sizeof(*text) : 0;
        wchar_t *copy = size ? malloc(size) : NULL;

        return copy ? memcpy(copy, text, size) : NULL;
}

wchar_t *wcsdup(const wchar_t *text)
{
        return _wcsdup(text);
}

// --- the _s forms
// ---------------------------------------------------------------------------------------------------

// Put n characters and a zero at to[at]; empties the buffer where they do not fit.
static errno_t place(wchar_t *to, size_t capacity, size_t at, const wchar_t *from, size_t n)
{
        if (n >= capacity - at) {
                to[0] = 0;
                return ERANGE;
        }
        memmove(to + at, from, n * sizeof(*to));
        to[at + n] = 0;
        return 0;
}

errno_t wcscpy_s(wchar_t *to, size_t capacity, const wchar_t *from)
{
        if (!to || !capacity)
                return EINVAL;
        if (!from) {
                to[0] = 0;
                return EINVAL;
        }
        return place(to, capacity, 0, from, wcsnlen(from, capacity));
}

static errno_t copy_some(wchar_t *to, size_t capacity, size_t at, const wchar_t *from, size_t count)
{
        size_t n;

        if (count == _TRUNCATE) {
                n = wcsnlen(from, capacity - at);
                if (n < capacity - at)
                        return place(to, capacity, at, from, n);
                place(to, capacity, at, from, n - 1);
                return STRUNCATE;
        }
        return place(to, capacity, at, from, wcsnlen(from, count));
}

errno_t wcsncpy_s(wchar_t *to, size_t capacity, const wchar_t *from, size_t count)
{
        if (!to && !capacity && !count)
                return 0;
        if (!to || !capacity)
                return EINVAL;
        if (!from && count) {
                to[0] = 0;
                return EINVAL;
        }
        return count ? copy_some(to, capacity, 0, from, count) : place(to, capacity, 0, L"", 0);
}

errno_t wcsncat_s(wchar_t *to, size_t capacity, const wchar_t *from, size_t count)
{
        errno_t r = check_ends(to, capacity);

        if (r)
                return r;
        if (!from && count) {
                to[0] = 0;
                return EINVAL;
        }
        return count ? copy_some(to, capacity, wcslen(to), from, count) : 0;
}

errno_t wcscat_s(wchar_t *to, size_t capacity, const wchar_t *from)
{
        errno_t r = check_ends(to, capacity);
        size_t at;

        if (r)
                return r;
        if (!from) {
                to[0] = 0;
                return EINVAL;
        }
        at = wcslen(to);
        return place(to, capacity, at, from, wcsnlen(from, capacity - at));
}

errno_t wmemcpy_s(wchar_t *to, size_t capacity, const wchar_t *from, size_t count)
{
        return count > SIZE_MAX / sizeof(*to)
                       ? ERANGE
                       : memcpy_s(to, capacity * sizeof(*to), from, count * sizeof(*to));
}

errno_t wmemmove_s(wchar_t *to, size_t capacity, const wchar_t *from, size_t count)
{
        return count > SIZE_MAX / sizeof(*to)
                       ? ERANGE
                       : memmove_s(to, capacity * sizeof(*to), from, count * sizeof(*to));
}

// --- characters
// -----------------------------------------------------------------------------------------------------

wint_t towupper(wint_t c)
{
        return c <= 0xFFFF ? utf_upcase16((wchar_t)c) : c;
}

wint_t towlower(wint_t c)
{
        ucs4_t lower;

        if (c > 0xFFFF)
                return c;
        lower = uc_tolower(c);
        return lower <= 0xFFFF ? lower : c;
}

int iswalpha(wint_t c)
{
        return c <= 0xFFFF && uc_is_alpha(c);
}

int iswdigit(wint_t c)
{
        return c >= '0' && c <= '9';
}

int iswalnum(wint_t c)
{
        return c <= 0xFFFF && uc_is_alnum(c);
}

int iswspace(wint_t c)
{
        return c <= 0xFFFF && (uc_is_space(c) || c == 0xA0 || c == 0x85);
}

int iswblank(wint_t c)
{
        return c == ' ' || c == '\t' || (c <= 0xFFFF && uc_is_blank(c));
}

int iswupper(wint_t c)
{
        return c <= 0xFFFF && uc_is_upper(c);
}

int iswlower(wint_t c)
{
        return c <= 0xFFFF && uc_is_lower(c);
}

int iswpunct(wint_t c)
{
        return c <= 0xFFFF && uc_is_punct(c);
}

int iswprint(wint_t c)
{
        return c <= 0xFFFF && uc_is_print(c);
}

int iswgraph(wint_t c)
{
        return c <= 0xFFFF && uc_is_graph(c);
}

int iswcntrl(wint_t c)
{
        return c <= 0xFFFF && uc_is_cntrl(c);
}

int iswxdigit(wint_t c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
