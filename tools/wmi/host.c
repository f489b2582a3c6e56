// SPDX-License-Identifier: MIT
// A driver host as a child.
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/utf.h"
#include "say.h"
#include "wmi-driver-host.h"

extern char **environ;

enum {
        HOST_LINE = 4096, // of a report; what is longer is cut
        HOST_ARGUMENTS = 24,
        HOST_FD = 3, // in the child: the service, the report
        HOST_REPORT = 4,
};

char *host_name(const char *driver)
{
        const char *slash = strrchr(driver, '/');
        const char *base = slash ? slash + 1 : driver;
        size_t n = strlen(base);
        if (n > 3 && !strcmp(base + n - 3, ".so"))
                n -= 3;
        return strndup(base, n);
}

char *host_device(const char *name)
{
        Buf out = {0};
        buf_text(&out, "ROOT\\");
        for (size_t i = 0, n = strlen(name); i < n;) {
                uint32_t c;
                i += utf8_decode(name + i, n - i, &c);
                if (c <= ' ' || c > '~' || c == ',' || c == '\\')
                        c = '_';
                buf_u8(&out, (uint8_t)utf_upcase16((char16_t)c));
        }
        buf_text(&out, "\\0000");
        return buf_z(&out) ? (char *)out.p : NULL;
}

// --- start -------------------------------------------------------------------------------------------

// PREFIX/libexec/freewmi/wmi-driver-host of the PREFIX whose bin holds this program.
static int host_program(char *out, size_t size)
{
        char self[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        if (n < 0)
                return -errno;
        self[n] = '\0';
        for (int i = 0; i < 2; i++) {
                char *slash = strrchr(self, '/');
                if (!slash)
                        return -ENOENT;
                *slash = '\0';
        }
        if (snprintf(out, size, "%s/%s/wmi-driver-host", self, FREEWMI_LIBEXEC) >= (int)size)
                return -ENAMETOOLONG;
        return access(out, X_OK) ? -errno : 0;
}

typedef struct Arguments {
        Arena arena;
        char **p;
        size_t n;
        bool failed;
} Arguments;

static void argument(Arguments *a, const char *text)
{
        char *copy = arena_strndup(&a->arena, text, strlen(text));
        a->failed |= !copy;
        if (copy)
                a->p[a->n++] = copy;
}

static void argument_pair(Arguments *a, const char *name, const char *value)
{
        if (!value)
                return;
        argument(a, name);
        argument(a, value);
}

static void argument_ms(Arguments *a, bool given, const char *name, uint64_t ms)
{
        char text[40];
        snprintf(text, sizeof(text), "%llu.%03u", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
        argument_pair(a, name, given ? text : NULL);
}

static int host_arguments(const HostStart *how, const char *program, Arguments *a)
{
        const Options *o = how->options;
        char fd[16];
        a->p = arena_array(&a->arena, char *, HOST_ARGUMENTS + 2 * o->registry.n);
        if (!a->p)
                return -ENOMEM;
        argument(a, program);
        snprintf(fd, sizeof(fd), "%d", HOST_FD);
        if (how->take_fd >= 0)
                argument_pair(a, "--fd", fd);
        else
                argument_pair(a, "--socket", how->socket);
        snprintf(fd, sizeof(fd), "%d", HOST_REPORT);
        argument_pair(a, "--report-fd", fd);
        argument_pair(a, "--name", how->name);
        argument_pair(a, "--device", how->device);
        for (size_t i = 0; i < o->registry.n; i++)
                argument_pair(a, "--reg", o->registry.p[i]);
        argument_ms(a, o->has_deadline, "--deadline", o->deadline_ms);
        argument_ms(a, o->has_irp_timeout, "--irp-timeout", o->irp_timeout_ms);
        argument_pair(a, "--log", o->log);
        if (o->no_wmi)
                argument(a, "--no-wmi");
        argument(a, how->driver);
        return a->failed ? -ENOMEM : 0;
}

// Signals as a fresh program expects them, and out of reach of the terminal's Ctrl-C: the driver is unloaded
// in order, not interrupted.
static int host_attributes(posix_spawnattr_t *attr, bool detached)
{
        sigset_t none, standard;
        sigemptyset(&none);
        sigemptyset(&standard);
        sigaddset(&standard, SIGPIPE);
        sigaddset(&standard, SIGINT);
        sigaddset(&standard, SIGTERM);
        sigaddset(&standard, SIGHUP);
        int r = posix_spawnattr_init(attr);
        if (r)
                return r;
        posix_spawnattr_setsigmask(attr, &none);
        posix_spawnattr_setsigdefault(attr, &standard);
        posix_spawnattr_setpgroup(attr, 0);
        return posix_spawnattr_setflags(attr,
                                        (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                (detached ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP)));
}

// Its output never mixes with ours: attached, it goes to standard error; detached, to --log or nowhere.
static int host_files(posix_spawn_file_actions_t *files, bool detached, int fd, int report)
{
        int r = posix_spawn_file_actions_init(files);
        if (r)
                return r;
        r = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (!r && detached)
                r = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        if (!r)
                r = posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
        if (!r && fd >= 0)
                r = posix_spawn_file_actions_adddup2(files, fd, HOST_FD);
        if (!r)
                r = posix_spawn_file_actions_adddup2(files, report, HOST_REPORT);
        return r;
}

static int host_spawn(const HostStart *how, const char *program, int fd, int report, pid_t *ret)
{
        Arguments a = {0};
        posix_spawnattr_t attr;
        posix_spawn_file_actions_t files;
        int r = host_arguments(how, program, &a);
        if (!r) {
                r = -host_attributes(&attr, how->detached);
                if (!r) {
                        r = -host_files(&files, how->detached, fd, report);
                        if (!r)
                                r = -posix_spawn(ret, program, &files, &attr, a.p, environ);
                        posix_spawn_file_actions_destroy(&files);
                }
                posix_spawnattr_destroy(&attr);
        }
        arena_deinit(&a.arena);
        return r;
}

// Away from the numbers that they get in the child.
static int host_above(int *fd)
{
        int above = fcntl(*fd, F_DUPFD_CLOEXEC, 10);
        if (above < 0)
                return -errno;
        close(*fd);
        *fd = above;
        return 0;
}

int host_start(const HostStart *how, Host *ret)
{
        char program[PATH_MAX];
        int fd = how->take_fd, report[2] = {-1, -1};
        *ret = (Host){.name = how->name, .heard = !how->detached, .pid = -1, .report = -1};
        int r = host_program(program, sizeof(program));
        if (r) {
                say("wmi-driver-host is not beside this program: %s", strerror(-r));
        } else {
                r = pipe2(report, O_CLOEXEC) ? -errno : host_above(&report[1]);
                if (!r && fd >= 0)
                        r = host_above(&fd);
                if (!r)
                        r = fcntl(report[0], F_SETFL, O_NONBLOCK) ? -errno : 0;
                if (!r)
                        r = host_spawn(how, program, fd, report[1], &ret->pid);
                if (r)
                        say("%s could not be started: %s", program, strerror(-r));
        }
        if (fd >= 0)
                close(fd);
        if (report[1] >= 0)
                close(report[1]);
        if (r) {
                if (report[0] >= 0)
                        close(report[0]);
                return WMI_FAILED;
        }
        ret->report = report[0];
        return 0;
}

// --- what it reports -----------------------------------------------------------------------------------

static const char *word_after(const char *line, const char *word)
{
        size_t n = strlen(word);
        return strncmp(line, word, n) ? NULL : line[n] == ' ' ? line + n + 1 : line[n] ? NULL : line + n;
}

static void host_state(Host *h, const char *state)
{
        h->loading |= !strcmp(state, "loading");
        h->started |= !strcmp(state, "started");
        h->registered |= !strcmp(state, "registered");
        h->unloading |= !strcmp(state, "unloading");
        h->unloaded |= !strcmp(state, "unloaded");
}

static void host_missing(Host *h, const char *text)
{
        if (!h->missing++ && !h->heard)
                say("%s: needs symbols that nobody here has:", h->name);
        const char *space = strchr(text, ' ');
        if (!h->heard)
                say("    %.*s%s%s", space ? (int)(space - text) : (int)strlen(text), text, space ? "  " : "",
                    space ? space + 1 : "");
}

// A line of wmi-driver-host.h; words that are not known are skipped.
static void host_line(Host *h, const char *line)
{
        const char *text, *before = "";
        if ((text = word_after(line, "state"))) {
                host_state(h, text);
                return;
        }
        if ((text = word_after(line, "missing"))) {
                host_missing(h, text);
                return;
        }
        if ((text = word_after(line, "fail")))
                h->failed = true;
        else if ((text = word_after(line, "crash")))
                h->crashed = true;
        else if ((text = word_after(line, "hang")))
                h->hung = true;
        else if ((text = word_after(line, "warn")))
                before = "warning: ";
        if (text && !h->heard)
                say("%s: %s%s", h->name, before, text);
}

void host_read(Host *h)
{
        char bytes[1024];
        while (h->report >= 0) {
                ssize_t n = read(h->report, bytes, sizeof(bytes));
                if (n < 0 && (errno == EINTR || errno == EAGAIN))
                        return;
                for (ssize_t i = 0; i < n; i++) {
                        if (bytes[i] == '\n') {
                                if (buf_z(&h->line))
                                        host_line(h, (const char *)h->line.p);
                                h->line.n = 0;
                        } else if (h->line.n < HOST_LINE) {
                                buf_u8(&h->line, (uint8_t)bytes[i]);
                        }
                }
                if (n <= 0) {
                        close(h->report);
                        h->report = -1;
                }
        }
}

bool host_reap(Host *h, bool wait)
{
        while (!h->ended) {
                pid_t r = waitpid(h->pid, &h->status, wait ? 0 : WNOHANG);
                if (r < 0 && errno == EINTR)
                        continue;
                if (r == 0)
                        return false;
                h->ended = true;
                host_read(h); // its last words
        }
        return true;
}

int host_verdict(const Host *h, bool asked)
{
        if (WIFSIGNALED(h->status)) {
                if (!h->crashed)
                        say("%s: the driver host was ended by signal %d (%s)", h->name, WTERMSIG(h->status),
                            strsignal(WTERMSIG(h->status)));
                return WMI_GONE;
        }
        switch (WEXITSTATUS(h->status)) {
        case HOST_EXIT_DONE:
                if (asked)
                        return WMI_DONE;
                say("%s: the driver host has ended: the driver was unloaded", h->name);
                return WMI_GONE;
        case HOST_EXIT_HANG:
                if (!h->hung)
                        say("%s: the driver hangs", h->name);
                return WMI_GONE;
        default: // without a word of its own something else ended it: a sanitizer, say
                if (h->failed || h->missing)
                        return WMI_FAILED;
                if (!h->crashed)
                        say("%s: the driver host has ended with status %d", h->name, WEXITSTATUS(h->status));
                return WMI_GONE;
        }
}

void host_deinit(Host *h)
{
        if (h->report >= 0)
                close(h->report);
        buf_deinit(&h->line);
        h->report = -1;
}
