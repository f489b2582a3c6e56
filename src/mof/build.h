// SPDX-License-Identifier: MIT
// From a document to what a store has to do: classes, instances and deletions, in their order, names resolved.
#ifndef MOF_BUILD_H
#define MOF_BUILD_H

#include "cim/instance.h"
#include "cim/schema.h"
#include "mof/document.h"

typedef struct MofBuild {
        const CimSchema *schema; // what exists already; borrowed for the call; NULL: nothing
        bool system; // one of our own texts: may declare names that begin with "__" in a namespace that has the system
                     // classes already, and the standard blocks
} MofBuild;

typedef enum MofStepKind {
        MOF_PUT_CLASS,
        MOF_PUT_INSTANCE,
        MOF_DELETE_CLASS,
        MOF_DELETE_INSTANCE,
        MOF_MAKE_NAMESPACE, // an instance of __Namespace
} MofStepKind;

typedef struct MofStep {
        MofStepKind kind;
        Str namespace;         // normal form; of MAKE_NAMESPACE the new one
        CimClass *klass;       // PUT_CLASS: a reference
        CimInstance *instance; // PUT_INSTANCE: a reference; aliases are paths
        Str path;              // DELETE_...: the class's name, or the instance's path relative to the namespace
        uint32_t flags;        // PUT_...: MOF_UPDATE_ONLY... of the directive in force
        bool fail;             // DELETE_...: an error when there is none
        Diag place;            // file, line, column, offset, length: where an error of the store is to be reported
} MofStep;

// Owned by the caller: mof_plan_free.
typedef struct MofPlan {
        MofStep *steps;
        size_t count;
        struct Arena *arena;
} MofPlan;

// Classes may stand in any order in the text; the plan has each behind what it needs. An instance's class is one of the
// document or of the schema; references to aliases become paths of the objects they name, wherever in the text these
// stand. All or nothing. 0; E_DIAG with errors as of mof_parse; -ENOMEM.
int mof_build(const MofDocument *d, const MofBuild *b, MofPlan **ret, Diag *errors, size_t capacity, size_t *ret_errors);
MofPlan *mof_plan_free(MofPlan *p);

#endif
