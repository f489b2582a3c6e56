// SPDX-License-Identifier: MIT
// The inside of the printer: print-value.c lays out tokens and values, print.c what is made of them.
//
// Everything is first written flat, on one line; what turns out too long for it is taken back and laid out on
// several. While something is written flat, nothing is written beyond the first character too many.
#ifndef MOF_PRINT_IMPL_H
#define MOF_PRINT_IMPL_H

#include "mof/internal.h"
#include "mof/print.h"

enum {
        WIDTH = 120, // columns of a line
        TAIL = 3,    // columns kept for what closes behind a token: `)];`
};

typedef struct Printer {
        Buf *out;
        size_t begin;    // of our text in *out: no line begins before it
        unsigned depth;  // of nesting, in tabs
        unsigned values; // of values in values
        bool in_list;
        bool flat;       // one line, or nothing
        bool wide;       // flat: it does not fit
        size_t flat_end; // flat: no more bytes than up to here
} Printer;

// n bytes, a number of whole characters.
void print_bytes(Printer *p, const char *s, size_t n);
void print_z(Printer *p, const char *z);
// Where the next character stands in its line, from 0.
size_t print_column(const Printer *p);
// A new line, up to the column `to`: tabs for the depth, then blanks.
void print_break_to(Printer *p, size_t to);
void print_break(Printer *p);
// Writes flat what `write` writes, if it fits before the column `end`. False: nothing was written.
bool print_try_flat(Printer *p, size_t end, void (*write)(Printer *p, const void *what), const void *what);
// A name, or one made of it where it is none, with the name itself in a comment.
void print_name(Printer *p, Str name);
// "..." on one line; print_text: UTF-8, without lone surrogates.
void print_string(Printer *p, Str16 s);
void print_text(Printer *p, Str s);
void print_value(Printer *p, const MofValue *v);
// {a, b}. `meanings` (may be NULL): a list of as many values; then one to a line, each with its own in front
// of it.
void print_list(Printer *p, const MofValue *v, const MofValue *meanings);
bool print_has_objects(const MofValue *list);
void print_object(Printer *p, const MofObject *o); // without ';' and line end

#endif
