// SPDX-License-Identifier: MIT
// MOF from files: what kind of file it is, and its document.
#include "mof-load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "binary.h"
#include "cim/status.h"
#include "mof/expand.h"
#include "mofck/check.h"
#include "options.h"

typedef struct Load {
        const Options *options;
        Diagnose *g;
        const char *path;     // as it is opened
        const char *shown;    // as the user wrote it
        size_t number;        // of the binary MOF in it, from 1
        Buf file;             // its bytes
        bool taken;           // they were given to mof_expand
        bool regular;
        Diag fault; // what mof_expand said
} Load;

static const char *load_explain(const char *rule)
{
        for (size_t i = 0; i < mofck_rule_count; i++)
                if (!strcmp(mofck_rules[i].name, rule))
                        return mofck_rules[i].summary;
        return NULL;
}

Diagnose *mof_diagnose(const Options *o, const char *name)
{
        Diagnose *g = diagnose_new(o->sarif ? DIAGNOSE_SARIF : o->json ? DIAGNOSE_JSON : DIAGNOSE_TEXT, name);
        if (g)
                diagnose_explain(g, load_explain);
        return g;
}

void mof_input_deinit(MofInput *i)
{
        buf_deinit(&i->text);
        buf_deinit(&i->bytes);
        mof_document_free(i->document);
        *i = (MofInput){0};
}

bool mof_load_flags(const Options *o, uint32_t *ret_class, uint32_t *ret_instance)
{
        static const struct {
                const char *word;
                uint32_t flag;
                bool instances;
        } words[] = {{"updateonly", MOF_UPDATE_ONLY, true},
                     {"createonly", MOF_CREATE_ONLY, true},
                     {"safeupdate", MOF_SAFE_UPDATE, false},
                     {"forceupdate", MOF_FORCE_UPDATE, false}};
        *ret_class = *ret_instance = 0;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                if (o->class_flag && !strcasecmp(o->class_flag, words[i].word))
                        *ret_class = words[i].flag;
                if (o->instance_flag && words[i].instances && !strcasecmp(o->instance_flag, words[i].word))
                        *ret_instance = words[i].flag;
        }
        return (!o->class_flag || *ret_class) && (!o->instance_flag || *ret_instance);
}

// --- words -------------------------------------------------------------------------------------------

static void load_tell(Load *l, DiagnoseLevel level, Diag *d, Str text)
{
        if (!d->file[0])
                snprintf(d->file, sizeof(d->file), "%s", l->shown);
        diagnose_add(l->g, level, NULL, d, text);
}

// A negative errno about the file itself.
static int load_failed(Load *l, int r)
{
        Diag d = {0};
        if (r == -EFBIG)
                diag_set(&d, 0,
                         "it is too large: a text of MOF has at most %u MiB, a file with binary MOF in it %u",
                         LIMIT_MOF_BYTES >> 20, LIMIT_FIND_BYTES >> 20);
        else
                diag_set(&d, 0, "%s", strerror(-r));
        load_tell(l, DIAGNOSE_ERROR, &d, (Str){0});
        return WMI_FAILED;
}

static Str load_str(const Buf *b)
{
        return (Str){(const char *)b->p, b->n};
}

// --- files -------------------------------------------------------------------------------------------

// Appends what a file holds, at most `most` bytes of it.
static int read_whole(const char *path, size_t most, Buf *ret)
{
        enum { PIECE = 1 << 18 };
        bool standard = !strcmp(path, "-");
        int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r = 0;
        size_t begin = ret->n;
        struct stat s;
        if (fd < 0 || fstat(fd, &s) < 0)
                r = -errno;
        else if (S_ISREG(s.st_mode) && s.st_size > 0 && (uint64_t)s.st_size > most)
                r = -EFBIG;
        while (!r) {
                uint8_t *to = buf_reserve(ret, PIECE);
                ssize_t n = to ? read(fd, to, PIECE) : -1;
                if (n < 0 && to && errno == EINTR)
                        continue;
                if (n <= 0) {
                        r = !to ? -ENOMEM : n < 0 ? -errno : 0;
                        break;
                }
                ret->n += (size_t)n;
                if (ret->n - begin > most)
                        r = -EFBIG;
        }
        if (fd >= 0 && !standard)
                close(fd);
        return r;
}

int mof_read_file(const char *path, Buf *ret)
{
        return read_whole(path, LIMIT_FIND_BYTES, ret);
}

size_t mof_file_number(char *path)
{
        char *sign = strrchr(path, '#');
        struct stat s;
        uint64_t n;
        if (!sign || sign == path || stat(path, &s) == 0 || !options_number(sign + 1, &n) || n == 0)
                return 0;
        *sign = '\0';
        return n > SIZE_MAX ? SIZE_MAX : (size_t)n;
}

static int load_file(Load *l)
{
        struct stat s;
        l->regular = strcmp(l->path, "-") && stat(l->path, &s) == 0 && S_ISREG(s.st_mode);
        return mof_read_file(l->path, &l->file);
}

// For mof_expand: what can be read only once was read already.
static int load_again(void *context, const char *path, Buf *ret)
{
        Load *l = context;
        struct stat s;
        if (!l->taken && !strcmp(path, l->path)) {
                l->taken = true;
                buf_put(ret, l->file.p, l->file.n);
                return ret->failed ? -ENOMEM : 0;
        }
        if (stat(path, &s))
                return errno == ENOTDIR ? -ENOENT : -errno;
        return S_ISREG(s.st_mode) ? read_whole(path, 2 * (size_t)LIMIT_MOF_BYTES + 2, ret) : -EINVAL;
}

// --- binary MOF --------------------------------------------------------------------------------------

// The one that is asked for of those that were found.
static int load_blob(Load *l, const BmfFound *found, MofInput *ret)
{
        if (l->number <= found->blob_count) {
                Str bytes = found->blobs[l->number - 1].bytes;
                buf_put(&ret->bytes, bytes.p, bytes.n);
                return ret->bytes.failed ? load_failed(l, -ENOMEM) : WMI_DONE;
        }
        Diag d = {0};
        if (found->blob_count)
                diag_set(&d, CIM_MOF_INVALID_FILE, "it holds %zu binary MOF%s, there is no number %zu",
                         found->blob_count, found->blob_count == 1 ? "" : "s", l->number);
        else
                diag_set(&d, CIM_MOF_INVALID_FILE, "there is no binary MOF in it");
        load_tell(l, DIAGNOSE_ERROR, &d, (Str){0});
        return WMI_INPUT;
}

// Is it text, in one of the encodings that MOF has?
static bool load_is_text(Str s)
{
        const uint8_t *p = (const uint8_t *)s.p;
        bool wide = s.n >= 2 && ((p[0] == 0xFF && p[1] == 0xFE) || (p[0] == 0xFE && p[1] == 0xFF));
        return wide || !s.n || !memchr(p, 0, s.n);
}

// WMI_DONE with *ret_text: it is (maybe) a text of MOF.
static int load_kind(Load *l, MofInput *ret, bool *ret_text)
{
        Arena a = {0};
        BmfFound found = {0};
        Diag d = {0};
        Str file = load_str(&l->file);
        int r = bmf_find(file, &a, &found, &d), code = WMI_DONE;
        *ret_text = r == E_DIAG && found.source == BMF_UNKNOWN && load_is_text(file);
        if (r < 0) {
                code = load_failed(l, r);
        } else if (!*ret_text) {
                if (r == E_DIAG)
                        load_tell(l, DIAGNOSE_ERROR, &d, (Str){0});
                if (r == 0 || found.blob_count)
                        code = load_blob(l, &found, ret);
                if (r == E_DIAG && code == WMI_DONE)
                        code = WMI_INPUT;
        }
        arena_deinit(&a);
        return code;
}

static int load_binary(Load *l, MofInput *ret)
{
        BmfBlob blob = {.bytes = load_str(&ret->bytes), .where = l->shown};
        Binary *b = calloc(1, sizeof(*b));
        int r = b ? binary_decode(&blob, b) : -ENOMEM, code = WMI_DONE;
        if (r == 0 && !b->complete) {
                load_tell(l, DIAGNOSE_ERROR, &b->fault, (Str){0});
                code = WMI_INPUT;
        }
        for (size_t i = 0; r == 0 && i < b->warning_count; i++)
                load_tell(l, DIAGNOSE_WARNING, &b->warnings[i], (Str){0});
        if (r == 0) {
                ret->document = b->document;
                b->document = NULL;
        }
        if (b)
                binary_deinit(b);
        free(b);
        return r ? load_failed(l, r) : code;
}

// --- text --------------------------------------------------------------------------------------------

static int load_text(Load *l, MofInput *ret)
{
        const Options *o = l->options;
        const MofExpand e = {
                .read = l->regular ? NULL : load_again,
                .context = l,
                .directories = o->includes.p,
                .directory_count = o->includes.n,
                .cpp = o->cpp         ? o->cpp
                       : o->defines.n ? ""
                                      : NULL,
                .defines = o->defines.p,
                .define_count = o->defines.n,
        };
        int r = mof_expand(&e, l->path, &ret->text, &l->fault);
        if (r == E_DIAG)
                load_tell(l, DIAGNOSE_ERROR, &l->fault, load_str(&ret->text));
        return r < 0 ? load_failed(l, r) : r ? WMI_INPUT : WMI_DONE;
}

// Was this told when the includes were looked up?
static bool load_told(const Load *l, const Diag *d)
{
        return l->fault.code == (uint32_t)CIM_MOF_INVALID_INCLUDE &&
               d->code == (uint32_t)CIM_MOF_INVALID_INCLUDE && d->line == l->fault.line &&
               !strcmp(d->file, l->fault.file);
}

static int load_parse(Load *l, MofInput *ret)
{
        const Options *o = l->options;
        MofSource source = {
                .text = load_str(&ret->text),
                .name = l->shown,
                .namespace = str_of(o->namespace),
                .dialect = o->dialect && !strcasecmp(o->dialect, "dmtf") ? MOF_DMTF : MOF_MICROSOFT,
        };
        mof_load_flags(o, &source.class_flags, &source.instance_flags);
        Diag *errors = calloc(LIMIT_MOF_ERRORS, sizeof(*errors));
        size_t n = 0;
        int r = errors ? mof_parse(&source, &ret->document, errors, LIMIT_MOF_ERRORS, &n) : -ENOMEM;
        for (size_t i = 0; r == E_DIAG && i < n; i++)
                if (!load_told(l, &errors[i]))
                        load_tell(l, DIAGNOSE_ERROR, &errors[i], load_str(&ret->text));
        if (n == LIMIT_MOF_ERRORS)
                diagnose_cut(l->g);
        free(errors);
        return r < 0 ? load_failed(l, r) : r ? WMI_INPUT : WMI_DONE;
}

// --- all together ------------------------------------------------------------------------------------

static int load_source(Load *l, MofInput *ret)
{
        char *path = strdup(l->shown); // without "#2"
        bool text = false;
        int r = path ? 0 : -ENOMEM;
        if (path) {
                size_t number = mof_file_number(path);
                l->number = number ? number : 1;
                l->path = path;
                r = load_file(l);
        }
        int code = r ? load_failed(l, r) : load_kind(l, ret, &text);
        if (code == WMI_DONE && text)
                code = load_text(l, ret);
        l->path = l->shown;
        buf_deinit(&l->file);
        free(path);
        return code;
}

static int load_document(Load *l, MofInput *ret)
{
        if (ret->bytes.n)
                return load_binary(l, ret);
        return load_parse(l, ret);
}

int mof_load_source(const Options *o, const char *path, Diagnose *g, MofInput *ret)
{
        Load l = {.options = o, .g = g, .shown = path};
        *ret = (MofInput){0};
        return load_source(&l, ret);
}

int mof_load_document(const Options *o, const char *path, Diagnose *g, MofInput *i)
{
        Load l = {.options = o, .g = g, .shown = path};
        return load_document(&l, i);
}

int mof_load(const Options *o, const char *path, Diagnose *g, MofInput *ret)
{
        Load l = {.options = o, .g = g, .shown = path};
        *ret = (MofInput){0};
        int code = load_source(&l, ret), more = WMI_DONE;
        // A text whose includes are not there is read all the same: there may be more to tell.
        if (code == WMI_DONE || ret->bytes.n ||
            (code == WMI_INPUT && l.fault.code == (uint32_t)CIM_MOF_INVALID_INCLUDE))
                more = load_document(&l, ret);
        return more == WMI_FAILED || !code ? more : code;
}
