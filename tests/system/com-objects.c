// SPDX-License-Identifier: MIT
// com-objects: checks what calls that fail leave behind (IErrorInfo, __ExtendedStatus), class definitions as objects, and
// the system properties of objects, one by one against the service of this environment.
//
// The sources of what is checked are the public pages of GetErrorInfo, __ExtendedStatus, IWbemServices and
// IWbemClassObject, and "WMI System Properties".
#define COBJMACROS
#define CINTERFACE
#include <windows.h>
#include <ole2.h>
#include <oleauto.h>
#include <wbemidl.h>

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static int failures;
static IWbemServices *services;

#define NEXT_FLAGS (WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY)

static void Check(const char *what, HRESULT got, HRESULT wanted)
{
        if (got == wanted)
                return;
        failures++;
        printf("%s: got 0x%08X, wanted 0x%08X\n", what, (unsigned)got, (unsigned)wanted);
        fflush(stdout);
}

static void CheckTrue(const char *what, int condition)
{
        Check(what, condition ? S_OK : E_FAIL, S_OK);
}

// The text of a property; wanted NULL: it is NULL.
static void CheckText(IWbemClassObject *o, const wchar_t *name, const wchar_t *wanted)
{
        VARIANT v;
        char narrow[64] = "";
        for (int i = 0; name[i] && i < 63; i++)
                narrow[i] = (char)name[i];
        VariantInit(&v);
        Check(narrow, IWbemClassObject_Get(o, name, 0, &v, NULL, NULL), S_OK);
        if (!wanted)
                Check(narrow, V_VT(&v), VT_NULL);
        else if (V_VT(&v) != VT_BSTR || wcscmp(V_BSTR(&v), wanted) != 0) {
                failures++;
                printf("%s: got \"%ls\", wanted \"%ls\"\n", narrow, V_VT(&v) == VT_BSTR ? V_BSTR(&v) : L"(none)", wanted);
        }
        VariantClear(&v);
}

static LONG NumberOf(IWbemClassObject *o, const wchar_t *name)
{
        VARIANT v;
        VariantInit(&v);
        HRESULT hr = IWbemClassObject_Get(o, name, 0, &v, NULL, NULL);
        CheckTrue("a number", SUCCEEDED(hr) && V_VT(&v) == VT_I4);
        return V_VT(&v) == VT_I4 ? V_I4(&v) : -1;
}

static HRESULT Connect(const wchar_t *name, IWbemServices **ret)
{
        IWbemLocator *locator = NULL;
        BSTR n = SysAllocString(name);
        HRESULT hr = CoCreateInstance(&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator, (void **)&locator);
        if (SUCCEEDED(hr)) {
                hr = IWbemLocator_ConnectServer(locator, n, NULL, NULL, NULL, 0, NULL, NULL, ret);
                IWbemLocator_Release(locator);
        }
        SysFreeString(n);
        return hr;
}

static HRESULT Query(const wchar_t *query, LONG flags, IEnumWbemClassObject **ret)
{
        BSTR l = SysAllocString(L"WQL"), q = SysAllocString(query);
        HRESULT hr = IWbemServices_ExecNotificationQuery(services, l, q, flags, NULL, ret);
        SysFreeString(l);
        SysFreeString(q);
        return hr;
}

static HRESULT GetObjectOf(const wchar_t *path, IWbemClassObject **ret)
{
        BSTR p = SysAllocString(path);
        HRESULT hr = IWbemServices_GetObject(services, p, 0, NULL, ret, NULL);
        SysFreeString(p);
        return hr;
}

// --- error objects --------------------------------------------------------------------------------

static void NoError(const char *what)
{
        IErrorInfo *e = (IErrorInfo *)1;
        Check(what, GetErrorInfo(0, &e), S_FALSE);
        CheckTrue(what, e == NULL);
}

// The thread's error object says this; text: part of its description.
static void CheckError(HRESULT hr, const wchar_t *operation, const wchar_t *parameter, const wchar_t *text)
{
        IErrorInfo *e = NULL, *again = NULL;
        IWbemClassObject *o = NULL;
        IUnknown *one = NULL, *other = NULL;
        BSTR description = NULL, source = NULL, file = (BSTR)1;
        DWORD context = 7;
        GUID guid;
        Check("GetErrorInfo", GetErrorInfo(0, &e), S_OK);
        if (!e)
                return;
        NoError("it is handed out once");
        Check("GetDescription", IErrorInfo_GetDescription(e, &description), S_OK);
        CheckTrue("a description", description && wcsstr(description, text) != NULL);
        Check("GetSource", IErrorInfo_GetSource(e, &source), S_OK);
        CheckTrue("the source", source && wcscmp(source, L"WinMgmt") == 0);
        Check("GetGUID", IErrorInfo_GetGUID(e, &guid), S_OK);
        CheckTrue("the interface", IsEqualGUID(&guid, &IID_IWbemServices));
        Check("GetHelpFile", IErrorInfo_GetHelpFile(e, &file), S_OK);
        Check("GetHelpContext", IErrorInfo_GetHelpContext(e, &context), S_OK);
        CheckTrue("no help", !file && !context);
        Check("IWbemClassObject", IErrorInfo_QueryInterface(e, &IID_IWbemClassObject, (void **)&o), S_OK);
        Check("and back", IWbemClassObject_QueryInterface(o, &IID_IErrorInfo, (void **)&again), S_OK);
        CheckTrue("the same", again == e);
        Check("IUnknown", IErrorInfo_QueryInterface(e, &IID_IUnknown, (void **)&one), S_OK);
        Check("IUnknown", IWbemClassObject_QueryInterface(o, &IID_IUnknown, (void **)&other), S_OK);
        CheckTrue("one object", one == other);
        IUnknown_Release(one);
        IUnknown_Release(other);
        IErrorInfo_Release(again);
        IErrorInfo_Release(e);
        CheckText(o, L"__CLASS", L"__ExtendedStatus");
        CheckText(o, L"__SUPERCLASS", L"__NotifyStatus");
        CheckText(o, L"Operation", operation);
        CheckText(o, L"ParameterInfo", parameter);
        CheckText(o, L"ProviderName", L"WinMgmt");
        Check("StatusCode", NumberOf(o, L"StatusCode"), hr);
        SysFreeString(description);
        SysFreeString(source);
        Check("the last release", (HRESULT)IWbemClassObject_Release(o), 0);
}

static DWORD WINAPI Elsewhere(void *unused)
{
        IEnumWbemClassObject *e = NULL;
        (void)unused;
        NoError("another thread has its own");
        Query(L"SELECT * FORM X", NEXT_FLAGS, &e); // its object goes with the thread
        return 0;
}

static void Errors(void)
{
        IEnumWbemClassObject *e = NULL;
        IWbemClassObject *o = NULL;
        IErrorInfo *mine = NULL;
        NoError("nothing has failed");
        Check("a bad query", Query(L"SELECT * FORM X", NEXT_FLAGS, &e), WBEM_E_UNPARSABLE_QUERY);
        CheckError(WBEM_E_UNPARSABLE_QUERY, L"ExecNotificationQuery", L"SELECT * FORM X", L"FORM");
        Check("no such class", GetObjectOf(L"Nothing_Here", &o), WBEM_E_NOT_FOUND);
        Check("wrong flags", Query(L"SELECT * FROM X", 0, &e), WBEM_E_INVALID_PARAMETER); // not the service's word
        CheckError(WBEM_E_INVALID_PARAMETER, L"ExecNotificationQuery", L"SELECT * FROM X", L"parameter");
        Check("no query", IWbemServices_ExecNotificationQuery(services, NULL, NULL, NEXT_FLAGS, NULL, &e),
              WBEM_E_INVALID_PARAMETER);
        CheckError(WBEM_E_INVALID_PARAMETER, L"ExecNotificationQuery", NULL, L"parameter");
        Check("CancelAsyncCall", IWbemServices_CancelAsyncCall(services, NULL), WBEM_E_INVALID_PARAMETER);
        CheckError(WBEM_E_INVALID_PARAMETER, L"CancelAsyncCall", NULL, L"parameter");
        Check("not there", IWbemServices_ExecMethodAsync(services, NULL, NULL, 0, NULL, NULL, NULL), E_NOTIMPL);
        CheckError(E_NOTIMPL, L"ExecMethodAsync", NULL, L"not there");

        Check("a bad query", Query(L"SELECT * FORM X", NEXT_FLAGS, &e), WBEM_E_UNPARSABLE_QUERY);
        HANDLE t = CreateThread(NULL, 0, Elsewhere, NULL, 0, NULL);
        WaitForSingleObject(t, INFINITE);
        CloseHandle(t);
        CheckError(WBEM_E_UNPARSABLE_QUERY, L"ExecNotificationQuery", L"SELECT * FORM X", L"FORM");
        Check("a bad query", Query(L"SELECT * FORM X", NEXT_FLAGS, &e), WBEM_E_UNPARSABLE_QUERY);
        Check("a good call", GetObjectOf(L"__Event", &o), S_OK);
        NoError("a call that succeeds leaves none");
        Check("IErrorInfo of another object", IWbemClassObject_QueryInterface(o, &IID_IErrorInfo, (void **)&mine),
              E_NOINTERFACE);
        IWbemClassObject_Release(o);

        Check("a bad query", Query(L"SELECT * FORM X", NEXT_FLAGS, &e), WBEM_E_UNPARSABLE_QUERY);
        Check("GetErrorInfo", GetErrorInfo(0, &mine), S_OK);
        Check("SetErrorInfo", SetErrorInfo(0, mine), S_OK);
        Check("released here", (HRESULT)IErrorInfo_Release(mine), 1);
        CheckError(WBEM_E_UNPARSABLE_QUERY, L"ExecNotificationQuery", L"SELECT * FORM X", L"FORM");
        Check("SetErrorInfo of none", SetErrorInfo(0, NULL), S_OK);
        NoError("none");
        Check("reserved", SetErrorInfo(1, NULL), E_INVALIDARG);
        Check("reserved", GetErrorInfo(1, &mine), E_INVALIDARG);
        Check("into nowhere", GetErrorInfo(0, NULL), E_INVALIDARG);
}

// --- class definitions ----------------------------------------------------------------------------

static void Server(wchar_t *out, DWORD size)
{
        CheckTrue("GetComputerNameW", GetComputerNameW(out, &size));
}

// __PATH and its parts. relative NULL: it has none, nor a path.
static void CheckPlace(IWbemClassObject *o, const wchar_t *namespace, const wchar_t *relative)
{
        wchar_t path[1024] = L"\\\\", server[256] = L"";
        Server(server, 256);
        wcscat(path, server);
        wcscat(path, L"\\");
        wcscat(path, namespace);
        wcscat(path, L":");
        if (relative)
                wcscat(path, relative);
        CheckText(o, L"__SERVER", server);
        CheckText(o, L"__NAMESPACE", namespace);
        CheckText(o, L"__RELPATH", relative);
        CheckText(o, L"__PATH", relative ? path : NULL);
}

static void Definitions(void)
{
        IWbemClassObject *c = NULL, *clone = NULL, *instance = NULL, *other = NULL;
        BSTR text = NULL;
        VARIANT v;
        CIMTYPE type;
        LONG flavor, at = 0;
        BSTR first = NULL;
        Check("a class", GetObjectOf(L"__namespaceoperationevent", &c), S_OK);
        Check("its base", GetObjectOf(L"__Event", &other), S_OK);
        if (!c || !other)
                return;
        Check("__GENUS", NumberOf(c, L"__GENUS"), WBEM_GENUS_CLASS);
        Check("__PROPERTY_COUNT", NumberOf(c, L"__PROPERTY_COUNT"), 3);
        CheckText(c, L"__CLASS", L"__NamespaceOperationEvent");
        CheckText(c, L"__SUPERCLASS", L"__Event");
        CheckText(c, L"__DYNASTY", L"__SystemClass");
        CheckPlace(c, L"root\\wmi", L"__NamespaceOperationEvent");
        Check("__DERIVATION", IWbemClassObject_Get(c, L"__DERIVATION", 0, &v, &type, &flavor), S_OK);
        CheckTrue("an array of strings", V_VT(&v) == (VT_ARRAY | VT_BSTR) && type == (CIM_STRING | CIM_FLAG_ARRAY) &&
                                                 flavor == WBEM_FLAVOR_ORIGIN_SYSTEM);
        Check("the first one", SafeArrayGetElement(V_ARRAY(&v), &at, &first), S_OK);
        CheckTrue("is the superclass", first && wcscmp(first, L"__Event") == 0);
        SysFreeString(first);
        VariantClear(&v);
        CheckText(other, L"__DYNASTY", L"__SystemClass");

        Check("Clone", IWbemClassObject_Clone(c, &clone), S_OK);
        Check("CompareTo the clone", IWbemClassObject_CompareTo(c, 0, clone), WBEM_S_SAME);
        Check("without qualifiers", IWbemClassObject_CompareTo(c, WBEM_FLAG_IGNORE_QUALIFIERS, clone), WBEM_S_SAME);
        Check("CompareTo another class", IWbemClassObject_CompareTo(c, 0, other), WBEM_S_DIFFERENT);
        Check("GetObjectText", IWbemClassObject_GetObjectText(clone, 0, &text), S_OK);
        CheckTrue("a declaration", text && wcsstr(text, L"class __NamespaceOperationEvent") && wcsstr(text, L": __Event"));
        SysFreeString(text);
        CheckPlace(clone, L"root\\wmi", L"__NamespaceOperationEvent");
        IWbemClassObject_Release(clone);
        IWbemClassObject_Release(other);
        IWbemClassObject_Release(c);

        Check("a class with a key", GetObjectOf(L"__NAMESPACE", &c), S_OK);
        Check("SpawnInstance", IWbemClassObject_SpawnInstance(c, 0, &instance), S_OK);
        Check("CompareTo its instance", IWbemClassObject_CompareTo(c, 0, instance), WBEM_S_DIFFERENT);
        Check("__GENUS", NumberOf(instance, L"__GENUS"), WBEM_GENUS_INSTANCE);
        CheckPlace(instance, L"root\\wmi", NULL); // its key is NULL
        V_VT(&v) = VT_BSTR;
        V_BSTR(&v) = SysAllocString(L"a\"b");
        Check("Put", IWbemClassObject_Put(instance, L"Name", 0, &v, 0), S_OK);
        VariantClear(&v);
        CheckPlace(instance, L"root\\wmi", L"__NAMESPACE.Name=\"a\\\"b\"");
        IWbemClassObject_Release(instance);
        Check("the last release", (HRESULT)IWbemClassObject_Release(c), 0);
}

int main(void)
{
        CoInitializeEx(NULL, COINIT_MULTITHREADED);
        Check("ConnectServer", Connect(L"root\\wmi", &services), S_OK);
        if (!services)
                return 1;
        Errors();
        Definitions();
        Check("the last release of IWbemServices", (HRESULT)IWbemServices_Release(services), 0);
        CoUninitialize();
        return failures ? 1 : 0;
}
