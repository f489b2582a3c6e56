// SPDX-License-Identifier: MIT
// service: changes of the store become events, applications raise events, and both are queued, counted and
// lost like a driver's. With the argument "thread" the store works in a thread of its own.
#include <sys/types.h>
#include <unistd.h>

#include "service/test-rig.h"

#include <stdlib.h>

#include "base/filetime.h"

static void expect_change(Client *c, const char *event_class, const char *name, uint64_t size, int64_t before)
{
        CimInstance *e = rig_event(c, event_class);
        const CimInstance *target = rig_value(e, "TargetInstance")->object;
        assert_non_null(target);
        assert_string_equal(rig_text(target, "Name"), name);
        assert_int_equal(rig_value(target, "Size")->uint, size);
        assert_true(str_ieq(target->namespace, RIG_NS));
        assert_int_equal(e->namespace.n, 0);
        const CimValue *time = rig_value(e, "TIME_CREATED");
        uint64_t now = filetime_now();
        assert_true(!time->null && time->uint <= now && now - time->uint < 600 * UINT64_C(10000000));
        if (before >= 0) {
                const CimInstance *previous = rig_value(e, "PreviousInstance")->object;
                assert_non_null(previous);
                assert_string_equal(rig_text(previous, "Name"), name);
                assert_int_equal(rig_value(previous, "Size")->uint, before);
        }
        cim_instance_unref(e);
}

// --- intrinsic events ----------------------------------------------------------------------------

static void instances_tell_of_their_changes(void **state)
{
        (void)state;
        Rig rig;
        Client *w = rig_begin(&rig), *all = rig_client(&rig), *created = rig_client(&rig),
               *big = rig_client(&rig), *sub = rig_client(&rig), *edge = rig_client(&rig);
        rig_subscribe(all, "SELECT * FROM __InstanceOperationEvent WHERE TargetInstance ISA 'Thing'");
        rig_subscribe(created, "SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'Thing'");
        rig_subscribe(big, "SELECT * FROM __InstanceOperationEvent WHERE TargetInstance ISA 'Thing' "
                           "AND TargetInstance.Size > 5");
        rig_subscribe(sub,
                      "SELECT * FROM __InstanceOperationEvent WHERE TargetInstance.__CLASS = 'SubThing'");
        rig_subscribe(edge, "SELECT * FROM __InstanceModificationEvent WHERE TargetInstance ISA 'Thing' "
                            "AND TargetInstance.Size > 5 AND PreviousInstance.Size <= 5");
        assert_status(rig_put_thing(&rig, w, "Thing", "a", 1), 0);
        assert_status(rig_put_thing(&rig, w, "Thing", "a", 1), 0); // the same: no event
        assert_status(rig_put_thing(&rig, w, "Thing", "a", 6), 0);
        assert_status(rig_put_thing(&rig, w, "Thing", "a", 7), 0);
        assert_status(rig_put_thing(&rig, w, "SubThing", "b", 2), 0);
        assert_status(rig_delete(w, "Thing=\"a\""), 0);
        assert_status(rig_delete(w, "Thing=\"b\""), 0);
        expect_change(all, "__InstanceCreationEvent", "a", 1, -1);
        expect_change(all, "__InstanceModificationEvent", "a", 6, 1);
        expect_change(all, "__InstanceModificationEvent", "a", 7, 6);
        expect_change(all, "__InstanceCreationEvent", "b", 2, -1);
        expect_change(all, "__InstanceDeletionEvent", "a", 7, -1);
        expect_change(all, "__InstanceDeletionEvent", "b", 2, -1);
        rig_none(all);
        expect_change(created, "__InstanceCreationEvent", "a", 1, -1);
        expect_change(created, "__InstanceCreationEvent", "b", 2, -1);
        rig_none(created);
        expect_change(big, "__InstanceModificationEvent", "a", 6, 1);
        expect_change(big, "__InstanceModificationEvent", "a", 7, 6);
        expect_change(big, "__InstanceDeletionEvent", "a", 7, -1);
        rig_none(big);
        expect_change(sub, "__InstanceCreationEvent", "b", 2, -1);
        expect_change(sub, "__InstanceDeletionEvent", "b", 2, -1);
        rig_none(sub);
        expect_change(edge, "__InstanceModificationEvent", "a", 6, 1);
        rig_none(edge);
        client_free(all);
        client_free(created);
        client_free(big);
        client_free(sub);
        client_free(edge);
        rig_end(&rig, w);
}

// A class and what derives from it later, too.
static void classes_made_later_count(void **state)
{
        (void)state;
        Rig rig;
        Client *w = rig_begin(&rig), *c = rig_client(&rig);
        rig_subscribe(c, "SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'Thing'");
        rig_import(&rig, w, "class Late : SubThing { uint32 More = 9; };");
        assert_status(rig_put_thing(&rig, w, "Late", "l", 1), 0);
        CimInstance *e = rig_event(c, "__InstanceCreationEvent");
        const CimInstance *target = rig_value(e, "TargetInstance")->object;
        assert_true(rig_is(target, "Late"));
        assert_int_equal(rig_value(target, "More")->uint, 9);
        cim_instance_unref(e);
        // An object inside the instance: its class stands in the stream as well.
        CimInstance *h = rig_new(&rig, "Holder");
        rig_set_text(h, "Name", "h");
        rig_set_object(h, "Inside", rig_thing(&rig, "Late", "in", 3));
        rig_subscribe(c, "SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'Holder' "
                         "AND TargetInstance.Inside ISA 'SubThing' AND TargetInstance.Inside.Size = 3");
        assert_status(rig_put(w, h, 0), 0);
        e = rig_event(c, "__InstanceCreationEvent");
        const CimInstance *in = rig_value(rig_value(e, "TargetInstance")->object, "Inside")->object;
        assert_true(rig_is(in, "Late"));
        assert_int_equal(rig_value(in, "More")->uint, 9);
        cim_instance_unref(e);
        cim_instance_unref(h);
        rig_none(c);
        client_free(c);
        rig_end(&rig, w);
}

static void expect_class(Client *c, const char *event_class, const char *name, size_t properties,
                         size_t before)
{
        CimInstance *e = rig_event(c, event_class);
        const CimInstance *target = rig_value(e, "TargetClass")->object;
        assert_true(target && target->is_class && rig_is(target, name));
        assert_int_equal(target->class->property_count, properties);
        assert_true(str_ieq(target->namespace, RIG_NS));
        if (before) {
                const CimInstance *previous = rig_value(e, "PreviousClass")->object;
                assert_true(previous && previous->is_class && rig_is(previous, name));
                assert_int_equal(previous->class->property_count, before);
        }
        cim_instance_unref(e);
}

static void classes_tell_of_their_changes(void **state)
{
        (void)state;
        Rig rig;
        Client *w = rig_begin(&rig), *c = rig_client(&rig), *isa = rig_client(&rig);
        rig_subscribe(c, "SELECT * FROM __ClassOperationEvent WHERE TargetClass.__CLASS LIKE 'New%'");
        rig_subscribe(isa, "SELECT * FROM __ClassOperationEvent WHERE TargetClass ISA 'Thing'");
        rig_import(&rig, w, "class New { [key] string Name; }; class NewThing : Thing { uint32 A; };");
        rig_import(&rig, w, "class New { [key] string Name; uint32 B; };");
        assert_status(rig_delete_class(w, "New"), 0);
        expect_class(c, "__ClassCreationEvent", "New", 1, 0);
        expect_class(c, "__ClassCreationEvent", "NewThing", 4, 0);
        expect_class(c, "__ClassModificationEvent", "New", 2, 1);
        expect_class(c, "__ClassDeletionEvent", "New", 2, 0);
        rig_none(c);
        expect_class(isa, "__ClassCreationEvent", "NewThing", 4, 0);
        rig_none(isa);
        client_free(c);
        client_free(isa);
        rig_end(&rig, w);
}

// A query about a class that goes: it gets the deletions, then its end.
static void a_query_outlives_its_class_by_its_last_events(void **state)
{
        (void)state;
        Rig rig;
        Client *w = rig_begin(&rig), *c = rig_client(&rig), *app = rig_client(&rig);
        assert_status(rig_put_thing(&rig, w, "SubThing", "b", 2), 0);
        uint32_t id =
                rig_subscribe(c, "SELECT * FROM __InstanceDeletionEvent WHERE TargetInstance ISA 'SubThing'");
        uint32_t app_id = rig_subscribe(app, "SELECT * FROM SubAppEvent");
        assert_status(rig_delete_class(w, "SubThing"), 0);
        expect_change(c, "__InstanceDeletionEvent", "b", 2, -1);
        ClientItem i = rig_next(c, CLIENT_ENDED);
        assert_int_equal(i.subscription, id);
        assert_true(cim_failed(i.status));
        rig_none(c);
        assert_status(rig_delete_class(w, "SubAppEvent"), 0);
        i = rig_next(app, CLIENT_ENDED);
        assert_int_equal(i.subscription, app_id);
        assert_int_equal(rig_stats(&rig).subscriptions, 0);
        client_free(c);
        client_free(app);
        rig_end(&rig, w);
}

static uint32_t put_in(Client *c, const char *namespace, const CimInstance *i)
{
        ClientItem reply;
        Diag d = {0};
        Buf set = rig_set((CimInstance *const[]){(CimInstance *)(uintptr_t)i}, 1);
        Wire_PUT_INSTANCE m = {.namespace = str_of(namespace), .objects = {(char *)set.p, set.n}};
        int r = client_call(c, PUT_INSTANCE, &m, RIG_PATIENCE_MS, &reply, &d);
        buf_deinit(&set);
        if (!r)
                client_item_deinit(&reply);
        return r ? d.code : 0;
}

static void namespaces_tell_of_their_changes(void **state)
{
        (void)state;
        Rig rig;
        Client *w = rig_begin(&rig), *c = rig_client(&rig), *elsewhere = rig_client(&rig);
        rig_subscribe(c, "SELECT * FROM __NamespaceOperationEvent");
        uint32_t id;
        Diag d = {0};
        assert_int_equal(client_subscribe(elsewhere, STR("root\\default"),
                                          STR("SELECT * FROM __NamespaceOperationEvent"), 0, RIG_PATIENCE_MS,
                                          &id, NULL, &d),
                         0);
        CimInstance *n = rig_new(&rig, "__NAMESPACE");
        rig_set_text(n, "Name", "inner");
        assert_status(put_in(w, "root\\wmi", n), 0);
        assert_true(cim_schema_has_namespace(service_schema(rig.s), STR("root\\wmi\\inner")));
        rig_subscribe(c, "SELECT * FROM __InstanceOperationEvent WHERE TargetInstance ISA '__NAMESPACE'");
        assert_status(rig_delete(w, "__NAMESPACE=\"inner\""), 0);
        assert_false(cim_schema_has_namespace(service_schema(rig.s), STR("root\\wmi\\inner")));
        CimInstance *e = rig_event(c, "__NamespaceCreationEvent");
        assert_string_equal(rig_text(rig_value(e, "TargetNamespace")->object, "Name"), "inner");
        cim_instance_unref(e);
        e = rig_event(c, "__NamespaceDeletionEvent");
        assert_string_equal(rig_text(rig_value(e, "TargetNamespace")->object, "Name"), "inner");
        cim_instance_unref(e);
        rig_none(c);
        rig_none(elsewhere);
        cim_instance_unref(n);
        client_free(c);
        client_free(elsewhere);
        rig_end(&rig, w);
}

// In the order of the changes, those of one request together; and the writer has its own events before its
// reply or right behind it: replies overtake events, events do not overtake each other.
static void events_come_in_the_order_of_changes(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig), *other = rig_client(&rig);
        rig_subscribe(c, "SELECT * FROM __InstanceOperationEvent WHERE TargetInstance ISA 'Thing'");
        enum { CHANGES = 100 };
        for (uint32_t i = 1; i <= CHANGES; i++) {
                CimInstance *t = rig_thing(&rig, "Thing", "same", i);
                Buf set = rig_set(&t, 1);
                Wire_PUT_INSTANCE m = {.namespace = RIG_NS, .objects = {(char *)set.p, set.n}};
                assert_true(client_send(c, PUT_INSTANCE, &m) > 0);
                buf_deinit(&set);
                cim_instance_unref(t);
        }
        uint32_t replies = 0, events = 0;
        while (replies < CHANGES || events < CHANGES) {
                ClientItem i;
                assert_int_equal(client_next(c, RIG_PATIENCE_MS, &i), 0);
                if (i.kind == CLIENT_REPLY) {
                        assert_int_equal(i.status, 0);
                        replies++;
                } else {
                        assert_int_equal(i.kind, CLIENT_EVENT);
                        CimInstance *e;
                        assert_int_equal(client_item_instance(&i, &e, NULL), 0);
                        assert_int_equal(rig_value(rig_value(e, "TargetInstance")->object, "Size")->uint,
                                         ++events);
                        cim_instance_unref(e);
                }
                client_item_deinit(&i);
        }
        // A change that is answered has its event on the way: nothing waits in the service.
        assert_status(rig_put_thing(&rig, other, "Thing", "last", 1), 0);
        ServiceStats st = rig_stats(&rig);
        assert_int_equal(st.deliveries, CHANGES + 1);
        CimInstance *e = rig_event(c, "__InstanceCreationEvent");
        cim_instance_unref(e);
        client_free(other);
        rig_end(&rig, c);
}

// What is lost is counted and told where the gap is, as with events of drivers.
static void losses_are_told(void **state)
{
        (void)state;
        Rig rig;
        Client *w = rig_begin(&rig), *c = rig_client(&rig);
        uint32_t small, large;
        Diag d = {0};
        const Str query = STR("SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'Thing'");
        assert_int_equal(client_subscribe(c, RIG_NS, query, 2, RIG_PATIENCE_MS, &small, NULL, &d), 0);
        assert_int_equal(client_subscribe(c, RIG_NS, query, 100, RIG_PATIENCE_MS, &large, NULL, &d), 0);
        uint64_t delivered[2] = {0}, lost[2] = {0};
        enum { CHANGES = 500 };
        for (uint32_t i = 0; i < CHANGES; i++) {
                char name[16];
                snprintf(name, sizeof(name), "%u", i);
                assert_status(rig_put_thing(&rig, w, "Thing", name, i), 0);
        }
        for (uint64_t told = 0; told < 2 * CHANGES;) {
                ClientItem i;
                assert_int_equal(client_next(c, RIG_PATIENCE_MS, &i), 0);
                for (size_t n = 0; i.kind == CLIENT_EVENT && n < i.subscription_count; n++, told++)
                        delivered[i.subscriptions[n] == large]++;
                if (i.kind == CLIENT_LOST) {
                        lost[i.subscription == large] += i.count;
                        told += i.count;
                }
                client_item_deinit(&i);
        }
        assert_int_equal(delivered[0] + lost[0], CHANGES);
        assert_int_equal(delivered[1] + lost[1], CHANGES);
        rig_none(c);
        client_free(c);
        rig_end(&rig, w);
}

// One request that changes much does not hold up the others: its events come in slices, in their order, before its
// reply.
static void many_changes_are_told_in_slices(void **state)
{
        (void)state;
        Rig rig;
        Client *w = rig_begin(&rig), *c = rig_client(&rig);
        enum { THINGS = 2 * REPOSITORY_SLICE + 100 };
        for (uint32_t i = 0; i < THINGS; i++) {
                char name[16];
                snprintf(name, sizeof(name), "%u", i);
                assert_status(rig_put_thing(&rig, w, "Thing", name, i), 0);
        }
        uint32_t all, gone;
        Diag d = {0};
        assert_int_equal(client_subscribe(c, RIG_NS,
                                          STR("SELECT * FROM __InstanceDeletionEvent WHERE TargetInstance ISA "
                                              "'Thing'"),
                                          2 * THINGS, RIG_PATIENCE_MS, &all, NULL, &d),
                         0);
        assert_int_equal(client_subscribe(c, RIG_NS, STR("SELECT * FROM __ClassDeletionEvent"), 10,
                                          RIG_PATIENCE_MS, &gone, NULL, &d),
                         0);
        int64_t request = client_send(w, DELETE_CLASS,
                                      (&(Wire_DELETE_CLASS){.namespace = RIG_NS, .name = STR("Thing")}));
        ClientItem i;
        uint64_t raised = rig_stats(&rig).events_raised, first = raised;
        unsigned slices = 0;
        while (rig_stats(&rig).events_raised < first + THINGS) {
                assert_true(service_dispatch(rig.s) >= 0);
                uint64_t now = rig_stats(&rig).events_raised;
                assert_true(now - raised <= REPOSITORY_SLICE);
                slices += now != raised;
                raised = now;
        }
        assert_true(slices >= 3);
        i = rig_next(w, CLIENT_REPLY);
        assert_true(i.request == request && !i.status);
        client_item_deinit(&i);
        cim_instance_unref(rig_event(c, "__ClassDeletionEvent")); // of its subclass, which has no instances
        for (uint32_t n = 0; n < THINGS; n++) {
                CimInstance *event = rig_event(c, "__InstanceDeletionEvent");
                assert_int_equal(rig_value(rig_value(event, "TargetInstance")->object, "Size")->uint, n);
                cim_instance_unref(event);
        }
        cim_instance_unref(rig_event(c, "__ClassDeletionEvent"));
        client_free(c);
        rig_end(&rig, w);
}

// While the store compiles a large text, events go on and so do other clients' requests.
static void the_service_goes_on_while_the_store_works(void **state)
{
        (void)state;
        if (!rig_config.storage_thread)
                testkit_skip("without a thread the store works inside dispatch");
        Rig rig;
        Client *w = rig_begin(&rig), *c = rig_client(&rig);
        Fake f;
        fake_start(&f, &rig, "f");
        rig_subscribe(c, "SELECT * FROM Alpha");
        Buf mof = {0};
        for (unsigned i = 0; i < 4000; i++)
                buf_printf(&mof, "class Many%u { [key] string Name; uint32 A; uint32 B; string C; };\n", i);
        Wire_IMPORT_MOF m = {.namespace = RIG_NS, .text = {(char *)mof.p, mof.n}};
        int64_t request = client_send(w, IMPORT_MOF, &m);
        assert_true(request > 0);
        uint32_t events = 0, listed = 0;
        ClientItem i;
        while (client_next(w, 0, &i) < 0) {
                fake_fire(&f, &rig_alpha, ++events, 0);
                i = rig_next(c, CLIENT_EVENT);
                assert_int_equal(rig_number(&i), events);
                client_item_deinit(&i);
                Diag d;
                assert_int_equal(
                        client_call(c, LIST_NAMESPACES, &(Wire_LIST_NAMESPACES){0}, RIG_PATIENCE_MS, &i, &d),
                        0);
                client_item_deinit(&i);
                listed++;
        }
        assert_true(i.kind == CLIENT_REPLY && i.request == request && i.status == 0);
        client_item_deinit(&i);
        assert_true(events > 3 && listed > 3);
        buf_deinit(&mof);
        fake_stop(&f);
        client_free(c);
        rig_end(&rig, w);
}

// Nobody listens: nothing is made.
static void nothing_is_built_that_nobody_wants(void **state)
{
        (void)state;
        Rig rig;
        Client *w = rig_begin(&rig);
        assert_status(rig_put_thing(&rig, w, "Thing", "a", 1), 0);
        rig_subscribe(w, "SELECT * FROM __ClassOperationEvent");
        rig_subscribe(w, "SELECT * FROM AppEvent");
        assert_status(rig_put_thing(&rig, w, "Thing", "a", 2), 0);
        assert_int_equal(rig_stats(&rig).events_raised, 0);
        rig_subscribe(w, "SELECT * FROM __Event");
        assert_status(rig_put_thing(&rig, w, "Thing", "a", 3), 0);
        assert_int_equal(rig_stats(&rig).events_raised, 1);
        rig_end(&rig, w);
}

// --- events of applications ----------------------------------------------------------------------

static CimInstance *app_event(Rig *rig, const char *class_name, uint32_t number)
{
        CimInstance *e = rig_new(rig, class_name);
        rig_set_number(e, "Number", number);
        return e;
}

static void applications_raise_events(void **state)
{
        (void)state;
        Rig rig;
        Client *p = rig_begin(&rig), *c = rig_client(&rig);
        uint32_t sink = rig_sink(p), matched = 99;
        CimInstance *e[3] = {app_event(&rig, "AppEvent", 1), app_event(&rig, "SubAppEvent", 2),
                             app_event(&rig, "AppEvent", 3)};
        assert_status(rig_indicate(p, sink, e, 3, &matched), 0);
        assert_int_equal(matched, 0);
        rig_subscribe(c, "SELECT * FROM AppEvent WHERE Number > 1");
        rig_subscribe(c, "SELECT * FROM SubAppEvent");
        rig_subscribe(p, "SELECT * FROM __ExtrinsicEvent");
        rig_set_object(e[2], "What", rig_thing(&rig, "SubThing", "w", 4));
        *(CimValue *)(uintptr_t)rig_value(e[1], "TIME_CREATED") =
                (CimValue){.type = CIM_UINT64, .uint = 12345};
        assert_status(rig_indicate(p, sink, e, 3, &matched), 0);
        assert_int_equal(matched, 2 + 1 + 3);
        CimInstance *got = rig_event(c, "SubAppEvent");
        assert_int_equal(rig_value(got, "Number")->uint, 2);
        assert_int_equal(rig_value(got, "TIME_CREATED")->uint, 12345); // as given
        cim_instance_unref(got);
        got = rig_event(c, "AppEvent");
        assert_int_equal(rig_value(got, "Number")->uint, 3);
        assert_false(rig_value(got, "TIME_CREATED")->null);
        const CimInstance *what = rig_value(got, "What")->object;
        assert_true(rig_is(what, "SubThing"));
        assert_int_equal(rig_value(what, "Size")->uint, 4);
        cim_instance_unref(got);
        rig_none(c);
        assert_int_equal(client_cancel(p, sink, RIG_PATIENCE_MS, NULL), 0);
        assert_status(rig_indicate(p, sink, e, 1, NULL), CIM_E_NOT_FOUND);
        for (size_t i = 0; i < 3; i++)
                cim_instance_unref(e[i]);
        client_free(c);
        rig_end(&rig, p);
}

static CimClass *made_up(const char *name, const CimClass *super, const char *property, uint16_t type)
{
        CimPropertySpec p = {.name = str_of(property), .type = type};
        CimClassSpec spec = {.name = str_of(name), .properties = &p, .property_count = 1};
        CimClass *c;
        Diag d = {0};
        assert_int_equal(cim_class_new(&spec, super, NULL, NULL, &c, &d), 0);
        return c;
}

static uint32_t indicate_new(Client *c, uint32_t sink, const CimClass *klass, const char *number)
{
        CimInstance *e;
        assert_int_equal(cim_instance_new(klass, &e), 0);
        if (number)
                rig_set_number(e, number, 1);
        uint32_t status = rig_indicate(c, sink, &e, 1, NULL);
        cim_instance_unref(e);
        return status;
}

static void events_are_refused_with_their_numbers(void **state)
{
        (void)state;
        Rig rig;
        Client *p = rig_begin(&rig), *c = rig_client(&rig);
        rig_subscribe(c, "SELECT * FROM __Event");
        uint32_t sink = rig_sink(p);
        const CimSchema *s = service_schema(rig.s);
        assert_status(indicate_new(p, sink, cim_schema_find(s, RIG_NS, STR("Thing")), NULL),
                      CIM_E_NOT_EVENT_CLASS);
        assert_status(indicate_new(p, sink, cim_schema_find(s, RIG_NS, STR("__InstanceCreationEvent")), NULL),
                      CIM_E_NOT_EVENT_CLASS);
        assert_status(indicate_new(p, sink, cim_schema_find(s, RIG_NS, STR("NoEvent")), NULL),
                      CIM_E_INVALID_OPERATION);
        assert_status(indicate_new(p, sink, cim_schema_find(s, RIG_NS, STR("__SystemEvent")), NULL),
                      CIM_E_INVALID_OPERATION);
        assert_status(indicate_new(p, sink + 7, cim_schema_find(s, RIG_NS, STR("AppEvent")), NULL),
                      CIM_E_NOT_FOUND);
        // Classes that the client makes up: by name and value they must fit those of the schema.
        const CimClass *extrinsic = cim_schema_find(s, RIG_NS, STR("__ExtrinsicEvent"));
        CimClass *k = made_up("Unheard", extrinsic, "Number", CIM_UINT32);
        assert_status(indicate_new(p, sink, k, "Number"), CIM_E_INVALID_CLASS);
        cim_class_unref(k);
        k = made_up("AppEvent", extrinsic, "Number", CIM_UINT64);
        assert_status(indicate_new(p, sink, k, "Number"), CIM_E_TYPE_MISMATCH);
        cim_class_unref(k);
        k = made_up("AppEvent", extrinsic, "Nmuber", CIM_UINT32);
        assert_status(indicate_new(p, sink, k, "Nmuber"), CIM_E_INVALID_PROPERTY);
        cim_class_unref(k);
        rig_none(c);
        k = made_up("AppEvent", extrinsic, "Number", CIM_UINT32);
        assert_status(indicate_new(p, sink, k, "Number"), 0);
        cim_class_unref(k);
        CimInstance *e = rig_event(c, "AppEvent");
        assert_int_equal(e->class->property_count,
                         cim_schema_find(s, RIG_NS, STR("AppEvent"))->property_count);
        cim_instance_unref(e);
        // All or none of one request.
        CimInstance *two[2] = {app_event(&rig, "AppEvent", 1), rig_thing(&rig, "Thing", "x", 1)};
        assert_status(rig_indicate(p, sink, two, 2, NULL), CIM_E_NOT_EVENT_CLASS);
        rig_none(c);
        cim_instance_unref(two[0]);
        cim_instance_unref(two[1]);
        client_free(c);
        rig_end(&rig, p);
}

// A publisher cannot fill a subscriber's stream with classes of its own making.
static void made_up_classes_do_not_reach_streams(void **state)
{
        (void)state;
        Rig rig;
        Client *p = rig_begin(&rig), *c = rig_client(&rig);
        rig_subscribe(c, "SELECT * FROM AppEvent");
        uint32_t sink = rig_sink(p);
        const CimClass *extrinsic = cim_schema_find(service_schema(rig.s), RIG_NS, STR("__ExtrinsicEvent"));
        for (unsigned i = 0; i < 20; i++) {
                CimClass *k = made_up("AppEvent", extrinsic, "Number", CIM_UINT32);
                assert_status(indicate_new(p, sink, k, "Number"), 0);
                cim_class_unref(k);
                cim_instance_unref(rig_event(c, "AppEvent"));
        }
        assert_int_equal(rig.s->handles.next, 2); // one class was announced
        client_free(c);
        rig_end(&rig, p);
}

// A few bytes can say that there is an object of a large class: what is made of a request has a bound.
static void what_is_made_of_events_has_a_bound(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        Buf mof = {0};
        buf_printf(&mof, "class Wide {");
        for (unsigned i = 0; i < 1000; i++)
                buf_printf(&mof, " uint8 P%u;", i);
        buf_printf(&mof, " }; class BigEvent : __ExtrinsicEvent { object Items[]; };%c", 0);
        rig_import(&rig, c, (const char *)mof.p);
        buf_deinit(&mof);
        uint32_t sink = rig_sink(c);
        CimClass *wide = made_up("Wide", NULL, "P0", CIM_UINT8);
        CimClass *big = made_up("BigEvent", NULL, "Items", CIM_OBJECT | CIM_ARRAY);
        CimInstance *item, *event;
        assert_int_equal(cim_instance_new(wide, &item), 0);
        assert_int_equal(cim_instance_new(big, &event), 0);
        const CimClass *own = cim_schema_find(service_schema(rig.s), RIG_NS, STR("BigEvent"));
        size_t each = sizeof(CimInstance) + 1000 * sizeof(CimValue);
        size_t most = (CODEC_BYTES - sizeof(CimInstance) - own->property_count * sizeof(CimValue)) / each;
        CimValue *items = calloc(most + 1, sizeof(*items));
        assert_non_null(items);
        for (size_t n = 0; n <= most; n++)
                items[n] = (CimValue){.type = CIM_OBJECT, .object = item};
        event->values[0] = (CimValue){.type = CIM_OBJECT | CIM_ARRAY, .array = {items, 0}};
        for (size_t n = most - 1; n <= most + 1; n++) {
                event->values[0].array.count = (uint32_t)n;
                assert_status(rig_indicate(c, sink, &event, 1, NULL), n > most ? CIM_E_QUOTA_VIOLATION : 0);
        }
        free(items);
        cim_instance_unref(event);
        cim_instance_unref(item);
        cim_class_unref(wide);
        cim_class_unref(big);
        rig_end(&rig, c);
}

// A client that lives through many changes of classes holds the classes of now, not all that ever were.
static void streams_forget_classes_of_former_times(void **state)
{
        (void)state;
        Rig rig;
        Client *w = rig_begin(&rig), *c = rig_client(&rig);
        const Session *x = list_entry(rig.s->sessions.prev, Session, link);
        rig_subscribe(c, "SELECT * FROM __ClassOperationEvent");
        CimInstance *held = NULL;
        for (unsigned i = 0; i < 50; i++) {
                char mof[128];
                snprintf(mof, sizeof(mof), "[Description(\"%u\")] class Fickle { [key] string Name; };", i);
                rig_import(&rig, w, mof);
                CimInstance *e = rig_event(c, i ? "__ClassModificationEvent" : "__ClassCreationEvent");
                if (i == 5) // what was taken out stays whole
                        held = cim_instance_ref(e);
                cim_instance_unref(e);
                assert_true(x->announced_count <= 6);
        }
        assert_true(rig_is(rig_value(held, "PreviousClass")->object, "Fickle"));
        cim_instance_unref(held);
        // An item that is read later knows its classes, too.
        rig_import(&rig, w, "[Description(\"a\")] class Fickle { [key] string Name; };");
        ClientItem late = rig_next(c, CLIENT_EVENT);
        rig_import(&rig, w, "[Description(\"b\")] class Fickle { [key] string Name; };");
        cim_instance_unref(rig_event(c, "__ClassModificationEvent"));
        CimInstance *e;
        assert_int_equal(client_item_instance(&late, &e, NULL), 0);
        assert_true(rig_is(rig_value(e, "TargetClass")->object, "Fickle"));
        cim_instance_unref(e);
        client_item_deinit(&late);
        client_free(c);
        rig_end(&rig, w);
}

static void sinks_have_a_bound(void **state)
{
        (void)state;
        Rig rig;
        Client *p = rig_begin(&rig);
        uint32_t first = rig_sink(p);
        for (unsigned i = 1; i < LIMIT_SINKS; i++)
                rig_sink(p);
        ClientItem reply;
        Diag d = {0};
        Wire_QUERY_OBJECT_SINK m = {.namespace = RIG_NS};
        assert_int_equal(client_call(p, QUERY_OBJECT_SINK, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
        assert_status(d.code, CIM_E_QUOTA_VIOLATION);
        assert_int_equal(client_cancel(p, first, RIG_PATIENCE_MS, NULL), 0);
        rig_sink(p);
        m.namespace = STR("root\\nowhere");
        assert_int_equal(client_call(p, QUERY_OBJECT_SINK, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
        assert_status(d.code, CIM_E_INVALID_NAMESPACE);
        rig_end(&rig, p);
}

// --- the subscriptions of all --------------------------------------------------------------------

static void subscriptions_are_listed_and_ended(void **state)
{
        (void)state;
        Rig rig;
        Client *a = rig_begin(&rig), *b = rig_client(&rig);
        uint32_t id = rig_subscribe(b, "SELECT * FROM AppEvent WHERE Number = 7");
        uint32_t sink = rig_sink(a);
        CimInstance *e = app_event(&rig, "AppEvent", 7);
        assert_status(rig_indicate(a, sink, &e, 1, NULL), 0);
        cim_instance_unref(e);
        ClientItem reply;
        Diag d = {0};
        Wire_LIST_SUBSCRIPTIONS_Reply r;
        assert_int_equal(client_call(a, LIST_SUBSCRIPTIONS, &(Wire_LIST_SUBSCRIPTIONS){0}, RIG_PATIENCE_MS,
                                     &reply, &d),
                         0);
        assert_true(wire_get_LIST_SUBSCRIPTIONS_reply(reply.frame.payload, reply.frame.size, &r));
        assert_int_equal(r.count, 1);
        Reader in = {(const uint8_t *)r.list.p, r.list.n, false};
        uint64_t session = read_u64(&in);
        assert_int_equal(read_u32(&in), id);
        assert_int_equal(read_u32(&in), getpid());
        assert_int_equal(read_u32(&in), geteuid());
        assert_true(str_eq(read_str(&in), STR("test")));
        assert_true(str_ieq(read_str(&in), RIG_NS));
        assert_true(str_eq(read_str(&in), STR("SELECT * FROM AppEvent WHERE Number = 7")));
        assert_int_equal(read_u32(&in), LIMIT_SUBSCRIPTION_QUEUE);
        uint32_t queued = read_u32(&in);
        assert_int_equal(queued + read_u64(&in), 1);
        assert_int_equal(read_u64(&in), 0);
        assert_true(!in.failed && in.n == 0);
        client_item_deinit(&reply);
        Wire_END_SUBSCRIPTION m = {.session = session, .subscription = id + 1};
        assert_int_equal(client_call(a, END_SUBSCRIPTION, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
        assert_status(d.code, CIM_E_NOT_FOUND);
        m.subscription = id;
        assert_int_equal(client_call(a, END_SUBSCRIPTION, &m, RIG_PATIENCE_MS, &reply, &d), 0);
        client_item_deinit(&reply);
        ClientItem i = rig_next(b, CLIENT_EVENT);
        client_item_deinit(&i);
        i = rig_next(b, CLIENT_ENDED);
        assert_true(i.subscription == id && i.status == (uint32_t)CIM_E_CALL_CANCELLED);
        assert_int_equal(rig_stats(&rig).subscriptions, 0);
        assert_int_equal(client_call(a, END_SUBSCRIPTION, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
        client_free(b);
        rig_end(&rig, a);
}

int main(int argc, char **argv)
{
        rig_config.storage_thread = argc > 1 && strcmp(argv[1], "thread") == 0;
        return testkit_run((TestCase[]){
                TEST(instances_tell_of_their_changes),
                TEST(classes_made_later_count),
                TEST(classes_tell_of_their_changes),
                TEST(a_query_outlives_its_class_by_its_last_events),
                TEST(namespaces_tell_of_their_changes),
                TEST(events_come_in_the_order_of_changes),
                TEST(losses_are_told),
                TEST(the_service_goes_on_while_the_store_works),
                TEST(nothing_is_built_that_nobody_wants),
                TEST(applications_raise_events),
                TEST(events_are_refused_with_their_numbers),
                TEST(made_up_classes_do_not_reach_streams),
                TEST(many_changes_are_told_in_slices),
                TEST(what_is_made_of_events_has_a_bound),
                TEST(streams_forget_classes_of_former_times),
                TEST(sinks_have_a_bound),
                TEST(subscriptions_are_listed_and_ended),
                TEST_END,
        });
}
