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

// A sink that writes "NAME: line" to standard error in one write; `name` is kept.
LogSink log_stderr(const char *name);

#endif
