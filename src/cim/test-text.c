// SPDX-License-Identifier: MIT
// cim: MOF text. That it reads back to the same is tested where the reader is, in src/mof.
#include "cim/text.h"

#include <math.h>

#include "base/testkit.h"
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

static void values(void **state)
{
        (void)state;
        const struct {
                CimValue v;
                const char *text;
        } cases[] = {
                {VU(CIM_UINT64, UINT64_MAX), "18446744073709551615"},
                {VI(CIM_SINT64, INT64_MIN), "-9223372036854775808"},
                {VI(CIM_SINT8, -1), "-1"},
                {VB(true), "TRUE"},
                {VB(false), "FALSE"},
                {cim_null(CIM_UINT8), "NULL"},
                {cim_null(CIM_UINT8 | CIM_ARRAY), "NULL"},
                {VS(CIM_STRING, u""), "\"\""},
                {VS(CIM_STRING, u"a\"b\\c'\b\t\n\f\r\x01\x7f"),
                 "\"a\\\"b\\\\c'\\b\\t\\n\\f\\r\\x0001\\x007F\""},
                {VS(CIM_STRING, u"\u00e9\u20ac"), "\"\xc3\xa9\xe2\x82\xac\""},
                {VS(CIM_STRING, u"\xD83D\xDE00"), "\"\xf0\x9f\x98\x80\""},
                {VS(CIM_STRING, u"\xD83D"), "\"\\xD83D\""},
                {VS(CIM_STRING, u"\xDE00\xD83D"), "\"\\xDE00\\xD83D\""},
                {VS(CIM_STRING, u"\xFEFF\xFFFD\xFFFF"), "\"\\xFEFF\\xFFFD\\xFFFF\""},
                {VS(CIM_DATETIME, u"20260131120000.123456+060"), "\"20260131120000.123456+060\""},
                {VU(CIM_CHAR16, 'A'), "'A'"},
                {VU(CIM_CHAR16, '\''), "'\\''"},
                {VU(CIM_CHAR16, '"'), "'\"'"},
                {VU(CIM_CHAR16, 0), "'\\x0000'"},
                {VU(CIM_CHAR16, 0xD800), "'\\xD800'"},
                {VR(CIM_REAL64, 1), "1.0"},
                {VR(CIM_REAL64, 0.1), "0.1"},
                {VR(CIM_REAL64, -1.5e300), "-1.5e+300"},
                {VR(CIM_REAL64, 1e300), "1.0e+300"},
                {VR(CIM_REAL64, 5e-324), "5.0e-324"},
                {VR(CIM_REAL64, 1.0 / 3), "0.3333333333333333"},
                {VR(CIM_REAL32, (double)0.1f), "0.1"},
                {VR(CIM_REAL32, (double)16777216.0f), "16777216.0"},
                {VR(CIM_REAL64, NAN), "NULL"},
                {VR(CIM_REAL64, INFINITY), "NULL"},
                {VA(CIM_UINT8, VU(CIM_UINT8, 1), VU(CIM_UINT8, 2)), "{1, 2}"},
                {{.type = CIM_UINT8 | CIM_ARRAY}, "{}"},
        };
        for (size_t i = 0; i < COUNT(cases); i++) {
                Buf b = {0};
                cim_text_value(&cases[i].v, &b);
                assert_string_equal(buf_z(&b), cases[i].text);
                buf_deinit(&b);
        }
}

static void a_class(void **state)
{
        (void)state;
        CimClass *base = made(&CLASS("WMIEvent"), NULL, NULL),
                 *inner =
                         made(&CLASS("Inner", PROPERTIES(P("A", CIM_UINT8), P("B", CIM_STRING))), NULL, NULL);
        CimInstance *v;
        assert_int_equal(cim_instance_new(inner, &v), 0);
        v->values[0] = VU(CIM_UINT8, 1);
        CimPropertySpec in[] = {P("Level", CIM_UINT32, QUALIFIERS(QB("in"), QU("ID", 0))),
                                P("Names", CIM_STRING | CIM_ARRAY, QUALIFIERS(QB("out")))};
        CimClass *c = made(
                &CLASS("Toast",
                       QUALIFIERS(QB("Dynamic"), QS("guid", u"{12345678-abcd-EF01-0102-030405060708}"),
                                  QF(QS("Description", u"a \"toast\""),
                                     CIM_FLAVOR_AMENDED | CIM_FLAVOR_TO_SUBCLASS),
                                  ((CimQualifier){STR("ValueMap"),
                                                  VA(CIM_STRING, VS(CIM_STRING, u"1"), VS(CIM_STRING, u"2")),
                                                  0}),
                                  ((CimQualifier){STR("Hidden"), VB(false), 0})),
                       PROPERTIES(P("InstanceName", CIM_STRING,
                                    QUALIFIERS(QF(QB("key"),
                                                  CIM_FLAVOR_NOT_OVERRIDABLE | CIM_FLAVOR_TO_INSTANCE),
                                               QB("read"))),
                                  P("Data", CIM_UINT8 | CIM_ARRAY, .max = 4,
                                    QUALIFIERS(QU("MAX", 4), QU("WmiDataId", 1))),
                                  P("List", CIM_UINT32 | CIM_ARRAY), P("Any", CIM_OBJECT),
                                  P("One", CIM_OBJECT, .class_name = STR("Inner"), .has_default = true,
                                    .value = {.type = CIM_OBJECT, .object = v}),
                                  P("To", CIM_REFERENCE, .class_name = STR("Inner")),
                                  P("ToAny", CIM_REFERENCE),
                                  P("N", CIM_SINT32, .has_default = true, .value = VI(CIM_SINT32, -3)),
                                  P("Z", CIM_STRING, .has_default = true, .value = cim_null(CIM_STRING))),
                       .methods = (CimMethodSpec[]){{.name = STR("Eat"),
                                                     .parameters = in,
                                                     .parameter_count = 2,
                                                     QUALIFIERS(QB("Implemented"), QU("WmiMethodId", 1))},
                                                    {.name = STR("Count"), .return_type = CIM_UINT32}},
                       .method_count = 2),
                base, (CimClass *[]){inner, NULL});
        Buf b = {0};
        cim_text_class(c, &b);
        assert_string_equal(
                buf_z(&b),
                "[Dynamic, guid(\"{12345678-abcd-EF01-0102-030405060708}\"), Description(\"a "
                "\\\"toast\\\"\") : Amended ToSubclass, ValueMap{\"1\", \"2\"}, Hidden(FALSE)]\n"
                "class Toast : WMIEvent\n{\n"
                "\t[key : DisableOverride ToInstance, read] string InstanceName;\n"
                "\t[WmiDataId(1)] uint8 Data[4];\n"
                "\tuint32 List[];\n"
                "\tobject Any;\n"
                "\tInner One = instance of Inner\n\t{\n\t\tA = 1;\n\t};\n"
                "\tInner ref To;\n"
                "\tobject ref ToAny;\n"
                "\tsint32 N = -3;\n"
                "\tstring Z = NULL;\n"
                "\t[Implemented, WmiMethodId(1)] void Eat([in, ID(0)] uint32 Level, [out] string Names[]);\n"
                "\tuint32 Count();\n"
                "};\n");
        buf_deinit(&b);
        cim_instance_unref(v);
        cim_class_unref(c);
        cim_class_unref(inner);
        cim_class_unref(base);
}

static void an_instance(void **state)
{
        (void)state;
        CimClass *inner = made(&CLASS("Inner", PROPERTIES(P("A", CIM_UINT8))), NULL, NULL);
        CimClass *c =
                made(&CLASS("Outer",
                            PROPERTIES(P("Null", CIM_STRING),
                                       P("Was", CIM_UINT8, .has_default = true, .value = VU(CIM_UINT8, 1)),
                                       P("Any", CIM_OBJECT), P("Many", CIM_OBJECT | CIM_ARRAY))),
                     NULL, NULL);
        CimInstance *i;
        assert_int_equal(cim_instance_new(c, &i), 0);
        CimInstance *in = cim_instance_in(i->owner, inner);
        in->values[0] = VU(CIM_UINT8, 7);
        i->values[1] = cim_null(CIM_UINT8);
        i->values[2] = (CimValue){.type = CIM_OBJECT, .object = in};
        i->values[3] = VA(CIM_OBJECT, i->values[2], i->values[2]);
        Buf b = {0};
        cim_text_instance(i, &b);
        assert_string_equal(
                buf_z(&b),
                "instance of Outer\n{\n\tWas = NULL;\n\tAny = instance of Inner\n\t{\n\t\tA = 7;\n\t};\n"
                "\tMany = {instance of Inner\n\t{\n\t\tA = 7;\n\t}, instance of Inner\n\t{\n\t\tA = "
                "7;\n\t}};\n};\n");
        b.n = 0;
        i->values[3] = cim_null(CIM_OBJECT | CIM_ARRAY);
        i->values[2].object = i; // a circle ends
        cim_text_instance(i, &b);
        assert_non_null(strstr(buf_z(&b), "Any = NULL;"));
        buf_deinit(&b);
        cim_instance_unref(i);
        cim_class_unref(c);
        cim_class_unref(inner);
}

static void definitions_as_objects(void **state)
{
        (void)state;
        CimPropertySpec in[] = {P("Level", CIM_UINT32, QUALIFIERS(QB("in")))};
        CimClass *base = made(&CLASS("Base"), NULL, NULL);
        CimClass *c = made(
                &CLASS("Thing", QUALIFIERS(QB("abstract")), PROPERTIES(P("X", CIM_UINT8)),
                       .methods =
                               (CimMethodSpec[]){{.name = STR("M"), .parameters = in, .parameter_count = 1}},
                       .method_count = 1),
                base, NULL);
        CimClass *event = made(&CLASS("Event", PROPERTIES(P("TargetClass", CIM_OBJECT))), NULL, NULL);
        CimInstance *definition, *i;
        Buf b = {0}, declared = {0};
        assert_int_equal(cim_instance_of_class(c, STR("root"), &definition), 0);
        cim_text_instance(definition, &b);
        cim_text_class(c, &declared);
        assert_string_equal(buf_z(&b), buf_z(&declared));
        assert_int_equal(cim_instance_new(event, &i), 0);
        i->values[0] = (CimValue){.type = CIM_OBJECT, .object = definition};
        b.n = 0;
        cim_text_instance(i, &b);
        assert_string_equal(buf_z(&b), "instance of Event\n{\n"
                                       "\tTargetClass = [abstract]\n\tclass Thing : Base\n\t{\n"
                                       "\t\tuint8 X;\n\t\tvoid M([in] uint32 Level);\n\t};\n};\n");
        i->values[0].object = definition;
        CimInstance *plain;
        assert_int_equal(cim_instance_of_class(base, STR("root"), &plain), 0);
        i->values[0].object = plain;
        b.n = 0;
        cim_text_instance(i, &b);
        assert_string_equal(buf_z(&b), "instance of Event\n{\n\tTargetClass = class Base\n\t{\n\t};\n};\n");
        buf_deinit(&b);
        buf_deinit(&declared);
        cim_instance_unref(i);
        cim_instance_unref(definition);
        cim_instance_unref(plain);
        cim_class_unref(event);
        cim_class_unref(c);
        cim_class_unref(base);
}

// Two definitions are the same when they declare the same; an instance is never a definition.
static void definitions_compare(void **state)
{
        (void)state;
        CimQualifier other = QS("Description", u"other");
        CimClassSpec specs[] = {CLASS("T", PROPERTIES(P("X", CIM_UINT8))),
                                CLASS("T", PROPERTIES(P("X", CIM_UINT8))),
                                CLASS("T", QUALIFIERS(other), PROPERTIES(P("X", CIM_UINT8)))};
        CimClass *c[COUNT(specs)];
        CimInstance *i[COUNT(specs) + 1];
        for (size_t k = 0; k < COUNT(specs); k++) {
                c[k] = made(&specs[k], NULL, NULL);
                assert_int_equal(cim_instance_of_class(c[k], STR("root"), &i[k]), 0);
        }
        assert_int_equal(cim_instance_new(c[0], &i[COUNT(specs)]), 0);
        for (size_t a = 0; a < COUNT(i); a++)
                for (size_t b = 0; b < COUNT(i); b++) {
                        CimValue x = {.type = CIM_OBJECT, .object = i[a]},
                                 y = {.type = CIM_OBJECT, .object = i[b]};
                        assert_int_equal(cim_value_same(&x, &y), a == b || a + b == 1);
                }
        for (size_t k = 0; k < COUNT(i); k++)
                cim_instance_unref(i[k]);
        for (size_t k = 0; k < COUNT(specs); k++)
                cim_class_unref(c[k]);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(values), TEST(a_class), TEST(an_instance),
                                        TEST(definitions_as_objects), TEST(definitions_compare), TEST_END});
}
