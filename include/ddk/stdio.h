// SPDX-License-Identifier: MIT
// stdio.h: libc's, and Microsoft's additions to it. The printing functions are those of our runtime (renames.h).
#include <features.h>
/* libc's plain scanf names, not the __isoc99_ ones: only plain names can be renamed. */
#undef __GLIBC_USE_DEPRECATED_SCANF
#define __GLIBC_USE_DEPRECATED_SCANF 1
#include_next <stdio.h>
#include "crt-stdio.h"
