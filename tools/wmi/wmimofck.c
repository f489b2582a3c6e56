// SPDX-License-Identifier: MIT
// wmimofck: `wmi mof check`, then `wmi mof header`, under the name and with the switches that build files
// know. (Public page "Using wmimofck.exe".)
#include "wmimofck.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "list.h"
#include "local-path.h"
#include "mof-load.h"
#include "mof-verbs.h"
#include "request.h"
#include "say.h"

typedef struct Wmimofck {
        Options options; // what the switches mean for mof_header_write
        const char *header, *hex, *file;
        bool methods, after_variable, help;
        char paths[3][PATH_MAX];
} Wmimofck;

typedef enum SwitchKind {
        SWITCH_FLAG,  // nothing behind the letter
        SWITCH_VALUE, // a file's name right behind it
        SWITCH_NOT,   // the tool on Windows has it
} SwitchKind;

typedef struct Switch {
        char letter;
        SwitchKind kind;
        size_t at;        // of the member, in a Wmimofck
        const char *does; // of SWITCH_NOT
} Switch;

static const Switch switches[] = {
        {'?', SWITCH_FLAG, offsetof(Wmimofck, help), NULL},
        {'h', SWITCH_VALUE, offsetof(Wmimofck, header), NULL},
        {'x', SWITCH_VALUE, offsetof(Wmimofck, hex), NULL},
        {'m', SWITCH_FLAG, offsetof(Wmimofck, methods), NULL},
        {'u', SWITCH_FLAG, offsetof(Wmimofck, after_variable), NULL},
        {'c', SWITCH_NOT, 0, "C source for a driver"},
        {'t', SWITCH_NOT, 0, "a VBScript test"},
        {'w', SWITCH_NOT, 0, "HTML pages"},
        {'y', SWITCH_NOT, 0, "localised texts to be joined"},
        {'z', SWITCH_NOT, 0, "localised texts to be joined"},
};

static const char help_text[] =
        "usage: wmimofck [SWITCH]... FILE\n"
        "\n"
        "Checks the rules for drivers' classes in FILE, binary MOF or text, and writes what drivers\n"
        "include. Switches begin with - or /, in any case; a value stands right behind the letter.\n"
        "\n"
        "  -hFILE   write the C header there\n"
        "  -m       in it, structures for the parameters of methods\n"
        "  -u       in it, members of fixed size also behind the first of variable size\n"
        "  -xFILE   write the binary MOF there, as numbers of C to be included\n"
        "\n"
        "Without -h and -x it only checks. -c, -t, -w, -y and -z are not provided.\n"
        "Exit: 0 done, 1 a file cannot be read or written, 2 wrong switch, 3 an error in FILE: nothing is\n"
        "written. See wmimofck(1), wmi(1).\n";

// --- switches ----------------------------------------------------------------------------------------

static int wrong_switch(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int wrong_switch(const char *format, ...)
{
        char line[2 * PATH_MAX + 256];
        va_list args;
        va_start(args, format);
        vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        say("%s; wmimofck -? lists the switches", line);
        return WMI_USAGE;
}

// The switch, or NULL for a file. What begins with '/' and has a second one is the path of a file: a value
// that has directories is written with '\' or behind a '-'.
static const Switch *find_switch(const char *argument)
{
        bool dash = argument[0] == '-', slash = argument[0] == '/' && !strchr(argument + 1, '/');
        for (size_t i = 0; (dash || slash) && i < sizeof(switches) / sizeof(switches[0]); i++) {
                const Switch *s = &switches[i];
                bool alone = !argument[1] || !argument[2];
                if (argument[1] && tolower((unsigned char)argument[1]) == s->letter &&
                    (dash || alone || s->kind != SWITCH_FLAG))
                        return s;
        }
        return NULL;
}

static int read_value(const char **at, const char *argument)
{
        const char *value = argument + 2;
        if (!*value)
                return wrong_switch("%s wants a file's name right behind it, without a blank", argument);
        if (*at && strcmp(*at, value))
                return wrong_switch("-%c is given twice: %s, %s", argument[1], *at, value);
        *at = value;
        return 0;
}

static int read_argument(Wmimofck *m, const char *argument)
{
        const Switch *s = find_switch(argument);
        if (!s && argument[0] == '-' && argument[1])
                return wrong_switch("there is no switch %s", argument);
        if (!s) {
                if (m->file)
                        return wrong_switch("one file at a time: %s, %s", m->file, argument);
                m->file = argument;
                return 0;
        }
        if (s->kind == SWITCH_NOT)
                return wrong_switch("%.2s (%s) is not provided: only -h, -m, -u and -x are", argument,
                                    s->does);
        if (s->kind == SWITCH_VALUE)
                return read_value((const char **)((char *)m + s->at), argument);
        if (argument[2])
                return wrong_switch("there is no switch %s: each stands alone", argument);
        *(bool *)((char *)m + s->at) = true;
        return 0;
}

static bool same_file(const char *a, const char *b)
{
        return a && b && strcmp(a, "-") && !strcmp(a, b);
}

static int check_switches(Wmimofck *m)
{
        struct {
                const char **path;
                bool output;
        } const all[] = {{&m->file, false}, {&m->header, true}, {&m->hex, true}};
        if (!m->file)
                return wrong_switch("which file?");
        for (size_t i = 0; i < 3; i++)
                if (*all[i].path && strcmp(*all[i].path, "-") &&
                    !(*all[i].path = local_path(*all[i].path, all[i].output, m->paths[i])))
                        return wrong_switch("a path is too long");
        if (same_file(m->header, m->hex) || same_file(m->header, m->file) || same_file(m->hex, m->file))
                return wrong_switch("%s cannot be two of header, hex text and input",
                                    same_file(m->header, m->hex) ? m->header : m->file);
        m->options.output = m->header;
        m->options.hex_out = m->hex;
        m->options.methods = m->methods;
        m->options.after_variable = m->after_variable;
        return 0;
}

// --- main ----------------------------------------------------------------------------------------------

static int run(const Wmimofck *m, Diagnose *g)
{
        MofInput in = {0};
        bool writes = m->header || m->hex;
        int code = mof_load(&m->options, m->file, g, &in);
        // What could be read is checked also when something could not.
        if (in.document && mof_check_rules(&in, g))
                code = WMI_FAILED;
        if (!code && diagnose_count(g, DIAGNOSE_ERROR))
                code = WMI_INPUT;
        if (!code && writes)
                code = mof_header_write(&m->options, &in, g);
        else if (!code)
                say("%s keeps the rules; nothing is written without -h or -x", m->file);
        else if (code == WMI_INPUT && writes)
                say("nothing is written: %s has errors", m->file);
        mof_input_deinit(&in);
        return code;
}

int wmimofck_main(int argc, char **argv)
{
        Wmimofck *m = calloc(1, sizeof(*m));
        say_as("wmimofck");
        if (!m)
                return request_no_memory();
        int code = 0;
        for (int i = 1; i < argc && !code; i++)
                code = read_argument(m, argv[i]);
        if (!code && m->help) {
                list_text(str_of(help_text));
        } else if (!code && !(code = check_switches(m))) {
                Diagnose *g = mof_diagnose(&m->options, "wmimofck");
                code = g ? run(m, g) : request_no_memory();
                int end = diagnose_end(g);
                code = code ? code : end;
        }
        free(m);
        return code;
}
