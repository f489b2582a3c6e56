// SPDX-License-Identifier: MIT
// Crash and hang reports. All that is looked up was read before the driver ran, so that a signal handler only
// searches sorted arrays; unwinding is libgcc's, which needs no lock with this libc.
#include "host-crash.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host-elf.h"
#include "host-report.h"

enum { MODULES = 128, FRAMES = 64, STACK_BYTES = 64 << 10 };

typedef struct Module {
        const char *name;
        uintptr_t base, low, high;
        HostSymbols symbols;
        bool driver;
} Module;

static Module modules[MODULES];
static size_t module_count;

// --- modules --------------------------------------------------------------------------------------

static int module_take(struct dl_phdr_info *info, size_t size, void *driver)
{
        (void)size;
        if (module_count == MODULES)
                return 1;
        const char *path = info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
        Module m = {.base = info->dlpi_addr, .low = UINTPTR_MAX};
        for (int i = 0; i < info->dlpi_phnum; i++) {
                const ElfW(Phdr) *p = &info->dlpi_phdr[i];
                if (p->p_type != PT_LOAD)
                        continue;
                uintptr_t low = m.base + p->p_vaddr, high = low + p->p_memsz;
                m.low = low < m.low ? low : m.low;
                m.high = high > m.high ? high : m.high;
        }
        const char *slash = strrchr(path, '/');
        m.name = info->dlpi_name[0] ? strdup(slash ? slash + 1 : path) : "wmi-driver-host";
        m.driver = strcmp(path, driver) == 0;
        if (!m.name || host_symbols_load(path, &m.symbols) < 0)
                return -ENOMEM;
        modules[module_count++] = m;
        return 0;
}

int host_modules_load(const char *driver)
{
        union {
                const char *in;
                void *out;
        } u = {.in = driver};
        int r = dl_iterate_phdr(module_take, u.out);
        return r < 0 ? r : 0;
}

static const Module *module_of(uintptr_t pc)
{
        for (size_t i = 0; i < module_count; i++)
                if (pc >= modules[i].low && pc < modules[i].high)
                        return &modules[i];
        return NULL;
}

// "module!function+0x12". `back`: the address is where a call returns to, so the call lies before it.
static void line_place(HostLine *l, uintptr_t pc, bool back)
{
        const Module *m = module_of(pc);
        if (!m) {
                host_line_hex(l, pc);
                return;
        }
        uint64_t offset = 0;
        const char *function = host_symbols_find(&m->symbols, pc - m->base - back, &offset);
        host_line_text(l, m->name);
        if (function) {
                host_line_text(l, "!");
                host_line_text(l, function);
        }
        host_line_text(l, "+");
        host_line_hex(l, function ? offset + back : pc - m->base);
}

void host_symbol(void *unused, const void *address, char *buf, size_t size)
{
        (void)unused;
        HostLine l = {.n = 0};
        line_place(&l, (uintptr_t)address, false);
        snprintf(buf, size, "%.*s", (int)l.n, l.text);
}

// The place of a frame; for frames of the driver true.
static bool in_driver(uintptr_t pc)
{
        const Module *m = module_of(pc);
        return m && m->driver;
}

// Where the thread is inside the driver: "IRP_MJ_PNP/IRP_MN_START_DEVICE (toaster.so!ToasterPnp+0x0)".
static void line_entry(HostLine *l, const NtEntry *e)
{
        unsigned n = e->depth < NT_ENTRY_DEPTH ? e->depth : NT_ENTRY_DEPTH;
        for (unsigned i = n; i > 0; i--) { // the innermost one that is the driver's
                const NtEntryFrame *f = &e->frames[i - 1];
                if (f->routine && !in_driver((uintptr_t)f->routine) && i > 1)
                        continue;
                host_line_text(l, f->what);
                if (f->routine) {
                        host_line_text(l, " (");
                        line_place(l, (uintptr_t)f->routine, false);
                        host_line_text(l, ")");
                }
                return;
        }
        host_line_text(l, "no entry point");
}

// The callers from frame `first` on: those in the driver, and what lies between them.
static void tell_callers(const char *word, void *const *frames, int first, int n)
{
        int last = -1;
        for (int i = 0; i < n; i++)
                if (in_driver((uintptr_t)frames[i]))
                        last = i;
        for (int i = first; i <= last; i++) {
                HostLine l = {.n = 0};
                host_line_text(&l, "  called from ");
                line_place(&l, (uintptr_t)frames[i], true);
                host_line_tell(word, &l);
        }
}

// --- crashes --------------------------------------------------------------------------------------

static const struct {
        int number;
        const char *name;
} signals[] = {{SIGSEGV, "SIGSEGV"},
               {SIGBUS, "SIGBUS"},
               {SIGILL, "SIGILL"},
               {SIGFPE, "SIGFPE"},
               {SIGABRT, "SIGABRT"}};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static atomic_int crashing;
static atomic_bool reported; // by a bug check; abort() follows

static void die(int number)
{
        struct sigaction plain = {.sa_handler = SIG_DFL};
        sigaction(number, &plain, NULL);
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, number);
        raise(number);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL); // the signal comes now
        _exit(128 + number);
}

static void tell_entry(HostLine *l)
{
        NtEntry e;
        host_line_text(l, ", entry point ");
        if (nt_entry_self(&e) == 1 && e.depth)
                line_entry(l, &e);
        else
                host_line_text(l, "none");
}

static void on_crash(int number, siginfo_t *info, void *context)
{
        int none = 0;
        if (!atomic_compare_exchange_strong(&crashing, &none, (int)syscall(SYS_gettid))) {
                if (none == (int)syscall(SYS_gettid))
                        die(number); // the report itself crashed
                for (;;)
                        pause(); // another thread is reporting, and will end us
        }
        if (atomic_load(&reported))
                die(number);
        const ucontext_t *u = context;
        uintptr_t pc = (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
        HostLine l = {.n = 0};
        for (size_t i = 0; i < SIGNALS; i++)
                if (signals[i].number == number)
                        host_line_text(&l, signals[i].name);
        if (number != SIGABRT) {
                host_line_text(&l, " at address ");
                host_line_hex(&l, (uintptr_t)info->si_addr);
        }
        host_line_text(&l, " in ");
        line_place(&l, pc, false);
        tell_entry(&l);
        host_line_tell("crash", &l);

        if (!module_of(pc)) { // a jump to nowhere: an unwinder would read there, too; the call left its
                              // origin on the stack
                uintptr_t back;
                memcpy(&back, (const void *)u->uc_mcontext.gregs[REG_RSP], sizeof back);
                if (module_of(back)) {
                        host_line_text(&l, "  called from ");
                        line_place(&l, back, true);
                        host_line_tell("crash", &l);
                }
                die(number);
        }
        void *frames[FRAMES];
        int n = backtrace(frames, FRAMES), first = 0;
        while (first < n && (uintptr_t)frames[first] != pc)
                first++;
        tell_callers("crash", frames, first + 1, n);
        die(number);
}

void host_bug_check(void *unused, const NtBugCheck *bug)
{
        (void)unused;
        if (atomic_exchange(&reported, true))
                return;
        HostLine l = {.n = 0};
        host_line_text(&l, "bug check ");
        host_line_hex(&l, bug->code);
        host_line_text(&l, " ");
        host_line_text(&l, bug->name);
        host_line_text(&l, " in ");
        line_place(&l, (uintptr_t)bug->caller, true);
        tell_entry(&l);
        host_line_tell("crash", &l);
        for (const char *p = bug->text; p && *p;) {
                size_t n = strcspn(p, "\n");
                host_report("crash", "  %.*s", (int)n, p); // standard error has it already
                p += n + (p[n] == '\n');
        }
        void *frames[FRAMES];
        int n = backtrace(frames, FRAMES), first = 0;
        while (first < n && !in_driver((uintptr_t)frames[first]))
                first++;
        if (first < n && frames[first] == bug->caller)
                first++;
        tell_callers("crash", frames, first, n);
}

void host_thread_prepare(void *unused)
{
        (void)unused;
        static pthread_key_t key;
        static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        static bool made;
        stack_t old;
        if (sigaltstack(NULL, &old) < 0 || !(old.ss_flags & SS_DISABLE))
                return; // a sanitizer's, or ours
        pthread_mutex_lock(&mutex);
        if (!made)
                made = pthread_key_create(&key, free) == 0;
        pthread_mutex_unlock(&mutex);
        stack_t s = {.ss_sp = malloc(STACK_BYTES), .ss_size = STACK_BYTES};
        if (!s.ss_sp)
                return;
        if (made && pthread_setspecific(key, s.ss_sp) == 0 && sigaltstack(&s, NULL) == 0)
                return;
        free(s.ss_sp);
}

// --- hangs ----------------------------------------------------------------------------------------

static int ask_signal;
static void *asked_frames[FRAMES];
static int asked_count;
static sem_t asked;
static double deadline;
static void (*on_hang)(void);

static void on_asked(int number)
{
        (void)number;
        int saved = errno;
        asked_count = backtrace(asked_frames, FRAMES);
        sem_post(&asked);
        errno = saved;
}

int host_crash_install(void)
{
        void *warm[4];
        backtrace(warm, 4); // loads libgcc now
        host_thread_prepare(NULL);
        struct sigaction crash = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigfillset(&crash.sa_mask);
        for (size_t i = 0; i < SIGNALS; i++)
                sigdelset(&crash.sa_mask, signals[i].number);
        for (size_t i = 0; i < SIGNALS; i++)
                if (sigaction(signals[i].number, &crash, NULL) < 0)
                        return -errno;
        ask_signal = SIGRTMIN + 5;
        struct sigaction ask = {.sa_handler = on_asked, .sa_flags = SA_ONSTACK | SA_RESTART};
        sigfillset(&ask.sa_mask);
        if (sigaction(ask_signal, &ask, NULL) < 0 || sem_init(&asked, 0, 0) < 0)
                return -errno;
        return 0;
}

static void tell_hang(const NtEntry *e, const NtEntryFrame *f, double seconds)
{
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += 2;
        int n = 0;
        if (syscall(SYS_tgkill, getpid(), e->tid, ask_signal) == 0) {
                int r;
                while ((r = sem_clockwait(&asked, CLOCK_MONOTONIC, &until)) < 0 && errno == EINTR)
                        continue;
                n = r == 0 ? asked_count : 0;
        }
        int first = 0;
        while (first < n && !in_driver((uintptr_t)asked_frames[first]))
                first++;
        HostLine l = {.n = 0};
        host_line_text(&l, f->what);
        host_line_text(&l, " has not returned for ");
        host_line_number(&l, (uint64_t)seconds);
        host_line_text(&l, " s: ");
        if (first < n) {
                host_line_text(&l, "in ");
                line_place(&l, (uintptr_t)asked_frames[first], first > 0);
                if (first > 0) {
                        host_line_text(&l, ", waiting in ");
                        line_place(&l, (uintptr_t)asked_frames[first - 1], true);
                }
        } else {
                host_line_text(&l, "its thread did not answer");
        }
        host_line_text(&l, ", entry point ");
        line_entry(&l, e);
        host_line_tell("hang", &l);
        tell_callers("hang", asked_frames, first + 1, n);
}

static void *watch(void *unused)
{
        (void)unused;
        pthread_setname_np(pthread_self(), "watchdog");
        double look = deadline / 8 < 1 ? deadline / 8 : 1;
        for (;;) {
                struct timespec t = {(time_t)look, (long)((look - (double)(time_t)look) * 1e9)}, now;
                nanosleep(&t, NULL);
                NtEntry e;
                const NtEntryFrame *f;
                if (nt_entry_oldest(&e, &f) != 1)
                        continue;
                clock_gettime(CLOCK_MONOTONIC, &now);
                double seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)f->since_ns / 1e9;
                if (seconds < deadline)
                        continue;
                tell_hang(&e, f, seconds);
                on_hang();
        }
        return NULL;
}

int host_watch_start(double seconds, void (*hung)(void))
{
        deadline = seconds;
        on_hang = hung;
        pthread_t thread;
        int r = pthread_create(&thread, NULL, watch, NULL);
        if (r == 0)
                pthread_detach(thread);
        return -r;
}
