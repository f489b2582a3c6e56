// SPDX-License-Identifier: MIT
// What the tests of this room share: a schema to compile against, and classes as lines of text.
#ifndef MOF_TEST_SUPPORT_H
#define MOF_TEST_SUPPORT_H

#include "base/buf.h"
#include "cim/schema.h"
#include "mof/build.h"

// root and root\wmi as the service makes them. Ends the program when the built-in texts do not compile.
CimSchema *support_schema(void);
// *schema with what `text` declares. 0 or as mof_compile; on E_DIAG the first error is in *reterr.
int support_add(CimSchema **schema, Str namespace, Str text, Diag *reterr);
// One line for the class, one for each of its own properties and methods.
void support_dump(const CimClass *c, Str namespace, Buf *out);
// One line for a step; of a class the same.
void support_dump_step(const MofStep *s, Buf *out);
// The classes of a result, printed as MOF, compile to classes that print and dump the same. False: `why` says
// what is different. Classes whose qualifiers only a declaration makes possible (a type of their own) are
// compared as text only.
bool support_round_trip(const MofPlan *result, const CimSchema *schema, Buf *why);
// The bytes of a file, to be freed; NULL: it cannot be read.
char *support_read(const char *path, size_t *ret_n);

#endif
