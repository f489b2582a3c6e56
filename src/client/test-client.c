// SPDX-License-Identifier: MIT
// client: a service made of bytes, which may be slow, strange or hostile.
#include <sys/types.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/testkit.h"
#include "cim/codec.h"
#include "client/test-peer.h"
#include "wire/envelope.h"

// --- frames for it -------------------------------------------------------------------------------

static void put_class(Buf *out, uint32_t handle)
{
        CimPropertySpec p = {.name = STR("Size"), .type = CIM_UINT32};
        CimClassSpec s = {.name = STR("Thing"), .properties = &p, .property_count = 1};
        CimClass *c;
        Diag d;
        Buf bundle = {0};
        assert_int_equal(cim_class_new(&s, NULL, NULL, NULL, &c, &d), 0);
        assert_int_equal(cim_codec_write_class(c, &bundle), 0);
        wire_put_CLASS(out, 0,
                       &(Wire_CLASS){.handle = handle,
                                     .namespace = STR("root\\wmi"),
                                     .bundle = {(char *)bundle.p, bundle.n}});
        buf_deinit(&bundle);
        cim_class_unref(c);
}

static void put_event(Buf *out, const uint32_t *ids, size_t n, uint32_t handle, uint64_t sequence,
                      size_t payload)
{
        Buf e = {0};
        uint8_t *bytes = calloc(1, payload + 1);
        assert_non_null(bytes);
        wire_envelope_write(&(CimEnvelope){.sequence = sequence,
                                           .instance = {u"abc", 3},
                                           .kind = CIM_PAYLOAD_WNODE,
                                           .payload = bytes,
                                           .payload_size = payload},
                            &e);
        wire_put_EVENT(out, 0,
                       &(Wire_EVENT){.subscriptions = {(const char *)ids, n * 4},
                                     .handle = handle,
                                     .envelope = {(char *)e.p, e.n}});
        buf_deinit(&e);
        free(bytes);
}

// --- tests ---------------------------------------------------------------------------------------

static void a_stream_in_single_bytes(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        const uint32_t ids[] = {4, 9};
        p.step = 1;
        put_class(&p.out, 3);
        put_event(&p.out, ids, 2, 3, 77, 100);
        wire_put_LOST(&p.out, 0, &(Wire_LOST){.subscription = 9, .source = 1, .count = 5});
        wire_put_HOST_NOTICE(&p.out, 0, &(Wire_HOST_NOTICE){.name = STR("n"), .gone = 1, .text = STR("t")});
        wire_put_ENDED(&p.out, 0, &(Wire_ENDED){.subscription = 4, .status = (uint32_t)CIM_E_SHUTTING_DOWN});
        ClientItem i = next(c, CLIENT_EVENT);
        assert_int_equal(i.subscription_count, 2);
        assert_int_equal(i.subscriptions[1], 9);
        assert_true(i.envelope.sequence == 77);
        assert_int_equal(i.envelope.payload_size, 100);
        assert_true(str_eq(i.klass->name, STR("Thing")));
        ClientItem event = client_item_steal(&i);
        client_item_deinit(&i); // empty
        i = next(c, CLIENT_LOST);
        assert_true(i.count == 5 && i.subscription == 9 && i.at_source);
        i = next(c, CLIENT_HOST);
        assert_true(str_eq(i.host.text, STR("t")));
        client_item_deinit(&i);
        i = next(c, CLIENT_ENDED);
        assert_true(i.subscription == 4 && i.status == (uint32_t)CIM_E_SHUTTING_DOWN);
        shutdown(p.fd, SHUT_WR);
        next(c, CLIENT_CLOSED);
        assert_int_equal(client_next(c, 0, &i), -EPIPE);
        assert_int_equal(client_send(c, CANCEL_ASYNC_CALL, (&(Wire_CANCEL_ASYNC_CALL){0})), -EPIPE);
        peer_stop(&p, c);
        assert_true(str_eq(event.klass->name, STR("Thing"))); // an item outlives its client
        assert_true(str_eq(event.namespace, STR("root\\wmi")));
        client_item_deinit(&event);
}

static void what_breaks_the_protocol_is_the_end(void **state)
{
        (void)state;
        const uint32_t id = 1;
        for (int k = 0; k < 14; k++) {
                Peer p;
                Client *c = peer_start(&p);
                switch (k) {
                case 0: // no frame
                        buf_u32(&p.out, 0);
                        break;
                case 1: // too large a frame
                        buf_u32(&p.out, LIMIT_FRAME_BYTES);
                        break;
                case 2: // a reply to nothing
                        wire_put_CANCEL_ASYNC_CALL_reply(&p.out, 999, &(Wire_CANCEL_ASYNC_CALL_Reply){0});
                        break;
                case 3: // a request
                        wire_put_CANCEL_ASYNC_CALL(&p.out, 1, &(Wire_CANCEL_ASYNC_CALL){0});
                        break;
                case 4: // an event of a class that was not announced
                        put_event(&p.out, &id, 1, 3, 1, 10);
                        break;
                case 5: // a class twice
                        put_class(&p.out, 3);
                        put_class(&p.out, 3);
                        break;
                case 6: // a class that is none
                        wire_put_CLASS(&p.out, 0, &(Wire_CLASS){.handle = 1, .bundle = STR("rubbish")});
                        break;
                case 7: // an event for nobody
                        put_class(&p.out, 3);
                        put_event(&p.out, &id, 0, 3, 1, 10);
                        break;
                case 8: // ids that are not whole
                        put_class(&p.out, 3);
                        wire_put_EVENT(&p.out, 0, &(Wire_EVENT){.subscriptions = STR("abcde"), .handle = 3});
                        break;
                case 9: // an envelope that is none
                        put_class(&p.out, 3);
                        wire_put_EVENT(&p.out, 0,
                                       &(Wire_EVENT){.subscriptions = STR("abcd"),
                                                     .handle = 3,
                                                     .envelope = STR("x")});
                        break;
                case 10: // a loss of nothing
                        wire_put_LOST(&p.out, 0, &(Wire_LOST){.subscription = 1});
                        break;
                case 11: // strange flags
                        wire_put_ENDED(&p.out, 0, &(Wire_ENDED){0});
                        p.out.p[p.out.n - 20 + 7] = 1;
                        break;
                case 12: // the reply of another operation
                        assert_int_equal(client_send(c, CANCEL_ASYNC_CALL, (&(Wire_CANCEL_ASYNC_CALL){0})), 2);
                        wire_put_LIST_DRIVERS_reply(&p.out, 2, &(Wire_LIST_DRIVERS_Reply){0});
                        break;
                case 13: // a reply of half a status
                        assert_int_equal(client_send(c, CANCEL_ASYNC_CALL, (&(Wire_CANCEL_ASYNC_CALL){0})), 2);
                        wire_put_CANCEL_ASYNC_CALL_reply(&p.out, 2, &(Wire_CANCEL_ASYNC_CALL_Reply){0});
                        p.out.n -= 2;
                        p.out.p[p.sent] = 10;
                        break;
                default:
                        break;
                }
                ClientItem i;
                assert_int_equal(client_next(c, 10000, &i), -EPROTO);
                assert_int_equal(client_next(c, 0, &i), -EPROTO); // for good
                assert_int_equal(client_send(c, CANCEL_ASYNC_CALL, (&(Wire_CANCEL_ASYNC_CALL){0})), -EPROTO);
                peer_stop(&p, c);
        }
}

static void the_door_can_be_shut(void **state)
{
        (void)state;
        Client *c = NULL;
        Diag d = {0};
        Peer p = {0};
        wire_put_error(&p.out, WIRE_HELLO, 1, CIM_E_ACCESS_DENIED, NULL, (Str){"", 0}, (Str){"", 0});
        assert_int_equal(peer_adopt(&p, &c, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_ACCESS_DENIED);
        peer_stop(&p, NULL);
        p = (Peer){0};
        buf_text(&p.out, "SSH-2.0-OpenSSH\r\n");
        assert_int_equal(peer_adopt(&p, &c, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_TRANSPORT_FAILURE);
        assert_non_null(strstr(d.message, "not a FreeWMI service"));
        peer_stop(&p, NULL);
        p = (Peer){0};
        wire_put_HELLO_reply(&p.out, 1, &(Wire_HELLO_Reply){.version = WIRE_VERSION + 1});
        assert_int_equal(peer_adopt(&p, &c, &d), E_DIAG);
        assert_non_null(strstr(d.message, "another version"));
        peer_stop(&p, NULL);
        int fd[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
        close(fd[1]);
        assert_int_equal(client_adopt(fd[0], "test", NULL, NULL, -1, &c, &d), E_DIAG);
        assert_non_null(strstr(d.message, "closed the connection"));
        p = (Peer){.pump_fails = -EXDEV};
        assert_int_equal(peer_adopt(&p, &c, &d), -EXDEV);
        peer_stop(&p, NULL);
}

static void a_reply_may_be_late(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        uint32_t id = 0;
        Diag d = {0};
        ClientItem i;
        assert_int_equal(client_subscribe(c, STR("root"), STR("q"), 0, 10, &id, NULL, &d), -ETIMEDOUT);
        assert_int_equal(client_call(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0}), 0, &i, &d), -ETIMEDOUT);
        uint32_t subscribe = peer_got(&p, 0).request, list = peer_got(&p, 1).request;
        // Both come after all: nobody sees them, and the subscription is ended at once.
        const uint32_t ids[] = {7, 8};
        put_class(&p.out, 3);
        wire_put_EXEC_NOTIFICATION_QUERY_reply(&p.out, subscribe, &(Wire_EXEC_NOTIFICATION_QUERY_Reply){.subscription = 7});
        wire_put_LIST_DRIVERS_reply(&p.out, list, &(Wire_LIST_DRIVERS_Reply){0});
        put_event(&p.out, ids, 1, 3, 1, 10); // for nobody
        put_event(&p.out, ids, 2, 3, 2, 10); // for 8
        wire_put_LOST(&p.out, 0, &(Wire_LOST){.subscription = 7, .count = 5});
        i = next(c, CLIENT_EVENT);
        assert_true(i.envelope.sequence == 2 && i.subscription_count == 1 && i.subscriptions[0] == 8);
        client_item_deinit(&i);
        assert_int_equal(client_next(c, 0, &i), -EAGAIN);
        WireFrame f = peer_got(&p, 2);
        Wire_CANCEL_ASYNC_CALL cancel;
        assert_int_equal(f.operation, WIRE_CANCEL_ASYNC_CALL);
        assert_true(wire_get_CANCEL_ASYNC_CALL(f.payload, f.size, &cancel));
        assert_int_equal(cancel.subscription, 7);
        wire_put_CANCEL_ASYNC_CALL_reply(&p.out, f.request, &(Wire_CANCEL_ASYNC_CALL_Reply){0});
        assert_int_equal(client_next(c, 0, &i), -EAGAIN);
        // The number is free again.
        put_event(&p.out, ids, 1, 3, 3, 10);
        i = next(c, CLIENT_EVENT);
        client_item_deinit(&i);
        peer_stop(&p, c);
}

static void replies_out_of_order_and_items_between(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        ClientItem i;
        Diag d = {0};
        const uint32_t ids[] = {1};
        int64_t one = client_send(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0}));
        put_class(&p.out, 3);
        put_event(&p.out, ids, 1, 3, 1, 10);
        wire_put_LIST_NAMESPACES_reply(&p.out, (uint32_t)one + 1, &(Wire_LIST_NAMESPACES_Reply){.count = 9});
        wire_put_LIST_DRIVERS_reply(&p.out, (uint32_t)one, &(Wire_LIST_DRIVERS_Reply){.count = 4});
        put_event(&p.out, ids, 1, 3, 2, 10);
        assert_int_equal(client_call(c, LIST_NAMESPACES, (&(Wire_LIST_NAMESPACES){0}), 10000, &i, &d), 0);
        Wire_LIST_NAMESPACES_Reply m;
        assert_true(wire_get_LIST_NAMESPACES_reply(i.frame.payload, i.frame.size, &m));
        assert_int_equal(m.count, 9);
        client_item_deinit(&i);
        i = next(c, CLIENT_EVENT);
        assert_true(i.envelope.sequence == 1);
        client_item_deinit(&i);
        i = next(c, CLIENT_REPLY);
        assert_int_equal(i.request, one);
        client_item_deinit(&i);
        i = next(c, CLIENT_EVENT);
        assert_true(i.envelope.sequence == 2);
        client_item_deinit(&i);
        peer_stop(&p, c);
}

// While a call waits: LIMIT_SUBSCRIPTION_QUEUE events for one subscription are kept, the next is counted.
static void what_is_put_aside_is_bounded(void **state)
{
        (void)state;
        for (uint32_t extra = 0; extra <= 2; extra++) {
                Peer p;
                Client *c = peer_start(&p);
                ClientItem i;
                const uint32_t ids[] = {1, 2};
                put_class(&p.out, 3);
                for (uint64_t n = 0; n < LIMIT_SUBSCRIPTION_QUEUE - 1 + extra; n++)
                        put_event(&p.out, ids, 1, 3, n, 10);
                put_event(&p.out, ids + 1, 1, 3, 1, 10); // another has room
                put_event(&p.out, ids, 2, 3, 2, 10);
                wire_put_LOST(&p.out, 0, &(Wire_LOST){.subscription = 1, .count = 10});
                wire_put_LIST_DRIVERS_reply(&p.out, 2, &(Wire_LIST_DRIVERS_Reply){0});
                assert_int_equal(client_call(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0}), 10000, &i, NULL), 0);
                client_item_deinit(&i);
                uint64_t events[3] = {0}, lost[3] = {0};
                while (client_next(c, 0, &i) == 0) {
                        if (i.kind == CLIENT_LOST)
                                lost[i.subscription] += i.count;
                        else
                                for (size_t k = 0; k < i.subscription_count; k++)
                                        events[i.subscriptions[k]]++;
                        client_item_deinit(&i);
                }
                assert_int_equal(events[1], LIMIT_SUBSCRIPTION_QUEUE);
                assert_int_equal(events[1] + lost[1], LIMIT_SUBSCRIPTION_QUEUE - 1 + extra + 1 + 10);
                assert_int_equal(events[2], 2);
                assert_int_equal(lost[2], 0);
                peer_stop(&p, c);
        }
}

static void a_flood_of_other_items_is_the_end(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        ClientItem i;
        for (int n = 0; n < 5000; n++)
                wire_put_ENDED(&p.out, 0, &(Wire_ENDED){.subscription = 1});
        assert_int_equal(client_call(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0}), 10000, &i, NULL), -EPROTO);
        peer_stop(&p, c);
}

// No service has as many subscriptions as this one tells of; and gaps between events are no flood.
static void made_up_subscriptions_are_the_end(void **state)
{
        (void)state;
        for (uint32_t most = LIMIT_ALL_SUBSCRIPTIONS - 1; most <= LIMIT_ALL_SUBSCRIPTIONS + 1; most++) {
                Peer p;
                Client *c = peer_start(&p);
                ClientItem i;
                for (uint32_t n = 1; n <= most; n++)
                        wire_put_LOST(&p.out, 0, &(Wire_LOST){.subscription = n, .count = 1});
                wire_put_LIST_DRIVERS_reply(&p.out, 2, &(Wire_LIST_DRIVERS_Reply){0});
                bool fits = most <= LIMIT_ALL_SUBSCRIPTIONS;
                assert_int_equal(client_call(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0}), 10000, &i, NULL),
                                 fits ? 0 : -EPROTO);
                if (fits)
                        client_item_deinit(&i);
                peer_stop(&p, c);
        }
        Peer p;
        Client *c = peer_start(&p);
        ClientItem i;
        for (uint32_t n = 1; n <= LIMIT_HELD_ITEMS + 1; n++)
                wire_put_LOST(&p.out, 0, &(Wire_LOST){.subscription = n, .count = 1});
        wire_put_ENDED(&p.out, 0, &(Wire_ENDED){.subscription = 1});
        wire_put_LIST_DRIVERS_reply(&p.out, 2, &(Wire_LIST_DRIVERS_Reply){0});
        assert_int_equal(client_call(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0}), 10000, &i, NULL), 0);
        client_item_deinit(&i);
        peer_stop(&p, c);
        for (uint32_t n = LIMIT_SUBSCRIPTIONS - 1; n <= LIMIT_SUBSCRIPTIONS + 1; n++) { // of one event
                uint32_t *ids = calloc(n, sizeof(*ids));
                assert_non_null(ids);
                for (uint32_t k = 0; k < n; k++)
                        ids[k] = k + 1;
                c = peer_start(&p);
                put_class(&p.out, 3);
                put_event(&p.out, ids, n, 3, 1, 10);
                assert_int_equal(client_next(c, 10000, &i), n > LIMIT_SUBSCRIPTIONS ? -EPROTO : 0);
                if (n <= LIMIT_SUBSCRIPTIONS)
                        client_item_deinit(&i);
                peer_stop(&p, c);
                free(ids);
        }
}

static void after_cancel_nothing_held_comes(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        ClientItem i;
        const uint32_t ids[] = {1, 2};
        put_class(&p.out, 3);
        put_event(&p.out, ids, 1, 3, 1, 10);
        put_event(&p.out, ids, 2, 3, 2, 10);
        wire_put_LOST(&p.out, 0, &(Wire_LOST){.subscription = 1, .count = 10});
        wire_put_CANCEL_ASYNC_CALL_reply(&p.out, 2, &(Wire_CANCEL_ASYNC_CALL_Reply){0});
        assert_int_equal(client_cancel(c, 1, 10000, NULL), 0);
        i = next(c, CLIENT_EVENT);
        assert_true(i.envelope.sequence == 2 && i.subscription_count == 1 && i.subscriptions[0] == 2);
        client_item_deinit(&i);
        assert_int_equal(client_next(c, 0, &i), -EAGAIN);
        peer_stop(&p, c);
}

// A request that the socket does not take at once goes when it can; client_fd says when there is work.
static void large_requests_and_replies(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        const size_t n = 3 << 20;
        char *text = malloc(n);
        assert_non_null(text);
        memset(text, 'm', n);
        assert_int_equal(client_send(c, IMPORT_MOF, (&(Wire_IMPORT_MOF){.text = {text, n}})), 2);
        struct pollfd watch = {client_fd(c), POLLIN, 0};
        assert_int_equal(poll(&watch, 1, 0), 0); // full: nothing to do now
        ClientItem i;
        while (p.in.n < n) {
                peer_pump(&p);
                if (poll(&watch, 1, 0) > 0)
                        assert_int_equal(client_next(c, 0, &i), -EAGAIN);
        }
        WireFrame f = peer_got(&p, 0);
        Wire_IMPORT_MOF m;
        assert_true(wire_get_IMPORT_MOF(f.payload, f.size, &m) && m.text.n == n);
        wire_put_IMPORT_MOF_reply(&p.out, 2, &(Wire_IMPORT_MOF_Reply){.count = 1, .list = {text, n}});
        i = next(c, CLIENT_REPLY);
        Wire_IMPORT_MOF_Reply reply;
        assert_true(wire_get_IMPORT_MOF_reply(i.frame.payload, i.frame.size, &reply) && reply.list.n == n);
        client_item_deinit(&i);
        assert_int_equal(poll(&watch, 1, 0), 0);
        char *huge = calloc(1, LIMIT_FRAME_BYTES);
        assert_non_null(huge);
        assert_int_equal(client_send(c, IMPORT_MOF, (&(Wire_IMPORT_MOF){.text = {huge, LIMIT_FRAME_BYTES}})),
                         -EMSGSIZE);
        assert_int_equal(client_next(c, 0, &i), -EAGAIN); // as if it had not been tried
        // Other requests have a bound of their own.
        const size_t most = LIMIT_REQUEST_BYTES - WIRE_HEADER - 3 * 4;
        for (size_t k = most - 1; k <= most + 1; k++) {
                Wire_GET_OBJECT get = {.path = {huge, k}};
                int64_t r = client_send(c, GET_OBJECT, &get);
                if (k > most)
                        assert_int_equal(r, -EMSGSIZE);
                else
                        assert_true(r > 0);
        }
        const size_t objects = LIMIT_OBJECTS_BYTES - WIRE_HEADER - 3 * 4;
        for (size_t k = objects - 1; k <= objects + 1; k++) {
                Wire_PUT_INSTANCE put = {.objects = {huge, k}};
                int64_t r = client_send(c, PUT_INSTANCE, &put);
                if (k > objects)
                        assert_int_equal(r, -EMSGSIZE);
                else
                        assert_true(r > 0);
        }
        free(huge);
        free(text);
        peer_stop(&p, c);
}

static void the_path_is_found(void **state)
{
        (void)state;
        char out[64], want[64];
        const char *own = getenv("FREEWMI_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");
        char *keep_own = own ? strdup(own) : NULL, *keep_runtime = runtime ? strdup(runtime) : NULL;
        setenv("FREEWMI_SOCKET", "/a/b", 1);
        setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
        assert_int_equal(client_socket_path(out, sizeof(out)), 0);
        assert_string_equal(out, "/a/b");
        assert_int_equal(client_socket_path(out, 5), 0);
        assert_int_equal(client_socket_path(out, 4), -ENAMETOOLONG);
        unsetenv("FREEWMI_SOCKET");
        assert_int_equal(client_socket_path(out, sizeof(out)), 0);
        assert_string_equal(out, "/run/user/7/freewmi/socket");
        unsetenv("XDG_RUNTIME_DIR");
        snprintf(want, sizeof(want), geteuid() ? "/tmp/freewmi-%u/socket" : "/run/freewmi/socket", geteuid());
        assert_int_equal(client_socket_path(out, sizeof(out)), 0);
        assert_string_equal(out, want);
        Client *c;
        Diag d;
        char path[200];
        memset(path, 'x', sizeof(path));
        path[199] = '\0';
        assert_int_equal(client_connect(path, "t", &c, &d), E_DIAG);
        assert_int_equal(client_connect("", "t", &c, &d), E_DIAG);
        assert_int_equal(client_connect("/nowhere", "t", &c, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_TRANSPORT_FAILURE);
        assert_non_null(strstr(d.hint, "wmid --socket /nowhere"));
        if (keep_own)
                setenv("FREEWMI_SOCKET", keep_own, 1);
        if (keep_runtime)
                setenv("XDG_RUNTIME_DIR", keep_runtime, 1);
        free(keep_own);
        free(keep_runtime);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(a_stream_in_single_bytes),
                TEST(what_breaks_the_protocol_is_the_end),
                TEST(the_door_can_be_shut),
                TEST(a_reply_may_be_late),
                TEST(replies_out_of_order_and_items_between),
                TEST(what_is_put_aside_is_bounded),
                TEST(a_flood_of_other_items_is_the_end),
                TEST(made_up_subscriptions_are_the_end),
                TEST(after_cancel_nothing_held_comes),
                TEST(large_requests_and_replies),
                TEST(the_path_is_found),
                TEST_END,
        });
}
