// SPDX-License-Identifier: MIT
// cim: full MS-WMIO. That others can read it is for tests/system/test-wmio.py to show.
#include "cim/wmio.h"

#include "base/limits.h"
#include "base/testkit.h"
#include "cim/test-cim.h"
#include "cim/test-same.h"

static const CimWmioOptions strict = {0}, tolerant = {.tolerant = true};

static CimClass *made(const CimClassSpec *s, const CimClass *super, CimClass **known)
{
        CimClass *c = NULL;
        Diag d = {0};
        int r = cim_class_new(s, super, test_resolve, known, &c, &d);
        if (r)
                fail_msg("%.*s: %s", STR_ARG(s->name), d.message);
        return c;
}

// Three generations with methods, qualifiers of all flavors, values replaced on the way down.
static CimClass *family(void)
{
        CimClass *inner =
                made(&CLASS("Inner",
                            PROPERTIES(P("X", CIM_UINT8, .has_default = true, .value = VU(CIM_UINT8, 7)))),
                     NULL, NULL);
        CimInstance *object;
        assert_int_equal(cim_instance_new(inner, &object), 0);
        CimPropertySpec parameters[] = {
                P("Second", CIM_UINT32 | CIM_ARRAY, .max = 3, QUALIFIERS(QB("in"), QB("out"), QU("ID", 1))),
                P("First", CIM_OBJECT, .class_name = STR("Inner"), QUALIFIERS(QB("in"), QU("ID", 0))),
                P("Third", CIM_STRING, QUALIFIERS(QB("Out"), QU("ID", 2)))};
        CimPropertySpec unnumbered[] = {P("B", CIM_UINT8, QUALIFIERS(QB("out"))),
                                        P("A", CIM_UINT8, QUALIFIERS(QB("in")))};
        CimMethodSpec methods[] = {{.name = STR("Do"),
                                    .return_type = CIM_UINT32,
                                    .parameters = parameters,
                                    .parameter_count = 3,
                                    QUALIFIERS(QF(QB("Implemented"), CIM_FLAVOR_TO_SUBCLASS))},
                                   {.name = STR("Rest")},
                                   {.name = STR("Loose"), .parameters = unnumbered, .parameter_count = 2}};
        CimClass *root = made(
                &CLASS("Root",
                       QUALIFIERS(QB("abstract"), QF(QS("Locale", u"ms_409"), CIM_FLAVOR_TO_SUBCLASS)),
                       PROPERTIES(
                               P("Name", CIM_STRING,
                                 QUALIFIERS(QB("key"),
                                            QF(QS("Description", u"n\xE4me"), CIM_FLAVOR_AMENDED))),
                               P("Level", CIM_SINT32, .has_default = true, .value = VI(CIM_SINT32, -5)),
                               P("List", CIM_STRING | CIM_ARRAY, .max = 2, .has_default = true,
                                 .value = VA(CIM_STRING, VS(CIM_STRING, u"one"), VS(CIM_STRING, u"\x4E8C"))),
                               P("In", CIM_OBJECT, .class_name = STR("Inner"), .has_default = true,
                                 .value = {.type = CIM_OBJECT, .object = object})),
                       .methods = methods, .method_count = 3),
                NULL, (CimClass *[]){inner, NULL});
        CimClass *middle = made(
                &CLASS("Middle", QUALIFIERS(QF(QS("Provider", u"p"), CIM_FLAVOR_TO_SUBCLASS)),
                       PROPERTIES(P("Level", CIM_SINT32, .has_default = true, .value = cim_null(CIM_SINT32)),
                                  P("Ratio", CIM_REAL32, .has_default = true, .value = VR(CIM_REAL32, 0.5)))),
                root, NULL);
        CimClass *last = made(&CLASS("Last", QUALIFIERS(QU("Size", 9)),
                                     PROPERTIES(P("Ratio", CIM_REAL32, QUALIFIERS(QS("Units", u"%"))),
                                                P("Other", CIM_REFERENCE, .class_name = STR("Root")),
                                                P("Flags", CIM_BOOLEAN | CIM_ARRAY), P("When", CIM_DATETIME)),
                                     .methods = methods, .method_count = 1),
                              middle, (CimClass *[]){inner, NULL});
        cim_instance_unref(object);
        cim_class_unref(inner);
        cim_class_unref(root);
        cim_class_unref(middle);
        return last;
}

static CimInstance *read_back(const CimInstance *i, Str server, const CimWmioOptions *options)
{
        Buf b = {0};
        Diag d = {0};
        CimInstance *back = NULL;
        assert_int_equal(cim_wmio_write(i, server, &b), 0);
        int r = cim_wmio_read(b.p, b.n, options, &back, &d);
        if (r)
                fail_msg("%.*s: %s", STR_ARG(i->class->name), d.message);
        buf_deinit(&b);
        return back;
}

static void a_class_comes_back_whole(void **state)
{
        (void)state;
        CimClass *last = family();
        for (const CimClass *c = last; c; c = c->super) {
                CimInstance *definition;
                assert_int_equal(cim_instance_of_class(c, STR("root\\a"), &definition), 0);
                CimInstance *back = read_back(definition, STR("SERVER"), &strict);
                assert_true(back->is_class && str_eq(back->namespace, STR("root\\a")));
                assert_true(test_same_class(c, back->class));
                cim_instance_unref(back);
                back = read_back(definition, STR(""), &strict);
                assert_int_equal(back->namespace.n, 0);
                cim_instance_unref(back);
                cim_instance_unref(definition);
        }
        const CimMethod *m = &last->methods[0];
        assert_true(str_eq(m->parameters[0].name, STR("Second"))); // in the order of IDs on the wire
        CimInstance *definition;
        assert_int_equal(cim_instance_of_class(last, STR(""), &definition), 0);
        CimInstance *back = read_back(definition, STR(""), &strict);
        m = &back->class->methods[0];
        assert_true(str_eq(m->parameters[0].name, STR("First")) &&
                    str_eq(m->parameters[1].name, STR("Second")));
        assert_true(str_eq(m->parameters[0].class_name, STR("Inner")));
        assert_int_equal(m->parameters[1].max, 3);
        m = &back->class->methods[2];
        assert_true(str_eq(m->parameters[0].name, STR("A")) && str_eq(m->parameters[1].name, STR("B")));
        cim_instance_unref(back);
        cim_instance_unref(definition);
        cim_class_unref(last);
}

static CimInstance *filled(CimClass *c, CimInstance **ret_finer)
{
        CimClass *inner = made(&CLASS("Inner", PROPERTIES(P("X", CIM_UINT8))), NULL, NULL);
        CimClass *finer = made(&CLASS("Finer", PROPERTIES(P("Y", CIM_STRING))), inner, NULL);
        CimInstance *i, *in;
        assert_int_equal(cim_instance_new(c, &i), 0);
        assert_int_equal(cim_instance_new(finer, &in), 0);
        assert_int_equal(cim_instance_place(i, STR("root\\a")), 0);
        assert_int_equal(cim_instance_place(in, STR("root\\b")), 0);
        in->values[0] = VU(CIM_UINT8, 5);
        in->values[1] = VS(CIM_STRING, u"\x4E8C");
        i->values[cim_class_property(c, STR("Name"))] = VS(CIM_STRING, u"a");
        i->values[cim_class_property(c, STR("In"))] = (CimValue){.type = CIM_OBJECT, .object = in};
        static CimValue flags[2];
        flags[0] = VB(true);
        flags[1] = VB(false);
        i->values[cim_class_property(c, STR("Flags"))] =
                (CimValue){.type = CIM_BOOLEAN | CIM_ARRAY, .array = {flags, 2}};
        i->values[cim_class_property(c, STR("When"))] = VS(CIM_DATETIME, u"20260101000000.000000+000");
        i->values[cim_class_property(c, STR("Other"))] = VS(CIM_REFERENCE, u"Root.Name=\"b\"");
        cim_class_unref(inner);
        cim_class_unref(finer);
        *ret_finer = in;
        return i;
}

static void an_instance_comes_back_whole(void **state)
{
        (void)state;
        CimClass *last = family();
        CimInstance *in, *i = filled(last, &in), *back = read_back(i, STR("SERVER"), &strict);
        assert_true(cim_instance_same(i, back));
        assert_true(str_eq(back->namespace, STR("root\\a")));
        assert_int_equal(back->class->depth, 2);
        const CimInstance *object = cim_instance_get(back, STR("In"))->object;
        assert_true(str_eq(object->class->super->name, STR("Inner")));
        assert_true(str_eq(object->namespace, STR("root\\b")));
        CimInstance *copy;
        assert_int_equal(cim_instance_copy(back, &copy), 0);
        cim_instance_unref(back);
        back = read_back(copy, STR(""), &tolerant);
        assert_true(cim_instance_same(i, back));
        cim_instance_unref(back);
        cim_instance_unref(copy);
        cim_instance_unref(i);
        cim_instance_unref(in);
        cim_class_unref(last);
}

// MS-WMIO's strings end at a NUL.
static void a_string_ends_at_its_first_nul(void **state)
{
        (void)state;
        CimClass *c = made(&CLASS("S", PROPERTIES(P("A", CIM_STRING))), NULL, NULL);
        CimInstance *i;
        assert_int_equal(cim_instance_new(c, &i), 0);
        i->values[0] = VS(CIM_STRING, u"ab\0cd");
        CimInstance *back = read_back(i, STR(""), &strict);
        CimValue expected = VS(CIM_STRING, u"ab");
        assert_true(cim_value_same(&back->values[0], &expected));
        cim_instance_unref(back);
        cim_instance_unref(i);
        cim_class_unref(c);
}

static void a_unit_cut_off_anywhere_is_refused(void **state)
{
        (void)state;
        CimClass *last = family();
        CimInstance *in, *i = filled(last, &in), *none;
        for (int definition = 0; definition < 2; definition++) {
                Buf b = {0};
                i->is_class = definition;
                assert_int_equal(cim_wmio_write(i, STR("SERVER"), &b), 0);
                for (size_t n = 0; n < b.n; n++) {
                        uint8_t *exact = malloc(n ? n : 1);
                        memcpy(exact, b.p, n);
                        Diag d = {0};
                        assert_int_equal(cim_wmio_read(exact, n, &tolerant, &none, &d), E_DIAG);
                        assert_true(d.message[0] && d.offset <= n);
                        free(exact);
                }
                buf_u8(&b, 0);
                assert_int_equal(cim_wmio_read(b.p, b.n, &strict, &none, NULL), E_DIAG);
                buf_deinit(&b);
        }
        i->is_class = false;
        cim_instance_unref(i);
        cim_instance_unref(in);
        cim_class_unref(last);
}

// Each byte changed: refused; or tolerantly read, and then what is written is read strictly.
static void a_unit_with_one_byte_changed_does_no_harm(void **state)
{
        (void)state;
        CimClass *last = family();
        CimInstance *in, *i = filled(last, &in);
        static const uint8_t masks[] = {0x01, 0xff};
        for (int definition = 0; definition < 2; definition++) {
                Buf b = {0};
                i->is_class = definition;
                assert_int_equal(cim_wmio_write(i, STR("S"), &b), 0);
                for (size_t k = 0; k < b.n * COUNT(masks); k++) {
                        CimInstance *back;
                        b.p[k / COUNT(masks)] ^= masks[k % COUNT(masks)];
                        if (cim_wmio_read(b.p, b.n, &tolerant, &back, NULL) == 0) {
                                cim_instance_unref(read_back(back, STR(""), &tolerant));
                                cim_instance_unref(back);
                        }
                        b.p[k / COUNT(masks)] ^= masks[k % COUNT(masks)];
                }
                buf_deinit(&b);
        }
        i->is_class = false;
        cim_instance_unref(i);
        cim_instance_unref(in);
        cim_class_unref(last);
}

static void objects_are_nested_as_deep_as_values_may_be(void **state)
{
        (void)state;
        CimClass *c = made(&CLASS("Nest", PROPERTIES(P("In", CIM_OBJECT))), NULL, NULL);
        CimInstance deep[LIMIT_DEPTH + 2];
        CimValue in[LIMIT_DEPTH + 2];
        for (unsigned k = 0; k < LIMIT_DEPTH + 2; k++) {
                in[k] = k ? (CimValue){.type = CIM_OBJECT, .object = &deep[k - 1]} : cim_null(CIM_OBJECT);
                deep[k] = (CimInstance){.class = c, .values = &in[k]};
        }
        Buf b = {0};
        for (unsigned k = LIMIT_DEPTH - 1; k <= LIMIT_DEPTH; k++) {
                CimInstance *back = read_back(&deep[k], STR(""), &strict);
                assert_true(cim_instance_same(back, back));
                cim_instance_unref(back);
        }
        assert_int_equal(cim_wmio_write(&deep[LIMIT_DEPTH + 1], STR(""), &b), -ELOOP);
        assert_int_equal(b.n, 0);
        buf_deinit(&b);
        cim_class_unref(c);
}

// --- what others write -------------------------------------------------------------------------------------

// Reads b, which is another encoder's now.
static int read_changed(const Buf *b, const CimWmioOptions *options, CimInstance **ret)
{
        Diag d = {0};
        *ret = NULL;
        int r = cim_wmio_read(b->p, b->n, options, ret, &d);
        assert_true(r == 0 || (r == E_DIAG && d.message[0]));
        return r;
}

// One {V = 7; S = "d"; L = {1}} with V 9, S "x" and L NULL; its instance part ends with this.
enum { AT_ND = 28, AT_V = 27, AT_S = 25, AT_L = 21, AT_QUALIFIERS = 17 }; // from the end

static void write_one(Buf *b)
{
        CimClass *c =
                made(&CLASS("One",
                            PROPERTIES(P("V", CIM_UINT16, .has_default = true, .value = VU(CIM_UINT16, 7)),
                                       P("S", CIM_STRING, .has_default = true, .value = VS(CIM_STRING, u"d")),
                                       P("L", CIM_UINT8 | CIM_ARRAY, .has_default = true,
                                         .value = VA(CIM_UINT8, VU(CIM_UINT8, 1))))),
                     NULL, NULL);
        CimValue values[] = {VU(CIM_UINT16, 9), VS(CIM_STRING, u"x"), cim_null(CIM_UINT8 | CIM_ARRAY)};
        CimInstance i = {.class = c, .values = values};
        assert_int_equal(cim_wmio_write(&i, STR(""), b), 0);
        assert_int_equal(b->p[b->n - AT_ND], 0x10);
        assert_int_equal(b->p[b->n - AT_V], 9);
        assert_int_equal(b->p[b->n - AT_S], 5);
        assert_int_equal(b->p[b->n - AT_QUALIFIERS], 4);
        cim_class_unref(c);
}

static void either_bit_means_that_the_slot_is_not_read(void **state)
{
        (void)state;
        for (unsigned bits = 0; bits < 4; bits++) {
                Buf b = {0};
                CimInstance *i;
                write_one(&b);
                b.p[b.n - AT_ND] = (uint8_t)(bits | bits << 2 | bits << 4);
                if (!bits)
                        b.p[b.n - AT_ND] = 0x10; // an array has no slot
                b.p[b.n - AT_S] = bits ? 0xEE : b.p[b.n - AT_S];
                assert_int_equal(read_changed(&b, &strict, &i), bits ? E_DIAG : 0);
                cim_instance_unref(i);
                assert_int_equal(read_changed(&b, &tolerant, &i), 0);
                for (size_t k = 0; k < 2; k++) {
                        assert_int_equal(i->values[k].null, bits == 1);
                        assert_true(bits != 2 ||
                                    cim_value_same(&i->values[k], &i->class->properties[k].value));
                        assert_true(bits != 3 ||
                                    cim_value_same(&i->values[k], &i->class->properties[k].value));
                }
                assert_int_equal(i->values[2].null, bits < 2);
                cim_instance_unref(i);
                buf_deinit(&b);
        }
}

static void what_refers_to_the_name_of_the_class_is_not_set(void **state)
{
        (void)state;
        Buf b = {0};
        CimInstance *i;
        write_one(&b);
        b.p[b.n - AT_ND] = 0;
        b.p[b.n - AT_S] = 0;
        assert_int_equal(read_changed(&b, &strict, &i), E_DIAG);
        assert_int_equal(read_changed(&b, &tolerant, &i), 0);
        CimValue text = VS(CIM_STRING, u"d");
        assert_true(cim_value_same(&i->values[1], &text));
        assert_int_equal(i->values[2].array.count, 1);
        cim_instance_unref(i);
        buf_deinit(&b);
}

static void qualifiers_of_instances_are_read_over(void **state)
{
        (void)state;
        Buf b = {0}, other = {0};
        CimInstance *i;
        static const uint8_t sets[] = {4, 0, 0, 0, 2, 4, 0, 0, 0,
                                       4, 0, 0, 0, 4, 0, 0, 0}; // one for each property
        write_one(&b);
        size_t at = b.n - AT_QUALIFIERS, instance = b.n - AT_ND - 9;
        buf_put(&other, b.p, at);
        buf_put(&other, sets, sizeof(sets));
        buf_put(&other, b.p + at + 5, b.n - at - 5);
        buf_patch_u32(&other, instance, (uint32_t)(other.n - instance));
        buf_patch_u32(&other, 4, (uint32_t)other.n - 8);
        assert_int_equal(read_changed(&other, &strict, &i), E_DIAG);
        assert_int_equal(read_changed(&other, &tolerant, &i), 0);
        assert_int_equal(i->values[0].uint, 9);
        cim_instance_unref(i);
        other.p[at + 4] = 3; // there is no such kind
        assert_int_equal(read_changed(&other, &tolerant, &i), E_DIAG);
        buf_deinit(&b);
        buf_deinit(&other);
}

// The name of a qualifier as an entry of the dictionary, and TRUE as 1.
static void names_may_be_entries_of_the_dictionary(void **state)
{
        (void)state;
        static const struct {
                uint32_t entry;
                const char *name; // NULL: not known
        } words[] = {{1, "key"},      {2, NULL},  {3, "read"},       {7, "dynamic"},
                     {10, "CIMTYPE"}, {11, NULL}, {0x7FFFFFFE, NULL}};
        static const uint8_t entry[] = {0x91, 11, 0, 0, 0, 0xFF, 0xFF}; // flavor, type, TRUE
        CimClass *c = made(&CLASS("One", QUALIFIERS(QF(QB("Mine"), 0x91)), PROPERTIES(P("V", CIM_UINT16))),
                           NULL, NULL);
        CimInstance *definition, *i;
        Buf b = {0};
        assert_int_equal(cim_instance_of_class(c, STR(""), &definition), 0);
        assert_int_equal(cim_wmio_write(definition, STR(""), &b), 0);
        uint8_t *at = memmem(b.p, b.n, entry, sizeof(entry));
        assert_non_null(at);
        at[5] = 1;
        at[6] = 0;
        for (size_t k = 0; k < COUNT(words); k++) {
                buf_patch_u32(&b, (size_t)(at - b.p) - 4, 0x80000000u | words[k].entry);
                assert_int_equal(read_changed(&b, &strict, &i), E_DIAG);
                assert_int_equal(read_changed(&b, &tolerant, &i), words[k].name ? 0 : E_DIAG);
                if (!words[k].name)
                        continue;
                assert_true(str_eq(i->class->qualifiers[0].name, str_of(words[k].name)));
                assert_true(i->class->qualifiers[0].value.boolean);
                cim_instance_unref(i);
        }
        cim_instance_unref(definition);
        cim_class_unref(c);
        buf_deinit(&b);
}

// A method that returns something and has a parameter of the name that this has in MS-WMIO.
static void what_cannot_be_said_is_not_written(void **state)
{
        (void)state;
        CimPropertySpec out[] = {P("ReturnValue", CIM_UINT8, QUALIFIERS(QB("out")))};
        CimMethodSpec methods[] = {
                {.name = STR("Get"), .return_type = CIM_UINT32, .parameters = out, .parameter_count = 1}};
        CimClass *c = made(&CLASS("One", .methods = methods, .method_count = 1), NULL, NULL);
        CimInstance definition = {.class = c, .is_class = true};
        Buf b = {0};
        buf_u8(&b, 7);
        assert_int_equal(cim_wmio_write(&definition, STR(""), &b), -EINVAL);
        assert_int_equal(b.n, 1);
        cim_class_unref(c);
        buf_deinit(&b);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(a_class_comes_back_whole),
                TEST(an_instance_comes_back_whole),
                TEST(a_string_ends_at_its_first_nul),
                TEST(a_unit_cut_off_anywhere_is_refused),
                TEST(a_unit_with_one_byte_changed_does_no_harm),
                TEST(objects_are_nested_as_deep_as_values_may_be),
                TEST(either_bit_means_that_the_slot_is_not_read),
                TEST(what_refers_to_the_name_of_the_class_is_not_set),
                TEST(qualifiers_of_instances_are_read_over),
                TEST(names_may_be_entries_of_the_dictionary),
                TEST(what_cannot_be_said_is_not_written),
                TEST_END,
        });
}
