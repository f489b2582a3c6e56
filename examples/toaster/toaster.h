// SPDX-License-Identifier: MIT
// The example toaster: a WDM function driver on a root-enumerated device.
#ifndef TOASTER_H
#define TOASTER_H

#include <ntddk.h>
#include <wmistr.h>
#include <wmilib.h>

#define TOASTER_TAG 'tsaT'

typedef struct _TOASTER_EXTENSION {
        PDEVICE_OBJECT Self, Pdo, Lower;
        WMILIB_CONTEXT WmiLib;
        BOOLEAN Registered;
        ULONG BaseName; // registry: name the instances by "Toaster" instead of by the PDO
        ULONG Period, Round;
        KSPIN_LOCK Lock;            // guards the rest
        volatile BOOLEAN Removed;   // nothing is fired any more
        ULONG Slice;
        ULONGLONG Accepted;
        KTIMER Timer;
        KDPC TimerDpc;
        PIO_WORKITEM TrayItem;      // Toaster_TrayFull is fired at PASSIVE_LEVEL
        PIO_WORKITEM RoundItem;     // a round is toasted at PASSIVE_LEVEL
        BOOLEAN TrayQueued, RoundQueued;
        KEVENT Idle;                // set while no work item is queued
        ULONG Queued;
} TOASTER_EXTENSION, *PTOASTER_EXTENSION;

extern UNICODE_STRING ToasterRegistryPath;

// wmi.c
NTSTATUS ToasterWmiInit(PTOASTER_EXTENSION Ext);
NTSTATUS ToasterWmiRegister(PTOASTER_EXTENSION Ext);
VOID ToasterWmiDeregister(PTOASTER_EXTENSION Ext);
DRIVER_DISPATCH ToasterSystemControl;

#endif
