// SPDX-License-Identifier: MIT
// One run of the rules. For src/mofck only.
#ifndef MOFCK_CHECK_IMPL_H
#define MOFCK_CHECK_IMPL_H

#include "base/buf.h"
#include "mofck/check.h"
#include "mofck/internal.h"
#include "mofck/rules.h"

typedef struct GuidOf {
        Guid guid;
        const MofObject *class; // NULL: a free slot
} GuidOf;

typedef struct Check {
        Classes classes;
        Arena arena;    // of the class at hand
        Buf found;      // its findings
        bool failed;    // out of memory
        size_t members; // looked at so far, of all classes
        GuidOf *guids;
        size_t guid_mask;
        int (*tell)(void *context, const MofckFinding *f);
        void *context;
} Check;

// For "%.*s" of a name, which may be as long as the text that it comes from.
#define NAME(s) (int)((s).n < 64 ? (s).n : 64), (s).p

void check_error(Check *k, Rule rule, MofPlace place, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
void check_warn(Check *k, Rule rule, MofPlace place, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
// What to do about the finding that was added last.
void check_hint(Check *k, const char *format, ...) __attribute__((format(printf, 2, 3)));

void check_property_qualifiers(Check *k, const MofQualifierList *list);
// The items of a class. block: InstanceName and Active belong there.
void check_items(Check *k, const MofObject *c, const Members *m, bool block);
void check_methods(Check *k, const MofObject *c);

#endif
