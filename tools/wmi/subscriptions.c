// SPDX-License-Identifier: MIT
// wmi subscriptions: who listens to what, and how they keep up; ends one.
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "options.h"
#include "request.h"
#include "say.h"
#include "table.h"

static const TableColumn columns[] = {
        {"session", "SESSION", true},
        {"id", "ID", true},
        {"pid", "PID", true},
        {"uid", NULL, true},
        {"user", "USER", false},
        {"program", "PROGRAM", false},
        {"namespace", "NAMESPACE", false},
        {"query", "QUERY", false},
        {"queue", "QUEUE", true},
        {"queued", "QUEUED", true},
        {"delivered", "DELIVERED", true},
        {"lost", "LOST", true},
        {NULL, NULL, false},
};

static void subscriptions_row(Table *t, const ClientSubscription *s)
{
        char number[16];
        const struct passwd *user = getpwuid(s->uid);
        snprintf(number, sizeof(number), "%u", s->uid);
        table_row(t, false);
        table_number(t, s->session);
        table_number(t, s->subscription);
        table_number(t, s->pid);
        table_number(t, s->uid);
        table_str(t, str_of(user ? user->pw_name : number));
        table_str(t, s->program);
        table_str(t, s->namespace);
        table_str(t, s->query);
        table_number(t, s->queue);
        table_number(t, s->queued);
        table_number(t, s->delivered);
        table_number(t, s->lost);
}

static int subscriptions_list(const Options *o, Client *c)
{
        ClientSubscription *all;
        size_t n;
        Diag d = {0};
        int r = client_list_subscriptions(c, REQUEST_MS, &all, &n, &d);
        if (r)
                return request_failed(r, &d);
        Table *t = table_new(columns);
        for (size_t i = 0; t && i < n; i++)
                subscriptions_row(t, &all[i]);
        int code = t ? table_print(t, o->json) : request_no_memory();
        table_free(t);
        free(all);
        return code;
}

// SESSION:ID
static bool subscriptions_name(const char *text, uint64_t *session, uint64_t *id)
{
        char first[32];
        const char *colon = strchr(text, ':');
        size_t n = colon ? (size_t)(colon - text) : 0;
        if (!n || n >= sizeof(first))
                return false;
        memcpy(first, text, n);
        first[n] = '\0';
        return options_number(first, session) && options_number(colon + 1, id) && *id <= UINT32_MAX;
}

static int subscriptions_run(const Options *o)
{
        Client *c;
        Diag d = {0};
        uint64_t session, id;
        if (o->end && !subscriptions_name(o->end, &session, &id)) {
                say("wmi subscriptions: --end wants SESSION:ID as the list shows them, not '%s'", o->end);
                return WMI_USAGE;
        }
        int code = request_connect(o, "wmi subscriptions", &c);
        if (code)
                return code;
        if (o->end) {
                int r = client_end_subscription(c, session, (uint32_t)id, REQUEST_MS, &d);
                if (r == E_DIAG) {
                        say_status(&d, "EndSubscription", str_of(o->end), (Str){0});
                        code = say_exit(d.code, false);
                } else if (r) {
                        code = request_failed(r, &d);
                } else {
                        code = list_done("ended", str_of(o->end), o->json);
                }
        } else {
                code = subscriptions_list(o, c);
        }
        client_free(c);
        return code;
}

static const Option options[] = {
        {"end", 0, OPTION_TEXT, offsetof(Options, end), OPTION_NO_FLAG, 0, 0, "SESSION:ID",
         "end that subscription; its client is told"},
        OPTION_JSON,
        OPTION_SOCKET,
        OPTION_END,
};

const Verb verb_subscriptions = {
        .name = "subscriptions",
        .summary = "List who listens to what; end a subscription",
        .group = "The service:",
        .usage = "[OPTION]...",
        .text = "  wmi subscriptions\n"
                "  wmi subscriptions --end 4:1        as its first column names it",
        .options = options,
        .run = subscriptions_run,
};
