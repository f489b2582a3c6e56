// SPDX-License-Identifier: MIT
// MOF text of documents.
//
// Everything is first written flat, on one line; what turns out too long for it is taken back and laid out on several.
// While something is written flat, nothing is written beyond the first character too many.
#include "mof/print.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/value.h"
#include "mof/internal.h"

enum {
        WIDTH = 120,   // columns of a line
        TAB = 8,       // columns of a tab
        TAIL = 3,      // columns kept for what closes behind a token: `)];`
        MOST_VALUES = 2 * LIMIT_DEPTH, // in each other: a list and an object for each step
        MEANING = 24, // columns of a comment beside a value
        FAR_RIGHT = 56, // no list or string is aligned further to the right than this
};

typedef struct Printer {
        Buf *out;
        size_t begin; // of our text in *out: no line begins before it
        unsigned depth; // of nesting, in tabs
        unsigned values; // of values in values
        bool in_list;
        bool flat;      // one line, or nothing
        bool wide;      // flat: it does not fit
        size_t flat_end; // flat: no more bytes than up to here
} Printer;

enum { ALL_FLAGS = MOF_UPDATE_ONLY | MOF_CREATE_ONLY | MOF_SAFE_UPDATE | MOF_FORCE_UPDATE };

static void put_value(Printer *p, const MofValue *v);
static void put_object(Printer *p, const MofObject *o);

// --- characters ----------------------------------------------------------------------------------

static void put(Printer *p, const char *s, size_t n)
{
        if (!n)
                return;
        if (p->flat && (p->wide || p->out->n + n > p->flat_end || memchr(s, '\n', n)))
                p->wide = true;
        else
                buf_put(p->out, s, n);
}

static void put_z(Printer *p, const char *z)
{
        put(p, z, strlen(z));
}

static size_t columns(const uint8_t *s, size_t n)
{
        size_t c = 0;
        for (size_t i = 0; i < n; i++)
                c += s[i] == '\t' ? TAB : (s[i] & 0xC0) != 0x80;
        return c;
}

// Where the next character stands in its line, from 0.
static size_t column(const Printer *p)
{
        if (p->out->failed || !p->out->n)
                return 0;
        size_t line = p->out->n;
        while (line > p->begin && p->out->p[line - 1] != '\n')
                line--;
        return columns(p->out->p + line, p->out->n - line);
}

// A new line, up to `to`: tabs for the depth, then blanks.
static void break_to(Printer *p, size_t to)
{
        put_z(p, "\n");
        for (unsigned i = 0; i < p->depth; i++)
                put_z(p, "\t");
        for (size_t i = (size_t)p->depth * TAB; i < to; i++)
                put_z(p, " ");
}

static void break_line(Printer *p)
{
        break_to(p, 0);
}

// Writes flat what `write` writes, if it fits before the column `end`. False: nothing was written.
static bool try_flat(Printer *p, size_t end, void (*write)(Printer *p, const void *what), const void *what)
{
        if (p->flat) { // part of something that is
                write(p, what);
                return true;
        }
        size_t at = p->out->n, from = column(p);
        if (from >= end)
                return false;
        p->flat = true;
        p->wide = false;
        p->flat_end = at + (size_t)4 * (end - from);
        write(p, what);
        p->flat = false;
        bool fits = !p->wide && column(p) <= end;
        p->wide = false;
        if (!fits && !p->out->failed)
                p->out->n = at;
        return fits;
}

// Characters that a reader of the text would not see, or see in another place, or that a program may take for a mark.
static bool is_hidden(uint32_t c)
{
        return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0xD800 && c < 0xE000) || c == 0xAD || c == 0x61C ||
               (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
               c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFF) || (c >= 0xE0000 && c <= 0xE0FFF) || (c & 0xFFFE) == 0xFFFE;
}

// One code unit of s at *i, or a pair of surrogates, as it stands between quotes; *i is then behind it. The bytes written.
static size_t encode_unit(Str16 s, size_t *i, char quote, char out[16])
{
        static const char named[] = "\b\t\n\f\r", letters[] = "btnfr";
        uint32_t c = s.p[(*i)++];
        if (c >= 0x20 && c < 0x7F && c != (unsigned char)quote && c != '\\') {
                out[0] = (char)c;
                return 1;
        }
        const char *at = c && c < 0x20 ? strchr(named, (int)c) : NULL;
        if (at || c == (unsigned char)quote || c == '\\') {
                out[0] = '\\';
                out[1] = at ? letters[at - named] : (char)c;
                return 2;
        }
        uint32_t low = c >= 0xD800 && c < 0xDC00 && *i < s.n ? s.p[*i] : 0;
        if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                ++*i;
        }
        if (!is_hidden(c))
                return utf8_encode(c, out);
        if (c < 0x10000)
                return (size_t)snprintf(out, 16, "\\x%04X", c);
        return (size_t)snprintf(out, 16, "\\x%04X\\x%04X", 0xD800 + ((c - 0x10000) >> 10), 0xDC00 + (c & 0x3FF));
}

// --- strings -------------------------------------------------------------------------------------

static void put_flat_string(Printer *p, Str16 s)
{
        put_z(p, "\"");
        for (size_t i = 0; i < s.n && !p->wide;) {
                char run[128 + 16];
                size_t n = 0;
                while (i < s.n && n < 128)
                        n += encode_unit(s, &i, '"', run + n);
                put(p, run, n);
        }
        put_z(p, "\"");
}

static void flat_string(Printer *p, const void *s)
{
        put_flat_string(p, *(const Str16 *)s);
}

// How far a piece of a string goes that begins at `from` and has `room` columns: behind a line end, else behind the last
// blank, else as far as it fits.
static size_t piece_end(Str16 s, size_t from, size_t room)
{
        size_t used = 0, blank = 0, i = from;
        while (i < s.n) {
                char unit[16];
                size_t next = i, n = encode_unit(s, &next, '"', unit);
                used += columns((const uint8_t *)unit, n);
                if (used > room && i > from)
                        return blank ? blank : i;
                bool newline = s.p[i] == '\n';
                i = next;
                if (newline && i < s.n && s.p[i] != '\n')
                        return i;
                if (s.p[i - 1] == ' ' || newline)
                        blank = i;
        }
        return i;
}

// "..." on one line when it fits, else in pieces below each other.
static void put_string(Printer *p, Str16 s)
{
        if (p->flat) {
                put_flat_string(p, s);
                return;
        }
        if (try_flat(p, WIDTH - TAIL, flat_string, &s))
                return;
        size_t at = column(p);
        if (at > FAR_RIGHT) {
                at = (size_t)(p->depth + 1) * TAB;
                break_to(p, at);
        }
        size_t room = at + 24 < WIDTH - TAIL - 2 ? WIDTH - TAIL - 2 - at : 24;
        for (size_t i = 0; i < s.n && !p->out->failed;) {
                size_t end = piece_end(s, i, room);
                if (i)
                        break_to(p, at);
                put_flat_string(p, (Str16){s.p + i, end - i});
                i = end;
        }
        if (!s.n)
                put_z(p, "\"\"");
}

// UTF-8 as a string on one line. It holds no lone surrogates: these were U+FFFD before.
static void put_text(Printer *p, Str s)
{
        put_z(p, "\"");
        for (size_t i = 0; i < s.n && !p->wide;) {
                uint32_t c;
                i += utf8_decode(s.p + i, s.n - i, &c);
                char16_t units[2] = {(char16_t)c};
                size_t k = 0;
                if (c > 0xFFFF) {
                        units[0] = (char16_t)(0xD800 + ((c - 0x10000) >> 10));
                        units[1] = (char16_t)(0xDC00 + (c & 0x3FF));
                }
                char out[16];
                put(p, out, encode_unit((Str16){units, c > 0xFFFF ? 2 : 1}, &k, '"', out));
        }
        put_z(p, "\"");
}

// For a comment of one line, or between its marks: nothing in it ends the comment.
static void put_comment(Printer *p, Str s)
{
        for (size_t i = 0; i < s.n && !p->wide; i++) {
                uint32_t c;
                size_t n = utf8_decode(s.p + i, s.n - i, &c);
                bool end = s.p[i] == '/' && i && s.p[i - 1] == '*';
                if (is_hidden(c) || c == 0xFFFD || end)
                        put_z(p, "?");
                else
                        put(p, s.p + i, n);
                i += n - 1;
        }
}

// --- names ---------------------------------------------------------------------------------------

static bool is_name_char(uint32_t c, bool first)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9') ||
               mof_foreign_letter(c);
}

static void put_name(Printer *p, Str name)
{
        bool good = name.n > 0;
        uint32_t c;
        for (size_t i = 0, n; i < name.n; i += n) {
                n = utf8_decode(name.p + i, name.n - i, &c);
                good &= is_name_char(c, i == 0);
        }
        if (good) {
                put(p, name.p, name.n);
                return;
        }
        if (!name.n || (name.p[0] >= '0' && name.p[0] <= '9'))
                put_z(p, "_");
        for (size_t i = 0, n; i < name.n; i += n) {
                n = utf8_decode(name.p + i, name.n - i, &c);
                if (is_name_char(c, false))
                        put(p, name.p + i, n);
                else
                        put_z(p, "_");
        }
        put_z(p, " /* ");
        put_comment(p, name);
        put_z(p, " */");
}

// --- values --------------------------------------------------------------------------------------

static void put_integer(Printer *p, const MofValue *v)
{
        char s[32];
        const char *sign = v->negative ? "-" : "";
        unsigned long long n = v->magnitude;
        if (v->bits)
                snprintf(s, sizeof(s), "%s0x%llX", sign, n);
        else
                snprintf(s, sizeof(s), "%s%llu", sign, n);
        put_z(p, s);
}

// The shortest decimal that reads back to the same number, always with a point: without one it would be an integer.
static void put_real(Printer *p, double v)
{
        if (!isfinite(v)) { // not to be said in MOF
                put_z(p, p->in_list ? "0.0" : "NULL");
                put_z(p, isnan(v) ? " /* not a number */" : " /* infinite */");
                return;
        }
        char s[40];
        for (int digits = fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
                snprintf(s, sizeof(s), "%.*g", digits, v);
                if (strtod(s, NULL) == v)
                        break;
        }
        size_t mantissa = strcspn(s, "e");
        bool point = false;
        for (size_t i = 0; i < mantissa; i++) {
                bool digit = s[i] == '-' || (s[i] >= '0' && s[i] <= '9');
                if (digit || !point)
                        put(p, digit ? s + i : ".", 1); // whatever the locale's point is
                point |= !digit;
        }
        if (!point)
                put_z(p, ".0");
        put_z(p, s + mantissa);
}

static void put_char(Printer *p, char16_t c)
{
        char unit[16];
        size_t i = 0;
        put_z(p, "'");
        put(p, unit, encode_unit((Str16){&c, 1}, &i, '\'', unit));
        put_z(p, "'");
}

static void put_alias(Printer *p, Str16 s)
{
        Arena a = {0};
        Str name = utf_to8(&a, s);
        put_z(p, "$");
        if (name.p)
                put_name(p, name);
        else
                p->out->failed = true;
        arena_deinit(&a);
}

static void flat_value(Printer *p, const void *v)
{
        put_value(p, v);
}

static bool has_objects(const MofValue *list)
{
        for (uint32_t i = 0; i < list->array.count; i++)
                if (list->array.items[i].kind == MOF_VALUE_OBJECT)
                        return true;
        return false;
}

static void put_flat_list(Printer *p, const MofValue *v)
{
        put_z(p, "{");
        for (uint32_t i = 0; i < v->array.count && !p->wide; i++) {
                if (i)
                        put_z(p, ", ");
                put_value(p, &v->array.items[i]);
        }
        put_z(p, "}");
}

// Objects below each other, one level deeper.
static void put_objects(Printer *p, const MofValue *v)
{
        put_z(p, "{");
        p->depth++;
        for (uint32_t i = 0; i < v->array.count; i++) {
                if (i)
                        put_z(p, ",");
                break_line(p);
                put_value(p, &v->array.items[i]);
        }
        p->depth--;
        break_line(p);
        put_z(p, "}");
}

static void flat_next(Printer *p, const void *v)
{
        put_z(p, " ");
        put_value(p, v);
}

static void flat_meaning(Printer *p, const void *v)
{
        const MofValue *m = v;
        if (m->kind == MOF_VALUE_STRING) {
                Arena a = {0};
                Str s = utf_to8(&a, m->string);
                put_comment(p, s);
                p->out->failed |= !s.p;
                arena_deinit(&a);
        } else {
                put_value(p, m);
        }
}

// `/* 3 */ ` in front of what 3 stands for, so wide that all are below each other.
static void put_meaning(Printer *p, const MofValue *v, size_t wide)
{
        size_t at = column(p);
        put_z(p, "/* ");
        if (!try_flat(p, at + 3 + MEANING, flat_meaning, v))
                put_z(p, "...");
        size_t used = column(p) - at - 3;
        for (; used < wide; used++)
                put_z(p, " ");
        put_z(p, " */ ");
}

static size_t meanings_width(Printer *p, const MofValue *list)
{
        size_t wide = 0, at = p->out->n;
        for (uint32_t i = 0; i < list->array.count && !p->out->failed; i++) {
                size_t from = column(p);
                if (try_flat(p, from + MEANING, flat_meaning, &list->array.items[i]) && column(p) - from > wide)
                        wide = column(p) - from;
                if (!p->out->failed)
                        p->out->n = at;
        }
        return wide;
}

// As many to a line as fit, aligned behind the brace. `meanings` (may be NULL): a list of as many values; then one to a
// line, each with its own in front of it as a comment.
static void put_filled_list(Printer *p, const MofValue *v, const MofValue *meanings)
{
        put_z(p, "{");
        size_t at = column(p), wide = meanings ? meanings_width(p, meanings) : 0;
        if (at > FAR_RIGHT) {
                at = (size_t)(p->depth + 1) * TAB;
                break_to(p, at);
        }
        for (uint32_t i = 0; i < v->array.count && !p->out->failed; i++) {
                const MofValue *item = &v->array.items[i];
                if (i)
                        put_z(p, ",");
                if (i && !meanings && try_flat(p, WIDTH - TAIL, flat_next, item))
                        continue;
                if (i)
                        break_to(p, at);
                if (meanings)
                        put_meaning(p, &meanings->array.items[i], wide);
                put_value(p, item);
        }
        put_z(p, "}");
}

static void put_list(Printer *p, const MofValue *v, const MofValue *meanings)
{
        bool objects = has_objects(v), was = p->in_list;
        p->in_list = true;
        if (p->flat && objects)
                p->wide = true;
        else if (p->flat)
                put_flat_list(p, v);
        else if (objects)
                put_objects(p, v);
        else
                put_filled_list(p, v, meanings);
        p->in_list = was;
}

static void put_one_value(Printer *p, const MofValue *v)
{
        switch ((MofValueKind)v->kind) {
        case MOF_VALUE_NONE:
        case MOF_VALUE_NULL:
                put_z(p, "NULL");
                return;
        case MOF_VALUE_BOOLEAN:
                put_z(p, v->boolean ? "TRUE" : "FALSE");
                return;
        case MOF_VALUE_INTEGER:
                put_integer(p, v);
                return;
        case MOF_VALUE_REAL:
                put_real(p, v->real);
                return;
        case MOF_VALUE_STRING:
                put_string(p, v->string);
                return;
        case MOF_VALUE_CHAR:
                put_char(p, (char16_t)v->magnitude);
                return;
        case MOF_VALUE_ARRAY:
                if (p->flat || has_objects(v) || !try_flat(p, WIDTH - TAIL, flat_value, v))
                        put_list(p, v, NULL);
                return;
        case MOF_VALUE_ALIAS:
                put_alias(p, v->string);
                return;
        case MOF_VALUE_OBJECT:
                if (p->flat)
                        p->wide = true;
                else
                        put_object(p, v->object);
                return;
        }
}

static void put_value(Printer *p, const MofValue *v)
{
        if (p->values > MOST_VALUES) {
                put_z(p, "NULL");
                return;
        }
        p->values++;
        put_one_value(p, v);
        p->values--;
}

// --- qualifiers ----------------------------------------------------------------------------------

static const struct {
        unsigned bit;
        const char *word;
} flavor_words[] = { // in the order of cim/text.h, as far as that has them
        {MOF_AMENDED, "Amended"},                {MOF_DISABLE_OVERRIDE, "DisableOverride"},
        {MOF_ENABLE_OVERRIDE, "EnableOverride"}, {MOF_RESTRICTED, "Restricted"},
        {MOF_TO_INSTANCE, "ToInstance"},         {MOF_NOT_TO_INSTANCE, "NotToInstance"},
        {MOF_TO_SUBCLASS, "ToSubclass"},         {MOF_NOT_TO_SUBCLASS, "NotToSubclass"},
        {MOF_TRANSLATABLE, "Translatable"},
};

static void put_flavors(Printer *p, unsigned written, const char *before, const char *between)
{
        for (size_t i = 0; i < sizeof(flavor_words) / sizeof(flavor_words[0]); i++) {
                if (!(written & flavor_words[i].bit))
                        continue;
                put_z(p, before);
                put_z(p, flavor_words[i].word);
                before = between;
        }
}

static void put_qualifier(Printer *p, const MofQualifier *q, const MofValue *meanings)
{
        put_name(p, q->name);
        if (q->value.kind == MOF_VALUE_ARRAY) {
                put_list(p, &q->value, meanings);
        } else if (q->value.kind != MOF_VALUE_NONE) {
                put_z(p, "(");
                put_value(p, &q->value);
                put_z(p, ")");
        }
        put_flavors(p, q->written, " : ", " ");
}

static void flat_qualifier(Printer *p, const void *q)
{
        put_qualifier(p, q, NULL);
}

static void flat_next_qualifier(Printer *p, const void *q)
{
        put_z(p, " ");
        put_qualifier(p, q, NULL);
}

// Of Values the list of what they stand for, and so of BitValues; NULL: none, or not of the same length.
static const MofValue *meanings_of(const MofQualifierList *list, const MofQualifier *q)
{
        bool bits = str_ieq(q->name, STR("BitValues"));
        if ((!bits && !str_ieq(q->name, STR("Values"))) || q->value.kind != MOF_VALUE_ARRAY)
                return NULL;
        for (uint32_t i = 0; i < list->count; i++) {
                const MofQualifier *map = &list->items[i];
                if (str_ieq(map->name, bits ? STR("BitMap") : STR("ValueMap")) && map->value.kind == MOF_VALUE_ARRAY &&
                    map->value.array.count == q->value.array.count && !has_objects(&map->value) && !has_objects(&q->value))
                        return &map->value;
        }
        return NULL;
}

// [a, b(1)]
static void put_flat_qualifiers(Printer *p, const MofQualifierList *q)
{
        for (uint32_t i = 0; i < q->count && !p->wide; i++) {
                put_z(p, i ? ", " : "[");
                put_qualifier(p, &q->items[i], NULL);
        }
        put_z(p, "]");
}

static void flat_qualifiers(Printer *p, const void *q)
{
        put_flat_qualifiers(p, q);
}

// Short ones together on lines, those that need several lines on lines of their own.
static void put_filled_qualifiers(Printer *p, const MofQualifierList *q)
{
        put_z(p, "[");
        size_t at = column(p);
        bool together = true; // may the next one stand in this line?
        for (uint32_t i = 0; i < q->count && !p->out->failed; i++) {
                const MofQualifier *one = &q->items[i];
                if (i)
                        put_z(p, ",");
                if (i && together && try_flat(p, WIDTH - TAIL, flat_next_qualifier, one))
                        continue;
                if (i)
                        break_to(p, at);
                together = try_flat(p, WIDTH - TAIL, flat_qualifier, one);
                if (!together)
                        put_qualifier(p, one, meanings_of(q, one));
        }
        put_z(p, "]");
}

// --- members -------------------------------------------------------------------------------------

static void put_type(Printer *p, const MofType *t)
{
        CimType type = cim_type(t->type);
        bool object = type == CIM_OBJECT || type == CIM_REFERENCE;
        if (t->word.n)
                put_name(p, t->word);
        else if (object)
                put_name(p, t->class_name.n ? t->class_name : STR("object"));
        else
                put_z(p, type == CIM_NONE ? "void" : cim_type_name((uint16_t)type));
        if (type == CIM_REFERENCE)
                put_z(p, " ref");
}

static void put_brackets(Printer *p, uint16_t type, uint32_t max)
{
        char s[24];
        if (!cim_is_array(type))
                return;
        snprintf(s, sizeof(s), max ? "[%u]" : "[]", max);
        put_z(p, s);
}

// type NAME[n] = value, of a class or a method; NAME = value, or NAME alone, of an instance.
static void put_variable(Printer *p, const MofProperty *m, bool assigned)
{
        if (!assigned) {
                put_type(p, &m->type);
                put_z(p, " ");
        }
        put_name(p, m->name);
        put_brackets(p, m->type.type, m->type.max);
        if (m->value.kind == MOF_VALUE_NONE)
                return;
        put_z(p, " = ");
        put_value(p, &m->value);
}

static void put_flat_member(Printer *p, const MofProperty *m, bool assigned)
{
        if (m->qualifiers.count) {
                put_flat_qualifiers(p, &m->qualifiers);
                put_z(p, " ");
        }
        put_variable(p, m, assigned);
}

static void flat_declared(Printer *p, const void *m)
{
        put_flat_member(p, m, false);
}

static void flat_assigned(Printer *p, const void *m)
{
        put_flat_member(p, m, true);
}

static void put_member(Printer *p, const MofProperty *m, bool assigned)
{
        if (p->flat) {
                put_flat_member(p, m, assigned);
                return;
        }
        if (try_flat(p, WIDTH - TAIL, assigned ? flat_assigned : flat_declared, m))
                return;
        if (m->qualifiers.count) {
                put_filled_qualifiers(p, &m->qualifiers);
                break_line(p);
        }
        put_variable(p, m, assigned);
}

static void put_method_name(Printer *p, const MofMethod *m)
{
        put_type(p, &m->returns);
        put_z(p, " ");
        put_name(p, m->name);
        put_brackets(p, m->returns.type, m->returns.max);
        put_z(p, "(");
}

static void flat_signature(Printer *p, const void *method)
{
        const MofMethod *m = method;
        put_method_name(p, m);
        for (uint32_t i = 0; i < m->parameter_count && !p->wide; i++) {
                if (i)
                        put_z(p, ", ");
                put_flat_member(p, &m->parameters[i], false);
        }
        put_z(p, ")");
}

static void flat_method(Printer *p, const void *method)
{
        const MofMethod *m = method;
        if (m->qualifiers.count) {
                put_flat_qualifiers(p, &m->qualifiers);
                put_z(p, " ");
        }
        flat_signature(p, m);
}

static void put_method(Printer *p, const MofMethod *m)
{
        if (try_flat(p, WIDTH - TAIL, flat_method, m))
                return;
        if (m->qualifiers.count) {
                put_filled_qualifiers(p, &m->qualifiers);
                break_line(p);
        }
        if (try_flat(p, WIDTH - TAIL, flat_signature, m))
                return;
        put_method_name(p, m);
        p->depth++;
        for (uint32_t i = 0; i < m->parameter_count && !p->out->failed; i++) {
                break_line(p);
                put_member(p, &m->parameters[i], false);
                put_z(p, i + 1 < m->parameter_count ? "," : ")");
        }
        p->depth--;
        if (!m->parameter_count)
                put_z(p, ")");
}

// --- objects -------------------------------------------------------------------------------------

static bool several_lines(const Printer *p, size_t from)
{
        return !p->out->failed && memchr(p->out->p + from, '\n', p->out->n - from) != NULL;
}

// The last member written began at `from`, the one before it ended at `before` (0: there is none): a blank line parts those
// that take several lines from the others. *was: did the one before?
static void part(Printer *p, size_t before, size_t from, bool *was)
{
        bool is = several_lines(p, from);
        if (before && (is || *was)) {
                uint8_t *room = buf_reserve(p->out, 1);
                if (room) {
                        memmove(p->out->p + before + 1, p->out->p + before, p->out->n - before);
                        p->out->p[before] = '\n';
                        p->out->n++;
                }
        }
        *was = is;
}

static void put_members(Printer *p, const MofObject *o)
{
        size_t before = 0;
        bool was = false;
        for (uint32_t i = 0; i < o->property_count + o->method_count && !p->out->failed; i++) {
                bool method = i >= o->property_count;
                size_t end = p->out->n;
                break_line(p);
                size_t from = end + 1 < p->out->n ? end + 1 : p->out->n;
                if (method)
                        put_method(p, &o->methods[i - o->property_count]);
                else
                        put_member(p, &o->properties[i], o->is_instance);
                put_z(p, ";");
                part(p, before, from, &was);
                before = p->out->n;
        }
}

static void put_object(Printer *p, const MofObject *o)
{
        bool was = p->in_list;
        p->in_list = false;
        if (o->qualifiers.count) {
                if (!try_flat(p, WIDTH, flat_qualifiers, &o->qualifiers))
                        put_filled_qualifiers(p, &o->qualifiers);
                break_line(p);
        }
        put_z(p, o->is_instance ? "instance of " : "class ");
        put_name(p, o->name);
        if (o->alias.n) {
                put_z(p, " as $");
                put_name(p, o->alias);
        }
        if (o->super.n) {
                put_z(p, " : ");
                put_name(p, o->super);
        }
        break_line(p);
        put_z(p, "{");
        p->depth++;
        put_members(p, o);
        p->depth--;
        break_line(p);
        put_z(p, "}");
        p->in_list = was;
}

// --- directives ----------------------------------------------------------------------------------

typedef struct InForce {
        Str namespace;
        bool placed; // a namespace was said
        uint32_t class_flags, instance_flags;
        bool directive; // the item before was one, or there is none
        bool any;       // something was written
} InForce;

// A line of its own: directives stand together, everything else has a blank line in front.
static void begin_item(Printer *p, InForce *f, bool directive)
{
        if (f->any && !(directive && f->directive))
                put_z(p, "\n");
        f->any = true;
        f->directive = directive;
}

static void put_namespace(Printer *p, InForce *f, Str namespace)
{
        if (!namespace.n || (f->placed && str_eq(f->namespace, namespace)))
                return; // empty: its directive was wrong
        begin_item(p, f, true);
        put_z(p, "#pragma namespace(");
        put_text(p, namespace);
        put_z(p, ")\n");
        f->namespace = namespace;
        f->placed = true;
}

static void put_flags(Printer *p, InForce *f, const char *directive, uint32_t *now, uint32_t flags, uint32_t known)
{
        static const struct {
                uint32_t flag;
                const char *word;
        } words[] = {{MOF_UPDATE_ONLY, "updateonly"},
                     {MOF_CREATE_ONLY, "createonly"},
                     {MOF_SAFE_UPDATE, "safeupdate"},
                     {MOF_FORCE_UPDATE, "forceupdate"}};
        if (*now == flags)
                return;
        *now = flags;
        begin_item(p, f, true);
        put_z(p, directive);
        if (!flags || (flags & ~known)) {
                char number[16];
                snprintf(number, sizeof(number), "(%u)\n", flags);
                put_z(p, number);
                return;
        }
        const char *before = "(\"";
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                if (!(flags & words[i].flag))
                        continue;
                put_z(p, before);
                put_z(p, words[i].word);
                before = "\", \"";
        }
        put_z(p, "\")\n");
}

static void put_deletion(Printer *p, InForce *f, const MofItem *i)
{
        put_namespace(p, f, i->deleted.namespace_text);
        begin_item(p, f, true);
        put_z(p, i->kind == MOF_ITEM_DELETE_CLASS ? "#pragma deleteclass(" : "#pragma deleteinstance(");
        put_text(p, i->deleted.what);
        put_z(p, i->fail ? ", fail)\n" : ", nofail)\n");
}

static void put_scope(Printer *p, unsigned scope)
{
        static const struct {
                unsigned on;
                const char *word;
        } words[] = {{MOF_ON_CLASS, "class"},         {MOF_ON_ASSOCIATION, "association"}, {MOF_ON_INDICATION, "indication"},
                     {MOF_ON_PROPERTY, "property"},   {MOF_ON_REFERENCE, "reference"},     {MOF_ON_METHOD, "method"},
                     {MOF_ON_PARAMETER, "parameter"}, {MOF_ON_SCHEMA, "schema"}};
        const char *before = ", Scope(";
        if (scope == MOF_ON_ANY) {
                put_z(p, ", Scope(any)");
                return;
        }
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                if (!(scope & words[i].on))
                        continue;
                put_z(p, before);
                put_z(p, words[i].word);
                before = ", ";
        }
        if (scope & MOF_ON_ANY)
                put_z(p, ")");
}

static void put_declaration(Printer *p, const MofQualifierDefault *d)
{
        put_z(p, "Qualifier ");
        put_name(p, d->name);
        put_z(p, " : ");
        if (!d->typed) {
                put_flavors(p, d->written, "", " ");
        } else {
                put_z(p, cim_type_name((uint16_t)cim_type(d->type)));
                put_brackets(p, d->type, d->max);
                if (d->value.kind != MOF_VALUE_NONE) {
                        put_z(p, " = ");
                        put_value(p, &d->value);
                }
                put_scope(p, d->scope);
                if (d->written) {
                        put_flavors(p, d->written, ", Flavor(", ", ");
                        put_z(p, ")");
                }
        }
        put_z(p, ";\n");
}

static void put_item(Printer *p, InForce *f, const MofItem *i)
{
        switch (i->kind) {
        case MOF_ITEM_OBJECT:
                put_namespace(p, f, i->object->namespace_text);
                put_flags(p, f, "#pragma classflags", &f->class_flags, i->object->class_flags, ALL_FLAGS);
                put_flags(p, f, "#pragma instanceflags", &f->instance_flags, i->object->instance_flags,
                          MOF_UPDATE_ONLY | MOF_CREATE_ONLY);
                begin_item(p, f, false);
                put_object(p, i->object);
                put_z(p, ";\n");
                return;
        case MOF_ITEM_DELETE_CLASS:
        case MOF_ITEM_DELETE_INSTANCE:
                put_deletion(p, f, i);
                return;
        case MOF_ITEM_QUALIFIER:
                begin_item(p, f, true);
                put_declaration(p, i->qualifier);
                return;
        }
}

// --- all of it -----------------------------------------------------------------------------------

int mof_print(const MofDocument *d, Buf *out)
{
        Printer p = {.out = out, .begin = out->n};
        InForce f = {0};
        if (d->autorecover) {
                begin_item(&p, &f, true);
                put_z(&p, "#pragma autorecover\n");
        }
        if (d->amendment.n) {
                begin_item(&p, &f, true);
                put_z(&p, "#pragma amendment(");
                put_text(&p, d->amendment);
                put_z(&p, ")\n");
        }
        for (uint32_t i = 0; i < d->item_count && !out->failed; i++)
                put_item(&p, &f, &d->items[i]);
        return out->failed ? -ENOMEM : 0;
}

int mof_print_object(const MofObject *o, Buf *out)
{
        Printer p = {.out = out, .begin = out->n};
        put_object(&p, o);
        put_z(&p, ";\n");
        return out->failed ? -ENOMEM : 0;
}

int mof_print_value(const MofValue *v, Buf *out)
{
        Printer p = {.out = out, .begin = out->n};
        put_value(&p, v);
        return out->failed ? -ENOMEM : 0;
}

void mof_print_string(Str16 s, Buf *out)
{
        Printer p = {.out = out, .begin = out->n};
        put_flat_string(&p, s);
}

void mof_print_text(Str s, Buf *out)
{
        Printer p = {.out = out, .begin = out->n};
        put_text(&p, s);
}
