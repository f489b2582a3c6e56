// SPDX-License-Identifier: MIT
// watcher: receives WMI events the way a Windows program does, in C.
//
//   watcher [QUERY [COUNT]]
//
// First COUNT events synchronously, from IEnumWbemClassObject::Next, then COUNT more asynchronously, in a
// sink of our own, until CancelAsyncCall. The default query asks for every event of root\wmi, the default
// count is 3.
//
//   wmi-cc -o watcher watcher.c
#define COBJMACROS
#define CINTERFACE
#define _WIN32_DCOM
#include <windows.h>
#include <ole2.h>
#include <oleauto.h>
#include <wbemidl.h>

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

// --- one event ------------------------------------------------------------------------------------------

static void PrintValue(const VARIANT *value)
{
        switch (V_VT(value)) {
        case VT_NULL:
                wprintf(L"NULL");
                break;
        case VT_BSTR: // strings, datetimes, and 64-bit integers
                wprintf(L"%ls", V_BSTR(value));
                break;
        case VT_BOOL:
                wprintf(V_BOOL(value) ? L"TRUE" : L"FALSE");
                break;
        case VT_I4: // sint32, uint32, uint16
                wprintf(L"%d", V_I4(value));
                break;
        case VT_I2:
                wprintf(L"%d", V_I2(value));
                break;
        case VT_UI1:
                wprintf(L"%u", V_UI1(value));
                break;
        case VT_R4:
                wprintf(L"%g", (double)V_R4(value));
                break;
        case VT_R8:
                wprintf(L"%g", V_R8(value));
                break;
        default:
                wprintf(L"(a value of type %u)", V_VT(value));
        }
}

static void PrintEvent(const wchar_t *how, IWbemClassObject *event)
{
        SAFEARRAY *names = NULL;
        VARIANT value;
        LONG low, high;

        VariantInit(&value);
        if (SUCCEEDED(IWbemClassObject_Get(event, L"__CLASS", 0, &value, NULL, NULL)))
                wprintf(L"%ls: %ls\n", how, V_BSTR(&value));
        VariantClear(&value);
        if (FAILED(IWbemClassObject_GetNames(event, NULL, WBEM_FLAG_ALWAYS | WBEM_FLAG_NONSYSTEM_ONLY, NULL,
                                             &names)))
                return;
        SafeArrayGetLBound(names, 1, &low);
        SafeArrayGetUBound(names, 1, &high);
        for (LONG i = low; i <= high; i++) {
                BSTR name = NULL;
                if (FAILED(SafeArrayGetElement(names, &i, &name)))
                        break;
                if (SUCCEEDED(IWbemClassObject_Get(event, name, 0, &value, NULL, NULL))) {
                        wprintf(L"    %ls = ", name);
                        PrintValue(&value);
                        wprintf(L"\n");
                }
                VariantClear(&value);
                SysFreeString(name);
        }
        SafeArrayDestroy(names);
        fflush(stdout);
}

// --- a sink of our own ----------------------------------------------------------------------------------

typedef struct Sink {
        IWbemObjectSink base;
        LONG refs;
        LONG wanted;     // events still wanted
        HANDLE enough;   // set when there were that many
        HANDLE finished; // set by the last SetStatus
        HRESULT status;  // that it brought
} Sink;

static HRESULT STDMETHODCALLTYPE SinkQueryInterface(IWbemObjectSink *self, REFIID riid, void **object)
{
        if (IsEqualIID(riid, &IID_IUnknown) || IsEqualIID(riid, &IID_IWbemObjectSink)) {
                *object = self;
                IWbemObjectSink_AddRef(self);
                return S_OK;
        }
        *object = NULL;
        return E_NOINTERFACE;
}

static ULONG STDMETHODCALLTYPE SinkAddRef(IWbemObjectSink *self)
{
        return (ULONG)InterlockedIncrement(&((Sink *)self)->refs);
}

// WMI lets go of a sink after its last SetStatus has returned: whoever waited for that SetStatus must not
// free it.
static ULONG STDMETHODCALLTYPE SinkRelease(IWbemObjectSink *self)
{
        Sink *sink = (Sink *)self;
        LONG left = InterlockedDecrement(&sink->refs);
        if (left == 0) {
                CloseHandle(sink->enough);
                CloseHandle(sink->finished);
                free(sink);
        }
        return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE SinkIndicate(IWbemObjectSink *self, LONG count, IWbemClassObject **events)
{
        Sink *sink = (Sink *)self;
        for (LONG i = 0; i < count; i++) {
                if (sink->wanted <= 0)
                        break;
                PrintEvent(L"Indicate", events[i]);
                if (--sink->wanted == 0)
                        SetEvent(sink->enough);
        }
        return WBEM_S_NO_ERROR;
}

static HRESULT STDMETHODCALLTYPE SinkSetStatus(IWbemObjectSink *self, LONG flags, HRESULT status, BSTR text,
                                               IWbemClassObject *object)
{
        Sink *sink = (Sink *)self;
        (void)text;
        (void)object;
        if (flags == WBEM_STATUS_COMPLETE) {
                sink->status = status;
                SetEvent(sink->finished);
                SetEvent(sink->enough);
        }
        return WBEM_S_NO_ERROR;
}

static IWbemObjectSinkVtbl SinkVtbl = {SinkQueryInterface, SinkAddRef, SinkRelease, SinkIndicate,
                                       SinkSetStatus};

// --- both ways of receiving -----------------------------------------------------------------------------

static HRESULT WatchSynchronously(IWbemServices *services, BSTR language, BSTR query, LONG count)
{
        IEnumWbemClassObject *events = NULL;
        HRESULT hr = IWbemServices_ExecNotificationQuery(
                services, language, query, WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY, NULL,
                &events);
        while (SUCCEEDED(hr) && count > 0) {
                IWbemClassObject *event = NULL;
                ULONG returned = 0;
                hr = IEnumWbemClassObject_Next(events, 10000, 1, &event, &returned);
                if (hr == (HRESULT)WBEM_S_TIMEDOUT) {
                        fwprintf(stderr, L"no event for ten seconds, still waiting\n");
                        continue;
                }
                if (hr != WBEM_S_NO_ERROR) // ended or failed: nothing more will come
                        break;
                PrintEvent(L"Next", event);
                IWbemClassObject_Release(event);
                count--;
        }
        if (events)
                IEnumWbemClassObject_Release(events);
        return count > 0 && SUCCEEDED(hr) ? E_FAIL : hr;
}

static Sink *SinkCreate(LONG count)
{
        Sink *sink = calloc(1, sizeof(*sink));
        if (!sink)
                return NULL;
        sink->base.lpVtbl = &SinkVtbl;
        sink->refs = 1;
        sink->wanted = count;
        sink->enough = CreateEventW(NULL, TRUE, FALSE, NULL);
        sink->finished = CreateEventW(NULL, TRUE, FALSE, NULL);
        return sink;
}

static HRESULT WatchAsynchronously(IWbemServices *services, BSTR language, BSTR query, LONG count)
{
        Sink *sink = SinkCreate(count);
        if (!sink)
                return E_OUTOFMEMORY;
        HRESULT hr = IWbemServices_ExecNotificationQueryAsync(services, language, query,
                                                              WBEM_FLAG_SEND_STATUS, NULL, &sink->base);
        if (SUCCEEDED(hr)) {
                WaitForSingleObject(sink->enough, INFINITE);
                if (sink->wanted <= 0) {
                        hr = IWbemServices_CancelAsyncCall(services, &sink->base);
                        WaitForSingleObject(sink->finished, INFINITE);
                        if (sink->status != (HRESULT)WBEM_E_CALL_CANCELLED)
                                hr = sink->status;
                } else {
                        hr = FAILED(sink->status) ? sink->status : E_FAIL;
                }
        }
        IWbemObjectSink_Release(&sink->base);
        return hr;
}

// --- errors ---------------------------------------------------------------------------------------------

// The number, and what WMI says about it: the thread's error object, which the failed call left.
static void Complain(HRESULT hr)
{
        IErrorInfo *error = NULL;
        BSTR description = NULL;
        if (GetErrorInfo(0, &error) == S_OK) {
                IErrorInfo_GetDescription(error, &description);
                IErrorInfo_Release(error);
        }
        fwprintf(stderr, L"watcher: error 0x%08X%ls%ls\n", (unsigned)hr, description ? L": " : L"",
                 description ? description : L"");
        SysFreeString(description);
}

// --- connecting -----------------------------------------------------------------------------------------

static HRESULT Connect(IWbemServices **services)
{
        IWbemLocator *locator = NULL;
        BSTR root = SysAllocString(L"ROOT\\WMI");
        HRESULT hr = CoCreateInstance(&CLSID_WbemLocator, NULL, CLSCTX_INPROC_SERVER, &IID_IWbemLocator,
                                      (void **)&locator);
        if (SUCCEEDED(hr))
                hr = IWbemLocator_ConnectServer(locator, root, NULL, NULL, NULL, 0, NULL, NULL, services);
        if (SUCCEEDED(hr))
                hr = CoSetProxyBlanket((IUnknown *)*services, RPC_C_AUTHN_WINNT, RPC_C_AUTHZ_NONE, NULL,
                                       RPC_C_AUTHN_LEVEL_CALL, RPC_C_IMP_LEVEL_IMPERSONATE, NULL, EOAC_NONE);
        if (locator)
                IWbemLocator_Release(locator);
        SysFreeString(root);
        return hr;
}

int main(int argc, char **argv)
{
        wchar_t text[1024];
        IWbemServices *services = NULL;
        LONG count = argc > 2 ? atoi(argv[2]) : 3;
        HRESULT hr = CoInitializeEx(NULL, COINIT_MULTITHREADED);
        if (FAILED(hr))
                return 1;
        hr = CoInitializeSecurity(NULL, -1, NULL, NULL, RPC_C_AUTHN_LEVEL_DEFAULT,
                                  RPC_C_IMP_LEVEL_IMPERSONATE, NULL, EOAC_NONE, NULL);
        if (SUCCEEDED(hr))
                hr = Connect(&services);
        if (SUCCEEDED(hr)) {
                if (argc < 2 || MultiByteToWideChar(CP_UTF8, 0, argv[1], -1, text,
                                                    (int)(sizeof(text) / sizeof(text[0]))) == 0)
                        wcscpy(text, L"SELECT * FROM WMIEvent");
                BSTR language = SysAllocString(L"WQL"), query = SysAllocString(text);
                hr = WatchSynchronously(services, language, query, count);
                if (SUCCEEDED(hr))
                        hr = WatchAsynchronously(services, language, query, count);
                SysFreeString(language);
                SysFreeString(query);
                IWbemServices_Release(services);
        }
        if (FAILED(hr))
                Complain(hr);
        CoUninitialize();
        return FAILED(hr) ? 1 : 0;
}
