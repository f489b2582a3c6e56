// SPDX-License-Identifier: MIT
// Standard output of a program that must never wait for its reader: while a pipe is full, signals are still
// obeyed and the driver is still served.
#ifndef WMI_OUTPUT_H
#define WMI_OUTPUT_H

#include <stdbool.h>

#include "base/buf.h"

typedef struct Output {
        int fd;
        bool file;   // a regular file: always writable
        bool closed; // nobody reads any more, or it cannot be written: *error
        int error;   // errno other than EPIPE; 0
        Buf pending; // append here, then output_flush
        size_t sent; // of pending
} Output;

enum { OUTPUT_ENOUGH = 256 * 1024 }; // with that much pending nothing more should be added

void output_init(Output *o, int fd);
void output_deinit(Output *o);
// Writes what can be written without waiting.
void output_flush(Output *o);
// Waits until all is written or the output is closed. For programs with nothing else to do.
void output_finish(Output *o);

static inline bool output_pending(const Output *o)
{
        return !o->closed && o->pending.n > o->sent;
}

#endif
