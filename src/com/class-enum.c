// SPDX-License-Identifier: MIT
// IEnumWbemClassObject over the classes of a namespace.
//
// The names are asked for at once, each class when it is its turn. Unlike a notification query's it can be
// rewound and cloned, unless it was asked to be forward only. Timeouts mean nothing to it: what it hands out
// is there.
#include "objects.h"

#include <errno.h>

#include "base/limits.h"
#include "cim/codec.h"

// The names, shared by an enumerator and its clones.
typedef struct Names {
        LONG refs;
        ClientItem item; // owns what names point to
        size_t count;
        Str names[];
} Names;

typedef struct ClassEnum {
        IEnumWbemClassObject base;
        Security security;
        LONG refs;
        Hub *hub;
        Names *names;
        size_t next;
        BOOL forward_only;
        char namespace[LIMIT_NAMESPACE_CHARS + 1];
} ClassEnum;

static HRESULT ClassEnumNew(Hub *hub, const char *namespace, Names *take_names, BOOL forward_only,
                            size_t next, IEnumWbemClassObject **ret);

static void NamesRelease(Names *n)
{
        if (InterlockedDecrement(&n->refs))
                return;
        client_item_deinit(&n->item);
        free(n);
}

static ClassEnum *impl_from_IEnumWbemClassObject(IEnumWbemClassObject *iface)
{
        return CONTAINING_RECORD(iface, ClassEnum, base);
}

static HRESULT STDMETHODCALLTYPE ClassEnumQueryInterface(IEnumWbemClassObject *iface, REFIID iid, void **ret)
{
        if (!ret)
                return E_POINTER;
        *ret = NULL;
        if (!iid)
                return E_INVALIDARG;
        if (IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IEnumWbemClassObject))
                *ret = iface;
        else if (IsEqualIID(iid, &IID_IClientSecurity))
                *ret = &impl_from_IEnumWbemClassObject(iface)->security.base;
        else
                return E_NOINTERFACE;
        IEnumWbemClassObject_AddRef(iface);
        return S_OK;
}

static ULONG STDMETHODCALLTYPE ClassEnumAddRef(IEnumWbemClassObject *iface)
{
        return (ULONG)InterlockedIncrement(&impl_from_IEnumWbemClassObject(iface)->refs);
}

static ULONG STDMETHODCALLTYPE ClassEnumRelease(IEnumWbemClassObject *iface)
{
        ClassEnum *e = impl_from_IEnumWbemClassObject(iface);
        LONG left = InterlockedDecrement(&e->refs);
        if (left == 0) {
                NamesRelease(e->names);
                HubRelease(e->hub);
                free(e);
        }
        return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE ClassEnumReset(IEnumWbemClassObject *iface)
{
        ClassEnum *e = impl_from_IEnumWbemClassObject(iface);
        if (e->forward_only)
                return WBEM_E_INVALID_OPERATION;
        e->next = 0;
        return WBEM_S_NO_ERROR;
}

static HRESULT STDMETHODCALLTYPE ClassEnumClone(IEnumWbemClassObject *iface, IEnumWbemClassObject **ret)
{
        ClassEnum *e = impl_from_IEnumWbemClassObject(iface);
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        if (e->forward_only)
                return WBEM_E_INVALID_OPERATION;
        InterlockedIncrement(&e->names->refs);
        return ClassEnumNew(e->hub, e->namespace, e->names, FALSE, e->next, ret);
}

// A class that is gone meanwhile is passed over.
static HRESULT STDMETHODCALLTYPE ClassEnumNext(IEnumWbemClassObject *iface, LONG timeout, ULONG n,
                                               IWbemClassObject **objects, ULONG *returned)
{
        ClassEnum *e = impl_from_IEnumWbemClassObject(iface);
        HRESULT hr = WBEM_S_NO_ERROR;
        ULONG k = 0;
        (void)timeout;
        if (!objects || !returned)
                return WBEM_E_INVALID_PARAMETER;
        *returned = 0;
        for (ULONG i = 0; i < n; i++)
                objects[i] = NULL;
        while (k < n && e->next < e->names->count) {
                hr = ClassGet(e->hub, e->namespace, e->names->names[e->next], &objects[k]);
                if (FAILED(hr) && hr != (HRESULT)WBEM_E_NOT_FOUND)
                        break;
                k += SUCCEEDED(hr);
                e->next++;
                hr = WBEM_S_NO_ERROR;
        }
        if (FAILED(hr) && !k) // with objects it is told by the next call
                return hr;
        *returned = k;
        return k < n ? (HRESULT)WBEM_S_FALSE : WBEM_S_NO_ERROR;
}

static HRESULT STDMETHODCALLTYPE ClassEnumSkip(IEnumWbemClassObject *iface, LONG timeout, ULONG n)
{
        ClassEnum *e = impl_from_IEnumWbemClassObject(iface);
        size_t left = e->names->count - e->next;
        (void)timeout;
        e->next += n < left ? n : left;
        return n <= left ? WBEM_S_NO_ERROR : (HRESULT)WBEM_S_FALSE;
}

static HRESULT STDMETHODCALLTYPE ClassEnumNextAsync(IEnumWbemClassObject *iface, ULONG n,
                                                    IWbemObjectSink *sink)
{
        (void)iface, (void)n, (void)sink;
        return E_NOTIMPL; // docs/DIFFERENCES.md
}

static IEnumWbemClassObjectVtbl ClassEnumVtbl = {
        .QueryInterface = ClassEnumQueryInterface,
        .AddRef = ClassEnumAddRef,
        .Release = ClassEnumRelease,
        .Reset = ClassEnumReset,
        .Next = ClassEnumNext,
        .NextAsync = ClassEnumNextAsync,
        .Clone = ClassEnumClone,
        .Skip = ClassEnumSkip,
};

static HRESULT ClassEnumNew(Hub *hub, const char *namespace, Names *take_names, BOOL forward_only,
                            size_t next, IEnumWbemClassObject **ret)
{
        ClassEnum *e = calloc(1, sizeof(*e));
        if (!e) {
                NamesRelease(take_names);
                return WBEM_E_OUT_OF_MEMORY;
        }
        e->base.lpVtbl = &ClassEnumVtbl;
        e->refs = 1;
        HubAddRef(hub);
        e->hub = hub;
        e->names = take_names;
        e->next = next;
        e->forward_only = forward_only;
        strncpy(e->namespace, namespace, sizeof(e->namespace) - 1);
        SecurityInit(&e->security, (IUnknown *)&e->base);
        *ret = &e->base;
        return S_OK;
}

// The names of the reply that are wanted: of the whole tree, or of the direct children of `superclass`; never
// itself. FALSE: malformed.
static BOOL NamesRead(const Wire_LIST_CLASSES_Reply *m, Str superclass, BOOL shallow, Names *n)
{
        Reader r = {(const uint8_t *)m->list.p, m->list.n, false};
        for (uint32_t i = 0; i < m->count; i++) {
                Str name = read_str(&r), above = read_str(&r);
                read_u8(&r);
                if (r.failed)
                        return FALSE;
                if (str_ieq(name, superclass) || (shallow && !str_ieq(above, superclass)))
                        continue;
                n->names[n->count++] = name;
        }
        return r.n == 0;
}

HRESULT ClassEnumCreate(Hub *hub, const char *namespace, Str superclass, LONG flags,
                        IEnumWbemClassObject **ret)
{
        ClientItem item;
        Wire_LIST_CLASSES m = {.namespace = str_of(namespace), .superclass = superclass};
        Wire_LIST_CLASSES_Reply reply;
        HRESULT hr = HubCall(hub, LIST_CLASSES, &m, &item);
        if (FAILED(hr))
                return hr;
        Names *n = NULL;
        if (!wire_get_LIST_CLASSES_reply(item.frame.payload, item.frame.size, &reply) ||
            reply.count > reply.list.n)
                hr = WBEM_E_TRANSPORT_FAILURE;
        else if (!(n = calloc(1, sizeof(*n) + reply.count * sizeof(n->names[0]))))
                hr = WBEM_E_OUT_OF_MEMORY;
        else if (!NamesRead(&reply, superclass, flags & WBEM_FLAG_SHALLOW, n))
                hr = WBEM_E_TRANSPORT_FAILURE;
        if (FAILED(hr)) {
                client_item_deinit(&item);
                free(n);
                return hr;
        }
        n->refs = 1;
        n->item = client_item_steal(&item);
        return ClassEnumNew(hub, namespace, n, (flags & WBEM_FLAG_FORWARD_ONLY) != 0, 0, ret);
}

HRESULT ClassGet(Hub *hub, const char *namespace, Str name, IWbemClassObject **ret)
{
        ClientItem item;
        Wire_GET_CLASS m = {.namespace = str_of(namespace), .name = name};
        Wire_GET_CLASS_Reply reply;
        CimClass *c = NULL;
        HRESULT hr = HubCall(hub, GET_CLASS, &m, &item);
        if (FAILED(hr))
                return hr;
        int r = wire_get_GET_CLASS_reply(item.frame.payload, item.frame.size, &reply)
                        ? cim_codec_read_class((const uint8_t *)reply.bundle.p, reply.bundle.n, &c, NULL)
                        : -EPROTO;
        CimInstance *definition = NULL;
        if (!r)
                r = cim_instance_of_class(c, reply.namespace, &definition);
        cim_class_unref(c);
        client_item_deinit(&item);
        if (r)
                return r > 0 ? (HRESULT)WBEM_E_TRANSPORT_FAILURE : HresultOfErrno(r);
        return ObjectFromInstance(definition, ret);
}
