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

int client_import_mof(Client *c, Str file, Str namespace, Str text, int timeout_ms, Buf *ret_list,
                      uint32_t *ret_count, Diag *errors, size_t capacity, size_t *ret_errors)
{
        ClientItem i;
        Wire_IMPORT_MOF m = {.file = file, .namespace = namespace, .text = text};
        *ret_errors = 0;
        c->keep_failed = true;
        int r = client_call(c, IMPORT_MOF, &m, timeout_ms, &i, capacity ? &errors[0] : NULL);
        c->keep_failed = false;
        if (r < 0)
                return r;
        Wire_IMPORT_MOF_Reply reply;
        if (r > 0) {
                *ret_errors = import_errors(&i, errors, capacity);
        } else if (!wire_get_IMPORT_MOF_reply(i.frame.payload, i.frame.size, &reply)) {
                r = client_fail_malformed(c, WIRE_IMPORT_MOF, capacity ? &errors[0] : NULL);
                *ret_errors = capacity ? 1 : 0;
        } else {
                if (ret_count)
                        *ret_count = reply.count;
                if (ret_list) {
                        *ret_list = (Buf){0};
                        buf_put(ret_list, reply.list.p, reply.list.n);
                        r = ret_list->failed ? -ENOMEM : 0;
                }
        }
        client_item_deinit(&i);
        return r;
}
