// SPDX-License-Identifier: MIT
// client: objects, enumerations and events with objects inside, against a service made of bytes.
#include <sys/types.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/testkit.h"
#include "cim/codec.h"
#include "client/test-peer.h"
#include "wire/envelope.h"

enum { PATIENCE_MS = 10000 };

// --- classes and objects -------------------------------------------------------------------------

static CimClass *make_class(const char *name, const char *inside, uint64_t version)
{
        CimPropertySpec p[] = {{.name = STR("Size"), .type = CIM_UINT32},
                               {.name = STR("Inside"), .type = CIM_OBJECT, .class_name = str_of(inside)}};
        CimClassSpec s = {.name = str_of(name), .properties = p, .property_count = inside ? 2 : 1};
        CimClass *c;
        Diag d;
        assert_int_equal(cim_class_new(&s, NULL, NULL, NULL, &c, &d), 0);
        c->version = version;
        return c;
}

static CimInstance *make_thing(CimClass *take_class, uint32_t size)
{
        CimInstance *i;
        assert_int_equal(cim_instance_new(take_class, &i), 0);
        i->values[0] = (CimValue){.type = CIM_UINT32, .uint = size};
        cim_class_unref(take_class);
        return i;
}

// `n` things of sizes from `first` as a set.
static Buf set_of(uint32_t first, uint32_t n, bool by_version)
{
        Buf b = {0};
        CimClass *c = make_class("Thing", NULL, 7);
        CimSetWriter *w = cim_set_writer_new(by_version);
        assert_non_null(w);
        for (uint32_t k = 0; k < n; k++) {
                CimInstance *i = make_thing(cim_class_ref(c), first + k);
                assert_int_equal(cim_set_add(w, i), 0);
                cim_instance_unref(i);
        }
        cim_set_finish(w, &b);
        cim_set_writer_free(w);
        cim_class_unref(c);
        return b;
}

#define STR_OF(b) ((Str){(const char *)(b).p, (b).n})

static uint32_t size_of(CimInstance *take)
{
        uint32_t n = (uint32_t)take->values[0].uint;
        cim_instance_unref(take);
        return n;
}

// What a request says: the objects of the set in frame n.
static CimSet sent_set(Peer *p, size_t n, uint16_t operation, bool *ret_whole)
{
        WireFrame f = peer_got(p, n);
        Str objects = {0};
        assert_int_equal(f.operation, operation);
        Wire_PUT_INSTANCE put;
        Wire_PUT_CLASS class;
        Wire_INDICATE indicate;
        if (operation == WIRE_PUT_INSTANCE && wire_get_PUT_INSTANCE(f.payload, f.size, &put))
                objects = put.objects;
        else if (operation == WIRE_PUT_CLASS && wire_get_PUT_CLASS(f.payload, f.size, &class))
                objects = class.objects;
        else if (wire_get_INDICATE(f.payload, f.size, &indicate))
                objects = indicate.objects;
        CimSet s = {0};
        *ret_whole = cim_set_read((const uint8_t *)objects.p, objects.n, NULL, NULL, &s, NULL, NULL) == 0;
        return *ret_whole ? s : (CimSet){0};
}

// --- one object ----------------------------------------------------------------------------------

static void one_object(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        CimInstance *i;
        Diag d = {0};
        Buf b = set_of(42, 1, false);
        wire_put_GET_OBJECT_reply(&p.out, 2, &(Wire_GET_OBJECT_Reply){.objects = STR_OF(b)});
        assert_int_equal(client_get_object(c, STR("root"), STR("Thing.A=1"), 3, PATIENCE_MS, &i, &d), 0);
        assert_true(i->class->version == 7);
        assert_int_equal(size_of(i), 42);
        Wire_GET_OBJECT m;
        WireFrame f = peer_got(&p, 0);
        assert_true(wire_get_GET_OBJECT(f.payload, f.size, &m));
        assert_true(str_eq(m.namespace, STR("root")) && str_eq(m.path, STR("Thing.A=1")) && m.flags == 3);
        buf_deinit(&b);
        peer_stop(&p, c);
}

static void a_reply_that_holds_no_object(void **state)
{
        (void)state;
        for (int k = 0; k < 5; k++) {
                Peer p;
                Client *c = peer_start(&p);
                CimInstance *i = NULL;
                Diag d = {0};
                Buf b = k == 0 ? set_of(1, 0, false) : k == 1 ? set_of(1, 2, false) : set_of(1, 1, k == 2);
                if (k == 3)
                        b.n--;
                if (k == 4)
                        b.p[0] = 200;
                wire_put_GET_OBJECT_reply(&p.out, 2, &(Wire_GET_OBJECT_Reply){.objects = STR_OF(b)});
                assert_int_equal(client_get_object(c, STR("root"), STR("X"), 0, PATIENCE_MS, &i, &d), E_DIAG);
                assert_int_equal(d.code, (uint32_t)CIM_E_TRANSPORT_FAILURE);
                assert_int_equal(client_last_status(c)->status, (uint32_t)CIM_E_TRANSPORT_FAILURE);
                assert_string_equal(client_last_status(c)->operation, "GetObject");
                assert_string_equal(client_last_status(c)->provider, "FreeWMI");
                assert_null(i);
                buf_deinit(&b);
                peer_stop(&p, c);
        }
}

static void what_a_failure_says(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        Diag d = {.line = 1, .column = 8, .offset = 7, .message = "there is no class Tost", .hint = "did you mean Toast?"};
        CimInstance *i;
        assert_int_equal(client_last_status(c)->status, 0);
        wire_put_error(&p.out, WIRE_GET_OBJECT, 2, CIM_E_NOT_FOUND, &d, STR("Tost"), (Str){"", 0});
        assert_int_equal(client_get_object(c, STR("root"), STR("Tost"), 0, PATIENCE_MS, &i, NULL), E_DIAG);
        const ClientStatus *s = client_last_status(c);
        assert_int_equal(s->status, (uint32_t)CIM_E_NOT_FOUND);
        assert_string_equal(s->operation, "GetObject");
        assert_string_equal(s->parameter.p, "Tost");
        assert_string_equal(s->provider, "WinMgmt");
        assert_string_equal(s->diag.message, "there is no class Tost");
        assert_string_equal(s->diag.hint, "did you mean Toast?");
        assert_int_equal(s->diag.offset, 7);
        // The same of a reply that comes as an item.
        int64_t n = client_send(c, DELETE_CLASS, (&(Wire_DELETE_CLASS){.name = STR("Tost")}));
        wire_put_error(&p.out, WIRE_DELETE_CLASS, (uint32_t)n, CIM_E_ACCESS_DENIED, NULL, STR("Tost"), (Str){"", 0});
        ClientItem item = next(c, CLIENT_REPLY);
        ClientStatus own;
        assert_true(client_item_status(&item, &own));
        assert_string_equal(own.operation, "DeleteClass");
        assert_true(own.status == (uint32_t)CIM_E_ACCESS_DENIED && str_eq(own.parameter, STR("Tost")));
        assert_string_equal(own.diag.message, cim_status_says((uint32_t)CIM_E_ACCESS_DENIED));
        client_item_deinit(&item);
        n = client_send(c, DELETE_CLASS, (&(Wire_DELETE_CLASS){.name = STR("Toast")}));
        wire_put_DELETE_CLASS_reply(&p.out, (uint32_t)n, &(Wire_DELETE_CLASS_Reply){0});
        item = next(c, CLIENT_REPLY);
        assert_false(client_item_status(&item, &own));
        client_item_deinit(&item);
        peer_stop(&p, c);
}

// --- objects out ---------------------------------------------------------------------------------

static void classes_go_by_version_first(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        CimInstance *i = make_thing(make_class("Thing", NULL, 99), 5);
        Diag d = {0};
        char *path = NULL;
        bool whole;
        wire_put_PUT_INSTANCE_reply(&p.out, 2, &(Wire_PUT_INSTANCE_Reply){.path = STR("Thing=@")});
        assert_int_equal(client_put_instance(c, STR("root"), i, 2, PATIENCE_MS, &path, &d), 0);
        assert_string_equal(path, "Thing=@");
        free(path);
        sent_set(&p, 0, WIRE_PUT_INSTANCE, &whole);
        assert_false(whole);
        // Stale: once more with the class itself.
        wire_put_error(&p.out, WIRE_PUT_INSTANCE, 3, CIM_E_INVALID_CLASS, NULL, (Str){"", 0}, (Str){"", 0});
        wire_put_PUT_INSTANCE_reply(&p.out, 4, &(Wire_PUT_INSTANCE_Reply){.path = STR("Thing=@")});
        assert_int_equal(client_put_instance(c, STR("root"), i, 2, PATIENCE_MS, NULL, &d), 0);
        sent_set(&p, 1, WIRE_PUT_INSTANCE, &whole);
        assert_false(whole);
        CimSet s = sent_set(&p, 2, WIRE_PUT_INSTANCE, &whole);
        assert_true(whole && s.count == 1 && s.objects[0]->values[0].uint == 5);
        cim_set_deinit(&s);
        // Whole already: what the service says holds.
        CimInstance *own = make_thing(make_class("Own", NULL, 0), 5);
        wire_put_error(&p.out, WIRE_PUT_INSTANCE, 5, CIM_E_INVALID_CLASS, NULL, (Str){"", 0}, (Str){"", 0});
        assert_int_equal(client_put_instance(c, STR("root"), own, 0, PATIENCE_MS, NULL, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_CLASS);
        assert_int_equal(client_send(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0})), 6);
        // Class definitions the same way; other failures are not repeated.
        CimInstance *definition;
        assert_int_equal(cim_instance_of_class(i->class, STR("root"), &definition), 0);
        wire_put_PUT_CLASS_reply(&p.out, 7, &(Wire_PUT_CLASS_Reply){0});
        assert_int_equal(client_put_class(c, STR("root"), definition, 0, PATIENCE_MS, &d), 0);
        wire_put_error(&p.out, WIRE_PUT_CLASS, 8, CIM_E_ALREADY_EXISTS, NULL, (Str){"", 0}, (Str){"", 0});
        assert_int_equal(client_put_class(c, STR("root"), definition, 2, PATIENCE_MS, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_ALREADY_EXISTS);
        assert_int_equal(client_send(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0})), 9);
        cim_instance_unref(definition);
        cim_instance_unref(own);
        cim_instance_unref(i);
        peer_stop(&p, c);
}

static void deleting(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        Diag d = {0};
        wire_put_DELETE_CLASS_reply(&p.out, 2, &(Wire_DELETE_CLASS_Reply){0});
        wire_put_error(&p.out, WIRE_DELETE_INSTANCE, 3, CIM_E_NOT_FOUND, NULL, (Str){"", 0}, (Str){"", 0});
        wire_put_END_SUBSCRIPTION_reply(&p.out, 4, &(Wire_END_SUBSCRIPTION_Reply){0});
        assert_int_equal(client_delete_class(c, STR("root"), STR("Thing"), PATIENCE_MS, &d), 0);
        assert_int_equal(client_delete_instance(c, STR("root"), STR("Thing=1"), PATIENCE_MS, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_NOT_FOUND);
        assert_int_equal(client_end_subscription(c, 8, 9, PATIENCE_MS, &d), 0);
        assert_int_equal(client_delete_instance(c, STR("root"), STR("Thing=1"), 0, &d), -ETIMEDOUT);
        peer_stop(&p, c);
}

static void events_out(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        Diag d = {0};
        uint32_t sink = 0, matched = 0;
        bool whole;
        wire_put_QUERY_OBJECT_SINK_reply(&p.out, 2, &(Wire_QUERY_OBJECT_SINK_Reply){.sink = 5});
        assert_int_equal(client_open_sink(c, STR("root"), PATIENCE_MS, &sink, &d), 0);
        assert_int_equal(sink, 5);
        // A name that makes each event large: two fit into a request, the third goes alone.
        CimPropertySpec text = {.name = STR("Text"), .type = CIM_STRING};
        CimClassSpec spec = {.name = STR("Loud"), .properties = &text, .property_count = 1};
        CimClass *k;
        assert_int_equal(cim_class_new(&spec, NULL, NULL, NULL, &k, &d), 0);
        const size_t units = LIMIT_BATCH_BYTES / 2 - 4096;
        char16_t *long_text = calloc(units, sizeof(*long_text));
        assert_non_null(long_text);
        for (size_t i = 0; i < units; i++)
                long_text[i] = u'\x263A';
        CimInstance *events[3];
        for (int i = 0; i < 3; i++) {
                assert_int_equal(cim_instance_new(k, &events[i]), 0);
                events[i]->values[0] = (CimValue){.type = CIM_STRING, .string = {long_text, units}};
        }
        p.step = 1 << 20;
        wire_put_INDICATE_reply(&p.out, 3, &(Wire_INDICATE_Reply){.matched = 4});
        wire_put_INDICATE_reply(&p.out, 4, &(Wire_INDICATE_Reply){.matched = 2});
        assert_int_equal(client_indicate(c, sink, events, 3, PATIENCE_MS, &matched, &d), 0);
        assert_int_equal(matched, 6);
        ClientItem item;
        while (p.in.n < 3 * 2 * units) { // the rest of the requests
                peer_pump(&p);
                assert_int_equal(client_next(c, 0, &item), -EAGAIN);
        }
        CimSet s = sent_set(&p, 1, WIRE_INDICATE, &whole);
        assert_true(whole && s.count == 2);
        cim_set_deinit(&s);
        s = sent_set(&p, 2, WIRE_INDICATE, &whole);
        assert_true(whole && s.count == 1);
        cim_set_deinit(&s);
        assert_int_equal(client_indicate(c, sink, events, 0, PATIENCE_MS, &matched, &d), 0);
        assert_int_equal(matched, 0);
        for (int i = 0; i < 3; i++)
                cim_instance_unref(events[i]);
        free(long_text);
        cim_class_unref(k);
        peer_stop(&p, c);
}

// --- enumerations --------------------------------------------------------------------------------

static void put_next_reply(Buf *out, uint32_t request, uint32_t more, uint32_t first, uint32_t n)
{
        Buf b = set_of(first, n, false);
        wire_put_NEXT_reply(out, request, &(Wire_NEXT_Reply){.more = more, .objects = STR_OF(b)});
        buf_deinit(&b);
}

// An enumeration with objects 0 and 1 at hand and, when handle is set, more to come.
static ClientEnum *begin(Peer *p, Client *c, uint32_t request, uint32_t handle)
{
        Buf b = set_of(0, 2, false);
        ClientEnum *e;
        Diag d = {0};
        wire_put_EXEC_QUERY_reply(&p->out, request, &(Wire_EXEC_QUERY_Reply){.enumeration = handle, .objects = STR_OF(b)});
        assert_int_equal(client_query(c, STR("root"), STR("SELECT * FROM Thing"), 0, PATIENCE_MS, &e, &d), 0);
        buf_deinit(&b);
        return e;
}

static void in_batches(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        Diag d = {0};
        CimInstance *i;
        const uint32_t ids[] = {1};
        ClientEnum *e = begin(&p, c, 2, 9);
        put_next_reply(&p.out, 3, 1, 2, 3);
        wire_put_LOST(&p.out, 0, &(Wire_LOST){.subscription = ids[0], .count = 1}); // stays for client_next
        put_next_reply(&p.out, 4, 1, 0, 0); // nothing yet
        put_next_reply(&p.out, 5, 0, 5, 1);
        for (uint32_t k = 0; k < 6; k++) {
                assert_int_equal(client_enum_next(e, PATIENCE_MS, &i, &d), 0);
                assert_int_equal(size_of(i), k);
        }
        assert_int_equal(client_enum_next(e, PATIENCE_MS, &i, &d), -ENODATA);
        assert_int_equal(client_enum_next(e, PATIENCE_MS, &i, &d), -ENODATA);
        client_enum_free(e);
        ClientItem item = next(c, CLIENT_LOST);
        client_item_deinit(&item);
        assert_int_equal(client_send(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0})), 6); // no cancel was needed
        // Nothing more from the start.
        e = begin(&p, c, 7, 0);
        size_of((client_enum_next(e, 0, &i, &d), i));
        size_of((client_enum_next(e, 0, &i, &d), i));
        assert_int_equal(client_enum_next(e, 0, &i, &d), -ENODATA);
        client_enum_free(e);
        client_enum_free(NULL);
        peer_stop(&p, c);
}

static void an_enumeration_left_early_is_cancelled(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        ClientEnum *e = begin(&p, c, 2, 9);
        client_enum_free(e);
        Wire_CANCEL_ASYNC_CALL m;
        WireFrame f = peer_got(&p, 1);
        assert_int_equal(f.operation, WIRE_CANCEL_ASYNC_CALL);
        assert_true(wire_get_CANCEL_ASYNC_CALL(f.payload, f.size, &m) && m.subscription == 9);
        wire_put_CANCEL_ASYNC_CALL_reply(&p.out, f.request, &(Wire_CANCEL_ASYNC_CALL_Reply){0});
        ClientItem i;
        assert_int_equal(client_next(c, 0, &i), -EAGAIN); // its reply is nobody's
        peer_stop(&p, c);
}

// Time runs out: no object is left out, whoever reads the stream meanwhile.
static void a_batch_may_be_late(void **state)
{
        (void)state;
        for (int how = 0; how < 4; how++) {
                Peer p;
                Client *c = peer_start(&p);
                Diag d = {0};
                CimInstance *i;
                ClientItem item;
                ClientEnum *e = begin(&p, c, 2, 9);
                for (uint32_t k = 0; k < 2; k++)
                        size_of((client_enum_next(e, 0, &i, &d), i));
                assert_int_equal(client_enum_next(e, 0, &i, &d), -ETIMEDOUT);
                assert_int_equal(client_enum_next(e, 5, &i, &d), -ETIMEDOUT);
                uint32_t request = peer_got(&p, 1).request;
                if (how < 3)
                        put_next_reply(&p.out, request, 1, 2, 1);
                else
                        wire_put_error(&p.out, WIRE_NEXT, request, CIM_E_OUT_OF_MEMORY, NULL, (Str){"", 0}, (Str){"", 0});
                if (how == 1) { // read by client_next
                        assert_int_equal(client_next(c, 0, &item), -EAGAIN);
                } else if (how == 2) { // by another call
                        wire_put_LIST_DRIVERS_reply(&p.out, request + 1, &(Wire_LIST_DRIVERS_Reply){0});
                        assert_int_equal(client_call(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0}), PATIENCE_MS, &item, &d), 0);
                        client_item_deinit(&item);
                }
                if (how < 3) {
                        assert_int_equal(client_enum_next(e, PATIENCE_MS, &i, &d), 0);
                        assert_int_equal(size_of(i), 2);
                } else {
                        assert_int_equal(client_enum_next(e, PATIENCE_MS, &i, &d), E_DIAG);
                        assert_int_equal(d.code, (uint32_t)CIM_E_OUT_OF_MEMORY);
                }
                client_enum_free(e);
                peer_stop(&p, c);
        }
}

static void ends_of_enumerations(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        Diag d = {0};
        CimInstance *i;
        ClientItem item;
        // Freed while a batch is on its way: the batch is nobody's.
        ClientEnum *e = begin(&p, c, 2, 9);
        for (uint32_t k = 0; k < 2; k++)
                size_of((client_enum_next(e, 0, &i, &d), i));
        assert_int_equal(client_enum_next(e, 0, &i, &d), -ETIMEDOUT);
        client_enum_free(e);
        put_next_reply(&p.out, 3, 1, 2, 1);
        wire_put_CANCEL_ASYNC_CALL_reply(&p.out, 4, &(Wire_CANCEL_ASYNC_CALL_Reply){0});
        assert_int_equal(client_next(c, 0, &item), -EAGAIN);
        // The answer to the query itself came too late: it is ended at once.
        assert_int_equal(client_query(c, STR("root"), STR("q"), 0, 0, &e, &d), -ETIMEDOUT);
        wire_put_EXEC_QUERY_reply(&p.out, 5, &(Wire_EXEC_QUERY_Reply){.enumeration = 11});
        assert_int_equal(client_next(c, 0, &item), -EAGAIN);
        Wire_CANCEL_ASYNC_CALL m;
        WireFrame f = peer_got(&p, 4);
        assert_true(f.operation == WIRE_CANCEL_ASYNC_CALL && wire_get_CANCEL_ASYNC_CALL(f.payload, f.size, &m));
        assert_int_equal(m.subscription, 11);
        wire_put_CANCEL_ASYNC_CALL_reply(&p.out, f.request, &(Wire_CANCEL_ASYNC_CALL_Reply){0});
        // A batch that is none.
        e = begin(&p, c, 7, 9);
        for (uint32_t k = 0; k < 2; k++)
                size_of((client_enum_next(e, 0, &i, &d), i));
        wire_put_NEXT_reply(&p.out, 8, &(Wire_NEXT_Reply){.more = 1, .objects = STR("rubbish")});
        assert_int_equal(client_enum_next(e, PATIENCE_MS, &i, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_TRANSPORT_FAILURE);
        // The service goes, then the client.
        shutdown(p.fd, SHUT_WR);
        assert_int_equal(client_enum_next(e, PATIENCE_MS, &i, &d), -EPIPE);
        assert_int_equal(client_enum_next(e, PATIENCE_MS, &i, &d), -EPIPE);
        next(c, CLIENT_CLOSED);
        peer_stop(&p, c);
        assert_int_equal(client_enum_next(e, PATIENCE_MS, &i, &d), -EPIPE);
        client_enum_free(e);
}

static void the_other_enumerations(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        Diag d = {0};
        ClientEnum *e;
        CimInstance *i;
        Buf b = set_of(3, 1, false);
        wire_put_CREATE_CLASS_ENUM_reply(&p.out, 2, &(Wire_CREATE_CLASS_ENUM_Reply){.objects = STR_OF(b)});
        wire_put_CREATE_INSTANCE_ENUM_reply(&p.out, 3, &(Wire_CREATE_INSTANCE_ENUM_Reply){.objects = STR_OF(b)});
        wire_put_error(&p.out, WIRE_EXEC_QUERY, 4, CIM_E_INVALID_QUERY, NULL, STR("q"), (Str){"", 0});
        wire_put_EXEC_QUERY_reply(&p.out, 5, &(Wire_EXEC_QUERY_Reply){.enumeration = 9, .objects = STR("rubbish")});
        buf_deinit(&b);
        assert_int_equal(client_enum_classes(c, STR("root"), STR("A"), 1, PATIENCE_MS, &e, &d), 0);
        assert_int_equal(client_enum_next(e, 0, &i, &d), 0);
        assert_int_equal(size_of(i), 3);
        client_enum_free(e);
        assert_int_equal(client_enum_instances(c, STR("root"), STR("A"), 1, PATIENCE_MS, &e, &d), 0);
        client_enum_free(e);
        assert_int_equal(client_query(c, STR("root"), STR("q"), 0, PATIENCE_MS, &e, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_QUERY);
        assert_int_equal(client_query(c, STR("root"), STR("q"), 0, PATIENCE_MS, &e, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_TRANSPORT_FAILURE);
        Wire_CANCEL_ASYNC_CALL m;
        WireFrame f = peer_got(&p, 4); // what cannot be read is ended
        assert_true(f.operation == WIRE_CANCEL_ASYNC_CALL && wire_get_CANCEL_ASYNC_CALL(f.payload, f.size, &m));
        assert_int_equal(m.subscription, 9);
        peer_stop(&p, c);
}

// --- subscriptions -------------------------------------------------------------------------------

static void put_subscription(Buf *b, const char *program)
{
        buf_u64(b, 1);
        for (uint32_t k = 2; k < 5; k++)
                buf_u32(b, k);
        buf_str(b, str_of(program));
        buf_str(b, STR("root\\wmi"));
        buf_str(b, STR("SELECT"));
        buf_u32(b, 5);
        buf_u32(b, 6);
        buf_u64(b, 7);
        buf_u64(b, 8);
}

static void the_list_of_subscriptions(void **state)
{
        (void)state;
        Buf list = {0};
        put_subscription(&list, "watch");
        put_subscription(&list, "");
        for (int k = 0; k < 5; k++) {
                Peer p;
                Client *c = peer_start(&p);
                ClientSubscription *all = NULL;
                size_t n = 99;
                Diag d = {0};
                Wire_LIST_SUBSCRIPTIONS_Reply m = {.count = 2, .list = STR_OF(list)};
                m.count = k == 1 ? 0 : k == 2 ? 3 : k == 3 ? UINT32_MAX : 2;
                m.list.n -= k == 4;
                if (k == 1)
                        m.list.n = 0;
                wire_put_LIST_SUBSCRIPTIONS_reply(&p.out, 2, &m);
                int r = client_list_subscriptions(c, PATIENCE_MS, &all, &n, &d);
                if (k < 2) {
                        assert_int_equal(r, 0);
                        assert_int_equal(n, m.count);
                } else {
                        assert_int_equal(r, E_DIAG);
                        assert_int_equal(d.code, (uint32_t)CIM_E_TRANSPORT_FAILURE);
                }
                peer_stop(&p, c);
                if (k == 0) {
                        assert_string_equal(all[0].program.p, "watch");
                        assert_string_equal(all[1].program.p, "");
                        assert_string_equal(all[1].query.p, "SELECT");
                        assert_true(all[1].session == 1 && all[1].subscription == 2 && all[1].pid == 3 && all[1].uid == 4);
                        assert_true(all[0].queue == 5 && all[0].queued == 6 && all[0].delivered == 7 && all[0].lost == 8);
                }
                free(all);
        }
        buf_deinit(&list);
}

// --- events with objects inside ------------------------------------------------------------------

static void put_class(Buf *out, uint32_t handle, const CimClass *c, Str namespace)
{
        Buf bundle = {0};
        assert_int_equal(cim_codec_write_class(c, &bundle), 0);
        wire_put_CLASS(out, 0, &(Wire_CLASS){.handle = handle, .namespace = namespace, .bundle = STR_OF(bundle)});
        buf_deinit(&bundle);
}

static int number_4(void *context, const CimClass *c, Str namespace, uint32_t *ret)
{
        (void)c;
        (void)namespace;
        *ret = *(const uint32_t *)context;
        return 0;
}

static void put_event(Buf *out, const CimInstance *i, uint32_t handle, uint32_t inside)
{
        Buf payload = {0}, e = {0};
        const uint32_t id = 1;
        assert_int_equal(cim_codec_write_values(i, &(CimClassTable){.number = number_4, .context = &inside}, &payload), 0);
        wire_envelope_write(&(CimEnvelope){.kind = CIM_PAYLOAD_INSTANCE, .payload = payload.p, .payload_size = payload.n}, &e);
        wire_put_EVENT(out, 0,
                       &(Wire_EVENT){.subscriptions = {(const char *)&id, 4}, .handle = handle, .envelope = STR_OF(e)});
        buf_deinit(&payload);
        buf_deinit(&e);
}

static void objects_in_events(void **state)
{
        (void)state;
        Peer p;
        Client *c = peer_start(&p);
        CimClass *outer = make_class("Outer", "", 0);
        CimInstance *inner = make_thing(make_class("Thing", NULL, 0), 17), *event = make_thing(cim_class_ref(outer), 3), *got[3];
        event->values[1] = (CimValue){.type = CIM_OBJECT, .object = inner};
        put_class(&p.out, 4, inner->class, STR("root\\things"));
        put_class(&p.out, 8, outer, STR("root\\events"));
        put_event(&p.out, event, 8, 4);
        put_event(&p.out, event, 8, 5); // there is no class 5
        put_event(&p.out, event, 4, 4); // another shape
        ClientItem i[3];
        for (int k = 0; k < 3; k++)
                i[k] = next(c, CLIENT_EVENT);
        peer_stop(&p, c);
        cim_instance_unref(event);
        cim_instance_unref(inner);
        cim_class_unref(outer);
        CimBlockError e;
        assert_int_equal(client_item_instance(&i[0], &got[0], &e), 0);
        assert_int_equal(client_item_instance(&i[1], &got[1], &e), 1);
        assert_true(e.says[0]);
        assert_int_equal(client_item_instance(&i[2], &got[2], &e), 1);
        for (int k = 0; k < 3; k++)
                client_item_deinit(&i[k]);
        // Client and items are gone; the object is whole.
        const CimInstance *o = got[0]->values[1].object;
        assert_string_equal(o->class->name.p, "Thing");
        assert_string_equal(o->namespace.p, "root\\things");
        assert_int_equal(o->values[0].uint, 17);
        assert_int_equal(got[0]->namespace.n, 0);
        cim_instance_unref(got[0]);
}

// --- items in another thread ---------------------------------------------------------------------

typedef struct Handover {
        pthread_mutex_t lock;
        pthread_cond_t moved;
        ClientItem item;
        bool full, over;
        uint64_t sum;
} Handover;

static void *reader(void *context)
{
        Handover *h = context;
        pthread_mutex_lock(&h->lock);
        while (!h->over || h->full) {
                if (!h->full) {
                        pthread_cond_wait(&h->moved, &h->lock);
                        continue;
                }
                ClientItem i = client_item_steal(&h->item);
                h->full = false;
                pthread_cond_signal(&h->moved);
                pthread_mutex_unlock(&h->lock);
                CimInstance *o = NULL;
                if (client_item_instance(&i, &o, NULL) == 0)
                        h->sum += o->values[1].object->values[0].uint;
                cim_instance_unref(o);
                client_item_deinit(&i);
                pthread_mutex_lock(&h->lock);
        }
        pthread_mutex_unlock(&h->lock);
        return NULL;
}

// One thread reads the stream, in which classes keep coming, another turns items into objects.
static void items_in_another_thread(void **state)
{
        (void)state;
        enum { EVENTS = 200 };
        Peer p;
        Client *c = peer_start(&p);
        CimClass *outer = make_class("Outer", "", 0);
        CimInstance *inner = make_thing(make_class("Thing", NULL, 0), 2), *event = make_thing(cim_class_ref(outer), 3);
        event->values[1] = (CimValue){.type = CIM_OBJECT, .object = inner};
        Handover h = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
        pthread_t other;
        assert_int_equal(pthread_create(&other, NULL, reader, &h), 0);
        for (uint32_t k = 0; k < EVENTS; k++) {
                put_class(&p.out, 2 * k, inner->class, STR("root"));
                put_class(&p.out, 2 * k + 1, outer, STR("root"));
                put_event(&p.out, event, 2 * k + 1, 2 * k);
                ClientItem i = next(c, CLIENT_EVENT);
                pthread_mutex_lock(&h.lock);
                while (h.full)
                        pthread_cond_wait(&h.moved, &h.lock);
                h.item = client_item_steal(&i);
                h.full = true;
                pthread_cond_signal(&h.moved);
                pthread_mutex_unlock(&h.lock);
        }
        peer_stop(&p, c); // the last items are still being read
        pthread_mutex_lock(&h.lock);
        h.over = true;
        pthread_cond_signal(&h.moved);
        pthread_mutex_unlock(&h.lock);
        pthread_join(other, NULL);
        assert_true(h.sum == 2 * EVENTS);
        cim_instance_unref(event);
        cim_instance_unref(inner);
        cim_class_unref(outer);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(one_object),
                TEST(a_reply_that_holds_no_object),
                TEST(what_a_failure_says),
                TEST(classes_go_by_version_first),
                TEST(deleting),
                TEST(events_out),
                TEST(in_batches),
                TEST(an_enumeration_left_early_is_cancelled),
                TEST(a_batch_may_be_late),
                TEST(ends_of_enumerations),
                TEST(the_other_enumerations),
                TEST(the_list_of_subscriptions),
                TEST(objects_in_events),
                TEST(items_in_another_thread),
                TEST_END,
        });
}
