// SPDX-License-Identifier: MIT
// Linux code (wmi-cc -mlinux): says what of the host's environment its children would get.
#include <ntddk.h>
#include <stdlib.h>

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
        const char *preload = getenv("LD_PRELOAD"), *again = getenv("FREEWMI_HOST_PRELOAD");
        UNREFERENCED_PARAMETER(DriverObject);
        UNREFERENCED_PARAMETER(RegistryPath);
        DbgPrint("environment: preload %s, again %s\n", preload ? preload : "none", again ? again : "none");
        return STATUS_SUCCESS;
}
