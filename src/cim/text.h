// SPDX-License-Identifier: MIT
// MOF text of classes, instances and values, as GetObjectText writes it. What is written parses back to the same, but
// for a class definition as a value (TargetClass of a class event), which MOF has no grammar for.
#ifndef CIM_TEXT_H
#define CIM_TEXT_H

#include "base/buf.h"
#include "cim/instance.h"

// The declaration of one class: its own qualifiers, properties and methods, "};" at the end.
void cim_text_class(const CimClass *c, Buf *out);
// instance of X { Name = value; ... }; of the definition of a class its declaration.
void cim_text_instance(const CimInstance *i, Buf *out);
// 12, "text" with escapes, TRUE, NULL, {1, 2}.
void cim_text_value(const CimValue *v, Buf *out);

#endif
