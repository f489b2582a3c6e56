// SPDX-License-Identifier: MIT
// oleauto and the Win32 around it: strings, arrays, variants, events, sections.
#include "com.h"

#include <locale.h>

#include "base/testkit.h"

static void strings_are_counted(void **state)
{
        (void)state;
        BSTR s = SysAllocString(L"abc");
        assert_int_equal(SysStringLen(s), 3);
        assert_int_equal(SysStringByteLen(s), 6);
        assert_int_equal(s[3], 0);
        assert_true(SysReAllocStringLen(&s, L"x\0y", 3));
        assert_int_equal(SysStringLen(s), 3);
        assert_int_equal(s[2], 'y');
        SysFreeString(s);
        assert_null(SysAllocString(NULL));
        SysFreeString(NULL);
        assert_int_equal(SysStringLen(NULL), 0);
        s = SysAllocStringByteLen("abc", 3);
        assert_int_equal(SysStringByteLen(s), 3);
        assert_int_equal(SysStringLen(s), 1);
        SysFreeString(s);
        assert_null(SysAllocStringLen(NULL, 0xFFFFFFFF));
}

static void arrays_of_strings(void **state)
{
        (void)state;
        SAFEARRAY *a = SafeArrayCreateVector(VT_BSTR, 2, 3), *b;
        LONG low, high, i = 3;
        VARTYPE vt;
        BSTR in = SysAllocString(L"three"), out;
        assert_non_null(a);
        assert_int_equal(SafeArrayGetLBound(a, 1, &low), S_OK);
        assert_int_equal(SafeArrayGetUBound(a, 1, &high), S_OK);
        assert_int_equal(low, 2);
        assert_int_equal(high, 4);
        assert_int_equal(SafeArrayGetUBound(a, 2, &high), DISP_E_BADINDEX);
        assert_int_equal(SafeArrayPutElement(a, &i, in), S_OK);
        SysFreeString(in); // the array has a copy
        assert_int_equal(SafeArrayCopy(a, &b), S_OK);
        assert_int_equal(SafeArrayDestroy(a), S_OK);
        assert_int_equal(SafeArrayGetVartype(b, &vt), S_OK);
        assert_int_equal(vt, VT_BSTR);
        assert_int_equal(SafeArrayGetElement(b, &i, &out), S_OK);
        assert_int_equal(wcscmp(out, L"three"), 0);
        SysFreeString(out);
        i = 5;
        assert_int_equal(SafeArrayGetElement(b, &i, &out), DISP_E_BADINDEX);
        i = 1;
        assert_int_equal(SafeArrayGetElement(b, &i, &out), DISP_E_BADINDEX);
        SafeArrayLock(b);
        assert_int_equal(SafeArrayDestroy(b), DISP_E_ARRAYISLOCKED);
        SafeArrayUnlock(b);
        assert_int_equal(SafeArrayUnlock(b), E_UNEXPECTED);
        assert_int_equal(SafeArrayDestroy(b), S_OK);
        assert_null(SafeArrayCreateVector(VT_I4, 0, 0xFFFFFFFF));
        assert_null(SafeArrayCreateVector(VT_UI1, 0x7FFFFFFF, 2)); // its upper bound is no LONG
        assert_null(SafeArrayCreateVector(VT_UI1, INT32_MIN, 0));
}

static void arrays_of_two_dimensions(void **state)
{
        (void)state;
        SAFEARRAYBOUND bounds[2] = {{2, 0}, {3, 10}};
        SAFEARRAY *a = SafeArrayCreate(VT_I4, 2, bounds);
        LONG *data, high, v = 7, got, at[2] = {1, 12};
        assert_int_equal(SafeArrayGetUBound(a, 2, &high), S_OK);
        assert_int_equal(high, 12);
        assert_int_equal(SafeArrayPutElement(a, at, &v), S_OK);
        assert_int_equal(SafeArrayGetElement(a, at, &got), S_OK);
        assert_int_equal(got, 7);
        assert_int_equal(SafeArrayAccessData(a, (void **)&data), S_OK);
        assert_int_equal(data[1 + 2 * 2], 7); // the first index changes fastest
        SafeArrayUnaccessData(a);
        SafeArrayDestroy(a);
}

static HRESULT Change(VARIANT from, VARTYPE vt, VARIANT *to)
{
        VariantInit(to);
        return VariantChangeType(to, &from, 0, vt);
}

static VARIANT I4(LONG n)
{
        VARIANT v;
        VariantInit(&v);
        V_VT(&v) = VT_I4;
        V_I4(&v) = n;
        return v;
}

static VARIANT R8(double r)
{
        VARIANT v;
        VariantInit(&v);
        V_VT(&v) = VT_R8;
        V_R8(&v) = r;
        return v;
}

static void variants_change_type(void **state)
{
        (void)state;
        VARIANT v, s;
        assert_int_equal(Change(I4(-5), VT_BSTR, &v), S_OK);
        assert_int_equal(wcscmp(V_BSTR(&v), L"-5"), 0);
        assert_int_equal(Change(v, VT_I2, &s), S_OK);
        assert_int_equal(V_I2(&s), -5);
        assert_int_equal(Change(v, VT_UI4, &s), DISP_E_OVERFLOW);
        VariantClear(&v);
        assert_int_equal(Change(I4(256), VT_UI1, &v), DISP_E_OVERFLOW);
        assert_int_equal(Change(R8(2.5), VT_I4, &v), S_OK);
        assert_int_equal(V_I4(&v), 2); // half to even
        assert_int_equal(Change(R8(3.5), VT_I4, &v), S_OK);
        assert_int_equal(V_I4(&v), 4);
        assert_int_equal(Change(R8(1e30), VT_I8, &v), DISP_E_OVERFLOW);
        assert_int_equal(Change(R8(0.1), VT_BSTR, &v), S_OK);
        assert_int_equal(wcscmp(V_BSTR(&v), L"0.1"), 0);
        VariantClear(&v);
        assert_int_equal(Change(I4(3), VT_BOOL, &v), S_OK);
        assert_int_equal(V_BOOL(&v), VARIANT_TRUE);
        V_VT(&s) = VT_BSTR;
        V_BSTR(&s) = SysAllocString(L"18446744073709551615");
        assert_int_equal(Change(s, VT_UI8, &v), S_OK);
        assert_true(V_UI8(&v) == UINT64_MAX);
        assert_int_equal(Change(s, VT_I8, &v), DISP_E_OVERFLOW);
        VariantClear(&s);
        V_VT(&s) = VT_BSTR;
        V_BSTR(&s) = SysAllocString(L"12 apples");
        assert_int_equal(Change(s, VT_I4, &v), DISP_E_TYPEMISMATCH);
        VariantClear(&s);
        const wchar_t *const no_numbers[] = {L"0x10", L"inf", L"nan", L"", L"  ", L"-", L"1,5", L"1e", L"."};
        for (size_t i = 0; i < sizeof(no_numbers) / sizeof(no_numbers[0]); i++) {
                V_VT(&s) = VT_BSTR;
                V_BSTR(&s) = SysAllocString(no_numbers[i]);
                assert_int_equal(Change(s, VT_R8, &v), DISP_E_TYPEMISMATCH);
                VariantClear(&s);
        }
        V_VT(&s) = VT_NULL;
        assert_int_equal(Change(s, VT_I4, &v), DISP_E_TYPEMISMATCH);
}

static void numbers_know_no_locale(void **state)
{
        (void)state;
        VARIANT v, s;
        if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
                testkit_skip("no locale with a decimal comma is installed");
        assert_int_equal(Change(R8(0.5), VT_BSTR, &s), S_OK);
        assert_int_equal(wcscmp(V_BSTR(&s), L"0.5"), 0);
        assert_int_equal(Change(s, VT_R8, &v), S_OK);
        assert_true(V_R8(&v) == 0.5);
        VariantClear(&s);
        setlocale(LC_ALL, "C");
}

static void variants_copy_deeply(void **state)
{
        (void)state;
        VARIANT a, b;
        VariantInit(&a);
        VariantInit(&b);
        V_VT(&a) = VT_BSTR;
        V_BSTR(&a) = SysAllocString(L"deep");
        assert_int_equal(VariantCopy(&b, &a), S_OK);
        assert_ptr_not_equal(V_BSTR(&a), V_BSTR(&b));
        VariantClear(&a);
        assert_int_equal(V_VT(&a), VT_EMPTY);
        assert_int_equal(wcscmp(V_BSTR(&b), L"deep"), 0);
        VariantClear(&b);
}

static DWORD WINAPI SetLater(LPVOID p)
{
        SetEvent(p);
        return 42;
}

static void events_and_threads(void **state)
{
        (void)state;
        DWORD code;
        HANDLE e = CreateEventW(NULL, FALSE, FALSE, NULL), both[2];
        assert_int_equal(WaitForSingleObject(e, 0), WAIT_TIMEOUT);
        HANDLE t = CreateThread(NULL, 0, SetLater, e, 0, NULL);
        both[0] = e;
        both[1] = t;
        assert_int_equal(WaitForMultipleObjects(2, both, TRUE, INFINITE), WAIT_OBJECT_0);
        assert_true(GetExitCodeThread(t, &code));
        assert_int_equal(code, 42);
        assert_int_equal(WaitForSingleObject(e, 0), WAIT_TIMEOUT); // auto-reset: the wait took it
        SetEvent(e);
        assert_int_equal(WaitForMultipleObjects(2, both, FALSE, INFINITE), WAIT_OBJECT_0);
        assert_true(CloseHandle(t));
        assert_true(CloseHandle(e));
        assert_false(CloseHandle(NULL));
        assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
}

static DWORD WINAPI Relay(LPVOID p)
{
        HANDLE *pair = p;
        WaitForSingleObject(pair[0], INFINITE);
        SetEvent(pair[1]);
        return GetCurrentThreadId();
}

// Each thread waits for the one before it; one wait for two of them needs both.
static void many_waits(void **state)
{
        (void)state;
        enum { N = 40 };
        HANDLE chain[N + 1], t[N], ends[2];
        DWORD id[N], code;
        for (int i = 0; i <= N; i++)
                chain[i] = CreateEventW(NULL, FALSE, FALSE, NULL);
        for (int i = 0; i < N; i++)
                assert_non_null(t[i] = CreateThread(NULL, 0, Relay, &chain[i], 0, &id[i]));
        ends[0] = chain[N];
        ends[1] = t[N - 1];
        assert_int_equal(WaitForMultipleObjects(2, ends, TRUE, 10), WAIT_TIMEOUT);
        SetEvent(chain[0]);
        assert_int_equal(WaitForMultipleObjects(2, ends, TRUE, INFINITE), WAIT_OBJECT_0);
        assert_int_equal(WaitForMultipleObjects(N, t, TRUE, INFINITE), WAIT_OBJECT_0);
        for (int i = 0; i < N; i++) {
                assert_true(GetExitCodeThread(t[i], &code));
                assert_int_equal(code, id[i]);
                CloseHandle(t[i]);
        }
        for (int i = 0; i <= N; i++)
                CloseHandle(chain[i]);
        assert_int_equal(WaitForMultipleObjects(0, chain, FALSE, 0), WAIT_FAILED);
        assert_int_equal(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS + 1, chain, FALSE, 0), WAIT_FAILED);
}

static void apartments(void **state)
{
        (void)state;
        void *p;
        assert_int_equal(
                CoCreateInstance(&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator, &p),
                CO_E_NOTINITIALIZED);
        assert_int_equal(CoInitializeEx(NULL, COINIT_MULTITHREADED), S_OK);
        assert_int_equal(CoInitializeEx(NULL, COINIT_MULTITHREADED), S_FALSE);
        assert_int_equal(CoInitialize(NULL), RPC_E_CHANGED_MODE);
        assert_int_equal(CoInitializeSecurity(NULL, -1, NULL, NULL, 0, 3, NULL, 0, NULL), S_OK);
        assert_int_equal(CoInitializeSecurity(NULL, -1, NULL, NULL, 0, 3, NULL, 0, NULL), RPC_E_TOO_LATE);
        assert_int_equal(
                CoCreateInstance(&IID_IWbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator, &p),
                REGDB_E_CLASSNOTREG);
        assert_int_equal(
                CoCreateInstance(&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemServices, &p),
                E_NOINTERFACE);
        assert_int_equal(
                CoCreateInstance(&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator, &p),
                S_OK);
        IWbemServices *s;
        BSTR elsewhere = SysAllocString(L"\\\\elsewhere\\root\\wmi"), here = SysAllocString(L"root\\wmi");
        assert_int_equal(
                IWbemLocator_ConnectServer((IWbemLocator *)p, elsewhere, NULL, NULL, NULL, 0, NULL, NULL, &s),
                (HRESULT)WBEM_E_TRANSPORT_FAILURE);
        assert_int_equal(
                IWbemLocator_ConnectServer((IWbemLocator *)p, here, here, NULL, NULL, 0, NULL, NULL, &s),
                (HRESULT)WBEM_E_LOCAL_CREDENTIALS);
        assert_int_equal(
                IWbemLocator_ConnectServer((IWbemLocator *)p, NULL, NULL, NULL, NULL, 0, NULL, NULL, &s),
                (HRESULT)WBEM_E_INVALID_PARAMETER);
        setenv("FREEWMI_SOCKET", "/nowhere/at/all", 1);
        assert_int_equal(
                IWbemLocator_ConnectServer((IWbemLocator *)p, here, NULL, NULL, NULL, 0, NULL, NULL, &s),
                (HRESULT)WBEM_E_TRANSPORT_FAILURE);
        SysFreeString(elsewhere);
        SysFreeString(here);
        assert_int_equal(IWbemLocator_Release((IWbemLocator *)p), 0);
        CoUninitialize();
        CoUninitialize();
}

int main(void)
{
        return testkit_run((TestCase[]){
                TEST(strings_are_counted), TEST(arrays_of_strings), TEST(arrays_of_two_dimensions),
                TEST(variants_change_type), TEST(numbers_know_no_locale), TEST(variants_copy_deeply),
                TEST(many_waits), TEST(events_and_threads), TEST(apartments), TEST_END});
}
