// SPDX-License-Identifier: MIT
// IWbemLocator::ConnectServer: from a namespace's name to IWbemServices.
#include "objects.h"

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
        *ret = NULL;
        if (!iid)
                return E_INVALIDARG;
        if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IWbemLocator))
                return E_NOINTERFACE;
        IWbemLocator_AddRef(iface);
        *ret = iface;
        return S_OK;
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

static BOOL ServerIsHere(Str server)
{
        char name[256] = "";
        DWORD size = sizeof(name);
        GetComputerNameA(name, &size);
        const char *const local[] = {".", "localhost", "127.0.0.1", "::1", name};
        for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
                if (str_ieq(server, str_of(local[i])))
                        return TRUE;
        return FALSE;
}

static BOOL IsSlash(Str s, size_t i)
{
        return i < s.n && (s.p[i] == '\\' || s.p[i] == '/');
}

// "\\server\root\wmi", "\\server" or "root\wmi" as a namespace in normal form. Names of this machine are ".",
// its own and those of the loopback.
static HRESULT NamespaceOf(Str resource, char *out)
{
        if (IsSlash(resource, 0) && IsSlash(resource, 1)) {
                Str server = {resource.p + 2, 0};
                while (2 + server.n < resource.n && !IsSlash(resource, 2 + server.n))
                        server.n++;
                if (server.n == 0)
                        return resource.n > 2 ? (HRESULT)WBEM_E_INVALID_PARAMETER
                                              : (HRESULT)WBEM_E_INVALID_NAMESPACE;
                if (!ServerIsHere(server))
                        return WBEM_E_TRANSPORT_FAILURE; // other machines: not from here
                size_t gone = 2 + server.n + 1;
                resource = gone <= resource.n ? (Str){resource.p + gone, resource.n - gone}
                                              : STR("root\\default");
        }
        Diag diag = {0};
        int r = cim_namespace_normal(resource, out, &diag);
        return r == 0 ? S_OK : r < 0 ? HresultOfErrno(r) : (HRESULT)diag.code;
}

static HRESULT Connect(const char *namespace, IWbemServices **ret)
{
        Hub *hub;
        HRESULT hr = HubGet(&hub);
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

// The kernel says who a local caller is, so nobody may say it here. An empty user name is no user at all, an
// empty authority is "left blank".
static HRESULT CredentialsOf(const BSTR user, const BSTR password, const BSTR authority)
{
        if (user && SysStringLen(user) == 0)
                return WBEM_E_INVALID_PARAMETER;
        return user || password || SysStringLen(authority) ? (HRESULT)WBEM_E_LOCAL_CREDENTIALS : S_OK;
}

static HRESULT STDMETHODCALLTYPE LocatorConnectServer(IWbemLocator *iface, const BSTR resource,
                                                      const BSTR user, const BSTR password, const BSTR locale,
                                                      LONG flags, const BSTR authority, IWbemContext *context,
                                                      IWbemServices **ret)
{
        char namespace[LIMIT_NAMESPACE_CHARS + 1];
        (void)iface, (void)locale, (void)context;
        ErrorBegin();
        if (!ret)
                return ErrorEnd(WBEM_E_INVALID_PARAMETER, "ConnectServer", resource);
        *ret = NULL;
        if (!resource || flags & ~WBEM_FLAG_CONNECT_USE_MAX_WAIT)
                return ErrorEnd(WBEM_E_INVALID_PARAMETER, "ConnectServer", resource);
        Arena a = {0};
        Str s = utf_to8(&a, (Str16){(const char16_t *)resource, SysStringLen(resource)});
        HRESULT hr =
                s.p ? NamespaceOf(s.n ? s : STR("root\\default"), namespace) : (HRESULT)WBEM_E_OUT_OF_MEMORY;
        if (SUCCEEDED(hr))
                hr = CredentialsOf(user, password, authority);
        if (SUCCEEDED(hr))
                hr = Connect(namespace, ret);
        arena_deinit(&a);
        return ErrorEnd(hr, "ConnectServer", resource);
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
