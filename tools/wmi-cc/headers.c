// SPDX-License-Identifier: MIT
// wmi-cc: headers in any case, with backslashes, and generated ones.
#include "wmi-cc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

// Rounds of looking for headers: each may reveal new ones.
enum { HEADER_ROUNDS = 16 };
// A forwarder directory lies this deep in its temporary directory, so that "../x.h" stays inside.
enum { FORWARD_DEPTH = 6 };

/* The file in `directory` whose name is `name` in some case; the exact one first. NULL where there is none.
 */
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

/* A name whose case must not be folded into the Windows headers: drivers include a generated WmiData.h of
 * their own, which has nothing to do with the system's wmidata.h. */
static bool is_never_system(const char *name)
{
        return !strcasecmp(name, "wmidata.h");
}

/* The forwarder for a Windows header that is there in another spelling, NULL where it is not. */
static char *system_forwarder(const Job *job, const char *name)
{
        char *roots[] = {print("%s/include/ddk", job->share), print("%s/include/com", job->share),
                         print("%s/ddk", job->mingw), print("%s", job->mingw)};
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

/* The words of a make rule as gcc and clang write it: "\ " is a space, "$$" a dollar, "\" ends a line that
 * goes on. */
static List dependencies(const char *rule)
{
        List words = {0};
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
                } else if (a[0] == '-' && strcmp(a, "-c") && strcmp(a, "-S") && strcmp(a, "-E") &&
                           strcmp(a, "-shared") && !starts(a, "-M") && !starts(a, "-o") &&
                           !starts(a, "-Wl,")) {
                        list_add(command, a);
                }
        }
}

/* Ask the compiler which headers of a source it cannot find; make forwarders for those that are there in
 * other words. Returns whether there is anything new. */
static bool forward_missing(Job *job, const char *source)
{
        List command = {0}, words, directories = {0};
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
                    !starts(directory, job->mingw) &&
                    !(job->temporary && starts(directory, job->temporary)) &&
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

bool says_header_missing(const char *errors)
{
        return strstr(errors, "No such file or directory") || strstr(errors, "file not found");
}

bool resolve_headers(Job *job)
{
        bool any = false;

        for (size_t i = 0; i < job->sources.count; i++)
                for (int round = 0; round < HEADER_ROUNDS && forward_missing(job, job->sources.at[i]);
                     round++)
                        any = true;
        return any;
}
