// SPDX-License-Identifier: MIT
// The C preprocessor's pass: a command of the user's, its words, its output, its errors.
#include "mof/preprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "cim/status.h"

extern char **environ;

enum { ERRORS_BYTES = 64 << 10 }; // of its standard error that are kept

typedef struct Words {
        char **p; // ends with NULL
        size_t n, capacity;
} Words;

typedef struct Run {
        pid_t pid;
        int out, err; // ends to read from; -1: closed
        Buf *text;
        size_t begin; // of the output in *text
        Buf errors;
} Run;

// --- the command ---------------------------------------------------------------------------------

static int add(Arena *a, Words *w, const char *one, const char *two)
{
        if (w->n + 2 > w->capacity) {
                size_t capacity = w->capacity ? w->capacity * 2 : 16;
                char **p = arena_array(a, char *, capacity);
                if (!p)
                        return -ENOMEM;
                for (size_t i = 0; i < w->n; i++)
                        p[i] = w->p[i];
                w->p = p;
                w->capacity = capacity;
        }
        size_t n = strlen(one), m = strlen(two);
        char *word = arena_alloc(a, n + m + 1);
        if (!word)
                return -ENOMEM;
        memcpy(word, one, n);
        memcpy(word + n, two, m);
        w->p[w->n++] = word;
        return 0;
}

// The words of a command: blanks part them, '...' and "..." keep them together.
static int split(Arena *a, const char *command, Words *w)
{
        char *word = arena_alloc(a, strlen(command) + 1);
        if (!word)
                return -ENOMEM;
        for (const char *c = command; *c;) {
                c += strspn(c, " \t\n");
                size_t n = 0;
                bool any = false;
                for (char quote = 0; *c && (quote || !strchr(" \t\n", *c)); c++) {
                        any = true;
                        if (*c == quote)
                                quote = 0;
                        else if (!quote && (*c == '"' || *c == '\''))
                                quote = *c;
                        else
                                word[n++] = *c;
                }
                word[n] = '\0';
                if (any && add(a, w, word, "") < 0)
                        return -ENOMEM;
        }
        return 0;
}

static bool is_blank(const char *z)
{
        return z[strspn(z, " \t\n\"'")] == '\0';
}

static int command_words(const MofExpand *e, const char *path, bool as_file, Arena *a, Words *w)
{
        const char *command = e->cpp;
        if (is_blank(command))
                command = getenv("FREEWMI_CPP");
        if (!command || is_blank(command))
                command = MOF_CPP;
        int r = split(a, command, w);
        for (size_t i = 0; r == 0 && i < e->define_count; i++)
                r = add(a, w, "-D", e->defines[i]);
        const char *slash = strrchr(path, '/');
        if (r == 0 && !as_file) { // what is beside the file, as it would be found from the file itself
                char *directory = slash ? arena_strndup(a, path, (size_t)(slash - path) + 1) : NULL;
                r = slash && !directory ? -ENOMEM : add(a, w, "-iquote", "");
                if (r == 0)
                        r = add(a, w, directory ? directory : ".", "");
        }
        for (size_t i = 0; r == 0 && i < e->directory_count; i++)
                r = add(a, w, "-I", e->directories[i]);
        if (r == 0) // a name that begins with '-' is no option
                r = as_file ? add(a, w, path[0] == '-' ? "./" : "", path) : add(a, w, "-", "");
        return r;
}

// Our environment, and messages in English: they are read.
static char **environment(Arena *a)
{
        size_t n = 0;
        while (environ && environ[n])
                n++;
        char **copy = arena_array(a, char *, n + 2);
        size_t k = 0;
        for (size_t i = 0; copy && i < n; i++)
                if (strncmp(environ[i], "LC_ALL=", 7) != 0)
                        copy[k++] = environ[i];
        static char plain[] = "LC_ALL=C";
        if (copy)
                copy[k] = plain;
        return copy;
}

// --- running -------------------------------------------------------------------------------------

// Its standard input: nothing, or the text with a marker in front that says whose it is. -1: errno.
static int input(const char *path, Str text, bool as_file)
{
        if (as_file)
                return open("/dev/null", O_RDONLY | O_CLOEXEC);
        Buf b = {0};
        buf_text(&b, "# 1 \"");
        for (const char *c = path; *c; c++) {
                if (*c == '"' || *c == '\\')
                        buf_u8(&b, '\\');
                buf_u8(&b, (unsigned char)*c < 0x20 ? '?' : (uint8_t)*c);
        }
        buf_text(&b, "\"\n");
        buf_put(&b, text.p, text.n);
        int fd = b.failed ? -1 : memfd_create("mof", MFD_CLOEXEC);
        if (b.failed)
                errno = ENOMEM;
        for (size_t at = 0; fd >= 0 && at < b.n;) {
                ssize_t n = write(fd, b.p + at, b.n - at);
                if (n < 0 && errno != EINTR) {
                        int error = errno;
                        close(fd);
                        errno = error;
                        fd = -1;
                } else if (n > 0) {
                        at += (size_t)n;
                }
        }
        buf_deinit(&b);
        if (fd >= 0)
                lseek(fd, 0, SEEK_SET);
        return fd;
}

// A positive errno, or 0.
static int spawn(char *const *words, char *const *env, int in, int out, int err, pid_t *ret)
{
        posix_spawn_file_actions_t files;
        posix_spawnattr_t how;
        int r = posix_spawn_file_actions_init(&files);
        if (r)
                return r;
        r = posix_spawnattr_init(&how);
        if (r) {
                posix_spawn_file_actions_destroy(&files);
                return r;
        }
        sigset_t pipe, none;
        sigemptyset(&none);
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        posix_spawnattr_setsigmask(&how, &none);
        posix_spawnattr_setsigdefault(&how, &pipe);
        posix_spawnattr_setpgroup(&how, 0); // its children go with it
        posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        r = posix_spawn_file_actions_adddup2(&files, in, 0);
        if (!r)
                r = posix_spawn_file_actions_adddup2(&files, out, 1);
        if (!r)
                r = posix_spawn_file_actions_adddup2(&files, err, 2);
        if (!r)
                r = posix_spawnp(ret, words[0], &files, &how, words, env);
        posix_spawnattr_destroy(&how);
        posix_spawn_file_actions_destroy(&files);
        return r;
}

static void close_end(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

// Starts it. A positive errno, or 0.
static int start(Run *run, char *const *words, char *const *env, int in)
{
        int out[2] = {-1, -1}, err[2] = {-1, -1};
        int r = pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ? errno : 0;
        // At 0, 1 or 2 an end would be in the way of the others: a program that closed its own.
        if (!r && (in < 3 || out[1] < 3 || err[1] < 3))
                r = EBADF;
        if (!r)
                r = spawn(words, env, in, out[1], err[1], &run->pid);
        close_end(&out[1]);
        close_end(&err[1]);
        run->out = out[0];
        run->err = err[0];
        if (r) {
                close_end(&run->out);
                close_end(&run->err);
        }
        return r;
}

// What is there to read, into `to`, of which no more than `most` bytes are kept. False: there is too much.
static bool read_some(int *fd, Buf *to, size_t begin, size_t most, bool drop)
{
        char bytes[65536];
        ssize_t n = read(*fd, bytes, sizeof(bytes));
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
                return true;
        if (n <= 0) {
                close_end(fd);
                return true;
        }
        size_t room = most - (to->n - begin);
        buf_put(to, bytes, (size_t)n < room ? (size_t)n : room);
        return drop || (size_t)n <= room;
}

static int64_t now_ms(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Until it has said everything. 0; ETIMEDOUT; EFBIG.
static int listen_to(Run *run)
{
        int64_t end = now_ms() + (int64_t)LIMIT_CPP_SECONDS * 1000;
        while (run->out >= 0 || run->err >= 0) {
                struct pollfd fds[2] = {{.fd = run->out, .events = POLLIN}, {.fd = run->err, .events = POLLIN}};
                int64_t left = end - now_ms();
                int n = left > 0 ? poll(fds, 2, (int)left) : 0;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? errno : ETIMEDOUT;
                if (fds[0].revents && !read_some(&run->out, run->text, run->begin, LIMIT_MOF_BYTES, false))
                        return EFBIG;
                if (fds[1].revents)
                        read_some(&run->err, &run->errors, 0, ERRORS_BYTES, true);
        }
        return 0;
}

// --- its errors ----------------------------------------------------------------------------------

// The number at *at, and its ':' behind. 0: there is none.
static uint32_t number_at(Str line, size_t *at)
{
        size_t i = *at;
        uint32_t n = 0;
        for (; i < line.n && line.p[i] >= '0' && line.p[i] <= '9' && n < UINT32_MAX / 16; i++)
                n = n * 10 + (uint32_t)(line.p[i] - '0');
        if (i == *at || i >= line.n || line.p[i] != ':')
                return 0;
        *at = i + 1;
        return n;
}

// "file:12:3: error: words" or "file:12: error: words": fills *d.
static bool read_error(Str line, Diag *d)
{
        const char *word = memmem(line.p, line.n, "error: ", 7);
        const char *fatal = memmem(line.p, line.n, "fatal error: ", 13);
        if (!word)
                return false;
        size_t before = (size_t)((fatal && fatal < word ? fatal : word) - line.p);
        for (size_t i = 0; i < before; i++) {
                size_t at = i + 1;
                if (line.p[i] != ':' || i == 0)
                        continue;
                uint32_t number = number_at(line, &at);
                if (!number)
                        continue;
                d->line = number;
                d->column = number_at(line, &at);
                if (!d->column)
                        d->column = 1;
                snprintf(d->file, sizeof(d->file), "%.*s", (int)(i < 255 ? i : 255), line.p);
                break;
        }
        size_t begin = (size_t)(word - line.p) + 7;
        size_t n = line.n - begin < 400 ? line.n - begin : 400;
        diag_set(d, (uint32_t)(fatal ? CIM_MOF_INVALID_INCLUDE : CIM_MOF_INVALID_PRAGMA), "the C preprocessor: %.*s", (int)n,
                 line.p + begin);
        return true;
}

// What is said in one line has no control characters.
static void tidy(char *z)
{
        for (; *z; z++)
                if ((unsigned char)*z < 0x20 || *z == 0x7F)
                        *z = ' ';
}

// The first error; how many there are is the hint.
static int refused(const Run *run, const char *path, const char *command, int status, Diag *reterr)
{
        Diag d = {0}, next;
        size_t count = 0;
        Str first = {"", 0};
        for (size_t at = 0; at < run->errors.n;) {
                const char *p = (const char *)run->errors.p + at;
                const char *end = memchr(p, '\n', run->errors.n - at);
                Str line = {p, end ? (size_t)(end - p) : run->errors.n - at};
                at += line.n + 1;
                if (!first.n)
                        first = line;
                if (read_error(line, count ? &next : &d))
                        count++;
        }
        if (!count && first.n)
                diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "the C preprocessor: %.*s",
                         (int)(first.n < 400 ? first.n : 400), first.p);
        else if (!count)
                diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "the C preprocessor '%.200s' ended with %s %d", command,
                         WIFEXITED(status) ? "exit code" : "signal",
                         WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        if (count > 1)
                diag_hint(&d, "the first of its %zu errors", count);
        else if (count && strstr(d.message, strerror(ENOENT)))
                diag_hint(&d, "-I DIR names directories with included files");
        if (!d.file[0])
                snprintf(d.file, sizeof(d.file), "%s", path);
        tidy(d.file);
        tidy(d.message);
        if (reterr)
                *reterr = d;
        return E_DIAG;
}

static int could_not(int error, const char *path, const char *command, Diag *reterr)
{
        if (error == ENOMEM)
                return -ENOMEM;
        if (error == EFBIG)
                diag_set(reterr, (uint32_t)CIM_MOF_INVALID_FILE, "the C preprocessor wrote more than %u bytes",
                         LIMIT_MOF_BYTES);
        else if (error == ETIMEDOUT)
                diag_set(reterr, (uint32_t)CIM_MOF_INVALID_FILE, "the C preprocessor took more than %u seconds",
                         LIMIT_CPP_SECONDS);
        else
                diag_set(reterr, (uint32_t)CIM_MOF_INVALID_FILE, "the C preprocessor '%.200s' cannot be run: %s", command,
                         strerror(error));
        if (error == ENOENT)
                diag_hint(reterr, "install a C compiler, or name the command: --cpp=COMMAND or $FREEWMI_CPP");
        if (reterr)
                snprintf(reterr->file, sizeof(reterr->file), "%s", path);
        return E_DIAG;
}

int mof_preprocess(const MofExpand *e, const char *path, Str text, bool as_file, Buf *ret, Diag *reterr)
{
        Arena a = {0};
        Words w = {0};
        Run run = {.out = -1, .err = -1, .text = ret, .begin = ret->n};
        char **env = environment(&a);
        int r = env ? command_words(e, path, as_file, &a, &w) : -ENOMEM, error = 0, status = 0;
        const char *command = r == 0 ? w.p[0] : "";
        if (r == 0) {
                int in = input(path, text, as_file);
                error = in < 0 ? errno : start(&run, w.p, env, in);
                close_end(&in);
        }
        bool started = r == 0 && !error;
        if (started) {
                error = listen_to(&run);
                if (error)
                        kill(-run.pid, SIGKILL);
                close_end(&run.out);
                close_end(&run.err);
                while (waitpid(run.pid, &status, 0) < 0 && errno == EINTR)
                        ;
        }
        if (r == 0 && error)
                r = could_not(error, path, command, reterr);
        else if (r == 0 && (!WIFEXITED(status) || WEXITSTATUS(status)))
                r = refused(&run, path, command, status, reterr);
        else if (r == 0 && ret->failed)
                r = -ENOMEM;
        buf_deinit(&run.errors);
        arena_deinit(&a);
        return r;
}
