// SPDX-License-Identifier: MIT
// The sizes and offsets that COM programs and libfreewmi-com share. Compiling is the test.
#define COBJMACROS
#include <stddef.h>
#include <windows.h>
#include <oleauto.h>
#include <wbemidl.h>

#define SIZE(type, size)        _Static_assert(sizeof(type) == (size), #type ": size")
#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field ": offset")
#define SLOT(type, field, slot) _Static_assert(offsetof(type, field) == 8 * (slot), #type "." #field ": slot")

SIZE(BOOL, 4);
SIZE(DWORD, 4);
SIZE(LONG, 4);
SIZE(HRESULT, 4);
SIZE(CIMTYPE, 4);
SIZE(VARIANT_BOOL, 2);
SIZE(OLECHAR, 2);
SIZE(BSTR, 8);
SIZE(FILETIME, 8);
SIZE(SYSTEMTIME, 16);
SIZE(WIN32_FIND_DATAW, 592);
AT(WIN32_FIND_DATAW, cFileName, 44);
SIZE(OSVERSIONINFOW, 276);
AT(OSVERSIONINFOW, szCSDVersion, 20);

SIZE(DECIMAL, 16);
SIZE(VARIANT, 24);
AT(VARIANT, vt, 0);
AT(VARIANT, lVal, 8);
AT(VARIANT, parray, 8);
SIZE(SAFEARRAY, 32);
AT(SAFEARRAY, cDims, 0);
AT(SAFEARRAY, fFeatures, 2);
AT(SAFEARRAY, cbElements, 4);
AT(SAFEARRAY, cLocks, 8);
AT(SAFEARRAY, pvData, 16);
AT(SAFEARRAY, rgsabound, 24);
SIZE(SAFEARRAYBOUND, 8);
SIZE(COAUTHIDENTITY, 48);
AT(COAUTHIDENTITY, PasswordLength, 40);
AT(COAUTHIDENTITY, Flags, 44);
SIZE(EXCEPINFO, 64);

// Methods by the slots of MS-WMI's interfaces.
SLOT(IUnknownVtbl, Release, 2);
SIZE(IWbemLocatorVtbl, 4 * 8);
SLOT(IWbemLocatorVtbl, ConnectServer, 3);
SIZE(IWbemServicesVtbl, 26 * 8);
SLOT(IWbemServicesVtbl, OpenNamespace, 3);
SLOT(IWbemServicesVtbl, CancelAsyncCall, 4);
SLOT(IWbemServicesVtbl, GetObject, 6);
SLOT(IWbemServicesVtbl, ExecQuery, 20);
SLOT(IWbemServicesVtbl, ExecNotificationQuery, 22);
SLOT(IWbemServicesVtbl, ExecNotificationQueryAsync, 23);
SLOT(IWbemServicesVtbl, ExecMethodAsync, 25);
SIZE(IEnumWbemClassObjectVtbl, 8 * 8);
SLOT(IEnumWbemClassObjectVtbl, Next, 4);
SLOT(IEnumWbemClassObjectVtbl, Skip, 7);
SIZE(IWbemObjectSinkVtbl, 5 * 8);
SLOT(IWbemObjectSinkVtbl, Indicate, 3);
SLOT(IWbemObjectSinkVtbl, SetStatus, 4);
SIZE(IWbemClassObjectVtbl, 27 * 8);
SLOT(IWbemClassObjectVtbl, Get, 4);
SLOT(IWbemClassObjectVtbl, Put, 5);
SLOT(IWbemClassObjectVtbl, GetNames, 7);
SLOT(IWbemClassObjectVtbl, GetObjectText, 13);
SLOT(IWbemClassObjectVtbl, GetMethodOrigin, 26);
SLOT(IClientSecurityVtbl, SetBlanket, 4);

_Static_assert((HRESULT)WBEM_E_NOT_FOUND == (HRESULT)0x80041002 &&
                       (HRESULT)WBEM_E_INVALID_QUERY == (HRESULT)0x80041017 && WBEM_S_TIMEDOUT == 0x40004 &&
                       WBEM_FLAG_RETURN_IMMEDIATELY == 0x10 && WBEM_FLAG_FORWARD_ONLY == 0x20,
               "status codes and flags");
_Static_assert(CIM_SINT8 == 16 && CIM_UINT64 == 21 && CIM_BOOLEAN == 11 && CIM_STRING == 8 &&
                       CIM_DATETIME == 101 && CIM_OBJECT == 13 && CIM_FLAG_ARRAY == 0x2000,
               "CIM types");
