// SPDX-License-Identifier: MIT
// The inside of the parser: one Mof per text, from bytes to a document.
//
//   text.c      bytes -> UTF-8
//   lex.c       UTF-8 -> tokens; line markers
//   lines.c     offsets -> files, lines and columns, only when somebody asks
//   literal.c   tokens -> values
//   value.c     does a value fit a type? (mof/value.h: for whoever reads documents, too)
//   qualify.c   [qualifiers], flavors, qualifier declarations
//   pragma.c    directives
//   declare.c   classes with their members
//   instance.c  instances; aliases
//   parse.c     mof_parse; finding the way again behind an error
//   errors.c    errors, names, stacks
//   document.c  what is asked of documents
//
// Functions that parse return 0; E_DIAG: the error is recorded already and the caller finds its footing again (or passes
// it up); -ENOMEM. Nothing is global. What the document keeps is in its arena; what is still growing is on a stack, and is
// moved to the arena when its end is known.
#ifndef MOF_INTERNAL_H
#define MOF_INTERNAL_H

#include <endian.h>

#include "base/limits.h"
#include "cim/status.h"
#include "mof/document.h"
#include "mof/text.h"
#include "mof/value.h"

// --- tokens --------------------------------------------------------------------------------------

// Punctuation is its own character.
enum { MOF_END, MOF_WORD, MOF_ALIAS, MOF_STRING, MOF_CHAR, MOF_INTEGER, MOF_REAL };

typedef struct MofToken {
        uint32_t at, n; // in the UTF-8 text; of a string the quotes are in it, of an alias the '$'
        uint8_t kind;
        bool bad;   // malformed, and reported already
        bool plain; // of a string: ASCII without escapes
} MofToken;

// --- what is growing -----------------------------------------------------------------------------

// Items of one type each. Lists inside of lists lie above the outer ones.
typedef struct MofStack {
        char *p;
        size_t n, capacity; // bytes
} MofStack;

// A set of names without regard to case, each with an index. All zero is empty; memory is from the document's arena.
typedef struct MofNames {
        struct MofName *slots;
        size_t capacity, count; // capacity is a power of two
} MofNames;

typedef struct MofAliasUse {
        Str name;
        MofPlace place;
        uint32_t item;  // of which item of the document it is part
        uint32_t owner; // index of the alias of the object that it stands in, UINT32_MAX: none
} MofAliasUse;

typedef struct Mof {
        Arena *arena; // the document's
        MofDocument *document;
        struct MofLines *lines;
        const char *p; // the text; zeros follow it
        uint32_t n;
        uint32_t at; // behind `now`
        MofDialect dialect;
        const MofSource *source;
        uint32_t told; // to source->progress

        MofToken now, past; // `now` is looked at, `past` was consumed last
        unsigned depth;     // of instances inside of instances
        unsigned braces;    // '{' consumed and not closed
        bool failed;        // there was an error
        size_t reports;     // errors met, recorded or not
        bool stop;          // enough errors, or going on makes no sense
        bool leaving;       // what is read now belongs to something broken: its tokens are not reported any more
        uint32_t blamed;    // the token there follows a malformed one, and what is wrong with it comes from that

        // in force
        Str namespace_text, namespace;
        uint32_t class_flags, instance_flags;
        MofNames default_names;                 // of qualifier declarations
        const MofQualifierDefault **defaults;
        size_t default_count, default_capacity; // in items

        MofNames aliases;
        uint32_t alias_count, alias_owner; // whose body is being read
        MofStack alias_uses;               // MofAliasUse

        MofStack units;      // char16_t, of one string
        MofStack values;     // MofValue, of arrays
        MofStack qualifiers; // MofQualifier
        MofStack properties; // MofProperty, of classes, instances and methods
        MofStack methods;    // MofMethod
        MofStack items;      // MofItem
        MofStack broken;     // const MofObject *
        MofStack slots;      // uint32_t, for finding duplicates

        void *c_locale;          // for numbers; made when there is one with a point
        Diag *errors, *hintable; // the one recorded last, when it was recorded
        size_t error_count, error_capacity;
        uint32_t error_at[LIMIT_MOF_ERRORS]; // in the UTF-8 text
} Mof;

// --- errors.c ------------------------------------------------------------------------------------

// Records an error at a token and returns E_DIAG. A second error at the same place is not recorded. Sets m->stop when there
// is no room for more.
int mof_error(Mof *m, const MofToken *at, uint32_t code, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
int mof_error_at(Mof *m, MofPlace at, uint32_t code, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
// Adds a hint to the error recorded last (nothing when it was not recorded). Returns E_DIAG.
int mof_hint(Mof *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
// "'class'", "the string \"abc\"", "the end of the file". Returns out.
enum { MOF_SHOWN = 80 };
char *mof_shown(const Mof *m, const MofToken *t, char out[MOF_SHOWN]);
// "line 5", or "line 5 of b.mof" where that is not the file of the error recorded last, for its hint. Returns out.
enum { MOF_LINE_SHOWN = 120 };
char *mof_line_shown(const Mof *m, uint32_t at, char out[MOF_LINE_SHOWN]);
bool mof_same_line(const Mof *m, uint32_t a, uint32_t b); // is there no line end between the two offsets, a <= b?

// Room for `size` more bytes on a stack, which moves it. NULL: out of memory.
void *mof_push(MofStack *s, size_t size);
#define MOF_PUSH(stack, type, item)                                                                                    \
        ({                                                                                                             \
                type *room_ = mof_push(stack, sizeof(type));                                                           \
                if (room_)                                                                                             \
                        *room_ = (item);                                                                               \
                room_ ? 0 : -ENOMEM;                                                                                   \
        })
// Moves what lies above `base` to the arena: its address, *ret_count items of `size` bytes. NULL: out of memory.
const void *mof_take(Mof *m, MofStack *s, size_t base, size_t size, uint32_t *ret_count);

// Adds a name, or finds the one that is there: *ret is the index stored with it. 0 added, 1 was there, -ENOMEM.
int mof_names_add(Arena *a, MofNames *s, Str name, size_t index, size_t **ret);
size_t *mof_names_find(const MofNames *s, Str name); // NULL: not there
// Calls `twice` for each item whose name an item before it has. Items of `size` bytes begin with their Str name.
int mof_duplicates(Mof *m, const void *items, size_t count, size_t size, void (*twice)(Mof *m, const void *item));

// --- lines.c -------------------------------------------------------------------------------------

// What stands at text[at] and behind it until the next mark: lines count from `line`, in file `file`.
typedef struct MofMark {
        uint32_t at, line, file;
} MofMark;

typedef struct MofLines {
        MofText text;
        MofMark *marks; // marks[0] is the beginning
        size_t mark_count, mark_capacity;
        const char **files; // files[0] is the source's own name
        size_t file_count, file_capacity;
        struct MofLineIndex *index; // made by the first who asks; atomic
} MofLines;

int mof_lines_init(MofLines *l, Arena *a, const char *name);
void mof_lines_deinit(MofLines *l);
// From `at` on it is line `line` of a file of that name. name.p NULL: of the same file.
int mof_lines_mark(MofLines *l, Arena *a, uint32_t at, uint32_t line, Str name);
void mof_lines_place(const MofLines *l, MofPlace place, Diag *d);

// --- lex.c ---------------------------------------------------------------------------------------

// The next token into m->now, the one before into m->past. 0, -ENOMEM. Malformed ones are reported here.
int mof_next(Mof *m);
// A letter of another alphabet, which DMTF's names may have?
bool mof_foreign_letter(uint32_t c);

static inline Str mof_str(const Mof *m, const MofToken *t)
{
        return (Str){m->p + t->at, t->n};
}

static inline MofPlace mof_place(const MofToken *t)
{
        return (MofPlace){t->at, t->n};
}

// A word of up to eight characters as a number, in any case; 0: a longer one. (Text has zeros behind it.)
static inline uint64_t mof_key(const char *p, size_t n)
{
        uint64_t k;
        if (n > 8 || n == 0)
                return 0;
        memcpy(&k, p, 8);
        k = le64toh(k) | 0x2020202020202020u;
        return n == 8 ? k : k & (((uint64_t)1 << (8 * n)) - 1);
}

// The same of a literal, a constant to the compiler.
#define MOF_KEY(word) mof_key(word "\0\0\0\0\0\0\0", sizeof(word) - 1)

static inline bool mof_is(const Mof *m, const MofToken *t, uint64_t key)
{
        return t->kind == MOF_WORD && mof_key(m->p + t->at, t->n) == key;
}

static inline bool mof_now(const Mof *m, uint64_t key)
{
        return mof_is(m, &m->now, key);
}

bool mof_word(const Mof *m, const char *lower); // is m->now this word, in any case? Of any length

// --- literal.c -----------------------------------------------------------------------------------

// Any value: constant, {list}, $alias, instance of. MOF_VALUE_NONE: an error in it is recorded, go on behind it.
int mof_value(Mof *m, MofValue *ret);
// A list in braces; m->now is '{'.
int mof_value_list(Mof *m, MofValue *ret);
// One or more adjacent strings; m->now is the first.
int mof_string(Mof *m, Str16 *ret);
bool mof_like_macro(Str word); // SOME_NAME, as macros are called
bool mof_like_guid(const Mof *m, uint32_t at); // does an unquoted GUID begin there?
// The value as one of `type`, an error at its place when it does not fit. `what` names the place in messages.
int mof_value_check(Mof *m, const MofValue *v, uint16_t type, Str what);
// The value as a qualifier's that has no declared type: scalars of any kind, lists of one kind.
int mof_value_check_free(Mof *m, const MofValue *v, Str what);

// --- qualify.c -----------------------------------------------------------------------------------

// [a, b(1), c{"x"} : flavor]; m->now is '['. On E_DIAG what follows the list is m->now.
int mof_qualifiers(Mof *m, MofQualifierList *ret);
// Reports those whose declaration does not allow them `on` such a thing (MOF_ON_...).
void mof_qualifiers_scope(Mof *m, const MofQualifierList *q, unsigned on);
// Qualifier NAME : ...; m->now is the word `Qualifier`.
int mof_qualifier_declaration(Mof *m);

// --- pragma.c ------------------------------------------------------------------------------------

int mof_pragma(Mof *m); // m->now is '#'

// --- declare.c, instance.c -----------------------------------------------------------------------

// m->now is the word `class`. `reports`: what m->reports was before the qualifiers.
int mof_class(Mof *m, const MofQualifierList *q, size_t reports);
// m->now is the word `instance`; of an embedded one *ret is the object, else it becomes an item.
int mof_instance(Mof *m, const MofQualifierList *q, size_t reports, const MofObject **ret_embedded);
// "as $Alias", if it is there.
int mof_alias(Mof *m, MofObject *o, bool embedded);
// Undefined aliases and circles of them, when the whole text was read.
int mof_aliases_check(Mof *m);

// --- parse.c -------------------------------------------------------------------------------------

int mof_expect(Mof *m, char punctuation, uint32_t code, const char *after); // consumes it, or E_DIAG
int mof_name(Mof *m, uint32_t code, uint32_t too_wide, const char *what, Str *ret, MofPlace *ret_place);
void mof_name_fits(Mof *m, Str name, MofPlace place, uint32_t too_wide); // reports one that is too long
// Where ';' should stand is something else. 0: go on as if it had been there; E_DIAG: what follows is part of the mistake.
int mof_missing_semicolon(Mof *m, const char *after, size_t n);
// "}" and ";" at the end of a class or an instance.
int mof_end_of_body(Mof *m, const char *what);
// Where a member should be stands what begins a declaration: the '}' is missing, or there are too many '{'.
bool mof_next_declaration(const Mof *m);
uint32_t mof_after_blanks(const Mof *m, uint32_t at); // behind the blanks and line ends there
int mof_unclosed(Mof *m, uint32_t open, const char *what, Str name);
// Leaves what belongs to a broken member of the body in which `base` braces are open.
int mof_skip_member(Mof *m, unsigned base);
int mof_skip_directive(Mof *m, const MofToken *hash);
// Adds an item to the document; an object with errors in it (`reports` has grown) goes to the broken ones.
int mof_item(Mof *m, const MofItem *item, size_t reports);

#endif
