// SPDX-License-Identifier: MIT
// DMTF datetimes: "20260131120000.123456+060" is an instant, "00000001020304.567890:000" an interval.
//
// A field that is not significant is written in asterisks: a whole field, or the last digits of the
// microseconds (DSP0004, "Datetime type").
#include "cim/value.h"

#include "base/filetime.h"

enum { DATETIME_CHARS = 25, DATETIME_POINT = 14, DATETIME_MICRO = 15, DATETIME_SIGN = 21 };

typedef struct Datetime {
        uint32_t year, month, day, hour, minute, second,
                micro;  // year unused for intervals, day counts up to 8 digits
        int32_t offset; // minutes east of UTC
        bool interval;
        bool wild; // something is not known
} Datetime;

// Reads n digits, or n asterisks where they may stand. False: neither.
static bool datetime_field(const char16_t *p, unsigned n, uint32_t *ret, bool *wild)
{
        uint32_t v = 0;
        bool stars = p[0] == '*';
        for (unsigned i = 0; i < n; i++) {
                if (stars ? p[i] != '*' : p[i] < '0' || p[i] > '9')
                        return false;
                v = stars ? 0 : v * 10 + (uint32_t)(p[i] - '0');
        }
        *wild |= stars;
        *ret = v;
        return true;
}

static bool datetime_micro(const char16_t *p, uint32_t *ret, bool *wild)
{
        bool stars = false;
        uint32_t v = 0;
        for (unsigned i = 0; i < 6; i++) {
                stars |= p[i] == '*';
                if (stars ? p[i] != '*' : p[i] < '0' || p[i] > '9')
                        return false;
                v = v * 10 + (stars ? 0 : (uint32_t)(p[i] - '0'));
        }
        *wild |= stars;
        *ret = v;
        return true;
}

static uint32_t datetime_month_days(uint32_t year, uint32_t month)
{
        static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        return month == 2 && leap ? 29 : days[month - 1];
}

// Are the fields of a date that are known in their ranges?
static bool datetime_date_sane(const Datetime *d, bool year_wild, bool month_wild, bool day_wild)
{
        if (!month_wild && (d->month < 1 || d->month > 12))
                return false;
        if (day_wild)
                return true;
        uint32_t most = month_wild ? 31 : datetime_month_days(year_wild ? 2000 : d->year, d->month);
        return d->day >= 1 && d->day <= most;
}

static bool datetime_offset(const char16_t *p, Datetime *d)
{
        uint32_t minutes;
        if (!datetime_field(p + 1, 3, &minutes, &d->wild))
                return false;
        d->offset = p[0] == '-' ? -(int32_t)minutes : (int32_t)minutes;
        return true;
}

static bool datetime_parse(Str16 s, Datetime *d)
{
        *d = (Datetime){0};
        if (s.n != DATETIME_CHARS || s.p[DATETIME_POINT] != '.')
                return false;
        char16_t sign = s.p[DATETIME_SIGN];
        bool year_wild = false, month_wild = false, day_wild = false;
        if (sign == ':') {
                d->interval = true;
                if (s.p[22] != '0' || s.p[23] != '0' || s.p[24] != '0' ||
                    !datetime_field(s.p, 8, &d->day, &day_wild))
                        return false;
        } else if (sign == '+' || sign == '-') {
                if (!datetime_field(s.p, 4, &d->year, &year_wild) ||
                    !datetime_field(s.p + 4, 2, &d->month, &month_wild) ||
                    !datetime_field(s.p + 6, 2, &d->day, &day_wild) ||
                    !datetime_offset(s.p + DATETIME_SIGN, d) ||
                    !datetime_date_sane(d, year_wild, month_wild, day_wild))
                        return false;
        } else {
                return false;
        }
        d->wild |= year_wild || month_wild || day_wild;
        return datetime_field(s.p + 8, 2, &d->hour, &d->wild) &&
               datetime_field(s.p + 10, 2, &d->minute, &d->wild) &&
               datetime_field(s.p + 12, 2, &d->second, &d->wild) &&
               datetime_micro(s.p + DATETIME_MICRO, &d->micro, &d->wild) && d->hour < 24 && d->minute < 60 &&
               d->second < 60;
}

bool cim_datetime_valid(Str16 s)
{
        Datetime d;
        return datetime_parse(s, &d);
}

// Days from 1601-01-01 to a date from 1601 on.
static uint64_t datetime_days(const Datetime *d)
{
        uint64_t y = d->year - 1601;
        uint64_t days = y * 365 + y / 4 - y / 100 + y / 400;
        for (uint32_t m = 1; m < d->month; m++)
                days += datetime_month_days(d->year, m);
        return days + d->day - 1;
}

// The part below a day in file time units.
static uint64_t datetime_clock(const Datetime *d)
{
        return (uint64_t)(d->hour * 3600 + d->minute * 60 + d->second) * FILETIME_SECOND +
               (uint64_t)d->micro * 10;
}

bool cim_datetime_instant(Str16 s, uint64_t *ret_filetime)
{
        Datetime d;
        if (!datetime_parse(s, &d) || d.interval || d.wild || d.year < 1601)
                return false;
        int64_t t = (int64_t)(datetime_days(&d) * 86400 * FILETIME_SECOND + datetime_clock(&d)) -
                    (int64_t)d.offset * 60 * (int64_t)FILETIME_SECOND;
        if (t < 0)
                return false;
        *ret_filetime = (uint64_t)t;
        return true;
}

bool cim_datetime_interval(Str16 s, uint64_t *ret)
{
        Datetime d;
        if (!datetime_parse(s, &d) || !d.interval || d.wild)
                return false;
        uint64_t t;
        if (__builtin_mul_overflow((uint64_t)d.day * 86400, FILETIME_SECOND, &t) ||
            __builtin_add_overflow(t, datetime_clock(&d), &t))
                t = UINT64_MAX; // 8 digits of days reach beyond 64 bits: the longest interval there is
        *ret = t;
        return true;
}
