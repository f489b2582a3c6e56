// SPDX-License-Identifier: MIT
// IMPORT_MOF: what it does, tells, refuses and recognises.
#include "service/test-rig.h"

#include <stdio.h>

#include "bmf/bmf.h"

static bool threaded;
static ClientImported last; // of the last import that went well
static Diag errors[LIMIT_MOF_ERRORS];
static size_t error_count;

typedef struct How {
        uint32_t class_flags, instance_flags;
        Str namespace;
} How;

// The status, 0 when it went well.
static uint32_t import_bytes(Client *c, Str text, const How *how)
{
        buf_deinit(&last.list);
        last = (ClientImported){0};
        ClientImport import = {.file = STR("t.mof"),
                               .namespace = how && how->namespace.n ? how->namespace : RIG_NS,
                               .text = text,
                               .class_flags = how ? how->class_flags : 0,
                               .instance_flags = how ? how->instance_flags : 0};
        int r = client_import_mof(c, &import, RIG_PATIENCE_MS, &last, errors, LIMIT_MOF_ERRORS, &error_count);
        assert_true(r == 0 || r == E_DIAG);
        return r ? errors[0].code : 0;
}

static uint32_t import(Client *c, const char *text)
{
        return import_bytes(c, str_of(text), NULL);
}

// The list as text: "+class root\wmi:A =instance ...".
static const char *told(void)
{
        static char out[4096];
        size_t n = 0;
        Reader in = {last.list.p, last.list.n, false};
        out[0] = '\0';
        for (ClientImportItem i; client_import_read(&in, &i);)
                n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%c%s %.*s:%.*s", n ? ", " : "", "=+~-"[i.done],
                                      i.event                                ? "event"
                                      : i.what == CLIENT_IMPORT_CLASS        ? "class"
                                      : i.what == CLIENT_IMPORT_INSTANCE     ? "instance"
                                                                             : "namespace",
                                      STR_ARG(i.namespace), STR_ARG(i.name));
        assert_false(in.failed);
        return out;
}

static Client *begin(Rig *rig)
{
        rig_config.storage_thread = threaded;
        return rig_begin(rig);
}

static const char shop[] = "class Shop { [key] string Name; uint32 Size; };\n"
                           "class Order { [key] uint32 Number; Shop ref At; };\n"
                           "class Sold : __ExtrinsicEvent { uint32 Number; };\n"
                           "instance of Shop as $S { Name = \"s\"; Size = 3; };\n"
                           "instance of Order { Number = 1; At = $S; };\n";

static void what_was_done_is_told(void **state)
{
        (void)state;
        Rig rig;
        Client *c = begin(&rig);
        assert_status(import(c, shop), 0);
        assert_string_equal(told(), "+class root\\wmi:Shop, +class root\\wmi:Order, +event root\\wmi:Sold, "
                                    "+instance root\\wmi:Shop.Name=\"s\", +instance root\\wmi:Order.Number=1");
        CimInstance *i;
        assert_status(rig_get(c, "Order.Number=1", &i), 0);
        assert_string_equal(rig_text(i, "At"), "Shop.Name=\"s\"");
        cim_instance_unref(i);
        // Another text of the same things: each is looked at.
        assert_status(import(c, "class Shop { [key] string Name; uint32 Size; };\n"
                                "instance of Shop { Name = \"s\"; Size = 4; };\n"
                                "instance of Shop { Name = \"t\"; };\n"
                                "#pragma deleteinstance(\"Order.Number=1\", fail)\n"
                                "#pragma deleteinstance(\"Order.Number=2\", nofail)\n"
                                "#pragma deleteclass(\"Nothing\", nofail)\n"),
                      0);
        assert_false(last.unchanged);
        assert_string_equal(told(), "-instance root\\wmi:Order.Number=1, =class root\\wmi:Shop, "
                                    "~instance root\\wmi:Shop.Name=\"s\", +instance root\\wmi:Shop.Name=\"t\"");
        assert_status(import(c, "#pragma deleteclass(\"Shop\", fail)\nclass Shop { [key] uint8 N; };"), 0);
        assert_string_equal(told(), "-instance root\\wmi:Shop.Name=\"s\", -instance root\\wmi:Shop.Name=\"t\", "
                                    "-class root\\wmi:Shop, +class root\\wmi:Shop");
        rig_end(&rig, c);
}

static void namespaces_are_made(void **state)
{
        (void)state;
        Rig rig;
        Client *c = begin(&rig);
        static const char text[] = "#pragma namespace(\"root\")\ninstance of __Namespace { Name = \"one\"; };\n"
                                   "#pragma namespace(\"root\\\\one\")\ninstance of __Namespace { Name = \"two\"; };\n"
                                   "#pragma namespace(\"root\\\\one\\\\two\")\nclass A { [key] uint8 K; };\n"
                                   "instance of A { K = 1; };\n";
        assert_status(import(c, text), 0);
        assert_string_equal(told(), "+namespace root\\one:, +namespace root\\one\\two:, +class root\\one\\two:A, "
                                    "+instance root\\one\\two:A.K=1");
        assert_status(import(c, text), 0);
        assert_true(last.unchanged);
        // Made anew, it is another one.
        assert_status(import(c, "#pragma namespace(\"root\")\n"
                                "#pragma deleteinstance(\"__Namespace.Name=\\\"one\\\"\", fail)\n"),
                      0);
        assert_status(import(c, "#pragma namespace(\"root\")\ninstance of __Namespace { Name = \"one\"; };"), 0);
        assert_status(import(c, text), 0);
        assert_false(last.unchanged);
        assert_string_equal(told(), "=namespace root\\one:, +namespace root\\one\\two:, +class root\\one\\two:A, "
                                    "+instance root\\one\\two:A.K=1");
        assert_status(import(c, "#pragma namespace(\"root\\\\nowhere\")\ninstance of __Namespace { Name = \"x\"; };"),
                      CIM_E_INVALID_NAMESPACE);
        assert_int_equal(errors[0].line, 2);
        // One that a class brings into being is enough.
        assert_status(import(c, "#pragma namespace(\"root\\\\three\\\\four\")\ninstance of __Namespace { Name = \"x\"; };\n"
                                "class A { };\n#pragma namespace(\"root\\\\three\")\n"
                                "instance of __Namespace { Name = \"y\"; };"),
                      0);
        assert_string_equal(told(), "+namespace root\\three\\four\\x:, +namespace root\\three\\y:, "
                                    "+class root\\three\\four:A");
        rig_end(&rig, c);
}

// What is in a namespace that is deleted is nobody's to remember.
static void deleted_namespaces_are_deleted_again(void **state)
{
        (void)state;
        static const char gone[] = "#pragma deleteinstance(\"__Namespace.Name=\\\"one\\\"\", nofail)\n",
                          made[] = "#pragma deleteinstance(\"__Namespace.Name=\\\"one\\\"\", nofail)\n"
                                   "instance of __Namespace { Name = \"one\"; };\n";
        Rig rig;
        Client *c = begin(&rig);
        assert_status(import(c, gone), 0);
        assert_status(import(c, "instance of __Namespace { Name = \"one\"; };"), 0);
        assert_status(import(c, gone), 0);
        assert_string_equal(told(), "-namespace root\\wmi:__NAMESPACE.Name=\"one\"");
        assert_status(import(c, made), 0);
        assert_status(import(c, "#pragma namespace(\"root\\\\wmi\\\\one\")\nclass A { };"), 0);
        assert_status(import(c, made), 0);
        assert_status(rig_get(c, "root\\wmi\\one:A", NULL), CIM_E_NOT_FOUND);
        rig_end(&rig, c);
}

// An object inside of an instance is of a class that may change without the instance.
static void objects_inside_are_made_again(void **state)
{
        (void)state;
        static const char text[] = "instance of Holder { K = 1; In = { instance of Derived { A = 1; } }; };\n"
                                   "instance of Holder { K = 2; };\n";
        Rig rig;
        Client *c = begin(&rig);
        assert_status(import(c, "class Inner { uint8 A; uint8 B = 1; };\nclass Derived : Inner { };\n"
                                "class Holder { [key] uint8 K; Inner In[]; };"),
                      0);
        for (unsigned i = 0; i < 2; i++) {
                assert_status(import(c, text), 0);
                assert_false(last.unchanged);
                assert_status(import(c, text), 0);
                assert_true(last.unchanged);
                assert_string_equal(told(), "=instance root\\wmi:Holder.K=1, =instance root\\wmi:Holder.K=2");
                assert_status(import_bytes(c, STR("class Inner { uint8 A; uint8 B = 2; };"), &(How){.class_flags = 0x20}),
                              0);
        }
        assert_status(import(c, text), 0);
        assert_string_equal(told(), "=instance root\\wmi:Holder.K=1, =instance root\\wmi:Holder.K=2");
        rig_end(&rig, c);
}

static void an_import_is_recognised(void **state)
{
        (void)state;
        Rig rig;
        Client *c = begin(&rig), *w = rig_client(&rig);
        assert_status(import(c, shop), 0);
        rig_subscribe(w, "SELECT * FROM __ClassOperationEvent");
        rig_subscribe(w, "SELECT * FROM __InstanceOperationEvent");
        uint64_t generation = cim_schema_generation(service_schema(rig.s));
        assert_status(import(c, shop), 0);
        assert_true(last.unchanged);
        assert_string_equal(told(), "=class root\\wmi:Shop, =class root\\wmi:Order, =event root\\wmi:Sold, "
                                    "=instance root\\wmi:Shop.Name=\"s\", =instance root\\wmi:Order.Number=1");
        assert_int_equal(cim_schema_generation(service_schema(rig.s)), generation);
        rig_none(w);
        // Under another namespace, or with other flags, it is another import.
        assert_status(import_bytes(c, STR(shop), &(How){.class_flags = 0x20}), 0);
        assert_false(last.unchanged);
        assert_string_equal(told() + 0, "=class root\\wmi:Shop, =class root\\wmi:Order, =event root\\wmi:Sold, "
                                        "=instance root\\wmi:Shop.Name=\"s\", =instance root\\wmi:Order.Number=1");
        rig_none(w);
        // What others put beside it does not matter.
        assert_status(import(c, "instance of Shop { Name = \"other\"; };"), 0);
        cim_instance_unref(rig_event(w, "__InstanceCreationEvent"));
        assert_status(import(c, shop), 0);
        assert_true(last.unchanged);
        client_free(w);
        rig_end(&rig, c);
}

// Each change of what an import has left makes it be done again; then it is recognised again.
static void what_is_changed_is_imported_again(void **state)
{
        (void)state;
        static const struct {
                const char *change, *done;
        } cases[] = {
                {"instance of Shop { Name = \"s\"; Size = 4; };", "~instance root\\wmi:Shop.Name=\"s\""},
                {"#pragma deleteinstance(\"Order.Number=1\", fail)", "+instance root\\wmi:Order.Number=1"},
                {"#pragma deleteclass(\"Sold\", fail)", "+event root\\wmi:Sold"},
                {"[Description(\"x\")] class Sold : __ExtrinsicEvent { uint32 Number; };", "~event root\\wmi:Sold"},
                {"#pragma deleteclass(\"Order\", fail)\nclass Order { [key] uint32 Number; Shop ref At; };",
                 "+instance root\\wmi:Order.Number=1"},
                {"#pragma deleteinstance(\"Shop.Name=\\\"s\\\"\", fail)\ninstance of Shop { Name = \"s\"; Size = 3; };",
                 NULL}, // another row, the same contents
        };
        Rig rig;
        Client *c = begin(&rig);
        assert_status(import(c, shop), 0);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                assert_status(import(c, shop), 0);
                assert_true(last.unchanged);
                assert_status(import(c, cases[i].change), 0);
                assert_status(import(c, shop), 0);
                assert_false(last.unchanged);
                if (cases[i].done)
                        assert_non_null(strstr(told(), cases[i].done));
                else
                        assert_null(strpbrk(told(), "+~-"));
        }
        rig_end(&rig, c);
}

// A deletion says that nothing else is left below a class.
static void a_deleted_class_is_looked_at_whole(void **state)
{
        (void)state;
        static const char text[] = "#pragma deleteclass(\"Base\", nofail)\n#pragma deleteclass(\"Gone\", nofail)\n"
                                   "class Base { [key] uint8 K; };\nclass Kind : Base { };\ninstance of Kind { K = 1; };";
        static const char *const changes[] = {"instance of Base { K = 2; };", "class Other : Kind { };",
                                              "class Gone { };"};
        Rig rig;
        Client *c = begin(&rig);
        assert_status(import(c, text), 0);
        for (size_t i = 0; i < 3; i++) {
                assert_status(import(c, text), 0);
                assert_true(last.unchanged);
                assert_status(import(c, changes[i]), 0);
                assert_status(import(c, text), 0);
                assert_false(last.unchanged);
        }
        assert_status(rig_get(c, "Gone", NULL), CIM_E_NOT_FOUND);
        assert_status(rig_get(c, "Base.K=2", NULL), CIM_E_NOT_FOUND);
        rig_end(&rig, c);
}

// --- flags ---------------------------------------------------------------------------------------

static void flags_are_kept_to(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                How how;
                uint32_t status;
                uint32_t line;
        } cases[] = {
                // createonly: twice is once too often, also when nothing has changed
                {"#pragma classflags(\"createonly\")\nclass New { [key] uint8 K; };", {0}, 0, 0},
                {"#pragma classflags(\"createonly\")\nclass New { [key] uint8 K; };", {0}, (uint32_t)CIM_E_ALREADY_EXISTS, 2},
                {"class New { [key] uint8 K; };", {.class_flags = 2}, (uint32_t)CIM_E_ALREADY_EXISTS, 1},
                {"#pragma deleteclass(\"New\", fail)\n#pragma classflags(\"createonly\")\nclass New { [key] uint8 K; };",
                 {0}, 0, 0},
                // updateonly
                {"#pragma classflags(\"updateonly\")\n\nclass Not { };", {0}, (uint32_t)CIM_E_NOT_FOUND, 3},
                {"class Not { };", {.class_flags = 1}, (uint32_t)CIM_E_NOT_FOUND, 1},
                {"[Description(\"d\")] class New { [key] uint8 K; };", {.class_flags = 1}, 0, 0},
                // instances
                {"instance of New { K = 1; };", {.instance_flags = 1}, (uint32_t)CIM_E_NOT_FOUND, 1},
                {"#pragma instanceflags(\"createonly\")\ninstance of New { K = 1; };", {0}, 0, 0},
                {"#pragma instanceflags(\"createonly\")\ninstance of New { K = 1; };", {0}, (uint32_t)CIM_E_ALREADY_EXISTS, 2},
                {"#pragma instanceflags(\"updateonly\")\ninstance of New { K = 1; };", {0}, 0, 0},
                // a class with instances: not without force
                {"class New { [key] uint8 K; uint8 X; };", {0}, (uint32_t)CIM_E_CLASS_HAS_INSTANCES, 1},
                {"class New { [key] uint8 K; uint8 X; };", {.class_flags = 0x20}, (uint32_t)CIM_E_CLASS_HAS_INSTANCES, 1},
                {"#pragma classflags(\"forceupdate\")\nclass New { [key] uint8 K; uint8 X; };", {0}, 0, 0},
                // one with subclasses: safe, when these fit
                {"class Sub : New { uint8 Y; };", {0}, 0, 0},
                {"class New { [key] uint8 K; uint16 X; };", {0}, (uint32_t)CIM_E_CLASS_HAS_CHILDREN, 1},
                {"class New { [key] uint8 K; uint16 X; };", {.class_flags = 0x20}, 0, 0},
                {"class New { [key] uint8 K; uint16 Y; };", {.class_flags = 0x20}, (uint32_t)CIM_E_UPDATE_TYPE_MISMATCH, 1},
                {"class New { [key] uint8 K; uint16 Y; };", {.class_flags = 0x40}, 0, 0},
                // deletions
                {"\n#pragma deleteclass(\"None\", fail)", {0}, (uint32_t)CIM_E_NOT_FOUND, 2},
                {"#pragma deleteclass(\"None\", nofail)", {0}, 0, 0},
                {"#pragma deleteinstance(\"None.K=1\", nofail)\n#pragma deleteinstance(\"New.K=9\", nofail)", {0}, 0, 0},
                {"\n\n#pragma deleteinstance(\"New.K=9\", fail)", {0}, (uint32_t)CIM_E_NOT_FOUND, 3},
                {"\n#pragma deleteinstance(\"None.K=1\", fail)", {0}, (uint32_t)CIM_E_NOT_FOUND, 2},
                {"#pragma deleteinstance(\"New.Q=9\", nofail)", {0}, (uint32_t)CIM_E_INVALID_OBJECT_PATH, 1},
                {"#pragma deleteclass(\"Sub\", fail)\n#pragma deleteclass(\"WMIEvent\", nofail)", {0},
                 (uint32_t)CIM_E_INVALID_OPERATION, 2},
                {"#pragma deleteclass(\"New\", fail)\n#pragma deleteclass(\"New\", nofail)\n"
                 "#pragma deleteclass(\"NEW\", fail)", {0}, (uint32_t)CIM_E_NOT_FOUND, 3},
                // a class declared twice: the first meets what is there, the second meets the first
                {"class Twice { };\n#pragma classflags(\"updateonly\")\nclass Twice { [key] uint8 K; };", {0}, 0, 0},
                {"#pragma classflags(\"createonly\")\nclass Twice { };\n#pragma classflags(\"safeupdate\")\n"
                 "class Twice { [key] uint8 K; uint8 L; };", {0}, (uint32_t)CIM_E_ALREADY_EXISTS, 4},
                {"#pragma classflags(\"updateonly\")\nclass Other { };\n#pragma classflags(\"safeupdate\")\n"
                 "class Other { uint8 K; };", {0}, (uint32_t)CIM_E_NOT_FOUND, 4},
                {"instance of Twice { K = 1; };", {0}, 0, 0},
                {"#pragma classflags(\"forceupdate\")\nclass Twice { [key] uint8 K; };\n#pragma classflags(\"updateonly\")\n"
                 "class Twice { [key] uint8 K; uint8 M; };", {0}, 0, 0},
                // what does not exist at all
                {"class X { };", {.class_flags = 4}, (uint32_t)CIM_E_INVALID_PARAMETER, 0},
                {"class X { };", {.class_flags = 3}, (uint32_t)CIM_E_INVALID_PARAMETER, 0},
                {"class X { };", {.class_flags = 0x60}, (uint32_t)CIM_E_INVALID_PARAMETER, 0},
                {"class X { };", {.instance_flags = 0x20}, (uint32_t)CIM_E_INVALID_PARAMETER, 0},
                {"class X { };", {.namespace = STR("elsewhere")}, (uint32_t)CIM_E_INVALID_NAMESPACE, 0},
        };
        Rig rig;
        Client *c = begin(&rig);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                uint32_t r = import_bytes(c, str_of(cases[i].text), &cases[i].how);
                if (r != cases[i].status || (r && errors[0].line != cases[i].line))
                        fail_msg("%zu: 0x%X in line %u: %s", i, r, errors[0].line, errors[0].message);
        }
        rig_end(&rig, c);
}

// --- all or nothing ------------------------------------------------------------------------------

static void all_or_nothing(void **state)
{
        (void)state;
        static const char *const last_steps[] = {
                "instance of Good { K = 1; };\n#pragma instanceflags(\"updateonly\")\ninstance of Good { K = 2; };",
                "#pragma deleteclass(\"Thing\", fail)\n#pragma deleteclass(\"Thing\", nofail)\n"
                "instance of Thing { Name = \"a\"; };",
                "instance of Good { K = 1; };\n#pragma deleteinstance(\"Good.K=3\", fail)",
                "instance of __Namespace { Name = \"made\"; };\n#pragma instanceflags(\"createonly\")\n"
                "instance of Good { K = 1; };\ninstance of Good { K = 1; };",
        };
        Rig rig;
        Client *c = begin(&rig), *w = rig_client(&rig);
        assert_status(rig_put_thing(&rig, c, "Thing", "a", 1), 0);
        rig_subscribe(w, "SELECT * FROM __ClassOperationEvent");
        rig_subscribe(w, "SELECT * FROM __InstanceOperationEvent");
        rig_subscribe(w, "SELECT * FROM __NamespaceOperationEvent");
        for (size_t i = 0; i < 4; i++) {
                Buf text = {0};
                buf_printf(&text, "class Good { [key] uint8 K; };\n%s", last_steps[i]);
                assert_true(cim_failed(import_bytes(c, (Str){(char *)text.p, text.n}, NULL)));
                assert_int_equal(error_count, 1);
                assert_string_equal(errors[0].file, "t.mof");
                assert_true(errors[0].line > 1);
                buf_deinit(&text);
                assert_status(rig_get(c, "Good", NULL), CIM_E_NOT_FOUND);
                assert_status(rig_get(c, "Thing.Name=\"a\"", NULL), 0);
                assert_false(cim_schema_has_namespace(service_schema(rig.s), STR("root\\wmi\\made")));
        }
        rig_none(w);
        client_free(w);
        rig_end(&rig, c);
}

static void events_follow(void **state)
{
        (void)state;
        Rig rig;
        Client *c = begin(&rig), *w = rig_client(&rig);
        rig_subscribe(w, "SELECT * FROM __ClassCreationEvent");
        rig_subscribe(w, "SELECT * FROM __InstanceCreationEvent");
        assert_status(import(c, shop), 0);
        for (size_t i = 0; i < 3; i++)
                cim_instance_unref(rig_event(w, "__ClassCreationEvent"));
        for (size_t i = 0; i < 2; i++)
                cim_instance_unref(rig_event(w, "__InstanceCreationEvent"));
        rig_none(w);
        client_free(w);
        rig_end(&rig, c);
}

// --- binary MOF ----------------------------------------------------------------------------------

static Buf binary_of(const char *text)
{
        MofDocument *d;
        Bmf *records;
        Buf expanded = {0}, packed = {0};
        Diag warnings[4];
        size_t n;
        MofSource source = {.text = str_of(text), .name = "b.mof", .namespace = RIG_NS};
        assert_int_equal(mof_parse(&source, &d, errors, LIMIT_MOF_ERRORS, &error_count), 0);
        assert_int_equal(bmf_of_document(d, &(BmfOptions){0}, &records, warnings, 4, &n), 0);
        assert_int_equal(bmf_write(records, &expanded), 0);
        assert_int_equal(bmf_pack((Str){(char *)expanded.p, expanded.n}, &packed), 0);
        bmf_free(records);
        mof_document_free(d);
        buf_deinit(&expanded);
        return packed;
}

static void binary_mof_is_taken_too(void **state)
{
        (void)state;
        Rig rig;
        Client *c = begin(&rig);
        Buf b = binary_of(shop);
        Str bytes = {(char *)b.p, b.n};
        assert_status(import_bytes(c, bytes, NULL), 0);
        assert_non_null(strstr(told(), "+instance root\\wmi:Order.Number=1"));
        CimInstance *i;
        assert_status(rig_get(c, "Order.Number=1", &i), 0);
        assert_string_equal(rig_text(i, "At"), "Shop.Name=\"s\"");
        cim_instance_unref(i);
        assert_status(import_bytes(c, bytes, NULL), 0);
        assert_true(last.unchanged);
        // Its classes are those of the text.
        assert_status(import(c, shop), 0);
        assert_null(strpbrk(told(), "+~-"));
        // Flags of the request hold where the records have none.
        assert_status(import_bytes(c, bytes, &(How){.class_flags = 2}), CIM_E_ALREADY_EXISTS);
        assert_status(import_bytes(c, bytes, &(How){.instance_flags = 2}), CIM_E_ALREADY_EXISTS);
        // Any of it cut off, or one byte changed: refused or taken, never half.
        for (size_t n = 4; n < b.n; n += 1 + b.n / 97)
                assert_true(cim_failed(import_bytes(c, (Str){bytes.p, n}, NULL)));
        for (size_t n = 0; n < b.n; n += 1 + b.n / 97) {
                b.p[n] ^= 0x55;
                import_bytes(c, bytes, NULL);
                b.p[n] ^= 0x55;
        }
        buf_deinit(&b);
        Buf wrong = binary_of("class Base { [key] uint8 K; };\nclass Sub : Base { };\ninstance of Sub { K = 1; };");
        assert_status(import_bytes(c, (Str){(char *)wrong.p, wrong.n}, NULL), 0);
        buf_deinit(&wrong);
        wrong = binary_of("class Orphan : Missing { };");
        assert_status(import_bytes(c, (Str){(char *)wrong.p, wrong.n}, NULL), CIM_E_INVALID_SUPERCLASS);
        assert_string_equal(errors[0].file, "t.mof");
        buf_deinit(&wrong);
        rig_end(&rig, c);
}

// The record of an instance has the types of literals: what they are meant to be, its class says, which may be elsewhere.
static void records_mean_what_their_class_says(void **state)
{
        (void)state;
        static const struct {
                const char *values;
                uint64_t u, q, last; // `last`: of A
        } cases[] = {{"U = -1; A = { 1, -2147483647 }; Q = 1;", UINT32_MAX, 1, 0x80000001},
                     {"U = 0x80000000; Q = 0xFFFFFFFFFFFFFFFF;", 0x80000000, UINT64_MAX, 0},
                     {"U = 4294967295; Q = \"18446744073709551615\";", UINT32_MAX, UINT64_MAX, 0},
                     {"U = -2147483648; Q = -1;", 0x80000000, UINT32_MAX, 0},
                     {"U = 0; Q = 0; S = \"-9223372036854775808\";", 0, 0, 0}};
        static const char *const wrong[] = {"U = 0; W = -1;", "U = -2147483649;", "Q = \"18446744073709551616\";",
                                            "Q = \"x\";", "U = \"1\";"};
        Rig rig;
        Client *c = begin(&rig);
        assert_status(import(c, "class Num { [key] uint8 K; uint32 U; uint32 A[]; uint64 Q; sint64 S; uint16 W; };"), 0);
        for (size_t i = 0; i < 5; i++) {
                char text[200];
                CimInstance *k;
                snprintf(text, sizeof(text), "instance of Num { K = 1; %s };", cases[i].values);
                Buf b = binary_of(text);
                assert_status(import_bytes(c, (Str){(char *)b.p, b.n}, NULL), 0);
                buf_deinit(&b);
                assert_status(rig_get(c, "Num.K=1", &k), 0);
                assert_int_equal(rig_value(k, "U")->uint, cases[i].u);
                assert_int_equal(rig_value(k, "Q")->uint, cases[i].q);
                const CimValue *list = rig_value(k, "A");
                assert_int_equal(list->null ? 0 : list->array.items[1].uint, cases[i].last);
                assert_true(i < 4 || rig_value(k, "S")->sint == INT64_MIN);
                cim_instance_unref(k);
                snprintf(text, sizeof(text), "instance of Num { K = 1; %s };", wrong[i]);
                b = binary_of(text);
                assert_true(cim_failed(import_bytes(c, (Str){(char *)b.p, b.n}, NULL)));
                buf_deinit(&b);
        }
        rig_end(&rig, c);
}

// --- much of it ----------------------------------------------------------------------------------

// The list has room for so many bytes; what is beyond is counted.
static void lists_end_at_their_limit(void **state)
{
        (void)state;
        enum { HEAD = 11, NAMESPACE = 1000, NAME = 250, ENTRY = HEAD + NAMESPACE + NAME };
        Rig rig;
        Client *c = begin(&rig);
        char namespace[NAMESPACE + 1] = "root\\";
        memset(namespace + 5, 'n', NAMESPACE - 5);
        namespace[NAMESPACE] = '\0';
        for (size_t bytes = LIMIT_IMPORT_LIST - 1; bytes <= LIMIT_IMPORT_LIST + 1; bytes++) {
                size_t n = bytes / ENTRY, longer = bytes % ENTRY;
                Buf text = {0};
                for (size_t i = 0; i < n; i++) {
                        size_t more = longer < 5 ? longer : 5; // names end at 255
                        buf_printf(&text, "class A%0*zu {};", (int)(NAME - 1 + more), i);
                        longer -= more;
                }
                assert_int_equal(longer, 0);
                assert_status(import_bytes(c, (Str){(char *)text.p, text.n}, &(How){.namespace = str_of(namespace)}),
                              0);
                bool fits = bytes <= LIMIT_IMPORT_LIST;
                assert_int_equal(last.count, fits ? n : n - 1);
                assert_int_equal(last.more, fits ? 0 : 1);
                if (fits)
                        assert_int_equal(last.list.n, bytes);
                buf_deinit(&text);
        }
        rig_end(&rig, c);
}

typedef struct Seen {
        unsigned count;
        uint64_t done, all;
} Seen;

static void seen(void *context, uint64_t done, uint64_t all)
{
        Seen *s = context;
        assert_true(done >= s->done && done <= all && all);
        *s = (Seen){s->count + 1, done, all};
}

static void it_is_told_how_far_it_is(void **state)
{
        (void)state;
        if (!threaded)
                testkit_skip("without a thread the store works inside dispatch");
        Rig rig;
        Client *c = begin(&rig);
        Seen s = {0};
        // As much as it takes to be told twice.
        for (unsigned n = 4000, round = 0; s.count < 2 && round < 8; n *= 2, round++) {
                Buf text = {0};
                for (unsigned i = 0; i < n; i++)
                        buf_printf(&text, "class R%u_%u { [key] string A; uint32 B; string C; };\n", round, i);
                ClientImport import = {.file = STR("big.mof"),
                                       .namespace = RIG_NS,
                                       .text = {(char *)text.p, text.n},
                                       .progress = seen,
                                       .context = &s};
                s = (Seen){0};
                int r = client_import_mof(c, &import, 3 * RIG_PATIENCE_MS, NULL, errors, LIMIT_MOF_ERRORS,
                                          &error_count);
                assert_int_equal(r, 0);
                buf_deinit(&text);
        }
        assert_true(s.count >= 2 && s.done > 0);
        rig_end(&rig, c);
}

int main(int argc, char **argv)
{
        threaded = argc > 1 && !strcmp(argv[1], "thread");
        int r = testkit_run((TestCase[]){TEST(what_was_done_is_told), TEST(namespaces_are_made),
                                         TEST(deleted_namespaces_are_deleted_again), TEST(objects_inside_are_made_again),
                                         TEST(an_import_is_recognised), TEST(what_is_changed_is_imported_again),
                                         TEST(a_deleted_class_is_looked_at_whole), TEST(flags_are_kept_to),
                                         TEST(all_or_nothing), TEST(events_follow), TEST(binary_mof_is_taken_too),
                                         TEST(records_mean_what_their_class_says),
                                         TEST(lists_end_at_their_limit), TEST(it_is_told_how_far_it_is), TEST_END});
        buf_deinit(&last.list);
        return r;
}
