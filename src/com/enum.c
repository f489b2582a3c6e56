// SPDX-License-Identifier: MIT
// IEnumWbemClassObject over a notification query: forward only, never ends by itself.
//
// Next follows the public page and [MS-WMI] 3.1.4.4.2: WBEM_S_NO_ERROR only when all wanted objects came;
// WBEM_S_TIMEDOUT is a success that may carry some; WBEM_S_FALSE or a failure after the end.
#include "objects.h"

#include "base/filetime.h"
#include "freewmi.h"

typedef struct Enum {
        IEnumWbemClassObject base;
        IFreeWMISubscription counts;
        Security security;
        LONG refs;
        Hub *hub;
        HubSubscription *subscription;
} Enum;

static Enum *impl_from_IEnumWbemClassObject(IEnumWbemClassObject *iface)
{
        return CONTAINING_RECORD(iface, Enum, base);
}

static Enum *impl_from_IFreeWMISubscription(IFreeWMISubscription *iface)
{
        return CONTAINING_RECORD(iface, Enum, counts);
}

static HRESULT STDMETHODCALLTYPE EnumQueryInterface(IEnumWbemClassObject *iface, REFIID iid, void **ret)
{
        Enum *e = impl_from_IEnumWbemClassObject(iface);
        if (!ret)
                return E_POINTER;
        *ret = NULL;
        if (!iid)
                return E_INVALIDARG;
        if (IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IEnumWbemClassObject))
                *ret = iface;
        else if (IsEqualIID(iid, &IID_IClientSecurity))
                *ret = &e->security.base;
        else if (IsEqualIID(iid, &IID_IFreeWMISubscription))
                *ret = &e->counts;
        else
                return E_NOINTERFACE;
        IEnumWbemClassObject_AddRef(iface);
        return S_OK;
}

static ULONG STDMETHODCALLTYPE EnumAddRef(IEnumWbemClassObject *iface)
{
        return (ULONG)InterlockedIncrement(&impl_from_IEnumWbemClassObject(iface)->refs);
}

static ULONG STDMETHODCALLTYPE EnumRelease(IEnumWbemClassObject *iface)
{
        Enum *e = impl_from_IEnumWbemClassObject(iface);
        LONG left = InterlockedDecrement(&e->refs);
        if (left == 0) {
                HubSubscriptionRelease(e->subscription); // ends the subscription
                HubRelease(e->hub);
                free(e);
        }
        return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE EnumReset(IEnumWbemClassObject *iface)
{
        (void)iface;
        return WBEM_E_INVALID_OPERATION; // forward only
}

static HRESULT STDMETHODCALLTYPE EnumClone(IEnumWbemClassObject *iface, IEnumWbemClassObject **ret)
{
        (void)iface;
        if (ret)
                *ret = NULL;
        return WBEM_E_INVALID_OPERATION;
}

// Up to n objects within `timeout` ms (negative: no limit) into out (NULL: dropped); *ret_n of them.
// A failure comes with no objects at all, as COM wants it: what came before is handed out with WBEM_S_FALSE,
// and the next call fails.
static HRESULT EnumTake(Enum *e, LONG timeout, ULONG n, IWbemClassObject **out, ULONG *ret_n)
{
        uint64_t start = monotonic_ms();
        HRESULT hr = WBEM_S_NO_ERROR;
        ULONG k = 0;
        IEnumWbemClassObject_AddRef(
                &e->base); // the last release by another thread must not take it from under us
        while (k < n) {
                LONG left = timeout;
                if (timeout > 0) {
                        uint64_t gone = monotonic_ms() - start;
                        left = gone < (uint64_t)timeout ? timeout - (LONG)gone : 0;
                }
                CimInstance *instance;
                hr = HubNext(e->subscription, left, &instance);
                if (hr != S_OK)
                        break;
                if (out)
                        hr = ObjectFromInstance(instance, &out[k]);
                else
                        cim_instance_unref(instance);
                if (FAILED(hr))
                        break;
                k++;
        }
        IEnumWbemClassObject_Release(&e->base);
        *ret_n = k;
        return FAILED(hr) && k ? (HRESULT)WBEM_S_FALSE : hr;
}

static HRESULT STDMETHODCALLTYPE EnumNext(IEnumWbemClassObject *iface, LONG timeout, ULONG n,
                                          IWbemClassObject **objects, ULONG *returned)
{
        if (!objects || !returned)
                return WBEM_E_INVALID_PARAMETER;
        *returned = 0;
        for (ULONG i = 0; i < n; i++)
                objects[i] = NULL;
        return n ? EnumTake(impl_from_IEnumWbemClassObject(iface), timeout, n, objects, returned) : S_OK;
}

static HRESULT STDMETHODCALLTYPE EnumSkip(IEnumWbemClassObject *iface, LONG timeout, ULONG n)
{
        ULONG done;
        return EnumTake(impl_from_IEnumWbemClassObject(iface), timeout, n, NULL, &done);
}

static HRESULT STDMETHODCALLTYPE EnumNextAsync(IEnumWbemClassObject *iface, ULONG n, IWbemObjectSink *sink)
{
        if (!n || !sink)
                return WBEM_E_INVALID_PARAMETER;
        return HubNextAsync(impl_from_IEnumWbemClassObject(iface)->subscription, n, sink);
}

static IEnumWbemClassObjectVtbl EnumVtbl = {
        .QueryInterface = EnumQueryInterface,
        .AddRef = EnumAddRef,
        .Release = EnumRelease,
        .Reset = EnumReset,
        .Next = EnumNext,
        .NextAsync = EnumNextAsync,
        .Clone = EnumClone,
        .Skip = EnumSkip,
};

// --- IFreeWMISubscription
// -----------------------------------------------------------------------------------

static HRESULT STDMETHODCALLTYPE CountsQueryInterface(IFreeWMISubscription *iface, REFIID iid, void **ret)
{
        return EnumQueryInterface(&impl_from_IFreeWMISubscription(iface)->base, iid, ret);
}

static ULONG STDMETHODCALLTYPE CountsAddRef(IFreeWMISubscription *iface)
{
        return EnumAddRef(&impl_from_IFreeWMISubscription(iface)->base);
}

static ULONG STDMETHODCALLTYPE CountsRelease(IFreeWMISubscription *iface)
{
        return EnumRelease(&impl_from_IFreeWMISubscription(iface)->base);
}

static HRESULT STDMETHODCALLTYPE CountsGet(IFreeWMISubscription *iface, ULONGLONG *lost, ULONGLONG *queued,
                                           ULONGLONG *delivered)
{
        HubCounts c;
        HubGetCounts(impl_from_IFreeWMISubscription(iface)->subscription, &c);
        if (lost)
                *lost = c.lost;
        if (queued)
                *queued = c.queued;
        if (delivered)
                *delivered = c.delivered;
        return S_OK;
}

static IFreeWMISubscriptionVtbl CountsVtbl = {
        .QueryInterface = CountsQueryInterface,
        .AddRef = CountsAddRef,
        .Release = CountsRelease,
        .GetCounts = CountsGet,
};

HRESULT EnumCreate(Hub *take_hub, HubSubscription *take_subscription, IEnumWbemClassObject **ret)
{
        Enum *e = calloc(1, sizeof(*e));
        if (!e) {
                HubSubscriptionRelease(take_subscription);
                HubRelease(take_hub);
                return WBEM_E_OUT_OF_MEMORY;
        }
        e->base.lpVtbl = &EnumVtbl;
        e->counts.lpVtbl = &CountsVtbl;
        e->refs = 1;
        e->hub = take_hub;
        e->subscription = take_subscription;
        SecurityInit(&e->security, (IUnknown *)&e->base);
        *ret = &e->base;
        return S_OK;
}
