// SPDX-License-Identifier: MIT
// WMILIB: WmiSystemControl, WmiCompleteRequest, WmiFireEvent, as documented for wmilib.h.
//
// WmiSystemControl reads the driver's WMILIB_CONTEXT anew for every IRP and never touches an IRP after a
// callback that may have completed it. What WmiCompleteRequest must know lies in the WNODE itself: the counts
// and offsets that WmiSystemControl wrote there, and for QUERY_ALL_DATA the lengths that the callback stored.
//
//   WNODE_ALL_DATA  header 48 | offsets 12 | n x {offset, length} 8 | pad to 8 | instance 0 | pad | instance
//   1 ...
//                                            the callback's n lengths lie in the second half: 60 + 4n
#include <ntddk.h>
#include <wmistr.h>
#include <wmilib.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "driver/wmi/wmi.h"

enum {
        ALL_FIXED = 60, // WNODE_ALL_DATA up to OffsetInstanceDataAndLength
        ALL_LEAST = 72, // the smallest buffer that can hold one
        SINGLE_FIXED = 64,
        ITEM_FIXED = 68, // WNODE_SINGLE_ITEM, WNODE_METHOD_ITEM up to VariableData
        TOO_SMALL = sizeof(WNODE_TOO_SMALL),
        MINOR_MOST = IRP_MN_REGINFO_EX,
        MINOR_RESERVED = 0x0a,
        INFO_HEADER = FIELD_OFFSET(WMIREGINFOW, WmiRegGuid),
        NAME_KINDS = WMIREG_FLAG_INSTANCE_LIST | WMIREG_FLAG_INSTANCE_BASENAME | WMIREG_FLAG_INSTANCE_PDO,
};

static ULONG64 align8(ULONG64 n)
{
        return (n + 7) & ~(ULONG64)7;
}

// --- REGINFO --------------------------------------------------------------------------------------

typedef struct RegInfo {
        ULONG flags;
        UNICODE_STRING instance_name, mof_resource;
        PUNICODE_STRING registry_path;
        PDEVICE_OBJECT pdo;
} RegInfo;

static void put_string(uint8_t *buffer, ULONG64 *at, ULONG *ret_offset, const UNICODE_STRING *s)
{
        *ret_offset = (ULONG)*at;
        memcpy(buffer + *at, &s->Length, sizeof s->Length);
        if (s->Length)
                memcpy(buffer + *at + sizeof s->Length, s->Buffer, s->Length);
        *at += sizeof s->Length + s->Length;
}

// Writes the WMIREGINFO, which has room for it.
static void reginfo_write(const WMILIB_CONTEXT *lib, ULONG count, const RegInfo *info, uint8_t *buffer,
                          ULONG64 size)
{
        WMIREGINFOW head = {.BufferSize = (ULONG)size, .GuidCount = count};
        ULONG64 at = INFO_HEADER + (ULONG64)count * sizeof(WMIREGGUIDW);
        ULONG base = 0;
        bool by_pdo = info->flags & WMIREG_FLAG_INSTANCE_PDO;
        memset(buffer, 0, size);
        if (!by_pdo)
                put_string(buffer, &at, &base, &info->instance_name);
        put_string(buffer, &at, &head.MofResourceName, &info->mof_resource);
        if (info->registry_path)
                put_string(buffer, &at, &head.RegistryPath, info->registry_path);
        memcpy(buffer, &head, INFO_HEADER);
        for (ULONG i = 0; i < count; i++) {
                const WMIGUIDREGINFO *g = &lib->GuidList[i];
                WMIREGGUIDW out = {.InstanceCount = g->InstanceCount};
                if (g->Guid)
                        out.Guid = *g->Guid;
                out.Flags = ((g->Flags | info->flags) & ~(ULONG)NAME_KINDS) |
                            (by_pdo ? WMIREG_FLAG_INSTANCE_PDO : WMIREG_FLAG_INSTANCE_BASENAME);
                if (by_pdo)
                        out.Pdo = (ULONG_PTR)info->pdo;
                else
                        out.BaseNameOffset = base;
                memcpy(buffer + INFO_HEADER + i * sizeof out, &out, sizeof out);
        }
}

// The answer to REGINFO(_EX) in the IRP's buffer.
static NTSTATUS reginfo_answer(const WMILIB_CONTEXT *lib, const RegInfo *info, const IO_STACK_LOCATION *sp,
                               ULONG_PTR *information)
{
        bool by_pdo = info->flags & WMIREG_FLAG_INSTANCE_PDO;
        // The list may have been filled in by the callback only.
        ULONG count = lib->GuidList ? lib->GuidCount : 0;
        if (by_pdo ? !info->pdo : !info->instance_name.Buffer || !info->instance_name.Length)
                return STATUS_INVALID_DEVICE_REQUEST;
        ULONG64 size = INFO_HEADER + (ULONG64)count * sizeof(WMIREGGUIDW) +
                       (by_pdo ? 0 : 2u + info->instance_name.Length) + 2 + info->mof_resource.Length +
                       (info->registry_path ? 2u + info->registry_path->Length : 0);
        ULONG room = sp->Parameters.WMI.Buffer ? sp->Parameters.WMI.BufferSize : 0;
        if (size > MAXULONG)
                return STATUS_INTEGER_OVERFLOW;
        if (size > room) {
                ULONG needed = (ULONG)size;
                if (room >= sizeof needed) {
                        memcpy(sp->Parameters.WMI.Buffer, &needed, sizeof needed);
                        *information = sizeof needed;
                }
                return STATUS_BUFFER_TOO_SMALL;
        }
        reginfo_write(lib, count, info, sp->Parameters.WMI.Buffer, size);
        if (by_pdo && sp->MinorFunction == IRP_MN_REGINFO_EX)
                for (ULONG i = 0; i < count; i++) // WMI drops one for each
                        ObfReferenceObject(info->pdo);
        *information = (ULONG_PTR)size;
        return STATUS_SUCCESS;
}

static NTSTATUS reginfo(const WMILIB_CONTEXT *lib, PDEVICE_OBJECT device, const IO_STACK_LOCATION *sp,
                        ULONG_PTR *information)
{
        RegInfo info = {0};
        if (!lib->QueryWmiRegInfo)
                return STATUS_INVALID_DEVICE_REQUEST;
        NTSTATUS status = lib->QueryWmiRegInfo(device, &info.flags, &info.instance_name, &info.registry_path,
                                               &info.mof_resource, &info.pdo);
        if (status == STATUS_PENDING) // it may not be
                status = STATUS_UNSUCCESSFUL;
        if (NT_SUCCESS(status))
                status = reginfo_answer(lib, &info, sp, information);
        if (info.instance_name.Buffer)
                ExFreePool(info.instance_name.Buffer);
        return status;
}

// --- requests for a block -------------------------------------------------------------------------

// What the IRP asks for, checked.
typedef struct Request {
        PDEVICE_OBJECT device;
        PIRP irp;
        const IO_STACK_LOCATION *sp;
        ULONG guid_index, instances;
        uint8_t *wnode;
        ULONG room; // bytes of the IRP's buffer
} Request;

static ULONG ulong_at(const uint8_t *p, size_t at)
{
        ULONG n;
        memcpy(&n, p + at, sizeof n);
        return n;
}

static void put_ulong(uint8_t *p, size_t at, ULONG64 n)
{
        ULONG v = (ULONG)n;
        memcpy(p + at, &v, sizeof v);
}

#define HAS(request, offset, size) ((ULONG64)(offset) + (size) <= (request)->room)

static NTSTATUS query_all(const WMILIB_CONTEXT *lib, const Request *r, bool *called)
{
        if (r->room < ALL_LEAST)
                return STATUS_BUFFER_TOO_SMALL;
        if (!lib->QueryWmiDataBlock)
                return STATUS_INVALID_DEVICE_REQUEST;
        ULONG64 array = ALL_FIXED + 8 * (ULONG64)r->instances, data = align8(array);
        if (data > MAXULONG)
                return STATUS_INTEGER_OVERFLOW;
        put_ulong(r->wnode, offsetof(WNODE_ALL_DATA, InstanceCount), r->instances);
        put_ulong(r->wnode, offsetof(WNODE_ALL_DATA, DataBlockOffset), data);
        bool fits = data <= r->room;
        PULONG lengths = fits ? (PULONG)(void *)(r->wnode + ALL_FIXED + 4 * (size_t)r->instances) : NULL;
        if (fits)
                memset(r->wnode + ALL_FIXED, 0, (size_t)(data - ALL_FIXED));
        *called = true;
        return lib->QueryWmiDataBlock(r->device, r->irp, r->guid_index, 0, r->instances, lengths,
                                      fits ? r->room - (ULONG)data : 0, fits ? r->wnode + data : NULL);
}

static NTSTATUS query_single(const WMILIB_CONTEXT *lib, const Request *r, ULONG index, bool *called)
{
        ULONG data = ulong_at(r->wnode, offsetof(WNODE_SINGLE_INSTANCE, DataBlockOffset));
        if (data < SINGLE_FIXED)
                return STATUS_INVALID_DEVICE_REQUEST;
        if (!lib->QueryWmiDataBlock)
                return STATUS_INVALID_DEVICE_REQUEST;
        bool fits = data <= r->room;
        *called = true;
        return lib->QueryWmiDataBlock(
                r->device, r->irp, r->guid_index, index, 1,
                (PULONG)(void *)(r->wnode + offsetof(WNODE_SINGLE_INSTANCE, SizeDataBlock)),
                fits ? r->room - data : 0, fits ? r->wnode + data : NULL);
}

static NTSTATUS set_block(const WMILIB_CONTEXT *lib, const Request *r, ULONG index, bool *called)
{
        ULONG data = ulong_at(r->wnode, offsetof(WNODE_SINGLE_INSTANCE, DataBlockOffset));
        ULONG size = ulong_at(r->wnode, offsetof(WNODE_SINGLE_INSTANCE, SizeDataBlock));
        if (data < SINGLE_FIXED || !HAS(r, data, size))
                return STATUS_INVALID_DEVICE_REQUEST;
        if (!lib->SetWmiDataBlock)
                return STATUS_WMI_READ_ONLY;
        *called = true;
        return lib->SetWmiDataBlock(r->device, r->irp, r->guid_index, index, size, r->wnode + data);
}

static NTSTATUS set_item(const WMILIB_CONTEXT *lib, const Request *r, ULONG index, bool *called)
{
        ULONG data = ulong_at(r->wnode, offsetof(WNODE_SINGLE_ITEM, DataBlockOffset));
        ULONG size = ulong_at(r->wnode, offsetof(WNODE_SINGLE_ITEM, SizeDataItem));
        if (data < ITEM_FIXED || !HAS(r, data, size))
                return STATUS_INVALID_DEVICE_REQUEST;
        if (!lib->SetWmiDataItem)
                return STATUS_WMI_READ_ONLY;
        *called = true;
        return lib->SetWmiDataItem(r->device, r->irp, r->guid_index, index,
                                   ulong_at(r->wnode, offsetof(WNODE_SINGLE_ITEM, ItemId)), size,
                                   r->wnode + data);
}

static NTSTATUS execute(const WMILIB_CONTEXT *lib, const Request *r, ULONG index, bool *called)
{
        ULONG data = ulong_at(r->wnode, offsetof(WNODE_METHOD_ITEM, DataBlockOffset));
        ULONG size = ulong_at(r->wnode, offsetof(WNODE_METHOD_ITEM, SizeDataBlock));
        if (data < ITEM_FIXED || !HAS(r, data, size))
                return STATUS_INVALID_DEVICE_REQUEST;
        if (!lib->ExecuteWmiMethod)
                return STATUS_INVALID_DEVICE_REQUEST;
        *called = true;
        return lib->ExecuteWmiMethod(r->device, r->irp, r->guid_index, index,
                                     ulong_at(r->wnode, offsetof(WNODE_METHOD_ITEM, MethodId)), size,
                                     r->room - data, r->wnode + data);
}

static NTSTATUS control(const WMILIB_CONTEXT *lib, const Request *r, UCHAR minor, bool *called)
{
        if (!lib->WmiFunctionControl)
                return STATUS_SUCCESS;
        *called = true;
        bool events = minor == IRP_MN_ENABLE_EVENTS || minor == IRP_MN_DISABLE_EVENTS;
        bool enable = minor == IRP_MN_ENABLE_EVENTS || minor == IRP_MN_ENABLE_COLLECTION;
        return lib->WmiFunctionControl(r->device, r->irp, r->guid_index,
                                       events ? WmiEventControl : WmiDataBlockControl, enable ? TRUE : FALSE);
}

static bool find_guid(const WMILIB_CONTEXT *lib, const GUID *guid, ULONG *ret)
{
        for (ULONG i = 0; guid && lib->GuidList && i < lib->GuidCount; i++)
                if (lib->GuidList[i].Guid && IsEqualGUID(lib->GuidList[i].Guid, guid)) {
                        *ret = i;
                        return true;
                }
        return false;
}

// The instance that a WNODE names: static names only, this library knows no others.
static NTSTATUS instance_of(const Request *r, ULONG fixed, ULONG *ret)
{
        if (r->room < fixed)
                return STATUS_BUFFER_TOO_SMALL;
        *ret = ulong_at(r->wnode, offsetof(WNODE_SINGLE_INSTANCE, InstanceIndex));
        if (!(ulong_at(r->wnode, offsetof(WNODE_HEADER, Flags)) & WNODE_FLAG_STATIC_INSTANCE_NAMES) ||
            *ret >= r->instances)
                return STATUS_WMI_INSTANCE_NOT_FOUND;
        return STATUS_SUCCESS;
}

static NTSTATUS block_request(const WMILIB_CONTEXT *lib, Request *r, bool *called)
{
        UCHAR minor = r->sp->MinorFunction;
        if (!find_guid(lib, r->sp->Parameters.WMI.DataPath, &r->guid_index))
                return STATUS_WMI_GUID_NOT_FOUND;
        r->instances = lib->GuidList[r->guid_index].InstanceCount;
        r->wnode = r->sp->Parameters.WMI.Buffer;
        r->room = r->wnode ? r->sp->Parameters.WMI.BufferSize : 0;
        ULONG index = 0, fixed = 0;
        switch (minor) {
        case IRP_MN_QUERY_SINGLE_INSTANCE:
        case IRP_MN_CHANGE_SINGLE_INSTANCE:
                fixed = SINGLE_FIXED;
                break;
        case IRP_MN_CHANGE_SINGLE_ITEM:
        case IRP_MN_EXECUTE_METHOD:
                fixed = ITEM_FIXED;
                break;
        default:
                break;
        }
        if (fixed) {
                NTSTATUS status = instance_of(r, fixed, &index);
                if (!NT_SUCCESS(status))
                        return status;
        }
        switch (minor) {
        case IRP_MN_QUERY_ALL_DATA:
                return query_all(lib, r, called);
        case IRP_MN_QUERY_SINGLE_INSTANCE:
                return query_single(lib, r, index, called);
        case IRP_MN_CHANGE_SINGLE_INSTANCE:
                return set_block(lib, r, index, called);
        case IRP_MN_CHANGE_SINGLE_ITEM:
                return set_item(lib, r, index, called);
        case IRP_MN_EXECUTE_METHOD:
                return execute(lib, r, index, called);
        default:
                return control(lib, r, minor, called);
        }
}

NTEXPORT NTSTATUS NTAPI WmiSystemControl(PWMILIB_CONTEXT lib, PDEVICE_OBJECT device, PIRP irp,
                                         PSYSCTL_IRP_DISPOSITION disposition)
{
        PIO_STACK_LOCATION sp = IoGetCurrentIrpStackLocation(irp);
        UCHAR minor = sp->MinorFunction;
        if (minor > MINOR_MOST || minor == MINOR_RESERVED) {
                *disposition = IrpNotWmi;
                return STATUS_INVALID_DEVICE_REQUEST;
        }
        if (sp->Parameters.WMI.ProviderId != (ULONG_PTR)device) {
                *disposition = IrpForward;
                return STATUS_SUCCESS;
        }
        NTSTATUS status;
        ULONG_PTR information = 0;
        if (minor == IRP_MN_REGINFO || minor == IRP_MN_REGINFO_EX) {
                *disposition = IrpNotCompleted;
                status = reginfo(lib, device, sp, &information);
        } else {
                bool called = false;
                Request r = {.device = device, .irp = irp, .sp = sp};
                *disposition = IrpProcessed; // before the callback: afterwards the IRP may be gone
                status = block_request(lib, &r, &called);
                if (called)
                        return status;
                *disposition = IrpNotCompleted;
        }
        irp->IoStatus.Status = status;
        irp->IoStatus.Information = information;
        return status;
}

// --- WmiCompleteRequest ---------------------------------------------------------------------------

static void stamp(uint8_t *wnode, ULONG64 size)
{
        LARGE_INTEGER now;
        KeQuerySystemTime(&now);
        put_ulong(wnode, offsetof(WNODE_HEADER, BufferSize), size);
        memcpy(wnode + offsetof(WNODE_HEADER, TimeStamp), &now, sizeof now);
}

// Turns the lengths that the callback stored into offsets and lengths, or into one size that all have.
static NTSTATUS complete_all(uint8_t *wnode, ULONG room, ULONG used, ULONG_PTR *information)
{
        ULONG64 n = ulong_at(wnode, offsetof(WNODE_ALL_DATA, InstanceCount));
        ULONG64 data = align8(ALL_FIXED + 8 * n), at = data;
        if (data > room || used > room - data)
                return STATUS_UNSUCCESSFUL;
        const uint8_t *lengths = wnode + ALL_FIXED + 4 * n;
        bool same = true;
        for (ULONG64 i = 1; i < n && same; i++)
                same = ulong_at(lengths, 4 * i) == ulong_at(lengths, 0);
        ULONG flags = ulong_at(wnode, offsetof(WNODE_HEADER, Flags));
        if (n && same) {
                put_ulong(wnode, ALL_FIXED, ulong_at(lengths, 0));
                flags |= WNODE_FLAG_FIXED_INSTANCE_SIZE;
        } else {
                // Forward: pair i never reaches a length that is still to be read.
                for (ULONG64 i = 0; i < n; i++) {
                        ULONG length = ulong_at(lengths, 4 * i);
                        put_ulong(wnode, ALL_FIXED + 8 * i, at);
                        put_ulong(wnode, ALL_FIXED + 8 * i + 4, length);
                        at = align8(at + length);
                }
                flags &= ~(ULONG)WNODE_FLAG_FIXED_INSTANCE_SIZE;
        }
        put_ulong(wnode, offsetof(WNODE_HEADER, Flags), flags);
        put_ulong(wnode, offsetof(WNODE_ALL_DATA, DataBlockOffset), data);
        stamp(wnode, data + used);
        *information = (ULONG_PTR)(data + used);
        return STATUS_SUCCESS;
}

static NTSTATUS complete_one(uint8_t *wnode, ULONG room, ULONG used, size_t offset_at, size_t size_at,
                             ULONG_PTR *information)
{
        ULONG data = ulong_at(wnode, offset_at);
        if (data > room || used > room - data)
                return STATUS_UNSUCCESSFUL;
        put_ulong(wnode, size_at, used);
        stamp(wnode, (ULONG64)data + used);
        *information = (ULONG_PTR)data + used;
        return STATUS_SUCCESS;
}

// "Too small" is a success with a WNODE that says how much is needed.
static NTSTATUS complete_too_small(uint8_t *wnode, ULONG room, ULONG64 needed, ULONG_PTR *information)
{
        if (room < TOO_SMALL || needed > MAXULONG)
                return STATUS_BUFFER_TOO_SMALL;
        put_ulong(wnode, offsetof(WNODE_HEADER, BufferSize), TOO_SMALL);
        put_ulong(wnode, offsetof(WNODE_HEADER, Flags), WNODE_FLAG_TOO_SMALL);
        put_ulong(wnode, offsetof(WNODE_TOO_SMALL, SizeNeeded), needed);
        *information = TOO_SMALL;
        return STATUS_SUCCESS;
}

static NTSTATUS complete(UCHAR minor, uint8_t *wnode, ULONG room, NTSTATUS status, ULONG used,
                         ULONG_PTR *information)
{
        size_t fixed = minor == IRP_MN_QUERY_ALL_DATA          ? ALL_LEAST
                       : minor == IRP_MN_QUERY_SINGLE_INSTANCE ? SINGLE_FIXED
                       : minor == IRP_MN_EXECUTE_METHOD        ? ITEM_FIXED
                                                               : 0;
        if (!fixed || (!NT_SUCCESS(status) && status != STATUS_BUFFER_TOO_SMALL))
                return status;
        if (room < fixed)
                return STATUS_BUFFER_TOO_SMALL;
        size_t offset_at = minor == IRP_MN_QUERY_ALL_DATA ? offsetof(WNODE_ALL_DATA, DataBlockOffset)
                           : minor == IRP_MN_EXECUTE_METHOD
                                   ? offsetof(WNODE_METHOD_ITEM, DataBlockOffset)
                                   : offsetof(WNODE_SINGLE_INSTANCE, DataBlockOffset);
        if (status == STATUS_BUFFER_TOO_SMALL)
                return complete_too_small(wnode, room, (ULONG64)ulong_at(wnode, offset_at) + used,
                                          information);
        NTSTATUS r = minor == IRP_MN_QUERY_ALL_DATA ? complete_all(wnode, room, used, information)
                     : minor == IRP_MN_EXECUTE_METHOD
                             ? complete_one(wnode, room, used, offset_at,
                                            offsetof(WNODE_METHOD_ITEM, SizeDataBlock), information)
                             : complete_one(wnode, room, used, offset_at,
                                            offsetof(WNODE_SINGLE_INSTANCE, SizeDataBlock), information);
        return NT_SUCCESS(r) ? status : r;
}

NTEXPORT NTSTATUS NTAPI WmiCompleteRequest(PDEVICE_OBJECT device, PIRP irp, NTSTATUS status, ULONG used,
                                           CCHAR boost)
{
        PIO_STACK_LOCATION sp = IoGetCurrentIrpStackLocation(irp);
        uint8_t *wnode = sp->Parameters.WMI.Buffer;
        ULONG room = wnode ? sp->Parameters.WMI.BufferSize : 0;
        ULONG_PTR information = 0;
        NTSTATUS result = complete(sp->MinorFunction, wnode, room, status, used, &information);
        if (NT_SUCCESS(status) && result == STATUS_UNSUCCESSFUL)
                wmi_note(WMI_NOTE_LIB_USED, device, sp->Parameters.WMI.DataPath, used, room);
        irp->IoStatus.Status = result;
        irp->IoStatus.Information = information;
        IoCompleteRequest(irp, boost);
        return result;
}

// --- WmiFireEvent ---------------------------------------------------------------------------------

NTEXPORT NTSTATUS NTAPI WmiFireEvent(PDEVICE_OBJECT device, LPCGUID guid, ULONG index, ULONG size, PVOID data)
{
        NTSTATUS status = wmi_fire(device, guid, index, size, data);
        if (data)
                ExFreePool(data); // consumed whatever came of it
        return status;
}
