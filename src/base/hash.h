// SPDX-License-Identifier: MIT
// Hashing: seeded per process so that no peer can prepare collisions; or the same everywhere, to be kept.
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *p, size_t n);
// The same in every process and on every machine, to be kept in files: whoever chooses the bytes can prepare collisions.
enum { HASH_STABLE = 16 };
void hash_stable(const void *p, size_t n, uint8_t out[HASH_STABLE]);

#endif
