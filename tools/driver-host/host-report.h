// SPDX-License-Identifier: MIT
// Lines on --report-fd (../wmi-driver-host.h says which), and lines on standard error.
#ifndef DRIVER_HOST_REPORT_H
#define DRIVER_HOST_REPORT_H

#include <stddef.h>
#include <stdint.h>

void host_report_open(int fd); // -1: nowhere

// "WORD TEXT" on the descriptor. Any thread. The same line goes to standard error with `host_say`.
void host_report(const char *word, const char *format, ...) __attribute__((format(printf, 2, 3)));
void host_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Both: "wmi-driver-host: TEXT" on standard error, "WORD TEXT" on the descriptor.
void host_tell(const char *word, const char *format, ...) __attribute__((format(printf, 2, 3)));

// For signal handlers: a line that is put together without stdio and written by host_line_tell. Too long:
// cut.
typedef struct HostLine {
        char text[512];
        size_t n;
} HostLine;
void host_line_text(HostLine *l, const char *text);
void host_line_hex(HostLine *l, uint64_t n);
void host_line_number(HostLine *l, uint64_t n);
void host_line_tell(const char *word, HostLine *l); // empties it

#endif
