// SPDX-License-Identifier: MIT
// IMPORT_MOF: classes, instances and deletions of a MOF text into the store, all or nothing.
#include <sys/types.h>

#include "service/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "mof/mof.h"

static void import_reply(Job *j, const StorePut *puts, size_t n)
{
        Buf list = {0};
        for (size_t i = 0; i < n; i++) {
                buf_u8(&list, 0);
                buf_u8(&list, (uint8_t)puts[i].done);
                buf_u8(&list, catalog_is_event(puts[i].klass));
                buf_str(&list, puts[i].namespace);
                buf_str(&list, puts[i].klass->name);
        }
        wire_put_IMPORT_MOF_reply(
                &j->reply, j->frame.request,
                &(Wire_IMPORT_MOF_Reply){.count = (uint32_t)n, .list = {(char *)list.p, list.n}});
        j->reply.failed |= list.failed;
        buf_deinit(&list);
}

static int import_classes(Job *j, Store *st, const MofResult *m, const char *file, Diag *reterr)
{
        StorePut *puts = calloc(m->class_count + 1, sizeof(*puts));
        size_t at;
        if (!puts)
                return -ENOMEM;
        for (size_t i = 0; i < m->class_count; i++)
                puts[i] = (StorePut){.namespace = m->classes[i].namespace, .klass = m->classes[i].klass};
        int r = store_put_classes(st, puts, m->class_count, &at, reterr);
        if (r == 0)
                import_reply(j, puts, m->class_count);
        if (r > 0)
                snprintf(reterr->file, sizeof(reterr->file), "%s", file);
        if (r > 0 && at < m->class_count)
                reterr->line = (uint32_t)m->classes[at].line;
        free(puts);
        return r;
}

// Compiles and takes in. E_DIAG with errors[0..*ret_n).
static int import_text(Job *j, Store *st, const Wire_IMPORT_MOF *m, Diag *errors, size_t *ret_n)
{
        char namespace[LIMIT_NAMESPACE_CHARS + 1], file[sizeof(errors->file)];
        MofResult *result;
        *ret_n = 1;
        int r = cim_namespace_normal(m->namespace.n ? m->namespace : STR("root\\default"), namespace,
                                     &errors[0]);
        if (r)
                return r;
        text_clean(m->file, file, sizeof(file));
        CimSchema *schema = cim_schema_ref(store_schema(st));
        r = mof_compile(&(MofSource){m->text, file, str_of(namespace), schema, .system = false}, &result,
                        errors, LIMIT_MOF_ERRORS, ret_n);
        if (!r) {
                *ret_n = 1;
                r = import_classes(j, st, result, file, &errors[0]);
                mof_result_free(result);
        }
        cim_schema_unref(schema);
        return r;
}

static int import_run(Job *j, Store *st)
{
        Wire_IMPORT_MOF m;
        Diag *errors = calloc(LIMIT_MOF_ERRORS, sizeof(*errors));
        size_t n = 0;
        if (!errors)
                return -ENOMEM;
        wire_get_IMPORT_MOF(j->frame.payload, j->frame.size, &m);
        int r = import_text(j, st, &m, errors, &n);
        if (r == -EFBIG)
                r = diag_set(&errors[0], CIM_E_QUOTA_VIOLATION, "a MOF text has at most %u bytes",
                             LIMIT_MOF_BYTES);
        if (r > 0) {
                j->base.diag = errors[0];
                for (size_t i = 0; i < (n ? n : 1); i++)
                        wire_put_diag(&j->list, &errors[i]);
        }
        free(errors);
        return r;
}

static void import_done(Job *j, int r)
{
        Wire_IMPORT_MOF_Reply reply;
        Wire_IMPORT_MOF m;
        WireFrame f;
        char file[256], label[192];
        if (!r && !j->reply.failed && wire_frame(j->reply.p, j->reply.n, j->reply.n, &f) > 0 &&
            wire_get_IMPORT_MOF_reply(f.payload, f.size, &reply) &&
            wire_get_IMPORT_MOF(j->frame.payload, j->frame.size, &m))
                log_line(&j->service->config.log, LOG_NOTICE, "%s: %u classes from %s",
                         connection_label(j->session->c, label), reply.count,
                         text_clean(m.file, file, sizeof(file)));
        job_answer(j, r);
}

void perform_IMPORT_MOF(Session *x, const WireFrame *f, const Wire_IMPORT_MOF *m)
{
        (void)m;
        Job *j = session_submit(x, f, import_run);
        if (j)
                j->done = import_done;
}
