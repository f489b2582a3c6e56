// SPDX-License-Identifier: MIT
// IEnumWbemClassObject over classes or instances: what CreateClassEnum, CreateInstanceEnum and ExecQuery
// found.
//
// The service hands the objects out in batches, which are asked for when their turn comes. Unless it was
// asked to be forward only, an enumerator keeps what came, shares it with its clones and can be rewound.
// Timeouts mean little to it: Next waits for the batch that it asked for, as long as a call may.
#include "objects.h"

#include <pthread.h>

#include "cim/codec.h"

// What an enumerator and its clones share.
typedef struct Result {
        LONG refs;
        pthread_mutex_t lock; // of all below
        Hub *hub;
        uint32_t handle;       // 0: the service has no more
        HRESULT status;        // a failure: there will be no more
        BOOL keep;             // else objects that were handed out are gone
        CimInstance **objects; // a reference each; NULL: handed out
        size_t count, capacity;
        size_t gone; // objects before those
} Result;

typedef struct DataEnum {
        IEnumWbemClassObject base;
        Security security;
        LONG refs;
        Result *result;
        size_t next;
} DataEnum;

static HRESULT DataEnumNew(Result *take_result, size_t next, IEnumWbemClassObject **ret);

// --- the result ----------------------------------------------------------------------------------

static void ResultDrop(Result *r)
{
        for (size_t i = 0; i < r->count; i++)
                cim_instance_unref(r->objects[i]);
        r->gone += r->count;
        r->count = 0;
}

static void ResultRelease(Result *r)
{
        if (InterlockedDecrement(&r->refs))
                return;
        HubCancel(r->hub, r->handle);
        ResultDrop(r);
        free(r->objects);
        pthread_mutex_destroy(&r->lock);
        HubRelease(r->hub);
        free(r);
}

// Takes the objects of a reply.
static HRESULT ResultTake(Result *r, Str bytes)
{
        CimSet set;
        int e = cim_set_read((const uint8_t *)bytes.p, bytes.n, NULL, NULL, &set, NULL, NULL);
        if (e)
                return e < 0 ? HresultOfErrno(e) : (HRESULT)WBEM_E_TRANSPORT_FAILURE;
        if (!r->keep)
                ResultDrop(r); // all were handed out, or there would be no need for more
        size_t capacity = r->count + set.count;
        CimInstance **p =
                capacity > r->capacity ? reallocarray(r->objects, capacity, sizeof(*p)) : r->objects;
        if (capacity && !p) {
                cim_set_deinit(&set);
                return WBEM_E_OUT_OF_MEMORY;
        }
        r->objects = p;
        r->capacity = capacity > r->capacity ? capacity : r->capacity;
        for (size_t i = 0; i < set.count; i++)
                r->objects[r->count++] = cim_instance_ref(set.objects[i]);
        cim_set_deinit(&set);
        return S_OK;
}

static HRESULT ResultMore(Result *r)
{
        ClientItem item;
        Wire_NEXT_Reply reply;
        Wire_NEXT m = {.enumeration = r->handle};
        HRESULT hr = HubCall(r->hub, NEXT, &m, &item);
        if (FAILED(hr))
                return hr;
        if (wire_get_NEXT_reply(item.frame.payload, item.frame.size, &reply)) {
                r->handle = reply.more ? r->handle : 0;
                hr = ResultTake(r, reply.objects);
        } else {
                hr = WBEM_E_TRANSPORT_FAILURE;
        }
        client_item_deinit(&item);
        return hr;
}

// Object `at`, with a reference. WBEM_S_FALSE: there are not so many.
static HRESULT ResultAt(Result *r, size_t at, CimInstance **ret)
{
        HRESULT hr = S_OK;
        pthread_mutex_lock(&r->lock);
        while (SUCCEEDED(r->status) && at >= r->gone + r->count && r->handle)
                r->status = ResultMore(r); // a batch that was lost leaves a hole: nothing comes behind it
        if (at < r->gone + r->count) {
                CimInstance **from = &r->objects[at - r->gone];
                *ret = r->keep ? cim_instance_ref(*from) : *from;
                if (!r->keep)
                        *from = NULL;
        } else {
                hr = FAILED(r->status) ? r->status : (HRESULT)WBEM_S_FALSE;
        }
        pthread_mutex_unlock(&r->lock);
        return hr;
}

// --- the enumerator ------------------------------------------------------------------------------

static DataEnum *impl_from_IEnumWbemClassObject(IEnumWbemClassObject *iface)
{
        return CONTAINING_RECORD(iface, DataEnum, base);
}

static HRESULT STDMETHODCALLTYPE DataEnumQueryInterface(IEnumWbemClassObject *iface, REFIID iid, void **ret)
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

static ULONG STDMETHODCALLTYPE DataEnumAddRef(IEnumWbemClassObject *iface)
{
        return (ULONG)InterlockedIncrement(&impl_from_IEnumWbemClassObject(iface)->refs);
}

static ULONG STDMETHODCALLTYPE DataEnumRelease(IEnumWbemClassObject *iface)
{
        DataEnum *e = impl_from_IEnumWbemClassObject(iface);
        LONG left = InterlockedDecrement(&e->refs);
        if (left == 0) {
                ResultRelease(e->result);
                free(e);
        }
        return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE DataEnumReset(IEnumWbemClassObject *iface)
{
        DataEnum *e = impl_from_IEnumWbemClassObject(iface);
        if (!e->result->keep)
                return WBEM_E_INVALID_OPERATION;
        e->next = 0;
        return WBEM_S_NO_ERROR;
}

static HRESULT STDMETHODCALLTYPE DataEnumClone(IEnumWbemClassObject *iface, IEnumWbemClassObject **ret)
{
        DataEnum *e = impl_from_IEnumWbemClassObject(iface);
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        if (!e->result->keep)
                return WBEM_E_INVALID_OPERATION;
        InterlockedIncrement(&e->result->refs);
        return DataEnumNew(e->result, e->next, ret);
}

// Up to n objects into out (NULL: passed over); *ret_n of them. A failure behind some is told by the next
// call.
static HRESULT Take(DataEnum *e, ULONG n, IWbemClassObject **out, ULONG *ret_n)
{
        HRESULT hr = WBEM_S_NO_ERROR;
        ULONG k = 0;
        ErrorBegin();
        while (k < n) {
                CimInstance *i;
                hr = ResultAt(e->result, e->next, &i);
                if (hr != S_OK)
                        break;
                e->next++;
                if (out)
                        hr = ObjectFromInstance(i, &out[k]);
                else
                        cim_instance_unref(i);
                if (FAILED(hr))
                        break;
                k++;
        }
        *ret_n = k;
        return FAILED(hr) && k ? (HRESULT)WBEM_S_FALSE : ErrorEnd(hr, "Next", NULL);
}

static HRESULT STDMETHODCALLTYPE DataEnumNext(IEnumWbemClassObject *iface, LONG timeout, ULONG n,
                                              IWbemClassObject **objects, ULONG *returned)
{
        (void)timeout;
        if (!objects || !returned)
                return WBEM_E_INVALID_PARAMETER;
        for (ULONG i = 0; i < n; i++)
                objects[i] = NULL;
        return Take(impl_from_IEnumWbemClassObject(iface), n, objects, returned);
}

static HRESULT STDMETHODCALLTYPE DataEnumSkip(IEnumWbemClassObject *iface, LONG timeout, ULONG n)
{
        ULONG done;
        (void)timeout;
        return Take(impl_from_IEnumWbemClassObject(iface), n, NULL, &done);
}

static HRESULT STDMETHODCALLTYPE DataEnumNextAsync(IEnumWbemClassObject *iface, ULONG n,
                                                   IWbemObjectSink *sink)
{
        (void)iface, (void)n, (void)sink;
        return E_NOTIMPL; // docs/DIFFERENCES.md
}

static IEnumWbemClassObjectVtbl DataEnumVtbl = {
        .QueryInterface = DataEnumQueryInterface,
        .AddRef = DataEnumAddRef,
        .Release = DataEnumRelease,
        .Reset = DataEnumReset,
        .Next = DataEnumNext,
        .NextAsync = DataEnumNextAsync,
        .Clone = DataEnumClone,
        .Skip = DataEnumSkip,
};

static HRESULT DataEnumNew(Result *take_result, size_t next, IEnumWbemClassObject **ret)
{
        DataEnum *e = calloc(1, sizeof(*e));
        if (!e) {
                ResultRelease(take_result);
                return WBEM_E_OUT_OF_MEMORY;
        }
        e->base.lpVtbl = &DataEnumVtbl;
        e->refs = 1;
        e->result = take_result;
        e->next = next;
        SecurityInit(&e->security, (IUnknown *)&e->base);
        *ret = &e->base;
        return S_OK;
}

HRESULT DataEnumCreate(Hub *hub, uint32_t handle, Str objects, BOOL forward_only, IEnumWbemClassObject **ret)
{
        Result *r = calloc(1, sizeof(*r));
        if (!r) {
                HubCancel(hub, handle);
                return WBEM_E_OUT_OF_MEMORY;
        }
        HubAddRef(hub);
        r->refs = 1;
        r->hub = hub;
        r->handle = handle;
        r->keep = !forward_only;
        pthread_mutex_init(&r->lock, NULL);
        HRESULT hr = ResultTake(r, objects);
        if (FAILED(hr)) {
                ResultRelease(r);
                return hr;
        }
        return DataEnumNew(r, 0, ret);
}
