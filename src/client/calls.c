// SPDX-License-Identifier: MIT
// The calls that wait for their reply and read it.
#include "client/internal.h"

#include <stdlib.h>


int client_subscribe(Client *c, Str namespace, Str query, uint32_t queue, int timeout_ms,
                     uint32_t *ret_subscription, uint32_t *ret_unanswered, Diag *reterr)
{
        ClientItem i;
        Wire_EXEC_NOTIFICATION_QUERY m = {.namespace = namespace, .language = STR("WQL"), .query = query, .queue = queue};
        int r = client_call(c, EXEC_NOTIFICATION_QUERY, &m, timeout_ms, &i, reterr);
        if (r)
                return r;
        Wire_EXEC_NOTIFICATION_QUERY_Reply reply;
        if (!wire_get_EXEC_NOTIFICATION_QUERY_reply(i.frame.payload, i.frame.size, &reply))
                r = client_fail_malformed(c, WIRE_EXEC_NOTIFICATION_QUERY, reterr);
        client_item_deinit(&i);
        if (r)
                return r;
        *ret_subscription = reply.subscription;
        if (ret_unanswered)
                *ret_unanswered = reply.unanswered;
        return 0;
}

int client_cancel(Client *c, uint32_t subscription, int timeout_ms, Diag *reterr)
{
        ClientItem i;
        int r = client_call(c, CANCEL_ASYNC_CALL, (&(Wire_CANCEL_ASYNC_CALL){.subscription = subscription}), timeout_ms, &i,
                            reterr);
        if (r)
                return r;
        client_item_deinit(&i);
        hold_forget(&c->hold, subscription);
        return 0;
}

// Fills errors from a failed reply: its list, or its one Diag.
static size_t import_errors(const ClientItem *i, Diag *errors, size_t capacity)
{
        Reader in = {(const uint8_t *)i->list.p, i->list.n, false};
        size_t n = 0;
        while (n < capacity && in.n && wire_get_diag(&in, &errors[n]))
                n++;
        if (!n && capacity) {
                errors[n] = i->diag;
                errors[n++].code = i->status;
        }
        return n;
}

// What a reply says of what was done. 0; E_DIAG: it is malformed; -ENOMEM.
static int import_reply(Client *c, const ClientItem *i, ClientImported *ret, Diag *reterr)
{
        Wire_IMPORT_MOF_Reply reply;
        if (!wire_get_IMPORT_MOF_reply(i->frame.payload, i->frame.size, &reply))
                return client_fail_malformed(c, WIRE_IMPORT_MOF, reterr);
        if (!ret)
                return 0;
        *ret = (ClientImported){.unchanged = reply.unchanged != 0, .count = reply.count, .more = reply.more};
        buf_put(&ret->list, reply.list.p, reply.list.n);
        if (!ret->list.failed)
                return 0;
        buf_deinit(&ret->list);
        return -ENOMEM;
}

int client_import_mof(Client *c, const ClientImport *import, int timeout_ms, ClientImported *ret, Diag *errors,
                      size_t capacity, size_t *ret_errors)
{
        ClientItem i;
        Wire_IMPORT_MOF m = {
                .file = import->file,
                .namespace = import->namespace,
                .text = import->text,
                .class_flags = import->class_flags,
                .instance_flags = import->instance_flags,
                .dialect = import->dialect,
                .progress_ms = import->progress ? CLIENT_PROGRESS_MS : 0,
        };
        *ret_errors = 0;
        c->keep_failed = true;
        c->progress = import->progress;
        c->progress_context = import->context;
        int r = client_call(c, IMPORT_MOF, &m, timeout_ms, &i, capacity ? &errors[0] : NULL);
        c->progress = NULL;
        c->keep_failed = false;
        if (r < 0)
                return r;
        if (r > 0)
                *ret_errors = import_errors(&i, errors, capacity);
        else if ((r = import_reply(c, &i, ret, capacity ? &errors[0] : NULL)) == E_DIAG)
                *ret_errors = capacity ? 1 : 0;
        client_item_deinit(&i);
        return r;
}

bool client_import_read(Reader *in, ClientImportItem *ret)
{
        if (!in->n || in->failed)
                return false;
        uint8_t what = read_u8(in), done = read_u8(in);
        *ret = (ClientImportItem){.what = (ClientImportWhat)what, .done = (ClientImportDone)done};
        ret->event = read_u8(in) != 0;
        ret->namespace = read_str(in);
        ret->name = read_str(in);
        in->failed |= what > CLIENT_IMPORT_NAMESPACE || done > CLIENT_IMPORT_DELETED;
        return !in->failed;
}
