// SPDX-License-Identifier: MIT
// wmi: find the verb, read its options, run it.
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/str.h"
#include "mofcomp.h"
#include "options.h"
#include "say.h"
#include "wmimofck.h"

static const Verb *const verbs[] = {&verb_run, &verb_watch,         &verb_driver,     &verb_query, &verb_get,
                                    &verb_put, &verb_delete,        &verb_fire,       &verb_ls,    &verb_show,
                                    &verb_mof, &verb_acpi,          &verb_subscriptions, &verb_repository, NULL};

static int print_end(void)
{
        if (fflush(stdout) == 0 || errno == EPIPE)
                return WMI_DONE;
        say("standard output: %s", strerror(errno));
        return WMI_FAILED;
}

static int print_help(void)
{
        printf("usage: wmi VERB [ARGUMENT]...\n\n"
               "WMI on Linux: host drivers, watch events, work with classes and instances.\n");
        for (const Verb *const *v = verbs; *v; v++) {
                if ((*v)->group)
                        printf("\n%s\n", (*v)->group);
                printf("  %-14s %s\n", (*v)->name, (*v)->summary);
        }
        printf("\n'wmi VERB --help' says more, wmi(1) all. wmi --version.\n"
               "Exit: 0 done, 1 failed, 2 usage, 3 bad query, MOF, path or value, 4 driver or service gone, "
               "124 timed "
               "out.\n");
        return print_end();
}

static void print_option(const Option *o)
{
        char left[64], letter[8] = "    ";
        if (o->letter)
                snprintf(letter, sizeof(letter), "-%c, ", o->letter);
        snprintf(left, sizeof(left), o->kind == OPTION_MAYBE ? "  %s--%s[=%s]" : "  %s--%s %s", letter, o->name,
                 o->argument ? o->argument : "");
        printf("%-28s %s\n", left, o->help);
}

static int print_verb_help(const Verb *v, const char *name)
{
        printf("usage: %s %s\n\n%s.\n", name, v->usage, v->summary);
        if (v->text)
                printf("\n%s\n", v->text);
        if (v->verbs) {
                printf("\n");
                for (const Verb *const *s = v->verbs; *s; s++)
                        printf("  %-14s %s\n", (*s)->name, (*s)->summary);
        }
        if (v->options && v->options->name)
                printf("\n");
        for (const Option *o = v->options; o && o->name; o++)
                print_option(o);
        return print_end();
}

static const Verb *find_verb(const Verb *const *in, const char *name)
{
        for (; *in; in++)
                if (!strcmp((*in)->name, name))
                        return *in;
        return NULL;
}

// "gte" for "get": two letters that changed places. In so short a word str_nearest sees two errors, too many.
static bool is_swapped(const char *wrong, const char *right)
{
        while (*wrong && *wrong == *right)
                wrong++, right++;
        return wrong[0] && right[0] && wrong[0] == right[1] && wrong[1] == right[0] &&
               !strcmp(wrong + 2, right + 2);
}

static int unknown_verb(const Verb *const *in, const char *before, const char *name)
{
        StrNearest nearest = {.wanted = str_of(name)};
        for (const Verb *const *v = in; *v; v++)
                str_nearest_offer(&nearest, str_of((*v)->name));
        for (const Verb *const *v = in; *v; v++)
                if (is_swapped(name, (*v)->name))
                        nearest.best = str_of((*v)->name);
        if (nearest.best.n)
                say("'%s %s' is not there; did you mean '%s %.*s'?", before, name, before,
                    STR_ARG(nearest.best));
        else
                say("'%s %s' is not there; '%s --help' lists what is", before, name, before);
        return WMI_USAGE;
}

static bool is_help(const char *s)
{
        return !strcmp(s, "--help") || !strcmp(s, "-h") || !strcmp(s, "help");
}

static int run_verb(const Verb *v, const char *before, int argc, char **argv)
{
        char name[64];
        snprintf(name, sizeof(name), "%s %s", before, v->name);
        if (v->verbs) {
                if (argc == 0) {
                        say("usage: %s %s", name, v->usage);
                        return WMI_USAGE;
                }
                const Verb *sub = find_verb(v->verbs, argv[0]);
                if (sub)
                        return run_verb(sub, name, argc - 1, argv + 1);
                return is_help(argv[0]) ? print_verb_help(v, name) : unknown_verb(v->verbs, name, argv[0]);
        }
        Options o;
        int r = options_parse(v, name, argc, argv, &o);
        if (!r)
                r = o.help ? print_verb_help(v, name) : v->run(&o);
        options_deinit(&o);
        return r;
}

// Descriptors 0 to 2 are there, so that nothing that is opened later takes their place. One that was closed
// is opened the wrong way round: reading or writing it fails as before, instead of going nowhere unseen.
static void keep_standard_files(void)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 &&
                    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
                        _exit(WMI_FAILED);
}

// Is that the name by which it was called, in any case of letters, ".exe" or not?
static bool is_called(const char *program, const char *name)
{
        const char *slash = strrchr(program, '/'), *called = slash ? slash + 1 : program;
        size_t n = strlen(name);
        return !strncasecmp(called, name, n) && (!called[n] || !strcasecmp(called + n, ".exe"));
}

int main(int argc, char **argv)
{
        keep_standard_files();
        signal(SIGPIPE, SIG_IGN); // a closed pipe is seen where it is written
        setlocale(LC_CTYPE, "");  // how wide characters are in tables
        if (argc && is_called(argv[0], "mofcomp"))
                return mofcomp_main(argc, argv);
        if (argc && is_called(argv[0], "wmimofck"))
                return wmimofck_main(argc, argv);
        if (argc < 2) {
                say("usage: wmi VERB [ARGUMENT]...; 'wmi --help' lists the verbs");
                return WMI_USAGE;
        }
        if (is_help(argv[1])) {
                const Verb *v = argc > 2 ? find_verb(verbs, argv[2]) : NULL;
                if (argc > 2 && !v)
                        return unknown_verb(verbs, "wmi", argv[2]);
                char name[64];
                snprintf(name, sizeof(name), "wmi %s", v ? v->name : "");
                return v ? print_verb_help(v, name) : print_help();
        }
        if (!strcmp(argv[1], "--version")) {
                printf("wmi (FreeWMI) %s\n", FREEWMI_VERSION);
                return print_end();
        }
        const Verb *v = find_verb(verbs, argv[1]);
        return v ? run_verb(v, "wmi", argc - 2, argv + 2) : unknown_verb(verbs, "wmi", argv[1]);
}
