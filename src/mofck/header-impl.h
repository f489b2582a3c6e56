// SPDX-License-Identifier: MIT
// A header on its way. For src/mofck only.
#ifndef MOFCK_HEADER_IMPL_H
#define MOFCK_HEADER_IMPL_H

#include "mofck/header.h"
#include "mofck/internal.h"

typedef struct Header Header;
typedef struct HeaderName HeaderName;

// The names that the header has used so far; see header-names.c.
typedef struct HeaderNames {
        HeaderName *slots; // open addressing, mask + 1 of them
        size_t mask, count;
        Arena arena;
} HeaderNames;

typedef enum HeaderUse {
        HEADER_MEMBER = 1, // of a structure: any number of them have one name
        HEADER_TYPE = 2,
        HEADER_MACRO = 4
} HeaderUse;

enum { HEADER_TAKEN = 1, HEADER_SAME = 2 }; // of header_use

struct Header {
        Classes classes;
        const MofckHeaderOptions *options;
        Buf *out;
        Arena arena;    // of the class at hand
        uint8_t *state; // of each class by its slot: HEADER_...
        unsigned depth;
        size_t start;   // of the header in *out
        size_t members; // of all classes so far, inherited ones included
        HeaderNames names;
        const char **tags; // of the kernel's form: of each class by its slot the name of its structure
        Diag *reterr;
        int (*emit)(Header *h, const MofObject *c); // the class itself: header-windows.c or header-linux.c
        struct MofckBlocks *blocks;                 // of the kernel's form
};

enum { HEADER_NONE, HEADER_BEGUN, HEADER_DONE };

// An item of a block, or a parameter of a buffer, in its order.
typedef struct HeaderItem {
        const Member *member;
        uint32_t id; // WmiDataId; of a parameter its ID + 1; 0: the return value
} HeaderItem;

typedef struct HeaderItems {
        HeaderItem *items;
        uint32_t count;
} HeaderItems;

// The items of a class, those of a method's buffer. 0, -ENOMEM, E_DIAG.
int header_items(Header *h, const MofObject *c, HeaderItems *ret);
int header_parameters(Header *h, const MofMethod *m, bool out, HeaderItems *ret);
// Fills h->reterr at a place. Returns E_DIAG.
int header_error(Header *h, MofPlace place, const char *format, ...) __attribute__((format(printf, 3, 4)));
// A string qualifier in h->arena; empty: it has none. p NULL: out of memory.
Str header_text(Header *h, const MofQualifierList *list, const char *name);
// The name that a qualifier gives, else `otherwise`; it must be one of C. 0, -ENOMEM, E_DIAG.
int header_name(Header *h, const MofQualifierList *list, const char *qualifier, Str otherwise, MofPlace place,
                Str *ret);
// `text` as // comments, `indent` in. No line of it ends in what would join the next one.
void header_comment(Header *h, const char *indent, Str text);
// Puts down the text of cpp_quote.
int header_quote(Header *h, const MofQualifierList *list);
// Appends text on one line: what is no character, or would show the text in another order than it has, is not
// there.
void header_put(Buf *out, Str text);
// Uses a name. 0; HEADER_TAKEN: it means something else already; HEADER_SAME: it is a macro of that value
// already; -ENOMEM. value: of a macro.
int header_use(Header *h, Str name, HeaderUse use, const char *value);
// Uses `base`, or base_2, base_3... 0, -ENOMEM.
int header_unique(Header *h, const char *base, HeaderUse use, char *out, size_t size);
bool header_is_keyword(Str name);
// Uses a name that cannot be another one. 0, -ENOMEM, E_DIAG.
int header_claim(Header *h, Str name, HeaderUse use, const char *value, MofPlace place);
int header_names_init(Header *h);
void header_names_deinit(HeaderNames *k);
// The #defines that DefineValues asks for.
int header_defines(Header *h, const Member *m, const char *indent);
// The GUID of a class; false: it has none.
bool header_guid(Header *h, const MofObject *c, Guid *ret);

int header_windows_class(Header *h, const MofObject *c);
int header_linux_class(Header *h, const MofObject *c);

#endif
