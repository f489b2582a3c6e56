// SPDX-License-Identifier: MIT
// cim: snapshots of namespaces.
#include "cim/schema.h"

#include "base/limits.h"
#include "base/testkit.h"
#include "cim/instance.h"
#include "cim/status.h"
#include "cim/test-cim.h"

#define WMI STR("root\\wmi")

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

// *s with one class more; the reference of c is the schema's alone then.
static void add(CimSchema **s, CimClass *c)
{
        CimSchema *next = NULL;
        Diag d = {0};
        int r = cim_schema_change(*s, &(CimChange){.namespace = WMI, .klass = c}, 1, &next, &d);
        if (r)
                print_error("%s\n", d.message);
        assert_int_equal(r, 0);
        cim_schema_unref(*s);
        cim_class_unref(c);
        *s = next;
}

static int count(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        (void)c;
        ++*(size_t *)context;
        return 0;
}

static int join(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        strncat(context, c->name.p, 100);
        return 0;
}

static int join_space(void *context, Str namespace)
{
        strncat(context, namespace.p, namespace.n);
        strcat(context, ";");
        return 0;
}

static int stop(void *context, Str namespace, const CimClass *c)
{
        (void)namespace;
        *(const CimClass **)context = c;
        return 42;
}

static void names_of_namespaces(void **state)
{
        (void)state;
        static const struct {
                const char *from, *to;
        } cases[] = {
                {"root\\wmi", "root\\wmi"},
                {"ROOT/WMI", "ROOT\\WMI"},
                {"\\\\.\\root\\wmi", "root\\wmi"},
                {"//./root/wmi", "root\\wmi"},
                {"\\root\\wmi", "root\\wmi"},
                {"root", "root"},
                {"\\\\LOCALHOST\\root", "root"},
                {"\\\\other\\root", NULL},
                {"wmi", NULL},
                {"", NULL},
                {"root\\", NULL},
                {"root\\\\wmi", NULL},
                {"rootwmi", NULL},
                {"root\\a\"b", NULL},
                {"\\\\.", NULL},
                {"\\\\.\\", NULL},
                {"root\\a\nb", NULL},
                {"root\\\xff", NULL},
        };
        for (size_t i = 0; i < COUNT(cases); i++) {
                char out[LIMIT_NAMESPACE_CHARS + 1];
                Diag d = {0};
                int r = cim_namespace_normal(str_of(cases[i].from), out, &d);
                if (!cases[i].to) {
                        assert_int_equal(r, E_DIAG);
                        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_NAMESPACE);
                } else {
                        assert_int_equal(r, 0);
                        assert_string_equal(out, cases[i].to);
                }
        }
        char longest[LIMIT_NAMESPACE_CHARS + 2] = "root\\", out[LIMIT_NAMESPACE_CHARS + 1];
        memset(longest + 5, 'a', sizeof(longest) - 5);
        assert_int_equal(cim_namespace_normal((Str){longest, LIMIT_NAMESPACE_CHARS}, out, NULL), 0);
        assert_int_equal(cim_namespace_normal((Str){longest, LIMIT_NAMESPACE_CHARS + 1}, out, NULL), E_DIAG);
}

static void snapshots_do_not_change(void **state)
{
        (void)state;
        CimSchema *s = cim_schema_new();
        CimSchema *old = cim_schema_ref(s);
        add(&s,
            made(&CLASS("A", QUALIFIERS(QS("guid", u"12345678-abcd-EF01-0102-030405060708"))), NULL, NULL));
        assert_true(cim_schema_generation(s) > cim_schema_generation(old));
        assert_null(cim_schema_find(old, WMI, STR("A")));
        assert_false(cim_schema_has_namespace(old, STR("root")));
        assert_true(cim_schema_has_namespace(s, STR("ROOT")) &&
                    cim_schema_has_namespace(s, STR("Root\\WMI")));
        const CimClass *a = cim_schema_find(s, STR("ROOT\\wmi"), STR("a"));
        assert_non_null(a);
        assert_true(a->version > 0);
        char text[100] = "";
        cim_schema_each_namespace(s, join_space, text);
        assert_string_equal(text, "root;root\\wmi;");
        const CimClass *found = NULL;
        assert_int_equal(cim_schema_each_guid(s, &a->guid, stop, &found), 42);
        assert_ptr_equal(found, a);
        CimSchema *before = s;
        cim_schema_ref(before);
        add(&s, made(&CLASS("A", PROPERTIES(P("X", CIM_UINT8))), NULL, NULL));
        assert_ptr_equal(cim_schema_find(before, WMI, STR("A")), a);
        assert_int_equal(cim_schema_find(s, WMI, STR("A"))->property_count, 1);
        assert_true(cim_schema_find(s, WMI, STR("A"))->version > a->version);
        size_t n = 0;
        cim_schema_each_guid(s, &a->guid, count, &n);
        assert_int_equal(n, 0);
        cim_schema_unref(before);
        cim_schema_unref(old);
        cim_schema_unref(s);
}

static void subclasses_follow_a_replaced_class(void **state)
{
        (void)state;
        CimSchema *s = cim_schema_new();
        CimClass *a = made(&CLASS("A", PROPERTIES(P("X", CIM_UINT8))), NULL, NULL);
        CimClass *b = made(&CLASS("B", PROPERTIES(P("Y", CIM_UINT8))), a, NULL);
        CimClass *c = made(&CLASS("C"), b, NULL);
        CimClass *e = made(&CLASS("E", PROPERTIES(P("Inner", CIM_OBJECT, .class_name = STR("B")))), NULL,
                           (CimClass *[]){b, NULL});
        CimClass *other = made(&CLASS("Other"), NULL, NULL);
        CimChange batch[] = {{.namespace = WMI, .klass = c},
                             {.namespace = WMI, .klass = e},
                             {.namespace = WMI, .klass = other},
                             {.namespace = WMI, .klass = b},
                             {.namespace = WMI, .klass = a}}; // no order is needed
        CimSchema *next;
        assert_int_equal(cim_schema_change(s, batch, COUNT(batch), &next, NULL), 0);
        cim_schema_unref(s);
        s = next;
        for (size_t i = 0; i < COUNT(batch); i++) {
                assert_ptr_equal(cim_schema_find(s, WMI, batch[i].klass->name), batch[i].klass);
                cim_class_unref(batch[i].klass);
        }
        uint64_t stays = other->version;
        add(&s, made(&CLASS("A", PROPERTIES(P("Z", CIM_STRING), P("X", CIM_UINT8))), NULL, NULL));
        const CimClass *now = cim_schema_find(s, WMI, STR("C"));
        assert_int_equal(now->property_count, 3);
        assert_ptr_equal(now->super, cim_schema_find(s, WMI, STR("B")));
        assert_ptr_equal(now->super->super, cim_schema_find(s, WMI, STR("A")));
        assert_int_equal(cim_class_property(now, STR("Y")), 2);
        assert_ptr_equal(cim_schema_find(s, WMI, STR("E"))->properties[0].object_class, now->super);
        assert_int_equal(cim_schema_find(s, WMI, STR("Other"))->version, stays);
        char text[100] = "";
        cim_schema_each_derived(s, WMI, now->super, join, text);
        assert_string_equal(text, "CB");
        // A superclass that its subclass cannot follow is refused, and the message says who.
        Diag d;
        CimClass *bad = made(&CLASS("A", PROPERTIES(P("Y", CIM_STRING))), NULL, NULL);
        assert_int_equal(cim_schema_change(s, &(CimChange){.namespace = WMI, .klass = bad}, 1, &next, &d),
                         E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_TYPE_MISMATCH);
        assert_non_null(strstr(d.message, "B no longer fits"));
        cim_class_unref(bad);
        cim_schema_unref(s);
}

static void superclasses_come_from_the_namespace(void **state)
{
        (void)state;
        CimSchema *s = cim_schema_new(), *next;
        Diag d;
        CimClass *a = made(&CLASS("A"), NULL, NULL), *b = made(&CLASS("B"), a, NULL);
        assert_int_equal(cim_schema_change(s, &(CimChange){.namespace = WMI, .klass = b}, 1, &next, &d),
                         E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_SUPERCLASS);
        // Another object of that name takes the superclass's place.
        add(&s, made(&CLASS("A", PROPERTIES(P("X", CIM_UINT8))), NULL, NULL));
        add(&s, b);
        assert_int_equal(cim_schema_find(s, WMI, STR("B"))->property_count, 1);
        // A derives from B, which derives from A.
        CimClass *base = made(&CLASS("B"), NULL, NULL), *loop = made(&CLASS("A"), base, NULL);
        assert_int_equal(cim_schema_change(s, &(CimChange){.namespace = WMI, .klass = loop}, 1, &next, &d),
                         E_DIAG);
        assert_int_equal(d.code, (uint32_t)CIM_E_INVALID_SUPERCLASS);
        cim_class_unref(loop);
        cim_class_unref(base);
        cim_class_unref(a);
        cim_schema_unref(s);
}

static void embedded_classes_may_come_later_or_in_circles(void **state)
{
        (void)state;
        CimSchema *s = cim_schema_new();
        add(&s, made(&CLASS("Outer", PROPERTIES(ITEM("In", CIM_OBJECT, 1, .class_name = STR("Inner")))), NULL,
                     NULL));
        const CimClass *outer = cim_schema_find(s, WMI, STR("Outer"));
        assert_null(outer->layout);
        assert_true(outer->layout_error[0] != '\0');
        add(&s, made(&CLASS("Inner", PROPERTIES(ITEM("X", CIM_UINT8, 1))), NULL, NULL));
        outer = cim_schema_find(s, WMI, STR("Outer"));
        assert_non_null(outer->layout);
        assert_string_equal(outer->layout_error, "");
        // Inner now holds an Outer: each change ends, and a further one rebuilds nothing.
        for (int i = 0; i < 200; i++)
                add(&s, made(&CLASS("Inner", PROPERTIES(P("Back", CIM_OBJECT, .class_name = STR("Outer")))),
                             NULL, (CimClass *[]){cim_class_ref(outer), NULL}));
        for (int i = 0; i < 200; i++)
                cim_class_unref(outer);
        uint64_t version = cim_schema_find(s, WMI, STR("Outer"))->version;
        add(&s, made(&CLASS("Third"), NULL, NULL));
        assert_int_equal(cim_schema_find(s, WMI, STR("Outer"))->version, version);
        cim_schema_unref(s);
}

// A class that embeds what derives from it: what the name stands for is not known there.
static void a_class_may_embed_what_derives_from_it(void **state)
{
        (void)state;
        CimSchema *s = cim_schema_new();
        CimPropertySpec sub[] = {{.name = STR("X"), .type = CIM_OBJECT, .class_name = STR("Below")}},
                        far[] = {{.name = STR("Y"), .type = CIM_OBJECT, .class_name = STR("Far")}};
        CimClass *top, *other, *below;
        assert_int_equal(cim_class_new(&CLASS("Other", .properties = sub, .property_count = 1), NULL, NULL,
                                       NULL, &other, NULL),
                         0);
        assert_int_equal(cim_class_new(&CLASS("Top", .properties = far, .property_count = 1), NULL, NULL,
                                       NULL, &top, NULL),
                         0);
        CimPropertySpec way[] = {{.name = STR("Z"), .type = CIM_OBJECT, .class_name = STR("Below")}};
        CimClass *between;
        assert_int_equal(cim_class_new(&CLASS("Far", .properties = way, .property_count = 1), NULL, NULL,
                                       NULL, &between, NULL),
                         0);
        assert_int_equal(cim_class_new(&CLASS("Below"), top, NULL, NULL, &below, NULL), 0);
        add(&s, top);
        add(&s, between);
        add(&s, other);
        add(&s, below);
        assert_null(cim_schema_find(s, WMI, STR("Far"))->properties[0].object_class);
        assert_ptr_equal(cim_schema_find(s, WMI, STR("Other"))->properties[0].object_class,
                         cim_schema_find(s, WMI, STR("Below")));
        uint64_t version = cim_schema_find(s, WMI, STR("Top"))->version;
        CimClass *more;
        assert_int_equal(cim_class_new(&CLASS("More"), NULL, NULL, NULL, &more, NULL), 0);
        add(&s, more); // nothing is built again
        assert_true(cim_schema_find(s, WMI, STR("Top"))->version == version);
        cim_schema_unref(s);
}

#define PUT(space, c)     ((CimChange){.namespace = STR(space), .klass = (c)})
#define REMOVE(space, c)  ((CimChange){.namespace = STR(space), .klass = (c), .remove = true})
#define REMOVE_ALL(space) ((CimChange){.namespace = STR(space), .remove = true})
#define CHANGES(...)      (CimChange[]){__VA_ARGS__}, COUNT(((CimChange[]){__VA_ARGS__}))

static CimSchema *changed(CimSchema *s, const CimChange *changes, size_t n)
{
        CimSchema *next = NULL;
        Diag d = {0};
        int r = cim_schema_change(s, changes, n, &next, &d);
        if (r)
                fail_msg("%s", d.message);
        cim_schema_unref(s);
        return next;
}

static void refused(const CimSchema *s, const CimChange *changes, size_t n, int code)
{
        CimSchema *next = NULL;
        Diag d = {0};
        assert_int_equal(cim_schema_change(s, changes, n, &next, &d), E_DIAG);
        assert_int_equal(d.code, (uint32_t)code);
        assert_null(next);
}

static void classes_are_removed_exactly(void **state)
{
        (void)state;
        CimClass *a = made(&CLASS("A", QUALIFIERS(QS("guid", u"12345678-abcd-EF01-0102-030405060708"))), NULL,
                           NULL);
        CimClass *b = made(&CLASS("B", PROPERTIES(P("X", CIM_UINT8))), a, NULL),
                 *c = made(&CLASS("C"), b, NULL);
        CimClass *e = made(&CLASS("E", PROPERTIES(P("In", CIM_OBJECT, .class_name = STR("A")))), NULL,
                           (CimClass *[]){a, NULL});
        CimClass *by_name = made(&CLASS("a"), NULL, NULL), *other = made(&CLASS("Other"), NULL, NULL);
        CimSchema *s = changed(cim_schema_new(),
                               CHANGES(PUT("root\\wmi", a), PUT("root\\wmi", b), PUT("root\\wmi", c),
                                       PUT("root\\wmi", e), PUT("root\\x", other)));
        char text[100] = "";
        size_t n = 0;
        refused(s, CHANGES(REMOVE("root\\wmi", other)), CIM_E_NOT_FOUND);
        refused(s, CHANGES(REMOVE("root\\y", other)), CIM_E_INVALID_NAMESPACE);
        refused(s, CHANGES(REMOVE("root\\wmi", a)), CIM_E_CLASS_HAS_CHILDREN);
        refused(s, CHANGES(REMOVE("root\\wmi", a), REMOVE("root\\wmi", b)), CIM_E_CLASS_HAS_CHILDREN);
        refused(s, CHANGES(REMOVE("root\\wmi", c), REMOVE("root\\wmi", c)), CIM_E_NOT_FOUND);
        // An unrelated removal does not explain a superclass that never was there.
        refused(s, CHANGES(REMOVE("root\\wmi", e), PUT("root\\x", c)), CIM_E_INVALID_SUPERCLASS);
        CimSchema *before = cim_schema_ref(s);
        uint64_t embedding = cim_schema_find(s, WMI, STR("E"))->version;
        s = changed(s, CHANGES(REMOVE("ROOT\\wmi", by_name), REMOVE("root\\wmi", c), REMOVE("root\\wmi", b)));
        assert_ptr_equal(cim_schema_find(before, WMI, STR("C")), c);
        assert_null(cim_schema_find(s, WMI, STR("A")));
        cim_schema_each_class(s, WMI, join, text);
        assert_string_equal(text, "E");
        cim_schema_each_guid(s, &a->guid, count, &n);
        assert_int_equal(n, 0);
        cim_schema_each_guid(before, &a->guid, count, &n);
        assert_int_equal(n, 1);
        // What embeds a removed class embeds an unknown one now.
        assert_null(cim_schema_find(s, WMI, STR("E"))->properties[0].object_class);
        assert_true(cim_schema_find(s, WMI, STR("E"))->version > embedding);
        assert_string_equal(cim_schema_find(s, WMI, STR("E"))->properties[0].class_name.p, "A");
        s = changed(s, CHANGES(PUT("root\\wmi", a)));
        assert_ptr_equal(cim_schema_find(s, WMI, STR("E"))->properties[0].object_class, a);
        // Changes apply in order: out and in again, in and out again; the order of the others stays.
        s = changed(s, CHANGES(REMOVE("root\\wmi", e), PUT("root\\wmi", b), PUT("root\\wmi", e),
                               PUT("root\\wmi", other), REMOVE("root\\wmi", other)));
        text[0] = '\0';
        cim_schema_each_class(s, WMI, join, text);
        assert_string_equal(text, "ABE");
        cim_schema_unref(before);
        cim_schema_unref(s);
        CimClass *all[] = {a, b, c, e, by_name, other};
        for (size_t i = 0; i < COUNT(all); i++)
                cim_class_unref(all[i]);
}

static void namespaces_are_removed_exactly(void **state)
{
        (void)state;
        CimClass *a = made(&CLASS("A", QUALIFIERS(QS("guid", u"12345678-abcd-EF01-0102-030405060708"))), NULL,
                           NULL);
        CimSchema *s = changed(cim_schema_new(),
                               CHANGES(PUT("root\\a", a), PUT("root\\a\\b", a), PUT("root\\ab", a)));
        char text[100] = "";
        size_t n = 0;
        refused(s, CHANGES(REMOVE_ALL("root\\c")), CIM_E_INVALID_NAMESPACE);
        refused(s, CHANGES(REMOVE_ALL("root\\a")), CIM_E_INVALID_OPERATION);
        refused(s, CHANGES(REMOVE_ALL("root\\ab"), REMOVE("root\\ab", a)), CIM_E_INVALID_NAMESPACE);
        s = changed(s, CHANGES(REMOVE_ALL("ROOT\\A"), REMOVE_ALL("root\\a\\b")));
        cim_schema_each_namespace(s, join_space, text);
        assert_string_equal(text, "root;root\\ab;");
        assert_false(cim_schema_has_namespace(s, STR("root\\a")));
        assert_null(cim_schema_find(s, STR("root\\a\\b"), STR("A")));
        cim_schema_each_guid(s, &a->guid, count, &n);
        assert_int_equal(n, 1);
        // Out and in again: it is empty.
        s = changed(s, CHANGES(REMOVE_ALL("root\\ab"), (CimChange){.namespace = STR("root\\ab")}));
        assert_null(cim_schema_find(s, STR("root\\ab"), STR("A")));
        s = changed(s, CHANGES(REMOVE_ALL("root"), REMOVE_ALL("root\\ab")));
        text[0] = '\0';
        cim_schema_each_namespace(s, join_space, text);
        assert_string_equal(text, "");
        s = changed(s, CHANGES(PUT("root\\a", a)));
        assert_ptr_equal(cim_schema_find(s, STR("root\\a"), STR("A")), a);
        cim_schema_unref(s);
        cim_class_unref(a);
}

static void ten_thousand_classes(void **state)
{
        (void)state;
        enum { N = 10000 };
        static CimChange batch[N];
        static char names[N][16];
        CimClass *base = made(&CLASS("Base", PROPERTIES(P("X", CIM_UINT8))), NULL, NULL);
        batch[0] = (CimChange){.namespace = WMI, .klass = base};
        for (unsigned i = 1; i < N; i++) {
                snprintf(names[i], sizeof(names[i]), "C%u", i);
                batch[i] = (CimChange){.namespace = WMI,
                                       .klass = made(&(CimClassSpec){.name = str_of(names[i])},
                                                     i % 100 ? batch[i - 1].klass : base, NULL)};
                if (batch[i].klass->depth > 60)
                        i += 100 - i % 100 - 1, batch[i] = batch[0];
        }
        size_t n = N;
        CimSchema *s = cim_schema_new(), *next = NULL;
        CimChange packed[N];
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
                if (batch[i].klass && (i == 0 || batch[i].klass != base))
                        packed[k++] = batch[i];
        assert_int_equal(cim_schema_change(s, packed, k, &next, NULL), 0);
        cim_schema_unref(s);
        s = next;
        size_t derived = 0;
        cim_schema_each_derived(s, WMI, base, count, &derived);
        assert_int_equal(derived, k);
        for (size_t i = 0; i < k; i++)
                cim_class_unref(packed[i].klass);
        add(&s,
            made(&CLASS("Base", PROPERTIES(P("Y", CIM_UINT8), P("X", CIM_UINT8))), NULL, NULL)); // all follow
        for (size_t i = 1; i < N; i++)
                if (batch[i].klass && names[i][0] && cim_schema_find(s, WMI, str_of(names[i])))
                        assert_int_equal(cim_schema_find(s, WMI, str_of(names[i]))->property_count, 2);
        cim_schema_unref(s);
}

// Puts the same classes into `spaces` namespaces, in one change.
static int spread(CimClass *const *classes, size_t n, size_t spaces, size_t less)
{
        static char names[LIMIT_NAMESPACES + 1][16];
        CimChange *changes = calloc(n * spaces + spaces, sizeof(*changes));
        CimSchema *s = cim_schema_new(), *next = NULL;
        Diag d = {0};
        size_t k = 0;
        assert_non_null(changes);
        for (size_t i = 0; i < spaces; i++) {
                Str name = i ? (Str){names[i], (size_t)snprintf(names[i], sizeof(names[i]), "root\\n%zu", i)}
                             : STR("root");
                changes[k++] = (CimChange){.namespace = name};
                for (size_t c = 0; c < n - (i ? 0 : less); c++)
                        changes[k++] = (CimChange){.namespace = name, .klass = classes[c]};
        }
        int r = cim_schema_change(s, changes, k, &next, &d);
        assert_int_equal(d.code, r ? (uint32_t)CIM_E_QUOTA_VIOLATION : 0);
        cim_schema_unref(s);
        if (!r)
                cim_schema_unref(next);
        free(changes);
        return r;
}

static void a_schema_has_bounds(void **state)
{
        (void)state;
        enum { FEW = LIMIT_CLASSES / LIMIT_NAMESPACES + 2, WIDE = LIMIT_MEMBERS / LIMIT_NAMESPACES / 1024 };
        static char names[FEW + 1024][8];
        CimClass *few[FEW], *wide[WIDE + 1];
        CimPropertySpec *properties = calloc(1024, sizeof(*properties));
        assert_non_null(properties);
        for (size_t i = 0; i < FEW; i++) {
                snprintf(names[i], sizeof(names[i]), "C%zu", i);
                few[i] = made(&(CimClassSpec){.name = str_of(names[i])}, NULL, NULL);
        }
        for (size_t i = 0; i < 1024; i++) {
                snprintf(names[FEW + i], sizeof(names[0]), "P%zu", i);
                properties[i] = (CimPropertySpec){.name = str_of(names[FEW + i]), .type = CIM_UINT8};
        }
        for (size_t i = 0; i <= WIDE; i++)
                wide[i] = made(&(CimClassSpec){.name = str_of(names[i]),
                                               .properties = properties,
                                               .property_count = i == WIDE ? 1 : 1024},
                               NULL, NULL);
        for (size_t n = LIMIT_NAMESPACES - 1; n <= LIMIT_NAMESPACES + 1; n++)
                assert_int_equal(spread(few, 0, n, 0), n > LIMIT_NAMESPACES ? E_DIAG : 0);
        size_t n = LIMIT_CLASSES / LIMIT_NAMESPACES;
        assert_int_equal(spread(few, n, LIMIT_NAMESPACES, 1), 0);
        assert_int_equal(spread(few, n, LIMIT_NAMESPACES, 0), 0);
        assert_int_equal(spread(few, n + 1, LIMIT_NAMESPACES, n),
                         E_DIAG); // one too many namespaces have one more
        assert_int_equal(spread(wide, WIDE, LIMIT_NAMESPACES, 0), 0);
        assert_int_equal(spread(wide, WIDE + 1, LIMIT_NAMESPACES, 1), E_DIAG);
        for (size_t i = 0; i < FEW; i++)
                cim_class_unref(few[i]);
        for (size_t i = 0; i <= WIDE; i++)
                cim_class_unref(wide[i]);
        free(properties);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(names_of_namespaces),
                TEST(snapshots_do_not_change),
                TEST(subclasses_follow_a_replaced_class),
                TEST(superclasses_come_from_the_namespace),
                TEST(embedded_classes_may_come_later_or_in_circles),
                TEST(a_class_may_embed_what_derives_from_it),
                TEST(classes_are_removed_exactly),
                TEST(namespaces_are_removed_exactly),
                TEST(ten_thousand_classes),
                TEST(a_schema_has_bounds),
                TEST_END,
        });
}
