// SPDX-License-Identifier: MIT
// The standard blocks: what every class of wmicore.mof must be, and that the table of devices fits them.
// Their layouts are compared with a C compiler's by tests/system/test-wmidata.py.
#include "mof/standard.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/testkit.h"
#include "base/utf.h"
#include "cim/layout.h"
#include "mof/build.h"
#include "mof/system.h"

static CimSchema *schema;

static const CimClass *standard(const char *name)
{
        const CimClass *c = cim_schema_find(schema, STR("root\\wmi"), str_of(name));
        if (!c || !mof_standard_is(str_of(name)))
                fail_msg("%s is no standard class", name);
        return c;
}

static int count_class(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        *(size_t *)context += mof_standard_is(c->name);
        return 0;
}

static void names_are_all_classes(void **state)
{
        size_t n = 0;
        (void)state;
        assert_true(mof_standard_count > 360);
        for (size_t i = 0; i < mof_standard_count; i++)
                assert_true(str_eq(standard(mof_standard_names[i].p)->name, mof_standard_names[i]));
        cim_schema_each_class(schema, STR("root\\wmi"), count_class, &n);
        assert_int_equal(n, mof_standard_count);
        assert_true(mof_standard_is(STR("msndis_LINKSPEED")));
        assert_false(mof_standard_is(STR("WMIEvent"))); // of wmi.mof
        assert_false(mof_standard_is(STR("MSNdis_LinkSpee")));
        assert_false(mof_standard_is(STR("")));
}

// What the public pages ask of a class that WMI provides for drivers.
static void classes_are_well_made(void **state)
{
        (void)state;
        for (size_t i = 0; i < mof_standard_count; i++) {
                const CimClass *c = standard(mof_standard_names[i].p);
                MofStandardKind kind = mof_standard_kind(c);
                const CimQualifier *q =
                        cim_qualifier_find(c->qualifiers, c->qualifier_count, STR("provider"));
                int name = cim_class_property(c, STR("InstanceName")),
                    active = cim_class_property(c, STR("Active"));
                bool block = kind != MOF_STANDARD_BASE && kind != MOF_STANDARD_EMBEDDED;
                if (c->layout_error[0])
                        fail_msg("%s: %s", c->name.p, c->layout_error);
                if (block != (name >= 0 && active >= 0) || block != (q != NULL))
                        fail_msg("%s is no %s class", c->name.p, mof_standard_kind_name(kind));
                if (c->has_guid == (kind == MOF_STANDARD_BASE))
                        fail_msg("%s: guid", c->name.p);
                if (kind == MOF_STANDARD_EMBEDDED && !c->layout)
                        fail_msg("%s is a part without items", c->name.p);
                if (kind == MOF_STANDARD_EVENT && c->abstract)
                        fail_msg("%s is an abstract event", c->name.p);
                if (!block)
                        continue;
                const CimProperty *p = &c->properties[name];
                assert_int_equal(p->type, CIM_STRING);
                assert_true(cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("key")));
                assert_int_equal(c->properties[active].type, CIM_BOOLEAN);
                for (size_t k = 0; k < c->method_count; k++)
                        assert_int_equal(c->methods[k].method_id, k + 1);
        }
}

typedef struct Twin {
        const CimClass *klass;
        unsigned n;
} Twin;

static int twin(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        ((Twin *)context)->n += c != ((Twin *)context)->klass;
        return 0;
}

static void a_guid_is_of_one_class(void **state)
{
        (void)state;
        for (size_t i = 0; i < mof_standard_count; i++) {
                Twin t = {.klass = standard(mof_standard_names[i].p)};
                if (!t.klass->has_guid)
                        continue;
                cim_schema_each_guid(schema, &t.klass->guid, twin, &t);
                bool shared = str_eq(t.klass->name, STR("MSStorageDriver_ATAPISmartData")) ||
                              str_eq(t.klass->name, STR("MSStorageDriver_FailurePredictData"));
                if (t.n != shared)
                        fail_msg("%s shares its GUID with %u classes", t.klass->name.p, t.n);
        }
}

static void kinds(void **state)
{
        static const struct {
                const char *name, *kind;
        } some[] = {{"MSNdis", "base"},
                    {"BatteryEvent", "base"},
                    {"MSMCAInfo", "base"},
                    {"MSNdis_LinkSpeed", "data"},
                    {"BatteryStatus", "data"},
                    {"MSNdis_StatusMediaConnect", "event"},
                    {"MSStorageDriver_FailurePredictEvent", "event"},
                    {"MSStorageDriver_FailurePredictFunction", "methods"},
                    {"WmiMonitorBrightnessMethods", "methods"},
                    {"MSNdis_NetworkAddress", "embedded"},
                    {"VideoModeDescriptor", "embedded"}};
        (void)state;
        for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
                assert_string_equal(mof_standard_kind_name(mof_standard_kind(standard(some[i].name))),
                                    some[i].kind);
}

// Are these classes of that sort, and none of them twice?
static void check_list(const MofDeviceType *t, const char *const *list, bool event)
{
        for (size_t i = 0; list[i]; i++) {
                MofStandardKind kind = mof_standard_kind(standard(list[i]));
                if ((kind == MOF_STANDARD_EVENT) != event || kind == MOF_STANDARD_BASE ||
                    kind == MOF_STANDARD_EMBEDDED)
                        fail_msg("%s of %s is a class for %s", list[i], t->name,
                                 mof_standard_kind_name(kind));
                for (size_t k = 0; k < i; k++)
                        if (strcmp(list[i], list[k]) == 0)
                                fail_msg("%s of %s comes twice", list[i], t->name);
        }
}

static void device_types_fit(void **state)
{
        size_t n = 0;
        (void)state;
        for (const MofDeviceType *t = mof_device_types; t->name; t++, n++) {
                check_list(t, t->events, true);
                check_list(t, t->blocks, false);
                assert_true(t->about && *t->about);
                assert_int_equal(!t->own_mof, !t->own_events[0]);
                for (size_t i = 0; t->own_events[i]; i++)
                        assert_false(mof_standard_is(str_of(t->own_events[i])));
                assert_ptr_equal(mof_device_type(str_of(t->name)), t); // and so no name comes twice
                assert_true(t->events[0] || t->blocks[0] || t->own_events[0]);
        }
        assert_true(n >= 14);
        assert_string_equal(mof_device_type(STR("DISK"))->events[0], "MSStorageDriver_FailurePredictEvent");
        assert_null(mof_device_type(STR("")));
        assert_null(mof_device_type(STR("diskette")));
}

// A driver may derive from standard classes, events and others.
static void deriving(void **state)
{
        static const char text[] =
                "#pragma namespace(\"\\\\\\\\.\\\\root\\\\wmi\")\n"
                "[Dynamic, Provider(\"WMIProv\"), WMI, guid(\"{6c3cb1a4-5c5a-4f0e-a8b0-1d6ad44a3d01}\")]\n"
                "class Acme_DiskWarning : MSStorageDriver_FailurePredictEvent { [WmiDataId(3)] uint32 "
                "Degrees; };\n";
        MofPlan *m;
        Diag d[1];
        size_t n;
        (void)state;
        MofSource source = {.text = STR(text), .name = "acme.mof", .namespace = STR("root\\wmi")};
        assert_int_equal(mof_compile(&source, &(MofBuild){.schema = schema}, &m, d, 1, &n), 0);
        const CimClass *c = m->steps[0].klass;
        assert_true(cim_class_isa(c, STR("WMIEvent")));
        assert_non_null(c->layout);
        assert_int_equal(c->layout->item_count, 3);
        mof_plan_free(m);
}

int main(void)
{
        if (mof_standard_schema(&schema)) {
                printf("Bail out! the standard blocks do not compile\n");
                return 1;
        }
        int r = testkit_run((TestCase[]){TEST(names_are_all_classes), TEST(classes_are_well_made),
                                         TEST(a_guid_is_of_one_class), TEST(kinds), TEST(device_types_fit),
                                         TEST(deriving), TEST_END});
        cim_schema_unref(schema);
        return r;
}
