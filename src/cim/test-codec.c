// SPDX-License-Identifier: MIT
// cim: bundles of classes.
#include "cim/codec.h"

#include "base/limits.h"
#include "base/testkit.h"
#include "cim/class-impl.h"
#include "cim/instance.h"
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

// --- values ------------------------------------------------------------------------------------------------

static CimClass *with(uint16_t type)
{
        CimPropertySpec p = {.name = STR("V"), .type = type};
        return made(&(CimClassSpec){.name = STR("One"), .properties = &p, .property_count = 1}, NULL, NULL);
}

// Writes v as the only value of an object; reads it, to the same; 0 or what writing returned.
static int through(CimValue v, Buf *out)
{
        CimClass *c = with(v.type);
        CimClassTable table = TABLE(c);
        CimInstance i = {.class = c, .values = &v};
        Arena a = {0};
        CimValue back;
        CimBlockError e;
        int r = cim_codec_write_values(&i, &table, out);
        if (r == 0) {
                uint8_t *exact = malloc(out->n);
                memcpy(exact, out->p, out->n);
                assert_int_equal(cim_codec_read_values(exact, out->n, c, NULL, &table, &a, &back, &e), 0);
                assert_true(cim_value_same(&v, &back));
                free(exact);
        } else {
                assert_int_equal(out->n, 0);
        }
        arena_deinit(&a);
        cim_class_unref(c);
        return r;
}

#define BYTES_OF(v, ...)                                                                                     \
        do {                                                                                                 \
                Buf bytes = {0};                                                                             \
                const uint8_t expected[] = {__VA_ARGS__};                                                    \
                assert_int_equal(through(v, &bytes), 0);                                                     \
                assert_int_equal(bytes.n, sizeof(expected));                                                 \
                assert_memory_equal(bytes.p, expected, bytes.n);                                             \
                buf_deinit(&bytes);                                                                          \
        } while (0)

// NdTable, table, heap: these bytes are at rest on disks.
static void values_are_these_bytes(void **state)
{
        (void)state;
        BYTES_OF(cim_null(CIM_UINT16), 1, 0, 0, 0, 0, 0, 0x80);
        BYTES_OF(cim_null(CIM_STRING | CIM_ARRAY), 1, 0, 0, 0, 0, 0, 0, 0, 0x80);
        BYTES_OF(VI(CIM_SINT16, -2), 0, 0xFE, 0xFF, 0, 0, 0, 0x80);
        BYTES_OF(VB(true), 0, 0xFF, 0xFF, 0, 0, 0, 0x80);
        BYTES_OF(VR(CIM_REAL32, -1), 0, 0, 0, 0x80, 0xBF, 0, 0, 0, 0x80);
        BYTES_OF(VS(CIM_STRING, u""), 0, 0, 0, 0, 0, 2, 0, 0, 0x80, 0, 0);
        BYTES_OF(VS(CIM_STRING, u"\xFF"), 0, 0, 0, 0, 0, 3, 0, 0, 0x80, 0, 0xFF, 0);
        BYTES_OF(VS(CIM_STRING, u"\x100"), 0, 0, 0, 0, 0, 5, 0, 0, 0x80, 1, 0, 1, 0, 0);
        BYTES_OF(VS(CIM_STRING, u"\0"), 0, 0, 0, 0, 0, 7, 0, 0, 0x80, 2, 1, 0, 0, 0, 0, 0);
        BYTES_OF(VA(CIM_UINT8, VU(CIM_UINT8, 7), VU(CIM_UINT8, 8)), 0, 0, 0, 0, 0, 6, 0, 0, 0x80, 2, 0, 0, 0,
                 7, 8);
        BYTES_OF(VA(CIM_DATETIME, cim_null(CIM_DATETIME)), 0, 0, 0, 0, 0, 8, 0, 0, 0x80, 1, 0, 0, 0, 0xFF,
                 0xFF, 0xFF, 0xFF);
        BYTES_OF(VA(CIM_STRING, VS(CIM_STRING, u"a"), VS(CIM_STRING, u"b")), 0, 0, 0, 0, 0, 18, 0, 0, 0x80, 2,
                 0, 0, 0, 12, 0, 0, 0, 15, 0, 0, 0, 0, 'a', 0, 0, 'b', 0);
}

static void values_in_another_encoding_are_refused(void **state)
{
        (void)state;
        static const struct {
                uint16_t type;
                uint8_t n, bytes[24];
        } wrong[] = {
                {CIM_UINT16, 7, {2, 0, 0, 0, 0, 0, 0x80}},                         // an inherited default
                {CIM_UINT16, 7, {3, 0, 0, 0, 0, 0, 0x80}},                         // and NULL
                {CIM_UINT16, 7, {4, 0, 0, 0, 0, 0, 0x80}},                         // a second value
                {CIM_UINT16, 7, {1, 1, 0, 0, 0, 0, 0x80}},                         // NULL with a value
                {CIM_UINT16, 7, {0, 1, 0, 0, 0, 0, 0}},                            // no heap
                {CIM_UINT16, 8, {0, 1, 0, 1, 0, 0, 0x80, 0}},                      // a heap that nothing uses
                {CIM_UINT16, 8, {0, 1, 0, 0, 0, 0, 0x80, 0}},                      // a byte behind the end
                {CIM_BOOLEAN, 7, {0, 1, 0, 0, 0, 0, 0x80}},                        // not FFFFh
                {CIM_REAL32, 9, {0, 1, 0, 0x80, 0x7F, 0, 0, 0, 0x80}},             // a signalling NaN
                {CIM_STRING, 12, {0, 1, 0, 0, 0, 3, 0, 0, 0x80, 0, 0, 0}},         // a gap
                {CIM_STRING, 13, {0, 0, 0, 0, 0, 4, 0, 0, 0x80, 1, 'a', 0, 0}},    // no end
                {CIM_STRING, 14, {0, 0, 0, 0, 0, 5, 0, 0, 0x80, 1, 'a', 0, 0, 0}}, // 8 bits would do
                {CIM_STRING,
                 16,
                 {0, 0, 0, 0, 0, 7, 0, 0, 0x80, 2, 1, 0, 0, 0, 'a', 0}},     // counted for nothing
                {CIM_STRING, 11, {0, 0, 0, 0, 0, 2, 0, 0, 0x80, 3, 0}},      // no form
                {CIM_STRING, 9, {0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0x80}}, // nowhere
                {CIM_OBJECT, 18, {0, 0, 0, 0, 0, 9, 0, 0, 0x80, 5, 0, 0, 0, 9, 0, 0, 0, 1}}, // of no class
                {CIM_OBJECT, 18, {0, 0, 0, 0, 0, 9, 0, 0, 0x80, 5, 0, 0, 0, 1, 0, 0, 0, 2}}, // with a flag
                {CIM_OBJECT,
                 19,
                 {0, 0, 0, 0, 0, 10, 0, 0, 0x80, 6, 0, 0, 0, 1, 0, 0, 0, 1, 0}}, // a definition with values
        };
        for (size_t k = 0; k < COUNT(wrong); k++) {
                CimClass *c = with(wrong[k].type);
                CimClassTable table = TABLE(c);
                Arena a = {0};
                CimValue v;
                CimBlockError e = {0};
                if (cim_codec_read_values(wrong[k].bytes, wrong[k].n, c, NULL, &table, &a, &v, &e) != 1)
                        fail_msg("%zu is read", k);
                assert_true(e.says[0] && e.offset <= wrong[k].n);
                arena_deinit(&a);
                cim_class_unref(c);
        }
}

static void values_that_do_not_fit_are_not_written(void **state)
{
        (void)state;
        Buf b = {0};
        assert_int_equal(through(VU(CIM_UINT8, 255), &b), 0);
        b.n = 0;
        assert_int_equal(through(VU(CIM_UINT8, 256), &b), -EINVAL);
        assert_int_equal(through(VI(CIM_SINT16, -32769), &b), -EINVAL);
        assert_int_equal(through(VU(CIM_CHAR16, 0x10000), &b), -EINVAL);
        assert_int_equal(through(VA(CIM_UINT8, cim_null(CIM_UINT8)), &b), -EINVAL);
        assert_int_equal(through(VA(CIM_UINT8, VU(CIM_UINT16, 1)), &b), -EINVAL);
        CimClass *inner = made(&CLASS("Inner"), NULL, NULL), *other = with(CIM_UINT8);
        CimClass *outer = made(&CLASS("Outer", PROPERTIES(P("In", CIM_OBJECT, .class_name = STR("Inner")))),
                               NULL, (CimClass *[]){inner, NULL});
        CimValue byte = VU(CIM_UINT8, 1);
        CimInstance stranger = {.class = other, .values = &byte}, fine = {.class = inner};
        CimValue in = {.type = CIM_OBJECT, .object = &stranger};
        CimInstance i = {.class = outer, .values = &in};
        CimClassTable table = TABLE(inner, other);
        assert_int_equal(cim_codec_write_values(&i, &table, &b), -EINVAL);
        in.object = &fine;
        assert_int_equal(cim_codec_write_values(&i, &table, &b), 0);
        b.n = 0;
        assert_int_equal(cim_codec_write_values(&i, NULL, &b), -EINVAL);
        in = VU(CIM_UINT8, 1);
        assert_int_equal(cim_codec_write_values(&i, &table, &b), -EINVAL);
        cim_class_unref(inner);
        cim_class_unref(other);
        cim_class_unref(outer);
        buf_deinit(&b);
}

// Reads n bytes whose only value has type t.
static int read_one(uint16_t t, const uint8_t *p, size_t n)
{
        CimClass *c = with(t);
        CimClassTable table = TABLE(c);
        Arena a = {0};
        CimValue v;
        CimBlockError e;
        int r = cim_codec_read_values(p, n, c, NULL, &table, &a, &v, &e);
        arena_deinit(&a);
        cim_class_unref(c);
        return r;
}

static void arrays_have_as_many_items_as_they_may(void **state)
{
        (void)state;
        uint32_t most = LIMIT_ARRAY_ITEMS;
        CimValue *items = calloc(most + 1, sizeof(*items));
        for (uint32_t i = 0; i <= most; i++)
                items[i] = VU(CIM_UINT8, i % 256);
        for (uint32_t n = most - 1; n <= most + 1; n++) {
                Buf b = {0};
                CimValue v = {.type = CIM_UINT8 | CIM_ARRAY, .array = {items, n}};
                assert_int_equal(through(v, &b), n > most ? -E2BIG : 0);
                b.n = 0;
                buf_u8(&b, 0); // the same by hand
                buf_u32(&b, 0);
                buf_u32(&b, (n + 4) | 0x80000000u);
                buf_u32(&b, n);
                for (uint32_t i = 0; i < n; i++)
                        buf_u8(&b, 0);
                assert_int_equal(read_one(CIM_UINT8 | CIM_ARRAY, b.p, b.n), n > most);
                buf_deinit(&b);
        }
        free(items);
}

static void objects_have_as_many_bytes_as_they_may(void **state)
{
        (void)state;
        size_t most = LIMIT_OBJECT_BYTES, around = 11; // NdTable, slot, heap, form, NUL
        char16_t *text = malloc((most + 1) * sizeof(*text));
        for (size_t i = 0; i <= most; i++)
                text[i] = 'x';
        for (size_t n = most - 1; n <= most + 1; n++) {
                Buf b = {0};
                CimValue v = {.type = CIM_STRING, .string = {text, n - around}};
                assert_int_equal(through(v, &b), n > most ? -E2BIG : 0);
                assert_int_equal(b.n, n > most ? 0 : n);
                b.n = 0;
                buf_u8(&b, 0);
                buf_u32(&b, 0);
                buf_u32(&b, (uint32_t)(n - 9) | 0x80000000u);
                memset(buf_reserve(&b, n - 9), 'x', n - 9);
                b.p[b.n] = 0;
                b.p[n - 1] = 0;
                assert_int_equal(read_one(CIM_STRING, b.p, n), n > most);
                buf_deinit(&b);
        }
        free(text);
}

// One object in another, by hand: deeper than it can be written.
static void objects_are_read_as_deep_as_they_may_be(void **state)
{
        (void)state;
        Buf inner = {0};
        static const uint8_t none[] = {1, 0, 0, 0, 0, 0, 0, 0, 0x80};
        buf_put(&inner, none, sizeof(none));
        for (unsigned depth = 1; depth <= LIMIT_DEPTH + 1; depth++) {
                Buf b = {0};
                buf_u8(&b, 0);
                buf_u32(&b, 0);
                buf_u32(&b, (uint32_t)(inner.n + 9) | 0x80000000u);
                buf_u32(&b, (uint32_t)inner.n + 5);
                buf_u32(&b, 1);
                buf_u8(&b, 0);
                buf_put(&b, inner.p, inner.n);
                buf_deinit(&inner);
                inner = b;
                assert_int_equal(read_one(CIM_OBJECT, b.p, b.n), depth > LIMIT_DEPTH);
        }
        buf_deinit(&inner);
}

// --- bounds of sets ----------------------------------------------------------------------------------------

static void sets_have_as_many_classes_as_they_may(void **state)
{
        (void)state;
        CimSetWriter *w = cim_set_writer_new(false);
        for (unsigned i = 0; i <= CODEC_CLASSES; i++) {
                char name[16];
                snprintf(name, sizeof(name), "C%u", i);
                CimClass *c = made(&(CimClassSpec){.name = str_of(name)}, NULL, NULL);
                CimInstance object = {.class = c};
                assert_int_equal(cim_set_add(w, &object), i == CODEC_CLASSES ? -E2BIG : 0);
                cim_class_unref(c);
        }
        Buf b = {0};
        CimSet set;
        Diag d = {0};
        cim_set_finish(w, &b);
        assert_int_equal(cim_set_read(b.p, b.n, NULL, NULL, &set, NULL, &d), 0);
        assert_int_equal(set.count, CODEC_CLASSES);
        cim_set_deinit(&set);
        buf_patch_u32(&b, 0, CODEC_CLASSES + 1);
        assert_int_equal(cim_set_read(b.p, b.n, NULL, NULL, &set, NULL, &d), E_DIAG);
        assert_non_null(strstr(d.message, "that many classes"));
        cim_set_writer_free(w);
        buf_deinit(&b);
}

// Few bytes that stand for many: definitions of a large class.
static void sets_take_as_much_memory_as_they_may(void **state)
{
        (void)state;
        CimPropertySpec p[LIMIT_CLASS_PROPERTIES] = {0};
        char names[LIMIT_CLASS_PROPERTIES][8];
        for (unsigned i = 0; i < LIMIT_CLASS_PROPERTIES; i++) {
                snprintf(names[i], sizeof(names[i]), "P%u", i);
                p[i] = (CimPropertySpec){.name = str_of(names[i]), .type = CIM_UINT8};
        }
        CimClass *c = made(&(CimClassSpec){.name = STR("Large"),
                                           .properties = p,
                                           .property_count = LIMIT_CLASS_PROPERTIES},
                           NULL, NULL);
        CimInstance definition = {.class = c, .is_class = true};
        CimSetWriter *w = cim_set_writer_new(false);
        unsigned n = 0;
        while (cim_set_add(w, &definition) == 0)
                n++;
        assert_int_equal(cim_set_add(w, &definition), -E2BIG);
        assert_true(n > 1000 && n < 10000);
        Buf b = {0};
        CimSet set;
        Diag d = {0};
        cim_set_finish(w, &b);
        assert_int_equal(cim_set_read(b.p, b.n, NULL, NULL, &set, NULL, &d), 0);
        assert_int_equal(set.count, n);
        cim_set_deinit(&set);
        buf_put(&b, b.p + b.n - 9, 9); // one more
        buf_patch_u32(&b, b.n - (n + 1) * 9 - 4, n + 1);
        assert_int_equal(cim_set_read(b.p, b.n, NULL, NULL, &set, NULL, &d), E_DIAG);
        assert_non_null(strstr(d.message, "too much memory"));
        buf_deinit(&b);
        cim_set_writer_free(w);
        cim_class_unref(c);
}

// The same inside one object.
static void an_object_takes_as_much_memory_as_it_may(void **state)
{
        (void)state;
        CimPropertySpec p[512] = {0};
        char names[512][8];
        for (unsigned i = 0; i < 512; i++) {
                snprintf(names[i], sizeof(names[i]), "P%u", i);
                p[i] = (CimPropertySpec){.name = str_of(names[i]), .type = CIM_UINT8};
        }
        CimClass *large = made(&(CimClassSpec){.name = STR("Large"), .properties = p, .property_count = 512},
                               NULL, NULL);
        CimClass *c = with(CIM_OBJECT | CIM_ARRAY);
        CimInstance definition = {.class = large, .is_class = true, .namespace = STR("root\\test")};
        size_t one = sizeof(CimInstance) + definition.namespace.n + 512 * sizeof(CimValue);
        uint32_t most = (uint32_t)(CODEC_BYTES / (one + class_bytes(large))); // a definition is its class too
        CimValue *items = calloc(most + 1, sizeof(*items));
        for (uint32_t i = 0; i <= most; i++)
                items[i] = (CimValue){.type = CIM_OBJECT, .object = &definition};
        CimClassTable table = TABLE(large);
        for (uint32_t n = most - 1; n <= most + 1; n++) {
                CimValue v = {.type = CIM_OBJECT | CIM_ARRAY, .array = {items, n}}, back;
                CimInstance i = {.class = c, .values = &v};
                Arena a = {0};
                Buf b = {0};
                CimBlockError e;
                assert_int_equal(cim_codec_write_values(&i, &table, &b), n > most ? -E2BIG : 0);
                if (n == most)
                        assert_int_equal(cim_codec_read_values(b.p, b.n, c, NULL, &table, &a, &back, &e), 0);
                arena_deinit(&a);
                buf_deinit(&b);
        }
        free(items);
        cim_class_unref(c);
        cim_class_unref(large);
}

// Few bytes for each object, and many for the name of where it lives.
static void names_of_namespaces_count(void **state)
{
        (void)state;
        enum { MANY = 20000 };
        char name[LIMIT_NAMESPACE_CHARS * 4];
        memset(name, 'n', sizeof(name));
        CimClass *none = made(&CLASS("None"), NULL, NULL), *c = with(CIM_OBJECT | CIM_ARRAY);
        CimInstance empty = {.class = none, .values = &(CimValue){0}, .namespace = {name, sizeof(name)}};
        CimValue *items = calloc(MANY, sizeof(*items));
        for (uint32_t i = 0; i < MANY; i++)
                items[i] = (CimValue){.type = CIM_OBJECT, .object = &empty};
        CimValue v = {.type = CIM_OBJECT | CIM_ARRAY, .array = {items, MANY}};
        CimInstance i = {.class = c, .values = &v, .namespace = STR("root")};
        CimSetWriter *w = cim_set_writer_new(false);
        assert_int_equal(cim_set_add(w, &i), -E2BIG);
        cim_set_writer_free(w);
        free(items);
        cim_class_unref(c);
        cim_class_unref(none);
}

// A class whose default is n definitions of another one. NULL: refused.
static CimClass *with_definitions(const char *name, const CimClass *of, uint32_t n)
{
        CimInstance *one = NULL;
        assert_int_equal(cim_instance_of_class(of, STR("root"), &one), 0);
        CimValue *items = calloc(n, sizeof(*items));
        for (uint32_t i = 0; i < n; i++)
                items[i] = (CimValue){.type = CIM_OBJECT, .object = one};
        CimPropertySpec p = P("X", CIM_OBJECT | CIM_ARRAY, .has_default = true,
                              .value = {.type = CIM_OBJECT | CIM_ARRAY, .array = {items, n}});
        CimClassSpec s = {.name = str_of(name), .properties = &p, .property_count = 1};
        CimClass *c = NULL;
        Diag d = {0};
        int r = cim_class_new(&s, NULL, NULL, NULL, &c, &d);
        if (r) {
                assert_int_equal(r, E_DIAG);
                assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_CLASS);
                assert_non_null(strstr(d.message, "stand for more than"));
        }
        free(items);
        cim_instance_unref(one);
        return c;
}

// Definitions of definitions: each level is ten times the one below it when it is written out, and as small
// in memory. Returns how many there can be.
static unsigned tower(CimClass **ret, unsigned most)
{
        unsigned n = 1;
        ret[0] = made(&CLASS("D"), NULL, NULL);
        for (; n < most && (ret[n] = with_definitions("D", ret[n - 1], 10)); n++)
                assert_true(ret[n]->arena->used < 20000);
        return n;
}

static void definitions_of_definitions_do_not_grow_for_ever(void **state)
{
        (void)state;
        CimClass *one[20] = {0}, *two[20] = {0};
        unsigned n = tower(one, 20);
        assert_true(n > 3 && n < 10);
        assert_int_equal(tower(two, 20), n);
        assert_true(cim_class_same(one[n - 1], two[n - 1]));
        assert_false(cim_class_same(one[n - 1], two[n - 2]));
        CimInstance *i, *copy;
        assert_int_equal(cim_instance_of_class(one[n - 1], STR("root"), &i), 0);
        assert_int_equal(cim_instance_copy(i, &copy), 0);
        assert_true(copy->owner->used < 20000);
        cim_instance_unref(i);
        assert_true(cim_instance_same(copy, copy));
        Buf b = {0}; // the bytes have each class once
        assert_int_equal(cim_codec_write_class(one[n - 1], &b), 0);
        assert_true(b.n < 10000);
        CimClass *back;
        Diag d = {0};
        assert_int_equal(cim_codec_read_class(b.p, b.n, &back, &d), 0);
        assert_true(cim_class_same(back, one[n - 1]));
        cim_class_unref(back);
        buf_deinit(&b);
        for (unsigned k = 0; k < n; k++) {
                cim_class_unref(one[k]);
                cim_class_unref(two[k]);
        }
        const CimInstance *in = copy->values[0].array.items[0].object; // its class is kept
        assert_true(in->is_class && in->values[0].array.count == 10);
        cim_instance_unref(copy);
}

static void definitions_stand_for_as_much_as_they_may(void **state)
{
        (void)state;
        char16_t *text = malloc(100000 * sizeof(*text));
        for (unsigned i = 0; i < 100000; i++)
                text[i] = u'x';
        CimPropertySpec p = P("S", CIM_STRING, .has_default = true,
                              .value = {.type = CIM_STRING, .string = {text, 100000}});
        CimClass *large = made(&(CimClassSpec){.name = STR("Large"), .properties = &p, .property_count = 1},
                               NULL, NULL);
        uint32_t most = (uint32_t)(LIMIT_DEFINITION_BYTES / class_bytes(large));
        for (uint32_t n = most - 1; n <= most + 1; n++) {
                CimClass *c = with_definitions("Many", large, n);
                assert_int_equal(c == NULL, n > most);
                assert_true(!c || c->arena->used < 1000000);
                CimClass *below = c ? made(&CLASS("Below"), c, NULL) : NULL; // what it inherits counts
                CimClass *above = below ? with_definitions("Above", below, 2) : NULL;
                assert_null(above);
                cim_class_unref(below);
                cim_class_unref(c);
        }
        cim_class_unref(large);
        free(text);
}

static void classes_take_as_much_memory_as_they_may(void **state)
{
        (void)state;
        uint32_t items = LIMIT_ARRAY_ITEMS;
        CimValue *list = calloc(items, sizeof(*list));
        for (uint32_t i = 0; i < items; i++)
                list[i] = VU(CIM_UINT8, 0);
        CimSetWriter *w = cim_set_writer_new(false);
        for (unsigned i = 0; i < 3; i++) { // 24 MiB each
                char name[16];
                snprintf(name, sizeof(name), "C%u", i);
                CimPropertySpec p = P("L", CIM_UINT8 | CIM_ARRAY, .has_default = true,
                                      .value = {.type = CIM_UINT8 | CIM_ARRAY, .array = {list, items}});
                CimClass *c =
                        made(&(CimClassSpec){.name = str_of(name), .properties = &p, .property_count = 1},
                             NULL, NULL);
                CimInstance definition = {.class = c, .is_class = true};
                assert_int_equal(cim_set_add(w, &definition), i == 2 ? -E2BIG : 0);
                cim_class_unref(c);
        }
        cim_set_writer_free(w);
        free(list);
}

// What a declaration says comes back, and nothing else.
static void a_declaration_comes_back_as_it_was(void **state)
{
        (void)state;
        CimClass *base = made(&CLASS("Base", PROPERTIES(P("Given", CIM_UINT8, .has_default = true,
                                                          .value = VU(CIM_UINT8, 9)))),
                              NULL, NULL);
        CimPropertySpec parameters[] = {P("Z", CIM_UINT8 | CIM_ARRAY, .max = 3, QUALIFIERS(QU("ID", 1))),
                                        P("ReturnValue", CIM_STRING)};
        CimMethodSpec methods[] = {{.name = STR("Get"),
                                    .return_type = CIM_OBJECT,
                                    .return_class = STR("Base"),
                                    .parameters = parameters,
                                    .parameter_count = 2}};
        CimClass *c = made(
                &CLASS("Thing", QUALIFIERS(QF(QS("Text", u"a\0b"), 0x93), QF(QU("MAX", 4), 0)),
                       PROPERTIES(P("Given", CIM_UINT8, .has_default = true, .value = cim_null(CIM_UINT8)),
                                  P("None", CIM_STRING), P("Fixed", CIM_UINT8 | CIM_ARRAY, .max = 5),
                                  P("Said", CIM_UINT8 | CIM_ARRAY, QUALIFIERS(QB("x"), QU("MAX", 6))),
                                  P("Both", CIM_UINT8 | CIM_ARRAY, .max = 7, QUALIFIERS(QU("MAX", 6))),
                                  P("R", CIM_REFERENCE, .class_name = STR("Base"),
                                    QUALIFIERS(QS("CIMTYPE", u"mine"),
                                               {STR("Nothing"), cim_null(CIM_UINT32), 0}))),
                       .methods = methods, .method_count = 1),
                base, NULL);
        Buf b = {0}, again = {0};
        Arena a = {0};
        CimClassTable none = {0};
        CimClassSpec s;
        Str super;
        Diag d = {0};
        assert_int_equal(cim_codec_write_declared(c, &none, &b), 0);
        if (cim_codec_read_declared(b.p, b.n, &none, &a, &s, &super, &d) != 0)
                fail_msg("%s", d.message);
        assert_true(str_eq(super, STR("Base")) && str_eq(s.name, STR("Thing")));
        assert_true(s.qualifiers[0].flavor == 0x93 && s.qualifiers[0].value.string.n == 3);
        assert_true(s.properties[0].has_default && s.properties[0].value.null);
        assert_true(!s.properties[1].has_default && !s.properties[1].qualifier_count);
        assert_true(s.properties[2].max == 5 && !s.properties[2].qualifier_count);
        assert_true(s.properties[3].max == 6 && s.properties[3].qualifier_count == 2);
        assert_true(s.properties[4].max == 7 && s.properties[4].qualifier_count == 1);
        assert_true(str_eq(s.properties[5].class_name, STR("Base")) && s.properties[5].qualifier_count == 2);
        assert_true(s.properties[5].qualifiers[1].value.null &&
                    s.properties[5].qualifiers[1].value.type == CIM_UINT32);
        assert_int_equal(s.methods[0].parameter_count, 2);
        assert_true(str_eq(s.methods[0].parameters[0].name, STR("Z")) && s.methods[0].parameters[0].max == 3);
        assert_true(s.methods[0].return_type == CIM_OBJECT && str_eq(s.methods[0].return_class, STR("Base")));
        CimClass *back = made(&s, base, NULL);
        assert_int_equal(cim_codec_write_declared(back, &none, &again), 0);
        assert_int_equal(b.n, again.n);
        assert_memory_equal(b.p, again.p, b.n);
        cim_class_unref(back);
        for (size_t n = 0; n < b.n; n++)
                assert_int_equal(cim_codec_read_declared(b.p, n, &none, &a, &s, &super, &d), E_DIAG);
        arena_deinit(&a);
        buf_deinit(&b);
        buf_deinit(&again);
        cim_class_unref(c);
        cim_class_unref(base);
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
                TEST(a_declaration_comes_back_as_it_was),
                TEST(values_are_these_bytes),
                TEST(values_in_another_encoding_are_refused),
                TEST(values_that_do_not_fit_are_not_written),
                TEST(arrays_have_as_many_items_as_they_may),
                TEST(objects_have_as_many_bytes_as_they_may),
                TEST(objects_are_read_as_deep_as_they_may_be),
                TEST(sets_have_as_many_classes_as_they_may),
                TEST(sets_take_as_much_memory_as_they_may),
                TEST(an_object_takes_as_much_memory_as_it_may),
                TEST(names_of_namespaces_count),
                TEST(definitions_of_definitions_do_not_grow_for_ever),
                TEST(definitions_stand_for_as_much_as_they_may),
                TEST(classes_take_as_much_memory_as_they_may),
                TEST_END,
        });
}
