// SPDX-License-Identifier: MIT
// wmi-cc: where things are, and what the command line asks for.
#include "wmi-cc.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef FREEWMI_VERSION
#define FREEWMI_VERSION "0"
#endif

// The mingw-w64 versions that the layout tests have seen.
enum { MINGW_OLDEST = 10, MINGW_NEWEST = 10 };

// --- where things are ---

/* The installation around this program: its own path, links resolved, without bin/wmi-cc. */
void find_installation(Job *job)
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
                die(1, "%s is missing: run wmi-cc from its installation (bin, lib and share stay together)",
                    flags);
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

/* Find the mingw-w64 headers: the installation's links, or a private directory of them for --mingw-include.
 */
void find_mingw(Job *job, const char *given)
{
        char *wdm;
        int version;

        if (given) {
                List command = {0};
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
                die(1,
                    "the mingw-w64 headers are missing (%s does not lead to one): install mingw-w64-common, "
                    "or say where they are with --mingw-include DIR",
                    wdm);
        free(wdm);
        version = mingw_version(job->mingw);
        if (version < MINGW_OLDEST)
                die(1, "the mingw-w64 headers in %s are version %d; FreeWMI needs %d or later",
                    given ? given : job->mingw, version, MINGW_OLDEST);
        if (version > MINGW_NEWEST)
                fprintf(stderr, "wmi-cc: warning: mingw-w64 headers of version %d: tested up to %d\n",
                        version, MINGW_NEWEST);
}

/* WMI_CC names the compiler, arguments included; gcc otherwise. */
void find_compiler(Job *job)
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
                List command = {0};
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

// --- the user's arguments ---

/* Import libraries of Windows. What they hold is in the driver's host, in libfreewmi-com, or nowhere. */
static const char ignored_libraries[] =
        " advapi32 bufferoverflowk bufferoverflowfastfailk comctl32 comsupp comsuppw "
        "comsuppwd credui gdi32 hal int64 kernel32 libcntpr libcmt msvcrt ndis netapi32 ntdll "
        "ntoskrnl ntstrsafe ole32 oleaut32 rpcrt4 shell32 shlwapi ucrt user32 uuid version "
        "vcruntime wbemuuid wdm wdmguid wdmsec wdfdriverentry wdfldr wmilib wmip ws2_32 "
        "wbemcli ";

static bool library_is_ignored(const char *name, size_t size)
{
        return has_word(ignored_libraries, name, size, true);
}

static bool is_cplusplus(const char *file)
{
        return ends_in(file, ".cpp") || ends_in(file, ".cc") || ends_in(file, ".cxx") ||
               ends_in(file, ".c++");
}

/* Options of gcc and clang whose argument is the next word. */
bool takes_next_word(const char *option)
{
        static const char options[] =
                " -o -I -L -l -D -U -include -imacros -isystem -iquote -idirafter -isysroot -iprefix "
                "-MF -MT -MQ -Xlinker -Xassembler -Xpreprocessor -Xclang -T -u -z -x -arch -target "
                "-aux-info --param -e -h -B -mllvm ";

        return has_word(options, option, strlen(option), false);
}

static void print_help(void)
{
        puts("wmi-cc: compile Windows driver and COM client sources into native objects\n"
             "\n"
             "  wmi-cc -shared -o x.so a.c b.c     a driver, for wmi run and wmi driver load\n"
             "  wmi-cc -o app app.c                a program, COM client or other\n"
             "  wmi-cc -c a.c                      an object; -E, -S, -M as with gcc\n"
             "\n"
             "  -mlinux               Linux code that also sees Windows headers: libc stays open to it\n"
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
const char *read_arguments(Job *job, int argc, char **argv)
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
                        if (starts(a, "-o")) {
                                job->output_given = true;
                                free(job->output);
                                job->output = a[2] ? print("%s", a + 2) : next ? print("%s", next) : NULL;
                        }
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
