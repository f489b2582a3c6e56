// SPDX-License-Identifier: MIT
// wmi run: a driver, its MOF and its queries, all in one command.
//
//   this process: service (embedded) <-> client -> standard output        one thread, one wait
//        |  socketpair
//   wmi-driver-host: the driver
//
// Order: MOF, subscriptions, then the driver, so that what it fires first is seen. At the end the driver is
// unloaded in order, and what it fires on its way out is still read.
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <freewmi/service.h>

#include "base/filetime.h"
#include "host.h"
#include "import.h"
#include "say.h"
#include "stream.h"

enum {
        RUN_DEADLINE_MS = 30000, // of an entry point, the host's default
        RUN_IRP_MS = 5000,
        RUN_GRACE_MS = 10000, // beyond the deadline, before a host that does not end is killed
        RUN_ONCE_MS = 500,
        RUN_PATIENCE_MS = 1000, // then the user is told what is waited for
};

typedef struct Run {
        const Options *options;
        Stream stream;
        freewmi_service *service;
        Client *client;
        Host host;
        bool hosting; // the host was started
        char driver[PATH_MAX];
        char *name, *device;
        const char *namespace;
        Buf classes; // of the MOF, as client_import_read takes it apart
        uint32_t class_count;
        int dispatched;     // what the last freewmi_service_dispatch had to do
        uint64_t silent_at; // when a driver that is started but not registered is told of; 0: not yet
        bool unheard_said; // which classes the driver has not registered
        bool unloading;
} Run;

// --- set-up ------------------------------------------------------------------------------------------

// The embedded service's words: only what a user must know. That the host has gone is told by host_verdict, with the
// reason that the host itself gave.
static void run_log(void *context, int level, const char *line)
{
        (void)context;
        if (level <= FREEWMI_LOG_WARNING && !strstr(line, " is gone without having unloaded its driver"))
                say("%s", line);
}

static int run_pump(void *context)
{
        Run *r = context;
        return freewmi_service_dispatch(r->service) < 0 ? -EIO : stream_check(&r->stream);
}

static int run_names(Run *r, const Options *o)
{
        r->options = o;
        r->namespace = o->namespace ? o->namespace : "root\\wmi";
        if (!realpath(o->arguments.p[0], r->driver)) {
                say("%s: %s", o->arguments.p[0], strerror(errno));
                return WMI_FAILED;
        }
        r->name = host_name(o->arguments.p[0]);
        r->device = o->device ? strdup(o->device) : r->name ? host_device(r->name) : NULL;
        if (r->name && r->device)
                return 0;
        say("%s", strerror(ENOMEM));
        return WMI_FAILED;
}

static int run_refused(const freewmi_error *error)
{
        char text[1024];
        say("%s", freewmi_error_text(error, text, sizeof(text)));
        return WMI_FAILED;
}

static int run_open(Run *r)
{
        const Options *o = r->options;
        int pair[2] = {-1, -1};
        Diag d = {0};
        freewmi_error error;
        const freewmi_service_config config = {
                .log = run_log,
                .log_context = r,
                .queue = (uint32_t)o->queue,
                .driver_timeout_ms = (uint32_t)o->irp_timeout_ms,
        };
        if (freewmi_service_new(&config, &r->service, &error) < 0)
                return run_refused(&error);
        int e = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ? -errno : 0;
        if (!e && freewmi_service_adopt(r->service, pair[0], &error) < 0) {
                close(pair[1]);
                return run_refused(&error);
        }
        if (!e)
                e = client_adopt(pair[1], "wmi run", run_pump, r, r->stream.epoll, &r->client, &d);
        if (!e)
                return stream_add(&r->stream, freewmi_service_fd(r->service)) ? WMI_FAILED
                                                                      : stream_attach(&r->stream, r->client);
        if (e == -ECANCELED)
                return WMI_DONE;
        if (e == E_DIAG)
                say_diag(&d, (Str){0});
        else
                say("%s", strerror(-e));
        return WMI_FAILED;
}

// --- what to watch -------------------------------------------------------------------------------------

static int run_query(Run *r, const char *query, bool witness, size_t number)
{
        char label[32] = "query";
        if (witness)
                snprintf(label, sizeof(label), "--witness");
        else if (r->options->queries.n > 1)
                snprintf(label, sizeof(label), "query %zu", number);
        return stream_subscribe(&r->stream, str_of(r->namespace), str_of(query), witness, label);
}

// Without MOF and query: the standard events, of which the driver may have some.
static int run_standard_events(Run *r)
{
        return stream_subscribe(&r->stream, str_of(r->namespace), STR("SELECT * FROM WMIEvent"), false,
                                "query of all standard events");
}

// Without a query: every event class of the MOF, each in its namespace.
static int run_all_events(Run *r)
{
        Reader list = {r->classes.p, r->classes.n, false};
        size_t events = 0;
        int code = 0;
        for (uint32_t i = 0; i < r->class_count && !code && !r->stream.interrupts; i++) {
                ClientImportItem item;
                if (!client_import_read(&list, &item))
                        break;
                if (!item.event || item.done == CLIENT_IMPORT_DELETED)
                        continue;
                Buf query = {0};
                buf_printf(&query, "SELECT * FROM %.*s", STR_ARG(item.name));
                events++;
                code = query.failed ? WMI_FAILED
                                    : stream_subscribe(&r->stream, item.namespace,
                                                       (Str){(const char *)query.p, query.n}, false,
                                                       "query of an event class");
                buf_deinit(&query);
        }
        if (!code && !events && !r->stream.interrupts) {
                say("the MOF has no event class (one derived from WMIEvent); -q gives a query");
                return WMI_INPUT;
        }
        return code;
}

static int run_subscribe(Run *r)
{
        const Options *o = r->options;
        int code = 0;
        for (size_t i = 0; i < o->queries.n && !code && !r->stream.interrupts; i++)
                code = run_query(r, o->queries.p[i], false, i + 1);
        if (!code && !o->queries.n)
                code = o->mofs.n ? run_all_events(r) : run_standard_events(r);
        if (!code && o->witness && !r->stream.interrupts)
                code = run_query(r, o->witness, true, 0);
        return code;
}

static int run_watch(Run *r)
{
        const Options *o = r->options;
        int code = 0;
        for (size_t i = 0; i < o->mofs.n && !code && !r->stream.interrupts; i++) {
                ClientImported done = {0};
                code = import_mof(r->client, o, str_of(r->namespace), o->mofs.p[i], NULL, &done);
                buf_put(&r->classes, done.list.p, done.list.n);
                buf_deinit(&done.list);
                r->class_count += done.count;
        }
        if (r->stream.interrupts)
                return WMI_DONE;
        return code ? code : run_subscribe(r);
}

static int run_host(Run *r)
{
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
                say("%s", strerror(errno));
                return WMI_FAILED;
        }
        freewmi_error error;
        if (freewmi_service_adopt(r->service, pair[0], &error) < 0) {
                close(pair[1]);
                return run_refused(&error);
        }
        HostStart how = {
                .driver = r->driver,
                .name = r->name,
                .device = r->device,
                .options = r->options,
                .take_fd = pair[1],
        };
        int code = host_start(&how, &r->host);
        r->hosting = !code;
        stream_await(&r->stream, "the driver to start and register");
        return code ? code : stream_add(&r->stream, r->host.report);
}

// --- while it runs ---------------------------------------------------------------------------------------

// A driver that is up but has not registered cannot say anything: told once. The clock of --timeout starts
// then too.
static int run_silence(Run *r)
{
        uint64_t now = monotonic_ms();
        if (!r->host.started || r->stream.active || r->unloading)
                return -1;
        if (!r->silent_at)
                r->silent_at = now + (r->options->has_irp_timeout ? r->options->irp_timeout_ms : RUN_IRP_MS);
        if (now < r->silent_at)
                return (int)(r->silent_at - now);
        say("%s: started, but has not registered with WMI yet", r->name);
        stream_activate(&r->stream);
        return -1;
}

static void run_say_unheard(void *context, const char *class_name, const char *guid)
{
        const Run *r = context;
        if (!r->options->mofs.n && !r->options->queries.n) {
                say("%s: has registered no standard event (wmi mof standard); --mof FILE tells what its own are", r->name);
                return;
        }
        say("%s: has not registered %s (%s): none of its events can be expected", r->name, class_name,
            *guid ? guid : "it has no guid qualifier");
}

// One turn of everybody. Returns how long at most to wait then, in ms; -1: no bound.
static int run_turn(Run *r)
{
        int report = r->host.report;
        r->dispatched = freewmi_service_dispatch(r->service);
        r->stream.failed |= r->dispatched < 0;
        host_read(&r->host); // a closed descriptor leaves the wait set by itself
        if (r->host.registered && !r->stream.active) {
                stream_await(&r->stream, NULL);
                stream_activate(&r->stream);
        }
        if (!r->unheard_said) // told once: a MOF whose GUIDs are not the driver's would be silence
                r->unheard_said = freewmi_service_unheard(r->service, run_say_unheard, r);
        stream_move(&r->stream);
        // Last, because reading items runs the pump, which may take a signal.
        if (r->stream.children || (report >= 0 && r->host.report < 0)) {
                r->stream.children = false;
                host_reap(&r->host, false);
        }
        return run_silence(r);
}

// The host has gone, and everything that it sent was read.
static bool run_over(Run *r)
{
        freewmi_service_figures figures;
        freewmi_service_get_figures(r->service, &figures);
        return r->host.ended && figures.drivers == 0 && r->dispatched == 0 && r->stream.moved == 0;
}

static StreamEnd run_stream(Run *r)
{
        for (;;) {
                int most = run_turn(r);
                StreamEnd end = stream_end(&r->stream);
                if (end || (run_over(r) && !output_pending(&r->stream.output)))
                        return end;
                stream_sleep(&r->stream, r->host.ended && !output_pending(&r->stream.output) ? 0 : most);
        }
}

static void run_ask_unload(Run *r)
{
        freewmi_service_figures figures;
        freewmi_service_get_figures(r->service, &figures);
        Wire_UNLOAD_DRIVER m = {.name = str_of(r->name)};
        if (!figures.drivers || client_send(r->client, UNLOAD_DRIVER, &m) < 0)
                kill(r->host.pid, SIGTERM); // it has not said hello yet
}

static void run_kill(Run *r, const char *why)
{
        if (r->host.ended)
                return;
        say("%s: %s: killing the driver host", r->name, why);
        kill(r->host.pid, SIGKILL);
}

// Waits for REMOVE_DEVICE and DriverUnload. A second Ctrl-C, or a host that is stuck beyond its own deadline,
// ends it by force.
static void run_unload(Run *r, StreamEnd end)
{
        const Options *o = r->options;
        uint64_t begun = monotonic_ms(), deadline = o->has_deadline ? o->deadline_ms : RUN_DEADLINE_MS;
        unsigned interrupts = r->stream.interrupts;
        bool told = false, killed = false;
        r->unloading = true;
        stream_await(&r->stream, NULL);
        r->stream.quiet = end != STREAM_SIGNAL;
        run_ask_unload(r);
        for (;;) {
                run_turn(r);
                uint64_t passed = monotonic_ms() - begun;
                if (passed < RUN_ONCE_MS) // one Ctrl-C may arrive twice: from the terminal and from a parent
                        interrupts = r->stream.interrupts;
                if (run_over(r) || (r->host.ended && output_pending(&r->stream.output)) || r->stream.failed)
                        break;
                if (!told && passed >= RUN_PATIENCE_MS) {
                        say("%s: unloading; Ctrl-C again ends it by force", r->name);
                        told = true;
                }
                if (!killed &&
                    (r->stream.interrupts > interrupts || (deadline && passed > deadline + RUN_GRACE_MS))) {
                        run_kill(r, r->stream.interrupts > interrupts ? "interrupted" : "does not end");
                        killed = true;
                }
                stream_sleep(&r->stream, r->host.ended ? 0 : told ? 1000 : RUN_PATIENCE_MS);
        }
        if (!r->host.ended && !killed)
                kill(r->host.pid, SIGKILL);
        host_reap(&r->host, true);
}

static int run_serve(Run *r)
{
        StreamEnd end = run_stream(r);
        bool asked = end != STREAM_GOES_ON;
        if (!r->host.ended)
                run_unload(r, end);
        int code = stream_exit(&r->stream, end);
        int verdict = host_verdict(&r->host, asked);
        return verdict ? verdict : code;
}

// --- the verb ----------------------------------------------------------------------------------------------

static int run_run(const Options *o)
{
        Run r = {.host = {.pid = -1, .report = -1}};
        int code = run_names(&r, o);
        if (!code) {
                code = stream_init(&r.stream, o);
                if (!code) {
                        code = stream_signals(&r.stream);
                        if (!code)
                                code = run_open(&r);
                        if (!code && !r.stream.interrupts)
                                code = run_watch(&r);
                        if (!code && !r.stream.interrupts)
                                code = run_host(&r);
                        if (r.hosting)
                                code = run_serve(&r);
                        stream_deinit(&r.stream);
                }
        }
        client_free(r.client);
        freewmi_service_free(r.service);
        host_deinit(&r.host);
        buf_deinit(&r.classes);
        free(r.name);
        free(r.device);
        return code;
}

static const Option options[] = {
        OPTION_MOF("the driver's classes, MOF text or binary MOF; repeatable; none: standard ones (wmi mof standard)"),
        {"query", 'q', OPTION_LIST, offsetof(Options, queries), OPTION_NO_FLAG, 0, 0, "QUERY",
         "what to print; repeatable; default: every event class of the MOF, without MOF WMIEvent"},
        OPTION_JSON,
        OPTION_COUNT,
        OPTION_TIMEOUT,
        OPTION_NAMESPACE,
        OPTION_INCLUDE,
        OPTION_CPP,
        OPTION_DEFINE,
        OPTION_DEVICE,
        OPTION_REG,
        OPTION_DEADLINE,
        OPTION_IRP_TIMEOUT,
        OPTION_QUEUE,
        OPTION_STATUS_FD(
                "write 'active' there once events can come, 'event' for each that --witness matches"),
        {"witness", 0, OPTION_TEXT, offsetof(Options, witness), OPTION_NO_FLAG, 0, 0, "QUERY",
         "a query whose events are told on --status-fd alone"},
        OPTION_END,
};

const Verb verb_run = {
        .name = "run",
        .summary = "Host a driver and print its events until Ctrl-C",
        .group = "Drivers and their events:",
        .usage = "DRIVER.so [--mof FILE]... [-q QUERY]... [OPTION]...",
        .text = "  wmi run toaster.so --mof toaster.mof -q \"SELECT * FROM Toast WHERE Heat > 3\"\n\n"
                "The driver runs in a process of its own. Events go to standard output, DbgPrint and "
                "everything else to\n"
                "standard error. At the end the driver is unloaded in order. A driver that crashes or hangs: "
                "exit 4.",
        .options = options,
        .least = 1,
        .most = 1,
        .run = run_run,
};
