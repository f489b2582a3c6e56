// SPDX-License-Identifier: MIT
// Object paths, as [MS-WMI] and the page "Describing a Class/Instance Object Path" write them.
//
//   \\server\root\default:Thing.Name="a",Part=7     an instance; server and namespace may be absent
//   Thing="a"                                       the only key, not named
//   Settings=@                                      a singleton
//   Thing                                           a class
//   \\.\root\default                                a namespace (no class)
//
// Inside a key's string \ escapes " and \; a reference is a string that holds a path. '/' is '\' between the parts.
#ifndef CIM_PATH_H
#define CIM_PATH_H

#include "base/buf.h"
#include "cim/instance.h"

typedef struct CimPathKey {
        Str name;       // empty: Thing="a", the only key
        CimValue value; // string (also for datetime and reference), sint64, uint64 (beyond sint64) or boolean, as written
} CimPathKey;

typedef struct CimPath {
        Str server;     // "" when absent; "." for this one
        Str namespace;  // normal form, "root\default"; "" when absent
        Str class_name; // "" : a namespace path
        bool singleton; // =@
        const CimPathKey *keys;
        size_t key_count; // 0 and not singleton: a class
} CimPath;

// Parses UTF-8 text into `a`. E_DIAG with the place in the text (offset, column, length), what was expected and a hint
// for common mistakes (a missing quote, a lone backslash, blanks): CIM_E_INVALID_OBJECT_PATH, also beyond
// LIMIT_PATH_CHARS characters or LIMIT_KEYS keys; CIM_E_INVALID_NAMESPACE where the namespace cannot be one. Another
// server than this one is the caller's to refuse. -ENOMEM.
//
// Text stands between " or between '; inside, \ stands in front of \, " and ' and of nothing else. Numbers are decimal or
// hexadecimal (0x1F). There are no blanks outside quotes and no characters below U+0020 anywhere; %20 is three
// characters.
int cim_path_parse(Str text, Arena *a, CimPath *ret, Diag *reterr);
// Writes it; parses back to the same. Keys in their order.
void cim_path_print(const CimPath *p, Buf *out);
// The code units of UTF-8 text as UTF-16, which is what LIMIT_PATH_CHARS counts.
size_t cim_path_units(Str s);

// --- keys ----------------------------------------------------------------------------------------
// The properties that are keys (qualifier key), as indices in ascending order of name without regard to case, which is
// the order of keys in a path. Returns how many; fills at most `most`.
size_t cim_class_keys(const CimClass *c, uint32_t *ret, size_t most);
bool cim_class_singleton(const CimClass *c);

// The relative path of an instance, `Thing.Name="a",Part=7`; of a class definition its name. UTF-8, appended to *out.
// 0; -ENOMEM; E_DIAG, nothing appended: CIM_E_NO_KEY (the class has none), CIM_E_ILLEGAL_NULL (a key is NULL),
// CIM_E_INVALID_OBJECT (a key holds a character below U+0020 or half a surrogate pair; the path would be too long).
int cim_instance_relpath(const CimInstance *i, Buf *out, Diag *reterr);
// The whole: \\SERVER\root\default:Thing.Name="a". E_DIAG also when it lives nowhere. server: without backslashes.
int cim_instance_path(const CimInstance *i, Str server, Buf *out, Diag *reterr);

// Identity: the same bytes for all spellings of one path in a class, whatever the order and case of names, the case of
// strings, the spelling of numbers, `Thing="a"` for `Thing.Name="a"`, `\\.\ns:` in references (a reference without a
// namespace is one into `namespace`; any server but `.` and `localhost` counts, so a service writes its own name as `.`).
// Different bytes for different instances. The class is not in them. Appended to *out.
// From an instance: 0, -ENOMEM, E_DIAG as cim_instance_relpath, the length aside.
int cim_instance_key(const CimInstance *i, Str namespace, Buf *out, Diag *reterr);
// From a path: 0, -ENOMEM, E_DIAG (CIM_E_INVALID_OBJECT_PATH: it does not name the keys of c, or a value is not of its
// key's type).
int cim_path_key(const CimPath *p, const CimClass *c, Str namespace, Buf *out, Diag *reterr);

// --- system properties ---------------------------------------------------------------------------
// __GENUS, __CLASS, __SUPERCLASS, __DYNASTY, __RELPATH, __PROPERTY_COUNT, __DERIVATION, __SERVER, __NAMESPACE, __PATH,
// in this order of WMI's.
typedef enum CimSystemProperty {
        CIM_SYSTEM_GENUS, CIM_SYSTEM_CLASS, CIM_SYSTEM_SUPERCLASS, CIM_SYSTEM_DYNASTY, CIM_SYSTEM_RELPATH,
        CIM_SYSTEM_PROPERTY_COUNT, CIM_SYSTEM_DERIVATION, CIM_SYSTEM_SERVER, CIM_SYSTEM_NAMESPACE, CIM_SYSTEM_PATH,
        CIM_SYSTEM_COUNT
} CimSystemProperty;
const char *cim_system_name(CimSystemProperty p);
uint16_t cim_system_type(CimSystemProperty p); // sint32, string, or string array
bool cim_system_of_name(Str name, CimSystemProperty *ret);
// Its value for an object; text goes into `a`. Of an event (an object that lives nowhere) __RELPATH, __SERVER,
// __NAMESPACE and __PATH are NULL. 0, -ENOMEM.
int cim_system_value(const CimInstance *i, CimSystemProperty p, Str server, Arena *a, CimValue *ret);

#endif
