// SPDX-License-Identifier: MIT
// wmi-cc: compile Windows driver and COM client sources, unmodified, into native objects, drivers and programs.
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef FREEWMI_VERSION
#define FREEWMI_VERSION "0"
#endif

/* The mingw-w64 versions that the layout tests have seen. */
enum { MINGW_OLDEST = 10, MINGW_NEWEST = 10 };
/* Rounds of looking for headers: each may reveal new ones. */
enum { HEADER_ROUNDS = 16 };
/* A forwarder directory lies this deep in its temporary directory, so that "../x.h" stays inside. */
enum { FORWARD_DEPTH = 6 };

enum { EXIT_USAGE = 2 };

typedef struct {
        char **at;
        size_t count;
        size_t capacity;
} List;

typedef enum { LinkProgram, LinkDriver, CompileOnly } Mode;

typedef struct {
        char *prefix;      // the installation: PREFIX/bin/wmi-cc
        char *share;       // PREFIX/share/freewmi
        char *lib;         // PREFIX/lib
        char *mingw;       // the directory of links to the mingw-w64 headers
        char *temporary;   // a private directory, NULL until one is needed
        char *forward;     // forwarders to user headers, inside `temporary`
        char *forward_sys; // forwarders to Windows headers
        List compiler;     // the compiler's command and its own first arguments
        bool clang;
        bool verbose;
        bool linux_code;
        bool sanitize;
        bool output_given;
        bool color_given;
        bool preprocess; // -E, -M: the result goes to standard output unless -o names a file
        Mode mode;
        List user;      // the user's arguments that reach the compiler
        List sources;   // C sources among them
        List include;   // the user's -I and -iquote directories
        List libraries; // the user's -L directories, and ours
        List forwarded; // names for which a forwarder exists
} Job;

// --- small helpers -----------------------------------------------------------------------------------------------

static Job *cleanup_job;

static void remove_temporary(void);

static _Noreturn __attribute__((format(printf, 2, 3))) void die(int status, const char *format, ...)
{
        va_list arguments;

        fputs("wmi-cc: ", stderr);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        remove_temporary();
        exit(status);
}

static void *allocate(void *old, size_t size)
{
        void *p = realloc(old, size ? size : 1);

        if (!p)
                die(1, "out of memory");
        return p;
}

static char *copy_text(const char *text, size_t size)
{
        char *p = allocate(NULL, size + 1);

        memcpy(p, text, size);
        p[size] = '\0';
        return p;
}

static __attribute__((format(printf, 1, 2))) char *print(const char *format, ...)
{
        va_list arguments;
        char *text = NULL;

        va_start(arguments, format);
        if (vasprintf(&text, format, arguments) < 0)
                die(1, "out of memory");
        va_end(arguments);
        return text;
}

static void list_add(List *list, const char *text)
{
        if (list->count + 1 >= list->capacity) {
                list->capacity = list->capacity ? 2 * list->capacity : 32;
                list->at = allocate(list->at, list->capacity * sizeof(*list->at));
        }
        list->at[list->count++] = text ? copy_text(text, strlen(text)) : NULL;
        list->at[list->count] = NULL;
}

static void list_add_all(List *list, const List *other)
{
        for (size_t i = 0; i < other->count; i++)
                list_add(list, other->at[i]);
}

static bool list_has(const List *list, const char *text)
{
        for (size_t i = 0; i < list->count; i++)
                if (!strcmp(list->at[i], text))
                        return true;
        return false;
}

static void list_free(List *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->at[i]);
        free(list->at);
        *list = (List){ 0 };
}

static bool starts(const char *text, const char *with)
{
        return !strncmp(text, with, strlen(with));
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

static char *directory_of(const char *path)
{
        const char *slash = strrchr(path, '/');

        if (!slash)
                return copy_text(".", 1);
        return slash == path ? copy_text("/", 1) : copy_text(path, (size_t)(slash - path));
}

static bool exists(const char *path)
{
        return !access(path, R_OK);
}

static bool is_directory(const char *path)
{
        struct stat st;

        return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
        (void)st;
        (void)type;
        (void)walk;
        return remove(path);
}

static void remove_temporary(void)
{
        if (cleanup_job && cleanup_job->temporary)
                nftw(cleanup_job->temporary, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* The private temporary directory, made at the first call. */
static const char *temporary(Job *job)
{
        if (!job->temporary) {
                const char *base = getenv("TMPDIR");
                char *path = print("%s/wmi-cc.XXXXXX", base && *base ? base : "/tmp");

                if (!mkdtemp(path))
                        die(1, "cannot make a temporary directory %s: %s", path, strerror(errno));
                job->temporary = path;
        }
        return job->temporary;
}

/* Make a directory and those above it; what exists is fine. */
static void make_directories(const char *path)
{
        char *copy = copy_text(path, strlen(path));

        for (char *p = copy + 1; *p; p++) {
                if (*p != '/')
                        continue;
                *p = '\0';
                mkdir(copy, 0700);
                *p = '/';
        }
        mkdir(copy, 0700);
        free(copy);
}

// --- running commands -----------------------------------------------------------------------------------------------

static void show(const List *command)
{
        for (size_t i = 0; i < command->count; i++) {
                const char *a = command->at[i];
                bool plain = *a != '\0';

                for (const char *p = a; *p; p++)
                        plain = plain && (isalnum((unsigned char)*p) || strchr("-_./=+,:@%", *p));
                if (plain) {
                        fprintf(stderr, "%s%s", i ? " " : "", a);
                        continue;
                }
                fprintf(stderr, "%s'", i ? " " : "");
                for (const char *p = a; *p; p++)
                        fprintf(stderr, *p == '\'' ? "'\\''" : "%c", *p);
                fputc('\'', stderr);
        }
        fputc('\n', stderr);
}

/* An unnamed temporary file for what a child writes. */
static int capture_file(void)
{
        FILE *file = tmpfile();
        int fd;

        if (!file)
                die(1, "cannot make a temporary file: %s", strerror(errno));
        fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
        fclose(file);
        if (fd < 0)
                die(1, "cannot make a temporary file: %s", strerror(errno));
        return fd;
}

/* Read a captured file from its start; ends with a zero byte. */
static char *captured(int fd, size_t *size)
{
        struct stat st;
        char *text;
        size_t have = 0;

        if (fstat(fd, &st) || lseek(fd, 0, SEEK_SET) < 0)
                die(1, "cannot read a temporary file: %s", strerror(errno));
        text = allocate(NULL, (size_t)st.st_size + 1);
        while (have < (size_t)st.st_size) {
                ssize_t n = read(fd, text + have, (size_t)st.st_size - have);

                if (n <= 0)
                        break;
                have += (size_t)n;
        }
        text[have] = '\0';
        if (size)
                *size = have;
        return text;
}

/* Run a command. `out` and `err` are descriptors for its output, -1 for ours. Returns its exit status, 128 + signal
 * where it was killed. */
static int run(const Job *job, const List *command, int out, int err)
{
        pid_t child;
        int status;

        if (job->verbose)
                show(command);
        child = fork();
        if (child < 0)
                die(1, "cannot start %s: %s", command->at[0], strerror(errno));
        if (child == 0) {
                signal(SIGINT, SIG_DFL);
                signal(SIGTERM, SIG_DFL);
                if (out >= 0)
                        dup2(out, STDOUT_FILENO);
                if (err >= 0)
                        dup2(err, STDERR_FILENO);
                execvp(command->at[0], command->at);
                fprintf(stderr, "wmi-cc: cannot run %s: %s\n", command->at[0], strerror(errno));
                _exit(127);
        }
        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        die(1, "waiting for %s: %s", command->at[0], strerror(errno));
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The first line that a command prints, NULL where it fails. */
static char *first_line(const Job *job, const List *command)
{
        int out = capture_file(), err = capture_file();
        int status = run(job, command, out, err);
        char *text = captured(out, NULL);

        close(out);
        close(err);
        if (status) {
                free(text);
                return NULL;
        }
        text[strcspn(text, "\n")] = '\0';
        return text;
}

// --- where things are ---------------------------------------------------------------------------------------------

/* The installation around this program: its own path, links resolved, without bin/wmi-cc. */
static void find_installation(Job *job)
{
        char self[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        char *flags;

        if (n <= 0)
                die(1, "cannot read /proc/self/exe: %s", strerror(errno));
        self[n] = '\0';
        for (int i = 0; i < 2; i++) {
                char *slash = strrchr(self, '/');

                if (slash)
                        *slash = '\0';
        }
        job->prefix = copy_text(self, strlen(self));
        job->share = print("%s/share/freewmi", self);
        job->lib = print("%s/lib", self);
        flags = print("%s/include/wmi-cc.flags", job->share);
        if (!exists(flags))
                die(1, "%s is missing: run wmi-cc from its installation (bin, lib and share stay together)", flags);
        free(flags);
}

static int mingw_version(const char *directory)
{
        char *path = print("%s/_mingw_mac.h", directory);
        FILE *file = fopen(path, "re");
        char line[256];
        int version = 0;

        free(path);
        if (!file)
                return 0;
        while (fgets(line, sizeof(line), file))
                if (sscanf(line, "#define __MINGW64_VERSION_MAJOR %d", &version) == 1)
                        break;
        fclose(file);
        return version;
}

/* Find the mingw-w64 headers: the links of the installation, or of a private directory for --mingw-include. */
static void find_mingw(Job *job, const char *given)
{
        char *wdm;
        int version;

        if (given) {
                List command = { 0 };
                char *script = print("%s/include/link-mingw-headers", job->share);
                char *list = print("%s/include/mingw.list", job->share);

                job->mingw = print("%s/mingw", temporary(job));
                list_add(&command, "/bin/sh");
                list_add(&command, script);
                list_add(&command, given);
                list_add(&command, job->mingw);
                list_add(&command, list);
                if (run(job, &command, -1, -1))
                        die(1, "--mingw-include %s: these are not the mingw-w64 headers", given);
                list_free(&command);
                free(script);
                free(list);
        } else {
                job->mingw = print("%s/include/mingw", job->share);
        }
        wdm = print("%s/ddk/wdm.h", job->mingw);
        if (!exists(wdm))
                die(1, "the mingw-w64 headers are missing (%s does not lead to one): install mingw-w64-common, "
                       "or say where they are with --mingw-include DIR", wdm);
        free(wdm);
        version = mingw_version(job->mingw);
        if (version < MINGW_OLDEST)
                die(1, "the mingw-w64 headers in %s are version %d; FreeWMI needs %d or later", given ? given :
                    job->mingw, version, MINGW_OLDEST);
        if (version > MINGW_NEWEST)
                fprintf(stderr, "wmi-cc: warning: mingw-w64 headers of version %d: tested up to %d\n", version,
                        MINGW_NEWEST);
}

/* WMI_CC names the compiler, arguments included; gcc otherwise. */
static void find_compiler(Job *job)
{
        const char *given = getenv("WMI_CC");
        char *copy, *save = NULL;
        const char *name;

        copy = copy_text(given && *given ? given : "gcc", strlen(given && *given ? given : "gcc"));
        for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
                list_add(&job->compiler, word);
        free(copy);
        if (!job->compiler.count)
                die(EXIT_USAGE, "WMI_CC is empty");
        name = base_name(job->compiler.at[job->compiler.count - 1]);
        if (strstr(name, "clang")) {
                job->clang = true;
        } else if (!strstr(name, "gcc")) {
                List command = { 0 };
                char *line;

                list_add_all(&command, &job->compiler);
                list_add(&command, "--version");
                line = first_line(job, &command);
                if (!line)
                        die(1, "WMI_CC: cannot run \"%s --version\"", job->compiler.at[0]);
                job->clang = strstr(line, "clang") != NULL;
                free(line);
                list_free(&command);
        }
}

// --- the user's arguments -------------------------------------------------------------------------------------------

/* Import libraries of Windows. What they hold is in the driver's host, in libfreewmi-com, or nowhere. */
static const char *const ignored_libraries[] = {
        "advapi32", "bufferoverflowk", "bufferoverflowfastfailk", "comctl32", "comsupp", "comsuppw", "comsuppwd",
        "credui", "gdi32", "hal", "int64", "kernel32", "libcntpr", "libcmt", "msvcrt", "ndis", "netapi32", "ntdll",
        "ntoskrnl", "ntstrsafe", "ole32", "oleaut32", "rpcrt4", "shell32", "shlwapi", "ucrt", "user32", "uuid",
        "version", "vcruntime", "wbemuuid", "wdm", "wdmguid", "wdmsec", "wdfdriverentry", "wdfldr", "wmilib", "wmip",
        "ws2_32", "wbemcli",
};

static bool library_is_ignored(const char *name, size_t size)
{
        for (size_t i = 0; i < sizeof(ignored_libraries) / sizeof(*ignored_libraries); i++)
                if (strlen(ignored_libraries[i]) == size && !strncasecmp(ignored_libraries[i], name, size))
                        return true;
        return false;
}

static bool ends_in(const char *text, const char *suffix)
{
        size_t n = strlen(text), m = strlen(suffix);

        return n > m && !strcasecmp(text + n - m, suffix);
}

static bool is_cplusplus(const char *file)
{
        return ends_in(file, ".cpp") || ends_in(file, ".cc") || ends_in(file, ".cxx") || ends_in(file, ".c++");
}

/* Options of gcc and clang whose argument is the next word. */
static bool takes_next_word(const char *option)
{
        static const char *const options[] = {
                "-o", "-I", "-L", "-l", "-D", "-U", "-include", "-imacros", "-isystem", "-iquote", "-idirafter",
                "-isysroot", "-iprefix", "-MF", "-MT", "-MQ", "-Xlinker", "-Xassembler", "-Xpreprocessor", "-Xclang",
                "-T", "-u", "-z", "-x", "-arch", "-target", "-aux-info", "--param", "-e", "-h", "-B", "-mllvm",
        };

        for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
                if (!strcmp(options[i], option))
                        return true;
        return false;
}

static void print_help(void)
{
        puts("wmi-cc: compile Windows driver and COM client sources into native objects\n"
             "\n"
             "  wmi-cc -shared -o x.so a.c b.c     a driver, for wmi run and wmi driver load\n"
             "  wmi-cc -o app app.c                a program, COM client or other\n"
             "  wmi-cc -c a.c                      an object; -E, -S, -M as with gcc\n"
             "\n"
             "  -mlinux               a driver or program of ours that also uses Linux: libc stays open to it\n"
             "  --mingw-include DIR   where the mingw-w64 headers are, instead of those of the installation\n"
             "  -v                    show the commands\n"
             "  --help, --version\n"
             "\n"
             "All other options go to the compiler: gcc, or what WMI_CC names (WMI_CC=clang).\n"
             "Windows import libraries (-lwmilib, wbemuuid.lib, ...) are accepted and need nothing.");
}

static void note_option(Job *job, const char *a)
{
        if (!strcmp(a, "-c") || !strcmp(a, "-S") || !strcmp(a, "-fsyntax-only"))
                job->mode = CompileOnly;
        else if (!strcmp(a, "-E") || !strcmp(a, "-M") || !strcmp(a, "-MM"))
                job->mode = CompileOnly, job->preprocess = true;
        else if (!strcmp(a, "-shared") && job->mode != CompileOnly)
                job->mode = LinkDriver;
        else if (starts(a, "-fsanitize=") && !starts(a, "-fsanitize=fuzzer-no-link"))
                job->sanitize = true;
        else if (starts(a, "-fdiagnostics-color") || starts(a, "-fno-diagnostics-color") ||
                 starts(a, "-fcolor-diagnostics") || starts(a, "-fno-color-diagnostics"))
                job->color_given = true;
}

static void add_source_or_input(Job *job, const char *file)
{
        if (is_cplusplus(file))
                die(1, "%s: C++ is not supported yet", file);
        if (ends_in(file, ".lib")) {
                const char *name = base_name(file);

                if (library_is_ignored(name, strlen(name) - 4))
                        return;
                if (!exists(file))
                        die(1, "%s: an import library that FreeWMI does not know, and no such file", file);
        }
        if (ends_in(file, ".c")) {
                list_add(&job->sources, file);
                /* NAME.C is C on Windows, and C++ to gcc. */
                if (file[strlen(file) - 1] == 'C') {
                        list_add(&job->user, "-x");
                        list_add(&job->user, "c");
                        list_add(&job->user, file);
                        list_add(&job->user, "-x");
                        list_add(&job->user, "none");
                        return;
                }
        }
        list_add(&job->user, file);
}

/* Read the command line; returns --mingw-include's directory, NULL without one. */
static const char *read_arguments(Job *job, int argc, char **argv)
{
        const char *mingw = getenv("FREEWMI_MINGW_INCLUDE");

        for (int i = 1; i < argc; i++) {
                const char *a = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;

                if (!strcmp(a, "--help")) {
                        print_help();
                        exit(0);
                } else if (!strcmp(a, "--version")) {
                        puts("wmi-cc (FreeWMI) " FREEWMI_VERSION);
                        exit(0);
                } else if (!strcmp(a, "-v")) {
                        job->verbose = true;
                } else if (!strcmp(a, "-mlinux")) {
                        job->linux_code = true;
                } else if (starts(a, "--mingw-include=")) {
                        mingw = strchr(a, '=') + 1;
                } else if (!strcmp(a, "--mingw-include")) {
                        if (!next)
                                die(EXIT_USAGE, "--mingw-include needs a directory");
                        mingw = next;
                        i++;
                } else if (starts(a, "-l") && a[2] && library_is_ignored(a + 2, strlen(a + 2))) {
                        continue;
                } else if (!strcmp(a, "-l") && next && library_is_ignored(next, strlen(next))) {
                        i++;
                } else if (!strcmp(a, "-x") && next && starts(next, "c++")) {
                        die(1, "C++ is not supported yet");
                } else if (a[0] != '-' || !a[1]) {
                        add_source_or_input(job, a);
                } else {
                        note_option(job, a);
                        if (starts(a, "-o"))
                                job->output_given = true;
                        if (starts(a, "-I") && a[2])
                                list_add(&job->include, a + 2);
                        else if ((!strcmp(a, "-I") || !strcmp(a, "-iquote")) && next)
                                list_add(&job->include, next);
                        if (starts(a, "-L") && a[2])
                                list_add(&job->libraries, a + 2);
                        list_add(&job->user, a);
                        if (takes_next_word(a) && next)
                                list_add(&job->user, argv[++i]);
                }
        }
        return mingw && *mingw ? mingw : NULL;
}

// --- the compiler's command ---------------------------------------------------------------------------------------------

/* The flags of include/wmi-cc.flags, one a line. */
static void add_flags_file(const Job *job, List *command)
{
        char *path = print("%s/include/wmi-cc.flags", job->share);
        FILE *file = fopen(path, "re");
        char line[256];

        if (!file)
                die(1, "cannot read %s: %s", path, strerror(errno));
        while (fgets(line, sizeof(line), file)) {
                size_t n = strcspn(line, "\n");

                while (n && isspace((unsigned char)line[n - 1]))
                        n--;
                line[n] = '\0';
                if (n && line[0] != '#')
                        list_add(command, line);
        }
        fclose(file);
        free(path);
}

/* Add a word made by print, and free it. */
static void add_word(List *command, char *word)
{
        list_add(command, word);
        free(word);
}

static void add_option(List *command, const char *option, char *value)
{
        list_add(command, option);
        list_add(command, value);
        free(value);
}

/* libc's functions that are ours in Windows sources (include/ddk/renames.h). As builtins they would be libc's again:
 * where they are not declared, and where a compiler knows better ("printf of a line is puts"). */
static const char *const no_builtins[] = {
        "printf", "fprintf", "sprintf", "snprintf", "vprintf", "vfprintf", "vsprintf", "vsnprintf",
        "scanf", "fscanf", "sscanf", "vscanf", "vfscanf", "vsscanf", "strtol", "strtoul",
};

static void add_compile_flags(const Job *job, List *command)
{
        list_add(command, "-g");
        add_flags_file(job, command);
        list_add(command, "-fcommon");
        list_add(command, "-ffunction-sections");
        list_add(command, "-fdata-sections");
        if (job->clang)
                list_add(command, "-fno-autolink");
        if (job->linux_code)
                list_add(command, "-DFREEWMI_LINUX=1");
        for (size_t i = 0; !job->linux_code && i < sizeof(no_builtins) / sizeof(*no_builtins); i++)
                add_word(command, print("-fno-builtin-%s", no_builtins[i]));
        add_option(command, "-include", print("%s/include/ddk/prefix.h", job->share));
}

static void add_include_directories(const Job *job, List *command)
{
        if (job->forward) {
                list_add(command, "-I");
                list_add(command, job->forward);
                list_add(command, "-isystem");
                list_add(command, job->forward_sys);
        }
        add_option(command, "-isystem", print("%s/include/ddk", job->share));
        add_option(command, "-isystem", print("%s/include/com", job->share));
        add_option(command, "-isystem", print("%s/ddk", job->mingw));
        add_option(command, "-isystem", print("%s", job->mingw));
}

/* clang links its sanitizers into the program unless told otherwise; a driver needs the shared ones. */
static void add_sanitizer_flags(const Job *job, List *command)
{
        List ask = { 0 };
        char *path, *directory;

        if (!job->sanitize || !job->clang)
                return;
        list_add(command, "-shared-libasan");
        list_add_all(&ask, &job->compiler);
        list_add(&ask, "-print-file-name=libclang_rt.asan-x86_64.so");
        path = first_line(job, &ask);
        if (path && strchr(path, '/')) {
                directory = directory_of(path);
                add_word(command, print("-Wl,-rpath,%s", directory));
                free(directory);
        }
        free(path);
        list_free(&ask);
}

static void add_link_flags(const Job *job, List *command)
{
        bool com = false;

        if (job->mode == CompileOnly)
                return;
        add_sanitizer_flags(job, command);
        list_add(command, "-Wl,--gc-sections");
        list_add(command, "-Wl,--as-needed");
        if (job->mode == LinkDriver) {
                list_add(command, "-Wl,-Bsymbolic");
                add_word(command, print("-Wl,--version-script=%s/include/driver.map", job->share));
                return;
        }
        add_word(command, print("-L%s", job->lib));
        for (size_t i = 0; i < job->libraries.count && !com; i++) {
                char *file = print("%s/libfreewmi-com.so", job->libraries.at[i]);

                com = exists(file);
                free(file);
        }
        if (com)
                list_add(command, "-lfreewmi-com");
        list_add(command, "-lfreewmi-wmain");
        list_add(command, "-lfreewmi-crt");
        add_word(command, print("-Wl,-rpath,%s", job->lib));
}

/* The whole command for the user's request. */
static List build_command(const Job *job)
{
        List command = { 0 };

        list_add_all(&command, &job->compiler);
        if (!job->color_given && isatty(STDERR_FILENO))
                list_add(&command, "-fdiagnostics-color=always");
        add_compile_flags(job, &command);
        list_add_all(&command, &job->user);
        add_include_directories(job, &command);
        add_link_flags(job, &command);
        return command;
}

// --- headers in any case --------------------------------------------------------------------------------------------

/* The file in `directory` whose name is `name` in some case; the exact one first. NULL where there is none. */
static char *find_entry(const char *directory, const char *name, size_t size)
{
        char *exact = print("%s/%.*s", directory, (int)size, name);
        DIR *handle;
        struct dirent *entry;
        char *found = NULL;

        if (exists(exact))
                return exact;
        free(exact);
        handle = opendir(directory);
        if (!handle)
                return NULL;
        while (!found && (entry = readdir(handle)))
                if (strlen(entry->d_name) == size && !strncasecmp(entry->d_name, name, size))
                        found = print("%s/%s", directory, entry->d_name);
        closedir(handle);
        return found;
}

/* Follow `name` ("..\inc\x.h", "Sub/X.H") from `directory`, every part in any case. */
static char *find_below(const char *directory, const char *name)
{
        char *at = copy_text(directory, strlen(directory));

        while (at && *name) {
                size_t n = strcspn(name, "/\\");
                char *next;

                if (!n) {
                        name++;
                        continue;
                }
                if (n == 1 && name[0] == '.')
                        next = copy_text(at, strlen(at));
                else if (n == 2 && name[0] == '.' && name[1] == '.')
                        next = print("%s/..", at);
                else
                        next = find_entry(at, name, n);
                free(at);
                at = next;
                name += n;
        }
        if (at && is_directory(at)) {
                free(at);
                at = NULL;
        }
        return at;
}

/* Where a forwarder for `name` belongs in `root`; NULL where the name would leave it. */
static char *forwarder_path(const char *root, const char *name)
{
        int depth = FORWARD_DEPTH;

        for (const char *p = name; *p;) {
                size_t n = strcspn(p, "/");

                if (n == 2 && p[0] == '.' && p[1] == '.') {
                        if (--depth < 1)
                                return NULL;
                }
                p += n;
                p += strspn(p, "/");
        }
        return name[0] == '/' ? NULL : print("%s/%s", root, name);
}

static void write_forwarder(const char *root, const char *name, const char *text)
{
        char *path = forwarder_path(root, name);
        char *directory;
        FILE *file;

        if (!path)
                return;
        directory = directory_of(path);
        make_directories(directory);
        free(directory);
        file = fopen(path, "wxe");
        if (file) {
                fputs(text, file);
                if (fclose(file))
                        die(1, "cannot write %s: %s", path, strerror(errno));
        }
        free(path);
}

static void make_forward_directories(Job *job)
{
        char deep[3 * FORWARD_DEPTH + 1] = "";

        if (job->forward)
                return;
        for (int i = 0; i < FORWARD_DEPTH; i++)
                strcat(deep, "/d");
        job->forward = print("%s/u%s", temporary(job), deep);
        job->forward_sys = print("%s/s%s", temporary(job), deep);
        make_directories(job->forward);
        make_directories(job->forward_sys);
}

/* A name whose case must not be folded into the Windows headers: drivers include a generated WmiData.h of their own,
 * which has nothing to do with the system's wmidata.h. */
static bool is_never_system(const char *name)
{
        return !strcasecmp(name, "wmidata.h");
}

/* The forwarder for a Windows header that is there in another spelling, NULL where it is not. */
static char *system_forwarder(const Job *job, const char *name)
{
        char *roots[] = { print("%s/include/ddk", job->share), print("%s/include/com", job->share),
                          print("%s/ddk", job->mingw), print("%s", job->mingw) };
        char *text = NULL;

        for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
                char *found = text ? NULL : find_below(roots[i], name);

                if (found && strlen(found) > strlen(roots[i]))
                        text = print("#include <%s>\n", found + strlen(roots[i]) + 1);
                free(found);
                free(roots[i]);
        }
        return text;
}

/* Look for a header that the compiler did not find and make a forwarder for it. */
static bool forward_header(Job *job, const char *name, const List *directories)
{
        char *found = NULL, *text = NULL;

        if (list_has(&job->forwarded, name))
                return false;
        for (size_t i = 0; i < directories->count && !found; i++)
                found = find_below(directories->at[i], name);
        if (found) {
                char *full = realpath(found, NULL);

                make_forward_directories(job);
                text = print("#include \"%s\"\n", full ? full : found);
                write_forwarder(job->forward, name, text);
                free(full);
        } else if (ends_in(name, ".tmh")) {
                make_forward_directories(job);
                text = print("#include <wpp-stub.h>\n");
                write_forwarder(job->forward, name, text);
        } else if (!is_never_system(name) && (text = system_forwarder(job, name))) {
                make_forward_directories(job);
                write_forwarder(job->forward_sys, name, text);
        }
        if (text) {
                list_add(&job->forwarded, name);
                if (job->verbose)
                        fprintf(stderr, "wmi-cc: \"%s\" is %s", name, text + strlen("#include "));
        }
        free(text);
        free(found);
        return text != NULL;
}

/* The words of a make rule as gcc and clang write it: "\ " is a space, "$$" a dollar, "\" ends a line that goes on. */
static List dependencies(const char *rule)
{
        List words = { 0 };
        char *word = allocate(NULL, strlen(rule) + 1);
        const char *p = strstr(rule, ": ");
        size_t n = 0;

        for (p = p ? p + 2 : ""; *p || n; p++) {
                bool escaped = (p[0] == '\\' && (p[1] == ' ' || p[1] == '#')) || (p[0] == '$' && p[1] == '$');

                if (escaped) {
                        word[n++] = *++p;
                } else if (*p && !isspace((unsigned char)*p) && !(p[0] == '\\' && p[1] == '\n')) {
                        word[n++] = *p;
                } else {
                        word[n] = '\0';
                        if (n)
                                list_add(&words, word);
                        n = 0;
                        if (!*p)
                                break;
                }
        }
        free(word);
        return words;
}

/* The user's arguments without those that name an output or another job. */
static void add_preprocessing_arguments(const Job *job, List *command)
{
        for (size_t i = 0; i < job->user.count; i++) {
                const char *a = job->user.at[i];

                if (!strcmp(a, "-o") || !strcmp(a, "-MF") || !strcmp(a, "-MT") || !strcmp(a, "-MQ")) {
                        i++;
                } else if (!strcmp(a, "-x")) {
                        i++;
                } else if (takes_next_word(a) && i + 1 < job->user.count) {
                        list_add(command, a);
                        list_add(command, job->user.at[++i]);
                } else if (a[0] == '-' && strcmp(a, "-c") && strcmp(a, "-S") && strcmp(a, "-E") && strcmp(a, "-shared") &&
                           !starts(a, "-M") && !starts(a, "-o") && !starts(a, "-Wl,")) {
                        list_add(command, a);
                }
        }
}

/* Ask the compiler which headers of a source it cannot find; make forwarders for those that are there in other words.
 * Returns whether there is anything new. */
static bool forward_missing(Job *job, const char *source)
{
        List command = { 0 }, words, directories = { 0 };
        int out = capture_file(), err = capture_file();
        bool found = false;
        char *text;

        list_add_all(&command, &job->compiler);
        add_compile_flags(job, &command);
        add_preprocessing_arguments(job, &command);
        add_include_directories(job, &command);
        list_add(&command, "-M");
        list_add(&command, "-MG");
        list_add(&command, "-x");
        list_add(&command, "c");
        list_add(&command, source);
        run(job, &command, out, err);
        text = captured(out, NULL);
        close(out);
        close(err);
        words = dependencies(text);
        free(text);

        add_option(&directories, ".", directory_of(source));
        list_add_all(&directories, &job->include);
        for (size_t i = 0; i < words.count; i++) {
                char *directory = directory_of(words.at[i]);

                if (exists(words.at[i]) && !starts(directory, "/usr/") && !starts(directory, job->share) &&
                    !starts(directory, job->mingw) && !(job->temporary && starts(directory, job->temporary)) &&
                    !list_has(&directories, directory))
                        list_add(&directories, directory);
                free(directory);
        }
        for (size_t i = 0; i < words.count; i++)
                if (!exists(words.at[i]))
                        found |= forward_header(job, words.at[i], &directories);
        list_free(&words);
        list_free(&directories);
        list_free(&command);
        return found;
}

static bool says_header_missing(const char *errors)
{
        return strstr(errors, "No such file or directory") || strstr(errors, "file not found");
}

static bool resolve_headers(Job *job)
{
        bool any = false;

        for (size_t i = 0; i < job->sources.count; i++)
                for (int round = 0; round < HEADER_ROUNDS && forward_missing(job, job->sources.at[i]); round++)
                        any = true;
        return any;
}

// --- hints ----------------------------------------------------------------------------------------------------------

typedef struct {
        const char *first;  // both words in one of the compiler's errors
        const char *second; // or NULL
        const char *hint;
} Hint;

static const Hint hints[] = {
        { "error: expected", "__FUNCTION__",
          "Microsoft's compiler joins \"...\" __FUNCTION__ \"...\" into one string; here __FUNCTION__ is a variable: "
          "print it with %s" },
        { "error: pasting \"->\"", NULL, "Microsoft's preprocessor accepts -> ## name; write -> name" },
        { "pasting formed '->", NULL, "Microsoft's preprocessor accepts -> ## name; write -> name" },
        { "error: pasting \".\"", NULL, "Microsoft's preprocessor accepts . ## name; write . name" },
        { "pasting formed '.", NULL, "Microsoft's preprocessor accepts . ## name; write . name" },
        { "__try", NULL, "structured exception handling (__try, __except, __finally) is not supported" },
        { "__except", NULL, "structured exception handling (__try, __except, __finally) is not supported" },
        { "__finally", NULL, "structured exception handling (__try, __except, __finally) is not supported" },
        { "FWMI_DECLSPEC_", NULL, "a __declspec word that include/ddk/prefix.h does not know: the text after FWMI_DECLSPEC_" },
        { "lvalue required", NULL, "Microsoft's compiler lets a cast be assigned to; gcc and clang do not" },
        { "assignment to cast is illegal", NULL, "Microsoft's compiler lets a cast be assigned to; gcc and clang do not" },
        { "error: conflicting types for", NULL,
          "Microsoft's compiler lets a definition's parameter types differ from the declaration's; gcc and clang do not" },
        { "wdf.h", "No such file", "KMDF headers are not part of the installation" },
        { "wdf.h", "file not found", "KMDF headers are not part of the installation" },
};

/* Does an error have both words: in its line, or in the two that show the source? */
static bool error_has(const char *text, const char *first, const char *second)
{
        for (const char *at = strstr(text, first); at; at = strstr(at + 1, first)) {
                const char *line = at, *end = at, *other;

                if (!second)
                        return true;
                while (line > text && line[-1] != '\n')
                        line--;
                for (int lines = 0; *end && lines < 2; lines++)
                        end += strcspn(end, "\n") + (end[strcspn(end, "\n")] == '\n');
                other = strstr(line, second);
                if (other && other < end)
                        return true;
        }
        return false;
}

static void print_hints(const char *errors)
{
        const char *last = NULL;

        for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
                if (!error_has(errors, hints[i].first, hints[i].second) || (last && !strcmp(last, hints[i].hint)))
                        continue;
                last = hints[i].hint;
                fprintf(stderr, "wmi-cc: hint: %s\n", last);
        }
}

// --- the run ----------------------------------------------------------------------------------------------------------

static void forward_bytes(int from, FILE *to)
{
        size_t size;
        char *text = captured(from, &size);

        fwrite(text, 1, size, to);
        fflush(to);
        free(text);
}

/* Compile and link; where headers are not found by their names, once more with forwarders. */
static int compile(Job *job)
{
        bool capture = job->preprocess && !job->output_given;

        for (bool again = false;; again = true) {
                List command = build_command(job);
                int out = capture ? capture_file() : -1, err = capture_file();
                int status = run(job, &command, out, err);
                char *errors = captured(err, NULL);
                bool retry = status && !again && says_header_missing(errors) && resolve_headers(job);

                if (!retry) {
                        if (capture)
                                forward_bytes(out, stdout);
                        forward_bytes(err, stderr);
                        if (status)
                                print_hints(errors);
                }
                if (capture)
                        close(out);
                close(err);
                free(errors);
                list_free(&command);
                if (!retry)
                        return status;
        }
}

int main(int argc, char **argv)
{
        Job job = { .mode = LinkProgram };
        const char *mingw;
        int status;

        cleanup_job = &job;
        signal(SIGINT, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        mingw = read_arguments(&job, argc, argv);
        find_installation(&job);
        find_compiler(&job);
        if (!job.user.count)
                die(EXIT_USAGE, "no input files; --help tells more");
        find_mingw(&job, mingw);
        list_add(&job.libraries, job.lib);
        status = compile(&job);
        remove_temporary();
        return status;
}
