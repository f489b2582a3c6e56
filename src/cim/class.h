// SPDX-License-Identifier: MIT
// Classes: immutable, reference-counted, complete.
//
// A CimClass knows its whole chain: `super` is the class itself, not a name; `properties` holds the inherited
// properties first, root class first, each in declaration order. A property that is declared again in a subclass
// keeps its place. So the index of a property in a class is its index in every subclass, and a plan made for a class
// fits all its subclasses.
//
// Classes are built from a CimClassSpec, which holds only what one declaration says (parsers and decoders fill it):
//
//   CimPropertySpec p = {.name = STR("Size"), .type = CIM_UINT32};
//   CimClassSpec s = {.name = STR("Thing"), .properties = &p, .property_count = 1};
//   CimClass *c;
//   int r = cim_class_new(&s, NULL, NULL, NULL, &c, &diag);
//
// Any thread may read and ref a class.
#ifndef CIM_CLASS_H
#define CIM_CLASS_H

#include "base/error.h"
#include "base/guid.h"
#include "cim/value.h"

typedef struct CimClass CimClass;
typedef struct CimLayout CimLayout;

// Flavors of a qualifier, the bits of WBEM_FLAVOR_TYPE. Default: neither propagates, overridable.
enum {
        CIM_FLAVOR_TO_INSTANCE = 0x01,
        CIM_FLAVOR_TO_SUBCLASS = 0x02,
        CIM_FLAVOR_NOT_OVERRIDABLE = 0x10,
        CIM_FLAVOR_PROPAGATED = 0x20, // it came from the superclass
        CIM_FLAVOR_AMENDED = 0x80,
        CIM_FLAVOR_DECLARED = 0x93, // those that a declaration may give; a class drops others
};

typedef struct CimQualifier {
        Str name;
        CimValue value; // `[key]` is boolean TRUE
        uint8_t flavor;
} CimQualifier;

typedef struct CimPropertySpec {
        Str name;
        uint16_t type;
        Str class_name;    // of an object or reference with a class: "Thing"; empty for plain `object`
        uint32_t max;      // T[n]: n; 0: scalar or T[]
        bool has_default;
        CimValue value;    // the default
        const CimQualifier *qualifiers;
        size_t qualifier_count;
        size_t offset;     // where it stands in its text, for diagnostics; 0: unknown
} CimPropertySpec;

typedef struct CimMethodSpec {
        Str name;
        uint16_t return_type; // CIM_NONE: void
        Str return_class;
        const CimPropertySpec *parameters; // with qualifiers in / out / ID
        size_t parameter_count;
        const CimQualifier *qualifiers;
        size_t qualifier_count;
} CimMethodSpec;

typedef struct CimClassSpec {
        Str name;
        const CimQualifier *qualifiers;
        size_t qualifier_count;
        const CimPropertySpec *properties;
        size_t property_count;
        const CimMethodSpec *methods;
        size_t method_count;
        size_t offset; // of the declaration in its text
} CimClassSpec;

typedef struct CimProperty {
        Str name;        // as the class that introduced it spells it
        uint16_t type;
        Str class_name;
        const CimClass *object_class; // the class of that name, when it was known; kept alive by this class
        uint32_t max;
        CimValue value;  // default; null when there is none
        const CimClass *origin; // the class that introduced it: this one or one of its superclasses
        bool local;      // declared (or declared again) by this class itself
        uint32_t data_id; // WmiDataId, 0: not an item of a data block
        const CimQualifier *qualifiers; // those that hold here, propagated ones included
        size_t qualifier_count;
} CimProperty;

typedef struct CimMethod {
        Str name;
        uint16_t return_type;
        Str return_class;
        const CimClass *return_object; // the class of that name, as object_class of a property
        const CimProperty *parameters;
        size_t parameter_count;
        const CimQualifier *qualifiers;
        size_t qualifier_count;
        uint32_t method_id; // WmiMethodId, 0: none
        const CimClass *origin;
        bool local;
} CimMethod;

struct CimClass {
        unsigned refs;   // atomic; use cim_class_ref
        Str name;        // terminated by a NUL
        const CimClass *super; // NULL for a root class
        unsigned depth;  // superclasses above it
        const CimQualifier *qualifiers;
        size_t qualifier_count;
        const CimProperty *properties;
        size_t property_count;
        const CimMethod *methods;
        size_t method_count;
        bool has_guid;   // the qualifier guid("...") holds a GUID; not inherited
        Guid guid;
        bool abstract;
        const CimClassSpec *declared; // a copy of what it was built from: its own declaration, nothing inherited
        const CimLayout *layout; // of its data block; NULL: it has no items, or layout_error says why
        char layout_error[160];  // "" or why its items make no block
        Arena *arena;    // owns all of the above
        const CimClass **kept; // classes that properties point to; each holds a reference
        size_t kept_count;
        uint64_t version; // set by the schema that took it in; never reused
};

// Finds a class by name for typed embedded objects; NULL: not known (then object_class stays NULL). Borrowed.
typedef const CimClass *(*CimResolve)(void *context, Str name);

// Builds a class. `super` (may be NULL) is referenced. Everything in *spec is copied.
// E_DIAG: the declaration is wrong (a property twice, a type that differs from the inherited one, too many
// properties, too deep, NULL where none may be, definitions among its defaults that stand for more than
// LIMIT_DEFINITION_BYTES); diag code and offset are set. -ENOMEM.
int cim_class_new(const CimClassSpec *spec, const CimClass *super, CimResolve resolve, void *context, CimClass **ret,
                  Diag *reterr);
CimClass *cim_class_ref(const CimClass *c);   // returns c
CimClass *cim_class_unref(const CimClass *c); // NULL is fine; returns NULL

// Do both, and their superclasses, declare the same? (qualifiers in any order, the rest in its order)
bool cim_class_same(const CimClass *a, const CimClass *b);
// Do both declare the same below a superclass of the same name?
bool cim_class_declares_same(const CimClass *a, const CimClass *b);
// Is *spec below `superclass` ("": none) what c declares, but for qualifiers that only describe and the case of names?
bool cim_class_declares_alike(const CimClass *c, const CimClassSpec *spec, Str superclass);
// Is c the class called `name`, or derived from it?
bool cim_class_isa(const CimClass *c, Str name);
// Are the instances of the class somebody else's than the repository's: a provider's (qualifier dynamic or provider), or,
// of a class with a GUID that is no event, a driver's?
bool cim_class_provided(const CimClass *c);
// The index of a property without regard to case; -1: none.
int cim_class_property(const CimClass *c, Str name);
// A qualifier without regard to case; NULL: none.
const CimQualifier *cim_qualifier_find(const CimQualifier *q, size_t n, Str name);
// TRUE of a boolean qualifier; false when absent.
bool cim_qualifier_true(const CimQualifier *q, size_t n, Str name);

#endif
