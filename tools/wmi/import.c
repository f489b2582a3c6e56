// SPDX-License-Identifier: MIT
// MOF files into the service.
#include "import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "progress.h"
#include "request.h"
#include "say.h"

static int import_refused(const char *file, const MofInput *in, Diagnose *g, Diag *errors, size_t n)
{
        Str text = {(const char *)in->text.p, in->text.n};
        for (size_t i = 0; i < n; i++) {
                if (!errors[i].file[0])
                        snprintf(errors[i].file, sizeof(errors[i].file), "%s", file);
                diagnose_add(g, DIAGNOSE_ERROR, NULL, &errors[i], text);
        }
        if (n == LIMIT_MOF_ERRORS)
                diagnose_cut(g);
        return n ? say_exit(errors[0].code, true) : WMI_INPUT;
}

static int import_broken(const char *file, Diagnose *g, int r)
{
        Diag d = {0};
        snprintf(d.file, sizeof(d.file), "%s", file);
        diag_set(&d, 0, "%s", r == -EPIPE ? "the service is gone" : strerror(-r));
        if (r != -ECANCELED)
                diagnose_add(g, DIAGNOSE_ERROR, NULL, &d, (Str){0});
        return r == -EPIPE ? WMI_GONE : WMI_FAILED;
}

int import_input(Client *c, const Options *o, Str namespace, const char *file, const MofInput *in,
                 Diagnose *g, ClientImported *ret, uint32_t *ret_status)
{
        char what[96];
        Buf name = {0};
        say_clean_line(str_of(file), &name);
        snprintf(what, sizeof(what), "importing %.60s", buf_z(&name) ? (const char *)name.p : "");
        buf_deinit(&name);
        Progress p = progress_begin(what);
        p.quiet = true;
        Diag *errors = calloc(LIMIT_MOF_ERRORS, sizeof(*errors));
        size_t n = 0;
        const Buf *bytes = in->bytes.n ? &in->bytes : &in->text;
        ClientImport import = {
                .file = str_of(file),
                .namespace = namespace,
                .text = {(const char *)bytes->p, bytes->n},
                .dialect = o->dialect && !strcasecmp(o->dialect, "dmtf") ? MOF_DMTF : MOF_MICROSOFT,
                .progress = p.terminal ? progress_tell : NULL,
                .context = &p,
        };
        mof_load_flags(o, &import.class_flags, &import.instance_flags);
        int r = errors ? client_import_mof(c, &import, -1, ret, errors, LIMIT_MOF_ERRORS, &n) : -ENOMEM;
        progress_end(&p);
        if (ret_status)
                *ret_status = r == E_DIAG && n ? errors[0].code : 0;
        int code = r == E_DIAG ? import_refused(file, in, g, errors, n)
                   : r         ? import_broken(file, g, r)
                               : WMI_DONE;
        free(errors);
        return code;
}

int import_mof(Client *c, const Options *o, Str namespace, const char *file, Diagnose *g, ClientImported *ret)
{
        Diagnose *own = g ? NULL : diagnose_new(DIAGNOSE_TEXT, "wmi");
        MofInput in = {0};
        if (!g && !own)
                return request_no_memory();
        int code = mof_load_source(o, file, g ? g : own, &in);
        if (code == WMI_DONE)
                code = import_input(c, o, namespace, file, &in, g ? g : own, ret, NULL);
        diagnose_end(own);
        mof_input_deinit(&in);
        return code;
}
