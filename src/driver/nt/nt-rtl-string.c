// SPDX-License-Identifier: MIT
// Rtl: counted strings, conversions, numbers, GUIDs.
//
// The ANSI code page is 1252, one byte a character, as on a Western Windows; what has no place there becomes
// '?'.
#include "driver/nt/nt-internal.h"

#include "base/utf.h"

#include <string.h>
#include <unicase.h>

#define STRING_TAG NT_TAG('S', 't', 'r', 'g')

NTEXPORT BOOLEAN NlsMbCodePageTag = FALSE, NlsMbOemCodePageTag = FALSE;

// --- code page 1252 ------------------------------------------------------------------------------

static const WCHAR ansi_high[32] = {
        0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
        0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178,
};

static WCHAR ansi_to_unicode(UCHAR c)
{
        return c >= 0x80 && c < 0xa0 ? ansi_high[c - 0x80] : c;
}

static UCHAR unicode_to_ansi(WCHAR c)
{
        if (c < 0x80 || (c >= 0xa0 && c < 0x100))
                return (UCHAR)c;
        for (int i = 0; i < 32; i++)
                if (ansi_high[i] == c)
                        return (UCHAR)(0x80 + i);
        return '?';
}

// --- making and freeing --------------------------------------------------------------------------

NTEXPORT VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING s, PCWSTR text)
{
        size_t n = text ? nt_wcslen(text) : 0;
        if (n > 0x7ffe) // the longest whose terminator still counts
                n = 0x7ffe;
        s->Length = (USHORT)(n * 2);
        s->MaximumLength = (USHORT)(text ? n * 2 + 2 : 0);
        s->Buffer = (PWSTR)(ULONG_PTR)text;
}

NTEXPORT NTSTATUS NTAPI RtlInitUnicodeStringEx(PUNICODE_STRING s, PCWSTR text)
{
        if (text && nt_wcslen(text) > 0x7ffe)
                return STATUS_NAME_TOO_LONG;
        RtlInitUnicodeString(s, text);
        return STATUS_SUCCESS;
}

NTEXPORT VOID NTAPI RtlInitString(PSTRING s, PCSZ text)
{
        size_t n = text ? strlen(text) : 0;
        if (n > 0xfffe)
                n = 0xfffe;
        s->Length = (USHORT)n;
        s->MaximumLength = (USHORT)(text ? n + 1 : 0);
        s->Buffer = (PCHAR)(ULONG_PTR)text;
}

NTEXPORT VOID NTAPI RtlInitAnsiString(PANSI_STRING s, PCSZ text)
{
        RtlInitString(s, text);
}

NTEXPORT BOOLEAN NTAPI RtlCreateUnicodeString(PUNICODE_STRING s, PCWSTR text)
{
        size_t n = nt_wcslen(text);
        if (n > 0x7ffe)
                return FALSE;
        PWCH p = nt_pool_alloc(NT_POOL_PAGED, n * 2 + 2, STRING_TAG);
        if (!p)
                return FALSE;
        memcpy(p, text, n * 2 + 2);
        *s = (UNICODE_STRING){(USHORT)(n * 2), (USHORT)(n * 2 + 2), p};
        return TRUE;
}

NTEXPORT NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG flags, PCUNICODE_STRING from, PUNICODE_STRING to)
{
        if (flags > 3 || flags == 2 || !from || !to || from->Length > from->MaximumLength)
                return STATUS_INVALID_PARAMETER;
        bool terminate = flags & 1;
        if (!from->Length && !(flags & 2)) {
                *to = (UNICODE_STRING){0};
                return STATUS_SUCCESS;
        }
        if (terminate && from->Length > 0xfffc)
                return STATUS_NAME_TOO_LONG;
        size_t size = from->Length + (terminate ? 2u : 0u);
        PWCH p = nt_pool_alloc(NT_POOL_PAGED, size, STRING_TAG);
        if (!p)
                return STATUS_NO_MEMORY;
        memcpy(p, from->Buffer, from->Length);
        if (terminate)
                p[from->Length / 2] = 0;
        *to = (UNICODE_STRING){from->Length, (USHORT)size, p};
        return STATUS_SUCCESS;
}

NTEXPORT VOID NTAPI RtlFreeUnicodeString(PUNICODE_STRING s)
{
        if (s->Buffer) {
                ExFreePool(s->Buffer);
                *s = (UNICODE_STRING){0};
        }
}

NTEXPORT VOID NTAPI RtlFreeAnsiString(PANSI_STRING s)
{
        if (s->Buffer) {
                ExFreePool(s->Buffer);
                *s = (ANSI_STRING){0};
        }
}

// --- copying -------------------------------------------------------------------------------------

NTEXPORT VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from)
{
        if (!from) {
                to->Length = 0;
                return;
        }
        USHORT n = from->Length < to->MaximumLength ? from->Length : to->MaximumLength;
        memmove(to->Buffer, from->Buffer, n);
        to->Length = n;
        if (n + sizeof(WCHAR) <= to->MaximumLength)
                to->Buffer[n / sizeof(WCHAR)] = 0;
}

NTEXPORT VOID NTAPI RtlCopyString(PSTRING to, const PSTRING from)
{
        if (!from) {
                to->Length = 0;
                return;
        }
        USHORT n = from->Length < to->MaximumLength ? from->Length : to->MaximumLength;
        memmove(to->Buffer, from->Buffer, n);
        to->Length = n;
}

static NTSTATUS append(PUNICODE_STRING to, const WCHAR *text, size_t bytes)
{
        if (bytes > (size_t)to->MaximumLength - to->Length || to->Length > to->MaximumLength)
                return STATUS_BUFFER_TOO_SMALL;
        memmove((char *)to->Buffer + to->Length, text, bytes);
        to->Length = (USHORT)(to->Length + bytes);
        if (to->Length + sizeof(WCHAR) <= to->MaximumLength)
                to->Buffer[to->Length / sizeof(WCHAR)] = 0;
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING to, PCUNICODE_STRING from)
{
        return from->Length ? append(to, from->Buffer, from->Length) : STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING to, PCWSTR text)
{
        return text ? append(to, text, nt_wcslen(text) * sizeof(WCHAR)) : STATUS_SUCCESS;
}

// --- comparing, casing ---------------------------------------------------------------------------

NTEXPORT WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR c)
{
        return nt_upcase(c);
}

NTEXPORT WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR c)
{
        if (c < 0x80)
                return (WCHAR)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        return (c & 0xf800) == 0xd800 || uc_tolower(c) > 0xffff ? c : (WCHAR)uc_tolower(c);
}

NTEXPORT LONG NTAPI RtlCompareUnicodeStrings(CONST WCHAR *a, SIZE_T na, CONST WCHAR *b, SIZE_T nb,
                                             BOOLEAN no_case)
{
        for (size_t i = 0; i < na && i < nb; i++) {
                WCHAR x = no_case ? nt_upcase(a[i]) : a[i], y = no_case ? nt_upcase(b[i]) : b[i];
                if (x != y)
                        return (LONG)x - (LONG)y;
        }
        return na < nb ? -1 : na > nb;
}

NTEXPORT LONG NTAPI RtlCompareUnicodeString(PCUNICODE_STRING a, PCUNICODE_STRING b, BOOLEAN no_case)
{
        LONG r = RtlCompareUnicodeStrings(a->Buffer, a->Length / sizeof(WCHAR), b->Buffer,
                                          b->Length / sizeof(WCHAR), no_case);
        return r;
}

NTEXPORT BOOLEAN NTAPI RtlEqualUnicodeString(PCUNICODE_STRING a, PCUNICODE_STRING b, BOOLEAN no_case)
{
        return a->Length == b->Length && RtlCompareUnicodeString(a, b, no_case) == 0;
}

NTEXPORT BOOLEAN NTAPI RtlPrefixUnicodeString(PCUNICODE_STRING prefix, PCUNICODE_STRING s, BOOLEAN no_case)
{
        return prefix->Length <= s->Length &&
               RtlCompareUnicodeStrings(prefix->Buffer, prefix->Length / sizeof(WCHAR), s->Buffer,
                                        prefix->Length / sizeof(WCHAR), no_case) == 0;
}

NTEXPORT CHAR NTAPI RtlUpperChar(CHAR c)
{
        return (CHAR)unicode_to_ansi(nt_upcase(ansi_to_unicode((UCHAR)c)));
}

NTEXPORT LONG NTAPI RtlCompareString(const PSTRING a, const PSTRING b, BOOLEAN no_case)
{
        for (USHORT i = 0; i < a->Length && i < b->Length; i++) {
                UCHAR x = (UCHAR)(no_case ? RtlUpperChar(a->Buffer[i]) : a->Buffer[i]);
                UCHAR y = (UCHAR)(no_case ? RtlUpperChar(b->Buffer[i]) : b->Buffer[i]);
                if (x != y)
                        return (LONG)x - (LONG)y;
        }
        return (LONG)a->Length - (LONG)b->Length;
}

NTEXPORT BOOLEAN NTAPI RtlEqualString(const PSTRING a, const PSTRING b, BOOLEAN no_case)
{
        return a->Length == b->Length && RtlCompareString(a, b, no_case) == 0;
}

NTEXPORT VOID NTAPI RtlUpperString(PSTRING to, const PSTRING from)
{
        USHORT n = from->Length < to->MaximumLength ? from->Length : to->MaximumLength;
        for (USHORT i = 0; i < n; i++)
                to->Buffer[i] = RtlUpperChar(from->Buffer[i]);
        to->Length = n;
}

static NTSTATUS map_string(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN allocate,
                           WCHAR(NTAPI *map)(WCHAR))
{
        if (allocate) {
                to->Buffer = nt_pool_alloc(NT_POOL_PAGED, from->Length, STRING_TAG);
                if (!to->Buffer)
                        return STATUS_NO_MEMORY;
                to->MaximumLength = from->Length;
        } else if (from->Length > to->MaximumLength) {
                return STATUS_BUFFER_OVERFLOW;
        }
        for (size_t i = 0; i < from->Length / sizeof(WCHAR); i++)
                to->Buffer[i] = map(from->Buffer[i]);
        to->Length = from->Length;
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI RtlUpcaseUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN allocate)
{
        return map_string(to, from, allocate, RtlUpcaseUnicodeChar);
}

NTEXPORT NTSTATUS NTAPI RtlDowncaseUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN allocate)
{
        return map_string(to, from, allocate, RtlDowncaseUnicodeChar);
}

NTEXPORT NTSTATUS NTAPI RtlHashUnicodeString(CONST UNICODE_STRING *s, BOOLEAN no_case, ULONG algorithm,
                                             PULONG hash)
{
        if (!s || !hash ||
            (algorithm != HASH_STRING_ALGORITHM_DEFAULT && algorithm != HASH_STRING_ALGORITHM_X65599))
                return STATUS_INVALID_PARAMETER;
        ULONG h = 0;
        for (size_t i = 0; i < s->Length / sizeof(WCHAR); i++)
                h = h * 65599u + (no_case ? nt_upcase(s->Buffer[i]) : s->Buffer[i]);
        *hash = h;
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI RtlValidateUnicodeString(ULONG flags, PCUNICODE_STRING s)
{
        if (flags || !s || (s->Length & 1) || (s->MaximumLength & 1) || s->Length > s->MaximumLength ||
            (!s->Buffer && s->MaximumLength))
                return STATUS_INVALID_PARAMETER;
        return STATUS_SUCCESS;
}

// --- ANSI and Unicode ----------------------------------------------------------------------------

NTEXPORT ULONG NTAPI RtlxAnsiStringToUnicodeSize(PCANSI_STRING s)
{
        return (s->Length + 1u) * (ULONG)sizeof(WCHAR);
}

NTEXPORT ULONG NTAPI RtlxUnicodeStringToAnsiSize(PCUNICODE_STRING s)
{
        return s->Length / (ULONG)sizeof(WCHAR) + 1;
}

NTEXPORT NTSTATUS NTAPI RtlAnsiStringToUnicodeString(PUNICODE_STRING to, PCANSI_STRING from, BOOLEAN allocate)
{
        ULONG need = RtlxAnsiStringToUnicodeSize(from);
        if (need > 0xffff)
                return STATUS_INVALID_PARAMETER_2;
        if (allocate) {
                to->Buffer = nt_pool_alloc(NT_POOL_PAGED, need, STRING_TAG);
                if (!to->Buffer)
                        return STATUS_NO_MEMORY;
                to->MaximumLength = (USHORT)need;
        } else if (need > to->MaximumLength) {
                return STATUS_BUFFER_OVERFLOW;
        }
        for (USHORT i = 0; i < from->Length; i++)
                to->Buffer[i] = ansi_to_unicode((UCHAR)from->Buffer[i]);
        to->Buffer[from->Length] = 0;
        to->Length = (USHORT)(need - sizeof(WCHAR));
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI RtlUnicodeStringToAnsiString(PANSI_STRING to, PCUNICODE_STRING from, BOOLEAN allocate)
{
        ULONG need = RtlxUnicodeStringToAnsiSize(from), n = need - 1;
        NTSTATUS status = STATUS_SUCCESS;
        if (allocate) {
                to->Buffer = nt_pool_alloc(NT_POOL_PAGED, need, STRING_TAG);
                if (!to->Buffer)
                        return STATUS_NO_MEMORY;
                to->MaximumLength = (USHORT)need;
        } else if (need > to->MaximumLength) { // what fits, and the status
                if (!to->MaximumLength)
                        return STATUS_BUFFER_OVERFLOW;
                n = to->MaximumLength - 1u;
                status = STATUS_BUFFER_OVERFLOW;
        }
        for (ULONG i = 0; i < n; i++)
                to->Buffer[i] = (CHAR)unicode_to_ansi(from->Buffer[i]);
        to->Buffer[n] = 0;
        to->Length = (USHORT)n;
        return status;
}

NTEXPORT NTSTATUS NTAPI RtlMultiByteToUnicodeN(PWCH to, ULONG room, PULONG ret_bytes, PCSTR from, ULONG bytes)
{
        ULONG n = bytes < room / sizeof(WCHAR) ? bytes : room / (ULONG)sizeof(WCHAR);
        for (ULONG i = 0; i < n; i++)
                to[i] = ansi_to_unicode((UCHAR)from[i]);
        if (ret_bytes)
                *ret_bytes = n * (ULONG)sizeof(WCHAR);
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI RtlUnicodeToMultiByteN(PCHAR to, ULONG room, PULONG ret_bytes, PCWCH from,
                                               ULONG bytes)
{
        ULONG n = bytes / (ULONG)sizeof(WCHAR) < room ? bytes / (ULONG)sizeof(WCHAR) : room;
        for (ULONG i = 0; i < n; i++)
                to[i] = (CHAR)unicode_to_ansi(from[i]);
        if (ret_bytes)
                *ret_bytes = n;
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI RtlUnicodeToUTF8N(PCHAR to, ULONG room, PULONG ret_bytes, PCWCH from, ULONG bytes)
{
        ULONG at = 0;
        bool lone = false, fits = true;
        if (!from || (!to && !ret_bytes))
                return STATUS_INVALID_PARAMETER;
        for (size_t i = 0, n = bytes / sizeof(WCHAR); i < n; i++) {
                uint32_t c = (uint16_t)from[i];
                if (c >= 0xd800 && c < 0xdc00 && i + 1 < n && (from[i + 1] & 0xfc00) == 0xdc00) {
                        c = 0x10000 + ((c - 0xd800) << 10) + ((uint16_t)from[i + 1] - 0xdc00u);
                        i++;
                } else if (c >= 0xd800 && c < 0xe000) {
                        lone = true;
                }
                char out[4];
                ULONG k = (ULONG)utf8_encode(c, out);
                if (to && fits && (k > room || at > room - k)) {
                        fits = false;
                        break;
                }
                if (to)
                        memcpy(to + at, out, k);
                at += k;
        }
        if (ret_bytes)
                *ret_bytes = at;
        return !fits ? STATUS_BUFFER_TOO_SMALL : lone ? STATUS_SOME_NOT_MAPPED : STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI RtlUTF8ToUnicodeN(PWSTR to, ULONG room, PULONG ret_bytes, PCCH from, ULONG bytes)
{
        ULONG at = 0;
        bool fits = true;
        if (!from || (!to && !ret_bytes))
                return STATUS_INVALID_PARAMETER;
        for (ULONG i = 0; i < bytes;) {
                uint32_t c;
                i += (ULONG)utf8_decode(from + i, bytes - i, &c);
                WCHAR out[2] = {(WCHAR)c, 0};
                ULONG k = 1;
                if (c >= 0x10000) {
                        out[0] = (WCHAR)(0xd800 + ((c - 0x10000) >> 10));
                        out[1] = (WCHAR)(0xdc00 + ((c - 0x10000) & 0x3ff));
                        k = 2;
                }
                if (to && (at + k) * sizeof(WCHAR) > room) {
                        fits = false;
                        break;
                }
                if (to)
                        memcpy(to + at, out, k * sizeof(WCHAR));
                at += k;
        }
        if (ret_bytes)
                *ret_bytes = at * (ULONG)sizeof(WCHAR);
        if (!fits)
                return STATUS_BUFFER_TOO_SMALL;
        return utf8_valid(from, bytes, NULL) ? STATUS_SUCCESS : STATUS_SOME_NOT_MAPPED;
}

// --- numbers -------------------------------------------------------------------------------------

// Sign, prefix (0x 0o 0b) and digits, up to the first that is none. Characters come from `at`.
static NTSTATUS parse_number(const void *text, size_t n, bool wide, ULONG base, PULONG ret)
{
        size_t i = 0;
#define AT(k) (wide ? ((const WCHAR *)text)[k] : (WCHAR)((const UCHAR *)text)[k])
        while (i < n && AT(i) <= ' ' && (wide || AT(i)))
                i++;
        bool minus = i < n && AT(i) == '-';
        if (i < n && (AT(i) == '-' || AT(i) == '+'))
                i++;
        if (base == 0) {
                base = 10;
                if (i + 1 < n && AT(i) == '0') {
                        WCHAR p = AT(i + 1);
                        ULONG by = p == 'x' ? 16 : p == 'o' ? 8 : p == 'b' ? 2 : 0;
                        if (by) {
                                base = by;
                                i += 2;
                        }
                }
        }
        if (base != 2 && base != 8 && base != 10 && base != 16)
                return STATUS_INVALID_PARAMETER;
        ULONG value = 0;
        for (; i < n; i++) {
                WCHAR c = AT(i);
                ULONG digit = c >= '0' && c <= '9'   ? c - 0x30u
                              : c >= 'a' && c <= 'f' ? c - 0x61u + 10u
                              : c >= 'A' && c <= 'F' ? c - 0x41u + 10u
                                                     : 99;
                if (digit >= base)
                        break;
                value = value * base + digit;
        }
#undef AT
        *ret = minus ? 0 - value : value;
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI RtlUnicodeStringToInteger(PCUNICODE_STRING s, ULONG base, PULONG ret)
{
        return parse_number(s->Buffer, s->Length / sizeof(WCHAR), true, base, ret);
}

NTEXPORT NTSTATUS NTAPI RtlCharToInteger(PCSZ text, ULONG base, PULONG ret)
{
        return parse_number(text, strlen(text), false, base, ret);
}

static NTSTATUS format_number(ULONGLONG value, ULONG base, PUNICODE_STRING s)
{
        WCHAR digits[65];
        size_t n = 0;
        if (base == 0)
                base = 10;
        if (base != 2 && base != 8 && base != 10 && base != 16)
                return STATUS_INVALID_PARAMETER;
        do {
                ULONG d = (ULONG)(value % base);
                digits[RTL_NUMBER_OF(digits) - ++n] = (WCHAR)(d < 10 ? '0' + d : 'A' + d - 10);
                value /= base;
        } while (value);
        if (n * sizeof(WCHAR) > s->MaximumLength)
                return STATUS_BUFFER_OVERFLOW;
        memcpy(s->Buffer, digits + RTL_NUMBER_OF(digits) - n, n * sizeof(WCHAR));
        s->Length = (USHORT)(n * sizeof(WCHAR));
        if (s->Length + sizeof(WCHAR) <= s->MaximumLength)
                s->Buffer[n] = 0;
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG value, ULONG base, PUNICODE_STRING s)
{
        return format_number(value, base, s);
}

NTEXPORT NTSTATUS NTAPI RtlInt64ToUnicodeString(ULONGLONG value, ULONG base, PUNICODE_STRING s)
{
        return format_number(value, base, s);
}

// --- GUIDs ---------------------------------------------------------------------------------------

NTEXPORT NTSTATUS NTAPI RtlStringFromGUID(REFGUID guid, PUNICODE_STRING s)
{
        static const char hex[] = "0123456789ABCDEF";
        WCHAR *p = nt_pool_alloc(NT_POOL_PAGED, 39 * sizeof(WCHAR), STRING_TAG);
        if (!p)
                return STATUS_NO_MEMORY;
        const UCHAR bytes[16] = {(UCHAR)(guid->Data1 >> 24),
                                 (UCHAR)(guid->Data1 >> 16),
                                 (UCHAR)(guid->Data1 >> 8),
                                 (UCHAR)guid->Data1,
                                 (UCHAR)(guid->Data2 >> 8),
                                 (UCHAR)guid->Data2,
                                 (UCHAR)(guid->Data3 >> 8),
                                 (UCHAR)guid->Data3,
                                 guid->Data4[0],
                                 guid->Data4[1],
                                 guid->Data4[2],
                                 guid->Data4[3],
                                 guid->Data4[4],
                                 guid->Data4[5],
                                 guid->Data4[6],
                                 guid->Data4[7]};
        size_t n = 0;
        p[n++] = '{';
        for (int i = 0; i < 16; i++) {
                if (i == 4 || i == 6 || i == 8 || i == 10)
                        p[n++] = '-';
                p[n++] = (WCHAR)hex[bytes[i] >> 4];
                p[n++] = (WCHAR)hex[bytes[i] & 15];
        }
        p[n++] = '}';
        p[n] = 0;
        *s = (UNICODE_STRING){(USHORT)(n * 2), 39 * sizeof(WCHAR), p};
        return STATUS_SUCCESS;
}

static int hex_digit(WCHAR c)
{
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

NTEXPORT NTSTATUS NTAPI RtlGUIDFromString(PUNICODE_STRING s, GUID *guid)
{
        static const char form[] = "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}";
        UCHAR bytes[16];
        size_t digits = 0;
        if (s->Length / sizeof(WCHAR) != sizeof form - 1)
                return STATUS_INVALID_PARAMETER;
        for (size_t i = 0; i < sizeof form - 1; i++) {
                if (form[i] != 'x') {
                        if (s->Buffer[i] != (WCHAR)form[i])
                                return STATUS_INVALID_PARAMETER;
                        continue;
                }
                int d = hex_digit(s->Buffer[i]);
                if (d < 0)
                        return STATUS_INVALID_PARAMETER;
                bytes[digits / 2] = (UCHAR)(digits % 2 ? bytes[digits / 2] | d : d << 4);
                digits++;
        }
        guid->Data1 = (ULONG)bytes[0] << 24 | (ULONG)bytes[1] << 16 | (ULONG)bytes[2] << 8 | bytes[3];
        guid->Data2 = (USHORT)(bytes[4] << 8 | bytes[5]);
        guid->Data3 = (USHORT)(bytes[6] << 8 | bytes[7]);
        memcpy(guid->Data4, bytes + 8, 8);
        return STATUS_SUCCESS;
}
