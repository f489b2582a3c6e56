// SPDX-License-Identifier: MIT
// What FreeWMI adds to WMI's COM interfaces.
//
// IEnumWbemClassObject::Next has no word for lost events. Ask the enumerator for this interface:
//
//   IFreeWMISubscription *s;
//   IEnumWbemClassObject_QueryInterface(e, &IID_IFreeWMISubscription, (void **)&s);
//   IFreeWMISubscription_GetCounts(s, &lost, &queued, &delivered);
#ifndef FREEWMI_COM_H
#define FREEWMI_COM_H

#include <unknwn.h>

static const IID IID_IFreeWMISubscription = {0x0b1f7f52, 0x6b0c, 0x4e0f, {0x8e, 0x0e, 0x57, 0x2b, 0x6d, 0x2b, 0x8e, 0x5d}};

typedef struct IFreeWMISubscription IFreeWMISubscription;
typedef struct IFreeWMISubscriptionVtbl {
        HRESULT(STDMETHODCALLTYPE *QueryInterface)(IFreeWMISubscription *, REFIID, void **);
        ULONG(STDMETHODCALLTYPE *AddRef)(IFreeWMISubscription *);
        ULONG(STDMETHODCALLTYPE *Release)(IFreeWMISubscription *);
        // Events of this subscription since it began: dropped because a queue was full; waiting in this process;
        // handed out by Next or Skip. Each pointer may be NULL.
        HRESULT(STDMETHODCALLTYPE *GetCounts)(IFreeWMISubscription *, ULONGLONG *lost, ULONGLONG *queued, ULONGLONG *delivered);
} IFreeWMISubscriptionVtbl;
struct IFreeWMISubscription {
        IFreeWMISubscriptionVtbl *lpVtbl;
};

#define IFreeWMISubscription_GetCounts(s, lost, queued, delivered) (s)->lpVtbl->GetCounts((s), (lost), (queued), (delivered))
#define IFreeWMISubscription_Release(s)                            (s)->lpVtbl->Release(s)

#endif
