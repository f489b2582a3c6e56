// SPDX-License-Identifier: MIT
// What a query says, as a tree: made by the parser, read by the printer and the checks. Private to src/wql.
//
//   WHERE a = 1 AND (b LIKE 'x%' OR NOT c IS NULL)
//
//   AND --+-- COMPARE a = 1
//         +-- OR --+-- LIKE b 'x%'
//                  +-- NOT --- NULL c
//
// AND and OR have any number of children and are never their own child, so the depth of the tree is that of
// the parentheses and NOTs in the text, at most LIMIT_DEPTH. `5 < a` is kept as `a > 5`, `a <> NULL` as `NOT`
// of `a IS NULL` with `negated`.
#ifndef WQL_AST_H
#define WQL_AST_H

#include "base/arena.h"
#include "wql/wql.h"

// Where something stands in the text, in bytes.
typedef struct WqlSpan {
        size_t at, n;
} WqlSpan;

typedef enum WqlRelation { WQL_EQ, WQL_NE, WQL_LT, WQL_GT, WQL_LE, WQL_GE } WqlRelation;

// One step of a path: a name, with an index in brackets behind it or not.
typedef struct WqlStep {
        Str name;
        size_t at;
        bool indexed;
        uint64_t index;
} WqlStep;

typedef struct WqlPath {
        const WqlStep *steps;
        size_t count; // at least 1
        WqlSpan span;
} WqlPath;

typedef enum WqlConstantKind { WQL_C_INTEGER, WQL_C_REAL, WQL_C_STRING, WQL_C_BOOLEAN } WqlConstantKind;

typedef struct WqlConstant {
        WqlConstantKind kind;
        WqlSpan span;
        Str text;           // as written; of a string with its quotes
        bool negative;      // integer: sign, never of 0
        uint64_t magnitude; // integer
        double real;        // finite
        Str16 string;       // without quotes and escapes
        bool boolean;
} WqlConstant;

typedef enum WqlNodeKind {
        WQL_N_AND,
        WQL_N_OR,
        WQL_N_NOT,
        WQL_N_COMPARE,
        WQL_N_NULL,
        WQL_N_LIKE,
        WQL_N_ISA,
} WqlNodeKind;

typedef struct WqlNode WqlNode;
struct WqlNode {
        WqlNodeKind kind;
        bool negated;             // NULL: IS NOT NULL
        WqlRelation relation;     // COMPARE
        WqlSpan operator;         // where it stands
        WqlPath path;             // COMPARE, NULL, LIKE, ISA
        WqlConstant constant;     // COMPARE, LIKE; ISA: the class as a string
        const WqlNode **children; // AND, OR: two or more; NOT: one
        size_t count;
};

typedef struct WqlInterval {
        bool given;
        WqlSpan span; // of the keyword
        Str text;     // the number as written
        double seconds;
} WqlInterval;

struct WqlQuery {
        Arena arena; // owns all of it
        Str text;    // the whole query
        bool data;   // of wql_parse_data
        const WqlPath *select;
        size_t select_count; // 0: "*"
        const Str *names;    // the properties that SELECT names, each once
        size_t name_count;
        WqlStep from;
        WqlInterval within;
        const WqlNode *where; // NULL: none
        WqlInterval group;    // GROUP WITHIN
        const WqlPath *by;
        size_t by_count;
        const WqlNode *having;
};

// "=" and so on.
const char *wql_relation_text(WqlRelation r);
// Reads a number (a slice that wql_lex_number accepted as a whole, of a text that ends with a NUL) into *ret:
// kind and value. false: an integer beyond -2^63..2^64-1, or a real beyond double.
bool wql_number(Str text, bool real, WqlConstant *ret);
// What became of a data query: the number that ExecQuery has for what is wrong with the text. Returns r.
int wql_code_of_data(int r, Diag *d);
// The name of a system property (two underscores in front)?
static inline bool wql_is_system(Str name)
{
        return name.n > 2 && name.p[0] == '_' && name.p[1] == '_';
}

#endif
