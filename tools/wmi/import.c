// SPDX-License-Identifier: MIT
// MOF files into the service.
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/utf.h"
#include "progress.h"
#include "say.h"
#include "verb.h"

int import_read(const char *file, Buf *ret_bytes)
{
        bool standard = !strcmp(file, "-");
        int fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC), r = 0;
        if (fd < 0)
                return -errno;
        *ret_bytes = (Buf){0};
        for (;;) {
                uint8_t *to = buf_reserve(ret_bytes, 65536);
                ssize_t n = to ? read(fd, to, 65536) : -1;
                if (n < 0 && to && errno == EINTR)
                        continue;
                if (n <= 0) {
                        r = !to ? -ENOMEM : n < 0 ? -errno : 0;
                        break;
                }
                ret_bytes->n += (size_t)n;
                if (ret_bytes->n > LIMIT_MOF_BYTES) {
                        r = -EFBIG;
                        break;
                }
        }
        if (!standard)
                close(fd);
        if (r)
                buf_deinit(ret_bytes);
        return r;
}

Str import_shown(Str bytes, Arena *a)
{
        const uint8_t *p = (const uint8_t *)bytes.p;
        if (bytes.n >= 3 && !memcmp(p, "\xEF\xBB\xBF", 3))
                return (Str){bytes.p + 3, bytes.n - 3};
        bool little = bytes.n >= 2 && p[0] == 0xFF && p[1] == 0xFE,
             big = bytes.n >= 2 && p[0] == 0xFE && p[1] == 0xFF;
        if (!little && !big)
                return bytes;
        size_t n = (bytes.n - 2) / 2;
        char16_t *units = arena_array(a, char16_t, n);
        if (!units)
                return (Str){0};
        for (size_t i = 0; i < n; i++) {
                uint8_t first = p[2 + 2 * i], second = p[3 + 2 * i];
                units[i] = (char16_t)(little ? first | second << 8 : first << 8 | second);
        }
        return utf_to8(a, (Str16){units, n});
}

static void import_errors(const char *file, Str text, const Diag *errors, size_t n)
{
        Arena a = {0};
        Str shown = import_shown(text, &a);
        for (size_t i = 0; i < n; i++) {
                // An error may be in a file that this one includes: then the line is not at hand.
                Str source = !errors[i].file[0] || !strncmp(errors[i].file, file, sizeof(errors[i].file) - 1)
                                     ? shown
                                     : (Str){0};
                say_diag(&errors[i], source);
        }
        arena_deinit(&a);
}

int import_bytes(Client *c, const Import *how, const char *file, Str bytes, ClientImported *ret)
{
        char what[96];
        Buf name = {0};
        say_clean_line(str_of(file), &name);
        snprintf(what, sizeof(what), "importing %.60s", buf_z(&name) ? (const char *)name.p : "");
        buf_deinit(&name);
        Progress p = progress_begin(what);
        p.quiet = true;
        Diag *errors = calloc(LIMIT_MOF_ERRORS, sizeof(*errors));
        size_t n = 0;
        ClientImport import = {
                .file = str_of(file),
                .namespace = how->namespace,
                .text = bytes,
                .class_flags = how->class_flags,
                .instance_flags = how->instance_flags,
                .dialect = how->dialect,
                .progress = p.terminal ? progress_tell : NULL,
                .context = &p,
        };
        int r = errors ? client_import_mof(c, &import, -1, ret, errors, LIMIT_MOF_ERRORS, &n) : -ENOMEM;
        progress_end(&p);
        int code = WMI_DONE;
        if (r == E_DIAG) {
                import_errors(file, bytes, errors, n);
                code = n ? say_exit(errors[0].code, true) : WMI_INPUT;
        } else if (r) {
                if (r != -ECANCELED)
                        say("%s: %s", file, r == -EPIPE ? "the service is gone" : strerror(-r));
                code = r == -EPIPE ? WMI_GONE : WMI_FAILED;
        }
        free(errors);
        return code;
}

int import_mof(Client *c, const Import *how, const char *file, ClientImported *ret)
{
        Buf text;
        int r = import_read(file, &text);
        if (r) {
                say("%s: %s", file, strerror(-r));
                return WMI_FAILED;
        }
        int code = import_bytes(c, how, file, (Str){(const char *)text.p, text.n}, ret);
        buf_deinit(&text);
        return code;
}
