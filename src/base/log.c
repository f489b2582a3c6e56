// SPDX-License-Identifier: MIT
// The log: one line, one write.
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void log_line(const LogSink *to, LogLevel level, const char *format, ...)
{
        if (!to || !to->write)
                return;
        char line[2048];
        va_list args;
        va_start(args, format);
        vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        to->write(to->context, level, line);
}

// --- standard error ------------------------------------------------------------------------------
//
// Whoever reads it may have stopped: a pipe fills, a terminal is held with Ctrl-S. Nobody who logs may wait
// for that, so what does not fit is counted and told when there is room again. O_NONBLOCK on descriptor 2
// would change it for all who share the open file; a pipe or terminal opened anew is ours alone.

enum { LOG_TEXT = 2304 };

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;         // what is written to; -1: not looked at yet
static bool log_socket;         // takes MSG_DONTWAIT instead
static char log_rest[LOG_TEXT]; // of a line that a terminal took in part
static size_t log_rest_size;
static unsigned long long log_dropped; // lines since the last that was written

static void log_open(void)
{
        struct stat st;
        log_fd = STDERR_FILENO;
        if (fstat(STDERR_FILENO, &st))
                return;
        log_socket = S_ISSOCK(st.st_mode);
        if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
                return;
        int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (fd >= 0)
                log_fd = fd;
}

// -1 with errno: nothing was written.
static ssize_t log_write(const char *p, size_t n)
{
        if (log_socket)
                return send(log_fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (log_fd == STDERR_FILENO) { // a file, or what could not be opened again
                struct pollfd ready = {log_fd, POLLOUT, 0};
                if (poll(&ready, 1, 0) == 0) {
                        errno = EAGAIN;
                        return -1;
                }
        }
        return write(log_fd, p, n);
}

// All of it, or nothing: then it is not this line's turn.
static bool log_put(const char *p, size_t n)
{
        ssize_t r;
        if (log_rest_size) {
                r = log_write(log_rest, log_rest_size);
                if (r > 0)
                        memmove(log_rest, log_rest + r, log_rest_size -= (size_t)r);
                if (log_rest_size)
                        return false;
        }
        do
                r = log_write(p, n);
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return errno != EAGAIN; // nobody left to tell
        if ((size_t)r < n)
                memcpy(log_rest, p + r, log_rest_size = n - (size_t)r);
        return true;
}

static void log_bytes(const char *name, const char *p, size_t n)
{
        char missing[256];
        pthread_mutex_lock(&log_lock);
        if (log_fd < 0)
                log_open();
        if (log_dropped) {
                int k = snprintf(missing, sizeof(missing),
                                 "%.128s: warning: %llu lines are missing here: nobody read them\n", name,
                                 log_dropped);
                log_dropped = log_put(missing, (size_t)k) ? 0 : log_dropped + 1;
        }
        if (!log_dropped && !log_put(p, n))
                log_dropped = 1;
        pthread_mutex_unlock(&log_lock);
}

static void log_to_stderr(void *context, LogLevel level, const char *line)
{
        static const char *const words[] = {"error: ", "warning: ", "", "debug: "};
        char out[LOG_TEXT];
        int n = snprintf(out, sizeof(out), "%s: %s%s\n", (const char *)context, words[level], line);
        if (n > (int)sizeof(out) - 1) {
                n = (int)sizeof(out) - 1;
                out[n - 1] = '\n';
        }
        if (n > 0)
                log_bytes(context, out, (size_t)n);
}

void log_stderr_bare(const char *name, const char *line)
{
        char out[LOG_TEXT];
        int n = snprintf(out, sizeof(out), "%.2048s\n", line);
        if (n > 0)
                log_bytes(name, out, (size_t)n);
}

LogSink log_stderr(const char *name)
{
        union {
                const char *in;
                void *out;
        } u = {.in = name};
        return (LogSink){log_to_stderr, u.out};
}
