// SPDX-License-Identifier: MIT
// cim: what PutClass may change, by the sentences of its documentation.
#include "cim/update.h"

#include "base/testkit.h"
#include "cim/path.h"
#include "cim/status.h"
#include "cim/test-cim.h"

#define NS         STR("root\\x")
#define PUT(c)     ((CimChange){.namespace = NS, .klass = (c)})
#define TO_ALL     (CIM_FLAVOR_TO_SUBCLASS | CIM_FLAVOR_NOT_OVERRIDABLE)
#define COMPATIBLE CIM_UPDATE_COMPATIBLE
#define SAFE       CIM_UPDATE_SAFE
#define FORCE      CIM_UPDATE_FORCE

static CimSchema *schema;

// Adds a class to the schema.
static const CimClass *put(CimClassSpec spec, const char *superclass)
{
        CimUpdate u;
        CimSchema *next = NULL;
        Diag d = {0};
        if (cim_update_check(schema, NS, &spec, str_of(superclass), COMPATIBLE, false, false, &u, &d))
                fail_msg("%s", d.message);
        assert_false(u.same || u.drops_instances);
        assert_int_equal(u.change_count, 1);
        assert_int_equal(cim_schema_change(schema, u.changes, u.change_count, &next, &d), 0);
        cim_update_deinit(&u);
        cim_schema_unref(schema);
        schema = next;
        return cim_schema_find(schema, NS, spec.name);
}

// Starts anew: Base { X, [key] K, void M(uint8 a) }, Derived : Base { Y }.
#define METHOD(t)                                                                                            \
        .methods = (CimMethodSpec[]){{.name = STR("M"),                                                      \
                                      .parameters = (CimPropertySpec[]){P("a", t)},                          \
                                      .parameter_count = 1}},                                                \
        .method_count = 1
#define KEYED P("K", CIM_STRING, QUALIFIERS(QB("key")))

static void begin(void)
{
        cim_schema_unref(schema);
        schema = cim_schema_new();
        put(CLASS("Base", PROPERTIES(P("X", CIM_UINT8), KEYED), METHOD(CIM_UINT8)), "");
        put(CLASS("Derived", PROPERTIES(P("Y", CIM_UINT8))), "Base");
}

enum { NOTHING = 0, OWN = 1, BELOW = 2 };

// Updates, and applies the update. code 0: it is allowed.
static CimUpdate tried(CimClassSpec spec, const char *superclass, CimUpdateMode mode, unsigned instances,
                       int code)
{
        CimUpdate u;
        CimSchema *next = NULL;
        Diag d = {0};
        int r = cim_update_check(schema, NS, &spec, str_of(superclass), mode, instances & OWN,
                                 instances & BELOW, &u, &d);
        if (r == E_DIAG ? d.code != (uint32_t)code : code)
                fail_msg("0x%08X: %s", d.code, d.message);
        if (r) {
                assert_null(u.changes);
                assert_int_equal(cim_update_check(schema, NS, &spec, str_of(superclass), mode,
                                                  instances & OWN, instances & BELOW, &u, NULL),
                                 E_DIAG);
                return u;
        }
        if (!u.same) {
                assert_int_equal(cim_schema_change(schema, u.changes, u.change_count, &next, &d), 0);
                cim_schema_unref(schema);
                schema = next;
        }
        CimUpdate plain = {
                .same = u.same, .drops_instances = u.drops_instances, .change_count = u.change_count};
        cim_update_deinit(&u);
        return plain;
}

static const CimClass *class_of(const char *name)
{
        const CimClass *c = cim_schema_find(schema, NS, str_of(name));
        assert_non_null(c);
        return c;
}

// "Allows a class to be updated if there are no derived classes and there are no instances for that class."
static void compatible_needs_a_class_alone(void **state)
{
        (void)state;
        CimClassSpec more =
                CLASS("Base", PROPERTIES(P("X", CIM_UINT8), KEYED, P("New", CIM_UINT8)), METHOD(CIM_UINT8));
        CimClassSpec leaf = CLASS("Derived", PROPERTIES(P("Y", CIM_STRING)));
        begin();
        tried(more, "", COMPATIBLE, NOTHING, CIM_E_CLASS_HAS_CHILDREN);
        tried(leaf, "Base", COMPATIBLE, OWN, CIM_E_CLASS_HAS_INSTANCES);
        assert_false(tried(leaf, "Base", COMPATIBLE, NOTHING, 0).drops_instances);
        assert_int_equal(class_of("Derived")->properties[2].type, CIM_STRING);
}

// "... updates in all cases if the change is just to unimportant qualifiers (for example, the Description
// qualifier)."
static void unimportant_qualifiers_may_change_always(void **state)
{
        (void)state;
        CimClassSpec described = CLASS(
                "Base", QUALIFIERS(QS("Description", u"a base")),
                PROPERTIES(P("X", CIM_UINT8, QUALIFIERS(QS("Units", u"bytes"))), KEYED), METHOD(CIM_UINT8));
        for (unsigned mode = COMPATIBLE; mode <= FORCE; mode++) {
                begin();
                CimUpdate u = tried(described, "", (CimUpdateMode)mode, OWN | BELOW, 0);
                assert_true(!u.same && !u.drops_instances && u.change_count == 1);
                assert_int_equal(class_of("Base")->qualifier_count, 1);
                assert_int_equal(class_of("Derived")->properties[0].qualifier_count, 1);
                assert_true(tried(described, "", (CimUpdateMode)mode, OWN | BELOW, 0).same);
        }
        // The case of a name, the order of qualifiers, a qualifier that goes.
        begin();
        assert_false(tried(CLASS("BASE", PROPERTIES(P("x", CIM_UINT8), KEYED), METHOD(CIM_UINT8)), "",
                           COMPATIBLE, OWN, 0)
                             .same);
        static const char *const matter[] = {"abstract", "singleton", "dynamic", "provider",
                                             "guid",     "WmiDataId", "key"};
        for (size_t i = 0; i < COUNT(matter); i++) {
                CimQualifier q = {str_of(matter[i]), VS(CIM_STRING, u"12345678-abcd-EF01-0102-030405060708"),
                                  0};
                begin();
                tried(CLASS("Base", QUALIFIERS(q), PROPERTIES(P("X", CIM_UINT8), KEYED), METHOD(CIM_UINT8)),
                      "", COMPATIBLE, NOTHING, CIM_E_CLASS_HAS_CHILDREN);
        }
}

static void the_same_is_the_same(void **state)
{
        (void)state;
        CimQualifier ab[] = {QB("a"), QS("b", u"x")}, ba[] = {QS("b", u"x"), QB("a")};
        begin();
        put(CLASS("Q", .qualifiers = ab, .qualifier_count = 2), "");
        CimUpdate u =
                tried(CLASS("Q", .qualifiers = ba, .qualifier_count = 2), "", COMPATIBLE, OWN | BELOW, 0);
        assert_true(u.same && !u.change_count);
        assert_false(tried(CLASS("Q", .qualifiers = ab, .qualifier_count = 1), "", COMPATIBLE, OWN, 0).same);
        // Whatever else is declared differently.
        CimClassSpec others[] = {
                CLASS("Base", PROPERTIES(KEYED, P("X", CIM_UINT8)), METHOD(CIM_UINT8)),
                CLASS("Base", PROPERTIES(P("X", CIM_UINT8), KEYED)),
                CLASS("Base", PROPERTIES(P("X", CIM_UINT8)), METHOD(CIM_UINT8)),
                CLASS("Base", PROPERTIES(P("X", CIM_UINT8 | CIM_ARRAY), KEYED), METHOD(CIM_UINT8)),
                CLASS("Base",
                      PROPERTIES(P("X", CIM_UINT8, .has_default = true, .value = VU(CIM_UINT8, 0)), KEYED),
                      METHOD(CIM_UINT8)),
                CLASS("Base", PROPERTIES(P("X", CIM_UINT8), KEYED), METHOD(CIM_UINT16)),
                CLASS("Base", PROPERTIES(P("Z", CIM_UINT8), KEYED), METHOD(CIM_UINT8)),
        };
        for (size_t i = 0; i < COUNT(others); i++) {
                begin();
                tried(others[i], "", COMPATIBLE, NOTHING, CIM_E_CLASS_HAS_CHILDREN);
                assert_false(tried(others[i], "", FORCE, NOTHING, 0).same);
        }
}

// "Allows updates of classes even if there are child classes if the change does not cause any conflicts with
// child classes. ... adding a new property to a base class that was not previously mentioned in any of the
// child classes. If the class has instances the update fails."
static void safe_changes_below_fitting_classes(void **state)
{
        (void)state;
        CimClassSpec more =
                CLASS("Base", PROPERTIES(P("X", CIM_UINT8), KEYED, P("New", CIM_UINT8)), METHOD(CIM_UINT8));
        begin();
        tried(more, "", SAFE, OWN, CIM_E_CLASS_HAS_INSTANCES);
        tried(more, "", SAFE, BELOW, CIM_E_CLASS_HAS_INSTANCES);
        CimUpdate u = tried(more, "", SAFE, NOTHING, 0);
        assert_true(u.change_count == 1 && !u.drops_instances);
        assert_int_equal(class_of("Derived")->property_count, 4);
        tried(CLASS("Base", PROPERTIES(KEYED)), "", SAFE, NOTHING, 0);
        assert_int_equal(class_of("Derived")->property_count, 2);
}

// The conflicts, each with its code; what a forced update takes away. Of the derived class `is` remains.
static void conflict(CimClassSpec derived, CimClassSpec base, int code, CimClassSpec is)
{
        begin();
        put(derived, "Base");
        put(CLASS("Leaf", PROPERTIES(P("L", CIM_UINT8))), derived.name.p);
        tried(base, "", COMPATIBLE, NOTHING, CIM_E_CLASS_HAS_CHILDREN);
        tried(base, "", SAFE, NOTHING, code);
        tried(base, "", FORCE, BELOW, CIM_E_CLASS_HAS_INSTANCES);
        CimUpdate u = tried(base, "", FORCE, NOTHING, 0);
        assert_int_equal(u.change_count, 2);
        CimClass *want = NULL;
        assert_int_equal(cim_class_new(&is, class_of("Base"), NULL, NULL, &want, NULL), 0);
        assert_true(cim_class_same(want, class_of(derived.name.p)));
        assert_ptr_equal(class_of("Leaf")->super, class_of(derived.name.p));
        assert_int_equal(class_of("Leaf")->property_count, want->property_count + 1);
        cim_class_unref(want);
}

static void conflicts_are_refused_or_removed(void **state)
{
        (void)state;
        CimPropertySpec base[] = {P("X", CIM_UINT8), KEYED, P("New", CIM_STRING)};
        CimPropertySpec n8[] = {P("New", CIM_UINT8), P("Own", CIM_UINT8)};
        conflict(CLASS("D", .properties = n8, .property_count = 2),
                 CLASS("Base", .properties = base, .property_count = 3, METHOD(CIM_UINT8)),
                 CIM_E_UPDATE_TYPE_MISMATCH, CLASS("D", PROPERTIES(P("Own", CIM_UINT8))));
        // "... if a class qualifier was defined in a child class, and the base class tries to add the same
        // qualifier and in conflict with the existing one."
        conflict(CLASS("D", QUALIFIERS(QS("Q", u"mine"), QB("kept"))),
                 CLASS("Base", QUALIFIERS(QF(QS("Q", u"other"), TO_ALL), QB("dynamic")),
                       PROPERTIES(P("X", CIM_UINT8), KEYED), METHOD(CIM_UINT8)),
                 CIM_E_UPDATE_OVERRIDE_NOT_ALLOWED, CLASS("D", QUALIFIERS(QB("kept"))));
        conflict(CLASS("D", PROPERTIES(P("X", CIM_UINT8, QUALIFIERS(QU("MaxLen", 5), QB("kept"))))),
                 CLASS("Base",
                       PROPERTIES(
                               P("X", CIM_UINT8, QUALIFIERS(QF(QU("MaxLen", 6), CIM_FLAVOR_NOT_OVERRIDABLE))),
                               KEYED),
                       METHOD(CIM_UINT8)),
                 CIM_E_UPDATE_OVERRIDE_NOT_ALLOWED,
                 CLASS("D", PROPERTIES(P("X", CIM_UINT8, QUALIFIERS(QB("kept"))))));
        conflict(CLASS("D", METHOD(CIM_UINT8)),
                 CLASS("Base", PROPERTIES(P("X", CIM_UINT8), KEYED), METHOD(CIM_UINT16)),
                 CIM_E_UPDATE_PROPAGATED_METHOD, CLASS("D"));
        // An unimportant qualifier can be in conflict too, in any mode.
        begin();
        put(CLASS("D", QUALIFIERS(QS("Note", u"mine"))), "Base");
        CimClassSpec noted = CLASS("Base", QUALIFIERS(QF(QS("Note", u"other"), TO_ALL)),
                                   PROPERTIES(P("X", CIM_UINT8), KEYED), METHOD(CIM_UINT8));
        tried(noted, "", COMPATIBLE, NOTHING, CIM_E_UPDATE_OVERRIDE_NOT_ALLOWED);
        assert_int_equal(tried(noted, "", FORCE, OWN | BELOW, 0).change_count, 2);
        assert_false(cim_value_same(&class_of("D")->qualifiers[0].value, &VS(CIM_STRING, u"mine")));
}

// "Using force mode to update a static class results in the deletion of all instances of that class."
// "If the child class has instances, the forced update fails." (mofcomp)
static void force_drops_instances(void **state)
{
        (void)state;
        CimClassSpec more = CLASS("Base", PROPERTIES(P("X", CIM_STRING), KEYED), METHOD(CIM_UINT8));
        begin();
        tried(more, "", FORCE, BELOW, CIM_E_CLASS_HAS_INSTANCES);
        tried(more, "", FORCE, OWN | BELOW, CIM_E_CLASS_HAS_INSTANCES);
        assert_true(tried(more, "", FORCE, OWN, 0).drops_instances);
        begin();
        assert_false(tried(more, "", FORCE, NOTHING, 0).drops_instances);
}

// WBEM_E_CANNOT_CHANGE_KEY_INHERITANCE: "change a key when instances or subclasses are already using the
// key".
static void keys_change_below_nobody(void **state)
{
        (void)state;
        CimClassSpec other =
                CLASS("Base", PROPERTIES(P("X", CIM_UINT8, QUALIFIERS(QB("key"))), P("K", CIM_STRING)),
                      METHOD(CIM_UINT8));
        begin();
        tried(other, "", SAFE, NOTHING, CIM_E_CANNOT_CHANGE_KEY_INHERITANCE);
        tried(other, "", FORCE, NOTHING, 0);
        uint32_t key = 9;
        assert_int_equal(cim_class_keys(class_of("Derived"), &key, 1), 1);
        assert_int_equal(key, 0);
        // Below an abstract class without a key, D has one; then the abstract class gets one.
        begin();
        put(CLASS("Top", QUALIFIERS(QB("abstract")), PROPERTIES(P("T", CIM_UINT8))), "");
        put(CLASS("D", PROPERTIES(P("N", CIM_UINT8, QUALIFIERS(QB("key"), QB("kept"))))), "Top");
        CimClassSpec keyed = CLASS("Top", QUALIFIERS(QB("abstract")),
                                   PROPERTIES(P("T", CIM_UINT8, QUALIFIERS(QB("key")))));
        tried(keyed, "", SAFE, NOTHING, CIM_E_CANNOT_CHANGE_KEY_INHERITANCE);
        tried(keyed, "", FORCE, NOTHING, 0);
        assert_int_equal(class_of("D")->properties[1].qualifier_count, 1);
        // The same for a singleton above and below.
        begin();
        put(CLASS("Top", QUALIFIERS(QB("abstract"))), "");
        put(CLASS("D", PROPERTIES(P("N", CIM_UINT8, QUALIFIERS(QB("key"))))), "Top");
        put(CLASS("S", QUALIFIERS(QB("singleton"))), "Top");
        tried(CLASS("Top", QUALIFIERS(QB("abstract"), QB("singleton"))), "", FORCE, NOTHING, 0);
        assert_int_equal(class_of("D")->properties[0].qualifier_count, 0);
        tried(CLASS("Top"), "", SAFE, NOTHING, CIM_E_CANNOT_CHANGE_KEY_INHERITANCE);
        tried(CLASS("Top"), "", FORCE, NOTHING, 0);
        assert_int_equal(class_of("S")->declared->qualifier_count, 0);
}

static void superclasses(void **state)
{
        (void)state;
        begin();
        put(CLASS("Other"), "");
        CimClassSpec base = CLASS("Base", PROPERTIES(P("X", CIM_UINT8), KEYED), METHOD(CIM_UINT8));
        CimClassSpec leaf = CLASS("Derived", PROPERTIES(P("Y", CIM_UINT8)));
        for (unsigned mode = COMPATIBLE; mode <= FORCE; mode++) {
                tried(base, "Other", (CimUpdateMode)mode, NOTHING, CIM_E_INVALID_OPERATION);
                tried(leaf, "Other", (CimUpdateMode)mode, OWN, CIM_E_INVALID_OPERATION);
                tried(leaf, "", (CimUpdateMode)mode, OWN, CIM_E_INVALID_OPERATION);
                tried(leaf, "Nobody", (CimUpdateMode)mode, NOTHING, CIM_E_INVALID_SUPERCLASS);
                tried(base, "Derived", (CimUpdateMode)mode, NOTHING, CIM_E_INVALID_SUPERCLASS);
                tried(leaf, "Derived", (CimUpdateMode)mode, NOTHING, CIM_E_INVALID_SUPERCLASS);
        }
        tried(leaf, "Other", COMPATIBLE, NOTHING, 0);
        assert_ptr_equal(class_of("Derived")->super, class_of("Other"));
        tried(leaf, "", COMPATIBLE, NOTHING, 0);
        assert_null(class_of("Derived")->super);
        tried(CLASS("Fresh", QUALIFIERS(QB("abstract"))), "Other", COMPATIBLE, NOTHING,
              CIM_E_CANNOT_BE_ABSTRACT);
        tried(CLASS("Fresh", PROPERTIES(P("A", CIM_UINT8), P("A", CIM_UINT8))), "", FORCE, NOTHING,
              CIM_MOF_DUPLICATE_PROPERTY);
}

// A long family in the wrong order of creation: superclasses are built first all the same.
static void families(void **state)
{
        (void)state;
        enum { N = 600 };
        static char names[N][8];
        begin();
        for (int i = 0; i < N; i++) {
                snprintf(names[i], sizeof(names[i]), "F%d", i);
                // Of a class of many: a chain of 50, then another from Base.
                put((CimClassSpec){.name = str_of(names[i])}, i % 50 ? names[i - 1] : "Base");
                if (i % 7 == 0) { // later in the order of creation than what derives from it
                        CimClass *c = NULL;
                        const CimClass *was = class_of(names[i]);
                        CimSchema *next = NULL, *gone = NULL;
                        assert_int_equal(cim_class_new(was->declared, was->super, NULL, NULL, &c, NULL), 0);
                        CimChange out = {.namespace = NS, .klass = c, .remove = true}, in = PUT(c);
                        assert_int_equal(cim_schema_change(schema, &out, 1, &gone, NULL), 0);
                        assert_int_equal(cim_schema_change(gone, &in, 1, &next, NULL), 0);
                        cim_schema_unref(gone);
                        cim_schema_unref(schema);
                        schema = next;
                        cim_class_unref(c);
                }
        }
        tried(CLASS("Base", PROPERTIES(P("New", CIM_UINT8), KEYED)), "", SAFE, NOTHING, 0);
        for (int i = 0; i < N; i++)
                assert_int_equal(class_of(names[i])->property_count, 2);
}

static void the_schema_ends(void **state)
{
        (void)state;
        schema = cim_schema_unref(schema);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(compatible_needs_a_class_alone),
                TEST(unimportant_qualifiers_may_change_always),
                TEST(the_same_is_the_same),
                TEST(safe_changes_below_fitting_classes),
                TEST(conflicts_are_refused_or_removed),
                TEST(force_drops_instances),
                TEST(keys_change_below_nobody),
                TEST(superclasses),
                TEST(families),
                TEST(the_schema_ends),
                TEST_END,
        });
}
