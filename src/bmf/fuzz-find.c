// SPDX-License-Identifier: MIT
// Any bytes as a file in which binary MOF is looked for.
//
// Invariant: what is found begins as binary MOF does, is no longer than its header says, and has a text that
// says where; the bounds hold; the same bytes give the same again.
#include <string.h>

#include "base/fuzzkit.h"
#include "base/limits.h"
#include "bmf/find.h"

static void check(const BmfFound *f, Str input)
{
        REQUIRE(f->blob_count <= LIMIT_FIND_BLOBS && f->table_count <= LIMIT_FIND_BLOBS);
        for (size_t i = 0; i < f->blob_count; i++) {
                const BmfBlob *b = &f->blobs[i];
                REQUIRE(b->bytes.n >= 8 && !memcmp(b->bytes.p, "FOMB\1\0\0\0", 8));
                REQUIRE(b->where && b->where[0] && b->scope && strlen(b->name) < sizeof(b->name));
                REQUIRE(b->bytes.n <= input.n);
                unsigned sum = 0; // every byte of it is there
                for (size_t k = 0; k < b->bytes.n; k++)
                        sum += (unsigned char)b->bytes.p[k];
                REQUIRE(sum);
        }
        for (size_t i = 0; i < f->table_count; i++) {
                REQUIRE(f->tables[i].count <= LIMIT_WDG_ENTRIES);
                REQUIRE(f->tables[i].where && f->tables[i].scope && f->tables[i].scope[0] == '\\');
                for (size_t k = 0; k < f->tables[i].count; k++)
                        REQUIRE(strlen(f->tables[i].entries[k].id) ==
                                (f->tables[i].entries[k].flags & WDG_EVENT ? 0 : 2));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Str input = {(const char *)data, size};
        Arena a = {0}, b = {0};
        BmfFound found, again;
        Diag d = {0}, e = {0};
        int r = bmf_find(input, &a, &found, &d);
        REQUIRE(r == 0 || r == E_DIAG || r == -ENOMEM);
        if (r == -ENOMEM)
                return 0;
        REQUIRE(r == 0 || (d.message[0] && d.offset <= size));
        REQUIRE(found.source != BMF_UNKNOWN || (r == E_DIAG && !found.blob_count && !found.table_count));
        check(&found, input);
        REQUIRE(bmf_find(input, &b, &again, &e) == r);
        REQUIRE(again.blob_count == found.blob_count && again.table_count == found.table_count);
        arena_deinit(&a);
        arena_deinit(&b);
        return 0;
}
