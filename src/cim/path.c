// SPDX-License-Identifier: MIT
// Object paths: text to parts and back.
//
//   \\server\root\default:Thing.Name="a",Part=7
//   ^server  ^namespace   ^class ^keys
//
// The first ':' in front of any '=' or quote ends the namespace. Without one, a text with a separator is a
// namespace and one without is a class. Blanks stand in quotes only.
#include "cim/path.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/class-impl.h"
#include "cim/schema.h"
#include "cim/status.h"

typedef struct Parser {
        Str text;
        size_t at;
        Arena *a;
        CimPath *path;
        Diag *diag;
} Parser;

// --- errors
// -----------------------------------------------------------------------------------------------------

static int path_error(const Parser *p, size_t at, size_t length, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static int path_error(const Parser *p, size_t at, size_t length, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        diag_setv(p->diag, CIM_E_INVALID_OBJECT_PATH, format, args);
        va_end(args);
        if (p->diag)
                diag_place(p->diag, p->text.p, p->text.n, at, length);
        return E_DIAG;
}

static bool path_separator(char c)
{
        return c == '\\' || c == '/';
}

// The bytes of the character at p->at: 0 at the end.
static size_t path_char(const Parser *p)
{
        uint32_t c;
        return p->at < p->text.n ? utf8_decode(p->text.p + p->at, p->text.n - p->at, &c) : 0;
}

// Something else stands where `expected` should. The hints are for what people write most.
static int path_unexpected(const Parser *p, const char *expected)
{
        size_t n = path_char(p);
        if (!n)
                return path_error(p, p->at, 0, "the path ends where %s should be", expected);
        const char *c = p->text.p + p->at;
        bool control = (unsigned char)*c < 0x20 || *c == 0x7F;
        if (control)
                path_error(p, p->at, n, "a control character (0x%02X) stands where %s should be",
                           (unsigned)(unsigned char)*c, expected);
        else
                path_error(p, p->at, n, "'%.*s' stands where %s should be", (int)n, c, expected);
        if (control || *c == ' ')
                return diag_hint(p->diag, "a path has blanks only inside quotes");
        if (n == 3 && memcmp(c, "\xE2\x80", 2) == 0 && ((unsigned char)c[2] & 0xF8) == 0x98)
                return diag_hint(p->diag, "write plain quotes, \"...\"");
        return E_DIAG;
}

// The beginning of a name that stands in a hint.
static Str path_short(Str s)
{
        if (s.n > 60)
                for (s.n = 60; s.n && ((unsigned char)s.p[s.n] & 0xC0) == 0x80; s.n--)
                        ;
        return s;
}

// --- values
// -----------------------------------------------------------------------------------------------------

static int path_lone_backslash(const Parser *p, size_t at)
{
        path_error(p, at, 1, "the backslash escapes nothing: behind it \\, \" or ' is expected");
        return diag_hint(p->diag, "write \\\\ for each backslash inside quotes");
}

// The end of the string that begins at p->at, the index of its quote.
static int path_string_end(const Parser *p, size_t *ret)
{
        char quote = p->text.p[p->at];
        bool escaped = false;
        for (size_t i = p->at + 1; i < p->text.n; i++) {
                char c = p->text.p[i];
                if (c == quote) {
                        *ret = i;
                        return 0;
                }
                if ((unsigned char)c < 0x20) {
                        path_error(p, i, 1, "a control character (0x%02X) inside quotes", (unsigned)c);
                        return diag_hint(p->diag, "keys hold no characters below U+0020, so no path does");
                }
                if (c != '\\')
                        continue;
                char next = i + 1 < p->text.n ? p->text.p[i + 1] : 0;
                if (next != '\\' && next != '"' && next != '\'')
                        return path_lone_backslash(p, i);
                escaped |= next == quote;
                i++;
        }
        path_error(p, p->at, 1, "the string that begins here has no closing %c", quote);
        return escaped ? diag_hint(p->diag,
                                   "\\%c does not end a string: write \\\\%c for a backslash at its end",
                                   quote, quote)
                       : diag_hint(
                                 p->diag,
                                 "close it with %c; a shell may have taken it: put the whole path in quotes",
                                 quote);
}

static int path_string(Parser *p, CimValue *ret)
{
        size_t end = 0;
        int r = path_string_end(p, &end);
        if (r)
                return r;
        char *text = arena_alloc(p->a, end - p->at);
        if (!text)
                return -ENOMEM;
        size_t n = 0;
        for (size_t i = p->at + 1; i < end; i++) {
                i += p->text.p[i] == '\\';
                text[n++] = p->text.p[i];
        }
        p->at = end + 1;
        *ret = (CimValue){.type = CIM_STRING, .string = utf_to16(p->a, (Str){text, n})};
        return ret->string.p ? 0 : -ENOMEM;
}

static int digit_of(char c, unsigned base)
{
        int d = c >= '0' && c <= '9'                     ? c - '0'
                : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                         : 99;
        return d < (int)base ? d : -1;
}

static int path_number(Parser *p, CimValue *ret)
{
        const char *s = p->text.p;
        size_t begin = p->at, n = p->text.n;
        bool minus = s[p->at] == '-', wide = false;
        p->at += minus;
        bool hex = p->at + 1 < n && s[p->at] == '0' && (s[p->at + 1] | 0x20) == 'x';
        p->at += hex ? 2 : 0;
        size_t first = p->at;
        uint64_t v = 0;
        for (int d; p->at < n && (d = digit_of(s[p->at], hex ? 16 : 10)) >= 0; p->at++)
                wide |= __builtin_mul_overflow(v, hex ? 16u : 10u, &v) ||
                        __builtin_add_overflow(v, (uint64_t)d, &v);
        if (p->at == first)
                return path_unexpected(p, hex ? "a hexadecimal digit" : "a digit");
        if (wide || (minus && v > (uint64_t)INT64_MAX + 1))
                return path_error(p, begin, p->at - begin, "the number has more than 64 bits");
        if (minus)
                *ret = (CimValue){.type = CIM_SINT64, .sint = (int64_t)(0 - v)};
        else
                *ret = (CimValue){.type = v > INT64_MAX ? CIM_UINT64 : CIM_SINT64, .uint = v};
        return 0;
}

static bool name_byte(char c)
{
        unsigned char u = (unsigned char)c;
        return ((u | 0x20) >= 'a' && (u | 0x20) <= 'z') || (u >= '0' && u <= '9') || u == '_' || u >= 0x80;
}

// TRUE, FALSE, or what is no value.
static int path_word(Parser *p, Str key, CimValue *ret)
{
        size_t n = p->at;
        while (n < p->text.n && name_byte(p->text.p[n]))
                n++;
        Str word = {p->text.p + p->at, n - p->at};
        if (str_ieq(word, STR("TRUE")) || str_ieq(word, STR("FALSE"))) {
                *ret = (CimValue){.type = CIM_BOOLEAN, .boolean = str_ieq(word, STR("TRUE"))};
                p->at = n;
                return 0;
        }
        int r = path_unexpected(p, "a value (\"text\", a number, TRUE or FALSE)");
        if (!word.n || (unsigned char)word.p[0] >= 0x80)
                return r;
        if (p->diag && p->diag->length)
                p->diag->length = word.n;
        return diag_hint(p->diag, "text stands in quotes: %.*s=\"%.*s\"", STR_ARG(path_short(key)),
                         STR_ARG(path_short(word)));
}

static int path_value(Parser *p, Str key, CimValue *ret)
{
        char c = p->at < p->text.n ? p->text.p[p->at] : 0;
        if (c == '"' || c == '\'')
                return path_string(p, ret);
        if (c == '-' || (c >= '0' && c <= '9'))
                return path_number(p, ret);
        return path_word(p, key, ret);
}

// --- names
// ------------------------------------------------------------------------------------------------------

static int path_name(Parser *p, const char *what, Str *ret)
{
        size_t begin = p->at, chars = 0;
        for (; p->at < p->text.n && name_byte(p->text.p[p->at]); p->at++)
                chars += ((unsigned char)p->text.p[p->at] & 0xC0) != 0x80;
        if (p->at == begin)
                return path_unexpected(p, what);
        Str name = {p->text.p + begin, p->at - begin};
        if (chars > LIMIT_NAME_CHARS)
                return path_error(p, begin, name.n, "%s has %zu characters, at most %u can be", what, chars,
                                  LIMIT_NAME_CHARS);
        if (!cim_name_valid(name))
                return path_error(p, begin, name.n, "%s begins with a digit", what);
        ret->p = arena_strndup(p->a, name.p, name.n);
        ret->n = name.n;
        return ret->p ? 0 : -ENOMEM;
}

// Where the part that holds no key ends: at the first '=' or quote.
static size_t path_plain(const Parser *p)
{
        size_t i = p->at;
        while (i < p->text.n && p->text.p[i] != '=' && p->text.p[i] != '"' && p->text.p[i] != '\'')
                i++;
        return i;
}

static int path_server(Parser *p)
{
        size_t begin = p->at += 2;
        for (; p->at < p->text.n && !path_separator(p->text.p[p->at]); p->at++) {
                char c = p->text.p[p->at];
                if ((unsigned char)c <= ' ' || c == 0x7F || c == '"' || c == '\'' || c == '=')
                        return path_unexpected(p, "the name of a server");
        }
        if (p->at == begin)
                return path_unexpected(p, "the name of a server");
        if (p->at == p->text.n) {
                path_error(p, begin, p->at - begin, "the path ends behind the server");
                return diag_hint(p->diag, "a namespace follows: \\\\%.*s\\root\\default",
                                 STR_ARG(path_short((Str){p->text.p + begin, p->at - begin})));
        }
        Str server = {p->text.p + begin, p->at - begin};
        p->path->server.p = arena_strndup(p->a, server.p, server.n);
        p->path->server.n = server.n;
        return p->path->server.p ? 0 : -ENOMEM;
}

static int path_namespace(Parser *p, size_t end)
{
        Str name = {p->text.p + p->at, end - p->at};
        char normal[LIMIT_NAMESPACE_CHARS + 1];
        if (name.n && path_separator(name.p[0]))
                return path_unexpected(p, "a namespace");
        int r = cim_namespace_normal(name, normal, p->diag);
        if (r) {
                if (p->diag)
                        diag_place(p->diag, p->text.p, p->text.n, p->at, name.n);
                return r;
        }
        p->path->namespace = (Str){arena_strndup(p->a, normal, name.n), name.n};
        p->at = end;
        return p->path->namespace.p ? 0 : -ENOMEM;
}

// Server and namespace, when they are there. p->at stands at the class then, or at the end.
static int path_place(Parser *p)
{
        const char *s = p->text.p;
        bool rooted = p->text.n && path_separator(s[0]);
        int r = rooted && p->text.n > 1 && path_separator(s[1]) ? path_server(p) : 0;
        if (r)
                return r;
        p->at += rooted; // the separator
        size_t plain = path_plain(p), end = p->at;
        bool parts = rooted;
        for (; end < plain && s[end] != ':'; end++)
                parts |= path_separator(s[end]);
        if (end < plain) {
                r = path_namespace(p, end);
                p->at++;
                return r;
        }
        if (!parts)
                return 0;
        if (plain < p->text.n) {
                path_error(p, plain, 1, "'%c' stands in a namespace", s[plain]);
                return diag_hint(p->diag,
                                 "a ':' stands between namespace and class: root\\default:Thing.Name=\"a\"");
        }
        return path_namespace(p, plain);
}

// --- keys
// -------------------------------------------------------------------------------------------------------

static int path_key_named(Parser *p, CimPathKey *keys)
{
        CimPath *path = p->path;
        size_t begin = p->at;
        CimPathKey *k = &keys[path->key_count];
        if (path->key_count == LIMIT_KEYS)
                return path_error(p, begin, 0, "the path has more than %u keys", LIMIT_KEYS);
        int r = path_name(p, "the name of a key", &k->name);
        if (r)
                return r;
        for (size_t i = 0; i < path->key_count; i++)
                if (str_ieq(keys[i].name, k->name))
                        return path_error(p, begin, p->at - begin, "the key %.*s is given twice",
                                          STR_ARG(k->name));
        if (path_char(p) != 1 || p->text.p[p->at] != '=')
                return path_unexpected(p, "'=' and the value of the key");
        p->at++;
        r = path_value(p, k->name, &k->value);
        path->key_count += r == 0;
        return r;
}

static int path_keys_named(Parser *p)
{
        size_t most = 1;
        for (size_t i = p->at; i < p->text.n && most < LIMIT_KEYS; i++)
                most += p->text.p[i] == ',';
        CimPathKey *keys = arena_array(p->a, CimPathKey, most);
        if (!keys)
                return -ENOMEM;
        p->path->keys = keys;
        int r;
        do {
                p->at++; // '.' or ','
                r = path_key_named(p, keys);
        } while (r == 0 && p->at < p->text.n && p->text.p[p->at] == ',');
        return r;
}

static int path_key_only(Parser *p)
{
        p->at++;
        if (p->at < p->text.n && p->text.p[p->at] == '@') {
                p->at++;
                p->path->singleton = true;
                return 0;
        }
        CimPathKey *key = arena_new(p->a, CimPathKey);
        if (!key)
                return -ENOMEM;
        p->path->keys = key;
        p->path->key_count = 1;
        return path_value(p, p->path->class_name, &key->value);
}

static int path_object(Parser *p)
{
        int r = path_name(p, "the name of a class", &p->path->class_name);
        char c = p->at < p->text.n ? p->text.p[p->at] : 0;
        const char *expected = "'.' or '=' and a key, or the end,";
        if (r == 0 && c == '.') {
                r = path_keys_named(p);
                expected = "',' and another key, or the end,";
        } else if (r == 0 && c == '=') {
                r = path_key_only(p);
                expected = "the end";
        }
        return r == 0 && p->at < p->text.n ? path_unexpected(p, expected) : r;
}

// --- the whole
// --------------------------------------------------------------------------------------------------

size_t cim_path_units(Str s)
{
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++)
                n += (((unsigned char)s.p[i] & 0xC0) != 0x80) + ((unsigned char)s.p[i] >= 0xF0);
        return n;
}

int cim_path_parse(Str text, Arena *a, CimPath *ret, Diag *reterr)
{
        CimPath path = {.server = {"", 0}, .namespace = {"", 0}, .class_name = {"", 0}};
        Parser p = {.text = text, .a = a, .path = &path, .diag = reterr};
        size_t bad, units = cim_path_units(text);
        if (reterr)
                *reterr = (Diag){0};
        if (!text.n)
                return path_error(&p, 0, 0, "the path is empty");
        if (units > LIMIT_PATH_CHARS)
                return path_error(&p, 0, 0, "the path has %zu characters, at most %u can be", units,
                                  LIMIT_PATH_CHARS);
        if (!utf8_valid(text.p, text.n, &bad))
                return path_error(&p, bad, 1, "the path is not UTF-8");
        int r = path_place(&p);
        if (r == 0 && (p.at < text.n || !path.namespace.n || text.p[text.n - 1] == ':'))
                r = path_object(&p);
        if (r == 0)
                *ret = path;
        return r;
}

static void print_value(const CimValue *v, Buf *out)
{
        CimType t = cim_type(v->type);
        if (t == CIM_BOOLEAN) {
                buf_text(out, v->boolean ? "TRUE" : "FALSE");
        } else if (cim_type_is_signed(t)) {
                buf_printf(out, "%lld", (long long)v->sint);
        } else if (cim_type_is_unsigned(t) || t == CIM_CHAR16) {
                buf_printf(out, "%llu", (unsigned long long)v->uint);
        } else {
                buf_u8(out, '"');
                for (size_t i = 0; i < v->string.n; i++) {
                        uint32_t c = v->string.p[i];
                        if (c == '"' || c == '\\')
                                buf_u8(out, '\\');
                        if (c >= 0xD800 && c < 0xDC00 && i + 1 < v->string.n &&
                            v->string.p[i + 1] >= 0xDC00 && v->string.p[i + 1] < 0xE000)
                                c = 0x10000 + ((c - 0xD800) << 10) + (v->string.p[++i] - 0xDC00u);
                        char bytes[4];
                        buf_put(out, bytes, utf8_encode(c, bytes));
                }
                buf_u8(out, '"');
        }
}

void cim_path_print(const CimPath *p, Buf *out)
{
        if (p->server.n)
                buf_printf(out, "\\\\%.*s\\", STR_ARG(p->server));
        else if (p->namespace.n && !p->class_name.n && !memchr(p->namespace.p, '\\', p->namespace.n))
                buf_u8(out, '\\'); // "root" alone would be a class
        buf_put(out, p->namespace.p, p->namespace.n);
        if (p->namespace.n && p->class_name.n)
                buf_u8(out, ':');
        buf_put(out, p->class_name.p, p->class_name.n);
        if (p->singleton)
                buf_text(out, "=@");
        for (size_t i = 0; i < p->key_count; i++) {
                if (p->keys[i].name.n)
                        buf_printf(out, "%c%.*s", i ? ',' : '.', STR_ARG(p->keys[i].name));
                buf_u8(out, '=');
                print_value(&p->keys[i].value, out);
        }
}
