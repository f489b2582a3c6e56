// SPDX-License-Identifier: MIT
// The names that a header uses: two classes may become one structure, a name of DefineValues may be that of a
// member, a type, or a word of C. A header that is written compiles.
#include "mofck/header-impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

struct HeaderName {
        const char *p;
        size_t n;
        const char *value; // of a macro
        uint32_t next;     // the number that the next one of the same name tries
        uint8_t uses;
};

bool header_is_keyword(Str name)
{
        static const char *const words[] = {
                "auto",     "break",  "case",   "char",     "const",    "continue", "default",  "do",
                "double",   "else",   "enum",   "extern",   "float",    "for",      "goto",     "if",
                "inline",   "int",    "long",   "register", "restrict", "return",   "short",    "signed",
                "sizeof",   "static", "struct", "switch",   "typedef",  "union",    "unsigned", "void",
                "volatile", "while",  "asm",    "_Alignas", "_Bool",    "_Complex", "_Generic"};
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (str_eq(name, str_of(words[i])))
                        return true;
        return false;
}

static HeaderName *names_slot(HeaderName *slots, size_t mask, Str name)
{
        size_t at = (size_t)hash_bytes(name.p, name.n) & mask;
        while (slots[at].p && !str_eq((Str){slots[at].p, slots[at].n}, name))
                at = (at + 1) & mask;
        return &slots[at];
}

static int names_grow(HeaderNames *k)
{
        size_t slots = k->slots ? 2 * (k->mask + 1) : 256;
        HeaderName *to = calloc(slots, sizeof(*to));
        if (!to)
                return -ENOMEM;
        for (size_t i = 0; k->slots && i <= k->mask; i++)
                if (k->slots[i].p)
                        *names_slot(to, slots - 1, (Str){k->slots[i].p, k->slots[i].n}) = k->slots[i];
        free(k->slots);
        k->slots = to;
        k->mask = slots - 1;
        return 0;
}

// The name's entry, made when there is none. NULL: out of memory.
static HeaderName *names_entry(HeaderNames *k, Str name)
{
        if ((!k->slots || 2 * k->count > k->mask) && names_grow(k))
                return NULL;
        HeaderName *e = names_slot(k->slots, k->mask, name);
        if (e->p)
                return e;
        char *copy = arena_strndup(&k->arena, name.p, name.n);
        if (!copy)
                return NULL;
        *e = (HeaderName){.p = copy, .n = name.n, .next = 2};
        k->count++;
        return e;
}

int header_use(Header *h, Str name, HeaderUse use, const char *value)
{
        static const uint8_t against[] = {[HEADER_MEMBER] = HEADER_MACRO,
                                          [HEADER_TYPE] = HEADER_TYPE | HEADER_MACRO,
                                          [HEADER_MACRO] = HEADER_MEMBER | HEADER_TYPE | HEADER_MACRO};
        if (header_is_keyword(name))
                return HEADER_TAKEN;
        HeaderName *e = names_entry(&h->names, name);
        if (!e)
                return -ENOMEM;
        if (e->uses == HEADER_MACRO && use == HEADER_MACRO && e->value && !strcmp(e->value, value))
                return HEADER_SAME;
        if (e->uses & against[use])
                return HEADER_TAKEN;
        if (use == HEADER_MACRO) {
                e->value = arena_strndup(&h->names.arena, value, strlen(value));
                if (!e->value)
                        return -ENOMEM;
        }
        e->uses |= (uint8_t)use;
        return 0;
}

int header_unique(Header *h, const char *base, HeaderUse use, char *out, size_t size)
{
        HeaderName *first = names_entry(&h->names, str_of(base));
        uint32_t next = first ? first->next : 0;
        snprintf(out, size, "%s", base);
        int r = first ? header_use(h, str_of(out), use, "") : -ENOMEM;
        for (; r == HEADER_TAKEN || r == HEADER_SAME; next++) {
                snprintf(out, size, "%s_%u", base, next);
                r = header_use(h, str_of(out), use, "");
        }
        first = r ? NULL : names_entry(&h->names, str_of(base)); // the table may have moved
        if (first)
                first->next = next;
        return r;
}

int header_names_init(Header *h)
{
        // What the header itself is made of, and what the kernel's own headers make macros.
        static const char *const windows[] = {
                "CHAR",  "UCHAR",    "BOOLEAN",   "SHORT",     "USHORT",      "LONG",         "ULONG",
                "WCHAR", "LONGLONG", "ULONGLONG", "MIDL_PASS", "DEFINE_GUID", "FIELD_OFFSET", NULL};
        static const char *const kernel[] = {
                "u8",      "s8",   "__le16", "__le32", "__le64", "__packed", "static_assert", "linux", "unix",
                "current", "bool", "true",   "false",  "typeof", NULL};
        int r = 0;
        for (const char *const *word = h->options->kernel ? kernel : windows; *word && !r; word++)
                r = header_use(h, str_of(*word), h->options->kernel ? HEADER_MACRO : HEADER_TYPE, "");
        return r;
}

void header_names_deinit(HeaderNames *k)
{
        free(k->slots);
        arena_deinit(&k->arena);
        *k = (HeaderNames){0};
}
