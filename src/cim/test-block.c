// SPDX-License-Identifier: MIT
// cim: layouts, data blocks both ways, WNODEs, events.
#include "cim/event.h"

#include "base/limits.h"
#include "base/testkit.h"
#include "cim/codec.h"
#include "cim/layout.h"
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

#define SIZE_IS(id, s) QUALIFIERS(QU("WmiDataId", id), QS("WmiSizeIs", s))

// The example of the specification: {u32, u8, string, u8, u32}.
static CimClass *example(void)
{
        return made(&CLASS("Example", PROPERTIES(P("InstanceName", CIM_STRING), ITEM("E", CIM_UINT32, 5),
                                                 ITEM("A", CIM_UINT32, 1), ITEM("B", CIM_UINT8, 2),
                                                 ITEM("D", CIM_UINT8, 4), ITEM("C", CIM_STRING, 3))),
                    NULL, NULL);
}

static const uint8_t example_bytes[] = {0x44, 0x33, 0x22, 0x11, 0x55, 0, 8, 0, 'W',  0,    'M',  0,
                                        'I',  0,    0,    0,    0x66, 0, 0, 0, 0xaa, 0x99, 0x88, 0x77};

static void items_stand_in_the_order_of_their_ids(void **state)
{
        (void)state;
        CimClass *c = example();
        assert_non_null(c->layout);
        assert_int_equal(c->layout->item_count, 5);
        assert_int_equal(c->layout->items[0].offset, 0);
        assert_int_equal(c->layout->items[1].offset, 4);
        assert_int_equal(c->layout->items[2].offset, 6);
        assert_int_equal(c->layout->items[3].offset, UINT32_MAX);
        assert_int_equal(c->layout->size, UINT32_MAX);
        Arena a = {0};
        CimValue v[6] = {0};
        assert_int_equal(cim_block_decode(c, example_bytes, sizeof(example_bytes), NULL, &a, v, NULL), 0);
        assert_int_equal(v[2].uint, 0x11223344);
        assert_int_equal(v[3].uint, 0x55);
        assert_int_equal(v[5].string.n, 3); // the NUL is gone
        assert_memory_equal(v[5].string.p, u"WMI", 6);
        assert_int_equal(v[4].uint, 0x66);
        assert_int_equal(v[1].uint, 0x778899aa);
        Buf out = {0};
        assert_int_equal(cim_block_encode(c, v, &out, NULL), 0);
        static const uint8_t shorter[] = {0x44, 0x33, 0x22, 0x11, 0x55, 0, 6,    0,    'W',  0,
                                          'M',  0,    'I',  0,    0x66, 0, 0xaa, 0x99, 0x88, 0x77};
        assert_int_equal(out.n, sizeof(shorter));
        assert_memory_equal(out.p, shorter, sizeof(shorter));
        buf_deinit(&out);
        arena_deinit(&a);
        cim_class_unref(c);
}

// Every length short of the whole is an error that names an item and a place; no byte behind the end is read.
static void truncation_at_every_byte(void **state)
{
        (void)state;
        static const uint32_t fails_at[] = {1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3,
                                            3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 5, 5};
        CimClass *c = example();
        for (size_t n = 0; n < sizeof(example_bytes); n++) {
                uint8_t *exact = malloc(n ? n : 1);
                memcpy(exact, example_bytes, n);
                Arena a = {0};
                CimValue v[6] = {0};
                CimBlockError e = {0};
                assert_int_equal(cim_block_decode(c, exact, n, NULL, &a, v, &e), 1);
                assert_int_equal(e.data_id, fails_at[n]);
                assert_true(e.offset <= n + 4);
                assert_int_equal(cim_block_decode(c, exact, n, &(CimWant){(uint64_t[]){0}, 1}, &a, v, NULL),
                                 1);
                arena_deinit(&a);
                free(exact);
        }
        CimBlockError e;
        CimValue v[6];
        Arena a = {0};
        assert_int_equal(cim_block_decode(c, example_bytes, 3, NULL, &a, v, &e), 1);
        assert_string_equal(e.says, "uint32 A needs 4 bytes at 0, the block has 3");
        assert_int_equal(cim_block_decode(c, example_bytes, 10, NULL, &a, v, &e), 1);
        assert_string_equal(e.says, "string C needs 10 bytes at 6, the block has 10");
        assert_int_equal(e.offset, 6);
        uint8_t odd[sizeof(example_bytes)];
        memcpy(odd, example_bytes, sizeof(odd));
        odd[6] = 7;
        assert_int_equal(cim_block_decode(c, odd, sizeof(odd), NULL, &a, v, &e), 1);
        assert_string_equal(e.says, "string C at 6 has the odd length 7");
        arena_deinit(&a);
        cim_class_unref(c);
}

static void netkvm_has_36_bytes(void **state)
{
        (void)state;
        CimClass *c =
                made(&CLASS("NetKvm_Config", PROPERTIES(ITEM("a", CIM_UINT32, 1), ITEM("b", CIM_UINT32, 2),
                                                        ITEM("c", CIM_UINT32, 3), ITEM("d", CIM_BOOLEAN, 4),
                                                        ITEM("e", CIM_BOOLEAN, 5), ITEM("f", CIM_BOOLEAN, 6),
                                                        ITEM("g", CIM_UINT32, 7), ITEM("h", CIM_SINT32, 8),
                                                        ITEM("i", CIM_SINT32, 9), ITEM("j", CIM_SINT32, 10),
                                                        ITEM("k", CIM_SINT32, 11))),
                     NULL, NULL);
        assert_int_equal(c->layout->size, 36);
        assert_int_equal(c->layout->items[6].offset, 16);
        assert_int_equal(c->layout->align, 4);
        cim_class_unref(c);
}

static void unaligned_sources_are_copied(void **state)
{
        (void)state;
        CimClass *c = example();
        uint8_t moved[sizeof(example_bytes) + 1];
        memcpy(moved + 1, example_bytes, sizeof(example_bytes));
        Arena a = {0};
        CimValue v[6] = {0};
        assert_int_equal(cim_block_decode(c, moved + 1, sizeof(example_bytes), NULL, &a, v, NULL), 0);
        assert_int_equal((uintptr_t)v[5].string.p % 2, 0);
        assert_memory_equal(v[5].string.p, u"WMI", 6);
        assert_int_equal(v[1].uint, 0x778899aa);
        arena_deinit(&a);
        cim_class_unref(c);
}

// --- every type
// ---------------------------------------------------------------------------------------------

static const char16_t when[] = u"20260131120000.123456+060";

static CimClass *everything(CimClass *inner)
{
        return made(&CLASS("Everything", PROPERTIES(ITEM("B", CIM_BOOLEAN, 1), ITEM("S64", CIM_SINT64, 2),
                                                    ITEM("S8", CIM_SINT8, 3), ITEM("S16", CIM_SINT16, 4),
                                                    ITEM("U8", CIM_UINT8, 5), ITEM("S32", CIM_SINT32, 6),
                                                    ITEM("C16", CIM_CHAR16, 7), ITEM("R32", CIM_REAL32, 8),
                                                    ITEM("U16", CIM_UINT16, 9), ITEM("R64", CIM_REAL64, 10),
                                                    ITEM("U32", CIM_UINT32, 11), ITEM("U64", CIM_UINT64, 12),
                                                    ITEM("D", CIM_DATETIME, 13),
                                                    ITEM("F", CIM_UINT16 | CIM_ARRAY, 14, .max = 3),
                                                    ITEM("O", CIM_OBJECT, 15, .class_name = STR("Inner")),
                                                    ITEM("X", CIM_UINT8, 16), ITEM("N", CIM_UINT8, 17),
                                                    P("V", CIM_UINT32 | CIM_ARRAY, SIZE_IS(18, u"n")),
                                                    P("W", CIM_STRING | CIM_ARRAY, SIZE_IS(19, u"N")),
                                                    P("L", CIM_OBJECT | CIM_ARRAY, SIZE_IS(20, u"N"),
                                                      .class_name = STR("Inner")),
                                                    ITEM("T", CIM_STRING, 21))),
                    NULL, (CimClass *[]){inner, NULL});
}

static void every_type_both_ways(void **state)
{
        (void)state;
        CimClass *inner = made(&CLASS("Inner", PROPERTIES(ITEM("P", CIM_UINT32, 1), ITEM("Q", CIM_UINT8, 2))),
                               NULL, NULL);
        CimClass *c = everything(inner);
        assert_string_equal(c->layout_error, "");
        assert_int_equal(c->layout->align, 8);
        const CimItem *items = c->layout->items;
        static const uint32_t offsets[] = {0,  8,  16, 18, 20,  24,  28,  32,  36,
                                           40, 48, 56, 64, 114, 120, 128, 129, 132};
        for (size_t i = 0; i < COUNT(offsets); i++)
                assert_int_equal(items[i].offset, offsets[i]);
        assert_int_equal(items[18].offset, UINT32_MAX);
        Arena a = {0};
        CimInstance *o = cim_instance_in(&a, inner);
        o->values[0] = VU(CIM_UINT32, 0xa1a2a3a4);
        o->values[1] = VU(CIM_UINT8, 0xb1);
        CimValue object = {.type = CIM_OBJECT, .object = o};
        CimValue v[] = {VB(true),
                        VI(CIM_SINT64, INT64_MIN),
                        VI(CIM_SINT8, -1),
                        VI(CIM_SINT16, -2),
                        VU(CIM_UINT8, 255),
                        VI(CIM_SINT32, INT32_MIN),
                        VU(CIM_CHAR16, 0xD800),
                        VR(CIM_REAL32, 1.5),
                        VU(CIM_UINT16, 65535),
                        VR(CIM_REAL64, -2.25),
                        VU(CIM_UINT32, UINT32_MAX),
                        VU(CIM_UINT64, UINT64_MAX),
                        {.type = CIM_DATETIME, .string = {when, 25}},
                        VA(CIM_UINT16, VU(CIM_UINT16, 1), VU(CIM_UINT16, 2), VU(CIM_UINT16, 3)),
                        object,
                        VU(CIM_UINT8, 9),
                        VU(CIM_UINT8, 2),
                        VA(CIM_UINT32, VU(CIM_UINT32, 7), VU(CIM_UINT32, 8)),
                        VA(CIM_STRING, VS(CIM_STRING, u"ab"), VS(CIM_STRING, u"")),
                        VA(CIM_OBJECT, object, object),
                        VS(CIM_STRING, u"end")};
        assert_int_equal(COUNT(v), c->property_count);
        Buf out = {0};
        CimBlockError e = {0};
        buf_u8(&out, 0); // the block need not begin the buffer
        assert_int_equal(cim_block_encode(c, v, &out, &e), 0);
        CimValue back[COUNT(v)] = {0};
        assert_int_equal(cim_block_decode(c, out.p + 1, out.n - 1, NULL, &a, back, &e), 0);
        for (size_t i = 0; i < COUNT(v); i++)
                if (!cim_value_same(&v[i], &back[i]))
                        fail_msg("%.*s differs", STR_ARG(c->properties[i].name));
        for (size_t n = 0; n < out.n - 1; n++) {
                uint8_t *exact = malloc(n + 1);
                memcpy(exact, out.p + 1, n);
                assert_int_equal(cim_block_decode(c, exact, n, NULL, &a, back, &e), 1);
                assert_true(e.data_id > 0 && e.says[0]);
                free(exact);
        }
        // Only what is wanted is touched, all is checked.
        CimValue none[COUNT(v)] = {0};
        uint64_t word = 1u << 11 | 1u << 20;
        assert_int_equal(cim_block_decode(c, out.p + 1, out.n - 1, &(CimWant){&word, 1}, &a, none, &e), 0);
        for (size_t i = 0; i < COUNT(v); i++)
                assert_int_equal(none[i].type, i == 11 || i == 20 ? v[i].type : 0);
        buf_deinit(&out);
        // NULLs become zeros, which are long enough for themselves.
        CimValue nulls[COUNT(v)];
        for (size_t i = 0; i < COUNT(v); i++)
                nulls[i] = cim_null(v[i].type);
        assert_int_equal(cim_block_encode(c, nulls, &out, &e), 0);
        assert_int_equal(cim_block_decode(c, out.p, out.n, NULL, &a, back, &e), 0);
        assert_true(back[12].null); // a datetime of zeros
        assert_int_equal(back[13].array.count, 3);
        assert_int_equal(back[17].array.count, 0);
        assert_false(back[20].null);
        // A count that nobody gave is the array's.
        nulls[17] = v[17], nulls[18] = v[18], nulls[19] = v[19];
        out.n = 0;
        assert_int_equal(cim_block_encode(c, nulls, &out, &e), 0);
        assert_int_equal(cim_block_decode(c, out.p, out.n, NULL, &a, back, &e), 0);
        assert_int_equal(back[16].uint, 2);
        buf_deinit(&out);
        arena_deinit(&a);
        cim_class_unref(c);
        cim_class_unref(inner);
}

static void what_does_not_fit_is_said(void **state)
{
        (void)state;
        CimClass *c = made(
                &CLASS("C",
                       PROPERTIES(ITEM("N", CIM_UINT8, 1), P("V", CIM_UINT16 | CIM_ARRAY, SIZE_IS(2, u"N")),
                                  P("S", CIM_STRING, QUALIFIERS(QU("WmiDataId", 3), QU("MaxLen", 2))),
                                  ITEM("F", CIM_UINT8 | CIM_ARRAY, 4, .max = 1), ITEM("R", CIM_REAL32, 5),
                                  ITEM("D", CIM_DATETIME, 6))),
                NULL, NULL);
        assert_int_equal(c->layout->items[2].max_chars, 2);
        CimValue good[] = {VU(CIM_UINT8, 1),      VA(CIM_UINT16, VU(CIM_UINT16, 5)),
                           VS(CIM_STRING, u"ab"), VA(CIM_UINT8, VU(CIM_UINT8, 1)),
                           VR(CIM_REAL32, 1),     cim_null(CIM_DATETIME)};
        struct {
                size_t at;
                CimValue v;
                const char *says;
        } bad[] = {
                {0, VU(CIM_UINT8, 256), "uint8 N has a value out of range"},
                {0, VU(CIM_UINT8, 2), "uint16 V[] has 1 elements, 2 belong there"},
                {0, VU(CIM_UINT16, 1), "uint8 N has a value of type uint16"},
                {1, VA(CIM_UINT8, VU(CIM_UINT8, 1)), "uint16 V[] has a value of type uint8[]"},
                {1, cim_null(CIM_UINT16 | CIM_ARRAY), "uint16 V[] has 0 elements, 1 belong there"},
                {2, VS(CIM_STRING, u"abc"), "string S has 3 characters, its MaxLen is 2"},
                {3, VA(CIM_UINT8, VU(CIM_UINT8, 1), VU(CIM_UINT8, 2)),
                 "uint8 F[] has 2 elements, 1 belong there"},
                {4, VR(CIM_REAL32, 1e300), "real32 R has a value out of range"},
                {5, VS(CIM_DATETIME, u"now"), "datetime D has 3 characters, a datetime has 25"},
        };
        for (size_t i = 0; i < COUNT(bad); i++) {
                CimValue v[COUNT(good)];
                memcpy(v, good, sizeof(v));
                v[bad[i].at] = bad[i].v;
                Buf out = {0};
                CimBlockError e = {0};
                buf_u32(&out, 0);
                assert_int_equal(cim_block_encode(c, v, &out, &e), 1);
                assert_string_equal(e.says, bad[i].says);
                assert_int_equal(out.n, 4);
                buf_deinit(&out);
        }
        cim_class_unref(c);
}

static void hostile_counts(void **state)
{
        (void)state;
        CimClass *c = made(&CLASS("C", PROPERTIES(ITEM("N", CIM_UINT64, 1),
                                                  P("V", CIM_UINT64 | CIM_ARRAY, SIZE_IS(2, u"N")))),
                           NULL, NULL);
        CimClass *s = made(&CLASS("S", PROPERTIES(ITEM("N", CIM_SINT8, 1),
                                                  P("V", CIM_STRING | CIM_ARRAY, SIZE_IS(2, u"N")))),
                           NULL, NULL);
        static const uint64_t counts[] = {
                1, 3, UINT32_MAX, UINT64_MAX, UINT64_MAX / 8 + 1, (uint64_t)1 << 61};
        for (size_t i = 0; i < COUNT(counts); i++) {
                uint64_t block[2] = {counts[i], 5};
                Arena a = {.limit = 4096}; // nothing is allocated for what is not there
                CimValue v[2];
                CimBlockError e = {0};
                int r = cim_block_decode(c, (const uint8_t *)block, sizeof(block), NULL, &a, v, &e);
                assert_int_equal(r, i ? 1 : 0);
                if (r)
                        assert_int_equal(e.data_id, 2);
                arena_deinit(&a);
        }
        Arena a = {0};
        CimValue v[2];
        CimBlockError e;
        assert_int_equal(cim_block_decode(s, (const uint8_t[]){0xff, 0, 0, 0}, 4, NULL, &a, v, &e), 1);
        assert_string_equal(e.says, "sint8 N at 0 is a count and negative");
        assert_int_equal(cim_block_decode(s, (const uint8_t[]){0}, 1, NULL, &a, v, &e),
                         0); // no element, no padding needed
        assert_int_equal(v[1].array.count, 0);
        assert_int_equal(cim_block_decode(s, (const uint8_t[]){2, 0, 0, 0}, 4, NULL, &a, v, &e), 1);
        assert_string_equal(e.says, "string V[] has 2 elements of at least 2 bytes at 2, the block has 4");
        arena_deinit(&a);
        cim_class_unref(c);
        cim_class_unref(s);
}

// The bytes are few, the values would be many: an embedded class of which one of 1,000 properties is an item.
static void few_bytes_cannot_make_many_values(void **state)
{
        (void)state;
        static CimPropertySpec p[1000];
        static char names[1000][8];
        CimQualifier id = QU("WmiDataId", 1);
        for (unsigned i = 0; i < COUNT(p); i++) {
                snprintf(names[i], sizeof(names[i]), "p%u", i);
                p[i] = (CimPropertySpec){.name = str_of(names[i]),
                                         .type = CIM_UINT8,
                                         .qualifiers = &id,
                                         .qualifier_count = i == 0};
        }
        CimClass *wide = made(&CLASS("Wide", .properties = p, .property_count = COUNT(p)), NULL, NULL);
        CimClass *c = made(&CLASS("C", PROPERTIES(ITEM("N", CIM_UINT32, 1),
                                                  P("V", CIM_OBJECT | CIM_ARRAY, SIZE_IS(2, u"N"),
                                                    .class_name = STR("Wide")))),
                           NULL, (CimClass *[]){wide, NULL});
        enum { N = 10000 };
        static uint8_t block[4 + N];
        memcpy(block, &(uint32_t){N}, 4);
        Arena a = {0};
        CimValue v[2];
        CimBlockError e;
        assert_int_equal(cim_block_decode(c, block, sizeof(block), NULL, &a, v, &e), 1);
        assert_non_null(strstr(e.says, "makes more than"));
        uint64_t word = 1;
        assert_int_equal(cim_block_decode(c, block, sizeof(block), &(CimWant){&word, 1}, &a, v, &e), 0);
        arena_deinit(&a);
        cim_class_unref(c);
        cim_class_unref(wide);
}

static void what_makes_no_block(void **state)
{
        (void)state;
        CimClass *empty = made(&CLASS("Empty"), NULL, NULL);
        struct {
                CimClassSpec s;
                const char *says;
        } bad[] = {
                {CLASS("C", PROPERTIES(ITEM("A", CIM_UINT8, 1), ITEM("B", CIM_UINT8, 3))),
                 "no item has WmiDataId(2), B has 3"},
                {CLASS("C", PROPERTIES(ITEM("A", CIM_UINT8, 2))), "no item has WmiDataId(1), A has 2"},
                {CLASS("C", PROPERTIES(ITEM("A", CIM_UINT8, 1), ITEM("B", CIM_UINT8, 1))),
                 "A and B both have WmiDataId(1)"},
                {CLASS("C", PROPERTIES(P("A", CIM_UINT8, QUALIFIERS(QS("WmiDataId", u"1"))))),
                 "the WmiDataId of A is not a positive number"},
                {CLASS("C", PROPERTIES(ITEM("A", CIM_UINT8, 0))),
                 "the WmiDataId of A is not a positive number"},
                {CLASS("C", PROPERTIES(ITEM("A", CIM_OBJECT, 1))), "A is an object of no particular class"},
                {CLASS("C", PROPERTIES(ITEM("A", CIM_OBJECT, 1, .class_name = STR("X")))),
                 "the class X of A is not known"},
                {CLASS("C", PROPERTIES(ITEM("A", CIM_OBJECT, 1, .class_name = STR("Empty")))),
                 "the class Empty of A has no items"},
                {CLASS("C", PROPERTIES(ITEM("A", CIM_REFERENCE, 1))),
                 "A is a ref, which no data block holds"},
                {CLASS("C", PROPERTIES(ITEM("A", CIM_UINT8 | CIM_ARRAY, 1))),
                 "A[] has neither a size nor WmiSizeIs"},
                {CLASS("C", PROPERTIES(P("A", CIM_UINT8 | CIM_ARRAY, SIZE_IS(1, u"N")))),
                 "WmiSizeIs(\"N\") of A names no item of the class"},
                {CLASS("C",
                       PROPERTIES(P("A", CIM_UINT8 | CIM_ARRAY, SIZE_IS(1, u"N")), ITEM("N", CIM_UINT8, 2))),
                 "WmiSizeIs(\"N\") of A: the count stands behind the array"},
                {CLASS("C",
                       PROPERTIES(P("A", CIM_UINT8 | CIM_ARRAY, SIZE_IS(2, u"N")), ITEM("N", CIM_STRING, 1))),
                 "WmiSizeIs(\"N\") of A names something that is not an integer"},
                {CLASS("C",
                       PROPERTIES(ITEM("A", CIM_UINT64 | CIM_ARRAY, 1, .max = LIMIT_EVENT_BYTES / 8 + 1))),
                 "with A a block would exceed 1048576 bytes"},
                {CLASS("C", PROPERTIES(ITEM("A", CIM_STRING | CIM_ARRAY, 1, .max = UINT32_MAX))),
                 "with A a block would exceed 1048576 bytes"},
        };
        for (size_t i = 0; i < COUNT(bad); i++) {
                CimClass *c = made(&bad[i].s, NULL, (CimClass *[]){empty, NULL});
                assert_null(c->layout);
                assert_string_equal(c->layout_error, bad[i].says);
                CimBlockError e;
                assert_int_equal(cim_block_decode(c, NULL, 0, NULL, NULL, NULL, &e), 1);
                assert_string_equal(e.says, bad[i].says);
                assert_int_equal(cim_block_encode(c, NULL, NULL, &e), 1);
                cim_class_unref(c);
        }
        assert_null(empty->layout);
        assert_string_equal(empty->layout_error, "");
        assert_int_equal(cim_block_decode(empty, example_bytes, 4, NULL, NULL, NULL, NULL), 0);
        cim_class_unref(empty);
}

// --- WNODEs and events
// ------------------------------------------------------------------------------------------

static size_t wnode(uint8_t *p, uint32_t at, const uint8_t *data, uint32_t n)
{
        memset(p, 0, 64);
        uint32_t size = at + n, flags = 0x8A, provider = 77, index = 3;
        uint64_t time = 134143344001234560;
        memcpy(p, &size, 4);
        memcpy(p + 4, &provider, 4);
        memcpy(p + 16, &time, 8);
        memset(p + 24, 0xAB, 16);
        memcpy(p + 44, &flags, 4);
        memcpy(p + 52, &index, 4);
        memcpy(p + 56, &at, 4);
        memcpy(p + 60, &n, 4);
        memcpy(p + at, data, n);
        return size;
}

static void wnodes_are_checked(void **state)
{
        (void)state;
        uint8_t p[256] = {0};
        size_t n = wnode(p, 67, example_bytes, sizeof(example_bytes)); // data need not be aligned
        CimWnode w;
        CimBlockError e;
        assert_int_equal(cim_wnode_parse(p, n, &w, &e), 0);
        assert_int_equal(w.provider_id, 77);
        assert_int_equal(w.instance_index, 3);
        assert_int_equal(w.timestamp, 134143344001234560);
        assert_int_equal(w.flags, 0x8A);
        assert_ptr_equal(w.block, p + 67);
        assert_int_equal(w.block_size, sizeof(example_bytes));
        assert_int_equal(cim_wnode_parse(p, n + 1, &w, NULL), 0);
        for (size_t k = 0; k < n; k++)
                assert_int_equal(cim_wnode_parse(p, k, &w, &e), 1);
        static const struct {
                size_t at;
                uint32_t value;
                const char *says;
        } bad[] = {
                {0, 63, "BufferSize is 63, the WNODE has 91 bytes"},
                {0, 92, "BufferSize is 92, the WNODE has 91 bytes"},
                {44, 0x82, "Flags are 0x82, not those of an event with a single instance"},
                {44, 0x89, "Flags are 0x89, not those of an event with a single instance"},
                {44, 0x8B, "Flags are 0x8b, not those of an event with a single instance"},
                {56, 63, "DataBlockOffset is 63, inside the fixed 64 bytes"},
                {56, 92, "DataBlockOffset is 92, the WNODE has 91 bytes"},
                {56, UINT32_MAX, "DataBlockOffset is 4294967295, the WNODE has 91 bytes"},
                {60, 25, "SizeDataBlock is 25 at DataBlockOffset 67, the WNODE has 91 bytes"},
                {60, UINT32_MAX, "SizeDataBlock is 4294967295 at DataBlockOffset 67, the WNODE has 91 bytes"},
        };
        for (size_t i = 0; i < COUNT(bad); i++) {
                uint8_t q[256];
                memcpy(q, p, sizeof(q));
                memcpy(q + bad[i].at, &bad[i].value, 4);
                assert_int_equal(cim_wnode_parse(q, n, &w, &e), 1);
                assert_string_equal(e.says, bad[i].says);
                assert_int_equal(e.offset, bad[i].at);
                assert_int_equal(e.data_id, 0);
        }
        memset(p + 56, 0, 8); // no data: then the offset does not matter
        assert_int_equal(cim_wnode_parse(p, n, &w, &e), 0);
        assert_int_equal(w.block_size, 0);
        uint8_t *large = calloc(1, LIMIT_EVENT_BYTES + 1);
        memcpy(large, p, 64);
        for (uint32_t size = LIMIT_EVENT_BYTES - 1; size <= LIMIT_EVENT_BYTES + 1; size++) {
                memcpy(large, &size, 4);
                assert_int_equal(cim_wnode_parse(large, size, &w, &e), size > LIMIT_EVENT_BYTES);
        }
        free(large);
}

static CimClass *event_class(CimClass *base)
{
        return made(&CLASS("Toast", PROPERTIES(P("InstanceName", CIM_STRING, QUALIFIERS(QB("key"))),
                                               P("Active", CIM_BOOLEAN), ITEM("Heat", CIM_UINT32, 1),
                                               P("Kind", CIM_STRING, .has_default = true,
                                                 .value = VS(CIM_STRING, u"white")),
                                               ITEM("Name", CIM_STRING, 2))),
                    base, NULL);
}

static void an_event_becomes_an_instance(void **state)
{
        (void)state;
        CimClass *base = made(&CLASS("WMIEvent", PROPERTIES(P("SECURITY_DESCRIPTOR", CIM_UINT8 | CIM_ARRAY),
                                                            P("TIME_CREATED", CIM_UINT64))),
                              NULL, NULL);
        CimClass *c = event_class(base);
        static const uint8_t data[] = {5, 0, 0, 0, 4, 0, 'h', 0, 'i', 0};
        uint8_t p[128];
        CimEnvelope e = {.sequence = 1,
                         .time = 42,
                         .instance = {u"ROOT\\TOASTER\\0000_0", 19},
                         .kind = CIM_PAYLOAD_WNODE,
                         .payload = p};
        e.payload_size = wnode(p, 64, data, sizeof(data));
        CimInstance *i;
        CimBlockError err;
        assert_int_equal(cim_event_instance(&e, c, NULL, &i, &err), 0);
        memset(p, 0, sizeof(p)); // the instance has a life of its own
        assert_true(i->values[0].null);
        assert_int_equal(cim_instance_get(i, STR("TIME_CREATED"))->uint, 42);
        assert_int_equal(cim_instance_get(i, STR("InstanceName"))->string.n, 19);
        assert_true(cim_instance_get(i, STR("Active"))->boolean);
        assert_int_equal(cim_instance_get(i, STR("Heat"))->uint, 5);
        assert_memory_equal(cim_instance_get(i, STR("Name"))->string.p, u"hi", 4);
        assert_int_equal(cim_instance_get(i, STR("Kind"))->string.n, 5);
        // As a payload of its own it says the same.
        Buf b = {0};
        assert_int_equal(cim_codec_write_values(i, NULL, &b), 0);
        CimEnvelope again = {.kind = CIM_PAYLOAD_INSTANCE, .payload = b.p, .payload_size = b.n};
        CimInstance *j;
        assert_int_equal(cim_event_instance(&again, c, NULL, &j, &err), 0);
        for (size_t k = 0; k < c->property_count; k++)
                assert_true(cim_value_same(&i->values[k], &j->values[k]));
        for (size_t n = 0; n < b.n; n++) {
                again.payload_size = n;
                CimInstance *none;
                assert_int_equal(cim_event_instance(&again, c, NULL, &none, &err), 1);
        }
        buf_deinit(&b);
        cim_instance_unref(j);
        // Only what is wanted is set; the whole block is checked.
        e.payload_size = wnode(p, 64, data, sizeof(data));
        CimValue v[8] = {0};
        uint64_t word = 1u << 4;
        Arena a = {0};
        assert_int_equal(cim_event_extract(&e, c, &(CimWant){&word, 1}, NULL, &a, v, &err), 0);
        for (size_t k = 0; k < c->property_count; k++)
                assert_int_equal(v[k].type, k == 4 ? CIM_UINT32 : 0);
        e.payload_size = wnode(p, 64, data, sizeof(data) - 1);
        assert_int_equal(cim_event_extract(&e, c, &(CimWant){&word, 1}, NULL, &a, v, &err), 1);
        assert_string_equal(err.says, "string Name needs 6 bytes at 4, the block has 9");
        e.kind = (CimPayload)9;
        assert_int_equal(cim_event_extract(&e, c, NULL, NULL, &a, v, &err), 1);
        arena_deinit(&a);
        cim_instance_unref(i);
        cim_class_unref(c);
        cim_class_unref(base);
}

// The items of a chain of classes are one sequence; a subclass without items has its superclass's layout.
static void derived_classes_continue_the_ids(void **state)
{
        (void)state;
        CimClass *a =
                made(&CLASS("A", PROPERTIES(ITEM("X", CIM_UINT8, 1), ITEM("Z", CIM_UINT8, 3))), NULL, NULL);
        CimClass *b = made(&CLASS("B", PROPERTIES(ITEM("Y", CIM_UINT16, 2))), a, NULL);
        CimClass *c = made(&CLASS("C", PROPERTIES(P("Note", CIM_STRING))), b, NULL);
        assert_null(a->layout);
        assert_int_equal(b->layout->size, 5);
        assert_ptr_equal(c->layout, b->layout);
        cim_class_unref(a);
        cim_class_unref(b);
        cim_class_unref(c);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(items_stand_in_the_order_of_their_ids),
                TEST(truncation_at_every_byte),
                TEST(netkvm_has_36_bytes),
                TEST(unaligned_sources_are_copied),
                TEST(every_type_both_ways),
                TEST(what_does_not_fit_is_said),
                TEST(hostile_counts),
                TEST(few_bytes_cannot_make_many_values),
                TEST(what_makes_no_block),
                TEST(wnodes_are_checked),
                TEST(an_event_becomes_an_instance),
                TEST(derived_classes_continue_the_ids),
                TEST_END,
        });
}
