// SPDX-License-Identifier: MIT
// Counted UTF-16 strings for our own use.
#include "driver/nt/nt-internal.h"

#include "base/utf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

WCHAR nt_upcase(WCHAR c)
{
        return (WCHAR)(c < 0x80 ? (c >= 'a' && c <= 'z' ? c - 32 : c) : utf_upcase16((char16_t)c));
}

size_t nt_wcslen(const WCHAR *s)
{
        size_t n = 0;
        while (s[n])
                n++;
        return n;
}

bool nt_unicode_equal(const UNICODE_STRING *a, const UNICODE_STRING *b)
{
        if (a->Length != b->Length)
                return false;
        for (size_t i = 0; i < a->Length / sizeof(WCHAR); i++)
                if (a->Buffer[i] != b->Buffer[i] && nt_upcase(a->Buffer[i]) != nt_upcase(b->Buffer[i]))
                        return false;
        return true;
}

void nt_unicode_free(UNICODE_STRING *s)
{
        if (s->Buffer)
                ExFreePool(s->Buffer);
        *s = (UNICODE_STRING){0};
}

bool nt_unicode_from_utf8(UNICODE_STRING *ret, const char *text)
{
        *ret = (UNICODE_STRING){0};
        size_t n = strlen(text), units = 0;
        if (!utf8_valid(text, n, NULL) || n > 0x7ff0)
                return false;
        WCHAR *buffer = nt_pool_alloc(NT_POOL_SYSTEM, (n + 1) * sizeof(WCHAR), NT_TAG('N', 't', 'S', 't'));
        if (!buffer)
                return false;
        for (size_t i = 0; i < n;) {
                uint32_t c;
                i += utf8_decode(text + i, n - i, &c);
                if (c >= 0x10000) {
                        buffer[units++] = (WCHAR)(0xd800 + ((c - 0x10000) >> 10));
                        buffer[units++] = (WCHAR)(0xdc00 + ((c - 0x10000) & 0x3ff));
                } else {
                        buffer[units++] = (WCHAR)c;
                }
        }
        buffer[units] = 0;
        *ret = (UNICODE_STRING){(USHORT)(units * 2), (USHORT)((n + 1) * 2), buffer};
        return true;
}

char *nt_utf8(char *buf, size_t size, const UNICODE_STRING *s)
{
        size_t at = 0, n = s->Buffer ? s->Length / sizeof(WCHAR) : 0;
        for (size_t i = 0; i < n; i++) {
                uint32_t c = (uint16_t)s->Buffer[i];
                if (c >= 0xd800 && c < 0xdc00 && i + 1 < n && (s->Buffer[i + 1] & 0xfc00) == 0xdc00) {
                        c = 0x10000 + ((c - 0xd800) << 10) + ((uint16_t)s->Buffer[i + 1] - 0xdc00u);
                        i++;
                }
                char out[4];
                size_t bytes = utf8_encode(c, out);
                if (at + bytes + 1 > size)
                        break;
                memcpy(buf + at, out, bytes);
                at += bytes;
        }
        buf[at] = 0;
        return buf;
}

NTSTATUS nt_unicode_format(UNICODE_STRING *ret, const char *format, ...)
{
        char text[2048];
        va_list args;
        va_start(args, format);
        int n = vsnprintf(text, sizeof text, format, args);
        va_end(args);
        *ret = (UNICODE_STRING){0};
        if (n < 0 || (size_t)n >= sizeof text)
                return STATUS_NAME_TOO_LONG;
        return nt_unicode_from_utf8(ret, text) ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
