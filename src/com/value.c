// SPDX-License-Identifier: MIT
// CIM values as VARIANTs and back.
#include "value.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"

BSTR BstrOfStr16(Str16 s)
{
        return SysAllocStringLen((const OLECHAR *)s.p, (UINT)s.n);
}

BSTR BstrOfStr(Str s)
{
        Arena a = {0};
        Str16 w = utf_to16(&a, s);
        BSTR b = w.p ? BstrOfStr16(w) : NULL;
        arena_deinit(&a);
        return b;
}

static VARTYPE VartypeOf(CimType t)
{
        switch (t) {
        case CIM_SINT8:
        case CIM_SINT16:
        case CIM_CHAR16:
                return VT_I2;
        case CIM_UINT8:
                return VT_UI1;
        case CIM_UINT16:
        case CIM_SINT32:
        case CIM_UINT32:
                return VT_I4;
        case CIM_REAL32:
                return VT_R4;
        case CIM_REAL64:
                return VT_R8;
        case CIM_BOOLEAN:
                return VT_BOOL;
        case CIM_OBJECT:
                return VT_UNKNOWN;
        case CIM_SINT64:
        case CIM_UINT64:
        case CIM_STRING:
        case CIM_DATETIME:
        case CIM_REFERENCE:
                return VT_BSTR;
        case CIM_NONE:
                break;
        }
        return VT_EMPTY;
}

static HRESULT VariantOfWide(const CimValue *v, VARIANT *ret)
{
        char text[24];
        if (cim_type(v->type) == CIM_SINT64)
                snprintf(text, sizeof(text), "%lld", (long long)v->sint);
        else
                snprintf(text, sizeof(text), "%llu", (unsigned long long)v->uint);
        V_BSTR(ret) = BstrOfStr(str_of(text));
        return V_BSTR(ret) ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
}

static HRESULT VariantOfObject(const CimInstance *object, VARIANT *ret)
{
        CimInstance *copy;
        int r = cim_instance_copy(object, &copy);
        if (r < 0)
                return HresultOfErrno(r);
        IWbemClassObject *o;
        HRESULT hr = ObjectFromInstance(copy, &o);
        if (SUCCEEDED(hr))
                V_UNKNOWN(ret) = (IUnknown *)o;
        return hr;
}

static HRESULT VariantOfScalar(const CimValue *v, VARIANT *ret)
{
        V_VT(ret) = VartypeOf(cim_type(v->type));
        switch (cim_type(v->type)) {
        case CIM_SINT8:
        case CIM_SINT16:
                V_I2(ret) = (SHORT)v->sint;
                return S_OK;
        case CIM_CHAR16:
                V_I2(ret) = (SHORT)v->uint;
                return S_OK;
        case CIM_UINT8:
                V_UI1(ret) = (BYTE)v->uint;
                return S_OK;
        case CIM_SINT32:
                V_I4(ret) = (LONG)v->sint;
                return S_OK;
        case CIM_UINT16:
        case CIM_UINT32:
                V_I4(ret) = (LONG)(ULONG)v->uint;
                return S_OK;
        case CIM_REAL32:
                V_R4(ret) = (float)v->real;
                return S_OK;
        case CIM_REAL64:
                V_R8(ret) = v->real;
                return S_OK;
        case CIM_BOOLEAN:
                V_BOOL(ret) = v->boolean ? VARIANT_TRUE : VARIANT_FALSE;
                return S_OK;
        case CIM_SINT64:
        case CIM_UINT64:
                return VariantOfWide(v, ret);
        case CIM_STRING:
        case CIM_DATETIME:
        case CIM_REFERENCE:
                V_BSTR(ret) = BstrOfStr16(v->string);
                return V_BSTR(ret) ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
        case CIM_OBJECT:
                return VariantOfObject(v->object, ret);
        case CIM_NONE:
                break;
        }
        return WBEM_E_FAILED;
}

static HRESULT VariantOfArray(const CimValue *v, VARIANT *ret)
{
        VARTYPE vt = VartypeOf(cim_type(v->type));
        SAFEARRAY *a = SafeArrayCreateVector(vt, 0, v->array.count);
        if (!a)
                return WBEM_E_OUT_OF_MEMORY;
        for (LONG i = 0; i < (LONG)v->array.count; i++) {
                VARIANT element;
                VariantInit(&element);
                if (v->array.items[i].null)
                        continue; // a zero or an empty string: a SAFEARRAY has no NULL for it
                HRESULT hr = VariantOfScalar(&v->array.items[i], &element);
                if (SUCCEEDED(hr))
                        hr = SafeArrayPutElement(a, &i,
                                                 vt == VT_BSTR || vt == VT_UNKNOWN ? (void *)V_BYREF(&element)
                                                                                   : (void *)&V_I8(&element));
                if (SUCCEEDED(hr) || V_VT(&element) == VT_BSTR || V_VT(&element) == VT_UNKNOWN)
                        VariantClear(&element);
                if (FAILED(hr)) {
                        SafeArrayDestroy(a);
                        return hr;
                }
        }
        V_VT(ret) = VT_ARRAY | vt;
        V_ARRAY(ret) = a;
        return S_OK;
}

HRESULT VariantOfValue(const CimValue *v, VARIANT *ret)
{
        VariantInit(ret);
        if (v->null) {
                V_VT(ret) = VT_NULL;
                return S_OK;
        }
        HRESULT hr = cim_is_array(v->type) ? VariantOfArray(v, ret) : VariantOfScalar(v, ret);
        if (FAILED(hr))
                VariantInit(ret);
        return hr;
}

// --- back
// -----------------------------------------------------------------------------------------------------

static HRESULT StringOfVariant(const VARIANT *v, Arena *a, CimValue *ret)
{
        if (V_VT(v) != VT_BSTR)
                return WBEM_E_TYPE_MISMATCH;
        ret->string = utf16_copy(a, V_BSTR(v) ? (const void *)V_BSTR(v) : (const void *)L"",
                                 SysStringLen(V_BSTR(v)));
        if (!ret->string.p)
                return WBEM_E_OUT_OF_MEMORY;
        return cim_type(ret->type) == CIM_DATETIME && !cim_datetime_valid(ret->string)
                       ? (HRESULT)WBEM_E_TYPE_MISMATCH
                       : S_OK;
}

// 64-bit integers come as decimal text; the others as documented, and whatever VariantChangeType makes fit.
static HRESULT IntegerOfVariant(const VARIANT *v, CimType t, CimValue *ret)
{
        VARIANT wide;
        VariantInit(&wide);
        BOOL is_signed = cim_type_is_signed(t);
        VARIANT from = *v;
        if (V_VT(v) == VT_I4 && t == CIM_UINT32) { // a uint32 above 2^31 travels as a negative VT_I4
                ret->uint = (ULONG)V_I4(v);
                return S_OK;
        }
        if (V_VT(v) == VT_I2 && t == CIM_UINT32) // documented so
                return WBEM_E_TYPE_MISMATCH;
        if (V_VT(v) != VT_BSTR && (t == CIM_SINT64 || t == CIM_UINT64) && V_VT(v) != VT_I4 &&
            V_VT(v) != VT_I8 && V_VT(v) != VT_UI8)
                return WBEM_E_TYPE_MISMATCH;
        HRESULT hr = VariantChangeType(&wide, &from, 0, is_signed ? VT_I8 : VT_UI8);
        if (FAILED(hr))
                return hr == DISP_E_OVERFLOW ? (HRESULT)WBEM_E_VALUE_OUT_OF_RANGE
                                             : (HRESULT)WBEM_E_TYPE_MISMATCH;
        int64_t least = 0;
        uint64_t most = 0xFFFF; // char16
        cim_type_range(t, &least, &most);
        if (is_signed) {
                ret->sint = V_I8(&wide);
                return ret->sint < least || ret->sint > (int64_t)most ? (HRESULT)WBEM_E_VALUE_OUT_OF_RANGE
                                                                      : S_OK;
        }
        ret->uint = V_UI8(&wide);
        return ret->uint > most ? (HRESULT)WBEM_E_VALUE_OUT_OF_RANGE : S_OK;
}

static HRESULT RealOfVariant(const VARIANT *v, CimValue *ret)
{
        VARIANT real, from = *v;
        VariantInit(&real);
        HRESULT hr = VariantChangeType(&real, &from, 0, VT_R8);
        if (FAILED(hr))
                return WBEM_E_TYPE_MISMATCH;
        ret->real = cim_type(ret->type) == CIM_REAL32 ? (double)(float)V_R8(&real) : V_R8(&real);
        return S_OK;
}

// An object of ours; what it holds is borrowed.
static HRESULT ObjectOfVariant(const VARIANT *v, CimValue *ret)
{
        IWbemClassObject *o;
        if (V_VT(v) != VT_UNKNOWN || !V_UNKNOWN(v) ||
            FAILED(IUnknown_QueryInterface(V_UNKNOWN(v), &IID_IWbemClassObject, (void **)&o)))
                return WBEM_E_TYPE_MISMATCH;
        ret->object = ObjectInstance(o);
        IWbemClassObject_Release(o); // the variant holds it
        return ret->object ? S_OK : (HRESULT)WBEM_E_TYPE_MISMATCH;
}

// Element i, without taking anything: as if the array's owner had laid it into a VARIANT.
static void ElementAt(SAFEARRAY *from, VARTYPE vt, LONG i, VARIANT *ret)
{
        const char *p = (const char *)from->pvData + (size_t)i * from->cbElements;
        if (vt == VT_VARIANT) {
                *ret = *(const VARIANT *)(const void *)p;
                return;
        }
        VariantInit(ret);
        V_VT(ret) = vt;
        memcpy(&V_I8(ret), p, from->cbElements);
}

static HRESULT ArrayOfVariant(const VARIANT *v, uint16_t type, Arena *a, CimValue *ret)
{
        SAFEARRAY *from = V_VT(v) & VT_ARRAY && !(V_VT(v) & VT_BYREF) ? V_ARRAY(v) : NULL;
        VARTYPE vt = V_VT(v) & VT_TYPEMASK;
        if (!from || SafeArrayGetDim(from) != 1 || !from->cbElements || from->cbElements > sizeof(VARIANT) ||
            (vt != VT_VARIANT && from->cbElements > sizeof(V_I8(v))))
                return WBEM_E_TYPE_MISMATCH;
        ULONG n = from->rgsabound[0].cElements;
        if (n > LIMIT_ARRAY_ITEMS)
                return WBEM_E_INVALID_PARAMETER;
        CimValue *items = arena_array(a, CimValue, n ? n : 1);
        if (!items)
                return WBEM_E_OUT_OF_MEMORY;
        for (ULONG i = 0; i < n; i++) {
                VARIANT element;
                ElementAt(from, vt, (LONG)i, &element);
                HRESULT hr = V_VT(&element) == VT_NULL || V_VT(&element) == VT_EMPTY
                                     ? (HRESULT)WBEM_E_ILLEGAL_NULL
                                     : ValueOfVariant(&element, cim_type(type), a, &items[i]);
                if (FAILED(hr))
                        return hr;
        }
        ret->array.items = items;
        ret->array.count = n;
        return S_OK;
}

HRESULT ValueOfVariant(const VARIANT *v, uint16_t type, Arena *a, CimValue *ret)
{
        *ret = (CimValue){.type = type};
        if (V_VT(v) == VT_NULL || V_VT(v) == VT_EMPTY) {
                ret->null = true;
                return S_OK;
        }
        if (cim_is_array(type))
                return ArrayOfVariant(v, type, a, ret);
        CimType t = cim_type(type);
        VARIANT from = *v, flag;
        switch (t) {
        case CIM_STRING:
        case CIM_DATETIME:
        case CIM_REFERENCE:
                return StringOfVariant(v, a, ret);
        case CIM_BOOLEAN:
                VariantInit(&flag);
                if (FAILED(VariantChangeType(&flag, &from, 0, VT_BOOL)))
                        return WBEM_E_TYPE_MISMATCH;
                ret->boolean = V_BOOL(&flag) != VARIANT_FALSE;
                return S_OK;
        case CIM_REAL32:
        case CIM_REAL64:
                return RealOfVariant(v, ret);
        case CIM_OBJECT:
                return ObjectOfVariant(v, ret);
        case CIM_NONE:
                return WBEM_E_TYPE_MISMATCH;
        case CIM_SINT8:
        case CIM_UINT8:
        case CIM_SINT16:
        case CIM_UINT16:
        case CIM_SINT32:
        case CIM_UINT32:
        case CIM_SINT64:
        case CIM_UINT64:
        case CIM_CHAR16:
                return IntegerOfVariant(v, t, ret);
        }
        return WBEM_E_TYPE_MISMATCH;
}
