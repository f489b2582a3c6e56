// SPDX-License-Identifier: MIT
// Any bytes as a MOF text.
//
// Invariant: it is refused, each error with a number that has a name and a place inside of the text, in the
// order of the text; or its classes print as a text that compiles to classes that print the same.
#include <stdio.h>
#include <stdlib.h>

#include "base/fuzzkit.h"
#include "base/limits.h"
#include "cim/status.h"
#include "mof/test-support.h"

static CimSchema *schema;

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "broken: %s\n", what);
        abort();
}

static void check_errors(const Diag *errors, size_t n, size_t size)
{
        must(n >= 1 && n <= LIMIT_MOF_ERRORS, "an error at least, no more than fit");
        for (size_t i = 0; i < n; i++) {
                const Diag *d = &errors[i];
                must(d->offset <= size && d->length <= size - d->offset, "the place is inside of the text");
                must(d->column >= 1, "there is a column");
                must(d->message[0] && !strpbrk(d->message, "\r\n\t"), "the message is one line");
                must(cim_status_name(d->code) != NULL, "the number has a name");
                must(i == 0 || errors[i - 1].offset <= d->offset, "errors come in the order of the text");
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!schema)
                schema = support_schema();
        static Diag errors[LIMIT_MOF_ERRORS];
        size_t n = 0;
        MofPlan *result = NULL;
        MofSource source = {.text = {(const char *)data, size},
                            .name = "fuzz",
                            .namespace = STR("root\\wmi")};
        int r = mof_compile(&source, &(MofBuild){.schema = schema}, &result, errors, LIMIT_MOF_ERRORS, &n);
        must(r == 0 || r == E_DIAG || r == -ENOMEM, "the return value is documented");
        must((r == 0) == (result != NULL), "a result, or none");
        if (r == E_DIAG)
                check_errors(errors, n, size);
        if (r == 0) {
                Buf why = {0};
                if (!support_round_trip(result, schema, &why))
                        must(false, buf_z(&why));
                buf_deinit(&why);
        }
        mof_plan_free(result);
        return 0;
}
