// SPDX-License-Identifier: MIT
// wmi show: the MOF text of a class, with what it inherits, or of an instance.
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cim/text.h"
#include "list.h"
#include "missing.h"
#include "print-value.h"
#include "say.h"
#include "target.h"

static bool show_is_event(const CimClass *c)
{
        return cim_class_isa(c, STR("__Event"));
}

// --- as text -------------------------------------------------------------------------------------------

static void show_text(const CimClass *c, Str namespace, Buf *out)
{
        buf_printf(out, "// %s", c->name.p);
        for (const CimClass *s = c->super; s; s = s->super)
                buf_printf(out, " : %s", s->name.p);
        buf_text(out, show_is_event(c) ? "\n// an event class; in " : "\n// in ");
        buf_printf(out, "%.*s\n", STR_ARG(namespace));
        const CimClass *origin = NULL;
        for (size_t i = 0; i < c->property_count; i++) {
                const CimProperty *p = &c->properties[i];
                if (p->local)
                        continue;
                if (p->origin != origin)
                        buf_printf(out, "%s// inherited from %s: ", origin ? "\n" : "", p->origin->name.p);
                else
                        buf_text(out, ", ");
                origin = p->origin;
                uint16_t type = p->type & (uint16_t)~CIM_ARRAY;
                bool reference = type == CIM_REFERENCE;
                if (p->class_name.n && (reference || type == CIM_OBJECT))
                        buf_printf(out, "%.*s%s", STR_ARG(p->class_name), reference ? " ref" : "");
                else
                        buf_text(out, cim_type_name(p->type));
                buf_printf(out, " %.*s%s", STR_ARG(p->name), cim_is_array(p->type) ? "[]" : "");
        }
        buf_text(out, origin ? "\n" : "");
        cim_text_class(c, out);
        if (out->n && out->p[out->n - 1] != '\n')
                buf_u8(out, '\n');
}

// --- as JSON -------------------------------------------------------------------------------------------

static json_object *show_json_property(const CimProperty *p)
{
        json_object *o = json_object_new_object();
        json_object_object_add(o, "name", json_object_new_string_len(p->name.p, (int)p->name.n));
        json_object_object_add(o, "type", json_object_new_string(cim_type_name(p->type)));
        json_object_object_add(o, "array", json_object_new_boolean(cim_is_array(p->type)));
        if (p->class_name.n)
                json_object_object_add(o, "class",
                                       json_object_new_string_len(p->class_name.p, (int)p->class_name.n));
        json_object_object_add(o, "origin",
                               json_object_new_string_len(p->origin->name.p, (int)p->origin->name.n));
        if (p->data_id)
                json_object_object_add(o, "dataId", json_object_new_uint64(p->data_id));
        return o;
}

static void show_json(const CimClass *c, Str namespace, Buf *out)
{
        json_object *o = json_object_new_object(), *supers = json_object_new_array(),
                    *properties = json_object_new_array();
        json_object_object_add(o, "class", json_object_new_string_len(c->name.p, (int)c->name.n));
        json_object_object_add(o, "namespace", json_object_new_string_len(namespace.p, (int)namespace.n));
        json_object_object_add(o, "event", json_object_new_boolean(show_is_event(c)));
        if (c->has_guid) {
                char guid[GUID_TEXT];
                json_object_object_add(o, "guid", json_object_new_string(guid_text(&c->guid, guid)));
        }
        for (const CimClass *s = c->super; s; s = s->super)
                json_object_array_add(supers, json_object_new_string_len(s->name.p, (int)s->name.n));
        json_object_object_add(o, "superclasses", supers);
        for (size_t i = 0; i < c->property_count; i++)
                json_object_array_add(properties, show_json_property(&c->properties[i]));
        json_object_object_add(o, "properties", properties);
        Buf mof = {0};
        cim_text_class(c, &mof);
        json_object_object_add(o, "mof", json_object_new_string_len((const char *)mof.p, (int)mof.n));
        buf_deinit(&mof);
        say_clean_line(str_of(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
                                                                        JSON_C_TO_STRING_NOSLASHESCAPE)),
                       out);
        buf_u8(out, '\n');
        json_object_put(o);
}

// --- the verb --------------------------------------------------------------------------------------------

static int show_class(const Options *o, const CimClass *c, Str namespace)
{
        Buf text = {0};
        if (o->json)
                show_json(c, namespace, &text);
        else
                show_text(c, namespace, &text);
        int code = text.failed ? request_no_memory() : list_text((Str){(const char *)text.p, text.n});
        buf_deinit(&text);
        return code;
}

// An instance is what wmi get shows, as MOF.
static int show_instance(const Options *o, const CimInstance *i)
{
        if (o->json)
                return list_object(o, i);
        Buf text = {0};
        buf_text(&text, "// ");
        value_path(i, &text);
        buf_u8(&text, '\n');
        cim_text_instance(i, &text);
        if (text.n && text.p[text.n - 1] != '\n')
                buf_u8(&text, '\n');
        int code = text.failed ? request_no_memory() : list_text((Str){(const char *)text.p, text.n});
        buf_deinit(&text);
        return code;
}

static bool show_is_missing(int r, const Diag *d)
{
        return r == E_DIAG &&
               (d->code == (uint32_t)CIM_E_NOT_FOUND || d->code == (uint32_t)CIM_E_INVALID_CLASS);
}

// Where nobody says a namespace: root\default, then root\wmi, where drivers' classes are.
static int show_get(Client *c, Target *t, CimInstance **ret, Diag *reterr)
{
        int r = client_get_object(c, t->namespace, t->relative, 0, REQUEST_MS, ret, reterr);
        if (!show_is_missing(r, reterr) || t->own_namespace)
                return r;
        Diag d = {0};
        Str wmi = STR("root\\wmi");
        int again = client_get_object(c, wmi, t->relative, 0, REQUEST_MS, ret, &d);
        if (show_is_missing(again, &d))
                return r;
        t->namespace = wmi;
        *reterr = d;
        return again;
}

static int show_object(const Options *o, Client *c, Target *t)
{
        CimInstance *i;
        Diag d = {0};
        int r = show_get(c, t, &i, &d);
        if (show_is_missing(r, &d) && target_is_class(t))
                return missing_class(c, t->namespace, t->path.class_name);
        if (r)
                return target_failed(t, "GetObject", r, &d);
        int code = i->is_class ? show_class(o, i->class, i->namespace.n ? i->namespace : t->namespace)
                               : show_instance(o, i);
        cim_instance_unref(i);
        return code;
}

static int show_run(const Options *o)
{
        Target t;
        Client *c;
        int code = target_read(o, "wmi show", o->arguments.p[0], &t);
        if (!code)
                code = request_connect(o, "wmi show", &c);
        if (!code) {
                code = show_object(o, c, &t);
                client_free(c);
        }
        target_deinit(&t);
        return code;
}

static const Option options[] = {{"namespace", 'n', OPTION_TEXT, offsetof(Options, namespace), OPTION_NO_FLAG,
                                  0, 0, "NS", "the namespace; default: root\\default, then root\\wmi"},
                                 OPTION_JSON,
                                 OPTION_SOCKET,
                                 OPTION_END};

const Verb verb_show = {
        .name = "show",
        .summary = "Show a class or an instance as MOF",
        .usage = "PATH [OPTION]...",
        .text = "  wmi show Toast                 a class, and as comments what it inherits\n"
                "  wmi show 'Thing.Name=\"a\"'     an instance",
        .options = options,
        .least = 1,
        .most = 1,
        .run = show_run,
};
