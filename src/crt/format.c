// SPDX-License-Identifier: MIT
// The formatting engine: parses one conversion at a time and writes it to a sink of narrow or wide units.
#include "crt/format.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf.h"

typedef enum {
        SizeNone,
        SizeChar,  // hh
        SizeShort, // h
        SizeLong,  // l, w, I32: 32 bits
        SizeWide,  // ll, j, z, t, I, I64: 64 bits
        SizeLongDouble
} Size;

typedef struct {
        bool left, plus, space, alternate, zero;
        int width;
        int precision; // -1: none
        Size size;
        bool narrow_text; // h was given
        bool wide_text;   // l or w was given
        unsigned type;
} Spec;

// UNICODE_STRING and ANSI_STRING: lengths in bytes.
typedef struct {
        uint16_t length;
        uint16_t capacity;
        const void *text;
} CountedString;

// Room for the longest integer: 64 binary digits would do for any radix.
enum { DIGITS_MAX = 72 };

// --- the sink
// -------------------------------------------------------------------------------------------------------

int crt_write_wide(FILE *stream, const wchar_t *text, size_t count, wchar_t *high, bool end)
{
        char bytes[256];
        size_t n = 0;

        for (size_t i = 0; i < count || (end && *high); i++) {
                uint32_t c = i < count ? text[i] : 0;

                if (*high) {
                        uint32_t first = *high;

                        *high = 0;
                        if (i < count && c >= 0xDC00 && c <= 0xDFFF) {
                                c = 0x10000 + ((first - 0xD800) << 10) + (c - 0xDC00);
                        } else {
                                n += utf8_encode(0xFFFD, bytes + n);
                                if (i >= count)
                                        break;
                        }
                }
                if (c >= 0xD800 && c <= 0xDBFF)
                        *high = (wchar_t)c;
                else
                        n += utf8_encode(c, bytes + n);
                if (n > sizeof(bytes) - 8) {
                        if (fwrite(bytes, 1, n, stream) != n)
                                return -1;
                        n = 0;
                }
        }
        return fwrite(bytes, 1, n, stream) == n ? 0 : -1;
}

static void put_to_stream(FormatSink *sink, const void *units, size_t count)
{
        if (sink->wide) {
                if (crt_write_wide(sink->stream, units, count, &sink->high, false))
                        sink->failed = true;
        } else if (fwrite(units, 1, count, sink->stream) != count) {
                sink->failed = true;
        }
}

// Units of the sink's own width.
static void put(FormatSink *sink, const void *units, size_t count)
{
        size_t unit = sink->wide ? sizeof(wchar_t) : 1;

        if (sink->stream) {
                put_to_stream(sink, units, count);
        } else if (sink->count < sink->capacity) {
                size_t room = sink->capacity - sink->count;

                memcpy((char *)sink->buffer + sink->count * unit, units,
                       (count < room ? count : room) * unit);
        }
        sink->count += count;
}

static void put_ascii(FormatSink *sink, const char *text, size_t count)
{
        wchar_t wide[64];

        if (!sink->wide) {
                put(sink, text, count);
                return;
        }
        while (count) {
                size_t n = count < 64 ? count : 64;

                for (size_t i = 0; i < n; i++)
                        wide[i] = (unsigned char)text[i];
                put(sink, wide, n);
                text += n;
                count -= n;
        }
}

static void fill(FormatSink *sink, char c, int count)
{
        size_t left = count > 0 ? (size_t)count : 0, unstored = 0;
        char block[64];

        // What no buffer stores need not be made.
        if (!sink->stream) {
                size_t room = sink->count < sink->capacity ? sink->capacity - sink->count : 0;

                unstored = left > room ? left - room : 0;
        }
        memset(block, c, sizeof(block));
        for (left -= unstored; left && !sink->failed; left -= left < sizeof(block) ? left : sizeof(block))
                put_ascii(sink, block, left < sizeof(block) ? left : sizeof(block));
        sink->count += unstored;
}

// --- text
// -----------------------------------------------------------------------------------------------------------

// One unit pair or unit of UTF-16 at text[0..n): returns the units used and the character.
static size_t decode16(const wchar_t *text, size_t n, uint32_t *c)
{
        *c = text[0];
        if (*c >= 0xD800 && *c <= 0xDBFF && n > 1 && text[1] >= 0xDC00 && text[1] <= 0xDFFF) {
                *c = 0x10000 + ((*c - 0xD800) << 10) + (text[1] - 0xDC00U);
                return 2;
        }
        return 1;
}

// UTF-16 for a narrow sink. Writes at most `limit` bytes; with `sink` NULL only counts them.
static size_t put_wide_as_narrow(FormatSink *sink, const wchar_t *text, size_t count, size_t limit)
{
        size_t bytes = 0;

        for (size_t i = 0; i < count;) {
                uint32_t c;
                char out[4];
                size_t used = decode16(text + i, count - i, &c), n = utf8_encode(c, out);

                if (n > limit - bytes)
                        break;
                if (sink)
                        put(sink, out, n);
                bytes += n;
                i += used;
        }
        return bytes;
}

// UTF-8 for a wide sink, the same.
static size_t put_narrow_as_wide(FormatSink *sink, const char *text, size_t count, size_t limit)
{
        size_t units = 0;

        for (size_t i = 0; i < count;) {
                uint32_t c;
                wchar_t out[2];
                size_t n = 1, used = utf8_decode(text + i, count - i, &c);

                out[0] = (wchar_t)c;
                if (c >= 0x10000) {
                        out[0] = (wchar_t)(0xD800 + ((c - 0x10000) >> 10));
                        out[1] = (wchar_t)(0xDC00 + ((c - 0x10000) & 0x3FF));
                        n = 2;
                }
                if (n > limit - units)
                        break;
                if (sink)
                        put(sink, out, n);
                units += n;
                i += used;
        }
        return units;
}

// Text of either width and `count` units, with padding. A precision has already limited `count`, and limits
// what is written too.
static void put_text(FormatSink *sink, const Spec *spec, const void *text, size_t count, bool wide)
{
        size_t limit = spec->precision >= 0 ? (size_t)spec->precision : SIZE_MAX;
        size_t length = count;
        int pad;

        if (wide && !sink->wide)
                length = put_wide_as_narrow(NULL, text, count, limit);
        else if (!wide && sink->wide)
                length = put_narrow_as_wide(NULL, text, count, limit);
        pad = (size_t)spec->width > length ? spec->width - (int)length : 0;
        if (!spec->left)
                fill(sink, spec->zero ? '0' : ' ', pad);
        if (wide && !sink->wide)
                put_wide_as_narrow(sink, text, count, limit);
        else if (!wide && sink->wide)
                put_narrow_as_wide(sink, text, count, limit);
        else
                put(sink, text, count);
        if (spec->left)
                fill(sink, ' ', pad);
}

// The length of a terminated text, which need not be terminated within the precision.
static size_t text_length(const void *text, bool wide, int precision)
{
        size_t limit = precision >= 0 ? (size_t)precision : SIZE_MAX, n = 0;

        if (wide)
                while (n < limit && ((const wchar_t *)text)[n])
                        n++;
        else
                while (n < limit && ((const char *)text)[n])
                        n++;
        return n;
}

// Does this conversion take wide text? The letters in lower case mean the function's own width.
static bool takes_wide(const FormatSink *sink, const Spec *spec)
{
        if (spec->narrow_text)
                return false;
        if (spec->wide_text)
                return true;
        return spec->type == 's' || spec->type == 'c' ? sink->wide : !sink->wide;
}

static void put_string(FormatSink *sink, const Spec *spec, const void *text)
{
        bool wide = takes_wide(sink, spec);

        if (!text) {
                text = "(null)";
                wide = false;
        }
        put_text(sink, spec, text, text_length(text, wide, spec->precision), wide);
}

static void put_counted(FormatSink *sink, const Spec *spec, const CountedString *string)
{
        bool wide = spec->wide_text;
        size_t count;

        if (!string || !string->text) {
                put_text(sink, spec, "(null)", text_length("(null)", false, spec->precision), false);
                return;
        }
        count = wide ? string->length / sizeof(wchar_t) : string->length;
        if (spec->precision >= 0 && count > (size_t)spec->precision)
                count = (size_t)spec->precision;
        put_text(sink, spec, string->text, count, wide);
}

static void put_character(FormatSink *sink, const Spec *spec, int value)
{
        Spec one = *spec;
        wchar_t wide = (wchar_t)value;
        char narrow = (char)value;

        one.precision = -1;
        if (takes_wide(sink, spec))
                put_text(sink, &one, &wide, 1, true);
        else
                put_text(sink, &one, &narrow, 1, false);
}

// --- numbers
// --------------------------------------------------------------------------------------------------------

static size_t digits_of(uint64_t value, unsigned radix, bool upper, char digits[DIGITS_MAX])
{
        const char *alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
        char reversed[DIGITS_MAX];
        size_t n = 0;

        for (; value; value /= radix)
                reversed[n++] = alphabet[value % radix];
        for (size_t i = 0; i < n; i++)
                digits[i] = reversed[n - 1 - i];
        return n;
}

static void put_digits(FormatSink *sink, const Spec *spec, const char *prefix, const char *digits,
                       size_t count)
{
        int zeros = spec->precision >= 0 ? spec->precision : 1;
        int length = (int)(strlen(prefix) + count), pad;

        zeros = zeros > (int)count ? zeros - (int)count : 0;
        pad = spec->width - length;
        pad = pad > zeros ? pad - zeros : 0;
        if (spec->zero && !spec->left && spec->precision < 0) {
                zeros += pad;
                pad = 0;
        }
        if (!spec->left)
                fill(sink, ' ', pad);
        put_ascii(sink, prefix, strlen(prefix));
        fill(sink, '0', zeros);
        put_ascii(sink, digits, count);
        if (spec->left)
                fill(sink, ' ', pad);
}

static uint64_t take_integer(const Spec *spec, bool is_signed, va_list *arguments)
{
        uint64_t value = spec->size == SizeWide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);

        switch (spec->size) {
        case SizeChar:
                return is_signed ? (uint64_t)(int64_t)(int8_t)value : (uint8_t)value;
        case SizeShort:
                return is_signed ? (uint64_t)(int64_t)(int16_t)value : (uint16_t)value;
        case SizeWide:
                return value;
        case SizeNone:
        case SizeLong:
        case SizeLongDouble:
                break;
        }
        return is_signed ? (uint64_t)(int64_t)(int32_t)value : (uint32_t)value;
}

static void put_signed(FormatSink *sink, const Spec *spec, int64_t value)
{
        char digits[DIGITS_MAX];
        uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        size_t n = digits_of(magnitude, 10, false, digits);

        put_digits(sink, spec, value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "", digits, n);
}

static void put_unsigned(FormatSink *sink, const Spec *spec, uint64_t value)
{
        char digits[DIGITS_MAX];
        unsigned radix = spec->type == 'o' ? 8 : spec->type == 'u' ? 10 : 16;
        size_t n = digits_of(value, radix, spec->type == 'X', digits);
        const char *prefix = "";

        if (spec->alternate && radix == 16 && value)
                prefix = spec->type == 'X' ? "0X" : "0x";
        if (spec->alternate && radix == 8 && (value ? spec->precision <= (int)n : spec->precision == 0))
                prefix = "0";
        put_digits(sink, spec, prefix, digits, n);
}

static void put_pointer(FormatSink *sink, const Spec *spec, const void *pointer)
{
        char digits[DIGITS_MAX];
        Spec hex = *spec;

        hex.precision = 2 * (int)sizeof(pointer);
        put_digits(sink, &hex, spec->alternate ? "0X" : "", digits,
                   digits_of((uintptr_t)pointer, 16, true, digits));
}

// Floating point is the C library's own business in both worlds: its text, then our padding.
static void put_floating(FormatSink *sink, const Spec *spec, va_list *arguments)
{
        char format[16] = "%", *f = format + 1, small[512], *text = small;
        int precision = spec->precision, length;
        Spec plain = *spec;
        long double value = spec->size == SizeLongDouble ? va_arg(*arguments, long double)
                                                         : (long double)va_arg(*arguments, double);

        if (spec->plus)
                *f++ = '+';
        if (spec->space)
                *f++ = ' ';
        if (spec->alternate)
                *f++ = '#';
        if (spec->zero && !spec->left)
                *f++ = '0';
        *f++ = '*';
        if (precision >= 0) {
                *f++ = '.';
                *f++ = '*';
        }
        if (spec->size == SizeLongDouble)
                *f++ = 'L';
        *f++ = (char)spec->type;
        *f = '\0';
        plain.precision = -1;
        plain.zero = false;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        for (size_t size = sizeof(small);;) {
                int width = spec->zero && !spec->left ? spec->width : 0;

                if (spec->size == SizeLongDouble)
                        length = precision >= 0 ? snprintf(text, size, format, width, precision, value)
                                                : snprintf(text, size, format, width, value);
                else
                        length = precision >= 0
                                         ? snprintf(text, size, format, width, precision, (double)value)
                                         : snprintf(text, size, format, width, (double)value);
                if (length < 0 || text != small || (size_t)length < size)
                        break;
                size = (size_t)length + 1;
                text = malloc(size);
                if (!text) {
                        sink->failed = true;
                        return;
                }
        }
#pragma GCC diagnostic pop
        if (length < 0)
                sink->failed = true;
        else
                put_text(sink, &plain, text, (size_t)length, false);
        if (text != small)
                free(text);
}

// --- the format
// -----------------------------------------------------------------------------------------------------

// A format of either width, read unit by unit.
typedef struct {
        const void *text;
        size_t at;
        bool wide;
} Reader;

static unsigned peek(const Reader *reader, size_t ahead)
{
        return reader->wide ? ((const wchar_t *)reader->text)[reader->at + ahead]
                            : ((const unsigned char *)reader->text)[reader->at + ahead];
}

static int read_number(Reader *reader)
{
        int n = 0;

        for (; peek(reader, 0) >= '0' && peek(reader, 0) <= '9'; reader->at++) {
                int digit = (int)peek(reader, 0) - '0';

                n = n > (INT_MAX - digit) / 10 ? INT_MAX : n * 10 + digit;
        }
        return n;
}

static void read_flags(Reader *reader, Spec *spec)
{
        for (;; reader->at++) {
                switch (peek(reader, 0)) {
                case '-':
                        spec->left = true;
                        break;
                case '+':
                        spec->plus = true;
                        break;
                case ' ':
                        spec->space = true;
                        break;
                case '#':
                        spec->alternate = true;
                        break;
                case '0':
                        spec->zero = true;
                        break;
                default:
                        return;
                }
        }
}

static void read_width(Reader *reader, Spec *spec, va_list *arguments)
{
        if (peek(reader, 0) == '*') {
                reader->at++;
                spec->width = va_arg(*arguments, int);
                if (spec->width < 0) {
                        spec->left = true;
                        spec->width = spec->width == INT_MIN ? INT_MAX : -spec->width;
                }
        } else {
                spec->width = read_number(reader);
        }
        if (peek(reader, 0) != '.')
                return;
        reader->at++;
        if (peek(reader, 0) == '*') {
                reader->at++;
                spec->precision = va_arg(*arguments, int);
                if (spec->precision < 0)
                        spec->precision = -1;
        } else {
                spec->precision = read_number(reader);
        }
}

static void read_size(Reader *reader, Spec *spec)
{
        switch (peek(reader, 0)) {
        case 'h':
                spec->narrow_text = true;
                spec->size = peek(reader, 1) == 'h' ? SizeChar : SizeShort;
                reader->at += spec->size == SizeChar ? 2 : 1;
                break;
        case 'l':
                spec->wide_text = true;
                spec->size = peek(reader, 1) == 'l' ? SizeWide : SizeLong;
                reader->at += spec->size == SizeWide ? 2 : 1;
                break;
        case 'w':
                spec->wide_text = true;
                spec->size = SizeLong;
                reader->at++;
                break;
        case 'I':
                if (peek(reader, 1) == '6' && peek(reader, 2) == '4') {
                        spec->size = SizeWide;
                        reader->at += 3;
                } else if (peek(reader, 1) == '3' && peek(reader, 2) == '2') {
                        spec->size = SizeLong;
                        reader->at += 3;
                } else {
                        spec->size = SizeWide;
                        reader->at++;
                }
                break;
        case 'j':
        case 'z':
        case 't':
                spec->size = SizeWide;
                reader->at++;
                break;
        case 'L':
                spec->size = SizeLongDouble;
                reader->at++;
                break;
        default:
                break;
        }
}

// One conversion, the reader behind its '%'. Returns false where the format is refused.
static bool convert(FormatSink *sink, Reader *reader, va_list *arguments)
{
        Spec spec = {.precision = -1};
        wchar_t wide;
        char narrow;

        read_flags(reader, &spec);
        read_width(reader, &spec, arguments);
        read_size(reader, &spec);
        spec.type = peek(reader, 0);
        if (!spec.type)
                return true; // a lone '%' at the end
        reader->at++;
        switch (spec.type) {
        case 'd':
        case 'i':
                put_signed(sink, &spec, (int64_t)take_integer(&spec, true, arguments));
                return true;
        case 'u':
        case 'o':
        case 'x':
        case 'X':
                put_unsigned(sink, &spec, take_integer(&spec, false, arguments));
                return true;
        case 'p':
                put_pointer(sink, &spec, va_arg(*arguments, void *));
                return true;
        case 's':
        case 'S':
                put_string(sink, &spec, va_arg(*arguments, void *));
                return true;
        case 'c':
        case 'C':
                put_character(sink, &spec, va_arg(*arguments, int));
                return true;
        case 'Z':
                put_counted(sink, &spec, va_arg(*arguments, void *));
                return true;
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
        case 'a':
        case 'A':
                put_floating(sink, &spec, arguments);
                return true;
        case 'n':
                return false; // writes through an argument: off in Microsoft's runtime, too
        default:
                // A letter without a meaning, '%' among them, stands for itself.
                wide = (wchar_t)spec.type;
                narrow = (char)spec.type;
                put(sink, sink->wide ? (const void *)&wide : &narrow, 1);
                return true;
        }
}

int crt_format(FormatSink *sink, const void *format, va_list arguments)
{
        Reader reader = {format, 0, sink->wide};
        size_t unit = sink->wide ? sizeof(wchar_t) : 1;
        va_list copy;

        va_copy(copy, arguments);
        while (peek(&reader, 0) && !sink->failed) {
                size_t n = 0;

                while (peek(&reader, n) && peek(&reader, n) != '%')
                        n++;
                if (n) {
                        put(sink, (const char *)format + reader.at * unit, n);
                        reader.at += n;
                        continue;
                }
                reader.at++;
                if (!convert(sink, &reader, &copy))
                        sink->failed = true;
        }
        va_end(copy);
        if (sink->stream && sink->wide && crt_write_wide(sink->stream, NULL, 0, &sink->high, true))
                sink->failed = true;
        return sink->failed || sink->count > INT_MAX ? -1 : (int)sink->count;
}
