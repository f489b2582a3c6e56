// SPDX-License-Identifier: MIT
// The inside of the MOF compiler: one Mof per compile, from bytes to built classes.
//
//   text.c     bytes -> UTF-8
//   lex.c      UTF-8 -> tokens; #line markers
//   literal.c  tokens -> values; values -> values of a declared type
//   qualify.c  [qualifiers], flavors, qualifier declarations
//   pragma.c   #pragma
//   parse.c    declarations: classes, members, instances
//   build.c    declarations -> CimClass, in the order in which they need each other
//   compile.c  mof_compile; errors
//
// Functions that parse return 0; E_DIAG: the error is recorded already and the caller finds its footing again
// (or passes it up); -ENOMEM. Nothing is global, all memory but the classes is in the arena of the compile.
#ifndef MOF_OLD_INTERNAL_H
#define MOF_OLD_INTERNAL_H

// Out of the way of the names in mof/document.h and mof/build.h.
#define mof_build old_mof_build
#define mof_error old_mof_error
#define mof_hint old_mof_hint
#define mof_names_add old_mof_names_add
#define mof_names_find old_mof_names_find
#define mof_room old_mof_room
#define mof_shown old_mof_shown
#define mof_is_word old_mof_is_word
#define mof_next old_mof_next
#define mof_next_line old_mof_next_line
#define mof_word old_mof_word
#define mof_string old_mof_string
#define mof_value old_mof_value
#define mof_value_as old_mof_value_as
#define mof_value_free old_mof_value_free
#define mof_value_list old_mof_value_list
#define mof_expect old_mof_expect
#define mof_instance old_mof_instance
#define mof_name old_mof_name
#define mof_parse old_mof_parse
#define mof_namespace old_mof_namespace
#define mof_pragma old_mof_pragma
#define mof_qualifier_declaration old_mof_qualifier_declaration
#define mof_qualifiers old_mof_qualifiers
#define mof_qualifiers_scope old_mof_qualifiers_scope
#define mof_str old_mof_str

#include "base/limits.h"
#include "cim/schema.h"
#include "cim/status.h"
#include "mof/mof.h"
#include "mof/text.h"

// --- tokens --------------------------------------------------------------------------------------

// Punctuation is its own character.
enum { MOF_END = 256, MOF_WORD, MOF_ALIAS, MOF_STRING, MOF_CHAR, MOF_INTEGER, MOF_REAL };

typedef struct MofToken {
        uint16_t kind;
        bool bad;         // malformed, and reported already
        uint32_t at, n;   // in the UTF-8 text; of a string the quotes are in it, of an alias the '$'
        uint32_t line;    // as #line markers count
        uint32_t line_at; // where that line begins
        uint32_t file;    // index of a name in Mof.files
} MofToken;

// --- values as written ---------------------------------------------------------------------------

typedef enum MofValueKind {
        MOF_V_BAD, // reported already
        MOF_V_NULL,
        MOF_V_BOOLEAN,
        MOF_V_INTEGER,
        MOF_V_REAL,
        MOF_V_STRING,
        MOF_V_CHAR,
        MOF_V_ARRAY,
        MOF_V_ALIAS,
        MOF_V_OBJECT,
} MofValueKind;

typedef struct MofValue {
        uint8_t kind;
        bool negative; // integer
        bool bits;     // an integer written as hexadecimal, octal or binary: a pattern of bits
        bool boolean;
        MofToken token; // the first
        union {
                uint64_t magnitude; // integer, char
                double real;
                Str16 string;
                struct {
                        struct MofValue *items;
                        size_t count;
                } array;
        };
} MofValue;

// --- declarations --------------------------------------------------------------------------------

typedef struct MofQualifiers {
        CimQualifier *items;
        MofToken *names;  // of each
        MofToken *values; // the first token of each value; kind MOF_END when it has none
        size_t count;
} MofQualifiers;

// What a qualifier may stand on, the words of Scope(...).
enum {
        MOF_ON_CLASS = 1,
        MOF_ON_PROPERTY = 2,
        MOF_ON_REFERENCE = 4,
        MOF_ON_METHOD = 8,
        MOF_ON_PARAMETER = 16,
        MOF_ON_INSTANCE = 32,
        MOF_ON_ANY = 63,
};

// `Qualifier Description : ToSubClass Amended;` or DMTF's form with a type.
typedef struct MofQualifierDefault {
        Str name;
        uint8_t flavor;
        bool typed;
        uint16_t type;
        CimValue value; // the default of DMTF's form
        unsigned scope;
} MofQualifierDefault;

// A class named as the type of an embedded object, somewhere in a declaration.
typedef struct MofUse {
        Str name;
        MofToken token;
        bool hard; // of a property: that class must be built first; of a parameter: better so
} MofUse;

enum { MOF_UPDATE_ONLY = 1, MOF_CREATE_ONLY = 2, MOF_SAFE_UPDATE = 32, MOF_FORCE_UPDATE = 64 };

typedef enum MofState { MOF_NEW, MOF_OPEN, MOF_BUILT, MOF_BROKEN } MofState;

typedef struct MofDecl {
        Str namespace; // normal form
        Str super;     // empty: none
        MofToken name, super_token;
        CimClassSpec spec; // its arrays are in the arena
        MofToken *property_names;
        MofUse *uses;
        size_t use_count;
        MofToken guid; // the value of its guid qualifier; kind MOF_END: none
        unsigned flags;
        bool failed;     // part of it was refused: not built, and what needs it is not reported again
        bool superseded; // declared again further down
        MofState state;
        CimClass *klass; // a reference
} MofDecl;

// #pragma deleteclass
typedef struct MofDelete {
        Str namespace, name;
        MofToken token;
        bool fail; // an error when there is none
} MofDelete;

typedef struct MofAlias {
        Str name;
        MofToken token;
} MofAlias;

// A hash of names without regard to case -> index.
typedef struct MofNames {
        struct MofName *slots;
        size_t capacity, count; // capacity is a power of two
} MofNames;

// One compile.
typedef struct Mof {
        Arena *arena;
        MofText text;
        const MofSource *source;

        // lexer
        uint32_t at, line, line_at, file;
        const char **files; // files[0] is the source's own name
        size_t file_count, file_capacity;

        // parser: `now` is looked at, `past` was consumed last
        MofToken now, past;
        unsigned depth;  // of instances inside of instances
        unsigned braces; // '{' consumed and not closed
        bool failed;     // there was an error
        size_t reports;  // errors met, recorded or not
        bool stop;       // enough errors, or going on makes no sense
        bool incomplete; // an include was refused: unknown classes are no news
        bool lost;       // a declaration without a name was refused: the same
        Str namespace;   // of the pragma in force
        unsigned class_flags;

        MofDecl *decls;
        size_t decl_count, decl_capacity;
        MofQualifierDefault *defaults;
        size_t default_count, default_capacity;
        MofNames default_names;
        MofDelete *deletes;
        size_t delete_count, delete_capacity;
        MofAlias *alias_uses;
        size_t alias_use_count, alias_use_capacity;
        MofNames aliases;
        size_t instance_count; // that need a store
        MofToken first_instance;
        Str first_instance_class;
        Str *made_namespaces; // by instances of __Namespace, full names
        MofToken *made_tokens;
        size_t made_count, made_capacity, made_token_capacity;

        void *c_locale;          // for numbers
        Diag *errors, *hintable; // the one recorded last, when it was recorded
        size_t error_count, error_capacity;
        uint32_t error_at[LIMIT_MOF_ERRORS]; // in the UTF-8 text
        size_t weight; // of the classes built: their properties, methods and qualifiers, inherited ones
                       // included
} Mof;

// --- compile.c -----------------------------------------------------------------------------------

// Records an error at a token and returns E_DIAG. A second error at the same place is not recorded. Sets
// m->stop when there is no room for more.
int mof_error(Mof *m, const MofToken *at, uint32_t code, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
// Adds a hint to the error recorded last (nothing when it was not recorded). Returns E_DIAG.
int mof_hint(Mof *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
// "'class'", "the string \"abc\"", "the end of the file". Returns out.
enum { MOF_SHOWN = 80 };
char *mof_shown(const Mof *m, const MofToken *t, char out[MOF_SHOWN]);

// Grows an array in the arena: room for one more of `size` bytes. The new address, NULL: out of memory.
void *mof_room(Arena *a, void *items, size_t count, size_t *capacity, size_t size);
#define MOF_PUSH(m, items, count, capacity, item)                                                            \
        ({                                                                                                   \
                __typeof__(items) room_ =                                                                    \
                        mof_room((m)->arena, (items), (count), &(capacity), sizeof(*(items)));               \
                if (room_) {                                                                                 \
                        (items) = room_;                                                                     \
                        (items)[(count)++] = (item);                                                         \
                }                                                                                            \
                room_ ? 0 : -ENOMEM;                                                                         \
        })

// Adds a name, or finds the one that is there: *ret is the index stored with it. 0 added, 1 was there,
// -ENOMEM.
int mof_names_add(Arena *a, MofNames *s, Str name, size_t index, size_t **ret);
size_t *mof_names_find(const MofNames *s, Str name); // NULL: not there

// --- lex.c ---------------------------------------------------------------------------------------

// The next token into m->now, the one before into m->past. 0, -ENOMEM. Malformed ones are reported here.
int mof_next(Mof *m);
// Leaves the rest of the line, with its continuations by backslash, and reads the token after it.
int mof_next_line(Mof *m);

static inline Str mof_str(const Mof *m, const MofToken *t)
{
        return (Str){m->text.p + t->at, t->n};
}

bool mof_word(const Mof *m, const char *lower);                       // is m->now this word, in any case?
bool mof_is_word(const Mof *m, const MofToken *t, const char *lower); // is t?

// --- literal.c -----------------------------------------------------------------------------------

// Any value: constant, {list}, $alias, instance of.
int mof_value(Mof *m, MofValue *ret);
// A list in braces; m->now is '{'.
int mof_value_list(Mof *m, MofValue *ret);
// One or more adjacent strings; m->now is the first.
int mof_string(Mof *m, Str16 *ret);
// The value as one of `type`, an error at its token when it does not fit. `what` names the place in messages.
int mof_value_as(Mof *m, const MofValue *v, uint16_t type, Str what, CimValue *ret);
// The value as a qualifier's, which has no declared type: sint32, real64, string, boolean, or an array of
// these.
int mof_value_free(Mof *m, const MofValue *v, Str what, CimValue *ret);

// --- qualify.c -----------------------------------------------------------------------------------

// [a, b(1), c{"x"} : flavor]; m->now is '['. On E_DIAG what follows the list is m->now.
int mof_qualifiers(Mof *m, MofQualifiers *ret);
// Reports those whose declaration does not allow them `on` such a thing (MOF_ON_...).
int mof_qualifiers_scope(Mof *m, const MofQualifiers *q, unsigned on);
// Qualifier NAME : ...; m->now is the word `Qualifier`.
int mof_qualifier_declaration(Mof *m);

// --- pragma.c ------------------------------------------------------------------------------------

int mof_pragma(Mof *m); // m->now is '#'
// The normal form of a namespace's name, in the arena; an error at the token.
int mof_namespace(Mof *m, Str name, const MofToken *at, Str *ret);

// --- parse.c -------------------------------------------------------------------------------------

int mof_parse(Mof *m);                                                      // the whole text
int mof_instance(Mof *m, bool embedded);                                    // m->now is the word `instance`
int mof_expect(Mof *m, char punctuation, uint32_t code, const char *after); // consumes it, or E_DIAG
int mof_name(Mof *m, uint32_t code, uint32_t too_wide, const char *what, Str *ret, MofToken *ret_token);

// --- build.c -------------------------------------------------------------------------------------

int mof_build(Mof *m);

#endif
