// SPDX-License-Identifier: MIT
// Hashing, seeded per process so that no peer can prepare collisions.
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *p, size_t n);

#endif
