// SPDX-License-Identifier: MIT
// string.h: libc's, and Microsoft's additions, the wide functions among them.
#include_next <string.h>
#include "crt-string.h"
