// SPDX-License-Identifier: MIT
// wmi mof compile: MOF files into the running service.
#include "mof-verbs.h"

#include "import.h"
#include "say.h"
#include "table.h"
#include "target.h"

static const TableColumn columns[] = {
        {"namespace", "NAMESPACE", false},
        {"class", "CLASS", false},
        {"event", "KIND", false},
        {"done", "DONE", false},
        {NULL, NULL, false},
};

static const char *mof_kind(const ClientImportItem *i)
{
        return i->what == CLIENT_IMPORT_INSTANCE    ? "instance"
               : i->what == CLIENT_IMPORT_NAMESPACE ? "namespace"
               : i->event                           ? "event"
                                                    : "class";
}

static int mof_list(const Options *o, const Buf *items)
{
        static const char *const done[] = {"unchanged", "created", "updated", "deleted"};
        Reader list = {items->p, items->n, items->failed};
        Table *t = table_new(columns);
        if (!t)
                return request_no_memory();
        for (ClientImportItem i; client_import_read(&list, &i);) {
                table_row(t, i.event);
                table_str(t, i.namespace);
                table_str(t, i.name);
                table_flag(t, i.event, mof_kind(&i), mof_kind(&i));
                table_str(t, str_of(done[i.done]));
        }
        int code = list.failed ? request_malformed() : table_print(t, o->json);
        table_free(t);
        return code;
}

static int mof_compile_run(const Options *o)
{
        char namespace[LIMIT_NAMESPACE_CHARS + 1];
        Client *c;
        Buf list = {0};
        int code = target_namespace(o, "wmi mof compile", namespace);
        if (!code)
                code = request_connect(o, "wmi mof compile", &c);
        if (code)
                return code;
        for (size_t i = 0; i < o->arguments.n && !code; i++) {
                ClientImported done = {0};
                code = import_mof(c, &(Import){.namespace = str_of(namespace)}, o->arguments.p[i], &done);
                buf_put(&list, done.list.p, done.list.n);
                buf_deinit(&done.list);
        }
        // What was compiled before an error is in the store: it is listed all the same.
        int listed = list.n ? mof_list(o, &list) : WMI_DONE;
        buf_deinit(&list);
        client_free(c);
        return code ? code : listed;
}

static const Option options[] = {OPTION_STORE_NAMESPACE, OPTION_JSON, OPTION_SOCKET, OPTION_END};

const Verb verb_mof_compile = {
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

