// SPDX-License-Identifier: MIT
// Fuzz target: encoding units of MS-WMIO. What is read strictly is written to the same bytes; what is read
// tolerantly is written, and that is read again to the same object.
#include "base/fuzzkit.h"
#include "cim/wmio.h"

#include <stdio.h>
#include <stdlib.h>

#include "cim/test-same.h"
#include "cim/text.h"

static CimInstance *fuzz_read(const uint8_t *p, size_t n, bool tolerant)
{
        CimWmioOptions options = {.tolerant = tolerant};
        CimInstance *i = NULL;
        Diag d = {0};
        int r = cim_wmio_read(p, n, &options, &i, &d);
        REQUIRE(r == 0 || (r == E_DIAG && d.message[0] && d.code && d.offset <= n && !i));
        return i;
}

// What a tolerant reader built is written, and read again to the same. Some of it cannot be written: a method
// that has ReturnValue among its parameters. What a part does not tell of superclasses may make the second
// reading fail, never the same object another one.
static void fuzz_again(const CimInstance *i)
{
        Buf one = {0};
        int r = cim_wmio_write(i, (Str){"", 0}, &one);
        REQUIRE(r == 0 || r == -EINVAL || r == -E2BIG);
        CimInstance *back = r == 0 ? fuzz_read(one.p, one.n, true) : NULL;
        if (back)
                REQUIRE(test_same_object(i, back, 0));
        cim_instance_unref(back);
        buf_deinit(&one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CimInstance *loose = fuzz_read(data, size, true), *i = fuzz_read(data, size, false);
        REQUIRE(!i || loose); // what is strict is tolerable
        if (i)
                REQUIRE(test_same_object(i, loose, 0));
        if (loose) {
                Buf text = {0};
                cim_text_class(loose->class, &text);
                cim_text_instance(loose, &text);
                REQUIRE(!text.failed);
                buf_deinit(&text);
                fuzz_again(loose);
        }
        cim_instance_unref(loose);
        cim_instance_unref(i);
        return 0;
}
