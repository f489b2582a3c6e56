// SPDX-License-Identifier: MIT
// Tests of the repository: a store with the system classes, operations in one call each.
#ifndef REPOSITORY_TEST_RIG_H
#define REPOSITORY_TEST_RIG_H

#include "base/testkit.h"
#include "base/limits.h"
#include "cim/codec.h"
#include "cim/status.h"
#include "cim/test-cim.h"
#include "repository/repository.h"

// What `committed` told, as text: "number namespace +Class:path ~ - ..." a line each.
typedef struct Rig {
        Repository *r;
        Buf told;
        unsigned commits;
        uint64_t number;
        size_t told_to;  // of the changes of that commit
        Diag diag; // of the last operation that failed
} Rig;

// A small set of system classes for each namespace.
int rig_seed(void *context, Str namespace, CimSchema **schema, Diag *reterr);
extern const char *const rig_namespaces[];
// file NULL: in memory.
void rig_open(Rig *g, const char *file, bool thread);
// The same with what `config` sets; seed, committed, context and namespaces are the rig's where they are not
// set.
void rig_open_with(Rig *g, const RepositoryConfig *config);
int rig_no_seed(void *context, Str namespace, CimSchema **schema, Diag *reterr);
void rig_close(Rig *g);
// How many rows a table of a file has, as another connection sees it.
int64_t rig_count(const char *file, const char *table);
// Runs one function as a job to its end. Returns its result, with the diagnostic in *ret_diag (may be NULL).
typedef int (*RigRun)(void *context, Store *st, Diag *reterr);
int rig_run(Rig *g, RigRun run, void *context, Diag *ret_diag);
// The number of the error, 0 when it went well; -errno.
int64_t rig_put_class(Rig *g, const char *namespace, const CimClassSpec *spec, const char *superclass,
                      uint32_t flags);
int64_t rig_delete_class(Rig *g, const char *namespace, const char *name);
int64_t rig_create_namespace(Rig *g, const char *namespace);
int64_t rig_delete_namespace(Rig *g, const char *namespace);
// values: in the order of the class's properties; the class is the schema's.
int64_t rig_put(Rig *g, const char *namespace, const char *class_name, const CimValue *values, size_t n,
                uint32_t flags);
int64_t rig_put_instance(Rig *g, const char *namespace, const CimInstance *i, uint32_t flags);
int64_t rig_get(Rig *g, const char *namespace, const char *path, CimInstance **ret);
int64_t rig_delete(Rig *g, const char *namespace, const char *path);
// The relative paths of all instances, a line each, in *out.
int64_t rig_list(Rig *g, const char *namespace, const char *class_name, uint32_t flags, Buf *out);
const CimClass *rig_class(Rig *g, const char *namespace, const char *name);
// A file name of this process that is not there, below a directory that rig_clean removes.
char *rig_file(const char *name);
void rig_clean(void);

#endif
