// SPDX-License-Identifier: MIT
// Rtl: bitmaps, times, memory, large integers, bits.
#include "driver/nt/nt-internal.h"

#include <execinfo.h>
#include <string.h>

// --- bitmaps -------------------------------------------------------------------------------------

NTEXPORT VOID NTAPI RtlInitializeBitMap(PRTL_BITMAP map, PULONG buffer, ULONG bits)
{
        map->SizeOfBitMap = bits;
        map->Buffer = buffer;
}

static bool bit(PRTL_BITMAP map, ULONG i)
{
        return map->Buffer[i / 32] >> (i % 32) & 1;
}

static void bits_set(PRTL_BITMAP map, ULONG start, ULONG count, bool value)
{
        for (ULONG i = start; count && i < map->SizeOfBitMap; i++, count--)
                if (value)
                        map->Buffer[i / 32] |= 1u << (i % 32);
                else
                        map->Buffer[i / 32] &= ~(1u << (i % 32));
}

NTEXPORT VOID NTAPI RtlClearAllBits(PRTL_BITMAP map)
{
        bits_set(map, 0, map->SizeOfBitMap, false);
}

NTEXPORT VOID NTAPI RtlSetAllBits(PRTL_BITMAP map)
{
        bits_set(map, 0, map->SizeOfBitMap, true);
}

NTEXPORT VOID NTAPI RtlClearBits(PRTL_BITMAP map, ULONG start, ULONG count)
{
        bits_set(map, start, count, false);
}

NTEXPORT VOID NTAPI RtlSetBits(PRTL_BITMAP map, ULONG start, ULONG count)
{
        bits_set(map, start, count, true);
}

NTEXPORT VOID NTAPI RtlSetBit(PRTL_BITMAP map, ULONG i)
{
        bits_set(map, i, 1, true);
}

NTEXPORT VOID NTAPI RtlClearBit(PRTL_BITMAP map, ULONG i)
{
        bits_set(map, i, 1, false);
}

NTEXPORT BOOLEAN NTAPI RtlTestBit(PRTL_BITMAP map, ULONG i)
{
        return i < map->SizeOfBitMap && bit(map, i);
}

static BOOLEAN are_bits(PRTL_BITMAP map, ULONG start, ULONG count, bool value)
{
        if (!count || start >= map->SizeOfBitMap || count > map->SizeOfBitMap - start)
                return FALSE;
        for (ULONG i = start; i < start + count; i++)
                if (bit(map, i) != value)
                        return FALSE;
        return TRUE;
}

NTEXPORT BOOLEAN NTAPI RtlAreBitsSet(PRTL_BITMAP map, ULONG start, ULONG count)
{
        return are_bits(map, start, count, true);
}

NTEXPORT BOOLEAN NTAPI RtlAreBitsClear(PRTL_BITMAP map, ULONG start, ULONG count)
{
        return are_bits(map, start, count, false);
}

NTEXPORT ULONG NTAPI RtlNumberOfSetBits(PRTL_BITMAP map)
{
        ULONG n = 0;
        for (ULONG i = 0; i < map->SizeOfBitMap; i++)
                n += bit(map, i);
        return n;
}

NTEXPORT ULONG NTAPI RtlNumberOfClearBits(PRTL_BITMAP map)
{
        return map->SizeOfBitMap - RtlNumberOfSetBits(map);
}

// The run of bits of that value at or behind `from`: its length, 0 when there is none.
static ULONG run_from(PRTL_BITMAP map, ULONG from, bool value, ULONG *ret_start)
{
        while (from < map->SizeOfBitMap && bit(map, from) != value)
                from++;
        *ret_start = from;
        ULONG end = from;
        while (end < map->SizeOfBitMap && bit(map, end) == value)
                end++;
        return end - from;
}

// From the hint to the end, then from the beginning.
static ULONG find_bits(PRTL_BITMAP map, ULONG count, ULONG hint, bool value)
{
        if (count > map->SizeOfBitMap)
                return 0xffffffff;
        if (hint >= map->SizeOfBitMap)
                hint = 0;
        if (!count)
                return hint & ~7u;
        for (int pass = 0; pass < 2; pass++) {
                ULONG start, n;
                for (ULONG at = pass ? 0 : hint; (n = run_from(map, at, value, &start)) != 0; at = start + n)
                        if (n >= count)
                                return start;
        }
        return 0xffffffff;
}

NTEXPORT ULONG NTAPI RtlFindClearBits(PRTL_BITMAP map, ULONG count, ULONG hint)
{
        return find_bits(map, count, hint, false);
}

NTEXPORT ULONG NTAPI RtlFindSetBits(PRTL_BITMAP map, ULONG count, ULONG hint)
{
        return find_bits(map, count, hint, true);
}

NTEXPORT ULONG NTAPI RtlFindClearBitsAndSet(PRTL_BITMAP map, ULONG count, ULONG hint)
{
        ULONG at = find_bits(map, count, hint, false);
        if (at != 0xffffffff)
                bits_set(map, at, count, true);
        return at;
}

NTEXPORT ULONG NTAPI RtlFindSetBitsAndClear(PRTL_BITMAP map, ULONG count, ULONG hint)
{
        ULONG at = find_bits(map, count, hint, true);
        if (at != 0xffffffff)
                bits_set(map, at, count, false);
        return at;
}

NTEXPORT ULONG NTAPI RtlFindNextForwardRunClear(PRTL_BITMAP map, ULONG from, PULONG ret_start)
{
        ULONG start, n = run_from(map, from, false, &start);
        *ret_start = n ? start : from;
        return n;
}

NTEXPORT ULONG NTAPI RtlFindFirstRunClear(PRTL_BITMAP map, PULONG ret_start)
{
        return RtlFindNextForwardRunClear(map, 0, ret_start);
}

NTEXPORT ULONG NTAPI RtlFindLastBackwardRunClear(PRTL_BITMAP map, ULONG from, PULONG ret_start)
{
        ULONG end = from < map->SizeOfBitMap ? from + 1 : map->SizeOfBitMap;
        while (end > 0 && bit(map, end - 1))
                end--;
        ULONG start = end;
        while (start > 0 && !bit(map, start - 1))
                start--;
        *ret_start = end ? start : from;
        return end - start;
}

NTEXPORT ULONG NTAPI RtlFindLongestRunClear(PRTL_BITMAP map, PULONG ret_start)
{
        ULONG best = 0, start, n;
        *ret_start = 0;
        for (ULONG at = 0; (n = run_from(map, at, false, &start)) != 0; at = start + n)
                if (n > best) {
                        best = n;
                        *ret_start = start;
                }
        return best;
}

NTEXPORT ULONG NTAPI RtlFindClearRuns(PRTL_BITMAP map, PRTL_BITMAP_RUN runs, ULONG room, BOOLEAN longest)
{
        ULONG count = 0, start, n;
        for (ULONG at = 0; room && (n = run_from(map, at, false, &start)) != 0; at = start + n) {
                if (!longest && count == room)
                        break;
                // With `longest` the list is kept sorted, longest first, and the shortest falls out.
                ULONG i = count < room ? count++ : count;
                if (i == room) {
                        if (runs[room - 1].NumberOfBits >= n)
                                continue;
                        i = room - 1;
                }
                while (longest && i > 0 && runs[i - 1].NumberOfBits < n) {
                        runs[i] = runs[i - 1];
                        i--;
                }
                runs[i] = (RTL_BITMAP_RUN){start, n};
        }
        return count;
}

NTEXPORT CCHAR NTAPI RtlFindMostSignificantBit(ULONGLONG set)
{
        return (CCHAR)(set ? 63 - __builtin_clzll(set) : -1);
}

NTEXPORT CCHAR NTAPI RtlFindLeastSignificantBit(ULONGLONG set)
{
        return (CCHAR)(set ? __builtin_ctzll(set) : -1);
}

// --- times ---------------------------------------------------------------------------------------
// 100 ns since 1601-01-01, a Monday. Days are counted in years that begin in March, so that leap days come
// last.

enum { DAYS_1601 = 584694 }; // from 0000-03-01 to 1601-01-01

static LONGLONG days_of(LONG year, LONG month, LONG day)
{
        LONG y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
        return (LONGLONG)y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - DAYS_1601;
}

static bool is_leap(LONG year)
{
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static LONG month_days(LONG year, LONG month)
{
        static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        return days[month - 1] + (month == 2 && is_leap(year));
}

NTEXPORT VOID NTAPI RtlTimeToTimeFields(PLARGE_INTEGER time, PTIME_FIELDS f)
{
        ULONGLONG ms = (ULONGLONG)time->QuadPart / 10000;
        LONGLONG day = (LONGLONG)(ms / 86400000);
        ULONG in_day = (ULONG)(ms % 86400000);
        f->Hour = (CSHORT)(in_day / 3600000);
        f->Minute = (CSHORT)(in_day / 60000 % 60);
        f->Second = (CSHORT)(in_day / 1000 % 60);
        f->Milliseconds = (CSHORT)(in_day % 1000);
        f->Weekday = (CSHORT)((day + 1) % 7);
        LONGLONG n = day + DAYS_1601;
        LONGLONG era = n / 146097, rest = n % 146097;
        LONGLONG year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
        LONGLONG in_year = rest - (year * 365 + year / 4 - year / 100);
        LONGLONG month = (5 * in_year + 2) / 153;
        f->Day = (CSHORT)(in_year - (153 * month + 2) / 5 + 1);
        f->Month = (CSHORT)(month < 10 ? month + 3 : month - 9);
        f->Year = (CSHORT)(year + era * 400 + (f->Month <= 2));
}

NTEXPORT BOOLEAN NTAPI RtlTimeFieldsToTime(PTIME_FIELDS f, PLARGE_INTEGER time)
{
        if (f->Year < 1601 || f->Year > 30827 || f->Month < 1 || f->Month > 12 || f->Day < 1 ||
            f->Day > month_days(f->Year, f->Month) || f->Hour < 0 || f->Hour > 23 || f->Minute < 0 ||
            f->Minute > 59 || f->Second < 0 || f->Second > 59 || f->Milliseconds < 0 || f->Milliseconds > 999)
                return FALSE;
        LONGLONG ms = days_of(f->Year, f->Month, f->Day) * 86400000 +
                      ((f->Hour * 60 + f->Minute) * 60 + f->Second) * 1000LL + f->Milliseconds;
        time->QuadPart = ms * 10000;
        return TRUE;
}

static BOOLEAN to_seconds(PLARGE_INTEGER time, LONGLONG epoch, PULONG ret)
{
        LONGLONG s = time->QuadPart / 10000000 - epoch;
        if (s < 0 || s > 0xffffffffLL)
                return FALSE;
        *ret = (ULONG)s;
        return TRUE;
}

#define SECONDS_TO_1970 11644473600LL
#define SECONDS_TO_1980 11960006400LL

NTEXPORT BOOLEAN NTAPI RtlTimeToSecondsSince1970(PLARGE_INTEGER time, PULONG ret)
{
        return to_seconds(time, SECONDS_TO_1970, ret);
}

NTEXPORT VOID NTAPI RtlSecondsSince1970ToTime(ULONG seconds, PLARGE_INTEGER time)
{
        time->QuadPart = (SECONDS_TO_1970 + seconds) * 10000000;
}

NTEXPORT BOOLEAN NTAPI RtlTimeToSecondsSince1980(PLARGE_INTEGER time, PULONG ret)
{
        return to_seconds(time, SECONDS_TO_1980, ret);
}

NTEXPORT VOID NTAPI RtlSecondsSince1980ToTime(ULONG seconds, PLARGE_INTEGER time)
{
        time->QuadPart = (SECONDS_TO_1980 + seconds) * 10000000;
}

// --- memory --------------------------------------------------------------------------------------
// Most of these are macros over memcpy and memset; the functions are for who looks them up by name.

NTEXPORT SIZE_T NTAPI RtlCompareMemory(const VOID *a, const VOID *b, SIZE_T n)
{
        SIZE_T i = 0;
        while (i < n && ((const UCHAR *)a)[i] == ((const UCHAR *)b)[i])
                i++;
        return i;
}

NTEXPORT SIZE_T NTAPI RtlCompareMemoryUlong(PVOID source, SIZE_T bytes, ULONG pattern)
{
        SIZE_T i = 0;
        while (i + sizeof(ULONG) <= bytes && memcmp((char *)source + i, &pattern, sizeof pattern) == 0)
                i += sizeof(ULONG);
        return i;
}

#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlZeroMemory
#undef RtlFillMemory
VOID NTAPI RtlCopyMemory(PVOID to, const VOID *from, SIZE_T n);
VOID NTAPI RtlMoveMemory(PVOID to, const VOID *from, SIZE_T n);
VOID NTAPI RtlZeroMemory(PVOID p, SIZE_T n);
VOID NTAPI RtlFillMemory(PVOID p, SIZE_T n, UCHAR value);

NTEXPORT VOID NTAPI RtlCopyMemory(PVOID to, const VOID *from, SIZE_T n)
{
        memcpy(to, from, n);
}

NTEXPORT VOID NTAPI RtlMoveMemory(PVOID to, const VOID *from, SIZE_T n)
{
        memmove(to, from, n);
}

NTEXPORT VOID NTAPI RtlZeroMemory(PVOID p, SIZE_T n)
{
        memset(p, 0, n);
}

NTEXPORT VOID NTAPI RtlFillMemory(PVOID p, SIZE_T n, UCHAR value)
{
        memset(p, value, n);
}

// --- others --------------------------------------------------------------------------------------

NTEXPORT VOID NTAPI RtlMapGenericMask(PACCESS_MASK mask, PGENERIC_MAPPING mapping)
{
        static const ACCESS_MASK generic[] = {GENERIC_READ, GENERIC_WRITE, GENERIC_EXECUTE, GENERIC_ALL};
        const ACCESS_MASK meaning[] = {mapping->GenericRead, mapping->GenericWrite, mapping->GenericExecute,
                                       mapping->GenericAll};
        for (int i = 0; i < 4; i++)
                if (*mask & generic[i])
                        *mask |= meaning[i];
        *mask &= ~(ACCESS_MASK)(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
}

// A linear congruential generator over 31 bits; the caller keeps its state.
NTEXPORT ULONG NTAPI RtlRandomEx(PULONG seed)
{
        *seed = (ULONG)((*seed * 0x7fffffedULL + 0x7fffffc3ULL) % 0x7fffffffULL);
        return *seed;
}

NTEXPORT USHORT NTAPI RtlCaptureStackBackTrace(ULONG skip, ULONG count, PVOID *trace, PULONG hash)
{
        void *all[64];
        ULONG n = (ULONG)backtrace(all, 64), copied = 0, sum = 0;
        for (ULONG i = skip + 1; i < n && copied < count; i++) {
                trace[copied++] = all[i];
                sum += (ULONG)(ULONG_PTR)all[i];
        }
        if (hash)
                *hash = sum;
        return (USHORT)copied;
}
