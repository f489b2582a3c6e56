// SPDX-License-Identifier: MIT
// cim: bundles of classes.
#include "cim/codec.h"

#include "base/limits.h"
#include "base/testkit.h"
#include "cim/instance.h"
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

// A class with some of everything that a declaration can say.
static CimClass *rich(void)
{
        CimClass *inner = made(&CLASS("Inner", PROPERTIES(ITEM("X", CIM_UINT8, 1, .has_default = true,
                                                               .value = VU(CIM_UINT8, 3)))),
                               NULL, NULL);
        CimClass *finer = made(&CLASS("Finer", PROPERTIES(P("Y", CIM_REAL32, .has_default = true,
                                                            .value = VR(CIM_REAL32, 0.5)))),
                               inner, NULL);
        CimInstance *value;
        assert_int_equal(cim_instance_new(finer, &value), 0);
        CimValue object = {.type = CIM_OBJECT, .object = value};
        CimClass *base =
                made(&CLASS("Base",
                            QUALIFIERS(QF(QB("Dynamic"), CIM_FLAVOR_TO_INSTANCE),
                                       QF(QS("Provider", u"WMIProv"), CIM_FLAVOR_TO_SUBCLASS)),
                            PROPERTIES(P("InstanceName", CIM_STRING, QUALIFIERS(QB("key"), QB("read"))))),
                     NULL, NULL);
        CimPropertySpec parameters[] = {
                P("In", CIM_UINT32, QUALIFIERS(QB("in"))),
                P("Out", CIM_OBJECT | CIM_ARRAY, .class_name = STR("Finer"), QUALIFIERS(QB("out")))};
        CimClass *c = made(
                &CLASS("Rich",
                       QUALIFIERS(QS("guid", u"{12345678-abcd-EF01-0102-030405060708}"),
                                  QF(QS("Description", u"all of it"), CIM_FLAVOR_AMENDED)),
                       PROPERTIES(
                               ITEM("A", CIM_UINT32, 1, .has_default = true,
                                    .value = VU(CIM_UINT32, 4000000000)),
                               ITEM("B", CIM_SINT64, 2, .has_default = true, .value = VI(CIM_SINT64, -5)),
                               ITEM("I", CIM_OBJECT, 3, .class_name = STR("Inner"), .has_default = true,
                                    .value = object),
                               ITEM("S", CIM_STRING | CIM_ARRAY, 4, .max = 2, .has_default = true,
                                    .value = VA(CIM_STRING, VS(CIM_STRING, u"a"), VS(CIM_STRING, u"\xD800"))),
                               P("InstanceName", CIM_STRING, QUALIFIERS(QS("Extra", u"e"))),
                               P("Any", CIM_OBJECT),
                               P("None", CIM_DATETIME, .has_default = true, .value = cim_null(CIM_DATETIME)),
                               P("R", CIM_REFERENCE, .class_name = STR("Base")),
                               P("F", CIM_BOOLEAN | CIM_ARRAY, .has_default = true,
                                 .value = VA(CIM_BOOLEAN, VB(true), VB(false)))),
                       .methods = (CimMethodSpec[]){{.name = STR("Do"),
                                                     .return_type = CIM_UINT32,
                                                     .parameters = parameters,
                                                     .parameter_count = 2,
                                                     QUALIFIERS(QU("WmiMethodId", 1))}},
                       .method_count = 1),
                base, (CimClass *[]){inner, finer, NULL});
        cim_instance_unref(value);
        cim_class_unref(inner);
        cim_class_unref(finer);
        cim_class_unref(base);
        return c;
}

static void a_bundle_reads_back_to_the_same(void **state)
{
        (void)state;
        CimClass *c = rich(), *d = NULL;
        Buf out = {0}, again = {0};
        Diag diag = {0};
        assert_int_equal(cim_codec_write_class(c, &out), 0);
        int r = cim_codec_read_class(out.p, out.n, &d, &diag);
        if (r)
                print_error("%s\n", diag.message);
        assert_int_equal(r, 0);
        assert_int_equal(cim_codec_write_class(d, &again), 0);
        assert_int_equal(out.n, again.n);
        assert_memory_equal(out.p, again.p, out.n);
        assert_int_equal(c->property_count, d->property_count);
        for (size_t i = 0; i < c->property_count; i++) {
                assert_true(str_eq(c->properties[i].name, d->properties[i].name));
                assert_true(cim_value_same(&c->properties[i].value, &d->properties[i].value));
                assert_int_equal(c->properties[i].qualifier_count, d->properties[i].qualifier_count);
                assert_int_equal(!c->properties[i].object_class, !d->properties[i].object_class);
        }
        assert_true(d->has_guid && guid_eq(&c->guid, &d->guid));
        assert_true(str_eq(d->super->name, STR("Base")));
        assert_true(str_eq(d->methods[0].parameters[1].object_class->name, STR("Finer")));
        assert_string_equal(c->layout_error, d->layout_error);
        cim_class_unref(d);
        cim_class_unref(c);
        buf_deinit(&out);
        buf_deinit(&again);
}

static void a_bundle_cut_off_anywhere_is_refused(void **state)
{
        (void)state;
        CimClass *c = rich(), *none = NULL;
        Buf out = {0};
        assert_int_equal(cim_codec_write_class(c, &out), 0);
        for (size_t n = 0; n <= out.n + 1; n++) {
                if (n == out.n)
                        continue;
                uint8_t *exact = calloc(1, n + 1);
                memcpy(exact, out.p, n < out.n ? n : out.n);
                Diag d = {0};
                assert_int_equal(cim_codec_read_class(exact, n, &none, &d), E_DIAG);
                assert_true(d.message[0] && d.offset <= n);
                free(exact);
        }
        assert_null(none);
        cim_class_unref(c);
        buf_deinit(&out);
}

// Each byte set to some other values: refused, or a class that can be written again.
static void a_bundle_with_one_byte_changed_does_no_harm(void **state)
{
        (void)state;
        CimClass *c = rich();
        Buf out = {0};
        assert_int_equal(cim_codec_write_class(c, &out), 0);
        static const uint8_t masks[] = {0x01, 0x80, 0xff};
        for (size_t i = 0; i < out.n; i++) {
                for (size_t m = 0; m < COUNT(masks); m++) {
                        out.p[i] ^= masks[m];
                        CimClass *d;
                        if (cim_codec_read_class(out.p, out.n, &d, NULL) == 0) {
                                Buf again = {0};
                                assert_int_equal(cim_codec_write_class(d, &again), 0);
                                buf_deinit(&again);
                                cim_class_unref(d);
                        }
                        out.p[i] ^= masks[m];
                }
        }
        cim_class_unref(c);
        buf_deinit(&out);
}

static void the_deepest_class_travels(void **state)
{
        (void)state;
        CimClass *c = made(&CLASS("D0"), NULL, NULL);
        for (unsigned i = 1; i <= LIMIT_DEPTH; i++) {
                char name[16], was[16];
                snprintf(name, sizeof(name), "E%u", i);
                snprintf(was, sizeof(was), "%.*s", STR_ARG(c->name));
                CimPropertySpec p = P("In", CIM_OBJECT, .class_name = str_of(was));
                CimClass *next =
                        made(&(CimClassSpec){.name = str_of(name), .properties = &p, .property_count = 1},
                             NULL, (CimClass *[]){c, NULL});
                cim_class_unref(c);
                c = next;
        }
        Buf out = {0};
        CimClass *d;
        assert_int_equal(cim_codec_write_class(c, &out), 0);
        assert_int_equal(cim_codec_read_class(out.p, out.n, &d, NULL), 0);
        cim_class_unref(d);
        cim_class_unref(c);
        buf_deinit(&out);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(a_bundle_reads_back_to_the_same),
                TEST(a_bundle_cut_off_anywhere_is_refused),
                TEST(a_bundle_with_one_byte_changed_does_no_harm),
                TEST(the_deepest_class_travels),
                TEST_END,
        });
}
