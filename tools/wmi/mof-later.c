// SPDX-License-Identifier: MIT
// What is being built: until it is there, files that need it are refused.
#include <errno.h>

#include "bmf/bmf.h"

__attribute__((weak)) int bmf_to_document(const Bmf *b, const char *name, MofDocument **ret, Diag *warnings,
                                          size_t capacity, size_t *ret_warnings)
{
        (void)b, (void)name, (void)ret, (void)warnings, (void)capacity, (void)ret_warnings;
        return -ENOSYS;
}
