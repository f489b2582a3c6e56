// SPDX-License-Identifier: MIT
/*
 * The first lines of every source that sees Windows headers: wmi-cc and the build include this file before it.
 *
 * A source is compiled natively (LP64, System V calls, 16-bit wchar_t). This file holds macros and renaming pragmas
 * only; it declares nothing and includes nothing, so that it cannot come before what a source defines for its headers.
 *
 * FREEWMI_LINUX (wmi-cc -mlinux): the source is Linux code that also sees Windows headers. _WIN32 is then not defined
 *     and the narrow stdio and stdlib functions are libc's. The wide ones are ours in every mode: libc's take a
 *     32-bit wchar_t.
 * FREEWMI_HOST (our own rooms): FREEWMI_LINUX without the note that wmi-cc -mlinux leaves in the object.
 */
#if !defined(FREEWMI_PREFIX_H) && !defined(__ASSEMBLER__)
#define FREEWMI_PREFIX_H

#if defined(FREEWMI_HOST) && !defined(FREEWMI_LINUX)
#define FREEWMI_LINUX 1
#elif defined(FREEWMI_LINUX)
/* The host opens libc to a module that carries this note: name "FreeWMI", type 1, description "linux". */
__asm__(".pushsection .note.freewmi,\"a\",@note\n\t"
        ".balign 4\n\t.long 8, 6, 1\n\t"
        ".asciz \"FreeWMI\"\n\t.balign 4\n\t.asciz \"linux\"\n\t.balign 4\n\t"
        ".popsection");
#endif

/* --- the target ------------------------------------------------------------------------------------------------ */
#ifndef _AMD64_
#define _AMD64_ 1
#endif
#ifndef _M_AMD64
#define _M_AMD64 100
#define _M_X64 100
#endif
/* The driver kit defines it for every source; wmistr.h looks at it. */
#ifndef WINNT
#define WINNT 1
#endif
#ifndef FREEWMI_LINUX
#ifndef _WIN32
#define _WIN32 1
#endif
#ifndef WIN32
#define WIN32 1
#endif
#endif
#ifndef _WIN64
#define _WIN64 1
#endif

/* One calling convention: the words stay in the sources and mean nothing. */
#define __cdecl
#define __stdcall
#define __fastcall
#define __thiscall
#define __vectorcall
#define __clrcall
#ifndef FREEWMI_LINUX
#define _cdecl
#define _stdcall
#define _fastcall
#endif

/* --- __declspec: one macro a word, so that an unknown word is an error that names it ----------------------------- */
#define __declspec(word) FWMI_DECLSPEC_##word()
#ifndef FREEWMI_LINUX
#define _declspec(word) FWMI_DECLSPEC_##word()
#endif
/* A word with arguments of its own is followed by a second, empty pair: FWMI_EAT takes it away. */
#define FWMI_EAT()
#define FWMI_DECLSPEC_() /* __declspec() */
#define FWMI_DECLSPEC_align(n) __attribute__((__aligned__(n))) FWMI_EAT
#define FWMI_DECLSPEC_allocate(section) FWMI_EAT
#define FWMI_DECLSPEC_allocator()
#define FWMI_DECLSPEC_address_safe()
#define FWMI_DECLSPEC_code_seg(section) FWMI_EAT
#define FWMI_DECLSPEC_deprecated(...) \
        __attribute__((__deprecated__ __VA_OPT__((__VA_ARGS__)))) __VA_OPT__(FWMI_EAT)
#define FWMI_DECLSPEC_dllexport() __attribute__((__visibility__("default")))
#define FWMI_DECLSPEC_dllimport()
#define FWMI_DECLSPEC_empty_bases()
#define FWMI_DECLSPEC_guard(word) FWMI_EAT
#define FWMI_DECLSPEC_intrin_type()
#define FWMI_DECLSPEC_jitintrinsic()
#define FWMI_DECLSPEC_naked() __attribute__((__naked__))
#define FWMI_DECLSPEC_noalias()
#define FWMI_DECLSPEC_noinline() __attribute__((__noinline__))
#define FWMI_DECLSPEC_noreturn() __attribute__((__noreturn__))
#define FWMI_DECLSPEC_nothrow() __attribute__((__nothrow__))
#define FWMI_DECLSPEC_novtable()
#define FWMI_DECLSPEC_process()
#define FWMI_DECLSPEC_restrict()
#define FWMI_DECLSPEC_safebuffers()
#define FWMI_DECLSPEC_selectany() __attribute__((__weak__))
#define FWMI_DECLSPEC_spectre(word) FWMI_EAT
#define FWMI_DECLSPEC_strict_gs_check()
#define FWMI_DECLSPEC_thread() __thread
#define FWMI_DECLSPEC_uuid(text) FWMI_EAT

/* --- words of Microsoft's C that gcc lacks ------------------------------------------------------------------------- */
#define __ptr32
#define __ptr64
#define __sptr
#define __uptr
#define __unaligned
#define __w64
#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long long
#ifndef FREEWMI_LINUX
#define _int8 char
#define _int16 short
#define _int32 int
#define _int64 long long
#define _inline __inline
#ifndef __clang__
#define __pragma(text) _Pragma(#text)
#endif
#endif
#define __assume(condition) ((void)sizeof(!(condition)))
#define __noop(...) ((void)0)
/* Inline in C means: never emitted by itself, so that an unused body asks for no kernel symbol. */
#ifdef __cplusplus
#define __forceinline inline __attribute__((__always_inline__))
#else
#define __forceinline extern __inline__ __attribute__((__always_inline__, __gnu_inline__))
#endif

/* --- renamed functions ----------------------------------------------------------------------------------------- */
#include "renames.h"

#ifndef FREEWMI_LINUX
/* Windows formats are not what the compilers check, and the checking stdio wrappers lead to libc. */
#undef _FORTIFY_SOURCE
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
#endif

#endif
