// SPDX-License-Identifier: MIT
// Co*: apartments as far as clients can tell them apart, security settings, memory, the table of classes.
//
// Everything here is free-threaded: an apartment is a number that a thread holds. CoInitializeEx answers
// S_OK, S_FALSE and RPC_E_CHANGED_MODE as documented; calls from a sink come on threads of the multithreaded
// apartment.
#include "com.h"

#include <pthread.h>
#include <stdio.h>

#include "objects.h"

static __thread struct {
        unsigned count;
        DWORD model;
} apartment;
static LONG multithreaded; // threads in the multithreaded apartment: then every thread is in it implicitly
static LONG apartments;    // threads in any
static LONG security_set;

BOOL ComInitialized(void)
{
        return apartment.count || __atomic_load_n(&multithreaded, __ATOMIC_SEQ_CST) > 0;
}

HRESULT WINAPI CoInitializeEx(LPVOID reserved, DWORD model)
{
        if (reserved)
                return E_INVALIDARG;
        model &= COINIT_APARTMENTTHREADED;
        if (apartment.count) {
                if (apartment.model != model)
                        return RPC_E_CHANGED_MODE;
                apartment.count++;
                return S_FALSE;
        }
        apartment.count = 1;
        apartment.model = model;
        InterlockedIncrement(&apartments);
        if (!model)
                InterlockedIncrement(&multithreaded);
        return S_OK;
}

HRESULT WINAPI CoInitialize(LPVOID reserved)
{
        return CoInitializeEx(reserved, COINIT_APARTMENTTHREADED);
}

void WINAPI CoUninitialize(void)
{
        if (!apartment.count || --apartment.count)
                return;
        if (!apartment.model)
                InterlockedDecrement(&multithreaded);
        if (InterlockedDecrement(&apartments) == 0)
                InterlockedExchange(&security_set, 0);
}

HRESULT WINAPI CoInitializeSecurity(PSECURITY_DESCRIPTOR descriptor, LONG services,
                                    SOLE_AUTHENTICATION_SERVICE *list, void *reserved1, DWORD level,
                                    DWORD impersonation, void *auth_list, DWORD capabilities, void *reserved3)
{
        (void)descriptor, (void)services, (void)list, (void)level, (void)impersonation, (void)auth_list,
                (void)capabilities;
        if (!ComInitialized())
                return CO_E_NOTINITIALIZED;
        if (reserved1 || reserved3)
                return E_INVALIDARG;
        return InterlockedExchange(&security_set, 1) ? RPC_E_TOO_LATE : S_OK;
}

HRESULT WINAPI CoSetProxyBlanket(IUnknown *proxy, DWORD authn, DWORD authz, OLECHAR *principal, DWORD level,
                                 DWORD impersonation, RPC_AUTH_IDENTITY_HANDLE identity, DWORD capabilities)
{
        IClientSecurity *security;
        if (!proxy)
                return E_INVALIDARG;
        HRESULT hr = IUnknown_QueryInterface(proxy, &IID_IClientSecurity, (void **)&security);
        if (FAILED(hr))
                return hr;
        hr = IClientSecurity_SetBlanket(security, proxy, authn, authz, principal, level, impersonation,
                                        identity, capabilities);
        IClientSecurity_Release(security);
        return hr;
}

HRESULT WINAPI CoQueryProxyBlanket(IUnknown *proxy, DWORD *authn, DWORD *authz, LPOLESTR *principal,
                                   DWORD *level, DWORD *impersonation, RPC_AUTH_IDENTITY_HANDLE *identity,
                                   DWORD *capabilities)
{
        IClientSecurity *security;
        if (!proxy)
                return E_INVALIDARG;
        HRESULT hr = IUnknown_QueryInterface(proxy, &IID_IClientSecurity, (void **)&security);
        if (FAILED(hr))
                return hr;
        hr = IClientSecurity_QueryBlanket(security, proxy, authn, authz, principal, level, impersonation,
                                          identity, capabilities);
        IClientSecurity_Release(security);
        return hr;
}

// --- classes -----------------------------------------------------------------------------------------------

static const struct {
        const CLSID *clsid;
        HRESULT (*create)(REFIID iid, void **ret);
} classes[] = {{&CLSID_WbemLocator, LocatorCreate}, // the kernel says who a caller is: the four are one
               {&CLSID_WbemAdministrativeLocator, LocatorCreate},
               {&CLSID_WbemAuthenticatedLocator, LocatorCreate},
               {&CLSID_WbemUnauthenticatedLocator, LocatorCreate},
               {&CLSID_UnsecuredApartment, ApartmentCreate},
               {&CLSID_WbemStatusCodeText, StatusTextCreate}};

HRESULT WINAPI CoCreateInstance(REFCLSID clsid, LPUNKNOWN outer, DWORD context, REFIID iid, LPVOID *ret)
{
        if (!ret)
                return E_POINTER;
        *ret = NULL;
        if (!clsid || !iid)
                return E_INVALIDARG;
        if (!ComInitialized())
                return CO_E_NOTINITIALIZED;
        if (outer)
                return CLASS_E_NOAGGREGATION;
        if (!(context & (CLSCTX_INPROC_SERVER | CLSCTX_LOCAL_SERVER)))
                return REGDB_E_CLASSNOTREG;
        for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
                if (IsEqualCLSID(clsid, classes[i].clsid))
                        return classes[i].create(iid, ret);
        return REGDB_E_CLASSNOTREG;
}

// --- memory and names
// -----------------------------------------------------------------------------------------

LPVOID WINAPI CoTaskMemAlloc(SIZE_T n)
{
        return malloc(n ? n : 1);
}

LPVOID WINAPI CoTaskMemRealloc(LPVOID p, SIZE_T n)
{
        return realloc(p, n ? n : 1);
}

void WINAPI CoTaskMemFree(LPVOID p)
{
        free(p);
}

int WINAPI StringFromGUID2(REFGUID guid, LPOLESTR out, int size)
{
        char text[40];
        if (!guid || !out || size < 39)
                return 0;
        snprintf(text, sizeof(text), "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}",
                 (unsigned)guid->Data1, guid->Data2, guid->Data3, guid->Data4[0], guid->Data4[1],
                 guid->Data4[2], guid->Data4[3], guid->Data4[4], guid->Data4[5], guid->Data4[6],
                 guid->Data4[7]);
        for (int i = 0; i < 39; i++)
                out[i] = (OLECHAR)text[i];
        return 39;
}

HRESULT WINAPI CLSIDFromString(LPCOLESTR text, LPCLSID ret)
{
        char narrow[40];
        Guid g;
        if (!text || !ret)
                return E_INVALIDARG;
        size_t n = wcslen(text);
        if (n != 38)
                return CO_E_CLASSSTRING;
        for (size_t i = 0; i < n; i++)
                narrow[i] = text[i] < 128 ? (char)text[i] : '?';
        if (!guid_parse((Str){narrow, n}, &g))
                return CO_E_CLASSSTRING;
        memcpy(ret, &g, sizeof(*ret));
        return S_OK;
}

HRESULT WINAPI IIDFromString(LPCOLESTR text, LPIID ret)
{
        HRESULT hr = CLSIDFromString(text, ret);
        return hr == CO_E_CLASSSTRING ? CO_E_IIDSTRING : hr;
}
