// SPDX-License-Identifier: MIT
/*
 * Instead of mingw-w64's own _mingw.h: what its headers expect of their compiler, said for a native LP64 build.
 * (Theirs believes in an LP64 Windows only under Cygwin and hides other things there.)
 */
#ifndef _INC__MINGW_H
#define _INC__MINGW_H

#include <_mingw_mac.h>
#include <_mingw_secapi.h>
#include <stddef.h>

#if __MINGW64_VERSION_MAJOR < 10
#error These mingw-w64 headers are older than version 10, the oldest that FreeWMI knows.
#endif

/* The types that both sides define are the native ones. */
#define _SIZE_T_DEFINED
#define _SSIZE_T_DEFINED
#define _INTPTR_T_DEFINED
#define _UINTPTR_T_DEFINED
#define _PTRDIFF_T_DEFINED
#define _WCHAR_T_DEFINED
#define _WCTYPE_T_DEFINED
#define _WINT_T
#define _TIME_T_DEFINED
#define _TIME32_T_DEFINED
#define _TIME64_T_DEFINED
#define _ERRCODE_DEFINED
#include <stdint.h>
#include <sys/types.h>
#ifndef __errno_t_defined
#define __errno_t_defined
typedef int errno_t;
#endif
#ifndef __wint_t_defined
#define __wint_t_defined 1
typedef unsigned int wint_t;
#endif
typedef int __time32_t;
typedef long long __time64_t;

/* Windows' long is 32 bits wide; mingw-w64 writes it like this throughout. */
#define __LONG32 int

#define __MINGW_IMPORT extern
#define _CRTIMP
#define __DECLSPEC_SUPPORTED
#define USE___UUIDOF 0
#define __CRT_INLINE extern __inline__ __attribute__((__gnu_inline__))
#define __MINGW_INTRIN_INLINE extern __inline__ __attribute__((__always_inline__, __gnu_inline__))
#define __UNUSED_PARAM(x) x __attribute__((__unused__))
#define __restrict_arr __restrict
#define __MINGW_ATTRIB_NORETURN __attribute__((__noreturn__))
#define __MINGW_ATTRIB_CONST __attribute__((__const__))
#define __MINGW_ATTRIB_MALLOC __attribute__((__malloc__))
#define __MINGW_ATTRIB_PURE __attribute__((__pure__))
#define __MINGW_ATTRIB_NONNULL(arg) __attribute__((__nonnull__(arg)))
#define __MINGW_ATTRIB_UNUSED __attribute__((__unused__))
#define __MINGW_ATTRIB_USED __attribute__((__used__))
#define __MINGW_ATTRIB_DEPRECATED __attribute__((__deprecated__))
#define __MINGW_ATTRIB_DEPRECATED_MSG(x) __attribute__((__deprecated__(x)))
#define __MINGW_NOTHROW __attribute__((__nothrow__))
#define __MINGW_ATTRIB_NO_OPTIMIZE
#define __MINGW_PRAGMA_PARAM(x)
#define __MINGW_BROKEN_INTERFACE(x)
#define __MSVCRT_VERSION__ 0xE00
#define _UCRT

/* A driver and a program are written for the newest Windows unless they say otherwise. */
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0xa00
#endif

#define _INT128_DEFINED
#ifdef __cplusplus
#define __nothrow __MINGW_NOTHROW
#else
#define __nothrow
#endif

#include <vadefs.h>

#define __CRT_STRINGIZE(_Value) #_Value
#define _CRT_STRINGIZE(_Value) __CRT_STRINGIZE(_Value)
#define __CRT_WIDE(_String) L##_String
#define _CRT_WIDE(_String) __CRT_WIDE(_String)
#define _W64
#define _CRTIMP_NOIA64
#define _CRTIMP2
#define _CRTIMP_ALTERNATIVE
#define _MRTIMP2
#define _MCRTIMP
#define _CRTIMP_PURE
#define _PGLOBAL
#define _AGLOBAL
#define _DLL
#define _MT
#define _CRT_DEPRECATE_TEXT(_Text)
#define _CRT_INSECURE_DEPRECATE_MEMORY(_Replacement)
#define _CRT_INSECURE_DEPRECATE_GLOBALS(_Replacement)
#define _CRT_MANAGED_HEAP_DEPRECATE
#define _CRT_OBSOLETE(_NewItem)
#define _CONST_RETURN
#define UNALIGNED
#define _CRT_ALIGN(x) __attribute__((__aligned__(x)))
#define __CRTDECL
#define _TRUNCATE ((size_t)-1)
#define _CRT_UNUSED(x) (void)x
#define __USE_MINGW_ANSI_STDIO 0

/* Nameless unions and structures are what the language has. */
#ifdef NONAMELESSUNION
#define _ANONYMOUS_UNION __MINGW_EXTENSION
#define _ANONYMOUS_STRUCT __MINGW_EXTENSION
#define _UNION_NAME(x) x
#define _STRUCT_NAME(x) x
#define DUMMYUNIONNAME u
#define DUMMYUNIONNAME1 u1
#define DUMMYUNIONNAME2 u2
#define DUMMYUNIONNAME3 u3
#define DUMMYUNIONNAME4 u4
#define DUMMYUNIONNAME5 u5
#define DUMMYUNIONNAME6 u6
#define DUMMYUNIONNAME7 u7
#define DUMMYUNIONNAME8 u8
#define DUMMYUNIONNAME9 u9
#define DUMMYSTRUCTNAME s
#define DUMMYSTRUCTNAME1 s1
#define DUMMYSTRUCTNAME2 s2
#define DUMMYSTRUCTNAME3 s3
#define DUMMYSTRUCTNAME4 s4
#define DUMMYSTRUCTNAME5 s5
#else
#define _ANONYMOUS_UNION __MINGW_EXTENSION
#define _ANONYMOUS_STRUCT __MINGW_EXTENSION
#define _UNION_NAME(x)
#define _STRUCT_NAME(x)
#define DUMMYUNIONNAME
#define DUMMYUNIONNAME1
#define DUMMYUNIONNAME2
#define DUMMYUNIONNAME3
#define DUMMYUNIONNAME4
#define DUMMYUNIONNAME5
#define DUMMYUNIONNAME6
#define DUMMYUNIONNAME7
#define DUMMYUNIONNAME8
#define DUMMYUNIONNAME9
#define DUMMYSTRUCTNAME
#define DUMMYSTRUCTNAME1
#define DUMMYSTRUCTNAME2
#define DUMMYSTRUCTNAME3
#define DUMMYSTRUCTNAME4
#define DUMMYSTRUCTNAME5
#endif

#define __CRT_UUID_DECL(type, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8)

#ifndef __clang__ /* a builtin there */
__MINGW_INTRIN_INLINE void __debugbreak(void)
{
        __asm__ __volatile__("int3");
}
#endif

#include "wdk-sal.h"

#define MINGW_SDK_INIT
#define MINGW_HAS_SECURE_API 1
#define MINGW_HAS_DDK_H 1
#define __STDC_SECURE_LIB__ 200411L
#define __GOT_SECURE_LIB__ __STDC_SECURE_LIB__

#endif
