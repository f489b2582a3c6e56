// SPDX-License-Identifier: MIT
// Marks: what they remember, when they hold no more, their bounds, rows that are none.
#include "repository/internal.h"
#include "repository/test-rig.h"

#define NS STR("root\\default")

typedef struct Ask {
        uint8_t key[STORE_MARK_KEY];
        StoreMark *mark; // to be set; NULL: does it hold?
        bool holds;
        unsigned seen;
} Ask;

static int count_thing(void *context, StoreMarkKind kind, Str namespace, Str name, const CimClass *c)
{
        (void)kind;
        (void)namespace;
        (void)name;
        (void)c;
        ((Ask *)context)->seen++;
        return 0;
}

static int run_mark(void *context, Store *st, Diag *reterr)
{
        Ask *a = context;
        a->seen = 0;
        return a->mark ? store_mark_set(st, a->key, a->mark, reterr)
                       : store_mark_holds(st, a->key, count_thing, a, &a->holds, reterr);
}

static Ask key_of(unsigned n)
{
        Ask a = {0};
        memcpy(a.key, &n, sizeof(n));
        return a;
}

static bool holds(Rig *g, unsigned key, unsigned things)
{
        Ask a = key_of(key);
        assert_int_equal(rig_run(g, run_mark, &a, NULL), 0);
        assert_true(!a.holds || a.seen == things);
        return a.holds;
}

static void set(Rig *g, unsigned key, StoreMark *m)
{
        Ask a = key_of(key);
        a.mark = m;
        assert_int_equal(rig_run(g, run_mark, &a, NULL), 0);
}

static StoreMark everything(void)
{
        StoreMark m = {0};
        store_mark_add(&m, STORE_MARK_CLASS, NS, STR("Thing"));
        store_mark_add(&m, STORE_MARK_CLASS, NS, STR("Absent"));
        store_mark_add(&m, STORE_MARK_INSTANCE, NS, STR("Thing.Name=\"a\""));
        store_mark_add(&m, STORE_MARK_INSTANCE, NS, STR("Thing.Name=\"absent\""));
        store_mark_add(&m, STORE_MARK_INSTANCE, NS, STR("Nothing.Name=\"absent\""));
        store_mark_add(&m, STORE_MARK_TREE, NS, STR("Tree"));
        store_mark_add(&m, STORE_MARK_TREE, STR("root"), STR("NoTree"));
        store_mark_add(&m, STORE_MARK_NAMESPACE, STR("root\\made"), STR(""));
        store_mark_add(&m, STORE_MARK_NAMESPACE, STR("root\\absent"), STR(""));
        store_mark_add(&m, STORE_MARK_NEED, NS, STR("Needed"));
        return m;
}
enum { EVERYTHING = 10 };

static const CimPropertySpec name_key[] = {
        {.name = {"Name", 4},
         .type = CIM_STRING,
         .qualifiers = (const CimQualifier[]){{.name = {"key", 3}, .value = {.type = CIM_BOOLEAN, .boolean = true}}},
         .qualifier_count = 1},
        {.name = {"Size", 4}, .type = CIM_UINT32},
};

static void put_class(Rig *g, const char *name, const char *super, size_t properties)
{
        CimClassSpec s = {.name = str_of(name), .properties = name_key, .property_count = properties};
        assert_int_equal(rig_put_class(g, "root\\default", &s, super, 0), 0);
}

static void put_thing(Rig *g, const char *class_name, const char16_t *name, uint32_t size)
{
        CimValue v[] = {{.type = CIM_STRING, .string = {name, 1}}, {.type = CIM_UINT32, .uint = size}};
        assert_int_equal(rig_put(g, "root\\default", class_name, v, 2, 0), 0);
}

static void populate(Rig *g)
{
        put_class(g, "Thing", "", 2);
        put_class(g, "Tree", "", 2);
        put_class(g, "Branch", "Tree", 0);
        put_thing(g, "Thing", u"a", 1);
        put_thing(g, "Branch", u"b", 1);
        assert_int_equal(rig_create_namespace(g, "root\\made"), 0);
}

static void add_property(Rig *g)
{
        put_class(g, "Absent", "", 2);
}

static void change_instance(Rig *g)
{
        put_thing(g, "Thing", u"a", 2);
}

static void delete_instance(Rig *g)
{
        assert_int_equal(rig_delete(g, "root\\default", "Thing.Name=\"a\""), 0);
}

static void put_in_tree(Rig *g)
{
        put_thing(g, "Tree", u"c", 2);
}

static void grow_tree(Rig *g)
{
        put_class(g, "Twig", "Branch", 0);
}

static void delete_class(Rig *g)
{
        assert_int_equal(rig_delete_class(g, "root\\default", "Thing"), 0);
}

static void make_again(Rig *g)
{
        assert_int_equal(rig_delete_namespace(g, "root\\made"), 0);
        assert_int_equal(rig_create_namespace(g, "root\\made"), 0);
}

static void add_needed(Rig *g)
{
        put_class(g, "Needed", "", 2);
}

static void make_absent(Rig *g)
{
        assert_int_equal(rig_create_namespace(g, "root\\absent"), 0);
}

static void it_holds_until_something_changes(void **state)
{
        (void)state;
        static void (*const changes[])(Rig *) = {add_property, change_instance, delete_instance, put_in_tree,
                                                 grow_tree,    delete_class,    make_again,      make_absent,
                                                 add_needed};
        for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
                Rig g;
                rig_open(&g, NULL, false);
                populate(&g);
                StoreMark m = everything();
                assert_false(holds(&g, 1, 0));
                set(&g, 1, &m);
                assert_true(holds(&g, 1, EVERYTHING));
                assert_false(holds(&g, 2, 0));
                // What it is not about.
                put_class(&g, "Other", "", 2);
                put_thing(&g, "Thing", u"z", 1);
                assert_true(holds(&g, 1, EVERYTHING));
                changes[i](&g);
                assert_false(holds(&g, 1, 0));
                set(&g, 1, &m);
                assert_true(holds(&g, 1, EVERYTHING));
                store_mark_deinit(&m);
                rig_close(&g);
        }
}

static void it_outlives_the_service(void **state)
{
        (void)state;
        Rig g;
        char *file = rig_file("marks.db");
        rig_open(&g, file, false);
        populate(&g);
        StoreMark m = everything();
        set(&g, 1, &m);
        rig_close(&g);
        rig_open(&g, file, false);
        assert_true(holds(&g, 1, EVERYTHING));
        delete_instance(&g);
        rig_close(&g);
        rig_open(&g, file, false);
        assert_false(holds(&g, 1, 0));
        store_mark_deinit(&m);
        rig_close(&g);
        rig_clean();
}

static void marks_end_at_their_number(void **state)
{
        (void)state;
        Rig g;
        rig_open(&g, NULL, false);
        StoreMark m = {0};
        store_mark_add(&m, STORE_MARK_CLASS, NS, STR("Absent"));
        for (unsigned i = 0; i < LIMIT_MARKS; i++) {
                if (i == LIMIT_MARKS - 1)
                        assert_true(holds(&g, 0, 1));
                set(&g, i, &m);
                put_class(&g, i & 1 ? "One" : "Two", "", 1 + (i >> 1 & 1)); // so that commits tell them apart
        }
        for (unsigned i = 0; i < LIMIT_MARKS; i++)
                assert_true(holds(&g, i, 1));
        set(&g, LIMIT_MARKS, &m);
        assert_true(holds(&g, LIMIT_MARKS, 1));
        unsigned left = 0;
        for (unsigned i = 0; i <= LIMIT_MARKS; i++)
                left += holds(&g, i, 1);
        assert_int_equal(left, LIMIT_MARKS);
        assert_false(holds(&g, 0, 0)); // the oldest went
        // Set again, it takes the place of itself.
        set(&g, 5, &m);
        assert_true(holds(&g, 4, 1) && holds(&g, 6, 1));
        store_mark_deinit(&m);
        rig_close(&g);
}

// A mark of so many bytes as its row: 12, then of each thing 16 and what names it.
static StoreMark large(size_t bytes)
{
        StoreMark m = {0};
        static char name[1 << 20];
        memset(name, 'x', sizeof(name));
        size_t left = bytes - 12;
        Str namespace = NS;
        for (bool first = true; left; first = false) {
                size_t head = 16 + 9 + (first ? namespace.n : 0), n = left - head;
                if (n > 1000000)
                        n = 1000000;
                if (left - head - n && left - head - n < 16 + 9)
                        n -= 64;
                store_mark_add(&m, STORE_MARK_CLASS, namespace, (Str){name, n});
                left -= head + n;
        }
        return m;
}

static void marks_end_at_their_bytes(void **state)
{
        (void)state;
        Rig g;
        rig_open(&g, NULL, false);
        for (size_t n = LIMIT_MARK_BYTES - 1; n <= LIMIT_MARK_BYTES + 1; n++) {
                StoreMark m = large(n);
                set(&g, 1, &m);
                assert_int_equal(holds(&g, 1, 5), n <= LIMIT_MARK_BYTES);
                store_mark_deinit(&m);
        }
        // Together they have so much; the oldest go.
        StoreMark m = large(LIMIT_MARK_BYTES);
        unsigned most = LIMIT_MARKS_BYTES / LIMIT_MARK_BYTES;
        for (unsigned i = 0; i < most; i++) {
                set(&g, 10 + i, &m);
                put_class(&g, i & 1 ? "One" : "Two", "", 1 + (i >> 1 & 1));
        }
        assert_true(holds(&g, 10, 5) && holds(&g, 10 + most - 1, 5));
        StoreMark small = {0};
        store_mark_add(&small, STORE_MARK_CLASS, NS, STR("x"));
        set(&g, 99, &small);
        assert_true(holds(&g, 99, 1) && holds(&g, 11, 5));
        assert_false(holds(&g, 10, 0));
        store_mark_deinit(&small);
        store_mark_deinit(&m);
        rig_close(&g);
}

// What stands in the row of a mark and is none holds nothing, and is replaced.
static void rows_that_are_no_marks(void **state)
{
        (void)state;
        char *file = rig_file("marks.db");
        Rig g;
        rig_open(&g, file, false);
        populate(&g);
        StoreMark m = everything();
        set(&g, 7, &m);
        rig_close(&g);
        sqlite3 *sql;
        assert_int_equal(database_connect(&sql, file, SQLITE_OPEN_READWRITE), SQLITE_OK);
        static const char *const texts[] = {
                "UPDATE meta SET value = 5 WHERE name GLOB 'mark:*'",
                "UPDATE meta SET value = x'' WHERE name GLOB 'mark:*'",
                "UPDATE meta SET value = zeroblob(12) WHERE name GLOB 'mark:*'",
                "UPDATE meta SET value = x'0000000000000000FFFFFFFF' WHERE name GLOB 'mark:*'",
                "UPDATE meta SET value = x'000000000000000001000000' || zeroblob(16) WHERE name GLOB 'mark:*'",
                "UPDATE meta SET value = CAST(x'000000000000000001000000' || zeroblob(16) || x'63' || zeroblob(8) AS "
                "BLOB) WHERE name GLOB 'mark:*'",
                "UPDATE meta SET value = substr(value, 1, length(value) - 1) WHERE name GLOB 'mark:*'",
                "UPDATE meta SET value = value || x'00' WHERE name GLOB 'mark:*'",
                "INSERT INTO meta VALUES('mark:', 1), ('mark:zz', 'x')",
        };
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                assert_int_equal(sqlite3_exec(sql, texts[i], NULL, NULL, NULL), SQLITE_OK);
                rig_open(&g, file, false);
                bool all_zero = i == 2; // a mark of nothing, which holds
                if (i < 8)
                        assert_int_equal(holds(&g, 7, 0), all_zero);
                set(&g, 7, &m);
                assert_true(holds(&g, 7, EVERYTHING));
                rig_close(&g);
        }
        sqlite3_close(sql);
        store_mark_deinit(&m);
        rig_clean();
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(it_holds_until_something_changes), TEST(it_outlives_the_service),
                                        TEST(marks_end_at_their_number), TEST(marks_end_at_their_bytes),
                                        TEST(rows_that_are_no_marks), TEST_END});
}
