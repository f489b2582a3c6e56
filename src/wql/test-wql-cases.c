// SPDX-License-Identifier: MIT
// Runs the text cases of tests/conformance/wql (its README says how they are written) and reports in TAP.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "cim/status.h"
#include "wql/test-world.h"

static const char directory[] = "tests/conformance/wql";

typedef struct Case {
        World *world;
        const char *file;
        unsigned line;
        Str text;    // as in the file, for the report
        char *query; // what is asked
        size_t size;
        WqlQuery *parsed;
        WqlPlan *plan;
        Diag diag;
        int result;
        unsigned expectations;
        bool failed;
} Case;

static unsigned done, bad;

static void complain(Case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(Case *c, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        printf("# %s:%u: ", c->file, c->line);
        vprintf(format, args);
        printf("\n");
        va_end(args);
        c->failed = true;
}

// ---- one case
// ----------------------------------------------------------------------------------------------------

static void report(Case *c)
{
        if (!c->query)
                return;
        if (!c->expectations)
                complain(c, "nothing is expected of this query");
        printf("%sok %u - %s:%u %.*s\n", c->failed ? "not " : "", ++done, c->file, c->line,
               c->text.n > 90 ? 90 : (int)c->text.n, c->text.p);
        bad += c->failed;
        wql_query_free(c->parsed);
        wql_plan_unref(c->plan);
        free(c->query);
        *c = (Case){.world = c->world, .file = c->file};
}

static int hex(char x)
{
        return x >= '0' && x <= '9' ? x - '0' : (x | 32) >= 'a' && (x | 32) <= 'f' ? (x | 32) - 'a' + 10 : 0;
}

// \n \r \t \v \f \e (nothing) \xNN; a backslash before anything else stands for itself.
static size_t unescape(char *s, size_t n)
{
        static const char from[] = "nrtvf", to[] = "\n\r\t\v\f";
        size_t k = 0;
        for (size_t i = 0; i < n; i++) {
                const char *e = s[i] == '\\' && i + 1 < n ? strchr(from, s[i + 1]) : NULL;
                if (e) {
                        s[k++] = to[e - from];
                        i++;
                } else if (s[i] == '\\' && i + 3 < n && s[i + 1] == 'x') {
                        s[k++] = (char)(hex(s[i + 2]) * 16 + hex(s[i + 3]));
                        i += 3;
                } else {
                        s[k++] = s[i];
                }
        }
        return k;
}

static void ask(Case *c, Str text, bool data, bool escaped)
{
        c->text = text;
        c->query = strndup(text.p, text.n);
        c->size = escaped ? unescape(c->query, text.n) : text.n;
        // a copy of exactly this size lets the sanitizer see a read beyond it
        char *exact = malloc(c->size ? c->size : 1);
        memcpy(exact, c->query, c->size);
        free(c->query);
        c->query = exact;
        Str query = {exact, c->size};
        c->result =
                data ? wql_parse_data(query, &c->parsed, &c->diag) : wql_parse(query, &c->parsed, &c->diag);
        if (c->result == 0)
                c->result = (data ? wql_check_data : wql_check)(c->parsed, c->world->schema,
                                                                c->world->namespace, &c->plan, &c->diag);
}

// ---- expectations
// ------------------------------------------------------------------------------------------------

static bool has_plan(Case *c)
{
        char text[1024];
        if (!c->plan)
                complain(c, "refused: %s", diag_text(&c->diag, text, sizeof(text)));
        return c->plan != NULL;
}

static void expect_match(Case *c, Str text, bool wanted)
{
        const CimInstance *i = world_object(c->world, text);
        if (!i) {
                complain(c, "the object: %s", c->world->error);
                return;
        }
        if (wql_is_schema(c->plan) ? !i->is_class : !cim_class_isa(i->class, wql_class(c->plan)->name)) {
                complain(c, "the object is of another class");
                return;
        }
        Arena scratch = {0};
        WqlSubject s = {i->class, i->values, i->namespace, i->is_class, STR("HOST"), &scratch};
        if (wql_match(c->plan, &s) != wanted)
                complain(c, "%s: %.*s", wanted ? "should match" : "should not match", STR_ARG(text));
        arena_deinit(&scratch);
}

// error NAME@OFFSET [words that the message or hint must hold]
static void expect_error(Case *c, Str text)
{
        char name[64] = "", words[256] = "", got[1024];
        unsigned long at = 0;
        char *z = strndup(text.p, text.n);
        int n = sscanf(z, "%63[^@]@%lu %255[^\n]", name, &at, words);
        free(z);
        if (n < 2) {
                complain(c, "error NAME@OFFSET is expected");
                return;
        }
        diag_text(&c->diag, got, sizeof(got));
        const char *code = cim_status_name(c->diag.code);
        if (c->result != E_DIAG)
                complain(c, "accepted, result %d", c->result);
        else if (!code || strcmp(code, name) != 0)
                complain(c, "%s: %s", code ? code : "?", got);
        else if (c->diag.offset != at)
                complain(c, "at %zu: %s", c->diag.offset, got);
        else if (!strstr(got, words))
                complain(c, "says: %s", got);
}

static void expect_text(Case *c, Str wanted, Buf *got)
{
        buf_z(got);
        if (!str_eq(wanted, (Str){(char *)got->p, got->n}))
                complain(c, "got: %.*s", (int)got->n, (char *)got->p);
        buf_deinit(got);
}

static void expect_print(Case *c, Str wanted)
{
        Buf b = {0};
        if (c->parsed)
                wql_print(c->parsed, &b);
        expect_text(c, wanted, &b);
}

static void add_name(const Case *c, Buf *b, size_t i)
{
        buf_printf(b, "%s%.*s", b->n ? ", " : "", STR_ARG(wql_class(c->plan)->properties[i].name));
}

static void expect_select(Case *c, Str wanted)
{
        Buf b = {0};
        size_t n;
        const uint32_t *selected = wql_selected(c->plan, &n);
        for (size_t i = 0; i < n; i++)
                add_name(c, &b, selected[i]);
        if (!n)
                buf_text(&b, "*");
        expect_text(c, wanted, &b);
}

static void expect_reads(Case *c, Str wanted)
{
        Buf b = {0};
        const CimClass *k = wql_class(c->plan);
        if (!wql_used(c->plan)->words)
                buf_text(&b, "all");
        for (size_t i = 0; k && wql_used(c->plan)->words && i < k->property_count; i++)
                if (cim_wants(wql_used(c->plan), i))
                        add_name(c, &b, i);
        if (!b.n)
                buf_text(&b, "nothing");
        expect_text(c, wanted, &b);
}

// The dump on one line, its lines separated by " | ".
static void expect_plan(Case *c, Str wanted)
{
        Buf dump = {0}, line = {0};
        wql_dump(c->plan, &dump);
        for (size_t i = 0; i < dump.n; i++) {
                if (dump.p[i] != '\n')
                        buf_u8(&line, dump.p[i]);
                else if (i + 1 < dump.n)
                        buf_text(&line, " | ");
        }
        buf_deinit(&dump);
        expect_text(c, wanted, &line);
}

// ---- files
// -------------------------------------------------------------------------------------------------------

static Str trim(Str s)
{
        while (s.n && strchr(" \t\r", s.p[0]))
                s.p++, s.n--;
        while (s.n && strchr(" \t\r", s.p[s.n - 1]))
                s.n--;
        return s;
}

// Splits off the first word.
static Str head(Str *s)
{
        Str word = *s;
        word.n = 0;
        while (word.n < s->n && word.p[word.n] != ' ')
                word.n++;
        *s = trim((Str){s->p + word.n, s->n - word.n});
        return word;
}

static void use(Case *c, Str name)
{
        char path[512];
        size_t n;
        snprintf(path, sizeof(path), "%s/%.*s", directory, STR_ARG(name));
        char *text = world_file(path, &n);
        if (!text || !world_classes(c->world, (Str){text, n}))
                complain(c, "%s: %s", path, text ? c->world->error : "cannot be read");
        free(text);
        bad += c->failed;
        c->failed = false;
}

// Classes that are there from now on: for the queries below, and for the objects of the one above.
static void define(Case *c, Str line)
{
        if (!world_classes(c->world, line)) {
                complain(c, "%s", c->world->error);
                bad += !c->query;
        }
}

static void directive(Case *c, Str line)
{
        Str all = line, what = head(&line);
        if (str_eq(what, STR("class")) || what.p[0] == '[') {
                define(c, all);
                return;
        }
        if (!c->query) {
                if (str_eq(what, STR("use")))
                        use(c, line);
                else
                        complain(c, "%.*s without a query", STR_ARG(what)), bad++;
                return;
        }
        c->expectations++;
        if (str_eq(what, STR("error")))
                expect_error(c, line);
        else if (str_eq(what, STR("print")))
                expect_print(c, line);
        else if (!has_plan(c))
                return;
        else if (str_eq(what, STR("yes")) || str_eq(what, STR("no")))
                expect_match(c, line, what.n == 3);
        else if (str_eq(what, STR("accepted")))
                return;
        else if (str_eq(what, STR("select")))
                expect_select(c, line);
        else if (str_eq(what, STR("reads")))
                expect_reads(c, line);
        else if (str_eq(what, STR("plan")))
                expect_plan(c, line);
        else
                complain(c, "no such expectation: %.*s", STR_ARG(what));
}

static void run_file(const char *name)
{
        char path[512];
        size_t size;
        snprintf(path, sizeof(path), "%s/%s", directory, name);
        char *text = world_file(path, &size);
        World w;
        world_init(&w, STR("root\\wmi"));
        Case c = {.world = &w, .file = name};
        unsigned line = 0;
        for (char *p = text, *end; p && p < text + size; p = end + 1) {
                end = memchr(p, '\n', (size_t)(text + size - p));
                if (!end)
                        end = text + size;
                line++;
                Str s = trim((Str){p, (size_t)(end - p)});
                if (s.n >= 2 && (s.p[0] == '>' || s.p[0] == '?')) {
                        report(&c);
                        c.line = line;
                        bool data = s.p[0] == '?', escaped = s.p[1] == s.p[0];
                        size_t skip = escaped ? 2 : 1;
                        ask(&c, trim((Str){s.p + skip, s.n - skip}), data, escaped);
                } else if (s.n && s.p[0] != '#') {
                        c.line = c.query ? c.line : line;
                        directive(&c, s);
                }
        }
        report(&c);
        world_deinit(&w);
        free(text);
}

static int is_case_file(const struct dirent *e)
{
        size_t n = strlen(e->d_name);
        return n > 5 && strcmp(e->d_name + n - 5, ".test") == 0;
}

int main(void)
{
        char path[4096];
        const char *root = getenv("FREEWMI_SOURCE");
        snprintf(path, sizeof(path), "%s/%s", root ? root : ".", directory);
        struct dirent **files;
        int n = scandir(path, &files, is_case_file, alphasort);
        for (int i = 0; i < n; i++) {
                run_file(files[i]->d_name);
                free(files[i]);
        }
        if (n >= 0)
                free(files);
        printf("1..%u\n", done);
        if (!done)
                printf("# no case in %s\n", path);
        return bad || !done;
}
