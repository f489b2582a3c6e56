// SPDX-License-Identifier: MIT
// Buf and Reader.
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf.h"

void buf_deinit(Buf *b)
{
        free(b->p);
        *b = (Buf){0};
}

uint8_t *buf_reserve(Buf *b, size_t n)
{
        size_t want;
        if (b->failed || __builtin_add_overflow(b->n, n, &want)) {
                b->failed = true;
                return NULL;
        }
        if (want > b->capacity) {
                size_t capacity = b->capacity > want / 2 ? b->capacity * 2 : want;
                if (capacity < 64)
                        capacity = 64;
                uint8_t *p = realloc(b->p, capacity);
                if (!p) {
                        b->failed = true;
                        return NULL;
                }
                b->p = p;
                b->capacity = capacity;
        }
        return b->p + b->n;
}

void buf_put(Buf *b, const void *p, size_t n)
{
        uint8_t *to = n ? buf_reserve(b, n) : NULL;
        if (!to)
                return;
        memcpy(to, p, n);
        b->n += n;
}

void buf_u8(Buf *b, uint8_t v)
{
        buf_put(b, &v, sizeof(v));
}

void buf_u16(Buf *b, uint16_t v)
{
        buf_put(b, &v, sizeof(v));
}

void buf_u32(Buf *b, uint32_t v)
{
        buf_put(b, &v, sizeof(v));
}

void buf_u64(Buf *b, uint64_t v)
{
        buf_put(b, &v, sizeof(v));
}

void buf_guid(Buf *b, const Guid *g)
{
        buf_put(b, g, sizeof(*g));
}

void buf_str(Buf *b, Str s)
{
        if (s.n > UINT32_MAX) {
                b->failed = true;
                return;
        }
        buf_u32(b, (uint32_t)s.n);
        buf_put(b, s.p, s.n);
}

void buf_str16(Buf *b, Str16 s)
{
        if (s.n > UINT32_MAX / 2) {
                b->failed = true;
                return;
        }
        buf_u32(b, (uint32_t)s.n);
        buf_put(b, s.p, s.n * 2);
}

void buf_printf(Buf *b, const char *format, ...)
{
        va_list args, again;
        va_start(args, format);
        va_copy(again, args);
        int n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        uint8_t *to = n >= 0 ? buf_reserve(b, (size_t)n + 1) : NULL;
        if (to) {
                vsnprintf((char *)to, (size_t)n + 1, format, again);
                b->n += (size_t)n;
        } else {
                b->failed = true;
        }
        va_end(again);
}

void buf_text(Buf *b, const char *z)
{
        buf_put(b, z, strlen(z));
}

const char *buf_z(Buf *b)
{
        uint8_t *to = buf_reserve(b, 1);
        if (!to)
                return NULL;
        *to = 0;
        return (const char *)b->p;
}

void buf_patch_u32(Buf *b, size_t at, uint32_t v)
{
        if (!b->failed && at <= b->n && b->n - at >= sizeof(v))
                memcpy(b->p + at, &v, sizeof(v));
}

const uint8_t *read_bytes(Reader *r, size_t n)
{
        if (r->failed || n > r->n) {
                r->failed = true;
                return NULL;
        }
        const uint8_t *p = r->p;
        r->p += n;
        r->n -= n;
        return p;
}

#define READ_INTEGER(T, name)                                                                                          \
        T name(Reader *r)                                                                                              \
        {                                                                                                              \
                T v = 0;                                                                                               \
                const uint8_t *p = read_bytes(r, sizeof(v));                                                           \
                if (p)                                                                                                 \
                        memcpy(&v, p, sizeof(v));                                                                      \
                return v;                                                                                              \
        }
READ_INTEGER(uint8_t, read_u8)
READ_INTEGER(uint16_t, read_u16)
READ_INTEGER(uint32_t, read_u32)
READ_INTEGER(uint64_t, read_u64)

Guid read_guid(Reader *r)
{
        Guid g = {{0}};
        const uint8_t *p = read_bytes(r, sizeof(g));
        if (p)
                memcpy(&g, p, sizeof(g));
        return g;
}

Str read_str(Reader *r)
{
        uint32_t n = read_u32(r);
        const uint8_t *p = read_bytes(r, n);
        return p ? (Str){(const char *)p, n} : (Str){"", 0};
}

Str16 read_str16(Reader *r, Arena *a)
{
        uint32_t n = read_u32(r);
        const uint8_t *p = n <= UINT32_MAX / 2 ? read_bytes(r, (size_t)n * 2) : NULL;
        if (!p) {
                r->failed = true;
                return (Str16){u"", 0};
        }
        Str16 s = utf16_copy(a, p, n);
        if (!s.p)
                r->failed = true;
        return s;
}
