// SPDX-License-Identifier: MIT
/*
 * wchar.h: libc's declarations for the runtime's 16-bit functions (renames.h), and Microsoft's additions.
 * libc's checking wrappers are left out: they lead to functions for a 32-bit wchar_t.
 */
#include <features.h>
#undef __GLIBC_USE_DEPRECATED_SCANF
#define __GLIBC_USE_DEPRECATED_SCANF 1
#pragma push_macro("__USE_FORTIFY_LEVEL")
#undef __USE_FORTIFY_LEVEL
#define __USE_FORTIFY_LEVEL 0
#pragma push_macro("swprintf")
#pragma push_macro("vswprintf")
#undef swprintf
#undef vswprintf
#include_next <wchar.h>
#pragma pop_macro("swprintf")
#pragma pop_macro("vswprintf")
#pragma pop_macro("__USE_FORTIFY_LEVEL")
#include "crt-wide.h"
