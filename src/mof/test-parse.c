// SPDX-License-Identifier: MIT
// Documents: what mof_parse makes of a text, where it says that things stand, how far it goes.
#include "base/testkit.h"

#include <locale.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf.h"
#include "cim/status.h"
#include "mof/document.h"

static Diag errors[LIMIT_MOF_ERRORS];
static size_t error_count;
static MofDocument *doc; // of the last parse
static MofDialect dialect;

static int parse_bytes(const void *p, size_t n)
{
        doc = mof_document_free(doc);
        MofSource source = {.text = {p, n}, .name = "dir/a.mof", .dialect = dialect};
        int r = mof_parse(&source, &doc, errors, LIMIT_MOF_ERRORS, &error_count);
        assert_true((r == E_DIAG) == (error_count > 0));
        assert_true((doc != NULL) == (r >= 0));
        return r;
}

static int parse(const char *text)
{
        return parse_bytes(text, strlen(text));
}

static int parse_buf(Buf *b)
{
        assert_non_null(buf_z(b));
        int r = parse_bytes(b->p, b->n);
        buf_deinit(b);
        return r;
}

static const MofObject *object(uint32_t i)
{
        assert_true(i < doc->item_count);
        assert_int_equal(doc->items[i].kind, MOF_ITEM_OBJECT);
        return doc->items[i].object;
}

static void is(Str s, const char *expected)
{
        Str wanted = str_of(expected);
        if (!str_eq(s, wanted))
                print_message("'%.*s' is not '%.*s'\n", STR_ARG(s), STR_ARG(wanted));
        assert_true(str_eq(s, wanted));
}

static void is16(Str16 s, const char16_t *expected)
{
        size_t n = 0;
        while (expected[n])
                n++;
        assert_int_equal(s.n, n);
        assert_int_equal(str16_cmp(s, (Str16){expected, n}), 0);
}

// Does the text that the place names say that?
static void stands(MofPlace p, const char *expected)
{
        is((Str){doc->text.p + p.at, p.n}, expected);
}

static void error_is(size_t i, int32_t code, uint32_t line, uint32_t column)
{
        assert_true(i < error_count);
        assert_int_equal(errors[i].code, (uint32_t)code);
        assert_int_equal(errors[i].line, line);
        assert_int_equal(errors[i].column, column);
}

// --- as it is written ----------------------------------------------------------------------------

static void types_as_they_are_spelled(void **state)
{
        (void)state;
        static const struct {
                const char *word, *class_name;
                uint16_t type;
                uint32_t max;
        } expected[] = {
                {"String", "", CIM_STRING, 0},
                {"UINT32", "", CIM_UINT32 | CIM_ARRAY, 0},
                {"dateTime", "", CIM_DATETIME | CIM_ARRAY, 7},
                {"Object", "", CIM_OBJECT, 0},
                {"Thing", "Thing", CIM_OBJECT, 0},
                {"object", "", CIM_REFERENCE, 0},
                {"Thing", "Thing", CIM_REFERENCE | CIM_ARRAY, 0},
                {"int", "int", CIM_OBJECT, 0},
        };
        assert_int_equal(parse("class A { String a; UINT32 b[]; dateTime c[7]; Object d; Thing e; object ref f; "
                               "Thing REF g[]; int h; };"),
                         0);
        const MofObject *o = object(0);
        assert_int_equal(o->property_count, 8);
        for (size_t i = 0; i < 8; i++) {
                const MofType *t = &o->properties[i].type;
                is(t->word, expected[i].word);
                is(t->class_name, expected[i].class_name);
                assert_int_equal(t->type, expected[i].type);
                assert_int_equal(t->max, expected[i].max);
                stands(t->place, expected[i].word);
                assert_int_equal(o->properties[i].value.kind, MOF_VALUE_NONE);
        }
}

static void every_simple_type(void **state)
{
        (void)state;
        static const char *const names[] = {"sint8",  "UInt8",  "sint16", "uint16", "SINT32",  "uint32",   "sint64",
                                            "uint64", "real32", "Real64", "char16", "boolean", "DATETIME", "string"};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                Buf b = {0};
                buf_printf(&b, "class A { %s a; };", names[i]);
                assert_int_equal(parse_buf(&b), 0);
                assert_int_equal(object(0)->properties[0].type.type, cim_type_of_name(str_of(names[i])));
                assert_int_not_equal(object(0)->properties[0].type.type, CIM_NONE);
        }
}

static void literals_of_every_kind(void **state)
{
        (void)state;
        assert_int_equal(parse("instance of A { a = -5; b = 0x80; c = 2.5; d = \"x\" /* */ \"\\x41y\"; e = 'c'; "
                               "f = {1, 2}; g = {}; h = NULL; i = true; j = $A; k = instance of B { l = 017; }; "
                               "m = {instance of B {}, instance of C { n = {$A}; }}; o = -0; p = 101b; };\n"
                               "class X as $A {};"),
                         0);
        const MofProperty *p = object(0)->properties;
        assert_int_equal(object(0)->property_count, 14);
        assert_true(p[0].value.kind == MOF_VALUE_INTEGER && p[0].value.negative && !p[0].value.bits &&
                    p[0].value.magnitude == 5);
        assert_true(p[1].value.kind == MOF_VALUE_INTEGER && p[1].value.bits && p[1].value.magnitude == 0x80);
        assert_true(p[2].value.kind == MOF_VALUE_REAL && p[2].value.real > 2.49 && p[2].value.real < 2.51);
        assert_int_equal(p[3].value.kind, MOF_VALUE_STRING);
        is16(p[3].value.string, u"xAy");
        stands(p[3].value.place, "\"x\"");
        assert_true(p[4].value.kind == MOF_VALUE_CHAR && p[4].value.magnitude == 'c');
        assert_true(p[5].value.kind == MOF_VALUE_ARRAY && p[5].value.array.count == 2 &&
                    p[5].value.array.items[1].magnitude == 2);
        assert_true(p[6].value.kind == MOF_VALUE_ARRAY && p[6].value.array.count == 0);
        assert_int_equal(p[7].value.kind, MOF_VALUE_NULL);
        assert_true(p[8].value.kind == MOF_VALUE_BOOLEAN && p[8].value.boolean);
        assert_int_equal(p[9].value.kind, MOF_VALUE_ALIAS);
        is16(p[9].value.string, u"A");
        assert_int_equal(p[10].value.kind, MOF_VALUE_OBJECT);
        is(p[10].value.object->name, "B");
        assert_true(p[10].value.object->is_instance);
        assert_int_equal(p[10].value.object->properties[0].value.magnitude, 15);
        assert_int_equal(p[11].value.array.count, 2);
        const MofObject *c = p[11].value.array.items[1].object;
        is(c->name, "C");
        assert_int_equal(c->properties[0].value.array.items[0].kind, MOF_VALUE_ALIAS);
        assert_true(p[12].value.negative && p[12].value.magnitude == 0);
        assert_true(p[13].value.bits && p[13].value.magnitude == 5);
        is(object(1)->alias, "A");
}

static void qualifiers_in_their_order(void **state)
{
        (void)state;
        assert_int_equal(parse("[b, A(5), c{\"x\", \"y\"} : ToInstance amended, d(NULL), e(-1) : NotToInstance Restricted]\n"
                               "class A { [MAX(4), key] uint8 x[]; };"),
                         0);
        const MofQualifierList *q = &object(0)->qualifiers;
        assert_int_equal(q->count, 5);
        is(q->items[0].name, "b");
        assert_int_equal(q->items[0].value.kind, MOF_VALUE_NONE);
        is(q->items[1].name, "A");
        stands(q->items[1].place, "A");
        stands(q->items[1].value.place, "5");
        assert_int_equal(q->items[2].value.array.count, 2);
        assert_int_equal(q->items[2].written, MOF_TO_INSTANCE | MOF_AMENDED);
        assert_int_equal(q->items[2].flavor, CIM_FLAVOR_TO_INSTANCE | CIM_FLAVOR_AMENDED);
        assert_int_equal(q->items[3].value.kind, MOF_VALUE_NULL);
        assert_true(q->items[4].value.negative);
        assert_int_equal(q->items[4].written, MOF_NOT_TO_INSTANCE | MOF_RESTRICTED);
        assert_int_equal(q->items[4].flavor, 0);
        const MofProperty *p = &object(0)->properties[0];
        assert_int_equal(p->type.max, 0); // what is written by hand stays where it is
        assert_int_equal(p->qualifiers.count, 2);
        is(p->qualifiers.items[0].name, "MAX");
}

static void methods_as_they_are_written(void **state)
{
        (void)state;
        assert_int_equal(parse("class A { [q] VOID a(); uint32 b([in] uint8 x = 5, String y[], [out, ID(0)] C ref z); };"), 0);
        const MofMethod *m = object(0)->methods;
        assert_int_equal(object(0)->method_count, 2);
        is(m[0].name, "a");
        is(m[0].returns.word, "VOID");
        assert_int_equal(m[0].returns.type, CIM_NONE);
        assert_int_equal(m[0].parameter_count, 0);
        assert_int_equal(m[0].qualifiers.count, 1);
        assert_int_equal(m[1].returns.type, CIM_UINT32);
        assert_int_equal(m[1].parameter_count, 3);
        assert_int_equal(m[1].parameters[0].value.magnitude, 5);
        assert_int_equal(m[1].parameters[1].qualifiers.count, 0);
        assert_int_equal(m[1].parameters[1].type.type, CIM_STRING | CIM_ARRAY);
        assert_int_equal(m[1].parameters[2].qualifiers.count, 2);
        is(m[1].parameters[2].type.class_name, "C");
}

static void instances_with_qualifiers(void **state)
{
        (void)state;
        assert_int_equal(parse("[a] instance of __Thing as $T { [b] X = 1; [c(5)] Y; };"), 0);
        const MofObject *o = object(0);
        assert_true(o->is_instance);
        is(o->name, "__Thing");
        is(o->alias, "T");
        stands(o->alias_place, "$T");
        stands(o->place, "__Thing");
        assert_int_equal(o->qualifiers.count, 1);
        assert_int_equal(o->properties[0].qualifiers.count, 1);
        assert_int_equal(o->properties[1].value.kind, MOF_VALUE_NONE);
        assert_int_equal(o->properties[1].type.type, CIM_NONE);
}

static void a_class_has_alias_and_superclass(void **state)
{
        (void)state;
        assert_int_equal(parse("class A as $X : B {}; class C : D as $Y {};"), 0);
        is(object(0)->alias, "X");
        is(object(0)->super, "B");
        stands(object(0)->super_place, "B");
        is(object(1)->alias, "Y");
        is(object(1)->super, "D");
}

// --- what holds further on -----------------------------------------------------------------------

static void directives_hold_until_changed(void **state)
{
        (void)state;
        assert_int_equal(parse("class A {};\n#pragma classflags(\"updateonly\", \"forceupdate\")\n"
                               "#pragma namespace(\"\\\\\\\\.\\\\ROOT\\\\wmi\")\nclass B {};\n"
                               "#pragma instanceflags(\"CreateOnly\")\ninstance of B {};\n#pragma classflags(0)\n"
                               "#PRAGMA DeleteClass(\"Old\", NoFail)\n#pragma deleteinstance(\"B.x=1\", FAIL)\nclass C {};"
                               "#pragma autorecover\n#pragma locale(\"en_US\")\n#pragma amendment(\"MS_409\")\n"),
                         0);
        assert_int_equal(doc->item_count, 6);
        is(object(0)->namespace_text, "root\\default");
        is(object(0)->namespace, "root\\default");
        assert_int_equal(object(0)->class_flags, 0);
        is(object(1)->namespace_text, "\\\\.\\ROOT\\wmi");
        is(object(1)->namespace, "ROOT\\wmi");
        assert_int_equal(object(1)->class_flags, MOF_UPDATE_ONLY | MOF_FORCE_UPDATE);
        assert_int_equal(object(1)->instance_flags, 0);
        assert_int_equal(object(2)->class_flags, MOF_UPDATE_ONLY | MOF_FORCE_UPDATE);
        assert_int_equal(object(2)->instance_flags, MOF_CREATE_ONLY);
        assert_int_equal(doc->items[3].kind, MOF_ITEM_DELETE_CLASS);
        assert_false(doc->items[3].fail);
        is(doc->items[3].deleted.what, "Old");
        is(doc->items[3].deleted.namespace, "ROOT\\wmi");
        stands(doc->items[3].place, "\"Old\"");
        assert_int_equal(doc->items[4].kind, MOF_ITEM_DELETE_INSTANCE);
        assert_true(doc->items[4].fail);
        is(doc->items[4].deleted.what, "B.x=1");
        assert_int_equal(object(5)->class_flags, 0);
        assert_int_equal(object(5)->instance_flags, MOF_CREATE_ONLY);
        assert_true(doc->autorecover);
        is(doc->amendment, "MS_409");
        stands(doc->amendment_place, "\"MS_409\"");
}

static void a_source_says_where_and_how(void **state)
{
        (void)state;
        MofSource source = {.text = STR("class A {};"),
                            .namespace = STR("//./root/cimv2"),
                            .class_flags = MOF_SAFE_UPDATE,
                            .instance_flags = MOF_UPDATE_ONLY};
        doc = mof_document_free(doc);
        assert_int_equal(mof_parse(&source, &doc, errors, 1, &error_count), 0);
        is(object(0)->namespace_text, "//./root/cimv2");
        is(object(0)->namespace, "root\\cimv2");
        assert_int_equal(object(0)->class_flags, MOF_SAFE_UPDATE);
        assert_int_equal(object(0)->instance_flags, MOF_UPDATE_ONLY);
        assert_string_equal(doc->name, "");
        assert_false(doc->autorecover);
        source.namespace = STR("nowhere");
        doc = mof_document_free(doc);
        assert_int_equal(mof_parse(&source, &doc, errors, 1, &error_count), E_DIAG);
        assert_int_equal(errors[0].code, (uint32_t)CIM_MOF_INVALID_NAMESPACE);
}

static void amendments_that_are_none(void **state)
{
        (void)state;
        assert_int_equal(parse("#pragma amendment(\"MS_409\")\n#pragma amendment(\"MS_407\")\n"), E_DIAG);
        error_is(0, CIM_MOF_DUPLICATE_AMENDMENT, 2, 19);
        assert_int_equal(parse("#pragma amendment\n#pragma amendment()\n#pragma amendment(\"\")\n#pragma amendment(\"MS_409\"\n;"),
                         E_DIAG);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(errors[i].code, (uint32_t)CIM_MOF_INVALID_AMENDMENT);
        assert_int_equal(error_count, 4);
}

static void default_flavors_hold_for_later_uses(void **state)
{
        (void)state;
        assert_int_equal(parse("[Description(\"a\")] class A {};\nQualifier Description : ToSubClass Amended;\n"
                               "Qualifier N : uint8 = 5, Scope(class, property), Flavor(DisableOverride);\n"
                               "Qualifier L : string[4], Flavor(Restricted);\n"
                               "[description(\"b\") : NotToSubClass, N, l{\"x\"}] class B {};\n"
                               "Qualifier N : ToInstance;\n[n(\"any\")] class C {};"),
                         0);
        assert_null(object(0)->qualifiers.items[0].declared);
        const MofQualifierDefault *d = doc->items[1].qualifier;
        assert_int_equal(doc->items[1].kind, MOF_ITEM_QUALIFIER);
        is(d->name, "Description");
        assert_false(d->typed);
        assert_int_equal(d->written, MOF_TO_SUBCLASS | MOF_AMENDED);
        const MofQualifierDefault *n = doc->items[2].qualifier;
        assert_true(n->typed);
        assert_int_equal(n->type, CIM_UINT8);
        assert_int_equal(n->value.magnitude, 5);
        assert_int_equal(n->scope, MOF_ON_CLASS | MOF_ON_PROPERTY);
        assert_int_equal(n->flavor, CIM_FLAVOR_TO_SUBCLASS | CIM_FLAVOR_NOT_OVERRIDABLE);
        assert_int_equal(doc->items[3].qualifier->type, CIM_STRING | CIM_ARRAY);
        assert_int_equal(doc->items[3].qualifier->max, 4);
        assert_int_equal(doc->items[3].qualifier->scope, MOF_ON_ANY);
        assert_int_equal(doc->items[3].qualifier->flavor, 0);
        const MofQualifier *q = object(4)->qualifiers.items;
        assert_ptr_equal(q[0].declared, d);
        assert_int_equal(q[0].written, MOF_NOT_TO_SUBCLASS);
        assert_int_equal(q[0].flavor, CIM_FLAVOR_AMENDED);
        assert_ptr_equal(q[1].declared, n);
        assert_int_equal(q[1].value.kind, MOF_VALUE_NONE); // its default is not written here
        assert_ptr_equal(object(6)->qualifiers.items[0].declared, doc->items[5].qualifier);
}

static void questions_about_qualifiers(void **state)
{
        (void)state;
        Arena a = {0};
        int64_t n = 0;
        assert_int_equal(parse("[yes, no(FALSE), very(TRUE), number(-7), bits(0xFFFFFFFFFFFFFFFF), text(\"\\xE4\")]\nclass A {};"),
                         0);
        const MofQualifierList *q = &object(0)->qualifiers;
        assert_null(mof_qualifier(q, "ye"));
        is(mof_qualifier(q, "YES")->name, "yes");
        assert_true(mof_qualifier_true(q, "Yes") && mof_qualifier_true(q, "very"));
        assert_false(mof_qualifier_true(q, "no") || mof_qualifier_true(q, "number") || mof_qualifier_true(q, "none"));
        assert_true(mof_qualifier_number(q, "Number", &n));
        assert_int_equal(n, -7);
        assert_false(mof_qualifier_number(q, "bits", &n) || mof_qualifier_number(q, "text", &n));
        is(mof_qualifier_text(q, "TEXT", &a), "\xC3\xA4");
        assert_int_equal(mof_qualifier_text(q, "yes", &a).n, 0);
        arena_deinit(&a);
}

// --- aliases -------------------------------------------------------------------------------------

static void aliases_point_forward_but_not_in_circles(void **state)
{
        (void)state;
        static const char circles[] = "instance of A as $A { next = $B; };\ninstance of A as $B { next = $C; };\n"
                                      "instance of A as $C { next = {$D, $a}; };\ninstance of A as $D { self = $D; };\n"
                                      "instance of A { next = $A; };";
        assert_int_equal(parse("instance of A { r = $B; }; instance of B as $b { r = $C; }; class C as $C {};"), 0);
        assert_int_equal(parse(circles), E_DIAG);
        assert_int_equal(error_count, 2);
        error_is(0, CIM_E_CIRCULAR_REFERENCE, 3, 35);
        error_is(1, CIM_E_CIRCULAR_REFERENCE, 4, 30);
        dialect = MOF_DMTF;
        int r = parse(circles);
        dialect = MOF_MICROSOFT;
        assert_int_equal(r, 0);
}

static void a_long_chain_of_aliases(void **state)
{
        (void)state;
        Buf b = {0};
        for (int i = 0; i < 50000; i++)
                buf_printf(&b, "instance of A as $A%d{x=$A%d;};", i, i + 1);
        buf_text(&b, "instance of A as $A50000{};");
        assert_int_equal(parse_buf(&b), 0);
        assert_int_equal(doc->item_count, 50001);
}

static void what_uses_an_undefined_alias_is_broken(void **state)
{
        (void)state;
        assert_int_equal(parse("class A { strng };\ninstance of A { x = what; y = $No1; };\ninstance of B { y = 1; };\n"
                               "instance of C { y = {$No2}; };\ninstance of D { z = 1; };"),
                         E_DIAG);
        assert_int_equal(doc->item_count, 2);
        is(object(0)->name, "B");
        is(object(1)->name, "D");
        assert_int_equal(doc->broken_count, 3);
        is(doc->broken[0]->name, "A");
        is(doc->broken[1]->name, "A");
        is(doc->broken[2]->name, "C");
}

// --- errors and what is left ---------------------------------------------------------------------

static void what_has_no_error_is_there(void **state)
{
        (void)state;
        assert_int_equal(parse("class A { uint8 x; };\nclass B { uint8 x = 300; Y y; };\nclass C {};"), E_DIAG);
        assert_int_equal(error_count, 1);
        assert_int_equal(doc->item_count, 2);
        is(object(1)->name, "C");
        assert_int_equal(doc->broken_count, 1);
        is(doc->broken[0]->name, "B");
        assert_int_equal(doc->broken[0]->property_count, 2);
        assert_false(doc->lost);
        assert_int_equal(parse("class {};\nclass C {};"), E_DIAG);
        assert_true(doc->lost);
        assert_int_equal(doc->item_count, 1);
        assert_int_equal(parse_bytes("FOMB\1\0\0\0", 8), E_DIAG);
        assert_int_equal(doc->item_count, 0);
        error_is(0, CIM_MOF_INVALID_FILE, 1, 1);
        assert_string_equal(errors[0].file, "dir/a.mof");
}

static void a_caller_may_want_few_errors(void **state)
{
        (void)state;
        static const char text[] = "class A { uint8 a = 300; uint8 b = 301; uint8 c = 302; };";
        for (size_t want = 1; want <= 4; want++) {
                MofSource source = {.text = STR(text)};
                doc = mof_document_free(doc);
                assert_int_equal(mof_parse(&source, &doc, errors, want, &error_count), E_DIAG);
                assert_int_equal(error_count, want < 3 ? want : 3);
        }
}

// --- dialects ------------------------------------------------------------------------------------

static void the_dialects_contradict_each_other(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int microsoft, dmtf;
                int32_t code;
        } texts[] = {
                {"#pragma junkname (\"x\")\nclass A {};", E_DIAG, 0, CIM_MOF_INVALID_PRAGMA},
                {"#pragma source\nclass A {};", E_DIAG, 0, CIM_MOF_INVALID_PRAGMA},
                {"instance of A { x = {1, NULL}; };", E_DIAG, 0, CIM_MOF_NULL_ARRAY_ELEM},
                {"class A { uint32 x = 1.5; };", 0, E_DIAG, CIM_MOF_TYPE_MISMATCH},
                {"class Gr\xC3\xB6\xC3\x9F" "e { uint32 x; };", E_DIAG, 0, CIM_MOF_UNRECOGNIZED_TOKEN},
                {"instance of A as $A { x = $A; };", E_DIAG, 0, CIM_E_CIRCULAR_REFERENCE},
                {"#pragma junkname (\"x\"\nclass A {};", E_DIAG, E_DIAG, 0},
                {"Qualifier Q : ToSubClass; [q : restricted] class A {};", 0, 0, 0},
        };
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                assert_int_equal(parse(texts[i].text), texts[i].microsoft);
                if (texts[i].microsoft && texts[i].code)
                        assert_int_equal(errors[0].code, (uint32_t)texts[i].code);
                dialect = MOF_DMTF;
                int r = parse(texts[i].text);
                dialect = MOF_MICROSOFT;
                assert_int_equal(r, texts[i].dmtf);
                if (r && texts[i].code)
                        assert_int_equal(errors[0].code, (uint32_t)texts[i].code);
        }
}

static void names_of_the_dmtf_are_unicode(void **state)
{
        (void)state;
        dialect = MOF_DMTF;
        int r = parse("class A { uint8 \xC3\xA4" "b; string \xC3\x84" "B; };");
        assert_int_equal(r, E_DIAG); // the same name twice
        error_is(0, CIM_MOF_DUPLICATE_PROPERTY, 1, 28);
        Buf b = {0};
        buf_text(&b, "class A { uint8 ");
        for (size_t i = 0; i < LIMIT_NAME_CHARS; i++)
                buf_text(&b, "\xC3\xA4");
        buf_text(&b, "; };");
        r = parse_buf(&b);
        dialect = MOF_MICROSOFT;
        assert_int_equal(r, 0); // characters count, not bytes
}

// --- places --------------------------------------------------------------------------------------

static void place_is(MofPlace p, const char *file, uint32_t line, uint32_t column, size_t offset, size_t length)
{
        Diag d = {0};
        mof_document_place(doc, p, &d);
        assert_string_equal(d.file, file);
        assert_int_equal(d.line, line);
        assert_int_equal(d.column, column);
        assert_int_equal(d.offset, offset);
        assert_int_equal(d.length, length);
}

static void line_markers_name_the_files(void **state)
{
        (void)state;
        static const char text[] = "class A {};\n# 7 \"b.mof\" 1\nclass B {};\n\nclass C {};\n#line 100\nclass D {};\n"
                                   "# 2 \"dir/a.mof\" 2\n class E {};";
        assert_int_equal(parse(text), 0);
        place_is(object(0)->place, "dir/a.mof", 1, 7, 6, 1);
        place_is(object(1)->place, "b.mof", 7, 7, 32, 1);
        place_is(object(2)->place, "b.mof", 9, 7, 45, 1);
        place_is(object(3)->place, "b.mof", 100, 7, 67, 1);
        place_is(object(4)->place, "dir/a.mof", 2, 8, 98, 1);

        assert_int_equal(parse("# 5 \"b.mof\"\nclass A {\n# 9 \"c.mof\"\nclass B { uint8 x };"), E_DIAG);
        assert_int_equal(error_count, 2);
        assert_string_equal(errors[0].file, "c.mof");
        assert_string_equal(errors[0].hint, "its '{' stands in line 5 of b.mof");
        assert_string_equal(errors[1].hint, "put ';' behind 'x' in line 9");
}

// Lines, columns and offsets of every class of a long text, against counting them one by one.
static void places_of_long_texts_are_counted_right(void **state)
{
        (void)state;
        static const char *const ends[] = {"\n", "\r\n", "\r", " ", "\n\n", " /* \xC3\xA4\xF0\x9F\x98\x80 */ ", "\r\n\r"};
        for (int wide = 0; wide < 2; wide++) {
                Buf b = {0};
                for (unsigned i = 0; i < 3000; i++)
                        buf_printf(&b, "class A%u {};%s", i, ends[i * 7 / 3 % 7]);
                Buf bytes = {0};
                if (wide) {
                        Arena a = {0};
                        Str16 s = utf_to16(&a, (Str){(char *)b.p, b.n});
                        buf_put(&bytes, "\xFF\xFE", 2);
                        buf_put(&bytes, s.p, s.n * 2);
                        arena_deinit(&a);
                } else {
                        buf_put(&bytes, b.p, b.n);
                }
                assert_int_equal(parse_buf(&bytes), 0);
                assert_int_equal(doc->item_count, 3000);
                uint32_t line = 1, column = 1, at = 0;
                size_t offset = wide ? 2 : 0;
                for (uint32_t i = 0; i < doc->item_count; i++) {
                        for (; at < object(i)->place.at; at++) {
                                unsigned char c = (unsigned char)doc->text.p[at];
                                bool first = (c & 0xC0) != 0x80;
                                if (c == '\n' || (c == '\r' && doc->text.p[at + 1] != '\n'))
                                        line++, column = 1;
                                else
                                        column += first;
                                offset += !wide ? 1 : !first ? 0 : c >= 0xF0 ? 4 : 2;
                        }
                        place_is(object(i)->place, "dir/a.mof", line, column, offset,
                                 object(i)->name.n * (wide ? 2 : 1));
                }
                buf_deinit(&b);
        }
}

static void errors_far_down_one_line_take_no_time(void **state)
{
        (void)state;
        Buf b = {0};
        buf_text(&b, "class A { uint8 a[] = { /*");
        for (int i = 0; i < 4 << 20; i++)
                buf_text(&b, "....");
        buf_text(&b, "*/ ");
        for (int i = 0; i < 100; i++)
                buf_text(&b, "TRUE, ");
        buf_text(&b, "1 }; };");
        assert_int_equal(parse_buf(&b), E_DIAG);
        assert_int_equal(error_count, LIMIT_MOF_ERRORS);
        error_is(0, CIM_MOF_TYPE_MISMATCH, 1, 26 + (16u << 20) + 4);
        error_is(63, CIM_MOF_TYPE_MISMATCH, 1, 26 + (16u << 20) + 4 + 63 * 6);
}

// Aliases without a letter of ASCII, each to be found among the others: minutes, if they were compared one by one.
static void many_foreign_names_take_no_time(void **state)
{
        (void)state;
        enum { NAMES = 1 << 16 };
        Buf b = {0};
        for (uint32_t i = 0; i < NAMES; i++) {
                char name[12];
                size_t n = 0;
                for (uint32_t rest = i, k = 0; k < 3; k++, rest /= 64)
                        n += utf8_encode(0x4E00 + rest % 64, name + n);
                buf_printf(&b, "instance of A as $%.*s {};", (int)n, name);
        }
        dialect = MOF_DMTF;
        int r = parse_buf(&b);
        dialect = MOF_MICROSOFT;
        assert_int_equal(r, 0);
        assert_int_equal(doc->item_count, NAMES);
}

// --- limits --------------------------------------------------------------------------------------

static int with_name(const char *before, size_t n, const char *after)
{
        Buf b = {0};
        buf_text(&b, before);
        for (size_t i = 0; i < n; i++)
                buf_u8(&b, 'n');
        buf_text(&b, after);
        return parse_buf(&b);
}

static void names_end_at_their_limit(void **state)
{
        (void)state;
        static const struct {
                const char *before, *after;
                int32_t code;
        } places[] = {
                {"class ", " {};", CIM_E_CLASS_NAME_TOO_WIDE},
                {"class A : ", " {};", CIM_E_CLASS_NAME_TOO_WIDE},
                {"class A { uint32 ", "; };", CIM_E_PROPERTY_NAME_TOO_WIDE},
                {"class A { void ", "(); };", CIM_E_PROPERTY_NAME_TOO_WIDE},
                {"class A { void m(uint32 ", "); };", CIM_E_PROPERTY_NAME_TOO_WIDE},
                {"[", "] class A {};", CIM_E_QUALIFIER_NAME_TOO_WIDE},
                {"Qualifier ", " : ToSubClass;", CIM_E_QUALIFIER_NAME_TOO_WIDE},
                {"instance of ", " {};", CIM_E_CLASS_NAME_TOO_WIDE},
                {"instance of A { ", " = 1; };", CIM_E_PROPERTY_NAME_TOO_WIDE},
                {"class A { ", " x; };", CIM_E_CLASS_NAME_TOO_WIDE},
                {"class A { ", " ref x; };", CIM_E_CLASS_NAME_TOO_WIDE},
                {"class A as $", " {};", CIM_MOF_EXPECTED_ALIAS_NAME},
        };
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
                assert_int_equal(with_name(places[i].before, LIMIT_NAME_CHARS - 1, places[i].after), 0);
                assert_int_equal(with_name(places[i].before, LIMIT_NAME_CHARS, places[i].after), 0);
                assert_int_equal(with_name(places[i].before, LIMIT_NAME_CHARS + 1, places[i].after), E_DIAG);
                assert_int_equal(error_count, 1);
                assert_int_equal(errors[0].code, (uint32_t)places[i].code);
        }
}

// `before`, then n times `item` with its number, separated by `between`, then `after`.
static int with_many(const char *before, const char *item, size_t n, const char *between, const char *after)
{
        Buf b = {0};
        buf_text(&b, before);
        for (size_t i = 0; i < n; i++)
                buf_printf(&b, "%s%s%zu", i ? between : "", item, i);
        buf_text(&b, after);
        return parse_buf(&b);
}

static void lists_end_at_their_limit(void **state)
{
        (void)state;
        static const struct {
                const char *before, *item, *between, *after;
                size_t limit;
        } lists[] = {
                {"class A { ", "uint8 p", "; ", "; };", LIMIT_CLASS_PROPERTIES},
                {"class A { ", "void m", "(); ", "(); };", LIMIT_CLASS_PROPERTIES},
                {"class A { void m(", "[in] uint8 p", ", ", "); };", LIMIT_CLASS_PROPERTIES},
                {"instance of A { ", "p", " = 1; ", " = 1; };", LIMIT_CLASS_PROPERTIES},
                {"instance of A { e = instance of B { ", "p", " = 1; ", " = 1; }; };", LIMIT_CLASS_PROPERTIES},
                {"[", "q", ", ", "] class A {};", LIMIT_QUALIFIERS},
                {"class A { [", "q", ", ", "] uint8 x; };", LIMIT_QUALIFIERS},
                {"class A { void m([", "q", ", ", "] uint8 x); };", LIMIT_QUALIFIERS},
                {"instance of A { [", "q", ", ", "] x = 1; };", LIMIT_QUALIFIERS},
        };
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
                for (size_t n = lists[i].limit - 1; n <= lists[i].limit + 1; n++) {
                        int r = with_many(lists[i].before, lists[i].item, n, lists[i].between, lists[i].after);
                        assert_int_equal(r, n > lists[i].limit ? E_DIAG : 0);
                        assert_true(r == 0 || error_count == 1);
                }
}

static void duplicates_are_found_in_short_and_long_lists(void **state)
{
        (void)state;
        static const size_t lengths[] = {2, 15, 16, 17, 18, 100, 1000};
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                Buf b = {0};
                buf_text(&b, "class A {\n");
                for (size_t k = 0; k + 1 < lengths[i]; k++)
                        buf_printf(&b, "uint8 name_%zu;\n", k);
                size_t lines = lengths[i] + 1;
                buf_printf(&b, "uint8 NAME_%zu; };", (lengths[i] - 1) / 2);
                assert_int_equal(parse_buf(&b), E_DIAG);
                assert_int_equal(error_count, 1);
                error_is(0, CIM_MOF_DUPLICATE_PROPERTY, (uint32_t)lines, 7);
        }
}

static void arrays_end_at_their_limit(void **state)
{
        (void)state;
        for (size_t n = LIMIT_ARRAY_ITEMS - 1; n <= LIMIT_ARRAY_ITEMS + 1; n++) {
                Buf b = {0};
                buf_text(&b, "instance of A { x = {1");
                for (size_t i = 1; i < n; i++)
                        buf_text(&b, ",1");
                buf_text(&b, "}; };");
                assert_int_equal(parse_buf(&b), n > LIMIT_ARRAY_ITEMS ? E_DIAG : 0);
                if (n <= LIMIT_ARRAY_ITEMS)
                        assert_int_equal(object(0)->properties[0].value.array.count, n);
        }
        assert_int_equal(parse("class A { uint8 x[1048576]; };"), 0);
        assert_int_equal(parse("class A { uint8 x[1048577]; };"), E_DIAG);
}

static void nesting_ends_at_its_limit(void **state)
{
        (void)state;
        for (size_t n = LIMIT_DEPTH - 1; n <= LIMIT_DEPTH + 1; n++)
                for (int list = 0; list < 2; list++) {
                        Buf b = {0};
                        buf_text(&b, "instance of A ");
                        for (size_t i = 1; i < n; i++)
                                buf_text(&b, list ? "{ x = {instance of A " : "{ x = instance of A ");
                        buf_text(&b, "{}");
                        for (size_t i = 1; i < n; i++)
                                buf_text(&b, list ? "}; }" : "; }");
                        buf_text(&b, ";");
                        assert_int_equal(parse_buf(&b), n > LIMIT_DEPTH ? E_DIAG : 0);
                }
}

static void declarations_end_at_their_limit(void **state)
{
        (void)state;
        for (size_t n = LIMIT_MOF_ITEMS - 1; n <= LIMIT_MOF_ITEMS + 1; n++) {
                Buf b = {0};
                for (size_t i = 0; i < n; i++)
                        buf_text(&b, "#pragma deleteclass(\"\",fail)\n");
                assert_int_equal(parse_buf(&b), n > LIMIT_MOF_ITEMS ? E_DIAG : 0);
                assert_int_equal(doc->item_count, n > LIMIT_MOF_ITEMS ? LIMIT_MOF_ITEMS : n);
        }
        error_is(0, CIM_MOF_INVALID_FILE, LIMIT_MOF_ITEMS + 1, 21);
}

static void texts_end_at_their_limit(void **state)
{
        (void)state;
        char *text = malloc((size_t)LIMIT_MOF_BYTES + 1);
        assert_non_null(text);
        memset(text, ' ', (size_t)LIMIT_MOF_BYTES + 1);
        memcpy(text + LIMIT_MOF_BYTES - 32, "class A {};", 11);
        assert_int_equal(parse_bytes(text, LIMIT_MOF_BYTES - 1), 0);
        assert_int_equal(parse_bytes(text, LIMIT_MOF_BYTES), 0);
        assert_int_equal(doc->item_count, 1);
        assert_int_equal(parse_bytes(text, LIMIT_MOF_BYTES + 1), -EFBIG);
        free(text);
}

static void errors_end_at_their_limit(void **state)
{
        (void)state;
        for (size_t n = LIMIT_MOF_ERRORS - 1; n <= LIMIT_MOF_ERRORS + 1; n++) {
                assert_int_equal(with_many("class A { ", "boolean b", n, " = 1; ", " = 1; };"), E_DIAG);
                assert_int_equal(error_count, n < LIMIT_MOF_ERRORS ? n : LIMIT_MOF_ERRORS);
        }
}

// What a byte of text makes the parser keep, for the texts that make it keep the most: never more than its bound.
static void dense_texts_stay_below_their_bound(void **state)
{
        (void)state;
        static const struct {
                const char *before, *again, *after;
                size_t count;
        } texts[] = {
                {"", "class A{};", "", 200000},
                {"", "instance of A{};", "", 200000},
                {"", "#1\n", "", 400000},
                {"", "#1\"a\"\n#1\"b\"\n", "", 100000},
                {"", "[a,b,c,d]class A{B b;C c();};", "", 50000},
                {"", "class A{B b(C c,D d);};", "", 50000},
                {"", "instance of A{a=1;b={1,1,1,1};};", "", 50000},
                {"", "Qualifier a:amended;", "", 100000},
                {"instance of A{a={", "instance of A{},", "1};};", 200000},
                {"instance of A{a={", "\"\",", "1};};", 400000},
                {"instance of A{a={", "\"a\",", "1};};", 400000},
                {"instance of A as $a{};instance of A{a={", "$a,", "1};};", 400000},
        };
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                Buf b = {0};
                buf_text(&b, texts[i].before);
                for (size_t k = 0; k < texts[i].count; k++)
                        buf_text(&b, texts[i].again);
                buf_text(&b, texts[i].after);
                size_t n = b.n;
                assert_int_equal(parse_buf(&b), 0);
                if (doc->arena->used > n * 48)
                        print_message("%s: %zu bytes of %zu\n", texts[i].again, doc->arena->used, n);
                assert_true(doc->arena->used <= n * 48); // half of what the parser would allow
        }
}

static void the_point_of_numbers_is_a_point(void **state)
{
        (void)state;
        char keep[64];
        snprintf(keep, sizeof(keep), "%s", setlocale(LC_NUMERIC, NULL));
        bool comma = setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL;
        assert_int_equal(parse("class A { real64 r = 1.5; };"), 0);
        double r = object(0)->properties[0].value.real;
        setlocale(LC_NUMERIC, keep);
        assert_true(r > 1.49 && r < 1.51);
        if (!comma)
                testkit_skip("no locale with a decimal comma is installed");
}

int main(void)
{
        int r = testkit_run((TestCase[]){TEST(types_as_they_are_spelled),
                                         TEST(every_simple_type),
                                         TEST(literals_of_every_kind),
                                         TEST(qualifiers_in_their_order),
                                         TEST(methods_as_they_are_written),
                                         TEST(instances_with_qualifiers),
                                         TEST(a_class_has_alias_and_superclass),
                                         TEST(directives_hold_until_changed),
                                         TEST(a_source_says_where_and_how),
                                         TEST(amendments_that_are_none),
                                         TEST(default_flavors_hold_for_later_uses),
                                         TEST(questions_about_qualifiers),
                                         TEST(aliases_point_forward_but_not_in_circles),
                                         TEST(a_long_chain_of_aliases),
                                         TEST(what_uses_an_undefined_alias_is_broken),
                                         TEST(what_has_no_error_is_there),
                                         TEST(a_caller_may_want_few_errors),
                                         TEST(the_dialects_contradict_each_other),
                                         TEST(names_of_the_dmtf_are_unicode),
                                         TEST(line_markers_name_the_files),
                                         TEST(places_of_long_texts_are_counted_right),
                                         TEST(errors_far_down_one_line_take_no_time),
                                         TEST(many_foreign_names_take_no_time),
                                         TEST(names_end_at_their_limit),
                                         TEST(lists_end_at_their_limit),
                                         TEST(duplicates_are_found_in_short_and_long_lists),
                                         TEST(arrays_end_at_their_limit),
                                         TEST(nesting_ends_at_its_limit),
                                         TEST(declarations_end_at_their_limit),
                                         TEST(texts_end_at_their_limit),
                                         TEST(errors_end_at_their_limit),
                                         TEST(dense_texts_stay_below_their_bound),
                                         TEST(the_point_of_numbers_is_a_point),
                                         TEST_END});
        mof_document_free(doc);
        return r;
}
