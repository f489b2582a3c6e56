// SPDX-License-Identifier: MIT
// service: classes, subscriptions, the wanted table, driver hosts, listening, ending.
#include <sys/types.h>
#include <dirent.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "service/test-rig.h"

#include <stdlib.h>

// --- classes -------------------------------------------------------------------------------------

static void it_is_born_with_namespaces_and_classes(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *c = rig_client(&rig);
        Diag d = {0};
        ClientItem i;
        assert_int_equal(client_call(c, LIST_NAMESPACES, (&(Wire_LIST_NAMESPACES){0}), -1, &i, &d), 0);
        Wire_LIST_NAMESPACES_Reply names;
        assert_true(wire_get_LIST_NAMESPACES_reply(i.frame.payload, i.frame.size, &names));
        assert_int_equal(names.count, 5);
        client_item_deinit(&i);
        Wire_OPEN_NAMESPACE open = {.namespace = STR("\\\\.\\ROOT/Wmi")};
        assert_int_equal(client_call(c, OPEN_NAMESPACE, &open, -1, &i, &d), 0);
        Wire_OPEN_NAMESPACE_Reply opened;
        assert_true(wire_get_OPEN_NAMESPACE_reply(i.frame.payload, i.frame.size, &opened));
        assert_true(str_eq(opened.namespace, STR("root\\wmi")));
        client_item_deinit(&i);
        open.namespace = STR("root\\wmj");
        assert_int_equal(client_call(c, OPEN_NAMESPACE, &open, -1, &i, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_NAMESPACE);
        assert_non_null(strstr(d.hint, "root\\wmi"));
        CimInstance *k;
        static const char *const everywhere[] = {"root", "root\\default", "root\\cimv2", "root\\wmi",
                                                 "root\\subscription"};
        for (size_t n = 0; n < 5; n++) {
                assert_int_equal(
                        client_get_object(c, str_of(everywhere[n]), STR("__extrinsicEVENT"), 0, -1, &k, &d), 0);
                assert_true(k->is_class && str_eq(k->class->name, STR("__ExtrinsicEvent")));
                cim_instance_unref(k);
        }
        assert_int_equal(client_get_object(c, STR("root\\wmi"), STR("Alpa"), 0, -1, &k, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_NOT_FOUND);
        assert_non_null(strstr(d.hint, "Alpha"));
        Wire_LIST_CLASSES all = {.namespace = STR("root\\wmi"), .superclass = STR("alpha")};
        assert_int_equal(client_call(c, LIST_CLASSES, &all, -1, &i, &d), 0);
        Wire_LIST_CLASSES_Reply classes;
        assert_true(wire_get_LIST_CLASSES_reply(i.frame.payload, i.frame.size, &classes));
        assert_int_equal(classes.count, 1);
        Reader r = {(const uint8_t *)classes.list.p, classes.list.n, false};
        assert_true(str_eq(read_str(&r), STR("Beta")));
        assert_true(str_eq(read_str(&r), STR("Alpha")));
        assert_int_equal(read_u8(&r), 1);
        assert_true(!r.failed && !r.n);
        client_item_deinit(&i);
        client_free(c);
        rig_stop(&rig);
}

static void a_bad_mof_changes_nothing(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *c = rig_client(&rig);
        uint64_t generation = cim_schema_generation(service_schema(rig.s));
        Diag errors[8];
        size_t n = 0;
        Str bad = STR("class Good : WMIEvent { };\nclass Bad : Missing { };\nclass Worse { nonsense x; };\n");
        ClientImport import = {.file = STR("b.mof"), .namespace = STR("root\\wmi"), .text = bad};
        assert_int_equal(client_import_mof(c, &import, -1, NULL, errors, 8, &n), E_DIAG);
        assert_true(n >= 2);
        assert_string_equal(errors[0].file, "b.mof");
        assert_true(errors[0].line == 2 || errors[1].line == 2);
        assert_true(cim_failed(errors[0].code));
        assert_int_equal(cim_schema_generation(service_schema(rig.s)), generation);
        CimInstance *k;
        assert_int_equal(client_get_object(c, STR("root\\wmi"), STR("Good"), 0, -1, &k, NULL), E_DIAG);
        client_free(c);
        rig_stop(&rig);
}

static void a_text_can_make_namespaces(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *c = rig_client(&rig);
        rig_import(&rig, c,
                   "#pragma namespace(\"\\\\\\\\.\\\\root\\\\new\\\\newer\")\nclass Mine : __ExtrinsicEvent "
                   "{ uint32 X; };\n");
        CimInstance *k;
        Diag d;
        assert_int_equal(client_get_object(c, STR("root\\new\\newer"), STR("Mine"), 0, -1, &k, &d), 0);
        assert_true(cim_class_isa(k->class, STR("__Event")));
        cim_instance_unref(k);
        assert_int_equal(client_get_object(c, STR("root\\new"), STR("__Event"), 0, -1, &k, &d), 0);
        cim_instance_unref(k);
        // Its superclass is the namespace's own, not the one of root.
        const CimClass *mine = cim_schema_find(service_schema(rig.s), STR("root\\new\\newer"), STR("Mine"));
        assert_ptr_equal(mine->super, cim_schema_find(service_schema(rig.s), STR("root\\new\\newer"),
                                                      STR("__ExtrinsicEvent")));
        client_free(c);
        rig_stop(&rig);
}

// --- events and the wanted table -----------------------------------------------------------------

static void an_event_reaches_whom_it_matches(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *a = rig_client(&rig), *b = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "fake");
        uint32_t all = rig_subscribe(a, "SELECT * FROM Alpha"),
                 odd = rig_subscribe(a, "SELECT TIME_CREATED FROM WMIEvent");
        uint32_t high =
                rig_subscribe(b, "SELECT * FROM Alpha WHERE Number > 10 AND InstanceName LIKE 'FAKE%'");
        assert_true(fake_wants(&f, &rig_alpha) && fake_wants(&f, &rig_beta) && fake_wants(&f, &rig_gamma));
        fake_fire(&f, &rig_alpha, 5, 1);
        fake_fire(&f, &rig_beta, 20, 1);
        fake_fire(&f, &rig_gamma, 30, 1);
        ClientItem i = rig_next(a, CLIENT_EVENT);
        assert_int_equal(i.subscription_count, 2);
        assert_int_equal(i.subscriptions[0], all);
        assert_int_equal(i.subscriptions[1], odd);
        assert_true(str_eq(i.klass->name, STR("Alpha")));
        assert_true(str_eq(i.namespace, STR("root\\wmi")));
        assert_true(i.envelope.host == f.id && i.envelope.sequence == 1);
        assert_int_equal(str16_cmp(i.envelope.instance, (Str16){u"FAKE_0", 6}), 0);
        assert_int_equal(rig_number(&i), 5);
        client_item_deinit(&i);
        i = rig_next(a, CLIENT_EVENT);
        assert_true(str_eq(i.klass->name, STR("Beta")));
        assert_int_equal(rig_number(&i), 20);
        client_item_deinit(&i);
        i = rig_next(a, CLIENT_EVENT);
        assert_true(str_eq(i.klass->name, STR("Gamma")));
        assert_int_equal(i.subscription_count, 1);
        assert_int_equal(i.subscriptions[0], odd);
        client_item_deinit(&i);
        i = rig_next(b, CLIENT_EVENT);
        assert_int_equal(i.subscriptions[0], high);
        assert_int_equal(rig_number(&i), 20);
        client_item_deinit(&i);
        rig_none(a);
        rig_none(b);
        ServiceStats st = rig_stats(&rig);
        assert_int_equal(st.events_in, 3);
        assert_int_equal(st.deliveries, 6);
        assert_int_equal(st.events_unmatched, 0);
        assert_int_equal(st.sessions, 2);
        assert_int_equal(st.hosts, 1);
        fake_stop(&f);
        client_free(a);
        client_free(b);
        rig_stop(&rig);
}

static void the_wanted_table_follows_the_queries(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *a = rig_client(&rig), *b = rig_client(&rig);
        Fake f, g;
        fake_start(&f, &rig, "f");
        assert_int_equal(f.wanted_count, 0);
        uint32_t one = rig_subscribe(a, "SELECT * FROM Beta");
        assert_true(fake_wants(&f, &rig_beta) && !fake_wants(&f, &rig_alpha));
        rig_subscribe(b, "SELECT * FROM Alpha");
        assert_true(fake_wants(&f, &rig_beta) && fake_wants(&f, &rig_alpha) && !fake_wants(&f, &rig_gamma));
        unsigned frames = f.wanted_frames;
        uint32_t two = rig_subscribe(a, "SELECT * FROM beta WHERE Number = 1");
        assert_int_equal(f.wanted_frames, frames); // nothing new: nobody is asked
        fake_start(&g, &rig, "g");                 // a late host learns it at once
        assert_true(fake_wants(&g, &rig_alpha) && g.wanted_count == 2);
        // A new class below a wanted one is wanted.
        const Guid delta = {{[15] = 0xD1}};
        rig_import(&rig, a, "[guid(\"00000000-0000-0000-0000-0000000000D1\")] class Delta : Beta {};");
        fake_until_wanted(&f, &delta, true);
        assert_int_equal(client_cancel(a, one, -1, NULL), 0);
        assert_int_equal(client_cancel(a, two, -1, NULL), 0);
        client_free(b); // its subscription goes with it
        fake_until_wanted(&f, &rig_alpha, false);
        assert_int_equal(f.wanted_count, 0);
        assert_int_equal(client_cancel(a, one, -1, NULL), E_DIAG);
        assert_int_equal(rig_stats(&rig).subscriptions, 0);
        fake_stop(&f);
        fake_stop(&g);
        client_free(a);
        rig_stop(&rig);
}

static void a_driver_may_fire_while_it_is_enabled(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *c = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "f");
        f.mute = true;
        Wire_EXEC_NOTIFICATION_QUERY m = {
                .namespace = STR("root\\wmi"), .language = STR("wql"), .query = STR("SELECT * FROM Alpha")};
        assert_true(client_send(c, EXEC_NOTIFICATION_QUERY, &m) > 0);
        fake_until_wanted(&f, &rig_alpha, true);
        fake_fire(&f, &rig_alpha, 1, 0);
        fake_fire(&f, &rig_alpha, 2, 0);
        rig_settled(&rig);
        rig_none(c); // not before the reply
        wire_put_WANTED_DONE(&f.out, 0, &(Wire_WANTED_DONE){.generation = f.generation, .late = 0});
        fake_flush(&f);
        fake_fire(&f, &rig_alpha, 3, 0);
        ClientItem i = rig_next(c, CLIENT_REPLY);
        Wire_EXEC_NOTIFICATION_QUERY_Reply reply;
        assert_true(wire_get_EXEC_NOTIFICATION_QUERY_reply(i.frame.payload, i.frame.size, &reply));
        assert_int_equal(reply.unanswered, 0);
        client_item_deinit(&i);
        for (uint32_t n = 1; n <= 3; n++) {
                i = rig_next(c, CLIENT_EVENT);
                assert_int_equal(rig_number(&i), n);
                client_item_deinit(&i);
        }
        fake_stop(&f);
        client_free(c);
        rig_stop(&rig);
}

static void a_host_that_never_answers_holds_nobody_up(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, &(ServiceConfig){.irp_timeout_ms = 50});
        Client *c = rig_client(&rig);
        Fake f, g;
        fake_start(&f, &rig, "f");
        fake_start(&g, &rig, "g");
        f.mute = true;
        uint32_t id, unanswered;
        Diag d;
        assert_int_equal(client_subscribe(c, STR("root\\wmi"), STR("SELECT * FROM Alpha"), 0, -1, &id,
                                          &unanswered, &d),
                         0);
        assert_int_equal(unanswered, 1);
        assert_true(rig_logged(&rig, "1 driver hosts have not answered within 50 ms"));
        fake_fire(&g, &rig_alpha, 1, 0);
        ClientItem i = rig_next(c, CLIENT_EVENT);
        client_item_deinit(&i);
        // One that says that a driver of it is late counts as unanswered too.
        f.mute = true;
        wire_put_WANTED_DONE(&f.out, 0, &(Wire_WANTED_DONE){.generation = f.generation, .late = 2});
        fake_flush(&f);
        rig_quiet(&rig);
        assert_int_equal(client_subscribe(c, STR("root\\wmi"), STR("SELECT * FROM Alpha"), 0, -1, &id,
                                          &unanswered, &d),
                         0);
        assert_int_equal(unanswered, 1);
        fake_stop(&f);
        fake_stop(&g);
        client_free(c);
        rig_stop(&rig);
}

static void a_host_that_goes_is_not_waited_for(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, &(ServiceConfig){.irp_timeout_ms = 1000000});
        Client *c = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "f");
        f.mute = true;
        Wire_EXEC_NOTIFICATION_QUERY m = {
                .namespace = STR("root\\wmi"), .language = STR("WQL"), .query = STR("SELECT * FROM Alpha")};
        assert_true(client_send(c, EXEC_NOTIFICATION_QUERY, &m) > 0);
        fake_until_wanted(&f, &rig_alpha, true);
        rig_none(c);
        fake_stop(&f);
        ClientItem i = rig_next(c, CLIENT_REPLY);
        assert_int_equal(i.status, 0);
        client_item_deinit(&i);
        client_free(c);
        rig_stop(&rig);
}

static void queries_are_refused_with_their_numbers(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *c = rig_client(&rig);
        assert_int_equal(rig_refused(c, "root\\nowhere", "SELECT * FROM Alpha"),
                         (uint32_t)CIM_E_INVALID_NAMESPACE);
        assert_int_equal(rig_refused(c, "root\\wmi", ""), (uint32_t)CIM_E_INVALID_PARAMETER);
        assert_int_equal(rig_refused(c, "root\\wmi", "SELECT FROM"), (uint32_t)CIM_E_UNPARSABLE_QUERY);
        assert_true(cim_failed(rig_refused(c, "root\\wmi", "SELECT * FROM Alhpa")));
        assert_int_equal(rig_refused(c, "root\\wmi", "SELECT * FROM __SystemClass"),
                         (uint32_t)CIM_E_NOT_EVENT_CLASS);
        assert_true(cim_failed(rig_refused(c, "root\\wmi", "SELECT * FROM Alpha WHERE Numbre = 3")));
        Diag d = {0};
        ClientItem i;
        Wire_EXEC_NOTIFICATION_QUERY m = {
                .namespace = STR("root\\wmi"), .language = STR("CQL"), .query = STR("SELECT * FROM Alpha")};
        assert_int_equal(client_call(c, EXEC_NOTIFICATION_QUERY, &m, -1, &i, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_QUERY_TYPE);
        m.language = STR("");
        assert_int_equal(client_call(c, EXEC_NOTIFICATION_QUERY, &m, -1, &i, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_PARAMETER);
        m.language = STR("Wql");
        m.flags = 1;
        assert_int_equal(client_call(c, EXEC_NOTIFICATION_QUERY, &m, -1, &i, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_PARAMETER);
        m.flags = 0x20030;
        assert_int_equal(client_call(c, EXEC_NOTIFICATION_QUERY, &m, -1, &i, &d), 0);
        client_item_deinit(&i);
        client_free(c);
        rig_stop(&rig);
}

static void a_session_has_so_many_subscriptions(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *c = rig_client(&rig), *other = rig_client(&rig);
        uint32_t last = 0;
        for (uint32_t n = 0; n < LIMIT_SUBSCRIPTIONS; n++)
                last = rig_subscribe(c, "SELECT * FROM Alpha WHERE Number = 7");
        assert_int_equal(rig_refused(c, "root\\wmi", "SELECT * FROM Alpha"), (uint32_t)CIM_E_QUOTA_VIOLATION);
        rig_subscribe(other, "SELECT * FROM Alpha");
        // All of them get an event in one item.
        Fake f;
        fake_start(&f, &rig, "f");
        fake_fire(&f, &rig_alpha, 7, 0);
        ClientItem i = rig_next(c, CLIENT_EVENT);
        assert_int_equal(i.subscription_count, LIMIT_SUBSCRIPTIONS);
        client_item_deinit(&i);
        assert_int_equal(client_cancel(c, last, -1, NULL), 0);
        assert_true(rig_subscribe(c, "SELECT * FROM Alpha") > last);
        assert_int_equal(rig_refused(c, "root\\wmi", "SELECT * FROM Alpha"), (uint32_t)CIM_E_QUOTA_VIOLATION);
        fake_stop(&f);
        client_free(c);
        client_free(other);
        rig_stop(&rig);
}

static void subscriptions_follow_the_classes(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *c = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "f");
        uint32_t doomed = rig_subscribe(c, "SELECT * FROM Gamma WHERE Group = 3");
        uint32_t lives = rig_subscribe(c, "SELECT * FROM Gamma WHERE Number = 3");
        fake_fire(&f, &rig_gamma, 3, 3);
        rig_settled(&rig);
        // Gamma without Group, under another GUID.
        const Guid anew = {{[15] = 0xC2}};
        rig_import(&rig, c,
                   "[guid(\"00000000-0000-0000-0000-0000000000C2\")] class Gamma : WMIEvent {\n"
                   "[key] string InstanceName; boolean Active; [WmiDataId(1)] uint32 Number; };");
        fake_until_wanted(&f, &anew, true);
        assert_false(fake_wants(&f, &rig_gamma));
        fake_fire(&f, &rig_gamma, 3, 3); // goes nowhere now
        fake_fire(&f, &anew, 3, 3);
        ClientItem i = rig_next(c, CLIENT_EVENT); // from before the change
        assert_int_equal(i.subscription_count, 2);
        assert_int_equal(i.klass->property_count, 7);
        client_item_deinit(&i);
        i = rig_next(c, CLIENT_ENDED);
        assert_int_equal(i.subscription, doomed);
        assert_true(cim_failed(i.status));
        i = rig_next(c, CLIENT_EVENT);
        assert_int_equal(i.subscription_count, 1);
        assert_int_equal(i.subscriptions[0], lives);
        assert_int_equal(i.klass->property_count, 5);
        assert_int_equal(rig_number(&i), 3);
        client_item_deinit(&i);
        rig_none(c);
        assert_true(rig_logged(&rig, "which no class has"));
        assert_int_equal(rig_stats(&rig).events_unmatched, 1);
        fake_stop(&f);
        client_free(c);
        rig_stop(&rig);
}

// --- driver hosts --------------------------------------------------------------------------------

static uint32_t await_status(Client *c, const char *name, bool registered, uint32_t ms, char *says,
                             size_t size)
{
        ClientItem i;
        Diag d = {0};
        Wire_AWAIT_DRIVER m = {.name = str_of(name), .registered = registered, .timeout_ms = ms};
        int r = client_call(c, AWAIT_DRIVER, &m, RIG_PATIENCE_MS, &i, &d);
        if (!r)
                client_item_deinit(&i);
        snprintf(says, size, "%s", d.message);
        return r ? d.code : 0;
}

static void drivers_are_awaited(void **state)
{
        (void)state;
        Rig rig = {0};
        char says[512];
        rig_start(&rig, NULL);
        Client *c = rig_client(&rig);
        assert_int_equal(await_status(c, "f", true, 1, says, sizeof(says)), (uint32_t)CIM_E_TIMED_OUT);
        assert_non_null(strstr(says, "has not connected"));
        Fake f;
        fake_start(&f, &rig, "f");
        assert_int_equal(await_status(c, "f", true, 1, says, sizeof(says)), (uint32_t)CIM_E_TIMED_OUT);
        assert_non_null(strstr(says, "START_DEVICE"));
        fake_state(&f, WIRE_HOST_STARTED, "");
        assert_int_equal(await_status(c, "F", false, 0, says, sizeof(says)), 0);
        assert_int_equal(await_status(c, "f", true, 1, says, sizeof(says)), (uint32_t)CIM_E_TIMED_OUT);
        assert_non_null(strstr(says, "REGINFO"));
        Wire_AWAIT_DRIVER m = {.name = STR("f"), .registered = 1, .timeout_ms = 1000000};
        int64_t request = client_send(c, AWAIT_DRIVER, &m);
        fake_state(&f, WIRE_HOST_REGISTERED, "");
        bool replied = false; // between the notices that whoever awaits a driver gets
        while (!replied) {
                ClientItem i;
                assert_int_equal(client_next(c, RIG_PATIENCE_MS, &i), 0);
                assert_true(i.kind == CLIENT_HOST ||
                            (i.kind == CLIENT_REPLY && i.request == request && i.status == 0));
                replied = i.kind == CLIENT_REPLY;
                client_item_deinit(&i);
        }
        Fake g;
        fake_start(&g, &rig, "g");
        m.name = STR("g");
        request = client_send(c, AWAIT_DRIVER, &m);
        fake_state(&g, WIRE_HOST_FAILED, "DriverEntry returned 0xC0000001");
        for (replied = false; !replied;) {
                ClientItem i;
                assert_int_equal(client_next(c, RIG_PATIENCE_MS, &i), 0);
                replied = i.kind == CLIENT_REPLY;
                if (replied) {
                        assert_int_equal(i.status, (uint32_t)CIM_E_PROVIDER_LOAD_FAILURE);
                        assert_non_null(strstr(i.diag.message, "DriverEntry returned 0xC0000001"));
                }
                client_item_deinit(&i);
        }
        fake_stop(&f);
        fake_stop(&g);
        client_free(c);
        rig_stop(&rig);
}

static bool fake_was_told_to_unload(void *context)
{
        Fake *f = context;
        fake_read(f);
        return f->unloads > 0;
}

static void drivers_are_unloaded(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, &(ServiceConfig){.unload_timeout_ms = 30});
        Client *c = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "toaster");
        ClientItem i;
        Diag d = {0};
        Wire_UNLOAD_DRIVER m = {.name = STR("toster")};
        assert_int_equal(client_call(c, UNLOAD_DRIVER, &m, -1, &i, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_NOT_FOUND);
        assert_non_null(strstr(d.hint, "toaster"));
        m.name = STR("toaster");
        assert_int_equal(client_call(c, UNLOAD_DRIVER, &m, -1, &i, &d), E_DIAG); // it does not
        assert_int_equal(d.code, (uint32_t)CIM_E_TIMED_OUT);
        rig_until(&rig, fake_was_told_to_unload, &f);
        rig.s->config.unload_timeout_ms = 1000000;
        int64_t request = client_send(c, UNLOAD_DRIVER, &m);
        fake_state(&f, WIRE_HOST_UNLOADING, "");
        fake_state(&f, WIRE_HOST_UNLOADED, "");
        rig_quiet(&rig);
        rig_none(c);                    // not before it is gone
        assert_int_equal(f.unloads, 1); // it was told once
        fake_stop(&f);
        i = rig_next(c, CLIENT_REPLY);
        assert_int_equal(i.request, request);
        assert_int_equal(i.status, 0);
        client_item_deinit(&i);
        // One that just dies was not unloaded.
        fake_start(&f, &rig, "toaster");
        request = client_send(c, UNLOAD_DRIVER, &m);
        rig_until(&rig, fake_was_told_to_unload, &f);
        fake_stop(&f);
        i = rig_next(c, CLIENT_REPLY);
        assert_int_equal(i.status, (uint32_t)CIM_E_PROVIDER_FAILURE);
        client_item_deinit(&i);
        client_free(c);
        rig_stop(&rig);
}

static void drivers_are_listed(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *c = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "f");
        const Guid guids[] = {rig_alpha, rig_beta, rig_alpha};
        fake_register(&f, 1, guids, 3);
        fake_register(&f, 2, guids, 1);
        fake_register(&f, 2, &guids[1], 1); // in its place
        fake_state(&f, WIRE_HOST_REGISTERED, "");
        fake_fire(&f, &rig_alpha, 1, 1);
        wire_put_HOST_LOST(&f.out, 0, &(Wire_HOST_LOST){.guid = rig_alpha, .count = 3});
        fake_flush(&f);
        rig_settled(&rig);
        rig_quiet(&rig);
        for (int round = 0; round < 2; round++) {
                ClientItem i;
                assert_int_equal(client_call(c, LIST_DRIVERS, (&(Wire_LIST_DRIVERS){0}), -1, &i, NULL), 0);
                Wire_LIST_DRIVERS_Reply list;
                assert_true(wire_get_LIST_DRIVERS_reply(i.frame.payload, i.frame.size, &list));
                assert_int_equal(list.count, 1);
                Reader r = {(const uint8_t *)list.list.p, list.list.n, false};
                assert_int_equal(read_u64(&r), f.id);
                assert_true(str_eq(read_str(&r), STR("f")));
                assert_true(str_eq(read_str(&r), STR("ROOT\\FAKE\\0000")));
                assert_true(str_eq(read_str(&r), STR("/fake.so")));
                assert_int_equal(read_u32(&r), 4242);
                assert_int_equal(read_u32(&r), WIRE_HOST_REGISTERED);
                assert_int_equal(read_u32(&r), round ? 1 : 2);
                assert_int_equal(read_u64(&r), 1);
                assert_int_equal(read_u64(&r), 3);
                assert_true(!r.failed && !r.n);
                client_item_deinit(&i);
                wire_put_DEREGISTER(&f.out, 0, &(Wire_DEREGISTER){.registration = 1});
                fake_flush(&f);
                rig_quiet(&rig);
        }
        fake_stop(&f);
        client_free(c);
        rig_stop(&rig);
}

static void two_drivers_do_not_share_a_name(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Fake f, g = {.rig = &rig, .fd = rig_connect(&rig, NULL)};
        fake_start(&f, &rig, "Toaster");
        fake_hello(&g, "toaster");
        rig_quiet(&rig);
        uint8_t answer[2048];
        ssize_t n = recv(g.fd, answer, sizeof(answer), 0);
        WireFrame frame;
        Diag d;
        uint32_t status;
        assert_true(n > 0 && wire_frame(answer, (size_t)n, sizeof(answer), &frame) == n);
        assert_true(wire_get_status(frame.payload, frame.size, &status, &d, NULL, NULL));
        assert_int_equal(status, (uint32_t)CIM_E_ALREADY_EXISTS);
        assert_non_null(strstr(d.message, "toaster is hosted already, by process 4242"));
        assert_int_equal(recv(g.fd, answer, sizeof(answer), 0), 0); // and the end
        fake_stop(&g);
        fake_stop(&f);
        rig_stop(&rig);
}

static void whom_it_concerns_hears_of_a_host(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *a = rig_client(&rig), *b = rig_client(&rig);
        Fake f;
        rig_subscribe(a, "SELECT * FROM Alpha");
        rig_subscribe(b, "SELECT * FROM Gamma");
        fake_start(&f, &rig, "f");
        fake_register(&f, 1, &rig_beta, 1);
        fake_state(&f, WIRE_HOST_REGISTERED, "");
        ClientItem i = rig_next(a, CLIENT_HOST);
        assert_int_equal(i.host.state, WIRE_HOST_REGISTERED);
        assert_int_equal(i.host.gone, 0);
        assert_true(str_eq(i.host.name, STR("f")));
        client_item_deinit(&i);
        fake_fire(&f, &rig_beta, 1, 1);
        fake_fire(&f, &rig_beta, 2, 1);
        fake_stop(&f); // killed: what it had written still counts
        for (uint32_t n = 1; n <= 2; n++) {
                i = rig_next(a, CLIENT_EVENT);
                assert_int_equal(rig_number(&i), n);
                client_item_deinit(&i);
        }
        i = rig_next(a, CLIENT_HOST);
        assert_int_equal(i.host.gone, 1);
        assert_int_equal(i.host.pid, 4242);
        client_item_deinit(&i);
        rig_none(a);
        rig_none(b);
        assert_int_equal(rig_stats(&rig).hosts, 0);
        // The service goes on.
        fake_start(&f, &rig, "f");
        fake_fire(&f, &rig_gamma, 9, 1);
        i = rig_next(b, CLIENT_EVENT);
        client_item_deinit(&i);
        fake_stop(&f);
        client_free(a);
        client_free(b);
        rig_stop(&rig);
}

static void losses_in_a_host_are_told(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *a = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "f");
        uint32_t alpha = rig_subscribe(a, "SELECT * FROM Alpha WHERE Number = 99");
        rig_subscribe(a, "SELECT * FROM Gamma");
        wire_put_HOST_LOST(&f.out, 0, &(Wire_HOST_LOST){.guid = rig_beta, .count = 5});
        wire_put_HOST_LOST(&f.out, 0, &(Wire_HOST_LOST){.guid = rig_beta, .count = 6});
        wire_put_HOST_LOST(&f.out, 0, &(Wire_HOST_LOST){.guid = rig_nobody, .count = 7});
        fake_flush(&f);
        rig_quiet(&rig);
        ClientItem i = rig_next(a, CLIENT_LOST);
        assert_int_equal(i.subscription, alpha);
        assert_int_equal(i.count, 11);
        assert_true(i.at_source);
        rig_none(a);
        assert_int_equal(rig_stats(&rig).source_dropped, 18);
        fake_stop(&f);
        client_free(a);
        rig_stop(&rig);
}

// --- life ----------------------------------------------------------------------------------------

static void its_end_is_told(void **state)
{
        (void)state;
        Rig rig = {0};
        rig_start(&rig, NULL);
        Client *c = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "f");
        uint32_t id = rig_subscribe(c, "SELECT * FROM Alpha");
        fake_fire(&f, &rig_alpha, 1, 0);
        rig_settled(&rig);
        Wire_AWAIT_DRIVER m = {.name = STR("x"), .timeout_ms = 1000000};
        assert_true(client_send(c, AWAIT_DRIVER, &m) > 0);
        rig_quiet(&rig);
        client_set_pump(c, -1, NULL, NULL);
        service_free(rig.s);
        rig.s = NULL;
        ClientItem i = rig_next(c, CLIENT_EVENT);
        client_item_deinit(&i);
        bool ended = false, replied = false;
        while (!ended || !replied) {
                assert_int_equal(client_next(c, RIG_PATIENCE_MS, &i), 0);
                assert_true(i.kind == CLIENT_ENDED || i.kind == CLIENT_REPLY);
                assert_int_equal(i.status, (uint32_t)CIM_E_SHUTTING_DOWN);
                if (i.kind == CLIENT_ENDED)
                        assert_int_equal(i.subscription, id);
                ended |= i.kind == CLIENT_ENDED;
                replied |= i.kind == CLIENT_REPLY;
                client_item_deinit(&i);
        }
        i = rig_next(c, CLIENT_CLOSED);
        assert_int_equal(client_next(c, 0, &i), -EPIPE);
        fake_read(&f);
        assert_true(f.closed);
        fake_stop(&f);
        client_free(c);
        rig_stop(&rig);
}

// What was answered is there when the file is opened again, by this service alone; without a file nothing is.
static void a_file_keeps_what_was_put(void **state)
{
        (void)state;
        char dir[] = "/tmp/freewmi-test-XXXXXX", path[64], command[80];
        assert_non_null(mkdtemp(dir));
        snprintf(path, sizeof(path), "%s/store", dir);
        for (int thread = 0; thread < 2; thread++) {
                Rig rig = {0};
                ServiceConfig config = {.repository = path, .storage_thread = thread};
                rig_start(&rig, &config);
                Client *c = rig_client(&rig);
                if (thread) // of the time before
                        assert_int_equal(rig_get(c, "Thing=\"0\"", NULL), 0);
                else
                        rig_import(&rig, c, rig_things);
                assert_int_equal(rig_put_thing(&rig, c, "Thing", thread ? "1" : "0", 1), 0);
                Service *second;
                Diag d = {0};
                assert_int_equal(service_new(&config, &second, &d), E_DIAG);
                assert_int_equal(d.code, (uint32_t)CIM_E_ALREADY_EXISTS);
                assert_non_null(strstr(d.message, path));
                client_free(c);
                rig_stop(&rig);
        }
        Service *s;
        Diag d = {0};
        assert_int_equal(service_new(&(ServiceConfig){.repository = "/nowhere/store"}, &s, &d), E_DIAG);
        assert_non_null(strstr(d.message, "/nowhere/store"));
        snprintf(command, sizeof(command), "rm -r %s", dir);
        assert_int_equal(system(command), 0);
}

// No thread, no file: one descriptor and one function.
static void an_embedded_service_is_passive(void **state)
{
        (void)state;
        char tasks[64];
        snprintf(tasks, sizeof(tasks), "/proc/%d/task", (int)getpid());
        Rig rig = {0};
        rig_start(&rig, NULL);
        DIR *d = opendir(tasks);
        assert_non_null(d);
        unsigned n = 0;
        for (const struct dirent *e; (e = readdir(d)) != NULL;)
                n += e->d_name[0] != '.';
        closedir(d);
#ifndef __SANITIZE_THREAD__ // has one of its own
        assert_int_equal(n, 1);
#endif
        // All that it does, it does in dispatch: a request for the store is answered by these calls alone.
        int fd = rig_connect(&rig, NULL);
        Buf b = {0};
        wire_put_HELLO(&b, 1, &(Wire_HELLO){.version = WIRE_VERSION, .role = WIRE_ROLE_CLIENT});
        wire_put_GET_OBJECT(&b, 2,
                            &(Wire_GET_OBJECT){.namespace = STR("root"), .path = STR("__NAMESPACE=\"wmi\"")});
        assert_int_equal(send(fd, b.p, b.n, MSG_NOSIGNAL), b.n);
        buf_deinit(&b);
        unsigned rounds = 0;
        while (poll(&(struct pollfd){service_fd(rig.s), POLLIN, 0}, 1, 0) > 0) {
                assert_true(service_dispatch(rig.s) >= 0);
                assert_true(++rounds < 20);
        }
        uint8_t in[8192];
        WireFrame f;
        uint32_t status;
        ssize_t have = recv(fd, in, sizeof(in), MSG_DONTWAIT);
        ssize_t first = wire_frame(in, (size_t)have, sizeof(in), &f);
        assert_true(first > 0 && wire_frame(in + first, (size_t)(have - first), sizeof(in), &f) > 0);
        assert_int_equal(f.operation, WIRE_GET_OBJECT);
        assert_true(wire_get_status(f.payload, f.size, &status, NULL, NULL, NULL));
        assert_int_equal(status, 0);
        close(fd);
        rig_stop(&rig);
}

static void it_listens(void **state)
{
        (void)state;
        char dir[] = "/tmp/freewmi-test-XXXXXX", path[64], file[64];
        assert_non_null(mkdtemp(dir));
        snprintf(path, sizeof(path), "%s/socket", dir);
        snprintf(file, sizeof(file), "%s/file", dir);
        Rig rig = {0}, other = {0};
        rig_start(&rig, NULL);
        rig_start(&other, NULL);
        Diag d = {0};
        char too_long[200];
        memset(too_long, 'x', sizeof(too_long));
        too_long[107] = '\0';
        assert_int_equal(service_listen(rig.s, too_long, &d), 0); // 107 bytes fit
        unlink(too_long);
        rig_stop(&rig);
        rig_start(&rig, NULL);
        too_long[107] = 'x';
        too_long[108] = '\0';
        assert_int_equal(service_listen(rig.s, too_long, &d), E_DIAG);
        assert_int_equal(service_listen(rig.s, "", &d), E_DIAG);
        assert_int_equal(service_listen(rig.s, "/nowhere/at/all", &d), E_DIAG);
        assert_non_null(strstr(d.message, "/nowhere/at"));
        FILE *plain = fopen(file, "w");
        assert_non_null(plain);
        fclose(plain);
        assert_int_equal(service_listen(rig.s, file, &d), E_DIAG);
        assert_int_equal(access(file, F_OK), 0);
        assert_int_equal(service_listen(rig.s, path, &d), 0);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(service_listen(other.s, path, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_ALREADY_EXISTS);
        // A client by path; the service is in this thread, so the client is given the pump from the start.
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        memcpy(a.sun_path, path, strlen(path) + 1);
        assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
        Client *c;
        int (*pump)(void *) = (int (*)(void *))(void (*)(void))service_dispatch;
        assert_int_equal(client_adopt(fd, "path", pump, rig.s, service_fd(rig.s), &c, &d), 0);
        client_free(c);
        // What a dead service left behind is replaced; what is another's is left alone.
        int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        unlink(path);
        assert_int_equal(bind(dead, (const struct sockaddr *)&a, sizeof(a)), 0);
        close(dead);
        rig_stop(&rig);
        assert_int_equal(access(path, F_OK), 0);
        assert_int_equal(service_listen(other.s, path, &d), 0);
        rig_stop(&other);
        assert_int_not_equal(access(path, F_OK), 0);
        assert_int_equal(client_connect(path, "late", &c, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_TRANSPORT_FAILURE);
        assert_non_null(strstr(d.message, path));
        unlink(file);
        rmdir(dir);
}

// Without a free descriptor it rests, until one is free.
static void it_listens_again(void **state)
{
        (void)state;
        char dir[] = "/tmp/freewmi-test-XXXXXX";
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        assert_non_null(mkdtemp(dir));
        snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", dir);
        Rig rig = {0};
        rig_start(&rig, NULL);
        assert_int_equal(service_listen(rig.s, a.sun_path, NULL), 0);
        int first = rig_connect(&rig, NULL);
        size_t before = rig.s->connection_count;
        int second = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(second, (const struct sockaddr *)&a, sizeof(a)), 0);
        struct rlimit most, now;
        int next = dup(second);
        close(next);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &most), 0);
        now = (struct rlimit){(rlim_t)next, most.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
        service_dispatch(rig.s);
        bool rests = !rig.s->listening;
        setrlimit(RLIMIT_NOFILE, &most);
        assert_true(rests && rig_logged(&rig, "accept: "));
        assert_int_equal(rig.s->connection_count, before);
        close(first);
        service_dispatch(rig.s);
        assert_true(rig.s->listening);
        service_dispatch(rig.s);
        assert_int_equal(rig.s->connection_count, before); // the first is gone, the second is here
        close(second);
        rig_stop(&rig);
        rmdir(dir);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(it_is_born_with_namespaces_and_classes),
                TEST(a_bad_mof_changes_nothing),
                TEST(a_text_can_make_namespaces),
                TEST(an_event_reaches_whom_it_matches),
                TEST(the_wanted_table_follows_the_queries),
                TEST(a_driver_may_fire_while_it_is_enabled),
                TEST(a_host_that_never_answers_holds_nobody_up),
                TEST(a_host_that_goes_is_not_waited_for),
                TEST(queries_are_refused_with_their_numbers),
                TEST(a_session_has_so_many_subscriptions),
                TEST(subscriptions_follow_the_classes),
                TEST(drivers_are_awaited),
                TEST(drivers_are_unloaded),
                TEST(drivers_are_listed),
                TEST(two_drivers_do_not_share_a_name),
                TEST(whom_it_concerns_hears_of_a_host),
                TEST(losses_in_a_host_are_told),
                TEST(its_end_is_told),
                TEST(a_file_keeps_what_was_put),
                TEST(an_embedded_service_is_passive),
                TEST(it_listens),
                TEST(it_listens_again),
                TEST_END,
        });
}
