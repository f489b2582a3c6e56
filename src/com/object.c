// SPDX-License-Identifier: MIT
// IWbemClassObject over an instance (an event) or a class.
//
// System properties are made when asked for: of an event __PATH, __RELPATH, __SERVER and __NAMESPACE are NULL
// and
// __GENUS is 2, as documented. An object is used by one thread at a time, as on Windows; its count is atomic.
#include "objects.h"

#include <stdlib.h>

#include "base/limits.h"
#include "cim/text.h"
#include "value.h"

typedef struct Object {
        IWbemClassObject base;
        LONG refs;
        const CimClass *klass; // a reference
        CimInstance *instance; // NULL: the object is the class itself
        LONG cursor;           // of the enumeration; -1: BeginEnumeration was not called
        LONG cursor_flags;
} Object;

static IWbemClassObjectVtbl ObjectVtbl;

static Object *impl_from_IWbemClassObject(IWbemClassObject *iface)
{
        return CONTAINING_RECORD(iface, Object, base);
}

static HRESULT ObjectNew(const CimClass *c, CimInstance *take_instance, IWbemClassObject **ret)
{
        Object *o = calloc(1, sizeof(*o));
        if (!o) {
                cim_instance_unref(take_instance);
                return WBEM_E_OUT_OF_MEMORY;
        }
        o->base.lpVtbl = &ObjectVtbl;
        o->refs = 1;
        o->klass = cim_class_ref(c);
        o->instance = take_instance;
        o->cursor = -1;
        *ret = &o->base;
        return S_OK;
}

HRESULT ObjectFromInstance(CimInstance *take_instance, IWbemClassObject **ret)
{
        return ObjectNew(take_instance->class, take_instance, ret);
}

HRESULT ObjectFromClass(const CimClass *c, IWbemClassObject **ret)
{
        return ObjectNew(c, NULL, ret);
}

static HRESULT STDMETHODCALLTYPE ObjectQueryInterface(IWbemClassObject *iface, REFIID iid, void **ret)
{
        if (!ret)
                return E_POINTER;
        *ret = NULL;
        if (!iid)
                return E_INVALIDARG;
        if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IWbemClassObject))
                return E_NOINTERFACE;
        IWbemClassObject_AddRef(iface);
        *ret = iface;
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
                cim_class_unref(o->klass);
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

static const char *const SystemNames[] = {
        "__GENUS",          "__CLASS",      "__SUPERCLASS", "__DYNASTY",   "__RELPATH",
        "__PROPERTY_COUNT", "__DERIVATION", "__SERVER",     "__NAMESPACE", "__PATH"};
enum { SYSTEM_COUNT = sizeof(SystemNames) / sizeof(SystemNames[0]) };
enum { SYS_GENUS, SYS_CLASS, SYS_SUPERCLASS, SYS_DYNASTY, SYS_RELPATH, SYS_PROPERTY_COUNT, SYS_DERIVATION };

static int SystemIndex(Str name)
{
        for (int i = 0; i < SYSTEM_COUNT; i++)
                if (str_ieq(name, str_of(SystemNames[i])))
                        return i;
        return -1;
}

static HRESULT VariantOfName(Str s, VARIANT *ret)
{
        V_VT(ret) = VT_BSTR;
        V_BSTR(ret) = BstrOfStr(s);
        return V_BSTR(ret) ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
}

static HRESULT VariantOfDerivation(const CimClass *c, VARIANT *ret)
{
        SAFEARRAY *a = SafeArrayCreateVector(VT_BSTR, 0, c->depth);
        LONG i = 0;
        if (!a)
                return WBEM_E_OUT_OF_MEMORY;
        for (const CimClass *s = c->super; s && i < (LONG)c->depth; s = s->super, i++) {
                BSTR name = BstrOfStr(s->name);
                HRESULT hr = name ? SafeArrayPutElement(a, &i, name) : (HRESULT)WBEM_E_OUT_OF_MEMORY;
                SysFreeString(name);
                if (FAILED(hr)) {
                        SafeArrayDestroy(a);
                        return hr;
                }
        }
        V_VT(ret) = VT_ARRAY | VT_BSTR;
        V_ARRAY(ret) = a;
        return S_OK;
}

static HRESULT SystemGet(const Object *o, int i, VARIANT *ret, CIMTYPE *type)
{
        const CimClass *c = o->klass, *root = c;
        CIMTYPE t = CIM_STRING;
        HRESULT hr = S_OK;
        VariantInit(ret);
        V_VT(ret) = VT_NULL;
        switch (i) {
        case SYS_GENUS:
                t = CIM_SINT32;
                V_VT(ret) = VT_I4;
                V_I4(ret) = o->instance ? WBEM_GENUS_INSTANCE : WBEM_GENUS_CLASS;
                break;
        case SYS_PROPERTY_COUNT:
                t = CIM_SINT32;
                V_VT(ret) = VT_I4;
                V_I4(ret) = (LONG)c->property_count;
                break;
        case SYS_CLASS:
                hr = VariantOfName(c->name, ret);
                break;
        case SYS_SUPERCLASS:
                if (c->super)
                        hr = VariantOfName(c->super->name, ret);
                break;
        case SYS_DYNASTY:
                while (root->super)
                        root = root->super;
                hr = VariantOfName(root->name, ret);
                break;
        case SYS_RELPATH: // of a class its name; an event has no path
                if (!o->instance)
                        hr = VariantOfName(c->name, ret);
                break;
        case SYS_DERIVATION:
                t = CIM_STRING | CIM_FLAG_ARRAY;
                hr = VariantOfDerivation(c, ret);
                break;
        default:
                break;
        }
        if (FAILED(hr))
                VariantInit(ret);
        else if (type)
                *type = t;
        return hr;
}

static const CimValue *ObjectValue(const Object *o, LONG i)
{
        return o->instance ? &o->instance->values[i] : &o->klass->properties[i].value;
}

static HRESULT PropertyGet(const Object *o, LONG i, VARIANT *ret, CIMTYPE *type, LONG *flavor)
{
        const CimProperty *p = &o->klass->properties[i];
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
                int i = cim_class_property(o->klass, s), system = SystemIndex(s);
                VariantInit(&fresh);
                if (i >= 0)
                        hr = PropertyGet(o, i, value ? &fresh : NULL, type, flavor);
                else if (system >= 0)
                        hr = SystemGet(o, system, &fresh, type);
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

// Before a change: another subscription may hold the same event, perhaps in another thread.
static HRESULT ObjectOwn(Object *o)
{
        CimInstance *copy;
        if (__atomic_load_n(&o->instance->refs, __ATOMIC_ACQUIRE) == 1)
                return S_OK;
        int r = cim_instance_copy(o->instance, &copy);
        if (r < 0)
                return HresultOfErrno(r);
        cim_instance_unref(o->instance);
        o->instance = copy;
        return S_OK;
}

static HRESULT STDMETHODCALLTYPE ObjectPut(IWbemClassObject *iface, LPCWSTR name, LONG flags, VARIANT *value,
                                           CIMTYPE type)
{
        Object *o = impl_from_IWbemClassObject(iface);
        Arena a = {0};
        Str s;
        if (flags || !o->instance)
                return flags ? (HRESULT)WBEM_E_INVALID_PARAMETER : E_NOTIMPL;
        HRESULT hr = NameOf(name, &a, &s);
        int i = SUCCEEDED(hr) ? cim_class_property(o->klass, s) : -1;
        if (SUCCEEDED(hr) && i < 0)
                hr = SystemIndex(s) >= 0 ? (HRESULT)WBEM_E_SYSTEM_PROPERTY : (HRESULT)WBEM_E_NOT_FOUND;
        if (SUCCEEDED(hr) && type && type != (CIMTYPE)o->klass->properties[i].type)
                hr = WBEM_E_TYPE_MISMATCH;
        CimValue v = cim_null(i >= 0 ? o->klass->properties[i].type : 0);
        if (SUCCEEDED(hr))
                hr = ObjectOwn(o);
        if (SUCCEEDED(hr) && value)
                hr = ValueOfVariant(value, o->klass->properties[i].type, o->instance->owner, &v);
        if (SUCCEEDED(hr))
                o->instance->values[i] = v;
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
        return !class || (class != SELECT_CLASS && !origin && !o->instance);
}

static BOOL SelectedByOrigin(const Object *o, LONG i, LONG flags)
{
        const CimProperty *p = i < 0 ? NULL : &o->klass->properties[i];
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
                return p && p->local && p->origin != o->klass;
        default:
                return TRUE;
        }
}

// Does property i (below 0: system property SYSTEM_COUNT + i) belong to an enumeration with these flags?
static BOOL Selected(const Object *o, LONG i, LONG flags)
{
        const CimProperty *p = i < 0 ? NULL : &o->klass->properties[i];
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
                q = cim_qualifier_find(o->klass->properties[i].qualifiers,
                                       o->klass->properties[i].qualifier_count, qualifier);
        return how == WBEM_FLAG_ONLY_IF_TRUE    ? q != NULL
               : how == WBEM_FLAG_ONLY_IF_FALSE ? !q
                                                : q && Identical(q, value);
}

static BSTR NameAt(const Object *o, LONG i)
{
        return BstrOfStr(i < 0 ? str_of(SystemNames[i + SYSTEM_COUNT]) : o->klass->properties[i].name);
}

static HRESULT NamesOf(const Object *o, LONG flags, Str qualifier, const VARIANT *value, SAFEARRAY **ret)
{
        LONG total = (LONG)o->klass->property_count, n = 0, k = 0;
        for (LONG i = -SYSTEM_COUNT; i < total; i++)
                n += Selected(o, i, flags) && SelectedByQualifier(o, i, flags, qualifier, value);
        SAFEARRAY *list = SafeArrayCreateVector(VT_BSTR, 0, (ULONG)n);
        HRESULT hr = list ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
        for (LONG i = -SYSTEM_COUNT; SUCCEEDED(hr) && i < total; i++) {
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
        LONG total = (LONG)o->klass->property_count + SYSTEM_COUNT;
        if (flags)
                return WBEM_E_INVALID_PARAMETER;
        if (o->cursor < 0)
                return WBEM_E_UNEXPECTED;
        while (o->cursor < total && !Selected(o, o->cursor - SYSTEM_COUNT, o->cursor_flags))
                o->cursor++;
        if (o->cursor >= total)
                return WBEM_S_NO_MORE_DATA;
        LONG i = o->cursor - SYSTEM_COUNT;
        VARIANT fresh;
        VariantInit(&fresh);
        BSTR text = name ? NameAt(o, i) : NULL;
        HRESULT hr = name && !text ? (HRESULT)WBEM_E_OUT_OF_MEMORY
                     : i < 0       ? SystemGet(o, i + SYSTEM_COUNT, &fresh, type)
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
        CimInstance *copy = NULL;
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        if (o->instance) {
                int r = cim_instance_copy(o->instance, &copy);
                if (r < 0)
                        return HresultOfErrno(r);
        }
        return ObjectNew(o->klass, copy, ret);
}

static HRESULT STDMETHODCALLTYPE ObjectGetObjectText(IWbemClassObject *iface, LONG flags, BSTR *ret)
{
        Object *o = impl_from_IWbemClassObject(iface);
        Buf text = {0};
        if (!ret || (flags & ~WBEM_FLAG_NO_FLAVORS))
                return WBEM_E_INVALID_PARAMETER;
        if (o->instance)
                cim_text_instance(o->instance, &text);
        else
                cim_text_class(o->klass, &text);
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
        if (o->klass->abstract)
                return WBEM_E_INVALID_OPERATION;
        int r = cim_instance_new(o->klass, &fresh);
        return r < 0 ? HresultOfErrno(r) : ObjectFromInstance(fresh, ret);
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
        int i = SUCCEEDED(hr) ? cim_class_property(o->klass, s) : -1;
        if (SUCCEEDED(hr) && i >= 0)
                *ret = BstrOfStr(o->klass->properties[i].origin->name);
        else if (SUCCEEDED(hr) && SystemIndex(s) >= 0)
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
                hr = cim_class_isa(o->klass, s) ? S_OK : (HRESULT)WBEM_S_FALSE;
        arena_deinit(&a);
        return hr;
}

static HRESULT STDMETHODCALLTYPE ObjectCompareTo(IWbemClassObject *iface, LONG flags, IWbemClassObject *other)
{
        Object *o = impl_from_IWbemClassObject(iface), *p;
        // Qualifiers, origins and flavors are a class's, so those of two objects of one class are the same.
        LONG harmless =
                WBEM_FLAG_IGNORE_QUALIFIERS | WBEM_FLAG_IGNORE_OBJECT_SOURCE | WBEM_FLAG_IGNORE_FLAVOR;
        if (!other)
                return WBEM_E_INVALID_PARAMETER;
        if (flags & ~harmless)
                return E_NOTIMPL;
        if (other->lpVtbl != &ObjectVtbl)
                return WBEM_E_INVALID_PARAMETER;
        p = impl_from_IWbemClassObject(other);
        if (!str_ieq(o->klass->name, p->klass->name) || !o->instance != !p->instance ||
            o->klass->property_count != p->klass->property_count)
                return WBEM_S_DIFFERENT;
        for (LONG i = 0; i < (LONG)o->klass->property_count; i++)
                if (!cim_value_same(ObjectValue(o, i), ObjectValue(p, i)))
                        return WBEM_S_DIFFERENT;
        return WBEM_S_SAME;
}

static HRESULT STDMETHODCALLTYPE ObjectGetQualifierSet(IWbemClassObject *iface, IWbemQualifierSet **ret)
{
        Object *o = impl_from_IWbemClassObject(iface);
        if (!ret)
                return WBEM_E_INVALID_PARAMETER;
        *ret = NULL;
        return QualifierSetCreate(o->klass, NULL, o->instance != NULL, ret);
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
        int i = SUCCEEDED(hr) ? cim_class_property(o->klass, s) : -1;
        if (i >= 0)
                hr = QualifierSetCreate(o->klass, &o->klass->properties[i], o->instance != NULL, ret);
        else if (SUCCEEDED(hr))
                hr = SystemIndex(s) >= 0 ? (HRESULT)WBEM_E_SYSTEM_PROPERTY : (HRESULT)WBEM_E_NOT_FOUND;
        arena_deinit(&a);
        return hr;
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
