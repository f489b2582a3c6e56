// SPDX-License-Identifier: MIT
// Diag: filling and printing.
#include "base/error.h"

#include <stdio.h>
#include <string.h>

// Text that did not fit ends in front of the character that was cut.
static void diag_print(char *out, size_t size, const char *format, va_list args)
{
        int wanted = vsnprintf(out, size, format, args);
        if (wanted < 0 || (size_t)wanted < size)
                return;
        size_t n = size - 1;
        while (n && ((unsigned char)out[n - 1] & 0xC0) == 0x80)
                n--;
        if (n && (unsigned char)out[n - 1] >= 0xC0)
                out[n - 1] = '\0';
}

int diag_setv(Diag *d, uint32_t code, const char *format, va_list args)
{
        if (!d)
                return E_DIAG;
        d->code = code;
        d->hint[0] = '\0';
        diag_print(d->message, sizeof(d->message), format, args);
        return E_DIAG;
}

int diag_set(Diag *d, uint32_t code, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int r = diag_setv(d, code, format, args);
        va_end(args);
        return r;
}

int diag_hint(Diag *d, const char *format, ...)
{
        if (!d)
                return E_DIAG;
        va_list args;
        va_start(args, format);
        diag_print(d->hint, sizeof(d->hint), format, args);
        va_end(args);
        return E_DIAG;
}

void diag_place(Diag *d, const char *text, size_t n, size_t offset, size_t length)
{
        if (!d)
                return;
        if (offset > n)
                offset = n;
        d->offset = offset;
        d->length = length;
        d->line = 1;
        d->column = 1;
        for (size_t i = 0; i < offset; i++) {
                if (text[i] == '\n') {
                        d->line++;
                        d->column = 1;
                } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
                        d->column++;
                }
        }
}

char *diag_text(const Diag *d, char *out, size_t size)
{
        char place[320] = "";
        if (d->line && d->file[0])
                snprintf(place, sizeof(place), "%s:%u:%u: ", d->file, d->line, d->column);
        else if (d->line)
                snprintf(place, sizeof(place), "%u:%u: ", d->line, d->column);
        else if (d->file[0])
                snprintf(place, sizeof(place), "%s: ", d->file);
        char code[16] = "";
        if (d->code)
                snprintf(code, sizeof(code), " (0x%08X)", d->code);
        snprintf(out, size, "%s%s%s%s%s", place, d->message, code, d->hint[0] ? "; " : "", d->hint);
        return out;
}
