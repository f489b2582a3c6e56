// SPDX-License-Identifier: MIT
// IWbemClassObject over an instance or a class definition.
//
// System properties are made when asked for: of an event __PATH, __RELPATH, __SERVER and __NAMESPACE are NULL
// and
// __GENUS is 2, as documented; of what it holds they say where that lives. An object is used by one thread at
// a time, as on Windows; its count is atomic.
#include "objects.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "cim/path.h"
#include "cim/text.h"
#include "value.h"

typedef struct Object {
        IWbemClassObject base;
        IErrorInfo
                error; // answered by an __ExtendedStatus that is the calling thread's error object (error.c)
        BOOL is_error;
        LONG refs;
        CimInstance *instance; // an instance or a class definition (is_class)
        LONG cursor;           // of the enumeration; -1: BeginEnumeration was not called
        LONG cursor_flags;
        unsigned puts; // since the instance was copied
} Object;

static IWbemClassObjectVtbl ObjectVtbl;

static Object *impl_from_IWbemClassObject(IWbemClassObject *iface)
{
        return CONTAINING_RECORD(iface, Object, base);
}

static const CimClass *ClassOf(const Object *o)
{
        return o->instance->class;
}

static HRESULT ObjectNew(CimInstance *take_instance, Object **ret)
{
        Object *o = calloc(1, sizeof(*o));
        if (!o) {
                cim_instance_unref(take_instance);
                return WBEM_E_OUT_OF_MEMORY;
        }
        o->base.lpVtbl = &ObjectVtbl;
        o->refs = 1;
        o->instance = take_instance;
        o->cursor = -1;
        *ret = o;
        return S_OK;
}

HRESULT ObjectFromInstance(CimInstance *take_instance, IWbemClassObject **ret)
{
        Object *o;
        HRESULT hr = ObjectNew(take_instance, &o);
        if (SUCCEEDED(hr))
                *ret = &o->base;
        return hr;
}

const CimInstance *ObjectInstance(IWbemClassObject *object)
{
        return object->lpVtbl == &ObjectVtbl ? impl_from_IWbemClassObject(object)->instance : NULL;
}

static HRESULT STDMETHODCALLTYPE ObjectQueryInterface(IWbemClassObject *iface, REFIID iid, void **ret)
{
        if (!ret)
                return E_POINTER;
        *ret = NULL;
        if (!iid)
                return E_INVALIDARG;
        if (IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IWbemClassObject))
                *ret = iface;
        else if (IsEqualIID(iid, &IID_IErrorInfo) && impl_from_IWbemClassObject(iface)->is_error)
                *ret = &impl_from_IWbemClassObject(iface)->error;
        else
                return E_NOINTERFACE;
        IWbemClassObject_AddRef(iface);
        return S_OK;
}

static ULONG STDMETHODCALLTYPE ObjectAddRef(IWbemClassObject *iface)
{
        return (ULONG)InterlockedIncrement(&impl_from_IWbemClassObject(iface)->refs);
}

static ULONG STDMETHODCALLTYPE ObjectRelease(IWbemClassObject *iface)
{
        Object *o = impl_from_IWbemClassObject(iface);
        LONG left = InterlockedDecrement(&o->refs);
        if (left == 0) {
                cim_instance_unref(o->instance);
                free(o);
        }
        return (ULONG)left;
}

// --- names
// ---------------------------------------------------------------------------------------------------

// A name as UTF-8 in memory of a. WBEM_E_INVALID_PARAMETER for NULL, WBEM_E_OUT_OF_MEMORY.
static HRESULT NameOf(LPCWSTR name, Arena *a, Str *ret)
{
        if (!name)
                return WBEM_E_INVALID_PARAMETER;
        *ret = utf_to8(a, (Str16){(const char16_t *)name, wcslen(name)});
        return ret->p ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
}

static BOOL IsSystem(Str name)
{
        CimSystemProperty p;
        return cim_system_of_name(name, &p);
}

// The name of this machine, as __SERVER and __PATH have it.
static Str ServerName(char *buffer, DWORD size)
{
        if (!GetComputerNameA(buffer, &size))
                return STR(".");
        return str_of(buffer);
}

static HRESULT SystemGet(const Object *o, CimSystemProperty p, VARIANT *ret, CIMTYPE *type)
{
        char server[256];
        Arena a = {0};
        CimValue v;
        int r = cim_system_value(o->instance, p, ServerName(server, sizeof(server)), &a, &v);
        HRESULT hr = r < 0 ? HresultOfErrno(r) : ret ? VariantOfValue(&v, ret) : S_OK;
        if (SUCCEEDED(hr) && type)
                *type = (CIMTYPE)cim_system_type(p);
        arena_deinit(&a);
        return hr;
}

static const CimValue *ObjectValue(const Object *o, LONG i)
{
        return &o->instance->values[i];
}

static HRESULT PropertyGet(const Object *o, LONG i, VARIANT *ret, CIMTYPE *type, LONG *flavor)
{
        const CimProperty *p = &ClassOf(o)->properties[i];
        HRESULT hr = ret ? VariantOfValue(ObjectValue(o, i), ret) : S_OK;
        if (FAILED(hr))
                return hr;
        if (type)
                *type = (CIMTYPE)p->type;
        if (flavor)
                *flavor = p->local ? WBEM_FLAVOR_ORIGIN_LOCAL : WBEM_FLAVOR_ORIGIN_PROPAGATED;
        return S_OK;
}

static HRESULT STDMETHODCALLTYPE ObjectGet(IWbemClassObject *iface, LPCWSTR name, LONG flags, VARIANT *value,
                                           CIMTYPE *type, LONG *flavor)
{
        Object *o = impl_from_IWbemClassObject(iface);
        Arena a = {0};
        Str s;
        if (flags)
                return WBEM_E_INVALID_PARAMETER;
        HRESULT hr = NameOf(name, &a, &s);
        if (SUCCEEDED(hr)) {
                VARIANT fresh;
                int i = cim_class_property(ClassOf(o), s);
                CimSystemProperty system;
                VariantInit(&fresh);
                if (i >= 0)
                        hr = PropertyGet(o, i, value ? &fresh : NULL, type, flavor);
                else if (cim_system_of_name(s, &system))
                        hr = SystemGet(o, system, value ? &fresh : NULL, type);
                else
                        hr = WBEM_E_NOT_FOUND;
                if (SUCCEEDED(hr) && i < 0 && flavor)
                        *flavor = WBEM_FLAVOR_ORIGIN_SYSTEM;
                if (SUCCEEDED(hr) && value)
                        *value = fresh; // the documented contract: what was in *value is not looked at
                else
                        VariantClear(&fresh);
        }
        arena_deinit(&a);
        return hr;
}

// What a change leaves behind in an instance's memory is freed when it is copied, at the latest after so
// many.
enum { PUTS = 256 };

static HRESULT ObjectCopy(Object *o, const CimInstance *from)
{
        CimInstance *copy;
        int r = cim_instance_copy(from, &copy);
        if (r < 0)
                return r == -ELOOP ? (HRESULT)WBEM_E_INVALID_OBJECT : HresultOfErrno(r);
        cim_instance_unref(o->instance);
        o->instance = copy;
        o->puts = 0;
        return S_OK;
}

// Before a change: another subscription may hold the same event, perhaps in another thread.
static HRESULT ObjectOwn(Object *o)
{
        if (__atomic_load_n(&o->instance->refs, __ATOMIC_ACQUIRE) == 1 && o->puts++ < PUTS)
                return S_OK;
        return ObjectCopy(o, o->instance);
}

// May an object of that kind stand in the property?
static BOOL Fits(const CimProperty *p, const CimValue *v)
{
        if (v->null || cim_type(p->type) != CIM_OBJECT || !p->class_name.n)
                return TRUE;
        if (!cim_is_array(p->type))
                return cim_class_isa(v->object->class, p->class_name);
        for (uint32_t i = 0; i < v->array.count; i++)
                if (!cim_class_isa(v->array.items[i].object->class, p->class_name))
                        return FALSE;
        return TRUE;
}

// Objects are the caller's, perhaps o itself: a copy of the whole takes them, with their classes.
static HRESULT PutObjects(Object *o, int i, CimValue v)
{
        CimInstance *whole;
        int r = cim_instance_copy(o->instance, &whole);
        if (r < 0)
                return HresultOfErrno(r);
        whole->values[i] = v;
        HRESULT hr = ObjectCopy(o, whole);
        cim_instance_unref(whole);
        return hr;
}

static HRESULT PutValue(Object *o, int i, CimValue v)
{
        if (!v.null && cim_type(v.type) == CIM_OBJECT)
                return PutObjects(o, i, v);
        o->instance->values[i] = v;
        return S_OK;
}

static HRESULT STDMETHODCALLTYPE ObjectPut(IWbemClassObject *iface, LPCWSTR name, LONG flags, VARIANT *value,
                                           CIMTYPE type)
{
        Object *o = impl_from_IWbemClassObject(iface);
        Arena a = {0};
        Str s;
        if (flags || o->instance->is_class)
                return flags ? (HRESULT)WBEM_E_INVALID_PARAMETER : E_NOTIMPL;
        HRESULT hr = NameOf(name, &a, &s);
        int i = SUCCEEDED(hr) ? cim_class_property(ClassOf(o), s) : -1;
        if (SUCCEEDED(hr) && i < 0)
                hr = IsSystem(s) ? (HRESULT)WBEM_E_SYSTEM_PROPERTY : (HRESULT)WBEM_E_NOT_FOUND;
        const CimProperty *p = i >= 0 ? &ClassOf(o)->properties[i] : NULL;
        if (SUCCEEDED(hr) && type && type != (CIMTYPE)p->type)
                hr = WBEM_E_TYPE_MISMATCH;
        CimValue v = cim_null(p ? p->type : 0);
        if (SUCCEEDED(hr))
                hr = ObjectOwn(o);
        if (SUCCEEDED(hr) && value)
                hr = ValueOfVariant(value, v.type, o->instance->owner, &v);
        if (SUCCEEDED(hr))
                hr = Fits(&ClassOf(o)->properties[i], &v) ? PutValue(o, i, v) : (HRESULT)WBEM_E_TYPE_MISMATCH;
        arena_deinit(&a);
        return hr;
}

// What GetNames and BeginEnumeration select by: one origin, or one condition on classes; and keys,
// references.
enum {
        SELECT_CLASS = WBEM_FLAG_CLASS_OVERRIDES_ONLY | WBEM_FLAG_CLASS_LOCAL_AND_OVERRIDES,
        SELECT_KIND = WBEM_FLAG_KEYS_ONLY | WBEM_FLAG_REFS_ONLY,
        SELECT_QUALIFIER = 3, // WBEM_FLAG_ALWAYS, ONLY_IF_TRUE, ONLY_IF_FALSE, ONLY_IF_IDENTICAL
};

static BOOL SelectionGood(const Object *o, LONG flags)
{
        LONG origin = flags & WBEM_MASK_CONDITION_ORIGIN, class = flags & SELECT_CLASS;
        if (flags & ~(WBEM_MASK_CONDITION_ORIGIN | SELECT_CLASS | SELECT_KIND) ||
            origin > WBEM_FLAG_NONSYSTEM_ONLY)
                return FALSE;
        return !class || (class != SELECT_CLASS && !origin && o->instance->is_class);
}

static BOOL SelectedByOrigin(const Object *o, LONG i, LONG flags)
{
        const CimProperty *p = i < 0 ? NULL : &ClassOf(o)->properties[i];
        switch (flags & (WBEM_MASK_CONDITION_ORIGIN | SELECT_CLASS)) {
        case WBEM_FLAG_SYSTEM_ONLY:
                return !p;
        case WBEM_FLAG_NONSYSTEM_ONLY:
                return p != NULL;
        case WBEM_FLAG_LOCAL_ONLY:
        case WBEM_FLAG_CLASS_LOCAL_AND_OVERRIDES:
                return p && p->local;
        case WBEM_FLAG_PROPAGATED_ONLY:
                return p && !p->local;
        case WBEM_FLAG_CLASS_OVERRIDES_ONLY:
                return p && p->local && p->origin != ClassOf(o);
        default:
                return TRUE;
        }
}

// Does property i (below 0: system property CIM_SYSTEM_COUNT + i) belong to an enumeration with these flags?
static BOOL Selected(const Object *o, LONG i, LONG flags)
{
        const CimProperty *p = i < 0 ? NULL : &ClassOf(o)->properties[i];
        BOOL key = p && cim_qualifier_true(p->qualifiers, p->qualifier_count, STR("key"));
        BOOL reference = p && cim_type(p->type) == CIM_REFERENCE;
        if (flags & SELECT_KIND && !(flags & WBEM_FLAG_KEYS_ONLY && key) &&
            !(flags & WBEM_FLAG_REFS_ONLY && reference))
                return FALSE;
        return SelectedByOrigin(o, i, flags);
}

// Has the qualifier this value?
static BOOL Identical(const CimQualifier *q, const VARIANT *value)
{
        Arena a = {0};
        CimValue v;
        BOOL same = SUCCEEDED(ValueOfVariant(value, q->value.type, &a, &v)) && cim_value_same(&v, &q->value);
        arena_deinit(&a);
        return same;
}

static BOOL SelectedByQualifier(const Object *o, LONG i, LONG flags, Str qualifier, const VARIANT *value)
{
        LONG how = flags & SELECT_QUALIFIER;
        if (how == WBEM_FLAG_ALWAYS)
                return TRUE;
        const CimQualifier *q = NULL;
        if (i >= 0)
                q = cim_qualifier_find(ClassOf(o)->properties[i].qualifiers,
                                       ClassOf(o)->properties[i].qualifier_count, qualifier);
        return how == WBEM_FLAG_ONLY_IF_TRUE    ? q != NULL
               : how == WBEM_FLAG_ONLY_IF_FALSE ? !q
                                                : q && Identical(q, value);
}

static BSTR NameAt(const Object *o, LONG i)
{
        return BstrOfStr(i < 0 ? str_of(cim_system_name((CimSystemProperty)(i + CIM_SYSTEM_COUNT)))
                               : ClassOf(o)->properties[i].name);
}

static HRESULT NamesOf(const Object *o, LONG flags, Str qualifier, const VARIANT *value, SAFEARRAY **ret)
{
        LONG total = (LONG)ClassOf(o)->property_count, n = 0, k = 0;
        for (LONG i = -CIM_SYSTEM_COUNT; i < total; i++)
                n += Selected(o, i, flags) && SelectedByQualifier(o, i, flags, qualifier, value);
        SAFEARRAY *list = SafeArrayCreateVector(VT_BSTR, 0, (ULONG)n);
        HRESULT hr = list ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
        for (LONG i = -CIM_SYSTEM_COUNT; SUCCEEDED(hr) && i < total; i++) {
                if (!Selected(o, i, flags) || !SelectedByQualifier(o, i, flags, qualifier, value))
                        continue;
                BSTR name = NameAt(o, i);
                hr = name ? SafeArrayPutElement(list, &k, name) : (HRESULT)WBEM_E_OUT_OF_MEMORY;
                SysFreeString(name);
                k++;
        }
        if (SUCCEEDED(hr))
                *ret = list;
        else if (list)
                SafeArrayDestroy(list);
        return hr;
}

// With WBEM_FLAG_ALWAYS qualifier and value are not looked at, as documented.
static HRESULT STDMETHODCALLTYPE ObjectGetNames(IWbemClassObject *iface, LPCWSTR qualifier, LONG flags,
                                                VARIANT *value, SAFEARRAY **names)
{
        Object *o = impl_from_IWbemClassObject(iface);
        Arena a = {0};
        Str q = {"", 0};
        if (!names)
                return WBEM_E_INVALID_PARAMETER;
        *names = NULL;
        LONG how = flags & SELECT_QUALIFIER;
        if (!SelectionGood(o, flags & ~SELECT_QUALIFIER))
                return WBEM_E_INVALID_PARAMETER;
        if (how != WBEM_FLAG_ALWAYS &&
            (!qualifier || (how == WBEM_FLAG_ONLY_IF_IDENTICAL) != (value != NULL)))
                return WBEM_E_INVALID_PARAMETER;
        HRESULT hr = how != WBEM_FLAG_ALWAYS ? NameOf(qualifier, &a, &q) : S_OK;
        if (SUCCEEDED(hr))
                hr = NamesOf(o, flags, q, value, names);
        arena_deinit(&a);
        return hr;
}

// --- enumeration
// ---------------------------------------------------------------------------------------------

static HRESULT STDMETHODCALLTYPE ObjectBeginEnumeration(IWbemClassObject *iface, LONG flags)
{
        Object *o = impl_from_IWbemClassObject(iface);
        if (!SelectionGood(o, flags))
                return WBEM_E_INVALID_PARAMETER;
        o->cursor = 0;
        o->cursor_flags = flags;
        return WBEM_S_NO_ERROR;
}

static HRESULT STDMETHODCALLTYPE ObjectNext(IWbemClassObject *iface, LONG flags, BSTR *name, VARIANT *value,
                                            CIMTYPE *type, LONG *flavor)
{
        Object *o = impl_from_IWbemClassObject(iface);
        LONG total = (LONG)ClassOf(o)->property_count + CIM_SYSTEM_COUNT;
        if (flags)
                return WBEM_E_INVALID_PARAMETER;
        if (o->cursor < 0)
                return WBEM_E_UNEXPECTED;
        while (o->cursor < total && !Selected(o, o->cursor - CIM_SYSTEM_COUNT, o->cursor_flags))
                o->cursor++;
        if (o->cursor >= total)
                return WBEM_S_NO_MORE_DATA;
        LONG i = o->cursor - CIM_SYSTEM_COUNT;
        VARIANT fresh;
        VariantInit(&fresh);
        BSTR text = name ? NameAt(o, i) : NULL;
        HRESULT hr =
                name && !text ? (HRESULT)WBEM_E_OUT_OF_MEMORY
                : i < 0 ? SystemGet(o, (CimSystemProperty)(i + CIM_SYSTEM_COUNT), value ? &fresh : NULL, type)
                        : PropertyGet(o, i, value ? &fresh : NULL, type, flavor);
        if (FAILED(hr)) {
                SysFreeString(text);
                return hr;
        }
        if (i < 0 && flavor)
                *flavor = WBEM_FLAVOR_ORIGIN_SYSTEM;
        if (name)
                *name = text;
        if (value)
                *value = fresh;
        else
                VariantClear(&fresh);
        o->cursor++;
        return hr;
}

static HRESULT STDMETHODCALLTYPE ObjectEndEnumeration(IWbemClassObject *iface)
{
        Object *o = impl_from_IWbemClassObject(iface);
        if (o->cursor < 0)
                return WBEM_E_UNEXPECTED;
        o->cursor = -1;
        return WBEM_S_NO_ERROR;
}

// --- the rest
// ---------------------------------------------------------------------------------------------------

static HRESULT STDMETHODCALLTYPE ObjectClone(IWbemClassObject *iface, IWbemClassObject **ret)
{
        Object *o = impl_from_IWbemClassObject(iface);
        CimInstance *copy;
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        int r = cim_instance_copy(o->instance, &copy);
        return r < 0 ? HresultOfErrno(r) : ObjectFromInstance(copy, ret);
}

static HRESULT STDMETHODCALLTYPE ObjectGetObjectText(IWbemClassObject *iface, LONG flags, BSTR *ret)
{
        Object *o = impl_from_IWbemClassObject(iface);
        Buf text = {0};
        if (!ret || (flags & ~WBEM_FLAG_NO_FLAVORS))
                return WBEM_E_INVALID_PARAMETER;
        if (o->instance->is_class)
                cim_text_class(ClassOf(o), &text);
        else
                cim_text_instance(o->instance, &text);
        *ret = text.failed ? NULL : BstrOfStr((Str){(const char *)text.p, text.n});
        buf_deinit(&text);
        return *ret ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
}

static HRESULT STDMETHODCALLTYPE ObjectSpawnInstance(IWbemClassObject *iface, LONG flags,
                                                     IWbemClassObject **ret)
{
        Object *o = impl_from_IWbemClassObject(iface);
        CimInstance *fresh;
        if (flags || !ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        if (ClassOf(o)->abstract)
                return WBEM_E_INVALID_OPERATION;
        int r = cim_instance_new(ClassOf(o), &fresh);
        if (r < 0)
                return HresultOfErrno(r);
        r = cim_instance_place(
                fresh, o->instance->namespace); // where its class is; __PATH is there once its keys are
        if (r < 0) {
                cim_instance_unref(fresh);
                return HresultOfErrno(r);
        }
        return ObjectFromInstance(fresh, ret);
}

static HRESULT STDMETHODCALLTYPE ObjectGetPropertyOrigin(IWbemClassObject *iface, LPCWSTR name, BSTR *ret)
{
        Object *o = impl_from_IWbemClassObject(iface);
        Arena a = {0};
        Str s;
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        HRESULT hr = NameOf(name, &a, &s);
        int i = SUCCEEDED(hr) ? cim_class_property(ClassOf(o), s) : -1;
        if (SUCCEEDED(hr) && i >= 0)
                *ret = BstrOfStr(ClassOf(o)->properties[i].origin->name);
        else if (SUCCEEDED(hr) && IsSystem(s))
                *ret = SysAllocString(L"___SYSTEM");
        else if (SUCCEEDED(hr))
                hr = WBEM_E_NOT_FOUND;
        arena_deinit(&a);
        return SUCCEEDED(hr) && !*ret ? (HRESULT)WBEM_E_OUT_OF_MEMORY : hr;
}

static HRESULT STDMETHODCALLTYPE ObjectInheritsFrom(IWbemClassObject *iface, LPCWSTR ancestor)
{
        Object *o = impl_from_IWbemClassObject(iface);
        Arena a = {0};
        Str s;
        HRESULT hr = NameOf(ancestor, &a, &s);
        if (SUCCEEDED(hr))
                hr = cim_class_isa(ClassOf(o), s) ? S_OK : (HRESULT)WBEM_S_FALSE;
        arena_deinit(&a);
        return hr;
}

// The same properties with the same values, whatever their qualifiers are.
static BOOL SameValues(const CimInstance *a, const CimInstance *b)
{
        if (!str_ieq(a->class->name, b->class->name) || a->is_class != b->is_class ||
            a->class->property_count != b->class->property_count)
                return FALSE;
        for (size_t i = 0; i < a->class->property_count; i++) {
                const CimProperty *p = &a->class->properties[i], *q = &b->class->properties[i];
                if (!str_ieq(p->name, q->name) || p->type != q->type ||
                    !cim_value_same(&a->values[i], &b->values[i]))
                        return FALSE;
        }
        return TRUE;
}

// Qualifiers are a class's, so those of two instances of one class are the same.
static HRESULT STDMETHODCALLTYPE ObjectCompareTo(IWbemClassObject *iface, LONG flags, IWbemClassObject *other)
{
        const CimInstance *a = impl_from_IWbemClassObject(iface)->instance;
        if (!other)
                return WBEM_E_INVALID_PARAMETER;
        if (flags & ~(WBEM_FLAG_IGNORE_QUALIFIERS | WBEM_FLAG_IGNORE_OBJECT_SOURCE | WBEM_FLAG_IGNORE_FLAVOR))
                return E_NOTIMPL;
        const CimInstance *b = ObjectInstance(other);
        if (!b)
                return WBEM_E_INVALID_PARAMETER;
        BOOL same = flags & WBEM_FLAG_IGNORE_QUALIFIERS ? SameValues(a, b) : cim_instance_same(a, b);
        return same ? WBEM_S_SAME : WBEM_S_DIFFERENT;
}

static HRESULT STDMETHODCALLTYPE ObjectGetQualifierSet(IWbemClassObject *iface, IWbemQualifierSet **ret)
{
        Object *o = impl_from_IWbemClassObject(iface);
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        return QualifierSetCreate(ClassOf(o), NULL, !o->instance->is_class, ret);
}

static HRESULT STDMETHODCALLTYPE ObjectGetPropertyQualifierSet(IWbemClassObject *iface, LPCWSTR name,
                                                               IWbemQualifierSet **ret)
{
        Object *o = impl_from_IWbemClassObject(iface);
        Arena a = {0};
        Str s;
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        HRESULT hr = NameOf(name, &a, &s);
        int i = SUCCEEDED(hr) ? cim_class_property(ClassOf(o), s) : -1;
        if (i >= 0)
                hr = QualifierSetCreate(ClassOf(o), &ClassOf(o)->properties[i], !o->instance->is_class, ret);
        else if (SUCCEEDED(hr))
                hr = IsSystem(s) ? (HRESULT)WBEM_E_SYSTEM_PROPERTY : (HRESULT)WBEM_E_NOT_FOUND;
        arena_deinit(&a);
        return hr;
}

// --- IErrorInfo
// ---------------------------------------------------------------------------------------------------

static Object *impl_from_IErrorInfo(IErrorInfo *iface)
{
        return CONTAINING_RECORD(iface, Object, error);
}

static HRESULT STDMETHODCALLTYPE ErrorQueryInterface(IErrorInfo *iface, REFIID iid, void **ret)
{
        return ObjectQueryInterface(&impl_from_IErrorInfo(iface)->base, iid, ret);
}

static ULONG STDMETHODCALLTYPE ErrorAddRef(IErrorInfo *iface)
{
        return ObjectAddRef(&impl_from_IErrorInfo(iface)->base);
}

static ULONG STDMETHODCALLTYPE ErrorRelease(IErrorInfo *iface)
{
        return ObjectRelease(&impl_from_IErrorInfo(iface)->base);
}

static HRESULT STDMETHODCALLTYPE ErrorGetGUID(IErrorInfo *iface, GUID *ret)
{
        (void)iface;
        if (!ret)
                return E_INVALIDARG;
        *ret = IID_IWbemServices;
        return S_OK;
}

static HRESULT ErrorText(const Object *o, Str property, BSTR *ret)
{
        if (!ret)
                return E_INVALIDARG;
        *ret = NULL;
        const CimValue *v = cim_instance_get(o->instance, property);
        if (!v || v->null || v->type != CIM_STRING)
                return S_OK;
        *ret = BstrOfStr16(v->string);
        return *ret ? S_OK : E_OUTOFMEMORY;
}

static HRESULT STDMETHODCALLTYPE ErrorGetSource(IErrorInfo *iface, BSTR *ret)
{
        return ErrorText(impl_from_IErrorInfo(iface), STR("ProviderName"), ret);
}

static HRESULT STDMETHODCALLTYPE ErrorGetDescription(IErrorInfo *iface, BSTR *ret)
{
        return ErrorText(impl_from_IErrorInfo(iface), STR("Description"), ret);
}

static HRESULT STDMETHODCALLTYPE ErrorGetHelpFile(IErrorInfo *iface, BSTR *ret)
{
        (void)iface;
        if (!ret)
                return E_INVALIDARG;
        *ret = NULL; // there is none
        return S_OK;
}

static HRESULT STDMETHODCALLTYPE ErrorGetHelpContext(IErrorInfo *iface, DWORD *ret)
{
        (void)iface;
        if (!ret)
                return E_INVALIDARG;
        *ret = 0;
        return S_OK;
}

static IErrorInfoVtbl ErrorVtbl = {
        .QueryInterface = ErrorQueryInterface,
        .AddRef = ErrorAddRef,
        .Release = ErrorRelease,
        .GetGUID = ErrorGetGUID,
        .GetSource = ErrorGetSource,
        .GetDescription = ErrorGetDescription,
        .GetHelpFile = ErrorGetHelpFile,
        .GetHelpContext = ErrorGetHelpContext,
};

HRESULT ObjectFromStatus(CimInstance *take_instance, IErrorInfo **ret)
{
        Object *o;
        HRESULT hr = ObjectNew(take_instance, &o);
        if (FAILED(hr))
                return hr;
        o->is_error = TRUE;
        o->error.lpVtbl = &ErrorVtbl;
        *ret = &o->error;
        return S_OK;
}

// --- not there yet: each stands in docs/DIFFERENCES.md
// --------------------------------------------------------

static HRESULT STDMETHODCALLTYPE ObjectDelete(IWbemClassObject *iface, LPCWSTR name)
{
        (void)iface, (void)name;
        return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE ObjectSpawnDerivedClass(IWbemClassObject *iface, LONG flags,
                                                         IWbemClassObject **ret)
{
        (void)iface, (void)flags;
        if (ret)
                *ret = NULL;
        return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE ObjectGetMethod(IWbemClassObject *iface, LPCWSTR name, LONG flags,
                                                 IWbemClassObject **in, IWbemClassObject **out)
{
        (void)iface, (void)name, (void)flags;
        if (in)
                *in = NULL;
        if (out)
                *out = NULL;
        return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE ObjectPutMethod(IWbemClassObject *iface, LPCWSTR name, LONG flags,
                                                 IWbemClassObject *in, IWbemClassObject *out)
{
        (void)iface, (void)name, (void)flags, (void)in, (void)out;
        return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE ObjectDeleteMethod(IWbemClassObject *iface, LPCWSTR name)
{
        (void)iface, (void)name;
        return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE ObjectBeginMethodEnumeration(IWbemClassObject *iface, LONG flags)
{
        (void)iface, (void)flags;
        return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE ObjectNextMethod(IWbemClassObject *iface, LONG flags, BSTR *name,
                                                  IWbemClassObject **in, IWbemClassObject **out)
{
        (void)iface, (void)flags;
        if (name)
                *name = NULL;
        if (in)
                *in = NULL;
        if (out)
                *out = NULL;
        return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE ObjectEndMethodEnumeration(IWbemClassObject *iface)
{
        (void)iface;
        return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE ObjectGetMethodQualifierSet(IWbemClassObject *iface, LPCWSTR name,
                                                             IWbemQualifierSet **ret)
{
        (void)iface, (void)name;
        if (ret)
                *ret = NULL;
        return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE ObjectGetMethodOrigin(IWbemClassObject *iface, LPCWSTR name, BSTR *ret)
{
        (void)iface, (void)name;
        if (ret)
                *ret = NULL;
        return E_NOTIMPL;
}

static IWbemClassObjectVtbl ObjectVtbl = {
        .QueryInterface = ObjectQueryInterface,
        .AddRef = ObjectAddRef,
        .Release = ObjectRelease,
        .GetQualifierSet = ObjectGetQualifierSet,
        .Get = ObjectGet,
        .Put = ObjectPut,
        .Delete = ObjectDelete,
        .GetNames = ObjectGetNames,
        .BeginEnumeration = ObjectBeginEnumeration,
        .Next = ObjectNext,
        .EndEnumeration = ObjectEndEnumeration,
        .GetPropertyQualifierSet = ObjectGetPropertyQualifierSet,
        .Clone = ObjectClone,
        .GetObjectText = ObjectGetObjectText,
        .SpawnDerivedClass = ObjectSpawnDerivedClass,
        .SpawnInstance = ObjectSpawnInstance,
        .CompareTo = ObjectCompareTo,
        .GetPropertyOrigin = ObjectGetPropertyOrigin,
        .InheritsFrom = ObjectInheritsFrom,
        .GetMethod = ObjectGetMethod,
        .PutMethod = ObjectPutMethod,
        .DeleteMethod = ObjectDeleteMethod,
        .BeginMethodEnumeration = ObjectBeginMethodEnumeration,
        .NextMethod = ObjectNextMethod,
        .EndMethodEnumeration = ObjectEndMethodEnumeration,
        .GetMethodQualifierSet = ObjectGetMethodQualifierSet,
        .GetMethodOrigin = ObjectGetMethodOrigin,
};
