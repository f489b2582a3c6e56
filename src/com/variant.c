// SPDX-License-Identifier: MIT
// VARIANT: clearing, copying, changing the type.
//
// Mirrors the public pages of oleauto.h for the types that WMI uses: integers, reals, booleans, strings,
// interfaces and arrays of these.
#include "com.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

void WINAPI VariantInit(VARIANTARG *v)
{
        memset(v, 0, sizeof(*v));
        V_VT(v) = VT_EMPTY;
}

HRESULT WINAPI VariantClear(VARIANTARG *v)
{
        VARTYPE vt = V_VT(v);
        if (vt & VT_BYREF) {
                // the caller's own
        } else if (vt & VT_ARRAY) {
                HRESULT hr = SafeArrayDestroy(V_ARRAY(v));
                if (FAILED(hr))
                        return hr;
        } else if (vt == VT_BSTR) {
                SysFreeString(V_BSTR(v));
        } else if ((vt == VT_UNKNOWN || vt == VT_DISPATCH) && V_UNKNOWN(v)) {
                IUnknown_Release(V_UNKNOWN(v));
        }
        VariantInit(v);
        return S_OK;
}

HRESULT WINAPI VariantCopy(VARIANTARG *to, VARIANTARG *from)
{
        if (to == from)
                return S_OK;
        VARIANT fresh = *from;
        VARTYPE vt = V_VT(from);
        if (vt & VT_BYREF) {
                // shared
        } else if (vt & VT_ARRAY) {
                HRESULT hr = SafeArrayCopy(V_ARRAY(from), &V_ARRAY(&fresh));
                if (FAILED(hr))
                        return hr;
        } else if (vt == VT_BSTR && V_BSTR(from)) {
                V_BSTR(&fresh) = SysAllocStringByteLen((LPCSTR)V_BSTR(from), SysStringByteLen(V_BSTR(from)));
                if (!V_BSTR(&fresh))
                        return E_OUTOFMEMORY;
        } else if ((vt == VT_UNKNOWN || vt == VT_DISPATCH) && V_UNKNOWN(from)) {
                IUnknown_AddRef(V_UNKNOWN(from));
        }
        HRESULT hr = VariantClear(to);
        if (FAILED(hr)) {
                VariantClear(&fresh);
                return hr;
        }
        *to = fresh;
        return S_OK;
}

HRESULT WINAPI VariantCopyInd(VARIANT *to, VARIANTARG *from)
{
        if (!(V_VT(from) & VT_BYREF))
                return VariantCopy(to, from);
        VARIANT direct;
        VariantInit(&direct);
        V_VT(&direct) = V_VT(from) & (VARTYPE)~VT_BYREF;
        if (!V_BYREF(from))
                return E_INVALIDARG;
        switch (V_VT(&direct)) {
        case VT_VARIANT:
                return V_VT(V_VARIANTREF(from)) & VT_BYREF ? E_INVALIDARG
                                                           : VariantCopy(to, V_VARIANTREF(from));
        case VT_I1:
        case VT_UI1:
                V_UI1(&direct) = *V_UI1REF(from);
                break;
        case VT_I2:
        case VT_UI2:
        case VT_BOOL:
                V_I2(&direct) = *V_I2REF(from);
                break;
        case VT_I4:
        case VT_UI4:
        case VT_INT:
        case VT_UINT:
        case VT_R4:
        case VT_ERROR:
                V_I4(&direct) = *V_I4REF(from);
                break;
        default:
                memcpy(&V_I8(&direct), V_BYREF(from), 8);
        }
        return VariantCopy(to, &direct);
}

// --- VariantChangeType: through one wide number, or through text
// ----------------------------------------------

typedef struct Number {
        enum { SIGNED, UNSIGNED, REAL } kind;
        LONGLONG i;
        ULONGLONG u;
        double r;
} Number;

// Numbers as text are WMI's, whatever locale the program has set: 0.1 never becomes 0,1.
static locale_t plain;
static pthread_once_t plain_once = PTHREAD_ONCE_INIT;

static void PlainInit(void)
{
        plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

// Returns what PlainEnd takes.
static locale_t PlainBegin(void)
{
        pthread_once(&plain_once, PlainInit);
        return plain ? uselocale(plain) : (locale_t)0;
}

static void PlainEnd(locale_t was)
{
        if (was)
                uselocale(was);
}

static HRESULT NumberOfText(BSTR s, Number *n)
{
        char text[64];
        UINT length = SysStringLen(s), k = 0;
        for (UINT i = 0; i < length; i++) {
                // Neither hexadecimal nor "inf" and "nan", which strtod would take.
                if (s[i] > 126 || !s[i] || !strchr(" +-.0123456789eE", s[i]) || k >= sizeof(text) - 1)
                        return DISP_E_TYPEMISMATCH;
                text[k++] = (char)s[i];
        }
        text[k] = 0;
        char *end = text, *start = text;
        while (*start == ' ')
                start++;
        if (!*start)
                return DISP_E_TYPEMISMATCH;
        errno = 0;
        if (*start == '-') {
                n->kind = SIGNED;
                n->i = strtoll(start, &end, 10);
        } else {
                n->kind = UNSIGNED;
                n->u = strtoull(start, &end, 10);
        }
        if (*end || errno) {
                locale_t was = PlainBegin();
                n->kind = REAL;
                n->r = strtod(start, &end);
                PlainEnd(was);
        }
        while (*end == ' ')
                end++;
        return *end || end == start ? DISP_E_TYPEMISMATCH : S_OK;
}

static HRESULT NumberOf(const VARIANT *v, Number *n)
{
        *n = (Number){.kind = SIGNED};
        switch (V_VT(v)) {
        case VT_EMPTY:
                return S_OK;
        case VT_I1:
                n->i = V_I1(v);
                return S_OK;
        case VT_I2:
                n->i = V_I2(v);
                return S_OK;
        case VT_I4:
        case VT_INT:
                n->i = V_I4(v);
                return S_OK;
        case VT_I8:
                n->i = V_I8(v);
                return S_OK;
        case VT_BOOL:
                n->i = V_BOOL(v) ? -1 : 0;
                return S_OK;
        case VT_UI1:
                n->i = V_UI1(v);
                return S_OK;
        case VT_UI2:
                n->i = V_UI2(v);
                return S_OK;
        case VT_UI4:
        case VT_UINT:
                n->i = V_UI4(v);
                return S_OK;
        case VT_UI8:
                n->kind = UNSIGNED;
                n->u = V_UI8(v);
                return S_OK;
        case VT_R4:
                n->kind = REAL;
                n->r = (double)V_R4(v);
                return S_OK;
        case VT_R8:
                n->kind = REAL;
                n->r = V_R8(v);
                return S_OK;
        case VT_BSTR:
                return NumberOfText(V_BSTR(v), n);
        default:
                return DISP_E_TYPEMISMATCH;
        }
}

// Into least..most; reals are rounded half to even, as documented for VariantChangeType.
static HRESULT NumberToSigned(const Number *n, LONGLONG least, LONGLONG most, LONGLONG *ret)
{
        LONGLONG i = n->i;
        if (n->kind == UNSIGNED) {
                if (n->u > (ULONGLONG)most)
                        return DISP_E_OVERFLOW;
                i = (LONGLONG)n->u;
        } else if (n->kind == REAL) {
                double r = nearbyint(n->r);
                if (!(r >= -9223372036854775808.0 && r < 9223372036854775808.0))
                        return DISP_E_OVERFLOW;
                i = (LONGLONG)r;
        }
        if (i < least || i > most)
                return DISP_E_OVERFLOW;
        *ret = i;
        return S_OK;
}

static HRESULT NumberToUnsigned(const Number *n, ULONGLONG most, ULONGLONG *ret)
{
        ULONGLONG u = n->u;
        if (n->kind == SIGNED) {
                if (n->i < 0)
                        return DISP_E_OVERFLOW;
                u = (ULONGLONG)n->i;
        } else if (n->kind == REAL) {
                double r = nearbyint(n->r);
                if (!(r >= 0 && r < 18446744073709551616.0))
                        return DISP_E_OVERFLOW;
                u = (ULONGLONG)r;
        }
        if (u > most)
                return DISP_E_OVERFLOW;
        *ret = u;
        return S_OK;
}

static double NumberToReal(const Number *n)
{
        return n->kind == REAL ? n->r : n->kind == UNSIGNED ? (double)n->u : (double)n->i;
}

static BSTR TextOfAscii(const char *text)
{
        OLECHAR wide[64];
        UINT n = 0;
        for (; text[n] && n < 64; n++)
                wide[n] = (OLECHAR)text[n];
        return SysAllocStringLen(wide, n);
}

static HRESULT TextOf(const VARIANT *v, USHORT flags, BSTR *ret)
{
        char text[64];
        Number n;
        if (V_VT(v) == VT_BOOL && flags & VARIANT_ALPHABOOL) {
                *ret = TextOfAscii(V_BOOL(v) ? "True" : "False");
        } else if (V_VT(v) == VT_EMPTY) {
                *ret = SysAllocString(L"");
        } else {
                HRESULT hr = NumberOf(v, &n);
                if (FAILED(hr))
                        return hr;
                if (n.kind == REAL) { // the shortest text that reads back as the same number
                        locale_t was = PlainBegin();
                        for (int digits = V_VT(v) == VT_R4 ? 6 : 15; digits <= 17; digits++) {
                                snprintf(text, sizeof(text), "%.*G", digits, n.r);
                                double back = strtod(text, NULL);
                                if (V_VT(v) == VT_R4 ? (float)back == V_R4(v) : back == n.r)
                                        break;
                        }
                        PlainEnd(was);
                } else if (n.kind == UNSIGNED) {
                        snprintf(text, sizeof(text), "%llu", n.u);
                } else {
                        snprintf(text, sizeof(text), "%lld", n.i);
                }
                *ret = TextOfAscii(text);
        }
        return *ret ? S_OK : E_OUTOFMEMORY;
}

static HRESULT BooleanOf(const VARIANT *v, VARIANT_BOOL *ret)
{
        if (V_VT(v) == VT_BSTR && V_BSTR(v)) {
                if (_wcsicmp(V_BSTR(v), L"true") == 0 || _wcsicmp(V_BSTR(v), L"#TRUE#") == 0)
                        return *ret = VARIANT_TRUE, S_OK;
                if (_wcsicmp(V_BSTR(v), L"false") == 0 || _wcsicmp(V_BSTR(v), L"#FALSE#") == 0)
                        return *ret = VARIANT_FALSE, S_OK;
        }
        Number n;
        HRESULT hr = NumberOf(v, &n);
        if (SUCCEEDED(hr))
                *ret = NumberToReal(&n) != 0 ? VARIANT_TRUE : VARIANT_FALSE;
        return hr;
}

static HRESULT ChangeNumber(VARIANT *to, const VARIANT *from, VARTYPE vt)
{
        static const struct {
                VARTYPE vt;
                LONGLONG least;
                ULONGLONG most;
        } ranges[] = {{VT_I1, -128, 127},
                      {VT_I2, -32768, 32767},
                      {VT_I4, INT32_MIN, INT32_MAX},
                      {VT_INT, INT32_MIN, INT32_MAX},
                      {VT_I8, INT64_MIN, INT64_MAX},
                      {VT_UI1, 0, 255},
                      {VT_UI2, 0, 65535},
                      {VT_UI4, 0, UINT32_MAX},
                      {VT_UINT, 0, UINT32_MAX},
                      {VT_UI8, 0, UINT64_MAX}};
        Number n;
        HRESULT hr = NumberOf(from, &n);
        if (FAILED(hr))
                return hr;
        if (vt == VT_R8 || vt == VT_R4) {
                double r = NumberToReal(&n);
                if (vt == VT_R8)
                        V_R8(to) = r;
                else if (isfinite(r) && fabs(r) > (double)__FLT_MAX__)
                        return DISP_E_OVERFLOW;
                else
                        V_R4(to) = (float)r;
                return S_OK;
        }
        for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
                if (ranges[i].vt != vt)
                        continue;
                if (ranges[i].least == 0)
                        return NumberToUnsigned(&n, ranges[i].most, &V_UI8(to));
                return NumberToSigned(&n, ranges[i].least, (LONGLONG)ranges[i].most,
                                      &V_I8(to)); // little endian: narrower members see the low bytes
        }
        return DISP_E_TYPEMISMATCH;
}

HRESULT WINAPI VariantChangeTypeEx(VARIANTARG *to, VARIANTARG *from, LCID locale, USHORT flags, VARTYPE vt)
{
        (void)locale;
        VARIANT direct, result;
        HRESULT hr = S_OK;
        if (V_VT(from) == vt)
                return VariantCopy(to, from);
        VariantInit(&direct);
        VariantInit(&result);
        if (V_VT(from) & VT_BYREF) {
                hr = VariantCopyInd(&direct, from);
                from = &direct;
        }
        if (FAILED(hr)) {
                // said already
        } else if (V_VT(from) == vt) {
                hr = VariantCopy(&result, from);
        } else if (V_VT(from) & VT_ARRAY || vt & (VT_ARRAY | VT_BYREF) || V_VT(from) == VT_NULL) {
                hr = DISP_E_TYPEMISMATCH;
        } else if (vt == VT_BSTR) {
                hr = TextOf(from, flags, &V_BSTR(&result));
        } else if (vt == VT_BOOL) {
                hr = BooleanOf(from, &V_BOOL(&result));
        } else if (vt == VT_UNKNOWN && V_VT(from) == VT_DISPATCH) {
                V_UNKNOWN(&result) = V_UNKNOWN(from);
                if (V_UNKNOWN(from))
                        IUnknown_AddRef(V_UNKNOWN(from));
        } else if (vt == VT_EMPTY || vt == VT_NULL) {
                hr = vt == VT_NULL ? DISP_E_TYPEMISMATCH : S_OK;
        } else {
                hr = ChangeNumber(&result, from, vt);
        }
        VariantClear(&direct);
        if (FAILED(hr))
                return hr;
        V_VT(&result) = vt;
        hr = VariantClear(to);
        if (SUCCEEDED(hr))
                *to = result;
        else
                VariantClear(&result);
        return hr;
}

HRESULT WINAPI VariantChangeType(VARIANTARG *to, VARIANTARG *from, USHORT flags, VARTYPE vt)
{
        return VariantChangeTypeEx(to, from, 0x0409, flags, vt);
}
