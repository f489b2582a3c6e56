// SPDX-License-Identifier: MIT
// The inside of mof_build: from a document's declarations to the steps of a plan.
//
//   build.c           mof_build; errors
//   build-plan.c      which steps, and in which order
//   build-class.c     declarations -> CimClass, in the order in which they need each other
//   build-spec.c      a declaration as a CimClassSpec: qualifiers, types, defaults, parameters
//   build-instance.c  instances, aliases -> paths, namespaces
//   build-value.c     values -> values of a type; embedded instances
//
// Functions return 0; E_DIAG: the error is recorded already; -ENOMEM. Nothing is global; no recursion but into values,
// whose depth is counted.
#ifndef MOF_BUILD_IMPL_H
#define MOF_BUILD_IMPL_H

#include "base/limits.h"
#include "cim/instance-impl.h"
#include "cim/path.h"
#include "cim/status.h"
#include "mof/build.h"
#include "mof/value.h"

// (namespace, name) without regard to case -> index. All zero is empty; memory is the builder's arena's.
typedef struct BuildIndex {
        struct BuildKey *slots;
        size_t capacity, count;
} BuildIndex;

typedef enum BuildState { BUILD_NEW, BUILD_OPEN, BUILD_DONE, BUILD_BROKEN } BuildState;

// A class named in a type or a default.
typedef struct BuildUse {
        Str name;
        MofPlace place;
        bool hard;     // it must be built first; else better so
        bool item;     // of a property that is an item of a data block
        bool instance; // of an instance in a default
} BuildUse;

// A declaration of a class.
typedef struct BuildClass BuildClass;
struct BuildClass {
        const MofObject *object;
        Str namespace;
        size_t item;    // of the document
        uint32_t flags; // of the directives, those that it supersedes included
        BuildUse *uses;
        size_t use_count;
        bool failed;     // part of it was refused: not built, and what needs it is not reported again
        bool superseded; // declared again further down, with no deletion of the name between
        size_t from, to; // the items of the document for which it is the class of that name; to 0: the end
        BuildClass *earlier, *later; // of that name, with a deletion between
        BuildClass *last;            // of the first of a name
        unsigned count;           // of the first of a name: how many there are
        BuildState state;
        size_t order;    // among those that were built
        CimClass *klass; // a reference
};

// An instance, not inside another.
typedef struct BuildInstance {
        const MofObject *object;
        Str namespace;
        size_t item;
        BuildState state;
        CimInstance *instance; // a reference
        Str made;              // of a __Namespace: the namespace
} BuildInstance;

// What an alias stands for.
typedef struct BuildAlias {
        BuildInstance *instance; // NULL: a class
        const MofObject *object;
        Str namespace;
} BuildAlias;

typedef struct Builder {
        const MofDocument *document;
        const MofBuild *options;
        Arena *arena;  // of the whole build
        Arena scratch; // of one class
        MofPlan *plan;

        BuildClass *classes;
        size_t class_count;
        size_t built; // of the classes
        BuildIndex class_index;
        BuildInstance *instances;
        size_t instance_count;
        BuildAlias *aliases;
        size_t alias_count;
        BuildIndex alias_index;
        BuildIndex made; // namespaces that the document brings into being
        size_t deletions;
        Str given, namespace; // looked up last, and as it is spelled

        Str resolving; // the namespace of the class that is built, for the resolver
        size_t at;     // the item that is built: which of the classes of a name is meant
        size_t weight; // of all that was built: members of classes, inherited ones included; values of instances
        size_t steps_done; // for progress
        bool stop;     // enough errors, or going on makes no sense

        Diag *errors, *hintable; // the one recorded last, when it was recorded
        size_t error_count, error_capacity;
        size_t reports; // errors met, recorded or not
        uint32_t error_at[LIMIT_MOF_ERRORS];
} Builder;

// --- build.c -------------------------------------------------------------------------------------

// Records an error and returns E_DIAG. A second one at the same place is not recorded.
int build_error(Builder *b, MofPlace at, uint32_t code, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
// An error whose words stand in *d.
int build_error_diag(Builder *b, MofPlace at, const Diag *d);
// Adds a hint to the error recorded last (nothing when it was not recorded). Returns E_DIAG.
int build_hint(Builder *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Counts what is made against LIMIT_MOF_WEIGHT. E_DIAG: it is too much, b->stop.
int build_weigh(Builder *b, MofPlace at, size_t weight);
void build_progress(Builder *b);

// Adds a key with an index, or finds the one that is there: **ret is the index stored with it. 0 added, 1 was there,
// -ENOMEM. The strings must stay.
int build_index_add(Builder *b, BuildIndex *x, Str namespace, Str name, size_t index, size_t **ret);
size_t *build_index_find(const BuildIndex *x, Str namespace, Str name); // NULL: not there

// A namespace as the schema spells it, or as it is given; in the document's or the builder's memory.
int build_namespace(Builder *b, Str namespace, Str *ret);
bool build_is_system(Str name);

// --- build-class.c -------------------------------------------------------------------------------

// Builds all classes of the document. 0, -ENOMEM.
int build_classes(Builder *b);
// What a name means in a namespace: a class of the document when it is built (*ret_broken: when it is there and could not
// be built), or of the schema. NULL: none.
const CimClass *build_find_class(Builder *b, Str namespace, Str name, bool *ret_broken);
// Adds a hint: the nearest name of a class of the namespace, or else `otherwise`. Returns E_DIAG.
int build_hint_class(Builder *b, Str namespace, Str wanted, const char *otherwise);

// --- build-spec.c --------------------------------------------------------------------------------

// The declaration, in the scratch arena; borrows from the document. E_DIAG: errors are recorded.
int build_spec(Builder *b, const BuildClass *c, CimClassSpec *ret);

// --- build-value.c -------------------------------------------------------------------------------

// Where values go: memory, whose strings are copied when `own`, and the namespace that references start from.
typedef struct BuildInto {
        Arena *arena;
        bool own;
        Str namespace;
        unsigned depth;
        bool defaults; // of a class: an alias of an instance has no path yet
} BuildInto;

// The value as one of `type` (an object: of class_name, empty: any), an error at its place when it does not fit. `what`
// names it in messages.
int build_value(Builder *b, const BuildInto *into, const MofValue *v, uint16_t type, Str class_name, Str what,
                CimValue *ret);
// The value as a qualifier's, which has no declared type: sint32, real64, string, boolean, or an array of these.
int build_value_free(Builder *b, const BuildInto *into, const MofValue *v, Str what, CimValue *ret);
// The assignments of an instance into *i, of a class that is known.
int build_assign(Builder *b, const BuildInto *into, const MofObject *o, CimInstance *i);

// --- build-instance.c ----------------------------------------------------------------------------

// Lists aliases. 0, -ENOMEM.
int build_aliases(Builder *b);
// Builds all instances of the document. 0, -ENOMEM.
int build_instances(Builder *b);
// The path that an alias stands for, as seen from a namespace, in memory of `into`. E_DIAG: reported, or the instance has
// an error of its own.
int build_alias_path(Builder *b, const BuildInto *into, const MofValue *v, Str16 *ret);

// --- build-plan.c --------------------------------------------------------------------------------

// Makes the steps. E_DIAG: errors are recorded.
int build_plan(Builder *b);

#endif
