// SPDX-License-Identifier: MIT
// Classes for data blocks, from files or the service.
#include "mof-class.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cim/layout.h"
#include "cim/method.h"
#include "missing.h"
#include "mof/system.h"
#include "say.h"

// --- files ---------------------------------------------------------------------------------------

// The standard blocks: a driver's class may be derived from them and embed them.
static int classes_standard(MofInput *ret)
{
        Diag errors[1];
        size_t n = 0;
        MofSource s = {.text = mof_wmicore_text, .name = "wmicore.mof"};
        int r = mof_parse(&s, &ret->document, errors, 1, &n);
        if (r)
                say("%s", r == E_DIAG ? errors[0].message : strerror(-r));
        return r ? WMI_FAILED : WMI_DONE;
}

static int classes_load(MofClasses *m, Diagnose *g)
{
        const Texts *files = &m->options->mofs;
        int code = WMI_DONE;
        for (size_t i = 0; i < files->n && !code; i++) {
                code = mof_load(m->options, files->p[i], g, &m->inputs[i]);
                m->count++;
                if (code == WMI_INPUT && m->inputs[i].document)
                        code = WMI_DONE; // what could be read may be enough
        }
        if (!code) {
                code = classes_standard(&m->inputs[m->count]);
                m->count += !code;
        }
        return code;
}

static int classes_files(MofClasses *m)
{
        m->inputs = calloc(m->options->mofs.n + 1, sizeof(*m->inputs));
        const MofDocument **documents = calloc(m->options->mofs.n + 1, sizeof(*documents));
        Diagnose *g = diagnose_new(DIAGNOSE_TEXT, m->verb);
        int code = m->inputs && documents && g ? classes_load(m, g) : request_no_memory();
        if (!code) {
                for (size_t i = 0; i < m->count; i++)
                        documents[i] = m->inputs[i].document;
                if (mofck_blocks_new(documents, m->count, &m->blocks))
                        code = request_no_memory();
        }
        if (g)
                diagnose_end(g);
        free(documents);
        return code;
}

// Other verbs of `wmi mof` take the file first, so that is tried here, too.
static bool is_file_name(const char *name)
{
        return !strpbrk(name, ":=") && strpbrk(name, "./") && access(name, F_OK) == 0;
}

int mof_classes_open(const Options *o, const char *verb, MofClasses *ret)
{
        *ret = (MofClasses){.options = o, .verb = verb};
        if (o->mofs.n)
                return classes_files(ret);
        if (o->arguments.n && is_file_name(o->arguments.p[0])) {
                say("%s: %s is a file: name the class, and the file behind --mof", verb, o->arguments.p[0]);
                return WMI_USAGE;
        }
        int code = request_connect(o, verb, &ret->client);
        if (code == WMI_GONE)
                say("%s: without --mof FILE the class is looked for in the service", verb);
        return code;
}

void mof_classes_deinit(MofClasses *m)
{
        mofck_blocks_free(m->blocks);
        for (size_t i = 0; m->inputs && i < m->count; i++)
                mof_input_deinit(&m->inputs[i]);
        free(m->inputs);
        for (size_t i = 0; i < m->kept_count; i++)
                cim_instance_unref(m->kept[i]);
        free(m->kept);
        if (m->client)
                client_free(m->client);
        *m = (MofClasses){0};
}

static int offer(void *context, Str name)
{
        str_nearest_offer(context, name);
        return 0;
}

static int classes_in_files(MofClasses *m, Str name, const CimClass **ret)
{
        Diag d = {0};
        int r = mofck_blocks_class(m->blocks, name, ret, &d);
        if (r == E_DIAG) {
                say_diag(&d, (Str){0});
                return WMI_INPUT;
        }
        if (r)
                return request_no_memory();
        if (*ret) {
                Str base = mofck_blocks_unknown_base(m->blocks, name);
                if (base.n)
                        say("%.*s, which %.*s is derived from, is in no file: its items are not known",
                            STR_ARG(base), STR_ARG(name));
                return WMI_DONE;
        }
        StrNearest nearest = {.wanted = name};
        mofck_blocks_each(m->blocks, offer, &nearest);
        if (nearest.best.n)
                say("no file has a class %.*s; did you mean %.*s?", STR_ARG(name), STR_ARG(nearest.best));
        else
                say("no file has a class %.*s", STR_ARG(name));
        return WMI_FAILED;
}

// --- the service ---------------------------------------------------------------------------------

static int classes_keep(MofClasses *m, CimInstance *take)
{
        CimInstance **more = realloc(m->kept, (m->kept_count + 1) * sizeof(*more));
        if (!more) {
                cim_instance_unref(take);
                return request_no_memory();
        }
        m->kept = more;
        more[m->kept_count++] = take;
        return WMI_DONE;
}

// Drivers' classes are in root\wmi unless somebody says otherwise.
static int classes_in_service(MofClasses *m, const char *name, const CimClass **ret)
{
        Target t;
        CimInstance *i;
        Diag d = {0};
        int code = target_read_class(m->options, m->verb, name, &t);
        if (!code) {
                if (!t.own_namespace)
                        t.namespace = STR("root\\wmi");
                int r = client_get_object(m->client, t.namespace, t.relative, 0, REQUEST_MS, &i, &d);
                if (!r) {
                        code = classes_keep(m, i);
                        *ret = i->class;
                } else if (r == E_DIAG &&
                           (d.code == (uint32_t)CIM_E_NOT_FOUND || d.code == (uint32_t)CIM_E_INVALID_CLASS)) {
                        code = missing_class(m->client, t.namespace, t.path.class_name);
                } else {
                        code = target_failed(&t, "GetObject", r, &d);
                }
        }
        target_deinit(&t);
        return code;
}

int mof_classes_find(MofClasses *m, const char *name, const CimClass **ret)
{
        *ret = NULL;
        return m->blocks ? classes_in_files(m, str_of(name), ret) : classes_in_service(m, name, ret);
}

// --- buffers -------------------------------------------------------------------------------------

static int classes_no_method(const MofClasses *m, const CimClass *c)
{
        Str wanted = str_of(m->options->method);
        StrNearest nearest = {.wanted = wanted};
        for (size_t i = 0; i < c->method_count; i++)
                str_nearest_offer(&nearest, c->methods[i].name);
        if (nearest.best.n)
                say("%.*s has no method %.*s; did you mean %.*s?", STR_ARG(c->name), STR_ARG(wanted),
                    STR_ARG(nearest.best));
        else
                say("%.*s has no method %.*s", STR_ARG(c->name), STR_ARG(wanted));
        return WMI_FAILED;
}

int mof_classes_buffer(const MofClasses *m, const CimClass *c, CimClass **ret)
{
        const Options *o = m->options;
        *ret = NULL;
        if ((o->buffer_in || o->buffer_out) && !o->method) {
                say("%s: --%s is about a method: --method NAME", m->verb, o->buffer_in ? "in" : "out");
                return WMI_USAGE;
        }
        if (o->buffer_in && o->buffer_out) {
                say("%s: --in or --out, not both", m->verb);
                return WMI_USAGE;
        }
        if (!o->method) {
                *ret = cim_class_ref(c);
                return mof_classes_laid_out(m, c, c->name);
        }
        const CimMethod *method = cim_class_method(c, str_of(o->method));
        Diag d = {0};
        if (!method)
                return classes_no_method(m, c);
        int r = cim_method_buffer(method, o->buffer_out ? CIM_METHOD_OUT : CIM_METHOD_IN, ret, &d);
        if (r == -ENOMEM)
                return request_no_memory();
        if (r) {
                say_diag(&d, (Str){0});
                return WMI_INPUT;
        }
        return *ret ? mof_classes_laid_out(m, *ret, method->name) : WMI_DONE;
}

int mof_classes_laid_out(const MofClasses *m, const CimClass *c, Str name)
{
        if (c->layout || !c->layout_error[0])
                return WMI_DONE;
        say("%s: the block of %.*s has no layout: %s", m->verb, STR_ARG(name), c->layout_error);
        return WMI_INPUT;
}
