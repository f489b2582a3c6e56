// SPDX-License-Identifier: MIT
// Real files, read in place: the corpus folder beside the source tree, or FREEWMI_CORPUS.
//
// For each file the table says what must come of it: compiled, or refused for a reason that is documented.
#include "base/testkit.h"

#include <sys/stat.h>

#include "base/limits.h"
#include "cim/status.h"
#include "mof/test-support.h"

typedef struct Outcome {
        const char *file;
        uint32_t code;   // 0: compiles
        const char *why; // of a refusal
        unsigned classes;
} Outcome;

#define WDS "mof/windows-driver-samples/"

static const Outcome samples[] = {
        {WDS "network/ndis/extension/samples/forward/MSForwardExtPolicyStatus.mof", CIM_E_INVALID_SUPERCLASS,
         "its superclass is one of Hyper-V", 0},
        {WDS "network/ndis/extension/samples/forward/MSForwardExtPolicy.mof", CIM_E_INVALID_SUPERCLASS,
         "its superclass is one of Hyper-V", 0},
        {WDS "general/pcidrv/kmdf/PCIDRV.mof", 0, NULL, 1},
        {WDS "general/toaster/toastDrv/kmdf/bus/static/busenum.mof", 0, NULL, 1},
        {WDS "general/toaster/toastDrv/kmdf/bus/dynamic/busenum.mof", 0, NULL, 1},
        {WDS "general/toaster/toastDrv/kmdf/func/featured/toaster.mof", 0, NULL, 3},
        {WDS "storage/class/classpnp/src/classlog.mof", 0, NULL, 4},
        {WDS "storage/iscsi/src/iscsihba.mof", 0, NULL, 30},
        {WDS "storage/iscsi/src/mgmt.mof", CIM_MOF_INVALID_PRAGMA, "it is written for the C preprocessor", 0},
        {WDS "storage/iscsi/src/def.mof", CIM_MOF_INVALID_PRAGMA, "it is written for the C preprocessor", 0},
        {WDS "storage/iscsi/src/common.mof", CIM_MOF_INVALID_PRAGMA, "it is written for the C preprocessor",
         0},
        {WDS "storage/iscsi/src/iscsiprf.mof", 0, NULL, 14},
        {WDS "storage/iscsi/src/config.mof", CIM_MOF_INVALID_PRAGMA, "it is written for the C preprocessor",
         0},
        {WDS "storage/msdsm/src/dsmtrace.mof", 0, NULL, 1},
        {WDS "storage/msdsm/src/msdsmdsm.mof", 0, NULL, 4},
        {WDS "storage/msdsm/src/msdsm.mof", 0, NULL, 3},
        {WDS "hid/firefly/driver/firefly.mof", 0, NULL, 1},
        {WDS "wmi/wmisamp/wmisamp.mof", 0, NULL, 7},
        {WDS "wmi/wmiacpi/acpimof.mof", 0, NULL, 11},
};

static CimSchema *schema;
static TestCase *tests;
static const char *corpus;

static const char *corpus_folder(char *out, size_t size)
{
        const char *named = getenv("FREEWMI_CORPUS"), *source = getenv("FREEWMI_SOURCE");
        snprintf(out, size, "%s", named ? named : "");
        if (!named)
                snprintf(out, size, "%s/../shared/corpus", source ? source : ".");
        struct stat st;
        return stat(out, &st) == 0 && S_ISDIR(st.st_mode) ? out : NULL;
}

static void sample(void **state)
{
        (void)state;
        const Outcome *o = &samples[testkit_current - tests];
        char path[8192], text[1400];
        if (!corpus)
                testkit_skip("the corpus folder is not there");
        snprintf(path, sizeof(path), "%s/%s", corpus, o->file);
        size_t size, n;
        char *bytes = support_read(path, &size);
        if (!bytes)
                testkit_skip("the file is not there");
        Diag errors[LIMIT_MOF_ERRORS];
        MofResult *result;
        MofSource source = {
                .text = {bytes, size}, .name = o->file, .namespace = STR("root\\wmi"), .schema = schema};
        int r = mof_compile(&source, &result, errors, LIMIT_MOF_ERRORS, &n);
        for (size_t i = 0; r == E_DIAG && i < n; i++)
                print_message("%s\n", diag_text(&errors[i], text, sizeof(text)));
        size_t count = r == 0 ? result->class_count : 0;
        mof_result_free(result);
        free(bytes);
        assert_int_equal(r, o->code ? E_DIAG : 0);
        if (o->code) {
                assert_int_equal(errors[0].code, o->code);
                for (size_t i = 1; i < n; i++)
                        assert_int_equal(errors[i].code, o->code);
        } else {
                assert_int_equal(count, o->classes);
        }
}

int main(void)
{
        char folder[4096];
        size_t n = sizeof(samples) / sizeof(samples[0]);
        schema = support_schema();
        corpus = corpus_folder(folder, sizeof(folder));
        tests = calloc(n + 1, sizeof(*tests));
        if (!tests)
                return 1;
        for (size_t i = 0; i < n; i++)
                tests[i] = (TestCase){samples[i].file, sample};
        int r = testkit_run(tests);
        free(tests);
        cim_schema_unref(schema);
        return r;
}
