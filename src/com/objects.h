// SPDX-License-Identifier: MIT
// The objects of this room, as they make each other.
#ifndef COM_OBJECTS_H
#define COM_OBJECTS_H

#include "hub.h"

// CLSID_WbemLocator.
HRESULT LocatorCreate(REFIID iid, void **ret);
// CLSID_UnsecuredApartment.
HRESULT ApartmentCreate(REFIID iid, void **ret);
// CLSID_WbemStatusCodeText.
HRESULT StatusTextCreate(REFIID iid, void **ret);
// IWbemServices of a namespace in normal form. Takes the reference to the hub, also on failure.
HRESULT ServicesCreate(Hub *take_hub, const char *namespace, IWbemServices **ret);
// IEnumWbemClassObject over a subscription. Takes the subscription and a reference to the hub, also on failure.
HRESULT EnumCreate(Hub *take_hub, HubSubscription *take_subscription, IEnumWbemClassObject **ret);

// IEnumWbemClassObject over the objects of a reply and those that the service has under the handle (0: no more), which it
// takes, also on failure.
HRESULT DataEnumCreate(Hub *hub, uint32_t take_handle, Str objects, BOOL forward_only, IEnumWbemClassObject **ret);
// IWbemQualifierSet of a class, or of one of its properties; as seen from an instance if of_instance.
HRESULT QualifierSetCreate(const CimClass *c, const CimProperty *property, BOOL of_instance, IWbemQualifierSet **ret);

// Each method of IWbemServices, and ConnectServer, forgets the calling thread's error object first and, when it fails, leaves one: that of the
// service's reply (ErrorOfReply), else what ErrorEnd knows. ErrorEnd returns hr. parameter (may be NULL): its path, query or
// name.
void ErrorBegin(void);
HRESULT ErrorEnd(HRESULT hr, const char *operation, const OLECHAR *parameter);
void ErrorOfReply(const ClientItem *item);
void ErrorSet(HRESULT hr, Str description, Str operation, Str parameter, Str provider);

// The calling thread is in an apartment.
BOOL ComInitialized(void);

// The IClientSecurity that each proxy answers: it remembers what it was told and acts on none of it, since a local
// connection is what the kernel says it is. Embedded in a proxy, whose count is its count.
typedef struct Security {
        IClientSecurity base;
        IUnknown *outer;
        DWORD authn, authz, level, impersonation, capabilities;
} Security;
void SecurityInit(Security *s, IUnknown *outer);

#endif
