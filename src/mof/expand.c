// SPDX-License-Identifier: MIT
// One text from many: files that include files.
#include "mof/expand.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/status.h"
#include "mof/preprocess.h"
#include "mof/text.h"

// A file that is being read, and those that include it.
typedef struct File {
        const struct File *by;
        const char *path;  // as it was opened
        const char *shown; // as its text calls itself: the path, or what a line marker says
        dev_t device;      // and
        ino_t node;        // which file that is, whatever path leads to it; 0: unknown
        Arena *arena;      // of its text and of those names
        Str text;
        size_t at, line_at; // the reading position; where its line begins
        uint32_t line;      // as markers count
        unsigned depth;
} File;

typedef struct Expand {
        const MofExpand *e;
        Buf *out;
        size_t begin;   // of the result in out
        size_t waiting; // bytes of the texts that are open, which all go to the result
        unsigned includes;
        bool failed;       // *reterr is set
        bool preprocessed; // then markers tell the files whose directories count
        Diag *reterr;
} Expand;

// What became of an include that failed.
enum {
        STAYS = 1, // its directive stays in the text
        STOP = 2,  // there is no more room for anything
};

typedef struct Include {
        size_t at;      // of its '#'
        size_t line_at; // of the line where that stands
        uint32_t line;
        char name[4096]; // with '/'
} Include;

// --- files ---------------------------------------------------------------------------------------

// More than any text that can be taken: UTF-16 of characters that are one byte in UTF-8.
static const size_t most_bytes = (size_t)2 * LIMIT_MOF_BYTES + 2;

static int read_all(int fd, Buf *ret)
{
        size_t begin = ret->n;
        struct stat s;
        if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size > 0 && (uint64_t)s.st_size <= most_bytes &&
            !buf_reserve(ret, (size_t)s.st_size + 1))
                return -ENOMEM;
        for (;;) {
                size_t room = ret->capacity - ret->n > 1 ? ret->capacity - ret->n : 65536;
                uint8_t *to = buf_reserve(ret, room);
                if (!to)
                        return -ENOMEM;
                ssize_t n = read(fd, to, room);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                ret->n += (size_t)n;
                if (ret->n - begin > most_bytes)
                        return -EFBIG;
        }
}

// An included file: only a regular one, for others may never end or begin.
static int read_regular(const char *path, Buf *ret)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return errno == ENOTDIR || errno == ENAMETOOLONG ? -ENOENT : -errno;
        struct stat s;
        int r = fstat(fd, &s) < 0 ? -errno : S_ISDIR(s.st_mode) ? -EISDIR : S_ISREG(s.st_mode) ? 0 : -EINVAL;
        if (r == 0)
                r = read_all(fd, ret);
        close(fd);
        return r;
}

static int read_first(const char *path, Buf *ret)
{
        bool standard = !strcmp(path, "-");
        int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        int r = read_all(fd, ret);
        if (!standard)
                close(fd);
        return r;
}

// Puts the name of the directory's entry that is path[begin..end) without regard to case in its place; of several the
// first in the order of bytes. False: there is none.
static bool match_component(char *path, size_t begin, size_t end)
{
        char directory[4096];
        if (begin >= sizeof(directory))
                return false;
        memcpy(directory, path, begin);
        directory[begin] = '\0';
        DIR *d = opendir(begin ? directory : ".");
        if (!d)
                return false;
        bool found = false;
        char best[256];
        for (const struct dirent *e; (e = readdir(d));) {
                size_t n = strlen(e->d_name);
                if (n != end - begin || n >= sizeof(best) || strncasecmp(e->d_name, path + begin, n) != 0)
                        continue;
                if (!found || strcmp(e->d_name, best) < 0)
                        memcpy(best, e->d_name, n + 1);
                found = true;
        }
        closedir(d);
        if (found)
                memcpy(path + begin, best, end - begin);
        return found;
}

// Spells each part of the path as the file system does. False: something is not there in any case of letters.
bool mof_match_case(char *path)
{
        for (size_t begin = 0; path[begin];) {
                size_t end = begin + strcspn(path + begin, "/");
                char kept = path[end];
                path[end] = '\0';
                bool there = end == begin || access(path, F_OK) == 0 || match_component(path, begin, end);
                path[end] = kept;
                if (!there)
                        return false;
                begin = end + (kept == '/');
        }
        return true;
}

// The file `path`, or one whose name differs in case, which is then written into `path`.
static int read_path(const Expand *x, char *path, Buf *ret)
{
        if (x->e->read)
                return x->e->read(x->e->context, path, ret);
        int r = read_regular(path, ret);
        return r == -ENOENT && mof_match_case(path) ? read_regular(path, ret) : r;
}

// --- errors --------------------------------------------------------------------------------------

// Remembers the first error: at the bytes from..to of the file, which stand, or will stand, at x->out->n of the result.
static void report(Expand *x, const File *f, const Include *i, size_t length, const Diag *d)
{
        if (x->failed)
                return;
        x->failed = true;
        if (!x->reterr)
                return;
        Diag *to = x->reterr;
        *to = *d;
        diag_place(to, f->text.p + i->line_at, f->text.n - i->line_at, i->at - i->line_at, length);
        to->line = i->line;
        to->offset = x->out->n - x->begin;
        snprintf(to->file, sizeof(to->file), "%s", f->shown);
}

static int stays(Expand *x, const File *f, const Include *i, const Diag *d)
{
        report(x, f, i, f->at - i->at, d);
        return STAYS;
}

static int cannot_read(Expand *x, const File *f, const Include *i, int error)
{
        Diag d = {0};
        if (error == -EFBIG)
                diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "\"%.200s\" is larger than a MOF text may be, %u bytes",
                         i->name, LIMIT_MOF_BYTES);
        else if (error == -EINVAL)
                diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "\"%.200s\" is no regular file", i->name);
        else if (error == -ENOENT)
                diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "there is no file \"%.200s\"", i->name);
        else
                diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "the file \"%.200s\" cannot be read: %s", i->name,
                         strerror(-error));
        if (error == -ENOENT && x->e->directory_count)
                diag_hint(&d, "it was looked for beside %.100s and in the directories of -I (%zu)", f->shown,
                          x->e->directory_count);
        else if (error == -ENOENT)
                diag_hint(&d, "it was looked for beside %.100s; -I DIR names other directories", f->shown);
        return stays(x, f, i, &d);
}

// --- reading over what is no directive -----------------------------------------------------------

static char peek(const File *f, size_t ahead)
{
        return f->at + ahead < f->text.n ? f->text.p[f->at + ahead] : '\0';
}

static bool at_end(const File *f)
{
        return f->at >= f->text.n;
}

static bool is_newline(char c)
{
        return c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

// A letter, in lower case; others are no letters.
static char lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_word(char c)
{
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static void take_newline(File *f)
{
        f->at += peek(f, 0) == '\r' && peek(f, 1) == '\n' ? 2 : 1;
        f->line++;
        f->line_at = f->at;
}

static void skip_line(File *f)
{
        while (!at_end(f) && !is_newline(f->text.p[f->at]))
                f->at++;
}

// False: it is not closed.
static bool skip_comment(File *f)
{
        f->at += 2;
        while (!at_end(f)) {
                if (peek(f, 0) == '*' && peek(f, 1) == '/') {
                        f->at += 2;
                        return true;
                }
                if (is_newline(f->text.p[f->at]))
                        take_newline(f);
                else
                        f->at++;
        }
        return false;
}

// A string or character: up to its quote, at most to the end of its line.
static void skip_quoted(File *f)
{
        char quote = f->text.p[f->at++];
        while (!at_end(f) && !is_newline(f->text.p[f->at])) {
                char c = f->text.p[f->at];
                f->at += c == '\\' && f->at + 1 < f->text.n && !is_newline(f->text.p[f->at + 1]) ? 2 : 1;
                if (c == quote)
                        return;
        }
}

// What may stand between the words of a directive.
static void skip_space(File *f)
{
        while (!at_end(f)) {
                char c = peek(f, 0);
                if (is_blank(c))
                        f->at++;
                else if (is_newline(c))
                        take_newline(f);
                else if (c == '/' && peek(f, 1) == '/')
                        skip_line(f);
                else if (c != '/' || peek(f, 1) != '*' || !skip_comment(f))
                        return;
        }
}

// --- directives ----------------------------------------------------------------------------------

static bool take_word(File *f, const char *word)
{
        size_t n = strlen(word);
        for (size_t i = 0; i < n; i++)
                if (lower(peek(f, i)) != word[i])
                        return false;
        if (is_word(peek(f, n)))
                return false;
        f->at += n;
        return true;
}

// "name" "of the file"; false: no string, none that ends in its line, or no name.
static bool take_name(File *f, Include *ret)
{
        size_t n = 0;
        if (peek(f, 0) != '"')
                return false;
        while (peek(f, 0) == '"') {
                for (f->at++; peek(f, 0) != '"'; f->at++) {
                        char c = peek(f, 0);
                        if ((unsigned char)c < 0x20 || n + 1 >= sizeof(ret->name))
                                return false;
                        if (c == '\\' && peek(f, 1) == '\\')
                                f->at++;
                        ret->name[n++] = c == '\\' ? '/' : c;
                }
                f->at++;
                skip_space(f);
        }
        ret->name[n] = '\0';
        return n > 0;
}

// Is the '#' at the reading position the beginning of an include that is written as it should be? Then it is read. One
// that is not stays in the text: the parser says what is wrong with it.
static bool take_include(File *f, Include *ret)
{
        File t = *f;
        ret->at = t.at;
        ret->line_at = t.line_at;
        ret->line = t.line;
        t.at++;
        skip_space(&t);
        if (take_word(&t, "pragma"))
                skip_space(&t);
        if (!take_word(&t, "include"))
                return false;
        skip_space(&t);
        if (peek(&t, 0) != '(')
                return false;
        t.at++;
        skip_space(&t);
        if (!take_name(&t, ret) || peek(&t, 0) != ')')
                return false;
        t.at++;
        *f = t;
        return true;
}

// A line marker: true, and the next line is the one it says. *failed: out of memory.
static bool take_marker(File *f, bool *failed)
{
        MofMarker marker;
        if (!mof_text_marker(f->text, f->at, &marker))
                return false;
        f->at = marker.end;
        if (marker.named && !str_eq((Str){marker.name, marker.n}, str_of(f->shown))) {
                const char *copy = arena_strndup(f->arena, marker.name, marker.n);
                if (copy)
                        f->shown = copy;
                else
                        *failed = true;
        }
        if (!at_end(f))
                take_newline(f);
        f->line = marker.line;
        return true;
}

// From here on it is line `line` of the file.
static void put_marker(Expand *x, uint32_t line, const char *file)
{
        Buf *out = x->out;
        if (out->n > x->begin && !out->failed && out->p[out->n - 1] != '\n')
                buf_u8(out, '\n');
        buf_printf(out, "# %u \"", line);
        for (const char *c = file; *c; c++) {
                if (*c == '"' || *c == '\\')
                        buf_u8(out, '\\');
                buf_u8(out, (unsigned char)*c < 0x20 ? '?' : (uint8_t)*c);
        }
        buf_text(out, "\"\n");
}

// --- including -----------------------------------------------------------------------------------

static int expand_file(Expand *x, File *f);

// `name` as it is seen from the directory of the file `from` (ends in '/': of that directory), in ret[4096]. False: it is
// too long.
static bool beside(const char *from, const char *name, char *ret)
{
        const char *slash = strrchr(from, '/');
        size_t n = slash && name[0] != '/' ? (size_t)(slash - from) + 1 : 0;
        while (name[0] == '.' && name[1] == '/')
                name += 2 + strspn(name + 2, "/");
        return snprintf(ret, 4096, "%.*s%s", (int)n, from, name) < 4096;
}

// Looks for the file, and reads it. *path: its own name.
static int find(const Expand *x, const File *f, const char *name, char *path, Buf *ret)
{
        int r = -ENOENT;
        if (x->preprocessed && beside(f->shown, name, path))
                r = read_path(x, path, ret);
        if (r == -ENOENT && beside(f->path, name, path))
                r = read_path(x, path, ret);
        for (size_t i = 0; r == -ENOENT && name[0] != '/' && i < x->e->directory_count; i++) {
                char directory[4096];
                const char *in = x->e->directories[i], *slash = in[0] && in[strlen(in) - 1] != '/' ? "/" : "";
                if (snprintf(directory, sizeof(directory), "%s%s", in, slash) < (int)sizeof(directory) &&
                    beside(directory, name, path))
                        r = read_path(x, path, ret);
        }
        return r;
}

// Which file of the file system it is, so that `a/../x.mof` is `x.mof`.
static void identify(const Expand *x, File *f)
{
        struct stat s;
        if (x->e->read || stat(f->path, &s) < 0)
                return;
        f->device = s.st_dev;
        f->node = s.st_ino;
}

static bool same_file(const File *a, const File *b)
{
        return strcmp(a->path, b->path) == 0 || (a->node && a->node == b->node && a->device == b->device);
}

// A file includes itself: the message has the way round.
static int circle(Expand *x, const File *f, const Include *i, const File *again)
{
        Diag d = {0};
        char way[300] = "";
        for (const File *o = f; o && !same_file(o, again); o = o->by) {
                size_t n = strlen(way);
                snprintf(way + n, sizeof(way) - n, "%s%s", n ? ", by " : ", by way of ", o->path);
        }
        diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "%.180s includes itself%s", again->path, way);
        return stays(x, f, i, &d);
}

// The text of an included file, in the place of the directive.
static int include_text(Expand *x, const File *f, const Include *i, File *inner, Str bytes)
{
        const char *path = inner->path;
        Arena arena = {0};
        MofText text;
        Diag d = {0}, why = {0};
        int r = mof_text_read(bytes, &arena, &text, &why);
        if (r == E_DIAG) {
                diag_set(&d, why.code, "%.180s, line %u: %.280s", path, why.line, why.message);
                diag_hint(&d, "%s", why.hint);
                r = stays(x, f, i, &d);
        } else if (r == 0 && x->out->n - x->begin + x->waiting + text.n > LIMIT_MOF_BYTES) {
                diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "with this file the text is larger than %u bytes",
                         LIMIT_MOF_BYTES);
                r = stays(x, f, i, &d);
        } else if (r == 0) {
                inner->arena = &arena;
                inner->text = (Str){text.p, text.n};
                if (inner->text.n && inner->text.p[inner->text.n - 1] == '\x1A')
                        inner->text.n--; // the end mark of DOS
                put_marker(x, 1, path);
                x->waiting += inner->text.n;
                r = expand_file(x, inner);
        }
        arena_deinit(&arena);
        return r;
}

// 0; STAYS, STOP; -ENOMEM.
static int include(Expand *x, const File *f, const Include *i)
{
        Diag d = {0};
        if (f->depth == LIMIT_DEPTH) {
                diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "files are included more than %u deep", LIMIT_DEPTH);
                return stays(x, f, i, &d);
        }
        if (x->includes == LIMIT_MOF_INCLUDES) {
                diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "more than %u files are included", LIMIT_MOF_INCLUDES);
                return stays(x, f, i, &d);
        }
        x->includes++;
        char path[4096];
        Buf bytes = {0};
        int r = find(x, f, i->name, path, &bytes);
        if (r == 0 && bytes.failed)
                r = -ENOMEM;
        File inner = {.by = f, .path = path, .shown = path, .line = 1, .depth = f->depth + 1};
        if (r == 0)
                identify(x, &inner);
        bool open = false;
        for (const File *o = f; r == 0 && o; o = o->by)
                open |= same_file(o, &inner);
        if (r < 0 && r != -ENOMEM)
                r = cannot_read(x, f, i, r);
        else if (open)
                r = circle(x, f, i, &inner);
        else if (r == 0)
                r = include_text(x, f, i, &inner, (Str){(const char *)bytes.p, bytes.n});
        buf_deinit(&bytes);
        return r;
}

// Behind an included file: where we are, and in which column if more stands in that line.
static int go_on(Expand *x, const File *f, const Include *i)
{
        put_marker(x, f->line, f->shown);
        size_t rest = f->at;
        while (rest < f->text.n && is_blank(f->text.p[rest]))
                rest++;
        bool more = rest < f->text.n && !is_newline(f->text.p[rest]);
        for (size_t k = f->line_at; more && k < f->at; k++)
                if (((unsigned char)f->text.p[k] & 0xC0) != 0x80)
                        buf_u8(x->out, ' ');
        if (x->out->n - x->begin + x->waiting <= LIMIT_MOF_BYTES)
                return 0;
        Diag d = {0};
        diag_set(&d, (uint32_t)CIM_MOF_INVALID_INCLUDE, "with this file the text is larger than %u bytes", LIMIT_MOF_BYTES);
        report(x, f, i, 0, &d);
        return STOP;
}

// Takes f->text[*from..to) out.
static void flush(Expand *x, const File *f, size_t *from, size_t to)
{
        if (to > *from)
                buf_put(x->out, f->text.p + *from, to - *from);
        x->waiting -= to - *from;
        *from = to;
}

// A comment at the reading position. One that is not closed in an included file is closed at its end: what follows the
// file is not part of it.
static void take_comment(Expand *x, File *f, size_t *from)
{
        Include begin = {.at = f->at, .line_at = f->line_at, .line = f->line};
        if (skip_comment(f) || !f->by)
                return;
        Diag d = {0};
        diag_set(&d, (uint32_t)CIM_MOF_UNRECOGNIZED_TOKEN, "this comment is not closed in its file");
        diag_hint(&d, "a comment ends with */");
        flush(x, f, from, begin.at);
        report(x, f, &begin, 2, &d);
        flush(x, f, from, f->at);
        buf_text(x->out, "\n*/");
}

// 0, STOP, -ENOMEM.
static int expand_file(Expand *x, File *f)
{
        size_t from = 0;
        bool failed = false;
        while (!at_end(f) && !failed) {
                char c = f->text.p[f->at];
                Include i;
                if (is_newline(c)) {
                        take_newline(f);
                } else if (c == '"' || c == '\'') {
                        skip_quoted(f);
                } else if (c == '/' && peek(f, 1) == '/') {
                        skip_line(f);
                } else if (c == '/' && peek(f, 1) == '*') {
                        take_comment(x, f, &from);
                } else if (c == '#' && take_include(f, &i)) {
                        flush(x, f, &from, i.at);
                        int r = include(x, f, &i);
                        if (r == 0) {
                                x->waiting -= f->at - from;
                                from = f->at;
                                r = go_on(x, f, &i);
                        }
                        if (r != 0 && r != STAYS)
                                return r;
                } else if (c != '#' || !take_marker(f, &failed)) {
                        f->at++;
                }
        }
        flush(x, f, &from, f->at);
        return failed || x->out->failed ? -ENOMEM : 0;
}

// --- the first file ------------------------------------------------------------------------------

// The error of a decoder, at the place it has in its own file. Nothing of that file can be shown.
static int undecoded(const Expand *x, const char *path)
{
        if (x->reterr) {
                snprintf(x->reterr->file, sizeof(x->reterr->file), "%s", path);
                x->reterr->offset = 0;
                x->reterr->length = 0;
        }
        return E_DIAG;
}

// Its text, through the preprocessor when there is one. The result is in the arena, in *bytes or in *ran.
static int first_text(Expand *x, const char *path, const Buf *bytes, Buf *ran, Arena *a, MofText *ret)
{
        int r = mof_text_read((Str){(const char *)bytes->p, bytes->n}, a, ret, x->reterr);
        if (r != 0 || !x->e->cpp)
                return r == E_DIAG ? undecoded(x, path) : r;
        bool as_file = !x->e->read && strcmp(path, "-") != 0 && (ret->encoding == MOF_UTF8 || ret->encoding == MOF_ANSI);
        r = mof_preprocess(x->e, path, (Str){ret->p, ret->n}, as_file, ran, x->reterr);
        if (r != 0)
                return r;
        x->preprocessed = true;
        r = mof_text_read((Str){(const char *)ran->p, ran->n}, a, ret, x->reterr);
        return r == E_DIAG ? undecoded(x, path) : r;
}

static int expand_first(Expand *x, const char *path, Arena *a, const MofText *text)
{
        File f = {.path = path, .shown = path, .arena = a, .text = {text->p, text->n}, .line = 1};
        Include whole = {.line = 1};
        Diag d = {0};
        identify(x, &f);
        if (text->n > LIMIT_MOF_BYTES) {
                diag_set(&d, (uint32_t)CIM_MOF_INVALID_FILE, "the text is larger than %u bytes", LIMIT_MOF_BYTES);
                report(x, &f, &whole, 0, &d);
                return STOP;
        }
        x->waiting = f.text.n;
        return expand_file(x, &f);
}

int mof_expand(const MofExpand *e, const char *path, Buf *ret, Diag *reterr)
{
        Expand x = {.e = e, .out = ret, .begin = ret->n, .reterr = reterr};
        Buf bytes = {0}, ran = {0};
        Arena arena = {0};
        MofText text;
        int r = e->read ? e->read(e->context, path, &bytes) : read_first(path, &bytes);
        if (r == 0 && bytes.failed)
                r = -ENOMEM;
        if (r == 0)
                r = first_text(&x, path, &bytes, &ran, &arena, &text);
        if (r == 0)
                r = expand_first(&x, path, &arena, &text);
        if (r >= 0 && ret->failed)
                r = -ENOMEM;
        arena_deinit(&arena);
        buf_deinit(&ran);
        buf_deinit(&bytes);
        return r < 0 ? r : r != 0 || x.failed ? E_DIAG : 0;
}
