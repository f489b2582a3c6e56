// SPDX-License-Identifier: MIT
// The compiled form of a WHERE clause. Private to src/wql.
//
// A plan is an array of tests. Each names the test that follows when it holds and the one that follows when
// it does not; both stand further down, so every evaluation ends. AND, OR, NOT and parentheses are gone: they
// became these two targets (which is exact because WQL's logic has two values).
//
//   WHERE Heat > 3 AND (Name LIKE 'a%' OR NOT Done = TRUE)
//
//   0: Heat >= 4          yes -> 1       no -> reject
//   1: Name LIKE "a%"     yes -> accept  no -> 2
//   2: Done = TRUE        yes -> reject  no -> accept
//
// Constants are brought to the type of their property when the plan is made, so that a test compares like
// with like: `Heat > 3.5` on an integer is `Heat >= 4`, `uint8 < 300` is "is not NULL", `uint8 = 300`
// vanishes.
#ifndef WQL_PLAN_H
#define WQL_PLAN_H

#include "base/arena.h"
#include "base/utf.h"
#include "cim/path.h"
#include "wql/wql-ast.h"

// How a value may stand to the constant; a test holds a set of these.
enum {
        WQL_LESS = 1,
        WQL_SAME = 2,
        WQL_MORE = 4,
        WQL_UNORDERED = 8, // NaN
};

// One line per kind of test: name, what it reads and compares. A NULL value fails every one of them.
#define WQL_TESTS(X)                                                                                         \
        X(PRESENT, "is not NULL")                                                                            \
        X(BOOLEAN, "boolean with boolean")                                                                   \
        X(SINT, "int64 with int64")                                                                          \
        X(UINT, "uint64 with uint64, char16 too")                                                            \
        X(REAL, "double with double")                                                                        \
        X(STRING, "UTF-16 without regard to case; the constant is in upper case")                            \
        X(CHAR, "char16 without regard to case; the constant is in upper case")                              \
        X(INSTANT, "datetime as file time; a value that is no instant fails")                                \
        X(INTERVAL, "datetime as a length of time; a value that is none fails")                              \
        X(LIKE, "pattern")                                                                                   \
        X(ISA, "object, of a class of that name or derived from it")                                         \
        X(BY_TYPE, "value of any type with the constant as that type reads it")

typedef enum WqlTestKind {
#define X(name, says) WQL_TEST_##name,
        WQL_TESTS(X)
#undef X
} WqlTestKind;

#define WQL_REJECT UINT32_MAX
#define WQL_ACCEPT (UINT32_MAX - 1)

// ---- LIKE
// --------------------------------------------------------------------------------------------------------

typedef enum WqlLikeKind {
        WQL_LIKE_UNIT,
        WQL_LIKE_ANY,
        WQL_LIKE_RUN,
        WQL_LIKE_SET,
        WQL_LIKE_NOT_SET
} WqlLikeKind;

typedef struct WqlLikeItem {
        uint16_t kind;  // WqlLikeKind: this unit, _, %, [...], [^...]
        char16_t unit;  // in upper case
        uint32_t first; // set: its ranges
        uint32_t count;
} WqlLikeItem;

typedef struct WqlLikeRange {
        char16_t low, high; // in upper case, both inclusive; a set's ranges ascend and do not touch
} WqlLikeRange;

typedef struct WqlLike {
        const WqlLikeItem *items; // never two % in a row
        uint32_t count;
        const WqlLikeRange *ranges;
} WqlLike;

// How many characters the sets of one query may spell out; bounds the work of compiling.
enum { WQL_LIKE_EFFORT = 1 << 20 };

// Compiles a pattern into `a`. *effort counts down. 0, -ENOMEM, E_DIAG (code and message, no place).
int wql_like_compile(Arena *a, Str16 pattern, uint32_t *effort, const WqlLike **ret, Diag *reterr);
// Time at most pattern * text, no recursion, no memory.
bool wql_like_match(const WqlLike *l, Str16 text);
// Writes the pattern back, upper case, as a quoted string.
void wql_like_print(const WqlLike *l, Buf *out);

// ---- the plan
// ----------------------------------------------------------------------------------------------------

// Where a value is found that is no property of the subject, or not all of one:
//
//   TargetInstance.Parts[2].__CLASS      property TargetInstance, two steps, system __CLASS
//   __CLASS                              no step: the subject itself
typedef struct WqlWay {
        const WqlStep *steps; // the first one is the subject's property; the others are found by name
        size_t count;
        CimSystemProperty system; // of the object there; CIM_SYSTEM_COUNT: none
} WqlWay;

typedef struct WqlReadings WqlReadings;

typedef struct WqlTest {
        uint8_t kind;      // WqlTestKind
        uint8_t holds;     // set of WQL_LESS ...: value against constant
        uint16_t type;     // of the value; one of another type counts as NULL. CIM_NONE: any
        uint32_t property; // of the subject; WQL_SUBJECT: none
        uint32_t yes, no;  // next test, WQL_ACCEPT or WQL_REJECT
        const WqlWay *way; // NULL: the property it is
        union {
                bool boolean;
                int64_t sint;
                uint64_t uint;
                double real;
                Str16 string;
                const WqlLike *like;
                Str name; // ISA
                const WqlReadings *readings;
        };
} WqlTest;

#define WQL_SUBJECT UINT32_MAX

// One comparison as each type makes it: the tests that wql_constant_test gives for a property of that type.
// Types that are missing never match.
struct WqlReadings {
        const WqlTest *tests;
        uint32_t count;
        const char *relation; // as text, for the dump
        Str text;
};

struct WqlPlan {
        unsigned refs;         // atomic
        Arena arena;           // owns what follows
        const CimClass *class; // a reference; NULL: meta_class
        const WqlTest *tests;
        uint32_t count;
        uint32_t entry; // first test, or WQL_ACCEPT / WQL_REJECT
        CimWant used;
        const uint32_t *selected;
        size_t selected_count;
};

static inline char16_t wql_up(char16_t c)
{
        if (c < 0x80)
                return c >= 'a' && c <= 'z' ? (char16_t)(c - 32) : c;
        return utf_upcase16(c);
}

#endif
