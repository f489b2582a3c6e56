// SPDX-License-Identifier: MIT
// IWbemLocator::ConnectServer: from a namespace's name to IWbemServices.
#include "objects.h"

#include <stdio.h>

#include "base/limits.h"
#include "cim/schema.h"

typedef struct Locator {
        IWbemLocator base;
        LONG refs;
} Locator;

static Locator *impl_from_IWbemLocator(IWbemLocator *iface)
{
        return CONTAINING_RECORD(iface, Locator, base);
}

static HRESULT STDMETHODCALLTYPE LocatorQueryInterface(IWbemLocator *iface, REFIID iid, void **ret)
{
        if (!ret)
                return E_POINTER;
        if (IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IWbemLocator)) {
                IWbemLocator_AddRef(iface);
                *ret = iface;
                return S_OK;
        }
        *ret = NULL;
        return E_NOINTERFACE;
}

static ULONG STDMETHODCALLTYPE LocatorAddRef(IWbemLocator *iface)
{
        return (ULONG)InterlockedIncrement(&impl_from_IWbemLocator(iface)->refs);
}

static ULONG STDMETHODCALLTYPE LocatorRelease(IWbemLocator *iface)
{
        Locator *l = impl_from_IWbemLocator(iface);
        LONG left = InterlockedDecrement(&l->refs);
        if (left == 0)
                free(l);
        return (ULONG)left;
}

// Splits "\\server\root\wmi" into server and namespace; "" for this machine. The forms with one or no server are
// local. Names of this machine are "." and its own.
static HRESULT NamespaceOf(const char *resource, char *out)
{
        if ((resource[0] == '\\' || resource[0] == '/') && (resource[1] == '\\' || resource[1] == '/')) {
                const char *server = resource + 2;
                size_t n = strcspn(server, "\\/");
                char name[256] = "";
                DWORD size = sizeof(name);
                GetComputerNameA(name, &size);
                if (n == 0)
                        return server[0] ? (HRESULT)WBEM_E_INVALID_PARAMETER : (HRESULT)WBEM_E_INVALID_NAMESPACE;
                BOOL local = (n == 1 && server[0] == '.') || str_ieq((Str){server, n}, str_of(name)) ||
                             str_ieq((Str){server, n}, STR("localhost"));
                if (!local)
                        return WBEM_E_TRANSPORT_FAILURE; // other machines: not from here
                resource = server[n] ? server + n + 1 : "root\\default";
        }
        Diag diag = {0};
        int r = cim_namespace_normal(str_of(resource), out, &diag);
        return r == 0 ? S_OK : r < 0 ? HresultOfErrno(r) : (HRESULT)diag.code;
}

static HRESULT Connect(const char *resource, IWbemServices **ret)
{
        char namespace[LIMIT_NAMESPACE_CHARS + 1];
        Hub *hub;
        HRESULT hr = NamespaceOf(resource, namespace);
        if (SUCCEEDED(hr))
                hr = HubGet(&hub);
        if (FAILED(hr))
                return hr;
        ClientItem item;
        Wire_OPEN_NAMESPACE m = {.namespace = str_of(namespace)};
        hr = HubCall(hub, OPEN_NAMESPACE, &m, &item);
        if (FAILED(hr)) {
                HubRelease(hub);
                return hr;
        }
        client_item_deinit(&item);
        return ServicesCreate(hub, namespace, ret);
}

static HRESULT STDMETHODCALLTYPE LocatorConnectServer(IWbemLocator *iface, const BSTR resource, const BSTR user,
                                                      const BSTR password, const BSTR locale, LONG flags,
                                                      const BSTR authority, IWbemContext *context, IWbemServices **ret)
{
        (void)iface, (void)locale, (void)context;
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        if (!resource || flags & ~WBEM_FLAG_CONNECT_USE_MAX_WAIT)
                return WBEM_E_INVALID_PARAMETER;
        if (user || password || authority) // the kernel says who a local caller is
                return WBEM_E_LOCAL_CREDENTIALS;
        Arena a = {0};
        Str s = utf_to8(&a, (Str16){(const char16_t *)resource, SysStringLen(resource)});
        HRESULT hr = s.p ? Connect(s.n ? s.p : "root\\default", ret) : (HRESULT)WBEM_E_OUT_OF_MEMORY;
        arena_deinit(&a);
        return hr;
}

static IWbemLocatorVtbl LocatorVtbl = {
        .QueryInterface = LocatorQueryInterface,
        .AddRef = LocatorAddRef,
        .Release = LocatorRelease,
        .ConnectServer = LocatorConnectServer,
};

HRESULT LocatorCreate(REFIID iid, void **ret)
{
        Locator *l = calloc(1, sizeof(*l));
        if (!l)
                return E_OUTOFMEMORY;
        l->base.lpVtbl = &LocatorVtbl;
        l->refs = 1;
        HRESULT hr = IWbemLocator_QueryInterface(&l->base, iid, ret);
        IWbemLocator_Release(&l->base);
        return hr;
}
