// SPDX-License-Identifier: MIT
// Files that are written whole or not at all.
#include "write-file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"
#include "verb.h"

// One that is being written.
typedef struct Draft {
        char target[PATH_MAX];
        char name[PATH_MAX + 16]; // of the draft; "": none, it is written in place
} Draft;

static int write_all(int fd, Str bytes)
{
        while (bytes.n) {
                ssize_t n = write(fd, bytes.p, bytes.n);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                bytes.p += n;
                bytes.n -= (size_t)n;
        }
        return 0;
}

// The file that a name leads to, through links, also when it is not there yet.
static int draft_target(const char *path, Draft *d)
{
        if (realpath(path, d->target))
                return 0;
        if (errno != ENOENT)
                return -errno;
        size_t n = strlen(path);
        if (n >= sizeof(d->target))
                return -ENAMETOOLONG;
        if (!n || path[n - 1] == '/')
                return n ? -EISDIR : -ENOENT;
        memcpy(d->target, path, n + 1);
        return 0;
}

// Its permissions are those of the file that it replaces, or what the process gives new ones.
static int draft_mode(int fd, const struct stat *old)
{
        mode_t mask = umask(0);
        umask(mask);
        return fchmod(fd, old ? old->st_mode & 07777 : 0666 & ~mask) ? -errno : 0;
}

static int draft_write(const WriteFile *f, Draft *d)
{
        struct stat s;
        int r = strcmp(f->path, "-") ? draft_target(f->path, d) : 0;
        if (r)
                return r;
        bool standard = !strcmp(f->path, "-"), there = !standard && stat(d->target, &s) == 0;
        if (standard || (there && !S_ISREG(s.st_mode))) {
                int fd = standard ? STDOUT_FILENO : open(d->target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
                if (fd < 0)
                        return -errno;
                r = write_all(fd, f->bytes);
                return !standard && close(fd) && !r ? -errno : r;
        }
        if (there && access(d->target, W_OK))
                return -errno; // renaming would get around what the file's owner said
        snprintf(d->name, sizeof(d->name), "%s.XXXXXX", d->target);
        int fd = mkostemp(d->name, O_CLOEXEC);
        if (fd < 0) {
                d->name[0] = '\0';
                return -errno;
        }
        r = write_all(fd, f->bytes);
        if (!r)
                r = draft_mode(fd, there ? &s : NULL);
        if (!r && fsync(fd))
                r = -errno;
        if (close(fd) && !r)
                r = -errno;
        return r;
}

int write_files(const WriteFile *files, size_t n, const char **ret_path)
{
        Draft *drafts = calloc(n ? n : 1, sizeof(*drafts));
        size_t i = 0, renamed = 0;
        int r = drafts ? 0 : -ENOMEM;
        if (ret_path)
                *ret_path = n ? files[0].path : "";
        for (; !r && i < n; i++) {
                r = draft_write(&files[i], &drafts[i]);
                if (r && ret_path)
                        *ret_path = files[i].path;
        }
        for (; !r && renamed < n; renamed++) {
                if (drafts[renamed].name[0] && rename(drafts[renamed].name, drafts[renamed].target)) {
                        r = -errno;
                        if (ret_path)
                                *ret_path = files[renamed].path;
                        break;
                }
        }
        for (; drafts && renamed < n; renamed++)
                if (drafts[renamed].name[0])
                        unlink(drafts[renamed].name);
        free(drafts);
        return r;
}

int write_file(const char *path, Str bytes)
{
        int r = write_files(&(WriteFile){path, bytes}, 1, NULL);
        if (!r)
                return WMI_DONE;
        say("%s: %s", strcmp(path, "-") ? path : "standard output", strerror(-r));
        return WMI_FAILED;
}
