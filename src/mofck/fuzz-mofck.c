// SPDX-License-Identifier: MIT
// Any bytes as a MOF text (or, behind a first byte of 0xFF, as expanded binary MOF), whatever could be read
// of it checked and made into headers and blocks.
//
// Invariant: findings come in the order of the text, class by class, each of a rule that there is; a header
// is made or refused with a message; what it declares cannot leave its comments; each class has a layout, or
// says why not.
#include "base/fuzzkit.h"
#include "base/limits.h"
#include "bmf/bmf.h"
#include "cim/layout.h"
#include "cim/method.h"
#include "mofck/block.h"
#include "mofck/check.h"
#include "mofck/header.h"

static int found(void *context, const MofckFinding *f)
{
        (void)context;
        bool known = false;
        for (size_t i = 0; i < mofck_rule_count; i++)
                known |= mofck_rules[i].name == f->rule;
        REQUIRE(known && f->diag.message[0]);
        return 0;
}

static void header(const MofDocument *d, MofckHeaderOptions o)
{
        Buf b = {0};
        Diag diag = {0};
        int r = mofck_header(d, &o, &b, &diag);
        REQUIRE(r == 0 || r == -ENOMEM || (r == E_DIAG && diag.message[0] && !b.n));
        buf_deinit(&b);
}

static int block(void *context, Str name)
{
        MofckBlocks *b = context;
        const CimClass *c;
        CimClass *buffer;
        int r = mofck_blocks_class(b, name, &c, NULL);
        REQUIRE(r == 0 || r == E_DIAG || r == -ENOMEM);
        REQUIRE(r || c);
        mofck_blocks_unknown_base(b, name);
        for (size_t i = 0; !r && i < c->method_count; i++) {
                for (int out = 0; out < 2; out++) {
                        if (!cim_method_buffer(&c->methods[i], out ? CIM_METHOD_OUT : CIM_METHOD_IN, &buffer,
                                               NULL) &&
                            buffer)
                                REQUIRE(buffer->layout || buffer->layout_error[0]);
                        cim_class_unref(buffer);
                }
        }
        return 0;
}

static void all(const MofDocument *d)
{
        MofckBlocks *b;
        REQUIRE(mofck_check(d, found, NULL) == 0);
        header(d, (MofckHeaderOptions){.methods = true, .after_variable = true, .name = "x"});
        header(d, (MofckHeaderOptions){.name = "x"});
        header(d, (MofckHeaderOptions){.kernel = true});
        if (mofck_blocks_new(&d, 1, &b))
                return;
        mofck_blocks_each(b, block, b);
        mofck_blocks_free(b);
}

static MofDocument *of_binary(Str expanded)
{
        Bmf *b = NULL;
        MofDocument *d = NULL;
        Diag diag = {0}, warnings[4];
        size_t n = 0;
        bmf_read(expanded, &b, &diag);
        if (b)
                bmf_to_document(b, "x", &d, warnings, 4, &n);
        bmf_free(b);
        return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static Diag errors[LIMIT_MOF_ERRORS];
        size_t n = 0;
        MofDocument *d = NULL;
        MofSource s = {.text = {(const char *)data, size}, .name = "x"};
        if (size && data[0] == 0xFF)
                d = of_binary((Str){(const char *)data + 1, size - 1});
        else
                mof_parse(&s, &d, errors, LIMIT_MOF_ERRORS, &n);
        if (d)
                all(d);
        mof_document_free(d);
        return 0;
}
