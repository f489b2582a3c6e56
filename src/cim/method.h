// SPDX-License-Identifier: MIT
// The buffers of a method as a driver sees them: data blocks too.
//
// The input buffer holds the [in] parameters in the order of their ID, the output buffer the [out] parameters
// likewise and then the return value, laid out as the items of a data block are. So each is a class whose
// items are the parameters:
//
//   void Set([in] uint32 Level, [in, out] uint8 Mode, [out] string Text)
//   input: Level at 0, Mode at 4     output: Mode at 0, Text at 2
//
// (Public page "Driver-Defined WMI Data Items" for the layout. That order is by ID, and that the return value
// comes last, is what the headers of Windows' own drivers show.)
#ifndef CIM_METHOD_H
#define CIM_METHOD_H

#include "cim/class.h"

typedef enum CimDirection { CIM_METHOD_IN, CIM_METHOD_OUT } CimDirection;

// Does the parameter stand in that buffer? One that says neither in nor out stands in both.
bool cim_method_has(const CimProperty *parameter, CimDirection direction);
// The number that orders a parameter among the others: its ID, else where it stands.
uint32_t cim_method_order(const CimMethod *m, size_t parameter);
// A class called __PARAMETERS whose items are the buffer's; the return value is called ReturnValue. Its
// layout says where they stand, cim_block_encode and cim_block_decode write and read it. *ret NULL: the
// buffer is empty. The caller's reference. 0, -ENOMEM; E_DIAG: the parameters make no class.
int cim_method_buffer(const CimMethod *m, CimDirection direction, CimClass **ret, Diag *reterr);
// A method by its name without regard to case; NULL: none.
const CimMethod *cim_class_method(const CimClass *c, Str name);

#endif
