// SPDX-License-Identifier: MIT
// A line about how far something is.
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/filetime.h"

enum { PROGRESS_FIRST_MS = 1000, PROGRESS_AGAIN_MS = 200, PROGRESS_LINE_MS = 10000, PROGRESS_BAR = 30 };

Progress progress_begin(const char *what)
{
        uint64_t now = monotonic_ms();
        return (Progress){.what = what, .begun = now, .told = now, .terminal = isatty(STDERR_FILENO) == 1};
}

void progress_tell(void *context, uint64_t done, uint64_t all)
{
        Progress *p = context;
        uint64_t now = monotonic_ms();
        unsigned share = all ? (unsigned)(done >= all ? 100 : (double)done * 100 / (double)all) : 0;
        if (now - p->begun < PROGRESS_FIRST_MS || (p->quiet && !p->terminal) ||
            (p->shown && now - p->told < (p->terminal ? PROGRESS_AGAIN_MS : PROGRESS_LINE_MS)) ||
            (!p->terminal && now - p->begun < PROGRESS_LINE_MS))
                return;
        p->told = now;
        p->shown = true;
        if (!p->terminal) {
                fprintf(stderr, "wmi: %s: %u%%\n", p->what, share);
                return;
        }
        char bar[PROGRESS_BAR + 1];
        memset(bar, ' ', PROGRESS_BAR);
        memset(bar, '#', share * PROGRESS_BAR / 100);
        bar[PROGRESS_BAR] = '\0';
        fprintf(stderr, "\rwmi: %.60s [%s] %3u%% ", p->what, bar, share);
}

void progress_end(Progress *p)
{
        if (p->shown && p->terminal)
                fputs("\r\033[K", stderr);
}
