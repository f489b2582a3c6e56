// SPDX-License-Identifier: MIT
// wmi-driver-host: runs one driver in a process of its own and carries its events to the service.
//
// wmi-driver-host.h says what it answers to whoever started it. The order of a life:
//
//   options -> the file's symbols, before anything of it runs (driver-host/host-elf.c); for a driver built
//   with a sanitizer once more from the start with the runtime preloaded -> NT stand-in and WMI kernel half
//   -> HELLO -> dlopen -> DriverEntry, AddDevice, START_DEVICE -> ... UNLOAD, SIGTERM or the service gone for
//   good ...
//   -> REMOVE_DEVICE, DriverUnload -> what was left behind -> what is queued is sent -> exit
//
// Threads: this one waits for the end; "io" is the link's; "watchdog" looks for entry points over their
// deadline (driver-host/host-crash.c); the rest belong to the NT stand-in and the WMI kernel half.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/personality.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "driver-host/host-crash.h"
#include "driver-host/host-elf.h"
#include "driver-host/host-report.h"
#include "cim/status.h"
#include "driver/nt/nt.h"
#include "driver/wmi/wmi.h"
#include "wire/message.h"
#include "wmi-driver-host.h"

enum { REG_MOST = 64, LINK_SECONDS = 10, DRAIN_SECONDS = 5, HANG_SECONDS = 5 };

// Set while the host runs itself again with a sanitizer's runtime; its value is LD_PRELOAD as it was, after
// "=".
#define AGAIN "FREEWMI_HOST_PRELOAD"

typedef struct Options {
        int fd, report_fd;
        const char *socket, *name, *device, *log, *separator, *driver;
        const char *reg[REG_MOST];
        unsigned reg_count;
        double deadline, irp_timeout;
        bool no_wmi;
        char *path; // of the driver, absolute
        char *name_owned, *device_owned;
} Options;

static struct {
        Options o;
        int event;          // eventfd: something below changed
        uid_t service_user; // of the first service at --socket
        atomic_bool started, start_failed, stopped, registered, stopping, gone;
        NTSTATUS status;
        const char *step;
        char reason[256];
} host = {.o = {.fd = -1, .report_fd = -1, .deadline = 30, .irp_timeout = 5}};

// --- options --------------------------------------------------------------------------------------

static void usage(FILE *to)
{
        fputs("usage: wmi-driver-host (--fd N | --socket PATH) [OPTION...] DRIVER.so\n"
              "  --name NAME              what the service calls the driver (default: the file name without "
              ".so)\n"
              "  --device PATH            device instance path (default: ROOT\\<NAME>\\0000)\n"
              "  --reg HKLM\\KEY\\VALUE=N   set a DWORD of the hosted registry; may be repeated\n"
              "  --deadline SECONDS       an entry point that takes longer hangs (30; 0: for ever)\n"
              "  --irp-timeout SECONDS    how long ENABLE and DISABLE are waited for (5)\n"
              "  --base-name-separator TEXT   between a base name and its number (nothing)\n"
              "  --report-fd N            write report lines to this descriptor\n"
              "  --log FILE               append standard output and standard error to FILE\n"
              "  --no-wmi                 the driver need not register with WMI\n",
              to);
}

__attribute__((format(printf, 2, 3), noreturn)) static void fail(int status, const char *format, ...)
{
        char text[768];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        host_tell("fail", "%s", text);
        exit(status);
}

static double seconds_of(const char *option, const char *text)
{
        char *end;
        errno = 0;
        double s = strtod(text, &end);
        if (errno || end == text || *end || !(s >= 0 && s < 1e9))
                fail(HOST_EXIT_USAGE, "--%s: '%s' is not a number of seconds", option, text);
        return s;
}

static int fd_of(const char *option, const char *text)
{
        char *end;
        errno = 0;
        long n = strtol(text, &end, 10);
        if (errno || end == text || *end || n < 0 || n > 1 << 20 || fcntl((int)n, F_GETFD) < 0)
                fail(HOST_EXIT_USAGE, "--%s: '%s' is not an open descriptor", option, text);
        return (int)n;
}

static void take_option(int c, const char *name)
{
        Options *o = &host.o;
        switch (c) {
        case 'f':
                o->fd = fd_of(name, optarg);
                break;
        case 's':
                o->socket = optarg;
                break;
        case 'n':
                o->name = optarg;
                break;
        case 'd':
                o->device = optarg;
                break;
        case 'r':
                if (o->reg_count == REG_MOST)
                        fail(HOST_EXIT_USAGE, "--reg: at most %d", REG_MOST);
                o->reg[o->reg_count++] = optarg;
                break;
        case 'D':
                o->deadline = seconds_of(name, optarg);
                break;
        case 'i':
                o->irp_timeout = seconds_of(name, optarg);
                break;
        case 'b':
                o->separator = optarg;
                break;
        case 'R':
                o->report_fd = fd_of(name, optarg);
                host_report_open(o->report_fd);
                break;
        case 'l':
                o->log = optarg;
                break;
        case 'W':
                o->no_wmi = true;
                break;
        case 'h':
                usage(stdout);
                exit(HOST_EXIT_DONE);
        default:
                usage(stderr);
                fail(HOST_EXIT_USAGE, "wrong options");
        }
}

// NAME of DIR/NAME.so, and the device that stands for it.
static void defaults(Options *o)
{
        o->path = realpath(o->driver, NULL);
        if (!o->path)
                fail(HOST_EXIT_FAILED, "%s: %s", o->driver, strerror(errno));
        const char *slash = strrchr(o->driver, '/');
        const char *file = slash ? slash + 1 : o->driver;
        size_t n = strlen(file);
        if (n > 3 && strcmp(file + n - 3, ".so") == 0)
                n -= 3;
        if (!o->name) {
                o->name = o->name_owned = strndup(file, n);
                if (!o->name)
                        fail(HOST_EXIT_FAILED, "out of memory");
        }
        if (!o->device) {
                if (asprintf(&o->device_owned, "ROOT\\%s\\0000", o->name) < 0)
                        fail(HOST_EXIT_FAILED, "out of memory");
                char *end = strrchr(o->device_owned, '\\');
                for (char *p = o->device_owned + strlen("ROOT\\"); p < end; p++)
                        *p = *p >= 'a' && *p <= 'z'                             ? (char)(*p - 'a' + 'A')
                             : *p <= ' ' || *p > '~' || *p == ',' || *p == '\\' ? '_'
                                                                                : *p;
                o->device = o->device_owned;
        }
}

static void read_options(int argc, char **argv)
{
        static const struct option table[] = {
                {"fd", required_argument, NULL, 'f'},
                {"socket", required_argument, NULL, 's'},
                {"name", required_argument, NULL, 'n'},
                {"device", required_argument, NULL, 'd'},
                {"reg", required_argument, NULL, 'r'},
                {"deadline", required_argument, NULL, 'D'},
                {"irp-timeout", required_argument, NULL, 'i'},
                {"base-name-separator", required_argument, NULL, 'b'},
                {"report-fd", required_argument, NULL, 'R'},
                {"log", required_argument, NULL, 'l'},
                {"no-wmi", no_argument, NULL, 'W'},
                {"help", no_argument, NULL, 'h'},
                {NULL, 0, NULL, 0},
        };
        int c, at = 0;
        while ((c = getopt_long(argc, argv, "", table, &at)) >= 0)
                take_option(c, table[at].name);
        if (optind != argc - 1) {
                usage(stderr);
                fail(HOST_EXIT_USAGE, optind < argc ? "one driver a host: '%s' is too many" : "which driver?",
                     optind < argc ? argv[argc - 1] : "");
        }
        host.o.driver = argv[optind];
        if ((host.o.fd < 0) == !host.o.socket)
                fail(HOST_EXIT_USAGE, "one of --fd and --socket is needed");
}

static void open_log(const char *file)
{
        int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
                fail(HOST_EXIT_FAILED, "%s: %s", file, strerror(errno));
        close(fd);
}

// --- the file -------------------------------------------------------------------------------------

static void tell_missing(void *arg, const char *name, const char *hint)
{
        (void)arg;
        host_say("missing symbol %s: %s", name, hint);
        host_report("missing", "%s %s", name, hint);
}

static bool find_export(const char *name)
{
        for (const NtExport *e = wmi_exports; e->name; e++)
                if (strcmp(e->name, name) == 0)
                        return true;
        return nt_export_find(name) != NULL;
}

// Whether a sanitizer's runtime is in this process already.
static bool has_runtime(HostSanitizer s)
{
        return dlsym(RTLD_DEFAULT, s == HOST_SANITIZER_THREAD ? "__tsan_init" : "__asan_init") != NULL;
}

// clang's runtime asks llvm-symbolizer for the names of functions, and Debian's clang does not bring that
// along. addr2line is always there: it comes with the linker.
static void name_symbolizer(const char *runtime, HostSanitizer s)
{
        static const char addr2line[] = "/usr/bin/addr2line";
        const char *variable = s == HOST_SANITIZER_THREAD ? "TSAN_OPTIONS" : "ASAN_OPTIONS";
        const char *at = strstr(runtime, "/lib/clang/"), *old = getenv(variable);
        char *theirs, *options;
        if (!at || (old && strstr(old, "symboliz")) || getenv("ASAN_SYMBOLIZER_PATH") ||
            access(addr2line, X_OK) ||
            asprintf(&theirs, "%.*s/bin/llvm-symbolizer", (int)(at - runtime), runtime) < 0)
                return;
        if (access(theirs, X_OK) && asprintf(&options, "%s%sexternal_symbolizer_path=%s", old ? old : "",
                                             old && *old ? ":" : "", addr2line) >= 0) {
                setenv(variable, options, 1);
                free(options);
        }
        free(theirs);
}

// Runs this program again with the runtime first; not passed on to children (see clean_environment).
static void run_again(const HostElf *elf, char **argv)
{
        char *runtime = host_elf_runtime(elf);
        if (!runtime)
                fail(HOST_EXIT_FAILED, "%s was built with a sanitizer whose runtime is not installed",
                     host.o.driver);
        const char *old = getenv("LD_PRELOAD");
        char *preload, *again;
        if (asprintf(&preload, "%s%s%s", runtime, old && *old ? ":" : "", old ? old : "") < 0 ||
            asprintf(&again, "%s%s", old ? "=" : "", old ? old : "") < 0)
                fail(HOST_EXIT_FAILED, "out of memory");
        name_symbolizer(runtime, elf->sanitizer);
        setenv("LD_PRELOAD", preload, 1);
        setenv(AGAIN, again, 1);
        int now = personality(0xffffffff);
        if (now >= 0) // older runtimes cannot map their shadow where much is randomised
                personality((unsigned long)now | ADDR_NO_RANDOMIZE);
        execv("/proc/self/exe", argv);
        fail(HOST_EXIT_FAILED, "running again with %s: %s", runtime, strerror(errno));
}

// True: this is the second run.
static bool clean_environment(void)
{
        const char *again = getenv(AGAIN);
        if (!again)
                return false;
        if (*again == '=')
                setenv("LD_PRELOAD", again + 1, 1);
        else
                unsetenv("LD_PRELOAD");
        unsetenv(AGAIN);
        return true;
}

static void check_file(bool again, char **argv)
{
        HostElf elf;
        Diag d;
        int e = host_elf_open(host.o.path, &elf, &d);
        if (e < 0)
                fail(HOST_EXIT_FAILED, "%s: %s", host.o.driver, strerror(-e));
        if (e)
                fail(HOST_EXIT_FAILED, "%s%s%s", d.message, d.hint[0] ? ": " : "", d.hint);
        if (elf.sanitizer != HOST_SANITIZER_NONE && !has_runtime(elf.sanitizer)) {
                if (again)
                        fail(HOST_EXIT_FAILED, "%s needs a sanitizer's runtime that could not be preloaded",
                             host.o.driver);
                run_again(&elf, argv);
        }
        size_t missing = host_elf_missing(&elf, find_export, tell_missing, NULL);
        if (missing)
                fail(HOST_EXIT_FAILED, "%s needs %zu symbol%s that nobody has", host.o.driver, missing,
                     missing == 1 ? "" : "s");
        if (!elf.has_entry)
                fail(HOST_EXIT_FAILED,
                     "%s has no DriverEntry: it is not a driver, or DriverEntry is static or was not linked "
                     "in",
                     host.o.driver);
        host_elf_close(&elf);
}

// --- what others tell this thread -----------------------------------------------------------------

static void poke(void)
{
        uint64_t one = 1;
        if (write(host.event, &one, sizeof one) < 0)
                return; // it is set already
}

static void on_log(void *arg, NtLogLevel level, const char *line)
{
        (void)arg;
        if (level == NT_LOG_NOTE)
                host_say("%s", line);
        else
                host_tell("warn", "%s", line);
}

static void on_stop(void *arg, bool gone, const char *reason)
{
        (void)arg;
        snprintf(host.reason, sizeof host.reason, "%s%s", gone ? "the service went away: " : "", reason);
        atomic_store(&host.gone, gone);
        atomic_store(&host.stopping, true);
        poke();
}

static void on_registered(void *arg)
{
        (void)arg;
        atomic_store(&host.registered, true);
        poke();
}

static void on_started(void *arg, NTSTATUS status, const char *step)
{
        (void)arg;
        host.status = status;
        host.step = step;
        atomic_store(NT_SUCCESS(status) ? &host.started : &host.start_failed, true);
        poke();
}

static void on_stopped(void *arg, NTSTATUS status, const char *step)
{
        (void)arg;
        host.status = status;
        host.step = step;
        atomic_store(&host.stopped, true);
        poke();
}

static void end_hung(int number)
{
        (void)number;
        _exit(HOST_EXIT_HANG);
}

static void on_hang(void)
{
        // What hangs may hold what telling needs (malloc's lock, in a heap that the driver spoilt): no longer
        // than this.
        struct sigaction end = {.sa_handler = end_hung};
        sigaction(SIGALRM, &end, NULL);
        alarm(HANG_SECONDS);
        wmi_link_state(WIRE_HOST_FAILED, "an entry point of the driver did not return");
        wmi_link_close(1, 0);
        _exit(HOST_EXIT_HANG);
}

// Waits for a poke or a signal. True: a signal that asks for the end.
static bool wait_event(int signals)
{
        struct pollfd p[2] = {{host.event, POLLIN, 0}, {signals, POLLIN, 0}};
        if (poll(p, 2, -1) < 0)
                return false;
        uint64_t n;
        if (p[0].revents && read(host.event, &n, sizeof n) < 0)
                return false;
        struct signalfd_siginfo s;
        if (!p[1].revents || read(signals, &s, sizeof s) != sizeof s)
                return false;
        if (atomic_exchange(&host.stopping, true)) {
                host_tell("fail", "a second signal: ended without unloading");
                _exit(HOST_EXIT_FAILED);
        }
        snprintf(host.reason, sizeof host.reason, "signal %u (%s)", s.ssi_signo, strsignal((int)s.ssi_signo));
        return true;
}

// --- start ----------------------------------------------------------------------------------------

// A connection to --socket: a new one each time. Waits for a busy service only if it may. 0, -errno.
static int connect_socket(bool wait, int *ret)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        memcpy(a.sun_path, host.o.socket, strlen(host.o.socket));
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&a, sizeof a) < 0) {
                int e = -errno;
                close(fd);
                return e;
        }
        *ret = fd;
        return 0;
}

// The user whom the service behind a connection belongs to; -1: unknown.
static uid_t service_user(int fd)
{
        struct ucred who;
        socklen_t n = sizeof who;
        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0 ? (uid_t)-1 : who.uid;
}

static int connect_service(void)
{
        if (host.o.fd >= 0)
                return host.o.fd;
        if (strlen(host.o.socket) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
                fail(HOST_EXIT_FAILED, "%s: the path of a socket has at most %zu bytes", host.o.socket,
                     sizeof((struct sockaddr_un *)NULL)->sun_path - 1);
        int fd = -1, e = connect_socket(true, &fd);
        if (e < 0)
                fail(HOST_EXIT_FAILED, "no service at %s: %s", host.o.socket, strerror(-e));
        host.service_user = service_user(fd);
        return fd;
}

// On the link's thread: the service went away, and may be back. While it was not there, somebody else may
// have taken its place in a directory that others can write to.
static int on_connect(void *arg, int *ret, Diag *reterr)
{
        (void)arg;
        int fd = -1, e = connect_socket(false, &fd);
        if (e < 0)
                return e;
        uid_t user = service_user(fd);
        if (user != host.service_user && user != 0) {
                close(fd);
                return diag_set(reterr, CIM_E_ACCESS_DENIED,
                                "the service at %s belongs to user %ld, the one before to user %ld",
                                host.o.socket, (long)user, (long)host.service_user);
        }
        *ret = fd;
        return 0;
}

static void *io_run(void *unused)
{
        (void)unused;
        pthread_setname_np(pthread_self(), "io");
        wmi_link_run();
        return NULL;
}

static void open_link(void)
{
        WmiLinkConfig config = {.program = "wmi-driver-host",
                                .name = host.o.name,
                                .device = host.o.device,
                                .path = host.o.path,
                                .stop = on_stop,
                                .registered = on_registered,
                                .connect = host.o.fd < 0 ? on_connect : NULL};
        Diag d = {0};
        int e = wmi_link_open(connect_service(), &config, LINK_SECONDS, &d);
        if (e < 0)
                fail(HOST_EXIT_FAILED, "the service: %s", strerror(-e));
        if (e)
                fail(HOST_EXIT_FAILED, "%s", d.message);
        pthread_t thread;
        if ((e = pthread_create(&thread, NULL, io_run, NULL)) != 0)
                fail(HOST_EXIT_FAILED, "no thread for the link: %s", strerror(e));
        pthread_detach(thread);
}

// HKLM\KEY\VALUE=N
static void set_registry(const char *text)
{
        const char *equals = strrchr(text, '=');
        size_t n = equals ? (size_t)(equals - text) : 0;
        size_t slash = n;
        while (slash && text[slash] != '\\')
                slash--;
        char *end = NULL;
        errno = 0;
        unsigned long long value = equals ? strtoull(equals + 1, &end, 0) : 0;
        if (!slash || slash + 1 >= n || errno || !end || end == equals + 1 || *end || value > UINT32_MAX ||
            equals[1] == '-')
                fail(HOST_EXIT_USAGE, "--reg: '%s' is not HKLM\\KEY\\VALUE=N with N up to 4294967295", text);
        char *key = strndup(text, slash), *name = strndup(text + slash + 1, n - slash - 1);
        int r = key && name ? nt_registry_set_dword(key, name, (ULONG)value) : -ENOMEM;
        free(key);
        free(name);
        if (r < 0)
                fail(r == -ENOMEM ? HOST_EXIT_FAILED : HOST_EXIT_USAGE, "--reg: %s: %s", text,
                     r == -EINVAL ? "only keys below HKLM" : strerror(-r));
}

static void start_kernel(void)
{
        NtOptions nt = {.log = on_log,
                        .bug_check = host_bug_check,
                        .thread_start = host_thread_prepare,
                        .symbol = host_symbol};
        int r = nt_init(&nt);
        if (r == 0)
                r = wmi_init(&(WmiOptions){.irp_timeout_ms = (uint32_t)(host.o.irp_timeout * 1000),
                                           .separator = host.o.separator});
        if (r < 0)
                fail(HOST_EXIT_FAILED, "start: %s", strerror(-r));
        for (unsigned i = 0; i < host.o.reg_count; i++)
                set_registry(host.o.reg[i]);
}

static DRIVER_INITIALIZE *load(void)
{
        void *module = dlopen(host.o.path, RTLD_NOW | RTLD_LOCAL);
        if (!module)
                fail(HOST_EXIT_FAILED, "%s", dlerror());
        union {
                void *in;
                DRIVER_INITIALIZE *out;
        } entry = {.in = dlsym(module, "DriverEntry")};
        if (!entry.in)
                fail(HOST_EXIT_FAILED, "%s has no DriverEntry", host.o.driver);
        int r = host_modules_load(host.o.path);
        if (r == 0)
                r = host_crash_install();
        if (r == 0 && host.o.deadline > 0)
                r = host_watch_start(host.o.deadline, on_hang);
        if (r < 0)
                fail(HOST_EXIT_FAILED, "start: %s", strerror(-r));
        return entry.out;
}

static void state(uint32_t number, const char *word, const char *text)
{
        wmi_link_state(number, text);
        host_report("state", "%s", word);
}

// --- life and end ---------------------------------------------------------------------------------

static int start_failed(void)
{
        char text[256];
        snprintf(text, sizeof text, "%s failed with 0x%08x",
                 host.step && *host.step ? host.step : "the start", (unsigned)host.status);
        host_tell("fail", "%s", text);
        nt_shutdown(DRAIN_SECONDS);
        wmi_link_state(WIRE_HOST_FAILED, text);
        wmi_link_close(DRAIN_SECONDS, 0);
        return HOST_EXIT_FAILED;
}

// Until somebody asks for the end. False: the driver did not start.
static bool live(int signals)
{
        bool told_started = false, told_registered = false;
        for (;;) {
                if (atomic_load(&host.start_failed))
                        return false;
                bool started = atomic_load(&host.started);
                if (started && !told_started) {
                        told_started = true;
                        state(WIRE_HOST_STARTED, "started", "");
                }
                if (started && !told_registered && atomic_load(&host.registered)) {
                        told_registered = true;
                        state(WIRE_HOST_REGISTERED, "registered", "");
                }
                if (started && atomic_load(&host.stopping))
                        return true;
                wait_event(signals);
        }
}

static int unload(int signals)
{
        if (host.o.fd >= 0)
                host_report("stopping", "%s",
                            host.reason); // its user asked for it, or has gone: nobody to tell
        else
                host_tell("stopping", "unloading: %s", host.reason);
        if (atomic_load(&host.gone))
                wmi_link_forget(host.o.irp_timeout);
        state(WIRE_HOST_UNLOADING, "unloading", host.reason);
        int r = nt_driver_stop(on_stopped, NULL);
        if (r < 0)
                fail(HOST_EXIT_FAILED, "unload: %s", strerror(-r));
        while (!atomic_load(&host.stopped))
                wait_event(signals);
        if (!NT_SUCCESS(host.status))
                host_tell("warn", "%s failed with 0x%08x", host.step, (unsigned)host.status);
        wmi_report();
        nt_shutdown(DRAIN_SECONDS);
        wmi_notes_print();
        wmi_link_close(DRAIN_SECONDS, WIRE_HOST_UNLOADED);
        host_report("state", "unloaded");
        return HOST_EXIT_DONE;
}

// Whoever starts us without one of the three standard descriptors must not have lines for standard error land
// in the service's socket.
static void standard_descriptors(void)
{
        int fd;
        do
                fd = open("/dev/null", O_RDWR);
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd > STDERR_FILENO)
                close(fd);
}

int main(int argc, char **argv)
{
        standard_descriptors();
        bool again = clean_environment();
        signal(SIGPIPE, SIG_IGN); // whoever reads our reports may leave
        read_options(argc, argv);
        if (host.o.log)
                open_log(host.o.log);
        defaults(&host.o);
        check_file(again, argv);
        if (host.o.report_fd >= 0) // only now: run_again needs it
                fcntl(host.o.report_fd, F_SETFD, FD_CLOEXEC);

        sigset_t end;
        sigemptyset(&end);
        sigaddset(&end, SIGTERM);
        sigaddset(&end, SIGINT);
        sigaddset(&end, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &end, NULL); // before there are threads: all inherit it
        int signals = signalfd(-1, &end, SFD_CLOEXEC | SFD_NONBLOCK);
        host.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (signals < 0 || host.event < 0)
                fail(HOST_EXIT_FAILED, "start: %s", strerror(errno));
        start_kernel();
        open_link();
        state(WIRE_HOST_LOADING, "loading", "");
        NtDriverConfig config = {.entry = load(), .service = host.o.name, .instance_path = host.o.device};
        int r = nt_driver_start(&config, on_started, NULL);
        if (r < 0)
                fail(HOST_EXIT_FAILED, "start: %s%s%s%s%s",
                     r == -EINVAL ? "a name without \\ and a device instance path like ROOT\\NAME\\0000 are "
                                    "needed, not '"
                                  : strerror(-r),
                     r == -EINVAL ? host.o.name : "", r == -EINVAL ? "' and '" : "",
                     r == -EINVAL ? host.o.device : "", r == -EINVAL ? "'" : "");
        return live(signals) ? unload(signals) : start_failed();
}
