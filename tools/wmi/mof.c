// SPDX-License-Identifier: MIT
// wmi mof compile: MOF files into the running service.
#include "import.h"
#include "say.h"
#include "table.h"
#include "target.h"

static const TableColumn columns[] = {
        {"namespace", "NAMESPACE", false},
        {"class", "CLASS", false},
        {"event", "KIND", false},
        {NULL, NULL, false},
};

static int mof_list(const Options *o, const Buf *classes, uint32_t count)
{
        Reader list = {classes->p, classes->n, classes->failed};
        Table *t = table_new(columns);
        if (!t)
                return request_no_memory();
        for (uint32_t i = 0; i < count; i++) {
                Str namespace = read_str(&list), name = read_str(&list);
                bool event = read_u8(&list);
                if (list.failed)
                        break;
                table_row(t, event);
                table_str(t, namespace);
                table_str(t, name);
                table_flag(t, event, "event", "class");
        }
        int code = list.failed ? request_malformed() : table_print(t, o->json);
        table_free(t);
        return code;
}

static int mof_compile_run(const Options *o)
{
        char namespace[LIMIT_NAMESPACE_CHARS + 1];
        Client *c;
        Buf classes = {0};
        uint32_t count = 0;
        int code = target_namespace(o, "wmi mof compile", namespace);
        if (!code)
                code = request_connect(o, "wmi mof compile", &c);
        if (code)
                return code;
        for (size_t i = 0; i < o->arguments.n && !code; i++) {
                request_await(c, "the service to compile");
                code = import_mof(c, str_of(namespace), o->arguments.p[i], &classes, &count);
        }
        request_await(c, NULL);
        // What was compiled before an error is in the store: it is listed all the same.
        int listed = count ? mof_list(o, &classes, count) : WMI_DONE;
        buf_deinit(&classes);
        client_free(c);
        return code ? code : listed;
}

static const Option options[] = {OPTION_STORE_NAMESPACE, OPTION_JSON, OPTION_SOCKET, OPTION_END};

static const Verb verb_compile = {
        .name = "compile",
        .summary = "Compile MOF files into the service",
        .usage = "FILE... [OPTION]...",
        .text = "  wmi mof compile thing.mof\n"
                "  wmi mof compile --namespace root/wmi toaster.mof\n\n"
                "Each file is taken whole or not at all. Classes without a namespace pragma go to "
                "--namespace. Lists the\n"
                "classes. A - is standard input.",
        .options = options,
        .least = 1,
        .most = SIZE_MAX,
        .run = mof_compile_run,
};

static const Verb *const verbs[] = {&verb_compile, NULL};

const Verb verb_mof = {
        .name = "mof",
        .summary = "Compile MOF into the service",
        .usage = "compile FILE...",
        .verbs = verbs,
};
