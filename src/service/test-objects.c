// SPDX-License-Identifier: MIT
// service: classes and instances through its operations; enumerations and queries; each documented error.
// With the argument "thread" the store works in a thread of its own.
#include <sys/types.h>

#include "service/test-rig.h"

#include <stdlib.h>

// --- instances -----------------------------------------------------------------------------------

static void instances_there_and_back(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig), *other = rig_client(&rig);
        CimInstance *i = rig_thing(&rig, "Thing", "a", 5), *got = NULL;
        assert_status(rig_get(c, "Thing.Name=\"a\"", NULL), CIM_E_NOT_FOUND);
        assert_status(rig_put(c, i, 1), CIM_E_NOT_FOUND); // update only
        assert_status(rig_put(c, i, 2), 0);               // create only
        assert_status(rig_put(c, i, 2), CIM_E_ALREADY_EXISTS);
        assert_status(rig_get(other, "thing.NAME=\"A\"", &got), 0);
        assert_true(rig_is(got, "Thing"));
        assert_int_equal(rig_value(got, "Size")->uint, 5);
        assert_true(rig_value(got, "Note")->null);
        assert_true(str_ieq(got->namespace, RIG_NS));
        cim_instance_unref(got);
        rig_set_number(i, "Size", 6);
        assert_status(rig_put(other, i, 1), 0);
        assert_status(rig_put(other, i, 0), 0);
        assert_status(rig_get(c, "Thing=\"a\"", &got), 0);
        assert_int_equal(rig_value(got, "Size")->uint, 6);
        cim_instance_unref(got);
        // An instance of a subclass is found under its superclass.
        assert_status(rig_put_thing(&rig, c, "SubThing", "b", 1), 0);
        assert_status(rig_get(c, "Thing.Name=\"b\"", &got), 0);
        assert_true(rig_is(got, "SubThing"));
        assert_int_equal(rig_value(got, "Extra")->uint, 7);
        cim_instance_unref(got);
        assert_status(rig_delete(c, "Thing.Name=\"a\""), 0);
        assert_status(rig_delete(c, "Thing.Name=\"a\""), CIM_E_NOT_FOUND);
        assert_status(rig_get(other, "Thing.Name=\"a\"", NULL), CIM_E_NOT_FOUND);
        cim_instance_unref(i);
        client_free(other);
        rig_end(&rig, c);
}

static void objects_inside_objects(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        CimInstance *h = rig_new(&rig, "Holder"), *got;
        rig_set_text(h, "Name", "h");
        rig_set_object(h, "Inside", rig_thing(&rig, "SubThing", "in", 3));
        assert_status(rig_put(c, h, 0), 0);
        assert_status(rig_get(c, "Holder=\"h\"", &got), 0);
        const CimInstance *in = rig_value(got, "Inside")->object;
        assert_true(rig_is(in, "SubThing"));
        assert_int_equal(rig_value(in, "Size")->uint, 3);
        cim_instance_unref(got);
        cim_instance_unref(h);
        RigObjects o;
        assert_status(
                rig_query(c, "SELECT * FROM Holder WHERE Inside.Size = 3 AND Inside ISA 'Thing'", 0, 0, &o),
                0);
        assert_int_equal(o.n, 1);
        rig_free(&o);
        assert_status(rig_query(c, "SELECT * FROM Holder WHERE Inside.Size > 3", 0, 0, &o), 0);
        assert_int_equal(o.n, 0);
        rig_free(&o);
        rig_end(&rig, c);
}

static void paths_lead_where_they_say(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        assert_status(rig_put_thing(&rig, c, "Thing", "a", 1), 0);
        assert_status(rig_get(c, "\\\\.\\root\\wmi:Thing.Name=\"a\"", NULL), 0);
        assert_status(rig_get(c, "root/WMI:Thing=\"a\"", NULL), 0);
        char path[512];
        snprintf(path, sizeof(path), "\\\\%s\\root\\wmi:Thing=\"a\"", rig.s->server);
        assert_status(rig_get(c, path, NULL), 0);
        assert_status(rig_get(c, "\\\\elsewhere.example\\root\\wmi:Thing=\"a\"", NULL),
                      CIM_E_INVALID_OBJECT_PATH);
        assert_status(rig_get(c, "root\\default:Thing=\"a\"", NULL), CIM_E_NOT_FOUND);
        assert_status(rig_get(c, "root\\nowhere:Thing=\"a\"", NULL), CIM_E_INVALID_NAMESPACE);
        assert_status(rig_get(c, "\\\\.\\root\\wmi", NULL), CIM_E_INVALID_OBJECT_PATH);
        assert_status(rig_get(c, "Thing=\"a", NULL), CIM_E_INVALID_OBJECT_PATH);
        assert_status(rig_get(c, "", NULL), CIM_E_INVALID_OBJECT_PATH);
        assert_status(rig_get(c, "Thing.Nmae=\"a\"", NULL), CIM_E_INVALID_OBJECT_PATH);
        assert_status(rig_get(c, "Thing=7", NULL), CIM_E_INVALID_OBJECT_PATH);
        assert_status(rig_delete(c, "Thing"), CIM_E_INVALID_PARAMETER);
        rig_end(&rig, c);
}

// A reference names the same instance with this machine's name and with ".".
static void this_machine_has_one_name(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        char path[1024];
        rig_import(&rig, c, "class Link { [key] Thing ref Of; [key] string Text; uint32 Size; };");
        CimInstance *i = rig_new(&rig, "Link"), *got;
        int of = cim_class_property(i->class, STR("Of"));
        snprintf(path, sizeof(path), "\\\\%s\\root\\wmi:Thing.Name=\"a\"", rig.s->server);
        for (char *p = path; *p; p++) // whatever its case
                *p = *p >= 'a' && *p <= 'z' && p < path + 2 + strlen(rig.s->server) ? (char)(*p - 32) : *p;
        rig_set_text(i, "Of", path);
        rig_set_text(i, "Text", path); // text is what it says
        i->values[of].type = CIM_REFERENCE;
        assert_status(rig_put(c, i, 2), 0);
        const char *text = "\\\\.\\root\\wmi:Thing.Name=\"a\"";
        rig_set_text(i, "Of", text);
        i->values[of].type = CIM_REFERENCE;
        assert_status(rig_put(c, i, 2), CIM_E_ALREADY_EXISTS);
        rig_set_text(i, "Of", "Thing=\"a\"");
        i->values[of].type = CIM_REFERENCE;
        assert_status(rig_put(c, i, 2), CIM_E_ALREADY_EXISTS);
        rig_set_text(i, "Text", text);
        assert_status(rig_put(c, i, 2), 0);
        const char *const servers[] = {rig.s->server, ".", "localhost"};
        for (size_t k = 0; k < 3; k++) {
                snprintf(path, sizeof(path),
                         "Link.Of=\"\\\\\\\\%s\\\\root\\\\wmi:Thing.Name=\\\"a\\\"\","
                         "Text=\"\\\\\\\\.\\\\root\\\\wmi:Thing.Name=\\\"a\\\"\"",
                         servers[k]);
                assert_status(rig_get(c, path, &got), 0);
                assert_string_equal(rig_text(got, "Of"), "Thing=\"a\"");
                cim_instance_unref(got);
        }
        snprintf(path, sizeof(path),
                 "Link.Of=\"\\\\\\\\%s\\\\root\\\\wmi:Thing.Name=\\\"a\\\"\","
                 "Text=\"\\\\\\\\.\\\\root\\\\wmi:Thing.Name=\\\"a\\\"\"",
                 rig.s->server);
        assert_status(rig_delete(c, path), 0);
        assert_status(rig_delete(c, path), CIM_E_NOT_FOUND);
        cim_instance_unref(i);
        rig_end(&rig, c);
}

// Whatever its other qualifiers are: the instances of a class with a GUID are a driver's.
static void data_of_drivers_is_not_served(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        rig_import(
                &rig, c,
                "[guid(\"{5a8c7d40-15c1-4a3e-9c0c-0f6d6f3f5b01}\")] class Block { [key] string InstanceName; "
                "boolean Active; [WmiDataId(1)] uint32 Value; };");
        CimInstance *i = rig_new(&rig, "Block");
        RigObjects o;
        rig_set_text(i, "InstanceName", "a");
        assert_status(rig_put(c, i, 0), CIM_E_PROVIDER_NOT_CAPABLE);
        assert_status(rig_get(c, "Block=\"a\"", NULL), CIM_E_PROVIDER_NOT_CAPABLE);
        assert_status(rig_delete(c, "Block=\"a\""), CIM_E_PROVIDER_NOT_CAPABLE);
        assert_status(rig_query(c, "SELECT * FROM Block", 0, 0, &o), CIM_E_PROVIDER_NOT_CAPABLE);
        assert_status(rig_instances(c, "Block", 0, 0, &o), CIM_E_PROVIDER_NOT_CAPABLE);
        cim_instance_unref(i);
        rig_end(&rig, c);
}

static void instances_are_refused_with_their_numbers(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        CimInstance *i = rig_new(&rig, "Thing");
        assert_true(cim_failed(rig_put(c, i, 0))); // a key is NULL
        rig_set_text(i, "Name", "a");
        assert_status(rig_put(c, i, 3), CIM_E_INVALID_PARAMETER);
        assert_status(rig_put(c, i, 0x20), CIM_E_INVALID_PARAMETER);
        assert_status(rig_put(c, i, 0x80000000), CIM_E_INVALID_PARAMETER);
        assert_status(rig_put(c, i, 0x20090), 0); // documented, of no effect
        cim_instance_unref(i);
        i = rig_new(&rig, "Provided");
        rig_set_text(i, "Name", "a");
        assert_status(rig_put(c, i, 0), CIM_E_PROVIDER_NOT_CAPABLE);
        cim_instance_unref(i);
        assert_status(rig_get(c, "Provided=\"a\"", NULL), CIM_E_PROVIDER_NOT_CAPABLE);
        i = rig_new(&rig, "AppEvent");
        assert_true(cim_failed(rig_put(c, i, 0)));
        cim_instance_unref(i);
        // A class where an instance is expected, two objects, none, bytes.
        Diag d = {0};
        ClientItem reply;
        assert_int_equal(cim_instance_of_class(cim_schema_find(service_schema(rig.s), RIG_NS, STR("Thing")),
                                               RIG_NS, &i),
                         0);
        assert_status(rig_put(c, i, 0), CIM_E_INVALID_OBJECT);
        CimInstance *two[2] = {rig_thing(&rig, "Thing", "x", 1), rig_thing(&rig, "Thing", "y", 1)};
        for (size_t n = 0; n <= 2; n += 2) {
                Buf set = rig_set(two, n);
                Wire_PUT_INSTANCE m = {.namespace = RIG_NS, .objects = {(char *)set.p, set.n}};
                assert_int_equal(client_call(c, PUT_INSTANCE, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
                assert_status(d.code, CIM_E_INVALID_OBJECT);
                m.objects.n -= 1;
                assert_int_equal(client_call(c, PUT_INSTANCE, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
                assert_status(d.code, CIM_E_INVALID_OBJECT);
                buf_deinit(&set);
        }
        Buf set = rig_set(two, 1);
        Wire_PUT_INSTANCE m = {.namespace = STR("root\\nowhere"), .objects = {(char *)set.p, set.n}};
        assert_int_equal(client_call(c, PUT_INSTANCE, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
        assert_status(d.code, CIM_E_INVALID_NAMESPACE);
        m.namespace = STR("root\\default");
        assert_int_equal(client_call(c, PUT_INSTANCE, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
        assert_status(d.code, CIM_E_INVALID_CLASS);
        buf_deinit(&set);
        cim_instance_unref(two[0]);
        cim_instance_unref(two[1]);
        cim_instance_unref(i);
        rig_end(&rig, c);
}

// Sets that end anywhere, and sets with a byte turned: an error or an object, nothing else.
static void sets_may_be_anything(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        CimInstance *t = rig_thing(&rig, "SubThing", "a", 1), *k, *e = rig_new(&rig, "AppEvent");
        rig_set_object(e, "What", rig_thing(&rig, "Thing", "w", 1));
        assert_int_equal(cim_instance_of_class(cim_schema_find(service_schema(rig.s), RIG_NS, STR("Thing")),
                                               RIG_NS, &k),
                         0);
        CimInstance *const objects[] = {t, k, e};
        uint32_t sink = rig_sink(c);
        for (size_t o = 0; o < 3; o++) {
                Buf set = rig_set(&objects[o], 1);
                for (size_t n = 0; n < 2 * set.n; n++) {
                        uint8_t *p = malloc(set.n); // so that a sanitizer sees a read beyond it
                        memcpy(p, set.p, set.n);
                        if (n >= set.n)
                                p[n - set.n] ^= (uint8_t)(1 + n % 255);
                        Str bytes = {(char *)p, n < set.n ? n : set.n};
                        Diag d = {0};
                        ClientItem reply;
                        int r;
                        if (o == 0)
                                r = client_call(c, PUT_INSTANCE,
                                                (&(Wire_PUT_INSTANCE){.namespace = RIG_NS, .objects = bytes}),
                                                RIG_PATIENCE_MS, &reply, &d);
                        else if (o == 1)
                                r = client_call(c, PUT_CLASS,
                                                (&(Wire_PUT_CLASS){.namespace = STR("root\\default"),
                                                                   .objects = bytes}),
                                                RIG_PATIENCE_MS, &reply, &d);
                        else
                                r = client_call(c, INDICATE,
                                                (&(Wire_INDICATE){.sink = sink, .objects = bytes}),
                                                RIG_PATIENCE_MS, &reply, &d);
                        assert_true(r == E_DIAG || (r == 0 && n >= set.n));
                        if (r)
                                assert_true(cim_failed(d.code) && d.message[0]);
                        else
                                client_item_deinit(&reply);
                        free(p);
                }
                buf_deinit(&set);
                cim_instance_unref(objects[o]);
        }
        rig_end(&rig, c);
}

// What an __ExtendedStatus is made of.
static void errors_say_what_they_are_about(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        Wire_GET_OBJECT m = {.namespace = RIG_NS, .path = STR("Thing=\"none\"")};
        int64_t n = client_send(c, GET_OBJECT, &m);
        assert_true(n > 0);
        ClientItem i = rig_next(c, CLIENT_REPLY);
        assert_status(i.status, CIM_E_NOT_FOUND);
        assert_true(str_eq(i.parameter, m.path));
        assert_true(i.diag.message[0] != 0);
        client_item_deinit(&i);
        Wire_EXEC_QUERY q = {.namespace = RIG_NS, .language = STR("WQL"), .query = STR("SELECT FROM")};
        client_send(c, EXEC_QUERY, &q);
        i = rig_next(c, CLIENT_REPLY);
        assert_status(i.status, CIM_E_INVALID_QUERY);
        assert_true(str_eq(i.parameter, q.query));
        assert_true(i.diag.column > 0);
        client_item_deinit(&i);
        CimInstance *thing = rig_thing(&rig, "Thing", "a", 1);
        Buf set = rig_set(&thing, 1);
        Wire_PUT_INSTANCE p = {.namespace = RIG_NS, .flags = 1, .objects = {(char *)set.p, set.n}};
        client_send(c, PUT_INSTANCE, &p);
        i = rig_next(c, CLIENT_REPLY);
        assert_status(i.status, CIM_E_NOT_FOUND);
        assert_true(str_eq(i.parameter, STR("Thing")));
        client_item_deinit(&i);
        buf_deinit(&set);
        cim_instance_unref(thing);
        rig_end(&rig, c);
}

// --- classes -------------------------------------------------------------------------------------

static void classes_there_and_back(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        CimInstance *k = rig_class_of(&rig, "Part", "Thing", "Weight"), *got;
        assert_status(rig_get(c, "Part", NULL), CIM_E_NOT_FOUND);
        assert_status(rig_put_class(c, k, 1), CIM_E_NOT_FOUND);
        assert_status(rig_put_class(c, k, 2), 0);
        assert_status(rig_put_class(c, k, 2), CIM_E_ALREADY_EXISTS);
        assert_status(rig_put_class(c, k, 0), 0);
        assert_status(rig_put_class(c, k, 3), CIM_E_INVALID_PARAMETER);
        assert_status(rig_put_class(c, k, 0x60), CIM_E_INVALID_PARAMETER);
        assert_status(rig_put_class(c, k, 0x100), CIM_E_INVALID_PARAMETER);
        assert_status(rig_put_class(c, k, 0x20), 0);
        assert_status(rig_put_class(c, k, 0x40), 0);
        assert_status(rig_get(c, "part", &got), 0);
        assert_true(got->is_class && rig_is(got, "Part"));
        assert_true(str_eq(got->class->super->name, STR("Thing")));
        assert_int_equal(got->class->property_count, 4);
        cim_instance_unref(got);
        assert_status(rig_put_thing(&rig, c, "Part", "p", 1), 0);
        assert_status(rig_get(c, "Thing=\"p\"", NULL), 0);
        assert_status(rig_delete_class(c, "Part"), 0);
        assert_status(rig_get(c, "Thing=\"p\"", NULL), CIM_E_NOT_FOUND);
        assert_status(rig_delete_class(c, "Part"), CIM_E_NOT_FOUND);
        assert_true(cim_failed(rig_delete_class(c, "__Event")));
        cim_instance_unref(k);
        k = rig_thing(&rig, "Thing", "a", 1);
        assert_status(rig_put_class(c, k, 0), CIM_E_INVALID_OBJECT);
        cim_instance_unref(k);
        rig_end(&rig, c);
}

// What the store says of a class has its place in the text.
static void a_text_that_the_store_refuses_has_a_place(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        assert_status(rig_put_thing(&rig, c, "SubThing", "b", 2), 0);
        Diag errors[4];
        size_t n = 0;
        Str text = STR("class Fine { [key] string Name; };\n\nclass SubThing : Thing { string Extra; };\n");
        ClientImport import = {.file = STR("x.mof"), .namespace = RIG_NS, .text = text};
        assert_int_equal(client_import_mof(c, &import, RIG_PATIENCE_MS, NULL, errors, 4, &n), E_DIAG);
        assert_int_equal(n, 1);
        assert_string_equal(errors[0].file, "x.mof");
        assert_int_equal(errors[0].line, 3);
        assert_true(cim_failed(errors[0].code) && strstr(errors[0].message, "SubThing"));
        assert_status(rig_get(c, "Fine", NULL), CIM_E_NOT_FOUND);
        assert_status(rig_get(c, "SubThing=\"b\"", NULL), 0);
        rig_end(&rig, c);
}

static bool has_class(const RigObjects *o, const char *name)
{
        for (size_t i = 0; i < o->n; i++)
                if (rig_is(o->p[i], name))
                        return true;
        return false;
}

static void classes_are_enumerated(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        RigObjects o, all;
        assert_status(rig_classes(c, "Thing", 0, 0, &o), 0);
        assert_int_equal(o.n, 1);
        assert_true(has_class(&o, "SubThing") && o.p[0]->is_class);
        assert_true(str_ieq(o.p[0]->namespace, RIG_NS));
        rig_free(&o);
        assert_status(rig_classes(c, "", 1, 0, &o), 0); // without a superclass only
        assert_true(has_class(&o, "Thing") && !has_class(&o, "SubThing"));
        rig_free(&o);
        assert_status(rig_classes(c, "", 0, 0, &all), 0);
        assert_true(has_class(&all, "SubThing") && has_class(&all, "__Event"));
        assert_status(rig_classes(c, "", 0x30, 7, &o), 0);
        assert_int_equal(o.n, all.n);
        assert_true(o.batches >= all.n / 7);
        rig_free(&o);
        rig_free(&all);
        assert_status(rig_classes(c, "Nothing", 0, 0, &o), CIM_E_INVALID_CLASS);
        assert_status(rig_classes(c, "", 0x40, 0, &o), CIM_E_INVALID_PARAMETER);
        assert_int_equal(list_entry(rig.s->sessions.prev, Session, link)->enumeration_count, 0);
        rig_end(&rig, c);
}

// --- enumerations of instances, queries ----------------------------------------------------------

static void instances_are_enumerated(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        RigObjects o;
        assert_status(rig_instances(c, "Thing", 0, 0, &o), 0);
        assert_int_equal(o.n, 0);
        rig_put_things(&rig, c, 20);
        for (uint32_t most = 0; most <= 21; most++) {
                assert_status(rig_instances(c, "Thing", 0, most, &o), 0);
                assert_int_equal(o.n, 20);
                for (size_t i = 0; i < o.n; i++)
                        assert_int_equal(rig_value(o.p[i], "Size")->uint, i);
                rig_free(&o);
        }
        assert_status(rig_instances(c, "Thing", 1, 3, &o), 0);
        assert_int_equal(o.n, 10);
        rig_free(&o);
        assert_status(rig_instances(c, "SubThing", 0x20230, 0, &o), 0);
        assert_int_equal(o.n, 10);
        rig_free(&o);
        assert_status(rig_instances(c, "Nothing", 0, 0, &o), CIM_E_INVALID_CLASS);
        assert_status(rig_instances(c, "", 0, 0, &o), CIM_E_INVALID_PARAMETER);
        assert_status(rig_instances(c, "Thing", 2, 0, &o), CIM_E_INVALID_PARAMETER);
        assert_status(rig_instances(c, "Provided", 0, 0, &o), CIM_E_PROVIDER_NOT_CAPABLE);
        assert_int_equal(list_entry(rig.s->sessions.prev, Session, link)->enumeration_count, 0);
        rig_end(&rig, c);
}

static void large_results_come_in_batches(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        char note[2001];
        memset(note, 'n', 2000);
        note[2000] = '\0';
        for (uint32_t i = 0; i < 150; i++) {
                char name[16];
                snprintf(name, sizeof(name), "%u", i);
                CimInstance *t = rig_thing(&rig, "Thing", name, i);
                rig_set_text(t, "Note", note);
                assert_status(rig_put(c, t, 0), 0);
                cim_instance_unref(t);
        }
        RigObjects o;
        assert_status(rig_instances(c, "Thing", 0, 0, &o), 0);
        assert_int_equal(o.n, 150);
        assert_true(o.batches >= 150u * 2000 / LIMIT_BATCH_BYTES + 1);
        rig_free(&o);
        assert_status(rig_query(c, "SELECT * FROM Thing WHERE Size >= 149", 0, 0, &o), 0);
        assert_int_equal(o.n, 1);
        rig_free(&o);
        rig_end(&rig, c);
}

static void queries_find_what_they_ask_for(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        rig_put_things(&rig, c, 20);
        assert_int_equal(rig_count(c, "SELECT * FROM Thing"), 20);
        assert_int_equal(rig_count(c, "select * from thing where size < 5"), 5);
        assert_int_equal(rig_count(c, "SELECT * FROM SubThing WHERE Size < 5"), 2);
        assert_int_equal(rig_count(c, "SELECT * FROM Thing WHERE __CLASS = 'SubThing'"), 10);
        assert_int_equal(rig_count(c, "SELECT * FROM Thing WHERE __this ISA 'SubThing' AND Size > 17"), 1);
        assert_int_equal(rig_count(c, "SELECT * FROM Thing WHERE Name LIKE 't001%'"), 10);
        assert_int_equal(rig_count(c, "SELECT * FROM Thing WHERE __RELPATH = 'Thing.Name=\"t0004\"'"), 1);
        assert_int_equal(rig_count(c, "SELECT * FROM Thing WHERE Note IS NULL"), 20);
        assert_int_equal(rig_count(c, "SELECT Name FROM Thing WHERE Size = 3"), 1);
        assert_int_equal(rig_count(c, "SELECT * FROM meta_class WHERE __this ISA 'Thing'"), 2);
        assert_int_equal(rig_count(c, "SELECT * FROM meta_class WHERE __CLASS = 'thing'"), 1);
        assert_true(rig_count(c, "SELECT * FROM meta_class") > 50);
        RigObjects o;
        assert_status(rig_query(c, "SELECT * FROM Thing WHERE Size = 3", 2, 0, &o), 0); // its prototype
        assert_int_equal(o.n, 1);
        assert_true(o.p[0]->is_class && rig_is(o.p[0], "Thing"));
        rig_free(&o);
        static const struct {
                const char *query;
                uint32_t code;
        } bad[] = {
                {"SELECT FROM", CIM_E_INVALID_QUERY},
                {"SELECT * FROM Thing WHERE", CIM_E_INVALID_QUERY},
                {"SELECT * FROM Thing WITHIN 5", CIM_E_INVALID_QUERY},
                {"", CIM_E_INVALID_PARAMETER},
                {"SELECT * FROM Provided", CIM_E_PROVIDER_NOT_CAPABLE},
                {"ASSOCIATORS OF {Thing='a'}", CIM_E_NOT_SUPPORTED},
        };
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_status(rig_query(c, bad[i].query, 0, 0, &o), bad[i].code);
        assert_true(cim_failed(rig_query(c, "SELECT * FROM Thnig", 0, 0, &o)));
        assert_true(cim_failed(rig_query(c, "SELECT * FROM Thing WHERE Szie = 3", 0, 0, &o)));
        assert_status(rig_query(c, "SELECT * FROM Thing", 1, 0, &o), CIM_E_INVALID_PARAMETER);
        assert_status(rig_query(c, "SELECT * FROM Thing", 0x20330, 0, &o), 0);
        rig_free(&o);
        ClientItem reply;
        Diag d = {0};
        Wire_EXEC_QUERY m = {
                .namespace = RIG_NS, .language = STR("CQL"), .query = STR("SELECT * FROM Thing")};
        assert_int_equal(client_call(c, EXEC_QUERY, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
        assert_status(d.code, CIM_E_INVALID_QUERY_TYPE);
        m.language = STR("");
        assert_int_equal(client_call(c, EXEC_QUERY, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
        assert_status(d.code, CIM_E_INVALID_PARAMETER);
        m.language = STR("wql");
        m.namespace = STR("root\\nowhere");
        assert_int_equal(client_call(c, EXEC_QUERY, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
        assert_status(d.code, CIM_E_INVALID_NAMESPACE);
        assert_int_equal(list_entry(rig.s->sessions.prev, Session, link)->enumeration_count, 0);
        rig_end(&rig, c);
}

static void enumerations_have_a_bound(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig), *other = rig_client(&rig);
        rig_put_things(&rig, c, 3);
        uint32_t id[LIMIT_ENUMERATIONS];
        for (size_t i = 0; i < LIMIT_ENUMERATIONS; i++) {
                id[i] = rig_enumerate(c, 1);
                assert_true(id[i] > 0);
        }
        assert_int_equal(rig_enumerate(c, 1), 0);
        RigObjects o;
        assert_status(rig_query(c, "SELECT * FROM Thing", 0, 1, &o), CIM_E_QUOTA_VIOLATION);
        assert_status(rig_classes(c, "", 0, 1, &o), CIM_E_QUOTA_VIOLATION);
        assert_true(rig_enumerate(other, 1) > 0);
        assert_int_equal(client_cancel(c, id[7], RIG_PATIENCE_MS, NULL), 0);
        assert_status(rig_more(c, id[7], NULL), CIM_E_NOT_FOUND);
        assert_true(rig_enumerate(c, 1) > 0);
        assert_int_equal(rig_enumerate(c, 1), 0);
        assert_status(rig_more(c, id[3], NULL), 0);
        bool more = true;
        for (size_t i = 0; more; i++) {
                assert_true(i < 4);
                assert_status(rig_more(c, id[3], &more), 0);
        }
        assert_status(rig_more(c, id[3], NULL), CIM_E_NOT_FOUND); // it was at its end
        assert_status(rig_more(c, 0, NULL), CIM_E_NOT_FOUND);
        assert_status(rig_more(other, id[4], NULL), CIM_E_NOT_FOUND); // another's
        client_free(other);
        rig_end(&rig, c);
}

static void enumerations_go_on_over_changes(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        rig_put_things(&rig, c, 10);
        // What was there all the time comes once, whatever happens to the others.
        uint32_t id = rig_enumerate(c, 1);
        assert_status(rig_delete(c, "Thing=\"t0004\""), 0);
        assert_status(rig_put_thing(&rig, c, "Thing", "zz", 99), 0);
        assert_status(rig_put_thing(&rig, c, "Thing", "t0006", 106), 0);
        RigObjects o = {0};
        bool seen[10] = {true}; // the first came with the first batch
        for (bool more = true; more;) {
                ClientItem reply;
                Diag d = {0};
                Wire_NEXT_Reply r;
                CimSet set;
                assert_int_equal(client_call(c, NEXT, (&(Wire_NEXT){.enumeration = id, .most = 2}),
                                             RIG_PATIENCE_MS, &reply, &d),
                                 0);
                assert_true(wire_get_NEXT_reply(reply.frame.payload, reply.frame.size, &r));
                assert_int_equal(
                        cim_set_read((const uint8_t *)r.objects.p, r.objects.n, NULL, NULL, &set, NULL, &d),
                        0);
                for (size_t i = 0; i < set.count; i++) {
                        uint64_t size = rig_value(set.objects[i], "Size")->uint;
                        size = size == 106 ? 6 : size;
                        if (size == 99)
                                continue;
                        assert_true(size < 10 && !seen[size] && size != 4);
                        seen[size] = true;
                }
                cim_set_deinit(&set);
                more = r.more != 0;
                client_item_deinit(&reply);
        }
        for (size_t i = 0; i < 10; i++)
                assert_true(seen[i] || i == 4);
        // The class changes, the plan with it; then it goes.
        Wire_EXEC_QUERY q = {.namespace = RIG_NS,
                             .language = STR("WQL"),
                             .query = STR("SELECT * FROM SubThing WHERE Extra = 7"),
                             .most = 1};
        ClientItem reply;
        Diag d = {0};
        Wire_EXEC_QUERY_Reply r;
        assert_int_equal(client_call(c, EXEC_QUERY, &q, RIG_PATIENCE_MS, &reply, &d), 0);
        assert_true(wire_get_EXEC_QUERY_reply(reply.frame.payload, reply.frame.size, &r));
        id = r.enumeration;
        client_item_deinit(&reply);
        rig_import(&rig, c, "[Description(\"anew\")] class SubThing : Thing { uint32 Extra = 7; };");
        assert_status(rig_more(c, id, NULL), 0);
        assert_status(rig_delete_class(c, "SubThing"), 0);
        assert_true(cim_failed(rig_more(c, id, NULL)));
        assert_status(rig_more(c, id, NULL), CIM_E_NOT_FOUND);
        rig_free(&o);
        rig_end(&rig, c);
}

// --- large ones ----------------------------------------------------------------------------------

// An instance as large as one may be goes in, comes back, and stands in events.
static void instances_have_a_bound(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        CimInstance *i = rig_thing(&rig, "Thing", "a", 5), *got;
        char *text = malloc(LIMIT_OBJECT_BYTES + 1);
        assert_non_null(text);
        memset(text, 'x', LIMIT_OBJECT_BYTES);
        // What stands around the text, is a few bytes.
        Buf values = {0};
        rig_set_text(i, "Note", "y");
        assert_int_equal(cim_codec_write_values(i, NULL, &values), 0);
        size_t most = LIMIT_OBJECT_BYTES - values.n + 1;
        buf_deinit(&values);
        for (size_t n = most - 1; n <= most; n++) {
                text[n] = '\0';
                rig_set_text(i, "Note", text);
                text[n] = 'x';
                assert_status(rig_put(c, i, 0), 0);
                assert_status(rig_get(c, "Thing=\"a\"", &got), 0);
                assert_int_equal(rig_value(got, "Note")->string.n, n);
                cim_instance_unref(got);
        }
        text[most + 1] = '\0';
        rig_set_text(i, "Note", text);
        assert_int_equal(cim_codec_write_values(i, NULL, &values), -E2BIG);
        buf_deinit(&values);
        cim_instance_unref(i);
        free(text);
        rig_end(&rig, c);
}

// --- methods -------------------------------------------------------------------------------------

static uint32_t method_status(Client *c, const char *namespace, const char *path, const char *method)
{
        ClientItem reply;
        Diag d = {0};
        Wire_EXEC_METHOD m = {.namespace = str_of(namespace), .path = str_of(path), .method = str_of(method)};
        assert_int_equal(client_call(c, EXEC_METHOD, &m, RIG_PATIENCE_MS, &reply, &d), E_DIAG);
        return d.code;
}

static void methods_are_looked_up(void **state)
{
        (void)state;
        Rig rig;
        Client *c = rig_begin(&rig);
        assert_status(method_status(c, "root\\wmi", "Provided", "Turn"), CIM_E_PROVIDER_NOT_CAPABLE);
        assert_status(method_status(c, "root\\wmi", "Provided=\"a\"", "turn"), CIM_E_PROVIDER_NOT_CAPABLE);
        assert_status(method_status(c, "root\\wmi", "Provided", "Trun"), CIM_E_INVALID_METHOD);
        assert_status(method_status(c, "root\\wmi", "Provided.Nmae=\"a\"", "Turn"),
                      CIM_E_INVALID_OBJECT_PATH);
        assert_status(method_status(c, "root\\wmi", "Provided=", "Turn"), CIM_E_INVALID_OBJECT_PATH);
        assert_status(method_status(c, "root\\wmi", "Nothing", "Turn"), CIM_E_INVALID_CLASS);
        assert_status(method_status(c, "root\\nowhere", "Provided", "Turn"), CIM_E_INVALID_NAMESPACE);
        rig_end(&rig, c);
}

int main(int argc, char **argv)
{
        rig_config.storage_thread = argc > 1 && strcmp(argv[1], "thread") == 0;
        return testkit_run((TestCase[]){
                TEST(instances_there_and_back),
                TEST(objects_inside_objects),
                TEST(paths_lead_where_they_say),
                TEST(this_machine_has_one_name),
                TEST(data_of_drivers_is_not_served),
                TEST(instances_have_a_bound),
                TEST(instances_are_refused_with_their_numbers),
                TEST(sets_may_be_anything),
                TEST(errors_say_what_they_are_about),
                TEST(classes_there_and_back),
                TEST(a_text_that_the_store_refuses_has_a_place),
                TEST(classes_are_enumerated),
                TEST(instances_are_enumerated),
                TEST(large_results_come_in_batches),
                TEST(queries_find_what_they_ask_for),
                TEST(enumerations_have_a_bound),
                TEST(enumerations_go_on_over_changes),
                TEST(methods_are_looked_up),
                TEST_END,
        });
}
