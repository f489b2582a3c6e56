// SPDX-License-Identifier: MIT
// A driver host: what it registered, how far its driver is, which table of wanted events it has in force.
#include <sys/types.h>

#include "service/internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { HOST_QUIET_MS = 1000, HOST_GUID_RECORD = 16 + 4 + 4 };

const char *host_state_says(uint32_t state)
{
        switch (state) {
        case WIRE_HOST_LOADING:
                return "its DriverEntry, AddDevice or START_DEVICE has not returned";
        case WIRE_HOST_STARTED:
                return "its device is started, but its registration (IRP_MN_REGINFO_EX) is not answered";
        case WIRE_HOST_REGISTERED:
                return "it is registered";
        case WIRE_HOST_UNLOADING:
                return "its REMOVE_DEVICE or DriverUnload has not returned";
        case WIRE_HOST_UNLOADED:
                return "it is unloaded";
        case WIRE_HOST_FAILED:
                return "it failed";
        default:
                return "nothing is known of it";
        }
}

Host *host_find(Service *s, Str name)
{
        LIST_EACH(i, &s->hosts)
        {
                Host *h = list_entry(i, Host, link);
                if (!h->c->ended && str_ieq(str_of(h->name), name))
                        return h;
        }
        return NULL;
}

// --- malformed events ----------------------------------------------------------------------------

static void host_malformed_rest(Host *h)
{
        if (!h->malformed_unsaid)
                return;
        char label[192];
        log_line(&h->c->service->config.log, LOG_WARNING, "%s: %llu more malformed events, not delivered",
                 connection_label(h->c, label), (unsigned long long)h->malformed_unsaid);
        h->malformed_unsaid = 0;
}

static void host_loud_again(Timer *t)
{
        host_malformed_rest(list_entry(t, Host, malformed_timer));
}

void host_malformed(Host *h, const char *format, ...)
{
        Service *s = h->c->service;
        s->stats.events_malformed++;
        if (h->malformed_timer.due) {
                h->malformed_unsaid++;
                return;
        }
        char says[512], label[192];
        va_list args;
        va_start(args, format);
        vsnprintf(says, sizeof(says), format, args);
        va_end(args);
        log_line(&s->config.log, LOG_WARNING, "%s: malformed, not delivered: %s",
                 connection_label(h->c, label), says);
        timer_set(s, &h->malformed_timer, HOST_QUIET_MS);
}

// --- life ----------------------------------------------------------------------------------------

static void host_release(Host *h)
{
        for (List *i; (i = list_pop(&h->registrations)) != NULL;)
                free(list_entry(i, Registration, link));
        free(h->known);
        free(h->name);
        free(h->device);
        free(h->path);
        free(h);
}

int host_new(Connection *c, const Wire_HELLO *m)
{
        Host *h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        list_init(&h->link);
        list_init(&h->registrations);
        timer_init(&h->malformed_timer, host_loud_again);
        h->c = c;
        h->name = text_copy(m->name);
        h->device = text_copy(m->device);
        h->path = text_copy(m->path);
        h->pid = m->pid ? m->pid : (uint32_t)c->identity.pid;
        h->state = WIRE_HOST_LOADING;
        if (!h->name || !h->device || !h->path) {
                host_release(h);
                return -ENOMEM;
        }
        list_push(&c->service->hosts, &h->link);
        c->host = h;
        return 0;
}

void host_free(Host *h)
{
        Service *s = h->c->service;
        char label[192];
        connection_label(h->c, label);
        timer_clear(&h->malformed_timer);
        host_malformed_rest(h);
        if (s->ending) // it goes because the service does
                log_line(&s->config.log, LOG_DEBUG, "%s is let go", label);
        else if (h->state == WIRE_HOST_UNLOADED)
                log_line(&s->config.log, LOG_NOTICE, "%s has unloaded its driver and is gone", label);
        else if (h->state == WIRE_HOST_FAILED) // the host itself tells whoever started it
                log_line(&s->config.log, LOG_NOTICE, "%s has failed and is gone%s%s", label,
                         h->text[0] ? ": " : "", h->text);
        else
                log_line(&s->config.log, LOG_WARNING, "%s is gone without having unloaded its driver%s%s",
                         label, h->text[0] ? ": " : "", h->text);
        drivers_changed(s, h, true);
        list_remove(&h->link);
        h->c->host = NULL;
        host_release(h);
        subscriptions_answer(s); // who waited for this host waits no more
}

// --- orders --------------------------------------------------------------------------------------

void host_send_wanted(Host *h)
{
        Connection *c = h->c;
        Service *s = c->service;
        if (c->ended)
                return;
        if (h->wanted) { // the newer table makes the one not yet sent superfluous
                list_remove(&h->wanted->link);
                out_free(&c->out, h->wanted);
                h->wanted = NULL;
        }
        Buf b = {0};
        wire_put_WANTED(&b, 0,
                        &(Wire_WANTED){.generation = s->wanted_generation,
                                       .guids = {(const char *)s->wanted, s->wanted_count * sizeof(Guid)}});
        Out *o = b.failed ? NULL : out_new(OUT_WANTED, 0, 0);
        if (!o) {
                buf_deinit(&b);
                connection_end(c, "needs more memory than there is");
                return;
        }
        o->head = o->owned = b.p;
        o->head_size = b.n;
        o->charge += b.capacity;
        o->host = h;
        h->wanted = o;
        out_push_control(&c->out, o);
        connection_dirty(c);
}

// --- registrations -------------------------------------------------------------------------------

static Registration *registration_find(Host *h, uint64_t id)
{
        LIST_EACH(i, &h->registrations)
        if (list_entry(i, Registration, link)->id == id)
                return list_entry(i, Registration, link);
        return NULL;
}

static void registration_remove(Host *h, Registration *r)
{
        if (!r)
                return;
        list_remove(&r->link);
        h->registration_count--;
        h->guid_count -= r->guid_count;
        free(r);
}

bool host_knew(const Host *h, const Guid *guid)
{
        return h->known_count && bsearch(guid, h->known, h->known_count, sizeof(Guid), guid_order);
}

static int host_remember(Host *h, const Registration *r)
{
        Guid *p = realloc(h->known, (h->known_count + r->guid_count + 1) * sizeof(Guid));
        if (!p)
                return -ENOMEM;
        h->known = p;
        memcpy(p + h->known_count, r->guids, r->guid_count * sizeof(Guid));
        size_t n = 0, all = h->known_count + r->guid_count;
        qsort(p, all, sizeof(Guid), guid_order);
        for (size_t i = 0; i < all; i++)
                if (!n || !guid_eq(&p[n - 1], &p[i]))
                        p[n++] = p[i];
        h->known_count = n < LIMIT_HOST_GUIDS ? n : LIMIT_HOST_GUIDS;
        return 0;
}

size_t host_distinct_guids(const Host *h)
{
        Guid *all = calloc(h->guid_count + 1, sizeof(*all));
        size_t n = 0, distinct = 0;
        if (!all)
                return h->guid_count; // near enough
        LIST_EACH(i, &h->registrations)
        {
                const Registration *r = list_entry(i, Registration, link);
                memcpy(all + n, r->guids, r->guid_count * sizeof(*all));
                n += r->guid_count;
        }
        qsort(all, n, sizeof(*all), guid_order);
        for (size_t i = 0; i < n; i++)
                distinct += !i || !guid_eq(&all[i - 1], &all[i]);
        free(all);
        return distinct;
}

void perform_REGISTER(Host *h, const WireFrame *f, const Wire_REGISTER *m)
{
        if (m->guids.n != (size_t)m->count * HOST_GUID_RECORD) {
                connection_protocol(h->c, f, "a malformed frame");
                return;
        }
        registration_remove(h, registration_find(h, m->registration));
        if (m->count > LIMIT_GUIDS || h->guid_count + m->count > LIMIT_HOST_GUIDS ||
            h->registration_count >= LIMIT_REGISTRATIONS) {
                connection_end(h->c, "registers more than %u GUIDs or %u registrations", LIMIT_GUIDS,
                               LIMIT_REGISTRATIONS);
                return;
        }
        Registration *r = calloc(1, sizeof(*r) + m->count * sizeof(Guid));
        if (!r) {
                connection_end(h->c, "needs more memory than there is");
                return;
        }
        r->id = m->registration;
        r->provider_id = m->provider_id;
        r->guid_count = m->count;
        Reader in = {(const uint8_t *)m->guids.p, m->guids.n, false};
        for (uint32_t i = 0; i < m->count; i++) {
                r->guids[i] = read_guid(&in);
                read_u64(&in); // flags and instances concern the host alone so far
        }
        list_push(&h->registrations, &r->link);
        h->registration_count++;
        h->guid_count += r->guid_count;
        if (host_remember(h, r) < 0)
                connection_end(h->c, "needs more memory than there is");
}

// --- messages ------------------------------------------------------------------------------------

void perform_HOST_STATE(Host *h, const WireFrame *f, const Wire_HOST_STATE *m)
{
        if (m->state < WIRE_HOST_LOADING || m->state > WIRE_HOST_FAILED) {
                connection_protocol(h->c, f, "a malformed frame");
                return;
        }
        h->state = m->state;
        text_clean(m->text, h->text, sizeof(h->text));
        drivers_changed(h->c->service, h, false);
}

void perform_WANTED_DONE(Host *h, const WireFrame *f, const Wire_WANTED_DONE *m)
{
        if (m->generation > h->c->service->wanted_generation) {
                connection_protocol(h->c, f, "the answer to a table that was never sent");
                return;
        }
        if (m->generation < h->acked)
                return;
        h->acked = m->generation;
        h->late = m->late;
        subscriptions_answer(h->c->service);
}

void perform_HOST_LOST(Host *h, const WireFrame *f, const Wire_HOST_LOST *m)
{
        (void)f;
        if (m->count)
                router_source_lost(h->c->service, h, &m->guid, m->count);
}

void perform_DEREGISTER(Host *h, const WireFrame *f, const Wire_DEREGISTER *m)
{
        (void)f;
        registration_remove(h, registration_find(h, m->registration));
}

void perform_FIRE(Host *h, const WireFrame *f, const Wire_FIRE *m)
{
        (void)f;
        router_event(h->c->service, h, m->envelope);
}

void host_handle(Host *h, const WireFrame *f)
{
        switch ((WireOperation)f->operation) {
#define PERFORM_HOST(NAME)                                                                                   \
        case WIRE_##NAME: {                                                                                  \
                Wire_##NAME m;                                                                               \
                if (wire_get_##NAME(f->payload, f->size, &m))                                                \
                        perform_##NAME(h, f, &m);                                                            \
                else                                                                                         \
                        connection_protocol(h->c, f, "a malformed frame");                                   \
                return;                                                                                      \
        }
// operation.c lets none of these through
#define PERFORM_ANY(NAME) case WIRE_##NAME:
#define PERFORM_CLIENT(NAME) case WIRE_##NAME:
#define PERFORM_EVENTS(NAME) case WIRE_##NAME:
#define PERFORM_ORDERS(NAME) case WIRE_##NAME:
#define OPERATION(NAME, number, from, right, help, fields, reply) PERFORM_##from(NAME)
#include "wire/operations.def"
#undef OPERATION
                break;
        }
        connection_protocol(h->c, f, "what it never sends");
}
