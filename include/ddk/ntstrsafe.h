// SPDX-License-Identifier: MIT
/*
 * ntstrsafe.h: mingw-w64's, with its functions made static: as they stand, each object would define all of them.
 */
#ifndef FREEWMI_NTSTRSAFE_H
#define FREEWMI_NTSTRSAFE_H

#include <ntdef.h>
#include <specstrings.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#define extern static
#include_next <ntstrsafe.h>
#undef extern

#endif
