// SPDX-License-Identifier: MIT
// wmi put: creates or changes an instance.
//
// What exists is read, changed and written with "update only"; what does not is made and written with "create
// only". When somebody else came between, it begins again: so nothing that was deleted comes back, and
// nothing that was created meanwhile is overwritten with defaults.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assign.h"
#include "list.h"
#include "print-event.h"
#include "say.h"
#include "target.h"

enum { PUT_TRIES = 16, PUT_UPDATE_ONLY = 1, PUT_CREATE_ONLY = 2 };

typedef struct Put {
        const Options *options;
        Client *client;
        Target target;
        CimInstance *class;
        TargetClasses classes;
        bool created;
} Put;

// --- the object ------------------------------------------------------------------------------------------

static int put_wrong(const Diag *why, const char *text)
{
        Diag d = *why;
        if (d.line)
                snprintf(d.file, sizeof(d.file), "wmi put");
        say_status(&d, NULL, (Str){0}, text ? str_of(text) : (Str){0});
        return WMI_INPUT;
}

static int put_assign(Put *p, CimInstance *i)
{
        const Texts *a = &p->options->arguments;
        size_t bad = 0;
        Diag d = {0};
        AssignScope scope = {target_find_class, &p->classes, !target_is_class(&p->target)};
        int r = assign_properties(i, a->p + 1, a->n - 1, &scope, &bad, &d);
        if (r == E_DIAG)
                return put_wrong(&d, a->p[bad + 1]);
        return r ? request_no_memory() : 0;
}

// A new instance: defaults, the keys of the path, the values that are given.
static int put_new(Put *p, CimInstance **ret)
{
        Diag d = {0};
        CimInstance *i;
        if (cim_instance_new(p->class->class, &i))
                return request_no_memory();
        int r = assign_keys(i, &p->target.path, &d);
        int code = r == E_DIAG ? put_wrong(&d, NULL) : r ? request_no_memory() : put_assign(p, i);
        if (!code && assign_check_keys(i, &d))
                code = put_wrong(&d, NULL);
        if (!code && cim_instance_place(i, p->target.namespace))
                code = request_no_memory();
        if (code)
                cim_instance_unref(i);
        else
                *ret = i;
        return code;
}

// The path by which the instance is found: the target's, or the one that the given keys make.
static int put_path(Put *p, const CimInstance *fresh, Buf *out)
{
        Diag d = {0};
        if (!target_is_class(&p->target)) {
                buf_put(out, p->target.relative.p, p->target.relative.n);
                return out->failed ? request_no_memory() : 0;
        }
        int r = cim_instance_relpath(fresh, out, &d);
        return r == E_DIAG ? put_wrong(&d, NULL) : r ? request_no_memory() : 0;
}

// The instance as it is, with the values that are given. *ret NULL: there is none.
static int put_old(Put *p, Str path, CimInstance **ret)
{
        Diag d = {0};
        *ret = NULL;
        int r = client_get_object(p->client, p->target.namespace, path, 0, REQUEST_STORE_MS, ret, &d);
        if (r == E_DIAG && d.code == (uint32_t)CIM_E_NOT_FOUND && !p->options->update)
                return 0;
        if (r)
                return target_failed(&p->target, "GetObject", r, &d);
        int code = put_assign(p, *ret);
        if (code)
                *ret = cim_instance_unref(*ret);
        return code;
}

// --- writing ---------------------------------------------------------------------------------------------

static int put_write(Put *p, const CimInstance *i, uint32_t flags, char **ret_path, bool *ret_again)
{
        Diag d = {0};
        int r = client_put_instance(p->client, p->target.namespace, i, flags, REQUEST_STORE_MS, ret_path, &d);
        if (r == -ETIMEDOUT)
                say("whether it was written is not known: wmi get tells");
        uint32_t passed =
                flags == PUT_CREATE_ONLY ? (uint32_t)CIM_E_ALREADY_EXISTS : (uint32_t)CIM_E_NOT_FOUND;
        bool insists = flags == PUT_CREATE_ONLY ? p->options->create : p->options->update;
        *ret_again = r == E_DIAG && d.code == passed && !insists;
        return r && !*ret_again ? target_failed(&p->target, "PutInstance", r, &d) : 0;
}

// One try: 0 with the object as it was written, or *ret_again.
static int put_try(Put *p, CimInstance **ret, bool *ret_again)
{
        CimInstance *fresh = NULL, *old = NULL;
        Buf path = {0};
        char *written = NULL;
        int code = put_new(p, &fresh);
        if (!code)
                code = put_path(p, fresh, &path);
        if (!code && !p->options->create)
                code = put_old(p, (Str){(const char *)path.p, path.n}, &old);
        p->created = !old;
        if (!code)
                code = put_write(p, old ? old : fresh, old ? PUT_UPDATE_ONLY : PUT_CREATE_ONLY, &written,
                                 ret_again);
        if (!code && !*ret_again)
                *ret = cim_instance_ref(old ? old : fresh);
        cim_instance_unref(old);
        cim_instance_unref(fresh);
        buf_deinit(&path);
        free(written);
        return code;
}

static int put_say(const Put *p, const CimInstance *i)
{
        Buf path = {0};
        int code;
        if (p->options->json)
                return list_object(p->options, i);
        buf_text(&path, p->created ? "created\t" : "changed\t");
        if (!value_path(i, &path))
                buf_printf(&path, "%.*s", STR_ARG(p->target.relative));
        buf_u8(&path, '\n');
        code = path.failed ? request_no_memory() : list_text((Str){(const char *)path.p, path.n});
        buf_deinit(&path);
        return code;
}

static int put_instance(Put *p)
{
        CimInstance *i = NULL;
        bool again = true;
        int code = target_class(p->client, &p->target, p->target.path.class_name, &p->class);
        p->classes = (TargetClasses){.client = p->client, .namespace = p->target.namespace};
        for (int tries = 0; !code && again && tries < PUT_TRIES; tries++)
                code = put_try(p, &i, &again);
        if (!code && again) {
                say("%.*s is created and deleted by others all the time; nothing was written",
                    STR_ARG(p->target.relative));
                code = WMI_FAILED;
        }
        if (!code)
                code = put_say(p, i);
        cim_instance_unref(i);
        return code;
}

static int put_run(const Options *o)
{
        Put p = {.options = o};
        if (o->create && o->update) {
                say("wmi put: --create and --update exclude each other");
                return WMI_USAGE;
        }
        int code = target_read(o, "wmi put", o->arguments.p[0], &p.target);
        if (!code)
                code = request_connect(o, "wmi put", &p.client);
        if (!code) {
                request_await(p.client, "the store");
                code = put_instance(&p);
        }
        cim_instance_unref(p.class);
        target_classes_deinit(&p.classes);
        client_free(p.client);
        target_deinit(&p.target);
        return code;
}

static const Option options[] = {
        {"create", 0, OPTION_FLAG, offsetof(Options, create), OPTION_NO_FLAG, 0, 0, NULL,
         "fail when the instance exists"},
        {"update", 0, OPTION_FLAG, offsetof(Options, update), OPTION_NO_FLAG, 0, 0, NULL,
         "fail when it does not exist"},
        OPTION_STORE_NAMESPACE,
        OPTION_JSON,
        OPTION_SOCKET,
        OPTION_END,
};

const Verb verb_put = {
        .name = "put",
        .summary = "Create or change an instance",
        .usage = "PATH [PROPERTY=VALUE]... [OPTION]...",
        .text = "  wmi put 'Thing.Name=\"a\"' Size=3 Label='with blanks' On=TRUE\n"
                "  wmi put Thing Name=a Size=3              the keys as properties\n"
                "  wmi put 'Thing.Name=\"a\"' Sizes='{1, 2}'   an array; also Sizes=1 Sizes=2\n"
                "  wmi put 'Thing.Name=\"a\"' Label=NULL Text='\"NULL\"'\n\n"
                "Properties that are not named keep their values. Exit 0 means that the store has it on "
                "disk.\n"
                "wmi(1) says how values of each type are written.",
        .options = options,
        .least = 1,
        .most = SIZE_MAX,
        .run = put_run,
};
