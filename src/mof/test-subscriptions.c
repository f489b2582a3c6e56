// SPDX-License-Identifier: MIT
// Permanent subscriptions of texts: what is one, and what bindings name.
#include "base/testkit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "mof/subscriptions.h"

// One line for each: "filter a", "binding a -> b", "timer", a '*' behind what is bound; "?text" for what is not there.
static void dump(Str text, Buf *out)
{
        static Diag errors[LIMIT_MOF_ERRORS];
        static const char *const kinds[] = {"filter", "consumer", "binding", "timer"};
        size_t n, count;
        MofDocument *d = NULL;
        MofSource source = {.text = text, .name = "x", .namespace = STR("root\\default")};
        mof_parse(&source, &d, errors, LIMIT_MOF_ERRORS, &n);
        assert_non_null(d);
        Arena a = {0};
        MofSubscription *all;
        assert_int_equal(mof_subscriptions(d, &a, &all, &count), 0);
        for (size_t i = 0; i < count; i++) {
                const MofSubscription *s = &all[i];
                Str name = mof_assigned_text(s->object, "name", &a);
                buf_printf(out, "%s", kinds[s->kind]);
                if (s->kind == MOF_BINDING) {
                        Str filter = s->filter ? mof_assigned_text(s->filter, "Mark", &a) : s->filter_text;
                        Str consumer = s->consumer ? mof_assigned_text(s->consumer, "Mark", &a) : s->consumer_text;
                        buf_printf(out, " %s%.*s -> %s%.*s", s->filter ? "" : "?", STR_ARG(filter), s->consumer ? "" : "?",
                                   STR_ARG(consumer));
                } else {
                        buf_printf(out, " %.*s%s", STR_ARG(name), s->bound ? "*" : "");
                }
                buf_text(out, "\n");
        }
        arena_deinit(&a);
        mof_document_free(d);
}

static void lists(const char *text, const char *expected)
{
        Buf out = {0};
        dump(str_of(text), &out);
        assert_string_equal(buf_z(&out), expected);
        buf_deinit(&out);
}

static void by_aliases(void **state)
{
        (void)state;
        lists("instance of __FilterToConsumerBinding { Filter = $F; Consumer = $c; };\n"
              "instance of __EventFilter as $f { Name = \"a\"; Mark = \"fa\"; };\n"
              "instance of CommandLineEventConsumer as $C { Name = \"b\"; Mark = \"cb\"; };\n"
              "instance of __EventFilter { Name = \"lonely\"; };\ninstance of Thing { Name = \"no\"; };\nclass XConsumer {};",
              "binding fa -> cb\nfilter a*\nconsumer b*\nfilter lonely\n");
}

static void by_paths(void **state)
{
        (void)state;
        lists("#pragma namespace(\"\\\\\\\\.\\\\root\\\\subscription\")\n"
              "instance of __EventFilter { Name = \"a \\\"b\\\\\"; Mark = \"f1\"; };\n"
              "instance of Odd { Name = \"x\"; Part = 7; Mark = \"o7\"; };\ninstance of Odd { Name = \"x\"; Part = 8; Mark = \"o8\"; };\n"
              "#pragma namespace(\"root\\\\cimv2\")\ninstance of __EventFilter { Name = \"A\"; Mark = \"f2\"; };\n"
              "instance of __filtertoconsumerbinding { filter = "
              "\"\\\\\\\\.\\\\ROOT\\\\Subscription:__eventfilter.name=\\\"A \\\\\\\"b\\\\\\\\\\\"\"; CONSUMER = "
              "\"root\\\\subscription:Odd.Part=8,Name=\\\"X\\\"\"; };\n"
              "instance of __FilterToConsumerBinding { Filter = \"__EventFilter=\\\"a\\\"\"; Consumer = "
              "\"\\\\\\\\host\\\\root\\\\subscription:Odd.Part=7\"; };\n"
              "instance of __FilterToConsumerBinding { Filter = \"__EventFilter.Name=\\\"b\\\"\"; Consumer = \"no path\"; };\n"
              "instance of __FilterToConsumerBinding { };\n",
              "filter a \"b\\*\nconsumer x*\nconsumer x*\nfilter A*\nbinding f1 -> o8\nbinding f2 -> o7\n"
              "binding ?__EventFilter.Name=\"b\" -> ?no path\nbinding ? -> ?\n");
}

static void by_class(void **state)
{
        (void)state;
        lists("class Base : __EventConsumer {};\nclass Sink : Base {};\nclass MyFilter : __EventFilter {};\n"
              "class Loop1 : Loop2 {};\nclass Loop2 : Loop1 {};\ninstance of Sink { Name = \"s\"; };\n"
              "instance of MyFilter { Name = \"m\"; };\ninstance of Loop1 { Name = \"l\"; };\n"
              "instance of __IntervalTimerInstruction { TimerId = \"t\"; Name = \"\"; };\n"
              "instance of Holder { Inner = instance of __EventFilter { Name = \"inner\"; }; };\n"
              "instance of __FilterToConsumerBinding { Consumer = \"Other.Key=1\"; };\ninstance of Other { Key = 2; Name = \"o\"; };",
              "consumer s\nfilter m\ntimer \nbinding ? -> ?Other.Key=1\nconsumer o\n");
}

static void the_last_of_several(void **state)
{
        (void)state;
        lists("instance of __EventFilter { Name = \"a\"; Mark = \"first\"; };\ninstance of __EventFilter { Name = \"A\"; Mark = "
              "\"second\"; };\ninstance of __FilterToConsumerBinding { Filter = \"__EventFilter.Name=\\\"a\\\"\"; };",
              "filter a\nfilter A*\nbinding second -> ?\n");
}

static void of_a_text_with_errors(void **state)
{
        (void)state;
        lists("instance of __EventFilter as $F { Name = \"a\"; Mark = \"fa\"; };\nclass { broken\n};\n"
              "instance of FooConsumer as $C { Name = \"c\"; Mark = \"cc\"; };\n"
              "instance of __FilterToConsumerBinding { Filter = $F; Consumer = $C; };",
              "filter a*\nconsumer c*\nbinding fa -> cc\n");
}

// Many of the same: the work must not grow with the square.
static void many(void **state)
{
        (void)state;
        Buf text = {0}, out = {0};
        for (size_t i = 0; i < 20000; i++)
                buf_printf(&text, "instance of OddConsumer { A = 1; B = %zu; };\ninstance of __FilterToConsumerBinding { Consumer = "
                                  "\"OddConsumer.A=1,B=%zu\"; };\n", i, i);
        dump((Str){(const char *)text.p, text.n}, &out);
        assert_non_null(strstr(buf_z(&out), "binding ? -> \n"));
        buf_deinit(&out);
        buf_deinit(&text);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(by_aliases), TEST(by_paths), TEST(by_class), TEST(the_last_of_several),
                                        TEST(of_a_text_with_errors), TEST(many), TEST_END});
}
