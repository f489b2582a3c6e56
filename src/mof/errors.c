// SPDX-License-Identifier: MIT
// What all of the parser uses: errors, stacks, names.
#include "mof/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf.h"

// --- errors --------------------------------------------------------------------------------------

// The error to fill, NULL: this one is not recorded.
static Diag *new_error(Mof *m, MofPlace at)
{
        m->failed = true;
        m->reports++;
        m->hintable = NULL;
        if (m->error_count == m->error_capacity)
                m->stop = true;
        if (m->leaving || (m->blamed && at.at == m->blamed))
                return NULL;
        // What costs time comes behind this: a hostile text can hold errors without number.
        for (size_t i = 0; i < m->error_count; i++)
                if (m->error_at[i] == at.at)
                        return NULL;
        if (m->stop)
                return NULL;
        Diag *d = &m->errors[m->error_count];
        *d = (Diag){0};
        mof_lines_place(m->lines, at, d);
        m->error_at[m->error_count++] = at.at;
        if (m->error_count == m->error_capacity)
                m->stop = true;
        return m->hintable = d;
}

static int error_said(Mof *m, MofPlace at, uint32_t code, const char *format, va_list args)
{
        Diag *d = new_error(m, at);
        if (!d)
                return E_DIAG;
        diag_setv(d, code, format, args);
        for (char *p = d->message; *p; p++)
                if ((unsigned char)*p < 0x20 || *p == 0x7F)
                        *p = '.'; // of names and strings in the text: a message is one line
        return E_DIAG;
}

int mof_error(Mof *m, const MofToken *at, uint32_t code, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int r = error_said(m, mof_place(at), code, format, args);
        va_end(args);
        return r;
}

int mof_error_at(Mof *m, MofPlace at, uint32_t code, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int r = error_said(m, at, code, format, args);
        va_end(args);
        return r;
}

int mof_hint(Mof *m, const char *format, ...)
{
        if (!m->hintable)
                return E_DIAG;
        va_list args;
        va_start(args, format);
        vsnprintf(m->hintable->hint, sizeof(m->hintable->hint), format, args);
        va_end(args);
        return E_DIAG;
}

char *mof_shown(const Mof *m, const MofToken *t, char out[MOF_SHOWN])
{
        if (t->kind == MOF_END) {
                snprintf(out, MOF_SHOWN, "the end of the file");
                return out;
        }
        // Up to 40 bytes of it, cut between characters, control characters as dots.
        size_t n = 0, used;
        char text[48];
        for (size_t i = 0; i < t->n && n < 40; i += used) {
                uint32_t c;
                used = utf8_decode(m->p + t->at + i, t->n - i, &c);
                if (n + used > 40)
                        break;
                if (c < 0x20 || c == 0x7F)
                        text[n++] = '.';
                else
                        n += utf8_encode(c, text + n);
        }
        bool cut = t->n > n + 1;
        if (t->kind == MOF_STRING || t->kind == MOF_CHAR)
                snprintf(out, MOF_SHOWN, "%.*s%s", (int)n, text, cut ? "..." : "");
        else
                snprintf(out, MOF_SHOWN, "'%.*s%s'", (int)n, text, cut ? "..." : "");
        return out;
}

char *mof_line_shown(const Mof *m, uint32_t at, char out[MOF_LINE_SHOWN])
{
        Diag d = {0};
        out[0] = '\0';
        if (!m->hintable) // counting lines costs time
                return out;
        mof_lines_place(m->lines, (MofPlace){at, 0}, &d);
        if (strcmp(d.file, m->hintable->file) == 0)
                snprintf(out, MOF_LINE_SHOWN, "line %u", d.line);
        else
                snprintf(out, MOF_LINE_SHOWN, "line %u of %.90s", d.line, d.file);
        return out;
}

bool mof_same_line(const Mof *m, uint32_t a, uint32_t b)
{
        return !memchr(m->p + a, '\n', b - a) && !memchr(m->p + a, '\r', b - a);
}

// --- stacks --------------------------------------------------------------------------------------

static int stack_grow(MofStack *s, size_t size)
{
        size_t capacity = s->capacity ? s->capacity * 2 : 2048;
        while (capacity < s->n + size)
                capacity *= 2;
        char *p = realloc(s->p, capacity);
        if (!p)
                return -ENOMEM;
        s->p = p;
        s->capacity = capacity;
        return 0;
}

void *mof_push(MofStack *s, size_t size)
{
        if (s->capacity - s->n < size && stack_grow(s, size) < 0)
                return NULL;
        void *p = s->p + s->n;
        s->n += size;
        return p;
}

const void *mof_take(Mof *m, MofStack *s, size_t base, size_t size, uint32_t *ret_count)
{
        const void *p = arena_copy(m->arena, s->p ? s->p + base : "", s->n - base);
        *ret_count = (uint32_t)((s->n - base) / size);
        s->n = base;
        return p;
}

// --- names ---------------------------------------------------------------------------------------

struct MofName {
        Str name; // p NULL: free
        uint64_t hash;
        size_t index;
};

static struct MofName *slot_of(const MofNames *s, Str name, uint64_t hash)
{
        for (size_t i = (size_t)hash & (s->capacity - 1);; i = (i + 1) & (s->capacity - 1)) {
                struct MofName *n = &s->slots[i];
                if (!n->name.p || (n->hash == hash && str_ieq(n->name, name)))
                        return n;
        }
}

static int names_grow(Arena *a, MofNames *s)
{
        MofNames bigger = {.capacity = s->capacity ? s->capacity * 2 : 16};
        bigger.slots = arena_array(a, struct MofName, bigger.capacity);
        if (!bigger.slots)
                return -ENOMEM;
        for (size_t i = 0; i < s->capacity; i++)
                if (s->slots[i].name.p)
                        *slot_of(&bigger, s->slots[i].name, s->slots[i].hash) = s->slots[i];
        bigger.count = s->count;
        *s = bigger;
        return 0;
}

int mof_names_add(Arena *a, MofNames *s, Str name, size_t index, size_t **ret)
{
        if (s->count * 4 >= s->capacity * 3 && names_grow(a, s) < 0)
                return -ENOMEM;
        uint64_t hash = str_ihash(name);
        struct MofName *n = slot_of(s, name, hash);
        if (ret)
                *ret = &n->index;
        if (n->name.p)
                return 1;
        *n = (struct MofName){name, hash, index};
        s->count++;
        return 0;
}

size_t *mof_names_find(const MofNames *s, Str name)
{
        if (!s->count)
                return NULL;
        struct MofName *n = slot_of(s, name, str_ihash(name));
        return n->name.p ? &n->index : NULL;
}

static Str name_at(const char *items, size_t size, size_t i)
{
        Str s;
        memcpy(&s, items + i * size, sizeof(s));
        return s;
}

// Names differ nearly always in length or in one of these characters. Names with other letters always may be the same.
static uint32_t digest(Str s)
{
        if (!s.n)
                return 0;
        unsigned char first = (unsigned char)s.p[0], middle = (unsigned char)s.p[s.n / 2],
                      last = (unsigned char)s.p[s.n - 1];
        return (uint32_t)(first | 0x20) << 24 | (uint32_t)(middle | 0x20) << 16 | (uint32_t)(last | 0x20) << 8 |
               (s.n & 0xFF);
}

static void each_with_each(Mof *m, const char *items, size_t count, size_t size, void (*twice)(Mof *, const void *))
{
        uint32_t digests[16];
        for (size_t i = 0; i < count; i++) {
                Str name = name_at(items, size, i);
                digests[i] = digest(name);
                for (size_t k = 0; k < i; k++)
                        if (digests[k] == digests[i] && str_ieq(name_at(items, size, k), name)) {
                                twice(m, items + i * size);
                                break;
                        }
        }
}

int mof_duplicates(Mof *m, const void *list, size_t count, size_t size, void (*twice)(Mof *m, const void *item))
{
        const char *items = list;
        if (count <= 16 && m->dialect == MOF_MICROSOFT) {
                each_with_each(m, items, count, size, twice);
                return 0;
        }
        size_t capacity = 32;
        while (capacity < count * 2)
                capacity *= 2;
        m->slots.n = 0;
        uint32_t *slots = mof_push(&m->slots, capacity * sizeof(*slots));
        if (!slots)
                return -ENOMEM;
        memset(slots, 0, capacity * sizeof(*slots));
        for (size_t i = 0; i < count; i++) {
                Str name = name_at(items, size, i);
                size_t k = (size_t)str_ihash(name) & (capacity - 1);
                while (slots[k] && !str_ieq(name_at(items, size, slots[k] - 1), name))
                        k = (k + 1) & (capacity - 1);
                if (slots[k])
                        twice(m, items + i * size);
                else
                        slots[k] = (uint32_t)i + 1;
        }
        return 0;
}
