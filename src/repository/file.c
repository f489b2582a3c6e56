// SPDX-License-Identifier: MIT
// Files: copying a store out while it is served, and putting a copy in its place, whole or not at all.
//
// A copy is made under another name in the directory where it is to be, checked, synchronised, and only then
// given its name. A copy is one file: it is not in WAL mode.
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/internal.h"

enum { FILE_STEP = 256 }; // pages copied between two words about progress

static int file_failed(const char *file, int e, Diag *reterr)
{
        diag_set(reterr, CIM_E_FAILED, "%s: %s", file, strerror(e));
        if (e == ENOSPC || e == EDQUOT)
                diag_hint(reterr, "make room on its file system");
        else if (e == EACCES || e == EPERM || e == EROFS)
                diag_hint(reterr, "its directory must be writable");
        return E_DIAG;
}

static void file_remove(const char *file, const char *suffix)
{
        char *name;
        if (asprintf(&name, "%s%s", file, suffix) < 0)
                return;
        unlink(name);
        free(name);
}

static void file_remove_all(const char *file)
{
        file_remove(file, "");
        file_remove(file, "-journal");
        file_remove(file, "-wal");
        file_remove(file, "-shm");
}

// Makes what was renamed in the directory of a file last.
static int file_sync_directory(const char *file, Diag *reterr)
{
        char *copy = strdup(file);
        if (!copy)
                return -ENOMEM;
        int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int e = fd < 0 || fsync(fd) < 0 ? errno : 0;
        if (fd >= 0)
                close(fd);
        free(copy);
        return e ? file_failed(file, e, reterr) : 0;
}

static int file_sync(const char *file, Diag *reterr)
{
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        int e = fd < 0 || fsync(fd) < 0 ? errno : 0;
        if (fd >= 0)
                close(fd);
        return e ? file_failed(file, e, reterr) : 0;
}

// A new file beside `file`: its name, to be freed.
static int file_beside(const char *file, char **ret, Diag *reterr)
{
        char *name;
        if (asprintf(&name, "%s.XXXXXX", file) < 0)
                return -ENOMEM;
        int fd = mkostemp(name, O_CLOEXEC);
        if (fd < 0) {
                int e = errno;
                free(name);
                return file_failed(file, e, reterr);
        }
        close(fd);
        *ret = name;
        return 0;
}

static int copy_exec(Database *d, const char *text, Diag *reterr)
{
        int rc = sqlite3_exec(d->sql, text, NULL, NULL, NULL);
        return rc == SQLITE_OK ? 0 : database_failed(d, rc, reterr);
}

static int copy_pages(Database *from, Database *to, RepositoryProgress progress, void *context, Diag *reterr)
{
        sqlite3_backup *b = sqlite3_backup_init(to->sql, "main", from->sql, "main");
        if (!b)
                return database_failed(to, sqlite3_errcode(to->sql), reterr);
        int rc;
        do {
                rc = sqlite3_backup_step(b, FILE_STEP);
                uint64_t all = (uint64_t)sqlite3_backup_pagecount(b);
                if (progress)
                        progress(context, all - (uint64_t)sqlite3_backup_remaining(b), all);
        } while (rc == SQLITE_OK);
        sqlite3_backup_finish(b);
        return rc == SQLITE_DONE ? 0 : database_failed(to, rc, reterr);
}

static void count_wrong(void *context, const char *what)
{
        (void)what;
        ++*(unsigned *)context;
}

// A sound copy of an open store in the file `to`, which is empty.
static int copy_store(Database *from, const char *to, RepositoryProgress progress, void *context,
                      Diag *reterr)
{
        Database copy = {.name = to};
        unsigned wrong = 0;
        int rc = database_connect(&copy.sql, to, SQLITE_OPEN_READWRITE);
        int r = rc == SQLITE_OK ? 0 : database_failed(&copy, rc, reterr);
        // One look at the source for the whole copy: what is written meanwhile does not make it begin again.
        if (r == 0)
                r = copy_exec(from, "BEGIN; SELECT count(*) FROM meta", reterr);
        if (r == 0)
                r = copy_pages(from, &copy, progress, context, reterr);
        if (!sqlite3_get_autocommit(from->sql))
                sqlite3_exec(from->sql, "COMMIT", NULL, NULL, NULL);
        if (r == 0)
                r = copy_exec(&copy, "PRAGMA journal_mode = DELETE", reterr);
        if (r == 0)
                r = database_format(&copy, reterr);
        if (r == 0)
                r = database_integrity(&copy, false, count_wrong, &wrong, reterr);
        if (r == 0 && wrong)
                r = database_damaged(from, reterr, "%u things are wrong in a copy of it", wrong);
        database_close(&copy);
        return r ? r : file_sync(to, reterr);
}

int repository_backup(const char *file, const char *to, RepositoryProgress progress, void *context,
                      Diag *reterr)
{
        struct stat s;
        Database from;
        char *part;
        if (lstat(to, &s) == 0) {
                diag_set(reterr, CIM_E_ALREADY_EXISTS, "%s is there already", to);
                return diag_hint(reterr, "name a file that is not");
        }
        int r = database_open(&from, file, DATABASE_READ, reterr);
        if (r)
                return r;
        r = file_beside(to, &part, reterr);
        if (r == 0) {
                r = copy_store(&from, part, progress, context, reterr);
                if (r == 0 && renameat2(AT_FDCWD, part, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
                        r = file_failed(to, errno, reterr);
                if (r)
                        file_remove_all(part);
                else
                        r = file_sync_directory(to, reterr);
                free(part);
        }
        database_close(&from);
        return r;
}

// Ends the write-ahead log of what is to be replaced, so that nothing of it can come upon the new file.
static int file_retire(const char *file, Diag *reterr)
{
        Database old = {.name = file};
        struct stat s;
        int r = 0, rc = SQLITE_OK;
        if (stat(file, &s) == 0) {
                rc = database_connect(&old.sql, file, SQLITE_OPEN_READWRITE);
                if (rc == SQLITE_OK)
                        rc = sqlite3_exec(old.sql, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
                int64_t busy = rc & 0xFF;
                if (busy == SQLITE_BUSY || busy == SQLITE_LOCKED)
                        r = database_failed(&old, rc, reterr);
                database_close(&old);
        }
        // Of a file that is not there or cannot be read the log is of no use either.
        if (r == 0) {
                file_remove(file, "-wal");
                file_remove(file, "-shm");
                file_remove(file, "-journal");
        }
        return r;
}

// The new file is whose the old one is, and as open to others: the service must be able to use it.
static int file_resemble(const char *file, const char *part, Diag *reterr)
{
        struct stat old, new;
        if (stat(file, &old) < 0)
                return errno == ENOENT ? 0 : file_failed(file, errno, reterr);
        if (stat(part, &new) < 0)
                return file_failed(part, errno, reterr);
        bool other = old.st_uid != new.st_uid || old.st_gid != new.st_gid;
        if ((other && chown(part, old.st_uid, old.st_gid) < 0) || chmod(part, old.st_mode & 0777) < 0)
                return file_failed(part, errno, reterr);
        return 0;
}

static int file_replace(const char *backup, const char *file, RepositoryProgress progress, void *context,
                        Diag *reterr)
{
        Database from;
        char *part = NULL;
        int lock = -1;
        int r = database_open(&from, backup, DATABASE_READ, reterr);
        if (r)
                return r;
        r = repository_lock(file, &lock, reterr);
        if (r == 0)
                r = file_beside(file, &part, reterr);
        if (r == 0)
                r = copy_store(&from, part, progress, context, reterr);
        if (r == 0)
                r = file_resemble(file, part, reterr);
        if (r == 0)
                r = file_retire(file, reterr);
        if (r == 0 && rename(part, file) < 0)
                r = file_failed(file, errno, reterr);
        if (part && r)
                file_remove_all(part);
        else if (r == 0)
                r = file_sync_directory(file, reterr);
        free(part);
        if (lock >= 0)
                repository_unlock(file, lock, r != 0);
        database_close(&from);
        return r;
}

int repository_restore(const char *backup, const char *file, RepositoryProgress progress, void *context,
                       Diag *reterr)
{
        // A symbolic link stays one: what it names is replaced.
        struct stat from, old;
        if (stat(backup, &from) == 0 && stat(file, &old) == 0 && from.st_dev == old.st_dev &&
            from.st_ino == old.st_ino) {
                diag_set(reterr, CIM_E_INVALID_PARAMETER, "%s is the repository itself, not a backup of it",
                         backup);
                return diag_hint(reterr, "name a file that 'wmi repository backup' made");
        }
        char *real = realpath(file, NULL);
        int r = file_replace(backup, real ? real : file, progress, context, reterr);
        free(real);
        return r;
}
