// SPDX-License-Identifier: MIT
/*
 * wmiguid.h: the GUIDs of the WMI kernel half's own data blocks. Include initguid.h first in one source of the module
 * to define them. (The device manager's power GUIDs are in wdmguid.h.)
 */
#ifndef FREEWMI_WMIGUID_H
#define FREEWMI_WMIGUID_H

#include <guiddef.h>

/* Binary MOF that a driver hands out at run time (MSWmi_MofData). */
DEFINE_GUID(BINARY_MOF_GUID, 0x05901221, 0xD566, 0x11D1, 0xB2, 0xF0, 0x00, 0xA0, 0xC9, 0x06, 0x29, 0x10);
/* Friendly names of a provider's instances (MSWmi_ProviderInfo). */
DEFINE_GUID(INSTANCE_INFO_GUID, 0xC7BF35D0, 0xAADB, 0x11D1, 0xBF, 0x4A, 0x00, 0xA0, 0xC9, 0x06, 0x29, 0x10);

#endif
