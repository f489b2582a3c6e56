// SPDX-License-Identifier: MIT
// A MOF document: what a text says, declaration by declaration, as it is written. Nothing is resolved.
//
// Everything that reads or writes MOF meets here:
//
//   text  -> mof_parse ----+                    +-> mof_build (mof/build.h)     classes, instances, deletions
//                          +-> MofDocument -----+-> mof_print (mof/print.h)     text
//   bytes -> bmf_read -----+                    +-> bmf_of_document (bmf/bmf.h) binary MOF
//            bmf_to_document                    +-> mofck (mofck/*.h)           rules, headers
//
// A document is immutable and owns all it points to (one arena). Counts are uint32_t, and each is below LIMIT_MOF_ITEMS.
#ifndef MOF_DOCUMENT_H
#define MOF_DOCUMENT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "cim/class.h"

// Bytes of the text that a thing came from: its first token. n 0: nowhere, or (of binary MOF) the offset of its record in
// the expanded data.
typedef struct MofPlace {
        uint32_t at, n;
} MofPlace;

typedef struct MofObject MofObject;
typedef struct MofValue MofValue;

typedef enum MofValueKind {
        MOF_VALUE_NONE, // nothing is written: a qualifier that is only named, a property without default
        MOF_VALUE_NULL,
        MOF_VALUE_BOOLEAN,
        MOF_VALUE_INTEGER,
        MOF_VALUE_REAL,
        MOF_VALUE_STRING, // datetimes and paths too
        MOF_VALUE_CHAR,
        MOF_VALUE_ARRAY,
        MOF_VALUE_ALIAS,  // string is its name without the '$'
        MOF_VALUE_OBJECT,
} MofValueKind;

struct MofValue {
        uint8_t kind;  // MofValueKind
        bool negative; // INTEGER: the value is -magnitude
        bool bits;     // INTEGER: written as hexadecimal, octal or binary
        bool boolean;
        MofPlace place;
        union {
                uint64_t magnitude; // INTEGER, CHAR (a code unit)
                double real;
                Str16 string;       // STRING, unescaped and joined; ALIAS
                struct {
                        const MofValue *items; // no NONE among them
                        uint32_t count;
                } array;
                const MofObject *object; // an instance
        };
};

// Flavors as they are written behind the ':' of a use.
enum {
        MOF_TO_INSTANCE = 1,
        MOF_NOT_TO_INSTANCE = 2,
        MOF_TO_SUBCLASS = 4,
        MOF_NOT_TO_SUBCLASS = 8,
        MOF_ENABLE_OVERRIDE = 16,
        MOF_DISABLE_OVERRIDE = 32,
        MOF_RESTRICTED = 64,
        MOF_AMENDED = 128,
        MOF_TRANSLATABLE = 256,
};

typedef struct MofQualifierDefault MofQualifierDefault;

typedef struct MofQualifier {
        Str name;
        MofPlace place;
        MofValue value;
        uint16_t written; // MOF_TO_INSTANCE...: the words of this use
        uint8_t flavor;   // what holds: CIM_FLAVOR_..., from the words and the defaults in force
        const MofQualifierDefault *declared; // the qualifier's declaration that was in force; NULL: none
} MofQualifier;

typedef struct MofQualifierList {
        const MofQualifier *items;
        uint32_t count;
} MofQualifierList;

// `Qualifier Description : ToSubClass Amended;` (typed false), or DMTF's form with type, default and scope.
struct MofQualifierDefault {
        Str name;
        MofPlace place;
        uint16_t written;
        uint8_t flavor;
        bool typed;
        uint16_t type;  // CimType, with CIM_ARRAY
        uint32_t max;   // of [n]
        MofValue value; // its default, or NONE
        unsigned scope; // MOF_ON_...
};

// What a qualifier may stand on, the words of Scope(...).
enum {
        MOF_ON_CLASS = 1,
        MOF_ON_ASSOCIATION = 2,
        MOF_ON_INDICATION = 4,
        MOF_ON_PROPERTY = 8,
        MOF_ON_REFERENCE = 16,
        MOF_ON_METHOD = 32,
        MOF_ON_PARAMETER = 64,
        MOF_ON_SCHEMA = 128,
        MOF_ON_ANY = 255,
};

// A declared type. Of an instance's property everything is zero: only its class knows.
typedef struct MofType {
        uint16_t type;  // CimType, with CIM_ARRAY; CIM_NONE: void (of a method), unknown (of an instance's property)
        Str word;       // as it is spelled: "String", "UINT32", "object", "Thing"
        Str class_name; // of OBJECT and REFERENCE: the class; empty: any (`object`)
        uint32_t max;   // T[n]: n; 0: T[] or scalar. A MAX qualifier written by hand stays among the qualifiers
        MofPlace place;
} MofType;

// A property, or a parameter.
typedef struct MofProperty {
        Str name;
        MofPlace place; // of the name
        MofType type;
        MofQualifierList qualifiers;
        MofValue value; // its default, or its value in an instance; NONE: nothing is written
} MofProperty;

typedef struct MofMethod {
        Str name;
        MofPlace place;
        MofType returns; // type CIM_NONE: void
        MofQualifierList qualifiers;
        const MofProperty *parameters; // as written: no IN, OUT or ID is added
        uint32_t parameter_count;
} MofMethod;

// Flags of #pragma classflags and instanceflags.
enum { MOF_UPDATE_ONLY = 1, MOF_CREATE_ONLY = 2, MOF_SAFE_UPDATE = 32, MOF_FORCE_UPDATE = 64 };

// A class or an instance.
struct MofObject {
        bool is_instance;
        Str name; // of the class
        MofPlace place;
        Str super; // of a class; empty: none
        MofPlace super_place;
        Str alias; // without '$'; empty: none
        MofPlace alias_place;
        MofQualifierList qualifiers;
        const MofProperty *properties; // in the order of the text; of an instance the assignments
        uint32_t property_count;
        const MofMethod *methods; // likewise
        uint32_t method_count;
        Str namespace_text; // as the directive in force says it, unescaped: "\\\\.\\root\\wmi"; without one the default
        Str namespace;      // its normal form: "root\\wmi"; empty when it has none (then an error was reported)
        uint32_t class_flags, instance_flags; // in force
};

typedef enum MofItemKind {
        MOF_ITEM_OBJECT,
        MOF_ITEM_DELETE_CLASS,
        MOF_ITEM_DELETE_INSTANCE,
        MOF_ITEM_QUALIFIER, // a declaration
} MofItemKind;

typedef struct MofItem {
        MofItemKind kind;
        MofPlace place;
        bool fail; // DELETE_...: it is an error when there is none
        union {
                const MofObject *object;
                const MofQualifierDefault *qualifier;
                struct {
                        Str what; // the name of the class, the path of the instance
                        Str namespace_text, namespace;
                } deleted;
        };
} MofItem;

typedef struct MofDocument {
        const MofItem *items; // in the order of the text
        uint32_t item_count;
        Str text;        // UTF-8; of binary MOF empty
        const char *name; // of the source
        bool autorecover; // #pragma autorecover stands in it
        bool binary;      // it was read from binary MOF: places are offsets in the expanded data
        Str amendment;    // of #pragma amendment; empty: none
        MofPlace amendment_place;
        // When the text has errors: the declarations with errors in them, as far as they could be read, so that what follows
        // from them is not reported as well (mof_build looks at their names, and at the types they use).
        const MofObject *const *broken;
        uint32_t broken_count;
        bool lost; // and some of which not even the name is known
        const struct MofLines *lines; // where the lines of which files begin; for mof_document_place
        Arena *arena;
} MofDocument;

typedef enum MofDialect { MOF_MICROSOFT, MOF_DMTF } MofDialect;

typedef struct MofSource {
        Str text;         // UTF-8 with or without BOM, UTF-16 of either order with BOM; 8-bit: code page 1252
        const char *name; // of the file, for diagnostics
        Str namespace;    // of what no directive places elsewhere, as -N: gives it; empty: root\default
        uint32_t class_flags, instance_flags; // until a directive says otherwise
        MofDialect dialect;
        void (*progress)(void *context, uint64_t done, uint64_t all); // bytes, now and then; may be NULL
        void *context;
} MofSource;

// Reads a text. 0: *ret is the document. E_DIAG: errors[0..*ret_errors) (at least 1, at most `capacity` and
// LIMIT_MOF_ERRORS, in the order of the text) are filled, and *ret holds the declarations that have no error in them.
// -ENOMEM, -EFBIG beyond LIMIT_MOF_BYTES (*ret NULL). A text with includes is expanded first (mof/expand.h): a directive
// that is still there is an error.
// Reported here is all that one declaration shows by itself: syntax, duplicates, flavors that exclude each other, values
// that do not fit their declared type, aliases. What needs other classes is mof_build's.
int mof_parse(const MofSource *source, MofDocument **ret, Diag *errors, size_t capacity, size_t *ret_errors);
MofDocument *mof_document_free(MofDocument *d);

// Fills file, line, column, offset and length of *d. Of a binary document: offset only.
void mof_document_place(const MofDocument *document, MofPlace place, Diag *d);

// Without regard to case; NULL: none.
const MofQualifier *mof_qualifier(const MofQualifierList *q, const char *name);
// Is the qualifier there, with no value or TRUE?
bool mof_qualifier_true(const MofQualifierList *q, const char *name);
// The string of a qualifier in UTF-8, in `a`; empty when it has none. p NULL: out of memory.
Str mof_qualifier_text(const MofQualifierList *q, const char *name, Arena *a);
// Its integer; false: there is none.
bool mof_qualifier_number(const MofQualifierList *q, const char *name, int64_t *ret);

#endif
