// SPDX-License-Identifier: MIT
/*
 * The bodies of Microsoft's intrinsics: mingw-w64's. No include guard: it may be included several times, each time for
 * a group of them.
 *
 * clang knows some of these as builtins whose 64-bit type is `long` here; the headers say `long long`. They go under
 * names of ours, and so do the sources' uses of them.
 */
#if defined(__clang__) && !defined(FREEWMI_INTRIN_RENAMED)
#define FREEWMI_INTRIN_RENAMED
#define _interlockedbittestandset64 fwmi_interlockedbittestandset64
#define _interlockedbittestandreset64 fwmi_interlockedbittestandreset64
#define _InterlockedAnd64 fwmi_InterlockedAnd64
#define _InterlockedOr64 fwmi_InterlockedOr64
#define _InterlockedXor64 fwmi_InterlockedXor64
#define _InterlockedIncrement64 fwmi_InterlockedIncrement64
#define _InterlockedDecrement64 fwmi_InterlockedDecrement64
#define _InterlockedExchange64 fwmi_InterlockedExchange64
#define _InterlockedExchangeAdd64 fwmi_InterlockedExchangeAdd64
#define _InterlockedCompareExchange64 fwmi_InterlockedCompareExchange64
#define _bittest64 fwmi_bittest64
#define _bittestandset64 fwmi_bittestandset64
#define _bittestandreset64 fwmi_bittestandreset64
#define _bittestandcomplement64 fwmi_bittestandcomplement64
#define __popcnt64 fwmi_popcnt64
#endif
#include_next <psdk_inc/intrin-impl.h>
