// SPDX-License-Identifier: MIT
// wmi mof check: is it MOF, and do its classes keep the rules of drivers' classes?
#include "mofck/check.h"

#include "mof-load.h"
#include "mof-verbs.h"
#include "request.h"
#include "say.h"
#include "table.h"

typedef struct Found {
        Diagnose *g;
        Str text;
} Found;

static int check_found(void *context, const MofckFinding *f)
{
        const Found *k = context;
        diagnose_add(k->g, f->warning ? DIAGNOSE_WARNING : DIAGNOSE_ERROR, f->rule, &f->diag, k->text);
        return 0;
}

static const TableColumn columns[] = {
        {"rule", "RULE", false},
        {"summary", "SAYS", false},
        {"page", "PAGE", false},
        {NULL, NULL, false},
};

static int check_rules(const Options *o)
{
        Table *t = table_new(columns);
        if (!t)
                return request_no_memory();
        for (size_t i = 0; i < mofck_rule_count; i++) {
                table_row(t, false);
                table_str(t, str_of(mofck_rules[i].name));
                table_str(t, str_of(mofck_rules[i].summary));
                table_str(t, str_of(mofck_rules[i].page));
        }
        int code = table_print(t, o->json);
        table_free(t);
        return code;
}

int mof_check_rules(const MofInput *in, Diagnose *g)
{
        Found k = {g, {(const char *)in->text.p, in->text.n}};
        return mofck_check(in->document, check_found, &k) ? request_no_memory() : WMI_DONE;
}

// What could be read is checked also when something could not.
static int check_file(const Options *o, const char *path, Diagnose *g)
{
        MofInput in = {0};
        int code = mof_load(o, path, g, &in);
        if (in.document && !o->check_syntax && mof_check_rules(&in, g))
                code = WMI_FAILED;
        mof_input_deinit(&in);
        return code;
}

static int check_run(const Options *o)
{
        if (o->rules)
                return check_rules(o);
        if (!o->arguments.n) {
                say("usage: wmi mof check FILE... [OPTION]..., or --rules");
                return WMI_USAGE;
        }
        if (o->json && o->sarif) {
                say("wmi mof check: --json and --sarif exclude each other");
                return WMI_USAGE;
        }
        Diagnose *g = mof_diagnose(o, "wmi mof check");
        if (!g)
                return request_no_memory();
        int code = WMI_DONE;
        for (size_t i = 0; i < o->arguments.n; i++) {
                int one = check_file(o, o->arguments.p[i], g);
                code = one && (!code || one == WMI_FAILED) ? one : code;
        }
        if (!code && diagnose_count(g, DIAGNOSE_ERROR))
                code = WMI_INPUT;
        int end = diagnose_end(g);
        return code ? code : end;
}

static const Option options[] = {OPTIONS_MOF_INPUT,
                                 {"syntax", 0, OPTION_FLAG, offsetof(Options, check_syntax), OPTION_NO_FLAG,
                                  0, 0, NULL, "is it MOF? no rules of drivers' classes"},
                                 {"rules", 0, OPTION_FLAG, offsetof(Options, rules), OPTION_NO_FLAG, 0, 0,
                                  NULL, "list the rules, and the pages that state them"},
                                 OPTION_JSON,
                                 OPTION_SARIF,
                                 OPTION_END};

const Verb verb_mof_check = {
        .name = "check",
        .summary = "Check MOF, and the rules of drivers' classes",
        .usage = "FILE... [OPTION]...",
        .text = "  wmi mof check thing.mof\n"
                "  wmi mof check --sarif *.mof >log.sarif\n"
                "  wmi mof check --rules\n\n"
                "Syntax, then what mofcomp -WMI and wmimofck check, of classes with WMI or guid and those "
                "derived "
                "from them. Exit:\n"
                "0 no errors (warnings may be), 1 a file cannot be read, 3 errors.",
        .options = options,
        .least = 0,
        .most = SIZE_MAX,
        .run = check_run,
};
