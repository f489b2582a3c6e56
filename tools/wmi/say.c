// SPDX-License-Identifier: MIT
// Words to the user.
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uniwidth.h>
#include <unistd.h>

#include "base/utf.h"
#include "cim/status.h"
#include "verb.h"

static const char *say_program = "wmi";

void say_as(const char *program)
{
        say_program = program;
}

// A driver's or a service's words may hold anything: they are cleaned like all text from outside.
void say(const char *format, ...)
{
        char line[4096];
        va_list args;
        va_start(args, format);
        int n = vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        if (n < 0)
                return;
        Buf out = {0};
        size_t own = strlen(say_program);
        if (strncmp(line, say_program, own) != 0 || line[own] != ' ') // "wmi mof layout: ..." says it itself
                buf_printf(&out, "%s: ", say_program);
        say_clean_line(str_of(line), &out);
        buf_u8(&out, '\n');
        if (!out.failed && write(STDERR_FILENO, out.p, out.n) < 0)
                out.n = 0; // nobody left to tell
        buf_deinit(&out);
}

bool say_colour(int fd)
{
        const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
        return (!no || !*no) && term && strcmp(term, "dumb") != 0 && isatty(fd);
}

static bool say_hostile(uint32_t c)
{
        return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x202A && c <= 0x202E) ||
               (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

static void clean(Str s, bool lines, Buf *out)
{
        for (size_t i = 0; i < s.n;) {
                uint32_t c;
                size_t n = utf8_decode(s.p + i, s.n - i, &c);
                char utf8[4];
                if (say_hostile(c) && !(lines && (c == '\t' || c == '\n')))
                        buf_printf(out, "\\u%04X", c);
                else
                        buf_put(out, utf8, utf8_encode(c, utf8));
                i += n;
        }
}

void say_clean(Str s, Buf *out)
{
        clean(s, true, out);
}

void say_clean_line(Str s, Buf *out)
{
        clean(s, false, out);
}

// Line number `line` (from 1) of a text, without its end.
static Str say_line(Str source, uint32_t line)
{
        const char *p = source.p, *end = source.p + source.n;
        for (; line > 1 && p < end; line--) {
                const char *next = memchr(p, '\n', (size_t)(end - p));
                if (!next)
                        return (Str){0};
                p = next + 1;
        }
        const char *stop = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
        if (!stop)
                stop = end;
        if (stop > p && stop[-1] == '\r')
                stop--;
        return (Str){p, (size_t)(stop - p)};
}

// The columns that a character takes as say_clean writes it.
static size_t say_width(uint32_t c)
{
        int width = say_hostile(c) && c != '\t' ? 6 : uc_width(c, "UTF-8");
        return width < 0 ? 0 : (size_t)width;
}

// Blanks as wide as `before`, with its tabs, a caret, and a tilde for each further column of `token`.
static void say_caret(Str before, Str token, Buf *out)
{
        uint32_t c;
        for (size_t i = 0; i < before.n;) {
                i += utf8_decode(before.p + i, before.n - i, &c);
                for (size_t w = say_width(c); c != '\t' && w; w--)
                        buf_u8(out, ' ');
                if (c == '\t')
                        buf_u8(out, '\t');
        }
        size_t columns = 0;
        for (size_t i = 0; i < token.n; columns += say_width(c)) {
                i += utf8_decode(token.p + i, token.n - i, &c);
                if (c == '\t')
                        break;
        }
        buf_u8(out, '^');
        for (; columns > 1; columns--)
                buf_u8(out, '~');
}

// `from` moved by `n` characters, to the left or the right.
static size_t say_move(Str line, size_t from, long n)
{
        for (; n < 0 && from; n++)
                while (--from && ((uint8_t)line.p[from] & 0xC0) == 0x80)
                        continue;
        for (; n > 0 && from < line.n; n--)
                while (++from < line.n && ((uint8_t)line.p[from] & 0xC0) == 0x80)
                        continue;
        return from;
}

void say_source(Str line, size_t at, size_t length, bool colour, Buf *out)
{
        enum { WHOLE = 300, BEFORE = 60, AFTER = 60 };
        if (at > line.n)
                at = line.n;
        size_t begin = line.n > WHOLE ? say_move(line, at, -BEFORE) : 0;
        size_t end = line.n > WHOLE ? say_move(line, at, AFTER) : line.n;
        if (length > end - at)
                length = end - at;
        buf_text(out, begin ? "    ..." : "    ");
        say_clean((Str){line.p + begin, end - begin}, out);
        buf_text(out, end < line.n ? "...\n" : "\n");
        buf_text(out, begin ? "       " : "    ");
        buf_text(out, colour ? "\033[1;32m" : "");
        say_caret((Str){line.p + begin, at - begin}, (Str){line.p + at, length}, out);
        buf_text(out, colour ? "\033[m\n" : "\n");
}

// Where in the line a column is.
static void say_line_at(const Diag *d, Str source, bool colour, Buf *out)
{
        Str line = say_line(source, d->line);
        if (line.n)
                say_source(line, say_move(line, 0, (long)d->column - 1), d->length, colour, out);
}

// As diag_text, with the name of the number.
static void say_words(const Diag *d, Buf *out)
{
        char text[1400];
        Diag plain = *d;
        const char *name = d->code ? cim_status_name(d->code) : NULL;
        plain.code = 0;
        plain.hint[0] = '\0';
        if (!plain.message[0])
                snprintf(plain.message, sizeof(plain.message), "%s", cim_status_says(d->code));
        say_clean(str_of(diag_text(&plain, text, sizeof(text))), out);
        if (d->code)
                buf_printf(out, " (%s%s0x%08X)", name ? name : "", name ? ", " : "", d->code);
        if (d->hint[0])
                buf_text(out, "; ");
        say_clean(str_of(d->hint), out);
}

void say_diag_text(const Diag *d, Str source, bool colour, Buf *out)
{
        if (colour)
                buf_text(out, "\033[1m");
        say_words(d, out);
        buf_text(out, colour ? "\033[m\n" : "\n");
        if (d->line && d->column && source.n)
                say_line_at(d, source, colour, out);
}

// Does the text hold the other one?
static bool say_holds(const char *text, Str part)
{
        for (const char *p = text; part.n && (p = memchr(p, part.p[0], strlen(p))); p++)
                if (strncmp(p, part.p, part.n) == 0)
                        return true;
        return false;
}

void say_status(const Diag *d, const char *operation, Str about, Str source)
{
        Buf out = {0};
        if (!d->line)
                buf_printf(&out, "%s: ", say_program);
        say_diag_text(d, source, say_colour(STDERR_FILENO), &out);
        if (operation && about.n && !say_holds(d->message, about)) {
                buf_printf(&out, "    %s ", operation);
                say_clean_line(about, &out);
                buf_u8(&out, '\n');
        }
        if (!out.failed && write(STDERR_FILENO, out.p, out.n) < 0)
                out.n = 0;
        buf_deinit(&out);
}

void say_diag(const Diag *d, Str source)
{
        say_status(d, NULL, (Str){0}, source);
}

int say_exit(uint32_t status, bool about_input)
{
        switch (status) {
        case CIM_E_TRANSPORT_FAILURE:
        case CIM_E_SHUTTING_DOWN:
                return WMI_GONE;
        case CIM_E_ACCESS_DENIED:
        case CIM_E_OUT_OF_MEMORY:
        case CIM_E_SERVER_TOO_BUSY:
        case CIM_E_TIMED_OUT:
        case CIM_E_FAILED:
        case CIM_E_CRITICAL_ERROR:
                return WMI_FAILED;
        default:
                return about_input ? WMI_INPUT : WMI_FAILED;
        }
}

int say_exit_object(uint32_t status)
{
        switch (status) {
        case CIM_E_INVALID_OBJECT_PATH:
        case CIM_E_INVALID_QUERY:
        case CIM_E_UNPARSABLE_QUERY:
        case CIM_E_INVALID_QUERY_TYPE:
        case CIM_E_NOT_EVENT_CLASS:
        case CIM_E_MISSING_GROUP_WITHIN:
        case CIM_E_MISSING_AGGREGATION_LIST:
        case CIM_E_AGGREGATING_BY_OBJECT:
        case CIM_E_REGISTRATION_TOO_PRECISE:
        case CIM_E_NOT_SUPPORTED:
        case CIM_E_INVALID_SYNTAX:
        case CIM_E_INVALID_PARAMETER:
        case CIM_E_INVALID_PROPERTY:
        case CIM_E_SYSTEM_PROPERTY:
        case CIM_E_INVALID_OPERATOR:
        case CIM_E_INVALID_OBJECT:
        case CIM_E_PROPERTY_NOT_AN_OBJECT:
        case CIM_E_TYPE_MISMATCH:
        case CIM_E_VALUE_OUT_OF_RANGE:
        case CIM_E_ILLEGAL_NULL:
        case CIM_E_NO_KEY:
        case CIM_E_QUOTA_VIOLATION:
                return WMI_INPUT;
        default:
                return say_exit(status, false);
        }
}
