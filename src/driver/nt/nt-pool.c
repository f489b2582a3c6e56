// SPDX-License-Identifier: MIT
// Pool: every allocation is a block of its own from malloc, with its facts in a table beside it.
//
// Nothing stands before or behind the driver's bytes, so a sanitizer sees every overrun and a free of
// anything that is no allocation is told at once, with both callers. The table is split into shards by
// address; each remembers the last blocks that were freed, to tell a double free from a foreign pointer.
#include "driver/nt/nt-internal.h"

#include <stdlib.h>
#include <string.h>

enum { SHARDS = 64, GRAVES = 64, BUCKETS_FIRST = 64 };

typedef struct Block {
        struct Block *next;
        const void *p;
        size_t size;
        ULONG tag;
        unsigned flags;
        const void *caller;
} Block;

typedef struct Grave {
        const void *p;
        ULONG tag;
        const void *freed_by;
} Grave;

typedef struct Shard {
        NtLock lock;
        Block **buckets;
        size_t bucket_count, count;
        Block *spare;
        Grave graves[GRAVES];
        size_t grave_next;
} Shard;

static Shard shards[SHARDS];

static size_t hash(const void *p)
{
        uint64_t x = (uint64_t)(uintptr_t)p >> 4;
        x *= 0x9e3779b97f4a7c15ull;
        return (size_t)(x >> 20);
}

static Shard *shard_of(const void *p)
{
        return &shards[hash(p) % SHARDS];
}

static Block **bucket_of(Shard *s, const void *p)
{
        return &s->buckets[hash(p) / SHARDS & (s->bucket_count - 1)];
}

static bool shard_grow(Shard *s)
{
        size_t n = s->bucket_count ? s->bucket_count * 2 : BUCKETS_FIRST;
        Block **old = s->buckets, **fresh = calloc(n, sizeof *fresh);
        if (!fresh)
                return s->bucket_count != 0; // a full table is slow, not wrong
        size_t old_count = s->bucket_count;
        s->buckets = fresh;
        s->bucket_count = n;
        for (size_t i = 0; i < old_count; i++)
                for (Block *b = old[i], *next; b; b = next) {
                        next = b->next;
                        Block **bucket = bucket_of(s, b->p);
                        b->next = *bucket;
                        *bucket = b;
                }
        free(old);
        return true;
}

static bool block_add(const void *p, size_t size, ULONG tag, unsigned flags, const void *caller)
{
        Shard *s = shard_of(p);
        nt_lock(&s->lock);
        bool ok = s->count < s->bucket_count || shard_grow(s);
        Block *b = s->spare;
        if (ok && b)
                s->spare = b->next;
        else if (ok)
                b = malloc(sizeof *b);
        if (ok && b) {
                Block **bucket = bucket_of(s, p);
                *b = (Block){*bucket, p, size, tag, flags, caller};
                *bucket = b;
                s->count++;
        }
        nt_unlock(&s->lock);
        return ok && b;
}

// Takes a block out of the table. False: there is none; *grave tells whether it was one.
static bool block_take(const void *p, const void *caller, Block *ret, Grave *grave)
{
        Shard *s = shard_of(p);
        bool found = false;
        *grave = (Grave){0};
        nt_lock(&s->lock);
        for (Block **link = s->buckets ? bucket_of(s, p) : NULL; link && *link; link = &(*link)->next)
                if ((*link)->p == p) {
                        Block *b = *link;
                        *link = b->next;
                        *ret = *b;
                        b->next = s->spare;
                        s->spare = b;
                        s->count--;
                        s->graves[s->grave_next++ % GRAVES] = (Grave){p, ret->tag, caller};
                        found = true;
                        break;
                }
        for (size_t i = 0; !found && i < GRAVES; i++)
                if (s->graves[i].p == p)
                        *grave = s->graves[i];
        nt_unlock(&s->lock);
        return found;
}

bool nt_pool_query(const void *p, size_t *ret_size, ULONG *ret_tag)
{
        Shard *s = shard_of(p);
        bool found = false;
        nt_lock(&s->lock);
        for (Block *b = s->buckets ? *bucket_of(s, p) : NULL; b; b = b->next)
                if (b->p == p) {
                        *ret_size = b->size;
                        *ret_tag = b->tag;
                        found = true;
                        break;
                }
        nt_unlock(&s->lock);
        return found;
}

static void *pool_alloc(unsigned flags, size_t size, ULONG tag, const void *caller)
{
        void *p = NULL;
        if (size > PTRDIFF_MAX)
                return NULL;
        // From a page on, pool is page-aligned; below, 16 bytes as malloc's.
        if (size >= PAGE_SIZE) {
                if (posix_memalign(&p, PAGE_SIZE, size) != 0)
                        return NULL;
        } else {
                p = malloc(size);
        }
        if (!p)
                return NULL;
        if (flags & NT_POOL_ZERO)
                memset(p, 0, size);
        if (!block_add(p, size, tag, flags, caller)) {
                free(p);
                return NULL;
        }
        NT_OBSERVE(pool_alloc, p, size, tag, flags, caller);
        return p;
}

void *nt_pool_alloc(unsigned flags, size_t size, ULONG tag)
{
        return pool_alloc(flags, size, tag, NT_CALLER);
}

void *nt_pool_alloc_for(unsigned flags, size_t size, ULONG tag, const void *caller)
{
        return pool_alloc(flags, size, tag, caller);
}

static const char *tag_text(ULONG tag, char out[5])
{
        for (int i = 0; i < 4; i++) {
                char c = (char)(tag >> (8 * i) & 0x7f);
                out[i] = c >= 0x20 && c < 0x7f ? c : '.';
        }
        out[4] = 0;
        return out;
}

static void pool_free(void *p, ULONG tag, const void *caller)
{
        Block b;
        Grave grave;
        char name[256], other[256], text[5], text2[5];
        if (!block_take(p, caller, &b, &grave)) {
                if (grave.p)
                        nt_bug_check(NT_BUG_BAD_POOL_CALLER, 7, 0, grave.tag, (ULONG_PTR)p, caller,
                                     "%p (tag '%s') is freed a second time by %s; the first time by %s", p,
                                     tag_text(grave.tag, text), nt_symbol(caller, name, sizeof name),
                                     nt_symbol(grave.freed_by, other, sizeof other));
                nt_bug_check(NT_BUG_BAD_POOL_CALLER, 0x46, (ULONG_PTR)p, 0, 0, caller,
                             "%p, which is no pool allocation, is freed by %s", p,
                             nt_symbol(caller, name, sizeof name));
        }
        if (tag && (tag & ~PROTECTED_POOL) != (b.tag & ~PROTECTED_POOL)) {
                if ((tag | b.tag) & PROTECTED_POOL)
                        nt_bug_check(NT_BUG_BAD_POOL_CALLER, 0x0a, (ULONG_PTR)p, b.tag, tag, caller,
                                     "%p was allocated with tag '%s' and is freed with tag '%s'", p,
                                     tag_text(b.tag, text), tag_text(tag, text2));
                nt_log(NT_LOG_WARNING, "%p was allocated with tag '%s' and is freed with tag '%s' by %s", p,
                       tag_text(b.tag, text), tag_text(tag, text2), nt_symbol(caller, name, sizeof name));
        }
        NT_OBSERVE(pool_free, p, b.tag, caller);
        free(p);
}

// --- what drivers call ---------------------------------------------------------------------------

static unsigned flags_of(POOL_TYPE type)
{
        return (type & 1) ? NT_POOL_PAGED : 0u;
}

// POOL_TYPE may ask to raise an exception instead of returning NULL; nobody here could catch one.
static void *alloc_typed(POOL_TYPE type, size_t size, ULONG tag, unsigned more, const void *caller)
{
        void *p = pool_alloc(flags_of(type) | more, size, tag, caller);
        if (!p && ((ULONG)type & POOL_RAISE_IF_ALLOCATION_FAILURE))
                nt_bug_check(NT_BUG_KMODE_EXCEPTION_NOT_HANDLED,
                             (ULONG_PTR)(ULONG)STATUS_INSUFFICIENT_RESOURCES, (ULONG_PTR)caller, 0, 0, caller,
                             "an allocation of %zu bytes that may raise failed", size);
        return p;
}

#undef ExAllocatePool
#undef ExAllocatePoolWithTag
#undef ExAllocatePoolWithQuota
#undef ExAllocatePoolWithQuotaTag
#undef ExFreePool

NTEXPORT PVOID NTAPI ExAllocatePool(POOL_TYPE type, SIZE_T size)
{
        return alloc_typed(type, size, NT_TAG('N', 'o', 'n', 'e'), 0, NT_CALLER);
}

NTEXPORT PVOID NTAPI ExAllocatePoolWithTag(POOL_TYPE type, SIZE_T size, ULONG tag)
{
        return alloc_typed(type, size, tag, 0, NT_CALLER);
}

NTEXPORT PVOID NTAPI ExAllocatePoolWithTagPriority(POOL_TYPE type, SIZE_T size, ULONG tag,
                                                   EX_POOL_PRIORITY priority)
{
        (void)priority;
        return alloc_typed(type, size, tag, 0, NT_CALLER);
}

// The quota forms raise on failure unless told not to.
static POOL_TYPE quota_type(POOL_TYPE type)
{
        return (ULONG)type & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE
                       ? (POOL_TYPE)((ULONG)type & ~(ULONG)POOL_QUOTA_FAIL_INSTEAD_OF_RAISE)
                       : (POOL_TYPE)((ULONG)type | POOL_RAISE_IF_ALLOCATION_FAILURE);
}

NTEXPORT PVOID NTAPI ExAllocatePoolWithQuota(POOL_TYPE type, SIZE_T size)
{
        return alloc_typed(quota_type(type), size, NT_TAG('N', 'o', 'n', 'e'), 0, NT_CALLER);
}

NTEXPORT PVOID NTAPI ExAllocatePoolWithQuotaTag(POOL_TYPE type, SIZE_T size, ULONG tag)
{
        return alloc_typed(quota_type(type), size, tag, 0, NT_CALLER);
}

NTEXPORT PVOID NTAPI ExAllocatePoolZero(POOL_TYPE type, SIZE_T size, ULONG tag)
{
        return alloc_typed(type, size, tag, NT_POOL_ZERO, NT_CALLER);
}

NTEXPORT PVOID NTAPI ExAllocatePoolUninitialized(POOL_TYPE type, SIZE_T size, ULONG tag)
{
        return alloc_typed(type, size, tag, 0, NT_CALLER);
}

NTEXPORT PVOID NTAPI ExAllocatePoolQuotaZero(POOL_TYPE type, SIZE_T size, ULONG tag)
{
        return alloc_typed(quota_type(type), size, tag, NT_POOL_ZERO, NT_CALLER);
}

NTEXPORT PVOID NTAPI ExAllocatePool2(POOL_FLAGS flags, SIZE_T size, ULONG tag)
{
        // Zeroed unless told otherwise; NULL on failure unless told otherwise; a tag and one kind of pool are
        // required.
        const POOL_FLAGS kinds = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
        POOL_FLAGS kind = flags & kinds;
        if (!tag || !kind || (kind & (kind - 1))) {
                if (flags & POOL_FLAG_RAISE_ON_FAILURE)
                        nt_bug_check(NT_BUG_KMODE_EXCEPTION_NOT_HANDLED,
                                     (ULONG_PTR)(ULONG)STATUS_INVALID_PARAMETER, (ULONG_PTR)NT_CALLER, 0, 0,
                                     NT_CALLER, "ExAllocatePool2 with flags 0x%llx and tag 0x%x",
                                     (unsigned long long)flags, tag);
                return NULL;
        }
        POOL_TYPE type = kind == POOL_FLAG_PAGED ? PagedPool : NonPagedPool;
        if (flags & POOL_FLAG_RAISE_ON_FAILURE)
                type = (POOL_TYPE)((ULONG)type | POOL_RAISE_IF_ALLOCATION_FAILURE);
        return alloc_typed(type, size, tag, (flags & POOL_FLAG_UNINITIALIZED) ? 0 : NT_POOL_ZERO, NT_CALLER);
}

NTEXPORT VOID NTAPI ExFreePool(PVOID p)
{
        pool_free(p, 0, NT_CALLER);
}

NTEXPORT VOID NTAPI ExFreePoolWithTag(PVOID p, ULONG tag)
{
        pool_free(p, tag, NT_CALLER);
}

NTEXPORT VOID NTAPI ExFreePool2(PVOID p, ULONG tag, PVOID parameters, ULONG count)
{
        (void)parameters, (void)count;
        pool_free(p, tag, NT_CALLER);
}

// --- leaks ---------------------------------------------------------------------------------------

typedef struct Sum {
        ULONG tag;
        size_t blocks, bytes;
        const void *caller; // of one of them
} Sum;

static int sum_compare(const void *a, const void *b)
{
        ULONG x = ((const Sum *)a)->tag, y = ((const Sum *)b)->tag;
        return x < y ? -1 : x > y;
}

// One sum a tag, sorted; *ret_n of them. NULL when there is none (or no memory to say so).
static Sum *leaks_collect(size_t *ret_n)
{
        size_t n = 0, room = 0;
        Sum *sums = NULL;
        for (size_t i = 0; i < SHARDS; i++) {
                nt_lock(&shards[i].lock);
                for (size_t k = 0; k < shards[i].bucket_count; k++)
                        for (Block *b = shards[i].buckets[k]; b; b = b->next) {
                                if (b->flags & NT_POOL_SYSTEM)
                                        continue;
                                size_t f = 0;
                                while (f < n && sums[f].tag != b->tag)
                                        f++;
                                if (f == n && n == room) {
                                        Sum *more = realloc(sums, (room + 64) * sizeof *sums);
                                        if (!more)
                                                continue;
                                        sums = more;
                                        room += 64;
                                }
                                if (f == n)
                                        sums[n++] = (Sum){.tag = b->tag, .caller = b->caller};
                                sums[f].blocks++;
                                sums[f].bytes += b->size;
                        }
                nt_unlock(&shards[i].lock);
        }
        if (sums)
                qsort(sums, n, sizeof *sums, sum_compare);
        *ret_n = n;
        return sums;
}

size_t nt_pool_leaks(void (*fn)(void *arg, ULONG tag, size_t blocks, size_t bytes), void *arg)
{
        size_t n, blocks = 0;
        Sum *sums = leaks_collect(&n);
        for (size_t i = 0; i < n; i++) {
                blocks += sums[i].blocks;
                if (fn)
                        fn(arg, sums[i].tag, sums[i].blocks, sums[i].bytes);
        }
        free(sums);
        return blocks;
}

int nt_pool_report(void)
{
        size_t n;
        Sum *sums = leaks_collect(&n);
        char text[5], name[256];
        for (size_t i = 0; i < n; i++)
                nt_log(NT_LOG_WARNING,
                       "pool not freed: tag '%s', %zu block(s), %zu byte(s), one allocated by %s",
                       tag_text(sums[i].tag, text), sums[i].blocks, sums[i].bytes,
                       nt_symbol(sums[i].caller, name, sizeof name));
        free(sums);
        return (int)n;
}
