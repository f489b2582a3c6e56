// SPDX-License-Identifier: MIT
// Fuzz target: a WNODE, and data blocks of classes that have every type.
//
// First byte: which class; bit 7: the rest is a data block, else a WNODE. What decodes must encode, and
// decode again to the same values and the same bytes; what is refused must say where.
#include <stdio.h>
#include <stdlib.h>

#include "base/fuzzkit.h"
#include "cim/event.h"
#include "cim/layout.h"
#include "cim/test-cim.h"

enum { FUZZ_CLASSES = 5 };
static CimClass *fuzz_class[FUZZ_CLASSES + 1];

#define SIZE_IS(id, s) QUALIFIERS(QU("WmiDataId", id), QS("WmiSizeIs", s))

static void fuzz_add(size_t at, const CimClassSpec *s)
{
        Diag d = {0};
        int r = cim_class_new(s, NULL, test_resolve, fuzz_class, &fuzz_class[at], &d);
        REQUIRE(r == 0 && fuzz_class[at]->layout);
}

static void fuzz_setup(void)
{
        fuzz_add(0, &CLASS("Fixed", PROPERTIES(P("InstanceName", CIM_STRING), P("Active", CIM_BOOLEAN),
                                               ITEM("B", CIM_BOOLEAN, 1), ITEM("S64", CIM_SINT64, 2),
                                               ITEM("S8", CIM_SINT8, 3), ITEM("S16", CIM_SINT16, 4),
                                               ITEM("U8", CIM_UINT8, 5), ITEM("S32", CIM_SINT32, 6),
                                               ITEM("C", CIM_CHAR16, 7), ITEM("R32", CIM_REAL32, 8),
                                               ITEM("U16", CIM_UINT16, 9), ITEM("R64", CIM_REAL64, 10),
                                               ITEM("U32", CIM_UINT32, 11), ITEM("U64", CIM_UINT64, 12),
                                               ITEM("D", CIM_DATETIME, 13),
                                               ITEM("F", CIM_UINT16 | CIM_ARRAY, 14, .max = 3))));
        fuzz_add(1, &CLASS("Strings",
                           PROPERTIES(ITEM("A", CIM_STRING, 1), ITEM("X", CIM_UINT8, 2),
                                      P("M", CIM_STRING, QUALIFIERS(QU("WmiDataId", 3), QU("MaxLen", 4))),
                                      ITEM("Two", CIM_STRING | CIM_ARRAY, 4, .max = 2),
                                      ITEM("Y", CIM_UINT64, 5))));
        fuzz_add(2, &CLASS("Counted", PROPERTIES(ITEM("N", CIM_SINT16, 1), ITEM("K", CIM_UINT64, 2),
                                                 P("V", CIM_UINT32 | CIM_ARRAY, SIZE_IS(3, u"N")),
                                                 P("W", CIM_STRING | CIM_ARRAY, SIZE_IS(4, u"K")),
                                                 P("D", CIM_DATETIME | CIM_ARRAY, SIZE_IS(5, u"N")),
                                                 P("B", CIM_BOOLEAN | CIM_ARRAY, SIZE_IS(6, u"K")),
                                                 ITEM("End", CIM_UINT8, 7))));
        fuzz_add(3, &CLASS("Outer", PROPERTIES(ITEM("A", CIM_UINT8, 1),
                                               ITEM("In", CIM_OBJECT, 2, .class_name = STR("Counted")),
                                               ITEM("N", CIM_UINT8, 3),
                                               P("List", CIM_OBJECT | CIM_ARRAY, SIZE_IS(4, u"N"),
                                                 .class_name = STR("Strings")),
                                               ITEM("Pair", CIM_OBJECT | CIM_ARRAY, 5, .max = 2,
                                                    .class_name = STR("Fixed")),
                                               ITEM("End", CIM_UINT8, 6))));
        fuzz_add(4, &CLASS("Outermost", PROPERTIES(ITEM("N", CIM_UINT32, 1),
                                                   P("All", CIM_OBJECT | CIM_ARRAY, SIZE_IS(2, u"N"),
                                                     .class_name = STR("Outer")))));
}

static void fuzz_block(const CimClass *c, const uint8_t *p, size_t n)
{
        enum { MOST = 16 };
        REQUIRE(c->property_count <= MOST);
        Arena a = {0};
        Buf one = {0}, two = {0};
        CimValue v[MOST], w[MOST];
        for (size_t i = 0; i < c->property_count; i++)
                v[i] = w[i] = cim_null(c->properties[i].type);
        CimBlockError e = {0};
        uint64_t none = 0;
        int checked = cim_block_decode(c, p, n, &(CimWant){&none, 1}, &a, w, &e);
        int r = cim_block_decode(c, p, n, NULL, &a, v, &e);
        REQUIRE(r == checked || (r == 1 && strstr(e.says, "makes more than")));
        if (r) {
                REQUIRE(r == 1 && e.says[0] && e.data_id && e.offset <= n + 8);
                goto done;
        }
        r = cim_block_encode(c, v, &one, &e);
        if (r == 1 && strstr(e.says, "MaxLen")) // a block may hold more than that, an encoder makes none
                goto done;
        REQUIRE(r == 0);
        REQUIRE(cim_block_decode(c, one.p, one.n, NULL, &a, w, &e) == 0);
        for (size_t i = 0; i < c->property_count; i++)
                REQUIRE(cim_value_same(&v[i], &w[i]));
        REQUIRE(cim_block_encode(c, w, &two, &e) == 0);
        REQUIRE(one.n == two.n && memcmp(one.p, two.p, one.n) == 0);
done:
        buf_deinit(&one);
        buf_deinit(&two);
        arena_deinit(&a);
}

static void fuzz_event(const CimClass *c, const uint8_t *p, size_t n)
{
        CimWnode w;
        CimBlockError e = {0};
        int parsed = cim_wnode_parse(p, n, &w, &e);
        REQUIRE(parsed == 0 || (parsed == 1 && e.says[0] && !e.data_id && e.offset < 64));
        if (parsed == 0) {
                REQUIRE(w.block >= p && w.block_size <= n && w.block + w.block_size <= p + n);
                uint8_t *exact = malloc(w.block_size ? w.block_size : 1);
                REQUIRE(exact);
                memcpy(exact, w.block, w.block_size);
                fuzz_block(c, exact, w.block_size);
                free(exact);
        }
        CimEnvelope envelope = {
                .kind = CIM_PAYLOAD_WNODE, .payload = p, .payload_size = n, .instance = {u"x", 1}};
        CimInstance *i;
        int r = cim_event_instance(&envelope, c, NULL, &i, &e);
        REQUIRE(r == 0 || r == 1);
        REQUIRE(parsed == 0 || r == 1);
        if (r == 0)
                cim_instance_unref(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!fuzz_class[0])
                fuzz_setup();
        if (!size)
                return 0;
        const CimClass *c = fuzz_class[(data[0] & 0x7f) % FUZZ_CLASSES];
        uint8_t *exact = malloc(size); // one byte before the rest: sometimes it is aligned, here it is not
        REQUIRE(exact);
        memcpy(exact, data, size);
        if (data[0] & 0x80)
                fuzz_block(c, exact + 1, size - 1);
        else
                fuzz_event(c, exact + 1, size - 1);
        free(exact);
        return 0;
}
