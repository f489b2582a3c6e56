// SPDX-License-Identifier: MIT
// MOF text -> classes.
//
// The texts of drivers: pragmas, qualifiers with flavors, classes, properties, methods, defaults. What WMI's
// own compiler accepts is accepted, and refused with its error numbers (WBEMMOF_E_...), at file:line:column.
#ifndef MOF_MOF_H
#define MOF_MOF_H

#include "cim/instance.h"
#include "cim/schema.h"

typedef struct MofSource {
        Str text;                // UTF-8 with or without BOM, UTF-16 of either order with BOM
        const char *name;        // of the file, for diagnostics; kept for the call only
        Str namespace;           // where classes go that no pragma places elsewhere; normal form
        const CimSchema *schema; // what exists already; borrowed for the call
        bool system; // one of our own texts: may declare names that begin with "__" in a namespace that has
                     // the system classes already
} MofSource;

typedef struct MofClass {
        Str namespace;   // normal form
        CimClass *klass; // holds a reference
        size_t line;     // of its declaration
} MofClass;

// What one text says, in its order. Owned by the caller: mof_result_free.
typedef struct MofResult {
        MofClass *classes;
        size_t class_count;
        struct Arena *arena; // owns the arrays and names
} MofResult;

// Compiles; all or nothing. E_DIAG: errors[0..*ret_errors) (up to LIMIT_MOF_ERRORS, at least 1) are filled,
// in the order of the text. `errors` holds `capacity` of them. -ENOMEM, -EFBIG beyond LIMIT_MOF_BYTES.
int mof_compile(const MofSource *source, MofResult **ret, Diag *errors, size_t capacity, size_t *ret_errors);
MofResult *mof_result_free(MofResult *r);

#endif
