// SPDX-License-Identifier: MIT
// What checking a query needs everywhere: errors with their place, and what a path leads to. Private to
// src/wql.
//
// A path into an embedded object is held against classes as far as they are known: the one that the property
// declares, and those that the query itself demands ("claims"): in `X ISA 'C' AND X.Size > 5` all of the AND
// is looked at with the claim that X is a C. A claim serves errors only. The plan finds properties by name
// and compares by the type of what it finds, so it stays right when classes change.
#ifndef WQL_CHECK_H
#define WQL_CHECK_H

#include "cim/path.h"
#include "wql/wql-ast.h"
#include "wql/wql-plan.h"

// The object at the first `count` steps of a path is of this class.
typedef struct WqlClaim {
        const WqlPath *path;
        size_t count;
        const CimClass *klass;
        bool exact; // __CLASS =, not ISA
} WqlClaim;

// How many searches through derived classes one query may cost; beyond, nothing is said to be missing.
enum { WQL_SEARCHES = 64 };

typedef struct WqlChecker {
        const WqlQuery *q;
        const CimSchema *schema;
        Str namespace;
        bool data;             // a data or schema query
        const CimClass *class; // NULL: meta_class
        WqlPlan *plan;
        Diag *diag;
        WqlClaim *claims; // those that hold where the check stands, outermost first
        size_t claim_count;
        struct WqlMade *made; // one for each predicate, in the order of the text
        uint32_t made_count;
        WqlTest *linked; // those that are needed, last one first
        uint32_t linked_count;
        uint32_t effort; // left for LIKE
        unsigned
                searches; // through the derived classes of one; they take time in proportion to the namespace
        bool paths;       // __RELPATH or __PATH of the subject is read
} WqlChecker;

// What a path leads to.
typedef struct WqlTarget {
        size_t count; // steps to a property; 0: the subject itself
        size_t first; // index of the subject's property; count > 0
        const CimProperty
                *property; // what stands there; NULL: known when there is an object. Always known for count 1
        bool this;         // __this
        bool system;       // a system property of the object there
        CimSystemProperty which;
} WqlTarget;

// Sets code and message of the diag and places it. Returns E_DIAG.
int wql_fail(const WqlChecker *c, uint32_t code, WqlSpan at, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
// A name for a message: long ones are cut between characters.
Str wql_brief(Str s);
WqlSpan wql_step_span(const WqlStep *s);

// CIM_E_NOT_FOUND with what may have been meant. Returns E_DIAG.
int wql_unknown_class(const WqlChecker *c, Str name, WqlSpan at, bool event);
// Visits a class and those derived from it. False: the query has cost enough.
bool wql_each_derived(WqlChecker *c, const CimClass *base, CimClassVisit visit, void *context);
// Follows a path. where: arrays need an index, as only a single value can be compared. 0; E_DIAG.
int wql_resolve(WqlChecker *c, const WqlPath *path, bool where, WqlTarget *ret);
// The claims that a predicate makes; they hold for what stands in the same AND.
void wql_claim(WqlChecker *c, const WqlNode *n);
// The class named by `X ISA "C"` or `X.__CLASS = "C"` with *ret_steps steps in X; NULL: n is neither, or
// there is no such class.
const CimClass *wql_demanded(const WqlChecker *c, const WqlNode *n, size_t *ret_steps);
// The class that a constant names; NULL: none.
const CimClass *wql_class_of(const WqlChecker *c, Str16 name);

#endif
