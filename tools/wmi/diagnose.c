// SPDX-License-Identifier: MIT
// Diagnostics of files: for people, as JSON lines, as SARIF, and in the manner of mofcomp.
#include "diagnose.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/status.h"
#include "output.h"
#include "print-value.h"
#include "say.h"
#include "verb.h"

#define SARIF_SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

struct Diagnose {
        DiagnoseAs as;
        const char *name;
        unsigned counts[3]; // by level, those that are not shown too
        unsigned shown;
        uint32_t first;               // number of the first error
        bool cut;                     // somebody stopped looking: there may be more
        json_object *results, *rules; // of SARIF; arrays
        const char *(*explain)(const char *rule);
        bool failed; // out of memory, or standard output cannot be written
};

static const char *const levels[] = {"error", "warning", "note"};

static int diagnose_write(Diagnose *g, int fd, Buf *text)
{
        if (fd == STDERR_FILENO) {
                if (!text->failed && write(fd, text->p, text->n) < 0)
                        text->n = 0; // nobody left to tell
        } else if (!g->failed) {
                Output out;
                output_init(&out, fd);
                buf_put(&out.pending, text->p, text->n);
                output_finish(&out);
                if (out.error)
                        say("standard output: %s", strerror(out.error));
                g->failed |= out.error || text->failed;
                output_deinit(&out);
        }
        buf_deinit(text);
        return g->failed;
}

Diagnose *diagnose_new(DiagnoseAs as, const char *name)
{
        Diagnose *g = calloc(1, sizeof(*g));
        if (!g)
                return NULL;
        g->as = as;
        g->name = name;
        if (as == DIAGNOSE_SARIF) {
                g->results = json_object_new_array();
                g->rules = json_object_new_array();
                if (!g->results || !g->rules) {
                        json_object_put(g->results);
                        json_object_put(g->rules);
                        free(g);
                        return NULL;
                }
        }
        return g;
}

unsigned diagnose_count(const Diagnose *g, DiagnoseLevel level)
{
        return g->counts[level];
}

void diagnose_explain(Diagnose *g, const char *(*explain)(const char *rule))
{
        g->explain = explain;
}

uint32_t diagnose_first(const Diagnose *g)
{
        return g->first;
}

void diagnose_cut(Diagnose *g)
{
        g->cut = true;
}

// --- what a finding says -----------------------------------------------------------------------------

// The line of `text` that holds byte `offset`, without its end; *ret_at: where in it.
static Str diagnose_line(Str text, size_t offset, size_t *ret_at)
{
        size_t begin = offset, end = offset;
        if (!text.n || offset > text.n)
                return (Str){0};
        while (begin && text.p[begin - 1] != '\n')
                begin--;
        while (end < text.n && text.p[end] != '\n')
                end++;
        *ret_at = offset - begin;
        if (end > begin && text.p[end - 1] == '\r')
                end--;
        if (*ret_at > end - begin)
                *ret_at = end - begin;
        return (Str){text.p + begin, end - begin};
}

static const char *diagnose_message(const Diag *d)
{
        return d->message[0] ? d->message : d->code ? cim_status_says(d->code) : "it is not right";
}

static const char *diagnose_rule(const char *rule, const Diag *d, char space[16])
{
        const char *name = rule ? rule : d->code ? cim_status_name(d->code) : NULL;
        if (!name) {
                snprintf(space, 16, d->code ? "0x%08X" : "input", d->code);
                name = space;
        }
        return name;
}

// --- for people ----------------------------------------------------------------------------------------

static void text_place(const Diag *d, Buf *out)
{
        say_clean_line(str_of(d->file), out);
        if (d->line && d->column)
                buf_printf(out, ":%u:%u", d->line, d->column);
        else if (d->line)
                buf_printf(out, ":%u", d->line);
        else if (d->offset)
                buf_printf(out, ": byte %zu", d->offset);
        buf_text(out, d->file[0] || d->line || d->offset ? ": " : "");
}

static void text_number(const char *rule, const Diag *d, Buf *out)
{
        const char *name = d->code ? cim_status_name(d->code) : NULL;
        if (d->code)
                buf_printf(out, " (%s%s0x%08X)", name ? name : "", name ? " " : "", d->code);
        if (rule)
                buf_printf(out, " [%s]", rule);
}

static void text_source(const Diag *d, Str text, bool colour, Buf *out)
{
        size_t at;
        Str line = d->line ? diagnose_line(text, d->offset, &at) : (Str){0};
        if (line.n)
                say_source(line, at, d->length, colour, out);
        if (d->hint[0]) {
                buf_text(out, "    hint: ");
                say_clean_line(str_of(d->hint), out);
                buf_u8(out, '\n');
        }
}

static void add_text(Diagnose *g, DiagnoseLevel level, const char *rule, const Diag *d, Str text)
{
        static const char *const colours[] = {"\033[1;31m", "\033[1;35m", "\033[1;36m"};
        bool colour = say_colour(STDERR_FILENO);
        Buf out = {0};
        buf_text(&out, colour ? "\033[1m" : "");
        text_place(d, &out);
        buf_printf(&out, "%s%s: %s", colour ? colours[level] : "", levels[level], colour ? "\033[0;1m" : "");
        say_clean_line(str_of(diagnose_message(d)), &out);
        buf_text(&out, colour ? "\033[m" : "");
        text_number(rule, d, &out);
        buf_u8(&out, '\n');
        text_source(d, text, colour, &out);
        diagnose_write(g, STDERR_FILENO, &out);
}

// --- in the manner of mofcomp ------------------------------------------------------------------------

// "x.mof (12): error SYNTAX 0X80044002: ...": build logs are searched for it. Line and caret follow.
static void add_mofcomp(Diagnose *g, DiagnoseLevel level, const char *rule, const Diag *d, Str text)
{
        Buf out = {0};
        say_clean_line(str_of(d->file), &out);
        if (d->line)
                buf_printf(&out, " (%u)", d->line);
        buf_printf(&out, "%s%s", d->file[0] ? ": " : "", levels[level]);
        if (d->code)
                buf_printf(&out, " %s 0X%08x", d->code >> 12 == 0x80044 ? "SYNTAX" : "WMI", d->code);
        else if (rule)
                buf_printf(&out, " %s", rule);
        buf_text(&out, ": ");
        say_clean_line(str_of(diagnose_message(d)), &out);
        buf_u8(&out, '\n');
        text_source(d, text, say_colour(STDOUT_FILENO), &out);
        diagnose_write(g, STDOUT_FILENO, &out);
}

// --- JSON ----------------------------------------------------------------------------------------------

// Texts may quote what is no UTF-8.
static int add_str(json_object *o, const char *key, Str s)
{
        Arena a = {0};
        Str16 wide = utf_to16(&a, s);
        Str clean = wide.p ? utf_to8(&a, wide) : (Str){0};
        int r = clean.p ? value_json_add_str(o, key, clean) : -ENOMEM;
        arena_deinit(&a);
        return r;
}

static int add_number(json_object *o, const char *key, uint64_t n)
{
        json_object *v = json_object_new_uint64(n);
        return v ? value_json_add(o, key, v) : -ENOMEM;
}

static int json_source(json_object *o, const char *key, const Diag *d, Str text)
{
        size_t at;
        Str line = d->line ? diagnose_line(text, d->offset, &at) : (Str){0};
        return line.n ? add_str(o, key, line) : 0;
}

static int json_place(json_object *o, const Diag *d)
{
        int r = d->file[0] ? add_str(o, "file", str_of(d->file)) : 0;
        if (!r && d->line)
                r = add_number(o, "line", d->line);
        if (!r && d->column)
                r = add_number(o, "column", d->column);
        if (!r && (d->line || d->offset))
                r = add_number(o, "offset", d->offset);
        if (!r && d->length)
                r = add_number(o, "length", d->length);
        return r;
}

static int json_finding(json_object *o, DiagnoseLevel level, const char *rule, const Diag *d, Str text)
{
        char space[16], code[16];
        int r = add_str(o, "level", str_of(levels[level]));
        if (!r)
                r = add_str(o, "rule", str_of(diagnose_rule(rule, d, space)));
        if (!r && d->code) {
                snprintf(code, sizeof(code), "0x%08X", d->code);
                r = add_str(o, "code", str_of(code));
        }
        if (!r)
                r = json_place(o, d);
        if (!r)
                r = add_str(o, "message", str_of(diagnose_message(d)));
        if (!r && d->hint[0])
                r = add_str(o, "hint", str_of(d->hint));
        return r ? r : json_source(o, "source", d, text);
}

static int json_line(Diagnose *g, json_object *take_line)
{
        Buf out = {0};
        int r = value_json_text(take_line, &out);
        buf_u8(&out, '\n');
        json_object_put(take_line);
        if (!r)
                return diagnose_write(g, STDOUT_FILENO, &out);
        buf_deinit(&out);
        return r;
}

static void add_json(Diagnose *g, DiagnoseLevel level, const char *rule, const Diag *d, Str text)
{
        json_object *o = json_object_new_object();
        if (o && !json_finding(o, level, rule, d, text)) {
                g->failed |= json_line(g, o) != 0;
                return;
        }
        json_object_put(o);
        g->failed = true;
}

// --- SARIF ---------------------------------------------------------------------------------------------

// A new member of `o`, borrowed; NULL: out of memory.
static json_object *sarif_member(json_object *o, const char *key, json_object *take_new)
{
        return take_new && o && !value_json_add(o, key, take_new) ? take_new : NULL;
}

// {key: {"text": s}}
static int sarif_text(json_object *o, const char *key, Str s)
{
        json_object *t = sarif_member(o, key, json_object_new_object());
        return t ? add_str(t, "text", s) : -ENOMEM;
}

// What a rule stands for; of one that nobody explains its name has to do.
static const char *sarif_says(const Diagnose *g, const char *rule, const Diag *d)
{
        const char *says = g->explain ? g->explain(rule) : NULL;
        return says ? says : d->code && cim_status_name(d->code) ? cim_status_says(d->code) : rule;
}

static int sarif_rule(Diagnose *g, const char *rule, const Diag *d, size_t *ret_index)
{
        size_t n = json_object_array_length(g->rules);
        for (size_t i = 0; i < n; i++) {
                json_object *id;
                if (json_object_object_get_ex(json_object_array_get_idx(g->rules, i), "id", &id) &&
                    !strcmp(json_object_get_string(id), rule)) {
                        *ret_index = i;
                        return 0;
                }
        }
        json_object *o = json_object_new_object();
        int r = o ? add_str(o, "id", str_of(rule)) : -ENOMEM;
        if (!r)
                r = sarif_text(o, "shortDescription", str_of(sarif_says(g, rule, d)));
        if (r || json_object_array_add(g->rules, o) < 0) {
                json_object_put(o);
                return -ENOMEM;
        }
        *ret_index = n;
        return 0;
}

// A path as a URI reference: what is no unreserved character is encoded.
static int sarif_uri(json_object *o, const char *file)
{
        Buf uri = {0};
        buf_text(&uri, file[0] == '/' ? "file://" : "");
        for (const char *p = strcmp(file, "-") ? file : "stdin"; *p; p++) {
                if (isalnum((unsigned char)*p) || strchr("-._~/", *p))
                        buf_u8(&uri, (uint8_t)*p);
                else
                        buf_printf(&uri, "%%%02X", (unsigned char)*p);
        }
        int r = uri.failed ? -ENOMEM : value_json_add_str(o, "uri", (Str){(const char *)uri.p, uri.n});
        buf_deinit(&uri);
        return r;
}

// Of a text by line and column, in characters; of binary MOF by bytes.
static int sarif_region(json_object *o, const Diag *d, Str text)
{
        if (!d->line) {
                int r = add_number(o, "byteOffset", d->offset);
                return r ? r : add_number(o, "byteLength", d->length);
        }
        size_t at, length = d->length, characters = 0;
        Str line = diagnose_line(text, d->offset, &at);
        for (size_t i = 0; line.n && i < length && at + i < line.n; characters++) {
                uint32_t c;
                i += utf8_decode(line.p + at + i, line.n - at - i, &c);
        }
        int r = add_number(o, "startLine", d->line);
        if (!r && d->column)
                r = add_number(o, "startColumn", d->column);
        if (!r && d->column && characters)
                r = add_number(o, "endColumn", d->column + characters);
        return r || !line.n ? r : sarif_text(o, "snippet", line);
}

static int sarif_location(json_object *result, const Diag *d, Str text)
{
        if (!d->file[0])
                return 0;
        json_object *list = sarif_member(result, "locations", json_object_new_array());
        json_object *item = json_object_new_object();
        if (!list || !item || json_object_array_add(list, item) < 0) {
                json_object_put(item);
                return -ENOMEM;
        }
        json_object *physical = sarif_member(item, "physicalLocation", json_object_new_object());
        json_object *artifact = sarif_member(physical, "artifactLocation", json_object_new_object());
        int r = artifact ? sarif_uri(artifact, d->file) : -ENOMEM;
        if (r || !(d->line || d->offset || d->length))
                return r;
        json_object *region = sarif_member(physical, "region", json_object_new_object());
        return region ? sarif_region(region, d, text) : -ENOMEM;
}

static int sarif_result(Diagnose *g, json_object *o, DiagnoseLevel level, const char *rule, const Diag *d,
                        Str text)
{
        char space[16];
        size_t index = 0;
        const char *id = diagnose_rule(rule, d, space);
        Buf words = {0};
        buf_text(&words, diagnose_message(d));
        if (d->hint[0])
                buf_printf(&words, "; %s", d->hint);
        int r = words.failed ? -ENOMEM : sarif_rule(g, id, d, &index);
        if (!r)
                r = add_str(o, "ruleId", str_of(id));
        if (!r)
                r = add_number(o, "ruleIndex", index);
        if (!r)
                r = add_str(o, "level", str_of(levels[level]));
        if (!r)
                r = sarif_text(o, "message", (Str){(const char *)words.p, words.n});
        buf_deinit(&words);
        return r ? r : sarif_location(o, d, text);
}

static void add_sarif(Diagnose *g, DiagnoseLevel level, const char *rule, const Diag *d, Str text)
{
        json_object *o = json_object_new_object();
        if (o && !sarif_result(g, o, level, rule, d, text) && json_object_array_add(g->results, o) >= 0)
                return;
        json_object_put(o);
        g->failed = true;
}

// The log around rules and results, which it takes.
static json_object *sarif_log(Diagnose *g)
{
        json_object *log = json_object_new_object(), *run = json_object_new_object();
        int r = log && run ? value_json_add_str(log, "$schema", STR(SARIF_SCHEMA)) : -ENOMEM;
        if (!r)
                r = value_json_add_str(log, "version", STR("2.1.0"));
        json_object *runs = r ? NULL : sarif_member(log, "runs", json_object_new_array());
        if (!runs || json_object_array_add(runs, run) < 0) {
                json_object_put(run);
                json_object_put(log);
                return NULL;
        }
        json_object *tool = sarif_member(run, "tool", json_object_new_object());
        json_object *driver = sarif_member(tool, "driver", json_object_new_object());
        if (driver && !value_json_add_str(driver, "name", str_of(g->name)) &&
            !value_json_add_str(driver, "version", STR(FREEWMI_VERSION)) &&
            sarif_member(driver, "rules", json_object_get(g->rules)) &&
            !value_json_add_str(run, "columnKind", STR("unicodeCodePoints")) &&
            sarif_member(run, "results", json_object_get(g->results)))
                return log;
        json_object_put(log);
        return NULL;
}

// --- all together ----------------------------------------------------------------------------------------

void diagnose_add(Diagnose *g, DiagnoseLevel level, const char *rule, const Diag *d, Str text)
{
        static void (*const adds[])(Diagnose *, DiagnoseLevel, const char *, const Diag *,
                                    Str) = {add_text, add_json, add_sarif, add_mofcomp};
        if (level == DIAGNOSE_ERROR && !g->counts[level])
                g->first = d->code;
        g->counts[level]++;
        if (g->shown == LIMIT_FINDINGS)
                return;
        g->shown++;
        adds[g->as](g, level, rule, d, text);
}

static void end_text(Diagnose *g, int fd)
{
        unsigned errors = g->counts[DIAGNOSE_ERROR], warnings = g->counts[DIAGNOSE_WARNING];
        Buf out = {0};
        if (!errors && !warnings)
                return;
        buf_printf(&out, "%u error%s%s, %u warning%s", errors, errors == 1 ? "" : "s",
                   g->cut ? " or more" : "", warnings, warnings == 1 ? "" : "s");
        if (errors + warnings + g->counts[DIAGNOSE_NOTE] > g->shown)
                buf_printf(&out, "; the first %u are shown", g->shown);
        buf_u8(&out, '\n');
        diagnose_write(g, fd, &out);
}

static void end_json(Diagnose *g)
{
        if (!g->shown)
                return;
        json_object *o = json_object_new_object();
        if (o && !add_number(o, "errors", g->counts[DIAGNOSE_ERROR]) &&
            !add_number(o, "warnings", g->counts[DIAGNOSE_WARNING]) && !add_number(o, "shown", g->shown)) {
                g->failed |= json_line(g, o) != 0;
                return;
        }
        json_object_put(o);
        g->failed = true;
}

static void end_sarif(Diagnose *g)
{
        json_object *log = sarif_log(g);
        if (log)
                g->failed |= json_line(g, log) != 0;
        else
                g->failed = true;
}

int diagnose_end(Diagnose *g)
{
        if (!g)
                return WMI_DONE;
        if (g->as == DIAGNOSE_TEXT)
                end_text(g, STDERR_FILENO);
        else if (g->as == DIAGNOSE_MOFCOMP)
                end_text(g, STDOUT_FILENO);
        else if (g->as == DIAGNOSE_JSON)
                end_json(g);
        else
                end_sarif(g);
        int code = g->failed ? WMI_FAILED : WMI_DONE;
        json_object_put(g->results);
        json_object_put(g->rules);
        free(g);
        return code;
}
