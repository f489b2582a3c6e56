// SPDX-License-Identifier: MIT
// stdlib.h: libc's without the checking wrappers of its wide functions, and Microsoft's additions.
#include <features.h>
#pragma push_macro("__USE_FORTIFY_LEVEL")
#undef __USE_FORTIFY_LEVEL
#define __USE_FORTIFY_LEVEL 0
#include_next <stdlib.h>
#pragma pop_macro("__USE_FORTIFY_LEVEL")
#include "crt-stdlib.h"
