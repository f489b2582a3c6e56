// SPDX-License-Identifier: MIT
// wmi watch: the events of a query, from the service.
#include <string.h>

#include "say.h"
#include "stream.h"

static int watch_pump(void *context)
{
        return stream_check(context);
}

// Driver hosts come and go; the subscription stays.
static void watch_host(void *context, const Wire_HOST_NOTICE *h)
{
        (void)context;
        if (h->gone)
                say("driver %.*s (process %u) is gone%s%.*s", STR_ARG(h->name), h->pid, h->text.n ? ": " : "",
                    STR_ARG(h->text));
        else if (h->state == WIRE_HOST_UNLOADED)
                say("driver %.*s (process %u) was unloaded", STR_ARG(h->name), h->pid);
        else if (h->state == WIRE_HOST_FAILED)
                say("driver %.*s (process %u) failed%s%.*s", STR_ARG(h->name), h->pid, h->text.n ? ": " : "",
                    STR_ARG(h->text));
}

static int watch_stream(Stream *s, Client *c)
{
        const Options *o = s->options;
        client_set_pump(c, s->signals, watch_pump, s);
        int r = stream_attach(s, c);
        stream_await(s, "the drivers to answer");
        if (!r)
                r = stream_subscribe(s, str_of(o->namespace ? o->namespace : "root\\wmi"),
                                     str_of(o->arguments.p[0]), false, "query");
        if (r || s->interrupts)
                return r;
        stream_await(s, NULL);
        client_set_pump(c, -1, NULL, NULL); // from here on the stream takes the signals
        stream_activate(s);
        StreamEnd end;
        for (stream_move(s); !(end = stream_end(s)); stream_move(s))
                stream_sleep(s, -1);
        return stream_exit(s, end);
}

static int watch_run(const Options *o)
{
        Client *c;
        Stream s;
        Diag d = {0};
        int r = client_connect(o->socket, "wmi watch", &c, &d);
        if (r) {
                if (r == E_DIAG)
                        say_diag(&d, (Str){0});
                else
                        say("%s", strerror(-r));
                return r == E_DIAG ? say_exit(d.code, false) : WMI_FAILED;
        }
        // Before this line a signal simply ends the program: there is nothing to put in order.
        r = stream_init(&s, o);
        if (!r) {
                s.on_host = watch_host;
                r = stream_signals(&s);
                if (!r)
                        r = watch_stream(&s, c);
                stream_deinit(&s);
        }
        client_free(c);
        return r;
}

static const Option options[] = {
        OPTION_NAMESPACE,
        OPTION_JSON,
        OPTION_COUNT,
        OPTION_TIMEOUT,
        OPTION_QUEUE,
        OPTION_SOCKET,
        OPTION_STATUS_FD("write 'active' there once the subscription is"),
        OPTION_END,
};

const Verb verb_watch = {
        .name = "watch",
        .summary = "Print the events of a query as they come from wmid",
        .usage = "QUERY [OPTION]...",
        .text = "  wmi watch \"SELECT * FROM Toast WHERE Heat > 3\"\n\n"
                "Events go to standard output, everything else to standard error. When a driver goes, that "
                "is told and\n"
                "the watch goes on; when the service goes, it ends with 4.",
        .options = options,
        .least = 1,
        .most = 1,
        .run = watch_run,
};
