// SPDX-License-Identifier: MIT
// The sizes and offsets that drivers, their host and the service share. Compiling is the test.
//
// The numbers are those of 64-bit Windows; they were the same for gcc and clang here and for a PE compiler
// with the same headers. DEVICE_OBJECT (328 in mingw-w64, 336 on Windows) is never shared by layout and not
// pinned.
#include <ntddk.h>
#include <wmistr.h>
#include <wmilib.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type ": size")
#define AT(type, field, offset)                                                                              \
        _Static_assert(FIELD_OFFSET(type, field) == (offset), #type "." #field ": offset")

// the types that LP64 and LLP64 disagree about
SIZE(LONG, 4);
SIZE(ULONG, 4);
SIZE(NTSTATUS, 4);
SIZE(BOOLEAN, 1);
SIZE(WCHAR, 2);
SIZE(wchar_t, 2);
SIZE(L"a", 4);
SIZE(LONGLONG, 8);
SIZE(ULONG_PTR, 8);
SIZE(SIZE_T, 8);
SIZE(HANDLE, 8);
SIZE(LARGE_INTEGER, 8);
SIZE(GUID, 16);
_Static_assert((WCHAR)-1 > 0, "WCHAR is unsigned");
_Static_assert((LONG)-1 < 0, "LONG is signed");

// strings and structures with characters
SIZE(UNICODE_STRING, 16);
AT(UNICODE_STRING, Length, 0);
AT(UNICODE_STRING, MaximumLength, 2);
AT(UNICODE_STRING, Buffer, 8);
SIZE(ANSI_STRING, 16);
SIZE(KEY_VALUE_PARTIAL_INFORMATION, 16);
AT(KEY_VALUE_PARTIAL_INFORMATION, Data, 12);
SIZE(KEY_VALUE_FULL_INFORMATION, 24);
AT(KEY_VALUE_FULL_INFORMATION, DataOffset, 8);
AT(KEY_VALUE_FULL_INFORMATION, NameLength, 16);
AT(KEY_VALUE_FULL_INFORMATION, Name, 20);
AT(KEY_BASIC_INFORMATION, Name, 16);
AT(FILE_NAME_INFORMATION, FileName, 4);

// lists and locks
SIZE(LIST_ENTRY, 16);
SIZE(KSPIN_LOCK, 8);
SIZE(DISPATCHER_HEADER, 24);
SIZE(KEVENT, 24);
SIZE(KDPC, 64);
SIZE(IO_STATUS_BLOCK, 16);

// IRPs
SIZE(IRP, 208);
AT(IRP, AssociatedIrp, 24);
AT(IRP, IoStatus, 48);
AT(IRP, StackCount, 66);
AT(IRP, CurrentLocation, 67);
AT(IRP, CancelRoutine, 104);
AT(IRP, Tail.Overlay.CurrentStackLocation, 184);
SIZE(IO_STACK_LOCATION, 72);
AT(IO_STACK_LOCATION, MinorFunction, 1);
AT(IO_STACK_LOCATION, Control, 3);
AT(IO_STACK_LOCATION, Parameters, 8);
AT(IO_STACK_LOCATION, DeviceObject, 40);
AT(IO_STACK_LOCATION, CompletionRoutine, 56);
AT(IO_STACK_LOCATION, Context, 64);
AT(IO_STACK_LOCATION, Parameters.WMI.ProviderId, 8);
AT(IO_STACK_LOCATION, Parameters.WMI.DataPath, 16);
AT(IO_STACK_LOCATION, Parameters.WMI.BufferSize, 24);
AT(IO_STACK_LOCATION, Parameters.WMI.Buffer, 32);
SIZE(DRIVER_OBJECT, 336);
AT(DRIVER_OBJECT, DriverExtension, 48);
AT(DRIVER_OBJECT, DriverName, 56);
AT(DRIVER_OBJECT, DriverUnload, 104);
AT(DRIVER_OBJECT, MajorFunction, 112);

// WNODEs
SIZE(WNODE_HEADER, 48);
AT(WNODE_HEADER, BufferSize, 0);
AT(WNODE_HEADER, ProviderId, 4);
AT(WNODE_HEADER, HistoricalContext, 8);
AT(WNODE_HEADER, Version, 8);
AT(WNODE_HEADER, Linkage, 12);
AT(WNODE_HEADER, CountLost, 16);
AT(WNODE_HEADER, KernelHandle, 16);
AT(WNODE_HEADER, TimeStamp, 16);
AT(WNODE_HEADER, Guid, 24);
AT(WNODE_HEADER, ClientContext, 40);
AT(WNODE_HEADER, Flags, 44);
SIZE(OFFSETINSTANCEDATAANDLENGTH, 8);
AT(OFFSETINSTANCEDATAANDLENGTH, LengthInstanceData, 4);
SIZE(WNODE_ALL_DATA, 72);
AT(WNODE_ALL_DATA, DataBlockOffset, 48);
AT(WNODE_ALL_DATA, InstanceCount, 52);
AT(WNODE_ALL_DATA, OffsetInstanceNameOffsets, 56);
AT(WNODE_ALL_DATA, FixedInstanceSize, 60);
AT(WNODE_ALL_DATA, OffsetInstanceDataAndLength, 60);
SIZE(WNODE_SINGLE_INSTANCE, 64);
AT(WNODE_SINGLE_INSTANCE, OffsetInstanceName, 48);
AT(WNODE_SINGLE_INSTANCE, InstanceIndex, 52);
AT(WNODE_SINGLE_INSTANCE, DataBlockOffset, 56);
AT(WNODE_SINGLE_INSTANCE, SizeDataBlock, 60);
AT(WNODE_SINGLE_INSTANCE, VariableData, 64);
SIZE(WNODE_SINGLE_ITEM, 72);
AT(WNODE_SINGLE_ITEM, ItemId, 56);
AT(WNODE_SINGLE_ITEM, DataBlockOffset, 60);
AT(WNODE_SINGLE_ITEM, SizeDataItem, 64);
AT(WNODE_SINGLE_ITEM, VariableData, 68);
SIZE(WNODE_METHOD_ITEM, 72);
AT(WNODE_METHOD_ITEM, MethodId, 56);
AT(WNODE_METHOD_ITEM, DataBlockOffset, 60);
AT(WNODE_METHOD_ITEM, SizeDataBlock, 64);
AT(WNODE_METHOD_ITEM, VariableData, 68);
SIZE(WNODE_EVENT_ITEM, 48);
SIZE(WNODE_EVENT_REFERENCE, 72);
AT(WNODE_EVENT_REFERENCE, TargetGuid, 48);
AT(WNODE_EVENT_REFERENCE, TargetDataBlockSize, 64);
AT(WNODE_EVENT_REFERENCE, TargetInstanceIndex, 68);
AT(WNODE_EVENT_REFERENCE, TargetInstanceName, 68);
SIZE(WNODE_TOO_SMALL, 56);
AT(WNODE_TOO_SMALL, SizeNeeded, 48);

// registration and WMILIB
SIZE(WMIREGGUID, 32);
AT(WMIREGGUID, Guid, 0);
AT(WMIREGGUID, Flags, 16);
AT(WMIREGGUID, InstanceCount, 20);
AT(WMIREGGUID, InstanceNameList, 24);
AT(WMIREGGUID, BaseNameOffset, 24);
AT(WMIREGGUID, Pdo, 24);
SIZE(WMIREGINFO, 24);
AT(WMIREGINFO, BufferSize, 0);
AT(WMIREGINFO, NextWmiRegInfo, 4);
AT(WMIREGINFO, RegistryPath, 8);
AT(WMIREGINFO, MofResourceName, 12);
AT(WMIREGINFO, GuidCount, 16);
AT(WMIREGINFO, WmiRegGuid, 24);
SIZE(WMIGUIDREGINFO, 16);
AT(WMIGUIDREGINFO, InstanceCount, 8);
AT(WMIGUIDREGINFO, Flags, 12);
SIZE(WMILIB_CONTEXT, 64);
AT(WMILIB_CONTEXT, GuidCount, 0);
AT(WMILIB_CONTEXT, GuidList, 8);
AT(WMILIB_CONTEXT, QueryWmiRegInfo, 16);
AT(WMILIB_CONTEXT, QueryWmiDataBlock, 24);
AT(WMILIB_CONTEXT, SetWmiDataBlock, 32);
AT(WMILIB_CONTEXT, SetWmiDataItem, 40);
AT(WMILIB_CONTEXT, ExecuteWmiMethod, 48);
AT(WMILIB_CONTEXT, WmiFunctionControl, 56);

// flags and codes that the specification of the driver half lists
_Static_assert(WNODE_FLAG_SINGLE_INSTANCE == 2 && WNODE_FLAG_EVENT_ITEM == 8 &&
                       WNODE_FLAG_TOO_SMALL == 0x20 && WNODE_FLAG_STATIC_INSTANCE_NAMES == 0x80 &&
                       WNODE_FLAG_EVENT_REFERENCE == 0x2000 && WNODE_FLAG_PDO_INSTANCE_NAMES == 0x10000,
               "WNODE flags");
_Static_assert(WMIREG_FLAG_EXPENSIVE == 1 && WMIREG_FLAG_INSTANCE_LIST == 4 &&
                       WMIREG_FLAG_INSTANCE_BASENAME == 8 && WMIREG_FLAG_INSTANCE_PDO == 0x20 &&
                       WMIREG_FLAG_EVENT_ONLY_GUID == 0x40 && WMIREG_FLAG_REMOVE_GUID == 0x10000,
               "WMIREG flags");
_Static_assert(STATUS_WMI_GUID_NOT_FOUND == (NTSTATUS)0xC0000295 &&
                       STATUS_WMI_INSTANCE_NOT_FOUND == (NTSTATUS)0xC0000296 &&
                       STATUS_WMI_ITEMID_NOT_FOUND == (NTSTATUS)0xC0000297 &&
                       STATUS_WMI_TRY_AGAIN == (NTSTATUS)0xC0000298 &&
                       STATUS_WMI_READ_ONLY == (NTSTATUS)0xC00002C6 &&
                       STATUS_WMI_SET_FAILURE == (NTSTATUS)0xC00002C7 &&
                       STATUS_WMI_GUID_DISCONNECTED == (NTSTATUS)0xC0000301 &&
                       STATUS_WMI_ALREADY_DISABLED == (NTSTATUS)0xC0000302 &&
                       STATUS_WMI_ALREADY_ENABLED == (NTSTATUS)0xC0000303,
               "status codes");
_Static_assert(IRP_MJ_SYSTEM_CONTROL == 0x17 && IRP_MN_ENABLE_EVENTS == 4 && IRP_MN_DISABLE_EVENTS == 5 &&
                       IRP_MN_REGINFO == 8 && IRP_MN_REGINFO_EX == 0xB,
               "function codes");
