// SPDX-License-Identifier: MIT
// Classes that are not there.
#include "missing.h"

#include "request.h"
#include "say.h"

typedef struct Search {
        Str wanted;
        StrNearest nearest; // in the namespace itself, else anywhere
        Str where;          // the namespace of nearest.best
        bool far;           // nothing near was in the namespace itself
        Arena memory;
        Buf elsewhere; // namespaces that have a class of that name
} Search;

static void missing_search_namespace(Client *c, Str namespace, bool here, Search *s)
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
                Str before = s->nearest.best;
                if (kept && (here || s->far))
                        str_nearest_offer(&s->nearest, (Str){kept, name.n});
                if (s->nearest.best.p != before.p)
                        s->where = (Str){arena_strndup(&s->memory, namespace.p, namespace.n), namespace.n};
                if (kept && !here && str_ieq(name, s->wanted))
                        buf_printf(&s->elsewhere, "%s%.*s", s->elsewhere.n ? ", " : "", STR_ARG(namespace));
        }
        client_item_deinit(&item);
}

static void missing_search(Client *c, Str namespace, Search *s)
{
        ClientItem item;
        Diag d;
        Wire_LIST_NAMESPACES_Reply reply;
        Wire_LIST_NAMESPACES m = {0};
        missing_search_namespace(c, namespace, true, s);
        s->far = !s->nearest.best.n;
        if (client_call(c, LIST_NAMESPACES, &m, REQUEST_MS, &item, &d))
                return;
        bool fine = wire_get_LIST_NAMESPACES_reply(item.frame.payload, item.frame.size, &reply);
        Reader list = {(const uint8_t *)reply.list.p, reply.list.n, false};
        for (uint32_t i = 0; fine && i < reply.count && !list.failed; i++)
                missing_search_namespace(c, read_str(&list), false, s);
        client_item_deinit(&item);
}

void missing_elsewhere(Client *c, Str namespace, Str name)
{
        Search s = {.wanted = name, .nearest = {.wanted = name}};
        missing_search(c, namespace, &s);
        const char *elsewhere = s.elsewhere.n ? buf_z(&s.elsewhere) : NULL;
        if (elsewhere)
                say("%.*s is in %s (--namespace)", STR_ARG(name), elsewhere);
        arena_deinit(&s.memory);
        buf_deinit(&s.elsewhere);
}

int missing_class(Client *c, Str namespace, Str name)
{
        Search s = {.wanted = name, .nearest = {.wanted = name}};
        missing_search(c, namespace, &s);
        const char *elsewhere = s.elsewhere.n ? buf_z(&s.elsewhere) : NULL;
        if (elsewhere)
                say("%.*s has no class %.*s, but it is in %s (--namespace)", STR_ARG(namespace),
                    STR_ARG(name), elsewhere);
        else if (s.nearest.best.n && s.far)
                say("%.*s has no class %.*s; did you mean %.*s in %.*s (--namespace)?", STR_ARG(namespace),
                    STR_ARG(name), STR_ARG(s.nearest.best), STR_ARG(s.where));
        else if (s.nearest.best.n)
                say("%.*s has no class %.*s; did you mean %.*s?", STR_ARG(namespace), STR_ARG(name),
                    STR_ARG(s.nearest.best));
        else
                say("%.*s has no class %.*s; wmi ls lists what there is", STR_ARG(namespace), STR_ARG(name));
        arena_deinit(&s.memory);
        buf_deinit(&s.elsewhere);
        return WMI_FAILED;
}
