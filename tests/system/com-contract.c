// SPDX-License-Identifier: MIT
// com-contract PID: checks the contract of notification queries one by one against the service of this
// environment, whose toaster pops all the time; at the end it ends the service, process PID, and checks what
// enumerators say.
//
// The sources of what is checked are the public pages of ExecNotificationQuery(Async), IEnumWbemClassObject
// and IWbemObjectSink, and [MS-WMI].
#define COBJMACROS
#define CINTERFACE
#include <windows.h>
#include <ole2.h>
#include <oleauto.h>
#include <wbemidl.h>
#include <freewmi.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static int failures;
static IWbemLocator *locator;
static IWbemServices *services;

#define NEXT_FLAGS (WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY)
#define ALL        L"SELECT * FROM Toaster_Popped"
#define NONE       L"SELECT * FROM Toaster_Popped WHERE SliceNumber = 0"

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

// --- a sink that counts
// ---------------------------------------------------------------------------------------

typedef struct Sink {
        IWbemObjectSink base;
        volatile LONG refs, events, statuses, inside, overlaps;
        HRESULT answer, status;
        IWbemServices *cancel; // cancel from inside the first callback
        HRESULT cancelled;
        HANDLE some, finished;
} Sink;

static HRESULT STDMETHODCALLTYPE SinkQueryInterface(IWbemObjectSink *self, REFIID iid, void **ret)
{
        if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IWbemObjectSink))
                return E_NOINTERFACE;
        *ret = self;
        IWbemObjectSink_AddRef(self);
        return S_OK;
}

static ULONG STDMETHODCALLTYPE SinkAddRef(IWbemObjectSink *self)
{
        return (ULONG)InterlockedIncrement(&((Sink *)self)->refs);
}

static ULONG STDMETHODCALLTYPE SinkRelease(IWbemObjectSink *self)
{
        return (ULONG)InterlockedDecrement(&((Sink *)self)->refs);
}

static HRESULT STDMETHODCALLTYPE SinkIndicate(IWbemObjectSink *self, LONG n, IWbemClassObject **objects)
{
        Sink *s = (Sink *)self;
        if (InterlockedIncrement(&s->inside) != 1 || n <= 0 || !objects)
                InterlockedIncrement(&s->overlaps);
        s->events += n;
        if (s->cancel) {
                s->cancelled = IWbemServices_CancelAsyncCall(s->cancel, self);
                s->cancel = NULL;
        }
        InterlockedDecrement(&s->inside);
        SetEvent(s->some);
        return s->answer;
}

static HRESULT STDMETHODCALLTYPE SinkSetStatus(IWbemObjectSink *self, LONG flags, HRESULT hr, BSTR text,
                                               IWbemClassObject *object)
{
        Sink *s = (Sink *)self;
        (void)text, (void)object;
        if (InterlockedCompareExchange(&s->inside, 0, 0) || flags != WBEM_STATUS_COMPLETE)
                InterlockedIncrement(&s->overlaps); // two calls with one sink may overlap
        InterlockedIncrement(&s->statuses);
        InterlockedExchange(&s->status, hr);
        SetEvent(s->finished);
        return S_OK;
}

static IWbemObjectSinkVtbl SinkVtbl = {SinkQueryInterface, SinkAddRef, SinkRelease, SinkIndicate,
                                       SinkSetStatus};

static void SinkInit(Sink *s)
{
        memset(s, 0, sizeof(*s));
        s->base.lpVtbl = &SinkVtbl;
        s->refs = 1;
        s->some = CreateEventW(NULL, FALSE, FALSE, NULL);
        s->finished = CreateEventW(NULL, TRUE, FALSE, NULL);
}

static void SinkDeinit(Sink *s)
{
        for (int i = 0; InterlockedCompareExchange(&s->refs, 0, 0) != 1 && i < 1000;
             i++) // the last release comes right behind the last status
                Sleep(10);
        Check("references to a sink that is done with", s->refs, 1);
        CloseHandle(s->some);
        CloseHandle(s->finished);
}

// --- calls
// -----------------------------------------------------------------------------------------------------

static HRESULT Query(const wchar_t *language, const wchar_t *query, LONG flags, IEnumWbemClassObject **ret)
{
        BSTR l = SysAllocString(language), q = SysAllocString(query);
        HRESULT hr = IWbemServices_ExecNotificationQuery(services, l, q, flags, NULL, ret);
        SysFreeString(l);
        SysFreeString(q);
        return hr;
}

static HRESULT QueryAsync(IWbemServices *s, const wchar_t *query, LONG flags, Sink *sink)
{
        BSTR l = SysAllocString(L"wql"), q = SysAllocString(query);
        HRESULT hr =
                IWbemServices_ExecNotificationQueryAsync(s, l, q, flags, NULL, sink ? &sink->base : NULL);
        SysFreeString(l);
        SysFreeString(q);
        return hr;
}

static HRESULT Connect(const wchar_t *name, IWbemServices **ret)
{
        BSTR n = SysAllocString(name);
        HRESULT hr = IWbemLocator_ConnectServer(locator, n, NULL, NULL, NULL, 0, NULL, NULL, ret);
        SysFreeString(n);
        return hr;
}

static void Refused(const char *what, const wchar_t *language, const wchar_t *query, LONG flags,
                    HRESULT wanted)
{
        IEnumWbemClassObject *e = (IEnumWbemClassObject *)1;
        Check(what, Query(language, query, flags, &e), wanted);
        CheckTrue("a failed query returns no enumerator", e == NULL);
}

static void Namespaces(void)
{
        IWbemServices *s = NULL;
        const wchar_t *const good[] = {L"ROOT\\WMI", L"root/wmi", L"\\\\.\\root\\wmi", L"//./ROOT/WMI"};
        for (int i = 0; i < 4; i++) {
                Check("ConnectServer", Connect(good[i], &s), S_OK);
                if (s)
                        IWbemServices_Release(s);
        }
        Check("an unknown namespace", Connect(L"root\\nowhere", &s), WBEM_E_INVALID_NAMESPACE);
        CheckTrue("a failed connection returns nothing", s == NULL);
        Check("not below root", Connect(L"wmi", &s), WBEM_E_INVALID_NAMESPACE);
        Check("only backslashes", Connect(L"\\\\", &s), WBEM_E_INVALID_NAMESPACE);
}

static HRESULT ConnectAs(const wchar_t *name, const wchar_t *user, const wchar_t *password, LONG flags,
                         const wchar_t *authority)
{
        IWbemServices *s = (IWbemServices *)1;
        BSTR n = SysAllocString(name), u = SysAllocString(user), p = SysAllocString(password),
             a = SysAllocString(authority);
        HRESULT hr = IWbemLocator_ConnectServer(locator, n, u, p, NULL, flags, a, NULL, &s);
        CheckTrue("a connection, or nothing", SUCCEEDED(hr) ? s != NULL : s == NULL);
        if (s)
                IWbemServices_Release(s);
        SysFreeString(n);
        SysFreeString(u);
        SysFreeString(p);
        SysFreeString(a);
        return hr;
}

static void Connecting(void)
{
        BSTR hidden = SysAllocStringLen(L"root\\wmi\0\\x", 11);
        IWbemServices *s;
        Check("a user", ConnectAs(L"root\\wmi", L"me", NULL, 0, NULL), WBEM_E_LOCAL_CREDENTIALS);
        Check("a password", ConnectAs(L"root\\wmi", NULL, L"secret", 0, NULL), WBEM_E_LOCAL_CREDENTIALS);
        Check("an authority", ConnectAs(L"root\\wmi", NULL, NULL, 0, L"NTLMDOMAIN:X"),
              WBEM_E_LOCAL_CREDENTIALS);
        Check("a blank authority", ConnectAs(L"root\\wmi", NULL, NULL, 0, L""), S_OK);
        Check("an empty user", ConnectAs(L"root\\wmi", L"", NULL, 0, NULL), WBEM_E_INVALID_PARAMETER);
        Check("a user elsewhere", ConnectAs(L"\\\\elsewhere\\root\\wmi", L"me", L"x", 0, NULL),
              WBEM_E_TRANSPORT_FAILURE);
        Check("at most two minutes",
              ConnectAs(L"root\\wmi", NULL, NULL, WBEM_FLAG_CONNECT_USE_MAX_WAIT, NULL), S_OK);
        Check("another flag", ConnectAs(L"root\\wmi", NULL, NULL, 1, NULL), WBEM_E_INVALID_PARAMETER);
        Check("the loopback", ConnectAs(L"\\\\127.0.0.1\\root\\wmi", NULL, NULL, 0, NULL), S_OK);
        Check("a server alone", ConnectAs(L"\\\\.", NULL, NULL, 0, NULL), S_OK);
        Check("a server and a slash", ConnectAs(L"\\\\.\\", NULL, NULL, 0, NULL), WBEM_E_INVALID_NAMESPACE);
        Check("no server", ConnectAs(L"\\\\\\", NULL, NULL, 0, NULL), WBEM_E_INVALID_PARAMETER);
        CheckTrue("a NUL inside",
                  FAILED(IWbemLocator_ConnectServer(locator, hidden, NULL, NULL, NULL, 0, NULL, NULL, &s)));
        Check("no namespace", IWbemLocator_ConnectServer(locator, NULL, NULL, NULL, NULL, 0, NULL, NULL, &s),
              WBEM_E_INVALID_PARAMETER);
        Check("nowhere to put it",
              IWbemLocator_ConnectServer(locator, hidden, NULL, NULL, NULL, 0, NULL, NULL, NULL),
              WBEM_E_INVALID_PARAMETER);
        SysFreeString(hidden);

        IWbemServices *root = NULL, *wmi = NULL;
        BSTR name = SysAllocString(L"WMI"), none = SysAllocString(L"nowhere");
        IWbemCallResult *call = (IWbemCallResult *)1;
        Check("root", Connect(L"root", &root), S_OK);
        Check("OpenNamespace", IWbemServices_OpenNamespace(root, name, 0, NULL, &wmi, NULL), S_OK);
        if (wmi)
                IWbemServices_Release(wmi);
        Check("an unknown one", IWbemServices_OpenNamespace(root, none, 0, NULL, &wmi, NULL),
              WBEM_E_INVALID_NAMESPACE);
        CheckTrue("nothing", wmi == NULL);
        Check("none", IWbemServices_OpenNamespace(root, NULL, 0, NULL, &wmi, NULL), WBEM_E_INVALID_PARAMETER);
        Check("nowhere to put it", IWbemServices_OpenNamespace(root, name, 0, NULL, NULL, NULL),
              WBEM_E_INVALID_PARAMETER);
        Check("semisynchronously",
              IWbemServices_OpenNamespace(root, name, WBEM_FLAG_RETURN_IMMEDIATELY, NULL, NULL, &call),
              E_NOTIMPL);
        CheckTrue("no call result", call == NULL);
        IWbemServices_Release(root);
        SysFreeString(name);
        SysFreeString(none);
}

// What is not there yet: E_NOTIMPL with and without places for results, which are emptied.
static void NotThere(void)
{
        IWbemObjectSink *sink = (IWbemObjectSink *)1;
        IWbemCallResult *call = (IWbemCallResult *)1;
        IEnumWbemClassObject *e = (IEnumWbemClassObject *)1;
        IWbemClassObject *out = (IWbemClassObject *)1;
        Check("QueryObjectSink", IWbemServices_QueryObjectSink(services, 0, &sink), E_NOTIMPL);
        Check("QueryObjectSink", IWbemServices_QueryObjectSink(services, 0, NULL), E_NOTIMPL);
        Check("GetObjectAsync", IWbemServices_GetObjectAsync(services, NULL, 0, NULL, NULL), E_NOTIMPL);
        Check("PutClass", IWbemServices_PutClass(services, NULL, 0, NULL, &call), E_NOTIMPL);
        CheckTrue("emptied", sink == NULL && call == NULL);
        Check("PutClassAsync", IWbemServices_PutClassAsync(services, NULL, 0, NULL, NULL), E_NOTIMPL);
        Check("DeleteClassAsync", IWbemServices_DeleteClassAsync(services, NULL, 0, NULL, NULL), E_NOTIMPL);
        Check("CreateClassEnumAsync", IWbemServices_CreateClassEnumAsync(services, NULL, 0, NULL, NULL),
              E_NOTIMPL);
        Check("PutInstanceAsync", IWbemServices_PutInstanceAsync(services, NULL, 0, NULL, NULL), E_NOTIMPL);
        Check("DeleteInstanceAsync", IWbemServices_DeleteInstanceAsync(services, NULL, 0, NULL, NULL),
              E_NOTIMPL);
        Check("CreateInstanceEnumAsync", IWbemServices_CreateInstanceEnumAsync(services, NULL, 0, NULL, NULL),
              E_NOTIMPL);
        Check("ExecQueryAsync", IWbemServices_ExecQueryAsync(services, NULL, NULL, 0, NULL, NULL), E_NOTIMPL);
        call = (IWbemCallResult *)1;
        Check("ExecMethod", IWbemServices_ExecMethod(services, NULL, NULL, 0, NULL, NULL, &out, &call),
              E_NOTIMPL);
        CheckTrue("emptied", out == NULL && call == NULL);
        Check("ExecMethod", IWbemServices_ExecMethod(services, NULL, NULL, 0, NULL, NULL, NULL, NULL),
              E_NOTIMPL);
        Check("ExecMethodAsync", IWbemServices_ExecMethodAsync(services, NULL, NULL, 0, NULL, NULL, NULL),
              E_NOTIMPL);
        Check("ExecNotificationQuery",
              IWbemServices_ExecNotificationQuery(services, NULL, NULL, 0, NULL, NULL),
              WBEM_E_INVALID_PARAMETER);
        Check("QueryInterface", IWbemServices_QueryInterface(services, &IID_IWbemServices, NULL), E_POINTER);
        Check("QueryInterface", IWbemServices_QueryInterface(services, NULL, (void **)&e), E_INVALIDARG);
        e = (IEnumWbemClassObject *)1;
        Check("QueryInterface",
              IWbemServices_QueryInterface(services, &IID_IEnumWbemClassObject, (void **)&e), E_NOINTERFACE);
        CheckTrue("emptied", e == NULL);
}

static IWbemClassObject *ClassOf(const wchar_t *name)
{
        IWbemClassObject *c = NULL;
        BSTR n = SysAllocString(name);
        Check("GetObject", IWbemServices_GetObject(services, n, 0, NULL, &c, NULL), S_OK);
        SysFreeString(n);
        return c;
}

static LONG NamesOf(IWbemClassObject *c, const wchar_t *qualifier, LONG flags, VARIANT *value, HRESULT wanted)
{
        SAFEARRAY *names = (SAFEARRAY *)1;
        LONG high = -2;
        Check("GetNames", IWbemClassObject_GetNames(c, qualifier, flags, value, &names), wanted);
        if (FAILED(wanted)) {
                CheckTrue("emptied", names == NULL);
                return -1;
        }
        SafeArrayGetUBound(names, 1, &high);
        SafeArrayDestroy(names);
        return high + 1;
}

static void Selections(IWbemClassObject *c)
{
        VARIANT v;
        VariantInit(&v);
        V_VT(&v) = VT_I4;
        V_I4(&v) = 2;
        Check("all", NamesOf(c, NULL, WBEM_FLAG_ALWAYS, NULL, S_OK), 18);
        Check("of the system", NamesOf(c, NULL, WBEM_FLAG_SYSTEM_ONLY, NULL, S_OK), 10);
        Check("not of the system", NamesOf(c, NULL, WBEM_FLAG_NONSYSTEM_ONLY, NULL, S_OK), 8);
        Check("its own", NamesOf(c, NULL, WBEM_FLAG_LOCAL_ONLY, NULL, S_OK), 6);
        Check("inherited", NamesOf(c, NULL, WBEM_FLAG_PROPAGATED_ONLY, NULL, S_OK), 2);
        Check("keys", NamesOf(c, NULL, WBEM_FLAG_KEYS_ONLY, NULL, S_OK), 1);
        Check("references", NamesOf(c, NULL, WBEM_FLAG_REFS_ONLY, NULL, S_OK), 0);
        Check("data items", NamesOf(c, L"WmiDataId", WBEM_FLAG_ONLY_IF_TRUE, NULL, S_OK), 4);
        Check("others",
              NamesOf(c, L"WmiDataId", WBEM_FLAG_ONLY_IF_FALSE | WBEM_FLAG_NONSYSTEM_ONLY, NULL, S_OK), 4);
        Check("the second", NamesOf(c, L"WmiDataId", WBEM_FLAG_ONLY_IF_IDENTICAL, &v, S_OK), 1);
        V_I4(&v) = 99;
        Check("the 99th", NamesOf(c, L"WmiDataId", WBEM_FLAG_ONLY_IF_IDENTICAL, &v, S_OK), 0);
        NamesOf(c, L"WmiDataId", WBEM_FLAG_ONLY_IF_IDENTICAL, NULL, WBEM_E_INVALID_PARAMETER);
        NamesOf(c, NULL, WBEM_FLAG_ONLY_IF_TRUE, NULL, WBEM_E_INVALID_PARAMETER);
        NamesOf(c, NULL, 0x50, NULL, WBEM_E_INVALID_PARAMETER);
        NamesOf(c, NULL, 0x8000, NULL, WBEM_E_INVALID_PARAMETER);
        Check("nowhere to put them", IWbemClassObject_GetNames(c, NULL, 0, NULL, NULL),
              WBEM_E_INVALID_PARAMETER);
        Check("BeginEnumeration", IWbemClassObject_BeginEnumeration(c, 0x8000), WBEM_E_INVALID_PARAMETER);
}

static void Qualifiers(void)
{
        IWbemClassObject *c = ClassOf(L"Toaster_Popped");
        IWbemQualifierSet *q = NULL;
        SAFEARRAY *names = NULL;
        VARIANT v;
        LONG flavor = -1, n = 0, high = -1;
        BSTR name = NULL;
        if (!c)
                return;
        Selections(c);
        Check("GetQualifierSet", IWbemClassObject_GetQualifierSet(c, &q), S_OK);
        Check("Get guid", IWbemQualifierSet_Get(q, L"GUID", 0, &v, &flavor), S_OK);
        CheckTrue("a text", V_VT(&v) == VT_BSTR && (flavor & WBEM_FLAVOR_ORIGIN_PROPAGATED) == 0);
        VariantClear(&v);
        Check("Get of nothing", IWbemQualifierSet_Get(q, L"nothing", 0, &v, NULL), WBEM_E_NOT_FOUND);
        Check("Get without a name", IWbemQualifierSet_Get(q, NULL, 0, &v, NULL), WBEM_E_INVALID_PARAMETER);
        Check("Get into nowhere", IWbemQualifierSet_Get(q, L"guid", 0, NULL, NULL), S_OK);
        Check("GetNames", IWbemQualifierSet_GetNames(q, 0, &names), S_OK);
        SafeArrayGetUBound(names, 1, &high);
        SafeArrayDestroy(names);
        Check("GetNames into nowhere", IWbemQualifierSet_GetNames(q, 0, NULL), WBEM_E_INVALID_PARAMETER);
        Check("Next too early", IWbemQualifierSet_Next(q, 0, &name, NULL, NULL), WBEM_E_UNEXPECTED);
        Check("BeginEnumeration", IWbemQualifierSet_BeginEnumeration(q, 0), S_OK);
        while (IWbemQualifierSet_Next(q, 0, &name, NULL, NULL) == WBEM_S_NO_ERROR) {
                n++;
                SysFreeString(name);
        }
        Check("as many as names", n, high + 1);
        Check("the end stays", IWbemQualifierSet_Next(q, 0, NULL, NULL, NULL), WBEM_S_NO_MORE_DATA);
        Check("EndEnumeration", IWbemQualifierSet_EndEnumeration(q), S_OK);
        Check("Put", IWbemQualifierSet_Put(q, L"x", &v, 0), E_NOTIMPL);
        Check("Delete", IWbemQualifierSet_Delete(q, L"x"), E_NOTIMPL);
        IWbemClassObject_AddRef(c);
        Check("the set holds what it shows", (HRESULT)IWbemClassObject_Release(c), 1);
        Check("the last release", (HRESULT)IWbemQualifierSet_Release(q), 0);

        Check("GetPropertyQualifierSet", IWbemClassObject_GetPropertyQualifierSet(c, L"slotnumber", &q),
              S_OK);
        IWbemClassObject_Release(c); // the set lives on
        Check("Get CIMTYPE", IWbemQualifierSet_Get(q, L"cimtype", 0, &v, NULL), S_OK);
        CheckTrue("its type", V_VT(&v) == VT_BSTR && wcscmp(V_BSTR(&v), L"uint8") == 0);
        VariantClear(&v);
        Check("Get WmiDataId", IWbemQualifierSet_Get(q, L"WmiDataId", 0, &v, NULL), S_OK);
        CheckTrue("a number", V_VT(&v) == VT_I4 && V_I4(&v) == 2);
        IWbemQualifierSet_Release(q);
        c = ClassOf(L"Toaster_Popped");
        Check("of the system", IWbemClassObject_GetPropertyQualifierSet(c, L"__PATH", &q),
              WBEM_E_SYSTEM_PROPERTY);
        Check("of nothing", IWbemClassObject_GetPropertyQualifierSet(c, L"nothing", &q), WBEM_E_NOT_FOUND);
        CheckTrue("nothing", q == NULL);
        Check("without a name", IWbemClassObject_GetPropertyQualifierSet(c, NULL, &q),
              WBEM_E_INVALID_PARAMETER);
        Check("into nowhere", IWbemClassObject_GetPropertyQualifierSet(c, L"SlotNumber", NULL),
              WBEM_E_INVALID_PARAMETER);
        Check("into nowhere", IWbemClassObject_GetQualifierSet(c, NULL), WBEM_E_INVALID_PARAMETER);
        IWbemClassObject_Release(c);
}

// Every method of an object with NULL wherever a pointer may stand.
static void Nulls(void)
{
        IWbemClassObject *c = ClassOf(L"Toaster_Popped"), *o = NULL;
        IWbemQualifierSet *q = (IWbemQualifierSet *)1;
        BSTR text = (BSTR)1;
        if (!c)
                return;
        Check("SpawnInstance", IWbemClassObject_SpawnInstance(c, 0, &o), S_OK);
        Check("SpawnInstance", IWbemClassObject_SpawnInstance(c, 0, NULL), WBEM_E_INVALID_PARAMETER);
        Check("Get", IWbemClassObject_Get(o, NULL, 0, NULL, NULL, NULL), WBEM_E_INVALID_PARAMETER);
        Check("Get", IWbemClassObject_Get(o, L"SlotNumber", 0, NULL, NULL, NULL), S_OK);
        Check("Get", IWbemClassObject_Get(o, L"__DERIVATION", 0, NULL, NULL, NULL), S_OK);
        Check("Get", IWbemClassObject_Get(o, L"", 0, NULL, NULL, NULL), WBEM_E_NOT_FOUND);
        Check("Get", IWbemClassObject_Get(o, L"SlotNumber", 1, NULL, NULL, NULL), WBEM_E_INVALID_PARAMETER);
        Check("Put", IWbemClassObject_Put(o, NULL, 0, NULL, 0), WBEM_E_INVALID_PARAMETER);
        Check("Put NULL", IWbemClassObject_Put(o, L"SlotNumber", 0, NULL, 0), S_OK);
        Check("Put nothing", IWbemClassObject_Put(o, L"Nothing", 0, NULL, 0), WBEM_E_NOT_FOUND);
        Check("Put into a class", IWbemClassObject_Put(c, L"SlotNumber", 0, NULL, 0), E_NOTIMPL);
        Check("Delete", IWbemClassObject_Delete(o, NULL), E_NOTIMPL);
        Check("BeginEnumeration", IWbemClassObject_BeginEnumeration(o, 0), S_OK);
        Check("Next", IWbemClassObject_Next(o, 0, NULL, NULL, NULL, NULL), S_OK);
        Check("Next", IWbemClassObject_Next(o, 1, NULL, NULL, NULL, NULL), WBEM_E_INVALID_PARAMETER);
        Check("Clone", IWbemClassObject_Clone(o, NULL), WBEM_E_INVALID_PARAMETER);
        Check("GetObjectText", IWbemClassObject_GetObjectText(o, 0, NULL), WBEM_E_INVALID_PARAMETER);
        Check("SpawnDerivedClass", IWbemClassObject_SpawnDerivedClass(c, 0, NULL), E_NOTIMPL);
        Check("CompareTo", IWbemClassObject_CompareTo(o, 0, NULL), WBEM_E_INVALID_PARAMETER);
        Check("GetPropertyOrigin", IWbemClassObject_GetPropertyOrigin(o, NULL, &text),
              WBEM_E_INVALID_PARAMETER);
        CheckTrue("emptied", text == NULL);
        Check("GetPropertyOrigin", IWbemClassObject_GetPropertyOrigin(o, L"SlotNumber", NULL),
              WBEM_E_INVALID_PARAMETER);
        Check("InheritsFrom", IWbemClassObject_InheritsFrom(o, NULL), WBEM_E_INVALID_PARAMETER);
        Check("GetMethod", IWbemClassObject_GetMethod(c, NULL, 0, NULL, NULL), E_NOTIMPL);
        Check("PutMethod", IWbemClassObject_PutMethod(c, NULL, 0, NULL, NULL), E_NOTIMPL);
        Check("DeleteMethod", IWbemClassObject_DeleteMethod(c, NULL), E_NOTIMPL);
        Check("BeginMethodEnumeration", IWbemClassObject_BeginMethodEnumeration(c, 0), E_NOTIMPL);
        Check("NextMethod", IWbemClassObject_NextMethod(c, 0, NULL, NULL, NULL), E_NOTIMPL);
        Check("EndMethodEnumeration", IWbemClassObject_EndMethodEnumeration(c), E_NOTIMPL);
        Check("GetMethodQualifierSet", IWbemClassObject_GetMethodQualifierSet(c, NULL, NULL), E_NOTIMPL);
        Check("GetMethodQualifierSet", IWbemClassObject_GetMethodQualifierSet(c, NULL, &q), E_NOTIMPL);
        CheckTrue("emptied", q == NULL);
        Check("GetMethodOrigin", IWbemClassObject_GetMethodOrigin(c, NULL, NULL), E_NOTIMPL);
        IWbemClassObject_Release(o);
        IWbemClassObject_Release(c);
}

static LONG CountClasses(IEnumWbemClassObject *e)
{
        IWbemClassObject *o[4];
        ULONG n;
        LONG count = 0;
        HRESULT hr;
        do {
                hr = IEnumWbemClassObject_Next(e, (LONG)WBEM_INFINITE, 4, o, &n);
                CheckTrue("all four, or the end",
                          hr == WBEM_S_NO_ERROR ? n == 4 : hr == WBEM_S_FALSE && n < 4);
                for (ULONG i = 0; i < n; i++)
                        IWbemClassObject_Release(o[i]);
                count += (LONG)n;
        } while (hr == WBEM_S_NO_ERROR);
        return count;
}

static void Classes(void)
{
        IEnumWbemClassObject *e = NULL, *clone = NULL;
        BSTR event = SysAllocString(L"WMIEvent"), none = SysAllocString(L"Nothing_Here");
        Check("CreateClassEnum", IWbemServices_CreateClassEnum(services, event, 0, NULL, &e), S_OK);
        LONG all = CountClasses(e);
        CheckTrue("the toaster's events are there", all >= 2);
        Check("Reset", IEnumWbemClassObject_Reset(e), S_OK);
        Check("Skip", IEnumWbemClassObject_Skip(e, 0, 1), S_OK);
        Check("Clone", IEnumWbemClassObject_Clone(e, &clone), S_OK);
        Check("the rest", CountClasses(clone), all - 1);
        Check("the rest again", CountClasses(e), all - 1);
        Check("Skip at the end", IEnumWbemClassObject_Skip(e, 0, 1), WBEM_S_FALSE);
        IEnumWbemClassObject_Release(clone);
        IEnumWbemClassObject_Release(e);
        Check("direct ones",
              IWbemServices_CreateClassEnum(services, event, WBEM_FLAG_SHALLOW | NEXT_FLAGS, NULL, &e), S_OK);
        CheckTrue("no more than all", CountClasses(e) <= all);
        Check("Reset", IEnumWbemClassObject_Reset(e), WBEM_E_INVALID_OPERATION);
        Check("Clone", IEnumWbemClassObject_Clone(e, &clone), WBEM_E_INVALID_OPERATION);
        IEnumWbemClassObject_Release(e);
        Check("all classes", IWbemServices_CreateClassEnum(services, NULL, 0, NULL, &e), S_OK);
        CheckTrue("many", CountClasses(e) > all);
        IEnumWbemClassObject_Release(e);
        Check("of nothing", IWbemServices_CreateClassEnum(services, none, 0, NULL, &e), WBEM_E_INVALID_CLASS);
        CheckTrue("nothing", e == NULL);
        Check("another flag", IWbemServices_CreateClassEnum(services, event, 0x1000000, NULL, &e),
              WBEM_E_INVALID_PARAMETER);
        Check("into nowhere", IWbemServices_CreateClassEnum(services, event, 0, NULL, NULL),
              WBEM_E_INVALID_PARAMETER);
        SysFreeString(event);
        SysFreeString(none);
}

static void Texts(void)
{
        IWbemStatusCodeText *t = NULL;
        BSTR text = NULL;
        Check("CoCreateInstance",
              CoCreateInstance(&CLSID_WbemStatusCodeText, NULL, CLSCTX_INPROC_SERVER,
                               &IID_IWbemStatusCodeText, (void **)&t),
              S_OK);
        if (!t)
                return;
        Check("GetErrorCodeText", IWbemStatusCodeText_GetErrorCodeText(t, WBEM_E_INVALID_QUERY, 0, 0, &text),
              S_OK);
        CheckTrue("its name", text && wcsstr(text, L"WBEM_E_INVALID_QUERY") != NULL);
        SysFreeString(text);
        Check("GetErrorCodeText", IWbemStatusCodeText_GetErrorCodeText(t, 0, 0, 0, NULL),
              WBEM_E_INVALID_PARAMETER);
        Check("GetFacilityCodeText", IWbemStatusCodeText_GetFacilityCodeText(t, WBEM_E_FAILED, 0, 0, &text),
              S_OK);
        SysFreeString(text);
        Check("the last release", (HRESULT)IWbemStatusCodeText_Release(t), 0);
}

static void Errors(void)
{
        Refused("without flags", L"WQL", ALL, 0, WBEM_E_INVALID_PARAMETER);
        Refused("without RETURN_IMMEDIATELY", L"WQL", ALL, WBEM_FLAG_FORWARD_ONLY, WBEM_E_INVALID_PARAMETER);
        Refused("with another flag", L"WQL", ALL, NEXT_FLAGS | WBEM_FLAG_SEND_STATUS,
                WBEM_E_INVALID_PARAMETER);
        Refused("another language", L"SQL", ALL, NEXT_FLAGS, WBEM_E_INVALID_QUERY_TYPE);
        Refused("no language", NULL, ALL, NEXT_FLAGS, WBEM_E_INVALID_PARAMETER);
        Refused("an empty query", L"WQL", L"", NEXT_FLAGS, WBEM_E_INVALID_PARAMETER);
        Refused("a syntax error", L"WQL", L"SELECT * FORM Toaster_Popped", NEXT_FLAGS,
                WBEM_E_UNPARSABLE_QUERY);
        Refused("not an event class", L"WQL", L"SELECT * FROM Toaster_Settings", NEXT_FLAGS,
                WBEM_E_NOT_EVENT_CLASS);
        IEnumWbemClassObject *e = NULL;
        HRESULT hr = Query(L"WQL", L"SELECT * FROM Nothing_Here", NEXT_FLAGS, &e);
        CheckTrue("an unknown class", hr == (HRESULT)WBEM_E_NOT_FOUND || hr == (HRESULT)WBEM_E_INVALID_CLASS);
        Check("amended qualifiers are allowed",
              Query(L"wQl", ALL, NEXT_FLAGS | WBEM_FLAG_USE_AMENDED_QUALIFIERS, &e), S_OK);
        if (e)
                IEnumWbemClassObject_Release(e);
}

static void Enumerator(void)
{
        IEnumWbemClassObject *e = NULL, *clone = NULL;
        IWbemClassObject *objects[3];
        IFreeWMISubscription *counts;
        ULONGLONG delivered = 0;
        ULONG n = 77;
        Check("a query", Query(L"WQL", ALL, NEXT_FLAGS, &e), S_OK);
        Check("Next without objects", IEnumWbemClassObject_Next(e, 0, 1, NULL, &n), WBEM_E_INVALID_PARAMETER);
        Check("Next without a count", IEnumWbemClassObject_Next(e, 0, 1, objects, NULL),
              WBEM_E_INVALID_PARAMETER);
        Check("the count is untouched", (HRESULT)n, 77);
        Check("Next of none", IEnumWbemClassObject_Next(e, 0, 0, objects, &n), S_OK);
        Check("Next of three", IEnumWbemClassObject_Next(e, (LONG)WBEM_INFINITE, 3, objects, &n),
              WBEM_S_NO_ERROR);
        Check("three came", (HRESULT)n, 3);
        for (ULONG i = 0; i < n; i++)
                IWbemClassObject_Release(objects[i]);
        Check("Skip", IEnumWbemClassObject_Skip(e, 60000, 2), WBEM_S_NO_ERROR);
        Check("Reset", IEnumWbemClassObject_Reset(e), WBEM_E_INVALID_OPERATION);
        Check("Clone", IEnumWbemClassObject_Clone(e, &clone), WBEM_E_INVALID_OPERATION);
        Check("IFreeWMISubscription",
              IEnumWbemClassObject_QueryInterface(e, &IID_IFreeWMISubscription, (void **)&counts), S_OK);
        Check("GetCounts", IFreeWMISubscription_GetCounts(counts, NULL, NULL, &delivered), S_OK);
        Check("delivered", (HRESULT)delivered, 5);
        IFreeWMISubscription_Release(counts);
        Check("the last release", (HRESULT)IEnumWbemClassObject_Release(e), 0);

        Check("a query that matches nothing", Query(L"WQL", NONE, NEXT_FLAGS, &e), S_OK);
        Check("Next without waiting", IEnumWbemClassObject_Next(e, WBEM_NO_WAIT, 1, objects, &n),
              WBEM_S_TIMEDOUT);
        Check("Next with a time", IEnumWbemClassObject_Next(e, 50, 1, objects, &n), WBEM_S_TIMEDOUT);
        Check("nothing came", (HRESULT)n, 0);
        IEnumWbemClassObject_Release(e);
}

static void Object(void)
{
        IEnumWbemClassObject *e = NULL;
        IWbemClassObject *o = NULL, *clone = NULL;
        ULONG n;
        VARIANT v;
        CIMTYPE type = 0;
        LONG flavor = -1, names = 0;
        BSTR text = NULL, name = NULL;
        Check("a query", Query(L"WQL", ALL, NEXT_FLAGS, &e), S_OK);
        Check("an event", IEnumWbemClassObject_Next(e, 60000, 1, &o, &n), WBEM_S_NO_ERROR);
        IEnumWbemClassObject_Release(e);
        if (!o)
                return;
        Check("Get uint32", IWbemClassObject_Get(o, L"slicenumber", 0, &v, &type, &flavor), S_OK);
        CheckTrue("uint32 is VT_I4",
                  V_VT(&v) == VT_I4 && type == CIM_UINT32 && flavor == WBEM_FLAVOR_ORIGIN_LOCAL);
        Check("Get uint64", IWbemClassObject_Get(o, L"TIME_CREATED", 0, &v, &type, &flavor), S_OK);
        CheckTrue("uint64 is VT_BSTR",
                  V_VT(&v) == VT_BSTR && type == CIM_UINT64 && flavor == WBEM_FLAVOR_ORIGIN_PROPAGATED);
        VariantClear(&v);
        Check("Get uint8", IWbemClassObject_Get(o, L"SlotNumber", 0, &v, &type, NULL), S_OK);
        CheckTrue("uint8 is VT_UI1", V_VT(&v) == VT_UI1 && (V_UI1(&v) == 1 || V_UI1(&v) == 2));
        Check("Get boolean", IWbemClassObject_Get(o, L"Active", 0, &v, NULL, NULL), S_OK);
        CheckTrue("boolean is VT_BOOL", V_VT(&v) == VT_BOOL && V_BOOL(&v) == VARIANT_TRUE);
        Check("Get __GENUS", IWbemClassObject_Get(o, L"__GENUS", 0, &v, NULL, &flavor), S_OK);
        CheckTrue("an event's genus",
                  V_VT(&v) == VT_I4 && V_I4(&v) == 2 && flavor == WBEM_FLAVOR_ORIGIN_SYSTEM);
        Check("Get __PATH", IWbemClassObject_Get(o, L"__PATH", 0, &v, NULL, NULL), S_OK);
        CheckTrue("an event has no path", V_VT(&v) == VT_NULL);
        Check("Get __SUPERCLASS", IWbemClassObject_Get(o, L"__SUPERCLASS", 0, &v, NULL, NULL), S_OK);
        CheckTrue("the superclass", V_VT(&v) == VT_BSTR && wcscmp(V_BSTR(&v), L"WMIEvent") == 0);
        VariantClear(&v);
        V_VT(&v) = VT_I4;
        V_I4(&v) = 4711;
        Check("Get of nothing", IWbemClassObject_Get(o, L"Nothing", 0, &v, NULL, NULL), WBEM_E_NOT_FOUND);
        CheckTrue("a failed Get leaves the variant", V_VT(&v) == VT_I4 && V_I4(&v) == 4711);
        Check("EndEnumeration too early", IWbemClassObject_EndEnumeration(o), WBEM_E_UNEXPECTED);
        Check("BeginEnumeration", IWbemClassObject_BeginEnumeration(o, WBEM_FLAG_NONSYSTEM_ONLY), S_OK);
        while (IWbemClassObject_Next(o, 0, &name, NULL, NULL, NULL) == WBEM_S_NO_ERROR) {
                names++;
                SysFreeString(name);
        }
        Check("properties", names, 8);
        Check("the end stays", IWbemClassObject_Next(o, 0, &name, NULL, NULL, NULL), WBEM_S_NO_MORE_DATA);
        Check("EndEnumeration", IWbemClassObject_EndEnumeration(o), S_OK);
        Check("InheritsFrom", IWbemClassObject_InheritsFrom(o, L"__Event"), S_OK);
        Check("InheritsFrom another", IWbemClassObject_InheritsFrom(o, L"Toaster_TrayFull"), WBEM_S_FALSE);
        Check("GetObjectText", IWbemClassObject_GetObjectText(o, 0, &text), S_OK);
        CheckTrue("the text is an instance", text && wcsstr(text, L"instance of Toaster_Popped") != NULL);
        SysFreeString(text);
        Check("Clone", IWbemClassObject_Clone(o, &clone), S_OK);
        Check("CompareTo the clone", IWbemClassObject_CompareTo(o, 0, clone), WBEM_S_SAME);
        V_I4(&v) = 1000000;
        Check("Put", IWbemClassObject_Put(clone, L"SliceNumber", 0, &v, 0), S_OK);
        Check("CompareTo the changed clone", IWbemClassObject_CompareTo(o, 0, clone), WBEM_S_DIFFERENT);
        Check("Put of a system property", IWbemClassObject_Put(clone, L"__CLASS", 0, &v, 0),
              WBEM_E_SYSTEM_PROPERTY);
        V_I4(&v) = -1;
        Check("Put out of range", IWbemClassObject_Put(clone, L"SlotNumber", 0, &v, 0),
              WBEM_E_VALUE_OUT_OF_RANGE);
        IWbemClassObject_Release(clone);
        Check("the last release of an object", (HRESULT)IWbemClassObject_Release(o), 0);
}

static void Sinks(void)
{
        Sink s;
        SinkInit(&s);
        Check("no sink", QueryAsync(services, ALL, 0, NULL), WBEM_E_INVALID_PARAMETER);
        Check("a bad query", QueryAsync(services, L"SELECT", 0, &s), WBEM_E_UNPARSABLE_QUERY);
        Check("a failed call keeps no reference", s.refs, 1);
        Check("a query", QueryAsync(services, ALL, WBEM_FLAG_SEND_STATUS, &s), S_OK);
        CheckTrue("a reference is kept", s.refs > 1);
        Check("the first events", (HRESULT)WaitForSingleObject(s.some, 60000), WAIT_OBJECT_0);
        Check("no status while healthy", s.statuses, 0);
        Check("CancelAsyncCall", IWbemServices_CancelAsyncCall(services, &s.base), S_OK);
        Check("the last status", (HRESULT)WaitForSingleObject(s.finished, 60000), WAIT_OBJECT_0);
        Check("its value", s.status, WBEM_E_CALL_CANCELLED);
        SinkDeinit(&s);
        Check("one status", s.statuses, 1);
        Check("callbacks out of turn", s.overlaps, 0);
        Check("cancel again", IWbemServices_CancelAsyncCall(services, &s.base), WBEM_E_INVALID_PARAMETER);
        Check("cancel nothing", IWbemServices_CancelAsyncCall(services, NULL), WBEM_E_INVALID_PARAMETER);

        SinkInit(&s); // a sink that fails is cancelled
        s.answer = E_FAIL;
        Check("a query", QueryAsync(services, ALL, 0, &s), S_OK);
        Check("the end of a failing sink", (HRESULT)WaitForSingleObject(s.finished, 60000), WAIT_OBJECT_0);
        Check("its status", s.status, WBEM_E_CALL_CANCELLED);
        SinkDeinit(&s);
        Check("one status", s.statuses, 1);

        SinkInit(&s); // one sink, two calls: one cancel ends both; from inside a callback
        Check("the first", QueryAsync(services, NONE, 0, &s), S_OK);
        s.cancel = services;
        Check("the second", QueryAsync(services, ALL, 0, &s), S_OK);
        Check("the end", (HRESULT)WaitForSingleObject(s.finished, 60000), WAIT_OBJECT_0);
        SinkDeinit(&s);
        Check("both were told", s.statuses, 2);
        Check("the cancel from inside", s.cancelled, S_OK);
}

// A stub of a sink: called, cancelled and let go in its stead.
static void Stubs(void)
{
        IUnsecuredApartment *a = NULL;
        IWbemUnsecuredApartment *b = NULL;
        IUnknown *unknown = NULL;
        IWbemObjectSink *stub = NULL;
        Sink s;
        BSTR l = SysAllocString(L"WQL"), q = SysAllocString(ALL);
        SinkInit(&s);
        Check("CoCreateInstance",
              CoCreateInstance(&CLSID_UnsecuredApartment, NULL, CLSCTX_LOCAL_SERVER, &IID_IUnsecuredApartment,
                               (void **)&a),
              S_OK);
        Check("CreateObjectStub", IUnsecuredApartment_CreateObjectStub(a, NULL, &unknown),
              WBEM_E_INVALID_PARAMETER);
        Check("CreateObjectStub", IUnsecuredApartment_CreateObjectStub(a, (IUnknown *)a, &unknown),
              E_NOINTERFACE);
        Check("CreateObjectStub", IUnsecuredApartment_CreateObjectStub(a, (IUnknown *)&s.base, &unknown),
              S_OK);
        Check("its sink", IUnknown_QueryInterface(unknown, &IID_IWbemObjectSink, (void **)&stub), S_OK);
        Check("a query",
              IWbemServices_ExecNotificationQueryAsync(services, l, q, WBEM_FLAG_SEND_STATUS, NULL, stub),
              S_OK);
        Check("an event", (HRESULT)WaitForSingleObject(s.some, 60000), WAIT_OBJECT_0);
        Check("the sink itself is unknown", IWbemServices_CancelAsyncCall(services, &s.base),
              WBEM_E_INVALID_PARAMETER);
        Check("CancelAsyncCall", IWbemServices_CancelAsyncCall(services, stub), S_OK);
        IWbemObjectSink_Release(stub);
        IUnknown_Release(unknown);
        Check("the last status", (HRESULT)WaitForSingleObject(s.finished, 60000), WAIT_OBJECT_0);
        SinkDeinit(&s);
        SinkInit(&s);
        Check("IWbemUnsecuredApartment",
              IUnsecuredApartment_QueryInterface(a, &IID_IWbemUnsecuredApartment, (void **)&b), S_OK);
        Check("CreateSinkStub", IWbemUnsecuredApartment_CreateSinkStub(b, &s.base, 3, NULL, &stub),
              WBEM_E_INVALID_PARAMETER);
        Check("CreateSinkStub", IWbemUnsecuredApartment_CreateSinkStub(b, &s.base, 2, NULL, &stub), S_OK);
        Check("the stub's last release", (HRESULT)IWbemObjectSink_Release(stub), 0);
        IWbemUnsecuredApartment_Release(b);
        Check("the last release", (HRESULT)IUnsecuredApartment_Release(a), 0);
        SinkDeinit(&s);
        SysFreeString(l);
        SysFreeString(q);
}

// Releasing IWbemServices ends what was subscribed through it.
static void LettingGo(void)
{
        IWbemServices *other = NULL;
        Sink s;
        SinkInit(&s);
        Check("ConnectServer", Connect(L"root\\wmi", &other), S_OK);
        Check("a query", QueryAsync(other, ALL, 0, &s), S_OK);
        Check("an event", (HRESULT)WaitForSingleObject(s.some, 60000), WAIT_OBJECT_0);
        Check("the last release", (HRESULT)IWbemServices_Release(other), 0);
        Check("the sink was told", (HRESULT)WaitForSingleObject(s.finished, 60000), WAIT_OBJECT_0);
        Check("its status", s.status, WBEM_E_CALL_CANCELLED);
        SinkDeinit(&s);
}

static void TheServiceGoes(int pid)
{
        IEnumWbemClassObject *e = NULL;
        IWbemClassObject *o = NULL;
        ULONG n;
        Sink s;
        SinkInit(&s);
        Check("a query", Query(L"WQL", NONE, NEXT_FLAGS, &e), S_OK);
        Check("another", QueryAsync(services, NONE, 0, &s), S_OK);
        kill(pid, SIGTERM);
        HRESULT hr = IEnumWbemClassObject_Next(e, (LONG)WBEM_INFINITE, 1, &o, &n);
        CheckTrue("Next fails when the service goes", FAILED(hr));
        Check("the sink is told", (HRESULT)WaitForSingleObject(s.finished, 60000), WAIT_OBJECT_0);
        CheckTrue("with a failure", FAILED(s.status) && s.status != (HRESULT)WBEM_E_CALL_CANCELLED);
        IEnumWbemClassObject_Release(e);
        SinkDeinit(&s);
        CheckTrue("a call fails", FAILED(Query(L"WQL", ALL, NEXT_FLAGS, &e)));
}

int main(int argc, char **argv)
{
        if (argc < 2)
                return 2;
        CoInitializeEx(NULL, COINIT_MULTITHREADED);
        Check("CoInitializeSecurity", CoInitializeSecurity(NULL, -1, NULL, NULL, 0, 3, NULL, 0, NULL), S_OK);
        Check("CoCreateInstance",
              CoCreateInstance(&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator,
                               (void **)&locator),
              S_OK);
        Namespaces();
        Check("ConnectServer", Connect(L"root\\wmi", &services), S_OK);
        if (!services)
                return 1;
        Check("CoSetProxyBlanket", CoSetProxyBlanket((IUnknown *)services, 10, 0, NULL, 3, 3, NULL, 0), S_OK);
        Connecting();
        NotThere();
        Errors();
        Classes();
        Qualifiers();
        Nulls();
        Texts();
        Enumerator();
        Object();
        Sinks();
        Stubs();
        LettingGo();
        TheServiceGoes(atoi(argv[1]));
        Check("the last release of IWbemServices", (HRESULT)IWbemServices_Release(services), 0);
        IWbemLocator_Release(locator);
        CoUninitialize();
        return failures ? 1 : 0;
}
