// SPDX-License-Identifier: MIT
// The log: one line, one write.
#include "base/log.h"

#include <stdio.h>
#include <string.h>
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

static void log_to_stderr(void *context, LogLevel level, const char *line)
{
        static const char *const words[] = {"error: ", "warning: ", "", "debug: "};
        char out[2304];
        int n = snprintf(out, sizeof(out), "%s: %s%s\n", (const char *)context, words[level], line);
        if (n > (int)sizeof(out) - 1) {
                n = (int)sizeof(out) - 1;
                out[n - 1] = '\n';
        }
        if (n > 0 && write(STDERR_FILENO, out, (size_t)n) < 0)
                return; // nobody left to tell
}

LogSink log_stderr(const char *name)
{
        union {
                const char *in;
                void *out;
        } u = {.in = name};
        return (LogSink){log_to_stderr, u.out};
}
