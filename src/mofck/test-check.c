// SPDX-License-Identifier: MIT
// mofck: each rule has a text that breaks it, in one place, and one like it that does not.
#include "mofck/check.h"

#include "base/buf.h"
#include "mofck/test-mofck.h"

typedef struct Case {
        const char *rule;
        bool warning;
        unsigned line, column; // of the finding; column 0: any
        const char *bad, *good;
} Case;

#define ITEM(q, what) BLOCK("", "[WmiDataId(1)" q "] " what ";")
#define METHOD(what)  BLOCK("", what)
#define PLAIN(q, c)   "[" q "]\nclass " c ";\n"

static const Case cases[] = {
        {"wmi-missing", false, 2, 7,
         "[Dynamic, Provider(\"WMIProv\"), guid(\"" GUID_A "\")]\nclass Thing {\n" REQUIRED "};",
         BLOCK("", "")},
        {"guid-missing", false, 2, 7, "[WMI, Dynamic, Provider(\"WMIProv\")]\nclass Thing {\n" REQUIRED "};",
         BLOCK("", "")},
        {"guid-malformed", false, 1, 7, "[WMI, guid(\"{15D851F1}\")]\nclass Thing {};",
         "[WMI, guid(\"15d851f1-6539-11d1-a529-00a0c9062910\")]\nclass Thing {};"},
        {"guid-duplicate", false, 2, 7, "[" WMI_A "] class A {};\n[WMI, guid(\"" GUID_A "\")] class B {};",
         "[" WMI_A "] class A {};\n[" WMI_B "] class B {};"},
        {"provider-missing", false, 2, 7,
         "[WMI, Dynamic, guid(\"" GUID_A "\")]\nclass Thing {\n" REQUIRED "};", BLOCK("", "")},
        {"provider-wrong", false, 1, 0,
         "[WMI, Dynamic, Provider(\"Other\"), guid(\"" GUID_A "\")]\nclass Thing {\n" REQUIRED "};",
         "[WMI, Dynamic, Provider(\"wmiprov\"), guid(\"" GUID_A "\")]\nclass Thing {\n" REQUIRED "};"},
        {"dynamic-missing", false, 2, 7,
         "[WMI, Provider(\"WMIProv\"), guid(\"" GUID_A "\")]\nclass Thing {\n" REQUIRED "};",
         "[WMI, Static, Provider(\"WMIProv\"), guid(\"" GUID_A "\")]\nclass Thing {\n" REQUIRED "};"},
        {"dynamic-and-static", false, 2, 7, BLOCK(", Static", ""), BLOCK(", Static(FALSE)", "")},
        {"locale-malformed", true, 1, 0, BLOCK(", Locale(\"409\")", ""),
         BLOCK(", Locale(\"MS\\\\0x409\")", "")},
        {"qualifier-type", false, 5, 16, ITEM(", WmiScale(\"1\")", "uint32 A"),
         ITEM(", WmiScale(-1)", "uint32 A")},
        {"qualifier-type", false, 1, 0, BLOCK(", Description(1)", ""), BLOCK(", Description(\"1\")", "")},
        {"qualifier-type", false, 5, 0, ITEM(", Values(\"1\")", "uint32 A"),
         ITEM(", Values{\"1\"}", "uint32 A")},
        {"qualifier-type", false, 5, 0, ITEM(", read(1)", "uint32 A"), ITEM(", read(TRUE)", "uint32 A")},

        {"class-name", false, 1, 0, "[" WMI_A "] class Thing_ {};", "[" WMI_A "] class Thing_1 {};"},
        {"class-name", false, 1, 0, "[" WMI_A "] class _Thing {};", "[" WMI_A "] class Th_ing {};"},
        {"class-duplicate", true, 1, 0, "[" WMI_A "] class A {};\n[" WMI_A "] class a {};",
         "[" WMI_A "] class A {};"},
        {"base-circle", false, 1, 0, "[" WMI_A "] class A : B {};\nclass B : C {}; class C : B {};",
         "[" WMI_A "] class A : B {};\nclass B : C {}; class C : D {};"},
        {"abstract-twice", false, 2, 0, "[abstract] class A {};\n[abstract, " WMI_A "] class B : A {};",
         "[abstract] class A {};\n[" WMI_A "] class B : A {};"},
        {"event-abstract", false, 1, 0,
         "[abstract, " BLOCK_QUALIFIERS "]\nclass A : WMIEvent {" REQUIRED "};",
         "[" BLOCK_QUALIFIERS "]\nclass A : WMIEvent {" REQUIRED "};"},
        {"event-base", true, 2, 11, "[" BLOCK_QUALIFIERS "]\nclass A : __ExtrinsicEvent {" REQUIRED "};",
         "[" BLOCK_QUALIFIERS "]\nclass A : WmiEvent {" REQUIRED "};"},

        {"instance-name-missing", false, 2, 7, "[" BLOCK_QUALIFIERS "]\nclass A { [read] boolean Active; };",
         "class A {" REQUIRED "};\n[" BLOCK_QUALIFIERS "] class B : A {};"},
        {"instance-name-form", false, 3, 20,
         "[" BLOCK_QUALIFIERS "]\nclass A {\n[key, read] uint32 InstanceName;\n[read] boolean Active; };",
         BLOCK("", "")},
        {"instance-name-form", false, 3, 0,
         "[" BLOCK_QUALIFIERS "]\nclass A {\n[read] string InstanceName;\n[read] boolean Active; };",
         BLOCK("", "")},
        {"instance-name-form", true, 3, 0,
         "[" BLOCK_QUALIFIERS "]\nclass A {\n[key] string InstanceName;\n[read] boolean Active; };",
         BLOCK("", "")},
        {"active-missing", false, 2, 7,
         "[" BLOCK_QUALIFIERS "]\nclass A { [key, read] string InstanceName; };", BLOCK("", "")},
        {"active-form", false, 4, 0,
         "[" BLOCK_QUALIFIERS "]\nclass A {\n[key, read] string InstanceName;\n[read] uint8 Active; };",
         BLOCK("", "")},
        {"active-form", true, 4, 0,
         "[" BLOCK_QUALIFIERS "]\nclass A {\n[key, read] string InstanceName;\nboolean Active; };",
         BLOCK("", "")},
        {"required-item-id", false, 4, 0,
         "[" BLOCK_QUALIFIERS
         "]\nclass A {\n[key, read] string InstanceName;\n[read, WmiDataId(1)] boolean Active; };",
         BLOCK("", "")},

        {"item-type", false, 5, 0, ITEM("", "object A"), ITEM("", "uint32 A")},
        {"item-type", false, 5, 0, ITEM("", "Thing ref A"), ITEM("", "string A")},
        {"item-type", true, 5, 16, ITEM("", "real32 A"), ITEM("", "datetime A")},
        {"embedded-unknown", true, 5, 16, ITEM("", "Other A"), INNER ITEM("", "Inner A")},
        {"embedded-class", false, 6, 0, "class Inner { uint32 A; };\n" ITEM("", "Inner A"),
         INNER ITEM("", "Inner A")},
        {"embedded-circle", false, 5, 0, ITEM("", "Thing A"), INNER ITEM("", "Inner A")},
        {"key", false, 5, 0, ITEM(", key", "uint32 A"), ITEM(", key(FALSE)", "uint32 A")},
        {"data-id-missing", false, 5, 15, BLOCK("", "[read] uint32 A;"), ITEM("", "uint32 A")},
        {"data-id-value", false, 5, 2, BLOCK("", "[WmiDataId(0)] uint32 A;"), ITEM("", "uint32 A")},
        {"data-id-value", false, 5, 2, BLOCK("", "[WmiDataId(\"1\")] uint32 A;"), ITEM("", "uint32 A")},
        {"data-id-duplicate", false, 5, 0, ITEM("", "uint32 A; [WmiDataId(1)] uint8 B"),
         ITEM("", "uint32 A; [WmiDataId(2)] uint8 B")},
        {"data-id-duplicate", false, 6, 0,
         "class A { [WmiDataId(1)] uint32 X; };\n[" BLOCK_QUALIFIERS "]\nclass B : A {\n" REQUIRED
         "[WmiDataId(1)] uint8 Y; };",
         "class A { [WmiDataId(1)] uint32 X; };\n[" BLOCK_QUALIFIERS "]\nclass B : A {\n" REQUIRED
         "[WmiDataId(2)] uint8 Y; };"},
        {"data-id-gap", false, 5, 0, ITEM("", "uint32 A; [WmiDataId(3)] uint8 B"),
         ITEM("", "uint32 A; [WmiDataId(2)] uint8 B")},
        {"data-id-gap", false, 5, 0, BLOCK("", "[WmiDataId(2)] uint8 B;"),
         BLOCK("", "[WmiDataId(2)] uint8 B; [WmiDataId(1)] uint8 A;")},
        {"size-is-missing", false, 5, 0, ITEM("", "uint8 A[]"), ITEM("", "uint8 A[1]")},
        {"size-is-unknown", false, 5, 0,
         ITEM("", "uint32 Count; [WmiDataId(2), WmiSizeIs(\"Cuont\")] uint8 A[]"),
         ITEM("", "uint32 Count; [WmiDataId(2), WmiSizeIs(\"count\")] uint8 A[]")},
        {"size-is-unknown", false, 5, 0, ITEM(", WmiSizeIs(\"A\")", "uint8 A[]"), ITEM("", "uint8 A[2]")},
        {"size-is-type", false, 5, 0,
         ITEM("", "string Count; [WmiDataId(2), WmiSizeIs(\"Count\")] uint8 A[]"),
         ITEM("", "sint16 Count; [WmiDataId(2), WmiSizeIs(\"Count\")] uint8 A[]")},
        {"size-is-order", false, 5, 0,
         ITEM(", WmiSizeIs(\"Count\")", "uint8 A[]; [WmiDataId(2)] uint32 Count"),
         BLOCK("", "[WmiDataId(2), WmiSizeIs(\"Count\")] uint8 A[]; [WmiDataId(1)] uint32 Count;")},
        {"size-is-scalar", false, 5, 0,
         ITEM("", "uint32 Count; [WmiDataId(2), WmiSizeIs(\"Count\")] uint8 A"),
         ITEM("", "uint32 Count; [WmiDataId(2)] uint8 A")},
        {"size-is-fixed", true, 5, 0,
         ITEM("", "uint32 Count; [WmiDataId(2), WmiSizeIs(\"Count\")] uint8 A[2]"),
         ITEM("", "uint32 Count; [WmiDataId(2)] uint8 A[2]")},
        {"time-stamp-size", false, 5, 0, ITEM(", WmiTimeStamp", "uint32 A"),
         ITEM(", WmiTimeStamp", "sint64 A")},
        {"max-len-type", true, 5, 0, ITEM(", MaxLen(3)", "uint32 A"), ITEM(", MaxLen(3)", "string A")},
        {"max-len-large", true, 5, 0, ITEM(", MaxLen(32768)", "string A"),
         ITEM(", MaxLen(32767)", "string A")},
        {"values-count", true, 5, 0, ITEM(", Values{\"a\" \"b\"}, ValueMap{\"0\", \"1\"}", "uint32 A"),
         ITEM(", Values{\"a\", \"b\"}, ValueMap{\"0\", \"1\"}", "uint32 A")},
        {"bit-values-count", true, 5, 0, ITEM(", BitValues{\"a\"}, BitMap{\"0\", \"1\"}", "uint32 A"),
         ITEM(", BitValues{\"a\", \"b\"}, BitMap{\"0\", \"1\"}", "uint32 A")},
        {"define-values-count", true, 5, 0, ITEM(", DefineValues{\"a\"}, ValueMap{\"0\", \"1\"}", "uint32 A"),
         ITEM(", DefineValues{\"a\", \"b\"}, ValueMap{\"0\", \"1\"}", "uint32 A")},
        {"define-values-name", true, 5, 0, ITEM(", DefineValues{\"a b\"}, ValueMap{\"0\"}", "uint32 A"),
         ITEM(", DefineValues{\"a_b\"}, ValueMap{\"0\"}", "uint32 A")},
        {"value-map-number", true, 5, 0, ITEM(", ValueMap{\"x\"}", "uint32 A"),
         ITEM(", ValueMap{\"x\"}", "string A")},
        {"value-map-number", true, 5, 0, ITEM(", ValueMap{\"256\"}", "uint8 A"),
         ITEM(", ValueMap{\"0xFF\", \"255\"}", "uint8 A")},
        {"event-trigger-unknown", false, 5, 0, ITEM(", WmiEventTrigger(\"B\")", "uint8 A"),
         ITEM(", WmiEventTrigger(\"B\")", "uint8 A; [WmiDataId(2)] uint8 B")},
        {"event-rate-unknown", false, 5, 0, ITEM(", WmiEventRate(\"B\")", "uint8 A"),
         ITEM(", WmiEventRate(\"B\")", "uint8 A; [WmiDataId(2)] uint8 B")},
        {"method-id-missing", false, 5, 20, METHOD("[Implemented] void Go();"),
         METHOD("[Implemented, WmiMethodId(1)] void Go();")},
        {"method-id-value", false, 5, 0, METHOD("[Implemented, WmiMethodId(0)] void Go();"),
         METHOD("[Implemented, WmiMethodId(1)] void Go();")},
        {"method-id-duplicate", false, 6, 0,
         METHOD("[Implemented, WmiMethodId(1)] void Go();\n[Implemented, WmiMethodId(1)] void Do();"),
         METHOD("[Implemented, WmiMethodId(1)] void Go();\n[Implemented, WmiMethodId(2)] void Do();")},
        {"method-implemented", true, 5, 0, METHOD("[WmiMethodId(1)] void Go();"),
         METHOD("[Implemented, WmiMethodId(1)] void Go();")},
        {"parameter-direction", true, 5, 0, METHOD("[Implemented, WmiMethodId(1)] void Go(uint32 A);"),
         METHOD("[Implemented, WmiMethodId(1)] void Go([in] uint32 A);")},
        {"size-is-unknown", false, 5, 0,
         METHOD("[Implemented, WmiMethodId(1)] void Go([in] uint32 A, [in, WmiSizeIs(\"C\")] uint8 B[]);"),
         METHOD("[Implemented, WmiMethodId(1)] void Go([in] uint32 A, [in, WmiSizeIs(\"A\")] uint8 B[]);")},
};

typedef struct Seen {
        MofckFinding first;
        size_t count;
        uint32_t at; // of the finding before
} Seen;

static int note(void *context, const MofckFinding *f)
{
        Seen *s = context;
        if (!s->count++)
                s->first = *f;
        assert_true(f->diag.offset >= s->at);
        s->at = (uint32_t)f->diag.offset;
        assert_true(f->diag.message[0] != '\0');
        return 0;
}

static Seen check(const char *text)
{
        Seen s = {0};
        MofDocument *d = document_of(text);
        assert_int_equal(mofck_check(d, note, &s), 0);
        mof_document_free(d);
        return s;
}

static void each_rule_is_broken_in_one_place(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const Case *c = &cases[i];
                Seen s = check(c->bad);
                if (s.count != 1 || strcmp(s.first.rule, c->rule) || s.first.warning != c->warning ||
                    s.first.diag.line != c->line || (c->column && s.first.diag.column != c->column))
                        fail_msg("%s (%zu findings): %s %s at %u:%u: %s\n%s", c->rule, s.count,
                                 s.first.warning ? "warning" : "error", s.count ? s.first.rule : "nothing",
                                 s.first.diag.line, s.first.diag.column, s.first.diag.message, c->bad);
        }
}

static void what_keeps_a_rule_is_not_told(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                Seen s = check(cases[i].good);
                if (s.count)
                        fail_msg("%s: %s at %u:%u: %s\n%s", cases[i].rule, s.first.rule, s.first.diag.line,
                                 s.first.diag.column, s.first.diag.message, cases[i].good);
        }
}

// too-many has a test of its own; parameter-id is what only binary MOF can break.
static void each_rule_has_a_case(void **state)
{
        (void)state;
        for (size_t r = 0; r < mofck_rule_count; r++) {
                const char *name = mofck_rules[r].name;
                bool found = !strcmp(name, "too-many") || !strcmp(name, "parameter-id");
                for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) && !found; i++)
                        found = !strcmp(cases[i].rule, name);
                if (!found)
                        fail_msg("no case of %s", name);
                assert_true(mofck_rules[r].summary[0] && mofck_rules[r].page[0]);
                for (size_t k = 0; k < r; k++)
                        assert_string_not_equal(mofck_rules[k].name, name);
        }
}

static void other_classes_are_left_alone(void **state)
{
        (void)state;
        assert_int_equal(check("class A { uint8 B[]; object C; void Go(); };\ninstance of A { };").count, 0);
        // Event tracing has classes with a guid that are no blocks.
        assert_int_equal(check("[guid(\"" GUID_A "\")] class A : EventTrace { uint32 Flags; };").count, 0);
        assert_int_equal(
                check("class B : EventTrace {}; [guid(\"" GUID_A "\")] class A : B { uint32 Flags; };").count,
                0);
}

static void a_class_takes_on_from_those_above_it(void **state)
{
        (void)state;
        // Derived from a WMI class: one too.
        assert_string_equal(check("[" WMI_A "] class A {};\nclass B : A {};").first.rule, "wmi-missing");
        // A redeclared property keeps its number.
        assert_int_equal(check("class A {" REQUIRED "[WmiDataId(1)] uint32 X; };\n[" BLOCK_QUALIFIERS
                               "] class B : A { [read] uint32 x; };")
                                 .count,
                         0);
        // The gap is between those above and these.
        assert_string_equal(check("class A {" REQUIRED "[WmiDataId(1)] uint32 X; };\n[" BLOCK_QUALIFIERS
                                  "] class B : A { [WmiDataId(3)] uint32 Y; };")
                                    .first.rule,
                            "data-id-gap");
        // Provider comes down when its flavor says so.
        assert_int_equal(check("[Provider(\"WMIProv\") : ToSubClass, Dynamic : ToSubClass] class A {" REQUIRED
                               "};\n[" WMI_A "] class B : A {};")
                                 .count,
                         0);
        assert_string_equal(
                check("[Provider(\"WMIProv\")] class A {" REQUIRED "};\n[Dynamic, " WMI_A "] class B : A {};")
                        .first.rule,
                "provider-missing");
}

static void circles_of_embedded_classes_are_found(void **state)
{
        (void)state;
        Seen s = check("[" WMI_A "] class A { [WmiDataId(1)] B X; };\n[" WMI_B
                       "] class B { [WmiDataId(1)] A Y; };");
        assert_int_equal(s.count, 2);
        assert_string_equal(s.first.rule, "embedded-circle");
        // Through a superclass: a B holds what an A does, a B among it.
        s = check("[" WMI_A "] class A { [WmiDataId(1)] B X; };\n[" WMI_B "] class B : A { };");
        assert_string_equal(s.first.rule, "embedded-circle");
        // Twice the same class is no circle.
        assert_int_equal(
                check(INNER "[" WMI_A "] class A { [WmiDataId(1)] Inner X; [WmiDataId(2)] Inner Y; };").count,
                0);
}

static void a_class_has_so_many_properties(void **state)
{
        (void)state;
        for (unsigned n = LIMIT_CLASS_PROPERTIES - 1; n <= LIMIT_CLASS_PROPERTIES + 1; n++) {
                Buf b = {0};
                buf_text(&b, "class Base {\n");
                for (unsigned i = 0; i < n; i++) {
                        if (i == 3)
                                buf_text(&b, "};\n[" WMI_A "] class A : Base {\n");
                        buf_printf(&b, "[WmiDataId(%u)] uint8 P%u;\n", i + 1, i);
                }
                buf_text(&b, "};\n");
                Seen s = check(buf_z(&b));
                assert_int_equal(s.count, n > LIMIT_CLASS_PROPERTIES);
                if (s.count)
                        assert_string_equal(s.first.rule, "too-many");
                buf_deinit(&b);
        }
}

static void a_line_of_classes_has_an_end(void **state)
{
        (void)state;
        for (unsigned n = LIMIT_DEPTH - 1; n <= LIMIT_DEPTH + 1; n++) {
                Buf b = {0};
                buf_text(&b, "class C0 { };\n");
                for (unsigned i = 1; i < n; i++)
                        buf_printf(&b, "%sclass C%u : C%u { };\n", i + 1 == n ? "[" WMI_A "] " : "", i,
                                   i - 1);
                Seen s = check(buf_z(&b));
                assert_int_equal(s.count, n > LIMIT_DEPTH);
                if (s.count)
                        assert_string_equal(s.first.rule, "base-circle");
                buf_deinit(&b);
        }
}

// The text's parser refuses such IDs; binary MOF may hold them.
static void ids_of_parameters_are_numbered(void **state)
{
        (void)state;
        static const int ids[][3] = {{0, 1, 0}, {1, 0, 0}, {0, 0, 1}, {0, 2, 1}, {-1, 0, 1}};
        for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
                MofDocument *d = document_of(METHOD("[Implemented, WmiMethodId(1)] void Go([in, ID(0)] "
                                                    "uint32 A, [in, ID(1)] uint32 B);"));
                const MofMethod *m = &d->items[0].object->methods[0];
                for (unsigned k = 0; k < 2; k++) {
                        MofQualifier *q =
                                (MofQualifier *)(uintptr_t)mof_qualifier(&m->parameters[k].qualifiers, "ID");
                        q->value.negative = ids[i][k] < 0;
                        q->value.magnitude = (uint64_t)abs(ids[i][k]);
                }
                Seen s = {0};
                assert_int_equal(mofck_check(d, note, &s), 0);
                assert_int_equal(s.count, ids[i][2]);
                if (s.count)
                        assert_string_equal(s.first.rule, "parameter-id");
                mof_document_free(d);
        }
}

static int stop(void *context, const MofckFinding *f)
{
        (void)f;
        ++*(int *)context;
        return 42;
}

static void whoever_listens_may_stop(void **state)
{
        (void)state;
        int n = 0;
        MofDocument *d = document_of("[WMI] class A {};\n[WMI] class B {};");
        assert_int_equal(mofck_check(d, stop, &n), 42);
        assert_int_equal(n, 1);
        mof_document_free(d);
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(each_rule_is_broken_in_one_place),
                TEST(what_keeps_a_rule_is_not_told),
                TEST(each_rule_has_a_case),
                TEST(other_classes_are_left_alone),
                TEST(a_class_takes_on_from_those_above_it),
                TEST(circles_of_embedded_classes_are_found),
                TEST(ids_of_parameters_are_numbered),
                TEST(a_class_has_so_many_properties),
                TEST(a_line_of_classes_has_an_end),
                TEST(whoever_listens_may_stop),
                TEST_END,
        });
}
