// SPDX-License-Identifier: MIT
// IWbemServices of one namespace.
//
// Here: the object, namespaces and notification queries; services-data.c has classes and instances. Methods
// and the asynchronous twins return E_NOTIMPL (docs/DIFFERENCES.md lists them).
#include "services.h"

#include "cim/schema.h"

static HRESULT STDMETHODCALLTYPE ServicesQueryInterface(IWbemServices *iface, REFIID iid, void **ret)
{
        Services *s = impl_from_IWbemServices(iface);
        if (!ret)
                return E_POINTER;
        *ret = NULL;
        if (!iid)
                return E_INVALIDARG;
        if (IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IWbemServices))
                *ret = iface;
        else if (IsEqualIID(iid, &IID_IClientSecurity))
                *ret = &s->security.base;
        else
                return E_NOINTERFACE;
        IWbemServices_AddRef(iface);
        return S_OK;
}

static ULONG STDMETHODCALLTYPE ServicesAddRef(IWbemServices *iface)
{
        return (ULONG)InterlockedIncrement(&impl_from_IWbemServices(iface)->refs);
}

// The last release ends the temporary subscriptions made through this pointer, as documented.
static ULONG STDMETHODCALLTYPE ServicesRelease(IWbemServices *iface)
{
        Services *s = impl_from_IWbemServices(iface);
        LONG left = InterlockedDecrement(&s->refs);
        if (left == 0) {
                HubCancelSink(s->hub, s, NULL, WBEM_E_CALL_CANCELLED);
                HubRelease(s->hub);
                free(s);
        }
        return (ULONG)left;
}

// --- namespaces and classes

HRESULT TextOfBstr(const BSTR s, Arena *a, Str *ret)
{
        *ret = utf_to8(a, (Str16){(const char16_t *)s, SysStringLen(s)});
        return ret->p ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
}

HRESULT QueryOfBstrs(const BSTR language, const BSTR query, Arena *a, Str *ret)
{
        if (!language || !query || SysStringLen(query) == 0)
                return WBEM_E_INVALID_PARAMETER;
        if (_wcsicmp(language, L"WQL") != 0)
                return WBEM_E_INVALID_QUERY_TYPE;
        return TextOfBstr(query, a, ret);
}

HRESULT NotImplemented(const char *method, const BSTR parameter, IWbemCallResult **call)
{
        ErrorBegin();
        if (call)
                *call = NULL;
        return ErrorEnd(E_NOTIMPL, method, parameter);
}

static HRESULT OpenNamespace(Services *s, Str name, IWbemServices **ret)
{
        char full[LIMIT_NAMESPACE_CHARS + 1];
        Diag diag = {0};
        Buf path = {0};
        Str parent = str_of(s->namespace);
        buf_put(&path, parent.p, parent.n);
        buf_u8(&path, '\\');
        buf_put(&path, name.p, name.n);
        HRESULT hr = path.failed ? (HRESULT)WBEM_E_OUT_OF_MEMORY : S_OK;
        int r = SUCCEEDED(hr) ? cim_namespace_normal((Str){(const char *)path.p, path.n}, full, &diag) : 0;
        buf_deinit(&path);
        if (r)
                hr = r > 0 ? (HRESULT)diag.code : HresultOfErrno(r);
        ClientItem item;
        Wire_OPEN_NAMESPACE m = {.namespace = str_of(full)};
        if (SUCCEEDED(hr))
                hr = HubCall(s->hub, OPEN_NAMESPACE, &m, &item);
        if (FAILED(hr))
                return hr;
        client_item_deinit(&item);
        HubAddRef(s->hub);
        return ServicesCreate(s->hub, full, ret);
}

static HRESULT STDMETHODCALLTYPE ServicesOpenNamespace(IWbemServices *iface, const BSTR name, LONG flags,
                                                       IWbemContext *context, IWbemServices **ret,
                                                       IWbemCallResult **call)
{
        (void)context;
        Arena a = {0};
        Str text;
        ErrorBegin();
        if (ret)
                *ret = NULL;
        if (call || flags == WBEM_FLAG_RETURN_IMMEDIATELY)
                return NotImplemented("OpenNamespace", name, call);
        if (!name || !ret || flags)
                return ErrorEnd(WBEM_E_INVALID_PARAMETER, "OpenNamespace", name);
        HRESULT hr = TextOfBstr(name, &a, &text);
        if (SUCCEEDED(hr))
                hr = OpenNamespace(impl_from_IWbemServices(iface), text, ret);
        arena_deinit(&a);
        return ErrorEnd(hr, "OpenNamespace", name);
}

// --- notification queries
// -----------------------------------------------------------------------------------------

static HRESULT STDMETHODCALLTYPE ServicesExecNotificationQuery(IWbemServices *iface, const BSTR language,
                                                               const BSTR query, LONG flags,
                                                               IWbemContext *context,
                                                               IEnumWbemClassObject **ret)
{
        Services *s = impl_from_IWbemServices(iface);
        LONG must = WBEM_FLAG_RETURN_IMMEDIATELY | WBEM_FLAG_FORWARD_ONLY;
        Arena a = {0};
        Str text;
        (void)context;
        ErrorBegin();
        if (ret)
                *ret = NULL;
        if (!ret || (flags & ~WBEM_FLAG_USE_AMENDED_QUALIFIERS) != must)
                return ErrorEnd(WBEM_E_INVALID_PARAMETER, "ExecNotificationQuery", query);
        HRESULT hr = QueryOfBstrs(language, query, &a, &text);
        HubSubscription *subscription = NULL;
        if (SUCCEEDED(hr))
                hr = HubSubscribe(s->hub, s->namespace, text, NULL, s, &subscription);
        arena_deinit(&a);
        if (SUCCEEDED(hr)) {
                HubAddRef(s->hub);
                hr = EnumCreate(s->hub, subscription, ret);
        }
        return ErrorEnd(hr, "ExecNotificationQuery", query);
}

static HRESULT STDMETHODCALLTYPE ServicesExecNotificationQueryAsync(IWbemServices *iface, const BSTR language,
                                                                    const BSTR query, LONG flags,
                                                                    IWbemContext *context,
                                                                    IWbemObjectSink *sink)
{
        Services *s = impl_from_IWbemServices(iface);
        Arena a = {0};
        Str text;
        (void)context;
        ErrorBegin();
        if (!sink || flags & ~(WBEM_FLAG_USE_AMENDED_QUALIFIERS | WBEM_FLAG_SEND_STATUS))
                return ErrorEnd(WBEM_E_INVALID_PARAMETER, "ExecNotificationQueryAsync", query);
        HRESULT hr = QueryOfBstrs(language, query, &a, &text);
        if (SUCCEEDED(hr))
                hr = HubSubscribe(s->hub, s->namespace, text, sink, s, NULL);
        arena_deinit(&a);
        return ErrorEnd(hr, "ExecNotificationQueryAsync", query);
}

static HRESULT STDMETHODCALLTYPE ServicesCancelAsyncCall(IWbemServices *iface, IWbemObjectSink *sink)
{
        Services *s = impl_from_IWbemServices(iface);
        ErrorBegin();
        if (!sink || !HubCancelSink(s->hub, s, sink, WBEM_E_CALL_CANCELLED))
                return ErrorEnd(WBEM_E_INVALID_PARAMETER, "CancelAsyncCall", NULL);
        return WBEM_S_NO_ERROR;
}

// --- not there yet
// -------------------------------------------------------------------------------------------------

static HRESULT STDMETHODCALLTYPE ServicesQueryObjectSink(IWbemServices *iface, LONG flags,
                                                         IWbemObjectSink **ret)
{
        (void)iface, (void)flags;
        if (ret)
                *ret = NULL;
        return NotImplemented("QueryObjectSink", NULL, NULL);
}

static HRESULT STDMETHODCALLTYPE ServicesGetObjectAsync(IWbemServices *iface, const BSTR path, LONG flags,
                                                        IWbemContext *context, IWbemObjectSink *sink)
{
        (void)iface, (void)flags, (void)context, (void)sink;
        return NotImplemented("GetObjectAsync", path, NULL);
}

static HRESULT STDMETHODCALLTYPE ServicesPutClassAsync(IWbemServices *iface, IWbemClassObject *object,
                                                       LONG flags, IWbemContext *context,
                                                       IWbemObjectSink *sink)
{
        (void)iface, (void)object, (void)flags, (void)context, (void)sink;
        return NotImplemented("PutClassAsync", NULL, NULL);
}

static HRESULT STDMETHODCALLTYPE ServicesDeleteClassAsync(IWbemServices *iface, const BSTR path, LONG flags,
                                                          IWbemContext *context, IWbemObjectSink *sink)
{
        (void)iface, (void)flags, (void)context, (void)sink;
        return NotImplemented("DeleteClassAsync", path, NULL);
}

static HRESULT STDMETHODCALLTYPE ServicesCreateClassEnumAsync(IWbemServices *iface, const BSTR name,
                                                              LONG flags, IWbemContext *context,
                                                              IWbemObjectSink *sink)
{
        (void)iface, (void)flags, (void)context, (void)sink;
        return NotImplemented("CreateClassEnumAsync", name, NULL);
}

static HRESULT STDMETHODCALLTYPE ServicesPutInstanceAsync(IWbemServices *iface, IWbemClassObject *object,
                                                          LONG flags, IWbemContext *context,
                                                          IWbemObjectSink *sink)
{
        (void)iface, (void)object, (void)flags, (void)context, (void)sink;
        return NotImplemented("PutInstanceAsync", NULL, NULL);
}

static HRESULT STDMETHODCALLTYPE ServicesDeleteInstanceAsync(IWbemServices *iface, const BSTR path,
                                                             LONG flags, IWbemContext *context,
                                                             IWbemObjectSink *sink)
{
        (void)iface, (void)flags, (void)context, (void)sink;
        return NotImplemented("DeleteInstanceAsync", path, NULL);
}

static HRESULT STDMETHODCALLTYPE ServicesCreateInstanceEnumAsync(IWbemServices *iface, const BSTR name,
                                                                 LONG flags, IWbemContext *context,
                                                                 IWbemObjectSink *sink)
{
        (void)iface, (void)flags, (void)context, (void)sink;
        return NotImplemented("CreateInstanceEnumAsync", name, NULL);
}

static HRESULT STDMETHODCALLTYPE ServicesExecQueryAsync(IWbemServices *iface, const BSTR language,
                                                        const BSTR query, LONG flags, IWbemContext *context,
                                                        IWbemObjectSink *sink)
{
        (void)iface, (void)language, (void)flags, (void)context, (void)sink;
        return NotImplemented("ExecQueryAsync", query, NULL);
}

static HRESULT STDMETHODCALLTYPE ServicesExecMethod(IWbemServices *iface, const BSTR path, const BSTR method,
                                                    LONG flags, IWbemContext *context, IWbemClassObject *in,
                                                    IWbemClassObject **out, IWbemCallResult **call)
{
        (void)iface, (void)method, (void)flags, (void)context, (void)in;
        if (out)
                *out = NULL;
        return NotImplemented("ExecMethod", path, call);
}

static HRESULT STDMETHODCALLTYPE ServicesExecMethodAsync(IWbemServices *iface, const BSTR path,
                                                         const BSTR method, LONG flags, IWbemContext *context,
                                                         IWbemClassObject *in, IWbemObjectSink *sink)
{
        (void)iface, (void)method, (void)flags, (void)context, (void)in, (void)sink;
        return NotImplemented("ExecMethodAsync", path, NULL);
}

static IWbemServicesVtbl ServicesVtbl = {
        .QueryInterface = ServicesQueryInterface,
        .AddRef = ServicesAddRef,
        .Release = ServicesRelease,
        .OpenNamespace = ServicesOpenNamespace,
        .CancelAsyncCall = ServicesCancelAsyncCall,
        .QueryObjectSink = ServicesQueryObjectSink,
        .GetObject = ServicesGetObject,
        .GetObjectAsync = ServicesGetObjectAsync,
        .PutClass = ServicesPutClass,
        .PutClassAsync = ServicesPutClassAsync,
        .DeleteClass = ServicesDeleteClass,
        .DeleteClassAsync = ServicesDeleteClassAsync,
        .CreateClassEnum = ServicesCreateClassEnum,
        .CreateClassEnumAsync = ServicesCreateClassEnumAsync,
        .PutInstance = ServicesPutInstance,
        .PutInstanceAsync = ServicesPutInstanceAsync,
        .DeleteInstance = ServicesDeleteInstance,
        .DeleteInstanceAsync = ServicesDeleteInstanceAsync,
        .CreateInstanceEnum = ServicesCreateInstanceEnum,
        .CreateInstanceEnumAsync = ServicesCreateInstanceEnumAsync,
        .ExecQuery = ServicesExecQuery,
        .ExecQueryAsync = ServicesExecQueryAsync,
        .ExecNotificationQuery = ServicesExecNotificationQuery,
        .ExecNotificationQueryAsync = ServicesExecNotificationQueryAsync,
        .ExecMethod = ServicesExecMethod,
        .ExecMethodAsync = ServicesExecMethodAsync,
};

HRESULT ServicesCreate(Hub *take_hub, const char *namespace, IWbemServices **ret)
{
        Services *s = calloc(1, sizeof(*s));
        if (!s) {
                HubRelease(take_hub);
                return WBEM_E_OUT_OF_MEMORY;
        }
        s->base.lpVtbl = &ServicesVtbl;
        s->refs = 1;
        s->hub = take_hub;
        strncpy(s->namespace, namespace, sizeof(s->namespace) - 1);
        SecurityInit(&s->security, (IUnknown *)&s->base);
        *ret = &s->base;
        return S_OK;
}
