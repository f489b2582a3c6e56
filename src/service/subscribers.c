// SPDX-License-Identifier: MIT
// What clients ask about the subscriptions of all: the list, ending one.
#include <sys/types.h>

#include "service/internal.h"

enum { SUBSCRIBERS_QUERY = 4096 }; // bytes of a query in the list, so that the list of all fits into a reply

static Str subscribers_cut(Str s)
{
        if (s.n <= SUBSCRIBERS_QUERY)
                return s;
        s.n = SUBSCRIBERS_QUERY;
        while (s.n && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
                s.n--;
        return s;
}

static void subscribers_put(Buf *list, const Subscription *sub)
{
        const Session *x = sub->session;
        const Connection *c = x->c;
        buf_u64(list, c->id);
        buf_u32(list, sub->id);
        buf_u32(list, (uint32_t)c->identity.pid);
        buf_u32(list, (uint32_t)c->identity.uid);
        buf_str(list, str_of(x->program));
        buf_str(list, str_of(sub->namespace));
        buf_str(list, subscribers_cut(str_of(sub->text)));
        buf_u32(list, sub->queue);
        buf_u32(list, sub->queued);
        buf_u64(list, sub->accepted - sub->queued);
        buf_u64(list, sub->lost);
}

void perform_LIST_SUBSCRIPTIONS(Session *x, const WireFrame *f, const Wire_LIST_SUBSCRIPTIONS *m)
{
        (void)m;
        Buf list = {0};
        uint32_t count = 0;
        LIST_EACH(i, &x->c->service->sessions)
        {
                const Session *of = list_entry(i, Session, link);
                if (of->c->ended)
                        continue;
                LIST_EACH(k, &of->subscriptions)
                {
                        subscribers_put(&list, list_entry(k, Subscription, of_session));
                        count++;
                }
        }
        if (list.failed)
                connection_error(x->c, asked(f), CIM_E_OUT_OF_MEMORY, NULL);
        else
                connection_reply(x->c, f->request, LIST_SUBSCRIPTIONS, .count = count,
                                 .list = {(const char *)list.p, list.n});
        buf_deinit(&list);
}

static Subscription *subscribers_find(Service *s, uint64_t session, uint32_t id)
{
        LIST_EACH(i, &s->sessions)
        {
                const Session *x = list_entry(i, Session, link);
                if (x->c->id != session || x->c->ended)
                        continue;
                LIST_EACH(k, &x->subscriptions)
                {
                        Subscription *sub = list_entry(k, Subscription, of_session);
                        if (sub->id == id)
                                return sub;
                }
        }
        return NULL;
}

void perform_END_SUBSCRIPTION(Session *x, const WireFrame *f, const Wire_END_SUBSCRIPTION *m)
{
        Service *s = x->c->service;
        char label[192], by[192];
        Subscription *sub = subscribers_find(s, m->session, m->subscription);
        if (!sub) {
                connection_fail(x->c, asked(f), CIM_E_NOT_FOUND,
                                "there is no subscription %u of a session %llu", m->subscription,
                                (unsigned long long)m->session);
                return;
        }
        log_line(&s->config.log, LOG_NOTICE, "%s: its subscription %u is ended by %s",
                 connection_label(sub->session->c, label), sub->id, connection_label(x->c, by));
        subscription_end(sub, CIM_E_CALL_CANCELLED, NULL);
        wanted_update(s);
        subscriptions_answer(s);
        connection_reply(x->c, f->request, END_SUBSCRIPTION, .unused_ = 0);
}
