// SPDX-License-Identifier: MIT
// What the files of this room share: Windows' names, HRESULTs, and the objects behind the interfaces.
#ifndef COM_COM_H
#define COM_COM_H

#define COBJMACROS
#define CINTERFACE
#define CONST_VTABLE
#include <windows.h>
#include <ole2.h>
#include <oleauto.h>
#include <wbemidl.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf.h"

#endif
