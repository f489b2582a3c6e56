// SPDX-License-Identifier: MIT
// wmi driver load, unload, list: driver hosts beside wmid, each started by its caller.
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/filetime.h"
#include "host.h"
#include "import.h"
#include "list.h"
#include "request.h"
#include "say.h"
#include "stream.h"
#include "table.h"

enum {
        LOAD_MS = 10000,      // for the driver to start and its registration to be answered
        LOAD_WORDS_MS = 2000, // for the words of a host that the service has lost already
        LOAD_END_MS = 5000,   // for a host that failed, before it is killed
        UNLOAD_PATIENCE_MS = 1000,
};

// One driver host as LIST_DRIVERS tells it; borrowed from the reply.
typedef struct Driver {
        uint64_t id, events, dropped;
        Str name, device, path;
        uint32_t pid, state, guids;
} Driver;

static bool driver_read(Reader *r, Driver *d)
{
        d->id = read_u64(r);
        d->name = read_str(r);
        d->device = read_str(r);
        d->path = read_str(r);
        d->pid = read_u32(r);
        d->state = read_u32(r);
        d->guids = read_u32(r);
        d->events = read_u64(r);
        d->dropped = read_u64(r);
        return !r->failed;
}

static const char *driver_state(uint32_t state)
{
        static const char *const words[] = {"?",         "loading",  "started", "registered",
                                            "unloading", "unloaded", "failed"};
        return words[state < sizeof(words) / sizeof(words[0]) ? state : 0];
}

// Calls visit for each driver host. 0, or the exit code after a message.
static int driver_each(Client *c, void (*visit)(void *context, const Driver *d), void *context)
{
        ClientItem item;
        Wire_LIST_DRIVERS m = {0};
        int code = request_call(c, LIST_DRIVERS, &m, &item);
        if (code)
                return code;
        Wire_LIST_DRIVERS_Reply reply;
        bool fine = wire_get_LIST_DRIVERS_reply(item.frame.payload, item.frame.size, &reply);
        Reader list = {(const uint8_t *)reply.list.p, reply.list.n, false};
        for (uint32_t i = 0; fine && i < reply.count; i++) {
                Driver d;
                fine = driver_read(&list, &d);
                if (fine)
                        visit(context, &d);
        }
        client_item_deinit(&item);
        return fine ? 0 : request_malformed();
}

typedef struct Find {
        Str name;
        StrNearest nearest;
        char best[256];
        bool found;
        uint32_t pid;
} Find;

static void driver_find_visit(void *context, const Driver *d)
{
        Find *f = context;
        if (str_ieq(d->name, f->name)) {
                f->found = true;
                f->pid = d->pid;
        }
        f->nearest.best = str_of(f->best);
        str_nearest_offer(&f->nearest, d->name);
        if (f->nearest.best.p == d->name.p)
                snprintf(f->best, sizeof(f->best), "%.*s", STR_ARG(d->name));
}

static int driver_find(Client *c, const char *name, Find *ret)
{
        *ret = (Find){.name = str_of(name), .nearest = {.wanted = str_of(name)}};
        return driver_each(c, driver_find_visit, ret);
}

// --- load ----------------------------------------------------------------------------------------------

typedef struct Load {
        const Options *options;
        Client *client;
        Host host;
        char driver[PATH_MAX];
        char *name, *device;
        char log[PATH_MAX], socket[PATH_MAX];
        int64_t awaited; // the request number of AWAIT_DRIVER
        bool answered;   // with success
        bool late;       // with the deadline
        bool refused;    // with another failure, or the service is gone
        Diag why;        // it was refused
} Load;

static int load_names(Load *l, const Options *o)
{
        const char *file = o->arguments.p[0];
        l->options = o;
        if (!realpath(file, l->driver)) {
                say("%s: %s", file, strerror(errno));
                return WMI_FAILED;
        }
        l->name = host_name(file);
        l->device = o->device ? strdup(o->device) : l->name ? host_device(l->name) : NULL;
        if (!l->name || !l->device)
                return request_no_memory();
        int r = 0;
        if (o->socket)
                snprintf(l->socket, sizeof(l->socket), "%s", o->socket);
        else
                r = client_socket_path(l->socket, sizeof(l->socket));
        return r ? request_failed(r, NULL) : 0;
}

// The log must be writable before the driver starts: an error is told here, to whom it concerns.
static int load_check_log(const Options *o)
{
        FILE *log = o->log ? fopen(o->log, "ae") : NULL;
        if (o->log && !log) {
                say("%s: %s", o->log, strerror(errno));
                return WMI_FAILED;
        }
        if (log)
                fclose(log);
        return 0;
}

static void load_item(Load *l, const ClientItem *i)
{
        if (i->kind == CLIENT_CLOSED) {
                diag_set(&l->why, CIM_E_TRANSPORT_FAILURE, "the service is gone");
                l->refused = true;
        } else if (i->kind == CLIENT_REPLY && i->request == (uint32_t)l->awaited) {
                l->answered = !cim_failed(i->status);
                l->late = i->status == (uint32_t)CIM_E_TIMED_OUT;
                l->refused = !l->answered && !l->late;
                l->why = i->diag;
        }
}

static bool load_there(const Load *l)
{
        return l->answered && (l->options->no_wmi ? l->host.started : l->host.registered);
}

static bool load_settled(Load *l)
{
        host_read(&l->host);
        return host_reap(&l->host, false) || load_there(l) || l->refused || l->late;
}

// Waits for the driver, its failure, or the deadline.
static void load_wait(Load *l, Stream *signals)
{
        uint64_t deadline = monotonic_ms() + LOAD_MS, now;
        while ((now = monotonic_ms()) < deadline && !signals->interrupts) {
                ClientItem i;
                while (!l->refused && client_next(l->client, 0, &i) == 0) {
                        load_item(l, &i);
                        client_item_deinit(&i);
                }
                if (load_settled(l))
                        return;
                struct pollfd p[3] = {
                        {client_fd(l->client), POLLIN, 0},
                        {l->host.report, POLLIN, 0},
                        {signals->signals, POLLIN, 0},
                };
                poll(p, 3, (int)(deadline - now));
                stream_check(signals);
        }
}

// Waits until the host has ended; its last line closes the report. False: not in time.
static bool load_ended(Load *l, int ms)
{
        uint64_t deadline = monotonic_ms() + (uint64_t)ms, now;
        while (!host_reap(&l->host, l->host.report < 0) && (now = monotonic_ms()) < deadline) {
                struct pollfd p = {l->host.report, POLLIN, 0};
                poll(&p, 1, (int)(deadline - now));
                host_read(&l->host);
        }
        return l->host.ended;
}

static void load_stop(Load *l)
{
        if (l->host.pid < 0 || host_reap(&l->host, false))
                return;
        kill(l->host.pid, SIGTERM);
        if (!load_ended(l, LOAD_END_MS))
                kill(l->host.pid, SIGKILL);
        host_reap(&l->host, true);
}

// Why it is not there. What the host reported has been said already; where the service noticed first that the
// host went, the host's own words are on their way.
static int load_verdict(Load *l, const Stream *signals)
{
        if (host_reap(&l->host, false) || (l->refused && load_ended(l, LOAD_WORDS_MS))) {
                host_verdict(&l->host, false);
                return WMI_FAILED;
        }
        int code = WMI_FAILED;
        if (signals->interrupts)
                say("%s: interrupted", l->name);
        else if (l->refused)
                code = request_failed(E_DIAG, &l->why);
        else
                say("%s: %s within %d s%s", l->name,
                    !l->host.started ? "has not started"
                                     : "has started, but no registration with WMI was answered",
                    LOAD_MS / 1000, l->host.started ? " (--no-wmi if it needs none)" : "");
        load_stop(l);
        return code;
}

static const TableColumn done_columns[] = {
        {"name", "NAME", false}, {"pid", "PID", true}, {"device", "DEVICE", false}, {NULL, NULL, false}};

// What was done, as wmi put says it; with --json, one object about the host.
static int load_done(const Load *l)
{
        if (!l->options->json)
                return list_done("loaded", str_of(l->name), false);
        Table *t = table_new(done_columns);
        if (!t)
                return request_no_memory();
        table_row(t, false);
        table_str(t, str_of(l->name));
        table_number(t, (uint64_t)l->host.pid);
        table_str(t, str_of(l->device));
        int code = table_print(t, true);
        table_free(t);
        return code;
}

static int load_start(Load *l, Stream *signals)
{
        Options o = *l->options;
        if (o.log) { // the host may be elsewhere
                if (!realpath(o.log, l->log))
                        return request_failed(-errno, NULL);
                o.log = l->log;
        }
        HostStart how = {
                .driver = l->driver,
                .name = l->name,
                .device = l->device,
                .options = &o,
                .take_fd = -1,
                .socket = l->socket,
                .detached = true,
        };
        int code = host_start(&how, &l->host);
        if (code)
                return code;
        Wire_AWAIT_DRIVER m = {.name = str_of(l->name), .registered = !o.no_wmi, .timeout_ms = LOAD_MS};
        l->awaited = client_send(l->client, AWAIT_DRIVER, &m);
        if (l->awaited < 0) {
                load_stop(l);
                return request_failed((int)l->awaited, NULL);
        }
        stream_await(signals, "the driver to start and register");
        load_wait(l, signals);
        stream_await(signals, NULL);
        return load_there(l) ? load_done(l) : load_verdict(l, signals);
}

static int load_all(Load *l, Stream *signals)
{
        const Options *o = l->options;
        Find f;
        int code = driver_find(l->client, l->name, &f);
        if (!code && f.found) {
                say("%s is loaded already, by process %u", l->name, f.pid);
                code = WMI_FAILED;
        }
        for (size_t i = 0; i < o->mofs.n && !code; i++)
                code = import_mof(l->client, o, str_of(o->namespace ? o->namespace : "root\\wmi"), o->mofs.p[i], NULL,
                                  NULL);
        if (!code)
                code = load_check_log(o);
        if (!code)
                code = stream_signals(signals);
        return code ? code : load_start(l, signals);
}

static int load_run(const Options *o)
{
        Load l = {.host = {.pid = -1, .report = -1}};
        Stream signals;
        int code = load_names(&l, o);
        if (!code)
                code = request_connect(o, "wmi driver load", &l.client);
        if (!code) {
                code = stream_init(&signals, o);
                if (!code)
                        code = load_all(&l, &signals);
                stream_deinit(&signals);
        }
        host_deinit(&l.host);
        client_free(l.client);
        free(l.name);
        free(l.device);
        return code;
}

// --- unload ------------------------------------------------------------------------------------------------

static int unload_reply(Client *c, int64_t request, const char *name)
{
        bool told = false;
        for (;;) {
                ClientItem i;
                int r = client_next(c, told ? -1 : UNLOAD_PATIENCE_MS, &i);
                if (r == -EAGAIN) {
                        say("waiting for %s to unload", name);
                        told = true;
                        continue;
                }
                if (r)
                        return request_failed(r, NULL);
                bool mine = i.kind == CLIENT_REPLY && i.request == (uint32_t)request,
                     closed = i.kind == CLIENT_CLOSED;
                int code = mine && cim_failed(i.status) ? request_failed(E_DIAG, &i.diag) : WMI_DONE;
                client_item_deinit(&i);
                if (mine)
                        return code;
                if (closed)
                        return request_failed(-EPIPE, NULL);
        }
}

static int unload_run(const Options *o)
{
        Client *c;
        Find f;
        const char *name = o->arguments.p[0];
        int code = request_connect(o, "wmi driver unload", &c);
        if (code)
                return code;
        code = driver_find(c, name, &f);
        if (!code && !f.found) {
                if (f.best[0])
                        say("no driver %s is loaded; did you mean %s?", name, f.best);
                else
                        say("no driver %s is loaded; wmi driver list tells which are", name);
                code = WMI_FAILED;
        }
        if (!code) {
                Wire_UNLOAD_DRIVER m = {.name = str_of(name)};
                int64_t request = client_send(c, UNLOAD_DRIVER, &m);
                code = request < 0 ? request_failed((int)request, NULL) : unload_reply(c, request, name);
                if (!code)
                        code = list_done("unloaded", str_of(name), false);
        }
        client_free(c);
        return code;
}

// --- list --------------------------------------------------------------------------------------------------

static void list_visit(void *context, const Driver *d)
{
        Table *t = context;
        table_row(t, false);
        table_str(t, d->name);
        table_str(t, str_of(driver_state(d->state)));
        table_number(t, d->pid);
        table_str(t, d->device);
        table_number(t, d->guids);
        table_number(t, d->events);
        table_number(t, d->dropped);
        table_str(t, d->path);
}

static const TableColumn list_columns[] = {
        {"name", "NAME", false},      {"state", "STATE", false}, {"pid", "PID", true},
        {"device", "DEVICE", false},  {"guids", "GUIDS", true},  {"events", "EVENTS", true},
        {"dropped", "DROPPED", true}, {"file", "FILE", false},   {NULL, NULL, false},
};

static int list_run(const Options *o)
{
        Client *c;
        int code = request_connect(o, "wmi driver list", &c);
        if (code)
                return code;
        Table *t = table_new(list_columns);
        code = t ? driver_each(c, list_visit, t) : request_no_memory();
        if (!code)
                code = table_print(t, o->json);
        table_free(t);
        client_free(c);
        return code;
}

// --- the verbs
// -----------------------------------------------------------------------------------------------

static const Option load_options[] = {
        OPTION_MOF("the driver's classes, MOF text or binary MOF, imported first; repeatable"),
        OPTION_NAMESPACE,
        OPTION_INCLUDE,
        OPTION_CPP,
        OPTION_DEFINE,
        OPTION_DEVICE,
        OPTION_REG,
        {"no-wmi", 0, OPTION_FLAG, offsetof(Options, no_wmi), OPTION_NO_FLAG, 0, 0, NULL,
         "do not wait for a registration with WMI"},
        {"log", 0, OPTION_TEXT, offsetof(Options, log), OPTION_NO_FLAG, 0, 0, "FILE",
         "append what the driver host prints to FILE; default: nowhere"},
        OPTION_JSON,
        OPTION_DEADLINE,
        OPTION_IRP_TIMEOUT,
        OPTION_SOCKET,
        OPTION_END,
};

static const Verb driver_load = {
        .name = "load",
        .summary = "Start a driver host for a driver and wait until it is registered",
        .usage = "FILE.so [--mof FILE]... [OPTION]...",
        .text = "  wmi driver load toaster.so --mof toaster.mof\n"
                "  wmi driver load toaster.so --mof toaster.bmf --log toaster.log\n\n"
                "The host runs as you, away from the terminal, until 'wmi driver unload' or the end of the "
                "service.",
        .options = load_options,
        .least = 1,
        .most = 1,
        .run = load_run,
};

static const Option unload_options[] = {OPTION_SOCKET, OPTION_END};

static const Verb driver_unload = {
        .name = "unload",
        .summary = "Unload a driver in order and wait until it is gone",
        .usage = "NAME",
        .text = "  wmi driver unload toaster\n\n"
                "NAME is the file name without .so, as 'wmi driver list' tells it.",
        .options = unload_options,
        .least = 1,
        .most = 1,
        .run = unload_run,
};

static const Option list_options[] = {OPTION_JSON, OPTION_SOCKET, OPTION_END};

static const Verb driver_list = {
        .name = "list",
        .summary = "List the drivers that are loaded",
        .usage = "[OPTION]...",
        .text = "  wmi driver list\n"
                "  wmi driver list --json",
        .options = list_options,
        .run = list_run,
};

static const Verb *const driver_verbs[] = {&driver_load, &driver_unload, &driver_list, NULL};

const Verb verb_driver = {
        .name = "driver",
        .summary = "Load, unload and list drivers of the service",
        .usage = "load | unload | list ...",
        .verbs = driver_verbs,
};
