// SPDX-License-Identifier: MIT
// cim: classes, values, instances, datetimes.
#include "cim/class.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/testkit.h"
#include "cim/instance.h"
#include "cim/layout.h"
#include "cim/status.h"
#include "cim/test-cim.h"

static CimClass *made(const CimClassSpec *s, const CimClass *super, CimClass **known)
{
        CimClass *c = NULL;
        Diag d = {0};
        int r = cim_class_new(s, super, test_resolve, known, &c, &d);
        if (r)
                print_error("%.*s: %s\n", STR_ARG(s->name), d.message);
        assert_int_equal(r, 0);
        return c;
}

// The class must be refused with that code.
static void refused(const CimClassSpec *s, const CimClass *super, uint32_t code)
{
        CimClass *c = NULL;
        Diag d = {0};
        assert_int_equal(cim_class_new(s, super, NULL, NULL, &c, &d), E_DIAG);
        assert_int_equal(d.code, code);
        assert_true(d.message[0] != '\0');
        assert_null(c);
}

static void inherited_properties_keep_their_place(void **state)
{
        (void)state;
        CimClass *a =
                made(&CLASS("A", PROPERTIES(P("Name", CIM_STRING, QUALIFIERS(QB("key"), QB("read"))),
                                            P("Size", CIM_UINT32,
                                              QUALIFIERS(QU("WmiDataId", 1),
                                                         QF(QS("Units", u"bytes"), CIM_FLAVOR_TO_SUBCLASS),
                                                         QS("Description", u"x")),
                                              .has_default = true, .value = VU(CIM_UINT32, 7)))),
                     NULL, NULL);
        CimClass *b = made(&CLASS("B", PROPERTIES(P("Fast", CIM_BOOLEAN),
                                                  P("SIZE", CIM_UINT32, QUALIFIERS(QS("Extra", u"y"))))),
                           a, NULL);
        assert_int_equal(b->property_count, 3);
        assert_int_equal(cim_class_property(b, STR("name")), 0);
        assert_int_equal(cim_class_property(b, STR("size")), 1);
        assert_int_equal(cim_class_property(b, STR("fast")), 2);
        assert_int_equal(cim_class_property(b, STR("slow")), -1);
        const CimProperty *name = &b->properties[0], *size = &b->properties[1], *fast = &b->properties[2];
        assert_true(str_eq(size->name, STR("Size")));
        assert_ptr_equal(name->origin, a);
        assert_ptr_equal(size->origin, a);
        assert_ptr_equal(fast->origin, b);
        assert_false(name->local);
        assert_true(size->local && fast->local);
        assert_int_equal(size->value.uint, 7);
        assert_int_equal(size->data_id, 1);
        const CimQualifier *key = cim_qualifier_find(name->qualifiers, name->qualifier_count, STR("KEY"));
        assert_non_null(key);
        assert_true(key->flavor & CIM_FLAVOR_PROPAGATED);
        assert_false(a->properties[0].qualifiers[0].flavor & CIM_FLAVOR_PROPAGATED);
        assert_non_null(cim_qualifier_find(size->qualifiers, size->qualifier_count, STR("units")));
        assert_non_null(cim_qualifier_find(size->qualifiers, size->qualifier_count, STR("extra")));
        assert_null(cim_qualifier_find(size->qualifiers, size->qualifier_count, STR("description")));
        assert_true(cim_class_isa(b, STR("a")) && cim_class_isa(b, STR("b")));
        assert_false(cim_class_isa(a, STR("b")));
        cim_class_unref(a); // b keeps it
        assert_true(str_eq(b->super->name, STR("A")));
        cim_class_unref(b);
}

static void types_may_only_narrow(void **state)
{
        (void)state;
        CimClass *thing = made(&CLASS("Thing", PROPERTIES(P("X", CIM_UINT8))), NULL, NULL);
        CimClass *fine = made(&CLASS("Fine"), thing, NULL);
        CimClass *other = made(&CLASS("Other"), NULL, NULL);
        CimClass *known[] = {thing, fine, other, NULL};
        CimClass *a = made(&CLASS("A", PROPERTIES(P("Any", CIM_OBJECT),
                                                  P("One", CIM_OBJECT, .class_name = STR("Thing")))),
                           NULL, known);
        assert_ptr_equal(a->properties[1].object_class, thing);
        CimClass *b = made(&CLASS("B", PROPERTIES(P("Any", CIM_OBJECT, .class_name = STR("Other")),
                                                  P("One", CIM_OBJECT, .class_name = STR("fine")))),
                           a, known);
        assert_ptr_equal(b->properties[1].object_class, fine);
        CimClass *c = made(&CLASS("C", PROPERTIES(P("One", CIM_OBJECT))), a, known);
        assert_ptr_equal(c->properties[1].object_class, thing);
        Diag d;
        CimClass *none;
        CimClassSpec wrong = CLASS("D", PROPERTIES(P("One", CIM_OBJECT, .class_name = STR("Other"))));
        assert_int_equal(cim_class_new(&wrong, a, test_resolve, known, &none, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_TYPE_MISMATCH);
        refused(&CLASS("E", PROPERTIES(P("X", CIM_UINT16))), thing, CIM_E_TYPE_MISMATCH);
        refused(&CLASS("E", PROPERTIES(P("X", CIM_UINT8 | CIM_ARRAY))), thing, CIM_E_TYPE_MISMATCH);
        CimClass *all[] = {a, b, c, thing, fine, other};
        for (size_t i = 0; i < COUNT(all); i++)
                cim_class_unref(all[i]);
}

static void wrong_declarations_are_refused(void **state)
{
        (void)state;
        refused(&CLASS("A", PROPERTIES(P("X", CIM_UINT8), P("x", CIM_UINT8))), NULL,
                CIM_MOF_DUPLICATE_PROPERTY);
        refused(&CLASS("A", PROPERTIES(P("X", 77))), NULL, CIM_E_INVALID_PROPERTY_TYPE);
        refused(&CLASS("A", PROPERTIES(P("X", CIM_UINT8 | 0x4000))), NULL, CIM_E_INVALID_PROPERTY_TYPE);
        refused(&CLASS("A", PROPERTIES(P("X", CIM_NONE))), NULL, CIM_E_INVALID_PROPERTY_TYPE);
        refused(&CLASS("A", PROPERTIES(P("1X", CIM_UINT8))), NULL, CIM_E_INVALID_PARAMETER);
        refused(&CLASS(""), NULL, CIM_E_INVALID_PARAMETER);
        refused(&CLASS("A B"), NULL, CIM_E_INVALID_PARAMETER);
        refused(&CLASS("A", PROPERTIES(P("X", CIM_UINT8, .has_default = true, .value = VU(CIM_UINT8, 256)))),
                NULL, CIM_E_VALUE_OUT_OF_RANGE);
        refused(&CLASS("A", PROPERTIES(P("X", CIM_SINT8, .has_default = true, .value = VI(CIM_SINT8, -129)))),
                NULL, CIM_E_VALUE_OUT_OF_RANGE);
        refused(&CLASS("A", PROPERTIES(P("X", CIM_UINT8, .has_default = true, .value = VU(CIM_UINT16, 1)))),
                NULL, CIM_E_TYPE_MISMATCH);
        refused(&CLASS("A", PROPERTIES(P("X", CIM_DATETIME, .has_default = true,
                                         .value = VS(CIM_DATETIME, u"soon")))),
                NULL, CIM_E_TYPE_MISMATCH);
        refused(&CLASS("A", PROPERTIES(P("X", CIM_UINT8 | CIM_ARRAY, .max = 1, .has_default = true,
                                         .value = VA(CIM_UINT8, VU(CIM_UINT8, 1), VU(CIM_UINT8, 2))))),
                NULL, CIM_E_VALUE_OUT_OF_RANGE);
        refused(&CLASS("A", PROPERTIES(P("X", CIM_UINT8 | CIM_ARRAY, .has_default = true,
                                         .value = VA(CIM_UINT8, cim_null(CIM_UINT8))))),
                NULL, CIM_E_ILLEGAL_NULL);
        refused(&CLASS("A", QUALIFIERS(QB("q"), QB("Q"))), NULL, CIM_MOF_DUPLICATE_QUALIFIER);
        refused(&CLASS("A", QUALIFIERS(QS("guid", u"{12345}"))), NULL, CIM_E_INVALID_QUALIFIER);
        refused(&CLASS("A", QUALIFIERS(QB("guid"))), NULL, CIM_E_INVALID_QUALIFIER);
        refused(&CLASS("A", .methods = (CimMethodSpec[]){{.name = STR("M")}, {.name = STR("m")}},
                       .method_count = 2),
                NULL, CIM_MOF_DUPLICATE_PROPERTY);
        refused(&CLASS("A",
                       .methods = (CimMethodSpec[]){{.name = STR("M"), .return_type = CIM_UINT8 | CIM_ARRAY}},
                       .method_count = 1),
                NULL, CIM_MOF_NO_ARRAYS_RETURNED);
        CimClass *c;
        Diag d;
        CimClassSpec s =
                CLASS("A", PROPERTIES(P("Y", CIM_UINT8, .offset = 10), P("y", CIM_UINT8, .offset = 20)));
        assert_int_equal(cim_class_new(&s, NULL, NULL, NULL, &c, &d), E_DIAG);
        assert_int_equal(d.offset, 20);
}

static void guid_and_abstract(void **state)
{
        (void)state;
        static const uint8_t bytes[16] = {0x78, 0x56, 0x34, 0x12, 0xcd, 0xab, 0x01, 0xef,
                                          1,    2,    3,    4,    5,    6,    7,    8};
        CimClass *a = made(&CLASS("A", QUALIFIERS(QF(QS("GUID", u"{12345678-ABCD-ef01-0102-030405060708}"),
                                                     CIM_FLAVOR_TO_SUBCLASS),
                                                  QB("Abstract"))),
                           NULL, NULL);
        CimClass *b = made(&CLASS("B", QUALIFIERS(QS("Guid", u"12345678-abcd-EF01-0102-030405060708"))), NULL,
                           NULL);
        CimClass *c = made(&CLASS("C"), a, NULL);
        assert_true(a->has_guid && b->has_guid && !c->has_guid);
        assert_memory_equal(a->guid.b, bytes, 16);
        assert_memory_equal(b->guid.b, bytes, 16);
        assert_true(a->abstract && !c->abstract);
        cim_class_unref(c);
        cim_class_unref(b);
        cim_class_unref(a);
}

static void qualifiers_travel_by_their_flavors(void **state)
{
        (void)state;
        CimClass *a =
                made(&CLASS("A", QUALIFIERS(QF(QS("Up", u"a"), CIM_FLAVOR_TO_SUBCLASS), QS("Here", u"b"),
                                            QF(QS("Fixed", u"c"),
                                               CIM_FLAVOR_TO_SUBCLASS | CIM_FLAVOR_NOT_OVERRIDABLE))),
                     NULL, NULL);
        CimClass *b = made(&CLASS("B", QUALIFIERS(QS("up", u"mine"), QS("Fixed", u"c"))), a, NULL);
        assert_int_equal(b->qualifier_count, 2);
        CimClass *c = made(&CLASS("C"), a, NULL);
        assert_int_equal(c->qualifier_count, 2);
        assert_int_equal(c->qualifiers[0].flavor, CIM_FLAVOR_TO_SUBCLASS | CIM_FLAVOR_PROPAGATED);
        refused(&CLASS("D", QUALIFIERS(QS("FIXED", u"other"))), a, CIM_E_OVERRIDE_NOT_ALLOWED);
        CimClass *d = made(&CLASS("D"), c, NULL); // and on to the next generation
        assert_int_equal(d->qualifier_count, 2);
        cim_class_unref(d);
        cim_class_unref(c);
        cim_class_unref(b);
        cim_class_unref(a);
}

static void methods_are_inherited_and_replaced(void **state)
{
        (void)state;
        CimPropertySpec in[] = {P("Level", CIM_UINT32, QUALIFIERS(QB("in")))};
        CimPropertySpec twice[] = {P("Level", CIM_UINT32), P("level", CIM_UINT32)};
        CimClass *a = made(
                &CLASS("A",
                       .methods = (CimMethodSpec[]){{.name = STR("Set"),
                                                     .parameters = in,
                                                     .parameter_count = 1,
                                                     QUALIFIERS(QU("WmiMethodId", 3), QB("Implemented"))},
                                                    {.name = STR("Get"), .return_type = CIM_UINT32}},
                       .method_count = 2),
                NULL, NULL);
        assert_int_equal(a->methods[0].method_id, 3);
        CimClass *b = made(
                &CLASS("B",
                       .methods =
                               (CimMethodSpec[]){{.name = STR("SET"), .parameters = in, .parameter_count = 1},
                                                 {.name = STR("New")}},
                       .method_count = 2),
                a, NULL);
        assert_int_equal(b->method_count, 3);
        assert_true(str_eq(b->methods[0].name, STR("Set")));
        assert_int_equal(b->methods[0].method_id, 3);
        assert_true(b->methods[0].local && !b->methods[1].local && b->methods[2].local);
        refused(&CLASS("C",
                       .methods =
                               (CimMethodSpec[]){
                                       {.name = STR("M"), .parameters = twice, .parameter_count = 2}},
                       .method_count = 1),
                NULL, CIM_MOF_DUPLICATE_PROPERTY);
        cim_class_unref(b);
        cim_class_unref(a);
}

// N - 1, N, N + 1 of names, properties, superclasses.
static void limits_hold(void **state)
{
        (void)state;
        char name[LIMIT_NAME_CHARS + 2];
        memset(name, 'a', sizeof(name));
        for (unsigned n = LIMIT_NAME_CHARS - 1; n <= LIMIT_NAME_CHARS + 1; n++) {
                CimClassSpec s = {.name = {name, n}};
                if (n > LIMIT_NAME_CHARS)
                        refused(&s, NULL, CIM_E_CLASS_NAME_TOO_WIDE);
                else
                        cim_class_unref(made(&s, NULL, NULL));
        }
        static CimPropertySpec many[LIMIT_CLASS_PROPERTIES + 1];
        static char names[LIMIT_CLASS_PROPERTIES + 1][8];
        for (unsigned i = 0; i < COUNT(many); i++) {
                snprintf(names[i], sizeof(names[i]), "p%u", i);
                many[i] = (CimPropertySpec){.name = str_of(names[i]), .type = CIM_UINT8};
        }
        CimClass *most = made(&CLASS("A", .properties = many, .property_count = LIMIT_CLASS_PROPERTIES - 1),
                              NULL, NULL);
        CimClass *full =
                made(&CLASS("B", .properties = many + LIMIT_CLASS_PROPERTIES - 1, .property_count = 1), most,
                     NULL);
        for (unsigned i = 0; i < LIMIT_CLASS_PROPERTIES; i++)
                assert_int_equal(cim_class_property(full, many[i].name), i);
        refused(&CLASS("C", .properties = many + LIMIT_CLASS_PROPERTIES, .property_count = 1), full,
                CIM_E_INVALID_CLASS);
        refused(&CLASS("A", .properties = many, .property_count = LIMIT_CLASS_PROPERTIES + 1), NULL,
                CIM_E_INVALID_CLASS);
        cim_class_unref(full);
        cim_class_unref(most);
        CimClass *c = made(&CLASS("D0"), NULL, NULL);
        for (unsigned i = 1; i <= LIMIT_DEPTH; i++) {
                CimClassSpec s = {.name = str_of(names[i])};
                CimClass *next = made(&s, c, NULL);
                cim_class_unref(c);
                c = next;
        }
        refused(&CLASS("Dn"), c, CIM_E_INVALID_SUPERCLASS);
        refused(&CLASS("D0"), c, CIM_E_INVALID_SUPERCLASS);
        cim_class_unref(c);
}

// Objects in objects: the class refuses the level that is one too many, so nothing behind it needs a check.
static void embedding_is_bounded(void **state)
{
        (void)state;
        CimClass *known[2] = {made(&CLASS("E", PROPERTIES(ITEM("X", CIM_UINT8, 1))), NULL, NULL), NULL};
        char was[16] = "E", name[16];
        for (unsigned i = 1; i <= LIMIT_DEPTH + 1; i++) {
                snprintf(name, sizeof(name), "E%u", i);
                CimPropertySpec p = ITEM("Inner", CIM_OBJECT, 1, .class_name = str_of(was));
                CimClassSpec s = {.name = str_of(name), .properties = &p, .property_count = 1};
                CimClass *c = NULL;
                Diag d = {0};
                int r = cim_class_new(&s, NULL, test_resolve, known, &c, &d);
                assert_int_equal(r, i > LIMIT_DEPTH ? E_DIAG : 0);
                if (r)
                        break;
                assert_int_equal(c->layout->size, 1);
                cim_class_unref(known[0]);
                known[0] = c;
                memcpy(was, name, sizeof(was));
        }
        CimInstance *i, *copy;
        assert_int_equal(cim_instance_new(known[0], &i), 0);
        assert_int_equal(cim_instance_copy(i, &copy), 0);
        cim_instance_unref(i);
        cim_instance_unref(copy);
        cim_class_unref(known[0]);
}

// N and N + 1 of qualifiers in one place and of items in one value.
static void counts_are_bounded(void **state)
{
        (void)state;
        static CimQualifier q[LIMIT_QUALIFIERS + 1];
        static char names[COUNT(q)][8];
        for (unsigned i = 0; i < COUNT(q); i++) {
                snprintf(names[i], sizeof(names[i]), "q%u", i);
                q[i] = (CimQualifier){str_of(names[i]), VB(true), 0};
        }
        CimClass *c = made(&CLASS("A", .qualifiers = q, .qualifier_count = LIMIT_QUALIFIERS), NULL, NULL);
        cim_class_unref(c);
        refused(&CLASS("A", .qualifiers = q, .qualifier_count = LIMIT_QUALIFIERS + 1), NULL,
                CIM_E_INVALID_QUALIFIER);
        CimValue *items = calloc(LIMIT_ARRAY_ITEMS + 1, sizeof(*items));
        for (size_t i = 0; i <= LIMIT_ARRAY_ITEMS; i++)
                items[i] = VB(true);
        CimPropertySpec p = {.name = STR("P"), .type = CIM_BOOLEAN | CIM_ARRAY, .has_default = true};
        p.value = (CimValue){.type = p.type, .array = {items, LIMIT_ARRAY_ITEMS}};
        c = made(&CLASS("A", .properties = &p, .property_count = 1), NULL, NULL);
        cim_class_unref(c);
        p.value.array.count++;
        refused(&CLASS("A", .properties = &p, .property_count = 1), NULL, CIM_E_VALUE_OUT_OF_RANGE);
        free(items);
}

static void a_long_chain_of_classes_is_freed_without_recursion(void **state)
{
        (void)state;
        // Each class has a default value of the class before: no bound on depth is needed to free them.
        CimClass *c = made(&CLASS("First"), NULL, NULL);
        for (unsigned i = 0; i < LIMIT_DEPTH; i++) {
                CimInstance *v;
                assert_int_equal(cim_instance_new(c, &v), 0);
                CimPropertySpec p =
                        P("V", CIM_OBJECT, .has_default = true, .value = {.type = CIM_OBJECT, .object = v});
                char name[16];
                snprintf(name, sizeof(name), "N%u", i);
                CimClass *next =
                        made(&(CimClassSpec){.name = str_of(name), .properties = &p, .property_count = 1},
                             NULL, NULL);
                cim_instance_unref(v);
                cim_class_unref(c);
                c = next;
        }
        cim_class_unref(c);
}

static void instances_copy_deeply(void **state)
{
        (void)state;
        CimClass *inner = made(&CLASS("Inner", PROPERTIES(P("S", CIM_STRING, .has_default = true,
                                                            .value = VS(CIM_STRING, u"hello")))),
                               NULL, NULL);
        CimClass *outer =
                made(&CLASS("Outer", PROPERTIES(P("Any", CIM_OBJECT), P("List", CIM_UINT32 | CIM_ARRAY))),
                     NULL, NULL);
        CimInstance *i, *copy;
        assert_int_equal(cim_instance_new(outer, &i), 0);
        CimInstance *e = cim_instance_in(i->owner, inner);
        i->values[0] = (CimValue){.type = CIM_OBJECT, .object = e};
        i->values[1] = VA(CIM_UINT32, VU(CIM_UINT32, 1), VU(CIM_UINT32, 2));
        assert_int_equal(cim_instance_copy(i, &copy), 0);
        assert_true(cim_value_same(&i->values[0], &copy->values[0]) &&
                    cim_value_same(&i->values[1], &copy->values[1]));
        assert_ptr_not_equal(copy->values[0].object, e);
        cim_instance_unref(i);
        cim_class_unref(outer);
        cim_class_unref(inner); // the copy keeps the class of what is in it
        const CimValue *any = cim_instance_get(copy, STR("ANY"));
        assert_non_null(any);
        assert_int_equal(any->object->values[0].string.n, 5);
        assert_null(cim_instance_get(copy, STR("None")));
        CimInstance *again = cim_instance_ref(copy);
        cim_instance_unref(copy);
        assert_int_equal(again->refs, 1);
        CimInstance *deep = again;
        deep->values[0] = (CimValue){.type = CIM_OBJECT, .object = deep}; // a circle
        assert_int_equal(cim_instance_copy(deep, &copy), -ELOOP);
        cim_instance_unref(again);
}

static void values_compare(void **state)
{
        (void)state;
        CimValue a = VU(CIM_UINT32, 1), b = VU(CIM_UINT16, 1), n = cim_null(CIM_UINT32);
        assert_false(cim_value_same(&a, &b));
        assert_false(cim_value_same(&a, &n));
        assert_true(cim_value_same(&n, &n));
        CimValue s = VS(CIM_STRING, u"x"), t = VS(CIM_STRING, u"X");
        assert_false(cim_value_same(&s, &t));
        CimValue p = VR(CIM_REAL64, 0.0), m = VR(CIM_REAL64, -0.0);
        assert_false(cim_value_same(&p, &m));
        assert_string_equal(cim_type_name(CIM_UINT16 | CIM_ARRAY), "uint16");
        assert_string_equal(cim_type_name(99), "?");
        assert_int_equal(cim_type_of_name(STR("SInt64")), CIM_SINT64);
        assert_int_equal(cim_type_of_name(STR("object")), CIM_NONE);
        int64_t least;
        uint64_t most;
        assert_true(cim_type_range(CIM_SINT16, &least, &most));
        assert_int_equal(least, -32768);
        assert_false(cim_type_range(CIM_REAL32, &least, &most));
}

static bool dmtf(const char *z, uint64_t *ret, bool *interval)
{
        char16_t w[32];
        size_t n = strlen(z);
        for (size_t i = 0; i < n; i++)
                w[i] = (char16_t)z[i];
        Str16 s = {w, n};
        *ret = 0;
        *interval = cim_datetime_interval(s, ret);
        if (!*interval)
                cim_datetime_instant(s, ret);
        return cim_datetime_valid(s);
}

static void datetimes(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                bool valid, interval;
                uint64_t value;
        } cases[] = {
                {"16010101000000.000000+000", true, false, 0},
                {"16010101010000.000000+060", true, false, 0},
                {"16010101000000.000000+001", true, false, 0}, // before the first instant
                {"19700101000000.000000+000", true, false, 116444736000000000},
                {"20260131120000.123456+000", true, false, 134143344001234560},
                {"20260131130000.123456+060", true, false, 134143344001234560},
                {"20260131110000.123456-060", true, false, 134143344001234560},
                {"20240229000000.000000+000", true, false, 133536384000000000},
                {"20230229000000.000000+000", false, false, 0},
                {"20261301000000.000000+000", false, false, 0},
                {"20260131240000.000000+000", false, false, 0},
                {"20260131126000.000000+000", false, false, 0},
                {"20260131120060.000000+000", false, false, 0},
                {"20260131120000,123456+000", false, false, 0},
                {"20260131120000.123456 000", false, false, 0},
                {"20260131120000.123456+00", false, false, 0},
                {"2026013112****.******+000", true, false, 0},
                {"202601311*****.******+000", false, false, 0},
                {"20260131120000.123***+000", true, false, 0},
                {"20260131120000.***456+000", false, false, 0},
                {"20260131120000.123456+***", true, false, 0},
                {"00000001020304.000005:000", true, true, 937840000050},
                {"00000001020304.000005:001", false, false, 0},
                {"99999999235959.999999:000", true, true, UINT64_MAX},
                {"********020304.000005:000", true, false, 0},
                {"", false, false, 0},
        };
        for (size_t i = 0; i < COUNT(cases); i++) {
                uint64_t v;
                bool interval;
                bool valid = dmtf(cases[i].text, &v, &interval);
                if (valid != cases[i].valid || interval != cases[i].interval || v != cases[i].value)
                        fail_msg("%s: valid %d, interval %d, %llu", cases[i].text, valid, interval,
                                 (unsigned long long)v);
        }
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(inherited_properties_keep_their_place),
                TEST(types_may_only_narrow),
                TEST(wrong_declarations_are_refused),
                TEST(guid_and_abstract),
                TEST(qualifiers_travel_by_their_flavors),
                TEST(methods_are_inherited_and_replaced),
                TEST(limits_hold),
                TEST(embedding_is_bounded),
                TEST(counts_are_bounded),
                TEST(a_long_chain_of_classes_is_freed_without_recursion),
                TEST(instances_copy_deeply),
                TEST(values_compare),
                TEST(datetimes),
                TEST_END,
        });
}
