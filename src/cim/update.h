// SPDX-License-Identifier: MIT
// What PutClass may change of a class that exists: the modes of WBEM_FLAG_UPDATE_COMPATIBLE (0), _SAFE_MODE (0x20) and
// _FORCE_MODE (0x40), as the public page of IWbemServices::PutClass describes them.
#ifndef CIM_UPDATE_H
#define CIM_UPDATE_H

#include "cim/schema.h"

typedef enum CimUpdateMode { CIM_UPDATE_COMPATIBLE, CIM_UPDATE_SAFE, CIM_UPDATE_FORCE } CimUpdateMode;

typedef struct CimUpdate {
        bool same;              // nothing changes: nothing need be written, no event
        bool drops_instances;   // force: the instances of the class and of its subclasses go
        CimChange *changes;     // for cim_schema_change: the class, and (force) the subclasses that lose what conflicts
        size_t change_count;    // classes referenced; freed by cim_update_deinit
} CimUpdate;

// May `spec` below `superclass` ("" : none) replace the class of that name in the namespace? `has_instances`: of it or
// of a class derived from it. 0 with *ret; -ENOMEM; E_DIAG: CIM_E_CLASS_HAS_CHILDREN, CIM_E_CLASS_HAS_INSTANCES,
// CIM_E_PROPAGATED_PROPERTY and its like when a subclass is in the way, CIM_E_INVALID_OPERATION (another superclass while it has
// subclasses or instances), what cim_class_new says of the class itself.
int cim_update_check(const CimSchema *schema, Str namespace, const CimClassSpec *spec, Str superclass,
                     CimUpdateMode mode, bool has_instances, CimUpdate *ret, Diag *reterr);
void cim_update_deinit(CimUpdate *u);

#endif
