// SPDX-License-Identifier: MIT
// Splitting master texts, with the examples of the public pages among them.
#include "base/testkit.h"

#include "base/limits.h"
#include "cim/status.h"
#include "mof/localise.h"

static Diag errors[LIMIT_MOF_ERRORS];

static MofDocument *parse(const char *text)
{
        size_t n;
        MofDocument *d = NULL;
        MofSource source = {.text = str_of(text), .name = "master.mof", .namespace = STR("root\\default")};
        int r = mof_parse(&source, &d, errors, LIMIT_MOF_ERRORS, &n);
        if (r)
                print_error("%u:%u: %s\n", errors[0].line, errors[0].column, errors[0].message);
        assert_int_equal(r, 0);
        return d;
}

static void splits(const char *text, const char *amendment, const char *neutral, const char *localised)
{
        MofDocument *d = parse(text);
        Buf out[2] = {{0}, {0}};
        Diag diag = {0};
        assert_int_equal(mof_localise(d, str_of(amendment), &out[0], &out[1], &diag), 0);
        assert_string_equal(buf_z(&out[0]), neutral);
        assert_string_equal(buf_z(&out[1]), localised);
        for (int i = 0; i < 2; i++) { // both are texts
                mof_document_free(parse(buf_z(&out[i])));
                buf_deinit(&out[i]);
        }
        mof_document_free(d);
}

static void refuses(const char *text, const char *amendment, uint32_t code, uint32_t line, const char *message)
{
        MofDocument *d = parse(text);
        Buf out[2] = {{0}, {0}};
        Diag diag = {0};
        assert_int_equal(mof_localise(d, str_of(amendment), &out[0], &out[1], &diag), E_DIAG);
        assert_int_equal(diag.code, code);
        assert_int_equal(diag.line, line);
        assert_string_equal(diag.message, message);
        assert_int_equal(out[0].n + out[1].n, 0);
        mof_document_free(d);
}

static void the_documented_example(void **state)
{
        (void)state;
        splits("#pragma namespace(\"\\\\\\\\.\\\\root\")\ninstance of __Namespace { Name = \"TEST\" ; } ;\n"
               "#pragma namespace(\"\\\\\\\\.\\\\root\\\\TEST\")\n"
               "[Description(\"Localized version of MyClass for American English\") : Amended, LOCALE(0x409)]\nclass myclass\n{\n"
               " [DisplayName(\"User Name\") : Amended, Description(\"The Name property contains the name of the user\") : "
               "Amended, key]\n string Name;\n uint64 Value; // non-localized value field\n [DisplayName(\"Time Stamp\") : "
               "Amended] uint64 Timestamp;\n};\n",
               "MS_409",
               "#pragma namespace(\"\\\\\\\\.\\\\root\")\n\ninstance of __Namespace\n{\n\tName = \"TEST\";\n};\n\n"
               "#pragma namespace(\"\\\\\\\\.\\\\root\\\\TEST\")\n\n[LOCALE(1033)]\nclass myclass\n{\n\t[key] string Name;\n"
               "\tuint64 Value;\n\tuint64 Timestamp;\n};\n",
               "#pragma namespace(\"\\\\\\\\.\\\\root\\\\TEST\")\n\ninstance of __Namespace\n{\n\tName = \"ms_409\";\n};\n\n"
               "#pragma namespace(\"\\\\\\\\.\\\\root\\\\TEST\\\\ms_409\")\n\n[Description(\"Localized version of MyClass "
               "for American English\") : Amended, AMENDMENT, LOCALE(0x409)]\nclass myclass\n{\n\t[DisplayName(\"User Name\") : Amended,"
               " Description(\"The Name property contains the name of the user\") : Amended,\n\t key]\n\tstring Name;\n\n"
               "\t[DisplayName(\"Time Stamp\") : Amended] uint64 Timestamp;\n};\n");
}

static void flavors_of_a_declaration_are_written_out(void **state)
{
        (void)state;
        splits("#pragma amendment(\"ms_40C\")\n#pragma autorecover\nQualifier Description : ToSubclass Amended;\n"
               "[Description(\"a\")] class A { [Description(\"b\"), read] uint32 x[3] = {1}; [read] uint32 y; };\n",
               "",
               "#pragma autorecover\nQualifier Description : Amended ToSubclass;\n#pragma namespace(\"root\\\\default\")\n\n"
               "[LOCALE(1036)]\nclass A\n{\n\t[read] uint32 x[3] = {1};\n\t[read] uint32 y;\n};\n",
               "#pragma autorecover\n#pragma namespace(\"root\\\\default\")\n\ninstance of __Namespace\n{\n\tName = \"ms_40C\";\n"
               "};\n\n#pragma namespace(\"root\\\\default\\\\ms_40C\")\n\n[Description(\"a\") : Amended ToSubclass, AMENDMENT, "
               "LOCALE(0x40C)]\nclass A\n{\n\t[Description(\"b\") : Amended ToSubclass] uint32 x[3];\n};\n");
}

static void superclasses_methods_and_namespaces(void **state)
{
        (void)state;
        splits("class Base { [key] uint32 k; };\nclass Plain : Base {};\nclass C : Base { [d(\"x\") : Amended] void m([in, "
               "e(\"y\") : amended] uint32 a, [out, ID(0)] string b); void n(); };\nclass E : __ExtrinsicEvent { [d(\"z\") : Amended] "
               "uint8 u; };\n#pragma namespace(\"root/other\")\n[d(\"w\") : Amended] class F : Elsewhere {};\n#pragma "
               "namespace(\"ROOT/Default\")\n[d(\"v\") : Amended] class G : E {};\n",
               "MS_0407",
               "#pragma namespace(\"root\\\\default\")\n\n[LOCALE(1031)]\nclass Base\n{\n\t[key] uint32 k;\n};\n\n[LOCALE(1031)]\n"
               "class Plain : Base\n{\n};\n\n[LOCALE(1031)]\nclass C : Base\n{\n\tvoid m([in] uint32 a, [out, ID(0)] string b);\n"
               "\tvoid n();\n};\n\n[LOCALE(1031)]\nclass E : __ExtrinsicEvent\n{\n\tuint8 u;\n};\n\n#pragma namespace(\"root/other\")"
               "\n\n[LOCALE(1031)]\nclass F : Elsewhere\n{\n};\n\n#pragma namespace(\"ROOT/Default\")\n\n[LOCALE(1031)]\nclass G : E\n"
               "{\n};\n",
               "#pragma namespace(\"root\\\\default\")\n\ninstance of __Namespace\n{\n\tName = \"ms_0407\";\n};\n\n#pragma "
               "namespace(\"root\\\\default\\\\ms_0407\")\n\n[AMENDMENT, LOCALE(0x407)]\nclass Base\n{\n};\n\n[AMENDMENT, "
               "LOCALE(0x407)]\nclass C : Base\n{\n\t[d(\"x\") : Amended] void m([in, e(\"y\") : Amended] uint32 a, [out, ID(0)] "
               "string b);\n};\n\n[AMENDMENT, LOCALE(0x407)]\nclass E : __ExtrinsicEvent\n{\n\t[d(\"z\") : Amended] uint8 u;\n};\n\n"
               "#pragma namespace(\"root/other\")\n\ninstance of __Namespace\n{\n\tName = \"ms_0407\";\n};\n\n#pragma "
               "namespace(\"root/other/ms_0407\")\n\n[d(\"w\") : Amended, AMENDMENT, LOCALE(0x407)]\nclass F\n{\n};\n\n#pragma "
               "namespace(\"ROOT/Default/ms_0407\")\n\n[d(\"v\") : Amended, AMENDMENT, LOCALE(0x407)]\nclass G : E\n{\n};\n");
}

static void a_text_without_amended_qualifiers(void **state)
{
        (void)state;
        splits("#pragma autorecover\n[LOCALE(\"MS_409\")] class A {};", "MS_409",
               "#pragma autorecover\n#pragma namespace(\"root\\\\default\")\n\n[LOCALE(\"MS_409\")]\nclass A\n{\n};\n", "");
}

static void what_is_no_amendment(void **state)
{
        (void)state;
        refuses("", "", (uint32_t)CIM_MOF_INVALID_AMENDMENT, 0, "nothing says which language this text is in");
        refuses("\n#pragma amendment(\"MS_409\")", "MS_407", (uint32_t)CIM_MOF_DUPLICATE_AMENDMENT, 2,
                "the text says that it is MS_409, the command that it is MS_407");
        static const char *const wrong[] = {"MS_", "409", "MS_0", "MS_40G", "XX_409", "MS_123456789", "MS_80000000"};
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                char message[64];
                snprintf(message, sizeof(message), "'%s' is no amendment", wrong[i]);
                refuses("", wrong[i], (uint32_t)CIM_MOF_INVALID_AMENDMENT, 0, message);
        }
}

int main(void)
{
        return testkit_run((TestCase[]){TEST(the_documented_example), TEST(flavors_of_a_declaration_are_written_out),
                                        TEST(superclasses_methods_and_namespaces), TEST(a_text_without_amended_qualifiers),
                                        TEST(what_is_no_amendment), TEST_END});
}
