// SPDX-License-Identifier: MIT
// A class for `wmi mof layout`, `encode` and `decode`: from --mof FILE... (texts, binary MOF, drivers,
// firmware), else from the running service.
#ifndef WMI_MOF_CLASS_H
#define WMI_MOF_CLASS_H

#include "mof-load.h"
#include "mofck/block.h"
#include "target.h"

typedef struct MofClasses {
        const Options *options;
        const char *verb; // "wmi mof layout"
        MofInput *inputs; // of --mof, then the standard blocks that drivers' classes may be derived from
        size_t count;
        MofckBlocks *blocks; // NULL: classes come from the service
        Client *client;
        CimInstance **kept; // definitions from the service
        size_t kept_count;
} MofClasses;

// Reads the files, or connects. 0, or the exit code after a message; to be deinited in any case.
int mof_classes_open(const Options *o, const char *verb, MofClasses *ret);
void mof_classes_deinit(MofClasses *m);
// The class of that name (from the service also a path, \\.\root\wmi:Thing). Borrowed. 0, or the exit code
// after a message.
int mof_classes_find(MofClasses *m, const char *name, const CimClass **ret);
// The buffer of a method, as --method, --in and --out ask for it, or the class itself. *ret NULL: the buffer
// is empty. A reference. 0, or the exit code after a message.
int mof_classes_buffer(const MofClasses *m, const CimClass *c, CimClass **ret);
// Says why the class has no layout; WMI_DONE when it has one, or has no items.
int mof_classes_laid_out(const MofClasses *m, const CimClass *c, Str name);

#define OPTION_MOF_CLASSES                                                                                   \
        {                                                                                                    \
                "mof", 'm', OPTION_LIST, offsetof(Options, mofs), OPTION_NO_FLAG, 0, 0, "FILE",              \
                        "where the class is: MOF, binary MOF, a driver, ACPI tables; repeatable. Without: "  \
                        "the service"                                                                        \
        }
#define OPTIONS_METHOD                                                                                       \
        {"method",                                                                                           \
         0,                                                                                                  \
         OPTION_TEXT,                                                                                        \
         offsetof(Options, method),                                                                          \
         OPTION_NO_FLAG,                                                                                     \
         0,                                                                                                  \
         0,                                                                                                  \
         "NAME",                                                                                             \
         "the buffer of a method instead of the data block"},                                                \
                {"in", 0, OPTION_FLAG, offsetof(Options, buffer_in),   OPTION_NO_FLAG,                       \
                 0,    0, NULL,        "its input buffer; the default"},                                     \
        {                                                                                                    \
                "out", 0, OPTION_FLAG, offsetof(Options, buffer_out), OPTION_NO_FLAG, 0, 0, NULL,            \
                        "its output buffer"                                                                  \
        }

#endif
