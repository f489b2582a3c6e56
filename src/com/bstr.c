// SPDX-License-Identifier: MIT
// BSTR: a counted UTF-16 string whose length in bytes stands in the four bytes before it.
//
// Mirrors the public pages of oleauto.h. A NULL BSTR is an empty string; strings may hold NULs and always end in one
// that is not counted.
#include "com.h"

// The block starts eight bytes before the string, so that the string is as aligned as malloc's memory.
enum { BSTR_HEAD = 8, BSTR_MOST = 0x7FFFFFF0 };

static uint32_t *BstrLength(BSTR s)
{
        return (uint32_t *)(void *)((char *)s - sizeof(uint32_t));
}

BSTR WINAPI SysAllocStringByteLen(LPCSTR text, UINT bytes)
{
        if (bytes > BSTR_MOST)
                return NULL;
        char *block = malloc(BSTR_HEAD + (size_t)bytes + 3);
        if (!block)
                return NULL;
        BSTR s = (BSTR)(void *)(block + BSTR_HEAD);
        *BstrLength(s) = bytes;
        if (text)
                memcpy(s, text, bytes);
        memset((char *)s + bytes, 0, 3); // a NUL behind an odd byte too
        return s;
}

BSTR WINAPI SysAllocStringLen(const OLECHAR *text, UINT n)
{
        return n > BSTR_MOST / 2 ? NULL : SysAllocStringByteLen((LPCSTR)text, n * 2);
}

BSTR WINAPI SysAllocString(const OLECHAR *text)
{
        if (!text)
                return NULL;
        size_t n = wcslen(text);
        return n > BSTR_MOST / 2 ? NULL : SysAllocStringLen(text, (UINT)n);
}

void WINAPI SysFreeString(BSTR s)
{
        if (s)
                free((char *)s - BSTR_HEAD);
}

UINT WINAPI SysStringByteLen(BSTR s)
{
        return s ? *BstrLength(s) : 0;
}

UINT WINAPI SysStringLen(BSTR s)
{
        return SysStringByteLen(s) / 2;
}

INT WINAPI SysReAllocStringLen(BSTR *s, const OLECHAR *text, UINT n)
{
        BSTR fresh = SysAllocStringLen(text, n);
        if (!fresh)
                return FALSE;
        if (!text && *s) { // keeps what was there
                UINT keep = SysStringLen(*s);
                memcpy(fresh, *s, (keep < n ? keep : n) * sizeof(OLECHAR));
        }
        SysFreeString(*s);
        *s = fresh;
        return TRUE;
}

INT WINAPI SysReAllocString(BSTR *s, const OLECHAR *text)
{
        if (text)
                return SysReAllocStringLen(s, text, (UINT)wcslen(text));
        SysFreeString(*s);
        *s = NULL;
        return TRUE;
}
