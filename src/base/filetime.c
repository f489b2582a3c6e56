// SPDX-License-Identifier: MIT
// File time to text.
#include "base/filetime.h"

#include <stdio.h>
#include <time.h>

uint64_t filetime_now(void)
{
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        return FILETIME_UNIX + (uint64_t)t.tv_sec * FILETIME_SECOND + (uint64_t)t.tv_nsec / 100;
}

uint64_t monotonic_ms(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

// Days since 1601-01-01 to a civil date; eras of 400 years keep the arithmetic exact.
static void filetime_civil(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
        days += 584694; // 0000-03-01 to 1601-01-01
        uint64_t era = days / 146097;
        unsigned doe = (unsigned)(days % 146097);
        unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
        unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        unsigned mp = (5 * doy + 2) / 153;
        *day = doy - (153 * mp + 2) / 5 + 1;
        *month = mp < 10 ? mp + 3 : mp - 9;
        *year = (unsigned)(yoe + era * 400) + (*month <= 2);
}

char *filetime_iso(uint64_t t, char out[FILETIME_TEXT])
{
        unsigned y, m, d, s = (unsigned)(t / FILETIME_SECOND % 86400);
        filetime_civil(t / FILETIME_SECOND / 86400, &y, &m, &d);
        snprintf(out, FILETIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%07uZ", y, m, d, s / 3600, s / 60 % 60, s % 60,
                 (unsigned)(t % FILETIME_SECOND));
        return out;
}

char *filetime_dmtf(uint64_t t, char out[FILETIME_TEXT])
{
        unsigned y, m, d, s = (unsigned)(t / FILETIME_SECOND % 86400);
        filetime_civil(t / FILETIME_SECOND / 86400, &y, &m, &d);
        snprintf(out, FILETIME_TEXT, "%04u%02u%02u%02u%02u%02u.%06u+000", y % 10000, m, d, s / 3600, s / 60 % 60, s % 60,
                 (unsigned)(t % FILETIME_SECOND / 10));
        return out;
}
