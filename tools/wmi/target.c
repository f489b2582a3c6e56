// SPDX-License-Identifier: MIT
// Object paths on the command line, and what went wrong with them.
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "cim/schema.h"
#include "missing.h"
#include "say.h"

// --- reading ---------------------------------------------------------------------------------------------

// Shown with the text and a caret under the place.
static int target_wrong(const char *verb, const char *text, const Diag *why)
{
        Diag d = *why;
        if (!d.line && d.length)
                diag_place(&d, text, strlen(text), d.offset, d.length);
        if (d.line)
                snprintf(d.file, sizeof(d.file), "%s: path", verb);
        say_status(&d, NULL, (Str){0}, str_of(text));
        if (strchr(text, '=') && !strchr(text, '"'))
                say("the shell takes quotes away: put the path into single quotes, as in '%s'",
                    "Thing.Name=\"a\"");
        return WMI_INPUT;
}

// This machine, by any of its names.
static bool target_is_here(Str server)
{
        char host[256] = "";
        gethostname(host, sizeof(host) - 1);
        return !server.n || str_eq(server, STR(".")) || str_ieq(server, STR("localhost")) ||
               str_ieq(server, str_of(host));
}

int target_namespace(const Options *o, const char *verb, char *out)
{
        Diag d = {0};
        if (cim_namespace_normal(str_of(o->namespace ? o->namespace : TARGET_NAMESPACE), out, &d) == 0)
                return 0;
        snprintf(d.file, sizeof(d.file), "%s: --namespace", verb);
        say_status(&d, NULL, (Str){0}, (Str){0});
        return WMI_INPUT;
}

static Str target_print(const CimPath *p, Arena *a)
{
        Buf out = {0};
        cim_path_print(p, &out);
        char *z = out.failed ? NULL : arena_strndup(a, (const char *)out.p, out.n);
        size_t n = out.n;
        buf_deinit(&out);
        return (Str){z, z ? n : 0};
}

// How a namespace is deleted: as an instance of the one above it.
static void target_say_namespace(Str namespace)
{
        size_t n = namespace.n;
        while (n && namespace.p[n - 1] != '\\')
                n--;
        if (n > 1)
                say("a namespace goes as an instance of the one above it: wmi delete "
                    "'%.*s:__NAMESPACE.Name=\"%.*s\"'",
                    (int)(n - 1), namespace.p, (int)(namespace.n - n), namespace.p + n);
}

int target_read(const Options *o, const char *verb, const char *text, Target *ret)
{
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        Diag d = {0};
        *ret = (Target){0};
        int r = cim_path_parse(str_of(text), &ret->arena, &ret->path, &d);
        if (r)
                return r == E_DIAG ? target_wrong(verb, text, &d) : request_no_memory();
        if (!target_is_here(ret->path.server)) {
                say("%s: %.*s is another machine; only this one can be reached", verb,
                    STR_ARG(ret->path.server));
                return WMI_INPUT;
        }
        if (!ret->path.class_name.n) {
                say("%s: %s is a namespace; a class or an instance is wanted, such as Thing or "
                    "Thing.Name=\"a\"",
                    verb, text);
                if (!strcmp(verb, "wmi delete"))
                        target_say_namespace(ret->path.namespace);
                return WMI_INPUT;
        }
        ret->own_namespace = ret->path.namespace.n || o->namespace;
        ret->namespace = ret->path.namespace;
        if (!ret->namespace.n) {
                int code = target_namespace(o, verb, normal);
                if (code)
                        return code;
                ret->namespace = (Str){arena_strndup(&ret->arena, normal, strlen(normal)), strlen(normal)};
        }
        ret->path.server = ret->path.namespace = (Str){0};
        ret->relative = target_print(&ret->path, &ret->arena);
        return ret->relative.p && ret->namespace.p ? 0 : request_no_memory();
}

int target_read_class(const Options *o, const char *verb, const char *text, Target *ret)
{
        int code = target_read(o, verb, text, ret);
        if (!code && !target_is_class(ret)) {
                say("%s: %s is an instance; a class is wanted, here %.*s", verb, text,
                    STR_ARG(ret->path.class_name));
                code = WMI_INPUT;
        }
        return code;
}

void target_deinit(Target *t)
{
        arena_deinit(&t->arena);
        *t = (Target){0};
}

// --- failures --------------------------------------------------------------------------------------------

int target_failed(const Target *t, const char *operation, int r, const Diag *d)
{
        if (r != E_DIAG)
                return request_failed(r, d);
        Buf about = {0};
        buf_printf(&about, "%.*s:%.*s", STR_ARG(t->namespace), STR_ARG(t->relative));
        say_status(d, operation, (Str){(const char *)about.p, about.n}, (Str){0});
        buf_deinit(&about);
        return say_exit_object(d->code);
}

// --- classes ---------------------------------------------------------------------------------------------

int target_class(Client *c, const Target *t, Str name, CimInstance **ret)
{
        Diag d = {0};
        int r = client_get_object(c, t->namespace, name, 0, REQUEST_MS, ret, &d);
        if (r == 0)
                return 0;
        if (r == E_DIAG && (d.code == (uint32_t)CIM_E_NOT_FOUND || d.code == (uint32_t)CIM_E_INVALID_CLASS))
                return missing_class(c, t->namespace, name);
        return target_failed(t, "GetObject", r, &d);
}

const CimClass *target_find_class(void *classes, Str name)
{
        TargetClasses *c = classes;
        CimInstance *found;
        Diag d = {0};
        for (size_t i = 0; i < c->count; i++)
                if (str_ieq(c->kept[i]->class->name, name))
                        return c->kept[i]->class;
        CimInstance **more = reallocarray(c->kept, c->count + 1, sizeof(*more));
        if (!more)
                return NULL;
        c->kept = more;
        if (client_get_object(c->client, c->namespace, name, 0, REQUEST_MS, &found, &d))
                return NULL;
        if (!found->is_class) {
                cim_instance_unref(found);
                return NULL;
        }
        c->kept[c->count++] = found;
        return found->class;
}

void target_classes_deinit(TargetClasses *c)
{
        for (size_t i = 0; i < c->count; i++)
                cim_instance_unref(c->kept[i]);
        free(c->kept);
        *c = (TargetClasses){0};
}
