// SPDX-License-Identifier: MIT
// Inside IWbemServices: what its two files share.
#ifndef COM_SERVICES_H
#define COM_SERVICES_H

#include "objects.h"

#include "base/limits.h"

typedef struct Services {
        IWbemServices base;
        Security security;
        LONG refs;
        Hub *hub;
        char namespace[LIMIT_NAMESPACE_CHARS + 1];
} Services;

static inline Services *impl_from_IWbemServices(IWbemServices *iface)
{
        return CONTAINING_RECORD(iface, Services, base);
}

// A string of the caller as UTF-8 in memory of a. WBEM_E_OUT_OF_MEMORY.
HRESULT TextOfBstr(const BSTR s, Arena *a, Str *ret);
// The query of a call in the one language that there is. WBEM_E_INVALID_PARAMETER, WBEM_E_INVALID_QUERY_TYPE.
HRESULT QueryOfBstrs(const BSTR language, const BSTR query, Arena *a, Str *ret);
// E_NOTIMPL with an error object; what is not there yet leaves no dangling pointer behind.
HRESULT NotImplemented(const char *method, const BSTR parameter, IWbemCallResult **call);

// services-data.c
HRESULT STDMETHODCALLTYPE ServicesGetObject(IWbemServices *iface, const BSTR path, LONG flags,
                                            IWbemContext *context, IWbemClassObject **ret,
                                            IWbemCallResult **call);
HRESULT STDMETHODCALLTYPE ServicesPutClass(IWbemServices *iface, IWbemClassObject *object, LONG flags,
                                           IWbemContext *context, IWbemCallResult **call);
HRESULT STDMETHODCALLTYPE ServicesPutInstance(IWbemServices *iface, IWbemClassObject *object, LONG flags,
                                              IWbemContext *context, IWbemCallResult **call);
HRESULT STDMETHODCALLTYPE ServicesDeleteClass(IWbemServices *iface, const BSTR name, LONG flags,
                                              IWbemContext *context, IWbemCallResult **call);
HRESULT STDMETHODCALLTYPE ServicesDeleteInstance(IWbemServices *iface, const BSTR path, LONG flags,
                                                 IWbemContext *context, IWbemCallResult **call);
HRESULT STDMETHODCALLTYPE ServicesCreateClassEnum(IWbemServices *iface, const BSTR superclass, LONG flags,
                                                  IWbemContext *context, IEnumWbemClassObject **ret);
HRESULT STDMETHODCALLTYPE ServicesCreateInstanceEnum(IWbemServices *iface, const BSTR name, LONG flags,
                                                     IWbemContext *context, IEnumWbemClassObject **ret);
HRESULT STDMETHODCALLTYPE ServicesExecQuery(IWbemServices *iface, const BSTR language, const BSTR query,
                                            LONG flags, IWbemContext *context, IEnumWbemClassObject **ret);

#endif
