// SPDX-License-Identifier: MIT
// Binary MOF and localised texts into files.
#include "mof-write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "bmf/bmf.h"
#include "mof/localise.h"
#include "mofck/check.h"
#include "write-file.h"

static Str str_of_buf(const Buf *b)
{
        return (Str){(const char *)b->p, b->n};
}

static void write_tell(const MofInput *in, Diagnose *g, DiagnoseLevel level, const char *rule, const Diag *d)
{
        Diag named = *d;
        if (!named.file[0] && in->document)
                snprintf(named.file, sizeof(named.file), "%s", in->document->name);
        diagnose_add(g, level, rule, &named, str_of_buf(&in->text));
}

// What the system says about a file.
static int write_failed(Diagnose *g, const char *path, int r)
{
        Diag d = {0};
        snprintf(d.file, sizeof(d.file), "%s", strcmp(path, "-") ? path : "standard output");
        diag_set(&d, 0, "%s", r == -EFBIG ? "it would be too large" : strerror(-r));
        diagnose_add(g, DIAGNOSE_ERROR, NULL, &d, (Str){0});
        return WMI_FAILED;
}

// --- binary MOF --------------------------------------------------------------------------------------

typedef struct Rules {
        const MofInput *in;
        Diagnose *g;
        bool broken;
} Rules;

static int rules_found(void *context, const MofckFinding *f)
{
        Rules *r = context;
        write_tell(r->in, r->g, f->warning ? DIAGNOSE_WARNING : DIAGNOSE_ERROR, f->rule, &f->diag);
        r->broken |= !f->warning;
        return 0;
}

// WMI_INPUT: a rule is broken, and a file that was made earlier must not be taken for one that holds to them.
static int write_check(const Options *o, const MofInput *in, Diagnose *g)
{
        Rules rules = {.in = in, .g = g};
        int r = mofck_check(in->document, rules_found, &rules);
        if (r < 0)
                return write_failed(g, o->binary, r);
        if (!rules.broken)
                return WMI_DONE;
        if (strcmp(o->binary, "-") && unlink(o->binary) == 0) {
                Diag d = {0};
                snprintf(d.file, sizeof(d.file), "%s", o->binary);
                diag_set(&d, 0, "the binary MOF that was there is deleted");
                diagnose_add(g, DIAGNOSE_NOTE, "deleted", &d, (Str){0});
        }
        return WMI_INPUT;
}

static int write_records(const Options *o, const MofInput *in, Diagnose *g, Buf *expanded)
{
        Diag *warnings = calloc(LIMIT_MOF_ERRORS, sizeof(*warnings));
        size_t n = 0;
        Bmf *records = NULL;
        int r = warnings ? bmf_of_document(in->document, &(BmfOptions){.w2k = o->compat != NULL}, &records,
                                           warnings, LIMIT_MOF_ERRORS, &n)
                         : -ENOMEM;
        // Of an error the words are the last.
        for (size_t i = 0; i < n && r >= 0; i++)
                write_tell(in, g, r == E_DIAG && i + 1 == n ? DIAGNOSE_ERROR : DIAGNOSE_WARNING, NULL,
                           &warnings[i]);
        if (!r)
                r = bmf_write(records, expanded);
        bmf_free(records);
        free(warnings);
        return r < 0 ? write_failed(g, o->binary, r) : r ? WMI_INPUT : WMI_DONE;
}

static void write_count(const MofDocument *d, MofWritten *ret)
{
        for (uint32_t i = 0; i < d->item_count; i++) {
                if (d->items[i].kind != MOF_ITEM_OBJECT)
                        continue;
                if (d->items[i].object->is_instance)
                        ret->instances++;
                else
                        ret->classes++;
        }
}

int mof_write_binary(const Options *o, const MofInput *in, Diagnose *g, MofWritten *ret)
{
        Buf expanded = {0}, file = {0};
        *ret = (MofWritten){0};
        int code = write_records(o, in, g, &expanded);
        if (code == WMI_DONE && o->wmi)
                code = write_check(o, in, g);
        if (code == WMI_DONE) {
                int r = bmf_pack(str_of_buf(&expanded), &file);
                if (!r)
                        r = write_files(&(WriteFile){o->binary, str_of_buf(&file)}, 1, NULL);
                code = r ? write_failed(g, o->binary, r) : WMI_DONE;
        }
        if (code == WMI_DONE) {
                ret->bytes = file.n;
                ret->expanded = expanded.n;
                write_count(in->document, ret);
        }
        buf_deinit(&expanded);
        buf_deinit(&file);
        return code;
}

// --- localised texts -----------------------------------------------------------------------------------

int mof_write_localised(const Options *o, const MofInput *in, Diagnose *g)
{
        Buf neutral = {0}, localised = {0};
        Diag d = {0};
        const char *path = o->mof_out;
        int r = mof_localise(in->document, str_of(o->amendment), &neutral, &localised, &d), code = WMI_DONE;
        if (r == E_DIAG) {
                write_tell(in, g, DIAGNOSE_ERROR, NULL, &d);
                code = WMI_INPUT;
        } else if (!r) {
                const WriteFile files[] = {{o->mof_out, str_of_buf(&neutral)},
                                           {o->mfl_out, str_of_buf(&localised)}};
                r = write_files(files, 2, &path);
        }
        if (r < 0)
                code = write_failed(g, path, r);
        buf_deinit(&neutral);
        buf_deinit(&localised);
        return code;
}
