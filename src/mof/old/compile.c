// SPDX-License-Identifier: MIT
// mof_compile: one text, all or nothing; and the errors on the way.
#include "mof/old/internal.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf.h"

// Bytes of the arena of one compile: so much for any text, so much for each byte of it, and never more than
// that.
#define COMPILE_LEAST  ((size_t)64 << 20)
#define COMPILE_FACTOR 96u
#define COMPILE_MOST   ((size_t)1 << 30)

// --- errors --------------------------------------------------------------------------------------

static uint32_t column_of(const Mof *m, const MofToken *t)
{
        uint32_t column = 1;
        for (uint32_t i = t->line_at; i < t->at && i < m->text.n; i++)
                column += ((unsigned char)m->text.p[i] & 0xC0) != 0x80;
        return column;
}

int mof_error(Mof *m, const MofToken *at, uint32_t code, const char *format, ...)
{
        m->failed = true;
        m->reports++;
        m->hintable = NULL;
        if (m->error_count == m->error_capacity)
                m->stop = true;
        // What costs time comes behind this: a hostile text can hold errors without number.
        for (size_t i = 0; i < m->error_count; i++)
                if (m->error_at[i] == at->at)
                        return E_DIAG;
        if (m->stop)
                return E_DIAG;
        Diag *d = &m->errors[m->error_count];
        *d = (Diag){0};
        va_list args;
        va_start(args, format);
        diag_setv(d, code, format, args);
        va_end(args);
        for (char *p = d->message; *p; p++)
                if ((unsigned char)*p < 0x20 || *p == 0x7F)
                        *p = '.'; // of names and strings in the text: a message is one line
        d->line = at->line;
        d->column = column_of(m, at);
        d->offset = mof_text_offset(&m->text, at->at);
        d->length = mof_text_offset(&m->text, at->at + at->n) - d->offset;
        snprintf(d->file, sizeof(d->file), "%s", m->files[at->file]);
        m->hintable = d;
        m->error_at[m->error_count++] = at->at;
        if (m->error_count == m->error_capacity)
                m->stop = true;
        return E_DIAG;
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
                used = utf8_decode(m->text.p + t->at + i, t->n - i, &c);
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

static int by_place(const void *a, const void *b)
{
        const Diag *x = a, *y = b;
        return x->offset < y->offset ? -1 : x->offset > y->offset;
}

// --- small containers ----------------------------------------------------------------------------

void *mof_room(Arena *a, void *items, size_t count, size_t *capacity, size_t size)
{
        if (count < *capacity)
                return items;
        size_t more = *capacity ? *capacity * 2 : 4;
        void *p = arena_calloc(a, more, size);
        if (!p)
                return NULL;
        if (count)
                memcpy(p, items, count * size);
        *capacity = more;
        return p;
}

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

// --- the compile ---------------------------------------------------------------------------------

static int result_of(const Mof *m, MofResult **ret)
{
        MofResult *r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        r->arena = calloc(1, sizeof(*r->arena));
        if (r->arena)
                r->classes = arena_array(r->arena, MofClass, m->decl_count);
        if (!r->classes) {
                mof_result_free(r);
                return -ENOMEM;
        }
        for (size_t i = 0; i < m->decl_count; i++) {
                const MofDecl *d = &m->decls[i];
                if (!d->klass || d->superseded)
                        continue;
                char *namespace = arena_strndup(r->arena, d->namespace.p, d->namespace.n);
                if (!namespace) {
                        mof_result_free(r);
                        return -ENOMEM;
                }
                r->classes[r->class_count++] = (MofClass){
                        .namespace = {namespace, d->namespace.n},
                        .klass = cim_class_ref(d->klass),
                        .line = d->name.line,
                };
        }
        *ret = r;
        return 0;
}

static int compile(Mof *m)
{
        const char *name = m->source->name ? m->source->name : "";
        if (MOF_PUSH(m, m->files, m->file_count, m->file_capacity, name) < 0)
                return -ENOMEM;
        Diag d = {0};
        int r = mof_text_read(m->source->text, m->arena, &m->text, &d);
        if (r == E_DIAG && m->error_capacity) {
                snprintf(d.file, sizeof(d.file), "%s", name);
                m->errors[m->error_count++] = d;
        }
        if (r != 0)
                return r;
        m->line = 1;
        m->namespace = m->source->namespace;
        r = mof_parse(m);
        if (r == 0 && !m->stop)
                r = mof_build(m);
        return r < 0 ? r : m->failed ? E_DIAG : 0;
}

int mof_compile(const MofSource *source, MofResult **ret, Diag *errors, size_t capacity, size_t *ret_errors)
{
        *ret = NULL;
        *ret_errors = 0;
        if (source->text.n > LIMIT_MOF_BYTES)
                return -EFBIG;
        // What a text can make the compiler allocate is bounded, by its size and altogether.
        size_t limit = COMPILE_LEAST + source->text.n * COMPILE_FACTOR;
        Arena arena = {.limit = limit < COMPILE_MOST ? limit : COMPILE_MOST};
        Mof m = {
                .arena = &arena,
                .source = source,
                .errors = errors,
                .error_capacity = capacity < LIMIT_MOF_ERRORS ? capacity : LIMIT_MOF_ERRORS,
                .c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0),
        };
        int r = m.c_locale ? compile(&m) : -ENOMEM;
        if (r == 0)
                r = result_of(&m, ret);
        if (r == E_DIAG) {
                qsort(errors, m.error_count, sizeof(*errors), by_place);
                *ret_errors = m.error_count;
        }
        for (size_t i = 0; i < m.decl_count; i++)
                cim_class_unref(m.decls[i].klass);
        if (m.c_locale)
                freelocale((locale_t)m.c_locale);
        arena_deinit(&arena);
        return r;
}

MofResult *mof_result_free(MofResult *r)
{
        if (!r)
                return NULL;
        for (size_t i = 0; i < r->class_count; i++)
                cim_class_unref(r->classes[i].klass);
        if (r->arena)
                arena_deinit(r->arena);
        free(r->arena);
        free(r);
        return NULL;
}
