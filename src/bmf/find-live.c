// SPDX-License-Identifier: MIT
// This machine's binary MOF: what the kernel's wmi-bmof driver shows, and the ACPI tables.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bmf/find-impl.h"
#include "cim/status.h"

static void live_fault(Find *f, const char *path, const Diag *d)
{
        if (f->fault || !f->err)
                return;
        f->fault = true;
        *f->err = *d;
        snprintf(f->err->file, sizeof(f->err->file), "%s", path);
}

static void live_errno(Find *f, const char *path, int error)
{
        Diag d = {0};
        diag_set(&d, error == EACCES || error == EPERM ? CIM_E_ACCESS_DENIED : CIM_E_FAILED,
                 "it cannot be read: %s", strerror(error));
        if (error == EACCES || error == EPERM)
                diag_hint(&d, "only root may read what firmware says: try sudo");
        live_fault(f, path, &d);
}

// The whole of a regular file, in the arena. False: it was told.
static bool live_read(Find *f, const char *path, Str *ret)
{
        struct stat s;
        Buf b = {0};
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        int error = fd < 0 ? errno : fstat(fd, &s) < 0 ? errno : S_ISREG(s.st_mode) ? 0 : EINVAL;
        while (!error && b.n <= LIMIT_ACPI_BYTES) {
                uint8_t *to = buf_reserve(&b, 64 << 10);
                ssize_t n = to ? read(fd, to, 64 << 10) : 0;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        error = errno;
                if (n <= 0)
                        break;
                b.n += (size_t)n;
        }
        if (fd >= 0)
                close(fd);
        if (!error && b.n > LIMIT_ACPI_BYTES)
                error = EFBIG;
        *ret = (Str){error || b.failed ? NULL : arena_copy(f->a, b.p ? b.p : (const uint8_t *)"", b.n), b.n};
        if (b.failed || (!error && !ret->p))
                f->failed = -ENOMEM;
        buf_deinit(&b);
        if (error)
                live_errno(f, path, error);
        return ret->p != NULL;
}

typedef void (*LiveFile)(Find *f, const char *path, const char *name);

static int live_visible(const struct dirent *e)
{
        return e->d_name[0] != '.';
}

// Each entry of a directory, in the order of their names and numbers. A directory that is not there is empty.
static void live_each(Find *f, const char *directory, LiveFile each)
{
        struct dirent **list = NULL;
        int n = scandir(directory, &list, live_visible, versionsort);
        if (n < 0 && errno != ENOENT && errno != ENOTDIR)
                live_errno(f, directory, errno);
        for (int i = 0; i < n; i++) {
                char path[1024];
                int k = snprintf(path, sizeof(path), "%s/%s", directory, list[i]->d_name);
                if (k > 0 && (size_t)k < sizeof(path) && !f->failed)
                        each(f, path, list[i]->d_name);
                free(list[i]);
        }
        free(list);
}

static void live_bmof(Find *f, const char *path, const char *name)
{
        char file[1100];
        Str bytes;
        (void)name;
        snprintf(file, sizeof(file), "%s/bmof", path);
        if (access(file, F_OK) != 0 || !live_read(f, file, &bytes))
                return;
        if (find_is_mof((const uint8_t *)bytes.p, bytes.n)) {
                find_add_blob(f, bytes.p, bytes.n, NULL, NULL, "%s", file);
                return;
        }
        Diag d = {0};
        diag_set(&d, CIM_MOF_INVALID_FILE, "it is not binary MOF");
        live_fault(f, file, &d);
}

// What a table says comes to what is known already: a blob that is there gets its ACPI name.
static void live_merge(Find *f, const Find *table, const char *path)
{
        for (size_t i = 0; i < table->blob_count && !f->failed; i++) {
                const BmfBlob *b = &table->blobs[i];
                BmfBlob *same = NULL;
                for (size_t k = 0; k < f->blob_count && !same; k++)
                        if (str_eq(f->blobs[k].bytes, b->bytes) && !f->blobs[k].name[0])
                                same = &f->blobs[k];
                if (same) {
                        same->scope = b->scope;
                        memcpy(same->name, b->name, sizeof(same->name));
                } else {
                        find_take_blob(f, b);
                }
        }
        for (size_t i = 0; i < table->table_count && !f->failed; i++)
                find_take_wdg(f, &table->tables[i]);
        for (size_t i = 0; i < table->name_count && !f->failed; i++) {
                AcpiPath scope;
                scope.n = (size_t)snprintf(scope.text, sizeof(scope.text), "%s", table->names[i].scope);
                find_add_name(f, &scope, table->names[i].name);
        }
        if (table->failed)
                f->failed = table->failed;
        if (table->fault)
                live_fault(f, path, table->err);
}

static void live_table(Find *f, const char *path, const char *name)
{
        struct stat s;
        Str bytes;
        Diag d = {0};
        bool wanted = !strncmp(name, "DSDT", 4) || !strncmp(name, "SSDT", 4) || !strncmp(name, "PSDT", 4) ||
                      !strncmp(name, "OEM", 3);
        if (!wanted || stat(path, &s) != 0 || S_ISDIR(s.st_mode) || !live_read(f, path, &bytes))
                return;
        Find one = {.a = f->a, .err = &d};
        if (find_is_aml_table(bytes))
                find_aml(&one, bytes, name, 0, true);
        else
                find_fault(&one, 0, "it is not an ACPI table");
        live_merge(f, &one, path);
}

int bmf_find_live(const char *root, Arena *a, BmfFound *ret, Diag *reterr)
{
        static const struct {
                const char *directory;
                LiveFile each;
        } places[] = {
                {"bus/wmi/devices", live_bmof},
                {"firmware/acpi/tables", live_table},
                {"firmware/acpi/tables/dynamic", live_table},
        };
        Find f = {.a = a, .err = reterr};
        for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !f.failed; i++) {
                char directory[512];
                int n = snprintf(directory, sizeof(directory), "%s/%s", root, places[i].directory);
                if (n > 0 && (size_t)n < sizeof(directory))
                        live_each(&f, directory, places[i].each);
        }
        *ret = (BmfFound){BMF_SYSFS, f.blobs, f.blob_count, f.tables, f.table_count, f.names, f.name_count};
        return f.failed ? f.failed : f.fault ? E_DIAG : 0;
}
