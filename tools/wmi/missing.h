// SPDX-License-Identifier: MIT
// A class that is not where it was looked for: where it is, or what it may have been meant to be.
#ifndef WMI_MISSING_H
#define WMI_MISSING_H

#include "client/client.h"

// Says that it is elsewhere, if it is.
void missing_elsewhere(Client *c, Str namespace, Str name);
// Says where it is or what was meant, and returns the exit code.
int missing_class(Client *c, Str namespace, Str name);

#endif
