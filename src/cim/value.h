// SPDX-License-Identifier: MIT
// Types and values of CIM.
//
// A value is plain data that borrows what it points to (an arena, a class, an event's copy); it is copied by
// assignment as long as the lender lives, by cim_value_copy beyond that.
#ifndef CIM_VALUE_H
#define CIM_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

typedef struct CimInstance CimInstance;

// The numbers are CIMTYPE_ENUMERATION's.
typedef enum CimType {
        CIM_NONE = 0,
        CIM_SINT16 = 2,
        CIM_SINT32 = 3,
        CIM_REAL32 = 4,
        CIM_REAL64 = 5,
        CIM_STRING = 8,
        CIM_BOOLEAN = 11,
        CIM_OBJECT = 13,
        CIM_SINT8 = 16,
        CIM_UINT8 = 17,
        CIM_UINT16 = 18,
        CIM_UINT32 = 19,
        CIM_SINT64 = 20,
        CIM_UINT64 = 21,
        CIM_DATETIME = 101,
        CIM_REFERENCE = 102,
        CIM_CHAR16 = 103,
} CimType;

#define CIM_ARRAY 0x2000u // or-ed to the type of an array

typedef struct CimValue CimValue;
struct CimValue {
        uint16_t type; // CimType, with CIM_ARRAY for an array
        bool null;     // then the union is all zero
        union {
                bool boolean;
                int64_t sint;     // sint8..sint64, sign-extended
                uint64_t uint;    // uint8..uint64, char16, zero-extended
                double real;      // real32 too, widened
                Str16 string;     // string, datetime (25 characters), reference (a path)
                const CimInstance *object;
                struct {
                        const CimValue *items; // of the element type, each with null of its own
                        uint32_t count;
                } array;
        };
};

static inline CimType cim_type(uint16_t type)
{
        return (CimType)(type & ~CIM_ARRAY);
}

static inline bool cim_is_array(uint16_t type)
{
        return (type & CIM_ARRAY) != 0;
}

static inline CimValue cim_null(uint16_t type)
{
        return (CimValue){.type = type, .null = true};
}

// "uint32"; "?" for what is not a type. Of an array the element's name.
const char *cim_type_name(uint16_t type);
// The type of that name without regard to case ("object" and class names are not among them), CIM_NONE if none.
CimType cim_type_of_name(Str name);
bool cim_type_is_signed(CimType t);
bool cim_type_is_unsigned(CimType t); // char16 is not
// Range of an integer type; false for other types.
bool cim_type_range(CimType t, int64_t *ret_least, uint64_t *ret_most);

// Deep copy into `a`. 0, -ENOMEM, -ELOOP beyond LIMIT_DEPTH.
int cim_value_copy(Arena *a, const CimValue *from, CimValue *ret);
// Same type, same null, same contents (strings by code unit, reals by bits, objects by class name and values, definitions of
// classes by what they declare).
bool cim_value_same(const CimValue *a, const CimValue *b);
// Is s a well-formed 25-character DMTF datetime or interval ('*' where the standard allows)?
bool cim_datetime_valid(Str16 s);
// The instant of a datetime in file time (UTC); false when it is not one, is an interval or has '*' in it.
bool cim_datetime_instant(Str16 s, uint64_t *ret_filetime);
// The length of an interval in units of 100 ns; false when it is none.
bool cim_datetime_interval(Str16 s, uint64_t *ret);

#endif
