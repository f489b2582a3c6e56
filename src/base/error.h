// SPDX-License-Identifier: MIT
// Errors inside the house, and the place in a text where one was found.
//
// A function returns 0 for fine; a negative errno, which the caller forwards unchanged; or a positive number, which
// the function's own documentation names and the caller handles. E_DIAG is such a number in all rooms that read
// texts: "the input is wrong, and the Diag says where and why".
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define E_DIAG 1

// What is wrong with an input, and where. Filled on failure only; plain data, copied by assignment.
typedef struct Diag {
        uint32_t code;      // the number that WMI's users search for: WBEM_E_..., WBEMMOF_E_..., as in cim/status.h
        uint32_t line;      // 1-based; 0: the input has no lines
        uint32_t column;    // 1-based, in characters
        size_t offset;      // in bytes from the start of the input
        size_t length;      // of the offending token in bytes; 0: unknown
        char file[256];     // as the caller named the input; "" when it has no name
        char message[512];  // one sentence without the place: what was found, what was expected
        char hint[256];     // what to do about it; "" when there is nothing to say
} Diag;

// Fills *d (ignored when NULL) with `code` and a printf-like message, and returns E_DIAG.
int diag_set(Diag *d, uint32_t code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int diag_setv(Diag *d, uint32_t code, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

// Adds a hint to *d (ignored when NULL). Returns E_DIAG.
int diag_hint(Diag *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Sets line and column of *d from `offset` bytes into `text` of `n` bytes (UTF-8; a character counts one).
void diag_place(Diag *d, const char *text, size_t n, size_t offset, size_t length);

// Prints "file:line:column: message (0x80041017)" into `out` of `size` bytes, always terminated; without the parts
// that are unknown. Returns `out`.
char *diag_text(const Diag *d, char *out, size_t size);

#endif
