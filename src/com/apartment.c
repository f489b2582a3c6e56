// SPDX-License-Identifier: MIT
// UnsecuredApartment: wraps sinks in stubs, as asynchronous clients written after the SDK do before each
// call.
//
// On Windows a stub lives in a helper process that takes callbacks from anybody. Here callbacks come from
// threads of this process, so a stub only has an identity and a count of its own: what was called with the
// stub is cancelled with the stub.
#include "objects.h"

// --- the stub
// -----------------------------------------------------------------------------------------------------

typedef struct Stub {
        IWbemObjectSink base;
        LONG refs;
        IWbemObjectSink *sink; // a reference
} Stub;

static Stub *impl_from_IWbemObjectSink(IWbemObjectSink *iface)
{
        return CONTAINING_RECORD(iface, Stub, base);
}

static HRESULT STDMETHODCALLTYPE StubQueryInterface(IWbemObjectSink *iface, REFIID iid, void **ret)
{
        if (!ret)
                return E_POINTER;
        *ret = NULL;
        if (!iid)
                return E_INVALIDARG;
        if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IWbemObjectSink))
                return E_NOINTERFACE;
        IWbemObjectSink_AddRef(iface);
        *ret = iface;
        return S_OK;
}

static ULONG STDMETHODCALLTYPE StubAddRef(IWbemObjectSink *iface)
{
        return (ULONG)InterlockedIncrement(&impl_from_IWbemObjectSink(iface)->refs);
}

static ULONG STDMETHODCALLTYPE StubRelease(IWbemObjectSink *iface)
{
        Stub *s = impl_from_IWbemObjectSink(iface);
        LONG left = InterlockedDecrement(&s->refs);
        if (left == 0) {
                IWbemObjectSink_Release(s->sink);
                free(s);
        }
        return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE StubIndicate(IWbemObjectSink *iface, LONG n, IWbemClassObject **objects)
{
        return IWbemObjectSink_Indicate(impl_from_IWbemObjectSink(iface)->sink, n, objects);
}

static HRESULT STDMETHODCALLTYPE StubSetStatus(IWbemObjectSink *iface, LONG flags, HRESULT hr, BSTR text,
                                               IWbemClassObject *object)
{
        return IWbemObjectSink_SetStatus(impl_from_IWbemObjectSink(iface)->sink, flags, hr, text, object);
}

static IWbemObjectSinkVtbl StubVtbl = {
        .QueryInterface = StubQueryInterface,
        .AddRef = StubAddRef,
        .Release = StubRelease,
        .Indicate = StubIndicate,
        .SetStatus = StubSetStatus,
};

static HRESULT StubCreate(IUnknown *object, IWbemObjectSink **ret)
{
        IWbemObjectSink *sink;
        HRESULT hr = IUnknown_QueryInterface(object, &IID_IWbemObjectSink, (void **)&sink);
        if (FAILED(hr))
                return hr;
        Stub *s = calloc(1, sizeof(*s));
        if (!s) {
                IWbemObjectSink_Release(sink);
                return E_OUTOFMEMORY;
        }
        s->base.lpVtbl = &StubVtbl;
        s->refs = 1;
        s->sink = sink;
        *ret = &s->base;
        return S_OK;
}

// --- the apartment
// ------------------------------------------------------------------------------------------------

typedef struct Apartment {
        IWbemUnsecuredApartment base;
        LONG refs;
} Apartment;

static Apartment *impl_from_IWbemUnsecuredApartment(IWbemUnsecuredApartment *iface)
{
        return CONTAINING_RECORD(iface, Apartment, base);
}

static HRESULT STDMETHODCALLTYPE ApartmentQueryInterface(IWbemUnsecuredApartment *iface, REFIID iid,
                                                         void **ret)
{
        if (!ret)
                return E_POINTER;
        *ret = NULL;
        if (!iid)
                return E_INVALIDARG;
        if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IUnsecuredApartment) &&
            !IsEqualIID(iid, &IID_IWbemUnsecuredApartment))
                return E_NOINTERFACE;
        IWbemUnsecuredApartment_AddRef(iface);
        *ret = iface;
        return S_OK;
}

static ULONG STDMETHODCALLTYPE ApartmentAddRef(IWbemUnsecuredApartment *iface)
{
        return (ULONG)InterlockedIncrement(&impl_from_IWbemUnsecuredApartment(iface)->refs);
}

static ULONG STDMETHODCALLTYPE ApartmentRelease(IWbemUnsecuredApartment *iface)
{
        Apartment *a = impl_from_IWbemUnsecuredApartment(iface);
        LONG left = InterlockedDecrement(&a->refs);
        if (left == 0)
                free(a);
        return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE ApartmentCreateObjectStub(IWbemUnsecuredApartment *iface, IUnknown *object,
                                                           IUnknown **ret)
{
        (void)iface;
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        IWbemObjectSink *stub = NULL;
        HRESULT hr = object ? StubCreate(object, &stub) : (HRESULT)WBEM_E_INVALID_PARAMETER;
        *ret = (IUnknown *)stub;
        return hr;
}

// flags: 0, WBEM_FLAG_UNSECAPP_CHECK_ACCESS, WBEM_FLAG_UNSECAPP_DONT_CHECK_ACCESS; nobody else can call the
// stub here.
static HRESULT STDMETHODCALLTYPE ApartmentCreateSinkStub(IWbemUnsecuredApartment *iface,
                                                         IWbemObjectSink *sink, DWORD flags, LPCWSTR reserved,
                                                         IWbemObjectSink **ret)
{
        (void)iface;
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        if (!sink || flags > WBEM_FLAG_UNSECAPP_DONT_CHECK_ACCESS || reserved)
                return WBEM_E_INVALID_PARAMETER;
        return StubCreate((IUnknown *)sink, ret);
}

static IWbemUnsecuredApartmentVtbl ApartmentVtbl = {
        .QueryInterface = ApartmentQueryInterface,
        .AddRef = ApartmentAddRef,
        .Release = ApartmentRelease,
        .CreateObjectStub = ApartmentCreateObjectStub,
        .CreateSinkStub = ApartmentCreateSinkStub,
};

HRESULT ApartmentCreate(REFIID iid, void **ret)
{
        Apartment *a = calloc(1, sizeof(*a));
        if (!a)
                return E_OUTOFMEMORY;
        a->base.lpVtbl = &ApartmentVtbl;
        a->refs = 1;
        HRESULT hr = IWbemUnsecuredApartment_QueryInterface(&a->base, iid, ret);
        IWbemUnsecuredApartment_Release(&a->base);
        return hr;
}
