// SPDX-License-Identifier: MIT
// Routines of the kernel that mingw-w64's <ntddk.h> does not declare.
#ifndef FREEWMI_DRIVER_NT_UNDECLARED_H
#define FREEWMI_DRIVER_NT_UNDECLARED_H

#include <ntddk.h>

VOID NTAPI KeQuerySystemTimePrecise(PLARGE_INTEGER now);
ULONGLONG NTAPI KeQueryInterruptTimePrecise(PULONG64 counter);
PIRP NTAPI IoAllocateIrpEx(PDEVICE_OBJECT device, CCHAR stack_size, BOOLEAN quota);
PVOID NTAPI ExAllocatePoolZero(POOL_TYPE type, SIZE_T size, ULONG tag);
PVOID NTAPI ExAllocatePoolUninitialized(POOL_TYPE type, SIZE_T size, ULONG tag);
PVOID NTAPI ExAllocatePoolQuotaZero(POOL_TYPE type, SIZE_T size, ULONG tag);
NTSTATUS NTAPI ObOpenObjectByPointer(PVOID body, ULONG attributes, PACCESS_STATE state, ACCESS_MASK access,
                                     POBJECT_TYPE type, KPROCESSOR_MODE mode, PHANDLE ret);
NTSTATUS NTAPI ObCloseHandle(HANDLE handle, KPROCESSOR_MODE mode);
NTSTATUS NTAPI WdmlibIoCreateDeviceSecure(PDRIVER_OBJECT driver, ULONG extension_size, PUNICODE_STRING name,
                                          DEVICE_TYPE type, ULONG characteristics, BOOLEAN exclusive,
                                          PCUNICODE_STRING sddl, LPCGUID class_guid, PDEVICE_OBJECT *ret);
PDEVICE_OBJECT NTAPI IoGetLowerDeviceObject(PDEVICE_OBJECT device);
PDEVICE_OBJECT NTAPI IoGetDeviceAttachmentBaseRef(PDEVICE_OBJECT device);
NTSTATUS NTAPI IoEnumerateDeviceObjectList(PDRIVER_OBJECT driver, PDEVICE_OBJECT *list, ULONG bytes,
                                           PULONG ret_count);
VOID NTAPI ExFreePool2(PVOID p, ULONG tag, PVOID parameters, ULONG count);

NTSTATUS NTAPI IoOpenDriverRegistryKey(PDRIVER_OBJECT driver, ULONG type, ACCESS_MASK access, ULONG flags,
                                       PHANDLE ret);
NTSTATUS NTAPI KeSaveFloatingPointState(PKFLOATING_SAVE save);
NTSTATUS NTAPI KeRestoreFloatingPointState(PKFLOATING_SAVE save);
NTSTATUS NTAPI RtlInitUnicodeStringEx(PUNICODE_STRING s, PCWSTR text);
BOOLEAN NTAPI RtlCreateUnicodeString(PUNICODE_STRING s, PCWSTR text);
NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG flags, PCUNICODE_STRING from, PUNICODE_STRING to);
NTSTATUS NTAPI RtlDowncaseUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN allocate);
NTSTATUS NTAPI RtlValidateUnicodeString(ULONG flags, PCUNICODE_STRING s);
NTSTATUS NTAPI RtlMultiByteToUnicodeN(PWCH to, ULONG room, PULONG ret_bytes, PCSTR from, ULONG bytes);
NTSTATUS NTAPI RtlUnicodeToMultiByteN(PCHAR to, ULONG room, PULONG ret_bytes, PCWCH from, ULONG bytes);

BOOLEAN NTAPI RtlTimeToSecondsSince1970(PLARGE_INTEGER time, PULONG ret);
VOID NTAPI RtlSecondsSince1970ToTime(ULONG seconds, PLARGE_INTEGER time);
BOOLEAN NTAPI RtlTimeToSecondsSince1980(PLARGE_INTEGER time, PULONG ret);
VOID NTAPI RtlSecondsSince1980ToTime(ULONG seconds, PLARGE_INTEGER time);
SIZE_T NTAPI RtlCompareMemoryUlong(PVOID source, SIZE_T bytes, ULONG pattern);
ULONG NTAPI RtlRandomEx(PULONG seed);
USHORT NTAPI RtlCaptureStackBackTrace(ULONG skip, ULONG count, PVOID *trace, PULONG hash);

NTSTATUS NTAPI ZwCreateEvent(PHANDLE ret, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, EVENT_TYPE type,
                             BOOLEAN state);
NTSTATUS NTAPI ZwSetEvent(HANDLE handle, PLONG previous);
NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout);

#endif
