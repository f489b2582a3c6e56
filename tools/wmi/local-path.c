// SPDX-License-Identifier: MIT
// Paths as build files of Windows write them.
#include "local-path.h"

#include <string.h>
#include <unistd.h>

#include "mof/expand.h"

const char *local_path(const char *path, bool output, char out[PATH_MAX])
{
        size_t n = strlen(path);
        if (n >= PATH_MAX)
                return NULL;
        memcpy(out, path, n + 1);
        if (!output && access(out, F_OK) == 0)
                return out;
        for (char *p = out; *p; p++)
                if (*p == '\\')
                        *p = '/';
        char *slash = output ? strrchr(out, '/') : NULL;
        if (output && !slash)
                return out;
        if (slash)
                *slash = '\0';
        mof_match_case(out); // what is not there is told where it is opened
        if (slash)
                *slash = '/';
        return out;
}
