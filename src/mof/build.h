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
        uint32_t class_flags, instance_flags; // of what says none itself (a document from binary MOF)
        void (*progress)(void *context, uint64_t done, uint64_t all); // now and then; may be NULL
        void *context;
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
        uint32_t flags;        // PUT_..., MAKE_NAMESPACE: MOF_UPDATE_ONLY... of the directive in force
        bool fail;             // DELETE_...: an error when there is none
        MofPlace place;        // where an error of the store is to be reported: mof_document_place
} MofStep;

// Owned by the caller: mof_plan_free.
typedef struct MofPlan {
        MofStep *steps;
        size_t count;
        const MofDocument *document; // that it was made of, which must stay as long
        MofDocument *own;            // the same when the plan is to free it; NULL: it is the caller's
        struct Arena *arena;
} MofPlan;

// Classes may stand in any order in the text; the plan has each behind what it needs. An instance's class is one of the
// document or of the schema; references to aliases become paths of the objects they name, wherever in the text these
// stand. Steps are in the order of the text as far as it matters: what is deleted comes first, then namespaces, classes,
// instances; a deletion of what the text has put before it begins another such round, of which there are at most
// LIMIT_MOF_ROUNDS. All or nothing. 0; -ENOMEM; E_DIAG with errors as of mof_parse: of a document that mof_parse has found
// errors in, those which it does not show by itself, maybe none.
int mof_build(const MofDocument *d, const MofBuild *b, MofPlan **ret, Diag *errors, size_t capacity, size_t *ret_errors);
// mof_parse and mof_build of one text, with the errors of both. Also -EFBIG.
int mof_compile(const MofSource *source, const MofBuild *b, MofPlan **ret, Diag *errors, size_t capacity,
                size_t *ret_errors);
MofPlan *mof_plan_free(MofPlan *p);

#endif
