// SPDX-License-Identifier: MIT
// IWbemServices: classes and instances. Each method is one operation of the service, whose flags are its own
// to judge.
//
// Every call waits for its answer; WBEM_FLAG_RETURN_IMMEDIATELY only makes an enumerator's Next wait where
// the service has more than it sent at first.
#include "services.h"

#include "cim/codec.h"

// What the caller asks for besides: a call result is not there yet.
static BOOL Semisynchronous(LONG flags, IWbemCallResult **call)
{
        return call != NULL || flags & WBEM_FLAG_RETURN_IMMEDIATELY;
}

// --- get -----------------------------------------------------------------------------------------

// The one object of a reply.
static HRESULT OnlyObject(Str bytes, IWbemClassObject **ret)
{
        CimSet set;
        int r = cim_set_read((const uint8_t *)bytes.p, bytes.n, NULL, NULL, &set, NULL, NULL);
        if (r)
                return r < 0 ? HresultOfErrno(r) : (HRESULT)WBEM_E_TRANSPORT_FAILURE;
        HRESULT hr = set.count == 1 ? ObjectFromInstance(cim_instance_ref(set.objects[0]), ret)
                                    : (HRESULT)WBEM_E_TRANSPORT_FAILURE;
        cim_set_deinit(&set);
        return hr;
}

static HRESULT Get(const Services *s, Str path, LONG flags, IWbemClassObject **ret)
{
        ClientItem item;
        Wire_GET_OBJECT_Reply reply;
        Wire_GET_OBJECT m = {.namespace = str_of(s->namespace), .path = path, .flags = (uint32_t)flags};
        HRESULT hr = HubCall(s->hub, GET_OBJECT, &m, &item);
        if (FAILED(hr))
                return hr;
        hr = wire_get_GET_OBJECT_reply(item.frame.payload, item.frame.size, &reply)
                     ? OnlyObject(reply.objects, ret)
                     : (HRESULT)WBEM_E_TRANSPORT_FAILURE;
        client_item_deinit(&item);
        return hr;
}

HRESULT STDMETHODCALLTYPE ServicesGetObject(IWbemServices *iface, const BSTR path, LONG flags,
                                            IWbemContext *context, IWbemClassObject **ret,
                                            IWbemCallResult **call)
{
        Arena a = {0};
        Str text;
        (void)context;
        ErrorBegin();
        if (ret)
                *ret = NULL;
        if (Semisynchronous(flags, call) || SysStringLen(path) == 0) // no path: an empty class to be filled
                return NotImplemented("GetObject", path, call);
        if (!ret)
                return ErrorEnd(WBEM_E_INVALID_PARAMETER, "GetObject", path);
        HRESULT hr = TextOfBstr(path, &a, &text);
        if (SUCCEEDED(hr))
                hr = Get(impl_from_IWbemServices(iface), text, flags, ret);
        arena_deinit(&a);
        return ErrorEnd(hr, "GetObject", path);
}

// --- put -----------------------------------------------------------------------------------------

static HRESULT SetOf(const CimInstance *object, BOOL by_version, Buf *out)
{
        CimSetWriter *w = cim_set_writer_new(by_version);
        int r = w ? cim_set_add(w, object) : -ENOMEM;
        if (!r)
                cim_set_finish(w, out);
        cim_set_writer_free(w);
        if (r == -ELOOP || r == -E2BIG)
                return WBEM_E_INVALID_OBJECT;
        return r || out->failed ? (HRESULT)WBEM_E_OUT_OF_MEMORY : S_OK;
}

static HRESULT PutSet(const Services *s, const CimInstance *object, LONG flags, const Buf *set)
{
        ClientItem item;
        Str objects = {(const char *)set->p, set->n}, namespace = str_of(s->namespace);
        Wire_PUT_CLASS c = {.namespace = namespace, .flags = (uint32_t)flags, .objects = objects};
        Wire_PUT_INSTANCE i = {.namespace = namespace, .flags = (uint32_t)flags, .objects = objects};
        HRESULT hr = object->is_class ? HubCall(s->hub, PUT_CLASS, &c, &item)
                                      : HubCall(s->hub, PUT_INSTANCE, &i, &item);
        if (SUCCEEDED(hr))
                client_item_deinit(&item);
        return hr;
}

// Its class goes by version, if the service gave it one; and whole, when it knows that version no more.
static HRESULT Put(const Services *s, const CimInstance *object, LONG flags)
{
        Buf brief = {0}, whole = {0};
        HRESULT hr = SetOf(object, TRUE, &brief);
        if (SUCCEEDED(hr))
                hr = PutSet(s, object, flags, &brief);
        if (hr == (HRESULT)WBEM_E_INVALID_CLASS && SUCCEEDED(SetOf(object, FALSE, &whole)) &&
            (whole.n != brief.n || memcmp(whole.p, brief.p, whole.n) != 0)) {
                ErrorBegin();
                hr = PutSet(s, object, flags, &whole);
        }
        buf_deinit(&brief);
        buf_deinit(&whole);
        return hr;
}

// What the error object says the call was about.
static HRESULT PutEnd(HRESULT hr, const char *method, const CimInstance *object)
{
        Arena a = {0};
        Str16 name = object && FAILED(hr) ? utf_to16(&a, object->class->name) : (Str16){NULL, 0};
        BSTR text = name.p ? SysAllocStringLen((const OLECHAR *)name.p, (UINT)name.n) : NULL;
        hr = ErrorEnd(hr, method, text);
        SysFreeString(text);
        arena_deinit(&a);
        return hr;
}

static HRESULT PutObject(IWbemServices *iface, const char *method, BOOL is_class, IWbemClassObject *object,
                         LONG flags, IWbemCallResult **call)
{
        const CimInstance *i = object ? ObjectInstance(object) : NULL;
        ErrorBegin();
        if (Semisynchronous(flags, call))
                return NotImplemented(method, NULL, call);
        if (!i) // NULL, or somebody else's object
                return ErrorEnd(WBEM_E_INVALID_PARAMETER, method, NULL);
        if (!i->is_class != !is_class)
                return PutEnd(WBEM_E_INVALID_OBJECT, method, i);
        return PutEnd(Put(impl_from_IWbemServices(iface), i, flags), method, i);
}

HRESULT STDMETHODCALLTYPE ServicesPutClass(IWbemServices *iface, IWbemClassObject *object, LONG flags,
                                           IWbemContext *context, IWbemCallResult **call)
{
        (void)context;
        return PutObject(iface, "PutClass", TRUE, object, flags, call);
}

HRESULT STDMETHODCALLTYPE ServicesPutInstance(IWbemServices *iface, IWbemClassObject *object, LONG flags,
                                              IWbemContext *context, IWbemCallResult **call)
{
        (void)context;
        return PutObject(iface, "PutInstance", FALSE, object, flags, call);
}

// --- delete --------------------------------------------------------------------------------------

static HRESULT Delete(IWbemServices *iface, const char *method, BOOL is_class, const BSTR what, LONG flags,
                      IWbemCallResult **call)
{
        const Services *s = impl_from_IWbemServices(iface);
        Arena a = {0};
        Str text;
        ClientItem item;
        ErrorBegin();
        if (Semisynchronous(flags, call))
                return NotImplemented(method, what, call);
        if (SysStringLen(what) == 0)
                return ErrorEnd(WBEM_E_INVALID_PARAMETER, method, NULL);
        HRESULT hr = TextOfBstr(what, &a, &text);
        Wire_DELETE_CLASS c = {.namespace = str_of(s->namespace), .name = text, .flags = (uint32_t)flags};
        Wire_DELETE_INSTANCE i = {.namespace = str_of(s->namespace), .path = text, .flags = (uint32_t)flags};
        if (SUCCEEDED(hr))
                hr = is_class ? HubCall(s->hub, DELETE_CLASS, &c, &item)
                              : HubCall(s->hub, DELETE_INSTANCE, &i, &item);
        if (SUCCEEDED(hr))
                client_item_deinit(&item);
        arena_deinit(&a);
        return ErrorEnd(hr, method, what);
}

HRESULT STDMETHODCALLTYPE ServicesDeleteClass(IWbemServices *iface, const BSTR name, LONG flags,
                                              IWbemContext *context, IWbemCallResult **call)
{
        (void)context;
        return Delete(iface, "DeleteClass", TRUE, name, flags, call);
}

HRESULT STDMETHODCALLTYPE ServicesDeleteInstance(IWbemServices *iface, const BSTR path, LONG flags,
                                                 IWbemContext *context, IWbemCallResult **call)
{
        (void)context;
        return Delete(iface, "DeleteInstance", FALSE, path, flags, call);
}

// --- enumerations --------------------------------------------------------------------------------

// Asks and makes the enumerator of the reply.
#define ENUMERATE(X, s, m, flags, ret, hr)                                                                   \
        do {                                                                                                 \
                ClientItem item;                                                                             \
                Wire_##X##_Reply reply;                                                                      \
                hr = HubCall((s)->hub, X, (m), &item);                                                       \
                if (FAILED(hr))                                                                              \
                        break;                                                                               \
                hr = wire_get_##X##_reply(item.frame.payload, item.frame.size, &reply)                       \
                             ? DataEnumCreate((s)->hub, reply.enumeration, reply.objects,                    \
                                              (flags)&WBEM_FLAG_FORWARD_ONLY, ret)                           \
                             : (HRESULT)WBEM_E_TRANSPORT_FAILURE;                                            \
                client_item_deinit(&item);                                                                   \
        } while (0)

HRESULT STDMETHODCALLTYPE ServicesCreateClassEnum(IWbemServices *iface, const BSTR superclass, LONG flags,
                                                  IWbemContext *context, IEnumWbemClassObject **ret)
{
        const Services *s = impl_from_IWbemServices(iface);
        Arena a = {0};
        Str name = {"", 0};
        (void)context;
        ErrorBegin();
        if (ret)
                *ret = NULL;
        HRESULT hr = !ret         ? (HRESULT)WBEM_E_INVALID_PARAMETER
                     : superclass ? TextOfBstr(superclass, &a, &name)
                                  : S_OK;
        Wire_CREATE_CLASS_ENUM m = {
                .namespace = str_of(s->namespace), .superclass = name, .flags = (uint32_t)flags};
        if (SUCCEEDED(hr))
                ENUMERATE(CREATE_CLASS_ENUM, s, &m, flags, ret, hr);
        arena_deinit(&a);
        return ErrorEnd(hr, "CreateClassEnum", superclass);
}

HRESULT STDMETHODCALLTYPE ServicesCreateInstanceEnum(IWbemServices *iface, const BSTR name, LONG flags,
                                                     IWbemContext *context, IEnumWbemClassObject **ret)
{
        const Services *s = impl_from_IWbemServices(iface);
        Arena a = {0};
        Str text = {"", 0};
        (void)context;
        ErrorBegin();
        if (ret)
                *ret = NULL;
        HRESULT hr = !ret || SysStringLen(name) == 0 ? (HRESULT)WBEM_E_INVALID_PARAMETER
                                                     : TextOfBstr(name, &a, &text);
        Wire_CREATE_INSTANCE_ENUM m = {
                .namespace = str_of(s->namespace), .name = text, .flags = (uint32_t)flags};
        if (SUCCEEDED(hr))
                ENUMERATE(CREATE_INSTANCE_ENUM, s, &m, flags, ret, hr);
        arena_deinit(&a);
        return ErrorEnd(hr, "CreateInstanceEnum", name);
}

HRESULT STDMETHODCALLTYPE ServicesExecQuery(IWbemServices *iface, const BSTR language, const BSTR query,
                                            LONG flags, IWbemContext *context, IEnumWbemClassObject **ret)
{
        const Services *s = impl_from_IWbemServices(iface);
        Arena a = {0};
        Str text = {"", 0};
        (void)context;
        ErrorBegin();
        if (ret)
                *ret = NULL;
        HRESULT hr = !ret ? (HRESULT)WBEM_E_INVALID_PARAMETER : QueryOfBstrs(language, query, &a, &text);
        Wire_EXEC_QUERY m = {.namespace = str_of(s->namespace),
                             .language = STR("WQL"),
                             .query = text,
                             .flags = (uint32_t)flags};
        if (SUCCEEDED(hr))
                ENUMERATE(EXEC_QUERY, s, &m, flags, ret, hr);
        arena_deinit(&a);
        return ErrorEnd(hr, "ExecQuery", query);
}
