// SPDX-License-Identifier: MIT
// Real files, read in place: the corpus folder beside the source tree, or FREEWMI_CORPUS. Without it all is
// skipped.
//
// For each file the table says what must come of it: so many classes, which print and compile again to the
// same; or a refusal, with the number that the errors begin with and the reason.
#include "base/testkit.h"

#include <sys/stat.h>

#include "base/limits.h"
#include "cim/status.h"
#include "mof/test-support.h"

typedef struct Outcome {
        const char *file;
        uint32_t code;   // 0: compiles
        const char *why; // of a refusal
        unsigned classes, instances;
} Outcome;

// What came of one.
typedef struct Made {
        size_t classes, instances;
} Made;

#define WDS     "mof/windows-driver-samples/"
#define WCS     "mof/windows-classic-samples/Samples/"
#define PAIRS   "pairs/tarkin/"
#define PEGASUS "mof/pegasus-compiler-tests/pegasus/src/Pegasus/Compiler/"
#define PYWBEM  "mof/pywbem-tests/tests/"
#define OMI     "mof/omi-tests/Unix/"

#define INCLUDE   "files cannot be included yet"
#define CPP       "it is written for the C preprocessor"
#define ELSEWHERE "its superclass comes from another text"
#define CLASSES   "its classes come from another text"
#define WRONG     "it is wrong"

// clang-format off
static const Outcome outcomes[] = {
        {WDS "general/pcidrv/kmdf/PCIDRV.mof", 0, NULL, 1, 0},
        {WDS "general/toaster/toastDrv/kmdf/bus/dynamic/busenum.mof", 0, NULL, 1, 0},
        {WDS "general/toaster/toastDrv/kmdf/bus/static/busenum.mof", 0, NULL, 1, 0},
        {WDS "general/toaster/toastDrv/kmdf/func/featured/toaster.mof", 0, NULL, 3, 0},
        {WDS "hid/firefly/driver/firefly.mof", 0, NULL, 1, 0},
        {WDS "network/ndis/extension/samples/forward/MSForwardExtPolicy.mof", CIM_E_INVALID_SUPERCLASS, ELSEWHERE, 0, 0},
        {WDS "network/ndis/extension/samples/forward/MSForwardExtPolicyStatus.mof", CIM_E_INVALID_SUPERCLASS, ELSEWHERE, 0, 0},
        {WDS "storage/class/classpnp/src/classlog.mof", 0, NULL, 4, 0},
        {WDS "storage/iscsi/src/common.mof", CIM_MOF_INVALID_PRAGMA, CPP, 0, 0},
        {WDS "storage/iscsi/src/config.mof", CIM_MOF_INVALID_PRAGMA, CPP, 0, 0},
        {WDS "storage/iscsi/src/def.mof", CIM_MOF_INVALID_PRAGMA, CPP, 0, 0},
        {WDS "storage/iscsi/src/iscsihba.mof", 0, NULL, 30, 0},
        {WDS "storage/iscsi/src/iscsiprf.mof", 0, NULL, 14, 0},
        {WDS "storage/iscsi/src/mgmt.mof", CIM_MOF_INVALID_PRAGMA, CPP, 0, 0},
        {WDS "storage/msdsm/src/dsmtrace.mof", 0, NULL, 1, 0},
        {WDS "storage/msdsm/src/msdsm.mof", 0, NULL, 3, 0},
        {WDS "storage/msdsm/src/msdsmdsm.mof", 0, NULL, 4, 0},
        {WDS "wmi/wmiacpi/acpimof.mof", 0, NULL, 11, 0},
        {WDS "wmi/wmisamp/wmisamp.mof", 0, NULL, 7, 0},
        {WCS "BasicPlugins/cs/setup/Schema.mof", 0, NULL, 12, 0},
        {WCS "ManagementInfrastructure/cpp/MSFT_Qualifiers.mof", 0, NULL, 0, 0},
        {WCS "ManagementInfrastructure/cpp/Sample.mof", CIM_MOF_INVALID_INCLUDE, INCLUDE, 0, 0},
        {WCS "ODataEntitiesAssociation/cs/setup/VMSystem.mof", 0, NULL, 5, 0},
        {WCS "RoleBasedPlugins/cs/setup/Schema.mof", 0, NULL, 12, 0},
        {WCS "Win7Samples/sysmgmt/winrm/hardwaremanagement/hw.mof", 0, NULL, 22, 1},
        {WCS "Win7Samples/sysmgmt/wmi/scripting/wsh/perl/perfmon/perfmon.mof", 0, NULL, 2, 2},
        {WCS "Win7Samples/sysmgmt/wmi/scripting/wsh/perl/registry/registry.mof", 0, NULL, 1, 2},
        {WCS "Win7Samples/sysmgmt/wmi/vc/decoupled/event_consumer/mof/ProvReg.mof", 0, NULL, 2, 5},
        {WCS "Win7Samples/sysmgmt/wmi/vc/decoupled/event_provider/mof/ProvReg.mof", 0, NULL, 2, 2},
        {WCS "Win7Samples/sysmgmt/wmi/vc/decoupled/instance_provider/mof/ProvReg.mof", CIM_E_INVALID_SUPERCLASS, ELSEWHERE, 0, 0},
        {PAIRS "pragma/wmi_pragma_amendment.mof", CIM_E_NOT_SUPPORTED, "it is a master file, to be split by locale", 0, 0},
        {PAIRS "pragma/wmi_pragma_autorecover.mof", 0, NULL, 1, 0},
        {PAIRS "pragma/wmi_pragma_classflags.mof", CIM_E_NOT_FOUND, "updateonly of classes that do not exist", 0, 0},
        {PAIRS "pragma/wmi_pragma_deleteclass.mof", CIM_E_NOT_FOUND, "fail, and there is no such class", 0, 0},
        {PAIRS "pragma/wmi_pragma_namespace.mof", 0, NULL, 2, 0},
        {PAIRS "wmi_abstract_class.mof", 0, NULL, 1, 0},
        {PAIRS "wmi_class.mof", 0, NULL, 1, 0},
        {PAIRS "wmi_class_inheritance.mof", 0, NULL, 2, 0},
        {PAIRS "wmi_class_with_array.mof", 0, NULL, 1, 0},
        {PAIRS "wmi_class_with_defaults.mof", 0, NULL, 1, 0},
        {PAIRS "wmi_class_with_object.mof", 0, NULL, 2, 1},
        {PAIRS "wmi_class_without_anything.mof", 0, NULL, 1, 0},
        {PAIRS "wmi_data_types.mof", 0, NULL, 1, 0},
        {PAIRS "wmi_qualifier_flavors.mof", 0, NULL, 8, 0},
        {PAIRS "wmi_simple_class.mof", 0, NULL, 1, 0},
        {PAIRS "wmi_simple_instance.mof", CIM_E_INVALID_CLASS, CLASSES, 0, 0},
        {PAIRS "wmi_void_method.mof", 0, NULL, 1, 0},
        {PEGASUS "cmdline/tests/Char16.mof", 0, NULL, 1, 0},
        {PEGASUS "cmdline/tests/InvalidMof1.mof", 0, NULL, 1, 0},
        {PEGASUS "cmdline/tests/ValidMof1.mof", 0, NULL, 2, 0},
        {PEGASUS "cmdline/tests/ValidMof2.mof", CIM_E_INVALID_CLASS, CLASSES, 0, 0},
        {PEGASUS "cmdline/tests/ValidMof3.mof", 0, NULL, 1, 0},
        {PEGASUS "cmdline/tests/ValidMof4.mof", 0, NULL, 1, 5},
        {PEGASUS "cmdline/tests/ValidMof4a.mof", CIM_MOF_DUPLICATE_PROPERTY, "a property of an instance is set twice", 0, 0},
        {PEGASUS "cmdline/tests/ValidMof4b.mof", CIM_MOF_ILLEGAL_CONSTANT, "escapes that MOF does not have", 0, 0},
        {PEGASUS "cmdline/tests/ValidMof5.mof", 0, NULL, 1, 4},
        {PEGASUS "cmdline/tests/ValidMof6.mof", 0, NULL, 1, 4},
        {PEGASUS "cmdline/tests/ValidMof7.mof", 0, NULL, 3, 0},
        {PEGASUS "cmdline/tests/ValidMof8.mof", 0, NULL, 3, 0},
        {PEGASUS "cmdline/tests/assoc_1557.mof", CIM_E_INVALID_CLASS, CLASSES, 0, 0},
        {PEGASUS "tests/CompAssoc/CompAssoc.mof", 0, NULL, 3, 3},
        {PEGASUS "tests/InstAlias/InstAlias.mof", CIM_E_INVALID_CLASS, CLASSES, 0, 0},
        {PEGASUS "tests/invalidMOF/InstAliasError.mof", CIM_E_INVALID_CLASS, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/InstAliasError2.mof", CIM_MOF_EXPECTED_ALIAS_NAME, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/InstAliasError3.mof", CIM_MOF_MULTIPLE_ALIASES, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/InvalidPragma1.mof", CIM_MOF_INVALID_PRAGMA, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/InvalidPragma2.mof", 0, NULL, 0, 0},
        {PEGASUS "tests/invalidMOF/badClassDefinition1.mof", CIM_MOF_UNRECOGNIZED_TOKEN, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifier1.mof", CIM_MOF_TYPE_MISMATCH, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl1.mof", CIM_MOF_EXPECTED_FLAVOR, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl10.mof", CIM_MOF_INVALID_QUALIFIER, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl11.mof", CIM_MOF_INVALID_QUALIFIER, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl12.mof", CIM_MOF_EXPECTED_CLOSE_PAREN, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl13.mof", CIM_MOF_INVALID_QUALIFIER, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl14.mof", 0, NULL, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl15.mof", CIM_MOF_INVALID_QUALIFIER, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl16.mof", CIM_MOF_INVALID_QUALIFIER, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl2.mof", CIM_MOF_EXPECTED_CLOSE_PAREN, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl20.mof", CIM_MOF_EXPECTED_SEMI, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl3.mof", CIM_MOF_EXPECTED_FLAVOR, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl4.mof", 0, NULL, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl5.mof", CIM_MOF_EXPECTED_CLOSE_PAREN, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDecl6.mof", CIM_MOF_EXPECTED_FLAVOR, WRONG, 0, 0},
        {PEGASUS "tests/invalidMOF/badQualifierDef1.mof", CIM_MOF_TYPE_MISMATCH, WRONG, 0, 0},
        {PEGASUS "tests/qualifierDecl/testqualifiers.mof", 0, NULL, 0, 0},
        {PYWBEM "schema/OpenPegasus/PG_Namespace.mof", CIM_E_INVALID_SUPERCLASS, ELSEWHERE, 0, 0},
        {PYWBEM "unittest/pywbem/test.mof", CIM_E_INVALID_SUPERCLASS, ELSEWHERE, 0, 0},
        {PYWBEM "unittest/pywbem/testmofs/parse_error01.mof", CIM_MOF_EXPECTED_SEMI, WRONG, 0, 0},
        {PYWBEM "unittest/pywbem/testmofs/parse_error02.mof", CIM_MOF_UNRECOGNIZED_TYPE, WRONG, 0, 0},
        {PYWBEM "unittest/pywbem/testmofs/parse_error03.mof", CIM_MOF_EXPECTED_CLOSE_PAREN, WRONG, 0, 0},
        {PYWBEM "unittest/pywbem/testmofs/parse_error04.mof", CIM_MOF_EXPECTED_CLOSE_PAREN, WRONG, 0, 0},
        {PYWBEM "unittest/pywbem/testmofs/qualifiers.mof", 0, NULL, 0, 0},
        {PYWBEM "unittest/pywbem/testmofs/test_instance.mof", CIM_MOF_INVALID_INCLUDE, INCLUDE, 0, 0},
        {PYWBEM "unittest/pywbem/testmofs/test_refs.mof", 0, NULL, 3, 3},
        {PYWBEM "unittest/pywbem/testmofs/test_types.mof", CIM_MOF_INVALID_INCLUDE, INCLUDE, 0, 0},
        {PYWBEM "unittest/simple_mock_model.mof", 0, NULL, 4, 3},
        {OMI "codec/mof/parser/wmiqualifiers.mof", 0, NULL, 0, 0},
        {OMI "deprecated/mofcxx/mofc/sample.mof", CIM_E_NO_KEY, "an instance of a class without keys", 0, 0},
        {OMI "deprecated/mofcxx/tests/sample.mof", CIM_E_NO_KEY, "an instance of a class without keys", 0, 0},
        {OMI "doc/omi/samples/connector/schema.mof", 0, NULL, 3, 0},
        {OMI "doc/omi/samples/frog/schema.mof", 0, NULL, 1, 0},
        {OMI "gen/tests/genall/schema.mof", 0, NULL, 8, 0},
        {OMI "omi_error/schema.mof", CIM_E_INVALID_SUPERCLASS, ELSEWHERE, 0, 0},
        {OMI "omiutils/mofs/OMI_Errors.mof", CIM_MOF_INVALID_INCLUDE, INCLUDE, 0, 0},
        {OMI "omiutils/mofs/gen.mof", CIM_MOF_INVALID_INCLUDE, INCLUDE, 0, 0},
        {OMI "providers/identify/schema.mof", 0, NULL, 1, 0},
        {OMI "provmgr/schema.mof", 0, NULL, 1, 0},
        {OMI "tests/base/schema.mof", CIM_E_INVALID_SUPERCLASS, ELSEWHERE, 0, 0},
        {OMI "tests/codec/mof/blue/mofs/dmtftypes.mof", CIM_MOF_INVALID_INCLUDE, INCLUDE, 0, 0},
        {OMI "tests/codec/mof/blue/mofs/dmtftypes_instancemaxvalue.mof", CIM_E_INVALID_CLASS, CLASSES, 0, 0},
        {OMI "tests/codec/mof/blue/mofs/dmtftypes_instanceminvalue.mof", CIM_E_INVALID_CLASS, CLASSES, 0, 0},
        {OMI "tests/codec/mof/blue/mofs/dscinstance.mof", CIM_E_INVALID_CLASS, CLASSES, 0, 0},
        {OMI "tests/codec/mof/blue/mofs/dscschema.mof", 0, NULL, 5, 0},
        {OMI "tests/codec/mof/blue/mofs/mintinstance.mof", CIM_E_INVALID_CLASS, CLASSES, 0, 0},
        {OMI "tests/codec/mof/blue/mofs/mintschema.mof", 0, NULL, 40, 0},
        {OMI "tests/codec/mof/blue/schema.mof", 0, NULL, 12, 0},
        {OMI "tests/mof/classes.mof", CIM_E_NO_KEY, "an instance of a class without keys", 0, 0},
        {OMI "tests/mof/quals.mof", 0, NULL, 2, 0},
        {OMI "tests/mof/syntaxerror.mof", CIM_MOF_ILLEGAL_CONSTANT, WRONG, 0, 0},
};
// clang-format on

enum { OUTCOMES = sizeof(outcomes) / sizeof(outcomes[0]) };

static CimSchema *schema;
static TestCase tests[OUTCOMES + 2];
static const char *corpus;

static const char *corpus_folder(char *out, size_t size)
{
        const char *named = getenv("FREEWMI_CORPUS"), *source = getenv("FREEWMI_SOURCE");
        if (named)
                snprintf(out, size, "%s", named);
        else
                snprintf(out, size, "%s/../shared/corpus", source ? source : ".");
        struct stat st;
        return stat(out, &st) == 0 && S_ISDIR(st.st_mode) ? out : NULL;
}

static char *read_corpus(const char *file, size_t *ret_n)
{
        char path[8192];
        snprintf(path, sizeof(path), "%s/%s", corpus, file);
        return support_read(path, ret_n);
}

// Compiles and, when that went well, prints and compiles again. *ret when it did.
static int compile(const char *name, Str text, Diag *errors, size_t *ret_errors, Made *ret)
{
        char says[1400];
        MofPlan *result;
        MofSource source = {.text = text, .name = name, .namespace = STR("root\\wmi")};
        int r = mof_compile(&source, &(MofBuild){.schema = schema}, &result, errors, LIMIT_MOF_ERRORS, ret_errors);
        for (size_t i = 0; r == E_DIAG && i < *ret_errors; i++)
                print_message("%s\n", diag_text(&errors[i], says, sizeof(says)));
        if (r != 0)
                return r;
        *ret = (Made){0};
        for (size_t i = 0; i < result->count; i++) {
                ret->classes += result->steps[i].kind == MOF_PUT_CLASS;
                ret->instances += result->steps[i].kind == MOF_PUT_INSTANCE;
        }
        Buf why = {0};
        bool same = support_round_trip(result, schema, &why);
        if (!same)
                print_message("%s\n", buf_z(&why));
        buf_deinit(&why);
        mof_plan_free(result);
        return same ? 0 : -EILSEQ;
}

static void one_file(void **state)
{
        (void)state;
        const Outcome *o = &outcomes[testkit_current - tests];
        if (!corpus)
                testkit_skip("the corpus folder is not there");
        size_t size = 0, n = 0;
        Made made = {0};
        char *bytes = read_corpus(o->file, &size);
        if (!bytes)
                testkit_skip("the file is not there");
        Diag errors[LIMIT_MOF_ERRORS];
        int r = compile(o->file, (Str){bytes, size}, errors, &n, &made);
        free(bytes);
        if (!r)
                print_message("%zu classes, %zu instances\n", made.classes, made.instances);
        assert_int_equal(r, o->code ? E_DIAG : 0);
        if (!o->code) {
                assert_int_equal(made.classes, o->classes);
                assert_int_equal(made.instances, o->instances);
                return;
        }
        size_t at = 0;
        while (at + 1 < n && errors[at].code != o->code)
                at++;
        assert_int_equal(errors[at].code, o->code);
}

// The whole DMTF schema as one text: what its main file includes, in that order, behind its qualifiers.
static void whole_schema(void **state)
{
        (void)state;
        static const char *const folder = "mof/cim-schema-2.49.0";
        static const char *const lists[] = {"qualifiers.mof", "qualifiers_optional.mof"};
        char name[4096];
        size_t size;
        Buf text = {0};
        if (!corpus)
                testkit_skip("the corpus folder is not there");
        snprintf(name, sizeof(name), "%s/cim_schema_2.49.0.mof", folder);
        char *main_file = read_corpus(name, &size);
        if (!main_file)
                testkit_skip("the file is not there");
        for (size_t i = 0; i < 2; i++) {
                size_t n = 0;
                snprintf(name, sizeof(name), "%s/%s", folder, lists[i]);
                char *bytes = read_corpus(name, &n);
                assert_non_null(bytes);
                buf_printf(&text, "#line 1 \"%s\"\n", lists[i]);
                buf_put(&text, bytes, n);
                free(bytes);
        }
        char *end = main_file + size, *at = main_file;
        while ((at = memmem(at, (size_t)(end - at), "#pragma include (\"", 18))) {
                char *file = at + 18, *quote = memchr(file, '"', (size_t)(end - file));
                assert_non_null(quote);
                at = quote;
                size_t n = 0;
                snprintf(name, sizeof(name), "%s/%.*s", folder, (int)(quote - file), file);
                char *bytes = read_corpus(name, &n);
                if (!bytes)
                        continue;
                buf_printf(&text, "\n#line 1 \"%.*s\"\n", (int)(quote - file), file);
                buf_put(&text, bytes, n);
                free(bytes);
        }
        free(main_file);
        Diag errors[LIMIT_MOF_ERRORS];
        size_t count = 0;
        Made made = {0};
        int r = compile("cim", (Str){(char *)text.p, text.n}, errors, &count, &made);
        buf_deinit(&text);
        assert_int_equal(r, 0);
        assert_int_equal(made.classes, 1631);
}

int main(void)
{
        char folder[4096], names[OUTCOMES][256];
        schema = support_schema();
        corpus = corpus_folder(folder, sizeof(folder));
        for (size_t i = 0; i < OUTCOMES; i++) {
                const Outcome *o = &outcomes[i];
                if (o->code)
                        snprintf(names[i], sizeof(names[i]), "%s: refused, %s", o->file, o->why);
                else
                        snprintf(names[i], sizeof(names[i]), "%s: %u classes, %u instances", o->file, o->classes,
                                 o->instances);
                tests[i] = (TestCase){names[i], one_file};
        }
        tests[OUTCOMES] = (TestCase){"the DMTF schema, 2.49", whole_schema};
        int r = testkit_run(tests);
        cim_schema_unref(schema);
        return r;
}
