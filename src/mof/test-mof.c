// SPDX-License-Identifier: MIT
// The built-in texts, and compiling as the service does it.
#include "base/testkit.h"

#include "base/limits.h"
#include "cim/status.h"
#include "mof/system.h"
#include "mof/test-support.h"

static void system_classes_are_there(void **state)
{
        (void)state;
        CimSchema *s = support_schema();
        const CimClass *c = cim_schema_find(s, STR("root\\wmi"), STR("WMIEvent"));
        assert_non_null(c);
        assert_true(cim_class_isa(c, STR("__Event")));
        assert_int_equal(c->property_count, 2);
        assert_true(str_eq(c->properties[0].name, STR("SECURITY_DESCRIPTOR")));
        assert_true(str_eq(c->properties[1].name, STR("TIME_CREATED")));
        assert_null(cim_schema_find(s, STR("root\\wmi"), STR("__ArbitratorConfiguration")));
        cim_schema_unref(s);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(system_classes_are_there), TEST_END});
}
