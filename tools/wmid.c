// SPDX-License-Identifier: MIT
// wmid: the service in the foreground on a Unix socket.
//
// One libuv loop: the service's descriptor and the signals that end it. It never forks; driver hosts are
// started by their callers and connect as themselves.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/limits.h"
#include "client/client.h"
#include "cim/status.h"
#include "mof/expand.h"
#include "repository-place.h"
#include "service/service.h"

enum { WMID_DONE = 0, WMID_FAILED = 1, WMID_USAGE = 2, WMID_MOF = 3 };

typedef struct Wmid {
        Service *service;
        LogSink log;
        uv_loop_t loop;
        uv_poll_t poll;
        uv_signal_t signals[3];
        int code;
        char socket[PATH_MAX], repository[PATH_MAX];
        const char **mofs;
        size_t mof_count;
        bool memory, debug;
        LogSink errors; // standard error
        ServiceConfig config;
} Wmid;

static const char usage[] =
        "usage: wmid [OPTION]...\n\n"
        "The WMI service in the foreground. Writes its log to standard error, and a line 'ready' once it "
        "listens.\n\n"
        "  --socket PATH      listen there; default: $FREEWMI_SOCKET, else $XDG_RUNTIME_DIR/freewmi/socket,\n"
        "                     else /run/freewmi/socket for root, /tmp/freewmi-UID/socket for others\n"
        "  --repository FILE  where classes and instances are kept; default: $FREEWMI_REPOSITORY, else for "
        "root\n"
        "                     /var/lib/freewmi/repository.db, else $XDG_STATE_HOME/freewmi/repository.db, "
        "where\n"
        "                     XDG_STATE_HOME is ~/.local/state if it is not set\n"
        "  --memory           keep them in memory alone, and forget them at the end\n"
        "  --mof FILE         import these classes first; repeatable\n"
        "  --queue N          events that may wait for one subscription; default: 4096\n"
        "  --irp-timeout S    seconds that a new subscription waits for drivers; default: 5\n"
        "  --debug            log what only helps to find faults, too\n"
        "  --operations       print what may be asked of the service, and which right each needs\n"
        "  --help, --version\n\n"
        "Exit: 0 after SIGTERM or SIGINT, 1 failed, 2 usage, 3 bad MOF.\n";

// --- the log ----------------------------------------------------------------------------------------------

// What only somebody who looks for a fault wants to know stays away without --debug.
static void write_log(void *context, LogLevel level, const char *line)
{
        const Wmid *w = context;
        if (level != LOG_DEBUG || w->debug)
                w->errors.write(w->errors.context, level, line);
}

// As diag_text, with the name of the number: what wmi says of the same failure.
static void log_diag(Wmid *w, const Diag *d)
{
        char text[1400];
        Diag plain = *d;
        const char *name = d->code ? cim_status_name(d->code) : NULL;
        plain.hint[0] = '\0';
        if (name)
                plain.code = 0;
        diag_text(&plain, text, sizeof(text));
        const char *before = d->hint[0] ? "; " : "";
        if (name)
                log_line(&w->log, LOG_ERROR, "%s (%s, 0x%08X)%s%s", text, name, d->code, before, d->hint);
        else
                log_line(&w->log, LOG_ERROR, "%s%s%s", text, before, d->hint);
}

// --- where things are -----------------------------------------------------------------------------------

// The directory of `file` and what is missing above it, readable by nobody else. 0, -errno.
static int make_directory(const char *file)
{
        char path[PATH_MAX];
        if (snprintf(path, sizeof(path), "%s", file) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        char *last = strrchr(path, '/');
        if (!last || last == path)
                return 0;
        *last = '\0';
        for (char *p = path + 1;; p++) {
                if (*p != '/' && *p)
                        continue;
                char c = *p;
                *p = '\0';
                if (mkdir(path, 0700) && errno != EEXIST && errno != EISDIR)
                        return -errno;
                *p = c;
                if (!c)
                        return 0;
        }
}

// A directory below /tmp may have been laid there by somebody else: it must be ours alone.
static int check_directory(const Wmid *w)
{
        char path[PATH_MAX];
        struct stat st;
        snprintf(path, sizeof(path), "%s", w->socket);
        char *last = strrchr(path, '/');
        if (!last || strncmp(path, "/tmp/", 5) != 0)
                return 0;
        *last = '\0';
        if (!strcmp(path, "/tmp"))
                return 0;
        if (lstat(path, &st))
                return -errno;
        if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
                return 0;
        if (!S_ISDIR(st.st_mode))
                log_line(&w->log, LOG_ERROR, "%s: a link is no place for the socket below /tmp", path);
        else if (st.st_uid != geteuid())
                log_line(&w->log, LOG_ERROR, "%s belongs to another user (%ld): no place for the socket",
                         path, (long)st.st_uid);
        else
                log_line(&w->log, LOG_ERROR,
                         "others may write to %s: no place for the socket; chmod go-w %s, or --socket "
                         "elsewhere",
                         path, path);
        return -EPERM;
}

// The store's file and its directory. It is given, or wmid's own place; --memory: none.
static int find_repository(Wmid *w)
{
        int r = w->repository[0] ? 0 : repository_place(w->repository, sizeof(w->repository));
        if (r == -ENOENT)
                log_line(&w->log, LOG_ERROR,
                         "HOME is not set: --repository says where the repository is, --memory does without");
        else if (r)
                log_line(&w->log, LOG_ERROR, "the repository: %s", strerror(-r));
        if (!r && (r = make_directory(w->repository)))
                log_line(&w->log, LOG_ERROR,
                         "%s: its directory cannot be made: %s; --repository names another place, --memory "
                         "does without",
                         w->repository, strerror(-r));
        w->config.repository = w->repository;
        w->config.storage_thread = true;
        return r ? WMID_FAILED : 0;
}

static int find_places(Wmid *w)
{
        int r = w->socket[0] ? 0 : client_socket_path(w->socket, sizeof(w->socket));
        if (r)
                log_line(&w->log, LOG_ERROR, "no place for the socket: %s", strerror(-r));
        else if ((r = make_directory(w->socket)))
                log_line(&w->log, LOG_ERROR, "%s: its directory cannot be made: %s", w->socket, strerror(-r));
        if (!r)
                r = check_directory(w);
        if (r)
                return WMID_FAILED;
        return w->memory ? 0 : find_repository(w);
}

// --- MOF at the start -----------------------------------------------------------------------------------

static int read_file(const char *file, Buf *ret)
{
        int fd = open(file, O_RDONLY | O_CLOEXEC), r = 0;
        if (fd < 0)
                return -errno;
        while (!r) {
                uint8_t *to = buf_reserve(ret, 65536);
                ssize_t n = to ? read(fd, to, 65536) : -1;
                if (n == 0)
                        break;
                if (n < 0 && to && errno == EINTR)
                        continue;
                if (n < 0)
                        r = to ? -errno : -ENOMEM;
                else if ((ret->n += (size_t)n) > LIMIT_MOF_BYTES)
                        r = -EFBIG;
        }
        close(fd);
        return r;
}

// Text with the files that it includes, or binary MOF.
static int read_mof(const char *file, Buf *ret, Diag *reterr)
{
        struct stat s;
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        char head[4];
        bool binary = fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && read(fd, head, sizeof(head)) == sizeof(head) &&
                      memcmp(head, "FOMB", sizeof(head)) == 0;
        close(fd);
        return binary ? read_file(file, ret) : mof_expand(&(MofExpand){0}, file, ret, reterr);
}

static int import_one(Wmid *w, Client *c, const char *file)
{
        Buf text = {0};
        Diag *errors = calloc(LIMIT_MOF_ERRORS, sizeof(*errors));
        size_t n = 0;
        int r = errors ? read_mof(file, &text, &errors[0]) : -ENOMEM;
        n = r == E_DIAG;
        if (!r)
                r = client_import_mof(c,
                                      &(ClientImport){.file = str_of(file),
                                                      .namespace = STR("root\\wmi"),
                                                      .text = {(const char *)text.p, text.n}},
                                      -1, NULL, errors, LIMIT_MOF_ERRORS, &n);
        if (r < 0)
                log_line(&w->log, LOG_ERROR, "%s: %s", file, strerror(-r));
        for (size_t i = 0; r == E_DIAG && i < n; i++)
                log_diag(w, &errors[i]);
        buf_deinit(&text);
        free(errors);
        return r == E_DIAG ? WMID_MOF : r ? WMID_FAILED : 0;
}

static int import_pump(void *context)
{
        int r = service_dispatch(context);
        return r < 0 ? r : 0;
}

// The service's only door is its protocol; so this program is its own first client.
static int import_all(Wmid *w)
{
        int pair[2] = {-1, -1};
        Client *c = NULL;
        if (!w->mof_count)
                return 0;
        int r = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ? -errno
                                                                         : service_adopt(w->service, pair[0]);
        if (!r)
                r = client_adopt(pair[1], "wmid", import_pump, w->service, service_fd(w->service), &c, NULL);
        if (r) {
                log_line(&w->log, LOG_ERROR, "the service cannot be reached from within: %s",
                         r < 0 ? strerror(-r) : "refused");
                return WMID_FAILED;
        }
        int code = 0;
        for (size_t i = 0; i < w->mof_count && !code; i++)
                code = import_one(w, c, w->mofs[i]);
        client_free(c);
        return code;
}

// --- the loop ---------------------------------------------------------------------------------------------

static void on_service(uv_poll_t *poll, int status, int events)
{
        Wmid *w = poll->data;
        (void)events;
        int r = status < 0 ? status : service_dispatch(w->service);
        if (r >= 0)
                return;
        log_line(&w->log, LOG_ERROR, "the service is broken: %s", strerror(-r));
        w->code = WMID_FAILED;
        uv_stop(&w->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
        Wmid *w = handle->data;
        log_line(&w->log, LOG_NOTICE, "ending: %s", strsignal(number));
        uv_stop(&w->loop);
}

static void on_close(uv_handle_t *handle, void *context)
{
        (void)context;
        if (!uv_is_closing(handle))
                uv_close(handle, NULL);
}

static int loop_start(Wmid *w)
{
        static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
        int r = uv_poll_init(&w->loop, &w->poll, service_fd(w->service));
        if (r)
                return r;
        w->poll.data = w;
        r = uv_poll_start(&w->poll, UV_READABLE, on_service);
        for (size_t i = 0; i < 3 && !r; i++) {
                struct sigaction old;
                r = uv_signal_init(&w->loop, &w->signals[i]);
                if (r)
                        break;
                w->signals[i].data = w;
                // What nohup or a background job ignores stays ignored.
                if (numbers[i] != SIGTERM && sigaction(numbers[i], NULL, &old) == 0 &&
                    old.sa_handler == SIG_IGN)
                        continue;
                r = uv_signal_start(&w->signals[i], on_signal, numbers[i]);
        }
        return r;
}

// "ready" alone on a line of standard error; on standard output too where that is another file, for whoever
// reads it there.
static void say_ready(void)
{
        struct stat out, err;
        struct pollfd room = {STDOUT_FILENO, POLLOUT, 0};
        log_stderr_bare("wmid", "ready");
        if (fstat(STDOUT_FILENO, &out) || fstat(STDERR_FILENO, &err) ||
            (out.st_dev == err.st_dev && out.st_ino == err.st_ino))
                return;
        if (poll(&room, 1, 0) == 1 && write(STDOUT_FILENO, "ready\n", 6) < 0)
                return; // nobody reads there
}

// A file that cannot be served is left as it is: what to do with it is the user's to say.
static void say_way_out(const Wmid *w, const Diag *d)
{
        if (w->memory)
                return;
        if (d->code == (uint32_t)CIM_E_FAILED) {
                log_line(&w->log, LOG_NOTICE, "--repository names another place, --memory does without");
        } else if (d->code == (uint32_t)CIM_E_INITIALIZATION_FAILURE) {
                log_line(&w->log, LOG_NOTICE, "what is wrong with it: wmi repository check %s",
                         w->repository);
                log_line(&w->log, LOG_NOTICE,
                         "back to a backup: wmi repository restore BACKUP --repository %s", w->repository);
                log_line(&w->log, LOG_NOTICE, "to begin with nothing, move the file away");
        }
}

static int serve(Wmid *w)
{
        Diag d = {0};
        int r = service_new(&w->config, &w->service, &d);
        bool opened = !r;
        int code = r ? WMID_FAILED : import_all(w);
        if (!r && !code)
                r = service_listen(w->service, w->socket, &d);
        if (r) {
                if (r == E_DIAG)
                        log_diag(w, &d);
                else
                        log_line(&w->log, LOG_ERROR, "%s", strerror(-r));
                if (r == E_DIAG && !opened)
                        say_way_out(w, &d);
                return WMID_FAILED;
        }
        if (code)
                return code;
        r = loop_start(w);
        if (r) {
                log_line(&w->log, LOG_ERROR, "%s", uv_strerror(r));
                return WMID_FAILED;
        }
        log_line(&w->log, LOG_NOTICE, "listening on %s; repository %s", w->socket,
                 w->memory ? "in memory" : w->repository);
        say_ready();
        uv_run(&w->loop, UV_RUN_DEFAULT);
        return w->code;
}

static int run(Wmid *w)
{
        int r = uv_loop_init(&w->loop);
        if (r) {
                log_line(&w->log, LOG_ERROR, "%s", uv_strerror(r));
                return WMID_FAILED;
        }
        int code = serve(w);
        uv_walk(&w->loop, on_close, NULL);
        uv_run(&w->loop, UV_RUN_DEFAULT);
        uv_loop_close(&w->loop);
        service_free(w->service);
        return code;
}

// --- options ----------------------------------------------------------------------------------------------

static int wrong(const char *option, const char *value, const char *takes)
{
        fprintf(stderr, "wmid: --%s: '%s' is not %s\n", option, value, takes);
        return WMID_USAGE;
}

static int set_path(char out[PATH_MAX], const char *option, const char *value)
{
        if (!value[0] || snprintf(out, PATH_MAX, "%s", value) >= PATH_MAX)
                return wrong(option, value, "a path");
        return 0;
}

static int set_option(Wmid *w, int letter, const char *value)
{
        char *end;
        switch (letter) {
        case 's':
                return set_path(w->socket, "socket", value);
        case 'r':
                return set_path(w->repository, "repository", value);
        case 'M':
                w->memory = true;
                return 0;
        case 'd':
                w->debug = true;
                return 0;
        case 'm':
                w->mofs[w->mof_count++] = value;
                return 0;
        case 'q': {
                char takes[64];
                snprintf(takes, sizeof(takes), "a number from 1 to %u", LIMIT_QUEUE_ASKED);
                errno = 0;
                unsigned long n = strtoul(value, &end, 10);
                if (errno || *end || value[0] < '0' || value[0] > '9' || n < 1 || n > LIMIT_QUEUE_ASKED)
                        return wrong("queue", value, takes);
                w->config.queue = (uint32_t)n;
                return 0;
        }
        default: {
                double s = strtod(value, &end);
                if (*end || end == value || !(s > 0) || !(s <= 86400))
                        return wrong("irp-timeout", value, "seconds, above 0 and up to 86400");
                w->config.irp_timeout_ms = s < 0.001 ? 1 : (uint32_t)(s * 1000);
                return 0;
        }
        }
}

// The table of operations for people: number, name as Windows spells it, who may send it, the right, what it
// does.
static int print_operations(void)
{
        for (uint16_t n = 0; n < 128; n++) {
                const WireInfo *info = wire_info(n);
                char name[WIRE_NAME];
                if (info && (!strcmp(info->from, "CLIENT") || !strcmp(info->from, "ANY")))
                        printf("%u\t%s\t%s\t%s\n", n, wire_operation_name(n, name), info->right, info->help);
        }
        return fflush(stdout) || ferror(stdout) ? WMID_FAILED : WMID_DONE;
}

static int read_options(Wmid *w, int argc, char **argv, bool *ret_leave)
{
        static const struct option options[] = {
                {"socket", required_argument, NULL, 's'},
                {"repository", required_argument, NULL, 'r'},
                {"memory", no_argument, NULL, 'M'},
                {"debug", no_argument, NULL, 'd'},
                {"operations", no_argument, NULL, 'o'},
                {"mof", required_argument, NULL, 'm'},
                {"queue", required_argument, NULL, 'q'},
                {"irp-timeout", required_argument, NULL, 'i'},
                {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, 'v'},
                {NULL, 0, NULL, 0},
        };
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (c == 'h' || c == 'v') {
                        fputs(c == 'h' ? usage : "wmid (FreeWMI) " FREEWMI_VERSION "\n", stdout);
                        *ret_leave = true;
                        return fflush(stdout) ? WMID_FAILED : WMID_DONE;
                }
                if (c == 'o') {
                        *ret_leave = true;
                        return print_operations();
                }
                if (c == '?')
                        return WMID_USAGE;
                int r = set_option(w, c, optarg);
                if (r)
                        return r;
        }
        if (w->memory && w->repository[0]) {
                fprintf(stderr, "wmid: --memory and --repository exclude each other\n");
                return WMID_USAGE;
        }
        if (optind == argc)
                return 0;
        fprintf(stderr, "wmid: '%s': wmid takes options alone; wmid --help\n", argv[optind]);
        return WMID_USAGE;
}

// Every client and driver host is a descriptor.
static void raise_descriptors(void)
{
        struct rlimit l;
        if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
                l.rlim_cur = l.rlim_max;
                setrlimit(RLIMIT_NOFILE, &l);
        }
}

// Descriptors 0 to 2 are there: otherwise a client's socket could become the one that the log is written to.
static void keep_standard_files(void)
{
        int fd;
        do
                fd = open("/dev/null", O_RDWR);
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd >= 0)
                close(fd);
}

int main(int argc, char **argv)
{
        keep_standard_files();
        Wmid *w = calloc(1, sizeof(*w));
        const char **mofs = calloc((size_t)argc, sizeof(*mofs));
        if (!w || !mofs)
                return WMID_FAILED;
        w->errors = log_stderr("wmid");
        w->log = w->config.log = (LogSink){write_log, w};
        w->mofs = mofs;
        signal(SIGPIPE, SIG_IGN);
        bool leave = false;
        int code = read_options(w, argc, argv, &leave);
        if (!code && !leave) {
                raise_descriptors();
                code = find_places(w);
                if (!code)
                        code = run(w);
        }
        free(mofs);
        free(w);
        return code;
}
