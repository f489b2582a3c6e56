// SPDX-License-Identifier: MIT
// Any bytes as a text with includes. Each file it names is made of the same bytes: "1/x" is what stands behind the first
// 0x01 byte, and so on; a name without digit is the whole again, which makes circles.
//
// Invariant: the end is bounded; what comes out is UTF-8 no longer than a text may be; an error has a place inside of it, and
// a text without errors has no directive left that would be expanded: a second time it comes out as it is.
#include <stdio.h>
#include <stdlib.h>

#include "base/fuzzkit.h"
#include "base/limits.h"
#include "base/utf.h"
#include "mof/expand.h"

typedef struct Input {
        const uint8_t *p;
        size_t n;
        size_t given; // bytes of all files
} Input;

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "broken: %s\n", what);
        abort();
}

static int read_part(void *context, const char *path, Buf *ret)
{
        Input *in = context;
        const uint8_t *p = in->p, *end = in->p + in->n;
        unsigned part = path[0] >= '0' && path[0] <= '9' ? (unsigned)(path[0] - '0') : 0;
        for (unsigned i = 0; i < part; i++) {
                const uint8_t *mark = memchr(p, 1, (size_t)(end - p));
                if (!mark)
                        return -ENOENT;
                p = mark + 1;
        }
        in->given += (size_t)(end - p);
        if (in->given > 1 << 16) // fast enough to find something
                return -EIO;
        buf_put(ret, p, (size_t)(end - p));
        return 0;
}

static int read_again(void *context, const char *path, Buf *ret)
{
        const Buf *text = context;
        if (strcmp(path, "0") != 0)
                return -ENOENT;
        buf_put(ret, text->p, text->n);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const directories[] = {"4", "5/"};
        Input in = {.p = data, .n = size};
        Buf out = {0}, again = {0};
        Diag d = {0};
        MofExpand e = {.read = read_part, .context = &in, .directories = directories, .directory_count = 2};
        int r = mof_expand(&e, "0", &out, &d);
        must(r == 0 || r == E_DIAG || r == -EIO, "the return value is documented");
        must(out.n <= LIMIT_MOF_BYTES, "the text is no longer than a text may be");
        must(utf8_valid((const char *)out.p, out.n, NULL), "it is UTF-8");
        if (r == E_DIAG)
                must(d.offset <= out.n && d.length <= out.n - d.offset && d.message[0],
                     "an error has a place and words");
        bool marked = out.n >= 2 && (!memcmp(out.p, "\xFF\xFE", 2) || !memcmp(out.p, "\xEF\xBB", 2));
        if (r == 0 && !marked) {
                MofExpand second = {.read = read_again, .context = &out};
                int r2 = mof_expand(&second, "0", &again, &d);
                must(r2 == E_DIAG || (r2 == 0 && again.n == out.n && (!out.n || !memcmp(again.p, out.p, out.n))),
                     "it comes out as it is");
                must(r2 == 0 || d.offset == 0, "no directive is left");
        }
        buf_deinit(&again);
        buf_deinit(&out);
        return 0;
}
