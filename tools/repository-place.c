// SPDX-License-Identifier: MIT
// The repository's place.
#include "repository-place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int repository_place(char *out, size_t size)
{
        const char *own = getenv("FREEWMI_REPOSITORY"), *state = getenv("XDG_STATE_HOME"),
                   *home = getenv("HOME");
        int n;
        if (own && *own)
                n = snprintf(out, size, "%s", own);
        else if (geteuid() == 0)
                n = snprintf(out, size, "/var/lib/freewmi/repository.db");
        else if (state && state[0] == '/') // the XDG specification: what is not absolute is ignored
                n = snprintf(out, size, "%s/freewmi/repository.db", state);
        else if (home && home[0] == '/')
                n = snprintf(out, size, "%s/.local/state/freewmi/repository.db", home);
        else
                return -ENOENT;
        return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
