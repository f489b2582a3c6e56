// SPDX-License-Identifier: MIT
// What every fuzz target begins with: its entry, and the word for what must hold whatever the input is.
#ifndef BASE_FUZZKIT_H
#define BASE_FUZZKIT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// One input; returns 0. libFuzzer calls it, or tests/fuzz/replay.c with the inputs of a corpus.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(x)                                                                                           \
        do {                                                                                                 \
                if (!(x)) {                                                                                  \
                        fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #x);                \
                        abort();                                                                             \
                }                                                                                            \
        } while (0)

#endif
