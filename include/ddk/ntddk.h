// SPDX-License-Identifier: MIT
// ntddk.h: mingw-w64's, without the inlines that read the processor's control region.
#ifndef FREEWMI_NTDDK_H
#define FREEWMI_NTDDK_H

#define KeGetPcr FwmiKernelKeGetPcr
#define KeGetCurrentProcessorNumber FwmiKernelKeGetCurrentProcessorNumber
#include_next <ntddk.h>
#undef KeGetPcr
#undef KeGetCurrentProcessorNumber

#ifdef __cplusplus
extern "C" {
#endif

NTKERNELAPI ULONG NTAPI KeGetCurrentProcessorNumber(VOID);

#ifdef __cplusplus
}
#endif

#endif
