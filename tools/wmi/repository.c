// SPDX-License-Identifier: MIT
// wmi repository: the file in which the service keeps classes and instances, without the service.
#include "repository/repository.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/filetime.h"
#include "base/utf.h"
#include "list.h"
#include "print-value.h"
#include "progress.h"
#include "repository-place.h"
#include "request.h"
#include "say.h"
#include "service/service.h"

// --- the verbs -------------------------------------------------------------------------------------------

static int repository_file(const Options *o, char out[PATH_MAX])
{
        if (o->repository && snprintf(out, PATH_MAX, "%s", o->repository) < PATH_MAX)
                return 0;
        int r = o->repository ? -ENAMETOOLONG : repository_place(out, PATH_MAX);
        if (r == -ENOENT)
                say("HOME is not set: --repository says where the file is");
        else if (r)
                say("the repository: %s", strerror(-r));
        return r ? WMI_FAILED : 0;
}

static int repository_failed(int r, const Diag *d)
{
        if (r != E_DIAG)
                return request_failed(r, d);
        say_status(d, NULL, (Str){0}, (Str){0});
        return WMI_FAILED;
}

// Which file it was is not on the command line, and need not be the one that a service has.
static int repository_done(const char *what, const char *from, const char *to)
{
        Buf line = {0};
        buf_printf(&line, "%s\t", what);
        say_clean_line(str_of(from), &line);
        buf_u8(&line, '\t');
        say_clean_line(str_of(to), &line);
        buf_u8(&line, '\n');
        int code = line.failed ? request_no_memory() : list_text((Str){(const char *)line.p, line.n});
        buf_deinit(&line);
        return code;
}

static int backup_run(const Options *o)
{
        char file[PATH_MAX];
        Diag d = {0};
        int code = repository_file(o, file);
        if (code)
                return code;
        Progress p = progress_begin("backing up");
        int r = repository_backup(file, o->arguments.p[0], progress_tell, &p, &d);
        progress_end(&p);
        return r ? repository_failed(r, &d) : repository_done("backed up", file, o->arguments.p[0]);
}

static int restore_run(const Options *o)
{
        char file[PATH_MAX];
        Diag d = {0};
        int code = repository_file(o, file);
        if (code)
                return code;
        Progress p = progress_begin("restoring");
        int r = repository_restore(o->arguments.p[0], file, progress_tell, &p, &d);
        progress_end(&p);
        return r ? repository_failed(r, &d) : repository_done("restored", o->arguments.p[0], file);
}

// --- check -----------------------------------------------------------------------------------------------

typedef struct Findings {
        const Options *options;
        Buf text;
        size_t count;
} Findings;

static void check_json(Buf *out, const char *key, const char *text)
{
        Arena a = {0};
        CimValue v = {.type = CIM_STRING, .string = utf_to16(&a, str_of(text))};
        buf_printf(out, "\"%s\":", key);
        out->failed |= !v.string.p || print_json_value(&v, out) != 0;
        arena_deinit(&a);
}

static void check_tell(void *context, const char *what)
{
        Findings *f = context;
        f->count++;
        if (f->options->json) {
                buf_u8(&f->text, '{');
                check_json(&f->text, "finding", what);
                buf_text(&f->text, "}\n");
        } else {
                say_clean_line(str_of(what), &f->text);
                buf_u8(&f->text, '\n');
        }
}

static void check_figures(Findings *f, const char *file, const RepositoryFigures *n)
{
        if (f->options->json) {
                buf_u8(&f->text, '{');
                check_json(&f->text, "file", file);
                buf_printf(&f->text,
                           ",\"format\":%u,\"namespaces\":%llu,\"classes\":%llu,\"instances\":%llu,\"bytes\":"
                           "%llu}\n",
                           n->format, (unsigned long long)n->namespaces, (unsigned long long)n->classes,
                           (unsigned long long)n->instances, (unsigned long long)n->bytes);
        } else {
                say_clean_line(str_of(file), &f->text);
                buf_printf(&f->text,
                           ": sound; format %u, %llu namespaces, %llu classes, %llu instances, %llu bytes\n",
                           n->format, (unsigned long long)n->namespaces, (unsigned long long)n->classes,
                           (unsigned long long)n->instances, (unsigned long long)n->bytes);
        }
}

static int check_run(const Options *o)
{
        char file[PATH_MAX];
        Diag d = {0};
        RepositoryFigures figures = {0};
        Findings f = {.options = o};
        int code = repository_file(o, file);
        if (code)
                return code;
        if (o->arguments.n && snprintf(file, sizeof(file), "%s", o->arguments.p[0]) >= (int)sizeof(file)) {
                say("%s", strerror(ENAMETOOLONG));
                return WMI_FAILED;
        }
        int r = repository_check(file, service_seed, NULL, check_tell, &f, &figures, &d);
        if (r == 0)
                check_figures(&f, file, &figures);
        code = f.text.failed ? request_no_memory() : list_text((Str){(const char *)f.text.p, f.text.n});
        buf_deinit(&f.text);
        if (r) {
                int failed = repository_failed(r, &d);
                code = f.count || (r == E_DIAG && d.code == (uint32_t)CIM_E_INITIALIZATION_FAILURE)
                               ? WMI_INPUT
                               : failed;
        }
        return code;
}

// --- records ---------------------------------------------------------------------------------------------

static const Option copy_options[] = {OPTION_REPOSITORY, OPTION_END};
static const Option check_options[] = {OPTION_REPOSITORY, OPTION_JSON, OPTION_END};

static const Verb verb_backup = {
        .name = "backup",
        .summary = "Copy the repository, also while the service has it",
        .usage = "TO [--repository FILE]",
        .text = "  wmi repository backup backup.db\n\n"
                "TO must not exist. The copy is as of one moment, and is a repository itself.",
        .options = copy_options,
        .least = 1,
        .most = 1,
        .run = backup_run,
};

static const Verb verb_restore = {
        .name = "restore",
        .summary = "Replace the repository by a backup",
        .usage = "BACKUP [--repository FILE]",
        .text = "  wmi repository restore backup.db\n\n"
                "The backup is checked first; the repository is replaced whole or not at all. The service "
                "must not run.",
        .options = copy_options,
        .least = 1,
        .most = 1,
        .run = restore_run,
};

static const Verb verb_check = {
        .name = "check",
        .summary = "Look for damage in the repository or a backup",
        .usage = "[FILE] [--repository FILE]",
        .text = "  wmi repository check\n"
                "  wmi repository check backup.db --json\n\n"
                "Lists what is wrong, one thing a line, and leaves with 3; a sound file's figures are "
                "printed. The service\n"
                "may run.",
        .options = check_options,
        .most = 1,
        .run = check_run,
};

static const Verb *const verbs[] = {&verb_backup, &verb_restore, &verb_check, NULL};

const Verb verb_repository = {
        .name = "repository",
        .summary = "Back up, restore and check what the service keeps",
        .usage = "backup | restore | check",
        .verbs = verbs,
};
