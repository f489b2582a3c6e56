// SPDX-License-Identifier: MIT
// XXH3, with a seed from the kernel or without.
#include "base/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

static uint64_t hash_seed;
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_init(void)
{
        if (getrandom(&hash_seed, sizeof(hash_seed), GRND_NONBLOCK) != sizeof(hash_seed))
                hash_seed = (uint64_t)(uintptr_t)&hash_seed; // early boot: the address is better than nothing
}

uint64_t hash_bytes(const void *p, size_t n)
{
        pthread_once(&hash_once, hash_init);
        return XXH3_64bits_withSeed(p, n, hash_seed);
}

void hash_stable(const void *p, size_t n, uint8_t out[HASH_STABLE])
{
        XXH128_canonical_t c;
        XXH128_canonicalFromHash(&c, XXH3_128bits(p, n));
        memcpy(out, c.digest, HASH_STABLE);
}
