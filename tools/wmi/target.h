// SPDX-License-Identifier: MIT
// What a verb is about: an object path and the namespace that it is in, as WMI writes them.
//
//   Thing.Name="a"                      in --namespace, else in the verb's own (root\default)
//   \\.\root\cimv2:Thing.Name="a"       the path's own namespace beats --namespace
#ifndef WMI_TARGET_H
#define WMI_TARGET_H

#include "cim/path.h"
#include "request.h"

#define TARGET_NAMESPACE "root\\default" // of the verbs that work on the store

typedef struct Target {
        Arena arena;
        CimPath path;       // without server and namespace
        Str namespace;      // normal form
        Str relative;       // the path as IWbemServices' methods take it: what is in the namespace; terminated
        bool own_namespace; // the path or --namespace named it
} Target;

// Reads a path; to be deinited in any case. A namespace alone (no class) is refused. 0, or the exit code after a message.
int target_read(const Options *o, const char *verb, const char *text, Target *ret);
// The same for a class's name, which has no keys.
int target_read_class(const Options *o, const char *verb, const char *text, Target *ret);
void target_deinit(Target *t);
// The namespace that --namespace names, else TARGET_NAMESPACE; out[LIMIT_NAMESPACE_CHARS + 1]. 0, or an exit code.
int target_namespace(const Options *o, const char *verb, char *out);

static inline bool target_is_class(const Target *t)
{
        return !t->path.key_count && !t->path.singleton;
}

// Why an operation on the target failed: message, number and its name, Operation and what it was about, hint. Returns
// the exit code.
int target_failed(const Target *t, const char *operation, int r, const Diag *d);

// The classes of objects inside values, fetched as they are needed. All zero but client and namespace begins.
typedef struct TargetClasses {
        Client *client;
        Str namespace;
        CimInstance **kept; // definitions, a reference each
        size_t count;
} TargetClasses;
const CimClass *target_find_class(void *classes, Str name); // an AssignScope's find
void target_classes_deinit(TargetClasses *c);

// The definition of a class; told with the nearest name when it is not there. 0, or the exit code after a message.
int target_class(Client *c, const Target *t, Str name, CimInstance **ret);

#endif
