// SPDX-License-Identifier: MIT
// service: every allocation fails in turn, once or from there on, while it serves. Then it works as before,
// nothing is left behind (the sanitized run sees leaks), and who was not told an event was told a loss.
//
// The linker sends malloc, calloc and realloc of our libraries through the functions below (--wrap).
#include <sys/types.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/test-rig.h"

static size_t until_failure = SIZE_MAX; // allocations that still succeed
static bool fail_once;
static bool failed;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static bool fails(void)
{
        if (until_failure == SIZE_MAX || until_failure--)
                return false;
        until_failure = fail_once ? SIZE_MAX : 0;
        failed = true;
        return true;
}

void *__wrap_malloc(size_t n)
{
        return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
        return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
        return fails() ? NULL : __real_realloc(p, n);
}

// Dispatches with only so many allocations until nothing is left to do.
static void starve(Rig *rig, size_t allowed, bool once)
{
        until_failure = allowed;
        fail_once = once;
        int n;
        do
                n = service_dispatch(rig->s);
        while (n > 0);
        until_failure = SIZE_MAX;
        assert_int_equal(n, 0);
}

static void say(int fd, Buf *b)
{
        assert_false(b->failed);
        assert_int_equal(send(fd, b->p, b->n, MSG_NOSIGNAL), b->n);
        buf_deinit(b);
}

static void put_hello(Buf *b, uint32_t role, const char *name)
{
        wire_put_HELLO(b, 1, &(Wire_HELLO){.version = WIRE_VERSION, .role = role, .name = str_of(name)});
}

static void put_subscribe(Buf *b, const char *query)
{
        wire_put_EXEC_NOTIFICATION_QUERY(b, 9,
                           &(Wire_EXEC_NOTIFICATION_QUERY){.namespace = STR("root\\wmi"),
                                             .language = STR("WQL"),
                                             .query = str_of(query)});
}

static void put_fire(Buf *b, const Guid *guid, uint32_t number)
{
        uint8_t wnode[256];
        size_t n = rig_wnode(guid, number, 1, "text", wnode);
        Buf e = {0};
        wire_envelope_write(&(CimEnvelope){.guid = *guid,
                                           .instance = {u"odd", 3},
                                           .kind = CIM_PAYLOAD_WNODE,
                                           .payload = wnode,
                                           .payload_size = n},
                            &e);
        wire_put_FIRE(b, 0, &(Wire_FIRE){.envelope = {(char *)e.p, e.n}});
        buf_deinit(&e);
}

// What a raw client has been told of subscription 1; whether its instance was put.
typedef struct Told {
        uint64_t events, lost;
        bool closed, put;
} Told;

static Told listen_to(int fd)
{
        Told t = {0};
        Buf in = {0};
        ssize_t n;
        do {
                uint8_t *p = buf_reserve(&in, 65536);
                assert_non_null(p);
                n = recv(fd, p, 65536, MSG_DONTWAIT);
                in.n += n > 0 ? (size_t)n : 0;
                t.closed |= n == 0;
        } while (n > 0);
        WireFrame f;
        size_t at = 0;
        for (ssize_t k; at < in.n && (k = wire_frame(in.p + at, in.n - at, LIMIT_FRAME_BYTES, &f)) > 0;
             at += (size_t)k) {
                Wire_LOST l;
                Wire_EVENT e;
                Wire_PUT_INSTANCE_Reply p;
                t.put |= f.operation == WIRE_PUT_INSTANCE && wire_get_PUT_INSTANCE_reply(f.payload, f.size, &p);
                if (f.operation == WIRE_LOST && wire_get_LOST(f.payload, f.size, &l) && l.subscription == 1)
                        t.lost += l.count;
                if (f.operation == WIRE_EVENT && wire_get_EVENT(f.payload, f.size, &e))
                        for (size_t i = 0; i < e.subscriptions.n; i += 4)
                                t.events += memcmp(e.subscriptions.p + i, &(uint32_t){1}, 4) == 0;
        }
        buf_deinit(&in);
        return t;
}

static void put_objects(Rig *rig, Buf *b)
{
        CimInstance *thing = rig_thing(rig, "Thing", "a", 1), *event = rig_new(rig, "AppEvent");
        rig_set_number(event, "Number", 1);
        rig_set_object(event, "What", rig_thing(rig, "SubThing", "w", 4));
        Buf things = rig_set(&thing, 1), events = rig_set(&event, 1);
        wire_put_QUERY_OBJECT_SINK(b, 10, &(Wire_QUERY_OBJECT_SINK){.namespace = RIG_NS});
        // The newcomer's handles: 1 its subscription, 2 the sink, 3 the query.
        wire_put_INDICATE(b, 11, &(Wire_INDICATE){.sink = 2, .objects = {(char *)events.p, events.n}});
        wire_put_PUT_INSTANCE(b, 12,
                              &(Wire_PUT_INSTANCE){.namespace = RIG_NS, .objects = {(char *)things.p, things.n}});
        wire_put_GET_OBJECT(b, 13, &(Wire_GET_OBJECT){.namespace = RIG_NS, .path = STR("Thing=\"a\"")});
        wire_put_EXEC_QUERY(b, 14,
                            &(Wire_EXEC_QUERY){.namespace = RIG_NS,
                                               .language = STR("WQL"),
                                               .query = STR("SELECT * FROM Thing WHERE Size < 5"),
                                               .most = 1});
        wire_put_NEXT(b, 15, &(Wire_NEXT){.enumeration = 3, .most = 1});
        wire_put_CREATE_CLASS_ENUM(b, 16, &(Wire_CREATE_CLASS_ENUM){.namespace = RIG_NS, .superclass = STR("Thing")});
        wire_put_LIST_SUBSCRIPTIONS(b, 17, &(Wire_LIST_SUBSCRIPTIONS){0});
        buf_deinit(&things);
        buf_deinit(&events);
        cim_instance_unref(thing);
        cim_instance_unref(event);
}

enum { FIRED = 4 };

// One life with `allowed` allocations; false: that was enough for everything.
static bool one_life(size_t allowed, bool once)
{
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *setup = rig_client(&rig);
        rig_import(&rig, setup, rig_things);
        client_free(setup);
        rig_quiet(&rig);
        Buf b = {0};
        int reader = rig_connect(&rig, NULL), watcher = rig_connect(&rig, NULL), host = rig_connect(&rig, NULL),
            newcomer = rig_connect(&rig, NULL);
        put_hello(&b, WIRE_ROLE_CLIENT, "");
        put_subscribe(&b, "SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'Thing'");
        say(watcher, &b);
        put_hello(&b, WIRE_ROLE_CLIENT, "");
        put_subscribe(&b, "SELECT * FROM Alpha WHERE Number > 0");
        say(reader, &b);
        rig_quiet(&rig);
        put_hello(&b, WIRE_ROLE_HOST, "h");
        say(host, &b);
        rig_quiet(&rig);
        listen_to(reader);
        listen_to(watcher);
        // All that a service does, in one go.
        put_hello(&b, WIRE_ROLE_CLIENT, "");
        wire_put_AWAIT_DRIVER(&b, 2, &(Wire_AWAIT_DRIVER){.name = STR("h"), .timeout_ms = 1000000});
        put_subscribe(&b, "SELECT * FROM WMIEvent WHERE Active = TRUE");
        wire_put_LIST_CLASSES(&b, 3, &(Wire_LIST_CLASSES){.namespace = STR("root\\wmi")});
        wire_put_GET_OBJECT(&b, 4, &(Wire_GET_OBJECT){.namespace = STR("root\\wmi"), .path = STR("Alpha")});
        wire_put_IMPORT_MOF(&b, 5,
                            &(Wire_IMPORT_MOF){.namespace = STR("root\\wmi"),
                                               .text = STR("class Gamma : WMIEvent { };")});
        put_objects(&rig, &b);
        wire_put_LIST_DRIVERS(&b, 6, &(Wire_LIST_DRIVERS){0});
        wire_put_UNLOAD_DRIVER(&b, 7, &(Wire_UNLOAD_DRIVER){.name = STR("h")});
        say(newcomer, &b);
        wire_put_REGISTER(&b, 0,
                          &(Wire_REGISTER){.registration = 1,
                                           .count = 1,
                                           .guids = STR("0123456789abcdef\0\0\0\0\0\0\0\0")});
        put_fire(&b, &rig_alpha, 1);
        put_fire(&b, &rig_alpha, 0); // not for the first subscription
        for (uint32_t i = 1; i < FIRED; i++)
                put_fire(&b, &rig_beta, i);
        put_fire(&b, &rig_nobody, 1);
        wire_put_HOST_STATE(&b, 0, &(Wire_HOST_STATE){.state = WIRE_HOST_STARTED});
        say(host, &b);
        failed = false;
        starve(&rig, allowed, once);
        bool was_failing = failed;
        // With memory again, who is still connected is owed nothing. An event that could not even be matched
        // is told as "up to one", so there may be one more: the one that would not have matched.
        bool host_lives = host_find(rig.s, STR("h")) != NULL;
        rig_quiet(&rig);
        Buf more = {0};
        put_fire(&more, &rig_alpha, 1);
        if (host_lives)
                say(host, &more);
        buf_deinit(&more);
        rig_quiet(&rig);
        Told t = listen_to(reader);
        if (!t.closed && host_lives)
                assert_true(t.events + t.lost == FIRED + 1 ||
                            (was_failing && t.events + t.lost == FIRED + 2));
        if (!was_failing)
                assert_true(!t.closed && host_lives && t.lost == 0);
        // What was answered as put is an event, or told as lost.
        Told put = listen_to(newcomer), seen = listen_to(watcher);
        if (put.put && !seen.closed)
                assert_int_equal(seen.events + seen.lost, 1);
        if (!was_failing)
                assert_true(put.put && seen.events == 1 && !seen.closed);
        close(host);
        close(newcomer);
        close(reader);
        close(watcher);
        rig_quiet(&rig);
        // It works as before.
        Client *c = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "after");
        rig_subscribe(c, "SELECT * FROM Alpha");
        fake_fire(&f, &rig_alpha, 42, 1);
        ClientItem i = rig_next(c, CLIENT_EVENT);
        assert_int_equal(rig_number(&i), 42);
        client_item_deinit(&i);
        assert_int_equal(rig_stats(&rig).sessions, 1);
        assert_int_equal(rig_stats(&rig).subscriptions, 1);
        fake_stop(&f);
        client_free(c);
        rig_stop(&rig);
        return was_failing;
}

static void each_allocation_may_fail_once(void **state)
{
        (void)state;
        size_t n = 0;
        while (one_life(n, true))
                n++;
        assert_true(n > 50);
}

static void memory_may_run_out(void **state)
{
        (void)state;
        for (size_t n = 0; one_life(n, false); n += 3)
                ;
}

static void a_service_may_not_come_to_be(void **state)
{
        (void)state;
        // The system classes alone take thousands of allocations: the first hundred one by one, then in
        // strides.
        for (size_t n = 0, step = 1;; n += step) {
                Service *s = NULL;
                Diag d;
                until_failure = n;
                fail_once = false;
                failed = false;
                int r = service_new(&(ServiceConfig){0}, &s, &d);
                until_failure = SIZE_MAX;
                assert_int_equal(r, failed ? -ENOMEM : 0);
                if (!failed) {
                        service_free(s);
                        break;
                }
                step = n < 100 ? 1 : 61;
        }
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(each_allocation_may_fail_once),
                TEST(memory_may_run_out),
                TEST(a_service_may_not_come_to_be),
                TEST_END,
        });
}
