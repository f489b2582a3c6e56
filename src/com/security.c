// SPDX-License-Identifier: MIT
// IClientSecurity of proxies.
#include "objects.h"

static Security *impl_from_IClientSecurity(IClientSecurity *iface)
{
        return CONTAINING_RECORD(iface, Security, base);
}

static HRESULT STDMETHODCALLTYPE SecurityQueryInterface(IClientSecurity *iface, REFIID iid, void **ret)
{
        return IUnknown_QueryInterface(impl_from_IClientSecurity(iface)->outer, iid, ret);
}

static ULONG STDMETHODCALLTYPE SecurityAddRef(IClientSecurity *iface)
{
        return IUnknown_AddRef(impl_from_IClientSecurity(iface)->outer);
}

static ULONG STDMETHODCALLTYPE SecurityRelease(IClientSecurity *iface)
{
        return IUnknown_Release(impl_from_IClientSecurity(iface)->outer);
}

// Any thread may set the blanket of a proxy that others use.
static DWORD BlanketGet(const DWORD *p)
{
        return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void BlanketSet(DWORD *p, DWORD value)
{
        __atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static HRESULT STDMETHODCALLTYPE SecurityQueryBlanket(IClientSecurity *iface, IUnknown *proxy, DWORD *authn,
                                                      DWORD *authz, OLECHAR **principal, DWORD *level,
                                                      DWORD *impersonation, void **identity,
                                                      DWORD *capabilities)
{
        Security *s = impl_from_IClientSecurity(iface);
        if (!proxy)
                return E_INVALIDARG;
        if (authn)
                *authn = BlanketGet(&s->authn);
        if (authz)
                *authz = BlanketGet(&s->authz);
        if (principal)
                *principal = NULL;
        if (level)
                *level = BlanketGet(&s->level);
        if (impersonation)
                *impersonation = BlanketGet(&s->impersonation);
        if (identity)
                *identity = NULL;
        if (capabilities)
                *capabilities = BlanketGet(&s->capabilities);
        return S_OK;
}

static HRESULT STDMETHODCALLTYPE SecuritySetBlanket(IClientSecurity *iface, IUnknown *proxy, DWORD authn,
                                                    DWORD authz, OLECHAR *principal, DWORD level,
                                                    DWORD impersonation, void *identity, DWORD capabilities)
{
        Security *s = impl_from_IClientSecurity(iface);
        (void)principal, (void)identity;
        if (!proxy)
                return E_INVALIDARG;
        BlanketSet(&s->authn, authn);
        BlanketSet(&s->authz, authz);
        BlanketSet(&s->level, level);
        BlanketSet(&s->impersonation, impersonation);
        BlanketSet(&s->capabilities, capabilities);
        return S_OK;
}

static HRESULT STDMETHODCALLTYPE SecurityCopyProxy(IClientSecurity *iface, IUnknown *proxy, IUnknown **ret)
{
        (void)iface;
        if (ret)
                *ret = NULL;
        if (!proxy || !ret)
                return E_INVALIDARG;
        IUnknown_AddRef(proxy);
        *ret = proxy;
        return S_OK;
}

static IClientSecurityVtbl SecurityVtbl = {
        .QueryInterface = SecurityQueryInterface,
        .AddRef = SecurityAddRef,
        .Release = SecurityRelease,
        .QueryBlanket = SecurityQueryBlanket,
        .SetBlanket = SecuritySetBlanket,
        .CopyProxy = SecurityCopyProxy,
};

void SecurityInit(Security *s, IUnknown *outer)
{
        *s = (Security){.base = {&SecurityVtbl},
                        .outer = outer,
                        .authn = RPC_C_AUTHN_WINNT,
                        .authz = RPC_C_AUTHZ_NONE,
                        .level = RPC_C_AUTHN_LEVEL_PKT_PRIVACY,
                        .impersonation = RPC_C_IMP_LEVEL_IDENTIFY};
}
