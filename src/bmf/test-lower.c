// SPDX-License-Identifier: MIT
// What is made of texts that no file of Windows shows, and what is said of records that no text makes.
#include "base/testkit.h"

#include <stdio.h>

#include "bmf/bmf-impl.h"
#include "mof/print.h"

static Diag told[8];
static size_t told_count;

static MofDocument *parsed(const char *text, MofDialect dialect)
{
        MofDocument *d = NULL;
        MofSource s = {.text = str_of(text), .name = "x", .dialect = dialect};
        int r = mof_parse(&s, &d, told, 8, &told_count);
        if (r != 0)
                fail_msg("%s", told[0].message);
        return d;
}

static int lower(const char *text, Bmf **ret)
{
        MofDocument *d = parsed(text, MOF_MICROSOFT);
        int r = bmf_of_document(d, NULL, ret, told, 8, &told_count);
        mof_document_free(d);
        return r;
}

// A value in a few words: "3:5", "2008[a b]"; types in hexadecimal.
static void show_value(Buf *out, const BmfValue *v, bool type)
{
        if (type)
                buf_printf(out, "%x%s", v->type, v->type & CIM_ARRAY ? "" : ":");
        if (v->type & CIM_ARRAY) {
                buf_text(out, "[");
                for (uint32_t i = 0; i < v->array.count; i++) {
                        buf_text(out, i ? " " : "");
                        show_value(out, &v->array.items[i], false);
                }
                buf_text(out, "]");
        } else if (bmf_is_text(v->type)) {
                for (size_t i = 0; i < v->string.n; i++)
                        buf_u8(out, (uint8_t)v->string.p[i]);
        } else if (v->type == CIM_REAL64) {
                double d;
                memcpy(&d, &v->bits, sizeof(d));
                buf_printf(out, "%g", d);
        } else if (v->type == CIM_OBJECT) {
                buf_text(out, "object");
        } else {
                buf_printf(out, "%llx", (unsigned long long)v->bits);
        }
}

static void show_name(Buf *out, Str16 name)
{
        for (size_t i = 0; i < name.n; i++)
                buf_u8(out, (uint8_t)name.p[i]);
}

// "name=type:value [qualifier=type:value/flavor ...]"
static void show(Buf *out, const BmfProperty *p)
{
        show_name(out, p->name);
        buf_text(out, "=");
        if (p->has_value)
                show_value(out, &p->value, true);
        else
                buf_printf(out, "%x", p->type);
        for (uint32_t i = 0; i < p->qualifiers.count; i++) {
                const BmfQualifier *q = &p->qualifiers.items[i];
                buf_text(out, i ? " " : " [");
                show_name(out, q->name);
                buf_text(out, "=");
                if (q->has_value)
                        show_value(out, &q->value, true);
                if (q->has_flavor)
                        buf_printf(out, "/%x", q->flavor);
        }
        buf_text(out, p->qualifiers.count ? "]" : "");
}

typedef struct Case {
        const char *text, *record;
} Case;

// Of each text the first property, or the first of the last parameter object when there is a method.
static void check(const Case *c, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                Bmf *b = NULL;
                Buf out = {0};
                assert_int_equal(lower(c[i].text, &b), 0);
                const BmfObject *o = b->objects[b->object_count - 1];
                if (o->method_count) {
                        const BmfValue *v = &o->methods[0].value;
                        for (uint32_t k = 0; k < v->array.count; k++) {
                                buf_text(&out, k ? " | " : "");
                                for (uint32_t m = 0; m + 1 < v->array.items[k].object->property_count; m++) {
                                        buf_text(&out, m ? "; " : "");
                                        show(&out, &v->array.items[k].object->properties[m]);
                                }
                        }
                } else {
                        show(&out, &o->properties[0]);
                }
                if (strcmp(buf_z(&out), c[i].record) != 0)
                        fail_msg("%s\n  is     %s\n  wanted %s", c[i].text, buf_z(&out), c[i].record);
                buf_deinit(&out);
                bmf_free(b);
        }
}

#define CHECK(...)                                                                                           \
        do {                                                                                                 \
                static const Case list[] = {__VA_ARGS__};                                                    \
                check(list, sizeof(list) / sizeof(list[0]));                                                 \
        } while (0)

static void integers(void **state)
{
        (void)state;
        CHECK({"class A { sint32 p = -2147483648; };", "p=3:80000000 [CIMTYPE=8:sint32/3]"},
              {"class A { uint32 p = 4294967295; };", "p=3:ffffffff [CIMTYPE=8:uint32/3]"},
              {"class A { uint32 p = 0x80000000; };", "p=3:80000000 [CIMTYPE=8:uint32/3]"},
              {"class A { uint8 p = 255; };", "p=3:ff [CIMTYPE=8:uint8/3]"},
              {"class A { sint64 p = 2147483648; };", "p=14:80000000 [CIMTYPE=8:sint64/3]"},
              {"class A { sint64 p = 0xFFFFFFFF; };", "p=14:ffffffff [CIMTYPE=8:sint64/3]"},
              {"class A { sint64 p = -2147483649; };", "p=14:ffffffff7fffffff [CIMTYPE=8:sint64/3]"},
              {"class A { uint64 p = 5; };", "p=3:5 [CIMTYPE=8:uint64/3]"},
              {"class A { uint64 p = 0xFFFFFFFF; };", "p=3:ffffffff [CIMTYPE=8:uint64/3]"},
              {"class A { uint64 p = 4294967295; };", "p=14:ffffffff [CIMTYPE=8:uint64/3]"},
              {"class A { uint64 p = 18446744073709551615; };", "p=15:ffffffffffffffff [CIMTYPE=8:uint64/3]"},
              {"class A { uint64 p[] = {1, 18446744073709551615}; };",
               "p=2015[1 ffffffffffffffff] [CIMTYPE=8:uint64/3]"},
              {"class A { sint64 p[] = {-1, 5000000000}; };",
               "p=2014[ffffffffffffffff 12a05f200] [CIMTYPE=8:sint64/3]"},
              {"instance of A { p = 4294967295; };", "p=14:ffffffff"},
              {"instance of A { p = 0x80000000; };", "p=14:80000000"},
              {"instance of A { [q(0x80000000)] p = 1; };", "p=3:1 [q=3:80000000]"},
              {"instance of A { [q(2147483648)] p = 1; };", "p=3:1 [q=14:80000000]"},
              {"instance of A { [q{0xFFFFFFFF, 4294967296}] p = 1; };", "p=3:1 [q=2014[ffffffff 100000000]]"},
              {"class A { real32 p = 5; };", "p=3:5 [CIMTYPE=8:real32/3]"},
              {"class A { uint32 p = 2.5; };", "p=5:2.5 [CIMTYPE=8:uint32/3]"},
              {"class A { real64 p[] = {1, 2.5}; };", "p=2005[1 2.5] [CIMTYPE=8:real64/3]"});
}

static void values(void **state)
{
        (void)state;
        CHECK({"class A { uint32 p = NULL; };", "p=13 [CIMTYPE=8:uint32/3]"},
              {"instance of A { p = NULL; };", "p=8"},
              {"instance of A { [q(NULL)] p = TRUE; };", "p=b:ffff [q=]"},
              {"class A { uint32 p[] = {}; };", "p=2003[] [CIMTYPE=8:uint32/3]"},
              {"class A { real32 p[] = {}; };", "p=2005[] [CIMTYPE=8:real32/3]"},
              {"class A { char16 p[] = {}; };", "p=2002[] [CIMTYPE=8:char16/3]"},
              {"class A { string p[] = {}; };", "p=2008[] [CIMTYPE=8:string/3]"},
              {"class A { boolean p[] = {}; };", "p=200b[] [CIMTYPE=8:boolean/3]"},
              {"class A { B p[] = {}; };", "p=200d[] [CIMTYPE=8:object:B/3]"},
              {"class A { B ref p[] = {}; };", "p=2008[] [CIMTYPE=8:ref:B/3]"},
              {"instance of A { p = {}; };", "p=2008[]"},
              {"instance of A { [q{}] p = 'x'; };", "p=2:78 [q=2008[]]"},
              {"class A { char16 p = '\\xFFFF'; };", "p=2:ffff [CIMTYPE=8:char16/3]"},
              {"class A { datetime p = \"20261121150000.000000+060\"; };",
               "p=8:20261121150000.000000+060 [CIMTYPE=8:datetime/3]"},
              {"instance of A as $X {}; class A { A ref p = $X; };", "p=4008:X [CIMTYPE=8:ref:A/3]"},
              {"instance of A as $X {}; instance of A as $Y {}; instance of A { p = {$X, $Y}; };",
               "p=6008[X Y]"},
              {"class A { B p = instance of B {}; };", "p=d:object [CIMTYPE=8:object:B/3]"},
              {"instance of A { p = {instance of B {}, instance of B {}}; };", "p=200d[object object]"},
              {"class A { object p; };", "p=d [CIMTYPE=8:object/3]"},
              {"class A { Object p; };", "p=d [CIMTYPE=8:Object/3]"},
              {"class A { object ref p; };", "p=66 [CIMTYPE=8:ref/3]"},
              {"class A { Thing REF p[4]; };", "p=2066 [MAX=3:4 CIMTYPE=8:ref:Thing/3]"});
}

static void flavors(void **state)
{
        (void)state;
        CHECK({"class A { [q : ToInstance ToSubclass DisableOverride Amended] string p; };",
               "p=8 [q=b:ffff/93 CIMTYPE=8:string/3]"},
              {"class A { [q : EnableOverride NotToInstance NotToSubclass] string p; };",
               "p=8 [q=b:ffff CIMTYPE=8:string/3]"},
              {"class A { [q : Restricted] string p; };", "p=8 [q=b:ffff CIMTYPE=8:string/3]"},
              {"Qualifier q : ToSubclass Amended; class A { [q] string p; };",
               "p=8 [q=b:ffff/82 CIMTYPE=8:string/3]"},
              {"Qualifier q : ToSubclass; class A { [q : NotToSubclass] string p; };",
               "p=8 [q=b:ffff CIMTYPE=8:string/3]"},
              {"Qualifier q : string = \"x\", Scope(any); class A { [q] string p; };",
               "p=8 [q=8:x/2 CIMTYPE=8:string/3]"},
              {"Qualifier q : boolean = false, Scope(any); class A { [q] string p; };",
               "p=8 [q=b:ffff/2 CIMTYPE=8:string/3]"});
}

static void parameters(void **state)
{
        (void)state;
        CHECK({"class A { void m([in] uint8 a); };", "a=11 [in=b:ffff ID=3:0/11 CIMTYPE=8:uint8/3]"},
              {"class A { void m([in, out] uint8 a); };", "a=11 [in=b:ffff ID=3:0/11 CIMTYPE=8:uint8/3] | "
                                                          "a=11 [out=b:ffff ID=3:0/11 CIMTYPE=8:uint8/3]"},
              {"class A { void m(uint8 a[3]); };", "a=2011 [MAX=3:3 IN=b:ffff ID=3:0/11 CIMTYPE=8:uint8/3] | "
                                                   "a=2011 [MAX=3:3 OUT=b:ffff ID=3:0/11 "
                                                   "CIMTYPE=8:uint8/3]"},
              {"class A { void m([in] uint8 a = 5, [out, ID(0)] string b[], [in, ID(2) : ToInstance "
               "DisableOverride] "
               "uint8 c); };",
               "a=3:5 [in=b:ffff ID=3:0/11 CIMTYPE=8:uint8/3]; c=11 [in=b:ffff ID=3:2/11 CIMTYPE=8:uint8/3] "
               "| b=2008 "
               "[out=b:ffff ID=3:0 CIMTYPE=8:string/3]"},
              {"class A { uint32 m(); };", "ReturnValue=13 [CIMTYPE=8:uint32/3]"},
              {"class A { B m([in] B b); };",
               "b=d [in=b:ffff ID=3:0/11 CIMTYPE=8:object:B/3] | ReturnValue=d "
               "[CIMTYPE=8:object:B/3]"});
}

// --- what cannot be stored -----------------------------------------------------------------------

static void refused(void **state)
{
        (void)state;
        static const struct {
                const char *text, *says;
                uint32_t code;
        } list[] = {
                {"instance of A { p = \"a\\x0z\"; };", "NUL", (uint32_t)CIM_MOF_ILLEGAL_CONSTANT},
                {"instance of A as $X {}; instance of A { p = {\"A.k=1\", $X}; };", "different types",
                 (uint32_t)CIM_MOF_TYPE_MISMATCH},
                {"instance of A { p = {1, \"a\"}; };", "different types", (uint32_t)CIM_MOF_TYPE_MISMATCH},
                {"instance of A { p = {-1, 18446744073709551615}; };", "different types",
                 (uint32_t)CIM_MOF_TYPE_MISMATCH},
                {"instance of A { p = -9223372036854775809; };", "64 bits", (uint32_t)CIM_MOF_OUT_OF_RANGE},
        };
        for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
                Bmf *b = NULL;
                assert_int_equal(lower(list[i].text, &b), E_DIAG);
                assert_null(b);
                assert_int_equal(told_count, 1);
                assert_non_null(strstr(told[0].message, list[i].says));
                assert_int_equal(told[0].code, list[i].code);
                assert_int_equal(told[0].line, 1);
                assert_true(told[0].column > 1);
        }
}

static void left_out(void **state)
{
        (void)state;
        Bmf *b = NULL;
        assert_int_equal(
                lower("#pragma amendment(\"MS_409\")\nclass A {};\n#pragma deleteclass(\"B\", nofail)\n"
                      "#pragma deleteinstance(\"C.k=1\", fail)\n",
                      &b),
                0);
        assert_int_equal(told_count, 3);
        assert_int_equal(b->object_count, 1);
        assert_int_equal(told[0].line, 1);
        assert_int_equal(told[1].line, 3);
        assert_int_equal(told[2].line, 4);
        bmf_free(b);
        // No room for what is told: still an error's own words.
        MofDocument *d = parsed("#pragma deleteclass(\"B\", nofail)\ninstance of A { p = \"\\x0z\"; };",
                                MOF_MICROSOFT);
        assert_int_equal(bmf_of_document(d, NULL, &b, told, 1, &told_count), E_DIAG);
        assert_int_equal(told_count, 1);
        assert_non_null(strstr(told[0].message, "NUL"));
        assert_int_equal(bmf_of_document(d, NULL, &b, NULL, 0, &told_count), E_DIAG);
        assert_int_equal(told_count, 0);
        mof_document_free(d);
}

// Instances inside of a default of a parameter: as deep as a text may go, and one more.
static void deep(void **state)
{
        (void)state;
        for (unsigned n = LIMIT_DEPTH - 1; n <= LIMIT_DEPTH; n++) {
                Buf text = {0};
                buf_text(&text, "class A { void m([in] A a = ");
                for (unsigned i = 0; i < n; i++)
                        buf_text(&text, i + 1 < n ? "instance of A { p = " : "instance of A { ");
                for (unsigned i = 0; i < n; i++)
                        buf_text(&text, i + 1 < n ? "}; " : "}");
                buf_text(&text, "); };");
                Bmf *b = NULL, *back = NULL;
                Buf out = {0};
                assert_int_equal(lower(buf_z(&text), &b), 0);
                assert_int_equal(bmf_write(b, &out), 0);
                assert_int_equal(bmf_read((Str){(char *)out.p, out.n}, &back, told), 0);
                bmf_free(b);
                bmf_free(back);
                buf_deinit(&out);
                buf_deinit(&text);
        }
        static MofObject o[LIMIT_DEPTH + 2];
        static MofProperty p[LIMIT_DEPTH + 2];
        for (size_t i = 0; i < LIMIT_DEPTH + 2; i++) {
                p[i] = (MofProperty){.name = STR("p"),
                                     .value = {.kind = MOF_VALUE_OBJECT, .object = i ? &o[i - 1] : NULL}};
                o[i] = (MofObject){
                        .is_instance = true, .name = STR("A"), .properties = &p[i], .property_count = i != 0};
        }
        for (size_t n = LIMIT_DEPTH - 1; n <= LIMIT_DEPTH + 1; n++) {
                MofItem item = {.object = &o[n]};
                MofDocument d = {.items = &item, .item_count = 1, .name = "x"};
                Bmf *b = NULL;
                assert_int_equal(bmf_of_document(&d, NULL, &b, told, 8, &told_count),
                                 n > LIMIT_DEPTH ? E_DIAG : 0);
                bmf_free(b);
        }
}

// --- what cannot be said -------------------------------------------------------------------------

#define TEXT(s)   ((Str16){u##s, sizeof(u##s) / 2 - 1})
#define STRING(s) ((BmfValue){.type = CIM_STRING, .string = TEXT(s)})

static BmfProperty plain(Str16 name, BmfValue v)
{
        return (BmfProperty){.name = name, .type = v.type, .has_value = true, .value = v};
}

// Raises one class with the property and the system's; how many warnings there are.
static MofDocument *raised(const BmfProperty *p, uint32_t count, const BmfProperty *method)
{
        static BmfProperty all[8];
        static BmfObject o;
        static const BmfObject *objects[] = {&o};
        MofDocument *d = NULL;
        if (count)
                memcpy(all, p, count * sizeof(*p));
        all[count] = plain(TEXT("__CLASS"), STRING("A"));
        all[count + 1] = plain(TEXT("__NAMESPACE"), STRING("root\\default"));
        o = (BmfObject){.qualifiers = {.present = true},
                        .properties = all,
                        .property_count = count + 2,
                        .has_methods = true,
                        .methods = method,
                        .method_count = method != NULL};
        Bmf b = {.objects = objects, .object_count = 1, .has_flavors = true};
        assert_int_equal(bmf_to_document(&b, "x", &d, told, 8, &told_count), 0);
        return d;
}

static void warned(void **state)
{
        (void)state;
        BmfQualifier type = {.name = TEXT("CIMTYPE"),
                             .has_value = true,
                             .has_flavor = true,
                             .flavor = 3,
                             .value = STRING("uint32")};
        BmfQualifier odd = type, number = type, word = type;
        odd.flavor = 1;
        number.value = STRING("uint64");
        word.value = STRING("object:9 x");
        const BmfQualifiers good = {true, &type, 1};
        struct {
                BmfProperty p;
                const char *says;
        } list[] = {
                {{.name = TEXT("a"), .type = CIM_UINT32, .qualifiers = good}, NULL},
                {{.name = TEXT("a b"), .type = CIM_UINT32, .qualifiers = good}, "cannot be the name"},
                {{.name = TEXT("\xE4"), .type = CIM_UINT32, .qualifiers = good}, "cannot be the name"},
                {{.name = TEXT("a"), .type = CIM_UINT32, .qualifiers = {true, NULL, 0}}, "without a CIMTYPE"},
                {{.name = TEXT("a"), .type = CIM_STRING, .qualifiers = good}, "stored as string"},
                {{.name = TEXT("a"), .type = CIM_UINT32, .qualifiers = {true, &odd, 1}}, "qualifier CIMTYPE"},
                {{.name = TEXT("a"), .type = CIM_OBJECT, .qualifiers = {true, &word, 1}}, NULL},
                {{.name = TEXT("a"),
                  .type = CIM_UINT8,
                  .has_value = true,
                  .value = {.type = CIM_UINT8, .bits = 3},
                  .qualifiers = good},
                 "property a"},
                {{.name = TEXT("a"),
                  .type = CIM_BOOLEAN,
                  .has_value = true,
                  .value = {.type = CIM_BOOLEAN, .bits = 1},
                  .qualifiers = good},
                 "0x0001"},
                {{.name = TEXT("a"),
                  .type = CIM_STRING,
                  .has_value = true,
                  .value = STRING("-7"),
                  .qualifiers = {true, &number, 1}},
                 "property a"},
                {{.name = TEXT("__X"), .type = CIM_STRING, .has_value = true, .value = STRING("y")},
                 "left out"},
        };
        for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
                MofDocument *d = raised(&list[i].p, 1, NULL);
                if ((told_count != 0) != (list[i].says != NULL))
                        fail_msg("%zu: %zu warnings, %s", i, told_count, told[0].message);
                if (list[i].says && !strstr(told[0].message, list[i].says))
                        fail_msg("%zu: %s", i, told[0].message);
                // It is kept all the same.
                assert_int_equal(d->items[0].object->property_count, i + 1 < sizeof(list) / sizeof(list[0]));
                Buf text = {0};
                assert_int_equal(mof_print(d, &text), 0);
                buf_deinit(&text);
                mof_document_free(d);
        }
        // The numbers that another compiler wrote as strings are numbers.
        MofDocument *d = raised(&list[9].p, 1, NULL);
        const MofValue *v = &d->items[0].object->properties[0].value;
        assert_true(v->kind == MOF_VALUE_INTEGER && v->negative && v->magnitude == 7);
        mof_document_free(d);
}

// An embedded instance that says more than a text can, and a method that is none.
static void warned_inside(void **state)
{
        (void)state;
        BmfProperty inner[] = {plain(TEXT("__CLASS"), STRING("B")),
                               plain(TEXT("__NAMESPACE"), STRING("root\\x")),
                               plain(TEXT("__ALIAS"), STRING("C"))};
        BmfObject o = {.kind = 1,
                       .qualifiers = {.present = true},
                       .properties = inner,
                       .property_count = 3,
                       .has_methods = true};
        BmfQualifier type = {.name = TEXT("CIMTYPE"),
                             .has_value = true,
                             .has_flavor = true,
                             .flavor = 3,
                             .value = STRING("object:B")};
        BmfProperty p = plain(TEXT("b"), (BmfValue){.type = CIM_OBJECT, .object = &o});
        p.qualifiers = (BmfQualifiers){true, &type, 1};
        MofDocument *d = raised(&p, 1, NULL);
        assert_int_equal(told_count, 2);
        assert_non_null(strstr(told[0].message, "an alias"));
        assert_non_null(strstr(told[1].message, "another namespace"));
        mof_document_free(d);
        BmfProperty m = plain(TEXT("m"), STRING("no parameters"));
        m.qualifiers.present = true;
        d = raised(NULL, 0, &m);
        assert_int_equal(told_count, 1);
        assert_int_equal(d->items[0].object->method_count, 1);
        mof_document_free(d);
}

// More than the caller has room for: the last one says how many.
static void warned_often(void **state)
{
        (void)state;
        BmfProperty p[6];
        for (uint32_t n = 3; n <= 6; n++) { // each without CIMTYPE, and with a name that is none
                for (uint32_t i = 0; i < n; i++)
                        p[i] = (BmfProperty){
                                .name = TEXT("a b"), .type = CIM_UINT8, .qualifiers.present = true};
                mof_document_free(raised(p, n, NULL));
                char says[40];
                snprintf(says, sizeof(says), "cannot say %u more", 2 * n - 7);
                assert_int_equal(told_count, 2 * n < 8 ? 2 * n : 8);
                assert_int_equal(strstr(told[told_count - 1].message, says) != NULL, 2 * n > 8);
        }
}

// Flavors that were behind the end of a file are not told again of each object.
static void cut(void **state)
{
        (void)state;
        BmfQualifier type = {.name = TEXT("CIMTYPE"), .has_value = true, .value = STRING("uint8")};
        BmfProperty p[] = {{.name = TEXT("a"), .type = CIM_UINT8, .qualifiers = {true, &type, 1}},
                           plain(TEXT("__CLASS"), STRING("A")),
                           plain(TEXT("__NAMESPACE"), STRING("root\\default"))};
        BmfObject o = {.qualifiers.present = true, .properties = p, .property_count = 3, .has_methods = true};
        const BmfObject *objects[] = {&o};
        Bmf b = {.objects = objects, .object_count = 1};
        for (int i = 0; i < 3; i++) {
                MofDocument *d = NULL;
                b.cut = i != 0;
                b.has_flavors = i == 2;
                assert_int_equal(bmf_to_document(&b, "x", &d, told, 8, &told_count), 0);
                assert_int_equal(told_count, i == 0);
                mof_document_free(d);
        }
}

// As many parameters as a file may bring: not in time that grows with their square.
static void many_parameters(void **state)
{
        (void)state;
        enum { MANY = 50000 };
        Arena a = {0};
        BmfProperty *p = arena_array(&a, BmfProperty, MANY);
        assert_non_null(p);
        for (uint32_t i = 0; i < MANY; i++) {
                char16_t name[] = {(char16_t)('a' + i % 26), (char16_t)('a' + i / 26 % 26),
                                   (char16_t)('a' + i / 676 % 26), (char16_t)('a' + i / 17576)};
                p[i] = (BmfProperty){.name = {arena_copy(&a, name, sizeof(name)), 4},
                                     .type = CIM_UINT8,
                                     .qualifiers.present = true};
        }
        BmfObject in = {.kind = 1, .properties = p, .property_count = MANY, .has_methods = true}, out = in;
        BmfValue sides[] = {{.type = CIM_OBJECT, .object = &in}, {.type = CIM_OBJECT, .object = &out}};
        BmfProperty m = plain(TEXT("m"), (BmfValue){.type = CIM_OBJECT | CIM_ARRAY, .array = {sides, 2}});
        m.qualifiers.present = true;
        MofDocument *d = raised(NULL, 0, &m);
        assert_int_equal(d->items[0].object->methods[0].parameter_count, MANY);
        mof_document_free(d);
        arena_deinit(&a);
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(integers), TEST(values), TEST(flavors), TEST(parameters),
                                        TEST(refused), TEST(left_out), TEST(deep), TEST(warned),
                                        TEST(warned_inside), TEST(warned_often), TEST(cut),
                                        TEST(many_parameters), TEST_END});
}
