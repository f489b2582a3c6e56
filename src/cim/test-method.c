// SPDX-License-Identifier: MIT
// cim: the buffers of methods.
#include "cim/method.h"

#include "base/testkit.h"
#include "cim/event.h"
#include "cim/layout.h"
#include "cim/test-cim.h"

#define PARAMETER(n, t, ...)                                                                                 \
        {                                                                                                    \
                .name = STR(n), .type = (t), QUALIFIERS(__VA_ARGS__)                                         \
        }
#define IN    QB("in")
#define OUT   QB("out")
#define ID(v) QU("ID", v)

static CimClass *made(const CimClassSpec *s, CimClass **known)
{
        CimClass *c = NULL;
        Diag d = {0};
        if (cim_class_new(s, NULL, test_resolve, known, &c, &d))
                fail_msg("%.*s: %s", STR_ARG(s->name), d.message);
        return c;
}

// A class with one method.
static CimClass *with_method(const CimPropertySpec *parameters, size_t n, uint16_t returns, CimClass **known)
{
        CimMethodSpec m = {
                .name = STR("Set"), .return_type = returns, .parameters = parameters, .parameter_count = n};
        CimClassSpec s = {.name = STR("Thing"), .methods = &m, .method_count = 1};
        return made(&s, known);
}

static CimClass *buffer_of(const CimClass *c, CimDirection d)
{
        CimClass *b = NULL;
        Diag diag = {0};
        if (cim_method_buffer(cim_class_method(c, STR("set")), d, &b, &diag))
                fail_msg("%s", diag.message);
        return b;
}

static void expect_item(const CimClass *b, size_t i, const char *name, uint32_t offset, uint32_t size)
{
        assert_non_null(b->layout);
        assert_true(i < b->layout->item_count);
        const CimItem *item = &b->layout->items[i];
        assert_string_equal(b->properties[item->property].name.p, name);
        assert_int_equal(item->offset, offset);
        assert_int_equal(item->size, size);
}

static void parameters_stand_in_the_order_of_their_ids(void **state)
{
        (void)state;
        CimPropertySpec p[] = {PARAMETER("Level", CIM_UINT32, IN, ID(2)),
                               PARAMETER("Flag", CIM_UINT8, IN, ID(0)),
                               PARAMETER("Mode", CIM_UINT16, IN, OUT, ID(1))};
        CimClass *c = with_method(p, 3, CIM_NONE, NULL), *in = buffer_of(c, CIM_METHOD_IN),
                 *out = buffer_of(c, CIM_METHOD_OUT);
        expect_item(in, 0, "Flag", 0, 1);
        expect_item(in, 1, "Mode", 2, 2);
        expect_item(in, 2, "Level", 4, 4);
        assert_int_equal(in->layout->size, 8);
        expect_item(out, 0, "Mode", 0, 2);
        assert_int_equal(out->layout->item_count, 1);
        cim_class_unref(in);
        cim_class_unref(out);
        cim_class_unref(c);
}

static void without_ids_the_text_orders_them(void **state)
{
        (void)state;
        CimPropertySpec p[] = {PARAMETER("B", CIM_UINT8, IN), PARAMETER("A", CIM_UINT32, IN)};
        CimClass *c = with_method(p, 2, CIM_NONE, NULL), *in = buffer_of(c, CIM_METHOD_IN);
        expect_item(in, 0, "B", 0, 1);
        expect_item(in, 1, "A", 4, 4);
        assert_null(buffer_of(c, CIM_METHOD_OUT));
        cim_class_unref(in);
        cim_class_unref(c);
}

static void a_return_value_comes_last(void **state)
{
        (void)state;
        CimPropertySpec p[] = {PARAMETER("Text", CIM_STRING, OUT, ID(7)),
                               PARAMETER("Size", CIM_UINT32, OUT, ID(0))};
        CimClass *c = with_method(p, 2, CIM_UINT32, NULL), *out = buffer_of(c, CIM_METHOD_OUT);
        assert_null(buffer_of(c, CIM_METHOD_IN));
        expect_item(out, 0, "Size", 0, 4);
        expect_item(out, 1, "Text", 4, 0);
        expect_item(out, 2, "ReturnValue", UINT32_MAX, 4);
        CimValue v[3] = {0};
        v[out->layout->items[0].property] = VU(CIM_UINT32, 1);
        v[out->layout->items[1].property] = VS(CIM_STRING, u"a");
        v[out->layout->items[2].property] = VU(CIM_UINT32, 9);
        Buf b = {0};
        assert_int_equal(cim_block_encode(out, v, &b, NULL), 0);
        static const uint8_t bytes[] = {1, 0, 0, 0, 2, 0, 'a', 0, 9, 0, 0, 0};
        assert_int_equal(b.n, sizeof(bytes));
        assert_memory_equal(b.p, bytes, sizeof(bytes));
        buf_deinit(&b);
        cim_class_unref(out);
        cim_class_unref(c);
}

static void one_that_says_neither_stands_in_both(void **state)
{
        (void)state;
        CimPropertySpec p[] = {PARAMETER("A", CIM_UINT32, ID(0))};
        CimClass *c = with_method(p, 1, CIM_NONE, NULL), *in = buffer_of(c, CIM_METHOD_IN),
                 *out = buffer_of(c, CIM_METHOD_OUT);
        expect_item(in, 0, "A", 0, 4);
        expect_item(out, 0, "A", 0, 4);
        cim_class_unref(in);
        cim_class_unref(out);
        cim_class_unref(c);
}

static void arrays_and_classes_are_laid_out_as_in_a_block(void **state)
{
        (void)state;
        CimClass *inner =
                made(&CLASS("Inner", PROPERTIES(ITEM("A", CIM_UINT64, 1), ITEM("B", CIM_UINT8, 2))), NULL);
        CimClass *known[] = {inner, NULL};
        CimPropertySpec p[] = {
                PARAMETER("Count", CIM_UINT16, IN, ID(0)),
                {.name = STR("One"), .type = CIM_OBJECT, .class_name = STR("inner"), QUALIFIERS(IN, ID(1))},
                {.name = STR("Fixed"), .type = CIM_UINT16 | CIM_ARRAY, .max = 3, QUALIFIERS(IN, ID(2))},
                PARAMETER("Many", CIM_UINT8 | CIM_ARRAY, IN, ID(3), QS("WmiSizeIs", u"Count")),
        };
        CimClass *c = with_method(p, 4, CIM_NONE, known), *in = buffer_of(c, CIM_METHOD_IN);
        expect_item(in, 0, "Count", 0, 2);
        expect_item(in, 1, "One", 8, 9);
        expect_item(in, 2, "Fixed", 24, 2);
        expect_item(in, 3, "Many", 30, 1);
        assert_int_equal(in->layout->size, UINT32_MAX);
        cim_class_unref(in);
        cim_class_unref(c);
        cim_class_unref(inner);
}

// A return value may be an object of a class that no parameter is of.
static void a_class_is_given_back(void **state)
{
        (void)state;
        CimClass *inner =
                made(&CLASS("Inner", PROPERTIES(ITEM("A", CIM_UINT64, 1), ITEM("B", CIM_UINT8, 2))), NULL);
        CimClass *known[] = {inner, NULL};
        CimPropertySpec p[] = {PARAMETER("Size", CIM_UINT8, OUT)};
        CimMethodSpec m = {.name = STR("Set"),
                           .return_type = CIM_OBJECT,
                           .return_class = STR("inner"),
                           .parameters = p,
                           .parameter_count = 1};
        CimClass *c = made(&(CimClassSpec){.name = STR("Thing"), .methods = &m, .method_count = 1}, known);
        cim_class_unref(inner); // the class keeps it
        CimClass *out = buffer_of(c, CIM_METHOD_OUT);
        expect_item(out, 0, "Size", 0, 1);
        expect_item(out, 1, "ReturnValue", 8, 9);
        cim_class_unref(out);
        cim_class_unref(c);
}

// An array of the output that is counted by an input has no place of its own.
static void a_count_in_the_other_buffer_is_told(void **state)
{
        (void)state;
        CimPropertySpec p[] = {
                PARAMETER("Count", CIM_UINT16, IN, ID(0)),
                PARAMETER("Many", CIM_UINT8 | CIM_ARRAY, OUT, ID(1), QS("WmiSizeIs", u"Count"))};
        CimClass *c = with_method(p, 2, CIM_NONE, NULL), *out = buffer_of(c, CIM_METHOD_OUT);
        assert_null(out->layout);
        assert_non_null(strstr(out->layout_error, "Count"));
        cim_class_unref(out);
        cim_class_unref(c);
}

static void what_is_no_name_is_refused(void **state)
{
        (void)state;
        CimPropertySpec p[] = {PARAMETER("ReturnValue", CIM_UINT32, OUT, ID(0))};
        CimClass *c = with_method(p, 1, CIM_UINT32, NULL), *out = NULL;
        Diag d = {0};
        assert_int_equal(cim_method_buffer(&c->methods[0], CIM_METHOD_OUT, &out, &d), E_DIAG);
        assert_null(out);
        assert_null(cim_class_method(c, STR("Get")));
        cim_class_unref(c);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(parameters_stand_in_the_order_of_their_ids),
                TEST(without_ids_the_text_orders_them),
                TEST(a_return_value_comes_last),
                TEST(one_that_says_neither_stands_in_both),
                TEST(arrays_and_classes_are_laid_out_as_in_a_block),
                TEST(a_class_is_given_back),
                TEST(a_count_in_the_other_buffer_is_told),
                TEST(what_is_no_name_is_refused),
                TEST_END,
        });
}
