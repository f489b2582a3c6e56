// SPDX-License-Identifier: MIT
// Limits at N - 1, N and N + 1, truncated texts, the life of a plan, and what the text cases cannot say.
#include "base/buf.h"
#include "base/limits.h"
#include "base/testkit.h"
#include "base/utf.h"
#include "cim/status.h"
#include "wql/test-world.h"

static World world;

// ---- helpers
// -----------------------------------------------------------------------------------------------------

static Str str_buf(const Buf *b)
{
        return (Str){(const char *)b->p, b->n};
}

// The code of a query that is refused, 0 for one that is accepted.
static int code_of(Str text, Diag *d)
{
        WqlQuery *q;
        WqlPlan *p;
        *d = (Diag){0};
        int r = wql_parse(text, &q, d);
        if (r == 0) {
                r = wql_check(q, world.schema, world.namespace, &p, d);
                wql_query_free(q);
                if (r == 0)
                        wql_plan_unref(p);
        }
        assert_true(r == 0 || r == E_DIAG);
        return r ? (int)d->code : 0;
}

static WqlPlan *plan_of(const char *text)
{
        WqlQuery *q;
        WqlPlan *p;
        Diag d;
        assert_int_equal(wql_parse(str_of(text), &q, &d), 0);
        assert_int_equal(wql_check(q, world.schema, world.namespace, &p, &d), 0);
        wql_query_free(q);
        return p;
}

static void repeat(Buf *b, const char *text, size_t n)
{
        while (n-- > 0)
                buf_text(b, text);
}

static int code_of_buf(Buf *b, Diag *d)
{
        assert_false(b->failed);
        int code = code_of(str_buf(b), d);
        buf_deinit(b);
        return code;
}

static bool match(const WqlPlan *p, const CimValue *values)
{
        return wql_match(p, &(WqlSubject){.klass = wql_class(p), .values = values});
}

// ---- limits
// ------------------------------------------------------------------------------------------------------

// A query of n characters: a string takes what is left.
static int chars(size_t n, const char *filler, size_t filler_chars, Diag *d)
{
        Buf b = {0};
        buf_text(&b, "SELECT * FROM Types WHERE Name = '");
        repeat(&b, filler, (n - b.n - 1) / filler_chars);
        buf_text(&b, "'");
        return code_of_buf(&b, d);
}

static void query_chars_are_limited(void **state)
{
        (void)state;
        Diag d;
        assert_int_equal(chars(LIMIT_QUERY_CHARS - 1, "x", 1, &d), 0);
        assert_int_equal(chars(LIMIT_QUERY_CHARS, "x", 1, &d), 0);
        assert_int_equal(chars(LIMIT_QUERY_CHARS + 1, "x", 1, &d), CIM_E_QUOTA_VIOLATION);
        assert_int_equal(d.offset, LIMIT_QUERY_CHARS);
        // characters, not bytes; those beyond U+FFFF are two for WMI
        assert_int_equal(chars(LIMIT_QUERY_CHARS, "ä", 1, &d), 0);
        assert_int_equal(chars(LIMIT_QUERY_CHARS + 1, "ä", 1, &d), CIM_E_QUOTA_VIOLATION);
        assert_int_equal(chars(LIMIT_QUERY_CHARS - 1, "\xF0\x9F\x8D\x9E", 2, &d), 0);
        assert_int_equal(chars(LIMIT_QUERY_CHARS + 3, "\xF0\x9F\x8D\x9E", 2, &d), CIM_E_QUOTA_VIOLATION);
}

static int terms(size_t n, const char *between, Diag *d)
{
        Buf b = {0};
        buf_text(&b, "SELECT * FROM Types WHERE U8=1");
        for (size_t i = 1; i < n; i++)
                buf_printf(&b, "%sU8=%zu", between, i % 250);
        return code_of_buf(&b, d);
}

static void terms_are_limited(void **state)
{
        (void)state;
        static const char *const between[] = {" OR ", " AND ", " AND NOT "};
        Diag d;
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(terms(LIMIT_QUERY_TERMS - 1, between[i], &d), 0);
                assert_int_equal(terms(LIMIT_QUERY_TERMS, between[i], &d), 0);
                assert_int_equal(terms(LIMIT_QUERY_TERMS + 1, between[i], &d), CIM_E_QUOTA_VIOLATION);
                assert_true(d.offset > 0);
        }
}

static int depth(size_t n, const char *open, const char *close, Diag *d)
{
        Buf b = {0};
        buf_text(&b, "SELECT * FROM Types WHERE ");
        repeat(&b, open, n);
        buf_text(&b, "U8=1");
        repeat(&b, close, n);
        return code_of_buf(&b, d);
}

static void depth_is_limited(void **state)
{
        (void)state;
        static const char *const pairs[][2] = {
                {"(", ")"}, {"NOT ", ""}, {"(U8=2 OR ", ")"}, {"(U8=2 AND U8=3 OR ", ")"}};
        Diag d;
        for (size_t i = 0; i < 4; i++) {
                const char *open = pairs[i][0], *close = pairs[i][1];
                assert_int_equal(depth(LIMIT_DEPTH - 1, open, close, &d), 0);
                assert_int_equal(depth(LIMIT_DEPTH, open, close, &d), 0);
                assert_int_equal(depth(LIMIT_DEPTH + 1, open, close, &d), CIM_E_QUOTA_VIOLATION);
                assert_int_equal(d.offset, 26 + LIMIT_DEPTH * strlen(open));
        }
        // without its ends
        assert_int_equal(depth(LIMIT_QUERY_CHARS / 2, "(", "", &d), CIM_E_QUOTA_VIOLATION);
}

static int path(size_t n, Diag *d)
{
        Buf b = {0};
        buf_text(&b, "SELECT Thing");
        repeat(&b, ".x", n - 1);
        buf_text(&b, " FROM Types");
        return code_of_buf(&b, d);
}

static int list(size_t n, Diag *d)
{
        Buf b = {0};
        buf_text(&b, "SELECT U8");
        repeat(&b, ",U8", n - 1);
        buf_text(&b, " FROM Types");
        return code_of_buf(&b, d);
}

static void paths_and_lists_are_limited(void **state)
{
        (void)state;
        Diag d;
        assert_int_equal(path(LIMIT_DEPTH - 1, &d), 0);
        assert_int_equal(path(LIMIT_DEPTH, &d), 0);
        assert_int_equal(path(LIMIT_DEPTH + 1, &d), CIM_E_QUOTA_VIOLATION);
        assert_int_equal(list(LIMIT_CLASS_PROPERTIES - 1, &d), 0);
        assert_int_equal(list(LIMIT_CLASS_PROPERTIES, &d), 0);
        assert_int_equal(list(LIMIT_CLASS_PROPERTIES + 1, &d), CIM_E_QUOTA_VIOLATION);
}

// A path of as many steps as there may be, through as many objects.
static void deep_objects_are_reached(void **state)
{
        (void)state;
        Buf b = {0};
        buf_text(&b, "SELECT * FROM BoxEvent WHERE Any");
        repeat(&b, ".Any", LIMIT_DEPTH - 2);
        buf_text(&b, ".Size = 5");
        WqlPlan *p = plan_of(buf_z(&b));
        Arena a = {0};
        const CimClass *box = cim_schema_find(world.schema, world.namespace, STR("Box"));
        const CimClass *leaf = cim_schema_find(world.schema, world.namespace, STR("Leaf"));
        int any = cim_class_property(box, STR("Any"));
        CimInstance *inner = cim_instance_in(&a, leaf), *event = cim_instance_in(&a, wql_class(p));
        inner->values[cim_class_property(leaf, STR("Size"))] = (CimValue){.type = CIM_UINT32, .uint = 5};
        for (unsigned i = 0; i < LIMIT_DEPTH - 2; i++) {
                CimInstance *outer = cim_instance_in(&a, box);
                outer->values[any] = (CimValue){.type = CIM_OBJECT, .object = inner};
                inner = outer;
        }
        CimValue *first = &event->values[cim_class_property(wql_class(p), STR("Any"))];
        *first = (CimValue){.type = CIM_OBJECT, .object = inner};
        assert_true(match(p, event->values));
        first->object = inner->values[any].object;
        assert_false(match(p, event->values));
        wql_plan_unref(p);
        arena_deinit(&a);
        buf_deinit(&b);
}

static int where_path(size_t n, Diag *d)
{
        Buf b = {0};
        buf_text(&b, "SELECT * FROM BoxEvent WHERE Any");
        repeat(&b, ".x", n - 1);
        buf_text(&b, " = 1");
        return code_of_buf(&b, d);
}

static void paths_in_where_are_limited(void **state)
{
        (void)state;
        Diag d;
        assert_int_equal(where_path(LIMIT_DEPTH - 1, &d), 0);
        assert_int_equal(where_path(LIMIT_DEPTH, &d), 0);
        assert_int_equal(where_path(LIMIT_DEPTH + 1, &d), CIM_E_QUOTA_VIOLATION);
        // system properties count as the steps that they are
        assert_int_equal(code_of(STR("SELECT * FROM BoxEvent WHERE Any.__CLASS = 'x'"), &d), 0);
}

// As many predicates as there may be, each of which demands a class or asks derived classes for a property:
// time is bounded, the answer is that of one.
static void demands_cost_a_bounded_time(void **state)
{
        (void)state;
        Diag d;
        Buf b = {0};
        buf_text(&b, "SELECT * FROM BoxEvent WHERE Any ISA Leaf");
        repeat(&b, " AND Any ISA Leaf", LIMIT_QUERY_TERMS / 2 - 1);
        repeat(&b, " AND Any.Bytes=1", LIMIT_QUERY_TERMS / 2);
        assert_int_equal(code_of_buf(&b, &d), 0);
        // a property of a derived class is looked for so many times; beyond, none is said to be missing
        for (size_t n = 62; n <= 65; n++) {
                buf_text(&b, "SELECT * FROM BoxEvent WHERE Any ISA Leaf");
                repeat(&b, " AND Any.Bytes=1", n);
                buf_text(&b, " AND Any.Nope=1");
                assert_int_equal(code_of_buf(&b, &d), n < 64 ? CIM_E_INVALID_PROPERTY : 0);
        }
        buf_text(&b, "SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA Box");
        repeat(&b, " OR TargetInstance ISA Box", LIMIT_QUERY_TERMS - 2);
        buf_text(&b, " OR TargetInstance ISA Polled");
        assert_int_equal(code_of_buf(&b, &d), CIM_E_REGISTRATION_TOO_PRECISE);
}

// Sets that spell out a large part of Unicode, many times, cost a bounded effort.
static void sets_are_limited(void **state)
{
        (void)state;
        Diag d;
        for (size_t n = 14; n <= 17; n++) {
                Buf b = {0};
                buf_text(&b, "SELECT * FROM Types WHERE Name LIKE '");
                repeat(&b, "[\x01-\xEF\xBF\xBF]", n);
                buf_text(&b, "'");
                assert_int_equal(code_of_buf(&b, &d), n <= 16 ? 0 : CIM_E_QUOTA_VIOLATION);
        }
}

// A pattern over which a backtracking matcher would need longer than the age of the universe.
static void patterns_cannot_blow_up(void **state)
{
        (void)state;
        Buf b = {0};
        buf_text(&b, "SELECT * FROM Types WHERE Name LIKE '");
        repeat(&b, "%a_", 300);
        buf_text(&b, "%b'");
        WqlPlan *p = plan_of(buf_z(&b));
        char16_t text[4000];
        for (size_t i = 0; i < 4000; i++)
                text[i] = 'a';
        CimValue values[64];
        int name = cim_class_property(wql_class(p), STR("Name"));
        values[name] = (CimValue){.type = CIM_STRING, .string = {text, 4000}};
        assert_false(match(p, values));
        text[3999] = 'B';
        assert_true(match(p, values));
        wql_plan_unref(p);
        buf_deinit(&b);
}

// ---- texts cut short
// ---------------------------------------------------------------------------------------------

static void every_prefix_has_an_answer(void **state)
{
        (void)state;
        static const char text[] =
                "SELECT Name, U8 FROM Types WITHIN 10.5 WHERE (U8 >= 1 AND NOT Name LIKE '[a-f]%x\\\\') OR "
                "'ä' <> Größe AND Flag IS NOT NULL GROUP WITHIN 3 BY Name HAVING NumberOfEvents > 5;";
        for (size_t n = 0; n < sizeof(text) - 1; n++) {
                char *exact = malloc(n ? n : 1);
                assert_non_null(exact);
                memcpy(exact, text, n);
                Diag d;
                if (code_of((Str){exact, n}, &d)) {
                        assert_true(d.offset <= n && d.length <= n - d.offset);
                        assert_true(d.line == 1 && d.column >= 1 && d.message[0]);
                }
                free(exact);
        }
        // a caller that wants no reason
        WqlQuery *q;
        assert_int_equal(wql_parse(STR("SELECT"), &q, NULL), E_DIAG);
        assert_int_equal(wql_parse((Str){NULL, 0}, &q, NULL), E_DIAG);
        assert_int_equal(wql_parse(STR("SELECT * FROM Nope WHERE x LIKE '['"), &q, NULL), 0);
        WqlPlan *p;
        assert_int_equal(wql_check(q, world.schema, world.namespace, &p, NULL), E_DIAG);
        wql_query_free(q);
        assert_int_equal(wql_parse(STR("SELECT * FROM Types WHERE Name LIKE '['"), &q, NULL), 0);
        assert_int_equal(wql_check(q, world.schema, world.namespace, &p, NULL), E_DIAG);
        wql_query_free(q);
}

// ---- names
// -------------------------------------------------------------------------------------------------------

static void a_query_says_its_names(void **state)
{
        (void)state;
        WqlQuery *q;
        assert_int_equal(wql_parse(STR("select b, A.x, a.y, B, c from Some_Class"), &q, NULL), 0);
        assert_true(str_eq(wql_from(q), STR("Some_Class")));
        assert_int_equal(wql_select_count(q), 3);
        assert_true(str_eq(wql_select_name(q, 0), STR("b")));
        assert_true(str_eq(wql_select_name(q, 1), STR("A")));
        assert_true(str_eq(wql_select_name(q, 2), STR("c")));
        wql_query_free(q);
        assert_int_equal(wql_parse(STR("select * from x"), &q, NULL), 0);
        assert_int_equal(wql_select_count(q), 0);
        wql_query_free(q);
        assert_null(wql_query_free(NULL));
}

static void namespaces_are_told(void **state)
{
        (void)state;
        WqlQuery *q;
        WqlPlan *p;
        Diag d = {0};
        assert_int_equal(wql_parse(STR("SELECT * FROM Types"), &q, NULL), 0);
        assert_int_equal(wql_check(q, world.schema, STR("root\\nowhere"), &p, &d), E_DIAG);
        assert_int_equal((int)d.code, CIM_E_INVALID_NAMESPACE);
        CimChange change = {.namespace = STR("root\\other")};
        CimSchema *more;
        assert_int_equal(cim_schema_change(world.schema, &change, 1, &more, NULL), 0);
        assert_int_equal(wql_check(q, more, STR("root\\other"), &p, &d), E_DIAG);
        assert_int_equal((int)d.code, CIM_E_NOT_FOUND);
        assert_string_equal(d.hint, "root\\wmi has a class of that name");
        cim_schema_unref(more);
        wql_query_free(q);
}

// ---- plans
// -------------------------------------------------------------------------------------------------------

// A plan outlives the query and the schema it was made with, and fits derived classes.
static void a_plan_lives_on_its_own(void **state)
{
        (void)state;
        World w;
        world_init(&w, STR("root\\wmi"));
        assert_true(world_classes(
                &w, STR("class __Event {}; class A : __Event { uint32 x; }; class B : A { uint32 y; };")));
        WqlQuery *q;
        WqlPlan *p;
        assert_int_equal(wql_parse(STR("SELECT x FROM A WHERE x > 1"), &q, NULL), 0);
        assert_int_equal(wql_check(q, w.schema, w.namespace, &p, NULL), 0);
        wql_query_free(q);
        world_deinit(&w);
        assert_ptr_equal(wql_plan_ref(p), p);
        assert_null(wql_plan_unref(p));
        assert_true(str_eq(wql_class(p)->name, STR("A")));
        CimValue values[2] = {{.type = CIM_UINT32, .uint = 2}, {.type = CIM_UINT32, .uint = 0}};
        assert_true(match(p, values));
        // what is not of the property's type counts as NULL, whatever it holds
        values[0].type = CIM_STRING;
        assert_false(match(p, values));
        assert_null(wql_plan_unref(p));
        assert_null(wql_plan_unref(NULL));
}

static void what_is_used_is_told(void **state)
{
        (void)state;
        WqlPlan *p = plan_of("SELECT * FROM Types");
        assert_non_null(wql_used(p)->words);
        assert_int_equal(wql_used(p)->count, 0);
        for (size_t i = 0; i < 100; i++)
                assert_false(cim_wants(wql_used(p), i));
        assert_true(match(p, NULL));
        wql_plan_unref(p);
}

static void schema_plans_have_no_class(void **state)
{
        (void)state;
        WqlQuery *q;
        WqlPlan *p;
        assert_int_equal(wql_parse_data(STR("SELECT * FROM meta_class WHERE __CLASS = 'Leaf'"), &q, NULL), 0);
        assert_int_equal(wql_check_data(q, world.schema, world.namespace, &p, NULL), 0);
        assert_true(wql_is_schema(p));
        assert_null(wql_class(p));
        assert_non_null(wql_used(p)->words);
        assert_int_equal(wql_used(p)->count, 0);
        size_t n = 7;
        wql_selected(p, &n);
        assert_int_equal(n, 0);
        WqlSubject s = {.klass = cim_schema_find(world.schema, world.namespace, STR("Leaf")),
                        .is_class = true};
        assert_true(wql_match(p, &s));
        s.klass = cim_schema_find(world.schema, world.namespace, STR("BigLeaf"));
        assert_false(wql_match(p, &s));
        wql_plan_unref(p);
        wql_query_free(q);
        // the same text as an event query
        Diag d;
        assert_int_equal(code_of(STR("SELECT * FROM meta_class"), &d), CIM_E_NOT_FOUND);
        // a caller that wants no reason
        assert_int_equal(wql_parse_data(STR("SELECT"), &q, NULL), E_DIAG);
}

// Comparing with a constant in upper case needs that the upper case of an upper case is itself.
static void upper_case_stays(void **state)
{
        (void)state;
        for (uint32_t c = 0; c < 0x10000; c++)
                assert_int_equal(utf_upcase16(utf_upcase16((char16_t)c)), utf_upcase16((char16_t)c));
}

int main(void)
{
        size_t n;
        char *text = world_file("tests/conformance/wql/classes.mof", &n);
        world_init(&world, STR("root\\wmi"));
        if (!text || !world_classes(&world, (Str){text, n})) {
                printf("Bail out! classes.mof: %s\n", world.error);
                return 1;
        }
        free(text);
        int r = testkit_run((TestCase[]){
                TEST(query_chars_are_limited), TEST(terms_are_limited), TEST(depth_is_limited),
                TEST(paths_and_lists_are_limited), TEST(paths_in_where_are_limited),
                TEST(deep_objects_are_reached), TEST(demands_cost_a_bounded_time),
                TEST(schema_plans_have_no_class), TEST(sets_are_limited), TEST(patterns_cannot_blow_up),
                TEST(every_prefix_has_an_answer), TEST(a_query_says_its_names), TEST(namespaces_are_told),
                TEST(a_plan_lives_on_its_own), TEST(what_is_used_is_told), TEST(upper_case_stays), TEST_END});
        world_deinit(&world);
        return r;
}
