// SPDX-License-Identifier: MIT
// Lexer of WQL: cuts UTF-8 text into tokens that are slices of it.
//
// Keywords are words here; whether GROUP is a clause or a property is the parser's to say. A string keeps its
// quotes and escapes; its escapes have been checked. Private to src/wql.
#ifndef WQL_LEX_H
#define WQL_LEX_H

#include "base/error.h"
#include "base/str.h"

typedef enum WqlTokenKind {
        WQL_T_END,
        WQL_T_WORD,
        WQL_T_INTEGER, // with its sign
        WQL_T_REAL,
        WQL_T_STRING,
        WQL_T_EQ,
        WQL_T_NE, // <> and !=
        WQL_T_LT,
        WQL_T_GT,
        WQL_T_LE,
        WQL_T_GE,
        WQL_T_STAR,
        WQL_T_COMMA,
        WQL_T_DOT,
        WQL_T_OPEN,
        WQL_T_CLOSE,
        WQL_T_OPEN_BRACKET,
        WQL_T_CLOSE_BRACKET,
        WQL_T_SEMICOLON,
        WQL_T_OTHER, // a character that WQL has no use for: + - / % { } ...
} WqlTokenKind;

typedef struct WqlToken {
        WqlTokenKind kind;
        Str text;  // empty at the end
        size_t at; // bytes from the start of the query
} WqlToken;

typedef struct WqlLexer {
        Str text;
        size_t at;
} WqlLexer;

// The next token. 0; E_DIAG (CIM_E_UNPARSABLE_QUERY): a string without an end, a bad escape, a malformed
// number. The text must be valid UTF-8 without NUL.
int wql_lex(WqlLexer *l, WqlToken *ret, Diag *reterr);

// How many bytes at the start of s are a number ([+-]digits[.digits][e[+-]digits], a digit before or behind
// the point); 0: none. *ret_real: it has a point or an exponent.
size_t wql_lex_number(Str s, bool *ret_real);

#endif
