// SPDX-License-Identifier: MIT
// Paths as build files of Windows write them.
#ifndef WMI_LOCAL_PATH_H
#define WMI_LOCAL_PATH_H

#include <limits.h>
#include <stdbool.h>

// A path of a Windows build file: "\" is "/", and letters may have another case than the file. Of an output
// only its directory is there. Returns `out`; NULL: too long.
const char *local_path(const char *path, bool output, char out[PATH_MAX]);

#endif
