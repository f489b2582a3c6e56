// SPDX-License-Identifier: MIT
// WbemStatusCodeText: WMI's numbers in words, English only.
#include "objects.h"

#include <stdio.h>

#include "value.h"

typedef struct StatusText {
        IWbemStatusCodeText base;
        LONG refs;
} StatusText;

static StatusText *impl_from_IWbemStatusCodeText(IWbemStatusCodeText *iface)
{
        return CONTAINING_RECORD(iface, StatusText, base);
}

static HRESULT STDMETHODCALLTYPE StatusTextQueryInterface(IWbemStatusCodeText *iface, REFIID iid, void **ret)
{
        if (!ret)
                return E_POINTER;
        *ret = NULL;
        if (!iid)
                return E_INVALIDARG;
        if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IWbemStatusCodeText))
                return E_NOINTERFACE;
        IWbemStatusCodeText_AddRef(iface);
        *ret = iface;
        return S_OK;
}

static ULONG STDMETHODCALLTYPE StatusTextAddRef(IWbemStatusCodeText *iface)
{
        return (ULONG)InterlockedIncrement(&impl_from_IWbemStatusCodeText(iface)->refs);
}

static ULONG STDMETHODCALLTYPE StatusTextRelease(IWbemStatusCodeText *iface)
{
        StatusText *s = impl_from_IWbemStatusCodeText(iface);
        LONG left = InterlockedDecrement(&s->refs);
        if (left == 0)
                free(s);
        return (ULONG)left;
}

static HRESULT TextOf(const char *text, BSTR *ret)
{
        *ret = BstrOfStr(str_of(text));
        return *ret ? WBEM_S_NO_ERROR : (HRESULT)WBEM_E_OUT_OF_MEMORY;
}

// "the query is not valid (WBEM_E_INVALID_QUERY)". The locale is not looked at, as documented; flags must be
// 0.
static HRESULT STDMETHODCALLTYPE StatusTextGetErrorCodeText(IWbemStatusCodeText *iface, HRESULT hr,
                                                            LCID locale, LONG flags, BSTR *ret)
{
        char text[256];
        (void)iface, (void)locale;
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        if (flags)
                return WBEM_E_INVALID_PARAMETER;
        const char *name = cim_status_name((uint32_t)hr);
        if (name)
                snprintf(text, sizeof(text), "%s (%s)", cim_status_says((uint32_t)hr), name);
        else
                snprintf(text, sizeof(text), "0x%08X", (unsigned)hr);
        return TextOf(text, ret);
}

static HRESULT STDMETHODCALLTYPE StatusTextGetFacilityCodeText(IWbemStatusCodeText *iface, HRESULT hr,
                                                               LCID locale, LONG flags, BSTR *ret)
{
        (void)iface, (void)locale;
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        if (flags)
                return WBEM_E_INVALID_PARAMETER;
        return TextOf(HRESULT_FACILITY(hr) == FACILITY_ITF     ? "WMI"
                      : HRESULT_FACILITY(hr) == FACILITY_WIN32 ? "Win32"
                                                               : "Windows",
                      ret);
}

static IWbemStatusCodeTextVtbl StatusTextVtbl = {
        .QueryInterface = StatusTextQueryInterface,
        .AddRef = StatusTextAddRef,
        .Release = StatusTextRelease,
        .GetErrorCodeText = StatusTextGetErrorCodeText,
        .GetFacilityCodeText = StatusTextGetFacilityCodeText,
};

HRESULT StatusTextCreate(REFIID iid, void **ret)
{
        StatusText *s = calloc(1, sizeof(*s));
        if (!s)
                return E_OUTOFMEMORY;
        s->base.lpVtbl = &StatusTextVtbl;
        s->refs = 1;
        HRESULT hr = IWbemStatusCodeText_QueryInterface(&s->base, iid, ret);
        IWbemStatusCodeText_Release(&s->base);
        return hr;
}
