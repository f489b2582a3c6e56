// SPDX-License-Identifier: MIT
// What is asked of documents: places, qualifiers.
#include <stdlib.h>

#include "base/utf.h"
#include "mof/internal.h"

MofDocument *mof_document_free(MofDocument *d)
{
        if (!d)
                return NULL;
        Arena *arena = d->arena;
        if (d->lines)
                mof_lines_deinit((MofLines *)(uintptr_t)d->lines);
        arena_deinit(arena); // d is in it
        free(arena);
        return NULL;
}

void mof_document_place(const MofDocument *document, MofPlace place, Diag *d)
{
        if (!document->binary && document->lines) {
                mof_lines_place(document->lines, place, d);
                return;
        }
        d->line = d->column = 0;
        d->offset = place.at;
        d->length = place.n;
        size_t n = document->name ? strnlen(document->name, sizeof(d->file) - 1) : 0;
        if (n)
                memcpy(d->file, document->name, n);
        d->file[n] = '\0';
}

const MofQualifier *mof_qualifier(const MofQualifierList *q, const char *name)
{
        Str wanted = str_of(name);
        for (uint32_t i = 0; i < q->count; i++)
                if (q->items[i].name.n == wanted.n && str_ieq(q->items[i].name, wanted))
                        return &q->items[i];
        return NULL;
}

bool mof_qualifier_true(const MofQualifierList *list, const char *name)
{
        const MofQualifier *q = mof_qualifier(list, name);
        return q && (q->value.kind == MOF_VALUE_NONE || (q->value.kind == MOF_VALUE_BOOLEAN && q->value.boolean));
}

Str mof_qualifier_text(const MofQualifierList *list, const char *name, Arena *a)
{
        const MofQualifier *q = mof_qualifier(list, name);
        if (!q || q->value.kind != MOF_VALUE_STRING)
                return STR("");
        return utf_to8(a, q->value.string);
}

bool mof_qualifier_number(const MofQualifierList *list, const char *name, int64_t *ret)
{
        const MofQualifier *q = mof_qualifier(list, name);
        if (!q || q->value.kind != MOF_VALUE_INTEGER)
                return false;
        uint64_t m = q->value.magnitude;
        if (q->value.negative ? m > (uint64_t)INT64_MAX + 1 : m > INT64_MAX)
                return false;
        *ret = (int64_t)(q->value.negative ? 0 - m : m);
        return true;
}
