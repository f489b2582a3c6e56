// SPDX-License-Identifier: MIT
// How far something is that takes longer than a second: on a terminal one line that changes, with a bar; in a log a line
// every ten seconds.
#ifndef WMI_PROGRESS_H
#define WMI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Progress {
        const char *what; // "importing x.mof"
        uint64_t begun, told;
        bool terminal, shown;
        bool quiet; // nothing but on a terminal
} Progress;

Progress progress_begin(const char *what);
// context: the Progress. Shows `done` of `all`, when it is time.
void progress_tell(void *context, uint64_t done, uint64_t all);
// The line goes.
void progress_end(Progress *p);

#endif
