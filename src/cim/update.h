// SPDX-License-Identifier: MIT
// What PutClass may change of a class that exists: the modes of WBEM_FLAG_UPDATE_COMPATIBLE (0), _SAFE_MODE (0x20) and
// _FORCE_MODE (0x40), as the public pages of IWbemServices::PutClass, SWbemObject.Put_ and mofcomp describe them.
//
// A change is unimportant when it is in qualifiers that only describe (Description and the like; class-same.c lists those
// that do not) or in the case of names.
//
//   change                                   compatible     safe                 force
//   unimportant                              yes            yes                  yes
//   any, nothing derived, no instances       yes            yes                  yes
//   any, instances of the class itself       HAS_INSTANCES  HAS_INSTANCES        yes, its instances go
//   any, instances of derived classes        HAS_INSTANCES  HAS_INSTANCES        HAS_INSTANCES
//   any, derived classes that fit            HAS_CHILDREN   yes                  yes
//   any, derived classes that conflict       HAS_CHILDREN   UPDATE_..., below    yes, they lose what conflicts
//   another superclass, derived or instances INVALID_OPERATION in each mode
#ifndef CIM_UPDATE_H
#define CIM_UPDATE_H

#include "cim/schema.h"

typedef enum CimUpdateMode { CIM_UPDATE_COMPATIBLE, CIM_UPDATE_SAFE, CIM_UPDATE_FORCE } CimUpdateMode;

typedef struct CimUpdate {
        bool same;              // nothing changes: nothing need be written, no event
        bool drops_instances;   // force: the instances of the class itself go
        CimChange *changes;     // for cim_schema_change: the class, and (force) the derived ones that lose what conflicts
        size_t change_count;    // their namespace is the caller's string; classes referenced; freed by cim_update_deinit
} CimUpdate;

// May `spec` below `superclass` ("" : none) become the class of that name in the namespace? One that does not exist yet is
// created. `has_instances`: of the class itself; `derived_have`: of a class derived from it.
// 0 with *ret; -ENOMEM; E_DIAG, whose message names the class that is in the way:
//   CIM_E_CLASS_HAS_CHILDREN, CIM_E_CLASS_HAS_INSTANCES, CIM_E_INVALID_OPERATION   as above
//   CIM_E_UPDATE_TYPE_MISMATCH            a derived class declares a property with another type
//   CIM_E_UPDATE_OVERRIDE_NOT_ALLOWED     a derived class overrides a qualifier that may not be overridden
//   CIM_E_UPDATE_PROPAGATED_METHOD        a derived class declares a method with other parameters
//   CIM_E_CANNOT_CHANGE_KEY_INHERITANCE   the keys change below which derived classes stand (safe), or one has keys of its own
//   CIM_E_CLASS_HAS_CHILDREN              a derived class does not fit for another reason; in each mode
//   CIM_E_INVALID_SUPERCLASS, CIM_E_CANNOT_BE_ABSTRACT (below a class that is not), what cim_class_new says of the class
int cim_update_check(const CimSchema *schema, Str namespace, const CimClassSpec *spec, Str superclass,
                     CimUpdateMode mode, bool has_instances, bool derived_have, CimUpdate *ret, Diag *reterr);
void cim_update_deinit(CimUpdate *u);

#endif
