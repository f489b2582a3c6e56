// SPDX-License-Identifier: MIT
// Arena: a list of chunks, each at least as large as the one before. Under AddressSanitizer every request is a chunk
// of its own, so that an overrun is seen.
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_EXACT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_EXACT 1
#endif
#endif
#ifndef ARENA_EXACT
#define ARENA_EXACT 0
#endif

enum { ARENA_ALIGN = 16, ARENA_FIRST = 1024, ARENA_MOST = 256 * 1024 };

struct ArenaChunk {
        ArenaChunk *older;
        size_t size;
        _Alignas(16) char bytes[];
};

static int arena_grow(Arena *a, size_t n)
{
        size_t size = n;
        if (!ARENA_EXACT) {
                size = a->chunks ? a->chunks->size * 2 : ARENA_FIRST;
                if (size > ARENA_MOST)
                        size = ARENA_MOST;
                if (size < n)
                        size = n;
        }
        ArenaChunk *c = malloc(sizeof(ArenaChunk) + size);
        if (!c)
                return -1;
        c->older = a->chunks;
        c->size = size;
        a->chunks = c;
        a->next = c->bytes;
        a->left = size;
        return 0;
}

// Not zeroed yet.
static void *arena_take(Arena *a, size_t n)
{
        size_t want = n ? n : 1; // even an empty arena has a pointer to give
        if (!ARENA_EXACT) {
                if (n > SIZE_MAX - ARENA_ALIGN)
                        return NULL;
                want = (want + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
        }
        if (a->limit && (want > a->limit || a->used > a->limit - want))
                return NULL;
        if ((ARENA_EXACT || want > a->left) && arena_grow(a, want) < 0)
                return NULL;
        void *p = a->next;
        a->next += want;
        a->left -= want;
        a->used += want;
        return p;
}

void *arena_alloc(Arena *a, size_t n)
{
        void *p = arena_take(a, n);
        return p ? memset(p, 0, n) : NULL;
}

void *arena_calloc(Arena *a, size_t count, size_t size)
{
        size_t n;
        return __builtin_mul_overflow(count, size, &n) ? NULL : arena_alloc(a, n);
}

void *arena_copy(Arena *a, const void *p, size_t n)
{
        void *q = arena_take(a, n);
        return q && n ? memcpy(q, p, n) : q;
}

char *arena_strndup(Arena *a, const char *p, size_t n)
{
        char *q = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;
        if (q && n)
                memcpy(q, p, n);
        return q;
}

void arena_deinit(Arena *a)
{
        for (ArenaChunk *c = a->chunks, *older; c; c = older) {
                older = c->older;
                free(c);
        }
        *a = (Arena){.limit = a->limit};
}

void arena_reset(Arena *a)
{
        ArenaChunk *keep = a->chunks;
        if (ARENA_EXACT || !keep) {
                arena_deinit(a);
                return;
        }
        a->chunks = keep->older;
        size_t limit = a->limit;
        arena_deinit(a);
        keep->older = NULL;
        *a = (Arena){.chunks = keep, .next = keep->bytes, .left = keep->size, .limit = limit};
}
