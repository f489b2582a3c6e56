// SPDX-License-Identifier: MIT
// wmi mof compile: MOF into the running service, into a repository's file, into binary MOF, into localised
// texts.
#include "mof-verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "import.h"
#include "list.h"
#include "mof-write.h"
#include "print-value.h"
#include "say.h"
#include "service-here.h"
#include "table.h"
#include "target.h"

static const char verb_name[] = "wmi mof compile";

// --- what was done -----------------------------------------------------------------------------------

static const TableColumn columns[] = {
        {"namespace", "NAMESPACE", false}, {"class", "CLASS", false}, {"event", "KIND", false},
        {"done", "DONE", false},           {"kind", NULL, false},     {NULL, NULL, false},
};

static const char *compile_kind(const ClientImportItem *i)
{
        return i->what == CLIENT_IMPORT_INSTANCE    ? "instance"
               : i->what == CLIENT_IMPORT_NAMESPACE ? "namespace"
               : i->event                           ? "event"
                                                    : "class";
}

static int compile_list(const Options *o, const Buf *items)
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
                table_flag(t, i.event, compile_kind(&i), compile_kind(&i));
                table_str(t, str_of(done[i.done]));
                table_str(t, str_of(compile_kind(&i)));
        }
        int code = list.failed ? request_malformed() : table_print(t, o->json);
        table_free(t);
        return code;
}

static int compile_json(const char *path, const MofWritten *w, Buf *out)
{
        json_object *line = json_object_new_object();
        const struct {
                const char *key;
                uint64_t n;
        } numbers[] = {{"bytes", w->bytes},
                       {"expanded", w->expanded},
                       {"classes", w->classes},
                       {"instances", w->instances}};
        int r = line ? value_json_add_str(line, "written", str_of(path)) : -ENOMEM;
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && !r; i++) {
                json_object *n = json_object_new_uint64(numbers[i].n);
                r = n ? value_json_add(line, numbers[i].key, n) : -ENOMEM;
        }
        if (!r)
                r = value_json_text(line, out);
        buf_u8(out, '\n');
        json_object_put(line);
        return r;
}

static int compile_written(const Options *o, const char *path, const MofWritten *w)
{
        Buf line = {0};
        int r = 0;
        if (o->sarif || !strcmp(path, "-"))
                return WMI_DONE; // standard output has something else
        if (!w)
                return list_done("written", str_of(path), o->json);
        if (o->json) {
                r = compile_json(path, w, &line);
        } else {
                buf_text(&line, "written\t");
                say_clean_line(str_of(path), &line);
                buf_printf(&line, "\t%zu bytes, expanded %zu\t%u class%s, %u instance%s\n", w->bytes,
                           w->expanded, w->classes, w->classes == 1 ? "" : "es", w->instances,
                           w->instances == 1 ? "" : "s");
        }
        int code = r || line.failed ? request_no_memory() : list_text((Str){(const char *)line.p, line.n});
        buf_deinit(&line);
        return code;
}

// --- into files --------------------------------------------------------------------------------------

static int compile_to_files(const Options *o, Diagnose *g)
{
        const char *file = o->arguments.p[0];
        MofInput in;
        MofWritten written;
        int code = mof_load(o, file, g, &in);
        if (code == WMI_DONE && o->binary) {
                code = mof_write_binary(o, &in, g, &written);
                if (code == WMI_DONE)
                        code = compile_written(o, o->binary, &written);
        }
        if (code == WMI_DONE && o->mof_out) {
                code = mof_write_localised(o, &in, g);
                if (code == WMI_DONE)
                        code = compile_written(o, o->mof_out, NULL);
                if (code == WMI_DONE)
                        code = compile_written(o, o->mfl_out, NULL);
        }
        mof_input_deinit(&in);
        return code;
}

static int compile_check(const Options *o, Diagnose *g)
{
        int code = WMI_DONE;
        for (size_t i = 0; i < o->arguments.n; i++) {
                MofInput in;
                int one = mof_load(o, o->arguments.p[i], g, &in);
                mof_input_deinit(&in);
                if (one == WMI_DONE && !o->sarif)
                        one = list_done("checked", str_of(o->arguments.p[i]), o->json);
                code = code ? code : one;
        }
        return code;
}

// --- into a store ------------------------------------------------------------------------------------

static int compile_import(const Options *o, Client *c, Str namespace, const char *file, Diagnose *g,
                          Buf *list)
{
        MofInput in;
        ClientImported done = {0};
        int code = mof_load_source(o, file, g, &in);
        if (code == WMI_DONE)
                code = import_input(c, o, namespace, file, &in, g, &done, NULL);
        mof_input_deinit(&in);
        buf_put(list, done.list.p, done.list.n);
        if (code == WMI_DONE && done.more)
                say("%s: %u more are not listed", file, done.more);
        if (code == WMI_DONE && done.unchanged && !done.list.n && !o->sarif)
                code = list_done("unchanged", str_of(file), o->json);
        buf_deinit(&done.list);
        return code;
}

static int compile_to_store(const Options *o, Diagnose *g)
{
        char namespace[LIMIT_NAMESPACE_CHARS + 1];
        ServiceHere here = {0};
        Buf list = {0};
        int code = target_namespace(o, verb_name, namespace);
        if (!code)
                code = service_here_open(o, verb_name, &here);
        for (size_t i = 0; i < o->arguments.n && !code; i++) {
                request_await(here.client, here.service ? NULL : "the service to compile");
                code = compile_import(o, here.client, str_of(namespace), o->arguments.p[i], g, &list);
        }
        if (here.client && !here.service)
                request_await(here.client, NULL);
        // What was compiled before an error is in the store: it is listed all the same.
        int listed = list.n && !o->sarif ? compile_list(o, &list) : WMI_DONE;
        buf_deinit(&list);
        service_here_close(&here);
        return code ? code : listed;
}

// --- the verb ----------------------------------------------------------------------------------------

// Which options do not go together; NULL: they do.
static const char *compile_usage(const Options *o)
{
        bool split = o->mof_out || o->mfl_out || o->amendment, files = o->binary || split;
        uint32_t class_flags, instance_flags;
        if (!mof_load_flags(o, &class_flags, &instance_flags))
                return "--class takes updateonly, createonly, safeupdate or forceupdate, --instance the "
                       "first two";
        if (o->check_syntax && (files || o->wmi || o->repository || o->socket))
                return "--check-syntax goes with no other output";
        if (o->wmi && !o->binary)
                return "--wmi needs --binary: it checks what is to be in a driver";
        if (o->compat && !o->binary)
                return "--compat needs --binary";
        if (split && !(o->mof_out && o->mfl_out))
                return "a text is split into two: both --mof-out and --mfl-out are needed";
        if (files && (o->repository || o->socket))
                return "--binary and --mof-out write files and need no service";
        if (files && o->arguments.n > 1)
                return "one file at a time is written to --binary or --mof-out";
        if (o->repository && o->socket)
                return "--repository is a file without a service, --socket a service";
        if (o->json && o->sarif)
                return "--json and --sarif exclude each other";
        return NULL;
}

static int compile_run(const Options *o)
{
        const char *wrong = compile_usage(o);
        if (wrong) {
                say("%s: %s", verb_name, wrong);
                return WMI_USAGE;
        }
        Diagnose *g = mof_diagnose(o, verb_name);
        if (!g)
                return request_no_memory();
        int code = o->check_syntax           ? compile_check(o, g)
                   : o->binary || o->mof_out ? compile_to_files(o, g)
                                             : compile_to_store(o, g);
        int end = diagnose_end(g);
        return code ? code : end;
}

static const Option options[] = {
        {"binary", 'B', OPTION_TEXT, offsetof(Options, binary), OPTION_NO_FLAG, 0, 0, "OUT.bmf",
         "write binary MOF there; no service is asked"},
        {"wmi", 0, OPTION_FLAG, offsetof(Options, wmi), OPTION_NO_FLAG, 0, 0, NULL,
         "with --binary: check the rules for drivers; OUT.bmf goes when one is broken"},
        {"check-syntax", 0, OPTION_FLAG, offsetof(Options, check_syntax), OPTION_NO_FLAG, 0, 0, NULL,
         "only look for errors"},
        {"mof-out", 0, OPTION_TEXT, offsetof(Options, mof_out), OPTION_NO_FLAG, 0, 0, "FILE",
         "of a master text: the part without language"},
        {"mfl-out", 0, OPTION_TEXT, offsetof(Options, mfl_out), OPTION_NO_FLAG, 0, 0, "FILE",
         "of a master text: the part in its language"},
        {"amendment", 0, OPTION_TEXT, offsetof(Options, amendment), OPTION_NO_FLAG, 0, 0, "MS_XXX",
         "the language's namespace, such as MS_409; default: the text's #pragma amendment"},
        OPTION_STORE_NAMESPACE,
        {"class", 0, OPTION_TEXT, offsetof(Options, class_flag), OPTION_NO_FLAG, 0, 0, "FLAG",
         "updateonly, createonly, safeupdate or forceupdate, as #pragma classflags"},
        {"instance", 0, OPTION_TEXT, offsetof(Options, instance_flag), OPTION_NO_FLAG, 0, 0, "FLAG",
         "updateonly or createonly, as #pragma instanceflags"},
        OPTIONS_MOF_INPUT,
        OPTION_COMPAT,
        OPTION_JSON,
        OPTION_SARIF,
        OPTION_SOCKET,
        {"repository", 0, OPTION_TEXT, offsetof(Options, repository), OPTION_NO_FLAG, 0, 0, "FILE",
         "into this repository, which no service has; made when it is not there"},
        OPTION_END,
};

const Verb verb_mof_compile = {
        .name = "compile",
        .summary = "Compile MOF into the service or a repository, or to binary MOF",
        .usage = "FILE... [OPTION]...",
        .text = "  wmi mof compile thing.mof                       into the running service\n"
                "  wmi mof compile --repository wmi.db thing.mof   into a file, without one\n"
                "  wmi mof compile --wmi -B toaster.bmf toaster.mof\n"
                "  wmi mof compile --amendment MS_409 --mof-out n.mof --mfl-out l.mfl master.mof\n\n"
                "FILE is MOF text or binary MOF, also that inside a driver or an ACPI table; FILE#2 is the "
                "second in "
                "it, - is\n"
                "standard input. Each file is taken whole or not at all. Lists what was created, updated, "
                "deleted or "
                "left as\n"
                "it was. What no namespace pragma places goes to --namespace. Exit: 3 when the MOF is "
                "refused.",
        .options = options,
        .least = 1,
        .most = SIZE_MAX,
        .run = compile_run,
};
