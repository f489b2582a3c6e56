// SPDX-License-Identifier: MIT
// What the files of this room share: the classes of a document by name, and what each has with what it
// inherits inside the document. For src/mofck only.
#ifndef MOFCK_INTERNAL_H
#define MOFCK_INTERNAL_H

#include "base/guid.h"
#include "mof/document.h"

// The classes of a document. Of several declarations of one name the last holds.
typedef struct Classes {
        const MofDocument *document;
        Arena arena;             // of the index
        const MofObject **slots; // open addressing by name, mask + 1 of them
        size_t mask;
        const MofObject **embedded; // likewise: the classes that some property or parameter is of
        size_t embedded_mask;
        uint32_t *circles; // by slot: a number that the classes of one circle share
} Classes;

// 0, -ENOMEM.
int classes_init(Classes *k, const MofDocument *d);
void classes_deinit(Classes *k);
const MofObject *classes_find(const Classes *k, Str name);
// Where a class of that name stands in the index, or would.
const MofObject **classes_slot(const Classes *k, Str name);
// Finds the circles; called by classes_init. 0, -ENOMEM.
int classes_find_circles(Classes *k);
// Does each of both hold objects of the other, directly or through others? (Is a class in a circle with
// itself: yes.)
bool classes_in_circle(const Classes *k, const MofObject *a, const MofObject *b);
// The superclass, when it is in the document; NULL: it has none, or it is elsewhere, or it is the class
// itself.
const MofObject *classes_super(const Classes *k, const MofObject *c);
// Is it the class called `name`, or derived from it? Ancestors outside the document count by their name.
bool classes_derives(const Classes *k, const MofObject *c, const char *name);
// Does one of its superclasses have that name?
bool classes_in_line(const Classes *k, const MofObject *c, Str name);
// Does another class hold objects of this one?
bool classes_is_embedded(const Classes *k, const MofObject *c);
// A qualifier of the class: its own, else one that comes down from a superclass.
const MofQualifier *classes_qualifier(const Classes *k, const MofObject *c, const char *name);
bool classes_qualifier_true(const Classes *k, const MofObject *c, const char *name);

// A property of a class, inherited ones included. A property that is declared again stands once; `under` is
// what it was.
typedef struct Member Member;
struct Member {
        const MofProperty *property;
        const MofObject *origin; // who declares it
        const Member *under;     // the declaration that this one replaces; NULL: none
};

typedef struct Members {
        Member *items; // inherited ones first, each in the order of the text
        uint32_t count;
        uint32_t *slots; // index + 1 by name
        uint32_t mask;
} Members;

// Collects into `a`. 0; -ENOMEM; -E2BIG: more than LIMIT_CLASS_PROPERTIES (then the first so many); -ELOOP:
// derived from itself, or deeper than LIMIT_DEPTH (then what the nearest LIMIT_DEPTH ones declare).
int members_of(const Classes *k, const MofObject *c, Arena *a, Members *ret);
// The parameters of a method. 0, -ENOMEM, -E2BIG.
int members_of_method(const MofMethod *method, Arena *a, Members *ret);
const Member *members_find(const Members *m, Str name);
// A qualifier of the property as it is declared last.
const MofQualifier *member_qualifier(const Member *m, const char *name);
bool member_qualifier_true(const Member *m, const char *name);
// Its integer of 1 to UINT32_MAX; 0: it has none.
uint32_t member_number(const Member *m, const char *name);
// InstanceName and Active: not in the data block.
bool member_is_required_item(const Member *m);

// n of T[n]; 0: it has none.
uint32_t member_array_size(const Member *m);
bool member_is_variable_array(const Member *m);

// Can it be a name in C?
bool is_identifier(Str s);
// The string of a qualifier as UTF-8 in `a`; p NULL: out of memory; empty: it is no string.
Str qualifier_text(const MofQualifier *q, Arena *a);
// Is the value TRUE, or is nothing written?
bool qualifier_true(const MofQualifier *q);
// An integer that a value says, written as a number or (ValueMap) as text; false: none.
bool value_number(const MofValue *v, int64_t *ret);
bool value_is_integer(const MofValue *v);

#endif
