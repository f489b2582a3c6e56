// SPDX-License-Identifier: MIT
// The log of programs. Libraries do not log: they take a LogSink and say what their user must know.
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>

typedef enum LogLevel { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_DEBUG } LogLevel;

// Where a library's words go. `write` gets one line without its newline; any thread. write NULL: nowhere.
typedef struct LogSink {
        void (*write)(void *context, LogLevel level, const char *line);
        void *context;
} LogSink;

void log_line(const LogSink *to, LogLevel level, const char *format, ...) __attribute__((format(printf, 3, 4)));

// A sink that writes "NAME: line" to standard error in one write; `name` is kept. It never waits: lines for which a
// reader that has stopped leaves no room are counted, and told when there is room again.
LogSink log_stderr(const char *name);
// The same way, a line alone on a line, without the name in front of it.
void log_stderr_bare(const char *name, const char *line);

#endif
