// SPDX-License-Identifier: MIT
// com-objects: checks what calls that fail leave behind (IErrorInfo, __ExtendedStatus), class definitions as
// objects, and the system properties of objects, one by one against the service of this environment.
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
                printf("%s: got \"%ls\", wanted \"%ls\"\n", narrow,
                       V_VT(&v) == VT_BSTR ? V_BSTR(&v) : L"(none)", wanted);
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
        HRESULT hr = CoCreateInstance(&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator,
                                      (void **)&locator);
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
        CheckError(WBEM_E_NOT_FOUND, L"GetObject", L"Nothing_Here", L"Nothing_Here");
        Check("wrong flags", Query(L"SELECT * FROM X", 0, &e),
              WBEM_E_INVALID_PARAMETER); // not the service's word
        CheckError(WBEM_E_INVALID_PARAMETER, L"ExecNotificationQuery", L"SELECT * FROM X", L"parameter");
        Check("no query", IWbemServices_ExecNotificationQuery(services, NULL, NULL, NEXT_FLAGS, NULL, &e),
              WBEM_E_INVALID_PARAMETER);
        CheckError(WBEM_E_INVALID_PARAMETER, L"ExecNotificationQuery", NULL, L"parameter");
        Check("CancelAsyncCall", IWbemServices_CancelAsyncCall(services, NULL), WBEM_E_INVALID_PARAMETER);
        CheckError(WBEM_E_INVALID_PARAMETER, L"CancelAsyncCall", NULL, L"parameter");
        Check("not there", IWbemServices_ExecMethodAsync(services, NULL, NULL, 0, NULL, NULL, NULL),
              E_NOTIMPL);
        CheckError(E_NOTIMPL, L"ExecMethodAsync", NULL, L"not there");

        Check("a bad query", Query(L"SELECT * FORM X", NEXT_FLAGS, &e), WBEM_E_UNPARSABLE_QUERY);
        HANDLE t = CreateThread(NULL, 0, Elsewhere, NULL, 0, NULL);
        WaitForSingleObject(t, INFINITE);
        CloseHandle(t);
        CheckError(WBEM_E_UNPARSABLE_QUERY, L"ExecNotificationQuery", L"SELECT * FORM X", L"FORM");
        Check("a bad query", Query(L"SELECT * FORM X", NEXT_FLAGS, &e), WBEM_E_UNPARSABLE_QUERY);
        Check("a good call", GetObjectOf(L"__Event", &o), S_OK);
        NoError("a call that succeeds leaves none");
        Check("IErrorInfo of another object",
              IWbemClassObject_QueryInterface(o, &IID_IErrorInfo, (void **)&mine), E_NOINTERFACE);
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
        CheckTrue("an array of strings", V_VT(&v) == (VT_ARRAY | VT_BSTR) &&
                                                 type == (CIM_STRING | CIM_FLAG_ARRAY) &&
                                                 flavor == WBEM_FLAVOR_ORIGIN_SYSTEM);
        Check("the first one", SafeArrayGetElement(V_ARRAY(&v), &at, &first), S_OK);
        CheckTrue("is the superclass", first && wcscmp(first, L"__Event") == 0);
        SysFreeString(first);
        VariantClear(&v);
        CheckText(other, L"__DYNASTY", L"__SystemClass");

        Check("Clone", IWbemClassObject_Clone(c, &clone), S_OK);
        Check("CompareTo the clone", IWbemClassObject_CompareTo(c, 0, clone), WBEM_S_SAME);
        Check("without qualifiers", IWbemClassObject_CompareTo(c, WBEM_FLAG_IGNORE_QUALIFIERS, clone),
              WBEM_S_SAME);
        Check("CompareTo another class", IWbemClassObject_CompareTo(c, 0, other), WBEM_S_DIFFERENT);
        Check("GetObjectText", IWbemClassObject_GetObjectText(clone, 0, &text), S_OK);
        CheckTrue("a declaration",
                  text && wcsstr(text, L"class __NamespaceOperationEvent") && wcsstr(text, L": __Event"));
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

// --- instances ------------------------------------------------------------------------------------

enum { MANY = 2000 }; // of 1,000 characters each: several batches

static HRESULT PutOf(IWbemClassObject *o, LONG flags)
{
        return IWbemServices_PutInstance(services, o, flags, NULL, NULL);
}

static void SetNumber(IWbemClassObject *o, const wchar_t *name, LONG n)
{
        VARIANT v = {0};
        V_VT(&v) = VT_I4;
        V_I4(&v) = n;
        Check("Put", IWbemClassObject_Put(o, name, 0, &v, 0), S_OK);
}

static void SetText(IWbemClassObject *o, const wchar_t *name, const wchar_t *text)
{
        VARIANT v = {0};
        V_VT(&v) = VT_BSTR;
        V_BSTR(&v) = SysAllocString(text);
        Check("Put", IWbemClassObject_Put(o, name, 0, &v, 0), S_OK);
        VariantClear(&v);
}

static IWbemClassObject *Spawn(const wchar_t *class, const wchar_t *name, LONG size)
{
        IWbemClassObject *c = NULL, *o = NULL;
        Check("GetObject", GetObjectOf(class, &c), S_OK);
        if (!c)
                exit(1);
        Check("SpawnInstance", IWbemClassObject_SpawnInstance(c, 0, &o), S_OK);
        IWbemClassObject_Release(c);
        SetText(o, L"Name", name);
        SetNumber(o, L"Size", size);
        return o;
}

static IWbemClassObject *Inside(IWbemClassObject *event, const wchar_t *name)
{
        VARIANT v;
        IWbemClassObject *o = NULL;
        CIMTYPE type = 0;
        VariantInit(&v);
        Check("Get", IWbemClassObject_Get(event, name, 0, &v, &type, NULL), S_OK);
        CheckTrue("an object", V_VT(&v) == VT_UNKNOWN && type == CIM_OBJECT);
        if (V_VT(&v) != VT_UNKNOWN)
                exit(1);
        Check("IWbemClassObject", IUnknown_QueryInterface(V_UNKNOWN(&v), &IID_IWbemClassObject, (void **)&o),
              S_OK);
        VariantClear(&v);
        return o;
}

// Arrays and objects in objects: what is put comes back, alone and in what it was put into.
static void Nested(void)
{
        IWbemClassObject *box = Spawn(L"Box", L"outer", 1), *thing = Spawn(L"Part", L"inner", 5), *got = NULL,
                         *inner = NULL;
        IWbemClassObject *wrong = Spawn(L"Other", L"wrong", 1);
        VARIANT v = {0};
        LONG at = 1, n = 0;
        BSTR b = SysAllocString(L"two");
        BYTE byte = 200;
        V_VT(&v) = VT_ARRAY | VT_BSTR;
        V_ARRAY(&v) = SafeArrayCreateVector(VT_BSTR, 0, 3);
        Check("SafeArrayPutElement", SafeArrayPutElement(V_ARRAY(&v), &at, b), S_OK);
        Check("Put strings", IWbemClassObject_Put(box, L"Texts", 0, &v, 0), S_OK);
        Check("Put strings as a string", IWbemClassObject_Put(box, L"Name", 0, &v, 0), WBEM_E_TYPE_MISMATCH);
        Check("Put strings as numbers", IWbemClassObject_Put(thing, L"Parts", 0, &v, 0),
              WBEM_E_TYPE_MISMATCH);
        VariantClear(&v);
        SysFreeString(b);
        V_VT(&v) = VT_ARRAY | VT_UI1;
        V_ARRAY(&v) = SafeArrayCreateVector(VT_UI1, 0, 2);
        SafeArrayPutElement(V_ARRAY(&v), &at, &byte);
        Check("Put bytes", IWbemClassObject_Put(thing, L"Parts", 0, &v, 0), S_OK);
        Check("Put an array as a number", IWbemClassObject_Put(thing, L"Size", 0, &v, 0),
              WBEM_E_TYPE_MISMATCH);
        VariantClear(&v);
        V_VT(&v) = VT_I4;
        Check("Put a number as an array", IWbemClassObject_Put(thing, L"Parts", 0, &v, 0),
              WBEM_E_TYPE_MISMATCH);
        V_VT(&v) = VT_UNKNOWN;
        V_UNKNOWN(&v) = (IUnknown *)wrong;
        Check("Put an object of another class", IWbemClassObject_Put(box, L"Inside", 0, &v, 0),
              WBEM_E_TYPE_MISMATCH);
        V_UNKNOWN(&v) = (IUnknown *)services;
        Check("Put what is no object", IWbemClassObject_Put(box, L"Inside", 0, &v, 0), WBEM_E_TYPE_MISMATCH);
        V_UNKNOWN(&v) = NULL;
        Check("Put nothing", IWbemClassObject_Put(box, L"Inside", 0, &v, 0), WBEM_E_TYPE_MISMATCH);
        V_UNKNOWN(&v) = (IUnknown *)thing;
        Check("Put an object", IWbemClassObject_Put(box, L"Inside", 0, &v, 0), S_OK);
        SetNumber(thing, L"Size", 6); // the box has its own by now
        Check("Put an object", IWbemClassObject_Put(box, L"Anything", 0, &v, 0), S_OK);
        Check("the caller's", (HRESULT)IWbemClassObject_Release(thing), 0);
        V_UNKNOWN(&v) = (IUnknown *)box;
        Check("Put it into itself", IWbemClassObject_Put(box, L"Anything", 0, &v, 0), S_OK);
        Check("PutInstance", PutOf(box, 0), S_OK);
        Check("GetObject", GetObjectOf(L"Box.Name=\"outer\"", &got), S_OK);
        Check("as it was put", IWbemClassObject_CompareTo(box, 0, got), WBEM_S_SAME);
        inner = Inside(got, L"Inside");
        CheckText(inner, L"__CLASS", L"Part");
        Check("Size", NumberOf(inner, L"Size"), 5);
        VariantInit(&v);
        Check("Get", IWbemClassObject_Get(inner, L"Parts", 0, &v, NULL, NULL), S_OK);
        CheckTrue("bytes", V_VT(&v) == (VT_ARRAY | VT_UI1));
        byte = 0;
        Check("SafeArrayGetElement", SafeArrayGetElement(V_ARRAY(&v), &at, &byte), S_OK);
        Check("the second one", byte, 200);
        VariantClear(&v);
        IWbemClassObject_Release(inner);
        inner = Inside(got, L"Anything");
        thing = Inside(inner, L"Anything");
        Check("Size", NumberOf(thing, L"Size"), 6);
        IWbemClassObject_Release(thing);
        IWbemClassObject_Release(inner);
        Check("Get", IWbemClassObject_Get(got, L"Texts", 0, &v, NULL, NULL), S_OK);
        Check("SafeArrayGetUBound", SafeArrayGetUBound(V_ARRAY(&v), 1, &n), S_OK);
        Check("three", n, 2);
        Check("SafeArrayGetElement", SafeArrayGetElement(V_ARRAY(&v), &at, &b), S_OK);
        CheckTrue("two", wcscmp(b, L"two") == 0);
        SysFreeString(b);
        VariantClear(&v);
        IWbemClassObject_Release(wrong);
        IWbemClassObject_Release(got);
        IWbemClassObject_Release(box);
}

static HRESULT DeleteOf(const wchar_t *path, BOOL class)
{
        BSTR p = path ? SysAllocString(path) : NULL;
        HRESULT hr = class ? IWbemServices_DeleteClass(services, p, 0, NULL, NULL)
                           : IWbemServices_DeleteInstance(services, p, 0, NULL, NULL);
        SysFreeString(p);
        return hr;
}

static void Instances(void)
{
        IWbemClassObject *o = Spawn(L"Thing", L"a", 1), *got = NULL, *c = NULL;
        IWbemCallResult *call = (IWbemCallResult *)1;
        Check("created", PutOf(o, WBEM_FLAG_CREATE_ONLY), S_OK);
        Check("it is there", PutOf(o, WBEM_FLAG_CREATE_ONLY), WBEM_E_ALREADY_EXISTS);
        CheckError(WBEM_E_ALREADY_EXISTS, L"PutInstance", L"Thing", L"Thing");
        SetNumber(o, L"Size", 2);
        Check("updated", PutOf(o, WBEM_FLAG_UPDATE_ONLY), S_OK);
        Check("GetObject", GetObjectOf(L"thing.NAME='A'", &got), S_OK);
        Check("__GENUS", NumberOf(got, L"__GENUS"), WBEM_GENUS_INSTANCE);
        Check("Size", NumberOf(got, L"Size"), 2);
        CheckText(got, L"__CLASS", L"Thing");
        CheckText(got, L"__SUPERCLASS", NULL);
        CheckText(got, L"__DYNASTY", L"Thing");
        CheckPlace(got, L"root\\default", L"Thing.Name=\"a\"");
        Check("as it was put", IWbemClassObject_CompareTo(o, 0, got), WBEM_S_SAME);
        IWbemClassObject_Release(got);
        IWbemClassObject_Release(o);
        o = Spawn(L"Thing", L"none", 1);
        Check("not there", PutOf(o, WBEM_FLAG_UPDATE_ONLY), WBEM_E_NOT_FOUND);
        Check("both", PutOf(o, WBEM_FLAG_UPDATE_ONLY | WBEM_FLAG_CREATE_ONLY), WBEM_E_INVALID_PARAMETER);
        Check("semisynchronous",
              IWbemServices_PutInstance(services, o, WBEM_FLAG_RETURN_IMMEDIATELY, NULL, &call), E_NOTIMPL);
        CheckTrue("emptied", call == NULL);
        Check("PutClass of an instance", IWbemServices_PutClass(services, o, 0, NULL, NULL),
              WBEM_E_INVALID_OBJECT);
        Check("PutInstance of nothing", PutOf(NULL, 0), WBEM_E_INVALID_PARAMETER);
        Check("PutClass of nothing", IWbemServices_PutClass(services, NULL, 0, NULL, NULL),
              WBEM_E_INVALID_PARAMETER);
        Check("GetObject", GetObjectOf(L"Thing.Name=\"none\"", &got), WBEM_E_NOT_FOUND);
        CheckError(WBEM_E_NOT_FOUND, L"GetObject", L"Thing.Name=\"none\"", L"none");
        Check("GetObject", GetObjectOf(L"Thing.Name=\"none", &got), WBEM_E_INVALID_OBJECT_PATH);
        CheckTrue("nothing", got == NULL);
        Check("a class", GetObjectOf(L"Thing", &c), S_OK);
        Check("PutInstance of a class", PutOf(c, 0), WBEM_E_INVALID_OBJECT);
        Check("PutClass", IWbemServices_PutClass(services, c, 0, NULL, NULL), S_OK);
        Check("PutClass", IWbemServices_PutClass(services, c, WBEM_FLAG_CREATE_ONLY, NULL, NULL),
              WBEM_E_ALREADY_EXISTS);
        Check("PutClass",
              IWbemServices_PutClass(services, c, WBEM_FLAG_UPDATE_FORCE_MODE | WBEM_FLAG_UPDATE_SAFE_MODE,
                                     NULL, NULL),
              WBEM_E_INVALID_PARAMETER);
        IWbemClassObject_Release(c);
        IWbemClassObject_Release(o);
        Check("DeleteInstance", DeleteOf(L"Thing.Name=\"a\"", FALSE), S_OK);
        Check("DeleteInstance", DeleteOf(L"Thing.Name=\"a\"", FALSE), WBEM_E_NOT_FOUND);
        CheckError(WBEM_E_NOT_FOUND, L"DeleteInstance", L"Thing.Name=\"a\"", L"a");
        Check("DeleteInstance of nothing", DeleteOf(NULL, FALSE), WBEM_E_INVALID_PARAMETER);
        Check("DeleteClass of nothing", DeleteOf(L"", TRUE), WBEM_E_INVALID_PARAMETER);
        Check("DeleteClass", DeleteOf(L"Nothing_Here", TRUE), WBEM_E_NOT_FOUND);
}

static void Fill(void)
{
        wchar_t text[1001], name[16];
        for (int i = 0; i < 1000; i++)
                text[i] = L'x';
        text[1000] = 0;
        IWbemClassObject *o = Spawn(L"Thing", L"x", 0);
        SetText(o, L"Text", text);
        for (int i = 0; i < MANY; i++) {
                for (int k = 0, n = i; k < 4; k++, n /= 10)
                        name[3 - k] = (wchar_t)(L'0' + n % 10);
                name[4] = 0;
                SetText(o, L"Name", name);
                SetNumber(o, L"Size", i);
                if (FAILED(PutOf(o, 0)))
                        CheckTrue("PutInstance", FALSE);
        }
        IWbemClassObject_Release(o);
}

static HRESULT Instances_Of(const wchar_t *class, LONG flags, IEnumWbemClassObject **ret)
{
        BSTR c = class ? SysAllocString(class) : NULL;
        HRESULT hr = IWbemServices_CreateInstanceEnum(services, c, flags, NULL, ret);
        SysFreeString(c);
        return hr;
}

static HRESULT Exec(const wchar_t *query, LONG flags, IEnumWbemClassObject **ret)
{
        BSTR l = SysAllocString(L"WQL"), q = SysAllocString(query);
        HRESULT hr = IWbemServices_ExecQuery(services, l, q, flags, NULL, ret);
        SysFreeString(l);
        SysFreeString(q);
        return hr;
}

// Counts what is left; the objects are of the genus.
static LONG Count(IEnumWbemClassObject *e, LONG genus)
{
        IWbemClassObject *o[7];
        ULONG n = 0;
        LONG count = 0;
        HRESULT hr;
        do {
                hr = IEnumWbemClassObject_Next(e, (LONG)WBEM_INFINITE, 7, o, &n);
                CheckTrue("all, or the end", hr == WBEM_S_NO_ERROR ? n == 7 : hr == WBEM_S_FALSE && n < 7);
                for (ULONG i = 0; i < n; i++) {
                        if (NumberOf(o[i], L"__GENUS") != genus)
                                CheckTrue("the genus", FALSE);
                        IWbemClassObject_Release(o[i]);
                }
                count += (LONG)n;
        } while (hr == WBEM_S_NO_ERROR);
        return count;
}

static void Enumerations(void)
{
        IEnumWbemClassObject *e = NULL, *clone = NULL;
        IWbemClassObject *o = NULL, *again = NULL;
        ULONG n;
        Check("CreateInstanceEnum", Instances_Of(L"Thing", 0, &e), S_OK);
        Check("Next", IEnumWbemClassObject_Next(e, 0, 1, &o, &n), WBEM_S_NO_ERROR);
        Check("Skip", IEnumWbemClassObject_Skip(e, 0, MANY / 2 - 1), WBEM_S_NO_ERROR);
        Check("Clone", IEnumWbemClassObject_Clone(e, &clone), S_OK);
        Check("the rest", Count(clone, 2), MANY / 2);
        Check("the rest again", Count(e, 2), MANY / 2);
        Check("Reset", IEnumWbemClassObject_Reset(e), S_OK);
        Check("Next", IEnumWbemClassObject_Next(e, 0, 1, &again, &n), WBEM_S_NO_ERROR);
        Check("the first one", IWbemClassObject_CompareTo(o, 0, again), WBEM_S_SAME);
        SetNumber(again, L"Size", 77777); // ours alone
        IWbemClassObject_Release(again);
        Check("Reset", IEnumWbemClassObject_Reset(clone), S_OK);
        Check("Next", IEnumWbemClassObject_Next(clone, 0, 1, &again, &n), WBEM_S_NO_ERROR);
        Check("as it was", IWbemClassObject_CompareTo(o, 0, again), WBEM_S_SAME);
        IWbemClassObject_Release(again);
        IWbemClassObject_Release(o);
        Check("the last release", (HRESULT)IEnumWbemClassObject_Release(e), 0);
        Check("all again", Count(clone, 2), MANY - 1);
        IEnumWbemClassObject_Release(clone);

        Check("forward only", Instances_Of(L"Thing", NEXT_FLAGS | WBEM_FLAG_SHALLOW, &e), S_OK);
        Check("Reset", IEnumWbemClassObject_Reset(e), WBEM_E_INVALID_OPERATION);
        Check("Clone", IEnumWbemClassObject_Clone(e, &clone), WBEM_E_INVALID_OPERATION);
        Check("all", Count(e, 2), MANY);
        Check("the end stays", IEnumWbemClassObject_Next(e, 0, 1, &o, &n), WBEM_S_FALSE);
        Check("Skip", IEnumWbemClassObject_Skip(e, 0, 1), WBEM_S_FALSE);
        IEnumWbemClassObject_Release(e);
        for (int i = 0; i < 300;
             i++) { // more than a session may have open at once: each ends with its enumerator
                HRESULT hr = Instances_Of(L"Thing", NEXT_FLAGS, &e);
                if (FAILED(hr)) {
                        Check("one of many", hr, S_OK);
                        break;
                }
                IEnumWbemClassObject_Release(e);
        }
        Check("of no class", Instances_Of(NULL, 0, &e), WBEM_E_INVALID_PARAMETER);
        CheckTrue("emptied", e == NULL);
        Check("into nowhere", Instances_Of(L"Thing", 0, NULL), WBEM_E_INVALID_PARAMETER);
        Check("of nothing", Instances_Of(L"Nothing_Here", 0, &e), WBEM_E_INVALID_CLASS);
        CheckError(WBEM_E_INVALID_CLASS, L"CreateInstanceEnum", L"Nothing_Here", L"Nothing_Here");
        Check("a flag of others", Instances_Of(L"Thing", WBEM_FLAG_CREATE_ONLY, &e),
              WBEM_E_INVALID_PARAMETER);
}

static void Queries(void)
{
        IEnumWbemClassObject *e = NULL;
        IWbemClassObject *o = NULL;
        ULONG n;
        Check("ExecQuery", Exec(L"SELECT * FROM Thing WHERE Size >= 1000", 0, &e), S_OK);
        Check("those", Count(e, 2), MANY - 1000);
        IEnumWbemClassObject_Release(e);
        Check("ExecQuery", Exec(L"SELECT * FROM Thing WHERE Name = '0815'", NEXT_FLAGS, &e), S_OK);
        Check("Next", IEnumWbemClassObject_Next(e, (LONG)WBEM_INFINITE, 1, &o, &n), WBEM_S_NO_ERROR);
        Check("Size", NumberOf(o, L"Size"), 815);
        CheckPlace(o, L"root\\default", L"Thing.Name=\"0815\"");
        IWbemClassObject_Release(o);
        IEnumWbemClassObject_Release(e);
        Check("classes", Exec(L"SELECT * FROM meta_class WHERE __CLASS = 'Thing'", NEXT_FLAGS, &e), S_OK);
        Check("one", Count(e, 1), 1);
        IEnumWbemClassObject_Release(e);
        e = (IEnumWbemClassObject *)1;
        Check("no query", Exec(L"", 0, &e), WBEM_E_INVALID_PARAMETER);
        CheckTrue("emptied", e == NULL);
        HRESULT hr = Exec(L"SELECT * FORM Thing", 0, &e);
        CheckTrue("a bad query",
                  hr == (HRESULT)WBEM_E_INVALID_QUERY || hr == (HRESULT)WBEM_E_UNPARSABLE_QUERY);
        CheckError(hr, L"ExecQuery", L"SELECT * FORM Thing", L"FORM");
}

// --- events with objects in them ------------------------------------------------------------------

static IWbemClassObject *Event(IEnumWbemClassObject *e)
{
        IWbemClassObject *o = NULL;
        ULONG n;
        Check("an event", IEnumWbemClassObject_Next(e, 60000, 1, &o, &n), WBEM_S_NO_ERROR);
        if (!o)
                exit(1);
        CheckText(o, L"__PATH", NULL);
        CheckText(o, L"__RELPATH", NULL);
        CheckText(o, L"__NAMESPACE", NULL);
        return o;
}

static void InstanceEvents(void)
{
        IEnumWbemClassObject *e = NULL;
        IWbemClassObject *copy = NULL, *got = NULL;
        BSTR text = NULL;
        Check("a query",
              Query(L"SELECT * FROM __InstanceModificationEvent WHERE TargetInstance ISA 'Thing' AND "
                    L"TargetInstance.Size > 5",
                    NEXT_FLAGS, &e),
              S_OK);
        IWbemClassObject *o = Spawn(L"Thing", L"event", 1);
        Check("created", PutOf(o, 0), S_OK);
        SetNumber(o, L"Size", 2);
        Check("changed", PutOf(o, 0), S_OK);
        SetNumber(o, L"Size", 6);
        Check("changed", PutOf(o, 0), S_OK);
        IWbemClassObject *event = Event(e);
        CheckText(event, L"__CLASS", L"__InstanceModificationEvent");
        Check("GetObjectText", IWbemClassObject_GetObjectText(event, 0, &text), S_OK);
        CheckTrue("with the instance in it",
                  text && wcsstr(text, L"TargetInstance = ") && wcsstr(text, L"instance of Thing"));
        SysFreeString(text);
        Check("Clone", IWbemClassObject_Clone(event, &copy), S_OK);
        Check("CompareTo", IWbemClassObject_CompareTo(event, 0, copy), WBEM_S_SAME);
        IWbemClassObject_Release(event); // what comes next lives without it
        IWbemClassObject *target = Inside(copy, L"TargetInstance"),
                         *previous = Inside(copy, L"PreviousInstance");
        Check("Size", NumberOf(target, L"Size"), 6);
        Check("Size before", NumberOf(previous, L"Size"), 2);
        IWbemClassObject_Release(copy);
        Check("__GENUS", NumberOf(target, L"__GENUS"), WBEM_GENUS_INSTANCE);
        CheckPlace(target, L"root\\default", L"Thing.Name=\"event\"");
        CheckPlace(previous, L"root\\default", L"Thing.Name=\"event\"");
        Check("CompareTo", IWbemClassObject_CompareTo(target, 0, previous), WBEM_S_DIFFERENT);
        Check("CompareTo", IWbemClassObject_CompareTo(target, 0, o), WBEM_S_SAME);
        Check("Clone", IWbemClassObject_Clone(target, &copy), S_OK);
        Check("CompareTo", IWbemClassObject_CompareTo(target, 0, copy), WBEM_S_SAME);
        CheckPlace(copy, L"root\\default", L"Thing.Name=\"event\"");
        SetNumber(copy, L"Size", 1);
        Check("CompareTo", IWbemClassObject_CompareTo(target, 0, copy), WBEM_S_DIFFERENT);
        Check("put back", PutOf(copy, 0), S_OK); // an object that came in an event is one like others
        Check("GetObject", GetObjectOf(L"Thing='event'", &got), S_OK);
        Check("Size", NumberOf(got, L"Size"), 1);
        Check("GetObjectText", IWbemClassObject_GetObjectText(target, 0, &text), S_OK);
        CheckTrue("an instance", text && wcsncmp(text, L"instance of Thing", 17) == 0);
        SysFreeString(text);
        IWbemClassObject_Release(got);
        IWbemClassObject_Release(copy);
        IWbemClassObject_Release(target);
        IWbemClassObject_Release(previous);
        IWbemClassObject_Release(o);
        IEnumWbemClassObject_Release(e);
}

static void ClassEvents(void)
{
        IEnumWbemClassObject *e = NULL;
        IWbemClassObject *part = NULL, *copy = NULL;
        BSTR text = NULL;
        Check("a query", Query(L"SELECT * FROM __ClassDeletionEvent", NEXT_FLAGS, &e), S_OK);
        Check("a class", GetObjectOf(L"Part", &part), S_OK);
        Check("DeleteClass", DeleteOf(L"Part", TRUE), S_OK);
        IWbemClassObject *event = Event(e);
        IWbemClassObject *target = Inside(event, L"TargetClass");
        IWbemClassObject_Release(event);
        Check("__GENUS", NumberOf(target, L"__GENUS"), WBEM_GENUS_CLASS);
        CheckText(target, L"__CLASS", L"Part");
        CheckText(target, L"__SUPERCLASS", L"Thing");
        CheckText(target, L"__DYNASTY", L"Thing");
        CheckPlace(target, L"root\\default", L"Part");
        Check("CompareTo", IWbemClassObject_CompareTo(target, 0, part), WBEM_S_SAME);
        Check("Clone", IWbemClassObject_Clone(target, &copy), S_OK);
        Check("CompareTo", IWbemClassObject_CompareTo(target, 0, copy), WBEM_S_SAME);
        Check("GetObjectText", IWbemClassObject_GetObjectText(target, 0, &text), S_OK);
        CheckTrue("a declaration", text && wcsstr(text, L"class Part : Thing"));
        SysFreeString(text);
        Check("PutClass", IWbemServices_PutClass(services, target, WBEM_FLAG_CREATE_ONLY, NULL, NULL),
              S_OK); // and back
        IWbemClassObject_Release(copy);
        Check("it is there", GetObjectOf(L"Part", &copy), S_OK);
        Check("CompareTo", IWbemClassObject_CompareTo(target, 0, copy), WBEM_S_SAME);
        IWbemClassObject_Release(copy);
        IWbemClassObject_Release(target);
        IWbemClassObject_Release(part);
        IEnumWbemClassObject_Release(e);
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
        Check("ConnectServer", Connect(L"root\\default", &services), S_OK);
        if (!services)
                return 1;
        Instances();
        Nested();
        Check("DeleteInstance", DeleteOf(L"Box.Name=\"outer\"", FALSE), S_OK);
        Fill();
        Enumerations();
        Queries();
        InstanceEvents();
        ClassEvents();
        Check("the last release of IWbemServices", (HRESULT)IWbemServices_Release(services), 0);
        CoUninitialize();
        return failures ? 1 : 0;
}
