// SPDX-License-Identifier: MIT
// wmi show: the MOF text of a class, with what it inherits.
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cim/text.h"
#include "output.h"
#include "request.h"
#include "say.h"

static bool show_is_event(const CimClass *c)
{
        return cim_class_isa(c, STR("__Event"));
}

// --- when it is not there ------------------------------------------------------------------------------

typedef struct Search {
        Str wanted;
        StrNearest nearest;
        Arena memory;
        Buf elsewhere; // namespaces that have a class of that name
} Search;

static void show_search_namespace(Client *c, Str namespace, bool here, Search *s)
{
        ClientItem item;
        Diag d;
        Wire_LIST_CLASSES_Reply reply;
        Wire_LIST_CLASSES m = {.namespace = namespace, .superclass = STR("")};
        if (client_call(c, LIST_CLASSES, &m, REQUEST_MS, &item, &d))
                return;
        bool fine = wire_get_LIST_CLASSES_reply(item.frame.payload, item.frame.size, &reply);
        Reader list = {(const uint8_t *)reply.list.p, reply.list.n, false};
        for (uint32_t i = 0; fine && i < reply.count && !list.failed; i++) {
                Str name = read_str(&list);
                read_str(&list);
                read_u8(&list);
                char *kept = list.failed ? NULL : arena_strndup(&s->memory, name.p, name.n);
                if (kept && here)
                        str_nearest_offer(&s->nearest, (Str){kept, name.n});
                else if (kept && str_ieq(name, s->wanted))
                        buf_printf(&s->elsewhere, "%s%.*s", s->elsewhere.n ? ", " : "", STR_ARG(namespace));
        }
        client_item_deinit(&item);
}

static void show_search(Client *c, Str namespace, Search *s)
{
        ClientItem item;
        Diag d;
        Wire_LIST_NAMESPACES_Reply reply;
        Wire_LIST_NAMESPACES m = {0};
        show_search_namespace(c, namespace, true, s);
        if (client_call(c, LIST_NAMESPACES, &m, REQUEST_MS, &item, &d))
                return;
        bool fine = wire_get_LIST_NAMESPACES_reply(item.frame.payload, item.frame.size, &reply);
        Reader list = {(const uint8_t *)reply.list.p, reply.list.n, false};
        for (uint32_t i = 0; fine && i < reply.count && !list.failed; i++)
                show_search_namespace(c, read_str(&list), false, s);
        client_item_deinit(&item);
}

static int show_not_found(Client *c, Str namespace, Str name)
{
        Search s = {.wanted = name, .nearest = {.wanted = name}};
        show_search(c, namespace, &s);
        const char *elsewhere = s.elsewhere.n ? buf_z(&s.elsewhere) : NULL;
        if (elsewhere)
                say("%.*s has no class %.*s, but it is in %s (--namespace)", STR_ARG(namespace),
                    STR_ARG(name), elsewhere);
        else if (s.nearest.best.n)
                say("%.*s has no class %.*s; did you mean %.*s?", STR_ARG(namespace), STR_ARG(name),
                    STR_ARG(s.nearest.best));
        else
                say("%.*s has no class %.*s; wmi ls lists what there is", STR_ARG(namespace), STR_ARG(name));
        arena_deinit(&s.memory);
        buf_deinit(&s.elsewhere);
        return WMI_FAILED;
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
                buf_printf(out, "%s %.*s%s", cim_type_name(p->type), STR_ARG(p->name),
                           cim_is_array(p->type) ? "[]" : "");
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
        Output out;
        Buf text = {0};
        output_init(&out, STDOUT_FILENO);
        if (o->json)
                show_json(c, namespace, &out.pending);
        else
                show_text(c, namespace, &text);
        say_clean((Str){(const char *)text.p, text.n}, &out.pending);
        out.pending.failed |= text.failed;
        output_finish(&out);
        int code = out.error ? WMI_FAILED : WMI_DONE;
        if (out.error)
                say("standard output: %s", strerror(out.error));
        buf_deinit(&text);
        output_deinit(&out);
        return code;
}

static int show_run(const Options *o)
{
        Client *client;
        CimClass *c;
        Diag d = {0};
        Str namespace = str_of(o->namespace ? o->namespace : "root\\wmi"), name = str_of(o->arguments.p[0]);
        int code = request_connect(o, "wmi show", &client);
        if (code)
                return code;
        int r = client_get_class(client, namespace, name, REQUEST_MS, &c, &d);
        if (r == 0) {
                code = show_class(o, c, namespace);
                cim_class_unref(c);
        } else if (r == E_DIAG &&
                   (d.code == (uint32_t)CIM_E_NOT_FOUND || d.code == (uint32_t)CIM_E_INVALID_CLASS)) {
                code = show_not_found(client, namespace, name);
        } else {
                code = request_failed(r, &d);
        }
        client_free(client);
        return code;
}

static const Option options[] = {OPTION_NAMESPACE, OPTION_JSON, OPTION_SOCKET, OPTION_END};

const Verb verb_show = {
        .name = "show",
        .summary = "Show the MOF text of a class",
        .usage = "CLASS [OPTION]...",
        .options = options,
        .least = 1,
        .most = 1,
        .run = show_run,
};
