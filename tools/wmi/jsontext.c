// SPDX-License-Identifier: MIT
// JSON written as it is made.
#include "jsontext.h"

#include <math.h>

#include "base/utf.h"
#include "print-value.h"
#include "say.h"

// The text inside of the quotes: what say_clean_line does not escape is escaped here.
static void jsontext_quoted(JsonText *j, Str s)
{
        buf_u8(j->out, '"');
        for (size_t i = 0; i < s.n;) {
                size_t plain = i;
                while (plain < s.n && s.p[plain] != '"' && s.p[plain] != '\\')
                        plain++;
                say_clean_line((Str){s.p + i, plain - i}, j->out); // \uXXXX is JSON's too
                if (plain < s.n) {
                        buf_u8(j->out, '\\');
                        buf_u8(j->out, (uint8_t)s.p[plain++]);
                }
                i = plain;
        }
        buf_u8(j->out, '"');
}

static void jsontext_begin(JsonText *j, const char *key)
{
        if (j->more)
                buf_u8(j->out, ',');
        j->more = true;
        if (!key)
                return;
        jsontext_quoted(j, str_of(key));
        buf_u8(j->out, ':');
}

void jsontext_open(JsonText *j, const char *key, char bracket)
{
        jsontext_begin(j, key);
        buf_u8(j->out, (uint8_t)bracket);
        j->more = false;
}

void jsontext_close(JsonText *j, char bracket)
{
        buf_u8(j->out, (uint8_t)bracket);
        j->more = true;
}

void jsontext_str(JsonText *j, const char *key, Str s)
{
        jsontext_begin(j, key);
        jsontext_quoted(j, s);
}

void jsontext_z(JsonText *j, const char *key, const char *z)
{
        jsontext_str(j, key, str_of(z));
}

void jsontext_str16(JsonText *j, const char *key, Str16 s)
{
        Arena a = {0};
        Str utf8 = utf_to8(&a, s);
        if (!utf8.p)
                j->out->failed = true;
        else
                jsontext_str(j, key, utf8);
        arena_deinit(&a);
}

void jsontext_number(JsonText *j, const char *key, uint64_t magnitude, bool negative)
{
        jsontext_begin(j, key);
        buf_printf(j->out, "%s%llu", negative && magnitude ? "-" : "", (unsigned long long)magnitude);
}

void jsontext_real(JsonText *j, const char *key, double v)
{
        char text[PRINT_REAL];
        jsontext_begin(j, key);
        buf_text(j->out, isfinite(v) ? print_real(v, false, text) : "null");
}

void jsontext_bool(JsonText *j, const char *key, bool v)
{
        jsontext_begin(j, key);
        buf_text(j->out, v ? "true" : "false");
}

void jsontext_null(JsonText *j, const char *key)
{
        jsontext_begin(j, key);
        buf_text(j->out, "null");
}
