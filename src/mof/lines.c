// SPDX-License-Identifier: MIT
// From offsets to files, lines and columns, when an error or somebody else asks for one.
//
// The first who asks makes an index: for every block of the text, what has been counted until there. Then each place costs
// the reading of one block.
#include "mof/internal.h"

#include <stdlib.h>

enum { BLOCK = 4096 };

// Counted until a point of the text.
typedef struct MofLineIndex {
        uint32_t at;
        uint32_t line;   // line ends before it
        uint32_t column; // characters between the last of them and it
        uint32_t input;  // bytes of the input before it, without its mark
} Count;

int mof_lines_init(MofLines *l, Arena *a, const char *name)
{
        const char *copy = arena_strndup(a, name, strlen(name));
        l->files = arena_array(a, const char *, 4);
        l->marks = arena_array(a, MofMark, 4);
        if (!copy || !l->files || !l->marks)
                return -ENOMEM;
        l->files[l->file_count++] = copy;
        l->marks[l->mark_count++] = (MofMark){.line = 1};
        l->file_capacity = l->mark_capacity = 4;
        return 0;
}

void mof_lines_deinit(MofLines *l)
{
        free(l->index);
        l->index = NULL;
}

static void *grown(Arena *a, void *items, size_t count, size_t *capacity, size_t size)
{
        if (count < *capacity)
                return items;
        void *p = arena_calloc(a, *capacity * 2, size);
        if (p) {
                memcpy(p, items, count * size);
                *capacity *= 2;
        }
        return p;
}

static int file_index(MofLines *l, Arena *a, Str name, uint32_t *ret)
{
        // Of many files the last few: who includes is named again behind what he includes.
        for (size_t i = l->file_count, k = 0; i-- > 0 && k < 8; k++)
                if (str_eq(str_of(l->files[i]), name)) {
                        *ret = (uint32_t)i;
                        return 0;
                }
        const char *copy = arena_strndup(a, name.p, name.n);
        const char **files = grown(a, l->files, l->file_count, &l->file_capacity, sizeof(*files));
        if (!copy || !files)
                return -ENOMEM;
        l->files = files;
        *ret = (uint32_t)l->file_count;
        files[l->file_count++] = copy;
        return 0;
}

int mof_lines_mark(MofLines *l, Arena *a, uint32_t at, uint32_t line, Str name)
{
        MofMark mark = {at, line, l->marks[l->mark_count - 1].file};
        if (name.p && file_index(l, a, name, &mark.file) < 0)
                return -ENOMEM;
        MofMark *marks = grown(a, l->marks, l->mark_count, &l->mark_capacity, sizeof(*marks));
        if (!marks)
                return -ENOMEM;
        l->marks = marks;
        marks[l->mark_count++] = mark;
        return 0;
}

// Goes on from *c to `at`: LF, CR LF and CR end a line.
static void count_on(const MofText *t, Count *c, uint32_t at)
{
        for (uint32_t i = c->at; i < at; i++) {
                unsigned char b = (unsigned char)t->p[i];
                if (b == '\n' || (b == '\r' && t->p[i + 1] != '\n')) {
                        c->line++;
                        c->column = 0;
                } else {
                        c->column += (b & 0xC0) != 0x80;
                }
        }
        c->input += (uint32_t)mof_text_bytes(t, c->at, at);
        c->at = at;
}

static const Count *index_of(const MofLines *l)
{
        Count *const *shared = &l->index;
        Count *x = __atomic_load_n(shared, __ATOMIC_ACQUIRE);
        if (x)
                return x;
        x = malloc((l->text.n / BLOCK + 1) * sizeof(Count));
        if (!x)
                return NULL;
        Count c = {0};
        for (uint32_t at = 0; at <= l->text.n; at += BLOCK) {
                count_on(&l->text, &c, at);
                x[at / BLOCK] = c;
        }
        // Two who ask at the same time: one index stays.
        Count *none = NULL, **mine = (Count **)(uintptr_t)shared;
        if (!__atomic_compare_exchange_n(mine, &none, x, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
                free(x);
                x = none;
        }
        return x;
}

static Count counted(const MofLines *l, uint32_t at)
{
        const Count *x = index_of(l);
        if (at > l->text.n)
                at = (uint32_t)l->text.n;
        Count c = x ? x[at / BLOCK] : (Count){0};
        count_on(&l->text, &c, at);
        return c;
}

// The last mark at or before the offset.
static const MofMark *mark_of(const MofLines *l, uint32_t at)
{
        size_t low = 0, high = l->mark_count;
        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;
                if (l->marks[middle].at <= at)
                        low = middle;
                else
                        high = middle;
        }
        return &l->marks[low];
}

static uint32_t line_of(const MofLines *l, const MofMark *mark, const Count *c)
{
        return mark->line + (c->line - (mark->at ? counted(l, mark->at).line : 0));
}

void mof_lines_place(const MofLines *l, MofPlace place, Diag *d)
{
        Count c = counted(l, place.at);
        const MofMark *mark = mark_of(l, place.at);
        uint32_t end = place.n < l->text.n - c.at ? c.at + place.n : (uint32_t)l->text.n;
        d->line = line_of(l, mark, &c);
        d->column = c.column + 1;
        d->offset = l->text.mark + c.input;
        d->length = mof_text_bytes(&l->text, c.at, end);
        size_t n = strnlen(l->files[mark->file], sizeof(d->file) - 1);
        memcpy(d->file, l->files[mark->file], n);
        d->file[n] = '\0';
}
