// SPDX-License-Identifier: MIT
// wmi mof standard: the blocks that every driver finds in root\wmi, and which of them a type of device has.
#include "mof-verbs.h"

#include <fnmatch.h>
#include <strings.h>

#include "base/utf.h"
#include "cim/layout.h"
#include "jsontext.h"
#include "list.h"
#include "mof/standard.h"
#include "request.h"
#include "say.h"
#include "table.h"

typedef struct Standard {
        const Options *options;
        const CimSchema *schema;
        Table *table; // of a terminal or a pipe
        JsonText json;
        Buf text; // JSON lines
        Arena memory;
        StrNearest nearest;
        size_t shown;
} Standard;

static const TableColumn columns[] = {
        {"class", "CLASS", false}, {"kind", "KIND", false}, {"guid", "GUID", false},
        {"items", "ITEMS", false}, {NULL, NULL, false},
};

// --- one class -----------------------------------------------------------------------------------

static Str standard_text(Standard *s, const CimQualifier *q, size_t n, Str name)
{
        const CimQualifier *found = cim_qualifier_find(q, n, name);
        Str text =
                found && found->value.type == CIM_STRING ? utf_to8(&s->memory, found->value.string) : STR("");
        return text.p ? text : STR("");
}

static Str standard_qualifier(Standard *s, const CimClass *c, Str name)
{
        return standard_text(s, c->declared->qualifiers, c->declared->qualifier_count, name);
}

static Str standard_guid(const CimClass *c, char guid[GUID_TEXT])
{
        return c->has_guid ? str_of(guid_text(&c->guid, guid)) : STR("");
}

// uint32, uint8[512], string[Count], MSNdis_NetworkAddress
static void standard_type(Standard *s, const CimProperty *p, Buf *out)
{
        Str size = standard_text(s, p->qualifiers, p->qualifier_count, STR("WmiSizeIs"));
        if (p->class_name.n)
                buf_printf(out, "%.*s", STR_ARG(p->class_name));
        else
                buf_text(out, cim_type_name((uint16_t)cim_type(p->type)));
        if (cim_is_array(p->type) && p->max)
                buf_printf(out, "[%u]", p->max);
        else if (cim_is_array(p->type))
                buf_printf(out, "[%.*s]", STR_ARG(size));
}

static void standard_json_type(Standard *s, const CimProperty *p)
{
        Str size = standard_text(s, p->qualifiers, p->qualifier_count, STR("WmiSizeIs"));
        if (p->class_name.n)
                jsontext_str(&s->json, "type", p->class_name);
        else
                jsontext_z(&s->json, "type", cim_type_name((uint16_t)cim_type(p->type)));
        jsontext_bool(&s->json, "array", cim_is_array(p->type));
        if (p->max)
                jsontext_number(&s->json, "count", p->max, false);
        if (size.n)
                jsontext_str(&s->json, "sizeIs", size);
}

static void standard_json_items(Standard *s, const CimClass *c)
{
        jsontext_open(&s->json, "items", '[');
        for (size_t i = 0; c->layout && i < c->layout->item_count; i++) {
                const CimItem *item = &c->layout->items[i];
                jsontext_open(&s->json, NULL, '{');
                jsontext_number(&s->json, "id", item->data_id, false);
                jsontext_str(&s->json, "name", c->properties[item->property].name);
                standard_json_type(s, &c->properties[item->property]);
                if (item->offset != UINT32_MAX)
                        jsontext_number(&s->json, "offset", item->offset, false);
                jsontext_close(&s->json, '}');
        }
        jsontext_close(&s->json, ']');
}

static void standard_json_methods(Standard *s, const CimClass *c)
{
        jsontext_open(&s->json, "methods", '[');
        for (size_t i = 0; i < c->method_count; i++) {
                const CimMethod *m = &c->methods[i];
                jsontext_open(&s->json, NULL, '{');
                jsontext_number(&s->json, "id", m->method_id, false);
                jsontext_str(&s->json, "name", m->name);
                jsontext_open(&s->json, "parameters", '[');
                for (size_t k = 0; k < m->parameter_count; k++) {
                        const CimProperty *p = &m->parameters[k];
                        jsontext_open(&s->json, NULL, '{');
                        jsontext_str(&s->json, "name", p->name);
                        standard_json_type(s, p);
                        jsontext_bool(&s->json, "in",
                                      cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("in")));
                        jsontext_bool(&s->json, "out",
                                      cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("out")));
                        jsontext_close(&s->json, '}');
                }
                jsontext_close(&s->json, ']');
                jsontext_close(&s->json, '}');
        }
        jsontext_close(&s->json, ']');
}

// A line of JSON: what there is to know.
static void standard_json(Standard *s, const CimClass *c)
{
        char guid[GUID_TEXT];
        Str about = standard_qualifier(s, c, STR("Description")),
            header = standard_qualifier(s, c, STR("HeaderName")),
            macro = standard_qualifier(s, c, STR("GuidName1"));
        s->json = (JsonText){.out = &s->text};
        jsontext_open(&s->json, NULL, '{');
        jsontext_str(&s->json, "class", c->name);
        if (c->super)
                jsontext_str(&s->json, "superclass", c->super->name);
        jsontext_z(&s->json, "kind", mof_standard_kind_name(mof_standard_kind(c)));
        if (c->has_guid)
                jsontext_str(&s->json, "guid", standard_guid(c, guid));
        if (about.n)
                jsontext_str(&s->json, "description", about);
        if (header.n)
                jsontext_str(&s->json, "headerName", header);
        if (macro.n)
                jsontext_str(&s->json, "guidName", macro);
        standard_json_items(s, c);
        standard_json_methods(s, c);
        jsontext_close(&s->json, '}');
        buf_u8(&s->text, '\n');
}

// A row: the names of the items, or of the methods with their numbers.
static void standard_row(Standard *s, const CimClass *c)
{
        char guid[GUID_TEXT];
        Buf items = {0};
        for (size_t i = 0; c->layout && i < c->layout->item_count; i++)
                buf_printf(&items, "%s%.*s", i ? " " : "",
                           STR_ARG(c->properties[c->layout->items[i].property].name));
        for (size_t i = 0; i < c->method_count; i++)
                buf_printf(&items, "%s%.*s()", i || items.n ? " " : "", STR_ARG(c->methods[i].name));
        table_row(s->table, mof_standard_kind(c) == MOF_STANDARD_EVENT);
        table_str(s->table, c->name);
        table_str(s->table, str_of(mof_standard_kind_name(mof_standard_kind(c))));
        table_str(s->table, standard_guid(c, guid));
        table_str(s->table, (Str){(const char *)items.p, items.n});
        s->text.failed |= items.failed;
        buf_deinit(&items);
}

static void standard_show(Standard *s, const CimClass *c)
{
        s->shown++;
        if (s->options->json)
                standard_json(s, c);
        else
                standard_row(s, c);
}

// --- one class, whole, for people ----------------------------------------------------------------

static void standard_method(Standard *s, const CimMethod *m, Buf *out)
{
        buf_printf(out, "    %3u  %.*s(", m->method_id, STR_ARG(m->name));
        for (size_t k = 0; k < m->parameter_count; k++) {
                const CimProperty *p = &m->parameters[k];
                bool in = cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("in"));
                buf_printf(out, "%s%s ", k ? ", " : "",
                           !in                                                                 ? "out"
                           : cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("out")) ? "in out"
                                                                                               : "in");
                standard_type(s, p, out);
                buf_printf(out, " %.*s", STR_ARG(p->name));
        }
        buf_text(out, ")\n");
}

static void standard_item(Standard *s, const CimClass *c, const CimItem *i, Buf *out)
{
        buf_printf(out, "    %3u  ", i->data_id);
        if (i->offset != UINT32_MAX)
                buf_printf(out, "%6u  ", i->offset);
        else
                buf_text(out, "     -  ");
        standard_type(s, &c->properties[i->property], out);
        buf_printf(out, " %.*s\n", STR_ARG(c->properties[i->property].name));
}

static int standard_whole(Standard *s, const CimClass *c)
{
        char guid[GUID_TEXT];
        Str about = standard_qualifier(s, c, STR("Description")),
            header = standard_qualifier(s, c, STR("HeaderName")),
            macro = standard_qualifier(s, c, STR("GuidName1"));
        Buf *out = &s->text;
        buf_printf(out, "%.*s", STR_ARG(c->name));
        if (c->super)
                buf_printf(out, " : %.*s", STR_ARG(c->super->name));
        buf_printf(out, "  (%s)\n", mof_standard_kind_name(mof_standard_kind(c)));
        if (about.n)
                buf_printf(out, "  %.*s\n", STR_ARG(about));
        if (c->has_guid)
                buf_printf(out, "  %.*s%s%.*s\n", STR_ARG(standard_guid(c, guid)), macro.n ? "  " : "",
                           STR_ARG(macro));
        if (header.n)
                buf_printf(out, "  struct %.*s\n", STR_ARG(header));
        if (c->layout)
                buf_text(out, "\n     ID  OFFSET  ITEM\n");
        for (size_t i = 0; c->layout && i < c->layout->item_count; i++)
                standard_item(s, c, &c->layout->items[i], out);
        if (c->method_count)
                buf_text(out, "\n     ID  METHOD\n");
        for (size_t i = 0; i < c->method_count; i++)
                standard_method(s, &c->methods[i], out);
        return 0;
}

// --- which ---------------------------------------------------------------------------------------

static const CimClass *standard_find(const Standard *s, Str name)
{
        return mof_standard_is(name) ? cim_schema_find(s->schema, STR("root\\wmi"), name) : NULL;
}

// Names are ASCII.
static bool standard_matches(const char *pattern, Str name)
{
        char p[LIMIT_NAME_CHARS + 1], n[LIMIT_NAME_CHARS + 1];
        size_t length = strlen(pattern);
        if (length > LIMIT_NAME_CHARS || name.n > LIMIT_NAME_CHARS)
                return false;
        for (size_t i = 0; i <= length; i++)
                p[i] = (char)(pattern[i] >= 'A' && pattern[i] <= 'Z' ? pattern[i] + 32 : pattern[i]);
        for (size_t i = 0; i < name.n; i++)
                n[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
        n[name.n] = '\0';
        return fnmatch(p, n, FNM_NOESCAPE) == 0;
}

static int standard_class(Standard *s, const char *name)
{
        bool pattern = strpbrk(name, "*?[") != NULL;
        const CimClass *c = pattern ? NULL : standard_find(s, str_of(name));
        if (c && !s->options->json)
                return standard_whole(s, c);
        s->nearest.wanted = str_of(name);
        for (size_t i = 0; i < mof_standard_count; i++) {
                c = standard_find(s, mof_standard_names[i]);
                if (pattern ? standard_matches(name, c->name) : str_ieq(str_of(name), c->name))
                        standard_show(s, c);
                else
                        str_nearest_offer(&s->nearest, c->name);
        }
        if (s->shown)
                return 0;
        if (pattern)
                say("no standard class matches %s", name);
        else if (s->nearest.best.n)
                say("there is no standard class %s; did you mean %.*s?", name, STR_ARG(s->nearest.best));
        else
                say("there is no standard class %s; wmi mof standard lists them", name);
        return WMI_FAILED;
}

// What its own MOF declares is named, and where that is from.
static void standard_own(Standard *s, const MofDeviceType *t)
{
        for (size_t i = 0; t->own_events[i]; i++) {
                s->shown++;
                if (s->options->json) {
                        s->json = (JsonText){.out = &s->text};
                        jsontext_open(&s->json, NULL, '{');
                        jsontext_z(&s->json, "class", t->own_events[i]);
                        jsontext_z(&s->json, "kind", "event");
                        jsontext_z(&s->json, "declaredBy", t->own_mof);
                        jsontext_close(&s->json, '}');
                        buf_u8(&s->text, '\n');
                        continue;
                }
                Buf where = {0};
                buf_printf(&where, "in the driver's own MOF, from %s", t->own_mof);
                table_row(s->table, true);
                table_str(s->table, str_of(t->own_events[i]));
                table_str(s->table, STR("event"));
                table_none(s->table);
                table_str(s->table, (Str){(const char *)where.p, where.n});
                s->text.failed |= where.failed;
                buf_deinit(&where);
        }
}

static int standard_device(Standard *s, const char *name)
{
        const MofDeviceType *t = mof_device_type(str_of(name));
        if (!t) {
                Buf list = {0};
                for (t = mof_device_types; t->name; t++)
                        buf_printf(&list, "%s%s", t == mof_device_types ? "" : ", ", t->name);
                say("wmi mof standard: there is no device type %s; there are: %s", name, buf_z(&list));
                buf_deinit(&list);
                return WMI_USAGE;
        }
        for (size_t i = 0; t->events[i]; i++)
                standard_show(s, standard_find(s, str_of(t->events[i])));
        standard_own(s, t);
        for (size_t i = 0; t->blocks[i]; i++)
                standard_show(s, standard_find(s, str_of(t->blocks[i])));
        return 0;
}

// --- the verb ------------------------------------------------------------------------------------

static int standard_all(Standard *s)
{
        const Options *o = s->options;
        if (o->device_type)
                return standard_device(s, o->device_type);
        if (o->arguments.n)
                return standard_class(s, o->arguments.p[0]);
        for (size_t i = 0; i < mof_standard_count; i++)
                standard_show(s, standard_find(s, mof_standard_names[i]));
        return 0;
}

static int mof_standard_run(const Options *o)
{
        CimSchema *schema = NULL;
        Standard s = {.options = o, .table = table_new(columns)};
        if (o->device_type && o->arguments.n) {
                say("wmi mof standard: either a class or --device-type");
                table_free(s.table);
                return WMI_USAGE;
        }
        int code = !s.table || mof_standard_schema(&schema) ? request_no_memory() : 0;
        s.schema = schema;
        if (!code)
                code = standard_all(&s);
        if (!code && s.text.failed)
                code = request_no_memory();
        else if (!code)
                code = s.text.n || o->json ? list_text((Str){(const char *)s.text.p, s.text.n})
                                           : table_print(s.table, false);
        table_free(s.table);
        buf_deinit(&s.text);
        arena_deinit(&s.memory);
        cim_schema_unref(schema);
        return code;
}

static const Option options[] = {
        {"device-type", 't', OPTION_TEXT, offsetof(Options, device_type), OPTION_NO_FLAG, 0, 0, "TYPE",
         "those of a type of device"},
        OPTION_JSON,
        OPTION_END,
};

const Verb verb_mof_standard = {
        .name = "standard",
        .summary = "List the classes that every driver finds in root\\wmi",
        .usage = "[CLASS | PATTERN] [OPTION]...",
        .text = "  wmi mof standard                          all of them\n"
                "  wmi mof standard MSStorageDriver_FailurePredictEvent\n"
                "  wmi mof standard 'MSNdis_Status*'\n"
                "  wmi mof standard --device-type disk\n\n"
                "The standard blocks are those of Windows' Wmicore.mof. A driver may implement them and "
                "derive from "
                "them, and must\n"
                "not declare them anew. Kinds: data, event, methods, embedded (part of others), base. No "
                "service is "
                "needed.\n\n"
                "Types of device: disk, cdrom, tape, changer, hba, iscsi, keyboard, mouse, serial, parallel, "
                "network,\n"
                "wireless, battery, monitor, processor, thermal-zone, machine-check.",
        .options = options,
        .least = 0,
        .most = 1,
        .run = mof_standard_run,
};
