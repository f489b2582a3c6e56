// SPDX-License-Identifier: MIT
// Start and end of the NT stand-in, its log, and names of addresses.
#include "driver/nt/nt-internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

NtOptions nt_options;
const NtObserver *nt_observer;
static bool initialised;

void nt_log(NtLogLevel level, const char *format, ...)
{
        char line[1024];
        va_list args;
        va_start(args, format);
        vsnprintf(line, sizeof line, format, args);
        va_end(args);
        if (nt_options.log) {
                nt_options.log(nt_options.arg, level, line);
                return;
        }
        static const char *const words[] = {"note", "warning", "error"};
        char out[1100];
        int n = snprintf(out, sizeof out, "nt: %s: %s\n", words[level], line);
        if (n > 0 && write(STDERR_FILENO, out, (size_t)n) < 0)
                return; // nowhere left to say so
}

const char *nt_symbol(const void *address, char *buf, size_t size)
{
        Dl_info info;
        if (address && nt_options.symbol) {
                nt_options.symbol(nt_options.arg, address, buf, size);
                return buf;
        }
        if (!address || !dladdr(address, &info) || !info.dli_fname) {
                snprintf(buf, size, "%p", address);
                return buf;
        }
        const char *slash = strrchr(info.dli_fname, '/');
        const char *module = slash ? slash + 1 : info.dli_fname;
        if (info.dli_sname)
                snprintf(buf, size, "%s!%s+0x%zx", module, info.dli_sname,
                         (size_t)((const char *)address - (const char *)info.dli_saddr));
        else
                snprintf(buf, size, "%s+0x%zx", module,
                         (size_t)((const char *)address - (const char *)info.dli_fbase));
        return buf;
}

int nt_init(const NtOptions *options)
{
        if (initialised)
                return -EALREADY;
        if (options)
                nt_options = *options;
        initialised = true;
        int r;
        if ((r = nt_clock_init(nt_options.virtual_clock)) < 0 || (r = nt_timers_start()) < 0 ||
            (r = nt_dpc_start()) < 0 || (r = nt_worker_start()) < 0 || (r = nt_power_start()) < 0 ||
            (r = nt_pnp_start()) < 0)
                return r;
        return 0;
}

static double seconds_left(const struct timespec *start, double seconds)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        double used = (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
        return used < seconds ? seconds - used : 0;
}

// Counts the threads of ours that are inside the driver; the driver's own threads are nt_threads_report's.
static int entries_inside(bool report)
{
        int n = 0;
        NtEntry e;
        int r;
        for (size_t i = 0; (r = nt_entry_read(i, &e)) >= 0; i++) {
                if (r == 0 || e.depth == 0 || e.driver_thread || pthread_equal(e.thread, pthread_self()))
                        continue;
                n++;
                if (!report)
                        continue;
                char name[256];
                const NtEntryFrame *f =
                        &e.frames[e.depth < NT_ENTRY_DEPTH ? e.depth - 1 : NT_ENTRY_DEPTH - 1];
                nt_log(NT_LOG_WARNING, "thread %d is still in %s (%s)", (int)e.tid, f->what,
                       nt_symbol(f->routine, name, sizeof name));
        }
        return n;
}

int nt_shutdown(double seconds)
{
        struct timespec start;
        clock_gettime(CLOCK_MONOTONIC, &start);
        int reported = 0;
        // Work can make DPCs and DPCs work: two quiet rounds in a row are rest.
        for (int quiet = 0; quiet < 2;) {
                bool pnp = nt_pnp_idle(seconds_left(&start, seconds));
                bool worker = nt_worker_idle(seconds_left(&start, seconds));
                bool dpc = nt_dpc_idle(seconds_left(&start, seconds));
                bool power = nt_power_idle(seconds_left(&start, seconds));
                if (pnp && worker && dpc && power) {
                        quiet++;
                        continue;
                }
                if (!pnp && ++reported)
                        nt_log(NT_LOG_WARNING, "still busy: the pnp thread");
                if (!dpc && ++reported)
                        nt_log(NT_LOG_WARNING, "still busy: DPCs are queued or running");
                if (!power && ++reported)
                        nt_log(NT_LOG_WARNING, "still busy: power IRPs are not complete");
                if (!worker)
                        reported += nt_worker_report();
                break;
        }
        // What was idle may still be on its way out of the driver.
        while ((entries_inside(false) || nt_threads_running()) && seconds_left(&start, seconds) > 0)
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        reported += entries_inside(true);
        reported += nt_timers_report();
        reported += nt_threads_report();
        reported += nt_interfaces_report();
        reported += nt_names_report();
        reported += nt_pool_report();
        return reported;
}
