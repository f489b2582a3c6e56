// SPDX-License-Identifier: MIT
// ACPI objects -> data blocks, strings -> ACPI.
#include "cim/acpi.h"

#include "base/limits.h"

enum { ACPI_STRING_CHARS = UINT16_MAX / 2 - 1 }; // the terminator counts

static void acpi_align(Buf *out, size_t start, size_t align)
{
        while ((out->n - start) % align && !out->failed)
                buf_u8(out, 0);
}

static int acpi_string(Str s, Buf *out, Diag *reterr)
{
        if (s.n > ACPI_STRING_CHARS)
                return diag_set(reterr, 0, "a string has %zu characters, a block holds %d and a terminator",
                                s.n, ACPI_STRING_CHARS);
        for (size_t i = 0; i < s.n; i++)
                if ((unsigned char)s.p[i] >= 0x80 || !s.p[i])
                        return diag_set(reterr, 0, "a string of ACPI is ASCII; byte %zu is 0x%02x", i,
                                        (unsigned char)s.p[i]);
        buf_u16(out, (uint16_t)((s.n + 1) * 2));
        for (size_t i = 0; i < s.n; i++)
                buf_u16(out, (unsigned char)s.p[i]);
        buf_u16(out, 0);
        return 0;
}

static int acpi_put(const AcpiObject *o, Buf *out, size_t start, bool inside, Diag *reterr)
{
        int r = 0;
        switch (o->kind) {
        case ACPI_INTEGER:
                if (o->integer > UINT32_MAX)
                        return diag_set(reterr, 0, "the integer 0x%llx is beyond uint32",
                                        (unsigned long long)o->integer);
                acpi_align(out, start, 4);
                buf_u32(out, (uint32_t)o->integer);
                break;
        case ACPI_STRING:
                acpi_align(out, start, 2);
                r = acpi_string(o->bytes, out, reterr);
                break;
        case ACPI_BUFFER:
                buf_put(out, o->bytes.p, o->bytes.n);
                break;
        case ACPI_PACKAGE:
                if (inside)
                        return diag_set(reterr, 0, "a package is inside a package");
                for (size_t i = 0; i < o->package.count && !r; i++)
                        r = acpi_put(&o->package.items[i], out, start, true, reterr);
                break;
        }
        if (!r && out->n - start > LIMIT_EVENT_BYTES)
                return diag_set(reterr, 0, "the block would exceed %u bytes", LIMIT_EVENT_BYTES);
        return r ? r : out->failed ? -ENOMEM : 0;
}

int cim_acpi_block(const AcpiObject *o, Buf *out, Diag *reterr)
{
        size_t start = out->n;
        int r = acpi_put(o, out, start, false, reterr);
        if (r)
                out->n = start;
        return r;
}

int cim_acpi_string(const uint8_t *block, size_t n, Buf *out, Diag *reterr)
{
        Reader b = {.p = block, .n = n};
        size_t length = read_u16(&b), start = out->n;
        if (b.failed)
                return diag_set(reterr, 0, "a string begins with its length in two bytes, and there %s",
                                n ? "is one" : "are none");
        if (length % 2)
                return diag_set(reterr, 0, "the string has the odd length %zu", length);
        if (length > b.n)
                return diag_set(reterr, 0, "the string has %zu bytes, and %zu are there", length, b.n);
        for (size_t i = 0; i < length / 2; i++) {
                uint16_t c = read_u16(&b);
                if (!c)
                        break;
                if (c >= 0x80) {
                        out->n = start;
                        return diag_set(reterr, 0, "character %zu is U+%04X, and a string of ACPI is ASCII",
                                        i, c);
                }
                buf_u8(out, (uint8_t)c);
        }
        return out->failed ? -ENOMEM : 0;
}
