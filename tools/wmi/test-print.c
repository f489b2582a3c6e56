// SPDX-License-Identifier: MIT
// Tests of how instances and class definitions are printed.
#include <errno.h>

#include "base/testkit.h"

#include "print-event.h"

// Thing {[key] Name, Size, Labels[]} and Box : Thing {Part, an Inner}
typedef struct World {
        CimClass *inner, *thing, *box;
        CimInstance *part, *a, *b, *boxed, *definition;
} World;

static CimValue text(const char16_t *s)
{
        size_t n = 0;
        while (s[n])
                n++;
        return (CimValue){.type = CIM_STRING, .string = {s, n}};
}

static CimInstance *thing_of(const CimClass *c, const char16_t *name, uint64_t size)
{
        CimInstance *i;
        assert_int_equal(cim_instance_new(c, &i), 0);
        i->values[0] = text(name);
        i->values[1] = (CimValue){.type = CIM_UINT32, .uint = size};
        assert_int_equal(cim_instance_place(i, STR("root\\default")), 0);
        return i;
}

static void world_init(World *w)
{
        CimQualifier key = {.name = STR("key"), .value = {.type = CIM_BOOLEAN, .boolean = true}};
        CimPropertySpec inner = {.name = STR("X"), .type = CIM_SINT32};
        CimPropertySpec thing[] = {
                {.name = STR("Name"), .type = CIM_STRING, .qualifiers = &key, .qualifier_count = 1},
                {.name = STR("Size"), .type = CIM_UINT32},
                {.name = STR("Labels"), .type = CIM_STRING | CIM_ARRAY}};
        CimPropertySpec box = {.name = STR("Part"), .type = CIM_OBJECT};
        CimClassSpec s = {.name = STR("Inner"), .properties = &inner, .property_count = 1};
        assert_int_equal(cim_class_new(&s, NULL, NULL, NULL, &w->inner, NULL), 0);
        s = (CimClassSpec){.name = STR("Thing"), .properties = thing, .property_count = 3};
        assert_int_equal(cim_class_new(&s, NULL, NULL, NULL, &w->thing, NULL), 0);
        s = (CimClassSpec){.name = STR("Box"), .properties = &box, .property_count = 1};
        assert_int_equal(cim_class_new(&s, w->thing, NULL, NULL, &w->box, NULL), 0);
        assert_int_equal(cim_instance_new(w->inner, &w->part), 0);
        w->part->values[0] = (CimValue){.type = CIM_SINT32, .sint = -7};
        w->a = thing_of(w->thing, u"a", 3);
        w->b = thing_of(w->thing, u"b\u202Eb", 12);
        w->boxed = thing_of(w->box, u"c", 1);
        w->boxed->values[3] = (CimValue){.type = CIM_OBJECT, .object = w->part};
        assert_int_equal(cim_instance_of_class(w->thing, STR("root\\default"), &w->definition), 0);
}

static void world_deinit(World *w)
{
        cim_instance_unref(w->a);
        cim_instance_unref(w->b);
        cim_instance_unref(w->boxed);
        cim_instance_unref(w->part);
        cim_instance_unref(w->definition);
        cim_class_unref(w->box);
        cim_class_unref(w->thing);
        cim_class_unref(w->inner);
}

static void prints(PrintStyle style, const char *query, CimInstance *const *objects, const char *expected)
{
        Printer *p = printer_new(style, false);
        Buf out = {0};
        const Selection *s = query ? printer_select_data(p, str_of(query)) : NULL;
        for (; *objects; objects++)
                assert_int_equal(printer_object(p, *objects, s, &out), 0);
        assert_int_equal(printer_flush(p, &out), 0);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
        printer_free(p);
}

#define PATH(name) "\\\\\\\\.\\\\root\\\\default:" name

static void objects_are_json_lines(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        prints(PRINT_JSON, NULL, (CimInstance *[]){w.a, w.boxed, w.definition, NULL},
               "{\"class\":\"Thing\",\"namespace\":\"root\\\\default\",\"path\":\"" PATH(
                       "Thing.Name=\\\"a\\\"") "\","
                                               "\"properties\":{\"Name\":\"a\",\"Size\":3,\"Labels\":null}}\n"
                                               "{\"class\":\"Box\",\"namespace\":\"root\\\\default\","
                                               "\"path\":\"" PATH(
                                                       "Box.Name=\\\"c\\\"") "\","
                                                                             "\"properties\":{\"Name\":\"c\","
                                                                             "\"Size\":1,\"Labels\":null,"
                                                                             "\"Part\":{\"class\":\"Inner\","
                                                                             "\"properties\":{"
                                                                             "\"X\":-7}}}}\n"
                                                                             "{\"class\":\"Thing\","
                                                                             "\"namespace\":"
                                                                             "\"root\\\\default\",\"path\":"
                                                                             "\"" PATH(
                                                                                     "Thing") "\","
                                                                                              "\"definition\""
                                                                                              ":true,"
                                                                                              "\"properties\""
                                                                                              ":{\"Name\":"
                                                                                              "null,\"Size\":"
                                                                                              "null,"
                                                                                              "\"Labels\":"
                                                                                              "null}}\n");
        // Where a part lives somewhere itself, its path is there.
        assert_int_equal(cim_instance_place(w.part, STR("root\\default")), 0);
        w.boxed->values[3].object = w.a;
        prints(PRINT_JSON, "SELECT Part FROM Box", (CimInstance *[]){w.boxed, NULL},
               "{\"class\":\"Box\",\"namespace\":\"root\\\\default\",\"path\":\"" PATH(
                       "Box.Name=\\\"c\\\"") "\","
                                             "\"properties\":{\"Part\":{\"class\":\"Thing\",\"path\":\"" PATH(
                                                     "Thing.Name=\\\"a\\\"") "\",\"properties\":{"
                                                                             "\"Name\":\"a\",\"Size\":3,"
                                                                             "\"Labels\":null}}}}\n");
        // System properties when they are named.
        prints(PRINT_JSON, "SELECT __CLASS, __RELPATH, __GENUS FROM Thing", (CimInstance *[]){w.a, NULL},
               "{\"class\":\"Thing\",\"namespace\":\"root\\\\default\",\"path\":\"" PATH(
                       "Thing.Name=\\\"a\\\"") "\","
                                               "\"properties\":{\"__CLASS\":\"Thing\",\"__RELPATH\":\"Thing."
                                               "Name=\\\"a\\\"\",\"__GENUS\":2}}\n");
        world_deinit(&w);
}

static void objects_without_a_path(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        prints(PRINT_JSON, NULL, (CimInstance *[]){w.part, NULL},
               "{\"class\":\"Inner\",\"properties\":{\"X\":-7}}\n");
        prints(PRINT_LINE, NULL, (CimInstance *[]){w.part, NULL}, "Inner\t\tX=-7\n");
        w.a->values[0] = cim_null(CIM_STRING); // a key that is not set
        prints(PRINT_LINE, "SELECT Size FROM Thing", (CimInstance *[]){w.a, NULL}, "Thing\t\tSize=3\n");
        world_deinit(&w);
}

static void objects_are_lines(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        prints(PRINT_LINE, NULL, (CimInstance *[]){w.b, w.boxed, w.definition, NULL},
               "Thing\t\\\\.\\root\\default:Thing.Name=\"b\\u202Eb\"\tName=\"b\\u202Eb\" Size=12 Labels=NULL\n"
               "Box\t\\\\.\\root\\default:Box.Name=\"c\"\tName=\"c\" Size=1 Labels=NULL Part=Inner {X = -7}\n"
               "class Thing\t\\\\.\\root\\default:Thing\tName=NULL Size=NULL Labels=NULL\n");
        world_deinit(&w);
}

static void objects_are_blocks(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        prints(PRINT_BLOCK, NULL, (CimInstance *[]){w.boxed, NULL},
               "Box  \\\\.\\root\\default:Box.Name=\"c\"\n"
               "    Name   = \"c\"\n"
               "    Size   = 1\n"
               "    Labels = NULL\n"
               "    Part   = Inner\n"
               "        X = -7\n");
        world_deinit(&w);
}

static void few_properties_are_a_table(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        prints(PRINT_TABLE, "SELECT Name, Size FROM Thing", (CimInstance *[]){w.a, w.b, NULL},
               "Name     Size\n"
               "a           3\n"
               "b\\u202Eb   12\n");
        // Another class is another table, an object with an object in it a block.
        prints(PRINT_TABLE, NULL, (CimInstance *[]){w.a, w.boxed, NULL},
               "Name Size Labels\n"
               "a       3 \n"
               "Box  \\\\.\\root\\default:Box.Name=\"c\"\n"
               "    Name   = \"c\"\n"
               "    Size   = 1\n"
               "    Labels = NULL\n"
               "    Part   = Inner\n"
               "        X = -7\n");
        world_deinit(&w);
}

static void long_tables_are_not_held_back(void **state)
{
        (void)state;
        World w;
        world_init(&w);
        Printer *p = printer_new(PRINT_TABLE, false);
        Buf out = {0};
        const Selection *s = printer_select_data(p, STR("SELECT Size FROM Thing"));
        for (int i = 0; i < 1000; i++)
                assert_int_equal(printer_object(p, w.a, s, &out), 0);
        assert_int_equal(out.n, 0);
        assert_int_equal(printer_object(p, w.a, s, &out), 0);
        assert_true(out.n > 1000);
        buf_deinit(&out);
        printer_free(p);
        world_deinit(&w);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(objects_are_json_lines), TEST(objects_without_a_path),
                                        TEST(objects_are_lines), TEST(objects_are_blocks),
                                        TEST(few_properties_are_a_table), TEST(long_tables_are_not_held_back),
                                        TEST_END});
}
