// SPDX-License-Identifier: MIT
// The store: each operation and each of its errors.
#include "repository/test-rig.h"

#define KEY(n, t, ...) P(n, t, QUALIFIERS(QB("key")), __VA_ARGS__)
#define NS "root\\default"

#define THING CLASS("Thing", PROPERTIES(KEY("Name", CIM_STRING), P("Size", CIM_UINT32)))

static void told(Rig *g, const char *what)
{
        assert_string_equal(g->told.n ? buf_z(&g->told) : "", what);
        g->told.n = 0;
}

static void classes_and_instances(void **state)
{
        Rig g;
        (void)state;
        rig_open(&g, NULL, false);
        assert_int_equal(rig_put_class(&g, NS, &THING, "", 0), 0);
        told(&g, NS " +Thing\n");
        assert_int_equal(rig_put_class(&g, NS, &THING, "", 0), 0);
        told(&g, "");
        assert_int_equal(rig_put(&g, NS, "Thing", (CimValue[]){VS(CIM_STRING, u"a"), VU(CIM_UINT32, 7)}, 2, 0), 0);
        told(&g, NS " +Thing.Name=\"a\"\n");
        CimInstance *i;
        assert_int_equal(rig_get(&g, NS, "thing.name=\"A\"", &i), 0);
        assert_int_equal(i->values[1].uint, 7);
        assert_true(str_eq(i->namespace, STR(NS)));
        cim_instance_unref(i);
        assert_int_equal(rig_put(&g, NS, "Thing", (CimValue[]){VS(CIM_STRING, u"a"), VU(CIM_UINT32, 7)}, 2, 0), 0);
        told(&g, "");
        assert_int_equal(rig_put(&g, NS, "Thing", (CimValue[]){VS(CIM_STRING, u"a"), VU(CIM_UINT32, 8)}, 2, 0), 0);
        told(&g, NS " ~Thing.Name=\"a\"\n");
        assert_int_equal(rig_delete(&g, NS, "Thing=\"a\""), 0);
        told(&g, NS " -Thing.Name=\"a\"\n");
        assert_int_equal(rig_get(&g, NS, "Thing=\"a\"", NULL), (uint32_t)CIM_E_NOT_FOUND);
        rig_close(&g);
}

static void a_file_keeps_them(void **state)
{
        Rig g;
        (void)state;
        for (int thread = 0; thread < 2; thread++) {
                char *file = rig_file(thread ? "two.db" : "one.db");
                rig_open(&g, file, thread);
                assert_int_equal(rig_create_namespace(&g, "root\\sub"), 0);
                assert_int_equal(rig_put_class(&g, "root\\sub", &THING, "", 0), 0);
                assert_int_equal(rig_put(&g, "root\\sub", "Thing", (CimValue[]){VS(CIM_STRING, u"a"), VU(CIM_UINT32, 7)}, 2, 0), 0);
                told(&g, "root +__NAMESPACE.Name=\"sub\"\nroot\\sub +Thing\nroot\\sub +Thing.Name=\"a\"\n");
                rig_close(&g);
                rig_open(&g, file, thread);
                CimInstance *i;
                assert_int_equal(rig_get(&g, "root\\sub", "Thing=\"a\"", &i), 0);
                assert_int_equal(i->values[1].uint, 7);
                cim_instance_unref(i);
                assert_int_equal(rig_delete_class(&g, "root\\sub", "thing"), 0);
                told(&g, "root\\sub -Thing.Name=\"a\"\nroot\\sub -Thing\n");
                rig_close(&g);
        }
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(classes_and_instances), TEST(a_file_keeps_them), TEST_END});
}
