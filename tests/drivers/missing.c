// SPDX-License-Identifier: MIT
// A driver that needs what nobody has.
#include <ntddk.h>

NTSTATUS NTAPI IoZebraRoutine(VOID);
NTSTATUS NTAPI KeApeRoutine(VOID);
NTSTATUS NTAPI WdfVersionBind(VOID);
int getpid(void);
int OwnForgottenHelper(void);
extern int WeakAndAbsent(void) __attribute__((weak));

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
        UNREFERENCED_PARAMETER(DriverObject);
        UNREFERENCED_PARAMETER(RegistryPath);
        DbgPrint("missing: runs\n");
        if (WeakAndAbsent)
                WeakAndAbsent();
        return IoZebraRoutine() + KeApeRoutine() + WdfVersionBind() + getpid() + OwnForgottenHelper();
}
