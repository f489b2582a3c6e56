// SPDX-License-Identifier: MIT
// SAFEARRAY: arrays that know their type and bounds.
//
// Mirrors the public pages of oleauto.h. Dimensions are kept in reverse, as documented: rgsabound[0] is the
// last. The type of the elements stands in the four bytes before the descriptor (FADF_HAVEVARTYPE).
#include "com.h"

enum { ARRAY_HEAD = 16 };

static ULONG ArrayElementSize(VARTYPE vt)
{
        switch (vt) {
        case VT_I1:
        case VT_UI1:
                return 1;
        case VT_I2:
        case VT_UI2:
        case VT_BOOL:
                return 2;
        case VT_I4:
        case VT_UI4:
        case VT_R4:
        case VT_INT:
        case VT_UINT:
        case VT_ERROR:
                return 4;
        case VT_I8:
        case VT_UI8:
        case VT_R8:
        case VT_DATE:
        case VT_CY:
                return 8;
        case VT_BSTR:
        case VT_UNKNOWN:
        case VT_DISPATCH:
                return sizeof(void *);
        case VT_VARIANT:
                return sizeof(VARIANT);
        default:
                return 0;
        }
}

static VARTYPE ArrayType(const SAFEARRAY *a)
{
        return a->fFeatures & FADF_HAVEVARTYPE
                       ? (VARTYPE) * (const uint32_t *)(const void *)((const char *)a - 4)
                       : VT_EMPTY;
}

// The number of elements; FALSE when it does not fit.
static BOOL ArrayCount(const SAFEARRAYBOUND *bounds, UINT dims, ULONG size, size_t *ret)
{
        size_t n = 1;
        for (UINT i = 0; i < dims; i++) {
                int64_t last = (int64_t)bounds[i].lLbound + bounds[i].cElements - 1;
                if (last < INT32_MIN || last > INT32_MAX ||
                    __builtin_mul_overflow(n, (size_t)bounds[i].cElements, &n))
                        return FALSE;
        }
        size_t bytes;
        if (__builtin_mul_overflow(n, (size_t)size, &bytes) || bytes > 0x7FFFFFFF)
                return FALSE;
        *ret = n;
        return TRUE;
}

SAFEARRAY *WINAPI SafeArrayCreate(VARTYPE vt, UINT dims, SAFEARRAYBOUND *bounds)
{
        ULONG size = ArrayElementSize(vt);
        size_t n;
        if (!size || dims == 0 || dims > 64 || !bounds || !ArrayCount(bounds, dims, size, &n))
                return NULL;
        char *block = calloc(1, ARRAY_HEAD + sizeof(SAFEARRAY) + (dims - 1) * sizeof(SAFEARRAYBOUND));
        void *data = calloc(n ? n : 1, size);
        if (!block || !data) {
                free(block);
                free(data);
                return NULL;
        }
        SAFEARRAY *a = (SAFEARRAY *)(void *)(block + ARRAY_HEAD);
        *(uint32_t *)(void *)((char *)a - 4) = vt;
        a->cDims = (USHORT)dims;
        a->fFeatures = FADF_HAVEVARTYPE;
        if (vt == VT_BSTR)
                a->fFeatures |= FADF_BSTR;
        else if (vt == VT_UNKNOWN || vt == VT_DISPATCH)
                a->fFeatures |= vt == VT_UNKNOWN ? FADF_UNKNOWN : FADF_DISPATCH;
        else if (vt == VT_VARIANT)
                a->fFeatures |= FADF_VARIANT;
        a->cbElements = size;
        a->pvData = data;
        for (UINT i = 0; i < dims; i++)
                a->rgsabound[i] = bounds[dims - 1 - i];
        return a;
}

SAFEARRAY *WINAPI SafeArrayCreateVector(VARTYPE vt, LONG low, ULONG n)
{
        SAFEARRAYBOUND b = {n, low};
        return SafeArrayCreate(vt, 1, &b);
}

static size_t ArrayTotal(const SAFEARRAY *a)
{
        size_t n = 0;
        return ArrayCount(a->rgsabound, a->cDims, a->cbElements, &n) ? n : 0;
}

static void ArrayFreeElement(const SAFEARRAY *a, void *p)
{
        if (a->fFeatures & FADF_BSTR) {
                SysFreeString(*(BSTR *)p);
                *(BSTR *)p = NULL;
        } else if (a->fFeatures & (FADF_UNKNOWN | FADF_DISPATCH)) {
                if (*(IUnknown **)p)
                        IUnknown_Release(*(IUnknown **)p);
                *(IUnknown **)p = NULL;
        } else if (a->fFeatures & FADF_VARIANT) {
                VariantClear(p);
        }
}

static HRESULT ArrayCopyElement(const SAFEARRAY *a, void *to, void *from)
{
        if (a->fFeatures & FADF_BSTR) {
                BSTR s = *(BSTR *)from;
                *(BSTR *)to = s ? SysAllocStringByteLen((LPCSTR)s, SysStringByteLen(s)) : NULL;
                return s && !*(BSTR *)to ? E_OUTOFMEMORY : S_OK;
        }
        if (a->fFeatures & FADF_VARIANT) {
                VariantInit(to);
                return VariantCopy(to, from);
        }
        memcpy(to, from, a->cbElements);
        if (a->fFeatures & (FADF_UNKNOWN | FADF_DISPATCH) && *(IUnknown **)to)
                IUnknown_AddRef(*(IUnknown **)to);
        return S_OK;
}

HRESULT WINAPI SafeArrayDestroy(SAFEARRAY *a)
{
        if (!a)
                return S_OK;
        if (a->cLocks)
                return DISP_E_ARRAYISLOCKED;
        size_t n = ArrayTotal(a);
        for (size_t i = 0; i < n; i++)
                ArrayFreeElement(a, (char *)a->pvData + i * a->cbElements);
        free(a->pvData);
        free((char *)a - ARRAY_HEAD);
        return S_OK;
}

HRESULT WINAPI SafeArrayCopy(SAFEARRAY *from, SAFEARRAY **ret)
{
        if (!ret)
                return E_INVALIDARG;
        *ret = NULL;
        if (!from)
                return S_OK;
        SAFEARRAYBOUND bounds[64];
        if (from->cDims > 64)
                return E_INVALIDARG;
        for (UINT i = 0; i < from->cDims; i++)
                bounds[i] = from->rgsabound[from->cDims - 1 - i];
        SAFEARRAY *a = SafeArrayCreate(ArrayType(from), from->cDims, bounds);
        if (!a)
                return E_OUTOFMEMORY;
        size_t n = ArrayTotal(from);
        for (size_t i = 0; i < n; i++) {
                size_t at = i * from->cbElements;
                HRESULT hr = ArrayCopyElement(from, (char *)a->pvData + at, (char *)from->pvData + at);
                if (FAILED(hr)) {
                        SafeArrayDestroy(a);
                        return hr;
                }
        }
        *ret = a;
        return S_OK;
}

UINT WINAPI SafeArrayGetDim(SAFEARRAY *a)
{
        return a ? a->cDims : 0;
}

UINT WINAPI SafeArrayGetElemsize(SAFEARRAY *a)
{
        return a ? a->cbElements : 0;
}

HRESULT WINAPI SafeArrayGetVartype(SAFEARRAY *a, VARTYPE *ret)
{
        if (!a || !ret)
                return E_INVALIDARG;
        *ret = ArrayType(a);
        return *ret ? S_OK : E_INVALIDARG;
}

HRESULT WINAPI SafeArrayGetLBound(SAFEARRAY *a, UINT dim, LONG *ret)
{
        if (!a || !ret)
                return E_INVALIDARG;
        if (dim == 0 || dim > a->cDims)
                return DISP_E_BADINDEX;
        *ret = a->rgsabound[a->cDims - dim].lLbound;
        return S_OK;
}

HRESULT WINAPI SafeArrayGetUBound(SAFEARRAY *a, UINT dim, LONG *ret)
{
        if (!a || !ret)
                return E_INVALIDARG;
        if (dim == 0 || dim > a->cDims)
                return DISP_E_BADINDEX;
        *ret = a->rgsabound[a->cDims - dim].lLbound + (LONG)a->rgsabound[a->cDims - dim].cElements - 1;
        return S_OK;
}

HRESULT WINAPI SafeArrayLock(SAFEARRAY *a)
{
        if (!a)
                return E_INVALIDARG;
        __atomic_add_fetch(&a->cLocks, 1, __ATOMIC_SEQ_CST);
        return S_OK;
}

HRESULT WINAPI SafeArrayUnlock(SAFEARRAY *a)
{
        if (!a)
                return E_INVALIDARG;
        ULONG had = __atomic_load_n(&a->cLocks, __ATOMIC_SEQ_CST);
        do {
                if (!had)
                        return E_UNEXPECTED;
        } while (!__atomic_compare_exchange_n(&a->cLocks, &had, had - 1, FALSE, __ATOMIC_SEQ_CST,
                                              __ATOMIC_SEQ_CST));
        return S_OK;
}

HRESULT WINAPI SafeArrayAccessData(SAFEARRAY *a, void **ret)
{
        if (!a || !ret)
                return E_INVALIDARG;
        SafeArrayLock(a);
        *ret = a->pvData;
        return S_OK;
}

HRESULT WINAPI SafeArrayUnaccessData(SAFEARRAY *a)
{
        return SafeArrayUnlock(a);
}

HRESULT WINAPI SafeArrayPtrOfIndex(SAFEARRAY *a, LONG *indices, void **ret)
{
        if (!a || !indices || !ret)
                return E_INVALIDARG;
        size_t at = 0, stride = 1;
        for (UINT i = 0; i < a->cDims; i++) { // the first index changes fastest
                const SAFEARRAYBOUND *b = &a->rgsabound[a->cDims - 1 - i];
                int64_t k = (int64_t)indices[i] - b->lLbound;
                if (k < 0 || k >= (int64_t)b->cElements)
                        return DISP_E_BADINDEX;
                at += (size_t)k * stride;
                stride *= b->cElements;
        }
        *ret = (char *)a->pvData + at * a->cbElements;
        return S_OK;
}

HRESULT WINAPI SafeArrayGetElement(SAFEARRAY *a, LONG *indices, void *ret)
{
        void *p;
        HRESULT hr = ret ? SafeArrayPtrOfIndex(a, indices, &p) : E_INVALIDARG;
        return SUCCEEDED(hr) ? ArrayCopyElement(a, ret, p) : hr;
}

HRESULT WINAPI SafeArrayPutElement(SAFEARRAY *a, LONG *indices, void *value)
{
        void *p;
        HRESULT hr = SafeArrayPtrOfIndex(a, indices, &p);
        if (FAILED(hr))
                return hr;
        VARIANT fresh; // the largest element, aligned for all
        void *from = value;
        if (a->fFeatures &
            (FADF_BSTR | FADF_UNKNOWN | FADF_DISPATCH)) // these are passed themselves, not by address
                from = &value;
        else if (!value)
                return E_INVALIDARG;
        hr = ArrayCopyElement(a, &fresh, from);
        if (FAILED(hr))
                return hr;
        ArrayFreeElement(a, p);
        memcpy(p, &fresh, a->cbElements);
        return S_OK;
}
