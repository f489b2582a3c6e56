// SPDX-License-Identifier: MIT
// service: requests that wait for the store: their order, their bounds, clients and services that end
// meanwhile. With the argument "thread" the store works in a thread of its own.
#include <sys/types.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/test-rig.h"

#include <stdlib.h>

// All of it is sent before anything is answered.
static void requests_keep_their_order(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        CimInstance *k = rig_class_of(&rig, "Part", "Thing", "Weight");
        Buf set = rig_set(&k, 1);
        Wire_PUT_CLASS put = {.namespace = RIG_NS, .objects = {(char *)set.p, set.n}};
        Wire_GET_OBJECT get = {.namespace = RIG_NS, .path = STR("Part")};
        Wire_CREATE_CLASS_ENUM classes = {.namespace = RIG_NS, .superclass = STR("Part")};
        Wire_DELETE_CLASS del = {.namespace = RIG_NS, .name = STR("Part")};
        const uint32_t expected[] = {CIM_E_NOT_FOUND, CIM_E_INVALID_CLASS, 0, 0, 0, 0,
                                     CIM_E_NOT_FOUND, CIM_E_INVALID_CLASS};
        int64_t first = client_send(c, GET_OBJECT, &get);
        client_send(c, CREATE_CLASS_ENUM, &classes);
        client_send(c, PUT_CLASS, &put);
        client_send(c, GET_OBJECT, &get);
        client_send(c, CREATE_CLASS_ENUM, &classes);
        client_send(c, DELETE_CLASS, &del);
        client_send(c, GET_OBJECT, &get);
        client_send(c, CREATE_CLASS_ENUM, &classes);
        for (uint32_t i = 0; i < 8; i++) {
                ClientItem reply = rig_next(c, CLIENT_REPLY);
                assert_int_equal(reply.request, first + i); // answered in order, too
                assert_int_equal(reply.status, expected[i]);
                client_item_deinit(&reply);
        }
        buf_deinit(&set);
        cim_instance_unref(k);
        rig_end(&rig, c);
}

static void put_frame(Rig *rig, Buf *b, uint32_t request, uint32_t number)
{
        char name[32];
        snprintf(name, sizeof(name), "n%u", number);
        CimInstance *t = rig_thing(rig, "Thing", name, number);
        Buf set = rig_set(&t, 1);
        wire_put_PUT_INSTANCE(b, request,
                              &(Wire_PUT_INSTANCE){.namespace = RIG_NS, .objects = {(char *)set.p, set.n}});
        buf_deinit(&set);
        cim_instance_unref(t);
}

static int greeted(Rig *rig)
{
        int fd = rig_connect(rig, NULL);
        Buf b = {0};
        wire_put_HELLO(&b, 1, &(Wire_HELLO){.version = WIRE_VERSION, .role = WIRE_ROLE_CLIENT});
        assert_int_equal(send(fd, b.p, b.n, MSG_NOSIGNAL), b.n);
        buf_deinit(&b);
        rig_quiet(rig);
        return fd;
}

// More requests for the store than a session may have there: the others stay in the socket.
static void jobs_have_a_bound(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        int fd = greeted(&rig);
        Session *x = list_entry(rig.s->sessions.prev, Session, link);
        Buf b = {0};
        enum { SENT = LIMIT_SESSION_JOBS * 3 };
        for (uint32_t i = 0; i < SENT; i++)
                put_frame(&rig, &b, i + 2, i);
        size_t at = 0, most = 0, replies = 0, have = 0;
        uint8_t in[65536];
        while (replies < SENT + 1) {
                ssize_t n = at < b.n ? send(fd, b.p + at, b.n - at, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
                at += n > 0 ? (size_t)n : 0;
                // As service_dispatch would find it: what it has read, before the store has worked.
                most = x->job_count > most ? x->job_count : most;
                assert_true(service_dispatch(rig.s) >= 0);
                most = x->job_count > most ? x->job_count : most;
                assert_true(x->job_count <= LIMIT_SESSION_JOBS);
                n = recv(fd, in + have, sizeof(in) - have, MSG_DONTWAIT);
                have += n > 0 ? (size_t)n : 0;
                WireFrame f;
                for (ssize_t k; have && (k = wire_frame(in, have, sizeof(in), &f)) > 0;) {
                        uint32_t status;
                        assert_true(wire_get_status(f.payload, f.size, &status, NULL, NULL, NULL));
                        assert_int_equal(status, 0);
                        replies++;
                        memmove(in, in + k, have - (size_t)k);
                        have -= (size_t)k;
                }
        }
        buf_deinit(&b);
        close(fd);
        rig_quiet(&rig);
        assert_int_equal(rig_count(c, "SELECT * FROM Thing"), SENT);
        rig_end(&rig, c);
}

static bool no_jobs(void *context)
{
        Rig *rig = context;
        return repository_waiting(rig->s->repository) == 0;
}

// A client may go at any moment: what it asked for is done or not, nobody else notices.
static void sessions_go_while_the_store_works(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        rig_put_things(&rig, c, 50);
        for (unsigned rounds = 0; rounds < 12; rounds++) {
                int fd = greeted(&rig);
                Buf b = {0};
                for (uint32_t i = 0; i < 20; i++) {
                        put_frame(&rig, &b, 2 + i, i);
                        wire_put_EXEC_QUERY(&b, 100 + i,
                                            &(Wire_EXEC_QUERY){.namespace = RIG_NS,
                                                               .language = STR("WQL"),
                                                               .query = STR("SELECT * FROM Thing"),
                                                               .most = 1});
                        wire_put_NEXT(&b, 200 + i, &(Wire_NEXT){.enumeration = 1 + i, .most = 2});
                        wire_put_LIST_SUBSCRIPTIONS(&b, 300 + i, &(Wire_LIST_SUBSCRIPTIONS){0});
                }
                assert_int_equal(send(fd, b.p, b.n, MSG_NOSIGNAL), b.n);
                for (unsigned i = 0; i < rounds; i++)
                        assert_true(service_dispatch(rig.s) >= 0);
                close(fd);
                buf_deinit(&b);
                assert_true(service_dispatch(rig.s) >= 0);
        }
        rig_until(&rig, no_jobs, &rig);
        rig_quiet(&rig);
        assert_int_equal(rig_stats(&rig).sessions, 1);
        assert_int_equal(rig.s->in_bytes, 0);
        assert_int_equal(rig_count(c, "SELECT * FROM Thing WHERE Name LIKE 't%'"), 50);
        rig_end(&rig, c);
}

// Also behind a query that takes several visits to the store, and behind the batches of an enumeration.
static void requests_wait_for_queries_before_them(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        rig_put_things(&rig, c, 2100); // more than one visit looks at
        CimInstance *t = rig_thing(&rig, "Thing", "late", 4000000);
        Buf set = rig_set(&t, 1);
        uint32_t id = rig_enumerate(c, 1);
        assert_true(id > 0);
        Wire_EXEC_QUERY query = {.namespace = RIG_NS,
                                 .language = STR("WQL"),
                                 .query = STR("SELECT * FROM Thing WHERE Size = 4000000")};
        Wire_EXEC_QUERY_Reply found;
        int64_t first = client_send(c, EXEC_QUERY, &query);
        client_send(c, PUT_INSTANCE,
                    (&(Wire_PUT_INSTANCE){.namespace = RIG_NS, .objects = {(char *)set.p, set.n}}));
        client_send(c, NEXT, (&(Wire_NEXT){.enumeration = id, .most = 1}));
        client_send(c, NEXT, (&(Wire_NEXT){.enumeration = id, .most = 0}));
        client_send(c, EXEC_QUERY, &query);
        client_send(c, LIST_NAMESPACES, &(Wire_LIST_NAMESPACES){0});
        for (uint32_t i = 0; i < 6; i++) {
                ClientItem reply = rig_next(c, CLIENT_REPLY);
                assert_int_equal(reply.request, first + i);
                assert_int_equal(reply.status, 0);
                if (i == 0 || i == 4) {
                        CimSet objects;
                        assert_true(wire_get_EXEC_QUERY_reply(reply.frame.payload, reply.frame.size, &found));
                        assert_int_equal(cim_set_read((const uint8_t *)found.objects.p, found.objects.n, NULL,
                                                      NULL, &objects, NULL, NULL),
                                         0);
                        assert_int_equal(objects.count, i == 0 ? 0 : 1);
                        cim_set_deinit(&objects);
                }
                client_item_deinit(&reply);
        }
        // A query is cancelled although others wait behind it; these are carried out.
        id = rig_enumerate(c, 1);
        client_send(c, NEXT, (&(Wire_NEXT){.enumeration = id, .most = 1}));
        int64_t put =
                client_send(c, PUT_INSTANCE,
                            (&(Wire_PUT_INSTANCE){.namespace = RIG_NS, .objects = {(char *)set.p, set.n}}));
        int64_t cancel = client_send(c, CANCEL_ASYNC_CALL, (&(Wire_CANCEL_ASYNC_CALL){.subscription = id}));
        for (uint32_t i = 0; i < 3; i++) {
                ClientItem reply = rig_next(c, CLIENT_REPLY);
                if (reply.request == put || reply.request == cancel)
                        assert_int_equal(reply.status, 0);
                client_item_deinit(&reply);
        }
        // A client goes with requests that wait for their turn.
        int fd = greeted(&rig);
        Buf b = {0};
        wire_put_EXEC_QUERY(&b, 2, &query);
        for (uint32_t i = 0; i < 20; i++)
                put_frame(&rig, &b, 3 + i, i);
        assert_int_equal(send(fd, b.p, b.n, MSG_NOSIGNAL), b.n);
        assert_true(service_dispatch(rig.s) >= 0);
        close(fd);
        rig_until(&rig, no_jobs, &rig);
        rig_quiet(&rig);
        assert_int_equal(rig.s->in_bytes, 0);
        buf_deinit(&b);
        buf_deinit(&set);
        cim_instance_unref(t);
        rig_end(&rig, c);
}

// CANCEL behind a NEXT that is not answered, after 0, 1, 2 ... dispatches.
static void enumerations_are_cancelled_at_any_moment(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        rig_put_things(&rig, c, 30);
        for (unsigned rounds = 0; rounds < 8; rounds++) {
                uint32_t id = rig_enumerate(c, 1);
                assert_true(id > 0);
                int64_t next = client_send(c, NEXT, (&(Wire_NEXT){.enumeration = id, .most = 3}));
                for (unsigned i = 0; i < rounds; i++)
                        assert_true(service_dispatch(rig.s) >= 0);
                int64_t cancel =
                        client_send(c, CANCEL_ASYNC_CALL, (&(Wire_CANCEL_ASYNC_CALL){.subscription = id}));
                for (unsigned n = 0; n < 2; n++) {
                        ClientItem reply = rig_next(c, CLIENT_REPLY);
                        if (reply.request == next)
                                assert_true(!reply.status || reply.status == (uint32_t)CIM_E_CALL_CANCELLED);
                        else
                                assert_true(reply.request == cancel && !reply.status);
                        client_item_deinit(&reply);
                }
                assert_status(rig_more(c, id, NULL), CIM_E_NOT_FOUND);
        }
        assert_int_equal(list_entry(rig.s->sessions.prev, Session, link)->enumeration_count, 0);
        rig_end(&rig, c);
}

// The service ends with requests at the store: they are done, and answered.
static void the_end_waits_for_the_store(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        int fd = greeted(&rig);
        Buf b = {0};
        for (uint32_t i = 0; i < 10; i++)
                put_frame(&rig, &b, 2 + i, i);
        wire_put_LIST_NAMESPACES(&b, 50, &(Wire_LIST_NAMESPACES){0});
        assert_int_equal(send(fd, b.p, b.n, MSG_NOSIGNAL), b.n);
        buf_deinit(&b);
        assert_true(service_dispatch(rig.s) >= 0);
        client_free(c);
        rig_stop(&rig);
        uint8_t in[65536];
        size_t have = 0, replies = 0;
        for (ssize_t n; (n = recv(fd, in + have, sizeof(in) - have, 0)) > 0;)
                have += (size_t)n;
        WireFrame f;
        size_t at = 0;
        for (ssize_t k; at < have && (k = wire_frame(in + at, have - at, sizeof(in), &f)) > 0;
             at += (size_t)k) {
                uint32_t status;
                assert_true(wire_get_status(f.payload, f.size, &status, NULL, NULL, NULL));
                assert_true(!status || (f.request == 50 && status == (uint32_t)CIM_E_SHUTTING_DOWN));
                replies++;
        }
        assert_int_equal(replies, 12);
        close(fd);
}

int main(int argc, char **argv)
{
        rig_config.storage_thread = argc > 1 && strcmp(argv[1], "thread") == 0;
        return testkit_run((TestCase[]){
                TEST(requests_keep_their_order),
                TEST(requests_wait_for_queries_before_them),
                TEST(jobs_have_a_bound),
                TEST(sessions_go_while_the_store_works),
                TEST(enumerations_are_cancelled_at_any_moment),
                TEST(the_end_waits_for_the_store),
                TEST_END,
        });
}
