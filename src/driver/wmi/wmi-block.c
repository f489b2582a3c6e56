// SPDX-License-Identifier: MIT
// The other IoWMI routines: names and numbers that need no data block, and the kernel consumers that are not
// there yet.
#include "driver/wmi/wmi-internal.h"

#include <stdlib.h>
#include <string.h>

NTEXPORT ULONG NTAPI IoWMIDeviceObjectToProviderId(PDEVICE_OBJECT device)
{
        return nt_device_known(device) ? nt_device_id(device) : 0;
}

// --- numbers for dynamic instance names -----------------------------------------------------------

typedef struct InstanceIds {
        struct InstanceIds *next;
        GUID guid;
        ULONG next_id;
} InstanceIds;

NTEXPORT NTSTATUS NTAPI IoWMIAllocateInstanceIds(GUID *guid, ULONG count, ULONG *ret_first)
{
        static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        static InstanceIds *all;
        if (!guid || !ret_first)
                return STATUS_INVALID_PARAMETER;
        pthread_mutex_lock(&mutex);
        InstanceIds *i = all;
        while (i && wmi_guid_order(&i->guid, guid) != 0)
                i = i->next;
        if (!i && (i = calloc(1, sizeof *i))) {
                i->guid = *guid;
                i->next = all;
                all = i;
        }
        NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
        if (i && count <= MAXULONG - i->next_id) {
                *ret_first = i->next_id;
                i->next_id += count;
                status = STATUS_SUCCESS;
        }
        pthread_mutex_unlock(&mutex);
        return status;
}

// The device instance path, the symbolic link's name, or both with '_' between them; the caller frees the
// buffer.
NTEXPORT NTSTATUS NTAPI IoWMISuggestInstanceName(PDEVICE_OBJECT pdo, PUNICODE_STRING link, BOOLEAN combine,
                                                 PUNICODE_STRING ret)
{
        UNICODE_STRING path = {0}, tail = {0};
        if (!ret || (combine && (!pdo || !link)) || (!combine && !pdo == !link))
                return STATUS_INVALID_PARAMETER;
        if (pdo && (!nt_device_known(pdo) || !nt_device_instance_path(pdo, &path)))
                return STATUS_UNSUCCESSFUL;
        if (link)
                tail = *link;
        size_t n = (size_t)path.Length + (combine ? sizeof(WCHAR) : 0) + tail.Length;
        if (n > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR) || tail.Length % 2)
                return STATUS_UNSUCCESSFUL;
        PWSTR p = ExAllocatePoolWithTag(PagedPool, n + sizeof(WCHAR), 'nimW');
        if (!p)
                return STATUS_INSUFFICIENT_RESOURCES;
        size_t at = 0;
        if (path.Length)
                memcpy(p, path.Buffer, path.Length);
        at += path.Length / sizeof(WCHAR);
        if (combine)
                p[at++] = '_';
        if (tail.Length)
                memcpy(p + at, tail.Buffer, tail.Length);
        p[n / sizeof(WCHAR)] = 0;
        *ret = (UNICODE_STRING){(USHORT)n, (USHORT)(n + sizeof(WCHAR)), p};
        return STATUS_SUCCESS;
}

// --- data blocks: what a driver that consumes WMI data calls
// ---------------------------------------------------------- They are not there yet. A driver learns so from
// every call; none pretends that a consumer was registered.

NTEXPORT NTSTATUS NTAPI IoWMIOpenBlock(GUID *guid, ULONG access, PVOID *ret)
{
        (void)guid, (void)access;
        if (ret)
                *ret = NULL;
        return STATUS_NOT_SUPPORTED;
}

NTEXPORT NTSTATUS NTAPI IoWMISetNotificationCallback(PVOID object, WMI_NOTIFICATION_CALLBACK callback,
                                                     PVOID context)
{
        (void)object, (void)callback, (void)context;
        return STATUS_NOT_SUPPORTED;
}

NTEXPORT NTSTATUS NTAPI IoWMIQueryAllData(PVOID object, ULONG *size, PVOID out)
{
        (void)object, (void)size, (void)out;
        return STATUS_NOT_SUPPORTED;
}

// Of no objects there is nothing to find: the documented answer.
static NTSTATUS nothing_of(ULONG count, ULONG *size)
{
        if (count || !size)
                return STATUS_NOT_SUPPORTED;
        *size = 0;
        return STATUS_SUCCESS;
}

NTEXPORT NTSTATUS NTAPI IoWMIQueryAllDataMultiple(PVOID *objects, ULONG count, ULONG *size, PVOID out)
{
        (void)objects, (void)out;
        return nothing_of(count, size);
}

NTEXPORT NTSTATUS NTAPI IoWMIQuerySingleInstance(PVOID object, PUNICODE_STRING name, ULONG *size, PVOID out)
{
        (void)object, (void)name, (void)size, (void)out;
        return STATUS_NOT_SUPPORTED;
}

NTEXPORT NTSTATUS NTAPI IoWMIQuerySingleInstanceMultiple(PVOID *objects, PUNICODE_STRING names, ULONG count,
                                                         ULONG *size, PVOID out)
{
        (void)objects, (void)names, (void)out;
        return nothing_of(count, size);
}

NTEXPORT NTSTATUS NTAPI IoWMISetSingleInstance(PVOID object, PUNICODE_STRING name, ULONG version, ULONG size,
                                               PVOID value)
{
        (void)object, (void)name, (void)version, (void)size, (void)value;
        return STATUS_NOT_SUPPORTED;
}

NTEXPORT NTSTATUS NTAPI IoWMISetSingleItem(PVOID object, PUNICODE_STRING name, ULONG item, ULONG version,
                                           ULONG size, PVOID value)
{
        (void)object, (void)name, (void)item, (void)version, (void)size, (void)value;
        return STATUS_NOT_SUPPORTED;
}

NTEXPORT NTSTATUS NTAPI IoWMIExecuteMethod(PVOID object, PUNICODE_STRING name, ULONG method, ULONG in_size,
                                           PULONG out_size, PUCHAR buffer)
{
        (void)object, (void)name, (void)method, (void)in_size, (void)out_size, (void)buffer;
        return STATUS_NOT_SUPPORTED;
}

NTEXPORT NTSTATUS NTAPI IoWMIHandleToInstanceName(PVOID object, HANDLE file, PUNICODE_STRING ret)
{
        (void)object, (void)file, (void)ret;
        return STATUS_NOT_SUPPORTED;
}

NTEXPORT NTSTATUS NTAPI IoWMIDeviceObjectToInstanceName(PVOID object, PDEVICE_OBJECT device,
                                                        PUNICODE_STRING ret)
{
        (void)object, (void)device, (void)ret;
        return STATUS_NOT_SUPPORTED;
}
