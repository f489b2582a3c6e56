// SPDX-License-Identifier: MIT
// WQL: text -> query -> plan -> does this event, object or class match?
//
//   WqlQuery *q;  WqlPlan *p;
//   wql_parse(STR("SELECT * FROM Toast WHERE Heat > 3"), &q, &diag);   syntax, with the place of a mistake
//   wql_check(q, schema, STR("root\\wmi"), &p, &diag);                  names, types, event class
//   wql_match(p, &subject);                                            no allocation, no lock
//
// An event query goes through wql_parse and wql_check, a data or schema query (ExecQuery) through
// wql_parse_data and wql_check_data. A plan is made for the class after FROM and fits every class derived
// from it, because a property keeps its index in subclasses. It reads only the properties in wql_used().
// Grammar and meaning: the public pages of the WMI SDK on WQL and [MS-WMI] 2.2.1; comparison is two-valued: a
// NULL property makes every comparison false, and NOT makes that true.
#ifndef WQL_WQL_H
#define WQL_WQL_H

#include "cim/event.h"
#include "cim/schema.h"

typedef struct WqlQuery WqlQuery;
typedef struct WqlPlan WqlPlan;

// Parses UTF-8 text. E_DIAG with the place of the token (offset, line, column, length), what was found and
// expected, and a hint where there is something to say: CIM_E_UNPARSABLE_QUERY for a syntax error,
// CIM_E_QUOTA_VIOLATION beyond LIMIT_QUERY_TERMS, LIMIT_QUERY_CHARS (UTF-16 units, as WMI counts) or
// LIMIT_DEPTH, CIM_E_VALUE_OUT_OF_RANGE for a number beyond WMI's types or an interval beyond 0.001..4294967
// s, CIM_E_MISSING_GROUP_WITHIN, CIM_E_MISSING_AGGREGATION_LIST. -ENOMEM.
int wql_parse(Str text, WqlQuery **ret, Diag *reterr);
// The same for a data or schema query. CIM_E_INVALID_QUERY takes the place of CIM_E_UNPARSABLE_QUERY, as
// documented for ExecQuery; also for WITHIN and GROUP, which only event queries have. ASSOCIATORS OF and
// REFERENCES OF: CIM_E_NOT_SUPPORTED.
int wql_parse_data(Str text, WqlQuery **ret, Diag *reterr);
WqlQuery *wql_query_free(WqlQuery *q);
// The class after FROM, as written.
Str wql_from(const WqlQuery *q);
// The properties that SELECT names (of a path its first name), as written, in the order of the text, each
// once. wql_select_count is 0 for "*". Borrowed from the query; i < count.
size_t wql_select_count(const WqlQuery *q);
Str wql_select_name(const WqlQuery *q, size_t i);
// Writes the query back as text that parses to the same query.
void wql_print(const WqlQuery *q, Buf *out);

// Checks an event query against the classes of a namespace (in normal form). Keeps references to what it
// needs of the schema, not the query. E_DIAG for the first mistake of the text, placed at the name, operator
// or constant, with the nearest name as hint:
//
//   CIM_E_INVALID_NAMESPACE      no such namespace
//   CIM_E_NOT_FOUND              no such class after FROM (the number that users of Windows see) or ISA
//   CIM_E_NOT_EVENT_CLASS        not derived from __Event
//   CIM_E_INVALID_PROPERTY       no such property; a path into an object is held against the class
//                                that ISA or __CLASS = demand of it in the same AND, if any
//   CIM_E_PROPERTY_NOT_AN_OBJECT a dot or ISA behind what is no embedded object
//   CIM_E_AGGREGATING_BY_OBJECT  GROUP BY an embedded object
//   CIM_E_TYPE_MISMATCH          the constant does not fit the property's type; an array or object
//   CIM_E_INVALID_OPERATOR       the operator does not
//   CIM_E_UNPARSABLE_QUERY       a malformed LIKE pattern
//   CIM_E_QUOTA_VIOLATION        sets in LIKE patterns that spell out too much
//   CIM_E_REGISTRATION_TOO_PRECISE  instance events of a class whose instances are not the
//                                repository's, without WITHIN
//   CIM_E_NOT_SUPPORTED          parsed but not served yet: GROUP; the same with WITHIN (polling);
//                                kinds of events that nothing generates yet
//
// -ENOMEM.
int wql_check(const WqlQuery *q, const CimSchema *schema, Str namespace, WqlPlan **ret, Diag *reterr);
// The same for a data query, whose class is any, or a schema query (SELECT * FROM meta_class). What differs:
// no CIM_E_NOT_EVENT_CLASS and nothing about events; `__this ISA "C"` is the object itself; a property that
// the class of an embedded object does not have matches nothing, silently; CIM_E_INVALID_QUERY where a
// pattern is malformed or meta_class is asked for more than "*".
int wql_check_data(const WqlQuery *q, const CimSchema *schema, Str namespace, WqlPlan **ret, Diag *reterr);
WqlPlan *wql_plan_ref(WqlPlan *p);
WqlPlan *wql_plan_unref(WqlPlan *p);

// The class after FROM; borrowed. NULL for meta_class.
const CimClass *wql_class(const WqlPlan *p);
// A schema query: its subjects are the definitions of all classes of the namespace.
bool wql_is_schema(const WqlPlan *p);
// The properties of the subject that the WHERE clause reads, of a path its first name. Borrowed; an empty set
// has count 0 and words not NULL. Of a data query that asks for __RELPATH or __PATH: all (words NULL).
const CimWant *wql_used(const WqlPlan *p);
// The SELECT list as property indices in its order, each once; count 0: all ("*", or nothing but system
// properties). A path into an embedded object asks for the whole object.
const uint32_t *wql_selected(const WqlPlan *p, size_t *ret_count);

// What a plan is held against.
typedef struct WqlSubject {
        const CimClass *klass;  // wql_class or a class derived from it; of a schema query any
        const CimValue *values; // one for each property; those in wql_used are read
        Str namespace;          // where it lives, in normal form; n 0: nowhere (an event)
        bool is_class;          // the definition of klass itself
        Str server;             // for __SERVER and __PATH; n 0: these are NULL
        // For __RELPATH and __PATH; emptied by the caller, after each match if it has a limit. NULL: these
        // are NULL.
        struct Arena *scratch;
} WqlSubject;

// Whatever the objects inside the values are: what is not there or of no fitting type counts as NULL.
bool wql_match(const WqlPlan *p, const WqlSubject *s);
// Writes the plan as text, one line for each comparison with where it leads: "0: Heat >= 4 ? 1 : reject".
void wql_dump(const WqlPlan *p, Buf *out);

#endif
