// SPDX-License-Identifier: MIT
// service: what was accepted and matched is delivered or told lost, exactly and in its place, whoever stops
// reading.
#include <sys/types.h>
#include <sys/resource.h>
#include <unistd.h>

#include "service/test-rig.h"

#include "base/filetime.h"

// --- a reader and what it must see ---------------------------------------------------------------

// A live subscription of the model: the numbers that it must be told of, in order.
typedef struct Expected {
        uint32_t id, group; // WHERE Group = group; 0: all
        bool derived_only;  // FROM Beta, else FROM Alpha
        uint32_t *numbers;
        size_t n, capacity, at; // at: told so far
        uint64_t lost;
        struct Expected *next;
} Expected;

typedef struct Reader_ {
        Client *c;
        Expected *live;
} Reader_;

static Expected *expect_new(Reader_ *r, uint32_t group, bool derived_only, uint32_t queue)
{
        char query[128];
        snprintf(query, sizeof(query), group ? "SELECT * FROM %s WHERE Group = %u" : "SELECT * FROM %s",
                 derived_only ? "Beta" : "Alpha", group);
        Expected *e = calloc(1, sizeof(*e));
        assert_non_null(e);
        Diag d;
        assert_int_equal(client_subscribe(r->c, STR("root\\wmi"), str_of(query), queue, RIG_PATIENCE_MS,
                                          &e->id, NULL, &d),
                         0);
        e->group = group;
        e->derived_only = derived_only;
        e->next = r->live;
        r->live = e;
        return e;
}

static void expect_free(Reader_ *r, Expected *e)
{
        Expected **at = &r->live;
        while (*at != e)
                at = &(*at)->next;
        *at = e->next;
        free(e->numbers);
        free(e);
}

static void expect_event(Reader_ *r, bool derived, uint32_t number, uint32_t group)
{
        for (Expected *e = r->live; e; e = e->next) {
                if ((e->derived_only && !derived) || (e->group && e->group != group))
                        continue;
                if (e->n == e->capacity) {
                        e->capacity = e->capacity ? e->capacity * 2 : 64;
                        e->numbers = realloc(e->numbers, e->capacity * sizeof(*e->numbers));
                        assert_non_null(e->numbers);
                }
                e->numbers[e->n++] = number;
        }
}

static Expected *expect_find(const Reader_ *r, uint32_t id)
{
        for (Expected *e = r->live; e; e = e->next)
                if (e->id == id)
                        return e;
        return NULL;
}

// Reads at most `most` items and compares each with what must come. Returns how many there were.
static unsigned reader_read(Reader_ *r, unsigned most, int timeout_ms)
{
        unsigned n = 0;
        ClientItem i;
        while (n < most && client_next(r->c, timeout_ms, &i) == 0) {
                n++;
                assert_true(i.kind == CLIENT_EVENT || i.kind == CLIENT_LOST);
                if (i.kind == CLIENT_LOST) {
                        Expected *e = expect_find(r, i.subscription);
                        assert_non_null(e); // nothing of a cancelled subscription
                        assert_false(i.at_source);
                        assert_true(i.count > 0 && i.count <= e->n - e->at);
                        e->at += i.count;
                        e->lost += i.count;
                        continue;
                }
                uint32_t number = rig_number(&i);
                for (size_t k = 0; k < i.subscription_count; k++) {
                        Expected *e = expect_find(r, i.subscriptions[k]);
                        assert_non_null(e);
                        assert_true(e->at < e->n);
                        assert_int_equal(e->numbers[e->at], number);
                        e->at++;
                }
                client_item_deinit(&i);
        }
        return n;
}

static void reader_drain(Reader_ *r)
{
        while (reader_read(r, 1000000, 0))
                ;
        for (Expected *e = r->live; e; e = e->next)
                assert_int_equal(e->at, e->n);
}

// --- one that stops ------------------------------------------------------------------------------

static void one_that_stops_hurts_itself_alone(void **state)
{
        (void)state;
        Rig rig = {.small_sockets = true};
        rig_start(&rig, &(ServiceConfig){.queue = 100});
        Reader_ live = {rig_client(&rig), NULL}, stopped = {rig_client(&rig), NULL};
        Fake f;
        fake_start(&f, &rig, "f");
        Expected *mine = expect_new(&live, 0, false, 0), *its = expect_new(&stopped, 0, false, 0);
        for (uint32_t n = 0; n < 5000; n++) {
                fake_fire(&f, &rig_alpha, n, 1);
                expect_event(&live, false, n, 1);
                expect_event(&stopped, false, n, 1);
                if (n % 50 == 49) {
                        rig_settled(&rig);
                        reader_drain(&live);
                }
        }
        rig_settled(&rig);
        reader_drain(&live);
        assert_int_equal(mine->lost, 0);
        ServiceStats st = rig_stats(&rig);
        assert_true(st.dropped > 4000);
        assert_int_equal(st.deliveries + st.dropped, 10000);
        reader_drain(&stopped); // continued
        assert_int_equal(its->lost, st.dropped);
        assert_int_equal(its->n, 5000);
        // And it is whole again.
        fake_fire(&f, &rig_alpha, 7, 1);
        expect_event(&live, false, 7, 1);
        expect_event(&stopped, false, 7, 1);
        rig_settled(&rig);
        reader_drain(&stopped);
        assert_int_equal(its->lost, st.dropped);
        fake_stop(&f);
        client_free(live.c);
        client_free(stopped.c);
        while (live.live)
                expect_free(&live, live.live);
        while (stopped.live)
                expect_free(&stopped, stopped.live);
        rig_stop(&rig);
}

// A queue of N holds exactly N, beyond what is on its way already.
static void queue_limits(void **state)
{
        (void)state;
        for (uint32_t queue = 1; queue <= 3; queue++) {
                Rig rig = {0};
                rig_start(&rig, NULL);
                Reader_ r = {rig_client(&rig), NULL};
                Fake f;
                fake_start(&f, &rig, "f");
                Expected *e = expect_new(&r, 0, false, queue);
                // While the service does not dispatch, nothing leaves: route by hand.
                uint8_t wnode[256];
                size_t n = rig_wnode(&rig_alpha, 1, 1, "", wnode);
                Buf b = {0};
                wire_envelope_write(&(CimEnvelope){.guid = rig_alpha,
                                                   .kind = CIM_PAYLOAD_WNODE,
                                                   .payload = wnode,
                                                   .payload_size = n},
                                    &b);
                for (uint32_t k = 0; k < queue + 2; k++) {
                        router_event(rig.s, host_find(rig.s, STR("f")), (Str){(char *)b.p, b.n});
                        expect_event(&r, false, 1, 1);
                        assert_int_equal(rig_stats(&rig).dropped, k < queue ? 0 : k - queue + 1);
                }
                connection_dirty(((Session *)list_entry(list_first(&rig.s->sessions), Session, link))->c);
                rig_quiet(&rig);
                reader_drain(&r);
                assert_int_equal(e->lost, 2);
                buf_deinit(&b);
                fake_stop(&f);
                client_free(r.c);
                expect_free(&r, e);
                rig_stop(&rig);
        }
}

static void a_session_has_so_many_bytes(void **state)
{
        (void)state;
        Rig rig = {.small_sockets = true};
        rig_start(&rig, &(ServiceConfig){.session_bytes = 50000});
        Reader_ r = {rig_client(&rig), NULL};
        Fake f;
        fake_start(&f, &rig, "f");
        Expected *a = expect_new(&r, 0, false, 0), *b = expect_new(&r, 2, false, 0);
        for (uint32_t n = 0; n < 1000; n++) {
                fake_fire(&f, &rig_alpha, n, n % 3);
                expect_event(&r, false, n, n % 3);
        }
        rig_settled(&rig);
        const Session *x = list_entry(list_first(&rig.s->sessions), Session, link);
        assert_true(x->c->out.stream_bytes <= 50000 + 2 * 256); // two records of loss on top
        reader_drain(&r);
        assert_true(a->lost > 0 && b->lost > 0);
        assert_int_equal(a->n, 1000);
        fake_stop(&f);
        client_free(r.c);
        while (r.live)
                expect_free(&r, r.live);
        rig_stop(&rig);
}

static void after_cancel_nothing_comes(void **state)
{
        (void)state;
        Rig rig = {.small_sockets = true};
        rig_start(&rig, &(ServiceConfig){.queue = 50});
        Reader_ r = {rig_client(&rig), NULL};
        Fake f;
        fake_start(&f, &rig, "f");
        Expected *a = expect_new(&r, 0, false, 0), *b = expect_new(&r, 0, false, 0),
                 *odd = expect_new(&r, 1, false, 0);
        for (uint32_t n = 0; n < 300; n++) {
                fake_fire(&f, &rig_alpha, n, n & 1);
                expect_event(&r, false, n, n & 1);
        }
        rig_settled(&rig);
        assert_int_equal(client_cancel(r.c, b->id, -1, NULL), 0);
        expect_free(&r, b);
        fake_fire(&f, &rig_alpha, 1000, 1);
        expect_event(&r, false, 1000, 1);
        rig_settled(&rig);
        reader_drain(&r); // fails at anything of b
        assert_true(a->lost > 0 && odd->lost > 0);
        fake_stop(&f);
        client_free(r.c);
        while (r.live)
                expect_free(&r, r.live);
        rig_stop(&rig);
}

// Items that wait in the client while it waits for a reply are bounded and counted like the service's own.
static void what_waits_in_the_client_is_counted_too(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, &(ServiceConfig){.queue = 1 << 20, .irp_timeout_ms = 1000000});
        Reader_ r = {rig_client(&rig), NULL};
        Client *other = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "f");
        Expected *e = expect_new(&r, 0, false, 0);
        for (uint32_t n = 0; n < 3 * LIMIT_SUBSCRIPTION_QUEUE; n++) {
                fake_fire(&f, &rig_alpha, n, 1);
                expect_event(&r, false, n, 1);
                if (n % 1000 == 999) { // a call that reads past all of them
                        rig_settled(&rig);
                        ClientItem i;
                        do
                                assert_int_equal(client_call(r.c, LIST_NAMESPACES,
                                                             (&(Wire_LIST_NAMESPACES){0}), -1, &i, NULL),
                                                 0);
                        while (client_item_deinit(&i),
                               list_entry(list_first(&rig.s->sessions), Session, link)->c->out.stream_bytes);
                }
        }
        rig_settled(&rig);
        reader_drain(&r);
        assert_int_equal(e->n, 3 * LIMIT_SUBSCRIPTION_QUEUE);
        assert_int_equal(rig_stats(&rig).dropped, 0);
        assert_true(e->lost >= LIMIT_SUBSCRIPTION_QUEUE);
        fake_stop(&f);
        client_free(r.c);
        client_free(other);
        expect_free(&r, e);
        rig_stop(&rig);
}

// --- the model, at random ------------------------------------------------------------------------

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (uint32_t)(random_state >> 11) % n;
}

enum { READERS = 3, FAKES = 2 };

static void model_fire(Rig *rig, Fake *fakes, Reader_ *readers, uint32_t *number)
{
        uint32_t burst = random_below(200);
        for (uint32_t k = 0; k < burst; k++) {
                Fake *f = &fakes[random_below(FAKES)];
                bool derived = random_below(2);
                uint32_t group = 1 + random_below(3);
                fake_fire(f, derived ? &rig_beta : &rig_alpha, *number, group);
                rig_settled(rig); // so that the order among the hosts is known
                for (int i = 0; i < READERS; i++)
                        expect_event(&readers[i], derived, *number, group);
                ++*number;
        }
}

static void model_step(Rig *rig, Fake *fakes, Reader_ *readers, uint32_t *number)
{
        Reader_ *r = &readers[random_below(READERS)];
        Expected *e = r->live;
        for (uint32_t skip = random_below(4); e && e->next && skip; skip--)
                e = e->next;
        switch (random_below(9)) {
        case 0:
                if (!e || !e->next || !e->next->next || !e->next->next->next)
                        expect_new(r, random_below(4), random_below(2), 1 + random_below(300));
                break;
        case 1:
                if (e) {
                        assert_int_equal(client_cancel(r->c, e->id, RIG_PATIENCE_MS, NULL), 0);
                        expect_free(r, e);
                }
                break;
        case 2:
        case 3:
                reader_read(r, random_below(300), 0);
                break;
        case 4:
                if (random_below(4))
                        break;
                while (r->live)
                        expect_free(r, r->live);
                client_free(r->c); // leaves with whatever is queued
                r->c = rig_client(rig);
                break;
        default:
                model_fire(rig, fakes, readers, number);
        }
}

static void accounts_are_exact_at_random(void **state)
{
        (void)state;
        const char *seed = getenv("FREEWMI_SEED"), *steps = getenv("FREEWMI_STEPS");
        random_state = seed ? strtoull(seed, NULL, 0) : filetime_now() | 1;
        print_message("FREEWMI_SEED=%llu\n", (unsigned long long)random_state);
        Rig rig = {.small_sockets = true};
        rig_start(&rig, &(ServiceConfig){.session_bytes = 80000});
        Fake fakes[FAKES];
        Reader_ readers[READERS] = {{0}};
        for (int i = 0; i < FAKES; i++)
                fake_start(&fakes[i], &rig, i ? "one" : "other");
        for (int i = 0; i < READERS; i++)
                readers[i].c = rig_client(&rig);
        uint32_t number = 1;
        for (long n = steps ? atol(steps) : 600; n; n--)
                model_step(&rig, fakes, readers, &number);
        rig_settled(&rig);
        uint64_t lost = 0;
        for (int i = 0; i < READERS; i++) {
                reader_drain(&readers[i]);
                for (Expected *e = readers[i].live; e; e = e->next)
                        lost += e->lost;
        }
        assert_true(rig_stats(&rig).dropped >= lost);
        assert_true(rig_stats(&rig).dropped > 0);
        for (int i = 0; i < READERS; i++) {
                while (readers[i].live)
                        expect_free(&readers[i], readers[i].live);
                client_free(readers[i].c);
        }
        for (int i = 0; i < FAKES; i++)
                fake_stop(&fakes[i]);
        rig_stop(&rig);
}

// --- many events, many cycles --------------------------------------------------------------------

static void a_hundred_thousand_events(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Reader_ a = {rig_client(&rig), NULL}, b = {rig_client(&rig), NULL};
        Fake f;
        fake_start(&f, &rig, "f");
        Expected *x = expect_new(&a, 0, false, 0), *y = expect_new(&b, 2, false, 0);
        for (uint32_t n = 0; n < 100000; n++) {
                fake_fire(&f, &rig_alpha, n, 1 + n % 2);
                expect_event(&a, false, n, 1 + n % 2);
                expect_event(&b, false, n, 1 + n % 2);
                if (n % 2048 == 2047) {
                        rig_settled(&rig);
                        reader_drain(&a);
                        reader_drain(&b);
                }
        }
        rig_settled(&rig);
        reader_drain(&a);
        reader_drain(&b);
        assert_int_equal(x->n, 100000);
        assert_int_equal(x->lost, 0);
        assert_int_equal(y->n, 50000);
        fake_stop(&f);
        client_free(a.c);
        client_free(b.c);
        expect_free(&a, x);
        expect_free(&b, y);
        rig_stop(&rig);
}

// One host cannot keep another from its turn: of a backlog the service takes a round from each.
static void hosts_take_turns(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Fake f, g;
        fake_start(&f, &rig, "flood");
        fake_start(&g, &rig, "calm");
        const Host *flood = host_find(rig.s, STR("flood")), *calm = host_find(rig.s, STR("calm"));
        uint8_t wnode[256];
        size_t n = rig_wnode(&rig_alpha, 1, 1, "", wnode);
        Buf b = {0};
        wire_envelope_write(
                &(CimEnvelope){
                        .guid = rig_alpha, .kind = CIM_PAYLOAD_WNODE, .payload = wnode, .payload_size = n},
                &b);
        for (int k = 0; k < 700; k++)
                wire_put_FIRE(&f.out, 0, &(Wire_FIRE){.envelope = {(char *)b.p, b.n}});
        wire_put_FIRE(&g.out, 0, &(Wire_FIRE){.envelope = {(char *)b.p, b.n}});
        assert_true(f.out.n < 150000); // all of it fits into the socket: nothing is dispatched meanwhile
        fake_flush(&f);
        fake_flush(&g);
        assert_int_equal(flood->events, 0);
        while (!flood->events)
                service_dispatch(rig.s);
        assert_int_equal(flood->events, LIMIT_EVENTS_PER_ROUND);
        if (!calm->events)
                service_dispatch(rig.s);
        assert_int_equal(calm->events, 1);
        while (flood->events < 700)
                assert_true(service_dispatch(rig.s) > 0); // and its descriptor says that there is more
        buf_deinit(&b);
        fake_stop(&f);
        fake_stop(&g);
        rig_stop(&rig);
}

static void cycles_leave_nothing_behind(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Reader_ r = {rig_client(&rig), NULL}, steady = {rig_client(&rig), NULL};
        Fake f;
        fake_start(&f, &rig, "f");
        Expected *s = expect_new(&steady, 0, false, 0);
        for (uint32_t n = 0; n < 2000; n++) {
                Expected *e = expect_new(&r, n % 3, n % 2, 0);
                fake_fire(&f, &rig_beta, n, n % 3);
                expect_event(&steady, true, n, n % 3);
                if (n % 5 == 0)
                        rig_settled(&rig);
                assert_int_equal(client_cancel(r.c, e->id, -1, NULL), 0);
                expect_free(&r, e);
                if (n % 100 == 0) {
                        rig_settled(&rig);
                        reader_drain(&steady);
                }
        }
        rig_settled(&rig);
        reader_drain(&steady);
        assert_int_equal(s->lost, 0);
        assert_int_equal(rig_stats(&rig).subscriptions, 1);
        assert_null(
                list_entry(list_first(&rig.s->sessions), Session, link)->c->in); // silence costs no buffer
        fake_stop(&f);
        client_free(r.c);
        client_free(steady.c);
        expect_free(&steady, s);
        rig_stop(&rig);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(one_that_stops_hurts_itself_alone),
                TEST(queue_limits),
                TEST(a_session_has_so_many_bytes),
                TEST(after_cancel_nothing_comes),
                TEST(what_waits_in_the_client_is_counted_too),
                TEST(accounts_are_exact_at_random),
                TEST(a_hundred_thousand_events),
                TEST(hosts_take_turns),
                TEST(cycles_leave_nothing_behind),
                TEST_END,
        });
}
