// SPDX-License-Identifier: MIT
// strsafe.h: mingw-w64's, with its functions made static: as they stand, they would be wanted of a library.
#ifndef FREEWMI_STRSAFE_H
#define FREEWMI_STRSAFE_H

#include <specstrings.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <unknwn.h>
#define __inline static __inline__ __attribute__((__unused__))
#include_next <strsafe.h>
#undef __inline

#endif
