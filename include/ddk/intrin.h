// SPDX-License-Identifier: MIT
/*
 * intrin.h: Microsoft's intrinsics. mingw-w64's intrin-impl.h has their bodies; its intrin.h declares the rest of them
 * as well, among them what libc declares otherwise (setjmp, the mem and str functions).
 */
#ifndef FREEWMI_INTRIN_H
#define FREEWMI_INTRIN_H

#include <_mingw.h>
#include <emmintrin.h>
#ifdef __clang__
#include <immintrin.h>
#else
#include <x86gprintrin.h>
#endif
#undef _lrotl
#undef _lrotr
#include <psdk_inc/intrin-impl.h>

__MINGW_INTRIN_INLINE unsigned short _byteswap_ushort(unsigned short value) { return __builtin_bswap16(value); }
__MINGW_INTRIN_INLINE unsigned int _byteswap_ulong(unsigned int value) { return __builtin_bswap32(value); }
__MINGW_INTRIN_INLINE unsigned long long _byteswap_uint64(unsigned long long value)
{
        return __builtin_bswap64(value);
}
#ifndef _rotl64
__MINGW_INTRIN_INLINE unsigned long long fwmi_rotl64(unsigned long long value, int count)
{
        return value << (count & 63) | value >> (-count & 63);
}
__MINGW_INTRIN_INLINE unsigned long long fwmi_rotr64(unsigned long long value, int count)
{
        return value >> (count & 63) | value << (-count & 63);
}
#define _rotl64 fwmi_rotl64
#define _rotr64 fwmi_rotr64
#endif
#define _ReadWriteBarrier() __asm__ __volatile__("" ::: "memory")
#define _ReadBarrier() __asm__ __volatile__("" ::: "memory")
#define _WriteBarrier() __asm__ __volatile__("" ::: "memory")
#define _ReturnAddress() __builtin_return_address(0)
#define _AddressOfReturnAddress() ((void *)((void **)__builtin_frame_address(0) + 1))
#define __fastfail(code) __builtin_trap()
#define __nop() __asm__ __volatile__("nop")

#endif
