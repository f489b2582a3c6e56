// SPDX-License-Identifier: MIT
// wmi get and wmi delete: one instance, or one class, by its path.
#include <errno.h>

#include "list.h"
#include "missing.h"
#include "say.h"
#include "target.h"

static int get_run(const Options *o)
{
        Target t;
        Client *c;
        CimInstance *i;
        Diag d = {0};
        int code = target_read(o, "wmi get", o->arguments.p[0], &t);
        if (!code)
                code = request_connect(o, "wmi get", &c);
        if (!code) {
                request_await(c, "the service");
                int r = client_get_object(c, t.namespace, t.relative, 0, REQUEST_STORE_MS, &i, &d);
                if (r == 0) {
                        code = list_object(o, i);
                        cim_instance_unref(i);
                } else if (r == E_DIAG && target_is_class(&t) && d.code == (uint32_t)CIM_E_NOT_FOUND) {
                        code = missing_class(c, t.namespace, t.path.class_name);
                } else {
                        code = target_failed(&t, "GetObject", r, &d);
                }
                client_free(c);
        }
        target_deinit(&t);
        return code;
}

// On standard output what is gone, as wmi put says created and changed; of a class also that more went with
// it.
static int delete_say(const Options *o, const Target *t)
{
        Buf path = {0};
        buf_printf(&path, "\\\\.\\%.*s:%.*s", STR_ARG(t->namespace), STR_ARG(t->relative));
        if (target_is_class(t))
                say("the subclasses of %.*s and all their instances are deleted with it",
                    STR_ARG(t->relative));
        int code = path.failed ? request_no_memory()
                               : list_done("deleted", (Str){(const char *)path.p, path.n}, o->json);
        buf_deinit(&path);
        return code;
}

static int delete_run(const Options *o)
{
        Target t;
        Client *c;
        Diag d = {0};
        int code = target_read(o, "wmi delete", o->arguments.p[0], &t);
        if (!code)
                code = request_connect(o, "wmi delete", &c);
        if (!code) {
                bool class = target_is_class(&t);
                request_await(c, "the store");
                int r = class ? client_delete_class(c, t.namespace, t.relative, REQUEST_STORE_MS, &d)
                              : client_delete_instance(c, t.namespace, t.relative, REQUEST_STORE_MS, &d);
                if (r == 0)
                        code = delete_say(o, &t);
                else if (r == E_DIAG && class && d.code == (uint32_t)CIM_E_NOT_FOUND)
                        code = missing_class(c, t.namespace, t.path.class_name);
                else if (r)
                        code = target_failed(&t, class ? "DeleteClass" : "DeleteInstance", r, &d);
                client_free(c);
        }
        target_deinit(&t);
        return code;
}

static const Option get_options[] = {OPTION_STORE_NAMESPACE, OPTION_JSON, OPTION_SOCKET, OPTION_END};

const Verb verb_get = {
        .name = "get",
        .summary = "Print an instance, or a class, by its path",
        .usage = "PATH [OPTION]...",
        .text = "  wmi get 'Thing.Name=\"a\"'                   in root\\default\n"
                "  wmi get '\\\\.\\root\\cimv2:Thing.Name=\"a\"'    the path's namespace beats --namespace\n"
                "  wmi get 'Settings=@'                      the instance of a singleton class",
        .options = get_options,
        .least = 1,
        .most = 1,
        .run = get_run,
};

static const Option delete_options[] = {OPTION_STORE_NAMESPACE, OPTION_JSON, OPTION_SOCKET, OPTION_END};

const Verb verb_delete = {
        .name = "delete",
        .summary = "Delete an instance, or a class with all its instances",
        .usage = "PATH [OPTION]...",
        .text = "  wmi delete 'Thing.Name=\"a\"'          the instance\n"
                "  wmi delete Thing                     the class: a path without keys. Its subclasses and "
                "all their\n"
                "                                       instances go with it\n"
                "  wmi delete '\\\\.\\root:__NAMESPACE.Name=\"lab\"'   a namespace with all that is in it",
        .options = delete_options,
        .least = 1,
        .most = 1,
        .run = delete_run,
};
