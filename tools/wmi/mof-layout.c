// SPDX-License-Identifier: MIT
// wmi mof layout: where the items of a data block and the parameters of methods stand.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cim/layout.h"
#include "cim/method.h"
#include "mof-class.h"
#include "mof-verbs.h"
#include "say.h"
#include "table.h"

static const TableColumn columns[] = {
        {"block", "BLOCK", false},
        {"id", "ID", true},
        {"offset", "OFFSET", true},
        {"size", "SIZE", true},
        {"align", "ALIGN", true},
        {"type", "TYPE", false},
        {"name", "NAME", false},
        {"class", NULL, false}, // which one of several
        {NULL, NULL, false},
};

static const char depends[] = "depends on data";

static void layout_type(const CimClass *c, const CimItem *i, Buf *out)
{
        Str type = i->object_class ? i->object_class->name : str_of(cim_type_name(i->type));
        out->n = 0;
        buf_put(out, type.p, type.n);
        if (cim_is_array(i->type) && i->count)
                buf_printf(out, "[%u]", i->count);
        else if (cim_is_array(i->type))
                buf_printf(out, "[%.*s]", STR_ARG(c->properties[i->count_property].name));
        if (i->max_chars)
                buf_printf(out, " of at most %u", i->max_chars);
}

static void layout_number(Table *t, bool known, uint64_t v)
{
        if (known)
                table_number(t, v);
        else
                table_word(t, depends);
}

// One line for the block, then one for each item.
static void layout_rows(Table *t, Str class_name, Str block, const CimClass *c, Buf *text)
{
        const CimLayout *l = c->layout;
        table_row(t, true);
        table_str(t, block);
        table_none(t);
        table_number(t, 0);
        layout_number(t, !l || l->size != UINT32_MAX, l ? l->size : 0);
        table_number(t, l ? l->align : 1);
        table_str(t, STR("all of it"));
        table_str(t, class_name);
        table_str(t, class_name);
        for (size_t k = 0; l && k < l->item_count; k++) {
                const CimItem *i = &l->items[k];
                bool fixed = i->size && i->count;
                uint64_t stride = (i->size + (uint64_t)i->align - 1) / i->align * i->align;
                table_row(t, false);
                table_str(t, block);
                table_number(t, i->data_id);
                layout_number(t, i->offset != UINT32_MAX, i->offset);
                layout_number(t, fixed, fixed ? stride * (i->count - 1) + i->size : 0);
                table_number(t, i->align);
                layout_type(c, i, text);
                table_str(t, (Str){(const char *)text->p, text->n});
                table_str(t, c->properties[i->property].name);
                table_str(t, class_name);
        }
}

static int layout_buffer(Table *t, const MofClasses *m, const CimClass *c, const CimMethod *method,
                         CimDirection d, Buf *text)
{
        CimClass *buffer;
        Diag diag = {0};
        char name[LIMIT_NAME_CHARS * 4 + 8];
        snprintf(name, sizeof(name), "%.*s %s", STR_ARG(method->name), d == CIM_METHOD_IN ? "in" : "out");
        int r = cim_method_buffer(method, d, &buffer, &diag);
        if (r == -ENOMEM)
                return request_no_memory();
        if (r) {
                say_diag(&diag, (Str){0});
                return WMI_INPUT;
        }
        int code = WMI_DONE;
        if (buffer)
                code = mof_classes_laid_out(m, buffer, str_of(name));
        if (buffer && !code)
                layout_rows(t, c->name, str_of(name), buffer, text);
        cim_class_unref(buffer);
        return code;
}

// All that can be laid out is; the worst code is returned.
static int layout_class(Table *t, const MofClasses *m, const CimClass *c, Buf *text)
{
        const char *only = m->options->method;
        int code = WMI_DONE;
        if (!only) {
                code = mof_classes_laid_out(m, c, c->name);
                if (!code)
                        layout_rows(t, c->name, STR("data"), c, text);
        } else if (!cim_class_method(c, str_of(only))) {
                say("%.*s has no method %s", STR_ARG(c->name), only);
                return WMI_FAILED;
        }
        for (size_t i = 0; i < c->method_count; i++) {
                if (only && !str_ieq(c->methods[i].name, str_of(only)))
                        continue;
                int in = layout_buffer(t, m, c, &c->methods[i], CIM_METHOD_IN, text),
                    out = layout_buffer(t, m, c, &c->methods[i], CIM_METHOD_OUT, text);
                code = code ? code : in ? in : out;
        }
        return code;
}

// All classes of the files, in their order: those with a block or with methods.
static int layout_all(Table *t, MofClasses *m, Buf *text)
{
        int code = WMI_DONE;
        for (size_t f = 0; f < m->options->mofs.n; f++) {
                const MofDocument *d = m->inputs[f].document;
                for (uint32_t i = 0; d && i < d->item_count; i++) {
                        const MofObject *o = d->items[i].kind == MOF_ITEM_OBJECT ? d->items[i].object : NULL;
                        const CimClass *c;
                        char *name = o && !o->is_instance ? strndup(o->name.p, o->name.n) : NULL;
                        if (!name)
                                continue;
                        int one = mof_classes_find(m, name, &c);
                        free(name);
                        if (!one && (c->method_count || c->layout_error[0] || (c->layout && c->layout->item_count)))
                                one = layout_class(t, m, c, text);
                        code = code ? code : one;
                }
        }
        return code;
}

static int layout_run(const Options *o)
{
        MofClasses m;
        if (!o->arguments.n && (!o->mofs.n || o->method)) {
                say("wmi mof layout: name a class%s", o->method ? "" : ", or --mof FILE for all that are in it");
                return WMI_USAGE;
        }
        Table *t = table_new(columns);
        Buf text = {0};
        int code = t ? mof_classes_open(o, "wmi mof layout", &m) : request_no_memory();
        if (!t)
                return code;
        int worst = code;
        for (size_t i = 0; i < o->arguments.n && !code; i++) {
                const CimClass *c;
                code = mof_classes_find(&m, o->arguments.p[i], &c);
                if (!code) {
                        int one = layout_class(t, &m, c, &text);
                        worst = worst ? worst : one;
                }
        }
        if (!o->arguments.n && !code)
                worst = layout_all(t, &m, &text);
        int printed = code ? code : table_print(t, o->json);
        buf_deinit(&text);
        table_free(t);
        mof_classes_deinit(&m);
        return printed ? printed : worst;
}

static const Option options[] = {OPTION_MOF_CLASSES,
                                 {"method", 0, OPTION_TEXT, offsetof(Options, method), OPTION_NO_FLAG, 0, 0,
                                  "NAME", "the buffers of this method alone"},
                                 OPTIONS_MOF_INPUT,
                                 {"namespace", 'n', OPTION_TEXT, offsetof(Options, namespace), OPTION_NO_FLAG,
                                  0, 0, "NS", "where the service has the class; default: root\\wmi"},
                                 OPTION_JSON,
                                 OPTION_SOCKET,
                                 OPTION_END};

const Verb verb_mof_layout = {
        .name = "layout",
        .summary = "Show offset, size and type of each item of a data block",
        .usage = "[CLASS]... [--mof FILE]... [OPTION]...",
        .text = "  wmi mof layout --mof thing.mof                           all classes of the file\n"
                "  wmi mof layout Vendor_Thing --mof thing.mof\n"
                "  wmi mof layout Vendor_Thing --mof thing.bmf --method Set\n"
                "  wmi mof layout MSStorageDriver_FailurePredictEvent       from the service\n\n"
                "The block, then the input and output buffers of each method; offsets are from the block's "
                "beginning, which is\n"
                "aligned to 8. Behind a string or an array of variable length an offset depends on the data.",
        .options = options,
        .most = SIZE_MAX,
        .run = layout_run,
};
