// SPDX-License-Identifier: MIT
// mofcomp: the compiler under the name, with the switches, words and exit codes that build files know.
// (Public pages "mofcomp", "pragma autorecover", "pragma amendment", "Compiling a Driver's MOF File",
// "Mofcomp task".)
#include "mofcomp.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/limits.h"
#include "binary.h"
#include "cim/schema.h"
#include "import.h"
#include "list.h"
#include "local-path.h"
#include "mof-write.h"
#include "request.h"
#include "say.h"
#include "write-file.h"

enum { // exit codes, as documented
        MOFCOMP_DONE = 0,
        MOFCOMP_SEMANTIC = 1, // no connection, or what was asked for does not go with what is there
        MOFCOMP_SWITCH = 2,
        MOFCOMP_SYNTAX = 3,
};

typedef struct Mofcomp {
        Options options; // what the switches mean for mof_load and the others
        bool check, autorecover, help;
        const char *namespace, *class_flag, *instance_flag, *binary, *password, *user, *authority, *mof, *mfl,
                *amendment, *resource, *locale, *file;
        bool wmi;
        unsigned switches; // how many were given
        char paths[4][PATH_MAX];
        char normal[LIMIT_NAMESPACE_CHARS + 1]; // of the namespace
        Diagnose *g;
} Mofcomp;

// --- words -------------------------------------------------------------------------------------------

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...)
{
        char line[2 * PATH_MAX];
        va_list args;
        va_start(args, format);
        int n = vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        if (n > 0)
                list_text(str_of(line));
}

static int wrong_switch(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int wrong_switch(const char *format, ...)
{
        char line[2 * PATH_MAX];
        va_list args;
        va_start(args, format);
        vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        say("%s; mofcomp -? lists the switches", line);
        return MOFCOMP_SWITCH;
}

static int mofcomp_help(void)
{
        tell("usage: mofcomp [SWITCH]... FILE\n"
             "\n"
             "Compiles MOF into the WMI service that runs here, or to binary MOF. Switches begin with - or "
             "/, in any "
             "case.\n"
             "\n"
             "  -check               only look for errors; no other switch goes with it\n"
             "  -N:NAMESPACE         where things go that no #pragma namespace places; root\\default\n"
             "  -class:FLAG          createonly, updateonly, safeupdate, forceupdate\n"
             "  -instance:FLAG       createonly, updateonly\n"
             "  -B:FILE              write binary MOF there instead\n"
             "  -WMI                 with -B: check the rules for drivers; FILE goes when one is broken\n"
             "  -MOF:FILE -MFL:FILE  of a master text: the part without language, and the part in it\n"
             "  -AMENDMENT:MS_XXX    of a master text: its language\n"
             "  -ER:NAME             the binary MOF that is resource NAME of FILE, a driver\n"
             "  -L:LOCALE            with -ER: the resource's language, such as 409\n"
             "  -autorecover         taken and told: nothing is recovered here, the repository is never "
             "rebuilt\n"
             "  -U: -P: -A:          taken and told: the service knows a user by his Unix account\n"
             "\n"
             "Exit: 0 done, 1 no service or not possible with what is there, 2 wrong switch, 3 syntax error; "
             "when a "
             "-class or\n"
             "-instance switch forbids it, the last byte of WMI's number. See mofcomp(1), wmi(1).\n");
        return MOFCOMP_DONE;
}

// --- switches ----------------------------------------------------------------------------------------

typedef struct Switch {
        const char *name;
        bool value;
        size_t at;
} Switch;

static const Switch switches[] = {
        {"?", false, offsetof(Mofcomp, help)},
        {"help", false, offsetof(Mofcomp, help)},
        {"check", false, offsetof(Mofcomp, check)},
        {"autorecover", false, offsetof(Mofcomp, autorecover)},
        {"WMI", false, offsetof(Mofcomp, wmi)},
        {"N", true, offsetof(Mofcomp, namespace)},
        {"class", true, offsetof(Mofcomp, class_flag)},
        {"instance", true, offsetof(Mofcomp, instance_flag)},
        {"B", true, offsetof(Mofcomp, binary)},
        {"P", true, offsetof(Mofcomp, password)},
        {"U", true, offsetof(Mofcomp, user)},
        {"A", true, offsetof(Mofcomp, authority)},
        {"MOF", true, offsetof(Mofcomp, mof)},
        {"MFL", true, offsetof(Mofcomp, mfl)},
        {"AMENDMENT", true, offsetof(Mofcomp, amendment)},
        {"ER", true, offsetof(Mofcomp, resource)},
        {"L", true, offsetof(Mofcomp, locale)},
};

static const Switch *find_switch(const char *argument, const char **ret_value)
{
        const char *colon = strchr(argument, ':');
        size_t n = colon ? (size_t)(colon - argument) : strlen(argument);
        *ret_value = colon ? colon + 1 : NULL;
        for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
                if (strlen(switches[i].name) == n && !strncasecmp(switches[i].name, argument, n))
                        return &switches[i];
        return NULL;
}

// One argument. A name that begins with '/' is a switch when there is a switch of that name, else a file.
static int read_argument(Mofcomp *m, int argc, char **argv, int *i)
{
        const char *argument = argv[*i], *value;
        bool dash = argument[0] == '-' && argument[1], slash = argument[0] == '/';
        const Switch *s = dash || slash ? find_switch(argument + 1, &value) : NULL;
        if (s && slash && s->value && !value)
                s = NULL; // "/b" is a file: the switch has a colon
        if (!s && dash)
                return wrong_switch("there is no switch %s", argument);
        if (!s) {
                if (m->file)
                        return wrong_switch("one MOF file at a time: %s, %s", m->file, argument);
                m->file = argument;
                return 0;
        }
        if (s->value && !value && !strcmp(s->name, "ER") && *i + 1 < argc)
                value = argv[++*i]; // the page has it with a blank, too
        if (s->value ? !value || !*value : value != NULL)
                return wrong_switch(s->value ? "-%s wants a value behind a colon" : "-%s takes no value",
                                    s->name);
        m->switches++;
        if (!s->value) {
                *(bool *)((char *)m + s->at) = true;
                return 0;
        }
        const char **at = (const char **)((char *)m + s->at);
        if (*at && strcasecmp(*at, value))
                return wrong_switch("-%s is given twice: %s, %s", s->name, *at, value);
        *at = value;
        return 0;
}

static int check_switches(const Mofcomp *m)
{
        uint32_t class_flags, instance_flags;
        if (!m->file)
                return wrong_switch("which MOF file?");
        if (m->check && m->switches > 1)
                return wrong_switch("no other switch goes with -check");
        if (m->wmi && !m->binary)
                return wrong_switch("-WMI needs -B: it checks binary MOF that is for a driver");
        if ((m->mof != NULL) != (m->mfl != NULL))
                return wrong_switch("-MOF and -MFL go together");
        if (m->amendment && !m->mof)
                return wrong_switch("-AMENDMENT needs -MOF and -MFL, without them nothing is written");
        if (m->locale && !m->resource)
                return wrong_switch("-L says which language -ER takes");
        if (m->resource && (m->mof || m->wmi || m->class_flag || m->instance_flag))
                return wrong_switch("-ER takes binary MOF as it is: only -B, -L and -N go with it");
        if (!mof_load_flags(&m->options, &class_flags, &instance_flags))
                return wrong_switch(
                        "-class takes createonly, updateonly, safeupdate or forceupdate, -instance the first "
                        "two");
        return 0;
}

// --- paths and namespaces ----------------------------------------------------------------------------

static int local_paths(Mofcomp *m)
{
        Options *o = &m->options;
        struct {
                const char **path;
                bool output;
        } const all[] = {{&m->file, false}, {&m->binary, true}, {&m->mof, true}, {&m->mfl, true}};
        for (size_t i = 0; i < 4; i++)
                if (*all[i].path && strcmp(*all[i].path, "-") &&
                    !(*all[i].path = local_path(*all[i].path, all[i].output, m->paths[i])))
                        return wrong_switch("a path is too long");
        o->binary = m->binary;
        o->mof_out = m->mof;
        o->mfl_out = m->mfl;
        return 0;
}

// The namespace of -N, in the normal form. A server in front of it has to be this one.
static int local_namespace(Mofcomp *m)
{
        const char *wanted = m->namespace ? m->namespace : "root\\default";
        char host[256] = "";
        Diag d = {0};
        gethostname(host, sizeof(host) - 1);
        if (strspn(wanted, "\\/") == 2) {
                size_t n = strcspn(wanted + 2, "\\/");
                Str server = {wanted + 2, n};
                if (!str_ieq(server, STR(".")) && !str_ieq(server, STR("localhost")) &&
                    !str_ieq(server, str_of(host))) {
                        say("-N: %.*s is another computer, and only the service of this one can be reached",
                            STR_ARG(server));
                        return MOFCOMP_SEMANTIC;
                }
                wanted += 2 + n;
                wanted += *wanted != '\0';
        }
        if (cim_namespace_normal(str_of(wanted), m->normal, &d) == 0)
                return 0;
        return wrong_switch("-N: %s", d.message);
}

// --- compiling ---------------------------------------------------------------------------------------

// What the first error was, as build logs have it, and the exit code.
static int failed(const Mofcomp *m, int code)
{
        uint32_t number = diagnose_first(m->g);
        if (number)
                tell("Compiler returned error 0x%08x\n", number);
        return code;
}

static int load_failed(const Mofcomp *m, int code)
{
        return failed(m, code == WMI_INPUT ? MOFCOMP_SYNTAX : MOFCOMP_SEMANTIC);
}

static void tell_ignored(const Mofcomp *m)
{
        if (m->user || m->password || m->authority)
                say("-U, -P and -A are not used: the service knows a user by his Unix account");
        if (m->autorecover)
                say("-autorecover is not used: the repository is never rebuilt from MOF files; 'wmi "
                    "repository backup' "
                    "keeps a copy");
}

static void warn_autorecover(const Mofcomp *m, const MofInput *in)
{
        if (!m->autorecover && !in->document->autorecover && !in->document->binary)
                tell("WARNING: File %s does not contain #PRAGMA AUTORECOVER.\n"
                     "On Windows its contents would be lost whenever the WMI repository is rebuilt there;\n"
                     "the statement belongs on the first line of the file.\n",
                     m->file);
}

static int write_binary(Mofcomp *m, const MofInput *in)
{
        MofWritten written;
        tell("Storing data in binary file: %s\n", m->binary);
        int code = mof_write_binary(&m->options, in, m->g, &written);
        if (code != WMI_DONE)
                return load_failed(m, code);
        tell("Binary mof file %s expanded to %zu bytes\nDone!\n", m->binary, written.expanded);
        return MOFCOMP_DONE;
}

static int write_split(Mofcomp *m, const MofInput *in)
{
        int code = mof_write_localised(&m->options, in, m->g);
        if (code != WMI_DONE)
                return load_failed(m, code);
        tell("Created %s and %s\nDone!\n", m->mof, m->mfl);
        return MOFCOMP_DONE;
}

// The service said no. What a switch of the caller's forbids has WMI's own number, of which an exit code
// holds a byte; those that mean something else already say the general thing.
static int store_failed(const Mofcomp *m, uint32_t status)
{
        if (status >> 12 == 0x80044)
                return failed(m, MOFCOMP_SYNTAX);
        bool forbidden = m->class_flag || m->instance_flag;
        return failed(m, forbidden && (status & 0xFF) > MOFCOMP_SYNTAX ? (int)(status & 0xFF)
                                                                       : MOFCOMP_SEMANTIC);
}

static int store(Mofcomp *m, const MofInput *in)
{
        Client *c = NULL;
        uint32_t status = 0;
        ClientImported done = {0};
        warn_autorecover(m, in);
        tell("Storing data in the repository...\n");
        if (request_connect(&m->options, "mofcomp", &c))
                return MOFCOMP_SEMANTIC;
        int code = import_input(c, &m->options, str_of(m->normal), m->file, in, m->g, &done, &status);
        client_free(c);
        buf_deinit(&done.list);
        if (code != WMI_DONE)
                return store_failed(m, status);
        tell("Done!\n");
        return MOFCOMP_DONE;
}

static int compile(Mofcomp *m, const MofInput *in)
{
        tell("MOF file has been successfully parsed\n");
        if (m->check)
                return MOFCOMP_DONE;
        if (in->document->amendment.n && !m->mof && !m->binary)
                return wrong_switch(
                        "%s has #pragma amendment: it needs -MOF and -MFL, without them nothing is written",
                        m->file);
        int code = MOFCOMP_DONE;
        if (m->mof)
                code = write_split(m, in);
        if (!code && m->binary)
                code = write_binary(m, in);
        return m->mof || m->binary ? code : store(m, in);
}

// --- resources -----------------------------------------------------------------------------------------

// "resource NAME, language 0x409": is it the one that -ER and -L name?
static bool is_resource(const Mofcomp *m, const char *where)
{
        static const char before[] = "resource ", between[] = ", language ";
        size_t n = strlen(m->resource);
        if (strncmp(where, before, sizeof(before) - 1) != 0)
                return false;
        where += sizeof(before) - 1;
        if (strncasecmp(where, m->resource, n) != 0 || strncmp(where + n, between, sizeof(between) - 1) != 0)
                return false;
        const char *locale = m->locale ? m->locale : "";
        if (!strncasecmp(locale, "MS_", 3))
                locale += 3;
        return !m->locale || strtoul(where + n + sizeof(between) - 1, NULL, 16) == strtoul(locale, NULL, 16);
}

// The number of that resource among the file's binary MOFs, from 1; 0 after a message.
static size_t find_resource(const Mofcomp *m)
{
        BinarySource file;
        size_t number = 0;
        int code = binary_open("mofcomp", m->file, NULL, &file);
        for (size_t i = 0; i < file.found.blob_count && !number; i++)
                if (is_resource(m, file.found.blobs[i].where))
                        number = i + 1;
        if (code == WMI_DONE && !number)
                say("%s: there is no resource %s%s%s of type MOFDATA in it", m->file, m->resource,
                    m->locale ? ", language " : "", m->locale ? m->locale : "");
        binary_close(&file);
        return number;
}

static int extract(Mofcomp *m)
{
        MofInput in;
        char name[PATH_MAX + 32];
        size_t number = find_resource(m);
        if (!number)
                return MOFCOMP_SEMANTIC;
        snprintf(name, sizeof(name), "%s#%zu", m->file, number);
        int code = mof_load(&m->options, name, m->g, &in);
        if (code != WMI_DONE)
                code = load_failed(m, code);
        else if (!m->binary)
                code = store(m, &in);
        else if (write_file(m->binary, (Str){(const char *)in.bytes.p, in.bytes.n}) != WMI_DONE)
                code = MOFCOMP_SEMANTIC;
        else
                tell("Extracted %s to %s\nDone!\n", m->resource, m->binary);
        mof_input_deinit(&in);
        return code;
}

// --- main ----------------------------------------------------------------------------------------------

static int run(Mofcomp *m)
{
        MofInput in;
        tell_ignored(m);
        if (m->resource)
                return extract(m);
        tell("Parsing MOF file: %s\n", m->file);
        int code = mof_load(&m->options, m->file, m->g, &in);
        code = code == WMI_DONE ? compile(m, &in) : load_failed(m, code);
        mof_input_deinit(&in);
        return code;
}

int mofcomp_main(int argc, char **argv)
{
        Mofcomp *m = calloc(1, sizeof(*m));
        say_as("mofcomp");
        if (!m)
                return request_no_memory();
        int code = 0;
        for (int i = 1; i < argc && !code; i++)
                code = read_argument(m, argc, argv, &i);
        Options *o = &m->options;
        o->namespace = m->namespace;
        o->class_flag = m->class_flag;
        o->instance_flag = m->instance_flag;
        o->amendment = m->amendment;
        o->wmi = m->wmi;
        if (!code && m->help) {
                code = mofcomp_help();
        } else if (!code && !(code = check_switches(m)) && !(code = local_paths(m)) &&
                   !(code = local_namespace(m))) {
                tell("FreeWMI MOF Compiler Version %s\n", FREEWMI_VERSION);
                m->g = diagnose_new(DIAGNOSE_MOFCOMP, "mofcomp");
                code = m->g ? run(m) : request_no_memory();
                if (diagnose_end(m->g) && !code)
                        code = MOFCOMP_SEMANTIC;
        }
        free(m);
        return code;
}
