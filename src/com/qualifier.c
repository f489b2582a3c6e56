// SPDX-License-Identifier: MIT
// IWbemQualifierSet, to be read: the qualifiers of a class, of an event or of one property.
//
// A property has the qualifier CIMTYPE with its type's name, as documented; it is made here. Of an instance
// those are seen that propagate to instances, as propagated ones.
#include "objects.h"

#include <stdio.h>

#include "value.h"

typedef struct QualifierSet {
        IWbemQualifierSet base;
        LONG refs;
        const CimClass *klass; // a reference: it owns what `items` points to
        LONG cursor;           // of the enumeration; -1: BeginEnumeration was not called
        LONG cursor_flags;
        size_t count;
        char cimtype[280]; // of the property: "uint32", "object:Thing"
        char16_t cimtype16[280];
        CimQualifier items[];
} QualifierSet;

static QualifierSet *impl_from_IWbemQualifierSet(IWbemQualifierSet *iface)
{
        return CONTAINING_RECORD(iface, QualifierSet, base);
}

static HRESULT STDMETHODCALLTYPE QualifierSetQueryInterface(IWbemQualifierSet *iface, REFIID iid, void **ret)
{
        if (!ret)
                return E_POINTER;
        *ret = NULL;
        if (!iid)
                return E_INVALIDARG;
        if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IWbemQualifierSet))
                return E_NOINTERFACE;
        IWbemQualifierSet_AddRef(iface);
        *ret = iface;
        return S_OK;
}

static ULONG STDMETHODCALLTYPE QualifierSetAddRef(IWbemQualifierSet *iface)
{
        return (ULONG)InterlockedIncrement(&impl_from_IWbemQualifierSet(iface)->refs);
}

static ULONG STDMETHODCALLTYPE QualifierSetRelease(IWbemQualifierSet *iface)
{
        QualifierSet *s = impl_from_IWbemQualifierSet(iface);
        LONG left = InterlockedDecrement(&s->refs);
        if (left == 0) {
                cim_class_unref(s->klass);
                free(s);
        }
        return (ULONG)left;
}

// Fills what is asked for, all or nothing.
static HRESULT QualifierGet(const CimQualifier *q, BSTR *name, VARIANT *value, LONG *flavor)
{
        VARIANT fresh;
        VariantInit(&fresh);
        HRESULT hr = value ? VariantOfValue(&q->value, &fresh) : S_OK;
        BSTR text = SUCCEEDED(hr) && name ? BstrOfStr(q->name) : NULL;
        if (SUCCEEDED(hr) && name && !text)
                hr = WBEM_E_OUT_OF_MEMORY;
        if (FAILED(hr)) {
                VariantClear(&fresh);
                return hr;
        }
        if (name)
                *name = text;
        if (value)
                *value = fresh;
        if (flavor)
                *flavor = q->flavor;
        return WBEM_S_NO_ERROR;
}

static HRESULT STDMETHODCALLTYPE QualifierSetGet(IWbemQualifierSet *iface, LPCWSTR name, LONG flags,
                                                 VARIANT *value, LONG *flavor)
{
        QualifierSet *s = impl_from_IWbemQualifierSet(iface);
        Arena a = {0};
        if (!name || flags)
                return WBEM_E_INVALID_PARAMETER;
        Str text = utf_to8(&a, (Str16){(const char16_t *)name, wcslen(name)});
        const CimQualifier *q = text.p ? cim_qualifier_find(s->items, s->count, text) : NULL;
        HRESULT hr = !text.p ? (HRESULT)WBEM_E_OUT_OF_MEMORY
                     : !q    ? (HRESULT)WBEM_E_NOT_FOUND
                             : QualifierGet(q, NULL, value, flavor);
        arena_deinit(&a);
        return hr;
}

static BOOL Selected(const CimQualifier *q, LONG flags)
{
        BOOL propagated = (q->flavor & CIM_FLAVOR_PROPAGATED) != 0;
        return flags == WBEM_FLAG_LOCAL_ONLY        ? !propagated
               : flags == WBEM_FLAG_PROPAGATED_ONLY ? propagated
                                                    : TRUE;
}

static BOOL FlagsGood(LONG flags)
{
        return flags == 0 || flags == WBEM_FLAG_LOCAL_ONLY || flags == WBEM_FLAG_PROPAGATED_ONLY;
}

static HRESULT STDMETHODCALLTYPE QualifierSetGetNames(IWbemQualifierSet *iface, LONG flags, SAFEARRAY **names)
{
        QualifierSet *s = impl_from_IWbemQualifierSet(iface);
        if (!names)
                return WBEM_E_INVALID_PARAMETER;
        *names = NULL;
        if (!FlagsGood(flags))
                return WBEM_E_INVALID_PARAMETER;
        ULONG n = 0;
        for (size_t i = 0; i < s->count; i++)
                n += Selected(&s->items[i], flags);
        SAFEARRAY *list = SafeArrayCreateVector(VT_BSTR, 0, n);
        HRESULT hr = list ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
        LONG k = 0;
        for (size_t i = 0; i < s->count && SUCCEEDED(hr); i++) {
                if (!Selected(&s->items[i], flags))
                        continue;
                BSTR name = BstrOfStr(s->items[i].name);
                hr = name ? SafeArrayPutElement(list, &k, name) : (HRESULT)WBEM_E_OUT_OF_MEMORY;
                SysFreeString(name);
                k++;
        }
        if (SUCCEEDED(hr))
                *names = list;
        else if (list)
                SafeArrayDestroy(list);
        return hr;
}

static HRESULT STDMETHODCALLTYPE QualifierSetBeginEnumeration(IWbemQualifierSet *iface, LONG flags)
{
        QualifierSet *s = impl_from_IWbemQualifierSet(iface);
        if (!FlagsGood(flags))
                return WBEM_E_INVALID_PARAMETER;
        s->cursor = 0;
        s->cursor_flags = flags;
        return WBEM_S_NO_ERROR;
}

static HRESULT STDMETHODCALLTYPE QualifierSetNext(IWbemQualifierSet *iface, LONG flags, BSTR *name,
                                                  VARIANT *value, LONG *flavor)
{
        QualifierSet *s = impl_from_IWbemQualifierSet(iface);
        if (flags)
                return WBEM_E_INVALID_PARAMETER;
        if (s->cursor < 0)
                return WBEM_E_UNEXPECTED;
        while ((size_t)s->cursor < s->count && !Selected(&s->items[s->cursor], s->cursor_flags))
                s->cursor++;
        if ((size_t)s->cursor >= s->count)
                return WBEM_S_NO_MORE_DATA;
        HRESULT hr = QualifierGet(&s->items[s->cursor], name, value, flavor);
        if (SUCCEEDED(hr))
                s->cursor++;
        return hr;
}

static HRESULT STDMETHODCALLTYPE QualifierSetEndEnumeration(IWbemQualifierSet *iface)
{
        QualifierSet *s = impl_from_IWbemQualifierSet(iface);
        if (s->cursor < 0)
                return WBEM_E_UNEXPECTED;
        s->cursor = -1;
        return WBEM_S_NO_ERROR;
}

// Not there yet; each stands in docs/DIFFERENCES.md.
static HRESULT STDMETHODCALLTYPE QualifierSetPut(IWbemQualifierSet *iface, LPCWSTR name, VARIANT *value,
                                                 LONG flavor)
{
        (void)iface, (void)name, (void)value, (void)flavor;
        return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE QualifierSetDelete(IWbemQualifierSet *iface, LPCWSTR name)
{
        (void)iface, (void)name;
        return E_NOTIMPL;
}

static IWbemQualifierSetVtbl QualifierSetVtbl = {
        .QueryInterface = QualifierSetQueryInterface,
        .AddRef = QualifierSetAddRef,
        .Release = QualifierSetRelease,
        .Get = QualifierSetGet,
        .Put = QualifierSetPut,
        .Delete = QualifierSetDelete,
        .GetNames = QualifierSetGetNames,
        .BeginEnumeration = QualifierSetBeginEnumeration,
        .Next = QualifierSetNext,
        .EndEnumeration = QualifierSetEndEnumeration,
};

// The value of CIMTYPE; an array's is its element's, the array is in the property's own type.
static CimQualifier CimtypeOf(QualifierSet *s, const CimProperty *p)
{
        CimType t = cim_type(p->type);
        int n;
        if (t == CIM_OBJECT)
                n = snprintf(s->cimtype, sizeof(s->cimtype), p->class_name.n ? "object:%.*s" : "object",
                             (int)p->class_name.n, p->class_name.p);
        else if (t == CIM_REFERENCE)
                n = snprintf(s->cimtype, sizeof(s->cimtype), p->class_name.n ? "ref:%.*s" : "ref",
                             (int)p->class_name.n, p->class_name.p);
        else
                n = snprintf(s->cimtype, sizeof(s->cimtype), "%s", cim_type_name(p->type));
        Arena a = {0};
        Str16 wide = utf_to16(
                &a, (Str){s->cimtype, (size_t)n < sizeof(s->cimtype) ? (size_t)n : sizeof(s->cimtype) - 1});
        CimValue v = {.type = CIM_STRING, .string = {s->cimtype16, wide.p ? wide.n : 0}};
        if (wide.n)
                memcpy(s->cimtype16, wide.p, wide.n * sizeof(*wide.p));
        arena_deinit(&a);
        return (CimQualifier){STR("CIMTYPE"), v,
                              CIM_FLAVOR_TO_INSTANCE | CIM_FLAVOR_TO_SUBCLASS |
                                      (p->local ? 0 : CIM_FLAVOR_PROPAGATED)};
}

HRESULT QualifierSetCreate(const CimClass *c, const CimProperty *property, BOOL of_instance,
                           IWbemQualifierSet **ret)
{
        const CimQualifier *from = property ? property->qualifiers : c->qualifiers;
        size_t n = property ? property->qualifier_count : c->qualifier_count;
        QualifierSet *s = calloc(1, sizeof(*s) + (n + 1) * sizeof(s->items[0]));
        if (!s)
                return WBEM_E_OUT_OF_MEMORY;
        s->base.lpVtbl = &QualifierSetVtbl;
        s->refs = 1;
        s->cursor = -1;
        s->klass = cim_class_ref(c);
        if (property && !cim_qualifier_find(from, n, STR("CIMTYPE")))
                s->items[s->count++] = CimtypeOf(s, property);
        for (size_t i = 0; i < n; i++)
                if (!of_instance || from[i].flavor & CIM_FLAVOR_TO_INSTANCE)
                        s->items[s->count++] = from[i];
        for (size_t i = 0; of_instance && i < s->count; i++)
                s->items[i].flavor |= CIM_FLAVOR_PROPAGATED;
        *ret = &s->base;
        return S_OK;
}
