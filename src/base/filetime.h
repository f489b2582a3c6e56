// SPDX-License-Identifier: MIT
// Time as WMI has it: units of 100 ns since 1601-01-01 00:00 UTC ("file time").
#ifndef BASE_FILETIME_H
#define BASE_FILETIME_H

#include <stdint.h>

#define FILETIME_SECOND UINT64_C(10000000)
#define FILETIME_UNIX   UINT64_C(116444736000000000) // 1970-01-01 in file time

uint64_t filetime_now(void);
// Milliseconds of a clock that never jumps, for deadlines.
uint64_t monotonic_ms(void);

enum { FILETIME_TEXT = 32 };
// "2026-01-31T12:00:00.1234567Z"; years beyond 9999 are written as they are. Returns out.
char *filetime_iso(uint64_t t, char out[FILETIME_TEXT]);
// The 25 characters of a DMTF datetime in UTC, "20260131120000.123456+000", and a NUL. Returns out.
char *filetime_dmtf(uint64_t t, char out[FILETIME_TEXT]);

#endif
