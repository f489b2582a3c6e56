// SPDX-License-Identifier: MIT
// What is reported when the driver crashes or hangs: where, in which entry point, called from where.
#ifndef DRIVER_HOST_CRASH_H
#define DRIVER_HOST_CRASH_H

#include <stdbool.h>
#include <stddef.h>

#include "driver/nt/nt.h"

// Reads the functions of every module that is loaded, `driver` (a path) among them. Before the driver runs.
// 0, -ENOMEM.
int host_modules_load(const char *driver);

// Handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT, and the signal with which a hanging thread is
// asked for its backtrace. 0, -errno.
int host_crash_install(void);
// Gives the calling thread a stack for its signal handlers. Each thread once; freed when it ends.
void host_thread_prepare(void *unused);

// For NtOptions.bug_check: reports and returns; the process then ends by abort().
void host_bug_check(void *unused, const NtBugCheck *bug);

// For NtOptions.symbol: "module!function+0x12", functions that the driver does not export among them.
void host_symbol(void *unused, const void *address, char *buf, size_t size);

// Starts the watchdog: an entry point that takes more than `seconds` is reported, then `hung` is called. 0,
// -errno.
int host_watch_start(double seconds, void (*hung)(void));

#endif
