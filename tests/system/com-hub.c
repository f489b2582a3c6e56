// SPDX-License-Identifier: MIT
// com-hub SCENARIO: what a process does to its connection. test-com.py provides the service, or what plays
// one.
//
// Each scenario prints what differs from what is wanted and ends with 0 when nothing does.
#define COBJMACROS
#define CINTERFACE
#include <windows.h>
#include <ole2.h>
#include <oleauto.h>
#include <wbemidl.h>
#include <freewmi.h>

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define NEXT_FLAGS (WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY)
#define ALL        L"SELECT * FROM FakeEvent"
#define NONE       L"SELECT * FROM FakeEvent WHERE InstanceName = 'nobody'"

static volatile LONG failures;
static IWbemLocator *locator;
static IWbemServices *services;

static void Check(const char *what, HRESULT got, HRESULT wanted)
{
        if (got == wanted)
                return;
        InterlockedIncrement(&failures);
        printf("%s: got 0x%08X, wanted 0x%08X\n", what, (unsigned)got, (unsigned)wanted);
        fflush(stdout);
}

static void CheckTrue(const char *what, int condition)
{
        Check(what, condition ? S_OK : E_FAIL, S_OK);
}

static void Say(const char *what)
{
        printf("%s\n", what);
        fflush(stdout);
}

static void Hear(void) // a line of whoever runs the scenario
{
        int c;
        while ((c = getchar()) != '\n' && c != EOF)
                ;
}

// --- sinks
// ------------------------------------------------------------------------------------------------------

typedef struct Sink {
        IWbemObjectSink base;
        LONG refs, events, statuses;
        HRESULT answer, status;
        HANDLE gate; // Indicate waits for it
        HANDLE some, finished;
        IWbemServices *release; // from inside the first Indicate
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
        Sink *s = (Sink *)self;
        LONG left = InterlockedDecrement(&s->refs);
        if (left == 0) {
                CloseHandle(s->some);
                CloseHandle(s->finished);
                free(s);
        }
        return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE SinkIndicate(IWbemObjectSink *self, LONG n, IWbemClassObject **objects)
{
        Sink *s = (Sink *)self;
        (void)objects;
        for (LONG i = 0; i < n; i++)
                InterlockedIncrement(&s->events);
        SetEvent(s->some);
        IWbemServices *release = s->release;
        if (release) {
                s->release = NULL;
                Check("the last release, inside", (HRESULT)IWbemServices_Release(release), 0);
                CoUninitialize(); // this thread never joined an apartment
        }
        if (s->gate)
                WaitForSingleObject(s->gate, INFINITE);
        return s->answer;
}

static HRESULT STDMETHODCALLTYPE SinkSetStatus(IWbemObjectSink *self, LONG flags, HRESULT hr, BSTR text,
                                               IWbemClassObject *object)
{
        Sink *s = (Sink *)self;
        (void)flags, (void)text, (void)object;
        InterlockedExchange(&s->status, hr); // two calls with one sink may end at once
        InterlockedIncrement(&s->statuses);
        SetEvent(s->finished);
        return S_OK;
}

static IWbemObjectSinkVtbl SinkVtbl = {SinkQueryInterface, SinkAddRef, SinkRelease, SinkIndicate,
                                       SinkSetStatus};

static Sink *SinkNew(HANDLE gate)
{
        Sink *s = calloc(1, sizeof(*s));
        s->base.lpVtbl = &SinkVtbl;
        s->refs = 1;
        s->gate = gate;
        s->some = CreateEventW(NULL, FALSE, FALSE, NULL);
        s->finished = CreateEventW(NULL, TRUE, FALSE, NULL);
        return s;
}

static void SinkFinish(Sink *s, HRESULT status)
{
        Check("the last status", (HRESULT)WaitForSingleObject(s->finished, INFINITE), WAIT_OBJECT_0);
        Check("its value", s->status, status);
        Check("how many", s->statuses, 1);
        IWbemObjectSink_Release(&s->base);
}

// --- calls
// ------------------------------------------------------------------------------------------------------

static HRESULT Connect(IWbemServices **ret)
{
        BSTR n = SysAllocString(L"root\\wmi");
        HRESULT hr = IWbemLocator_ConnectServer(locator, n, NULL, NULL, NULL, 0, NULL, NULL, ret);
        SysFreeString(n);
        return hr;
}

static HRESULT Query(const wchar_t *query, IEnumWbemClassObject **ret)
{
        BSTR l = SysAllocString(L"WQL"), q = SysAllocString(query);
        HRESULT hr = IWbemServices_ExecNotificationQuery(services, l, q, NEXT_FLAGS, NULL, ret);
        SysFreeString(l);
        SysFreeString(q);
        return hr;
}

static HRESULT QueryAsync(const wchar_t *query, Sink *sink)
{
        BSTR l = SysAllocString(L"WQL"), q = SysAllocString(query);
        HRESULT hr = IWbemServices_ExecNotificationQueryAsync(services, l, q, 0, NULL, &sink->base);
        SysFreeString(l);
        SysFreeString(q);
        return hr;
}

// --- against a service and a driver that fires all the time
// -------------------------------------------------------

// Sinks that sleep delay nobody else, and as many as there are.
static void Slow(void)
{
        enum { N = 12 };
        Sink *sinks[N];
        HANDLE gate = CreateEventW(NULL, TRUE, FALSE, NULL);
        for (int i = 0; i < N; i++) {
                sinks[i] = SinkNew(i < N - 1 ? gate : NULL);
                Check("a query", QueryAsync(ALL, sinks[i]), S_OK);
        }
        for (int i = 0; i < N; i++)
                Check("each sink is called", (HRESULT)WaitForSingleObject(sinks[i]->some, INFINITE),
                      WAIT_OBJECT_0);
        SetEvent(gate);
        for (int i = 0; i < N; i++) {
                Check("CancelAsyncCall", IWbemServices_CancelAsyncCall(services, &sinks[i]->base), S_OK);
                SinkFinish(sinks[i], WBEM_E_CALL_CANCELLED);
        }
        CloseHandle(gate);
}

// The last references are given back by a callback: of IWbemServices, and so of the connection.
static void Inside(void)
{
        Sink *s = SinkNew(NULL);
        s->release = services;
        Check("a query", QueryAsync(ALL, s), S_OK);
        SinkFinish(s, WBEM_E_CALL_CANCELLED);
        services = NULL;
        Check("another connection", Connect(&services), S_OK);
        s = SinkNew(NULL);
        Check("another query", QueryAsync(ALL, s), S_OK);
        Check("its event", (HRESULT)WaitForSingleObject(s->some, INFINITE), WAIT_OBJECT_0);
        Check("CancelAsyncCall", IWbemServices_CancelAsyncCall(services, &s->base), S_OK);
        SinkFinish(s, WBEM_E_CALL_CANCELLED);
}

// The process ends while sinks are inside callbacks and a thread is inside Next.
static DWORD WINAPI NextForEver(LPVOID p)
{
        IWbemClassObject *o;
        ULONG n;
        IEnumWbemClassObject_Next((IEnumWbemClassObject *)p, (LONG)WBEM_INFINITE, 1, &o, &n);
        return 0;
}

static void Leave(void)
{
        IEnumWbemClassObject *e;
        HANDLE gate = CreateEventW(NULL, TRUE, FALSE, NULL);
        Check("a query", Query(NONE, &e), S_OK);
        CloseHandle(CreateThread(NULL, 0, NextForEver, e, 0, NULL));
        for (int i = 0; i < 6; i++) {
                Sink *s = SinkNew(i < 3 ? gate : NULL);
                Check("a query", QueryAsync(ALL, s), S_OK);
                Check("its event", (HRESULT)WaitForSingleObject(s->some, INFINITE), WAIT_OBJECT_0);
        }
        CoUninitialize();
        exit(failures ? 1 : 0);
}

// As many subscriptions as a session may have, each with events; one more is refused.
static void Many(void)
{
        enum { N = 1000 };
        static IEnumWbemClassObject *e[N];
        IEnumWbemClassObject *more = NULL;
        IWbemClassObject *o;
        ULONG n;
        for (int i = 0; i < N; i++)
                Check("a query", Query(ALL, &e[i]), S_OK);
        Check("one too many", Query(ALL, &more), WBEM_E_QUOTA_VIOLATION);
        for (int i = 0; i < N; i++) {
                Check("an event", IEnumWbemClassObject_Next(e[i], (LONG)WBEM_INFINITE, 1, &o, &n),
                      WBEM_S_NO_ERROR);
                IWbemClassObject_Release(o);
        }
        for (int i = 0; i < N; i++)
                IEnumWbemClassObject_Release(e[i]);
        Check("there is room again", Query(ALL, &more), S_OK);
        IEnumWbemClassObject_Release(more);
}

static void NextAsync(void)
{
        IEnumWbemClassObject *e;
        Sink *a = SinkNew(NULL), *b = SinkNew(NULL);
        Check("a query", Query(ALL, &e), S_OK);
        Check("no sink", IEnumWbemClassObject_NextAsync(e, 1, NULL), WBEM_E_INVALID_PARAMETER);
        Check("no objects", IEnumWbemClassObject_NextAsync(e, 0, &a->base), WBEM_E_INVALID_PARAMETER);
        Check("a failed call keeps no reference", a->refs, 1);
        Check("five", IEnumWbemClassObject_NextAsync(e, 5, &a->base), S_OK);
        Check("three more", IEnumWbemClassObject_NextAsync(e, 3, &b->base), S_OK);
        WaitForSingleObject(b->finished, INFINITE);
        Check("the first had its turn before", a->statuses, 1);
        Check("events of the first", a->events, 5);
        Check("events of the second", b->events, 3);
        SinkFinish(a, WBEM_S_NO_ERROR);
        SinkFinish(b, WBEM_S_NO_ERROR);
        IEnumWbemClassObject_Release(e);

        a = SinkNew(NULL); // the second is cancelled before the first, which waits
        b = SinkNew(NULL);
        Check("a query", Query(NONE, &e), S_OK);
        Check("one", IEnumWbemClassObject_NextAsync(e, 1, &a->base), S_OK);
        Check("another", IEnumWbemClassObject_NextAsync(e, 1, &b->base), S_OK);
        Check("CancelAsyncCall", IWbemServices_CancelAsyncCall(services, &b->base), S_OK);
        SinkFinish(b, WBEM_E_CALL_CANCELLED);
        Check("the first waits", a->statuses, 0);
        IEnumWbemClassObject_Release(e); // ends the rest
        SinkFinish(a, WBEM_E_CALL_CANCELLED);
}

// Everything at once, from several threads. Nothing to see but what a sanitizer says, and that it ends.
static DWORD WINAPI Stir(LPVOID p)
{
        unsigned seed = (unsigned)(uintptr_t)p;
        CoInitializeEx(NULL, COINIT_MULTITHREADED);
        for (int i = 0; i < 40; i++) {
                IWbemServices *own = NULL;
                IEnumWbemClassObject *e = NULL;
                IWbemClassObject *o[3];
                ULONG n = 0;
                Check("a connection", Connect(&own), S_OK);
                Sink *s = SinkNew(NULL);
                s->answer = seed % 7 == 0 ? E_FAIL : S_OK;
                BSTR l = SysAllocString(L"WQL"), q = SysAllocString(ALL);
                Check("a query", IWbemServices_ExecNotificationQueryAsync(own, l, q, 0, NULL, &s->base),
                      S_OK);
                Check("another", IWbemServices_ExecNotificationQuery(own, l, q, NEXT_FLAGS, NULL, &e), S_OK);
                SysFreeString(l);
                SysFreeString(q);
                IEnumWbemClassObject_NextAsync(e, 2, &s->base);
                IEnumWbemClassObject_Next(e, (LONG)(seed % 3) * 10 - 10, 1 + seed % 3, o, &n);
                for (ULONG k = 0; k < n; k++) {
                        VARIANT v;
                        VariantInit(&v);
                        V_VT(&v) = VT_I4;
                        Check("Put", IWbemClassObject_Put(o[k], L"Number", 0, &v, 0), S_OK);
                        IWbemClassObject_Release(o[k]);
                }
                if (seed % 2)
                        IEnumWbemClassObject_Release(e);
                IWbemServices_CancelAsyncCall(own, &s->base); // unless it ended already
                WaitForSingleObject(s->finished, INFINITE);
                IWbemServices_Release(own);
                if (seed % 2 == 0)
                        IEnumWbemClassObject_Release(e);
                IWbemObjectSink_Release(&s->base);
                seed = seed * 1103515245 + 12345;
                seed = seed >> 16 | seed << 16;
        }
        CoUninitialize();
        return 0;
}

static void Threads(void)
{
        HANDLE t[4];
        for (uintptr_t i = 0; i < 4; i++)
                t[i] = CreateThread(NULL, 0, Stir, (LPVOID)(i + 1), 0, NULL);
        Check("the threads end", (HRESULT)WaitForMultipleObjects(4, t, TRUE, INFINITE), WAIT_OBJECT_0);
        for (int i = 0; i < 4; i++)
                CloseHandle(t[i]);
}

// --- against what plays a service
// ---------------------------------------------------------------------------------

static void Silent(void) // it answers the connection, but neither query
{
        IEnumWbemClassObject *e = (IEnumWbemClassObject *)1;
        Check("a query without an answer", Query(ALL, &e), WBEM_E_TIMED_OUT);
        CheckTrue("nothing is returned", e == NULL);
        Sink *s = SinkNew(NULL);
        Check("another", QueryAsync(ALL, s), WBEM_E_TIMED_OUT);
        Check("no reference is kept", s->refs, 1);
        IWbemObjectSink_Release(&s->base);
        Say("late");
        Hear();
}

static void Mute(void) // it answers nothing at all
{
        IWbemServices *s = (IWbemServices *)1;
        Check("a connection without an answer", Connect(&s), WBEM_E_TIMED_OUT);
        CheckTrue("nothing is returned", s == NULL);
}

static void Broken(void) // it goes, or sends what no service sends, while we hold an enumerator and a sink
{
        IEnumWbemClassObject *e = NULL;
        IWbemClassObject *o;
        ULONG n = 1;
        Sink *s = SinkNew(NULL);
        Check("a query", Query(ALL, &e), S_OK);
        Check("another", QueryAsync(ALL, s), S_OK);
        Say("now");
        Check("Next", IEnumWbemClassObject_Next(e, (LONG)WBEM_INFINITE, 1, &o, &n), WBEM_E_TRANSPORT_FAILURE);
        Check("again", IEnumWbemClassObject_Next(e, 0, 1, &o, &n), WBEM_E_TRANSPORT_FAILURE);
        Check("NextAsync", IEnumWbemClassObject_NextAsync(e, 1, &s->base), WBEM_E_TRANSPORT_FAILURE);
        SinkFinish(s, WBEM_E_TRANSPORT_FAILURE);
        IEnumWbemClassObject_Release(e);
        Check("a call on the dead", Query(ALL, &e), WBEM_E_TRANSPORT_FAILURE);
        IWbemServices_Release(services);
        Check("a new connection", Connect(&services), S_OK);
}

static void Refused(void) // the answer to a query is broken, or the service goes instead
{
        IEnumWbemClassObject *e = (IEnumWbemClassObject *)1;
        Say("now");
        Check("a query", Query(ALL, &e), WBEM_E_TRANSPORT_FAILURE);
        CheckTrue("nothing is returned", e == NULL);
}

static void Hung(void) // a callback over its time
{
        HANDLE gate = CreateEventW(NULL, TRUE, FALSE, NULL);
        Sink *s = SinkNew(gate);
        Check("a query", QueryAsync(ALL, s), S_OK);
        Say("now");
        Check("its event", (HRESULT)WaitForSingleObject(s->some, INFINITE), WAIT_OBJECT_0);
        Hear(); // the service was told
        Check("it was cancelled already", IWbemServices_CancelAsyncCall(services, &s->base),
              WBEM_E_INVALID_PARAMETER);
        Check("but not told, since it is inside", s->statuses, 0);
        SetEvent(gate);
        SinkFinish(s, WBEM_E_CALL_CANCELLED);
        CloseHandle(gate);
}

static void Counted(void) // 5 events, 7 lost, the end: what Next says
{
        IEnumWbemClassObject *e = NULL;
        IWbemClassObject *o[8];
        IFreeWMISubscription *counts;
        ULONGLONG lost = 0, queued = 0, delivered = 0;
        ULONG n = 0;
        Check("a query", Query(ALL, &e), S_OK);
        Say("now");
        Check("more than there are", IEnumWbemClassObject_Next(e, (LONG)WBEM_INFINITE, 8, o, &n),
              WBEM_S_FALSE);
        Check("what there was", (HRESULT)n, 5);
        for (ULONG i = 0; i < n; i++)
                IWbemClassObject_Release(o[i]);
        Check("the end", IEnumWbemClassObject_Next(e, (LONG)WBEM_INFINITE, 1, o, &n), WBEM_E_SHUTTING_DOWN);
        Check("nothing", (HRESULT)n, 0);
        Check("Skip", IEnumWbemClassObject_Skip(e, (LONG)WBEM_INFINITE, 1), WBEM_E_SHUTTING_DOWN);
        Check("counts", IEnumWbemClassObject_QueryInterface(e, &IID_IFreeWMISubscription, (void **)&counts),
              S_OK);
        Check("GetCounts", IFreeWMISubscription_GetCounts(counts, &lost, &queued, &delivered), S_OK);
        CheckTrue("7 lost, none queued, 5 delivered", lost == 7 && queued == 0 && delivered == 5);
        IFreeWMISubscription_Release(counts);
        IEnumWbemClassObject_Release(e);
}

static const struct {
        const char *name;
        void (*run)(void);
        int connect;
} scenarios[] = {{"slow", Slow, 1},
                 {"inside", Inside, 1},
                 {"leave", Leave, 1},
                 {"many", Many, 1},
                 {"next-async", NextAsync, 1},
                 {"threads", Threads, 1},
                 {"silent", Silent, 1},
                 {"mute", Mute, 0},
                 {"broken", Broken, 1},
                 {"refused", Refused, 1},
                 {"hung", Hung, 1},
                 {"counted", Counted, 1}};

int main(int argc, char **argv)
{
        CoInitializeEx(NULL, COINIT_MULTITHREADED);
        Check("CoCreateInstance",
              CoCreateInstance(&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator,
                               (void **)&locator),
              S_OK);
        for (size_t i = 0; argc > 1 && i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
                if (strcmp(scenarios[i].name, argv[1]) != 0)
                        continue;
                if (scenarios[i].connect)
                        Check("ConnectServer", Connect(&services), S_OK);
                if (!failures)
                        scenarios[i].run();
                if (services)
                        IWbemServices_Release(services);
                IWbemLocator_Release(locator);
                CoUninitialize();
                return failures ? 1 : 0;
        }
        return 2;
}
