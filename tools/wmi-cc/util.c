// SPDX-License-Identifier: MIT
// wmi-cc: memory, lists, paths, and the running of commands.
#include "wmi-cc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// --- memory, lists, paths ---

Job *cleanup_job;

_Noreturn void die(int status, const char *format, ...)
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

void *allocate(void *old, size_t size)
{
        void *p = realloc(old, size ? size : 1);

        if (!p)
                die(1, "out of memory");
        return p;
}

char *copy_text(const char *text, size_t size)
{
        char *p = allocate(NULL, size + 1);

        memcpy(p, text, size);
        p[size] = '\0';
        return p;
}

char *print(const char *format, ...)
{
        va_list arguments;
        char *text = NULL;

        va_start(arguments, format);
        if (vasprintf(&text, format, arguments) < 0)
                die(1, "out of memory");
        va_end(arguments);
        return text;
}

void list_add(List *list, const char *text)
{
        if (list->count + 1 >= list->capacity) {
                list->capacity = list->capacity ? 2 * list->capacity : 32;
                list->at = allocate(list->at, list->capacity * sizeof(*list->at));
        }
        list->at[list->count++] = text ? copy_text(text, strlen(text)) : NULL;
        list->at[list->count] = NULL;
}

void list_add_all(List *list, const List *other)
{
        for (size_t i = 0; i < other->count; i++)
                list_add(list, other->at[i]);
}

bool list_has(const List *list, const char *text)
{
        for (size_t i = 0; i < list->count; i++)
                if (!strcmp(list->at[i], text))
                        return true;
        return false;
}

void list_free(List *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->at[i]);
        free(list->at);
        *list = (List){0};
}

bool starts(const char *text, const char *with)
{
        return !strncmp(text, with, strlen(with));
}

bool ends_in(const char *text, const char *suffix)
{
        size_t n = strlen(text), m = strlen(suffix);

        return n > m && !strcasecmp(text + n - m, suffix);
}

const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

char *directory_of(const char *path)
{
        const char *slash = strrchr(path, '/');

        if (!slash)
                return copy_text(".", 1);
        return slash == path ? copy_text("/", 1) : copy_text(path, (size_t)(slash - path));
}

bool exists(const char *path)
{
        return !access(path, R_OK);
}

bool is_directory(const char *path)
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

void remove_temporary(void)
{
        if (cleanup_job && cleanup_job->temporary)
                nftw(cleanup_job->temporary, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* The private temporary directory, made at the first call. */
const char *temporary(Job *job)
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
void make_directories(const char *path)
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

bool has_word(const char *list, const char *word, size_t size, bool any_case)
{
        for (const char *w = list + 1; *w; w += strcspn(w, " ") + 1)
                if (strcspn(w, " ") == size && !(any_case ? strncasecmp : strncmp)(w, word, size))
                        return true;
        return false;
}

void strip_colors(char *text)
{
        char *to = text;

        for (const char *p = text; *p;) {
                if (p[0] != '\33' || p[1] != '[') {
                        *to++ = *p++;
                        continue;
                }
                p += 2;
                while (*p && !isalpha((unsigned char)*p))
                        p++;
                if (*p)
                        p++;
        }
        *to = '\0';
}

// --- running commands ---

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
int capture_file(void)
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
char *captured(int fd, size_t *size)
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

/* The compiler's errors are read for hints: its messages are not to be translated. Characters stay the
 * user's. */
static void use_english(void)
{
        const char *all = getenv("LC_ALL");

        if (all && *all) {
                setenv("LC_CTYPE", all, 1);
                unsetenv("LC_ALL");
        }
        setenv("LC_MESSAGES", "C", 1);
        unsetenv("LANGUAGE");
}

/* Run a command. `out` and `err` are descriptors for its output, -1 for ours. Returns its exit status, 128 +
 * signal where it was killed. */
int run(const Job *job, const List *command, int out, int err)
{
        pid_t child;
        int status;

        if (job->verbose)
                show(command);
        child = fork();
        if (child < 0)
                die(1, "cannot start %s: %s", command->at[0], strerror(errno));
        if (child == 0) {
                use_english();
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
char *first_line(const Job *job, const List *command)
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
