// SPDX-License-Identifier: MIT
// Device properties, device and interface registry keys, device interfaces, PnP notifications.
#include "driver/nt/nt-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wdmguid.h>

#define IF_TAG NT_TAG('I', 'o', 'I', 'f')

// --- properties ----------------------------------------------------------------------------------

// Properties that are values of the device's Enum key.
static const struct Property {
        DEVICE_REGISTRY_PROPERTY property;
        ULONG type;
        const WCHAR *value;
} properties[] = {
        {DevicePropertyDeviceDescription, REG_SZ, L"DeviceDesc"},
        {DevicePropertyHardwareID, REG_MULTI_SZ, L"HardwareID"},
        {DevicePropertyCompatibleIDs, REG_MULTI_SZ, L"CompatibleIDs"},
        {DevicePropertyClassName, REG_SZ, L"Class"},
        {DevicePropertyClassGuid, REG_SZ, L"ClassGUID"},
        {DevicePropertyDriverKeyName, REG_SZ, L"Driver"},
        {DevicePropertyManufacturer, REG_SZ, L"Mfg"},
        {DevicePropertyFriendlyName, REG_SZ, L"FriendlyName"},
        {DevicePropertyLocationInformation, REG_SZ, L"LocationInformation"},
        {DevicePropertyUINumber, REG_DWORD, L"UINumber"},
};

static NTSTATUS property_value(NtDevNode *node, const struct Property *p, PVOID buffer, ULONG room,
                               PULONG ret)
{
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, p->value);
        ULONG type, size = 0;
        NTSTATUS status = nt_registry_get(&node->enum_key, &name, &type, NULL, 0, &size);
        if (!NT_SUCCESS(status) || type != p->type) {
                *ret = 0;
                return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        *ret = size;
        if (room < size)
                return STATUS_BUFFER_TOO_SMALL;
        return nt_registry_get(&node->enum_key, &name, &type, buffer, room, &size);
}

static NTSTATUS property_bytes(const void *data, ULONG size, PVOID buffer, ULONG room, PULONG ret)
{
        *ret = size;
        if (room < size)
                return STATUS_BUFFER_TOO_SMALL;
        memcpy(buffer, data, size);
        return STATUS_SUCCESS;
}

static NTSTATUS property_enumerator(NtDevNode *node, PVOID buffer, ULONG room, PULONG ret)
{
        const UNICODE_STRING *path = &node->instance_path;
        size_t n = 0;
        while (n < path->Length / sizeof(WCHAR) && path->Buffer[n] != L'\\')
                n++;
        *ret = (ULONG)((n + 1) * sizeof(WCHAR));
        if (room < *ret)
                return STATUS_BUFFER_TOO_SMALL;
        memcpy(buffer, path->Buffer, n * sizeof(WCHAR));
        ((WCHAR *)buffer)[n] = 0;
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI IoGetDeviceProperty(PDEVICE_OBJECT pdo, DEVICE_REGISTRY_PROPERTY property, ULONG room,
                                            PVOID buffer, PULONG ret)
{
        NtDevNode *node = nt_device_extension(pdo)->node;
        if (!node)
                return STATUS_INVALID_DEVICE_REQUEST;
        for (size_t i = 0; i < RTL_NUMBER_OF(properties); i++)
                if (properties[i].property == property)
                        return property_value(node, &properties[i], buffer, room, ret);
        if (property == DevicePropertyEnumeratorName)
                return property_enumerator(node, buffer, room, ret);
        if (property == DevicePropertyPhysicalDeviceObjectName) {
                UNICODE_STRING name;
                NTSTATUS status = nt_name_of(pdo, &name);
                if (NT_SUCCESS(status))
                        status = property_bytes(name.Buffer, name.Length + (ULONG)sizeof(WCHAR), buffer, room,
                                                ret);
                else
                        *ret = 0;
                nt_unicode_free(&name);
                return status;
        }
        if (property == DevicePropertyInstallState) {
                static const ULONG installed = InstallStateInstalled;
                return property_bytes(&installed, sizeof installed, buffer, room, ret);
        }
        if (property == DevicePropertyRemovalPolicy) {
                static const ULONG expect_no_removal = 1; // RemovalPolicyExpectNoRemoval
                return property_bytes(&expect_no_removal, sizeof expect_no_removal, buffer, room, ret);
        }
        *ret = 0;
        return STATUS_OBJECT_NAME_NOT_FOUND; // the root enumerator has none of the others
}

// --- registry keys -------------------------------------------------------------------------------

NTEXPORT NTSTATUS NTAPI IoOpenDeviceRegistryKey(PDEVICE_OBJECT pdo, ULONG type, ACCESS_MASK access,
                                                PHANDLE ret)
{
        (void)access;
        NtDevNode *node = nt_device_extension(pdo)->node;
        *ret = NULL;
        if (!node)
                return STATUS_INVALID_DEVICE_REQUEST;
        if ((type & 3) == PLUGPLAY_REGKEY_DRIVER)
                return nt_registry_open_handle(&node->class_key, true, ret);
        if ((type & 3) != PLUGPLAY_REGKEY_DEVICE)
                return STATUS_INVALID_PARAMETER;
        UNICODE_STRING path;
        char text[600];
        NTSTATUS status = nt_unicode_format(&path, "%s\\Device Parameters",
                                            nt_utf8(text, sizeof text, &node->enum_key));
        if (NT_SUCCESS(status))
                status = nt_registry_open_handle(&path, true, ret);
        nt_unicode_free(&path);
        return status;
}

NTEXPORT NTSTATUS NTAPI IoOpenDriverRegistryKey(PDRIVER_OBJECT driver, ULONG type, ACCESS_MASK access,
                                                ULONG flags, PHANDLE ret)
{
        (void)access, (void)flags;
        UNICODE_STRING path;
        char text[400];
        *ret = NULL;
        if (type > 1) // DriverRegKeyParameters, DriverRegKeyPersistentState
                return STATUS_INVALID_PARAMETER;
        NTSTATUS status =
                nt_unicode_format(&path, "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\%s%s",
                                  nt_utf8(text, sizeof text, &driver->DriverExtension->ServiceKeyName),
                                  type == 0 ? "\\Parameters" : "\\State");
        if (NT_SUCCESS(status))
                status = nt_registry_open_handle(&path, true, ret);
        nt_unicode_free(&path);
        return status;
}

// --- interfaces ----------------------------------------------------------------------------------

typedef struct Interface {
        LIST_ENTRY link;
        GUID guid;
        PDEVICE_OBJECT pdo;  // not referenced: nt_interfaces_removed comes before it goes
        UNICODE_STRING name; // \??\ROOT#TOASTER#0000#{guid}[\reference]
        bool enabled;
} Interface;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static LIST_ENTRY interfaces = {&interfaces, &interfaces};

static Interface *interface_find(const UNICODE_STRING *name)
{
        for (LIST_ENTRY *e = interfaces.Flink; e != &interfaces; e = e->Flink) {
                Interface *f = CONTAINING_RECORD(e, Interface, link);
                if (nt_unicode_equal(&f->name, name))
                        return f;
        }
        return NULL;
}

static NTSTATUS interface_name(NtDevNode *node, const GUID *guid, const UNICODE_STRING *reference,
                               UNICODE_STRING *ret)
{
        char path[512], ref[256] = "", id[64];
        UNICODE_STRING guid_text;
        nt_utf8(path, sizeof path, &node->instance_path);
        for (char *p = path; *p; p++)
                if (*p == '\\')
                        *p = '#';
        NTSTATUS status = RtlStringFromGUID(guid, &guid_text);
        if (!NT_SUCCESS(status))
                return status;
        nt_utf8(id, sizeof id, &guid_text);
        RtlFreeUnicodeString(&guid_text);
        for (char *p = id; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char)(*p + 32);
        if (reference && reference->Length)
                nt_utf8(ref, sizeof ref, reference);
        return nt_unicode_format(ret, "\\??\\%s#%s%s%s", path, id, *ref ? "\\" : "", ref);
}

NTEXPORT NTSTATUS NTAPI IoRegisterDeviceInterface(PDEVICE_OBJECT pdo, CONST GUID *guid,
                                                  PUNICODE_STRING reference, PUNICODE_STRING ret)
{
        NtDevNode *node = nt_device_extension(pdo)->node;
        *ret = (UNICODE_STRING){0};
        if (!node)
                return STATUS_INVALID_DEVICE_REQUEST;
        if (reference)
                for (size_t i = 0; i < reference->Length / sizeof(WCHAR); i++)
                        if (reference->Buffer[i] == L'\\' || reference->Buffer[i] == L'/')
                                return STATUS_INVALID_DEVICE_REQUEST;
        Interface *f = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, sizeof *f, IF_TAG);
        if (!f)
                return STATUS_INSUFFICIENT_RESOURCES;
        NTSTATUS status = interface_name(node, guid, reference, &f->name);
        if (NT_SUCCESS(status))
                status = RtlDuplicateUnicodeString(1, &f->name, ret); // the driver's to free
        if (!NT_SUCCESS(status)) {
                nt_unicode_free(&f->name);
                ExFreePool(f);
                return status;
        }
        f->guid = *guid;
        f->pdo = pdo;
        pthread_mutex_lock(&mutex);
        bool again = interface_find(&f->name) != NULL;
        if (!again)
                InsertTailList(&interfaces, &f->link);
        pthread_mutex_unlock(&mutex);
        if (again) { // registering again gives the same name
                nt_unicode_free(&f->name);
                ExFreePool(f);
        }
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI IoSetDeviceInterfaceState(PUNICODE_STRING name, BOOLEAN enable)
{
        GUID guid;
        enable = enable != FALSE;
        pthread_mutex_lock(&mutex);
        Interface *f = interface_find(name);
        NTSTATUS status = !f ? STATUS_OBJECT_NAME_NOT_FOUND
                          : f->enabled == enable
                                  ? (enable ? STATUS_OBJECT_NAME_EXISTS : STATUS_OBJECT_NAME_NOT_FOUND)
                                  : STATUS_SUCCESS;
        PDEVICE_OBJECT pdo = f ? f->pdo : NULL;
        if (status == STATUS_SUCCESS) {
                f->enabled = enable;
                guid = f->guid;
        }
        pthread_mutex_unlock(&mutex);
        if (status != STATUS_SUCCESS)
                return status;
        // While enabled the link opens the device's stack.
        if (enable)
                nt_name_insert(name, pdo, NULL);
        else
                nt_name_remove(name, false);
        nt_notifications_device_interface(&guid, name, enable);
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI IoGetDeviceInterfaces(CONST GUID *guid, PDEVICE_OBJECT pdo, ULONG flags, PWSTR *ret)
{
        size_t need = 1;
        bool all = flags & DEVICE_INTERFACE_INCLUDE_NONACTIVE;
        *ret = NULL;
        pthread_mutex_lock(&mutex);
        for (int pass = 0, at = 0; pass < 2; pass++) {
                for (LIST_ENTRY *e = interfaces.Flink; e != &interfaces; e = e->Flink) {
                        Interface *f = CONTAINING_RECORD(e, Interface, link);
                        if ((!f->enabled && !all) || (pdo && f->pdo != pdo) ||
                            memcmp(&f->guid, guid, sizeof *guid))
                                continue;
                        size_t n = f->name.Length / sizeof(WCHAR) + 1;
                        if (pass == 0) {
                                need += n;
                        } else {
                                memcpy(*ret + at, f->name.Buffer, n * sizeof(WCHAR));
                                at += (int)n;
                        }
                }
                if (pass == 0 && !(*ret = nt_pool_alloc(NT_POOL_ZERO, need * sizeof(WCHAR), IF_TAG)))
                        break;
        }
        pthread_mutex_unlock(&mutex);
        return *ret ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTEXPORT NTSTATUS NTAPI IoOpenDeviceInterfaceRegistryKey(PUNICODE_STRING name, ACCESS_MASK access,
                                                         PHANDLE ret)
{
        (void)access;
        *ret = NULL;
        char guid_text[64], text[600];
        UNICODE_STRING id, path;
        pthread_mutex_lock(&mutex);
        Interface *f = interface_find(name);
        GUID guid = f ? f->guid : (GUID){0};
        pthread_mutex_unlock(&mutex);
        if (!f)
                return STATUS_OBJECT_NAME_NOT_FOUND;
        NTSTATUS status = RtlStringFromGUID(&guid, &id);
        if (!NT_SUCCESS(status))
                return status;
        nt_utf8(guid_text, sizeof guid_text, &id);
        RtlFreeUnicodeString(&id);
        nt_utf8(text, sizeof text, name);
        for (char *p = text; *p; p++)
                if (*p == '\\')
                        *p = '#';
        status = nt_unicode_format(
                &path,
                "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\DeviceClasses\\%s\\%s\\"
                "Device Parameters",
                guid_text, text);
        if (NT_SUCCESS(status))
                status = nt_registry_open_handle(&path, true, ret);
        nt_unicode_free(&path);
        return status;
}

void nt_interfaces_removed(PDEVICE_OBJECT pdo)
{
        // What the driver left enabled goes with the device, and who listens is told.
        for (;;) {
                pthread_mutex_lock(&mutex);
                Interface *found = NULL;
                for (LIST_ENTRY *e = interfaces.Flink; e != &interfaces && !found; e = e->Flink)
                        if (CONTAINING_RECORD(e, Interface, link)->pdo == pdo)
                                found = CONTAINING_RECORD(e, Interface, link);
                if (found)
                        RemoveEntryList(&found->link);
                pthread_mutex_unlock(&mutex);
                if (!found)
                        return;
                if (found->enabled) {
                        nt_name_remove(&found->name, false);
                        nt_notifications_device_interface(&found->guid, &found->name, false);
                }
                nt_unicode_free(&found->name);
                ExFreePool(found);
        }
}

// --- notifications -------------------------------------------------------------------------------

typedef struct Notification {
        LIST_ENTRY link;
        IO_NOTIFICATION_EVENT_CATEGORY category;
        GUID guid;
        PDRIVER_OBJECT driver;
        PDRIVER_NOTIFICATION_CALLBACK_ROUTINE routine;
        PVOID context;
        int running;
        bool gone;
} Notification;

typedef struct Delivery {
        Notification *to;
        GUID event, guid;
        UNICODE_STRING name;
} Delivery;

static struct _OBJECT_TYPE notification_type = {.name = "PlugPlayNotification", .tag = IF_TAG};
static LIST_ENTRY notifications = {&notifications, &notifications};
static pthread_cond_t delivered = PTHREAD_COND_INITIALIZER;
static _Thread_local Notification *delivering;

static void deliver(void *arg)
{
        Delivery *d = arg;
        pthread_mutex_lock(&mutex);
        bool gone = d->to->gone;
        if (!gone)
                d->to->running++;
        pthread_mutex_unlock(&mutex);
        if (!gone) {
                DEVICE_INTERFACE_CHANGE_NOTIFICATION n = {.Version = 1,
                                                          .Size = sizeof n,
                                                          .Event = d->event,
                                                          .InterfaceClassGuid = d->guid,
                                                          .SymbolicLinkName = &d->name};
                delivering = d->to;
                d->to->routine(&n, d->to->context);
                delivering = NULL;
                pthread_mutex_lock(&mutex);
                d->to->running--;
                pthread_cond_broadcast(&delivered);
                pthread_mutex_unlock(&mutex);
        }
        ObfDereferenceObject(d->to);
        nt_unicode_free(&d->name);
        ExFreePool(d);
}

// Queues one callback; they run at PASSIVE_LEVEL on a worker. Lock held.
static void delivery_queue(Notification *to, const GUID *event, const GUID *guid, const UNICODE_STRING *name)
{
        Delivery *d = nt_pool_alloc(NT_POOL_ZERO | NT_POOL_SYSTEM, sizeof *d, IF_TAG);
        char text[600];
        if (!d || !nt_unicode_from_utf8(&d->name, nt_utf8(text, sizeof text, name))) {
                if (d)
                        ExFreePool(d);
                nt_log(NT_LOG_ERROR, "out of memory: a PnP notification is lost");
                return;
        }
        d->to = to;
        d->event = *event;
        d->guid = *guid;
        ObfReferenceObject(to);
        if (nt_worker_post("PnP notification", deliver, d, (const void *)to->routine) < 0) {
                ObfDereferenceObject(to);
                nt_unicode_free(&d->name);
                ExFreePool(d);
        }
}

static const GUID interface_arrival = {
        0xcb3a4004, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};
static const GUID interface_removal = {
        0xcb3a4005, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};

void nt_notifications_device_interface(const GUID *guid, const UNICODE_STRING *link, bool arrival)
{
        pthread_mutex_lock(&mutex);
        for (LIST_ENTRY *e = notifications.Flink; e != &notifications; e = e->Flink) {
                Notification *n = CONTAINING_RECORD(e, Notification, link);
                if (n->category == EventCategoryDeviceInterfaceChange &&
                    memcmp(&n->guid, guid, sizeof *guid) == 0)
                        delivery_queue(n, arrival ? &interface_arrival : &interface_removal, guid, link);
        }
        pthread_mutex_unlock(&mutex);
}

NTEXPORT NTSTATUS NTAPI IoRegisterPlugPlayNotification(IO_NOTIFICATION_EVENT_CATEGORY category, ULONG flags,
                                                       PVOID data, PDRIVER_OBJECT driver,
                                                       PDRIVER_NOTIFICATION_CALLBACK_ROUTINE routine,
                                                       PVOID context, PVOID *ret)
{
        *ret = NULL;
        // The hardware profile never changes and targets are not closed here: such a registration just never
        // fires.
        if (category != EventCategoryDeviceInterfaceChange &&
            category != EventCategoryHardwareProfileChange && category != EventCategoryTargetDeviceChange)
                return STATUS_INVALID_PARAMETER;
        if (!routine || (category == EventCategoryDeviceInterfaceChange && !data))
                return STATUS_INVALID_PARAMETER;
        Notification *n = nt_object_create(&notification_type, sizeof *n, false);
        if (!n)
                return STATUS_INSUFFICIENT_RESOURCES;
        n->category = category;
        if (category == EventCategoryDeviceInterfaceChange)
                n->guid = *(GUID *)data;
        n->driver = driver;
        n->routine = routine;
        n->context = context;
        ObfReferenceObject(driver);
        *ret = n;
        pthread_mutex_lock(&mutex);
        InsertTailList(&notifications, &n->link);
        if (category == EventCategoryDeviceInterfaceChange &&
            (flags & PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES))
                for (LIST_ENTRY *e = interfaces.Flink; e != &interfaces; e = e->Flink) {
                        Interface *f = CONTAINING_RECORD(e, Interface, link);
                        if (f->enabled && memcmp(&f->guid, &n->guid, sizeof n->guid) == 0)
                                delivery_queue(n, &interface_arrival, &f->guid, &f->name);
                }
        pthread_mutex_unlock(&mutex);
        return STATUS_SUCCESS;
}

// After this no callback runs; called from the callback itself it cannot wait for that one.
NTEXPORT NTSTATUS NTAPI IoUnregisterPlugPlayNotificationEx(PVOID entry)
{
        Notification *n = entry;
        if (!nt_object_is(n, &notification_type))
                return STATUS_INVALID_PARAMETER;
        pthread_mutex_lock(&mutex);
        if (n->gone) { // a delivery keeps it yet
                pthread_mutex_unlock(&mutex);
                return STATUS_INVALID_PARAMETER;
        }
        n->gone = true;
        RemoveEntryList(&n->link);
        while (n->running > (delivering == n))
                pthread_cond_wait(&delivered, &mutex);
        pthread_mutex_unlock(&mutex);
        ObfDereferenceObject(n->driver);
        ObfDereferenceObject(n);
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI IoUnregisterPlugPlayNotification(PVOID entry)
{
        return IoUnregisterPlugPlayNotificationEx(entry);
}

int nt_interfaces_report(void)
{
        int n = 0;
        char name[256];
        pthread_mutex_lock(&mutex);
        for (LIST_ENTRY *e = notifications.Flink; e != &notifications; e = e->Flink, n++)
                nt_log(NT_LOG_WARNING, "a PnP notification is still registered: %s",
                       nt_symbol((const void *)CONTAINING_RECORD(e, Notification, link)->routine, name,
                                 sizeof name));
        pthread_mutex_unlock(&mutex);
        return n;
}
