// SPDX-License-Identifier: MIT
// Runs a fuzz target over files and directories without libFuzzer and reports one TAP line for each file, so
// that the ordinary test run replays every corpus. A file that kills the target is the one named last.
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned done, bad;

static void result(const char *path, const char *why)
{
        done++;
        bad += why != NULL;
        printf("%sok %u - %s%s%s\n", why ? "not " : "", done, path, why ? ": " : "", why ? why : "");
}

// A block of exactly `size` bytes, so that a sanitizer sees a read behind it. NULL with errno set.
static uint8_t *load(const char *path, size_t *ret_size)
{
        FILE *f = fopen(path, "rb");
        struct stat s;
        if (!f || fstat(fileno(f), &s) < 0) {
                if (f)
                        fclose(f);
                return NULL;
        }
        *ret_size = (size_t)s.st_size;
        uint8_t *data = malloc(*ret_size ? *ret_size : 1);
        if (data && fread(data, 1, *ret_size, f) != *ret_size) {
                free(data);
                data = NULL;
                errno = EIO;
        }
        fclose(f);
        return data;
}

static void replay_file(const char *path)
{
        size_t size = 0;
        uint8_t *data = load(path, &size);
        if (!data) {
                result(path, strerror(errno));
                return;
        }
        printf("# %s\n", path);
        fflush(stdout);
        LLVMFuzzerTestOneInput(data, size);
        result(path, NULL);
        free(data);
}

static int visible(const struct dirent *e)
{
        return e->d_name[0] != '.' && strcmp(e->d_name, "README.md") != 0;
}

static void replay(const char *path)
{
        struct stat s;
        if (stat(path, &s) < 0) {
                result(path, strerror(errno));
                return;
        }
        if (!S_ISDIR(s.st_mode)) {
                replay_file(path);
                return;
        }
        struct dirent **entries;
        int n = scandir(path, &entries, visible, alphasort);
        if (n <= 0)
                result(path, n < 0 ? strerror(errno) : "no file in it");
        for (int i = 0; i < n; i++) {
                char *file;
                if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0)
                        abort();
                replay_file(file);
                free(file);
                free(entries[i]);
        }
        if (n >= 0)
                free(entries);
}

int main(int argc, char **argv)
{
        for (int i = 1; i < argc; i++)
                replay(argv[i]);
        printf("1..%u\n", done);
        return bad || !done;
}
