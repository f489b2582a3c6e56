// SPDX-License-Identifier: MIT
// ACPI tables as text: acpidump's hexadecimal listing, and ASL source as iasl -d writes it.
#include <stdio.h>

#include "bmf/find-impl.h"

// --- acpidump ------------------------------------------------------------------------------------
//
//   DSDT @ 0x00000000BFEE1000
//       0000: 44 53 44 54 5A 2B 01 00 02 44 4C 49 4E 56 31 20  DSDTZ+...DLINV1
//
// A table's lines end with an empty one or another heading.

typedef struct Lines {
        const char *p, *end;
} Lines;

static bool next_line(Lines *l, Str *ret)
{
        if (l->p == l->end)
                return false;
        const char *stop = memchr(l->p, '\n', (size_t)(l->end - l->p));
        const char *next = stop ? stop + 1 : l->end;
        if (!stop)
                stop = l->end;
        if (stop > l->p && stop[-1] == '\r')
                stop--;
        *ret = (Str){l->p, (size_t)(stop - l->p)};
        l->p = next;
        return true;
}

static int hex_digit(char c)
{
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

static Str skip_blanks(Str s)
{
        while (s.n && (*s.p == ' ' || *s.p == '\t'))
                s = (Str){s.p + 1, s.n - 1};
        return s;
}

// "DSDT @ 0x..." : the signature.
static bool dump_heading(Str line, char signature[5])
{
        if (line.n < 8 || memcmp(line.p + 4, " @ 0x", 5 < line.n - 4 ? 5 : line.n - 4) != 0)
                return false;
        for (int i = 0; i < 4; i++)
                if (line.p[i] <= ' ' || line.p[i] > '~')
                        return false;
        memcpy(signature, line.p, 4);
        signature[4] = '\0';
        return true;
}

// "    0010: 44 53 ...": the offset, and *line becomes what stands behind the colon.
static bool dump_offset(Str *line, size_t *ret)
{
        Str s = skip_blanks(*line);
        size_t offset = 0, digits = 0;
        while (s.n && hex_digit(*s.p) >= 0 && digits < 8) {
                offset = offset << 4 | (size_t)hex_digit(*s.p);
                s = (Str){s.p + 1, s.n - 1};
                digits++;
        }
        if (digits < 4 || !s.n || *s.p != ':')
                return false;
        *line = (Str){s.p + 1, s.n - 1};
        *ret = offset;
        return true;
}

// Up to 16 bytes, one blank in front of each.
static size_t dump_bytes(Str s, uint8_t *out)
{
        size_t n = 0;
        while (n < 16 && s.n >= 3 && *s.p == ' ' && hex_digit(s.p[1]) >= 0 && hex_digit(s.p[2]) >= 0 &&
               (s.n == 3 || s.p[3] == ' ')) {
                out[n++] = (uint8_t)(hex_digit(s.p[1]) << 4 | hex_digit(s.p[2]));
                s = (Str){s.p + 3, s.n - 3};
        }
        return n;
}

bool find_is_acpidump(Str input)
{
        Lines l = {input.p, input.p + input.n};
        char signature[5];
        size_t offset;
        Str line;
        for (int i = 0; i < 64 && next_line(&l, &line); i++) // what a program said before may stand in front
                if (dump_heading(line, signature))
                        return next_line(&l, &line) && dump_offset(&line, &offset) && offset == 0;
        return false;
}

// The lines of one table. The line behind them is left in *l.
static void dump_table(Find *f, Str input, Lines *l, const char *signature, size_t at, unsigned counts[2])
{
        size_t room = 0, n = 0, offset;
        Lines ahead = *l;
        Str line;
        while (next_line(&ahead, &line) && dump_offset(&line, &offset))
                room += 16;
        uint8_t *bytes = arena_alloc(f->a, room);
        if (!bytes) {
                f->failed = -ENOMEM;
                return;
        }
        for (ahead = *l; next_line(&ahead, &line) && dump_offset(&line, &offset); *l = ahead) {
                size_t got = offset == n ? dump_bytes(line, bytes + n) : 0;
                if (!got) {
                        find_fault(f, (size_t)(l->p - input.p),
                                   "%s: the line of offset 0x%zx does not follow the one before", signature,
                                   offset);
                        break;
                }
                n += got;
        }
        Str table = {(const char *)bytes, n};
        if (find_is_aml_table(table))
                find_aml(f, table, find_label(f, (Str){signature, 4}, counts), at, false);
        else if (n < 36 && (!strcmp(signature, "DSDT") || !strcmp(signature, "SSDT")))
                find_fault(f, at, "%s: the table ends in its header", signature);
}

int find_acpidump(Find *f, Str input)
{
        Lines l = {input.p, input.p + input.n};
        unsigned counts[2] = {0};
        char signature[5];
        Str line;
        while (!f->failed && next_line(&l, &line))
                if (dump_heading(line, signature))
                        dump_table(f, input, &l, signature, (size_t)(line.p - input.p), counts);
        return 0;
}

// --- ASL -----------------------------------------------------------------------------------------

typedef enum AslKind { ASL_END, ASL_WORD, ASL_NUMBER, ASL_STRING, ASL_MARK } AslKind;

typedef struct Asl {
        Str text;
        size_t at; // behind the token
        AslKind kind;
        Str token;
} Asl;

static bool asl_in_word(char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '.' || c == '\\' || c == '^';
}

// Blanks, comments, and lines of a preprocessor.
static void asl_skip(Asl *s)
{
        const char *p = s->text.p;
        size_t n = s->text.n, i = s->at;
        while (i < n) {
                const char *stop;
                if (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n') {
                        i++;
                } else if (p[i] == '/' && i + 1 < n && p[i + 1] == '*') {
                        for (i += 2; i < n && !(p[i] == '*' && i + 1 < n && p[i + 1] == '/'); i++)
                                ;
                        i = i + 2 < n ? i + 2 : n;
                } else if ((p[i] == '/' && i + 1 < n && p[i + 1] == '/') || p[i] == '#') {
                        stop = memchr(p + i, '\n', n - i);
                        i = stop ? (size_t)(stop - p) : n;
                } else {
                        break;
                }
        }
        s->at = i;
}

static void asl_next(Asl *s)
{
        asl_skip(s);
        const char *p = s->text.p;
        size_t n = s->text.n, from = s->at, i = from;
        if (i == n) {
                s->kind = ASL_END;
                s->token = (Str){p + n, 0};
                return;
        }
        if (p[i] == '"') {
                for (i++; i < n && p[i] != '"' && p[i] != '\n'; i++)
                        if (p[i] == '\\' && i + 1 < n)
                                i++;
                s->kind = ASL_STRING;
                s->token = (Str){p + from + 1, (i < n ? i : n) - from - 1};
                s->at = i < n ? i + 1 : n;
                return;
        }
        while (i < n && asl_in_word(p[i]))
                i++;
        if (i == from) {
                s->kind = ASL_MARK;
                i++;
        } else {
                s->kind = p[from] >= '0' && p[from] <= '9' ? ASL_NUMBER : ASL_WORD;
        }
        s->token = (Str){p + from, i - from};
        s->at = i;
}

static bool asl_mark(const Asl *s, char c)
{
        return s->kind == ASL_MARK && *s->token.p == c;
}

static bool asl_word(const Asl *s, const char *word)
{
        return s->kind == ASL_WORD && str_ieq(s->token, str_of(word));
}

// A byte of a buffer: a number up to 255, Zero, One, Ones.
static bool asl_byte(const Asl *s, uint8_t *ret)
{
        if (asl_word(s, "Zero") || asl_word(s, "One") || asl_word(s, "Ones")) {
                *ret = asl_word(s, "Zero") ? 0 : asl_word(s, "One") ? 1 : 0xFF;
                return true;
        }
        if (s->kind != ASL_NUMBER)
                return false;
        const char *p = s->token.p;
        size_t n = s->token.n, i = 0, value = 0;
        unsigned base = n > 1 && p[0] == '0' ? 8 : 10;
        if (n > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
                base = 16;
                i = 2;
        }
        for (; i < n; i++) {
                int d = hex_digit(p[i]);
                if (d < 0 || (unsigned)d >= base)
                        return false;
                value = value * base + (size_t)d;
                if (value > 0xFF)
                        return false;
        }
        *ret = (uint8_t)value;
        return true;
}

// What opens a scope: the name that stands behind its parenthesis counts.
static bool asl_is_scope(const Asl *s)
{
        static const char *const words[] = {"Scope",         "Device",      "Processor",
                                            "PowerResource", "ThermalZone", "Method"};
        for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
                if (asl_word(s, words[i]))
                        return true;
        return false;
}

typedef struct AslScope {
        size_t braces;  // open ones around it
        char method[5]; // whose body it is; else ""
        AcpiPath around;
} AslScope;

typedef struct AslFinder {
        Find *f;
        Asl s;
        const char *label;
        AcpiPath path;
        size_t braces, depth;
        AslScope *scopes; // LIMIT_DEPTH of them
        char pending[5];  // the method whose brace comes next
        AcpiPath next;    // the path of the scope whose brace comes next
        bool has_next;
        unsigned counts[2];
} AslFinder;

// Behind "Buffer": its bytes, when it is a list of bytes. False: it is not; what was read is left at the
// token that was none.
static bool asl_buffer(AslFinder *a, const uint8_t **ret, size_t *ret_n)
{
        Asl *s = &a->s;
        if (asl_mark(s, '(')) { // its length: one constant or nothing, or something to be worked out
                size_t open = 1;
                for (asl_next(s); open && s->kind != ASL_END; asl_next(s)) {
                        if (asl_mark(s, '{') || asl_mark(s, '}'))
                                return false;
                        open += asl_mark(s, '(') ? 1 : 0;
                        open -= asl_mark(s, ')') ? 1 : 0;
                }
        }
        if (!asl_mark(s, '{'))
                return false;
        asl_next(s);
        // Two passes: how many, then which.
        Asl from = *s;
        size_t n = 0;
        uint8_t byte;
        for (; asl_byte(s, &byte); n++) {
                asl_next(s);
                if (!asl_mark(s, ','))
                        continue;
                asl_next(s);
        }
        if (!asl_mark(s, '}'))
                a->braces++; // it is open, and closes later
        else
                asl_next(s);
        if (!n)
                return false;
        uint8_t *bytes = arena_alloc(a->f->a, n);
        if (!bytes) {
                a->f->failed = -ENOMEM;
                return false;
        }
        for (size_t i = 0; i < n; i++) {
                asl_byte(&from, &bytes[i]);
                asl_next(&from);
                if (asl_mark(&from, ','))
                        asl_next(&from);
        }
        *ret = bytes;
        *ret_n = n;
        return true;
}

// The method that the place is in.
static const char *asl_method(const AslFinder *a)
{
        return a->depth ? a->scopes[a->depth - 1].method : "";
}

static void asl_open(AslFinder *a)
{
        a->braces++;
        if (!a->has_next)
                return;
        a->has_next = false;
        if (a->depth == LIMIT_DEPTH) {
                find_fault(a->f, a->s.at, "%s: scopes are nested deeper than %u", a->label, LIMIT_DEPTH);
                return;
        }
        AslScope *scope = &a->scopes[a->depth++];
        scope->braces = a->braces;
        scope->around = a->path;
        memcpy(scope->method, a->pending, sizeof(scope->method));
        a->path = a->next;
}

static void asl_close(AslFinder *a)
{
        if (a->depth && a->scopes[a->depth - 1].braces == a->braces)
                a->path = a->scopes[--a->depth].around;
        if (a->braces)
                a->braces--;
}

// "Device (PCI0)": behind the word.
static void asl_scope(AslFinder *a, bool method)
{
        Asl *s = &a->s;
        if (!asl_mark(s, '('))
                return;
        asl_next(s);
        if (s->kind != ASL_WORD)
                return;
        a->next = a->path;
        a->pending[0] = '\0';
        a->has_next = acpi_path_go(&a->next, s->token, method ? a->pending : NULL);
        if (method && a->has_next)
                find_add_name(a->f, &a->next, a->pending);
        asl_next(s);
}

// "Name (WQBA, Buffer (...) {...})": behind the word.
static void asl_name(AslFinder *a)
{
        Asl *s = &a->s;
        AcpiPath scope = a->path;
        char leaf[5];
        const uint8_t *bytes;
        size_t n, at = s->at;
        if (!asl_mark(s, '('))
                return;
        asl_next(s);
        if (s->kind != ASL_WORD || !acpi_path_go(&scope, s->token, leaf))
                return;
        find_add_name(a->f, &scope, leaf);
        asl_next(s);
        if (!asl_mark(s, ','))
                return;
        asl_next(s);
        if (!asl_word(s, "Buffer"))
                return;
        asl_next(s);
        if (asl_buffer(a, &bytes, &n))
                find_add_buffer(a->f, bytes, n, at, &scope, leaf, a->label);
}

// DefinitionBlock ("file", "DSDT", ...: behind the word.
static void asl_block(AslFinder *a)
{
        Asl *s = &a->s;
        const char *label = "table";
        for (int strings = 0; strings < 2 && s->kind != ASL_END && !asl_mark(s, '{');) {
                strings += s->kind == ASL_STRING;
                if (strings == 2 && s->token.n == 4)
                        label = find_label(a->f, s->token, a->counts);
                asl_next(s);
        }
        a->label = label;
        a->path = (AcpiPath){"\\", 1};
        a->depth = a->braces = 0;
        a->has_next = false;
}

// Does a line begin with DefinitionBlock, somewhere?
static bool asl_has_block(Str input)
{
        Lines l = {input.p, input.p + input.n};
        Str line;
        while (next_line(&l, &line))
                if (line.n > 15 && !memcmp(line.p, "DefinitionBlock", 15) &&
                    skip_blanks((Str){line.p + 15, line.n - 15}).n &&
                    *skip_blanks((Str){line.p + 15, line.n - 15}).p == '(')
                        return true;
        return false;
}

// What ASL begins with, or, where a list of other tables stands in front, as iasl writes them ("[000h 0000
// 4]"), a DefinitionBlock behind.
bool find_is_dsl(Str input)
{
        static const char *const words[] = {"DefinitionBlock", "Scope",   "Device", "Name",
                                            "Method",          "External"};
        Asl s = {.text = input};
        if (input.n >= 3 && !memcmp(input.p, "\xEF\xBB\xBF", 3))
                s.at = 3;
        asl_next(&s);
        for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
                if (asl_word(&s, words[i])) {
                        asl_next(&s);
                        return asl_mark(&s, '(');
                }
        if (!asl_mark(&s, '['))
                return false;
        asl_next(&s);
        return s.kind == ASL_NUMBER && asl_has_block(input);
}

static void asl_token(AslFinder *a)
{
        Asl *s = &a->s;
        const uint8_t *bytes;
        size_t n, at = s->at;
        bool method = asl_word(s, "Method");
        if (asl_mark(s, '{') || asl_mark(s, '}')) {
                if (asl_mark(s, '{'))
                        asl_open(a);
                else
                        asl_close(a);
                asl_next(s);
        } else if (asl_word(s, "DefinitionBlock")) {
                asl_next(s);
                asl_block(a);
        } else if (asl_word(s, "Name")) {
                asl_next(s);
                asl_name(a);
        } else if (asl_is_scope(s)) {
                asl_next(s);
                asl_scope(a, method);
        } else if (asl_word(s, "Buffer")) {
                asl_next(s);
                if (asl_buffer(a, &bytes, &n) && find_is_mof(bytes, n))
                        find_add_buffer(a->f, bytes, n, at, &a->path, asl_method(a), a->label);
        } else {
                asl_next(s);
        }
}

int find_dsl(Find *f, Str input)
{
        AslFinder *a = arena_new(f->a, AslFinder);
        AslScope *scopes = arena_array(f->a, AslScope, LIMIT_DEPTH);
        if (!a || !scopes)
                return -ENOMEM;
        *a = (AslFinder){.f = f, .s = {.text = input}, .label = "table", .path = {"\\", 1}, .scopes = scopes};
        if (input.n >= 3 && !memcmp(input.p, "\xEF\xBB\xBF", 3))
                a->s.at = 3;
        asl_next(&a->s);
        while (a->s.kind != ASL_END && !f->failed)
                asl_token(a);
        return 0;
}
