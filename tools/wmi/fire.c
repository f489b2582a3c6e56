// SPDX-License-Identifier: MIT
// wmi fire: raises an event of an application.
#include <stdio.h>
#include <string.h>

#include "assign.h"
#include "base/utf.h"
#include "list.h"
#include "print-event.h"
#include "say.h"
#include "target.h"

static int fire_assign(const Options *o, TargetClasses *classes, CimInstance *event)
{
        size_t bad = 0;
        Diag d = {0};
        AssignScope scope = {target_find_class, classes, false};
        int r = assign_properties(event, o->arguments.p + 1, o->arguments.n - 1, &scope, &bad, &d);
        if (r != E_DIAG)
                return r ? request_no_memory() : 0;
        if (d.line)
                snprintf(d.file, sizeof(d.file), "wmi fire");
        say_status(&d, NULL, (Str){0}, str_of(o->arguments.p[bad + 1]));
        return WMI_INPUT;
}

static int fire_say(const Options *o, const Target *t, const CimInstance *event, uint32_t matched)
{
        Buf text = {0};
        if (o->json) {
                buf_text(&text, "{\"class\":");
                CimValue name = {.type = CIM_STRING};
                Arena a = {0};
                name.string = utf_to16(&a, event->class->name);
                int r = print_json_value(&name, &text);
                buf_text(&text, ",\"namespace\":");
                name.string = utf_to16(&a, t->namespace);
                r = r ? r : print_json_value(&name, &text);
                buf_printf(&text, ",\"matched\":%u}\n", matched);
                arena_deinit(&a);
                text.failed |= r != 0;
        } else {
                buf_printf(&text, "%u subscription%s\n", matched, matched == 1 ? "" : "s");
        }
        int code = text.failed ? request_no_memory() : list_text((Str){(const char *)text.p, text.n});
        buf_deinit(&text);
        return code;
}

static int fire_event(const Options *o, Client *c, const Target *t)
{
        CimInstance *class, *event = NULL;
        TargetClasses classes = {.client = c, .namespace = t->namespace};
        uint32_t sink, matched = 0;
        Diag d = {0};
        int code = target_class(c, t, t->path.class_name, &class);
        if (code)
                return code;
        if (!cim_class_isa(class->class, STR("__ExtrinsicEvent"))) {
                say("%s is not an event of an application: only classes derived from __ExtrinsicEvent can be "
                    "raised",
                    class->class->name.p);
                code = WMI_INPUT;
        }
        if (!code && cim_instance_new(class->class, &event))
                code = request_no_memory();
        if (!code)
                code = fire_assign(o, &classes, event);
        if (!code) {
                int r = client_open_sink(c, t->namespace, REQUEST_STORE_MS, &sink, &d);
                if (!r)
                        r = client_indicate(c, sink, &event, 1, REQUEST_STORE_MS, &matched, &d);
                code = r ? target_failed(t, "Indicate", r, &d) : fire_say(o, t, event, matched);
        }
        cim_instance_unref(event);
        cim_instance_unref(class);
        target_classes_deinit(&classes);
        return code;
}

static int fire_run(const Options *o)
{
        Target t;
        Client *c;
        int code = target_read_class(o, "wmi fire", o->arguments.p[0], &t);
        if (!code)
                code = request_connect(o, "wmi fire", &c);
        if (!code) {
                request_await(c, "the service");
                code = fire_event(o, c, &t);
                client_free(c);
        }
        target_deinit(&t);
        return code;
}

static const Option options[] = {OPTION_STORE_NAMESPACE, OPTION_JSON, OPTION_SOCKET, OPTION_END};

const Verb verb_fire = {
        .name = "fire",
        .summary = "Raise an event of an application",
        .usage = "CLASS [PROPERTY=VALUE]... [OPTION]...",
        .text = "  wmi fire BackupDone Host=db1 Seconds=42\n\n"
                "The class is derived from __ExtrinsicEvent. Prints to how many subscriptions the event "
                "went. Values are\n"
                "written as for wmi put.",
        .options = options,
        .least = 1,
        .most = SIZE_MAX,
        .run = fire_run,
};
