// SPDX-License-Identifier: MIT
// GetErrorInfo, SetErrorInfo: the error object of a thread; and the one that a failed call to WMI leaves
// there, an
// __ExtendedStatus that says what, where and why.
#include "objects.h"

#include <pthread.h>

#include "value.h"

// The calling thread's error object; its destructor releases it when the thread ends.
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static BOOL have_key;
static const CimClass *extended_status; // NULL: out of memory

static void Forget(void *error)
{
        IErrorInfo_Release((IErrorInfo *)error);
}

// The class as data/mof/system.mof has it: it must be there when no service is.
static void Init(void)
{
        have_key = pthread_key_create(&key, Forget) == 0;
        const CimQualifier abstract = {.name = STR("abstract"),
                                       .value = {.type = CIM_BOOLEAN, .boolean = true}};
        const CimPropertySpec code = {.name = STR("StatusCode"), .type = CIM_UINT32};
        const CimPropertySpec texts[] = {{.name = STR("Description"), .type = CIM_STRING},
                                         {.name = STR("Operation"), .type = CIM_STRING},
                                         {.name = STR("ParameterInfo"), .type = CIM_STRING},
                                         {.name = STR("ProviderName"), .type = CIM_STRING}};
        const CimClassSpec above = {.name = STR("__NotifyStatus"),
                                    .qualifiers = &abstract,
                                    .qualifier_count = 1,
                                    .properties = &code,
                                    .property_count = 1};
        const CimClassSpec status = {
                .name = STR("__ExtendedStatus"), .properties = texts, .property_count = 4};
        CimClass *notify, *extended;
        if (cim_class_new(&above, NULL, NULL, NULL, &notify, NULL) != 0)
                return;
        if (cim_class_new(&status, notify, NULL, NULL, &extended, NULL) == 0)
                extended_status = extended;
        cim_class_unref(notify);
}

static IErrorInfo *Exchange(IErrorInfo *take)
{
        pthread_once(&once, Init);
        IErrorInfo *old = have_key ? pthread_getspecific(key) : NULL;
        if (have_key && pthread_setspecific(key, take) == 0)
                return old;
        if (take)
                IErrorInfo_Release(take);
        return NULL;
}

HRESULT WINAPI SetErrorInfo(ULONG reserved, IErrorInfo *error)
{
        if (reserved)
                return E_INVALIDARG;
        if (error)
                IErrorInfo_AddRef(error);
        IErrorInfo *old = Exchange(error);
        if (old)
                IErrorInfo_Release(old);
        return S_OK;
}

// Hands the object over: the next call finds none.
HRESULT WINAPI GetErrorInfo(ULONG reserved, IErrorInfo **ret)
{
        if (!ret || reserved)
                return E_INVALIDARG;
        *ret = Exchange(NULL);
        return *ret ? S_OK : S_FALSE;
}

// --- what failed calls leave ------------------------------------------------------------------------------

static BOOL SetText(CimInstance *i, Str property, Str text)
{
        Str16 s = utf_to16(i->owner, text);
        if (!s.p)
                return FALSE;
        i->values[cim_class_property(i->class, property)] = (CimValue){.type = CIM_STRING, .string = s};
        return TRUE;
}

void ErrorSet(HRESULT hr, Str description, Str operation, Str parameter, Str provider)
{
        CimInstance *i;
        IErrorInfo *error;
        pthread_once(&once, Init);
        if (!extended_status || cim_instance_new(extended_status, &i) < 0)
                return;
        i->values[cim_class_property(i->class, STR("StatusCode"))] =
                (CimValue){.type = CIM_UINT32, .uint = (uint32_t)hr};
        if (!SetText(i, STR("Description"), description) || !SetText(i, STR("Operation"), operation) ||
            !SetText(i, STR("ProviderName"), provider) ||
            (parameter.n && !SetText(i, STR("ParameterInfo"), parameter))) {
                cim_instance_unref(i);
                return;
        }
        if (FAILED(ObjectFromStatus(i, &error)))
                return;
        IErrorInfo *old = Exchange(error);
        if (old)
                IErrorInfo_Release(old);
}

void ErrorOfReply(const ClientItem *item)
{
        ClientStatus s;
        if (client_item_status(item, &s))
                ErrorSet((HRESULT)s.status,
                         str_of(s.diag.message[0] ? s.diag.message : cim_status_says(s.status)),
                         str_of(s.operation), s.parameter, str_of(s.provider));
}

void ErrorBegin(void)
{
        SetErrorInfo(0, NULL);
}

// In words what is no number of WMI's.
static const char *Says(HRESULT hr)
{
        switch (hr) {
        case E_NOTIMPL:
                return "this method is not there yet";
        case E_POINTER:
                return "a pointer is NULL";
        case E_OUTOFMEMORY:
                return "out of memory";
        default:
                return cim_status_name((uint32_t)hr) ? cim_status_says((uint32_t)hr) : "the call failed";
        }
}

HRESULT ErrorEnd(HRESULT hr, const char *operation, const OLECHAR *parameter)
{
        pthread_once(&once, Init);
        if (SUCCEEDED(hr) || (have_key && pthread_getspecific(key))) // the service has said more
                return hr;
        Arena a = {0};
        Str text = parameter ? utf_to8(&a, (Str16){(const char16_t *)parameter, wcslen(parameter)}) : STR("");
        ErrorSet(hr, str_of(Says(hr)), str_of(operation), text.p ? text : STR(""), STR(WIRE_PROVIDER));
        arena_deinit(&a);
        return hr;
}
