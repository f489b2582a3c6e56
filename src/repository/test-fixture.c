// SPDX-License-Identifier: MIT
// A store of each released format must open and read as it did: tests/fixtures/repository-N.db, and what is
// in it as text beside it. `test-repository-fixture make FILE` writes such a file, with a row of every kind,
// and the text.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cim/text.h"
#include "repository/test-rig.h"

#define NS             "root\\default"
#define KEY(n, t, ...) P(n, t, QUALIFIERS(QB("key")), __VA_ARGS__)

// --- making one
// ---------------------------------------------------------------------------------------------

static void fine(int64_t r)
{
        assert_int_equal(r, 0);
}

static void make_classes(Rig *g)
{
        CimPropertySpec parameters[] = {P("Level", CIM_UINT32, QUALIFIERS(QB("in"), QU("ID", 0))),
                                        P("Was", CIM_UINT32, QUALIFIERS(QB("out"), QU("ID", 1)))};
        CimMethodSpec method = {.name = STR("Set"),
                                .return_type = CIM_UINT32,
                                .parameters = parameters,
                                .parameter_count = 2,
                                QUALIFIERS(QB("static"))};
        fine(rig_put_class(g, NS,
                           &CLASS("Part", PROPERTIES(P("Size", CIM_UINT16, .has_default = true,
                                                       .value = VU(CIM_UINT16, 5)),
                                                     P("Name", CIM_STRING))),
                           "", 0));
        fine(rig_put_class(g, NS,
                           &CLASS("Base", QUALIFIERS(QB("abstract"), QF(QS("Description", u"what it is"),
                                                                        CIM_FLAVOR_AMENDED))),
                           "", 0));
        fine(rig_put_class(g, NS,
                           &CLASS("Thing",
                                  PROPERTIES(KEY("Name", CIM_STRING), KEY("Number", CIM_SINT64),
                                             P("I8", CIM_SINT8), P("U8", CIM_UINT8), P("I16", CIM_SINT16),
                                             P("U16", CIM_UINT16), P("I32", CIM_SINT32), P("U32", CIM_UINT32),
                                             P("U64", CIM_UINT64), P("R32", CIM_REAL32), P("R64", CIM_REAL64),
                                             P("B", CIM_BOOLEAN), P("When", CIM_DATETIME),
                                             P("Ref", CIM_REFERENCE, .class_name = STR("Thing")),
                                             P("C", CIM_CHAR16), P("List", CIM_STRING | CIM_ARRAY),
                                             P("Four", CIM_UINT8 | CIM_ARRAY, .max = 4),
                                             P("Part", CIM_OBJECT, .class_name = STR("Part")),
                                             P("Any", CIM_OBJECT), P("Parts", CIM_OBJECT | CIM_ARRAY)),
                                  .methods = &method, .method_count = 1),
                           "Base", 0));
        fine(rig_put_class(g, NS,
                           &CLASS("Special", PROPERTIES(P("More", CIM_STRING, .has_default = true,
                                                          .value = VS(CIM_STRING, u"more")))),
                           "Thing", 0));
        fine(rig_put_class(g, NS, &CLASS("Only", QUALIFIERS(QB("singleton")), PROPERTIES(P("N", CIM_UINT32))),
                           "", 0));
        fine(rig_put_class(g, NS, &CLASS("Happened", PROPERTIES(P("What", CIM_STRING))), "__ExtrinsicEvent",
                           0));
        fine(rig_put_class(g, "root\\caf\u00e9\\deep",
                           &CLASS("\u00dcber", PROPERTIES(KEY("\u00c4", CIM_BOOLEAN))), "", 0));
}

static void make_things(Rig *g)
{
        CimInstance *part, *thing;
        fine(cim_instance_new(rig_class(g, NS, "Part"), &part));
        fine(cim_instance_place(part, STR(NS)));
        part->values[1] = VS(CIM_STRING, u"wheel");
        CimValue object = {.type = CIM_OBJECT, .object = part};
        fine(rig_put(g, NS, "Special",
                     (CimValue[]){VS(CIM_STRING, u"a \"quoted\" \u4e00 \U0001F600"),
                                  VI(CIM_SINT64, INT64_MIN),
                                  VI(CIM_SINT8, -128),
                                  VU(CIM_UINT8, 255),
                                  VI(CIM_SINT16, -32768),
                                  VU(CIM_UINT16, 65535),
                                  VI(CIM_SINT32, INT32_MIN),
                                  VU(CIM_UINT32, UINT32_MAX),
                                  VU(CIM_UINT64, UINT64_MAX),
                                  VR(CIM_REAL32, 0.5),
                                  VR(CIM_REAL64, -1e300),
                                  VB(true),
                                  VS(CIM_DATETIME, u"20260101123456.000000+060"),
                                  VS(CIM_REFERENCE, u"Thing.Name=\"b\",Number=1"),
                                  VU(CIM_CHAR16, 0xE9),
                                  VA(CIM_STRING, VS(CIM_STRING, u"one"), VS(CIM_STRING, u"")),
                                  VA(CIM_UINT8, VU(CIM_UINT8, 1), VU(CIM_UINT8, 2)),
                                  object,
                                  object,
                                  VA(CIM_OBJECT, object, object),
                                  VS(CIM_STRING, u"special")},
                     21, 0));
        fine(rig_put(g, NS, "Thing", (CimValue[]){VS(CIM_STRING, u"b"), VI(CIM_SINT64, 1)}, 2,
                     0)); // all else NULL
        // An object that lives nowhere, a class definition, and an object in an object.
        fine(cim_instance_place(part, STR("")));
        fine(cim_instance_new(rig_class(g, NS, "Thing"), &thing));
        thing->values[cim_class_property(thing->class, STR("Any"))] = object;
        CimInstance *definition;
        fine(cim_instance_of_class(rig_class(g, NS, "Part"), STR(NS), &definition));
        CimValue c = {.type = CIM_OBJECT, .object = thing};
        int any = cim_class_property(rig_class(g, NS, "Thing"), STR("Any")),
            parts = cim_class_property(rig_class(g, NS, "Thing"), STR("Parts"));
        CimInstance *last;
        fine(cim_instance_new(rig_class(g, NS, "Thing"), &last));
        last->values[0] = VS(CIM_STRING, u"c");
        last->values[1] = VI(CIM_SINT64, 2);
        last->values[any] = c;
        last->values[parts] = VA(CIM_OBJECT, (CimValue){.type = CIM_OBJECT, .object = definition}, object);
        fine(rig_put_instance(g, NS, last, 0));
        cim_instance_unref(last);
        cim_instance_unref(definition);
        cim_instance_unref(thing);
        cim_instance_unref(part);
}

static void make(const char *file)
{
        Rig g;
        rig_open(&g, file, false);
        fine(rig_create_namespace(&g, "root\\caf\u00e9"));
        fine(rig_create_namespace(&g, "root\\caf\u00e9\\deep"));
        make_classes(&g);
        make_things(&g);
        fine(rig_put(&g, NS, "Only", (CimValue[]){VU(CIM_UINT32, 7)}, 1, 0));
        fine(rig_put(&g, NS, "__EventFilter",
                     (CimValue[]){VS(CIM_STRING, u"f"), VS(CIM_STRING, u"SELECT * FROM Happened")}, 2, 0));
        fine(rig_put(&g, "root\\caf\u00e9\\deep", "\u00dcber", (CimValue[]){VB(true)}, 1, 0));
        // A class that changes below its objects and instances: versions of before stay.
        fine(rig_put_class(&g, NS, &CLASS("Part", PROPERTIES(P("Weight", CIM_REAL32))), "", 0));
        fine(rig_put_class(&g, NS,
                           &CLASS("Only", QUALIFIERS(QB("singleton"), QS("Description", u"there is one")),
                                  PROPERTIES(P("N", CIM_UINT32))),
                           "", 0));
        rig_close(&g);
}

// --- reading it
// -----------------------------------------------------------------------------------------------

static Buf text;

static int text_instance(void *context, const CimInstance *i)
{
        (void)context;
        cim_text_instance(i, &text);
        return 0;
}

typedef struct TextJob {
        Str namespace;
        const CimClass *klass;
} TextJob;

static int text_instances(void *context, Store *st, Diag *reterr)
{
        TextJob *t = context;
        StoreCursor c = {0};
        return store_each_instance(st, t->namespace, t->klass->name, STORE_SHALLOW, NULL, &c, text_instance,
                                   NULL, reterr);
}

static int text_class(void *context, Str namespace, const CimClass *c)
{
        bool system = c->name.p[0] == '_' || str_eq(c->name, STR("Seeded"));
        if (!system) {
                buf_printf(&text, "// class %.*s:%.*s\n", STR_ARG(namespace), STR_ARG(c->name));
                cim_text_class(c, &text);
        }
        size_t before = text.n;
        buf_printf(&text, "// instances of %.*s:%.*s\n", STR_ARG(namespace), STR_ARG(c->name));
        size_t start = text.n;
        fine(rig_run(context, text_instances, &(TextJob){namespace, c}, NULL));
        if (text.n == start)
                text.n = before;
        return 0;
}

static int text_namespace(void *context, Str namespace)
{
        Rig *g = context;
        buf_printf(&text, "// namespace %.*s\n", STR_ARG(namespace));
        return cim_schema_each_class(repository_schema(g->r), namespace, text_class, context);
}

// All that is in a store, as text.
static void read_all(const char *file)
{
        Rig g;
        text.n = 0;
        rig_open(&g, file, false);
        CimSchema *s = cim_schema_ref(repository_schema(g.r));
        cim_schema_each_namespace(s, text_namespace, &g);
        cim_schema_unref(s);
        rig_close(&g);
        assert_false(text.failed);
}

// --- the test
// ---------------------------------------------------------------------------------------------------

static Buf load(const char *name)
{
        Buf b = {0};
        char path[600], part[4096];
        const char *source = getenv("FREEWMI_SOURCE");
        snprintf(path, sizeof(path), "%s/tests/fixtures/%s", source ? source : ".", name);
        FILE *f = fopen(path, "rb");
        if (!f)
                fail_msg("%s is not there", path);
        for (size_t n; (n = fread(part, 1, sizeof(part), f));)
                buf_put(&b, part, n);
        fclose(f);
        return b;
}

static void formats_that_were(void **state)
{
        (void)state;
        for (unsigned format = 1; format <= 1; format++) {
                char name[40];
                snprintf(name, sizeof(name), "repository-%u.db", format);
                Buf bytes = load(name);
                char *file = strdup(rig_file(name));
                FILE *f = fopen(file, "wb");
                assert_non_null(f);
                assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
                fclose(f);
                Diag d = {0};
                RepositoryFigures figures;
                int r = repository_check(file, rig_seed, NULL, NULL, NULL, &figures, &d);
                if (r)
                        fail_msg("%s: %s", name, d.message);
                assert_int_equal(figures.format, format);
                snprintf(name, sizeof(name), "repository-%u.txt", format);
                Buf want = load(name);
                for (int again = 0; again < 2; again++) {
                        read_all(file);
                        assert_string_equal(buf_z(&text), buf_z(&want));
                }
                buf_deinit(&bytes);
                buf_deinit(&want);
                free(file);
        }
        buf_deinit(&text);
}

// What is made now reads the same: the fixture has everything that the program makes.
static void the_format_that_is(void **state)
{
        (void)state;
        char *file = strdup(rig_file("now.db"));
        text = (Buf){0};
        make(file);
        read_all(file);
        Buf want = load("repository-1.txt");
        assert_string_equal(buf_z(&text), buf_z(&want));
        buf_deinit(&want);
        buf_deinit(&text);
        free(file);
}

int main(int argc, char **argv)
{
        if (argc == 3 && strcmp(argv[1], "make") == 0) {
                char name[600];
                make(argv[2]);
                read_all(argv[2]);
                snprintf(name, sizeof(name), "%.*s.txt", (int)(strlen(argv[2]) - 3), argv[2]);
                FILE *f = fopen(name, "wb");
                return !f || fwrite(text.p, 1, text.n, f) != text.n || fclose(f);
        }
        return testkit_run((TestCase[]){TEST(formats_that_were), TEST(the_format_that_is), TEST_END});
}
