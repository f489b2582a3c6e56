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

// The service's side: it knows one class of version 7.
static const CimClass *resolve_seven(void *context, Str namespace, Str name, uint64_t version,
                                     bool *ret_stale)
{
        const CimClass *c = context;
        assert_true(str_eq(namespace, STR("root\\a")));
        *ret_stale = str_ieq(c->name, name) && version != 7;
        return str_ieq(c->name, name) && version == 7 ? c : NULL;
}

static void a_set_brings_its_classes(void **state)
{
        (void)state;
        CimClass *inner = made(&CLASS("Inner", PROPERTIES(P("X", CIM_UINT8))), NULL, NULL);
        CimClass *finer = made(&CLASS("Finer", PROPERTIES(P("Y", CIM_STRING))), inner, NULL);
        CimClass *outer = made(&CLASS("Outer", PROPERTIES(P("In", CIM_OBJECT, .class_name = STR("Inner")),
                                                          P("Any", CIM_OBJECT | CIM_ARRAY))),
                               NULL, (CimClass *[]){inner, NULL});
        CimInstance *i, *in, *definition;
        assert_int_equal(cim_instance_new(outer, &i), 0);
        assert_int_equal(cim_instance_new(finer, &in), 0);
        assert_int_equal(cim_instance_place(in, STR("root\\b")), 0);
        assert_int_equal(cim_instance_of_class(finer, STR("root\\a"), &definition), 0);
        in->values[0] = VU(CIM_UINT8, 5);
        in->values[1] = VS(CIM_STRING, u"five");
        i->values[0] = (CimValue){.type = CIM_OBJECT, .object = in};
        CimValue items[] = {i->values[0], {.type = CIM_OBJECT, .object = definition}};
        i->values[1] = (CimValue){.type = CIM_OBJECT | CIM_ARRAY, .array = {items, 2}};
        CimSetWriter *w = cim_set_writer_new(false);
        assert_int_equal(cim_set_add(w, i), 0);
        assert_int_equal(cim_set_add(w, definition), 0);
        Buf b = {0};
        cim_set_finish(w, &b);
        assert_int_equal(b.n, cim_set_bytes(w));
        CimSet set;
        Diag d = {0};
        int r = cim_set_read(b.p, b.n, NULL, NULL, &set, NULL, &d);
        if (r)
                fail_msg("%s", d.message);
        assert_int_equal(set.count, 2);
        assert_true(cim_instance_same(set.objects[0], i));
        assert_false(cim_instance_same(set.objects[0], set.objects[1]));
        const CimInstance *back = set.objects[0]->values[0].object;
        assert_true(str_eq(back->namespace, STR("root\\b")) &&
                    str_eq(back->class->super->name, STR("Inner")));
        assert_int_equal(set.objects[0]->namespace.n, 0);
        assert_true(set.objects[0]->values[1].array.items[1].object->is_class);
        assert_true(set.objects[1]->is_class && str_eq(set.objects[1]->namespace, STR("root\\a")));
        CimInstance *copy;
        assert_int_equal(cim_instance_copy(set.objects[0], &copy), 0);
        cim_set_deinit(&set);
        assert_true(cim_instance_same(copy, i));
        assert_true(str_eq(copy->values[0].object->namespace, STR("root\\b")));
        assert_true(copy->values[1].array.items[1].object->is_class);
        cim_instance_unref(copy);
        for (size_t n = 0; n < b.n; n++)
                assert_int_equal(cim_set_read(b.p, n, NULL, NULL, &set, NULL, NULL), E_DIAG);
        cim_set_writer_free(w);
        cim_instance_unref(i);
        cim_instance_unref(in);
        cim_instance_unref(definition);
        cim_class_unref(outer);
        cim_class_unref(finer);
        cim_class_unref(inner);
        buf_deinit(&b);
}

static void a_class_with_a_version_goes_by_it(void **state)
{
        (void)state;
        CimClass *c = made(&CLASS("Thing", PROPERTIES(P("X", CIM_UINT8))), NULL, NULL);
        CimInstance *i;
        assert_int_equal(cim_instance_new(c, &i), 0);
        assert_int_equal(cim_instance_place(i, STR("root\\a")), 0);
        for (uint64_t version = 6; version <= 7; version++) {
                c->version = version;
                CimSetWriter *w = cim_set_writer_new(true);
                Buf b = {0};
                CimSet set;
                Diag d = {0};
                bool stale = true;
                assert_int_equal(cim_set_add(w, i), 0);
                cim_set_finish(w, &b);
                if (version == 7) {
                        assert_int_equal(cim_set_read(b.p, b.n, resolve_seven, c, &set, &stale, &d), 0);
                        assert_false(stale);
                        assert_true(set.objects[0]->class == c);
                        cim_set_deinit(&set);
                        assert_int_equal(cim_set_read(b.p, b.n, NULL, NULL, &set, &stale, &d), E_DIAG);
                        assert_false(stale);
                } else {
                        assert_int_equal(cim_set_read(b.p, b.n, resolve_seven, c, &set, &stale, &d), E_DIAG);
                        assert_true(stale);
                }
                cim_set_writer_free(w);
                buf_deinit(&b);
        }
        cim_instance_unref(i);
        cim_class_unref(c);
}

// An object that cannot be written leaves the set as it was.
static void what_does_not_fit_leaves_a_set_alone(void **state)
{
        (void)state;
        CimClass *c = made(&CLASS("Nest", PROPERTIES(P("In", CIM_OBJECT))), NULL, NULL);
        CimInstance deep[LIMIT_DEPTH + 1], *plain;
        CimValue in[LIMIT_DEPTH + 1];
        for (unsigned k = 0; k <= LIMIT_DEPTH; k++) {
                in[k] = k ? (CimValue){.type = CIM_OBJECT, .object = &deep[k - 1]} : cim_null(CIM_OBJECT);
                deep[k] = (CimInstance){.class = c, .values = &in[k]};
        }
        CimClass *other = made(&CLASS("Other", PROPERTIES(P("X", CIM_OBJECT))), NULL, NULL);
        assert_int_equal(cim_instance_new(other, &plain), 0);
        CimSetWriter *w = cim_set_writer_new(false);
        assert_int_equal(cim_set_add(w, plain), 0);
        Buf before = {0}, after = {0};
        cim_set_finish(w, &before);
        CimValue too_deep = {.type = CIM_OBJECT, .object = &deep[LIMIT_DEPTH]};
        CimInstance bad = {.class = other, .values = &too_deep};
        assert_int_equal(cim_set_add(w, &bad), -ELOOP);
        cim_set_finish(w, &after);
        assert_int_equal(before.n, after.n);
        assert_memory_equal(before.p, after.p, before.n);
        assert_int_equal(cim_set_add(w, &deep[LIMIT_DEPTH]), 0); // one level less
        buf_deinit(&after);
        cim_set_finish(w, &after);
        CimSet set;
        assert_int_equal(cim_set_read(after.p, after.n, NULL, NULL, &set, NULL, NULL), 0);
        assert_int_equal(set.count, 2);
        assert_true(cim_instance_same(set.objects[0], plain));
        cim_set_deinit(&set);
        cim_set_writer_free(w);
        cim_instance_unref(plain);
        cim_class_unref(other);
        cim_class_unref(c);
        buf_deinit(&before);
        buf_deinit(&after);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(a_bundle_reads_back_to_the_same),
                TEST(a_bundle_cut_off_anywhere_is_refused),
                TEST(a_bundle_with_one_byte_changed_does_no_harm),
                TEST(the_deepest_class_travels),
                TEST(a_set_brings_its_classes),
                TEST(a_class_with_a_version_goes_by_it),
                TEST(what_does_not_fit_leaves_a_set_alone),
                TEST_END,
        });
}
