// SPDX-License-Identifier: MIT
// Any bytes, compressed. Invariant: they expand to themselves, and all of the file is used.
#include <string.h>

#include "base/fuzzkit.h"
#include "bmf/bmf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Buf packed = {0}, back = {0};
        size_t used = 0;
        Diag d;
        REQUIRE(bmf_pack((Str){(const char *)data, size}, &packed) == 0);
        REQUIRE(bmf_unpack((Str){(const char *)packed.p, packed.n}, &back, &used, &d) == 0);
        REQUIRE(used == packed.n && back.n == size && (size == 0 || !memcmp(back.p, data, size)));
        buf_deinit(&packed);
        buf_deinit(&back);
        return 0;
}
