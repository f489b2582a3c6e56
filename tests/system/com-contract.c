// SPDX-License-Identifier: MIT
// com-contract PID: checks the contract of notification queries one by one against the service of this environment,
// whose toaster pops all the time; at the end it ends the service, process PID, and checks what enumerators say.
//
// The sources of what is checked are the public pages of ExecNotificationQuery(Async), IEnumWbemClassObject and
// IWbemObjectSink, and [MS-WMI].
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
#define ALL L"SELECT * FROM Toaster_Popped"
#define NONE L"SELECT * FROM Toaster_Popped WHERE SliceNumber = 0"

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

// --- a sink that counts ---------------------------------------------------------------------------------------

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
                s->overlaps++;
        s->events += n;
        if (s->cancel) {
                s->cancelled = IWbemServices_CancelAsyncCall(s->cancel, self);
                s->cancel = NULL;
        }
        InterlockedDecrement(&s->inside);
        SetEvent(s->some);
        return s->answer;
}

static HRESULT STDMETHODCALLTYPE SinkSetStatus(IWbemObjectSink *self, LONG flags, HRESULT hr, BSTR text, IWbemClassObject *object)
{
        Sink *s = (Sink *)self;
        (void)text, (void)object;
        if (s->inside || flags != WBEM_STATUS_COMPLETE)
                s->overlaps++;
        s->statuses++;
        s->status = hr;
        SetEvent(s->finished);
        return S_OK;
}

static IWbemObjectSinkVtbl SinkVtbl = {SinkQueryInterface, SinkAddRef, SinkRelease, SinkIndicate, SinkSetStatus};

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
        for (int i = 0; s->refs != 1 && i < 1000; i++) // the last release comes right behind the last status
                Sleep(10);
        Check("references to a sink that is done with", s->refs, 1);
        CloseHandle(s->some);
        CloseHandle(s->finished);
}

// --- calls -----------------------------------------------------------------------------------------------------

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
        HRESULT hr = IWbemServices_ExecNotificationQueryAsync(s, l, q, flags, NULL, sink ? &sink->base : NULL);
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

static void Refused(const char *what, const wchar_t *language, const wchar_t *query, LONG flags, HRESULT wanted)
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

static void Errors(void)
{
        Refused("without flags", L"WQL", ALL, 0, WBEM_E_INVALID_PARAMETER);
        Refused("without RETURN_IMMEDIATELY", L"WQL", ALL, WBEM_FLAG_FORWARD_ONLY, WBEM_E_INVALID_PARAMETER);
        Refused("with another flag", L"WQL", ALL, NEXT_FLAGS | WBEM_FLAG_SEND_STATUS, WBEM_E_INVALID_PARAMETER);
        Refused("another language", L"SQL", ALL, NEXT_FLAGS, WBEM_E_INVALID_QUERY_TYPE);
        Refused("no language", NULL, ALL, NEXT_FLAGS, WBEM_E_INVALID_PARAMETER);
        Refused("an empty query", L"WQL", L"", NEXT_FLAGS, WBEM_E_INVALID_PARAMETER);
        Refused("a syntax error", L"WQL", L"SELECT * FORM Toaster_Popped", NEXT_FLAGS, WBEM_E_UNPARSABLE_QUERY);
        Refused("not an event class", L"WQL", L"SELECT * FROM Toaster_Settings", NEXT_FLAGS, WBEM_E_NOT_EVENT_CLASS);
        IEnumWbemClassObject *e = NULL;
        HRESULT hr = Query(L"WQL", L"SELECT * FROM Nothing_Here", NEXT_FLAGS, &e);
        CheckTrue("an unknown class", hr == (HRESULT)WBEM_E_NOT_FOUND || hr == (HRESULT)WBEM_E_INVALID_CLASS);
        Check("amended qualifiers are allowed", Query(L"wQl", ALL, NEXT_FLAGS | WBEM_FLAG_USE_AMENDED_QUALIFIERS, &e), S_OK);
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
        Check("Next without a count", IEnumWbemClassObject_Next(e, 0, 1, objects, NULL), WBEM_E_INVALID_PARAMETER);
        Check("the count is untouched", (HRESULT)n, 77);
        Check("Next of none", IEnumWbemClassObject_Next(e, 0, 0, objects, &n), S_OK);
        Check("Next of three", IEnumWbemClassObject_Next(e, (LONG)WBEM_INFINITE, 3, objects, &n), WBEM_S_NO_ERROR);
        Check("three came", (HRESULT)n, 3);
        for (ULONG i = 0; i < n; i++)
                IWbemClassObject_Release(objects[i]);
        Check("Skip", IEnumWbemClassObject_Skip(e, 60000, 2), WBEM_S_NO_ERROR);
        Check("Reset", IEnumWbemClassObject_Reset(e), WBEM_E_INVALID_OPERATION);
        Check("Clone", IEnumWbemClassObject_Clone(e, &clone), WBEM_E_INVALID_OPERATION);
        Check("IFreeWMISubscription", IEnumWbemClassObject_QueryInterface(e, &IID_IFreeWMISubscription, (void **)&counts), S_OK);
        Check("GetCounts", IFreeWMISubscription_GetCounts(counts, NULL, NULL, &delivered), S_OK);
        Check("delivered", (HRESULT)delivered, 5);
        IFreeWMISubscription_Release(counts);
        Check("the last release", (HRESULT)IEnumWbemClassObject_Release(e), 0);

        Check("a query that matches nothing", Query(L"WQL", NONE, NEXT_FLAGS, &e), S_OK);
        Check("Next without waiting", IEnumWbemClassObject_Next(e, WBEM_NO_WAIT, 1, objects, &n), WBEM_S_TIMEDOUT);
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
        CheckTrue("uint32 is VT_I4", V_VT(&v) == VT_I4 && type == CIM_UINT32 && flavor == WBEM_FLAVOR_ORIGIN_LOCAL);
        Check("Get uint64", IWbemClassObject_Get(o, L"TIME_CREATED", 0, &v, &type, &flavor), S_OK);
        CheckTrue("uint64 is VT_BSTR", V_VT(&v) == VT_BSTR && type == CIM_UINT64 && flavor == WBEM_FLAVOR_ORIGIN_PROPAGATED);
        VariantClear(&v);
        Check("Get uint8", IWbemClassObject_Get(o, L"SlotNumber", 0, &v, &type, NULL), S_OK);
        CheckTrue("uint8 is VT_UI1", V_VT(&v) == VT_UI1 && (V_UI1(&v) == 1 || V_UI1(&v) == 2));
        Check("Get boolean", IWbemClassObject_Get(o, L"Active", 0, &v, NULL, NULL), S_OK);
        CheckTrue("boolean is VT_BOOL", V_VT(&v) == VT_BOOL && V_BOOL(&v) == VARIANT_TRUE);
        Check("Get __GENUS", IWbemClassObject_Get(o, L"__GENUS", 0, &v, NULL, &flavor), S_OK);
        CheckTrue("an event's genus", V_VT(&v) == VT_I4 && V_I4(&v) == 2 && flavor == WBEM_FLAVOR_ORIGIN_SYSTEM);
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
        Check("Put of a system property", IWbemClassObject_Put(clone, L"__CLASS", 0, &v, 0), WBEM_E_SYSTEM_PROPERTY);
        V_I4(&v) = -1;
        Check("Put out of range", IWbemClassObject_Put(clone, L"SlotNumber", 0, &v, 0), WBEM_E_VALUE_OUT_OF_RANGE);
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
        Check("CoCreateInstance", CoCreateInstance(&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator, (void **)&locator), S_OK);
        Namespaces();
        Check("ConnectServer", Connect(L"root\\wmi", &services), S_OK);
        if (!services)
                return 1;
        Check("CoSetProxyBlanket", CoSetProxyBlanket((IUnknown *)services, 10, 0, NULL, 3, 3, NULL, 0), S_OK);
        Errors();
        Enumerator();
        Object();
        Sinks();
        LettingGo();
        TheServiceGoes(atoi(argv[1]));
        Check("the last release of IWbemServices", (HRESULT)IWbemServices_Release(services), 0);
        IWbemLocator_Release(locator);
        CoUninitialize();
        return failures ? 1 : 0;
}
