// SPDX-License-Identifier: MIT
// windows.h: mingw-w64's, without winsock.h, whose names are libc's here.
#ifndef FREEWMI_WINDOWS_H
#define FREEWMI_WINDOWS_H

#ifndef _WINSOCKAPI_
#define _WINSOCKAPI_
#include_next <windows.h>
#undef _WINSOCKAPI_
#else
#include_next <windows.h>
#endif

#endif
