// SPDX-License-Identifier: MIT
// Any bytes as a text: it prints, and when it had no error as a text that parses, without one, to the same document. The
// first byte chooses the dialect. What is made of documents besides (subscriptions, two texts for one) ends in order.
#include <stdio.h>
#include <stdlib.h>

#include "base/fuzzkit.h"
#include "base/limits.h"
#include "mof/localise.h"
#include "mof/print.h"
#include "mof/subscriptions.h"
#include "mof/test-document.h"

static Diag errors[LIMIT_MOF_ERRORS];

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "broken: %s\n", what);
        abort();
}

static int parse(Str text, MofDialect dialect, MofDocument **ret)
{
        size_t n = 0;
        MofSource s = {.text = text, .name = "fuzz", .namespace = STR("root\\wmi"), .dialect = dialect};
        return mof_parse(&s, ret, errors, LIMIT_MOF_ERRORS, &n);
}

static void same_again(const MofDocument *d, MofDialect dialect, const Buf *printed, bool exactly)
{
        MofDocument *again = NULL;
        Buf why = {0};
        int r = parse((Str){(const char *)printed->p, printed->n}, dialect, &again);
        if (r == E_DIAG)
                fprintf(stderr, "%u:%u: %s\n", errors[0].line, errors[0].column, errors[0].message);
        must(r == 0, "what was printed parses");
        if (exactly && !test_document_same(d, again, &why))
                must(false, buf_z(&why));
        buf_deinit(&why);
        mof_document_free(again);
}

static void others(const MofDocument *d, MofDialect dialect)
{
        Arena a = {0};
        MofSubscription *all;
        size_t n;
        Buf neutral = {0}, localised = {0};
        must(mof_subscriptions(d, &a, &all, &n) == 0 && n <= d->item_count, "subscriptions are listed");
        arena_deinit(&a);
        if (mof_localise(d, d->amendment.n ? (Str){0} : STR("MS_409"), &neutral, &localised, NULL) == 0 && !d->amendment.n) {
                same_again(d, dialect, &neutral, false);
                same_again(d, dialect, &localised, false);
        }
        buf_deinit(&neutral);
        buf_deinit(&localised);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!size)
                return 0;
        MofDialect dialect = data[0] & 1 ? MOF_DMTF : MOF_MICROSOFT;
        MofDocument *d = NULL;
        Buf printed = {0};
        int r = parse((Str){(const char *)data + 1, size - 1}, dialect, &d);
        must(r == 0 || r == E_DIAG, "the return value is documented");
        if (d) {
                must(mof_print(d, &printed) == 0, "it prints");
                if (r == 0) {
                        same_again(d, dialect, &printed, true);
                        others(d, dialect);
                }
        }
        buf_deinit(&printed);
        mof_document_free(d);
        return 0;
}
