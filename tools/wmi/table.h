// SPDX-License-Identifier: MIT
// Lists: a table on a terminal, tab-separated lines in a pipe, JSON objects with --json.
#ifndef WMI_TABLE_H
#define WMI_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

typedef struct Table Table;

typedef struct TableColumn {
        const char *key;  // in JSON
        const char *head; // on a terminal; NULL: in JSON alone
        bool right;
} TableColumn;

// `columns` ends with a key of NULL and lives longer than the table. NULL: out of memory.
Table *table_new(const TableColumn *columns);
Table *table_free(Table *t);

// A new row; then its cells in the order of the columns. A row of which a cell failed fails table_print.
void table_row(Table *t, bool strong);
void table_str(Table *t, Str s);
void table_number(Table *t, uint64_t v);
void table_flag(Table *t, bool v, const char *yes, const char *no); // JSON: true or false
void table_word(Table *t, const char *word);                       // JSON: null
void table_none(Table *t);                                          // JSON: null

// Appends the rows as a table for a terminal. 0, -ENOMEM.
int table_text(Table *t, Buf *out);
// The rows as blocks: the first two columns on a line, below it each of the others that has something, under its key. For
// cells with long texts or several lines. 0, -ENOMEM.
int table_blocks(Table *t, bool colour, Buf *out);
// Prints all rows on standard output. 0 done or nobody reads; WMI_FAILED after a message.
int table_print(Table *t, bool json);
// The same, on a terminal as blocks.
int table_print_blocks(Table *t, bool json);

#endif
