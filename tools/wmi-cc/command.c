// SPDX-License-Identifier: MIT
// wmi-cc: the compiler's command.
#include "wmi-cc.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
void add_word(List *command, char *word)
{
        list_add(command, word);
        free(word);
}

void add_option(List *command, const char *option, char *value)
{
        list_add(command, option);
        list_add(command, value);
        free(value);
}

/* libc's functions that are ours in Windows sources (include/ddk/renames.h). As builtins they would be libc's
 * again: where they are not declared, and where a compiler knows better ("printf of a line is puts"). */
static const char no_builtins[] =
        " printf fprintf sprintf snprintf vprintf vfprintf vsprintf vsnprintf scanf fscanf "
        "sscanf vscanf vfscanf vsscanf strtol strtoul ";

void add_compile_flags(const Job *job, List *command)
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
        for (const char *w = no_builtins + 1; !job->linux_code && *w; w += strcspn(w, " ") + 1)
                add_word(command, print("-fno-builtin-%.*s", (int)strcspn(w, " "), w));
        add_option(command, "-include", print("%s/include/ddk/prefix.h", job->share));
}

void add_include_directories(const Job *job, List *command)
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
        List ask = {0};
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

/* What a link is told before the user's own arguments, which have the last word. */
static void add_link_flags(const Job *job, List *command)
{
        if (job->mode == CompileOnly)
                return;
        add_sanitizer_flags(job, command);
        if (!job->keep_all)
                list_add(command, "-Wl,--gc-sections");
        list_add(command, "-Wl,--as-needed");
        if (job->mode == LinkDriver) {
                list_add(command, "-Wl,-Bsymbolic");
                add_word(command, print("-Wl,--version-script=%s/include/driver.map", job->share));
        }
}

/* The libraries of a program. A driver has none: its host has what it needs. */
static void add_libraries(const Job *job, List *command)
{
        bool com = false;

        if (job->mode != LinkProgram)
                return;
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
List build_command(const Job *job)
{
        List command = {0};

        list_add_all(&command, &job->compiler);
        if (!job->color_given && isatty(STDERR_FILENO))
                list_add(&command, "-fdiagnostics-color=always");
        add_compile_flags(job, &command);
        add_link_flags(job, &command);
        list_add_all(&command, &job->user);
        add_include_directories(job, &command);
        add_libraries(job, &command);
        return command;
}
