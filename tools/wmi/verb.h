// SPDX-License-Identifier: MIT
// What a verb of `wmi` is: one record, exported by one file, listed in main.c.
//
// The record is the only place that describes a verb: dispatch, option parsing, `wmi VERB --help` and the
// list of verbs are made from it.
#ifndef WMI_VERB_H
#define WMI_VERB_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

enum { // exit codes of every verb
        WMI_DONE = 0,
        WMI_FAILED = 1,
        WMI_USAGE = 2,
        WMI_INPUT = 3,     // a bad query, MOF, path, name or value; a damaged repository
        WMI_GONE = 4,      // the driver or the service is gone
        WMI_TIMEOUT = 124, // --timeout passed before --count events came
};

// Texts given by an option that may be repeated, in order.
typedef struct Texts {
        const char **p;
        size_t n;
} Texts;

// Every option of every verb; which of them a verb has is said by its record. Times are milliseconds.
typedef struct Options {
        Texts arguments; // what is not an option
        Texts queries, mofs, registry, includes, defines;
        const char *namespace, *device, *log, *socket, *witness, *repository, *end;
        const char *binary, *cpp, *dialect, *compat, *class_flag, *instance_flag; // of MOF
        const char *mof_out, *mfl_out, *amendment, *output, *sysfs, *device_type;
        const char *method, *hex_out;
        bool json, all, no_wmi, help, create, update, instances;
        bool sarif, check_syntax, wmi, raw, rules;
        bool methods, after_variable, kernel;         // of headers
        bool buffer_in, buffer_out, fixed, acpi, hex; // of data blocks
        bool has_count, has_timeout, has_deadline, has_irp_timeout, has_status_fd;
        uint64_t count, timeout_ms, queue, deadline_ms, irp_timeout_ms, status_fd;
} Options;

typedef enum OptionKind {
        OPTION_FLAG,    // bool
        OPTION_TEXT,    // const char *
        OPTION_MAYBE,   // const char *; the value only behind a '=', else ""
        OPTION_LIST,    // Texts, repeatable
        OPTION_NUMBER,  // uint64_t
        OPTION_SECONDS, // uint64_t in milliseconds, from decimal seconds
} OptionKind;

#define OPTION_NO_FLAG SIZE_MAX

typedef struct Option {
        const char *name; // without "--"; NULL ends a table
        char letter;      // 0: none
        OptionKind kind;
        size_t at;            // offset of the value in Options
        size_t given_at;      // offset of the bool that says it was given; OPTION_NO_FLAG
        uint64_t least, most; // of a NUMBER or SECONDS (in milliseconds)
        const char *argument; // "FILE"; NULL for a flag
        const char *help;
} Option;

typedef struct Verb Verb;
struct Verb {
        const char *name;
        const char *summary;      // for the list of verbs
        const char *group;        // heading above it in the list, of the first verb of a group; NULL
        const char *usage;        // after the name: "QUERY [OPTION]..."
        const char *text;         // more of --help; NULL
        const Option *options;    // --help is everybody's and not listed
        size_t least, most;       // arguments
        const Verb *const *verbs; // of a verb with verbs of its own; else NULL
        int (*run)(const Options *o);
};

extern const Verb verb_run, verb_watch, verb_driver;                                             // drivers
extern const Verb verb_query, verb_get, verb_put, verb_delete, verb_fire, verb_ls, verb_show, verb_mof; // objects
extern const Verb verb_acpi;                                                                     // firmware
extern const Verb verb_subscriptions, verb_repository;                                           // the service

// Options that several verbs share.
#define OPTION_JSON                                                                                          \
        {                                                                                                    \
                "json", 0, OPTION_FLAG, offsetof(Options, json), OPTION_NO_FLAG, 0, 0, NULL,                 \
                        "print one JSON object a line"                                                       \
        }
#define OPTION_SOCKET                                                                                        \
        {                                                                                                    \
                "socket", 0, OPTION_TEXT, offsetof(Options, socket), OPTION_NO_FLAG, 0, 0, "PATH",           \
                        "the service's socket; default: $FREEWMI_SOCKET, else wmid's default"                \
        }
#define OPTION_NAMESPACE                                                                                     \
        {                                                                                                    \
                "namespace", 'n', OPTION_TEXT, offsetof(Options, namespace), OPTION_NO_FLAG, 0, 0, "NS",     \
                        "the namespace; default: root\\wmi"                                                  \
        }
#define OPTION_STORE_NAMESPACE                                                                               \
        {                                                                                                    \
                "namespace", 'n', OPTION_TEXT, offsetof(Options, namespace), OPTION_NO_FLAG, 0, 0, "NS",     \
                        "the namespace, where a path does not say; default: root\\default"                   \
        }
#define OPTION_REPOSITORY                                                                                    \
        {                                                                                                    \
                "repository", 0, OPTION_TEXT, offsetof(Options, repository), OPTION_NO_FLAG, 0, 0, "FILE",   \
                        "the service's file; default: $FREEWMI_REPOSITORY, else wmid's default"              \
        }
#define OPTION_COUNT                                                                                         \
        {                                                                                                    \
                "count", 0, OPTION_NUMBER, offsetof(Options, count), offsetof(Options, has_count), 0,        \
                        UINT64_MAX, "N", "leave with 0 after N events"                                       \
        }
#define OPTION_TIMEOUT                                                                                       \
        {                                                                                                    \
                "timeout", 0, OPTION_SECONDS, offsetof(Options, timeout_ms), offsetof(Options, has_timeout), \
                        0, 1000000000000, "S",                                                               \
                        "leave S seconds after the subscription is active: 124 if fewer than N came, else 0" \
        }
#define OPTION_STATUS_FD(what)                                                                               \
        {                                                                                                    \
                "status-fd", 0, OPTION_NUMBER, offsetof(Options, status_fd),                                 \
                        offsetof(Options, has_status_fd), 3, INT_MAX, "FD", what                             \
        }
#define OPTION_QUEUE                                                                                         \
        {                                                                                                    \
                "queue", 0, OPTION_NUMBER, offsetof(Options, queue), OPTION_NO_FLAG, 1, LIMIT_QUEUE_ASKED, "N",       \
                        "events that may wait for one subscription before some are lost; default: 4096"      \
        }
#define OPTION_MOF(what)                                                                                     \
        {                                                                                                    \
                "mof", 'm', OPTION_LIST, offsetof(Options, mofs), OPTION_NO_FLAG, 0, 0, "FILE", what         \
        }
#define OPTION_DEVICE                                                                                        \
        {                                                                                                    \
                "device", 0, OPTION_TEXT, offsetof(Options, device), OPTION_NO_FLAG, 0, 0, "PATH",           \
                        "device instance path; default: ROOT\\NAME\\0000"                                    \
        }
#define OPTION_REG                                                                                           \
        {                                                                                                    \
                "reg", 0, OPTION_LIST, offsetof(Options, registry), OPTION_NO_FLAG, 0, 0, "KEY\\VALUE=N",    \
                        "a DWORD of the hosted registry, as HKLM\\KEY\\VALUE=N"                              \
        }
#define OPTION_DEADLINE                                                                                      \
        {                                                                                                    \
                "deadline", 0, OPTION_SECONDS, offsetof(Options, deadline_ms),                               \
                        offsetof(Options, has_deadline), 1, 86400000, "S",                                   \
                        "seconds that an entry point of the driver may take; default: 30"                    \
        }
#define OPTION_IRP_TIMEOUT                                                                                   \
        {                                                                                                    \
                "irp-timeout", 0, OPTION_SECONDS, offsetof(Options, irp_timeout_ms),                         \
                        offsetof(Options, has_irp_timeout), 1, 86400000, "S",                                \
                        "seconds that a WMI request to the driver may take; default: 5"                      \
        }
// Of the verbs that read MOF: what mof_load looks at.
#define OPTION_SARIF                                                                                         \
        {                                                                                                    \
                "sarif", 0, OPTION_FLAG, offsetof(Options, sarif), OPTION_NO_FLAG, 0, 0, NULL,               \
                        "print errors and warnings as one SARIF 2.1.0 log"                                   \
        }
#define OPTION_INCLUDE                                                                                       \
        {                                                                                                    \
                "include", 'I', OPTION_LIST, offsetof(Options, includes), OPTION_NO_FLAG, 0, 0, "DIR",       \
                        "where included files may be; repeatable"                                            \
        }
#define OPTION_CPP                                                                                           \
        {                                                                                                    \
                "cpp", 0, OPTION_MAYBE, offsetof(Options, cpp), OPTION_NO_FLAG, 0, 0, "COMMAND",             \
                        "run a C preprocessor over it first; default: $FREEWMI_CPP, else cc -E -undef -nostdinc -x c"                      \
        }
#define OPTION_DEFINE                                                                                        \
        {                                                                                                    \
                "define", 'D', OPTION_LIST, offsetof(Options, defines), OPTION_NO_FLAG, 0, 0, "NAME[=TEXT]", \
                        "a macro for the preprocessor; repeatable, means --cpp"                              \
        }
#define OPTION_DIALECT                                                                                       \
        {                                                                                                    \
                "dialect", 0, OPTION_TEXT, offsetof(Options, dialect), OPTION_NO_FLAG, 0, 0, "NAME",         \
                        "microsoft (the default) or dmtf, where the two contradict each other"               \
        }
#define OPTION_COMPAT                                                                                        \
        {                                                                                                    \
                "compat", 0, OPTION_TEXT, offsetof(Options, compat), OPTION_NO_FLAG, 0, 0, "NAME",           \
                        "w2k: binary MOF as in the days of Windows 2000"                                     \
        }
#define OPTION_OUTPUT(what)                                                                                  \
        {                                                                                                    \
                "output", 'o', OPTION_TEXT, offsetof(Options, output), OPTION_NO_FLAG, 0, 0, "FILE", what    \
        }
#define OPTION_SYSFS                                                                                         \
        {                                                                                                    \
                "sysfs", 0, OPTION_TEXT, offsetof(Options, sysfs), OPTION_NO_FLAG, 0, 0, "DIR",              \
                        "this machine's, or another's copy; default: /sys"                                   \
        }
#define OPTIONS_MOF_INPUT OPTION_INCLUDE, OPTION_CPP, OPTION_DEFINE, OPTION_DIALECT
#define OPTION_END                                                                                           \
        {                                                                                                    \
                NULL, 0, OPTION_FLAG, 0, 0, 0, 0, NULL, NULL                                                 \
        }

#endif
