// SPDX-License-Identifier: MIT
// wmi ls: namespaces, their classes, and the instances of classes.
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/path.h"
#include "cim/schema.h"
#include "request.h"
#include "say.h"
#include "table.h"

typedef struct Ls {
        Client *client;
        Table *table;
        bool all;            // system classes too
        bool instances;      // of the classes, instead of the classes
        const char *pattern; // of class names; NULL: all
        const char *space;   // pattern of namespaces; NULL: all
        StrNearest nearest;  // among what the pattern did not match
        Arena memory;        // of names offered to `nearest`
        size_t shown;
} Ls;

enum { LS_TEXT = LIMIT_NAMESPACE_CHARS * 4 + 1 };

// Upper case as WMI has it for names: fnmatch's own folding goes by the locale, and in Turkish I is no i.
// False: longer than any name.
static bool ls_upper(Str s, char out[LS_TEXT])
{
        size_t n = 0;
        while (s.n) {
                uint32_t c;
                char utf8[4];
                size_t used = utf8_decode(s.p, s.n, &c);
                size_t more = utf8_encode(c < 0x10000 ? utf_upcase16((char16_t)c) : c, utf8);
                if (n + more >= LS_TEXT)
                        return false;
                memcpy(out + n, utf8, more);
                n += more;
                s = (Str){s.p + used, s.n - used};
        }
        out[n] = '\0';
        return true;
}

static bool ls_matches(const char *pattern, Str name)
{
        char p[LS_TEXT], z[LS_TEXT];
        if (!pattern)
                return true;
        return ls_upper(str_of(pattern), p) && ls_upper(name, z) && fnmatch(p, z, FNM_NOESCAPE) == 0;
}

static bool ls_is_system(Str name)
{
        return name.n >= 2 && name.p[0] == '_' && name.p[1] == '_';
}

static void ls_row(Ls *l, Str namespace, Str name, Str super, bool event)
{
        table_row(l->table, event);
        table_str(l->table, namespace);
        table_str(l->table, name);
        table_flag(l->table, event, "event", "class");
        if (super.n)
                table_str(l->table, super);
        else
                table_none(l->table);
        l->shown++;
}

static void ls_instance(Ls *l, Str namespace, const CimInstance *i)
{
        Buf path = {0};
        int r = cim_instance_relpath(i, &path, NULL);
        table_row(l->table, false);
        table_str(l->table, namespace);
        table_str(l->table, r ? (Str){0} : (Str){(const char *)path.p, path.n});
        table_str(l->table, i->class->name);
        buf_deinit(&path);
}

// What has no instances in the store (events, classes of drivers, abstract ones) has none to list.
static bool ls_has_none(const Diag *d)
{
        return d->code == (uint32_t)CIM_E_PROVIDER_NOT_CAPABLE ||
               d->code == (uint32_t)CIM_E_INVALID_OPERATION || d->code == (uint32_t)CIM_E_INVALID_CLASS ||
               d->code == (uint32_t)CIM_E_NOT_FOUND || d->code == (uint32_t)CIM_E_NOT_SUPPORTED;
}

// The instances of the class itself: those of its subclasses come with these.
static int ls_instances(Ls *l, Str namespace, Str name)
{
        enum { SHALLOW = 1 };
        ClientEnum *e = NULL;
        CimInstance *i;
        Diag d = {0};
        int r = client_enum_instances(l->client, namespace, name, SHALLOW, REQUEST_STORE_MS, &e, &d);
        while (!r && (r = client_enum_next(e, REQUEST_STORE_MS, &i, &d)) == 0) {
                ls_instance(l, namespace, i);
                cim_instance_unref(i);
        }
        client_enum_free(e);
        return r == -ENODATA || (r == E_DIAG && ls_has_none(&d)) ? 0 : request_failed(r, &d);
}

static int ls_class(Ls *l, Str namespace, Str name, Str super, bool event)
{
        if (!l->instances) {
                ls_row(l, namespace, name, super, event);
                return 0;
        }
        l->shown++;
        return event ? 0 : ls_instances(l, namespace, name);
}

static int ls_namespace(Ls *l, Str namespace)
{
        ClientItem item;
        Wire_LIST_CLASSES m = {.namespace = namespace, .superclass = STR("")};
        int code = request_call(l->client, LIST_CLASSES, &m, &item);
        if (code)
                return code;
        Wire_LIST_CLASSES_Reply reply;
        bool fine = wire_get_LIST_CLASSES_reply(item.frame.payload, item.frame.size, &reply);
        Reader list = {(const uint8_t *)reply.list.p, reply.list.n, false};
        for (uint32_t i = 0; fine && !code && i < reply.count; i++) {
                Str name = read_str(&list), super = read_str(&list);
                bool event = read_u8(&list);
                fine = !list.failed;
                if (!fine || (ls_is_system(name) && !l->all))
                        continue;
                if (ls_matches(l->pattern, name))
                        code = ls_class(l, namespace, name, super, event);
                else if (l->pattern)
                        str_nearest_offer(&l->nearest,
                                          (Str){arena_strndup(&l->memory, name.p, name.n), name.n});
        }
        client_item_deinit(&item);
        return code ? code : fine ? 0 : request_malformed();
}

static int ls_namespaces(Ls *l)
{
        ClientItem item;
        Wire_LIST_NAMESPACES m = {0};
        int code = request_call(l->client, LIST_NAMESPACES, &m, &item);
        if (code)
                return code;
        Wire_LIST_NAMESPACES_Reply reply;
        bool fine = wire_get_LIST_NAMESPACES_reply(item.frame.payload, item.frame.size, &reply);
        Reader list = {(const uint8_t *)reply.list.p, reply.list.n, false};
        for (uint32_t i = 0; fine && !code && i < reply.count; i++) {
                Str namespace = read_str(&list);
                fine = !list.failed;
                if (!fine || !ls_matches(l->space, namespace))
                        continue;
                size_t before = l->shown;
                code = ls_namespace(l, namespace);
                if (!code && l->shown == before && !l->pattern &&
                    !l->instances) { // it is there, though nothing of its own is in it
                        table_row(l->table, false);
                        table_str(l->table, namespace);
                        table_none(l->table);
                        table_word(l->table, "namespace");
                        table_none(l->table);
                }
        }
        client_item_deinit(&item);
        return code ? code : fine ? 0 : request_malformed();
}

// Is the argument a namespace that is there? Then out holds its normal form.
static bool ls_is_namespace(Client *c, const char *argument, char out[LIMIT_NAMESPACE_CHARS + 1])
{
        ClientItem item;
        Diag d;
        if (cim_namespace_normal(str_of(argument), out, NULL))
                return false;
        Wire_OPEN_NAMESPACE m = {.namespace = str_of(out)};
        if (client_call(c, OPEN_NAMESPACE, &m, REQUEST_MS, &item, &d))
                return false;
        client_item_deinit(&item);
        return true;
}

// "root\wmi", "root\wmi\Toast*", "root\wmi:Toast*", "Toast*" or "Toast".
static void ls_argument(Ls *l, char *argument, char space[LIMIT_NAMESPACE_CHARS + 1])
{
        if (ls_is_namespace(l->client, argument, space)) {
                l->space = space;
                return;
        }
        char *last = NULL;
        for (char *p = argument; *p; p++) {
                if (*p == '/')
                        *p = '\\';
                if (*p == ':') // as a path has it
                        *p = '\\';
                if (*p == '\\')
                        last = p;
        }
        l->pattern = argument;
        if (last) {
                *last = '\0';
                l->pattern = last[1] ? last + 1 : NULL;
                l->space = argument;
        }
        l->all |= l->pattern && l->pattern[0] == '_';
}

static const TableColumn columns[] = {
        {"namespace", "NAMESPACE", false},   {"class", "CLASS", false}, {"event", "KIND", false},
        {"superclass", "SUPERCLASS", false}, {NULL, NULL, false},
};

static const TableColumn instance_columns[] = {
        {"namespace", "NAMESPACE", false},
        {"path", "PATH", false},
        {"class", "CLASS", false},
        {NULL, NULL, false},
};

static int ls_none(const Ls *l, const char *argument)
{
        if (l->nearest.best.n)
                say("nothing is called %s; did you mean %.*s?", argument, STR_ARG(l->nearest.best));
        else
                say("nothing is called %s", argument);
        return WMI_FAILED;
}

static int ls_run(const Options *o)
{
        char space[LIMIT_NAMESPACE_CHARS + 1];
        Ls l = {.all = o->all, .instances = o->instances};
        const char *given = o->arguments.n ? o->arguments.p[0] : NULL;
        char *argument = given ? strdup(given) : NULL;
        int code = request_connect(o, "wmi ls", &l.client);
        l.table = table_new(o->instances ? instance_columns : columns);
        if (!code && (!l.table || (given && !argument)))
                code = request_no_memory();
        if (!code) {
                if (given)
                        ls_argument(&l, argument, space);
                l.nearest.wanted = str_of(l.pattern ? l.pattern : "");
                code = ls_namespaces(&l);
        }
        if (!code)
                code = given && !l.shown && !(l.space && !l.pattern) ? ls_none(&l, given)
                                                                     : table_print(l.table, o->json);
        table_free(l.table);
        arena_deinit(&l.memory);
        client_free(l.client);
        free(argument);
        return code;
}

static const Option options[] = {
        OPTION_JSON,
        {"all", 'a', OPTION_FLAG, offsetof(Options, all), OPTION_NO_FLAG, 0, 0, NULL,
         "system classes (__...) too"},
        {"instances", 'i', OPTION_FLAG, offsetof(Options, instances), OPTION_NO_FLAG, 0, 0, NULL,
         "the instances of these classes instead"},
        OPTION_SOCKET,
        OPTION_END,
};

const Verb verb_ls = {
        .name = "ls",
        .summary = "List namespaces, classes, and the instances of classes",
        .usage = "[NAMESPACE | PATTERN] [OPTION]...",
        .text = "  wmi ls                  everything\n"
                "  wmi ls root/wmi         one namespace\n"
                "  wmi ls 'Toast*'         classes by name, wherever they are\n"
                "  wmi ls 'root/w*/Toast*'\n"
                "  wmi ls -i Thing         paths of the instances\n\n"
                "In a pipe, a line is NAMESPACE, CLASS, KIND (event, class, or namespace for one without "
                "classes "
                "of\nits own) and SUPERCLASS, with a tab between each, empty or not.",
        .options = options,
        .most = 1,
        .run = ls_run,
};
