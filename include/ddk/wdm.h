// SPDX-License-Identifier: MIT
/*
 * wdm.h: mingw-w64's, with the bodies that only a kernel can run replaced by functions of the driver host, and with
 * what newer WDKs have and it lacks.
 */
#ifndef FREEWMI_WDM_H
#define FREEWMI_WDM_H

#include <intrin.h>
/* wdm.h has bodies of its own for these two, and then makes the names mean the intrinsics. */
#define InterlockedBitTestAndSet FwmiWdmBitTestAndSet
#define InterlockedBitTestAndReset FwmiWdmBitTestAndReset

/* These inlines read CR8 or the GS segment: move them out of the way; nothing calls them by the new names. */
#define KeGetCurrentIrql FwmiKernelKeGetCurrentIrql
#define KeLowerIrql FwmiKernelKeLowerIrql
#define KfRaiseIrql FwmiKernelKfRaiseIrql
#define KeRaiseIrqlToDpcLevel FwmiKernelKeRaiseIrqlToDpcLevel
#define KeRaiseIrqlToSynchLevel FwmiKernelKeRaiseIrqlToSynchLevel
#define KeGetCurrentThread FwmiKernelKeGetCurrentThread
#define PsGetCurrentThread FwmiKernelPsGetCurrentThread
#include_next <wdm.h>
#undef KeGetCurrentIrql
#undef KeLowerIrql
#undef KfRaiseIrql
#undef KeRaiseIrqlToDpcLevel
#undef KeRaiseIrqlToSynchLevel
#undef KeGetCurrentThread
#undef PsGetCurrentThread

/* These macros read the page that Windows shares with every process. */
#undef KeQueryInterruptTime
#undef KeQuerySystemTime
#undef KeQueryTickCount
#undef KI_USER_SHARED_DATA
#undef SharedUserData
#undef SharedInterruptTime
#undef SharedSystemTime
#undef SharedTickCount

#ifdef __cplusplus
extern "C" {
#endif

NTKERNELAPI KIRQL NTAPI KeGetCurrentIrql(VOID);
NTKERNELAPI VOID NTAPI KeLowerIrql(KIRQL NewIrql);
NTKERNELAPI KIRQL NTAPI KfRaiseIrql(KIRQL NewIrql);
NTKERNELAPI KIRQL NTAPI KeRaiseIrqlToDpcLevel(VOID);
NTKERNELAPI KIRQL NTAPI KeRaiseIrqlToSynchLevel(VOID);
NTKERNELAPI PKTHREAD NTAPI KeGetCurrentThread(VOID);
NTKERNELAPI PETHREAD NTAPI PsGetCurrentThread(VOID);
NTKERNELAPI ULONGLONG NTAPI KeQueryInterruptTime(VOID);
NTKERNELAPI VOID NTAPI KeQuerySystemTime(PLARGE_INTEGER CurrentTime);
NTKERNELAPI VOID NTAPI KeQueryTickCount(PLARGE_INTEGER CurrentCount);

#ifdef __cplusplus
}
#endif

#include "wdm-additions.h"

#endif
