// SPDX-License-Identifier: MIT
/*
 * The bodies of Microsoft's intrinsics: mingw-w64's. No include guard: it may be included several times, each time for
 * a group of them.
 *
 * clang knows some of these as builtins whose 64-bit type is `long` here; the headers say `long long`. They go under
 * names of ours, and so do the sources' uses of them.
 */
#if defined(__clang__) && !defined(FREEWMI_INTRIN_RENAMED)
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

#if defined(__clang__) && !defined(FREEWMI_INTRIN_RENAMED)
#define FREEWMI_INTRIN_RENAMED
/* mingw-w64 declares these and leaves the bodies to the builtins. */
__MINGW_INTRIN_INLINE long long _InterlockedAnd64(long long volatile *to, long long value)
{
        return __atomic_fetch_and(to, value, __ATOMIC_SEQ_CST);
}
__MINGW_INTRIN_INLINE long long _InterlockedOr64(long long volatile *to, long long value)
{
        return __atomic_fetch_or(to, value, __ATOMIC_SEQ_CST);
}
__MINGW_INTRIN_INLINE long long _InterlockedXor64(long long volatile *to, long long value)
{
        return __atomic_fetch_xor(to, value, __ATOMIC_SEQ_CST);
}
__MINGW_INTRIN_INLINE long long _InterlockedIncrement64(long long volatile *to)
{
        return __atomic_add_fetch(to, 1, __ATOMIC_SEQ_CST);
}
__MINGW_INTRIN_INLINE long long _InterlockedDecrement64(long long volatile *to)
{
        return __atomic_sub_fetch(to, 1, __ATOMIC_SEQ_CST);
}
__MINGW_INTRIN_INLINE long long _InterlockedExchange64(long long volatile *to, long long value)
{
        return __atomic_exchange_n(to, value, __ATOMIC_SEQ_CST);
}
__MINGW_INTRIN_INLINE long long _InterlockedExchangeAdd64(long long volatile *to, long long value)
{
        return __atomic_fetch_add(to, value, __ATOMIC_SEQ_CST);
}
__MINGW_INTRIN_INLINE long long _InterlockedCompareExchange64(long long volatile *to, long long value,
                                                              long long expected)
{
        __atomic_compare_exchange_n(to, &expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        return expected;
}
#define FREEWMI_BIT64(index) (1ULL << ((index) & 63))
__MINGW_INTRIN_INLINE unsigned char _bittest64(long long const *base, long long index)
{
        return (unsigned char)((base[index >> 6] >> (index & 63)) & 1);
}
__MINGW_INTRIN_INLINE unsigned char _bittestandset64(long long *base, long long index)
{
        unsigned char old = _bittest64(base, index);
        base[index >> 6] |= (long long)FREEWMI_BIT64(index);
        return old;
}
__MINGW_INTRIN_INLINE unsigned char _bittestandreset64(long long *base, long long index)
{
        unsigned char old = _bittest64(base, index);
        base[index >> 6] &= (long long)~FREEWMI_BIT64(index);
        return old;
}
__MINGW_INTRIN_INLINE unsigned char _bittestandcomplement64(long long *base, long long index)
{
        unsigned char old = _bittest64(base, index);
        base[index >> 6] ^= (long long)FREEWMI_BIT64(index);
        return old;
}
__MINGW_INTRIN_INLINE unsigned char _interlockedbittestandset64(long long volatile *base, long long index)
{
        return (__atomic_fetch_or(base + (index >> 6), (long long)FREEWMI_BIT64(index), __ATOMIC_SEQ_CST) >>
                (index & 63)) & 1;
}
__MINGW_INTRIN_INLINE unsigned char _interlockedbittestandreset64(long long volatile *base, long long index)
{
        return (__atomic_fetch_and(base + (index >> 6), (long long)~FREEWMI_BIT64(index), __ATOMIC_SEQ_CST) >>
                (index & 63)) & 1;
}
__MINGW_INTRIN_INLINE unsigned long long __popcnt64(unsigned long long value)
{
        return (unsigned long long)__builtin_popcountll(value);
}
#endif
