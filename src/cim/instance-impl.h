// SPDX-License-Identifier: MIT
// Instances that were filled by other means than cim_instance_copy. For src/cim only.
#ifndef CIM_INSTANCE_IMPL_H
#define CIM_INSTANCE_IMPL_H

#include "cim/instance.h"

// Makes a top-level instance keep the classes of all objects inside it, at most LIMIT_DEPTH deep. 0, -ENOMEM.
int cim_instance_keep_classes(CimInstance *i);

#endif
