// SPDX-License-Identifier: MIT
// Wide characters on streams, which carry UTF-8.
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>

#include "base/utf.h"
#include "crt/crt.h"
#include "crt/format.h"

// A surrogate that waits for its other half between two calls of fputwc or fgetwc, and on which stream.
static _Thread_local struct {
        FILE *stream;
        wchar_t half;
} pending_out, pending_in;

int fputws(const wchar_t *text, FILE *stream)
{
        wchar_t high = 0;

        return crt_write_wide(stream, text, wcslen(text), &high, true) ? EOF : 0;
}

int _putws(const wchar_t *text)
{
        return fputws(text, stdout) == EOF || putchar('\n') == EOF ? EOF : 0;
}

wint_t fputwc(wchar_t c, FILE *stream)
{
        wchar_t high = pending_out.stream == stream ? pending_out.half : 0;
        int r = crt_write_wide(stream, &c, 1, &high, false);

        pending_out.stream = stream;
        pending_out.half = high;
        return r ? WEOF : c;
}

wint_t putwc(wchar_t c, FILE *stream)
{
        return fputwc(c, stream);
}

wint_t putwchar(wchar_t c)
{
        return fputwc(c, stdout);
}

wint_t fgetwc(FILE *stream)
{
        char bytes[4];
        uint32_t c;
        size_t need;
        int byte;

        if (pending_in.stream == stream && pending_in.half) {
                wint_t half = pending_in.half;

                pending_in.half = 0;
                return half;
        }
        byte = getc(stream);
        if (byte == EOF)
                return WEOF;
        bytes[0] = (char)byte;
        need = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
        for (size_t n = 1; n < need; n++) {
                byte = getc(stream);
                if (byte == EOF || (byte & 0xC0) != 0x80) {
                        if (byte != EOF)
                                ungetc(byte, stream);
                        return 0xFFFD;
                }
                bytes[n] = (char)byte;
        }
        utf8_decode(bytes, need, &c);
        if (c < 0x10000)
                return c;
        pending_in.stream = stream;
        pending_in.half = (wchar_t)(0xDC00 + ((c - 0x10000) & 0x3FF));
        return 0xD800 + ((c - 0x10000) >> 10);
}

wint_t getwc(FILE *stream)
{
        return fgetwc(stream);
}

wint_t getwchar(void)
{
        return fgetwc(stdin);
}

wchar_t *fgetws(wchar_t *to, int capacity, FILE *stream)
{
        int n = 0;

        if (!to || capacity <= 0)
                return NULL;
        while (n < capacity - 1) {
                wint_t c = fgetwc(stream);

                if (c == WEOF)
                        break;
                to[n++] = (wchar_t)c;
                if (c == '\n')
                        break;
        }
        if (!n)
                return NULL;
        to[n] = 0;
        return to;
}
