// SPDX-License-Identifier: MIT
// wmi mof header: C headers from MOF.
#include "mofck/header.h"

#include <stdio.h>
#include <string.h>

#include "bmf/bmf.h"
#include "list.h"
#include "mof-load.h"
#include "mof-verbs.h"
#include "request.h"
#include "say.h"
#include "write-file.h"

// The file's binary MOF: what it was read from, else what the text compiles to.
static int header_binary(const MofInput *in, Diagnose *g, Buf *ret)
{
        Diag d = {0};
        Bmf *b;
        size_t warnings;
        if (in->bytes.n) {
                buf_put(ret, in->bytes.p, in->bytes.n);
                return ret->failed ? request_no_memory() : WMI_DONE;
        }
        Buf expanded = {0};
        int r = bmf_of_document(in->document, &(BmfOptions){0}, &b, &d, 1, &warnings);
        if (r == E_DIAG) {
                diagnose_add(g, DIAGNOSE_ERROR, NULL, &d, (Str){(const char *)in->text.p, in->text.n});
                return WMI_INPUT;
        }
        if (!r) {
                r = bmf_write(b, &expanded);
                bmf_free(b);
        }
        if (!r)
                r = bmf_pack((Str){(const char *)expanded.p, expanded.n}, ret);
        buf_deinit(&expanded);
        if (r)
                say("%s", strerror(-r));
        return r ? WMI_FAILED : WMI_DONE;
}

static int header_hex(const Options *o, const MofInput *in, Diagnose *g)
{
        Buf bytes = {0}, text = {0};
        int code = header_binary(in, g, &bytes);
        if (!code && mofck_hex((Str){(const char *)bytes.p, bytes.n}, &text))
                code = request_no_memory();
        if (!code)
                code = write_file(o->hex_out, (Str){(const char *)text.p, text.n});
        buf_deinit(&bytes);
        buf_deinit(&text);
        return code;
}

static int header_make(const Options *o, const MofInput *in, Diagnose *g)
{
        MofckHeaderOptions how = {.methods = o->methods,
                                  .after_variable = o->after_variable,
                                  .kernel = o->kernel,
                                  .name = o->output};
        if (!how.name || !strcmp(how.name, "-"))
                how.name = NULL;
        Buf text = {0};
        Diag d = {0};
        int code = WMI_DONE, r = mofck_header(in->document, &how, &text, &d);
        if (r == E_DIAG)
                diagnose_add(g, DIAGNOSE_ERROR, NULL, &d, (Str){(const char *)in->text.p, in->text.n});
        if (r)
                code = r == E_DIAG ? WMI_INPUT : request_no_memory();
        else
                code = write_file(o->output ? o->output : "-", (Str){(const char *)text.p, text.n});
        buf_deinit(&text);
        return code;
}

// A header without a structure is a mistake more often than not.
static void header_of_nothing(const MofInput *in, Diagnose *g)
{
        const MofDocument *d = in->document;
        Diag none = {0};
        for (uint32_t i = 0; i < d->item_count; i++) {
                const MofObject *c = d->items[i].kind == MOF_ITEM_OBJECT ? d->items[i].object : NULL;
                if (c && !c->is_instance && (mof_qualifier(&c->qualifiers, "WMI") || mof_qualifier(&c->qualifiers, "guid")))
                        return;
        }
        snprintf(none.file, sizeof(none.file), "%s", d->name);
        diag_set(&none, 0, "no class of a driver is in it: the header is empty");
        diag_hint(&none, "these have the qualifiers WMI and guid");
        diagnose_add(g, DIAGNOSE_WARNING, "header-empty", &none, (Str){0});
}

int mof_header_write(const Options *o, const MofInput *in, Diagnose *g)
{
        int code = WMI_DONE;
        // With -x alone nobody asked for a header.
        if (o->output || !o->hex_out)
                code = header_make(o, in, g);
        if (!code)
                header_of_nothing(in, g);
        if (!code && o->hex_out)
                code = header_hex(o, in, g);
        return code;
}

static int header_run(const Options *o)
{
        bool on_output = o->output ? !strcmp(o->output, "-") : !o->hex_out;
        if ((o->json || o->sarif) && (on_output || (o->json && o->sarif))) {
                say("wmi mof header: %s", on_output ? "with --json or --sarif the header goes to a file: -o OUT.h"
                                                    : "--json and --sarif exclude each other");
                return WMI_USAGE;
        }
        MofInput in = {0};
        Diagnose *g = mof_diagnose(o, "wmi mof header");
        if (!g)
                return request_no_memory();
        int code = mof_load(o, o->arguments.p[0], g, &in);
        if (!code)
                code = mof_header_write(o, &in, g);
        int end = diagnose_end(g);
        mof_input_deinit(&in);
        return code ? code : end;
}

static const Option options[] = {OPTION_OUTPUT("write the header there; default: standard output"),
                                 {"methods", 'm', OPTION_FLAG, offsetof(Options, methods), OPTION_NO_FLAG, 0,
                                  0, NULL, "structures for the parameters of methods, NAME_IN and NAME_OUT"},
                                 {"after-variable", 'u', OPTION_FLAG, offsetof(Options, after_variable),
                                  OPTION_NO_FLAG, 0, 0, NULL,
                                  "members of fixed size also behind the first of variable size"},
                                 {"hex-out", 'x', OPTION_TEXT, offsetof(Options, hex_out), OPTION_NO_FLAG, 0,
                                  0, "FILE", "the binary MOF there, as numbers of C to be included"},
                                 {"linux", 0, OPTION_FLAG, offsetof(Options, kernel), OPTION_NO_FLAG, 0, 0,
                                  NULL, "packed structures and GUIDs for a driver of the Linux kernel"},
                                 OPTIONS_MOF_INPUT,
                                 OPTION_JSON,
                                 OPTION_SARIF,
                                 OPTION_END};

const Verb verb_mof_header = {
        .name = "header",
        .summary = "Write the C header of a driver's classes",
        .usage = "FILE [-o OUT.h] [OPTION]...",
        .text = "  wmi mof header toaster.mof -m -o ToasterMof.h      what wmimofck -h ToasterMof.h -m "
                "writes\n"
                "  wmi mof header /sys/bus/wmi/devices/05901221-*/bmof --linux -o vendor-wmi.h\n"
                "  wmi mof header thing.bmf -x thing.x\n\n"
                "cpp_quote in the file is copied as it stands: read a header that comes from a file that you "
                "do not trust.",
        .options = options,
        .least = 1,
        .most = 1,
        .run = header_run,
};
