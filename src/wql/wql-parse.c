// SPDX-License-Identifier: MIT
// Parser of WQL: recursive descent, one function per rule of the grammar.
//
//   query     = SELECT list FROM class [WITHIN seconds] [WHERE or] [group] [;]       of an event query
//             | SELECT list FROM class [WHERE or] [;]                                of data
//   list      = * | path {, path}
//   group     = GROUP WITHIN seconds [BY path {, path}] [HAVING or]
//   or        = and {OR and}                         AND binds tighter than OR
//   and       = not {AND not}
//   not       = NOT not | ( or ) | predicate
//   predicate = path (= | <> | != | < | > | <= | >=) constant, or the other way round
//             | path IS [NOT] NULL | path (= | <> | !=) NULL, or the other way round
//             | path LIKE string | path ISA class
//   path      = name [[n]] {. name [[n]]}
//
// Keywords are such only where the grammar expects them: a property may be called Group or From. NULL, TRUE,
// FALSE and NOT are reserved. The depth of the recursion is bounded by LIMIT_DEPTH, predicates by
// LIMIT_QUERY_TERMS.
#include "wql/wql-ast.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf.h"
#include "cim/status.h"
#include "wql/wql-lex.h"

typedef struct Parser {
        WqlQuery *q;
        WqlLexer lexer;
        WqlToken token; // the one at hand
        WqlToken last;  // the one before
        Diag *diag;
        unsigned depth;
        unsigned terms;
} Parser;

// A list under construction.
typedef struct Item Item;
struct Item {
        Item *next;
        const WqlNode *node;
        WqlPath path;
};
typedef struct List {
        Item *first, **end;
        size_t n;
} List;

static Item *list_add(Parser *p, List *l)
{
        Item *i = arena_new(&p->q->arena, Item);
        if (!i)
                return NULL;
        if (!l->end)
                l->end = &l->first;
        *l->end = i;
        l->end = &i->next;
        l->n++;
        return i;
}

// ---- tokens and errors
// -------------------------------------------------------------------------------------------

static int advance(Parser *p)
{
        p->last = p->token;
        return wql_lex(&p->lexer, &p->token, p->diag);
}

// The token behind the one at hand; WQL_T_OTHER when it is malformed.
static WqlToken peek(const Parser *p)
{
        WqlLexer l = p->lexer;
        WqlToken t = {.kind = WQL_T_OTHER};
        if (wql_lex(&l, &t, NULL) != 0)
                t.kind = WQL_T_OTHER;
        return t;
}

static bool token_is(const WqlToken *t, const char *keyword)
{
        return t->kind == WQL_T_WORD && str_ieq(t->text, str_of(keyword));
}

static bool at_word(const Parser *p, const char *keyword)
{
        return token_is(&p->token, keyword);
}

static bool token_among(const WqlToken *t, const char *const *keywords)
{
        for (; *keywords; keywords++)
                if (token_is(t, *keywords))
                        return true;
        return false;
}

static bool is_relation(WqlTokenKind k)
{
        return k >= WQL_T_EQ && k <= WQL_T_GE;
}

// NULL, TRUE, FALSE and NOT never name anything.
static bool is_name(const WqlToken *t)
{
        static const char *const reserved[] = {"NULL", "TRUE", "FALSE", "NOT", NULL};
        return t->kind == WQL_T_WORD && !token_among(t, reserved);
}

static int fail_at(Parser *p, uint32_t code, WqlSpan at, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
static int fail_at(Parser *p, uint32_t code, WqlSpan at, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        diag_setv(p->diag, code, format, args);
        va_end(args);
        diag_place(p->diag, p->q->text.p, p->q->text.n, at.at, at.n);
        return E_DIAG;
}

static WqlSpan here(const Parser *p)
{
        return (WqlSpan){p->token.at, p->token.text.n};
}

// "the end of the query", "'FORM'"; long tokens lose their tail, but no half of a character.
static const char *found(const Parser *p, char out[64])
{
        Str t = p->token.text;
        if (p->token.kind == WQL_T_END)
                return "the end of the query";
        size_t n = t.n;
        if (n > 40)
                for (n = 40; ((unsigned char)t.p[n] & 0xC0) == 0x80;)
                        n--;
        const char *dots = n < t.n ? "..." : "";
        if (p->token.kind == WQL_T_STRING)
                snprintf(out, 64, "the string %.*s%s", (int)n, t.p, dots);
        else
                snprintf(out, 64, "'%.*s%s'", (int)n, t.p, dots);
        return out;
}

// FORM for FROM: two neighbours that changed places, the commonest slip; it counts as two edits.
static bool is_swapped(Str a, Str b)
{
        size_t i = 0;
        while (i < a.n && i < b.n && str_ieq((Str){a.p + i, 1}, (Str){b.p + i, 1}))
                i++;
        return a.n == b.n && i + 1 < a.n && str_ieq((Str){a.p + i, 1}, (Str){b.p + i + 1, 1}) &&
               str_ieq((Str){a.p + i + 1, 1}, (Str){b.p + i, 1}) &&
               str_ieq((Str){a.p + i + 2, a.n - i - 2}, (Str){b.p + i + 2, a.n - i - 2});
}

// The keyword among those in `expected` (its words in capitals) that the word at hand is nearest to.
static Str nearest_keyword(const Parser *p, const char *expected)
{
        StrNearest near = {.wanted = p->token.text};
        for (const char *s = expected; *s;) {
                size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
                if (n > 1 && is_swapped(p->token.text, (Str){s, n}))
                        return (Str){s, n};
                if (n > 1)
                        str_nearest_offer(&near, (Str){s, n});
                s += n ? n : 1;
        }
        return near.best;
}

static void hint_for(Parser *p, const char *expected)
{
        const WqlToken *t = &p->token;
        bool arithmetic = t->kind == WQL_T_OTHER && t->text.n == 1 && strchr("+-/%", *t->text.p);
        bool number = (t->kind == WQL_T_INTEGER || t->kind == WQL_T_REAL) && strchr("+-", *t->text.p);
        Str near = t->kind == WQL_T_WORD ? nearest_keyword(p, expected) : (Str){0};
        if (p->q->data && (at_word(p, "WITHIN") || at_word(p, "GROUP")))
                diag_hint(p->diag, "%.*s is for event queries", STR_ARG(t->text));
        else if (near.n && !str_ieq(near, t->text))
                diag_hint(p->diag, "did you mean %.*s?", STR_ARG(near));
        else if (at_word(p, "WITHIN"))
                diag_hint(p->diag,
                          "WITHIN stands between the class and WHERE; behind WHERE it is GROUP WITHIN");
        else if (at_word(p, "WHERE"))
                diag_hint(p->diag, "a query has one WHERE, behind FROM and WITHIN");
        else if (arithmetic || number || (t->kind == WQL_T_STAR && p->last.kind != WQL_T_WORD))
                diag_hint(p->diag, "WQL has no arithmetic");
        else if (t->kind == WQL_T_EQ && p->last.kind == WQL_T_EQ)
                diag_hint(p->diag, "WQL writes equality as a single =");
        else if ((t->kind == WQL_T_GT || t->kind == WQL_T_LT) && p->last.kind == WQL_T_EQ)
                diag_hint(p->diag, "did you mean %s?", t->kind == WQL_T_GT ? ">=" : "<=");
        else if (t->kind == WQL_T_STRING && p->last.kind == WQL_T_STRING &&
                 p->last.at + p->last.text.n == t->at)
                diag_hint(p->diag, "a quote inside a string is written \\%c", *t->text.p);
}

static int unexpected(Parser *p, const char *expected)
{
        char text[64];
        fail_at(p, CIM_E_UNPARSABLE_QUERY, here(p), "expected %s, found %s", expected, found(p, text));
        if (p->diag)
                hint_for(p, expected);
        return E_DIAG;
}

static int expect_word(Parser *p, const char *keyword)
{
        return at_word(p, keyword) ? advance(p) : unexpected(p, keyword);
}

static int deeper(Parser *p)
{
        if (p->depth >= LIMIT_DEPTH)
                return fail_at(p, CIM_E_QUOTA_VIOLATION, here(p),
                               "more than %u parentheses and NOTs in each other", LIMIT_DEPTH);
        p->depth++;
        return 0;
}

// ---- constants
// ---------------------------------------------------------------------------------------------------

// The contents of a string token. Escapes were checked by the lexer.
static int string_value(Parser *p, Str token, Str16 *ret)
{
        char *plain = arena_alloc(&p->q->arena, token.n);
        if (!plain)
                return -ENOMEM;
        size_t n = 0;
        for (size_t i = 1; i + 1 < token.n; i++) {
                if (token.p[i] == '\\')
                        i++;
                plain[n++] = token.p[i];
        }
        *ret = utf_to16(&p->q->arena, (Str){plain, n});
        return ret->p ? 0 : -ENOMEM;
}

static bool at_constant(const Parser *p)
{
        return p->token.kind == WQL_T_STRING || p->token.kind == WQL_T_INTEGER ||
               p->token.kind == WQL_T_REAL || at_word(p, "TRUE") || at_word(p, "FALSE");
}

// A constant other than NULL; the caller has seen at_constant().
static int constant(Parser *p, WqlConstant *ret)
{
        WqlToken t = p->token;
        *ret = (WqlConstant){.span = here(p), .text = t.text};
        if (t.kind == WQL_T_STRING) {
                ret->kind = WQL_C_STRING;
                int r = string_value(p, t.text, &ret->string);
                if (r < 0)
                        return r;
        } else if (t.kind == WQL_T_WORD) {
                ret->kind = WQL_C_BOOLEAN;
                ret->boolean = token_is(&t, "TRUE");
        } else if (!wql_number(t.text, t.kind == WQL_T_REAL, ret)) {
                fail_at(p, CIM_E_VALUE_OUT_OF_RANGE, here(p), "the number is beyond what WMI's types hold");
                if (t.kind == WQL_T_INTEGER)
                        diag_hint(p->diag, "integers go from -9223372036854775808 to 18446744073709551615");
                return E_DIAG;
        }
        return advance(p);
}

// ---- paths
// -------------------------------------------------------------------------------------------------------

static int step_index(Parser *p, WqlStep *s)
{
        int r = advance(p);
        if (r)
                return r;
        WqlConstant c = {0};
        if (p->token.kind != WQL_T_INTEGER || !wql_number(p->token.text, false, &c) || c.negative)
                return unexpected(p, "an index");
        s->indexed = true;
        s->index = c.magnitude;
        r = advance(p);
        if (r)
                return r;
        return p->token.kind == WQL_T_CLOSE_BRACKET ? advance(p) : unexpected(p, "']'");
}

// The caller has seen that the token at hand is a name.
static int path(Parser *p, WqlPath *ret)
{
        WqlStep steps[LIMIT_DEPTH];
        size_t n = 0, start = p->token.at;
        for (;;) {
                if (n == LIMIT_DEPTH)
                        return fail_at(p, CIM_E_QUOTA_VIOLATION, here(p), "a path of more than %u names",
                                       LIMIT_DEPTH);
                WqlStep *s = &steps[n++];
                *s = (WqlStep){.name = p->token.text, .at = p->token.at};
                int r = advance(p);
                if (!r && p->token.kind == WQL_T_OPEN_BRACKET)
                        r = step_index(p, s);
                if (r)
                        return r;
                if (p->token.kind != WQL_T_DOT)
                        break;
                r = advance(p);
                if (r)
                        return r;
                if (p->token.kind != WQL_T_WORD)
                        return unexpected(p, "a property name behind '.'");
        }
        ret->steps = arena_copy(&p->q->arena, steps, n * sizeof(steps[0]));
        ret->count = n;
        ret->span = (WqlSpan){start, p->last.at + p->last.text.n - start};
        return ret->steps ? 0 : -ENOMEM;
}

static int paths(Parser *p, const char *expected, const WqlPath **ret, size_t *ret_n)
{
        List l = {0};
        for (;;) {
                if (!is_name(&p->token))
                        return unexpected(p, expected);
                if (l.n == LIMIT_CLASS_PROPERTIES)
                        return fail_at(p, CIM_E_QUOTA_VIOLATION, here(p), "a list of more than %u names",
                                       LIMIT_CLASS_PROPERTIES);
                Item *i = list_add(p, &l);
                int r = i ? path(p, &i->path) : -ENOMEM;
                if (r)
                        return r;
                if (p->token.kind != WQL_T_COMMA)
                        break;
                r = advance(p);
                if (r)
                        return r;
        }
        WqlPath *all = arena_array(&p->q->arena, WqlPath, l.n);
        if (!all)
                return -ENOMEM;
        size_t n = 0;
        for (Item *i = l.first; i; i = i->next)
                all[n++] = i->path;
        *ret = all;
        *ret_n = n;
        return 0;
}

// ---- predicates
// --------------------------------------------------------------------------------------------------

static int expression(Parser *p, const WqlNode **ret);

static const char relations[] = "one of = <> != < > <= >=, LIKE, IS or ISA";

static WqlRelation relation_of(WqlTokenKind k)
{
        return k == WQL_T_EQ   ? WQL_EQ
               : k == WQL_T_NE ? WQL_NE
               : k == WQL_T_LT ? WQL_LT
               : k == WQL_T_GT ? WQL_GT
               : k == WQL_T_LE ? WQL_LE
                               : WQL_GE;
}

// 5 < a is a > 5.
static WqlRelation mirrored(WqlRelation r)
{
        return r == WQL_LT ? WQL_GT : r == WQL_GT ? WQL_LT : r == WQL_LE ? WQL_GE : r == WQL_GE ? WQL_LE : r;
}

static int null_relation(Parser *p, WqlNode *n)
{
        if (n->relation != WQL_EQ && n->relation != WQL_NE) {
                fail_at(p, CIM_E_UNPARSABLE_QUERY, n->operator,
                        "NULL has no order: '%s' cannot stand with it", wql_relation_text(n->relation));
                return diag_hint(p->diag, "use IS NULL, IS NOT NULL, =, <> or !=");
        }
        n->kind = WQL_N_NULL;
        n->negated = n->relation == WQL_NE;
        return 0;
}

// constant relation path
static int constant_first(Parser *p, WqlNode *n)
{
        bool null = at_word(p, "NULL");
        int r = null ? advance(p) : constant(p, &n->constant);
        if (r)
                return r;
        if (!is_relation(p->token.kind))
                return unexpected(p, "one of = <> != < > <= >= behind the constant");
        n->kind = WQL_N_COMPARE;
        n->operator= here(p);
        n->relation = relation_of(p->token.kind);
        r = null ? null_relation(p, n) : 0;
        n->relation = mirrored(n->relation);
        if (!r)
                r = advance(p);
        if (r)
                return r;
        return is_name(&p->token) ? path(p, &n->path) : unexpected(p, "a property name");
}

// Behind __CLASS and its kin a class name needs no quotes.
static bool takes_bare_class(const WqlPath *path)
{
        return wql_is_system(path->steps[path->count - 1].name);
}

static int class_reference(Parser *p, WqlNode *n)
{
        if (p->token.kind == WQL_T_STRING)
                return constant(p, &n->constant);
        if (!is_name(&p->token))
                return unexpected(p, "a class name");
        n->constant = (WqlConstant){.kind = WQL_C_STRING, .span = here(p), .text = p->token.text};
        n->constant.string = utf_to16(&p->q->arena, p->token.text);
        return n->constant.string.p ? advance(p) : -ENOMEM;
}

// What follows `path relation`.
static int right_side(Parser *p, WqlNode *n)
{
        if (at_word(p, "NULL")) {
                int r = null_relation(p, n);
                return r ? r : advance(p);
        }
        if (at_constant(p))
                return constant(p, &n->constant);
        if (is_name(&p->token) && takes_bare_class(&n->path))
                return class_reference(p, n);
        if (!is_name(&p->token))
                return unexpected(p, "a constant");
        char text[64];
        fail_at(p, CIM_E_UNPARSABLE_QUERY, here(p), "expected a constant, found the name %s", found(p, text));
        return diag_hint(p->diag, "WQL compares a property with a constant; a text needs quotes");
}

static int is_null(Parser *p, WqlNode *n)
{
        n->kind = WQL_N_NULL;
        int r = advance(p);
        if (!r && at_word(p, "NOT")) {
                n->negated = true;
                r = advance(p);
        }
        if (r)
                return r;
        return at_word(p, "NULL") ? advance(p) : unexpected(p, n->negated ? "NULL" : "NULL or NOT NULL");
}

static int path_first(Parser *p, WqlNode *n)
{
        int r = path(p, &n->path);
        if (r)
                return r;
        n->operator= here(p);
        if (at_word(p, "IS"))
                return is_null(p, n);
        if (at_word(p, "ISA")) {
                n->kind = WQL_N_ISA;
                r = advance(p);
                return r ? r : class_reference(p, n);
        }
        if (at_word(p, "LIKE")) {
                n->kind = WQL_N_LIKE;
                r = advance(p);
                if (r)
                        return r;
                return p->token.kind == WQL_T_STRING ? constant(p, &n->constant) : unexpected(p, "a string");
        }
        if (!is_relation(p->token.kind)) {
                bool not = at_word(p, "NOT");
                r = unexpected(p, relations);
                return not ? diag_hint(p->diag, "NOT stands before the property: NOT name LIKE 'x%%'") : r;
        }
        n->kind = WQL_N_COMPARE;
        n->relation = relation_of(p->token.kind);
        r = advance(p);
        return r ? r : right_side(p, n);
}

// Is the word at hand the name of a property? Keywords are, when an operator follows.
static bool at_property(const Parser *p)
{
        static const char *const keywords[] = {"AND",   "OR",    "LIKE",   "IS",     "ISA", "SELECT", "FROM",
                                               "WHERE", "GROUP", "WITHIN", "HAVING", "BY",  NULL};
        static const char *const operators[] = {"IS", "ISA", "LIKE", NULL};
        if (!is_name(&p->token))
                return false;
        if (!token_among(&p->token, keywords))
                return true;
        WqlToken next = peek(p);
        return is_relation(next.kind) || next.kind == WQL_T_DOT || next.kind == WQL_T_OPEN_BRACKET ||
               token_among(&next, operators);
}

static int predicate(Parser *p, const WqlNode **ret)
{
        bool constant = at_constant(p) || at_word(p, "NULL");
        if (!constant && !at_property(p))
                return unexpected(p, "a property name, a constant, NOT or '('");
        if (p->terms >= LIMIT_QUERY_TERMS)
                return fail_at(p, CIM_E_QUOTA_VIOLATION, here(p), "more than %u comparisons",
                               LIMIT_QUERY_TERMS);
        p->terms++;
        WqlNode *n = arena_new(&p->q->arena, WqlNode);
        *ret = n;
        return !n ? -ENOMEM : constant ? constant_first(p, n) : path_first(p, n);
}

// ---- NOT, AND, OR
// ------------------------------------------------------------------------------------------------

static int negation(Parser *p, const WqlNode **ret)
{
        WqlNode *n = arena_new(&p->q->arena, WqlNode);
        const WqlNode **child = arena_new(&p->q->arena, const WqlNode *);
        if (!n || !child)
                return -ENOMEM;
        *n = (WqlNode){.kind = WQL_N_NOT, .children = child, .count = 1};
        *ret = n;
        return 0;
}

static int operand(Parser *p, const WqlNode **ret)
{
        bool not = at_word(p, "NOT");
        if (!not &&p->token.kind != WQL_T_OPEN)
                return predicate(p, ret);
        int r = deeper(p);
        if (!r)
                r = advance(p);
        if (!r && not ) {
                r = negation(p, ret);
                if (!r)
                        r = operand(p, &(*ret)->children[0]);
        } else if (!r) {
                r = expression(p, ret);
                if (!r)
                        r = p->token.kind == WQL_T_CLOSE ? advance(p) : unexpected(p, "AND, OR or ')'");
        }
        p->depth--;
        return r;
}

// The collected operands as one node. A single one is itself; those of the same kind give up their children.
static int join(Parser *p, WqlNodeKind kind, const List *l, const WqlNode **ret)
{
        if (l->n == 1) {
                *ret = l->first->node;
                return 0;
        }
        size_t n = 0;
        for (Item *i = l->first; i; i = i->next)
                n += i->node->kind == kind ? i->node->count : 1;
        WqlNode *node = arena_new(&p->q->arena, WqlNode);
        const WqlNode **children = arena_array(&p->q->arena, const WqlNode *, n);
        if (!node || !children)
                return -ENOMEM;
        *node = (WqlNode){.kind = kind, .children = children, .count = n};
        for (Item *i = l->first; i; i = i->next) {
                if (i->node->kind != kind)
                        *children++ = i->node;
                else
                        for (size_t k = 0; k < i->node->count; k++)
                                *children++ = i->node->children[k];
        }
        *ret = node;
        return 0;
}

static int chain(Parser *p, WqlNodeKind kind, const char *keyword, int (*next)(Parser *, const WqlNode **),
                 const WqlNode **ret)
{
        List l = {0};
        for (;;) {
                Item *i = list_add(p, &l);
                int r = i ? next(p, &i->node) : -ENOMEM;
                if (r)
                        return r;
                if (!at_word(p, keyword))
                        return join(p, kind, &l, ret);
                r = advance(p);
                if (r)
                        return r;
        }
}

static int conjunction(Parser *p, const WqlNode **ret)
{
        return chain(p, WQL_N_AND, "AND", operand, ret);
}

static int expression(Parser *p, const WqlNode **ret)
{
        return chain(p, WQL_N_OR, "OR", conjunction, ret);
}

// ---- clauses
// -----------------------------------------------------------------------------------------------------

// Seconds of WITHIN; the documented range is 0.001 to 2^32 - 1 milliseconds.
static int interval(Parser *p, WqlInterval *ret)
{
        ret->given = true;
        ret->span = here(p);
        int r = advance(p);
        if (r)
                return r;
        bool real = p->token.kind == WQL_T_REAL;
        if (!real && p->token.kind != WQL_T_INTEGER)
                return unexpected(p, "a number of seconds");
        WqlConstant c = {0};
        bool fits = wql_number(p->token.text, real, &c);
        ret->seconds = real ? c.real : c.negative ? -1 : (double)c.magnitude;
        ret->text = p->token.text;
        if (!fits || ret->seconds < 0.001 || ret->seconds > 4294967)
                return fail_at(p, CIM_E_VALUE_OUT_OF_RANGE, here(p), "WITHIN takes 0.001 to 4294967 seconds");
        return advance(p);
}

static int select_list(Parser *p)
{
        static const char expected[] = "'*' or a property name";
        if (p->token.kind == WQL_T_STAR)
                return advance(p);
        if (at_word(p, "FROM")) {
                WqlToken next = peek(p);
                if (next.kind != WQL_T_COMMA && next.kind != WQL_T_DOT && !token_is(&next, "FROM"))
                        return unexpected(p, expected);
        }
        return paths(p, expected, &p->q->select, &p->q->select_count);
}

static const char *behind_class(const Parser *p)
{
        return p->q->data ? "WHERE or the end of the query" : "WITHIN, WHERE, GROUP or the end of the query";
}

static int from(Parser *p)
{
        static const char *const clauses[] = {"WHERE", "WITHIN", "GROUP", NULL};
        WqlToken next = peek(p);
        bool missing = token_among(&p->token, clauses) && next.kind != WQL_T_END &&
                       next.kind != WQL_T_SEMICOLON && !token_among(&next, clauses);
        if (!is_name(&p->token) || missing)
                return unexpected(p, "a class name");
        p->q->from = (WqlStep){.name = p->token.text, .at = p->token.at};
        int r = advance(p);
        if (r)
                return r;
        if (p->token.kind == WQL_T_COMMA) {
                unexpected(p, behind_class(p));
                return diag_hint(p->diag, "WQL has no joins: one class to a query");
        }
        if (p->token.kind == WQL_T_OTHER && p->token.text.n == 1 && strchr("\\/:", *p->token.text.p)) {
                unexpected(p, behind_class(p));
                return diag_hint(p->diag, "the namespace is that of the connection, not part of the query");
        }
        return 0;
}

static int group_by(Parser *p)
{
        static const char message[] = "GROUP BY needs the names of the properties to group by";
        int r = advance(p);
        if (r)
                return r;
        if (p->token.kind == WQL_T_STAR || p->token.kind == WQL_T_END || p->token.kind == WQL_T_SEMICOLON)
                return fail_at(p, CIM_E_MISSING_AGGREGATION_LIST, here(p), "%s", message);
        if (at_word(p, "HAVING")) {
                WqlToken next = peek(p);
                if (next.kind == WQL_T_WORD && !token_is(&next, "HAVING"))
                        return fail_at(p, CIM_E_MISSING_AGGREGATION_LIST, here(p), "%s", message);
        }
        return paths(p, "a property name", &p->q->by, &p->q->by_count);
}

static int group(Parser *p)
{
        WqlQuery *q = p->q;
        int r = advance(p);
        if (r)
                return r;
        if (at_word(p, "BY")) {
                fail_at(p, CIM_E_MISSING_GROUP_WITHIN, here(p), "GROUP BY without GROUP WITHIN");
                return diag_hint(p->diag, "write GROUP WITHIN seconds BY ...");
        }
        if (!at_word(p, "WITHIN"))
                return unexpected(p, "WITHIN");
        r = interval(p, &q->group);
        if (!r && at_word(p, "BY"))
                r = group_by(p);
        if (!r && at_word(p, "HAVING")) {
                r = advance(p);
                if (!r)
                        r = expression(p, &q->having);
        }
        return r;
}

static int query_kind(Parser *p)
{
        static const char *const data[] = {"ASSOCIATORS", "REFERENCES", NULL};
        if (!token_among(&p->token, data))
                return expect_word(p, "SELECT");
        if (p->q->data)
                return fail_at(p, CIM_E_NOT_SUPPORTED, here(p), "%.*s OF is not served yet",
                               STR_ARG(p->token.text));
        fail_at(p, CIM_E_UNPARSABLE_QUERY, here(p),
                "%.*s OF asks for data; an event query begins with SELECT", STR_ARG(p->token.text));
        return E_DIAG;
}

static int end(Parser *p)
{
        WqlQuery *q = p->q;
        if (p->token.kind == WQL_T_SEMICOLON) {
                int r = advance(p);
                if (r)
                        return r;
                return p->token.kind == WQL_T_END ? 0 : unexpected(p, "the end of the query behind ';'");
        }
        if (p->token.kind == WQL_T_END)
                return 0;
        if (q->group.given)
                return unexpected(p, q->having ? "AND, OR or the end of the query"
                                     : q->by   ? "',', HAVING or the end of the query"
                                               : "BY, HAVING or the end of the query");
        if (q->where)
                return unexpected(p, q->data ? "AND, OR or the end of the query"
                                             : "AND, OR, GROUP or the end of the query");
        return unexpected(p, q->within.given ? "WHERE, GROUP or the end of the query" : behind_class(p));
}

static int query(Parser *p)
{
        WqlQuery *q = p->q;
        int r = query_kind(p);
        if (!r)
                r = select_list(p);
        if (!r && !at_word(p, "FROM"))
                return unexpected(p, q->select_count ? "',' or FROM" : "FROM");
        if (!r)
                r = advance(p);
        if (!r)
                r = from(p);
        if (!r && !q->data && at_word(p, "WITHIN"))
                r = interval(p, &q->within);
        if (!r && at_word(p, "WHERE")) {
                r = advance(p);
                if (!r)
                        r = expression(p, &q->where);
        }
        if (!r && !q->data && at_word(p, "GROUP"))
                r = group(p);
        return r ? r : end(p);
}

// ---- the whole
// ---------------------------------------------------------------------------------------------------

// Length in UTF-16 units, as WMI counts; *ret_at: the byte where the limit is passed.
static bool too_long(Str s, size_t *ret_at)
{
        size_t units = 0;
        for (size_t i = 0; i < s.n; i++) {
                unsigned char c = (unsigned char)s.p[i];
                if ((c & 0xC0) == 0x80)
                        continue;
                units += c >= 0xF0 ? 2 : 1;
                if (units > LIMIT_QUERY_CHARS) {
                        *ret_at = i;
                        return true;
                }
        }
        return false;
}

static int check_text(Str s, Diag *d)
{
        size_t at = 0;
        const char *nul = s.n ? memchr(s.p, '\0', s.n) : NULL;
        if (too_long(s, &at))
                diag_set(d, CIM_E_QUOTA_VIOLATION, "a query of more than %u characters", LIMIT_QUERY_CHARS);
        else if (!utf8_valid(s.p, s.n, &at))
                diag_set(d, CIM_E_UNPARSABLE_QUERY, "the text is not valid UTF-8");
        else if (nul)
                diag_set(d, CIM_E_UNPARSABLE_QUERY, "a NUL character in the query"), at = (size_t)(nul - s.p);
        else
                return 0;
        diag_place(d, s.p, s.n, at, at < s.n);
        return E_DIAG;
}

// The properties that the SELECT list asks for: the first step of each path, each once.
static int collect_names(WqlQuery *q)
{
        Str *names = arena_array(&q->arena, Str, q->select_count + 1);
        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < q->select_count; i++) {
                Str name = q->select[i].steps[0].name;
                size_t k = 0;
                while (k < q->name_count && !str_ieq(names[k], name))
                        k++;
                if (k == q->name_count)
                        names[q->name_count++] = name;
        }
        q->names = names;
        return 0;
}

static int parse(Str text, bool data, WqlQuery **ret, Diag *reterr)
{
        int r = check_text(text, reterr);
        if (r)
                return r;
        WqlQuery *q = calloc(1, sizeof(*q));
        if (!q)
                return -ENOMEM;
        q->data = data;
        q->text = (Str){arena_strndup(&q->arena, text.n ? text.p : "", text.n), text.n};
        Parser p = {.q = q, .lexer = {.text = q->text}, .diag = reterr};
        r = q->text.p ? advance(&p) : -ENOMEM;
        if (!r)
                r = query(&p);
        if (!r)
                r = collect_names(q);
        if (r)
                wql_query_free(q);
        else
                *ret = q;
        return r;
}

int wql_parse(Str text, WqlQuery **ret, Diag *reterr)
{
        return parse(text, false, ret, reterr);
}

int wql_parse_data(Str text, WqlQuery **ret, Diag *reterr)
{
        return wql_code_of_data(parse(text, true, ret, reterr), reterr);
}

int wql_code_of_data(int r, Diag *d)
{
        if (r == E_DIAG && d && d->code == (uint32_t)CIM_E_UNPARSABLE_QUERY)
                d->code = CIM_E_INVALID_QUERY;
        return r;
}

WqlQuery *wql_query_free(WqlQuery *q)
{
        if (q)
                arena_deinit(&q->arena);
        free(q);
        return NULL;
}

Str wql_from(const WqlQuery *q)
{
        return q->from.name;
}

size_t wql_select_count(const WqlQuery *q)
{
        return q->name_count;
}

Str wql_select_name(const WqlQuery *q, size_t i)
{
        return q->names[i];
}
