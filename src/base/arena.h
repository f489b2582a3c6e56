// SPDX-License-Identifier: MIT
// Arena: memory that is freed at once. One per query, MOF file, request, class.
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ArenaChunk ArenaChunk;

// Embedded; all zero is an empty arena without bound. Not thread-safe.
typedef struct Arena {
        ArenaChunk *chunks;
        char *next;
        size_t left;
        size_t used;  // bytes handed out
        size_t limit; // 0: none; else arena_alloc fails beyond this many bytes
} Arena;

// Returns `n` bytes of zeroed memory aligned for any type, NULL when out of memory or beyond the limit. n 0 gives a
// pointer that must not be read.
void *arena_alloc(Arena *a, size_t n) __attribute__((malloc, alloc_size(2)));
// The same for count * size bytes, NULL on overflow.
void *arena_calloc(Arena *a, size_t count, size_t size) __attribute__((malloc, alloc_size(2, 3)));
// A copy of n bytes / of n characters followed by a NUL.
void *arena_copy(Arena *a, const void *p, size_t n);
char *arena_strndup(Arena *a, const char *p, size_t n);
// Frees all chunks but keeps the limit; arena_reset keeps one chunk for reuse.
void arena_deinit(Arena *a);
void arena_reset(Arena *a);

#define arena_new(a, T)       ((T *)arena_alloc((a), sizeof(T)))
#define arena_array(a, T, n)  ((T *)arena_calloc((a), (n), sizeof(T)))

#endif
