// SPDX-License-Identifier: MIT
// The store: each operation and each of its errors.
#include "base/utf.h"
#include "repository/test-rig.h"

#define KEY(n, t, ...)    P(n, t, QUALIFIERS(QB("key")), __VA_ARGS__)
#define NS                "root\\default"
#define CODE(name)        ((int64_t)(uint32_t)CIM_E_##name)
#define TEXT(s)           VS(CIM_STRING, s)
#define NUMBER(n)         VU(CIM_UINT32, n)
#define THING             CLASS("Thing", PROPERTIES(KEY("Name", CIM_STRING), P("Size", CIM_UINT32)))
#define PUT(g, c, f, ...) rig_put(g, NS, c, (CimValue[]){__VA_ARGS__}, COUNT(((CimValue[]){__VA_ARGS__})), f)

static void told(Rig *g, const char *what)
{
        assert_string_equal(g->told.n ? buf_z(&g->told) : "", what);
        g->told.n = 0;
}

static void listed(Rig *g, const char *class_name, uint32_t flags, const char *what)
{
        Buf out = {0};
        assert_int_equal(rig_list(g, NS, class_name, flags, &out), 0);
        assert_string_equal(out.n ? buf_z(&out) : "", what);
        buf_deinit(&out);
}

// --- classes ---------------------------------------------------------------------------------------------

static void put_class(void **state)
{
        Rig g;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(rig_put_class(&g, NS, &THING, "", STORE_UPDATE_ONLY), CODE(NOT_FOUND));
        assert_int_equal(rig_put_class(&g, NS, &THING, "Nothing", 0), CODE(INVALID_SUPERCLASS));
        assert_int_equal(rig_put_class(&g, "root\\none", &THING, "", 0), CODE(INVALID_NAMESPACE));
        for (unsigned i = 0; i < 4; i++) // flags that there are not, and pairs that exclude each other
                assert_int_equal(rig_put_class(&g, NS, &THING, "", (const uint32_t[]){4, 3, 0x60, 0x80}[i]),
                                 CODE(INVALID_PARAMETER));
        told(&g, "");
        assert_int_equal(rig_put_class(&g, NS, &THING, "", STORE_CREATE_ONLY), 0);
        told(&g, NS " +Thing\n");
        assert_int_equal(rig_put_class(&g, NS, &THING, "", STORE_CREATE_ONLY), CODE(ALREADY_EXISTS));
        assert_int_equal(rig_put_class(&g, NS, &THING, "", STORE_UPDATE_ONLY), 0);
        told(&g, ""); // as it is: nothing is written, nothing told
        unsigned commits = g.commits;
        assert_int_equal(rig_put_class(&g, NS, &CLASS("THING", PROPERTIES(KEY("Name", CIM_STRING))), "", 0),
                         0);
        told(&g, NS " ~THING\n");
        assert_int_equal(g.commits, commits + 1);
        assert_int_equal(rig_class(&g, NS, "thing")->property_count, 1);
        rig_close(&g);
}

static void system_classes_stay(void **state)
{
        Rig g;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("__Mine"), "", 0), CODE(INVALID_OPERATION));
        assert_int_equal(rig_put_class(&g, NS, &CLASS("__NAMESPACE"), "", 0), CODE(INVALID_OPERATION));
        assert_int_equal(rig_delete_class(&g, NS, "__EventFilter"), CODE(INVALID_OPERATION));
        assert_int_equal(rig_delete_class(&g, NS, "Seeded"), CODE(INVALID_OPERATION));
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Seeded"), "", 0), CODE(INVALID_OPERATION));
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Seeded", PROPERTIES(P("N", CIM_UINT8))), "__Event", 0),
                         CODE(INVALID_OPERATION));
        // The same once more is nothing to do, however it is described.
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Seeded", PROPERTIES(P("N", CIM_UINT8))), "", 0), 0);
        assert_int_equal(rig_put_class(&g, NS,
                                       &CLASS("SEEDED", QUALIFIERS(QS("Description", u"mine")),
                                              PROPERTIES(P("N", CIM_UINT8))),
                                       "", STORE_UPDATE_FORCE),
                         0);
        assert_true(str_eq(rig_class(&g, NS, "Seeded")->name, STR("Seeded")));
        assert_int_equal(rig_delete_class(&g, NS, "Thing"), CODE(NOT_FOUND));
        assert_int_equal(rig_delete_class(&g, "root\\none", "Thing"), CODE(INVALID_NAMESPACE));
        told(&g, "");
        rig_close(&g);
}

static void updates_of_classes_with_subclasses(void **state)
{
        Rig g;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(rig_put_class(&g, NS, &THING, "", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Sub", PROPERTIES(P("Color", CIM_STRING))), "thing", 0),
                         0);
        CimClassSpec more = CLASS(
                "Thing", PROPERTIES(KEY("Name", CIM_STRING), P("Size", CIM_UINT32), P("More", CIM_UINT8)));
        g.told.n = 0;
        assert_int_equal(rig_put_class(&g, NS, &more, "", 0), CODE(CLASS_HAS_CHILDREN));
        assert_int_equal(rig_put_class(&g, NS, &more, "", STORE_UPDATE_SAFE), 0);
        told(&g, NS " ~Thing\n");
        assert_int_equal(rig_class(&g, NS, "Sub")->property_count, 4);
        // With instances only force changes a class, and they go.
        assert_int_equal(PUT(&g, "Sub", 0, TEXT(u"a"), NUMBER(1)), 0);
        assert_int_equal(rig_put_class(&g, NS, &THING, "", STORE_UPDATE_SAFE), CODE(CLASS_HAS_INSTANCES));
        CimClassSpec sub = CLASS("Sub", PROPERTIES(P("Color", CIM_UINT8)));
        assert_int_equal(rig_put_class(&g, NS, &sub, "Thing", 0), CODE(CLASS_HAS_INSTANCES));
        g.told.n = 0;
        assert_int_equal(rig_put_class(&g, NS, &sub, "Thing", STORE_UPDATE_FORCE), 0);
        told(&g, NS " -Sub.Name=\"a\"\n" NS " ~Sub\n");
        listed(&g, "Thing", 0, "");
        rig_close(&g);
}

static void delete_class_takes_all_below(void **state)
{
        Rig g;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(rig_put_class(&g, NS, &THING, "", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("B"), "Thing", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("C"), "B", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Other", PROPERTIES(KEY("K", CIM_UINT8))), "", 0), 0);
        assert_int_equal(PUT(&g, "C", 0, TEXT(u"c"), NUMBER(1)), 0);
        assert_int_equal(PUT(&g, "Thing", 0, TEXT(u"t"), NUMBER(1)), 0);
        assert_int_equal(PUT(&g, "Other", 0, VU(CIM_UINT8, 1)), 0);
        g.told.n = 0;
        assert_int_equal(rig_delete_class(&g, NS, "THING"), 0);
        told(&g, NS " -C.Name=\"c\"\n" NS " -C\n" NS " -B\n" NS " -Thing.Name=\"t\"\n" NS " -Thing\n");
        assert_null(rig_class(&g, NS, "C"));
        listed(&g, "Other", 0, "Other.K=1\n");
        assert_int_equal(rig_get(&g, NS, "Thing=\"t\"", NULL), CODE(NOT_FOUND));
        // A class of the same name begins anew.
        assert_int_equal(rig_put_class(&g, NS, &THING, "", 0), 0);
        listed(&g, "Thing", 0, "");
        rig_close(&g);
}

// --- many classes
// --------------------------------------------------------------------------------------------

typedef struct Many {
        const CimChange *list;
        size_t n;
        uint32_t flags;
} Many;

// All with the same flags.
static int put_all(Store *st, const CimChange *list, size_t n, uint32_t flags, Diag *reterr)
{
        StorePut puts[16];
        assert_true(n <= 16);
        for (size_t i = 0; i < n; i++)
                puts[i] = (StorePut){.namespace = list[i].namespace, .klass = list[i].klass, .flags = flags};
        return store_put_classes(st, puts, n, NULL, reterr);
}

static int run_many(void *context, Store *st, Diag *reterr)
{
        Many *m = context;
        return put_all(st, m->list, m->n, m->flags, reterr);
}

static int64_t put_many(Rig *g, const CimChange *list, size_t n, uint32_t flags)
{
        Diag d = {0};
        int r = rig_run(g, run_many, &(Many){list, n, flags}, &d);
        return r == E_DIAG ? (int64_t)d.code : r;
}

static CimClass *built(const CimClassSpec *spec, const CimClass *super)
{
        CimClass *c;
        assert_int_equal(cim_class_new(spec, super, NULL, NULL, &c, NULL), 0);
        return c;
}

static void put_classes_together(void **state)
{
        Rig g;
        (void)state;
        rig_open(&g, NULL, false);
        CimClass *a = built(&THING, NULL), *b = built(&CLASS("B"), a);
        Str new = STR("root\\new\\deep");
        CimChange list[] = {{.namespace = new, .klass = b}, {.namespace = new, .klass = a}};
        assert_int_equal(put_many(&g, list, 2, 0), 0);
        told(&g, "root +__NAMESPACE.Name=\"new\"\nroot\\new +__NAMESPACE.Name=\"deep\"\nroot\\new\\deep "
                 "+B\nroot\\new\\deep +Thing\n");
        assert_int_equal(put_many(&g, list, 2, 0), 0);
        told(&g, "");
        assert_int_equal(put_many(&g, list, 2, STORE_CREATE_ONLY), CODE(ALREADY_EXISTS));
        // One of them wrong: none of them is there.
        CimClass *c = built(&CLASS("C"), NULL), *bad = built(&CLASS("__C"), NULL);
        CimChange half[] = {{.namespace = new, .klass = c},
                            {.namespace = STR("root\\other")},
                            {.namespace = new, .klass = bad}};
        assert_int_equal(put_many(&g, half, 3, 0), CODE(INVALID_OPERATION));
        assert_null(rig_class(&g, "root\\new\\deep", "C"));
        assert_false(cim_schema_has_namespace(repository_schema(g.r), STR("root\\other")));
        // A class that is changed together with the class that it now derives from.
        CimClass *base = built(&CLASS("Base", QUALIFIERS(QB("abstract"))), NULL),
                 *under = built(&CLASS("Free"), base), *loose = built(&CLASS("Free"), NULL);
        assert_int_equal(put_many(&g, &(CimChange){.namespace = new, .klass = loose}, 1, 0), 0);
        CimChange both[] = {{.namespace = new, .klass = under}, {.namespace = new, .klass = base}};
        g.told.n = 0;
        assert_int_equal(put_many(&g, both, 2, 0), 0);
        told(&g, "root\\new\\deep ~Free\nroot\\new\\deep +Base\n");
        assert_string_equal(rig_class(&g, "root\\new\\deep", "Free")->super->name.p, "Base");
        CimClass *all[] = {a, b, c, bad, base, under, loose};
        for (size_t i = 0; i < COUNT(all); i++)
                cim_class_unref(all[i]);
        rig_close(&g);
}

// --- namespaces
// ------------------------------------------------------------------------------------------------

static void namespaces(void **state)
{
        Rig g;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(rig_create_namespace(&g, "root\\a\\b"), CODE(INVALID_NAMESPACE));
        assert_int_equal(rig_create_namespace(&g, "else"), CODE(INVALID_NAMESPACE));
        assert_int_equal(rig_create_namespace(&g, "root/A"), 0);
        told(&g, "root +__NAMESPACE.Name=\"A\"\n");
        assert_int_equal(rig_create_namespace(&g, "ROOT\\a"), CODE(ALREADY_EXISTS));
        assert_int_equal(rig_create_namespace(&g, "root\\a\\b"), 0);
        told(&g, "root\\a +__NAMESPACE.Name=\"b\"\n");
        assert_non_null(rig_class(&g, "root\\A\\B", "__NAMESPACE"));
        assert_int_equal(rig_put_class(&g, "root\\a\\b", &THING, "", 0), 0);
        assert_int_equal(rig_put(&g, "root\\a\\b", "Thing", (CimValue[]){TEXT(u"x")}, 1, 0), 0);
        g.told.n = 0;
        assert_int_equal(rig_delete_namespace(&g, "root"), CODE(ACCESS_DENIED));
        assert_int_equal(rig_delete_namespace(&g, "root\\Default"), CODE(ACCESS_DENIED));
        assert_int_equal(rig_delete_namespace(&g, "root\\none"), CODE(INVALID_NAMESPACE));
        assert_int_equal(rig_delete_namespace(&g, "root\\a"), 0);
        told(&g, "root\\a -__NAMESPACE.Name=\"b\"\nroot -__NAMESPACE.Name=\"A\"\n");
        assert_false(cim_schema_has_namespace(repository_schema(g.r), STR("root\\a\\b")));
        assert_int_equal(rig_put_class(&g, "root\\a\\b", &THING, "", 0), CODE(INVALID_NAMESPACE));
        rig_close(&g);
}

static void namespaces_as_instances(void **state)
{
        Rig g;
        CimInstance *i;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(PUT(&g, "__NAMESPACE", STORE_UPDATE_ONLY, TEXT(u"kid")), CODE(NOT_FOUND));
        assert_int_equal(PUT(&g, "__NAMESPACE", 0, TEXT(u"kid")), 0);
        assert_int_equal(PUT(&g, "__NAMESPACE", 0, TEXT(u"KID")), 0);
        assert_int_equal(PUT(&g, "__NAMESPACE", 0, TEXT(u"Other")), 0);
        told(&g, NS " +__NAMESPACE.Name=\"kid\"\n" NS " +__NAMESPACE.Name=\"Other\"\n");
        assert_int_equal(PUT(&g, "__NAMESPACE", STORE_CREATE_ONLY, TEXT(u"kid")), CODE(ALREADY_EXISTS));
        assert_int_equal(PUT(&g, "__NAMESPACE", 0, TEXT(u"a\\b")), CODE(INVALID_NAMESPACE));
        assert_int_equal(PUT(&g, "__NAMESPACE", 0, TEXT(u"")), CODE(INVALID_NAMESPACE));
        assert_int_equal(PUT(&g, "__NAMESPACE", 0, cim_null(CIM_STRING)), CODE(ILLEGAL_NULL));
        listed(&g, "__NAMESPACE", 0, "__NAMESPACE.Name=\"kid\"\n__NAMESPACE.Name=\"Other\"\n");
        assert_int_equal(rig_get(&g, NS, "__namespace.name=\"OTHER\"", &i), 0);
        assert_int_equal(str16_cmp(i->values[0].string, (Str16){u"Other", 5}), 0);
        assert_true(str_eq(i->namespace, STR(NS)));
        cim_instance_unref(i);
        assert_int_equal(rig_get(&g, NS, "__NAMESPACE=\"none\"", NULL), CODE(NOT_FOUND));
        assert_int_equal(rig_get(&g, NS, "__NAMESPACE.Title=\"kid\"", NULL), CODE(INVALID_OBJECT_PATH));
        g.told.n = 0;
        assert_int_equal(rig_delete(&g, NS, "__NAMESPACE=\"kid\""), 0);
        told(&g, NS " -__NAMESPACE.Name=\"kid\"\n");
        assert_int_equal(rig_delete(&g, NS, "__NAMESPACE=\"kid\""), CODE(NOT_FOUND));
        assert_int_equal(rig_delete(&g, "root", "__NAMESPACE=\"default\""), CODE(ACCESS_DENIED));
        assert_int_equal(rig_put_class(&g, NS, &CLASS("MySpace"), "__NAMESPACE", 0), 0);
        assert_int_equal(PUT(&g, "MySpace", 0, TEXT(u"x")), CODE(INVALID_OPERATION));
        rig_close(&g);
}

// --- instances
// -------------------------------------------------------------------------------------------------

static void put_get_delete(void **state)
{
        Rig g;
        CimInstance *i;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(rig_put_class(&g, NS, &THING, "", 0), 0);
        g.told.n = 0;
        assert_int_equal(PUT(&g, "Thing", STORE_UPDATE_ONLY, TEXT(u"a"), NUMBER(7)), CODE(NOT_FOUND));
        assert_int_equal(PUT(&g, "Thing", STORE_CREATE_ONLY, TEXT(u"a"), NUMBER(7)), 0);
        assert_int_equal(PUT(&g, "Thing", STORE_CREATE_ONLY, TEXT(u"A"), NUMBER(7)), CODE(ALREADY_EXISTS));
        told(&g, NS " +Thing.Name=\"a\"\n");
        assert_int_equal(PUT(&g, "Thing", STORE_UPDATE_SAFE, TEXT(u"a"), NUMBER(7)), CODE(INVALID_PARAMETER));
        assert_int_equal(PUT(&g, "Thing", 0, TEXT(u"a"), NUMBER(7)), 0);
        told(&g, "");
        assert_int_equal(PUT(&g, "Thing", STORE_UPDATE_ONLY, TEXT(u"a"), NUMBER(8)), 0);
        assert_int_equal(PUT(&g, "Thing", 0, TEXT(u"A"), NUMBER(8)), 0);
        told(&g, NS " ~Thing.Name=\"a\"\n" NS " ~Thing.Name=\"A\"\n");
        assert_int_equal(rig_get(&g, "ROOT\\Default", "thing.name=\"a\"", &i), 0);
        assert_int_equal(i->values[1].uint, 8);
        assert_true(str_eq(i->namespace, STR(NS)));
        cim_instance_unref(i);
        assert_int_equal(rig_get(&g, "root\\none", "Thing=\"a\"", NULL), CODE(INVALID_NAMESPACE));
        assert_int_equal(rig_get(&g, NS, "Thing", NULL), CODE(INVALID_OBJECT_PATH));
        assert_int_equal(rig_get(&g, NS, "Thing=@", NULL), CODE(INVALID_OBJECT_PATH));
        assert_int_equal(rig_get(&g, NS, "Thing.Size=1", NULL), CODE(INVALID_OBJECT_PATH));
        assert_int_equal(rig_get(&g, NS, "Think=\"a\"", NULL), CODE(NOT_FOUND));
        assert_int_equal(rig_delete(&g, NS, "Thing=\"b\""), CODE(NOT_FOUND));
        assert_int_equal(rig_delete(&g, NS, "Thing=\"a\""), 0);
        told(&g, NS " -Thing.Name=\"A\"\n");
        assert_int_equal(rig_get(&g, NS, "Thing=\"a\"", NULL), CODE(NOT_FOUND));
        rig_close(&g);
}

static void classes_that_have_no_instances(void **state)
{
        Rig g;
        (void)state;
        rig_open(&g, NULL, false);
        CimPropertySpec key[] = {KEY("K", CIM_UINT32)};
        CimClassSpec abstract = {
                .name = STR("Abstract"), QUALIFIERS(QB("abstract")), .properties = key, .property_count = 1};
        CimClassSpec dynamic = {.name = STR("Dynamic"),
                                QUALIFIERS(QB("Dynamic"), QS("Provider", u"P")),
                                .properties = key,
                                .property_count = 1};
        CimClassSpec provider = {.name = STR("Provided"),
                                 QUALIFIERS(QS("provider", u"P")),
                                 .properties = key,
                                 .property_count = 1};
        CimClassSpec block = {
                .name = STR("Block"),
                QUALIFIERS(QB("Dynamic"), QB("WMI"), QS("guid", u"12345678-abcd-EF01-0102-030405060708")),
                .properties = key,
                .property_count = 1};
        assert_int_equal(rig_put_class(&g, NS, &abstract, "", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &dynamic, "", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &provider, "", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &block, "", 0), 0);
        assert_int_equal(
                rig_put_class(&g, NS, &CLASS("Event", PROPERTIES(P("N", CIM_UINT8))), "__ExtrinsicEvent", 0),
                0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Keyless", PROPERTIES(P("N", CIM_UINT8))), "", 0), 0);
        assert_int_equal(PUT(&g, "Abstract", 0, NUMBER(1)), CODE(INVALID_OPERATION));
        assert_int_equal(PUT(&g, "Event", 0, VU(CIM_UINT64, 1)), CODE(INVALID_OPERATION));
        assert_int_equal(PUT(&g, "Keyless", 0, VU(CIM_UINT8, 1)), CODE(NO_KEY));
        const char *const provided[] = {"Dynamic", "Provided", "Block"};
        for (size_t k = 0; k < COUNT(provided); k++) {
                char path[40];
                Buf out = {0};
                snprintf(path, sizeof(path), "%s=1", provided[k]);
                assert_int_equal(PUT(&g, provided[k], 0, NUMBER(1)), CODE(PROVIDER_NOT_CAPABLE));
                assert_int_equal(rig_get(&g, NS, path, NULL), CODE(PROVIDER_NOT_CAPABLE));
                assert_int_equal(rig_delete(&g, NS, path), CODE(PROVIDER_NOT_CAPABLE));
                assert_int_equal(rig_list(&g, NS, provided[k], 0, &out), CODE(PROVIDER_NOT_CAPABLE));
                buf_deinit(&out);
        }
        listed(&g, "Event", 0, "");
        listed(&g, "__Event", 0, "");
        // Below a class that is enumerated they are passed over.
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Solid"), "Abstract", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Live", QUALIFIERS(QB("dynamic"))), "Abstract", 0), 0);
        assert_int_equal(PUT(&g, "Solid", 0, NUMBER(1)), 0);
        listed(&g, "Abstract", 0, "Solid.K=1\n");
        rig_close(&g);
}

static void what_an_instance_may_hold(void **state)
{
        Rig g;
        CimClass *strange;
        CimInstance *i;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(
                rig_put_class(&g, NS,
                              &CLASS("Full", PROPERTIES(KEY("K", CIM_UINT8),
                                                        P("Must", CIM_STRING, QUALIFIERS(QB("not_null"))),
                                                        P("List", CIM_UINT8 | CIM_ARRAY, .max = 2),
                                                        P("When", CIM_DATETIME), P("Wide", CIM_CHAR16),
                                                        P("Small", CIM_SINT8))),
                              "", 0),
                0);
        CimValue k = VU(CIM_UINT8, 1), must = TEXT(u"x"), list = cim_null(CIM_UINT8 | CIM_ARRAY),
                 when = cim_null(CIM_DATETIME), wide = cim_null(CIM_CHAR16);
        assert_int_equal(PUT(&g, "Full", 0, cim_null(CIM_UINT8), must), CODE(ILLEGAL_NULL));
        assert_int_equal(PUT(&g, "Full", 0, k, cim_null(CIM_STRING)), CODE(ILLEGAL_NULL));
        assert_int_equal(PUT(&g, "Full", 0, VU(CIM_UINT8, 256), must), CODE(TYPE_MISMATCH));
        assert_int_equal(PUT(&g, "Full", 0, NUMBER(1), must), CODE(TYPE_MISMATCH));
        assert_int_equal(PUT(&g, "Full", 0, k, must, VA(CIM_UINT8, k, k, k)), CODE(TYPE_MISMATCH));
        assert_int_equal(PUT(&g, "Full", 0, k, must, VA(CIM_UINT8, k, cim_null(CIM_UINT8))),
                         CODE(ILLEGAL_NULL));
        assert_int_equal(PUT(&g, "Full", 0, k, must, VA(CIM_UINT8, NUMBER(1))), CODE(TYPE_MISMATCH));
        assert_int_equal(PUT(&g, "Full", 0, k, must, list, VS(CIM_DATETIME, u"yesterday")),
                         CODE(TYPE_MISMATCH));
        assert_int_equal(PUT(&g, "Full", 0, k, must, list, when, VU(CIM_CHAR16, 65536)), CODE(TYPE_MISMATCH));
        assert_int_equal(PUT(&g, "Full", 0, k, must, list, when, wide, VI(CIM_SINT8, -129)),
                         CODE(TYPE_MISMATCH));
        assert_int_equal(PUT(&g, "Full", 0, k, must, VA(CIM_UINT8, k, k),
                             VS(CIM_DATETIME, u"20260101000000.000000+000"), VU(CIM_CHAR16, 65535),
                             VI(CIM_SINT8, -128)),
                         0);
        // What was made for another class of that name.
        assert_int_equal(cim_class_new(&CLASS("full", PROPERTIES(P("MUST", CIM_STRING), P("K", CIM_UINT8),
                                                                 P("Extra", CIM_UINT8))),
                                       NULL, NULL, NULL, &strange, NULL),
                         0);
        assert_int_equal(cim_instance_new(strange, &i), 0);
        i->values[0] = must;
        i->values[1] = VU(CIM_UINT8, 2);
        assert_int_equal(rig_put_instance(&g, NS, i, 0), 0); // Extra is NULL: nothing gets lost
        i->values[2] = k;
        assert_int_equal(rig_put_instance(&g, NS, i, 0), CODE(INVALID_OBJECT));
        i->is_class = true;
        assert_int_equal(rig_put_instance(&g, NS, i, 0), CODE(INVALID_OBJECT));
        cim_instance_unref(i);
        cim_class_unref(strange);
        strange = built(&CLASS("Unknown", PROPERTIES(KEY("K", CIM_UINT8))), NULL);
        assert_int_equal(cim_instance_new(strange, &i), 0);
        assert_int_equal(rig_put_instance(&g, NS, i, 0), CODE(INVALID_CLASS));
        assert_int_equal(rig_put_instance(&g, "root\\none", i, 0), CODE(INVALID_NAMESPACE));
        cim_instance_unref(i);
        cim_class_unref(strange);
        listed(&g, "Full", 0, "Full.K=1\nFull.K=2\n");
        rig_close(&g);
}

static void keys_are_shared_with_subclasses(void **state)
{
        Rig g;
        CimInstance *i;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(
                rig_put_class(&g, NS,
                              &CLASS("Top", QUALIFIERS(QB("abstract")), PROPERTIES(P("Note", CIM_STRING))),
                              "", 0),
                0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("A", PROPERTIES(KEY("K", CIM_UINT8))), "Top", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("B"), "A", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("C"), "A", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("D", PROPERTIES(KEY("K", CIM_UINT8))), "Top", 0), 0);
        CimValue none = cim_null(CIM_STRING);
        assert_int_equal(PUT(&g, "B", 0, none, VU(CIM_UINT8, 1)), 0);
        assert_int_equal(PUT(&g, "D", 0, none, VU(CIM_UINT8, 1)), 0);
        assert_int_equal(PUT(&g, "C", 0, none, VU(CIM_UINT8, 1)), CODE(ALREADY_EXISTS));
        assert_int_equal(PUT(&g, "A", STORE_UPDATE_ONLY, none, VU(CIM_UINT8, 1)), CODE(ALREADY_EXISTS));
        assert_int_equal(rig_get(&g, NS, "A=1", &i), 0);
        assert_string_equal(i->class->name.p, "B");
        cim_instance_unref(i);
        assert_int_equal(rig_get(&g, NS, "C=1", NULL), CODE(NOT_FOUND));
        assert_int_equal(rig_get(&g, NS, "Top=1", NULL), CODE(INVALID_OBJECT_PATH));
        assert_int_equal(PUT(&g, "A", 0, none, VU(CIM_UINT8, 2)), 0);
        assert_int_equal(rig_get(&g, NS, "B=2", NULL), CODE(NOT_FOUND));
        listed(&g, "Top", 0, "B.K=1\nD.K=1\nA.K=2\n");
        listed(&g, "A", STORE_SHALLOW, "A.K=2\n");
        listed(&g, "Top", STORE_SHALLOW, "");
        assert_int_equal(rig_delete(&g, NS, "C=1"), CODE(NOT_FOUND));
        assert_int_equal(rig_delete(&g, NS, "A=1"), 0);
        listed(&g, "A", 0, "A.K=2\n");
        rig_close(&g);
}

static void singletons_and_references(void **state)
{
        Rig g;
        CimInstance *i;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(
                rig_put_class(&g, NS,
                              &CLASS("Only", QUALIFIERS(QB("singleton")), PROPERTIES(P("N", CIM_UINT32))), "",
                              0),
                0);
        assert_int_equal(rig_get(&g, NS, "Only=@", NULL), CODE(NOT_FOUND));
        assert_int_equal(PUT(&g, "Only", 0, NUMBER(1)), 0);
        assert_int_equal(PUT(&g, "Only", 0, NUMBER(2)), 0);
        assert_int_equal(rig_get(&g, NS, "only=@", &i), 0);
        assert_int_equal(i->values[0].uint, 2);
        cim_instance_unref(i);
        listed(&g, "Only", 0, "Only=@\n");
        assert_int_equal(rig_put_class(&g, NS,
                                       &CLASS("Link", PROPERTIES(KEY("From", CIM_REFERENCE),
                                                                 KEY("To", CIM_REFERENCE))),
                                       "", 0),
                         0);
        assert_int_equal(
                PUT(&g, "Link", 0, VS(CIM_REFERENCE, u"Only=@"), VS(CIM_REFERENCE, u"Thing.Name=\"a\"")), 0);
        assert_int_equal(PUT(&g, "Link", 0, VS(CIM_REFERENCE, u"only=@"),
                             VS(CIM_REFERENCE, u"\\\\.\\ROOT\\default:Thing=\"A\"")),
                         0);
        listed(&g, "Link", 0, "Link.From=\"only=@\",To=\"\\\\\\\\.\\\\ROOT\\\\default:Thing=\\\"A\\\"\"\n");
        assert_int_equal(rig_delete(&g, NS, "Link.To=\"Thing=\\\"a\\\"\",From=\"ONLY=@\""), 0);
        rig_close(&g);
}

// --- objects inside
// ------------------------------------------------------------------------------------------------

static void embedded_objects_keep_their_class(void **state)
{
        Rig g;
        CimInstance *in, *i;
        (void)state;
        char *file = strdup(rig_file("embedded.db"));
        rig_open(&g, file, false);
        assert_int_equal(
                rig_put_class(&g, NS, &CLASS("In", PROPERTIES(P("A", CIM_UINT8), P("S", CIM_STRING))), "", 0),
                0);
        assert_int_equal(
                rig_put_class(
                        &g, NS,
                        &CLASS("Out", PROPERTIES(KEY("K", CIM_UINT8),
                                                 P("Typed", CIM_OBJECT, .class_name = STR("In")),
                                                 P("Any", CIM_OBJECT), P("Many", CIM_OBJECT | CIM_ARRAY))),
                        "", 0),
                0);
        assert_int_equal(cim_instance_new(rig_class(&g, NS, "In"), &in), 0);
        in->values[0] = VU(CIM_UINT8, 7);
        assert_int_equal(cim_instance_place(in, STR(NS)), 0);
        CimValue object = {.type = CIM_OBJECT, .object = in}, k = VU(CIM_UINT8, 1);
        assert_int_equal(PUT(&g, "Out", 0, k, object, object, VA(CIM_OBJECT, object, object)), 0);
        // Of another class than the property says, and of one that the namespace has not.
        CimInstance *out;
        assert_int_equal(cim_instance_new(rig_class(&g, NS, "Out"), &out), 0);
        CimValue wrong = {.type = CIM_OBJECT, .object = out};
        assert_int_equal(PUT(&g, "Out", 0, VU(CIM_UINT8, 2), wrong), CODE(TYPE_MISMATCH));
        assert_int_equal(PUT(&g, "Out", 0, VU(CIM_UINT8, 2), object, wrong), 0);
        cim_instance_unref(out);
        cim_instance_unref(in);
        // Their class changes and goes: they stay what they were.
        assert_int_equal(
                rig_put_class(&g, NS, &CLASS("In", PROPERTIES(P("B", CIM_UINT16))), "", STORE_UPDATE_FORCE),
                0);
        for (int again = 0; again < 3; again++) {
                assert_int_equal(rig_get(&g, NS, "Out=1", &i), 0);
                const CimInstance *any = i->values[2].object;
                assert_string_equal(any->class->name.p, "In");
                assert_int_equal(any->values[0].uint, 7);
                assert_true(str_eq(any->namespace, STR(NS)));
                assert_int_equal(i->values[3].array.count, 2);
                cim_instance_unref(i);
                if (again == 0)
                        assert_int_equal(rig_delete_class(&g, NS, "In"), 0);
                rig_close(&g);
                rig_open(&g, file, again);
        }
        assert_int_equal(rig_delete(&g, NS, "Out=1"), 0);
        assert_int_equal(rig_delete(&g, NS, "Out=2"), 0);
        assert_int_equal(rig_delete_class(&g, NS, "Out"), 0);
        assert_int_equal(rig_count(file, "version"), 0);
        rig_close(&g);
        free(file);
}

static void toggling_a_class_does_not_grow_the_file(void **state)
{
        Rig g;
        (void)state;
        char *file = strdup(rig_file("toggle.db"));
        rig_open(&g, file, false);
        CimClassSpec described = CLASS("Thing", QUALIFIERS(QS("Description", u"what it is")),
                                       PROPERTIES(KEY("Name", CIM_STRING), P("Size", CIM_UINT32)));
        assert_int_equal(rig_put_class(&g, NS, &THING, "", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("Sub"), "Thing", 0), 0);
        assert_int_equal(PUT(&g, "Thing", 0, TEXT(u"a"), NUMBER(1)), 0);
        for (int i = 0; i < 50; i++)
                assert_int_equal(rig_put_class(&g, NS, i % 2 ? &THING : &described, "", 0), 0);
        assert_int_equal(rig_count(file, "version"),
                         2); // toggled back: the instance's version is the class's again
        assert_int_equal(rig_put_class(&g, NS, &described, "", 0), 0);
        assert_int_equal(rig_count(file, "version"), 3);
        CimInstance *i;
        assert_int_equal(rig_get(&g, NS, "Thing=\"a\"", &i), 0);
        assert_int_equal(i->values[1].uint, 1);
        assert_int_equal(i->class->qualifier_count, 1); // of the class as it is now
        cim_instance_unref(i);
        g.told.n = 0;
        assert_int_equal(PUT(&g, "Thing", 0, TEXT(u"a"), NUMBER(1)), 0);
        told(&g, "");
        assert_int_equal(PUT(&g, "Thing", 0, TEXT(u"a"), NUMBER(2)), 0);
        assert_int_equal(rig_count(file, "version"), 2);
        rig_close(&g);
        free(file);
}

// --- walks
// -----------------------------------------------------------------------------------------------------------

typedef struct Some {
        StoreCursor cursor;
        unsigned left;
        const char *class_name;
        Buf seen;
} Some;

static int some_visit(void *context, const CimInstance *i)
{
        Some *s = context;
        buf_printf(&s->seen, "%u ", (unsigned)i->values[0].uint);
        return --s->left ? 0 : 5;
}

static int some_run(void *context, Store *st, Diag *reterr)
{
        Some *s = context;
        return store_each_instance(st, STR(NS), str_of(s->class_name), 0, NULL, &s->cursor, some_visit, s,
                                   reterr) == 5
                       ? 0
                       : 0;
}

// Walks in pieces of 7, changing what is there in between.
static void walks_that_are_interrupted(void **state)
{
        Rig g;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("N", PROPERTIES(KEY("K", CIM_UINT32))), "", 0), 0);
        assert_int_equal(rig_put_class(&g, NS, &CLASS("M"), "N", 0), 0);
        for (unsigned i = 0; i < 200; i++)
                assert_int_equal(PUT(&g, i % 3 ? "N" : "M", 0, NUMBER(i)), 0);
        Some s = {.class_name = "N"};
        Buf want = {0};
        for (unsigned i = 0; i < 200; i++)
                buf_printf(&want, "%u ", i);
        for (unsigned round = 0; round < 29; round++) {
                s.left = 7;
                assert_int_equal(rig_run(&g, some_run, &s, NULL), 0);
        }
        assert_string_equal(buf_z(&s.seen), buf_z(&want));
        // What is put back behind the cursor is new; what is deleted in front of it is not seen.
        Some t = {.class_name = "N", .left = 100};
        assert_int_equal(rig_run(&g, some_run, &t, NULL), 0);
        assert_int_equal(rig_delete(&g, NS, "N=3"), 0);
        assert_int_equal(rig_delete(&g, NS, "N=150"), 0);
        assert_int_equal(PUT(&g, "N", 0, NUMBER(3)), 0);
        t.seen.n = 0;
        t.left = 1000;
        assert_int_equal(rig_run(&g, some_run, &t, NULL), 0);
        want.n = 0;
        for (unsigned i = 100; i < 200; i++)
                if (i != 150)
                        buf_printf(&want, "%u ", i);
        buf_printf(&want, "3 ");
        assert_string_equal(buf_z(&t.seen), buf_z(&want));
        Buf none = {0};
        assert_int_equal(rig_list(&g, NS, "N", 2, &none), CODE(INVALID_PARAMETER));
        assert_int_equal(rig_list(&g, NS, "None", 0, &none), CODE(INVALID_CLASS));
        assert_int_equal(rig_list(&g, "root\\none", "N", 0, &none), CODE(INVALID_NAMESPACE));
        buf_deinit(&s.seen);
        buf_deinit(&t.seen);
        buf_deinit(&want);
        rig_close(&g);
}

// --- limits
// ------------------------------------------------------------------------------------------------------------

static void limit_object_bytes(void **state)
{
        Rig g;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(rig_put_class(&g, NS,
                                       &CLASS("Big", PROPERTIES(KEY("K", CIM_UINT8), P("S", CIM_STRING),
                                                                P("B", CIM_UINT8 | CIM_ARRAY))),
                                       "", 0),
                         0);
        // The most that goes is found by halving, down to one unit; it is what the codec says, to the byte.
        char16_t *text = calloc(LIMIT_OBJECT_BYTES / 2 + 1, sizeof(*text));
        CimInstance *i;
        assert_non_null(text);
        for (size_t k = 0; k < LIMIT_OBJECT_BYTES / 2 + 1; k++)
                text[k] = 0x4E00; // what takes two bytes
        assert_int_equal(cim_instance_new(rig_class(&g, NS, "Big"), &i), 0);
        i->values[0] = VU(CIM_UINT8, 1);
        Buf bytes = {0};
        i->values[1] = (CimValue){.type = CIM_STRING, .string = {text, 0}};
        assert_int_equal(cim_codec_write_values(i, &(CimClassTable){0}, &bytes), 0);
        size_t least = 0, most = LIMIT_OBJECT_BYTES / 2 + 1;
        while (least + 1 < most) {
                size_t middle = (least + most) / 2;
                i->values[1].string.n = middle;
                bytes.n = 0;
                int r = cim_codec_write_values(i, &(CimClassTable){0}, &bytes);
                *(r == 0 && bytes.n <= LIMIT_OBJECT_BYTES ? &least : &most) = middle;
        }
        assert_true(least > LIMIT_OBJECT_BYTES / 2 - 64);
        i->values[1].string.n = least - 1;
        assert_int_equal(rig_put_instance(&g, NS, i, 0), 0);
        i->values[1].string.n = least;
        assert_int_equal(rig_put_instance(&g, NS, i, 0), 0);
        i->values[1].string.n = least + 1;
        assert_int_equal(rig_put_instance(&g, NS, i, 0), CODE(QUOTA_VIOLATION));
        cim_instance_unref(i);
        buf_deinit(&bytes);
        free(text);
        rig_close(&g);
}

static void limit_changes_of_a_job(void **state)
{
        (void)state;
        for (uint32_t n = 9; n <= 11; n++) {
                Rig g;
                rig_open_with(&g, &(RepositoryConfig){.changes = 10});
                assert_int_equal(rig_put_class(&g, NS, &CLASS("N", PROPERTIES(KEY("K", CIM_UINT32))), "", 0),
                                 0);
                for (unsigned i = 0; i + 1 < n; i++)
                        assert_int_equal(PUT(&g, "N", 0, NUMBER(i)), 0);
                g.told.n = 0;
                assert_int_equal(rig_delete_class(&g, NS, "N"), n <= 10 ? 0 : CODE(QUOTA_VIOLATION));
                if (n > 10)
                        assert_int_equal(g.told.n, 0);
                assert_int_equal(rig_put_class(&g, NS, &CLASS("N", PROPERTIES(KEY("K", CIM_UINT32))), "", 0),
                                 0);
                Buf out = {0};
                assert_int_equal(rig_list(&g, NS, "N", 0, &out), 0);
                assert_int_equal(out.n != 0, n > 10);
                buf_deinit(&out);
                rig_close(&g);
        }
}

static void limit_namespaces(void **state)
{
        Rig g;
        (void)state;
        rig_open_with(&g, &(RepositoryConfig){.seed = rig_no_seed});
        for (unsigned i = 2; i < LIMIT_NAMESPACES; i++) {
                char name[40];
                snprintf(name, sizeof(name), "root\\n%u", i);
                assert_int_equal(rig_create_namespace(&g, name), 0);
        }
        assert_int_equal(rig_create_namespace(&g, "root\\more"), CODE(QUOTA_VIOLATION));
        assert_int_equal(rig_delete_namespace(&g, "root\\n5"), 0);
        assert_int_equal(rig_create_namespace(&g, "root\\more"), 0);
        told(&g, "");
        rig_close(&g);
}

// --- jobs
// ----------------------------------------------------------------------------------------------------------------

static int run_half(void *context, Store *st, Diag *reterr)
{
        int *how = context;
        const CimClass *was = cim_schema_find(store_schema(st), STR(NS), STR("Thing"));
        CimInstance *i;
        int r = store_create_namespace(st, STR("root\\half"), reterr);
        if (r == 0)
                r = store_put_class(st, STR("root\\half"), &THING, STR(""), 0, reterr);
        if (r == 0)
                r = store_delete_class(st, STR(NS), STR("Gone"), reterr);
        if (r == 0)
                r = cim_instance_new(was, &i);
        if (r)
                return r;
        i->values[0] = TEXT(u"half");
        r = store_put_instance(st, STR(NS), i, 0, NULL, reterr);
        cim_instance_unref(i);
        return r ? r : *how == E_DIAG ? diag_set(reterr, (uint32_t)CIM_E_FAILED, "not today") : *how;
}

static void a_job_that_fails_leaves_nothing(void **state)
{
        Rig g;
        Diag d;
        (void)state;
        for (int thread = 0; thread < 2; thread++) {
                rig_open(&g, NULL, thread);
                assert_int_equal(rig_put_class(&g, NS, &THING, "", 0), 0);
                assert_int_equal(rig_put_class(&g, NS, &CLASS("Gone"), "", 0), 0);
                g.told.n = 0;
                uint64_t number = g.number;
                const CimSchema *before = repository_schema(g.r);
                assert_int_equal(rig_run(&g, run_half, &(int){-ECANCELED}, NULL), -ECANCELED);
                assert_int_equal(rig_run(&g, run_half, &(int){E_DIAG}, &d), E_DIAG);
                assert_string_equal(d.message, "not today");
                assert_ptr_equal(repository_schema(g.r), before);
                told(&g, "");
                listed(&g, "Thing", 0, "");
                assert_non_null(rig_class(&g, NS, "Gone"));
                assert_int_equal(rig_run(&g, run_half, &(int){0}, NULL), 0);
                told(&g, "root +__NAMESPACE.Name=\"half\"\nroot\\half +Thing\n" NS " -Gone\n" NS
                         " +Thing.Name=\"half\"\n");
                assert_int_equal(g.number, number + 1);
                rig_close(&g);
        }
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(put_class),
                                        TEST(system_classes_stay),
                                        TEST(updates_of_classes_with_subclasses),
                                        TEST(delete_class_takes_all_below),
                                        TEST(put_classes_together),
                                        TEST(namespaces),
                                        TEST(namespaces_as_instances),
                                        TEST(put_get_delete),
                                        TEST(classes_that_have_no_instances),
                                        TEST(what_an_instance_may_hold),
                                        TEST(keys_are_shared_with_subclasses),
                                        TEST(singletons_and_references),
                                        TEST(embedded_objects_keep_their_class),
                                        TEST(toggling_a_class_does_not_grow_the_file),
                                        TEST(walks_that_are_interrupted),
                                        TEST(limit_object_bytes),
                                        TEST(limit_changes_of_a_job),
                                        TEST(limit_namespaces),
                                        TEST(a_job_that_fails_leaves_nothing),
                                        TEST_END});
}
