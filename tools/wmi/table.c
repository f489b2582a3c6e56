// SPDX-License-Identifier: MIT
// Lists: rows are kept as JSON objects, from which the other two forms are made.
#include "table.h"

#include <errno.h>
#include <json-c/json.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "say.h"
#include "verb.h"

typedef struct Cell {
        json_object *value; // NULL: none
        const char *text;   // of a flag; else NULL
} Cell;

struct Table {
        const TableColumn *columns;
        size_t width;
        Cell *cells; // rows * width
        bool *strong;
        size_t rows, next; // next cell of the last row
        bool failed;
};

Table *table_new(const TableColumn *columns)
{
        Table *t = calloc(1, sizeof(*t));
        if (!t)
                return NULL;
        t->columns = columns;
        while (columns[t->width].key)
                t->width++;
        return t;
}

Table *table_free(Table *t)
{
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->rows * t->width; i++)
                json_object_put(t->cells[i].value);
        free(t->cells);
        free(t->strong);
        free(t);
        return NULL;
}

void table_row(Table *t, bool strong)
{
        Cell *cells = reallocarray(t->cells, (t->rows + 1) * t->width, sizeof(*cells));
        if (cells)
                t->cells = cells;
        bool *marks = reallocarray(t->strong, t->rows + 1, sizeof(*marks));
        if (marks)
                t->strong = marks;
        if (!cells || !marks) {
                t->failed = true;
                return;
        }
        memset(cells + t->rows * t->width, 0, t->width * sizeof(*cells));
        marks[t->rows++] = strong;
        t->next = 0;
}

static void table_cell(Table *t, json_object *take_value, const char *text)
{
        if (t->failed || !t->rows || t->next >= t->width) {
                json_object_put(take_value);
                return;
        }
        t->cells[(t->rows - 1) * t->width + t->next++] = (Cell){take_value, text};
}

void table_str(Table *t, Str s)
{
        json_object *v = json_object_new_string_len(s.p ? s.p : "", (int)s.n);
        t->failed |= !v;
        table_cell(t, v, NULL);
}

void table_number(Table *t, uint64_t number)
{
        json_object *v = json_object_new_uint64(number);
        t->failed |= !v;
        table_cell(t, v, NULL);
}

void table_flag(Table *t, bool flag, const char *yes, const char *no)
{
        json_object *v = json_object_new_boolean(flag);
        t->failed |= !v;
        table_cell(t, v, flag ? yes : no);
}

void table_word(Table *t, const char *word)
{
        table_cell(t, NULL, word);
}

void table_none(Table *t)
{
        table_cell(t, NULL, NULL);
}

static const char *cell_text(const Cell *c)
{
        return c->text ? c->text : c->value ? json_object_get_string(c->value) : "";
}

static int table_json(Table *t, Buf *out)
{
        for (size_t r = 0; r < t->rows; r++) {
                json_object *o = json_object_new_object();
                if (!o)
                        return -ENOMEM;
                for (size_t i = 0; i < t->width; i++) {
                        json_object *v = json_object_get(t->cells[r * t->width + i].value);
                        if (json_object_object_add(o, t->columns[i].key, v) < 0) {
                                json_object_put(v);
                                json_object_put(o);
                                return -ENOMEM;
                        }
                }
                say_clean_line(str_of(json_object_to_json_string_ext(
                                       o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)),
                               out);
                buf_u8(out, '\n');
                json_object_put(o);
        }
        return 0;
}

static int table_lines(Table *t, Buf *out)
{
        for (size_t r = 0; r < t->rows; r++) {
                for (size_t i = 0; i < t->width; i++) {
                        if (!t->columns[i].head)
                                continue;
                        if (i)
                                buf_u8(out, '\t');
                        say_clean_line(str_of(cell_text(&t->cells[r * t->width + i])), out);
                }
                buf_u8(out, '\n');
        }
        return 0;
}

static int table_fill(Table *t, struct libscols_table *to)
{
        for (size_t r = 0; r < t->rows; r++) {
                struct libscols_line *line = scols_table_new_line(to, NULL);
                if (!line)
                        return -ENOMEM;
                if (t->strong[r])
                        scols_line_set_color(line, "green");
                for (size_t i = 0, n = 0; i < t->width; i++) {
                        if (!t->columns[i].head)
                                continue;
                        Buf text = {0};
                        say_clean_line(str_of(cell_text(&t->cells[r * t->width + i])), &text);
                        const char *z = buf_z(&text);
                        int e = z ? scols_line_set_data(line, n++, z) : -ENOMEM;
                        buf_deinit(&text);
                        if (e)
                                return e;
                }
        }
        return 0;
}

int table_text(Table *t, Buf *out)
{
        if (t->failed)
                return -ENOMEM;
        struct libscols_table *to = scols_new_table();
        if (!to)
                return -ENOMEM;
        int r = 0;
        scols_table_enable_colors(to, say_colour(STDOUT_FILENO));
        for (size_t i = 0; i < t->width && !r; i++)
                if (t->columns[i].head && !scols_table_new_column(to, t->columns[i].head, 0,
                                                                  t->columns[i].right ? SCOLS_FL_RIGHT : 0))
                        r = -ENOMEM;
        if (!r)
                r = table_fill(t, to);
        char *text = NULL;
        if (!r && t->rows)
                r = scols_print_table_to_string(to, &text);
        if (text) {
                buf_text(out, text);
                buf_u8(out, '\n'); // libsmartcols ends the lines but the last
        }
        free(text);
        scols_unref_table(to);
        return r;
}

// --- blocks --------------------------------------------------------------------------------------

// "    when       text", the further lines of the text below its first.
static void block_cell(const char *key, int width, const char *value, Buf *out)
{
        Buf text = {0};
        say_clean(str_of(value), &text);
        out->failed |= text.failed;
        buf_printf(out, "    %-*s  ", width, key);
        for (size_t i = 0; i < text.n; i++) {
                buf_u8(out, text.p[i]);
                if (text.p[i] == '\n' && i + 1 < text.n)
                        buf_printf(out, "    %*s  ", width, "");
        }
        if (!text.n || text.p[text.n - 1] != '\n')
                buf_u8(out, '\n');
        buf_deinit(&text);
}

static void block_row(const Table *t, size_t row, int width, bool colour, Buf *out)
{
        const char *on = colour && t->strong[row] ? "\033[32m" : "", *off = *on ? "\033[0m" : "";
        size_t shown = 0;
        buf_text(out, row ? "\n" : "");
        for (size_t i = 0; i < t->width; i++) {
                const char *value = cell_text(&t->cells[row * t->width + i]);
                if (!t->columns[i].head)
                        continue;
                if (shown++ >= 2) {
                        if (*value)
                                block_cell(t->columns[i].key, width, value, out);
                        continue;
                }
                buf_text(out, shown == 1 ? on : " ");
                say_clean_line(str_of(value), out);
                buf_text(out, shown == 1 ? off : "\n");
        }
}

int table_blocks(Table *t, bool colour, Buf *out)
{
        int width = 0;
        if (t->failed)
                return -ENOMEM;
        for (size_t i = 0; i < t->width; i++)
                if (t->columns[i].head && (int)strlen(t->columns[i].key) > width)
                        width = (int)strlen(t->columns[i].key);
        for (size_t r = 0; r < t->rows; r++)
                block_row(t, r, width, colour, out);
        return out->failed ? -ENOMEM : 0;
}

static int table_out(Table *t, bool json, bool blocks)
{
        Output o;
        output_init(&o, STDOUT_FILENO);
        int r = t->failed                    ? -ENOMEM
                : json                       ? table_json(t, &o.pending)
                : isatty(STDOUT_FILENO) != 1 ? table_lines(t, &o.pending)
                : blocks                     ? table_blocks(t, say_colour(STDOUT_FILENO), &o.pending)
                                             : table_text(t, &o.pending);
        if (!r)
                output_finish(&o);
        if (r || o.error)
                say("standard output: %s", strerror(r ? -r : o.error));
        r = r || o.error ? WMI_FAILED : WMI_DONE;
        output_deinit(&o);
        return r;
}

int table_print(Table *t, bool json)
{
        return table_out(t, json, false);
}

int table_print_blocks(Table *t, bool json)
{
        return table_out(t, json, true);
}
