// SPDX-License-Identifier: MIT
// Records and their bytes: the layout word by word, padding, every type, bounds, and bytes that are wrong.
#include "base/testkit.h"

#include "bmf/bmf-impl.h"
#include "bmf/test-random.h"

static Str of(const Buf *b)
{
        return (Str){(const char *)b->p, b->n};
}

static Buf written(const Bmf *b)
{
        Buf out = {0};
        assert_int_equal(bmf_write(b, &out), 0);
        return out;
}

// Reads from memory that ends where the bytes do, which the sanitizer watches.
static int read_exactly(const uint8_t *p, size_t n, Bmf **ret, Diag *d)
{
        uint8_t *exact = malloc(n ? n : 1);
        assert_non_null(exact);
        memcpy(exact, p, n);
        int r = bmf_read((Str){(char *)exact, n}, ret, d);
        free(exact);
        return r;
}

#define TEXT(s) ((Str16){u##s, sizeof(u##s) / 2 - 1})

static BmfProperty property(Str16 name, BmfValue v, const BmfQualifier *q, uint32_t n)
{
        return (BmfProperty){
                .name = name, .type = v.type, .has_value = true, .value = v, .qualifiers = {n != 0, q, n}};
}

static Bmf file_of(const BmfObject *const *objects, uint32_t n, bool flavors)
{
        return (Bmf){.objects = objects, .object_count = n, .has_flavors = flavors};
}

// --- layout --------------------------------------------------------------------------------------

// One class with one qualifier and one property: each word of it, by hand.
static void layout(void **state)
{
        (void)state;
        BmfQualifier q = {.name = TEXT("key"),
                          .has_value = true,
                          .value = {.type = CIM_BOOLEAN, .bits = 0xFFFF},
                          .has_flavor = true,
                          .flavor = 0x11};
        BmfProperty p =
                property(TEXT("__CLASS"), (BmfValue){.type = CIM_STRING, .string = TEXT("Ab")}, NULL, 0);
        BmfObject o = {
                .qualifiers = {true, &q, 1}, .properties = &p, .property_count = 1, .has_methods = true};
        const BmfObject *objects[] = {&o};
        Bmf b = file_of(objects, 1, true);
        Buf out = written(&b);
        static const uint32_t words[] = {
                0x424D4F46, 136,        1,          1,  1, // the objects
                116,        0,          36,         88, 0, // the class: its parts
                36,         1,          28,         11, 0, 8,  0x0065006B, 0x00000079, 0x0000FFFF, // key
                52,         1,          44,         8,  0, 16, 0xFFFFFFFF, 0x005F005F, 0x004C0043,
                0x00530041, 0x00000053, 0x00620041, 0, // __CLASS
                8,          0,                         // no methods
        };
        assert_int_equal(out.n, sizeof(words) + 16 + 12);
        assert_memory_equal(out.p, words, sizeof(words));
        assert_memory_equal(out.p + sizeof(words), "BMOFQUALFLAVOR11\1\0\0\0\x30\0\0\0\x11\0\0\0", 28);
        buf_deinit(&out);
}

// Where zeros stand behind names and values: of each array the last element has them, and all that is in it.
static void padding(void **state)
{
        (void)state;
        static const BmfValue strings[] = {{.type = CIM_STRING, .string = {u"a", 1}},
                                           {.type = CIM_STRING, .string = {u"bcde", 4}}};
        static const BmfValue bytes[] = {{.type = CIM_UINT8, .bits = 1},
                                         {.type = CIM_UINT8, .bits = 2},
                                         {.type = CIM_UINT8, .bits = 3}};
        BmfProperty inner[] = {
                property(TEXT("ab"), (BmfValue){.type = CIM_BOOLEAN, .bits = 1}, NULL, 0),
                property(TEXT("ab"), (BmfValue){.type = CIM_UINT8 | CIM_ARRAY, .array = {bytes, 3}}, NULL, 0),
                property(TEXT("ab"), (BmfValue){.type = CIM_BOOLEAN, .bits = 1}, NULL, 0),
        };
        BmfObject in = {.kind = 1, .properties = inner, .property_count = 3, .has_methods = true};
        const BmfValue two[] = {{.type = CIM_OBJECT, .object = &in}, {.type = CIM_OBJECT, .object = &in}};
        BmfProperty p[] = {
                property(TEXT("ab"), (BmfValue){.type = CIM_STRING | CIM_ARRAY, .array = {strings, 2}}, NULL,
                         0),
                property(TEXT("ab"), (BmfValue){.type = CIM_OBJECT | CIM_ARRAY, .array = {two, 2}}, NULL, 0),
                property(TEXT("ab"), (BmfValue){.type = CIM_STRING | CIM_ARRAY}, NULL, 0),
        };
        BmfObject o = {.properties = p, .property_count = 3, .has_methods = false};
        const BmfObject *objects[] = {&o};
        Bmf b = file_of(objects, 1, false);
        Buf out = written(&b);
        // 20 the file, 20 the object, 8 the list; each property 20 and its name, 6 and 2 of padding.
        size_t strings_size = 16 + 4 + 10 + 2;
        size_t array_of_bytes = 16 + 1 + 1 + 4;
        // In the first object neither name nor boolean is padded until its array is over; that pads its own
        // last element.
        size_t first = 20 + 8 + (20 + 6 + 2) + (20 + 6 + array_of_bytes) + (20 + 8 + 4) + 8;
        size_t second = 20 + 8 + (20 + 8 + 4) + (20 + 8 + array_of_bytes) + (20 + 8 + 4) + 8;
        size_t padded = 20 + 20 + 8 + (28 + strings_size) + (28 + 16 + first + second) + (28 + 16);
        assert_int_equal(out.n, padded);
        Bmf *back = NULL;
        assert_int_equal(read_exactly(out.p, out.n, &back, NULL), 0);
        assert_false(back->unpadded);
        assert_true(bmf_same_object(&o, back->objects[0], NULL));
        bmf_free(back);
        // Without padding: four zeros of each aligned thing fewer.
        out.n = 0;
        b.unpadded = true;
        assert_int_equal(bmf_write(&b, &out), 0);
        size_t inner_plain = 20 + 8 + (20 + 6 + 2) + (20 + 6 + 16 + 3) + (20 + 6 + 2) + 8;
        assert_int_equal(out.n, 20 + 20 + 8 + (26 + 16 + 4 + 10) + (26 + 16 + 2 * inner_plain) + (26 + 16));
        assert_int_equal(read_exactly(out.p, out.n, &back, NULL), 0);
        assert_true(back->unpadded);
        assert_true(bmf_same_object(&o, back->objects[0], NULL));
        bmf_free(back);
        buf_deinit(&out);
}

// Every type, alone and in arrays of no, one and several elements; with odd strings.
static void types(void **state)
{
        (void)state;
        static const uint16_t all[] = {CIM_SINT8,
                                       CIM_UINT8,
                                       CIM_SINT16,
                                       CIM_UINT16,
                                       CIM_SINT32,
                                       CIM_UINT32,
                                       CIM_SINT64,
                                       CIM_UINT64,
                                       CIM_REAL32,
                                       CIM_REAL64,
                                       CIM_BOOLEAN,
                                       CIM_CHAR16,
                                       CIM_STRING,
                                       CIM_DATETIME,
                                       CIM_REFERENCE,
                                       CIM_OBJECT,
                                       CIM_STRING | BMF_ALIAS};
        BmfObject empty = {.kind = 1};
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
                BmfValue v = {.type = all[i]}, items[3],
                         list = {.type = (uint16_t)(all[i] | CIM_ARRAY), .array = {items, 0}};
                if (bmf_is_text(v.type))
                        v.string = (Str16){u"x\xD800\xDC00y", 3}; // half a pair
                else if (v.type == CIM_OBJECT)
                        v.object = &empty;
                else
                        v.bits = 0x8877665544332211u & (UINT64_MAX >> (64 - 8 * bmf_size_of(v.type)));
                items[0] = items[1] = items[2] = v;
                for (list.array.count = 0; list.array.count < 4; list.array.count++) {
                        BmfQualifier q = {.name = TEXT("q"), .has_value = true, .value = list};
                        BmfProperty p[] = {property(TEXT("s"), v, &q, 1),
                                           property(TEXT("list"), list, NULL, 0)};
                        BmfObject o = {.properties = p,
                                       .property_count = 2,
                                       .has_methods = true,
                                       .methods = p,
                                       .method_count = 2};
                        const BmfObject *objects[] = {&o};
                        Bmf b = file_of(objects, 1, false), *back = NULL;
                        Buf out = written(&b);
                        Diag d = {0};
                        assert_int_equal(read_exactly(out.p, out.n, &back, &d), 0);
                        assert_true(bmf_same_object(&o, back->objects[0], NULL));
                        bmf_free(back);
                        buf_deinit(&out);
                }
        }
}

// --- bounds --------------------------------------------------------------------------------------

static void sizes(void **state)
{
        (void)state;
        Bmf *b = random_records(17), *back;
        assert_non_null(b);
        Buf out = written(b), again = {0};
        size_t n = out.n;
        assert_int_equal(bmf_write_within(b, n + 1, LIMIT_BMF_ITEMS, &again), 0);
        assert_int_equal(bmf_write_within(b, n, LIMIT_BMF_ITEMS, &again), 0);
        assert_int_equal(bmf_write_within(b, n - 1, LIMIT_BMF_ITEMS, &again), -EFBIG);
        for (int more = -1; more <= 1; more++) {
                int r = bmf_read_within(of(&out), (size_t)((ptrdiff_t)n + more), LIMIT_BMF_ITEMS, &back,
                                        NULL);
                assert_int_equal(r, more < 0 ? -EFBIG : 0);
                if (r == 0)
                        bmf_free(back);
        }
        buf_deinit(&out);
        buf_deinit(&again);
        bmf_free(b);
}

// Objects, members, qualifiers and elements together.
static void items(void **state)
{
        (void)state;
        static const BmfValue two[] = {{.type = CIM_UINT8}, {.type = CIM_UINT8}};
        BmfQualifier q = {.name = TEXT("q"),
                          .has_value = true,
                          .value = {.type = CIM_UINT8 | CIM_ARRAY, .array = {two, 2}}};
        BmfProperty p = property(TEXT("p"), (BmfValue){.type = CIM_UINT8}, &q, 1);
        BmfObject o = {
                .properties = &p, .property_count = 1, .methods = &p, .method_count = 1, .has_methods = true};
        const BmfObject *objects[] = {&o};
        Bmf b = file_of(objects, 1, false), *back = NULL;
        enum { ITEMS = 1 + 2 * (1 + 1 + 2) };
        Buf out = {0};
        for (size_t n = ITEMS - 1; n <= ITEMS + 1; n++) {
                out.n = 0;
                assert_int_equal(bmf_write_within(&b, SIZE_MAX, n, &out), n < ITEMS ? -EFBIG : 0);
        }
        for (size_t n = ITEMS - 1; n <= ITEMS + 1; n++) {
                Diag d = {0};
                assert_int_equal(bmf_read_within(of(&out), SIZE_MAX, n, &back, &d), n < ITEMS ? E_DIAG : 0);
                bmf_free(back);
        }
        buf_deinit(&out);
}

// One object inside of another: as many levels as a text may have, and one for the parameters of a method.
static void depth(void **state)
{
        (void)state;
        enum { MOST = BMF_DEPTH + 1 };
        static BmfObject o[MOST + 1];
        static BmfProperty p[MOST + 1];
        for (int i = 0; i <= MOST; i++) {
                p[i] = property(TEXT("p"), (BmfValue){.type = CIM_OBJECT, .object = i ? &o[i - 1] : NULL},
                                NULL, 0);
                o[i] = (BmfObject){
                        .kind = 1, .properties = &p[i], .property_count = i != 0, .has_methods = true};
        }
        for (unsigned inner = BMF_DEPTH - 1; inner <= BMF_DEPTH + 1; inner++) {
                const BmfObject *objects[] = {&o[inner]};
                Bmf b = file_of(objects, 1, false), *back = NULL;
                Buf out = {0};
                int r = bmf_write(&b, &out);
                assert_int_equal(r, inner > BMF_DEPTH ? -EFBIG : 0);
                if (r == 0) {
                        assert_int_equal(read_exactly(out.p, out.n, &back, NULL), 0);
                        bmf_free(back);
                }
                buf_deinit(&out);
        }
        // What nobody writes is not read either: the innermost of these is left out, and those around it.
        Buf out = {0};
        buf_put(&out, "FOMB\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0", 20);
        size_t starts[2 * (BMF_DEPTH + 2)], n = 0;
        for (unsigned i = 0; i < BMF_DEPTH + 2; i++) {
                starts[n++] = out.n; // the object; no qualifiers, properties at 0, no methods, an instance
                buf_put(&out, "\0\0\0\0\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\1\0\0\0", 20);
                starts[n++] = out.n; // one property: an object without qualifiers, called a
                buf_put(&out, "\0\0\0\0\1\0\0\0", 8);
                buf_put(&out,
                        "\0\0\0\0\x0d\0\0\0\0\0\0\0\4\0\0\0\xff\xff\xff\xff"
                        "a\0\0\0",
                        24);
        }
        buf_put(&out, "\x14\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\0\0\0", 20);
        for (size_t i = 0; i < n; i++) {
                buf_patch_u32(&out, starts[i], (uint32_t)(out.n - starts[i]));
                if (i % 2)
                        buf_patch_u32(&out, starts[i] + 8, (uint32_t)(out.n - starts[i] - 8));
        }
        buf_patch_u32(&out, 4, (uint32_t)out.n);
        Bmf *b = NULL;
        Diag d = {0};
        assert_int_equal(read_exactly(out.p, out.n, &b, &d), E_DIAG);
        assert_non_null(strstr(d.message, "deep"));
        assert_int_equal(b->object_count, 1);
        bmf_free(b);
        buf_deinit(&out);
}

// --- bytes that are wrong ------------------------------------------------------------------------

// Two classes: each cut, each bit turned, each word replaced. What is read can be written, and then reads the
// same; memory is in proportion to the input.
static void check_damaged(const uint8_t *p, size_t n)
{
        Bmf *b = NULL, *again = NULL;
        Diag d = {0};
        Buf out = {0};
        int r = read_exactly(p, n, &b, &d);
        assert_true(r == 0 || r == E_DIAG);
        assert_true(r == 0 || (d.message[0] && d.offset <= n && d.code == (uint32_t)CIM_MOF_INVALID_FILE));
        assert_true(b->arena->used <= 40 * n + 4096);
        assert_int_equal(bmf_write(b, &out), 0);
        assert_int_equal(bmf_read(of(&out), &again, &d), 0);
        assert_int_equal(b->object_count, again->object_count);
        for (uint32_t i = 0; i < b->object_count; i++)
                assert_true(bmf_same_object(b->objects[i], again->objects[i], NULL));
        bmf_free(again);
        bmf_free(b);
        buf_deinit(&out);
}

static Buf sample(uint32_t seed)
{
        MofDocument *d = random_document(seed);
        Bmf *b = NULL;
        Diag w[1];
        size_t n;
        assert_non_null(d);
        assert_int_equal(bmf_of_document(d, NULL, &b, w, 1, &n), 0);
        Buf out = written(b);
        bmf_free(b);
        mof_document_free(d);
        return out;
}

static void damaged(void **state)
{
        (void)state;
        static const uint32_t words[] = {0, 1, 7, 0x200D, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF};
        Buf out = sample(30);
        assert_true(out.n > 600);
        size_t n = out.n < 1500 ? out.n : 1500;
        for (size_t i = 0; i <= n; i++)
                check_damaged(out.p, i);
        for (size_t i = 0; i < n; i++) {
                out.p[i] ^= (uint8_t)(1 << i % 8);
                check_damaged(out.p, out.n);
                out.p[i] ^= (uint8_t)(1 << i % 8);
        }
        for (size_t i = 0; i + 4 <= n; i += 4) {
                uint8_t kept[4];
                memcpy(kept, out.p + i, 4);
                memcpy(out.p + i, &words[i / 4 % 7], 4);
                check_damaged(out.p, out.n);
                memcpy(out.p + i, kept, 4);
        }
        buf_deinit(&out);
}

typedef struct Wrong {
        size_t at;
        uint32_t word;
        const char *says;
        uint32_t properties; // that are left of the one object
} Wrong;

// Of the class of `layout`, with a word changed: what is said, at which place, and what is left.
static void one_word(void **state)
{
        (void)state;
        BmfQualifier q = {.name = TEXT("key"),
                          .has_value = true,
                          .value = {.type = CIM_BOOLEAN, .bits = 0xFFFF},
                          .has_flavor = true,
                          .flavor = 0x11};
        BmfProperty p[] = {
                property(TEXT("abc"), (BmfValue){.type = CIM_SINT32, .bits = 5}, &q, 1),
                property(TEXT("xyz"), (BmfValue){.type = CIM_STRING, .string = TEXT("Ab")}, NULL, 0)};
        BmfObject o = {.properties = p, .property_count = 2, .has_methods = true};
        const BmfObject *objects[] = {&o};
        Bmf b = file_of(objects, 1, true);
        Buf out = written(&b);
        // 20 the object, 40 its list of properties, 48 abc, 68 its name, 76 its value, 80 its list, 88 key,
        // 112 the end; 116 xyz
        enum { OBJECT = 20, PROPERTIES = 40, ABC = 48, LIST = 80, KEY = 88, XYZ = 116 };
        static const Wrong wrong[] = {
                {0, 0x12345678, "begin with FOMB", 0},
                {4, 19, "bytes of objects", 2},
                {8, 2, "not known", 2},
                {16, 2, "objects of 2", 2},
                {16, 1000, "1000 objects", 2},
                {OBJECT, 19, "an object of 19 bytes", 0},
                {OBJECT, 4000, "an object of 4000 bytes", 0},
                {OBJECT + 8, 4, "bytes that belong to nothing", 0},
                {OBJECT + 8, 0xFFFFFFF0, "properties of an object", 0},
                {OBJECT + 12, 0, "methods of an object", 0},
                {PROPERTIES, 7, "a list of properties of 7", 0},
                {PROPERTIES + 4, 1, "behind the entries", 1},
                {PROPERTIES + 4, 3, "where there are only 0", 2},
                {PROPERTIES + 4, 0x10000000, "says that it has", 0},
                {ABC, 19, "a property or method of 19", 0},
                {ABC + 4, 0x1FF, "unknown type", 1},
                {ABC + 8, 2, "does not stand in front", 1},
                {ABC + 12, 6, "stands over its name", 1},
                {ABC + 12, 100, "outside", 1},
                {ABC + 16, 4, "a name without an end", 1},
                {ABC + 16, 1000, "outside", 1},
                {LIST, 4, "a list of qualifiers of 4", 1},
                {LIST + 4, 9, "says that it has 9", 1},
                {KEY, 3, "a qualifier of 3", 2},
                {KEY + 4, 0x10008, "unknown type", 2},
                {KEY + 12, 2, "over its name", 2},
                {XYZ + 4, CIM_STRING | CIM_ARRAY, "an array", 1},
                {XYZ + 20, 0x61616161, "", 2},
        };
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                uint32_t kept;
                Bmf *back = NULL;
                Diag d = {0};
                memcpy(&kept, out.p + wrong[i].at, 4);
                buf_patch_u32(&out, wrong[i].at, wrong[i].word);
                int r = read_exactly(out.p, out.n, &back, &d);
                if (r != (wrong[i].says[0] ? E_DIAG : 0) || !strstr(d.message, wrong[i].says))
                        fail_msg("%zu: %d %s", i, r, d.message);
                uint32_t left = back->object_count ? back->objects[0]->property_count : 0;
                if (left != wrong[i].properties)
                        fail_msg("%zu: %u properties (%s)", i, left, d.message);
                bmf_free(back);
                buf_patch_u32(&out, wrong[i].at, kept);
        }
        buf_deinit(&out);
}

// Flavors in another order, of nothing, cut; bytes behind them.
static void wrong_flavors(void **state)
{
        (void)state;
        BmfQualifier q[] = {{.name = TEXT("a"),
                             .has_value = true,
                             .value = {.type = CIM_BOOLEAN},
                             .has_flavor = true,
                             .flavor = 1},
                            {.name = TEXT("b"),
                             .has_value = true,
                             .value = {.type = CIM_BOOLEAN},
                             .has_flavor = true,
                             .flavor = 2}};
        BmfObject o = {.qualifiers = {true, q, 2}, .has_methods = true};
        const BmfObject *objects[] = {&o};
        Bmf b = file_of(objects, 1, true), *back = NULL;
        Buf out = written(&b);
        size_t table = out.n - 16;
        uint8_t swapped[16];
        Diag d = {0};
        memcpy(swapped, out.p + table + 8, 8);
        memcpy(swapped + 8, out.p + table, 8);
        uint8_t right[16];
        memcpy(right, out.p + table, 16);
        memcpy(out.p + table, swapped, 16);
        assert_int_equal(read_exactly(out.p, out.n, &back, &d), E_DIAG);
        assert_non_null(strstr(d.message, "not in the order"));
        assert_true(bmf_same_object(&o, back->objects[0], NULL));
        bmf_free(back);
        memcpy(out.p + table, right, 16);
        buf_patch_u32(&out, table + 8, 20);
        assert_int_equal(read_exactly(out.p, out.n, &back, &d), E_DIAG);
        bmf_free(back);
        memcpy(out.p + table, right, 16);
        for (size_t cut = 1; cut < 36; cut++) {
                assert_int_equal(read_exactly(out.p, out.n - cut, &back, &d), E_DIAG);
                assert_int_equal(back->object_count, 1);
                assert_int_equal(back->objects[0]->qualifiers.items[0].has_flavor, cut <= 8);
                assert_string_equal(d.hint, cut < 20 + 1 ? "1 of 1 objects could be read, and not all flavors"
                                                         : "1 of 1 objects could be read, and no flavors");
                bmf_free(back);
        }
        buf_u8(&out, 0);
        assert_int_equal(read_exactly(out.p, out.n, &back, &d), E_DIAG);
        assert_non_null(strstr(d.message, "1 bytes behind the flavors"));
        assert_true(bmf_same_object(&o, back->objects[0], NULL));
        bmf_free(back);
        buf_deinit(&out);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(layout), TEST(padding), TEST(types), TEST(sizes), TEST(items),
                                        TEST(depth), TEST(damaged), TEST(one_word), TEST(wrong_flavors),
                                        TEST_END});
}
